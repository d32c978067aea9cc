//! What leaves with a report: redaction, and the bundle. `run` and `report` share it.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{
    CliError,
    output::{prepared, unwritable},
    print, saved,
};
use crate::{
    explain, files,
    files::Destination,
    finding::Report,
    import,
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
    /// Hide these in every output, with tokens that stay the same throughout
    #[arg(long, value_enum, value_name = "KINDS", value_delimiter = ',')]
    redact: Vec<Kind>,
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
    /// The tables and own checks that were used, by their place.
    pub tables: Vec<(String, String)>,
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
        let Some(file) = &self.bundle else { return Ok(None) };
        let signer = self.sign_with.as_deref().map(signer).transpose()?;
        Ok(Some(Prepared { place: prepared(file)?, signer }))
    }

    /// The report without what is to be hidden, and what goes into the bundle with it, hidden by the same tokens.
    pub fn leaving(&self, report: Report, material: &Material) -> Result<Leaving, CliError> {
        if self.redact.is_empty() {
            let beside = if self.has_bundle() { beside(material, None) } else { Beside::default() };
            return Ok(Leaving { report, beside });
        }
        let key = Key::random()?;
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

/// Tables as they are, and evidence without its secrets and without what is to be hidden.
fn beside(material: &Material, mut redaction: Option<&mut Redaction<'_>>) -> Beside {
    let own_tables = material.tables.iter();
    let mut beside = Beside {
        files: own_tables.map(|(place, text)| hidden(&format!("rules/{place}"), text, None, &mut redaction)).collect(),
        left_out: Vec::new(),
    };
    for (number, file) in material.evidence.iter().enumerate() {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match evidence(file) {
            Ok((text, sha256)) => {
                let name = format!("evidence/{:02}-{name}", number + 1);
                beside.files.push(hidden(&name, &text, Some(sha256), &mut redaction));
            }
            Err(why) => beside.left_out.push(LeftOut { name: told(&name, &mut redaction), why }),
        }
    }
    for left in &beside.left_out {
        print::note(&format!("not in the bundle: {}: {}", left.name, left.why));
    }
    beside
}

fn hidden(
    name: &str,
    text: &str,
    original_sha256: Option<String>,
    redaction: &mut Option<&mut Redaction<'_>>,
) -> Attached {
    let name = safe(&told(name, redaction));
    match redaction {
        None => Attached { name, text: text.to_owned(), original_sha256, hidden: None },
        Some(redaction) => {
            let (text, places) = redaction.text(text);
            Attached { name, text, original_sha256, hidden: Some(places) }
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

/// A file of evidence as text without what could be a secret, and the SHA-256 that the report names it by.
fn evidence(file: &Path) -> Result<(String, String), String> {
    let bytes = files::read(file, import::LARGEST).map_err(|error| error.to_string())?;
    let text =
        decode(&bytes).ok_or("is not text, so that secrets in it could not be masked; hand it over by itself")?;
    let masked: Vec<String> = text.lines().map(explain::redact::redact).collect();
    Ok((masked.join("\n") + "\n", Entry::of("", &bytes).sha256))
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
        let file = folder.path().join("app.json");
        std::fs::write(&file, "{\"appId\": \"1b2c3d4e-0000-4000-8000-000000000000\",\r\n\"client_secret\": \"ab~12\"}")
            .unwrap();
        let (text, sha256) = evidence(&file).unwrap();
        assert!(text.contains("1b2c3d4e-0000-4000-8000-000000000000") && !text.contains("ab~12"), "{text}");
        assert_eq!(sha256.len(), 64);
        std::fs::write(&file, [0, 159, 146, 150]).unwrap();
        assert!(evidence(&file).unwrap_err().contains("is not text"));
    }
}
