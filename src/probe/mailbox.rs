//! Signing in to a mailbox over one protocol and opening it. Reads only: EXAMINE, STAT, MAIL FROM and RSET.
//!
//! The sign-in goes to one address, the first that the look at the service found well; Microsoft sees one sign-in for
//! each mailbox and protocol. Who is named in the sign-in follows the identity rule: SMTP takes nobody but the token's
//! own user; IMAP and POP3 take the mailbox that is to be opened; a token of the application takes the mailbox always.
//!
//! The token is sent inside TLS only, to a server whose certificate is trusted and covers the name. A refusal is final
//! here, also one for the moment: who asks again is not this file.

use std::{mem, net::SocketAddr, sync::Arc, time::Instant};

use super::{
    World, imap, pop3, smtp,
    tcp::{self, Depth, Service},
};
use crate::{
    net::{
        Network,
        places::Place,
        session::{Session, Transcript},
    },
    oauth::Held,
    seen::{Facts, Kind, Mark, Observation, Path, Protocol, Stage, Stop},
    wire::{
        line,
        xoauth2::{self, Presentation},
    },
};

/// Sign-ins at once at one host and port.
const MOST_PER_HOST: usize = 8;
/// SMTP sign-ins at once of one user. Exchange Online takes three for each mailbox (`432 4.3.2 Concurrent connections
/// limit exceeded`, <https://aka.ms/concurrent_sending>); ECE's own dispatcher needs one.
const MOST_PER_SENDER: usize = 2;

/// What is kept of a sign-in that went well; the rest is told by the look at the service.
const RESULTS: [&str; 6] =
    ["signed_in", "signed_in_as", "sender_accepted", "recipient_accepted", "mailbox_open", "message_count"];

/// A look into a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// The account whose token is presented.
    pub account: String,
    /// Whose token it should be; used for SMTP when the token does not say.
    pub signs_in_as: Option<String>,
    /// The mailbox.
    pub mailbox: String,
    /// SMTP, IMAP or POP3.
    pub protocol: Protocol,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Look {
    /// Who is named in the sign-in.
    fn user<'a>(&'a self, held: &'a Held) -> &'a str {
        let own = held.user.as_deref().or(self.signs_in_as.as_deref());
        match self.protocol {
            Protocol::Smtp if !held.application => own.unwrap_or(&self.mailbox),
            _ => &self.mailbox,
        }
    }

    fn stop(&self, stage: Stage, kind: Kind, words: impl Into<String>) -> Stop {
        Stop::new(self.protocol, stage, kind, words)
    }

    fn fact(&self, name: &str) -> String {
        format!("{}.{name}", self.protocol.name())
    }
}

/// Signs in and opens. `earlier` holds the looks at the service and at the token.
pub async fn observe(look: &Look, earlier: &[Arc<Observation>], world: &World) -> Observation {
    let mut observation = Observation {
        probe: look.protocol.name().to_owned(),
        subject: look.mailbox.clone(),
        own: false, // the run knows whose it is
        road: "direct".to_owned(),
        facts: Facts::default(),
        stop: None,
        paths: Vec::new(),
        transcript: Vec::new(),
        steps: Vec::new(),
        duration_ms: 0.0,
    };
    match prepare(look, earlier, world).await {
        Ok(visit) => {
            let began = Instant::now();
            observation.road.clone_from(&visit.road);
            observation.paths.push(path(look, &visit, world).await);
            observation.duration_ms = tcp::ms(began);
        }
        Err(stop) => observation.stop = Some(stop),
    }
    observation
}

/// All that a sign-in needs before anything is dialled.
struct Visit {
    user: String,
    presented: Presentation,
    held: Held,
    way: tcp::Look,
    road: String,
    address: SocketAddr,
    turned: bool,
    /// Given back when the visit is over.
    _places: Vec<Place>,
}

async fn prepare(look: &Look, earlier: &[Arc<Observation>], world: &World) -> Result<Visit, Stop> {
    let Some(held) = world.wallet.held(&look.account) else {
        let words = format!("there is no token for the account {}", look.account);
        return Err(look.stop(Stage::Credential, Kind::Missing, line::shorten(&words, line::MOST_WORDS)));
    };
    let user = look.user(&held).to_owned();
    let presented = Presentation::new(&user, &held.token).ok_or_else(|| {
        look.stop(Stage::Credential, Kind::Gibberish, "the token or its user holds characters that no token has")
    })?;
    let way = way(look)?;
    let (road, address, turned) = address(&way, earlier, &world.network).await?;
    let places = turn(look, &user, world).await?;
    Ok(Visit { user, presented, held, way, road, address, turned, _places: places })
}

fn way(look: &Look) -> Result<tcp::Look, Stop> {
    let service = match look.protocol {
        Protocol::Smtp => Service::Smtp,
        Protocol::Imap => Service::Imap,
        Protocol::Pop3 => Service::Pop3,
        other => return Err(look.stop(Stage::Connect, Kind::OwnFault, format!("{} opens no mailbox", other.name()))),
    };
    let (host, port) = (look.host.clone(), look.port);
    Ok(tcp::Look { host, port, service, depth: Depth::Service, public_issuers: Vec::new() })
}

