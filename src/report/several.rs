//! Several reports side by side: what differs between them, what each came to. Pure.
//!
//! In: finished reports, of several servers or of several times. Out: values, in the order of the reports; the formats lay
//! them out. Nothing is judged here: where a check fails on one server and passes on another, that is said, and what it
//! proves of the service behind it, not more.

use std::collections::HashMap;

use serde::Serialize;

use super::{grouping, harmless, part, verdict, words};
use crate::{
    evidence::Subject,
    finding::{Finding, Owner, Report, SkipReason, Status},
};

/// The most names of servers in a sentence, and of those that are only compared with.
const NAMES: usize = 6;
const NAMES_BESIDE: usize = 3;

/// The longest text of one place, in characters.
const LONGEST: usize = 300;

/// What several reports come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Overview {
    /// What differs between the reports: failures first.
    pub differences: Vec<Difference>,
    /// How many results all reports have, and have alike.
    pub same: usize,
    /// 1 when any report has a failure, otherwise 3 when any is inconclusive, otherwise 4 or 0.
    pub exit_code: u8,
}

/// One check of one subject that did not come out alike in all reports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// The check.
    pub check: String,
    /// What it was made for.
    pub subject: String,
    /// What differs, as a sentence.
    pub sentence: String,
    /// What follows from it, as a sentence; empty where nothing does.
    pub hint: String,
    /// How it came out in each report, in their order; none where a report does not have it.
    pub results: Vec<Option<Result>>,
}

/// How a check came out in one report.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Result {
    /// The place of the finding in the report; none where one team's part of the report leaves it out.
    pub finding: Option<usize>,
    /// The status.
    pub status: Status,
    /// The cause that is named first.
    pub cause: Option<String>,
}

/// Compares the reports.
#[must_use]
pub fn overview(reports: &[&Report]) -> Overview {
    of_rows(reports, &rows(reports))
}

/// Compares whole reports for one team: what its part has of any of them. What fails on one server is in its part, and
/// that the same passes on another is seen in the whole alone. Places are those in the parts.
#[must_use]
pub fn overview_of_part(reports: &[&Report], owner: Owner) -> Overview {
    let kept: Vec<Vec<usize>> = reports.iter().map(|report| part::places(report, owner)).collect();
    let in_part = |report: usize, place: usize| kept[report].binary_search(&place).ok();
    let is_in_part =
        |row: &Row| row.iter().enumerate().any(|(at, place)| place.and_then(|it| in_part(at, it)).is_some());
    let rows: Vec<Row> = rows(reports).into_iter().filter(is_in_part).collect();
    let mut overview = of_rows(reports, &rows);
    for difference in &mut overview.differences {
        for (at, result) in difference.results.iter_mut().enumerate() {
            let Some(result) = result else { continue };
            result.finding = result.finding.and_then(|place| in_part(at, place));
        }
    }
    overview
}

/// The places of one check of one subject, a report each.
type Row = Vec<Option<usize>>;

fn rows(reports: &[&Report]) -> Vec<Row> {
    let mut keys: Vec<Key<'_>> = Vec::new();
    let mut table: HashMap<Key<'_>, Row> = HashMap::new();
    for (at, report) in reports.iter().enumerate() {
        for (place, key) in keyed(report) {
            let row = table.entry(key).or_insert_with(|| {
                keys.push(key);
                vec![None; reports.len()]
            });
            row[at] = Some(place);
        }
    }
    keys.iter().filter_map(|key| table.remove(key)).collect()
}

fn of_rows(reports: &[&Report], rows: &[Row]) -> Overview {
    let mut differences = Vec::new();
    let mut same = 0;
    for row in rows {
        if row.iter().all(Option::is_some) && is_alike(reports, row) {
            same += 1;
        } else if let Some(difference) = difference(reports, row) {
            differences.push(difference);
        }
    }
    differences.sort_by_key(|difference| rank(&difference.results));
    Overview { differences, same, exit_code: exit_code(reports) }
}

