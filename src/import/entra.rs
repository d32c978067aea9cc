//! Rows of Microsoft Entra ID: Graph, its PowerShell module, the portal's downloads.
//!
//! In: an [`Object`]. Out: [`Record`]s, or none when it is of another kind. Names are compared without regard to case,
//! because the PowerShell module writes `SkuPartNumber` where Graph writes `skuPartNumber`.
//! <https://learn.microsoft.com/graph/api/overview>

use std::sync::Arc;

use super::{
    cell::{Cell, Object},
    record::{
        Application, AttributeMapping, Credential, EnterpriseApplication, EntraUser, Grant, GraphError, License,
        Provisioning, Record, RoleAssignment, ServicePlan, SyncJob, TokenLifetimePolicy,
    },
};

/// Reads a row of Microsoft Entra ID.
#[must_use]
pub fn records(object: &Object) -> Vec<Record> {
    if object.has("synchronizationRules") {
        return mappings(object);
    }
    record(object).into_iter().collect()
}

fn record(object: &Object) -> Option<Record> {
    let has = |name: &str| object.has(name);
    if has("error") && !has("id") {
        return graph_error(object.object("error")?).map(Record::GraphError);
    }
    if has("skuPartNumber") && (has("servicePlans") || has("skuId")) {
        return Some(Record::License(license(object)));
    }
    if (has("servicePlanId") || has("servicePlanName")) && has("provisioningStatus") {
        return Some(Record::License(single_plan(object)?));
    }
    if has("consentType") && has("scope") {
        return Some(Record::Grant(grant(object)));
    }
    if has("appRoleId") && (has("principalId") || has("resourceId")) {
        return role_assignment(object).map(Record::RoleAssignment);
    }
    if has("appId")
        && (has("web")
            || has("replyUrlsWithType")
            || has("passwordCredentials") && !has("servicePrincipalType") && !has("accountEnabled"))
    {
        return application(object).map(Record::Application);
    }
    if has("appId")
        && (has("accountEnabled")
            || has("servicePrincipalType")
            || has("appOwnerOrganizationId")
            || has("appRoleAssignmentRequired"))
    {
        return Some(Record::EnterpriseApplication(enterprise(object)));
    }
    if has("schedule") && has("status") {
        return Some(Record::SyncJob(sync_job(object)));
    }
    if has("provisioningStatusInfo") && (has("sourceIdentity") || has("provisioningSteps")) {
        return provisioning(object).map(Record::Provisioning);
    }
    if has("definition") && has("isOrganizationDefault") {
        return Some(Record::TokenLifetimePolicy(token_lifetime(object)));
    }
    if has("userPrincipalName")
        && (has("mail") || has("userType") || has("deletedDateTime"))
        && (has("id") || has("objectId"))
    {
        return entra_user(object).map(Record::EntraUser);
    }
    None
}

fn lower(object: &Object, names: &[&str]) -> Option<String> {
    object.text(names).map(|text| text.to_lowercase())
}

/// The error that Graph gives; for some services the message holds another one as JSON in a text.
fn graph_error(error: &Object) -> Option<GraphError> {
    let (code, message) = (error.text(&["code"])?, error.text(&["message"]));
    let inner = message.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    let inner_text = |name: &str| {
        inner.as_ref().and_then(|inner| inner.get(name)).and_then(serde_json::Value::as_str).map(str::to_owned)
    };
    Some(GraphError { code: inner_text("errorCode").unwrap_or(code), message: inner_text("message").or(message) })
}

fn license(object: &Object) -> License {
    let listed = object.objects("servicePlans");
    let is_empty = matches!(object.get("servicePlans"), Some(Cell::List(items)) if items.is_empty());
    let plans: Vec<ServicePlan> = listed.iter().filter_map(|plan| service_plan(plan)).collect();
    License {
        user: object.whom.clone().or_else(|| lower(object, &["userPrincipalName"])).filter(|user| is_user(user)),
        product: object.text(&["skuPartNumber"]),
        plans_cut: plans.len() < listed.len() || (listed.is_empty() && !is_empty),
        plans,
    }
}

/// An address, or an object ID, which the rows of mailboxes tie to one.
fn is_user(text: &str) -> bool {
    text.contains('@') || uuid::Uuid::try_parse(text).is_ok()
}

/// One row a service plan, as `select SkuPartNumber -Expand ServicePlans` writes it.
fn single_plan(object: &Object) -> Option<License> {
    Some(License {
        user: object.whom.clone().filter(|user| is_user(user)),
        product: object.text(&["skuPartNumber"]),
        plans: vec![service_plan(object)?],
        plans_cut: false,
    })
}

