use super::*;
use crate::{
    evidence::{Failure, FailureKind, Protocol, Stage},
    finding::Status,
};

#[test]
fn items_of_lists_are_told_once_whatever_address_showed_them() {
    let attempt = |names: [&str; 2]| {
        let mut attempt = Attempt::new("192.0.2.1:443".parse().unwrap());
        attempt.facts.put(tls::NAMES.name(), Value::List(names.map(str::to_owned).to_vec()));
        attempt
    };
    let subject = Subject::endpoint("ece.example.com", 443);
    let attempts = vec![attempt(["b.example", "a.example"]), attempt(["c.example", "a.example"])];
    let looks = [Observation { attempts, ..Observation::new("tls", subject.clone(), Route::Direct) }];
    let findings = [Finding { look: Some(0), ..Finding::new("tls.matches-name", subject, Status::Fail) }];
    let text = fill("{tls.names}", None, &[0], &findings, &Looks::of(&looks, &Wording::default()));
    assert_eq!(text, "a.example, b.example, c.example");
}

#[test]
fn command_goes_to_the_address_that_fails_where_others_do_not() {
    let attempt = |address: &str, fails: bool| {
        let failure = fails.then(|| Failure::new(Protocol::Tls, Stage::Handshake, FailureKind::Closed, ""));
        Attempt { failure, ..Attempt::new(address.parse().unwrap()) }
    };
    let subject = Subject::endpoint("mail.example.com", 993);
    let proxy = Route::Proxy { host: "proxy.example".to_owned(), port: 8080, learned_from: String::new() };
    let template =
        |text: &str| Template { each: Some("subject".to_owned()), ..Template::new(Shell::Sh, Effect::Check, text) };
    let templates =
        [template("openssl s_client -connect {server-port} -servername {host}"), template("nc {server} {port}")];
    for (fails, route, server) in [
        ([false, true], Route::Direct, Some(("[2001:db8::1]:993", "2001:db8::1"))),
        ([true, false], Route::Direct, Some(("192.0.2.1:993", "192.0.2.1"))),
        ([true, true], Route::Direct, None),
        ([true, false], proxy, None),
    ] {
        let attempts = vec![attempt("192.0.2.1:993", fails[0]), attempt("[2001:db8::1]:993", fails[1])];
        let looks = [Observation { attempts, ..Observation::new("tls", subject.clone(), route) }];
        let findings = [Finding { look: Some(0), ..Finding::new("tls.trusted", subject.clone(), Status::Fail) }];
        let commands = commands(&templates, None, &[0], &findings, &Looks::of(&looks, &Wording::default()));
        let (at_port, server) = server.unwrap_or(("mail.example.com:993", "mail.example.com"));
        let texts: Vec<&str> = commands.iter().map(|command| command.text.as_str()).collect();
        let quoted = if at_port.starts_with('[') { format!("'{at_port}'") } else { at_port.to_owned() };
        assert_eq!(
            texts,
            [format!("openssl s_client -connect {quoted} -servername mail.example.com"), format!("nc {server} 993")]
        );
    }
}

#[test]
fn every_name_and_port_of_microsoft_is_told_and_none_of_the_site() {
    let look =
        |host: &str, own| Observation { own, ..Observation::new("tcp", Subject::endpoint(host, 443), Route::Direct) };
    let name = Observation::new("dns", Subject::of_text("outlook.office365.com"), Route::Direct);
    let looks =
        [look("login.example.com", false), look("ece.example.com", true), look("graph.example.com", false), name];
    assert_eq!(
        fill("{endpoints}", None, &[], &[], &Looks::of(&looks, &Wording::default())),
        "graph.example.com:443, login.example.com:443"
    );
}

#[test]
fn status_of_a_refusal_is_told_where_no_page_was_measured() {
    let busy = Failure { code: Some(503), ..Failure::new(Protocol::Https, Stage::Request, FailureKind::BadStatus, "") };
    let subject = Subject::endpoint("login.example.com", 443);
    let looks = [Observation { failure: Some(busy), ..Observation::new("https", subject.clone(), Route::Direct) }];
    let findings = [Finding { look: Some(0), ..Finding::new("https.answers", subject, Status::Fail) }];
    assert_eq!(fill("HTTP {https.status}", None, &[0], &findings, &Looks::of(&looks, &Wording::default())), "HTTP 503");
}

#[test]
fn refusal_is_found_in_the_logs_by_who_may_read_them() {
    let refused = Failure::new(Protocol::Token, Stage::Grant, FailureKind::Rejected, "AADSTS1");
    let refused = Failure { trace: Some("0000-1".to_owned()), ..refused };
    let subject = Subject::of_text("sales");
    let mut look = Observation { failure: Some(refused), ..Observation::new("token", subject.clone(), Route::Direct) };
    let findings = [Finding { look: Some(0), ..Finding::new("token.issued", subject, Status::Fail) }];
    for (kind, log) in [("user", USER_LOG), ("application", APPLICATION_LOG)] {
        look.facts.put(token::KIND.name(), kind);
        let looks = [look.clone()];
        let entries = log_entries(&[0], &findings, &Looks::of(&looks, &Wording::default()));
        let [entry] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!(entry.role.as_deref(), Some(LOG_READER));
        assert!(entry.text.contains(log) && entry.text.ends_with("0000-1"), "{entry:?}");
    }
}

