//! Places in a text: put in order, and replaced.
//!
//! In: ranges of bytes in any order, also such as begin or end inside a character. Out: the text with a mark in each place.

use std::ops::Range;

/// In order, without empty ones, and with those that overlap or touch made one.
pub(super) fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.retain(|range| !range.is_empty());
    found.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in found {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// A part of a text with a mark in each place that is in it. The places are in order and do not overlap; a character of
/// which a place holds a part goes whole.
pub(super) fn replaced(text: &str, part: Range<usize>, places: &[Range<usize>], mark: &str) -> String {
    let (mut clean, mut from) = (String::with_capacity(part.len()), part.start);
    for place in places.iter().filter(|place| place.start < part.end && part.start < place.end) {
        clean.push_str(text.get(from..text.floor_char_boundary(place.start)).unwrap_or_default());
        clean.push_str(mark);
        from = text.ceil_char_boundary(place.end).min(part.end);
    }
    clean.push_str(&text[from..part.end]);
    clean
}
