//! The way to a service: where its connections go, the tunnel through a proxy, encryption. Every look that connects
//! comes through here, so that each address, its times and its stop are written down alike.
//!
//! In: a host, a port, the network as the user wants it used. Out: [`Addresses`], and for each address a [`Attempt`] with a
//! stream, or the stop of the layer that said no. What a certificate shows is for the looks in `probe` to tell.

use std::{
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use tokio::net::TcpStream;

use super::{Halt, Network, Proxy, dial, proxy, session::Stream, tls::HandshakeInfo};
use crate::evidence::{Attempt, Failure, FailureKind, Protocol, Route, Stage, Timing};

/// Addresses of one name beyond these are not tried.
pub const MOST_ADDRESSES: usize = 32;

/// Where the connections to a service go.
#[derive(Debug)]
pub struct Addresses {
    /// How they are reached.
    pub route: Route,
    /// The addresses: the service's own, or the proxy's.
    pub addresses: Vec<SocketAddr>,
    /// True when these are dialled as they are, and no rule is applied to them again.
    pub turned: bool,
    /// The proxy whose addresses these are.
    pub proxy: Option<Proxy>,
}

impl Addresses {
    /// Where the connections to a name and port go: by a rule, through this proxy, or direct. `known` are the
    /// addresses of the name, where it was looked up before.
    ///
    /// # Errors
    /// The stop of the name lookup, or that there is no address of a family that is asked for.
    pub async fn find(
        host: &str,
        port: u16,
        proxy: Option<&Proxy>,
        known: Option<Result<Vec<IpAddr>, Failure>>,
        network: &Network,
    ) -> Result<Self, Failure> {
        if let Some(rule) = network.overrides.turned(host, port) {
            let addresses = looked_up(&rule.to_host, network).await?;
            let route = Route::ConnectTo { host: rule.to_host.clone(), port: rule.to_port };
            return Ok(Self { route, addresses: with_port(&addresses, rule.to_port), turned: true, proxy: None });
        }
        if let Some(proxy) = proxy {
            return Self::through(proxy, network).await;
        }
        let (route, addresses) = match (network.overrides.resolved(host, port), known) {
            (Some(given), _) => (Route::Resolve { addresses: given.to_vec() }, wanted(given.to_vec(), network)?),
            (None, Some(known)) => (Route::Direct, wanted(known?, network)?),
            (None, None) => (Route::Direct, looked_up(host, network).await?),
        };
        Ok(Self { route, addresses: with_port(&addresses, port), turned: false, proxy: None })
    }

    async fn through(proxy: &Proxy, network: &Network) -> Result<Self, Failure> {
        let lookup = network.resolver.lookup(&proxy.host, network.family, &network.limits).await;
        let addresses = lookup.addresses.map_err(|halt| proxy.not_found(&halt))?;
        Ok(Self {
            route: proxy.route(),
            addresses: with_port(&addresses, proxy.port),
            turned: false,
            proxy: Some(proxy.clone()),
        })
    }

    /// The addresses that are dialled, and those of a family that this host does not use at all: a server without IPv6
    /// is none the worse for an AAAA record. When no family has a route, all are dialled and say so.
    #[must_use]
    pub fn by_family(&self, network: &Network) -> (Vec<SocketAddr>, Vec<String>) {
        let has_route = |address: &SocketAddr| {
            let to = if self.turned { Some(*address) } else { network.overrides.dialled(*address) };
            to.is_none_or(|to| dial::source_address(to).is_some())
        };
        let used = |v4: bool| self.addresses.iter().any(|address| address.is_ipv4() == v4 && has_route(address));
        let (used_v4, used_v6) = (used(true), used(false));
        let is_used = |address: &&SocketAddr| if address.is_ipv4() { used_v4 || !used_v6 } else { used_v6 || !used_v4 };
        let (used, unused): (Vec<&SocketAddr>, Vec<&SocketAddr>) = self.addresses.iter().partition(is_used);
        (used.into_iter().copied().collect(), unused.iter().map(|address| address.ip().to_string()).collect())
    }
}

async fn looked_up(host: &str, network: &Network) -> Result<Vec<IpAddr>, Failure> {
    let lookup = network.resolver.lookup(host, network.family, &network.limits).await;
    lookup.addresses.map_err(|halt| stop(Protocol::Dns, Stage::Lookup, halt))
}

fn wanted(addresses: Vec<IpAddr>, network: &Network) -> Result<Vec<IpAddr>, Failure> {
    let addresses: Vec<IpAddr> = addresses.into_iter().filter(|address| network.family.takes(*address)).collect();
    if addresses.is_empty() {
        let words = "no address of the IP version that was selected";
        return Err(Failure::new(Protocol::Dns, Stage::Lookup, FailureKind::NoData, words));
    }
    Ok(addresses)
}

fn with_port(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()
}

/// Connects to the path's address; where it is a proxy's, asks it for a tunnel to the name and port.
///
/// # Errors
/// Why nothing was opened: in the operating system's words, a limit's, or the proxy's.
pub async fn connect(
    host: &str,
    port: u16,
    places: &Addresses,
    network: &Network,
    attempt: &mut Attempt,
) -> Result<Box<dyn Stream>, Failure> {
    let opened = dial_one(places.turned, network, attempt).await;
    let Some(proxy) = &places.proxy else {
        return Ok(Box::new(opened.map_err(|halt| stop(Protocol::Tcp, Stage::Connect, halt))?));
    };
    let of_proxy = |halt| stop(Protocol::Proxy, Stage::Connect, halt);
    let opened = Box::new(opened.map_err(of_proxy)?);
    let began = Instant::now();
    let tunnel = proxy::tunnel(opened, proxy, host, port, &network.limits).await;
    attempt.took(Stage::Connect, began);
    let tunnel = tunnel.map_err(|refused| Failure { code: refused.status, ..of_proxy(refused.halt) })?;
    attempt.remark(&format!("tunnel through {proxy}"));
    Ok(tunnel)
}

async fn dial_one(turned: bool, network: &Network, attempt: &mut Attempt) -> Result<TcpStream, Halt> {
    let to = if turned { Some(attempt.address) } else { network.overrides.dialled(attempt.address) };
    let to = to.ok_or_else(|| Halt::new(FailureKind::Unreachable, "not an address of the lab"))?;
    attempt.dialled = Some(to).filter(|to| *to != attempt.address);
    attempt.source = dial::source_address(to).map(|source| source.to_string());
    if attempt.source.is_none() {
        let family = if to.is_ipv4() { "IPv4" } else { "IPv6" };
        return Err(Halt::new(FailureKind::Unreachable, format!("this host has no route for {family}")));
    }
    let began = Instant::now();
    let opened = dial::open(to, &network.limits).await;
    attempt.took(Stage::Connect, began);
    let opened = opened.map_err(|halt| explained(halt, to.port(), network))?;
    attempt.remark(&format!("connected to {to}"));
    Ok(opened)
}

/// What the system forbids, with the rules of its firewall that say so.
fn explained(halt: Halt, port: u16, network: &Network) -> Halt {
    let shut = network.firewall.as_ref().map(|firewall| firewall.shuts(port)).unwrap_or_default();
    if halt.kind != FailureKind::LocallyBlocked || shut.is_empty() {
        return halt;
    }
    Halt::new(halt.kind, format!("{}; the Windows firewall shuts port {port}: {}", halt.words, shut.join("; ")))
}

/// Encrypts. The certificate is shown and not judged: nothing may be sent before it is.
pub async fn encrypt(
    handshake: impl Future<Output = (HandshakeInfo, Result<Box<dyn Stream>, Halt>)>,
    attempt: &mut Attempt,
) -> (HandshakeInfo, Result<Box<dyn Stream>, Failure>) {
    let began = Instant::now();
    let (shown, encrypted) = handshake.await;
    attempt.took(Stage::Handshake, began);
    if encrypted.is_ok() {
        let (version, cipher) = (shown.version.as_deref(), shown.cipher.as_deref());
        attempt.remark(&format!("encrypted: {}, {}", version.unwrap_or_default(), cipher.unwrap_or_default()));
        if shown.certificate_wanted {
            attempt.remark("the server asked for a client certificate; none was sent");
        }
    }
    (shown, encrypted.map_err(|halt| stop(Protocol::Tls, Stage::Handshake, halt)))
}

/// Opens one encrypted connection to a web service: to the first of its addresses that answers, and only when the
/// certificate is trusted and names the host; what the handshake showed comes with it. Addresses in `last` are tried after
/// all others. Nothing of the caller's has been sent when this returns. `tried` receives each address, `steps` the time of
/// the lookup and those of each address.
///
/// # Errors
/// The stop of the name lookup, of the last address that was dialled, of the handshake or of the certificate.
pub async fn open(
    host: &str,
    port: u16,
    network: &Network,
    last: &[SocketAddr],
    steps: &mut Vec<Timing>,
    tried: &mut Vec<Attempt>,
) -> Result<(HandshakeInfo, Box<dyn Stream>), Failure> {
    let proxy = network.overrides.proxied(host, port);
    let began = Instant::now();
    let places = Addresses::find(host, port, proxy, None, network).await;
    steps.push(Timing { name: Stage::Lookup, ms: began.elapsed().as_secs_f64() * 1000.0 });
    let places = places?;
    let (mut addresses, _) = places.by_family(network);
    addresses.sort_by_key(|address| last.contains(address)); // stable: the others keep their order
    let mut failure =
        stop(Protocol::Dns, Stage::Lookup, Halt::new(FailureKind::NoData, "no address that may be dialled"));
    for address in addresses.into_iter().take(MOST_ADDRESSES) {
        let mut attempt = Attempt::new(address);
        let went = walk(host, port, &places, network, &mut attempt).await;
        attempt.failure = went.as_ref().err().cloned();
        steps.extend(attempt.timings.iter().cloned());
        tried.push(attempt);
        match went {
            Ok(opened) => return Ok(opened),
            Err(stop) => failure = stop,
        }
        if !is_of_the_address(&failure) {
            break;
        }
    }
    Err(failure)
}

async fn walk(
    host: &str,
    port: u16,
    places: &Addresses,
    network: &Network,
    attempt: &mut Attempt,
) -> Result<(HandshakeInfo, Box<dyn Stream>), Failure> {
    let stream = connect(host, port, places, network, attempt).await?;
    let handshake = Box::pin(network.trust.handshake(stream, host, &[b"http/1.1"], &network.limits));
    let (shown, encrypted) = encrypt(handshake, attempt).await;
    let encrypted = encrypted?;
    let verdict = network.trust.judge(&shown.chain, host);
    verdict.allowed(host).map_err(|halt| stop(Protocol::Tls, Stage::Certificate, halt))?;
    Ok((shown, encrypted))
}

/// True when another address may answer, or another server behind it. A proxy that says no says so at each of its
/// addresses.
fn is_of_the_address(stop: &Failure) -> bool {
    let is_before_the_answer = matches!(stop.stage, Stage::Connect | Stage::Handshake | Stage::Certificate);
    is_before_the_answer && stop.kind != FailureKind::Rejected && !stop.kind.is_ours()
}

fn stop(protocol: Protocol, stage: Stage, halt: Halt) -> Failure {
    Failure::new(protocol, stage, halt.kind, halt.words)
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use tokio::net::TcpListener;

    use super::*;
    use crate::net::{
        ConnectOverrides, ConnectTo, Family, Resolve, dns, firewall,
        limit::for_tests,
        tls::{
            TrustStores,
            tests::{GOOD, Papers, acceptor, issued, issued_under, serve},
        },
    };

    /// A network in which `mail.test:443` has three addresses: nobody listens, the lab knows none, a good server.
    async fn network(papers: &Papers) -> Network {
        let acceptor = acceptor(papers);
        let good = serve(move |stream| {
            let acceptor = acceptor.clone();
            async move { drop(acceptor.accept(stream).await) }
        })
        .await;
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let addresses: Vec<IpAddr> = (1..=4).map(|last| IpAddr::from([192, 0, 2, last])).collect();
        let turn = |host: &str, to: SocketAddr| ConnectTo {
            host: host.to_owned(),
            port: 443,
            to_host: to.ip().to_string(),
            to_port: to.port(),
        };
        Network {
            resolver: Arc::new(dns::Resolver::with_servers(Vec::new())),
            overrides: ConnectOverrides {
                resolve: vec![Resolve { host: "mail.test".to_owned(), port: 443, addresses }],
                connect_to: vec![turn("192.0.2.1", closed), turn("192.0.2.3", good), turn("192.0.2.4", good)],
                only_mapped: true,
                ..ConnectOverrides::default()
            },
            family: Family::Both,
            trust: Arc::new(TrustStores::of_roots([papers.root.clone()])),
            firewall: None,
            limits: for_tests(Duration::from_secs(20)),
        }
    }

    async fn opened(network: &Network) -> (Result<(HandshakeInfo, Box<dyn Stream>), Failure>, Vec<Attempt>) {
        let (mut steps, mut tried) = (Vec::new(), Vec::new());
        let outcome = open("mail.test", 443, network, &[], &mut steps, &mut tried).await;
        (outcome, tried)
    }

    #[tokio::test]
    async fn address_that_failed_is_tried_after_all_others() {
        let (mut steps, mut tried) = (Vec::new(), Vec::new());
        let network = network(&issued(GOOD)).await;
        let failed = [SocketAddr::from(([192, 0, 2, 3], 443))];
        assert!(open("mail.test", 443, &network, &failed, &mut steps, &mut tried).await.is_ok());
        let last: Vec<u8> =
            tried.iter().filter_map(|path| path.address.to_string().split(['.', ':']).nth(3)?.parse().ok()).collect();
        assert_eq!(last, [1, 2, 4]);
    }

    #[tokio::test]
    async fn what_the_system_forbids_is_told_with_the_rule_that_says_so() {
        let rule = "v2.31|Action=Block|Active=TRUE|Dir=Out|Protocol=6|RPort=587|Name=No mail|".to_owned();
        let profile = ("Domain", firewall::Configured::default(), firewall::Configured::default());
        let firewall = Some(Arc::new(firewall::Firewall::of(&[profile], &[rule], &[])));
        let network = Network { firewall, ..network(&issued(GOOD)).await };
        let said = |kind, port| explained(Halt::new(kind, "forbidden"), port, &network).words;
        let told = "forbidden; the Windows firewall shuts port 587: rule \"No mail\" (profile Domain)";
        assert_eq!(said(FailureKind::LocallyBlocked, 587), told);
        assert_eq!(
            (said(FailureKind::LocallyBlocked, 993), said(FailureKind::TimedOut, 587)),
            ("forbidden".to_owned(), "forbidden".to_owned())
        );
    }

    #[tokio::test]
    async fn addresses_are_tried_in_turn_and_each_is_written_down() {
        let papers = issued(GOOD);
        let (outcome, tried) = opened(&network(&papers).await).await;
        assert!(outcome.is_ok());
        let kinds: Vec<_> = tried.iter().map(|path| path.failure.as_ref().map(|stop| stop.kind)).collect();
        assert_eq!(
            kinds,
            [Some(FailureKind::Refused), Some(FailureKind::Unreachable), None],
            "the fourth is not needed"
        );
        assert_eq!(tried[2].address, SocketAddr::from(([192, 0, 2, 3], 443)));
        let stages: Vec<Stage> = tried[2].timings.iter().map(|step| step.name).collect();
        assert_eq!(stages, [Stage::Connect, Stage::Handshake]);
    }

    #[tokio::test]
    async fn certificate_that_nobody_vouches_for_gets_nothing_and_the_next_address_is_tried() {
        let papers = issued(GOOD);
        let others = Network { trust: Arc::new(TrustStores::of_roots([])), ..network(&papers).await };
        let (outcome, tried) = opened(&others).await;
        assert_eq!(outcome.err().map(|stop| (stop.protocol, stop.stage)), Some((Protocol::Tls, Stage::Certificate)));
        assert_eq!(tried.len(), 4);

        let (foreign, good) = (network(&issued_under("Other Root", GOOD)).await, network(&papers).await);
        let mut turns = foreign.overrides.connect_to;
        turns.pop();
        turns.extend(good.overrides.connect_to.last().cloned());
        let mixed = Network { overrides: ConnectOverrides { connect_to: turns, ..good.overrides }, ..good };
        let (outcome, tried) = opened(&mixed).await;
        assert!(outcome.is_ok());
        let refused = tried[2].failure.as_ref().map(|stop| (stop.stage, stop.kind));
        assert_eq!(refused, Some((Stage::Certificate, FailureKind::UnknownIssuer)));
    }
}
