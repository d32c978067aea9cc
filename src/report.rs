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
mod proof;
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

use self::several::Overview;
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

/// Reports that are written as one, with what differs between them; one alone is written as it is.
#[derive(Clone, Debug)]
pub struct Together<'r> {
    reports: Vec<&'r Report>,
    overview: Overview,
}

impl<'r> Together<'r> {
    /// Reports as they are.
    #[must_use]
    pub fn of(reports: Vec<&'r Report>) -> Self {
        let overview = several::overview(&reports);
        Self { reports, overview }
    }

    /// The parts for one team, with the overview that was made of the whole reports.
    #[must_use]
    pub fn parts(reports: Vec<&'r Report>, overview: Overview) -> Self {
        Self { reports, overview }
    }

    /// The reports.
    #[must_use]
    pub fn reports(&self) -> &[&'r Report] {
        &self.reports
    }
}

/// Writes a report as JSON as it goes, so that the text of a large one is never whole in memory.
///
/// # Errors
/// When the writer takes no more.
pub fn write_json(together: &Together<'_>, style: &Style, to: &mut dyn Write) -> io::Result<()> {
    match together.reports() {
        [one] => json::write(one, style.symbols, to),
        _ => json::write(&Several::of(together), style.symbols, to),
    }
}

/// Several reports as JSON.
#[derive(Serialize)]
struct Several<'r> {
    schema_version: u32,
    overview: &'r Overview,
    reports: &'r [&'r Report],
}

impl<'r> Several<'r> {
    fn of(together: &'r Together<'r>) -> Self {
        Self { schema_version: json::SHAPE, overview: &together.overview, reports: &together.reports }
    }
}

/// Writes several reports out as one, what differs between them first; one alone is written as it is.
#[must_use]
pub fn render_several(together: &Together<'_>, format: Format, style: &Style) -> String {
    let (reports, overview) = (together.reports(), &together.overview);
    if let [one] = reports {
        return render(one, format, style);
    }
    match format {
        Format::Text => overview::text(reports, overview, style, false),
        Format::Json => json::text(&Several::of(together), style.symbols),
        Format::Markdown => overview::markdown(reports, overview, style),
        Format::Csv => csv::render(reports, style),
        Format::Html => html::render_several(reports, overview),
        Format::Junit => junit::render(reports),
        Format::Prometheus => prometheus::render(reports),
        Format::Nagios => nagios::render(reports),
    }
}

/// Writes the first screen alone: the outcome, the numbers, what to do first.
#[must_use]
pub fn summary(together: &Together<'_>, style: &Style) -> String {
    match together.reports() {
        [one] => overview::summary(one, style),
        several => overview::text(several, &together.overview, style, true),
    }
}
