//! A Microsoft 365 tenant on loopback, healthy or with faults: what nobody has in a laboratory otherwise.
//!
//! In: names of faults, and a latency. Out: a running [`Lab`] with a resolver, web servers and mail servers, each public
//! address and port on a loopback port of its own, and certificates of an authority made at the start. A client is told
//! by [`Lab::connections`] where each public address really is.
//!
//! The lab shares no code with the client, so that one mistake cannot cancel another. What a fault changes is data:
//! `src/lab/faults/README.md`.

#![expect(clippy::disallowed_methods, reason = "the lab is a network of its own")]

mod certificate;
mod connection;
mod counters;
mod directory;
mod dns;
mod entra;
mod evidence;
mod exchange;
mod fault;
mod graph;
mod hosts;
mod http;
mod https;
mod imap;
mod listen;
mod mailstore;
mod odata;
mod pop3;
mod proxy;
mod scim;
mod smtp;
mod tenant;
mod token_issuer;
mod topology;
mod webex;

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    net::{TcpListener, UdpSocket},
    sync::Semaphore,
    task::JoinSet,
};

use certificate::CertificateAuthority;
use counters::Counters;
use exchange::Cloud;
pub use hosts::CLIENT_ID;
use hosts::{End, PROXY};
use listen::{Held, Server};
use topology::{Endpoint, Topology};

pub use counters::Counts;
pub use evidence::EvidenceFile;
pub use fault::{FaultInfo, directory_faults, fault_named, faults};

/// How many connections all servers together keep open; further ones wait.
const MOST_OPEN: usize = 1024;
/// How often a port that is free for both UDP and TCP is looked for.
const TRIES: usize = 20;

/// What the lab should show.
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Names of faults, as [`faults`] lists them; none for a healthy tenant.
    pub faults: Vec<String>,
    /// How late each reply of each server comes. Opening a TCP connection is not delayed.
    pub latency: Duration,
    /// How many mailboxes there are besides the usual ones, `box0001@example.com` and so on.
    pub mailboxes: usize,
    /// How many accounts share those; none counts as one.
    pub accounts: usize,
    /// Puts a proxy into the site, through which web services are reached. Some faults do so too.
    pub proxy: bool,
    /// Gives the deployment an account of the application itself, which has no user.
    pub application_account: bool,
    /// Names a token for Microsoft Graph in the deployment.
    pub graph: bool,
    /// Gives the deployment a section for Webex. Faults of Webex do so too.
    pub webex: bool,
}

/// Why the lab does not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such fault.
    #[error("unknown fault \"{name}\"{}", hint(.nearest))]
    UnknownFault {
        /// What was asked for.
        name: String,
        /// The names that come nearest, best first; at most three.
        nearest: Vec<&'static str>,
    },
    /// Two faults want the same thing to be different.
    #[error("the faults `{first}` and `{second}` contradict each other: both change {what}")]
    Contradiction {
        /// The one named first.
        first: String,
        /// The one named second.
        second: String,
        /// What both change, and where.
        what: String,
    },
    /// A fault file that is built in cannot be read.
    #[error("the file of the fault `{name}` cannot be read: {source}")]
    BadFault {
        /// The fault.
        name: String,
        /// Why.
        source: toml::de::Error,
    },
    /// No certificate can be made.
    #[error("the lab cannot make its certificates: {0}")]
    Certificate(Box<dyn std::error::Error + Send + Sync>),
    /// The system gives no randomness.
    #[error("the lab cannot make its keys: the system gives no randomness")]
    Randomness,
    /// The loopback interface gives no port.
    #[error("the lab cannot listen on 127.0.0.1: {0}")]
    Listen(#[from] io::Error),
}

fn hint(nearest: &[&str]) -> String {
    if nearest.is_empty() {
        return " (see: ece-check lab --list)".to_owned();
    }
    let quoted: Vec<_> = nearest.iter().map(|name| format!("\"{name}\"")).collect();
    format!("; did you mean {}?", quoted.join(" or "))
}

/// Where one public address and port really is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// The public address and port.
    pub address: SocketAddr,
    /// The port on loopback that stands for it.
    pub to: SocketAddr,
}

/// A running tenant. Dropping it stops everything.
#[derive(Debug)]
pub struct Lab {
    dns_server: SocketAddr,
    ca_pem: String,
    connections: Vec<Mapping>,
    deployment: String,
    proxy: Option<String>,
    cloud: Arc<Cloud>,
    held: Vec<Held>,
    servers: JoinSet<()>,
}