type Key<'r> = (&'r str, &'r str, Option<&'r str>, usize);

fn keyed(report: &Report) -> Vec<(usize, Key<'_>)> {
    let mut seen: HashMap<(&str, &str, Option<&str>), usize> = HashMap::new();
    report
        .findings
        .iter()
        .enumerate()
        .map(|(place, finding)| {
            let key = (finding.check.as_str(), finding.subject.as_str(), finding.account.as_deref());
            let number = seen.entry(key).or_insert(0);
            *number += 1;
            (place, (key.0, key.1, key.2, *number))
        })
        .collect()
}

fn at<'r>(reports: &[&'r Report], row: &[Option<usize>], report: usize) -> Option<&'r Finding> {
    row[report].and_then(|place| reports[report].findings.get(place))
}

/// Alike are findings with the same status and, where they are not well, the same first cause.
fn outcome(finding: &Finding) -> (Status, Option<&str>) {
    let cause = finding.causes.first().map(|cause| cause.cause.as_str());
    (finding.seen_status(), cause.filter(|_| finding.seen_status() != Status::Pass))
}

fn is_alike(reports: &[&Report], row: &[Option<usize>]) -> bool {
    let mut outcomes = (0..reports.len()).filter_map(|report| at(reports, row, report)).map(outcome);
    let first = outcomes.next();
    outcomes.all(|outcome| Some(outcome) == first)
}

/// What differs, unless it is only that a check was not run somewhere and passed elsewhere, or does not apply.
fn difference(reports: &[&Report], row: &[Option<usize>]) -> Option<Difference> {
    let findings: Vec<(usize, &Finding)> =
        (0..reports.len()).filter_map(|report| at(reports, row, report).map(|finding| (report, finding))).collect();
    let is_bad = |finding: &Finding| matches!(finding.seen_status(), Status::Fail | Status::Warn | Status::Error);
    let bad: Vec<(usize, &Finding)> = findings.iter().copied().filter(|(_, finding)| is_bad(finding)).collect();
    // a check that is for another server says nothing of this one
    let applies = |finding: &&Finding| finding.reason != Some(SkipReason::NotApplicable);
    let applying: Vec<&Finding> = findings.iter().map(|(_, finding)| *finding).filter(applies).collect();
    let is_for_some = applying.len() < findings.len();
    let alike_where_it_applies = applying.iter().all(|finding| outcome(finding) == outcome(applying[0]));
    if bad.is_empty() || is_alike(reports, row) || (is_for_some && alike_where_it_applies) {
        return None;
    }
    let passed: Vec<usize> = findings
        .iter()
        .filter(|(_, finding)| finding.seen_status() == Status::Pass)
        .map(|(report, _)| *report)
        .collect();
    let (_, first) = bad[0];
    let result = |report: usize| {
        at(reports, row, report).map(|finding| Result {
            finding: row[report],
            status: finding.status,
            cause: finding.causes.first().map(|cause| cause.cause.clone()),
        })
    };
    Some(Difference {
        check: first.check.to_string(),
        subject: first.subject.to_string(),
        sentence: sentence(reports, &bad, &passed),
        hint: hint(reports, &bad, &passed),
        results: (0..reports.len()).map(result).collect(),
    })
}

/// Failures beside passes come first, then other failures, then warnings.
fn rank(results: &[Option<Result>]) -> usize {
    let has = |status| results.iter().flatten().any(|result| result.status == status);
    match (has(Status::Fail), has(Status::Pass)) {
        (true, true) => 0,
        (true, false) => 1,
        (false, _) => 2,
    }
}

