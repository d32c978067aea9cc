//! Secrets in the fields of HTTP: `Authorization` (RFC 9110, section 11), `Cookie` and `Set-Cookie` (RFC 6265).
//!
//! In: a text. Out: where credentials and cookies are, in a field or behind the name of a scheme alone.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};

use super::{
    command::base64_end,
    value::{first_of_value, is_like_a_token, is_nothing, is_of_sentence, places, skip, walk, word},
};

/// Schemes, in small letters.
const SCHEMES: &[&str] =
    &["basic", "bearer", "digest", "negotiate", "ntlm", "oauth", "oauth2", "sharedkey", "token", "xoauth2", "apikey"];
/// Schemes whose credentials are one word in base64 (RFC 7617, RFC 4559).
const OF_ONE_WORD: [&str; 3] = ["basic", "ntlm", "negotiate"];
const SPACE: &[char] = &[' ', '\t', '\r', '\n', '\\'];

/// Where credentials and cookies are.
pub(super) fn of(text: &str, small: &str) -> Vec<Range<usize>> {
    let mut found = walk(places(small, "authorization"), |name| authorization(text, small, name.end));
    found.extend(walk(places(small, "cookie"), |name| pairs(text, field(text, name.end)?, ';')));
    for scheme in OF_ONE_WORD {
        found.extend(walk(places(small, scheme), |name| credential(text, name.end)));
    }
    found.extend(walk(places(small, "bearer"), |name| bearer(text, name.end)));
    found
}

/// Where the value of a field begins.
fn field(text: &str, end: usize) -> Option<usize> {
    let sign = skip(text, end, &['"', '\'', '\\', ' ']);
    text[sign..].starts_with([':', '=']).then(|| skip(text, sign + 1, &['"', '\'', '\\', ' ', '>']))
}

fn authorization(text: &str, small: &str, end: usize) -> Option<Range<usize>> {
    let begin = field(text, end)?;
    let scheme = begin..begin + small[begin..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len() - begin);
    if !SCHEMES.contains(&&small[scheme.clone()]) {
        return token(text, begin);
    }
    let from = skip(text, scheme.end, SPACE);
    (from > scheme.end).then(|| pairs(text, from, ','))?
}

/// What is in a field: words as long as they end with this sign, which a quote closes.
fn pairs(text: &str, from: usize, sign: char) -> Option<Range<usize>> {
    let (mut before, mut is_quoted) = (' ', false);
    let ends = |(_, c): &(usize, char)| {
        let is_end = match c {
            '"' if before == '=' || is_quoted => {
                is_quoted = !is_quoted;
                false
            }
            '"' | '\'' | '\n' | '\r' => true,
            ' ' | '\t' => !is_quoted && before != sign && before != ' ',
            _ => false,
        };
        before = *c;
        is_end
    };
    let end = text[from..].char_indices().find(ends).map_or(text.len(), |(at, _)| from + at);
    let words = &text[from..end];
    (!is_of_sentence(words) && !is_nothing(words)).then_some(from..end)
}

/// The word in base64 behind the name of a scheme.
fn credential(text: &str, end: usize) -> Option<Range<usize>> {
    let begin = skip(text, end, SPACE);
    let word = begin..base64_end(text, begin);
    (begin > end && is_credential(&text[word.clone()])).then_some(word)
}

/// Base64 of something, and no word.
pub(super) fn is_credential(word: &str) -> bool {
    let decoded = STANDARD_NO_PAD.decode(word.trim_end_matches('=')).ok();
    decoded.is_some_and(|bytes| bytes.contains(&b':') || bytes.starts_with(b"NTLMSSP") || bytes.len() > 24)
}

/// The opaque token behind `Bearer`.
fn bearer(text: &str, end: usize) -> Option<Range<usize>> {
    let begin = skip(text, end, SPACE);
    token(text, begin).filter(|_| begin > end)
}

fn token(text: &str, begin: usize) -> Option<Range<usize>> {
    is_like_a_token(first_of_value(text, begin)).then(|| begin..begin + word(&text[begin..]))
}
