//! `ece-check list`: the catalogue.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{CliError, catalogue, print};
use crate::{
    catalogue::{Catalogue, Section},
    diagnose::for_server,
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
    let mut catalogue = arguments.catalogue.load()?;
    if let Some(part) = &arguments.part {
        keep(&mut catalogue, &part.to_lowercase());
        let is_empty = if arguments.causes { catalogue.causes.is_empty() } else { catalogue.checks.is_empty() };
        if is_empty {
            let right = "ece-check list and ece-check list --causes name them all";
            return Err(CliError::Usage(format!("nothing in the catalogue has {part} in its name"), right.to_owned()));
        }
    }
    print::data(&match (arguments.causes, arguments.output) {
        (false, Output::Text) => checks(&catalogue),
        (true, Output::Text) => causes(&catalogue),
        (false, Output::Json) => json(&check_rows(&catalogue)),
        (true, Output::Json) => json(&cause_rows(&catalogue)),
    });
    Ok(ExitCode::SUCCESS)
}

/// Leaves of the catalogue what has a part in its name, section or owner.
fn keep(catalogue: &mut Catalogue, part: &str) {
    catalogue.checks.retain(|check| check.id.contains(part) || check.section.name().contains(part));
    catalogue
        .causes
        .retain(|cause| cause.code.contains(part) || report::owner(cause.owner).to_lowercase().contains(part));
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

fn checks(catalogue: &Catalogue) -> String {
    let style = print::style(true, Verbosity::Normal);
    let mut page = Page::new(&style);
    if page.is_narrow() {
        for check in &catalogue.checks {
            narrow(&mut page, &check.id, &check.title);
        }
        return page.finish();
    }
    let wide = widest(catalogue.checks.iter().map(|check| check.id.as_str()));
    lines(Section::ALL.into_iter().flat_map(|section| {
        let of_section = catalogue.checks.iter().filter(move |check| check.section == section);
        let mut rows = of_section.map(|check| format!("  {:<wide$} {}", check.id, check.title)).peekable();
        let heading = rows.peek().map(|_| section.name().to_owned());
        heading.into_iter().chain(rows)
    }))
}

fn causes(catalogue: &Catalogue) -> String {
    let style = print::style(true, Verbosity::Normal);
    let mut page = Page::new(&style);
    if page.is_narrow() {
        for cause in &catalogue.causes {
            narrow(&mut page, &cause.code, &for_server(&cause.title, None));
        }
        return page.finish();
    }
    let wide = widest(catalogue.causes.iter().map(|cause| cause.code.as_str()));
    let row = |cause: &crate::catalogue::Cause| format!("{:<wide$} {}", cause.code, for_server(&cause.title, None));
    lines(catalogue.causes.iter().map(row))
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
    needs: &'c [String],
    sources: &'c [String],
}

fn check_rows(catalogue: &Catalogue) -> Vec<CheckRow<'_>> {
    catalogue
        .checks
        .iter()
        .map(|check| CheckRow {
            check: &check.id,
            section: check.section.name(),
            title: &check.title,
            needs: &check.needs,
            sources: &check.words.sources,
        })
        .collect()
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

fn cause_rows(catalogue: &Catalogue) -> Vec<CauseRow<'_>> {
    catalogue
        .causes
        .iter()
        .map(|cause| CauseRow {
            cause: &cause.code,
            title: for_server(&cause.title, None),
            owner: cause.owner,
            fix: for_server(&cause.fix, None),
            takes: &cause.takes,
            sources: &cause.sources,
        })
        .collect()
}
