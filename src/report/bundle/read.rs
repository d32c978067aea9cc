//! Reading a bundle that anyone may have made or changed.
//!
//! In: bytes. Out: the report, with the manifest and its signatures. Nothing is unpacked to disk. Refused are: names that
//! lead elsewhere, names that stand twice, files that share bytes, files that the manifest does not name, and more bytes
//! than the manifest or the limits allow. Each file is read no further than its entry says, and only the report is kept.

use std::io::{Cursor, Read as _};

use ring::digest::{Context, SHA256};
use zip::{ZipArchive, read::ZipFile, result::ZipError};

use super::{Entry, LARGEST, MANIFEST, Manifest, REPORT, SHAPE, sign};
use crate::report::{harmless, redact::hexadecimal};

/// The most bytes of the manifest and of a signature.
const LARGEST_MANIFEST: u64 = 4 << 20;

/// The most files.
const MOST_FILES: usize = 1_000;

/// The longest name of a file, in bytes.
const LONGEST_NAME: usize = 240;

/// Why a bundle cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// It is no ZIP archive, or a damaged one.
    #[error("this is not a bundle of ece-check, or it is damaged: {0}")]
    NotAnArchive(String),
    /// A file of it is missing.
    #[error("this archive has no {0}: it is not a bundle of ece-check")]
    Missing(String),
    /// There is more than is ever written.
    #[error("this bundle holds more than 256 MB, which is not read")]
    TooLarge,
    /// There are more files than are ever written.
    #[error("this archive holds more than {MOST_FILES} files: it is not a bundle of ece-check")]
    TooMany,
    /// A file is not the one that the manifest names.
    #[error("{0} is not as it was when the bundle was written: its SHA-256 differs from the manifest")]
    Changed(String),
    /// A name is no plain name of a file in a folder.
    #[error("unsafe path {0} in this archive: it is not from ece-check")]
    Unsafe(String),
    /// Two files have one name, or share bytes.
    #[error("overlapping entries in this archive: the same name twice, or files that share bytes")]
    Overlapping,
    /// The manifest names a file more than once.
    #[error("the manifest names {0} twice")]
    NamedTwice(String),
    /// A file was added.
    #[error("{0} was added to the bundle: the manifest does not name it")]
    Added(String),
    /// It is of a shape that this version does not know.
    #[error("this bundle was written by a newer version of ece-check (manifest version {0}); use that version")]
    Newer(u32),
}

/// What is in a bundle whose every file is as it was.
#[derive(Debug)]
pub struct Bundle {
    /// The text of the report.
    pub report: String,
    /// The manifest.
    pub manifest: Manifest,
    /// The bytes of the manifest, which are what is signed.
    pub signed: Vec<u8>,
    /// The signatures of the manifest: name and text.
    pub signatures: Vec<(String, String)>,
}

type Archive<'b> = ZipArchive<Cursor<&'b [u8]>>;

/// True for bytes that begin as a ZIP archive does (APPNOTE.TXT, section 4.3.7).
#[must_use]
pub fn is_bundle(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Reads a bundle, if every file that the manifest names is as it was and no other is there.
///
/// # Errors
/// When it is no bundle, a file is missing, was changed or added, or the archive is one that does harm.
pub fn read(bytes: &[u8]) -> Result<Bundle, Unreadable> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|error| Unreadable::NotAnArchive(error.to_string()))?;
    let names = names(&mut zip)?;
    let signed = whole(&mut zip, MANIFEST, LARGEST_MANIFEST)?;
    let manifest = parse(&signed)?;
    let signatures = names.iter().filter(|name| sign::NAMES.contains(&name.as_str()));
    let signatures: Vec<(String, String)> = signatures
        .map(|name| {
            let text = whole(&mut zip, name, LARGEST_MANIFEST)?;
            Ok((name.clone(), String::from_utf8_lossy(&text).into_owned()))
        })
        .collect::<Result<_, Unreadable>>()?;
    let is_named = |name: &&String| manifest.files.iter().any(|entry| entry.name == **name);
    let is_own = |name: &&String| *name == MANIFEST || sign::NAMES.contains(&name.as_str());
    if let Some(added) = names.iter().find(|name| !is_own(name) && !is_named(name)) {
        return Err(Unreadable::Added(shown(added)));
    }
    let mut report = None;
    for entry in &manifest.files {
        let bytes = unchanged(&mut zip, entry)?;
        if entry.name == REPORT {
            report = String::from_utf8(bytes).ok();
        }
    }
    let report = report.ok_or_else(|| Unreadable::Missing(REPORT.to_owned()))?;
    Ok(Bundle { report, manifest, signed, signatures })
}

