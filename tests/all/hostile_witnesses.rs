//! What one part of a run shows against the cause that another part names: clocks, other accounts, other addresses.

use ece_check::{
    catalogue::{Catalogue, cause::Shows},
    finding::{Certainty, Finding, Report, Status},
};

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

/// What Entra gives one account it does not refuse another for what both share.
#[test]
fn fault_of_the_application_is_not_confirmed_where_another_account_is_served() {
    for (fault, other) in [
        ("application-refused-for-some-accounts", "app-not-found-in-tenant"),
        ("application-refused-for-some-accounts.secret", "client-secret-invalid"),
    ] {
        let report = run(fault);
        let told: Vec<&str> = actions(&report).into_iter().map(|(cause, _)| cause).collect();
        assert_eq!(told, ["application-refused-for-some-accounts"], "{fault}");
        let fix = &report.summary.fix_first[0];
        assert!(fix.fix.contains("is served in this run with the same application and client secret"), "{}", fix.fix);
        let causes = &one(&report, "token.issued", Status::Fail).causes;
        let causes: Vec<(&str, Certainty)> = causes.iter().map(|one| (one.cause.as_str(), one.certainty)).collect();
        assert_eq!(causes[0], (told[0], Certainty::Likely), "{fault}");
        assert!(causes.contains(&(other, Certainty::Possible)), "{fault}: {causes:?}");
    }
}

/// The numbers of Entra that are doubted are those of all causes that say what their accounts share.
#[test]
fn every_number_of_what_all_accounts_share_is_doubted() {
    let catalogue = Catalogue::built_in();
    let numbers = |signs: &mut dyn Iterator<Item = &ece_check::catalogue::cause::Sign>| -> Vec<u32> {
        let of_sign = |sign: &ece_check::catalogue::cause::Sign| match &sign.shows {
            Shows::Failure(pattern) if pattern.words.is_empty() => pattern.aadsts.clone(),
            _ => Vec::new(),
        };
        signs.flat_map(of_sign).collect()
    };
    let doubted = catalogue.cause("application-refused-for-some-accounts").expect("the cause");
    let doubted = numbers(&mut doubted.signs.iter());
    let shared = catalogue.causes.iter().filter(|cause| cause.shared.is_some());
    let settled = numbers(&mut shared.flat_map(|cause| &cause.signs).filter(|sign| sign.settles));
    let missed: Vec<&u32> = settled.iter().filter(|number| !doubted.contains(number)).collect();
    assert!(missed.is_empty() && !settled.is_empty(), "{missed:?}");
}

/// A token is asked for at another address where one fails, and the address is named.
#[test]
fn address_that_fails_keeps_no_account_from_a_token() {
    let report = run("microsoft-service-error.one-address");
    assert_eq!(actions(&report).len(), 1, "{:#?}", actions(&report));
    let issued = one(&report, "token.issued", Status::Pass);
    assert!(issued.found.contains("HTTP status 503"), "{}", issued.found);
    let report = run("session-ended-early.token-at-one-address");
    assert_eq!(actions(&report).into_iter().map(|(cause, _)| cause).collect::<Vec<_>>(), ["session-ended-early"]);
    let issued = one(&report, "token.issued", Status::Warn);
    assert!(issued.found.contains("addresses that failed: "), "{}", issued.found);
}
