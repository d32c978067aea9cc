//! Signing the manifest of a bundle with a key that the user gives, and checking such a signature.
//!
//! In: a key file, and the bytes of the manifest. Out: the text of a signature in one of two forms that other programs
//! verify. No key is made here.
//!
//! - minisign (<https://jedisct1.github.io/minisign/>): Ed25519 (RFC 8032) over the BLAKE2b-512 of the file, with a trusted
//!   comment. `minisign -V -p KEY.pub -m manifest.json` verifies it.
//! - ECDSA with P-256 and SHA-256 in Base64, as `cosign sign-blob` writes it. `cosign verify-blob --key KEY.pub` verifies
//!   it, and so does `openssl dgst -sha256 -verify KEY.pub` once it is decoded.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use blake2::{Blake2b512, Digest as _};
use ring::{
    rand::SystemRandom,
    signature::{
        self, ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
        UnparsedPublicKey,
    },
};
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer, pem::PemObject as _};
use x509_parser::{prelude::FromDer as _, x509::SubjectPublicKeyInfo};

/// The files of a bundle that hold a signature: minisign's, and the one in Base64.
pub const NAMES: [&str; 2] = [MINISIGN, ECDSA];
const MINISIGN: &str = "manifest.json.minisig";
const ECDSA: &str = "manifest.json.sig";

/// The longest comment that is believed to be one.
const LONGEST: usize = 8 << 10;

/// Why a key cannot be used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// It needs a password.
    #[error("the key is protected with a password")]
    Protected,
    /// It is of a kind or form that is not known.
    #[error("is not a minisign key or a P-256 key in PEM")]
    Unknown,
    /// It is damaged.
    #[error("the key is damaged: {0}")]
    Damaged(&'static str),
}

/// Why a signature is not accepted.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// There is none of the kind that the key makes.
    #[error("the bundle has no signature of this kind of key")]
    None,
    /// The signature is in no form that is known.
    #[error("the signature cannot be read")]
    Unreadable,
    /// Another key has made it.
    #[error("the bundle was signed with another key ({0})")]
    OtherKey(String),
    /// It does not belong to this manifest.
    #[error("the signature does not match: the bundle was changed or was signed with another key")]
    Wrong,
}

/// A key that signs.
pub enum Signer {
    /// Of minisign.
    Minisign {
        /// What minisign calls the key.
        id: [u8; 8],
        /// The key.
        key: Box<Ed25519KeyPair>,
    },
    /// Of cosign or OpenSSL.
    Ecdsa(Box<EcdsaKeyPair>),
}

/// A key that verifies.
#[derive(Debug, PartialEq, Eq)]
pub enum Verifier {
    /// Of minisign.
    Minisign {
        /// What minisign calls the key.
        id: [u8; 8],
        /// The key.
        key: Vec<u8>,
    },
    /// Of cosign or OpenSSL.
    Ecdsa(Vec<u8>),
}

impl Signer {
    /// Reads a secret key: one of minisign without a password (`minisign -G -W`), or P-256 as PKCS #8 in PEM.
    ///
    /// # Errors
    /// When it is no such key.
    pub fn of(text: &str) -> Result<Self, BadKey> {
        if text.contains("ENCRYPTED ") && text.contains("PRIVATE KEY-----") {
            return Err(BadKey::Protected);
        }
        if text.contains("-----BEGIN PRIVATE KEY-----") {
            return Self::of_pem(text);
        }
        // algorithm, key derivation, checksum, salt, two limits, then what a password would protect
        let bytes = line_of_base64(text, 158).ok_or(BadKey::Unknown)?;
        match (&bytes[..2], &bytes[2..4]) {
            (b"Ed", [0, 0]) => {}
            (b"Ed", _) => return Err(BadKey::Protected),
            _ => return Err(BadKey::Unknown),
        }
        let (id, seed, public) = (&bytes[54..62], &bytes[62..94], &bytes[94..126]);
        let key = Ed25519KeyPair::from_seed_and_public_key(seed, public);
        let key = key.map_err(|_| BadKey::Damaged("its two halves do not belong together"))?;
        Ok(Self::Minisign { id: id.try_into().map_err(|_| BadKey::Unknown)?, key: Box::new(key) })
    }

