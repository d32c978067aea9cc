//! The labels that all formats share: titles of sections, names of owners, lists and counts.

use serde::Serialize;

use crate::{
    command::{Command, Effect},
    evidence::{Observation, Stage, Subject},
    finding::{
        AppliedWaiver, Certainty, Finding, NamedCause, Owner, Remediation, Report, Severity, SkipReason, Status,
    },
    probe::delivery,
};

/// Said of every report of the built-in tenant.
pub(super) const LAB: &str = "LAB MODE: simulated Microsoft 365. These results do not describe your environment.";

/// Said of a run that was stopped.
pub(super) const INTERRUPTED: &str = "INTERRUPTED: the run stopped before all checks finished.";

/// The sections of Cisco's checklist in its order, with their titles.
const SECTIONS: [(&str, &str); 12] = [
    ("minimum-version", "Minimum version"),
    ("system-configuration", "System configuration"),
    ("entra-application", "Entra application"),
    ("token-generation", "Token generation"),
    ("mailbox-configuration", "Mailbox configuration"),
    ("exchange-licence", "Exchange license"),
    ("mailbox-permissions", "Mailbox permissions"),
    ("network-urls", "Network: URLs"),
    ("network-ports", "Network: ports"),
    ("connectivity-test", "Connectivity test"),
    ("webex-integration", "Webex integration"),
    ("webex-provisioning", "Webex provisioning"),
];

/// What the run has changed in the world: the messages that it sent, in words.
pub(super) fn deeds(report: &Report) -> Vec<&str> {
    let is_sent = |look: &&Observation| look.facts.is(delivery::SENT);
    let may_be_sent = |look: &&Observation| look.failure.as_ref().is_some_and(|failure| failure.stage == Stage::Send);
    let sent = report.looks.iter().filter(|look| is_sent(look) || may_be_sent(look));
    let done = sent.filter_map(|look| look.facts.get(delivery::DONE));
    done.map(String::as_str).collect()
}

/// The same where there are too many to name: how many, and how many of them arrived.
pub(super) fn deeds_in_all(report: &Report) -> String {
    let sent = deeds(report).len();
    let is_found = |look: &&Observation| look.facts.is(delivery::FOUND);
    let found = report.looks.iter().filter(is_found).count();
    format!("{sent} test messages sent; {found} received")
}

/// The place of a section in Cisco's order; unknown ones are last.
pub(super) fn section_place(section: &str) -> usize {
    SECTIONS.iter().position(|(id, _)| *id == section).unwrap_or(SECTIONS.len())
}

/// The title of a section; one that is not known keeps its id.
pub(super) fn section_title(section: &str) -> &str {
    SECTIONS.iter().find(|(id, _)| *id == section).map_or(section, |(_, title)| title)
}

/// The title of a finding as it came out: turned round where it fails or warns; a report of an earlier version has none.
pub(super) fn title(finding: &Finding) -> &str {
    let turned = matches!(finding.seen_status(), Status::Fail | Status::Warn) && !finding.fails.is_empty();
    if turned { &finding.fails } else { &finding.title }
}

/// The subject as it stands beside a title: the site as a whole goes without saying.
pub(super) fn subject(finding: &Finding) -> &str {
    if finding.subject == Subject::Site { "" } else { finding.subject.as_str() }
}

/// Who fixes a cause, as people say it.
#[must_use]
pub fn owner(owner: Owner) -> &'static str {
    match owner {
        Owner::Network => "network team",
        Owner::Entra => "Entra administrator",
        Owner::Exchange => "Exchange administrator",
        Owner::Ece => "ECE administrator",
        Owner::Webex => "Webex administrator",
        Owner::Microsoft => "Microsoft",
    }
}

/// The word for a certainty.
#[must_use]
pub fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "confirmed",
        Certainty::Likely => "likely",
        Certainty::Possible => "possible",
    }
}

/// The label of what a check shows when it is the cause.
pub(super) const CONFIRMS: &str = "confirms";

/// What a check shows when it is the cause; empty where nothing is said of it.
pub(super) fn confirms(command: &Command) -> String {
    command.confirms_if.as_ref().map(|shows| format!("the cause if: {shows}")).unwrap_or_default()
}

/// What is done with a command: one that reads checks, any other is run, or another one in its place.
pub(super) fn label(command: &Command) -> &'static str {
    match command.effect {
        Effect::Check => "check",
        Effect::Change => "run",
        Effect::Alternative => "or",
    }
}

/// The title of a cause; a report of an earlier version has none.
pub(super) fn cause(cause: &NamedCause) -> &str {
    if cause.title.is_empty() { &cause.cause } else { &cause.title }
}

/// What takes a command, how to connect first, and the role that it needs.
pub(super) fn about(command: &Command) -> String {
    let parts = [Some(command.shell.label()), command.connect.as_deref(), command.role.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// Commands, each with its label and what takes it where that is not what stands above the command before.
pub(super) fn headed(commands: &[Command]) -> impl Iterator<Item = (&Command, Option<(&'static str, String)>)> {
    let mut known = None;
    commands.iter().map(move |command| {
        let heading = Some((label(command), about(command)));
        if known == heading {
            return (command, None);
        }
        known.clone_from(&heading);
        (command, heading)
    })
}

/// What depends on a check; nothing where a report of an earlier version does not say it.
pub(super) fn severity(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::StopsMail) => "stops mail",
        Some(Severity::WillStopMail) => "will stop mail",
        Some(Severity::Improvement) => "improvement",
        None => "",
    }
}

/// The waiver of a finding in words; nothing where it has none.
pub(super) fn waiver(finding: &Finding) -> String {
    let Some(waiver) = &finding.waiver else { return String::new() };
    let AppliedWaiver { reason, by, until, .. } = &**waiver;
    if waiver.ended {
        return format!("the waiver ended on {until} (reason: {reason}; by {by}): this counts again");
    }
    format!("waived until {until}: {reason} (by {by}); without the waiver: {}", status(waiver.status))
}

/// The command that shows whether what was done has helped; nothing where no check is open.
pub(super) fn proof(report: &Report) -> Option<String> {
    super::proof::command(report)
}

/// The name of the site of a report; nothing where none was given.
pub(super) fn site(report: &Report) -> &str {
    report.run.site.as_deref().unwrap_or_default()
}

/// Trace id, correlation id and time stamp of the refusal that a finding was judged by, as Microsoft sent them; its sign-in
/// logs are searched by them. Nothing where there was none.
pub(super) fn trace<'r>(report: &'r Report, finding: &Finding) -> &'r str {
    let look = finding.look.and_then(|look| report.looks.get(look));
    look.and_then(|look| look.failure.as_ref()?.trace.as_deref()).unwrap_or_default()
}

