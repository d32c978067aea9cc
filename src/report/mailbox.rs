//! The mailboxes of a site side by side: what works for each.
//!
//! In: a finished report. Out: one row a mailbox, in plan order. A token belongs to an account, so that mailboxes of a
//! shared account show the same one; a report of an earlier version does not name accounts, and shows none.

use super::{Verbosity, words};
use crate::{
    finding::{Finding, Report, SkipReason, Status},
    probe,
};

/// The columns: what they are called, and the checks that they tell of.
const COLUMNS: [(&str, &[&str]); 5] = [
    ("token", TOKEN),
    ("receive", &["imap.sign-in", "pop3.sign-in"]),
    ("open", &["imap.mailbox-opens", "pop3.mailbox-opens"]),
    ("send", &["smtp.sign-in"]),
    ("sender", &["smtp.sender-accepted"]),
];

/// A message from the mailbox to itself.
const ROUND_TRIP: &str = "delivery.round-trip";

/// What stands for all checks of the account's token.
const TOKEN: &[&str] = &["token"];

/// From so many mailboxes on they are worth a table.
const WORTH_A_TABLE: usize = 2;

/// Of more mailboxes than this, those that are well are only counted.
const MOST: usize = 20;

/// What a column is called.
pub(super) const HEADS: [&str; 5] = [COLUMNS[0].0, COLUMNS[1].0, COLUMNS[2].0, COLUMNS[3].0, COLUMNS[4].0];

/// What works for one mailbox; none for what does not apply to it.
pub(super) type Row<'a> = (&'a str, [Option<Status>; 5]);

/// The mailboxes of a report.
pub(super) struct Mailboxes<'a> {
    /// Those that are shown.
    pub(super) rows: Vec<Row<'a>>,
    /// How many others there are, all well.
    pub(super) left: usize,
}

/// The mailboxes of a report when there are several: all of few, of many those that are not well.
pub(super) fn mailboxes(report: &Report, verbosity: Verbosity) -> Option<Mailboxes<'_>> {
    let mut rows = rows(report);
    let found = rows.len();
    if found < WORTH_A_TABLE {
        return None;
    }
    if verbosity == Verbosity::Quiet || (verbosity == Verbosity::Normal && found > MOST) {
        rows.retain(|(_, cells)| !is_well(*cells));
    }
    Some(Mailboxes { left: found - rows.len(), rows })
}

/// What it comes to: how many mailboxes can be read, how many can send. Only what was seen to work counts as working, what
/// failed or is shut off by a failure does not work, and all else is said to be not proved. Nothing where no mailbox was to
/// be signed in to.
pub(super) fn effect(report: &Report) -> Option<String> {
    let rows = rows(report);
    let lost = |mailbox: &str| of(report, mailbox, &[ROUND_TRIP]).any(|finding| finding.status == Status::Fail);
    let works = |(mailbox, cells): &Row<'_>, steps: [usize; 2]| {
        let seen = both(cells[steps[0]], cells[steps[1]])?;
        let shut_off =
            || steps.iter().any(|step| of(report, mailbox, COLUMNS[*step].1).any(|one| is_shut_off(one, report)));
        Some(if seen == Proved::Not && shut_off() { Proved::Fails } else { seen })
    };
    let read: Vec<_> = rows.iter().filter_map(|row| works(row, [1, 2])).collect();
    let send = rows.iter().filter_map(|row| {
        let sends = works(row, [3, 4])?;
        Some(if lost(row.0) { Proved::Fails } else { sends })
    });
    let parts: Vec<String> =
        [part(&read, "be read"), part(&send.collect::<Vec<_>>(), "send")].into_iter().flatten().collect();
    let java = if may_differ_for_java(report) { JAVA } else { "" };
    (!parts.is_empty()).then(|| format!("Effect: {}{java}.", parts.join("; ")))
}

/// What is to be said where certificates are the trouble and only this program's own trust was seen.
const JAVA: &str = ", as this program sees it; ECE's Java was not asked (tls.java-trust) and may refuse";

fn may_differ_for_java(report: &Report) -> bool {
    let is = |check: &str, status| report.findings.iter().any(|one| one.check == check && one.status == status);
    is("tls.java-trust", Status::Skip) && (is("tls.not-intercepted", Status::Fail) || is("tls.trusted", Status::Fail))
}

