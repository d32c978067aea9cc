//! Which signs a text or a failure can show at all, found in one pass over its words.
//!
//! In: the causes. Out: a [`SignIndex`]. Most signs ask for a sentence, and a text holds few of the thousand sentences that
//! are known; one automaton finds the parts of all of them at once, and only the signs of a part that is there are looked
//! at further.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::cause::{Cause, FailurePattern, Shows, Sign, Words};
use crate::evidence::FailureKind;

/// The number of a sign, in the order of [`super::Catalogue::signs`].
pub type SignNumber = u32;

/// What finds the signs that can be meant.
#[derive(Debug)]
pub struct SignIndex {
    /// Cause and sign by the number of the sign.
    places: Vec<(usize, usize)>,
    automaton: AhoCorasick,
    /// By the number of a part: the signs with a sentence of which it is the longest part.
    by_part: Vec<Vec<SignNumber>>,
    /// The signs that ask for no words.
    wordless: Vec<Wordless>,
    /// The signs that a finding of a check shows.
    by_check: HashMap<String, Vec<SignNumber>>,
}

/// A sign without words, and what of a refusal must be known for it.
#[derive(Debug)]
struct Wordless {
    kind: Option<FailureKind>,
    codes: Codes,
    sign: SignNumber,
}

/// The codes that a refusal has, or that a sign asks for: one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Codes(u8);

impl Codes {
    /// Of a reply code, an enhanced code, a number of Entra and an error, those that are there.
    #[must_use]
    pub fn new(there: [bool; 4]) -> Self {
        Self(there.into_iter().rev().fold(0, |bits, is_there| bits << 1 | u8::from(is_there)))
    }

    fn of(pattern: &FailurePattern) -> Self {
        Self::new([
            !pattern.code.is_empty(),
            !pattern.enhanced.is_empty(),
            !pattern.aadsts.is_empty(),
            !pattern.error.is_empty(),
        ])
    }

    fn holds(self, asked: Self) -> bool {
        self.0 & asked.0 == asked.0
    }
}

impl SignIndex {
    /// Indexes the signs of these causes.
    ///
    /// # Panics
    /// With more signs than a number of 32 bits counts.
    #[must_use]
    pub fn of(causes: &[Cause]) -> Self {
        let (mut parts, mut by_part): (Vec<&str>, Vec<Vec<SignNumber>>) = (Vec::new(), Vec::new());
        let (mut numbers, mut places, mut wordless) = (HashMap::new(), Vec::new(), Vec::new());
        let mut by_check: HashMap<String, Vec<SignNumber>> = HashMap::new();
        for (cause_at, cause) in causes.iter().enumerate() {
            for (sign_at, sign) in cause.signs.iter().enumerate() {
                let number = SignNumber::try_from(places.len()).expect("fewer than four thousand million signs");
                places.push((cause_at, sign_at));
                match &sign.shows {
                    // a sentence that is a gap and nothing else is in every text
                    Shows::Failure(pattern) if pattern.words.iter().all(|words| words.parts().is_empty()) => {
                        wordless.push(Wordless { kind: pattern.kind, codes: Codes::of(pattern), sign: number });
                    }
                    Shows::Failure(_) => {}
                    Shows::Finding { check, .. } => by_check.entry(check.clone()).or_default().push(number),
                }
                for part in sentences(sign).iter().filter_map(longest) {
                    let of_part = *numbers.entry(part).or_insert_with(|| {
                        parts.push(part);
                        by_part.push(Vec::new());
                        parts.len() - 1
                    });
                    by_part[of_part].push(number);
                }
            }
        }
        let automaton = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&parts);
        Self { places, automaton: automaton.expect("the parts are a few thousand"), by_part, wordless, by_check }
    }

    /// The signs with a sentence whose longest part is in a text in small letters, in their order. What else they ask for
    /// is not looked at.
    #[must_use]
    pub fn worded(&self, lowered: &str) -> Vec<SignNumber> {
        let found = self.automaton.find_overlapping_iter(lowered);
        let mut signs: Vec<SignNumber> =
            found.flat_map(|found| self.by_part[found.pattern().as_usize()].iter().copied()).collect();
        signs.sort_unstable();
        signs.dedup();
        signs
    }

    /// The signs without words that ask for no more than this kind and these codes.
    pub fn wordless(&self, kind: Option<FailureKind>, codes: Codes) -> impl Iterator<Item = SignNumber> {
        let fits = move |one: &&Wordless| codes.holds(one.codes) && (one.kind.is_none() || one.kind == kind);
        self.wordless.iter().filter(fits).map(|one| one.sign)
    }

    /// The signs that a finding of this check can show.
    #[must_use]
    pub fn of_check(&self, check: &str) -> &[SignNumber] {
        self.by_check.get(check).map_or(&[], Vec::as_slice)
    }

    /// The places of a sign: that of its cause, and its own in the cause.
    #[must_use]
    pub fn place(&self, sign: SignNumber) -> (usize, usize) {
        self.places[sign as usize]
    }
}

fn sentences(sign: &Sign) -> &[Words] {
    match &sign.shows {
        Shows::Failure(pattern) => &pattern.words,
        Shows::Finding { words, .. } => words,
    }
}

fn longest(words: &Words) -> Option<&str> {
    words.parts().iter().map(String::as_str).max_by_key(|part| part.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn signs_without_words_ask_for_no_other_kind_and_no_code_that_is_not_there() {
        let catalogue = Catalogue::built_in();
        let mut found = 0;
        for kind in [None, Some(FailureKind::Reset), Some(FailureKind::Rejected)] {
            for codes in [[false; 4], [true, false, false, false], [false, true, true, false], [true; 4]] {
                for number in catalogue.index().wordless(kind, Codes::new(codes)) {
                    let Shows::Failure(pattern) = &catalogue.sign(number).1.shows else { panic!("of a failure") };
                    assert!(pattern.words.iter().all(|words| words.parts().is_empty()), "{pattern:?}");
                    assert!(pattern.kind.is_none() || pattern.kind == kind, "{pattern:?}");
                    let asked = [
                        !pattern.code.is_empty(),
                        !pattern.enhanced.is_empty(),
                        !pattern.aadsts.is_empty(),
                        !pattern.error.is_empty(),
                    ];
                    assert!(asked.iter().zip(codes).all(|(asked, is_there)| !asked || is_there), "{pattern:?}");
                    found += 1;
                }
            }
        }
        assert!(found > 0);
    }
}
