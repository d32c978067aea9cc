//! The end of the text report: the mailboxes side by side, the numbers, what to do.

use super::{TELLING, Writer, clip, is_not_well, numbered};
use crate::{
    command::Command,
    finding::{NextStep, Remediation},
    report::{Verbosity, firewall, grouping, mailbox, page::Paint, verdict, words},
};

/// So many messages that were sent are told one by one.
const DEEDS: usize = 20;

impl Writer<'_> {
    /// The mailboxes side by side, when there are several.
    pub(super) fn mailboxes(&mut self) {
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
    pub(super) fn deeds(&mut self) {
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

    pub(super) fn counts(&mut self) {
        let summary = &self.report.summary;
        let skips = words::skips(self.report.findings.iter());
        let skips = if skips.is_empty() { String::new() } else { format!(" ({skips})") };
        self.page.gap();
        self.page.paragraph(
            Paint::Strong,
            &format!(
                "{}: {} passed, {}, {} failed, {} not run{skips}, {} inconclusive. {}",
                words::checks(summary.planned),
                summary.pass,
                words::plural(summary.warn, "{n} warning", "{n} warnings"),
                summary.fail,
                summary.skip,
                summary.error,
                words::duration(self.report.run.duration_ms),
            ),
        );
    }

    pub(super) fn fix_first(&mut self) {
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

    pub(super) fn nothing_failed(&self) -> bool {
        self.report.summary.fail == 0 && self.report.summary.error == 0
    }

    pub(super) fn fix(&mut self, number: usize, fix: &Remediation) {
        let owner = words::owner(fix.owner);
        let owner = if self.nothing_failed() { owner.to_owned() } else { owner.to_uppercase() };
        self.page.numbered(number, &format!("{owner}: {} ({})", fix.title, words::certainty(fix.certainty)));
        let settling = grouping::to_be_settled(self.report, fix);
        if let Some(finding) = settling {
            self.steps(finding);
        }
        self.page.field("fix", &fix.fix);
        self.commands(fix, settling.map_or(&[], |finding| finding.steps.as_slice()));
        self.page.field("effect", &fix.takes);
        self.page.field("explains", &self.explained(fix));
        self.details(&fix.cause);
        if self.is(Verbosity::Verbose) {
            self.page.field("source", &fix.sources.join(" "));
        }
    }

    /// The commands of an action, each alone on its line below what runs it, without those of the steps that were told
    /// above; a report of schema 1 has them in one text.
    pub(super) fn commands(&mut self, fix: &Remediation, told: &[NextStep]) {
        if fix.commands.is_empty() {
            return self.page.command(fix.command.as_deref().unwrap_or_default());
        }
        let is_told = |text: &str| told.iter().filter_map(NextStep::command).any(|command| command.text == text);
        let commands: Vec<Command> = fix.commands.iter().filter(|command| !is_told(&command.text)).cloned().collect();
        self.page.commands(&commands);
    }

    /// How many findings a cause explains, and the checks that tell most: those that saw it, then those it blocks most of.
    pub(super) fn explained(&self, fix: &Remediation) -> String {
        let places = fix.explains.iter().copied().filter(|place| *place < self.report.findings.len());
        let mut checks = grouping::grouped(places, |place| self.at(place).check.as_str());
        checks.sort_by_key(|(_, places)| {
            let seen = places.iter().any(|place| is_not_well(self.at(*place)));
            (!seen, std::cmp::Reverse(places.len()))
        });
        let names: Vec<String> = checks.iter().map(|(check, places)| numbered(check, places.len())).collect();
        let number = words::explained(self.report, fix);
        let shown = if self.is(Verbosity::Verbose) { names.len() } else { TELLING.min(names.len()) };
        match (names.is_empty(), names.len() - shown) {
            (true, _) => number,
            (_, 0) => format!("{number}: {}", names.join(", ")),
            (_, left) => format!("{number}: {} {}", names[..shown].join(", "), words::others(left)),
        }
    }

    /// Firewall rules in every form; only in the part for the network team.
    pub(super) fn firewall(&mut self) {
        let Some(forms) = firewall::of_report(self.report) else { return };
        self.page.heading("Firewall rules");
        for note in &forms.lead {
            self.page.paragraph(Paint::Plain, note);
        }
        for form in forms.each {
            self.page.gap();
            self.page.paragraph(Paint::Strong, form.title);
            self.page.block(&form.text);
        }
    }

    pub(super) fn closing(&mut self) {
        let summary = &self.report.summary;
        let paint = match summary.exit_code {
            _ if summary.fail > 0 => Paint::Strong,
            0 | 4 if !self.has_waived() => Paint::Good,
            _ => Paint::Caution,
        };
        let closing = verdict::closing(self.report);
        let is_short = !self.is(Verbosity::Normal) || self.report.run.part_for.is_some();
        // a short report still shows its first lines
        if !(is_short
            && verdict::lines(self.report).iter().any(|line| line.starts_with(&verdict::outcome(self.report))))
        {
            self.page.gap();
            self.page.paragraph(paint, &closing);
        }
        if let Some(proof) = self.report.run.part_for.and_then(|_| words::proof(self.report)) {
            let proof = self.page.called(&proof);
            self.page.bare(&proof);
        }
    }
}
