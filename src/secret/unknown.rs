//! Secrets that nobody made known, in a text that leaves: of a colleague's file, or of a report that is read again.
//!
//! In: a text. Out: where something stands that only a secret looks like. Words of people, names, ids and hashes never do;
//! what is only doubtful is masked where it is read ([`placed`](super::placed)) and not here, where it would spoil a report.

use std::{
    io::{self, Read},
    ops::Range,
};

use memchr::{memchr_iter, memmem};

use super::{LONGEST, Secret, random::is_random};

/// A token's header and claims are longer than this, each; a shorter text only looks like one.
const SHORTEST_PART: usize = 10;

/// A run of the characters of a token, this long, is one if a part of it is random. The ids of grants and of Webex have
/// at most 100, the host that Exchange greets with, in base64, has capitals alone.
const LONG: usize = 128;
/// A run of that length covers one whole block of this size, wherever it begins.
const BLOCK: usize = LONG / 2;
/// So far apart are the characters of a block that are looked at first: few words are as long.
const STEP: usize = 16;

/// Of a client secret of Entra so much stands before its mark and, where it was cut, at least behind it.
const AROUND: usize = 3;

/// A file with more of them, in bytes, is one of other data, or made to fill the memory: each is kept in all its forms.
const MOST: usize = 4 * LONGEST;
/// So much of a run is looked at together, whether it is random.
const PIECE: usize = 4096;
/// So much of a large text is looked at in one go, in bytes.
const PASS: u64 = 1 << 20;

/// The unknown secrets of a text, so that they can be made known: what is quoted of a file may be cut.
#[must_use]
pub fn secrets_in(text: &str) -> Vec<Secret> {
    let longest = |found: Range<usize>| found.start..found.end.min(found.start + LONGEST);
    let mut left = MOST;
    let is_room = |range: &Range<usize>| {
        left = left.saturating_sub(range.len());
        left > 0
    };
    secrets(text).into_iter().map(longest).take_while(is_room).map(|range| Secret::new(&text[range])).collect()
}

/// The same of a text that is too large to be whole in memory. A secret is looked for in blocks that end where no secret can
/// go on, or at twice their size.
///
/// # Errors
/// When the reader fails.
pub fn secrets_read(mut from: impl Read) -> io::Result<Vec<Secret>> {
    let (mut found, mut pending) = (Vec::new(), Vec::new());
    loop {
        let is_end = (&mut from).take(PASS).read_to_end(&mut pending)? == 0;
        let open = pending.iter().rev().take_while(|byte| is_of_token(**byte)).count();
        let whole = if is_end || open > usize::try_from(PASS).unwrap_or(usize::MAX) { 0 } else { open };
        let rest = pending.split_off(pending.len() - whole);
        found.extend(secrets_in(&String::from_utf8_lossy(&std::mem::replace(&mut pending, rest))));
        if is_end || found.iter().map(Secret::len).sum::<usize>() >= MOST {
            return Ok(found);
        }
    }
}

/// Where unknown secrets are in a text; in no order, and they may overlap.
pub(super) fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = jwts(text);
    found.extend(client_secrets(text));
    found.extend(opaque_tokens(text));
    found
}

/// Where a text looks like a JWT: base64url of `{"`, and three parts with dots between (RFC 7519, section 3).
fn jwts(text: &str) -> Vec<Range<usize>> {
    let is_part = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let length = |from: usize| text.as_bytes()[from..].iter().take_while(is_part).count();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut looked_at = 0; // what begins in the same part ends with it, so each part is measured once
    for at in memmem::find_iter(text.as_bytes(), "eyJ") {
        if at < looked_at || found.last().is_some_and(|last| last.contains(&at)) {
            continue;
        }
        let header = at + length(at);
        looked_at = header;
        let Some(b'.') = text.as_bytes().get(header) else { continue };
        let claims = header + 1 + length(header + 1);
        let Some(b'.') = text.as_bytes().get(claims) else { continue };
        if header - at >= SHORTEST_PART && claims - header > SHORTEST_PART {
            found.push(at..claims + 1 + length(claims + 1));
        }
    }
    found
}

/// Where a text holds a client secret as Entra makes them: three characters, a digit, `Q~`, and 31 to 34 more. In small
/// letters too, for names are compared and told so. The form is that of the rule `azure-ad-client-secret` of gitleaks.
/// <https://github.com/gitleaks/gitleaks/blob/master/config/gitleaks.toml>
fn client_secrets(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let is_inside = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let has_mark = |at: &usize| {
        let before = at.checked_sub(2).map(|before| (bytes[before], bytes[before + 1]));
        matches!(before, Some((b'0'..=b'9', b'q' | b'Q')))
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    for at in memchr_iter(b'~', bytes).filter(has_mark) {
        if found.last().is_some_and(|last| last.contains(&at)) {
            continue;
        }
        let run = run(bytes, at, is_inside);
        if at - run.start >= AROUND + 2 && run.end - at > AROUND {
            found.push(run);
        }
    }
    found
}

/// Where a text holds a token that tells nothing of itself, as refresh tokens do.
fn opaque_tokens(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut found, mut looked_at) = (Vec::new(), 0);
    for block in (0..bytes.len().saturating_sub(BLOCK - 1)).step_by(BLOCK) {
        let is_run = (0..BLOCK).step_by(STEP).all(|place| is_of_token(bytes[block + place]));
        if block < looked_at || !is_run {
            continue;
        }
        let run = run(bytes, block, is_of_token);
        looked_at = run.end.max(block + 1);
        let is_random = |from: usize| {
            let piece = &text[from..run.end.min(from + PIECE)];
            piece.split(|c: char| !c.is_ascii_alphanumeric()).any(is_random)
        };
        if run.len() >= LONG && run.clone().step_by(PIECE).any(is_random) {
            found.push(run);
        }
    }
    found
}

