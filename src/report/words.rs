//! The words that all formats share: titles of sections, names of owners, and where a run was made from.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Serialize;

use super::road;
use crate::{
    diagnose::OTHERWISE,
    evidence::{Observation, Value},
    finding::{Certainty, Finding, NamedCause, Owner, Remediation, Report, SkipReason, Status},
    judge::values,
    probe::{self, round_trip},
};

/// The sections of Cisco's checklist in its order, with their titles.
const SECTIONS: [(&str, &str); 12] = [
    ("minimum-version", "Minimum version"),
    ("system-configuration", "System configuration"),
    ("entra-application", "Entra application"),
    ("token-generation", "Token generation"),
    ("mailbox-configuration", "Mailbox configuration"),
    ("exchange-licence", "Exchange licence"),
    ("mailbox-permissions", "Mailbox permissions"),
    ("network-urls", "Network: URLs"),
    ("network-ports", "Network: ports"),
    ("connectivity-test", "Connectivity test"),
    ("webex-integration", "Webex integration"),
    ("webex-provisioning", "Webex provisioning"),
];

/// How far a chain of blocked findings is followed; a saved report may lead in a circle.
const LONGEST_CHAIN: usize = 64;

/// The sections that have findings, in Cisco's order and unknown ones last, each with the places of its findings.
pub(super) fn sections(report: &Report) -> Vec<(&str, Vec<usize>)> {
    let mut found = grouped(0..report.findings.len(), |index| report.findings[index].section.as_str());
    found.sort_by_key(|(section, _)| SECTIONS.iter().position(|(id, _)| id == section).unwrap_or(SECTIONS.len()));
    found
}

/// What the run has changed in the world: the messages that it sent, in words.
pub(super) fn deeds(report: &Report) -> Vec<&str> {
    let done = report.looks.iter().filter_map(|look| look.facts.get("delivery.done"));
    let done = done.filter_map(|value| if let Value::Text(done) = value { Some(done.as_str()) } else { None });
    done.filter(|done| *done != round_trip::NOTHING).collect()
}

/// The same where there are too many to name: how many, and how many of them arrived.
pub(super) fn deeds_in_all(report: &Report) -> String {
    let sent = deeds(report).len();
    let is_found = |look: &&Observation| look.facts.get("delivery.found") == Some(&Value::Bool(true));
    let found = report.looks.iter().filter(is_found).count();
    format!("sent {sent} messages, each from a mailbox to itself; found {found} of them again")
}

/// The title of a section; one that is not known keeps its id.
pub(super) fn section_title(section: &str) -> &str {
    SECTIONS.iter().find(|(id, _)| *id == section).map_or(section, |(_, title)| title)
}

/// Places gathered under their keys, in the order in which the keys first appear.
pub(super) fn grouped<K: Ord + Clone>(
    places: impl IntoIterator<Item = usize>,
    key: impl Fn(usize) -> K,
) -> Vec<(K, Vec<usize>)> {
    let mut groups: Vec<(K, Vec<usize>)> = Vec::new();
    let mut known = BTreeMap::new();
    for place in places {
        let key = key(place);
        let group = *known.entry(key.clone()).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[group].1.push(place);
    }
    groups
}

/// The finding that stands at the beginning of what blocks this one.
pub(super) fn root(findings: &[Finding], blocked: &Finding) -> Option<usize> {
    let mut place = blocked.blocked_by?;
    for _ in 0..LONGEST_CHAIN {
        match findings.get(place)?.blocked_by {
            Some(before) => place = before,
            None => return Some(place),
        }
    }
    None
}

/// Findings that differ in nothing but their subject, the addresses where something was so at every address, and the
/// server that a refusal names in brackets: they are told as one. What speaks for a cause may differ too.
pub(super) fn alike(report: &Report, places: impl IntoIterator<Item = usize>) -> Vec<Vec<usize>> {
    let key = |place: usize| {
        let finding = &report.findings[place];
        let causes: Vec<_> = finding.causes.iter().map(|cause| (&cause.cause, cause.certainty)).collect();
        let texts = [&finding.check, &finding.expected, &finding.means];
        // what settles a cause names the mailbox; the causes are compared already
        let next = finding.next.as_deref().filter(|_| causes.is_empty());
        (texts, less_server(&finding.found), status(finding.status), causes, next)
    };
    grouped(places, key).into_iter().map(|(_, places)| places).collect()
}

