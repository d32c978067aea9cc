//! The words of a text that can make a difference to its meaning; all others can be left out when two texts are compared.
//!
//! In: the signs, the phrases, and every other string that [`super::explain`] searches a text for. Out: the text with one mark in
//! place of each run of words that no such string touches. Two texts with the same outcome mean the same, so that the second need
//! not be explained: in most logs the words that differ are names of customers, queues and activities.
//!
//! Only what is searched for as it stands may be compared so: a text of one line, in ASCII, without escapes, tokens,
//! answers of commands or dialogues is; of others nothing is left out.

use std::collections::BTreeSet;

use aho_corasick::AhoCorasick;

use super::{answer, context, extract, firewall, modality, phrases, proxy_log, restate, session, stated};
use crate::catalogue::{
    Catalogue,
    cause::{Shows, Words},
};

/// Longer texts are compared whole.
const LONGEST: usize = 4_096;
/// Put in place of words that make no difference; no text in small letters holds it.
const ANY: char = 'W';
/// What is decoded, counted, or read line by line, before words are searched for: the begin of tokens and of lines of
/// XOAUTH2, of a trace inside a line, and how many addresses of how many.
const DECODED: [&str; 5] = ["eyj", "dxnlcj", "zfhobgnq", "caused by", " addresses"];

/// The strings that texts are searched for.
pub struct Vocabulary {
    automaton: AhoCorasick,
    /// Strings after which a text is compared whole.
    decoded: AhoCorasick,
}

impl Vocabulary {
    /// All strings that a text is searched for, of the signs, the phrases and the program.
    #[must_use]
    pub fn of(catalogue: &Catalogue) -> Self {
        let mut strings: BTreeSet<&str> = phrases::phrases(&catalogue.tables.phrases).collect();
        for (_, sign) in catalogue.signs() {
            let words = match &sign.shows {
                Shows::Failure(pattern) => &pattern.words,
                Shows::Finding { words, .. } => words,
            };
            strings.extend(words.iter().flat_map(Words::parts).map(String::as_str));
        }
        let own = extract::searched().chain(context::searched()).chain(session::searched());
        let own = own
            .chain(proxy_log::searched())
            .chain(restate::searched())
            .chain(firewall::searched())
            .chain(stated::searched());
        strings.extend(own.map(|string| -> &str { string }));
        let decoded = DECODED.into_iter().chain(answer::searched()).chain(stated::decoded()).chain([context::ADDRESS]);
        let build = |strings: Vec<&str>| AhoCorasick::new(strings).expect("a few thousand short strings");
        Self { automaton: build(strings.into_iter().collect()), decoded: build(decoded.collect()) }
    }

    /// The text in small letters with one mark for each run of words that nothing searches for; none where the text must be
    /// compared whole.
    #[must_use]
    pub fn essence(&self, text: &str) -> Option<String> {
        let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) && !b"\\&".contains(&byte);
        let text = text.trim();
        // without a space it may be a query, which is decoded
        if text.len() > LONGEST || !text.contains(' ') || !text.bytes().all(is_plain) {
            return None;
        }
        let words = text.to_ascii_lowercase();
        if self.decoded.is_match(&words) || modality::may_be_note(&words) || restate::typed(&words).is_some() {
            return None;
        }
        let mut essence = String::with_capacity(words.len());
        // the end of what the strings found so far touch, and where the next one begins
        let mut found = self.automaton.find_overlapping_iter(&words).map(|found| found.range()).collect::<Vec<_>>();
        found.sort_unstable_by_key(|range| range.start);
        let (mut found, mut touched) = (found.into_iter().peekable(), 0);
        for (begin, word) in split(&words) {
            let end = begin + word.len();
            while let Some(range) = found.next_if(|range| range.start < end) {
                touched = touched.max(range.end);
            }
            let is_free = touched <= begin && word.bytes().all(|byte| byte.is_ascii_lowercase());
            if !is_free {
                essence.push_str(word);
            } else if essence.ends_with([ANY, ' ']) && essence.trim_end().ends_with(ANY) {
                essence.truncate(essence.trim_end().len());
            } else {
                essence.push(ANY);
            }
        }
        Some(essence)
    }
}

/// The words of a text and what is between them, each with its place: runs of letters and digits, and of anything else.
fn split(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut begin = 0;
    std::iter::from_fn(move || {
        let rest = text.get(begin..).filter(|rest| !rest.is_empty())?;
        let of_word = rest.as_bytes()[0].is_ascii_alphanumeric();
        let length = rest.bytes().position(|byte| byte.is_ascii_alphanumeric() != of_word).unwrap_or(rest.len());
        let word = (begin, &rest[..length]);
        begin += length;
        Some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::explain;

    #[test]
    fn words_that_nothing_searches_for_make_no_difference() {
        let vocabulary = Vocabulary::of(&Catalogue::built_in());
        let essence = |text: &str| vocabulary.essence(text).expect("it can be compared");
        let said = "535 5.7.3 Authentication unsuccessful";
        assert_eq!(essence(&format!("{said} zqxj jqxzv")), essence(&format!("{said} xkzqw")));
        assert_ne!(essence(&format!("{said} zqxj")), essence("535 5.7.30 Authentication unsuccessful zqxj"));
        assert_ne!(essence("connection reset by peer"), essence("connection refused by peer"));
        assert_ne!(essence("zqxj: connection reset"), essence("connection reset"));
    }

    #[test]
    fn what_is_decoded_is_compared_whole() {
        let vocabulary = Vocabulary::of(&Catalogue::built_in());
        for text in ["token eyJhbGciOi", "a\\nb", "Größe", "a&amp;b", "a\nb", "ImapEnabled : False"] {
            assert_eq!(vocabulary.essence(text), None, "{text}");
        }
    }

    /// Strange words between the words of real refusals: whichever they are, texts of the same essence mean the same.
    #[test]
    fn the_same_essence_has_the_same_meaning() {
        let catalogue = Catalogue::built_in();
        let vocabulary = Vocabulary::of(&catalogue);
        let meaning = |text: &str| -> Vec<_> {
            explain(text, None, &catalogue).causes.iter().map(|meant| (&meant.cause.code, meant.certainty)).collect()
        };
        let mut compared = 0;
        for (nth, (_, sign)) in catalogue.signs().enumerate().filter(|(nth, _)| nth % 7 == 0) {
            let gaps: Vec<usize> = sign.sample.match_indices(' ').map(|(at, _)| at).collect();
            let at = gaps.get(nth % gaps.len().max(1)).copied().unwrap_or(sign.sample.len());
            let (before, behind) = sign.sample.split_at(at);
            let (one, other) = (format!("{before} zqxj{behind} jqxzv"), format!("{before} xkzqw qzzxk{behind} zqxj"));
            let essences = (vocabulary.essence(&one), vocabulary.essence(&other));
            if essences.0.is_some() && essences.0 == essences.1 {
                compared += 1;
                assert_eq!(meaning(&one), meaning(&other), "{one}");
            }
        }
        assert!(compared > 40, "{compared}");
    }
}
