//! SMTP: its capabilities, the sign-in, and whether it takes a sender (RFC 5321, RFC 3207, RFC 4954).
//!
//! In: a connection in plain text, later the same inside TLS. Out: what was offered before and inside encryption, what
//! came of the sign-in, or the [`Stop`]. Nothing is ever sent: there is no DATA in this file.

use super::{Fact, Shape, fact, mailbox, timed};
use crate::{
    net::{Halt, session::Session},
    seen::{Facts, Kind, Protocol, Stage, Step, Stop},
    wire::{
        line,
        smtp::{Capabilities, Reply, decode, is_path},
        xoauth2::Presentation,
    },
};

/// What an SMTP greeting, capability list and sign-in can measure.
pub const FACTS: &[Fact] = &[
    fact("smtp.greeting", Shape::Text, "greeting"),
    fact("smtp.capabilities_before_tls", Shape::List, "offered before encryption"),
    fact("smtp.starttls_offered", Shape::Bool, "STARTTLS offered"),
    fact("smtp.starttls_accepted", Shape::Bool, "STARTTLS accepted"),
    fact("smtp.capabilities", Shape::List, "offered inside TLS"),
    fact("smtp.mechanisms", Shape::List, "sign-in methods"),
    fact("smtp.xoauth2_offered", Shape::Bool, "XOAUTH2 offered"),
    fact("smtp.size_limit_bytes", Shape::Int, "largest message (bytes)"),
    fact("smtp.signed_in", Shape::Bool, "signed in"),
    fact("smtp.signed_in_as", Shape::Text, "user named"),
    fact("smtp.sender_accepted", Shape::Bool, "sender accepted"),
    fact("smtp.recipient_accepted", Shape::Bool, "recipient accepted"),
];

/// Goes up to the answer that lets the TLS handshake begin: greeting, EHLO, STARTTLS.
///
/// # Errors
/// The [`Stop`] at the stage that could not go on; [`Kind::Injected`] when bytes stand behind the STARTTLS answer, which
/// anyone on the road could have put there (as in CVE-2021-22947).
pub async fn before_tls(session: &mut Session, facts: &mut Facts, steps: &mut Vec<Step>) -> Result<(), Stop> {
    timed(Stage::Greeting, steps, greeting(session, facts)).await?;
    let offered = timed(Stage::Ehlo, steps, hello(session, Stage::Ehlo)).await?;
    facts.set("smtp.capabilities_before_tls", listed(&offered));
    facts.set("smtp.starttls_offered", offered.offers("STARTTLS"));
    if !offered.offers("STARTTLS") {
        let words = line::shorten(&offered.lines.join(", "), line::MOST_WORDS);
        return Err(Stop::new(Protocol::Smtp, Stage::Starttls, Kind::NotOffered, words));
    }
    timed(Stage::Starttls, steps, starttls(session, facts)).await
}

/// Asks inside TLS what is offered, and leaves.
///
/// # Errors
/// The [`Stop`] at [`Stage::Capabilities`].
pub async fn capabilities(session: &mut Session, facts: &mut Facts, steps: &mut Vec<Step>) -> Result<(), Stop> {
    offered(session, facts, steps).await?;
    leave(session).await;
    Ok(())
}

/// Signs in inside TLS, after the second EHLO.
///
/// The token goes on a line of its own, as Microsoft's page describes it: `AUTH XOAUTH2`, `334`, token. A challenge is
/// answered with an empty line, which lets the server say why it refuses; `*` (RFC 4954 4) would only be told that the
/// exchange was cancelled.
///
/// # Errors
/// The [`Stop`] at [`Stage::Capabilities`] or [`Stage::Authenticate`]; [`Kind::NotOffered`] when the server does not
/// know XOAUTH2, and then the token was not sent.
pub async fn sign_in(
    session: &mut Session,
    presented: &Presentation,
    facts: &mut Facts,
    steps: &mut Vec<Step>,
) -> Result<(), Stop> {
    let mechanisms = offered(session, facts, steps).await?;
    facts.set("smtp.signed_in", false);
    if !mechanisms.iter().any(|name| name == "XOAUTH2") {
        let words = line::shorten(&mechanisms.join(", "), line::MOST_WORDS);
        return Err(Stop::new(Protocol::Smtp, Stage::Authenticate, Kind::NotOffered, words));
    }
    timed(Stage::Authenticate, steps, authenticate(session, presented)).await?;
    facts.set("smtp.signed_in", true);
    Ok(())
}

