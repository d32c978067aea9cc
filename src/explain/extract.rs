//! Finding the refusals in a text: codes, errors and idioms, with the words that belong to each.
//!
//! In: whatever somebody copied: a server's line, a library's exception around it, JSON, a browser's address, a stack
//! trace. Out: what was [`ErrorDetails`], the innermost first: libraries put the true refusal behind their own words
//! ("5.7.57 … Error: 535 5.7.139 …", "nested exception is", "Caused by", "--->"), so what stands last is what was said
//! first.

use base64::{Engine as _, engine::general_purpose::STANDARD};

pub use super::codes::ENTRA_MARKS;
use super::{
    at_large,
    codes::{enhanced_codes, number, reply_code},
    context, phrases,
};
use crate::{
    catalogue::{cause::Share, check::Of, phrases::Phrases},
    diagnose::ErrorDetails,
    evidence::{Protocol, Stage},
};

/// The longest text that is read, in bytes: no refusal is longer, whole logs are read in pieces.
pub const LONGEST: usize = 65_536;

/// The errors of OAuth 2.0 (RFC 6749, sections 4.1.2.1 and 5.2), of OpenID Connect, and those that Entra adds.
pub const OAUTH_ERRORS: &[&str] = &[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "access_denied",
    "unsupported_response_type",
    "server_error",
    "temporarily_unavailable",
    "interaction_required",
    "login_required",
    "consent_required",
    "invalid_resource",
    "invalid_tenant",
    "authorization_pending",
    "expired_token",
];

/// What an HTTP status stands behind, where a text names it as such.
const STATUS_MARKS: &[&str] = &[
    "http/1.1 ",
    "http/1.0 ",
    "http/2 ",
    "http/2.0 ",
    "tunnel connection failed: ",
    "connect tunnel failed, response ",
    "http code ",
    "returned an error: (",
    "fehler zurückgegeben: (",
    "a retourné une erreur : (",
    "ha devuelto un error: (",
    "apierror: [",
    "failed with status code '",
    "statuscode=",
    "http error: ",
    "status=",
    "status code: ",
    "status code ",
    "statuscode: ",
    "\"status\":\"",
    "\"status\": \"",
    "\"status\":",
    "\"status\": ",
    "status: ",
    "code=",
    "http status ",
    "http ",
    "responded with ",
    "http response code: ",
    "response status ",
    "error code: ",
];

/// The marks before an HTTP status.
pub fn status_marks() -> impl Iterator<Item = &'static str> {
    STATUS_MARKS.iter().copied()
}

/// What is heard in a text, the innermost first; the text as a whole stands after the codes and before the idioms.
#[must_use]
pub fn extract(text: &str, table: &Phrases) -> Vec<ErrorDetails> {
    of_words(&plain(text), table)
}

/// The same of the words of a text, as [`plain`] gives them.
#[must_use]
pub fn of_words(words: &str, table: &Phrases) -> Vec<ErrorDetails> {
    if context::is_foreign(words) {
        return Vec::new();
    }
    let (status, error) = (status(words), oauth_error(words));
    let mut heard = Vec::new();
    heard.extend(entra(words, error.as_deref()));
    heard.extend(submission(words));
    heard.push(ErrorDetails { words: words.to_owned(), error, code: status, ..ErrorDetails::default() });
    heard.extend(phrases::extract(words, table).into_iter().map(|heard| ErrorDetails { code: status, ..heard }));
    heard.extend(at_large::extract(words));
    let (share, of) = (share(words), of(words));
    for heard in &mut heard {
        (heard.share, heard.of) = (share, of);
    }
    heard
}

/// The words in small letters, each gap one blank, without the escapes of JSON, HTML and addresses; base64 is opened.
#[must_use]
pub fn plain(text: &str) -> String {
    let cut = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= LONGEST).last().unwrap_or(0);
    let text = if text.len() > LONGEST { &text[..cut] } else { text };
    let mut plain = unescape(text);
    for challenge in challenges(text) {
        plain.push(' ');
        plain.push_str(&challenge);
    }
    let mut words = String::with_capacity(plain.len());
    for word in plain.to_lowercase().split_whitespace() {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(word);
    }
    unfold(&words)
}

