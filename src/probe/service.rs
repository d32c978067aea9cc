//! A service on a port: every address at once, one connection each, as deep as the plan asks.
//!
//! The connection passes TCP, then TLS (for SMTP behind STARTTLS), then the service's own words. Each layer writes its
//! facts down; the first that cannot go on writes the [`Failure`] and ends the path.

use std::{net::SocketAddr, time::Instant};

use futures_util::future::join_all;

use super::{
    Earlier, FactGroup, Probe, ProbeContext, ServiceTouch, Touch,
    connection::{self, Ready, farewell},
    dns, https, smtp, tcp, tls,
};
use crate::{
    evidence::{
        Attempt, Direction, Failure, FailureKind, Observation, ProbeKey, Protocol, Route, Stage, Subject, Transcript,
    },
    net::{
        Halt, Network, Proxy, RouteChoice,
        address::AddressClass,
        reach::{self, Addresses, MOST_ADDRESSES},
        session::{Session, Stream},
        tls::{HandshakeInfo, hello},
    },
};

/// A look at a service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ServiceProbe {
    /// The name, as it stands in the certificate.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is spoken there.
    pub service: Service,
    /// How deep to look.
    pub depth: Depth,
    /// True when its addresses come from the lookup of its name, and not from a rule or a proxy.
    pub looks_up: bool,
    /// Which route is taken, where there are two.
    pub way: RouteChoice,
    /// True when a sign-in goes on from the connection to the first good address: it is kept open.
    pub hands_over: bool,
    /// How often the first address is connected to once more, up to the certificate, for Java's trust stores: login hosts
    /// take turns with their chains.
    pub again: usize,
    /// Organisations that issue certificates to the public; an issuer outside this list is an inspecting device.
    pub public_issuers: Vec<String>,
}

impl Probe for ServiceProbe {
    const NAME: &str = "service";
    /// The words of the mail protocols are declared by the sign-in, which shares them.
    const FACTS: &[FactGroup] = &[("tcp", tcp::FACTS), ("tls", tls::FACTS), ("https", https::FACTS)];

    fn subject(&self) -> Subject {
        Subject::endpoint(&self.host, self.port)
    }

    fn variant(&self) -> &'static str {
        match self.way {
            RouteChoice::InForce => "",
            RouteChoice::Beside => "beside",
        }
    }

    fn deepest(&self) -> &'static str {
        match self.depth {
            Depth::Tcp => "tcp",
            Depth::Tls => "tls",
            Depth::Service => self.service.name(),
        }
    }

    fn needs(&self) -> Vec<ProbeKey> {
        if self.looks_up { vec![dns::key(&self.host)] } else { Vec::new() }
    }

    fn touches(&self) -> Vec<Touch> {
        let spoken = match (self.depth, &self.service) {
            (Depth::Tls, Service::Smtp) => Service::Smtp.name(), // STARTTLS is a word of SMTP
            _ => self.deepest(),
        };
        let web = matches!(self.service, Service::Https(_)).then_some(self.way);
        vec![Touch::Service(ServiceTouch {
            web,
            repeats: self.again,
            ..ServiceTouch::new(&self.host, self.port, spoken)
        })]
    }

    async fn observe(&self, earlier: &Earlier, context: &ProbeContext) -> Observation {
        let (observation, ready) = look_at(self, earlier.get(&dns::key(&self.host)), &context.network).await;
        if let Some(ready) = ready {
            context.connections.keep(self.key(), ready);
        }
        observation
    }
}

/// The key of the probe of a service on the route in force.
#[must_use]
pub fn key(host: &str, port: u16) -> ProbeKey {
    ProbeKey::new(ServiceProbe::NAME, Subject::endpoint(host, port), "")
}

/// A group of facts that a service shows.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    /// Its name, as checks write it.
    pub name: &'static str,
    /// How deep one must look for it.
    pub depth: Depth,
    /// Over which protocol; none where any will do.
    pub protocol: Option<Protocol>,
}

