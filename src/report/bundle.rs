//! All of a run in one file to hand over: a ZIP archive with a manifest.
//!
//! In: a report, and what belongs to it. Out: the archive; or an archive, and out the report in it. The manifest names each
//! file with its length and SHA-256, so that a bundle that was changed or cut short is told from one that was not; it can
//! be signed, see [`sign`]. What is read is bounded and believed in nothing, see [`read`].

pub mod read;
pub mod sign;

use std::io::{Cursor, Write as _};

use jiff::{Timestamp, tz::TimeZone};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use self::sign::Signer;
use super::{Format, Style, Verbosity, redact, render, transcript};
use crate::finding::Report;

/// The report in a bundle.
pub const REPORT: &str = "report.json";

/// The manifest of a bundle.
pub const MANIFEST: &str = "manifest.json";

/// The most bytes of all files together that are read.
pub(super) const LARGEST: u64 = 256 << 20;

/// The most bytes of evidence: the report, its page and what was said on connections need room too.
pub const LARGEST_BESIDE: usize = 64 << 20;

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
    /// What was to be included and is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// A file of a bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256 in lower-case hexadecimal.
    pub sha256: String,
    /// The SHA-256 of the file that it was made of, as the report names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original_sha256: Option<String>,
    /// In how many places of it something was hidden.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hidden: Option<usize>,
}

/// A file that is not in the bundle, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name.
    pub name: String,
    /// Why.
    pub why: String,
}

/// A text that goes into a bundle beside the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attached {
    /// The name in the bundle.
    pub name: String,
    /// The text.
    pub text: String,
    /// The SHA-256 of the file that it was made of.
    pub original_sha256: Option<String>,
    /// In how many places of it something was hidden.
    pub hidden: Option<usize>,
    /// When the file that it was made of was written; none for what is written now.
    pub modified: Option<Timestamp>,
}

/// What a bundle holds beside the report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Tables and evidence.
    pub files: Vec<Attached>,
    /// What was to be there and is not.
    pub left_out: Vec<LeftOut>,
}

/// Writes a bundle: the report as JSON, as a page and as text, what was said on each connection, and what is beside it.
/// `clean` takes secrets out of every text on its way.
///
/// # Panics
/// Never: memory takes all that is written.
#[must_use]
pub fn write(report: &Report, beside: Beside, signer: Option<&Signer>, clean: impl Fn(&str) -> String) -> Vec<u8> {
    let style = Style::of_file(Verbosity::Verbose);
    let of_report = [
        (REPORT, render(report, Format::Json, &style)),
        ("report.html", render(report, Format::Html, &style)),
        ("report.txt", render(report, Format::Text, &style)),
        ("transcript.txt", transcript::render(report)),
    ];
    let of_report = of_report.map(|(name, text)| Attached { name: name.to_owned(), text, ..Attached::default() });
    let mut files: Vec<Attached> = of_report.into_iter().chain(beside.files).collect();
    for file in &mut files {
        file.text = clean(&file.text);
    }
    let manifest = Manifest {
        manifest_version: SHAPE,
        tool: format!("{} {}", report.tool.name, report.tool.version),
        rules: report.tool.catalogue_date.clone(),
        run: report.run.id.clone(),
        started: report.run.started.clone(),
        files: files.iter().map(Entry::of_attached).collect(),
        left_out: beside.left_out,
    };
    let manifest = serde_json::to_string_pretty(&manifest).expect("every key is a text, so it is always JSON");
    let manifest = clean(&manifest);
    let signature = signer.map(|signer| signer.sign(manifest.as_bytes(), &report.run.id));
    let head = [Some((MANIFEST.to_owned(), manifest)), signature].into_iter().flatten();
    let started = report.run.started.parse().ok();
    let head = head.map(|(name, text)| (name, text, started));
    let files = files.into_iter().map(|file| (file.name, file.text, file.modified.or(started)));
    archive_of(&head.chain(files).collect::<Vec<_>>())
}

