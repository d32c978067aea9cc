//! One line of the checklist: findings of one check that came out alike.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::{
    clean, connection, slug,
    value::{self, CommandView, Link},
};
use crate::{
    finding::{Finding, NamedCause, Report, SkipReason, Status},
    report::{
        grouping::{self, Blocker},
        words,
    },
};

/// So many subjects of one line are places that can be linked to; the rest is text.
const MOST_LINKED: usize = 60;

/// So many connections are linked to from one line.
const MOST_CONNECTIONS: usize = 6;

/// So many different outcomes of passed checks are told; the rest is in the evidence.
const MOST_FOUND: usize = 12;

/// So many characters of subjects stand beside a title.
const SHORT: usize = 60;

/// Findings that came out alike.
#[derive(Serialize)]
pub(super) struct ItemView {
    pub(super) id: String,
    status: &'static str,
    word: &'static str,
    title: String,
    whom: String,
    check: String,
    brief: String,
    owners: Vec<String>,
    severity: String,
    severity_label: String,
    waiver: String,
    subjects: Vec<Subject>,
    more: Vec<String>,
    found: Vec<FoundView>,
    expected: String,
    impact: String,
    causes: Vec<CauseView>,
    reason: String,
    blocked_by: Vec<Link>,
    input: String,
    ruled_out: Vec<RuledOutView>,
    connections: Vec<Link>,
    more_connections: usize,
    verify: Vec<CommandView>,
}

#[derive(Serialize)]
struct Subject {
    id: String,
    name: String,
}

/// What was found, and for whom where that differs.
#[derive(Serialize)]
struct FoundView {
    text: String,
    names: Vec<String>,
}

#[derive(Serialize)]
struct CauseView {
    title: String,
    certainty: &'static str,
    because: String,
    action: Option<ActionLink>,
}

#[derive(Serialize)]
struct ActionLink {
    id: String,
    number: usize,
    owner: &'static str,
}

#[derive(Serialize)]
struct RuledOutView {
    cause: String,
    because: String,
}

/// The place of each finding in the page. It is made of the check and the subject, so that it is the same in the next run.
pub(super) fn ids(report: &Report, prefix: &str) -> Vec<String> {
    let mut known: HashMap<String, usize> = HashMap::new();
    let id = |finding: &Finding| {
        let account = finding.account.as_deref().filter(|account| finding.subject != *account);
        let parts = [Some(finding.check.as_str()), Some(finding.subject.as_str()), account];
        let id = format!("{prefix}r-{}", slug(&parts.into_iter().flatten().collect::<Vec<_>>().join("-")));
        let times = known.entry(id.clone()).or_insert(0);
        *times += 1;
        if *times == 1 { id } else { format!("{id}--{times}") }
    };
    report.findings.iter().map(id).collect()
}

/// The lines of a section: what did not pass comes first within each check.
pub(super) fn items(
    report: &Report,
    places: &[usize],
    ids: &[String],
    shown: &BTreeSet<usize>,
    prefix: &str,
) -> Vec<ItemView> {
    let writer = Writer { report, ids, shown, prefix };
    let mut items = Vec::new();
    for (_, places) in grouping::grouped(places.iter().copied(), |place| report.findings[place].check.as_str()) {
        items.extend(of_check(report, &places).iter().map(|alike| writer.item(alike)));
    }
    items
}

/// The findings of one check that are told together.
fn of_check(report: &Report, places: &[usize]) -> Vec<Vec<usize>> {
    let status = |place: usize| report.findings[place].status;
    let with = |wanted: fn(Status) -> bool| places.iter().copied().filter(move |place| wanted(status(*place)));
    let mut told =
        grouping::alike(report, with(|status| matches!(status, Status::Fail | Status::Error | Status::Warn)));
    let passed: Vec<usize> = with(|status| status == Status::Pass).collect();
    told.extend((!passed.is_empty()).then_some(passed));
    let why = |place: usize| {
        let finding = &report.findings[place];
        (
            words::waiver(finding),
            finding.reason.map(words::reason),
            grouping::root(&report.findings, finding),
            finding.found.as_str(),
            finding.next.as_deref(),
        )
    };
    told.extend(grouping::grouped(with(|status| status == Status::Skip), why).into_iter().map(|(_, places)| places));
    told
}

