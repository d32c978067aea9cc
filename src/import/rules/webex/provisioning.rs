//! `webex.provisioning-on`: the provisioning job of the gallery application runs.
//!
//! A job in quarantine runs once a day, and is disabled after four weeks.
//! <https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-quarantine-status>
//! <https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationjob>

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::{Integration, Question, Reason, SHOWN, count, days_between, new};
use crate::import::{
    facts::webex as facts,
    record::{Provisioning, Record, SyncJob},
    rules::{Evidence, Outcome, Settled, day, find::Hit},
};

const CHECK: &str = "webex.provisioning-on";
const EXPORT: &str = "the provisioning job; see ece-check evidence request --for webex";

/// The kind of a list that Microsoft Graph has given in this run for exactly the gallery application.
pub const ASKED_FOR_JOBS: &str = "sync-job";

/// For so many days a job stays in quarantine before Microsoft disables it.
const QUARANTINE_DAYS: i64 = 28;

/// A cycle that did not succeed for so many intervals is late.
const LATE: i64 = 3;

/// How often a job runs that does not say it: every 40 minutes.
const USUAL_INTERVAL: i64 = 2_400;

pub fn settle(evidence: &Evidence<'_>, question: &Question) -> Settled {
    if super::is_absent(Integration::Gallery, evidence, question) {
        return new(CHECK, Outcome::NotApplicable, Reason::OtherIntegration);
    }
    let jobs = newest(evidence).into_iter().map(|hit| {
        let made = evidence.file(hit.file).made.at().unwrap_or(question.now);
        job(hit.row, made, question.now).from([hit.file])
    });
    let Some(settled) = jobs.min_by_key(|settled| urgency(settled.outcome)) else {
        let whole = evidence.complete(ASKED_FOR_JOBS);
        if whole.is_empty() {
            return new(CHECK, Outcome::NeedsInput, Reason::NotExported(EXPORT));
        }
        let reason = Reason::Job("the gallery application has no provisioning job");
        return new(CHECK, Outcome::Fail, reason).with(facts::PROVISIONING, "no-job").from(whole);
    };
    if settled.outcome == Outcome::Pass { users(evidence, settled) } else { settled }
}

/// The jobs of Webex, each from the newest file that has it.
fn newest<'f>(evidence: &Evidence<'f>) -> Vec<Hit<'f, SyncJob>> {
    let mut jobs = evidence.rows(|record| if let Record::SyncJob(row) = record { Some(row) } else { None });
    jobs.retain(|hit| super::is_of_webex(hit.row));
    let mut seen: HashMap<Option<&str>, usize> = HashMap::new();
    jobs.retain(|hit| *seen.entry(hit.row.id.as_deref()).or_insert(hit.file) == hit.file);
    jobs
}

/// Of several jobs the worst counts.
fn urgency(outcome: Outcome) -> u8 {
    match outcome {
        Outcome::Fail => 0,
        Outcome::NeedsInput => 1,
        Outcome::Warn => 2,
        Outcome::Pass | Outcome::NotApplicable => 3,
    }
}

/// How far the clock of this computer may be behind that of Entra ID.
const AHEAD: SignedDuration = SignedDuration::from_hours(1);

/// What a job says of itself. `made` is the moment of the evidence.
fn job(job: &SyncJob, made: Timestamp, now: Timestamp) -> Settled {
    let code = job.code.as_deref().unwrap_or_default().to_lowercase();
    let schedule = job.schedule.as_deref().unwrap_or_default().to_lowercase();
    let settled = |outcome, verdict: &str, reason| new(CHECK, outcome, reason).with(facts::PROVISIONING, verdict);
    match code.as_str() {
        "quarantine" => return quarantine(job, made, now),
        "notconfigured" => {
            let reason = Reason::Job("the credentials or the mapping have not been saved");
            return settled(Outcome::Fail, "not-configured", reason);
        }
        _ if code == "paused" || schedule == "disabled" || schedule == "paused" => {
            return settled(Outcome::Fail, "off", Reason::Job("the provisioning status is Off"));
        }
        "notrun" => {
            let reason =
                Reason::Job("the first cycle has not run yet: it begins within 40 minutes and can last for hours");
            return settled(Outcome::Warn, "not-run", reason);
        }
        "active" | "inprogress" => {}
        _ => return new(CHECK, Outcome::NeedsInput, Reason::NotExported("status.code of the provisioning job")),
    }
    if job.failures_in_a_row > 0 || job.users_not_written > 0 {
        return settled(Outcome::Warn, "failures", Reason::Failures(job.failures_in_a_row, job.users_not_written));
    }
    let Some(success) = job.last_success.as_deref().and_then(|at| at.parse::<Timestamp>().ok()) else {
        return settled(Outcome::Warn, "late", Reason::Job("no cycle has succeeded yet"));
    };
    if success.duration_since(now) > AHEAD {
        return new(CHECK, Outcome::NeedsInput, Reason::LastSuccessAhead(success.to_string()));
    }
    let longest = SignedDuration::from_secs(LATE * job.interval_seconds.unwrap_or(USUAL_INTERVAL));
    let verdict = if made.duration_since(success) <= longest { "on" } else { "late" };
    let settled = if verdict == "on" {
        settled(Outcome::Pass, verdict, Reason::Confirmed)
    } else {
        settled(Outcome::Warn, verdict, Reason::LastSuccess(success.to_string()))
    };
    settled.with(facts::LAST_SUCCESS, success.to_string())
}

