//! A page of text: lines that never grow wider than the reader's window.
//!
//! In: texts, possibly from outside. Out: lines. The page is the only place that writes text for a terminal, so nothing
//! reaches it without having been made [`harmless`]. Commands and web addresses are not broken, so that they can be
//! copied; everything else is, by columns as Unicode counts them (Annex 11).

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

use super::{Style, Symbols, Verbosity, harmless, words};
use crate::{
    command::{Command, Shell},
    finding::Status,
};

/// The longest text of one entry, in characters.
const LONGEST: usize = 600;

/// The longest text of one entry when everything is asked for.
const LONGEST_VERBOSE: usize = 4_000;

/// The column of labels: the longest has eight letters.
const COLUMN: usize = 9;

/// Below this width labels get no column of their own.
const NARROW: usize = 50;

/// What a piece of text is, and so its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// As it comes.
    Plain,
    /// What is well, and what is to be copied.
    Good,
    /// A warning.
    Caution,
    /// What is not well.
    Bad,
    /// What could not be judged.
    Unknown,
    /// What may be passed over.
    Aside,
    /// What catches the eye.
    Strong,
    /// What must not be missed.
    Loud,
}

/// A text under construction.
pub struct Page<'a> {
    style: &'a Style,
    text: String,
}

impl<'a> Page<'a> {
    /// An empty page for a stream.
    #[must_use]
    pub fn new(style: &'a Style) -> Self {
        Self { style, text: String::new() }
    }

    /// A command of this program as it is called here.
    #[must_use]
    pub fn called(&self, command: &str) -> String {
        self.style.called(command)
    }

