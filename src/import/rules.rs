//! What evidence settles: pure functions over records and what is asked about the site.
//!
//! In: [`File`]s and a [`Question`]. Out: [`Settled`]s, one for each check and subject: an outcome, facts, the cause where
//! one is proved, and the rows that say so. A row is found by address, never because it is the only one. What is missing is
//! named; it is never taken for "not set". Newer evidence counts before older evidence, an old file passes nothing, and
//! evidence that disagrees is never averaged.

mod application;
mod attestation;
mod find;
mod foreign;
mod license;
mod mailbox;
pub mod principal;
mod reason;
mod rights;
mod sign_in;
pub mod webex;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::Serialize;

use super::{File, Made, facts, record::Record};
use crate::evidence::{Fact, FactValue, Facts, Failure, FailureKind, Protocol, Source, Stage, Subject};

pub use attestation::{About, Attestation, about, attested};
pub use find::Evidence;
pub use foreign::foreign;
pub use reason::Reason;

/// A file younger than this is as good as a look of today.
pub const FRESH: SignedDuration = SignedDuration::from_hours(24);

/// A file older than this settles nothing.
pub const OLD: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is asked about the site.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The moment from which ages are counted.
    pub now: Timestamp,
    /// The application (client) ID, in lower case.
    pub client_id: Option<String>,
    /// The redirect URL that ECE sends.
    pub redirect_url: Option<String>,
    /// The last day of the client secret, as the site file states it.
    pub secret_expires: Option<Date>,
    /// The accounts of ECE.
    pub accounts: Vec<Account>,
}

/// An account of ECE, as far as evidence is about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Its name in ECE.
    pub name: String,
    /// Who signs in; none for an application's own token.
    pub signs_in_as: Option<String>,
    /// True when the application signs in by itself.
    pub application: bool,
    /// Whether IMAP fetches its mail; none when it is not known.
    pub imap: Option<bool>,
    /// The mailboxes that are read and sent from.
    pub mailboxes: Vec<String>,
}

impl Account {
    /// The mailbox that signs in to SMTP: the user's own, or for an application each one that it sends from.
    fn signing(&self) -> Vec<String> {
        match &self.signs_in_as {
            Some(user) if !self.application => vec![user.to_lowercase()],
            _ => self.mailboxes.iter().map(|mailbox| mailbox.to_lowercase()).collect(),
        }
    }
}

impl Question {
    /// What the files themselves are about, where no site is given: every mailbox and application in them.
    #[must_use]
    pub fn of_files(files: &[File], now: Timestamp) -> Self {
        let mut addresses = BTreeSet::new();
        let mut applications = BTreeSet::new();
        for record in files.iter().flat_map(|file| &file.rows).map(|row| &row.record) {
            match record {
                Record::CasMailbox(row) => addresses.extend(row.who.addresses.first().cloned()),
                Record::Mailbox(row) => addresses.extend(row.who.addresses.first().cloned()),
                Record::License(row) => addresses.extend(row.user.clone()),
                Record::Application(row) => drop(applications.insert(row.app_id.clone())),
                Record::ExchangeServicePrincipal(row) => drop(applications.insert(row.app_id.clone())),
                _ => {}
            }
        }
        addresses.extend(
            files.iter().filter(|file| file.complete.contains(&"user-license")).filter_map(|file| file.subject.clone()),
        );
        let account = |address: String| Account {
            signs_in_as: Some(address.clone()),
            mailboxes: vec![address],
            ..Account::default()
        };
        let only = (applications.len() == 1).then(|| applications.pop_first()).flatten();
        Self {
            now,
            client_id: only,
            redirect_url: None,
            secret_expires: None,
            accounts: addresses.into_iter().map(account).collect(),
        }
    }
}

/// The checks that evidence settles.
pub const CHECKS: &[&str] = &[
    "mailbox.smtp-enabled",
    "mailbox.imap-enabled",
    "mailbox.pop-enabled",
    "mailbox.full-access",
    "mailbox.send-as",
    "mailbox.service-principal",
    "directory.licence",
    "directory.redirect-registered",
    "directory.secret-lifetime",
    "directory.consent",
    "entra.sign-in-failures",
    "webex.applications-present",
    "webex.consent",
    "webex.tenant-url",
    "webex.provisioning-on",
    "webex.mapping",
    "webex.user-names",
    "webex.deleted-users",
    "ece.log-receiving",
    "ece.log-sending",
    "ece.log-token",
];

