//! What was seen: observations, facts, failures and transcripts. No judgement.
//!
//! In: what the probes in [`crate::probe`] and the imports write down. Out: values that everything later reads and that
//! the JSON report carries whole, so that a saved report can be judged again without looking again.

mod attempt;
mod fact;
mod failure;
mod observation;
mod route;
mod shared_text;
mod site;
mod source;
mod subject;
mod transcript;

pub use attempt::Attempt;
pub(crate) use fact::facts;
pub use fact::{Fact, FactDef, FactValue, Facts, Shape, Value};
pub use failure::{Failure, FailureKind, Protocol, Stage};
pub use observation::{Observation, Unit};
pub use route::Route;
pub use shared_text::{SharedText, Sharer};
pub use site::{SavedConnectTo, SavedEvidence, SavedProxy, SavedResolve, SavedSite};
pub use source::Source;
pub(crate) use subject::as_text;
pub use subject::{Endpoint, ProbeKey, Subject};
pub use transcript::{Direction, MOST_CHARACTERS, MOST_LINES, Timing, Transcript, TranscriptLine, shorten};
