//! What would tell the causes of a text apart: what it does, and the command that does it.

use std::fmt;

/// A step that settles what a text leaves open. The command is apart from the words, so that it can be pasted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// What to do, or what the command does.
    pub text: String,
    /// A command of this program.
    pub command: Option<String>,
}

impl Next {
    /// A step that no command of this program makes.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), command: None }
    }

    /// A run of these checks.
    #[must_use]
    pub fn run(checks: &str, does: &str) -> Self {
        Self { text: does.to_owned(), command: Some(format!("ece-check run --only {checks}")) }
    }

    /// A run of all checks.
    #[must_use]
    pub fn each_part() -> Self {
        Self { text: "tests each part separately".to_owned(), command: Some("ece-check run".to_owned()) }
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.command {
            Some(command) => write!(f, "{}: {command}", self.text),
            None => f.write_str(&self.text),
        }
    }
}
