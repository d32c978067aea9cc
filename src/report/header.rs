//! The header of a report: what wrote it, and where, when and how the run was made.

use super::{
    route,
    words::{duration, list, plural},
};
use crate::{
    evidence::Value,
    finding::{OtherRun, Redacted, Report, Run},
    judge::{clock::apart, values},
    probe::tls,
};

/// The first line of a report: what wrote it, with which knowledge, for which case.
pub(super) fn tool(report: &Report) -> String {
    let tool = &report.tool;
    let mut line = format!("{} {}, rules dated {}", tool.name, tool.version, tool.catalogue_date);
    if let Some(case) = &report.run.case {
        line = format!("{line}, case {case}");
    }
    line
}

/// Which run this is, in one line, where the user gave it a case or a site.
pub(super) fn which(report: &Report) -> Option<String> {
    let run = &report.run;
    let case = run.case.as_ref().map(|case| format!("case {case}"));
    let given: Vec<&str> = [run.site.as_deref(), case.as_deref()].into_iter().flatten().collect();
    (!given.is_empty()).then(|| format!("{}, {}, {}", given.join(", "), run.host, run.started))
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
        run.utc_offset_minutes.map(|minutes| format!(" (local time UTC{})", offset(minutes))).unwrap_or_default();
    let mut lines = vec![
        ("Server", joined([&format!("{}{addresses}", run.host), &run.os])),
        ("Role", format!("{}; cloud: {}{}", role(&run.role), run.cloud, ece_home(report))),
        ("Started", format!("{}{zone}", run.started)),
        ("Network", route::in_force(report)),
        ("DNS", resolvers),
        ("Clock", clock(run.clock_offset_ms, run.lab)),
    ];
    if let Some(site) = &run.site {
        lines.insert(0, ("Site", site.clone()));
    }
    lines.extend(run.redacted.as_ref().map(|hidden| ("Redacted", redacted(hidden))));
    lines.extend((!run.other_runs.is_empty()).then(|| ("Parallel", parallel(&run.other_runs))));
    lines.extend(waivers(report).map(|told| ("Waivers", told)));
    if let Some(both) = route::both(report) {
        let place = lines.iter().position(|(label, _)| *label == "DNS").unwrap_or(lines.len());
        lines.insert(place, ("Routes", both));
    }
    let stores = report.looks.iter().flat_map(|look| values(look, tls::JAVA_STORES.name()));
    let stores: Vec<String> =
        stores.flat_map(|value| if let Value::List(items) = value { items } else { Vec::new() }).collect();
    if !stores.is_empty() {
        lines.push(("Java", list(&distinct(stores), 8)));
    }
    lines.extend(run.firewall.as_deref().map(|shut| ("Ports", ports(shut))));
    lines.extend(options(run).map(|told| ("Options", told)));
    lines
}

/// What was chosen for this run and changes what it sees: another run on the same server can come out otherwise.
fn options(run: &Run) -> Option<String> {
    let flags = &run.flags;
    let named = |what: &str, values: &[String]| {
        let values: Vec<&str> = values.iter().map(String::as_str).filter(|value| !value.is_empty()).collect();
        (!values.is_empty()).then(|| format!("{what} {}", list(&values, 4)))
    };
    let told = [
        named("DNS server", &run.named_dns_servers),
        named("also trusted: CA file", &flags.ca_files),
        named("checks of", flags.checks.as_slice()),
        flags.no_proxy.then(|| "proxy settings ignored".to_owned()),
    ];
    let told: Vec<String> = told.into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// What was hidden, in numbers.
fn redacted(hidden: &Redacted) -> String {
    let &Redacted { addresses, names, mailboxes, places, key: _ } = hidden;
    let parts = [(addresses, "address", "addresses"), (names, "name", "names"), (mailboxes, "mailbox", "mailboxes")];
    let parts = parts.into_iter().filter(|(number, ..)| *number > 0);
    let parts: Vec<String> =
        parts.map(|(number, one, many)| format!("{number} {}", if number == 1 { one } else { many })).collect();
    let parts = if parts.is_empty() { "nothing to hide was found".to_owned() } else { parts.join(", ") };
    format!("{parts}, in {places} places; the same placeholder is the same thing throughout")
}

/// The runs that were made at the same time: they use the same mailboxes and tokens.
fn parallel(others: &[OtherRun]) -> String {
    let one = |other: &OtherRun| {
        let sends = if other.sends_mail { ", sends test messages" } else { "" };
        format!("process {} since {}{sends}", other.process, other.started)
    };
    let told: Vec<String> = others.iter().map(one).collect();
    let others =
        plural(others.len(), "{n} other run of ece-check on this server", "{n} other runs of ece-check on this server");
    format!("{others}: {}", list(&told, 4))
}

/// How many findings are waived, and which waivers have ended.
fn waivers(report: &Report) -> Option<String> {
    let applied = report.findings.iter().filter_map(|finding| Some((finding, finding.waiver.as_ref()?)));
    let (ended, held): (Vec<_>, Vec<_>) = applied.partition(|(_, waiver)| waiver.ended);
    let ended: Vec<String> = ended
        .iter()
        .map(|(finding, waiver)| format!("{} {} on {}", finding.check, finding.subject, waiver.until))
        .collect();
    let held = (!held.is_empty()).then(|| format!("{} waived", held.len()));
    let ended = (!ended.is_empty()).then(|| format!("ended: {}", list(&ended, 4)));
    let told: Vec<String> = [held, ended].into_iter().flatten().collect();
    (!told.is_empty()).then(|| told.join("; "))
}

fn distinct(mut texts: Vec<String>) -> Vec<String> {
    texts.sort();
    texts.dedup();
    texts
}

/// What this host's own firewall blocks.
fn ports(shut: &[String]) -> String {
    match shut {
        [] => "Windows Firewall: no outbound rule blocks a port that ECE needs".to_owned(),
        some => format!("blocked by Windows Firewall: {}", list(some, 8)),
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
        Some(home) => format!("; ECE installation folder: {home}"),
        None if report.run.os.starts_with("Windows") && !report.run.lab => {
            "; ECE installation folder not found".to_owned()
        }
        None => String::new(),
    }
}

fn clock(offset_ms: Option<i64>, lab: bool) -> String {
    let whose = if lab { "the lab's" } else { "Microsoft's" };
    let Some(offset) = offset_ms else { return "not checked".to_owned() };
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
    match ms {
        ..60_000 => format!("{}.{} s", ms / 1_000, ms % 1_000 / 100),
        60_000..7_200_000 => duration(ms),
        _ => apart(ms / 1_000),
    }
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
        assert_eq!(clock(Some(4_320 * 60_000), false), "3 days ahead of Microsoft's");
        assert_eq!(clock(None, false), "not checked");
        assert_eq!(clock(Some(i64::MIN), false), "106751991167 days behind Microsoft's");
    }

    #[test]
    fn time_zones_on_both_sides_of_utc() {
        for (minutes, text) in [(0, "+00:00"), (330, "+05:30"), (-210, "-03:30"), (i32::MIN, "-35791394:08")] {
            assert_eq!(offset(minutes), text);
        }
    }
}
