//! All that one look saw.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Attempt, Facts, Failure, ProbeKey, Route, Source, Subject, Timing, Transcript, TranscriptLine, Value, as_text,
};

/// All that one look saw.
///
/// A look at a service tries every address of its name; each address is one [`Attempt`]. A look that has no addresses
/// (a name lookup, the user's own file) keeps its facts and its stop here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// The deepest protocol that was looked at: `dns`, `tcp`, `tls`, `https`, `smtp`, `imap`, `pop3`, `version`, `url`.
    pub probe: String,
    /// What was looked at, as the findings name it.
    #[serde(with = "as_text")]
    #[schemars(with = "String")]
    pub subject: Subject,
    /// The key of its probe; reports before schema 2 have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ProbeKey>,
    /// True for a service of the site itself, false for Microsoft's.
    pub own: bool,
    /// How the service was reached.
    #[serde(rename = "road")]
    pub route: Route,
    /// True when this is not the route that is in force, but the other one: nothing is judged by it alone.
    #[serde(default)]
    pub beside: bool,
    /// Where this comes from; reports before schema 2 hold only what their own run has seen.
    #[serde(default, skip_serializing_if = "Source::is_live")]
    pub source: Source,
    /// What was measured for the look as a whole.
    pub facts: Facts,
    /// Where and why the look as a whole could not go on.
    #[serde(rename = "stop")]
    pub failure: Option<Failure>,
    /// What each address showed, in address order.
    #[serde(rename = "paths")]
    pub attempts: Vec<Attempt>,
    /// The addresses that were connected to in turn, where one that answers is enough, as for a token. They are not
    /// judged one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Attempt>,
    /// What was said, when the look has no addresses of its own.
    #[schemars(with = "Vec<TranscriptLine>")]
    pub transcript: Transcript,
    /// How long each stage took.
    #[serde(rename = "steps")]
    pub timings: Vec<Timing>,
    /// How long the whole look took, in milliseconds.
    pub duration_ms: f64,
}

impl Observation {
    /// An observation of which nothing is known yet but what is looked at, and how deep.
    #[must_use]
    pub fn new(probe: impl Into<String>, subject: Subject, route: Route) -> Self {
        Self {
            probe: probe.into(),
            subject,
            key: None,  // the engine knows it
            own: false, // the engine knows whose it is
            route,
            beside: false,
            source: Source::Live,
            facts: Facts::default(),
            failure: None,
            attempts: Vec::new(),
            tried: Vec::new(),
            transcript: Transcript::new(),
            timings: Vec::new(),
            duration_ms: 0.0,
        }
    }

    /// Gives back the room that lists have kept to grow: thousands of observations stay until the end of a run.
    #[must_use]
    pub fn shrunk(mut self) -> Self {
        for attempts in [&mut self.attempts, &mut self.tried] {
            attempts.shrink_to_fit();
            for attempt in attempts {
                attempt.facts.shrink();
            }
        }
        self.facts.shrink();
        self
    }

    /// True when a connection came through to the end of the look.
    #[must_use]
    pub fn came_through(&self) -> bool {
        self.attempts.iter().any(|path| path.failure.is_none())
    }

    /// What is judged by itself: each address, or the look as a whole when it has none.
    #[must_use]
    pub fn units(&self) -> Vec<Unit<'_>> {
        if self.attempts.is_empty() {
            return vec![Unit { attempt: None, observation: self }];
        }
        self.attempts.iter().map(|attempt| Unit { attempt: Some(attempt), observation: self }).collect()
    }
}

/// One address of a look, or the whole of a look that has no addresses.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'o> {
    /// The address.
    pub attempt: Option<&'o Attempt>,
    observation: &'o Observation,
}

impl<'o> Unit<'o> {
    /// A fact of this address, or else of the whole look.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&'o Value> {
        self.attempt.and_then(|path| path.facts.value(name)).or_else(|| self.observation.facts.value(name))
    }

    /// Where and why this address could not go on.
    #[must_use]
    pub fn failure(&self) -> Option<&'o Failure> {
        self.attempt.map_or(self.observation.failure.as_ref(), |path| path.failure.as_ref())
    }
}
