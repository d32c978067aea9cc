//! Words that must be one of several: reading them, and naming the nearest.

use super::{At, Mistake};

/// Reads a word that is one of several, by the names that serde knows for them.
///
/// # Errors
/// When it is none of them, with the nearest.
pub fn choose<T: serde::de::DeserializeOwned>(word: &At<'_, String>) -> Result<T, Mistake> {
    use serde::de::{IntoDeserializer, value};
    T::deserialize(IntoDeserializer::<value::Error>::into_deserializer(word.value.as_str())).map_err(|error| {
        // serde quotes the word first and then each word it knows
        let said = error.to_string();
        let known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        word.mistake(format!("unknown value \"{}\"", word.value), did_you_mean(&word.value, &known))
    })
}

/// A sentence that names the nearest of the known words, or all of them.
#[must_use]
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(candidate) => format!("did you mean {candidate}?"),
        None => format!("known: {}", known.join(", ")),
    }
}

/// The known word that is nearest, when it is near enough to be meant: at least half of its letters are right, and of a
/// long word two thirds. Capitals and hyphens for underscores count little.
#[must_use]
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let asked = plain(word);
    let near = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(&asked, &plain(candidate)), *candidate))
        .filter(|(distance, candidate)| {
            let longest = candidate.len().max(word.len());
            *distance <= longest / 3 + 1 && 2 * distance <= longest
        })
        .min();
    near.map(|(_, candidate)| candidate)
}

/// True when a word cannot be a secret that was pasted in the wrong place: a few small letters without a digit.
#[must_use]
pub fn may_be_quoted(word: &str) -> bool {
    word.len() <= 24 && word.bytes().all(|byte| byte.is_ascii_lowercase() || b"_-. ".contains(&byte))
}