/// A reply of several lines without the codes that its further lines repeat (RFC 5321, section 4.2.1; RFC 2034, section
/// 4): libraries leave them in, in the middle of a sentence.
fn unfold(words: &str) -> String {
    let codes = enhanced_codes(words);
    let mut unfolded = String::with_capacity(words.len());
    let mut copied = 0;
    for (nth, (at, enhanced)) in codes.iter().enumerate().filter(|(nth, _)| *nth > 0) {
        let (first, before) = (codes[nth - 1], &words[..*at]);
        let reply = reply_code(before);
        let continued = words[..first.0].ends_with('-') && reply.is_some() && reply == reply_code(&words[..first.0]);
        let is_bare = reply.is_none() && !introduces_a_reply(before);
        if first.1 != *enhanced || !(continued || is_bare) {
            continue;
        }
        let line = if continued { before.trim_end_matches(|c: char| !c.is_ascii_digit()).len() - 3 } else { *at };
        unfolded.push_str(&words[copied..line.max(copied)]);
        copied = words.len() - words[at + enhanced.len()..].trim_start().len();
    }
    unfolded.push_str(&words[copied..]);
    unfolded
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let is_query = text.contains("error_description=") && !text.contains(' ');
    while let Some(character) = rest.chars().next() {
        let (unescaped, taken) = escape(rest, is_query).unwrap_or((character, character.len_utf8()));
        out.push(match unescaped {
            '\u{2018}' | '\u{2019}' => '\'',
            '\u{201c}' | '\u{201d}' => '"',
            other => other,
        });
        rest = &rest[taken..];
    }
    out
}

/// An escape at the beginning of a text: what it stands for, and its length.
fn escape(text: &str, is_query: bool) -> Option<(char, usize)> {
    const NAMED: &[(&str, char)] = &[
        ("\\r", ' '),
        ("\\n", ' '),
        ("\\t", ' '),
        ("\\\"", '"'),
        ("\\/", '/'),
        ("\\'", '\''),
        ("&nbsp;", ' '),
        ("&quot;", '"'),
        ("&#39;", '\''),
        ("&apos;", '\''),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&amp;", '&'),
    ];
    if let Some((name, stands_for)) = NAMED.iter().find(|(name, _)| text.starts_with(name)) {
        return Some((*stands_for, name.len()));
    }
    if let Some(hex) = text.strip_prefix("\\u").and_then(|rest| rest.get(..4)) {
        return u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).map(|character| (character, 6));
    }
    if !is_query {
        return None;
    }
    if text.starts_with('+') {
        return Some((' ', 1));
    }
    let hex = text.strip_prefix('%')?.get(..2)?;
    u8::from_str_radix(hex, 16).ok().filter(u8::is_ascii).map(|byte| (char::from(byte), 3))
}

/// Refusals that a server sends in base64, as after `334` and `+`: JSON, so they begin with `eyJ`. A token begins so
/// too, but has dots; it is not opened.
fn challenges(text: &str) -> Vec<String> {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let pieces = text.split(|c: char| !is_base64(c) && c != '.');
    let opened = pieces
        .filter(|piece| piece.starts_with("eyJ") && piece.len() <= 2_000 && !piece.trim_end_matches('.').contains('.'));
    opened
        .filter_map(|piece| String::from_utf8(STANDARD.decode(piece.trim_end_matches('.')).ok()?).ok())
        .take(3)
        .collect()
}

/// Entra's refusal: its numbers, with the words from the last one on.
fn entra(words: &str, error: Option<&str>) -> Option<ErrorDetails> {
    let mut aadsts = Vec::new();
    let mut begins = words.len();
    for (at, mark) in words.match_indices("aadsts") {
        if let Some(number) = number(&words[at + mark.len()..]) {
            aadsts.push(number);
            begins = at;
        }
    }
    for mark in &ENTRA_MARKS[1..] {
        if let Some(at) = words.find(mark) {
            let numbers = words[at + mark.len()..].trim_start_matches(['"', '\'', ':', ' ', '[', '=']);
            aadsts.extend(numbers.split([',', ' ']).map_while(number).take(8));
        }
    }
    aadsts.dedup();
    if aadsts.is_empty() {
        return None;
    }
    let words_of_it = if begins < words.len() { until_timestamp(&words[begins..]) } else { words };
    Some(ErrorDetails {
        protocol: Some(Protocol::Token),
        stage: Some(Stage::Grant),
        aadsts,
        error: error.map(ToOwned::to_owned),
        words: words_of_it.to_owned(),
        ..ErrorDetails::default()
    })
}

/// Before the time that ends what Entra says.
const TIMESTAMP: &str = "timestamp: ";

/// What Entra says, up to the time that ends it; behind it stands what a program said next.
fn until_timestamp(words: &str) -> &str {
    let Some(at) = words.find(TIMESTAMP) else { return words };
    let is_of_time = |c: char| c.is_ascii_digit() || "-:tz. ".contains(c);
    let rest = &words[at + TIMESTAMP.len()..];
    let end = rest.find(|c| !is_of_time(c)).unwrap_or(rest.len());
    &words[..at + TIMESTAMP.len() + end]
}

