//! SMTP up to its capabilities (RFC 5321, RFC 3207, RFC 4954).
//!
//! In: a connection in plain text, later the same inside TLS. Out: what was offered before and inside encryption, or the
//! [`Stop`]. Nothing is signed in and nothing is sent.

use super::{Fact, Shape, fact, timed};
use crate::{
    net::{Halt, session::Session},
    seen::{Facts, Kind, Protocol, Stage, Step, Stop},
    wire::{
        line,
        smtp::{Capabilities, Reply, decode},
    },
};

/// What an SMTP greeting and capability list can measure.
pub const FACTS: &[Fact] = &[
    fact("smtp.greeting", Shape::Text, "greeting"),
    fact("smtp.capabilities_before_tls", Shape::List, "offered before encryption"),
    fact("smtp.starttls_offered", Shape::Bool, "STARTTLS offered"),
    fact("smtp.starttls_accepted", Shape::Bool, "STARTTLS accepted"),
    fact("smtp.capabilities", Shape::List, "offered inside TLS"),
    fact("smtp.mechanisms", Shape::List, "sign-in methods"),
    fact("smtp.xoauth2_offered", Shape::Bool, "XOAUTH2 offered"),
    fact("smtp.size_limit_bytes", Shape::Int, "largest message (bytes)"),
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
    let offered = timed(Stage::Capabilities, steps, hello(session, Stage::Capabilities)).await?;
    let mechanisms = offered.mechanisms();
    facts.set("smtp.capabilities", listed(&offered));
    facts.set("smtp.xoauth2_offered", mechanisms.iter().any(|name| name == "XOAUTH2"));
    facts.set("smtp.mechanisms", mechanisms);
    if let Some(bytes) = offered.size_limit() {
        facts.set("smtp.size_limit_bytes", bytes);
    }
    let _ = session.send("QUIT").await; // a courtesy: what was asked is known
    Ok(())
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
    if !session.unread().is_empty() {
        let words = format!("before it was asked: {}", line::words(session.unread()));
        return Err(Stop::new(Protocol::Smtp, stage, Kind::Gibberish, line::shorten(&words, line::MOST_WORDS)));
    }
    session.send(command).await.map_err(|halt| stop(stage, halt))?;
    session.read(decode).await.map_err(|halt| stop(stage, halt))
}

/// A code of 400 and more is a refusal; any other that does not belong here is not of the protocol.
fn want(code: u16, stage: Stage, reply: &Reply) -> Result<(), Stop> {
    if reply.code == code {
        return Ok(());
    }
    let kind = if reply.refuses() { Kind::Rejected } else { Kind::Gibberish };
    Err(Stop {
        code: Some(reply.code),
        enhanced: reply.enhanced.clone(),
        ..Stop::new(Protocol::Smtp, stage, kind, reply.words())
    })
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
