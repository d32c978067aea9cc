//! What the other findings of a run say for and against the causes of one finding.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use super::{Diagnosis, is_of_application, order, outrank::is_of_evidence, sign::Candidate};
use crate::{
    catalogue::{Cause, cause::Evidence},
    evidence::{Attempt, Observation, Subject},
    finding::{Because, Certainty, Finding, Found, RuledOut, Status},
    import::facts::mailbox,
};

/// Causes that are why another one is so: that one being certain says nothing against them, see
/// <https://learn.microsoft.com/entra/identity-platform/refresh-tokens>.
const REASONS: [(&str, &str); 1] = [("refresh-token-not-rotated-by-client", "refresh-token-expired")];

/// Whether a cause is a reason of one of these.
#[must_use]
pub fn is_reason_of(code: &str, others: &[&str]) -> bool {
    REASONS.iter().any(|(reason, of)| *reason == code && others.contains(of))
}

/// A cause that nothing rules out, and how much speaks for it.
pub(super) struct Weighed<'c> {
    pub(super) cause: &'c Cause,
    pub(super) certainty: Certainty,
    pub(super) because: Vec<Because>,
    order: (bool, Reverse<usize>),
}

/// The places of the findings by check, and by check with subject, host or account, so that none is searched for.
#[derive(Default)]
#[expect(clippy::struct_field_names, reason = "each says what it is found by")]
pub(super) struct Index<'f> {
    by_check: HashMap<&'f str, Vec<usize>>,
    by_subject: HashMap<(&'f str, &'f str), Vec<usize>>,
    by_host: HashMap<(&'f str, &'f str), Vec<usize>>,
    by_account: HashMap<(&'f str, &'f str), Vec<usize>>,
}

impl<'f> Index<'f> {
    /// Indexes the findings of the checks that speak for or against what was raised; no other is asked for.
    pub(super) fn of(findings: &'f [Finding], raised: &[Vec<Candidate<'_>>]) -> Self {
        let causes = raised.iter().flatten().map(|one| one.cause);
        let spoken = causes.flat_map(|cause| [&cause.evidence_for, &cause.evidence_against]);
        let checks: HashSet<&str> = spoken
            .flat_map(|one| [&one.pass, &one.fail, &one.alike, &one.proof, &one.application])
            .flatten()
            .map(String::as_str)
            .collect();
        let mut index = Self::default();
        for (at, finding) in findings.iter().enumerate().filter(|(_, one)| checks.contains(one.check.as_str())) {
            let check = finding.check.as_str();
            index.by_check.entry(check).or_default().push(at);
            index.by_subject.entry((check, finding.subject.as_str())).or_default().push(at);
            index.by_host.entry((check, host(&finding.subject))).or_default().push(at);
            if let Some(account) = &finding.account {
                index.by_account.entry((check, account)).or_default().push(at);
            }
        }
        index
    }

    /// The findings of a check for a subject; else for the other ports of its host, or the name itself; for any subject
    /// when it has none of these. Another mailbox says nothing of this one; its account does.
    fn related(&self, check: &str, file: &CaseFile<'_>) -> Vec<usize> {
        if let Some(same) = self.by_subject.get(&(check, file.subject.as_str())) {
            return same.clone();
        }
        if let Some(of_host) = self.by_host.get(&(check, host(file.subject))) {
            return of_host.clone();
        }
        let Some(all) = self.by_check.get(check) else { return Vec::new() };
        let is_of_accounts = all.iter().any(|at| file.all[*at].account.is_some());
        if !is_of_accounts {
            return all.clone();
        }
        let of_account = file.account.and_then(|account| self.by_account.get(&(check, account)));
        of_account.cloned().unwrap_or_default()
    }
}

/// The host of an endpoint; any other subject as it is.
fn host(subject: &Subject) -> &str {
    subject.host().unwrap_or(subject.as_str())
}

/// What is certain by one finding and proves of its mailbox what other causes deny: by mailbox, the finding and the codes of
/// the causes that it refutes.
pub(super) type Proofs<'p> = HashMap<&'p str, Vec<(usize, &'p [String])>>;

/// One finding in question, and the findings of the run that speak for or against a cause of it.
pub(super) struct CaseFile<'f> {
    /// The place of the finding in question.
    at: usize,
    check: &'f str,
    subject: &'f Subject,
    account: Option<&'f str>,
    all: &'f [Finding],
    looks: &'f [Observation],
    /// What each finding could mean by itself.
    open: &'f [Vec<&'f str>],
    index: &'f Index<'f>,
    /// What other findings prove of the same mailbox.
    proofs: &'f [(usize, &'f [String])],
}

