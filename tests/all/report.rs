//! The JSON report of real runs: it keeps to its schema, its numbers agree, and it survives being saved.

use std::{io::Write as _, process::Stdio};

use boon::{Compiler, Schemas};
use ece_check::{
    catalogue::Catalogue,
    command::{Shell, placeholders},
    finding::{NextStep, Report, SkipReason, Status},
    lab::{Lab, Settings},
};

use crate::program::{Place, call, wait};

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
    let catalogue = Catalogue::built_in();
    let summary = &report.summary;
    let all = summary.pass + summary.warn + summary.fail + summary.skip + summary.error;
    assert_eq!((all, summary.planned), (report.findings.len(), report.findings.len()));
    for (at, finding) in report.findings.iter().enumerate() {
        assert_eq!(finding.status == Status::Skip, finding.reason.is_some(), "{finding:#?}");
        assert_eq!(finding.reason == Some(SkipReason::Blocked), finding.blocked_by.is_some(), "{finding:#?}");
        assert!(finding.blocked_by.is_none_or(|by| by != at && by < report.findings.len()), "{finding:#?}");
        assert!(finding.look.is_none_or(|look| look < report.looks.len()), "{finding:#?}");
        let check = catalogue.check(&finding.check).expect("a check of the catalogue");
        assert_eq!((finding.section.as_str(), &finding.title), (check.section.name(), &check.title), "{finding:#?}");
        assert_eq!(
            (&finding.expected, finding.severity),
            (&check.words.expected, Some(check.severity)),
            "{finding:#?}"
        );
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
            assert!(shown.stdout.contains(finding.check.as_str()), "{} is missing in {format}", finding.check);
        }
    }
}

#[test]
fn what_is_no_report_is_refused() {
    let place = Place::new();
    place.call(&["report", "missing.json"]).refused("missing.json");
    for (text, says) in [
        ("", "is empty"),
        ("no report", "not JSON"),
        ("{\n\"a\": ]", "line 2"),
        ("{}", "not a report"),
        ("[{\"mail\": \"a\"}]", "no schema_version"),
        ("{\"schema_version\": 2, \"run\": \"x", "cut off"),
        ("{\"schema_version\": 9}", "schema_version 9"),
    ] {
        place.write("bad.json", text);
        place.call(&["report", "bad.json"]).refused(says);
    }
}

/// Commands have lines of their own, and none is cut, however long its site file is named.
#[test]
fn first_sentence_of_a_report_cuts_no_command() {
    let place = Place::new();
    let account = |name: &str| {
        format!(
            "[[account]]\nname = \"{name}\"\nsigns_in_as = \"{name}@acme.test\"\ninbound = \"imap\"\nmailboxes = \
             [\"{name}@acme.test\"]\n"
        )
    };
    let attested = "[[attestation]]\ncheck = \"mailbox.smtp-enabled\"\nsubject = \"sales@acme.test\"\nholds = true\nsaw = \
        \"admin center\"\nby = \"x\"\non = 2026-11-28\n";
    let file = "site-of-the-customer-in-the-second-data-center.toml";
    place.write(file, format!("{}{}{attested}", account("sales"), account("info")));
    let told = place.call(&["run", "--lab", "-c", file, "--only", "mailbox.smtp-enabled"]).stdout;
    let flat = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains("Not tested: mailbox.smtp-enabled: "), "{told}");
    assert!(flat.contains(&format!("evidence request -c {file} --for exchange")), "{told}");
    assert!(!flat.contains("more characters"), "{told}");
}

#[tokio::test]
async fn commands_of_our_own_name_the_site_file_that_the_run_was_given() {
    let settings = Settings { faults: vec!["token-wrong-audience".to_owned()], ..Settings::default() };
    let lab = Lab::start(&settings).await.expect("a lab");
    let place = Place::new();
    place.write("our site.toml", lab.deployment());
    let commands = |arguments: &[&str]| {
        let report = place.call(&[&["run", "--lab=token-wrong-audience", "-o", "json"], arguments].concat()).report();
        let actions = report.summary.fix_first.iter().flat_map(|fix| &fix.commands);
        let steps = report.findings.iter().flat_map(|finding| &finding.steps).filter_map(NextStep::command);
        let own = actions.chain(steps).filter(|command| command.shell == Shell::EceCheck);
        own.map(|command| command.text.clone()).collect::<Vec<_>>()
    };
    let named = commands(&["-c", "our site.toml"]);
    let shows =
        |flag: &str| named.iter().any(|text| text.starts_with(&format!("ece-check token show{flag} --account")));
    assert!(shows(" -c 'our site.toml'") && !shows(""), "{named:?}");
    let reads = |text: &&String| text.starts_with("ece-check run") || text.starts_with("ece-check evidence request");
    assert!(named.iter().filter(reads).all(|text| text.contains(" -c 'our site.toml'")), "{named:?}");
    assert!(commands(&[]).iter().all(|text| !text.contains(" -c ")));
    let report = place.call(&["run", "--lab=token-wrong-audience", "-c", "our site.toml", "-o", "json"]).stdout;
    place.write("named.json", report);
    let hidden = place.call(&["report", "named.json", "--redact", "names", "-o", "json"]).stdout;
    assert!(!hidden.contains("our site.toml") && hidden.contains("-c '<site file>'"), "{hidden}");
}

