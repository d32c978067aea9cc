//! Why evidence about Webex settles a check as it does: every sentence of it.

use std::fmt;

/// Why a check of Webex comes out as it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The site has the other integration.
    OtherIntegration,
    /// No evidence is about it; this gives some.
    NotExported(&'static str),
    /// What the site file should say.
    NotStated(&'static str),
    /// The evidence confirms it.
    Confirmed,
    /// *Cisco Webex Identity Integration* was deleted, and until when it can be restored.
    Deleted(String, String),
    /// It is not in the directory, and the audit log says when it was removed and by whom.
    Removed(String, Option<String>),
    /// It was removed at this time; whether it has been restored since is not in the evidence.
    RemovedOnce(String, Option<String>),
    /// It is not in the directory.
    NotThere(&'static str),
    /// An application is disabled for sign-in.
    Disabled(&'static str),
    /// Microsoft has disabled an application.
    DisabledByMicrosoft(&'static str),
    /// The second application is not in the evidence.
    IdentityNotSeen,
    /// Control Hub reports that Webex is not authorized, at this time.
    NotAuthorized(Option<String>, &'static str),
    /// A list of users has no rows, and does not say which users were asked for.
    UsersWithoutRows,
    /// Permissions that were not granted.
    NotGranted(Vec<&'static str>),
    /// Permissions that only a broader one covers.
    Broader(Vec<&'static str>),
    /// Only the request was accepted; the admin consent that follows it was not granted.
    OnlyUserRead,
    /// The delegated grants are not in the evidence.
    GrantsNotSeen,
    /// What is wrong with the tenant URL, and what would be right.
    TenantUrl(&'static str, Option<String>),
    /// The tenant URL names another organization than this one.
    OtherOrganization(String),
    /// The state of the provisioning job.
    Job(&'static str),
    /// The last successful cycle is too old.
    LastSuccess(String),
    /// So many runs in a row failed, or so many users could not be written.
    Failures(i64, i64),
    /// Single users failed.
    UserErrors(usize),
    /// The last successful cycle has not come yet: a clock is wrong, or the date is.
    LastSuccessAhead(String),
    /// The job has been in quarantine for longer than four weeks, which ended on this day.
    QuarantineOver(String, String),
    /// *Cisco Webex Identity Integration* was deleted, and until when it could be restored.
    DeletedForGood(String, String),
    /// The job is in quarantine, for this reason; after this day it is disabled.
    Quarantine(String, Option<String>),
    /// The mapping of this attribute.
    Mapping(&'static str),
    /// Rows of the mapping that are missing or different.
    Rows(Vec<String>),
    /// Users that would be created a second time.
    WillBeDoubled(usize),
    /// Users that Control Hub has twice.
    IsDoubled(usize),
    /// Users without a value in the attribute that becomes the user name.
    WithoutName(usize),
    /// User names without a mailbox.
    InitialDomain(usize),
    /// No user differs, but a list is incomplete.
    PartialLists,
    /// The user name comes from an expression that cannot be evaluated here.
    Expression(String),
    /// So many deleted users are still in Control Hub; the first cannot be restored after this day.
    DeletedUsers(usize, String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherIntegration => f.write_str("the site uses the other integration of Webex with Entra ID"),
            Self::NotExported(what) => write!(f, "not in the evidence: {what}"),
            Self::NotStated(words) | Self::TenantUrl(words, None) | Self::Job(words) | Self::Mapping(words) => {
                f.write_str(words)
            }
            Self::Confirmed => f.write_str("as exported"),
            Self::Deleted(at, until) => {
                write!(f, "Cisco Webex Identity Integration was deleted at {at} and can be restored until {until}")
            }
            Self::Removed(at, by) => write!(f, "Cisco Webex Identity Integration was removed at {at}{}", Actor(by)),
            Self::RemovedOnce(at, by) => write!(
                f,
                "Cisco Webex Identity Integration was removed at {at}{}; whether it has been restored is not in the evidence",
                Actor(by)
            ),
            Self::NotThere(name) => write!(f, "{name} is not among the enterprise applications"),
            Self::Disabled(name) => write!(f, "{name} is disabled: accountEnabled is false"),
            Self::DisabledByMicrosoft(name) => write!(f, "{name} was disabled by Microsoft"),
            Self::IdentityNotSeen => f.write_str("Cisco Webex Identity is not in the evidence"),
            Self::NotAuthorized(at, missing) => {
                f.write_str("Control Hub reports that Webex is not authorized in Entra ID (701018)")?;
                at.as_ref().map_or(Ok(()), |at| write!(f, ", {at}"))?;
                write!(f, "; not in the evidence: {missing}")
            }
            Self::UsersWithoutRows => f.write_str(
                "a list of users in the evidence has no rows and does not say which users were asked for; if it is the list \
                 of the deleted users, confirm it by hand as [[attestation]]",
            ),
            Self::NotGranted(names) => write!(f, "not granted: {}", names.join(", ")),
            Self::Broader(names) => write!(f, "{} granted only through Directory.Read.All", names.join(", ")),
            Self::OnlyUserRead => f.write_str(
                "only User.Read was granted: the consent request was accepted, admin consent was not granted",
            ),
            Self::GrantsNotSeen => {
                f.write_str("the application permissions are granted; User.Read is not in the evidence")
            }
            Self::TenantUrl(wrong, Some(right)) => write!(f, "{wrong}; use {right}"),
            Self::OtherOrganization(org) => write!(f, "it names another organization than {org}"),
            Self::LastSuccess(at) => write!(f, "the last successful cycle ended at {at}"),
            Self::LastSuccessAhead(at) => write!(
                f,
                "the last successful cycle ended at {at}, which is in the future; check the clock of this server, and export \
                 the job again"
            ),
            Self::QuarantineOver(reason, over) => write!(
                f,
                "the job is in quarantine ({reason}); the four weeks after which Microsoft disables it ended on {over}"
            ),
            Self::DeletedForGood(at, over) => write!(
                f,
                "Cisco Webex Identity Integration was deleted at {at}; the 30 days in which it could be restored ended on {over}"
            ),
            Self::Failures(runs, users) => {
                write!(f, "failed cycles in a row: {runs}; users not written by the last one: {users}")
            }
            Self::UserErrors(users) => write!(f, "users that could not be provisioned: {users}"),
            Self::Quarantine(reason, until) => {
                write!(f, "the job is in quarantine ({reason})")?;
                until.as_ref().map_or(Ok(()), |until| write!(f, " and will be disabled on {until}"))
            }
            Self::Rows(rows) => write!(f, "missing or different: {}", rows.join(", ")),
            Self::WillBeDoubled(users) => {
                write!(f, "users whose Webex address is not their user name in Entra ID: {users}")
            }
            Self::IsDoubled(users) => write!(f, "users that Control Hub has twice: {users}"),
            Self::WithoutName(users) => write!(f, "users without a value for the Webex user name: {users}"),
            Self::InitialDomain(users) => write!(f, "user names that end in .onmicrosoft.com: {users}"),
            Self::PartialLists => f.write_str("no difference found, but a list is incomplete"),
            Self::Expression(source) => write!(f, "the user name comes from {source}, which is not evaluated here"),
            Self::DeletedUsers(users, until) => {
                write!(
                    f,
                    "deleted users that Control Hub still lists: {users}; the first can be restored until {until}"
                )
            }
        }
    }
}

/// Who did it, where it is known.
struct Actor<'a>(&'a Option<String>);

impl fmt::Display for Actor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |name| write!(f, " by {name}"))
    }
}
