//! Several reports on one page: what differs, each report in a line, and the checks that differ side by side.

use serde::Serialize;

use super::{
    clean, item,
    view::{self, Number},
};
use crate::{
    finding::{Report, Status},
    report::{
        several::{self, Overview},
        words,
    },
};

/// So many checks that differ are shown side by side.
const MOST_CHECKS: usize = 400;

/// The longest name above a column, in characters.
const SHORT: usize = 16;

/// What several reports come to.
#[derive(Serialize)]
pub(super) struct SeveralView {
    differences: Vec<DifferenceView>,
    same: String,
    servers: Vec<ServerView>,
    checks: Vec<CheckView>,
    checks_same: String,
}

#[derive(Serialize)]
struct DifferenceView {
    sentence: String,
    hint: String,
    check: String,
}

#[derive(Serialize)]
struct ServerView {
    id: String,
    name: String,
    short: String,
    role: String,
    started: String,
    cells: Vec<Number>,
    first: String,
}

#[derive(Serialize)]
struct CheckView {
    title: String,
    subject: String,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    id: String,
    status: &'static str,
    word: &'static str,
}

impl SeveralView {
    pub(super) fn of(reports: &[&Report], overview: &Overview) -> Self {
        let difference = |one: several::Told| DifferenceView {
            sentence: clean(&one.sentence),
            hint: clean(&one.hint),
            check: clean(&one.check),
        };
        let alike = words::plural(
            overview.same,
            "{n} check has the same result in every report.",
            "{n} checks have the same result in every report.",
        );
        Self {
            differences: several::told(overview).into_iter().map(difference).collect(),
            same: format!("None: {alike}"),
            servers: (0..reports.len()).map(|at| server(reports, at)).collect(),
            checks: checks(reports, overview),
            checks_same: alike,
        }
    }
}

fn server(reports: &[&Report], at: usize) -> ServerView {
    let report = reports[at];
    let summary = &report.summary;
    let cells = [
        (Status::Fail, summary.fail),
        (Status::Warn, summary.warn),
        (Status::Pass, summary.pass),
        (Status::Skip, summary.skip),
        (Status::Error, summary.error),
    ];
    let first = summary.fix_first.first().map(|fix| format!("{} ({})", fix.title, words::owner(fix.owner)));
    ServerView {
        id: format!("{}report", prefix(at)),
        name: several::name(reports, at),
        short: short(reports, at),
        role: clean(&report.run.role),
        started: clean(&report.run.started),
        cells: cells.map(|(status, count)| Number { status: words::status(status), label: "", count }).into(),
        first: clean(&first.unwrap_or_default()),
    }
}

/// A name that fits above a column: the host; where a host has several reports the role, or the time where that is one too.
fn short(reports: &[&Report], at: usize) -> String {
    let run = &reports[at].run;
    let of_host = || reports.iter().map(|other| &other.run).filter(|other| other.host == run.host);
    let of_role = of_host().filter(|other| other.role == run.role).count();
    let name = match (of_host().count(), of_role) {
        (1, _) => &run.host,
        (_, 1) => &run.role,
        _ => &run.started,
    };
    clean(name).chars().take(SHORT).collect()
}

/// What the places of one of several reports begin with.
pub(super) fn prefix(at: usize) -> String {
    format!("s{}-", at + 1)
}

fn checks(reports: &[&Report], overview: &Overview) -> Vec<CheckView> {
    let ids: Vec<Vec<String>> = reports.iter().enumerate().map(|(at, report)| item::ids(report, &prefix(at))).collect();
    let cell = |(at, result): (usize, &Option<several::Result>)| match result {
        None => Cell { id: String::new(), status: "", word: "" },
        Some(result) => Cell {
            id: result.finding.map(|finding| ids[at][finding].clone()).unwrap_or_default(),
            status: words::status(result.status),
            word: words::status(result.status),
        },
    };
    let row = |one: &several::Difference| {
        let first = one.results.iter().enumerate().find_map(|(at, result)| Some((at, result.as_ref()?.finding?)));
        let title = first.map(|(at, finding)| reports[at].findings[finding].title.as_str()).unwrap_or_default();
        CheckView {
            title: clean(title),
            subject: clean(&one.subject),
            cells: one.results.iter().enumerate().map(cell).collect(),
        }
    };
    overview.differences.iter().take(MOST_CHECKS).map(row).collect()
}

/// The findings of all reports in numbers.
pub(super) fn numbers(reports: &[&Report]) -> Vec<Number> {
    let mut sum: Vec<Number> = Vec::new();
    for number in reports.iter().flat_map(|report| view::numbers(report)) {
        match sum.iter_mut().find(|known| known.status == number.status) {
            Some(known) => known.count += number.count,
            None => sum.push(number),
        }
    }
    sum
}