    fn of_pem(text: &str) -> Result<Self, BadKey> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(text.as_bytes()).map_err(|_| BadKey::Damaged("no PKCS #8"))?;
        let der = der.secret_pkcs8_der();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, der, &SystemRandom::new());
        Ok(Self::Ecdsa(Box::new(key.map_err(|_| BadKey::Unknown)?)))
    }

    /// The signature of these bytes, with the name of the file that it goes into.
    ///
    /// # Panics
    /// When the system gives no random numbers.
    #[must_use]
    pub fn sign(&self, manifest: &[u8], run: &str) -> (String, String) {
        match self {
            Self::Minisign { id, key } => (MINISIGN.to_owned(), minisign(*id, key, manifest, run)),
            Self::Ecdsa(key) => {
                let signature = key.sign(&SystemRandom::new(), manifest).expect("the system gives random numbers");
                (ECDSA.to_owned(), STANDARD.encode(signature) + "\n")
            }
        }
    }
}

fn minisign(id: [u8; 8], key: &Ed25519KeyPair, manifest: &[u8], run: &str) -> String {
    let signature = key.sign(&Blake2b512::digest(manifest));
    let plain: String = run.chars().filter(char::is_ascii_graphic).take(100).collect();
    let comment = format!("file:manifest.json\trun:{plain}\thashed");
    let whole = key.sign(&[signature.as_ref(), comment.as_bytes()].concat());
    let signature = [b"ED".as_slice(), &id, signature.as_ref()].concat();
    format!(
        "untrusted comment: signature of the manifest of an ece-check bundle\n{}\ntrusted comment: {comment}\n{}\n",
        STANDARD.encode(signature),
        STANDARD.encode(whole)
    )
}

impl Verifier {
    /// Reads a public key: one of minisign, or P-256 in PEM.
    ///
    /// # Errors
    /// When it is no such key.
    pub fn of(text: &str) -> Result<Self, BadKey> {
        if text.contains("-----BEGIN PUBLIC KEY-----") {
            let der = SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes());
            let der = der.map_err(|_| BadKey::Damaged("no public key in PEM"))?;
            let (_, key) = SubjectPublicKeyInfo::from_der(&der).map_err(|_| BadKey::Damaged("no public key"))?;
            let point = key.subject_public_key.data.to_vec();
            return if point.len() == 65 { Ok(Self::Ecdsa(point)) } else { Err(BadKey::Unknown) };
        }
        let bytes = line_of_base64(text, 42).filter(|bytes| bytes.starts_with(b"Ed")).ok_or(BadKey::Unknown)?;
        let id = bytes[2..10].try_into().map_err(|_| BadKey::Unknown)?;
        Ok(Self::Minisign { id, key: bytes[10..].to_vec() })
    }

    /// Checks the signature of a manifest among those of a bundle, and says in words what was verified.
    ///
    /// # Errors
    /// When none of them is this key's signature of these bytes.
    pub fn verify(&self, manifest: &[u8], signatures: &[(String, String)]) -> Result<String, BadSignature> {
        let of = |wanted: &str| {
            let found = signatures.iter().find(|(name, _)| name == wanted);
            found.map(|(_, text)| text.as_str()).ok_or(BadSignature::None)
        };
        match self {
            Self::Minisign { id, key } => verify_minisign(*id, key, manifest, of(MINISIGN)?),
            Self::Ecdsa(point) => {
                let signature = STANDARD.decode(of(ECDSA)?.trim()).map_err(|_| BadSignature::Unreadable)?;
                verified(&ECDSA_P256_SHA256_ASN1, point, manifest, &signature)?;
                Ok("ECDSA P-256".to_owned())
            }
        }
    }
}

fn verify_minisign(id: [u8; 8], key: &[u8], manifest: &[u8], text: &str) -> Result<String, BadSignature> {
    let lines: Vec<&str> = text.lines().collect();
    let [_, signature, comment, whole, ..] = lines[..] else { return Err(BadSignature::Unreadable) };
    let comment = comment.strip_prefix("trusted comment: ").filter(|comment| comment.len() <= LONGEST);
    let comment = comment.ok_or(BadSignature::Unreadable)?;
    let decoded = |text: &str| STANDARD.decode(text.trim()).map_err(|_| BadSignature::Unreadable);
    let (signature, whole) = (decoded(signature)?, decoded(whole)?);
    if signature.len() != 74 || !signature.starts_with(b"ED") {
        return Err(BadSignature::Unreadable);
    }
    if signature[2..10] != id {
        return Err(BadSignature::OtherKey(name(&signature[2..10])));
    }
    verified(&ED25519, key, &Blake2b512::digest(manifest), &signature[10..])?;
    verified(&ED25519, key, &[&signature[10..], comment.as_bytes()].concat(), &whole)?;
    Ok(format!("minisign key {}", name(&id)))
}

