//! A certificate in the place of the client secret: it is read, and its key signs the assertion that Entra takes.
//!
//! In: [`Papers`]. Out: a [`Signer`], and of it assertions (RFC 7523, section 2.2 and 3; RFC 7515; PS256 of RFC 7518,
//! section 3.5), with the header and the claims that Entra asks for:
//! <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>
//!
//! Certificate and key must belong together; whether the certificate is still in date is for Entra to judge, whose words
//! are then kept. The key is made known to the net before anything is done with it.

use std::{fmt, sync::Arc};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jiff::Timestamp;
use p12_keystore::Pkcs12Archive;
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    rsa::KeyPair,
    signature::{KeyPair as _, RSA_PSS_SHA256},
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use uuid::Uuid;

use super::{Papers, endpoint::TokenRequest};
use crate::{
    evidence::{Failure, FailureKind, Protocol, Stage},
    net::tls::pem::{self, NoCertificate},
    secret::{Redactor, Secret},
    table::decode,
};

/// What the assertion is, as the field `client_assertion_type` says it (RFC 7523, section 2.2).
pub const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// An assertion is good for so many seconds. Entra's page advises 5 to 10 minutes.
const SECONDS: i64 = 600;
/// More certificates in one file are no chain of an application.
const MOST_CERTIFICATES: usize = 20;

/// A certificate and its key. Clones share them.
#[derive(Clone)]
pub struct Signer {
    key: Arc<KeyPair>,
    /// SHA-256 of the certificate, as the header `x5t#S256` wants it (RFC 7515, section 4.1.8).
    thumbprint: String,
    /// When the certificate ends, in seconds since 1970.
    pub not_after: i64,
}

/// Neither names nor bytes of it are worth a line in a log.
impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<signer>")
    }
}

impl Signer {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// When one cannot be read, is in no form that is known, or the two do not belong together.
    pub async fn of(papers: &Papers, errand: &mut TokenRequest<'_>) -> Result<Self, Failure> {
        let (certificate, warning) = errand.whole(&papers.certificate).await?;
        let password = match &papers.password {
            Some(source) => Some(errand.secret(source).await?),
            None => None,
        };
        let (key, key_warning) = match &papers.key {
            Some(source) => {
                let (key, warning) = errand.whole(source).await?;
                (Some(key), warning)
            }
            None => (None, warning), // the file holds the key too, and nobody else should read it
        };
        errand.warnings.extend(key_warning);
        Self::read(&certificate, key.as_deref(), password.as_ref(), errand.net)
    }

