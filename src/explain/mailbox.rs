//! The mailbox that a text names: an address beside a word that says it is one.
//!
//! In: a text. Out: the one address that stands behind `user`, `mailbox`, `account`, `alias` and the like, or in a path of
//! Graph (`/users/ADDRESS/`); nothing where there is none, or several. Pure. Other addresses in a text may be those of
//! customers.

/// Longer texts are logs, in which many mailboxes are named.
const LONGEST: usize = 32 << 10;
/// Words that say that what follows is a mailbox or its user.
const LABELS: [&str; 12] = [
    "user",
    "username",
    "user_name",
    "user name",
    "userid",
    "userprincipalname",
    "upn",
    "mailbox",
    "account",
    "alias",
    "login",
    "signs_in_as",
];
/// Before an address in a request to Graph.
const PATHS: [&str; 3] = ["/users/", "/users('", "/users(%27"];
/// Names of servers, which stand behind an @ in identifiers of messages and sessions.
const SERVERS: [&str; 3] = [".outlook.com", ".exchangelabs.com", ".office365.com"];

/// The one mailbox that a text names.
#[must_use]
pub fn of(text: &str) -> Option<String> {
    if text.len() > LONGEST {
        return None;
    }
    let mut found: Option<&str> = None;
    for (at, _) in text.match_indices('@') {
        let Some(address) = address(text, at) else { continue };
        match found {
            Some(other) if !other.eq_ignore_ascii_case(address) => return None,
            _ => found = Some(address),
        }
    }
    found.map(ToOwned::to_owned)
}

/// The address around this @, where the words before it say that it is a mailbox.
fn address(text: &str, at: usize) -> Option<&str> {
    let is_of_user = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    let is_of_domain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    let (before, behind) = (&text[..at], &text[at + 1..]);
    let user = &before[before.trim_end_matches(is_of_user).len()..];
    let domain = &behind[..behind.len() - behind.trim_start_matches(is_of_domain).len()];
    let domain = domain.trim_end_matches(['.', '-']);
    let top = domain.rsplit_once('.')?.1;
    let is_mailbox = user.starts_with(|c: char| c.is_ascii_alphanumeric())
        && top.len() > 1
        && top.chars().all(|c| c.is_ascii_alphabetic())
        && !behind[domain.len()..].starts_with('@')
        && !SERVERS.iter().any(|server| domain.to_ascii_lowercase().ends_with(server));
    (is_mailbox && is_labelled(&before[..before.len() - user.len()]))
        .then(|| &text[at - user.len()..=at + domain.len()])
}

/// Whether what stands before an address says that it is a mailbox.
fn is_labelled(before: &str) -> bool {
    let longest = |c: char| c.is_alphanumeric() || "_ /('%".contains(c);
    if PATHS.iter().any(|path| ends_with(before, path)) {
        return true;
    }
    let label = before.trim_end_matches(|c: char| c.is_whitespace() || "=:\"'<[(`\\".contains(c));
    if label.len() == before.len() {
        return false;
    }
    let label = &label[label.trim_end_matches(longest).len()..];
    LABELS.iter().any(|known| {
        let ahead = label.len().checked_sub(known.len()).filter(|from| label.is_char_boundary(*from));
        ahead.is_some_and(|from| {
            label[from..].eq_ignore_ascii_case(known) && !label[..from].ends_with(|c: char| c.is_alphanumeric())
        })
    })
}

fn ends_with(text: &str, end: &str) -> bool {
    text.len() >= end.len() && text.as_bytes()[text.len() - end.len()..].eq_ignore_ascii_case(end.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailbox_is_found_behind_a_word_that_says_so() {
        for text in [
            "AuthenticationFailedException: 535 5.7.139 user=sales@contoso.com [AM0PR01CA0101.eurprd01.prod.exchangelabs.com]",
            "unable to log in to the mailbox 'Sales@contoso.com'. User: sales@contoso.com",
            "GET https://graph.microsoft.com/v1.0/users/sales@contoso.com/messages from carol@example.org",
            "{\"userPrincipalName\": \"sales@contoso.com\", \"id\": \"<x@AM0PR01MB1.eurprd01.prod.outlook.com>\"}",
            "Alias [sales@contoso.com] could not be retrieved.",
            "logon failed for user sales@contoso.com.",
        ] {
            assert_eq!(of(text).unwrap_or_default().to_lowercase(), "sales@contoso.com", "{text}");
        }
    }

    #[test]
    fn other_addresses_and_several_are_no_mailbox() {
        for text in [
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; carol@example.org",
            "user a@contoso.com has no rights in mailbox b@contoso.com",
            "user contoso\\sales@contoso.com@local",
            "superuser sales@contoso.com, enduser=<sales@contoso.com>",
            "user $(calc)@contoso.com",
            "user sales@contoso",
            "user@",
            "ユーザー@contoso.com",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
