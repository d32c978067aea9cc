//! What must not be in a site file: secrets, and values of the sample that were not replaced.
//!
//! In: the lines of the file. Out: a [`Mistake`] with its line. No message repeats a secret.

use crate::{
    secret::suspect::is_random,
    table::{Document, Mistake, may_be_quoted},
};

/// A mistake for each line that holds a token or a client secret, be it in a comment.
pub(super) fn secrets(document: &Document) -> Vec<Mistake> {
    let mistake = |line| {
        document.mistake_in(
            line,
            "there is a token or a secret in this line",
            "remove it and make a new one, for everyone who has seen this file has seen it; then say where the new one \
             is kept, as in { env = \"NAME\" }",
        )
    };
    document.lines().filter(|(_, line)| holds_secret(line)).map(|(line, _)| mistake(line)).collect()
}

/// True when a text holds a token or a client secret by its form.
#[must_use]
pub fn holds_secret(line: &str) -> bool {
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || "_-~.+=".contains(c);
    let words = line.split(|c: char| !is_of_word(c)).filter(|word| !word.trim_start_matches('=').starts_with(WEBEX_ID));
    words.into_iter().any(|word| is_jwt(word) || is_client_secret(word) || is_opaque(word))
}

/// How the ids of Webex's developer pages begin: base64 of `ciscospark://`.
const WEBEX_ID: &str = "Y2lzY29zcGFyazovL";

/// A JSON Web Token (RFC 7519): its header is an object, and base64 of `{"` begins with `eyJ`.
fn is_jwt(word: &str) -> bool {
    word.find("eyJ").is_some_and(|start| {
        word[start..].split('.').next().is_some_and(|header| header.len() >= 16) && word.len() - start >= 20
    })
}

/// A client secret as Entra makes them: about 40 characters with `Q~` in the fifth place.
fn is_client_secret(word: &str) -> bool {
    let word = word.trim_start_matches(['.', '-', '=']);
    let bytes = word.as_bytes();
    (36..=44).contains(&bytes.len()) && bytes[3].is_ascii_digit() && &bytes[4..6] == b"Q~"
}

/// A long run of letters of both cases and digits, such as a refresh token; no name or path of a person's making.
fn is_opaque(word: &str) -> bool {
    let has = |test: fn(&u8) -> bool| word.as_bytes().iter().any(test);
    (word.len() >= 64 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit))
        || word.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
}

/// The value in quotes when it cannot be a secret, and otherwise what it is called.
pub(super) fn quoted(text: &str, otherwise: &str) -> String {
    if may_be_quoted(text) { format!("\"{text}\"") } else { otherwise.to_owned() }
}

/// A mistake where values of the sample are left in the file; one for all of them, for they have one reason.
pub(super) fn samples(document: &Document) -> Option<Mistake> {
    let mut found = document.lines().filter_map(|(line, text)| Some((line, sample_in(uncommented(text))?)));
    let (line, sample) = found.next()?;
    let others: Vec<String> = found.map(|(line, _)| line.to_string()).collect();
    let wrong = match others.len() {
        0 => format!("{sample} is left over from the sample"),
        _ => format!("{sample} is left over from the sample; more of it in line {}", others.join(", ")),
    };
    Some(document.mistake_in(line, wrong, "write your own value, or leave the line out"))
}

pub(super) fn sample_in(line: &str) -> Option<&'static str> {
    const ZERO: &str = "00000000-0000-0000-0000-000000000000";
    let line = line.to_ascii_lowercase();
    let is_there = |sample: &&&str| ends_a_host(&line, sample);
    if let Some(host) = ["contoso.onmicrosoft.com", "example.com"].iter().find(is_there) {
        return Some(host);
    }
    if line.contains(ZERO) {
        return Some(ZERO);
    }
    (line.contains('…') || line.contains("/...")).then_some("…")
}

/// True when the host stands in the line, alone or below a further name: not in `myexample.com` or `example.com.au`.
fn ends_a_host(line: &str, host: &str) -> bool {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '-';
    line.match_indices(host).any(|(start, _)| {
        let (before, after) = (&line[..start], &line[start + host.len()..]);
        let mut next = after.chars();
        let goes_on = match next.next() {
            Some('.') => next.next().is_some_and(is_of_name),
            Some(c) => is_of_name(c),
            None => false,
        };
        !before.ends_with(is_of_name) && !goes_on
    })
}

/// The line without its comment.
pub(super) fn uncommented(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '#') => return &line[..at],
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    line
}
