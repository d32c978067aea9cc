//! A mistake in a file that a person wrote, and how it is told.

use std::fmt;

/// A mistake in a file that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistake {
    /// The file, as it was given.
    pub file: String,
    /// The line, counted from 1; none when the file as a whole is meant.
    pub line: Option<usize>,
    /// What is wrong.
    pub wrong: String,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.file, plain(&self.wrong))?,
            None => write!(f, "{}: {}", self.file, plain(&self.wrong))?,
        }
        write!(f, "\n  {}", plain(&self.right))
    }
}

/// The longest sentence that is printed, in characters.
const LONGEST: usize = 600;

/// A sentence that may repeat what the file says: control characters are made visible, and it ends somewhere.
fn plain(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    let mut plain: String = text.chars().take(LONGEST).map(escape).collect();
    if text.chars().nth(LONGEST).is_some() {
        plain.push('…');
    }
    plain
}
