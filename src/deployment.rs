//! The site file: ECE's level and addresses, the Entra application, accounts and mailboxes, Webex, waivers, further
//! endpoints.
//!
//! In: a TOML file that a person wrote, or a text. Out: a [`Deployment`], every part of which may be missing, or all of
//! its [`Mistakes`], each with line and remedy. Secrets are named by where they are kept and are never read here; a
//! secret in the file itself is refused, and no message repeats it. ECE's own addresses are evidence: any text is
//! accepted, and the checks `url.*` judge it.

pub mod evidence;
mod files;
mod known;
mod left_over;
mod mistakes;
mod read;
mod saved;
pub mod schema;
mod subject;
mod value;
pub mod waiver;

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use jiff::civil::Date;
use uuid::Uuid;

pub use evidence::{Attestation, Evidence};
pub use known::KnownIds;
pub use left_over::holds_secret;
pub use mistakes::Mistakes;
pub use waiver::Waiver;

use crate::{
    ece::release::Stated,
    evidence::Protocol,
    oauth::{ClientCredential, TokenSource},
    secret::Source,
    table::{Document, did_you_mean},
};

/// The site file. Every part may be missing; what a check then lacks, its finding asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// The name of the site, for reports of several sites.
    pub site: Option<String>,
    /// `[ece]`
    pub ece: Ece,
    /// `[entra]`
    pub entra: Entra,
    /// `[[account]]`
    pub accounts: Vec<Account>,
    /// `[[endpoint]]`
    pub endpoints: Vec<Endpoint>,
    /// `[webex]`
    pub webex: Option<Webex>,
    /// `[[waiver]]`
    pub waivers: Vec<Waiver>,
    /// `[evidence]`
    pub evidence: Evidence,
    /// `[[attestation]]`
    pub attestations: Vec<Attestation>,
    /// The file as a report keeps it: TOML without comments, and without what may hold a secret.
    pub file: String,
}

/// What the file says of ECE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ece {
    /// `release` and `installed` together.
    pub stated: Option<Stated>,
    /// True when the file says which packages are installed, be it none (`installed = []`).
    pub states_packages: bool,
    /// The role of this server.
    pub role: Option<Role>,
    /// The external URL, as typed.
    pub external_url: Option<String>,
    /// What people type to open the console, as typed.
    pub console_url: Option<String>,
    /// The redirect URL that ECE sends, as typed.
    pub redirect_url: Option<String>,
    /// The folder that ECE is installed in.
    pub home: Option<PathBuf>,
    /// The folder of ECE's own log files.
    pub logs: Option<PathBuf>,
    /// The trust store of the Java that ECE runs on.
    pub java_trust_store: Option<PathBuf>,
    /// Where the password of that store is kept.
    pub java_trust_store_password: Option<Source>,
}

/// What the file says of the Entra application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entra {
    /// The Microsoft cloud.
    pub cloud: Option<Cloud>,
    /// The tenant: a GUID or a domain, in lower case.
    pub tenant: Option<String>,
    /// The application (client) id.
    pub client_id: Option<Uuid>,
    /// What the application proves itself with: its secret, or a certificate.
    pub proof: Option<ClientCredential>,
    /// The last day of the client secret.
    pub secret_expires: Option<Date>,
    /// The redirect URLs as registered, as typed; empty when not stated.
    pub redirect_urls: Vec<String>,
    /// Where a token for Microsoft Graph comes from.
    pub graph_token: Option<Source>,
}

/// An account as ECE has it: one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name in ECE.
    pub name: String,
    /// The user whose token it is.
    pub signs_in_as: Option<String>,
    /// The token of the account.
    pub credential: Option<TokenSource>,
    /// How mail is fetched.
    pub inbound: Option<Inbound>,
    /// The mailboxes that are read and sent from; never empty.
    pub mailboxes: Vec<String>,
}

/// How mail is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// Over IMAP.
    Imap,
    /// Over POP3.
    Pop3,
}

