//! Two reports compared, finding by finding. Pure.
//!
//! In: two finished reports. Out: a [`Comparison`], values alone; [`super::changes`] puts it into sentences. A failure
//! that is no longer tested is never counted as fixed.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use crate::finding::{Certainty, Finding, NamedCause, Report, SkipReason, Status};

/// What became of one finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It passed before and fails now.
    Broken,
    /// It fails now; before it was not tested, or its test had no result.
    NewFailure,
    /// It fails or warns as before, for another cause.
    ChangedCause,
    /// It passes with a warning now; before it passed without one, or was not tested.
    NewWarning,
    /// It had a result before, and its test has none now.
    Inconclusive,
    /// It had a result before and is skipped now.
    NowSkipped,
    /// Only the old report has it.
    Removed,
    /// It failed before and passes now.
    Fixed,
    /// It passes now; before it was not tested, or its test had no result.
    NowPassed,
    /// It passed with a warning before and passes without one now.
    WarningResolved,
    /// Only the new report has it, without a result.
    Added,
    /// The same status for the same cause.
    Unchanged,
}

/// Two reports compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The earlier report.
    pub old: Side,
    /// The later report.
    pub new: Side,
    /// Where the two runs differ from each other: host, role, rules.
    pub differences: Vec<Difference>,
    /// How many findings there are of each change.
    pub counts: BTreeMap<Change, usize>,
    /// 0 when nothing broke, 1 with a failure that the old report does not have, 3 when something that had a result
    /// has none now.
    pub exit_code: u8,
    /// Every finding of either report: those of the new one in its order, then those that only the old one has.
    pub findings: Vec<Compared>,
}

/// One of the two reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The version of its shape.
    pub schema_version: u32,
    /// The run's identifier.
    pub run: String,
    /// When the run began.
    pub started: String,
    /// The host.
    pub host: String,
    /// The findings.
    pub planned: usize,
    /// Those that passed.
    pub pass: usize,
    /// Those that passed with a warning.
    pub warn: usize,
    /// Those that failed.
    pub fail: usize,
    /// Those that were skipped.
    pub skip: usize,
    /// Those without a result.
    pub error: usize,
}

/// One thing that the two runs do not have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What differs.
    pub what: Aspect,
    /// In the old report.
    pub old: String,
    /// In the new report.
    pub new: String,
}

/// What can differ between two runs, so that their findings can differ without anything being broken or fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// The version of the program.
    Version,
    /// The date of the rules.
    Rules,
    /// The host.
    Host,
    /// The role of the server.
    Role,
    /// The Microsoft cloud.
    Cloud,
    /// The proxy.
    Proxy,
    /// Whether the built-in lab was tested.
    Lab,
    /// Whether the run was interrupted.
    Interrupted,
    /// When they began, where the later report of a server was given as the earlier one.
    Order,
}

/// One finding in both reports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compared {
    /// What became of it.
    pub change: Change,
    /// The check.
    pub check: String,
    /// What the check was made for.
    pub subject: String,
    /// The account.
    pub account: Option<String>,
    /// How it came out before; none where the old report does not have it.
    pub old: Option<Verdict>,
    /// How it came out now; none where the new report does not have it.
    pub new: Option<Verdict>,
}

/// How a finding came out in one report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// The status.
    pub status: Status,
    /// Why it was skipped.
    pub reason: Option<SkipReason>,
    /// The title as it came out.
    pub title: String,
    /// What should have been seen.
    pub expected: String,
    /// What was seen.
    pub found: String,
    /// The causes, best first.
    pub causes: Vec<NamedCause>,
}

/// What tells a finding from every other of its report; the number tells apart those that have all else in common.
type Key<'r> = (&'r str, &'r str, Option<&'r str>, usize);

/// Compares two reports.
#[must_use]
pub fn compare(old: &Report, new: &Report) -> Comparison {
    let (before, now) = (keyed(old), keyed(new));
    let old_by_key: HashMap<Key<'_>, &Finding> = before.iter().copied().collect();
    let new_by_key: HashMap<Key<'_>, &Finding> = now.iter().copied().collect();
    let of_the_new = now.iter().map(|(key, finding)| (old_by_key.get(key).copied(), Some(*finding)));
    let only_old = before.iter().filter(|(key, _)| !new_by_key.contains_key(key)).map(|(_, old)| (Some(*old), None));
    let pairs: Vec<(Option<&Finding>, Option<&Finding>)> = of_the_new.chain(only_old).collect();
    let findings: Vec<Compared> = pairs.iter().filter_map(|(old, new)| compared(*old, *new)).collect();
    let mut counts = BTreeMap::new();
    for finding in &findings {
        *counts.entry(finding.change).or_insert(0) += 1;
    }
    Comparison {
        old: Side::of(old),
        new: Side::of(new),
        differences: differences(old, new),
        exit_code: exit_code(&findings, &pairs),
        counts,
        findings,
    }
}

