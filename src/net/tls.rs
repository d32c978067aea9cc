//! Encryption, and the certificate that the other side shows: seen always, judged apart.
//!
//! In: an open connection, the name asked for, the trust stores. Out: what was shown ([`HandshakeInfo`]), the encrypted stream
//! or a [`Halt`], and what the stores say of the chain ([`Verdict`]). TLS 1.2 and 1.3 only (RFC 5246, RFC 8446; older
//! versions are retired, RFC 8996); chains by RFC 5280, section 6, names by RFC 6125, section 6.4.
//!
//! The handshake takes any certificate so that it can be shown, but never a wrong signature under it. Whoever calls
//! must ask [`TrustStores::judge`] before a byte is sent.

use std::{
    collections::HashMap,
    fmt::Write as _,
    fs, io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use base64::Engine as _;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, Error, InvalidMessage,
    PeerIncompatible, RootCertStore, SignatureScheme,
    client::{
        ResolvesClientCert, Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_cert_signed_by_trust_anchor, verify_server_name,
    },
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
    server::ParsedCertificate,
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use thiserror::Error as ThisError;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate, X509Name},
    time::ASN1Time,
};

use super::{Halt, Limits, dial, java, session::Stream};
use crate::{command::Shell, evidence::FailureKind};

/// A CA file larger than this is none.
const LARGEST_CA_FILE: usize = 4 << 20;
/// Received bytes that are kept to tell what was spoken in place of TLS.
const KEPT: usize = 512;
/// Commands for further Java stores are left out.
const MOST_LINES: usize = 8;
/// Names of one certificate beyond these are left out.
const MOST_NAMES: usize = 200;
/// Texts out of a certificate are cut at this length.
const LONGEST_TEXT: usize = 300;

/// Which certificates are trusted.
#[derive(Debug)]
pub struct TrustStores {
    system: RootCertStore,
    /// The system's roots and those of the CA files.
    widened: Option<RootCertStore>,
    trouble: Option<String>,
    provider: Arc<CryptoProvider>,
    /// The roots themselves, to name the one that a Java store lacks.
    known: Vec<Root>,
    java: Vec<JavaStore>,
    /// The hosts that are met again and again in one run.
    acquaintances: Mutex<HashMap<String, Acquaintance>>,
}

/// What the handshakes with one host share, so that its sessions are resumed.
#[derive(Clone, Debug)]
struct Acquaintance {
    config: Arc<ClientConfig>,
    witness: Arc<RecordingVerifier>,
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

/// What a handshake showed, however far it came.
#[derive(Clone, Debug, Default)]
pub struct HandshakeInfo {
    /// The version, such as `TLS 1.3`.
    pub version: Option<String>,
    /// The cipher suite by its registered name.
    pub cipher: Option<String>,
    /// The certificates as sent, the server's own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// True when the server asked for a certificate of ours; none is ever sent.
    pub certificate_wanted: bool,
}

/// What stands in a certificate. Texts are shortened, not escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The common name of its holder, or the whole distinguished name.
    pub subject: String,
    /// The distinguished name of its issuer.
    pub issuer: String,
    /// The issuer's organisation, or its common name.
    pub issuer_organization: String,
    /// The names and addresses that it covers.
    pub names: Vec<String>,
    /// Seconds since 1970 from which it is valid.
    pub not_before: i64,
    /// Seconds since 1970 until which it is valid.
    pub not_after: i64,
    /// True when issuer and holder have the same name.
    pub self_signed: bool,
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

    /// Encrypts a connection. The certificate is recorded and not judged.
    pub async fn handshake(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
        alpn: &[&[u8]],
        limits: &Limits,
    ) -> (HandshakeInfo, Result<Box<dyn Stream>, Halt>) {
        let witness = Arc::new(RecordingVerifier::new(Arc::clone(&self.provider)));
        let mut config = self.config(&witness);
        config.resumption = Resumption::disabled();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        shake(Acquaintance { config: Arc::new(config), witness }, stream, host, limits).await
    }

    /// Encrypts one of many connections to a host: a session of an earlier one is resumed where the server allows it
    /// (RFC 8446 2.2, RFC 5246 7.3), which spares both sides most of the work. Then no certificate is sent, and the one
    /// shown is that of the session.
    pub async fn handshake_again(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
        limits: &Limits,
    ) -> (HandshakeInfo, Result<Box<dyn Stream>, Halt>) {
        let (shown, outcome) = shake(self.acquaintance(host), stream, host, limits).await;
        // of a connection that came to nothing, the shared witness tells what others have shown
        if outcome.is_ok() { (shown, outcome) } else { (HandshakeInfo::default(), outcome) }
    }