    /// How much is told.
    #[must_use]
    pub fn verbosity(&self) -> Verbosity {
        self.style.verbosity
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> String {
        self.text
    }

    /// An empty line, unless the page is at its beginning or already has one.
    pub fn gap(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    /// A title, underlined.
    pub fn heading(&mut self, title: &str) {
        self.gap();
        let lines = wrap(&self.shown(title), self.width(), self.width());
        let longest = lines.iter().map(|line| columns(line)).max().unwrap_or_default();
        for line in lines {
            self.push(Paint::Strong, &line);
            self.text.push('\n');
        }
        self.push(Paint::Aside, &"-".repeat(longest));
        self.text.push('\n');
    }

    /// A paragraph at the left edge.
    pub fn paragraph(&mut self, paint: Paint, text: &str) {
        self.entry((Paint::Plain, ""), 0, (paint, text), None);
    }

    /// A line that begins with the mark of a status and ends with a name in brackets at the right edge.
    pub fn item(&mut self, status: Status, text: &str, name: Option<&str>) {
        let (mark, paint) = mark(status, self.style.symbols);
        let body =
            if matches!(status, Status::Fail | Status::Error | Status::Warn) { Paint::Strong } else { Paint::Plain };
        self.entry((paint, &format!("{mark} ")), columns(mark) + 1, (body, text), name);
    }

    /// A numbered line.
    pub fn numbered(&mut self, number: usize, text: &str) {
        let lead = format!("{number}. ");
        self.entry((Paint::Strong, &lead), lead.len(), (Paint::Strong, text), None);
    }

    /// One of several that are equally possible.
    pub fn option(&mut self, text: &str) {
        let indent = if self.is_narrow() { 2 } else { 4 };
        let lead = format!("{:indent$}- ", "");
        self.entry((Paint::Plain, &lead), lead.len(), (Paint::Plain, text), None);
    }

    /// A labelled text at the left edge.
    pub fn label(&mut self, label: &str, text: &str) {
        self.labelled(0, label, text);
    }

    /// A labelled text below an item. Nothing is written for an empty text.
    pub fn field(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            self.labelled(if self.is_narrow() { 2 } else { 4 }, label, text);
        }
    }

    /// Lines to be copied: alone on their lines below a label that says what to do with them, never broken.
    pub fn command(&mut self, command: &str) {
        let indent = if self.is_narrow() { 2 } else { 4 };
        if !command.is_empty() {
            self.entry((Paint::Plain, &" ".repeat(indent)), indent, (Paint::Aside, "command"), None);
        }
        self.bare(command);
    }

    /// Lines to be copied, without a label: never broken and never cut.
    pub fn bare(&mut self, command: &str) {
        let indent = if self.is_narrow() { 2 } else { 4 };
        for line in command.lines() {
            let line = harmless::shown(line, usize::MAX, self.style.symbols);
            self.text.push_str(&" ".repeat(2 * indent));
            self.push(Paint::Good, line.trim_end());
            self.text.push('\n');
        }
    }

    /// A block to be copied as it is: not broken, not cut, and without an indent of ours.
    pub fn block(&mut self, text: &str) {
        for line in text.lines() {
            let line = harmless::shown(line, usize::MAX, self.style.symbols);
            self.push(Paint::Good, line.trim_end());
            self.text.push('\n');
        }
    }

    /// Commands, each alone on its line below what runs it and with which role.
    pub fn commands(&mut self, commands: &[Command]) {
        for (command, heading) in words::headed(commands) {
            if let Some((label, about)) = heading {
                self.field(label, &about);
            }
            self.one(command);
            self.confirms(command);
            self.field("note", command.note.as_deref().unwrap_or_default());
        }
    }

    /// What a check shows when it is this cause: no goal of the fix.
    pub fn confirms(&mut self, command: &Command) {
        self.field(words::CONFIRMS, &words::confirms(command));
    }

    /// A command alone on its line; one of this program as it is called here.
    pub fn one(&mut self, command: &Command) {
        let own = command.shell == Shell::EceCheck;
        let text = if own { self.called(&command.text) } else { command.text.clone() };
        self.bare(&text);
    }

    /// A table of marks, one row a name; where a row does not fit into the window, each has lines of its own.
    pub fn marks<const N: usize>(&mut self, heads: [&str; N], rows: &[(String, [Option<Status>; N])]) {
        let names: Vec<String> = rows.iter().map(|(name, _)| self.shown(name)).collect();
        let widest = names.iter().map(|name| columns(name)).max().unwrap_or_default();
        let widths = heads.map(|head| columns(head).max(columns(mark(Status::Pass, self.style.symbols).0)));
        if widest + widths.iter().sum::<usize>() + 2 * N > self.width() {
            return rows.iter().for_each(|(name, cells)| self.marks_below(name, &heads, cells));
        }
        let cells = heads.map(|head| (Paint::Aside, head));
        self.row("", widest, widths, cells);
        for (name, (_, cells)) in names.iter().zip(rows) {
            let symbols = self.style.symbols;
            let cells = cells.map(|status| status.map_or((Paint::Plain, ""), |status| painted(status, symbols)));
            self.row(name, widest, widths, cells);
        }
    }

    fn row<const N: usize>(&mut self, name: &str, widest: usize, widths: [usize; N], cells: [(Paint, &str); N]) {
        self.text.push_str(name);
        self.text.push_str(&" ".repeat(widest - columns(name)));
        for ((paint, cell), width) in cells.into_iter().zip(widths) {
            self.text.push_str("  ");
            self.push(paint, cell);
            self.text.push_str(&" ".repeat(width - columns(cell)));
        }
        self.end_line();
    }

    fn marks_below(&mut self, name: &str, heads: &[&str], cells: &[Option<Status>]) {
        self.paragraph(Paint::Plain, name);
        let said = |(head, status): (&&str, &Option<Status>)| {
            status.map(|status| format!("{head} {}", mark(status, self.style.symbols).0))
        };
        let said: Vec<String> = heads.iter().zip(cells).filter_map(said).collect();
        self.entry((Paint::Plain, "  "), 2, (Paint::Plain, &said.join(", ")), None);
    }

    /// The label may be outside text too, as the name of a claim is.
    fn labelled(&mut self, indent: usize, label: &str, text: &str) {
        let label = self.shown(label);
        let (lead, hanging) = if self.is_narrow() && label.is_empty() {
            (" ".repeat(indent + 2), indent + 2) // goes on below the label above
        } else if self.is_narrow() {
            (format!("{:indent$}{label}: ", ""), indent + 2)
        } else {
            let gap = if columns(&label) < COLUMN { COLUMN - columns(&label) } else { 1 };
            (format!("{:indent$}{label}{:gap$}", "", ""), indent + COLUMN)
        };
        self.entry((Paint::Aside, &lead), hanging, (Paint::Plain, text), None);
    }

    fn entry(&mut self, lead: (Paint, &str), hanging: usize, body: (Paint, &str), name: Option<&str>) {
        let (width, begun) = (self.width(), columns(lead.1));
        let lines = wrap(&self.shown(body.1), width - begun, width - hanging);
        let mut used = begun;
        self.push(lead.0, lead.1);
        for (number, line) in lines.iter().enumerate() {
            if number > 0 {
                self.new_line(hanging);
                used = hanging;
            }
            self.push(body.0, line);
            used += columns(line);
        }
        if let Some(name) = name {
            self.name(used, hanging, name);
        }
        self.end_line();
    }

    /// A name in brackets at the right edge, on a line of its own where it does not fit.
    fn name(&mut self, used: usize, hanging: usize, name: &str) {
        let name = format!("[{}]", self.shown(name));
        let wide = columns(&name);
        if used + 2 + wide <= self.width() {
            self.text.push_str(&" ".repeat(self.width() - used - wide));
            return self.push(Paint::Aside, &name);
        }
        let room = self.width() - hanging;
        for line in wrap(&name, room, room) {
            self.new_line(if wide <= room { self.width() - wide } else { hanging });
            self.push(Paint::Aside, &line);
        }
    }

    fn new_line(&mut self, indent: usize) {
        self.end_line();
        self.text.push_str(&" ".repeat(indent));
    }

    fn end_line(&mut self) {
        self.text.truncate(self.text.trim_end_matches(' ').len());
        self.text.push('\n');
    }

    /// A piece of text, its web addresses as links where the terminal makes them.
    fn push(&mut self, paint: Paint, text: &str) {
        if !self.style.links || !text.contains("https://") {
            return self.painted(paint, text);
        }
        for (number, word) in text.split(' ').enumerate() {
            if number > 0 {
                self.text.push(' ');
            }
            if is_address(word) && word.is_ascii() {
                let _ = write!(self.text, "\x1b]8;;{word}\x1b\\");
                self.painted(paint, word);
                self.text.push_str("\x1b]8;;\x1b\\");
            } else {
                self.painted(paint, word);
            }
        }
    }

    fn painted(&mut self, paint: Paint, text: &str) {
        let code = match paint {
            Paint::Plain => "",
            Paint::Good => "32",
            Paint::Caution => "33",
            Paint::Bad => "1;31",
            Paint::Unknown => "35",
            Paint::Aside => "2",
            Paint::Strong => "1",
            Paint::Loud => "1;7",
        };
        if !self.style.colour || code.is_empty() || text.trim().is_empty() {
            return self.text.push_str(text);
        }
        let end = text.trim_end().len();
        let _ = write!(self.text, "\x1b[{code}m{}\x1b[0m{}", &text[..end], &text[end..]);
    }

    fn shown(&self, text: &str) -> String {
        let limit = if self.verbosity() == Verbosity::Verbose { LONGEST_VERBOSE } else { LONGEST };
        harmless::shown(text, limit, self.style.symbols)
    }

    fn width(&self) -> usize {
        self.style.width.max(20)
    }

    /// True where a label and its text have no room beside each other.
    #[must_use]
    pub fn is_narrow(&self) -> bool {
        self.width() < NARROW
    }
}

fn painted(status: Status, symbols: Symbols) -> (Paint, &'static str) {
    let (mark, paint) = mark(status, symbols);
    (paint, mark)
}

/// The mark of a status; all three Unicode marks are in the fonts of old Windows consoles.
fn mark(status: Status, symbols: Symbols) -> (&'static str, Paint) {
    let (unicode, ascii, paint) = match status {
        Status::Pass => ("\u{221a}", "[ OK ]", Paint::Good),
        Status::Warn => ("\u{203c}", "[WARN]", Paint::Caution),
        Status::Fail => ("\u{d7}", "[FAIL]", Paint::Bad),
        Status::Skip => ("-", "[SKIP]", Paint::Aside),
        Status::Error => ("?", "[ERR ]", Paint::Unknown),
    };
    (if symbols == Symbols::Ascii { ascii } else { unicode }, paint)
}

/// The columns that a text takes, counted by character: never fewer than a terminal uses.
fn columns(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or(0)).sum()
}

