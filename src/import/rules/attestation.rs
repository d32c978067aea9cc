//! What a person states to have seen: it counts where no file says anything, and never for more than 90 days.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{CHECKS, Exported, Outcome, Question, Reason, Settled, sign_in, sign_in::CHECK as SIGN_INS};
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

/// What of a site a check is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A mailbox, or a user who signs in.
    Mailbox,
    /// An account of ECE.
    Account,
    /// The one application, or the one connection to Webex.
    Whole,
}

/// What of a site a check is about.
#[must_use]
pub fn about(check: &str) -> About {
    match check {
        "mailbox.service-principal"
        | "directory.redirect-registered"
        | "directory.secret-lifetime"
        | "directory.consent" => About::Whole,
        _ if check.starts_with("webex.") => About::Whole,
        _ if check.starts_with("ece.") => About::Account,
        _ => About::Mailbox,
    }
}

/// The subjects of the site for each check that a statement is about and that no file needs to name first.
pub fn subjects(attestations: &[Attestation], question: &Question) -> Vec<(&'static str, Subject)> {
    let stated = |check: &&&'static str| attestations.iter().any(|one| one.check == ***check);
    let of = |check: &'static str| {
        let subjects: Vec<Subject> = match about(check) {
            About::Whole => vec![Subject::Application],
            About::Account => question.accounts.iter().map(|one| Subject::Account(one.name.as_str().into())).collect(),
            About::Mailbox if check == SIGN_INS => sign_in::users(question).into_iter().map(mailbox).collect(),
            About::Mailbox => Vec::new(), // the evidence of mailboxes has them all
        };
        subjects.into_iter().map(move |subject| (check, subject))
    };
    CHECKS.iter().filter(stated).copied().flat_map(of).collect()
}

fn mailbox(address: String) -> Subject {
    Subject::Mailbox(address.into())
}

/// What a person states, where the files say nothing; where they say something else, that is told.
#[must_use]
pub fn attested(exported: Exported, attestations: &[Attestation], now: Timestamp) -> Exported {
    let subject = exported.settled.subject.to_string();
    let is_about = |one: &&Attestation| {
        let same = one.subject.as_ref().is_none_or(|own| own.eq_ignore_ascii_case(&subject));
        one.check == exported.settled.check && same
    };
    let Some(statement) = attestations.iter().filter(is_about).max_by_key(|one| one.on) else { return exported };
    let day = statement.on.to_string();
    let age = now.to_zoned(TimeZone::UTC).date().duration_since(statement.on).as_hours() / 24;
    if exported.settled.outcome != Outcome::NeedsInput {
        let settled = if age > DAYS { exported.settled } else { contradicted(exported.settled, statement) };
        return Exported { settled, ..exported };
    }
    let (outcome, reason) = match (age > DAYS, statement.holds) {
        (true, _) => (Outcome::NeedsInput, Reason::ConfirmedLongAgo(statement.by.clone(), day.clone())),
        (false, true) => (Outcome::Pass, Reason::Confirmed(statement.by.clone(), day.clone())),
        (false, false) => (Outcome::Fail, Reason::Confirmed(statement.by.clone(), day.clone())),
    };
    let source = Source::Attestation { by: statement.by.clone(), on: day };
    Exported { settled: Settled { outcome, reason, ..exported.settled }, source, ..exported }
}

/// What a file says, with what a person states to the contrary; it then passes nothing without a reservation.
fn contradicted(settled: Settled, statement: &Attestation) -> Settled {
    let outcome = match (settled.outcome, statement.holds) {
        (Outcome::Pass | Outcome::Warn, false) => Outcome::Warn,
        (Outcome::Fail, true) => Outcome::Fail,
        _ => return settled,
    };
    let (by, on) = (statement.by.clone(), statement.on.to_string());
    let reason = Reason::Contradicted { by, on, holds: statement.holds, reason: Box::new(settled.reason) };
    Settled { outcome, reason, ..settled }
}
