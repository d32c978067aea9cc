//! A service on a port: every address at once, one connection each, as deep as the plan asks.
//!
//! The connection passes TCP, then TLS (for SMTP behind STARTTLS), then the service's own words. Each layer writes its
//! facts down; the first that cannot go on writes the [`Stop`](crate::seen::Stop) and ends the path.

use super::{Fact, Shape, fact};
use crate::{net::Network, seen::Observation};

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

impl Service {
    /// Its name in reports.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Https(_) => "https",
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
        }
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
pub async fn observe(_look: &Look, _earlier: Option<&Observation>, _network: &Network) -> Observation {
    todo!()
}
