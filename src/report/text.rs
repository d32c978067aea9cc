//! The report for the person at the terminal: terse where all is well, full where not, and at the end what to do.
//!
//! In: a finished report. Out: text in the reader's width. Sections come in the order of Cisco's checklist; what is
//! folded into one line (passes of one check, findings blocked by the same thing) is counted and named there.

use std::collections::BTreeSet;

use super::{
    Style, Verbosity, harmless,
    page::{Page, Paint},
    words,
};
use crate::{
    finding::{Finding, FixFirst, NamedCause, Report, SkipReason, Status},
    seen::{Line, Path, Step, Stop},
};

/// The longest subject that stands beside a title, in characters.
const SUBJECT: usize = 200;

/// The most check names in a folded line, and the most lines of a transcript.
const NAMES: usize = 40;
const SAID: usize = 12;

/// The last line when something failed and no cause was found.
const UNEXPLAINED: &str = "No cause could be named; the failed checks above say what was seen.";

/// Writes the report for a terminal or a text file.
pub(super) fn render(report: &Report, style: &Style) -> String {
    let mut writer = Writer { report, page: Page::new(style), explained: BTreeSet::new(), looked: BTreeSet::new() };
    writer.header();
    for (section, places) in words::sections(report) {
        writer.section(section, &places);
    }
    writer.counts();
    writer.fix_first();
    writer.closing();
    writer.page.finish()
}

struct Writer<'a> {
    report: &'a Report,
    page: Page<'a>,
    /// Causes whose mending has been told already.
    explained: BTreeSet<&'a str>,
    /// Looks whose addresses have been listed already.
    looked: BTreeSet<usize>,
}

/// Places of findings that nothing was seen for, by what they wait for.
#[derive(Default)]
struct Waiting {
    blocked: Vec<(Option<usize>, Vec<usize>)>,
    input: Vec<usize>,
    elsewhere: Vec<usize>,
}

impl<'a> Writer<'a> {
    fn header(&mut self) {
        let run = &self.report.run;
        if self.is(Verbosity::Normal) {
            self.page.paragraph(Paint::Strong, &words::tool(self.report));
            for (label, text) in words::vantage(self.report) {
                self.page.label(label, &text);
            }
        }
        if run.lab {
            self.page.gap();
            self.page.paragraph(Paint::Loud, "THE BUILT-IN LAB, not Microsoft: nothing below is about your tenant.");
        }
        if run.interrupted {
            self.page.gap();
            self.page.paragraph(Paint::Loud, "INTERRUPTED: the checklist was not walked to its end.");
        }
    }

    fn section(&mut self, section: &'a str, places: &[usize]) {
        if !self.is(Verbosity::Normal) && places.iter().all(|place| self.at(*place).status == Status::Pass) {
            return;
        }
        self.page.heading(words::section_title(section));
        let mut waiting = self.waiting(places);
        for (_, group) in words::grouped(places.iter().copied(), |place| self.at(place).check.as_str()) {
            self.group(&group, &mut waiting);
        }
        self.waiting_for(waiting);
    }

    /// The findings of one check: those that hold together, the others each in full.
    fn group(&mut self, group: &[usize], waiting: &mut Waiting) {
        self.passes(group);
        for place in group {
            match self.at(*place).status {
                Status::Warn | Status::Fail | Status::Error => {
                    self.full(*place);
                    self.blocked_by(*place, waiting);
                }
                Status::Skip if self.stands_alone(*place) => self.skipped(*place),
                Status::Pass | Status::Skip => {}
            }
        }
    }

    fn passes(&mut self, group: &[usize]) {
        let passed: Vec<usize> = group.iter().copied().filter(|place| self.at(*place).status == Status::Pass).collect();
        let Some(first) = passed.first().map(|place| self.at(*place)) else { return };
        if !self.is(Verbosity::Normal) {
            return;
        }
        if self.is(Verbosity::Verbose) {
            return passed.iter().for_each(|place| self.passed(*place));
        }
        let whom = match (passed.len(), group.len()) {
            (1, 1) => clip(&first.subject),
            (some, all) if some == all => format!("all {all}"),
            (some, all) => format!("{some} of {all}"),
        };
        self.page.item(Status::Pass, &entitled(&first.title, &whom), Some(&first.check));
    }

