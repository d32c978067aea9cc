//! What files of colleagues and statements of a person say of a mailbox, of the application or of Webex. Nobody is contacted.
//!
//! In: what [`rules`](crate::import::rules) have settled. Out: an [`Observation`] with its facts and where they come from.
//! Checks read these facts as they read those of a connection. Two facts are in every one of them: `holds`, and
//! `without_reservation`, which is false for old, incomplete or contradicting evidence. They have no label, because what
//! was read says the same.

use super::{Earlier, FactGroup, Probe, ProbeContext};
use crate::{
    evidence::{Facts, Failure, Observation, ProbeKey, Route, Source, Subject},
    import::facts::{ece, entra, file, mailbox, webex},
};

/// What evidence has settled for one check and subject.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExportedProbe {
    /// The check, which tells it from the others of its subject.
    pub check: &'static str,
    /// The group of its facts.
    pub group: &'static str,
    /// Whom it is about.
    pub subject: Subject,
    /// What was read.
    pub facts: Facts,
    /// Where it comes from.
    pub source: Source,
    /// The refusal that it tells of.
    pub failure: Option<Failure>,
    /// What this run does in ECE's place, where the evidence is ECE's own log.
    pub same: Vec<ProbeKey>,
}

impl Probe for ExportedProbe {
    const NAME: &str = "exported";
    const FACTS: &[FactGroup] = &[
        ("mailbox", mailbox::FACTS),
        ("entra", entra::FACTS),
        ("webex", webex::FACTS),
        ("ece", ece::FACTS),
        ("file", file::FACTS),
    ];

    fn subject(&self) -> Subject {
        self.subject.clone()
    }

    fn needs(&self) -> Vec<ProbeKey> {
        self.same.clone()
    }

    fn variant(&self) -> &'static str {
        self.check
    }

    fn deepest(&self) -> &'static str {
        self.group
    }

    async fn observe(&self, earlier: &Earlier, _: &ProbeContext) -> Observation {
        let mut facts = self.facts.clone();
        let this_run = this_run(&self.same, earlier);
        if let Some(this_run) = this_run {
            facts.set(ece::THIS_RUN, this_run);
            if this_run == REFUSED && facts.is(ece::HOLDS) {
                facts.set(ece::WITHOUT_RESERVATION, false);
                facts.set(
                    ece::NOTE,
                    "ECE works, this run does not: check the token, account and proxy given to ece-check",
                );
            }
        }
        Observation {
            own: false,
            // what works for this run is no fault of the service: only the difference to ECE is
            failure: self.failure.clone().filter(|_| this_run != Some(WORKS)),
            facts,
            source: self.source.clone(),
            ..Observation::new(self.group, self.subject.clone(), Route::File)
        }
    }
}

/// The words of `ece.this_run`.
const WORKS: &str = "works";
const REFUSED: &str = "refused";

/// How the same comes out in this run: refused where one of the probes was; nothing where none was made.
fn this_run(same: &[ProbeKey], earlier: &Earlier) -> Option<&'static str> {
    let seen: Vec<&Observation> = same.iter().filter_map(|key| earlier.get(key)).collect();
    let is_refused =
        |seen: &&&Observation| seen.failure.is_some() || seen.attempts.iter().any(|attempt| attempt.failure.is_some());
    let works = |seen: &&&Observation| seen.came_through() || !seen.tried.is_empty();
    match (seen.iter().filter(is_refused).count(), seen.iter().filter(works).count()) {
        (1.., _) => Some(REFUSED),
        (0, 1..) => Some(WORKS),
        (0, 0) => None,
    }
}
