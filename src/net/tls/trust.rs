//! Which chains are trusted: by the roots of the operating system, by those of CA files, by Java's stores.
//!
//! A verdict is kept for a short time by the chain's bytes and the name: the sessions of a run meet the same chains again
//! and again. The signature in the handshake is checked each time, by the handshake.

use std::{
    collections::HashMap,
    fmt::Write as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use base64::Engine as _;
use ring::digest;
use rustls::{
    CertificateError, Error, RootCertStore,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, UnixTime, pem::PemObject},
    server::ParsedCertificate,
};
use thiserror::Error as ThisError;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{
    certificate::{Certificate, fingerprint, issues_itself, moment, read, seconds, sends_issuer, shortened},
    failure::{bad, certificate_trouble, expired, tls_trouble},
    handshake::{Acquaintance, server_name},
    pem,
};
use crate::{
    command::Shell,
    evidence::FailureKind,
    files,
    net::{Halt, java},
};

/// A verdict is kept so long: no certificate expires unnoticed.
const KEPT: Duration = Duration::from_secs(30);
/// More verdicts than these are not kept.
const MOST_KEPT: usize = 1_000;
/// A CA file larger than this is none.
const LARGEST_CA_FILE: u64 = 4 << 20;
/// Commands for further Java stores are left out.
const MOST_LINES: usize = 8;

/// Which certificates are trusted.
#[derive(Debug)]
pub struct TrustStores {
    system: RootCertStore,
    /// The system's roots and those of the CA files.
    widened: Option<RootCertStore>,
    trouble: Option<String>,
    pub(super) provider: Arc<CryptoProvider>,
    /// The roots themselves, to name the one that a Java store lacks.
    known: Vec<Root>,
    java: Vec<JavaStore>,
    /// The hosts that are met again and again in one run.
    pub(super) acquaintances: Mutex<HashMap<String, Acquaintance>>,
    /// What was said of chains of late.
    verdicts: Mutex<HashMap<[u8; digest::SHA256_OUTPUT_LEN], (Instant, Verdict)>>,
}

/// A root that some store of this host holds.
#[derive(Debug)]
struct Root {
    certificate: CertificateDer<'static>,
    /// The CA file that it comes from; none for the system's own.
    file: Option<PathBuf>,
}

/// A Java trust store, ready to be asked.
#[derive(Debug)]
struct JavaStore {
    store: java::Store,
    roots: RootCertStore,
}

/// What Java's trust stores say of a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JavaVerdict {
    /// The stores that were asked.
    pub asked: Vec<String>,
    /// Those that do not trust the chain.
    pub distrusting: Vec<String>,
    /// Of these, the ones of which Java reads nothing as things are, each with the reason.
    pub unread: Vec<String>,
    /// The root that they lack, by name.
    pub missing: Option<String>,
    /// The commands that add it, one for each store that lacks it.
    pub keytool: Vec<String>,
}

/// A CA file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, ThisError)]
#[error("{}: {why}", file.display())]
pub struct BadCaFile {
    /// The file.
    pub file: PathBuf,
    /// What is wrong with it, and what would be right.
    pub why: String,
}

/// Which store vouches for a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// The store of the operating system.
    System,
    /// Only with the roots of `--ca-file`.
    CaFile,
}

/// What the stores say of a certificate. The chain is judged without the name, and the name without the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Who vouches for the chain, or why nobody does.
    pub chain: Result<Store, Halt>,
    /// True when the certificate covers the name; none when it cannot be read.
    pub name_matches: Option<bool>,
}

impl Verdict {
    /// The store that vouches for the chain, when the certificate is for this name too.
    ///
    /// # Errors
    /// Why nothing may be sent to whoever shows this certificate.
    pub fn allowed(self, host: &str) -> Result<Store, Halt> {
        let store = self.chain?;
        if self.name_matches == Some(true) {
            return Ok(store);
        }
        Err(Halt::new(FailureKind::WrongName, format!("the certificate does not name {host}")))
    }
}

impl TrustStores {
    /// The roots of the operating system and those of the CA files.
    ///
    /// # Errors
    /// When a CA file cannot be read or holds no certificate that can be a root.
    pub fn load(ca_files: &[PathBuf]) -> Result<Self, BadCaFile> {
        let found = rustls_native_certs::load_native_certs();
        let mut trust = Self::of_roots(found.certs);
        trust.trouble = found.errors.first().map(|error| shortened(&error.to_string()));
        trust.with_ca_files(ca_files)
    }

