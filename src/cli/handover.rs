//! What leaves with a report: redaction, and the bundle. `run` and `report` share it.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::Timestamp;

use super::{
    CliError,
    output::{prepared, unwritable},
    print, saved,
};
use crate::{
    catalogue::load::Used,
    explain::{ece_log, redact::redact},
    files::{self, Destination},
    finding::Report,
    import::{self, masked::masked},
    report::{
        bundle::{
            self, Attached, Beside, Entry, LeftOut,
            sign::{BadKey, Signer},
        },
        redact::{Key, Kind, Redaction},
    },
    table::decode,
};

#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Arguments {
    /// Replace these in every output by placeholders, the same for the same thing
    #[arg(long, value_enum, value_name = "KINDS", value_delimiter = ',')]
    redact: Vec<Kind>,
    /// File with a secret of 20 characters or more: reports redacted with it can be compared with each other
    #[arg(long, value_name = "FILE", requires = "redact")]
    redact_key: Option<PathBuf>,
    /// Write everything into one ZIP file to hand over: report, page, transcript, tables, manifest with SHA-256
    #[arg(long, value_name = "FILE")]
    bundle: Option<PathBuf>,
    /// Sign the manifest of the bundle: secret key of minisign without a password, or P-256 key in PEM (cosign, OpenSSL)
    #[arg(long, value_name = "KEYFILE", requires = "bundle")]
    sign_with: Option<PathBuf>,
}

/// The place of a bundle and the key that signs it, found good before anything is tested.
pub struct Prepared {
    place: Destination,
    signer: Option<Signer>,
}

impl Prepared {
    /// Where the bundle goes.
    pub fn place(&self) -> &Destination {
        &self.place
    }
}

/// What goes into a bundle beside the report.
#[derive(Debug, Default)]
pub struct Material {
    /// The tables and own checks that were used.
    pub tables: Vec<Used>,
    /// The files of evidence that the user agreed to hand over.
    pub evidence: Vec<PathBuf>,
}

/// A report as it leaves, and what leaves with it.
pub struct Leaving {
    pub report: Report,
    beside: Beside,
}

impl Arguments {
    /// Whether a bundle is written, for which connections are to be recorded.
    pub fn has_bundle(&self) -> bool {
        self.bundle.is_some()
    }

    /// The place of the bundle, found writable before anything is tested, and the key.
    pub fn prepare(&self) -> Result<Option<Prepared>, CliError> {
        if self.redact_key.is_some() {
            self.key()?;
        }
        let Some(file) = &self.bundle else { return Ok(None) };
        let signer = self.sign_with.as_deref().map(signer).transpose()?;
        Ok(Some(Prepared { place: prepared(file)?, signer }))
    }

    /// The files that are read: of keys.
    pub fn read(&self) -> impl Iterator<Item = &Path> {
        self.redact_key.iter().chain(&self.sign_with).map(PathBuf::as_path)
    }

    /// The key that placeholders are made with.
    fn key(&self) -> Result<Key, CliError> {
        let Some(file) = &self.redact_key else { return Ok(Key::random()?) };
        let text = saved::key_file(file)?;
        Key::of_secret(text.trim().as_bytes()).map_err(|error| {
            let right = "write a long random secret into it, and keep it from those who get the reports".to_owned();
            CliError::Usage(format!("{}: {error}", file.display()), right)
        })
    }

    /// The report without what is to be hidden, and what goes into the bundle with it, hidden by the same tokens.
    pub fn leaving(&self, report: Report, material: &Material) -> Result<Leaving, CliError> {
        if self.redact.is_empty() {
            let beside = if self.has_bundle() { beside(material, None) } else { Beside::default() };
            return Ok(Leaving { report, beside });
        }
        let key = self.key()?;
        let mut redaction = Redaction::of(&report, &self.redact, &key);
        let beside = if self.has_bundle() { beside(material, Some(&mut redaction)) } else { Beside::default() };
        Ok(Leaving { report: redaction.report(&report)?, beside })
    }
}

