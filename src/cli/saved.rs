//! Reading a saved JSON report.

use std::{
    io::{self, Read as _},
    path::Path,
};

use super::{CliError, print};
use crate::{
    files,
    finding::{Report, Summary},
    report::{
        bundle::{
            self,
            read::{Bundle, is_bundle},
            sign::Verifier,
        },
        json,
    },
    secret,
    table::decode,
};

/// The exit code of a run with `--strict` that saw warnings and no failure.
const STRICT: u8 = 4;

/// From this size on, in bytes, a report is read as it comes: its text would need as much memory as the report itself.
const LARGE: u64 = 8 * 1024 * 1024;

/// The largest report that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// The largest key file, in bytes.
const LARGEST_KEY: u64 = 64 << 10;

/// The name that stands for standard input, as in `ece-check run -o json | ece-check report -`.
const STDIN: &str = "-";

const RIGHT: &str = "give a report that ece-check run --report json=FILE or --bundle FILE has written";

/// Reads a saved report of any shape that this version knows, and counts its findings: a file may claim any numbers.
///
/// # Errors
/// When the file cannot be read, is too large, is not a report or is one of a newer shape.
pub fn read(file: &Path) -> Result<Report, CliError> {
    read_verified(file, None)
}

/// The same, of a bundle that this key has signed; without a key, a signature is only told of.
///
/// # Errors
/// As [`read`], and when a key is given and the file is no bundle that it has signed.
pub fn read_verified(file: &Path, key: Option<&Verifier>) -> Result<Report, CliError> {
    let wrong = |wrong: String| CliError::Usage(format!("{}: {wrong}", file.display()), RIGHT.to_owned());
    let is_large = is_large_json(file).map_err(|error| wrong(error.to_string()))?;
    let report = if is_large && key.is_none() {
        let found = files::open_plain(file).and_then(secret::unknown_read);
        print::keep_in(&found.map_err(|error| wrong(error.to_string()))?);
        json::read(|| files::open_plain(file)).map_err(|error| wrong(error.to_string()))?
    } else {
        let text = whole_text(file, key)?;
        print::keep_in(&secret::unknown_in(&text));
        json::parse(&text).map_err(|error| wrong(error.to_string()))?
    };
    let strict = report.summary.exit_code == STRICT;
    let summary = Summary::of(&report.findings, report.summary.fix_first, strict);
    Ok(Report { summary, ..report })
}

/// Whether a file is one that can be read as it comes: a plain and large one that begins as JSON does, in UTF-8.
fn is_large_json(file: &Path) -> io::Result<bool> {
    if file == Path::new(STDIN) {
        return Ok(false);
    }
    let about = files::metadata(file)?;
    if !about.is_file() || !(LARGE..=LARGEST).contains(&about.len()) {
        return Ok(false);
    }
    let mut begin = [0; 1];
    files::open_plain(file)?.read_exact(&mut begin)?;
    Ok(begin == *b"{")
}

fn whole_text(file: &Path, key: Option<&Verifier>) -> Result<String, CliError> {
    let wrong = |wrong: String| CliError::Usage(format!("{}: {wrong}", file.display()), RIGHT.to_owned());
    let read = if file == Path::new(STDIN) { files::read_stdin(LARGEST) } else { files::read(file, LARGEST) };
    let bytes = read.map_err(|error| wrong(error.to_string()))?;
    if is_bundle(&bytes) {
        let bundle = bundle::read::read(&bytes).map_err(|error| wrong(error.to_string()))?;
        signature(file, &bundle, key)?;
        return Ok(bundle.report);
    }
    if key.is_some() {
        return Err(unsigned(file, "is not a bundle, and only bundles are signed"));
    }
    if bytes.trim_ascii().is_empty() {
        return Err(wrong("is empty".to_owned()));
    }
    decode(&bytes).ok_or_else(|| wrong("is not text".to_owned()))
}

/// Checks the signature with the key, and says on stderr what was or was not checked.
fn signature(file: &Path, bundle: &Bundle, key: Option<&Verifier>) -> Result<(), CliError> {
    let name = file.display();
    match (key, bundle.signatures.first()) {
        (Some(key), _) => {
            let checked = key.verify(&bundle.signed, &bundle.signatures);
            let who = checked.map_err(|error| unsigned(file, &error.to_string()))?;
            print::note(&format!("{name}: signature verified: {who}"));
        }
        (None, Some((signature, _))) => {
            print::note(&format!(
                "{name}: signed ({signature}), not verified; verify it with: ece-check report {name} --verify-with KEYFILE"
            ));
        }
        (None, None) => {}
    }
    Ok(())
}

fn unsigned(file: &Path, wrong: &str) -> CliError {
    let right = "give the bundle as its author wrote it, and the author's public key".to_owned();
    CliError::Usage(format!("{}: {wrong}", file.display()), right)
}

/// Reads the key that verifies.
///
/// # Errors
/// When the file cannot be read or holds no public key.
pub fn verifier(file: &Path) -> Result<Verifier, CliError> {
    Verifier::of(&key_file(file)?).map_err(|error| {
        let right = "give the public key: KEY.pub of minisign, or PEM with BEGIN PUBLIC KEY (P-256)".to_owned();
        CliError::Usage(format!("{}: {error}", file.display()), right)
    })
}

/// The text of a small file that holds a key.
pub fn key_file(file: &Path) -> Result<String, CliError> {
    let wrong =
        |wrong: String| CliError::Usage(format!("{}: {wrong}", file.display()), "give the file of a key".to_owned());
    let bytes = files::read(file, LARGEST_KEY).map_err(|error| wrong(error.to_string()))?;
    decode(&bytes).ok_or_else(|| wrong("is not text".to_owned()))
}
