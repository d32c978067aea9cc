//! What is looked at and judged.

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
