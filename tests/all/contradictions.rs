//! Thirty outputs that contradicted themselves or the run, each with what is printed instead. The numbers are those of the
//! list that they were collected in; a run that shows several of them is made once.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ece_check::{
    catalogue::Catalogue,
    command::Shell,
    finding::{Certainty, Finding, Report, SkipReason, Status},
};
use serde_json::json;

use crate::{accuracy::agree::assert_agrees, program::Place};

fn run(arguments: &[&str]) -> (Report, String) {
    let place = Place::new();
    let report = place.call(&[&["run", "-o", "json"], arguments].concat()).report();
    place.write("report.json", serde_json::to_string(&report).expect("JSON"));
    (report, flat(&place.call(&["report", "report.json"]).stdout))
}

/// A run against the simulator with a site file of its own.
fn run_site(site: &str, only: &str) -> (Report, String) {
    let place = Place::new();
    place.write("site.toml", site);
    let report = place.call(&["run", "--lab", "-c", "site.toml", "--only", only, "-o", "json"]).report();
    place.write("report.json", serde_json::to_string(&report).expect("JSON"));
    (report, flat(&place.call(&["report", "report.json"]).stdout))
}

/// A text without its line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
}

#[track_caller]
fn has_not(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(!text.contains(part), "{part:?} is in {text}");
    }
}

#[track_caller]
fn one<'r>(report: &'r Report, check: &str, status: Status) -> &'r Finding {
    let found = report.findings.iter().find(|finding| finding.check == check && finding.status == status);
    found.unwrap_or_else(|| panic!("no {check} that is {status:?} in {:#?}", report.findings))
}

fn certainties(report: &Report) -> BTreeMap<&str, Vec<Certainty>> {
    let mut all: BTreeMap<&str, Vec<Certainty>> = BTreeMap::new();
    let of_findings = report.findings.iter().flat_map(|finding| &finding.causes);
    let of_findings = of_findings.map(|cause| (cause.cause.as_str(), cause.certainty));
    let of_fixes = report.summary.fix_first.iter().map(|fix| (fix.cause.as_str(), fix.certainty));
    for (cause, certainty) in of_findings.chain(of_fixes) {
        let known = all.entry(cause).or_default();
        if !known.contains(&certainty) {
            known.push(certainty);
        }
    }
    all
}

#[test]
fn warning_has_the_impact_of_a_warning() {
    // 1
    let (report, text) = run(&["--lab=dns-servfail.ipv6", "--only", "dns"]);
    let warned = one(&report, "dns.resolves", Status::Warn);
    has(&warned.means, &["The other IP version works"]);
    has(&warned.found, &["IPv6 (AAAA)", "SERVFAIL"]);
    has_not(&text, &["Nothing behind this name can work", "failed or blocked check"]);
    // 2
    let (report, text) = run(&["--lab=dns-unpublished-address", "--only", "dns,imap.xoauth2-offered"]);
    let warned = one(&report, "dns.leads-to-microsoft", Status::Warn);
    has(&warned.means, &["certificate checks"]);
    has_not(&text, &["would connect to this host instead of Microsoft"]);
    // 9 and 10: some addresses, and mail that works through the others
    let some = ["--lab=dns-private-answer.ipv6", "--timeout", "3s", "--only", "imap"];
    let (report, text) = run(&some);
    has(&text, &["3 only intermittently"]);
    has_not(&text, &["receiving works for 0 of"]);
    has(&one(&report, "tcp.opens", Status::Fail).means, &["intermittently"]);
}

