//! A service on a port: every address at once, one connection each, as deep as the plan asks.
//!
//! The connection passes TCP, then TLS (for SMTP behind STARTTLS), then the service's own words. Each layer writes its
//! facts down; the first that cannot go on writes the [`Stop`](crate::seen::Stop) and ends the path.

use std::{
    mem,
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use futures_util::{FutureExt, future::join_all};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{Fact, Shape, fact, https, imap, pop3, smtp, tls};
use crate::{
    net::{
        Halt, Network, dial,
        session::{Session, Stream, Transcript},
    },
    seen::{Facts, Kind, Line, Mark, Observation, Path, Protocol, Stage, Step, Stop, Value},
};

/// Addresses of one name beyond these are counted and not tried.
const MOST_PATHS: usize = 32;

/// What opening a connection can measure.
pub const FACTS: &[Fact] = &[
    fact("tcp.open", Shape::Bool, "connection opened"),
    fact("tcp.family_unused", Shape::Bool, "this host has no road for this address family"),
];

/// A look at a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// The name, as it stands in the certificate.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is spoken there.
    pub service: Service,
    /// How deep to look.
    pub depth: Depth,
    /// Organisations that issue certificates to the public; an issuer outside this list is an inspecting device.
    pub public_issuers: Vec<String>,
}

/// What is spoken on a port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// TLS from the first byte, then HTTP.
    Https(super::https::Ask),
    /// SMTP in plain text, then STARTTLS.
    Smtp,
    /// TLS from the first byte, then IMAP.
    Imap,
    /// TLS from the first byte, then POP3.
    Pop3,
}

/// How deep a look goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// The connection only.
    Tcp,
    /// Up to the certificate.
    Tls,
    /// Up to the service's capabilities or answer.
    Service,
}

/// Looks at every address of the name at once.
pub async fn observe(look: &Look, earlier: Option<&Observation>, network: &Network) -> Observation {
    let began = Instant::now();
    let mut observation = Observation {
        probe: probe(look).to_owned(),
        subject: format!("{}:{}", look.host, look.port),
        road: "direct".to_owned(),
        facts: Facts::default(),
        stop: None,
        paths: Vec::new(),
        transcript: Vec::new(),
        steps: Vec::new(),
        duration_ms: 0.0,
    };
    match places(look, earlier, network).await {
        Ok(places) => {
            observation.road = places.road;
            observation.transcript = left_out(places.addresses.len());
            let paths = places.addresses.iter().take(MOST_PATHS);
            let paths = paths.map(|address| path(look, *address, places.turned, network));
            observation.paths = join_all(paths).await;
        }
        Err(stop) => observation.stop = Some(stop),
    }
    observation.duration_ms = ms(began);
    observation
}

fn probe(look: &Look) -> &'static str {
    match (look.depth, &look.service) {
        (Depth::Tcp, _) => "tcp",
        (Depth::Tls, _) => "tls",
        (Depth::Service, Service::Https(_)) => "https",
        (Depth::Service, Service::Smtp) => "smtp",
        (Depth::Service, Service::Imap) => "imap",
        (Depth::Service, Service::Pop3) => "pop3",
    }
}

/// Where a look goes.
struct Places {
    road: String,
    addresses: Vec<SocketAddr>,
    /// True when `--connect-to` has named these already: no rule is applied to them again.
    turned: bool,
}

async fn places(look: &Look, earlier: Option<&Observation>, network: &Network) -> Result<Places, Stop> {
    if let Some(rule) = network.roads.turned(&look.host, look.port) {
        let addresses = looked_up(&rule.to_host, network).await?;
        let road = format!("connect-to {}:{}", rule.to_host, rule.to_port);
        return Ok(Places { road, addresses: with_port(&addresses, rule.to_port), turned: true });
    }
    let (road, addresses) = match (network.roads.resolved(&look.host, look.port), earlier) {
        (Some(given), _) => (format!("resolve {}", spoken(given)), wanted(given.to_vec(), network)?),
        (None, Some(earlier)) => ("direct".to_owned(), seen_earlier(earlier, network)?),
        (None, None) => ("direct".to_owned(), looked_up(&look.host, network).await?),
    };
    Ok(Places { road, addresses: with_port(&addresses, look.port), turned: false })
}

