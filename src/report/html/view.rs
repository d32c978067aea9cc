//! What the page shows of one report, as values that the template lays out. Nothing is decided here.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{
    clean,
    connection::{self, ConnectionView},
    item::{self, ItemView},
    lines,
    value::{CommandView, Line, Link, action_id, steps},
};
use crate::{
    finding::{Remediation, Report, Status},
    report::{firewall, grouping, header, mailbox, verdict, words},
};

/// The most tests whose connections are shown address by address.
pub(super) const MOST_CONNECTIONS: usize = 200;

/// The most mailboxes that can be chosen from a list; more are found by searching.
const MOST_CHOICES: usize = 400;

/// So many messages that were sent are told one by one.
const DEEDS: usize = 20;

/// The most checks that are named behind an action.
const NAMED: usize = 6;

/// The head of the page.
#[derive(Serialize)]
pub(super) struct Head {
    pub(super) tone: &'static str,
    pub(super) name: String,
    pub(super) meta: String,
    pub(super) verdict: String,
    pub(super) first: String,
    pub(super) notes: Vec<String>,
    pub(super) numbers: Vec<Number>,
}

/// How many findings have a status.
#[derive(Clone, Serialize)]
pub(super) struct Number {
    pub(super) status: &'static str,
    pub(super) label: &'static str,
    pub(super) count: usize,
}

/// Something to choose in a list.
#[derive(Clone, Serialize)]
pub(super) struct Choice {
    pub(super) id: String,
    pub(super) name: String,
}

/// One report.
#[derive(Serialize)]
pub(super) struct ReportView {
    pub(super) id: String,
    pub(super) prefix: String,
    pub(super) name: String,
    pub(super) started: String,
    pub(super) tone: &'static str,
    pub(super) word: &'static str,
    pub(super) verdict: [String; 2],
    actions_title: &'static str,
    owners: Vec<OwnerView>,
    mailboxes: Option<Matrix>,
    deeds: Vec<String>,
    rules_lead: String,
    proof: String,
    rules: Vec<Rule>,
    sections: Vec<SectionView>,
    connections: Vec<ConnectionView>,
    connections_left: usize,
    vantage: Vec<Line>,
}

/// Firewall rules in one product's own form.
#[derive(Serialize)]
struct Rule {
    title: String,
    text: String,
}

/// What one team does.
#[derive(Serialize)]
struct OwnerView {
    id: String,
    name: &'static str,
    actions: Vec<ActionView>,
}

/// One recommended action.
#[derive(Serialize)]
struct ActionView {
    id: String,
    number: usize,
    title: String,
    certainty: &'static str,
    settle: Vec<CommandView>,
    fix: String,
    commands: Vec<CommandView>,
    takes: String,
    count: usize,
    explains: String,
    checks: Vec<Link>,
    sources: Vec<Source>,
}

/// A page that says so; only web addresses become links.
#[derive(Serialize)]
struct Source {
    href: Option<String>,
    text: String,
}

/// The mailboxes side by side; those with the same outcome share a row.
#[derive(Serialize)]
struct Matrix {
    total: usize,
    heads: [&'static str; 5],
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    names: Vec<String>,
    cells: [Option<&'static str>; 5],
}

/// One section of the checklist.
#[derive(Serialize)]
struct SectionView {
    title: String,
    numbers: String,
    items: Vec<ItemView>,
}

impl Head {
    pub(super) fn of(report: &Report) -> Self {
        let [verdict, first] = verdict::lines(report);
        Self {
            tone: tone(report),
            name: name(report),
            meta: clean(&format!("{}, {}", header::tool(report), report.run.started)),
            verdict: clean(&verdict),
            first: clean(&first),
            notes: notes(report),
            numbers: numbers(report),
        }
    }
}

/// The site and the server.
pub(super) fn name(report: &Report) -> String {
    let site = words::site(report);
    clean(&if site.is_empty() { report.run.host.clone() } else { format!("{site}: {}", report.run.host) })
}

/// What must be said of any of several reports.
pub(super) fn notes_of(reports: &[&Report]) -> Vec<String> {
    let told: BTreeSet<String> = reports.iter().flat_map(|report| notes(report)).collect();
    told.into_iter().collect()
}

fn notes(report: &Report) -> Vec<String> {
    let lab = report.run.lab.then(|| words::LAB.to_owned());
    let interrupted = report.run.interrupted.then(|| words::INTERRUPTED.to_owned());
    [lab, interrupted].into_iter().flatten().collect()
}

pub(super) fn numbers(report: &Report) -> Vec<Number> {
    let summary = &report.summary;
    [
        (Status::Fail, "failed", summary.fail),
        (Status::Error, "inconclusive", summary.error),
        (Status::Warn, "warnings", summary.warn),
        (Status::Pass, "passed", summary.pass),
        (Status::Skip, "not run", summary.skip),
    ]
    .map(|(status, label, count)| Number { status: words::status(status), label, count })
    .into()
}

/// The status that the whole report has, for its color.
pub(super) fn tone(report: &Report) -> &'static str {
    let summary = &report.summary;
    words::status(match summary.exit_code {
        _ if summary.fail > 0 => Status::Fail,
        0 | 4 if summary.warn > 0 => Status::Warn,
        0 => Status::Pass,
        _ => Status::Error,
    })
}

/// The title of the page.
pub(super) fn title(report: &Report) -> String {
    format!("{}: {}", name(report), clean(&verdict::lines(report)[0]))
}

/// The last line of the page.
pub(super) fn footer(report: &Report) -> String {
    clean(&format!("{}; run {}, {}", header::tool(report), report.run.id, report.run.started))
}

/// The owners of all recommended actions.
pub(super) fn owners<'r>(reports: impl IntoIterator<Item = &'r Report>) -> Vec<Choice> {
    let fixes = reports.into_iter().flat_map(|report| &report.summary.fix_first);
    let named: BTreeMap<String, &str> = fixes.map(|fix| (words::name(fix.owner), words::owner(fix.owner))).collect();
    named.into_iter().map(|(id, name)| Choice { id, name: name.to_owned() }).collect()
}

