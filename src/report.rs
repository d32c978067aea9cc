//! The report of a run in the formats that people and programs read.
//!
//! In: a finished [`Report`] and a [`Style`]. Out: one text for one stream or file. Nothing is decided here: what failed,
//! why, and what comes first was settled before. Every text of a report is taken as coming from outside (a saved report
//! is only a file), so every format passes it through [`harmless`] before it is printed.

pub mod bundle;
pub mod changes;
pub mod compare;
mod csv;
pub mod firewall;
mod grouping;
pub mod harmless;
mod header;
mod html;
pub mod json;
mod junit;
mod mailbox;
mod markdown;
pub mod nagios;
mod overview;
mod page;
mod part;
mod prometheus;
pub mod prose;
pub mod redact;
mod route;
pub mod several;
mod terminal;
mod text;
pub mod transcript;
mod verdict;
mod words;

pub use self::{
    csv::rows,
    json::{Unreadable, parse, schema},
    page::{Page, Paint},
    part::part,
    terminal::{Stream, Style, Symbols, Verbosity},
    words::{certainty, owner},
};
use std::io::{self, Write};

use serde::Serialize;

use crate::finding::Report;

/// The formats that a report can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Terminal output.
    Text,
    /// Full report (machine-readable).
    Json,
    /// For a TAC case.
    Markdown,
    /// One row per check, for a spreadsheet.
    Csv,
    /// One page for a browser: filters, commands to copy, a checklist to print and sign.
    Html,
    /// JUnit XML, for build servers.
    Junit,
    /// Metrics for the textfile collector of `node_exporter` or `windows_exporter`.
    Prometheus,
    /// Output of a monitoring plugin; the exit codes are those of plugins too.
    Nagios,
}

/// Writes a report out in one format, with a line end at its end.
#[must_use]
pub fn render(report: &Report, format: Format, style: &Style) -> String {
    match format {
        Format::Text => text::render(report, style),
        Format::Json => json::render(report, style),
        Format::Markdown => markdown::render(report, style),
        Format::Csv => csv::render(&[report], style),
        Format::Html => html::render(report),
        Format::Junit => junit::render(&[report]),
        Format::Prometheus => prometheus::render(&[report]),
        Format::Nagios => nagios::render(&[report]),
    }
}

/// Writes a report as JSON as it goes, so that the text of a large one is never whole in memory.
///
/// # Errors
/// When the writer takes no more.
pub fn write_json(reports: &[&Report], style: &Style, to: &mut dyn Write) -> io::Result<()> {
    match reports {
        [one] => json::write(one, style.symbols, to),
        several => json::write(&Several::of(several), style.symbols, to),
    }
}

/// Several reports as JSON.
#[derive(Serialize)]
struct Several<'r> {
    schema_version: u32,
    overview: several::Overview,
    reports: &'r [&'r Report],
}

impl<'r> Several<'r> {
    fn of(reports: &'r [&'r Report]) -> Self {
        Self { schema_version: json::SHAPE, overview: several::overview(reports), reports }
    }
}

/// Writes several reports out as one, what differs between them first; one alone is written as it is.
#[must_use]
pub fn render_several(reports: &[&Report], format: Format, style: &Style) -> String {
    if let [one] = reports {
        return render(one, format, style);
    }
    let overview = || several::overview(reports);
    match format {
        Format::Text => overview::text(reports, &overview(), style, false),
        Format::Json => json::text(&Several::of(reports), style.symbols),
        Format::Markdown => overview::markdown(reports, &overview(), style),
        Format::Csv => csv::render(reports, style),
        Format::Html => html::render_several(reports, &overview()),
        Format::Junit => junit::render(reports),
        Format::Prometheus => prometheus::render(reports),
        Format::Nagios => nagios::render(reports),
    }
}

/// Writes the first screen alone: the outcome, the numbers, what to do first.
#[must_use]
pub fn summary(reports: &[&Report], style: &Style) -> String {
    match reports {
        [one] => overview::summary(one, style),
        several => overview::text(several, &several::overview(several), style, true),
    }
}