    fn acquaintance(&self, host: &str) -> Acquaintance {
        let mut known = self.acquaintances.lock().unwrap_or_else(PoisonError::into_inner);
        let first = || {
            let witness = Arc::new(RecordingVerifier::new(Arc::clone(&self.provider)));
            Acquaintance { config: Arc::new(self.config(&witness)), witness }
        };
        known.entry(host.to_owned()).or_insert_with(first).clone()
    }

    /// What the stores say of a chain, now.
    #[must_use]
    pub fn judge(&self, chain: &[CertificateDer<'_>], host: &str) -> Verdict {
        let Some((own, rest)) = chain.split_first() else {
            return Verdict { chain: Err(bad("the server showed no certificate")), name_matches: None };
        };
        let parsed = match ParsedCertificate::try_from(own) {
            Ok(parsed) => parsed,
            Err(error) => return Verdict { chain: Err(bad(&error.to_string())), name_matches: None },
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
        let mut verdict = JavaVerdict {
            asked: self.java.iter().map(named).collect(),
            distrusting: distrusting.iter().map(|java| named(java)).collect(),
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

    fn distrusted(&self, error: &Error, chain: &[CertificateDer<'_>]) -> Halt {
        let own = chain.first().and_then(|own| read(own));
        let Error::InvalidCertificate(error) = error else { return bad(&error.to_string()) };
        match (error, own) {
            (CertificateError::Expired | CertificateError::ExpiredContext { .. }, own) => expired(error, own.as_ref()),
            (CertificateError::NotValidYet, _) => Halt::new(FailureKind::NotYetValid, "not valid yet"),
            (CertificateError::NotValidYetContext { not_before, .. }, _) => {
                Halt::new(FailureKind::NotYetValid, format!("valid only from {}", moment(seconds(*not_before))))
            }
            (CertificateError::UnknownIssuer | CertificateError::Other(_), Some(own)) if own.self_signed => {
                Halt::new(FailureKind::SelfSigned, format!("{} vouches for itself", own.subject))
            }
            (CertificateError::UnknownIssuer, Some(own)) if !sends_issuer(chain) => {
                Halt::new(FailureKind::MissingIntermediate, format!("nothing was sent of its issuer, {}", own.issuer))
            }
            (CertificateError::UnknownIssuer, own) => self.unknown_issuer(own.as_ref()),
            (CertificateError::BadSignature, _) => {
                bad("the signature does not fit: damaged, or an issuer of that name with another key")
            }
            (other, _) => bad(&other.to_string()),
        }
    }

    fn unknown_issuer(&self, own: Option<&Certificate>) -> Halt {
        let issuer = own.map_or("its issuer", |own| own.issuer.as_str());
        let mut words = format!("no root of this host vouches for {issuer}");
        if self.system.is_empty() {
            let why = self.trouble.as_deref().unwrap_or("it is empty");
            let _ = write!(words, "; this host's trust store gives no root: {why}");
        }
        Halt::new(FailureKind::UnknownIssuer, words)
    }

    fn config(&self, witness: &Arc<RecordingVerifier>) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("ring has ciphers for both versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(witness) as _)
            .with_client_cert_resolver(Arc::clone(witness) as _)
    }
}

async fn shake(
    with: Acquaintance,
    stream: Box<dyn Stream>,
    host: &str,
    limits: &Limits,
) -> (HandshakeInfo, Result<Box<dyn Stream>, Halt>) {
    let Ok(name) = server_name(host) else {
        return (
            HandshakeInfo::default(),
            Err(Halt::new(FailureKind::WrongName, "no certificate can carry this name")),
        );
    };
    let tap = Tap { stream, received: Vec::new() };
    let connect = TlsConnector::from(with.config).connect(name, tap).into_fallible();
    let outcome = limits.step(connect).await;
    let mut shown = with.witness.shown();
    match outcome {
        Ok(Ok(encrypted)) => {
            shown.agreed(encrypted.get_ref().1);
            (shown, Ok(Box::new(encrypted)))
        }
        Ok(Err((error, tap))) => (shown, Err(stopped(&error, &tap.received, with.witness.wanted()))),
        Err(limit) => (shown, Err(limit)),
    }
}

impl HandshakeInfo {
    fn agreed(&mut self, connection: &ClientConnection) {
        // the witness may have seen another handshake since, or none where a session was resumed
        self.chain = connection
            .peer_certificates()
            .unwrap_or_default()
            .iter()
            .cloned()
            .map(CertificateDer::into_owned)
            .collect();
        let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        self.version = connection.protocol_version().and_then(|version| version.as_str()).map(version_name);
        self.cipher = suite.map(|suite| suite.replace("TLS13_", "TLS_"));
    }
}

/// Whether the issuer of a server's own certificate is among what the server sends.
fn sends_issuer(chain: &[CertificateDer<'_>]) -> bool {
    let Some((own, rest)) = chain.split_first() else { return false };
    let Ok((_, own)) = X509Certificate::from_der(own) else { return false };
    let issued_it = |sent: &CertificateDer<'_>| {
        X509Certificate::from_der(sent).is_ok_and(|(_, sent)| sent.subject().as_raw() == own.issuer().as_raw())
    };
    rest.iter().any(issued_it)
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

/// Reads a certificate; none when it cannot be read.
#[must_use]
pub fn read(der: &CertificateDer<'_>) -> Option<Certificate> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let (subject, issuer, validity) = (parsed.subject(), parsed.issuer(), parsed.validity());
    Some(Certificate {
        subject: common_name(subject).unwrap_or_else(|| shortened(&subject.to_string())),
        issuer: shortened(&issuer.to_string()),
        issuer_organization: organization(issuer).or_else(|| common_name(issuer)).unwrap_or_default(),
        names: names(&parsed),
        not_before: seconds_of(validity.not_before),
        not_after: seconds_of(validity.not_after),
        self_signed: subject.as_raw() == issuer.as_raw(),
    })
}

/// The SHA-256 fingerprint of a certificate, in hexadecimal.
#[must_use]
pub fn fingerprint(der: &CertificateDer<'_>) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, der);
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A moment as RFC 3339 writes it, in UTC.
#[must_use]
pub fn moment(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| format!("{seconds} s after 1970"), |at| at.to_string())
}

/// Names an error that ended an encrypted connection after its handshake.
#[must_use]
pub fn halt(error: &io::Error) -> Halt {
    inner(error).map_or_else(|| dial::halt(error), |error| refused(error, false))
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
    let bytes = fs::read(file).map_err(|error| error.to_string())?;
    if bytes.len() > LARGEST_CA_FILE {
        return Err("is too large for a file of certificates".to_owned());
    }
    if bytes.starts_with(&[0x30, 0x82]) {
        return Err("holds a certificate in DER; PEM is wanted: export it as Base-64".to_owned());
    }
    let mut added = Vec::new();
    for found in CertificateDer::pem_slice_iter(&bytes) {
        let count = added.len() + 1;
        let certificate = found.map_err(|error| format!("certificate {count} is not PEM: {error}"))?;
        roots.add(certificate.clone()).map_err(|error| format!("certificate {count} cannot be a root: {error}"))?;
        added.push(certificate);
    }
    if added.is_empty() {
        return Err("holds no certificate; PEM is wanted, beginning -----BEGIN CERTIFICATE-----".to_owned());
    }
    Ok(added)
}

fn server_name(host: &str) -> Result<ServerName<'static>, ()> {
    let host = host.trim_end_matches('.');
    let ascii = idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_owned());
    let host = if host.contains(':') { host.to_owned() } else { ascii };
    ServerName::try_from(host).map_err(|_| ())
}

fn expired(error: &CertificateError, own: Option<&Certificate>) -> Halt {
    let until = match error {
        CertificateError::ExpiredContext { not_after, .. } => seconds(*not_after),
        _ => own.map_or(0, |own| own.not_after),
    };
    let whose = match own {
        Some(own) if own.not_after != until => "a certificate behind it was valid until",
        _ => "was valid until",
    };
    Halt::new(FailureKind::Expired, format!("{whose} {}", moment(until)))
}

fn bad(words: &str) -> Halt {
    Halt::new(FailureKind::BadCertificate, shortened(words))
}

fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

fn seconds_of(time: ASN1Time) -> i64 {
    time.timestamp()
}

fn common_name(name: &X509Name<'_>) -> Option<String> {
    name.iter_common_name().next().and_then(|attribute| attribute.as_str().ok()).map(shortened)
}

fn organization(name: &X509Name<'_>) -> Option<String> {
    name.iter_organization().next().and_then(|attribute| attribute.as_str().ok()).map(shortened)
}

fn names(parsed: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = parsed.subject_alternative_name() else { return Vec::new() };
    extension.value.general_names.iter().filter_map(general_name).take(MOST_NAMES).collect()
}

fn general_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(shortened(name)),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv4Addr::from(bytes).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

fn version_name(registered: &str) -> String {
    registered.replace("TLSv", "TLS ").replace('_', ".")
}

/// What ended a handshake: first what was spoken in place of TLS, then TLS's own complaint, then the system's.
fn stopped(error: &io::Error, received: &[u8], certificate_wanted: bool) -> Halt {
    if let Some(halt) = not_tls(received).or_else(|| old_version(received)) {
        return halt;
    }
    match inner(error) {
        Some(error) => refused(error, certificate_wanted),
        None if error.kind() == io::ErrorKind::UnexpectedEof => closed(received),
        None => dial::halt(error),
    }
}

fn inner(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn closed(received: &[u8]) -> Halt {
    let words = if received.is_empty() { "closed without a word" } else { "closed in the middle of the handshake" };
    Halt::new(FailureKind::Closed, words)
}

fn refused(error: &Error, certificate_wanted: bool) -> Halt {
    let (kind, mut words) = match error {
        Error::AlertReceived(AlertDescription::ProtocolVersion) => (
            FailureKind::TlsVersionTooOld,
            "alert protocol_version: the server knows neither TLS 1.2 nor 1.3".to_owned(),
        ),
        Error::AlertReceived(alert) => (FailureKind::TlsAlert, format!("alert {}", alert_name(*alert))),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => (FailureKind::TlsVersionTooOld, "the server knows neither TLS 1.2 nor 1.3".to_owned()),
        Error::InvalidCertificate(error) => (FailureKind::BadCertificate, error.to_string()),
        Error::NoCertificatesPresented => (FailureKind::BadCertificate, "the server showed no certificate".to_owned()),
        Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => (FailureKind::ReplyTooLarge, "the server shows more certificates than any honest one".to_owned()),
        other => (FailureKind::MalformedReply, other.to_string()),
    };
    let asks = matches!(error, Error::AlertReceived(AlertDescription::CertificateRequired));
    if certificate_wanted || asks {
        words.push_str("; the server asks for a client certificate");
    }
    Halt::new(kind, shortened(&words))
}

/// The name of an alert as RFC 8446, section 6 writes it.
fn alert_name(alert: AlertDescription) -> String {
    let Some(name) = alert.as_str() else { return format!("{}", u8::from(alert)) };
    name.char_indices().fold(String::new(), |mut text, (at, letter)| {
        if letter.is_ascii_uppercase() && at > 0 {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
        text
    })
}

/// A `ServerHello` that chooses an older version: record header, then the handshake's type, length and version
/// (RFC 5246, section 7.4.1.3).
fn old_version(received: &[u8]) -> Option<Halt> {
    let [0x16, 3, _, _, _, 2, _, _, _, 3, minor @ 0..=2, ..] = received else { return None };
    let chosen = ["SSL 3.0", "TLS 1.0", "TLS 1.1"][usize::from(*minor)];
    Some(Halt::new(FailureKind::TlsVersionTooOld, format!("the server chose {chosen}")))
}

/// Says what was spoken when the first bytes are no TLS record (RFC 8446, section 5.1).
fn not_tls(received: &[u8]) -> Option<Halt> {
    if matches!(received, [] | [20..=24] | [20..=24, 3, ..]) {
        return None;
    }
    let Some(line) = first_line(received) else {
        return Some(Halt::new(FailureKind::MalformedReply, "the first bytes are neither TLS nor text"));
    };
    let kind = if line.starts_with("HTTP/") || line.starts_with('<') {
        FailureKind::UnexpectedHttp
    } else {
        FailureKind::UnexpectedPlaintext
    };
    Some(Halt::new(kind, line))
}

fn first_line(received: &[u8]) -> Option<String> {
    let text = received.trim_ascii_start();
    let end = text.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(text.len());
    let line = shortened(&String::from_utf8_lossy(&text[..end]));
    let readable = !line.is_empty() && !line.chars().any(|c| c.is_control() && c != '\t');
    readable.then_some(line)
}

/// Keeps the first bytes that a stream received.
struct Tap {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let room = KEPT.saturating_sub(self.received.len());
        self.received.extend(buffer.filled()[before..].iter().take(room));
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Takes any certificate and writes it down; has none of its own and writes down that one was wanted.
#[derive(Debug)]
struct RecordingVerifier {
    /// What the latest handshake showed.
    chain: Mutex<Vec<CertificateDer<'static>>>,
    certificate_wanted: AtomicBool,
    provider: Arc<CryptoProvider>,
}

impl RecordingVerifier {
    fn new(provider: Arc<CryptoProvider>) -> Self {
        Self { chain: Mutex::default(), certificate_wanted: AtomicBool::new(false), provider }
    }

    fn wanted(&self) -> bool {
        self.certificate_wanted.load(Ordering::Relaxed)
    }

    fn shown(&self) -> HandshakeInfo {
        let chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner).clone();
        HandshakeInfo { chain, certificate_wanted: self.wanted(), ..HandshakeInfo::default() }
    }
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(own).chain(rest).map(|certificate| certificate.clone().into_owned()).collect();
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl ResolvesClientCert for RecordingVerifier {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.certificate_wanted.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::{net::SocketAddr, time::Duration};

    use rcgen::{
        BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd,
    };
    use rustls::{
        HandshakeKind, ServerConfig,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
        server::WebPkiClientVerifier,
        sign::SingleCertAndKey,
    };
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpStream},
        sync::mpsc,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::net::limit::for_tests;

    /// Certificates for a server of the tests: its own, what it sends behind it, and the root.
    pub(crate) struct Papers {
        pub(crate) chain: Vec<CertificateDer<'static>>,
        pub(crate) root: CertificateDer<'static>,
        root_pem: String,
        key: Vec<u8>,
    }

    /// How a server's own certificate is made.
    #[derive(Clone, Copy)]
    pub(crate) struct Recipe {
        pub(crate) name: &'static str,
        pub(crate) from: i32,
        pub(crate) until: i32,
    }

    pub(crate) const GOOD: Recipe = Recipe { name: "mail.test", from: 2020, until: 2120 };

    fn parameters(common_name: &str, names: &[&str], recipe: Recipe) -> CertificateParams {
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.not_before = date_time_ymd(recipe.from, 1, 1);
        params.not_after = date_time_ymd(recipe.until, 1, 1);
        params
    }

    /// Root, intermediate and own certificate; the server sends the last two.
    pub(crate) fn issued(recipe: Recipe) -> Papers {
        issued_under("Lab Root", recipe)
    }

    pub(crate) fn issued_under(root_name: &str, recipe: Recipe) -> Papers {
        let authority = |name: &str| {
            let mut params = parameters(name, &[], GOOD);
            params.distinguished_name.push(DnType::OrganizationName, "Lab Authority");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            (params, KeyPair::generate().unwrap())
        };
        let (root_params, root_key) = authority(root_name);
        let (middle_params, middle_key) = authority("Lab Middle");
        let root = root_params.self_signed(&root_key).unwrap();
        let middle = middle_params.signed_by(&middle_key, &Issuer::from_params(&root_params, &root_key)).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut own = parameters(recipe.name, &[recipe.name], recipe);
        own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let own = own.signed_by(&key, &Issuer::from_params(&middle_params, &middle_key)).unwrap();
        let chain = vec![own.der().clone(), middle.der().clone()];
        Papers { chain, root: root.der().clone(), root_pem: root.pem(), key: key.serialize_der() }
    }

    fn self_signed(recipe: Recipe) -> Papers {
        let key = KeyPair::generate().unwrap();
        let own = parameters(recipe.name, &[recipe.name], recipe).self_signed(&key).unwrap();
        Papers {
            chain: vec![own.der().clone()],
            root: own.der().clone(),
            root_pem: own.pem(),
            key: key.serialize_der(),
        }
    }

    pub(crate) fn acceptor(papers: &Papers) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        TlsAcceptor::from(Arc::new(
            config.with_no_client_auth().with_single_cert(papers.chain.clone(), key(papers)).unwrap(),
        ))
    }

    fn key(papers: &Papers) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(papers.key.clone()))
    }

    /// A server that does one thing with every connection.
    pub(crate) async fn serve<W>(each: impl Fn(TcpStream) -> W + Send + 'static) -> SocketAddr
    where
        W: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(each(stream));
            }
        });
        address
    }

