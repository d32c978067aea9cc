//! One report, every format: none says anything else than the others, and each is read by a parser that is not ours.

use std::collections::BTreeMap;

use ece_check::{
    finding::{Certainty, Finding, NamedCause, Owner, Remediation, Report, Severity, SkipReason, Status, Summary},
    report::{Format, Style, Verbosity, nagios, owner, parse, render},
};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser};
use roxmltree::{Document, Node};
use serde_json::Value;

use super::{finding, golden};

const CHECKS: [&str; 6] = ["tcp.opens", "tls.trusted", "smtp.sign-in", "imap.sign-in", "token.issued", "dns.resolves"];
const SUBJECTS: [&str; 6] =
    ["a@example.com", "b@example.com", "x|y@example.com", "outlook.office365.com:993", "<b>&\"'", "名@example.com"];
const CAUSES: [(&str, Owner); 4] = [
    ("port-blocked", Owner::Network),
    ("client-secret-expired", Owner::Entra),
    ("smtp-auth-disabled-mailbox", Owner::Exchange),
    ("ece-web-error", Owner::Ece),
];
const STATUSES: [Status; 5] = [Status::Pass, Status::Warn, Status::Fail, Status::Skip, Status::Error];
const REASONS: [SkipReason; 2] = [SkipReason::NeedsInput, SkipReason::NotApplicable];

fn word(status: Status) -> String {
    serde_json::to_value(status).expect("a word").as_str().expect("a text").to_owned()
}

/// A finding of each check and subject that is drawn, once, with a cause where it is not well.
fn report(drawn: &[(usize, usize, usize, usize)]) -> Report {
    let mut findings: Vec<Finding> = Vec::new();
    for (check, subject, status, cause) in drawn {
        let (check, subject, status) = (CHECKS[check % 6], SUBJECTS[subject % 6], STATUSES[status % 5]);
        if findings.iter().any(|known| known.check == check && known.subject == subject) {
            continue;
        }
        let mut drawn = finding(check, subject, status);
        drawn.found = format!("seen: {check} at {subject}").into();
        drawn.severity = Some(Severity::StopsMail);
        if status == Status::Skip {
            drawn.reason = Some(REASONS[cause % 2]);
        }
        if matches!(status, Status::Warn | Status::Fail) {
            drawn.causes.push(NamedCause {
                cause: CAUSES[cause % 4].0.to_owned(),
                title: String::new(),
                certainty: Certainty::Likely,
                because: Vec::new(),
                evidence: Vec::new(),
            });
        }
        findings.push(drawn);
    }
    let fix = |(cause, owner): &(&str, Owner)| Remediation {
        cause: (*cause).to_owned(),
        title: format!("What {cause} is called"),
        certainty: Certainty::Likely,
        owner: *owner,
        fix: format!("Fix {cause}."),
        command: None,
        commands: Vec::new(),
        takes: "at once".to_owned(),
        sources: Vec::new(),
        explains: (0..findings.len()).filter(|at| findings[*at].causes.iter().any(|one| one.cause == *cause)).collect(),
    };
    let fixes: Vec<Remediation> = CAUSES.iter().map(fix).filter(|fix| !fix.explains.is_empty()).collect();
    let summary = Summary::of(&findings, fixes, false);
    Report { findings, summary, looks: Vec::new(), ..golden() }
}

fn owner_of(report: &Report, cause: &str) -> &'static str {
    report.summary.fix_first.iter().find(|fix| fix.cause == cause).map_or("", |fix| owner(fix.owner))
}

fn in_csv(report: &Report) -> Result<(), TestCaseError> {
    let csv = render(report, Format::Csv, &Style::of_file(Verbosity::Normal));
    let mut reader = ::csv::Reader::from_reader(csv.as_bytes());
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(|row| row.expect("a row")).collect();
    prop_assert_eq!(rows.len(), report.summary.planned);
    for (row, finding) in rows.iter().zip(&report.findings) {
        let cause = finding.causes.first().map_or("", |cause| cause.cause.as_str());
        let told = [&row["check"], &row["subject"], &row["status"], &row["cause"], &row["owner"]];
        let status = word(finding.status);
        let expected = [finding.check.as_str(), finding.subject.as_str(), &status, cause, owner_of(report, cause)];
        let expected = expected.map(str::to_owned);
        prop_assert_eq!(told, expected.each_ref());
    }
    Ok(())
}

