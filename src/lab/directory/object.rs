//! Objects of the directory of which there are several: enterprise applications, grants, rows of the audit.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{date, days};
use crate::lab::{hosts::object_of, tenant::ADMIN};

/// An enterprise application that is there and enabled.
pub(super) fn service_principal(id: &str, app_id: &str, name: &str, owner: &str, now: Timestamp) -> Value {
    json!({
        "id": id, "appId": app_id, "displayName": name, "accountEnabled": true, "appOwnerOrganizationId": owner,
        "appRoleAssignmentRequired": false, "disabledByMicrosoftStatus": null, "isDisabled": null,
        "servicePrincipalType": "Application", "createdDateTime": date(days(now, -300)), "passwordCredentials": [],
        "keyCredentials": [], "servicePrincipalNames": [app_id], "applicationTemplateId": null,
        "tags": ["WindowsAzureActiveDirectoryIntegratedApp"], "appRoles": [], "oauth2PermissionScopes": [],
    })
}

/// The object id of Microsoft Graph in this tenant.
pub(super) fn graph_id() -> String {
    object_of("Microsoft Graph")
}

/// A grant for everybody in the tenant.
pub(super) fn grant(key: &str, client: &str, scope: &str) -> Value {
    json!({
        "id": object_of(&format!("grant {key}")), "clientId": client, "consentType": "AllPrincipals",
        "principalId": null, "resourceId": graph_id(), "scope": scope,
    })
}

/// A row of the audit about one enterprise application.
pub(super) fn audit(activity: &str, operation: &str, target: (&str, &str, &str), at: Timestamp) -> Value {
    let (id, app_id, name) = target;
    json!({
        "id": format!("Directory_{}", object_of(&format!("{activity} {id}"))), "category": "ApplicationManagement",
        "correlationId": object_of(&format!("audit {id}")), "result": "success", "resultReason": "",
        "activityDisplayName": activity, "activityDateTime": at.strftime("%Y-%m-%dT%H:%M:%S.1234567Z").to_string(),
        "loggedByService": "Core Directory", "operationType": operation,
        "initiatedBy": {
            "app": null,
            "user": {
                "id": object_of(ADMIN), "displayName": null, "userPrincipalName": ADMIN, "ipAddress": "198.51.100.7",
            },
        },
        "targetResources": [{
            "id": id, "displayName": name, "type": "ServicePrincipal", "userPrincipalName": null, "groupType": null,
            "modifiedProperties": [{
                "displayName": "TargetId.ServicePrincipalNames", "oldValue": null, "newValue": format!("\"{app_id}\""),
            }],
        }],
        "additionalDetails": [{ "key": "User-Agent", "value": "Mozilla/5.0" }],
    })
}