/// Asks whether the mailbox may send from its own address, to itself; then takes both back. Nothing is sent.
///
/// # Errors
/// The [`Stop`] at [`Stage::Sender`] or [`Stage::Recipient`].
pub async fn open(
    session: &mut Session,
    mailbox: &str,
    facts: &mut Facts,
    steps: &mut Vec<Step>,
) -> Result<(), Stop> {
    for (stage, command, fact) in [
        (Stage::Sender, "MAIL FROM", "smtp.sender_accepted"),
        (Stage::Recipient, "RCPT TO", "smtp.recipient_accepted"),
    ] {
        facts.set(fact, false);
        timed(stage, steps, envelope(session, stage, command, mailbox)).await?;
        facts.set(fact, true);
    }
    let _ = ask(session, Stage::Recipient, "RSET").await; // a courtesy: QUIT forgets the envelope too
    Ok(())
}

/// Says that nothing more will come. The answer is not waited for.
pub async fn leave(session: &mut Session) {
    let _ = session.send("QUIT").await; // a courtesy: what was asked is known
}

/// Asks inside TLS what is offered, and gives the sign-in methods.
async fn offered(session: &mut Session, facts: &mut Facts, steps: &mut Vec<Step>) -> Result<Vec<String>, Stop> {
    let offered = timed(Stage::Capabilities, steps, hello(session, Stage::Capabilities)).await?;
    let mechanisms = offered.mechanisms();
    facts.set("smtp.capabilities", listed(&offered));
    facts.set("smtp.xoauth2_offered", mechanisms.iter().any(|name| name == "XOAUTH2"));
    facts.set("smtp.mechanisms", mechanisms.clone());
    if let Some(bytes) = offered.size_limit() {
        facts.set("smtp.size_limit_bytes", bytes);
    }
    Ok(mechanisms)
}

async fn authenticate(session: &mut Session, presented: &Presentation) -> Result<(), Stop> {
    let stage = Stage::Authenticate;
    let begun = ask(session, stage, "AUTH XOAUTH2").await?;
    want(334, stage, &begun)?;
    nothing_unasked(session, stage)?;
    session.send_secret("", presented.line(), presented.shown()).await.map_err(|halt| stop(stage, halt))?;
    let mut reply = session.read(decode).await.map_err(|halt| stop(stage, halt))?;
    let mut challenge = None;
    if reply.code == 334 {
        challenge = mailbox::challenge(session, &reply.lines.concat());
        reply = ask(session, stage, "").await?;
    }
    want(235, stage, &reply).map_err(|stop| mailbox::with_challenge(stop, challenge))
}

async fn envelope(session: &mut Session, stage: Stage, command: &str, mailbox: &str) -> Result<(), Stop> {
    if !is_path(mailbox) {
        let words = format!("not an address that SMTP can carry: {mailbox}");
        return Err(Stop::new(Protocol::Smtp, stage, Kind::OwnFault, line::shorten(&words, line::MOST_WORDS)));
    }
    let reply = ask(session, stage, &format!("{command}:<{mailbox}>")).await?;
    match reply.code {
        250..=252 => Ok(()), // RFC 5321 4.2.3: 251 and 252 take the recipient too
        _ => want(250, stage, &reply),
    }
}

async fn greeting(session: &mut Session, facts: &mut Facts) -> Result<(), Stop> {
    let reply = session.read(decode).await.map_err(|halt| stop(Stage::Greeting, halt))?;
    facts.set("smtp.greeting", reply.words());
    want(220, Stage::Greeting, &reply)
}

async fn hello(session: &mut Session, stage: Stage) -> Result<Capabilities, Stop> {
    let reply = ask(session, stage, &format!("EHLO {}", own_name())).await?;
    want(250, stage, &reply)?;
    Ok(Capabilities::of(&reply))
}

async fn starttls(session: &mut Session, facts: &mut Facts) -> Result<(), Stop> {
    let reply = ask(session, Stage::Starttls, "STARTTLS").await?;
    facts.set("smtp.starttls_accepted", reply.code == 220);
    want(220, Stage::Starttls, &reply)?;
    match session.unread() {
        [] => Ok(()),
        bytes => Err(Stop::new(Protocol::Smtp, Stage::Starttls, Kind::Injected, line::words(bytes))),
    }
}

