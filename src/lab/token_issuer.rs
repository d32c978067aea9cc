//! Tokens, codes and refresh tokens: made, signed and read again.
//!
//! An access token has the three parts of a JSON Web Token (RFC 7519). Its signature is made up: as long as that of
//! RS256, but a keyed hash of the lab's own, so that a token which somebody changed is noticed and no key pair is needed.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    digest, hmac,
    rand::{SecureRandom, SystemRandom},
};
use serde_json::Value;

/// How many hashes make a signature as long as that of RS256 with 2048 bits.
const HASHES: u8 = 8;
const HEADER: &str = r#"{"typ":"JWT","nonce":"bGFi","alg":"RS256","x5t":"bGFiLWxhYi1sYWItbGFiLWxhYi0","kid":"bGFiLWxhYi1sYWItbGFiLWxhYi0"}"#;

/// Makes tokens with a key that only this lab knows.
#[derive(Debug)]
pub(super) struct TokenIssuer {
    key: hmac::Key,
    random: SystemRandom,
}

impl TokenIssuer {
    /// An issuer with a new key.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn new() -> Result<Self, ring::error::Unspecified> {
        let random = SystemRandom::new();
        Ok(Self { key: hmac::Key::generate(hmac::HMAC_SHA256, &random)?, random })
    }

    /// An access token with these claims.
    pub fn token(&self, claims: &Value) -> String {
        let signed = format!("{}.{}", encode(HEADER.as_bytes()), encode(claims.to_string().as_bytes()));
        format!("{signed}.{}", self.signature(&signed))
    }

    /// The claims of an access token that was made here.
    pub fn claims(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, claims) = signed.split_once('.')?;
        (self.signature(signed) == signature).then(|| json(claims)).flatten()
    }

    /// Something that only this lab can read again and that nobody can change. It begins as Entra's do.
    pub fn sealed(&self, kind: &str, content: &Value) -> String {
        let signed = encode(content.to_string().as_bytes());
        format!("1.A{signed}.{}", self.signature(&format!("{kind} {signed}")))
    }

    /// What was sealed as this kind.
    pub fn unsealed(&self, kind: &str, text: &str) -> Option<Value> {
        let (signed, signature) = text.strip_prefix("1.A")?.split_once('.')?;
        (self.signature(&format!("{kind} {signed}")) == signature).then(|| json(signed)).flatten()
    }

    /// Letters and digits that nobody can guess, from this many random bytes.
    pub fn word(&self, bytes: usize) -> String {
        let mut random = vec![0; bytes];
        let _ = self.random.fill(&mut random); // zeros are as good in a laboratory
        encode(&random)
    }

    /// A number from 0 up to the limit, which is left out.
    pub fn number(&self, limit: u32) -> u32 {
        let mut random = [0; 4];
        let _ = self.random.fill(&mut random);
        u32::from_le_bytes(random) % limit.max(1)
    }

    fn signature(&self, text: &str) -> String {
        let hash = |index: u8| hmac::sign(&self.key, &[&[index], text.as_bytes()].concat());
        encode(&(0..HASHES).flat_map(|index| hash(index).as_ref().to_vec()).collect::<Vec<_>>())
    }
}

/// The claims of a token of somebody else, whoever signed it.
pub(super) fn unverified(token: &str) -> Option<(Value, Value)> {
    let mut parts = token.split('.');
    let (header, claims) = (json(parts.next()?)?, json(parts.next()?)?);
    (parts.count() == 1).then_some((header, claims))
}

/// The challenge that belongs to a verifier: S256 of RFC 7636 section 4.2.
pub(super) fn challenge(verifier: &str) -> String {
    encode(digest::digest(&digest::SHA256, verifier.as_bytes()).as_ref())
}

/// The bytes of a text in base64 (RFC 4648 section 4).
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}
