//! The values of names in markup and in lists of names and values.
//!
//! In: a text and where the name of a secret is in it. Out: where its value is, when the name is that of an element, or the value
//! of an attribute or a field that holds names: `<password>…`, `<add value="…" key="password"/>`, `{"name": "password", …}`.

use std::ops::Range;

use super::value::{before, behind, is_of_sentence, skip, value};

/// An element is closed within so many bytes.
const LONGEST_ELEMENT: usize = 4096;
/// More words are no password: the end that was found is that of another element.
const MOST_WORDS: usize = 8;
/// Fields and attributes that hold names, in small letters.
const OF_NAMES: &[&str] = &[
    "name",
    "key",
    "id",
    "field",
    "label",
    "param",
    "parameter",
    "property",
    "variable",
    "header",
    "type",
    "setting",
    "path",
    "k",
];

/// The value of the name that is at a place.
pub(super) fn of(text: &str, name: &Range<usize>) -> Option<Range<usize>> {
    paired(text, name).or_else(|| next_element(text, name)).or_else(|| element(text, name))
}

/// The text of the element whose tag holds the name.
fn element(text: &str, name: &Range<usize>) -> Option<Range<usize>> {
    let before = before(text, name.start);
    let inside = &before[before.rfind('<')? + 1..];
    let behind = behind(text, name.end);
    let close = behind.find('>').filter(|close| !behind[..*close].contains('<') && !behind[..*close].ends_with('/'))?;
    let is_name = behind.starts_with(['>', ' ', '"', '\'', '\t', '\n', '\r']);
    let is_tag = inside.is_empty() || inside.starts_with(char::is_alphabetic);
    (is_tag && is_name && !inside.contains('>')).then_some(())?;
    content(text, name.end + close + 1)
}

/// `<td>Password</td><td>…`: the text of the element that follows the one of the name.
fn next_element(text: &str, name: &Range<usize>) -> Option<Range<usize>> {
    let near = behind(text, name.end);
    let closed = near.trim_start_matches([':', ' ']).strip_prefix("</")?;
    let next = closed[closed.find('>')? + 1..].trim_start().strip_prefix('<')?;
    let begin = next.find('>').filter(|_| !next.starts_with('/'))? + 1;
    content(text, name.end + near.len() - next.len() + begin)
}

/// The text of an element; one word where it is not closed. None of a sentence.
fn content(text: &str, begin: usize) -> Option<Range<usize>> {
    let near = &text[begin..text.floor_char_boundary(begin + LONGEST_ELEMENT)];
    let inside = match near.find("</") {
        Some(end) if near[..end].split_whitespace().count() <= MOST_WORDS => begin..begin + end,
        _ => value(text, skip(text, begin, &['\n', '\r', ' ', '\t'])),
    };
    let words = text[inside.clone()].trim();
    let from = inside.end - text[inside.clone()].trim_start().len();
    (!is_of_sentence(words)).then_some(from..from + words.len())
}

/// The value of a field or attribute called so, in the object or tag in which another holds the name.
fn paired(text: &str, name: &Range<usize>) -> Option<Range<usize>> {
    let before = before(text, name.start);
    let quoted = before.trim_end_matches(['"', '\'', '\\']);
    let label =
        quoted.trim_end_matches([' ', '\t']).strip_suffix([':', '='])?.trim_end_matches([' ', '\t', '"', '\'', '\\']);
    let label = &label[label.rfind(|c: char| !c.is_alphanumeric()).map_or(0, |at| label.ceil_char_boundary(at + 1))..];
    OF_NAMES.contains(&label.to_ascii_lowercase().as_str()).then_some(())?;
    let is_quoted = quoted.len() < before.len();
    let near = behind(text, name.end);
    let end = if is_quoted { near.find(['}', '>', '<']) } else { near.match_indices('\n').nth(1).map(|(end, _)| end) };
    let ahead = name.end..name.end + end.unwrap_or(near.len());
    let start = name.start - before.len() + before.rfind(['{', '<', '}', '>']).unwrap_or(before.len());
    of_value(text, ahead).or_else(|| of_value(text, start..name.start).filter(|_| is_quoted))
}

/// The value of what is called `value` in a part of a text.
fn of_value(text: &str, part: Range<usize>) -> Option<Range<usize>> {
    let inside = &text[part.clone()];
    let small = inside.to_ascii_lowercase();
    let found = small.match_indices("value").find_map(|(at, word)| {
        let closed = skip(text, part.start + at + word.len(), &['"', '\'', '\\', ' ']);
        let sign = text[closed..].starts_with(['=', ':']).then_some(closed + 1)?;
        let begin = skip(text, sign, &[' ']);
        let found = value(behind(text, begin), 0);
        Some(begin + found.start..begin + found.end)
    })?;
    (!is_of_sentence(&text[found.clone()])).then_some(found)
}
