//! Taking out of a line what nobody should see: tokens, secrets, and anything long that could be one.
//!
//! In: a line of a log. Out: the same line with `[masked]` in those places. What is doubtful is masked: the words of a
//! refusal are short and have blanks.

use std::ops::Range;

use crate::secret::suspect::{self, NAMES};

/// Names that have other meanings too: what follows them is masked when it may be a secret.
const PERHAPS: &[&str] = &["bearer", "authorization", "xoauth2", "code", "pass"];

/// What stands before a word.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// Nothing that tells of it.
    Text,
    /// The name of a secret, as in a sentence.
    Name,
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

/// Masks every secret in a text.
#[must_use]
pub fn redact(text: &str) -> String {
    masked(text, 0..text.len(), &secrets(text))
}

/// Masks every secret in a part of a text, also one that only what stands before the part tells of.
#[must_use]
pub fn redact_part(text: &str, part: Range<usize>) -> String {
    masked(text, part, &secrets(text))
}

/// The same for words that may be a part of the text; where they are not, they speak for themselves.
#[must_use]
pub fn redact_words(text: &str, words: &str) -> String {
    match text.find(words) {
        Some(at) => redact_part(text, at..at + words.len()),
        None => redact(words),
    }
}

fn masked(text: &str, part: Range<usize>, secrets: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(part.len());
    let mut from = part.start;
    for secret in secrets.iter().filter(|secret| secret.start < part.end && part.start < secret.end) {
        masked.push_str(&text[from..secret.start.max(from)]);
        masked.push_str(MASKED);
        from = secret.end.min(part.end);
    }
    masked.push_str(&text[from..part.end]);
    masked
}

/// Where secrets are: by what stands around them, and by their form.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut found = suspect::placed(text);
    found.extend(words(text));
    suspect::merged(found)
}