    fn passed(&mut self, place: usize) {
        let finding = self.headline(place);
        self.page.field("found", &finding.found);
        if let Some(look) = finding.look.filter(|look| self.looked.insert(*look)) {
            self.addresses(look);
        }
    }

    /// All about a finding that is not well: what was seen, what it means, what to do and who does it.
    fn full(&mut self, place: usize) {
        let finding = self.headline(place);
        self.page.field("found", &finding.found);
        if self.told_already(finding) {
            return self.again(finding);
        }
        self.page.field("wanted", &finding.expected);
        self.page.field("means", &finding.means);
        for cause in &finding.causes {
            self.cause(cause);
        }
        self.mend(finding);
        self.page.field("next", finding.next.as_deref().unwrap_or_default());
        if self.is(Verbosity::Verbose) {
            self.evidence(finding);
        }
        self.page.field("more", &format!("ece-check explain {}", finding.check));
    }

    fn headline(&mut self, place: usize) -> &'a Finding {
        let finding = self.at(place);
        self.page.item(finding.status, &entitled(&finding.title, &clip(&finding.subject)), Some(&finding.check));
        finding
    }

    fn cause(&mut self, cause: &NamedCause) {
        let title = words::fix(self.report, &cause.cause).map_or(cause.cause.as_str(), |(_, fix)| fix.title.as_str());
        let because = match cause.because.as_slice() {
            [] => String::new(),
            some => format!(": {}", some.join("; ")),
        };
        self.page.field("cause", &format!("{title} ({}){because}", words::certainty(cause.certainty)));
    }

    /// What mends the best cause; told in full once, and only pointed at afterwards.
    fn mend(&mut self, finding: &'a Finding) {
        let known = finding.causes.iter().find_map(|cause| words::fix(self.report, &cause.cause));
        let Some((number, fix)) = known else { return };
        if !self.explained.insert(&fix.cause) {
            return self.page.field("do", &format!("see fix {number} at the end ({})", words::owner(fix.owner)));
        }
        self.page.field("do", &fix.fix);
        self.page.field("who", words::owner(fix.owner));
        self.page.command(fix.command.as_deref().unwrap_or_default());
    }

    /// True when the only cause of a finding has been told, so that nine findings of one cause do not fill three screens.
    fn told_already(&self, finding: &Finding) -> bool {
        let [cause] = finding.causes.as_slice() else { return false };
        self.explained.contains(cause.cause.as_str()) && !self.is(Verbosity::Verbose)
    }

    /// The rest of a finding whose cause has been told.
    fn again(&mut self, finding: &Finding) {
        let Some(cause) = finding.causes.first() else { return };
        let Some((number, fix)) = words::fix(self.report, &cause.cause) else { return };
        let (certainty, owner) = (words::certainty(cause.certainty), words::owner(fix.owner));
        self.page.field("means", &finding.means);
        self.page.field("cause", &format!("as above ({certainty}), see fix {number} at the end ({owner})"));
        self.page.field("next", finding.next.as_deref().unwrap_or_default());
    }

    fn evidence(&mut self, finding: &Finding) {
        for cause in &finding.ruled_out {
            self.page.field("not", &format!("{}: {}", cause.cause, cause.because));
        }
        if let Some(look) = finding.look {
            self.looked.insert(look);
            self.addresses(look);
            self.said(look);
        }
    }

    /// What each address of a look showed.
    fn addresses(&mut self, look: usize) {
        let report = self.report;
        for path in report.looks.get(look).map_or(&[][..], |look| &look.paths) {
            self.page.field("at", &address(path));
        }
    }

    /// The end of the conversation on the first connection that could not go on.
    fn said(&mut self, look: usize) {
        let Some(look) = self.report.looks.get(look) else { return };
        let stopped = look.paths.iter().find(|path| path.stop.is_some());
        let lines = stopped.map_or(&look.transcript, |path| &path.transcript);
        for line in &lines[lines.len().saturating_sub(SAID)..] {
            self.page.field("said", &spoken(line));
        }
    }

    /// Skipped findings of a section that are folded, sorted by what they wait for.
    fn waiting(&self, places: &[usize]) -> Waiting {
        let folded = |reason| {
            let of_reason = move |place: &usize| self.at(*place).reason == Some(reason) && !self.stands_alone(*place);
            places.iter().copied().filter(|place| self.at(*place).status == Status::Skip).filter(of_reason)
        };
        let root = |place: usize| words::root(&self.report.findings, self.at(place));
        Waiting {
            blocked: words::grouped(folded(SkipReason::Blocked), root),
            input: folded(SkipReason::NeedsInput).collect(),
            elsewhere: folded(SkipReason::NotApplicable).collect(),
        }
    }

    /// A skip that is never folded: waived, without a reason, or any when everything is asked for.
    fn stands_alone(&self, place: usize) -> bool {
        self.is(Verbosity::Verbose) || matches!(self.at(place).reason, None | Some(SkipReason::Waived))
    }

    fn skipped(&mut self, place: usize) {
        let finding = self.headline(place);
        let reason = finding.reason.map_or("for no stated reason", words::reason);
        let by = words::root(&self.report.findings, finding).map(|root| format!(" by {}", self.named(root)));
        let found = if finding.found.is_empty() { String::new() } else { format!(": {}", finding.found) };
        self.page.field("skipped", &format!("{reason}{}{found}", by.unwrap_or_default()));
        self.page.field("needs", finding.next.as_deref().unwrap_or_default());
    }

    /// What could not be looked at because of the finding just told.
    fn blocked_by(&mut self, place: usize, waiting: &mut Waiting) {
        let Some(group) = waiting.blocked.iter().position(|(root, _)| *root == Some(place)) else { return };
        let (_, places) = waiting.blocked.remove(group);
        let line = format!("{} more could not be looked at because of this: {}", places.len(), self.names(&places));
        self.page.item(Status::Skip, &line, None);
    }

    fn waiting_for(&mut self, waiting: Waiting) {
        for (root, places) in waiting.blocked {
            let what = root.map_or("something that they need".to_owned(), |root| self.named(root));
            let line = format!("{} could not be looked at because of {what}: {}", places.len(), self.names(&places));
            self.page.item(Status::Skip, &line, None);
        }
        for (next, places) in words::grouped(waiting.input, |place| self.at(place).next.as_deref()) {
            self.fold(&places, "wait for you");
            self.page.field("needs", next.unwrap_or_default());
        }
        for (found, places) in words::grouped(waiting.elsewhere, |place| self.at(place).found.as_str()) {
            self.fold(&places, "do not apply here");
            self.page.field("because", found);
        }
    }

    fn fold(&mut self, places: &[usize], what: &str) {
        if let [place] = places {
            self.headline(*place);
            return;
        }
        self.page.item(Status::Skip, &format!("{} {what}: {}", places.len(), self.names(places)), None);
    }

    fn counts(&mut self) {
        let summary = &self.report.summary;
        let skips = self.skips();
        self.page.gap();
        self.page.paragraph(
            Paint::Strong,
            &format!(
                "{}: {} passed, {}, {} failed, {} skipped{skips}, {} not judged; in {}",
                words::count(summary.planned, "check"),
                summary.pass,
                words::count(summary.warn, "warning"),
                summary.fail,
                summary.skip,
                summary.error,
                words::duration(self.report.run.duration_ms),
            ),
        );
    }

    /// Why findings were skipped, in numbers and in brackets.
    fn skips(&self) -> String {
        let reasons = [
            (SkipReason::Blocked, "blocked"),
            (SkipReason::NeedsInput, "waiting for you"),
            (SkipReason::NotApplicable, "not applicable"),
            (SkipReason::Waived, "waived"),
        ];
        let number = |reason| self.report.findings.iter().filter(|finding| finding.reason == Some(reason)).count();
        let counted =
            reasons.map(|(reason, what)| (number(reason), what)).into_iter().filter(|(number, _)| *number > 0);
        let counted: Vec<String> = counted.map(|(number, what)| format!("{number} {what}")).collect();
        if counted.is_empty() { String::new() } else { format!(" ({})", counted.join(", ")) }
    }

    fn fix_first(&mut self) {
        let fixes = &self.report.summary.fix_first;
        if fixes.is_empty() {
            return;
        }
        self.page.heading("Fix first");
        for (number, fix) in fixes.iter().enumerate() {
            if number > 0 {
                self.page.gap();
            }
            self.fix(number + 1, fix);
        }
    }

    fn fix(&mut self, number: usize, fix: &FixFirst) {
        let title = format!("{} ({})", fix.title, words::certainty(fix.certainty));
        self.page.numbered(number, &title);
        self.page.field("who", words::owner(fix.owner));
        self.page.field("do", &fix.fix);
        self.page.command(fix.command.as_deref().unwrap_or_default());
        self.page.field("takes", &fix.takes);
        self.page.field("behind", &self.explained(fix));
        self.page.field("more", &format!("ece-check explain {}", fix.cause));
        if self.is(Verbosity::Verbose) {
            self.page.field("read", &fix.sources.join(" "));
        }
    }

    fn explained(&self, fix: &FixFirst) -> String {
        let places: Vec<usize> =
            fix.explains.iter().copied().filter(|place| *place < self.report.findings.len()).collect();
        format!("{}: {}", words::count(fix.explains.len(), "finding"), self.names(&places))
    }

    fn closing(&mut self) {
        let summary = &self.report.summary;
        self.page.gap();
        if summary.fail > 0 {
            let text = summary.fix_first.first().map_or(UNEXPLAINED.to_owned(), begin_with);
            return self.page.paragraph(Paint::Strong, &text);
        }
        if summary.error > 0 || summary.pass + summary.warn == 0 {
            let what = match summary.error {
                0 => "nothing was looked at".to_owned(),
                number => format!("{} could not be judged", words::count(number, "check")),
            };
            return self.page.paragraph(Paint::Caution, &format!("Not proved healthy: nothing failed, but {what}."));
        }
        let what = match (summary.warn, summary.skip) {
            (0, 0) => "All is well.".to_owned(),
            (0, skipped) => format!("All that was looked at is well; {skipped} skipped, as said above."),
            (warnings, _) => format!("Nothing failed; {} above.", words::count(warnings, "warning")),
        };
        self.page.paragraph(Paint::Good, &what);
    }

    /// The checks of some findings, each once, with how often where it is more than once.
    fn names(&self, places: &[usize]) -> String {
        let checks = words::grouped(places.iter().copied(), |place| self.at(place).check.as_str());
        let names: Vec<String> = checks
            .into_iter()
            .map(|(check, places)| match places.len() {
                1 => clip(check),
                number => format!("{} ({number})", clip(check)),
            })
            .collect();
        words::list(&names, if self.is(Verbosity::Verbose) { usize::MAX } else { NAMES })
    }

    fn named(&self, place: usize) -> String {
        let finding = self.at(place);
        format!("{} {}", clip(&finding.check), clip(&finding.subject))
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

fn begin_with(fix: &FixFirst) -> String {
    format!("Begin with 1, {}: {}", words::owner(fix.owner), fix.title)
}

fn clip(text: &str) -> String {
    harmless::line(text, SUBJECT)
}

fn address(path: &Path) -> String {
    let dialled = path.dialled.map(|dialled| format!(" (dialled {dialled})")).unwrap_or_default();
    let steps: Vec<String> = path.steps.iter().map(timed).collect();
    let stop = path.stop.as_ref().map(|stop| format!("; {}", stopped(stop))).unwrap_or_default();
    format!("{}{dialled} {}{stop}", path.address, steps.join(", "))
}

fn timed(step: &Step) -> String {
    format!("{} {:.0} ms", words::name(step.name), step.ms)
}

fn stopped(stop: &Stop) -> String {
    let words = if stop.words.is_empty() { String::new() } else { format!(": {}", stop.words) };
    format!("stopped at {}, {}{words}", words::name(stop.stage), words::name(stop.kind))
}

fn spoken(line: &Line) -> String {
    format!("{:.0} ms {} {}", line.at_ms, words::name(line.mark), line.text)
}
