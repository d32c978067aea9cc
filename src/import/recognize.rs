//! Which kind of row each object is.
//!
//! In: a [`Sheet`]. Out: [`Row`]s. What is of no known kind is named with its place; a file of which nothing is known is
//! refused with the names that it has and those that would be right.

use super::{
    Problem, Rejected, Row, Sheet, Stated,
    cell::{Cell, Object, Place},
    entra, exchange, portal,
    record::{GraphError, Record, Who},
};

/// The kinds, what gives them, and the properties by which they are known.
pub const KINDS: &[(&str, &str)] = &[
    ("cas-mailbox", "Get-CASMailbox"),
    ("transport-config", "Get-TransportConfig"),
    ("mailbox", "Get-Mailbox"),
    ("mailbox-permission", "Get-MailboxPermission"),
    ("recipient-permission", "Get-RecipientPermission"),
    ("exchange-service-principal", "Get-ServicePrincipal"),
    ("user-license", "Get-MgUserLicenseDetail"),
    ("delegated-grant", "Get-MgOauth2PermissionGrant"),
    ("app-role-assignment", "Get-MgServicePrincipalAppRoleAssignment"),
    ("enterprise-application", "Get-MgServicePrincipal"),
    ("sync-job", "az rest --url https://graph.microsoft.com/v1.0/servicePrincipals/ID/synchronization/jobs"),
    ("sign-in", "Entra admin center > Sign-in logs > User sign-ins (non-interactive) > Download JSON"),
];

/// Parts of an `@odata.context` and the kind of list that they name.
const CONTEXTS: &[(&str, &str)] = &[
    ("synchronization/jobs", "sync-job"),
    ("licenseDetails", "user-license"),
    ("oauth2PermissionGrants", "delegated-grant"),
    ("appRoleAssignments", "app-role-assignment"),
    ("servicePrincipals", "enterprise-application"),
    ("auditLogs/signIns", "sign-in"),
    ("applications", "application"),
];

/// The rows of a sheet, whose objects become rows one by one and are gone then.
///
/// # Errors
/// When objects are there and none is of a known kind.
pub fn rows(name: &str, sheet: &mut Sheet, stated: &Stated) -> Result<Vec<Row>, Rejected> {
    let plans = sheet.objects.iter().filter(|object| exchange::is_mailbox_plan(object)).count();
    if plans > 0 && plans == sheet.objects.len() {
        let wrong = "holds mailbox plans (Get-CASMailboxPlan), which apply to new mailboxes only";
        return Err(Rejected::whole(name, wrong, "export Get-CASMailbox for each mailbox of ECE"));
    }
    let first = sheet.objects.first().cloned();
    let mut rows = Vec::with_capacity(sheet.objects.len());
    // an object is gone when its row is there: lists have a hundred thousand of both
    for object in std::mem::take(&mut sheet.objects) {
        if exchange::is_mailbox_plan(&object) {
            continue;
        }
        let place = object.place;
        let object = with_subject(object, stated);
        let records = records(&object);
        if let Some(problem) = left_out(&records, &object) {
            sheet.leave_out(problem);
            continue;
        }
        if records.iter().any(is_license_of_unknown) {
            sheet.note(license_of_unknown(place));
        }
        if let Some(date) = records.iter().find_map(|record| portal::strange_date(record, &object)) {
            sheet.note(date_not_understood(place, &date));
        }
        rows.extend(records.into_iter().map(|record| Row { place, record }));
    }
    if let Some(error) = only_errors(&rows) {
        return Err(refused(name, error));
    }
    match &first {
        Some(first) if rows.is_empty() => Err(nothing_known(name, first)),
        // an answer of Graph says what was asked, also where there is none
        None if complete(sheet, true, stated).is_empty() && sheet.asked.is_none() => Err(empty(name, sheet)),
        _ => Ok(rows),
    }
}

/// The error, where a file holds nothing but errors of Graph: it settles nothing.
fn only_errors(rows: &[Row]) -> Option<&GraphError> {
    let error = |row: &Row| matches!(row.record, Record::GraphError(_));
    match rows.first().map(|row| &row.record) {
        Some(Record::GraphError(first)) if rows.iter().all(error) => Some(first),
        _ => None,
    }
}

fn refused(name: &str, error: &GraphError) -> Rejected {
    let words: String = error.message.as_deref().unwrap_or_default().chars().take(160).collect();
    let right = "solve that first, often with another permission or role, then ask again";
    Rejected::whole(name, &format!("holds the refusal of Microsoft Graph and no data: {} ({words})", error.code), right)
}

fn records(object: &Object) -> Vec<Record> {
    if let Some(record) = exchange::record(object) {
        return vec![record];
    }
    let of_entra = entra::records(object);
    if of_entra.is_empty() { portal::record(object).into_iter().collect() } else { of_entra }
}

/// Whom the user states the file to be about, where the file itself names no address: Graph names an object ID there.
fn with_subject(mut object: Object, stated: &Stated) -> Object {
    let is_named = object.whom.as_deref().is_some_and(|whom| whom.contains('@'));
    if let (false, Some(subject)) = (is_named, &stated.subject) {
        object.whom = Some(subject.to_lowercase());
    }
    object
}

/// The kind of a list of users without rows, as Microsoft Graph gives it: it does not say which users were asked for.
pub const NO_USERS: &str = "no-users";

