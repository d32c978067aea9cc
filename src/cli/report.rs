//! `ece-check report`: a saved JSON report in another format, or the schema.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{CliError, print};
use crate::{
    files,
    finding::Summary,
    report::{self, Format, Stream, Style, Verbosity, json},
    table::decode,
};

/// The exit code of a run with `--strict` that saw warnings and no failure.
const STRICT: u8 = 4;
/// The largest report that is read, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Saved JSON report
    #[arg(required_unless_present = "schema")]
    file: Option<PathBuf>,
    /// Print the JSON Schema of the report
    #[arg(long, conflicts_with = "file")]
    schema: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    /// Verbose: include evidence
    #[arg(short, long)]
    verbose: bool,
    /// Disable color
    #[arg(long)]
    no_color: bool,
}

/// Renders a saved report. The exit code is counted anew from its findings.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let Some(file) = arguments.file.as_ref().filter(|_| !arguments.schema) else {
        print::data(&json::text(&json::schema(), print::symbols()));
        return Ok(ExitCode::SUCCESS);
    };
    let trouble = |wrong: String| CliError::Usage(format!("{}: {wrong}", file.display()), RIGHT.to_owned());
    let bytes = files::read(file, LARGEST).map_err(|error| trouble(error.to_string()))?;
    let text = decode(&bytes).ok_or_else(|| trouble("is not text".to_owned()))?;
    let mut saved = json::parse(&text).map_err(|error| trouble(error.to_string()))?;
    let strict = saved.summary.exit_code == STRICT;
    saved.summary = Summary::of(&saved.findings, saved.summary.fix_first, strict); // a file may claim anything
    let verbosity = if arguments.verbose { Verbosity::Verbose } else { Verbosity::Normal };
    let style = Style::of(Stream::Stdout, arguments.no_color, verbosity);
    print::data(&report::render(&saved, arguments.output, &style));
    Ok(ExitCode::from(saved.summary.exit_code))
}

const RIGHT: &str = "give a report that ece-check run --report json=FILE has written";
