//! Peers that drip, stall, never end or send what no protocol knows: a run ends in time and takes no more memory.

use std::{
    process::Child,
    time::{Duration, Instant},
};

use ece_check::finding::{Certainty, Finding, Report, SkipReason, Status};

use crate::{
    accuracy::agree::assert_agrees,
    program::{Place, wait},
    walk::{alone, of_check, walk},
};

/// The stages of the longest look: lookup, connect, greeting, EHLO, STARTTLS, handshake, capabilities, and the farewell.
const STAGES: u32 = 8;
const STEP: Duration = Duration::from_secs(1);

#[tokio::test]
async fn stalling_peers_end_at_the_step_limit() {
    let _alone = alone().await;
    let place = Place::new();
    let stalled = [
        "no-greeting",
        "no-greeting.dripping",
        "no-greeting.dripping-imap",
        "no-greeting.stalled-handshake",
        "session-ended-early.silent-after-starttls",
        "session-ended-early.silent-at-capability",
        "session-ended-early.silent-at-capabilities",
        "no-greeting.login",
        "dns-resolver-unreachable",
        "dns-over-tcp-blocked",
        "port-blocked.all-mail",
    ];
    let runs =
        stalled.map(|fault| (fault, place.start(&["run", &format!("--lab={fault}"), "--timeout", "1s", "-o", "json"])));
    let began = Instant::now();
    for (fault, child) in runs {
        let outcome = wait(child);
        assert_eq!(outcome.code, Some(1), "{fault}: {outcome:?}");
        assert!(began.elapsed() < STEP * STAGES, "{fault} ended after {:?}", began.elapsed());
        assert_agrees(&outcome.report(), fault);
    }
}

#[tokio::test]
async fn endless_peers_take_no_memory() {
    let _alone = alone().await;
    let place = Place::new();
    for fault in [
        "not-microsoft-server.long-line",
        "server-reply-malformed.endless-line",
        "not-microsoft-server.endless-capabilities",
        "server-reply-malformed.endless-capabilities-imap",
        "server-reply-malformed.endless-capabilities-pop3",
        "microsoft-service-error.huge-document",
        "starttls-not-offered.nul",
    ] {
        let began = Instant::now();
        let child = place.start(&[
            "run",
            &format!("--lab={fault}"),
            "--transcript",
            "said.txt",
            "-o",
            "csv",
            "--report",
            "json=report.json",
        ]);
        let (child, most) = watch(child);
        let outcome = wait(child);
        assert_eq!(outcome.code, Some(1), "{fault}: {outcome:?}");
        assert!(began.elapsed() < STEP * STAGES, "{fault} ended after {:?}", began.elapsed());
        // not from standard output: nobody reads there while the memory is watched
        let report = serde_json::from_str(&place.read("report.json")).expect("the report");
        assert_agrees(&report, fault);
        std::fs::remove_file(place.path().join("report.json")).expect("the report");
        // the lab, in the same process, is counted too
        assert!(most < 64 * 1024, "{fault}: {most} kB");
        assert!(most > 0 || cfg!(not(target_os = "linux")), "{fault}: nothing was measured");
        let longest = place.read("said.txt").lines().map(str::len).max();
        assert!(longest < Some(4_000), "{fault}: a line of {longest:?} bytes in the transcript");
    }
}

/// The most memory that a process ever held, in kB, as far as the system tells while it runs.
fn watch(mut child: Child) -> (Child, u64) {
    let mut most = 0;
    while child.try_wait().expect("a child can be asked").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let held = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let held = held.and_then(|held| held.trim().trim_end_matches("kB").trim().parse().ok());
        most = most.max(held.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(1)); // nothing tells when a process grows
    }
    (child, most)
}

#[cfg(target_os = "linux")]
#[test]
fn device_without_an_end_is_no_log() {
    let place = Place::new();
    let zeros = || std::fs::File::open("/dev/zero").expect("Linux has it");
    for arguments in [
        &["explain", "-f", "/dev/zero"] as &[&str],
        &["explain", "-f", "/dev/full"],
        &["explain", "-"],
        &["explain", "-f", "-"],
    ] {
        let child = place.command(arguments).stdin(zeros()).spawn().expect("the program starts");
        let outcome = wait(child);
        assert_eq!(outcome.code, Some(2), "{arguments:?}: {outcome:#?}");
        assert!(outcome.stderr.contains("nothing but zero bytes"), "{arguments:?}: {outcome:#?}");
    }
}

/// What a run with one of the lab's faults says of the check that the fault is about.
async fn said_of(fault: &str, check: &str) -> (Report, Finding) {
    let report = walk(&[fault]).await;
    let seen =
        report.findings.iter().find(|one| one.check == check && matches!(one.status, Status::Fail | Status::Warn));
    let seen = seen.unwrap_or_else(|| panic!("{fault}: {check} holds in {:#?}", report.findings)).clone();
    assert_agrees(&report, fault);
    (report, seen)
}

