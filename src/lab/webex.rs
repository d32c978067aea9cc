//! The Webex organization: its two integrations with Entra ID, its SCIM token and its users.
//!
//! In: the changes of the faults. Out: a [`Webex`] that the directory, the SCIM half and the evidence files read. Names
//! and numbers are those of Cisco's document 220476 and of <https://help.webex.com/aumpbz>; the organization is invented.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};

use super::{
    fault::{self, AppState, Job, Names, Scim},
    hosts::WEBEX_ORG,
};

/// The application id of *Cisco Webex Identity Integration* (Cisco document 220476).
pub(super) const INTEGRATION_APP: &str = "90db942a-c1eb-4e8d-82e4-eebf64a7e2ae";
/// The variables of the site file.
pub(super) const TOKEN: &str = "ECE_CHECK_LAB_WEBEX_TOKEN";
pub(super) const REDIRECT: &str = "ECE_CHECK_LAB_WEBEX_REDIRECT";
/// How many seconds a SCIM token lives: what the sample address in <https://help.webex.com/aumpbz> says.
pub(super) const TOKEN_SECONDS: i64 = 3_887_999;
/// The permissions that Cisco's document lists: the value, and the id of the role, or of the scope for the first.
pub(super) const PERMISSIONS: &[(&str, &str)] = &[
    ("User.Read", "e1fe6dd8-ba31-4d61-89e7-88639da4683d"),
    ("Group.Read.All", "5b567255-7703-4780-807c-7be8301ae99b"),
    ("Place.Read.All", "913b9306-0ce1-42b8-9137-6a7df690a760"),
    ("User.Read.All", "df021288-bdef-4463-88db-98f22de89214"),
    ("AuditLog.Read.All", "b0afded3-3588-46d8-8b3d-9842eff778da"),
    ("Application.ReadWrite.OwnedBy", "18a4783c-866b-4cc7-a460-3d5e5662c884"),
    ("GroupMember.Read.All", "98830695-27a2-44f7-8c18-0c3ebc9698f6"),
    ("Domain.Read.All", "dbb9058a-0e50-45d7-ae91-66909b5d4664"),
];
/// The rows of the attribute mapping: source and target (<https://help.webex.com/aumpbz>).
pub(super) const MAPPING: &[(&str, &str)] = &[
    ("userPrincipalName", "userName"),
    ("Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")", "active"),
    ("displayName", "displayName"),
    ("surname", "name.familyName"),
    ("givenName", "name.givenName"),
    ("jobTitle", "title"),
    ("usageLocation", "addresses[type eq \"work\"].country"),
    ("city", "addresses[type eq \"work\"].locality"),
    ("streetAddress", "addresses[type eq \"work\"].streetAddress"),
    ("state", "addresses[type eq \"work\"].region"),
    ("postalCode", "addresses[type eq \"work\"].postalCode"),
    ("telephoneNumber", "phoneNumbers[type eq \"work\"].value"),
    ("mobile", "phoneNumbers[type eq \"mobile\"].value"),
    ("facsimileTelephoneNumber", "phoneNumbers[type eq \"fax\"].value"),
    ("objectId", "externalId"),
];
/// The person whose name a fault changes, and the user that a fault deletes.
const RECEPTION: &str = "reception@example.com";
const RECEPTION_UPN: &str = "reception@contoso.onmicrosoft.com";
const FORMER: &str = "former@example.com";

/// The organization and its integrations.
#[derive(Clone, Debug)]
pub(super) struct Webex {
    /// True when the site file has a section for Webex.
    pub in_site: bool,
    pub integration_app: AppState,
    pub identity_app: AppState,
    pub consent: Vec<String>,
    pub scim: Scim,
    pub token_age_days: i64,
    url_org: String,
    pub job: Job,
    pub user_name_from: String,
    pub mapping_off: bool,
    pub without_rows: Vec<String>,
    names: Names,
    pub deleted_days: Option<i64>,
}

/// Somebody whom Entra ID provisions, or whom Control Hub lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Person {
    /// The user principal name in Entra ID, or the user name in Control Hub.
    pub name: String,
    pub mail: String,
    pub display_name: String,
    pub active: bool,
}

impl Default for Webex {
    fn default() -> Self {
        Self {
            in_site: false,
            integration_app: AppState::Enabled,
            identity_app: AppState::Enabled,
            consent: PERMISSIONS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            scim: Scim::Good,
            token_age_days: 10,
            url_org: WEBEX_ORG.to_owned(),
            job: Job::Active,
            user_name_from: "userPrincipalName".to_owned(),
            mapping_off: false,
            without_rows: Vec::new(),
            names: Names::Same,
            deleted_days: None,
        }
    }
}