fn seen_earlier(earlier: &Observation, network: &Network) -> Result<Vec<IpAddr>, Stop> {
    if let Some(stop) = &earlier.stop {
        return Err(stop.clone());
    }
    let Some(Value::List(addresses)) = earlier.facts.get("dns.addresses") else {
        return wanted(Vec::new(), network);
    };
    wanted(addresses.iter().filter_map(|address| address.parse().ok()).collect(), network)
}

async fn looked_up(host: &str, network: &Network) -> Result<Vec<IpAddr>, Stop> {
    let lookup = network.resolver.lookup(host, network.family, &network.limits).await;
    lookup.addresses.map_err(|halt| Stop::new(Protocol::Dns, Stage::Lookup, halt.kind, halt.words))
}

fn wanted(addresses: Vec<IpAddr>, network: &Network) -> Result<Vec<IpAddr>, Stop> {
    let addresses: Vec<IpAddr> = addresses.into_iter().filter(|address| network.family.takes(*address)).collect();
    if addresses.is_empty() {
        let words = "no address of the family that is asked for";
        return Err(Stop::new(Protocol::Dns, Stage::Lookup, Kind::NoAddress, words));
    }
    Ok(addresses)
}

fn with_port(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()
}

fn spoken(addresses: &[IpAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn left_out(count: usize) -> Vec<Line> {
    let mut transcript = Transcript::new();
    if count > MOST_PATHS {
        transcript.note(Mark::Remark, &format!("{} more addresses were not tried", count - MOST_PATHS));
    }
    transcript.into_lines()
}

/// One connection to one address.
async fn path(look: &Look, address: SocketAddr, turned: bool, network: &Network) -> Path {
    let mut path = Path {
        address,
        dialled: None,
        source: None,
        facts: Facts::default(),
        stop: None,
        transcript: Vec::new(),
        steps: Vec::new(),
    };
    let mut transcript = Transcript::new();
    path.stop = walk(look, turned, network, &mut path, &mut transcript).await.err();
    if let Some(stop) = &path.stop {
        transcript.note(Mark::Remark, &format!("stopped: {}", stop.words));
    }
    path.transcript = transcript.into_lines();
    path
}

async fn walk(
    look: &Look,
    turned: bool,
    network: &Network,
    path: &mut Path,
    transcript: &mut Transcript,
) -> Result<(), Stop> {
    let stream = connect(turned, network, path, transcript).await?;
    if look.depth == Depth::Tcp {
        return Ok(());
    }
    let stream = before_tls(look, stream, network, path, transcript).await?;
    let stream = encrypt(look, stream, network, path, transcript).await?;
    if look.depth == Depth::Tls {
        farewell(stream);
        return Ok(());
    }
    service(look, stream, network, path, transcript).await
}

async fn connect(
    turned: bool,
    network: &Network,
    path: &mut Path,
    transcript: &mut Transcript,
) -> Result<TcpStream, Stop> {
    let tcp = |halt: Halt| Stop::new(Protocol::Tcp, Stage::Connect, halt.kind, halt.words);
    path.facts.set("tcp.open", false);
    let to = if turned { Some(path.address) } else { network.roads.dialled(path.address) };
    let to = to.ok_or_else(|| tcp(Halt::new(Kind::Unreachable, "not an address of the lab")))?;
    path.dialled = Some(to).filter(|to| *to != path.address);
    path.source = dial::source_address(to).map(|source| source.to_string());
    path.facts.set("tcp.family_unused", path.source.is_none());
    if path.source.is_none() {
        let family = if to.is_ipv4() { "IPv4" } else { "IPv6" };
        return Err(tcp(Halt::new(Kind::Unreachable, format!("this host has no road for {family}"))));
    }
    let opened = timed(&mut path.steps, Stage::Connect, dial::open(to, &network.limits)).await.map_err(tcp)?;
    path.facts.set("tcp.open", true);
    transcript.note(Mark::Remark, &format!("connected to {to}"));
    Ok(opened)
}

/// SMTP alone has words before encryption.
async fn before_tls(
    look: &Look,
    stream: TcpStream,
    network: &Network,
    path: &mut Path,
    transcript: &mut Transcript,
) -> Result<Box<dyn Stream>, Stop> {
    if look.service != Service::Smtp {
        return Ok(Box::new(stream));
    }
    let mut session =
        Session::new(Box::new(stream), network.limits.clone(), mem::replace(transcript, Transcript::new()));
    let went = smtp::before_tls(&mut session, &mut path.facts, &mut path.steps).await;
    let went = went.and_then(|()| nothing_unread(&session));
    let (stream, said) = session.into_parts();
    *transcript = said;
    went.map(|()| stream)
}

/// Bytes behind the STARTTLS answer would be read as if they had come encrypted (CVE-2011-0411).
fn nothing_unread(session: &Session) -> Result<(), Stop> {
    if session.unread().is_empty() {
        return Ok(());
    }
    Err(Stop::new(Protocol::Smtp, Stage::Starttls, Kind::Injected, "bytes came behind the STARTTLS answer"))
}

/// Encrypts and judges: behind this, the other side is who it should be.
async fn encrypt(
    look: &Look,
    stream: Box<dyn Stream>,
    network: &Network,
    path: &mut Path,
    transcript: &mut Transcript,
) -> Result<Box<dyn Stream>, Stop> {
    let alpn: &[&[u8]] = if matches!(look.service, Service::Https(_)) { &[b"http/1.1"] } else { &[] };
    let handshake = network.trust.handshake(stream, &look.host, alpn, &network.limits);
    let (shown, encrypted) = timed(&mut path.steps, Stage::Handshake, handshake).await;
    tls::note_shown(&shown, &look.public_issuers, &mut path.facts);
    let encrypted = encrypted.map_err(|halt| tls::stop(Stage::Handshake, halt))?;
    let (version, cipher) = (shown.version.unwrap_or_default(), shown.cipher.unwrap_or_default());
    transcript.note(Mark::Remark, &format!("encrypted: {version}, {cipher}"));
    if shown.certificate_wanted {
        transcript.note(Mark::Remark, "the server asked for a client certificate; none was sent");
    }
    let verdict = network.trust.judge(&shown.chain, &look.host);
    tls::note_verdict(verdict, &look.host, &mut path.facts)?;
    Ok(encrypted)
}

async fn service(
    look: &Look,
    stream: Box<dyn Stream>,
    network: &Network,
    path: &mut Path,
    transcript: &mut Transcript,
) -> Result<(), Stop> {
    if let Service::Https(ask) = &look.service {
        let place = https::Place { host: &look.host, port: look.port };
        let asked = https::ask(ask, place, stream, &network.limits, &mut path.facts, transcript);
        return timed(&mut path.steps, Stage::Request, asked).await;
    }
    let mut session = Session::new(stream, network.limits.clone(), mem::replace(transcript, Transcript::new()));
    let (facts, steps) = (&mut path.facts, &mut path.steps);
    let went = match &look.service {
        Service::Smtp => smtp::capabilities(&mut session, facts, steps).await,
        Service::Imap => imap::capabilities(&mut session, facts, steps).await,
        Service::Pop3 => pop3::capabilities(&mut session, facts, steps).await,
        Service::Https(_) => unreachable!("asked above"),
    };
    let (stream, said) = session.into_parts();
    *transcript = said;
    farewell(stream);
    went
}

/// Says that nothing more will come, if that can be said without waiting.
fn farewell(mut stream: Box<dyn Stream>) {
    let _ = stream.shutdown().now_or_never();
}

async fn timed<T>(steps: &mut Vec<Step>, name: Stage, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    steps.push(Step { name, ms: ms(began) });
    done
}

fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}