/// How Webex Control Hub is connected to Entra ID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Webex {
    /// Which of the two integrations it is.
    pub integration: Option<Integration>,
    /// The organization id, as typed.
    pub org_id: Option<String>,
    /// The tenant URL of the provisioning, as typed: the check `webex.tenant-url` judges it.
    pub tenant_url: Option<String>,
    /// Where the bearer token of the provisioning is kept.
    pub token: Option<Source>,
    /// Where the address is kept at which the browser ended when the token was issued.
    pub token_redirect: Option<Source>,
    /// The day on which the token was issued.
    pub token_issued: Option<Date>,
    /// The attribute of Entra ID that becomes the Webex user name, such as `userPrincipalName`.
    pub user_name_from: Option<String>,
}

impl Webex {
    fn gives(&self, key: &str) -> bool {
        match key {
            "webex" => true,
            "webex.integration" => self.integration.is_some(),
            "webex.org_id" => self.org_id.is_some(),
            "webex.tenant_url" => self.tenant_url.is_some(),
            "webex.token" => self.token.is_some(),
            "webex.token_redirect" => self.token_redirect.is_some(),
            "webex.token_issued" => self.token_issued.is_some(),
            "webex.user_name_from" => self.user_name_from.is_some(),
            _ => false,
        }
    }
}

/// The two ways of connecting Webex to Entra ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Integration {
    /// Control Hub's setup wizard: Webex reads from Microsoft Graph.
    Wizard,
    /// The gallery application *Cisco Webex*: Entra ID writes over SCIM.
    Gallery,
}

impl Integration {
    /// The words of the file.
    pub const WORDS: &[(&str, Self)] = &[("wizard", Self::Wizard), ("gallery", Self::Gallery)];

    /// The word of this integration.
    #[must_use]
    pub fn word(self) -> &'static str {
        word_of(self, Self::WORDS)
    }
}

/// What else this site needs to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name in the report.
    pub name: String,
    /// A host name in the form of DNS, or an IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is spoken there; [`Protocol::Tcp`] when only the connection counts.
    pub protocol: Protocol,
}

/// The role of a server in ECE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The services server: retriever, dispatcher, every refresh of a token.
    Services,
    /// An application server: the first token, alarm mail.
    Application,
    /// Both on one machine.
    All,
}

impl Role {
    /// The words of the file and of `--role`.
    pub const WORDS: &[(&str, Self)] =
        &[("services", Self::Services), ("application", Self::Application), ("all", Self::All)];

    /// The word of this role.
    #[must_use]
    pub fn word(self) -> &'static str {
        word_of(self, Self::WORDS)
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        value_of(text, Self::WORDS)
    }
}

/// A Microsoft cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// Worldwide; GCC too.
    Worldwide,
    /// US government, GCC High.
    GccHigh,
    /// US government, Department of Defense.
    Dod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// The words of the file and of `--cloud`; also the ids in `checks/tables/clouds.toml`.
    pub const WORDS: &[(&str, Self)] =
        &[("worldwide", Self::Worldwide), ("gcc-high", Self::GccHigh), ("dod", Self::Dod), ("china", Self::China)];

    /// The word of this cloud.
    #[must_use]
    pub fn word(self) -> &'static str {
        word_of(self, Self::WORDS)
    }
}

impl FromStr for Cloud {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("gcc") {
            return Err("GCC (not GCC High) uses the endpoints of worldwide: write worldwide".to_owned());
        }
        value_of(text, Self::WORDS)
    }
}

/// The keys that a check may want, as `section.key`.
pub const KEYS: &[&str] = &[
    "ece.release",
    "ece.installed",
    "ece.role",
    "ece.external_url",
    "ece.console_url",
    "ece.redirect_url",
    "ece.java_trust_store",
    "entra.cloud",
    "entra.tenant",
    "entra.client_id",
    "entra.client_secret",
    "entra.client_certificate",
    "entra.secret_expires",
    "entra.redirect_urls",
    "account",
    "endpoint",
    "webex",
    "webex.integration",
    "webex.org_id",
    "webex.tenant_url",
    "webex.token",
    "webex.token_redirect",
    "webex.token_issued",
    "webex.user_name_from",
];

