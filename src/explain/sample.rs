//! The last resort: a text that holds no refusal, but reads like the sample of a sign.
//!
//! In: a text. Out: the causes whose samples it resembles: the same words, with other names and numbers. That never
//! settles anything. It is how words of our own reports are known again.

use super::{Channel, Meaning, hear, next};
use crate::{
    catalogue::{Catalogue, cause::Words},
    diagnose::{Heard, Meant},
    finding::Certainty,
};

/// So many letters must a sample have beside names and numbers.
const FEWEST_LETTERS: usize = 8;

/// The causes whose samples a text resembles.
pub fn resembling<'c>(text: &str, channel: Option<Channel>, catalogue: &'c Catalogue) -> Meaning<'c> {
    let words = hear::plain(text);
    let mut causes: Vec<Meant<'_>> = Vec::new();
    for (cause, sign) in catalogue.signs() {
        let is_new = causes.iter().all(|meant| meant.cause.code != cause.code);
        if is_new && shape(&sign.sample).is_some_and(|shape| shape.are_in(&words)) {
            causes.push(Meant { cause, certainty: Certainty::Possible });
        }
    }
    if let [only] = causes.as_mut_slice() {
        only.certainty = Certainty::Likely;
    }
    if causes.is_empty() {
        return Meaning::default();
    }
    let heard = Heard { words, ..Heard::default() };
    let next = next(&causes, &heard, channel);
    Meaning { causes, heard: Some(heard), next }
}

/// The words of a sample without what differs from place to place: numbers, hosts, addresses.
fn shape(sample: &str) -> Option<Words> {
    let plain = hear::plain(sample);
    let differs = |word: &str| {
        let status = word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit());
        !status
            && (word.contains(|c: char| c.is_ascii_digit())
                || word.trim_end_matches('.').contains('.')
                || word.contains("://"))
    };
    let words: Vec<&str> = plain.split(' ').map(|word| if differs(word) { "*" } else { word }).collect();
    let letters: usize = words.iter().filter(|word| **word != "*").map(|word| word.len()).sum();
    (letters >= FEWEST_LETTERS).then(|| Words::new(&words.join(" ")))
}
