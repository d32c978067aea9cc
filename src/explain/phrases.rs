//! What operating systems, languages and libraries say of a name, a connection or a certificate.
//!
//! In: a text in small letters. Out: what was found as [`ErrorDetails`], what is last in the text first. The phrases and what
//! they mean are a table, `checks/tables/phrases.toml`; a number alone counts only where it is named as an error.

use std::{cmp::Reverse, collections::HashMap};

use super::{at_large, context};
use crate::{
    catalogue::phrases::Phrases,
    diagnose::ErrorDetails,
    evidence::{
        FailureKind::{self, NotOffered},
        Protocol::{self, Imap, Pop3, Smtp},
        Stage::{self, Capabilities, Ehlo},
    },
};

/// How a server begins to say what it offers.
type Offer = (&'static str, Protocol, Stage, FailureKind);

/// How a server says which sign-ins it offers (RFC 9051, section 6.1.1; RFC 5034, section 3; RFC 4954, section 3).
const OFFERS: &[Offer] = &[
    ("* capability imap4", Imap, Capabilities, NotOffered),
    ("sasl plain", Pop3, Capabilities, NotOffered),
    ("sasl login", Pop3, Capabilities, NotOffered),
    ("250-auth ", Smtp, Ehlo, NotOffered),
    ("250 auth ", Smtp, Ehlo, NotOffered),
];

/// All phrases, with those of more than one word that say something at large only.
pub fn phrases<'t>(table: &'t Phrases) -> impl Iterator<Item = &'t str> {
    let own = OFFERS.iter().map(|(phrase, ..)| *phrase).chain(at_large::phrases());
    table.all().iter().map(|phrase| phrase.words.as_str()).chain(own.map(|phrase| -> &'t str { phrase }))
}

/// What a text says in these phrases, what is last first; of two that end at the same place, the longer.
#[must_use]
pub fn extract(words: &str, table: &Phrases) -> Vec<ErrorDetails> {
    // of each phrase the last occurrence counts
    let mut last = HashMap::new();
    for (at, phrase) in table.find(words).filter(|(at, phrase)| is_whole(words, *at, &phrase.words)) {
        let end = at + phrase.words.len();
        last.insert(phrase.words.as_str(), (end, phrase.words.len(), phrase.protocol, phrase.stage, phrase.kind));
    }
    let mut found: Vec<_> = last.into_values().collect();
    if found.is_empty() {
        found.extend(lacking(words));
    }
    found.sort_by_key(|(end, length, ..)| Reverse((*end, *length)));
    let heard = found.into_iter().map(|(_, _, protocol, stage, kind)| ErrorDetails {
        protocol: Some(protocol),
        stage,
        kind: Some(kind),
        words: words.to_owned(),
        ..ErrorDetails::default()
    });
    heard.collect()
}

/// An offer of sign-ins among which XOAUTH2 is missing.
fn lacking(words: &str) -> Option<(usize, usize, Protocol, Option<Stage>, FailureKind)> {
    let (at, offer) =
        OFFERS.iter().filter_map(|offer| Some((words.rfind(offer.0)?, offer))).max_by_key(|(at, _)| *at)?;
    let offers = &words[at..];
    let names_any = *offer != OFFERS[0] || offers.contains("auth=");
    let (phrase, protocol, stage, kind) = *offer;
    (names_any && !offers.contains("xoauth2")).then_some((at + phrase.len(), phrase.len(), protocol, Some(stage), kind))
}

/// Whether a phrase is not the tail of a longer word, nor the head of a longer number, nor a number that may be an id.
fn is_whole(words: &str, at: usize, phrase: &str) -> bool {
    let is_number = phrase.ends_with(|c: char| c.is_ascii_digit());
    let is_code = phrase.bytes().all(|byte| byte.is_ascii_digit());
    let tail = phrase.starts_with(char::is_alphanumeric) && words[..at].ends_with(char::is_alphanumeric);
    let head = is_number && words[at + phrase.len()..].starts_with(|c: char| c.is_ascii_digit());
    !tail && !head && (!is_code || context::is_named_error(&words[..at]))
}
