//! The Entra objects of the two Webex integrations.
//!
//! In: the [`Webex`] of the tenant. Out: enterprise applications, grants, role assignments, deleted objects, audit rows,
//! the provisioning job and its schema
//! (<https://learn.microsoft.com/en-us/graph/api/resources/synchronization-synchronizationjob>).

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{date, days, object};
use crate::lab::{
    fault::{AppState, Job},
    hosts::object_of,
    webex::{INTEGRATION_APP, MAPPING, PERMISSIONS, Webex},
};

const INTEGRATION: &str = "Cisco Webex Identity Integration";
const IDENTITY: &str = "Cisco Webex Identity";
const GALLERY: &str = "Cisco Webex";
/// The tenant that owns the applications: not Microsoft's and not the customer's.
const OWNER: &str = "0d4b7c52-9a1f-4e36-8b7d-61c2f09e5a34";
/// How many days ago a deleted application was deleted.
const DELETED_DAYS: i64 = 8;
/// The id of the provisioning job, as Graph forms it.
pub(in crate::lab) const JOB_ID: &str = "ciscowebex.7d0b6f3e52a44c1b9e682f6a1c93d7b5";

/// The object id of one of the applications.
pub(in crate::lab) fn id(name: &str) -> String {
    object_of(&format!("enterprise application {name}"))
}

/// The object id of the gallery application, which has the provisioning job.
pub(in crate::lab) fn gallery_id() -> String {
    id(GALLERY)
}

fn app_id(name: &str) -> String {
    if name == INTEGRATION { INTEGRATION_APP.to_owned() } else { object_of(&format!("application {name}")) }
}