/// What was found, without its addresses and without the server that Exchange names at the end of a refusal.
fn less_server(text: &str) -> String {
    let text = less_addresses(text);
    let Some((before, bracket)) = text.strip_suffix("]\"").and_then(|text| text.rsplit_once(" [")) else {
        return text.to_owned();
    };
    let is_host = bracket.split(' ').next().is_some_and(|host| host.contains('.'));
    if is_host { format!("{before}\"") } else { text.to_owned() }
}

/// What was found, without its addresses where it was found at all of them.
fn less_addresses(text: &str) -> &str {
    let Some((before, bracket)) = text.strip_suffix(')').and_then(|text| text.rsplit_once(" (")) else { return text };
    let all = bracket.starts_with("all ") && bracket.contains(" addresses: ");
    if all || bracket.parse::<IpAddr>().is_ok() { before } else { text }
}

/// What was found, for findings that are told as one.
pub(super) fn found(findings: &[&Finding]) -> String {
    let Some(first) = findings.first() else { return String::new() };
    if findings.iter().all(|finding| finding.found == first.found) {
        return first.found.clone();
    }
    if findings.iter().any(|finding| less_addresses(&finding.found) != less_addresses(&first.found)) {
        return less_server(&first.found);
    }
    format!("{} (at every address of each)", less_addresses(&first.found))
}

/// What speaks for a cause, beyond what was found anyway.
pub(super) fn because<'a>(finding: &Finding, cause: &'a NamedCause) -> Vec<&'a str> {
    let news = |because: &&str| !finding.found.contains(less_addresses(because));
    cause.because.iter().map(String::as_str).filter(news).collect()
}

/// The title of a finding as it came out: turned round where it fails or warns; a report of an earlier version has none.
pub(super) fn title(finding: &Finding) -> &str {
    let turned = matches!(finding.status, Status::Fail | Status::Warn) && !finding.fails.is_empty();
    if turned { &finding.fails } else { &finding.title }
}

/// The subject as it stands beside a title: the site as a whole goes without saying.
pub(super) fn subject(finding: &Finding) -> &str {
    if finding.subject == probe::SITE { "" } else { &finding.subject }
}

/// What a blocked finding waits for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Blocker {
    /// Any of these entries of "Fix first", counted from 1.
    Fixes(Vec<usize>),
    /// A finding without such an entry; none when a saved report does not say which.
    Finding(Option<usize>),
}

/// What a blocked finding waits for: what mends the finding at the beginning of it all, if that is known.
pub(super) fn blocker(report: &Report, blocked: &Finding) -> Blocker {
    let root = root(&report.findings, blocked);
    let causes = root.map_or(&[][..], |root| &report.findings[root].causes);
    let fixes = causes.iter().filter_map(|cause| fix(report, &report.findings[root?], &cause.cause));
    let fixes: Vec<usize> = fixes.map(|(number, _)| number).collect();
    if fixes.is_empty() { Blocker::Finding(root) } else { Blocker::Fixes(fixes) }
}

/// `fix 1`, `fix 2 or 3`.
pub(super) fn fixes(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    format!("fix {}", numbers.join(" or "))
}

/// The entry of "Fix first" for a cause of a finding, with its number counted from 1. Where a cause has two entries, one
/// for Microsoft's servers and one for the site's own, it is the one that explains the finding.
pub(super) fn fix<'a>(report: &'a Report, finding: &Finding, cause: &str) -> Option<(usize, &'a Remediation)> {
    let fixes = &report.summary.fix_first;
    let explains = |fix: &&Remediation| {
        fix.explains.iter().filter_map(|at| report.findings.get(*at)).any(|one| std::ptr::eq(one, finding))
    };
    let of_cause = || fixes.iter().filter(|fix| fix.cause == cause);
    let fix = of_cause().find(explains).or_else(|| of_cause().next())?;
    Some((fixes.iter().position(|one| std::ptr::eq(one, fix))? + 1, fix))
}

