//! What is the same is told once, and still names everything that it is about.

use ece_check::{
    evidence::{Attempt, Failure, FailureKind, Observation, Protocol, Route, Stage, Subject},
    finding::{Finding, Found, Group, Report, SkipReason, Status},
    report::{Format, Verbosity, prose, render},
};

use super::{ascii, finding, report_of, style, verbosity, with_mailboxes};

fn text(report: &Report) -> String {
    render(report, Format::Text, &style(80))
}

fn dead(name: &str) -> Finding {
    Finding { found: "no answer".into(), means: "No mail.".into(), ..finding("dns.resolves", name, Status::Fail) }
}

fn waiting(check: &str, next: &str) -> Finding {
    Finding { next: Some(next.into()), ..finding(check, "site", Status::Skip) }
}

#[test]
fn failures_that_differ_in_their_subject_alone() {
    let text = text(&report_of(["a.example", "b.example", "c.example"].map(dead).into()));
    assert!(text.contains("\u{d7} It works: all 3"), "{text}");
    assert!(text.contains("    affected a.example, b.example, c.example\n"), "{text}");
    assert_eq!(text.matches("found").count(), 1, "{text}");
}

/// A finding of which every attempt of its look timed out, with the look at so many addresses.
fn timed_out(report: &mut Report, name: &str, addresses: &[&str]) {
    let attempt = |address: &&str| {
        let failure = Failure::new(Protocol::Tcp, Stage::Connect, FailureKind::TimedOut, "");
        Attempt { failure: Some(failure), ..Attempt::new(format!("{address}:993").parse().expect("an address")) }
    };
    let attempts: Vec<Attempt> = addresses.iter().map(attempt).collect();
    let group =
        Group { attempts: (0..attempts.len()).collect(), missed: Vec::new(), context: Vec::new(), failed: true };
    let look = Some(report.looks.len());
    report.looks.push(Observation { attempts, ..Observation::new("imap", Subject::of_text(name), Route::Direct) });
    report.findings.push(Finding { evidence: Some(Found::Groups { groups: vec![group] }), look, ..dead(name) });
}

#[test]
fn failures_at_every_address_of_each() {
    let mut report = report_of(Vec::new());
    timed_out(&mut report, "a.example", &["192.0.2.1", "192.0.2.2"]);
    timed_out(&mut report, "b.example", &["192.0.2.3"]);
    prose::write(&mut report.findings, &report.looks);
    assert!(report.findings[0].found.ends_with("(all 2 addresses: 192.0.2.1, 192.0.2.2)"), "{:?}", report.findings[0]);
    let text = text(&report);
    assert!(text.contains("It works: all 2") && text.contains("    found    connection timed out\n"), "{text}");
}

#[test]
fn failures_at_some_addresses_are_not_alike() {
    let at = |name, address: &str| Finding {
        found: format!("no answer (1 of 2 addresses: {address})").into(),
        ..dead(name)
    };
    let text = text(&report_of(vec![at("a.example", "192.0.2.1"), at("b.example", "192.0.2.2")]));
    assert!(text.contains("It works: a.example") && text.contains("It works: b.example"), "{text}");
    assert!(text.contains("192.0.2.1") && text.contains("192.0.2.2"), "{text}");
    assert_eq!(text.matches("impact").count(), 1, "{text}");
}

#[test]
fn failures_with_other_words_are_not_alike() {
    let other = Finding { found: "the name does not exist".into(), ..dead("b.example") };
    let text = text(&report_of(vec![dead("a.example"), other]));
    assert!(text.contains("found    no answer") && text.contains("found    the name does not exist"), "{text}");
}

#[test]
fn what_waits_for_several_failures_that_are_told_as_one() {
    let blocked = |by| Finding { reason: Some(SkipReason::Blocked), blocked_by: Some(by), ..waiting("tcp.opens", "") };
    let text = text(&report_of(vec![dead("a.example"), dead("b.example"), blocked(0), blocked(1)]));
    assert!(text.contains("- 2 checks blocked by this failure: tcp.opens (2)\n"), "{text}");
}

#[test]
fn a_whole_section_that_waits_for_one_fix() {
    let golden = super::golden();
    let cause = golden.findings.iter().find_map(|f| f.causes.iter().find(|c| c.cause == "starttls-stripped")).cloned();
    let failed = Finding { causes: cause.into_iter().collect(), ..dead("a.example") };
    let blocked = |check| Finding {
        section: "mailbox-permissions".into(),
        reason: Some(SkipReason::Blocked),
        blocked_by: Some(0),
        ..waiting(check, "")
    };
    let text = text(&report_of(vec![failed, blocked("tcp.opens"), blocked("tls.name"), blocked("tcp.opens")]));
    assert!(text.contains("- all 3 checks of this section blocked by action 1: tcp.opens, tls.name\n"), "{text}");
}