/// A plan that has an id or a name.
fn service_plan(plan: &Object) -> Option<ServicePlan> {
    let (id, name) = (lower(plan, &["servicePlanId"]), plan.text(&["servicePlanName"]));
    let is_known = id.is_some() || name.is_some();
    let status = plan.text(&["provisioningStatus"]).unwrap_or_default();
    is_known.then(|| ServicePlan { id: id.unwrap_or_default(), name: name.unwrap_or_default(), status })
}

fn grant(object: &Object) -> Grant {
    let scope = object.text(&["scope"]).unwrap_or_default();
    Grant {
        client_id: lower(object, &["clientId"]),
        for_all: object.text(&["consentType"]).is_some_and(|kind| kind.eq_ignore_ascii_case("AllPrincipals")),
        principal_id: lower(object, &["principalId"]),
        resource_id: lower(object, &["resourceId"]),
        scopes: scope.split_whitespace().map(str::to_owned).collect(), // leading and double spaces occur
    }
}

fn role_assignment(object: &Object) -> Option<RoleAssignment> {
    Some(RoleAssignment {
        role_id: lower(object, &["appRoleId"])?,
        principal_id: lower(object, &["principalId"]),
        principal_name: object.text(&["principalDisplayName"]),
        resource_name: object.text(&["resourceDisplayName"]),
    })
}

/// A registration in the form of Graph, or in the old form of the manifest (`replyUrlsWithType`, `endDate`).
/// <https://learn.microsoft.com/entra/identity-platform/reference-microsoft-graph-app-manifest>
fn application(object: &Object) -> Option<Application> {
    let mut read = Application {
        app_id: lower(object, &["appId"])?,
        object_id: lower(object, &["id", "objectId"]),
        name: object.text(&["displayName", "name"]),
        deleted_at: object.text(&["deletedDateTime"]),
        disabled: object.switch(&["isDisabled"]),
        ..Application::default()
    };
    let platform = |name: &str| object.object(name).map(|part| part.texts_whole("redirectUris"));
    read.web = platform("web");
    read.spa = platform("spa").unwrap_or_default();
    read.public_client = platform("publicClient").unwrap_or_default();
    if object.has("replyUrlsWithType") {
        let of = |kind: &str| {
            let rows = object.objects("replyUrlsWithType").into_iter();
            rows.filter(|row| row.text(&["type"]).is_some_and(|own| own.eq_ignore_ascii_case(kind)))
                .filter_map(|row| row.text(&["url"]))
                .collect()
        };
        (read.web, read.spa, read.public_client) = (Some(of("Web")), of("Spa"), of("InstalledClient"));
    }
    read.credentials = object.has("passwordCredentials").then(|| credentials(object));
    Some(read)
}

fn credentials(object: &Object) -> Vec<Credential> {
    let of = |field: &str, certificate: bool| {
        let one = move |row: &Object| Credential {
            certificate,
            starts: row.text(&["startDateTime", "startDate"]).and_then(|text| moment(&text)),
            ends: row.text(&["endDateTime", "endDate"]).and_then(|text| moment(&text)),
            name: row.text(&["displayName"]),
        };
        object.objects(field).into_iter().map(one).collect::<Vec<_>>()
    };
    [of("passwordCredentials", false), of("keyCredentials", true)].concat()
}

fn enterprise(object: &Object) -> EnterpriseApplication {
    EnterpriseApplication {
        id: lower(object, &["id", "objectId"]),
        app_id: lower(object, &["appId"]),
        name: object.text(&["displayName"]),
        enabled: object.switch(&["accountEnabled"]),
        assignment_required: object.switch(&["appRoleAssignmentRequired"]),
        disabled_by_microsoft: object
            .text(&["disabledByMicrosoftStatus"])
            .filter(|status| status != "NotDisabled")
            .or_else(|| (object.switch(&["isDisabled"]).known() == Some(true)).then(|| "isDisabled".to_owned())),
        deleted_at: object.text(&["deletedDateTime"]).and_then(|text| moment(&text)),
    }
}