#[test]
fn level_of_ece_is_judged_by_what_was_given_and_what_is_known() {
    // 3
    let (report, _) = run_site("[ece]\nrelease = \"12.6(1)\"\ninstalled = [\"ES6\"]\n", "version");
    has(&one(&report, "version.newest-level", Status::Warn).found, &["newer level available: yes"]);
    // 5: nothing is accused where the packages were not given
    let (report, text) = run_site("[ece]\nrelease = \"12.6(1)\"\n", "version");
    assert!(report.summary.fix_first.is_empty(), "{:#?}", report.summary.fix_first);
    has(one(&report, "version.minimum-level", Status::Skip).next.as_deref().unwrap_or_default(), &["installed"]);
    has_not(&text, &["does not support OAuth"]);
    // 6
    let (report, _) = run_site("[ece]\nrelease = \"15.0(1)ES202511\"\n", "version.minimum-level");
    has(&one(&report, "version.minimum-level", Status::Warn).found, &["15.0(1)_ES202511"]);
}

#[test]
fn table_that_is_old_proves_no_newest_level() {
    // 4: the same level by the same table, made today and made 181 days ago; in the lab a table is always new
    let table = include_str!("../../checks/tables/ece-levels.toml");
    let (date, _) = table.split_once("\ndate").and_then(|(_, rest)| rest.split_once('\n')).expect("its date");
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let judged = |days: i32| {
        let place = Place::new();
        let made = today.checked_sub(jiff::Span::new().days(days)).expect("a day");
        place.write("checks/tables/ece-levels.toml", table.replacen(date, &format!(" = {made}"), 1));
        place.write("site.toml", "[ece]\nrelease = \"12.6(1)\"\ninstalled = [\"ES12\", \"ES12_ET1\"]\n");
        let run = ["run", "-c", "site.toml", "--checks", "checks", "--only", "version.newest-level"];
        let report = place.call(&[&run[..], &["-o", "json"]].concat()).report();
        let found = report.findings.into_iter().find(|finding| finding.check == "version.newest-level");
        found.expect("the finding")
    };
    let (fresh, old) = (judged(0), judged(181));
    assert_eq!((fresh.status, old.status), (Status::Pass, Status::Warn), "{old:#?}");
    has(&old.found, &["181"]);
}

#[test]
fn input_is_evidence_and_what_is_missing_is_no_failure() {
    // 7
    let (report, text) = run_site("[ece]\nexternal_url = \"ece.acme.com\"\n", "url.external-form");
    has(&one(&report, "url.external-form", Status::Fail).found, &["https:// is missing"]);
    assert_eq!(report.summary.exit_code, 1, "{text}");
    // 8
    let site = "[entra]\ntenant = \"contoso.onmicrosoft.com\"\nclient_id = \"11111111-2222-4333-8444-555555555555\"\n\
                [[account]]\nname = \"a\"\nsigns_in_as = \"sales@example.com\"\nrefresh_token = { env = \"NOPE\" }\n\
                inbound = \"imap\"\nmailboxes = [\"sales@example.com\"]\n";
    let (report, text) = run_site(site, "token.issued,imap.sign-in");
    has(&text, &["Input needed first: the environment variable NOPE is not set.", "(1 not tested)"]);
    assert_eq!((report.summary.fail, report.summary.exit_code), (0, 3), "{text}");
}

#[test]
fn refusal_of_a_proxy_is_no_closed_port() {
    // 11
    let (report, text) = run(&["--lab=proxy-auth-required", "--only", "tcp"]);
    let refused = one(&report, "tcp.opens", Status::Fail);
    has(&refused.fails, &["The proxy refused the connection"]);
    has(&refused.means, &["The port itself was not tested"]);
    has_not(&text, &["uses any of the addresses"]);
    // 12
    let (report, _) = run(&["--lab=ece-web-unreachable", "--only", "tcp"]);
    has(&one(&report, "tcp.opens", Status::Fail).means, &["authorization code cannot be returned"]);
}

