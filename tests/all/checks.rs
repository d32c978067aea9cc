//! Every check against its own file: it holds in the healthy lab, and comes out as each of its proofs says.

use std::collections::{BTreeMap, BTreeSet};

use ece_check::{
    catalogue::{Catalogue, Check},
    finding::{Report, SkipReason, Status},
};
use futures_util::future::join_all;

use crate::walk::{alone, came_out, not_well, walk};

fn outline(report: &Report) -> Vec<(String, String, Status)> {
    report.findings.iter().map(|one| (one.check.to_string(), one.subject.to_string(), one.status)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn healthy_lab_passes_every_check() {
    let catalogue = Catalogue::built_in();
    let report = walk(&[]).await;
    for finding in &report.findings {
        // the trust store of ECE's Java is no part of the tenant, and nobody has asked for a message
        let given = ["tls.java-trust", "delivery.round-trip"];
        let waits = finding.reason == Some(SkipReason::NeedsInput) && given.contains(&finding.check.as_str());
        let of_the_other_protocol = finding.reason == Some(SkipReason::NotApplicable);
        assert!(finding.status == Status::Pass || waits || of_the_other_protocol, "{finding:#?}");
    }
    assert_eq!(report.summary.exit_code, 0);
    assert!(report.summary.fix_first.is_empty());
    let made: BTreeSet<&str> = report.findings.iter().map(|finding| finding.check.as_str()).collect();
    for check in &catalogue.checks {
        let is_exported = WITHOUT_PROOF.contains(&(check.id.as_str(), EXPORTED)) || is_of_webex(check);
        assert!(
            is_exported != made.contains(check.id.as_str()),
            "{} was not made for anything in the healthy lab",
            check.id
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runs_differ_in_nothing_that_was_found() {
    let (first, second) = (walk(&["cert-expired.some"]).await, walk(&["cert-expired.some"]).await);
    assert_eq!(outline(&first), outline(&second));
    let looks = |report: &Report| report.looks.iter().map(|look| look.subject.clone()).collect::<Vec<_>>();
    assert_eq!(looks(&first), looks(&second));
    let paths = |report: &Report| {
        report.looks.iter().flat_map(|look| &look.attempts).map(|path| path.address).collect::<Vec<_>>()
    };
    assert_eq!(paths(&first), paths(&second));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_proof_is_shown_by_the_lab() {
    let _alone = alone().await;
    let catalogue = Catalogue::built_in();
    let mut proofs: BTreeMap<&str, Vec<(&str, Status)>> = BTreeMap::new();
    for check in catalogue.checks.iter().filter(|check| !is_of_webex(check)) {
        for proof in &check.proofs {
            proofs.entry(&proof.fault).or_default().push((&check.id, proof.status));
        }
    }
    let runs = proofs.into_iter().map(|(fault, outcomes)| async move {
        let report = walk(&[fault]).await;
        for (check, status) in outcomes {
            assert!(
                came_out(&report, check, status),
                "{check} is nowhere {status:?} under {fault}\n{}",
                not_well(&report)
            );
        }
    });
    join_all(runs).await;
}

/// Planned only where the site file has a section for Webex; `webex` shows the proofs.
fn is_of_webex(check: &Check) -> bool {
    check.id.starts_with("webex.")
}

/// Why a check is planned only where evidence is given.
const EXPORTED: &str = "reads what colleagues export: see evidence";

/// Checks whose failure no fault of the lab shows, and why.
const WITHOUT_PROOF: &[(&str, &str)] = &[
    ("version.minimum-level", "judges the user's file: see levels"),
    ("version.newest-level", "judges the user's file: see levels"),
    ("token.well-formed", "judges what the site file gives: see oauth::what and cli"),
    ("token.service-account", "judges what the site file gives: see oauth::claims and cli"),
    ("version.known-defects", "judges the user's file: see levels"),
    ("url.external-form", "judges the user's file: see levels"),
    ("url.console-match", "judges the user's file: see levels"),
    ("url.redirect-match", "judges the user's file: see levels"),
    ("mailbox.smtp-enabled", EXPORTED),
    ("mailbox.imap-enabled", EXPORTED),
    ("mailbox.pop-enabled", EXPORTED),
    ("mailbox.full-access", EXPORTED),
    ("mailbox.send-as", EXPORTED),
    ("mailbox.service-principal", EXPORTED),
    ("directory.licence", EXPORTED),
    ("directory.redirect-registered", EXPORTED),
    ("directory.consent", EXPORTED),
    ("entra.sign-in-failures", EXPORTED),
    ("ece.log-receiving", EXPORTED),
    ("ece.log-sending", EXPORTED),
    ("ece.log-token", EXPORTED),
    ("docs.release-guides", "a table is printed for the level in the user's file"),
    ("tls.java-trust", "reads a file of ECE's Java, which the lab has not"),
];

#[test]
fn every_check_has_a_proof_or_a_reason_why_not() {
    let excused = |check: &Check| WITHOUT_PROOF.iter().any(|(id, _)| *id == check.id);
    let checks = Catalogue::built_in().checks;
    let wrong: Vec<&str> = checks
        .iter()
        .filter(|check| check.proofs.is_empty() != excused(check))
        .map(|check| check.id.as_str())
        .collect();
    assert!(wrong.is_empty(), "neither proved nor excused, or both: {wrong:?}");
}