async fn ask(session: &mut Session, stage: Stage, command: &str) -> Result<Reply, Stop> {
    nothing_unasked(session, stage)?;
    session.send(command).await.map_err(|halt| stop(stage, halt))?;
    session.read(decode).await.map_err(|halt| stop(stage, halt))
}

fn nothing_unasked(session: &Session, stage: Stage) -> Result<(), Stop> {
    match session.unread() {
        [] => Ok(()),
        bytes => Err(unasked(stage, bytes)),
    }
}

/// Without being asked a server may only say that it closes (RFC 5321 3.8).
fn unasked(stage: Stage, bytes: &[u8]) -> Stop {
    match decode(bytes) {
        Ok((reply, _)) if reply.code == 421 => refusal(Kind::Rejected, stage, &reply),
        _ => {
            let words = format!("before it was asked: {}", line::words(bytes));
            Stop::new(Protocol::Smtp, stage, Kind::Gibberish, line::shorten(&words, line::MOST_WORDS))
        }
    }
}

/// A code of 400 and more is a refusal; any other that does not belong here is not of the protocol.
fn want(code: u16, stage: Stage, reply: &Reply) -> Result<(), Stop> {
    if reply.code == code {
        return Ok(());
    }
    let kind = if reply.refuses() { Kind::Rejected } else { Kind::Gibberish };
    Err(refusal(kind, stage, reply))
}

fn refusal(kind: Kind, stage: Stage, reply: &Reply) -> Stop {
    Stop {
        code: Some(reply.code),
        enhanced: reply.enhanced.clone(),
        ..Stop::new(Protocol::Smtp, stage, kind, reply.words())
    }
}

fn stop(stage: Stage, halt: Halt) -> Stop {
    Stop::new(Protocol::Smtp, stage, halt.kind, halt.words)
}

fn listed(offered: &Capabilities) -> Vec<String> {
    offered.lines.iter().map(|capability| line::shorten(capability, line::MOST_WORDS)).collect()
}

