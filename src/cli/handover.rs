//! What leaves with a report: redaction, and the bundle. `run` and `report` share it.

use std::path::PathBuf;

use clap::Args;

use super::{
    CliError,
    output::{prepared, unwritable},
    print,
};
use crate::{
    files::Destination,
    finding::Report,
    report::{
        bundle,
        redact::{Key, Kind, redact},
    },
};

#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Arguments {
    /// Hide these in every output, with tokens that stay the same throughout
    #[arg(long, value_enum, value_name = "KINDS", value_delimiter = ',')]
    redact: Vec<Kind>,
    /// Write everything into one ZIP file to hand over: report, page, transcript, manifest with SHA-256
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
}

impl Arguments {
    /// Whether a bundle is written, for which connections are to be recorded.
    pub fn has_bundle(&self) -> bool {
        self.bundle.is_some()
    }

    /// The place of the bundle, found writable before anything is tested.
    pub fn prepare(&self) -> Result<Option<Destination>, CliError> {
        self.bundle.as_ref().map(|file| prepared(file)).transpose()
    }

    /// The report without what is to be hidden.
    pub fn redacted(&self, report: Report) -> Result<Report, CliError> {
        if self.redact.is_empty() {
            return Ok(report);
        }
        let key = Key::random()?;
        Ok(redact(&report, &self.redact, &key)?)
    }
}

/// Writes the bundle of a report.
pub fn write(place: Destination, report: &Report) -> Result<(), CliError> {
    let file = place.path().to_owned();
    let bytes = bundle::write(report, |text| print::clean(text).into_owned());
    place.write(&bytes).map_err(|error| unwritable(&file, &error))
}
