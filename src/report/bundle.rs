//! All of a run in one file to hand over: a ZIP archive with a manifest.
//!
//! In: a report. Out: the archive; or an archive, and out the report in it. The
//! manifest names each file with its length and SHA-256, so that a bundle that was changed or cut short is told from one
//! that was not. Readers are bounded: an archive names lengths that it does not have.

use std::io::{Cursor, Read as _, Write as _};

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

use super::{Format, Style, Verbosity, redact, render, transcript};
use crate::finding::Report;

/// The report in a bundle.
pub const REPORT: &str = "report.json";

/// The manifest of a bundle.
const MANIFEST: &str = "manifest.json";

/// The largest file that is read from a bundle, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The version of the manifest's shape.
const SHAPE: u32 = 1;

/// What a bundle holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this shape.
    pub manifest_version: u32,
    /// The program that wrote it.
    pub tool: String,
    /// The date of its rules.
    pub rules: String,
    /// The run.
    pub run: String,
    /// When the run began.
    pub started: String,
    /// The files, without the manifest itself.
    pub files: Vec<Entry>,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: usize,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

/// Why a bundle cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no ZIP archive, or a damaged one.
    #[error("this is no bundle of ece-check: {0}")]
    NotAnArchive(String),
    /// A file of it is missing.
    #[error("this archive has no {0}: it is no bundle of ece-check")]
    Missing(String),
    /// A file is larger than any that is written.
    #[error("{0} in this bundle is larger than 256 MB")]
    TooLarge(String),
    /// A file is not the one that the manifest names.
    #[error("{0} is not as it was when the bundle was written: its SHA-256 differs from the manifest")]
    Changed(String),
}

/// Writes a bundle: the report as JSON, as a page and as text, and what was said on each connection. `clean` takes secrets out of every text on its way.
///
/// # Panics
/// Never: memory takes all that is written.
#[must_use]
pub fn write(report: &Report, clean: impl Fn(&str) -> String) -> Vec<u8> {
    let style = Style::of_file(Verbosity::Verbose);
    let mut files = vec![
        (REPORT.to_owned(), render(report, Format::Json, &style)),
        ("report.html".to_owned(), render(report, Format::Html, &style)),
        ("report.txt".to_owned(), render(report, Format::Text, &style)),
        ("transcript.txt".to_owned(), transcript::render(report)),
    ];
    for (_, text) in &mut files {
        *text = clean(text);
    }
    let manifest = Manifest {
        manifest_version: SHAPE,
        tool: format!("{} {}", report.tool.name, report.tool.version),
        rules: report.tool.catalogue_date.clone(),
        run: report.run.id.clone(),
        started: report.run.started.clone(),
        files: files.iter().map(|(name, text)| Entry::of(name, text.as_bytes())).collect(),
    };
    let manifest = serde_json::to_string_pretty(&manifest).expect("every key is a text, so it is always JSON");
    files.insert(0, (MANIFEST.to_owned(), clean(&manifest)));
    archive(&files)
}

fn archive(files: &[(String, String)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text) in files {
        zip.start_file(name.as_str(), options).expect("each name stands once, and memory takes all");
        zip.write_all(text.as_bytes()).expect("memory takes all that is written");
    }
    zip.finish().expect("memory takes all that is written").into_inner()
}

impl Entry {
    fn of(name: &str, bytes: &[u8]) -> Self {
        let sha256 = redact::hexadecimal(digest(&SHA256, bytes).as_ref());
        Self { name: name.to_owned(), bytes: bytes.len(), sha256 }
    }
}

/// True for bytes that begin as a ZIP archive does (APPNOTE.TXT, section 4.3.7).
#[must_use]
pub fn is_bundle(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// The text of the report in a bundle, if every file that the manifest names is as it was.
///
/// # Errors
/// When it is no bundle, a file is missing, or one was changed.
pub fn read(bytes: &[u8]) -> Result<String, Unreadable> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| Unreadable::NotAnArchive(error.to_string()))?;
    let manifest = file(&mut zip, MANIFEST)?;
    let manifest: Manifest =
        serde_json::from_slice(&manifest).map_err(|error| Unreadable::NotAnArchive(format!("{MANIFEST}: {error}")))?;
    let mut report = None;
    for entry in &manifest.files {
        let bytes = file(&mut zip, &entry.name)?;
        if Entry::of(&entry.name, &bytes) != *entry {
            return Err(Unreadable::Changed(entry.name.clone()));
        }
        if entry.name == REPORT {
            report = String::from_utf8(bytes).ok();
        }
    }
    report.ok_or_else(|| Unreadable::Missing(REPORT.to_owned()))
}

fn file(zip: &mut ZipArchive<Cursor<&[u8]>>, name: &str) -> Result<Vec<u8>, Unreadable> {
    let file = zip.by_name(name).map_err(|_| Unreadable::Missing(name.to_owned()))?;
    let mut bytes = Vec::new();
    let read = file.take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| Unreadable::NotAnArchive(format!("{name}: {error}")))?;
    if bytes.len() as u64 > LARGEST { Err(Unreadable::TooLarge(name.to_owned())) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json;

    fn golden() -> Report {
        json::parse(include_str!("../../tests/all/reports/golden.json")).expect("the golden report")
    }

    #[test]
    fn bundle_holds_the_report_and_says_what_else() {
        let bundle = write(&golden(), str::to_owned);
        assert!(is_bundle(&bundle));
        assert_eq!(json::parse(&read(&bundle).expect("our own bundle")).expect("a report"), golden());
    }

    #[test]
    fn bundle_that_was_changed_is_refused() {
        let files = |report: &str| {
            let manifest = Manifest {
                manifest_version: SHAPE,
                tool: String::new(),
                rules: String::new(),
                run: String::new(),
                started: String::new(),
                files: vec![Entry::of(REPORT, b"one")],
            };
            let manifest = serde_json::to_string(&manifest).expect("JSON");
            archive(&[(MANIFEST.to_owned(), manifest), (REPORT.to_owned(), report.to_owned())])
        };
        assert_eq!(read(&files("one")).expect("as it was"), "one");
        assert!(matches!(read(&files("two")), Err(Unreadable::Changed(_))));
        let cut = files("one");
        assert!(matches!(read(&cut[..cut.len() / 2]), Err(Unreadable::NotAnArchive(_))));
        assert!(matches!(read(&archive(&[])), Err(Unreadable::NotAnArchive(_) | Unreadable::Missing(_))));
    }
}