#[test]
fn impact_of_a_sign_in_agrees_with_the_token() {
    // 13: the token is not called good where it is another user's
    let (report, text) = run(&["--lab=token-user-mismatch", "--only", "token.identity,imap"]);
    has(&one(&report, "imap.mailbox-opens", Status::Fail).means, &["which user the token belongs to"]);
    has_not(&text, &["the token is good"]);
    // 14: a mailbox that opens is not said to be closed
    let (report, text) = run(&["--lab=smtp-user-must-be-token-owner", "--only", "imap,smtp.sender-accepted"]);
    has(&one(&report, "smtp.sender-accepted", Status::Fail).means, &["although SMTP sign-in works"]);
    has_not(&text, &["cannot be opened over IMAP", "stays shut"]);
}

/// What the same run saw rules a cause out, also where its check was not asked for and where a file says it.
#[test]
fn causes_of_chosen_checks_agree_with_what_was_seen() {
    let (report, text) = run(&["--lab=imap-disabled-for-mailbox", "--only", "imap"]);
    let refused = one(&report, "imap.mailbox-opens", Status::Fail);
    assert!(refused.ruled_out.iter().any(|out| out.cause == "token-user-mismatch"), "{refused:#?}");
    has_not(&text, &["Token issued to the wrong user"]);
    one(&report, "token.identity", Status::Pass);
    let (report, _) = run(&["--lab", "--only", "tcp"]);
    assert!(report.findings.iter().all(|finding| finding.account.is_none()), "no token is asked for");
}

/// What passed in the same run is not said to be the fault.
#[test]
fn user_whose_mail_works_is_not_told_to_be_without_rights() {
    let (report, _) = run(&["--lab=signs-in-as-differs"]);
    let identity = one(&report, "token.identity", Status::Fail);
    assert_eq!(identity.causes[0].cause, "signs-in-as-differs", "{identity:#?}");
    assert!(identity.causes.iter().all(|named| named.cause != "smtp-user-must-be-token-owner"), "{identity:#?}");
}

/// The command that removes the entry of an application does so only where the entry is wrong.
#[test]
fn entry_that_may_be_right_is_not_removed() {
    let (report, _) = run(&["--lab=exchange-service-principal-missing"]);
    let fixes = report.summary.fix_first.iter().flat_map(|fix| &fix.commands);
    let removes = fixes.filter(|command| command.text.contains("Remove-ServicePrincipal"));
    let removes: Vec<_> = removes.collect();
    assert!(!removes.is_empty() && removes.iter().all(|command| command.text.contains("-ne ")), "{removes:#?}");
}

/// A mailbox that is said to fail has a column that shows where.
#[test]
fn mailbox_without_a_service_fails_in_its_column() {
    let (_, text) = run(&["--lab=port-refused", "--only", "tcp,imap"]);
    has(&text, &["receiving works for 0 of 3 mailboxes (3 fail)", "sales@example.com and 2 more [ OK ] [FAIL] [SKIP]"]);
}

#[test]
fn cause_has_one_certainty_in_a_report() {
    // 15
    let (report, _) = run(&["--lab=client-secret-expired", "--only", "token.issued,directory.secret-lifetime"]);
    for (cause, certainties) in certainties(&report) {
        assert_eq!(certainties.len(), 1, "{cause}: {certainties:?}");
    }
    assert_eq!(report.summary.fix_first[0].certainty, Certainty::Certain);
}

#[test]
fn result_says_what_it_does_not_tell_of_ece() {
    // 16
    let (_, text) = run(&["--lab=tls-intercepted", "--only", "tls,imap.sign-in"]);
    has(
        &text,
        &[
            "ECE's Java trust store was not checked (tls.java-trust); ECE may still reject the certificate that was shown.",
        ],
    );
    // 17
    let (report, _) = run(&["--lab=client-clock-skew", "--only", "https.clock"]);
    has(&one(&report, "https.clock", Status::Fail).means, &["Microsoft judges tokens by its own clock"]);
    // 18
    let (report, text) = run(&["--lab", "--pre-install", "--only", "version,url,tls"]);
    assert!(report.findings.iter().all(|finding| finding.next.is_none()), "{text}");
    has_not(&text, &["input needed"]);
}

