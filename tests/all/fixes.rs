//! What an action asks for is what this run knows: the value to enter is in it, and of several ways each is marked as one.

use std::collections::BTreeSet;

use ece_check::{
    catalogue::{Catalogue, Cause},
    command::{Effect, Shell, Template},
    finding::{Owner, Remediation, Report},
    lab::{Settings, evidence},
};

use crate::program::Place;

/// Writes the files that colleagues hand over about the lab with a fault.
fn files(place: &Place, fault: &str) -> String {
    let settings = Settings { faults: vec![fault.to_owned()], webex: true, ..Settings::default() };
    for file in evidence(&settings).expect("the lab knows the fault") {
        place.write(&format!("evidence/{}", file.name), &file.bytes);
    }
    place.path().join("evidence").to_str().expect("UTF-8").to_owned()
}

fn action<'r>(report: &'r Report, cause: &str) -> &'r Remediation {
    let fixes = &report.summary.fix_first;
    fixes.iter().find(|fix| fix.cause == cause).unwrap_or_else(|| panic!("no {cause} in {fixes:#?}"))
}

fn texts(fix: &Remediation) -> Vec<&str> {
    fix.commands.iter().map(|command| command.text.as_str()).collect()
}

#[test]
fn tenant_url_of_another_organization_is_all_there_is_to_fix() {
    let place = Place::new();
    let arguments = ["run", "--lab=webex-org-mismatch", "--webex-connect", "--only", "webex", "-o", "json"];
    let report = place.call(&arguments).report();
    let fix = action(&report, "webex-org-mismatch");
    assert_eq!(report.summary.fix_first.len(), 1, "{:#?}", report.summary.fix_first);
    assert!(fix.fix.contains("/v1/scim/22222222-3333-4444-8555-666666666666 "), "{}", fix.fix);
}

#[test]
fn redirect_uri_to_register_can_be_copied() {
    let place = Place::new();
    let folder = files(&place, "redirect-uri-mismatch");
    let arguments = ["run", "--lab=redirect-uri-mismatch", "--evidence", &folder, "--only", "directory", "-o", "json"];
    let report = place.call(&arguments).report();
    let texts = texts(action(&report, "redirect-uri-mismatch"));
    assert!(texts.contains(&"https://ece.example.com/system/oauth2"), "{texts:#?}");
}

#[test]
fn user_who_is_gone_is_named_where_a_user_is_restored() {
    let report = Place::new().call(&["run", "--lab=user-not-found", "--only", "token", "-o", "json"]).report();
    let fix = action(&report, "user-not-found");
    assert!(fix.fix.contains("sales@example.com"), "{}", fix.fix);
    assert!(texts(fix).iter().any(|text| text.contains("Deleted users > sales@example.com > Restore")), "{fix:#?}");
}

#[test]
fn one_way_of_several_is_not_a_further_step() {
    let place = Place::new();
    let folder = files(&place, "webex-integration-app-removed");
    let text = place.call(&["run", "--only", "webex", "--evidence", &folder]).stdout;
    let or = text.lines().position(|line| line.trim_start().starts_with("or   "));
    let consent = text.lines().position(|line| line.contains("/common/adminconsent"));
    assert!(or.is_some() && or < consent, "{text}");
    assert!(text.contains("confirms the cause if: no row"), "{text}");
    for cause in &Catalogue::built_in().causes {
        let first = cause.commands.iter().find(|command| command.effect != Effect::Check);
        assert!(first.is_none_or(|first| first.effect == Effect::Change), "{}: in place of what?", cause.code);
    }
}

/// Causes of Exchange and Entra ID that no command of theirs fixes, and why.
const NO_COMMAND: &[(&str, &[&str])] = &[
    ("what is right is in ECE's settings or in the site file", &["mailbox-not-found", "tenant-not-found"]),
    ("it passes with time, and a reset password ends the tokens as well", &["account-locked"]),
    ("limits of the service", &["sending-limit-exceeded", "sender-ip-or-tenant-throttled"]),
    ("a purchase, or a project", &["resource-not-in-tenant", "mailbox-on-premises"]),
    ("what may be deleted only its owner knows", &["mailbox-full"]),
    ("a move, or a session of another program, ends by itself", &["mailbox-session-ended"]),
    (
        "what is wrong is not proved: another look comes first",
        &["application-refused-for-some-accounts", "login-unexpected-response"],
    ),
    ("another administrator", &["admin-cmdlet-missing"]),
    ("another fix for each user", &["webex-users-not-provisioned"]),
];

#[test]
fn what_exchange_or_entra_fixes_has_the_command_that_fixes_it() {
    let excused: BTreeSet<&str> = NO_COMMAND.iter().flat_map(|(_, codes)| *codes).copied().collect();
    let is_without = |cause: &&Cause| {
        let is_theirs = matches!(cause.owner, Owner::Exchange | Owner::Entra);
        // every cause of a token ends in ECE's console
        let fixes = |command: &Template| command.effect != Effect::Check && command.shell != Shell::EceConsole;
        is_theirs && !cause.commands.iter().any(fixes)
    };
    let causes = Catalogue::built_in().causes;
    let without: BTreeSet<&str> = causes.iter().filter(is_without).map(|cause| cause.code.as_str()).collect();
    assert_eq!(without, excused);
}

#[test]
fn finding_of_a_file_names_who_needs_the_right_and_the_application() {
    const ID: &str = "aaaaaaaa-0000-4000-8000-00000000000a";
    let place = Place::new();
    place.write(
        "site.toml",
        format!(
            "[entra]\nclient_id = \"{ID}\"\n[[account]]\nname = \"team\"\nsigns_in_as = \"team@shop.test\"\n\
             inbound = \"imap\"\nmailboxes = [\"info@shop.test\"]\n"
        ),
    );
    let right =
        r#"[{"Mailbox":"info@shop.test","User":"NT AUTHORITY\\SELF","AccessRights":["FullAccess"],"Deny":false}]"#;
    place.write("right.json", right);
    let registration = format!(
        r#"{{"id":"r","appId":"{ID}","web":{{"redirectUris":[]}},"passwordCredentials":[{{"endDateTime":"2026-01-01T00:00:00Z"}}]}}"#
    );
    place.write("application.json", registration);
    let arguments = ["run", "-c", "site.toml", "--only", "mailbox,directory", "-o", "json"];
    let files = ["--evidence", "right.json", "--evidence", "application.json"];
    let report = place.call(&[&arguments[..], &files].concat()).report();
    let granted = texts(action(&report, "no-full-access-to-mailbox")).join("\n");
    assert!(granted.contains("-User 'team@shop.test'") && !granted.contains('<'), "{granted}");
    let expired = action(&report, "client-secret-expired");
    let commands = texts(expired).join("\n");
    assert!(expired.fix.contains(ID) && commands.contains(ID) && !commands.contains('<'), "{expired:#?}");
}
