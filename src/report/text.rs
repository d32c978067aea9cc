//! The report for the person at the terminal: terse where all is well, full where not, and at the end what to do.
//!
//! In: a finished report. Out: text in the reader's width. Sections come in the order of Cisco's checklist; what is
//! folded into one item (passes of one check, failures that differ in their subject alone, findings that wait for the
//! same thing) is counted and named there. What mends a cause is told once, at the end; so is any text that repeats.

mod ending;
mod finding;
mod skipped;

use std::collections::BTreeSet;

use self::skipped::Waiting;
use super::{
    Style, Verbosity, grouping, harmless, header,
    page::{Page, Paint},
    verdict, words,
};
use crate::finding::{Finding, Report, SkipReason, Status};

/// The longest subject that stands beside a title, in characters.
const SUBJECT: usize = 200;

/// The most check names in a folded line, and behind a fix.
const NAMES: usize = 40;
const TELLING: usize = 3;

/// The most characters of the subjects of findings told as one.
const SUBJECTS: usize = 500;

/// What stands for a text that has been told.
const AS_ABOVE: &str = "as above";

/// Writes the report for a terminal or a text file.
pub(super) fn render(report: &Report, style: &Style) -> String {
    let nothing = BTreeSet::new;
    let mut writer = Writer {
        report,
        page: Page::new(style),
        explained: nothing(),
        told: nothing(),
        looked: BTreeSet::new(),
        folded: false,
    };
    writer.verdict();
    writer.header();
    for (section, places) in grouping::sections(report) {
        writer.section(section, &places);
    }
    writer.mailboxes();
    writer.deeds();
    writer.counts();
    writer.fix_first();
    writer.firewall();
    writer.closing();
    writer.page.finish()
}

struct Writer<'a> {
    report: &'a Report,
    page: Page<'a>,
    /// Causes that have been told already.
    explained: BTreeSet<&'a str>,
    /// Meanings and needs that have been told already.
    told: BTreeSet<&'a str>,
    /// Looks whose addresses have been listed already.
    looked: BTreeSet<usize>,
    /// True right below a section in one line, which needs no gap before the next.
    folded: bool,
}

impl<'a> Writer<'a> {
    /// The outcome in two lines, for who reads no further.
    fn verdict(&mut self) {
        let [result, first] = verdict::lines(self.report);
        let summary = &self.report.summary;
        let paint = match summary.exit_code {
            _ if summary.fail > 0 => Paint::Bad,
            0 if !self.has_waived() => Paint::Good,
            _ => Paint::Caution,
        };
        for (paint, line) in [(paint, result), (Paint::Strong, first)] {
            self.page.paragraph(paint, &self.with_next_called(&line));
        }
        self.page.gap();
    }

    /// A line with the command that it ends with as this program was called.
    fn with_next_called(&self, line: &str) -> String {
        match line.split_once("Next: ") {
            Some((before, command)) => format!("{before}Next: {}", self.page.called(command)),
            None => line.to_owned(),
        }
    }

    fn header(&mut self) {
        let run = &self.report.run;
        if self.is(Verbosity::Normal) {
            self.page.paragraph(Paint::Strong, &header::tool(self.report));
            for (label, text) in header::vantage(self.report) {
                self.page.label(label, &text);
            }
        } else if let Some(which) = header::which(self.report) {
            self.page.paragraph(Paint::Plain, &which);
        }
        if run.lab {
            self.page.gap();
            self.page.paragraph(Paint::Loud, words::LAB);
        }
        if run.interrupted {
            self.page.gap();
            self.page.paragraph(Paint::Loud, words::INTERRUPTED);
        }
    }

    fn section(&mut self, section: &'a str, places: &[usize]) {
        let is_quiet = !self.is(Verbosity::Normal);
        let has_problem =
            places.iter().map(|place| self.at(*place)).any(|one| is_not_well(one) || (is_quiet && one.is_waived()));
        if !has_problem && !self.is(Verbosity::Normal) {
            return;
        }
        if !has_problem && !self.is(Verbosity::Verbose) {
            return self.healthy(section, places);
        }
        self.folded = false;
        self.page.heading(words::section_title(section));
        let mut waiting = self.waiting(places);
        for (_, group) in grouping::grouped(places.iter().copied(), |place| self.at(place).check.as_str()) {
            self.group(&group, &mut waiting);
        }
        self.waiting_for(waiting, places.len());
    }

    fn has_waived(&self) -> bool {
        self.report.findings.iter().any(Finding::is_waived)
    }