impl Webex {
    /// Makes a change of a fault; the site file then has a section for Webex.
    pub fn change(&mut self, wish: &fault::Webex) {
        self.in_site = true;
        self.integration_app = wish.integration_app.unwrap_or(self.integration_app);
        self.identity_app = wish.identity_app.unwrap_or(self.identity_app);
        self.scim = wish.scim.unwrap_or(self.scim);
        self.token_age_days = wish.token_age_days.unwrap_or(self.token_age_days);
        self.job = wish.job.unwrap_or(self.job);
        self.names = wish.names.unwrap_or(self.names);
        self.mapping_off = wish.mapping_off.unwrap_or(self.mapping_off);
        self.deleted_days = wish.deleted_days.or(self.deleted_days);
        if let Some(consent) = &wish.consent {
            self.consent.clone_from(consent);
        }
        if let Some(org) = &wish.url_org {
            self.url_org.clone_from(org);
        }
        if let Some(source) = &wish.user_name_from {
            self.user_name_from.clone_from(source);
        }
        if let Some(rows) = &wish.without_rows {
            self.without_rows.clone_from(rows);
        }
    }

    /// The section of the site file, when the site has one.
    pub fn deployment(&self) -> String {
        if !self.in_site {
            return String::new();
        }
        let mut section = format!("\n[webex]\norg_id         = \"{WEBEX_ORG}\"\n");
        let _ = write!(
            section,
            "tenant_url     = \"https://api.ciscospark.com/v1/scim/{}\"\ntoken_redirect = {{ env = \"{REDIRECT}\" }}\n\
             token_issued   = {}\n",
            self.url_org,
            self.issued(Timestamp::now()).strftime("%Y-%m-%d")
        );
        section
    }

    /// When the SCIM token was issued.
    pub fn issued(&self, now: Timestamp) -> Timestamp {
        now.saturating_sub(SignedDuration::from_hours(24 * self.token_age_days)).unwrap_or(now)
    }

    /// True when Control Hub can ask Entra ID for users: both applications are there, and their permissions.
    pub fn is_authorized(&self) -> bool {
        let both = self.integration_app == AppState::Enabled && self.identity_app == AppState::Enabled;
        both && PERMISSIONS.iter().all(|(name, _)| self.consent.iter().any(|one| one == name))
    }

    /// True when the SCIM token's time is over.
    pub fn is_token_expired(&self, now: Timestamp) -> bool {
        now.as_second() - self.issued(now).as_second() > TOKEN_SECONDS
    }

    /// The address line after the sign-in that gave this token.
    pub fn redirect(token: &str) -> String {
        format!(
            "http://localhost:3000/auth/code#access_token={token}&token_type=Bearer&expires_in={TOKEN_SECONDS}&\
             state=this-should-be-a-random-string-for-security-purpose"
        )
    }

    /// The person in Entra ID whom only Webex knows besides.
    pub fn reception(&self) -> Person {
        let is_renamed = matches!(self.names, Names::Differ | Names::Doubled);
        Person::new(if is_renamed { RECEPTION_UPN } else { RECEPTION }, RECEPTION)
    }

    /// The user that was deleted in Entra ID, and when.
    pub fn former(&self, now: Timestamp) -> Option<(Person, Timestamp)> {
        let at = now.saturating_sub(SignedDuration::from_hours(24 * self.deleted_days?)).unwrap_or(now);
        Some((Person { active: false, ..Person::new(FORMER, FORMER) }, at))
    }

    /// The users in Control Hub: those of Entra ID by their addresses, and what the faults add.
    pub fn hub(&self, users: impl Iterator<Item = String>) -> Vec<Person> {
        let mut hub: Vec<_> = users.map(|address| Person::new(&address, &address)).collect();
        hub.push(Person::new(if self.names == Names::Alias { RECEPTION_UPN } else { RECEPTION }, RECEPTION));
        if self.names == Names::Doubled {
            hub.push(Person::new(RECEPTION_UPN, RECEPTION));
        }
        if self.deleted_days.is_some() {
            hub.push(Person { active: false, ..Person::new(FORMER, FORMER) });
        }
        hub
    }
}

impl Person {
    fn new(name: &str, mail: &str) -> Self {
        let local = mail.split('@').next().unwrap_or_default();
        let (first, rest) = local.split_at(1.min(local.len()));
        let display_name = format!("{}{rest}", first.to_ascii_uppercase());
        Self { name: name.to_owned(), mail: mail.to_owned(), display_name, active: true }
    }
}