/// Breaks a text into lines: at spaces, and inside a word only where it is longer than a line and no web address.
fn wrap(text: &str, first: usize, rest: usize) -> Vec<String> {
    let mut lines = Lines { done: Vec::new(), line: String::new(), used: 0, room: first, rest };
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        lines.word(word);
    }
    lines.done.push(lines.line);
    lines.done
}

/// Lines under construction: those that are full, and the last with the columns used and those it has.
struct Lines {
    done: Vec<String>,
    line: String,
    used: usize,
    room: usize,
    rest: usize,
}

impl Lines {
    fn word(&mut self, word: &str) {
        let (wide, space) = (columns(word), usize::from(self.used > 0));
        let next_has_room = self.used > 0 || (self.room < self.rest && wide <= self.rest);
        if self.used + space + wide > self.room && next_has_room {
            self.next();
        }
        if self.used > 0 {
            self.add(" ", 1);
        }
        if wide <= self.room || is_address(word) {
            return self.add(word, wide);
        }
        for character in word.chars() {
            self.character(character);
        }
    }

    fn character(&mut self, character: char) {
        let wide = character.width().unwrap_or(0);
        if self.used + wide > self.room {
            self.next();
        }
        self.add(character.encode_utf8(&mut [0; 4]), wide);
    }

