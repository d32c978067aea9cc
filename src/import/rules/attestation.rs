//! What a person states to have seen: it counts where no file says anything, and never for more than 90 days.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{CHECKS, Exported, Outcome, Reason, Settled};
use crate::evidence::{Source, Subject};

/// For so many days a statement counts.
const DAYS: i64 = 90;

/// A statement of the site file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The check.
    pub check: String,
    /// The mailbox; none where the check is about the application.
    pub subject: Option<String>,
    /// Whether it holds.
    pub holds: bool,
    /// Who saw it.
    pub by: String,
    /// When.
    pub on: Date,
}

/// The checks and subjects that statements are about.
pub fn subjects(attestations: &[Attestation]) -> Vec<(&'static str, Subject)> {
    let of = |one: &Attestation| {
        let check = CHECKS.iter().find(|check| **check == one.check)?;
        let subject =
            one.subject.as_ref().map_or(Subject::Application, |who| Subject::Mailbox(who.to_lowercase().into()));
        Some((*check, subject))
    };
    attestations.iter().filter_map(of).collect()
}

/// What a person states, where the files say nothing.
#[must_use]
pub fn attested(exported: Exported, attestations: &[Attestation], now: Timestamp) -> Exported {
    if exported.settled.outcome != Outcome::NeedsInput {
        return exported;
    }
    let subject = exported.settled.subject.to_string();
    let is_about = |one: &&Attestation| {
        let same = one.subject.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(&subject));
        one.check == exported.settled.check && same
    };
    let Some(statement) = attestations.iter().filter(is_about).max_by_key(|one| one.on) else { return exported };
    let day = statement.on.to_string();
    let age = now.to_zoned(TimeZone::UTC).date().duration_since(statement.on).as_hours() / 24;
    let (outcome, reason) = match (age > DAYS, statement.holds) {
        (true, _) => (Outcome::NeedsInput, Reason::ConfirmedLongAgo(statement.by.clone(), day.clone())),
        (false, true) => (Outcome::Pass, Reason::Confirmed(statement.by.clone(), day.clone())),
        (false, false) => (Outcome::Fail, Reason::Confirmed(statement.by.clone(), day.clone())),
    };
    let source = Source::Attestation { by: statement.by.clone(), on: day };
    Exported { settled: Settled { outcome, reason, ..exported.settled }, source, ..exported }
}
