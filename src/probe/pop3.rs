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
