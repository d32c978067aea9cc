//! Whether a text reports a failure at all: many lines use the words of one for what was resolved, is planned, is advised,
//! or is a setting.
//!
//! In: a text. Out: whether it is such a note. Only short texts in prose are judged so: an advice that a refusal carries with
//! it (`AADSTS50011: … Make sure the redirect URI …`) takes nothing from the refusal.

use super::{extract, restate};

/// Longer texts are no notes, in bytes.
const LONGEST: usize = 1_000;
/// Nor are texts of more lines.
const MOST_LINES: usize = 3;

/// How a note begins that says what was repaired.
const REPAIRED_FIRST: [&str; 6] = ["resolved", "fixed in ", "fixed: ", "solved:", "closed:", "case closed"];
/// How the title or the step of an instruction begins, whatever message it quotes.
const INSTRUCTION: [&str; 6] = ["kb ", "step ", "what to do", "how to ", "risk:", "known issue"];
/// What says so within a note.
const REPAIRED: [&str; 17] = [
    "flows again",
    "works again",
    "working again",
    "work again",
    "has been resolved",
    "was resolved",
    "is resolved",
    "issue resolved",
    "has been fixed",
    "was fixed",
    "is fixed",
    "re-enabled",
    "before it expired",
    "no longer occurs",
    "no longer happens",
    "no errors found",
    "back to normal",
];
/// With these a note says on what the repair depends, so that it is still to come, or comes again.
const STILL: [&str; 8] = ["until", "unless", "once", "after", "when", "not", "then", "every"];
/// How a plan or a setting is told.
const SETTING: [&str; 14] = [
    "report-only",
    "reminder:",
    "will expire in",
    "allowed by rule",
    "permitted by rule",
    "allowed by policy",
    "required: no",
    "retry succeeded",
    "is harmless",
    "can be ignored",
    "safely ignored",
    "(normal)",
    "by design",
    "access: none",
];
/// How advice begins.
const ADVICE: [&str; 11] = [
    "make sure",
    "ensure that",
    "before you ",
    "if ",
    "verify that",
    "confirm that",
    "to fix this",
    "to resolve this",
    "to avoid ",
    "note that ",
    "tip:",
];
/// What advice does not hold: the name of an exception, or the begin of a message.
const MESSAGE: [&str; 4] = ["exception", "error:", "failed:", "aadsts"];

/// Whether a text is a note of something that is no failure now.
#[must_use]
pub fn is_note(text: &str) -> bool {
    let text = text.trim();
    if text.len() > LONGEST || text.lines().count() > MOST_LINES {
        return false;
    }
    let words = text.to_lowercase();
    let begins = |parts: &[&str]| parts.iter().any(|part| words.starts_with(part));
    let holds = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let is_message = || holds(&MESSAGE) || extract::has_code(&words);
    let depends = || words.split(|c: char| !c.is_alphanumeric()).any(|word| STILL.contains(&word));
    let is_repaired = begins(&REPAIRED_FIRST) || begins(&INSTRUCTION) || (holds(&REPAIRED) && !depends());
    let is_advice = begins(&ADVICE) && !is_message();
    (is_repaired || holds(&SETTING) || is_advice) && restate::rhythm(&words).is_none()
}

/// Whether something in a text makes it worth asking whether it is a note.
#[must_use]
pub fn may_be_note(words: &str) -> bool {
    let words = words.trim_start();
    let holds = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let begins = |parts: &[&str]| parts.iter().any(|part| words.starts_with(part));
    holds(&REPAIRED) || holds(&SETTING) || begins(&REPAIRED_FIRST) || begins(&INSTRUCTION) || begins(&ADVICE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_resolved_planned_or_advised_is_a_note() {
        for text in [
            "Resolved: the client secret had expired (AADSTS7000222).",
            "Fixed in ES6: retriever stopped with \"User is authenticated but not connected\"",
            "The proxy rule was wrong and has been fixed; mail flows again.",
            "Make sure that port 587 is not blocked.",
            "KB 4711: What to do when AADSTS50076 appears",
            "Step 3: if the test shows 535 5.7.3, check the permission SMTP.Send and repeat",
            "If authentication failed, check that IMAP is enabled for the mailbox.",
            "Conditional Access policy 'x' is in report-only mode",
            "Proxy authentication is required for internet access: none.",
            "NXDOMAIN responses this hour: 1422 (normal)",
            "connection timed out on first attempt, retry succeeded after 2 s",
        ] {
            assert!(is_note(text), "{text}");
        }
    }

    #[test]
    fn what_fails_now_is_none() {
        for text in [
            "AADSTS50011: The redirect URI does not match. Make sure the redirect URI sent matches one added.",
            "outlook.office365.com could not be resolved",
            "It works again once we generate a new token, then fails after an hour with the same error",
            "After deleting the token it works again, and stops 90 days later",
            "The issue is not resolved: 535 5.7.3 Authentication unsuccessful",
            "server certificate verification failed. CAfile: /etc/ssl/certs/ca-certificates.crt CRLfile: none",
            "If the error persists: javax.mail.AuthenticationFailedException: AUTHENTICATE failed.",
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
        ] {
            assert!(!is_note(text), "{text}");
        }
    }
}
