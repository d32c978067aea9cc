//! IMAP up to its capabilities (RFC 3501, RFC 9051).
//!
//! In: a connection inside TLS. Out: the greeting and what is offered, or the [`Stop`]. Nothing is signed in.

use super::{Fact, Shape, fact, timed};
use crate::{
    net::{Halt, session::Session},
    seen::{Facts, Kind, Protocol, Stage, Step, Stop},
    wire::{
        exchange,
        imap::{Answer, Capabilities, Condition, Reply, Word, decode, decode_answer},
        line,
    },
};

/// What an IMAP greeting and capability list can measure.
pub const FACTS: &[Fact] = &[
    fact("imap.greeting", Shape::Text, "greeting"),
    fact("imap.server", Shape::Text, "server named in the greeting"),
    fact("imap.capabilities", Shape::List, "capabilities"),
    fact("imap.mechanisms", Shape::List, "sign-in methods"),
    fact("imap.xoauth2_offered", Shape::Bool, "XOAUTH2 offered"),
    fact("imap.initial_response_offered", Shape::Bool, "SASL-IR offered"),
];

/// Reads the greeting, learns what is offered (from the greeting when it says so, else by asking), and leaves.
///
/// # Errors
/// The [`Stop`] at the stage that could not go on.
pub async fn capabilities(session: &mut Session, facts: &mut Facts, steps: &mut Vec<Step>) -> Result<(), Stop> {
    let greeting = timed(Stage::Greeting, steps, greeting(session, facts)).await?;
    let offered = match Capabilities::of(&greeting) {
        Some(offered) => offered,
        None => timed(Stage::Capabilities, steps, ask(session)).await?,
    };
    let mechanisms = offered.mechanisms();
    facts.set("imap.capabilities", listed(&offered));
    facts.set("imap.xoauth2_offered", mechanisms.iter().any(|name| name == "XOAUTH2"));
    facts.set("imap.initial_response_offered", offered.offers("SASL-IR"));
    facts.set("imap.mechanisms", mechanisms);
    let _ = session.send("A2 LOGOUT").await; // a courtesy: what was asked is known
    Ok(())
}

async fn greeting(session: &mut Session, facts: &mut Facts) -> Result<Reply, Stop> {
    let greeting = session.read(decode).await.map_err(|halt| stop(Stage::Greeting, halt))?;
    facts.set("imap.greeting", greeting.words());
    let Reply::Untagged(Condition { word, text, .. }) = &greeting else {
        return Err(refused(Stage::Greeting, Kind::Gibberish, greeting.words()));
    };
    if let Some(name) = exchange::server_name(text) {
        facts.set("imap.server", name);
    }
    match word {
        Word::Ok => Ok(greeting),
        Word::No | Word::Bad | Word::Bye => Err(refused(Stage::Greeting, Kind::Rejected, greeting.words())),
        // nobody has signed in: this is not the server that was meant, or someone stands between
        Word::Preauth => {
            Err(refused(Stage::Greeting, Kind::Gibberish, format!("already signed in: {}", greeting.words())))
        }
    }
}

async fn ask(session: &mut Session) -> Result<Capabilities, Stop> {
    let stage = Stage::Capabilities;
    if !session.unread().is_empty() {
        let words = format!("before it was asked: {}", line::words(session.unread()));
        return Err(refused(stage, Kind::Gibberish, words));
    }
    session.send("A1 CAPABILITY").await.map_err(|halt| stop(stage, halt))?;
    let answer = session.read(|bytes| decode_answer("A1", bytes)).await.map_err(|halt| stop(stage, halt))?;
    match &answer.end {
        Reply::Tagged(_, Condition { word: Word::Ok, .. }) => offered(&answer),
        Reply::Continue(_) => Err(refused(stage, Kind::Gibberish, answer.end.words())),
        _ => Err(refused(stage, Kind::Rejected, answer.end.words())),
    }
}

fn offered(answer: &Answer) -> Result<Capabilities, Stop> {
    answer.capabilities().ok_or_else(|| {
        let words = format!("no capability list before: {}", answer.end.words());
        refused(Stage::Capabilities, Kind::Gibberish, words)
    })
}

fn refused(stage: Stage, kind: Kind, words: String) -> Stop {
    Stop::new(Protocol::Imap, stage, kind, line::shorten(&words, line::MOST_WORDS))
}

fn stop(stage: Stage, halt: Halt) -> Stop {
    Stop::new(Protocol::Imap, stage, halt.kind, halt.words)
}

fn listed(offered: &Capabilities) -> Vec<String> {
    offered.words.iter().map(|word| line::shorten(word, line::MOST_WORDS)).collect()
}
