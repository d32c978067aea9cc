//! What is told together: findings that are alike, what waits for the same thing, and the entry that explains a finding.
//!
//! In: a report. Out: places of findings, in groups. Groups are made by values; a report of schema 1, which has none, is
//! grouped by its sentences as they are.

use std::collections::BTreeMap;

use super::{prose, words};
use crate::finding::{Because, Certainty, Finding, NamedCause, Remediation, Report};

/// How far a chain of blocked findings is followed; a saved report may hold a circle.
const LONGEST_CHAIN: usize = 64;

/// Places gathered under their keys, in the order in which the keys first appear.
pub(super) fn grouped<K: Ord + Clone>(
    places: impl IntoIterator<Item = usize>,
    key: impl Fn(usize) -> K,
) -> Vec<(K, Vec<usize>)> {
    let mut groups: Vec<(K, Vec<usize>)> = Vec::new();
    let mut known = BTreeMap::new();
    for place in places {
        let key = key(place);
        let group = *known.entry(key.clone()).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(place);
    }
    groups
}

/// The sections that have findings, in Cisco's order and unknown ones last, each with the places of its findings.
pub(super) fn sections(report: &Report) -> Vec<(&str, Vec<usize>)> {
    let mut found = grouped(0..report.findings.len(), |index| report.findings[index].section.as_str());
    found.sort_by_key(|(section, _)| words::section_place(section));
    found
}

/// The finding at the beginning of the chain that blocks this one.
pub(super) fn root(findings: &[Finding], blocked: &Finding) -> Option<usize> {
    let mut place = blocked.blocked_by?;
    for _ in 0..LONGEST_CHAIN {
        match findings.get(place)?.blocked_by {
            Some(before) => place = before,
            None => return Some(place),
        }
    }
    None
}

/// Findings that differ in nothing but their subject, its addresses where all showed the same, and what a refusal says
/// of the single request: they are told as one. What speaks for a cause may differ too.
pub(super) fn alike(report: &Report, places: impl IntoIterator<Item = usize>) -> Vec<Vec<usize>> {
    let key = |place: usize| {
        let finding = &report.findings[place];
        let causes: Vec<_> = finding.causes.iter().map(|cause| (&cause.cause, cause.certainty)).collect();
        let waiver = finding.waiver.as_ref().map(|waiver| (&waiver.reason, &waiver.by, &waiver.until, waiver.ended));
        let texts = [&finding.check, &finding.expected, &finding.means, &finding.fails];
        // what settles a cause names the mailbox; the causes are compared already
        let next = finding.next.as_deref().filter(|_| causes.is_empty());
        (texts, gist(report, finding), words::status(finding.status), causes, next, waiver)
    };
    grouped(places, key).into_iter().map(|(_, places)| places).collect()
}

/// What was found, without the addresses where all showed the same and without what differs at each request.
fn gist(report: &Report, finding: &Finding) -> String {
    let seen = finding.look.and_then(|look| report.looks.get(look));
    let gist = finding.evidence.as_ref().and_then(|evidence| prose::gist(evidence, seen));
    gist.unwrap_or_else(|| finding.found.to_string())
}

/// What was found, for findings that are told as one.
pub(super) fn found(report: &Report, findings: &[&Finding]) -> String {
    let Some(first) = findings.first() else { return String::new() };
    if findings.iter().all(|finding| finding.found == first.found) {
        return first.found.to_string();
    }
    gist(report, first)
}

/// What speaks for a cause, beyond what was found anyway.
pub(super) fn because<'a>(finding: &Finding, cause: &'a NamedCause) -> Vec<&'a str> {
    let is_news = |place: usize, because: &str| match cause.evidence.get(place) {
        Some(Because::Found | Because::Failure { .. }) => false,
        Some(_) => true,
        None => !finding.found.contains(because),
    };
    let texts = cause.because.iter().map(String::as_str).enumerate();
    texts.filter(|(place, because)| is_news(*place, because)).map(|(_, because)| because).collect()
}

/// The finding that says what to verify before anything is changed for a cause that is not certain.
pub(super) fn to_be_settled<'a>(report: &'a Report, fix: &Remediation) -> Option<&'a Finding> {
    let is_of_cause = |finding: &&Finding| {
        finding.next.is_some() && finding.causes.first().is_some_and(|cause| cause.cause == fix.cause)
    };
    let mut explained = fix.explains.iter().filter_map(|place| report.findings.get(*place));
    explained.find(is_of_cause).filter(|_| fix.certainty != Certainty::Certain)
}

/// What a blocked finding waits for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Blocker {
    /// Any of these recommended actions, counted from 1.
    Fixes(Vec<usize>),
    /// A finding without such an action; none when a saved report does not say which.
    Finding(Option<usize>),
}

/// What a blocked finding waits for: what fixes the finding at the beginning of it all, if that is known.
pub(super) fn blocker(report: &Report, blocked: &Finding) -> Blocker {
    let root = root(&report.findings, blocked);
    let causes = root.map_or(&[][..], |root| &report.findings[root].causes);
    let fixes = causes.iter().filter_map(|cause| fix(report, &report.findings[root?], &cause.cause));
    let fixes: Vec<usize> = fixes.map(|(number, _)| number).collect();
    if fixes.is_empty() { Blocker::Finding(root) } else { Blocker::Fixes(fixes) }
}

/// `action 1`, `action 2 or 3`.
pub(super) fn actions(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    format!("action {}", numbers.join(" or "))
}

/// Whether an action explains this finding of the report.
pub(super) fn explains(report: &Report, fix: &Remediation, finding: &Finding) -> bool {
    report.findings.element_offset(finding).is_some_and(|place| fix.explains.contains(&place))
}

/// The recommended action for a cause of a finding, with its number counted from 1. Where a cause has two, one for
/// Microsoft's servers and one for the site's own, it is the one that explains the finding.
pub(super) fn fix<'a>(report: &'a Report, finding: &Finding, cause: &str) -> Option<(usize, &'a Remediation)> {
    let mut of_cause = report.summary.fix_first.iter().enumerate().filter(|(_, fix)| fix.cause == cause);
    let first = of_cause.next()?;
    // one action alone needs no search through all that it explains
    let (place, fix) = match of_cause.next() {
        Some(second) if explains(report, second.1, finding) => second,
        _ => first,
    };
    Some((place + 1, fix))
}
