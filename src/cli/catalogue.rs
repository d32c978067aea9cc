//! The flag that every command has which reads the catalogue.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{
    catalogue::{Catalogue, Cause, load},
    table::Mistake,
};

#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Arguments {
    /// Load additional checks and causes from DIR (overrides built-in ones)
    #[arg(long, value_name = "DIR")]
    checks: Option<PathBuf>,
}

impl Arguments {
    /// The folder that the flag names.
    pub fn folder(&self) -> Option<&Path> {
        self.checks.as_deref()
    }

    /// The cause with this code, where the built-in catalogue alone is asked for: nothing else of it is read.
    pub fn cause_alone(&self, code: &str) -> Option<Cause> {
        if self.checks.is_some() { None } else { load::built_in_cause(code) }
    }

    /// The catalogue that the flag asks for.
    ///
    /// # Errors
    /// The first mistake in the folder.
    pub fn load(&self) -> Result<Catalogue, Mistake> {
        self.checks.as_deref().map_or_else(|| Ok(Catalogue::built_in()), Catalogue::with_folder)
    }

    /// The tables and own checks that this catalogue holds, as TOML.
    ///
    /// # Errors
    /// The first mistake in the folder.
    pub fn used(&self) -> Result<Vec<load::Used>, Mistake> {
        load::used(self.checks.as_deref())
    }
}
