//! `ece-check report`: a saved JSON report in another format, or the schema.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{CliError, print, saved};
use crate::report::{self, Format, Stream, Style, Verbosity, json};

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
    let saved = saved::read(file)?;
    let verbosity = if arguments.verbose { Verbosity::Verbose } else { Verbosity::Normal };
    let style = Style::of(Stream::Stdout, arguments.no_color, verbosity);
    print::data(&report::render(&saved, arguments.output, &style));
    Ok(ExitCode::from(saved.summary.exit_code))
}
