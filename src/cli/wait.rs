//! `--wait`: what can heal is tested again and again, and nothing else, until it passes or the time is over.

use std::time::Duration;

use tokio::time::Instant;

use super::{CliError, print};
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

/// So many failures are named while waiting.
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
    let (end, mut report) = (Instant::now() + wait, first);
    loop {
        let open = can_heal(&report.findings, &report.looks);
        if open.is_empty() || report.run.interrupted {
            return Ok(report);
        }
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(over(report, &open));
        }
        print::note(&waiting_for(&report, &open, left));
        let pause = (wait / 10).clamp(PAUSES.0, PAUSES.1).min(left);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = tokio::signal::ctrl_c() => return Ok(over(report, &open)),
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

fn waiting_for(report: &Report, open: &[usize], left: Duration) -> String {
    let name = |place: &usize| {
        let finding = &report.findings[*place];
        let takes = finding.causes.first().and_then(|cause| {
            let fix = report.summary.fix_first.iter().find(|fix| fix.cause == cause.cause)?;
            Some(format!(" ({}; effect: {})", fix.title, fix.takes))
        });
        format!("{} {}{}", finding.check, finding.subject, takes.unwrap_or_default())
    };
    let named: Vec<String> = open.iter().take(NAMED).map(name).collect();
    let more = open.len().saturating_sub(NAMED);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    format!("waiting up to {} s for: {}{more}", left.as_secs().max(1), named.join("; "))
}

/// The checks that failed, and those that they block.
fn checks(report: &Report, open: &[usize]) -> Vec<String> {
    let mut checks: Vec<String> = Vec::new();
    let blocked = report.findings.iter().filter(|finding| finding.reason == Some(SkipReason::Blocked));
    for finding in open.iter().map(|place| &report.findings[*place]).chain(blocked) {
        if !checks.contains(&finding.check) {
            checks.push(finding.check.clone());
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