fn states(webex: &Webex) -> [(&'static str, AppState); 2] {
    [(IDENTITY, webex.identity_app), (INTEGRATION, webex.integration_app)]
}

fn is_there(state: AppState) -> bool {
    !matches!(state, AppState::Deleted | AppState::Missing)
}

fn application(name: &str, now: Timestamp) -> Value {
    object::service_principal(&id(name), &app_id(name), name, OWNER, now)
}

/// The enterprise applications that are there.
pub(in crate::lab) fn service_principals(webex: &Webex, now: Timestamp) -> Vec<Value> {
    let there = states(webex).into_iter().filter(|(_, state)| is_there(*state)).map(|(name, state)| {
        let mut object = application(name, now);
        if state == AppState::DisabledByMicrosoft {
            object["disabledByMicrosoftStatus"] = "DisabledDueToViolationOfServicesAgreement".into();
        }
        object["accountEnabled"] = (state != AppState::Disabled).into();
        object
    });
    let mut gallery = application(GALLERY, now);
    gallery["applicationTemplateId"] = object_of("template Cisco Webex").into();
    there.chain([gallery]).collect()
}

/// The enterprise applications that were deleted and can be restored.
pub(in crate::lab) fn deleted(webex: &Webex, now: Timestamp) -> Vec<Value> {
    let gone = states(webex).into_iter().filter(|(_, state)| *state == AppState::Deleted);
    gone.map(|(name, _)| {
        let mut object = application(name, now);
        object["deletedDateTime"] = date(days(now, -DELETED_DAYS)).into();
        object
    })
    .collect()
}

/// The users that were deleted and can be restored.
pub(in crate::lab) fn deleted_users(webex: &Webex, now: Timestamp) -> Vec<Value> {
    let object = |(person, at): (crate::lab::webex::Person, Timestamp)| {
        let id = object_of(&person.mail);
        json!({
            "id": id, "userPrincipalName": format!("{}{}", id.replace('-', ""), person.name), "mail": person.mail,
            "displayName": person.display_name, "deletedDateTime": date(at),
        })
    };
    webex.former(now).map(object).into_iter().collect()
}

/// What an administrator did to the applications.
pub(in crate::lab) fn audits(webex: &Webex, now: Timestamp) -> Vec<Value> {
    let row = |(name, state): (&str, AppState)| {
        let (activity, operation) = match state {
            AppState::Deleted => ("Remove service principal", "Unassign"),
            AppState::Disabled => ("Update service principal", "Update"),
            AppState::Enabled | AppState::DisabledByMicrosoft | AppState::Missing => return None,
        };
        Some(object::audit(activity, operation, (&id(name), &app_id(name), name), days(now, -DELETED_DAYS)))
    };
    states(webex).into_iter().filter_map(row).collect()
}

/// The delegated permissions of *Cisco Webex Identity Integration*.
pub(in crate::lab) fn grants(webex: &Webex) -> Vec<Value> {
    let is_granted = webex.consent.iter().any(|name| name == PERMISSIONS[0].0);
    (is_there(webex.integration_app) && is_granted)
        .then(|| object::grant("webex", &id(INTEGRATION), "User.Read"))
        .into_iter()
        .collect()
}

/// Its permissions as an application.
pub(in crate::lab) fn role_assignments(webex: &Webex, principal: &str, now: Timestamp) -> Vec<Value> {
    if principal != id(INTEGRATION) || !is_there(webex.integration_app) {
        return Vec::new();
    }
    let granted = PERMISSIONS[1..].iter().filter(|(name, _)| webex.consent.iter().any(|one| one == name));
    let assignment = |(name, role): &(&str, &str)| {
        json!({
            "id": object_of(&format!("webex {name}")), "appRoleId": role, "createdDateTime": date(days(now, -300)),
            "principalDisplayName": INTEGRATION, "principalId": principal, "principalType": "ServicePrincipal",
            "resourceDisplayName": "Microsoft Graph", "resourceId": object::graph_id(),
        })
    };
    granted.map(assignment).collect()
}

/// The provisioning jobs of the gallery application.
pub(in crate::lab) fn jobs(webex: &Webex, now: Timestamp) -> Vec<Value> {
    let (state, code) = match webex.job {
        Job::Missing => return Vec::new(),
        Job::Active => ("Active", "Active"),
        Job::NotRun => ("Active", "NotRun"),
        Job::Paused => ("Paused", "Paused"),
        Job::Quarantine => ("Active", "Quarantine"),
    };
    let minutes_ago = |minutes: i64| date(now.saturating_sub(SignedDuration::from_mins(minutes)).unwrap_or(now));
    let execution = |state: &str| {
        json!({
            "activityIdentifier": object_of("execution"), "countEntitled": 4, "countEntitledForProvisioning": 4,
            "countEscrowed": 0, "countExported": 0, "countExports": 0, "countImported": 4, "state": state,
            "error": null, "timeBegan": minutes_ago(21), "timeEnded": minutes_ago(20),
        })
    };
    let quarantine = json!({
        "currentBegan": date(days(now, -9)), "nextAttempt": date(days(now, 1)), "seriesBegan": date(days(now, -9)),
        "seriesCount": 9, "reason": "EncounteredQuarantineException",
        "error": {
            "code": "SystemForCrossDomainIdentityManagementCredentialValidationUnavailable",
            "message": "The credentials are not accepted: HTTP 401", "tenantActionable": true,
        },
    });
    let is_well = matches!(webex.job, Job::Active | Job::Paused);
    vec![json!({
        "id": JOB_ID, "templateId": "ciscowebex",
        "schedule": { "expiration": null, "interval": "PT40M", "state": state },
        "status": {
            "code": code, "countSuccessiveCompleteFailures": if webex.job == Job::Quarantine { 5 } else { 0 },
            "escrowsPruned": false, "progress": [], "troubleshootingUrl": null,
            "lastExecution": match webex.job {
                Job::NotRun => Value::Null,
                Job::Quarantine => execution("Failed"),
                _ => execution("Succeeded"),
            },
            "lastSuccessfulExecution": if is_well { execution("Succeeded") } else { Value::Null },
            "lastSuccessfulExecutionWithExports": null, "steadyStateFirstAchievedTime": "0001-01-01T00:00:00Z",
            "steadyStateLastAchievedTime": "0001-01-01T00:00:00Z",
            "quarantine": if webex.job == Job::Quarantine { quarantine } else { Value::Null },
            "synchronizedEntryCountByType": [{ "key": "User to User", "value": 4 }],
        },
        "synchronizationJobSettings": [{ "name": "AzureIngestionAttributeOptimization", "value": "False" }],
    })]
}

/// The schema of the job, with the attribute mapping.
pub(in crate::lab) fn schema(webex: &Webex) -> Value {
    let rows = MAPPING.iter().filter(|(_, target)| !webex.without_rows.iter().any(|one| one == target));
    let rows: Vec<_> = rows.map(|(source, target)| attribute(webex, source, target)).collect();
    json!({
        "id": JOB_ID, "version": "Date:2026-01-01T00:00:00.0000000Z, Version:1", "provisioningTaskIdentifier": null,
        "directories": [
            { "id": object_of("source"), "name": "Azure Active Directory", "objects": [] },
            { "id": object_of("target"), "name": "CiscoWebEx", "objects": [] },
        ],
        "synchronizationRules": [{
            "id": object_of("rule"), "name": "USER_OUTBOUND_USER", "priority": 1, "editable": true, "metadata": [],
            "containerFilter": null, "groupFilter": null, "sourceDirectoryName": "Azure Active Directory",
            "targetDirectoryName": "CiscoWebEx",
            "objectMappings": [{
                "enabled": !webex.mapping_off, "flowTypes": "Add, Update, Delete", "metadata": [], "scope": null,
                "name": "Synchronize Azure Active Directory Users to CiscoWebEx", "sourceObjectName": "User",
                "targetObjectName": "User", "attributeMappings": rows,
            }],
        }],
    })
}

fn attribute(webex: &Webex, source: &str, target: &str) -> Value {
    let is_name = target == "userName";
    let source = if is_name { &webex.user_name_from } else { source };
    let is_function = source.contains('(');
    let (name, expression) = if is_function {
        (source.split('(').next().unwrap_or_default().to_owned(), source.to_owned())
    } else {
        (source.to_owned(), format!("[{source}]"))
    };
    json!({
        "defaultValue": null, "exportMissingReferences": false, "flowBehavior": "FlowWhenChanged", "flowType": "Always",
        "matchingPriority": i32::from(is_name), "targetAttributeName": target,
        "source": {
            "expression": expression, "name": name, "parameters": [],
            "type": if is_function { "Function" } else { "Attribute" },
        },
    })
}
