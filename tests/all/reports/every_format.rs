//! Every finding is in every format, and nothing is said that the report does not say.

use boon::{Compiler, Schemas};
use ece_check::{
    finding::{Finding, Report, SkipReason, Status, Summary},
    report::{Format, Style, Unreadable, Verbosity, parse, render, schema},
};

use super::{golden, style, verbosity};

const STATUSES: [Status; 5] = [Status::Pass, Status::Warn, Status::Fail, Status::Skip, Status::Error];

fn text(report: &Report) -> String {
    render(report, Format::Text, &style(80))
}

/// The golden report with every finding as `change` leaves it.
fn with(change: impl Fn(&mut Finding)) -> Report {
    let mut report = golden();
    report.findings.iter_mut().for_each(change);
    report.summary = Summary::of(&report.findings, Vec::new(), false);
    report
}

fn healthy(finding: &mut Finding) {
    finding.status = Status::Pass;
    (finding.reason, finding.blocked_by) = (None, None);
    finding.causes.clear();
}

#[test]
fn the_golden_report_has_everything() {
    let report = golden();
    for status in STATUSES {
        assert!(report.findings.iter().any(|finding| finding.status == status), "{status:?}");
    }
    for reason in [SkipReason::Blocked, SkipReason::NeedsInput, SkipReason::NotApplicable, SkipReason::Waived] {
        assert!(report.findings.iter().any(|finding| finding.reason == Some(reason)), "{reason:?}");
    }
    let counted = Summary::of(&report.findings, report.summary.fix_first.clone(), false);
    assert_eq!(counted, report.summary, "its numbers are those that a run would give");
}

#[test]
fn every_check_is_named_in_every_format() {
    let report = golden();
    for format in [Format::Text, Format::Json, Format::Markdown, Format::Csv] {
        let rendered = render(&report, format, &verbosity(Verbosity::Verbose));
        for finding in &report.findings {
            assert!(rendered.contains(finding.check.as_str()), "{} in {format:?}", finding.check);
        }
    }
}

#[test]
fn quiet_tells_what_is_not_well_and_counts_the_rest() {
    let report = golden();
    let quiet = render(&report, Format::Text, &verbosity(Verbosity::Quiet));
    let is_seen = |status| !matches!(status, Status::Pass | Status::Skip);
    for finding in report.findings.iter().filter(|finding| is_seen(finding.status)) {
        assert!(quiet.contains(finding.check.as_str()), "{}", finding.check);
    }
    assert!(quiet.contains("18 not run (6 blocked"), "{quiet}");
    assert!(!quiet.lines().any(|line| line.starts_with(['\u{221a}', '-']) && !line.starts_with("--")), "{quiet}");
    assert!(!quiet.contains("rules dated"), "{quiet}");
}

#[test]
fn verbose_has_a_line_for_every_finding() {
    let text = render(&golden(), Format::Text, &verbosity(Verbosity::Verbose));
    for (mark, status) in ["\u{221a} ", "\u{203c} ", "\u{d7} ", "- ", "? "].into_iter().zip(STATUSES) {
        let lines = text.lines().filter(|line| line.starts_with(mark)).count();
        assert_eq!(lines, golden().findings.iter().filter(|finding| finding.status == status).count(), "{status:?}");
    }
}

#[test]
fn the_numbers_add_up_in_text() {
    let text = text(&golden()).replace('\n', " ");
    let line = &text[text.find(" checks: ").expect("a line of numbers")..];
    let line = &line[..line.find(" inconclusive").expect("and how many are inconclusive")];
    let open = line.find('(').expect("the skips are broken down");
    let skips = &line[open..=line.find(')').expect("the bracket is closed")];
    let sum = |text: &str| -> usize { text.split([' ', '(', ')']).filter_map(|word| word.parse::<usize>().ok()).sum() };
    assert_eq!(sum(line) - sum(skips), golden().summary.planned);
    assert_eq!(sum(skips), golden().summary.skip);
}

#[test]
fn the_numbers_add_up_in_markdown() {
    let markdown = render(&golden(), Format::Markdown, &style(80));
    let row = markdown.lines().skip_while(|line| !line.starts_with("| checks")).nth(2).expect("a row of numbers");
    let numbers: Vec<usize> = row.split('|').filter_map(|cell| cell.trim().parse().ok()).collect();
    assert_eq!(numbers[0], numbers[1..].iter().sum::<usize>());
    assert_eq!(numbers[0], golden().findings.len());
    for finding in golden().findings.iter().filter(|finding| finding.status != Status::Pass) {
        let status = format!("| {} |", serde_json::json!(finding.status).as_str().expect("a word"));
        let of_status = |line: &&str| line.starts_with(&status);
        let (check, subject) = (format!("`{}`", finding.check), format!("`{}`", finding.subject));
        let tells = |line: &str| line.contains(&check) && line.contains(&subject);
        assert!(markdown.lines().filter(of_status).any(tells), "{check} {subject} in {markdown}");
    }
}

#[test]
fn csv_has_a_row_for_every_finding() {
    let csv = render(&golden(), Format::Csv, &style(80));
    let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<::csv::StringRecord> = reader.records().map(|row| row.expect("CSV")).collect();
    assert_eq!(rows.len(), golden().findings.len());
    for (row, finding) in rows.iter().zip(golden().findings) {
        assert_eq!(&row[0], finding.check);
        assert_eq!(serde_json::json!(&row[3]), serde_json::json!(finding.status));
    }
}

#[test]
fn json_there_and_back() {
    let json = render(&golden(), Format::Json, &style(80));
    assert_eq!(parse(&json).expect("our own JSON"), golden());
    assert_eq!(parse(&format!("\u{feff}{json}")).expect("as PowerShell saves it"), golden());
}