/// The groups of facts that a service shows.
pub const LAYERS: &[Layer] = &[
    Layer { name: "tcp", depth: Depth::Tcp, protocol: None },
    Layer { name: "tls", depth: Depth::Tls, protocol: Some(Protocol::Https) },
    Layer { name: "https", depth: Depth::Service, protocol: Some(Protocol::Https) },
    Layer { name: "smtp", depth: Depth::Service, protocol: Some(Protocol::Smtp) },
    Layer { name: "imap", depth: Depth::Service, protocol: Some(Protocol::Imap) },
    Layer { name: "pop3", depth: Depth::Service, protocol: Some(Protocol::Pop3) },
];

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

impl Service {
    /// What is spoken over this protocol; over all that is not mail, this is asked over HTTP.
    #[must_use]
    pub fn over(protocol: Option<Protocol>, ask: Option<&https::Ask>) -> Self {
        match protocol {
            Some(Protocol::Smtp) => Self::Smtp,
            Some(Protocol::Imap) => Self::Imap,
            Some(Protocol::Pop3) => Self::Pop3,
            _ => Self::Https(ask.cloned().unwrap_or_else(|| https::Ask::Answer { path: "/".to_owned() })),
        }
    }

    /// The protocol.
    #[must_use]
    pub fn protocol(&self) -> Protocol {
        match self {
            Self::Https(_) => Protocol::Https,
            Self::Smtp => Protocol::Smtp,
            Self::Imap => Protocol::Imap,
            Self::Pop3 => Protocol::Pop3,
        }
    }

    /// Its name in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.protocol().name()
    }
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
pub async fn observe(look: &ServiceProbe, earlier: Option<&Observation>, network: &Network) -> Observation {
    let (observation, ready) = look_at(look, earlier, network).await;
    if let Some(ready) = ready {
        ready.leave().await;
    }
    observation
}

/// Looks at every address, and gives the connection of the first good one, where a sign-in goes on from there.
async fn look_at(
    look: &ServiceProbe,
    earlier: Option<&Observation>,
    network: &Network,
) -> (Observation, Option<Ready>) {
    let began = Instant::now();
    let proxy = proxied(look, network);
    let mut observation = Observation {
        beside: look.way == RouteChoice::Beside,
        ..Observation::new(look.deepest(), look.subject(), proxy.map_or_else(Route::default, Proxy::route))
    };
    let mut ready = None;
    match Addresses::find(&look.host, look.port, proxy, earlier.map(dns::addresses), network).await {
        Ok(places) => ready = look_at_each(look, &places, network, &mut observation).await,
        Err(stop) => observation.failure = Some(stop),
    }
    observation.duration_ms = ms(began);
    (observation, ready)
}

async fn look_at_each(
    look: &ServiceProbe,
    places: &Addresses,
    network: &Network,
    observation: &mut Observation,
) -> Option<Ready> {
    observation.route.clone_from(&places.route);
    observation.transcript = left_out(places.addresses.len());
    let (used, unused) = places.by_family(network);
    observation.facts.set(tcp::UNUSED_ADDRESSES, unused);
    if let Some(firewall) = &network.firewall {
        let port = places.addresses.first().map_or(look.port, SocketAddr::port);
        observation.facts.set(tcp::SHUT_HERE, firewall.shuts(port));
    }
    let again = |at: usize| if at == 0 { look.again } else { 0 };
    let each = used.iter().take(MOST_ADDRESSES).enumerate();
    let seen = join_all(each.map(|(at, address)| attempt(look, *address, again(at), places, network))).await;
    let mut kept: Option<Ready> = None;
    for (attempt, ready) in seen {
        observation.attempts.push(attempt);
        let Some(ready) = ready else { continue };
        let is_better = kept.as_ref().is_none_or(|kept| !kept.takes_token() && ready.takes_token());
        let left = if is_better { kept.replace(ready) } else { Some(ready) };
        if let Some(left) = left {
            left.leave().await;
        }
    }
    kept
}

