//! Files of evidence in every form: what is recognized, what they settle, and that a form changes nothing.

use std::path::{Path, PathBuf};

use ece_check::import::{
    self, File, Incomplete, Stated,
    cell::Switch,
    record::Record,
    rules::{self, Account, Outcome, Question, Reason, Settled},
};

use crate::program::Place;

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/evidence").join(name)
}

fn file(name: &str) -> File {
    import::read(&path(name), &Stated::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn stated(name: &str, subject: &str, kind: &str) -> File {
    let stated = Stated { subject: Some(subject.into()), kind: Some(kind.into()), as_of: None };
    import::read(&path(name), &stated).unwrap_or_else(|error| panic!("{error}"))
}

fn now() -> jiff::Timestamp {
    "2026-11-29T08:00:00Z".parse().expect("a moment")
}

/// Made at `now`, so that a test does not depend on when the folder was checked out.
fn of_now(mut file: File) -> File {
    file.made = import::Made::Inside(now());
    file
}

const CLIENT_ID: &str = "aaaaaaaa-0000-4000-8000-00000000000a";

fn question(accounts: &[(&str, &[&str], bool)]) -> Question {
    let account = |(user, mailboxes, imap): &(&str, &[&str], bool)| Account {
        name: (*user).to_owned(),
        signs_in_as: Some((*user).to_owned()),
        application: false,
        imap: Some(*imap),
        mailboxes: mailboxes.iter().map(|mailbox| (*mailbox).to_owned()).collect(),
    };
    Question {
        now: now(),
        client_id: Some(CLIENT_ID.to_owned()),
        redirect_url: Some("https://ece.example.com/system/web/oauth/redirect".to_owned()),
        secret_expires: None,
        accounts: accounts.iter().map(account).collect(),
    }
}

/// The four mailboxes of the samples, each its own account.
fn four() -> Question {
    question(&[
        ("sales@example.com", &["sales@example.com"], true),
        ("info@example.com", &["info@example.com"], true),
        ("support@example.com", &["support@example.com"], true),
        ("billing@example.com", &["billing@example.com"], false),
    ])
}

fn settle(names: &[&str], question: &Question) -> Vec<Settled> {
    let files: Vec<File> = names.iter().map(|name| of_now(file(name))).collect();
    rules::settle(&files, question)
}

fn outcome(settled: &[Settled], check: &str, subject: &str) -> Outcome {
    of(settled, check, subject).outcome
}

fn of<'s>(settled: &'s [Settled], check: &str, subject: &str) -> &'s Settled {
    let found = settled.iter().find(|one| one.check == check && one.subject == *subject);
    found.unwrap_or_else(|| panic!("{check} of {subject} is not in {settled:#?}"))
}

/// All forms of `Get-CASMailbox` that hold everything.
const WHOLE: &[&str] = &[
    "exchange/casmailbox.ps7.json",
    "exchange/casmailbox.ps51-value-count.json",
    "exchange/casmailbox.ps51.csv",
    "exchange/casmailbox.excel-nl.csv",
    "exchange/casmailbox.format-list.ps51.txt",
    "exchange/casmailbox.clixml",
];

#[test]
fn every_form_of_the_same_mailboxes_says_the_same() {
    for name in WHOLE {
        for organization in ["exchange/transportconfig.json", "exchange/transportconfig.format-list.txt"] {
            let settled = settle(&[name, organization], &four());
            let smtp = |who: &str| of(&settled, "mailbox.smtp-enabled", who);
            assert_eq!(smtp("sales@example.com").cause, Some("smtp-auth-disabled-tenant"), "{name}");
            assert_eq!(smtp("info@example.com").outcome, Outcome::Pass, "{name}");
            if name.contains("value-count") {
                continue; // it holds the first two mailboxes only
            }
            assert_eq!(smtp("support@example.com").cause, Some("smtp-auth-disabled-mailbox"), "{name}");
            assert_eq!(smtp("billing@example.com").cause, Some("smtp-auth-disabled-tenant"), "{name}");
            assert_eq!(
                of(&settled, "mailbox.imap-enabled", "support@example.com").cause,
                Some("imap-disabled-for-mailbox"),
                "{name}"
            );
            assert_eq!(outcome(&settled, "mailbox.imap-enabled", "sales@example.com"), Outcome::Pass, "{name}");
            assert_eq!(
                of(&settled, "mailbox.pop-enabled", "billing@example.com").cause,
                Some("pop-disabled-for-mailbox"),
                "{name}"
            );
        }
    }
}