/// The findings of some checks for a mailbox.
fn of<'r>(report: &'r Report, mailbox: &'r str, checks: &'r [&str]) -> impl Iterator<Item = &'r Finding> {
    report.findings.iter().filter(move |one| one.subject == mailbox && checks.contains(&one.check.as_str()))
}

/// True for what was not looked at because something before it failed.
fn is_shut_off(finding: &Finding, report: &Report) -> bool {
    let by = finding.blocked_by.and_then(|by| report.findings.get(by));
    finding.reason == Some(SkipReason::Blocked) && by.is_some_and(|by| by.status == Status::Fail)
}

/// Whether something works for a mailbox, as far as it was seen.
#[derive(Clone, Copy, PartialEq)]
enum Proved {
    Works,
    Fails,
    Not,
}

/// What two steps say, of which both must hold; nothing when neither was planned.
fn both(first: Option<Status>, second: Option<Status>) -> Option<Proved> {
    let holds = |status| matches!(status, Some(Status::Pass | Status::Warn));
    match (first, second) {
        (None, None) => None,
        (Some(Status::Fail), _) | (_, Some(Status::Fail)) => Some(Proved::Fails),
        _ if holds(first) && holds(second) => Some(Proved::Works),
        _ => Some(Proved::Not),
    }
}

fn part(mailboxes: &[Proved], verb: &str) -> Option<String> {
    let number = |proved| mailboxes.iter().filter(|one| **one == proved).count();
    let all = format!("{} {}", mailboxes.len(), if mailboxes.len() == 1 { "mailbox" } else { "mailboxes" });
    let (works, fails, open) = (number(Proved::Works), number(Proved::Fails), number(Proved::Not));
    match (works, fails, open) {
        (0, 0, 0) => None,
        (0, 0, _) => Some(format!("whether {all} can {verb} is not proved")),
        (_, _, 0) => Some(format!("{works} of {all} can {verb}")),
        _ => Some(format!("{works} of {all} can {verb}, {fails} cannot, {open} not proved")),
    }
}

fn rows(report: &Report) -> Vec<Row<'_>> {
    let of_mailbox = |place: &usize| {
        let finding = &report.findings[*place];
        finding.subject != probe::SITE && COLUMNS.iter().any(|(_, checks)| checks.contains(&finding.check.as_str()))
    };
    let places = (0..report.findings.len()).filter(of_mailbox);
    let of_token = |finding: &&Finding| finding.check.split('.').next() == Some(TOKEN[0]) && finding.account.is_some();
    let of_tokens: Vec<&Finding> = report.findings.iter().filter(of_token).collect();
    let tokens = words::grouped(0..of_tokens.len(), |place| of_tokens[place].account.as_deref());
    let tokens: Vec<(Option<&str>, Option<Status>)> = tokens
        .into_iter()
        .map(|(account, places)| (account, worst(places.into_iter().map(|place| of_tokens[place]))))
        .collect();
    let row = |(mailbox, places): (_, Vec<usize>)| {
        let findings: Vec<&Finding> = places.into_iter().map(|place| &report.findings[place]).collect();
        let account = findings.iter().find_map(|finding| finding.account.as_deref());
        let token = tokens.iter().find(|(known, _)| *known == account).and_then(|(_, status)| *status);
        let of_column = |checks: &[&str]| {
            worst(findings.iter().copied().filter(|finding| checks.contains(&finding.check.as_str())))
        };
        (mailbox, COLUMNS.map(|(_, checks)| if checks == TOKEN { token } else { of_column(checks) }))
    };
    let rows = words::grouped(places, |place| report.findings[place].subject.as_str()).into_iter().map(row);
    rows.filter(|(_, cells)| cells[1..].iter().any(Option::is_some)).collect()
}

/// The worst of what some findings say; nothing when they do not apply.
fn worst<'a>(findings: impl Iterator<Item = &'a Finding>) -> Option<Status> {
    let order = [Status::Fail, Status::Error, Status::Skip, Status::Warn, Status::Pass];
    let applies = findings.filter(|finding| finding.reason != Some(SkipReason::NotApplicable));
    let told: Vec<Status> = applies.map(|finding| finding.status).collect();
    order.into_iter().find(|status| told.contains(status))
}

/// A warning about a token is told with its account, and is no news of each of its mailboxes.
fn is_well(cells: [Option<Status>; 5]) -> bool {
    let [token, rest @ ..] = cells;
    let is_token_well = matches!(token, None | Some(Status::Pass | Status::Warn));
    is_token_well && rest.iter().flatten().all(|status| *status == Status::Pass)
}