struct Writer<'r> {
    report: &'r Report,
    ids: &'r [String],
    shown: &'r BTreeSet<usize>,
    prefix: &'r str,
}

impl<'r> Writer<'r> {
    /// One line for findings that are told together; there is at least one.
    fn item(&self, places: &[usize]) -> ItemView {
        let report = self.report;
        let findings: Vec<&'r Finding> = places.iter().map(|place| &report.findings[*place]).collect();
        let first = findings[0];
        let is_bad = matches!(first.seen_status(), Status::Fail | Status::Warn | Status::Error);
        let found = if is_bad { told(&grouping::found(report, &findings)) } else { found_by_subject(&findings) };
        let brief = match (first.status, found.as_slice()) {
            (Status::Skip, _) if !is_bad => self.why_short(first),
            (Status::Pass, _) => String::new(),
            (_, some) => some.first().map(|one| one.text.clone()).unwrap_or_default(),
        };
        let linked = places.len().min(MOST_LINKED);
        let several = places.len() > 1;
        let connections = self.connections(&findings);
        ItemView {
            id: if several { format!("{}-all", self.ids[places[0]]) } else { self.ids[places[0]].clone() },
            status: words::status(first.status),
            word: if first.reason == Some(SkipReason::Waived) { "waived" } else { words::status(first.status) },
            title: clean(words::title(first)),
            whom: if several { whom(&findings) } else { clean(words::subject(first)) },
            check: clean(&first.check),
            brief,
            owners: self.owners(first),
            severity: words::name(first.severity),
            severity_label: words::severity(first.severity).to_owned(),
            waiver: clean(&words::waiver(first)),
            subjects: if several { self.subjects(&places[..linked]) } else { Vec::new() },
            more: findings[linked..].iter().map(|finding| clean(finding.subject.as_str())).collect(),
            found: if first.status == Status::Skip && !is_bad { Vec::new() } else { found },
            expected: clean(&first.expected),
            impact: if is_bad { clean(&first.means) } else { String::new() },
            causes: first.causes.iter().map(|cause| self.cause(first, cause)).collect(),
            reason: if first.status == Status::Skip && !is_bad { why(first) } else { String::new() },
            blocked_by: self.blocked_by(first),
            input: if first.reason == Some(SkipReason::NeedsInput) { next(first) } else { String::new() },
            ruled_out: first
                .ruled_out
                .iter()
                .map(|out| RuledOutView { cause: clean(&out.cause), because: clean(&out.because) })
                .collect(),
            more_connections: connections.len().saturating_sub(MOST_CONNECTIONS),
            connections: connections.into_iter().take(MOST_CONNECTIONS).collect(),
            verify: value::steps(first),
        }
    }

    fn subjects(&self, places: &[usize]) -> Vec<Subject> {
        let subject = |place: &usize| {
            let finding = &self.report.findings[*place];
            Subject { id: self.ids[*place].clone(), name: clean(finding.subject.as_str()) }
        };
        places.iter().map(subject).collect()
    }

    /// The owners of what fixes a finding, or the finding that blocks it.
    fn owners(&self, finding: &Finding) -> Vec<String> {
        let fixes = &self.report.summary.fix_first;
        let numbers: Vec<usize> = match finding.reason {
            Some(SkipReason::Blocked) => match grouping::blocker(self.report, finding) {
                Blocker::Fixes(numbers) => numbers,
                Blocker::Finding(_) => Vec::new(),
            },
            _ => finding
                .causes
                .iter()
                .filter_map(|cause| grouping::fix(self.report, finding, &cause.cause))
                .map(|(number, _)| number)
                .collect(),
        };
        let owners: BTreeSet<String> = numbers.into_iter().map(|number| words::name(fixes[number - 1].owner)).collect();
        owners.into_iter().collect()
    }

