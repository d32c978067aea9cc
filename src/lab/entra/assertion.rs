//! The certificate that the application may sign in with, and the check of what it signed.
//!
//! In: what has become of the certificate, and then assertions (RFC 7523, section 3; RFC 7515). Out: nothing, or Entra's
//! refusal. <https://learn.microsoft.com/en-us/entra/identity-platform/certificate-credentials>
//!
//! The key pair is the same in every lab, as making RSA keys takes long; the certificate is made anew. Whoever signs with
//! this key reaches a tenant on loopback.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateParams, DnType, KeyPair, PublicKeyData};
use ring::{
    digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest},
    signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey},
};
use serde_json::Value;

use super::refused::{Refused, invalid_client, shown};
use crate::lab::{fault::Certified, hosts::CLIENT_ID, token_issuer};

const KEY: &str = include_str!("../application.key");
const KIND: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// From when until when certificates are good, in days from today.
const GOOD: (i64, i64) = (-300, 400);
const ENDED: (i64, i64) = (-400, -2);

/// A certificate of the application.
#[derive(Debug)]
pub(in crate::lab) struct Registered {
    /// What ECE has: the certificate and its key.
    pub pem: String,
    /// False when the registration holds another one.
    known: bool,
    thumbprints: [String; 2],
    public: Vec<u8>,
    from: Timestamp,
    until: Timestamp,
}

impl Registered {
    /// A certificate that this has become of.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(state: Certified) -> Result<Self, rcgen::Error> {
        let now = Timestamp::now();
        let (from, until) = if state == Certified::Expired { ENDED } else { GOOD };
        let day = |days: i64| now.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(now);
        let (from, until) = (day(from), day(until));
        let key = KeyPair::from_pem(KEY)?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "Cisco ECE");
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let since = |at: Timestamp| std::time::Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0));
        (params.not_before, params.not_after) = (epoch + since(from), epoch + since(until));
        let certificate = params.self_signed(&key)?;
        let der = certificate.der();
        Ok(Self {
            pem: format!("{}{KEY}", certificate.pem()),
            known: state != Certified::Other,
            thumbprints: [&SHA256, &SHA1_FOR_LEGACY_USE_ONLY].map(|hash| URL_SAFE_NO_PAD.encode(digest(hash, der))),
            public: key.der_bytes().to_vec(),
            from,
            until,
        })
    }

    /// Checks form, thumbprint, signature and claims, in this order.
    pub(super) fn check(&self, kind: Option<&str>, assertion: &str, now: Timestamp) -> Result<(), Refused> {
        if kind != Some(KIND) {
            let words = "The request body must contain the following parameter: 'client_assertion_type'.";
            return Err(Refused::new(400, "invalid_request", 900_144, words.into()));
        }
        let Some((header, claims)) = token_issuer::unverified(assertion) else {
            return Err(invalid_client(50_027, "JWT token is invalid or malformed."));
        };
        self.check_signature(&header, assertion, now)?;
        check_claims(&claims, now)
    }

    fn check_signature(&self, header: &Value, assertion: &str, now: Timestamp) -> Result<(), Refused> {
        let Some(thumbprint) = header["x5t#S256"].as_str().or(header["x5t"].as_str()) else {
            let words = "Invalid JWT token. No certificate thumbprint specified in token header.";
            return Err(invalid_client(50_027, words));
        };
        let refused = |reason: &str| {
            let words = format!(
                "Client assertion contains an invalid signature. [Reason - {reason} Thumbprint of key used by client: \
                 '{}'. Please visit the Azure Portal, Graph Explorer or directly use MS Graph to see configured keys for \
                 app Id '{CLIENT_ID}'.]",
                shown(thumbprint)
            );
            Err(invalid_client(700_027, &words))
        };
        if !self.known || self.thumbprints.iter().all(|known| known != thumbprint) {
            return refused("The key was not found.");
        }
        if !self.is_signed(header, assertion) {
            return refused("The key was found, but use of the key to verify the signature failed.");
        }
        if self.until <= now {
            let (from, until) = (self.from.strftime("%m/%d/%Y %H:%M:%S"), self.until.strftime("%m/%d/%Y %H:%M:%S"));
            return refused(&format!("The key used is expired. Found key 'Start={from}, End={until}'."));
        }
        Ok(())
    }

    fn is_signed(&self, header: &Value, assertion: &str) -> bool {
        let algorithm = match header["alg"].as_str() {
            Some("PS256") => &RSA_PSS_2048_8192_SHA256,
            Some("RS256") => &RSA_PKCS1_2048_8192_SHA256,
            _ => return false,
        };
        let Some((signed, signature)) = assertion.rsplit_once('.') else { return false };
        let public = UnparsedPublicKey::new(algorithm, &self.public);
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        public.verify(signed.as_bytes(), &signature).is_ok()
    }
}

fn check_claims(claims: &Value, now: Timestamp) -> Result<(), Refused> {
    let is_own = claims["iss"] == CLIENT_ID && claims["sub"] == CLIENT_ID;
    let audience = claims["aud"].as_str().unwrap_or_default();
    if !is_own || !audience.starts_with("https://login.microsoft") {
        return Err(invalid_client(700_023, "Client assertion audience claim does not match Realm issuer."));
    }
    let (from, until) = (claims["nbf"].as_i64().unwrap_or(0), claims["exp"].as_i64().unwrap_or(0));
    if now.as_second() < from || until <= now.as_second() {
        let shown = |second| Timestamp::from_second(second).unwrap_or(Timestamp::UNIX_EPOCH).to_string();
        let words = format!(
            "Client assertion is not within its valid time range. Current time: {now}, assertion valid from {}, expiry \
             time of assertion {}.",
            shown(from),
            shown(until)
        );
        return Err(invalid_client(700_024, &words));
    }
    Ok(())
}