#[test]
fn the_site_as_a_whole_has_no_name() {
    let report = report_of(vec![finding("version.minimum-level", "site", Status::Pass)]);
    let text = render(&report, Format::Text, &verbosity(Verbosity::Verbose));
    assert!(text.contains("\u{221a} It works  ") && !text.contains("site"), "{text}");
}

#[test]
fn section_without_a_problem_is_one_line() {
    let elsewhere = Finding { section: "network-ports".into(), ..dead("a.example") };
    let passed = |check| finding(check, "a.example", Status::Pass);
    let inapplicable = Finding { reason: Some(SkipReason::NotApplicable), ..waiting("pop3.sign-in", "") };
    let text = text(&report_of(vec![passed("imap.sign-in"), passed("smtp.sign-in"), inapplicable, elsewhere]));
    assert!(text.contains("\n\n\u{221a} Connectivity test: 2 passed, 1 not applicable\n"), "{text}");
    assert!(!text.contains("pop3.sign-in"), "{text}");
}

#[test]
fn markdown_tells_of_no_pair_that_there_is_not() {
    let not_used = |check, account: &str| Finding {
        reason: Some(SkipReason::NotApplicable),
        found: "this account does not use it".into(),
        ..finding(check, account, Status::Skip)
    };
    let findings =
        vec![not_used("token.imap", "billing"), not_used("token.pop3", "sales"), not_used("token.pop3-line", "sales")];
    let markdown = render(&report_of(findings), Format::Markdown, &style(80));
    assert!(markdown.contains("| `token.imap` | `billing` |"), "{markdown}");
    assert!(markdown.contains("| `token.pop3`, `token.pop3-line` | `sales` |"), "{markdown}");
}

#[test]
fn section_in_which_something_was_not_run_says_so() {
    let passed = finding("imap.sign-in", "a.example", Status::Pass);
    let text = text(&report_of(vec![passed, waiting("tls.java-trust", "Give it.")]));
    let section = "\n- Connectivity test: 1 passed, 1 needs input\n- It works";
    assert!(text.contains(section) && text.contains("input    Give it."), "{text}");
    let nothing = self::text(&report_of(vec![waiting("tls.java-trust", "Give it.")]));
    assert!(nothing.contains("\n- Connectivity test: 1 needs input\n") && !nothing.contains('\u{221a}'), "{nothing}");
}

#[test]
fn the_same_need_in_two_sections() {
    let elsewhere = Finding { section: "mailbox-permissions".into(), ..waiting("imap.mailbox-opens", "Give it.") };
    let text =
        text(&report_of(vec![waiting("imap.sign-in", "Give it."), waiting("smtp.sign-in", "Give it."), elsewhere]));
    assert_eq!(text.matches("Give it.").count(), 1, "{text}");
    assert!(text.contains("input    as above\n"), "{text}");
}

#[test]
fn different_needs_of_one_section_say_whose_they_are() {
    let text = text(&report_of(vec![waiting("url.a", "Give a."), waiting("url.b", "Give b.")]));
    assert!(text.contains("- 2 not run, input needed: url.a, url.b\n"), "{text}");
    assert!(text.contains("input    url.a: Give a.\n") && text.contains("input    url.b: Give b.\n"), "{text}");
}

#[test]
fn only_warnings() {
    let findings =
        vec![finding("tls.trusted", "a.example", Status::Pass), finding("tls.name", "a.example", Status::Warn)];
    let mut report = report_of(findings);
    let said = text(&report).replace('\n', " ");
    assert!(said.contains("No failures, 1 warning: tls.name. Exit code 0"), "{said}");
    assert!(said.contains("Warnings") && !said.contains("Recommended actions"), "{said}");
    report.summary.exit_code = 4;
    let said = text(&report).replace('\n', " ");
    assert!(said.contains("Exit code 4 (--strict)."), "{said}");
}

#[test]
fn one_mailbox_needs_no_table() {
    let text = text(&report_of(vec![finding("imap.sign-in", "sales@example.com", Status::Fail)]));
    assert!(!text.contains("Mailboxes"), "{text}");
}

#[test]
fn mailboxes_with_the_same_outcome_share_a_row() {
    let text = text(&with_mailboxes(17));
    assert!(text.contains("\nbranch0@example.com and 16 more") && !text.contains("branch1@"), "{text}");
    assert!(text.contains("support@example.com"), "{text}");
}

