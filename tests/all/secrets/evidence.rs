//! Secrets that nobody made known: colleagues put them into the wrong column of a file, and reports are read again.

use std::fs;

use serde_json::json;

use super::searched_for;
use crate::program::Place;

const CLIENT_SECRET: &str = "abc8Q~Zt7vHx1bN3mPq9LwRs5YcUd2EfGhJaXoT9";

const SITE: &str = "[entra]\nclient_id = \"aaaaaaaa-0000-4000-8000-00000000000a\"\n[[account]]\nname = \"sales\"\n\
                    signs_in_as = \"team@example.com\"\ninbound = \"imap\"\nmailboxes = [\"sales@example.com\", \"info@example.com\"]\n";

/// What a refresh token looks like.
fn token() -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let at = |place: usize| char::from(digits[place * place * 37 % 61 + place % 3]);
    format!("1.{}", (0..600).map(at).collect::<String>())
}

/// So much of a secret is one too.
fn part(secret: &str) -> String {
    secret[..30].to_owned()
}

#[test]
fn what_files_hold_in_the_wrong_column_is_in_nothing_that_is_written() {
    let (place, token) = (Place::new(), token());
    let files = place.path().join("files");
    fs::create_dir(&files).expect("a folder");
    let application = json!({
        "appId": "aaaaaaaa-0000-4000-8000-00000000000a", "id": "cccccccc-0000-4000-8000-00000000000c", "displayName": CLIENT_SECRET,
        "web": {"redirectUris": [format!("https://ece.example/cb?code={token}&client_secret={CLIENT_SECRET}")]},
        "passwordCredentials": [{"displayName": CLIENT_SECRET, "endDateTime": "2027-03-01T00:00:00Z"}],
    });
    let switches = json!([
        {"PrimarySmtpAddress": "sales@example.com", "ImapEnabled": CLIENT_SECRET, "SmtpClientAuthenticationDisabled": false},
        {"PrimarySmtpAddress": "info@example.com", "ImapEnabled": token, "SmtpClientAuthenticationDisabled": token},
    ]);
    let policy = json!({"value": [{"id": "p", "displayName": CLIENT_SECRET, "state": "enabled",
        "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}},
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}]});
    let rights = format!(
        "Identity,User,AccessRights,Deny\nsales@example.com,{CLIENT_SECRET},FullAccess,False\ninfo@example.com,{token},FullAccess,False\n"
    );
    for (name, text) in [
        ("application.json", application.to_string()),
        ("switches.json", switches.to_string()),
        ("policy.json", policy.to_string()),
        ("rights.csv", rights),
    ] {
        fs::write(files.join(name), text).expect("a file");
    }
    let site = place.write("site.toml", SITE.as_bytes());
    let (site, files) = (site.to_str().expect("UTF-8"), files.to_str().expect("UTF-8"));
    let secrets = [CLIENT_SECRET.to_owned(), part(&token), part(CLIENT_SECRET)];
    let mut marks = 0;
    for output in ["text", "json", "html", "markdown", "csv", "junit", "nagios", "prometheus"] {
        let run = [
            "run",
            "--lab",
            "-c",
            site,
            "--evidence",
            files,
            "--only",
            "directory,mailbox,entra",
            "--verbose",
            "-o",
            output,
        ];
        let outcome = place.call(&run);
        marks += searched_for(format!("{}{}", outcome.stdout, outcome.stderr).as_bytes(), &secrets)
            .matches("secret&gt;")
            .count();
        marks += outcome.stdout.matches("<secret>").count();
    }
    assert!(marks > 10, "the files were not told: {marks}");
    let shown = place.call(&["evidence", "show", files, "-o", "json"]);
    let told = searched_for(format!("{}{}", shown.stdout, shown.stderr).as_bytes(), &secrets);
    assert!(told.contains("<secret>"), "{told}");
}

#[test]
fn a_report_that_holds_one_is_read_again_without_it() {
    let (place, token) = (Place::new(), token());
    let text = place.call(&["run", "--lab=imap-disabled-for-mailbox", "-o", "json"]).stdout;
    let mut report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    for finding in report["findings"].as_array_mut().expect("findings") {
        finding["found"] = json!(format!("seen {CLIENT_SECRET} here"));
        finding["expected"] = json!(token);
        finding.as_object_mut().expect("a finding").remove("evidence");
    }
    report["run"]["host"] = json!(CLIENT_SECRET);
    let file = place.write("report.json", report.to_string().as_bytes());
    let file = file.to_str().expect("UTF-8");
    let before = place.write("before.json", text.as_bytes());
    let before = before.to_str().expect("UTF-8");
    let secrets = [CLIENT_SECRET.to_owned(), part(&token)];
    for output in ["text", "json", "html", "markdown", "csv", "junit", "prometheus"] {
        let outcome = place.call(&["report", file, "-o", output]);
        let told = searched_for(format!("{}{}", outcome.stdout, outcome.stderr).as_bytes(), &secrets);
        assert!(told.contains("secret"), "{output}: {told}");
    }
    for command in [&["diff", before, file][..], &["judge", file]] {
        let outcome = place.call(command);
        searched_for(format!("{}{}", outcome.stdout, outcome.stderr).as_bytes(), &secrets);
    }
}