/// The severities of all findings.
pub(super) fn severities<'r>(reports: impl IntoIterator<Item = &'r Report>) -> Vec<Choice> {
    let findings = reports.into_iter().flat_map(|report| &report.findings);
    let named: BTreeSet<_> = findings.filter_map(|finding| finding.severity).collect();
    let choice = |severity| Choice { id: words::name(severity), name: words::severity(Some(severity)).to_owned() };
    named.into_iter().map(choice).collect()
}

/// The mailboxes of all reports, where they are few enough for a list.
pub(super) fn mailboxes<'r>(reports: impl IntoIterator<Item = &'r Report>) -> Vec<String> {
    let names = reports.into_iter().flat_map(mailbox::alike).flat_map(|(names, _)| names.into_iter().map(clean));
    let names: BTreeSet<String> = names.collect();
    if names.len() > MOST_CHOICES { Vec::new() } else { names.into_iter().collect() }
}

impl ReportView {
    /// What is shown of a report. Places in the page begin with `prefix`, so that several reports share one.
    pub(super) fn of(report: &Report, prefix: &str, most_connections: usize) -> Self {
        let ids = item::ids(report, prefix);
        let shown = connection::shown(report, most_connections);
        let forms = firewall::of_report(report);
        let section = |(section, places): (&str, Vec<usize>)| SectionView {
            title: clean(words::section_title(section)),
            numbers: outcome(report, &places),
            items: item::items(report, &places, &ids, &shown, prefix),
        };
        Self {
            id: format!("{prefix}report"),
            name: name(report),
            started: clean(&report.run.started),
            tone: tone(report),
            word: tone(report),
            verdict: verdict::lines(report).map(|line| clean(&line)),
            actions_title: if report.summary.fail + report.summary.error > 0 {
                "Recommended actions"
            } else {
                "Warnings"
            },
            owners: owner_views(report, prefix, &ids),
            mailboxes: matrix(report),
            deeds: deeds(report),
            rules_lead: forms.as_ref().map(|forms| forms.lead.join(" ")).unwrap_or_default(),
            rules: rules(forms.as_ref()),
            proof: proof(report),
            sections: grouping::sections(report).into_iter().map(section).collect(),
            connections: shown.iter().map(|place| connection::view(report, *place, prefix)).collect(),
            connections_left: report.looks.len() - shown.len(),
            vantage: vantage(report),
            prefix: prefix.to_owned(),
        }
    }
}

fn rules(forms: Option<&firewall::Forms>) -> Vec<Rule> {
    let rule = |form: &firewall::Form| Rule { title: form.title.to_owned(), text: lines(&form.text) };
    forms.into_iter().flat_map(|forms| &forms.each).map(rule).collect()
}

/// The command that proves what a team has done; only in the part for that team.
fn proof(report: &Report) -> String {
    report.run.part_for.and_then(|_| words::proof(report)).as_deref().map(lines).unwrap_or_default()
}

impl ReportView {
    /// The same under the name that tells it from the other reports of the page.
    pub(super) fn named(self, name: String) -> Self {
        Self { name, ..self }
    }
}

