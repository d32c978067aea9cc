//! `ece-check judge`: a saved report judged again with the rules of this version.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;
use serde::Serialize;

use super::{CliError, catalogue, list::Output, print, saved};
use crate::{
    engine,
    finding::Report,
    report::{
        Verbosity, changes,
        compare::{Comparison, compare},
        json,
    },
};

/// Judge a saved JSON report again with the rules of this version, and say which results changed
///
/// Nothing is tested again and no connection is opened. The exit code is that of a run with the new results.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The saved JSON report; - reads standard input
    file: PathBuf,
    /// The format to print; JSON is the new report, with the comparison under `changes`
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    /// Exit with code 4 if there are warnings
    #[arg(long)]
    strict: bool,
    /// Show details of what passes now too
    #[arg(short, long)]
    verbose: bool,
    /// No color
    #[arg(long)]
    no_color: bool,
    #[command(flatten)]
    catalogue: catalogue::Arguments,
}

/// The new report, and beside it what changed.
#[derive(Serialize)]
struct Judged<'r> {
    #[serde(flatten)]
    report: &'r Report,
    changes: &'r Comparison,
}

/// What the comparison is called.
const TITLE: &str = "Saved report judged again";

/// Judges a saved report again.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let catalogue = arguments.catalogue.load()?;
    let old = saved::read(&arguments.file)?;
    let new = engine::rejudge(&old, &catalogue, arguments.strict)?;
    if old.tool.catalogue_date > new.tool.catalogue_date {
        print::note(&older_rules(&old, &new));
    }
    let comparison = compare(&old, &new);
    let verbosity = if arguments.verbose { Verbosity::Verbose } else { Verbosity::Normal };
    let style = print::style(arguments.no_color, verbosity);
    print::data(&match arguments.output {
        Output::Text => changes::text(TITLE, &comparison, &style),
        Output::Json => json::text(&Judged { report: &new, changes: &comparison }, style.symbols),
    });
    Ok(ExitCode::from(new.summary.exit_code))
}

fn older_rules(old: &Report, new: &Report) -> String {
    let (newer, here) = (&old.tool.catalogue_date, &new.tool.catalogue_date);
    format!("warning: the rules of this version are dated {here}; the report was judged with rules dated {newer}")
}
