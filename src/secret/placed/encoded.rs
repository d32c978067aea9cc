//! Secrets in base64 and in PEM, told by what is in them or by the question that they answer.
//!
//! In: a text. Out: where they are: SASL's PLAIN, CRAM-MD5, DIGEST-MD5 and XOAUTH2, the answer to `Password:`, private keys.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::value::{line_behind, places, walk, word};

/// "Password:", "password:", "Password" and "Password: " in base64, as servers ask with after `AUTH LOGIN`.
const QUESTIONS: [&str; 4] = ["UGFzc3dvcmQ6", "cGFzc3dvcmQ6", "UGFzc3dvcmQ=", "UGFzc3dvcmQ6IA=="];
/// How Dovecot marks a password in a file of users.
const SCHEMES: [&str; 4] = ["{PLAIN}", "{CLEAR}", "{CLEARTEXT}", "{PLAIN.b64}"];
/// SASL's credentials are longer, and shorter.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=8_192;
/// A private key in PEM is shorter.
const LONGEST_KEY: usize = 32 << 10;

/// Where secrets are.
pub(super) fn of(text: &str) -> Vec<Range<usize>> {
    let mut found = credentials(text);
    for question in QUESTIONS {
        found.extend(walk(places(text, question), |question| answer(text, question.end)));
    }
    found.extend(walk(places(text, "PRIVATE KEY-----"), |begin| Some(key(text, begin.end))));
    for scheme in SCHEMES {
        found.extend(walk(places(text, scheme), |scheme| Some(scheme.end..scheme.end + word(&text[scheme.end..]))));
    }
    found
}

/// The answer: the last word of the next line, or of what follows in this one.
fn answer(text: &str, end: usize) -> Option<Range<usize>> {
    let rest = text[end..].trim_start_matches(['=', '\r', '\n', ' ', '\\', '"', '\'']);
    let begin = text.len() - rest.len();
    let line = line_behind(text, begin);
    let is_answer = |word: &&str| word.len() >= 4 && STANDARD.decode(word).is_ok() && !QUESTIONS.contains(word);
    let words = || line.split([' ', '\t', '"', '\'', '\\', ',']);
    let is_this_line = !text[end..begin].contains(['\n', '\\']);
    let word = if is_this_line {
        words().find(is_answer)
    } else {
        words().rfind(|word| !word.is_empty()).filter(is_answer).or_else(|| words().find(is_answer))
    }?;
    let at = word.as_ptr().addr() - text.as_ptr().addr();
    Some(at..at + word.len())
}

/// What is between the begin and the end of a key.
fn key(text: &str, begin: usize) -> Range<usize> {
    let near = &text[begin..text.floor_char_boundary(begin + LONGEST_KEY)];
    let end = near.find("-----END").unwrap_or(near.len());
    let is_key = |c: char| c.is_ascii_alphanumeric() || "+/=\\ :,-".contains(c) || c.is_whitespace();
    let end = near[..end].find(|c| !is_key(c)).unwrap_or(end);
    begin..begin + end
}

/// Words in base64 that hold what SASL sends.
fn credentials(text: &str) -> Vec<Range<usize>> {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let mut found = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive(|c| !is_inside(c)) {
        let word = part.trim_end_matches(|c| !is_inside(c));
        let is_length = LENGTHS.contains(&word.len()) && word.len() % 4 == 0;
        if is_length && STANDARD.decode(word).is_ok_and(|bytes| is_credential(&bytes)) {
            found.push(start..start + word.len());
        }
        start += part.len();
    }
    found
}

/// `authorization NUL user NUL password` (RFC 4616, section 2), `user digest` (RFC 2195, section 2), `…response=…` (RFC 2831,
/// section 2.1.2), `…auth=Bearer …` (RFC 7628, section 3.1).
fn is_credential(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return is_plain(bytes);
    };
    let digest = text.rsplit_once(' ').map_or("", |(_, digest)| digest);
    let is_digest = digest.len() == 32 && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has = |sign: &str| text.contains(sign);
    is_plain(bytes)
        || is_digest
        || (has("response=") && has("nonce="))
        || has("auth=Bearer ")
        || text.starts_with("c=biws,")
}

fn is_plain(bytes: &[u8]) -> bool {
    let parts: Vec<&[u8]> = bytes.splitn(4, |byte| *byte == 0).collect();
    let is_text = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| *byte >= b' ');
    matches!(parts[..], [_, user, password] if is_text(user) && is_text(password) && std::str::from_utf8(user).is_ok())
}
