//! Taking out of a line what nobody should see: tokens, secrets, and anything long that could be one.
//!
//! In: a line of a log. Out: the same line with `[masked]` in those places. What is doubtful is masked: the words of a
//! refusal are short and have blanks.

use crate::secret::suspect::NAMES;

/// Names that have other meanings too: what follows them is masked when it may be a secret.
const PERHAPS: &[&str] = &["bearer", "authorization", "xoauth2", "code", "pass"];

/// What stands before a word.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// Nothing that tells of it.
    Text,
    /// The name of a secret, as in a sentence.
    Name,
    /// Such a name and a colon.
    Colon,
    /// Such a name that is given a value.
    Value,
    /// The command that carries a password.
    Mechanism,
}

/// The longest run of letters, digits and the signs of base64 that is left as it is. A GUID has 36 characters with
/// its hyphens; host names have dots.
const LONGEST_PLAIN: usize = 36;

/// The value put in place of what is taken out.
const MASKED: &str = "[masked]";

/// Masks every secret in a line.
#[must_use]
pub fn redact(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut before = Before::Text;
    let mut commands = ["", ""]; // the two words before
    let mut rest = line;
    while !rest.is_empty() {
        let of_word = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(of_word);
        if !word.is_empty() {
            if is_secret(word, before) {
                masked.push_str(MASKED);
            } else {
                masked.push_str(word);
            }
            let bare = word.trim_matches(['=', '-', '_', '.']).to_ascii_lowercase();
            commands = [commands[1], word];
            before = if carries_password(commands) { Before::Mechanism } else { of_name(&bare, after) };
        }
        let between = after.find(is_of_word).unwrap_or(after.len());
        if between > 4 {
            before = Before::Text;
        }
        masked.push_str(&after[..between]);
        rest = &after[between..];
    }
    masked
}

/// The characters of tokens and base64; `=` is taken out so that `name=value` falls apart.
fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-.+/~%!".contains(c)
}

/// What a word and what follows it say of the next word.
fn of_name(word: &str, after: &str) -> Before {
    let is_name = NAMES.contains(&word) || PERHAPS.contains(&word);
    if !is_name || !after.starts_with(['=', ':', ' ', '"', '\'']) {
        return Before::Text;
    }
    let sign = after.trim_start_matches([' ', '"', '\'', '\\']);
    match sign.chars().next() {
        Some('=') if NAMES.contains(&word) => Before::Value,
        Some(':') if NAMES.contains(&word) && after.starts_with(['"', '\'', '\\']) => Before::Value,
        Some(':') if NAMES.contains(&word) => Before::Colon,
        _ => Before::Name,
    }
}

/// `AUTH PLAIN`, `AUTH LOGIN` and `AUTHENTICATE PLAIN` are followed by the password in base64 (RFC 4954, RFC 4959).
fn carries_password([command, mechanism]: [&str; 2]) -> bool {
    let is_command = ["auth", "authenticate"].iter().any(|name| command.eq_ignore_ascii_case(name));
    is_command && ["plain", "login"].iter().any(|name| mechanism.eq_ignore_ascii_case(name))
}

/// What is neither a mechanism nor a word of a sentence.
fn is_base64(word: &str) -> bool {
    word.len() >= 8
        && word.bytes().any(|byte| !byte.is_ascii_lowercase())
        && word.bytes().any(|byte| !byte.is_ascii_uppercase())
}

fn is_secret(word: &str, before: Before) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_jwt =
        word.starts_with("eyJ") || word.starts_with("EwA") || word.starts_with("EwB") || word.starts_with("ey.");
    let longest = word.split(['.', '/', '-']).map(str::len).max().unwrap_or(0);
    let is_blob = longest > LONGEST_PLAIN || (word.len() > LONGEST_PLAIN && word.contains('~'));
    // a value of a few letters is a word of a sentence ("password expired"), unless it has digits in it
    let is_value = matches!(before, Before::Name | Before::Colon | Before::Value)
        && (digits > 1 && word.len() >= 6 || word.len() >= 20 || word.contains('~'));
    let is_given = match before {
        Before::Value => true,
        Before::Mechanism => is_base64(word),
        Before::Colon => word.bytes().any(|byte| !byte.is_ascii_lowercase()),
        Before::Name | Before::Text => false,
    };
    (is_jwt && word.len() > 12) || is_blob || is_value || is_given
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str =
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL291dGxvb2sub2ZmaWNlMzY1LmNvbSJ9.c2lnbmF0dXJl";

    #[test]
    fn a_token_in_any_dress() {
        for line in [
            format!("Authorization: Bearer {JWT}"),
            format!("token={JWT}&state=1"),
            format!("{{\"access_token\":\"{JWT}\"}}"),
            format!("user=a@b.c\u{1}auth=Bearer {JWT}\u{1}\u{1}"),
        ] {
            let masked = redact(&line);
            assert!(!masked.contains("eyJ") && !masked.contains("c2ln"), "{masked}");
            assert!(masked.contains(MASKED), "{masked}");
        }
    }

    #[test]
    fn secrets_by_their_name() {
        for line in [
            "client_secret=Abc8Q~abcdefghijk",
            "\"password\": \"hunter2222\"",
            "refresh_token=0.AXoAabcdef1234",
            "code=M.C507_BAY.2.U.x9",
            "password=Hunter2Secret!",
            "{\"password\": \"sesame\"}",
            "Password: Hunter!",
            "C: AUTH LOGIN cGFzc3dvcmQ=",
            "A1 AUTHENTICATE PLAIN AGEAYgBj",
        ] {
            assert!(redact(line).contains(MASKED), "{line}");
        }
    }

    #[test]
    fn the_words_of_a_refusal_stay() {
        for line in [
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled",
            "AUTH PLAIN LOGIN XOAUTH2 is offered, password expired, the password: expired",
            "AADSTS50126: invalid username or password. Trace ID: 0f8fad5b-d9cb-469f-a165-70867728950e",
            "javax.net.ssl.SSLHandshakeException: sun.security.validator.ValidatorException",
        ] {
            assert_eq!(redact(line), line);
        }
    }
}
