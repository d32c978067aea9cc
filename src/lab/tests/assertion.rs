//! Signing in with a certificate, as a client that shares nothing with the lab's own check does it.

use ring::{
    digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest},
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair},
};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, pem::PemObject};
use serde_json::Value;

use super::{
    lab,
    sign_in::{LOGIN, refresh, secret},
};
use crate::lab::{
    Lab, base64,
    hosts::{CLIENT_ID, TENANT_ID},
};

/// An assertion as a client with the lab's certificate makes it.
pub(super) fn by_certificate(lab: &Lab) -> String {
    let pem = secret(lab, "ECE_CHECK_LAB_CERTIFICATE");
    let until = jiff::Timestamp::now().as_second() + 600;
    let audience = format!("https://{LOGIN}/{TENANT_ID}/oauth2/v2.0/token");
    let header = serde_json::json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(&pem, &SHA256) });
    let claims = serde_json::json!({ "iss": CLIENT_ID, "sub": CLIENT_ID, "aud": audience, "exp": until });
    assertion(&pem, &header, &claims)
}

/// Signs with the key behind a PEM text, as a client does, in PKCS #1 or with PSS.
fn assertion(pem: &str, header: &Value, claims: &Value) -> String {
    let part = |json: &Value| url_safe(json.to_string().as_bytes());
    let key = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).expect("a key");
    let key = RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()).expect("an RSA key");
    let signed = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    let encoding: &dyn RsaEncoding = if header["alg"] == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
    key.sign(encoding, &SystemRandom::new(), signed.as_bytes(), &mut signature).expect("randomness");
    format!("{signed}.{}", url_safe(&signature))
}

fn url_safe(bytes: &[u8]) -> String {
    base64(bytes).replace('=', "").replace('+', "-").replace('/', "_")
}

/// The thumbprint of the certificate in a PEM text.
fn thumbprint(pem: &str, hash: &'static Algorithm) -> String {
    let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate");
    url_safe(digest(hash, &certificate).as_ref())
}

#[tokio::test]
async fn a_certificate_takes_the_place_of_the_secret() {
    let lab = lab(&[]).await;
    let pem = secret(&lab, "ECE_CHECK_LAB_CERTIFICATE");
    let now = jiff::Timestamp::now().as_second();
    let audience = format!("https://{LOGIN}/{TENANT_ID}/oauth2/v2.0/token");
    let claims = |ends: i64, audience: &str| serde_json::json!({ "iss": CLIENT_ID, "sub": CLIENT_ID, "aud": audience, "exp": now + ends });
    let (good, ended, elsewhere) =
        (claims(600, &audience), claims(-600, &audience), claims(600, "https://login.example/"));
    let header = serde_json::json!({ "alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(&pem, &SHA256) });
    let older = serde_json::json!({ "alg": "RS256", "typ": "JWT", "x5t": thumbprint(&pem, &SHA1_FOR_LEGACY_USE_ONLY) });
    let with = |name: &str, value: &str| {
        let mut header = header.clone();
        header[name] = value.into();
        header
    };
    let right = assertion(&pem, &header, &good);
    let (signed, signature) = right.rsplit_once('.').expect("three parts");
    let changed = format!(
        "{}.{}.{signature}",
        signed.split('.').next().expect("a header"),
        url_safe(claims(601, &audience).to_string().as_bytes())
    );
    for (assertion, code) in [
        (right.clone(), Value::Null),
        (assertion(&pem, &older, &good), Value::Null),
        (assertion(&pem, &header, &ended), 700_024.into()),
        (assertion(&pem, &header, &elsewhere), 700_023.into()),
        (assertion(&pem, &with("x5t#S256", "bGFi"), &good), 700_027.into()),
        (assertion(&pem, &with("alg", "RS384"), &good), 700_027.into()),
        (assertion(&pem, &serde_json::json!({ "alg": "PS256" }), &good), 50_027.into()),
        (format!("{signed}.c2lnbmF0dXJl"), 700_027.into()),
        (format!("{signed}."), 700_027.into()),
        (changed, 700_027.into()),
        ("rubbish".into(), 50_027.into()),
    ] {
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
        let other = [("client_secret", ""), ("client_assertion_type", kind), ("client_assertion", &assertion)];
        let (_, body) = refresh(&lab, "ECE_CHECK_LAB_SALES", &other).await;
        assert_eq!(body["error_codes"][0], code, "{body}");
    }
}
