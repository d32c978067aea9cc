//! What a fault changes in the tenant: refusals of Entra ID, the registration, mailboxes and tokens.
//!
//! In: the keys `entra`, `application`, `tenant`, `mailbox` and `token` of a fault file. Out: values that
//! [`Tenant::apply`](crate::lab::tenant::Tenant::apply) applies.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A refusal of Entra.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::lab) struct Refusal {
    /// The grants that are refused, `authorize` and `devicecode` for those two endpoints; none means every grant.
    #[serde(default)]
    pub grants: Vec<String>,
    /// The users that are refused; none means everybody.
    #[serde(default)]
    pub of: Vec<String>,
    /// The status of HTTP.
    pub status: u16,
    /// The error of RFC 6749 section 5.2.
    pub error: String,
    /// The number behind AADSTS.
    pub aadsts: u32,
    /// What is said behind it. `{client}`, `{user}`, `{tenant}`, `{resource}`, `{issued}` (97 days ago) and `{changed}`
    /// (two days ago) are filled in.
    pub words: String,
    /// What Microsoft's libraries are told besides.
    pub suberror: Option<String>,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Only so many requests are refused; those after them are answered as usual.
    pub times: Option<u64>,
    /// The Conditional Access policy that the sign-in log names for it.
    pub policy: Option<String>,
}

/// Changes to the registration of ECE. What is not named stays healthy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::lab) struct Application {
    /// The directory knows it.
    pub known: Option<bool>,
    /// What has become of its secret.
    pub secret: Option<Secret>,
    /// ECE signs in with a certificate, and what has become of that.
    pub certificate: Option<Certified>,
    /// It counts as a public client.
    pub public: Option<bool>,
    /// The delegated permissions that were consented to.
    pub consent: Option<Vec<String>>,
    /// The permissions of its own that were consented to.
    pub roles: Option<Vec<String>>,
    /// Exchange knows its service principal.
    pub principal: Option<bool>,
    /// Which object Exchange was told to be that service principal.
    pub principal_object: Option<PrincipalObject>,
    /// The platform under which ECE's redirect address is registered.
    pub redirect: Option<Platform>,
    /// The redirect address that is registered, when it is another one.
    pub redirect_url: Option<String>,
}

/// An object of Microsoft Entra ID that has the application's identifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum PrincipalObject {
    /// The enterprise application, as it should be.
    #[default]
    Enterprise,
    /// The registration: the object id that the registration's page shows.
    Registration,
}

/// A platform of a registration's redirect addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum Platform {
    /// Web, as it should be.
    #[default]
    Web,
    /// Single-page application.
    Spa,
    /// Mobile and desktop applications.
    PublicClient,
}

/// What has become of the secret that ECE has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum Secret {
    /// It is the application's.
    Good,
    /// It was the application's.
    Expired,
    /// It is something else.
    Other,
}

/// What has become of the certificate that ECE has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum Certified {
    /// It is registered.
    #[default]
    Good,
    /// It is registered, and its time is over.
    Expired,
    /// Another one is registered.
    Other,
}

/// Switches of the tenant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::lab) struct Tenant {
    /// SMTP takes sign-ins, but for mailboxes that say otherwise.
    pub smtp_auth: bool,
}

/// Changes to mailboxes. What is not named stays healthy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::lab) struct Mailbox {
    /// The mailbox; none means every one.
    pub name: Option<String>,
    /// There is one.
    pub exists: Option<bool>,
    /// It has its license.
    pub licensed: Option<bool>,
    /// Which license its user has.
    pub plan: Option<Plan>,
    /// The switch of IMAP.
    pub imap: Option<bool>,
    /// The switch of POP3.
    pub pop: Option<bool>,
    /// The switch of SMTP, which wins over the tenant's.
    pub smtp: Option<bool>,
    /// Who may open it besides its user: users by name, or `application`.
    pub full_access: Option<Vec<String>>,
    /// Who is denied Full Access, which wins over any grant.
    pub deny: Option<Vec<String>>,
    /// The name of its user is one of its addresses.
    pub is_address: Option<bool>,
    /// The user principal name, where it is not the address.
    pub principal_name: Option<String>,
    /// Who may send as it besides its user.
    pub send_as: Option<Vec<String>>,
    /// Nobody is told at MAIL FROM that he may not send as it, but after the message data.
    pub told_at_message: Option<bool>,
    /// Where messages for it come to.
    pub arrives: Option<Arrival>,
    /// How late they come, in milliseconds.
    pub arrives_after_ms: Option<u64>,
}

/// The license of a user, by its Exchange service plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum Plan {
    /// Office 365 E3 with Exchange Online (Plan 2).
    #[default]
    E3,
    /// Exchange Online (Plan 1).
    Plan1,
    /// Office 365 F3 with the kiosk plan.
    Kiosk,
    /// Office 365 E3 with its Exchange app unticked.
    SwitchedOff,
    /// No license.
    None,
}

/// Where messages come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum Arrival {
    /// The inbox.
    Inbox,
    /// The folder for junk.
    Junk,
    /// Nowhere, though they are accepted.
    Never,
}

impl Application {
    /// What is changed, as the file names it.
    pub fn parts(&self) -> impl Iterator<Item = &'static str> {
        let parts = [
            ("known", self.known.is_some()),
            ("secret", self.secret.is_some()),
            ("public", self.public.is_some()),
            ("consent", self.consent.is_some()),
            ("roles", self.roles.is_some()),
            ("principal", self.principal.is_some()),
            ("principal-object", self.principal_object.is_some()),
            ("redirect", self.redirect.is_some()),
            ("redirect-url", self.redirect_url.is_some()),
        ];
        parts.into_iter().filter(|(_, is_changed)| *is_changed).map(|(part, _)| part)
    }
}

impl Mailbox {
    /// What is changed, as the file names it.
    pub fn switches(&self) -> impl Iterator<Item = &'static str> {
        let switches = [
            ("exists", self.exists.is_some()),
            ("licensed", self.licensed.is_some()),
            ("plan", self.plan.is_some()),
            ("deny", self.deny.is_some()),
            ("imap", self.imap.is_some()),
            ("pop", self.pop.is_some()),
            ("smtp", self.smtp.is_some()),
            ("full-access", self.full_access.is_some()),
            ("send-as", self.send_as.is_some()),
        ];
        switches.into_iter().filter(|(_, is_changed)| *is_changed).map(|(switch, _)| switch)
    }

    /// True when this mailbox is meant.
    pub fn is_for(&self, address: &str) -> bool {
        self.name.as_ref().is_none_or(|name| name == address)
    }
}

/// Changes to tokens.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::lab) struct Token {
    /// The users whose tokens are meant, `application` for its own; none means all tokens.
    #[serde(default)]
    pub of: Vec<String>,
    /// The account holds an access token and no refresh token: nobody could get such a token from Entra.
    #[serde(default)]
    pub handed_over: bool,
    /// The refresh token is that of another user: somebody else signed in.
    pub owner: Option<String>,
    /// Claims that are others.
    #[serde(default)]
    pub claims: BTreeMap<String, toml::Value>,
    /// Claims that are missing.
    #[serde(default)]
    pub without: Vec<String>,
    /// When it ends, in minutes from now.
    pub minutes: Option<i64>,
    /// How long it lives by a policy, in minutes.
    pub lives_minutes: Option<i64>,
    /// How many groups its user is in.
    #[serde(default)]
    pub groups: usize,
}

impl Token {
    /// True when the tokens of this user are meant.
    pub fn is_for(&self, user: &str) -> bool {
        self.of.is_empty() || self.of.iter().any(|one| one == user)
    }
}
