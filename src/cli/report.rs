//! `ece-check report`: saved JSON reports in another format, several as one, the part of one team, or the schema.

use std::{path::PathBuf, process::ExitCode};

use clap::Args;

use super::{CliError, handover, option, output::summary_is_text, part, print, saved};
use crate::{
    finding::{Owner, Report},
    report::{self, Format, Verbosity, json, several},
};

/// The most reports that are read at once.
const MOST: usize = 200;

/// Convert saved JSON reports: another format, several servers as one report, or one team's part
///
/// Several reports become one: what differs between them comes first, then each report. Exit code: that of the worst
/// report.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that the user sets by itself")]
pub struct Arguments {
    /// Saved JSON reports, or bundles; several become one report
    #[arg(required_unless_present = "schema", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the JSON Schema of the report
    #[arg(long, conflicts_with = "files")]
    schema: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    /// Only what this team has to do, what it rests on, and how to prove it
    #[arg(long = "for", value_enum, value_name = "OWNER")]
    owner: Option<Owner>,
    #[command(flatten)]
    handover: handover::Arguments,
    /// Print only the outcome, the numbers and the actions
    #[arg(long, conflicts_with_all = ["verbose", "quiet"])]
    summary: bool,
    /// Whose exit codes to use [default: own; nagios with -o nagios]
    #[arg(long, value_enum, value_name = "WHOSE", hide_possible_values = true)]
    exit_codes: Option<option::ExitCodes>,
    /// Verbose: include evidence
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// Show problems only
    #[arg(short, long)]
    quiet: bool,
    /// Disable color
    #[arg(long)]
    no_color: bool,
}

/// Renders saved reports. The exit code is counted anew from their findings.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    if arguments.schema {
        print::data(&json::text(&json::schema(), print::symbols()));
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.files.len() > MOST {
        let wrong = format!("{} reports are more than fit on one page", arguments.files.len());
        return Err(CliError::Usage(wrong, format!("give at most {MOST} files at once")));
    }
    if arguments.summary && arguments.output != Format::Text {
        return Err(summary_is_text());
    }
    if arguments.files.len() > 1 && arguments.handover.has_bundle() {
        let right = "bundle each report by itself".to_owned();
        return Err(CliError::Usage("--bundle holds one report".to_owned(), right));
    }
    let bundle = arguments.handover.prepare()?;
    let mut reports: Vec<Report> = arguments.files.iter().map(|file| saved::read(file)).collect::<Result<_, _>>()?;
    reports = reports.into_iter().map(|report| arguments.handover.redacted(report)).collect::<Result<_, _>>()?;
    if let Some(owner) = arguments.owner {
        reports = reports.iter().map(|report| part::of(report, owner)).collect();
    }
    if let Some(place) = bundle {
        handover::write(place, &reports[0])?;
    }
    let reports: Vec<&Report> = reports.iter().collect();
    let verbosity = match (arguments.quiet, arguments.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let style = print::style(arguments.no_color, verbosity);
    print::data(&if arguments.summary {
        report::summary(&reports, &style)
    } else {
        report::render_several(&reports, arguments.output, &style)
    });
    let codes = option::ExitCodes::chosen(arguments.exit_codes, arguments.output);
    Ok(ExitCode::from(codes.of(&reports, several::exit_code(&reports))))
}
