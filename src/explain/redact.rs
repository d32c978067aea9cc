//! Masking of secrets in a text: tokens, passwords, and anything long that could be one.
//!
//! In: a text that others wrote. Out: the same with `[masked]` in those places. What is doubtful is masked: the words of a
//! refusal are short and have spaces between them.

use std::ops::Range;

use crate::secret::suspect;

/// The longest run of letters, digits and the signs of base64 that is left as it is. A GUID has 36 characters with
/// its hyphens; host names have dots.
const LONGEST_PLAIN: usize = 36;

/// The value put in place of what is taken out.
const MASKED: &str = "[masked]";

/// Masks every secret in a text.
#[must_use]
pub fn redact(text: &str) -> String {
    redact_part(text, 0..text.len())
}

/// Masks every secret in a part of a text, also one that only what stands before the part tells of.
#[must_use]
pub fn redact_part(text: &str, part: Range<usize>) -> String {
    suspect::replaced(text, part, tokens(text), MASKED)
}

/// The same for words that may be a part of the text; where they are not, they speak for themselves.
#[must_use]
pub fn redact_words(text: &str, words: &str) -> String {
    match text.find(words) {
        Some(at) => redact_part(text, at..at + words.len()),
        None => redact(words),
    }
}

/// The words that are secrets by their form. `=` is taken out so that `name=value` falls apart.
fn tokens(text: &str) -> Vec<Range<usize>> {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || "_-.+/~%!".contains(c);
    let mut found = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive(|c| !is_inside(c)) {
        let word = part.trim_end_matches(|c| !is_inside(c));
        if is_token(word) {
            found.push(start..start + word.len());
        }
        start += part.len();
    }
    found
}

fn is_token(word: &str) -> bool {
    let is_jwt = ["eyJ", "EwA", "EwB", "ey."].iter().any(|begin| word.starts_with(begin));
    // in percent-encoded text a plus sign is a space, and of base64 only `+` and `/` are encoded within
    let ends = |(at, c): (usize, char)| match c {
        '.' | '/' | '-' => true,
        '+' => word.contains('%'),
        '%' => !["2B", "2b", "2F", "2f"].iter().any(|code| word[at + 1..].starts_with(code)),
        _ => false,
    };
    let mut begin = 0;
    let places = word.char_indices().filter(|one| ends(*one)).map(|(at, _)| at).chain([word.len()]);
    let pieces = places.map(|at| &word[std::mem::replace(&mut begin, at + 1)..at]);
    let longest = pieces.filter(|piece| !is_identifier(piece)).map(str::len).max().unwrap_or(0);
    (is_jwt && word.len() > 12) || longest > LONGEST_PLAIN || (word.len() > LONGEST_PLAIN && word.contains('~'))
}

/// The name of an error or a class, such as `CannotUpdateLockedServicePrincipalProperty`: letters alone, each capital followed
/// by small ones. Of base64 nearly half the letters are capitals, and one character in six is a digit.
fn is_identifier(piece: &str) -> bool {
    let capitals = piece.bytes().filter(u8::is_ascii_uppercase).count();
    let mut parts = piece.split(|c: char| c.is_ascii_uppercase()).skip(1);
    let is_of_letters = piece.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_of_letters && capitals >= 3 && capitals * 4 <= piece.len() && parts.all(|part| !part.is_empty())
}

#[cfg(test)]
mod tests;