fn sync_job(object: &Object) -> SyncJob {
    let status = object.object("status");
    let quarantine = status.and_then(|status| status.object("quarantine"));
    let error = quarantine.and_then(|part| part.object("error"));
    let last = status.and_then(|status| status.object("lastExecution"));
    let schedule = object.object("schedule");
    let number = |part: Option<&Object>, name: &str| {
        part.and_then(|part| part.text(&[name])).and_then(|text| text.parse().ok()).unwrap_or(0)
    };
    SyncJob {
        id: object.text(&["id"]),
        template: object.text(&["templateId"]),
        schedule: schedule.and_then(|schedule| schedule.text(&["state"])),
        code: status.and_then(|status| status.text(&["code"])),
        interval_seconds: schedule.and_then(|schedule| schedule.text(&["interval"])).and_then(|text| interval(&text)),
        quarantine_reason: quarantine.and_then(|part| part.text(&["reason"])),
        quarantine_error: error.and_then(|error| error.text(&["code"])),
        quarantine_since: quarantine.and_then(|part| part.text(&["seriesBegan", "currentBegan"])).and_then(past),
        tenant_actionable: error.map(|error| error.switch(&["tenantActionable"])).unwrap_or_default(),
        last_run: last.and_then(|part| part.text(&["timeEnded"])),
        last_state: last.and_then(|part| part.text(&["state"])),
        last_success: status
            .and_then(|status| status.object("lastSuccessfulExecution"))
            .and_then(|part| part.text(&["timeEnded"]))
            .and_then(past),
        failures_in_a_row: number(status, "countSuccessiveCompleteFailures"),
        users_not_written: number(last, "countEscrowed"),
    }
}

/// An ISO 8601 duration in seconds. `P10675199DT2H48M5.4775807S`, the longest of .NET, means never.
fn interval(text: &str) -> Option<i64> {
    let span: jiff::Span = text.parse().ok()?;
    let seconds = span.total((jiff::Unit::Second, jiff::SpanRelativeTo::days_are_24_hours())).ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "less than ten years in seconds")]
    (seconds < 315_360_000.0).then_some(seconds as i64)
}

/// A moment that has come: `0001-01-01T00:00:00Z` means never.
#[expect(clippy::needless_pass_by_value, reason = "given to and_then of an owned text")]
fn past(text: String) -> Option<String> {
    moment(&text).filter(|at| !at.starts_with("0001-"))
}

/// A row of the provisioning log. The case of its words varies, so they are compared without it.
fn provisioning(object: &Object) -> Option<Provisioning> {
    let info = object.object("provisioningStatusInfo")?;
    let steps = object.objects("provisioningSteps");
    let details: Vec<&Object> = steps.iter().filter_map(|step| step.object("details")).collect();
    let is_false = |(_, cell): &&(Arc<str>, Cell)| {
        cell.text().is_some_and(|text| text.eq_ignore_ascii_case("false")) || cell.switch().known() == Some(false)
    };
    Some(Provisioning {
        at: object.text(&["activityDateTime"]).and_then(|at| moment(&at)),
        user: object.object("sourceIdentity").and_then(|who| who.text(&["displayName", "id"])),
        status: info.text(&["status"])?.to_lowercase(),
        code: info.object("errorInformation").and_then(|error| error.text(&["errorCode"])),
        skip_reason: details.iter().find_map(|details| details.text(&["SkipReason"])),
        not_met: details
            .iter()
            .flat_map(|details| details.fields.iter().filter(is_false).map(|(name, _)| name.to_string()))
            .collect(),
    })
}

fn mappings(schema: &Object) -> Vec<Record> {
    let rules = schema.objects("synchronizationRules").into_iter();
    let of = |rule: &'_ Object| rule.text(&["targetDirectoryName"]);
    let objects = rules.flat_map(|rule| rule.objects("objectMappings").into_iter().map(move |one| (of(rule), one)));
    let users = objects.filter(|(_, mapping)| {
        mapping
            .text(&["targetObjectName"])
            .is_none_or(|name| name.eq_ignore_ascii_case("User") || name.ends_with(":User"))
    });
    users
        .flat_map(|(directory, mapping)| rows_of(mapping, directory.as_deref()))
        .map(Record::AttributeMapping)
        .collect()
}

fn rows_of(mapping: &Object, directory: Option<&str>) -> Vec<AttributeMapping> {
    let is_enabled = mapping.switch(&["enabled"]).known() != Some(false);
    let adds = mapping.text(&["flowTypes"]).is_none_or(|types| types.to_lowercase().contains("add"));
    let rows = mapping.objects("attributeMappings").into_iter();
    let row =
        |row| Some(AttributeMapping { directory: directory.map(str::to_owned), ..attribute(row, is_enabled && adds)? });
    rows.filter_map(row).collect()
}

fn attribute(row: &Object, creates_users: bool) -> Option<AttributeMapping> {
    let source = row.object("source");
    let priority = row.text(&["matchingPriority"]).and_then(|text| text.parse::<i64>().ok());
    Some(AttributeMapping {
        directory: None,
        target: row.text(&["targetAttributeName"])?,
        source: source.and_then(|source| source.text(&["expression", "name"])),
        matching: priority.is_some_and(|priority| priority > 0),
        priority: priority.filter(|priority| *priority > 0),
        creates_users,
    })
}

