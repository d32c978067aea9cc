//! POP3 up to its capabilities (RFC 1939, RFC 2449, RFC 5034).
//!
//! In: a connection inside TLS. Out: the greeting and what is offered, or the [`Stop`]. Nothing is signed in.

use super::{Fact, Shape, fact, timed};
use crate::{
    net::{Halt, session::Session},
    seen::{Facts, Kind, Protocol, Stage, Step, Stop},
    wire::{
        exchange, line,
        pop3::{Capabilities, Reply, Word, decode, decode_listing},
    },
};

/// What a POP3 greeting and capability list can measure.
pub const FACTS: &[Fact] = &[
    fact("pop3.greeting", Shape::Text, "greeting"),
    fact("pop3.server", Shape::Text, "server named in the greeting"),
    fact("pop3.capabilities", Shape::List, "capabilities"),
    fact("pop3.mechanisms", Shape::List, "sign-in methods"),
    fact("pop3.xoauth2_offered", Shape::Bool, "XOAUTH2 offered"),
    fact("pop3.signed_in", Shape::Bool, "signed in"),
    fact("pop3.signed_in_as", Shape::Text, "user named"),
    fact("pop3.mailbox_open", Shape::Bool, "mailbox opens"),
    fact("pop3.message_count", Shape::Int, "messages"),
];

/// Reads the greeting, asks what is offered, and leaves.
///
/// # Errors
/// The [`Stop`] at the stage that could not go on.
pub async fn capabilities(session: &mut Session, facts: &mut Facts, steps: &mut Vec<Step>) -> Result<(), Stop> {
    timed(Stage::Greeting, steps, greeting(session, facts)).await?;
    let offered = timed(Stage::Capabilities, steps, ask(session)).await?;
    let mechanisms = offered.mechanisms();
    facts.set("pop3.capabilities", listed(&offered));
    facts.set("pop3.xoauth2_offered", mechanisms.iter().any(|name| name == "XOAUTH2"));
    facts.set("pop3.mechanisms", mechanisms);
    let _ = session.send("QUIT").await; // a courtesy: what was asked is known
    Ok(())
}

async fn greeting(session: &mut Session, facts: &mut Facts) -> Result<(), Stop> {
    let greeting = session.read(decode).await.map_err(|halt| stop(Stage::Greeting, halt))?;
    facts.set("pop3.greeting", greeting.words());
    if let Some(name) = exchange::server_name(&greeting.text) {
        facts.set("pop3.server", name);
    }
    want_ok(Stage::Greeting, &greeting)
}

async fn ask(session: &mut Session) -> Result<Capabilities, Stop> {
    let stage = Stage::Capabilities;
    if !session.unread().is_empty() {
        let words = format!("before it was asked: {}", line::words(session.unread()));
        return Err(stop(stage, Halt::new(Kind::Gibberish, line::shorten(&words, line::MOST_WORDS))));
    }
    session.send("CAPA").await.map_err(|halt| stop(stage, halt))?;
    let listing = session.read(decode_listing).await.map_err(|halt| stop(stage, halt))?;
    want_ok(stage, &listing.reply)?;
    Ok(Capabilities::of(&listing))
}

fn want_ok(stage: Stage, reply: &Reply) -> Result<(), Stop> {
    let kind = match reply.word {
        Word::Ok => return Ok(()),
        Word::Err => Kind::Rejected,
        Word::Continue => Kind::Gibberish, // nothing was begun that could be continued
    };
    Err(Stop::new(Protocol::Pop3, stage, kind, reply.words()))
}

fn stop(stage: Stage, halt: Halt) -> Stop {
    Stop::new(Protocol::Pop3, stage, halt.kind, halt.words)
}

