//! Codes that a person writes about and does not have: sentences that deny one, ask whether it is there, cite it as an example, or
//! say that it is fixed.
//!
//! In: a text. Out: the text without such sentences, and these alone. Only sentences of people are meant: logs and the replies of
//! servers have none of these words before or behind a code, and lines with a time are left as they are.

use super::{codes, timestamp};

/// Before a code, these deny it; between them and the code are only [`FILLERS`].
const DENIED: [&str; 24] = [
    "do not get",
    "don't get",
    "did not get",
    "didn't get",
    "do not see",
    "don't see",
    "did not see",
    "didn't see",
    "do not have",
    "don't have",
    "not getting",
    "not seeing",
    "no longer get",
    "no longer see",
    "no longer have",
    "never saw",
    "never got",
    "never had",
    "have not seen",
    "haven't seen",
    "it is not",
    "it's not",
    "there is no",
    "there was no",
];
/// What can be between a denial and the code.
const FILLERS: [&str; 14] =
    ["the", "this", "that", "any", "an", "a", "such", "old", "error", "errors", "code", "message", "smtp", "entra"];
/// Behind a code, these say that it is there no more.
const OVER: [&str; 20] = [
    "is gone",
    "are gone",
    "went away",
    "has disappeared",
    "no longer appears",
    "no longer occurs",
    "no longer happens",
    "is fixed",
    "was fixed",
    "has been fixed",
    "is solved",
    "was solved",
    "has been solved",
    "has been resolved",
    "(fixed",
    "(solved",
    "(resolved",
    "secret renewed",
    "was renewed",
    "has been renewed",
];
/// Before a code, at the begin of its sentence, these say so in a heading.
const HEADINGS: [&str; 4] = ["fixed", "solved", "repaired", "resolved"];
/// What can be before such a heading.
const OPENERS: [&str; 5] = ["fyi", "update", "note", "info", "already"];
/// In the same sentence, these say that it is not over.
const NOT_OVER: [&str; 12] =
    ["not", "still", "but", "again", "never", "until", "unless", "must", "should", "cannot", "since", "yet"];
/// Before a code, these cite it as an example.
const EXAMPLES: [&str; 11] = [
    "example from",
    "for example",
    "example:",
    "e.g.",
    "from the docs",
    "in the docs",
    "from the documentation",
    "in the documentation",
    "the docs say",
    "sample error",
    "sample message",
];
/// Before a code, in a sentence that ends with a question mark, these ask whether it is there.
const ASKED: [&str; 22] = [
    "do you see",
    "do you get",
    "do you have",
    "did you see",
    "did you get",
    "are you seeing",
    "are you getting",
    "have you seen",
    "do we see",
    "do we get",
    "is there",
    "was there",
    "is it",
    "was it",
    "is this",
    "is that",
    "could it be",
    "could this be",
    "can it be",
    "may it be",
    "does it say",
    "does it show",
];

/// A text in two parts.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts {
    /// What it states.
    pub stated: String,
    /// Sentences with codes that they only mention.
    pub cited: String,
}

/// Whether a text in small letters can have such a sentence.
#[must_use]
pub fn may_cite(words: &str) -> bool {
    let lists: [&[&str]; 5] = [&DENIED, &OVER, &HEADINGS, &EXAMPLES, &ASKED];
    codes::first_code(words).is_some() && lists.into_iter().flatten().any(|part| words.contains(part))
}

/// Takes the sentences out that only mention a code; none where there is no such sentence.
#[must_use]
pub fn apart(text: &str) -> Option<Parts> {
    if !may_cite(&straight(text)) {
        return None;
    }
    let (mut stated, mut cited) = (String::new(), String::new());
    for line in text.split_inclusive('\n') {
        let is_of_log = timestamp::of(line).is_some();
        for sentence in sentences(line) {
            if !is_of_log && is_cited(&straight(sentence)) { &mut cited } else { &mut stated }.push_str(sentence);
        }
    }
    (!cited.is_empty()).then_some(Parts { stated, cited })
}

/// In small letters, with straight apostrophes.
fn straight(text: &str) -> String {
    text.to_lowercase().replace('\u{2019}', "'")
}

/// The sentences of a line, with what ends them: a point before a capital letter, a question mark, an exclamation mark.
fn sentences(line: &str) -> Vec<&str> {
    let mut sentences = Vec::new();
    let mut begin = 0;
    for (at, mark) in line.match_indices(['.', '!', '?']) {
        let (before, behind) = (&line[begin..at], &line[at + mark.len()..]);
        let next = behind.trim_start_matches([' ', '\t']);
        let is_apart = next.len() < behind.len();
        let is_point = mark != "." || (next.starts_with(char::is_uppercase) && !before.ends_with("e.g"));
        if is_apart && is_point {
            let end = line.len() - next.len();
            sentences.push(&line[begin..end]);
            begin = end;
        }
    }
    sentences.push(&line[begin..]);
    sentences
}

