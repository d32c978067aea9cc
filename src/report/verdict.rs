//! The outcome of a run in two lines, and the last line of a report.

use std::collections::BTreeSet;

use super::{grouping, harmless, mailbox, prose, words};
use crate::{
    evidence::{FailureKind, Observation, Subject},
    finding::{Finding, Found, Owner, Report, SkipReason, Status},
};

/// The most check names in a line.
const NAMES: usize = 3;

/// The longest title in a line, in characters.
const LONGEST: usize = 160;
/// The longest step, in characters. A command can be in it, which must not be cut.
const LONGEST_STEP: usize = 4_000;

/// What works, and what to do first. A missing input comes before everything: nothing was tested without it.
pub(super) fn lines(report: &Report) -> [String; 2] {
    let result = result(report);
    match waived(report) {
        Some(waived) if !is_healthy(report) => [format!("{result} Not counted: {waived}."), first(report)],
        _ => [result, first(report)],
    }
}

/// True where nothing failed, nothing is open, and something was seen.
fn is_healthy(report: &Report) -> bool {
    let summary = &report.summary;
    let is_open = summary.fail + summary.error + summary.missing_input > 0;
    report.run.part_for.is_none() && !is_open && summary.pass + summary.warn > 0
}

/// What waivers keep from counting: how many results, until when, the first of them, and what they block.
fn waived(report: &Report) -> Option<String> {
    let mut places: Vec<usize> =
        (0..report.findings.len()).filter(|place| report.findings[*place].is_waived()).collect();
    places.sort_by_key(|place| report.findings[*place].seen_status() != Status::Fail);
    let first = &report.findings[*places.first()?];
    let waivers = places.iter().filter_map(|place| report.findings[*place].waiver.as_ref());
    let until = waivers.map(|waiver| waiver.until.as_str()).min().unwrap_or_default();
    let is_blocked_by = |finding: &&Finding| {
        finding.reason == Some(SkipReason::Blocked)
            && grouping::root(&report.findings, finding).is_some_and(|root| report.findings[root].is_waived())
    };
    let what = format!("{} {}", text(words::title(first)), text(words::subject(first)));
    let (what, until) = (what.trim(), text(until));
    let told = match places.len() {
        1 => format!("1 waived (until {until}): {what}"),
        several => format!("{several} waived (the first until {until}): {what} and {} more", several - 1),
    };
    let blocked = match report.findings.iter().filter(is_blocked_by).count() {
        0 => return Some(told),
        blocked => words::plural(blocked, "{n} check is blocked by", "{n} checks are blocked by"),
    };
    Some(format!("{told}; {blocked} {}", if places.len() == 1 { "it" } else { "them" }))
}

/// Why no mailbox was tested where the site file names none; nothing where mailboxes were planned or not asked for.
fn untested(report: &Report) -> Option<&'static str> {
    let waits = |finding: &Finding| {
        finding.subject == Subject::Site
            && finding.reason == Some(SkipReason::NeedsInput)
            && mailbox::is_about_mailboxes(&finding.check)
    };
    if mailbox::result(report).is_some() || !report.findings.iter().any(waits) {
        return None;
    }
    Some(match &report.site {
        Some(site) if !site.file.trim().is_empty() => {
            "No mailbox was tested: the site file has no account. Next: add an [[account]] to it, or write a new file with \
             ece-check init FILE"
        }
        _ => "No mailbox was tested: there is no site file. Next: ece-check init",
    })
}

fn result(report: &Report) -> String {
    if let Some(owner) = report.run.part_for {
        return of_part(report, words::owner(owner));
    }
    if report.findings.is_empty() {
        return "Inconclusive: no check could be completed.".to_owned();
    }
    let summary = &report.summary;
    let works = mailbox::result(report);
    match works {
        Some(works) => works,
        None if summary.fail > 0 => words::plural(summary.fail, "{n} check failed.", "{n} checks failed."),
        None => outcome(report),
    }
}

