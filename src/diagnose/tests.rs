use super::*;
use crate::{
    catalogue::cause::Shows,
    command::{Shell, Template, evidence_request},
    evidence::{Attempt, Failure, FailureKind, Protocol, Route, Source, Stage, Subject, Value},
    finding::{Owner, Status},
};

mod wire;

const MAILBOX: &str = "sales@example.com";

/// One finding of a check, with the stop of its look.
fn finding(check: &str, subject: &str, status: Status, look: Option<usize>) -> Finding {
    Finding { look, ..Finding::new(check, Subject::of_text(subject), status) }
}

fn look(probe: &str, subject: &str, stop: Failure) -> Observation {
    Observation { failure: Some(stop), ..Observation::new(probe, Subject::of_text(subject), Route::Direct) }
}

fn refused(enhanced: &str, words: &str) -> Failure {
    let stop = Failure::new(Protocol::Smtp, Stage::Authenticate, FailureKind::Rejected, words);
    Failure { code: Some(535), enhanced: Some(enhanced.to_owned()), ..stop }
}

fn codes(finding: &Finding) -> Vec<&str> {
    finding.causes.iter().map(|named| named.cause.as_str()).collect()
}

#[test]
fn a_sign_that_settles_leaves_no_other_cause() {
    let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
    let looks = [look("smtp", MAILBOX, refused("5.7.139", words))];
    let mut findings = [finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0))];
    let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    assert_eq!(codes(&findings[0]), ["smtp-auth-disabled-mailbox"]);
    assert_eq!(findings[0].causes[0].certainty, Certainty::Certain);
}

#[test]
fn what_a_code_says_is_certain_and_why_it_is_so_stays_open() {
    let words = "AADSTS700082: The refresh token has expired due to inactivity.";
    let expired = Failure::new(Protocol::Token, Stage::Grant, FailureKind::Rejected, words);
    let looks = [look("token", "sales", Failure { aadsts: vec![700_082], ..expired })];
    let mut findings = [finding("token.issued", "sales", Status::Fail, Some(0))];
    let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    let named: Vec<(&str, Certainty)> =
        findings[0].causes.iter().map(|named| (named.cause.as_str(), named.certainty)).collect();
    let open = ("refresh-token-not-rotated-by-client", Certainty::Possible);
    assert_eq!(named, [("refresh-token-expired", Certainty::Certain), open]);
    assert_eq!(fixes.len(), 1);
}

#[test]
fn what_other_findings_prove_rules_causes_out_and_supports_others() {
    let mut seen = look("smtp", MAILBOX, refused("5.7.3", "5.7.3 Authentication unsuccessful"));
    seen.facts.put("smtp.as_application", false);
    let looks = [seen];
    let mut findings = [
        finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)),
        finding("token.audience", "sales", Status::Pass, None),
        finding("token.valid-now", "sales", Status::Pass, None),
        finding("token.identity", "sales", Status::Pass, None),
        finding("imap.sign-in", MAILBOX, Status::Pass, None),
    ];
    let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    let ruled_out: Vec<&str> = findings[0].ruled_out.iter().map(|out| out.cause.as_str()).collect();
    for cause in ["token-wrong-audience", "token-expired", "token-user-mismatch"] {
        assert!(ruled_out.contains(&cause), "{cause} of {ruled_out:?}");
    }
    // no other mailbox was served: what is set for the whole tenant explains it as well, and is looked at first
    assert_eq!(codes(&findings[0])[..2], ["smtp-auth-disabled-tenant", "smtp-auth-disabled-mailbox"]);
    assert!(findings[0].causes.iter().all(|named| named.certainty == Certainty::Possible));
}

#[test]
fn without_those_findings_nothing_is_sure() {
    let looks = [look("smtp", MAILBOX, refused("5.7.3", "5.7.3 Authentication unsuccessful"))];
    let mut findings = [finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0))];
    let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    assert!(findings[0].causes.len() > 2);
    assert!(findings[0].causes.iter().all(|named| named.certainty == Certainty::Possible));
}

