//! What Graph is asked for: every path, with the permission that it needs and the checks that read it.
//!
//! Permissions: <https://learn.microsoft.com/graph/permissions-reference>. A person's input is quoted as `OData` quotes it
//! (`'` doubled) and then percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Ask;
use crate::import::rules::webex::INTEGRATION_APP;

/// What a path is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The permissions of which one is needed, the least first.
    pub permissions: &'static [&'static str],
    /// A role that is enough beside the permission.
    pub role: &'static str,
    /// The checks that read it.
    pub checks: &'static [&'static str],
    /// What it is called.
    pub what: &'static str,
}

/// A path, with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The path and query, from the version on.
    pub target: String,
    /// What it is about.
    pub topic: Topic,
}

const READER: &str = "Directory Readers";
const APPLICATIONS: &[&str] =
    &["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Directory.AccessAsUser.All"];
const GRANTS: &[&str] = &["Directory.Read.All", "DelegatedPermissionGrant.ReadWrite.All", "Directory.AccessAsUser.All"];
const USERS: &[&str] = &["User.Read.All", "User.ReadWrite.All", "Directory.Read.All", "Directory.AccessAsUser.All"];
const LOGS: &[&str] = &["AuditLog.Read.All", "Directory.Read.All"];
const JOBS: &[&str] = &["Synchronization.Read.All", "Synchronization.ReadWrite.All"];

const REGISTRATION: Topic = Topic {
    permissions: APPLICATIONS,
    role: READER,
    checks: &["directory.redirect-registered", "directory.secret-lifetime"],
    what: "the app registration",
};
const ENTERPRISE: Topic = Topic {
    permissions: APPLICATIONS,
    role: READER,
    checks: &["directory.consent", "mailbox.service-principal"],
    what: "the enterprise application",
};
const CONSENT: Topic =
    Topic { permissions: GRANTS, role: READER, checks: &["directory.consent"], what: "the delegated permissions" };
const LICENSE: Topic =
    Topic { permissions: USERS, role: READER, checks: &["directory.licence"], what: "users and licenses" };
const SIGN_INS: Topic = Topic {
    permissions: &["AuditLog.Read.All"],
    role: "Reports Reader",
    checks: &["entra.sign-in-failures"],
    what: "the sign-in log",
};
const WEBEX_APPLICATIONS: Topic = Topic {
    permissions: APPLICATIONS,
    role: READER,
    checks: &["webex.applications-present", "webex.consent"],
    what: "the applications of Webex",
};
const WEBEX_GRANTS: Topic =
    Topic { permissions: GRANTS, role: READER, checks: &["webex.consent"], what: "the delegated permissions of Webex" };
const WEBEX_AUDIT: Topic =
    Topic { permissions: LOGS, role: "Reports Reader", checks: &["webex.applications-present"], what: "the audit log" };
const WEBEX_JOBS: Topic = Topic {
    permissions: JOBS,
    role: "Application Administrator or Cloud Application Administrator",
    checks: &["webex.provisioning-on", "webex.mapping"],
    what: "the provisioning job",
};
const WEBEX_LOG: Topic = Topic {
    permissions: &["ProvisioningLog.Read.All", "AuditLog.Read.All"],
    role: "Reports Reader",
    checks: &[],
    what: "the provisioning log",
};
const WEBEX_USERS: Topic =
    Topic { permissions: USERS, role: READER, checks: &["webex.user-names", "webex.deleted-users"], what: "the users" };

const APP_FIELDS: &str = "id,appId,displayName,accountEnabled,appOwnerOrganizationId,appRoleAssignmentRequired,servicePrincipalType,disabledByMicrosoftStatus";

/// All letters but those that mean nothing special in a query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b',')
    .remove(b'(')
    .remove(b')')
    .remove(b'/')
    .remove(b':');

fn path(topic: Topic, path: &str, options: &[(&str, &str)]) -> Path {
    let options: Vec<String> =
        options.iter().map(|(name, value)| format!("${name}={}", utf8_percent_encode(value, ENCODED))).collect();
    let query = if options.is_empty() { String::new() } else { format!("?{}", options.join("&")) };
    Path { target: format!("{path}{query}"), topic }
}

/// A text inside an expression of `OData`.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A segment of a path.
fn segment(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string().replace("%2D", "-").replace("%2E", ".")
}

pub(super) fn registration(client_id: &str) -> Path {
    let fields = "id,appId,displayName,signInAudience,isFallbackPublicClient,web,spa,publicClient,passwordCredentials,keyCredentials";
    path(REGISTRATION, &format!("/v1.0/applications(appId='{}')", segment(client_id)), &[("select", fields)])
}

pub(super) fn enterprise(client_id: &str) -> Path {
    path(ENTERPRISE, &format!("/v1.0/servicePrincipals(appId='{}')", segment(client_id)), &[("select", APP_FIELDS)])
}

pub(super) fn grants(id: &str) -> Path {
    path(CONSENT, "/v1.0/oauth2PermissionGrants", &[("filter", &format!("clientId eq {}", quoted(id)))])
}

pub(super) fn roles(id: &str) -> Path {
    path(ENTERPRISE, &format!("/v1.0/servicePrincipals/{}/appRoleAssignments", segment(id)), &[])
}

pub(super) fn user(address: &str) -> Path {
    let filter = format!("proxyAddresses/any(p:p eq {})", quoted(&format!("smtp:{address}")));
    let fields = "id,userPrincipalName,mail,accountEnabled,userType,onPremisesSyncEnabled,proxyAddresses";
    path(LICENSE, "/v1.0/users", &[("filter", &filter), ("select", fields)])
}