/// What the part of a report for one team comes to.
fn of_part(report: &Report, owner: &str) -> String {
    let server = text(&report.run.host);
    let owner = &match report.run.part_for {
        Some(Owner::Microsoft) => owner.to_owned(),
        _ => format!("the {owner}"),
    };
    if report.summary.fix_first.is_empty() {
        return match waived(report) {
            Some(_) => format!("For {owner}: nothing to do on {server} for now."),
            None if report.summary.pass + report.summary.warn == 0 && report.run.part_for != Some(Owner::Microsoft) => {
                untested_part(report, owner, &server)
            }
            None => {
                let skips = words::skips(report.findings.iter());
                let not_run = if skips.is_empty() { String::new() } else { format!(" Not run: {skips}.") };
                format!("Nothing to do for {owner}: no cause found on {server} is theirs.{}{not_run}", passed(report))
            }
        };
    }
    let (actions, checks) = (report.summary.fix_first.len(), report.summary.fail + report.summary.error);
    let actions = words::plural(actions, "{n} action", "{n} actions");
    match checks {
        0 => format!("For {owner}: {actions} on {server}."),
        failed => {
            let failed = words::plural(failed, "{n} check failed", "{n} checks failed");
            format!("For {owner}: {actions} on {server}; {failed}.")
        }
    }
}

/// What the part of a team comes to of which nothing was tested.
fn untested_part(report: &Report, owner: &str, server: &str) -> String {
    let skips = words::skips(report.findings.iter());
    let why = if skips.is_empty() { String::new() } else { format!(" ({skips})") };
    let next = match report.run.part_for {
        Some(owner @ (Owner::Entra | Owner::Exchange | Owner::Webex)) => {
            format!(" Next: ece-check evidence request --for {}", owner.word())
        }
        _ => String::new(),
    };
    format!(
        "Not tested for {owner}: none of their checks could be made on {server}{why}; no cause found is theirs.{next}"
    )
}

/// So many ports are named in a line.
const PORTS: usize = 12;

/// What passed in the part of a team that has nothing to do, its ports by name.
fn passed(report: &Report) -> String {
    let passed = report.findings.iter().filter(|finding| finding.status == Status::Pass);
    let (ports, others): (Vec<&Finding>, Vec<&Finding>) = passed.partition(|finding| finding.check == "tcp.opens");
    let others = words::plural(others.len(), "{n} other check passed", "{n} other checks passed");
    if ports.is_empty() {
        return if report.summary.pass == 0 { String::new() } else { format!(" {}.", others.replace(" other", "")) };
    }
    let subjects: Vec<String> = ports.iter().map(|finding| text(finding.subject.as_str())).collect();
    let named = words::list(&subjects, PORTS);
    format!(" {}: {named}; {others}.", words::plural(ports.len(), "{n} port passed", "{n} ports passed"))
}