/// A server that ends the session, or says what nobody understands, has not shown that it lacks something.
#[tokio::test]
async fn title_says_no_more_than_was_seen() {
    for (fault, check, title) in [
        ("session-ended-early", "imap.xoauth2-offered", "The IMAP session fails before the sign-in"),
        ("no-greeting.pop3", "pop3.xoauth2-offered", "The POP3 session fails before the sign-in"),
        ("session-ended-early.closed-after-starttls", "tls.trusted", "The TLS handshake fails"),
        ("tls-handshake-refused", "tls.trusted", "The TLS handshake fails"),
        ("connection-closed-at-once.smtp", "smtp.starttls", "The SMTP session fails before TLS"),
        ("server-reply-malformed.sender", "smtp.sender-accepted", "The SMTP session fails at the sender address"),
        // what was seen keeps its title
        ("cert-expired", "tls.trusted", "The TLS certificate is invalid or not trusted"),
        ("imap-xoauth2-not-offered", "imap.xoauth2-offered", "IMAP server does not advertise XOAUTH2"),
        ("send-as-denied", "smtp.sender-accepted", "Mail from the mailbox is not accepted"),
    ] {
        let (_, seen) = said_of(fault, check).await;
        assert_eq!(seen.fails.as_str(), title, "{fault}: {seen:#?}");
    }
}

/// A cause that is not proved is not called certain: who sent a reset, what stands behind Microsoft's own certificate.
#[tokio::test]
async fn cause_that_is_not_proved_is_not_certain() {
    for (fault, check, cause) in [
        ("connection-reset-by-middlebox.smtp", "smtp.starttls", "connection-reset-by-middlebox"),
        ("session-ended-early.before-greeting", "imap.xoauth2-offered", "session-ended-early"),
        ("session-ended-early.in-handshake", "tls.trusted", "session-ended-early"),
        ("no-greeting.imap", "imap.xoauth2-offered", "no-greeting"),
        ("http-block-page.inside-tls", "imap.xoauth2-offered", "http-block-page"),
        ("microsoft-service-error.broken-document", "https.discovery", "microsoft-service-error"),
        ("microsoft-service-error.token-garbled", "token.issued", "microsoft-service-error"),
        ("microsoft-service-error.outlook-forbidden", "https.no-block-page", "microsoft-service-error"),
        ("dns-answer-malformed.long-chain", "dns.resolves", "dns-answer-malformed"),
        ("ece-web-unreachable.closed", "tls.trusted", "ece-web-unreachable"),
        ("plain-text-on-tls-port.ece-noise", "tls.trusted", "plain-text-on-tls-port"),
        ("not-microsoft-server.starttls", "smtp.starttls", "not-microsoft-server"),
    ] {
        let (_, seen) = said_of(fault, check).await;
        let first = &seen.causes[0];
        assert_eq!(first.cause, cause, "{fault}: {seen:#?}");
        assert_ne!(first.certainty, Certainty::Certain, "{fault}: {seen:#?}");
    }
}

/// The cause of another fault is never named: each of these was called something that it is not.
#[tokio::test]
async fn refusal_is_named_for_what_it_is() {
    for (fault, check, cause, found) in [
        ("server-rejects-connection.inside-tls", "smtp.xoauth2-offered", "server-rejects-connection", "550 5.7.1"),
        ("dns-server-error", "dns.resolves", "dns-server-error", "with the code 4 ("),
        ("proxy-cannot-connect", "tcp.opens", "proxy-cannot-connect", "502 Bad Gateway"),
        ("proxy-not-a-proxy", "tcp.opens", "proxy-not-a-proxy", "unexpected response from the proxy"),
        ("proxy-tunnel-closed", "tls.trusted", "proxy-tunnel-closed", "closed"),
        ("proxy-tunnel-closed.silent", "tls.trusted", "proxy-tunnel-closed", "timeout"),
        ("microsoft-service-error.token-garbled", "token.issued", "microsoft-service-error", "unexpected response"),
        ("token-not-yet-valid", "token.valid-now", "token-not-yet-valid", "not valid for another"),
        ("plain-text-on-tls-port.after-starttls", "tls.trusted", "plain-text-on-tls-port", "TLS was expected"),
        ("dns-nxdomain.ipv4", "dns.resolves", "dns-nxdomain", "IPv4: outlook.office365.com does not exist"),
    ] {
        let (report, seen) = said_of(fault, check).await;
        let causes: Vec<&str> = seen.causes.iter().map(|one| one.cause.as_str()).collect();
        assert_eq!(causes, [cause], "{fault}: {seen:#?}");
        assert!(seen.found.contains(found), "{fault}: {}", seen.found);
        let fixes = &report.summary.fix_first;
        assert!(fixes.iter().all(|fix| !fix.fix.contains("ports 993 and 995")), "{fault}: {fixes:#?}");
    }
}