#[test]
fn command_for_each_server_of_a_mailbox_has_the_port_and_host_of_that_server() {
    let at = |host: &str, port, address: &str| {
        let attempts = vec![Attempt::new(address.parse().unwrap())];
        Observation { attempts, ..Observation::new("tcp", Subject::endpoint(host, port), Route::Direct) }
    };
    let servers = [at("imap.example.com", 993, "192.0.2.1:993"), at("smtp.example.com", 587, "192.0.2.2:587")];
    let mailbox = Subject::of_text("sales@example.com");
    let attempts = servers.iter().flat_map(|server| server.attempts.clone()).collect();
    let sign_in = Observation { attempts, ..Observation::new("imap", mailbox.clone(), Route::Direct) };
    let looks = [servers.as_slice(), &[sign_in]].concat();
    let findings = [Finding {
        look: Some(2),
        account: Some("sales".into()),
        ..Finding::new("imap.sign-in", mailbox, Status::Fail)
    }];
    let template = Template {
        each: Some("subject".to_owned()),
        ..Template::new(Shell::Powershell, Effect::Check, "Test-NetConnection {host} -Port {port}")
    };
    let commands = commands(&[template], None, &[0], &findings, &Looks::of(&looks, &Wording::default()));
    let texts: Vec<&str> = commands.iter().map(|command| command.text.as_str()).collect();
    let command = |host: &str, port: &str| format!("Test-NetConnection '{host}.example.com' -Port {port}");
    assert_eq!(texts, [command("imap", "993"), command("smtp", "587")]);
}

/// Accounts whose tokens belong to these users, where others are expected.
fn mismatched(pairs: &[(&str, &str)]) -> (Vec<Finding>, Vec<Observation>) {
    let mut cases = (Vec::new(), Vec::new());
    for (at, (expected, holder)) in pairs.iter().enumerate() {
        let subject = Subject::Account(format!("account-{at}").as_str().into());
        let mut look = Observation::new("token", subject.clone(), Route::Direct);
        look.facts.put(token::USER.name(), *holder);
        look.facts.put(token::USER_EXPECTED.name(), *expected);
        let account = Some(subject.as_str().into());
        cases.0.push(Finding { look: Some(at), account, ..Finding::new("token.identity", subject, Status::Fail) });
        cases.1.push(look);
    }
    cases
}

#[test]
fn values_that_belong_together_are_told_case_by_case() {
    let text = "Sign in as {token.user_expected} (currently {token-holder}). Then try again.";
    let told = |pairs: &[(&str, &str)]| {
        let (findings, looks) = mismatched(pairs);
        let places: Vec<usize> = (0..pairs.len()).collect();
        fill(text, None, &places, &findings, &Looks::of(&looks, &Wording::default()))
    };
    let swapped = told(&[("a@x", "b@x"), ("b@x", "a@x")]);
    assert_eq!(swapped, "Sign in as a@x (currently b@x). Sign in as b@x (currently a@x). Then try again.");
    // one user in place of many is told once
    assert_eq!(told(&[("a@x", "c@x"), ("b@x", "c@x")]), "Sign in as a@x, b@x (currently c@x). Then try again.");
    let many = told(&[("a@x", "b@x"), ("b@x", "c@x"), ("c@x", "d@x"), ("d@x", "a@x")]);
    assert!(many.contains("(currently d@x). … (1 more) Then try again."), "{many}");
}

#[test]
fn values_are_those_of_the_addresses_that_show_the_cause() {
    let attempt = |address: &str, kind, issuer: &str| {
        let mut attempt = Attempt::new(address.parse().unwrap());
        attempt.facts.put(tls::ISSUER.name(), issuer);
        attempt.failure = Some(Failure::new(Protocol::Tls, Stage::Certificate, kind, ""));
        attempt
    };
    let subject = Subject::endpoint("outlook.office365.com", 993);
    let attempts = vec![
        attempt("192.0.2.1:993", FailureKind::Expired, "CN=Microsoft"),
        attempt("192.0.2.2:993", FailureKind::UnknownIssuer, "CN=Gateway"),
    ];
    let looks = [Observation { attempts, ..Observation::new("tls", subject.clone(), Route::Direct) }];
    let findings = [Finding { look: Some(0), ..Finding::new("tls.trusted", subject, Status::Fail) }];
    let catalogue = crate::catalogue::Catalogue::built_in();
    let cause = catalogue.cause("cert-expired");
    let text = fill("{addresses}: {tls.issuer}", cause, &[0], &findings, &Looks::of(&looks, &Wording::default()));
    assert_eq!(text, "192.0.2.1: CN=Microsoft");
}

