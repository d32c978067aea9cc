//! Passwords and tokens beside addresses: `scheme://user:password@host`, `scheme://token@host`, `user:password@host`, and
//! `user@host:password` as in Postfix's `sasl_passwd`.
//!
//! In: a text. Out: where they are in it. RFC 3986, section 3.2.1, wants `/`, `?`, `#` and `@` in a password encoded; people
//! do not, so all up to the last at sign counts unless what stands before it is a host with a path.

use std::ops::Range;

use super::value::{self, is_like_a_password, is_of_sentence};

/// Schemes whose URLs name a mailbox without a password.
const OF_MAIL: &[&str] = &["imap", "imaps", "pop", "pop3", "pops", "pop3s", "smtp", "smtps", "smtp+starttls", "mailto"];
/// How labels of mail addresses end, in small letters.
const LABELS: &[&str] = &[
    "account",
    "address",
    "bcc",
    "by",
    "cc",
    "email",
    "for",
    "from",
    "id",
    "identity",
    "imap",
    "imaps",
    "login",
    "mail",
    "mailbox",
    "mailto",
    "name",
    "owner",
    "pop",
    "pop3",
    "principal",
    "recipient",
    "recipients",
    "sender",
    "service",
    "sip",
    "smtp",
    "subject",
    "to",
    "upn",
    "user",
    "username",
];
/// Ports of mail, the web and proxies.
const PORTS: &[&str] =
    &["25", "80", "110", "143", "443", "465", "587", "993", "995", "1080", "2525", "3128", "8080", "8443", "9480"];

/// Where the passwords and tokens are.
pub(in crate::secret) fn of(text: &str) -> Vec<Range<usize>> {
    let ends = |c: char| c.is_whitespace() || "'\"<>".contains(c);
    let mut found = Vec::new();
    let (mut start, mut earlier) = (0, "");
    for part in text.split_inclusive(ends) {
        let word = part.trim_end_matches(ends);
        let is_last = !part.ends_with([' ', '\t']);
        let range = behind_server(earlier, word).or_else(|| match word.rfind('@') {
            Some(at) if is_host(&word[at + 1..]) => in_word(word, at),
            Some(at) => behind_address(word, is_last).or_else(|| in_word(word, at)),
            None => None,
        });
        found.extend(range.map(|range| start + range.start..start + range.end));
        start += part.len();
        earlier = word;
    }
    found
}

/// `[smtp.example.com]:587 user:password`, a line of Postfix's `sasl_passwd`, and `smtp.example.com:587:user:password`.
fn behind_server(server: &str, word: &str) -> Option<Range<usize>> {
    let parts: Vec<&str> = word.splitn(4, ':').collect();
    if let [host, port, _, password] = parts[..]
        && is_host(host)
        && PORTS.contains(&port)
        && host.contains('.')
        && !is_second_server(&parts)
    {
        return Some(word.len() - password.len()..word.len());
    }
    let is_server = server.starts_with('[') && server.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with("]:");
    let colon = word.find(':').filter(|colon| is_server && *colon > 0)?;
    (!value::is_time(word) && !is_of_sentence(&word[colon + 1..])).then_some(colon + 1..word.len())
}

/// `HOST:PORT:HOST2:PORT2`, as `--connect-to` has it.
fn is_second_server(parts: &[&str]) -> bool {
    let [_, _, host, port] = parts else { return false };
    host.contains('.') && is_host(host) && (port.parse::<u16>().is_ok() || *port == "PORT2")
}

/// The one before the last at sign of a word.
fn in_word(word: &str, at: usize) -> Option<Range<usize>> {
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
    if is_behind_path && is_server(authority[..path].trim_end_matches('\\'), is_mailbox(authority, path, at)) {
        return None;
    }
    if let Some(colon) = authority[..at].find(':') {
        return Some(colon + 1..at);
    }
    let scheme = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '+').next().unwrap_or_default();
    let is_of_mail = OF_MAIL.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    let user = &authority[..at];
    let names_mailbox = user.contains('@') || user.contains("%40") || is_local_part(user);
    (!(is_of_mail && names_mailbox)).then_some(0..at)
}