/// The kinds of which a sheet holds the whole list, which may have no rows.
pub fn complete(sheet: &Sheet, is_empty: bool, stated: &Stated) -> Vec<&'static str> {
    if !sheet.incomplete.is_empty() {
        return Vec::new();
    }
    let by_cmdlet =
        sheet.complete.iter().filter_map(|cmdlet| KINDS.iter().find(|(_, own)| own == cmdlet)).map(|(kind, _)| *kind);
    let asked = sheet.asked.as_deref().unwrap_or_default();
    let by_context = CONTEXTS
        .iter()
        .find(|(part, _)| asked.contains(&format!("#{part}")) || asked.contains(&format!("/{part}")))
        .map(|(_, kind)| *kind);
    let by_user = KINDS.iter().find(|(kind, _)| stated.kind.as_deref() == Some(*kind)).map(|(kind, _)| *kind);
    let no_users = (is_empty && asked.ends_with("$metadata#users")).then_some(NO_USERS);
    by_cmdlet.chain(by_context).chain(by_user).chain(no_users).collect()
}

fn names(object: &Object) -> String {
    let shown: Vec<String> = object.fields.iter().take(8).map(|(name, _)| name.chars().take(40).collect()).collect();
    if object.fields.len() > shown.len() { shown.join(", ") + ", …" } else { shown.join(", ") }
}

const RIGHT: &str = "ece-check evidence request --for exchange|entra|webex prints what to export";

fn unknown(object: &Object) -> Problem {
    Problem {
        place: object.place,
        wrong: format!("is of no kind that is used here; it has {}", names(object)),
        right: RIGHT.to_owned(),
    }
}

/// Why an object becomes no row: it is of no kind that is used, or does not say of which mailbox it is.
fn left_out(records: &[Record], object: &Object) -> Option<Problem> {
    if records.is_empty() {
        return Some(cut_right(object).unwrap_or_else(|| unknown(object)));
    }
    let is_nameless = records.iter().any(|record| record.who().is_some_and(Who::is_unknown));
    let nameless = || Problem {
        place: object.place,
        wrong: "does not say of which mailbox it is".to_owned(),
        right: "export it with PrimarySmtpAddress, as ece-check evidence request --for exchange prints it".to_owned(),
    };
    is_nameless.then(|| cut(object).unwrap_or_else(nameless))
}

fn date_not_understood(place: Place, date: &str) -> Problem {
    let shown: String = date.chars().take(40).collect();
    Problem {
        place,
        wrong: format!("the date {shown:?} is not understood"),
        right:
            "give the file as it was downloaded, without opening and saving it in Excel (2026-11-30T22:01:00Z is read)"
                .to_owned(),
    }
}

/// What is wrong with an object of which a value that decides was cut.
fn cut(object: &Object) -> Option<Problem> {
    let (name, _) = object.fields.iter().find(|(name, cell)| *cell == Cell::Cut && OWNERS.contains(&name.as_ref()))?;
    Some(Problem {
        place: object.place,
        wrong: format!("the value of {name} is missing, or cut by \"...\""),
        right: "export it as CSV (Export-Csv) or JSON: a table on the screen cuts what is wider than its column"
            .to_owned(),
    })
}

/// The same for a row of a right, which is no row where its holder was cut.
fn cut_right(object: &Object) -> Option<Problem> {
    if object.has("AccessRights") { cut(object) } else { None }
}

/// Columns that say of whom or of which mailbox a row is.
const OWNERS: &[&str] = &["User", "Trustee", "Identity", "Name", "PrimarySmtpAddress", "UserPrincipalName"];

/// `Get-MgUserLicenseDetail` does not say whose licenses it lists.
fn is_license_of_unknown(record: &Record) -> bool {
    matches!(record, Record::License(license) if license.user.is_none())
}

fn license_of_unknown(place: Place) -> Problem {
    Problem {
        place,
        wrong: "does not say whose license it is".to_owned(),
        right: "export it as ece-check evidence request --for entra prints it, or name the user with evidence show --subject"
            .to_owned(),
    }
}

fn nothing_known(name: &str, first: &Object) -> Rejected {
    let records = records(first);
    if (!records.is_empty() || cut_right(first).is_some())
        && let Some(Problem { place, wrong, right }) = left_out(&records, first)
    {
        return Rejected { file: name.to_owned(), place: Some(place), wrong, right };
    }
    let only_auth = ["Id", "AuthDetails", "authenticationMethod"].iter().any(|name| first.has(name))
        && first.has("Authentication method");
    let wrong = if only_auth {
        "holds authentication details, not sign-ins".to_owned()
    } else {
        format!("holds no data that is used here; its first object has {}", names(first))
    };
    Rejected { file: name.to_owned(), place: Some(first.place), wrong, right: RIGHT.to_owned() }
}

/// Why a file without rows is refused.
pub fn empty(name: &str, sheet: &Sheet) -> Rejected {
    if !sheet.header.is_empty() {
        let shown: Vec<&str> = sheet.header.iter().take(8).map(String::as_str).collect();
        let wrong = format!("has a header ({}) and no rows that can be read", shown.join(", "));
        return Rejected::whole(name, &wrong, "run the command again for the mailboxes of ECE");
    }
    let kinds: Vec<&str> = KINDS.iter().map(|(kind, _)| *kind).collect();
    let right = format!(
        "say what was asked and for whom with --kind and --subject (--kind user-license --subject sales@example.com); kinds: {}",
        kinds.join(", ")
    );
    Rejected { right, ..Rejected::whole(name, "is an empty list that does not say what was asked", "") }
}
