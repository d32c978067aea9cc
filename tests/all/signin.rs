//! Tokens and sign-ins: every check of the contract, nothing changed in a mailbox, no more asked of Microsoft than needed.

use std::{collections::BTreeSet, path::Path};

use ece_check::{
    deployment::Role,
    finding::{Report, SkipReason, Status},
    lab::{Counts, Lab, Settings},
};

use crate::{
    program::Place,
    walk::{alone, came_out, not_well, of_check, walk, walk_changed, walk_tenant},
};

/// What the contract promises for each account and each mailbox.
const CHECKS: &[&str] = &[
    "token.issued",
    "token.audience",
    "token.identity",
    "token.valid-now",
    "token.lifetime",
    "token.smtp-permission",
    "token.imap-permission",
    "token.pop3-permission",
    "token.refresh",
    "smtp.sign-in",
    "smtp.sender-accepted",
    "imap.sign-in",
    "imap.mailbox-opens",
    "pop3.sign-in",
    "pop3.mailbox-opens",
];

/// A file as somebody writes it: one mailbox of its own, two that are shared, one over POP3. The variables are the lab's.
const FILE: &str = r#"
[ece]
release      = "12.6(1)"
installed    = ["ES10", "ES10_ET1"]
role         = "services"
external_url = "https://ece.example.com"
console_url  = "https://ece.example.com/system"

[entra]
tenant        = "contoso.onmicrosoft.com"
client_id     = "CLIENT"
client_secret = { env = "ECE_CHECK_LAB_SECRET" }

[[account]]
name          = "sales"
signs_in_as   = "sales@example.com"
refresh_token = { env = "ECE_CHECK_LAB_SALES" }
inbound       = "imap"
mailboxes     = ["sales@example.com"]

[[account]]
name          = "team"
signs_in_as   = "team@example.com"
refresh_token = { env = "ECE_CHECK_LAB_TEAM" }
inbound       = "imap"
mailboxes     = ["info@example.com", "support@example.com"]

[[account]]
name          = "billing"
signs_in_as   = "billing@example.com"
refresh_token = { env = "ECE_CHECK_LAB_BILLING" }
inbound       = "pop3"
mailboxes     = ["billing@example.com"]
"#;