impl<'f> CaseFile<'f> {
    pub(super) fn of(
        at: usize,
        all: &'f [Finding],
        looks: &'f [Observation],
        open: &'f [Vec<&'f str>],
        index: &'f Index<'f>,
    ) -> Self {
        let finding = &all[at];
        let account = finding.account.as_deref();
        Self { at, check: &finding.check, subject: &finding.subject, account, all, looks, open, index, proofs: &[] }
    }

    /// False where some addresses of a service gave no answer to the check that passed: what stands there is not known.
    fn is_seen_everywhere(&self, at: usize) -> bool {
        let look = self.all[at].look.and_then(|look| self.looks.get(look));
        let is_cut = |attempt: &Attempt| attempt.failure.as_ref().is_some_and(|failure| !failure.kind.is_ours());
        look.is_none_or(|look| !look.attempts.iter().any(is_cut))
    }

    /// True for what passed, and for what the newest of several files says: an export made after the fix counts beside the
    /// one that showed the fault.
    fn holds(&self, at: usize) -> bool {
        let look = || self.all[at].look.and_then(|look| self.looks.get(look));
        let is_newest = || look().is_some_and(|look| look.facts.is(mailbox::NEWEST) && look.facts.is(mailbox::HOLDS));
        match self.all[at].status {
            Status::Pass => true,
            Status::Warn => is_newest() && !matches!(self.all[at].evidence, Some(Found::Outranked { .. })),
            _ => false,
        }
    }

    /// True for a failure that a file or a person states, which says more than that something works.
    fn rests_on_evidence(&self, because: &Because) -> bool {
        let Because::Failed { finding } = because else { return false };
        self.all.get(*finding).is_some_and(|finding| is_of_evidence(finding, self.looks))
    }

    /// The findings of a check that passed where the application itself signed in, whatever the mailbox.
    fn passed_for_application(&self, check: &str) -> impl Iterator<Item = usize> {
        let all = self.index.by_check.get(check).map_or(&[][..], Vec::as_slice);
        let look = |at: usize| self.all[at].look.and_then(|look| self.looks.get(look));
        let is_so = move |at: &usize| self.all[*at].status == Status::Pass && look(*at).is_some_and(is_of_application);
        all.iter().copied().filter(is_so)
    }

    /// The same with what is proved of mailboxes.
    pub(super) fn with(self, proofs: &'f Proofs<'_>) -> Self {
        let of_mailbox = proofs.get(self.subject.as_str()).map_or(&[][..], Vec::as_slice);
        Self { proofs: of_mailbox, ..self }
    }

    /// The finding that proves what a cause denies.
    fn refuted(&self, code: &str) -> Option<Because> {
        let mut others = self.proofs.iter().filter(|(other, _)| *other != self.at);
        let (finding, _) = others.find(|(_, codes)| codes.iter().any(|one| one == code))?;
        Some(Because::Failed { finding: *finding })
    }

    /// A case of which nothing but its own text is known.
    pub(super) fn without_findings(index: &'f Index<'f>) -> Self {
        Self {
            at: 0,
            check: "",
            subject: &Subject::Site,
            account: None,
            all: &[],
            looks: &[],
            open: &[],
            index,
            proofs: &[],
        }
    }
}

