//! What a text names: the server, the mailbox and the application.
//!
//! In: a text. Out: [`Names`], each only where the text names one and no other. Pure. A mailbox is an address behind `user`,
//! `mailbox`, `alias` and the like, or in a path of Graph (`/users/ADDRESS/`); other addresses may be those of customers. An
//! application is an id behind `application`, `app` or `client_id`, as Entra writes it. Who signs in and what is opened are
//! told apart where a text has several addresses. What may be a secret is no name.

use std::cell::LazyCell;

use uuid::Uuid;

use super::{place, redact};
use crate::diagnose::Names;

/// Longer texts are logs, in which many are named.
const LONGEST: usize = 32 << 10;
/// Words that say that what follows is who signs in.
const USERS: [&str; 9] =
    ["user", "username", "user_name", "user name", "userid", "userprincipalname", "upn", "account", "login"];
/// Words that say that what follows is a mailbox.
const MAILBOXES: [&str; 2] = ["mailbox", "alias"];
/// Words that say that what follows is the application that signs in.
const APPLICATIONS: [&str; 10] = [
    "app",
    "application",
    "application with identifier",
    "application with id",
    "client app id",
    "client_id",
    "clientid",
    "client id",
    "appid",
    "application id",
];
/// An application of Microsoft's, or the one that is asked for.
const MICROSOFTS: [&str; 6] = [
    "first party application",
    "first party app",
    "resource app",
    "resource application",
    "resource app id",
    "resource application id",
];
/// What may stand between a label and what it labels.
const QUOTES: [char; 10] = [' ', '=', ':', '"', '\'', '<', '[', '(', '`', '\\'];
/// Before an address in a request to Graph.
const PATHS: [&str; 3] = ["/users/", "/users('", "/users(%27"];
/// Names of servers, which stand behind an @ in identifiers of messages and sessions.
const SERVERS: [&str; 3] = [".outlook.com", ".exchangelabs.com", ".office365.com"];

/// What a text names.
#[must_use]
pub fn of(text: &str) -> Names {
    if text.len() > LONGEST {
        return Names::default();
    }
    let addresses: Vec<(&str, &str)> = text.match_indices('@').filter_map(|(at, _)| address(text, at)).collect();
    let labelled = |is_one: &dyn Fn(&str) -> bool| one(addresses.iter().filter(|one| is_one(one.0)).map(|one| one.1));
    let (user, mailbox) = (labelled(&|ahead| is_labelled(ahead, &USERS)), labelled(&is_of_mailbox));
    // who signs in to the only address that is named signs in to that mailbox
    let only = one(addresses.iter().map(|one| one.1)).filter(|_| user.is_some() || mailbox.is_some());
    let shown = LazyCell::new(|| redact::redact(text).to_lowercase());
    let is_shown = |name: &String| shown.contains(name);
    let applications = text.match_indices('-').filter_map(|(at, _)| application(text, at));
    Names {
        server: place::of(text),
        mailbox: mailbox.or_else(|| only.clone()).filter(is_shown),
        user: user.or(only).filter(is_shown),
        application: one(applications),
    }
}

/// Whether what stands before an address says that it is a mailbox.
fn is_of_mailbox(ahead: &str) -> bool {
    PATHS.iter().any(|path| ends_with(ahead, path)) || is_labelled(ahead, &MAILBOXES)
}

/// What two texts name alike.
pub(super) fn common(names: &Names, others: &Names) -> Names {
    Names {
        server: names.server.clone().filter(|server| others.server.as_ref() == Some(server)),
        mailbox: names.mailbox.clone().filter(|mailbox| others.mailbox.as_ref() == Some(mailbox)),
        user: names.user.clone().filter(|user| others.user.as_ref() == Some(user)),
        application: names.application.clone().filter(|id| others.application.as_ref() == Some(id)),
    }
}

/// The only one there is, in whatever case it is written.
fn one<'t>(mut all: impl Iterator<Item = &'t str>) -> Option<String> {
    let first = all.next()?;
    all.all(|other| other.eq_ignore_ascii_case(first)).then(|| first.to_lowercase())
}

/// The client id whose first hyphen is here, where the words before it say that it is one.
fn application(text: &str, at: usize) -> Option<&str> {
    let from = at.checked_sub(8)?;
    let id = text.get(from..from + 36)?;
    let ahead = &text[..from];
    let is_whole = !ahead.ends_with(|c: char| c.is_alphanumeric() || c == '-');
    let is_of_others = || MICROSOFTS.iter().any(|of| ahead.trim_end_matches(QUOTES).to_ascii_lowercase().ends_with(of));
    (is_whole
        && Uuid::try_parse(id).is_ok_and(|id| !id.is_nil())
        && is_labelled(ahead, &APPLICATIONS)
        && !is_of_others())
    .then_some(id)
}