/// The last part of a path is a mail address.
fn is_mailbox(authority: &str, path: usize, at: usize) -> bool {
    let user = authority[path..at].rsplit(['/', '=', '?', '&', ':']).next().unwrap_or_default();
    is_local_part(user) && authority[at + 1..].contains('.')
}

/// A host, with its port or without: what a path can follow. One without a dot is a host before the path of a mailbox.
fn is_server(text: &str, is_before_mailbox: bool) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && !port.ends_with(']') => (host, port),
        _ => (text, ""),
    };
    let of_host = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    let is_name =
        host.contains('.') || host.eq_ignore_ascii_case("localhost") || (is_before_mailbox && host.len() <= 15);
    let is_host = (host.starts_with('[') && host.ends_with(']')) || (host.chars().all(of_host) && is_name);
    is_host && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// A host, with its port or without, as it ends a word.
fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || b".-_/,;".contains(&byte);
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.len() <= 5;
    host.bytes().all(is_inside) && is_port && !(port.is_empty() && text.contains(':'))
}

/// What stands before the at sign of a mail address, and is too short for a token.
fn is_local_part(text: &str) -> bool {
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.+".contains(&byte);
    (1..=40).contains(&text.len()) && text.bytes().all(is_inside) && text.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// Between a colon and the last at sign; a time, a port and the label of a mail address have colons, too.
fn without_scheme(word: &str, at: usize) -> Option<Range<usize>> {
    let is_one = |colon: &usize| is_user(&word[..*colon], &word[*colon + 1..]);
    let colon = word[..at].match_indices(':').map(|(colon, _)| colon).find(is_one)?;
    let (user, password) = (last_word(&word[..colon]), &word[colon + 1..at]);
    let is_address = is_label(user) && is_local_part(password);
    let is_port = user.contains('.') && PORTS.contains(&password);
    (!is_address && !is_port && !password.is_empty()).then_some(colon + 1..at)
}

/// `User`, `Reply-To`, `orig_to`, `recipientAddress`.
fn is_label(word: &str) -> bool {
    let small = word.to_ascii_lowercase();
    let last = small.rsplit(['-', '_', '.']).next().unwrap_or_default();
    LABELS.contains(&last)
        || ["address", "mail", "mailbox", "username", "principalname"].iter().any(|end| last.ends_with(end))
}

fn is_user(before: &str, behind: &str) -> bool {
    let user = last_word(before);
    let is_two = |text: &str| text.len() >= 2 && text.as_bytes()[..2].iter().all(u8::is_ascii_digit);
    let is_time = user.len() <= 2 && user.bytes().all(|byte| byte.is_ascii_digit()) && is_two(behind);
    let is_date_time = user.contains('T') && user.ends_with(|c: char| c.is_ascii_digit()) && is_two(behind);
    !user.is_empty() && !is_time && !is_date_time && !value::is_time(before)
}

fn last_word(text: &str) -> &str {
    text.rsplit(|c: char| !c.is_alphanumeric() && !"._-+%~$!*".contains(c)).next().unwrap_or_default()
}

/// Behind a mail address and a colon, where it is the last of its line or has the form of a password; a port, a path and a
/// code are none.
fn behind_address(word: &str, is_last: bool) -> Option<Range<usize>> {
    let at = word.find('@')?;
    let behind = &word[at + 1..];
    let host = behind.find(|c: char| !c.is_ascii_alphanumeric() && !".-".contains(c))?;
    let is_user = last_word(&word[..at]).len() <= 64 && !word[..at].contains("://") && behind[..host].contains('.');
    let password = behind[host..].strip_prefix(':')?.trim_end_matches([',', ';', ')', ']', '.']);
    let is_port = password.len() <= 5 && password.bytes().all(|byte| byte.is_ascii_digit());
    let is_one = is_user
        && !is_port
        && !password.starts_with(['/', ':'])
        && !is_of_sentence(password)
        && !value::is_time(password)
        && (is_last || is_like_a_password(password));
    let from = at + 1 + host + 1;
    is_one.then_some(from..from + password.len())
}
