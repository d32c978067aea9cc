//! The lab with a fault, and the files that colleagues would hand over about it: the cause is named first and certain.
//! The same run judged without the files is as uncertain as the wire allows.

use std::path::PathBuf;

use ece_check::{
    catalogue::Catalogue,
    engine,
    finding::{Certainty, Finding, Found, NextStep, Report, Status},
    lab::{self, Settings},
};

use crate::{accuracy::agree::assert_agrees, program::Place};

/// Writes the files about a tenant with these faults.
fn files(place: &Place, faults: &[&str]) -> PathBuf {
    let settings = Settings { faults: faults.iter().map(|fault| (*fault).to_owned()).collect(), ..Settings::default() };
    for file in lab::evidence(&settings).expect("the faults are known") {
        place.write(&format!("files/{}", file.name), file.bytes);
    }
    place.path().join("files")
}

/// A run against the lab with a fault and with files.
fn run(place: &Place, fault: &str, more: &[&str]) -> Report {
    let lab = if fault.is_empty() { "--lab".to_owned() } else { format!("--lab={fault}") };
    let only = "mailbox,directory,entra,token,imap,pop3,smtp.sign-in,smtp.sender-accepted";
    place.call(&[&["run", &lab, "--only", only, "-o", "json"], more].concat()).report()
}

fn with_files(fault: &str) -> Report {
    let place = Place::new();
    let folder = files(&place, if fault.is_empty() { &[] } else { std::slice::from_ref(&fault) });
    run(&place, fault, &["--evidence", folder.to_str().expect("UTF-8")])
}

/// The same run, judged without the files.
fn without_files(report: &Report) -> Report {
    let mut report = report.clone();
    let site = report.site.as_mut().expect("a site");
    site.evidence.clear();
    report.looks.retain(|look| look.source.is_live());
    engine::rejudge(&report, &Catalogue::built_in(), false).expect("it can be judged again")
}

fn certainty(report: &Report, cause: &str) -> Option<Certainty> {
    report.summary.fix_first.iter().find(|one| one.cause == cause).map(|one| one.certainty)
}

/// Fault, cause, and how certain the wire alone makes it.
const FAULTS: &[(&str, &str, Option<Certainty>)] = &[
    ("smtp-auth-disabled-mailbox", "smtp-auth-disabled-mailbox", Some(Certainty::Certain)),
    ("smtp-auth-disabled-tenant", "smtp-auth-disabled-tenant", Some(Certainty::Certain)),
    ("imap-disabled-for-mailbox", "imap-disabled-for-mailbox", Some(Certainty::Likely)),
    ("pop-disabled-for-mailbox", "pop-disabled-for-mailbox", Some(Certainty::Likely)),
    ("no-full-access-to-mailbox", "no-full-access-to-mailbox", Some(Certainty::Likely)),
    ("full-access-denied", "full-access-denied", None),
    ("exchange-service-principal-wrong-object", "exchange-service-principal-wrong-object", None),
    ("no-exchange-licence", "no-exchange-licence", Some(Certainty::Likely)),
    ("exchange-plan-too-low", "exchange-plan-too-low", None),
    ("exchange-plan-switched-off", "exchange-plan-switched-off", None),
    ("consent-missing", "consent-missing", Some(Certainty::Certain)),
    ("redirect-uri-registered-as-spa", "redirect-uri-registered-as-spa", Some(Certainty::Certain)),
    ("redirect-uri-platform-wrong", "redirect-uri-platform-wrong", None),
    ("redirect-uri-mismatch", "redirect-uri-mismatch", None),
    ("client-secret-expired", "client-secret-expired", Some(Certainty::Certain)),
    ("conditional-access-blocked", "conditional-access-blocked", Some(Certainty::Certain)),
    ("send-as-denied", "send-as-denied", Some(Certainty::Certain)),
    ("mailbox-not-found", "mailbox-not-found", Some(Certainty::Certain)),
    ("exchange-service-principal-missing", "exchange-service-principal-missing", Some(Certainty::Likely)),
];

