//! One golden report in every format.
//!
//! `golden.json` has every status and every reason of a skip, causes of every certainty, hostile and long texts. What is
//! written of it stands in `snapshots/`; see them change with `cargo insta review`, or with `INSTA_UPDATE=always`.

mod agree;
mod every_format;
mod hostile;
mod looks_like;
mod page;
mod streams;
mod told_once;
mod verdict;

use ece_check::{
    evidence::{SharedText, Subject},
    finding::{Finding, Report, SkipReason, Status, Summary},
    report::{Style, Symbols, Verbosity, parse},
};

fn golden() -> Report {
    parse(include_str!("golden.json")).expect("the golden report is a report")
}

/// A finding without causes, of a section of its own making.
fn finding(check: &str, subject: &str, status: Status) -> Finding {
    Finding {
        section: "connectivity-test".into(),
        title: "It works".into(),
        reason: (status == Status::Skip).then_some(SkipReason::NeedsInput),
        ..Finding::new(check, Subject::of_text(subject), status)
    }
}

/// The golden report with other findings.
fn report_of(findings: Vec<Finding>) -> Report {
    let golden = golden();
    let summary = Summary::of(&findings, golden.summary.fix_first, false);
    Report { findings, summary, looks: Vec::new(), ..golden }
}

/// A site with mailboxes over IMAP and POP3, some of them not well.
fn with_mailboxes(well: usize) -> Report {
    let mut findings = Vec::new();
    let mut mailbox = |name: &str, inbound: &str, [receive, open, send, sender]: [Status; 4]| {
        let account = name.split(['@', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']).next().map(SharedText::from);
        let mut add =
            |check: &str, status| findings.push(Finding { account: account.clone(), ..finding(check, name, status) });
        add(&format!("{inbound}.sign-in"), receive);
        add(&format!("{inbound}.mailbox-opens"), open);
        add("smtp.sign-in", send);
        add("smtp.sender-accepted", sender);
    };
    let (yes, no, not_seen) = (Status::Pass, Status::Fail, Status::Skip);
    mailbox("sales@example.com", "imap", [yes, yes, no, not_seen]);
    mailbox("support@example.com", "pop3", [yes, no, yes, Status::Warn]);
    mailbox("complaints-of-all-branches@example.com", "imap", [Status::Error, not_seen, yes, yes]);
    for number in 0..well {
        mailbox(&format!("branch{number}@example.com"), "imap", [yes; 4]);
    }
    let not_pop3 = |finding: &Finding| {
        let reason = Some(SkipReason::NotApplicable);
        let found = "the mailbox is read over IMAP".into();
        Finding { check: "pop3.sign-in".into(), status: Status::Skip, reason, found, ..finding.clone() }
    };
    let others: Vec<Finding> = findings.iter().filter(|f| f.check == "imap.sign-in").map(not_pop3).collect();
    findings.extend(others);
    for (account, status) in [("sales", yes), ("support", Status::Warn), ("branch", yes)] {
        let token = finding("token.issued", account, status);
        findings.push(Finding { account: Some(account.into()), ..token });
    }
    let mut report = report_of(findings);
    report.summary.fix_first.clear();
    report
}

fn style(width: usize) -> Style {
    Style { width, ..Style::of_file(Verbosity::Normal) }
}

fn ascii(width: usize) -> Style {
    Style { symbols: Symbols::Ascii, ..style(width) }
}

fn verbosity(verbosity: Verbosity) -> Style {
    Style::of_file(verbosity)
}
