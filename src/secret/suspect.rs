//! Words that may be a secret pasted into the wrong place. A mistake is quoted to whoever made it; a secret is not.
//!
//! In: an error text that repeats what a user wrote. Out: the same with `<secret>` for whatever looks like a password
//! inside a URL, a token, a client secret or a key. The [`Redactor`](super::Redactor) knows the secrets that were read;
//! these were never read as secrets, so only their form tells: no word of a language, a name, a path or an address has it.

use std::ops::Range;

use super::{
    placed::{
        self,
        name::{Kind, kind},
        userinfo,
        value::classes,
    },
    random::{UNBROKEN, is_identifier},
    ranges,
    redactor::MARK,
};

pub use super::random::is_random;

/// A shorter word is quoted: names of servers, releases and mailboxes are short.
const SHORTEST: usize = 16;
/// Endings of files.
const ENDINGS: &[&str] = &[
    "cer", "crt", "csv", "exe", "gz", "htm", "html", "jks", "json", "key", "log", "md", "p12", "pem", "pfx", "pid",
    "ps1", "toml", "txt", "xml", "zip",
];

/// The text without what may be a secret.
#[must_use]
pub fn masked(text: &str) -> String {
    let mut found = userinfo::of(text);
    for word in words(text) {
        let covered = found.iter().any(|range: &Range<usize>| range.start < word.end && word.start < range.end);
        if !covered && !is_in_path(text, &word) && may_be_secret(&text[word.clone()]) {
            found.push(word);
        }
    }
    ranges::replaced(text, 0..text.len(), &ranges::merged(found), MARK)
}

/// True when a single word has the form of a token, a client secret or a key.
#[must_use]
pub fn may_be_secret(word: &str) -> bool {
    if let Some(name) = without_ending(word) {
        return name.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random) || name.contains("Q~");
    }
    if word.len() < SHORTEST || is_guid(word) || is_identifier(word) {
        return false;
    }
    let has = |class: fn(char) -> bool| word.contains(class);
    let (upper, lower, digit) =
        (has(|c| c.is_ascii_uppercase()), has(|c| c.is_ascii_lowercase()), has(|c| c.is_ascii_digit()));
    let unbroken = word.chars().all(|c| c.is_ascii_alphanumeric());
    word.contains('~') || (upper && lower && digit) || (unbroken && word.len() >= UNBROKEN && digit && (upper || lower))
}

/// True for a word that only a key is: random letters, or hexadecimal digits as many as a key of 128 bits has.
#[must_use]
pub fn is_key(word: &str) -> bool {
    const DIGITS: usize = 32;
    let is_hexadecimal = word.len() >= DIGITS && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hexadecimal || word.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
}

/// True for what stands where the name of a host belongs and is more likely a key. Names of hosts do not tell capitals
/// from small letters, so people do not mix them in one.
#[must_use]
pub fn is_no_host(host: &str) -> bool {
    host.split(['.', '-', '_']).any(is_random)
        || (host.len() >= UNBROKEN && !host.contains(['.', ':']) && may_be_secret(host))
}

/// True for a name whose value is a secret: of a field, a setting or an option.
#[must_use]
pub fn names_a_secret(name: &str) -> bool {
    kind(name) == Some(Kind::Secret)
}

/// A part of a text that others wrote with a mark in place of each secret: of those that what stands around them tells,
/// also outside of the part, and of further ones.
#[must_use]
pub fn replaced(text: &str, part: Range<usize>, further: Vec<Range<usize>>, mark: &str) -> String {
    let places = [placed::placed(text), further].concat();
    ranges::replaced(text, part, &ranges::merged(places), mark)
}

/// True when a name for people to read, such as that of a site, may be a secret or holds one: a password in a URL, a value
/// with the name of a secret, a word in the form of a key, or one with letters, digits and a sign that no name has.
#[must_use]
pub fn is_no_name(text: &str) -> bool {
    let is_secret = |word: &str| {
        let bare = word.trim_end_matches(['?', ',', ';']);
        may_be_secret(bare) || is_access_key(bare) || classes(bare, "!$%^*=?~\\`<>{}") == [true; 3]
    };
    text.contains("://") || !placed::placed(text).is_empty() || text.split_whitespace().any(is_secret)
}

