//! How to look: one file a kind of probe. A probe tells what it saw and never judges.
//!
//! In: a [`Probe`] from the plan, and what the probes that it needs saw. Out: an [`Observation`]. What a probe can measure
//! is declared in its `FACTS`; a check that reads any other fact is refused when the catalogue is loaded.
//!
//! A new kind of probe is a file with a type that implements [`Probe`], and one line in the list of kinds below.

pub mod connection;
pub mod delivery;
pub mod https;
pub mod imap;
mod mail;
pub mod pop3;
mod second_opinion;
pub mod smtp;
pub mod tcp;
pub mod tls;

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, LazyLock},
};

use crate::{
    evidence::{FactDef, Observation, ProbeKey, Subject},
    net::{ConnectionLimiter, Network, RouteChoice},
    oauth::TokenCache,
    secret::Source,
};

/// One kind of looking. The value says what one probe is to do, and how.
pub trait Probe {
    /// The name of this kind, in the keys of observations.
    const NAME: &'static str;
    /// The groups of facts that it declares, by the name that stands before the dot.
    const FACTS: &'static [FactGroup];
    /// True when it is worth making although what it needs was found wrong; what could not be reached at all stops it too.
    const DESPITE_FAILED_NEEDS: bool = false;

    /// The probe of this subject, for a kind that needs no more than that: the plan makes it for every check that reads its
    /// facts. Kinds that need more of the site are planned by [`crate::plan`].
    #[must_use]
    fn of(_: &Subject) -> Option<Self>
    where
        Self: Sized,
    {
        None
    }

    /// What it looks at.
    fn subject(&self) -> Subject;

    /// What tells it from the others of its kind and subject.
    fn variant(&self) -> &'static str {
        ""
    }

    /// The name that reports give to what it looks at: the deepest protocol that it speaks, or the group of its facts.
    fn deepest(&self) -> &'static str {
        Self::NAME
    }

    /// The probes whose observations it reads. They are made first where they are planned.
    fn needs(&self) -> Vec<ProbeKey> {
        Vec::new()
    }

    /// What it touches outside this program.
    fn touches(&self) -> Vec<Touch> {
        Vec::new()
    }

    /// Where it reads secrets from.
    fn secrets(&self) -> Vec<&Source> {
        Vec::new()
    }

    /// Looks. `earlier` holds the observations of what it needs.
    fn observe(&self, earlier: &Earlier, context: &ProbeContext) -> impl Future<Output = Observation> + Send;

    /// What tells it from every other probe.
    fn key(&self) -> ProbeKey {
        ProbeKey::new(Self::NAME, self.subject(), self.variant())
    }
}

macro_rules! kinds {
    ($($kind:ident($file:ident::$probe:ident),)*) => {
        $(pub mod $file;)*

        /// A probe of any kind.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum AnyProbe {
            $(#[doc = concat!("[`", stringify!($file), "`]")] $kind($file::$probe),)*
        }

        impl AnyProbe {
            /// The probe that measures this group of facts at this subject, of the kinds that need no more than that.
            #[must_use]
            pub fn of(group: &str, subject: &Subject) -> Option<Self> {
                let measures = |groups: &[FactGroup]| groups.iter().any(|(name, _)| *name == group);
                None$(.or_else(|| {
                    type Kind = $file::$probe;
                    let probe = if measures(Kind::FACTS) { Kind::of(subject) } else { None };
                    probe.map(Self::from)
                }))*
            }

            /// As [`Probe::key`].
            #[must_use]
            pub fn key(&self) -> ProbeKey {
                match self { $(Self::$kind(probe) => probe.key(),)* }
            }

            /// As [`Probe::subject`].
            #[must_use]
            pub fn subject(&self) -> Subject {
                match self { $(Self::$kind(probe) => probe.subject(),)* }
            }

            /// As [`Probe::deepest`].
            #[must_use]
            pub fn deepest(&self) -> &'static str {
                match self { $(Self::$kind(probe) => probe.deepest(),)* }
            }

            /// As [`Probe::needs`].
            #[must_use]
            pub fn needs(&self) -> Vec<ProbeKey> {
                match self { $(Self::$kind(probe) => probe.needs(),)* }
            }

            /// As [`Probe::touches`].
            #[must_use]
            pub fn touches(&self) -> Vec<Touch> {
                match self { $(Self::$kind(probe) => probe.touches(),)* }
            }

            /// As [`Probe::secrets`].
            #[must_use]
            pub fn secrets(&self) -> Vec<&Source> {
                match self { $(Self::$kind(probe) => probe.secrets(),)* }
            }

            /// As [`Probe::DESPITE_FAILED_NEEDS`].
            #[must_use]
            pub fn despite_failed_needs(&self) -> bool {
                match self { $(Self::$kind(_) => <$file::$probe as Probe>::DESPITE_FAILED_NEEDS,)* }
            }

            /// As [`Probe::observe`].
            pub async fn observe(&self, earlier: &Earlier, context: &ProbeContext) -> Observation {
                match self { $(Self::$kind(probe) => Box::pin(Probe::observe(probe, earlier, context)).await,)* }
            }
        }

        $(impl From<$file::$probe> for AnyProbe {
            fn from(probe: $file::$probe) -> Self {
                Self::$kind(probe)
            }
        })*

        /// The facts that can be measured, in the order in which a connection passes them.
        pub static FACTS: LazyLock<Vec<FactGroup>> = LazyLock::new(|| [$(<$file::$probe as Probe>::FACTS),*].concat());
    };
}

