//! SMTP: its capabilities, the sign-in, and whether it takes a sender (RFC 5321, RFC 3207, RFC 4954).
//!
//! In: a connection in plain text, later the same inside TLS. Out: what was offered before and inside encryption, what
//! came of the sign-in, or the [`Failure`]. Nothing is sent but by `send`, which only the delivery probe calls.

use std::time::Duration;

use super::mail::{Answer, AuthStep, MailDialect, MailFacts, Offer, Unsolicited};
use crate::{
    evidence::{Failure, FailureKind, Protocol, Stage, facts},
    net::session::Session,
    wire::{
        Decoded, line,
        smtp::{Capabilities, Reply, decode, is_path},
    },
};

facts! {
    /// What an SMTP greeting, capability list and sign-in can measure.
    GREETING: String = "smtp.greeting", "greeting";
    CAPABILITIES_BEFORE_TLS: Vec<String> = "smtp.capabilities_before_tls", "capabilities before TLS";
    STARTTLS_OFFERED: bool = "smtp.starttls_offered", "STARTTLS offered";
    STARTTLS_ACCEPTED: bool = "smtp.starttls_accepted", "STARTTLS accepted";
    CAPABILITIES: Vec<String> = "smtp.capabilities", "capabilities inside TLS";
    MECHANISMS: Vec<String> = "smtp.mechanisms", "authentication mechanisms";
    XOAUTH2_OFFERED: bool = "smtp.xoauth2_offered", "XOAUTH2 offered";
    SIZE_LIMIT_BYTES: i64 = "smtp.size_limit_bytes", "largest message (bytes)";
    SIGNED_IN: bool = "smtp.signed_in", "signed in";
    SIGNED_IN_AS: String = "smtp.signed_in_as", "user name sent";
    OWN_MAILBOX: bool = "smtp.own_mailbox", "user's own mailbox";
    AS_APPLICATION: bool = "smtp.as_application", "signed in as an application";
    SENDER_ACCEPTED: bool = "smtp.sender_accepted", "sender accepted";
    SECOND_OPINION: String = "smtp.second_opinion", "second opinion";
    RECIPIENT_ACCEPTED: bool = "smtp.recipient_accepted", "recipient accepted";
}

/// How long the answer to a whole message is waited for. RFC 5321 4.5.3.2.6 says ten minutes; nobody who sits before the
/// screen waits so long, and who stops earlier cannot know whether the message went.
const LAST_ANSWER: Duration = Duration::from_secs(30);

/// What is special to it.
pub(super) const DIALECT: MailDialect = MailDialect {
    protocol: Protocol::Smtp,
    facts: MailFacts {
        capabilities: CAPABILITIES,
        mechanisms: MECHANISMS,
        xoauth2_offered: XOAUTH2_OFFERED,
        signed_in: SIGNED_IN,
        signed_in_as: SIGNED_IN_AS,
        own_mailbox: OWN_MAILBOX,
        as_application: AS_APPLICATION,
        second_opinion: Some(SECOND_OPINION),
        results: &[
            SIGNED_IN.declared(),
            SIGNED_IN_AS.declared(),
            OWN_MAILBOX.declared(),
            AS_APPLICATION.declared(),
            SECOND_OPINION.declared(),
            SENDER_ACCEPTED.declared(),
            RECIPIENT_ACCEPTED.declared(),
        ],
    },
    goodbye: "QUIT",
    authenticate: "AUTH XOAUTH2",
    answer,
    unasked,
};

/// Goes up to the answer that lets the TLS handshake begin: greeting, EHLO, STARTTLS.
///
/// # Errors
/// The [`Failure`] at the stage that could not go on; [`FailureKind::StarttlsInjection`] when bytes stand behind the STARTTLS answer, which
/// anyone in the path could have put there (as in CVE-2021-22947).
pub async fn before_tls(session: &mut Session) -> Result<(), Failure> {
    greeting(session).await?;
    let offered = hello(session, Stage::Ehlo).await?;
    let listed: Vec<String> = offered.lines.iter().map(|one| line::shorten(one, line::MOST_WORDS)).collect();
    session.attempt.set(CAPABILITIES_BEFORE_TLS, listed);
    session.attempt.set(STARTTLS_OFFERED, offered.offers("STARTTLS"));
    if !offered.offers("STARTTLS") {
        return Err(DIALECT.failure(Stage::Starttls, FailureKind::NotOffered, &offered.lines.join(", ")));
    }
    starttls(session).await
}

/// Asks whether the mailbox may send from its own address, to itself; then takes both back. Nothing is sent.
///
/// # Errors
/// The [`Failure`] at [`Stage::Sender`] or [`Stage::Recipient`].
pub(super) async fn open(session: &mut Session, offer: &Offer, mailbox: &str) -> Result<(), Failure> {
    let back = "RSET".to_owned();
    let commands = [envelope(mailbox)?.to_vec(), vec![back.clone()]].concat();
    let sent = offer.pipelining;
    if sent {
        DIALECT.send_all(session, Stage::Sender, &commands).await?;
    }
    accepted(session, &commands, sent).await?;
    // a courtesy: QUIT forgets the envelope too
    let _ = if sent {
        DIALECT.read(session, Stage::Recipient, decode).await
    } else {
        ask(session, Stage::Recipient, &back).await
    };
    Ok(())
}