/// Who mends a cause, as people say it.
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
pub(super) fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Certain => "certain",
        Certainty::Likely => "likely",
        Certainty::Possible => "possible",
    }
}

/// What is done with the line that mends a cause: run, gone to in a portal or console, or asked for as a rule or a setting.
pub fn deed(command: &str) -> &'static str {
    if ["permit ", "bypass "].iter().any(|verb| command.starts_with(verb)) {
        return "rule";
    }
    let is_path = command.contains(" > ") && !command.starts_with("inetmgr");
    if is_path || command.starts_with("https://") {
        return "go to";
    }
    // a property of a file of ECE stands alone
    if command.contains('=') && !command.contains(' ') { "set" } else { "run" }
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

/// The ways to settle what is open: each by itself, the best first.
pub(super) fn alternatives(next: &str) -> Vec<&str> {
    next.split(OTHERWISE).collect()
}

/// True for what nobody owes: a check that is made only when it is asked for.
pub(super) fn is_optional(finding: &Finding) -> bool {
    finding.reason == Some(SkipReason::NeedsInput)
        && finding.next.as_deref().is_some_and(|next| next.starts_with("Optional"))
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

/// The name that a value has in the JSON report.
pub(super) fn name(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}

/// The first line of a report: what wrote it, with which knowledge, for which case.
pub(super) fn tool(report: &Report) -> String {
    let tool = &report.tool;
    let mut line = format!("{} {}, catalogue of {}", tool.name, tool.version, tool.catalogue_date);
    if let Some(case) = &report.run.case {
        line = format!("{line}, case {case}");
    }
    line
}

/// Where a run was made from, as label and text.
pub(super) fn vantage(report: &Report) -> Vec<(&'static str, String)> {
    let run = &report.run;
    let addresses = match run.source_addresses.as_slice() {
        [] => String::new(),
        some => format!(" ({})", list(some, 8)),
    };
    let mut resolvers = if run.dns_servers.is_empty() { "not known".to_owned() } else { list(&run.dns_servers, 8) };
    if !run.dns_suffixes.is_empty() {
        resolvers = format!("{resolvers}; suffixes {}", list(&run.dns_suffixes, 4));
    }
    let zone =
        run.utc_offset_minutes.map(|minutes| format!(" (local time is UTC{})", offset(minutes))).unwrap_or_default();
    let mut lines = vec![
        ("from", joined([&format!("{}{addresses}", run.host), &run.os])),
        ("as", format!("{}, cloud {}{}", role(&run.role), run.cloud, ece_home(report))),
        ("at", format!("{}{zone}", run.started)),
        ("road", road::in_force(report)),
        ("DNS", resolvers),
        ("clock", clock(run.clock_offset_ms, run.lab)),
    ];
    if let Some(both) = road::both(report) {
        lines.insert(4, ("roads", both));
    }
    let stores = report.looks.iter().flat_map(|look| values(look, "tls.java_stores"));
    let stores: Vec<String> =
        stores.flat_map(|value| if let Value::List(items) = value { items } else { Vec::new() }).collect();
    if !stores.is_empty() {
        lines.push(("Java", list(&distinct(stores), 8)));
    }
    lines.extend(run.firewall.as_deref().map(|shut| ("ports", ports(shut))));
    lines
}

fn distinct(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts.dedup();
    texts
}

/// What this host's own firewall shuts.
fn ports(shut: &[String]) -> String {
    match shut {
        [] => "the Windows firewall shuts none that ECE needs".to_owned(),
        some => format!("shut by the Windows firewall: {}", list(some, 8)),
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

/// A count with its noun: `1 warning`, `2 warnings`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// Milliseconds as people say them.
pub(super) fn duration(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        _ => format!("{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
    }
}

fn role(role: &str) -> String {
    match role {
        "services" | "application" => format!("{role} server"),
        "all" => "services and application server".to_owned(),
        _ => format!("role {role}"),
    }
}

/// Whether ECE is on this host, as far as its folder tells. What is installed there does not tell the role.
fn ece_home(report: &Report) -> String {
    match &report.run.ece_home {
        Some(home) => format!("; ECE's folder is {home}"),
        None if report.run.os.starts_with("Windows") && !report.run.lab => "; no folder of ECE seen here".to_owned(),
        None => String::new(),
    }
}

fn clock(offset_ms: Option<i64>, lab: bool) -> String {
    let whose = if lab { "the lab's" } else { "Microsoft's" };
    let Some(offset) = offset_ms else { return format!("not compared with {whose}") };
    let apart = offset.unsigned_abs();
    match offset {
        -99..100 => format!("within 0.1 s of {whose}"),
        100.. => format!("{} ahead of {whose}", apart_by(apart)),
        _ => format!("{} behind {whose}", apart_by(apart)),
    }
}

/// A time zone's distance from UTC as RFC 3339 writes it.
fn offset(minutes: i32) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let apart = minutes.unsigned_abs();
    format!("{sign}{:02}:{:02}", apart / 60, apart % 60)
}

fn apart_by(ms: u64) -> String {
    if ms < 60_000 { format!("{}.{} s", ms / 1_000, ms % 1_000 / 100) } else { duration(ms) }
}

fn joined<'a>(parts: impl IntoIterator<Item = &'a String>) -> String {
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_ahead_and_behind() {
        assert_eq!(clock(Some(420), false), "0.4 s ahead of Microsoft's");
        assert_eq!(clock(Some(-61_500), false), "1 min 1 s behind Microsoft's");
        assert_eq!(clock(Some(-30), true), "within 0.1 s of the lab's");
        assert_eq!(clock(None, false), "not compared with Microsoft's");
        assert_eq!(clock(Some(i64::MIN), false), "153722867280912 min 55 s behind Microsoft's");
    }

    #[test]
    fn time_zones_on_both_sides_of_utc() {
        for (minutes, text) in [(0, "+00:00"), (330, "+05:30"), (-210, "-03:30"), (i32::MIN, "-35791394:08")] {
            assert_eq!(offset(minutes), text);
        }
    }

    #[test]
    fn durations_as_people_say_them() {
        assert_eq!(duration(7), "7 ms");
        assert_eq!(duration(6_811), "6.8 s");
        assert_eq!(duration(72_000), "1 min 12 s");
    }

    #[test]
    fn addresses_are_left_out_only_where_they_are_all() {
        assert_eq!(less_addresses("no answer (all 2 addresses: 192.0.2.1, 192.0.2.2)"), "no answer");
        assert_eq!(less_addresses("no answer (within 10 s) (2001:db8::1)"), "no answer (within 10 s)");
        assert_eq!(
            less_addresses("no answer (1 of 2 addresses: 192.0.2.1)"),
            "no answer (1 of 2 addresses: 192.0.2.1)"
        );
        assert_eq!(less_addresses("no road ([192.0.2.1:53])"), "no road ([192.0.2.1:53])");
    }

    #[test]
    fn the_server_at_the_end_of_a_refusal_is_left_out() {
        let refused = |end: &str| format!("refused: \"535 5.7.3 no{end}\" (192.0.2.1)");
        assert_eq!(less_server(&refused(" [AB1.example.com 2026-11-23T08:00:00Z 08DE]")), "refused: \"535 5.7.3 no\"");
        assert_eq!(less_server(&refused(" [b]")), "refused: \"535 5.7.3 no [b]\"");
        assert_eq!(less_server("no [a.example]"), "no [a.example]");
    }

    #[test]
    fn only_commands_are_run() {
        for (command, label) in [
            ("permit tcp from 192.0.2.1 to a.example port 587", "rule"),
            ("bypass TLS inspection for a.example:443", "rule"),
            ("https://entra.microsoft.com > Users", "go to"),
            ("https://account.microsoft.com", "go to"),
            ("Administration > Email > Aliases > user name", "go to"),
            ("inetmgr: Sites > the site of ECE > Bindings > https", "run"),
            ("Set-CASMailbox -Identity a@example.com -ImapEnabled $true", "run"),
            ("mail.pop3s.auth.xoauth2.two.line.authentication.format=true", "set"),
        ] {
            assert_eq!(deed(command), label, "{command}");
        }
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