fn verified(
    algorithm: &'static dyn signature::VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), BadSignature> {
    UnparsedPublicKey::new(algorithm, key).verify(message, signature).map_err(|_| BadSignature::Wrong)
}

/// A key as minisign names it: the bytes of its number, last first.
fn name(id: &[u8]) -> String {
    let last_first: Vec<u8> = id.iter().rev().copied().collect();
    crate::report::redact::hexadecimal(&last_first).to_uppercase()
}

/// The bytes of the first line that is Base64 of so many.
fn line_of_base64(text: &str, length: usize) -> Option<Vec<u8>> {
    let lines = text.lines().filter_map(|line| STANDARD.decode(line.trim()).ok());
    lines.into_iter().find(|bytes| bytes.len() == length)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made for this test alone with `minisign -G -W`, and its public half.
    const SECRET: &str = "untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAATAsqGF+sZ3e9E/5hBvV4IY0H/tIGUUJaErsXBapxvLWLAu3WxnQoC7APQyYe/A64ZeA55SvzRLw+RaxMv/hq18ecFudNkr93AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    const PUBLIC: &str = "untrusted comment: minisign public key 7767AC5F182A0B4C\nRWRMCyoYX6xnd7APQyYe/A64ZeA55SvzRLw+RaxMv/hq18ecFudNkr93\n";

    fn signed(signer: &Signer) -> Vec<(String, String)> {
        vec![signer.sign(b"{}", "run-1")]
    }

    #[test]
    fn minisign_key_signs_and_verifies() {
        let signatures = signed(&Signer::of(SECRET).expect("a key"));
        let key = Verifier::of(PUBLIC).expect("a key");
        assert_eq!(key.verify(b"{}", &signatures).expect("its own"), "minisign key 7767AC5F182A0B4C");
        assert_eq!(key.verify(b"{ }", &signatures), Err(BadSignature::Wrong));
        assert_eq!(key.verify(b"{}", &[]), Err(BadSignature::None));
        let comment = vec![(MINISIGN.to_owned(), signatures[0].1.replace("run:run-1", "run:run-2"))];
        assert_eq!(key.verify(b"{}", &comment), Err(BadSignature::Wrong), "the comment is signed too");
        let Verifier::Minisign { key: bytes, .. } = key else { panic!("a key of minisign") };
        let other = Verifier::Minisign { id: [1; 8], key: bytes };
        assert!(matches!(other.verify(b"{}", &signatures), Err(BadSignature::OtherKey(_))));
    }

    #[test]
    fn key_in_pem_signs_and_verifies() {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        let signatures = signed(&Signer::of(&pair.serialize_pem()).expect("a key"));
        let key = Verifier::of(&pair.public_key_pem()).expect("a key");
        assert_eq!(key.verify(b"{}", &signatures).expect("its own"), "ECDSA P-256");
        assert_eq!(key.verify(b"{ }", &signatures), Err(BadSignature::Wrong));
        let other = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key");
        let other = Verifier::of(&other.public_key_pem()).expect("a key");
        assert_eq!(other.verify(b"{}", &signatures), Err(BadSignature::Wrong));
    }

    #[test]
    fn keys_that_cannot_be_used_say_why() {
        let is = |text: &str| Signer::of(text).err();
        assert_eq!(is(&SECRET.replace("RWQAAEIy", "RWRTY0Iy")), Some(BadKey::Protected));
        for protected in ["-----BEGIN ENCRYPTED PRIVATE KEY-----", "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"] {
            assert_eq!(is(protected), Some(BadKey::Protected), "{protected}");
        }
        for unknown in ["", "x", PUBLIC, "-----BEGIN RSA PRIVATE KEY-----"] {
            assert_eq!(is(unknown), Some(BadKey::Unknown), "{unknown}");
            assert!(unknown == PUBLIC || Verifier::of(unknown).is_err(), "{unknown}");
        }
        assert!(matches!(is(&SECRET.replace("e9E/5h", "e9E/5i")), Some(BadKey::Damaged(_))));
    }
}
