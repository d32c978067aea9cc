//! Every kind of sample through the program, and the same rows through every container.

use std::{fmt::Write as _, path::Path};

use ece_check::import::{self, Stated, record::Record};
use jiff::{ToSpan as _, Zoned, tz::TimeZone};
use proptest::prelude::*;

use crate::program::Place;

const SITE: &str = r#"
[ece]
redirect_url = "https://ece.example.com/system/web/oauth/redirect"
[entra]
client_id = "aaaaaaaa-0000-4000-8000-00000000000a"
[[account]]
name = "sales"
signs_in_as = "sales@example.com"
inbound = "imap"
mailboxes = ["sales@example.com"]
[[account]]
name = "team"
signs_in_as = "team@example.com"
inbound = "imap"
mailboxes = ["info@example.com", "support@example.com"]
[[account]]
name = "billing"
signs_in_as = "billing@example.com"
inbound = "pop3"
mailboxes = ["billing@example.com"]
[[account]]
name = "info"
signs_in_as = "info@example.com"
inbound = "imap"
mailboxes = ["owner@example.com"]
"#;

/// A sample, with its days moved so that it is as old today as it was when it was made.
fn sample(place: &Place, name: &str) -> String {
    let bytes = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/evidence").join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    let today = Zoned::now().with_time_zone(TimeZone::UTC).date();
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => {
            let text = text.replace("2026-11-28", &today.yesterday().expect("a day").to_string());
            text.replace("2026-12-24", &(today + 25.days()).to_string()).into_bytes()
        }
        Err(error) => error.into_bytes(),
    };
    place.write(name, bytes).to_str().expect("UTF-8").to_owned()
}

