//! The endpoints of a site: those of its Microsoft cloud, its own, and ECE's web pages.

use std::collections::HashSet;

use ipnet::IpNet;

use crate::{
    probe::{https::Ask, url, version},
    seen::Protocol,
};

/// All that a plan needs to know of the user's site.
#[derive(Clone, Debug)]
pub struct Site {
    /// The roles of this server: `services`, `application`, or both.
    pub roles: Vec<String>,
    /// The endpoints, in the order of the table of clouds.
    pub endpoints: Vec<Endpoint>,
    /// The keys that the user's file gives, such as `ece.release`.
    pub given: HashSet<String>,
    /// Organisations that issue certificates to the public.
    pub public_issuers: Vec<String>,
    /// The stated level of ECE.
    pub version: Option<version::Look>,
    /// The stated addresses of ECE.
    pub url: url::Look,
}

/// A name and port that ECE needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its short name, such as `imap`.
    pub name: String,
    /// The host name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is spoken there; none when only the connection is known.
    pub protocol: Option<Protocol>,
    /// Why ECE needs it.
    pub why: String,
    /// True for Microsoft's, false for the site's own.
    pub microsoft: bool,
    /// The ranges that Microsoft publishes for it.
    pub published: Vec<IpNet>,
    /// What is asked over HTTP.
    pub ask: Option<Ask>,
    /// False when no account of this site uses it.
    pub used: bool,
}

impl Endpoint {
    /// The place that a check names by itself.
    #[must_use]
    pub fn of_a_check(host: &str, port: u16, protocol: Option<Protocol>, why: &str) -> Self {
        Self {
            name: host.to_owned(),
            host: host.to_owned(),
            port,
            protocol,
            why: why.to_owned(),
            microsoft: false,
            published: Vec::new(),
            ask: None,
            used: true,
        }
    }

    /// Name and port, as findings write them.
    #[must_use]
    pub fn subject(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }
}

impl Site {
    /// Whether this server has a role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.roles.iter().any(|own| own == role)
    }
}
