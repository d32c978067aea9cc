//! Encryption and the certificate that is shown.

use rustls::pki_types::CertificateDer;

use super::{Fact, Shape, fact};
use crate::{
    evidence::{Facts, Failure, FailureKind, Protocol, Stage, Value},
    net::{
        Halt,
        tls::{self, Certificate, HandshakeInfo, JavaVerdict, Verdict},
    },
};

/// Certificates of a chain beyond these are counted, not listed.
const MOST_LISTED: usize = 20;
const DAY: i64 = 24 * 60 * 60;

/// What a TLS handshake can measure.
pub const FACTS: &[Fact] = &[
    fact("tls.version", Shape::Text, "TLS version"),
    fact("tls.cipher", Shape::Text, "cipher"),
    fact("tls.trusted", Shape::Bool, "certificate trusted"),
    fact("tls.trust", Shape::Text, "this server says"),
    fact("tls.trust_store", Shape::Text, "trust store of this server that said yes"),
    fact("tls.name_matches", Shape::Bool, "name covered by the certificate"),
    fact("tls.names", Shape::List, "names in the certificate"),
    fact("tls.subject", Shape::Text, "certificate of"),
    fact("tls.issuer", Shape::Text, "issued by"),
    fact("tls.issuer_organization", Shape::Text, "issuing organisation"),
    fact("tls.issuer_public", Shape::Bool, "issuer known as public"),
    fact("tls.not_before", Shape::Text, "valid from"),
    fact("tls.not_after", Shape::Text, "valid until"),
    fact("tls.days_left", Shape::Int, "days left"),
    fact("tls.chain", Shape::List, "chain as sent"),
    fact("tls.chain_length", Shape::Int, "certificates sent"),
    fact("tls.self_signed", Shape::Bool, "its own issuer"),
    fact("tls.java_trusted", Shape::Bool, "trusted by Java"),
    fact("tls.java_stores", Shape::List, "Java trust stores asked"),
    fact("tls.java_distrusted_by", Shape::List, "not trusted by"),
    fact("tls.java_unread", Shape::List, "not read by Java"),
    fact("tls.java_store_unread", Shape::Bool, "a store of which Java reads nothing"),
    fact("tls.java_chains", Shape::List, "issuers seen over all connections"),
    fact("tls.java_missing_root", Shape::List, "root that Java lacks"),
    fact("tls.java_keytool", Shape::List, "command that adds it"),
    fact("tls.fingerprint_sha256", Shape::Text, "SHA-256 fingerprint"),
];

/// Writes down what a handshake showed, however far it came.
pub(super) fn note_shown(shown: &HandshakeInfo, public_issuers: &[String], facts: &mut Facts) {
    if let Some(version) = &shown.version {
        facts.set("tls.version", version.clone());
    }
    if let Some(cipher) = &shown.cipher {
        facts.set("tls.cipher", cipher.clone());
    }
    let Some(own) = shown.chain.first() else { return };
    let name = |der| tls::read(der).map_or_else(|| "unreadable".to_owned(), |certificate| certificate.subject);
    facts.set("tls.chain", shown.chain.iter().take(MOST_LISTED).map(name).collect::<Vec<_>>());
    facts.set("tls.chain_length", i64::try_from(shown.chain.len()).unwrap_or(i64::MAX));
    facts.set("tls.fingerprint_sha256", tls::fingerprint(own));
    if let Some(certificate) = tls::read(own) {
        note_certificate(certificate, public_issuers, facts);
    }
}

fn note_certificate(certificate: Certificate, public_issuers: &[String], facts: &mut Facts) {
    let issuer = certificate.issuer_organization;
    let left = certificate.not_after.saturating_sub(jiff::Timestamp::now().as_second());
    facts.set("tls.names", certificate.names);
    facts.set("tls.subject", certificate.subject);
    facts.set("tls.issuer", certificate.issuer);
    facts.set("tls.issuer_public", public_issuers.iter().any(|public| public.to_lowercase() == issuer.to_lowercase()));
    facts.set("tls.issuer_organization", issuer);
    facts.set("tls.not_before", tls::moment(certificate.not_before));
    facts.set("tls.not_after", tls::moment(certificate.not_after));
    facts.set("tls.days_left", left.div_euclid(DAY));
    facts.set("tls.self_signed", certificate.self_signed);
}

/// Writes down what the trust stores say.
///
/// # Errors
/// The stop of a certificate that is not trusted, or not for this name: nothing may be sent to whoever shows it.
pub(super) fn note_verdict(verdict: Verdict, host: &str, facts: &mut Facts) -> Result<(), Failure> {
    let judged = !matches!(&verdict.chain, Err(halt) if halt.kind == FailureKind::CannotJudge);
    if judged {
        facts.set("tls.trusted", verdict.chain.is_ok());
        facts.set("tls.trust", verdict.chain.as_ref().map_or_else(|halt| trust(halt.kind), |_| "trusted"));
    }
    if let Some(matches) = verdict.name_matches {
        facts.set("tls.name_matches", matches);
    }
    if let Ok(store) = verdict.chain {
        facts.set("tls.trust_store", store.name());
    }
    verdict.allowed(host).map(|_| ()).map_err(|halt| stop(Stage::Certificate, halt))
}

/// Writes down what Java's trust stores say of a chain. Several connections to one address may show several chains:
/// each is added to what the others gave.
pub(super) fn note_java(verdict: JavaVerdict, chain: &[CertificateDer<'_>], facts: &mut Facts) {
    let before = facts.get("tls.java_trusted") != Some(&Value::Bool(false));
    facts.set("tls.java_trusted", before && verdict.distrusting.is_empty());
    facts.set("tls.java_stores", verdict.asked);
    let unread_before = facts.get("tls.java_store_unread") == Some(&Value::Bool(true));
    facts.set("tls.java_store_unread", unread_before || !verdict.unread.is_empty());
    add("tls.java_unread", verdict.unread, facts);
    let issuer = chain.first().and_then(tls::read).map(|certificate| certificate.issuer);
    add("tls.java_chains", issuer, facts);
    add("tls.java_distrusted_by", verdict.distrusting, facts);
    if verdict.missing.is_some() {
        add("tls.java_missing_root", verdict.missing, facts);
    }
    if !verdict.keytool.is_empty() {
        add("tls.java_keytool", verdict.keytool, facts);
    }
}

/// Adds what is new to a list.
fn add(name: &str, news: impl IntoIterator<Item = String>, facts: &mut Facts) {
    let mut items = match facts.get(name) {
        Some(Value::List(items)) => items.clone(),
        _ => Vec::new(),
    };
    for item in news {
        if !items.contains(&item) {
            items.push(item);
        }
    }
    facts.set(name, items);
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