#[test]
fn mailbox_that_inherits_needs_the_organization() {
    let settled = settle(&["exchange/casmailbox.ps7.json"], &four());
    assert_eq!(of(&settled, "mailbox.smtp-enabled", "sales@example.com").reason, Reason::Inherits);
    assert_eq!(outcome(&settled, "mailbox.smtp-enabled", "info@example.com"), Outcome::Pass);
}

#[test]
fn one_mailbox_without_a_list_is_read_and_no_other_is_judged_by_it() {
    let settled = settle(&["exchange/casmailbox.one.ps51-redirect.json"], &four());
    assert_eq!(outcome(&settled, "mailbox.smtp-enabled", "info@example.com"), Outcome::Pass);
    assert_eq!(
        of(&settled, "mailbox.smtp-enabled", "sales@example.com").reason,
        Reason::no_row_of("Get-CASMailbox", "sales@example.com")
    );
}

#[test]
fn missing_column_is_not_an_empty_one() {
    let settled = settle(&["exchange/casmailbox.exo-minimum.json", "exchange/transportconfig.json"], &four());
    for who in ["sales@example.com", "info@example.com", "support@example.com"] {
        let smtp = of(&settled, "mailbox.smtp-enabled", who);
        assert_eq!(
            (smtp.outcome, &smtp.reason),
            (Outcome::NeedsInput, &Reason::NoColumn("SmtpClientAuthenticationDisabled"))
        );
    }
    assert_eq!(outcome(&settled, "mailbox.imap-enabled", "support@example.com"), Outcome::Fail);
    assert_eq!(outcome(&settled, "mailbox.imap-enabled", "sales@example.com"), Outcome::Pass);
}

#[test]
fn pasted_commands_say_whose_and_what_they_are() {
    let settled = settle(&["exchange/casmailbox.console-paste.txt"], &four());
    assert_eq!(of(&settled, "mailbox.smtp-enabled", "support@example.com").cause, Some("smtp-auth-disabled-mailbox"));
    let file = file("exchange/casmailbox.console-paste.txt");
    let organization =
        file.rows.iter().find_map(|row| if let Record::TransportConfig(row) = &row.record { Some(row) } else { None });
    assert_eq!(organization.expect("the second command").smtp_auth_disabled, Switch::Is(true));
}

#[test]
fn empty_cells_of_a_table_are_never_taken_for_not_set() {
    let settled = settle(&["exchange/casmailbox.format-table.txt", "exchange/transportconfig.json"], &four());
    for (who, expected) in [
        ("sales@example.com", Outcome::NeedsInput),
        ("info@example.com", Outcome::Pass),
        ("support@example.com", Outcome::Fail),
        ("billing@example.com", Outcome::NeedsInput),
    ] {
        assert_eq!(outcome(&settled, "mailbox.smtp-enabled", who), expected, "{who}");
    }
    assert_eq!(outcome(&settled, "mailbox.imap-enabled", "support@example.com"), Outcome::Fail);
}

#[test]
fn name_that_two_mailboxes_could_have_settles_nothing() {
    let two = question(&[
        ("sales@example.com", &["sales@example.com"], true),
        ("sales@example.net", &["sales@example.net"], true),
    ]);
    let settled = settle(&["exchange/casmailbox.format-table.txt"], &two);
    assert_eq!(outcome(&settled, "mailbox.imap-enabled", "sales@example.com"), Outcome::NeedsInput);
}