#[test]
fn refusals_of_entra_are_told_with_the_ids_that_its_logs_know_in_every_format() {
    let place = Place::new();
    let run = place.call(&["run", "--lab=client-secret-expired", "-o", "json"]);
    place.write("saved.json", &run.stdout);
    let report = run.report();
    let traces: Vec<&str> = report.looks.iter().filter_map(|look| look.failure.as_ref()?.trace.as_deref()).collect();
    assert!(!traces.is_empty(), "{report:#?}");
    for format in ["text", "json", "markdown", "csv", "junit", "html"] {
        let shown = place.call(&["report", "saved.json", "-v", "-o", format]).stdout;
        let id = traces[0].split([' ', ',']).nth(2).expect("Trace ID: ID");
        assert!(shown.contains(id), "{format} has no {id}");
    }
}

#[test]
fn report_comes_through_a_pipe() {
    let place = Place::new();
    let run = place.call(&["run", "--lab=port-refused", "-o", "json"]);
    for arguments in [&["report", "-", "-o", "json"] as &[&str], &["judge", "-", "-o", "json"]] {
        let mut child = place.command(arguments).stdin(Stdio::piped()).spawn().expect("the program starts");
        child.stdin.take().expect("a pipe").write_all(run.stdout.as_bytes()).expect("it reads");
        let shown = wait(child);
        assert_eq!(shown.report().findings, run.report().findings, "{arguments:?}: {shown:#?}");
    }
    place.call(&["report", "-"]).refused("-: ");
}

#[test]
fn exit_code_is_counted_and_not_taken_from_the_file() {
    let place = Place::new();
    let healthy = place.call(&["run", "--lab", "-o", "json"]).stdout;
    let failed = place.call(&["run", "--lab=port-refused", "-o", "json"]).stdout;
    for (text, code) in [(healthy, 0), (failed, 1)] {
        let mut report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for claimed in [0, 70, 255] {
            report["summary"]["exit_code"] = claimed.into();
            place.write("saved.json", report.to_string());
            assert_eq!(place.call(&["report", "saved.json"]).code, Some(code), "{claimed}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_no_success() {
    let place = Place::new();
    let run = place.call(&["run", "--lab", "-o", "json"]).stdout;
    place.write("saved.json", run);
    for arguments in [
        &["--help"] as &[&str],
        &["--version"],
        &["run", "--help"],
        &["list"],
        &["report", "saved.json"],
        &["report", "saved.json", "-o", "json"],
        &["explain", "smtp-auth-disabled"],
        &["run", "--lab", "--only", "dns", "-o", "json"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("Linux has it");
        let outcome = wait(place.command(arguments).stdout(full).spawn().expect("the program starts"));
        assert_eq!(outcome.code, Some(2), "{arguments:?}: {outcome:#?}");
    }
}

#[test]
fn two_outputs_are_not_written_into_one_file() {
    let place = Place::new();
    let run = ["run", "--lab", "--only", "dns"];
    for more in [
        &["--report", "json=a", "--report", "csv=a"] as &[&str],
        &["--report", "json=a", "--report", "csv=./a"],
        &["--report", "json=a", "--transcript", "a"],
    ] {
        place.call(&[&run, more].concat()).refused("is named for two outputs");
        assert!(!place.path().join("a").exists(), "{more:?}");
    }
    let apart = place.call(&[&run[..], &["--report", "json=a", "--report", "csv=b"]].concat());
    assert_eq!(apart.code, Some(0), "{apart:#?}");
}

#[test]
fn flags_of_an_earlier_report_are_still_read() {
    let place = Place::new();
    let run = place.call(&["run", "--lab", "--only", "dns", "-o", "json"]).stdout;
    for earlier in ["nobody", "user"] {
        let mut report: serde_json::Value = serde_json::from_str(&run).expect("JSON");
        report["run"]["flags"]["webex_connect"] = earlier.into();
        place.write("earlier.json", report.to_string());
        assert_eq!(place.call(&["report", "earlier.json"]).code, Some(0), "{earlier}");
    }
}
