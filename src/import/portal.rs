//! Logs of the Entra portal and lists of users, as Graph's JSON or as the portal's CSV.
//!
//! In: an [`Object`]. Out: a [`Record`], or nothing when it is of another kind. The headers of a CSV come in the language
//! of the portal, but the columns keep their order and some their English names: those recognize the file, and a column
//! that is not found by its name is found by its place. A time without a zone is not compared with anything.

use super::{
    cell::Object,
    date,
    entra::moment,
    record::{Audit, ControlHubUser, Record, SignIn},
    users::OF_HUB,
};

/// Reads a row of a log or of a list of users.
#[must_use]
pub fn record(object: &Object) -> Option<Record> {
    let has = |name: &str| object.has(name);
    if has("activityDisplayName") && has("targetResources") {
        return audit_json(object).map(Record::Audit);
    }
    if has("CorrelationId") && has("ActorType") && has("Target1ObjectId") {
        return audit_csv(object).map(Record::Audit);
    }
    if has("appliedConditionalAccessPolicies") || (has("appDisplayName") && has("status") && has("createdDateTime")) {
        return sign_in_json(object).map(Record::SignIn);
    }
    if has("Sign-in error code") || (has("Application ID") && has("Conditional Access")) {
        return sign_in_csv(object).map(Record::SignIn);
    }
    if has(OF_HUB) {
        let user = object.text(&[OF_HUB])?;
        return Some(Record::ControlHubUser(ControlHubUser { user, status: object.text(&["User Status"]) }));
    }
    None
}

/// What a sign-in with an empty error code says it is; the portal writes the word in its own language.
const SUCCESS: &[&str] =
    &["success", "succès", "erfolg", "geslaagd", "correcto", "éxito", "sucesso", "operazione riuscita"];

/// The status of a sign-in that waits for an answer of the user, in the same languages.
const INTERRUPTED: &[&str] =
    &["interrupted", "interrompu", "unterbrochen", "onderbroken", "interrumpido", "interrompido", "interrotto"];

/// The date of a row of a log as it is written, and whether its column says that it is UTC.
fn date_of(object: &Object) -> Option<(String, bool)> {
    let named = |name: &str| object.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    let columns = ["createdDateTime", "activityDateTime", "Date (UTC)", "Date"];
    let (name, cell) = columns.into_iter().find_map(named).or_else(|| object.fields.first())?;
    Some((cell.text()?, name.to_uppercase().contains("UTC")))
}

fn moment_of(object: &Object) -> Option<String> {
    let (text, is_utc) = date_of(object)?;
    moment(&text).or_else(|| date::in_utc(&text).filter(|_| is_utc))
}

/// The date of a row of a log, where it is not understood.
pub(super) fn strange_date(record: &Record, object: &Object) -> Option<String> {
    let is_log = matches!(record, Record::SignIn(_) | Record::Audit(_));
    (is_log && record.at().is_none()).then(|| date_of(object).map(|(text, _)| text).unwrap_or_default())
}

fn audit_json(object: &Object) -> Option<Audit> {
    let by = object.object("initiatedBy");
    let part = |name: &str, fields: &[&str]| by.and_then(|by| by.object(name)).and_then(|part| part.text(fields));
    let targets = object.objects("targetResources");
    let first = targets.first();
    let changed = targets.iter().flat_map(|target| target.objects("modifiedProperties"));
    let names = changed.filter(|property| {
        property.text(&["displayName"]).is_some_and(|name| name == "TargetId.ServicePrincipalNames")
    });
    Some(Audit {
        at: object.text(&["activityDateTime"]).and_then(|at| moment(&at)),
        activity: object.text(&["activityDisplayName"])?,
        result: object.text(&["result"]),
        by: part("user", &["userPrincipalName", "displayName"])
            .or_else(|| part("app", &["displayName", "servicePrincipalName"])),
        target_id: first.and_then(|target| target.text(&["id"])),
        target_name: first.and_then(|target| target.text(&["displayName"])),
        target_app_ids: names
            .filter_map(|property| property.text(&["newValue", "oldValue"]))
            .flat_map(|text| app_ids(&text))
            .collect(),
    })
}

fn audit_csv(object: &Object) -> Option<Audit> {
    let column = |name: &str, place: usize| {
        object.text(&[name]).or_else(|| object.fields.get(place).and_then(|(_, cell)| cell.text()))
    };
    let numbered = |suffix: &str| {
        (1..=5).filter_map(move |n| object.text(&[&format!("Target1ModifiedProperty{n}{suffix}")])).collect::<Vec<_>>()
    };
    let named = numbered("Name").iter().any(|name| name == "TargetId.ServicePrincipalNames");
    let ids = if named { numbered("NewValue").iter().flat_map(|text| app_ids(text)).collect() } else { Vec::new() };
    Some(Audit {
        at: moment_of(object),
        activity: column("Activity", 4)?,
        result: column("Result", 5),
        by: object.text(&["ActorUserPrincipalName", "ActorDisplayName", "ActorServicePrincipalName"]),
        target_id: object.text(&["Target1ObjectId"]),
        target_name: object.text(&["Target1DisplayName"]),
        target_app_ids: ids,
    })
}

/// The GUIDs of a text in a text: `"90db…"`, with or without inner quotes, several joined by `;`.
fn app_ids(text: &str) -> Vec<String> {
    let parts = text.split(['"', ';', ',', ' ', '[', ']', '\\']);
    parts.filter(|part| part.len() == 36 && uuid::Uuid::try_parse(part).is_ok()).map(str::to_lowercase).collect()
}

fn sign_in_json(object: &Object) -> Option<SignIn> {
    let status = object.object("status");
    let policies = object.objects("appliedConditionalAccessPolicies").into_iter();
    let failed =
        policies.filter(|policy| policy.text(&["result"]).is_some_and(|result| result.eq_ignore_ascii_case("failure")));
    Some(SignIn {
        at: object.text(&["createdDateTime"]).and_then(|at| moment(&at)),
        user: object.text(&["userPrincipalName"]).map(|user| user.to_lowercase()),
        app_id: object.text(&["appId"]).map(|id| id.to_lowercase()),
        code: status?.text(&["errorCode"])?.parse().ok()?,
        reason: status.and_then(|status| status.text(&["failureReason"])).filter(|reason| reason != "Other."),
        resource: object.text(&["resourceId", "resourceDisplayName"]).map(|resource| resource.to_lowercase()),
        interactive: object.switch(&["isInteractive"]).known(),
        interrupted: false, // Graph has only the code
        blocked_by: failed.filter_map(|policy| policy.text(&["displayName"])).collect(),
    })
}

fn sign_in_csv(object: &Object) -> Option<SignIn> {
    let code = object.text(&["Sign-in error code"]);
    let status = object.text(&["Status"]).unwrap_or_default().to_lowercase();
    Some(SignIn {
        at: moment_of(object),
        user: object.text(&["Username", "User principal name"]).map(|user| user.to_lowercase()),
        app_id: object.text(&["Application ID"]).map(|id| id.to_lowercase()),
        code: code.and_then(|code| code.parse().ok()).or(SUCCESS.contains(&status.as_str()).then_some(0))?,
        reason: object.text(&["Failure reason"]).filter(|reason| reason != "Other."),
        resource: object.text(&["Resource ID", "Resource"]).map(|resource| resource.to_lowercase()),
        interactive: None,
        interrupted: INTERRUPTED.contains(&status.as_str()),
        blocked_by: Vec::new(), // the CSV has only "Failure" or "Success", never the policy
    })
}