pub(super) fn licenses(id: &str) -> Path {
    let fields = "skuId,skuPartNumber,servicePlans";
    path(LICENSE, &format!("/v1.0/users/{}/licenseDetails", segment(id)), &[("select", fields)])
}

/// Sign-ins without a person before them are in the beta version only; that may change.
/// <https://learn.microsoft.com/graph/api/signin-list?view=graph-rest-beta>
pub(super) fn sign_ins(client_id: &str, since: &str) -> Path {
    let filter = format!(
        "signInEventTypes/any(t:t eq 'nonInteractiveUser') and appId eq {} and createdDateTime ge {since}",
        quoted(client_id)
    );
    path(SIGN_INS, "/beta/auditLogs/signIns", &[("filter", &filter), ("top", "50")])
}

pub(super) fn webex_by_id() -> Path {
    let filter = format!("appId eq '{INTEGRATION_APP}'");
    path(WEBEX_APPLICATIONS, "/v1.0/servicePrincipals", &[("filter", &filter), ("select", APP_FIELDS)])
}

pub(super) fn webex_by_name() -> Path {
    let filter = "startswith(displayName,'Cisco Webex')";
    path(WEBEX_APPLICATIONS, "/v1.0/servicePrincipals", &[("filter", filter), ("select", APP_FIELDS)])
}

pub(super) fn webex_deleted() -> Path {
    let filter = format!("appId eq '{INTEGRATION_APP}'");
    let fields = "id,appId,displayName,accountEnabled,deletedDateTime";
    let at = "/v1.0/directory/deletedItems/microsoft.graph.servicePrincipal";
    path(WEBEX_APPLICATIONS, at, &[("filter", &filter), ("select", fields)])
}

pub(super) fn webex_removals(since: &str) -> Path {
    let filter = format!("activityDisplayName eq 'Remove service principal' and activityDateTime ge {since}");
    path(WEBEX_AUDIT, "/v1.0/auditLogs/directoryAudits", &[("filter", &filter)])
}

pub(super) fn webex_roles(id: &str) -> Path {
    let at = format!("/v1.0/servicePrincipals/{}/appRoleAssignments", segment(id));
    Path { topic: WEBEX_APPLICATIONS, ..path(ENTERPRISE, &at, &[]) }
}

pub(super) fn webex_grants(id: &str) -> Path {
    Path { topic: WEBEX_GRANTS, ..grants(id) }
}

pub(super) fn jobs(id: &str) -> Path {
    path(WEBEX_JOBS, &format!("/v1.0/servicePrincipals/{}/synchronization/jobs", segment(id)), &[])
}

pub(super) fn schema(id: &str, job: &str) -> Path {
    let at = format!("/v1.0/servicePrincipals/{}/synchronization/jobs/{}/schema", segment(id), segment(job));
    path(WEBEX_JOBS, &at, &[])
}

pub(super) fn provisioning_log(job: &str) -> Path {
    path(WEBEX_LOG, "/v1.0/auditLogs/provisioning", &[("filter", &format!("jobId eq {}", quoted(job)))])
}

pub(super) fn all_users() -> Path {
    let fields = "id,userPrincipalName,mail,accountEnabled,userType,proxyAddresses";
    path(WEBEX_USERS, "/v1.0/users", &[("select", fields), ("top", "999")])
}

pub(super) fn deleted_users() -> Path {
    let fields = "id,userPrincipalName,mail,deletedDateTime";
    let at = "/v1.0/directory/deletedItems/microsoft.graph.user";
    path(WEBEX_USERS, at, &[("select", fields), ("top", "999")])
}

/// Every path that a run may ask for, as a plan shows it: `ID` and `TIME` are known only then.
#[must_use]
pub fn paths(ask: &Ask) -> Vec<Path> {
    let (id, time) = ("ID", "TIME");
    let mut all = Vec::new();
    if let Some(client_id) = &ask.client_id {
        all.extend([registration(client_id), enterprise(client_id), grants(id), roles(id)]);
    }
    for address in ask.mailboxes.iter().take(super::MOST_MAILBOXES) {
        all.push(user(address));
    }
    if !ask.mailboxes.is_empty() {
        all.push(licenses(id));
    }
    if let Some(client_id) = &ask.client_id {
        all.push(sign_ins(client_id, time));
    }
    if ask.webex {
        all.extend([webex_by_id(), webex_by_name(), webex_roles(id), webex_grants(id), webex_deleted()]);
        all.extend([webex_removals(time), jobs(id), schema(id, id), provisioning_log(id)]);
    }
    if ask.webex && ask.webex_users {
        all.extend([all_users(), deleted_users()]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_of_a_person_cannot_leave_its_place() {
        let target = user("o'neil&x=1@example.com?$top=9").target;
        assert!(target.contains("o%27%27neil%26x%3D1%40example.com%3F%24top%3D9"), "{target}");
        assert!(enterprise("a/../b'x").target.starts_with("/v1.0/servicePrincipals(appId='a%2F..%2Fb%27x')?"));
    }

    #[test]
    fn every_list_that_can_be_long_names_its_properties() {
        for path in [user("a@b"), all_users(), deleted_users(), webex_by_name(), webex_deleted(), licenses("x")] {
            assert!(path.target.contains("$select="), "{}", path.target);
        }
    }
}