    /// A section without a problem in one line, and below it only what was not run and could have been.
    fn healthy(&mut self, section: &str, places: &[usize]) {
        let passed = places.iter().filter(|place| self.at(**place).status == Status::Pass).count();
        let was_seen = passed > 0 && !places.iter().any(|place| is_owed(self.at(*place)));
        let status = if was_seen { Status::Pass } else { Status::Skip };
        if !std::mem::replace(&mut self.folded, true) {
            self.page.gap();
        }
        self.page.item(status, &format!("{}: {}", words::section_title(section), self.outcome(places, passed)), None);
        let mut waiting = self.waiting(places);
        waiting.leave_inapplicable_out();
        self.folded = waiting.is_empty();
        let is_alone = |place: &usize| self.at(*place).status == Status::Skip && self.stands_alone(*place);
        let alone: Vec<usize> = places.iter().copied().filter(is_alone).collect();
        self.folded &= alone.is_empty();
        for place in alone {
            self.skipped(place);
        }
        self.waiting_for(waiting, places.len());
    }

    /// How the findings of a healthy section came out, in numbers.
    fn outcome(&self, places: &[usize], passed: usize) -> String {
        let skipped: Vec<&Finding> =
            places.iter().map(|place| self.at(*place)).filter(|one| one.status == Status::Skip).collect();
        let told = match (passed, skipped.len()) {
            (1, 0) => "passed".to_owned(),
            (all, 0) => format!("all {all} passed"),
            (0, _) => String::new(),
            (some, _) => format!("{some} passed"),
        };
        let told = [told, words::skips(skipped.into_iter())];
        told.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// The findings of one check: those that hold together, the others in full, those that are alike as one.
    fn group(&mut self, group: &[usize], waiting: &mut Waiting) {
        let applies = |place: &&usize| self.at(**place).reason != Some(SkipReason::NotApplicable);
        let all = group.iter().filter(applies).count();
        self.passes(group, all);
        for alike in self.alike(group) {
            self.full(&alike, all);
            self.blocked_by(&alike, waiting);
        }
        for place in group {
            if self.at(*place).status == Status::Skip && self.stands_alone(*place) {
                self.skipped(*place);
            }
        }
    }

    fn alike(&self, group: &[usize]) -> Vec<Vec<usize>> {
        let told = group.iter().copied().filter(|place| is_not_well(self.at(*place)));
        if self.is(Verbosity::Verbose) {
            return told.map(|place| vec![place]).collect();
        }
        grouping::alike(self.report, told)
    }

    /// The findings that hold, of so many that apply.
    fn passes(&mut self, group: &[usize], all: usize) {
        let passed: Vec<usize> = group.iter().copied().filter(|place| self.at(*place).status == Status::Pass).collect();
        let Some(first) = passed.first().map(|place| self.at(*place)) else { return };
        if !self.is(Verbosity::Normal) {
            return;
        }
        if self.is(Verbosity::Verbose) {
            return passed.iter().for_each(|place| self.passed(*place));
        }
        let whom = match (passed.len(), all) {
            (1, 1) => clip(words::subject(first)),
            (some, all) => so_many(some, all),
        };
        self.page.item(Status::Pass, &entitled(&first.title, &whom), Some(&first.check));
    }

    fn passed(&mut self, place: usize) {
        let finding = self.headline(place);
        self.page.field("found", &finding.found);
        if let Some(look) = finding.look.filter(|look| self.looked.insert(*look)) {
            self.route(finding);
            self.addresses(look);
        }
    }

    /// The checks of some findings, each once, with how often where it is more than once.
    fn names(&self, places: &[usize]) -> String {
        let checks = grouping::grouped(places.iter().copied(), |place| self.at(place).check.as_str());
        let names: Vec<String> = checks.iter().map(|(check, places)| numbered(check, places.len())).collect();
        words::list(&names, if self.is(Verbosity::Verbose) { usize::MAX } else { NAMES })
    }

    fn named(&self, place: usize) -> String {
        let finding = self.at(place);
        format!("{} {}", clip(&finding.check), clip(finding.subject.as_str()))
    }

    fn at(&self, place: usize) -> &'a Finding {
        &self.report.findings[place]
    }

    fn is(&self, verbosity: Verbosity) -> bool {
        self.page.verbosity() >= verbosity
    }
}

fn entitled(title: &str, whom: &str) -> String {
    if whom.is_empty() { title.to_owned() } else { format!("{title}: {whom}") }
}

fn so_many(some: usize, all: usize) -> String {
    if some == all { format!("all {all}") } else { format!("{some} of {all}") }
}

/// True for what was not run and should have been: the section is not proved healthy without it.
fn is_owed(finding: &Finding) -> bool {
    let is_skipped = finding.status == Status::Skip && !finding.optional;
    let is_left_out = matches!(finding.reason, Some(SkipReason::NotApplicable | SkipReason::Waived));
    is_skipped && (finding.is_waived() || !is_left_out)
}

fn is_not_well(finding: &Finding) -> bool {
    matches!(finding.status, Status::Warn | Status::Fail | Status::Error)
}

/// The name of a check, with how often where it is more than once.
fn numbered(check: &str, number: usize) -> String {
    if number == 1 { clip(check) } else { format!("{} ({number})", clip(check)) }
}

fn clip(text: &str) -> String {
    harmless::line(text, SUBJECT)
}
