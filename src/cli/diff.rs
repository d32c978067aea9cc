//! `ece-check diff`: two saved reports compared.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};

use super::{CliError, print, saved};
use crate::{
    finding::Report,
    report::{Verbosity, changes, compare::compare, json},
};

/// Compare two saved JSON reports: what broke, what was fixed, what changed
///
/// Exit codes: 0 nothing broke, 1 a failure that the old report does not have, 2 usage, 3 no new failure, but a check that
/// had a result before has none now.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The earlier report
    old: PathBuf,
    /// The later report
    new: PathBuf,
    /// The format to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    /// Show details of what was fixed too
    #[arg(short, long)]
    verbose: bool,
    /// No color
    #[arg(long)]
    no_color: bool,
}

/// The formats that a comparison has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For a TAC case
    Markdown,
    /// For programs
    Json,
}

/// What a comparison is called.
const TITLE: &str = "Comparison of two reports";

/// Compares two saved reports.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let (old, new) = (saved::read(&arguments.old)?, saved::read(&arguments.new)?);
    if !have_the_same_names(&old, &new) {
        let wrong = "mailboxes and names cannot be matched: the reports were not redacted with the same key".to_owned();
        let right = "compare reports that are not redacted, or make both with --redact and the same --redact-key FILE";
        return Err(CliError::Usage(wrong, right.to_owned()));
    }
    let comparison = compare(&old, &new);
    let verbosity = if arguments.verbose { Verbosity::Verbose } else { Verbosity::Normal };
    let style = print::style(arguments.no_color, verbosity);
    print::data(&match arguments.output {
        Output::Text => changes::text(TITLE, &comparison, &style),
        Output::Markdown => changes::markdown(TITLE, &comparison, &style),
        Output::Json => json::text(&comparison, style.symbols),
    });
    Ok(ExitCode::from(comparison.exit_code))
}

/// False where a name of one report is hidden in the other, or by another placeholder.
fn have_the_same_names(old: &Report, new: &Report) -> bool {
    let key = |report: &Report| {
        let hidden = report.run.redacted.as_ref().filter(|hidden| hidden.names + hidden.mailboxes > 0);
        hidden.map(|hidden| if hidden.key.is_empty() { report.run.id.clone() } else { hidden.key.clone() })
    };
    key(old) == key(new)
}
