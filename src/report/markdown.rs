//! The report to paste into a case: Markdown as GitHub defines it, which also reads well as it stands.
//!
//! In: a finished report. Out: a short header, the numbers, what to fix first, the mailboxes side by side, what did not
//! pass, what passed. Findings that differ in their subject alone share a row. Texts from outside stand in code spans,
//! which nothing inside them can end; our own words are escaped.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    Style, Symbols, Verbosity, firewall,
    grouping::{self, Blocker},
    harmless, header, mailbox,
    prose::REQUESTED,
    verdict, words,
};
use crate::finding::{Finding, NextStep, Remediation, Report, SkipReason, Status};

/// The longest text, in characters.
const LONGEST: usize = 600;

/// So many messages that were sent are told one by one.
const DEEDS: usize = 20;

/// Writes the report as Markdown.
pub(super) fn render(report: &Report, style: &Style) -> String {
    let mut text = String::new();
    header(&mut text, report);
    numbers(&mut text, report);
    fix_first(&mut text, report);
    rules(&mut text, report);
    mailboxes(&mut text, report);
    deeds(&mut text, report);
    not_passed(&mut text, report);
    steps(&mut text, report);
    passed(&mut text, report);
    if style.symbols == Symbols::Ascii { harmless::ascii(&text) } else { text }
}

fn header(text: &mut String, report: &Report) {
    let _ = writeln!(text, "# {}\n", prose(&header::tool(report)));
    if report.run.lab {
        let _ = writeln!(text, "**{}**\n", words::LAB);
    }
    if report.run.interrupted {
        let _ = writeln!(text, "**{}**\n", words::INTERRUPTED);
    }
    for line in verdict::lines(report).iter().filter(|line| !line.is_empty()) {
        let _ = writeln!(text, "**{}**\n", prose(line));
    }
    for (label, vantage) in header::vantage(report) {
        let _ = writeln!(text, "- {label}: {}", code(&vantage));
    }
    let _ = writeln!(text, "- Duration: {}\n", words::duration(report.run.duration_ms));
}

fn numbers(text: &mut String, report: &Report) {
    let summary = &report.summary;
    let numbers = [summary.planned, summary.pass, summary.warn, summary.fail, summary.skip, summary.error];
    text.push_str("| checks | passed | warnings | failed | not run | inconclusive |\n|--:|--:|--:|--:|--:|--:|\n");
    let _ = writeln!(text, "| {} |", numbers.map(|number| number.to_string()).join(" | "));
}

fn fix_first(text: &mut String, report: &Report) {
    if report.summary.fix_first.is_empty() {
        return;
    }
    text.push_str("\n## Recommended actions\n");
    for (number, fix) in report.summary.fix_first.iter().enumerate() {
        one_fix(text, report, number + 1, fix);
    }
}

fn one_fix(text: &mut String, report: &Report, number: usize, fix: &Remediation) {
    let lead = format!("{number}. ");
    let indent = " ".repeat(lead.len());
    let (title, certainty) = (prose(&fix.title), words::certainty(fix.certainty));
    let _ = writeln!(text, "{lead}**{}**: {title} ({certainty}), {}", words::owner(fix.owner), code(&fix.cause));
    let _ = writeln!(text, "{indent}- fix: {}", prose(&fix.fix));
    let _ = writeln!(text, "{indent}- effect: {}", prose(&fix.takes));
    let _ = writeln!(text, "{indent}- explains: {}", words::explained(report, fix));
    commands(text, fix, &indent);
}

/// The commands of an action, each with what runs it and which role that needs; a report of schema 1 has them in one text.
fn commands(text: &mut String, fix: &Remediation, indent: &str) {
    if let (true, Some(command)) = (fix.commands.is_empty(), &fix.command) {
        text.push_str(&fenced(command, indent));
    }
    for (command, heading) in words::headed(&fix.commands) {
        if let Some((label, about)) = heading {
            let _ = writeln!(text, "{indent}- {label}: {}", prose(&about));
        }
        text.push_str(&fenced(&command.text, &format!("{indent}  ")));
        if command.confirms_if.is_some() {
            let _ = writeln!(text, "{indent}- {} {}", words::CONFIRMS, prose(&words::confirms(command)));
        }
        if let Some(note) = &command.note {
            let _ = writeln!(text, "{indent}- note: {}", prose(note));
        }
    }
}

/// Firewall rules and what proves the change, in the part for one team.
fn rules(text: &mut String, report: &Report) {
    if let Some(forms) = firewall::of_report(report) {
        let _ = writeln!(text, "\n## Firewall rules\n\n{}", prose(&forms.lead.join(" ")));
        for form in forms.each {
            let _ = write!(text, "\n### {}\n{}", prose(form.title), fenced(&form.text, ""));
        }
    }
    if let Some(proof) = report.run.part_for.and_then(|_| words::proof(report)) {
        let _ = write!(
            text,
            "\n## After the change\n\nTo prove it, run on {}:\n{}",
            code(&report.run.host),
            fenced(&proof, "")
        );
    }
}

