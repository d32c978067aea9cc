//! Words that may be a secret pasted into the wrong place. A mistake is quoted to whoever made it; a secret is not.
//!
//! In: an error text that repeats what a user wrote. Out: the same with `<secret>` for whatever looks like a password
//! inside a URL, a token, a client secret or a key. The [`Redactor`](super::Redactor) knows the secrets that were read;
//! these were never read as secrets, so only their form tells: no word of a language, a name, a path or an address has it.

use std::ops::Range;

use super::redactor::replaced;

/// A shorter word is quoted: names of servers, releases and mailboxes are short.
const SHORTEST: usize = 16;
/// Letters and digits without any separator, this long, are a key.
const UNBROKEN: usize = 24;
/// Endings of files.
const ENDINGS: &[&str] = &[
    "cer", "crt", "csv", "exe", "gz", "htm", "html", "jks", "json", "key", "log", "md", "p12", "pem", "pfx", "pid",
    "ps1", "toml", "txt", "xml", "zip",
];

/// Names that are given nothing but a secret, in small letters, in logs and exports alike.
pub const NAMES: &[&str] = &[
    "client_secret",
    "clientsecret",
    "client_assertion",
    "access_token",
    "accesstoken",
    "refresh_token",
    "refreshtoken",
    "id_token",
    "password",
    "passwd",
    "pwd",
    "secret",
    "api_key",
    "apikey",
];

/// The text without what may be a secret.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut found = passwords(text);
    for word in words(text) {
        let covered = found.iter().any(|range: &Range<usize>| range.start < word.end && word.start < range.end);
        if !covered && !is_in_path(text, &word) && may_be_secret(&text[word.clone()]) {
            found.push(word);
        }
    }
    found.sort_by_key(|range| range.start);
    replaced(text, &found).0
}

/// True when a single word has the form of a token, a client secret or a key.
#[must_use]
pub fn may_be_secret(word: &str) -> bool {
    if word.len() < SHORTEST || is_guid(word) || has_ending(word) {
        return false;
    }
    let has = |class: fn(char) -> bool| word.contains(class);
    let (upper, lower, digit) =
        (has(|c| c.is_ascii_uppercase()), has(|c| c.is_ascii_lowercase()), has(|c| c.is_ascii_digit()));
    let unbroken = word.chars().all(|c| c.is_ascii_alphanumeric());
    word.contains('~') || (upper && lower && digit) || (unbroken && word.len() >= UNBROKEN && digit && (upper || lower))
}

/// Runs of the characters that tokens, client secrets and keys are made of.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let of_word = |c: char| c.is_ascii_alphanumeric() || "-._~+/%".contains(c);
    let mut rest = 0;
    std::iter::from_fn(move || {
        let start = rest + text[rest..].find(of_word)?;
        let end = text[start..].find(|c| !of_word(c)).map_or(text.len(), |at| start + at);
        rest = end;
        let trimmed = text[start..end].trim_end_matches('.').len();
        Some(start..start + trimmed)
    })
}

/// Paths are quoted: `/tmp/aB3`, `C:\Users`, `./file`, and the folders of a URL.
fn is_in_path(text: &str, word: &Range<usize>) -> bool {
    let before = text[..word.start].chars().next_back();
    let inside = &text[word.clone()];
    before == Some('\\') || inside.starts_with(['/', '.']) || inside.contains("://") || inside.contains("//")
}

fn is_guid(word: &str) -> bool {
    word.contains('-') && uuid::Uuid::try_parse(word).is_ok()
}

fn has_ending(word: &str) -> bool {
    word.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

/// What is between the colon and the last at sign of `user:password@host`, with a scheme before it or without.
fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let ends = |c: char| c.is_whitespace() || "'\"<>".contains(c);
    let mut start = 0;
    for part in text.split_inclusive(ends) {
        let word = part.trim_end_matches(ends);
        let scheme = word.find("://").map_or(0, |at| at + 3);
        let authority = &word[scheme..];
        // with a scheme the authority ends at the first slash behind the last at sign
        if let Some(at) = authority.rfind('@')
            && let Some(colon) = authority[..at].find(':')
            && at > colon + 1
        {
            found.push(start + scheme + colon + 1..start + scheme + at);
        }
        start += part.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_wrong_places_are_covered() {
        for (text, clean) in [
            ("unexpected argument 'EwBAAl3BAAUFFpUAo7J3Ve0b' found", "unexpected argument '<secret>' found"),
            ("not an address: h8Q~x.7abcDEFghiJKL", "not an address: <secret>"),
            ("'http://u:PASSWORD@x'", "'http://u:<secret>@x'"),
            ("'http://DOM\\u:p/a@ss@x:80' is", "'http://DOM\\u:<secret>@x:80' is"),
            ("u:PASS@proxy:8080", "u:<secret>@proxy:8080"),
            ("key 0123456789abcdef0123456789abcdef.", "key <secret>."),
            ("the variable 1.AXoAabcdefGHIJ-klm_no is not set", "the variable <secret> is not set"),
        ] {
            assert_eq!(masked(text), clean);
        }
    }

    #[test]
    fn what_cannot_be_a_secret_is_quoted() {
        for text in [
            "sales@contoso.example is named twice",
            "line 3: 0f8fad5b-d9cb-469f-a165-70867728950e is no application",
            "unknown fault smtp-auth-disabled-mailbox.of-2-names; did you mean smtp-auth-disabled-tenant?",
            "the environment variable ECE_CHECK_SALES_TOKEN_2 is not set",
            "/tmp/tmpAbC123xyzzy987/ece-check.toml, line 1: C:\\Users\\Abc123Abc123Abc123 is a folder",
            "15.0(1)ES202511_ET1 is unknown; https://login.microsoftonline.com/Common2/v2.0/token",
            "Report-2026-11-29T10.json: 203.0.113.9:8080 12:30:01",
            "http://proxy.contoso.example:8080 and http://user@proxy:80",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
