//! What a fault changes in Webex and in the Entra objects of its two integrations.
//!
//! In: the key `webex` of a fault file. Out: values that [`Webex::change`](crate::lab::webex::Webex::change) applies.

use serde::Deserialize;

/// Changes to the Webex half. What is not named stays healthy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(in crate::lab) struct Webex {
    /// The enterprise application *Cisco Webex Identity Integration*.
    pub integration_app: Option<AppState>,
    /// The enterprise application *Cisco Webex Identity*.
    pub identity_app: Option<AppState>,
    /// The permissions that *Cisco Webex Identity Integration* was granted.
    pub consent: Option<Vec<String>>,
    /// How Webex answers over SCIM.
    pub scim: Option<Scim>,
    /// How many days ago the SCIM token was issued; it lives 45 days.
    pub token_age_days: Option<i64>,
    /// The organization in the tenant URL, when it is another one.
    pub url_org: Option<String>,
    /// The provisioning job.
    pub job: Option<Job>,
    /// The attribute that is mapped to `userName`.
    pub user_name_from: Option<String>,
    /// Whether the mapping of users is disabled.
    pub mapping_off: Option<bool>,
    /// Target attributes that have no row in the mapping.
    pub without_rows: Option<Vec<String>>,
    /// How the names in Entra ID and in Control Hub fit together.
    pub names: Option<Names>,
    /// How many days ago a user that Control Hub still lists was deleted in Entra ID.
    pub deleted_days: Option<i64>,
}

/// What has become of an enterprise application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum AppState {
    /// It is there and enabled.
    #[default]
    Enabled,
    /// Its users may not sign in.
    Disabled,
    /// Microsoft has disabled it.
    DisabledByMicrosoft,
    /// It was deleted a few days ago and can be restored.
    Deleted,
    /// It is not there, and not among the deleted objects.
    Missing,
}

/// How Webex answers over SCIM.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum Scim {
    /// As it should.
    #[default]
    Good,
    /// 401: the token is none that it issued, or its time is over.
    TokenRefused,
    /// 403: whoever issued the token is no full administrator.
    Forbidden,
    /// A page of something in between.
    Html,
    /// 404: it does not know the organization.
    NotFound,
    /// Every user, whatever the filter says.
    FilterIgnored,
    /// 429 with Retry-After.
    Throttled,
    /// 503.
    Unavailable,
}

/// The state of the provisioning job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum Job {
    /// It runs.
    #[default]
    Active,
    /// It was never started.
    NotRun,
    /// It was turned off.
    Paused,
    /// In quarantine, because its credentials are refused.
    Quarantine,
    /// There is none.
    Missing,
}

/// How the names in Entra ID and in Control Hub fit together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum Names {
    /// Each user principal name is the user's address in Control Hub.
    #[default]
    Same,
    /// One user principal name is not: provisioning would create the user again.
    Differ,
    /// The user is in Control Hub twice.
    Doubled,
    /// Control Hub knows the user by another address of the mailbox.
    Alias,
}
