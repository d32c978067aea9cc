//! What a text tells of the token in plain words beside a refused sign-in: claims that a program printed, the scopes that it
//! asked for, whose token it is and for whom it signs in, and that it expired.
//!
//! In: a text. Out: what that proves, in the terms of [`super::blob`]. Scopes by service:
//! <https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>.

use super::{
    blob::{self, Proof},
    restate,
};
use crate::{
    evidence::Protocol,
    oauth::claims::{Audience, Claims},
};

/// Longer texts are logs, in which these words may be of another event.
const LONGEST: usize = 32 << 10;
/// So many places of one kind are looked at.
const MOST: usize = 8;

/// What a text states, when it is about a sign-in by this protocol; what proves more comes first.
#[must_use]
pub fn proofs(text: &str, protocol: Option<Protocol>) -> Vec<Proof> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    let words = text.to_lowercase().replace("%3a", ":").replace("%2f", "/");
    let mut proofs = of_claims(text, protocol);
    proofs.extend(of_scopes(&words, protocol));
    proofs.extend(is_of_guest(&words).then_some(Proof::Guest));
    proofs.extend(is_of_other_user(&words).then_some(Proof::OtherUser));
    proofs.extend(is_expired(&words).then_some(Proof::Expired));
    let ends_early = restate::rhythm(&words) == Some(restate::AN_HOUR);
    proofs.extend(ends_early.then_some(Proof::Expired));
    proofs
}

/// The strings that make a difference.
pub fn searched() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 3] = [&PERMISSIONS, &OTHERS, &["token", "expire", "://", "graph.", "outlook", "scope"]];
    lists.into_iter().flatten().copied()
}

/// Strings before claims and addresses, of which every letter counts.
pub fn decoded() -> impl Iterator<Item = &'static str> {
    OWNERS.into_iter().chain(["\"aud\"", "#ext#"])
}

/// Claims as JSON, also with escaped quotes.
fn of_claims(text: &str, protocol: Option<Protocol>) -> Vec<Proof> {
    let text = text.replace("\\\"", "\"");
    for (at, _) in text.match_indices("\"aud\"").take(MOST) {
        let begin = text[..at].rfind('{').unwrap_or(at);
        let end = text[at..].find('}').map_or(text.len(), |end| at + end + 1);
        if let Some(claims) = Claims::of_json(&text[begin..end]) {
            return blob::of_claims(&claims, protocol);
        }
        let rest = text[at + 5..].trim_start_matches([' ', ':', '\t', '"']);
        let named = rest.split(['"', ',', '\n', ' ']).next().unwrap_or_default();
        let claims = Claims::of_json(&serde_json::json!({ "aud": named }).to_string());
        if claims.is_some_and(|claims| !named.is_empty() && claims.service() != Audience::Exchange) {
            return vec![Proof::WrongAudience];
        }
    }
    Vec::new()
}

/// The permissions of the mail protocols, and what stands for all permissions of an application.
const PERMISSIONS: [&str; 8] = [
    ".default",
    "imap.accessasuser.all",
    "imap.accessasapp",
    "pop.accessasuser.all",
    "pop.accessasapp",
    "smtp.send",
    "smtp.sendasapp",
    "mail.",
];

/// The scopes that were asked for: those of another service than Exchange Online, or of another protocol.
fn of_scopes(words: &str, protocol: Option<Protocol>) -> Option<Proof> {
    let scopes: Vec<(&str, &str)> = words.match_indices("://").filter_map(|(at, _)| scope(&words[at + 3..])).collect();
    let is_exchange = |host: &&str| host.starts_with("outlook.office") || host.starts_with("ps.outlook");
    if scopes.is_empty() {
        return None;
    }
    if !scopes.iter().any(|(host, _)| is_exchange(host)) {
        return Some(Proof::AskedOther);
    }
    let wanted = match protocol? {
        Protocol::Imap => "imap.",
        Protocol::Pop3 => "pop.",
        Protocol::Smtp => "smtp.",
        _ => return None,
    };
    let permits = |(host, name): &(&str, &str)| is_exchange(host) && (name.starts_with(wanted) || *name == ".default");
    (!scopes.iter().any(permits)).then_some(Proof::AskedOtherScope)
}

/// A scope at the beginning of a text: host and permission.
fn scope(text: &str) -> Option<(&str, &str)> {
    let end =
        text.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '/' | '-' | '_')).unwrap_or(text.len());
    let (host, name) = text[..end].split_once('/')?;
    let name = name.trim_start_matches('/');
    let is_service = ["graph.microsoft", "outlook.office", "ps.outlook", "management.azure", "graph.windows"]
        .iter()
        .any(|service| host.starts_with(service));
    (is_service && PERMISSIONS.iter().any(|permission| name.starts_with(permission))).then_some((host, name))
}