/// Reads the key that signs.
fn signer(file: &Path) -> Result<Signer, CliError> {
    let text = saved::key_file(file)?;
    Signer::of(&text).map_err(|error| {
        let right = match error {
            BadKey::Protected => "give a key without a password (minisign -C -W -s KEYFILE; openssl pkcs8 -topk8 -nocrypt)",
            _ => "give the secret key of minisign -G -W, or of openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        };
        CliError::Usage(format!("{}: {error}", file.display()), right.to_owned())
    })
}

/// A larger file of evidence is sent separately.
const LARGEST_EVIDENCE: u64 = 16 << 20;

/// Built-in tables as they are; own checks and evidence without secrets and without what is to be hidden.
fn beside(material: &Material, mut redaction: Option<&mut Redaction<'_>>) -> Beside {
    let mut beside = Beside::default();
    for table in &material.tables {
        let name = format!("rules/{}", table.place);
        beside.files.push(if table.is_theirs {
            hidden(&name, &table.text, None, &mut redaction)
        } else {
            // it names nothing of a site, and judges again only as it is
            Attached { name, text: table.text.clone(), ..Attached::default() }
        });
    }
    let mut left = bundle::LARGEST_BESIDE;
    for (number, file) in material.evidence.iter().enumerate() {
        let own_name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // where names are hidden, that of a file may be one
        let name = match &redaction {
            None => format!("-{own_name}"),
            Some(_) => file.extension().map(|end| format!(".{}", end.to_string_lossy())).unwrap_or_default(),
        };
        let given = evidence(file).and_then(|(text, sha256)| {
            left = left
                .checked_sub(text.len())
                .ok_or("the bundle would be larger than can be read; send it separately")?;
            Ok((text, sha256))
        });
        match given {
            Ok((text, sha256)) => {
                let name = format!("evidence/{:02}{name}", number + 1);
                let modified = fs::metadata(file).and_then(|about| about.modified());
                let modified = modified.ok().and_then(|at| Timestamp::try_from(at).ok());
                beside.files.push(Attached { modified, ..hidden(&name, &text, Some(sha256), &mut redaction) });
            }
            Err(why) => beside.left_out.push(LeftOut { name: told(&own_name, &mut redaction), why }),
        }
    }
    for left in &beside.left_out {
        print::note(&format!("not in the bundle: {}: {}", left.name, left.why));
    }
    each_once(&mut beside.files);
    beside
}

/// Names that differ only in what a system cannot unpack, or in capitals, get a number.
fn each_once(files: &mut [Attached]) {
    let mut taken = HashSet::new();
    for file in files {
        let mut number = 1;
        let own = file.name.clone();
        while !taken.insert(file.name.to_lowercase()) {
            number += 1;
            file.name = format!("{own}-{number}");
        }
    }
}

fn hidden(
    name: &str,
    text: &str,
    original_sha256: Option<String>,
    redaction: &mut Option<&mut Redaction<'_>>,
) -> Attached {
    let name = safe(&told(name, redaction));
    match redaction {
        None => Attached { name, text: text.to_owned(), original_sha256, ..Attached::default() },
        Some(redaction) => {
            let (text, places) = redaction.text(text);
            Attached { name, text, original_sha256, hidden: Some(places), modified: None }
        }
    }
}

fn told(name: &str, redaction: &mut Option<&mut Redaction<'_>>) -> String {
    redaction.as_mut().map_or_else(|| name.to_owned(), |redaction| redaction.text(name).0)
}

/// A name that every system can unpack.
fn safe(name: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "._-/@+".contains(c) { c } else { '_' };
    let parts = name.split('/').map(|part| if part.chars().all(|c| c == '.') { "_" } else { part });
    let name = parts.collect::<Vec<_>>().join("/");
    name.chars().map(allowed).take(200).collect()
}

/// A file of evidence as text without its secrets, and the SHA-256 that the report names it by.
fn evidence(file: &Path) -> Result<(String, String), String> {
    let bytes = files::read(file, LARGEST_EVIDENCE).map_err(|error| error.to_string())?;
    let text = decode(&bytes).ok_or("it is not text, so secrets in it cannot be masked; send it separately")?;
    let masked = if ece_log::is_log(&text) {
        Some(text.lines().map(redact).collect::<Vec<_>>().join("\n") + "\n")
    } else {
        let file = import::parse("evidence", &bytes, &import::Stated::default());
        file.ok().and_then(|file| masked(&text, file.container, redact))
    };
    let masked =
        masked.ok_or("it is not JSON or CSV of a known kind, so secrets in it cannot be masked; send it separately")?;
    Ok((masked, Entry::of("", &bytes).sha256))
}

/// Writes the bundle of a report.
pub fn write(prepared: Prepared, leaving: Leaving) -> Result<(), CliError> {
    let Prepared { place, signer } = prepared;
    let file = place.path().to_owned();
    let clean = |text: &str| print::clean(text).into_owned();
    let bytes = bundle::write(&leaving.report, leaving.beside, signer.as_ref(), clean);
    place.write(&bytes).map_err(|error| unwritable(&file, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_bundle_can_be_unpacked_everywhere() {
        assert_eq!(safe("evidence/01-a b:c\\..\\é.json"), "evidence/01-a_b_c_..__.json");
        assert_eq!(safe("evidence/../x"), "evidence/_/x");
    }

    #[test]
    fn evidence_leaves_without_its_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let given = |name: &str, bytes: &[u8]| {
            let file = folder.path().join(name);
            std::fs::write(&file, bytes).unwrap();
            evidence(&file)
        };
        let app = "{\"value\": [{\"id\": \"1\", \"appId\": \"1b2c3d4e-0000-4000-8000-000000000000\", \"displayName\": \"ECE\",\r\n\
            \"passwordCredentials\": [{\"secretText\":\n \"ab~12\", \"keyId\": \"k\"}]}], \"@odata.context\": \"https://graph.microsoft.com/v1.0/$metadata#applications\"}";
        let (text, sha256) = given("app.json", app.as_bytes()).unwrap();
        assert!(text.contains("1b2c3d4e-0000-4000-8000-000000000000") && !text.contains("ab~12"), "{text}");
        assert_eq!(sha256.len(), 64);
        assert!(given("b.png", &[0, 159, 146, 150]).unwrap_err().contains("not text"));
        assert!(given("notes.txt", b"password is Winter2026x!").unwrap_err().contains("cannot be masked"));
    }

    #[test]
    fn names_that_become_the_same_are_told_apart() {
        let own = |place: &str| Used { place: place.to_owned(), text: String::new(), is_theirs: true };
        let material = Material {
            tables: vec![own("dns/a b.toml"), own("dns/a_b.toml"), own("dns/A_b.toml")],
            evidence: Vec::new(),
        };
        let names: Vec<String> = beside(&material, None).files.into_iter().map(|file| file.name).collect();
        assert_eq!(names, ["rules/dns/a_b.toml", "rules/dns/a_b.toml-2", "rules/dns/A_b.toml-3"]);
    }
}
