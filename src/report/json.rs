//! The report as JSON: the whole value, for programs, for another machine, for judging it again.
//!
//! In: a report, or the text of a saved one. Out: RFC 8259 text, or the report. Texts from outside stay what they are;
//! what would act on a terminal is written as `\u….`, so that showing the file does no harm and reading it back gives
//! the same text.

use std::io::{self, BufReader, Read, Write};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{
    error::Category,
    ser::{Formatter, PrettyFormatter, Serializer},
};

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
    /// It ends before a value in it does.
    #[error("it ends in the middle of the JSON, line {line}: it was cut off, or is still being written")]
    CutOff {
        /// Counted from 1.
        line: usize,
    },
    /// It is JSON and no report.
    #[error("JSON, but not a report of ece-check: {reason}")]
    NoReport {
        /// What is missing or wrong.
        reason: String,
    },
    /// It is a report of a shape that is not known here.
    #[error("unsupported schema_version {found} (supported: 1 to {SHAPE}); use a newer ece-check")]
    OtherShape {
        /// The shape that the report names.
        found: u32,
    },
}

/// Gives the report as indented JSON.
pub(super) fn render(report: &Report, style: &Style) -> String {
    text(report, style.symbols)
}

/// Writes anything as indented JSON as it goes, in the characters that the reader can see: no string goes over the end of a
/// line.
///
/// # Errors
/// When the writer takes no more.
pub fn write(value: &impl Serialize, symbols: Symbols, to: &mut dyn Write) -> io::Result<()> {
    let form = Visible { indented: PrettyFormatter::new(), symbols };
    value.serialize(&mut Serializer::with_formatter(&mut *to, form))?;
    to.write_all(b"\n")
}

/// Anything as indented JSON, in the characters that the reader can see.
///
/// # Panics
/// When a key is no text.
#[must_use]
pub fn text(value: &impl Serialize, symbols: Symbols) -> String {
    let mut json = Vec::new();
    write(value, symbols, &mut json).expect("every key is a text, so it is always JSON");
    String::from_utf8(json).expect("JSON is text")
}

/// What every shape has.
#[derive(Deserialize)]
struct Shape {
    schema_version: u32,
}

impl Shape {
    fn is_known(&self) -> bool {
        (1..=SHAPE).contains(&self.schema_version)
    }
}

/// Reads a saved report as it comes, so that the text of a large one is never whole in memory. The source is opened again
/// only to say why it is not a report.
///
/// # Errors
/// When the text is no JSON, no report, or a report of another shape.
pub fn read<R: Read>(open: impl Fn() -> io::Result<R>) -> Result<Report, Unreadable> {
    let report: serde_json::Result<Report> = from_source(&open);
    let shape = match &report {
        Ok(report) => Some(Shape { schema_version: report.schema_version }),
        Err(_) => from_source(&open).ok(),
    };
    match shape {
        Some(shape) if !shape.is_known() => Err(Unreadable::OtherShape { found: shape.schema_version }),
        Some(_) => report.map_err(|error| Unreadable::of(&error)),
        None => report.map_err(|error| Unreadable::of(&error).without_shape()),
    }
}

fn from_source<T: DeserializeOwned, R: Read>(open: impl Fn() -> io::Result<R>) -> serde_json::Result<T> {
    serde_json::from_reader(BufReader::with_capacity(1 << 16, open().map_err(serde_json::Error::custom)?))
}

