//! All mistakes of one file at once, so that it is corrected in one go.

use std::fmt;

use super::left_over::holds_secret;
use crate::table::{Mistake, Table, may_be_quoted};

/// So many are printed; a file with more is probably not a site file.
const MOST_PRINTED: usize = 40;

/// Every mistake of a file, unknown keys first: what a key was meant to say is what the others may be about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(Vec<Mistake>);

impl Mistakes {
    /// The mistakes in the order in which they are told; never empty.
    #[must_use]
    pub fn all(&self) -> &[Mistake] {
        &self.0
    }

    /// `None` when there are none.
    #[must_use]
    pub fn of(mistakes: Vec<Mistake>) -> Option<Self> {
        (!mistakes.is_empty()).then_some(Self(mistakes))
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, mistake) in self.0.iter().take(MOST_PRINTED).enumerate() {
            let separator = if place == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        match self.0.len().saturating_sub(MOST_PRINTED) {
            0 => Ok(()),
            more => write!(f, "\n… and {more} more mistakes"),
        }
    }
}

/// Collects what is wrong while the rest of the file is read.
#[derive(Debug, Default)]
pub(super) struct Collector {
    syntax: Vec<Mistake>,
    secrets: Vec<Mistake>,
    unknown: Vec<Mistake>,
    wrong: Vec<Mistake>,
    missing: Vec<Mistake>,
}

impl Collector {
    /// The collector of a file in which these lines hold a secret, and these are no TOML.
    pub(super) fn new(secrets: Vec<Mistake>, syntax: Vec<Mistake>) -> Self {
        Self { syntax, secrets, ..Self::default() }
    }

    /// The value, when it can be used.
    pub(super) fn keep<T>(&mut self, read: Result<Option<T>, Mistake>) -> Option<T> {
        read.unwrap_or_else(|mistake| {
            self.wrong(mistake);
            None
        })
    }

    /// Something is wrong.
    pub(super) fn wrong(&mut self, mistake: Mistake) {
        self.wrong.push(mistake);
    }

    /// Several things are wrong.
    pub(super) fn all_wrong(&mut self, mistakes: impl IntoIterator<Item = Mistake>) {
        self.wrong.extend(mistakes);
    }

    /// Something that must be there is not. Not told of a file that could not be read whole.
    pub(super) fn missing(&mut self, mistake: Mistake) {
        self.missing.push(mistake);
    }

    /// Ends the reading of a table: each key that nobody asked for is a mistake.
    pub(super) fn close(&mut self, table: Table<'_>) {
        const SECRETS: [&str; 7] = ["password", "passwd", "pwd", "secret", "token", "bearer", "api_key"];
        for key in table.keys() {
            if SECRETS.contains(&key.value.to_ascii_lowercase().as_str()) {
                let wrong = format!("unknown key {}; secrets must not be stored in this file", key.value);
                self.unknown.push(key.mistake(wrong, KEEP_IT));
            }
        }
        let told: Vec<Option<usize>> = self.unknown.iter().map(|mistake| mistake.line).collect();
        let unknown = table.close_whole().into_iter().filter(|mistake| !told.contains(&mistake.line));
        self.unknown.extend(unknown);
    }

    /// The mistakes, or none.
    pub(super) fn finish(self) -> Option<Mistakes> {
        let missing = if self.syntax.is_empty() { self.missing } else { Vec::new() };
        let mut broken: Vec<usize> = self.secrets.iter().filter_map(|mistake| mistake.line).collect();
        let mut all: Vec<Mistake> = in_order(self.secrets);
        let mut wrong = self.wrong;
        wrong.extend(missing);
        for part in [self.unknown, self.syntax, wrong] {
            // one mistake explains a line: what else is said of it would repeat the secret or follow from the first
            let part: Vec<Mistake> = in_order(part)
                .into_iter()
                .filter(|mistake| mistake.line.is_none_or(|line| !broken.contains(&line)))
                .collect();
            broken.extend(part.iter().filter_map(|mistake| mistake.line));
            all.extend(part);
        }
        Mistakes::of(all.into_iter().map(unrevealing).collect())
    }
}

const KEEP_IT: &str = "say where the secret is kept: { env = \"NAME\" }, { file = \"PATH\" } or { command = \"…\" }, as \
                       client_secret, access_token or refresh_token";

fn in_order(mut mistakes: Vec<Mistake>) -> Vec<Mistake> {
    mistakes.sort_by_key(|mistake| mistake.line);
    mistakes
}

/// The last guard: no message repeats what looks like a token or a secret.
fn unrevealing(mistake: Mistake) -> Mistake {
    let covered = |text: String| {
        if holds_secret(&text) { "not repeated here, for it may be a secret".to_owned() } else { text }
    };
    Mistake { wrong: covered(mistake.wrong), right: covered(mistake.right), ..mistake }
}

/// The value in quotes when it cannot be a secret, and otherwise what it is called.
pub(super) fn quoted(text: &str, otherwise: &str) -> String {
    if may_be_quoted(text) { format!("\"{text}\"") } else { otherwise.to_owned() }
}
