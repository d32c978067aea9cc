//! What a row of evidence means: one type a kind.
//!
//! A field that is `None` was not in the file. A [`Switch`] tells apart what was missing, not set and set.

use serde::Serialize;

use super::{cell::Switch, debug_block::DebugBlock};

/// A row of evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Record {
    /// `Get-CASMailbox`: the protocols of a mailbox.
    CasMailbox(CasMailbox),
    /// `Get-TransportConfig`: the settings of the organization.
    TransportConfig(TransportConfig),
    /// `Get-Mailbox`.
    Mailbox(Mailbox),
    /// `Get-MailboxPermission`: who may open a mailbox.
    MailboxPermission(MailboxPermission),
    /// `Get-RecipientPermission`: who may send as a mailbox.
    RecipientPermission(RecipientPermission),
    /// `Get-ServicePrincipal` of Exchange.
    ExchangeServicePrincipal(ExchangeServicePrincipal),
    /// `Get-AuthenticationPolicy`: basic authentication only, so never a cause here.
    AuthenticationPolicy(Named),
    /// One product license of a user.
    License(License),
    /// An application registration.
    Application(Application),
    /// An enterprise application (service principal), also a deleted one.
    EnterpriseApplication(EnterpriseApplication),
    /// Delegated permissions that were granted.
    Grant(Grant),
    /// One application permission that was granted.
    RoleAssignment(RoleAssignment),
    /// A row of the audit log.
    Audit(Audit),
    /// A row of the sign-in log.
    SignIn(SignIn),
    /// A token lifetime policy.
    TokenLifetimePolicy(TokenLifetimePolicy),
    /// A provisioning job.
    SyncJob(SyncJob),
    /// A row of the provisioning log.
    Provisioning(Provisioning),
    /// One attribute of a provisioning job's mapping.
    AttributeMapping(AttributeMapping),
    /// A user of Microsoft Entra ID, from the list of users.
    EntraUser(EntraUser),
    /// A user of Control Hub.
    ControlHubUser(ControlHubUser),
    /// What Control Hub's "Copy Debug Info" gives.
    WebexDebug(DebugBlock),
    /// An error of Microsoft Graph in place of data.
    GraphError(GraphError),
}

impl Record {
    /// The name of its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CasMailbox(_) => "cas-mailbox",
            Self::TransportConfig(_) => "transport-config",
            Self::Mailbox(_) => "mailbox",
            Self::MailboxPermission(_) => "mailbox-permission",
            Self::RecipientPermission(_) => "recipient-permission",
            Self::ExchangeServicePrincipal(_) => "exchange-service-principal",
            Self::AuthenticationPolicy(_) => "authentication-policy",
            Self::License(_) => "user-license",
            Self::Application(_) => "application",
            Self::EnterpriseApplication(_) => "enterprise-application",
            Self::Grant(_) => "delegated-grant",
            Self::RoleAssignment(_) => "app-role-assignment",
            Self::Audit(_) => "directory-audit",
            Self::SignIn(_) => "sign-in",
            Self::TokenLifetimePolicy(_) => "token-lifetime-policy",
            Self::SyncJob(_) => "sync-job",
            Self::Provisioning(_) => "provisioning-log",
            Self::AttributeMapping(_) => "sync-schema",
            Self::EntraUser(_) => "entra-users",
            Self::ControlHubUser(_) => "control-hub-users",
            Self::WebexDebug(_) => "webex-debug",
            Self::GraphError(_) => "graph-error",
        }
    }
}

impl Record {
    /// Whose mailbox a row of an Exchange cmdlet is about; of any other row none.
    #[must_use]
    pub fn who(&self) -> Option<&Who> {
        match self {
            Self::CasMailbox(row) => Some(&row.who),
            Self::Mailbox(row) => Some(&row.who),
            Self::MailboxPermission(row) => Some(&row.who),
            Self::RecipientPermission(row) => Some(&row.who),
            _ => None,
        }
    }

    /// The moment of a row of a log.
    #[must_use]
    pub fn at(&self) -> Option<jiff::Timestamp> {
        match self {
            Self::Audit(row) => row.at.as_deref()?.parse().ok(),
            Self::SignIn(row) => row.at.as_deref()?.parse().ok(),
            Self::Provisioning(row) => row.at.as_deref()?.parse().ok(),
            _ => None,
        }
    }
}

/// Whose mailbox a row is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Who {
    /// Its addresses, in lower case; the primary one first.
    pub addresses: Vec<String>,
    /// Its names that are no addresses: `Name`, `Identity`, `Alias`.
    pub names: Vec<String>,
    /// The object id in Microsoft Entra ID.
    pub object_id: Option<String>,
}

impl Who {
    /// True when nothing says whose it is.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.addresses.is_empty() && self.names.is_empty() && self.object_id.is_none()
    }
}

/// The protocols of a mailbox.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CasMailbox {
    /// Whose.
    pub who: Who,
    /// `ImapEnabled`.
    pub imap: Switch,
    /// `PopEnabled`.
    pub pop: Switch,
    /// `SmtpClientAuthenticationDisabled`; not set means that the organization's setting applies.
    pub smtp_auth_disabled: Switch,
}

