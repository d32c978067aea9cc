//! Reports as people hand them on: waivers, one team's part, several servers, bundles, redaction, monitoring, waiting.

use std::time::Duration;

use serde_json::Value;

use crate::program::{Outcome, Place};

/// A site whose ECE is at an old level, with a waiver for that until this day.
fn site(waived: &str, until: &str) -> String {
    format!(
        "site = \"Amsterdam\"\n[ece]\nrelease = \"12.6(1)\"\ninstalled = [\"ES1\"]\n[[waiver]]\ncheck = \"{waived}\"\n\
         reason = \"maintenance window\"\nby = \"operations\"\nuntil = {until}\n"
    )
}

fn version(place: &Place, waived: &str, until: &str, more: &[&str]) -> Outcome {
    place.write("site.toml", site(waived, until));
    place.call(&[&["run", "--lab", "-c", "site.toml", "--only", "version.newest-level"][..], more].concat())
}

#[track_caller]
fn has(outcome: &Outcome, words: &[&str]) {
    for words in words {
        assert!(outcome.stdout.contains(words), "{words:?} is not in {outcome:?}");
    }
}

#[test]
fn waiver_counts_to_its_last_day_and_is_told_after_it() {
    let place = Place::new();
    let waived = version(&place, "version.newest-level", "2099-12-31", &["-o", "json"]).report();
    let finding = waived.findings.iter().find(|one| one.check == "version.newest-level").expect("the finding");
    assert_eq!(serde_json::json!([finding.status, finding.reason]), serde_json::json!(["skip", "waived"]));
    assert!(!finding.found.is_empty() && waived.summary.fix_first.is_empty(), "{finding:?}");
    let ended = version(&place, "version.newest-level", "2020-01-31", &[]);
    has(&ended, &["the waiver ended on 2020-01-31 (reason: maintenance window; by", "Amsterdam"]);
    let unknown = version(&place, "version.newest-levl", "2099-12-31", &[]);
    unknown.refused("did you mean version.newest-level?");
    let text = site("version.newest-levl", "2099-12-31").replace("[ece]", "[ecce]");
    place.write("both.toml", text + "[[attestation]]\ncheck = \"mailbox.smtp\"\n");
    let all = place.call(&["run", "--lab", "-c", "both.toml"]);
    for mistake in ["did you mean ece?", "invalid waiver.check", "invalid attestation.check"] {
        assert!(all.stderr.contains(mistake), "{mistake} is not in {}", all.stderr);
    }
}

/// One run with a closed port, saved; the other tests read it.
fn faulty() -> Place {
    let place = Place::new();
    let saved =
        place.call(&["run", "--lab=port-refused", "--only", "tcp,imap.sign-in", "--report", "json=faulty.json"]);
    assert_eq!(saved.code, Some(1), "{saved:?}");
    let hidden = ["--bundle", "case.zip", "--redact", "addresses,names,mailboxes"];
    let outcome = place.call(&[&["report", "faulty.json"][..], &hidden].concat());
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    place
}

#[test]
fn reports_that_are_redacted_with_one_key_can_be_compared() {
    let place = Place::new();
    place.write("case.key", "a secret of more than twenty characters");
    let redacted = |lab: &str, file: &str, key: &[&str]| {
        let flags = ["run", lab, "--only", "tcp,imap.sign-in", "--redact", "names,mailboxes", "--bundle", file];
        place.call(&[&flags[..], key].concat())
    };
    let key = ["--redact-key", "case.key"];
    redacted("--lab=port-refused", "before.zip", &key);
    redacted("--lab", "after.zip", &key);
    redacted("--lab", "other.zip", &[]);
    let compared = place.call(&["diff", "before.zip", "after.zip"]);
    assert_eq!(compared.code, Some(0), "{compared:?}");
    has(&compared, &["Nothing broke.", "fixed"]);
    place.call(&["diff", "before.zip", "other.zip"]).refused("not redacted with the same key");
    place.write("case.key", "short");
    redacted("--lab", "again.zip", &key).refused("shorter than 20 characters");
}