#[test]
fn two_faults_are_both_named_and_the_one_that_stops_a_mailbox_comes_first() {
    let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
    let looks = [
        look("smtp", MAILBOX, refused("5.7.139", words)),
        look(
            "tcp",
            "outlook.office365.com:993",
            Failure::new(Protocol::Tcp, Stage::Connect, FailureKind::TimedOut, "timed out"),
        ),
    ];
    let mut findings = [
        Finding { account: Some("sales".into()), ..finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)) },
        finding("tcp.opens", "outlook.office365.com:993", Status::Fail, Some(1)),
    ];
    let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    let fixes: Vec<&str> = fixes.iter().map(|fix| fix.cause.as_str()).collect();
    assert_eq!(fixes, ["smtp-auth-disabled-tenant", "port-blocked"]);
}

fn not_connected() -> Failure {
    let words = "A3 BAD User is authenticated but not connected.";
    Failure::new(Protocol::Imap, Stage::Open, FailureKind::Rejected, words)
}

#[test]
fn a_failure_for_a_reason_of_its_own_rules_nothing_out() {
    let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
    let looks = [look("smtp", MAILBOX, refused("5.7.139", words)), look("imap", MAILBOX, not_connected())];
    let mut findings = [
        finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)),
        finding("imap.mailbox-opens", MAILBOX, Status::Fail, Some(1)),
    ];
    let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    assert!(codes(&findings[1]).contains(&"imap-disabled-for-mailbox"), "{:?}", findings[1].ruled_out);
}

#[test]
fn what_one_finding_makes_certain_stands_behind_the_others_of_its_mailbox() {
    let unknown = Failure::new(Protocol::Smtp, Stage::Recipient, FailureKind::Rejected, "550 5.1.10 RecipientNotFound");
    let unknown = Failure { code: Some(550), enhanced: Some("5.1.10".to_owned()), ..unknown };
    let looks = [look("smtp", MAILBOX, unknown), look("imap", MAILBOX, not_connected())];
    let of_sales = |finding| Finding { account: Some("sales".into()), ..finding };
    let mut findings = [
        of_sales(finding("smtp.sender-accepted", MAILBOX, Status::Fail, Some(0))),
        of_sales(finding("imap.mailbox-opens", MAILBOX, Status::Fail, Some(1))),
    ];
    let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    assert_eq!(codes(&findings[1]), ["mailbox-not-found"]);
    assert_eq!((fixes.len(), fixes[0].explains.as_slice()), (1, &[0, 1][..]));
}

#[test]
fn a_server_of_the_site_is_mended_by_the_site() {
    let expired = || Failure::new(Protocol::Tls, Stage::Certificate, FailureKind::Expired, "");
    let own = Observation { own: true, ..look("tls", "ece.example.com:443", expired()) };
    let looks = [look("tls", "outlook.office365.com:443", expired()), own];
    let mut findings = [
        finding("tls.trusted", "outlook.office365.com:443", Status::Fail, Some(0)),
        finding("tls.trusted", "ece.example.com:443", Status::Fail, Some(1)),
    ];
    let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    let fixes: Vec<(&str, Owner, &[usize])> =
        fixes.iter().map(|fix| (fix.cause.as_str(), fix.owner, fix.explains.as_slice())).collect();
    assert_eq!(fixes, [("cert-expired", Owner::Network, &[0][..]), ("cert-expired", Owner::Ece, &[1][..])]);
}

#[test]
fn a_command_for_several_mailboxes_has_a_line_for_each() {
    let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
    let boxes = ["a@example.com", "b@example.com"];
    let looks = boxes.map(|mailbox| look("smtp", mailbox, refused("5.7.139", words)));
    let mut findings = [0, 1].map(|at| finding("smtp.sign-in", boxes[at], Status::Fail, Some(at)));
    let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    let command = fixes[0].command.as_deref().expect("a command");
    let lines: Vec<&str> = command.lines().collect();
    assert!(lines.len() == 2 && lines.iter().zip(boxes).all(|(line, one)| line.contains(one)), "{command}");
}

#[test]
fn a_user_who_is_no_mailbox_of_the_report_is_told_with_the_mailboxes() {
    let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
    let boxes = ["a@example.com", "b@example.com"];
    let looks = boxes.map(|mailbox| {
        let mut look = look("smtp", mailbox, refused("5.7.139", words));
        look.facts.put("smtp.signed_in_as", "team@example.com");
        look
    });
    let mut findings = [0, 1].map(|at| finding("smtp.sign-in", boxes[at], Status::Fail, Some(at)));
    let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    let command = fixes[0].command.as_deref().expect("a command");
    assert!(command.contains("-Identity 'team@example.com' "), "{command}");
    let note = fixes[0].commands.iter().find_map(|command| command.note.as_deref());
    assert_eq!(note, Some("signs in for a@example.com, b@example.com"));
}

