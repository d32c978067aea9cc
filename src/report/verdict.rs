//! The outcome of a run in two lines, and the last line of a report.

use super::{harmless, mailbox, words};
use crate::finding::{Finding, Report, Status};

/// The most check names in a line.
const NAMES: usize = 3;

/// The longest title in a line, in characters.
const LONGEST: usize = 160;

/// What works, and what to do first. A missing input comes before everything: nothing was tested without it.
pub(super) fn lines(report: &Report) -> [String; 2] {
    [result(report), first(report)]
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
        None => closing(report),
    }
}

/// What the part of a report for one team comes to.
fn of_part(report: &Report, owner: &str) -> String {
    let server = text(&report.run.host);
    if report.summary.fix_first.is_empty() {
        return format!("Nothing to do for the {owner}: no cause found on {server} is theirs.");
    }
    let (actions, checks) = (report.summary.fix_first.len(), report.summary.fail + report.summary.error);
    let actions = words::plural(actions, "{n} action", "{n} actions");
    match checks {
        0 => format!("For the {owner}: {actions} on {server}."),
        failed => {
            let failed = words::plural(failed, "{n} check failed", "{n} checks failed");
            format!("For the {owner}: {actions} on {server}; {failed}.")
        }
    }
}

fn first(report: &Report) -> String {
    if report.run.part_for.is_some() && report.summary.fail + report.summary.error == 0 {
        return String::new();
    }
    if let Some(missing) = report.findings.iter().find(|finding| finding.waits_for_missing_input()) {
        return format!("Input needed first: {}.", text(&missing.found).trim_end_matches('.'));
    }
    match report.summary.fix_first.first() {
        Some(fix) if report.summary.fail > 0 || report.summary.error > 0 => {
            let certainty = words::certainty(fix.certainty);
            format!("Fix first: {} ({certainty}; {}).", text(&fix.title).trim_end_matches('.'), words::owner(fix.owner))
        }
        _ if mailbox::result(report).is_some() => closing(report),
        _ => String::new(),
    }
}

/// The last line: what to do, or what the outcome is worth.
pub(super) fn closing(report: &Report) -> String {
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
    if summary.warn > 0 {
        return only_warnings(report);
    }
    match summary.skip {
        0 => "All checks passed.".to_owned(),
        skipped => {
            let why = words::skips(report.findings.iter());
            let not_run = words::plural(skipped, "{n} check was not run", "{n} checks were not run");
            format!("No problems found. {not_run} ({why}).")
        }
    }
}

/// What the warnings are, and what they do to the exit code.
fn only_warnings(report: &Report) -> String {
    let summary = &report.summary;
    let warned = report.findings.iter().filter(|finding| finding.status == Status::Warn);
    let mut checks: Vec<String> = warned.map(|finding: &Finding| text(&finding.check)).collect();
    checks.dedup();
    let checks = words::list(&checks, NAMES);
    let warnings = words::plural(summary.warn, "No failures, {n} warning", "No failures, {n} warnings");
    match summary.exit_code {
        0 => format!("{warnings}: {checks}. Exit code 0 (use --strict to make warnings exit 4)."),
        code => format!("{warnings}: {checks}. Exit code {code} (--strict)."),
    }
}

fn text(text: &str) -> String {
    harmless::line(text, LONGEST)
}