#[test]
fn bundle_is_read_back_without_what_was_hidden() {
    let place = faulty();
    let read = place.call(&["report", "case.zip", "-o", "json"]);
    let (whole, hidden): (Value, Value) =
        (serde_json::from_str(&place.read("faulty.json")).unwrap(), serde_json::from_str(&read.stdout).unwrap());
    assert_eq!(hidden["summary"]["fail"], whole["summary"]["fail"], "{read:?}");
    assert!(hidden["run"]["redacted"]["mailboxes"].as_u64().is_some_and(|hidden| hidden > 1), "{}", hidden["run"]);
    for name in ["sales@example.com", "contoso.onmicrosoft.com", "ece.example.com"] {
        assert!(place.read("faulty.json").contains(name) && !read.stdout.contains(name), "{name}");
    }
    place.write("hidden.json", &read.stdout);
    let judged = place.call(&["judge", "hidden.json"]);
    assert_eq!(judged.code, Some(1), "{judged:?}");
    has(&judged, &["Nothing changed."]);
    let bytes = std::fs::read(place.path().join("case.zip")).expect("the bundle");
    place.write("cut.zip", &bytes[..bytes.len() / 2]);
    place.call(&["report", "cut.zip"]).refused("not a bundle of ece-check");
}

/// A secret key of minisign that was made for this test alone, its public half, and another public key.
const SECRET: &str = "untrusted comment: for a test
RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAATAsqGF+sZ3e9E/5hBvV4IY0H/tIGUUJaErsXBapxvLWLAu3WxnQoC7APQyYe/A64ZeA55SvzRLw+RaxMv/hq18ecFudNkr93AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
";
const PUBLIC: &str = "untrusted comment: for a test
RWRMCyoYX6xnd7APQyYe/A64ZeA55SvzRLw+RaxMv/hq18ecFudNkr93
";
const OTHER: &str = "untrusted comment: for a test
RWTwTY7QUD+oFF0itJWRFobJduOENPLa8wByRdGMzy/zBWYNSC2o6xJa
";

fn unpacked(bundle: &std::path::Path) -> Vec<(String, String)> {
    let mut zip = zip::ZipArchive::new(std::fs::File::open(bundle).expect("the bundle")).expect("an archive");
    let count = zip.len();
    let file = |at| {
        let mut file = zip.by_index(at).expect("a file");
        let mut text = String::new();
        std::io::Read::read_to_string(&mut file, &mut text).expect("a text");
        (file.name().expect("a name").into_owned(), text)
    };
    (0..count).map(file).collect()
}

#[test]
fn bundle_holds_evidence_and_tables_with_the_same_tokens_and_is_signed() {
    let place = Place::new();
    let evidence =
        include_str!("../files/evidence/exchange/casmailbox.ps7.json").replace("@contoso.com", "@example.com");
    place.write("cas of sales@example.com.json", &evidence);
    place.write("key", SECRET);
    place.write("key.pub", PUBLIC);
    place.write("other.pub", OTHER);
    let run =
        ["run", "--lab", "--only", "mailbox", "--evidence", "cas of sales@example.com.json", "--bundle", "case.zip"];
    let more = ["--bundle-evidence", "--redact", "addresses,names,mailboxes", "--sign-with", "key"];
    let outcome = place.call(&[&run[..], &more].concat());
    assert!(outcome.code.is_some_and(|code| code < 2), "{outcome:?}");
    let files = unpacked(&place.path().join("case.zip"));
    let named =
        |begins: &str| files.iter().find(|(name, _)| name.starts_with(begins)).unwrap_or_else(|| panic!("{files:?}"));
    let (name, text) = named("evidence/01.json");
    assert!(text.contains("ImapEnabled") && text.contains("@redacted.invalid"), "{text}");
    assert!(named("rules/tables/ece-levels.toml").1.contains("date = "));
    assert!(named("manifest.json.minisig").1.contains("trusted comment: file:manifest.json"));
    for (name, text) in &files {
        assert!(!name.contains("sales@") && !text.contains("sales@example.com"), "{name}: {text}");
    }
    let manifest: Value = serde_json::from_str(&named("manifest.json").1).expect("JSON");
    let entry =
        manifest["files"].as_array().and_then(|all| all.iter().find(|one| one["name"] == *name)).expect("an entry");
    assert!(
        entry["hidden"].as_u64().is_some_and(|hidden| hidden > 0) && entry["original_sha256"].is_string(),
        "{entry}"
    );
    let token = text.split('"').find(|word| word.starts_with("m-")).expect("a placeholder");
    assert!(
        files.iter().any(|(name, text)| name == "report.json" && text.contains(token)),
        "the same token in the report"
    );
    let verified = place.call(&["report", "case.zip", "--summary", "--verify-with", "key.pub"]);
    assert!(verified.stderr.contains("signature verified: minisign key 7767AC5F182A0B4C"), "{verified:?}");
    let told = place.call(&["report", "case.zip", "--summary"]);
    assert!(
        told.stderr.contains("not verified; verify it with: ece-check report case.zip --verify-with KEYFILE"),
        "{told:?}"
    );
    place.call(&["report", "case.zip", "--verify-with", "other.pub"]).refused("signed with another key");
    place.call(&["run", "--lab", "--bundle", "x.zip", "--sign-with", "key.pub"]).refused("is not a minisign key");
}

