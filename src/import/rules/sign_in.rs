//! What Entra's log of non-interactive sign-ins says of ECE's refreshes.
//!
//! Only the newest 48 hours before the file was made count; a failure that is older than 48 hours today says only what was then. A success after the last failure passes. A log without rows of
//! this application says nothing: it is kept for seven days in the free edition. A policy in report-only mode blocks nothing.
//! A sign-in that succeeded says only that Entra issued a token; Exchange may refuse it all the same.
//! <https://learn.microsoft.com/entra/identity/monitoring-health/concept-noninteractive-sign-ins>

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{Evidence, Outcome, Question, Reason, Settled, find::Hit};
use crate::{
    evidence::Subject,
    import::{
        facts::entra,
        record::{Record, SignIn},
    },
};

pub const CHECK: &str = "entra.sign-in-failures";

/// How far back from the newest row the log is read.
const WINDOW: SignedDuration = SignedDuration::from_hours(48);

/// Error codes of Entra and the cause that each proves.
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
const CODES: &[(i64, &str)] = &[
    (53003, "conditional-access-blocked"),
    (53000, "device-not-compliant"),
    (53001, "device-not-compliant"),
    (50076, "mfa-required"),
    (50079, "mfa-required"),
    (50158, "mfa-required"),
    (700_082, "refresh-token-expired"),
    (700_084, "refresh-token-expired"),
    (70_043, "refresh-token-expired"),
    (50173, "refresh-token-revoked"),
    (7_000_222, "client-secret-expired"),
    (7_000_215, "client-secret-invalid"),
    (50105, "user-not-assigned-to-app"),
    (50057, "account-disabled"),
    (50053, "account-locked"),
    (530_035, "security-defaults-blocked"),
];

/// `entra.sign-in-failures`, for everybody who signs in.
pub fn failures(evidence: &Evidence<'_>, question: &Question) -> Vec<Settled> {
    let Some(client_id) = question.client_id.as_deref() else { return Vec::new() };
    let rows = evidence.rows(|record| if let Record::SignIn(row) = record { Some(row) } else { None });
    let is_ours = |hit: &&Hit<'_, SignIn>| hit.row.app_id.as_deref() == Some(client_id);
    let rows: Vec<_> = rows
        .iter()
        .filter(is_ours)
        .filter_map(|hit| Some((hit.row.at.as_deref()?.parse::<Timestamp>().ok()?, hit)))
        .collect();
    if evidence.rows(|record| if let Record::SignIn(row) = record { Some(row) } else { None }).is_empty() {
        return Vec::new();
    }
    users(question).into_iter().map(|user| of(evidence, &user, &rows, question.now)).collect()
}

/// Everybody who signs in, in lower case.
pub fn users(question: &Question) -> BTreeSet<String> {
    let users = question.accounts.iter().filter(|account| !account.application);
    users.filter_map(|account| account.signs_in_as.as_deref()).map(str::to_lowercase).collect()
}

fn of(evidence: &Evidence<'_>, user: &str, rows: &[(Timestamp, &Hit<'_, SignIn>)], now: Timestamp) -> Settled {
    let new = |outcome, reason| Settled::new(CHECK, Subject::Mailbox(user.into()), outcome, reason);
    let own = rows.iter().filter(|(_, hit)| hit.row.user.as_deref().is_some_and(|name| evidence.same(user, name)));
    let Some(newest) = own.clone().map(|(at, _)| *at).max() else { return new(Outcome::NeedsInput, Reason::NoSignIn) };
    let own: Vec<_> = own.filter(|(at, _)| newest.duration_since(*at) <= WINDOW).collect();
    let last = |success: bool| own.iter().filter(|(_, hit)| (hit.row.code == 0) == success).max_by_key(|(at, _)| *at);
    let Some((failed_at, failed)) = last(false) else {
        return new(Outcome::Pass, Reason::Read).from(own.iter().map(|(_, hit)| hit.file));
    };
    if let Some((_, hit)) = last(true).filter(|(at, _)| at > failed_at) {
        return new(Outcome::Pass, Reason::SucceededLater).from([hit.file]);
    }
    let reason = Reason::SignInFailed { code: failed.row.code, policies: failed.row.blocked_by.clone() };
    if now.duration_since(*failed_at) > WINDOW {
        return new(Outcome::Warn, Reason::OnlyThen(super::day(Some(*failed_at)), Box::new(reason)))
            .with(entra::SIGN_IN_POLICIES, failed.row.blocked_by.clone())
            .with(entra::SIGN_IN_FAILED_AT, failed_at.to_string())
            .from([failed.file]);
    }
    let settled = new(Outcome::Fail, reason)
        .with(entra::SIGN_IN_ERROR, failed.row.code)
        .with(entra::SIGN_IN_POLICIES, failed.row.blocked_by.clone())
        .with(entra::SIGN_IN_FAILED_AT, failed_at.to_string())
        .from([failed.file]);
    match CODES.iter().find(|(code, _)| *code == failed.row.code) {
        Some((_, cause)) => settled.because_of(cause),
        None => settled,
    }
}
