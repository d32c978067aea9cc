//! What Entra's log of non-interactive sign-ins says of ECE's refreshes.
//!
//! Only the newest 48 hours before the file was made count; a failure that is older than 48 hours today says only what was then. A success after the last failure passes. Only tokens for Exchange Online
//! count. A log without rows of this application says nothing: it is kept for seven days in the free edition. A policy in report-only mode blocks nothing.
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

/// Codes of what the user was asked, and not of a refusal: for another factor, or whether to stay signed in.
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
const INTERRUPTED: &[i64] = &[50074, 50140];

/// The application ID of Exchange Online and its names, in lower case.
/// <https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in>
const EXCHANGE: &[&str] = &["00000002-0000-0ff1-ce00-000000000000", "office 365 exchange online", "exchange online"];

/// A row of the log, and its moment where the date is understood.
type Logged<'r, 'f> = (Option<Timestamp>, &'r Hit<'f, SignIn>);

/// `entra.sign-in-failures`, for everybody who signs in.
pub fn failures(evidence: &Evidence<'_>, question: &Question) -> Vec<Settled> {
    let Some(client_id) = question.client_id.as_deref() else { return Vec::new() };
    let rows = evidence.rows(|record| if let Record::SignIn(row) = record { Some(row) } else { None });
    if rows.is_empty() {
        return Vec::new();
    }
    let is_for_exchange = |row: &SignIn| row.resource.as_deref().is_none_or(|resource| EXCHANGE.contains(&resource));
    let own = rows.iter().filter(|hit| hit.row.app_id.as_deref() == Some(client_id) && is_for_exchange(hit.row));
    let own: Vec<Logged<'_, '_>> = own.map(|hit| (hit.row.at.as_deref().and_then(|at| at.parse().ok()), hit)).collect();
    users(question).into_iter().map(|user| of(evidence, &user, &own, question.now)).collect()
}

/// Everybody who signs in, in lower case.
pub fn users(question: &Question) -> BTreeSet<String> {
    let users = question.accounts.iter().filter(|account| !account.application);
    users.filter_map(|account| account.signs_in_as.as_deref()).map(str::to_lowercase).collect()
}

/// How a sign-in ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Success,
    /// The user was asked something; whether they answered is in another row.
    Interrupted,
    Failure,
}

fn end(row: &SignIn) -> End {
    match row.code {
        0 => End::Success,
        code if row.interrupted || INTERRUPTED.contains(&code) => End::Interrupted,
        _ => End::Failure,
    }
}

/// A success after a failure shows that it is over. That a person could sign in does not show that ECE can by itself.
fn is_over(success: (Timestamp, &SignIn), failure: (Timestamp, &SignIn)) -> bool {
    let is_of_person = success.1.interactive == Some(true) && failure.1.interactive == Some(false);
    success.0 > failure.0 && !is_of_person
}

fn of(evidence: &Evidence<'_>, user: &str, rows: &[Logged<'_, '_>], now: Timestamp) -> Settled {
    let new = |outcome, reason| Settled::new(CHECK, Subject::Mailbox(user.into()), outcome, reason);
    let own = rows.iter().filter(|(_, hit)| hit.row.user.as_deref().is_some_and(|name| evidence.same(user, name)));
    let undated: Vec<usize> = own.clone().filter(|(at, _)| at.is_none()).map(|(_, hit)| hit.file).collect();
    if !undated.is_empty() {
        return new(Outcome::NeedsInput, Reason::StrangeDateOfSignIn).from(undated);
    }
    let own: Vec<(Timestamp, usize, &SignIn)> = own.filter_map(|(at, hit)| Some(((*at)?, hit.file, hit.row))).collect();
    let Some(newest) = own.iter().map(|(at, ..)| *at).max() else { return new(Outcome::NeedsInput, Reason::NoSignIn) };
    let own: Vec<_> = own.into_iter().filter(|(at, ..)| newest.duration_since(*at) <= WINDOW).collect();
    let last = |ended: End| own.iter().filter(|(.., row)| end(row) == ended).max_by_key(|(at, ..)| *at);
    let success_after = |failure: &(Timestamp, usize, &SignIn)| {
        let mut rows = own.iter().filter(|(.., row)| end(row) == End::Success);
        rows.find(|success| is_over((success.0, success.2), (failure.0, failure.2)))
    };
    let failed = last(End::Failure);
    if let Some(failed) = failed.filter(|failed| success_after(failed).is_none()) {
        return failure(new, failed, now);
    }
    if let Some(asked) = last(End::Interrupted).filter(|asked| success_after(asked).is_none()) {
        return new(Outcome::Warn, Reason::Interrupted(asked.2.code)).from([asked.1]);
    }
    match failed.and_then(success_after) {
        Some((_, file, _)) => new(Outcome::Pass, Reason::SucceededLater).from([*file]),
        None => new(Outcome::Pass, Reason::Read).from(own.iter().map(|(_, file, _)| *file)),
    }
}

/// The last failure, after which no sign-in has succeeded.
fn failure(
    new: impl Fn(Outcome, Reason) -> Settled,
    (failed_at, file, failed): &(Timestamp, usize, &SignIn),
    now: Timestamp,
) -> Settled {
    let reason = Reason::SignInFailed { code: failed.code, policies: failed.blocked_by.clone() };
    if now.duration_since(*failed_at) > WINDOW {
        return new(Outcome::Warn, Reason::OnlyThen(super::day(Some(*failed_at)), Box::new(reason)))
            .with(entra::SIGN_IN_POLICIES, failed.blocked_by.clone())
            .with(entra::SIGN_IN_FAILED_AT, failed_at.to_string())
            .from([*file]);
    }
    let settled = new(Outcome::Fail, reason)
        .with(entra::SIGN_IN_ERROR, failed.code)
        .with(entra::SIGN_IN_POLICIES, failed.blocked_by.clone())
        .with(entra::SIGN_IN_FAILED_AT, failed_at.to_string())
        .from([*file]);
    match CODES.iter().find(|(code, _)| *code == failed.code) {
        Some((_, cause)) => settled.because_of(cause),
        None => settled,
    }
}
