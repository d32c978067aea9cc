//! Encryption and the certificate that is shown.

use rustls::pki_types::CertificateDer;

use crate::{
    evidence::{Fact, Facts, Failure, FailureKind, Protocol, Stage, facts},
    net::{
        Halt,
        tls::{self, Certificate, HandshakeInfo, JavaVerdict, Verdict},
    },
};

/// Certificates of a chain beyond these are counted, not listed.
const MOST_LISTED: usize = 20;
const DAY: i64 = 24 * 60 * 60;

facts! {
    /// What a TLS handshake can measure.
    VERSION: String = "tls.version", "TLS version";
    CIPHER: String = "tls.cipher", "cipher";
    TRUSTED: bool = "tls.trusted", "certificate trusted";
    TRUST: String = "tls.trust", "trust verdict of this server";
    TRUST_STORE: String = "tls.trust_store", "trust store";
    NAME_MATCHES: bool = "tls.name_matches", "name covered by the certificate";
    NAMES: Vec<String> = "tls.names", "names in the certificate";
    SUBJECT: String = "tls.subject", "certificate subject";
    ISSUER: String = "tls.issuer", "issued by";
    ISSUER_ORGANIZATION: String = "tls.issuer_organization", "issuing organization";
    ISSUER_PUBLIC: bool = "tls.issuer_public", "";
    NOT_BEFORE: String = "tls.not_before", "valid from";
    NOT_AFTER: String = "tls.not_after", "valid until";
    DAYS_LEFT: i64 = "tls.days_left", "days left";
    VALID_BY_SERVER_TIME: bool = "tls.valid_by_server_time", "valid by the clocks of Microsoft's servers";
    ALL_FAIL_BY_DATE: bool = "tls.all_fail_by_date", "every certificate of Microsoft's fails by its date";
    CHAIN: Vec<String> = "tls.chain", "certificate chain sent";
    CHAIN_LENGTH: i64 = "tls.chain_length", "number of certificates sent";
    SELF_SIGNED: bool = "tls.self_signed", "self-signed";
    JAVA_TRUSTED: bool = "tls.java_trusted", "trusted by Java";
    JAVA_STORES: Vec<String> = "tls.java_stores", "Java trust stores checked";
    JAVA_DISTRUSTED_BY: Vec<String> = "tls.java_distrusted_by", "rejected by";
    JAVA_UNREAD: Vec<String> = "tls.java_unread", "not readable by Java";
    JAVA_STORE_UNREAD: bool = "tls.java_store_unread", "a trust store from which Java reads nothing";
    JAVA_CHAINS: Vec<String> = "tls.java_chains", "issuers seen";
    JAVA_MISSING_ROOT: Vec<String> = "tls.java_missing_root", "root CA missing in Java";
    JAVA_KEYTOOL: Vec<String> = "tls.java_keytool", "import command";
    FINGERPRINT_SHA256: String = "tls.fingerprint_sha256", "SHA-256 fingerprint";
}

/// Writes down what a handshake showed, however far it came.
pub(super) fn note_shown(shown: &HandshakeInfo, public_issuers: &[String], facts: &mut Facts) {
    if let Some(version) = &shown.version {
        facts.set(VERSION, version.clone());
    }
    if let Some(cipher) = &shown.cipher {
        facts.set(CIPHER, cipher.clone());
    }
    let Some(own) = shown.chain.first() else { return };
    let name = |der| tls::read(der).map_or_else(|| "unreadable".to_owned(), |certificate| certificate.subject);
    facts.set(CHAIN, shown.chain.iter().take(MOST_LISTED).map(name).collect::<Vec<_>>());
    facts.set(CHAIN_LENGTH, i64::try_from(shown.chain.len()).unwrap_or(i64::MAX));
    facts.set(FINGERPRINT_SHA256, tls::fingerprint(own));
    if let Some(certificate) = tls::read(own) {
        note_certificate(certificate, public_issuers, facts);
    }
}