/// `definition` is JSON within a text: `{"TokenLifetimePolicy":{"AccessTokenLifetime":"00:10:00"}}`.
/// <https://learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes>
fn token_lifetime(object: &Object) -> TokenLifetimePolicy {
    let definition = match object.get("definition") {
        Some(Cell::List(items)) => items.iter().find_map(Cell::text),
        other => other.and_then(Cell::text),
    };
    let parsed = definition.and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
    let lifetime = parsed
        .as_ref()
        .and_then(|value| value.pointer("/TokenLifetimePolicy/AccessTokenLifetime"))
        .and_then(serde_json::Value::as_str);
    TokenLifetimePolicy {
        name: object.text(&["displayName"]),
        access_token_seconds: lifetime.and_then(seconds),
        organization_default: object.switch(&["isOrganizationDefault"]),
    }
}

/// `d.hh:mm:ss` in seconds.
fn seconds(text: &str) -> Option<i64> {
    let (days, clock) = text.split_once('.').filter(|(days, _)| !days.contains(':')).unwrap_or(("0", text));
    let parts: Vec<i64> = clock
        .split(':')
        .map(|part| part.split('.').next().unwrap_or_default().parse())
        .collect::<Result<_, _>>()
        .ok()?;
    let [hours, minutes, seconds] = parts[..] else { return None };
    Some(days.parse::<i64>().ok()? * 86_400 + hours * 3_600 + minutes * 60 + seconds)
}

fn entra_user(object: &Object) -> Option<EntraUser> {
    let (user_principal_name, mail) = (object.text(&["userPrincipalName"])?, object.text(&["mail"]));
    let aliases = aliases(&object.texts(&["proxyAddresses"]), &user_principal_name, mail.as_deref());
    Some(EntraUser {
        user_principal_name,
        mail,
        aliases,
        object_id: lower(object, &["id", "objectId"]),
        guest: object.text(&["userType"]).is_some_and(|kind| kind.eq_ignore_ascii_case("Guest")),
        enabled: object.switch(&["accountEnabled"]),
        deleted_at: object.text(&["deletedDateTime"]).and_then(|text| moment(&text)),
    })
}

/// The mail addresses of `proxyAddresses` that are neither the user principal name nor the mail address.
pub(super) fn aliases(listed: &[String], name: &str, mail: Option<&str>) -> Vec<String> {
    let is_other =
        |alias: &String| !name.eq_ignore_ascii_case(alias) && mail.is_none_or(|mail| !mail.eq_ignore_ascii_case(alias));
    listed.iter().filter_map(|text| address_of(text)).filter(is_other).collect()
}

/// A mail address of `proxyAddresses`, which also has entries of other kinds, such as `X500:`.
/// <https://learn.microsoft.com/graph/api/resources/user>
fn address_of(text: &str) -> Option<String> {
    let (kind, address) = text.split_once(':')?;
    (kind.eq_ignore_ascii_case("smtp") && address.contains('@')).then(|| address.trim().to_lowercase())
}

/// A moment with its zone, in RFC 3339: as ISO text with up to seven digits of a second, or as `/Date(1764396000000)/` of
/// PowerShell 5.1. A text without a zone is no moment.
#[must_use]
pub fn moment(text: &str) -> Option<String> {
    let text = text.trim();
    let in_ms = text.strip_prefix("/Date(").or_else(|| text.strip_prefix("\\/Date("));
    if let Some(number) = in_ms {
        let digits: String = number.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
        return jiff::Timestamp::from_millisecond(digits.parse().ok()?).ok().map(|at| at.to_string());
    }
    text.parse::<jiff::Timestamp>().ok().map(|at| at.to_string())
}

impl Object {
    /// The texts of a list, each whole: an address may hold a comma.
    fn texts_whole(&self, name: &str) -> Vec<String> {
        match self.get(name) {
            Some(Cell::List(items)) => items.iter().filter_map(Cell::text).collect(),
            Some(Cell::Text(text)) => vec![text.clone()],
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_in_every_form_and_only_with_a_zone() {
        for (text, moment_is) in [
            ("/Date(1764396000000)/", Some("2025-11-29T06:00:00Z")),
            ("2026-12-24T22:00:00.1234567Z", Some("2026-12-24T22:00:00.1234567Z")),
            ("2026-11-21T09:14:07+02:00", Some("2026-11-21T07:14:07Z")),
            ("3/12/2025 7:22:01 AM", None),
            ("2026-11-21 09:14:07", None),
        ] {
            assert_eq!(moment(text).as_deref(), moment_is, "{text}");
        }
    }

    #[test]
    fn lifetimes_are_read_with_days_and_fractions() {
        assert_eq!((seconds("00:10:00"), seconds("1.02:00:00"), seconds("x")), (Some(600), Some(93_600), None));
    }
}