/// The most memory that a process has held, in kilobytes, as its system counts it.
fn most_memory(process: u32) -> Option<u64> {
    let text = std::fs::read_to_string(Path::new("/proc").join(process.to_string()).join("status")).ok()?;
    text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

#[track_caller]
fn nothing_is_changed(counts: &Counts) {
    for command in ["DATA", "BDAT", "STORE", "DELE", "APPEND", "EXPUNGE", "SELECT", "MOVE", "COPY"] {
        assert_eq!(counts.changing.get(command), None, "{counts:#?}");
    }
    assert!(counts.changing.is_empty() && counts.delivered.is_empty(), "{counts:#?}");
}

/// Over IMAP and POP3 a session names the mailbox; over SMTP it names whose token it is, once for each sender.
#[track_caller]
fn signed_in_once_for_each(counts: &Counts, report: &Report) {
    for ((mailbox, protocol), times) in &counts.sign_ins {
        assert!(*protocol == "smtp" || *times == 1, "{mailbox} {protocol}: {times}");
    }
    let over_smtp: u64 =
        counts.sign_ins.iter().filter(|((_, protocol), _)| *protocol == "smtp").map(|(_, times)| times).sum();
    let senders = of_check(report, "smtp.sign-in").len();
    assert!(over_smtp <= senders as u64, "{over_smtp} sign-ins for {senders} senders");
}

/// Two sessions of one sender over SMTP, where Exchange Online takes three; one of each mailbox over IMAP and POP3.
#[track_caller]
fn no_mailbox_is_crowded(counts: &Counts) {
    assert!(!counts.most_for_mailbox.is_empty(), "{counts:#?}");
    for ((mailbox, protocol), most) in &counts.most_for_mailbox {
        let allowed = if *protocol == "smtp" { 2 } else { 1 };
        assert!(*most <= allowed, "{most} sessions of {mailbox} over {protocol} at once");
    }
}

/// What Exchange Online would count on one connection, the handshakes of TLS included; connecting is one more.
#[track_caller]
fn no_round_trip_is_wasted(counts: &Counts) {
    for (port, most) in [(587, 11), (993, 6), (995, 7)] {
        let counted = counts.round_trips.get(&port).copied().unwrap_or_default();
        assert!((4..=most).contains(&counted), "{counted} round trips on port {port}, {most} are enough");
    }
}

/// lettre and async-imap were told the same at every mailbox over SMTP and IMAP.
#[track_caller]
fn libraries_agree(report: &Report) {
    for (protocol, library) in [("smtp", "lettre"), ("imap", "async-imap")] {
        let of_mailbox = report.looks.iter().filter(|look| look.probe == protocol && look.subject.mailbox().is_some());
        let name = format!("{protocol}.second_opinion");
        let told: Vec<Option<String>> =
            of_mailbox.map(|look| Some(look.attempts.first()?.facts.value(&name)?.to_string())).collect();
        assert!(!told.is_empty(), "no sign-in over {protocol}");
        assert!(told.iter().all(|told| told.as_deref() == Some(&*format!("{library} agrees"))), "{told:?}");
    }
}

/// How a check came out for one mailbox.
fn status_of(report: &Report, check: &str, subject: &str) -> Option<Status> {
    of_check(report, check).into_iter().find(|finding| finding.subject == subject).map(|finding| finding.status)
}

#[test]
fn file_with_accounts_of_each_kind_is_walked_to_the_end() {
    let place = Place::new();
    place.write("mine.toml", FILE.replace("CLIENT", &client_of_the_lab()));
    let outcome = place.call(&["run", "--lab", "-c", "mine.toml", "-o", "json", "--second-opinion"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let report = outcome.report();
    libraries_agree(&report);
    for check in CHECKS {
        assert!(came_out(&report, check, Status::Pass), "{check} did not pass\n{}", not_well(&report));
        for finding in of_check(&report, check) {
            let of_the_other_protocol = finding.reason == Some(SkipReason::NotApplicable);
            assert!(finding.status == Status::Pass || of_the_other_protocol, "{finding:#?}");
        }
    }
    for mailbox in ["sales@example.com", "info@example.com", "support@example.com"] {
        assert_eq!(status_of(&report, "imap.mailbox-opens", mailbox), Some(Status::Pass), "{mailbox}");
        assert_eq!(status_of(&report, "smtp.sender-accepted", mailbox), Some(Status::Pass), "{mailbox}");
    }
    assert_eq!(status_of(&report, "pop3.mailbox-opens", "billing@example.com"), Some(Status::Pass));
}

/// The application proves itself with its certificate, and one account has a token of the application's own.
#[test]
fn certificate_in_the_place_of_the_secret_is_walked_to_the_end() {
    let place = Place::new();
    let own = "[[account]]\nname = \"archive\"\napplication_token = true\nmailboxes = [\"archive@example.com\"]\n";
    let secret = r#"client_secret = { env = "ECE_CHECK_LAB_SECRET" }"#;
    let certificate = r#"client_certificate = { env = "ECE_CHECK_LAB_CERTIFICATE" }"#;
    let file = FILE.replace("CLIENT", &client_of_the_lab()).replace(secret, certificate);
    assert!(file.contains(certificate));
    place.write("mine.toml", format!("{file}\n{own}"));
    let outcome = place.call(&["run", "--lab", "-c", "mine.toml", "-o", "json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let report = outcome.report();
    for account in ["sales", "team", "billing", "archive"] {
        assert_eq!(status_of(&report, "token.issued", account), Some(Status::Pass), "{}", not_well(&report));
    }
    assert_eq!(status_of(&report, "imap.mailbox-opens", "archive@example.com"), Some(Status::Pass));
    assert_eq!(status_of(&report, "directory.secret-lifetime", "site"), Some(Status::Pass));
}

/// The identifier of the application in the lab, as its own file names it.
fn client_of_the_lab() -> String {
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let lab = runtime.block_on(Lab::start(&Settings::default())).expect("the lab starts");
    let line = lab.deployment().lines().find(|line| line.starts_with("client_id")).expect("a client");
    line.split('"').nth(1).expect("in quotes").to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_changed_and_each_thing_is_asked_once() {
    let (report, counts) = walk_tenant(&Settings::default(), None).await;
    assert_eq!(report.summary.fail, 0, "{}", not_well(&report));
    no_round_trip_is_wasted(&counts);
    nothing_is_changed(&counts);
    let users: Vec<&str> = counts.tokens.keys().map(String::as_str).collect();
    assert_eq!(users, ["billing@example.com", "sales@example.com", "team@example.com"]);
    assert!(counts.tokens.values().all(|tokens| *tokens == 1), "{:?}", counts.tokens);
    signed_in_once_for_each(&counts, &report);
    assert_eq!(counts.sign_ins.values().sum::<u64>(), 8, "four mailboxes, each in and out: {:?}", counts.sign_ins);
    assert!(counts.refused.is_empty(), "{:?}", counts.refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn application_server_sends_and_does_not_fetch() {
    let (report, counts) = walk_tenant(&Settings::default(), Some(Role::Application)).await;
    assert_eq!(report.summary.exit_code, 0, "{}", not_well(&report));
    for check in ["smtp.sign-in", "smtp.sender-accepted"] {
        assert!(of_check(&report, check).iter().all(|finding| finding.status == Status::Pass), "{check}");
        assert_eq!(of_check(&report, check).len(), 4, "{check}");
    }
    for check in ["imap.sign-in", "imap.mailbox-opens", "pop3.sign-in", "pop3.mailbox-opens"] {
        let findings = of_check(&report, check);
        assert!(!findings.is_empty(), "{check}");
        assert!(findings.iter().all(|finding| finding.reason == Some(SkipReason::NotApplicable)), "{findings:#?}");
    }
    let protocols: BTreeSet<&str> = counts.sign_ins.keys().map(|(_, protocol)| *protocol).collect();
    assert_eq!(protocols, ["smtp"].into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_mailboxes_are_walked_gently() {
    let _alone = alone().await;
    let before = most_memory(std::process::id());
    let (report, counts) = walk_tenant(&Settings { mailboxes: 500, ..Settings::default() }, None).await;
    let after = most_memory(std::process::id());
    assert_eq!((report.summary.fail, report.summary.error), (0, 0), "{}", not_well(&report));
    for check in ["imap.mailbox-opens", "smtp.sender-accepted"] {
        let passed = of_check(&report, check).iter().filter(|finding| finding.status == Status::Pass).count();
        assert!(passed >= 500, "{check}: {passed}");
    }
    nothing_is_changed(&counts);
    assert_eq!(counts.tokens.len(), 4, "{:?}", counts.tokens);
    assert!(counts.tokens.values().all(|tokens| *tokens == 1), "{:?}", counts.tokens);
    signed_in_once_for_each(&counts, &report);
    no_mailbox_is_crowded(&counts);
    let at_once = |host: &str| counts.most_for_host.get(host).copied().unwrap_or_default();
    assert!((1..=8).contains(&at_once("smtp.office365.com")), "{:?}", counts.most_for_host);
    // the looks at the servers themselves dial every address at once, here eight for each of four services; mailboxes of
    // a protocol come after those of its own, and so add nothing
    assert!(at_once("outlook.office365.com") <= 8 * 4, "{:?}", counts.most_for_host);
    if let (Some(before), Some(after)) = (before, after) {
        // the lab, the report and whatever other tests do meanwhile are in it
        assert!(after - before < 200_000, "{before} kB before, {after} kB after");
    }
}

/// ECE has two accounts with one person's token: forty mailboxes in each, and the same sender for all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_accounts_of_one_sender_share_its_places() {
    let settings = Settings { mailboxes: 80, ..Settings::default() };
    let (report, counts) = walk_changed(&settings, in_two_accounts).await;
    assert_eq!((report.summary.fail, report.summary.error), (0, 0), "{}", not_well(&report));
    no_mailbox_is_crowded(&counts);
    nothing_is_changed(&counts);
    assert_eq!(counts.sign_ins[&("boxes@example.com".to_owned(), "smtp")], 80);
    assert_eq!(counts.most_for_mailbox[&("boxes@example.com".to_owned(), "smtp")], 2, "it does not dawdle either");
}

/// The same file with the mailboxes of its last account in two.
fn in_two_accounts(file: &str) -> String {
    let (before, last) = file.rsplit_once("[[account]]").expect("accounts");
    let (head, mailboxes) = last.split_once("mailboxes     = [").expect("mailboxes");
    let names: Vec<&str> = mailboxes.trim_end().trim_end_matches(']').split(", ").collect();
    let account = |head: &str, names: &[&str]| format!("[[account]]{head}mailboxes     = [{}]\n", names.join(", "));
    let (one, other) = names.split_at(names.len() / 2);
    [before, &account(head, one), &account(&head.replacen("\"boxes\"", "\"more\"", 1), other)].concat()
}

/// A fault in one protocol, the mailbox that has it, the check that shows it, and checks that still hold there.
const ONE_OF_THREE: &[(&str, &str, &str, &[&str])] = &[
    ("smtp-auth-disabled-mailbox", "sales@example.com", "smtp.sign-in", &["imap.sign-in", "imap.mailbox-opens"]),
    ("imap-disabled-for-mailbox", "sales@example.com", "imap.mailbox-opens", &["smtp.sign-in", "smtp.sender-accepted"]),
    ("pop-disabled-for-mailbox", "billing@example.com", "pop3.sign-in", &["smtp.sign-in", "smtp.sender-accepted"]),
    ("send-as-denied", "info@example.com", "smtp.sender-accepted", &["smtp.sign-in", "imap.mailbox-opens"]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_in_one_protocol_leaves_the_others_working() {
    for (fault, mailbox, fails, hold) in ONE_OF_THREE {
        let report = walk(&[fault]).await;
        assert_eq!(status_of(&report, fails, mailbox), Some(Status::Fail), "{fault}\n{}", not_well(&report));
        for check in *hold {
            assert_eq!(status_of(&report, check, mailbox), Some(Status::Pass), "{fault}: {check}");
        }
        let failed: Vec<_> = report.findings.iter().filter(|finding| finding.status == Status::Fail).collect();
        assert_eq!(failed.len(), 1, "{fault}\n{}", not_well(&report));
    }
}

/// What is in the place of an access token is none: nothing is presented anywhere, and what could not be read is asked for.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_none_is_named_and_presented_nowhere() {
    let as_access = |file: &str| {
        let given = "refresh_token = { env = \"ECE_CHECK_LAB_SALES\" }";
        assert!(file.contains(given), "{file}");
        file.replacen(given, "access_token = { env = \"ECE_CHECK_LAB_SALES\" }", 1)
    };
    let (report, _) = walk_changed(&Settings::default(), as_access).await;
    let at = |check: &str, subject: &str| {
        let mut findings = report.findings.iter();
        findings.find(|one| one.check == check && one.subject == subject).expect("a finding of this check")
    };
    let fixes: Vec<&str> = report.summary.fix_first.iter().map(|fix| fix.cause.as_str()).collect();
    assert_eq!(fixes, ["token-malformed"], "{}", not_well(&report));
    assert_eq!(at("token.well-formed", "sales").status, Status::Fail);
    for check in ["token.audience", "token.identity", "token.valid-now", "token.lifetime", "token.smtp-permission"] {
        let finding = at(check, "sales");
        assert_eq!((finding.status, finding.reason), (Status::Skip, Some(SkipReason::NeedsInput)), "{check}");
        assert!(finding.next.as_deref().is_some_and(|next| next.starts_with("Confirm by hand")), "{finding:?}");
    }
    for check in ["smtp.sign-in", "imap.sign-in"] {
        let finding = at(check, "sales@example.com");
        assert_eq!((finding.status, finding.reason), (Status::Skip, Some(SkipReason::Blocked)), "{check}");
        let by = &report.findings[finding.blocked_by.expect("what blocks it")];
        assert_eq!((by.check.as_str(), by.subject.as_str()), ("token.well-formed", "sales"), "{check}");
    }
}
