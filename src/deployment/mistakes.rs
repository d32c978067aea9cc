//! All mistakes of one file at once, so that it is corrected in one go.

use std::{collections::HashSet, fmt};

use super::{
    known::{KnownIds, NamedId},
    left_over::holds_secret,
};
use crate::table::{At, Mistake, Table};

/// So many are printed; a file with more is probably not a site file.
const MOST_PRINTED: usize = 40;

/// Every mistake of a file, unknown keys first: what a key was meant to say is what the others may be about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes {
    told: Vec<Mistake>,
    /// What only the catalogue knows to be right or wrong.
    named: Vec<NamedId>,
}

impl Mistakes {
    /// The mistakes in the order in which they are told; never empty.
    #[must_use]
    pub fn all(&self) -> &[Mistake] {
        &self.told
    }

    /// True when the file names checks or causes, which only the catalogue knows.
    #[must_use]
    pub fn name_ids(&self) -> bool {
        !self.named.is_empty()
    }

    /// These, and each id in the file that there is not.
    #[must_use]
    pub fn with_unknown_ids(mut self, known: KnownIds<'_>) -> Self {
        let unknown = self.named.iter().filter_map(|named| named.mistake(known));
        self.told.extend(unknown.collect::<Vec<_>>());
        self
    }

    /// These, and one more.
    #[must_use]
    pub(super) fn and(mut self, last: Mistake) -> Self {
        self.told.push(last);
        self
    }

    /// `None` when there are none.
    #[must_use]
    pub fn of(mistakes: Vec<Mistake>) -> Option<Self> {
        (!mistakes.is_empty()).then_some(Self { told: mistakes, named: Vec::new() })
    }
}

impl From<Mistake> for Mistakes {
    fn from(mistake: Mistake) -> Self {
        Self { told: vec![mistake], named: Vec::new() }
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, mistake) in self.told.iter().take(MOST_PRINTED).enumerate() {
            let separator = if place == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        match self.told.len().saturating_sub(MOST_PRINTED) {
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
    named: Vec<NamedId>,
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

    /// The file names a check or a cause.
    pub(super) fn names(&mut self, key: &'static str, file: &str, id: &At<'_, String>) {
        self.named.push(NamedId { key, id: id.value.clone(), file: file.to_owned(), line: Some(id.line()) });
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
        let told: HashSet<Option<usize>> = self.unknown.iter().map(|mistake| mistake.line).collect();
        let unknown = table.close_whole().into_iter().filter(|mistake| !told.contains(&mistake.line));
        self.unknown.extend(unknown);
    }

    /// The mistakes, or none.
    pub(super) fn finish(self) -> Option<Mistakes> {
        let missing = if self.syntax.is_empty() { self.missing } else { Vec::new() };
        let mut broken: HashSet<usize> = self.secrets.iter().filter_map(|mistake| mistake.line).collect();
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
        let told = Mistakes::of(all.into_iter().map(unrevealing).collect())?;
        Some(Mistakes { named: self.named, ..told })
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
