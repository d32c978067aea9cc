//! Encryption, and the certificate that the other side shows: seen always, judged apart.
//!
//! In: an open connection, the name asked for, the trust stores. Out: what was shown ([`HandshakeInfo`]), the encrypted stream
//! or a [`Halt`](crate::net::Halt), and what the stores say of the chain ([`Verdict`]). TLS 1.2 and 1.3 only (RFC 5246, RFC 8446; older
//! versions are retired, RFC 8996); chains by RFC 5280, section 6, names by RFC 6125, section 6.4.
//!
//! The handshake takes any certificate so that it can be shown, but never a wrong signature under it. Whoever calls
//! must ask [`TrustStores::judge`] before a byte is sent.

mod certificate;
mod failure;
mod handshake;
pub mod hello;
pub(super) mod judging;
pub mod pem;
#[cfg(test)]
pub(crate) mod tests;
mod trust;
mod verifier;

pub use certificate::{Certificate, fingerprint, moment, read};
pub use failure::halt;
pub use handshake::HandshakeInfo;
pub use trust::{BadCaFile, JavaVerdict, Store, TrustStores, Verdict};