/// The road and the address, and whether `--connect-to` has named it: what the look at this service found well, or what
/// the name resolves to.
async fn address(
    way: &tcp::Look,
    earlier: &[Arc<Observation>],
    network: &Network,
) -> Result<(String, SocketAddr, bool), Stop> {
    let subject = format!("{}:{}", way.host, way.port);
    let service = earlier.iter().find(|seen| !seen.paths.is_empty() && seen.subject.eq_ignore_ascii_case(&subject));
    if let Some(service) = service {
        let well = service.paths.iter().find(|path| path.stop.is_none()).unwrap_or(&service.paths[0]);
        let turned = network.roads.turned(&way.host, way.port).is_some();
        return Ok((service.road.clone(), well.address, turned));
    }
    let name = earlier.iter().find(|seen| seen.probe == "dns" && seen.subject.eq_ignore_ascii_case(&way.host));
    let places = tcp::places(way, name.map(AsRef::as_ref), network).await?;
    let (used, _) = tcp::by_family(&places, network);
    let address = used.first().or(places.addresses.first()).copied();
    let address = address.ok_or_else(|| Stop::new(Protocol::Dns, Stage::Lookup, Kind::NoAddress, "no address"))?;
    Ok((places.road, address, places.turned))
}

/// Waits for a turn: first among the sign-ins of one sender, then among those at the host. Always in this order, so that
/// no two wait for each other.
async fn turn(look: &Look, user: &str, world: &World) -> Result<Vec<Place>, Stop> {
    let sender = format!("smtp {}", user.to_lowercase());
    let host = format!("{}:{}", look.host.to_lowercase(), look.port);
    let wanted = [(look.protocol == Protocol::Smtp, sender, MOST_PER_SENDER), (true, host, MOST_PER_HOST)];
    let mut places = Vec::new();
    for (_, key, most) in wanted.iter().filter(|(counts, ..)| *counts) {
        let place = world.limits.take(key, *most, &world.network.limits).await;
        places.push(place.map_err(|halt| look.stop(Stage::Connect, halt.kind, halt.words))?);
    }
    Ok(places)
}

async fn path(look: &Look, visit: &Visit, world: &World) -> Path {
    let mut path = tcp::begun(visit.address);
    let mut transcript = Transcript::new();
    path.stop = walk(look, visit, &world.network, &mut path, &mut transcript).await.err();
    if let Some(stop) = &path.stop {
        transcript.note(Mark::Remark, &format!("stopped: {}", stop.words));
    }
    if path.stop.is_some() || world.keep_transcripts {
        path.transcript = transcript.into_lines();
    } else {
        path.facts = results(look, &path.facts);
    }
    path
}

fn results(look: &Look, facts: &Facts) -> Facts {
    let mut kept = Facts::default();
    for name in RESULTS.map(|name| look.fact(name)) {
        if let Some(value) = facts.get(&name) {
            kept.set(&name, value.clone());
        }
    }
    kept
}

async fn walk(
    look: &Look,
    visit: &Visit,
    network: &Network,
    path: &mut Path,
    transcript: &mut Transcript,
) -> Result<(), Stop> {
    let stream = tcp::connect(visit.turned, network, path, transcript).await?;
    let stream = tcp::before_tls(&visit.way, stream, network, path, transcript).await?;
    let stream = tcp::encrypt(&visit.way, stream, network, path, transcript).await?; // an untrusted server ends it here
    let mut session = Session::new(stream, network.limits.clone(), mem::take(transcript)).inside_tls();
    let went = speak(look, visit, &mut session, path).await;
    let (stream, said) = session.into_parts();
    *transcript = said;
    tcp::farewell(stream);
    went
}

async fn speak(look: &Look, visit: &Visit, session: &mut Session, path: &mut Path) -> Result<(), Stop> {
    session.hide(&visit.held.token);
    path.facts.set(&look.fact("signed_in_as"), visit.user.clone());
    let went = enter(look, visit, session, path).await;
    let listens = went.as_ref().err().is_none_or(|stop| matches!(stop.kind, Kind::Rejected | Kind::NotOffered));
    match look.protocol {
        _ if !listens => {}
        Protocol::Smtp => smtp::leave(session).await,
        Protocol::Imap => imap::leave(session).await,
        _ => pop3::leave(session).await,
    }
    went
}

async fn enter(look: &Look, visit: &Visit, session: &mut Session, path: &mut Path) -> Result<(), Stop> {
    let (presented, facts, steps) = (&visit.presented, &mut path.facts, &mut path.steps);
    match look.protocol {
        Protocol::Smtp => {
            smtp::sign_in(session, presented, facts, steps).await?;
            smtp::open(session, &look.mailbox, facts, steps).await
        }
        Protocol::Imap => {
            imap::sign_in(session, presented, facts, steps).await?;
            imap::open(session, facts, steps).await
        }
        _ => {
            pop3::sign_in(session, presented, facts, steps).await?;
            pop3::open(session, facts, steps).await
        }
    }
}

/// A server's challenge in words, without the token if it should stand in it.
pub(super) fn challenge(session: &mut Session, coded: &str) -> Option<String> {
    let words = session.covered(&xoauth2::challenge(coded)?);
    session.note(&format!("the challenge says: {words}"));
    Some(words)
}

/// The refusal to the letter, and behind it what the challenge had said.
pub(super) fn with_challenge(stop: Stop, challenge: Option<String>) -> Stop {
    let Some(challenge) = challenge else { return stop };
    let words = line::shorten(&format!("{} (challenge: {challenge})", stop.words), line::MOST_WORDS);
    Stop { words, ..stop }
}