/// Hands one message over, from the mailbox to itself.
///
/// # Errors
/// The [`Failure`] at [`Stage::Sender`], [`Stage::Recipient`] or [`Stage::Send`].
pub(super) async fn send(
    session: &mut Session,
    offer: &Offer,
    mailbox: &str,
    message: &[String],
) -> Result<(), Failure> {
    let commands = envelope(mailbox)?;
    if offer.pipelining {
        DIALECT.send_all(session, Stage::Sender, &commands).await?;
    }
    accepted(session, &commands, offer.pipelining).await?;
    hand_over(session, message).await
}

/// The commands that name the mailbox as sender and as recipient.
fn envelope(mailbox: &str) -> Result<[String; 2], Failure> {
    if is_path(mailbox) {
        return Ok(["MAIL FROM", "RCPT TO"].map(|verb| format!("{verb}:<{mailbox}>")));
    }
    let words = format!("addresses in quotes and beyond ASCII (SMTPUTF8) are not tested over SMTP: {mailbox}");
    Err(DIALECT.failure(Stage::Sender, FailureKind::CannotJudge, &words))
}

/// Whether sender and recipient are accepted. What was sent at once is answered to its end, also behind a refusal.
async fn accepted(session: &mut Session, commands: &[String], sent: bool) -> Result<(), Failure> {
    let mut went = Ok(());
    let answers = [(Stage::Sender, SENDER_ACCEPTED), (Stage::Recipient, RECIPIENT_ACCEPTED)];
    for ((stage, fact), command) in answers.into_iter().zip(commands) {
        if went.is_err() {
            let _ = DIALECT.read(session, Stage::Sender, decode).await; // of what follows the refusal
            continue;
        }
        session.attempt.set(fact, false);
        let reply = if sent { DIALECT.read(session, stage, decode).await } else { ask(session, stage, command).await };
        went = reply.and_then(|reply| match reply.code {
            250..=252 => Ok(()), // RFC 5321 4.2.3: 251 and 252 take the recipient too
            _ => want(250, stage, &reply),
        });
        if went.is_err() && !sent {
            break;
        }
        session.attempt.set(fact, went.is_ok());
    }
    went
}

/// Asks inside TLS what is offered. The token then goes on a line of its own, as Microsoft's page describes it:
/// `AUTH XOAUTH2`, `334`, token.
///
/// # Errors
/// The [`Failure`] at [`Stage::Capabilities`].
pub(super) async fn offered(session: &mut Session) -> Result<Offer, Failure> {
    let offered = hello(session, Stage::Capabilities).await?;
    let mechanisms = offered.mechanisms();
    DIALECT.note_offer(session, &offered.lines, &mechanisms);
    if let Some(bytes) = offered.size_limit() {
        session.attempt.set(SIZE_LIMIT_BYTES, bytes);
    }
    Ok(Offer { mechanisms, at_once: false, pipelining: offered.offers("PIPELINING") })
}

async fn hand_over(session: &mut Session, message: &[String]) -> Result<(), Failure> {
    let stage = Stage::Send;
    want(354, stage, &ask(session, stage, "DATA").await?)?;
    for line in message {
        let dot = if line.starts_with('.') { "." } else { "" }; // RFC 5321 4.5.2
        session.send(&format!("{dot}{line}")).await.map_err(|halt| DIALECT.halted(stage, halt))?;
    }
    session.be_patient(LAST_ANSWER);
    want(250, stage, &ask(session, stage, ".").await?)
}

async fn greeting(session: &mut Session) -> Result<(), Failure> {
    let reply = DIALECT.read(session, Stage::Greeting, decode).await?;
    session.attempt.set(GREETING, reply.words());
    want(220, Stage::Greeting, &reply)
}

async fn hello(session: &mut Session, stage: Stage) -> Result<Capabilities, Failure> {
    let reply = ask(session, stage, &format!("EHLO {}", own_name())).await?;
    want(250, stage, &reply)?;
    Ok(Capabilities::of(&reply))
}

async fn starttls(session: &mut Session) -> Result<(), Failure> {
    let reply = ask(session, Stage::Starttls, "STARTTLS").await?;
    if reply.code != 220 {
        session.attempt.set(STARTTLS_ACCEPTED, false);
    }
    want(220, Stage::Starttls, &reply)?;
    match session.unread() {
        [] => {
            session.attempt.set(STARTTLS_ACCEPTED, true);
            Ok(())
        }
        bytes => Err(Failure::new(Protocol::Smtp, Stage::Starttls, FailureKind::StarttlsInjection, line::words(bytes))),
    }
}

