//! The handshake: any certificate is shown, none is judged, and a wrong signature under one never passes.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use rustls::{
    AlertDescription, ClientConfig, ClientConnection, Error, SignatureScheme,
    client::{ResolvesClientCert, Resumption},
    pki_types::{CertificateDer, ServerName},
    sign::CertifiedKey,
    version::{TLS12, TLS13},
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;

use super::{
    TrustStores,
    failure::{refused, stopped},
    verifier::{ReceiveChain, Verifier},
};
use crate::{
    evidence::FailureKind,
    net::{Halt, Limits, session::Stream},
};

/// Received bytes that are kept to tell what was spoken in place of TLS.
const KEPT: usize = 512;

/// RFC 8446, sections 5.1 and 6: the type of a record that is an alert, and the level of one that ends the connection.
const CONTENT_ALERT: u8 = 21;
const FATAL: u8 = 2;

/// What the handshakes with one host share, so that its sessions are resumed.
#[derive(Clone, Debug)]
pub(super) struct Acquaintance {
    config: Arc<ClientConfig>,
    witness: Arc<RecordingVerifier>,
}

/// What a handshake showed, however far it came.
#[derive(Clone, Debug, Default)]
pub struct HandshakeInfo {
    /// The version, such as `TLS 1.3`.
    pub version: Option<String>,
    /// The cipher suite by its registered name.
    pub cipher: Option<String>,
    /// The certificates as sent, the server's own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// True when the server asked for a certificate of ours; none is ever sent.
    pub certificate_wanted: bool,
}

impl TrustStores {
    /// Encrypts a connection. The certificate is recorded and not judged.
    pub async fn handshake(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
        alpn: &[&[u8]],
        limits: &Limits,
    ) -> (HandshakeInfo, Result<Box<dyn Stream>, Halt>) {
        let witness = Arc::new(RecordingVerifier::new(Recorder::default(), &self.provider));
        let mut config = self.config(&witness);
        config.resumption = Resumption::disabled();
        config.alpn_protocols = alpn.iter().map(|protocol| protocol.to_vec()).collect();
        shake(Acquaintance { config: Arc::new(config), witness }, stream, host, limits).await
    }

    /// Encrypts one of many connections to a host: a session of an earlier one is resumed where the server allows it
    /// (RFC 8446 2.2, RFC 5246 7.3), which spares both sides most of the work. Then no certificate is sent, and the one
    /// shown is that of the session.
    pub async fn handshake_again(
        &self,
        stream: Box<dyn Stream>,
        host: &str,
        limits: &Limits,
    ) -> (HandshakeInfo, Result<Box<dyn Stream>, Halt>) {
        let (shown, outcome) = shake(self.acquaintance(host), stream, host, limits).await;
        // of a connection that came to nothing, the shared witness tells what others have shown
        if outcome.is_ok() { (shown, outcome) } else { (HandshakeInfo::default(), outcome) }
    }

    fn acquaintance(&self, host: &str) -> Acquaintance {
        let mut known = self.acquaintances.lock().unwrap_or_else(PoisonError::into_inner);
        let first = || {
            let witness = Arc::new(RecordingVerifier::new(Recorder::default(), &self.provider));
            Acquaintance { config: Arc::new(self.config(&witness)), witness }
        };
        known.entry(host.to_owned()).or_insert_with(first).clone()
    }

    fn config(&self, witness: &Arc<RecordingVerifier>) -> ClientConfig {
        ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .expect("ring has ciphers for both versions")
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(witness) as _)
            .with_client_cert_resolver(Arc::clone(witness) as _)
    }
}

async fn shake(
    with: Acquaintance,
    stream: Box<dyn Stream>,
    host: &str,
    limits: &Limits,
) -> (HandshakeInfo, Result<Box<dyn Stream>, Halt>) {
    let Ok(name) = server_name(host) else {
        return (
            HandshakeInfo::default(),
            Err(Halt::new(FailureKind::WrongName, "no certificate can carry this name")),
        );
    };
    let tap = Tap { stream, received: Vec::new() };
    let connect = TlsConnector::from(with.config).connect(name, tap).into_fallible();
    let outcome = limits.step(connect).await;
    let mut shown = with.witness.receiver.shown();
    match outcome {
        Ok(Ok(encrypted)) => {
            shown.agreed(encrypted.get_ref().1);
            (shown, Ok(Box::new(encrypted)))
        }
        Ok(Err((error, mut tap))) => {
            let wanted = with.witness.receiver.wanted();
            let halt = match unread_alert(&error, &mut tap.stream, limits).await {
                Some(alert) => refused(&Error::AlertReceived(alert), &shown.chain, wanted),
                None => stopped(&error, &tap.received, &shown.chain, wanted),
            };
            (shown, Err(halt))
        }
        Err(limit) => (shown, Err(limit)),
    }
}

