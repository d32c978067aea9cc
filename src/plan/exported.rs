//! What evidence has settled, as a probe or as the reason why it cannot be judged.

use crate::{
    evidence::Fact,
    finding::NotApplicable,
    import::{
        facts::{entra, mailbox},
        rules::{Exported, Outcome},
    },
    plan::Skip,
    probe::exported::ExportedProbe,
};

/// The facts that every check of evidence reads, in either group.
type Common = (Fact<bool>, Fact<bool>, Fact<String>);
const MAILBOX: Common = (mailbox::HOLDS, mailbox::WITHOUT_RESERVATION, mailbox::NOTE);
const ENTRA: Common = (entra::HOLDS, entra::WITHOUT_RESERVATION, entra::NOTE);

impl Exported {
    /// Why it says nothing, and what would change that.
    pub(super) fn skip(&self, input: Option<&str>) -> Option<Skip> {
        let reason = self.settled.reason.to_string();
        match self.settled.outcome {
            Outcome::NeedsInput => {
                Some(Skip::NeedsInput { text: format!("{reason}. {}", input.unwrap_or_default()), optional: false })
            }
            Outcome::NotApplicable => Some(Skip::NotApplicable(NotApplicable::DelegatedFlow)),
            Outcome::Pass | Outcome::Warn | Outcome::Fail => None,
        }
    }

    /// The probe that hands its facts on, in the group that the check reads.
    pub(super) fn probe(&self, group: &'static str) -> ExportedProbe {
        let mut facts = self.settled.facts.clone();
        let (holds, without_reservation, note) = if group == "entra" { ENTRA } else { MAILBOX };
        facts.set(holds, self.settled.outcome != Outcome::Fail);
        facts.set(without_reservation, self.settled.outcome == Outcome::Pass);
        facts.set(note, self.settled.reason.to_string());
        let (subject, source) = (self.settled.subject.clone(), self.source.clone());
        ExportedProbe { check: self.settled.check, group, subject, facts, source }
    }
}
