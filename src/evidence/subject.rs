//! What is looked at and judged, and the key by which an observation is found again.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is looked at and judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The site as a whole: what the user's file states.
    #[default]
    Site,
    /// A name in DNS.
    Name(String),
    /// A service on a port.
    Endpoint {
        /// Its host.
        host: String,
        /// Its port.
        port: u16,
    },
    /// An account of ECE, by its name there.
    Account(String),
    /// A mailbox, by its address.
    Mailbox(String),
    /// The application in Entra.
    Application,
}

impl Subject {
    /// A service on a port.
    #[must_use]
    pub fn endpoint(host: &str, port: u16) -> Self {
        Self::Endpoint { host: host.to_owned(), port }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site => f.write_str("site"),
            Self::Application => f.write_str("application"),
            Self::Name(name) | Self::Account(name) | Self::Mailbox(name) => f.write_str(name),
            Self::Endpoint { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

/// What tells one probe of a plan from every other: by it a later probe finds what it needs, and a saved observation its
/// place in a new plan.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct ProbeKey {
    /// The kind of probe, such as `dns` or `service`.
    pub probe: String,
    /// What it looks at; host names in lower case.
    pub subject: Subject,
    /// What tells it from the others of its kind and subject: a protocol, another route. Mostly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub variant: String,
}

impl ProbeKey {
    /// The key of a probe.
    #[must_use]
    pub fn new(probe: &str, subject: Subject, variant: &str) -> Self {
        let subject = match subject {
            Subject::Name(name) => Subject::Name(name.to_lowercase()),
            Subject::Endpoint { host, port } => Subject::Endpoint { host: host.to_lowercase(), port },
            other => other,
        };
        Self { probe: probe.to_owned(), subject, variant: variant.to_owned() }
    }
}
