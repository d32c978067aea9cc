//! Taking out of a line what nobody should see: tokens, secrets, and anything long that could be one.
//!
//! In: a line of a log. Out: the same line with `[masked]` in those places. What is doubtful is masked: the words of a
//! refusal are short and have blanks.

/// Names whose value is a secret, in small letters; what follows `=`, `:` or a blank is masked.
const NAMES: &[&str] = &[
    "bearer",
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
    "authorization",
    "xoauth2",
    "code",
    "pass",
    "api_key",
    "apikey",
];

/// The longest run of letters, digits and the signs of base64 that is left as it is. A GUID has 36 characters with
/// its hyphens; host names have dots.
const LONGEST_PLAIN: usize = 36;

/// The value put in place of what is taken out.
const MASKED: &str = "[masked]";

/// Masks every secret in a line.
#[must_use]
pub fn redact(line: &str) -> String {
    let mut masked = String::with_capacity(line.len());
    let mut follows_name = false;
    let mut rest = line;
    while !rest.is_empty() {
        let of_word = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(of_word);
        if !word.is_empty() {
            if is_secret(word, follows_name) {
                masked.push_str(MASKED);
            } else {
                masked.push_str(word);
            }
            let bare = word.trim_matches(['=', '-', '_', '.']).to_ascii_lowercase();
            follows_name = NAMES.contains(&bare.as_str()) && gives_value(after);
        }
        let between = after.find(is_of_word).unwrap_or(after.len());
        if between > 4 {
            follows_name = false;
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

/// Whether what stands behind a name leads to its value.
fn gives_value(after: &str) -> bool {
    after.starts_with(['=', ':', ' ', '"', '\''])
}

fn is_secret(word: &str, follows_name: bool) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_jwt =
        word.starts_with("eyJ") || word.starts_with("EwA") || word.starts_with("EwB") || word.starts_with("ey.");
    let longest = word.split(['.', '/', '-']).map(str::len).max().unwrap_or(0);
    let is_blob = longest > LONGEST_PLAIN || (word.len() > LONGEST_PLAIN && word.contains('~'));
    // a value of a few letters is a word of a sentence ("password expired"), unless it has digits in it
    let is_value = follows_name && (digits > 1 && word.len() >= 6 || word.len() >= 20 || word.contains('~'));
    (is_jwt && word.len() > 12) || is_blob || is_value
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
        ] {
            assert!(redact(line).contains(MASKED), "{line}");
        }
    }

    #[test]
    fn the_words_of_a_refusal_stay() {
        for line in [
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled",
            "AADSTS50126: invalid username or password. Trace ID: 0f8fad5b-d9cb-469f-a165-70867728950e",
            "javax.net.ssl.SSLHandshakeException: sun.security.validator.ValidatorException",
        ] {
            assert_eq!(redact(line), line);
        }
    }
}
