//! What was said on a connection, and how long each stage took.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Stage;

/// One stage of a look and the time it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timing {
    /// The stage.
    pub name: Stage,
    /// Milliseconds.
    pub ms: f64,
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TranscriptLine {
    /// Milliseconds since the connection was begun.
    pub at_ms: f64,
    /// Who spoke, and whether inside TLS.
    #[serde(rename = "mark")]
    pub direction: Direction,
    /// What was said; shortened, not escaped, never a secret.
    pub text: String,
}

/// Who spoke in a transcript. The marks are those that swaks made common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Direction {
    /// We, in plain text.
    #[serde(rename = "->")]
    Sent,
    /// The other side, in plain text.
    #[serde(rename = "<-")]
    Received,
    /// We, inside TLS.
    #[serde(rename = "~>")]
    SentInTls,
    /// The other side, inside TLS.
    #[serde(rename = "<~")]
    ReceivedInTls,
    /// A remark of ours: connected, encrypted, closed.
    #[serde(rename = "==")]
    Remark,
}