#[test]
fn runs_at_the_same_time_know_of_each_other() {
    let place = Place::new();
    let note = place.write(&format!("ece-check-run-812-{}-sends.lock", 1_795_982_400_000_i64), "");
    let lock = std::fs::File::options().write(true).open(note).expect("a note");
    lock.set_modified(std::time::SystemTime::now() - std::time::Duration::from_mins(1))
        .expect("the time of an old note");
    lock.try_lock().expect("nothing else has locked it");
    let run = ["run", "--only", "version.minimum-level", "-o", "json"];
    let outcome = place.call(&run);
    if cfg!(windows) {
        return; // the folder is that of all users
    }
    assert!(
        outcome.stderr.contains("another run of ece-check is on this server: process 812 since 2026-11-29"),
        "{outcome:?}"
    );
    let other = &outcome.report().run.other_runs;
    assert_eq!((other.len(), other[0].process, other[0].sends_mail), (1, 812, true), "{other:?}");
    place.call(&[&run[..], &["--send-mail"]].concat()).refused("another run sends test messages: process 812");
    drop(lock);
    let alone = place.call(&[&run[..], &["--send-mail"]].concat());
    assert!(alone.code != Some(2) && alone.report().run.other_runs.is_empty(), "{alone:?}");
}

#[test]
fn each_team_has_its_part() {
    let place = faulty();
    let network = place.call(&["report", "faulty.json", "--for", "network"]);
    assert_eq!(network.code, Some(1), "{network:?}");
    has(
        &network,
        &["For the network team: 1 action", "New-NetFirewallRule ", "netsh advfirewall", "access-list ECE-OUTBOUND"],
    );
    has(&network, &["set rulebase security rules ", "ece-check run --only "]);
    place.write("my site.toml", "site = \"Amsterdam\"\n");
    let run = ["run", "--lab=port-refused", "--only", "tcp", "--for", "network", "-o", "markdown"];
    let named = place.call(&[&run[..], &["-c", "my site.toml", "--role", "application", "--pre-install"]].concat());
    has(
        &named,
        &["ece-check run --only tcp.opens --lab=port-refused -c 'my site.toml' --role application --pre-install\n"],
    );
    let exchange = place.call(&["report", "faulty.json", "--for", "exchange", "-o", "markdown"]);
    has(&exchange, &["Not tested for the Exchange administrator", "ece-check evidence request --for exchange"]);
}

#[test]
fn a_team_of_which_nothing_was_tested_is_not_told_that_all_is_well() {
    let place = Place::new();
    for team in ["webex", "entra", "exchange"] {
        let part = place.call(&["run", "--lab", "--only", "version", "--for", team]);
        let said = part.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("Not tested for the ") && !said.contains("Nothing to do"), "{said}");
        assert!(said.contains(&format!("ece-check evidence request --for {team}")), "{said}");
    }
}

