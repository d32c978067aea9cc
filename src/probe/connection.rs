//! A connection to a mail server that is encrypted, judged and waits for a sign-in.
//!
//! The service probe opens it and learns what is offered; the first sign-in at the same host and port goes on from there,
//! so that nothing is asked twice. A token can only go over it after its own certificate was judged: a `Ready` is made
//! behind that judgement and nowhere else. What nobody has fetched at the end of the run is closed.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::FutureExt;
use tokio::io::AsyncWriteExt;

use super::{
    imap,
    mail::{MailDialect, Offer, takes_xoauth2},
    pop3, smtp,
};
use crate::{
    evidence::{Attempt, Failure, ProbeKey, Protocol},
    net::session::{Session, Stream},
};

/// A connection that waits for a sign-in.
pub(super) struct Ready {
    /// What is spoken.
    pub protocol: Protocol,
    /// The connection, inside TLS.
    pub session: Session,
    /// What the server offers.
    pub offer: Offer,
}

impl Ready {
    /// Whether a token can be presented here.
    pub fn takes_token(&self) -> bool {
        takes_xoauth2(&self.offer.mechanisms)
    }

    /// Hangs up, and gives what was seen.
    pub async fn leave(mut self) -> Attempt {
        dialect(self.protocol).leave(&mut self.session).await;
        let (stream, attempt) = self.session.into_parts();
        farewell(stream);
        attempt
    }
}

/// The connections that wait, by the probe that opened them. Clones share them.
#[derive(Clone, Default)]
pub struct ReadyConnections(Arc<Mutex<HashMap<ProbeKey, Ready>>>);

impl ReadyConnections {
    pub(super) fn keep(&self, opened_by: ProbeKey, ready: Ready) {
        self.waiting().insert(opened_by, ready);
    }

    /// The connection that this probe has opened, for whoever comes first.
    pub(super) fn take(&self, opened_by: &ProbeKey) -> Option<Ready> {
        self.waiting().remove(opened_by)
    }

    /// Hangs up all that nobody has fetched.
    pub async fn close(&self) {
        let left: Vec<Ready> = self.waiting().drain().map(|(_, ready)| ready).collect();
        for ready in left {
            ready.leave().await;
        }
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<ProbeKey, Ready>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ReadyConnections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.waiting().keys()).finish()
    }
}

/// What is special to a protocol of mail.
pub(super) fn dialect(protocol: Protocol) -> &'static MailDialect {
    match protocol {
        Protocol::Smtp => &smtp::DIALECT,
        Protocol::Imap => &imap::DIALECT,
        _ => &pop3::DIALECT,
    }
}

/// Learns inside TLS what a mail server offers.
///
/// # Errors
/// The [`Failure`] at the stage that could not go on.
pub(super) async fn offered(protocol: Protocol, session: &mut Session) -> Result<Offer, Failure> {
    match protocol {
        Protocol::Smtp => smtp::offered(session).await,
        Protocol::Imap => imap::offered(session).await,
        _ => pop3::offered(session).await,
    }
}

/// Says that nothing more will come, if that can be said without waiting.
pub(super) fn farewell(mut stream: Box<dyn Stream>) {
    let _ = stream.shutdown().now_or_never();
}
