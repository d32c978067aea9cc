//! The mailboxes of a site side by side: what works for each.
//!
//! In: a finished report. Out: one row a mailbox, in plan order. Which account a mailbox belongs to does not stand in a
//! report, so tokens, which belong to accounts, have no column.

use super::{Verbosity, words};
use crate::{
    finding::{Finding, Report, SkipReason, Status},
    probe,
};

/// The columns: what they are called, and the checks that they tell of.
const COLUMNS: [(&str, &[&str]); 4] = [
    ("receive", &["imap.sign-in", "pop3.sign-in"]),
    ("open", &["imap.mailbox-opens", "pop3.mailbox-opens"]),
    ("send", &["smtp.sign-in"]),
    ("sender", &["smtp.sender-accepted"]),
];

/// From so many mailboxes on they are worth a table.
const WORTH_A_TABLE: usize = 2;

/// Of more mailboxes than this, those that are well are only counted.
const MOST: usize = 20;

/// What a column is called.
pub(super) const HEADS: [&str; 4] = [COLUMNS[0].0, COLUMNS[1].0, COLUMNS[2].0, COLUMNS[3].0];

/// What works for one mailbox; none for what does not apply to it.
pub(super) type Row<'a> = (&'a str, [Option<Status>; 4]);

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
        rows.retain(|(_, cells)| !is_well(cells));
    }
    Some(Mailboxes { left: found - rows.len(), rows })
}

fn rows(report: &Report) -> Vec<Row<'_>> {
    let of_mailbox = |place: &usize| {
        let finding = &report.findings[*place];
        finding.subject != probe::SITE && COLUMNS.iter().any(|(_, checks)| checks.contains(&finding.check.as_str()))
    };
    let places = (0..report.findings.len()).filter(of_mailbox);
    let row = |(mailbox, places): (_, Vec<usize>)| {
        let findings: Vec<&Finding> = places.into_iter().map(|place| &report.findings[place]).collect();
        (mailbox, COLUMNS.map(|(_, checks)| worst(&findings, checks)))
    };
    let rows = words::grouped(places, |place| report.findings[place].subject.as_str()).into_iter().map(row);
    rows.filter(|(_, cells)| cells.iter().any(Option::is_some)).collect()
}

/// The worst of what some checks say; nothing when they do not apply.
fn worst(findings: &[&Finding], checks: &[&str]) -> Option<Status> {
    let order = [Status::Fail, Status::Error, Status::Skip, Status::Warn, Status::Pass];
    let told = findings.iter().filter(|finding| checks.contains(&finding.check.as_str()));
    let told: Vec<Status> = told
        .filter(|finding| finding.reason != Some(SkipReason::NotApplicable))
        .map(|finding| finding.status)
        .collect();
    order.into_iter().find(|status| told.contains(status))
}

fn is_well(cells: &[Option<Status>]) -> bool {
    cells.iter().flatten().all(|status| *status == Status::Pass)
}
