//! Text from outside, made harmless before it is printed.
//!
//! In: any text: a server's words, a host name, a case number, a line of a saved report. Out: one line of bounded length
//! in which nothing moves the cursor, changes a colour, turns the direction of writing (Unicode Annex 9) or stays
//! unseen. What is taken out is not dropped: it stands there as a visible escape such as `\x1b`, `\n` or `\u{202e}`. A
//! backslash that was there before stays as it is, so that Windows paths can be read; the escapes are for eyes, not for
//! programs.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar as _;

use super::Symbols;

/// How many marks may sit on one letter: real writing needs three at the most, and more of them paint over other lines.
const MARKS_ON_A_LETTER: usize = 3;

/// One harmless line of at most `limit` characters; how much was left out is said at its end.
#[must_use]
pub fn line(text: &str, limit: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(limit));
    let (mut length, mut marks) = (0, MARKS_ON_A_LETTER);
    let mut rest = text.chars();
    for character in rest.by_ref() {
        if length >= limit {
            let left_out = rest.count() + 1;
            let _ = write!(shown, " … ({left_out} more characters)");
            return shown;
        }
        marks = if character.width() == Some(0) { marks + 1 } else { 0 };
        if is_hidden(character) || marks > MARKS_ON_A_LETTER {
            let escaped = escape(character);
            length += escaped.len();
            shown.push_str(&escaped);
        } else {
            length += 1;
            shown.push(character);
        }
    }
    shown
}

/// True for a character that acts on the terminal or stays unseen: control characters (C0, DEL, C1), line and paragraph
/// separators, and what Unicode calls format characters and default ignorables (bidirectional controls, joiners, zero
/// width spaces, byte order mark, variation selectors, tags, fillers).
#[must_use]
pub fn is_hidden(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1345f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
        )
}

/// One harmless line, in the characters that the reader can see.
pub(super) fn shown(text: &str, limit: usize, symbols: Symbols) -> String {
    let shown = line(text, limit);
    if symbols == Symbols::Ascii { ascii(&shown) } else { shown }
}

/// The same text in ASCII: typographic signs by their plain cousins, everything else as a visible escape.
#[must_use]
pub fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '…' => plain.push_str("..."),
            '‐' | '‑' | '‒' | '–' | '—' | '−' | '•' | '·' => plain.push('-'),
            '‘' | '’' | '‚' => plain.push('\''),
            '“' | '”' | '„' | '«' | '»' => plain.push('"'),
            '→' => plain.push_str("->"),
            '×' => plain.push('x'),
            '\u{a0}' | '\u{202f}' => plain.push(' '),
            _ if character.is_ascii() => plain.push(character),
            _ => plain.push_str(&escape(character)),
        }
    }
    plain
}

fn escape(character: char) -> String {
    match character {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        _ if character.is_ascii() => format!("\\x{:02x}", u32::from(character)),
        _ => format!("\\u{{{:x}}}", u32::from(character)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_terminal_is_told_nothing() {
        assert_eq!(line("220 \x1b[2J\x1b]0;owned\x07 hi\r\n", 100), "220 \\x1b[2J\\x1b]0;owned\\x07 hi\\r\\n");
        assert_eq!(line("\u{9b}31m\u{7f}", 100), "\\u{9b}31m\\x7f");
    }

    #[test]
    fn the_direction_of_writing_stays() {
        assert_eq!(line("user\u{202e}moc.example\u{2066}", 100), "user\\u{202e}moc.example\\u{2066}");
    }

    #[test]
    fn the_unseen_is_seen() {
        assert_eq!(line("a\u{200b}b\u{feff}c\u{2028}d", 100), "a\\u{200b}b\\u{feff}c\\u{2028}d");
    }

    #[test]
    fn other_peoples_writing_is_left_alone() {
        let text = "Zeitüberschreitung: 接続がタイムアウト, หมดเวลา, C:\\ECE\\log";
        assert_eq!(line(text, 100), text);
    }

    #[test]
    fn letters_buried_in_marks() {
        let text = format!("a{}", "\u{301}".repeat(9));
        assert_eq!(line(&text, 100).matches("\\u{301}").count(), 6);
        assert_eq!(line("\u{301}a", 100), "\\u{301}a", "a mark at the beginning would sit on our own text");
    }

    #[test]
    fn a_long_text_says_how_much_is_left_out() {
        assert_eq!(line("abcdefgh", 3), "abc … (5 more characters)");
        assert_eq!(line("abc", 3), "abc");
    }

    #[test]
    fn ascii_keeps_the_sense() {
        assert_eq!(ascii("“1–2…” → ü"), "\"1-2...\" -> \\u{fc}");
    }

    proptest! {
        #[test]
        fn nothing_hidden_survives(text in any::<String>(), limit in 0_usize..300) {
            let shown = line(&text, limit);
            prop_assert!(!shown.chars().any(is_hidden), "{:?}", shown);
            prop_assert!(shown.chars().count() <= limit + 60);
            prop_assert!(ascii(&shown).is_ascii());
        }

        #[test]
        fn what_is_harmless_already_stays(text in "[ -~äöüßéα-ω一-三]{0,80}") {
            prop_assert_eq!(line(&text, 100), text);
        }
    }
}
