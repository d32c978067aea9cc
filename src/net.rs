//! The only place that opens sockets.
//!
//! In: a name or an address, the user's overrides, the limits of the run. Out: answers, sessions, certificates, or a
//! [`Halt`] that says why not. Every wait ends with a step's limit, the run's deadline or an interruption, whichever is
//! first; every buffer has a bound.

#![expect(clippy::disallowed_methods, reason = "this is the place that dials")]

pub mod address;
pub mod alert;
pub mod api;
pub mod dial;
pub mod dns;
pub mod firewall;
pub mod http;
pub mod java;
pub mod limit;
pub mod limiter;
pub mod loopback;
pub mod proxy;
pub mod reach;
pub mod session;
pub mod tls;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

pub use limit::Limits;
pub use limiter::ConnectionLimiter;
pub use proxy::Proxy;

use crate::evidence::FailureKind;

/// Why a network step ended without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Halt {
    /// What happened.
    pub kind: FailureKind,
    /// The other side's words, or the operating system's.
    pub words: String,
}

impl Halt {
    /// A halt with words.
    #[must_use]
    pub fn new(kind: FailureKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into() }
    }
}

/// How the user wants the network to be used. One value for a whole run.
#[derive(Clone, Debug)]
pub struct Network {
    /// Resolvers and the hosts file.
    pub resolver: Arc<dns::Resolver>,
    /// Where connections really go.
    pub overrides: ConnectOverrides,
    /// Which addresses are used.
    pub family: Family,
    /// Which certificates are trusted.
    pub trust: Arc<tls::TrustStores>,
    /// The Windows firewall of this host, where it can be read; it explains what the system forbids.
    pub firewall: Option<Arc<firewall::Firewall>>,
    /// The limits of every wait.
    pub limits: Limits,
}

/// Which address families are used: `-4`, `-6`, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Family {
    /// IPv4 and IPv6.
    #[default]
    Both,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    /// True when addresses of this kind are used.
    #[must_use]
    pub fn takes(self, address: IpAddr) -> bool {
        match self {
            Self::Both => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// The overrides `--resolve` and `--connect-to`, as curl has them.
#[derive(Clone, Debug, Default)]
pub struct ConnectOverrides {
    /// `--resolve HOST:PORT:ADDR`: the name is not looked up for this port.
    pub resolve: Vec<Resolve>,
    /// `--connect-to HOST:PORT:HOST2:PORT2`: dialled in place of what was asked for. The name stays the same in TLS.
    pub connect_to: Vec<ConnectTo>,
    /// The HTTP proxy for web services; mail goes direct.
    pub proxy: Option<Proxy>,
    /// True in the lab: an address that no rule names is never dialled.
    pub only_mapped: bool,
}

/// Which of two routes to a web service is probed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RouteChoice {
    /// The one that rules, the proxy and its exceptions order.
    #[default]
    InForce,
    /// The other one: direct where there is a proxy, through the proxy where its exceptions order a direct connection.
    Beside,
}

/// One `--resolve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolve {
    /// The name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// One `--connect-to`. HOST may also be one of the addresses that the name resolves to: then only connections to that
/// address are turned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTo {
    /// The name or address asked for.
    pub host: String,
    /// The port asked for.
    pub port: u16,
    /// The name or address dialled.
    pub to_host: String,
    /// The port dialled.
    pub to_port: u16,
}

impl ConnectOverrides {
    /// The addresses that `--resolve` gives for a name and port.
    #[must_use]
    pub fn resolved(&self, host: &str, port: u16) -> Option<&[IpAddr]> {
        self.resolve
            .iter()
            .find(|rule| rule.port == port && rule.host.eq_ignore_ascii_case(host))
            .map(|rule| rule.addresses.as_slice())
    }

    /// The proxy that a web service is reached through: none where a rule or an exception orders another route.
    #[must_use]
    pub fn proxied(&self, host: &str, port: u16) -> Option<&Proxy> {
        self.proxy_on(RouteChoice::InForce, host, port)
    }

    /// The proxy on one of the two ways to a web service; none on a way that goes direct.
    #[must_use]
    pub fn proxy_on(&self, way: RouteChoice, host: &str, port: u16) -> Option<&Proxy> {
        let in_force = |proxy: &&Proxy| proxy.exception(host, port).is_none();
        self.possible(host, port).filter(|proxy| in_force(proxy) == (way == RouteChoice::InForce))
    }

    /// Whether a web service has two routes: through the proxy and direct.
    #[must_use]
    pub fn has_two(&self, host: &str, port: u16) -> bool {
        self.possible(host, port).is_some()
    }

    /// The proxy, where no rule names another route.
    fn possible(&self, host: &str, port: u16) -> Option<&Proxy> {
        let ordered = self.resolved(host, port).is_some() || self.turned(host, port).is_some();
        self.proxy.as_ref().filter(|proxy| !ordered && proxy.could_be_for(host))
    }

    /// The rule that turns connections for a name and port elsewhere, before any lookup.
    #[must_use]
    pub fn turned(&self, host: &str, port: u16) -> Option<&ConnectTo> {
        self.connect_to.iter().find(|rule| rule.port == port && rule.host.eq_ignore_ascii_case(host))
    }

    /// The address that is dialled for an address that a name gave; none when the lab knows none.
    #[must_use]
    pub fn dialled(&self, address: SocketAddr) -> Option<SocketAddr> {
        let rule =
            self.connect_to.iter().find(|rule| rule.port == address.port() && rule.host.parse() == Ok(address.ip()));
        match rule {
            Some(rule) => rule.to_host.parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, rule.to_port)),
            None if self.only_mapped => None,
            None => Some(address),
        }
    }
}
