//! One address of a service: one connection.

use std::{net::SocketAddr, time::Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Direction, Fact, FactValue, Facts, Failure, Stage, Timing, Transcript, TranscriptLine};

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
    #[schemars(with = "Vec<TranscriptLine>")]
    pub transcript: Transcript,
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
            transcript: Transcript::new(),
            timings: Vec::new(),
        }
    }

    /// Writes one fact down.
    pub fn set<T: FactValue>(&mut self, fact: Fact<T>, value: impl Into<T>) {
        self.facts.set(fact, value);
    }

    /// Writes a remark of ours into the transcript.
    pub fn remark(&mut self, text: &str) {
        self.transcript.note(Direction::Remark, text);
    }

    /// Writes down how long a stage took that began then. What belongs to the stage before it is added to it.
    pub fn took(&mut self, stage: Stage, began: Instant) {
        let ms = began.elapsed().as_secs_f64() * 1000.0;
        match self.timings.last_mut().filter(|last| last.name == stage) {
            Some(last) => last.ms += ms,
            None => self.timings.push(Timing { name: stage, ms }),
        }
    }

    /// Writes down where and why it could not go on.
    pub fn end(&mut self, failure: Failure) {
        self.remark(&format!("stopped: {}", failure.words));
        self.failure = Some(failure);
    }

    /// What was seen so far, to go on with elsewhere; an empty attempt stays behind.
    #[must_use]
    pub fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(self.address))
    }
}