/// Reads a saved report.
///
/// # Errors
/// When the text is no JSON, no report, or a report of another shape.
pub fn parse(text: &str) -> Result<Report, Unreadable> {
    let text = text.trim_start_matches('\u{feff}');
    let shape: Shape = serde_json::from_str(text).map_err(|error| Unreadable::of(&error).without_shape())?;
    if !shape.is_known() {
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
    /// The same for JSON that names no shape: another program has written it.
    fn without_shape(self) -> Self {
        let reason = "it has no schema_version, which each report has; give exports of other programs with --evidence";
        if matches!(self, Self::NoReport { .. }) { Self::NoReport { reason: reason.to_owned() } } else { self }
    }

    fn of(error: &serde_json::Error) -> Self {
        let reason = harmless::line(&error.to_string(), 300);
        match error.classify() {
            Category::Data => Self::NoReport { reason: of_value(error, &reason) },
            Category::Eof => Self::CutOff { line: error.line() },
            Category::Syntax | Category::Io => {
                let reason = reason.split(" at line ").next().unwrap_or_default().to_owned(); // told before it
                Self::NotJson { line: error.line(), column: error.column(), reason }
            }
        }
    }
}

/// What is wrong with a value of a report, in words that need no knowledge of the program that reads it.
fn of_value(error: &serde_json::Error, reason: &str) -> String {
    let wrong = match reason.split(" at line ").next().unwrap_or_default() {
        missing if missing.starts_with("missing field") => missing.replacen("missing field", "no value for", 1),
        unknown if unknown.starts_with("unknown variant") => {
            unknown.split(", expected").next().unwrap_or_default().replacen("unknown variant", "unknown value", 1)
        }
        other if other.starts_with("invalid") => "a value of another kind is expected".to_owned(),
        other => other.to_owned(),
    };
    format!("{wrong}, line {}, column {}", error.line(), error.column())
}

/// Indented JSON in which nothing is hidden: what a reader cannot see is written as an escape. Outside its strings JSON is
/// ASCII, line ends and spaces.
struct Visible {
    indented: PrettyFormatter<'static>,
    symbols: Symbols,
}

impl Visible {
    fn is_shown(&self, character: char) -> bool {
        !harmless::is_hidden(character) && (self.symbols == Symbols::Unicode || character.is_ascii())
    }
}

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        // of nearly every text all is shown; without an early end the bytes are compared many at once
        if fragment.bytes().fold(true, |is_plain, byte| is_plain & matches!(byte, b' '..=b'~')) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut rest = fragment;
        while let Some((at, hidden)) = rest.char_indices().find(|(_, character)| !self.is_shown(*character)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            for unit in hidden.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = &rest[at + hidden.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }

    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.indented.begin_array(writer)
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.indented.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.indented.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.indented.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.indented.begin_object(writer)
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.indented.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.indented.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.indented.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.indented.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_report() {
        let error = parse("{\"schema_version\": 1,").expect_err("half");
        assert!(matches!(error, Unreadable::CutOff { line: 1 }), "{error}");
    }

    /// The same text as a whole and as it comes.
    fn both(text: &str) -> [Result<Report, Unreadable>; 2] {
        [parse(text), read(|| Ok(text.as_bytes()))]
    }

    #[test]
    fn json_of_another_kind() {
        for (other, words) in [
            ("[]", "no schema_version"),
            ("{}", "no schema_version"),
            ("[{}]", "no schema_version"),
            ("{\"schema_version\": {}}", "no schema_version"),
            ("{\"schema_version\": 1}", "no value for"),
            ("{\"schema_version\": 1, \"run\": 5}", "a value of another kind is expected, line 1"),
            ("7", "no schema_version"),
        ] {
            for error in both(other).map(|report| report.expect_err(other)) {
                assert!(matches!(error, Unreadable::NoReport { .. }), "{error}");
                assert!(error.to_string().contains(words), "{other}: {error}");
            }
        }
    }

    #[test]
    fn as_it_comes_it_is_the_same_report() {
        let golden = include_str!("../../tests/all/reports/golden.json");
        let [whole, read] = both(golden).map(|report| report.expect("the golden report"));
        assert_eq!(whole, read);
    }

    #[test]
    fn a_report_of_a_later_version() {
        for error in both("{\"schema_version\": 3, \"runs\": []}").map(|report| report.expect_err("another shape")) {
            assert!(error.to_string().contains("schema_version 3"), "{error}");
        }
    }

    #[test]
    fn hidden_characters_are_written_as_escapes() {
        let hidden = "a\u{7f}\u{202e}\u{e0041}ü";
        assert_eq!(text(&hidden, Symbols::Unicode), "\"a\\u007f\\u202e\\udb40\\udc41ü\"\n");
        assert_eq!(text(&"ü\n", Symbols::Ascii), "\"\\u00fc\\n\"\n");
        assert_eq!(serde_json::from_str::<String>(&text(&hidden, Symbols::Ascii)).expect("JSON"), hidden);
    }

    #[test]
    fn indented_as_it_always_was() {
        let value = serde_json::json!({"a": [1, {"b": null}], "c": {}, "d": []});
        assert_eq!(text(&value, Symbols::Unicode), serde_json::to_string_pretty(&value).expect("JSON") + "\n");
    }
}