#[test]
fn several_names_are_named_in_good_grammar_with_a_command_each() {
    // 19
    let (report, text) = run(&["--lab=dns-nxdomain.everything", "--only", "dns"]);
    has(&text, &["DNS server returns NXDOMAIN for login.microsoft.com, login.microsoftonline.com and 2 more"]);
    let commands = &report.summary.fix_first[0].commands;
    assert!(commands.len() >= 8 && commands.iter().all(|command| !command.text.contains(',')), "{commands:#?}");
    // 29: what is pasted is a command and nothing else
    for cause in &Catalogue::built_in().causes {
        for command in cause.commands.iter().filter(|command| {
            !matches!(command.shell, Shell::Portal | Shell::EceConsole | Shell::Device | Shell::Rule | Shell::Setting)
        }) {
            has_not(&command.text, &[" (expect", " (no ", "; otherwise "]);
        }
    }
}

#[test]
fn explanations_name_what_is_meant_and_nothing_else() {
    let place = Place::new();
    let explain = |what: &str| place.call(&["explain", what]).stdout;
    // 20
    let causes = explain("smtp.sign-in");
    has(&causes, &["smtp-auth-disabled-mailbox", "smtp-auth-disabled-tenant", "security-defaults-blocked"]);
    // 21
    let blocked = explain("port-blocked");
    has(&blocked, &["ETIMEDOUT"]);
    has_not(&blocked, &["ECONNREFUSED", "No route to host", "revocation"]);
    // 22
    place.write("services.json", r#"{"schema_version": 2, "tool": {"name": "ece-check", "version": "0.1.0"}}"#);
    place.call(&["explain", "-f", "services.json"]).refused("services.json is a report of ece-check, not a log");
    // 29
    let lines: Vec<String> = explain("535 5.7.3 Authentication unsuccessful").lines().map(flat).collect();
    assert!(
        lines.iter().any(|line| line == "ece-check run --only token,smtp" || line.ends_with("run --only token,smtp"))
    );
    // 25
    let token = "eyJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL291dGxvb2sub2ZmaWNlMzY1LmNvbSIsInVwbiI6ImFAYi5jb20ifQ.AAAA";
    place.write("token", token);
    let shown = place.call(&["token", "show", "--file", "token"]).stdout;
    has(&shown, &["User: a@b.com (expected user not given; add --user)."]);
    has_not(&shown, &["[ OK ] User", "\u{221a} User"]);
}

#[test]
fn mistakes_of_the_command_line_are_short_and_files_are_not_ignored_in_silence() {
    let place = Place::new();
    // 26
    let unknown = place.call(&["run", "--only", "nosuch"]);
    unknown.refused("see ece-check list");
    assert!(unknown.stderr.len() < 600, "{}", unknown.stderr);
    // 27
    place.write("ece-check.toml", "x = ");
    let ignored = place.call(&["run", "--lab", "--only", "version.minimum-level"]);
    has(&ignored.stderr, &["ece-check.toml is ignored with --lab; use -c ece-check.toml"]);
}

#[test]
fn error_that_differs_in_its_trace_alone_is_printed_once() {
    // 24
    let (report, _) = run_site("[entra]\ntenant = \"nosuch.onmicrosoft.com\"\n", "https.discovery");
    let found = &one(&report, "https.discovery", Status::Fail).found;
    assert_eq!(found.matches("AADSTS90002:").count(), 1, "{found}");
    has_not(found, &["more characters"]);
}

#[test]
fn fix_is_whole_and_a_path_has_a_source() {
    // 28
    let (report, text) = run(&["--lab=trust-store-incomplete", "--only", "tls.trusted"]);
    let fix = &report.summary.fix_first[0];
    assert!(fix.commands.iter().any(|command| command.text.starts_with("Invoke-WebRequest")), "{:#?}", fix.commands);
    has_not(&text, &["more characters", "generateSSTFromWU"]);
    // 30: a path in ECE's console says of which release it is, or that it is not confirmed
    for cause in &Catalogue::built_in().causes {
        for command in cause.commands.iter().filter(|command| command.shell == Shell::EceConsole) {
            has_not(&command.text, &["Administration > Email", "Aliases > Generate"]);
            let note = command.note.as_deref().unwrap_or_default();
            assert!(note.contains("ECE 1"), "{}: {} has no release: {note}", cause.code, command.text);
        }
    }
}

/// A token of Exchange Online with these claims beside, and the site file whose account has it.
fn run_token(place: &Place, change: &[(&str, Option<serde_json::Value>)]) -> (Report, String) {
    let encode = |value: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "aud": "https://outlook.office365.com", "iat": now - 100, "nbf": now - 100, "exp": now + 3_600,
        "upn": "sales@example.com", "scp": "IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send", "ver": "1.0",
        "iss": "https://sts.windows.net/9f8b6c1d-0000-4000-8000-000000000001/",
    });
    let all = claims.as_object_mut().expect("an object");
    for (name, value) in change {
        match value {
            Some(value) => all.insert((*name).to_owned(), value.clone()),
            None => all.remove(*name),
        };
    }
    let header = encode(&json!({ "typ": "JWT", "alg": "RS256" }));
    place.write("token", format!("{header}.{}.{}", encode(&claims), "A".repeat(342)));
    place.write(
        "site.toml",
        "[[account]]\nname = \"sales\"\nsigns_in_as = \"sales@example.com\"\naccess_token = { file = \"token\" }\n\
         inbound = \"imap\"\nmailboxes = [\"sales@example.com\"]\n",
    );
    let checks = "token.well-formed,token.valid-now,token.lifetime,token.identity,imap.sign-in";
    let run = place.call(&["run", "--lab", "-c", "site.toml", "--only", checks, "-o", "json"]);
    (run.report(), place.call(&["token", "show", "--file", "token"]).stdout)
}

