//! XOAUTH2: how a token is presented to a mail server, and how the server says why it does not take it.
//!
//! In: a user and an access token. Out: the one line that presents them, which cannot be printed; and a server's
//! challenge in words. The form is Google's; Microsoft describes the same for Exchange Online on its page about OAuth
//! with IMAP, POP and SMTP. Nothing in an RFC but its cousin OAUTHBEARER (RFC 7628), which shares the challenge.

use base64::{Engine, alphabet, engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::line::{MOST_WORDS, shorten};
use crate::secret::Secret;

/// The most characters of one value of a challenge.
const LONGEST_VALUE: usize = 60;
/// The longest user name: an address has at most 254 characters (RFC 5321 4.5.3.1.3).
const LONGEST_USER: usize = 254;

/// A token made out for a user, ready for the wire. Debug and [`Presentation::shown`] hold nothing of the token.
#[derive(Clone, Debug)]
pub struct Presentation {
    line: Secret,
    shown: String,
}

impl Presentation {
    /// Makes the line: base64 of `user=`, the user, `auth=Bearer ` and the token, each part ended by 0x01.
    ///
    /// None when user or token would change the meaning of the line: when one is empty, holds a control character, or
    /// the user is longer than an address.
    #[must_use]
    pub fn new(user: &str, token: &Secret) -> Option<Self> {
        let is_plain = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
        if !is_plain(user) || user.len() > LONGEST_USER || !is_plain(token.expose()) {
            return None;
        }
        let whole = format!("user={user}\x01auth=Bearer {}\x01\x01", token.expose());
        let shown = format!("<token, {} bytes, user={user}>", grouped(token.len()));
        Some(Self { line: Secret::new(BASE64_STANDARD.encode(whole)), shown })
    }

    /// The line for the wire.
    #[must_use]
    pub fn line(&self) -> &Secret {
        &self.line
    }

    /// The same before base64, for a library that codes it itself.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        BASE64_STANDARD.decode(self.line.expose()).unwrap_or_default()
    }

    /// What a transcript shows in its place: the length of the token, in bytes, and the user.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// A server's challenge in words: its status, schemes and scope (RFC 7628 3.2.2); none when it is not of that form.
///
/// A server that does not take the token sends base64 of `{"status":"400","schemes":"Bearer","scope":"…"}` first, and
/// its refusal after the client's empty answer. Google does; of Exchange Online nobody has shown one.
#[must_use]
pub fn challenge(coded: &str) -> Option<String> {
    let bytes = BASE64.decode(coded.trim()).ok()?;
    let Value::Object(said) = serde_json::from_slice(&bytes).ok()? else { return None };
    let part = |key: &str| {
        let value = match said.get(key)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        Some(format!("{key} {}", shorten(&value, LONGEST_VALUE)))
    };
    let parts: Vec<String> = ["status", "schemes", "scope"].into_iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| shorten(&parts.join(", "), MOST_WORDS))
}

/// Base64 with or without its padding.
const BASE64: engine::GeneralPurpose = engine::GeneralPurpose::new(
    &alphabet::STANDARD,
    engine::GeneralPurposeConfig::new().with_decode_padding_mode(engine::DecodePaddingMode::Indifferent),
);

/// A number with a comma before every third digit.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sample_that_microsoft_published() {
        let token = Secret::new("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA");
        let presented = Presentation::new("test@contoso.onmicrosoft.com", &token).unwrap();
        let published = "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0oz\
                         VmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==";
        assert_eq!(presented.line().expose(), published);
        assert_eq!(presented.shown(), "<token, 40 bytes, user=test@contoso.onmicrosoft.com>");
        let printed = format!("{presented:?}");
        assert!(!printed.contains("EwBA") && !printed.contains("dXNl"), "{printed}");
    }

    #[test]
    fn what_would_change_the_meaning_of_the_line_is_not_made() {
        let made = |user: &str, token: &str| Presentation::new(user, &Secret::new(token)).is_some();
        assert!(made("a@b", "t"));
        let long = "a".repeat(255);
        for (user, token) in
            [("", "t"), ("a@b", ""), ("a\x01auth=b", "t"), ("a@b", "t\n"), ("a\r\nQUIT", "t"), (&long, "t")]
        {
            assert!(!made(user, token), "{user:?} {token:?}");
        }
    }

    #[test]
    fn lengths_are_easy_to_read() {
        let read: Vec<String> = [1, 999, 1000, 1432, 1_234_567].map(grouped).into();
        assert_eq!(read, ["1", "999", "1,000", "1,432", "1,234,567"]);
    }

    #[test]
    fn challenges_in_words() {
        let seen = "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNvbS8ifQ==";
        let words = "status 400, schemes Bearer, scope https://mail.google.com/";
        assert_eq!(challenge(seen).as_deref(), Some(words));
        assert_eq!(challenge(&format!(" {}\r", seen.trim_end_matches('='))).as_deref(), Some(words));
        let said = |json: &str| challenge(&BASE64_STANDARD.encode(json));
        assert_eq!(said(r#"{"status":401}"#).as_deref(), Some("status 401"));
        assert_eq!(said(r#"{"status":"invalid_token","x":[]}"#).as_deref(), Some("status invalid_token"));
        assert_eq!(said(&format!(r#"{{"scope":"{}"}}"#, "s".repeat(5000))).unwrap().chars().count(), 66);
    }

    #[test]
    fn what_is_no_challenge_is_passed_over() {
        let coded = |text: &str| BASE64_STANDARD.encode(text);
        for text in [String::new(), "!".to_owned(), coded("{"), coded("[]"), coded("{}"), coded(r#"{"status":{}}"#)] {
            assert_eq!(challenge(&text), None, "{text}");
        }
        assert_eq!(challenge(&coded(&"[".repeat(5000))), None, "no depth without end");
    }

    proptest! {
        #[test]
        fn any_challenge_is_taken_without_panic(json in ".{0,200}", coded in "[A-Za-z0-9+/=]{0,200}") {
            for said in [challenge(&BASE64_STANDARD.encode(&json)), challenge(&coded), challenge(&json)] {
                prop_assert!(said.is_none_or(|words| words.chars().count() <= MOST_WORDS));
            }
        }
    }
}