/// The name that EHLO gives: this host's, or an address where it has none that a server would take (RFC 5321 4.1.3).
fn own_name() -> String {
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
        net::session::scripted::{Turn, said, say, session},
        seen::Value,
    };

    const BANNER: &str = "220 mail.example.com Microsoft ESMTP MAIL Service ready\r\n";
    const OFFER: &str = "250-mail.example.com Hello\r\n250-SIZE 157286400\r\n250 STARTTLS\r\n";

    async fn plain(turns: Vec<Turn>) -> (Result<(), Stop>, Facts, Vec<Step>) {
        let (mut facts, mut steps) = (Facts::default(), Vec::new());
        let done = before_tls(&mut session(turns), &mut facts, &mut steps).await;
        (done, facts, steps)
    }

    async fn stopped(turns: Vec<Turn>) -> (Stage, Kind, String) {
        let stop = plain(turns).await.0.unwrap_err();
        assert_eq!(stop.protocol, Protocol::Smtp);
        (stop.stage, stop.kind, stop.words)
    }

    async fn greeted(banner: impl AsRef<[u8]>) -> (Stage, Kind, String) {
        stopped(vec![say(banner), Turn::Hold]).await
    }

    fn up_to(ehlo: &str) -> Vec<Turn> {
        vec![say(BANNER), Turn::Hear("EHLO "), say(ehlo), Turn::Hold]
    }

    fn answered(starttls: &str) -> Vec<Turn> {
        vec![say(BANNER), Turn::Hear("EHLO "), say(OFFER), Turn::Hear("STARTTLS"), say(starttls), Turn::Hold]
    }

    fn list(items: &[&str]) -> Value {
        Value::List(items.iter().map(|&item| item.to_owned()).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn healthy_server_lets_the_handshake_begin() {
        let (done, facts, steps) = plain(answered("220 2.0.0 SMTP server ready\r\n")).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.get("smtp.greeting"), Some(&BANNER.trim_end().into()));
        assert_eq!(facts.get("smtp.capabilities_before_tls"), Some(&list(&["SIZE 157286400", "STARTTLS"])));
        assert_eq!(facts.get("smtp.starttls_offered"), Some(&true.into()));
        assert_eq!(facts.get("smtp.starttls_accepted"), Some(&true.into()));
        let stages: Vec<Stage> = steps.iter().map(|step| step.name).collect();
        assert_eq!(stages, [Stage::Greeting, Stage::Ehlo, Stage::Starttls]);
    }

    async fn inside(ehlo: &str) -> (Result<(), Stop>, Facts) {
        let (mut facts, mut steps) = (Facts::default(), Vec::new());
        let mut session = session(vec![Turn::Hear("EHLO "), say(ehlo), Turn::Hear("QUIT")]).inside_tls();
        let done = capabilities(&mut session, &mut facts, &mut steps).await;
        assert!(said(session)[0].starts_with("~> EHLO "));
        assert_eq!(steps[0].name, Stage::Capabilities);
        (done, facts)
    }

    #[tokio::test(start_paused = true)]
    async fn healthy_server_offers_xoauth2_inside_tls() {
        let (done, facts) = inside("250-me\r\n250-SIZE 157286400\r\n250 AUTH LOGIN XOAUTH2\r\n").await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.get("smtp.capabilities"), Some(&list(&["SIZE 157286400", "AUTH LOGIN XOAUTH2"])));
        assert_eq!(facts.get("smtp.mechanisms"), Some(&list(&["LOGIN", "XOAUTH2"])));
        assert_eq!(facts.get("smtp.xoauth2_offered"), Some(&true.into()));
        assert_eq!(facts.get("smtp.size_limit_bytes"), Some(&157_286_400.into()));
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
            assert_eq!(facts.get("smtp.mechanisms"), Some(&methods), "{ehlo}");
            assert_eq!(facts.get("smtp.xoauth2_offered"), Some(&false.into()), "{ehlo}");
            assert_eq!(facts.get("smtp.size_limit_bytes"), None, "{ehlo}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn refusal_inside_tls_stops_at_the_capabilities() {
        let stop = inside("421 4.3.2 Service not active\r\n").await.0.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Capabilities, Kind::Rejected, Some(421)));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_in_place_of_a_greeting() {
        assert_eq!(greeted("").await, (Stage::Greeting, Kind::TimedOut, "no answer within 10 s".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn greeting_refused_keeps_its_codes() {
        for (banner, code, enhanced) in [
            ("421 4.3.2 Service not available\r\n", 421, Some("4.3.2")),
            ("554 5.7.1 Your address is blocked\r\n", 554, Some("5.7.1")),
            ("554-no\r\n554 really\r\n", 554, None),
        ] {
            let stop = plain(vec![say(banner)]).await.0.unwrap_err();
            assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Greeting, Kind::Rejected, Some(code)));
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
            ("HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n", Kind::SpokeHttp),
            ("<!DOCTYPE html>\n<title>Blocked</title>", Kind::SpokeHttp),
            ("\x15\x03\x01\0\x02\x02\x46", Kind::SpokeTls),
            ("SSH-2.0-OpenSSH_9.6\r\n", Kind::Gibberish),
            ("* OK IMAP4 ready\r\n", Kind::Gibberish),
            ("+OK POP3 ready\r\n", Kind::Gibberish),
            ("250 too early\r\n", Kind::Gibberish),
        ] {
            let (stage, seen, words) = greeted(banner).await;
            assert_eq!((stage, seen), (Stage::Greeting, kind), "{banner:?}");
            assert!(kind == Kind::SpokeTls || banner.starts_with(&words), "{words}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn gibberish_instead_of_greeting_is_bounded_and_kept() {
        let (stage, kind, words) = greeted(["\0\x1b[31m", &"é".repeat(1000), "\r\n"].concat()).await;
        assert_eq!((stage, kind), (Stage::Greeting, Kind::Gibberish));
        assert!(words.starts_with("\0\x1b[31mé") && words.chars().count() == line::MOST_WORDS, "{words:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn slow_drip_does_not_keep_the_greeting_alive() {
        let (stage, kind, _) = stopped(vec![Turn::Drip(vec![b'2'; 1000])]).await;
        assert_eq!((stage, kind), (Stage::Greeting, Kind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn greeting_without_an_end_is_too_much() {
        let long = ["220 ", &"a".repeat(100_000), "\r\n"].concat();
        assert_eq!(greeted(long).await.1, Kind::TooMuch);
        assert_eq!(stopped(vec![Turn::Endless("220-more\r\n")]).await.1, Kind::TooMuch);
        assert_eq!(stopped(vec![Turn::Endless("a")]).await.1, Kind::TooMuch);
    }

    #[tokio::test(start_paused = true)]
    async fn ehlo_refused_stops_there() {
        let stop = plain(up_to("500 5.5.1 Command unrecognized\r\n")).await.0.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Ehlo, Kind::Rejected, Some(500)));
        assert_eq!(stop.enhanced.as_deref(), Some("5.5.1"));
    }

    #[tokio::test(start_paused = true)]
    async fn ehlo_with_differing_codes_is_gibberish() {
        let (stage, kind, words) = stopped(up_to("250-hi\r\n550 no\r\n")).await;
        assert_eq!((stage, kind), (Stage::Ehlo, Kind::Gibberish));
        assert!(words.contains("250 and 550"), "{words}");
    }

    #[tokio::test(start_paused = true)]
    async fn endless_capabilities_are_too_much() {
        let turns = vec![say(BANNER), Turn::Hear("EHLO "), Turn::Endless("250-MORE\r\n")];
        let (stage, kind, _) = stopped(turns).await;
        assert_eq!((stage, kind), (Stage::Ehlo, Kind::TooMuch));
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
            (Stage::Starttls, Kind::NotOffered, "SIZE 1, AUTH LOGIN")
        );
        assert_eq!(facts.get("smtp.starttls_offered"), Some(&false.into()));
        assert_eq!(facts.get("smtp.starttls_accepted"), None, "it was never asked for");
    }

    #[tokio::test(start_paused = true)]
    async fn starttls_refused_keeps_its_codes() {
        let (done, facts, _) = plain(answered("454 4.7.0 TLS not available\r\n")).await;
        let stop = done.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Starttls, Kind::Rejected, Some(454)));
        assert_eq!(stop.enhanced.as_deref(), Some("4.7.0"));
        assert_eq!(facts.get("smtp.starttls_accepted"), Some(&false.into()));
    }

    #[tokio::test(start_paused = true)]
    async fn bytes_behind_the_starttls_answer_are_injected() {
        let found = stopped(answered("220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n")).await;
        assert_eq!(found, (Stage::Starttls, Kind::Injected, "250-evil\r\n250 AUTH PLAIN".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn answer_before_the_question_is_gibberish() {
        let (stage, kind, words) = greeted([BANNER, OFFER].concat()).await;
        assert_eq!((stage, kind), (Stage::Ehlo, Kind::Gibberish));
        assert!(words.starts_with("before it was asked: 250-mail"), "{words}");
    }

    #[tokio::test(start_paused = true)]
    async fn shutdown_said_behind_the_greeting_is_a_refusal() {
        let stop = plain(vec![say([BANNER, "421 4.3.2 shutting down\r\n"].concat())]).await.0.unwrap_err();
        assert_eq!((stop.stage, stop.kind, stop.code), (Stage::Ehlo, Kind::Rejected, Some(421)));
    }

    #[tokio::test(start_paused = true)]
    async fn closed_at_any_point_is_closed_at_its_stage() {
        let starttls = "220 go\r\n";
        for cut in 0..BANNER.len() {
            let (stage, kind, words) = stopped(vec![say(&BANNER[..cut])]).await;
            assert_eq!((stage, kind), (Stage::Greeting, Kind::Closed));
            assert_eq!(words, BANNER[..cut].trim_end_matches('\r'), "what had come is told");
        }
        for cut in 0..OFFER.len() {
            let turns = vec![say(BANNER), Turn::Hear("EHLO "), say(&OFFER[..cut])];
            let (stage, kind, _) = stopped(turns).await;
            assert_eq!((stage, kind), (Stage::Ehlo, Kind::Closed), "{cut}");
        }
        for cut in 0..starttls.len() {
            let turns =
                vec![say(BANNER), Turn::Hear("EHLO "), say(OFFER), Turn::Hear("STARTTLS"), say(&starttls[..cut])];
            let (stage, kind, _) = stopped(turns).await;
            assert_eq!((stage, kind), (Stage::Starttls, Kind::Closed), "{cut}");
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
}
