//! What files of colleagues and statements of a person say of a mailbox or of the application. Nobody is contacted.
//!
//! In: what [`rules`](crate::import::rules) have settled. Out: an [`Observation`] with its facts and where they come from.
//! Checks read these facts as they read those of a connection. Two facts are in every one of them: `holds`, and
//! `without_reservation`, which is false for old, incomplete or contradicting evidence.

use super::{Earlier, FactGroup, Probe, ProbeContext};
use crate::{
    evidence::{Facts, Observation, Route, Source, Subject},
    import::facts::{entra, mailbox},
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
    const FACTS: &[FactGroup] = &[("mailbox", mailbox::FACTS), ("entra", entra::FACTS)];

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
            facts: self.facts.clone(),
            source: self.source.clone(),
            ..Observation::new(self.group, self.subject.to_string(), Route::File)
        }
    }
}
