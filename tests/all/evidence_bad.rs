//! Files that people hand over by mistake: each has a sentence that says what is wrong and what would be right, and ends
//! nothing but itself. Where nothing at all can be used, the exit code is 2.

use std::fs::File;

use crate::program::{Outcome, Place};

const SITE: &str = "[entra]\nclient_id = \"aaaaaaaa-0000-4000-8000-00000000000a\"\n[[account]]\nname = \"team\"\n\
                    signs_in_as = \"team@shop.test\"\ninbound = \"imap\"\n\
                    mailboxes = [\"sales@shop.test\", \"info@shop.test\", \"support@shop.test\", \"billing@shop.test\"]\n";

/// One mistake: what is handed over, and what is said of it.
struct Mistake {
    files: &'static [(&'static str, &'static [u8])],
    says: &'static [&'static str],
    right: &'static str,
    used: bool,
}

const fn unusable(
    files: &'static [(&'static str, &'static [u8])],
    says: &'static [&'static str],
    right: &'static str,
) -> Mistake {
    Mistake { files, says, right, used: false }
}

const fn usable(
    files: &'static [(&'static str, &'static [u8])],
    says: &'static [&'static str],
    right: &'static str,
) -> Mistake {
    Mistake { files, says, right, used: true }
}

const SALES: &[u8] = br#"[{"PrimarySmtpAddress":"sales@shop.test","ImapEnabled":true,"PopEnabled":true}]"#;