/// How a check comes out by evidence alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Pass,
    /// It holds with a reservation.
    Warn,
    /// It does not hold.
    Fail,
    /// The evidence does not say.
    NeedsInput,
    /// It does not apply.
    NotApplicable,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pass, Self::Warn, Self::Fail, Self::NeedsInput, Self::NotApplicable];

    /// Its word in reports.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::NeedsInput => "needs-input",
            Self::NotApplicable => "not-applicable",
        }
    }
}

/// What evidence settles for one check and subject.
#[derive(Clone, Debug, PartialEq)]
pub struct Settled {
    /// The check.
    pub check: &'static str,
    /// For whom.
    pub subject: Subject,
    /// How it comes out.
    pub outcome: Outcome,
    /// What was read.
    pub facts: Facts,
    /// The cause that is proved.
    pub cause: Option<&'static str>,
    /// Why it comes out so.
    pub reason: Reason,
    /// The files that say so, by their place in the list.
    pub from: Vec<usize>,
    /// The newest file, which decided, where files disagree.
    pub disagree: Option<usize>,
}

impl Settled {
    fn new(check: &'static str, subject: Subject, outcome: Outcome, reason: Reason) -> Self {
        Self { check, subject, outcome, facts: Facts::default(), cause: None, reason, from: Vec::new(), disagree: None }
    }

    /// What an earlier run has settled, as its report keeps it.
    #[must_use]
    pub fn restored(check: &'static str, subject: Subject, outcome: Outcome, note: String, facts: Facts) -> Self {
        Self { facts, ..Self::new(check, subject, outcome, Reason::restored(note)) }
    }

    fn because_of(mut self, cause: &'static str) -> Self {
        self.cause = Some(cause);
        self
    }

    fn with<T: FactValue>(mut self, fact: Fact<T>, value: impl Into<T>) -> Self {
        self.facts.set(fact, value);
        self
    }

    fn from(mut self, files: impl IntoIterator<Item = usize>) -> Self {
        self.from.extend(files);
        self.from.sort_unstable();
        self.from.dedup();
        self
    }
}

/// All that files settle for a site, in the order of the checklist.
#[must_use]
pub fn settle(files: &[File], question: &Question) -> Vec<Settled> {
    let evidence = Evidence::new(files, question);
    let mut settled = Vec::new();
    settled.extend(mailbox::smtp(&evidence, question));
    settled.extend(mailbox::fetching(&evidence, question));
    settled.extend(license::all(&evidence, question));
    settled.extend(rights::full_access(&evidence, question));
    settled.extend(rights::send_as(&evidence, question));
    settled.extend(rights::service_principal(&evidence, question));
    settled.extend(application::all(&evidence, question));
    settled.extend(sign_in::failures(&evidence, question));
    let named = |one: Settled| match &question.client_id {
        Some(id) => one.with(facts::entra::APPLICATION_ID, id.as_str()),
        None => one,
    };
    settled.into_iter().map(|one| aged(named(one), files, question.now)).collect()
}

/// What evidence settles, with where it comes from, for a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// What is settled.
    pub settled: Settled,
    /// The account that it belongs to.
    pub account: Option<String>,
    /// Where it comes from; of several files the oldest, which decides how much it is worth.
    pub source: Source,
    /// The refusal that the evidence tells of, as a probe would have written it down.
    pub failure: Option<Failure>,
}

/// What files and statements settle for a site, with where it comes from. Where files are expected, what waits for them is
/// named although none is there.
#[must_use]
pub fn exported(files: &[File], attestations: &[Attestation], question: &Question, is_expected: bool) -> Vec<Exported> {
    if files.is_empty() && attestations.is_empty() && !is_expected {
        return Vec::new();
    }
    let with_source = |settled: Settled| {
        let oldest = settled.from.iter().filter_map(|at| files.get(*at)).min_by_key(|file| file.made.at());
        let source = oldest.map_or(Source::Live, File::source);
        let failure = refusal(&settled);
        Exported { account: account_of(&settled.subject, question), settled, source, failure }
    };
    let mut exported: Vec<Exported> = settle(files, question).into_iter().map(with_source).collect();
    for (check, subject) in attestation::subjects(attestations, question) {
        if !exported.iter().any(|one| one.settled.check == check && one.settled.subject == subject) {
            exported.push(with_source(Settled::new(check, subject, Outcome::NeedsInput, Reason::NoEvidence)));
        }
    }
    let exported = exported.into_iter().map(|one| attested(one, attestations, question.now));
    // where there are statements alone, only what they could have said waits for a file
    let is_stated = |one: &Exported| attestations.iter().any(|statement| statement.check == one.settled.check);
    exported.filter(|one| !files.is_empty() || is_expected || is_stated(one)).collect()
}