/// The other family answered: a title that denies it contradicts the run.
#[tokio::test]
async fn cause_of_one_family_says_which() {
    for fault in ["dns-nxdomain.ipv6", "dns-servfail.ipv6", "dns-family-unanswered", "dns-answer-refused.ipv6"] {
        let report = walk(&[fault]).await;
        let titles: Vec<&str> = report.summary.fix_first.iter().map(|fix| fix.title.as_str()).collect();
        assert!(matches!(titles[..], [title] if title.ends_with(", IPv6 (AAAA) only")), "{fault}: {titles:?}");
    }
    let report = walk(&["dns-servfail"]).await;
    assert!(report.summary.fix_first.iter().all(|fix| !fix.title.contains("only")), "{:#?}", report.summary.fix_first);
}

/// Nothing in the path has Microsoft's certificate: what comes under it is Microsoft's own answer, and a web filter is no
/// more than possible. Under the certificate of a device it is certain.
#[tokio::test]
async fn web_filter_is_certain_only_under_a_certificate_of_its_own() {
    const DEVICE: &str = "tls-intercepted.web-only";
    for (fault, check, own, of_filter) in [
        ("login-unexpected-response", "token.issued", "login-unexpected-response", "login-block-page"),
        ("login-unexpected-response", "https.discovery", "login-unexpected-response", "login-block-page"),
        ("login-unexpected-response.forbidden", "token.issued", "login-unexpected-response", "login-block-page"),
        ("login-unexpected-response.sent-on", "https.discovery", "login-unexpected-response", "login-block-page"),
        ("login-unexpected-response.token", "token.issued", "login-unexpected-response", "login-block-page"),
        ("login-unexpected-response.not-found", "token.issued", "login-unexpected-response", "login-page-not-found"),
        ("login-unexpected-response.not-found", "https.discovery", "login-unexpected-response", "login-page-not-found"),
        ("login-unexpected-response.gone", "token.issued", "login-unexpected-response", "login-page-not-found"),
        ("login-unexpected-response.gone", "https.discovery", "login-unexpected-response", "login-page-not-found"),
        ("login-unexpected-response.credentials", "token.issued", "login-unexpected-response", "login-block-page"),
        ("login-unexpected-response.credentials", "https.discovery", "login-unexpected-response", "login-block-page"),
        (
            "microsoft-service-error.outlook-forbidden",
            "https.no-block-page",
            "microsoft-service-error",
            "http-block-page",
        ),
    ] {
        let report = walk(&[fault]).await;
        let possible = |code| (code, Certainty::Possible);
        assert_eq!(named(&report, check), [possible(own), possible(of_filter)], "{fault} at {check}");
        let report = walk(&[DEVICE, fault]).await;
        assert_eq!(named(&report, check), [(of_filter, Certainty::Certain)], "{fault} at {check} of a device");
    }
    let report = walk(&["microsoft-service-error.outlook"]).await;
    let of_filter = of_check(&report, "https.no-block-page");
    assert!(of_filter.iter().all(|one| one.status == Status::Skip), "an error of the server: {of_filter:#?}");
}

/// The causes of the first finding of a check that failed.
fn named<'r>(report: &'r Report, check: &str) -> Vec<(&'r str, Certainty)> {
    let failed = of_check(report, check).into_iter().find(|one| one.status == Status::Fail);
    let causes = failed.map(|one| one.causes.as_slice()).unwrap_or_default();
    causes.iter().map(|one| (one.cause.as_str(), one.certainty)).collect()
}

#[tokio::test]
async fn sign_in_goes_to_an_address_that_offers_xoauth2() {
    for (fault, protocol, name) in [
        ("some-addresses-without-xoauth2", "imap", "IMAP"),
        ("some-addresses-without-xoauth2.smtp", "smtp", "SMTP"),
        ("some-addresses-without-xoauth2.pop3", "pop3", "POP3"),
    ] {
        let (report, seen) = said_of(fault, &format!("{protocol}.xoauth2-offered")).await;
        assert_eq!(seen.fails.as_str(), format!("Some addresses do not advertise XOAUTH2 ({name})"));
        let causes: Vec<_> = seen.causes.iter().map(|one| (one.cause.as_str(), one.certainty)).collect();
        assert_eq!(causes, [("some-addresses-without-xoauth2", Certainty::Certain)], "{fault}");
        let sign_ins = of_check(&report, &format!("{protocol}.sign-in"));
        let tested: Vec<_> = sign_ins.iter().filter(|one| one.reason != Some(SkipReason::NotApplicable)).collect();
        assert!(!tested.is_empty() && tested.iter().all(|one| one.status == Status::Pass), "{fault}: {tested:#?}");
    }
}

#[tokio::test]
async fn certificate_of_another_server_is_no_tls_inspection() {
    let (report, _) = said_of("cert-name-mismatch.gateway", "tls.name").await;
    let of_gateway = of_check(&report, "tls.not-intercepted");
    let of_gateway = of_gateway.iter().find(|one| one.subject == "outlook.office365.com:993").expect("it is planned");
    assert_eq!((of_gateway.status, of_gateway.reason), (Status::Skip, Some(SkipReason::NotApplicable)));
    let mut named = report.findings.iter().flat_map(|one| &one.causes);
    assert!(named.all(|one| one.cause == "cert-name-mismatch"), "{:#?}", report.summary.fix_first);
}
