//! Every fault of the lab against its own `[outcome]`: the check that shows it, the exit code, the cause named first.

use std::{collections::BTreeSet, fmt::Write};

use ece_check::{
    catalogue::Catalogue,
    finding::{Report, Status},
    lab::{FaultInfo, faults},
};
use futures_util::{StreamExt, stream};

use crate::walk::{alone, came_out, not_well, walk};

/// So many runs at once: most of their time is waiting for what never comes.
const AT_ONCE: usize = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_the_lab_is_found_and_its_cause_is_named_first() {
    let _alone = alone().await;
    let runs = stream::iter(faults().into_iter().map(|fault| tokio::spawn(try_out(fault)))).buffer_unordered(AT_ONCE);
    let mut wrong: Vec<String> = runs.filter_map(|run| async { run.expect("a run does not panic") }).collect().await;
    wrong.sort();
    assert!(wrong.is_empty(), "{} faults came out otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

async fn try_out(fault: FaultInfo) -> Option<String> {
    let report = walk(&[&fault.name]).await;
    let wrong = differs(&fault, &report);
    (!wrong.is_empty()).then(|| format!("{}: {wrong}\n{}", fault.name, not_well(&report)))
}

fn differs(fault: &FaultInfo, report: &Report) -> String {
    let mut wrong = String::new();
    let status: Status = serde_json::from_value(fault.status.clone().into()).expect("an outcome names a status");
    if !came_out(report, &fault.check, status) {
        let _ = write!(wrong, "{} is nowhere {}; ", fault.check, fault.status);
    }
    if report.summary.exit_code != fault.exit_code {
        let _ = write!(wrong, "exit code {}, not {}; ", report.summary.exit_code, fault.exit_code);
    }
    let named: Vec<&str> = report.summary.fix_first.iter().map(|fix| fix.cause.as_str()).collect();
    if named.first() != Some(&fault.cause.as_str()) {
        let _ = write!(wrong, "named is {named:?}; ");
    }
    wrong
}

/// Causes that no fault of the lab shows, and why.
const NOT_IN_THE_LAB: &[(&str, &str)] = &[
    ("local-firewall", "only the operating system of the client can forbid a connection"),
    ("no-route", "loopback always has a route"),
    ("cert-unusable", "the lab signs as an honest authority does; src/net/tls.rs shows it with damaged certificates"),
    ("java-trust-store-incomplete", "stands in a file of ECE's Java, which the lab has not"),
    ("ece-level-too-low", "stands in the user's file: see levels"),
    ("ece-level-half-installed", "stands in the user's file: see levels"),
    ("ece-release-without-oauth", "stands in the user's file: see levels"),
    ("ece-release-unknown", "stands in the user's file: see levels"),
    ("ece-level-not-newest", "stands in the user's file: see levels"),
    ("external-url-form", "stands in the user's file: see levels"),
    ("console-url-mismatch", "stands in the user's file: see levels"),
    ("redirect-url-mismatch", "stands in the user's file: see levels"),
];

#[test]
fn every_cause_has_a_fault_or_a_reason_why_not() {
    let shown: BTreeSet<String> = faults().into_iter().map(|fault| fault.cause).collect();
    let excused = |code: &str| NOT_IN_THE_LAB.iter().any(|(known, _)| *known == code);
    let causes = Catalogue::built_in().causes;
    let wrong: Vec<&str> =
        causes.iter().map(|cause| cause.code.as_str()).filter(|code| shown.contains(*code) == excused(code)).collect();
    assert!(wrong.is_empty(), "neither shown nor excused, or both: {wrong:?}");
    assert!(
        NOT_IN_THE_LAB.iter().all(|(code, _)| causes.iter().any(|cause| cause.code == *code)),
        "a reason for no cause"
    );
}
