//! Saved reports judged again (`judge`) and compared (`diff`), as people call them. That a saved report of any run holds
//! all that its judgment needs is asserted in `walk`, after every run.

use ece_check::finding::Report;
use serde_json::{Value, json};

use crate::program::{Outcome, Place};

/// A folder with the saved reports of these runs, and how each ended.
fn saved(runs: &[(&str, &[&str])]) -> Place {
    let place = Place::new();
    for (name, arguments) in runs {
        let outcome = place.call(&[&["run", "-o", "json"][..], arguments].concat());
        place.write(name, &outcome.stdout);
    }
    place
}

/// The saved report with this change in its JSON.
fn change(place: &Place, name: &str, change: impl FnOnce(&mut Value)) {
    let mut report: Value = serde_json::from_str(&place.read(name)).expect("a report");
    change(&mut report);
    place.write(name, report.to_string());
}

fn as_json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error} in {outcome:?}"))
}

#[track_caller]
fn says(outcome: &Outcome, code: i32, words: &[&str]) {
    assert_eq!(outcome.code, Some(code), "{outcome:?}");
    for words in words {
        assert!(outcome.stdout.contains(words), "{words:?} is not in {}", outcome.stdout);
    }
}

const FAULTY: (&str, &[&str]) = ("faulty.json", &["--lab=port-refused"]);
const HEALTHY: (&str, &[&str]) = ("healthy.json", &["--lab"]);

#[test]
fn the_same_rules_give_the_same_results() {
    let place = saved(&[FAULTY]);
    says(&place.call(&["judge", "faulty.json"]), 1, &["Nothing changed.", "Still failing"]);
    let outcome = place.call(&["judge", "faulty.json", "-o", "json"]);
    let (old, new): (Report, Report) = (serde_json::from_str(&place.read("faulty.json")).unwrap(), outcome.report());
    assert_eq!((outcome.code, &new.findings, &new.summary), (Some(1), &old.findings, &old.summary));
    let counts = &as_json(&outcome)["changes"]["counts"];
    assert_eq!(counts, &json!({"unchanged": old.findings.len()}));
    place.write("again.json", &outcome.stdout);
    says(&place.call(&["diff", "faulty.json", "again.json"]), 0, &["Nothing changed."]);
}

/// Rules that ask for another fact, and a check that the saved run did not know.
#[test]
fn other_rules_change_results_and_the_reason_is_said() {
    let place = saved(&[("saved.json", &["--lab", "--only", "url,tcp"])]);
    let opens = include_str!("../../checks/tcp/opens.toml");
    let stricter = opens.replace("open = true", "open = false");
    assert_ne!(opens, stricter, "the check asks for another fact now");
    let stricter = stricter.replace("expected = \"", "expected = \"of other rules: ");
    place.write("mine/tcp/opens.toml", stricter);
    let outcome = place.call(&["judge", "saved.json", "--checks", "mine"]);
    says(&outcome, 1, &["Broken (", "before", "pass", "of other rules: ", "[tcp.opens]"]);
}

#[test]
fn a_probe_that_the_saved_run_does_not_hold_is_no_success() {
    let place = saved(&[HEALTHY]);
    change(&place, "healthy.json", |report| report["looks"] = json!([]));
    let outcome = place.call(&["judge", "healthy.json", "-o", "json"]);
    assert_eq!((outcome.code, outcome.report().summary.pass), (Some(3), 0), "{}", outcome.stderr);
}

#[test]
fn what_cannot_be_judged_again_is_refused() {
    type Change<'c> = (&'c str, &'c dyn Fn(&mut Value));
    let place = saved(&[HEALTHY]);
    let fresh = place.read("healthy.json");
    let bad: [Change<'_>; 5] = [
        ("schema 2", &|report| report["site"] = Value::Null),
        ("line 1", &|report| report["site"]["file"] = json!("[ece")),
        ("known: services", &|report| report["site"]["role"] = json!("bogus")),
        ("nosuch", &|report| report["site"]["only"] = json!(["nosuch"])),
        ("schema_version 3", &|report| report["schema_version"] = json!(3)),
    ];
    for (says, changed) in bad {
        place.write("bad.json", &fresh);
        change(&place, "bad.json", changed);
        place.call(&["judge", "bad.json"]).refused(says);
    }
    place.call(&["judge", "missing.json"]).refused("missing.json");
    place.call(&["diff", "missing.json", "healthy.json"]).refused("missing.json");
}

#[test]
fn newer_rules_than_ours_are_said() {
    let place = saved(&[HEALTHY]);
    change(&place, "healthy.json", |report| report["tool"]["catalogue_date"] = json!("2999-01-01"));
    let outcome = place.call(&["judge", "healthy.json"]);
    assert!(outcome.code == Some(0) && outcome.stderr.contains("2999-01-01"), "{outcome:?}");
}