/// Capitals and digits without any separator, as cloud providers make the ids of their keys.
fn is_access_key(word: &str) -> bool {
    word.len() >= SHORTEST
        && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_uppercase())
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
        let dashes = text[start..end].len() - text[start..end].trim_start_matches('-').len();
        Some(start + dashes.min(trimmed)..start + trimmed)
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

/// The name of a file without the ending that shows it to be one.
fn without_ending(word: &str) -> Option<&str> {
    let (name, ending) = word.rsplit_once('.')?;
    ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)).then_some(name)
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
            ("https://hunter2@x: cannot be read", "https://<secret>@x: cannot be read"),
            ("ftp://hunter@x and http://a/b@x", "ftp://<secret>@x and http://<secret>@x"),
            ("key 0123456789abcdef0123456789abcdef.", "key <secret>."),
            ("the variable 1.AXoAabcdefGHIJ-klm_no is not set", "the variable <secret> is not set"),
            ("'--9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c' found", "'--<secret>' found"),
            ("kQ28Q~vTr4mZ0uYpLw6sNdE1xCfGhJbKaBoiR3Xq.toml: no", "<secret>: no"),
            ("EwBIA8l6BAAUbDba3x2OMJElkF7gJ4z_Vb.json, line 1", "<secret>, line 1"),
            ("the value Kx7Qabcdef_Wm2Zt8vRpLqN9 is wrong", "the value <secret> is wrong"),
        ] {
            assert_eq!(masked(text), clean);
        }
    }

    #[test]
    fn what_no_person_has_put_together_is_no_word_and_no_host() {
        for key in ["EwBIA8l6BAAUbDba3x2OMJElkF7gJ4z", "AXoAkq3vT8mZ0uYpLw6sNdE1xCfGhJbKaBoiR3Xq"] {
            assert!(is_random(key) && is_no_host(key) && is_no_host(&format!("1.{key}.Ag")), "{key}");
        }
        assert!(is_no_host("9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c"));
        for name in [
            "EceClientSecretOfProduction2026",
            "ExportUsers20261130101533WithLicenses",
            "9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c",
            "EwBIA8l6BAAUbDba3x2OMJE",
        ] {
            assert!(!is_random(name), "{name}");
        }
        for host in
            ["WIN-7D8KQ2J9P1A", "ece-app-01.Emea.Contoso-Mail.com", "2001:db8::1", "d111111abcdef8.cloudfront.net"]
        {
            assert!(!is_no_host(host), "{host}");
        }
    }

    #[test]
    fn a_name_for_people_holds_no_secret() {
        for secret in [
            "http://u:PW@x",
            "https://hunter2@x",
            "u:PW@x",
            "password=sesame",
            "Summer2024!",
            "at Pa$$w0rd 1",
            "ghp_a1B2c3D4e5F6g7H8i9J0",
            "AKIAIOSFODNN7EXAMPLE",
        ] {
            assert!(is_no_name(secret), "{secret}");
        }
        for name in [
            "Rotterdam",
            "Contoso Bern (2), DC-1 & DC-2",
            "SR 691234567",
            "Zürich #3",
            "São Paulo 1/2",
            "R&D: Lab 7",
            "Server 24h?",
            "DC1|DC2",
        ] {
            assert!(!is_no_name(name), "{name}");
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
            "for example outlook.office365.com:993:127.0.0.1:40993",
            "Authentication_RequestFromNonPremiumTenantOrB2CTenant (x), Authentication_MSGraphPermissionMissingForApplication1",
            "Report-2026-11-29T10.json: 203.0.113.9:8080 12:30:01",
            "http://proxy.contoso.example:8080 and imaps://sales@mail.contoso.example",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
