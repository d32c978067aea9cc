//! Reading a saved JSON report.

use std::path::Path;

use super::CliError;
use crate::{
    files,
    finding::{Report, Summary},
    report::{bundle, json},
    table::decode,
};

/// The exit code of a run with `--strict` that saw warnings and no failure.
const STRICT: u8 = 4;

/// The largest report that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

const RIGHT: &str = "give a report that ece-check run --report json=FILE or --bundle FILE has written";

/// Reads a saved report of any shape that this version knows, and counts its findings: a file may claim any numbers.
///
/// # Errors
/// When the file cannot be read, is too large, is not a report or is one of a newer shape.
pub fn read(file: &Path) -> Result<Report, CliError> {
    let wrong = |wrong: String| CliError::Usage(format!("{}: {wrong}", file.display()), RIGHT.to_owned());
    let bytes = files::read(file, LARGEST).map_err(|error| wrong(error.to_string()))?;
    let text = if bundle::is_bundle(&bytes) {
        bundle::read(&bytes).map_err(|error| wrong(error.to_string()))?
    } else {
        decode(&bytes).ok_or_else(|| wrong("is not text".to_owned()))?
    };
    let report = json::parse(&text).map_err(|error| wrong(error.to_string()))?;
    let strict = report.summary.exit_code == STRICT;
    let summary = Summary::of(&report.findings, report.summary.fix_first, strict);
    Ok(Report { summary, ..report })
}
