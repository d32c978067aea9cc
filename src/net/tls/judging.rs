//! A certificate that is judged within the handshake, for HTTP libraries that make their own connections.
//!
//! In: the trust stores. Out: a configuration of rustls that ends every handshake whose chain or name
//! [`TrustStores::judge`] refuses, and that keeps why.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    version::{TLS12, TLS13},
};

use super::TrustStores;
use crate::net::Halt;

/// A configuration that trusts what the stores trust. `refused` receives why a certificate was refused.
pub(in crate::net) fn client_config(stores: &Arc<TrustStores>, refused: &Arc<Mutex<Option<Halt>>>) -> ClientConfig {
    let verifier = JudgingVerifier { stores: Arc::clone(stores), refused: Arc::clone(refused) };
    ClientConfig::builder_with_provider(Arc::clone(&stores.provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .expect("ring has ciphers for both versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth()
}

/// Asks the stores.
#[derive(Debug)]
struct JudgingVerifier {
    stores: Arc<TrustStores>,
    refused: Arc<Mutex<Option<Halt>>>,
}

impl ServerCertVerifier for JudgingVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain: Vec<CertificateDer<'_>> = std::iter::once(own).chain(rest).cloned().collect();
        let host = name.to_str();
        match self.stores.judge(&chain, &host).allowed(&host) {
            Ok(_) => Ok(ServerCertVerified::assertion()),
            Err(halt) => {
                *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(halt);
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, own, signed, &self.stores.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, own, signed, &self.stores.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.stores.provider.signature_verification_algorithms.supported_schemes()
    }
}