/// The settings of the organization.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TransportConfig {
    /// `SmtpClientAuthenticationDisabled`.
    pub smtp_auth_disabled: Switch,
}

/// A mailbox.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Mailbox {
    /// Whose.
    pub who: Who,
    /// `UserPrincipalName`, in lower case.
    pub user_principal_name: Option<String>,
    /// `RecipientTypeDetails`, such as `SharedMailbox`.
    pub recipient_type: Option<String>,
    /// `MailboxPlan` without its GUID, such as `ExchangeOnlineEnterprise`.
    pub plan: Option<String>,
    /// `SKUAssigned`: whether a license with a mailbox is assigned.
    pub sku_assigned: Switch,
    /// `AccountDisabled`: whether the user cannot sign in.
    pub account_disabled: Switch,
    /// Where mail is forwarded to.
    pub forwards_to: Option<String>,
    /// Whether a copy of forwarded mail stays here.
    pub keeps_copy: Switch,
}

/// Who may open a mailbox.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MailboxPermission {
    /// Whose.
    pub who: Who,
    /// The user or group that has the rights.
    pub user: String,
    /// The rights.
    pub rights: Vec<String>,
    /// True for rights that are denied; denied wins.
    pub deny: Switch,
    /// `IsInherited`.
    pub inherited: Switch,
}

/// Who may send as a mailbox.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecipientPermission {
    /// Whose.
    pub who: Who,
    /// The user or group that has the right.
    pub trustee: String,
    /// The rights.
    pub rights: Vec<String>,
    /// `Allow` or `Deny`.
    pub control: Option<String>,
    /// `IsInherited`.
    pub inherited: Switch,
}

/// An application that Exchange knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExchangeServicePrincipal {
    /// The application (client) ID.
    pub app_id: String,
    /// The object id that Exchange was given.
    pub object_id: String,
    /// The name that it was given there.
    pub name: Option<String>,
}

/// Something of which only the name counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Named {
    /// Its name.
    pub name: Option<String>,
}

/// One product license of a user.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct License {
    /// The user, where the file names them.
    pub user: Option<String>,
    /// The product, such as `ENTERPRISEPACK`.
    pub product: Option<String>,
    /// Its service plans.
    pub plans: Vec<ServicePlan>,
    /// True when the service plans are not in the file, as with `ConvertTo-Json -Depth 2`.
    pub plans_cut: bool,
}

/// One service plan of a license.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ServicePlan {
    /// Its id, in lower case; names change, ids do not. Empty where the file has none.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `Success`, `Disabled`, `PendingInput` …
    pub status: String,
}

/// An application registration.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Application {
    /// The application (client) ID.
    pub app_id: String,
    /// The object id of the registration; not that of the enterprise application.
    pub object_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Redirect URIs of the platform Web, as registered; none when the file does not hold them.
    pub web: Option<Vec<String>>,
    /// Redirect URIs of the platform single-page application.
    pub spa: Vec<String>,
    /// Redirect URIs of mobile and desktop applications.
    pub public_client: Vec<String>,
    /// Client secrets and certificates; none when the file does not hold them.
    pub credentials: Option<Vec<Credential>>,
    /// When it was deleted.
    pub deleted_at: Option<String>,
    /// Whether it has been disabled.
    pub disabled: Switch,
}

/// One client secret or certificate. Of the secret itself nothing is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Credential {
    /// True for a certificate.
    pub certificate: bool,
    /// When it begins to be valid, RFC 3339.
    pub starts: Option<String>,
    /// When it ends, RFC 3339.
    pub ends: Option<String>,
    /// The name that an administrator gave it.
    pub name: Option<String>,
}

/// An enterprise application.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EnterpriseApplication {
    /// Its object id.
    pub id: Option<String>,
    /// The application (client) ID.
    pub app_id: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// `accountEnabled`.
    pub enabled: Switch,
    /// `appRoleAssignmentRequired`: only assigned users may sign in.
    pub assignment_required: Switch,
    /// `disabledByMicrosoftStatus`, where it says so.
    pub disabled_by_microsoft: Option<String>,
    /// When it was deleted.
    pub deleted_at: Option<String>,
}

/// Delegated permissions that were granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The object id of the enterprise application that has them.
    pub client_id: Option<String>,
    /// True for all users of the tenant (`AllPrincipals`).
    pub for_all: bool,
    /// The object id of the one user, where it is for one.
    pub principal_id: Option<String>,
    /// The object id of the enterprise application whose permissions they are.
    pub resource_id: Option<String>,
    /// The permissions.
    pub scopes: Vec<String>,
}

/// One application permission that was granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RoleAssignment {
    /// The id of the permission.
    pub role_id: String,
    /// The object id of the enterprise application that has it.
    pub principal_id: Option<String>,
    /// The name of that application.
    pub principal_name: Option<String>,
    /// The name of the application whose permission it is.
    pub resource_name: Option<String>,
}