#[test]
fn token_without_a_readable_end_is_a_finding() {
    let place = Place::new();
    for (exp, words) in [
        (Some(json!(u64::MAX)), "(exp) is 18446744073709551615"),
        (Some(json!(1e20)), "a moment beyond the year 9999"),
        (Some(json!(true)), "(exp) is true"),
        (Some(json!([1_800_000_000])), "(exp) is a list"),
        (Some(json!("1800000000")), "(exp) is the text"),
    ] {
        let is_text = exp.as_ref().is_some_and(serde_json::Value::is_string);
        let (report, shown) = run_token(&place, &[("exp", exp)]);
        let found = one(&report, "token.well-formed", Status::Fail);
        has(&found.found, &[words, "NumericDate, RFC 7519, section 4.1.4"]);
        assert_eq!(found.causes[0].cause, "token-malformed");
        assert_eq!(report.summary.exit_code, 1);
        if !is_text {
            let unread = one(&report, "token.valid-now", Status::Skip);
            assert_eq!(unread.reason, Some(SkipReason::NeedsInput), "{unread:#?}");
        }
        has(&flat(&shown), &[words]);
        assert_eq!(place.call(&["token", "show", "--file", "token"]).code, Some(1));
    }
    let (report, shown) = run_token(&place, &[("exp", None)]);
    has(&one(&report, "token.well-formed", Status::Warn).found, &["(exp) is missing"]);
    has(&flat(&shown), &["(exp) is missing"]);
    assert_eq!(one(&report, "token.valid-now", Status::Skip).reason, Some(SkipReason::NeedsInput));
    one(&report, "imap.sign-in", Status::Fail); // the claim is optional, so the token is tried
    let (report, _) = run_token(&place, &[("exp", Some(json!(jiff::Timestamp::now().as_second() + 3_600)))]);
    one(&report, "token.valid-now", Status::Pass);
    let fraction: f64 = format!("{}.5", jiff::Timestamp::now().as_second() + 3_600).parse().expect("a number");
    let (report, _) = run_token(&place, &[("exp", Some(json!(fraction)))]);
    one(&report, "token.valid-now", Status::Pass);
}

