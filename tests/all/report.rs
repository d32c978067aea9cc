//! The JSON report of real runs: it keeps to its schema, its numbers agree, and it survives being saved.

use boon::{Compiler, Schemas};
use ece_check::{
    command::placeholders,
    finding::{Report, SkipReason, Status},
};

use crate::program::{Place, call};

/// The healthy lab, and faults of every layer and status.
const RUNS: &[&str] = &[
    "",
    "cert-expired.some",
    "client-clock-skew",
    "dns-nxdomain.everything",
    "dns-unpublished-address",
    "ece-web-error",
    "imap-xoauth2-not-offered.escape-sequences",
    "server-reply-malformed.endless-line",
    "port-refused",
    "starttls-injection",
    "tenant-not-found,imap-xoauth2-not-offered",
];

#[test]
fn every_run_keeps_to_the_schema_and_its_numbers_agree() {
    let schema = serde_json::from_str(&call(&["report", "--schema"]).stdout).expect("the schema is JSON");
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("memory:report", schema).expect("a schema");
    let schema = compiler.compile("memory:report", &mut schemas).expect("a schema");
    for faults in RUNS {
        let outcome = call(&["run", &format!("--lab={faults}"), "-o", "json"]);
        let json = serde_json::from_str(&outcome.stdout).expect("JSON");
        schemas.validate(&json, schema).unwrap_or_else(|error| panic!("{faults}: {error}"));
        agrees(&outcome.report());
        assert_eq!(outcome.code, Some(outcome.report().summary.exit_code.into()), "{faults}");
    }
}

fn agrees(report: &Report) {
    let summary = &report.summary;
    let all = summary.pass + summary.warn + summary.fail + summary.skip + summary.error;
    assert_eq!((all, summary.planned), (report.findings.len(), report.findings.len()));
    for (at, finding) in report.findings.iter().enumerate() {
        assert_eq!(finding.status == Status::Skip, finding.reason.is_some(), "{finding:#?}");
        assert_eq!(finding.reason == Some(SkipReason::Blocked), finding.blocked_by.is_some(), "{finding:#?}");
        assert!(finding.blocked_by.is_none_or(|by| by != at && by < report.findings.len()), "{finding:#?}");
        assert!(finding.look.is_none_or(|look| look < report.looks.len()), "{finding:#?}");
        let impact = !finding.means.is_empty();
        assert!(
            if impact { matches!(finding.status, Status::Fail | Status::Warn) } else { finding.status != Status::Fail },
            "{finding:#?}"
        );
    }
    for fix in &summary.fix_first {
        assert!(!fix.explains.is_empty() && fix.explains.iter().all(|at| *at < report.findings.len()), "{fix:#?}");
        let commands = fix.commands.iter().map(|command| &command.text);
        for text in [&fix.title, &fix.fix].into_iter().chain(commands) {
            assert_eq!(placeholders(text).next(), None, "a placeholder was left in {text}");
        }
    }
}

#[test]
fn saved_report_comes_back_the_same() {
    let place = Place::new();
    for faults in ["", "dns-sinkhole.login", "imap-xoauth2-not-offered.escape-sequences"] {
        let run = place.call(&["run", &format!("--lab={faults}"), "-o", "json"]);
        place.write("saved.json", &run.stdout);
        let again = place.call(&["report", "saved.json", "-o", "json"]);
        assert_eq!(again.stdout, run.stdout, "{faults}");
        assert_eq!(again.code, run.code, "the exit code is that of the run");
    }
}

#[test]
fn saved_report_in_every_format_names_every_check() {
    let place = Place::new();
    let run = place.call(&["run", "--lab=port-refused", "-o", "json"]);
    place.write("saved.json", &run.stdout);
    for format in ["text", "json", "markdown", "csv"] {
        // without --verbose a section without a problem is one line of text
        let shown = place.call(&["report", "saved.json", "-v", "-o", format]);
        assert_eq!(shown.code, Some(1), "{format}");
        for finding in run.report().findings {
            assert!(shown.stdout.contains(&finding.check), "{} is missing in {format}", finding.check);
        }
    }
}

#[test]
fn what_is_no_report_is_refused() {
    let place = Place::new();
    place.call(&["report", "missing.json"]).refused("missing.json");
    for (text, says) in [
        ("", "not JSON"),
        ("{\n\"a\": ]", "line 2"),
        ("{}", "not a report"),
        ("{\"schema_version\": 9}", "schema_version 9"),
    ] {
        place.write("bad.json", text);
        place.call(&["report", "bad.json"]).refused(says);
    }
}