    fn read(
        certificate: &[u8],
        key: Option<&[u8]>,
        password: Option<&Secret>,
        net: &Redactor,
    ) -> Result<Self, Failure> {
        let found = if certificate.first() == Some(&0x30) && key.is_none() {
            of_pkcs12(certificate, password)?
        } else {
            Found { certificates: certificates(certificate)?, key: private_key(key.unwrap_or(certificate), net)? }
        };
        known(&found.key, net);
        let pair = pair(&found.key)?;
        let of_pair = found.certificates.iter().find(|certificate| is_of(certificate, &pair));
        let der = match (of_pair, found.certificates.is_empty()) {
            (Some(der), _) => der,
            (None, true) => {
                return Err(unread("the client certificate is in no form that is known: PEM, DER or PKCS12"));
            }
            (None, false) => return Err(unfit("the client certificate and the client key do not belong together")),
        };
        let not_after = x509_parser::parse_x509_certificate(der)
            .map(|(_, certificate)| certificate.validity().not_after.timestamp())
            .map_err(|_| unread("the client certificate cannot be read"))?;
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, der));
        Ok(Self { key: Arc::new(pair), thumbprint, not_after })
    }

    /// A new assertion that this client asks, for this endpoint. No two are the same.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn assertion(&self, client_id: &str, audience: &str) -> Result<Secret, Failure> {
        let now = Timestamp::now().as_second();
        let header = json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint });
        let claims = json!({
            "aud": audience, "iss": client_id, "sub": client_id, "jti": Uuid::new_v4().to_string(),
            "iat": now, "nbf": now, "exp": now + SECONDS,
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(&claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        let done = self.key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature);
        let words = "the assertion cannot be signed: this system gives no random numbers";
        done.map_err(|_| Failure::new(Protocol::Token, Stage::Credential, FailureKind::Internal, words))?;
        Ok(Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}

struct Found {
    certificates: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

fn of_pkcs12(bytes: &[u8], password: Option<&Secret>) -> Result<Found, Failure> {
    let password = password.map(Secret::expose).unwrap_or_default();
    let archive = Pkcs12Archive::from_pkcs12(bytes, password);
    let words = "the client certificate is not a PKCS12 file that this password opens; a certificate alone needs client_key \
                 too";
    let archive = archive.map_err(|_| unread(words))?;
    let key = archive.keys.first().ok_or_else(|| unread("there is no private key in the PKCS12 file"))?;
    let key = PrivateKeyDer::Pkcs8(key.key.as_der().to_vec().into());
    let certificates = archive.certs.iter().take(MOST_CERTIFICATES);
    Ok(Found { certificates: certificates.map(|bag| bag.cert.as_der().to_vec().into()).collect(), key })
}

fn certificates(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let found = match pem::certificates(bytes) {
        Err(flawed @ NoCertificate::Flawed(..)) => return Err(unread(&format!("the client certificate: {flawed}"))),
        found => found.unwrap_or_default(),
    };
    Ok(found.into_iter().map(CertificateDer::from).take(MOST_CERTIFICATES).collect())
}

/// The key of a PEM text, or of DER. The text itself is made known to the net.
fn private_key(bytes: &[u8], net: &Redactor) -> Result<PrivateKeyDer<'static>, Failure> {
    let unknown = "the client key is in no form that is known: an RSA key as PEM, without a password";
    if bytes.first() == Some(&0x30) {
        return PrivateKeyDer::try_from(bytes.to_vec()).map_err(|_| unread(unknown));
    }
    let text = decode(bytes).ok_or_else(|| unread(unknown))?;
    let ends = text.find("PRIVATE KEY-----").unwrap_or_default();
    net.add(&Secret::new(&text[text[..ends].rfind("-----BEGIN").unwrap_or_default()..]));
    if text.contains("ENCRYPTED") {
        return Err(unread("the client key has a password; make it a PKCS12 file, or take the password off"));
    }
    let key = pem::blocks(&text).find_map(|block| match (block.label, block.content) {
        ("PRIVATE KEY", Ok(der)) => Some(PrivateKeyDer::Pkcs8(der.into())),
        ("RSA PRIVATE KEY", Ok(der)) => Some(PrivateKeyDer::Pkcs1(der.into())),
        ("EC PRIVATE KEY", Ok(der)) => Some(PrivateKeyDer::Sec1(der.into())),
        _ => None,
    });
    key.ok_or_else(|| unread(unknown))
}

/// A key in one line is how people and programs hand it on.
fn known(key: &PrivateKeyDer<'_>, net: &Redactor) {
    net.add(&Secret::new(STANDARD.encode(key.secret_der())));
}

fn pair(key: &PrivateKeyDer<'_>) -> Result<KeyPair, Failure> {
    let pair = match key {
        PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(unread("the client key is not an RSA key")),
    };
    pair.map_err(|rejected| unread(&format!("the client key is not an RSA key of 2048 to 4096 bits ({rejected})")))
}

fn is_of(certificate: &CertificateDer<'_>, pair: &KeyPair) -> bool {
    let read = x509_parser::parse_x509_certificate(certificate);
    read.is_ok_and(|(_, read)| *read.public_key().subject_public_key.data == *pair.public_key().as_ref())
}

fn unread(words: &str) -> Failure {
    Failure::new(Protocol::Token, Stage::Credential, FailureKind::Missing, words)
}

fn unfit(words: &str) -> Failure {
    Failure::new(Protocol::Token, Stage::Credential, FailureKind::BadCertificate, words)
}

#[cfg(test)]
pub(crate) mod tests {
    use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};

    use super::*;

    const KEY: &str = include_str!("../lab/application.key");

    /// A certificate of the tests' key, in PEM and DER.
    pub(crate) fn certificate(until: i32) -> rcgen::Certificate {
        let key = rcgen::KeyPair::from_pem(KEY).unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["ece.example.com".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        params.self_signed(&key).unwrap()
    }

    fn read(certificate: &[u8], key: Option<&[u8]>, password: Option<&str>) -> Result<Signer, Failure> {
        Signer::read(certificate, key, password.map(Secret::new).as_ref(), &Redactor::default())
    }

    fn der() -> Vec<u8> {
        private_key(KEY.as_bytes(), &Redactor::default()).unwrap().secret_der().to_vec()
    }

    fn pkcs12(password: &str) -> Vec<u8> {
        use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
        let own = p12_keystore::Certificate::from_der(certificate(2999).der()).unwrap();
        let chain = PrivateKeyChain::new(b"1".to_vec(), PrivateKey::from_der(&der()).unwrap(), [own]);
        let mut store = KeyStore::new();
        store.add_entry("ece", KeyStoreEntry::PrivateKeyChain(chain));
        store.writer(password).write().unwrap()
    }

    #[test]
    fn every_form_of_a_pair_is_read() {
        let own = certificate(2999);
        let both = format!("{}{KEY}", own.pem());
        let other_before = format!("{}{}", stranger().pem(), own.pem());
        let dos = both.replace('\n', "\r\n");
        let utf16: Vec<u8> = [0xff, 0xfe].into_iter().chain(both.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for (certificate, key) in [
            (own.pem().into_bytes(), Some(KEY.as_bytes().to_vec())),
            (own.der().to_vec(), Some(KEY.as_bytes().to_vec())),
            (own.der().to_vec(), Some(der())),
            (other_before.into_bytes(), Some(KEY.as_bytes().to_vec())),
            (both.into_bytes(), None),
            (dos.into_bytes(), None),
            (utf16, None),
        ] {
            let signer = read(&certificate, key.as_deref(), None).unwrap();
            assert_eq!(signer.not_after, rcgen::date_time_ymd(2999, 1, 1).unix_timestamp());
        }
        assert!(read(&pkcs12("Zwiebel7"), None, Some("Zwiebel7")).is_ok());
    }

    fn stranger() -> rcgen::Certificate {
        let key = rcgen::KeyPair::generate().unwrap();
        rcgen::CertificateParams::new(vec!["stranger.example".to_owned()]).unwrap().self_signed(&key).unwrap()
    }

    #[test]
    fn what_is_no_pair_is_told_apart_and_not_repeated() {
        let (own, elliptic) = (certificate(2999).pem(), rcgen::KeyPair::generate().unwrap().serialize_pem());
        let encrypted = KEY.replace("PRIVATE", "ENCRYPTED PRIVATE");
        let (store, cut) = (pkcs12("Zwiebel7"), &KEY[..KEY.len() / 2]);
        for (certificate, key, password, kind, words) in [
            (stranger().pem().as_bytes(), Some(KEY), None, FailureKind::BadCertificate, "do not belong together"),
            (own.as_bytes(), Some(elliptic.as_str()), None, FailureKind::Missing, "not an RSA key"),
            (own.as_bytes(), Some(&encrypted), None, FailureKind::Missing, "has a password"),
            (own.as_bytes(), Some(cut), None, FailureKind::Missing, "no form that is known"),
            (own.as_bytes(), None, None, FailureKind::Missing, "client key is in no form"),
            (b"rubbish", Some(KEY), None, FailureKind::Missing, "certificate is in no form"),
            (&store, None, Some("wrong"), FailureKind::Missing, "this password"),
            (&store, None, None, FailureKind::Missing, "this password"),
            (b"0\x82", None, None, FailureKind::Missing, "not a PKCS12 file"),
        ] {
            let stop = read(certificate, key.map(str::as_bytes), password).unwrap_err();
            assert_eq!((stop.stage, stop.kind), (Stage::Credential, kind), "{words}: {}", stop.words);
            assert!(stop.words.contains(words) && !stop.words.contains("MII"), "{}", stop.words);
        }
    }

    #[test]
    fn assertion_says_what_entra_asks_for_and_is_signed_by_the_key() {
        let own = certificate(2999);
        let signer = read(own.pem().as_bytes(), Some(KEY.as_bytes()), None).unwrap();
        let audience = "https://login.test/t/oauth2/v2.0/token";
        let assertion = signer.assertion("app-1", audience).unwrap();
        let (message, signature) = assertion.expose().rsplit_once('.').unwrap();
        let (header, claims) = message.split_once('.').unwrap();
        let json = |part: &str| -> serde_json::Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let thumbprint = URL_SAFE_NO_PAD.encode(digest(&SHA256, own.der()));
        assert_eq!(json(header), json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint }));
        let claims = json(claims);
        let id = claims["jti"].as_str().unwrap();
        assert!(Uuid::parse_str(id).is_ok());
        let (begin, end) = (claims["nbf"].as_i64().unwrap(), claims["exp"].as_i64().unwrap());
        assert_eq!(
            claims,
            json!({ "aud": audience, "iss": "app-1", "sub": "app-1", "jti": id, "iat": begin, "nbf": begin, "exp": end })
        );
        assert_eq!(end - begin, SECONDS);
        let public = UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, signer.key.public_key().as_ref());
        public.verify(message.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        assert_ne!(signer.assertion("app-1", audience).unwrap(), assertion, "none is sent twice");
    }

    #[test]
    fn key_is_known_to_the_net_in_lines_and_in_one() {
        let net = Redactor::default();
        Signer::read(certificate(2999).pem().as_bytes(), Some(KEY.as_bytes()), None, &net).unwrap();
        for line in KEY.lines().filter(|line| !line.starts_with('-')) {
            assert_eq!(net.clean(line).0, "<secret>");
        }
        assert_eq!(net.clean(&STANDARD.encode(der())).0, "<secret>");
        assert_eq!(net.clean(&certificate(2999).pem()).1, 0, "the certificate is no secret");
    }
}
