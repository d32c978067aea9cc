//! What one part of a run shows against the cause that another part names: clocks, other accounts, other addresses.

use ece_check::finding::{Certainty, Finding, Report, Status};

use crate::program::Place;

fn run(fault: &str) -> Report {
    Place::new().call(&["run", &format!("--lab={fault}"), "-o", "json"]).report()
}

#[track_caller]
fn one<'r>(report: &'r Report, check: &str, status: Status) -> &'r Finding {
    let found = report.findings.iter().find(|finding| finding.check == check && finding.status == status);
    found.unwrap_or_else(|| panic!("no {check} that is {status:?} in {:#?}", report.findings))
}

/// The causes and titles of what is to be done.
fn actions(report: &Report) -> Vec<(&str, &str)> {
    report.summary.fix_first.iter().map(|fix| (fix.cause.as_str(), fix.title.as_str())).collect()
}

/// A clock that is wrong is so for certificates too.
#[test]
fn certificate_that_is_valid_by_the_clocks_of_servers_is_no_fault_of_its_own() {
    for (fault, title) in [
        ("client-clock-skew.certificate", "Server clock is 3 days ahead"),
        ("client-clock-skew.certificate-too-early", "Server clock is 4 days behind"),
    ] {
        let report = run(fault);
        assert_eq!(actions(&report), [("client-clock-skew", title)], "{fault}");
        assert_eq!(report.summary.fix_first[0].certainty, Certainty::Certain, "{fault}");
        for check in ["tls.trusted", "https.clock"] {
            let causes = &one(&report, check, Status::Fail).causes;
            assert_eq!(
                causes.iter().map(|one| one.cause.as_str()).collect::<Vec<_>>(),
                ["client-clock-skew"],
                "{fault}"
            );
        }
    }
}
