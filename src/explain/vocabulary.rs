//! The words of a text that can make a difference to its meaning; all others can be left out when two texts are compared.
//!
//! In: the signs, the phrases, and every other string that [`super::explain`] searches a text for. Out: the text with one mark in
//! place of each run of words that no such string touches. Two texts with the same outcome mean the same, so that the second need
//! not be explained: in most logs the words that differ are names of customers, queues and activities.
//!
//! Only what is searched for as it stands may be compared so: a text of one line, in ASCII, without escapes, tokens,
//! answers of commands or dialogues is; of others nothing is left out.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use aho_corasick::AhoCorasick;

use super::{
    answer, cited, clock, context, elsewhere, event, extract, firewall, modality, phrases, proxy_log, restate, retried,
    session, stated,
};
use crate::catalogue::{
    Catalogue,
    cause::{Shows, Words},
};

/// Longer texts are compared whole.
const LONGEST: usize = 4_096;
/// Put in place of words that make no difference; no text in small letters holds it.
const ANY: char = 'W';
/// What is decoded, counted, or read line by line, before words are searched for: the begin of tokens and of lines of
/// XOAUTH2, and how many addresses of how many.
const DECODED: [&str; 4] = ["eyj", "dxnlcj", "zfhobgnq", " addresses"];

/// When a string that stands in a text makes a difference to its meaning.
#[derive(Clone, Copy)]
enum Counts {
    /// Wherever it stands.
    Always,
    /// Only as a word, not inside of one.
    AsWord,
    /// As a part of a sentence: only beside all its other parts.
    In(usize),
    /// Only where a gate is open, see [`GATES`].
    Behind(usize),
}

/// Whether a text can be what some strings are searched for in only: a denied connection, a request to a proxy, a missing token.
const GATES: [fn(&str) -> bool; 3] = [firewall::names_mail_port, proxy_log::may_tell, restate::names_token];

/// The strings that texts are searched for.
pub struct Vocabulary {
    automaton: AhoCorasick,
    /// When each string of the automaton counts.
    counts: Vec<Vec<Counts>>,
    /// The parts of each sentence, as numbers of the automaton's strings.
    sentences: Vec<Vec<usize>>,
    /// Strings after which a text is compared whole.
    decoded: AhoCorasick,
}