// The kinds of probes, one a line: it declares the file and says which type of it is the probe.
kinds! {
    Version(version::VersionProbe),
    Url(url::UrlProbe),
    AppCredential(app_credential::AppCredentialProbe),
    Dns(dns::DnsProbe),
    Service(service::ServiceProbe),
    Token(token::TokenProbe),
    Exported(exported::ExportedProbe),
    SignIn(sign_in::SignInProbe),
    ScimToken(scim_token::ScimTokenProbe),
    Scim(scim::ScimProbe),
    RoundTrip(round_trip::RoundTripProbe),
}

/// What the probes that one needs have seen, by their keys.
#[derive(Clone, Debug, Default)]
pub struct Earlier(HashMap<ProbeKey, Arc<Observation>>);

impl Earlier {
    /// These observations.
    #[must_use]
    pub fn of(seen: impl IntoIterator<Item = (ProbeKey, Arc<Observation>)>) -> Self {
        Self(seen.into_iter().collect())
    }

    /// What a probe saw, where it was made.
    #[must_use]
    pub fn get(&self, key: &ProbeKey) -> Option<&Observation> {
        self.0.get(key).map(AsRef::as_ref)
    }
}

/// One thing outside this program that a probe touches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Touch {
    /// The resolver is asked for this name.
    Name(String),
    /// A service is connected to.
    Service(ServiceTouch),
}

/// A service that is connected to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceTouch {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The deepest protocol that is spoken.
    pub protocol: &'static str,
    /// The route of a web service, which a proxy may carry; none for all else, which goes direct.
    pub web: Option<RouteChoice>,
    /// How often the first address is connected to once more.
    pub repeats: usize,
    /// What is presented there.
    pub presented: Vec<Presented>,
    /// What is changed there.
    pub change: Change,
}

impl ServiceTouch {
    /// A service that is connected to directly, is given nothing, and stays as it is.
    #[must_use]
    pub fn new(host: &str, port: u16, protocol: &'static str) -> Self {
        let (web, presented) = (None, Vec::new());
        Self { host: host.to_owned(), port, protocol, web, repeats: 0, presented, change: Change::None }
    }
}

/// What is presented to a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Presented {
    /// The refresh token of this account.
    RefreshToken(String),
    /// The application's own proof: its kind.
    OfApplication(&'static str),
    /// The access token of this account.
    AccessToken(String),
    /// The token of the provisioning to Webex.
    ScimToken,
}

/// What is changed at a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    None,
    /// One message is sent.
    SendsMessage,
    /// That message is moved to the deleted items.
    MovesMessage,
}

/// All that a probe may touch: the network, and the tokens of this run. Clones share all of it.
#[derive(Clone, Debug)]
pub struct ProbeContext {
    /// The network.
    pub network: Network,
    /// The tokens.
    pub wallet: TokenCache,
    /// How many sign-ins there may be at once.
    pub limits: ConnectionLimiter,
    /// Connections that wait for a sign-in.
    pub connections: connection::ReadyConnections,
    /// True when what was said is kept although all went well; of hundreds of mailboxes nobody reads that.
    pub keep_transcripts: bool,
}

impl ProbeContext {
    /// A context without tokens.
    #[must_use]
    pub fn new(network: Network) -> Self {
        Self {
            network,
            wallet: TokenCache::default(),
            limits: ConnectionLimiter::default(),
            connections: connection::ReadyConnections::default(),
            keep_transcripts: false,
        }
    }
}

/// Facts by the name that stands before the dot.
pub type FactGroup = (&'static str, &'static [FactDef]);
