//! The JSON Schema of the site file, for editors that complete and check TOML. The reader itself is stricter: it compares
//! keys with each other and with the sample.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The schema as JSON.
#[must_use]
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(SiteFile).to_value()
}

/// Where a secret is kept; the secret itself is never written into this file. One of the three keys.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SecretSource {
    /// An environment variable of this name.
    Env(String),
    /// A file that holds nothing else.
    File(String),
    /// A command that prints it.
    Command(String),
}

/// A day, written as 2027-01-31 without quotes; editors see a TOML date as a text.
type Day = String;

/// The site file of ece-check. Every part may be missing; what a check then lacks, its finding asks for.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "ece-check.toml")]
pub struct SiteFile {
    /// The name of the site, for reports of several sites.
    pub site: Option<String>,
    /// What is installed, and the addresses of ECE.
    pub ece: Option<Ece>,
    /// The application in Entra ID.
    pub entra: Option<Entra>,
    /// The accounts as ECE has them: one token each.
    pub account: Option<Vec<Account>>,
    /// What else this site needs to reach.
    pub endpoint: Option<Vec<Endpoint>>,
    /// How Webex Control Hub is connected to Entra ID.
    pub webex: Option<Webex>,
    /// Findings that are known and accepted, and until when.
    pub waiver: Option<Vec<Waiver>>,
    /// What colleagues exported.
    pub evidence: Option<Evidence>,
    /// What a person has seen, where no file says it.
    pub attestation: Option<Vec<Attestation>>,
}

/// `[ece]`
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ece {
    /// The release, such as `12.6(1)`; with its package `12.6(1)_ES6_ET1` or `15.0(1)_ES202511_ET1`.
    pub release: Option<String>,
    /// The installed packages, such as `ES6` and `ES6_ET1`; an empty list when none is installed.
    pub installed: Option<Vec<String>>,
    /// The role of this server.
    pub role: Option<Role>,
    /// The external URL exactly as it is in ECE's settings, right or wrong.
    pub external_url: Option<String>,
    /// What people type to open the console.
    pub console_url: Option<String>,
    /// The redirect URL that ECE sends.
    pub redirect_url: Option<String>,
    /// The folder that ECE is installed in.
    pub home: Option<String>,
    /// The folder of ECE's own log files.
    pub logs: Option<String>,
    /// The trust store of the Java that ECE runs on.
    pub java_trust_store: Option<String>,
    /// Where the password of that store is kept.
    pub java_trust_store_password: Option<SecretSource>,
}

/// The role of a server in ECE.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The services server.
    Services,
    /// An application server.
    Application,
    /// Both on one machine.
    All,
}

/// `[entra]`
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entra {
    /// The Microsoft cloud.
    pub cloud: Option<Cloud>,
    /// The directory (tenant) ID, or its domain.
    pub tenant: Option<String>,
    /// The application (client) ID.
    #[schemars(extend("format" = "uuid"))]
    pub client_id: Option<String>,
    /// Where the client secret is kept.
    pub client_secret: Option<SecretSource>,
    /// Where the certificate is kept, in place of a client secret.
    pub client_certificate: Option<SecretSource>,
    /// Where the key of the certificate is kept.
    pub client_key: Option<SecretSource>,
    /// Where the password of the key is kept.
    pub client_key_password: Option<SecretSource>,
    /// The last day of the client secret.
    #[schemars(extend("format" = "date"))]
    pub secret_expires: Option<Day>,
    /// The redirect URLs as registered.
    pub redirect_urls: Option<Vec<String>>,
    /// Where a token for Microsoft Graph comes from.
    pub graph_token: Option<SecretSource>,
}

/// A Microsoft cloud.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
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

/// `[[account]]`
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its name in ECE.
    pub name: String,
    /// The user whose token it is.
    pub signs_in_as: Option<String>,
    /// Where an access token is kept.
    pub access_token: Option<SecretSource>,
    /// Where the refresh token is kept.
    pub refresh_token: Option<SecretSource>,
    /// True when the application's own token is used.
    pub application_token: Option<bool>,
    /// How mail is fetched.
    pub inbound: Option<Inbound>,
    /// The mailboxes that are read and sent from.
    #[schemars(length(min = 1))]
    pub mailboxes: Vec<String>,
}

/// How mail is fetched.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Inbound {
    /// Over IMAP.
    Imap,
    /// Over POP3.
    Pop3,
}

