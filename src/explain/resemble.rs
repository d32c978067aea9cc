//! Which known errors a text resembles, when no sign is in it.
//!
//! In: a message that names a service of mail or login and says that something failed, and that nothing else here knows.
//! Out: a few causes whose samples share its rare words, by BM25 (Robertson and Zaragoza, "The Probabilistic Relevance
//! Framework", 2009). Shared words prove nothing: such a cause is possible at most, and a log is never read this way.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{at_large, context, extract, fallback, prepared, session};
use crate::{
    catalogue::{Catalogue, Cause, cause::Shows},
    diagnose::Meant,
    finding::Certainty,
};

/// So many causes are suggested.
const MOST: usize = 3;
/// So many words of a text are compared.
const MOST_TERMS: usize = 400;
/// Below this score, what is shared is chance: of the labeled texts, without what the catalogue has of their sources, three
/// in five that reach it have a right cause among the first three.
const LOWEST: f64 = 14.0;
/// So many samples of a cause count.
const TOGETHER: usize = 2;
/// How quickly further occurrences of a word count less, and how much the length of a sample counts: the usual values.
const K1: f64 = 1.2;
const B: f64 = 0.75;
/// A sample of which this share of the words is in a text may have been made of that text.
const MADE_OF: f64 = 0.8;

/// One sample, or title, of a cause.
struct Sample<'c> {
    cause: &'c Cause,
    /// How many words it has.
    length: f64,
    /// How many different ones.
    terms: usize,
}

/// A sample that holds a word, and how often.
type Posting = (usize, f64);

/// All that the catalogue says its causes sound like: titles, samples, and the words that are searched for.
pub struct Samples<'c> {
    catalogue: &'c Catalogue,
    all: Vec<Sample<'c>>,
    /// For each word, the samples that hold it.
    postings: HashMap<String, Vec<Posting>>,
}

/// Samples that are left out, by number: see [`Samples::made_of`].
pub type LeftOut = BTreeSet<usize>;

impl<'c> Samples<'c> {
    /// Those of a catalogue.
    #[must_use]
    pub fn of(catalogue: &'c Catalogue) -> Self {
        let mut samples = Self { catalogue, all: Vec::new(), postings: HashMap::new() };
        for cause in &*catalogue.causes {
            samples.add(cause, &cause.title);
            for sign in &cause.signs {
                let Shows::Failure(pattern) = &sign.shows else { continue };
                samples.add(cause, &sign.sample);
                pattern.words.iter().for_each(|words| samples.add(cause, &words.parts().join(" ")));
            }
        }
        samples
    }

    fn add(&mut self, cause: &'c Cause, text: &str) {
        let mut counts: HashMap<String, f64> = HashMap::new();
        terms(&text.to_lowercase()).for_each(|term| *counts.entry(term).or_default() += 1.0);
        if counts.is_empty() {
            return;
        }
        self.all.push(Sample { cause, length: counts.values().sum(), terms: counts.len() });
        for (term, count) in counts {
            self.postings.entry(term).or_default().push((self.all.len() - 1, count));
        }
    }

    /// The causes whose samples are most like the text, best first; none for a text that says of no failure of mail or
    /// login, or whose codes are known to mean something else.
    #[must_use]
    pub fn resembling(&self, text: &str) -> Vec<Meant<'c>> {
        self.resembling_without(text, &LeftOut::new())
    }

    /// The same where some samples are not known: so it is measured how texts fare of which no sample was made.
    #[must_use]
    pub fn resembling_without(&self, text: &str, left_out: &LeftOut) -> Vec<Meant<'c>> {
        let Some(text) = prepared(text) else { return Vec::new() };
        let words = extract::plain(&text);
        let is_refused = session::read(&text).is_none_or(|session| session.refusal().is_some());
        let is_meant = at_large::is_failure(&words) && !context::is_foreign(&words);
        // what a code means stands in tables; words beside it prove less
        if !is_meant || !is_refused || fallback::of_codes(&text, self.catalogue).is_some() {
            return Vec::new();
        }
        let mut by_cause: BTreeMap<&str, (&'c Cause, Vec<f64>)> = BTreeMap::new();
        for (sample, score) in self.scores(&asked(&words), left_out) {
            let cause = self.all[sample].cause;
            by_cause.entry(&cause.code).or_insert((cause, Vec::new())).1.push(score);
        }
        let scored = by_cause.into_values().map(|(cause, scores)| (of_cause(scores), cause));
        let mut best: Vec<(f64, &'c Cause)> = scored.filter(|(score, _)| *score >= LOWEST).collect();
        best.sort_by(|a, b| b.0.total_cmp(&a.0));
        best.truncate(MOST);
        best.into_iter().map(|(_, cause)| Meant { cause, certainty: Certainty::Possible }).collect()
    }

    /// The samples that may have been made of a text: most of their words are in it.
    #[must_use]
    pub fn made_of(&self, text: &str) -> LeftOut {
        let mut shared: BTreeMap<usize, usize> = BTreeMap::new();
        for (sample, _) in asked(&extract::plain(text)).iter().filter_map(|term| self.postings.get(term)).flatten() {
            *shared.entry(*sample).or_default() += 1;
        }
        let is_made_of =
            |(sample, shared): &(usize, usize)| number(*shared) >= MADE_OF * number(self.all[*sample].terms);
        shared.into_iter().filter(is_made_of).map(|(sample, _)| sample).collect()
    }

    fn scores(&self, asked: &BTreeSet<String>, left_out: &LeftOut) -> BTreeMap<usize, f64> {
        let of_all = number(self.all.len() - left_out.len());
        let is_known = |sample: &usize| !left_out.contains(sample);
        let known = self.all.iter().enumerate().filter(|(sample, _)| is_known(sample));
        let average = known.map(|(_, sample)| sample.length).sum::<f64>() / of_all.max(1.0);
        let mut scores: BTreeMap<usize, f64> = BTreeMap::new();
        for postings in asked.iter().filter_map(|term| self.postings.get(term)) {
            let holding = number(postings.iter().filter(|(sample, _)| is_known(sample)).count());
            let weight = (1.0 + (of_all - holding + 0.5) / (holding + 0.5)).ln();
            for (sample, count) in postings.iter().filter(|(sample, _)| is_known(sample)) {
                let of_length = K1 * (1.0 - B + B * self.all[*sample].length / average);
                *scores.entry(*sample).or_default() += weight * count * (K1 + 1.0) / (count + of_length);
            }
        }
        scores
    }
}

/// What the samples of a cause have together: two that are alike say more than one.
fn of_cause(mut scores: Vec<f64>) -> f64 {
    scores.sort_by(|a, b| b.total_cmp(a));
    scores.iter().take(TOGETHER).sum()
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn asked(words: &str) -> BTreeSet<String> {
    terms(words).take(MOST_TERMS).collect()
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
        Samples::of(&catalogue).resembling(text).iter().map(|meant| meant.cause.code.clone()).collect()
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
        let found = Samples::of(&catalogue).resembling(text);
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