#[test]
fn the_first_line_counts_what_was_not_tested_apart_from_what_fails() {
    let text = text(&with_mailboxes(2)).replace('\n', " ");
    let result = "Result: receiving works for 3 of 5 mailboxes (1 fails, 1 not tested); sending works for 4 of 5 \
                  mailboxes (1 fails, Send As not tested for 4).";
    assert!(text.starts_with(result), "{text}");
}

#[test]
fn quiet_shows_the_mailboxes_that_are_not_well() {
    let text = render(&with_mailboxes(2), Format::Text, &verbosity(Verbosity::Quiet));
    assert!(text.contains("\nsupport@example.com ") && !text.contains("branch0@"), "{text}");
}

#[test]
fn mailboxes_in_ascii() {
    let text = render(&with_mailboxes(1), Format::Text, &ascii(100));
    let row = text.lines().find(|line| line.starts_with("branch0@")).expect("a row");
    assert_eq!(row.split_whitespace().skip(1).collect::<Vec<_>>().join(" "), ["[ OK ]"; 5].join(" "));
}

#[test]
fn a_failed_title_is_turned_round() {
    let text = text(&report_of(vec![Finding { fails: "It is broken".into(), ..dead("a.example") }]));
    assert!(text.contains("\u{d7} It is broken: a.example") && !text.contains("It works"), "{text}");
}

#[test]
fn sign_ins_that_were_not_seen_are_not_proved() {
    let mailbox = |name, sends| {
        let seen = |check, status| finding(check, name, status);
        [
            seen("imap.sign-in", Status::Pass),
            seen("imap.mailbox-opens", Status::Pass),
            seen("smtp.sign-in", sends),
            seen("smtp.sender-accepted", Status::Skip),
        ]
    };
    let findings = [mailbox("a@x.example", Status::Fail), mailbox("b@x.example", Status::Skip)].concat();
    let text = text(&report_of(findings)).replace('\n', " ");
    let result = "receiving works for 2 of 2 mailboxes; sending works for 0 of 2 mailboxes (1 fails, 1 not tested).";
    assert!(text.contains(result), "{text}");
}

#[test]
fn sender_that_was_accepted_proves_no_send_as() {
    let accepted = || [("smtp.sign-in", Status::Pass), ("smtp.sender-accepted", Status::Pass)];
    for (more, result) in [
        (None, "sending works for 1 of 1 mailbox (Send As not tested for 1)."),
        (Some(("mailbox.send-as", Status::Warn)), "sending works for 1 of 1 mailbox (Send As not tested for 1)."),
        (Some(("mailbox.send-as", Status::Pass)), "sending works for 1 of 1 mailbox."),
        (Some(("mailbox.send-as", Status::Fail)), "sending works for 0 of 1 mailbox (1 fails)."),
        (Some(("delivery.round-trip", Status::Pass)), "sending works for 1 of 1 mailbox."),
        (Some(("delivery.round-trip", Status::Warn)), "sending works for 1 of 1 mailbox."),
        (Some(("delivery.round-trip", Status::Fail)), "sending works for 0 of 1 mailbox (1 fails)."),
    ] {
        let seen = accepted().into_iter().chain(more);
        let findings = seen.map(|(check, status)| finding(check, "a@x.example", status)).collect();
        let text = text(&report_of(findings)).replace('\n', " ");
        assert!(text.contains(result), "{more:?}: {text}");
    }
}

#[test]
fn mailbox_that_opens_over_one_protocol_of_two_is_counted_with_it() {
    let seen = |name, protocol: &str, status| {
        let check = |step| format!("{protocol}.{step}");
        [finding(&check("sign-in"), name, status), finding(&check("mailbox-opens"), name, status)]
    };
    let mailbox = |name, imap, pop3| [seen(name, "imap", imap), seen(name, "pop3", pop3)].concat();
    let findings = [
        mailbox("a@x.example", Status::Fail, Status::Pass),
        mailbox("b@x.example", Status::Pass, Status::Fail),
        mailbox("c@x.example", Status::Fail, Status::Fail),
        seen("d@x.example", "imap", Status::Fail).to_vec(),
        mailbox("e@x.example", Status::Skip, Status::Pass),
    ];
    let text = text(&report_of(findings.concat())).replace('\n', " ");
    let result = "receiving works for 2 of 5 mailboxes (2 fail, 1 not tested, 1 over IMAP only, 1 over POP3 only).";
    assert!(text.contains(result), "{text}");
}
