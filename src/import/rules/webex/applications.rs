//! `webex.applications-present`: both enterprise applications of the wizard are there and enabled.
//!
//! *Cisco Webex Identity Integration* is known by its application ID, *Cisco Webex Identity* by its name alone: no source
//! gives its ID. The audit log tells when one was removed, and by whom; no row there proves nothing, because it is kept for
//! 7 or 30 days only (<https://learn.microsoft.com/entra/identity/monitoring-health/reference-reports-data-retention>).

use jiff::Timestamp;

use super::{INTEGRATION_APP, Integration, Question, Reason, WIZARD, days_between, new, restorable_until};
use crate::import::{
    facts::webex as facts,
    record::{Audit, EnterpriseApplication, Record},
    rules::{Evidence, Outcome, Settled, day, find::Hit},
};

const CHECK: &str = "webex.applications-present";
const INTEGRATION: &str = "Cisco Webex Identity Integration";
const IDENTITY: &str = "Cisco Webex Identity";
const EXPORT: &str = "the enterprise applications; see ece-check evidence request --for webex";

/// What has become of an application.
enum State {
    Enabled,
    Disabled,
    DisabledByMicrosoft,
    Deleted(Timestamp),
    Missing,
    /// The evidence does not say.
    Unknown,
}

/// An application, and the files that say so.
struct Found {
    state: State,
    files: Vec<usize>,
}

pub fn settle(evidence: &Evidence<'_>, question: &Question) -> Settled {
    if super::is_absent(Integration::Wizard, evidence, question) {
        return new(CHECK, Outcome::NotApplicable, Reason::OtherIntegration);
    }
    let found = integration(evidence);
    let removed = removal(evidence, &found);
    let fail = |verdict: &str, reason| {
        new(CHECK, Outcome::Fail, reason).with(facts::APPLICATIONS, verdict).with(facts::APPLICATION, INTEGRATION)
    };
    let settled = match found.state {
        State::Deleted(at) => deleted(at, removed.as_ref().map(|hit| hit.row), question.now, fail),
        State::Missing => match &removed {
            Some(hit) => removed_by(fail("removed", said(hit.row, Reason::Removed)), hit.row),
            None => fail("absent", Reason::NotThere(INTEGRATION)),
        },
        State::Disabled => fail("disabled", Reason::Disabled(INTEGRATION)),
        State::DisabledByMicrosoft => fail("disabled-by-microsoft", Reason::DisabledByMicrosoft(INTEGRATION)),
        State::Unknown => return unknown(evidence, removed.as_ref()),
        State::Enabled => return identity(evidence, &found),
    };
    settled.from(found.files).from(removed.map(|hit| hit.file))
}

fn deleted(at: Timestamp, audit: Option<&Audit>, now: Timestamp, fail: impl Fn(&str, Reason) -> Settled) -> Settled {
    let until = restorable_until(at);
    let last_day = day(Some(until));
    let settled = if until > now {
        fail("removed-restorable", Reason::Deleted(at.to_string(), last_day.clone()))
            .with(facts::RESTORABLE_UNTIL, last_day)
            .with(facts::RESTORABLE_DAYS, days_between(now, until))
    } else {
        fail("removed", Reason::DeletedForGood(at.to_string(), last_day))
    };
    let settled = settled.with(facts::REMOVED_AT, at.to_string());
    audit.map_or(settled.clone(), |audit| removed_by(settled, audit))
}

fn removed_by(settled: Settled, audit: &Audit) -> Settled {
    let settled = settled.with(facts::REMOVED_AT, audit.at.clone().unwrap_or_default());
    match &audit.by {
        Some(by) => settled.with(facts::REMOVED_BY, by.clone()),
        None => settled,
    }
}

fn said(audit: &Audit, reason: impl Fn(String, Option<String>) -> Reason) -> Reason {
    reason(audit.at.clone().unwrap_or_default(), audit.by.clone())
}

/// The first application is there: the second one decides.
fn identity(evidence: &Evidence<'_>, integration: &Found) -> Settled {
    let found = find(evidence, is_identity);
    let fail = |verdict: &str, reason| {
        new(CHECK, Outcome::Fail, reason).with(facts::APPLICATIONS, verdict).with(facts::APPLICATION, IDENTITY)
    };
    let settled = match found.state {
        State::Enabled => new(CHECK, Outcome::Pass, Reason::Confirmed).with(facts::APPLICATIONS, "present"),
        State::Unknown => new(CHECK, Outcome::Warn, Reason::IdentityNotSeen),
        State::Missing | State::Deleted(_) => fail("identity-missing", Reason::NotThere(IDENTITY)),
        State::Disabled => fail("disabled", Reason::Disabled(IDENTITY)),
        State::DisabledByMicrosoft => fail("disabled-by-microsoft", Reason::DisabledByMicrosoft(IDENTITY)),
    };
    settled.from(integration.files.clone()).from(found.files)
}

