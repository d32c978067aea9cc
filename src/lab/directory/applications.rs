//! The registration of ECE, enterprise applications, and what was consented to.
//!
//! In: the application of the tenant. Out: objects of `/applications`, `/servicePrincipals`, `/oauth2PermissionGrants`
//! and `/appRoleAssignments`, and the older form of the manifest that the portal still lets one download
//! (<https://learn.microsoft.com/en-us/entra/identity-platform/reference-app-manifest>).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    aadsts, date, days,
    object::{grant, graph_id, service_principal},
    principal_id, refuses, registration_id, webex,
};
use crate::lab::{
    fault::{Certified, Platform, Secret},
    hosts::{CLIENT_ID, TENANT_ID, object_of},
    tenant::{APPLICATION, Tenant},
};

const GRAPH_APP: &str = "00000003-0000-0000-c000-000000000000";
const EXCHANGE_APP: &str = "00000002-0000-0ff1-ce00-000000000000";
/// The delegated permissions for mail protocols, by the ids of
/// <https://learn.microsoft.com/en-us/graph/permissions-reference>.
const SCOPES: &[(&str, &str)] = &[
    ("IMAP.AccessAsUser.All", "652390e4-393a-48de-9484-05f9b1212954"),
    ("POP.AccessAsUser.All", "d7b7f2d9-0f45-4ea1-9d42-e50810c06991"),
    ("SMTP.Send", "258f6531-6087-4cc4-bb90-092c5fb3ed3f"),
    ("offline_access", "7427e0e9-2fba-42fe-b0c0-848c9e6a8182"),
    ("User.Read", "e1fe6dd8-ba31-4d61-89e7-88639da4683d"),
];
const IMAP_ROLE: &str = "5e5addcd-3e8d-4e90-baf5-964efab2b20a";
const POP_ROLE: &str = "cb842b43-da6e-4506-86fe-bb12199c656d";

/// The id of a permission that Exchange Online has for applications. That of `SMTP.SendAsApp` is the lab's own: it stands
/// in no source, and a reader finds its name in the `appRoles` of the resource.
fn role_id(name: &str) -> String {
    match name {
        "IMAP.AccessAsApp" => IMAP_ROLE.to_owned(),
        "POP.AccessAsApp" => POP_ROLE.to_owned(),
        _ => object_of(name),
    }
}

/// The registrations of the tenant.
pub(in crate::lab) fn applications(tenant: &Tenant, now: Timestamp) -> Vec<Value> {
    if !tenant.application.known {
        return Vec::new();
    }
    let at = |platform: Platform| {
        let urls: &[String] = std::slice::from_ref(&tenant.application.redirect_url);
        if tenant.application.redirect == platform { urls } else { &[] }
    };
    let local: Vec<_> = at(Platform::PublicClient).iter().cloned().chain(["http://localhost".to_owned()]).collect();
    vec![json!({
        "id": registration_id(), "appId": CLIENT_ID, "displayName": "Cisco ECE", "signInAudience": "AzureADMyOrg",
        "createdDateTime": date(days(now, -300)), "isFallbackPublicClient": tenant.application.public,
        "disabledByMicrosoftStatus": null,
        "web": {
            "redirectUris": at(Platform::Web),
            "implicitGrantSettings": { "enableAccessTokenIssuance": false, "enableIdTokenIssuance": false },
        },
        "spa": { "redirectUris": at(Platform::Spa) }, "publicClient": { "redirectUris": local },
        "passwordCredentials": secrets(tenant, now), "keyCredentials": certificates(tenant, now),
        "requiredResourceAccess": asked_for(),
    })]
}

/// The secrets of the registration: none when ECE has a certificate.
fn secrets(tenant: &Tenant, now: Timestamp) -> Vec<Value> {
    if tenant.application.certificate.is_some() {
        return Vec::new();
    }
    let until = if tenant.application.secret == Secret::Expired { -3 } else { 400 };
    vec![json!({
        "customKeyIdentifier": null, "displayName": "ECE", "hint": "lab", "keyId": object_of("secret"),
        "secretText": null, "startDateTime": date(days(now, -300)), "endDateTime": date(days(now, until)),
    })]
}