/// Web services go through the proxy, where there is one and nothing else is ordered.
fn proxied<'n>(look: &ServiceProbe, network: &'n Network) -> Option<&'n Proxy> {
    let is_web = matches!(look.service, Service::Https(_));
    network.overrides.proxy_on(look.way, &look.host, look.port).filter(|_| is_web)
}

fn left_out(count: usize) -> Transcript {
    let mut transcript = Transcript::new();
    if count > MOST_ADDRESSES {
        transcript.note(Direction::Remark, &format!("{} more addresses were not tried", count - MOST_ADDRESSES));
    }
    transcript
}

/// One connection to one address, and so many more that only see which certificate is shown.
async fn attempt(
    look: &ServiceProbe,
    address: SocketAddr,
    again: usize,
    places: &Addresses,
    network: &Network,
) -> (Attempt, Option<Ready>) {
    let mut attempt = Attempt::new(address);
    if look.looks_up {
        attempt.set(tcp::ADDRESS_CLASS, AddressClass::of(address.ip()).name());
    }
    let ready = walk(look, places, network, &mut attempt).await.unwrap_or_else(|stop| {
        attempt.end(stop);
        None
    });
    if attempt.facts.get(tls::JAVA_TRUSTED).is_some() {
        for _ in 0..again {
            look_at_chain(look, places, network, &mut attempt).await;
        }
    }
    (attempt, ready)
}

async fn walk(
    look: &ServiceProbe,
    places: &Addresses,
    network: &Network,
    attempt: &mut Attempt,
) -> Result<Option<Ready>, Failure> {
    let stream = connect(look, places, network, attempt).await?;
    if look.depth == Depth::Tcp {
        return Ok(None);
    }
    let stream = before_tls(look, stream, network, attempt).await?;
    let alpn: &[&[u8]] = if matches!(look.service, Service::Https(_)) { &[b"http/1.1"] } else { &[] };
    let handshake = Box::pin(network.trust.handshake(stream, &look.host, alpn, &network.limits));
    let stream = match encrypt(look, handshake, network, attempt).await {
        Ok(stream) => stream,
        Err(failure) => return Err(unless_beyond_us(failure, look, places, network, attempt).await),
    };
    if look.depth == Depth::Tls {
        farewell(stream);
        return Ok(None);
    }
    service(look, stream, network, attempt).await
}

/// Connects. Behind a proxy the port counts as open when the proxy says so.
pub(super) async fn connect(
    look: &ServiceProbe,
    places: &Addresses,
    network: &Network,
    attempt: &mut Attempt,
) -> Result<Box<dyn Stream>, Failure> {
    attempt.set(tcp::OPEN, false);
    let stream = reach::connect(&look.host, look.port, places, network, attempt).await?;
    attempt.set(tcp::OPEN, true);
    Ok(stream)
}

/// SMTP alone has words before encryption. Its probe ends the path when bytes stand behind the STARTTLS answer, so none
/// are lost here.
pub(super) async fn before_tls(
    look: &ServiceProbe,
    stream: Box<dyn Stream>,
    network: &Network,
    attempt: &mut Attempt,
) -> Result<Box<dyn Stream>, Failure> {
    if look.service != Service::Smtp {
        return Ok(stream);
    }
    let mut session = Session::new(stream, network.limits.clone(), attempt.take());
    let went = smtp::before_tls(&mut session).await;
    let (stream, seen) = session.into_parts();
    *attempt = seen;
    went.map(|()| stream)
}