/// Without the list of applications, a row of the audit log or the text of Control Hub still says something.
fn unknown(evidence: &Evidence<'_>, removed: Option<&Hit<'_, Audit>>) -> Settled {
    if let Some(hit) = removed {
        let settled = new(CHECK, Outcome::Warn, said(hit.row, Reason::RemovedOnce));
        return removed_by(settled.with(facts::APPLICATIONS, "removed-once"), hit.row).from([hit.file]);
    }
    match not_authorized(evidence) {
        Some((at, file)) => new(CHECK, Outcome::Warn, Reason::NotAuthorized(at, "the enterprise applications"))
            .with(facts::APPLICATIONS, "not-authorized")
            .from([file]),
        None => new(CHECK, Outcome::NeedsInput, Reason::NotExported(EXPORT)),
    }
}

/// When Control Hub has reported that Webex is not authorized, where it says so, and the file of it.
pub fn not_authorized(evidence: &Evidence<'_>) -> Option<(Option<String>, usize)> {
    let blocks = evidence.rows(|record| if let Record::WebexDebug(block) = record { Some(block) } else { None });
    let hit = blocks.into_iter().find(|hit| hit.row.message_only || hit.row.code.as_deref() == Some("701018"))?;
    Some((hit.row.at.clone(), hit.file))
}

fn integration(evidence: &Evidence<'_>) -> Found {
    find(evidence, |row| row.app_id.as_deref() == Some(INTEGRATION_APP))
}

/// The object ID of *Cisco Webex Identity Integration*, and the file that has it.
pub fn integration_id(evidence: &Evidence<'_>) -> Option<(String, usize)> {
    let hit = rows(evidence).into_iter().find(|hit| {
        hit.row.app_id.as_deref() == Some(INTEGRATION_APP) && hit.row.deleted_at.is_none() && hit.row.id.is_some()
    })?;
    Some((hit.row.id.clone()?, hit.file))
}

/// The name may end in ` - Azure AD`.
fn is_identity(row: &EnterpriseApplication) -> bool {
    let name = row.name.as_deref().unwrap_or_default().trim().to_lowercase();
    let is_other =
        row.app_id.as_deref() == Some(INTEGRATION_APP) || name.starts_with("cisco webex identity integration");
    name.starts_with(WIZARD) && !is_other
}

fn rows<'f>(evidence: &Evidence<'f>) -> Vec<Hit<'f, EnterpriseApplication>> {
    evidence.rows(|record| if let Record::EnterpriseApplication(row) = record { Some(row) } else { None })
}

fn find(evidence: &Evidence<'_>, is_it: impl Fn(&EnterpriseApplication) -> bool) -> Found {
    let own: Vec<_> = rows(evidence).into_iter().filter(|hit| is_it(hit.row)).collect();
    let deleted = own.iter().filter_map(|hit| Some((hit.row.deleted_at.as_deref()?.parse().ok()?, hit.file))).max();
    let present = own.iter().find(|hit| hit.row.deleted_at.is_none());
    // a list that is newer than the deletion shows the application after it was restored
    let is_back = |hit: &&&Hit<'_, EnterpriseApplication>| {
        deleted
            .is_none_or(|(at, _): (Timestamp, usize)| evidence.file(hit.file).made.at().is_some_and(|made| made > at))
    };
    match (present.as_ref().filter(is_back), deleted) {
        (Some(hit), _) => Found { state: state(hit.row), files: vec![hit.file] },
        (None, Some((at, file))) => Found { state: State::Deleted(at), files: vec![file] },
        (None, None) if super::proves_absence(evidence) => {
            Found { state: State::Missing, files: evidence.complete("enterprise-application") }
        }
        (None, None) => Found { state: State::Unknown, files: Vec::new() },
    }
}

fn state(row: &EnterpriseApplication) -> State {
    match (&row.disabled_by_microsoft, row.enabled.known()) {
        (Some(_), _) => State::DisabledByMicrosoft,
        (None, Some(true)) => State::Enabled,
        (None, Some(false)) => State::Disabled,
        (None, None) => State::Unknown,
    }
}

/// What the audit log calls a removal.
/// <https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities>
const REMOVALS: [&str; 2] = ["remove service principal", "hard delete service principal"];

/// The newest row that tells of the removal: by the application ID in it or by an object ID, never by the name alone.
fn removal<'f>(evidence: &Evidence<'f>, found: &Found) -> Option<Hit<'f, Audit>> {
    if matches!(found.state, State::Enabled | State::Disabled | State::DisabledByMicrosoft) {
        return None;
    }
    let ids: Vec<String> = rows(evidence)
        .into_iter()
        .filter(|hit| hit.row.app_id.as_deref() == Some(INTEGRATION_APP))
        .filter_map(|hit| hit.row.id.clone())
        .collect();
    let is_it = |row: &Audit| {
        let by_object = row.target_id.as_ref().is_some_and(|id| ids.iter().any(|own| own.eq_ignore_ascii_case(id)));
        by_object || row.target_app_ids.iter().any(|id| id == INTEGRATION_APP)
    };
    let succeeded = |row: &Audit| row.result.as_ref().is_none_or(|result| !result.to_lowercase().starts_with("fail"));
    let rows = evidence.rows(|record| if let Record::Audit(row) = record { Some(row) } else { None });
    let removals = rows.into_iter().filter(|hit| {
        REMOVALS.contains(&hit.row.activity.trim().to_lowercase().as_str()) && is_it(hit.row) && succeeded(hit.row)
    });
    removals.max_by_key(|hit| hit.row.at.as_deref().and_then(|at| at.parse::<Timestamp>().ok()))
}