/// `[[endpoint]]`
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Endpoint {
    /// Its name in the report.
    pub name: String,
    /// A host name or an IP address.
    pub host: String,
    /// The port.
    #[schemars(range(min = 1))]
    pub port: u16,
    /// What is spoken there; left out, the usual protocol of the port.
    pub protocol: Option<Protocol>,
}

/// What is spoken at an endpoint.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// HTTPS.
    Https,
    /// SMTP with STARTTLS.
    Smtp,
    /// IMAP over TLS.
    Imap,
    /// POP3 over TLS.
    Pop3,
    /// The connection alone.
    Tcp,
}

/// `[webex]`
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webex {
    /// Control Hub's wizard, or the gallery application *Cisco Webex*.
    pub integration: Option<Integration>,
    /// The organization ID.
    pub org_id: Option<String>,
    /// The tenant URL of the provisioning.
    pub tenant_url: Option<String>,
    /// Where the bearer token is kept.
    pub token: Option<SecretSource>,
    /// Where the address is kept at which the browser ended when the token was issued.
    pub token_redirect: Option<SecretSource>,
    /// The day on which the token was issued.
    #[schemars(extend("format" = "date"))]
    pub token_issued: Option<Day>,
    /// The attribute of Entra ID that becomes the Webex user name.
    pub user_name_from: Option<String>,
}

/// The two ways of connecting Webex to Entra ID.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Integration {
    /// Control Hub's setup wizard.
    Wizard,
    /// The gallery application.
    Gallery,
}

/// `[[waiver]]`
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// The id of the check.
    pub check: String,
    /// The subject; left out, every subject of the check.
    pub subject: Option<String>,
    /// The cause; left out, every cause.
    pub cause: Option<String>,
    /// Why the finding is accepted.
    pub reason: String,
    /// Who accepted it.
    pub by: String,
    /// The last day on which it counts, in UTC.
    #[schemars(extend("format" = "date"))]
    pub until: Day,
}

/// `[evidence]`
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Files or folders that colleagues exported; `ece-check evidence request` prints what to ask for.
    #[schemars(length(min = 1))]
    pub files: Option<Vec<String>>,
    /// The day when files were made that do not say so themselves.
    #[schemars(extend("format" = "date"))]
    pub as_of: Option<Day>,
}

/// `[[attestation]]`
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// The id of the check.
    pub check: String,
    /// The mailbox; left out where the check is about the application.
    pub subject: Option<String>,
    /// Whether the check holds.
    pub holds: bool,
    /// What was seen, and where.
    pub saw: String,
    /// Who saw it.
    pub by: String,
    /// The day when it was seen; it counts for 90 days.
    #[schemars(extend("format" = "date"))]
    pub on: Day,
}

/// The keys of each table of the schema, by the name of the table; the file itself is `""`.
#[must_use]
pub fn keys() -> BTreeMap<String, Vec<String>> {
    let schema = schema();
    let of = |value: &serde_json::Value| {
        value
            .get("properties")
            .and_then(|fields| fields.as_object())
            .map_or_else(Vec::new, |fields| fields.keys().cloned().collect::<Vec<_>>())
    };
    let defs = schema.get("$defs").and_then(|defs| defs.as_object()).cloned().unwrap_or_default();
    let tables = of(&schema).into_iter().filter_map(|name| {
        let def = defs.iter().find(|(def, _)| def.eq_ignore_ascii_case(&name))?;
        Some((name, of(def.1)))
    });
    tables.chain([(String::new(), of(&schema))]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::Deployment;

    /// The keys that the reader asks for are told when an unknown one is met.
    fn known_to_the_reader(table: &str) -> Vec<String> {
        let head = match table {
            "" => String::new(),
            "account" | "endpoint" | "waiver" | "attestation" => format!("[[{table}]]\n"),
            _ => format!("[{table}]\n"),
        };
        let mistakes = Deployment::parse("a.toml", &format!("{head}zzzzzzzzzzzzzzzzzzzzzzz = 1\n")).unwrap_err();
        let right = mistakes.all().iter().find_map(|one| one.right.strip_prefix("known: ")).expect("a list").to_owned();
        right.split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn schema_has_exactly_the_keys_of_the_reader() {
        let keys = keys();
        assert_eq!(keys.len(), 9, "{keys:?}");
        for (table, mut schema) in keys {
            schema.sort();
            assert_eq!(schema, known_to_the_reader(&table), "[{table}]");
        }
    }
}