/// Asks a server that broke the handshake off what it would have chosen, over a connection of its own: what this program
/// lacks is not the server's fault.
async fn unless_beyond_us(
    failure: Failure,
    look: &ServiceProbe,
    places: &Addresses,
    network: &Network,
    attempt: &mut Attempt,
) -> Failure {
    use FailureKind::{CannotJudge, Closed, MalformedReply, Reset, TlsAlert};
    let may_be_ours = matches!(failure.kind, CannotJudge | Closed | MalformedReply | Reset | TlsAlert);
    if failure.stage != Stage::Handshake || !may_be_ours {
        return failure;
    }
    let mut other = Attempt::new(attempt.address);
    let asked = async {
        let stream = reach::connect(&look.host, look.port, places, network, &mut other).await.ok()?;
        let stream = before_tls(look, stream, network, &mut other).await.ok()?;
        hello::ask(stream, &look.host, &network.limits).await?.halt()
    };
    match asked.await {
        Some(halt) => {
            attempt.remark("once more, offering every cipher suite of TLS 1.2");
            Failure {
                kind: halt.kind,
                words: format!("{} (it ended this handshake with: {})", halt.words, failure.words),
                ..failure
            }
        }
        None => failure,
    }
}

/// Encrypts and judges: behind this, the other side is who it should be.
pub(super) async fn encrypt(
    look: &ServiceProbe,
    handshake: impl Future<Output = (HandshakeInfo, Result<Box<dyn Stream>, Halt>)>,
    network: &Network,
    attempt: &mut Attempt,
) -> Result<Box<dyn Stream>, Failure> {
    let (shown, encrypted) = reach::encrypt(handshake, attempt).await;
    tls::note_shown(&shown, &look.public_issuers, &mut attempt.facts);
    let encrypted = encrypted?;
    if let Some(verdict) = network.trust.judge_java(&shown.chain) {
        tls::note_java(verdict, &shown.chain, &mut attempt.facts);
    }
    let verdict = network.trust.judge(&shown.chain, &look.host);
    tls::note_verdict(verdict, &look.host, &mut attempt.facts)?;
    Ok(encrypted)
}

/// Connects once more, only to see which chain is shown. What fails here was told by the connection before.
async fn look_at_chain(look: &ServiceProbe, places: &Addresses, network: &Network, attempt: &mut Attempt) {
    let mut other = Attempt::new(attempt.address);
    let stream = reach::connect(&look.host, look.port, places, network, &mut other).await;
    let Ok(stream) = stream else { return attempt.remark("once more: not connected") };
    let handshake = Box::pin(network.trust.handshake(stream, &look.host, &[], &network.limits));
    let (shown, encrypted) = reach::encrypt(handshake, &mut other).await;
    if let Some(verdict) = network.trust.judge_java(&shown.chain) {
        attempt.remark("once more, to see which chain is shown");
        tls::note_java(verdict, &shown.chain, &mut attempt.facts);
    }
    if let Ok(stream) = encrypted {
        farewell(stream);
    }
}

async fn service(
    look: &ServiceProbe,
    stream: Box<dyn Stream>,
    network: &Network,
    attempt: &mut Attempt,
) -> Result<Option<Ready>, Failure> {
    if let Service::Https(ask) = &look.service {
        let place = https::Authority { host: &look.host, port: look.port };
        https::ask(ask, place, stream, &network.limits, attempt).await?;
        return Ok(None);
    }
    let protocol = look.service.protocol();
    let mut session = Session::new(stream, network.limits.clone(), attempt.take()).inside_tls();
    let offer = connection::offered(protocol, &mut session).await;
    let seen = session.attempt.clone();
    let ready = offer.map(|offer| Ready { protocol, session, offer });
    *attempt = seen;
    match ready {
        Ok(ready) if look.hands_over => Ok(Some(ready)),
        Ok(ready) => {
            *attempt = ready.leave().await;
            Ok(None)
        }
        Err(stop) => Err(stop),
    }
}

pub(super) fn ms(began: Instant) -> f64 {
    began.elapsed().as_secs_f64() * 1000.0
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "a test opens what the program then reaches")]
pub(super) mod tests {
    use std::{
        net::IpAddr,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use tokio::{
        io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufStream, copy, sink},
        net::TcpListener,
        sync::mpsc,
    };