#[test]
fn license_is_judged_by_service_plan_and_mailbox_plan() {
    let who = "sales@example.com";
    let one = question(&[(who, &[who], true)]);
    for (name, expected, cause) in [
        ("e3", Outcome::Pass, None),
        ("plan-disabled", Outcome::Fail, Some("exchange-plan-switched-off")),
        ("plan1", Outcome::Warn, Some("exchange-plan-too-low")),
        ("none", Outcome::Fail, Some("no-exchange-licence")),
    ] {
        let file = of_now(stated(&format!("graph/licenseDetails.{name}.json"), who, "user-license"));
        let settled = rules::settle(&[file], &one);
        let license = of(&settled, "directory.licence", who);
        assert_eq!((license.outcome, license.cause), (expected, cause), "{name}");
    }
    let settled = settle(
        &["exchange/mailbox.json"],
        &question(&[(who, &[who], true), ("support@example.com", &["support@example.com"], true)]),
    );
    assert_eq!(outcome(&settled, "directory.licence", who), Outcome::Pass);
    assert_eq!(outcome(&settled, "directory.licence", "support@example.com"), Outcome::Warn);
}

#[test]
fn license_of_an_unnamed_user_settles_nothing() {
    let settled = settle(&["graph/licenseDetails.plan1.json"], &four());
    assert_eq!(outcome(&settled, "directory.licence", "sales@example.com"), Outcome::NeedsInput);
    let empty =
        import::read(&path("graph/licenseDetails.none.json"), &Stated::default()).expect_err("nobody knows what it is");
    assert!(empty.right.contains("--kind user-license"), "{empty}");
}

#[test]
fn rights_are_judged_with_denied_ones_first() {
    let team =
        question(&[("team@example.com", &["sales@example.com", "info@example.com", "support@example.com"], true)]);
    for permissions in ["exchange/mailboxpermission.csv", "exchange/mailboxpermission.ps7.json"] {
        let settled = settle(&[permissions, "exchange/recipientpermission.csv"], &team);
        assert_eq!(outcome(&settled, "mailbox.full-access", "info@example.com"), Outcome::Pass);
        assert_eq!(of(&settled, "mailbox.full-access", "support@example.com").cause, Some("full-access-denied"));
        assert_eq!(of(&settled, "mailbox.full-access", "sales@example.com").cause, Some("no-full-access-to-mailbox"));
        assert_eq!(outcome(&settled, "mailbox.send-as", "info@example.com"), Outcome::Pass);
    }
    let own =
        settle(&["exchange/mailboxpermission.csv"], &question(&[("sales@example.com", &["sales@example.com"], true)]));
    assert!(!own.iter().any(|one| one.check == "mailbox.full-access"), "the mailbox itself needs no right");
}

#[test]
fn right_of_the_service_principal_is_that_of_its_application() {
    let mut site = question(&[("team@example.com", &["sales@example.com"], true)]);
    site.accounts[0].application = true;
    let names = ["cccccccc-0000-4000-8000-00000000000c", "ECE mail", "ECE agents"];
    for (holder, right) in names.into_iter().zip([Outcome::Pass, Outcome::Pass, Outcome::Warn]) {
        let rights = format!(
            "\"Identity\",\"User\",\"AccessRights\",\"IsInherited\",\"Deny\",\"InheritanceType\"\n\
             \"sales@example.com\",\"{holder}\",\"FullAccess\",\"False\",\"False\",\"All\"\n"
        );
        let rights = import::parse("rights.csv", rights.as_bytes(), &Stated::default()).expect("rights");
        let files = [of_now(rights), of_now(file("exchange/serviceprincipal.json"))];
        let settled = rules::settle(&files, &site);
        assert_eq!(outcome(&settled, "mailbox.full-access", "sales@example.com"), right, "{holder}");
    }
}

#[test]
fn object_id_of_the_registration_is_the_wrong_object() {
    let settled = settle(&["exchange/serviceprincipal.json", "graph/application.ece.json"], &four());
    let principal = of(&settled, "mailbox.service-principal", "application");
    assert_eq!((principal.outcome, &principal.reason), (Outcome::Fail, &Reason::WrongObject(None)));
}

