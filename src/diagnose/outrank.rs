//! Files that the services of the same run contradict: what a service did counts, and the finding of the file says so.
//!
//! In: the findings, and the causes that each raises. Out: the findings of files that are contradicted as warnings, with
//! what contradicts them. Nothing is averaged. Pure.

use super::sign::Candidate;
use crate::{
    catalogue::Catalogue,
    evidence::Observation,
    finding::{Finding, Found, Status},
};

/// Turns each finding of a file or a statement that a service of this run contradicts into a warning.
pub(super) fn outrank(
    findings: &mut [Finding],
    looks: &[Observation],
    catalogue: &Catalogue,
    raised: &[Vec<Candidate<'_>>],
) {
    let places = 0..findings.len();
    let told: Vec<(usize, usize)> = places
        .filter(|at| is_of_evidence(&findings[*at], looks))
        .filter_map(|at| Some((at, contradicted(at, findings, looks, catalogue, raised)?)))
        .collect();
    for (at, by) in told {
        let finding = &mut findings[at];
        let evidence = finding.evidence.take().map(Box::new);
        finding.evidence = Some(Found::Outranked { by, evidence });
        // the title is what this run proves
        let fails = catalogue.check(&finding.check).filter(|_| finding.status != Status::Fail);
        finding.fails = fails.map(|check| check.fails.clone()).unwrap_or_default();
        finding.status = Status::Warn;
        finding.means = String::new();
    }
}

/// True for a finding that rests on a file or on what a person states.
pub(super) fn is_of_evidence(finding: &Finding, looks: &[Observation]) -> bool {
    finding.look.and_then(|look| looks.get(look)).is_some_and(|look| !look.source.is_live())
}

/// The finding of this run that knows better and disagrees.
fn contradicted(
    at: usize,
    findings: &[Finding],
    looks: &[Observation],
    catalogue: &Catalogue,
    raised: &[Vec<Candidate<'_>>],
) -> Option<usize> {
    let finding = &findings[at];
    let check = catalogue.check(&finding.check)?;
    let disagrees = |other: &usize| match (finding.status, findings[*other].status) {
        (Status::Fail, Status::Pass) => true,
        (Status::Pass | Status::Warn, Status::Fail) => raised[*other]
            .iter()
            .any(|candidate| candidate.settles && candidate.cause.evidence_against.pass.contains(&finding.check)),
        _ => false,
    };
    let asked = |other: &usize| contacted(&findings[*other], looks);
    let better = check.outranked_by.iter().flat_map(|check| related(check, finding, findings));
    better.filter(asked).find(disagrees)
}

/// True where a service was asked; a token that was handed over says nothing of whether another one would be issued.
fn contacted(finding: &Finding, looks: &[Observation]) -> bool {
    let look = finding.look.and_then(|look| looks.get(look));
    look.is_some_and(|look| look.source.is_live() && !(look.attempts.is_empty() && look.tried.is_empty()))
}

/// The findings of a check for the same subject; else for its account; of the application, for any account.
fn related(check: &str, finding: &Finding, findings: &[Finding]) -> Vec<usize> {
    let of = |fits: &dyn Fn(&Finding) -> bool| -> Vec<usize> {
        let places = (0..findings.len()).filter(|at| findings[*at].check == *check);
        places.filter(|at| fits(&findings[*at])).collect()
    };
    let same = of(&|other| other.subject.as_str().eq_ignore_ascii_case(finding.subject.as_str()));
    match &finding.account {
        _ if !same.is_empty() => same,
        Some(account) => of(&|other| other.account.as_ref() == Some(account)),
        None => of(&|_| true),
    }
}
