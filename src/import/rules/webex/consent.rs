//! `webex.consent`: the eight permissions of *Cisco Webex Identity Integration*.
//!
//! They are compared by the ID of the permission and by the value of the scope, never by the text on the consent screen:
//! Microsoft renames those. "Read all audit log data" and "Manage apps that this app creates or owns" are names of
//! application permissions, so role assignments and delegated grants are both read.
//! <https://learn.microsoft.com/graph/permissions-reference>

use std::collections::BTreeSet;

use super::{
    Integration, Question, Reason,
    applications::{integration_id, not_authorized},
    new,
};
use crate::import::{
    facts::webex as facts,
    record::{Grant, Record, RoleAssignment},
    rules::{Evidence, Outcome, Settled, find::Hit},
};

const CHECK: &str = "webex.consent";
const NAME: &str = "cisco webex identity integration";
const ROLES: &str = "the application permissions (appRoleAssignments) of Cisco Webex Identity Integration";
const GRANTS: &str = "the delegated permissions (oauth2PermissionGrants) of Cisco Webex Identity Integration";

/// The kind of a list that Microsoft Graph has given in this run for exactly this application.
pub const ASKED_FOR_CONSENT: &str = "webex-consent";

/// A permission that Cisco's document lists.
struct Permission {
    value: &'static str,
    /// The ID of the application permission; none where only the delegated one is meant.
    role: Option<&'static str>,
    /// True when `Directory.Read.All` includes it.
    in_directory_read: bool,
}

const fn role(value: &'static str, role: &'static str, in_directory_read: bool) -> Permission {
    Permission { value, role: Some(role), in_directory_read }
}

const PERMISSIONS: [Permission; 8] = [
    Permission { value: "User.Read", role: None, in_directory_read: false },
    role("Group.Read.All", "5b567255-7703-4780-807c-7be8301ae99b", true),
    role("Place.Read.All", "913b9306-0ce1-42b8-9137-6a7df690a760", false),
    role("User.Read.All", "df021288-bdef-4463-88db-98f22de89214", true),
    role("AuditLog.Read.All", "b0afded3-3588-46d8-8b3d-9842eff778da", false),
    role("Application.ReadWrite.OwnedBy", "18a4783c-866b-4cc7-a460-3d5e5662c884", false),
    role("GroupMember.Read.All", "98830695-27a2-44f7-8c18-0c3ebc9698f6", true),
    role("Domain.Read.All", "dbb9058a-0e50-45d7-ae91-66909b5d4664", true),
];

/// `Directory.Read.All` as an application permission.
const DIRECTORY_READ: &str = "7ab1d382-f21e-4acd-a863-ba3e13f7da61";

/// What was granted, and which kinds of evidence say so.
struct Granted<'f> {
    roles: BTreeSet<&'f str>,
    scopes: BTreeSet<&'f str>,
    role_files: Vec<usize>,
    grant_files: Vec<usize>,
    /// True when a list for exactly this application is there.
    asked: bool,
}

pub fn settle(evidence: &Evidence<'_>, question: &Question) -> Settled {
    if super::is_absent(Integration::Wizard, evidence, question) {
        return new(CHECK, Outcome::NotApplicable, Reason::OtherIntegration);
    }
    let granted = granted(evidence);
    let files: Vec<usize> = granted.role_files.iter().chain(&granted.grant_files).copied().collect();
    if granted.role_files.is_empty() || (granted.grant_files.is_empty() && !granted.has_all_roles()) {
        let what = if granted.role_files.is_empty() { ROLES } else { GRANTS };
        // the application is there, so that what is left of the causes is here
        let is_there = integration_id(evidence).is_some();
        if let Some((at, file)) = not_authorized(evidence).filter(|_| is_there) {
            return new(CHECK, Outcome::Warn, Reason::NotAuthorized(at, what))
                .with(facts::CONSENT_STATE, "not-authorized")
                .from([file]);
        }
        return new(CHECK, Outcome::NeedsInput, Reason::NotExported(what)).from(files);
    }
    if files.iter().any(|file| evidence.is_incomplete(*file)) && !granted.missing().is_empty() {
        return Settled::new(
            CHECK,
            crate::evidence::Subject::Site,
            Outcome::NeedsInput,
            super::super::Reason::IncompleteFile,
        )
        .from(files);
    }
    granted.settle().from(files)
}