impl Vocabulary {
    /// All strings that a text is searched for, of the signs, the phrases and the program.
    #[must_use]
    pub fn of(catalogue: &Catalogue) -> Self {
        let mut strings: BTreeMap<&str, Vec<Counts>> = BTreeMap::new();
        let mut sentences: Vec<&[String]> = Vec::new();
        for (_, sign) in catalogue.signs() {
            let words = match &sign.shows {
                Shows::Failure(pattern) => &pattern.words,
                Shows::Finding { words, .. } => words,
            };
            for parts in words.iter().map(Words::parts) {
                let counts = if parts.len() > 1 { Counts::In(sentences.len()) } else { Counts::Always };
                sentences.extend((parts.len() > 1).then_some(parts));
                for part in parts {
                    strings.entry(part).or_default().push(counts);
                }
            }
        }
        let always = extract::searched().chain(context::searched()).chain(session::searched());
        let always = always
            .chain(restate::searched())
            .chain(retried::searched())
            .chain(stated::searched())
            .chain([event::INNER_SMALL]);
        let always = always.map(|string| -> &str { string });
        let always = always.chain(phrases::phrases(&catalogue.tables.phrases));
        let own = always.map(|string| (string, Counts::Always));
        let own = own.chain(extract::searched_as_words().map(|string| (string, Counts::AsWord)));
        let own = own.chain(firewall::searched().map(|string| (string, Counts::Behind(0))));
        let own = own.chain(proxy_log::searched().map(|string| (string, Counts::Behind(1))));
        let own = own.chain(restate::searched_beside_token().map(|string| (string, Counts::Behind(2))));
        own.for_each(|(string, counts)| strings.entry(string).or_default().push(counts));

        let numbers: HashMap<&str, usize> =
            strings.keys().enumerate().map(|(number, string)| (*string, number)).collect();
        let numbered = |parts: &&[String]| parts.iter().map(|part| numbers[part.as_str()]).collect();
        let decoded = DECODED.into_iter().chain(answer::searched()).chain(stated::decoded());
        let decoded = decoded.chain(clock::TOOLS).chain(elsewhere::beside_names());
        let build = |strings: Vec<&str>| AhoCorasick::new(strings).expect("a few thousand short strings");
        Self {
            automaton: build(strings.keys().copied().collect()),
            sentences: sentences.iter().map(numbered).collect(),
            counts: strings.into_values().collect(),
            decoded: build(decoded.collect()),
        }
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
        // a trace inside the line is taken apart where it is written so
        if text.matches(event::INNER).count() != words.matches(event::INNER_SMALL).count() {
            return None;
        }
        if self.decoded.is_match(&words)
            || modality::may_be_note(&words)
            || cited::may_cite(&words)
            || restate::typed(&words).is_some()
        {
            return None;
        }
        let mut essence = String::with_capacity(words.len());
        // the end of what the strings found so far touch, and where the next one begins
        let (mut found, mut touched) = (self.found(&words).into_iter().peekable(), 0);
        for (begin, word) in split(&words) {
            let end = begin + word.len();
            if !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
                while let Some(range) = found.next_if(|range| range.start < end) {
                    touched = touched.max(range.end);
                }
                essence.push_str(word);
                continue;
            }
            // the letters of the word between what is touched make no difference
            let mut at = begin;
            while let Some(range) = found.next_if(|range| range.start < end) {
                take_letters(&words, at, touched, range.start, &mut essence);
                at = at.max(range.start);
                touched = touched.max(range.end);
            }
            take_letters(&words, at, touched, end, &mut essence);
        }
        Some(essence)
    }

    /// Where the strings that count stand in a text in small letters, by their begins.
    fn found(&self, words: &str) -> Vec<Range<usize>> {
        let found: Vec<_> = self.automaton.find_overlapping_iter(words).collect();
        let mut numbers: Vec<usize> = found.iter().map(|found| found.pattern().as_usize()).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let holds = |number: &usize| numbers.binary_search(number).is_ok();
        let is_open = GATES.map(|gate| gate(words));
        let is_word = |range: &Range<usize>| {
            let is_edge = |byte: Option<&u8>| !byte.is_some_and(u8::is_ascii_alphanumeric);
            let before = range.start.checked_sub(1).and_then(|at| words.as_bytes().get(at));
            is_edge(before) && is_edge(words.as_bytes().get(range.end))
        };
        let does_count = |number: usize, range: &Range<usize>| {
            self.counts[number].iter().any(|counts| match counts {
                Counts::Always => true,
                Counts::AsWord => is_word(range),
                Counts::In(sentence) => self.sentences[*sentence].iter().all(holds),
                Counts::Behind(gate) => is_open[*gate],
            })
        };
        let counting = found.iter().filter(|found| does_count(found.pattern().as_usize(), &found.range()));
        let mut counting: Vec<_> = counting.map(aho_corasick::Match::range).collect();
        // of an address every letter counts
        counting.extend(words.match_indices(context::ADDRESS).map(|(at, _)| {
            let begin = words[..at].rfind(' ').map_or(0, |space| space + 1);
            begin..words[at..].find(' ').map_or(words.len(), |space| at + space)
        }));
        counting.sort_unstable_by_key(|range| range.start);
        counting
    }
}