/// What the reasons of a quarantine mean.
/// <https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationquarantine>
fn quarantine(job: &SyncJob, made: Timestamp, now: Timestamp) -> Settled {
    let reason = job.quarantine_reason.clone().unwrap_or_else(|| "Unknown".to_owned());
    let code = job.quarantine_error.clone().unwrap_or_default();
    let plain = reason.to_lowercase();
    let verdict = match plain.as_str() {
        _ if job.tenant_actionable.known() == Some(false) => "microsoft",
        "encounteredquarantineexception" if code.to_lowercase().contains("credential") => "credentials",
        "encounteredquarantineexception" if code.is_empty() => "credentials",
        "encounteredquarantineexception" => "endpoint",
        _ if plain.contains("escrow") => "many-users",
        _ if plain.contains("ondemand") => "microsoft",
        "toomanydeletes" => "many-deletions",
        _ => "unknown",
    };
    let began = job.quarantine_since.as_deref().and_then(|at| at.parse::<Timestamp>().ok());
    let until = began.and_then(|at| at.checked_add(SignedDuration::from_hours(24 * QUARANTINE_DAYS)).ok());
    let last_day = until.map(|until| day(Some(until)));
    let said = match last_day {
        Some(over) if until < Some(now) => Reason::QuarantineOver(reason.clone(), over),
        last_day => Reason::Quarantine(reason.clone(), last_day),
    };
    let mut settled = new(CHECK, Outcome::Fail, said)
        .with(facts::PROVISIONING, "quarantine")
        .with(facts::QUARANTINE, verdict)
        .with(facts::QUARANTINE_REASON, reason);
    if !code.is_empty() {
        settled = settled.with(facts::QUARANTINE_ERROR, code);
    }
    match until.filter(|until| *until >= now) {
        Some(until) => settled
            .with(facts::QUARANTINE_ENDS, day(Some(until)))
            .with(facts::QUARANTINE_DAYS_LEFT, days_between(made, until)),
        None => settled,
    }
}

/// The users that failed last, where the provisioning log is there: the newest row of each user counts.
fn users(evidence: &Evidence<'_>, settled: Settled) -> Settled {
    let rows = evidence.rows(|record| if let Record::Provisioning(row) = record { Some(row) } else { None });
    let mut newest: BTreeMap<&str, &Hit<'_, Provisioning>> = BTreeMap::new();
    for hit in &rows {
        let Some(user) = hit.row.user.as_deref() else { continue };
        let known = newest.entry(user).or_insert(hit);
        if hit.row.at > known.row.at {
            *known = hit;
        }
    }
    let failed: Vec<_> = newest.into_iter().filter(|(_, hit)| hit.row.status == "failure").collect();
    let skipped: Vec<String> = rows.iter().filter_map(|hit| not_entitled(hit.row)).take(SHOWN).collect();
    let settled = if skipped.is_empty() { settled } else { settled.with(facts::USERS_SKIPPED, skipped) };
    if failed.is_empty() {
        return settled;
    }
    let shown: Vec<String> = failed
        .iter()
        .take(SHOWN)
        .map(|(user, hit)| format!("{user}: {}", hit.row.code.as_deref().unwrap_or("no code")))
        .collect();
    let files: Vec<usize> = failed.iter().map(|(_, hit)| hit.file).collect();
    let number = failed.len();
    let reason = super::super::Reason::Webex(Reason::UserErrors(number));
    Settled { outcome: Outcome::Warn, reason, ..settled }
        .with(facts::PROVISIONING, "user-errors")
        .with(facts::USERS_FAILED, count(number))
        .with(facts::USER_ERRORS, shown)
        .from(files)
}

/// Why a user was skipped: disabled, not assigned, or assigned with the role Default Access only.
/// <https://learn.microsoft.com/entra/identity/app-provisioning/application-provisioning-config-problem-no-users-provisioned>
fn not_entitled(row: &Provisioning) -> Option<String> {
    row.skip_reason.as_deref().filter(|reason| reason.eq_ignore_ascii_case("NotEffectivelyEntitled"))?;
    let has = |name: &str| row.not_met.iter().any(|own| own.eq_ignore_ascii_case(name));
    let known = [
        ("IsActive", "the account is disabled"),
        ("Assigned to the application", "not assigned to the application"),
        ("IsInProvisioningScope", "outside the provisioning scope"),
    ];
    let why =
        known.iter().find(|(name, _)| has(name)).map_or("assigned with the role Default Access only", |one| one.1);
    Some(format!("{}: {why}", row.user.as_deref()?))
}
