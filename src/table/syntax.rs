//! What is wrong with a line that is no TOML, in words that its author understands.
//!
//! In: what the parser says, which is about its grammar, and the line. Out: what is wrong, and what would be right. The line
//! is not repeated: a secret may stand in it.

use super::may_be_quoted;

const QUOTES: &str = "write texts in double quotes, for example \"outlook.office365.com\"; double each backslash";
const STRAIGHT: &str =
    "write straight double quotes, as in \"outlook.office365.com\"; word processors and mail programs replace them";
const PATHS: &str = "write paths in single quotes, as in 'C:\\ECE\\token.txt', or double each backslash";

/// What is wrong with a line, and what would be right.
pub(super) fn told(message: &str, line: &str) -> (String, &'static str) {
    let message = message.lines().next().unwrap_or("is not TOML");
    let (key, value) = line.split_once('=').map_or((line, ""), |(key, value)| (key.trim(), value.trim()));
    if message.contains("duplicate key") {
        let key = key.trim_matches(['[', ']', ' ']);
        let wrong = if may_be_quoted(key) { format!("{message} {key}") } else { message.to_owned() };
        return (wrong, "write each key once, and each table once");
    }
    if is_about_texts(message) && value.contains('\\') {
        return ("a backslash in double quotes begins an escape".to_owned(), PATHS);
    }
    if [key, value].into_iter().any(has_typographic_quotes) {
        return ("there are typographic quotation marks around a text".to_owned(), STRAIGHT);
    }
    if is_bare_text(value) && !message.contains("date") && !message.contains("time") {
        return ("this value is not in quotes".to_owned(), QUOTES);
    }
    let otherwise = "write one key = value in a line; texts in double quotes; dates as 2027-01-31";
    (message.to_owned(), if is_about_texts(message) { QUOTES } else { otherwise })
}

/// True where a typographic quotation mark stands where a text begins.
fn has_typographic_quotes(text: &str) -> bool {
    const MARKS: [char; 8] =
        ['\u{201c}', '\u{201d}', '\u{201e}', '\u{2018}', '\u{2019}', '\u{201a}', '\u{ab}', '\u{bb}'];
    text.match_indices(MARKS).any(|(at, _)| {
        let before = text[..at].trim_end();
        before.is_empty() || before.ends_with(['[', ',', '=', '{'])
    })
}

fn is_about_texts(message: &str) -> bool {
    ["string", "quote", "escape", "unicode"].iter().any(|word| message.contains(word))
}

/// True for a text as people write it elsewhere: no quote or bracket begins it, and it is no number, date or word of TOML.
fn is_bare_text(value: &str) -> bool {
    let value = value.split('#').next().unwrap_or_default().trim_end();
    let begins = value.starts_with(|c: char| c.is_alphanumeric() || "/\\.$%".contains(c));
    begins && !["true", "false", "inf", "nan"].contains(&value) && value.parse::<f64>().is_err() && !value.contains('"')
}

#[cfg(test)]
mod tests {
    use crate::table::Document;

    fn said(text: &str) -> String {
        let document = Document::new("a.toml", text);
        let mistakes = document.table_as_far_as_possible().1;
        mistakes.first().map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn the_mistake_of_the_author_is_named() {
        for (text, wrong, right) in [
            (r#"file = "C:\Users\ece\token.txt""#, "a backslash in double quotes", "single quotes"),
            ("tenant = bigshop.test", "this value is not in quotes", "in double quotes"),
            ("release = 12.6(1)", "this value is not in quotes", "in double quotes"),
            ("release = \u{201c}12.6(1)\u{201d}", "typographic quotation marks", "straight double quotes"),
            ("a = [\u{201e}b\u{201c}]", "typographic quotation marks", "straight double quotes"),
            ("a = { env = \u{2018}B\u{2019} }", "typographic quotation marks", "straight double quotes"),
            ("a = it\u{2019}s", "this value is not in quotes", "in double quotes"),
            ("role = \"a\"\nrole = \"b\"", "line 2: duplicate key role", "each key once"),
            ("[ece]\n[ece]", "line 2: duplicate key ece", "each table once"),
            ("day = 2027-02-30", "invalid date", "2027-01-31"),
        ] {
            let said = said(text);
            assert!(said.contains(wrong) && said.contains(right), "{text}: {said}");
        }
    }

    /// Minutes where each mistake looks for its line from the beginning of the file.
    #[test]
    fn file_of_wrong_lines_has_a_mistake_for_each() {
        let lines: Vec<String> = (1..=60_000).map(|line| format!("a{line} = b c")).collect();
        let text = lines.join("\n");
        let document = Document::new("a.toml", &text);
        let mistakes = document.table_as_far_as_possible().1;
        assert_eq!(mistakes.last().and_then(|last| last.line), Some(mistakes.len()));
        assert!(mistakes.iter().all(|mistake| mistake.wrong == "this value is not in quotes"));
    }

    #[test]
    fn no_part_of_a_line_is_repeated_that_may_be_secret() {
        for text in ["Hunter2 = 1\nHunter2 = 2", "a = Hunter2", r#"a = "\Hunter2""#, "Hunter2"] {
            assert!(!said(text).contains("unter2"), "{text}");
        }
    }
}
