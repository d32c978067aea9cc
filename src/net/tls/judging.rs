//! A certificate that is judged within the handshake, for HTTP libraries that make their own connections.
//!
//! In: the trust stores. Out: a configuration of rustls that ends every handshake whose chain or name
//! [`TrustStores::judge`] refuses, and that keeps why.

use std::sync::{Arc, Mutex, PoisonError};

use rustls::{
    CertificateError, ClientConfig, Error,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};

use super::{
    TrustStores,
    verifier::{ReceiveChain, Verifier},
};
use crate::net::Halt;

/// A configuration that trusts what the stores trust. `refused` receives why a certificate was refused.
pub(in crate::net) fn client_config(stores: &Arc<TrustStores>, refused: &Arc<Mutex<Option<Halt>>>) -> ClientConfig {
    let judge = Judge { stores: Arc::clone(stores), refused: Arc::clone(refused) };
    ClientConfig::builder_with_provider(Arc::clone(&stores.provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .expect("ring has ciphers for both versions")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier::new(judge, &stores.provider)))
        .with_no_client_auth()
}

/// Asks the stores.
#[derive(Debug)]
struct Judge {
    stores: Arc<TrustStores>,
    refused: Arc<Mutex<Option<Halt>>>,
}

impl ReceiveChain for Judge {
    fn receive(&self, chain: Vec<CertificateDer<'static>>, name: &ServerName<'_>) -> Result<(), Error> {
        let host = name.to_str();
        self.stores.judge(&chain, &host).allowed(&host).map(drop).map_err(|halt| {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(halt);
            Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)
        })
    }
}
