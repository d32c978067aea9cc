//! `--wait`: what can heal is tested again and again, and nothing else, until it passes or the time is over.

use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

use super::{CliError, print, stop::Stop};
use crate::{
    catalogue::Catalogue,
    diagnose::can_heal,
    engine,
    finding::{Report, SkipReason, Status},
    plan::Selection,
};

/// The exit code when the time is over and something that can heal still fails.
const OVER: u8 = 5;

/// The shortest and the longest pause between two tests.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// So many checks are named while waiting.
const NAMED: usize = 3;

/// Tests again what failed and can heal, with `test`, until nothing of it is left or the time is over.
pub async fn until_healed(
    test: impl AsyncFn(&Selection) -> Result<Report, CliError>,
    selection: &Selection,
    first: Report,
    catalogue: &Catalogue,
    wait: Duration,
    strict: bool,
) -> Result<Report, CliError> {
    let (end, mut report, mut told) = (Instant::now() + wait, first, Told::default());
    let mut stop = Stop::listen();
    loop {
        let open = can_heal(&report.findings, &report.looks);
        if open.is_empty() || report.run.interrupted {
            return Ok(report);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(over(report, &open));
        }
        told.lines(&report, &open, left).iter().for_each(|line| print::note(line));
        let pause = (wait / 10).clamp(PAUSES.0, PAUSES.1).min(left);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.wait() => return Ok(over(report, &open)),
        }
        let again = test(&Selection { only: checks(&report, &open), ..selection.clone() }).await?;
        report = merged(report, again, catalogue, strict)?;
    }
}

/// The time is over: that is the outcome unless something fails that no waiting would have changed.
fn over(mut report: Report, open: &[usize]) -> Report {
    let all_can_heal = report.findings.iter().filter(|finding| finding.status == Status::Fail).count() == open.len();
    if all_can_heal {
        report.summary.exit_code = OVER;
    }
    report
}

/// What has been said while waiting: nothing is said twice.
#[derive(Default)]
struct Told {
    waits: String,
    causes: BTreeSet<String>,
}

impl Told {
    /// Says what is waited for where that has changed, and of each cause once when its fix is in effect.
    fn lines(&mut self, report: &Report, open: &[usize], left: Duration) -> Vec<String> {
        let waits = waits(report, open);
        let mut lines = Vec::new();
        if waits != self.waits {
            lines.push(format!("waiting up to {} s for {waits}", left.as_secs().max(1)));
            self.waits = waits;
        }
        for cause in open.iter().filter_map(|place| report.findings[*place].causes.first()) {
            let Some(fix) = report.summary.fix_first.iter().find(|fix| fix.cause == cause.cause) else { continue };
            if self.causes.insert(fix.cause.clone()) {
                lines.push(format!("  {}; effect: {}", fix.title, fix.takes));
            }
        }
        lines
    }
}

/// How many checks are waited for, and their names.
fn waits(report: &Report, open: &[usize]) -> String {
    let mut checks: Vec<(&str, usize)> = Vec::new();
    for place in open {
        let check = report.findings[*place].check.as_str();
        match checks.iter_mut().find(|(known, _)| *known == check) {
            Some((_, number)) => *number += 1,
            None => checks.push((check, 1)),
        }
    }
    let name = |(check, number): &(&str, usize)| match number {
        1 => (*check).to_owned(),
        number => format!("{check} ({number})"),
    };
    let named: Vec<String> = checks.iter().take(NAMED).map(name).collect();
    let more = match checks.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let number = if open.len() == 1 { "1 check".to_owned() } else { format!("{} checks", open.len()) };
    format!("{number}: {}{more}", named.join(", "))
}

/// The checks that failed, and those that they block.
fn checks(report: &Report, open: &[usize]) -> Vec<String> {
    let mut checks: Vec<String> = Vec::new();
    let blocked = report.findings.iter().filter(|finding| finding.reason == Some(SkipReason::Blocked));
    for finding in open.iter().map(|place| &report.findings[*place]).chain(blocked) {
        if !checks.iter().any(|check| *check == finding.check) {
            checks.push(finding.check.to_string());
        }
    }
    checks
}

/// The report with what was seen now in place of what was seen before, judged again as a whole.
fn merged(report: Report, again: Report, catalogue: &Catalogue, strict: bool) -> Result<Report, CliError> {
    let mut looks = report.looks;
    for look in again.looks {
        match looks.iter_mut().find(|known| known.key.is_some() && known.key == look.key) {
            Some(known) => *known = look,
            None => looks.push(look),
        }
    }
    let duration_ms = report.run.duration_ms + again.run.duration_ms;
    let run = crate::finding::Run { duration_ms, interrupted: again.run.interrupted, ..report.run };
    let whole = Report { run, looks, ..report };
    Ok(engine::rejudge(&whole, catalogue, strict)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::Subject,
        finding::{Certainty, Finding, NamedCause},
        report,
    };

    #[test]
    fn nothing_is_said_twice_while_waiting() {
        let golden = report::parse(include_str!("../../tests/all/reports/golden.json")).expect("the golden report");
        let fix = golden.summary.fix_first[0].clone();
        let cause = NamedCause {
            cause: fix.cause.clone(),
            title: String::new(),
            certainty: Certainty::Likely,
            because: Vec::new(),
            evidence: Vec::new(),
        };
        let failed = |subject: &str| Finding {
            causes: vec![cause.clone()],
            ..Finding::new("imap.sign-in", Subject::of_text(subject), Status::Fail)
        };
        let findings = ["a@example.com", "b@example.com"].map(failed).into();
        let report = Report { findings, ..golden };
        let mut told = Told::default();
        let left = Duration::from_mins(10);
        let effect = format!("  {}; effect: {}", fix.title, fix.takes);
        let first = ["waiting up to 600 s for 2 checks: imap.sign-in (2)".to_owned(), effect];
        assert_eq!(told.lines(&report, &[0, 1], left), first);
        assert!(told.lines(&report, &[0, 1], left).is_empty());
        assert_eq!(told.lines(&report, &[1], left), ["waiting up to 600 s for 1 check: imap.sign-in"]);
    }
}