/// The names of an archive that does no harm.
fn names(zip: &mut Archive<'_>) -> Result<Vec<String>, Unreadable> {
    if zip.len() > MOST_FILES {
        return Err(Unreadable::TooMany);
    }
    let damaged = |error: ZipError| Unreadable::NotAnArchive(error.to_string());
    if zip.has_duplicate_names() || zip.has_overlapping_entries().map_err(damaged)? {
        return Err(Unreadable::Overlapping);
    }
    let names: Vec<String> = zip
        .file_names()
        .map(|name| name.map(std::borrow::Cow::into_owned))
        .collect::<Result<_, _>>()
        .map_err(damaged)?;
    match names.iter().find(|name| !is_safe(name)) {
        Some(name) => Err(Unreadable::Unsafe(shown(name))),
        None => Ok(names),
    }
}

/// True for a relative name that stays where it is unpacked, on every system.
fn is_safe(name: &str) -> bool {
    let is_plain = |c: char| c.is_alphanumeric() || "._-/ @+()".contains(c);
    let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
    name.len() <= LONGEST_NAME && name.chars().all(is_plain) && name.split('/').all(is_part)
}

fn parse(manifest: &[u8]) -> Result<Manifest, Unreadable> {
    let manifest: Manifest =
        serde_json::from_slice(manifest).map_err(|error| Unreadable::NotAnArchive(format!("{MANIFEST}: {error}")))?;
    if manifest.manifest_version > SHAPE {
        return Err(Unreadable::Newer(manifest.manifest_version));
    }
    let sum = manifest.files.iter().try_fold(0_u64, |sum, entry| sum.checked_add(entry.bytes));
    if sum.is_none_or(|sum| sum > LARGEST) {
        return Err(Unreadable::TooLarge);
    }
    let mut known = std::collections::BTreeSet::new();
    match manifest.files.iter().find(|entry| !known.insert(entry.name.as_str())) {
        Some(entry) => Err(Unreadable::NamedTwice(shown(&entry.name))),
        None => Ok(manifest),
    }
}

/// The bytes of the report, or none of another file, if it is as the manifest says.
fn unchanged(zip: &mut Archive<'_>, entry: &Entry) -> Result<Vec<u8>, Unreadable> {
    let changed = || Unreadable::Changed(shown(&entry.name));
    let file = opened(zip, &entry.name)?;
    let mut file = file.take(entry.bytes.saturating_add(1));
    let (mut sum, mut kept, mut length, mut chunk) = (Context::new(&SHA256), Vec::new(), 0_u64, vec![0; 64 << 10]);
    loop {
        let read = file.read(&mut chunk).map_err(|_| changed())?;
        if read == 0 {
            break;
        }
        length += read as u64;
        sum.update(&chunk[..read]);
        if entry.name == REPORT {
            kept.extend_from_slice(&chunk[..read]);
        }
    }
    let is_same = length == entry.bytes && hexadecimal(sum.finish().as_ref()) == entry.sha256;
    if is_same { Ok(kept) } else { Err(changed()) }
}

/// A file of the archive; only one that is not there is missing.
fn opened<'z, 'b>(zip: &'z mut Archive<'b>, name: &str) -> Result<ZipFile<'z, Cursor<&'b [u8]>>, Unreadable> {
    zip.by_name(name).map_err(|error| match error {
        ZipError::FileNotFound => Unreadable::Missing(shown(name)),
        damaged => Unreadable::NotAnArchive(format!("{}: {damaged}", shown(name))),
    })
}

fn whole(zip: &mut Archive<'_>, name: &str, largest: u64) -> Result<Vec<u8>, Unreadable> {
    let file = opened(zip, name)?;
    let mut bytes = Vec::new();
    let read = file.take(largest + 1).read_to_end(&mut bytes);
    read.map_err(|error| Unreadable::NotAnArchive(format!("{name}: {error}")))?;
    if bytes.len() as u64 > largest { Err(Unreadable::TooLarge) } else { Ok(bytes) }
}

fn shown(name: &str) -> String {
    harmless::line(name, LONGEST_NAME)
}