/// What differs, without the subject, so that the same difference of several subjects is told once.
fn sentence(reports: &[&Report], bad: &[(usize, &Finding)], passed: &[usize]) -> String {
    let mut by_outcome: Vec<((&str, &str), Vec<usize>)> = Vec::new();
    for (report, finding) in bad {
        let key = (words::title(finding), word(finding.seen_status()));
        match by_outcome.iter_mut().find(|(known, _)| *known == key) {
            Some((_, at)) => at.push(*report),
            None => by_outcome.push((key, vec![*report])),
        }
    }
    let part = |((title, word), at): ((&str, &str), Vec<usize>)| format!("{title}{word} on {}", names(reports, &at));
    let parts: Vec<String> = by_outcome.into_iter().map(part).collect();
    let passed = if passed.is_empty() { String::new() } else { format!("; passed on {}", others(reports, passed)) };
    harmless::line(&format!("{}{passed}.", parts.join("; ")), LONGEST * 2)
}

/// What is said of an outcome beside its title.
fn word(status: Status) -> &'static str {
    match status {
        Status::Warn => " (warning)",
        Status::Error => " (inconclusive)",
        _ => "",
    }
}

/// One difference of one or more subjects, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What differs, with all that it is about.
    pub sentence: String,
    /// What follows from it.
    pub hint: String,
    /// The check.
    pub check: String,
    /// The worst status of it.
    pub status: Status,
}

/// The differences in words: those that are the same but for their subject are told once.
#[must_use]
pub fn told(overview: &Overview) -> Vec<Told> {
    let all = &overview.differences;
    let groups = grouping::grouped(0..all.len(), |at| (all[at].check.as_str(), all[at].sentence.as_str()));
    let told = |((check, sentence), at): ((&str, &str), Vec<usize>)| {
        let subjects: Vec<&str> = at.iter().map(|at| all[*at].subject.as_str()).collect();
        let whom = if subjects == [Subject::Site.as_str()] {
            String::new()
        } else {
            format!("{}: ", words::list(&subjects, NAMES))
        };
        let statuses = all[at[0]].results.iter().flatten().map(|result| result.status);
        Told {
            sentence: harmless::line(&format!("{whom}{sentence}"), LONGEST * 3),
            hint: all[at[0]].hint.clone(),
            check: check.to_owned(),
            status: statuses.min_by_key(|status| severity(*status)).unwrap_or(Status::Skip),
        }
    };
    groups.into_iter().map(told).collect()
}

fn severity(status: Status) -> usize {
    let order = [Status::Fail, Status::Error, Status::Warn, Status::Pass, Status::Skip];
    order.iter().position(|one| *one == status).unwrap_or(order.len())
}

/// What the other server proves: the service answers there, so that the fault is between it and this server.
fn hint(reports: &[&Report], bad: &[(usize, &Finding)], passed: &[usize]) -> String {
    let failed: Vec<usize> =
        bad.iter().filter(|(_, finding)| finding.seen_status() == Status::Fail).map(|(report, _)| *report).collect();
    if failed.is_empty() || passed.is_empty() {
        return String::new();
    }
    let server = |at: usize| (words::site(reports[at]), reports[at].run.host.as_str());
    let same = || failed.iter().flat_map(|bad| passed.iter().map(move |good| (*bad, *good)));
    let is_same = |(bad, good): (usize, usize)| server(bad) == server(good);
    if same().any(is_same) {
        let role = |at: usize| reports[at].run.role.as_str();
        let is_run_again = same().any(|(bad, good)| is_same((bad, good)) && role(bad) == role(good));
        let told = "Runs of the same server differ: compare what changed between them.";
        return if is_run_again { told.to_owned() } else { String::new() };
    }
    let here = if failed.len() > NAMES_BESIDE { "the servers that fail".to_owned() } else { names(reports, &failed) };
    let there = others(reports, passed);
    let layer = bad[0].1.check.split('.').next().unwrap_or_default();
    harmless::line(
        &match layer {
            "tcp" => {
                format!("The port answers on {there}: check the rules for {here}, on that server and on its path.")
            }
            "dns" => format!("The name resolves on {there}: check the DNS servers and the hosts file of {here}."),
            "tls" if bad[0].1.check == "tls.not-intercepted" => {
                format!("No TLS inspection was found on {there}: check the devices on the path of {here}.")
            }
            "tls" if bad[0].1.check == "tls.java-trust" => {
                format!("Java trusts the certificate on {there}: compare the Java trust store of {here} with it.")
            }
            "tls" => format!("The certificate is accepted on {there}: check the path and the trust store of {here}."),
            "https" | "smtp" | "imap" | "pop3" if bad[0].1.account.is_none() => {
                format!("The service answers on {there}: check the devices on the path of {here}.")
            }
            "token" | "smtp" | "imap" | "pop3" => {
                format!("The same account works on {there}: compare the token of {here} and policies for its address.")
            }
            _ => String::new(),
        },
        LONGEST * 2,
    )
}

