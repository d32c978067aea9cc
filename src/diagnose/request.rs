//! Which files colleagues should be asked for: those that would settle what is still open.
//!
//! In: the findings of a run, and what is left standing for one of them. Out: steps that ask for a file. Pure.

use std::collections::HashMap;

use super::Diagnosis;
use crate::{
    catalogue::{Catalogue, cause::Shows},
    command::evidence_request,
    evidence::Subject,
    finding::{Certainty, Finding, Found, NextStep, Status},
};

/// What the findings of each check ask for that a sign reads, by the check and the subject or the account, so that none is
/// searched for.
pub(super) struct Requests<'f> {
    catalogue: &'f Catalogue,
    of_subject: HashMap<(&'f str, &'f Subject), Asked<'f>>,
    of_account: HashMap<(&'f str, Option<&'f str>), Asked<'f>>,
}

/// What some findings of one check come to.
#[derive(Default)]
struct Asked<'f> {
    /// True where one of them was not skipped.
    is_tested: bool,
    /// The requests, each once, with the place of the first finding that has it.
    steps: Vec<(usize, &'f NextStep)>,
}

impl<'f> Asked<'f> {
    fn add(&mut self, place: usize, finding: &'f Finding) {
        self.is_tested |= finding.status != Status::Skip;
        let requests = finding.steps.iter().filter(|step| matches!(step, NextStep::Request { .. }));
        for step in requests {
            if !self.steps.iter().any(|(_, known)| *known == step) {
                self.steps.push((place, step));
            }
        }
    }
}

impl<'f> Requests<'f> {
    pub(super) fn of(findings: &'f [Finding], catalogue: &'f Catalogue) -> Self {
        let mut requests = Self { catalogue, of_subject: HashMap::new(), of_account: HashMap::new() };
        let is_read = |finding: &Finding| !catalogue.index().of_check(&finding.check).is_empty();
        for (place, finding) in findings.iter().enumerate().filter(|(_, finding)| is_read(finding)) {
            let check = finding.check.as_str();
            requests.of_subject.entry((check, &finding.subject)).or_default().add(place, finding);
            requests.of_account.entry((check, finding.account.as_deref())).or_default().add(place, finding);
        }
        requests
    }

    /// Which files would settle what is still open of a finding, where nothing that was read has: whom to ask for them.
    pub(super) fn settling(&self, diagnosis: &Diagnosis<'_>, finding: &Finding) -> Vec<NextStep> {
        if matches!(finding.evidence, Some(Found::Outranked { .. })) {
            return self.usual(&finding.check).into_iter().collect();
        }
        let open = diagnosis.standing.iter().filter(|weighed| weighed.certainty != Certainty::Certain);
        let shown = open.flat_map(|weighed| &weighed.cause.signs).filter_map(|sign| match &sign.shows {
            Shows::Finding { check, .. } => Some(check.as_str()),
            Shows::Failure(_) => None,
        });
        let is_of_webex = |check: &str| check.starts_with("webex.");
        let mut asked: Vec<NextStep> = Vec::new();
        for check in shown.filter(|check| is_of_webex(check) == is_of_webex(&finding.check)) {
            let Some(missing) = self.missing(check, finding) else { continue };
            let usual = if missing.is_empty() { self.usual(check) } else { None };
            for step in missing.into_iter().cloned().chain(usual) {
                if !asked.contains(&step) {
                    asked.push(step);
                }
            }
        }
        asked
    }

    /// The requests of a check's findings for the same subject or account, in plan order; none where one was tested.
    fn missing(&self, check: &str, finding: &Finding) -> Option<Vec<&NextStep>> {
        let of_subject = self.of_subject.get(&(check, &finding.subject));
        let of_account = self.of_account.get(&(check, finding.account.as_deref()));
        let same = || of_subject.into_iter().chain(of_account);
        if same().any(|asked| asked.is_tested) {
            return None;
        }
        let mut steps: Vec<(usize, &NextStep)> = same().flat_map(|asked| &asked.steps).copied().collect();
        steps.sort_by_key(|(place, _)| *place);
        Some(steps.into_iter().map(|(_, step)| step).collect())
    }

    /// The request for the file that a check reads.
    fn usual(&self, check: &str) -> Option<NextStep> {
        let owner = self.catalogue.check(check)?.asks?;
        Some(NextStep::Request { command: evidence_request(owner.word()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_of_a_check_is_held_once_with_its_first_place() {
        let finding = |owner| Finding {
            steps: vec![NextStep::Request { command: evidence_request(owner) }],
            ..Finding::new("mailbox.full-access", Subject::of_text("sales@example.com"), Status::Skip)
        };
        let findings = ["exchange", "entra", "exchange"].map(finding);
        let mut asked = Asked::default();
        for (at, finding) in findings.iter().enumerate() {
            asked.add(at, finding);
        }
        assert_eq!(asked.steps.iter().map(|(place, _)| *place).collect::<Vec<_>>(), [0, 1]);
    }
}
