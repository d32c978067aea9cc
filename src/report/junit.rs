//! The report as JUnit XML, for build servers: one suite for each section, one case for each finding.
//!
//! In: one report or several. Out: XML as the Jenkins schema of JUnit files has it
//! (<https://github.com/jenkinsci/xunit-plugin>, `junit-10.xsd`). A failed check is a `failure`, one that could not be
//! judged an `error`, one that was not run or is waived `skipped`; a warning passes with its words in `system-out`, and is a
//! `failure` in a run with `--strict`. The reason is in the attribute and in the body: some readers show only one of them.

use quick_xml::{
    Writer,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
};

use super::{grouping, harmless, words};
use crate::finding::{Finding, Report, Status};

/// The longest text of one place, in characters.
const LONGEST: usize = 4_000;

/// The exit code of a run with `--strict` that saw warnings and no failure.
const STRICT: u8 = 4;

/// Writes the reports, the suites of each after those of the one before.
pub(super) fn render(reports: &[&Report]) -> String {
    let mut xml = Xml(Writer::new_with_indent(Vec::new(), b' ', 2));
    xml.write(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    let total = |count: fn(&Report) -> usize| reports.iter().map(|report| count(report)).sum::<usize>().to_string();
    let failures =
        reports.iter().map(|report| failures(report, &report.findings.iter().collect::<Vec<_>>())).sum::<usize>();
    let time: u64 = reports.iter().map(|report| report.run.duration_ms).sum();
    xml.open(
        "testsuites",
        &[
            ("name", "ece-check"),
            ("tests", &total(|report| report.findings.len())),
            ("failures", &failures.to_string()),
            ("errors", &total(|report| count(&report.findings, Status::Error))),
            ("time", &seconds(time)),
        ],
    );
    for report in reports {
        for (section, places) in grouping::sections(report) {
            let findings: Vec<&Finding> = places.iter().map(|place| &report.findings[*place]).collect();
            suite(&mut xml, report, words::section_title(section), &findings);
        }
    }
    xml.close("testsuites");
    xml.text_of()
}

fn suite(xml: &mut Xml, report: &Report, title: &str, findings: &[&Finding]) {
    let number = |status| findings.iter().filter(|finding| finding.status == status).count().to_string();
    let time: f64 = findings.iter().map(|finding| milliseconds(report, finding)).sum();
    xml.open(
        "testsuite",
        &[
            ("name", title),
            ("tests", &findings.len().to_string()),
            ("failures", &failures(report, findings).to_string()),
            ("errors", &number(Status::Error)),
            ("skipped", &number(Status::Skip)),
            ("time", &format!("{:.3}", time / 1_000.0)),
            ("timestamp", report.run.started.trim_end_matches('Z')),
            ("hostname", &report.run.host),
        ],
    );
    properties(xml, report);
    for finding in findings {
        case(xml, report, finding);
    }
    xml.close("testsuite");
}

fn properties(xml: &mut Xml, report: &Report) {
    let run = &report.run;
    let lab = if run.lab { words::LAB } else { "" };
    let known = [
        ("run", run.id.as_str()),
        ("site", words::site(report)),
        ("role", &run.role),
        ("cloud", &run.cloud),
        ("case", run.case.as_deref().unwrap_or_default()),
        ("rules", &report.tool.catalogue_date),
        ("version", &report.tool.version),
        ("lab", lab),
    ];
    xml.open("properties", &[]);
    for (name, value) in known.into_iter().filter(|(_, value)| !value.is_empty()) {
        xml.empty("property", &[("name", name), ("value", value)]);
    }
    xml.close("properties");
}

fn case(xml: &mut Xml, report: &Report, finding: &Finding) {
    let subject = words::subject(finding);
    let name = if subject.is_empty() { finding.title.to_string() } else { format!("{}: {subject}", finding.title) };
    let time = format!("{:.3}", milliseconds(report, finding) / 1_000.0);
    let attributes = [("classname", finding.check.as_str()), ("name", &name), ("time", &time)];
    let (message, body) = (message(finding), body(report, finding));
    let element = match finding.status {
        Status::Pass => return xml.empty("testcase", &attributes),
        Status::Warn if report.summary.exit_code != STRICT => {
            xml.open("testcase", &attributes);
            xml.element("system-out", &[], &format!("warning: {message}\n{body}"));
            return xml.close("testcase");
        }
        Status::Fail | Status::Warn => "failure",
        Status::Error => "error",
        Status::Skip => "skipped",
    };
    xml.open("testcase", &attributes);
    let kind = finding.causes.first().map_or("", |cause| cause.cause.as_str());
    let kind = if finding.status == Status::Skip { finding.reason.map_or("", words::reason) } else { kind };
    let mut attributes = vec![("message", message.as_str())];
    if !kind.is_empty() {
        attributes.push(("type", kind));
    }
    xml.element(element, &attributes, &body);
    xml.close("testcase");
}

/// Why a finding is not a pass, in one line.
fn message(finding: &Finding) -> String {
    let reason = finding.reason.map(|reason| format!("{}: ", words::reason(reason))).unwrap_or_default();
    let found = if finding.found.is_empty() { words::title(finding) } else { &finding.found };
    format!("{reason}{found}")
}

/// The same in full: what was seen and expected, the causes and who fixes them, what settles it.
fn body(report: &Report, finding: &Finding) -> String {
    let mut lines = vec![
        ("check", finding.check.to_string()),
        ("subject", finding.subject.to_string()),
        ("account", finding.account.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("found", finding.found.to_string()),
        ("trace", words::trace(report, finding).to_owned()),
        ("expected", finding.expected.to_string()),
        ("impact", finding.means.to_string()),
        ("severity", words::severity(finding.severity).to_owned()),
        ("waiver", words::waiver(finding)),
    ];
    for cause in &finding.causes {
        let fix = grouping::fix(report, finding, &cause.cause);
        let title = fix.map_or(cause.title.as_str(), |(_, fix)| &fix.title);
        lines.push(("cause", format!("{} ({}): {title}", cause.cause, words::certainty(cause.certainty))));
        if let Some((_, fix)) = fix {
            lines.push(("owner", words::owner(fix.owner).to_owned()));
            lines.push(("fix", fix.fix.clone()));
        }
    }
    lines.push(("verify", finding.next.as_ref().map(ToString::to_string).unwrap_or_default()));
    let lines = lines.into_iter().filter(|(_, text)| !text.is_empty());
    lines.map(|(label, text)| format!("{label}: {}", clean(&text))).collect::<Vec<_>>().join("\n")
}

fn failures(report: &Report, findings: &[&Finding]) -> usize {
    let strict = report.summary.exit_code == STRICT;
    findings.iter().filter(|one| one.status == Status::Fail || (strict && one.status == Status::Warn)).count()
}

fn count(findings: &[Finding], status: Status) -> usize {
    findings.iter().filter(|finding| finding.status == status).count()
}

/// How long the test took that a finding was judged by; findings of one test share it.
fn milliseconds(report: &Report, finding: &Finding) -> f64 {
    finding.look.and_then(|look| report.looks.get(look)).map_or(0.0, |look| look.duration_ms.clamp(0.0, 1e12))
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

/// A text without what XML 1.0 forbids (section 2.2): control characters are visible escapes already.
fn clean(text: &str) -> String {
    harmless::line(text, LONGEST).replace('\u{fffe}', "\\u{fffe}").replace('\u{ffff}', "\\u{ffff}")
}

/// XML under construction, in memory, which takes all that is written.
struct Xml(Writer<Vec<u8>>);

impl Xml {
    fn write(&mut self, event: Event<'_>) {
        self.0.write_event(event).expect("memory takes all that is written");
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(Event::Start(start(name, attributes)));
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(Event::Empty(start(name, attributes)));
    }

    fn close(&mut self, name: &str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    /// An element with a text of several lines, each of them harmless already.
    fn element(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) {
        self.open(name, attributes);
        self.write(Event::Text(BytesText::new(text)));
        self.close(name);
    }

    fn text_of(self) -> String {
        let mut text = String::from_utf8(self.0.into_inner()).expect("only text was written");
        text.push('\n');
        text
    }
}

fn start<'n>(name: &'n str, attributes: &[(&str, &str)]) -> BytesStart<'n> {
    let mut start = BytesStart::new(name);
    for (name, value) in attributes {
        start.push_attribute((*name, clean(value).as_str()));
    }
    start
}
