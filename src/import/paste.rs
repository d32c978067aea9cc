//! What people paste around data: sentences of a mail, marks of a quotation, a fence, an indent, colors of a terminal.
//!
//! In: the text of a file. Out: the same text without them, with its lines in their places, so that a line that is named
//! is that of the file; or the error that a command printed in place of data. Data that stands alone is left as it is.

use std::borrow::Cow;

use super::format_list::{pair, typed};

/// A text without what was pasted around its data.
#[must_use]
pub fn cleaned(text: &str) -> Cow<'_, str> {
    if is_json_first(text) || text.trim_start().starts_with(['<', '"', '#']) {
        return Cow::Borrowed(text);
    }
    let plain = if text.contains('\u{1b}') { Cow::Owned(without_colors(text)) } else { Cow::Borrowed(text) };
    let lines: Vec<&str> = plain.lines().map(without_mark).collect();
    let indent = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indent_of(line)).min().unwrap_or(0);
    let lines: Vec<&str> = lines.iter().map(|line| line.get(indent..).unwrap_or_default()).collect();
    let begin = begins(&lines);
    let is_same = indent == 0 && begin == 0 && matches!(plain, Cow::Borrowed(_));
    if is_same && !text.lines().any(|line| without_mark(line).len() != line.len()) {
        return Cow::Borrowed(text);
    }
    let kept = lines.iter().enumerate().map(|(at, line)| if at < begin { "" } else { line });
    Cow::Owned(kept.collect::<Vec<_>>().join("\n"))
}

/// True when a text begins as JSON does.
#[must_use]
pub fn is_json_first(text: &str) -> bool {
    text.trim_start().lines().next().is_some_and(is_json)
}

fn is_json(line: &str) -> bool {
    let mut letters = line.trim_end().chars();
    let opens = matches!(letters.next(), Some('{' | '['));
    opens && matches!(letters.find(|c| !c.is_whitespace()), None | Some('{' | '"' | '[' | ']' | '}'))
}

/// A line without the mark of a quotation, and nothing of a line that only fences.
fn without_mark(line: &str) -> &str {
    let line = line.strip_prefix("> ").or_else(|| line.strip_prefix('>')).unwrap_or(line);
    if line.trim_start().starts_with("```") { "" } else { line }
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// The first line of the data, where sentences are above it: JSON, or a header of a table in quotes.
fn begins(lines: &[&str]) -> usize {
    let is_header = |line: &str| line.starts_with('"') && line.contains("\",\"");
    let has_list = lines.iter().any(|line| pair(line).is_some());
    let is_data = |line: &&str| is_json(line) || (!has_list && is_header(line));
    let first = lines.iter().position(is_data).unwrap_or(0);
    // what was typed says whose the data is
    let is_asked = lines.iter().take(first).any(|line| typed(line).is_some());
    if is_asked && !is_json(lines[first]) { 0 } else { first }
}

/// A text without the sequences by which a terminal shows colors (ECMA-48, section 5.4).
fn without_colors(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter == '\u{1b}' && letters.next_if_eq(&'[').is_some() {
            while letters.next_if(|c| !('@'..='~').contains(c)).is_some() {}
            letters.next();
        } else {
            plain.push(letter);
        }
    }
    plain
}

/// More lines than a command needs to say why it failed.
const LONGEST_ERROR: usize = 60;

/// What a command printed in place of data: its first line with the error.
#[must_use]
pub fn error_of(text: &str) -> Option<&str> {
    let is_data = |line: &str| pair(line).is_some_and(|(name, ..)| !name.eq_ignore_ascii_case("error"));
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    if text.lines().any(is_data) || lines().nth(LONGEST_ERROR).is_some() {
        return None;
    }
    if text.contains("CategoryInfo") && text.contains("FullyQualifiedErrorId") {
        return lines().find(|line| line.contains(" : ") && !line.starts_with(['+', '[']) && !line.starts_with("PS "));
    }
    lines().find(|line| line.to_lowercase().starts_with("error:") || line.contains(" is not recognized as "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_around_data_goes_and_lines_stay_in_their_places() {
        for (pasted, data) in [
            ("> Name : a\n> On   : True", "Name : a\nOn   : True"),
            ("```\nName : a\n```", "\nName : a\n"),
            ("    Name : a\n    On   : True", "Name : a\nOn   : True"),
            ("\u{1b}[32;1mName : \u{1b}[0ma", "Name : a"),
            ("Hi,\nhere it is:\n[\n {\"a\": 1}\n]", "\n\n[\n {\"a\": 1}\n]"),
            ("[EXTERNAL] Be careful\n\n[\n {\"a\": 1}\n]", "\n\n[\n {\"a\": 1}\n]"),
            ("{code}\n{\"a\": 1}", "\n{\"a\": 1}"),
            ("WARNING: only some\n{\"a\": 1}", "\n{\"a\": 1}"),
            ("Hi,\n\"Name\",\"On\"\n\"a\",\"True\"", "\n\"Name\",\"On\"\n\"a\",\"True\""),
        ] {
            assert_eq!(cleaned(pasted), data);
        }
        for alone in ["Name : a\nOn : True\n", "[PS] C:\\> Get-X\n", "a,b\r\n1,2\r\n", "{\n \"a\": 1\n}"] {
            assert!(matches!(cleaned(alone), Cow::Borrowed(_)), "{alone}");
        }
    }

    #[test]
    fn errors_in_place_of_data_are_told() {
        let of_powershell =
            "Get-Mailbox : object 'x' couldn't be found.\n + CategoryInfo : a\n + FullyQualifiedErrorId : b";
        assert_eq!(error_of(of_powershell), Some("Get-Mailbox : object 'x' couldn't be found."));
        assert_eq!(error_of("ERROR: Forbidden({})"), Some("ERROR: Forbidden({})"));
        assert_eq!(error_of("Name : a"), None);
    }
}
