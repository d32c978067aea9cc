//! What the first lines say where a waiver keeps a failure from counting, and where no mailbox was tested; and which cause
//! a step tests.

use ece_check::{
    command::evidence_request,
    evidence::SavedSite,
    finding::{AppliedWaiver, Certainty, Finding, NamedCause, NextStep, Owner, Report, SkipReason, Status},
    report::{Format, Style, Verbosity, part, render},
};

use super::{finding, report_of};

/// A failure that is waived, what it blocks, and a check that passes.
fn with_waived_failure() -> Report {
    let applied = AppliedWaiver {
        reason: "window in January".to_owned(),
        by: "operations".to_owned(),
        until: "2027-01-31".to_owned(),
        status: Status::Fail,
        ended: false,
        owner: Some(Owner::Network),
    };
    let waived = Finding {
        fails: "Port cannot be opened".into(),
        reason: Some(SkipReason::Waived),
        waiver: Some(applied.into()),
        ..finding("tcp.opens", "mail.example.com:993", Status::Skip)
    };
    let blocked = Finding {
        reason: Some(SkipReason::Blocked),
        blocked_by: Some(1),
        ..finding("tls.trusted", "mail.example.com:993", Status::Skip)
    };
    let mut report = report_of(vec![finding("dns.resolves", "mail.example.com", Status::Pass), waived, blocked]);
    report.summary.fix_first.clear();
    report
}

fn line(report: &Report, format: Format, verbosity: Verbosity) -> String {
    render(report, format, &Style { width: 1_000, ..Style::of_file(verbosity) })
}

#[test]
fn waived_failure_is_in_the_verdict_and_in_the_part_of_its_team() {
    let report = with_waived_failure();
    let says = "1 waived (until 2027-01-31): Port cannot be opened mail.example.com:993; 1 check is blocked by it.";
    for format in [Format::Text, Format::Markdown, Format::Html, Format::Nagios] {
        let text = line(&report, format, Verbosity::Quiet).replace('\\', "").replace("&#58;", ":");
        assert!(text.contains(&format!("No failures except {says}")), "{format:?}: {text}");
    }
    let quiet = line(&report, Format::Text, Verbosity::Quiet);
    assert!(quiet.contains("waived until 2027-01-31: window in January"), "{quiet}");
    assert_eq!(quiet.matches("No failures except").count(), 1, "{quiet}");
    let nagios = line(&report, Format::Nagios, Verbosity::Normal);
    assert!(nagios.starts_with("ECE-CHECK OK - 1 WAIVED: ") && nagios.contains(" waived=1;"), "{nagios}");
    assert!(line(&report, Format::Prometheus, Verbosity::Normal).contains("ece_check_waived_results{"));
    let network = line(&part(&report, Owner::Network), Format::Text, Verbosity::Normal);
    assert!(network.contains(&format!("for now. Not counted: {says}")) && !network.contains("To prove"), "{network}");
    let entra = line(&part(&report, Owner::Entra), Format::Text, Verbosity::Normal);
    assert_eq!(entra.matches("Not tested for the Entra administrator").count(), 1, "{entra}");
}

#[test]
fn verdict_says_that_no_mailbox_was_tested() {
    let mut report = report_of(vec![
        finding("dns.resolves", "mail.example.com", Status::Pass),
        finding("imap.sign-in", "site", Status::Skip),
    ]);
    let says = |report: &Report| line(report, Format::Nagios, Verbosity::Normal);
    report.site = None;
    let text = says(&report);
    assert!(
        text.contains("No failure found. No mailbox was tested: there is no site file. Next: ece-check init"),
        "{text}"
    );
    report.site = Some(SavedSite { file: "[ece]".to_owned(), ..SavedSite::default() });
    assert!(says(&report).contains("No mailbox was tested: the site file has no account. Next: "), "{}", says(&report));
    report.findings.push(finding("imap.sign-in", "sales@example.com", Status::Skip));
    assert!(!says(&report).contains("No mailbox was tested"), "{}", says(&report));
}

#[test]
fn step_says_which_of_several_causes_it_tests() {
    let of = |cause: &str, title: &str| NamedCause {
        cause: cause.to_owned(),
        title: title.to_owned(),
        certainty: Certainty::Possible,
        because: Vec::new(),
        evidence: Vec::new(),
    };
    let mut failed = finding("imap.sign-in", "sales@example.com", Status::Fail);
    failed.causes = vec![of("a", "IMAP is off"), of("b", "Throttled")];
    failed.steps = vec![NextStep::Verify { cause: "b".to_owned(), command: evidence_request("ece") }];
    let report = report_of(vec![failed]);
    for format in [Format::Text, Format::Html] {
        let text = line(&report, format, Verbosity::Normal);
        assert!(text.contains("Throttled: on this server"), "{format:?}: {text}");
    }
    let mut one = report;
    one.findings[0].causes.remove(0);
    assert!(!line(&one, Format::Text, Verbosity::Normal).contains("Throttled: on this server"));
}