fn listed(offered: &Capabilities) -> Vec<String> {
    offered.lines.iter().map(|capability| line::shorten(capability, line::MOST_WORDS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        net::session::scripted::{Turn, said, say, session},
        seen::Value,
    };

    const BANNER: &str = "+OK The Microsoft Exchange POP3 service is ready. [bQAuAGUAeABhAG0AcABsAGUALgBjAG8AbQA=]\r\n";
    const OFFER: &str = "+OK\r\nTOP\r\nUIDL\r\nSASL PLAIN XOAUTH2\r\nUSER\r\n.\r\n";

    async fn look(turns: Vec<Turn>) -> (Result<(), Stop>, Facts, Vec<Stage>, Vec<String>) {
        let (mut facts, mut steps) = (Facts::default(), Vec::new());
        let mut session = session(turns).inside_tls();
        let done = capabilities(&mut session, &mut facts, &mut steps).await;
        (done, facts, steps.iter().map(|step| step.name).collect(), said(session))
    }

    async fn stopped(turns: Vec<Turn>) -> (Stage, Kind, String) {
        let stop = look(turns).await.0.unwrap_err();
        assert_eq!((stop.protocol, stop.code, &stop.enhanced), (Protocol::Pop3, None, &None));
        (stop.stage, stop.kind, stop.words)
    }

    async fn greeted(banner: &str) -> (Stage, Kind, String) {
        stopped(vec![say(banner), Turn::Hold]).await
    }

    fn answered(answer: &str) -> Vec<Turn> {
        vec![say(BANNER), Turn::Hear("CAPA"), say(answer), Turn::Hold]
    }

    fn list(items: &[&str]) -> Value {
        Value::List(items.iter().map(|&item| item.to_owned()).collect())
    }

    #[tokio::test(start_paused = true)]
    async fn healthy_server_tells_what_it_offers() {
        let (done, facts, stages, said) = look(answered(OFFER)).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.get("pop3.greeting"), Some(&BANNER.trim_end().into()));
        assert_eq!(facts.get("pop3.server"), Some(&"m.example.com".into()));
        assert_eq!(facts.get("pop3.capabilities"), Some(&list(&["TOP", "UIDL", "SASL PLAIN XOAUTH2", "USER"])));
        assert_eq!(facts.get("pop3.mechanisms"), Some(&list(&["PLAIN", "XOAUTH2"])));
        assert_eq!(facts.get("pop3.xoauth2_offered"), Some(&true.into()));
        assert_eq!(stages, [Stage::Greeting, Stage::Capabilities]);
        assert_eq!(said.last().unwrap(), "~> QUIT");
    }

    #[tokio::test(start_paused = true)]
    async fn missing_methods_are_facts_and_no_stop() {
        for (answer, methods) in [("+OK\r\n.\r\n", list(&[])), ("+OK\r\nSASL PLAIN\r\n.\r\n", list(&["PLAIN"]))] {
            let (done, facts, ..) = look(answered(answer)).await;
            assert_eq!(done, Ok(()));
            assert_eq!(facts.get("pop3.mechanisms"), Some(&methods));
            assert_eq!(facts.get("pop3.xoauth2_offered"), Some(&false.into()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn greeting_that_stops() {
        for (banner, kind, words) in [
            ("", Kind::TimedOut, "no answer within 10 s"),
            ("-ERR [SYS/TEMP] later\r\n", Kind::Rejected, "-ERR [SYS/TEMP] later"),
            ("-ERR\r\n", Kind::Rejected, "-ERR"),
            ("+ go on\r\n", Kind::Gibberish, "+ go on"),
            ("220 mail ESMTP\r\n", Kind::Gibberish, "220 mail ESMTP"),
            ("* OK IMAP4 ready\r\n", Kind::Gibberish, "* OK IMAP4 ready"),
            ("SSH-2.0-x\r\n", Kind::Gibberish, "SSH-2.0-x"),
            ("\0\x1b[2J\r\n", Kind::Gibberish, "\0\x1b[2J"),
            ("<html>blocked</html>\r\n", Kind::SpokeHttp, "<html>blocked</html>"),
        ] {
            assert_eq!(greeted(banner).await, (Stage::Greeting, kind, words.to_owned()), "{banner:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn capa_answer_that_stops() {
        for (answer, kind) in [
            ("-ERR Protocol error. Connection is closed. 10\r\n", Kind::Rejected),
            ("+OK\r\nTOP\r\n", Kind::TimedOut),
            ("+ \r\n", Kind::Gibberish),
            ("TOP\r\n", Kind::Gibberish),
        ] {
            let (stage, seen, _) = stopped(answered(answer)).await;
            assert_eq!((stage, seen), (Stage::Capabilities, kind), "{answer:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn capa_never_ended_is_too_much() {
        let turns = vec![say(BANNER), Turn::Hear("CAPA"), say("+OK\r\n"), Turn::Endless("TOP\r\n")];
        let (stage, kind, _) = stopped(turns).await;
        assert_eq!((stage, kind), (Stage::Capabilities, Kind::TooMuch));
    }

    #[tokio::test(start_paused = true)]
    async fn slow_drip_does_not_keep_the_answer_alive() {
        let turns = vec![say(BANNER), Turn::Hear("CAPA"), Turn::Drip(b"+OK\r\nTOP\r\nUIDL\r\n.\r\n".to_vec())];
        let (stage, kind, _) = stopped(turns).await;
        assert_eq!((stage, kind), (Stage::Capabilities, Kind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn answer_before_the_question_is_gibberish() {
        let (stage, kind, _) = greeted(&[BANNER, OFFER].concat()).await;
        assert_eq!((stage, kind), (Stage::Capabilities, Kind::Gibberish));
    }

    #[tokio::test(start_paused = true)]
    async fn closed_at_any_point_is_closed_at_its_stage() {
        for cut in 0..BANNER.len() {
            let (stage, kind, _) = stopped(vec![say(&BANNER[..cut])]).await;
            assert_eq!((stage, kind), (Stage::Greeting, Kind::Closed), "{cut}");
        }
        for cut in 0..OFFER.len() {
            let (stage, kind, _) = stopped(vec![say(BANNER), Turn::Hear("CAPA"), say(&OFFER[..cut])]).await;
            assert_eq!((stage, kind), (Stage::Capabilities, Kind::Closed), "{cut}");
        }
    }
}
