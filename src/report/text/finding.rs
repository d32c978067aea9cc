//! One finding of the text report in full: what was seen, what it means, why, and where its fix is.

use super::{SUBJECTS, Writer, clip, entitled, so_many};
use crate::{
    evidence::{Attempt, Failure, Route, Timing, TranscriptLine},
    finding::{Finding, NamedCause, NextStep},
    report::{Verbosity, grouping, prose, words},
};

/// The most lines of a transcript.
const SAID: usize = 12;

impl<'a> Writer<'a> {
    /// All about findings that are not well and alike: what was seen, what it means, why, and where the mending is told.
    pub(super) fn full(&mut self, places: &[usize], all: usize) {
        let findings: Vec<&'a Finding> = places.iter().map(|place| self.at(*place)).collect();
        let [finding, ..] = findings[..] else { return };
        self.headlines(&findings, all);
        self.page.field("waiver", &words::waiver(finding));
        self.page.field("found", &grouping::found(self.report, &findings));
        if self.told_already(finding) {
            return self.again(finding);
        }
        self.page.field("expected", &finding.expected);
        self.route(finding);
        self.means(finding);
        for cause in &finding.causes {
            self.cause(finding, cause);
        }
        self.remedy(finding);
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
    pub(super) fn headlines(&mut self, findings: &[&'a Finding], all: usize) {
        let [first, _, ..] = findings else {
            return findings.iter().for_each(|finding| self.title(finding));
        };
        let title = entitled(words::title(first), &so_many(findings.len(), all));
        self.page.item(first.status, &title, Some(&first.check));
        let subjects: Vec<String> = findings.iter().map(|finding| clip(finding.subject.as_str())).collect();
        self.page.field("affected", &words::list_within(&subjects, SUBJECTS));
    }

    pub(super) fn headline(&mut self, place: usize) -> &'a Finding {
        let finding = self.at(place);
        self.title(finding);
        finding
    }

    pub(super) fn title(&mut self, finding: &Finding) {
        let title = entitled(words::title(finding), &clip(words::subject(finding)));
        self.page.item(finding.status, &title, Some(&finding.check));
    }

    /// The route, where it is not simply the direct one or everything is asked for.
    pub(super) fn route(&mut self, finding: &Finding) {
        let Some(look) = finding.look.and_then(|look| self.report.looks.get(look)) else { return };
        if !look.source.is_live() {
            self.page.field("source", &prose::source(&look.source));
        } else if look.route == Route::File {
            self.page.field("source", "configuration file");
        } else if look.route != Route::Direct || self.is(Verbosity::Verbose) {
            self.page.field("path", &look.route.to_string());
        }
    }

    pub(super) fn means(&mut self, finding: &'a Finding) {
        if self.told.insert(&finding.means) || self.is(Verbosity::Verbose) {
            self.page.field("impact", &finding.means);
        }
    }

    pub(super) fn cause(&mut self, finding: &Finding, cause: &'a NamedCause) {
        self.explained.insert(&cause.cause);
        let title = self.cause_title(finding, cause);
        let because = match grouping::because(finding, cause).as_slice() {
            [] => String::new(),
            some => format!(": {}", some.join("; ")),
        };
        self.page.field("cause", &format!("{title} ({}){because}", words::certainty(cause.certainty)));
    }

    /// The title of a cause, as its action has it; its own where the action is for other subjects.
    fn cause_title(&self, finding: &Finding, cause: &'a NamedCause) -> &'a str {
        match grouping::fix(self.report, finding, &cause.cause) {
            Some((_, fix)) if !fix.title.is_empty() && grouping::explains(self.report, fix, finding) => &fix.title,
            _ => words::cause(cause),
        }
    }

    /// Where the mending of each cause is told, and who does it.
    pub(super) fn remedy(&mut self, finding: &Finding) {
        let fixes = finding.causes.iter().filter_map(|cause| grouping::fix(self.report, finding, &cause.cause));
        let (numbers, mut owners): (Vec<usize>, Vec<&str>) =
            fixes.map(|(number, fix)| (number, words::owner(fix.owner))).unzip();
        owners.dedup();
        if !numbers.is_empty() {
            self.page.field("fix", &format!("{} below ({})", grouping::actions(&numbers), owners.join(", ")));
        }
    }

    /// True when the only cause of a finding has been told, so that nine findings of one cause do not fill three screens.
    pub(super) fn told_already(&self, finding: &Finding) -> bool {
        let [cause] = finding.causes.as_slice() else { return false };
        self.explained.contains(cause.cause.as_str()) && !self.is(Verbosity::Verbose)
    }

    /// The rest of a finding whose cause has been told.
    pub(super) fn again(&mut self, finding: &'a Finding) {
        let Some(cause) = finding.causes.first() else { return };
        let Some((number, fix)) = grouping::fix(self.report, finding, &cause.cause) else { return };
        let (certainty, owner) = (words::certainty(cause.certainty), words::owner(fix.owner));
        self.means(finding);
        self.page.field("cause", &format!("same cause ({certainty}), see action {number} ({owner})"));
        self.steps(finding);
    }

    /// What would settle what is still open, one step a line; a report of schema 1 has all steps in one text.
    pub(super) fn steps(&mut self, finding: &'a Finding) {
        match finding.steps.as_slice() {
            [] => self.page.field("verify", finding.next.as_deref().unwrap_or_default()),
            steps => {
                for step in steps {
                    let tested = finding.tested_by(step).map(|cause| self.cause_title(finding, cause));
                    self.step(step, tested);
                }
            }
        }
    }

    /// A command stands alone on its line, so that it can be pasted; what it shows follows below.
    pub(super) fn step(&mut self, step: &NextStep, tested: Option<&str>) {
        let Some(command) = step.command() else { return self.page.field(step.label(), &prose::step(step)) };
        let asks = matches!(step, NextStep::Request { .. });
        let about = words::about(command);
        let about = tested.map_or_else(|| about.clone(), |cause| format!("{cause}: {about}"));
        self.page.field(step.label(), &about);
        self.page.one(command);
        self.page.confirms(command);
        self.page.field("then", if asks { prose::REQUESTED } else { "" });
    }

    /// Where more is known of a check or a cause.
    pub(super) fn details(&mut self, id: &str) {
        let command = self.page.called(&format!("ece-check explain {id}"));
        self.page.field("details", &command);
    }

    pub(super) fn evidence(&mut self, finding: &Finding) {
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
    pub(super) fn addresses(&mut self, look: usize) {
        let report = self.report;
        let Some(look) = report.looks.get(look) else { return };
        for path in look.attempts.iter().chain(&look.tried) {
            self.page.field("at", &address(path));
        }
    }

    /// The end of the conversation on the first connection that could not go on.
    pub(super) fn said(&mut self, look: usize) {
        let Some(look) = self.report.looks.get(look) else { return };
        let stopped = look.attempts.iter().find(|path| path.failure.is_some());
        let tried = look.tried.last().filter(|_| look.transcript.is_empty());
        let lines = stopped.or(tried).map_or(&look.transcript, |path| &path.transcript);
        for line in &lines[lines.len().saturating_sub(SAID)..] {
            self.page.field("said", &spoken(line));
        }
    }
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
