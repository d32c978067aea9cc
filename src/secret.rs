//! Secrets: values that cannot be printed, where they are kept, and the net that catches one that tries to leave.
//!
//! In: a [`Source`] from the user's file. Out: a [`Secret`], known to the [`Net`] from the moment it is read.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// A value that must not be seen. No Display, no Serialize; Debug says only that there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value into keeping.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, to be handed to the wire and to nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How long it is, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// Where a secret is kept. The secret itself is read when it is needed, and nowhere before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// An environment variable of this name.
    Env(String),
    /// A file that holds nothing else.
    File(PathBuf),
    /// A command that prints it.
    Command(String),
}

/// All secrets of this run, so that none leaves by mistake. Clones share what they know.
#[derive(Clone, Default)]
pub struct Net {
    known: Arc<Mutex<Vec<Secret>>>,
}

impl Net {
    /// Makes a secret known.
    pub fn add(&self, secret: &Secret) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).push(secret.clone());
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<net>")
    }
}