/// The words that are secrets by their form, or by the word before.
fn words(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut before = Before::Text;
    let mut commands = ["", ""]; // the two words before
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let (word, after) = rest.split_at(rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len()));
        if !word.is_empty() {
            if is_secret(word, before) {
                found.push(at..at + word.len());
            }
            let bare = word.trim_matches(['=', '-', '_', '.']).to_ascii_lowercase();
            commands = [commands[1], word];
            before = if carries_password(commands) { Before::Mechanism } else { of_name(&bare, after) };
        }
        let between = after.find(is_of_word).unwrap_or(after.len());
        if between > 4 {
            before = Before::Text;
        }
        at += word.len() + between;
    }
    found
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
    let is_value = matches!(before, Before::Name | Before::Value)
        && (digits > 1 && word.len() >= 6 || word.len() >= 20 || word.contains('~'));
    let is_given = match before {
        Before::Value => true,
        Before::Mechanism => is_base64(word),
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

    /// What stands for a password in the texts below: no form of its own tells that it is one.
    const PASSWORDS: &[&str] = &["Summer2024!", "hunter2", "p:a@ss/w#rd9", "Passw0rd,x;y", "sesame"];

    #[test]
    fn a_password_by_what_stands_around_it() {
        for text in [
            "proxy http://svc:{}@proxy.example.com:8080 returned 407 Proxy Authentication Required",
            "HTTP_PROXY=http://DOM\\svc:{}@proxy.example.com:8080 535 5.7.3",
            "imaps://sales:{}@outlook.office365.com/ AUTHENTICATE failed.",
            "{\"proxy\":\"http:\\/\\/svc:{}@proxy:8080\\/\"}",
            "git+https://{}@host.example/x",
            "svc:{}@proxy:8080 failed",
            "curl -u svc:{} smtps://smtp.office365.com:465 535 5.7.3",
            "curl -vsu 'svc:{}' x",
            "curl -usvc:{} x",
            "curl --user \"svc:{}\" --proxy-user=svc:{} x",
            "subprocess.run(['curl', '-u', 'svc:{}', 'x'])",
            "<password>{}</password> 535 5.7.3",
            "<ns:Password type=\"text\">{}</ns:Password>",
            "&lt;password&gt;{}&lt;/password&gt;",
            "<entry key=\"mail.smtp.password\">{}</entry>",
            "<add key=\"SmtpPassword\" value=\"{}\"/>",
            "{\"name\":\"password\",\"value\":\"{}\"}",
            "mail.smtp.password={} 535 5.7.3",
            "-Dhttp.proxyPassword={} -Dx=y",
            "keytool -storepass {} -list",
            "openssl pkcs12 -passin pass:{}",
            "swaks --auth-user sales --auth-password {} --tls",
            "password: \"{}\"",
            "{\\\"password\\\": \\\"{}\\\"}",
            "client_id=x&client_secret={}&grant_type=password",
            "Server=x;User Id=sa;Password={};Encrypt=yes",
            "pwd: '{}'",
            "Password: {}",
            "pwd:{}",
            "USER sales\nPASS {}\n-ERR Logon failure",
            "a1 LOGIN sales@example.com {}",
            "C: a1 LOGIN \"sales\" \"{}\"",
            "Connect-ExchangeOnline -Password (ConvertTo-SecureString '{}' -AsPlainText)",
        ] {
            for password in PASSWORDS {
                let line = text.replace("{}", password);
                let masked = redact(&line);
                let whole = text.replace("{}", MASKED);
                assert!(!masked.contains(password), "{line}: {masked}");
                assert!(masked.contains(MASKED) && masked.len() <= whole.len() + 8, "{line}: {masked}");
            }
        }
    }

    #[test]
    fn a_password_in_base64_by_what_stands_around_it() {
        for (text, part) in [
            ("AUTH LOGIN\n334 VXNlcm5hbWU6\nc2FsZXM=\n334 UGFzc3dvcmQ6\nC: U3VtbWVyMjAyNCE=\n535 5.7.3 x", "U3VtbWVy"),
            ("Proxy-Authorization: Basic c3ZjOlN1bW1lcg==", "c3ZjOlN1"),
            ("sent AHNhbGVzAHBhc3N3b3Jk to the server", "AHNhbGVz"),
            ("https%3A%2F%2Fsvc%3ASummer2024%40proxy%3A8080%2Fx", "Summer"),
        ] {
            let masked = redact(text);
            assert!(!masked.contains(part) && masked.contains(MASKED), "{masked}");
        }
    }

    #[test]
    fn the_part_that_is_shown_is_masked_by_the_whole() {
        let text = "curl -u svc:Summer2024! 535 5.7.3 Authentication unsuccessful";
        assert_eq!(redact_words(text, "Summer2024! 535 5.7.3"), "[masked] 535 5.7.3");
        assert_eq!(redact_words(text, "mer2024!"), "[masked]");
        assert_eq!(redact_words(text, "other words"), "other words");
    }

    #[test]
    fn the_words_of_a_refusal_stay() {
        for line in [
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled",
            "AUTH PLAIN LOGIN XOAUTH2 is offered, password expired, the password: expired",
            "AADSTS50126: invalid username or password. Trace ID: 0f8fad5b-d9cb-469f-a165-70867728950e",
            "javax.net.ssl.SSLHandshakeException: sun.security.validator.ValidatorException",
            "The user name or password is incorrect. Invalid password: 535 5.7.139 the client secret keys for app",
            "250-AUTH LOGIN XOAUTH2, A1 NO LOGIN failed. basic authentication is disabled for user:sales@example.com",
            "GET https://graph.microsoft.com/v1.0/users/sales@example.com 403 at 2026-11-23T04:01:20 smtp.office365.com:587",
            "https://login.example.com:8443/x?login_hint=sales@example.com [from:sales@example.com] imaps://sales@mail.example.com",
            "PASS is not supported; password is required: set client_secret = { env = \"NAME\" }",
        ] {
            assert_eq!(redact(line), line);
        }
    }
}
