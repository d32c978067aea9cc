//! What the text report says of checks that were not run: each reason once, with all that it holds for.

use super::{AS_ABOVE, NAMES, Writer, clip, entitled};
use crate::{
    finding::{Finding, SkipReason, Status},
    report::{
        Verbosity,
        grouping::{self, Blocker},
        prose, words,
    },
};

/// Places of findings that nothing was seen for, by what they wait for.
#[derive(Default)]
pub(super) struct Waiting {
    blocked: Vec<(Option<usize>, Vec<usize>)>,
    input: Vec<usize>,
    elsewhere: Vec<usize>,
}

impl Waiting {
    /// Without what does not apply, which is only counted where no check failed.
    pub(super) fn leave_inapplicable_out(&mut self) {
        self.elsewhere.clear();
    }

    /// True when nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.blocked.is_empty() && self.input.is_empty() && self.elsewhere.is_empty()
    }
}

impl<'a> Writer<'a> {
    /// Skipped findings of a section that are folded, sorted by what they wait for.
    pub(super) fn waiting(&self, places: &[usize]) -> Waiting {
        let folded = |reason| {
            let of_reason = move |place: &usize| self.at(*place).reason == Some(reason) && !self.stands_alone(*place);
            places.iter().copied().filter(|place| self.at(*place).status == Status::Skip).filter(of_reason)
        };
        let root = |place: usize| grouping::root(&self.report.findings, self.at(place));
        Waiting {
            blocked: grouping::grouped(folded(SkipReason::Blocked), root),
            input: folded(SkipReason::NeedsInput).collect(),
            elsewhere: folded(SkipReason::NotApplicable).collect(),
        }
    }

    /// A skip that is never folded: waived, without a reason, or any when everything is asked for. A waived failure is
    /// told however little is asked for.
    pub(super) fn stands_alone(&self, place: usize) -> bool {
        if self.at(place).is_waived() {
            return true;
        }
        let told_alone = matches!(self.at(place).reason, None | Some(SkipReason::Waived));
        self.is(Verbosity::Verbose) || (told_alone && self.is(Verbosity::Normal))
    }

    pub(super) fn skipped(&mut self, place: usize) {
        let finding = self.headline(place);
        if finding.waiver.is_some() {
            self.page.field("waiver", &words::waiver(finding));
            self.page.field("found", &finding.found);
            return self.page.field("expected", &finding.expected);
        }
        let reason = finding.reason.map_or("no reason given", words::reason);
        let by = grouping::root(&self.report.findings, finding).map(|root| format!(" by {}", self.named(root)));
        let found = if finding.found.is_empty() { String::new() } else { format!(": {}", finding.found) };
        self.page.field("not run", &format!("{reason}{}{found}", by.unwrap_or_default()));
        self.needs("", finding);
    }

    /// What the user should give, and below it the command that asks for it; each text and each command is told once.
    pub(super) fn needs(&mut self, whose: &str, finding: &'a Finding) {
        let next = finding.next.as_deref().unwrap_or_default();
        let is_new = next.is_empty() || self.told.insert(next);
        let given = finding.steps.iter().filter(|step| step.command().is_none()).map(prose::step);
        let text = match is_new {
            true if finding.steps.is_empty() => next.to_owned(),
            true => given.collect::<Vec<_>>().join("; "),
            false => AS_ABOVE.to_owned(),
        };
        let text = if whose.is_empty() || text.is_empty() { text } else { entitled(whose, &text) };
        self.page.field("input", &text);
        for step in &finding.steps {
            if step.command().is_some_and(|command| self.told.insert(&command.text)) {
                self.step(step, None);
            }
        }
    }

    /// What could not be looked at because of the findings just told, which are in plan order.
    pub(super) fn blocked_by(&mut self, told: &[usize], waiting: &mut Waiting) {
        let by_these = |(root, _): &(Option<usize>, _)| root.is_some_and(|root| told.binary_search(&root).is_ok());
        let (these, others) = waiting.blocked.drain(..).partition::<Vec<_>, _>(by_these);
        waiting.blocked = others;
        let places: Vec<usize> = these.into_iter().flat_map(|(_, places)| places).collect();
        if self.is(Verbosity::Normal) && !places.is_empty() {
            self.waits(&words::checks(places.len()), "this failure", &self.names(&places));
        }
    }

    /// The skips of a section of so many findings that have not been told with what blocks them.
    pub(super) fn waiting_for(&mut self, waiting: Waiting, all: usize) {
        if !self.is(Verbosity::Normal) {
            return;
        }
        let blocked = waiting.blocked.into_iter().flat_map(|(_, places)| places);
        for (blocker, places) in grouping::grouped(blocked, |place| grouping::blocker(self.report, self.at(place))) {
            self.blocked(&blocker, &places, all);
        }
        let (optional, owed) = waiting.input.into_iter().partition::<Vec<_>, _>(|at| self.at(*at).optional);
        self.inputs(&owed, "not run, input needed");
        self.inputs(&optional, "optional, not run");
        for (found, places) in grouping::grouped(waiting.elsewhere, |place| self.at(place).found.as_str()) {
            self.fold(&places, "not applicable");
            self.page.field("reason", found);
        }
    }

    pub(super) fn blocked(&mut self, blocker: &Blocker, places: &[usize], all: usize) {
        let what = match blocker {
            Blocker::Fixes(numbers) => grouping::actions(numbers),
            Blocker::Finding(Some(root)) => self.named(*root),
            Blocker::Finding(None) => "a prerequisite check".to_owned(),
        };
        let number = places.len();
        if number < all || number == 1 {
            return self.waits(&words::checks(number), &what, &self.names(places));
        }
        let checks = grouping::grouped(places.iter().copied(), |place| self.at(place).check.as_str());
        let checks: Vec<String> = checks.into_iter().map(|(check, _)| clip(check)).collect();
        self.waits(&format!("all {number} checks of this section"), &what, &words::list(&checks, NAMES));
    }

    pub(super) fn waits(&mut self, who: &str, what: &str, names: &str) {
        self.page.item(Status::Skip, &format!("{who} blocked by {what}: {names}"), None);
    }

    /// All that waits for the user in one item; where the needs differ, each says whose it is.
    pub(super) fn inputs(&mut self, places: &[usize], what: &str) {
        if places.is_empty() {
            return;
        }
        self.fold(places, what);
        let needs =
            grouping::grouped(places.iter().copied(), |place| self.at(place).next.as_deref().unwrap_or_default());
        let differ = needs.len() > 1;
        for (number, (_, places)) in needs.into_iter().enumerate() {
            let whose = if differ && (number > 0 || places.len() == 1) { self.names(&places) } else { String::new() };
            self.needs(&whose, self.at(places[0]));
        }
    }

    pub(super) fn fold(&mut self, places: &[usize], what: &str) {
        if let [place] = places {
            self.headline(*place);
            return;
        }
        self.page.item(Status::Skip, &format!("{} {what}: {}", places.len(), self.names(places)), None);
    }
}