/// Rules out what the other findings rule out, and ranks the rest.
pub(super) fn weigh<'c>(raised: Vec<Candidate<'c>>, file: &CaseFile<'_>) -> Diagnosis<'c> {
    let mut diagnosis = Diagnosis::default();
    let mut left = Vec::new();
    for one in raised {
        match rules_out(&one, file).or_else(|| file.refuted(&one.cause.code)) {
            Some(evidence) => diagnosis.ruled_out.push(RuledOut {
                cause: one.cause.code.clone(),
                because: String::new(),
                evidence: Some(evidence),
            }),
            None => left.push(one),
        }
    }
    let settled: Vec<&str> = left.iter().filter(|one| one.settles).map(|one| one.cause.code.as_str()).collect();
    if !settled.is_empty() {
        left.retain(|one| one.settles || is_reason_of(&one.cause.code, &settled));
    }
    let weighed: Vec<(Candidate<'c>, Vec<Because>)> =
        left.into_iter().map(|one| (supports(one.cause, file), one)).map(|(support, one)| (one, support)).collect();
    let weight = |support: &[Because]| support.len() + support.iter().filter(|one| file.rests_on_evidence(one)).count();
    let likely = || weighed.iter().filter(|(one, _)| !one.at_most_possible).map(|(_, support)| weight(support));
    let most = likely().max().unwrap_or(0);
    let leads = likely().filter(|support| *support == most).count() == 1;
    for (one, support) in weighed {
        let certainty = match one.settles {
            true => Certainty::Certain,
            false if one.at_most_possible => Certainty::Possible,
            false if leads && weight(&support) == most => Certainty::Likely,
            false => Certainty::Possible,
        };
        let order = order(one.sign);
        let because = [vec![one.seen], support].concat();
        diagnosis.standing.push(Weighed { cause: one.cause, certainty, because, order });
    }
    diagnosis.standing.sort_by_key(|one| (one.certainty, Reverse(one.because.len()), one.order));
    diagnosis
}

/// The first finding that rules out what was raised. A failure that names its cause alone was seen itself: that a check
/// passed on another connection does not undo it, unless that is a proof.
pub(super) fn rules_out(raised: &Candidate<'_>, file: &CaseFile<'_>) -> Option<Because> {
    let evidence = against(raised.cause, file)?;
    let is_seen = raised.settles && matches!(raised.seen, Because::Failure { .. });
    let Evidence { proof, application, .. } = &raised.cause.evidence_against;
    let names = |checks: &[String], finding: usize| checks.iter().any(|check| **check == *file.all[finding].check);
    let is_proof = |finding: usize| {
        names(proof, finding)
            || (names(application, finding)
                && file.passed_for_application(&file.all[finding].check).any(|at| at == finding))
    };
    let is_elsewhere = is_seen && matches!(evidence, Because::Passed { finding } if !is_proof(finding));
    (!is_elsewhere).then_some(evidence)
}

/// The first finding that rules a cause out. Of failures that may have the same reason, one that can mean what this
/// finding can mean.
fn against(cause: &Cause, file: &CaseFile<'_>) -> Option<Because> {
    let own = file.open.get(file.at).map_or(&[][..], Vec::as_slice);
    let alike = |open: &[&str]| open.iter().any(|code| *code != cause.code && own.contains(code));
    evidence(&cause.evidence_against, file, |_| true, alike).into_iter().next()
}

/// The findings that speak for a cause. A failure does when it can mean the cause.
fn supports(cause: &Cause, file: &CaseFile<'_>) -> Vec<Because> {
    let means_it = |open: &[&str]| open.contains(&cause.code.as_str());
    let mut support = evidence(&cause.evidence_for, file, means_it, means_it);
    // what proves that the mailbox is there speaks for a cause as much as if that check had passed
    let others = file.proofs.iter().filter(|(other, _)| *other != file.at);
    let as_good = others.filter(|(other, _)| cause.evidence_for.pass.iter().any(|id| **id == *file.all[*other].check));
    support.extend(as_good.map(|(finding, _)| Because::Failed { finding: *finding }));
    support
}

/// The findings that agree with the evidence: those that failed only where what they could mean is as asked for.
fn evidence(
    evidence: &Evidence,
    file: &CaseFile<'_>,
    fails: impl Fn(&[&str]) -> bool,
    fails_alike: impl Fn(&[&str]) -> bool,
) -> Vec<Because> {
    let came_out = |ids: &[String], status: Status, counts: &dyn Fn(&[&str]) -> bool| -> Vec<usize> {
        // a finding is no witness in its own case
        let others = ids.iter().filter(|id| *id != file.check);
        let related = others.flat_map(|id| file.index.related(id, file));
        let open = |at: usize| file.open.get(at).map_or(&[][..], Vec::as_slice);
        let came_out = |at: usize| if status == Status::Pass { file.holds(at) } else { file.all[at].status == status };
        let is_so = |at: &usize| came_out(*at) && counts(open(*at));
        related.filter(|at| is_so(at) && (status != Status::Pass || file.is_seen_everywhere(*at))).collect()
    };
    let of_application = evidence.application.iter().flat_map(|check| file.passed_for_application(check));
    let related = [&evidence.proof, &evidence.pass].map(|ids| came_out(ids, Status::Pass, &|_| true)).concat();
    let passed = of_application.chain(related);
    let failed = came_out(&evidence.fail, Status::Fail, &fails);
    let alike = came_out(&evidence.alike, Status::Fail, &fails_alike);
    let passed = passed.map(|finding| Because::Passed { finding });
    passed.chain(failed.into_iter().chain(alike).map(|finding| Because::Failed { finding })).collect()
}