#[test]
fn commands_and_fixes_are_those_of_the_cloud() {
    let catalogue = crate::catalogue::Catalogue::built_in();
    let wording = crate::catalogue::wording::of(&catalogue.tables.clouds, "gcc-high");
    let looks = [Observation::new("imap", Subject::of_text("sales@outlook.office365.com"), Route::Direct)];
    let findings = [Finding { look: Some(0), ..Finding::new("imap.sign-in", looks[0].subject.clone(), Status::Fail) }];
    let looks = Looks::of(&looks, &wording);
    let templates = [
        Template::new(Shell::Exchange, Effect::Check, "Get-CASMailbox -Identity {mailbox}"),
        Template::new(Shell::Graph, Effect::Check, "Get-MgUser"),
        Template::new(Shell::Portal, Effect::Change, "https://entra.microsoft.com > Users"),
    ];
    let commands = commands(&templates, None, &[0], &findings, &looks);
    let connect: Vec<&str> = commands.iter().filter_map(|command| command.connect.as_deref()).collect();
    assert_eq!(connect[0], "Connect-ExchangeOnline -ExchangeEnvironmentName O365USGovGCCHigh");
    assert!(connect[1].starts_with("Connect-MgGraph -Environment USGov -Scopes "), "{connect:?}");
    assert_eq!(commands[0].text, "Get-CASMailbox -Identity 'sales@outlook.office365.com'", "a value stays");
    assert_eq!(commands[2].text, "https://entra.microsoft.us > Users");
}

#[test]
fn list_that_was_measured_to_be_empty_is_told_as_none() {
    let subject = Subject::endpoint("ece.example.com", 443);
    let mut look = Observation::new("tls", subject.clone(), Route::Direct);
    look.facts.put(tls::NAMES.name(), Value::List(Vec::new()));
    let findings = [Finding { look: Some(0), ..Finding::new("tls.matches-name", subject, Status::Fail) }];
    assert_eq!(fill("{tls.names}", None, &[0], &findings, &Looks::of(&[look], &Wording::default())), "none");
}

#[test]
fn what_has_no_value_is_told_by_what_it_means() {
    for (name, meaning) in
        [("mailbox", "mailbox"), ("account", "account in ece-check.toml"), ("mailbox.send_as", "Send As")]
    {
        let template = Template::new(Shell::Exchange, Effect::Check, &format!("Get-Mailbox {{{name}}}"));
        let commands = commands(&[template], None, &[], &[], &Looks::of(&[], &Wording::default()));
        assert_eq!(commands[0].text, format!("Get-Mailbox '<{meaning}>'"));
    }
}

#[test]
fn each_of_several_values_of_one_finding_has_a_command_of_its_own() {
    let subject = Subject::endpoint("ece.example.com", 443);
    let mut look = Observation::new("tls", subject.clone(), Route::Direct);
    look.facts.put(tls::NAMES.name(), Value::List(vec!["a.example".to_owned(), "b.example".to_owned()]));
    let findings = [Finding { look: Some(0), ..Finding::new("tls.matches-name", subject, Status::Fail) }];
    let template = Template {
        each: Some("tls.names".to_owned()),
        ..Template::new(Shell::Powershell, Effect::Check, "Resolve-DnsName {tls.names}")
    };
    let commands = commands(&[template], None, &[0], &findings, &Looks::of(&[look], &Wording::default()));
    let texts: Vec<&str> = commands.iter().map(|command| command.text.as_str()).collect();
    assert_eq!(texts, ["Resolve-DnsName 'a.example'", "Resolve-DnsName 'b.example'"]);
}

#[test]
fn commands_beyond_the_most_are_counted_in_the_last() {
    let looks = [Observation::new("imap", Subject::of_text("a@example.com"), Route::Direct)];
    let template = Template {
        each: Some("mailbox".to_owned()),
        ..Template::new(Shell::Exchange, Effect::Check, "Get-CASMailbox {mailbox}")
    };
    for (more, note) in [(0, None), (1, Some("and 1 more")), (3, Some("and 3 more"))] {
        let mailbox = |at| Subject::of_text(&format!("{at}@example.com"));
        let finding = |at| Finding { look: Some(0), ..Finding::new("imap.sign-in", mailbox(at), Status::Fail) };
        let findings: Vec<Finding> = (0..MOST_TARGETS + more).map(finding).collect();
        let places: Vec<usize> = (0..findings.len()).collect();
        let commands = commands(
            std::slice::from_ref(&template),
            None,
            &places,
            &findings,
            &Looks::of(&looks, &Wording::default()),
        );
        assert_eq!(commands.len(), MOST_TARGETS);
        assert_eq!(commands.last().unwrap().note.as_deref(), note);
    }
}