const MISTAKES: &[Mistake] = &[
    unusable(
        &[("cut.json", b"[{\"PrimarySmtpAddress\":\"sales@shop.test\",\n\"ImapEnabled\":true,\"PopEn")],
        &["cut.json, line 2", "ends in the middle: the file was cut"],
        "give the whole file",
    ),
    unusable(
        &[("services.csv", b"\"Name\",\"Status\",\"StartType\"\n\"spooler\",\"Stopped\",\"Automatic\"\n")],
        &["services.csv, line 2", "holds no data that is used here; its first object has Name, Status, StartType"],
        "evidence request --for exchange|entra|webex",
    ),
    unusable(&[("screen.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")], &["screen.png: is a picture"], "export the data as JSON or CSV"),
    unusable(
        &[("export.zip", b"PK\x03\x04\x14\0\0\0\x08\0casmailbox.json")],
        &["export.zip: is a ZIP archive or an Excel workbook"],
        "unpack it",
    ),
    unusable(
        &[("plans.json", br#"[{"Name":"ExchangeOnlineEnterprise-0527a260-bea3-46a3-9f4f-215fdd24f4d9","ImapEnabled":true,"PopEnabled":true}]"#)],
        &["holds mailbox plans (Get-CASMailboxPlan)"],
        "export Get-CASMailbox for each mailbox of ECE",
    ),
    // a file of another tenant: its setting of the organization must not be believed
    unusable(
        &[("ece-exchange.json", br#"{"made":"2026-11-01T00:00:00Z","cas":[{"PrimarySmtpAddress":"sales@fabrikam.com","ImapEnabled":false,"PopEnabled":true,"SmtpClientAuthenticationDisabled":null}],"org":{"SmtpClientAuthenticationDisabled":true}}"#)],
        &["holds only mailboxes that are not in the site file: sales@fabrikam.com"],
        "sign in to the tenant of this site and export billing@shop.test, info@shop.test",
    ),
    unusable(
        &[("manifest.json", br#"{"appId":"bbbbbbbb-0000-4000-8000-00000000000b","web":{"redirectUris":[]},"passwordCredentials":[]}"#)],
        &["is the registration of another application: bbbbbbbb-0000-4000-8000-00000000000b"],
        "aaaaaaaa-0000-4000-8000-00000000000a",
    ),
    // an empty Identity gives all mailboxes; here with the columns that say nothing of whose they are
    unusable(
        &[("all.json", br#"[{"Identity":"","ImapEnabled":true,"PopEnabled":true},{"Identity":"","ImapEnabled":false,"PopEnabled":true}]"#)],
        &["all.json, object 1", "does not say of which mailbox it is"],
        "export it with PrimarySmtpAddress",
    ),
    usable(
        &[("all.csv", b"Identity,PrimarySmtpAddress,ImapEnabled,PopEnabled\nann,ann@shop.test,False,True\n,,False,True\nsales,sales@shop.test,True,True\n")],
        &["line 3: does not say of which mailbox it is"],
        "export it with PrimarySmtpAddress",
    ),
    usable(
        &[("page.json", br#"{"@odata.nextLink":"https://graph.microsoft.com/v1.0/x?$skiptoken=1","value":[{"Mailbox":"info@shop.test","User":"NT AUTHORITY\\SELF","AccessRights":["FullAccess"],"Deny":false}]}"#)],
        &["has further pages that are not in the file (@odata.nextLink)"],
        "the file is incomplete and cannot show that something is missing",
    ),
    usable(
        &[("three.json", br#"[{"PrimarySmtpAddress":"sales@shop.test","ImapEnabled":true,"PopEnabled":true},{"PrimarySmtpAddress":"info@shop.test","ImapEnabled":true,"PopEnabled":true},{"PrimarySmtpAddress":"support@shop.test","ImapEnabled":true,"PopEnabled":true}]"#)],
        &["billing@shop.test"],
        "evidence request --for exchange",
    ),
    usable(
        &[("older.json", br#"{"made":"2026-11-01T00:00:00Z","cas":[{"PrimarySmtpAddress":"sales@shop.test","ImapEnabled":false,"PopEnabled":true}]}"#), ("newer.json", SALES)],
        &["sales@shop.test", "files disagree, and newer.json is the newest"],
        "IMAP enabled: yes",
    ),
    usable(
        &[("hostile.csv", b"PrimarySmtpAddress,ImapEnabled,PopEnabled\n\"=cmd|'/c calc'!A1@shop.test\",True,True\n\"a\xe2\x80\xaeb\x1b]0;x\x07@shop.test\",\x1b[2JFalse,True\nsales@shop.test,\"=HYPERLINK(\"\"http://x\"\")\x1b[31m\xe2\x80\xae\",True\n")],
        &["ImapEnabled is", "neither true nor false"],
        "[SKIP] sales@shop.test [mailbox.imap-enabled]",
    ),
];

fn both(outcome: &Outcome) -> String {
    // a sentence is wrapped for the terminal
    (outcome.stdout.clone() + &outcome.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn every_mistake_has_its_sentence_and_only_a_useless_file_is_a_wrong_use() {
    let place = Place::new();
    place.write("site.toml", SITE);
    for Mistake { files, says, right, used } in MISTAKES {
        for (name, bytes) in *files {
            place.write(name, bytes);
        }
        let names: Vec<&str> = files.iter().map(|(name, _)| *name).collect();
        let shown = place.call(&[&["evidence", "show", "-c", "site.toml"], &names[..]].concat());
        for part in says.iter().chain([right]) {
            assert!(both(&shown).contains(part), "{part:?} is not in {shown:#?}");
        }
        let evidence: Vec<&str> = names.iter().flat_map(|name| ["--evidence", name]).collect();
        let only = ["run", "-c", "site.toml", "--only", "mailbox,directory", "--no-proxy"];
        let run = place.call(&[&only[..], &evidence].concat());
        if *used {
            assert_eq!(shown.code, Some(0), "{shown:#?}");
            assert_ne!(run.code, Some(2), "{names:?}: {run:#?}");
        } else {
            assert_eq!(shown.code, Some(2), "{shown:#?}");
            run.refused(says[0]);
            run.refused("nothing of the evidence can be used");
        }
        for outcome in [&shown, &run] {
            let text = both(outcome);
            assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{names:?}: {outcome:#?}");
        }
        // beside a good file it stops nothing but itself
        place.write("good.json", SALES);
        let beside = place.call(&[&only[..], &evidence, &["--evidence", "good.json", "-o", "json"]].concat());
        let report = beside.report();
        let imap = |one: &&ece_check::finding::Finding| {
            one.check == "mailbox.imap-enabled" && one.subject == "sales@shop.test"
        };
        let imap = report.findings.iter().find(imap).expect("it is planned");
        assert!(!imap.found.is_empty(), "{names:?}: {imap:#?}");
    }
}

#[test]
fn file_over_the_limit_is_not_read() {
    let place = Place::new();
    place.write("site.toml", SITE);
    // without a byte of it on the disk
    File::create(place.path().join("big.csv")).and_then(|file| file.set_len(1 << 30)).expect("a sparse file");
    for command in [&["evidence", "show"][..], &["run", "-c", "site.toml", "--no-proxy", "--evidence"]] {
        let outcome = place.call(&[command, &["big.csv"]].concat());
        assert_eq!(outcome.code, Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains("big.csv: has more than 64 MiB"), "{outcome:?}");
        assert!(outcome.took.as_secs() < 5, "{outcome:?}");
    }
}