impl Lab {
    /// Starts the tenant; it answers when this returns.
    ///
    /// # Errors
    /// When a fault is unknown, when two contradict each other, when there is no port to listen on.
    pub async fn start(settings: &Settings) -> Result<Self, Error> {
        let Topology { names, endpoints, tenant, proxied } = topology::build(&read(&settings.faults)?, settings)?;
        let counters = Arc::new(Counters::default());
        let cloud = Arc::new(Cloud::new(tenant, counters.clone())?);
        let open = Arc::new(Semaphore::new(MOST_OPEN));
        let mut authority = CertificateAuthority::open().map_err(|error| Error::Certificate(error.into()))?;
        let mut lab = Self {
            dns_server: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ca_pem: String::new(),
            connections: Vec::new(),
            deployment: cloud.tenant.deployment(),
            proxy: proxied.then(|| format!("http://{}:{}", PROXY.name, PROXY.services[0].0)),
            cloud,
            held: Vec::new(),
            servers: JoinSet::new(),
        };
        let mut ends = Vec::new();
        for endpoint in endpoints {
            let (host, port) = (endpoint.host.name, endpoint.address.port());
            let to = lab.open(endpoint, &mut authority, settings.latency, open.clone()).await?;
            ends.push(End { host, port, to });
        }
        let _ = lab.cloud.tunnels.set(ends); // a new cloud has none
        lab.ca_pem = authority.trusted();
        lab.resolve(dns::Zone { names, latency: settings.latency, counters }).await?;
        Ok(lab)
    }

    /// The resolver, on UDP and TCP.
    #[must_use]
    pub fn dns_server(&self) -> SocketAddr {
        self.dns_server
    }

    /// The roots to trust, as PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Where each public address and port really is.
    #[must_use]
    pub fn connections(&self) -> &[Mapping] {
        &self.connections
    }

    /// The proxy that this server is set to use, such as `http://proxy.example.com:8080`; none when the site has none.
    #[must_use]
    pub fn proxy(&self) -> Option<&str> {
        self.proxy.as_deref()
    }

    /// The user's file of a healthy deployment in this tenant.
    #[must_use]
    pub fn deployment(&self) -> &str {
        &self.deployment
    }

    /// The variables that the deployment names, each with its value. They are made anew at each call, and all are good.
    #[must_use]
    pub fn secrets(&self) -> Vec<(String, String)> {
        self.cloud.secrets()
    }

    /// What has come in so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.cloud.counters.so_far()
    }

    async fn open(
        &mut self,
        endpoint: Endpoint,
        authority: &mut CertificateAuthority,
        latency: Duration,
        open: Arc<Semaphore>,
    ) -> Result<SocketAddr, Error> {
        let (to, held) = listen::hold(endpoint.door).await?;
        self.connections.push(Mapping { address: endpoint.address, to });
        let Held::Open(listener) = held else {
            self.held.push(held);
            return Ok(to);
        };
        let config = authority
            .server(endpoint.host, endpoint.index, endpoint.certificate.as_ref(), &endpoint.tls)
            .map_err(Error::Certificate)?;
        let server = Server { endpoint: Arc::new(endpoint), config, cloud: self.cloud.clone(), latency, open };
        self.servers.spawn(listen::serve(listener, server));
        Ok(to)
    }

    async fn resolve(&mut self, zone: dns::Zone) -> io::Result<()> {
        let (udp, tcp) = both_transports().await?;
        let zone = Arc::new(zone);
        self.dns_server = udp.local_addr()?;
        self.servers.spawn(dns::serve_udp(udp, zone.clone()));
        self.servers.spawn(dns::serve_tcp(tcp, zone));
        Ok(())
    }
}

/// The files that colleagues would hand over about the tenant with these settings; starts nothing.
///
/// # Errors
/// When a fault is unknown, or when two contradict each other.
pub fn evidence(settings: &Settings) -> Result<Vec<EvidenceFile>, Error> {
    let tenant = topology::build(&read(&settings.faults)?, settings)?.tenant;
    Ok(evidence::files(&tenant, Timestamp::now()))
}

fn read(names: &[String]) -> Result<Vec<fault::Fault>, Error> {
    let mut faults: Vec<fault::Fault> = Vec::new();
    for name in names {
        if faults.iter().any(|known| known.info.name == *name) {
            continue;
        }
        let Some(fault) = fault::load(name) else {
            return Err(Error::UnknownFault { name: name.clone(), nearest: fault::nearest(name) });
        };
        faults.push(fault.map_err(|source| Error::BadFault { name: name.clone(), source })?);
    }
    Ok(faults)
}

/// One port for both: the system chooses it for UDP, and TCP may find it taken.
async fn both_transports() -> io::Result<(UdpSocket, TcpListener)> {
    let mut last = io::ErrorKind::AddrInUse.into();
    for _ in 0..TRIES {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        match TcpListener::bind(udp.local_addr()?).await {
            Ok(tcp) => return Ok((udp, tcp)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The name of the server behind the front end, as Exchange Online shows it: base64 of UTF-16, little end first.
fn back_end(connection: &connection::Connection) -> String {
    let machine = connection.endpoint.host.machine.split('.').next().unwrap_or_default();
    let full = format!("{machine}.EURPRD00.PROD.OUTLOOK.COM");
    base64(&full.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
}

/// Base64 (RFC 4648 section 4).
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let three = [group[0], group.get(1).copied().unwrap_or(0), group.get(2).copied().unwrap_or(0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index)) as usize & 63];
            text.push(if index <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests;
