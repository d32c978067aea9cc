//! Where an observation comes from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where an observation comes from. Checks and causes read facts and do not care which.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// This run has looked itself.
    #[default]
    Live,
    /// Microsoft Graph was asked.
    Graph,
    /// A file that an administrator exported elsewhere.
    File {
        /// SHA-256 of the file, in lower-case hexadecimal.
        sha256: String,
        /// The file's name without its folder.
        name: String,
        /// When it was made, RFC 3339, where the file or the file system says so.
        made_at: Option<String>,
        /// True when only the file system says so, where a copy is as new as the copying.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        of_file_system: bool,
        /// How many rows it holds.
        rows: usize,
    },
    /// What a person states.
    Attestation {
        /// Who states it, as the statement names them.
        by: String,
        /// The day, `YYYY-MM-DD`.
        on: String,
    },
    /// A report that an earlier run has saved.
    SavedReport,
}

impl Source {
    /// True when this run has looked itself.
    #[must_use]
    pub fn is_live(&self) -> bool {
        *self == Self::Live
    }
}
