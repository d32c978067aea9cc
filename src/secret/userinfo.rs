//! Passwords and tokens in URLs: `scheme://user:password@host`, `scheme://token@host`, and `user:password@host`.
//!
//! In: a text. Out: where they are in it. RFC 3986, section 3.2.1, wants `/`, `?`, `#` and `@` in a password encoded; people
//! do not, so all up to the last at sign counts unless what stands before it is a host with a path.

use std::ops::Range;

/// Schemes whose URLs name a mailbox without a password.
const OF_MAIL: &[&str] = &["imap", "imaps", "pop", "pop3", "pops", "pop3s", "smtp", "smtps", "smtp+starttls", "mailto"];
/// What stands before a colon and a mail address, in small letters.
const LABELS: &[&str] = &[
    "account",
    "address",
    "bcc",
    "cc",
    "email",
    "from",
    "login",
    "mail",
    "mailbox",
    "mailto",
    "recipient",
    "recipients",
    "sender",
    "sip",
    "smtp",
    "to",
    "upn",
    "user",
    "username",
];

/// Where the passwords and tokens are.
pub(super) fn of(text: &str) -> Vec<Range<usize>> {
    let ends = |c: char| c.is_whitespace() || "'\"<>".contains(c);
    let mut found = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive(ends) {
        let word = part.trim_end_matches(ends);
        let ranges = in_word(word).into_iter().chain(encoded(word));
        found.extend(ranges.map(|range| start + range.start..start + range.end));
        start += part.len();
    }
    found
}

/// The one of a word.
fn in_word(word: &str) -> Option<Range<usize>> {
    let at = word.rfind('@')?;
    let sign = ["://", ":\\/\\/"].iter().find_map(|sign| Some((word[..at].find(sign)?, sign.len())));
    let Some((colon, length)) = sign else { return without_scheme(word, at) };
    let from = colon + length;
    let range = with_scheme(&word[..colon], &word[from..], at - from)?;
    Some(from + range.start..from + range.end).filter(|range| !range.is_empty())
}

/// In what follows the scheme, with its last at sign.
fn with_scheme(before: &str, authority: &str, at: usize) -> Option<Range<usize>> {
    let path = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    let is_behind_path = authority.find('@').is_some_and(|first| path < first);
    if is_behind_path && is_server(authority[..path].trim_end_matches('\\')) {
        return None;
    }
    if let Some(colon) = authority[..at].find(':') {
        return Some(colon + 1..at);
    }
    let scheme = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '+').next().unwrap_or_default();
    let is_of_mail = OF_MAIL.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let user = &authority[..at];
    let is_mailbox = user.contains('@') || user.contains("%40");
    (!(is_of_mail && (is_name(user) || is_mailbox))).then_some(0..at)
}

/// A host, with its port or without: what a path can follow.
fn is_server(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.ends_with(']') => (host, port),
        _ => (text, ""),
    };
    let of_host = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let is_host = (host.starts_with('[') && host.ends_with(']'))
        || (host.chars().all(of_host) && (host.contains('.') || host.eq_ignore_ascii_case("localhost")));
    is_host && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// A few small letters without a digit: a name, and no secret.
fn is_name(text: &str) -> bool {
    text.len() <= 24 && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"_-.".contains(&byte))
}

/// Between a colon and the last at sign; a time and the label of a mail address have colons, too.
fn without_scheme(word: &str, at: usize) -> Option<Range<usize>> {
    let colon = word[..at]
        .match_indices(':')
        .map(|(colon, _)| colon)
        .find(|colon| is_user(&word[..*colon], &word[colon + 1..]))?;
    let label = last_word(&word[..colon]).to_ascii_lowercase();
    let is_address = LABELS.contains(&label.as_str()) && is_name(&word[colon + 1..at]);
    (!is_address && colon + 1 < at).then_some(colon + 1..at)
}

fn is_user(before: &str, behind: &str) -> bool {
    let user = last_word(before);
    let is_two = |text: &str| text.len() >= 2 && text.as_bytes()[..2].iter().all(u8::is_ascii_digit);
    let is_time = user.len() <= 2 && user.bytes().all(|byte| byte.is_ascii_digit()) && is_two(behind);
    let is_date_time = user.contains('T') && user.ends_with(|c: char| c.is_ascii_digit()) && is_two(behind);
    !user.is_empty() && !is_time && !is_date_time
}

fn last_word(text: &str) -> &str {
    text.rsplit(|c: char| !c.is_alphanumeric() && !"._-+%~$!*".contains(c)).next().unwrap_or_default()
}

/// The same where the whole URL is percent-encoded: `http%3A%2F%2Fuser%3Apassword%40host`.
fn encoded(word: &str) -> Option<Range<usize>> {
    let small = word.to_ascii_lowercase();
    let from = small.find("%3a%2f%2f")? + "%3a%2f%2f".len();
    let authority = &small[from..];
    let path = ["%2f", "%3f", "%23", "&"].iter().filter_map(|sign| authority.find(sign)).min();
    let at = authority[..path.unwrap_or(authority.len())].rfind("%40")?;
    let begin = authority[..at].find("%3a").map_or(0, |colon| colon + 3);
    Some(from + begin..from + at).filter(|range| !range.is_empty())
}
