//! `ece-check report`: saved JSON reports in another format, several as one, the part of one team, or the schema.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use super::{
    CliError,
    handover::{self, Leaving, Material, Prepared},
    option,
    output::{self, summary_is_text, told_of_replacing},
    part, print, saved,
};
use crate::{
    catalogue::{Catalogue, load},
    finding::{Owner, Report},
    report::{
        self, Format, Together, Verbosity,
        bundle::sign::Verifier,
        json,
        several::{self, Overview},
    },
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
    /// Saved JSON reports, or bundles; several become one report; - reads standard input
    #[arg(required_unless_present = "schema", value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Print the JSON Schema of the report
    #[arg(long, conflicts_with = "files")]
    schema: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    /// Only what this team has to do, its evidence, and the command to verify it
    #[arg(long = "for", value_enum, value_name = "OWNER")]
    owner: Option<Owner>,
    #[command(flatten)]
    handover: handover::Arguments,
    /// Refuse bundles that this public key has not signed (minisign, or P-256 in PEM)
    #[arg(long, value_name = "KEYFILE", conflicts_with = "schema")]
    verify_with: Option<PathBuf>,
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
    let read = arguments.files.iter().chain(&arguments.verify_with).map(PathBuf::as_path);
    output::spared(bundle.iter().map(Prepared::place), read.chain(arguments.handover.read()))?;
    let key = arguments.verify_with.as_deref().map(saved::verifier).transpose()?;
    let mut leaving: Vec<Leaving> =
        arguments.files.iter().map(|file| arguments.leaving(file, key.as_ref())).collect::<Result<_, _>>()?;
    in_time(&mut leaving);
    let overview = arguments.owner.map(|owner| only_the_part(&mut leaving, owner));
    let reports: Vec<&Report> = leaving.iter().map(|one| &one.report).collect();
    let together = match overview {
        Some(overview) => Together::parts(reports, overview),
        None => Together::of(reports),
    };
    let verbosity = match (arguments.quiet, arguments.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let style = print::style(arguments.no_color, verbosity);
    if arguments.summary {
        print::data(&report::summary(&together, &style));
    } else {
        print::reports(&together, arguments.output, &style);
    }
    let codes = option::ExitCodes::chosen(arguments.exit_codes, arguments.output);
    let code = codes.of(together.reports(), several::exit_code(together.reports()));
    if let (Some(bundle), Some(one)) = (bundle, leaving.pop()) {
        told_of_replacing(bundle.place(), true);
        handover::write(bundle, one)?;
    }
    Ok(ExitCode::from(code))
}

/// Leaves the part for one team of each report. What differs between them is told from the whole ones, as the part of a
/// server where nothing failed is empty.
fn only_the_part(leaving: &mut [Leaving], owner: Owner) -> Overview {
    let whole: Vec<&Report> = leaving.iter().map(|one| &one.report).collect();
    let overview = several::overview_of_part(&whole, owner);
    for one in leaving {
        one.report = part::of(&one.report, owner);
    }
    overview
}

/// The reports of one server in the order of their times, so that they read as its history; servers stay in the order in
/// which they were named.
fn in_time(leaving: &mut [Leaving]) {
    let mut servers: Vec<(Option<String>, String)> = Vec::new();
    let of = |one: &Leaving| (one.report.run.site.clone(), one.report.run.host.clone());
    for one in leaving.iter().map(of) {
        if !servers.contains(&one) {
            servers.push(one);
        }
    }
    let place = |one: &Leaving| servers.iter().position(|known| *known == of(one));
    leaving.sort_by(|a, b| (place(a), &a.report.run.started).cmp(&(place(b), &b.report.run.started)));
}

impl Arguments {
    /// A saved report as it leaves. The tables are those of this version: they go along where it is the one that judged.
    fn leaving(&self, file: &Path, key: Option<&Verifier>) -> Result<Leaving, CliError> {
        let report = saved::read_verified(file, key)?;
        let catalogue = Catalogue::built_in();
        let is_ours =
            report.tool.version == env!("CARGO_PKG_VERSION") && report.tool.catalogue_date == catalogue.date();
        let tables = if is_ours && self.handover.has_bundle() { load::used(None)? } else { Vec::new() };
        self.handover.leaving(report, &Material { tables, evidence: Vec::new() })
    }
}
