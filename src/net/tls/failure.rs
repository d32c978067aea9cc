//! Why a handshake came to nothing, in words of TLS and without a word of Rust.

use std::io;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible, pki_types::CertificateDer};

use super::certificate::{Certificate, beyond_us, moment, seconds, shortened};
use crate::{
    evidence::FailureKind,
    net::{Halt, alert, dial},
};

/// Names an error that ended an encrypted connection after its handshake.
#[must_use]
pub fn halt(error: &io::Error) -> Halt {
    inner(error).map_or_else(|| dial::halt(error), |error| refused(error, &[], false))
}

pub(super) fn expired(error: &CertificateError, own: Option<&Certificate>) -> Halt {
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

pub(super) fn bad(words: &str) -> Halt {
    Halt::new(FailureKind::BadCertificate, shortened(words))
}

/// What ended a handshake: first what was spoken in place of TLS, then TLS's own complaint, then the system's.
pub(super) fn stopped(
    error: &io::Error,
    received: &[u8],
    chain: &[CertificateDer<'_>],
    certificate_wanted: bool,
) -> Halt {
    if let Some(halt) = not_tls(received).or_else(|| old_version(received)) {
        return halt;
    }
    match inner(error) {
        Some(error) => refused(error, chain, certificate_wanted),
        None if error.kind() == io::ErrorKind::UnexpectedEof => closed(received),
        None => dial::halt(error),
    }
}

fn inner(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn closed(received: &[u8]) -> Halt {
    let words = if received.is_empty() { "" } else { "closed in the middle of the handshake" };
    Halt::new(FailureKind::Closed, words)
}

pub(super) fn refused(error: &Error, chain: &[CertificateDer<'_>], certificate_wanted: bool) -> Halt {
    let Halt { kind, mut words } = match error {
        Error::InvalidCertificate(error) => certificate_trouble(error, chain),
        other => tls_trouble(other),
    };
    if certificate_wanted {
        words.push_str("; the server asks for a client certificate");
    }
    Halt::new(kind, shortened(&words))
}

/// What TLS itself complains of.
pub(super) fn tls_trouble(error: &Error) -> Halt {
    let (kind, words) = match error {
        Error::AlertReceived(AlertDescription::ProtocolVersion) => (
            FailureKind::TlsVersionTooOld,
            "alert protocol_version: the server knows neither TLS 1.2 nor 1.3".to_owned(),
        ),
        Error::AlertReceived(alert) => (FailureKind::TlsAlert, alert::words(*alert)),
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13 | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => (FailureKind::TlsVersionTooOld, "the server knows neither TLS 1.2 nor 1.3".to_owned()),
        Error::PeerIncompatible(why) => (
            FailureKind::CannotJudge,
            format!("the server asks for what this program does not have: {}", spaced(&format!("{why:?}"))),
        ),
        Error::NoCertificatesPresented => (FailureKind::BadCertificate, "the server showed no certificate".to_owned()),
        Error::InvalidMessage(
            InvalidMessage::HandshakePayloadTooLarge | InvalidMessage::CertificatePayloadTooLarge,
        ) => (FailureKind::ReplyTooLarge, "the server shows more certificates than any honest one".to_owned()),
        Error::InvalidMessage(why) => {
            (FailureKind::MalformedReply, format!("not TLS: {}", spaced(&format!("{why:?}"))))
        }
        Error::PeerMisbehaved(why) => (
            FailureKind::MalformedReply,
            format!("the server breaks the rules of TLS: {}", spaced(&format!("{why:?}"))),
        ),
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            (FailureKind::MalformedReply, "a TLS message that does not belong there".to_owned())
        }
        other => (FailureKind::MalformedReply, spaced(&other.to_string())),
    };
    Halt::new(kind, shortened(&words))
}

/// What the check of a certificate or of a signature complains of. Where an algorithm is missing here, nothing is known
/// of the certificate.
pub(super) fn certificate_trouble(error: &CertificateError, chain: &[CertificateDer<'_>]) -> Halt {
    let cannot =
        |why: &str| Halt::new(FailureKind::CannotJudge, shortened(&format!("this program cannot check it: {why}")));
    let may_be_ours = matches!(
        error,
        CertificateError::BadSignature
            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. }
            | CertificateError::Other(_)
    );
    if let Some(why) = beyond_us(chain).filter(|_| may_be_ours) {
        return cannot(&why);
    }
    match error {
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            cannot("it has a signature of a kind that is not known here")
        }
        CertificateError::UnhandledCriticalExtension => cannot("it has a critical extension that is not known here"),
        CertificateError::BadSignature => {
            bad("the signature does not fit: damaged, or an issuer of that name with another key")
        }
        CertificateError::BadEncoding => bad("it is not encoded as X.509 requires"),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            bad("it is not meant for servers: its extended key usage lacks serverAuth")
        }
        CertificateError::Other(_) => {
            let why = spaced(&error.to_string());
            if why.contains("maximum") || why.contains("unsupported") { cannot(&why) } else { bad(&why) }
        }
        other => bad(&spaced(&other.to_string())),
    }
}

/// A name of the library, such as `CaUsedAsEndEntity`, as words: `ca used as end entity`. What the library says around
/// it is left out.
fn spaced(text: &str) -> String {
    let name = text.rsplit(": ").next().unwrap_or(text);
    let name = name.rsplit('(').next().unwrap_or(name).trim_end_matches(')');
    let mut words = String::new();
    let mut before = ' ';
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && (before.is_ascii_lowercase() || before.is_ascii_digit()) {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
        before = letter;
    }
    words
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
    let is_text = std::str::from_utf8(&text[..end]).is_ok_and(|line| !line.is_empty());
    let line = shortened(&String::from_utf8_lossy(&text[..end]));
    let readable = is_text && !line.chars().any(|c| c.is_control() && c != '\t');
    readable.then_some(line)
}