fn named_first_and_certain(faults: &[(&str, &str, Option<Certainty>)]) {
    for (fault, cause, alone) in faults {
        let with = with_files(fault);
        let causes: Vec<(&str, Certainty)> =
            with.summary.fix_first.iter().map(|one| (one.cause.as_str(), one.certainty)).collect();
        assert_eq!(causes, [(*cause, Certainty::Certain)], "{fault}");
        assert_agrees(&with, fault);
        for fix in &with.summary.fix_first {
            let commands = fix.commands.iter().map(|command| command.text.as_str());
            for text in [fix.title.as_str(), &fix.fix].into_iter().chain(commands) {
                assert!(!text.contains('…'), "{fault}: a value is missing in {text}");
            }
        }
        let found = certainty(&without_files(&with), cause);
        let is_as_said = alone.map_or(found != Some(Certainty::Certain), |alone| found == Some(alone));
        assert!(is_as_said, "{fault} without files: {found:?}");
    }
}

#[test]
fn faults_of_protocols_with_their_files_are_certain() {
    named_first_and_certain(&FAULTS[..6]);
}

#[test]
fn faults_of_rights_and_licenses_with_their_files_are_certain() {
    named_first_and_certain(&FAULTS[6..11]);
}

#[test]
fn faults_of_the_application_with_their_files_are_certain() {
    named_first_and_certain(&FAULTS[11..]);
}

/// What Microsoft Graph shows of Entra ID, without a file and without a sign-in to a mailbox.
#[test]
fn faults_of_entra_are_certain_by_graph_alone() {
    let live = |fault: &str| {
        let lab = format!("--lab={fault}");
        Place::new().call(&["run", &lab, "--graph", "--only", "directory,entra", "-o", "json"]).report()
    };
    for fault in [
        "no-exchange-licence",
        "exchange-plan-switched-off",
        "exchange-plan-too-low",
        "consent-missing",
        "redirect-uri-platform-wrong",
        "redirect-uri-mismatch",
        "client-secret-expired",
        "conditional-access-blocked",
    ] {
        let (_, cause, _) = FAULTS.iter().find(|(name, ..)| *name == fault).expect("a fault of the table");
        let report = live(fault);
        let named = report.summary.fix_first.first().map(|one| (one.cause.as_str(), one.certainty));
        assert_eq!(named, Some((*cause, Certainty::Certain)), "{fault}: {:#?}", report.findings);
    }
    let healthy = live("");
    assert!(healthy.summary.fix_first.is_empty(), "{:#?}", healthy.summary.fix_first);
    for finding in healthy.findings.iter().filter(|one| one.check == "directory.licence") {
        let is_shared = ["info@example.com", "support@example.com"].contains(&finding.subject.as_str());
        assert_eq!(finding.status, if is_shared { Status::Warn } else { Status::Pass }, "{finding:#?}");
    }
}

#[test]
fn healthy_tenant_with_its_files_names_no_cause_and_is_judged_again_alike() {
    let report = with_files("");
    assert!(report.summary.fix_first.is_empty(), "{:#?}", report.summary.fix_first);
    assert_eq!(report.summary.exit_code, 0);
    let warned: Vec<&str> =
        report.findings.iter().filter(|one| one.status == Status::Warn).map(|one| one.subject.as_str()).collect();
    assert_eq!(warned, ["info@example.com", "support@example.com"], "shared mailboxes without a license");
    let again = engine::rejudge(&report, &Catalogue::built_in(), false).expect("it can be judged again");
    for (old, new) in report.findings.iter().zip(&again.findings) {
        assert_eq!(
            (&old.check, &old.subject, old.status, &old.found),
            (&new.check, &new.subject, new.status, &new.found)
        );
    }
    assert_eq!(report.findings.len(), again.findings.len());
}

fn finding<'r>(report: &'r Report, check: &str, subject: &str) -> &'r Finding {
    let found = report.findings.iter().find(|one| one.check == check && one.subject == subject);
    found.unwrap_or_else(|| panic!("no {check} for {subject}"))
}

#[test]
fn mailbox_that_does_not_exist_has_no_permissions() {
    let place = Place::new();
    let folder = files(&place, &["no-full-access-to-mailbox"]);
    let report = run(&place, "mailbox-not-found", &["--evidence", folder.to_str().expect("UTF-8")]);
    assert_eq!(report.summary.fix_first[0].cause, "mailbox-not-found");
    assert_eq!(certainty(&report, "no-full-access-to-mailbox"), None);
    let access = finding(&report, "mailbox.full-access", "info@example.com");
    assert_eq!(access.status, Status::Warn, "{access:#?}");
    assert!(access.fails.starts_with("This run contradicts the evidence"), "{access:#?}");
}