impl Deployment {
    /// Reads the site file.
    ///
    /// # Errors
    /// Every mistake, with file, line and remedy.
    pub fn read(path: &Path) -> Result<Self, Mistakes> {
        read::checked(&Document::read(path)?)
    }

    /// Reads the site file once, and tells whether it is one that is accepted with the values of the sample only:
    /// `is_sample` says of such a file whether it is.
    ///
    /// # Errors
    /// Every mistake, with file, line and remedy.
    pub fn read_or_sample(path: &Path, is_sample: impl Fn(&Self) -> bool) -> Result<(Self, bool), Mistakes> {
        let document = Document::read(path)?;
        read::checked(&document).map(|site| (site, false)).or_else(|mistakes| {
            let sample = read::parsed(&document).ok().filter(is_sample).ok_or(mistakes)?;
            Ok((sample, true))
        })
    }

    /// Reads a file that may hold the values of the sample, for a run against the lab.
    ///
    /// # Errors
    /// Every mistake, with file, line and remedy.
    pub fn read_sample(path: &Path) -> Result<Self, Mistakes> {
        read::parsed(&Document::read(path)?)
    }

    /// Reads a text as the site file; `name` is what mistakes call it.
    ///
    /// # Errors
    /// Every mistake, with line and remedy.
    pub fn parse(name: &str, text: &str) -> Result<Self, Mistakes> {
        read::checked(&Document::new(name, text))
    }

    /// Reads a text that may hold the values of the sample: the lab's own deployment lives at `example.com`.
    ///
    /// # Errors
    /// Every mistake, with line and remedy.
    pub fn parse_sample(name: &str, text: &str) -> Result<Self, Mistakes> {
        read::parsed(&Document::new(name, text))
    }

    /// True when the file says something for one of [`KEYS`], or for one of several written as `a or b`.
    #[must_use]
    pub fn gives(&self, wanted: &str) -> bool {
        wanted.split(" or ").any(|key| self.gives_key(key.trim()))
    }

    fn gives_key(&self, key: &str) -> bool {
        match key {
            "ece.release" => self.ece.stated.is_some(),
            "ece.installed" => {
                self.ece.stated.as_ref().is_some_and(|stated| self.ece.states_packages || stated.speaks_for_itself())
            }
            "ece.role" => self.ece.role.is_some(),
            "ece.external_url" => self.ece.external_url.is_some(),
            "ece.console_url" => self.ece.console_url.is_some(),
            "ece.redirect_url" => self.ece.redirect_url.is_some(),
            "ece.java_trust_store" => self.ece.java_trust_store.is_some(),
            "entra.cloud" => self.entra.cloud.is_some(),
            "entra.tenant" => self.entra.tenant.is_some(),
            "entra.client_id" => self.entra.client_id.is_some(),
            "entra.client_secret" => matches!(self.entra.proof, Some(ClientCredential::Secret(_))),
            "entra.client_certificate" => matches!(self.entra.proof, Some(ClientCredential::Certificate(_))),
            "entra.secret_expires" => self.entra.secret_expires.is_some(),
            "entra.redirect_urls" => !self.entra.redirect_urls.is_empty(),
            "account" => !self.accounts.is_empty(),
            "endpoint" => !self.endpoints.is_empty(),
            _ => self.webex.as_ref().is_some_and(|webex| webex.gives(key)),
        }
    }
}

fn word_of<T: Copy + PartialEq>(value: T, words: &[(&'static str, T)]) -> &'static str {
    words.iter().find(|(_, other)| *other == value).expect("every value has its word in WORDS").0
}

fn value_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.ok_or_else(|| did_you_mean(text, &words.iter().map(|(word, _)| *word).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests;
