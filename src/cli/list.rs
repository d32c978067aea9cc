//! `ece-check list`: the catalogue.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{CliError, catalogue, print};
use crate::{
    catalogue::{Catalogue, Cause, Head, Section},
    diagnose::{Names, fill_names},
    finding::Owner,
    report::{self, Page, Paint, Verbosity},
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Only what has this part in its ID, code, section or owner: smtp, token, exchange
    #[arg(value_name = "PART")]
    part: Option<String>,
    /// List causes instead of checks
    #[arg(long)]
    causes: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    catalogue: catalogue::Arguments,
}

/// The formats that a list has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Terminal output
    Text,
    /// Machine-readable
    Json,
}

/// Prints the checks or the causes.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let catalogue = arguments.catalogue.load()?;
    let part = arguments.part.as_deref().unwrap_or_default();
    let shown = if arguments.causes {
        let causes = causes_with(&catalogue, &part.to_lowercase());
        match arguments.output {
            _ if causes.is_empty() => return Err(nothing(part)),
            Output::Text => list_of_causes(&causes),
            Output::Json => json(&cause_rows(&causes)),
        }
    } else {
        let checks = checks_with(&catalogue, &part.to_lowercase());
        match arguments.output {
            _ if checks.is_empty() => return Err(nothing(part)),
            Output::Text => list_of_checks(&checks),
            Output::Json => json(&check_rows(&checks)),
        }
    };
    print::data(&shown);
    Ok(ExitCode::SUCCESS)
}

fn nothing(part: &str) -> CliError {
    let right = "ece-check list and ece-check list --causes name them all";
    CliError::Usage(format!("nothing in the catalogue has {part} in its name"), right.to_owned())
}

/// The checks that have a part in their name or section.
fn checks_with<'c>(catalogue: &'c Catalogue, part: &str) -> Vec<Head<'c>> {
    catalogue.heads().into_iter().filter(|check| check.has(part)).collect()
}

/// The causes that have a part in their name or owner.
fn causes_with<'c>(catalogue: &'c Catalogue, part: &str) -> Vec<&'c Cause> {
    let has = |cause: &&Cause| cause.code.contains(part) || report::owner(cause.owner).to_lowercase().contains(part);
    catalogue.causes.iter().filter(has).collect()
}

/// Any rows as pretty JSON, for stdout.
pub fn json<T: Serialize>(rows: &T) -> String {
    report::json::text(rows, print::symbols())
}

/// A name and its title below each other, for a window in which both do not fit beside each other.
fn narrow(page: &mut Page<'_>, name: &str, title: &str) {
    page.paragraph(Paint::Plain, name);
    page.field("title", title);
}

fn list_of_checks(checks: &[Head<'_>]) -> String {
    let style = print::style(true, Verbosity::Normal);
    let mut page = Page::new(&style);
    if page.is_narrow() {
        for check in checks {
            narrow(&mut page, check.id, check.title);
        }
        return page.finish();
    }
    let wide = widest(checks.iter().map(|check| check.id));
    lines(Section::ALL.into_iter().flat_map(|section| {
        let of_section = checks.iter().filter(move |check| check.section == section);
        let mut rows = of_section.map(|check| format!("  {:<wide$} {}", check.id, check.title)).peekable();
        let heading = rows.peek().map(|_| section.name().to_owned());
        heading.into_iter().chain(rows)
    }))
}

fn list_of_causes(causes: &[&Cause]) -> String {
    let style = print::style(true, Verbosity::Normal);
    let mut page = Page::new(&style);
    if page.is_narrow() {
        for cause in causes {
            narrow(&mut page, &cause.code, &fill_names(&cause.title, &Names::default()));
        }
        return page.finish();
    }
    let wide = widest(causes.iter().map(|cause| cause.code.as_str()));
    let row = |cause: &&Cause| format!("{:<wide$} {}", cause.code, fill_names(&cause.title, &Names::default()));
    lines(causes.iter().map(row))
}

fn widest<'n>(names: impl Iterator<Item = &'n str>) -> usize {
    names.map(str::len).max().unwrap_or_default()
}

/// One line each.
pub fn lines(rows: impl Iterator<Item = String>) -> String {
    rows.flat_map(|row| [row, "\n".to_owned()]).collect()
}

#[derive(Serialize)]
struct CheckRow<'c> {
    check: &'c str,
    section: &'c str,
    title: &'c str,
    needs: &'c [&'c str],
    sources: &'c [&'c str],
}

fn check_rows<'c>(checks: &'c [Head<'c>]) -> Vec<CheckRow<'c>> {
    let row = |check: &'c Head<'c>| CheckRow {
        check: check.id,
        section: check.section.name(),
        title: check.title,
        needs: &check.needs,
        sources: &check.sources,
    };
    checks.iter().map(row).collect()
}

#[derive(Serialize)]
struct CauseRow<'c> {
    cause: &'c str,
    title: String,
    owner: Owner,
    fix: String,
    takes: &'c str,
    sources: &'c [String],
}

fn cause_rows<'c>(causes: &[&'c Cause]) -> Vec<CauseRow<'c>> {
    causes
        .iter()
        .map(|cause| CauseRow {
            cause: &cause.code,
            title: fill_names(&cause.title, &Names::default()),
            owner: cause.owner,
            fix: fill_names(&cause.fix, &Names::default()),
            takes: &cause.takes,
            sources: &cause.sources,
        })
        .collect()
}