#[test]
fn missing_file_of_the_site_file_ends_no_run() {
    let place = Place::new();
    let site = "[evidence]\nfiles = [\"nosuch\"]\n[[account]]\nname = \"sales\"\nsigns_in_as = \"sales@shop.test\"\n\
                inbound = \"imap\"\nmailboxes = [\"sales@shop.test\"]\n";
    place.write("site.toml", site.as_bytes());
    let of_site = ["run", "--lab", "-c", "site.toml", "--only", "mailbox.imap-enabled,dns"];
    let run = place.call(&of_site);
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("Input needed first: evidence of the site file: nosuch"), "{run:?}");
    place.call(&[&of_site[..], &["--evidence", "other"]].concat()).refused("nothing of the evidence can be used");
}

#[test]
fn date_in_the_future_settles_nothing() {
    let place = Place::new();
    let folder = files(&place, &["imap-disabled-for-mailbox"]).join("ece-exchange.json");
    let text = std::fs::read_to_string(&folder).expect("the export");
    let at = text.find("\"made\": \"20").expect("its date") + 9;
    place.write("ahead.json", format!("{}2999{}", &text[..at], &text[at + 4..]).into_bytes());
    let report = run(&place, "imap-disabled-for-mailbox", &["--evidence", "ahead.json"]);
    assert_eq!(certainty(&report, "imap-disabled-for-mailbox"), Some(Certainty::Likely));
    let imap = finding(&report, "mailbox.imap-enabled", "sales@example.com");
    assert!(imap.next.as_deref().is_some_and(|next| next.contains("in the future")), "{imap:#?}");
}

#[test]
fn service_beats_a_file_that_says_otherwise() {
    // the files of a healthy tenant, and a tenant that has changed since
    let place = Place::new();
    let folder = files(&place, &[]);
    let evidence = ["--evidence", folder.to_str().expect("UTF-8")];
    let report = run(&place, "smtp-auth-disabled-mailbox", &evidence);
    assert_eq!(certainty(&report, "smtp-auth-disabled-mailbox"), Some(Certainty::Certain));
    let smtp = finding(&report, "mailbox.smtp-enabled", "sales@example.com");
    assert_eq!(smtp.status, Status::Warn, "{smtp:#?}");
    assert!(matches!(smtp.evidence, Some(Found::Outranked { .. })), "{smtp:#?}");
    assert!(smtp.found.contains("this run, which is newer: smtp.sign-in failed"), "{smtp:#?}");
    assert!(smtp.steps.iter().any(|step| matches!(step, NextStep::Request { .. })), "{smtp:#?}");

    // the files of a fault, and a tenant in which it is fixed
    let place = Place::new();
    let folder = files(&place, &["imap-disabled-for-mailbox"]);
    let report = run(&place, "", &["--evidence", folder.to_str().expect("UTF-8")]);
    let imap = finding(&report, "mailbox.imap-enabled", "sales@example.com");
    assert_eq!((imap.status, report.summary.exit_code), (Status::Warn, 0), "{imap:#?}");
    assert!(report.summary.fix_first.is_empty(), "{:#?}", report.summary.fix_first);
}

#[test]
fn finding_that_waits_for_a_file_names_the_command_that_asks_for_it() {
    let report = run(&Place::new(), "imap-disabled-for-mailbox", &[]);
    let opens = finding(&report, "imap.mailbox-opens", "sales@example.com");
    let next = opens.next.as_deref().unwrap_or_default();
    assert!(next.contains("ece-check evidence request --for exchange"), "{next}");
}

