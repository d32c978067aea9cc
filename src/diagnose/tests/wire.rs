//! What a run makes of what a proxy or a server said on the wire.

use super::*;

#[test]
fn proxy_that_got_through_to_a_host_does_not_block_it() {
    use FailureKind::{Closed, Refused, Rejected, TimedOut};
    let host = "login.microsoftonline.com";
    let through = |subject: &str, failure: Option<Failure>| {
        let mut attempt = Attempt::new("192.0.2.8:8080".parse().unwrap());
        attempt.failure = failure.clone();
        let route = Route::Proxy { host: "proxy.b.test".to_owned(), port: 8080, learned_from: String::new() };
        Observation { attempts: vec![attempt], ..Observation::new("https", Subject::of_text(subject), route) }
    };
    let named = |kind, code, other: Observation| {
        let failure = Failure { code, ..Failure::new(Protocol::Proxy, Stage::Connect, kind, "words") };
        let subject = format!("{host}:443");
        let looks = [through(&subject, Some(failure)), other];
        let mut findings = [finding("tcp.opens", &subject, Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        let told = findings[0].causes.iter().map(|one| (one.cause.clone(), one.certainty == Certainty::Certain));
        told.collect::<Vec<_>>()
    };
    let mut token = through("sales", None);
    token.tried = std::mem::take(&mut token.attempts);
    token.facts.set(crate::probe::token::LOGIN_HOST, host);
    let past = Failure::new(Protocol::Tls, Stage::Handshake, TimedOut, "no answer");
    let some = [("proxy-serves-only-some".to_owned(), false)];
    for (kind, code) in [
        (Rejected, Some(403)),
        (Rejected, Some(407)),
        (Rejected, Some(502)),
        (Rejected, Some(503)),
        (TimedOut, None),
        (Closed, None),
        (Refused, None),
    ] {
        assert_eq!(named(kind, code, token.clone()), some, "{kind:?} {code:?}");
        assert_eq!(named(kind, code, through(&format!("{host}:443"), Some(past.clone()))), some, "{kind:?} {code:?}");
        let others = [
            through("outlook.office365.com:443", None),
            look("https", &format!("{host}:443"), past.clone()), // directly
            through(&format!("{host}:443"), Some(Failure::new(Protocol::Proxy, Stage::Connect, kind, "words"))),
        ];
        for other in others {
            assert!(named(kind, code, other).iter().all(|(cause, _)| cause != "proxy-serves-only-some"), "{kind:?}");
        }
    }
}

/// The causes that a run names for this refusal of a sign-in as the user of the mailbox, or as another one.
fn named(protocol: Protocol, is_own: bool, code: Option<u16>, enhanced: Option<&str>, words: &str) -> Vec<String> {
    let failure = Failure::new(protocol, Stage::Authenticate, FailureKind::Rejected, words);
    let failure = Failure { code, enhanced: enhanced.map(str::to_owned), ..failure };
    let probe = if protocol == Protocol::Smtp { "smtp" } else { "imap" };
    let mut seen = look(probe, MAILBOX, failure);
    for fact in ["own_mailbox", "as_application"] {
        seen.facts.put(&format!("{probe}.{fact}"), is_own && fact == "own_mailbox");
    }
    let mut findings = [finding(&format!("{probe}.sign-in"), MAILBOX, Status::Fail, Some(0))];
    let _ = diagnose(&mut findings, &[seen], &Catalogue::built_in(), &Wording::default());
    codes(&findings[0]).into_iter().map(str::to_owned).collect()
}

/// RFC 5530, section 3.
#[test]
fn response_codes_of_imap_have_their_cause() {
    let imap = |is_own, words| named(Protocol::Imap, is_own, None, None, words);
    assert_eq!(imap(true, "A2 NO [EXPIRED] The credentials have expired"), ["token-expired"]);
    assert_eq!(imap(true, "A2 NO [AUTHORIZATIONFAILED] No such ID"), ["token-user-mismatch"]);
    let of_other = imap(false, "A2 NO [AUTHORIZATIONFAILED] No such ID");
    assert!(of_other.iter().any(|cause| cause == "no-full-access-to-mailbox"), "{of_other:?}");
    assert_eq!(imap(true, "A2 NO [INUSE] The mailbox is in use"), ["mailbox-in-use"]);
}

/// RFC 4954, section 6, has 5.7.8 for what Exchange Online calls 5.7.3. In a text it is mostly of another mail service.
#[test]
fn enhanced_code_of_the_standard_means_what_that_of_exchange_means() {
    let smtp = |is_own, enhanced: &str| {
        named(Protocol::Smtp, is_own, Some(535), Some(enhanced), &format!("{enhanced} Authentication unsuccessful"))
    };
    for is_own in [true, false] {
        let (standard, of_exchange) = (smtp(is_own, "5.7.8"), smtp(is_own, "5.7.3"));
        assert!(standard.iter().any(|cause| cause == "smtp-auth-disabled-tenant"), "{standard:?}");
        assert!(standard.iter().all(|cause| of_exchange.contains(cause)), "{standard:?}");
    }
}