    /// These roots in place of the operating system's. Roots that cannot be used are left out.
    #[must_use]
    pub fn of_roots(roots: impl IntoIterator<Item = CertificateDer<'static>>) -> Self {
        let known: Vec<Root> = roots.into_iter().map(|certificate| Root { certificate, file: None }).collect();
        let mut system = RootCertStore::empty();
        system.add_parsable_certificates(known.iter().map(|root| root.certificate.clone()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Self {
            system,
            widened: None,
            trouble: None,
            provider,
            known,
            java: Vec::new(),
            acquaintances: Mutex::default(),
            verdicts: Mutex::default(),
        }
    }

    /// The same, with Java's stores to be asked too. They decide nothing here: what they say is told beside.
    #[must_use]
    pub fn with_java(mut self, stores: Vec<java::Store>) -> Self {
        let ready = |store: java::Store| {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(store.roots.iter().cloned());
            JavaStore { store, roots }
        };
        self.java = stores.into_iter().map(ready).collect();
        self
    }

    /// True when there are stores of Java to be asked.
    #[must_use]
    pub fn asks_java(&self) -> bool {
        !self.java.is_empty()
    }

    /// The roots in a PEM text in place of the operating system's: the lab's own.
    #[must_use]
    pub fn of_pem(pem: &str) -> Self {
        Self::of_roots(CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok))
    }

    /// The same, and the roots of these files.
    ///
    /// # Errors
    /// When a CA file cannot be read or holds no certificate that can be a root.
    pub fn with_ca_files(mut self, ca_files: &[PathBuf]) -> Result<Self, BadCaFile> {
        for file in ca_files {
            let widened = self.widened.get_or_insert_with(|| self.system.clone());
            let added = add_ca_file(widened, file).map_err(|why| BadCaFile { file: file.clone(), why })?;
            self.known.extend(added.into_iter().map(|certificate| Root { certificate, file: Some(file.clone()) }));
        }
        Ok(self)
    }

    /// How many roots the operating system gave.
    #[must_use]
    pub fn system_roots(&self) -> usize {
        self.system.len()
    }

    /// What the stores say of a chain, now or a moment ago.
    #[must_use]
    pub fn judge(&self, chain: &[CertificateDer<'_>], host: &str) -> Verdict {
        let key = key(chain, host);
        let mut verdicts = self.verdicts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((since, verdict)) = verdicts.get(&key)
            && since.elapsed() < KEPT
        {
            return verdict.clone();
        }
        let verdict = self.judge_anew(chain, host);
        if verdicts.len() >= MOST_KEPT {
            verdicts.clear();
        }
        verdicts.insert(key, (Instant::now(), verdict.clone()));
        verdict
    }

    fn judge_anew(&self, chain: &[CertificateDer<'_>], host: &str) -> Verdict {
        let Some((own, rest)) = chain.split_first() else {
            return Verdict { chain: Err(bad("the server showed no certificate")), name_matches: None };
        };
        let parsed = match ParsedCertificate::try_from(own) {
            Ok(parsed) => parsed,
            Err(error) => return Verdict { chain: Err(self.distrusted(&error, chain)), name_matches: None },
        };
        let name_matches = server_name(host).is_ok_and(|name| verify_server_name(&parsed, &name).is_ok());
        let vouches = |roots| {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, roots, rest, UnixTime::now(), algorithms)
        };
        let chain = match (vouches(&self.system), &self.widened) {
            (Ok(()), _) => Ok(Store::System),
            (Err(error), None) => Err(self.distrusted(&error, chain)),
            (Err(_), Some(widened)) => {
                vouches(widened).map(|()| Store::CaFile).map_err(|error| self.distrusted(&error, chain))
            }
        };
        Verdict { chain, name_matches: Some(name_matches) }
    }

    /// What Java's stores say of a chain, now; none when there is none to ask.
    #[must_use]
    pub fn judge_java(&self, chain: &[CertificateDer<'_>]) -> Option<JavaVerdict> {
        let (own, rest) = chain.split_first().filter(|_| !self.java.is_empty())?;
        let parsed = ParsedCertificate::try_from(own).ok()?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        let trusts = |java: &&JavaStore| {
            verify_server_cert_signed_by_trust_anchor(&parsed, &java.roots, rest, UnixTime::now(), algorithms).is_ok()
        };
        let distrusting: Vec<&JavaStore> = self.java.iter().filter(|java| !trusts(java)).collect();
        let named = |java: &JavaStore| {
            let version = java.store.version.as_deref().map(|version| format!(", Java {version}")).unwrap_or_default();
            format!("{} ({}{version})", java.store.file.display(), java.store.format)
        };
        let unread = |java: &JavaStore| {
            format!("{}: {}", java.store.file.display(), java.store.note.as_deref().unwrap_or_default())
        };
        let mut verdict = JavaVerdict {
            asked: self.java.iter().map(named).collect(),
            distrusting: distrusting.iter().map(|java| named(java)).collect(),
            unread: distrusting.iter().filter(|java| java.store.unread).map(|java| unread(java)).collect(),
            ..JavaVerdict::default()
        };
        if !distrusting.is_empty() {
            let root = self.root_of(chain);
            verdict.missing =
                root.map(|root| &root.certificate).or(chain.last()).and_then(read).map(|root| root.subject);
            let name = verdict.missing.as_deref().unwrap_or("root");
            let lines =
                |root| distrusting.iter().take(MOST_LINES).map(|java| keytool(root, name, &java.store)).collect();
            verdict.keytool = root.map_or_else(Vec::new, lines);
        }
        Some(verdict)
    }

    /// The root with this SHA-256 fingerprint, in PEM (RFC 7468), if this host knows it.
    #[must_use]
    pub fn pem_of(&self, wanted: &str) -> Option<String> {
        let same = |text: &str| text.eq_ignore_ascii_case(wanted);
        let root = self.known.iter().find(|root| same(&fingerprint(&root.certificate)))?;
        let text = base64::engine::general_purpose::STANDARD.encode(&root.certificate);
        let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
        Some(format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n")))
    }

    /// The root that this host knows for a chain.
    fn root_of(&self, chain: &[CertificateDer<'_>]) -> Option<&Root> {
        chain.iter().rev().find_map(|sent| {
            let (_, sent) = X509Certificate::from_der(sent).ok()?;
            self.known.iter().find(|root| {
                X509Certificate::from_der(&root.certificate)
                    .is_ok_and(|(_, root)| root.subject().as_raw() == sent.issuer().as_raw())
            })
        })
    }

    fn unknown_issuer(&self, own: Option<&Certificate>) -> Halt {
        let issuer = own.map_or("its issuer", |own| own.issuer.as_str());
        let mut words = format!("no root CA on this server issued {issuer}");
        if self.system.is_empty() {
            let why = self.trouble.as_deref().unwrap_or("it is empty");
            let _ = write!(words, "; the trust store of this server has no root CA: {why}");
        }
        Halt::new(FailureKind::UnknownIssuer, words)
    }

    fn distrusted(&self, error: &Error, chain: &[CertificateDer<'_>]) -> Halt {
        let own = chain.first().and_then(|own| read(own));
        let Error::InvalidCertificate(error) = error else { return tls_trouble(error) };
        match (error, own) {
            (CertificateError::Expired | CertificateError::ExpiredContext { .. }, own) => expired(error, own.as_ref()),
            (CertificateError::NotValidYet, _) => Halt::new(FailureKind::NotYetValid, "not valid yet"),
            (CertificateError::NotValidYetContext { not_before, .. }, _) => {
                Halt::new(FailureKind::NotYetValid, format!("valid only from {}", moment(seconds(*not_before))))
            }
            (CertificateError::UnknownIssuer | CertificateError::Other(_), Some(own)) if own.self_signed => {
                Halt::new(FailureKind::SelfSigned, format!("issuer and subject are the same: {}", own.subject))
            }
            (CertificateError::UnknownIssuer, Some(own)) if !sends_issuer(chain) => {
                Halt::new(FailureKind::MissingIntermediate, format!("nothing was sent of its issuer, {}", own.issuer))
            }
            (CertificateError::UnknownIssuer, _) if issues_itself(chain) => {
                bad("the certificates that were sent issue each other in a circle and lead to no root")
            }
            (CertificateError::UnknownIssuer, own) => self.unknown_issuer(own.as_ref()),
            (other, _) => certificate_trouble(other, chain),
        }
    }
}

/// What a verdict is kept by: every byte of the chain, and the name.
fn key(chain: &[CertificateDer<'_>], host: &str) -> [u8; digest::SHA256_OUTPUT_LEN] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in chain.iter().map(AsRef::as_ref).chain([host.as_bytes()]) {
        context.update(&part.len().to_be_bytes());
        context.update(part);
    }
    let mut key = [0; digest::SHA256_OUTPUT_LEN];
    key.copy_from_slice(context.finish().as_ref());
    key
}

impl Store {
    /// Its name in a report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::CaFile => "ca-file",
        }
    }
}

/// The command that adds a root to a Java store: this program prints the root, keytool reads it. Java's own default
/// password is no secret; any other is taken from the environment.
fn keytool(root: &Root, name: &str, java: &java::Store) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || "-. ".contains(c) { c } else { '-' }).collect();
    let quoted = |text: &str| Shell::EceCheck.quote(text).unwrap_or_else(|| "'<file>'".to_owned());
    let file = root.file.as_ref().map(|file| format!(" --ca-file {}", quoted(&file.display().to_string())));
    let fingerprint = fingerprint(&root.certificate);
    let password = if java.default_password { "-storepass changeit" } else { "-storepass:env STOREPASS" };
    format!(
        "ece-check root {fingerprint}{} | keytool -importcert -noprompt -trustcacerts -alias {} -keystore {} {password}",
        file.unwrap_or_default(),
        quoted(plain.trim_start_matches('-')),
        quoted(&java.file.display().to_string()),
    )
}

fn add_ca_file(roots: &mut RootCertStore, file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = files::read(file, LARGEST_CA_FILE).map_err(|error| error.to_string())?;
    let found = pem::certificates(&bytes).map_err(|error| error.to_string())?;
    let mut added = Vec::new();
    for certificate in found.into_iter().map(CertificateDer::from) {
        let count = added.len() + 1;
        roots.add(certificate.clone()).map_err(|error| format!("certificate {count} cannot be a root: {error}"))?;
        added.push(certificate);
    }
    Ok(added)
}
