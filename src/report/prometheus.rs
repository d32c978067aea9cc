//! The report as Prometheus metrics, for the textfile collectors of `node_exporter` and `windows_exporter`.
//!
//! In: one report or several. Out: the text format
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/>): gauges in base units, without timestamps of their own,
//! which those collectors refuse. What expires is told as the time when it does, so that an alert needs no new run; the
//! time of the run shows a scheduler that has stopped. The names end as those of `blackbox_exporter` do.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt::Write as _,
};

use super::{harmless, words};
use crate::{
    evidence::{Observation, Value},
    finding::{Report, Status},
    import::facts::directory,
    judge::values,
    probe::tls,
};

/// The longest value of a label, in characters.
const LONGEST: usize = 300;

/// The label that tells reports from each other where there are several.
const SERVER: &str = "server";

/// One metric: its name, what it is, and its samples.
struct Metric {
    name: &'static str,
    help: &'static str,
    samples: Vec<Sample>,
}

struct Sample {
    labels: Vec<(&'static str, String)>,
    value: f64,
}

/// Writes the reports as metrics. Every sample names its server, so that files of several servers can be joined.
pub(super) fn render(reports: &[&Report]) -> String {
    let mut text = String::new();
    for metric in metrics(reports).into_iter().filter(|metric| !metric.samples.is_empty()) {
        let Metric { name, help, samples } = metric;
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge");
        for Sample { labels, value } in unique(samples) {
            let labels: Vec<String> =
                labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let _ = writeln!(text, "{name}{{{}}} {value}", labels.join(","));
        }
    }
    text
}

fn metrics(reports: &[&Report]) -> Vec<Metric> {
    let all = |name, help, of: fn(&Report) -> Vec<Sample>| {
        let labeled = |report: &&Report| of(report).into_iter().map(|sample| sample.of(report)).collect::<Vec<_>>();
        Metric { name, help, samples: reports.iter().flat_map(labeled).collect() }
    };
    vec![
        all("ece_check_run_info", "What was run: always 1.", run_info),
        all("ece_check_run_timestamp_seconds", "When the run started, in seconds since 1970 UTC.", started),
        all("ece_check_run_duration_seconds", "How long the run took.", |report| one(ms(report.run.duration_ms))),
        all(
            "ece_check_success",
            "1 for exit code 0 or 4: nothing failed that no waiver covers, nothing is inconclusive.",
            |report| one(f64::from(u8::from([0, 4].contains(&report.summary.exit_code)))),
        ),
        all("ece_check_exit_code", "The exit code of the run.", |report| one(f64::from(report.summary.exit_code))),
        all("ece_check_results", "How many results there are of each status.", numbers),
        all("ece_check_waived_results", "How many results a waiver keeps from counting as what they are.", waived),
        all("ece_check_result", "Each result: 0 passed, 1 warning, 2 failed, 3 inconclusive, -1 not run.", results),
        all("ece_check_cause", "How many failed or blocked results each cause explains.", causes),
        all(
            "ece_check_tls_earliest_cert_expiry_timestamp_seconds",
            "When the first certificate of a service expires.",
            certificates,
        ),
        all(
            "ece_check_client_secret_expiry_timestamp_seconds",
            "When ECE's client secret or certificate expires.",
            secrets,
        ),
        all(
            "ece_check_clock_offset_seconds",
            "How far the clock of this server is ahead of the servers' clocks.",
            clock,
        ),
        all("ece_check_addresses", "How many addresses of a service were tried.", |report| addresses(report, |_| true)),
        all("ece_check_addresses_reachable", "How many addresses of a service passed the whole test.", |report| {
            addresses(report, |attempt| attempt.failure.is_none())
        }),
        all("ece_check_probe_duration_seconds", "How long each test took.", durations),
        all(
            "ece_check_probe_phase_duration_seconds",
            "How long each phase of a test took at its slowest address.",
            phases,
        ),
    ]
}

impl Sample {
    fn new(labels: Vec<(&'static str, String)>, value: f64) -> Self {
        Self { labels, value }
    }

    fn of(mut self, report: &Report) -> Self {
        self.labels.insert(0, (SERVER, report.run.host.clone()));
        let site = words::site(report);
        if !site.is_empty() {
            self.labels.insert(0, ("site", site.to_owned()));
        }
        self
    }
}

fn one(value: f64) -> Vec<Sample> {
    vec![Sample::new(Vec::new(), value)]
}

#[expect(clippy::cast_precision_loss, reason = "times and counts of a run are far below 2^52")]
fn ms(ms: u64) -> f64 {
    ms as f64 / 1_000.0
}

#[expect(clippy::cast_precision_loss, reason = "no report holds 2^52 findings")]
fn number(number: usize) -> f64 {
    number as f64
}

fn run_info(report: &Report) -> Vec<Sample> {
    let run = &report.run;
    let labels = vec![
        ("run", run.id.clone()),
        ("role", run.role.clone()),
        ("cloud", run.cloud.clone()),
        ("case", run.case.clone().unwrap_or_default()),
        ("lab", run.lab.to_string()),
        ("version", report.tool.version.clone()),
        ("rules", report.tool.catalogue_date.clone()),
    ];
    vec![Sample::new(labels, 1.0)]
}

fn started(report: &Report) -> Vec<Sample> {
    timestamp(&report.run.started).map(one).unwrap_or_default()
}

/// A time in RFC 3339, or a day, in seconds since 1970.
#[expect(clippy::cast_precision_loss, reason = "the years 1 to 9999 are far below 2^52 seconds")]
fn timestamp(text: &str) -> Option<f64> {
    let day =
        || text.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|day| day.timestamp());
    text.parse::<jiff::Timestamp>().ok().or_else(day).map(|time| time.as_second() as f64)
}

fn numbers(report: &Report) -> Vec<Sample> {
    let summary = &report.summary;
    let counted = [
        (Status::Pass, summary.pass),
        (Status::Warn, summary.warn),
        (Status::Fail, summary.fail),
        (Status::Skip, summary.skip),
        (Status::Error, summary.error),
    ];
    counted.map(|(status, count)| Sample::new(vec![("status", words::status(status).to_owned())], number(count))).into()
}

fn waived(report: &Report) -> Vec<Sample> {
    one(number(report.findings.iter().filter(|finding| finding.is_waived()).count()))
}

fn results(report: &Report) -> Vec<Sample> {
    let sample = |finding: &crate::finding::Finding| {
        let value = match finding.status {
            Status::Pass => 0.0,
            Status::Warn => 1.0,
            Status::Fail => 2.0,
            Status::Error => 3.0,
            Status::Skip => -1.0,
        };
        let labels = vec![
            ("section", finding.section.to_string()),
            ("check", finding.check.to_string()),
            ("subject", finding.subject.to_string()),
            ("account", finding.account.as_ref().map(ToString::to_string).unwrap_or_default()),
            ("severity", words::name(finding.severity)),
        ];
        Sample::new(labels, value)
    };
    report.findings.iter().map(sample).collect()
}

fn causes(report: &Report) -> Vec<Sample> {
    let sample = |fix: &crate::finding::Remediation| {
        let labels = vec![
            ("cause", fix.cause.clone()),
            ("owner", words::name(fix.owner)),
            ("certainty", words::name(fix.certainty)),
        ];
        Sample::new(labels, number(fix.explains.len()))
    };
    report.summary.fix_first.iter().map(sample).collect()
}

/// The first certificate of each service to expire, of those that were seen.
fn certificates(report: &Report) -> Vec<Sample> {
    let mut earliest: BTreeMap<&str, f64> = BTreeMap::new();
    for look in report.looks.iter().filter(|look| !look.beside) {
        for value in values(look, tls::NOT_AFTER.name()) {
            if let Some(at) = text(&value).and_then(timestamp) {
                let known = earliest.entry(look.subject.as_str()).or_insert(at);
                *known = known.min(at);
            }
        }
    }
    earliest.into_iter().map(|(subject, at)| Sample::new(vec![("subject", subject.to_owned())], at)).collect()
}

fn text(value: &Value) -> Option<&str> {
    if let Value::Text(text) = value { Some(text) } else { None }
}

fn secrets(report: &Report) -> Vec<Sample> {
    let ends = report.looks.iter().flat_map(|look| values(look, directory::ENDS.name()));
    ends.filter_map(|value| text(&value).and_then(timestamp)).map(|at| Sample::new(Vec::new(), at)).take(1).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a clock that is 285,000 years off is off")]
fn clock(report: &Report) -> Vec<Sample> {
    report.run.clock_offset_ms.map(|offset| one(offset as f64 / 1_000.0)).unwrap_or_default()
}

fn probe_labels(look: &Observation) -> Vec<(&'static str, String)> {
    let route = if look.beside { "other" } else { "in force" };
    vec![("probe", look.probe.clone()), ("subject", look.subject.to_string()), ("route", route.to_owned())]
}

fn addresses(report: &Report, counts: fn(&crate::evidence::Attempt) -> bool) -> Vec<Sample> {
    let with_addresses = report.looks.iter().filter(|look| !look.attempts.is_empty());
    let sample = |look: &Observation| {
        Sample::new(probe_labels(look), number(look.attempts.iter().filter(|attempt| counts(attempt)).count()))
    };
    with_addresses.map(sample).collect()
}

fn durations(report: &Report) -> Vec<Sample> {
    let made = report.looks.iter().filter(|look| look.duration_ms > 0.0);
    made.map(|look| Sample::new(probe_labels(look), rounded(look.duration_ms))).collect()
}

/// Milliseconds as seconds, to the millisecond.
fn rounded(ms: f64) -> f64 {
    ms.round() / 1_000.0
}

fn phases(report: &Report) -> Vec<Sample> {
    let mut samples = Vec::new();
    for look in &report.looks {
        let timings = look.timings.iter().chain(look.attempts.iter().flat_map(|attempt| &attempt.timings));
        let mut slowest: Vec<(String, f64)> = Vec::new();
        for timing in timings {
            let phase = words::name(timing.name);
            match slowest.iter_mut().find(|(known, _)| *known == phase) {
                Some((_, ms)) => *ms = ms.max(timing.ms),
                None => slowest.push((phase, timing.ms)),
            }
        }
        for (phase, ms) in slowest {
            let labels = probe_labels(look).into_iter().chain([("phase", phase)]).collect();
            samples.push(Sample::new(labels, rounded(ms)));
        }
    }
    samples
}

/// No two samples of a metric may have the same labels: those that would are numbered.
fn unique(samples: Vec<Sample>) -> Vec<Sample> {
    let mut known: HashMap<Vec<String>, usize> = HashMap::new();
    let mut taken: BTreeSet<Vec<String>> = BTreeSet::new();
    let mut kept = Vec::new();
    for mut sample in samples {
        let key: Vec<String> = sample.labels.iter().map(|(_, value)| escaped(value)).collect();
        let times = known.entry(key.clone()).or_insert(0);
        *times += 1;
        if *times > 1 {
            sample.labels.push(("number", times.to_string()));
        }
        if taken.insert(sample.labels.iter().map(|(_, value)| escaped(value)).collect()) {
            kept.push(sample);
        }
    }
    kept
}

/// The value of a label: backslash, quote and line feed are escaped.
fn escaped(text: &str) -> String {
    harmless::line(text, LONGEST).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_days_are_seconds() {
        assert_eq!(timestamp("1970-01-02"), Some(86_400.0));
        assert_eq!(timestamp("1970-01-01T00:01:00Z"), Some(60.0));
        assert_eq!(timestamp("never"), None);
    }

    #[test]
    fn samples_with_the_same_labels_are_numbered() {
        let sample = || Sample::new(vec![("a", "x".to_owned())], 1.0);
        let kept = unique(vec![sample(), sample()]);
        assert_eq!((kept.len(), kept[1].labels.len()), (2, 2));
    }

    #[test]
    fn values_of_labels_end_where_they_should() {
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\\\nd");
    }
}