/// Servers as a sentence names them; the same server twice is told by its time.
fn names(reports: &[&Report], at: &[usize]) -> String {
    let names: Vec<String> = at.iter().map(|report| name(reports, *report)).collect();
    words::list(&names, NAMES)
}

/// The servers that others are compared with: by name where they are few.
fn others(reports: &[&Report], at: &[usize]) -> String {
    if at.len() > NAMES_BESIDE { format!("{} others", at.len()) } else { names(reports, at) }
}

/// A server's name, with its role where the name alone does not tell it from the others, and the time where nothing does.
#[must_use]
pub fn name(reports: &[&Report], at: usize) -> String {
    let report = reports[at];
    let site = words::site(report);
    let of = |report: &Report| (words::site(report).to_owned(), report.run.host.clone());
    let alike: Vec<&&Report> = reports.iter().filter(|other| of(other) == of(report)).collect();
    let mut name = if site.is_empty() { report.run.host.clone() } else { format!("{} ({site})", report.run.host) };
    let roles_differ = reports.iter().any(|other| other.run.role != report.run.role);
    if roles_differ && matches!(report.run.role.as_str(), "services" | "application") {
        name = format!("{name}, {} server", report.run.role);
    }
    if alike.iter().filter(|other| other.run.role == report.run.role).count() > 1 {
        name = format!("{name}, {}", report.run.started);
    }
    harmless::line(&name, LONGEST)
}

/// The exit code of several reports: that of the worst.
#[must_use]
pub fn exit_code(reports: &[&Report]) -> u8 {
    let has = |code| reports.iter().any(|report| report.summary.exit_code == code);
    [1, 3, 5, 4].into_iter().find(|code| has(*code)).unwrap_or(0)
}

/// What the reports come to, in two lines.
#[must_use]
pub fn verdict(reports: &[&Report], overview: &Overview) -> [String; 2] {
    let part_for = reports.first().and_then(|report| report.run.part_for);
    let failing = reports.iter().filter(|report| report.summary.fail > 0).count();
    let open = reports.iter().filter(|report| is_open(report)).count();
    let all = reports.len();
    let open = if open == 0 { String::new() } else { format!(" {open} inconclusive.") };
    let first = match (failing, open.is_empty()) {
        (0, true) => match part_for {
            None => format!("No failures in {all} reports."),
            Some(owner) => format!("No failures for the {} in {all} reports.", words::owner(owner)),
        },
        (failing, _) => format!("{failing} of {all} reports have failures.{open}"),
    };
    let second = match told(overview).as_slice() {
        [] => match part_for {
            None => "No check came out differently.".to_owned(),
            Some(owner) => format!("No check for the {} came out differently.", words::owner(owner)),
        },
        [one] => format!("Difference: {}", one.sentence),
        [one, rest @ ..] => format!("Difference: {} And {} more.", one.sentence, rest.len()),
    };
    [first, second]
}

/// True where nothing failed and something is not known. The exit code of a part is that of the whole report.
fn is_open(report: &Report) -> bool {
    let summary = &report.summary;
    let lacks_results = match report.run.part_for {
        None => ![0, 4].contains(&summary.exit_code),
        Some(_) => summary.error + summary.missing_input > 0,
    };
    summary.fail == 0 && lacks_results
}

/// The outcome of one report in one line.
#[must_use]
pub fn line(report: &Report) -> String {
    let [result, first] = verdict::lines(report);
    format!("{result} {first}").trim().to_owned()
}