/// What works for each mailbox, when there are several.
fn mailboxes(text: &mut String, report: &Report) {
    let Some(mailboxes) = mailbox::mailboxes(report, Verbosity::Normal) else { return };
    text.push_str("\n## Mailboxes\n\n");
    if !mailboxes.rows.is_empty() {
        let _ = writeln!(text, "| mailbox | {} |\n|---|---|---|---|---|---|", mailbox::HEADS.join(" | "));
    }
    for (name, cells) in mailboxes.rows {
        let cells = cells.map(|status| status.map_or("", words::status)).join(" | ");
        let _ = writeln!(text, "| {} | {cells} |", in_cell(&code(&name)));
    }
    if mailboxes.left > 0 {
        let _ = writeln!(text, "\n{} more passed.", mailboxes.left);
    }
}

/// What the run has changed in the world.
fn deeds(text: &mut String, report: &Report) {
    let deeds = words::deeds(report);
    if deeds.is_empty() {
        return;
    }
    text.push_str("\n## Mail sent\n\n");
    if deeds.len() > DEEDS {
        let _ = writeln!(text, "- {}", prose(&words::deeds_in_all(report)));
        return;
    }
    for deed in deeds {
        let _ = writeln!(text, "- {}", code(deed));
    }
}

fn not_passed(text: &mut String, report: &Report) {
    let order = [Status::Fail, Status::Error, Status::Warn, Status::Skip];
    let of_status = |status| (0..report.findings.len()).filter(move |place| report.findings[*place].status == status);
    let rows: Vec<Vec<usize>> = order.into_iter().flat_map(|status| alike(report, of_status(status))).collect();
    if rows.is_empty() {
        return;
    }
    text.push_str("\n## What did not pass\n\n| | check | subject | found | because |\n|---|---|---|---|---|\n");
    for places in rows {
        row(text, report, &places);
    }
}

/// Findings that share a row: those that differ in their subject alone, and skips for the same reason.
fn alike(report: &Report, places: impl Iterator<Item = usize>) -> Vec<Vec<usize>> {
    let (skipped, told): (Vec<usize>, Vec<usize>) = places.partition(|place| report.findings[*place].reason.is_some());
    let why = |place: usize| (report.findings[place].found.as_str(), because(report, &report.findings[place]));
    let skipped = grouping::grouped(skipped, why).into_iter().flat_map(|(_, places)| pairs(report, places));
    grouping::alike(report, told).into_iter().chain(skipped).collect()
}

/// The same findings in rows whose every check is about every subject: a row names checks and subjects side by side, and
/// must not tell of a pair that there is not.
fn pairs(report: &Report, places: Vec<usize>) -> Vec<Vec<usize>> {
    let finding = |place: &usize| &report.findings[*place];
    let checks = grouping::grouped(places, |place| report.findings[place].check.as_str());
    let subjects = |at: usize| checks[at].1.iter().map(|place| &finding(place).subject).collect::<BTreeSet<_>>();
    let same = grouping::grouped(0..checks.len(), subjects);
    same.into_iter().map(|(_, at)| at.into_iter().flat_map(|at| checks[at].1.iter().copied()).collect()).collect()
}

fn row(text: &mut String, report: &Report, places: &[usize]) {
    let findings: Vec<&Finding> = places.iter().map(|place| &report.findings[*place]).collect();
    let [first, ..] = findings[..] else { return };
    let checks = once(findings.iter().map(|finding| finding.check.as_str()));
    let subjects = once(findings.iter().map(|finding| words::subject(finding)));
    let turned = if first.fails.is_empty() { String::new() } else { format!("{}: ", prose(words::title(first))) };
    let found = format!("{turned}{}", code(&grouping::found(report, &findings)));
    let cells = [checks, subjects, found, because(report, first)];
    let cells = cells.map(|cell| in_cell(&cell)).join(" | ");
    let _ = writeln!(text, "| {} | {cells} |", words::status(first.status));
}

/// What settles causes that are not confirmed: each step once, without the commands that the actions have.
fn steps(text: &mut String, report: &Report) {
    let actions = report.summary.fix_first.iter().flat_map(|fix| &fix.commands);
    let mut told: BTreeSet<&str> = actions.map(|command| command.text.as_str()).collect();
    let is_open = |finding: &&Finding| matches!(finding.status, Status::Fail | Status::Error | Status::Warn);
    let mut all = String::new();
    for finding in report.findings.iter().filter(is_open) {
        for step in &finding.steps {
            let Some(command) = step.command().filter(|command| told.insert(&command.text)) else { continue };
            let asks = matches!(step, NextStep::Request { .. });
            let tested = finding.tested_by(step).map(|cause| format!("{}: ", words::cause(cause))).unwrap_or_default();
            let _ = writeln!(all, "- {}: {}", step.label(), prose(&format!("{tested}{}", words::about(command))));
            all.push_str(&fenced(&command.text, "  "));
            match &command.confirms_if {
                _ if asks => drop(writeln!(all, "  - then: {}", prose(REQUESTED))),
                Some(_) => drop(writeln!(all, "  - {} {}", words::CONFIRMS, prose(&words::confirms(command)))),
                None => {}
            }
        }
    }
    if !all.is_empty() {
        let _ = write!(text, "\n## Verify the cause\n\n{all}");
    }
}