    fn cause(&self, finding: &Finding, cause: &NamedCause) -> CauseView {
        let fix = grouping::fix(self.report, finding, &cause.cause);
        let title = fix.map_or(cause.title.as_str(), |(_, fix)| fix.title.as_str());
        CauseView {
            title: clean(if title.is_empty() { &cause.cause } else { title }),
            certainty: words::certainty(cause.certainty),
            because: clean(&grouping::because(finding, cause).join("; ")),
            action: fix.map(|(number, fix)| ActionLink {
                id: value::action_id(self.prefix, number),
                number,
                owner: words::owner(fix.owner),
            }),
        }
    }

    fn why_short(&self, finding: &Finding) -> String {
        match (finding.reason, grouping::blocker(self.report, finding)) {
            (Some(SkipReason::Blocked), Blocker::Fixes(numbers)) => {
                format!("blocked by {}", grouping::actions(&numbers))
            }
            _ => why(finding),
        }
    }

    fn blocked_by(&self, finding: &Finding) -> Vec<Link> {
        let fixes = match grouping::blocker(self.report, finding) {
            Blocker::Fixes(numbers) if finding.reason == Some(SkipReason::Blocked) => numbers,
            _ => Vec::new(),
        };
        let actions = fixes
            .into_iter()
            .map(|number| Link { id: value::action_id(self.prefix, number), text: format!("Action {number}") });
        let root = grouping::root(&self.report.findings, finding).map(|root| {
            let by = &self.report.findings[root];
            Link { id: self.ids[root].clone(), text: clean(&format!("{} {}", by.check, words::subject(by))) }
        });
        actions.chain(root).collect()
    }

    /// The connections that findings were judged by, as far as they are shown.
    fn connections(&self, findings: &[&Finding]) -> Vec<Link> {
        let looks: BTreeSet<usize> =
            findings.iter().filter_map(|finding| finding.look).filter(|look| self.shown.contains(look)).collect();
        looks
            .into_iter()
            .map(|look| Link { id: connection::id(self.prefix, look), text: connection::name(self.report, look) })
            .collect()
    }
}

/// Why a check was not run.
fn why(finding: &Finding) -> String {
    let reason = finding.reason.map_or("no reason given", words::reason);
    let reason = if finding.optional { "optional" } else { reason };
    let found = if finding.found.is_empty() { String::new() } else { format!(": {}", finding.found) };
    clean(&format!("{reason}{found}"))
}

/// Whom findings are about, where that fits beside a title.
fn whom(findings: &[&Finding]) -> String {
    let mut subjects: Vec<&str> = findings.iter().map(|finding| words::subject(finding)).collect();
    subjects.dedup();
    let all = clean(&subjects.join(", "));
    if all.chars().count() <= SHORT { all } else { format!("{} results", findings.len()) }
}

fn next(finding: &Finding) -> String {
    clean(finding.next.as_deref().unwrap_or_default())
}

fn told(found: &str) -> Vec<FoundView> {
    if found.is_empty() { Vec::new() } else { vec![FoundView { text: clean(found), names: Vec::new() }] }
}

/// What was found for whom; the same is told once.
fn found_by_subject(findings: &[&Finding]) -> Vec<FoundView> {
    let groups = grouping::grouped(0..findings.len(), |place| findings[place].found.as_str());
    let (all, left) = (groups.len(), groups.len().saturating_sub(MOST_FOUND));
    let view = |(found, places): (&str, Vec<usize>)| FoundView {
        text: clean(found),
        names: if all == 1 {
            Vec::new()
        } else {
            places.into_iter().map(|place| clean(findings[place].subject.as_str())).collect()
        },
    };
    let mut views: Vec<FoundView> =
        groups.into_iter().filter(|(found, _)| !found.is_empty()).take(MOST_FOUND).map(view).collect();
    if left > 0 {
        let text = format!("{left} more different results: see the evidence or the JSON report");
        views.push(FoundView { text, names: Vec::new() });
    }
    views
}