fn oauth_error(words: &str) -> Option<String> {
    let whole = |error: &str| {
        words.match_indices(error).any(|(at, _)| {
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
            edge(words[..at].chars().next_back()) && edge(words[at + error.len()..].chars().next())
        })
    };
    OAUTH_ERRORS.iter().find(|error| whole(error)).map(|error| (*error).to_owned())
}

/// Refusals of mail submission: reply code and enhanced code (RFC 3463), the last first, each with its words.
fn submission(words: &str) -> Vec<ErrorDetails> {
    let codes = enhanced_codes(words);
    let mut heard = Vec::new();
    for (nth, (at, enhanced)) in codes.iter().enumerate().rev() {
        let end = codes.get(nth + 1).map_or(words.len(), |(next, _)| *next);
        let is_version = || IN_VERSIONS.iter().any(|range| words[at + enhanced.len()..].starts_with(range));
        if reply_code(&words[..*at]).is_none() && (!introduces_a_reply(&words[..*at]) || is_version()) {
            continue;
        }
        heard.push(ErrorDetails {
            protocol: Some(Protocol::Smtp),
            code: reply_code(&words[..*at]),
            enhanced: Some((*enhanced).to_owned()),
            words: sentence(words, *at, end, enhanced.len()).to_owned(),
            ..ErrorDetails::default()
        });
    }
    heard
}

/// What belongs to a code: what follows it, or the whole text when the code comes behind the words.
fn sentence(words: &str, at: usize, end: usize, code: usize) -> &str {
    let is_last = words[at + code..].chars().all(|c| !c.is_alphanumeric());
    if is_last { words } else { &words[at..end] }
}

/// The words after which a reply follows.
const INTRODUCE: &[&str] = &[
    "smtp", "error", "code", "status", "reply", "replied", "response", "said", "returned", "received", "message",
    "with", "failed",
];

/// Whether a reply can follow these words: nothing, a sign, or a word for what a server says. Otherwise the numbers are
/// those of a version or a date.
fn introduces_a_reply(before: &str) -> bool {
    let before = before.trim_end_matches(' ');
    let mut words = before.rsplit(|c: char| !c.is_alphanumeric());
    let word = words.next().unwrap_or(before);
    let before_signs = words.find(|word| !word.is_empty()).unwrap_or_default();
    INTRODUCE.contains(&word) || (word.is_empty() && !VERSIONS.contains(&before_signs))
}

/// Before a version stands one of these, and signs.
const VERSIONS: [&str; 5] = ["version", "release", "build", "mysql", "mariadb"];

/// What follows a version, and no code.
const IN_VERSIONS: [&str; 8] =
    [" and above", " and later", " and newer", " or above", " or later", " or newer", " or higher", " or greater"];

/// Every string of this module that a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    let lists = [OAUTH_ERRORS, ENTRA_MARKS, STATUS_MARKS, &IN_VERSIONS, &[TIMESTAMP]];
    lists.into_iter().flatten().copied().chain(at_large::searched())
}

/// The same of those that count as words of their own only.
pub fn searched_as_words() -> impl Iterator<Item = &'static str> {
    INTRODUCE.iter().chain(&VERSIONS).copied()
}

/// The status of an HTTP answer that the text names as such, or a mail reply code at its very beginning.
fn status(words: &str) -> Option<u16> {
    let three = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 3 { text[..3].parse().ok().filter(|code| (100..600).contains(code)) } else { None }
    };
    STATUS_MARKS
        .iter()
        .find_map(|mark| words.match_indices(mark).find_map(|(at, _)| three(&words[at + mark.len()..])))
        .or_else(|| three(words))
}

/// "1 of 4 addresses" says that the others answer.
fn share(words: &str) -> Option<Share> {
    let (before, _) = words.split_once(" addresses")?;
    let mut last = before.rsplit(' ');
    let (all, of, some) = (last.next()?, last.next()?, last.next()?);
    let (all, some): (u32, u32) = (all.parse().ok()?, some.parse().ok()?);
    (of == "of").then_some(if some < all { Share::Some } else { Share::All })
}

/// Whose service an address in the text is: a private one is the site's own.
fn of(words: &str) -> Option<Of> {
    let is_part = |c: char| c.is_ascii_digit() || c == '.';
    let address = words.split(|c: char| !is_part(c)).find_map(|piece| piece.parse::<std::net::Ipv4Addr>().ok())?;
    if address.is_loopback() {
        return None;
    }
    Some(if address.is_private() { Of::Site } else { Of::Microsoft })
}
