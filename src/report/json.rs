//! The report as JSON: the whole value, for programs, for another machine, for judging it again.
//!
//! In: a report, or the text of a saved one. Out: RFC 8259 text, or the report. Texts from outside stay what they are;
//! what would act on a terminal is written as `\u….`, so that showing the file does no harm and reading it back gives
//! the same text.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use serde_json::error::Category;

use super::{Style, Symbols, harmless};
use crate::finding::Report;

/// The version of the report's shape that this program writes. It reads every earlier one too: a version only adds.
///
/// Shape 2 adds values beside the sentences of a finding: `evidence`, `steps`, `optional`; and `site`, from which a report is judged again.
pub const SHAPE: u32 = 2;

/// Why a saved report cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON.
    #[error("this is not JSON, line {line}, column {column}: {reason}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// What the reader stumbled over.
        reason: String,
    },
    /// It is JSON and no report.
    #[error("this is JSON, but no report of ece-check: {reason}")]
    NoReport {
        /// What is missing or wrong.
        reason: String,
    },
    /// It is a report of a shape that is not known here.
    #[error("this report has shape {found}; this program reads shapes 1 to {SHAPE}: use the version that wrote it")]
    OtherShape {
        /// The shape that the report names.
        found: u32,
    },
}

/// Writes the report as indented JSON.
pub(super) fn render(report: &Report, style: &Style) -> String {
    text(report, style.symbols)
}

/// Anything as indented JSON, in the characters that the reader can see.
///
/// # Panics
/// When a key is no text.
#[must_use]
pub fn text(value: &impl Serialize, symbols: Symbols) -> String {
    let json = serde_json::to_string_pretty(value).expect("every key is a text, so it is always JSON");
    let mut harmless = visible(&json, symbols);
    harmless.push('\n');
    harmless
}

/// Reads a saved report.
///
/// # Errors
/// When the text is no JSON, no report, or a report of another shape.
pub fn parse(text: &str) -> Result<Report, Unreadable> {
    #[derive(Deserialize)]
    struct Shape {
        schema_version: u32,
    }
    let text = text.trim_start_matches('\u{feff}');
    let shape: Shape = serde_json::from_str(text).map_err(|error| Unreadable::of(&error))?;
    if !(1..=SHAPE).contains(&shape.schema_version) {
        return Err(Unreadable::OtherShape { found: shape.schema_version });
    }
    serde_json::from_str(text).map_err(|error| Unreadable::of(&error))
}

/// The JSON Schema of a report (draft 2020-12).
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Report).to_value()
}

impl Unreadable {
    fn of(error: &serde_json::Error) -> Self {
        let reason = harmless::line(&error.to_string(), 300);
        match error.classify() {
            Category::Data => Self::NoReport { reason },
            Category::Syntax | Category::Eof | Category::Io => {
                Self::NotJson { line: error.line(), column: error.column(), reason }
            }
        }
    }
}

/// Outside its strings JSON is ASCII and indented by line ends and spaces, so all else that is hidden is in a string.
fn visible(json: &str, symbols: Symbols) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        let shown = character == '\n' || !harmless::is_hidden(character);
        if shown && (symbols == Symbols::Unicode || character.is_ascii()) {
            text.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_report() {
        let error = parse("{\"schema_version\": 1,").expect_err("half");
        assert!(matches!(error, Unreadable::NotJson { line: 1, .. }), "{error}");
    }

    #[test]
    fn json_of_another_kind() {
        for other in ["[]", "{}", "{\"schema_version\": 1}", "7"] {
            let error = parse(other).expect_err(other);
            assert!(matches!(error, Unreadable::NoReport { .. }), "{error}");
        }
    }

    #[test]
    fn a_report_of_a_later_version() {
        let error = parse("{\"schema_version\": 3, \"runs\": []}").expect_err("another shape");
        assert!(error.to_string().contains("shape 3"), "{error}");
    }

    #[test]
    fn hidden_characters_are_written_as_escapes() {
        assert_eq!(visible("\"a\u{7f}\u{202e}\u{e0041}ü\"", Symbols::Unicode), "\"a\\u007f\\u202e\\udb40\\udc41ü\"");
        assert_eq!(visible("\"ü\"", Symbols::Ascii), "\"\\u00fc\"");
    }
}
