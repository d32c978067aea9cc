//! A comparison of two reports, for people: as text and as Markdown.
//!
//! In: a [`Comparison`]. Out: the two runs, what they do not have in common, how many findings changed and how, then
//! every finding that changed and every failure that did not.

use std::fmt::Write as _;

use super::{
    Style, Symbols, Verbosity,
    compare::{Aspect, Change, Compared, Comparison, Difference, Side, Verdict},
    harmless,
    markdown::{code, in_cell, prose},
    page::{Page, Paint},
    words,
};
use crate::{
    evidence::Subject,
    finding::{NamedCause, Status},
};

/// The changes in the order in which they are told: what needs action first.
const ORDER: [Change; 11] = [
    Change::Broken,
    Change::NewFailure,
    Change::ChangedCause,
    Change::NewWarning,
    Change::Inconclusive,
    Change::Fixed,
    Change::NowSkipped,
    Change::NowPassed,
    Change::WarningResolved,
    Change::Removed,
    Change::Added,
];

/// Over the failures that are still there.
const STILL: &str = "Still failing";

/// Writes a comparison as text.
#[must_use]
pub fn text(title: &str, comparison: &Comparison, style: &Style) -> String {
    let mut page = Page::new(style);
    page.heading(title);
    page.label("old", &side(&comparison.old));
    page.label("new", &side(&comparison.new));
    for difference in &comparison.differences {
        page.label("differs", &differs(difference));
    }
    page.gap();
    page.paragraph(paint(comparison), &format!("{}.", verdict(comparison)));
    page.paragraph(Paint::Plain, &format!("{}.", numbers(comparison)));
    for change in ORDER {
        group(&mut page, change, comparison);
    }
    still(&mut page, comparison);
    page.finish()
}

/// Writes a comparison as Markdown.
#[must_use]
pub fn markdown(title: &str, comparison: &Comparison, style: &Style) -> String {
    let mut text = format!("# {}\n\n**{}**\n\n", prose(title), prose(&format!("{}.", verdict(comparison))));
    for (label, side) in [("Old", side(&comparison.old)), ("New", side(&comparison.new))] {
        let _ = writeln!(text, "- {label}: {}", prose(&side));
    }
    for difference in &comparison.differences {
        let _ = writeln!(text, "- Differs: {}", prose(&differs(difference)));
    }
    let _ = writeln!(text, "- Findings: {}", prose(&numbers(comparison)));
    for change in ORDER {
        table(&mut text, label(change), &of(comparison, change));
    }
    table(&mut text, STILL, &still_failing(comparison));
    if style.symbols == Symbols::Ascii { harmless::ascii(&text) } else { text }
}

/// What the comparison amounts to, in one sentence without its full stop.
fn verdict(comparison: &Comparison) -> String {
    let count = |change| comparison.counts.get(&change).copied().unwrap_or_default();
    let failing = count(Change::Broken) + count(Change::NewFailure);
    match (comparison.exit_code, failing) {
        (1, failing) => words::plural(
            failing,
            "{n} failure that the old report does not have",
            "{n} failures that the old report does not have",
        ),
        (3, _) => "No new failure, but checks that had a result before have none now".to_owned(),
        _ if count(Change::Unchanged) == comparison.findings.len() => "Nothing changed".to_owned(),
        _ => "Nothing broke".to_owned(),
    }
}

fn paint(comparison: &Comparison) -> Paint {
    match comparison.exit_code {
        0 => Paint::Good,
        3 => Paint::Unknown,
        _ => Paint::Bad,
    }
}

fn numbers(comparison: &Comparison) -> String {
    let counted = ORDER.into_iter().chain([Change::Unchanged]);
    let said = counted.filter_map(|change| {
        let number = comparison.counts.get(&change)?;
        Some(format!("{number} {}", label(change).to_lowercase()))
    });
    said.collect::<Vec<_>>().join(", ")
}

fn label(change: Change) -> &'static str {
    match change {
        Change::Broken => "Broken",
        Change::NewFailure => "Failed, not tested before",
        Change::ChangedCause => "Changed cause",
        Change::NewWarning => "New warning",
        Change::Inconclusive => "Now inconclusive",
        Change::NowSkipped => "Now skipped",
        Change::Removed => "Only in the old report",
        Change::Fixed => "Fixed",
        Change::NowPassed => "Passed, not tested before",
        Change::WarningResolved => "Warning resolved",
        Change::Added => "Only in the new report, not run",
        Change::Unchanged => "Unchanged",
    }
}

fn side(side: &Side) -> String {
    let Side { started, host, planned, pass, warn, fail, skip, error, .. } = side;
    let checks = words::checks(*planned);
    format!(
        "{started}, {host}; {checks}: {pass} passed, {warn} with warnings, {fail} failed, {skip} not run, {error} inconclusive"
    )
}