async fn ask(session: &mut Session, stage: Stage, command: &str) -> Result<Reply, Failure> {
    DIALECT.ask(session, stage, command, decode).await
}

fn answer(bytes: &[u8]) -> Decoded<Answer> {
    let (reply, taken) = decode(bytes)?;
    let sense = match reply.code {
        235 => AuthStep::Taken,
        334 => AuthStep::Continue,
        _ => AuthStep::Failure,
    };
    let stop = refusal(Stage::Authenticate, &reply);
    Ok((Answer { sense, text: reply.lines.concat(), failure: stop }, taken))
}

/// Without being asked a server may only say that it closes (RFC 5321 3.8).
fn unasked(stage: Stage, bytes: &[u8]) -> Unsolicited {
    match decode(bytes) {
        Ok((reply, _)) if reply.code == 421 => Unsolicited::Refusal(refusal(stage, &reply)),
        _ => Unsolicited::Answer,
    }
}

fn want(code: u16, stage: Stage, reply: &Reply) -> Result<(), Failure> {
    if reply.code == code { Ok(()) } else { Err(refusal(stage, reply)) }
}

/// A code of 400 and more is a refusal; any other that does not belong here is not of the protocol.
fn refusal(stage: Stage, reply: &Reply) -> Failure {
    let kind = if reply.refuses() { FailureKind::Rejected } else { FailureKind::MalformedReply };
    Failure {
        code: Some(reply.code),
        enhanced: reply.enhanced.clone(),
        ..Failure::new(Protocol::Smtp, stage, kind, reply.words())
    }
}

/// The name that EHLO gives: this host's, or an address where it has none that a server would take (RFC 5321 4.1.3).
pub(super) fn own_name() -> String {
    let name = hostname::get().ok().and_then(|name| name.into_string().ok());
    name.filter(|name| is_name(name)).unwrap_or_else(|| "[127.0.0.1]".to_owned())
}