#[test]
fn token_says_what_is_and_not_what_is_not() {
    let place = Place::new();
    let now = jiff::Timestamp::now().as_second();
    let (report, shown) = run_token(
        &place,
        &[("exp", Some(json!(now - 690))), ("iat", Some(json!(now - 4_290))), ("nbf", Some(json!(now - 4_290)))],
    );
    has(&one(&report, "token.valid-now", Status::Fail).found, &["token: expired 11 minutes ago"]);
    has_not(&shown, &["valid now: no", "minutes left: -"]);
    let (report, _) = run_token(&place, &[("upn", Some(json!("admin@example.com")))]);
    let found = &one(&report, "token.identity", Status::Fail).found;
    assert_eq!(found, "signed in as: admin@example.com, expected sales@example.com");
    let (report, _) = run_site("[ece]\nrelease = \"11.6(1)\"\ninstalled = [\"ES12\"]\n", "version.minimum-level");
    let found = &one(&report, "version.minimum-level", Status::Fail).found;
    has(found, &["support for OAuth 2.0: incomplete, only some of the required packages are installed"]);
    has_not(found, &["half"]);
    let (report, _) = run(&["--lab=tls-intercepted.web-only", "--only", "tls.not-intercepted"]);
    has_not(&one(&report, "tls.not-intercepted", Status::Fail).found, &[": no"]);
}

#[test]
fn token_of_another_issuer_is_told_and_tried_all_the_same() {
    let place = Place::new();
    let (report, shown) = run_token(&place, &[("iss", Some(json!("https://accounts.google.com")))]);
    has(
        &one(&report, "token.well-formed", Status::Warn).found,
        &["https://accounts.google.com", "not Microsoft Entra ID"],
    );
    has(&flat(&shown), &["not Microsoft Entra ID"]);
    let tried = one(&report, "imap.sign-in", Status::Fail);
    assert!(tried.reason.is_none() && tried.look.is_some(), "{tried:#?}");
}

#[test]
fn token_that_names_no_user_is_not_called_another_user_s() {
    let place = Place::new();
    let (report, _) = run_token(&place, &[("upn", None)]);
    assert_eq!(one(&report, "token.identity", Status::Skip).reason, Some(SkipReason::NeedsInput));
    let certain = report.findings.iter().flat_map(|finding| &finding.causes);
    assert!(
        certain.filter(|cause| cause.cause == "token-user-mismatch").all(|cause| cause.certainty != Certainty::Certain)
    );
}

#[test]
fn session_that_worked_has_no_certain_cause_and_no_rule_when_it_falls_silent() {
    for variant in ["silent-at-ehlo", "silent-at-capability", "silent-at-capabilities", "silent-after-starttls"] {
        let fault = format!("--lab=session-ended-early.{variant}");
        let (report, _) = run(&[
            &fault,
            "--timeout",
            "700ms",
            "--only",
            "smtp.xoauth2-offered,imap.xoauth2-offered,pop3.xoauth2-offered",
        ]);
        let named = certainties(&report);
        assert!(!named.contains_key("no-greeting"), "{variant}: {named:?}");
        assert!(named["session-ended-early"].iter().all(|one| *one != Certainty::Certain), "{variant}: {named:?}");
        let commands = report.summary.fix_first.iter().flat_map(|fix| &fix.commands);
        assert!(
            commands.clone().all(|command| command.shell != Shell::Rule),
            "{variant}: {:#?}",
            report.summary.fix_first
        );
    }
}

#[test]
fn one_ip_version_says_nothing_of_the_other() {
    let (report, text) = run(&["--lab", "-6", "--only", "dns.resolves"]);
    let failed = one(&report, "dns.resolves", Status::Fail);
    has(&failed.found, &["no AAAA record", "A records were not queried"]);
    assert_eq!(failed.causes[0].cause, "dns-no-address-of-version");
    has_not(&text, &["No A or AAAA record", "internal zone"]);
}