#[test]
fn what_broke_and_what_was_fixed() {
    let place = saved(&[FAULTY, HEALTHY]);
    for format in ["text", "markdown"] {
        let diff = |old, new| place.call(&["diff", old, new, "-o", format]);
        says(&diff("healthy.json", "faulty.json"), 1, &["Broken (", "tcp.opens"]);
        says(&diff("faulty.json", "healthy.json"), 0, &["Nothing broke", "Fixed ("]);
        says(&diff("healthy.json", "healthy.json"), 0, &["Nothing changed"]);
    }
    let outcome = place.call(&["diff", "healthy.json", "faulty.json", "-o", "json"]);
    let comparison = as_json(&outcome);
    let findings = comparison["findings"].as_array().expect("findings");
    let broken = |one: &&Value| one["change"] == "broken";
    let first = findings.iter().find(broken).expect("a finding that broke");
    assert_eq!((&first["old"]["status"], &first["new"]["status"]), (&json!("pass"), &json!("fail")));
    assert_eq!(comparison["counts"]["broken"], json!(findings.iter().filter(broken).count()));
    assert_eq!(comparison["exit_code"], json!(outcome.code));
}

/// What has no result any more is neither fixed nor proved.
#[test]
fn what_is_no_longer_tested_is_not_fixed() {
    let place = saved(&[FAULTY, HEALTHY, ("less.json", &["--lab", "--only", "dns"])]);
    for old in ["faulty.json", "healthy.json"] {
        let outcome = place.call(&["diff", old, "less.json"]);
        says(&outcome, 3, &["No new failure", "Only in the old report"]);
        assert!(!outcome.stdout.contains("Fixed ("), "{}", outcome.stdout);
    }
}

#[test]
fn a_report_of_schema_1_is_compared() {
    let place = saved(&[FAULTY, HEALTHY]);
    change(&place, "faulty.json", |report| {
        report["schema_version"] = json!(1);
        report.as_object_mut().unwrap().remove("site");
        for look in report["looks"].as_array_mut().unwrap() {
            look.as_object_mut().unwrap().remove("key");
        }
        for finding in report["findings"].as_array_mut().unwrap() {
            let finding = finding.as_object_mut().unwrap();
            for key in ["evidence", "steps", "optional"] {
                finding.remove(key);
            }
        }
    });
    says(&place.call(&["diff", "faulty.json", "healthy.json"]), 0, &["Fixed ("]);
}

/// A saved report is only a file: nothing in it reaches the terminal as it is.
#[test]
fn a_warning_that_was_not_tested_before_is_new_and_swapped_reports_are_told() {
    let place = Place::new();
    place.write("site.toml", "[ece]\nrelease = \"12.6(1)\"\ninstalled = [\"ES1\"]\n");
    let saved = |name: &str, flags: &[&str]| {
        let run = ["run", "--lab", "-c", "site.toml", "-o", "json", "--only", "version"];
        let json = place.call(&[&run[..], flags].concat()).stdout;
        place.write(name, json);
    };
    saved("before.json", &["--skip", "version.newest-level"]);
    let before = std::fs::read_to_string(place.path().join("before.json")).expect("it was written");
    let (head, rest) = before.split_once("\"started\": \"").expect("the report says when it began");
    place.write("before.json", format!("{head}\"started\": \"2001{}", &rest[4..]));
    saved("after.json", &[]);
    says(&place.call(&["diff", "before.json", "after.json"]), 0, &["New warning (1)"]);
    let swapped = place.call(&["diff", "after.json", "before.json"]);
    assert!(swapped.stdout.contains("Are they swapped?"), "{swapped:?}");
    let right = place.call(&["diff", "before.json", "after.json"]);
    assert!(!right.stdout.contains("swapped"), "{right:?}");
}

#[test]
fn hostile_words_of_a_report_stay_words() {
    let place = saved(&[FAULTY, HEALTHY]);
    change(&place, "faulty.json", |report| {
        report["run"]["host"] = json!("\u{1b}]0;evil\u{7}");
        for finding in report["findings"].as_array_mut().unwrap() {
            finding["found"] = json!("a | <b> \u{1b}[31m `x` \u{202e}");
            finding["subject"] = json!("s|\u{1b}[2J");
        }
    });
    for format in ["text", "markdown", "json"] {
        for (old, new) in [("faulty.json", "healthy.json"), ("healthy.json", "faulty.json")] {
            let shown = place.call(&["diff", old, new, "-v", "-o", format]).stdout;
            assert!(!shown.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{format}: {shown}");
        }
    }
}