fn is_name(name: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(inner) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.len() <= 253 && name.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::Facts,
        net::session::scripted::{Turn, said, say, session},
        probe::{
            mail::tests::{Went, list, stages, went},
            sign_in::tests::{TOKEN, presented},
        },
    };

    const BANNER: &str = "220 mail.example.com Microsoft ESMTP MAIL Service ready\r\n";
    const OFFER: &str = "250-mail.example.com Hello\r\n250-SIZE 157286400\r\n250 STARTTLS\r\n";

    async fn plain(turns: Vec<Turn>) -> (Result<(), Failure>, Facts, Vec<Stage>) {
        let mut session = session(turns);
        let done = before_tls(&mut session).await;
        (done, session.attempt.facts.clone(), stages(&session))
    }

    async fn stopped(turns: Vec<Turn>) -> (Stage, FailureKind, String) {
        let stop = plain(turns).await.0.unwrap_err();
        assert_eq!(stop.protocol, Protocol::Smtp);
        (stop.stage, stop.kind, stop.words)
    }

    async fn greeted(banner: impl AsRef<[u8]>) -> (Stage, FailureKind, String) {
        stopped(vec![say(banner), Turn::Hold]).await
    }

    fn up_to(ehlo: &str) -> Vec<Turn> {
        vec![say(BANNER), Turn::Hear("EHLO "), say(ehlo), Turn::Hold]
    }

    fn answered(starttls: &str) -> Vec<Turn> {
        vec![say(BANNER), Turn::Hear("EHLO "), say(OFFER), Turn::Hear("STARTTLS"), say(starttls), Turn::Hold]
    }

    #[tokio::test(start_paused = true)]
    async fn healthy_server_lets_the_handshake_begin() {
        let (done, facts, stages) = plain(answered("220 2.0.0 SMTP server ready\r\n")).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.value("smtp.greeting"), Some(&BANNER.trim_end().into()));
        assert_eq!(facts.value("smtp.capabilities_before_tls"), Some(&list(&["SIZE 157286400", "STARTTLS"])));
        assert_eq!(facts.value("smtp.starttls_offered"), Some(&true.into()));
        assert_eq!(facts.value("smtp.starttls_accepted"), Some(&true.into()));
        assert_eq!(stages, [Stage::Greeting, Stage::Ehlo, Stage::Starttls]);
    }

    async fn inside(ehlo: &str) -> (Result<(), Failure>, Facts) {
        let mut session = session(vec![Turn::Hear("EHLO "), say(ehlo), Turn::Hold]).inside_tls();
        let done = offered(&mut session).await.map(|_| ());
        assert_eq!(stages(&session), [Stage::Capabilities]);
        let facts = session.attempt.facts.clone();
        assert!(said(session)[0].starts_with("~> EHLO "));
        (done, facts)
    }

    #[tokio::test(start_paused = true)]
    async fn healthy_server_offers_xoauth2_inside_tls() {
        let (done, facts) = inside("250-me\r\n250-SIZE 157286400\r\n250 AUTH LOGIN XOAUTH2\r\n").await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.value("smtp.capabilities"), Some(&list(&["SIZE 157286400", "AUTH LOGIN XOAUTH2"])));
        assert_eq!(facts.value("smtp.mechanisms"), Some(&list(&["LOGIN", "XOAUTH2"])));
        assert_eq!(facts.value("smtp.xoauth2_offered"), Some(&true.into()));
        assert_eq!(facts.value("smtp.size_limit_bytes"), Some(&157_286_400.into()));
    }

    #[tokio::test(start_paused = true)]
    async fn missing_methods_are_facts_and_no_stop() {
        for (ehlo, methods) in [
            ("250 me\r\n", list(&[])),
            ("250-me\r\n250 AUTH LOGIN PLAIN\r\n", list(&["LOGIN", "PLAIN"])),
            ("250-me\r\n250 AUTH=LOGIN\r\n", list(&["LOGIN"])),
        ] {
            let (done, facts) = inside(ehlo).await;
            assert_eq!(done, Ok(()), "{ehlo}");
            assert_eq!(facts.value("smtp.mechanisms"), Some(&methods), "{ehlo}");
            assert_eq!(facts.value("smtp.xoauth2_offered"), Some(&false.into()), "{ehlo}");
            assert_eq!(facts.value("smtp.size_limit_bytes"), None, "{ehlo}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn refusal_inside_tls_stops_at_the_capabilities() {
        let stop = inside("421 4.3.2 Service not active\r\n").await.0.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Capabilities, FailureKind::Rejected, Some(421)));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_in_place_of_a_greeting() {
        assert_eq!(greeted("").await, (Stage::Greeting, FailureKind::TimedOut, "no answer within 10 s".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn greeting_refused_keeps_its_codes() {
        for (banner, code, enhanced) in [
            ("421 4.3.2 Service not available\r\n", 421, Some("4.3.2")),
            ("554 5.7.1 Your address is blocked\r\n", 554, Some("5.7.1")),
            ("554-no\r\n554 really\r\n", 554, None),
        ] {
            let stop = plain(vec![say(banner)]).await.0.unwrap_err();
            assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Greeting, FailureKind::Rejected, Some(code)));
            assert_eq!(stop.enhanced.as_deref(), enhanced);
            assert!(stop.words.starts_with(&code.to_string()), "{}", stop.words);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn unusual_greetings_are_taken() {
        let rest = || answered("220 go\r\n").split_off(1);
        for banner in ["220-one\r\n220 two\r\n", "220\r\n", "220 nul \0 here\r\n", "220 line feed\n"] {
            assert_eq!(plain([vec![say(banner)], rest()].concat()).await.0, Ok(()), "{banner:?}");
        }
        let dripped = [vec![Turn::Drip(b"220 a\r\n".to_vec())], rest()].concat();
        assert_eq!(plain(dripped).await.0, Ok(()));
        let two_packets = [vec![say("220-one\r"), Turn::Drip(b"\n".to_vec()), say("220 two\r\n")], rest()].concat();
        assert_eq!(plain(two_packets).await.0, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn another_protocol_greets() {
        for (banner, kind) in [
            ("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", FailureKind::UnexpectedHttp),
            ("<!DOCTYPE html>\n<title>Blocked</title>", FailureKind::UnexpectedHttp),
            ("\x15\x03\x01\0\x02\x02\x46", FailureKind::UnexpectedTls),
            ("SSH-2.0-OpenSSH_9.6\r\n", FailureKind::MalformedReply),
            ("* OK IMAP4 ready\r\n", FailureKind::MalformedReply),
            ("+OK POP3 ready\r\n", FailureKind::MalformedReply),
            ("250 too early\r\n", FailureKind::MalformedReply),
        ] {
            let (stage, seen, words) = greeted(banner).await;
            assert_eq!((stage, seen), (Stage::Greeting, kind), "{banner:?}");
            assert!(kind == FailureKind::UnexpectedTls || banner.starts_with(&words), "{words}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn gibberish_instead_of_greeting_is_bounded_and_kept() {
        let (stage, kind, words) = greeted(["\0\x1b[31m", &"é".repeat(1000), "\r\n"].concat()).await;
        assert_eq!((stage, kind), (Stage::Greeting, FailureKind::MalformedReply));
        assert!(words.starts_with("\0\x1b[31mé") && words.chars().count() == line::MOST_WORDS, "{words:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn slow_drip_does_not_keep_the_greeting_alive() {
        let (stage, kind, _) = stopped(vec![Turn::Drip(vec![b'2'; 1000])]).await;
        assert_eq!((stage, kind), (Stage::Greeting, FailureKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn greeting_without_an_end_is_too_much() {
        let long = ["220 ", &"a".repeat(100_000), "\r\n"].concat();
        assert_eq!(greeted(long).await.1, FailureKind::ReplyTooLarge);
        assert_eq!(stopped(vec![Turn::Endless("220-more\r\n")]).await.1, FailureKind::ReplyTooLarge);
        assert_eq!(stopped(vec![Turn::Endless("a")]).await.1, FailureKind::ReplyTooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn ehlo_refused_stops_there() {
        let stop = plain(up_to("500 5.5.1 Command unrecognized\r\n")).await.0.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Ehlo, FailureKind::Rejected, Some(500)));
        assert_eq!(stop.enhanced.as_deref(), Some("5.5.1"));
    }

    #[tokio::test(start_paused = true)]
    async fn ehlo_with_differing_codes_is_gibberish() {
        let (stage, kind, words) = stopped(up_to("250-hi\r\n550 no\r\n")).await;
        assert_eq!((stage, kind), (Stage::Ehlo, FailureKind::MalformedReply));
        assert!(words.contains("250 and 550"), "{words}");
    }

    #[tokio::test(start_paused = true)]
    async fn endless_capabilities_are_too_much() {
        let turns = vec![say(BANNER), Turn::Hear("EHLO "), Turn::Endless("250-MORE\r\n")];
        let (stage, kind, _) = stopped(turns).await;
        assert_eq!((stage, kind), (Stage::Ehlo, FailureKind::ReplyTooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn thirty_capabilities_are_taken() {
        let offer = ["250-me\r\n", &"250-X-MORE\r\n".repeat(30), "250 STARTTLS\r\n"].concat();
        let turns = vec![say(BANNER), Turn::Hear("EHLO "), say(offer), Turn::Hear("STARTTLS"), say("220 go\r\n")];
        assert_eq!(plain(turns).await.0, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn starttls_not_offered_tells_what_is() {
        let (done, facts, _) = plain(up_to("250-me\r\n250-SIZE 1\r\n250 AUTH LOGIN\r\n")).await;
        let stop = done.unwrap_err();
        assert_eq!(
            (stop.stage, stop.kind, stop.words.as_str()),
            (Stage::Starttls, FailureKind::NotOffered, "SIZE 1, AUTH LOGIN")
        );
        assert_eq!(facts.value("smtp.starttls_offered"), Some(&false.into()));
        assert_eq!(facts.value("smtp.starttls_accepted"), None, "it was never asked for");
    }

    #[tokio::test(start_paused = true)]
    async fn starttls_refused_keeps_its_codes() {
        let (done, facts, _) = plain(answered("454 4.7.0 TLS not available\r\n")).await;
        let stop = done.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Starttls, FailureKind::Rejected, Some(454)));
        assert_eq!(stop.enhanced.as_deref(), Some("4.7.0"));
        assert_eq!(facts.value("smtp.starttls_accepted"), Some(&false.into()));
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_behind_the_starttls_answer_are_injected() {
        let found = stopped(answered("220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n")).await;
        assert_eq!(found, (Stage::Starttls, FailureKind::StarttlsInjection, "250-evil\r\n250 AUTH PLAIN".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn answer_before_the_question_is_gibberish() {
        let (stage, kind, words) = greeted([BANNER, OFFER].concat()).await;
        assert_eq!((stage, kind), (Stage::Ehlo, FailureKind::MalformedReply));
        assert!(words.starts_with("before it was asked: 250-mail"), "{words}");
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_said_behind_the_greeting_is_a_refusal() {
        let stop = plain(vec![say([BANNER, "421 4.3.2 shutting down\r\n"].concat())]).await.0.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Ehlo, FailureKind::Rejected, Some(421)));
    }

    #[tokio::test(start_paused = true)]
    async fn closed_at_any_point_is_closed_at_its_stage() {
        let starttls = "220 go\r\n";
        for cut in 0..BANNER.len() {
            let (stage, kind, words) = stopped(vec![say(&BANNER[..cut])]).await;
            assert_eq!((stage, kind), (Stage::Greeting, FailureKind::Closed));
            assert_eq!(words, BANNER[..cut].trim_end_matches('\r'), "what had come is told");
        }
        for cut in 0..OFFER.len() {
            let turns = vec![say(BANNER), Turn::Hear("EHLO "), say(&OFFER[..cut])];
            let (stage, kind, _) = stopped(turns).await;
            assert_eq!((stage, kind), (Stage::Ehlo, FailureKind::Closed), "{cut}");
        }
        for cut in 0..starttls.len() {
            let turns =
                vec![say(BANNER), Turn::Hear("EHLO "), say(OFFER), Turn::Hear("STARTTLS"), say(&starttls[..cut])];
            let (stage, kind, _) = stopped(turns).await;
            assert_eq!((stage, kind), (Stage::Starttls, FailureKind::Closed), "{cut}");
        }
    }

    #[test]
    fn only_names_that_a_server_takes_are_given() {
        for name in ["ece01", "ece-01.example.com", "1.example"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "ece_01", "ece01.", ".x", "a..b", "-a.b", "a-.b", "é.x", "a b", "a\r\nQUIT", &"a".repeat(64)]
        {
            assert!(!is_name(name), "{name:?}");
        }
        let own = own_name();
        assert!(is_name(&own) || own == "[127.0.0.1]");
    }

    fn offer(pipelining: bool) -> Offer {
        Offer { mechanisms: Vec::new(), at_once: false, pipelining }
    }

    #[tokio::test(start_paused = true)]
    async fn sender_and_recipient_go_together_where_pipelining_is_offered() {
        let both =
            || vec![Turn::Hear("MAIL FROM:<a@b.c>\r\n"), Turn::Hear("RCPT TO:<a@b.c>\r\n"), Turn::Hear("RSET\r\n")];
        let at_once = async |answers: &str| {
            let mut session = session([both(), vec![say(answers), Turn::Hold]].concat()).inside_tls();
            let done = open(&mut session, &offer(true), "a@b.c").await;
            (done, session.attempt.facts.clone(), said(session))
        };
        let (done, facts, said) = at_once("250 a\r\n250 b\r\n250 c\r\n").await;
        assert_eq!((done, facts.is(SENDER_ACCEPTED), facts.is(RECIPIENT_ACCEPTED)), (Ok(()), true, true));
        assert_eq!(said[3..], ["<~ 250 a", "<~ 250 b", "<~ 250 c"], "{said:?}");
        let (done, facts, said) = at_once("550 5.7.60 no\r\n503 5.5.2 first MAIL\r\n250 c\r\n").await;
        assert_eq!(done.map_err(|stop| (stop.stage, stop.code)), Err((Stage::Sender, Some(550))));
        assert_eq!((facts.get(SENDER_ACCEPTED), facts.get(RECIPIENT_ACCEPTED)), (Some(&false), None), "{said:?}");
        let (done, facts, _) = at_once("250 a\r\n550 5.7.64 no\r\n250 c\r\n").await;
        assert_eq!(done.map_err(|stop| (stop.stage, stop.code)), Err((Stage::Recipient, Some(550))));
        assert_eq!((facts.is(SENDER_ACCEPTED), facts.get(RECIPIENT_ACCEPTED)), (true, Some(&false)));
    }

    const EHLO: &str = "250-me\r\n250 AUTH LOGIN XOAUTH2\r\n";
    const SIGNED_IN: &str = "235 2.7.0 Authentication successful\r\n";
    /// How the line with the token begins: `user=` in base64.
    const TOKEN_LINE: &str = "dXNlcj1";

    /// Signs in and opens, as a look into a mailbox does.
    async fn enter(turns: Vec<Turn>) -> Went {
        let turns = [vec![Turn::Hear("EHLO "), say(EHLO)], turns].concat();
        went(turns, async |session| {
            let offer = offered(session).await?;
            DIALECT.sign_in(session, &offer, &presented()).await?;
            open(session, &offer, "sales@example.com").await
        })
        .await
    }

    /// What the server answers to the line with the token; then it stays.
    fn told(answer: &str) -> Vec<Turn> {
        vec![Turn::Hear("AUTH XOAUTH2\r\n"), say("334 \r\n"), Turn::Hear(TOKEN_LINE), say(answer), Turn::Hold]
    }

    fn signed_in_then(turns: Vec<Turn>) -> Vec<Turn> {
        [told(SIGNED_IN)[..4].to_vec(), turns].concat()
    }

    #[tokio::test(start_paused = true)]
    async fn token_taken_and_sender_and_recipient_accepted() {
        let Went { done, facts, said, .. } = enter(signed_in_then(vec![
            Turn::Hear("MAIL FROM:<sales@example.com>\r\n"),
            say("250 2.1.0 Sender OK\r\n"),
            Turn::Hear("RCPT TO:<sales@example.com>\r\n"),
            say("250 2.1.5 Recipient OK\r\n"),
            Turn::Hear("RSET\r\n"),
            say("250 2.0.0 Resetting\r\n"),
        ]))
        .await;
        assert_eq!(done, Ok(()));
        for name in ["smtp.signed_in", "smtp.sender_accepted", "smtp.recipient_accepted"] {
            assert_eq!(facts.value(name), Some(&true.into()), "{name}");
        }
        assert!(said.contains(&format!("~> {}", presented().shown())), "{said:?}");
        assert_eq!(said.iter().filter(|line| line.contains("DATA")).count(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_kept_to_the_letter() {
        for (answer, code, enhanced) in [
            ("535 5.7.3 Authentication unsuccessful [SN2PR00CA0018.namprd00.prod.outlook.com]", 535, Some("5.7.3")),
            (
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. SignIn \
                 https://aka.ms/smtp_auth_disabled for more information. [MN2PR05CA0004.namprd05.prod.outlook.com]",
                535,
                Some("5.7.139"),
            ),
            (
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
                535,
                Some("5.7.139"),
            ),
            ("501 5.5.124 Invalid XOAUTH2 auth data", 501, Some("5.5.124")),
            ("454 4.7.0 Temporary authentication failure", 454, Some("4.7.0")),
            ("432 4.3.2 Concurrent connections limit exceeded.", 432, Some("4.3.2")),
            ("421 4.7.66 TLS 1.0 and 1.1 are not supported.", 421, Some("4.7.66")),
            ("535 no", 535, None),
        ] {
            let Went { done, facts, .. } = enter(told(&format!("{answer}\r\n"))).await;
            let stop = done.unwrap_err();
            assert_eq!(
                (stop.protocol, stop.stage, stop.kind),
                (Protocol::Smtp, Stage::Authenticate, FailureKind::Rejected)
            );
            assert_eq!((stop.code, stop.enhanced.as_deref()), (Some(code), enhanced));
            assert_eq!(stop.words, line::shorten(answer, line::MOST_WORDS));
            assert_eq!(facts.value("smtp.signed_in"), Some(&false.into()));
            assert_eq!(facts.value("smtp.sender_accepted"), None, "never asked");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_lines_of_a_refusal_are_kept() {
        let stop = enter(told("451-4.7.0 Temporary server error.\r\n451 4.7.0 PRX9\r\n")).await.done.unwrap_err();
        assert_eq!(stop.words, "451 4.7.0 Temporary server error. 4.7.0 PRX9");
    }

    #[tokio::test(start_paused = true)]
    async fn challenge_is_answered_and_the_refusal_behind_it_is_kept() {
        let challenge =
            "334 eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ==\r\n";
        let mut turns = told(challenge);
        turns.splice(4.., [Turn::Hear("\r\n"), say("535 5.7.8 Username and Password not accepted\r\n")]);
        let Went { done, said, .. } = enter(turns).await;
        let stop = done.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Authenticate, FailureKind::Rejected, Some(535)));
        assert_eq!(stop.enhanced.as_deref(), Some("5.7.8"));
        let words = "status 400, schemes Bearer, scope https://mail.google.com/";
        assert_eq!(stop.words, format!("535 5.7.8 Username and Password not accepted (challenge: {words})"));
        assert!(said.contains(&format!("== the challenge says: {words}")), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn challenge_without_end_is_gibberish() {
        let mut turns = told("334 !\r\n");
        turns.splice(4.., [Turn::Hear("\r\n"), say("334 !\r\n"), Turn::Hold]);
        let stop = enter(turns).await.done.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Authenticate, FailureKind::MalformedReply, Some(334)));
    }

    #[tokio::test(start_paused = true)]
    async fn method_refused_before_the_token_is_sent() {
        let turns = vec![Turn::Hear("AUTH "), say("504 5.7.4 Unrecognized authentication type\r\n"), Turn::Hold];
        let Went { done, said, .. } = enter(turns).await;
        let stop = done.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Authenticate, FailureKind::Rejected, Some(504)));
        assert!(!said.iter().any(|line| line.contains("<token")), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn token_is_not_sent_where_xoauth2_is_not_offered() {
        let mut session =
            session(vec![Turn::Hear("EHLO "), say("250-me\r\n250 AUTH LOGIN PLAIN\r\n"), Turn::Hold]).inside_tls();
        let offer = offered(&mut session).await.unwrap();
        let stop = DIALECT.sign_in(&mut session, &offer, &presented()).await.unwrap_err();
        assert_eq!(
            (stop.stage, stop.kind, stop.words.as_str()),
            (Stage::Authenticate, FailureKind::NotOffered, "LOGIN, PLAIN")
        );
        assert_eq!(said(session).iter().filter(|line| line.starts_with("~>")).count(), 1, "EHLO alone");
    }

    #[tokio::test(start_paused = true)]
    async fn answer_to_the_token_before_the_token() {
        let turns = vec![Turn::Hear("AUTH "), say("334 \r\n235 2.7.0 Authentication successful\r\n"), Turn::Hold];
        let Went { done, said, .. } = enter(turns).await;
        assert_eq!(done.unwrap_err().kind, FailureKind::MalformedReply);
        assert!(!said.iter().any(|line| line.contains("<token")), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn server_that_repeats_the_token() {
        let line = presented().line().expose().to_owned();
        for repeated in [line.as_str(), TOKEN, &line[20..]] {
            let stop = enter(told(&format!("500 5.3.3 Unrecognized command '{repeated}'\r\n"))).await.done.unwrap_err();
            assert!(stop.words.starts_with("500 5.3.3 Unrecognized command '***"), "{}", stop.words);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn sender_refused_after_a_good_sign_in() {
        let answer = "550 5.7.60 SMTP; Client does not have permissions to send as this sender";
        let turns = vec![Turn::Hear("MAIL FROM:"), say(format!("{answer}\r\n")), Turn::Hold];
        let Went { done, facts, .. } = enter(signed_in_then(turns)).await;
        let stop = done.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Sender, FailureKind::Rejected, Some(550)));
        assert_eq!((stop.enhanced.as_deref(), stop.words.as_str()), (Some("5.7.60"), answer));
        assert_eq!(facts.value("smtp.signed_in"), Some(&true.into()));
        assert_eq!(facts.value("smtp.sender_accepted"), Some(&false.into()));
        assert_eq!(facts.value("smtp.recipient_accepted"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn recipient_refused_after_a_good_sender() {
        let turns = vec![
            Turn::Hear("MAIL FROM:"),
            say("250 ok\r\n"),
            Turn::Hear("RCPT TO:"),
            say("550 5.7.64 TenantAttribution; Relay Access Denied\r\n"),
            Turn::Hold,
        ];
        let Went { done, facts, .. } = enter(signed_in_then(turns)).await;
        let stop = done.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Recipient, FailureKind::Rejected, Some(550)));
        assert_eq!(facts.value("smtp.sender_accepted"), Some(&true.into()));
        assert_eq!(facts.value("smtp.recipient_accepted"), Some(&false.into()));
    }

    #[tokio::test(start_paused = true)]
    async fn gone_at_any_point_of_the_sign_in() {
        for cut in 0..SIGNED_IN.len() {
            let mut turns = told(&SIGNED_IN[..cut]);
            turns.truncate(4);
            let stop = enter(turns).await.done.unwrap_err();
            assert_eq!((stop.stage, stop.kind), (Stage::Authenticate, FailureKind::Closed), "{cut}");
        }
        let stop = enter(told("")).await.done.unwrap_err();
        assert_eq!((stop.stage, stop.kind), (Stage::Authenticate, FailureKind::TimedOut));
        let stop = enter(signed_in_then(vec![Turn::Hear("MAIL ")])).await.done.unwrap_err();
        assert_eq!((stop.stage, stop.kind), (Stage::Sender, FailureKind::Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn address_that_would_end_the_command_is_never_sent() {
        let mut session = session(vec![Turn::Hold]).inside_tls();
        let stop = open(&mut session, &offer(true), "a@b>\r\nDATA").await.unwrap_err();
        assert_eq!((stop.stage, stop.kind), (Stage::Sender, FailureKind::CannotJudge));
        assert_eq!(said(session), [""; 0]);
    }

    /// What comes of sending a message whose second line begins with a dot.
    async fn sent(turns: Vec<Turn>) -> (Result<(), Failure>, Vec<String>) {
        let mut session = session(turns).inside_tls();
        let message = ["Subject: x".to_owned(), ".dot".to_owned()];
        let done = send(&mut session, &offer(false), "a@mail.test", &message).await;
        (done, said(session))
    }

    fn up_to_the_message(go: &str) -> Vec<Turn> {
        let ok = || say("250 ok\r\n");
        let envelope = [Turn::Hear("MAIL FROM:<a@mail.test>\r\n"), ok(), Turn::Hear("RCPT TO:<a@mail.test>\r\n"), ok()];
        [envelope.to_vec(), vec![Turn::Hear("DATA\r\n"), say(go)]].concat()
    }

    fn the_message() -> Vec<Turn> {
        vec![Turn::Hear("Subject: x\r\n"), Turn::Hear("..dot\r\n"), Turn::Hear(".\r\n")]
    }

    #[tokio::test(start_paused = true)]
    async fn message_is_handed_over_line_by_line() {
        let taken = [up_to_the_message("354 go\r\n"), the_message(), vec![say("250 2.0.0 OK\r\n")]].concat();
        let (done, said) = sent(taken).await;
        assert_eq!(done, Ok(()));
        assert_eq!(said[4..], ["~> DATA", "<~ 354 go", "~> Subject: x", "~> ..dot", "~> .", "<~ 250 2.0.0 OK"]);
    }

    #[tokio::test(start_paused = true)]
    async fn message_refused_before_and_behind_it() {
        for (turns, code) in [
            (up_to_the_message("550 5.1.8 no\r\n"), 550),
            ([up_to_the_message("354 go\r\n"), the_message(), vec![say("554 5.2.0 no\r\n")]].concat(), 554),
        ] {
            let stop = sent(turns).await.0.unwrap_err();
            assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Send, FailureKind::Rejected, Some(code)));
        }
        let refused = vec![Turn::Hear("MAIL FROM"), say("550 5.7.60 no\r\n")];
        assert_eq!(sent(refused).await.0.unwrap_err().stage, Stage::Sender);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_answer_to_a_message_is_waited_for() {
        let slow = vec![Turn::Drip(b"250 OK, a while\r\n".to_vec())]; // seventeen seconds, and a step has ten
        let turns = [up_to_the_message("354 go\r\n"), the_message(), slow].concat();
        assert_eq!(sent(turns).await.0, Ok(()));
        let silent = [up_to_the_message("354 go\r\n"), the_message(), vec![Turn::Hold]].concat();
        assert_eq!(sent(silent).await.0.unwrap_err().kind, FailureKind::TimedOut);
    }
}