/// Texts as code spans, each once, in their order.
fn once<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut seen = BTreeSet::new();
    let spans: Vec<String> =
        texts.filter(|text| seen.insert(*text)).map(code).filter(|span| !span.is_empty()).collect();
    spans.join(", ")
}

/// Why a finding is not well: its causes, or the reason of its skip.
fn because(report: &Report, finding: &Finding) -> String {
    if finding.waiver.is_some() {
        return [prose(&words::waiver(finding)), causes(report, finding)]
            .into_iter()
            .filter(|text| !text.is_empty())
            .collect::<Vec<_>>()
            .join("; ");
    }
    if let Some(reason) = finding.reason {
        let by = if reason == SkipReason::Blocked { blocked_by(report, finding) } else { String::new() };
        let next = finding.next.as_deref().map(|next| format!(": {}", code(next))).unwrap_or_default();
        return format!("{}{by}{next}", words::reason(reason));
    }
    causes(report, finding)
}

fn causes(report: &Report, finding: &Finding) -> String {
    let causes: Vec<String> = finding
        .causes
        .iter()
        .map(|cause| {
            let owner =
                grouping::fix(report, finding, &cause.cause).map(|(_, fix)| format!(", {}", words::owner(fix.owner)));
            format!("{} ({}{})", code(&cause.cause), words::certainty(cause.certainty), owner.unwrap_or_default())
        })
        .collect();
    causes.join(", ")
}

fn blocked_by(report: &Report, finding: &Finding) -> String {
    match grouping::blocker(report, finding) {
        Blocker::Fixes(numbers) => format!(" by {}", grouping::actions(&numbers)),
        Blocker::Finding(Some(root)) => {
            let root = &report.findings[root];
            format!(" by {} {}", code(&root.check), code(words::subject(root)))
        }
        Blocker::Finding(None) => String::new(),
    }
}

fn passed(text: &mut String, report: &Report) {
    if report.findings.iter().all(|finding| finding.status != Status::Pass) {
        return;
    }
    text.push_str("\n## What passed\n");
    for (section, places) in grouping::sections(report) {
        let passed = places.into_iter().filter(|place| report.findings[*place].status == Status::Pass);
        let checks = grouping::grouped(passed, |place| report.findings[place].check.as_str());
        if checks.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n### {}\n", prose(words::section_title(section)));
        for (check, places) in checks {
            let subjects = once(places.iter().map(|place| words::subject(&report.findings[*place])));
            let _ = writeln!(text, "{}", format!("- pass {} {subjects}", code(check)).trim_end());
        }
    }
}

/// Our own words: every sign that Markdown could take for its own is escaped.
pub(super) fn prose(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in harmless::line(text, LONGEST).chars() {
        if matches!(character, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '@' | '$') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// A code span that holds any text: its fence is longer than any run of backticks inside (`CommonMark` 6.1).
pub(super) fn code(text: &str) -> String {
    let text = harmless::line(text, LONGEST);
    if text.trim().is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// A text inside a table, where a pipe ends the cell even within a code span unless a backslash stands before it, and a
/// backslash that was there already would take that one away.
pub(super) fn in_cell(text: &str) -> String {
    text.replace("\\|", "\\x5c|").replace('|', "\\|")
}

/// A block of commands that holds any text (`CommonMark` 4.5).
fn fenced(command: &str, indent: &str) -> String {
    let lines: Vec<String> = command.lines().map(|line| harmless::line(line, usize::MAX)).collect();
    let fence = "`".repeat(longest_run(&lines.join("\n")).max(2) + 1);
    let lines = lines.join(&format!("\n{indent}"));
    format!("\n{indent}{fence}\n{indent}{lines}\n{indent}{fence}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|character| character != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_span_cannot_be_left() {
        assert_eq!(code("a `` b"), "```a `` b```");
        assert_eq!(code("`x`"), "`` `x` ``");
        assert_eq!(code(""), "");
    }

    #[test]
    fn pipes_in_tables() {
        assert_eq!(in_cell("`a|b`"), "`a\\|b`");
        assert_eq!(in_cell("`a\\|b`"), "`a\\x5c\\|b`");
    }

    #[test]
    fn our_own_words_are_not_markup() {
        assert_eq!(prose("use *any* [link](x) <b>"), "use \\*any\\* \\[link\\](x) \\<b\\>");
    }
}