/// Files in an archive, each with its time: a file without one would be of 1980 when it is unpacked.
fn archive_of(files: &[(String, String, Option<Timestamp>)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let usual = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, text, modified) in files {
        let options = modified.and_then(dos_time).map_or(usual, |time| usual.last_modified_time(time));
        zip.start_file(name.as_str(), options).expect("each name stands once, and memory takes all");
        zip.write_all(text.as_bytes()).expect("memory takes all that is written");
    }
    zip.finish().expect("memory takes all that is written").into_inner()
}

/// The time as an archive keeps it: local, from 1980 to 2107 (APPNOTE.TXT, section 4.4.6).
fn dos_time(at: Timestamp) -> Option<DateTime> {
    let at = at.to_zoned(TimeZone::system());
    let part = |part: i8| u8::try_from(part).ok();
    DateTime::from_date_and_time(
        u16::try_from(at.year()).ok()?,
        part(at.month())?,
        part(at.day())?,
        part(at.hour())?,
        part(at.minute())?,
        part(at.second())?,
    )
    .ok()
}

impl Entry {
    /// The entry of a file with these bytes.
    #[must_use]
    pub fn of(name: &str, bytes: &[u8]) -> Self {
        let sha256 = redact::hexadecimal(digest(&SHA256, bytes).as_ref());
        Self { name: name.to_owned(), bytes: bytes.len() as u64, sha256, original_sha256: None, hidden: None }
    }

    fn of_attached(file: &Attached) -> Self {
        let (original_sha256, hidden) = (file.original_sha256.clone(), file.hidden);
        Self { original_sha256, hidden, ..Self::of(&file.name, file.text.as_bytes()) }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        read::{Bundle, Unreadable, is_bundle, read},
        *,
    };
    use crate::report::json;

    fn golden() -> Report {
        json::parse(include_str!("../../tests/all/reports/golden.json")).expect("the golden report")
    }

    fn archive(files: &[(String, String)]) -> Vec<u8> {
        archive_of(&files.iter().map(|(name, text)| (name.clone(), text.clone(), None)).collect::<Vec<_>>())
    }

    fn manifest(files: Vec<Entry>) -> (String, String) {
        let manifest = Manifest {
            manifest_version: SHAPE,
            tool: String::new(),
            rules: String::new(),
            run: String::new(),
            started: String::new(),
            files,
            left_out: Vec::new(),
        };
        (MANIFEST.to_owned(), serde_json::to_string(&manifest).expect("JSON"))
    }