fn in_junit(report: &Report) -> Result<(), TestCaseError> {
    let xml = render(report, Format::Junit, &Style::of_file(Verbosity::Normal));
    let document = Document::parse(&xml).expect("XML");
    let root = document.root_element();
    let number = |node: Node<'_, '_>, name: &str| node.attribute(name).and_then(|text| text.parse::<usize>().ok());
    prop_assert_eq!(number(root, "tests"), Some(report.summary.planned));
    prop_assert_eq!(number(root, "failures"), Some(report.summary.fail));
    prop_assert_eq!(number(root, "errors"), Some(report.summary.error));
    let cases: Vec<Node<'_, '_>> = root.descendants().filter(|node| node.has_tag_name("testcase")).collect();
    prop_assert_eq!(cases.len(), report.summary.planned);
    for finding in &report.findings {
        let is_of = |case: &&Node<'_, '_>| {
            let named = case.attribute("name").is_some_and(|name| name.ends_with(&format!(": {}", finding.subject)));
            named && case.attribute("classname") == Some(&finding.check)
        };
        let case = cases.iter().find(is_of).expect("a case for every finding");
        let child = case.children().find(Node::is_element);
        let element = match finding.status {
            Status::Pass => None,
            Status::Warn => Some("system-out"),
            Status::Fail => Some("failure"),
            Status::Error => Some("error"),
            Status::Skip => Some("skipped"),
        };
        prop_assert_eq!(child.map(|child| child.tag_name().name()), element);
        for cause in &finding.causes {
            let body = child.and_then(|child| child.text()).unwrap_or_default();
            prop_assert!(body.contains(&cause.cause) && body.contains(owner_of(report, &cause.cause)), "{}", body);
        }
    }
    Ok(())
}

/// The rows of a Prometheus text: name, labels, value. The text format has no nested form.
fn samples(text: &str) -> Vec<(String, String, f64)> {
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    let row = |line: &str| {
        let (series, value) = line.rsplit_once(' ').expect("a value");
        let (name, labels) = series.split_once('{').expect("labels");
        (name.to_owned(), labels.trim_end_matches('}').to_owned(), value.parse().expect("a number"))
    };
    rows.map(row).collect()
}

fn in_prometheus(report: &Report) -> Result<(), TestCaseError> {
    let samples = samples(&render(report, Format::Prometheus, &Style::of_file(Verbosity::Normal)));
    let results: Vec<_> = samples.iter().filter(|(name, ..)| name == "ece_check_result").collect();
    prop_assert_eq!(results.len(), report.summary.planned);
    for finding in &report.findings {
        let subject = finding.subject.as_str().replace('\\', "\\\\").replace('"', "\\\"");
        let labels = format!("check=\"{}\",subject=\"{subject}\"", finding.check);
        let value = match finding.status {
            Status::Pass => 0.0,
            Status::Warn => 1.0,
            Status::Fail => 2.0,
            Status::Error => 3.0,
            Status::Skip => -1.0,
        };
        prop_assert!(
            results.iter().any(|(_, told, is)| told.contains(&labels) && (*is - value).abs() < 0.1),
            "{}",
            labels
        );
    }
    let failed = samples.iter().find(|(name, labels, _)| name == "ece_check_results" && labels.contains("\"fail\""));
    prop_assert_eq!(failed.map(|(.., value)| value.to_string()), Some(report.summary.fail.to_string()));
    Ok(())
}

fn in_nagios(report: &Report) -> Result<(), TestCaseError> {
    let text = render(report, Format::Nagios, &Style::of_file(Verbosity::Normal));
    let first = text.lines().next().expect("a line");
    let (said, data) = first.split_once('|').expect("performance data");
    prop_assert!(said.starts_with(&format!("ECE-CHECK {} - ", nagios::State::of(report).word())), "{}", first);
    prop_assert!(!text.lines().skip(1).any(|line| line.contains('|')) && !data.contains('|'), "{}", text);
    for (label, number) in [("failed", report.summary.fail), ("passed", report.summary.pass)] {
        prop_assert!(data.contains(&format!("{label}={number};")), "{}", data);
    }
    let bad = report.findings.iter().filter(|one| !matches!(one.status, Status::Pass | Status::Skip));
    for finding in bad.filter(|_| !text.contains(" more: see the full report")) {
        let begins = format!("{} {} {}", word(finding.status).to_uppercase(), finding.check, finding.subject);
        let begins = begins.replace('|', "\\x7c");
        let line = text.lines().find(|line| line.starts_with(&begins));
        let cause = finding.causes.first().map_or("", |cause| cause.cause.as_str());
        prop_assert!(
            line.is_some_and(|line| line.contains(cause) && line.contains(owner_of(report, cause))),
            "{}",
            text
        );
    }
    Ok(())
}