/// Files, flags, and what must come out: check, subject, status.
type Row<'r> = (&'r [&'r str], &'r [&'r str], &'r [(&'r str, &'r str, &'r str)]);

const SMTP: &str = "mailbox.smtp-enabled";
const IMAP: &str = "mailbox.imap-enabled";
const POP: &str = "mailbox.pop-enabled";
const LICENSE: &str = "directory.licence";
const SALES: &str = "sales@example.com";
const INFO: &str = "info@example.com";
const SUPPORT: &str = "support@example.com";
const BILLING: &str = "billing@example.com";

/// What a whole list of mailboxes says without the organization.
const WHOLE: &[(&str, &str, &str)] = &[
    (SMTP, SALES, "needs-input"),
    (SMTP, INFO, "pass"),
    (IMAP, SALES, "pass"),
    (IMAP, INFO, "pass"),
    (IMAP, SUPPORT, "fail"),
    (POP, BILLING, "fail"),
];

const ROWS: &[Row<'static>] = &[
    (&["exchange/casmailbox.ps7.json"], &[], WHOLE),
    (&["exchange/casmailbox.ps51.csv"], &[], WHOLE),
    (&["exchange/casmailbox.excel-nl.csv"], &[], WHOLE),
    (&["exchange/casmailbox.format-list.ps51.txt"], &[], WHOLE),
    (&["exchange/casmailbox.clixml"], &[], WHOLE),
    (&["exchange/casmailbox.ps51-value-count.json"], &[], &[(SMTP, SALES, "needs-input"), (SMTP, INFO, "pass")]),
    (&["exchange/casmailbox.one.ps51-redirect.json"], &[], &[(SMTP, INFO, "pass"), (SMTP, SALES, "needs-input")]),
    (
        &["exchange/casmailbox.exo-minimum.json", "exchange/transportconfig.json"],
        &[],
        &[(SMTP, SALES, "needs-input"), (SMTP, INFO, "needs-input"), (IMAP, SALES, "pass"), (IMAP, SUPPORT, "fail")],
    ),
    (&["exchange/casmailbox.console-paste.txt"], &[], &[(IMAP, SUPPORT, "fail"), (SMTP, SALES, "needs-input")]),
    (
        &["exchange/casmailbox.format-table.txt", "exchange/transportconfig.json"],
        &[],
        &[(SMTP, SALES, "needs-input"), (SMTP, INFO, "pass"), (IMAP, SALES, "pass"), (IMAP, SUPPORT, "fail")],
    ),
    (
        &["exchange/casmailbox.ps7.json", "exchange/transportconfig.json"],
        &[],
        &[(SMTP, SALES, "fail"), (SMTP, BILLING, "fail"), (SMTP, INFO, "pass")],
    ),
    (&["exchange/casmailbox.ps7.json", "exchange/transportconfig.format-list.txt"], &[], &[(SMTP, SALES, "fail")]),
    (&["exchange/mailbox.json"], &[], &[(LICENSE, SALES, "pass"), (LICENSE, SUPPORT, "warn")]),
    (
        &["exchange/mailboxpermission.csv"],
        &[],
        &[("mailbox.full-access", INFO, "pass"), ("mailbox.full-access", SUPPORT, "fail")],
    ),
    (
        &["exchange/mailboxpermission.ps7.json"],
        &[],
        &[("mailbox.full-access", INFO, "pass"), ("mailbox.full-access", SUPPORT, "fail")],
    ),
    (&["exchange/recipientpermission.csv"], &[], &[("mailbox.send-as", INFO, "pass")]),
    (
        &["exchange/serviceprincipal.json", "graph/application.ece.json"],
        &[],
        &[
            ("mailbox.service-principal", "application", "fail"),
            ("directory.redirect-registered", "application", "pass"),
            ("directory.secret-lifetime", "application", "warn"),
        ],
    ),
    (
        &["portal/manifest.aad-graph-format.json"],
        &[],
        &[
            ("directory.redirect-registered", "application", "pass"),
            ("directory.secret-lifetime", "application", "warn"),
        ],
    ),
    (&["portal/manifest.graph-format.json"], &[], &[("directory.redirect-registered", "application", "pass")]),
    (&["graph/licenseDetails.e3.json"], &[], &[(LICENSE, SALES, "pass")]),
    (&["graph/licenseDetails.plan-disabled.json"], &["--subject", INFO], &[(LICENSE, INFO, "fail")]),
    (&["graph/licenseDetails.plan1.json"], &["--subject", INFO], &[(LICENSE, INFO, "warn")]),
    (&["graph/licenseDetails.none.json"], &["--subject", INFO, "--kind", "user-license"], &[(LICENSE, INFO, "fail")]),
    (
        &["graph/signIns.beta.noninteractive.json"],
        &[],
        &[("entra.sign-in-failures", "team@example.com", "fail"), ("entra.sign-in-failures", SALES, "needs-input")],
    ),
    (&["portal/signins-noninteractive.csv"], &[], &[("entra.sign-in-failures", "team@example.com", "fail")]),
];

#[test]
fn every_sample_comes_out_as_it_must() {
    let place = Place::new();
    place.write("site.toml", SITE);
    for (files, flags, expected) in ROWS {
        let files: Vec<String> = files.iter().map(|name| sample(&place, name)).collect();
        let names: Vec<&str> = files.iter().map(String::as_str).collect();
        let outcome =
            place.call(&[&["evidence", "show", "-c", "site.toml", "-o", "json"], &flags[..], &names[..]].concat());
        assert_eq!(outcome.code, Some(0), "{outcome:?}");
        let shown: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
        for (check, subject, status) in *expected {
            let settles = shown["settles"].as_array().expect("a list");
            let found = settles.iter().find(|one| one["check"] == *check && one["subject"] == *subject);
            assert_eq!(found.map(|one| &one["status"]), Some(&(*status).into()), "{names:?}: {check} {subject}");
        }
        let text = shown["settles"].to_string();
        assert!(!text.contains("Report only"), "a policy in report-only mode blocks nothing: {text}");
    }
}

#[test]
fn log_of_ece_is_recognized_and_joined_with_the_run() {
    let place = Place::new();
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string();
    let line = |level: &str, module: &str, message: &str| {
        format!(
            "{now}.006 GMT+0000 <@> {level} <@> [9:Instance] <@> ProcessId:1 <@> PID:1 <@> UID:12 <@> HttpSessionId:  <@> com.egain.mail.module.{module} <@> run <@> {message}\n"
        )
    };
    let refused = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
    let log = [
        line("INFO", "retriever.RxInstance", "2 messages retrieved for sales@example.com"),
        line("ERROR", "dispatcher.TxInstance", &format!("sales@example.com: {refused}")),
    ];
    let log = place.write("dispatcher.log", log.concat());
    let log = log.to_str().expect("UTF-8");
    let run = |fault: &str| {
        let only = "ece,smtp.sign-in,imap.mailbox-opens";
        place.call(&["run", fault, "--evidence", log, "--only", only, "-o", "json"]).report()
    };
    let finding = |report: &ece_check::finding::Report, check: &str| {
        report.findings.iter().find(|one| one.check == check && one.subject == "sales").cloned().expect("a finding")
    };
    // ECE is refused, this run works: what differs is named, not the mailbox
    let report = run("--lab");
    let sending = finding(&report, "ece.log-sending");
    let causes: Vec<&str> = sending.causes.iter().map(|one| one.cause.as_str()).collect();
    assert_eq!(causes, ["ece-stored-token-outdated"], "{sending:#?}");
    assert!(sending.causes[0].certainty > ece_check::finding::Certainty::Certain);
    // both are refused: the same cause
    let report = run("--lab=smtp-auth-disabled-mailbox");
    let sending = finding(&report, "ece.log-sending");
    assert!(sending.causes.iter().any(|one| one.cause == "smtp-auth-disabled-mailbox"), "{sending:#?}");
    // ECE works, this run is refused: the inputs of this run
    let report = run("--lab=imap-disabled-for-mailbox");
    let receiving = finding(&report, "ece.log-receiving");
    assert_eq!(receiving.status, ece_check::finding::Status::Warn, "{receiving:#?}");
    assert!(receiving.found.contains("ECE works, this run does not"), "{receiving:#?}");
    // the folder of logs in the site file
    let site = SITE.replace("[ece]", "[ece]\nlogs = \".\"");
    place.write("logs.toml", site);
    let outcome = place.call(&["run", "--lab", "-c", "logs.toml", "--only", "ece.log-receiving", "-o", "json"]);
    assert_eq!(finding(&outcome.report(), "ece.log-receiving").status, ece_check::finding::Status::Pass);
}

/// One mailbox as Exchange has it.
#[derive(Clone, Debug)]
struct Mailbox {
    address: String,
    imap: bool,
    pop: bool,
    smtp_disabled: Option<bool>,
}

fn mailboxes() -> impl Strategy<Value = Vec<Mailbox>> {
    let one = ("[a-z]{1,8}", any::<bool>(), any::<bool>(), any::<Option<bool>>());
    prop::collection::vec(one, 1..6).prop_map(|rows| {
        let of = |(at, (name, imap, pop, smtp_disabled)): (usize, (String, bool, bool, Option<bool>))| Mailbox {
            address: format!("{name}{at}@example.com"),
            imap,
            pop,
            smtp_disabled,
        };
        rows.into_iter().enumerate().map(of).collect()
    })
}

const COLUMNS: [&str; 4] = ["PrimarySmtpAddress", "ImapEnabled", "PopEnabled", "SmtpClientAuthenticationDisabled"];

impl Mailbox {
    /// The cells in the order of [`COLUMNS`], with a language's words for true and false.
    fn cells(&self, [yes, no]: [&str; 2]) -> [String; 4] {
        let word = |value: bool| if value { yes } else { no }.to_owned();
        let smtp = self.smtp_disabled.map(word).unwrap_or_default();
        [self.address.clone(), word(self.imap), word(self.pop), smtp]
    }

    fn json(&self) -> String {
        let smtp = self.smtp_disabled.map_or_else(|| "null".to_owned(), |value| value.to_string());
        let [address, imap, pop, _] = self.cells(["true", "false"]);
        format!(
            "{{\"{}\":\"{address}\",\"{}\":{imap},\"{}\":{pop},\"{}\":{smtp}}}",
            COLUMNS[0], COLUMNS[1], COLUMNS[2], COLUMNS[3]
        )
    }
}

fn utf16(text: &str) -> Vec<u8> {
    [0xff, 0xfe].into_iter().chain(text.replace('\n', "\r\n").encode_utf16().flat_map(u16::to_le_bytes)).collect()
}

fn csv(rows: &[Mailbox], separator: &str, words: [&str; 2], head: &str) -> String {
    let mut text = format!("{head}{}\n", COLUMNS.map(|name| format!("\"{name}\"")).join(separator));
    for row in rows {
        let cells = row.cells(words).map(|cell| if cell.is_empty() { cell } else { format!("\"{cell}\"") });
        let _ = writeln!(text, "{}", cells.join(separator));
    }
    text
}

fn format_list(rows: &[Mailbox]) -> String {
    let mut text = "\n\n".to_owned();
    for row in rows {
        for (name, cell) in COLUMNS.iter().zip(row.cells(["True", "False"])) {
            let _ = writeln!(text, "{name:<32} : {cell}");
        }
        text.push('\n');
    }
    text
}

fn clixml(rows: &[Mailbox], body: &str) -> String {
    let mut text = "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\n".to_owned();
    for (at, row) in rows.iter().enumerate() {
        let smtp = match row.smtp_disabled {
            Some(value) => format!("<B N=\"{}\">{value}</B>", COLUMNS[3]),
            None => format!("<Nil N=\"{}\" />", COLUMNS[3]),
        };
        let _ = writeln!(
            text,
            "<Obj RefId=\"{at}\"><TN RefId=\"{at}\"><T>Selected.CASMailbox</T></TN><{body}><S N=\"{}\">{}</S>\
             <B N=\"{}\">{}</B><B N=\"{}\">{}</B>{smtp}</{body}></Obj>",
            COLUMNS[0], row.address, COLUMNS[1], row.imap, COLUMNS[2], row.pop
        );
    }
    text + "</Objs>\n"
}

/// The same rows in every container and encoding.
fn forms(rows: &[Mailbox]) -> Vec<(&'static str, Vec<u8>)> {
    let objects: Vec<String> = rows.iter().map(Mailbox::json).collect();
    let list = format!("[{}]", objects.join(","));
    let counted = format!("{{\"value\":{list},\"Count\":{}}}", rows.len());
    let typed = "#TYPE Selected.Microsoft.Exchange.Data.CASMailbox\n";
    vec![
        ("JSON of PowerShell 7", list.clone().into_bytes()),
        ("JSON of PowerShell 5.1", utf16(&counted)),
        ("JSON with a mark", [&[0xef, 0xbb, 0xbf], list.as_bytes()].concat()),
        ("CSV of PowerShell 7", csv(rows, ",", ["True", "False"], "").into_bytes()),
        ("CSV of PowerShell 5.1", csv(rows, ",", ["True", "False"], typed).replace('\n', "\r\n").into_bytes()),
        ("CSV of a Dutch Excel", csv(rows, ";", ["WAAR", "ONWAAR"], "sep=;\n").into_bytes()),
        ("CSV of a German Excel", csv(rows, ";", ["WAHR", "FALSCH"], "").into_bytes()),
        ("CSV of a French Excel", csv(rows, "\t", ["VRAI", "FAUX"], "").into_bytes()),
        ("CLIXML of selected objects", utf16(&clixml(rows, "MS"))),
        ("CLIXML of whole objects", clixml(rows, "Props").into_bytes()),
        ("Format-List", format_list(rows).into_bytes()),
        ("Format-List of PowerShell 5.1", utf16(&format_list(rows))),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_container_changes_nothing(rows in mailboxes()) {
        let read = |bytes: &[u8]| -> Vec<Record> {
            let file = import::parse("f", bytes, &Stated::default()).unwrap_or_else(|error| panic!("{error}"));
            file.rows.into_iter().map(|row| row.record).collect()
        };
        let forms = forms(&rows);
        let first = read(&forms[0].1);
        prop_assert_eq!(first.len(), rows.len());
        for (name, bytes) in &forms {
            prop_assert_eq!(&read(bytes), &first, "{}", name);
        }
    }
}
