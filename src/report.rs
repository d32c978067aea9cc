//! The report of a run in the formats that people and programs read.
//!
//! In: a finished [`Report`] and a [`Style`]. Out: one text for one stream or file. Nothing is decided here: what failed,
//! why, and what comes first was settled before. Every text of a report is taken as coming from outside (a saved report
//! is only a file), so every format passes it through [`harmless`] before it is printed.

pub mod changes;
pub mod compare;
mod csv;
mod grouping;
pub mod harmless;
mod header;
pub mod json;
mod mailbox;
mod markdown;
mod page;
pub mod prose;
mod road;
mod terminal;
mod text;
pub mod transcript;
mod verdict;
mod words;

pub use self::{
    csv::rows,
    json::{Unreadable, parse, schema},
    page::{Page, Paint},
    terminal::{Stream, Style, Symbols, Verbosity},
    words::owner,
};
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
}

/// Writes a report out in one format, with a line end at its end.
#[must_use]
pub fn render(report: &Report, format: Format, style: &Style) -> String {
    match format {
        Format::Text => text::render(report, style),
        Format::Json => json::render(report, style),
        Format::Markdown => markdown::render(report, style),
        Format::Csv => csv::render(report, style),
    }
}
