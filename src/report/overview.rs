//! Several reports as text and as Markdown: what differs first, then each report.
//!
//! In: the reports and what they come to. Out: text in the reader's width, or Markdown.

use std::fmt::Write as _;

use super::{
    Style, Symbols, harmless, markdown,
    markdown::{code, in_cell, prose},
    page::{Page, Paint},
    several::{self, Overview},
    text, words,
};
use crate::finding::{Report, Status};

/// Writes the overview of several reports and, unless only a summary is wanted, each report after it.
pub(super) fn text(reports: &[&Report], overview: &Overview, style: &Style, summary: bool) -> String {
    let mut page = Page::new(style);
    let [result, first] = several::verdict(reports, overview);
    page.paragraph(if overview.exit_code == 1 { Paint::Bad } else { Paint::Strong }, &result);
    page.paragraph(Paint::Plain, &first);
    if !overview.differences.is_empty() {
        page.heading("Differences");
    }
    for difference in several::told(overview) {
        page.item(difference.status, &difference.sentence, Some(&difference.check));
        page.field("means", &difference.hint);
    }
    page.heading("Reports");
    for (at, report) in reports.iter().enumerate() {
        page.item(status(report), &format!("{}: {}", several::name(reports, at), several::line(report)), None);
    }
    let mut whole = page.finish();
    if summary {
        return whole;
    }
    for (at, report) in reports.iter().enumerate() {
        let mut page = Page::new(style);
        page.heading(&format!("Report {} of {}: {}", at + 1, reports.len(), several::name(reports, at)));
        let _ = write!(whole, "\n\n{}\n{}", page.finish(), text::render(report, style));
    }
    whole
}

/// Writes the same as Markdown.
pub(super) fn markdown(reports: &[&Report], overview: &Overview, style: &Style) -> String {
    let mut text = format!("# {} reports\n\n", reports.len());
    for line in several::verdict(reports, overview) {
        let _ = writeln!(text, "**{}**\n", prose(&line));
    }
    if !overview.differences.is_empty() {
        text.push_str("## Differences\n\n");
    }
    for difference in several::told(overview) {
        let hint = if difference.hint.is_empty() { String::new() } else { format!(" {}", prose(&difference.hint)) };
        let _ = writeln!(text, "- **{}**{hint} ({})", prose(&difference.sentence), code(&difference.check));
    }
    text.push_str(
        "\n## Reports\n\n| server | started | failed | inconclusive | warnings | passed | not run | result |\n",
    );
    text.push_str("|---|---|--:|--:|--:|--:|--:|---|\n");
    for (at, report) in reports.iter().enumerate() {
        let summary = &report.summary;
        let numbers = [summary.fail, summary.error, summary.warn, summary.pass, summary.skip];
        let numbers = numbers.map(|number| number.to_string()).join(" | ");
        let (name, line) = (in_cell(&code(&several::name(reports, at))), in_cell(&prose(&several::line(report))));
        let _ = writeln!(text, "| {name} | {} | {numbers} | {line} |", in_cell(&code(&report.run.started)));
    }
    for report in reports {
        let _ = write!(text, "\n---\n\n{}", markdown::render(report, style));
    }
    if style.symbols == Symbols::Ascii { harmless::ascii(&text) } else { text }
}

/// The outcome of one report for its mark.
pub(super) fn status(report: &Report) -> Status {
    let summary = &report.summary;
    match summary.exit_code {
        _ if summary.fail > 0 => Status::Fail,
        0 | 4 if summary.warn > 0 => Status::Warn,
        0 => Status::Pass,
        _ => Status::Error,
    }
}

/// The first screen of one report: the outcome, the numbers, what to do, and where the rest is.
pub(super) fn summary(report: &Report, style: &Style) -> String {
    let mut page = Page::new(style);
    let [result, first] = super::verdict::lines(report);
    page.paragraph(if report.summary.fail > 0 { Paint::Bad } else { Paint::Strong }, &result);
    page.paragraph(Paint::Strong, &first);
    if report.run.lab {
        page.paragraph(Paint::Loud, words::LAB);
    }
    let summary = &report.summary;
    let numbers = [
        (summary.fail, "failed"),
        (summary.error, "inconclusive"),
        (summary.warn, "with warnings"),
        (summary.pass, "passed"),
        (summary.skip, "not run"),
    ];
    let numbers: Vec<String> = numbers.iter().map(|(number, what)| format!("{number} {what}")).collect();
    page.gap();
    page.paragraph(Paint::Plain, &format!("{}: {}.", words::checks(summary.planned), numbers.join(", ")));
    if !summary.fix_first.is_empty() {
        page.heading(if summary.fail + summary.error > 0 { "Recommended actions" } else { "Warnings" });
    }
    for (number, fix) in summary.fix_first.iter().enumerate() {
        let owner = words::owner(fix.owner);
        page.numbered(number + 1, &format!("{owner}: {} ({})", fix.title, words::certainty(fix.certainty)));
    }
    page.finish()
}
