//! A verifier of certificates for rustls: signatures are always checked, and what becomes of the certificates is for the
//! one who uses it. Nothing that follows a wrong signature passes, whatever is made of the certificate.

use std::{fmt, sync::Arc};

use rustls::{
    DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};

/// What is done with the certificates that a server sends.
pub(super) trait ReceiveChain: fmt::Debug + Send + Sync {
    /// Receives the certificates as sent, the server's own first.
    ///
    /// # Errors
    /// When the handshake is to end here.
    fn receive(&self, chain: Vec<CertificateDer<'static>>, name: &ServerName<'_>) -> Result<(), Error>;
}

/// Checks the signatures of a handshake and hands its certificates on.
#[derive(Debug)]
pub(super) struct Verifier<R> {
    /// Who receives the certificates.
    pub(super) receiver: R,
    provider: Arc<CryptoProvider>,
}

impl<R> Verifier<R> {
    pub(super) fn new(receiver: R, provider: &Arc<CryptoProvider>) -> Self {
        Self { receiver, provider: Arc::clone(provider) }
    }
}

impl<R: ReceiveChain> ServerCertVerifier for Verifier<R> {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(own).chain(rest).map(|certificate| certificate.clone().into_owned()).collect();
        self.receiver.receive(chain, name).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, own, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