#[test]
fn a_network_fault_is_never_a_credential_cause() {
    let catalogue = Catalogue::built_in();
    for kind in
        [FailureKind::TimedOut, FailureKind::Refused, FailureKind::Reset, FailureKind::Unreachable, FailureKind::Closed]
    {
        let looks = [look("tcp", "smtp.office365.com:587", Failure::new(Protocol::Tcp, Stage::Connect, kind, ""))];
        let mut findings = [finding("tcp.opens", "smtp.office365.com:587", Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &looks, &catalogue, &Wording::default());
        for named in &findings[0].causes {
            let layer = catalogue.cause(&named.cause).expect("a named cause").layer;
            assert!(layer < Layer::Application, "{kind:?} is called {}", named.cause);
        }
    }
}

#[test]
fn what_is_proved_of_one_mailbox_proves_nothing_of_another() {
    let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
    let boxes = ["a@example.com", "b@example.com"];
    let looks = [
        look("smtp", boxes[0], refused("5.7.139", words)),
        look("smtp", boxes[1], refused("5.7.3", "5.7.3 Authentication unsuccessful")),
    ];
    let mut findings = [0, 1].map(|at| finding("smtp.sign-in", boxes[at], Status::Fail, Some(at)));
    let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    let of = |at: usize| findings[at].causes.iter().find(|named| named.cause == "smtp-auth-disabled-mailbox");
    assert_eq!(of(0).map(|named| named.certainty), Some(Certainty::Certain));
    assert_eq!(of(1).map(|named| named.certainty), Some(Certainty::Possible));
}

#[test]
fn number_of_entra_tells_more_than_the_error_that_many_faults_share() {
    let refused = Failure::new(Protocol::Token, Stage::Grant, FailureKind::Rejected, "");
    let refused = Failure { error: Some("invalid_client".to_owned()), ..refused };
    let causes = |code: Option<u16>, aadsts: Vec<u32>| {
        let mut seen = look("token", "sales", Failure { code, aadsts, ..refused.clone() });
        seen.facts.put("token.proof", "client secret");
        let mut findings = [finding("token.issued", "sales", Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &[seen], &Catalogue::built_in(), &Wording::default());
        codes(&findings[0]).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(causes(None, Vec::new()).contains(&"client-secret-expired".to_owned()));
    assert_eq!(causes(None, vec![70_002]), ["client-secret-invalid"]);
    // one fault has one certain cause: the status says less than the number, unless the number leaves more than one open
    assert_eq!(causes(Some(429), vec![50_196]), ["client-request-loop"]);
    assert_eq!(causes(Some(429), vec![90_055]), ["throttled"]);
}

#[test]
fn proxy_is_told_for_what_it_did() {
    let place = "login.microsoftonline.com:443";
    let cause = |kind, code, words: &str| {
        let failure = Failure { code, ..Failure::new(Protocol::Proxy, Stage::Connect, kind, words) };
        let mut findings = [finding("tcp.opens", place, Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &[look("tcp", place, failure)], &Catalogue::built_in(), &Wording::default());
        codes(&findings[0]).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let socks = |words| cause(FailureKind::Rejected, None, &format!("the SOCKS proxy {words}"));
    let silent = "the SOCKS proxy accepted the connection and did not answer: no answer within 10 s";
    assert_eq!(cause(FailureKind::TimedOut, None, silent), ["proxy-silent"]);
    assert_eq!(cause(FailureKind::TimedOut, None, "no answer within 10 s"), ["proxy-unreachable"]);
    assert_eq!(socks("wants a user and a password"), ["proxy-auth-required"]);
    assert_eq!(socks("does not accept the user and the password"), ["proxy-auth-required"]);
    assert_eq!(socks("refuses the tunnel: host unreachable (4)"), ["proxy-cannot-connect"]);
    assert_eq!(socks("refuses the tunnel: not allowed by its rules (2)"), ["proxy-denied"]);
    for (code, causes) in [
        (403, &["proxy-denied"][..]),
        (407, &["proxy-auth-required"]),
        (502, &["proxy-cannot-connect"]),
        (503, &["proxy-cannot-connect", "proxy-denied"]),
        (504, &["proxy-cannot-connect"]),
    ] {
        assert_eq!(cause(FailureKind::Rejected, Some(code), "HTTP/1.1"), causes, "{code}");
    }
    assert_eq!(cause(FailureKind::MalformedReply, None, "SSH-2.0"), ["proxy-not-a-proxy"]);
}

#[test]
fn other_route_is_told_with_the_cause_of_the_first() {
    let place = "login.microsoftonline.com:443";
    let refused = Failure::new(Protocol::Tcp, Stage::Connect, FailureKind::TimedOut, "timed out");
    let beside = Observation { beside: true, ..look("tcp", place, refused.clone()) };
    let looks = [look("tcp", place, refused), beside];
    let mut findings = [finding("tcp.opens", place, Status::Fail, Some(0))];
    let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    assert!(findings[0].causes[0].evidence.contains(&Because::OtherRoute { look: 1 }), "{findings:?}");
}

#[test]
fn what_only_warns_is_fixed_after_what_fails() {
    let mut named = Observation::new("dns", Subject::of_text("outlook.office365.com"), Route::Direct);
    for (fact, addresses) in [("unpublished", vec!["192.0.2.1".to_owned()]), ("private", vec![]), ("sinkhole", vec![])]
    {
        named.facts.put(&format!("dns.{fact}_addresses"), Value::List(addresses));
    }
    let expired = Failure::new(Protocol::Tls, Stage::Certificate, FailureKind::Expired, "");
    let looks = [named, look("tls", "outlook.office365.com:443", expired)];
    let mut findings = [
        finding("dns.leads-to-microsoft", "outlook.office365.com", Status::Warn, Some(0)),
        finding("tls.trusted", "outlook.office365.com:443", Status::Fail, Some(1)),
    ];
    let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
    let explained: Vec<&[usize]> = fixes.iter().map(|fix| fix.explains.as_slice()).collect();
    assert_eq!(explained, [&[1][..], &[0]]);
}

#[test]
fn file_that_would_settle_it_is_asked_for_unless_it_was_read() {
    let catalogue = Catalogue::built_in();
    let looks = [look("imap", MAILBOX, not_connected())];
    for (status, asked) in [(Status::Skip, true), (Status::Warn, false)] {
        let of_files = catalogue.of_evidence().into_iter().map(|check| finding(check, MAILBOX, status, None));
        let mut findings = vec![finding("imap.mailbox-opens", MAILBOX, Status::Fail, Some(0))];
        findings.extend(of_files);
        let _ = diagnose(&mut findings, &looks, &catalogue, &Wording::default());
        let request = NextStep::Request { command: evidence_request(Owner::Exchange.word()) };
        assert_eq!(findings[0].steps.contains(&request), asked, "{:?}", findings[0].steps);
    }
}

#[test]
fn what_is_certain_of_a_mailbox_rules_out_what_it_refutes_and_speaks_for_the_rest() {
    let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
    let named = |own: bool| {
        let mut smtp = look("smtp", MAILBOX, refused("5.7.139", words));
        smtp.facts.put("smtp.own_mailbox", own);
        let mut imap = look("imap", MAILBOX, not_connected());
        imap.facts.put("imap.own_mailbox", true);
        let looks = [smtp, imap];
        let mut findings = [
            finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)),
            finding("imap.mailbox-opens", MAILBOX, Status::Fail, Some(1)),
        ];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        findings[1].clone()
    };
    let own = named(true);
    assert_eq!((codes(&own)[0], own.causes[0].certainty), ("imap-disabled-for-mailbox", Certainty::Likely), "{own:#?}");
    for refuted in ["mailbox-not-found", "no-exchange-licence", "exchange-plan-switched-off"] {
        assert!(!codes(&own).contains(&refuted), "{refuted}: {own:#?}");
        assert!(codes(&named(false)).contains(&refuted), "the mailbox of another user proves nothing: {refuted}");
    }
}

#[test]
fn mailbox_that_was_opened_exists_whatever_smtp_says() {
    let words = "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup";
    for (opened, named) in [(Status::Pass, &[][..]), (Status::Skip, &["mailbox-not-found"])] {
        let looks = [look("smtp", MAILBOX, refused("5.1.10", words))];
        let mut findings = [
            finding("smtp.sender-accepted", MAILBOX, Status::Fail, Some(0)),
            finding("imap.mailbox-opens", MAILBOX, opened, None),
        ];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        assert_eq!(codes(&findings[0]), named, "{opened:?}: {:#?}", findings[0]);
    }
}

#[test]
fn tenant_is_blocked_for_certain_where_none_of_its_mailboxes_is_served() {
    let refused = refused("5.7.705", "5.7.705 Access denied, tenant has exceeded threshold");
    let refused = Failure { stage: Stage::Sender, ..refused };
    let of = |mailbox: &str, failure: Option<Failure>| {
        let attempt = Attempt { failure, ..Attempt::new("192.0.2.1:587".parse().unwrap()) };
        let subject = Subject::of_text(mailbox);
        Observation { attempts: vec![attempt], ..Observation::new("smtp-sender", subject, Route::Direct) }
    };
    for (other, status, certainty) in
        [(None, Status::Pass, Certainty::Likely), (Some(refused.clone()), Status::Fail, Certainty::Certain)]
    {
        const OTHER: &str = "quality@example.com";
        let looks = [of(MAILBOX, Some(refused.clone())), of(OTHER, other)];
        let mut findings = [
            finding("smtp.sender-accepted", MAILBOX, Status::Fail, Some(0)),
            finding("smtp.sender-accepted", OTHER, status, Some(1)),
        ];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        let causes = &findings[0].causes;
        let blocked = causes.iter().find(|cause| cause.cause == "tenant-sending-blocked");
        assert_eq!(blocked.map(|cause| cause.certainty), Some(certainty), "{causes:#?}");
    }
}

#[test]
fn what_is_certain_of_who_signs_in_is_certain_for_the_mailboxes_of_the_account() {
    const USER: &str = "team@example.com";
    for (user, of_days, named) in [(USER, false, 1), (USER, true, 2), ("other@example.com", false, 2)] {
        let mut refusal = look("smtp", MAILBOX, refused("5.7.3", "5.7.3 Authentication unsuccessful"));
        refusal.facts.put(smtp::SIGNED_IN_AS.name(), user);
        let of_file = Source::Attestation { by: "A".to_owned(), on: "2026-11-01".to_owned() };
        let file = Observation::new("mailbox", Subject::of_text(USER), Route::File);
        let mut file = Observation { source: if of_days { of_file } else { file.source.clone() }, ..file };
        file.facts.put("mailbox.smtp_auth", false);
        file.facts.put("mailbox.smtp_auth_set_by", "mailbox");
        let looks = [refusal, file];
        let mut findings = [
            finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)),
            finding("mailbox.smtp-enabled", USER, Status::Fail, Some(1)),
            finding("imap.mailbox-opens", MAILBOX, Status::Pass, None),
        ];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        assert_eq!(codes(&findings[1]), ["smtp-auth-disabled-mailbox"]);
        let off = |finding: &Finding| {
            let mut causes = finding.causes.iter();
            causes.find(|cause| cause.cause == "smtp-auth-disabled-mailbox").map(|cause| cause.certainty)
        };
        let certainty = match (user, of_days) {
            (USER, false) => Certainty::Certain,
            (USER, true) => Certainty::Likely,
            _ => Certainty::Possible,
        };
        assert_eq!((off(&findings[0]), findings[0].causes.len() == 1), (Some(certainty), named == 1), "{findings:#?}");
    }
}

#[test]
fn number_that_no_sign_knows_is_not_the_number_of_a_cause() {
    let refusal = |words: &str, aadsts: Vec<u32>| Failure {
        aadsts,
        error: Some("invalid_grant".to_owned()),
        ..Failure::new(Protocol::Token, Stage::Grant, FailureKind::Rejected, words)
    };
    let named = |failure: Failure| {
        let looks = [look("token", "sales", failure)];
        let mut findings = [finding("token.issued", "sales", Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        findings[0].clone()
    };
    assert!(!named(refusal("no", Vec::new())).causes.is_empty());
    let unknown = named(refusal("AADSTS99999999: no", vec![99_999_999]));
    assert_eq!(codes(&unknown), <Vec<&str>>::new());
    let told: Vec<&str> = unknown.steps.iter().filter_map(|step| Some(step.command()?.text.as_str())).collect();
    assert_eq!(told, ["https://login.microsoftonline.com/error?code=99999999"], "{unknown:#?}");
}

#[test]
fn what_verifies_open_causes_is_told_once_and_else_a_fix_is_tried() {
    let looks = [look("smtp", MAILBOX, refused("5.7.3", "5.7.3 Authentication unsuccessful"))];
    let findings = [finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0))];
    let catalogue = Catalogue::built_in();
    let diagnoses = diagnose_all(&findings, &looks, raised(&findings, &looks, &catalogue));
    let command = |text: &str| {
        let template = Template::new(Shell::Exchange, Effect::Check, text);
        Template { confirms_if: Some(String::new()), ..template }.fill(None, |_| Vec::new(), str::to_owned)
    };
    assert_eq!(diagnoses[0].next(|_| vec![command("Get-Mailbox")]).len(), 1);
    let count = std::cell::Cell::new(0);
    let each = |_: &Cause| {
        count.set(count.get() + 1);
        vec![command(&count.get().to_string())]
    };
    assert_eq!(diagnoses[0].next(each).len(), MOST_TESTS);
    let plain = |effect| Template::new(Shell::Exchange, effect, "x").fill(None, |_| Vec::new(), str::to_owned);
    let steps = diagnoses[0].next(|_| vec![plain(Effect::Check), plain(Effect::Change)]);
    let is_tried = matches!(&steps[..], [NextStep::Try { command, .. }] if command.effect == Effect::Change);
    assert!(is_tried, "where nothing verifies a cause, the fix of the best is tried: {steps:?}");
}

#[test]
fn certificate_of_another_server_that_java_rejects_is_no_tls_inspection() {
    for (matches, cause) in [(true, "tls-intercepted"), (false, "cert-name-mismatch")] {
        let mut seen = Observation::new("tls", Subject::endpoint("outlook.office365.com", 993), Route::Direct);
        for (fact, value) in [
            ("tls.java_trusted", false),
            ("tls.issuer_public", false),
            ("tls.self_signed", false),
            ("tls.java_store_unread", false),
            ("tls.name_matches", matches),
        ] {
            seen.facts.put(fact, value);
        }
        let mut findings = [finding("tls.java-trust", "outlook.office365.com:993", Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &[seen], &Catalogue::built_in(), &Wording::default());
        assert_eq!(codes(&findings[0]), [cause]);
    }
}

/// Every mail server refuses a recipient with this code.
#[test]
fn mailbox_is_certainly_missing_only_by_the_word_of_exchange_online() {
    let catalogue = Catalogue::built_in();
    let own = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup";
    let refused = |words: &str| Failure {
        code: Some(550),
        enhanced: words.split(' ').nth(1).map(str::to_owned),
        ..Failure::new(Protocol::Smtp, Stage::Recipient, FailureKind::Rejected, words)
    };
    for (words, greeting, in_text, in_run) in [
        (own, "mail.b.test ESMTP", Certainty::Certain, Certainty::Certain),
        ("550 5.1.1 Invalid recipient", "mail.b.test ESMTP", Certainty::Likely, Certainty::Likely),
        ("550 5.1.1 User unknown", "mail.b.test ESMTP", Certainty::Likely, Certainty::Likely),
        ("550 5.1.1 Invalid recipient", "Microsoft ESMTP MAIL Service ready", Certainty::Likely, Certainty::Certain),
    ] {
        let heard = ErrorDetails::from(&refused(words));
        let meant = of_text(&heard, &catalogue.index().worded(&heard.words), &catalogue);
        let meant: Vec<_> = meant.iter().map(|one| (one.cause.code.as_str(), one.certainty)).collect();
        assert_eq!(meant, [("mailbox-not-found", in_text)], "{words}");
        let mut seen = look("smtp", MAILBOX, refused(words));
        seen.facts.put("smtp.greeting", greeting);
        let mut findings = [finding("smtp.sender-accepted", MAILBOX, Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &[seen], &catalogue, &Wording::default());
        let named: Vec<_> = findings[0].causes.iter().map(|one| (one.cause.as_str(), one.certainty)).collect();
        assert_eq!(named, [("mailbox-not-found", in_run)], "{words} of {greeting}");
    }
}

/// The catalogue's own words for a refused sender, said to the user to whom the mailbox belongs: nothing to grant there.
#[test]
fn owner_of_a_mailbox_lacks_no_right_to_send_as_it() {
    let catalogue = Catalogue::built_in();
    let signs = &catalogue.cause("send-as-denied").unwrap().signs;
    let of_smtp = signs.iter().filter_map(|sign| match &sign.shows {
        Shows::Failure(pattern) if pattern.protocol == Some(Protocol::Smtp) => Some((sign, pattern)),
        _ => None,
    });
    let mut number = 0;
    for (sign, pattern) in of_smtp {
        number += 1;
        let enhanced = pattern.enhanced.first().map_or("5.7.1", String::as_str);
        let stop = Failure { code: Some(550), ..refused(enhanced, &sign.sample) };
        let mut seen = look("smtp", MAILBOX, Failure { stage: Stage::Sender, ..stop });
        for (own, first) in [(true, "sender-not-of-mailbox"), (false, "send-as-denied")] {
            seen.facts.put("smtp.own_mailbox", own);
            let mut findings = [
                finding("smtp.sender-accepted", MAILBOX, Status::Fail, Some(0)),
                finding("token.identity", "sales", Status::Pass, None),
            ];
            let fixes = diagnose(&mut findings, &[seen.clone()], &catalogue, &Wording::default());
            assert_eq!(codes(&findings[0]), [first], "{}", sign.sample);
            // nothing in a run lists the addresses of a mailbox
            assert_eq!(fixes[0].certainty, if own { Certainty::Likely } else { Certainty::Certain }, "{}", sign.sample);
        }
    }
    assert!(number >= 4, "{number}");
}

/// A response code says why (RFC 5530); the text behind it is for people, and Exchange's says the same of many reasons.
#[test]
fn response_code_outranks_the_text_behind_it() {
    let named = |words: &str, catalogue: &Catalogue| {
        let stop = Failure::new(Protocol::Imap, Stage::Authenticate, FailureKind::Rejected, words);
        let mut seen = look("imap", MAILBOX, stop);
        seen.facts.put("imap.own_mailbox", true);
        seen.facts.put("imap.as_application", false);
        let mut findings = [
            finding("imap.sign-in", MAILBOX, Status::Fail, Some(0)),
            finding("smtp.sign-in", MAILBOX, Status::Pass, None),
            finding("token.identity", "sales", Status::Pass, None),
        ];
        let _ = diagnose(&mut findings, &[seen], catalogue, &Wording::default());
        let causes = findings[0].causes.iter().map(|named| (named.cause.clone(), named.certainty));
        causes.collect::<Vec<_>>()
    };
    let catalogue = Catalogue::built_in();
    for words in ["A2 NO [UNAVAILABLE] AUTHENTICATE failed.", "A2 NO [SERVERBUG] AUTHENTICATE failed."] {
        let causes = named(words, &catalogue);
        assert_eq!(causes[0], ("temporary-server-error".to_owned(), Certainty::Likely), "{words}");
        assert!(causes[1..].iter().all(|(_, certainty)| *certainty == Certainty::Possible), "{words}: {causes:?}");
    }
    let causes = named("A2 NO [CONTACTADMIN] AUTHENTICATE failed.", &catalogue);
    assert!(causes.len() > 1 && causes.iter().all(|(_, certainty)| *certainty == Certainty::Possible), "{causes:?}");
    // nothing is said by it
    let disabled = ("imap-disabled-for-mailbox".to_owned(), Certainty::Likely);
    for words in ["A2 NO [AUTHENTICATIONFAILED] AUTHENTICATE failed.", "A2 NO AUTHENTICATE failed."] {
        assert_eq!(named(words, &catalogue)[0], disabled, "{words}");
    }
}

/// Mail works with the token of another tenant: then the file is more likely wrong than the user who signed in.
#[test]
fn token_of_another_tenant_that_mail_accepts_belongs_to_the_right_one() {
    let mut seen = Observation::new("token", Subject::of_text("sales"), Route::Direct);
    seen.facts.put("token.user_matches", false);
    seen.facts.put("token.tenant_matches", false);
    let of_sales = |check: &str, subject: &str, status, look| Finding {
        account: Some("sales".into()),
        ..finding(check, subject, status, look)
    };
    for (mail, first) in [
        (Status::Pass, ("tenant-in-file-differs", Certainty::Likely)),
        (Status::Fail, ("wrong-account-or-tenant", Certainty::Certain)),
    ] {
        let mut findings = [
            of_sales("token.identity", "sales", Status::Fail, Some(0)),
            of_sales("token.valid-now", "sales", Status::Pass, None),
            of_sales("imap.mailbox-opens", MAILBOX, mail, None),
            of_sales("smtp.sender-accepted", MAILBOX, mail, None),
        ];
        let _ = diagnose(&mut findings, &[seen.clone()], &Catalogue::built_in(), &Wording::default());
        let named = &findings[0].causes[0];
        assert_eq!((named.cause.as_str(), named.certainty), first, "{:#?}", findings[0].causes);
    }
}