#[test]
fn dns_server_that_answers_nonsense_has_answered() {
    for fault in ["--lab=dns-answer-malformed", "--lab=dns-answer-malformed.foreign-answers"] {
        let (report, text) = run(&[fault, "--only", "dns.resolves"]);
        let named = certainties(&report);
        assert!(
            named.contains_key("dns-answer-malformed") && !named.contains_key("dns-resolver-unreachable"),
            "{named:?}"
        );
        has_not(&text, &["No DNS response"]);
    }
}

#[test]
fn dns_server_that_answers_for_another_name_responds() {
    for (fault, cause, rule) in [
        ("--lab=dns-name-unanswered", "dns-name-unanswered", None),
        ("--lab=dns-over-tcp-blocked", "dns-over-tcp-blocked", Some("Ports: TCP 53\n")),
        ("--lab=dns-answer-cut", "dns-answer-cut", None),
    ] {
        let (report, text) = run(&[fault, "--timeout", "1s", "--only", "dns.resolves"]);
        assert_eq!(certainties(&report).into_keys().collect::<Vec<_>>(), [cause], "{fault}");
        has_not(&text, &["No DNS response from the DNS server"]);
        let commands = report.summary.fix_first.iter().flat_map(|fix| &fix.commands);
        let rules: Vec<&str> = commands.filter(|one| one.shell == Shell::Rule).map(|one| one.text.as_str()).collect();
        assert_eq!(rules.len(), usize::from(rule.is_some()), "{fault}: {rules:?}");
        assert!(rules.iter().all(|text| rule.is_some_and(|rule| text.contains(rule))), "{fault}: {rules:?}");
    }
    let (report, _) = run(&["--lab=dns-resolver-unreachable", "--timeout", "1s", "--only", "dns.resolves"]);
    assert_eq!(certainties(&report).into_keys().collect::<Vec<_>>(), ["dns-resolver-unreachable"]);
}

#[test]
fn warning_of_one_ip_version_has_its_cause() {
    for (fault, cause) in [
        ("--lab=dns-answer-refused.ipv6", "dns-answer-refused"),
        ("--lab=dns-family-unanswered", "dns-family-unanswered"),
        ("--lab=dns-servfail.ipv6", "dns-servfail"),
    ] {
        let (report, _) = run(&[fault, "--timeout", "1s", "--only", "dns.resolves"]);
        let warned = one(&report, "dns.resolves", Status::Warn);
        let named: Vec<&str> = warned.causes.iter().map(|one| one.cause.as_str()).collect();
        assert_eq!(named, [cause], "{fault}: {warned:#?}");
        let fix = &report.summary.fix_first[0].fix;
        assert!(!fix.contains("another name"), "a query for this name was answered: {fix}");
    }
}

#[test]
fn name_of_the_site_has_an_action_of_its_own() {
    let (report, _) = run(&["--lab=dns-nxdomain.ece,dns-nxdomain", "--only", "dns.resolves"]);
    let fixes: Vec<&str> = report.summary.fix_first.iter().map(|fix| fix.fix.as_str()).collect();
    assert_eq!(fixes.len(), 2, "{fixes:?}");
    for fix in fixes {
        let (of_site, of_microsoft) = (fix.contains("ece.example.com"), fix.contains("outlook.office365.com"));
        assert!(of_site != of_microsoft && of_microsoft == fix.contains("public records"), "{fix}");
    }
}