/// The alert of a server that refused and was gone before our next message could be written: it is still there to be read.
async fn unread_alert(error: &io::Error, stream: &mut Box<dyn Stream>, limits: &Limits) -> Option<AlertDescription> {
    if !matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset) {
        return None;
    }
    let mut record = [0; 7];
    limits.step(stream.read_exact(&mut record)).await.ok()?.ok()?;
    let [CONTENT_ALERT, 3, _, 0, 2, FATAL, alert] = record else { return None };
    Some(alert.into())
}

impl HandshakeInfo {
    fn agreed(&mut self, connection: &ClientConnection) {
        // the witness may have seen another handshake since, or none where a session was resumed
        self.chain = connection
            .peer_certificates()
            .unwrap_or_default()
            .iter()
            .cloned()
            .map(CertificateDer::into_owned)
            .collect();
        let suite = connection.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str());
        self.version = connection.protocol_version().and_then(|version| version.as_str()).map(version_name);
        self.cipher = suite.map(|suite| suite.replace("TLS13_", "TLS_"));
    }
}

pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, ()> {
    let host = host.trim_end_matches('.');
    let ascii = idna::domain_to_ascii(host).unwrap_or_else(|_| host.to_owned());
    let host = if host.contains(':') { host.to_owned() } else { ascii };
    ServerName::try_from(host).map_err(|_| ())
}

/// The name as it is sent to a server; none for an address, which is never sent (RFC 6066, section 3).
pub(super) fn ascii_name(host: &str) -> Option<String> {
    match server_name(host).ok()? {
        ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
        _ => None,
    }
}

fn version_name(registered: &str) -> String {
    registered.replace("TLSv", "TLS ").replace('_', ".")
}

/// Keeps the first bytes that a stream received.
struct Tap {
    stream: Box<dyn Stream>,
    received: Vec<u8>,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        let room = KEPT.saturating_sub(self.received.len());
        self.received.extend(buffer.filled()[before..].iter().take(room));
        polled
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

/// Accepts any certificate and records it.
type RecordingVerifier = Verifier<Recorder>;

/// What handshakes showed; it has no certificate of its own and records that one was asked for.
#[derive(Debug, Default)]
struct Recorder {
    /// What the latest handshake showed.
    chain: Mutex<Vec<CertificateDer<'static>>>,
    certificate_wanted: AtomicBool,
}

impl Recorder {
    fn wanted(&self) -> bool {
        self.certificate_wanted.load(Ordering::Relaxed)
    }

    fn shown(&self) -> HandshakeInfo {
        let chain = self.chain.lock().unwrap_or_else(PoisonError::into_inner).clone();
        HandshakeInfo { chain, certificate_wanted: self.wanted(), ..HandshakeInfo::default() }
    }
}

impl ReceiveChain for Recorder {
    fn receive(&self, chain: Vec<CertificateDer<'static>>, _: &ServerName<'_>) -> Result<(), Error> {
        *self.chain.lock().unwrap_or_else(PoisonError::into_inner) = chain;
        Ok(())
    }
}

impl ResolvesClientCert for RecordingVerifier {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.receiver.certificate_wanted.store(true, Ordering::Relaxed);
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::AsyncWriteExt as _;

    use super::*;
    use crate::net::limit::for_tests;

    #[tokio::test]
    async fn alert_of_a_server_that_is_gone_is_read() {
        let refused = Some(AlertDescription::HandshakeFailure);
        for (sent, kind, alert) in [
            (&[21, 3, 3, 0, 2, 2, 40][..], io::ErrorKind::BrokenPipe, refused),
            (&[21, 3, 3, 0, 2, 2, 40], io::ErrorKind::ConnectionReset, refused),
            (&[21, 3, 3, 0, 2, 1, 0], io::ErrorKind::BrokenPipe, None), // a warning refuses nothing
            (&[22, 3, 3, 0, 2, 2, 40], io::ErrorKind::BrokenPipe, None),
            (&[21, 3, 3, 0, 2, 2, 40], io::ErrorKind::UnexpectedEof, None),
            (&[], io::ErrorKind::BrokenPipe, None),
        ] {
            let (ours, mut theirs) = tokio::io::duplex(64);
            theirs.write_all(sent).await.unwrap();
            drop(theirs);
            let mut ours: Box<dyn Stream> = Box::new(ours);
            let read = unread_alert(&kind.into(), &mut ours, &for_tests(Duration::from_secs(20))).await;
            assert_eq!(read, alert, "{sent:?} {kind:?}");
        }
    }
}