#[test]
fn both_forms_of_the_manifest_give_redirects_and_secrets() {
    for name in
        ["graph/application.ece.json", "portal/manifest.graph-format.json", "portal/manifest.aad-graph-format.json"]
    {
        let settled = settle(&[name], &four());
        assert_eq!(outcome(&settled, "directory.redirect-registered", "application"), Outcome::Pass, "{name}");
        let secret = of(&settled, "directory.secret-lifetime", "application");
        assert_eq!(
            (secret.outcome, secret.facts.value("directory.days_left")),
            (Outcome::Warn, Some(&25_i64.into())),
            "{name}"
        );
    }
    let spa = Question { redirect_url: Some("https://old.example.com/system/web/oauth/redirect".into()), ..four() };
    let settled = settle(&["portal/manifest.aad-graph-format.json"], &spa);
    assert_eq!(
        of(&settled, "directory.redirect-registered", "application").cause,
        Some("redirect-uri-registered-as-spa")
    );
    let slash = Question { redirect_url: Some("https://ece.example.com/system/web/oauth/redirect/".into()), ..four() };
    let settled = settle(&["graph/application.ece.json"], &slash);
    assert_eq!(of(&settled, "directory.redirect-registered", "application").cause, Some("redirect-uri-mismatch"));
}

#[test]
fn grants_keep_what_is_for_all_apart_from_what_one_person_gave() {
    let file = file("graph/oauth2PermissionGrants.ece.json");
    let grants: Vec<_> = file
        .rows
        .iter()
        .filter_map(|row| if let Record::Grant(row) = &row.record { Some(row) } else { None })
        .collect();
    assert_eq!(grants[0].scopes, ["User.Read", "IMAP.AccessAsUser.All", "SMTP.Send", "offline_access"]);
    assert!(grants[0].for_all && !grants[1].for_all);
    assert_eq!(grants[1].scopes, ["POP.AccessAsUser.All"]);
}

#[test]
fn the_same_audit_row_is_read_three_ways() {
    for name in ["graph/directoryAudits.remove-sp.json", "portal/audit-log.csv", "portal/audit-log.es.csv"] {
        let file = file(name);
        let Record::Audit(row) = &file.rows[0].record else { panic!("{name}: {file:?}") };
        assert_eq!(row.activity, "Remove service principal", "{name}");
        assert!(row.at.as_deref().is_some_and(|at| at.starts_with("2026-11-21T09:14:07")), "{name}: {row:?}");
        assert_eq!(row.by.as_deref(), Some("admin@example.com"), "{name}");
        assert_eq!(row.target_id.as_deref(), Some("dddddddd-0000-4000-8000-000000000002"), "{name}");
        assert_eq!(row.target_app_ids, ["90db942a-c1eb-4e8d-82e4-eebf64a7e2ae"], "{name}");
    }
}

#[test]
fn blocking_policy_is_named_and_the_report_only_one_is_not() {
    let team = question(&[("team@example.com", &["info@example.com"], true)]);
    for (name, policies) in [
        ("graph/signIns.beta.noninteractive.json", vec!["Block outside offices".to_owned()]),
        ("portal/signins-noninteractive.csv", vec![]),
    ] {
        let settled = settle(&[name], &team);
        let failures = of(&settled, "entra.sign-in-failures", "team@example.com");
        assert_eq!(failures.cause, Some("conditional-access-blocked"), "{name}");
        assert_eq!(failures.reason, Reason::SignInFailed { code: 53003, policies }, "{name}");
    }
}

#[test]
fn applications_jobs_schemas_and_policies_are_recognized() {
    let kinds = |name: &str| file(name).rows.iter().map(|row| row.record.kind()).collect::<Vec<_>>();
    assert_eq!(kinds("graph/servicePrincipals.webex.json"), ["enterprise-application"; 2]);
    assert_eq!(kinds("graph/appRoleAssignments.webex.json").len(), 7);
    assert_eq!(kinds("graph/schema.webex-15.json"), ["sync-schema"; 15]);
    for name in ["active", "paused", "quarantine"] {
        assert_eq!(kinds(&format!("graph/syncJobs.{name}.json")), ["sync-job"], "{name}");
    }
    let file = file("graph/deletedItems.webex.json");
    let Record::EnterpriseApplication(row) = &file.rows[0].record else { panic!("{file:?}") };
    assert_eq!(row.deleted_at.as_deref(), Some("2026-11-21T09:14:07Z"));
    let file = self::file("graph/tokenLifetimePolicies.json");
    let Record::TokenLifetimePolicy(row) = &file.rows[0].record else { panic!("{file:?}") };
    assert_eq!(row.access_token_seconds, Some(600));
    assert_eq!(kinds("exchange/authenticationpolicy.format-list.txt"), ["authentication-policy"]);
}