/// Whether a sentence in small letters only mentions the first code in it.
fn is_cited(sentence: &str) -> bool {
    let Some(at) = codes::first_code(sentence) else { return false };
    let at = codes::begin_of_reply(sentence, at);
    let (before, behind) = (&sentence[..at], &sentence[at..]);
    is_denied(before) || is_over(sentence, before, behind) || is_example(before) || is_asked(sentence, before)
}

fn is_denied(before: &str) -> bool {
    let is_filler = |word: &str| FILLERS.contains(&word.trim_matches(|c: char| !c.is_alphanumeric()));
    let only_fillers =
        |rest: &str| !rest.contains(':') && rest.split_whitespace().all(|word| is_quote(word) || is_filler(word));
    DENIED.iter().filter_map(|part| before.rfind(part).map(|at| &before[at + part.len()..])).any(only_fillers)
}

fn is_quote(word: &str) -> bool {
    !word.contains(char::is_alphanumeric)
}

fn is_over(sentence: &str, before: &str, behind: &str) -> bool {
    let goes_on = sentence.split(|c: char| !c.is_alphanumeric()).any(|word| NOT_OVER.contains(&word));
    !goes_on && (is_headed(before) || OVER.iter().any(|part| behind.contains(part)))
}

/// `FYI fixed on Monday: `: a heading of a few words right before the code.
fn is_headed(before: &str) -> bool {
    const MOST_WORDS: usize = 6;
    let words: Vec<&str> = before.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let first = words.iter().find(|word| !OPENERS.contains(word));
    let ends = before.trim_end().ends_with([':', '-', '–']);
    ends && words.len() <= MOST_WORDS && first.is_some_and(|first| HEADINGS.contains(first))
}

fn is_example(before: &str) -> bool {
    EXAMPLES.iter().any(|part| before.contains(part))
}

/// A question whether the code is there, with at most a greeting before it.
fn is_asked(sentence: &str, before: &str) -> bool {
    const MOST_WORDS: usize = 3;
    let is_first = |at: usize| before[..at].split_whitespace().count() <= MOST_WORDS;
    let ends = sentence.trim_end_matches(|c: char| c.is_whitespace() || "\"')".contains(c)).ends_with('?');
    ends && ASKED.iter().any(|part| before.find(part).is_some_and(is_first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sentence_denies_asks_cites_or_calls_fixed_is_only_mentioned() {
        for text in [
            "We do NOT get AADSTS50076 any more since MFA was excluded.",
            "We don\u{2019}t see the error \"535 5.7.3 Authentication unsuccessful\".",
            "The old error \"535 5.7.3 Authentication unsuccessful\" is gone too.",
            "Do you see AADSTS700082?",
            "Hello, do you see AADSTS700082 in the log?",
            "Could it be AADSTS7000222: The provided client secret keys are expired?",
            "Example from the docs: AADSTS50034: The user account does not exist.",
            "It says something else, e.g. AADSTS50034",
            "FYI fixed on Monday: AADSTS7000222 (secret renewed).",
            "AADSTS7000222 has been fixed.",
        ] {
            let parts = apart(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((parts.stated.as_str(), parts.cited.as_str()), ("", text));
        }
        let parts = apart("Hello. Do you see AADSTS700082? No. We see AADSTS50034 there.").expect("two parts");
        assert_eq!(parts.stated, "Hello. No. We see AADSTS50034 there.");
    }

    #[test]
    fn what_is_stated_stays() {
        for text in [
            "AADSTS7000222: The provided client secret keys for app 'a' are expired.",
            "What does AADSTS50076 mean?",
            "How to fix 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox?",
            "We do not get mail: AADSTS7000222",
            "It is not working because of AADSTS7000222",
            "We don't see any mails since AADSTS7000222 came",
            "Fixed in ES6: no. Still 535 5.7.139 Authentication unsuccessful",
            "Closed - AADSTS7000222: The provided client secret keys are expired.",
            "It was fixed but AADSTS7000222 is there again",
            "AADSTS7000222 is not fixed",
            "2026-11-30 08:00:01 INFO do you see AADSTS700082?",
            "535 5.7.139 Authentication unsuccessful; it must be re-enabled",
            "AADSTS50011: The redirect URI does not match, for example https://a.example/b",
        ] {
            assert_eq!(apart(text), None, "{text}");
        }
    }
}