    use super::*;
    use crate::evidence::{FailureKind, Value};
    use crate::net::{
        ConnectOverrides, ConnectTo, Family, Resolve, dns, java,
        limit::for_tests,
        tls::{
            TrustStores,
            tests::{GOOD, Papers, Recipe, acceptor, issued, issued_under, serve},
        },
    };

    /// A network of the tests: no resolver, one root, these overrides.
    pub(in crate::probe) fn network(papers: &Papers, overrides: ConnectOverrides) -> Network {
        Network {
            resolver: Arc::new(dns::Resolver::with_servers(Vec::new())),
            overrides,
            family: Family::Both,
            trust: Arc::new(TrustStores::of_roots([papers.root.clone()])),
            firewall: None,
            limits: for_tests(Duration::from_secs(20)),
        }
    }

    /// An override from `mail.test:443` to a server of the tests.
    pub(in crate::probe) fn override_to(server: SocketAddr) -> ConnectOverrides {
        let connect_to = vec![turn("mail.test", 443, server)];
        ConnectOverrides { connect_to, ..ConnectOverrides::default() }
    }

    fn turn(host: &str, port: u16, to: SocketAddr) -> ConnectTo {
        ConnectTo { host: host.to_owned(), port, to_host: to.ip().to_string(), to_port: to.port() }
    }

    pub(in crate::probe) fn look(service: Service, depth: Depth) -> ServiceProbe {
        let public_issuers = vec!["lab authority".to_owned()];
        ServiceProbe {
            host: "mail.test".to_owned(),
            port: 443,
            service,
            depth,
            looks_up: false,
            way: RouteChoice::InForce,
            hands_over: false,
            again: 0,
            public_issuers,
        }
    }