#[test]
fn errors_of_graph_are_recognized_and_the_inner_one_counts() {
    for (name, code) in [
        ("graph/error.403.scope-nested.json", "PermissionScopeNotGranted"),
        ("graph/error.401.token.json", "InvalidAuthenticationToken"),
        ("graph/error.429.json", "TooManyRequests"),
    ] {
        let bytes = std::fs::read(path(name)).expect("a sample");
        let rejected = import::parse(name, &bytes, &Stated::default()).expect_err("an error is no evidence");
        assert!(rejected.wrong.contains(&format!("no data: {code} (")), "{rejected}");
    }
}

#[test]
fn debug_text_is_read_whole_cut_and_through_markdown() {
    for name in ["webex/debug.full.txt", "webex/debug.cut.txt", "webex/debug.ocr-markdown.txt"] {
        let file = file(name);
        let Record::WebexDebug(block) = &file.rows[0].record else { panic!("{name}: {file:?}") };
        assert_eq!(block.code.as_deref(), Some("701018"), "{name}");
        assert_eq!(block.org.as_deref(), Some("22222222-3333-4444-8555-666666666666"), "{name}");
        assert_eq!(block.client_request.as_deref(), Some("33333333-4444-4555-8666-777777777777"), "{name}");
        assert_eq!(block.tracking.as_deref(), Some("ATLAS_77777777-8888-4999-8aaa-bbbbbbbbbbbb_12"), "{name}");
        assert_eq!(block.at.as_deref(), Some("Sat, 21 Nov 2026 09:15:10 GMT"), "{name}");
    }
    let file = file("webex/debug.toast-only.txt");
    let Record::WebexDebug(block) = &file.rows[0].record else { panic!("{file:?}") };
    assert!(block.message_only && block.code.is_none() && block.tracking.is_none());
}

#[test]
fn lists_of_users_are_recognized() {
    assert_eq!(file("portal/users.csv").rows.len(), 4);
    assert_eq!(file("webex/control-hub-users.csv").rows.len(), 3);
}

// ---- bad input ----

#[test]
fn each_kind_of_bad_file_has_a_sentence_of_its_own() {
    let plans = br#"[{"Name":"ExchangeOnlineEnterprise-00000000-0000-0000-0000-0000000000e3","ImapEnabled":true,"PopEnabled":true}]"#;
    let cut = &std::fs::read(path("exchange/casmailbox.ps7.json")).expect("a sample")[..400];
    for (bytes, says) in [
        (cut, "was cut"),
        (&b"\"ProcessName\",\"Id\"\n\"pwsh\",\"12\"\n"[..], "ProcessName"),
        (b"\x89PNG\r\n\x1a\n\0\0", "picture"),
        (b"PK\x03\x04\x14\0\x06\0", "Excel"),
        (plans, "mailbox plans"),
        (b"<!DOCTYPE html><html></html>", "web page"),
        (b"just some words", "no form that is known"),
        (b"ERROR: Forbidden({})", "error of a command"),
        (b"'Get-CASMailbox' is not recognized as an internal or external command,\n", "error of a command"),
        (b"{\"value\":[]}", "empty list"),
        (b"http://localhost:3000/auth/code#access_token=abc&x=1", "holds a token"),
    ] {
        let rejected = import::parse("f", bytes, &Stated::default()).expect_err(says);
        assert!(rejected.to_string().contains(says), "{says:?} is not in {rejected}");
        assert!(!rejected.right.is_empty() && !rejected.to_string().contains("access_token=abc"));
    }
}