fn first(report: &Report) -> String {
    if report.run.part_for.is_some() && report.summary.fail + report.summary.error == 0 {
        return String::new();
    }
    match (missing(report), fix_first(report)) {
        (Some(missing), Some(fix)) => format!("{missing} {fix}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) if mailbox::result(report).is_some() => outcome(report),
        (None, None) => String::new(),
    }
}

/// What was not tested because an input is missing.
fn missing(report: &Report) -> Option<String> {
    let missing = report.findings.iter().find(|finding| finding.waits_for_missing_input())?;
    Some(match &missing.next {
        Some(next) if !matches!(missing.evidence, Some(Found::InputMissing { .. })) => {
            format!("Not tested: {}: {}.", missing.check, to_give(missing, next).trim_end_matches('.'))
        }
        _ => format!("Input needed first: {}.", text(&missing.found).trim_end_matches('.')),
    })
}

/// What to give for a check. Commands have lines of their own below: in a sentence they could not be pasted.
fn to_give(missing: &Finding, next: &str) -> String {
    let given: Vec<String> = missing.steps.iter().filter(|step| step.command().is_none()).map(prose::step).collect();
    harmless::line(if given.is_empty() { next } else { given[0].as_str() }, LONGEST_STEP)
}

/// The first action, where something failed or could not be judged.
fn fix_first(report: &Report) -> Option<String> {
    let is_open = report.summary.fail > 0 || report.summary.error > 0;
    let Some(fix) = report.summary.fix_first.first().filter(|_| is_open) else { return cut_off(report) };
    let certainty = words::certainty(fix.certainty);
    Some(format!("Fix first: {} ({certainty}; {}).", text(&fix.title).trim_end_matches('.'), words::owner(fix.owner)))
}

/// What to do first where no cause is known and the time limit of the run came before an answer.
fn cut_off(report: &Report) -> Option<String> {
    let is_cut = |finding: &&Finding| {
        let look = finding.look.and_then(|look| report.looks.get(look)).filter(|_| finding.status == Status::Error);
        let failures = |look: &Observation| {
            let of_attempts = look.attempts.iter().filter_map(|attempt| attempt.failure.as_ref());
            of_attempts.chain(&look.failure).any(|failure| failure.kind == FailureKind::Deadline)
        };
        look.is_some_and(failures)
    };
    let subjects: BTreeSet<&str> =
        report.findings.iter().filter(is_cut).map(|finding| finding.subject.as_str()).collect();
    if subjects.is_empty() {
        return None;
    }
    let more = subjects.len().checked_sub(NAMES).filter(|more| *more > 0);
    let more = more.map(|more| format!(" and {more} more")).unwrap_or_default();
    let named = subjects.into_iter().take(NAMES).map(text).collect::<Vec<_>>().join(", ");
    let what = format!("The time limit ended the run before the checks of {named}{more} were complete.");
    Some(format!("{what} Run it again with a longer --deadline."))
}

/// The last line of a text report: what to do, or what the outcome is worth and what it does to the exit code.
pub(super) fn closing(report: &Report) -> String {
    let outcome = outcome(report);
    let summary = &report.summary;
    let has_only_warnings = summary.warn > 0 && summary.fail == 0 && report.run.part_for.is_none();
    match summary.exit_code {
        0 if has_only_warnings => format!("{outcome} Exit code 0 (use --strict to make warnings exit 4)."),
        4 if has_only_warnings => format!("{outcome} Exit code 4 (--strict)."),
        _ => outcome,
    }
}

/// What to do, or what the outcome is worth.
pub(super) fn outcome(report: &Report) -> String {
    let summary = &report.summary;
    if report.run.part_for.and_then(|_| words::proof(report)).is_some() {
        return format!("To prove the change, run on {}:", text(&report.run.host));
    }
    if report.run.part_for.is_some() {
        return of_part(report, report.run.part_for.map(words::owner).unwrap_or_default());
    }
    if summary.fail > 0 {
        return summary.fix_first.first().map_or_else(
            || "No known cause matches. See the failed checks above.".to_owned(),
            |fix| format!("Start with action 1 ({}).", words::owner(fix.owner)),
        );
    }
    if summary.missing_input > 0 {
        return words::plural(
            summary.missing_input,
            "Inconclusive: {n} check was not run because an input is missing.",
            "Inconclusive: {n} checks were not run because an input is missing.",
        );
    }
    if summary.error > 0 {
        return words::plural(
            summary.error,
            "Inconclusive: no check failed, but {n} check could not be completed.",
            "Inconclusive: no check failed, but {n} checks could not be completed.",
        );
    }
    if summary.pass + summary.warn == 0 {
        return "Inconclusive: no check failed, but no check could be completed.".to_owned();
    }
    let untested = untested(report).map(|why| format!(" {why}")).unwrap_or_default();
    format!("{}{untested}", seen(report, untested.is_empty()))
}

/// What the checks that could be completed come to where none failed.
fn seen(report: &Report, with_mailboxes: bool) -> String {
    let summary = &report.summary;
    if let Some(waived) = waived(report) {
        let is_failure = |finding: &Finding| finding.seen_status() == Status::Fail;
        let all = report.findings.iter().filter(|finding| finding.is_waived()).all(is_failure);
        let except = format!("No {} except {waived}.", if all { "failures" } else { "problems" });
        return if summary.warn > 0 { format!("{except} {}", only_warnings(report)) } else { except };
    }
    match (summary.warn, summary.skip) {
        (0, 0) => "All checks passed.".to_owned(),
        (0, _) if !with_mailboxes => "No failure found.".to_owned(),
        (0, skipped) => {
            let why = words::skips(report.findings.iter());
            let not_run = words::plural(skipped, "{n} check was not run", "{n} checks were not run");
            format!("No problems found. {not_run} ({why}).")
        }
        _ => format!("No failures, {}", only_warnings(report)),
    }
}

/// What the warnings are.
fn only_warnings(report: &Report) -> String {
    let summary = &report.summary;
    let warned = report.findings.iter().filter(|finding| finding.status == Status::Warn);
    let mut checks: Vec<String> = warned.map(|finding: &Finding| text(&finding.check)).collect();
    checks.dedup();
    let checks = words::list(&checks, NAMES);
    let warnings = words::plural(summary.warn, "{n} warning", "{n} warnings");
    format!("{warnings}: {checks}.")
}

fn text(text: &str) -> String {
    harmless::line(text, LONGEST)
}