    /// A server that encrypts, and tells how much it then receives.
    async fn encrypting(papers: &Papers) -> (SocketAddr, mpsc::UnboundedReceiver<usize>) {
        let acceptor = acceptor(papers);
        let (tell, received) = mpsc::unbounded_channel();
        let server = serve(move |stream| {
            let (acceptor, tell) = (acceptor.clone(), tell.clone());
            async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                let _ = tell.send(stream.read(&mut [0; 1]).await.unwrap_or(0));
            }
        });
        (server.await, received)
    }

    async fn silent() -> SocketAddr {
        serve(|mut stream| async move {
            let _ = copy(&mut stream, &mut sink()).await;
        })
        .await
    }

    fn only(mut observation: Observation) -> Attempt {
        assert_eq!(observation.attempts.len(), 1, "{observation:?}");
        observation.attempts.remove(0)
    }

    fn fact(path: &Attempt, name: &str) -> Value {
        path.facts.value(name).unwrap_or_else(|| panic!("{name} is missing")).clone()
    }

    /// What was seen of a certificate, and how much was sent over the connection behind it.
    async fn certificate(recipe: Recipe, depth: Depth) -> (Attempt, usize) {
        let papers = issued(recipe);
        let (server, mut received) = encrypting(&papers).await;
        let ask = https::Ask::Answer { path: "/".to_owned() };
        let observation =
            observe(&look(Service::Https(ask), depth), None, &network(&papers, override_to(server))).await;
        (only(observation), received.recv().await.unwrap())
    }

    #[tokio::test]
    async fn good_certificate_has_all_its_facts() {
        let (path, sent) = certificate(GOOD, Depth::Tls).await;
        assert_eq!((&path.failure, sent), (&None, 0));
        for (name, value) in [
            ("tcp.open", true.into()),
            ("tls.version", "TLS 1.3".into()),
            ("tls.trusted", true.into()),
            ("tls.trust", "trusted".into()),
            ("tls.trust_store", "system".into()),
            ("tls.name_matches", true.into()),
            ("tls.names", vec!["mail.test".to_owned()].into()),
            ("tls.subject", "mail.test".into()),
            ("tls.issuer_organization", "Lab Authority".into()),
            ("tls.issuer_public", true.into()),
            ("tls.not_after", "2120-01-01T00:00:00Z".into()),
            ("tls.chain", vec!["mail.test".to_owned(), "Lab Middle".to_owned()].into()),
            ("tls.chain_length", Value::Int(2)),
            ("tls.self_signed", false.into()),
        ] {
            assert_eq!(fact(&path, name), value, "{name}");
        }
        let stages: Vec<Stage> = path.timings.iter().map(|step| step.name).collect();
        assert_eq!(stages, [Stage::Connect, Stage::Handshake]);
    }

    #[tokio::test]
    async fn wrong_name_and_expired_show_both_and_stop_before_a_byte_is_sent() {
        let (path, sent) = certificate(Recipe { name: "other.test", until: 2021, ..GOOD }, Depth::Service).await;
        assert_eq!(sent, 0);
        let stop = path.failure.clone().unwrap();
        assert_eq!((stop.protocol, stop.stage, stop.kind), (Protocol::Tls, Stage::Certificate, FailureKind::Expired));
        assert_eq!(fact(&path, "tls.name_matches"), false.into());
        assert_eq!(fact(&path, "tls.trust"), "expired".into());
        assert!(matches!(fact(&path, "tls.days_left"), Value::Int(days) if days < -1000));
    }

    /// What a host that shows two chains in turn is to a Java that knows the first, and how often it was connected to.
    async fn seen_by_java(again: usize) -> (Attempt, usize) {
        let (first, second) = (issued(GOOD), issued_under("Other Root", GOOD));
        let (acceptors, count) = ([acceptor(&first), acceptor(&second)], Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&count);
        let server = serve(move |stream| {
            let acceptor = acceptors[counted.fetch_add(1, Ordering::Relaxed) % 2].clone();
            async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = copy(&mut stream, &mut sink()).await;
                }
            }
        })
        .await;
        let store = java::Store {
            file: "cacerts".into(),
            format: "JKS",
            version: Some("11.0.2".to_owned()),
            roots: vec![first.root.clone()],
            unread: false,
            default_password: true,
            note: None,
        };
        let trust = TrustStores::of_roots([first.root.clone(), second.root.clone()]).with_java(vec![store]);
        let network = Network { trust: Arc::new(trust), ..network(&first, override_to(server)) };
        let look = ServiceProbe { again, ..look(Service::Imap, Depth::Tls) };
        (only(observe(&look, None, &network).await), count.load(Ordering::Relaxed))
    }

    #[tokio::test]
    async fn chain_that_is_shown_in_turn_is_seen_over_several_connections() {
        let (path, connections) = seen_by_java(0).await;
        assert_eq!((fact(&path, "tls.java_trusted"), connections), (true.into(), 1));
        let (path, connections) = seen_by_java(3).await;
        assert_eq!((fact(&path, "tls.java_trusted"), connections), (false.into(), 4));
        assert_eq!(fact(&path, "tls.trusted"), true.into(), "this host knows both");
        assert_eq!(fact(&path, "tls.java_missing_root"), vec!["Other Root".to_owned()].into());
        assert_eq!(fact(&path, "tls.java_distrusted_by"), vec!["cacerts (JKS, Java 11.0.2)".to_owned()].into());
        assert!(matches!(fact(&path, "tls.java_keytool"), Value::List(lines) if lines.len() == 1));
        assert_eq!(path.failure, None);
    }

    #[tokio::test]
    async fn wrong_name_is_a_stop_of_its_own() {
        let (path, sent) = certificate(Recipe { name: "other.test", ..GOOD }, Depth::Service).await;
        assert_eq!(sent, 0);
        assert_eq!(path.failure.as_ref().unwrap().kind, FailureKind::WrongName);
        assert_eq!(fact(&path, "tls.trusted"), true.into());
    }

    #[tokio::test]
    async fn every_address_has_a_path_in_order_and_one_failing_is_seen() {
        let papers = issued(GOOD);
        let (good, _) = encrypting(&papers).await;
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let addresses: [IpAddr; 3] = [[192, 0, 2, 1].into(), [192, 0, 2, 2].into(), [192, 0, 2, 3].into()];
        let overrides = ConnectOverrides {
            resolve: vec![Resolve { host: "mail.test".to_owned(), port: 443, addresses: addresses.to_vec() }],
            connect_to: vec![turn("192.0.2.1", 443, good), turn("192.0.2.2", 443, closed)],
            only_mapped: true,
            proxy: None,
        };
        let observation = observe(&look(Service::Imap, Depth::Tls), None, &network(&papers, overrides)).await;
        let kinds: Vec<_> =
            observation.attempts.iter().map(|path| path.failure.as_ref().map(|stop| stop.kind)).collect();
        assert_eq!(kinds, [None, Some(FailureKind::Refused), Some(FailureKind::Unreachable)]);
        let asked: Vec<IpAddr> = observation.attempts.iter().map(|path| path.address.ip()).collect();
        assert_eq!(asked, addresses);
        assert_eq!(observation.attempts[0].dialled, Some(good));
        assert_eq!(observation.route.to_string(), "resolve 192.0.2.1, 192.0.2.2, 192.0.2.3");
        assert_eq!((observation.probe.as_str(), observation.subject.as_str()), ("tls", "mail.test:443"));
    }

    #[tokio::test]
    async fn addresses_come_from_the_earlier_look() {
        let papers = issued(GOOD);
        let mut network = network(&papers, ConnectOverrides { only_mapped: true, ..ConnectOverrides::default() });
        let mut earlier = observe(&look(Service::Imap, Depth::Tcp), None, &network).await;
        earlier.failure = None;
        earlier.facts.put("dns.addresses", vec!["192.0.2.7".to_owned(), "2001:db8::7".to_owned()]);
        let count = async |network: &Network| {
            observe(&look(Service::Imap, Depth::Tcp), Some(&earlier), network).await.attempts.len()
        };
        assert_eq!(count(&network).await, 2);
        network.family = Family::V4;
        assert_eq!(count(&network).await, 1);
    }

    #[tokio::test]
    async fn failed_lookup_is_the_stop_of_the_look() {
        let network = network(&issued(GOOD), ConnectOverrides::default());
        let earlier = observe(&look(Service::Imap, Depth::Tcp), None, &network).await;
        assert_eq!(earlier.failure.as_ref().unwrap().protocol, Protocol::Dns);
        let later = observe(&look(Service::Imap, Depth::Tls), Some(&earlier), &network).await;
        assert_eq!(later.failure, earlier.failure);
        assert!(later.attempts.is_empty());
    }

    #[tokio::test]
    async fn more_addresses_than_are_tried_are_counted() {
        let addresses = (0..40).map(|last| IpAddr::from([192, 0, 2, last])).collect();
        let overrides = ConnectOverrides {
            resolve: vec![Resolve { host: "mail.test".to_owned(), port: 443, addresses }],
            only_mapped: true,
            ..ConnectOverrides::default()
        };
        let observation = observe(&look(Service::Imap, Depth::Tcp), None, &network(&issued(GOOD), overrides)).await;
        assert_eq!(observation.attempts.len(), MOST_ADDRESSES);
        assert!(observation.transcript[0].text.starts_with("8 more"), "{:?}", observation.transcript);
    }

    #[tokio::test]
    async fn silence_on_the_tls_port() {
        let mut network = network(&issued(GOOD), override_to(silent().await));
        network.limits = for_tests(Duration::from_millis(50));
        let path = only(observe(&look(Service::Imap, Depth::Tls), None, &network).await);
        let stop = path.failure.as_ref().unwrap();
        assert_eq!((stop.stage, stop.kind), (Stage::Handshake, FailureKind::TimedOut));
        assert_eq!(fact(&path, "tcp.open"), true.into());
    }

    /// A mail server that says `starttls` when it is asked to encrypt, and inside TLS offers XOAUTH2.
    async fn submission(papers: &Papers, starttls: &'static str) -> SocketAddr {
        let acceptor = acceptor(papers);
        serve(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                let mut plain = BufStream::new(stream);
                say(&mut plain, "220 mail.test ready\r\n").await;
                hear(&mut plain, "EHLO").await;
                say(&mut plain, "250-mail.test\r\n250 STARTTLS\r\n").await;
                hear(&mut plain, "STARTTLS").await;
                say(&mut plain, starttls).await;
                let Ok(encrypted) = acceptor.accept(plain.into_inner()).await else { return };
                let mut encrypted = BufStream::new(encrypted);
                hear(&mut encrypted, "EHLO").await;
                say(&mut encrypted, "250-mail.test\r\n250 AUTH LOGIN XOAUTH2\r\n").await;
                hear(&mut encrypted, "QUIT").await;
            }
        })
        .await
    }

    async fn say(stream: &mut (impl AsyncWrite + Unpin), text: &str) {
        stream.write_all(text.as_bytes()).await.unwrap();
        stream.flush().await.unwrap();
    }

    async fn hear(stream: &mut (impl AsyncBufRead + Unpin), verb: &str) {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        assert!(line.starts_with(verb), "{line}");
    }

    #[tokio::test]
    async fn smtp_is_encrypted_on_the_same_connection() {
        let papers = issued(GOOD);
        let network = network(&papers, override_to(submission(&papers, "220 go ahead\r\n").await));
        let observation = observe(&look(Service::Smtp, Depth::Service), None, &network).await;
        assert_eq!(observation.probe, "smtp");
        let path = only(observation);
        assert_eq!(path.failure, None);
        assert_eq!(fact(&path, "smtp.xoauth2_offered"), true.into());
        assert_eq!(fact(&path, "tls.trusted"), true.into());
        let stages: Vec<Stage> = path.timings.iter().map(|step| step.name).collect();
        let walked =
            [Stage::Connect, Stage::Greeting, Stage::Ehlo, Stage::Starttls, Stage::Handshake, Stage::Capabilities];
        assert_eq!(stages, walked);
        let marks = |mark| path.transcript.iter().filter(|line| line.direction == mark).count();
        assert_eq!((marks(Direction::Sent), marks(Direction::SentInTls), marks(Direction::Remark)), (2, 2, 2));
    }

    #[tokio::test]
    async fn bytes_behind_the_starttls_answer_end_the_path() {
        let papers = issued(GOOD);
        let server = submission(&papers, "220 go ahead\r\n250 AUTH XOAUTH2\r\n").await;
        let path =
            only(observe(&look(Service::Smtp, Depth::Service), None, &network(&papers, override_to(server))).await);
        assert_eq!(path.failure.as_ref().unwrap().kind, FailureKind::StarttlsInjection);
        assert_eq!(path.facts.value("tls.version"), None);
    }

    #[tokio::test]
    async fn starttls_refused() {
        let papers = issued(GOOD);
        let server = submission(&papers, "454 4.7.0 TLS not available\r\n").await;
        let path = only(observe(&look(Service::Smtp, Depth::Tls), None, &network(&papers, override_to(server))).await);
        let stop = path.failure.as_ref().unwrap();
        assert_eq!((stop.kind, stop.code, stop.enhanced.as_deref()), (FailureKind::Rejected, Some(454), Some("4.7.0")));
    }

    #[tokio::test]
    async fn mail_in_plain_text_on_the_tls_port() {
        let server = serve(|mut stream| async move {
            say(&mut stream, "* OK IMAP4 ready\r\n").await;
            let _ = copy(&mut stream, &mut sink()).await;
        })
        .await;
        let network = network(&issued(GOOD), override_to(server));
        let path = only(observe(&look(Service::Imap, Depth::Service), None, &network).await);
        let stop = path.failure.unwrap();
        assert_eq!((stop.kind, stop.words.as_str()), (FailureKind::UnexpectedPlaintext, "* OK IMAP4 ready"));
    }
}