/// Behind these words stands whose token it is.
const OWNERS: [&str; 12] = [
    "token is for",
    "token for",
    "token of",
    "token belongs to",
    "token was issued to",
    "token owner",
    "token user",
    "authorized as",
    "consented as",
    "signed in as",
    "\"upn\"",
    "upn",
];
/// Behind these words stands for whom the sign-in is.
const SIGNS_IN_AS: [&str; 10] = [
    "logging in as",
    "login as",
    "log in as",
    "authenticating as",
    "connecting as",
    "mailbox",
    "user=",
    "user ",
    "username",
    "shared mailbox",
];

fn is_of_other_user(words: &str) -> bool {
    let owners: Vec<&str> = OWNERS.iter().flat_map(|mark| addresses(words, mark)).collect();
    let users: Vec<&str> = SIGNS_IN_AS.iter().flat_map(|mark| addresses(words, mark)).collect();
    !owners.is_empty() && users.iter().any(|user| !owners.contains(user))
}

/// The mail addresses right behind a mark.
fn addresses<'t>(words: &'t str, mark: &str) -> Vec<&'t str> {
    let behind = words.match_indices(mark).take(MOST).filter_map(|(at, mark)| {
        let rest = words[at + mark.len()..].trim_start_matches([' ', ':', '=', '"', '\'', '<', '(']);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | '@' | '-' | '_' | '+' | '#'));
        let word = rest[..end.unwrap_or(rest.len())].trim_end_matches('.');
        word.contains('@').then_some(word)
    });
    behind.collect()
}

/// A guest has `#EXT#` in the user name, see <https://learn.microsoft.com/entra/external-id/user-properties>.
fn is_of_guest(words: &str) -> bool {
    words.contains("#ext#") && words.contains("token")
}

/// What else expires.
const OTHERS: [&str; 6] = ["not yet", "refresh", "certificate", "secret", "password", "code"];

/// An access token that is said to be expired; a refresh token, a secret and a certificate have signs of their own.
fn is_expired(words: &str) -> bool {
    words.contains("token")
        && ["expired", "\"expires_in\":0", "\"expires_in\": 0", "expires_in=0"].iter().any(|sign| words.contains(sign))
        && !OTHERS.iter().any(|other| words.contains(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAP: Option<Protocol> = Some(Protocol::Imap);

    #[test]
    fn printed_claims_are_judged_like_a_token() {
        let graph = "payload: {\"aud\":\"https://graph.microsoft.com\",\"scp\":\"IMAP.AccessAsUser.All\"}";
        assert_eq!(proofs(graph, IMAP), [Proof::WrongAudience]);
        assert_eq!(proofs("{\\\"aud\\\":\\\"00000003-0000-0000-c000-000000000000\\\"}", IMAP), [Proof::WrongAudience]);
        let good =
            "{\"aud\":\"https://outlook.office365.com\",\"scp\":\"IMAP.AccessAsUser.All\",\"upn\":\"a@example.com\"}";
        assert!(proofs(good, IMAP).is_empty());
    }

    #[test]
    fn scopes_of_another_service_or_protocol() {
        assert_eq!(proofs("scope=https%3A%2F%2Fgraph.microsoft.com%2F.default", IMAP), [Proof::AskedOther]);
        assert_eq!(proofs("scope: https://outlook.office.com/SMTP.Send", IMAP), [Proof::AskedOtherScope]);
        for good in [
            "https://outlook.office.com/IMAP.AccessAsUser.All https://graph.microsoft.com/Mail.Read",
            "GET https://graph.microsoft.com/v1.0/me",
            "https://outlook.office365.com/.default",
        ] {
            assert!(proofs(good, IMAP).is_empty(), "{good}");
        }
    }

    #[test]
    fn whose_token_and_for_whom() {
        assert_eq!(proofs("token is for admin@example.com, logging in as info@example.com", IMAP), [Proof::OtherUser]);
        assert!(proofs("token for a@example.com, user=a@example.com", IMAP).is_empty());
        assert_eq!(proofs("the token is of jane_example.org#EXT#@contoso.onmicrosoft.com", IMAP), [Proof::Guest]);
        assert_eq!(proofs("the cached token expired 3 days ago", IMAP), [Proof::Expired]);
        assert!(proofs("the refresh token expired", IMAP).is_empty());
    }
}