fn differs(difference: &Difference) -> String {
    let what = match difference.what {
        Aspect::Version => "version",
        Aspect::Rules => "rules dated",
        Aspect::Host => "server",
        Aspect::Role => "role",
        Aspect::Cloud => "cloud",
        Aspect::Proxy => "proxy",
        Aspect::Lab => "lab mode",
        Aspect::Interrupted => "interrupted",
        Aspect::Order => {
            return format!(
                "order: the new report began at {}, before the old one at {}. Are they swapped?",
                difference.new, difference.old
            );
        }
    };
    format!("{what}: {} before, {} now", difference.old, difference.new)
}

fn of(comparison: &Comparison, change: Change) -> Vec<&Compared> {
    comparison.findings.iter().filter(|finding| finding.change == change).collect()
}

fn still_failing(comparison: &Comparison) -> Vec<&Compared> {
    let fails = |finding: &&Compared| finding.new.as_ref().is_some_and(|new| new.status == Status::Fail);
    of(comparison, Change::Unchanged).into_iter().filter(fails).collect()
}

fn group(page: &mut Page<'_>, change: Change, comparison: &Comparison) {
    let findings = of(comparison, change);
    if findings.is_empty() {
        return;
    }
    page.heading(&format!("{} ({})", label(change), findings.len()));
    let good = matches!(change, Change::Fixed | Change::NowPassed | Change::WarningResolved);
    for finding in findings {
        item(page, finding);
        if !good || page.verbosity() == Verbosity::Verbose {
            details(page, finding);
        }
    }
}

fn still(page: &mut Page<'_>, comparison: &Comparison) {
    let findings = still_failing(comparison);
    if findings.is_empty() {
        return;
    }
    page.heading(&format!("{STILL} ({})", findings.len()));
    for finding in findings {
        item(page, finding);
    }
}

fn item(page: &mut Page<'_>, finding: &Compared) {
    if let Some(verdict) = latest(finding) {
        let title = [verdict.title.as_str(), about(finding).as_str()].map(str::to_owned);
        let title = title.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(": ");
        page.item(verdict.status, &title, Some(&finding.check));
    }
}

fn details(page: &mut Page<'_>, finding: &Compared) {
    let both = finding.old.as_ref().zip(finding.new.as_ref());
    if let Some(old) = &finding.old {
        page.field("before", &said(old));
    }
    if let Some(new) = &finding.new {
        page.field("now", &said(new));
    }
    if let Some((old, new)) = both {
        if old.expected != new.expected {
            page.field("expected", &format!("{} (before: {})", new.expected, old.expected));
        }
        if causes(old) != causes(new) {
            page.field("cause", &format!("{} (before: {})", or_none(&causes(new)), or_none(&causes(old))));
        }
    }
}

fn latest(finding: &Compared) -> Option<&Verdict> {
    finding.new.as_ref().or(finding.old.as_ref())
}

/// What a finding is about, where its title does not say it: the subject, and whose it is.
fn about(finding: &Compared) -> String {
    let subject = if finding.subject == Subject::Site.as_str() { "" } else { &finding.subject };
    match &finding.account {
        Some(account) if account != subject => format!("{subject} ({account})").trim_start().to_owned(),
        _ => subject.to_owned(),
    }
}

fn said(verdict: &Verdict) -> String {
    let reason = verdict.reason.map(|reason| format!(" ({})", words::reason(reason))).unwrap_or_default();
    let found = if verdict.found.is_empty() { String::new() } else { format!(": {}", verdict.found) };
    format!("{}{reason}{found}", words::status(verdict.status))
}

fn causes(verdict: &Verdict) -> String {
    let said = |cause: &NamedCause| {
        let title = if cause.title.is_empty() { &cause.cause } else { &cause.title };
        format!("{title} ({})", words::certainty(cause.certainty))
    };
    verdict.causes.iter().map(said).collect::<Vec<_>>().join("; ")
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn table(text: &mut String, title: &str, findings: &[&Compared]) {
    if findings.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## {} ({})\n", prose(title), findings.len());
    text.push_str("| check | subject | before | now | cause |\n|---|---|---|---|---|\n");
    for finding in findings {
        let cell = |verdict: Option<&Verdict>| verdict.map(|verdict| code(&said(verdict))).unwrap_or_default();
        let cause = finding.new.as_ref().map(causes).unwrap_or_default();
        let cells = [
            code(&finding.check),
            code(&about(finding)),
            cell(finding.old.as_ref()),
            cell(finding.new.as_ref()),
            code(&cause),
        ];
        let _ = writeln!(text, "| {} |", cells.map(|cell| in_cell(&cell)).join(" | "));
    }
}