/// How the findings of a section came out, in numbers.
fn outcome(report: &Report, places: &[usize]) -> String {
    let number = |status| places.iter().filter(|place| report.findings[**place].status == status).count();
    let counted = [
        (Status::Fail, "failed"),
        (Status::Error, "inconclusive"),
        (Status::Warn, "with warnings"),
        (Status::Pass, "passed"),
        (Status::Skip, "not run"),
    ];
    let counted = counted.map(|(status, label)| (number(status), label)).into_iter().filter(|(number, _)| *number > 0);
    counted.map(|(number, label)| format!("{number} {label}")).collect::<Vec<_>>().join(", ")
}

fn vantage(report: &Report) -> Vec<Line> {
    let lines = header::vantage(report).into_iter().map(|(label, value)| (label, clean(&value)));
    let own = [
        ("Program", clean(&header::tool(report))),
        ("Run", clean(&report.run.id)),
        ("Duration", words::duration(report.run.duration_ms)),
    ];
    lines.chain(own).map(|(label, value)| Line { label: label.to_owned(), value }).collect()
}

fn deeds(report: &Report) -> Vec<String> {
    let deeds = words::deeds(report);
    if deeds.len() > DEEDS { vec![words::deeds_in_all(report)] } else { deeds.into_iter().map(clean).collect() }
}

fn matrix(report: &Report) -> Option<Matrix> {
    let rows = mailbox::alike(report);
    let total: usize = rows.iter().map(|(names, _)| names.len()).sum();
    let row = |(names, cells): (Vec<&str>, [Option<Status>; 5])| Row {
        names: names.into_iter().map(clean).collect(),
        cells: cells.map(|cell| cell.map(words::status)),
    };
    (total > 1).then(|| Matrix { total, heads: mailbox::HEADS, rows: rows.into_iter().map(row).collect() })
}

fn owner_views(report: &Report, prefix: &str, ids: &[String]) -> Vec<OwnerView> {
    let fixes = &report.summary.fix_first;
    let owners = grouping::grouped(0..fixes.len(), |place| words::owner(fixes[place].owner));
    let view = |(name, places): (&'static str, Vec<usize>)| OwnerView {
        id: words::name(fixes[places[0]].owner),
        name,
        actions: places.into_iter().map(|place| action(report, place, prefix, ids)).collect(),
    };
    owners.into_iter().map(view).collect()
}

fn action(report: &Report, place: usize, prefix: &str, ids: &[String]) -> ActionView {
    let fix = &report.summary.fix_first[place];
    let number = place + 1;
    ActionView {
        id: action_id(prefix, number),
        number,
        title: clean(&fix.title),
        certainty: words::certainty(fix.certainty),
        settle: grouping::to_be_settled(report, fix).map(steps).unwrap_or_default(),
        fix: clean(&fix.fix),
        commands: commands(fix),
        takes: clean(&fix.takes),
        count: fix.explains.len(),
        explains: words::explained(report, fix),
        checks: explained(report, fix, ids),
        sources: fix.sources.iter().map(|source| self::source(source)).collect(),
    }
}

fn source(text: &str) -> Source {
    let is_address = text.starts_with("https://") && text.is_ascii() && !text.contains(char::is_whitespace);
    Source { href: is_address.then(|| clean(text)), text: clean(text) }
}

/// The checks that an action explains: those that saw it come first.
fn explained(report: &Report, fix: &Remediation, ids: &[String]) -> Vec<Link> {
    let places = fix.explains.iter().copied().filter(|place| *place < report.findings.len());
    let mut checks = grouping::grouped(places, |place| report.findings[place].check.as_str());
    let is_seen = |places: &[usize]| places.iter().any(|place| report.findings[*place].status != Status::Skip);
    checks.sort_by_key(|(_, places)| !is_seen(places));
    let left = checks.len().saturating_sub(NAMED);
    let link = |(check, places): &(&str, Vec<usize>)| {
        let times = if places.len() == 1 { String::new() } else { format!(" ({})", places.len()) };
        Link { id: ids[places[0]].clone(), text: format!("{}{times}", clean(check)) }
    };
    let mut links: Vec<Link> = checks.iter().take(NAMED).map(link).collect();
    if left > 0 {
        let (_, places) = &checks[NAMED];
        links.push(Link { id: ids[places[0]].clone(), text: words::others(left) });
    }
    links
}

/// The commands of an action; a report of schema 1 has them in one text.
fn commands(fix: &Remediation) -> Vec<CommandView> {
    let (mut views, mut known): (Vec<CommandView>, _) = (Vec::new(), String::new());
    for command in &fix.commands {
        let view = CommandView::of(command);
        let said = format!("{} {}", view.label, view.about);
        let about = if said == known { String::new() } else { view.about.clone() };
        known = said;
        views.push(view.with_about(about));
    }
    if views.is_empty()
        && let Some(text) = fix.command.as_deref().filter(|text| !text.is_empty())
    {
        views.push(CommandView::plain("run", "", text));
    }
    views
}