/// The word for a status.
pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Pass => "pass",
        Status::Warn => "warn",
        Status::Fail => "fail",
        Status::Skip => "skip",
        Status::Error => "error",
    }
}

/// The words for why something was skipped.
pub(super) fn reason(reason: SkipReason) -> &'static str {
    match reason {
        SkipReason::Blocked => "blocked",
        SkipReason::NeedsInput => "needs input",
        SkipReason::NotApplicable => "not applicable",
        SkipReason::Waived => "waived",
    }
}

/// Why findings were skipped, in numbers.
pub(super) fn skips<'f>(findings: impl Iterator<Item = &'f Finding>) -> String {
    let told = findings.filter(|finding| finding.status == Status::Skip).map(|finding| match finding.reason {
        None => "without a reason",
        Some(SkipReason::Blocked) => "blocked",
        Some(SkipReason::NeedsInput) if finding.optional => "optional",
        Some(SkipReason::NeedsInput) => "need input",
        Some(SkipReason::NotApplicable) => "not applicable",
        Some(SkipReason::Waived) => "waived",
    });
    let told: Vec<&str> = told.collect();
    let order = ["blocked", "need input", "optional", "not applicable", "waived", "without a reason"];
    let number = |what: &str| told.iter().filter(|one| **one == what).count();
    let counted = order.iter().map(|what| (number(what), what)).filter(|(number, _)| *number > 0);
    let counted = counted.map(|(number, what)| match (number, *what) {
        (1, "need input") => "1 needs input".to_owned(),
        (number, what) => format!("{number} {what}"),
    });
    counted.collect::<Vec<_>>().join(", ")
}

/// The name that a value has in the JSON report.
pub(super) fn name(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The first `most` of some texts, and how many are left.
pub(super) fn list(texts: &[impl AsRef<str>], most: usize) -> String {
    let shown: Vec<&str> = texts.iter().take(most).map(AsRef::as_ref).collect();
    match texts.len() - shown.len() {
        0 => shown.join(", "),
        left => format!("{} and {left} more", shown.join(", ")),
    }
}

/// As many texts as fit into some characters, one at the least, and how many are left.
pub(super) fn list_within(texts: &[impl AsRef<str>], room: usize) -> String {
    let long = |text: &str| text.chars().count() + ", ".len();
    let ends = texts.iter().scan(0, |end, text| {
        *end += long(text.as_ref());
        Some(*end)
    });
    list(texts, ends.take_while(|end| *end <= room).count().max(1))
}

/// The sentence for one, or that for several, with the number in place of `{n}`. Each is whole, as languages differ in
/// more than the end of a noun.
pub(super) fn plural(number: usize, one: &str, several: &str) -> String {
    let sentence = if number == 1 { one } else { several };
    sentence.replace("{n}", &number.to_string())
}

/// How many checks.
pub(super) fn checks(number: usize) -> String {
    plural(number, "{n} check", "{n} checks")
}

/// How many checks an action explains; where all of them are warnings, none failed.
pub(super) fn explained(report: &Report, fix: &Remediation) -> String {
    let of_fix = |place: &usize| report.findings.get(*place);
    let number = fix.explains.len();
    if number > 0 && fix.explains.iter().filter_map(of_fix).all(|finding| finding.status == Status::Warn) {
        return plural(number, "{n} warning", "{n} warnings");
    }
    plural(number, "{n} failed or blocked check", "{n} failed or blocked checks")
}

/// How many more checks there are than those that were named.
pub(super) fn others(number: usize) -> String {
    plural(number, "and {n} other check", "and {n} other checks")
}

/// Milliseconds as people say them.
pub(super) fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_as_people_say_them() {
        assert_eq!(duration(7), "7 ms");
        assert_eq!(duration(6_811), "6.8 s");
        assert_eq!(duration(72_000), "1 min 12 s");
    }

    #[test]
    fn one_and_several_have_sentences_of_their_own() {
        assert_eq!(plural(1, "{n} check was not run", "{n} checks were not run"), "1 check was not run");
        assert_eq!(plural(2, "{n} check was not run", "{n} checks were not run"), "2 checks were not run");
        assert_eq!(checks(0), "0 checks");
    }

    #[test]
    fn lists_that_do_not_fit() {
        assert_eq!(list_within(&["abc", "def", "ghi"], 10), "abc, def and 1 more");
        assert_eq!(list_within(&["abc", "def"], 1), "abc and 1 more");
        assert_eq!(list_within(&["abc", "def"], 10), "abc, def");
    }

    #[test]
    fn long_lists_say_how_many_are_left() {
        assert_eq!(list(&["a", "b", "c"], 3), "a, b, c");
        assert_eq!(list(&["a", "b", "c"], 1), "a and 2 more");
    }
}
