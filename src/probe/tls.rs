//! Encryption and the certificate that is shown.

use super::{Fact, Shape, fact};

/// What a TLS handshake can measure.
pub const FACTS: &[Fact] = &[
    fact("tls.version", Shape::Text, "TLS version"),
    fact("tls.cipher", Shape::Text, "cipher"),
    fact("tls.trusted", Shape::Bool, "certificate trusted"),
    fact("tls.trust", Shape::Text, "trust"),
    fact("tls.trust_store", Shape::Text, "trust store that said yes"),
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
    fact("tls.fingerprint_sha256", Shape::Text, "SHA-256 fingerprint"),
];