#[test]
fn file_with_further_pages_proves_presence_and_never_absence() {
    let row = r#"{"Identity":"info","Mailbox":"info@example.com","User":"NT AUTHORITY\\SELF","AccessRights":["FullAccess"],"Deny":false}"#;
    let whole = format!(r#"{{"value":[{row}]}}"#);
    let paged = format!(r#"{{"@odata.nextLink":"https://x","value":[{row}]}}"#);
    let team = question(&[("team@example.com", &["info@example.com"], true)]);
    for (text, expected) in [(whole, Outcome::Fail), (paged, Outcome::NeedsInput)] {
        let file = of_now(import::parse("f", text.as_bytes(), &Stated::default()).expect("JSON"));
        let settled = rules::settle(&[file], &team);
        assert_eq!(outcome(&settled, "mailbox.full-access", "info@example.com"), expected);
    }
    let thousand = format!("[{}]", vec![row; 1000].join(","));
    let file = import::parse("f", thousand.as_bytes(), &Stated::default()).expect("JSON");
    assert_eq!(file.incomplete, [Incomplete::ExactlyThousand]);
}

#[test]
fn age_turns_a_pass_into_a_warning_and_then_into_a_question() {
    let aged = |hours: i64| {
        let mut file = file("exchange/casmailbox.ps7.json");
        file.made = import::Made::Inside(now() - jiff::SignedDuration::from_hours(hours));
        let settled = rules::settle(&[file], &four());
        (
            outcome(&settled, "mailbox.imap-enabled", "sales@example.com"),
            outcome(&settled, "mailbox.imap-enabled", "support@example.com"),
        )
    };
    assert_eq!(aged(1), (Outcome::Pass, Outcome::Fail));
    assert_eq!(aged(48), (Outcome::Warn, Outcome::Fail));
    assert_eq!(aged(24 * 40), (Outcome::NeedsInput, Outcome::NeedsInput));
    let mut undated = file("exchange/casmailbox.ps7.json");
    undated.made = import::Made::Unknown;
    assert_eq!(
        outcome(&rules::settle(&[undated], &four()), "mailbox.imap-enabled", "sales@example.com"),
        Outcome::NeedsInput
    );
}

#[test]
fn newest_of_two_that_disagree_decides_and_the_contradiction_is_told() {
    let row = |imap: bool| {
        format!(r#"[{{"PrimarySmtpAddress":"sales@example.com","ImapEnabled":{imap},"PopEnabled":true}}]"#)
    };
    let file = |imap: bool, hours: i64| {
        let mut file = import::parse("f", row(imap).as_bytes(), &Stated::default()).expect("JSON");
        file.made = import::Made::Inside(now() - jiff::SignedDuration::from_hours(hours));
        file
    };
    let settled = rules::settle(&[file(false, 5), file(true, 1)], &four());
    let imap = of(&settled, "mailbox.imap-enabled", "sales@example.com");
    assert_eq!((imap.outcome, imap.disagree.is_some()), (Outcome::Warn, true));
    let settled = rules::settle(&[file(true, 5), file(false, 1)], &four());
    assert_eq!(outcome(&settled, "mailbox.imap-enabled", "sales@example.com"), Outcome::Fail);
}

// ---- the command line ----

#[test]
fn show_tells_what_was_recognized_and_hides_what_is_hostile() {
    let place = Place::new();
    let hostile = "PrimarySmtpAddress,ImapEnabled,PopEnabled\r\n\"=cmd|'/c calc'!A1@example.com\",True,True\r\n\"a\u{202e}b\u{1b}[31m@example.com\",False,True\r\n";
    let file = place.write("hostile.csv", hostile);
    let outcome = place.call(&["evidence", "show", file.to_str().expect("UTF-8")]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(
        outcome.stdout.contains("cas-mailbox: 2") && outcome.stdout.contains("imap-disabled-for-mailbox"),
        "{outcome:?}"
    );
    assert!(!outcome.stdout.contains(['\u{202e}', '\u{1b}']), "{outcome:?}");
}

#[test]
fn bad_file_stops_nothing_but_itself_and_only_bad_files_are_a_mistake() {
    let place = Place::new();
    let bad = place.write("bad.png", b"\x89PNG\r\n\x1a\n");
    let bad = bad.to_str().expect("UTF-8");
    let good = path("exchange/casmailbox.ps7.json");
    let outcome = place.call(&["evidence", "show", bad, good.to_str().expect("UTF-8"), "-o", "json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!((json["files"].as_array().map(Vec::len), json["rejected"].as_array().map(Vec::len)), (Some(1), Some(1)));
    assert_eq!(place.call(&["evidence", "show", bad]).code, Some(2));
}

#[test]
fn nothing_secret_of_a_manifest_is_shown() {
    let place = Place::new();
    let text = r#"{"appId":"aaaaaaaa-0000-4000-8000-00000000000a","web":{"redirectUris":[]},"passwordCredentials":[{"hint":"Zq7","secretText":"Zq7~planted","value":"Zq7~older","endDateTime":"2027-01-01T00:00:00Z"}]}"#;
    let file = place.write("app.json", text);
    for format in ["text", "json"] {
        let outcome = place.call(&["evidence", "show", file.to_str().expect("UTF-8"), "-o", format]);
        assert!(!outcome.stdout.contains("Zq7") && !outcome.stderr.contains("Zq7"), "{outcome:?}");
    }
}

// ---- what is asked for ----

/// True when PowerShell cannot read a text, as far as its grammar goes.
fn is_broken(text: &str) -> bool {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_pwsh::LANGUAGE.into()).expect("the grammar fits the parser");
    parser.parse(text, None).expect("a tree").root_node().has_error()
}

#[test]
fn every_printed_line_of_powershell_is_whole() {
    use ece_check::import::request::{Colleague, How, Site, request};
    assert!(is_broken("$m = 'a@example.com"), "the grammar sees an open quote");
    let mailboxes = ["sales@example.com", "o'neil@example.com", "a'; calc; '@example.com", "x\u{2019}y@example.com"];
    let site = Site {
        mailboxes: mailboxes.map(str::to_owned).into(),
        client_id: Some(CLIENT_ID.to_owned()),
        application: false,
        ..Site::default()
    };
    for colleague in [Colleague::Exchange, Colleague::Entra, Colleague::Webex, Colleague::Network, Colleague::Ece] {
        for step in request(colleague, &site).steps.iter().filter(|step| step.how == How::Powershell) {
            let text = step.lines.join("\n");
            assert!(!is_broken(&text), "{text}");
        }
    }
}

#[test]
fn mailbox_without_a_row_has_a_command_of_its_own() {
    let site = question(&[("o'neil@example.com", &["o'neil@example.com", "team@example.com"], true)]);
    let settled = settle(&["exchange/transportconfig.json"], &site);
    let given = settled.iter().filter_map(|one| one.reason.with_command()).map(|(_, command)| command);
    let commands: Vec<&str> = given.filter(|command| !command.contains(" > ")).collect();
    for command in &commands {
        assert!(!is_broken(command), "{command}");
    }
    let cas = |who: &str| format!("Get-CASMailbox -Identity '{who}' | select PrimarySmtpAddress,");
    for start in [
        cas("o''neil@example.com"),
        cas("team@example.com"),
        "$p = @{n='Mailbox';e={'team@example.com'}}, 'User', ".to_owned(),
    ] {
        assert!(commands.iter().any(|command| command.starts_with(&start)), "{start}: {commands:#?}");
    }
}

/// What people do to a file between the command and the one who reads it.
#[test]
fn pasted_forwarded_and_saved_again_it_says_the_same() {
    let list = "PrimarySmtpAddress : sales@example.com\nImapEnabled        : False\nPopEnabled         : True\n";
    let json = r#"{"PrimarySmtpAddress":"sales@example.com","ImapEnabled":false,"PopEnabled":true}"#;
    let table = |yes: &str, no: &str, mark: &str| {
        format!("PopEnabled{mark}PrimarySmtpAddress{mark}ImapEnabled\n{yes}{mark}sales@example.com{mark}{no}\n")
    };
    let every_line = |start: &str| list.lines().fold(String::new(), |text, line| text + start + line + "\n");
    let colored = list.replace(" : ", "\u{1b}[0m : ").replace("Imap", "\u{1b}[32;1mImap");
    for text in [
        every_line("> "),
        every_line("    "),
        format!("Hi, here is what you asked for:\n\n{list}\nRegards\n"),
        format!("[PS] C:\\Windows\\system32>Get-CASMailbox sales@example.com | fl\n\n{list}"),
        format!("```\n{list}```\n"),
        colored,
        format!("WARNING: something\n[{json}]\n"),
        format!("PS C:\\> Get-CASMailbox a | ConvertTo-Json\n{json}\nPS C:\\> exit\n"),
        json.replace(r#""sales@example.com""#, r#"{"Local":"sales","Address":"sales@example.com"}"#),
        format!("{{\"mailboxes\":[{json}]}}"),
        table("True", "False", "|"),
        format!("\"sep=;\"\n{}", table("DOĞRU", "YANLIŞ", ";")),
        table("TIESA", "NETIESA", "\t"),
    ] {
        let file =
            import::parse("f", text.as_bytes(), &Stated::default()).unwrap_or_else(|error| panic!("{error}: {text}"));
        let settled = rules::settle(&[of_now(file)], &four());
        assert_eq!(outcome(&settled, "mailbox.imap-enabled", "sales@example.com"), Outcome::Fail, "{text}");
    }
}

// ---- a run with evidence ----

/// The mailboxes of the lab, with SMTP AUTH as stated and all else enabled.
fn smtp_of_all(place: &Place, disabled: bool) -> PathBuf {
    let row = |who: &str| {
        format!(
            r#"{{"PrimarySmtpAddress":"{who}","ImapEnabled":true,"PopEnabled":true,"SmtpClientAuthenticationDisabled":{disabled}}}"#
        )
    };
    let rows: Vec<String> =
        ["sales", "team", "info", "support", "billing"].map(|name| row(&format!("{name}@example.com"))).into();
    place.write("cas.json", format!("[{}]", rows.join(",")))
}

/// Exchange's old words say only that the sign-in failed.
const VAGUE: &str = "--lab=smtp-auth-disabled-tenant.old-words";

fn certainty(report: &ece_check::finding::Report, cause: &str) -> Option<String> {
    let found = report.summary.fix_first.iter().find(|one| one.cause == cause);
    found.map(|one| format!("{:?}", one.certainty))
}

#[test]
fn file_that_says_disabled_makes_the_cause_certain() {
    let place = Place::new();
    let file = smtp_of_all(&place, true);
    let only = ["--only", "smtp.sign-in,mailbox.smtp-enabled", "-o", "json"];
    let without = place.call(&[&["run", VAGUE], &only[..]].concat()).report();
    assert_ne!(certainty(&without, "smtp-auth-disabled-mailbox").as_deref(), Some("Certain"));
    let evidence = file.to_str().expect("UTF-8");
    let with = place.call(&[&["run", VAGUE, "--evidence", evidence], &only[..]].concat()).report();
    assert_eq!(certainty(&with, "smtp-auth-disabled-mailbox").as_deref(), Some("Certain"), "{:#?}", with.summary);
    assert_eq!(with.summary.fix_first[0].cause, "smtp-auth-disabled-mailbox");
}

#[test]
fn file_that_says_enabled_rules_the_cause_out() {
    let place = Place::new();
    let file = smtp_of_all(&place, false);
    let evidence = file.to_str().expect("UTF-8");
    let report = place
        .call(&["run", VAGUE, "--evidence", evidence, "--only", "smtp.sign-in,mailbox.smtp-enabled", "-o", "json"])
        .report();
    let refused = report.findings.iter().find(|one| one.check == "smtp.sign-in" && one.subject == "sales@example.com");
    let refused = refused.expect("a finding");
    assert!(refused.ruled_out.iter().any(|one| one.cause == "smtp-auth-disabled-mailbox"), "{refused:#?}");
    assert!(!refused.causes.iter().any(|one| one.cause == "smtp-auth-disabled-mailbox"), "{refused:#?}");
}

#[test]
fn run_with_nothing_but_bad_files_tests_nothing() {
    let empty = Place::new();
    let folder = empty.path().join("evidence");
    std::fs::create_dir(&folder).expect("a folder");
    let folder = folder.to_str().expect("UTF-8");
    empty.call(&["run", "--lab", "--evidence", folder]).refused("is a folder without files");
    let place = Place::new();
    let bad = place.write("screen.png", b"\x89PNG\r\n\x1a\n");
    let outcome = place.call(&["run", "--lab", "--evidence", bad.to_str().expect("UTF-8")]);
    outcome.refused("picture");
}