/// Entities of a page as the characters that they stand for.
fn plain(html: &str) -> String {
    let mut plain = String::new();
    let mut rest = html;
    while let Some((before, after)) = rest.split_once("&#x") {
        plain.push_str(before);
        let (code, after) = after.split_once(';').expect("a reference ends");
        plain.push(u32::from_str_radix(code, 16).ok().and_then(char::from_u32).expect("a character"));
        rest = after;
    }
    plain.push_str(rest);
    plain.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn in_html(report: &Report) -> Result<(), TestCaseError> {
    let html = render(report, Format::Html, &Style::of_file(Verbosity::Normal));
    prop_assert!(html.is_ascii());
    let summary = &report.summary;
    for (status, number) in [("fail", summary.fail), ("pass", summary.pass), ("skip", summary.skip)] {
        let none = if number == 0 { " none" } else { "" };
        prop_assert!(html.contains(&format!("<li class=\"{status}{none}\"><b>{number}</b>")), "{}", status);
    }
    let items: Vec<String> = html.split("<details class=\"item ").skip(1).map(plain).collect();
    for finding in &report.findings {
        let (status, check) = (word(finding.status), format!("<code class=\"check\">{}</code>", finding.check));
        let tells = |item: &&String| {
            item.starts_with(&status) && item.contains(&check) && item.contains(finding.subject.as_str())
        };
        let item = items.iter().find(tells);
        prop_assert!(item.is_some(), "{} {} {}", status, finding.check, finding.subject);
        for cause in &finding.causes {
            let item = item.map_or("", String::as_str);
            prop_assert!(item.contains(&format!("What {} is called", cause.cause)), "{}", item);
            prop_assert!(item.contains(owner_of(report, &cause.cause)), "{}", item);
        }
    }
    Ok(())
}

fn in_markdown(report: &Report) -> Result<(), TestCaseError> {
    let markdown = render(report, Format::Markdown, &Style::of_file(Verbosity::Normal));
    let events = Parser::new_ext(&markdown, Options::ENABLE_TABLES);
    let codes: Vec<String> =
        events.filter_map(|event| if let Event::Code(text) = event { Some(text.to_string()) } else { None }).collect();
    for finding in &report.findings {
        prop_assert!(
            codes.iter().any(|code| *code == finding.check) && codes.contains(&finding.subject.to_string()),
            "{}",
            markdown
        );
        for cause in &finding.causes {
            prop_assert!(codes.contains(&cause.cause) && markdown.contains(owner_of(report, &cause.cause)));
        }
    }
    Ok(())
}

/// The findings of a text: its marks, titles and names of checks stand on lines of their own, all else below them.
fn in_text(report: &Report) -> Result<(), TestCaseError> {
    let style = Style { width: 2_000, ..Style::of_file(Verbosity::Verbose) };
    let text = render(report, Format::Text, &style);
    let numbers = text.lines().find(|line| line.contains(" inconclusive.")).expect("a line of numbers");
    let summary = &report.summary;
    for told in [
        format!("{} passed", summary.pass),
        format!("{} failed", summary.fail),
        format!("{} not run", summary.skip),
        format!("{} inconclusive", summary.error),
    ] {
        prop_assert!(numbers.contains(&told), "{} in {}", told, numbers);
    }
    for finding in &report.findings {
        let mark = ["\u{221a} ", "\u{203c} ", "\u{d7} ", "- ", "? "]
            [STATUSES.iter().position(|one| *one == finding.status).unwrap_or(0)];
        let (begins, ends) = (format!("{mark}It works: {} ", finding.subject), format!(" [{}]", finding.check));
        let mut lines = text.lines().skip_while(|line| !(line.starts_with(&begins) && line.ends_with(&ends)));
        prop_assert!(lines.next().is_some(), "{}{} is not in {}", begins, ends, text);
        let below = lines.take_while(|line| line.starts_with(' ')).collect::<Vec<_>>().join("\n");
        for cause in &finding.causes {
            let (title, owner) = (format!("What {} is called", cause.cause), owner_of(report, &cause.cause));
            prop_assert!(below.contains(&title) && below.contains(owner), "{}", below);
            prop_assert!(text.contains(&format!("ece-check explain {}", cause.cause)), "{}", text);
        }
    }
    Ok(())
}

fn in_json(report: &Report) -> Result<(), TestCaseError> {
    let text = render(report, Format::Json, &Style::of_file(Verbosity::Normal));
    let json: Value = serde_json::from_str(&text).expect("JSON");
    prop_assert_eq!(json["findings"].as_array().map(Vec::len), Some(report.summary.planned));
    prop_assert_eq!(&parse(&text).expect("a report"), report);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_format_tells_the_same(drawn in prop::collection::vec((0_usize..6, 0_usize..6, 0_usize..5, 0_usize..4), 0..20)) {
        let report = report(&drawn);
        in_json(&report)?;
        in_text(&report)?;
        in_csv(&report)?;
        in_junit(&report)?;
        in_prometheus(&report)?;
        in_nagios(&report)?;
        in_html(&report)?;
        in_markdown(&report)?;
    }
}
