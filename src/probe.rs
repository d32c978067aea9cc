//! How to look: one file a protocol. A probe tells what it saw and never judges.
//!
//! In: a [`Look`] from the plan, and what earlier looks saw. Out: an [`Observation`]. What a probe can measure is
//! declared in its `FACTS`; a check that reads any other fact is refused when the catalogue is loaded.

pub mod delivery;
pub mod directory;
pub mod dns;
pub mod https;
pub mod imap;
mod mail;
pub mod mailbox;
pub mod pop3;
pub mod smtp;
pub mod tcp;
pub mod tls;
pub mod token;
pub mod url;
pub mod version;

use std::{future::Future, sync::Arc, time::Instant};

use crate::{
    evidence::{Observation, Stage, Timing},
    net::{ConnectionLimiter, Network},
    oauth::TokenCache,
};

/// One look: what is to be seen, and how.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Look {
    /// The addresses of a name.
    Dns(dns::Look),
    /// A service on a port: every address of its name at once, one connection each.
    Service(tcp::Look),
    /// The token of an account.
    Token(token::Look),
    /// A mailbox, over one protocol.
    Mailbox(mailbox::Look),
    /// A message from a mailbox to itself. The only look that changes anything.
    Delivery(delivery::Look),
    /// The installed level of ECE, from the user's file.
    Version(version::Look),
    /// What the application proves itself with, from the user's file.
    Directory(directory::Look),
    /// The addresses of ECE's web pages, from the user's file.
    Url(url::Look),
}

/// All that a look may touch: the network, and the tokens of this run. Clones share all of it.
#[derive(Clone, Debug)]
pub struct World {
    /// The network.
    pub network: Network,
    /// The tokens.
    pub wallet: TokenCache,
    /// How many sign-ins there may be at once.
    pub limits: ConnectionLimiter,
    /// True when what was said is kept although all went well; of hundreds of mailboxes nobody reads that.
    pub keep_transcripts: bool,
}

impl World {
    /// A world with an empty wallet.
    #[must_use]
    pub fn new(network: Network) -> Self {
        Self { network, wallet: TokenCache::default(), limits: ConnectionLimiter::default(), keep_transcripts: false }
    }
}

/// Looks. `earlier` is what the looks saw that this one depends on.
pub async fn observe(look: &Look, earlier: &[Arc<Observation>], world: &World) -> Observation {
    let name = || earlier.iter().find(|earlier| earlier.probe == "dns").map(AsRef::as_ref);
    match look {
        Look::Dns(look) => dns::observe(look, &world.network).await,
        Look::Service(look) => tcp::observe(look, name(), &world.network).await,
        Look::Token(look) => token::observe(look, earlier, world).await,
        Look::Mailbox(look) => mailbox::observe(look, earlier, world).await,
        Look::Delivery(look) => delivery::observe(look, earlier, world).await,
        Look::Version(look) => version::observe(look),
        Look::Directory(look) => directory::observe(look, world).await,
        Look::Url(look) => url::observe(look),
    }
}

/// One thing that a probe can measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fact {
    /// Its name, such as `tls.days_left`; the part before the dot is the probe.
    pub name: &'static str,
    /// What its value is.
    pub shape: Shape,
    /// What a person calls it, such as "days left".
    pub label: &'static str,
}

/// What the value of a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Yes or no.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// Several texts.
    List,
}

impl std::fmt::Display for Shape {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Text => "a text",
            Self::List => "a list of texts",
        })
    }
}

/// The probes and the facts that each can measure, in the order in which a connection passes them.
pub const FACTS: &[(&str, &[Fact])] = &[
    ("version", version::FACTS),
    ("url", url::FACTS),
    ("directory", directory::FACTS),
    ("dns", dns::FACTS),
    ("tcp", tcp::FACTS),
    ("tls", tls::FACTS),
    ("https", https::FACTS),
    ("token", token::FACTS),
    ("smtp", smtp::FACTS),
    ("imap", imap::FACTS),
    ("pop3", pop3::FACTS),
    ("delivery", delivery::FACTS),
];

/// The subject of the looks and checks that read the user's file.
pub const SITE: &str = "site";

const fn fact(name: &'static str, shape: Shape, label: &'static str) -> Fact {
    Fact { name, shape, label }
}

/// Does the work of one stage and writes down how long it took, whatever came of it.
async fn timed<T>(stage: Stage, steps: &mut Vec<Timing>, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    steps.push(Timing { name: stage, ms: began.elapsed().as_secs_f64() * 1000.0 });
    done
}
