//! What to do next with a text that no sign knows.
//!
//! In: the text, and what was being spoken if that is known. Out: one or two sentences. A number of Entra leads to
//! Microsoft's own page of it, an enhanced code tells by its parts what it is about (RFC 3463, section 2 and 3), and
//! where there is neither, it is said what to give.

use super::{Channel, extract};
use crate::catalogue::Catalogue;

/// Where Microsoft explains each number, see
/// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>.
const LOOKUP: &str = "https://login.microsoftonline.com/error?code=";

/// Where Microsoft explains the codes of Exchange Online.
const CODES: &str =
    "https://learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/non-delivery-reports-in-exchange-online";

/// What would help.
#[must_use]
pub fn next(text: &str, channel: Option<Channel>, catalogue: &Catalogue) -> String {
    if text.trim().is_empty() {
        return "The text is empty.".to_owned();
    }
    let of_number = || is_number(text.trim()).then(|| of_number(text.trim()));
    of_codes(text, catalogue).or_else(of_number).unwrap_or_else(|| give(channel))
}

/// Whether a text is a number by itself, as long as those of Entra are.
#[must_use]
pub fn is_number(text: &str) -> bool {
    (5..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Of a number that is not known it is not known either whose it is.
fn of_number(number: &str) -> String {
    format!(
        "ece-check does not know the number {number}. If it is an Entra error code (AADSTS{number}), Microsoft's description: \
         {LOOKUP}{number} . If Webex Control Hub shows it: paste what \"Copy Debug Info\" gives."
    )
}

/// What the codes in a text tell by themselves.
#[must_use]
pub fn of_codes(text: &str, catalogue: &Catalogue) -> Option<String> {
    extract::extract(text, &catalogue.tables.phrases).iter().find_map(|heard| {
        match (heard.aadsts.last(), &heard.enhanced) {
            (Some(number), _) => Some(of_entra(*number, catalogue)),
            (None, Some(code)) => of_known_code(code, catalogue).or_else(|| of_mail(code)),
            (None, None) => None,
        }
    })
}

fn of_entra(number: u32, catalogue: &Catalogue) -> String {
    let page = format!("Microsoft's description: {LOOKUP}{number}");
    let log = "The Entra admin center > Sign-in logs has the details under the correlation ID of the text";
    match catalogue.tables.numbers.means(number) {
        Some(means) => format!("AADSTS{number}: {means}. {page} . {log}."),
        None => format!("AADSTS{number} is an Entra error code that ece-check does not know. {page} . {log}."),
    }
}

/// What the table of codes says.
fn of_known_code(code: &str, catalogue: &Catalogue) -> Option<String> {
    let means = catalogue.tables.codes.means(code)?;
    Some(format!("{code}: {means}. Microsoft's description: {CODES}"))
}

/// What the class and the subject of an enhanced code say.
fn of_mail(code: &str) -> Option<String> {
    let mut parts = code.split('.');
    let (class, subject) = (parts.next()?, parts.next()?);
    let about = match subject {
        "1" => "the address of sender or recipient",
        "2" => "the mailbox",
        "3" => "the receiving mail system",
        "4" => "network and routing",
        "5" => "the commands of the mail protocol",
        "6" => "the content of the message",
        "7" => "permission, policy or security",
        _ => "an unclassified condition",
    };
    let next = match class {
        "4" => {
            "The error is temporary: the sender retries. If it lasts for hours, the text after the code says what is limited."
        }
        "5" => {
            "The error is permanent; the text after the code says why. Paste the whole line, if this is a part of it."
        }
        _ => return None,
    };
    Some(format!("{code} reports a problem with {about} (RFC 3463). {next}"))
}

fn give(channel: Option<Channel>) -> String {
    let hint =
        if channel.is_none() { " Add --channel (smtp, imap, token, tls …) if you know the protocol." } else { "" };
    format!(
        "Paste the server response (535 5.7.…, AADSTS…, NO …, -ERR …) or the innermost \"Caused by\" of a Java stack \
         trace.{hint} To test each part separately: ece-check run"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next_of(text: &str) -> String {
        next(text, None, &Catalogue::built_in())
    }

    #[test]
    fn a_number_of_entra_leads_to_its_page() {
        assert!(next_of("AADSTS50058: x").contains("no user is signed in"));
        let unknown = next_of("invalid_grant: AADSTS99999: x");
        assert!(unknown.contains("does not know") && unknown.contains("error?code=99999 "), "{unknown}");
    }

    #[test]
    fn whose_an_unknown_number_is_is_not_known() {
        let next = next_of(" 701019\n");
        assert!(next.contains("If it is an Entra error code") && next.contains("Control Hub"), "{next}");
        assert!(next_of("4711").starts_with("Paste the server response"));
    }

    #[test]
    fn an_enhanced_code_tells_by_its_parts() {
        assert!(next_of("550 5.6.3 conversion").contains("content of the message"));
        assert!(next_of("452 4.2.2 mailbox full").contains("temporary"));
        assert!(next_of("250 2.1.5 ok").starts_with("Paste the server response"));
    }

    #[test]
    fn a_code_of_microsoft_s_list_is_told_in_words() {
        let next = next_of("550 5.7.124 RESOLVER.RST.RestrictedToGroupPermission");
        assert!(next.contains("the group accepts") && next.contains("learn.microsoft.com"), "{next}");
    }

    #[test]
    fn a_hint_that_was_given_is_not_asked_for() {
        assert!(next_of("what").contains("--channel"));
        assert!(!next("what", Some(Channel::Smtp), &Catalogue::built_in()).contains("--channel"));
    }

    /// A number that a sign names needs no row; two places would soon say two things.
    #[test]
    fn no_number_has_both_a_row_and_a_sign() {
        let catalogue = Catalogue::built_in();
        for (number, means) in &catalogue.tables.numbers.rows {
            let causes = super::super::explain(&format!("AADSTS{number}: x"), None, &catalogue).causes;
            let named: Vec<&str> = causes.iter().map(|meant| meant.cause.code.as_str()).collect();
            assert!(named.is_empty(), "{number} ({means}) is {named:?}");
        }
    }
}
