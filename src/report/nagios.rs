//! The report as the output of a monitoring plugin: one line with the state, performance data, then what did not pass.
//!
//! In: one report or several. Out: text as the Monitoring Plugins guidelines have it
//! (<https://www.monitoring-plugins.org/doc/guidelines.html>), and the state that is the plugin's exit code. A bar would
//! begin performance data, so that none is left in any text. Nagios Core keeps 8 KB of output
//! (`MAX_PLUGIN_OUTPUT_LENGTH`): what does not fit is counted.

use std::fmt::Write as _;

use super::{grouping, harmless, verdict, words};
use crate::{
    evidence::Value,
    finding::{Finding, Report, Status},
    judge::values,
    probe::tls,
};

/// The longest output, in bytes, with room for the line that says how much is left out.
const MOST: usize = 7_600;

/// The longest text of one line, in characters, and the longest of what was found.
const LONGEST: usize = 600;
const FOUND: usize = 160;

/// The state of a service, and the exit code of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Nothing failed that no waiver covers, and nothing is inconclusive.
    Ok,
    /// There are warnings.
    Warning,
    /// A check failed.
    Critical,
    /// Nothing is proved.
    Unknown,
}

impl State {
    /// The state of a report.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let summary = &report.summary;
        match summary.exit_code {
            _ if summary.fail > 0 => Self::Critical,
            0 | 4 if summary.warn > 0 => Self::Warning,
            0 => Self::Ok,
            _ => Self::Unknown,
        }
    }

    /// The worst of several states: what failed outranks what is not known, as in the guidelines' own order of need.
    #[must_use]
    pub fn worst(states: impl IntoIterator<Item = Self>) -> Self {
        let rank = |state: &Self| match state {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Unknown => 2,
            Self::Critical => 3,
        };
        states.into_iter().max_by_key(rank).unwrap_or(Self::Unknown)
    }

    /// The exit code.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// The word that begins the output.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Critical => "CRITICAL",
            Self::Unknown => "UNKNOWN",
        }
    }
}

/// The output where nothing could be tested.
#[must_use]
pub fn unknown(why: &str) -> String {
    format!("ECE-CHECK {} - {}\n", State::Unknown.word(), clean(why))
}

/// Writes the reports.
pub(super) fn render(reports: &[&Report]) -> String {
    let state = State::worst(reports.iter().map(|report| State::of(report)));
    let verdict = match reports {
        [one] => verdict::lines(one).join(" "),
        several => {
            let bad: Vec<usize> =
                (0..several.len()).filter(|report| State::of(several[*report]) != State::Ok).collect();
            let first = bad.first().map(|report| {
                let [result, fix] = verdict::lines(several[*report]);
                format!(". {}: {result} {fix}", super::several::name(several, *report))
            });
            format!("{} of {} reports have problems{}", bad.len(), several.len(), first.unwrap_or_default())
        }
    };
    let lab = if reports.iter().any(|report| report.run.lab) { "LAB MODE, not your environment: " } else { "" };
    let waived = waived(reports);
    let waived = if waived > 0 { format!("{waived} WAIVED: ") } else { String::new() };
    let verdict = clean(verdict.trim());
    let mut text = format!("ECE-CHECK {} - {lab}{waived}{verdict} | {}\n", state.word(), performance(reports));
    let lines: Vec<String> = (0..reports.len()).flat_map(|report| problems(reports, report)).collect();
    for (told, line) in lines.iter().enumerate() {
        if text.len() + line.len() > MOST {
            let _ = writeln!(text, "and {} more: see the full report", lines.len() - told);
            break;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// How many results waivers keep from counting.
fn waived(reports: &[&Report]) -> usize {
    reports.iter().flat_map(|report| &report.findings).filter(|finding| finding.is_waived()).count()
}

/// What did not pass, one line a finding, failures first.
fn problems(reports: &[&Report], at: usize) -> Vec<String> {
    let report = reports[at];
    let order = [Status::Fail, Status::Error, Status::Warn];
    let of = |status| report.findings.iter().filter(move |finding| finding.status == status);
    let server = if reports.len() > 1 { format!("{}: ", super::several::name(reports, at)) } else { String::new() };
    let waived = report.findings.iter().filter(|finding| finding.is_waived());
    let findings = order.into_iter().flat_map(of).chain(waived);
    findings.map(|finding| clean(&format!("{server}{}", problem(report, finding)))).collect()
}

fn problem(report: &Report, finding: &Finding) -> String {
    let cause = finding.causes.first().map(|cause| {
        let owner =
            grouping::fix(report, finding, &cause.cause).map(|(_, fix)| format!(", {}", words::owner(fix.owner)));
        format!(" [{} ({}){}]", cause.cause, words::certainty(cause.certainty), owner.unwrap_or_default())
    });
    let word =
        if finding.status == Status::Skip { "WAIVED".to_owned() } else { words::status(finding.status).to_uppercase() };
    let waiver = words::waiver(finding);
    let waiver = if waiver.is_empty() { waiver } else { format!(" ({waiver})") };
    let found = harmless::line(&finding.found, FOUND);
    format!("{word} {} {}: {found}{}{waiver}", finding.check, finding.subject, cause.unwrap_or_default())
}

/// Counts, the time that the run took, and how long the first certificate is still good.
fn performance(reports: &[&Report]) -> String {
    let sum = |count: fn(&Report) -> usize| reports.iter().map(|report| count(report)).sum::<usize>();
    let planned = sum(|report| report.summary.planned);
    let ms: u64 = reports.iter().map(|report| report.run.duration_ms).sum();
    let mut data = vec![
        format!("passed={};;;0;{planned}", sum(|report| report.summary.pass)),
        format!("warnings={};0;;0;{planned}", sum(|report| report.summary.warn)),
        format!("failed={};;0;0;{planned}", sum(|report| report.summary.fail)),
        format!("not_run={};;;0;{planned}", sum(|report| report.summary.skip)),
        format!("inconclusive={};;;0;{planned}", sum(|report| report.summary.error)),
        format!("waived={};;;0;{planned}", waived(reports)),
        format!("time={}.{:03}s;;;0", ms / 1_000, ms % 1_000),
    ];
    if let Some(days) = reports.iter().filter_map(|report| days_left(report)).min() {
        data.push(format!("certificate_days={days};;;0"));
    }
    data.join(" ")
}

/// The fewest days that a certificate of any service is still good.
fn days_left(report: &Report) -> Option<i64> {
    let days = report.looks.iter().flat_map(|look| values(look, tls::DAYS_LEFT.name()));
    days.filter_map(|value| if let Value::Int(days) = value { Some(days) } else { None }).min()
}

fn clean(text: &str) -> String {
    harmless::line(text, LONGEST).replace('|', "\\x7c")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_outrank_what_is_not_known() {
        assert_eq!(State::worst([State::Unknown, State::Critical, State::Ok]), State::Critical);
        assert_eq!(State::worst([State::Unknown, State::Warning]), State::Unknown);
        assert_eq!(State::worst([]), State::Unknown);
    }

    #[test]
    fn nothing_from_outside_begins_performance_data() {
        assert_eq!(clean("a|b\n"), "a\\x7cb\\n");
    }
}