fn certificates(tenant: &Tenant, now: Timestamp) -> Vec<Value> {
    let Some(state) = tenant.application.certificate else { return Vec::new() };
    let (from, until) = if state == Certified::Expired { (-400, -2) } else { (-300, 400) };
    vec![json!({
        "customKeyIdentifier": "6C61622D6C61622D6C61622D6C61622D6C61622D", "displayName": "CN=Cisco ECE",
        "keyId": object_of("certificate"), "type": "AsymmetricX509Cert", "usage": "Verify", "key": null,
        "startDateTime": date(days(now, from)), "endDateTime": date(days(now, until)),
    })]
}

fn asked_for() -> Value {
    let scope = |(_, id): &(&str, &str)| json!({ "id": id, "type": "Scope" });
    let roles = ["IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"].map(role_id);
    json!([
        { "resourceAppId": GRAPH_APP, "resourceAccess": SCOPES.iter().map(scope).collect::<Vec<_>>() },
        { "resourceAppId": EXCHANGE_APP, "resourceAccess": roles.map(|id| json!({ "id": id, "type": "Role" })) },
    ])
}

/// The registration as the older form of the manifest writes it.
pub(in crate::lab) fn old_manifest(application: &Value) -> Value {
    let urls =
        [("web", "Web"), ("spa", "Spa"), ("publicClient", "InstalledClient")].into_iter().flat_map(|(key, kind)| {
            let urls = application[key]["redirectUris"].as_array().cloned().unwrap_or_default();
            urls.into_iter().map(move |url| json!({ "url": url, "type": kind }))
        });
    let secrets = application["passwordCredentials"].as_array().into_iter().flatten().map(|secret| {
        json!({
            "customKeyIdentifier": null, "startDate": secret["startDateTime"], "endDate": secret["endDateTime"],
            "createdOn": secret["startDateTime"], "keyId": secret["keyId"], "value": null, "hint": secret["hint"],
            "displayName": secret["displayName"],
        })
    });
    json!({
        "id": application["id"], "appId": application["appId"], "name": application["displayName"],
        "accessTokenAcceptedVersion": null, "allowPublicClient": application["isFallbackPublicClient"],
        "signInAudience": application["signInAudience"], "replyUrlsWithType": urls.collect::<Vec<_>>(),
        "passwordCredentials": secrets.collect::<Vec<_>>(), "keyCredentials": [],
        "requiredResourceAccess": application["requiredResourceAccess"],
    })
}

/// All enterprise applications: that of ECE, those of Webex, and the two resources.
pub(in crate::lab) fn service_principals(tenant: &Tenant, now: Timestamp) -> Vec<Value> {
    let mut all = Vec::new();
    if tenant.application.known {
        let mut ece = service_principal(principal_id(), CLIENT_ID, "Cisco ECE", TENANT_ID, now);
        ece["accountEnabled"] = (!refuses(tenant, aadsts::APP_DISABLED, None)).into();
        ece["appRoleAssignmentRequired"] = refuses(tenant, aadsts::USER_NOT_ASSIGNED, None).into();
        all.push(ece);
    }
    all.extend(webex::service_principals(&tenant.webex, now));
    all.push(graph(now));
    all.push(exchange(now));
    all
}

fn exchange_id() -> String {
    object_of("Office 365 Exchange Online")
}

const MICROSOFT: &str = "f8cdef31-a31e-4b4a-93e4-5f571e91255a";