/// The refusal that evidence names, as the token endpoint would have said it: what an error code of Entra means is known
/// once, whoever says it.
fn refusal(settled: &Settled) -> Option<Failure> {
    let refused = |stage| Failure::new(Protocol::Token, stage, FailureKind::Rejected, settled.reason.to_string());
    if settled.check == application::SECRET && settled.outcome == Outcome::Fail {
        return (!settled.facts.is(facts::directory::OVER)).then(|| refused(Stage::Credential));
    }
    let code = settled.facts.get(facts::entra::SIGN_IN_ERROR)?;
    Some(Failure { aadsts: vec![u32::try_from(*code).ok()?], ..refused(Stage::Grant) })
}

fn account_of(subject: &Subject, question: &Question) -> Option<String> {
    let Subject::Mailbox(address) = subject else { return None };
    let has = |account: &&Account| {
        let mut own = account.mailboxes.iter().chain(&account.signs_in_as);
        own.any(|mailbox| mailbox.eq_ignore_ascii_case(address))
    };
    question.accounts.iter().find(has).map(|account| account.name.clone())
}

/// The oldest file that something rests on decides how much it is worth.
fn aged(settled: Settled, files: &[File], now: Timestamp) -> Settled {
    if settled.from.is_empty() || matches!(settled.outcome, Outcome::NeedsInput | Outcome::NotApplicable) {
        return settled;
    }
    let moments: Option<Vec<Timestamp>> =
        settled.from.iter().map(|file| files.get(*file)).map(|file| file.and_then(|file| file.made.at())).collect();
    let oldest = moments.and_then(|moments| moments.into_iter().min());
    let age = oldest.map(|oldest| now.duration_since(oldest));
    match (settled.outcome, age) {
        (_, None) => {
            let dates = settled.from.iter().filter_map(|file| files.get(*file)?.made.written());
            let ahead = dates.max().filter(|at| *at > now);
            let is_strange =
                settled.from.iter().any(|file| files.get(*file).is_some_and(|file| file.made == Made::Strange));
            let undated = if is_strange { Reason::StrangeDate } else { Reason::NoDate };
            let reason = ahead.map_or(undated, |at| Reason::Future(day(Some(at))));
            Settled { outcome: Outcome::NeedsInput, cause: None, reason, ..settled }
        }
        (_, Some(age)) if age > OLD => {
            Settled { outcome: Outcome::NeedsInput, cause: None, reason: Reason::TooOld(day(oldest)), ..settled }
        }
        _ => with_reservations(settled, files, oldest.filter(|_| age.is_some_and(|age| age > FRESH))),
    }
}

/// What an older file says, and what the newest of several that disagree says, is told as that; it passes nothing without
/// a reservation.
fn with_reservations(settled: Settled, files: &[File], old: Option<Timestamp>) -> Settled {
    let newest = settled.disagree.and_then(|at| files.get(at)).map(|file| file.name.clone());
    let is_reserved = newest.is_some() || old.is_some();
    let mut reason = settled.reason.clone();
    if let Some(newest) = newest {
        reason = Reason::Disagree(newest, Box::new(reason));
    }
    if old.is_some() {
        reason = Reason::AsOf(day(old), Box::new(reason));
    }
    let outcome = if is_reserved && settled.outcome == Outcome::Pass { Outcome::Warn } else { settled.outcome };
    Settled { outcome, reason, ..settled }
}

fn day(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).date().to_string()).unwrap_or_default()
}

/// When the file was made, for the order of two that disagree.
fn moment(made: Made) -> Option<Timestamp> {
    made.at()
}

#[cfg(test)]
mod tests;
