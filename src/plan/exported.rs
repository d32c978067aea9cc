//! What evidence has settled, as a probe or as the reason why it cannot be judged.

use crate::{
    evidence::{Fact, SavedEvidence},
    finding::NotApplicable,
    import::{
        facts::{directory, entra, mailbox, webex},
        rules::{CHECKS, Exported, Outcome, Settled},
    },
    plan::Skip,
    probe::exported::ExportedProbe,
};

/// The facts that every check of evidence reads, in its group. A check that reads the site file too has an expectation of
/// its own in place of `holds`.
type Common = (Option<Fact<bool>>, Fact<bool>, Fact<String>);
const MAILBOX: Common = (Some(mailbox::HOLDS), mailbox::WITHOUT_RESERVATION, mailbox::NOTE);
const ENTRA: Common = (Some(entra::HOLDS), entra::WITHOUT_RESERVATION, entra::NOTE);
const WEBEX: Common = (Some(webex::HOLDS), webex::WITHOUT_RESERVATION, webex::NOTE);
const DIRECTORY: Common = (None, directory::WITHOUT_RESERVATION, directory::NOTE);

impl Exported {
    /// The form that a report keeps.
    pub(super) fn saved(&self) -> SavedEvidence {
        SavedEvidence {
            check: self.settled.check.to_owned(),
            subject: self.settled.subject.clone(),
            account: self.account.clone(),
            outcome: self.settled.outcome.word().to_owned(),
            note: self.settled.reason.to_string(),
            facts: self.settled.facts.clone(),
            source: self.source.clone(),
        }
    }

    /// What a report keeps; none where this version does not know the check.
    pub(super) fn restored(saved: &SavedEvidence) -> Option<Self> {
        let check = CHECKS.iter().find(|check| **check == saved.check)?;
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.word() == saved.outcome)?;
        let settled = Settled::restored(check, saved.subject.clone(), outcome, saved.note.clone(), saved.facts.clone());
        Some(Self { settled, account: saved.account.clone(), source: saved.source.clone() })
    }

    /// Why it says nothing, and what would change that.
    pub(super) fn skip(&self, input: Option<&str>) -> Option<Skip> {
        let reason = self.settled.reason.to_string();
        match self.settled.outcome {
            Outcome::NeedsInput => {
                Some(Skip::NeedsInput { text: format!("{reason}. {}", input.unwrap_or_default()), optional: false })
            }
            Outcome::NotApplicable if self.settled.check.starts_with("webex.") => {
                Some(Skip::NotApplicable(NotApplicable::OtherIntegration))
            }
            Outcome::NotApplicable => Some(Skip::NotApplicable(NotApplicable::DelegatedFlow)),
            Outcome::Pass | Outcome::Warn | Outcome::Fail => None,
        }
    }

    /// The probe that hands its facts on, in the group that the check reads.
    pub(super) fn probe(&self, group: &'static str) -> ExportedProbe {
        let mut facts = self.settled.facts.clone();
        let (holds, without_reservation, note) = match group {
            "directory" => DIRECTORY,
            "entra" => ENTRA,
            "webex" => WEBEX,
            _ => MAILBOX,
        };
        if let Some(holds) = holds {
            facts.set(holds, self.settled.outcome != Outcome::Fail);
        }
        facts.set(without_reservation, self.settled.outcome == Outcome::Pass);
        facts.set(note, self.settled.reason.to_string());
        let (subject, source) = (self.settled.subject.clone(), self.source.clone());
        ExportedProbe { check: self.settled.check, group, subject, facts, source }
    }
}