impl Granted<'_> {
    fn has(&self, permission: &Permission) -> bool {
        permission.role.is_some_and(|role| self.roles.contains(role)) || self.scopes.contains(permission.value)
    }

    fn has_all_roles(&self) -> bool {
        PERMISSIONS.iter().filter(|permission| permission.role.is_some()).all(|permission| self.has(permission))
    }

    fn is_covered(&self, permission: &Permission) -> bool {
        let broad = self.roles.contains(DIRECTORY_READ) || self.scopes.contains("Directory.Read.All");
        permission.in_directory_read && broad
    }

    fn missing(&self) -> Vec<&'static str> {
        let lacks = |permission: &&Permission| !self.has(permission) && !self.is_covered(permission);
        PERMISSIONS.iter().filter(lacks).map(|permission| permission.value).collect()
    }

    fn settle(&self) -> Settled {
        let missing = self.missing();
        let covered: Vec<&str> =
            PERMISSIONS.iter().filter(|one| !self.has(one) && self.is_covered(one)).map(|one| one.value).collect();
        if self.grant_files.is_empty() && missing == ["User.Read"] {
            return new(CHECK, Outcome::Warn, Reason::GrantsNotSeen);
        }
        if !missing.is_empty() {
            let only_user_read = missing.len() == PERMISSIONS.len() - 1 && !missing.contains(&"User.Read");
            let (verdict, reason) = match (only_user_read, self.roles.is_empty() && !self.asked) {
                (true, false) => ("only-user-read", Reason::OnlyUserRead),
                (true, true) => ("only-user-read-likely", Reason::OnlyUserRead),
                (false, _) => ("missing", Reason::NotGranted(missing.clone())),
            };
            return new(CHECK, Outcome::Fail, reason)
                .with(facts::CONSENT_STATE, verdict)
                .with(facts::PERMISSIONS_MISSING, missing.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        }
        if !covered.is_empty() {
            return new(CHECK, Outcome::Warn, Reason::Broader(covered)).with(facts::CONSENT_STATE, "broader");
        }
        let further = self.roles.len().saturating_sub(PERMISSIONS.len() - 1);
        new(CHECK, Outcome::Pass, Reason::Confirmed)
            .with(facts::CONSENT_STATE, "granted")
            .with(facts::PERMISSIONS_FURTHER, super::count(further))
    }
}

fn granted<'f>(evidence: &Evidence<'f>) -> Granted<'f> {
    let id = integration_id(evidence).map(|(id, _)| id);
    let own_role = |hit: &Hit<'f, RoleAssignment>| {
        let by_id = id.is_some() && hit.row.principal_id == id;
        by_id || hit.row.principal_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(NAME))
    };
    let roles = evidence.rows(|record| if let Record::RoleAssignment(row) = record { Some(row) } else { None });
    let roles: Vec<_> = roles.into_iter().filter(own_role).collect();
    let principal = id.clone().or_else(|| roles.iter().find_map(|hit| hit.row.principal_id.clone()));
    let grants = evidence.rows(|record| if let Record::Grant(row) = record { Some(row) } else { None });
    let is_own = |hit: &Hit<'f, Grant>| principal.is_some() && hit.row.client_id == principal && hit.row.for_all;
    let grants: Vec<_> = grants.into_iter().filter(is_own).collect();
    let asked = evidence.complete(ASKED_FOR_CONSENT);
    let files_of = |own: Vec<usize>, kind: &'static str| {
        // an empty list does not say whose it is; it counts where the delegated grants name the application
        let whole = if id.is_some() { evidence.complete(kind) } else { Vec::new() };
        if own.is_empty() { whole.into_iter().chain(asked.clone()).collect() } else { own }
    };
    Granted {
        role_files: files_of(roles.iter().map(|hit| hit.file).collect(), "app-role-assignment"),
        grant_files: files_of(grants.iter().map(|hit| hit.file).collect(), "delegated-grant"),
        roles: roles.iter().map(|hit| hit.row.role_id.as_str()).collect(),
        scopes: grants.iter().flat_map(|hit| &hit.row.scopes).map(String::as_str).collect(),
        asked: !asked.is_empty(),
    }
}
