//! What stands in a certificate, as far as a report tells it (RFC 5280).

use std::fmt::Write as _;

use rustls::pki_types::{CertificateDer, UnixTime};
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate, X509Name},
    public_key::PublicKey,
    time::ASN1Time,
};

/// Names of one certificate beyond these are left out.
const MOST_NAMES: usize = 200;
/// Texts out of a certificate are cut at this length.
const LONGEST_TEXT: usize = 300;

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

/// Whether the issuer of a server's own certificate is among what the server sends.
pub(super) fn sends_issuer(chain: &[CertificateDer<'_>]) -> bool {
    let Some((own, rest)) = chain.split_first() else { return false };
    let Ok((_, own)) = X509Certificate::from_der(own) else { return false };
    let issued_it = |sent: &CertificateDer<'_>| {
        X509Certificate::from_der(sent).is_ok_and(|(_, sent)| sent.subject().as_raw() == own.issuer().as_raw())
    };
    rest.iter().any(issued_it)
}

pub(super) fn seconds(time: UnixTime) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

/// True when the issuers of what was sent lead back to a certificate of the same chain, and to no root of their own.
pub(super) fn issues_itself(chain: &[CertificateDer<'_>]) -> bool {
    let parsed: Vec<X509Certificate<'_>> =
        chain.iter().filter_map(|der| X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed)).collect();
    let Some(mut current) = parsed.first() else { return false };
    for _ in 0..parsed.len() {
        let issuer = parsed.iter().find(|sent| sent.subject().as_raw() == current.issuer().as_raw());
        match issuer {
            Some(issuer) if issuer.issuer().as_raw() != issuer.subject().as_raw() => current = issuer,
            _ => return false,
        }
    }
    true
}

/// The first key or signature of a chain that this program has no algorithm for, in words: then it cannot say whether
/// the chain is good. Known are RSA keys of 2048 to 8192 bits, the curves P-256 and P-384, Ed25519, and signatures with
/// SHA-256, SHA-384 and SHA-512, with ECDSA the first two (`webpki::ring`).
pub(super) fn beyond_us(chain: &[CertificateDer<'_>]) -> Option<String> {
    chain.iter().find_map(|der| {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let whose = common_name(parsed.subject()).unwrap_or_else(|| shortened(&parsed.subject().to_string()));
        let key = unknown_key(&parsed).map(|key| format!("the certificate of {whose} has a key of the kind {key}"));
        let signature =
            || unknown_signature(&parsed).map(|name| format!("the certificate of {whose} is signed with {name}"));
        key.or_else(signature)
    })
}

fn unknown_key(parsed: &X509Certificate<'_>) -> Option<String> {
    let info = parsed.public_key();
    match info.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => {
            let bits = match info.parsed() {
                Ok(PublicKey::RSA(key)) => key.key_size(),
                _ => return None,
            };
            (!(2048..=8192).contains(&bits)).then(|| format!("RSA with {bits} bits"))
        }
        "1.2.840.10045.2.1" => {
            let curve = info.algorithm.parameters.as_ref()?.as_oid().ok()?.to_id_string();
            match curve.as_str() {
                "1.2.840.10045.3.1.7" | "1.3.132.0.34" => None,
                "1.3.132.0.35" => Some("EC on the curve P-521".to_owned()),
                "1.3.132.0.10" => Some("EC on the curve secp256k1".to_owned()),
                other => Some(format!("EC on the curve {other}")),
            }
        }
        "1.3.101.112" => None,
        "1.3.101.113" => Some("Ed448".to_owned()),
        "1.2.840.10040.4.1" => Some("DSA".to_owned()),
        other => Some(format!("with the identifier {other}")),
    }
}

fn unknown_signature(parsed: &X509Certificate<'_>) -> Option<String> {
    let name = match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.10"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.113549.1.1.12"
        | "1.2.840.113549.1.1.13"
        | "1.2.840.10045.4.3.2"
        | "1.2.840.10045.4.3.3"
        | "1.3.101.112" => return None,
        "1.2.840.113549.1.1.4" => "RSA and MD5",
        "1.2.840.113549.1.1.5" => "RSA and SHA-1",
        "1.2.840.10045.4.1" => "ECDSA and SHA-1",
        "1.2.840.10045.4.3.1" => "ECDSA and SHA-224",
        "1.2.840.10045.4.3.4" => "ECDSA and SHA-512",
        "1.3.101.113" => "Ed448",
        other => return Some(format!("the algorithm {other}")),
    };
    Some(name.to_owned())
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

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}