#[test]
fn a_report_from_before_the_host_said_more() {
    let mut json: serde_json::Value = serde_json::from_str(include_str!("golden.json")).expect("JSON");
    let run = json["run"].as_object_mut().expect("a run");
    for later in ["utc_offset_minutes", "ipv6", "dns_suffixes", "proxy_script", "firewall", "ece_home"] {
        run.remove(later).expect("the golden report has it");
    }
    let report = parse(&json.to_string()).expect("an older report");
    let text = text(&report);
    assert!(text.contains("direct (no proxy)\n") && !text.contains("UTC+"), "{text}");
}

#[test]
fn json_is_what_the_schema_says() {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    compiler.add_resource("memory:report", schema).expect("a schema");
    let report = compiler.compile("memory:report", &mut schemas).expect("a schema");
    let mut json: serde_json::Value =
        serde_json::from_str(&render(&golden(), Format::Json, &style(80))).expect("our own JSON");
    schemas.validate(&json, report).expect("the golden report keeps to the schema");
    json["findings"][0]["status"] = "fine".into();
    schemas.validate(&json, report).expect_err("a status that does not exist");
}

#[test]
fn all_is_well() {
    let text = text(&with(healthy));
    assert!(text.ends_with("\nAll checks passed.\n"), "{text}");
    assert!(!text.contains("Recommended actions"), "{text}");
}

#[test]
fn well_as_far_as_was_looked() {
    let report = with(|finding| {
        if finding.status != Status::Skip {
            healthy(finding);
        }
    });
    let text = text(&report);
    assert!(text.contains("No problems found. 18 checks were not run"), "{text}");
}

#[test]
fn not_judged_is_not_proved_healthy() {
    let report = with(|finding| {
        healthy(finding);
        if finding.check == "https.clock" {
            finding.status = Status::Error;
        }
    });
    let text = text(&report);
    assert!(text.ends_with("Inconclusive: no check failed, but 1 check could not be completed.\n"), "{text}");
}

#[test]
fn nothing_seen_is_not_proved_healthy() {
    let mut report = golden();
    report.findings.clear();
    report.summary = Summary::default();
    let text = text(&report);
    assert!(text.ends_with("Inconclusive: no check failed, but no check could be completed.\n"), "{text}");
}

#[test]
fn a_failure_without_a_cause() {
    let text = text(&with(|finding| finding.causes.clear()));
    assert!(text.ends_with("No known cause matches. See the failed checks above.\n"), "{text}");
}

#[test]
fn one_cause_behind_many_findings_is_told_once() {
    let mut report = golden();
    let [fix, ..] = report.summary.fix_first.as_slice() else { panic!("the golden report has causes") };
    let (title, cause) = (fix.title.clone(), report.findings.iter().find_map(|f| f.causes.first()).cloned());
    let named = |known| ece_check::finding::NamedCause { cause: fix.cause.clone(), title: title.clone(), ..known };
    let cause = cause.map(named);
    for finding in &mut report.findings {
        healthy(finding);
        (finding.status, finding.causes) = (Status::Fail, cause.clone().into_iter().collect());
        finding.found = format!("seen at {}", finding.subject).into();
    }
    let text = render(&report, Format::Text, &style(120));
    assert_eq!(text.matches(&title).count(), 3, "in the verdict, in the first finding and in its action: {text}");
    assert_eq!(text.matches("same cause (confirmed), see action 1").count(), report.findings.len() - 1);
}

#[test]
fn the_lab_is_never_taken_for_microsoft() {
    let mut report = golden();
    report.run.lab = true;
    for level in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
        let text = render(&report, Format::Text, &verbosity(level));
        assert!(text.contains("LAB MODE: simulated Microsoft 365"), "{text}");
    }
    assert!(render(&report, Format::Markdown, &style(80)).contains("LAB MODE: simulated Microsoft 365"));
    assert!(!text(&golden()).contains("LAB"));
}

#[test]
fn an_interrupted_run_says_so() {
    let mut report = golden();
    report.run.interrupted = true;
    assert!(text(&report).contains("INTERRUPTED"));
    assert!(render(&report, Format::Markdown, &style(80)).contains("INTERRUPTED"));
}

#[test]
fn places_that_do_not_exist() {
    let mut report = golden();
    for (number, finding) in report.findings.iter_mut().enumerate() {
        (finding.look, finding.blocked_by) = (Some(usize::MAX), Some(if number == 0 { usize::MAX } else { number }));
    }
    report.findings[1].blocked_by = Some(2);
    report.findings[2].blocked_by = Some(1);
    report.summary.fix_first[0].explains = vec![usize::MAX, 0];
    for format in [Format::Text, Format::Json, Format::Markdown, Format::Csv] {
        for level in [Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose] {
            assert!(!render(&report, format, &verbosity(level)).is_empty());
        }
    }
}

#[test]
fn colour_changes_no_word() {
    let report = golden();
    let colourful = render(&report, Format::Text, &Style { colour: true, ..style(80) });
    let mut plain = String::new();
    for piece in colourful.split("\x1b[") {
        let text = piece.split_once('m').filter(|(code, _)| code.bytes().all(|b| b.is_ascii_digit() || b == b';'));
        plain.push_str(text.map_or(piece, |(_, text)| text));
    }
    assert_eq!(plain, text(&report));
    assert_ne!(colourful, plain);
}

#[test]
fn a_report_of_a_later_shape() {
    let mut report = golden();
    report.schema_version = 3;
    let error = parse(&render(&report, Format::Json, &style(80))).expect_err("a later shape");
    assert!(matches!(error, Unreadable::OtherShape { found: 3 }), "{error}");
}