    /// A server that encrypts and then waits for the other side to go.
    async fn encrypting(acceptor: TlsAcceptor) -> SocketAddr {
        serve(move |stream| {
            let acceptor = acceptor.clone();
            async move {
                if let Ok(mut stream) = acceptor.accept(stream).await {
                    let _ = stream.read(&mut [0; 1]).await;
                }
            }
        })
        .await
    }

    /// A server that hears the greeting and answers with these bytes.
    async fn answering(bytes: &'static [u8]) -> SocketAddr {
        serve(move |mut stream| async move {
            let _ = stream.read(&mut [0; 2048]).await;
            let _ = stream.write_all(bytes).await;
        })
        .await
    }

    async fn shake(address: SocketAddr, step: Duration) -> (HandshakeInfo, Result<Box<dyn Stream>, Halt>) {
        let stream = Box::new(TcpStream::connect(address).await.unwrap());
        TrustStores::of_roots([]).handshake(stream, "mail.test", &[], &for_tests(step)).await
    }

    /// A server that says one byte to each connection, and tells how the handshake went.
    async fn telling(papers: &Papers) -> (SocketAddr, mpsc::UnboundedReceiver<HandshakeKind>) {
        let (tell, told) = mpsc::unbounded_channel();
        let acceptor = acceptor(papers);
        let address = serve(move |stream| {
            let (acceptor, tell) = (acceptor.clone(), tell.clone());
            async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                let _ = tell.send(stream.get_ref().1.handshake_kind().unwrap());
                let _ = stream.write_all(b"x").await;
                let _ = stream.read(&mut [0; 1]).await;
            }
        });
        (address.await, told)
    }

    async fn shake_again(trust: &TrustStores, address: SocketAddr) -> HandshakeInfo {
        let stream = Box::new(TcpStream::connect(address).await.unwrap());
        let (shown, stream) = trust.handshake_again(stream, "mail.test", &for_tests(Duration::from_secs(20))).await;
        stream.ok().unwrap().read_u8().await.unwrap(); // the ticket comes before it
        shown
    }

    #[tokio::test]
    async fn session_of_an_earlier_connection_is_resumed_and_its_certificate_shown() {
        let papers = issued(GOOD);
        let (address, mut told) = telling(&papers).await;
        let trust = TrustStores::of_roots([papers.root.clone()]);
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
            let shown = shake_again(&trust, address).await;
            assert_eq!(told.recv().await, Some(kind));
            assert_eq!(shown.chain, papers.chain);
            assert_eq!(trust.judge(&shown.chain, "mail.test").chain, Ok(Store::System));
        }
    }

    #[tokio::test]
    async fn other_server_of_the_same_name_shows_its_own_certificate() {
        let (papers, others) = (issued(GOOD), issued(GOOD));
        let trust = TrustStores::of_roots([papers.root.clone()]);
        shake_again(&trust, telling(&papers).await.0).await;
        let (address, mut told) = telling(&others).await;
        let shown = shake_again(&trust, address).await;
        assert_eq!(told.recv().await, Some(HandshakeKind::Full));
        assert_eq!(shown.chain, others.chain);
        assert!(trust.judge(&shown.chain, "mail.test").chain.is_err());
    }

    async fn refusal(address: SocketAddr) -> Halt {
        shake(address, Duration::from_secs(20)).await.1.err().expect("no handshake")
    }

    fn judged(papers: &Papers, roots: &[CertificateDer<'static>]) -> Verdict {
        TrustStores::of_roots(roots.iter().cloned()).judge(&papers.chain, "mail.test")
    }

    fn why(papers: &Papers, roots: &[CertificateDer<'static>]) -> FailureKind {
        judged(papers, roots).chain.unwrap_err().kind
    }

    #[tokio::test]
    async fn certificate_is_shown_whoever_vouches_for_it() {
        let papers = issued(GOOD);
        let (shown, stream) = shake(encrypting(acceptor(&papers)).await, Duration::from_secs(20)).await;
        assert!(stream.is_ok());
        assert_eq!(shown.chain, papers.chain);
        assert_eq!(shown.version.as_deref(), Some("TLS 1.3"));
        assert!(shown.cipher.unwrap().starts_with("TLS_"));
        let own = read(&shown.chain[0]).unwrap();
        assert_eq!((own.subject.as_str(), own.issuer_organization.as_str()), ("mail.test", "Lab Authority"));
        assert_eq!(own.names, ["mail.test"]);
        assert_eq!(moment(own.not_before), "2020-01-01T00:00:00Z");
    }

    #[test]
    fn good_chain() {
        let papers = issued(GOOD);
        let verdict = judged(&papers, std::slice::from_ref(&papers.root));
        assert_eq!(verdict, Verdict { chain: Ok(Store::System), name_matches: Some(true) });
    }

    #[test]
    fn expired_certificate_says_since_when() {
        let papers = issued(Recipe { until: 2021, ..GOOD });
        let halt = judged(&papers, std::slice::from_ref(&papers.root)).chain.unwrap_err();
        assert_eq!(halt, Halt::new(FailureKind::Expired, "was valid until 2021-01-01T00:00:00Z"));
    }

    #[test]
    fn certificate_of_the_future() {
        let papers = issued(Recipe { from: 2119, ..GOOD });
        assert_eq!(why(&papers, std::slice::from_ref(&papers.root)), FailureKind::NotYetValid);
    }

    #[test]
    fn wrong_name_leaves_the_chain_trusted() {
        let papers = issued(Recipe { name: "other.test", ..GOOD });
        let verdict = judged(&papers, std::slice::from_ref(&papers.root));
        assert_eq!(verdict, Verdict { chain: Ok(Store::System), name_matches: Some(false) });
    }

    #[test]
    fn wrong_name_and_expired_show_both() {
        let papers = issued(Recipe { name: "other.test", until: 2021, ..GOOD });
        let verdict = judged(&papers, std::slice::from_ref(&papers.root));
        assert_eq!(verdict.chain.unwrap_err().kind, FailureKind::Expired);
        assert_eq!(verdict.name_matches, Some(false));
    }

    #[test]
    fn self_signed_certificate() {
        assert_eq!(why(&self_signed(GOOD), &[issued(GOOD).root]), FailureKind::SelfSigned);
    }

    #[test]
    fn self_signed_authority_in_place_of_a_server() {
        let key = KeyPair::generate().unwrap();
        let mut params = parameters("box", &["mail.test"], GOOD);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.self_signed(&key).unwrap();
        let papers = Papers {
            chain: vec![own.der().clone()],
            root: own.der().clone(),
            root_pem: own.pem(),
            key: key.serialize_der(),
        };
        assert_eq!(why(&papers, &[issued(GOOD).root]), FailureKind::SelfSigned);
    }

    #[test]
    fn unknown_root() {
        assert_eq!(why(&issued(GOOD), &[issued_under("Other Root", GOOD).root]), FailureKind::UnknownIssuer);
    }

    #[test]
    fn root_of_the_same_name_with_another_key() {
        assert_eq!(why(&issued(GOOD), &[issued(GOOD).root]), FailureKind::BadCertificate);
    }

    #[test]
    fn empty_store_is_told() {
        let halt = judged(&issued(GOOD), &[]).chain.unwrap_err();
        assert_eq!(halt.kind, FailureKind::UnknownIssuer);
        assert!(halt.words.contains("trust store"), "{}", halt.words);
    }

    #[test]
    fn missing_intermediate_names_it() {
        let mut papers = issued(GOOD);
        papers.chain.truncate(1);
        let halt = judged(&papers, std::slice::from_ref(&papers.root)).chain.unwrap_err();
        assert_eq!(halt.kind, FailureKind::MissingIntermediate);
        assert!(halt.words.contains("Lab Middle"), "{}", halt.words);
    }

    #[test]
    fn certificate_that_is_none() {
        let papers = Papers { chain: vec![CertificateDer::from(vec![0x30, 3, 2, 1, 1])], ..issued(GOOD) };
        assert_eq!(why(&papers, &[]), FailureKind::BadCertificate);
        assert_eq!(judged(&papers, &[]).name_matches, None);
    }

    #[test]
    fn a_hundred_certificates_are_judged_in_time() {
        let mut papers = issued(GOOD);
        let stray = issued(GOOD).chain;
        papers.chain.extend(stray.iter().cycle().take(100).cloned());
        let began = std::time::Instant::now();
        assert_eq!(why(&papers, &[issued_under("Other Root", GOOD).root]), FailureKind::UnknownIssuer);
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }

    #[test]
    fn ca_file_makes_it_trusted() {
        let papers = issued(GOOD);
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), format!("our root\n{}", papers.root_pem)).unwrap();
        let trust = TrustStores::of_roots([]).with_ca_files(&[file.path().to_owned()]).unwrap();
        assert_eq!(trust.judge(&papers.chain, "mail.test").chain, Ok(Store::CaFile));
    }

    #[test]
    fn ca_file_of_no_use_says_why() {
        let refused = |content: &[u8]| {
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), content).unwrap();
            TrustStores::of_roots([]).with_ca_files(&[file.path().to_owned()]).unwrap_err().why
        };
        assert!(refused(b"").contains("no certificate"));
        assert!(refused(&issued(GOOD).root).contains("DER"));
        assert!(
            refused(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n").contains("cannot be a root")
        );
        let missing = TrustStores::of_roots([]).with_ca_files(&[PathBuf::from("/nowhere/ca.pem")]).unwrap_err();
        assert!(missing.to_string().starts_with("/nowhere/ca.pem: "), "{missing}");
    }

    #[tokio::test]
    async fn closed_at_once() {
        let address = serve(|mut stream| async move {
            let _ = stream.read(&mut [0; 2048]).await;
        })
        .await;
        assert_eq!(refusal(address).await, Halt::new(FailureKind::Closed, "closed without a word"));
    }

    #[tokio::test]
    async fn reset() {
        let address = serve(|mut stream| async move {
            let _ = stream.read(&mut [0; 8]).await; // closing with unread bytes resets
        })
        .await;
        assert_eq!(refusal(address).await.kind, FailureKind::Reset);
    }

    #[tokio::test]
    async fn silence() {
        let address = serve(|mut stream| async move {
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        })
        .await;
        let (_, outcome) = shake(address, Duration::from_millis(50)).await;
        assert_eq!(outcome.err().unwrap().kind, FailureKind::TimedOut);
    }

    #[tokio::test]
    async fn plain_text_in_place_of_tls() {
        let greeting = answering(b"220 mail.test ESMTP ready\r\nmore").await;
        assert_eq!(refusal(greeting).await, Halt::new(FailureKind::UnexpectedPlaintext, "220 mail.test ESMTP ready"));
        assert_eq!(refusal(answering(b"no").await).await.kind, FailureKind::UnexpectedPlaintext);
    }

    #[tokio::test]
    async fn plain_text_and_then_silence() {
        let address = serve(|mut stream| async move {
            let _ = stream.write_all(b"hi").await;
            let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
        })
        .await;
        let (_, outcome) = shake(address, Duration::from_millis(100)).await;
        assert_eq!(outcome.err().unwrap(), Halt::new(FailureKind::UnexpectedPlaintext, "hi"));
    }

    #[tokio::test]
    async fn http_in_place_of_tls() {
        let status = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        assert_eq!(refusal(status).await, Halt::new(FailureKind::UnexpectedHttp, "HTTP/1.1 400 Bad Request"));
        assert_eq!(refusal(answering(b"<html><title>Blocked</title>").await).await.kind, FailureKind::UnexpectedHttp);
    }

    #[tokio::test]
    async fn gibberish_in_place_of_tls() {
        assert_eq!(refusal(answering(&[0, 1, 2, 3, 4, 5, 6, 7]).await).await.kind, FailureKind::MalformedReply);
        assert_eq!(refusal(answering(&[22, 3, 3, 0, 4, 99, 0, 0, 0]).await).await.kind, FailureKind::MalformedReply);
    }

    /// `ServerHello` of TLS 1.0: version 3.1, a random, no session, `TLS_RSA_WITH_AES_128_CBC_SHA`, no compression.
    const OLD_HELLO: &[u8] = &[
        22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
        22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0, 0x2f, 0,
    ];

    #[tokio::test]
    async fn old_version_chosen() {
        assert_eq!(
            refusal(answering(OLD_HELLO).await).await,
            Halt::new(FailureKind::TlsVersionTooOld, "the server chose TLS 1.0")
        );
    }

    #[tokio::test]
    async fn old_version_by_alert() {
        let halt = refusal(answering(&[21, 3, 1, 0, 2, 2, 70]).await).await;
        assert_eq!(halt.kind, FailureKind::TlsVersionTooOld);
        assert!(halt.words.contains("protocol_version"), "{}", halt.words);
    }

    #[tokio::test]
    async fn alert() {
        let halt = refusal(answering(&[21, 3, 3, 0, 2, 2, 40]).await).await;
        assert_eq!(halt, Halt::new(FailureKind::TlsAlert, "alert handshake_failure"));
    }

    #[tokio::test]
    async fn chain_of_a_thousand_certificates() {
        let mut papers = issued(GOOD);
        let more = papers.chain[1].clone();
        papers.chain.extend(std::iter::repeat_n(more, 1000));
        assert_eq!(refusal(encrypting(acceptor(&papers)).await).await.kind, FailureKind::ReplyTooLarge);
    }

    #[tokio::test]
    async fn client_certificate_wanted() {
        let papers = issued(GOOD);
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(papers.root.clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&TLS12])
            .unwrap()
            .with_client_cert_verifier(verifier.unwrap())
            .with_single_cert(papers.chain.clone(), key(&papers))
            .unwrap();
        let address = encrypting(TlsAcceptor::from(Arc::new(config))).await;
        let (shown, outcome) = shake(address, Duration::from_secs(20)).await;
        let halt = outcome.err().unwrap();
        assert_eq!(halt.kind, FailureKind::TlsAlert);
        assert!(halt.words.ends_with("the server asks for a client certificate"), "{}", halt.words);
        assert_eq!(shown.chain, papers.chain);
    }

    #[tokio::test]
    async fn wrong_signature_under_the_certificate() {
        let (mut papers, other) = (issued(GOOD), issued(GOOD));
        papers.key = other.key;
        let provider = rustls::crypto::ring::default_provider();
        let key = provider.key_provider.load_private_key(key(&papers)).unwrap();
        let stolen = CertifiedKey::new(papers.chain.clone(), key);
        let config = ServerConfig::builder_with_provider(Arc::new(provider))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(stolen)));
        let address = encrypting(TlsAcceptor::from(Arc::new(config))).await;
        assert_eq!(refusal(address).await.kind, FailureKind::BadCertificate);
    }
}