/// The characters of tokens of every kind.
fn is_of_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+*!".contains(&byte)
}

/// The characters of one kind around a place.
fn run(bytes: &[u8], at: usize, is_inside: impl Fn(u8) -> bool) -> Range<usize> {
    let before = bytes[..at].iter().rev().take_while(|byte| is_inside(**byte)).count();
    let behind = bytes[at..].iter().take_while(|byte| is_inside(**byte)).count();
    at - before..at + behind
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clean(text: &str) -> String {
        let found = super::super::ranges::merged(secrets(text));
        super::super::ranges::replaced(text, 0..text.len(), &found, "<secret>")
    }

    #[test]
    fn jwt_is_caught() {
        let (header, claims) = ("eyJhbGciOiJSUzI1NiJ9", "eyJhdWQiOiJodHRwczovL3gifQ");
        assert_eq!(clean(&format!("x {header}.{claims}.sig y")), "x <secret> y");
        assert_eq!(clean(&format!("{header}.{claims}.")), "<secret>");
        assert_eq!(clean("eyJ.a.b and eyJhbGciOi"), "eyJ.a.b and eyJhbGciOi");
    }

    #[test]
    fn client_secret_is_caught_wherever_it_stands_and_where_it_is_cut() {
        let secret = "abc8Q~Zt7vHx1bN3mPq9LwRs5YcUd2EfGhJaXoT9";
        for (before, behind) in
            [("", ""), ("granted to ", ", neither"), ("https://x/cb?client_secret=", "&a=b"), ("\"", "\""), ("ü", "ü")]
        {
            assert_eq!(clean(&format!("{before}{secret}{behind}")), format!("{before}<secret>{behind}"));
            assert_eq!(clean(&format!("{before}{}{behind}", &secret[..12])), format!("{before}<secret>{behind}"));
            let small = secret.to_lowercase();
            assert_eq!(clean(&format!("{before}{small}{behind}")), format!("{before}<secret>{behind}"));
        }
        for text in ["~", "q~", "8Q~", "x8Q~", "about ~8Q~ of it", "C:\\PROGRA~1", "/srv/~user", "FY26 3Q~5"] {
            assert_eq!(clean(text), text);
        }
    }

    /// What is base64url of bytes that follow no rule.
    fn random(length: usize) -> String {
        let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut state = 7_u32;
        let next = |_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(digits[usize::try_from(state >> 26).unwrap_or_default()])
        };
        (0..length).map(next).collect()
    }

    #[test]
    fn opaque_token_is_caught_wherever_it_begins() {
        let token = format!("1.{}", random(600));
        for place in 0..2 * BLOCK {
            let before = "x ".repeat(place).split_off(place);
            assert_eq!(clean(&format!("{before} {token} y")), format!("{before} <secret> y"), "{place}");
            let short = &token[..LONG];
            assert_eq!(clean(&format!("{before} {short}")), format!("{before} <secret>"), "{place}");
        }
    }

    #[test]
    fn secret_on_the_border_of_two_blocks_is_found() {
        let (token, pass) = (random(300), usize::try_from(PASS).unwrap());
        for before in [pass - 1, pass - 150, pass, 2 * pass - 299] {
            let text =
                format!("{} {token} {}", "x ".repeat(pass + 1).split_off(2 * pass + 3 - before), "y ".repeat(pass));
            let found = secrets_read(text.as_bytes()).unwrap();
            assert_eq!(found, [Secret::new(token.clone())], "{before}");
        }
        assert!(secrets_read("x".repeat(5 * pass).as_bytes()).unwrap().is_empty());
    }

    /// A search of each mark by itself would not come to an end.
    #[test]
    fn each_part_is_measured_once_and_what_is_kept_has_a_bound() {
        const LENGTH: usize = 2 << 20;
        for mark in ["eyJ", "8q~", "aaaa8Q~bbbb", "aB3x", "eyJhbGciOiJS."] {
            let text = mark.repeat(LENGTH / mark.len());
            let kept: usize = secrets_in(&text).iter().map(Secret::len).sum();
            assert!(kept <= MOST, "{mark}: {kept}");
        }
        let many = format!("{} ", random(LONG + 1)).repeat(10_000);
        let kept: usize = secrets_in(&many).iter().map(Secret::len).sum();
        assert!(kept > MOST / 2 && kept <= MOST, "{kept}");
    }

    #[test]
    fn what_is_long_and_no_secret_stays() {
        for text in [
            "a".repeat(500),
            "9f8e7d6c5b4a39281706f5e4d3c2b1a0".repeat(5),
            "WABYADAAUABSADAAMABDAEEAMAAwADAAMQAuAEUAVQBSAFAAUgBEADAAMAAuAFAAUgBPAEQALgBPAFUAVABMAE8ATwBLAC4AQwBPAE0A"
                .repeat(2),
            "smtp-auth-disabled-for-the-mailbox.".repeat(9),
            "EceClientSecretOfProduction2026AndOfTestToo".repeat(4),
            random(64),
        ] {
            assert_eq!(clean(&text), text);
        }
    }
}