#[test]
fn site_file_names_files_and_what_persons_have_seen() {
    let place = Place::new();
    let cas = r#"[{"PrimarySmtpAddress":"sales@example.com","ImapEnabled":true,"PopEnabled":true}]"#;
    place.write("cas.json", cas);
    let site = |statement: &str| {
        format!(
            "[evidence]\nfiles = [\"cas.json\"]\nas_of = 2026-01-01\n[[account]]\nname = \"sales\"\nsigns_in_as = \"sales@example.com\"\n\
             inbound = \"imap\"\nmailboxes = [\"sales@example.com\"]\n{statement}"
        )
    };
    let statement = |check: &str, day: &str| {
        format!(
            "[[attestation]]\ncheck = \"{check}\"\nsubject = \"sales@example.com\"\nholds = true\nsaw = \"the admin center\"\nby = \"exchange.admin@example.com\"\non = {day}\n"
        )
    };
    let today = jiff::Zoned::now().date();
    let run = |text: &str| {
        place.write("site.toml", text);
        place.call(&["run", "--lab", "-c", "site.toml", "--only", "mailbox", "-o", "json"])
    };
    // the file is old, and its column is missing: a statement of today counts
    let report = run(&site(&statement("mailbox.smtp-enabled", &today.to_string()))).report();
    let smtp = finding(&report, "mailbox.smtp-enabled", "sales@example.com");
    assert_eq!(smtp.status, Status::Pass, "{smtp:#?}");
    assert!(smtp.found.contains(&format!("confirmed by hand, exchange.admin@example.com, {today}")), "{smtp:#?}");
    let imap = finding(&report, "mailbox.imap-enabled", "sales@example.com");
    assert_eq!(imap.status, Status::Skip, "{imap:#?}");
    assert!(imap.next.as_deref().unwrap_or_default().contains("2026-01-01"), "{imap:#?}");
    // a statement of long ago does not
    let report = run(&site(&statement("mailbox.smtp-enabled", "2026-01-01"))).report();
    assert_eq!(finding(&report, "mailbox.smtp-enabled", "sales@example.com").status, Status::Skip);
    // nor one about a check that reads no evidence
    run(&site(&statement("smtp.sign-in", "2026-01-01"))).refused("no check that can be confirmed by hand");
}

#[test]
fn file_that_is_missing_is_asked_of_who_has_it() {
    let place = Place::new();
    let folder = files(&place, &["exchange-service-principal-wrong-object"]);
    let file = folder.join("ece-exchange.json");
    let half = run(&place, "", &["--evidence", file.to_str().expect("UTF-8")]);
    let principal = half.findings.iter().find(|one| one.check == "mailbox.service-principal").expect("it is planned");
    let asked: Vec<&str> = principal.steps.iter().filter_map(NextStep::command).map(|one| one.text.as_str()).collect();
    assert_eq!(asked, ["ece-check evidence request --for entra"]);
    for (who, other) in [("exchange", "entra"), ("entra", "exchange")] {
        let request = place.call(&["evidence", "request", "--for", who]).stdout;
        let says = format!("settles together with the file of --for {other}: mailbox.service-principal");
        assert!(request.contains(&says), "{request}");
    }
}

/// What it prints is pasted where the program was called, so its own commands call it in the same way.
#[test]
fn request_is_for_who_called_it_and_takes_the_site_file_of_the_lab() {
    let place = Place::new();
    let site = format!(
        "[entra]\nclient_id = \"{}\"\n[[account]]\nname = \"a\"\nmailboxes = [\"sales@example.com\"]\n",
        ece_check::lab::CLIENT_ID
    );
    place.write("lab.toml", &site);
    let bare = |text: &str| text.lines().any(|line| line.starts_with("ece-check "));
    let exchange = place.call(&["evidence", "request", "--for", "exchange", "-c", "lab.toml"]);
    assert!(exchange.stdout.contains("'sales@example.com'"), "{exchange:#?}");
    assert!(
        exchange.stdout.ends_with(" run -c lab.toml --evidence FILE\n") && !bare(&exchange.stdout),
        "{exchange:#?}"
    );
    let network = place.call(&["evidence", "request", "--for", "network"]).stdout;
    assert!(network.contains(" plan --for network | ") && !bare(&network), "{network}");
    place.write("sample.toml", site.replace(ece_check::lab::CLIENT_ID, "0f2b9d3e-4a5c-4b6d-8e7f-9a0b1c2d3e4f"));
    let left_over = place.call(&["evidence", "request", "--for", "exchange", "-c", "sample.toml"]);
    assert_eq!(left_over.code, Some(2), "{left_over:#?}");
}

#[test]
fn rows_that_are_missing_for_many_mailboxes_are_asked_for_once() {
    let place = Place::new();
    place.write("row.txt", "Identity    : sales\nImapEnabled : False\nPopEnabled  : True\n");
    let shown = place.call(&["run", "--lab", "--evidence", "row.txt"]).stdout;
    let said = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("directory.licence (5)"), "{shown}");
    assert!(said.matches("no row for it in the evidence").count() <= 6, "{shown}");
    assert!(!said.contains("Get-MailboxPermission -Identity") && !said.contains("az rest"), "{shown}");
    assert!(said.contains("evidence request --for exchange"), "{shown}");
}