/// A row of the audit log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// When, RFC 3339; none when the file's form has no time zone.
    pub at: Option<String>,
    /// What was done, such as `Remove service principal`.
    pub activity: String,
    /// `success` or `failure`.
    pub result: Option<String>,
    /// Who did it: a user principal name or an application.
    pub by: Option<String>,
    /// The object id of the first target.
    pub target_id: Option<String>,
    /// The name of the first target.
    pub target_name: Option<String>,
    /// The service principal names that the row tells of: application ids among them.
    pub target_app_ids: Vec<String>,
}

/// A row of the sign-in log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SignIn {
    /// When, RFC 3339; none when the file's form has no time zone.
    pub at: Option<String>,
    /// The user principal name, in lower case.
    pub user: Option<String>,
    /// The application (client) ID.
    pub app_id: Option<String>,
    /// The error code of Entra without `AADSTS`; 0 is success.
    pub code: i64,
    /// The reason, in Entra's words.
    pub reason: Option<String>,
    /// What the token was for: the application ID of the resource in lower case, or its name where there is no ID.
    pub resource: Option<String>,
    /// Whether a person signed in, and no program by itself; none where the file does not say it.
    pub interactive: Option<bool>,
    /// True where the file says that the sign-in was interrupted: the user was asked something.
    pub interrupted: bool,
    /// The Conditional Access policies whose result was `failure`; policies in report-only mode block nothing.
    pub blocked_by: Vec<String>,
}

/// A token lifetime policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenLifetimePolicy {
    /// Its name.
    pub name: Option<String>,
    /// `AccessTokenLifetime` in seconds.
    pub access_token_seconds: Option<i64>,
    /// Whether it applies to the whole organization.
    pub organization_default: Switch,
}

/// A provisioning job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SyncJob {
    /// Its id.
    pub id: Option<String>,
    /// The template that it was made from, such as `ciscowebex`.
    pub template: Option<String>,
    /// `schedule.state`: `Active`, `Disabled`, `Paused`.
    pub schedule: Option<String>,
    /// `status.code`: `Active`, `Paused`, `Quarantine`, `InProgress`, `NotRun`.
    pub code: Option<String>,
    /// `schedule.interval` in seconds; none when it is unknown or means never.
    pub interval_seconds: Option<i64>,
    /// Why it is in quarantine.
    pub quarantine_reason: Option<String>,
    /// The error of the quarantine.
    pub quarantine_error: Option<String>,
    /// When the quarantine began, RFC 3339.
    pub quarantine_since: Option<String>,
    /// Whether the tenant can do anything about the error of the quarantine.
    pub tenant_actionable: Switch,
    /// When the last run ended.
    pub last_run: Option<String>,
    /// How the last run ended.
    pub last_state: Option<String>,
    /// When the last successful run ended, RFC 3339.
    pub last_success: Option<String>,
    /// How many runs in a row failed as a whole.
    pub failures_in_a_row: i64,
    /// How many users the last run could not write.
    pub users_not_written: i64,
}

/// A row of the provisioning log: what a run did with one user.
/// <https://learn.microsoft.com/graph/api/resources/provisioningobjectsummary>
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provisioning {
    /// When, RFC 3339.
    pub at: Option<String>,
    /// The user in Microsoft Entra ID.
    pub user: Option<String>,
    /// `success`, `failure`, `skipped` or `warning`, in lower case.
    pub status: String,
    /// The error code.
    pub code: Option<String>,
    /// The reason for which the user was skipped.
    pub skip_reason: Option<String>,
    /// The details of the steps that are `False`: why the user is not in scope.
    pub not_met: Vec<String>,
}

/// One attribute of a mapping.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AttributeMapping {
    /// The directory that users are written to, such as `CiscoWebEx`.
    pub directory: Option<String>,
    /// The attribute of the target, such as `userName`.
    pub target: String,
    /// Where its value comes from, such as `[userPrincipalName]`.
    pub source: Option<String>,
    /// True when it is used to find a user again.
    pub matching: bool,
    /// Its place among the attributes that find a user again, from 1.
    pub priority: Option<i64>,
    /// Whether users are provisioned at all by the mapping that it is part of: enabled, and with `Add` among its actions.
    pub creates_users: bool,
}

/// A user of Microsoft Entra ID.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntraUser {
    /// The user principal name.
    pub user_principal_name: String,
    /// The mail address.
    pub mail: Option<String>,
    /// Its other mail addresses, in lower case; none where the file does not have them.
    pub aliases: Vec<String>,
    /// The object id.
    pub object_id: Option<String>,
    /// Whether a guest.
    pub guest: bool,
    /// `accountEnabled`.
    pub enabled: Switch,
    /// When the user was deleted, RFC 3339; such a user can be restored for 30 days.
    pub deleted_at: Option<String>,
}

/// A user of Control Hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ControlHubUser {
    /// The user name: a mail address.
    pub user: String,
    /// `Active`, `Invite Pending` …
    pub status: Option<String>,
}

/// An error of Microsoft Graph in place of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GraphError {
    /// The code; of an error within the message, that one.
    pub code: String,
    /// The message; of an error within the message, that one.
    pub message: Option<String>,
}
