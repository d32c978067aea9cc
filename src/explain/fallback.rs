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
        return "There is nothing in it.".to_owned();
    }
    of_codes(text, catalogue).unwrap_or_else(|| give(channel))
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
    let page = format!("Microsoft's own words: {LOOKUP}{number}");
    let log = "Entra admin centre > Sign-in logs has the rest, under the correlation id of the text";
    match catalogue.tables.numbers.means(number) {
        Some(means) => format!("AADSTS{number}: {means}. {page} . {log}."),
        None => format!("AADSTS{number} is a number of Entra that ece-check does not know. {page} . {log}."),
    }
}

/// What the table of codes says.
fn of_known_code(code: &str, catalogue: &Catalogue) -> Option<String> {
    let means = catalogue.tables.codes.means(code)?;
    Some(format!("{code}: {means}. Microsoft's own words: {CODES}"))
}

/// What the class and the subject of an enhanced code say.
fn of_mail(code: &str) -> Option<String> {
    let mut parts = code.split('.');
    let (class, subject) = (parts.next()?, parts.next()?);
    let about = match subject {
        "1" => "the address of sender or recipient",
        "2" => "the mailbox",
        "3" => "the mail system that answers",
        "4" => "network and routing",
        "5" => "the commands of the mail protocol",
        "6" => "the content of the message",
        "7" => "permission, policy or security",
        _ => "something that has no group of its own",
    };
    let next = match class {
        "4" => {
            "It passes: the sender tries again by itself. If it stays for hours, the words behind the code tell what is scarce."
        }
        "5" => {
            "It stays until something is changed; the words behind the code tell what. Give the whole line, if this is a part."
        }
        _ => return None,
    };
    Some(format!("{code} is a refusal that is about {about} (RFC 3463). {next}"))
}

fn give(channel: Option<Channel>) -> String {
    let hint = if channel.is_none() {
        " If you know what was being spoken, add --channel (smtp, imap, token, tls …)."
    } else {
        ""
    };
    format!(
        "Give the server's own words: the line with the code (535 5.7.…, AADSTS…, NO …, -ERR …), or the innermost \
         \"Caused by\" of a Java trace.{hint} To look at each part by itself: ece-check run"
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
        assert!(next_of("AADSTS50058: x").contains("nobody is signed in"));
        let unknown = next_of("invalid_grant: AADSTS99999: x");
        assert!(unknown.contains("does not know") && unknown.contains("error?code=99999 "), "{unknown}");
    }

    #[test]
    fn an_enhanced_code_tells_by_its_parts() {
        assert!(next_of("550 5.6.3 conversion").contains("content of the message"));
        assert!(next_of("452 4.2.2 mailbox full").contains("It passes"));
        assert!(next_of("250 2.1.5 ok").starts_with("Give the server's own words"));
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
