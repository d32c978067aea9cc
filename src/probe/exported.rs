//! What files of colleagues and statements of a person say of a mailbox, of the application or of Webex. Nobody is contacted.
//!
//! In: what [`rules`](crate::import::rules) have settled. Out: an [`Observation`] with its facts and where they come from.
//! Checks read these facts as they read those of a connection. Two facts are in every one of them: `holds`, and
//! `without_reservation`, which is false for old, incomplete or contradicting evidence. They have no label, because what
//! was read says the same.

use super::{Earlier, FactGroup, Probe, ProbeContext};
use crate::{
    evidence::{Facts, Failure, FailureKind, Observation, Protocol, Route, Source, Stage, Subject},
    import::facts::{entra, mailbox, webex},
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
}

impl Probe for ExportedProbe {
    const NAME: &str = "exported";
    const FACTS: &[FactGroup] = &[("mailbox", mailbox::FACTS), ("entra", entra::FACTS), ("webex", webex::FACTS)];

    fn subject(&self) -> Subject {
        self.subject.clone()
    }

    fn variant(&self) -> &'static str {
        self.check
    }

    fn deepest(&self) -> &'static str {
        self.group
    }

    async fn observe(&self, _: &Earlier, _: &ProbeContext) -> Observation {
        Observation {
            own: false,
            failure: refused_sign_in(&self.facts),
            facts: self.facts.clone(),
            source: self.source.clone(),
            ..Observation::new(self.group, self.subject.to_string(), Route::File)
        }
    }
}

/// The refusal that the sign-in log names, as the token endpoint would have said it: what an error code of Entra means is
/// known once, whoever says it.
fn refused_sign_in(facts: &Facts) -> Option<Failure> {
    let code = facts.get(entra::SIGN_IN_ERROR)?;
    let words = facts.get(entra::NOTE).cloned().unwrap_or_default();
    let failure = Failure::new(Protocol::Token, Stage::Grant, FailureKind::Rejected, words);
    Some(Failure { aadsts: vec![u32::try_from(*code).ok()?], ..failure })
}