/// Takes the letters of a word from a place on: those before `touched` as they are, of the others up to the end a mark. A mark
/// for a whole word behind another one, with a space between them, is left out.
fn take_letters(words: &str, from: usize, touched: usize, until: usize, essence: &mut String) {
    let kept = touched.clamp(from, until.max(from));
    essence.push_str(&words[from..kept]);
    if kept >= until {
        return;
    }
    let is_whole = !words[..kept].ends_with(|c: char| c.is_ascii_alphanumeric())
        && !words[until..].starts_with(|c: char| c.is_ascii_alphanumeric());
    if is_whole && essence.trim_end_matches(' ').ends_with(ANY) {
        essence.truncate(essence.trim_end_matches(' ').len());
    } else if !essence.ends_with(ANY) {
        essence.push(ANY);
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
        for text in ["token eyJhbGciOi", "a\\nb", "Größe", "a&amp;b", "a\nb", "ImapEnabled : False", "a caused by: b"]
        {
            assert_eq!(vocabulary.essence(text), None, "{text}");
        }
    }

    /// Strange words between the words of real refusals, and letters at them: whichever they are, texts of the same essence mean
    /// the same.
    #[test]
    fn the_same_essence_has_the_same_meaning() {
        let catalogue = Catalogue::built_in();
        let vocabulary = Vocabulary::of(&catalogue);
        let meaning = |text: &str| -> Vec<_> {
            explain(text, None, &catalogue).causes.iter().map(|meant| (&meant.cause.code, meant.certainty)).collect()
        };
        let mut compared = [0; 3];
        for (nth, (_, sign)) in catalogue.signs().enumerate().filter(|(nth, _)| nth % 5 == 0) {
            let gaps: Vec<usize> = sign.sample.match_indices(' ').map(|(at, _)| at).collect();
            let at = gaps.get(nth % gaps.len().max(1)).copied().unwrap_or(sign.sample.len());
            let (before, behind) = sign.sample.split_at(at);
            let pairs = [
                (format!("{before} zqxj{behind} jqxzv"), format!("{before} xkzqw qzzxk{behind} zqxj")),
                (format!("{before}zqxj{behind}"), format!("{before}xkzqw{behind}")),
                (format!("{before} mailzqxj{behind} licensejq"), format!("{before} mailxz{behind} licensezqj")),
            ];
            for (way, (one, other)) in pairs.iter().enumerate() {
                let essences = (vocabulary.essence(one), vocabulary.essence(other));
                if essences.0.is_some() && essences.0 == essences.1 {
                    compared[way] += 1;
                    assert_eq!(meaning(one), meaning(other), "{one}");
                }
            }
        }
        assert!(compared.iter().all(|count| *count > 60), "{compared:?}");
    }

    #[test]
    fn letters_at_a_word_make_no_difference_and_their_place_does() {
        let vocabulary = Vocabulary::of(&Catalogue::built_in());
        let essence = |text: &str| vocabulary.essence(text).expect("it can be compared");
        let said = "535 5.7.3 Authentication unsuccessful";
        assert_eq!(essence(&format!("{said} mailzq")), essence(&format!("{said} mailxvj")));
        assert_ne!(essence(&format!("{said} mailzq")), essence(&format!("{said} mail")));
        assert_ne!(essence(&format!("{said} mailzq")), essence(&format!("{said} zqmail")));
    }

    #[test]
    fn of_an_address_every_letter_counts() {
        let vocabulary = Vocabulary::of(&Catalogue::built_in());
        let essence = |text: &str| vocabulary.essence(text).expect("it can be compared");
        assert_ne!(essence("zq https://zqxj.example/vv xj"), essence("zq https://zqjx.example/vv xj"));
        assert_ne!(essence("zq https://zqxj.example/vv xj"), essence("zq https://zqxj.example/vq xj"));
        assert_eq!(essence("zq https://zqxj.example/vv xj"), essence("qqq https://zqxj.example/vv vvv"));
    }

    #[test]
    fn a_trace_inside_a_line_stays_a_trace() {
        let vocabulary = Vocabulary::of(&Catalogue::built_in());
        let essence = |text: &str| vocabulary.essence(text).expect("it can be compared");
        assert_ne!(essence("zq Caused by: xj"), essence("zq caused. by: xj"));
        assert_eq!(essence("zq Caused by: xj"), essence("vvv Caused by: qqj"));
    }

    #[test]
    fn some_strings_count_beside_others_or_as_words_only() {
        let vocabulary = Vocabulary::of(&Catalogue::built_in());
        // an action of a firewall counts beside a mail port
        let essence = |text: &str| vocabulary.essence(text).expect("it can be compared");
        assert_eq!(essence("zq discard xj"), essence("zq xvvj xj"));
        assert_ne!(essence("zq discard xj 587"), essence("zq xvvj xj 587"));
        // a word that a reply follows counts as a word
        assert_eq!(essence("zq withxj 1"), essence("zq qvxj 1"));
        assert_ne!(essence("zq with 1"), essence("zq qvxj 1"));
    }
}
