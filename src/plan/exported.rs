//! What evidence has settled, as a probe or as the reason why it cannot be judged.

use std::collections::HashMap;

use super::{Draft, Endpoint, Selection, Skip, Target, prepared::Account, webex};
use crate::{
    catalogue::Check,
    evidence::{Fact, Failure, ProbeKey, Protocol, SavedEvidence, SharedText},
    finding::{NotApplicable, Owner},
    import::{
        facts::{self, directory, ece, entra, file, mailbox},
        rules::{CHECKS, Exported, Outcome, Reason, Settled},
    },
    oauth::ClientCredential,
    probe::{Probe as _, exported::ExportedProbe},
};

/// The facts that every check of evidence reads, in its group. A check that reads the site file too has an expectation of
/// its own in place of `holds`.
type Common = (Option<Fact<bool>>, Fact<bool>, Fact<String>);
const MAILBOX: Common = (Some(mailbox::HOLDS), mailbox::WITHOUT_RESERVATION, mailbox::NOTE);
const ENTRA: Common = (Some(entra::HOLDS), entra::WITHOUT_RESERVATION, entra::NOTE);
const WEBEX: Common = (Some(facts::webex::HOLDS), facts::webex::WITHOUT_RESERVATION, facts::webex::NOTE);
const ECE: Common = (Some(ece::HOLDS), ece::WITHOUT_RESERVATION, ece::NOTE);
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
            failure: self.failure.clone(),
        }
    }

    /// What a report keeps; none where this version does not know the check.
    pub(super) fn restored(saved: &SavedEvidence) -> Option<Self> {
        let check = CHECKS.iter().find(|check| **check == saved.check)?;
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.word() == saved.outcome)?;
        let settled = Settled::restored(check, saved.subject.clone(), outcome, saved.note.clone(), saved.facts.clone());
        let (account, source, failure) = (saved.account.clone(), saved.source.clone(), saved.failure.clone());
        Some(Self { settled, account, source, failure })
    }

    /// Why it says nothing, and what would change that.
    pub(super) fn skip(&self, input: Option<&str>) -> Option<Skip> {
        let reason = self.settled.reason.to_string();
        match self.settled.outcome {
            // the look itself says that what the site file names is not there
            Outcome::NeedsInput if self.failure.as_ref().is_some_and(Failure::is_missing_input) => None,
            Outcome::NeedsInput => {
                let input = input.unwrap_or_default();
                // the request for the file, which is a step, has the command for all mailboxes at once
                let reason = self.settled.reason.with_command().map_or(reason, |(reason, _)| reason.to_owned());
                let text = format!("{reason}. {input}");
                Some(Skip::NeedsInput { text: text.into(), optional: false, from: self.missing_from() })
            }
            Outcome::NotApplicable if self.settled.check.starts_with("webex.") => {
                Some(Skip::NotApplicable(NotApplicable::OtherIntegration))
            }
            Outcome::NotApplicable => Some(Skip::NotApplicable(NotApplicable::DelegatedFlow)),
            Outcome::Pass | Outcome::Warn | Outcome::Fail => None,
        }
    }

    /// Who has the file that is missing, by the command that exports it; none where the check itself says it.
    fn missing_from(&self) -> Option<Owner> {
        let (_, command) = self.settled.reason.with_command()?;
        let program = command.split(' ').next()?;
        (program == "az" || program.starts_with("Get-Mg")).then_some(Owner::Entra)
    }

    /// The probe that hands its facts on, in the group that the check reads.
    pub(super) fn probe(&self, group: &'static str, same: Vec<ProbeKey>) -> ExportedProbe {
        let mut facts = self.settled.facts.clone();
        let (holds, without_reservation, note) = match group {
            "directory" => DIRECTORY,
            "entra" => ENTRA,
            "webex" => WEBEX,
            "ece" => ECE,
            _ => MAILBOX,
        };
        if let Some(holds) = holds {
            facts.set(holds, self.settled.outcome != Outcome::Fail);
        }
        facts.set(without_reservation, self.settled.outcome == Outcome::Pass);
        facts.set(note, self.settled.reason.to_string());
        // an application of Webex that was removed stays so until somebody restores it: the audit log has the day of that
        if group != "webex"
            && let Reason::AsOf(day, _) = &self.settled.reason
        {
            facts.set(file::AS_OF, day.as_str());
        }
        if group == "mailbox" && matches!(self.settled.reason, Reason::Disagree(..)) {
            facts.set(mailbox::NEWEST, true);
        }
        let (subject, source) = (self.settled.subject.clone(), self.source.clone());
        let failure = self.failure.clone();
        ExportedProbe { check: self.settled.check, group, subject, facts, source, failure, same }
    }
}

