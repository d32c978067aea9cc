//! Every planned finding of a run, judged in the order of what needs what.
//!
//! In: the plan and what its looks saw. Out: one [`Finding`] for each planned one. Pure.

use super::{Judgement, judge, sentence};
use crate::{
    catalogue::check::Check,
    evidence::{Failure, Observation},
    finding::{Finding, SkipReason, Status},
    plan::{Plan, PlannedFinding},
};

/// Judges every planned finding, each after those that it needs.
#[must_use]
pub fn judge_all(plan: &Plan<'_>, looks: &[Observation]) -> Vec<Finding> {
    let mut findings: Vec<Option<Finding>> = vec![None; plan.findings.len()];
    for at in 0..plan.findings.len() {
        judge_at(at, plan, looks, &mut findings);
    }
    findings.into_iter().flatten().collect()
}

/// Judges one finding, after those that it needs.
fn judge_at(at: usize, plan: &Plan<'_>, looks: &[Observation], findings: &mut Vec<Option<Finding>>) {
    if findings[at].is_some() {
        return;
    }
    let planned = &plan.findings[at];
    for need in &planned.needs {
        judge_at(*need, plan, looks, findings);
    }
    findings[at] = Some(find(planned, plan, looks, findings));
}

fn find(planned: &PlannedFinding<'_>, plan: &Plan<'_>, looks: &[Observation], earlier: &[Option<Finding>]) -> Finding {
    let check = planned.check;
    let mut finding = Finding {
        check: check.id.clone(),
        section: check.section.name().to_owned(),
        title: check.title.clone(),
        fails: String::new(),
        subject: planned.subject.to_string(),
        account: planned.account.clone(),
        status: Status::Skip,
        reason: None,
        blocked_by: None,
        expected: check.words.expected.clone(),
        found: String::new(),
        means: String::new(),
        causes: Vec::new(),
        ruled_out: Vec::new(),
        next: None,
        look: planned.look,
    };
    if let Some((reason, text)) = &planned.skip {
        finding.reason = Some(*reason);
        finding.found = if *reason == SkipReason::NeedsInput { "not given".to_owned() } else { text.clone() };
        finding.next = (*reason == SkipReason::NeedsInput).then(|| text.clone());
        return finding;
    }
    let Some(seen) = planned.look.map(|look| &looks[look]) else {
        finding.status = Status::Error;
        "no look was planned for this check".clone_into(&mut finding.found);
        return finding;
    };
    match judge(check, seen) {
        Judgement::Seen { status, found, by_stop } => {
            finding.status = status;
            finding.found = found;
            // the same stop already speaks against what this check needs: say it once
            if by_stop
                && status == Status::Fail
                && planned.needs.iter().any(|need| answered(*need, planned, plan, earlier))
            {
                block(&mut finding, None, planned, earlier);
            }
        }
        Judgement::NotApplicable(why) => {
            finding.reason = Some(SkipReason::NotApplicable);
            finding.found = why;
        }
        Judgement::NotReached { stop } => block(&mut finding, stop, planned, earlier),
    }
    if matches!(finding.status, Status::Fail | Status::Warn) {
        finding.means.clone_from(&check.words.why);
        finding.fails = turned(check, finding.status);
    }
    finding
}

/// What is true in place of a check's title when it fails or warns; nothing where a reservation leaves the title true.
fn turned(check: &Check, status: Status) -> String {
    let warns = check.warns.as_deref().or_else(|| check.expect.is_empty().then_some(check.fails.as_str()));
    let said = if status == Status::Warn { warns } else { Some(check.fails.as_str()) };
    said.unwrap_or_default().to_owned()
}

/// A check that was not reached is blocked by what it needs; when nothing that it needs was planned, it answers itself.
fn block(finding: &mut Finding, stop: Option<Failure>, planned: &PlannedFinding<'_>, earlier: &[Option<Finding>]) {
    let culprit = planned.needs.iter().find_map(|need| culprit(*need, earlier));
    match (culprit, stop) {
        (Some(culprit), _) => {
            finding.status = Status::Skip;
            finding.reason = Some(SkipReason::Blocked);
            finding.blocked_by = Some(culprit);
            let blocking = earlier[culprit].as_ref();
            finding.found = blocking
                .map_or_else(String::new, |by| format!("not looked at: {} did not hold for {}", by.check, by.subject));
        }
        (None, Some(stop)) => {
            finding.status = if stop.kind.is_ours() { Status::Error } else { Status::Fail };
            finding.found = sentence(&stop);
        }
        (None, None) => {
            finding.status = Status::Error;
            "nothing was seen".clone_into(&mut finding.found);
        }
    }
}

/// Whether a needed check of the same look, which answers for the same stages, has failed already.
fn answered(need: usize, planned: &PlannedFinding<'_>, plan: &Plan<'_>, earlier: &[Option<Finding>]) -> bool {
    let failed = earlier[need].as_ref().is_some_and(|need| need.status == Status::Fail && need.look == planned.look);
    failed && plan.findings[need].check.stages.iter().any(|stage| planned.check.stages.contains(stage))
}

/// The finding at the root of a block: one that failed or could not be judged.
fn culprit(need: usize, earlier: &[Option<Finding>]) -> Option<usize> {
    let finding = earlier[need].as_ref()?;
    match finding.status {
        Status::Fail | Status::Error => Some(need),
        Status::Skip => finding.blocked_by,
        Status::Pass | Status::Warn => None,
    }
}