fn note_certificate(certificate: Certificate, public_issuers: &[String], facts: &mut Facts) {
    let issuer = certificate.issuer_organization;
    let left = certificate.not_after.saturating_sub(jiff::Timestamp::now().as_second());
    facts.set(NAMES, certificate.names);
    facts.set(SUBJECT, certificate.subject);
    facts.set(ISSUER, certificate.issuer);
    facts.set(ISSUER_PUBLIC, is_public(&issuer, public_issuers));
    facts.set(ISSUER_ORGANIZATION, issuer);
    facts.set(NOT_BEFORE, tls::moment(certificate.not_before));
    facts.set(NOT_AFTER, tls::moment(certificate.not_after));
    facts.set(DAYS_LEFT, left.div_euclid(DAY));
    facts.set(SELF_SIGNED, certificate.self_signed);
}

/// Writes down whether the certificate of a connection is one of a public authority, and no more of it.
pub(super) fn note_issuer(shown: &HandshakeInfo, public_issuers: &[String], facts: &mut Facts) {
    if let Some(certificate) = shown.chain.first().and_then(tls::read) {
        facts.set(ISSUER_PUBLIC, is_public(&certificate.issuer_organization, public_issuers));
    }
}

fn is_public(organization: &str, public_issuers: &[String]) -> bool {
    public_issuers.iter().any(|public| public.to_lowercase() == organization.to_lowercase())
}

/// Writes down what the trust stores say.
///
/// # Errors
/// The stop of a certificate that is not trusted, or not for this name: nothing may be sent to whoever shows it.
pub(super) fn note_verdict(verdict: Verdict, host: &str, facts: &mut Facts) -> Result<(), Failure> {
    let judged = !matches!(&verdict.chain, Err(halt) if halt.kind == FailureKind::CannotJudge);
    if judged {
        facts.set(TRUSTED, verdict.chain.is_ok());
        facts.set(TRUST, verdict.chain.as_ref().map_or_else(|halt| trust(halt.kind), |_| "trusted"));
    }
    if let Some(matches) = verdict.name_matches {
        facts.set(NAME_MATCHES, matches);
    }
    if let Ok(store) = verdict.chain {
        facts.set(TRUST_STORE, store.name());
    }
    verdict.allowed(host).map(|_| ()).map_err(|halt| stop(Stage::Certificate, halt))
}

/// Writes down what Java's trust stores say of a chain. Several connections to one address may show several chains:
/// each is added to what the others gave.
pub(super) fn note_java(verdict: JavaVerdict, chain: &[CertificateDer<'_>], facts: &mut Facts) {
    let before = facts.get(JAVA_TRUSTED) != Some(&false);
    facts.set(JAVA_TRUSTED, before && verdict.distrusting.is_empty());
    facts.set(JAVA_STORES, verdict.asked);
    let unread_before = facts.is(JAVA_STORE_UNREAD);
    facts.set(JAVA_STORE_UNREAD, unread_before || !verdict.unread.is_empty());
    add(JAVA_UNREAD, verdict.unread, facts);
    let issuer = chain.first().and_then(tls::read).map(|certificate| certificate.issuer);
    add(JAVA_CHAINS, issuer, facts);
    add(JAVA_DISTRUSTED_BY, verdict.distrusting, facts);
    if verdict.missing.is_some() {
        add(JAVA_MISSING_ROOT, verdict.missing, facts);
    }
    if !verdict.keytool.is_empty() {
        add(JAVA_KEYTOOL, verdict.keytool, facts);
    }
}

/// Adds what is new to a list.
fn add(list: Fact<Vec<String>>, news: impl IntoIterator<Item = String>, facts: &mut Facts) {
    let mut items = facts.get(list).cloned().unwrap_or_default();
    for item in news {
        if !items.contains(&item) {
            items.push(item);
        }
    }
    facts.set(list, items);
}

/// A stop of this protocol.
pub(super) fn stop(stage: Stage, halt: Halt) -> Failure {
    Failure::new(Protocol::Tls, stage, halt.kind, halt.words)
}

fn trust(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Expired => "expired",
        FailureKind::NotYetValid => "not-yet-valid",
        FailureKind::SelfSigned => "self-signed",
        FailureKind::UnknownIssuer => "unknown-issuer",
        FailureKind::MissingIntermediate => "missing-intermediate",
        _ => "bad-certificate",
    }
}