fn keyed(report: &Report) -> Vec<(Key<'_>, &Finding)> {
    let mut seen: HashMap<(&str, &str, Option<&str>), usize> = HashMap::new();
    let mut keyed = Vec::new();
    for finding in &report.findings {
        let (check, subject, account) = (&*finding.check, finding.subject.as_str(), finding.account.as_deref());
        let number = seen.entry((check, subject, account)).or_insert(0);
        *number += 1;
        keyed.push(((check, subject, account, *number), finding));
    }
    keyed
}

fn compared(old: Option<&Finding>, new: Option<&Finding>) -> Option<Compared> {
    let either = new.or(old)?;
    Some(Compared {
        change: change(old, new),
        check: either.check.to_string(),
        subject: either.subject.to_string(),
        account: either.account.as_ref().map(ToString::to_string),
        old: old.map(Verdict::of),
        new: new.map(Verdict::of),
    })
}

fn change(old: Option<&Finding>, new: Option<&Finding>) -> Change {
    use Status::{Error, Fail, Pass, Skip, Warn};
    match (old.map(|old| old.status), new.map(|new| new.status)) {
        (_, None) => Change::Removed,
        (Some(Fail), Some(Fail)) | (Some(Warn), Some(Warn)) if causes(old) != causes(new) => Change::ChangedCause,
        (Some(before), Some(now)) if before == now => Change::Unchanged,
        (Some(Pass | Warn), Some(Fail)) => Change::Broken,
        (_, Some(Fail)) => Change::NewFailure,
        (Some(Fail), Some(Pass | Warn)) => Change::Fixed,
        (_, Some(Warn)) => Change::NewWarning,
        (Some(Warn), Some(Pass)) => Change::WarningResolved,
        (_, Some(Pass)) => Change::NowPassed,
        (None, Some(Skip | Error)) => Change::Added,
        (_, Some(Error)) => Change::Inconclusive,
        (_, Some(Skip)) => Change::NowSkipped,
    }
}

fn causes(finding: Option<&Finding>) -> Vec<(&str, Certainty)> {
    let causes = finding.iter().flat_map(|finding| &finding.causes);
    causes.map(|cause| (cause.cause.as_str(), cause.certainty)).collect()
}

fn exit_code(findings: &[Compared], pairs: &[(Option<&Finding>, Option<&Finding>)]) -> u8 {
    if findings.iter().any(|finding| matches!(finding.change, Change::Broken | Change::NewFailure)) {
        return 1;
    }
    let unproved = pairs.iter().any(|(old, new)| old.is_some_and(has_result) && lacks_result(*new));
    if unproved { 3 } else { 0 }
}

fn has_result(finding: &Finding) -> bool {
    matches!(finding.status, Status::Pass | Status::Warn | Status::Fail)
}

/// Whether a result is missing: what does not apply, was waived or is made only on request has none and needs none.
fn lacks_result(finding: Option<&Finding>) -> bool {
    let Some(finding) = finding else { return true };
    let needs_none = finding.optional || matches!(finding.reason, Some(SkipReason::NotApplicable | SkipReason::Waived));
    !has_result(finding) && !needs_none
}

impl Side {
    fn of(report: &Report) -> Self {
        let (run, summary) = (&report.run, &report.summary);
        Self {
            schema_version: report.schema_version,
            run: run.id.clone(),
            started: run.started.clone(),
            host: run.host.clone(),
            planned: summary.planned,
            pass: summary.pass,
            warn: summary.warn,
            fail: summary.fail,
            skip: summary.skip,
            error: summary.error,
        }
    }
}

impl Verdict {
    fn of(finding: &Finding) -> Self {
        Self {
            status: finding.status,
            reason: finding.reason,
            title: super::words::title(finding).to_owned(),
            expected: finding.expected.to_string(),
            found: finding.found.to_string(),
            causes: finding.causes.clone(),
        }
    }
}

fn differences(old: &Report, new: &Report) -> Vec<Difference> {
    let yes_or_no = |is: bool| if is { "yes" } else { "no" }.to_owned();
    let aspects = |report: &Report| {
        let (tool, run) = (&report.tool, &report.run);
        [
            (Aspect::Version, tool.version.clone()),
            (Aspect::Rules, tool.catalogue_date.clone()),
            (Aspect::Host, run.host.clone()),
            (Aspect::Role, run.role.clone()),
            (Aspect::Cloud, run.cloud.clone()),
            (Aspect::Proxy, run.proxy.clone().unwrap_or_else(|| "none".to_owned())),
            (Aspect::Lab, yes_or_no(run.lab)),
            (Aspect::Interrupted, yes_or_no(run.interrupted)),
        ]
    };
    let pairs = aspects(old).into_iter().zip(aspects(new));
    let differing = pairs.filter(|((_, old), (_, new))| old != new);
    let differing = differing.map(|((what, old), (_, new))| Difference { what, old, new });
    let (before, now) = (&old.run, &new.run);
    // both moments are written in UTC, so that their texts have the order of time
    let is_swapped = before.host == now.host && now.started < before.started;
    let order = || Difference { what: Aspect::Order, old: before.started.clone(), new: now.started.clone() };
    differing.chain(is_swapped.then(order)).collect()
}
