//! One address of a service: one connection.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Facts, Failure, Timing, TranscriptLine};

/// What one address of a service showed: one connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// The address that the name gave, with the port.
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// The address that was dialled in its place, when an override says so.
    #[schemars(with = "Option<String>")]
    pub dialled: Option<SocketAddr>,
    /// The address of this host that the connection leaves from.
    pub source: Option<String>,
    /// What was measured on this connection.
    pub facts: Facts,
    /// Where and why this connection could not go on.
    #[serde(rename = "stop")]
    pub failure: Option<Failure>,
    /// What was said on this connection.
    pub transcript: Vec<TranscriptLine>,
    /// How long each stage took.
    #[serde(rename = "steps")]
    pub timings: Vec<Timing>,
}

impl Attempt {
    /// A connection on which nothing has been seen yet.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            dialled: None,
            source: None,
            facts: Facts::default(),
            failure: None,
            transcript: Vec::new(),
            timings: Vec::new(),
        }
    }
}