/// The address around this @, behind what stands before it. What stands before the host in a URL is no address.
fn address(text: &str, at: usize) -> Option<(&str, &str)> {
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
    let ahead = &before[..before.len() - user.len()];
    let is_of_url = ahead
        .rsplit(char::is_whitespace)
        .next()
        .is_some_and(|word| word.rsplit_once("://").is_some_and(|(_, behind)| !behind.contains(['/', '?'])));
    (is_mailbox && !is_of_url).then(|| (ahead, &text[at - user.len()..=at + domain.len()]))
}

/// Whether what stands before a value ends with one of these labels.
fn is_labelled(ahead: &str, labels: &[&str]) -> bool {
    let label = ahead.trim_end_matches(QUOTES);
    let is_label = |known: &&str| {
        ends_with(label, known)
            && !label[..label.len() - known.len()].ends_with(|c: char| c.is_alphanumeric() || c == '_')
    };
    label.len() < ahead.len() && labels.iter().any(is_label)
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
            assert_eq!(of(text).mailbox.as_deref(), Some("sales@contoso.com"), "{text}");
        }
    }

    #[test]
    fn other_addresses_and_several_are_no_mailbox() {
        for text in [
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; carol@example.org",
            "user a@contoso.com and user b@contoso.com",
            "http://svc-user:Hunter2Secret@proxy.contoso.com:8080 smtp://login:Hunter2Secret@mail.contoso.com",
            "user contoso\\sales@contoso.com@local",
            "superuser sales@contoso.com, enduser=<sales@contoso.com>",
            "user $(calc)@contoso.com",
            "user sales@contoso",
            "user@",
            "ユーザー@contoso.com",
        ] {
            assert_eq!(of(text).mailbox, None, "{text}");
        }
    }

    #[test]
    fn user_and_mailbox_are_told_apart() {
        let names = |text: &str| (of(text).user.unwrap_or_default(), of(text).mailbox.unwrap_or_default());
        let pair = |user: &str, mailbox: &str| (user.to_owned(), mailbox.to_owned());
        let (svc, info) = ("svc@contoso.com", "info@contoso.com");
        assert_eq!(names("user svc@contoso.com has no rights in mailbox info@contoso.com"), pair(svc, info));
        assert_eq!(names("5.7.60 send as this sender. Login: svc@contoso.com From: info@contoso.com"), pair(svc, ""));
        assert_eq!(names("login svc@contoso.com failed"), pair(svc, svc));
        assert_eq!(names("mailbox info@contoso.com not found"), pair(info, info));
    }

    #[test]
    fn application_is_the_one_that_signs_in() {
        let id = "6731de76-14a6-49ae-97bc-6eba6914391e";
        for text in [
            "AADSTS700016: Application with identifier '6731de76-14a6-49ae-97bc-6eba6914391e' was not found in the directory 'x'",
            "AADSTS7000222: The provided client secret keys for app '6731DE76-14a6-49ae-97bc-6eba6914391e' are expired.",
            "AADSTS650057: Client app ID: 6731de76-14a6-49ae-97bc-6eba6914391e(ECE). Resource app ID: 1731de76-14a6-49ae-97bc-6eba6914391e.",
            "use the application with ID '6731de76-14a6-49ae-97bc-6eba6914391e' named 'ECE'. Trace ID: 2731de76-14a6-49ae-97bc-6eba6914391e",
            "POST /token client_id=6731de76-14a6-49ae-97bc-6eba6914391e&grant_type=refresh_token",
        ] {
            assert_eq!(of(text).application.as_deref(), Some(id), "{text}");
        }
        for text in [
            "Trace ID: 6731de76-14a6-49ae-97bc-6eba6914391e",
            "Resource application ID: 6731de76-14a6-49ae-97bc-6eba6914391e",
            "between first party application '6731de76-14a6-49ae-97bc-6eba6914391e'",
            "application '00000000-0000-0000-0000-000000000000'",
            "app 6731de76-14a6-49ae-97bc-6eba6914391e and app 1731de76-14a6-49ae-97bc-6eba6914391e",
            "app 6731de76-14a6-49ae-97bc",
        ] {
            assert_eq!(of(text).application, None, "{text}");
        }
    }
}
