//! The report for the person at the terminal: terse where all is well, full where not, and at the end what to do.
//!
//! In: a finished report. Out: text in the reader's width. Sections come in the order of Cisco's checklist; what is
//! folded into one item (passes of one check, failures that differ in their subject alone, findings that wait for the
//! same thing) is counted and named there. What mends a cause is told once, at the end; so is any text that repeats.

use std::collections::BTreeSet;

use super::{
    Style, Verbosity, firewall, harmless, mailbox,
    page::{Page, Paint},
    prose, verdict,
    words::{self, Blocker},
};
use crate::{
    evidence::{Attempt, Failure, Route, Timing, TranscriptLine},
    finding::{Finding, NamedCause, NextStep, Remediation, Report, SkipReason, Status},
};

/// The longest subject that stands beside a title, in characters.
const SUBJECT: usize = 200;

/// The most check names in a folded line, behind a fix, and the most lines of a transcript.
const NAMES: usize = 40;
const TELLING: usize = 3;
const SAID: usize = 12;

/// So many messages that were sent are told one by one.
const DEEDS: usize = 20;

/// The most characters of the subjects of findings told as one.
const SUBJECTS: usize = 500;

/// What stands for a text that has been told.
const AS_ABOVE: &str = "as above";

/// Writes the report for a terminal or a text file.
pub(super) fn render(report: &Report, style: &Style) -> String {
    let nothing = BTreeSet::new;
    let mut writer =
        Writer { report, page: Page::new(style), explained: nothing(), told: nothing(), looked: BTreeSet::new() };
    writer.verdict();
    writer.header();
    for (section, places) in words::sections(report) {
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
}

/// Places of findings that nothing was seen for, by what they wait for.
#[derive(Default)]
struct Waiting {
    blocked: Vec<(Option<usize>, Vec<usize>)>,
    input: Vec<usize>,
    elsewhere: Vec<usize>,
}

impl<'a> Writer<'a> {
    /// The outcome in two lines, for who reads no further.
    fn verdict(&mut self) {
        let [result, first] = verdict::lines(self.report);
        let summary = &self.report.summary;
        let paint = match summary.exit_code {
            _ if summary.fail > 0 => Paint::Bad,
            0 => Paint::Good,
            _ => Paint::Caution,
        };
        self.page.paragraph(paint, &result);
        self.page.paragraph(Paint::Strong, &first);
        self.page.gap();
    }

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
            self.page.paragraph(Paint::Loud, words::LAB);
        }
        if run.interrupted {
            self.page.gap();
            self.page.paragraph(Paint::Loud, words::INTERRUPTED);
        }
    }

    fn section(&mut self, section: &'a str, places: &[usize]) {
        let is_told = |place: &usize| self.is(Verbosity::Normal) || is_not_well(self.at(*place));
        if !places.iter().any(is_told) {
            return;
        }
        self.page.heading(words::section_title(section));
        let mut waiting = self.waiting(places);
        for (_, group) in words::grouped(places.iter().copied(), |place| self.at(place).check.as_str()) {
            self.group(&group, &mut waiting);
        }
        self.waiting_for(waiting, places.len());
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
        words::alike(self.report, told)
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

    /// All about findings that are not well and alike: what was seen, what it means, why, and where the mending is told.
    fn full(&mut self, places: &[usize], all: usize) {
        let findings: Vec<&'a Finding> = places.iter().map(|place| self.at(*place)).collect();
        let [finding, ..] = findings[..] else { return };
        self.headlines(&findings, all);
        self.page.field("waiver", &words::waiver(finding));
        self.page.field("found", &words::found(self.report, &findings));
        if self.told_already(finding) {
            return self.again(finding);
        }
        self.page.field("expected", &finding.expected);
        self.route(finding);
        self.means(finding);
        for cause in &finding.causes {
            self.cause(finding, cause);
        }
        self.mend(finding);
        self.steps(finding);
        if self.is(Verbosity::Verbose) {
            self.evidence(finding);
        }
        if self.is(Verbosity::Verbose) {
            self.page.field("severity", words::severity(finding.severity));
        }
        if self.is(Verbosity::Normal) {
            self.details(&finding.check);
        }
    }

    /// One title for findings that are alike, and all that they are about.
    fn headlines(&mut self, findings: &[&'a Finding], all: usize) {
        let [first, _, ..] = findings else {
            return findings.iter().for_each(|finding| self.title(finding));
        };
        let title = entitled(words::title(first), &so_many(findings.len(), all));
        self.page.item(first.status, &title, Some(&first.check));
        let subjects: Vec<String> = findings.iter().map(|finding| clip(finding.subject.as_str())).collect();
        self.page.field("affected", &words::list_within(&subjects, SUBJECTS));
    }

    /// The route, where it is not simply the direct one or everything is asked for.
    fn route(&mut self, finding: &Finding) {
        let Some(look) = finding.look.and_then(|look| self.report.looks.get(look)) else { return };
        if !look.source.is_live() {
            self.page.field("source", &prose::source(&look.source));
        } else if look.route != Route::Direct || self.is(Verbosity::Verbose) {
            self.page.field("path", &look.route.to_string());
        }
    }

    fn means(&mut self, finding: &'a Finding) {
        if self.told.insert(&finding.means) || self.is(Verbosity::Verbose) {
            self.page.field("impact", &finding.means);
        }
    }

    fn headline(&mut self, place: usize) -> &'a Finding {
        let finding = self.at(place);
        self.title(finding);
        finding
    }

    fn title(&mut self, finding: &Finding) {
        let title = entitled(words::title(finding), &clip(words::subject(finding)));
        self.page.item(finding.status, &title, Some(&finding.check));
    }

    fn cause(&mut self, finding: &Finding, cause: &'a NamedCause) {
        self.explained.insert(&cause.cause);
        let title =
            words::fix(self.report, finding, &cause.cause).map_or(cause.title.as_str(), |(_, fix)| fix.title.as_str());
        let title = if title.is_empty() { cause.cause.as_str() } else { title };
        let because = match words::because(finding, cause).as_slice() {
            [] => String::new(),
            some => format!(": {}", some.join("; ")),
        };
        self.page.field("cause", &format!("{title} ({}){because}", words::certainty(cause.certainty)));
    }

    /// Where the mending of each cause is told, and who does it.
    fn mend(&mut self, finding: &Finding) {
        let fixes = finding.causes.iter().filter_map(|cause| words::fix(self.report, finding, &cause.cause));
        let (numbers, mut owners): (Vec<usize>, Vec<&str>) =
            fixes.map(|(number, fix)| (number, words::owner(fix.owner))).unzip();
        owners.dedup();
        if !numbers.is_empty() {
            self.page.field("fix", &format!("{} below ({})", words::actions(&numbers), owners.join(", ")));
        }
    }

    /// True when the only cause of a finding has been told, so that nine findings of one cause do not fill three screens.
    fn told_already(&self, finding: &Finding) -> bool {
        let [cause] = finding.causes.as_slice() else { return false };
        self.explained.contains(cause.cause.as_str()) && !self.is(Verbosity::Verbose)
    }

    /// The rest of a finding whose cause has been told.
    fn again(&mut self, finding: &'a Finding) {
        let Some(cause) = finding.causes.first() else { return };
        let Some((number, fix)) = words::fix(self.report, finding, &cause.cause) else { return };
        let (certainty, owner) = (words::certainty(cause.certainty), words::owner(fix.owner));
        self.means(finding);
        self.page.field("cause", &format!("same cause ({certainty}), see action {number} ({owner})"));
        self.steps(finding);
    }

    /// What would settle what is still open, one step a line; a report of schema 1 has all steps in one text.
    fn steps(&mut self, finding: &Finding) {
        match finding.steps.as_slice() {
            [] => self.page.field("verify", finding.next.as_deref().unwrap_or_default()),
            steps => {
                for step in steps {
                    self.step(step);
                }
            }
        }
    }

    /// A command stands alone on its line, so that it can be pasted; what it shows follows below.
    fn step(&mut self, step: &NextStep) {
        let Some(command) = step.command() else { return self.page.field("verify", &prose::step(step)) };
        let asks = matches!(step, NextStep::Request { .. });
        self.page.field(if asks { "ask" } else { "verify" }, &words::about(command));
        self.page.one(command);
        self.page.field("expect", command.confirms_if.as_deref().unwrap_or_default());
        self.page.field("then", if asks { prose::REQUESTED } else { "" });
    }

    /// Where more is known of a check or a cause.
    fn details(&mut self, id: &str) {
        let command = self.page.called(&format!("ece-check explain {id}"));
        self.page.field("details", &command);
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
        let Some(look) = report.looks.get(look) else { return };
        for path in look.attempts.iter().chain(&look.tried) {
            self.page.field("at", &address(path));
        }
    }

    /// The end of the conversation on the first connection that could not go on.
    fn said(&mut self, look: usize) {
        let Some(look) = self.report.looks.get(look) else { return };
        let stopped = look.attempts.iter().find(|path| path.failure.is_some());
        let tried = look.tried.last().filter(|_| look.transcript.is_empty());
        let lines = stopped.or(tried).map_or(&look.transcript, |path| &path.transcript);
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
        let told_alone = matches!(self.at(place).reason, None | Some(SkipReason::Waived));
        self.is(Verbosity::Verbose) || (told_alone && self.is(Verbosity::Normal))
    }

    fn skipped(&mut self, place: usize) {
        let finding = self.headline(place);
        if finding.waiver.is_some() {
            self.page.field("waiver", &words::waiver(finding));
            self.page.field("found", &finding.found);
            return self.page.field("expected", &finding.expected);
        }
        let reason = finding.reason.map_or("no reason given", words::reason);
        let by = words::root(&self.report.findings, finding).map(|root| format!(" by {}", self.named(root)));
        let found = if finding.found.is_empty() { String::new() } else { format!(": {}", finding.found) };
        self.page.field("not run", &format!("{reason}{}{found}", by.unwrap_or_default()));
        self.needs("", finding.next.as_deref().unwrap_or_default());
    }

    /// What the user should give; each text is told once.
    fn needs(&mut self, whose: &str, next: &'a str) {
        let next = if next.is_empty() || self.told.insert(next) { next } else { AS_ABOVE };
        let colon = if whose.is_empty() || next.is_empty() { "" } else { ": " };
        self.page.field("input", &format!("{whose}{colon}{next}"));
    }

    /// What could not be looked at because of the findings just told.
    fn blocked_by(&mut self, told: &[usize], waiting: &mut Waiting) {
        let by_these = |(root, _): &(Option<usize>, _)| root.is_some_and(|root| told.contains(&root));
        let (these, others) = waiting.blocked.drain(..).partition::<Vec<_>, _>(by_these);
        waiting.blocked = others;
        let places: Vec<usize> = these.into_iter().flat_map(|(_, places)| places).collect();
        if self.is(Verbosity::Normal) && !places.is_empty() {
            self.waits(&words::count(places.len(), "check"), "this failure", &self.names(&places));
        }
    }

    /// The skips of a section of so many findings that have not been told with what blocks them.
    fn waiting_for(&mut self, waiting: Waiting, all: usize) {
        if !self.is(Verbosity::Normal) {
            return;
        }
        let blocked = waiting.blocked.into_iter().flat_map(|(_, places)| places);
        for (blocker, places) in words::grouped(blocked, |place| words::blocker(self.report, self.at(place))) {
            self.blocked(&blocker, &places, all);
        }
        let (optional, owed) = waiting.input.into_iter().partition::<Vec<_>, _>(|at| self.at(*at).optional);
        self.inputs(&owed, "not run, input needed");
        self.inputs(&optional, "optional, not run");
        for (found, places) in words::grouped(waiting.elsewhere, |place| self.at(place).found.as_str()) {
            self.fold(&places, "not applicable");
            self.page.field("reason", found);
        }
    }

    fn blocked(&mut self, blocker: &Blocker, places: &[usize], all: usize) {
        let what = match blocker {
            Blocker::Fixes(numbers) => words::actions(numbers),
            Blocker::Finding(Some(root)) => self.named(*root),
            Blocker::Finding(None) => "a prerequisite check".to_owned(),
        };
        let number = places.len();
        if number < all || number == 1 {
            return self.waits(&words::count(number, "check"), &what, &self.names(places));
        }
        let checks = words::grouped(places.iter().copied(), |place| self.at(place).check.as_str());
        let checks: Vec<String> = checks.into_iter().map(|(check, _)| clip(check)).collect();
        self.waits(&format!("all {number} checks of this section"), &what, &words::list(&checks, NAMES));
    }

    fn waits(&mut self, who: &str, what: &str, names: &str) {
        self.page.item(Status::Skip, &format!("{who} blocked by {what}: {names}"), None);
    }

    /// All that waits for the user in one item; where the needs differ, each says whose it is.
    fn inputs(&mut self, places: &[usize], what: &str) {
        if places.is_empty() {
            return;
        }
        self.fold(places, what);
        let needs = words::grouped(places.iter().copied(), |place| self.at(place).next.as_deref().unwrap_or_default());
        let differ = needs.len() > 1;
        for (number, (next, places)) in needs.into_iter().enumerate() {
            let whose = if differ && (number > 0 || places.len() == 1) { self.names(&places) } else { String::new() };
            self.needs(&whose, next);
        }
    }

    fn fold(&mut self, places: &[usize], what: &str) {
        if let [place] = places {
            self.headline(*place);
            return;
        }
        self.page.item(Status::Skip, &format!("{} {what}: {}", places.len(), self.names(places)), None);
    }

    /// The mailboxes side by side, when there are several.
    fn mailboxes(&mut self) {
        let Some(mailboxes) = mailbox::mailboxes(self.report, self.page.verbosity()) else { return };
        if mailboxes.rows.is_empty() && !self.is(Verbosity::Normal) {
            return;
        }
        self.page.heading("Mailboxes");
        if mailboxes.rows.is_empty() {
            return self.page.paragraph(Paint::Plain, &format!("All {} passed.", mailboxes.left));
        }
        self.page.marks(mailbox::HEADS, &mailboxes.rows);
        if mailboxes.left > 0 && self.is(Verbosity::Normal) {
            self.page.paragraph(Paint::Plain, &format!("{} more passed.", mailboxes.left));
        }
    }

    /// What the run has changed in the world. That is told always.
    fn deeds(&mut self) {
        let deeds = words::deeds(self.report);
        if deeds.is_empty() {
            return;
        }
        self.page.heading("Mail sent");
        if deeds.len() > DEEDS {
            return self.page.paragraph(Paint::Plain, &words::deeds_in_all(self.report));
        }
        for deed in deeds {
            self.page.paragraph(Paint::Plain, &clip(deed));
        }
    }

    fn counts(&mut self) {
        let summary = &self.report.summary;
        let skips = self.skips();
        self.page.gap();
        self.page.paragraph(
            Paint::Strong,
            &format!(
                "{}: {} passed, {}, {} failed, {} not run{skips}, {} inconclusive. {}",
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
            (SkipReason::Blocked, false, "blocked"),
            (SkipReason::NeedsInput, false, "need input"),
            (SkipReason::NeedsInput, true, "optional"),
            (SkipReason::NotApplicable, false, "not applicable"),
            (SkipReason::Waived, false, "waived"),
        ];
        let findings = &self.report.findings;
        let number = |reason, optional| {
            findings.iter().filter(|one| one.reason == Some(reason) && one.optional == optional).count()
        };
        let counted = reasons.map(|(reason, optional, what)| (number(reason, optional), what));
        let counted = counted.into_iter().filter(|(number, _)| *number > 0);
        let counted: Vec<String> = counted.map(|(number, what)| format!("{number} {what}")).collect();
        if counted.is_empty() { String::new() } else { format!(" ({})", counted.join(", ")) }
    }

    fn fix_first(&mut self) {
        let fixes = &self.report.summary.fix_first;
        if fixes.is_empty() {
            return;
        }
        let nothing_failed = self.nothing_failed();
        self.page.heading(if nothing_failed { "Warnings" } else { "Recommended actions" });
        for (number, fix) in fixes.iter().enumerate() {
            if number > 0 {
                self.page.gap();
            }
            self.fix(number + 1, fix);
        }
    }

    fn nothing_failed(&self) -> bool {
        self.report.summary.fail == 0 && self.report.summary.error == 0
    }

    fn fix(&mut self, number: usize, fix: &Remediation) {
        let owner = words::owner(fix.owner);
        let owner = if self.nothing_failed() { owner.to_owned() } else { owner.to_uppercase() };
        self.page.numbered(number, &format!("{owner}: {} ({})", fix.title, words::certainty(fix.certainty)));
        if let Some(finding) = words::to_be_settled(self.report, fix) {
            self.steps(finding);
        }
        self.page.field("fix", &fix.fix);
        self.commands(fix);
        self.page.field("effect", &fix.takes);
        self.page.field("explains", &self.explained(fix));
        self.details(&fix.cause);
        if self.is(Verbosity::Verbose) {
            self.page.field("source", &fix.sources.join(" "));
        }
    }

    /// The commands of an action, each alone on its line below what takes it; a report of schema 1 has them in one text.
    fn commands(&mut self, fix: &Remediation) {
        if fix.commands.is_empty() {
            return self.page.command(fix.command.as_deref().unwrap_or_default());
        }
        self.page.commands(&fix.commands);
    }

    /// How many findings a cause explains, and the checks that tell most: those that saw it, then those it blocks most of.
    fn explained(&self, fix: &Remediation) -> String {
        let places = fix.explains.iter().copied().filter(|place| *place < self.report.findings.len());
        let mut checks = words::grouped(places, |place| self.at(place).check.as_str());
        checks.sort_by_key(|(_, places)| {
            let seen = places.iter().any(|place| is_not_well(self.at(*place)));
            (!seen, std::cmp::Reverse(places.len()))
        });
        let names: Vec<String> = checks.iter().map(|(check, places)| numbered(check, places.len())).collect();
        let number = words::count(fix.explains.len(), "failed or blocked check");
        let shown = if self.is(Verbosity::Verbose) { names.len() } else { TELLING.min(names.len()) };
        match (names.is_empty(), names.len() - shown) {
            (true, _) => number,
            (_, 0) => format!("{number}: {}", names.join(", ")),
            (_, left) => format!("{number}: {} and {}", names[..shown].join(", "), words::count(left, "other check")),
        }
    }

    /// Firewall rules in every form; only in the part for the network team.
    fn firewall(&mut self) {
        let forms = firewall::forms(&self.report.firewall_rules, &self.report.run.source_addresses);
        if forms.is_empty() {
            return;
        }
        self.page.heading("Firewall rules");
        self.page.paragraph(Paint::Plain, firewall::LEAD);
        for form in forms {
            self.page.gap();
            self.page.paragraph(Paint::Strong, form.title);
            self.page.bare(&form.text);
        }
    }

    fn closing(&mut self) {
        self.page.gap();
        let summary = &self.report.summary;
        let paint = match summary.exit_code {
            _ if summary.fail > 0 => Paint::Strong,
            0 | 4 => Paint::Good,
            _ => Paint::Caution,
        };
        self.page.paragraph(paint, &verdict::closing(self.report));
        if let Some(proof) = self.report.run.part_for.and_then(|_| words::proof(self.report)) {
            self.page.bare(&proof);
        }
    }

    /// The checks of some findings, each once, with how often where it is more than once.
    fn names(&self, places: &[usize]) -> String {
        let checks = words::grouped(places.iter().copied(), |place| self.at(place).check.as_str());
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

fn address(path: &Attempt) -> String {
    let dialled = path.dialled.map(|dialled| format!(" (dialled {dialled})")).unwrap_or_default();
    let steps: Vec<String> = path.timings.iter().map(timed).collect();
    let stop = path.failure.as_ref().map(|stop| format!("; {}", stopped(stop))).unwrap_or_default();
    format!("{}{dialled} {}{stop}", path.address, steps.join(", "))
}

fn timed(step: &Timing) -> String {
    format!("{} {:.0} ms", words::name(step.name), step.ms)
}

fn stopped(stop: &Failure) -> String {
    let words = if stop.words.is_empty() { String::new() } else { format!(": {}", stop.words) };
    format!("stopped at {}, {}{words}", words::name(stop.stage), words::name(stop.kind))
}

fn spoken(line: &TranscriptLine) -> String {
    format!("{:.0} ms {} {}", line.at_ms, words::name(line.direction), line.text)
}