    fn text(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    fn refused(files: &[(String, String)]) -> String {
        read(&archive(files)).expect_err("it is refused").to_string()
    }

    #[test]
    fn bundle_holds_the_report_and_what_is_beside_it() {
        let evidence = Attached {
            name: "evidence/1-app.json".to_owned(),
            text: "{}".to_owned(),
            original_sha256: Some("ab".to_owned()),
            hidden: Some(0),
            modified: Some("2026-03-04T12:00:00Z".parse().expect("a time")),
        };
        let left_out = LeftOut { name: "b.xlsx".to_owned(), why: "is not text".to_owned() };
        let beside = Beside { files: vec![evidence], left_out: vec![left_out.clone()] };
        let bundle = write(&golden(), beside, None, str::to_owned);
        assert!(is_bundle(&bundle));
        let mut unpacked = zip::ZipArchive::new(Cursor::new(bundle.as_slice())).expect("an archive");
        let years: Vec<u16> = (0..unpacked.len())
            .map(|at| unpacked.by_index(at).expect("a file").last_modified().expect("a time").year())
            .collect();
        assert!(years.iter().all(|year| *year > 2000) && years.last() == Some(&2026), "{years:?}");
        let Bundle { report, manifest, signatures, .. } = read(&bundle).expect("our own bundle");
        assert_eq!(json::parse(&report).expect("a report"), golden());
        assert_eq!(manifest.files.last().and_then(|entry| entry.original_sha256.as_deref()), Some("ab"));
        assert_eq!((manifest.left_out, signatures), (vec![left_out], Vec::new()));
    }

    #[test]
    fn bundle_that_was_changed_is_refused() {
        let files = |report: &str| [manifest(vec![Entry::of(REPORT, b"one")]), text(REPORT, report)];
        assert_eq!(read(&archive(&files("one"))).expect("as it was").report, "one");
        for changed in ["two", "one and more", ""] {
            assert!(matches!(read(&archive(&files(changed))), Err(Unreadable::Changed(_))), "{changed}");
        }
        let cut = archive(&files("one"));
        assert!(matches!(read(&cut[..cut.len() / 2]), Err(Unreadable::NotAnArchive(_))));
        assert!(matches!(read(&archive(&[])), Err(Unreadable::NotAnArchive(_) | Unreadable::Missing(_))));
    }

    #[test]
    fn entry_that_cannot_be_unpacked_is_not_missing() {
        let mut packed = archive(&[manifest(vec![Entry::of(REPORT, b"one")]), text(REPORT, "one")]);
        let begins = |bytes: &[u8]| bytes.starts_with(b"PK\x01\x02");
        let entries: Vec<usize> = (0..packed.len()).filter(|at| begins(&packed[*at..])).collect();
        for at in entries {
            packed[at + 10] = 99; // a method that is not known (APPNOTE.TXT, section 4.4.5)
        }
        let error = read(&packed).expect_err("it is refused");
        assert!(matches!(&error, Unreadable::NotAnArchive(words) if words.starts_with(MANIFEST)), "{error}");
    }

    #[test]
    fn names_that_lead_out_of_the_bundle_are_refused() {
        for name in ["../x", "/etc/x", "a/../../x", "a\\..\\x", "C:x", "a//x", "./x", "a\u{202e}x", "a\nx", "nul\0x"] {
            let entries = vec![Entry::of(REPORT, b"one"), Entry::of(name, b"x")];
            let said = refused(&[manifest(entries), text(REPORT, "one"), text(name, "x")]);
            assert!(said.contains("unsafe path"), "{name:?}: {said}");
            assert!(!said.contains(['\n', '\u{202e}', '\0']), "{said:?}");
        }
    }

    #[test]
    fn files_that_the_manifest_does_not_name_or_names_twice_are_refused() {
        let one = || Entry::of(REPORT, b"one");
        let said = refused(&[manifest(vec![one()]), text(REPORT, "one"), text("run.exe", "MZ")]);
        assert!(said.contains("run.exe") && said.contains("the manifest does not name it"), "{said}");
        let said = refused(&[manifest(vec![one(), one()]), text(REPORT, "one")]);
        assert!(said.contains("names report.json twice"), "{said}");
        let mut twice = archive(&[manifest(vec![one()]), text(REPORT, "one"), text("report.jsoN", "two")]);
        for at in 0..twice.len() - 11 {
            if &twice[at..at + 11] == b"report.jsoN" {
                twice[at..at + 11].copy_from_slice(b"report.json");
            }
        }
        let said = read(&twice).expect_err("it is refused").to_string();
        assert!(said.contains("the same name twice"), "{said}");
    }

    #[test]
    fn bombs_are_refused_before_they_are_unpacked() {
        let many: Vec<(String, String)> = (0..2_000).map(|at| text(&format!("a{at}"), "")).collect();
        assert!(refused(&many).contains("more than 1000 files"));
        let large = Entry { bytes: u64::MAX / 2, ..Entry::of("b", b"x") };
        let said = refused(&[manifest(vec![large.clone(), large]), text("b", "x")]);
        assert!(said.contains("256 MB"), "{said}");
        let zeros = "0".repeat(20 << 20);
        let said = refused(&[manifest(vec![Entry::of(REPORT, b"0")]), text(REPORT, &zeros)]);
        assert!(said.contains("report.json is not as it was"), "{said}");
        let mut newer = manifest(vec![Entry::of(REPORT, b"one")]);
        newer.1 = newer.1.replace("\"manifest_version\":1", "\"manifest_version\":2");
        assert!(refused(&[newer, text(REPORT, "one")]).contains("newer version of ece-check"));
    }
}