#[test]
fn steps_in_ece_are_in_the_part_of_its_administrator_whoever_has_the_others() {
    let place = Place::new();
    for fault in ["client-secret-expired", "consent-missing", "app-permissions-missing"] {
        let run = format!("--lab={fault}");
        let part = place.call(&["run", &run, "--for", "ece"]);
        has(&part, &["For the ECE administrator: 1 action", "ECE console"]);
    }
}

#[test]
fn what_was_tested_of_a_mailbox_is_what_is_said_to_work() {
    let place = Place::new();
    let only = "token,imap.sign-in,smtp.sign-in,pop3.sign-in";
    let said = place.call(&["run", "--lab", "--only", only]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for what in ["receiving", "sending"] {
        let works = format!("the sign-in for {what} works for 4 of 4 mailboxes (only the sign-in was tested)");
        assert!(said.contains(&works), "{said}");
    }
}

#[test]
fn an_account_without_a_token_is_told_to_get_one() {
    let place = Place::new();
    let account =
        "[[account]]\nname = \"sales\"\nsigns_in_as = \"sales@fabrikam.com\"\nmailboxes = [\"sales@fabrikam.com\"]\n";
    place.write("ece-check.toml", account);
    let checked = place.call(&["config", "check"]);
    has(&checked, &["a token for account sales (refresh_token, access_token or application_token)"]);
    let run = place.call(&["run", "--lab", "--only", "token", "-c", "ece-check.toml", "-o", "json"]);
    assert!(run.stdout.contains("A token is needed: an [[account]] with refresh_token"), "{}", run.stdout);
}

#[test]
fn what_was_chosen_for_a_run_is_in_its_head() {
    let place = Place::new();
    let flags = ["run", "--lab", "--only", "dns", "-4", "--dns-server", "127.0.0.9:9", "--no-proxy"];
    for format in ["text", "markdown", "html"] {
        let shown = place.call(&[&flags[..], &["-o", format]].concat()).stdout;
        for told in ["IPv4 only, as chosen for this run", "proxy settings ignored", "127.0.0.9"] {
            assert!(shown.split_whitespace().collect::<Vec<_>>().join(" ").contains(told), "{format}: {told}: {shown}");
        }
        assert!(!shown.contains("IPv4 and IPv6"), "{shown}");
    }
}

#[test]
fn logs_that_are_none_of_ece_are_said_not_to_be_used() {
    let place = Place::new();
    place.write("other.log", "2026-11-30 10:00:00.100 ERROR 535 5.7.3 Authentication unsuccessful\n");
    place.write("site.toml", "[ece]\nlogs = \"other.log\"\n");
    let run = place.call(&["run", "--lab", "-c", "site.toml", "--only", "ece.log-token"]);
    assert!(run.stderr.contains("other.log: no file there is a log of ECE"), "{run:?}");
}

#[test]
fn several_reports_say_first_what_differs() {
    let place = faulty();
    let healthy = place.call(&["run", "--lab", "--only", "tcp,imap.sign-in", "--role", "application", "-o", "json"]);
    place.write("application.json", healthy.stdout.replace(r#""host": ""#, r#""host": "APP-"#));
    let both = place.call(&["report", "faulty.json", "application.json", "--summary"]);
    assert_eq!(both.code, Some(1), "{both:?}");
    let said = both.stdout.replace('\n', " ");
    assert!(said.starts_with("1 of 2 reports have failures. Difference: outlook.office365.com:993: "), "{said}");
    assert!(said.contains("passed on APP-") && said.contains("application server"), "{said}");
    let part = |owner| place.call(&["report", "faulty.json", "application.json", "--summary", "--for", owner]);
    let network = part("network").stdout.replace('\n', " ");
    assert!(
        network.contains("Difference: outlook.office365.com:993: ") && network.contains("passed on APP-"),
        "{network}"
    );
    let exchange = part("exchange").stdout.replace('\n', " ");
    assert!(
        exchange.starts_with("No failures for the Exchange administrator in 2 reports. No check for the"),
        "{exchange}"
    );
    let page = place.call(&["report", "faulty.json", "application.json", "--for", "network", "-o", "html"]).stdout;
    assert!(
        page.contains("<span class=\"mark pass\">pass</span>"),
        "what passed is no link to a place that is left out"
    );
    for format in ["text", "markdown", "html", "json", "csv", "junit", "prometheus", "nagios"] {
        let outcome = place.call(&["report", "faulty.json", "application.json", "-o", format]);
        assert_eq!(outcome.code, Some(if format == "nagios" { 2 } else { 1 }), "{outcome:?}");
        assert!(outcome.stdout.contains("APP-") || format == "nagios", "{outcome:?}"); // a plugin tells problems only
    }
}

#[test]
fn reports_of_one_server_are_told_in_the_order_of_their_times() {
    let place = faulty();
    let report = place.read("faulty.json");
    let started =
        serde_json::from_str::<Value>(&report).expect("JSON")["run"]["started"].as_str().expect("a time").to_owned();
    let at = |time: &str| report.replace(&started, time);
    place.write("b.json", at("2026-11-02T00:00:00Z"));
    place.write("a.json", at("2026-11-03T00:00:00Z"));
    let both = place.call(&["report", "a.json", "b.json", "-o", "json"]);
    let both: Value = serde_json::from_str(&both.stdout).expect("JSON");
    let times: Vec<&str> = [0, 1].map(|at| both["reports"][at]["run"]["started"].as_str().expect("a time")).into();
    assert_eq!(times, ["2026-11-02T00:00:00Z", "2026-11-03T00:00:00Z"]);
}

#[test]
fn ticket_of_a_team_says_where_each_command_runs() {
    let run =
        ["run", "--lab=smtp-auth-disabled-mailbox", "--only", "smtp.sign-in", "--for", "exchange", "-o", "markdown"];
    let ticket = Place::new().call(&run);
    has(
        &ticket,
        &["- check: Exchange Online PowerShell, Connect-ExchangeOnline", "     Get-CASMailbox -Identity 'sales@"],
    );
    has(
        &ticket,
        &["- confirms the cause if: SmtpClientAuthenticationDisabled is True", "- run: Exchange Online PowerShell"],
    );
}

#[test]
fn monitoring_gets_the_codes_of_plugins() {
    let place = faulty();
    let critical = place.call(&["report", "faulty.json", "-o", "nagios"]);
    assert_eq!(critical.code, Some(2), "{critical:?}");
    has(&critical, &["ECE-CHECK CRITICAL - ", " | passed="]);
    assert_eq!(place.call(&["report", "faulty.json", "--exit-codes", "nagios"]).code, Some(2));
    assert_eq!(place.call(&["report", "faulty.json", "-o", "nagios", "--exit-codes", "own"]).code, Some(1));
    let unknown = place.call(&["run", "-o", "nagios", "-c", "none.toml"]);
    assert_eq!(unknown.code, Some(3), "{unknown:?}");
    has(&unknown, &["ECE-CHECK UNKNOWN - none.toml"]);
}

#[test]
fn files_are_not_replaced_without_a_word() {
    let place = faulty();
    let again = place.call(&["run", "--lab", "--only", "version", "--report", "json=faulty.json"]);
    assert!(again.stderr.contains("faulty.json: the file that was there is replaced"), "{again:?}");
}

#[test]
fn only_what_can_heal_is_waited_for() {
    let place = Place::new();
    let over = place.call(&["run", "--lab=throttled", "--only", "imap.sign-in", "--wait", "1s", "-q"]);
    assert_eq!(over.code, Some(5), "{over:?}");
    assert!(over.stderr.contains("waiting up to 1 s for ") && over.stderr.contains(": imap.sign-in"), "{over:?}");
    let wrong = place.call(&["run", "--lab=client-secret-invalid", "--only", "token.issued", "--wait", "10m", "-q"]);
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert!(wrong.took < Duration::from_mins(2) && !wrong.stderr.contains("waiting"), "{wrong:?}");
}
