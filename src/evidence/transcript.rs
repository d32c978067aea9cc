//! What was said on a connection, and how long each stage took.

use std::{ops::Deref, time::Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Stage;

/// The most lines of a transcript, before the one that counts the rest.
pub const MOST_LINES: usize = 200;
/// The most characters of a transcript's line.
pub const MOST_CHARACTERS: usize = 300;

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

/// What was said on one connection, with times since it was begun. Bounded in lines and in the length of a line.
#[derive(Clone, Debug)]
pub struct Transcript {
    began: Instant,
    lines: Vec<TranscriptLine>,
    left_out: usize,
}

impl Transcript {
    /// An empty transcript that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { began: Instant::now(), lines: Vec::new(), left_out: 0 }
    }

    /// Writes a line down; a line that is too long is shortened, and after the last line that fits the rest is counted.
    pub fn note(&mut self, direction: Direction, text: &str) {
        if self.lines.len() < MOST_LINES {
            return self.push(direction, shorten(text, MOST_CHARACTERS));
        }
        if self.left_out > 0 {
            self.lines.pop();
        }
        self.left_out += 1;
        self.push(Direction::Remark, format!("{} more lines", self.left_out));
    }

    /// Adds what was said on another connection, so many milliseconds later than it says itself.
    pub fn append(&mut self, other: &Self, later_ms: f64) {
        let moved = other.iter().map(|line| TranscriptLine { at_ms: line.at_ms + later_ms, ..line.clone() });
        self.lines.extend(moved);
    }

    fn push(&mut self, direction: Direction, text: String) {
        self.lines.push(TranscriptLine { at_ms: self.began.elapsed().as_secs_f64() * 1000.0, direction, text });
    }
}

impl Default for Transcript {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for Transcript {
    type Target = [TranscriptLine];

    fn deref(&self) -> &Self::Target {
        &self.lines
    }
}

impl<'t> IntoIterator for &'t Transcript {
    type Item = &'t TranscriptLine;
    type IntoIter = std::slice::Iter<'t, TranscriptLine>;

    fn into_iter(self) -> Self::IntoIter {
        self.lines.iter()
    }
}

impl PartialEq for Transcript {
    fn eq(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

impl Serialize for Transcript {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.lines.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Transcript {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { lines: Vec::deserialize(deserializer)?, ..Self::new() })
    }
}

/// So many characters of a text; the last one says that something is missing.
#[must_use]
pub fn shorten(text: &str, most: usize) -> String {
    if text.chars().nth(most).is_none() {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transcripts_are_bounded_in_lines_and_characters() {
        let mut transcript = Transcript::new();
        for _ in 0..MOST_LINES + 7 {
            transcript.note(Direction::Sent, &"é".repeat(1000));
        }
        assert_eq!(transcript.len(), MOST_LINES + 1);
        assert_eq!(transcript[0].text.chars().count(), MOST_CHARACTERS);
        let last = &transcript[MOST_LINES];
        assert_eq!((last.direction, last.text.as_str()), (Direction::Remark, "7 more lines"));
    }
}