    fn add(&mut self, text: &str, wide: usize) {
        self.line.push_str(text);
        self.used += wide;
    }

    fn next(&mut self) {
        self.done.push(std::mem::take(&mut self.line));
        (self.used, self.room) = (0, self.rest);
    }
}

fn is_address(word: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| word.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn outside_text_is_harmless_wherever_it_stands() {
        const HOSTILE: &str = "a\u{1b}]0;x\u{7}b\u{202e}\r";
        for width in [30, 100] {
            let style = Style { width, ..Style::of_file(Verbosity::Verbose) };
            let mut page = Page::new(&style);
            page.heading(HOSTILE);
            page.paragraph(Paint::Plain, HOSTILE);
            page.item(Status::Fail, HOSTILE, Some(HOSTILE));
            page.numbered(1, HOSTILE);
            page.option(HOSTILE);
            page.label(HOSTILE, HOSTILE);
            page.field(HOSTILE, HOSTILE);
            page.command(HOSTILE);
            page.bare(HOSTILE);
            page.block(HOSTILE);
            let text = page.finish();
            assert!(!text.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r']), "{text:?}");
        }
    }

    #[test]
    fn label_longer_than_its_column_keeps_a_space() {
        let style = Style::of_file(Verbosity::Normal);
        let mut page = Page::new(&style);
        page.label("aud", "x");
        page.label("app_displayname", "Cisco ECE");
        assert_eq!(page.finish(), "aud      x\napp_displayname Cisco ECE\n");
    }

    #[test]
    fn words_move_to_the_next_line_whole() {
        assert_eq!(wrap("one two three", 7, 7), ["one two", "three"]);
    }

    #[test]
    fn a_word_longer_than_the_line_is_broken() {
        assert_eq!(wrap("a bcdefghijk l", 4, 4), ["a", "bcde", "fghi", "jk l"]);
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(wrap("接続がタ", 5, 5), ["接続", "がタ"]);
    }

    #[test]
    fn web_addresses_stay_whole() {
        assert_eq!(wrap("see https://example.com/abc now", 8, 8), ["see", "https://example.com/abc", "now"]);
    }

    #[test]
    fn a_short_first_line_is_left_to_the_label() {
        assert_eq!(wrap("abcdef", 3, 6), ["", "abcdef"]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide(text in "[a-z 接é\u{301}]{0,120}", first in 2_usize..20, rest in 2_usize..20) {
            let lines = wrap(&text, first, rest);
            prop_assert!(columns(&lines[0]) <= first);
            prop_assert!(lines[1..].iter().all(|line| columns(line) <= rest));
            let kept: String = lines.concat().chars().filter(|c| *c != ' ').collect();
            prop_assert_eq!(kept, text.replace(' ', ""));
        }
    }
}
