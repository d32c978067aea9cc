//! The logs of Entra ID: sign-ins and the audit of the directory.
//!
//! In: the refusals of the tenant. Out: rows of `/auditLogs/signIns` and `/auditLogs/directoryAudits`. A refused refresh
//! is a non-interactive sign-in, which `v1.0` does not list
//! (<https://learn.microsoft.com/en-us/graph/api/signin-list>).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{aadsts, date, refuses, webex};
use crate::lab::{
    fault::{Certified, Refusal, Secret},
    hosts::{CLIENT_ID, object_of},
    tenant::{ADMIN, Holds, Tenant},
};

/// Refusals that come before Entra ID knows the tenant or the request, and are in no log of it.
const IN_NO_LOG: &[u32] = &[90_002, 900_144, 9_002_313, 900_023];
/// The refusals that Conditional Access makes, each with the control that its policy demands.
const BY_POLICY: &[(u32, &str)] = &[
    (53_003, "Block"),
    (53_000, "RequireCompliantDevice"),
    (53_001, "RequireDomainJoinedDevice"),
    (50_076, "Mfa"),
    (50_079, "Mfa"),
    (70_043, "SignInFrequency"),
];
const EXCHANGE_APP: &str = "00000002-0000-0ff1-ce00-000000000000";

/// The sign-ins of the last days, newest first.
pub(in crate::lab) fn sign_ins(tenant: &Tenant, now: Timestamp) -> Vec<Value> {
    let ago = |minutes: i64| now.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(now);
    let mut rows = Vec::new();
    for account in tenant.accounts.iter().filter(|account| account.holds != Holds::OfApplication) {
        match outcome(tenant, &account.user) {
            Some(refusal) => {
                let status = (refusal.aadsts, refusal.words.as_str());
                rows.push(row(&account.user, ago(20), status, refusal.policy.as_deref()));
                rows.push(row(&account.user, ago(80), status, refusal.policy.as_deref()));
                rows.push(row(&account.user, ago(3 * 24 * 60), (0, "Other."), None));
            }
            None => rows.extend([25, 90].map(|minutes| row(&account.user, ago(minutes), (0, "Other."), None))),
        }
    }
    let mut interactive = row(ADMIN, ago(26 * 60), (0, "Other."), None);
    interactive["isInteractive"] = true.into();
    interactive["signInEventTypes"] = json!(["interactiveUser"]);
    interactive["incomingTokenType"] = "none".into();
    rows.push(interactive);
    rows.sort_by(|a, b| b["createdDateTime"].as_str().cmp(&a["createdDateTime"].as_str()));
    rows
}

/// What Entra ID refuses this user when ECE asks for a new token, as the token endpoint does.
fn outcome(tenant: &Tenant, user: &str) -> Option<Refusal> {
    let is_meant = |refusal: &&Refusal| {
        refusal.times.is_none()
            && !IN_NO_LOG.contains(&refusal.aadsts)
            && (refusal.grants.is_empty() || refusal.grants.iter().any(|grant| grant == "refresh_token"))
            && (refusal.of.is_empty() || refusal.of.iter().any(|one| one == user))
    };
    if let Some(refusal) = tenant.refusals.iter().find(is_meant) {
        return Some(refusal.clone());
    }
    let application = &tenant.application;
    let (number, words) = match (&application.certificate, application.secret) {
        _ if !application.known => (700_016, "Application was not found in the directory."),
        _ if application.public => (700_025, "Client is public so no credential should be presented."),
        (Some(Certified::Good), _) | (None, Secret::Good) if application.consent.is_empty() => {
            (65_001, "The user or administrator has not consented to use the application.")
        }
        (Some(Certified::Good), _) | (None, Secret::Good) => return None,
        (Some(_), _) => (700_027, "Client assertion contains an invalid signature."),
        (None, Secret::Expired) => (7_000_222, "The provided client secret keys are expired."),
        (None, Secret::Other) => (7_000_215, "Invalid client secret is provided."),
    };
    Some(Refusal::logged(number, words))
}

fn row(user: &str, at: Timestamp, (number, words): (u32, &str), policy: Option<&str>) -> Value {
    let control = BY_POLICY.iter().find(|(known, _)| *known == number).map(|(_, control)| *control);
    let applied = |name: &str, control: &str, result: &str| {
        let (grant, session) =
            if control == "SignInFrequency" { (vec![], vec![control]) } else { (vec![control], vec![]) };
        json!({
            "id": object_of(&format!("policy {name}")), "displayName": name, "enforcedGrantControls": grant,
            "enforcedSessionControls": session, "result": result,
        })
    };
    let mut policies = vec![applied("Multifactor authentication for all (report only)", "Mfa", "reportOnlyFailure")];
    if let Some(control) = control {
        policies.insert(0, applied(policy.unwrap_or("Policy of the lab"), control, "failure"));
    }
    json!({
        "id": object_of(&format!("sign-in {user} {at}")), "createdDateTime": date(at), "userPrincipalName": user,
        "userDisplayName": user, "userId": object_of(user), "appId": CLIENT_ID, "appDisplayName": "Cisco ECE",
        "resourceDisplayName": "Office 365 Exchange Online", "resourceId": EXCHANGE_APP, "ipAddress": "198.51.100.7",
        "clientAppUsed": "Mobile Apps and Desktop clients", "correlationId": object_of(&format!("correlation {at}")),
        "isInteractive": false, "signInEventTypes": ["nonInteractiveUser"], "incomingTokenType": "refreshToken",
        "conditionalAccessStatus": if control.is_some() { "failure" } else { "notApplied" },
        "status": { "errorCode": number, "failureReason": words, "additionalDetails": null },
        "appliedConditionalAccessPolicies": policies,
    })
}

impl Refusal {
    /// A refusal of which only the log is asked.
    fn logged(number: u32, words: &str) -> Self {
        Self {
            grants: Vec::new(),
            of: Vec::new(),
            status: 400,
            error: String::new(),
            aadsts: number,
            words: words.to_owned(),
            suberror: None,
            headers: std::collections::BTreeMap::new(),
            times: None,
            policy: None,
        }
    }
}

/// The policies of Conditional Access that the refusals come from.
pub(in crate::lab) fn conditional_access(tenant: &Tenant) -> Vec<Value> {
    let policy = |refusal: &Refusal| {
        let (_, control) = BY_POLICY.iter().find(|(number, _)| *number == refusal.aadsts)?;
        let name = refusal.policy.as_deref().unwrap_or("Policy of the lab");
        Some(json!({
            "id": object_of(&format!("policy {name}")), "displayName": name, "state": "enabled",
            "conditions": { "applications": { "includeApplications": ["All"] }, "users": { "includeUsers": ["All"] } },
            "grantControls": { "operator": "OR", "builtInControls": [control] }, "sessionControls": null,
        }))
    };
    tenant.refusals.iter().filter_map(policy).collect()
}

/// The security defaults.
pub(in crate::lab) fn security_defaults(tenant: &Tenant) -> Value {
    json!({
        "id": "00000000-0000-0000-0000-000000000005", "displayName": "Security Defaults",
        "isEnabled": refuses(tenant, aadsts::SECURITY_DEFAULTS, None),
    })
}

/// The audit of the directory, newest first.
pub(in crate::lab) fn audits(tenant: &Tenant, now: Timestamp) -> Vec<Value> {
    webex::audits(&tenant.webex, now)
}