impl Skip {
    /// Something that the user can give, or that those whom the check asks can.
    pub(super) fn input(text: SharedText, optional: bool) -> Self {
        Self::NeedsInput { text, optional, from: None }
    }
}

/// What evidence has settled, by the check; of several the first.
pub(super) fn settled(exported: &[Exported]) -> HashMap<&str, &Exported> {
    let known = exported.iter().filter(|one| one.settled.outcome != Outcome::NeedsInput);
    known.rev().map(|one| (one.settled.check, one)).collect()
}

impl<'s> Draft<'_, 's> {
    /// What evidence has settled. Without any, the check is planned only where it was asked for by name: it then says
    /// what to export.
    pub(super) fn exported(&self, check: &Check, selection: &Selection) -> Vec<Target<'s>> {
        let settled: Vec<Target<'s>> =
            self.site.exported.iter().filter(|one| one.settled.check == check.id).map(Target::Exported).collect();
        let is_of_same = |one: &Exported| one.settled.check.starts_with("webex.") == webex::is_of_webex(check);
        let is_asked = self.site.exported.iter().any(is_of_same) || !selection.only.is_empty();
        if settled.is_empty() && is_asked { vec![Target::Site] } else { settled }
    }

    /// What evidence has settled for a check that otherwise reads the site file: Entra knows better than whoever wrote it.
    /// A certificate itself says when it ends.
    pub(super) fn better_known(&self, check: &Check) -> Option<&'s Exported> {
        let by_certificate = matches!(self.site.deployment.entra.proof, Some(ClientCredential::Certificate(_)));
        self.settled.get(check.id.as_str()).copied().filter(|_| !is_of_evidence(check) && !by_certificate)
    }

    /// The probes that do what ECE's log tells of, for the same account.
    pub(super) fn same_as(&mut self, exported: &Exported) -> Vec<ProbeKey> {
        let site = self.site;
        let named = |account: &&'s Account<'s>| exported.account.as_ref() == Some(&account.stated.name);
        let Some(account) = self.prepared.accounts.iter().find(named) else { return Vec::new() };
        let endpoint = match exported.settled.check {
            "ece.log-token" => return self.ask_for_token(account).map(|at| self.key_at(at)).into_iter().collect(),
            "ece.log-receiving" => site.inbound(account.stated),
            "ece.log-sending" => {
                let is_smtp = |endpoint: &&Endpoint| endpoint.microsoft && endpoint.protocol == Some(Protocol::Smtp);
                site.endpoints.iter().find(is_smtp)
            }
            _ => None,
        };
        let Some(endpoint) = endpoint else { return Vec::new() };
        let mailboxes = account.mailboxes.iter();
        let sampled: Vec<_> = mailboxes.filter(|mailbox| self.is_sampled(account, mailbox.address)).collect();
        let looks = sampled.into_iter().filter_map(|mailbox| self.sign_in(account, mailbox, endpoint));
        let looks: Vec<usize> = looks.collect();
        looks.into_iter().map(|at| self.key_at(at)).collect()
    }

    pub(super) fn key_at(&self, at: usize) -> ProbeKey {
        self.plan.looks[at].probe.key()
    }
}

/// Whether a check reads what colleagues have exported.
pub(super) fn is_of_evidence(check: &Check) -> bool {
    ExportedProbe::FACTS.iter().any(|(group, _)| *group == check.probe.name)
}
