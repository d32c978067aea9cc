//! What leaves a cause possible and no more, however well the other findings agree with it.

use crate::catalogue::cause::{Shows, Sign, Words};

/// Response codes that do not say why: RFC 5530, section 3, RFC 9051, section 7.1, and RFC 3206, section 5.
const NO_REASON: [&str; 3] = ["authenticationfailed", "alert", "auth"];

/// True where a response code of IMAP or POP3 says why something is refused, and the sign knows but the text behind it,
/// which is for people. `words` is in small letters.
pub(super) fn is_beside_code(sign: &Sign, words: &str) -> bool {
    let Shows::Failure(pattern) = &sign.shows else { return false };
    let Some(code) = response_code(words).filter(|code| !NO_REASON.contains(code)) else { return false };
    let mut known = pattern.words.iter().flat_map(Words::parts);
    !pattern.words.is_empty() && !known.any(|part| part.contains(code))
}

/// The response code of a refusal: `unavailable` of `a2 no [unavailable] authenticate failed.`.
fn response_code(words: &str) -> Option<&str> {
    let (before, code) = words.split_once(" [")?;
    let status = before.rsplit(' ').next()?;
    let is_refusal = matches!(status, "no" | "bad" | "bye" | "-err");
    code.split([']', ' ']).next().filter(|_| is_refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_code_stands_behind_the_status() {
        for (words, code) in [
            ("a2 no [unavailable] authenticate failed.", Some("unavailable")),
            ("* bye [unavailable] down", Some("unavailable")),
            ("-err [sys/temp] try later", Some("sys/temp")),
            ("a1 no [referral imap://u@host/] elsewhere", Some("referral")),
            ("535 5.7.3 authentication unsuccessful [am6]", None),
            ("a1 no authenticate failed. [am6]", None),
            ("a1 no", None),
        ] {
            assert_eq!(response_code(words), code, "{words}");
        }
    }
}