#[test]
fn store_from_which_java_reads_nothing_is_the_one_cause_of_its_check() {
    let place = Place::new();
    let store = [&[0xCE, 0xCE, 0xCE, 0xCE, 0, 0, 0, 2, 0, 0, 0, 0][..], &[0; 20]].concat();
    place.write("cacerts.jceks", store); // Java reads JCEKS only where it is told so
    let run = ["run", "--lab=tls-intercepted", "--java-trust-store", "cacerts.jceks", "--only", "tls", "-o", "json"];
    let report = place.call(&run).report();
    let of_java: Vec<&Finding> = report.findings.iter().filter(|one| one.check == "tls.java-trust").collect();
    assert!(!of_java.is_empty() && of_java.iter().all(|one| one.status == Status::Fail), "{of_java:#?}");
    for finding in of_java {
        let named: Vec<&str> = finding.causes.iter().map(|one| one.cause.as_str()).collect();
        assert_eq!(named, ["java-trust-store-unread"], "{}", finding.subject);
    }
    assert_eq!(one(&report, "tls.not-intercepted", Status::Fail).causes[0].cause, "tls-intercepted");
    assert_agrees(&report, "tls-intercepted with a store that Java cannot read");
}

#[test]
fn result_counts_what_ece_itself_cannot_do_and_names_the_route_that_works() {
    let place = Place::new();
    let store = [&[0xCE, 0xCE, 0xCE, 0xCE, 0, 0, 0, 2, 0, 0, 0, 0][..], &[0; 20]].concat();
    place.write("cacerts.jceks", store);
    let rejected = place.call(&["run", "--lab", "--java-trust-store", "cacerts.jceks"]).stdout;
    has(
        &flat(&rejected),
        &["receiving works for 0 of 4 mailboxes (4 fail); sending works for 0 of 4 mailboxes (4 fail)."],
    );
    let denied = place.call(&["run", "--lab=proxy-denied"]).stdout;
    has(&flat(&denied), &["receiving works for 0 of 4 mailboxes", "The service answers over the other route"]);
}

/// A pipe that nothing writes to is an input that is not there: nothing is known of the mailbox.
#[cfg(unix)]
#[test]
fn secret_that_never_comes_is_a_missing_input() {
    if std::env::var_os("ECE_CHECK_PROGRAM").is_some() {
        return; // Wine reads no pipes of the system and has no sh
    }
    let place = Place::new();
    let made = std::process::Command::new("mkfifo").arg(place.path().join("pipe")).status().expect("mkfifo");
    assert!(made.success());
    for source in ["{ file = \"pipe\" }", "{ command = \"exec sleep 20\" }"] {
        place.write(
            "site.toml",
            format!(
                "[[account]]\nname = \"sales\"\nsigns_in_as = \"sales@example.com\"\nrefresh_token = {source}\n\
                 inbound = \"imap\"\nmailboxes = [\"sales@example.com\"]\n"
            ),
        );
        let run = ["run", "--lab", "-c", "site.toml", "--only", "token.issued", "--timeout", "500ms", "-o", "json"];
        let outcome = place.call(&run);
        let report = outcome.report();
        let issued = one(&report, "token.issued", Status::Skip);
        assert_eq!((issued.reason, outcome.code), (Some(SkipReason::NeedsInput), Some(3)), "{source}: {issued:#?}");
        has(issued.next.as_deref().unwrap_or_default(), &["gives nothing"]);
    }
}

/// SMTP needs no login host where no account signs in.
#[test]
fn smtp_alone_does_not_fail_for_the_login_names() {
    let place = Place::new();
    place.write("site.toml", "[entra]\ntenant = \"example.onmicrosoft.com\"\n");
    for fault in ["--lab=dns-servfail.login", "--lab=port-refused.login", "--lab=dns-sinkhole.login"] {
        let outcome = place.call(&["run", fault, "-c", "site.toml", "--only", "smtp", "-o", "json"]);
        let report = outcome.report();
        let of_login = report.findings.iter().filter(|one| one.subject.as_str().starts_with("login."));
        assert_eq!(of_login.filter(|one| one.status == Status::Fail).count(), 0, "{fault}");
        assert_eq!((outcome.code, report.summary.fix_first.len()), (Some(0), 0), "{fault}");
        one(&report, "smtp.xoauth2-offered", Status::Pass);
    }
}
