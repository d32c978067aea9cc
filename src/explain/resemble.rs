//! Which known errors a text resembles, when no sign is in it.
//!
//! In: a message that names a service of mail or login and says that something failed, and that nothing else here knows.
//! Out: a few causes whose samples share its rare words, by BM25 (Robertson and Zaragoza, "The Probabilistic Relevance
//! Framework", 2009). Shared words prove nothing: such a cause is possible at most, and a log is never read this way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{at_large, extract, fallback, session};
use crate::{
    catalogue::{Catalogue, Cause, cause::Shows},
    diagnose::Meant,
    finding::Certainty,
};

/// So many causes are suggested.
const MOST: usize = 3;
/// So many words of a text are compared.
const MOST_TERMS: usize = 400;
/// Below this score, what is shared is chance: of the labeled texts, with the samples left out that are in the text
/// itself, two in three that reach it have a right cause among the first three.
const LOWEST: f64 = 8.0;
/// How quickly further occurrences of a word count less, and how much the length of a sample counts: the usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;

/// One sample, or title, of a cause.
struct Sample<'c> {
    cause: &'c Cause,
    counts: HashMap<String, f64>,
    length: f64,
}

/// Which samples a text is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// All.
    All,
    /// Only those of which some word is missing in the text: so it is measured how texts fare that no sample was made of.
    NotWithin,
}

/// All that the catalogue says its causes sound like: titles, samples, and the words that are searched for.
pub struct Samples<'c> {
    catalogue: &'c Catalogue,
    all: Vec<Sample<'c>>,
}

impl<'c> Samples<'c> {
    /// Those of a catalogue.
    #[must_use]
    pub fn of(catalogue: &'c Catalogue) -> Self {
        let mut all = Vec::new();
        for cause in &*catalogue.causes {
            all.extend(sample(cause, &cause.title));
            for sign in &cause.signs {
                let Shows::Failure(pattern) = &sign.shows else { continue };
                all.extend(sample(cause, &sign.sample));
                all.extend(pattern.words.iter().filter_map(|words| sample(cause, &words.parts().join(" "))));
            }
        }
        Self { catalogue, all }
    }

    /// The causes whose samples are most like the text, best first; none for a text that says of no failure of mail or
    /// login, or whose codes are known to mean something else.
    #[must_use]
    pub fn resembling(&self, text: &str, compared: Compared) -> Vec<Meant<'c>> {
        let words = extract::plain(text);
        let is_refused = session::read(text).is_none_or(|session| session.refusal().is_some());
        let is_known = || compared == Compared::All && fallback::of_codes(text, self.catalogue).is_some();
        if !at_large::is_failure(&words) || !is_refused || is_known() {
            return Vec::new();
        }
        let asked: BTreeSet<String> = terms(&words).take(MOST_TERMS).collect();
        let is_within = |sample: &&Sample<'_>| sample.counts.keys().all(|term| asked.contains(term));
        let samples: Vec<&Sample<'c>> =
            self.all.iter().filter(|sample| compared == Compared::All || !is_within(sample)).collect();
        let mut best: BTreeMap<&str, (f64, &'c Cause)> = BTreeMap::new();
        for (score, cause) in scores(&samples, &asked) {
            let known = best.entry(&cause.code).or_insert((0.0, cause));
            known.0 = known.0.max(score);
        }
        let mut best: Vec<(f64, &'c Cause)> = best.into_values().filter(|(score, _)| *score >= LOWEST).collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        best.truncate(MOST);
        best.into_iter().map(|(_, cause)| Meant { cause, certainty: Certainty::Possible }).collect()
    }
}

fn sample<'c>(cause: &'c Cause, text: &str) -> Option<Sample<'c>> {
    let mut counts = HashMap::new();
    terms(&text.to_lowercase()).for_each(|term| *counts.entry(term).or_default() += 1.0);
    let length = counts.values().sum();
    (!counts.is_empty()).then_some(Sample { cause, counts, length })
}

fn scores<'c>(samples: &[&Sample<'c>], asked: &BTreeSet<String>) -> Vec<(f64, &'c Cause)> {
    let of_all = f64::from(u32::try_from(samples.len()).unwrap_or(u32::MAX));
    let average = samples.iter().map(|sample| sample.length).sum::<f64>() / of_all.max(1.0);
    let weight = |term: &String| {
        let holding = samples.iter().filter(|sample| sample.counts.contains_key(term)).count();
        let holding = f64::from(u32::try_from(holding).unwrap_or(u32::MAX));
        (1.0 + (of_all - holding + 0.5) / (holding + 0.5)).ln()
    };
    let weights: Vec<(&String, f64)> = asked.iter().map(|term| (term, weight(term))).collect();
    let score = |sample: &&Sample<'c>| {
        let of_length = K1 * (1.0 - B + B * sample.length / average);
        let shared = weights.iter().filter_map(|(term, weight)| Some((sample.counts.get(*term)?, weight)));
        shared.map(|(count, weight)| weight * count * (K1 + 1.0) / (count + of_length)).sum()
    };
    samples.iter().map(|sample| (score(sample), sample.cause)).collect()
}

/// The words of a text in small letters that can tell one error from another: of three letters or more, and codes.
fn terms(words: &str) -> impl Iterator<Item = String> {
    let is_part = |c: char| c.is_alphanumeric() || c == '.' || c == '_';
    let trimmed = words.split(move |c| !is_part(c)).map(|term| term.trim_matches('.'));
    trimmed.filter(|term| can_tell(term)).map(ToOwned::to_owned)
}

fn can_tell(term: &str) -> bool {
    let is_code = term.contains('.') && term.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let letters = term.chars().filter(|c| c.is_alphabetic()).count();
    is_code || letters >= 3 || !term.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::explain;

    fn codes(text: &str) -> Vec<String> {
        let catalogue = Catalogue::built_in();
        Samples::of(&catalogue).resembling(text, Compared::All).iter().map(|meant| meant.cause.code.clone()).collect()
    }

    #[test]
    fn words_that_a_sample_shares_suggest_its_cause() {
        let text = "The mail server rejected us: client secret of the app registration has lapsed, keys invalid";
        let catalogue = Catalogue::built_in();
        assert!(explain(text, None, &catalogue).causes.is_empty(), "this text is known: take another");
        let found = codes(text);
        assert!(found.iter().any(|code| code.starts_with("client-secret")), "{found:?}");
        assert!(found.len() <= MOST);
    }

    #[test]
    fn a_suggestion_is_possible_at_most() {
        let catalogue = Catalogue::built_in();
        let text = "smtp: could not relay, mailbox disabled by the organization's policy";
        let found = Samples::of(&catalogue).resembling(text, Compared::All);
        assert!(!found.is_empty());
        assert!(found.iter().all(|meant| meant.certainty == Certainty::Possible));
    }

    #[test]
    fn what_tells_of_no_failure_resembles_nothing() {
        for text in [
            "",
            "SMTP session opened, token accepted",
            "The client secret will be replaced on Monday",
            "ORA-00942: table or view does not exist",
            "smtp error",
        ] {
            assert_eq!(codes(text), Vec::<String>::new(), "{text}");
        }
    }
}