fn graph(now: Timestamp) -> Value {
    let mut graph = service_principal(&graph_id(), GRAPH_APP, "Microsoft Graph", MICROSOFT, now);
    let scope = |(value, id): &(&str, &str)| json!({ "id": id, "value": value, "isEnabled": true, "type": "User" });
    graph["oauth2PermissionScopes"] = SCOPES.iter().map(scope).collect();
    let role = |(value, id): &(&str, &str)| json!({ "id": id, "value": value, "isEnabled": true });
    graph["appRoles"] = crate::lab::webex::PERMISSIONS[1..].iter().map(role).collect();
    graph
}

fn exchange(now: Timestamp) -> Value {
    let mut exchange = service_principal(&exchange_id(), EXCHANGE_APP, "Office 365 Exchange Online", MICROSOFT, now);
    let role = |value: &str| json!({ "id": role_id(value), "value": value, "isEnabled": true });
    exchange["appRoles"] = ["IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"].map(role).into();
    exchange
}

/// What was consented to for users. Graph writes the scopes with spaces that mean nothing.
pub(in crate::lab) fn grants(tenant: &Tenant) -> Vec<Value> {
    let mut grants = Vec::new();
    if tenant.application.known && !tenant.application.consent.is_empty() {
        let scope = format!(" {}  User.Read offline_access", tenant.application.consent.join(" "));
        grants.push(grant("ece", principal_id(), &scope));
    }
    grants.extend(webex::grants(&tenant.webex));
    grants
}

/// What was consented to for the application itself, by the object id of its enterprise application.
pub(in crate::lab) fn role_assignments(tenant: &Tenant, principal: &str, now: Timestamp) -> Vec<Value> {
    if principal != principal_id() {
        return webex::role_assignments(&tenant.webex, principal, now);
    }
    let roles = tenant.application.roles.iter().filter(|_| tenant.application.known);
    let assignment = |role: &String| {
        json!({
            "id": object_of(&format!("{APPLICATION} {role}")), "appRoleId": role_id(role),
            "createdDateTime": date(days(now, -300)), "principalDisplayName": "Cisco ECE", "principalId": principal,
            "principalType": "ServicePrincipal", "resourceDisplayName": "Office 365 Exchange Online",
            "resourceId": exchange_id(),
        })
    };
    roles.map(assignment).collect()
}

/// Who is assigned to ECE. Where an assignment is demanded, only the administrator is.
pub(in crate::lab) fn assigned_to(tenant: &Tenant, principal: &str, now: Timestamp) -> Vec<Value> {
    if principal != principal_id() || !tenant.application.known {
        return Vec::new();
    }
    let users = tenant.users().filter(|user| !refuses(tenant, aadsts::USER_NOT_ASSIGNED, Some(user)));
    let assignment = |user: &str| {
        json!({
            "id": object_of(&format!("assignment {user}")), "appRoleId": "00000000-0000-0000-0000-000000000000",
            "createdDateTime": date(days(now, -300)), "principalDisplayName": user, "principalId": object_of(user),
            "principalType": "User", "resourceDisplayName": "Cisco ECE", "resourceId": principal,
        })
    };
    users.map(assignment).collect()
}

/// The policies for the lifetime of tokens.
pub(in crate::lab) fn lifetime_policies(tenant: &Tenant) -> Vec<Value> {
    let minutes = tenant.tokens.iter().filter_map(|token| token.lives_minutes);
    let policy = |minutes: i64| {
        let (days, hours, minutes) = (minutes / 1440, minutes / 60 % 24, minutes % 60);
        let days = if days > 0 { format!("{days}.") } else { String::new() };
        let lifetime = format!("{days}{hours:02}:{minutes:02}:00");
        let definition =
            json!({ "TokenLifetimePolicy": { "Version": 1, "AccessTokenLifetime": lifetime } }).to_string();
        json!({
            "id": object_of(&format!("policy {lifetime}")), "deletedDateTime": null, "definition": [definition],
            "displayName": "Access token lifetime", "isOrganizationDefault": true,
        })
    };
    minutes.map(policy).collect()
}
