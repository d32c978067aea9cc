//! What a plan was made from, as a report keeps it: enough to plan again, and no secret.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Facts, Failure, Source, Subject};

/// What a plan was made from, as a report keeps it. Secrets stand in none of it: the user's file only names the places
/// where they are kept, and of a command not even its arguments are saved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedSite {
    /// The user's file, as TOML without comments.
    pub file: String,
    /// The role of the server, as `--role` writes it.
    pub role: String,
    /// The Microsoft cloud, as `--cloud` writes it.
    pub cloud: String,
    /// True when Java's trust stores were asked too.
    #[serde(default)]
    pub java: bool,
    /// How many milliseconds a message was looked for that a mailbox sends to itself; none when none was sent.
    #[serde(default)]
    pub send_mail_ms: Option<u64>,
    /// What `--only` names.
    #[serde(default)]
    pub only: Vec<String>,
    /// What `--skip` names.
    #[serde(default)]
    pub skip: Vec<String>,
    /// True with `--pre-install`.
    #[serde(default)]
    pub pre_install: bool,
    /// How many mailboxes `--sample` names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<u32>,
    /// What files and statements settled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<SavedEvidence>,
    /// What `--resolve` orders.
    #[serde(default)]
    pub resolve: Vec<SavedResolve>,
    /// What `--connect-to` orders.
    #[serde(default)]
    pub connect_to: Vec<SavedConnectTo>,
    /// The proxy.
    #[serde(default)]
    pub proxy: Option<SavedProxy>,
}

/// What files or a statement settled for one check and subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedEvidence {
    /// The check.
    pub check: String,
    /// For whom.
    pub subject: Subject,
    /// The account that it belongs to.
    pub account: Option<String>,
    /// How it came out: `pass`, `warn`, `fail`, `needs-input` or `not-applicable`.
    pub outcome: String,
    /// Why, as a sentence.
    pub note: String,
    /// What was read.
    pub facts: Facts,
    /// Where it comes from.
    pub source: Source,
    /// The refusal that it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// One `--resolve`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedResolve {
    /// The name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The addresses in place of those that DNS gives.
    pub addresses: Vec<IpAddr>,
}

/// One `--connect-to`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedConnectTo {
    /// The name or address asked for.
    pub host: String,
    /// The port asked for.
    pub port: u16,
    /// The name or address dialed.
    pub to_host: String,
    /// The port dialed.
    pub to_port: u16,
}

/// A proxy, without its password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SavedProxy {
    /// Its host.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// True for SOCKS version 5, false for HTTP.
    #[serde(default)]
    pub socks5: bool,
    /// Where it was learned from.
    pub learned_from: String,
    /// The names that are reached without it.
    #[serde(default)]
    pub not_for: Vec<String>,
}
