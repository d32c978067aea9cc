//! Which checks a run has: those that were asked for, what they need, and what speaks for or against their causes.

use std::collections::BTreeSet;

use super::{BadSelection, Selection, exported::is_of_evidence};
use crate::{
    catalogue::{Catalogue, Check, check::SubjectKind},
    evidence::Protocol,
    probe::{
        round_trip,
        service::{LAYERS, Layer},
    },
    table::nearest,
};

/// A check that a run has, with what of it does not depend on the subject.
pub(super) struct Chosen<'c> {
    pub(super) check: &'c Check,
    /// The group of facts of a service that it reads; none for checks of names, accounts and the user's file.
    pub(super) layer: Option<&'static Layer>,
    /// The protocol over which its facts are seen.
    pub(super) protocol: Option<Protocol>,
    /// Whether it reads what colleagues have exported.
    pub(super) is_of_evidence: bool,
    /// Whether the user named it by its id.
    pub(super) is_asked_by_id: bool,
}

impl<'c> Chosen<'c> {
    fn of(check: &'c Check, selection: &Selection) -> Self {
        let layer = LAYERS.iter().find(|layer| layer.name == check.probe.name);
        let (round_trip, entry) = round_trip::ENTRY;
        Self {
            check,
            layer,
            protocol: if check.probe.name == round_trip { Some(entry) } else { layer.and_then(|layer| layer.protocol) },
            is_of_evidence: is_of_evidence(check),
            is_asked_by_id: selection.only.iter().any(|word| *word == check.id),
        }
    }
}

/// Refuses a word that names no check.
pub(super) fn known_words(catalogue: &Catalogue, flag: &'static str, words: &[String]) -> Result<(), BadSelection> {
    let names = |word: &String| catalogue.checks.iter().any(|check| check.is_named(word));
    let Some(word) = words.iter().find(|word| !names(word)) else { return Ok(()) };
    let sections: BTreeSet<&str> = catalogue.checks.iter().map(|check| check.section.name()).collect();
    let parts = catalogue.checks.iter().flat_map(|check| [Some(check.id.as_str()), check.id.split('.').next()]);
    let near = nearest(word, &parts.flatten().chain(sections.iter().copied()).collect::<Vec<_>>());
    let nearest = near.map_or_else(
        || format!("sections: {}; checks: see ece-check list", sections.into_iter().collect::<Vec<_>>().join(", ")),
        |near| format!("did you mean {near}?"),
    );
    Err(BadSelection::UnknownWord { flag, word: word.clone(), nearest })
}

/// True for a check that `--only` names, and for every check where nothing is named.
pub(super) fn is_asked(check: &Check, selection: &Selection) -> bool {
    selection.only.is_empty() || selection.only.iter().any(|word| check.is_named(word))
}

/// The checks that speak for or against a cause and cost nothing where a mailbox or an account is tested: those that read
/// its token, or evidence that was given.
fn witnesses(catalogue: &Catalogue) -> Vec<&Check> {
    let ids = catalogue.witnesses();
    catalogue.checks.iter().filter(|check| needs_no_connection(check) && ids.contains(check.id.as_str())).collect()
}

/// True for a check that reads the token of an account, or evidence.
pub(super) fn needs_no_connection(check: &Check) -> bool {
    check.subject == SubjectKind::Account || is_of_evidence(check)
}

/// True for a check that signs in to a mailbox or asks for a token.
fn uses_a_token(check: &Check) -> bool {
    matches!(check.subject, SubjectKind::Account | SubjectKind::Mailbox) && !is_of_evidence(check)
}

/// The chosen checks, what they need and what may rule their causes out, in the order of the catalogue.
pub(super) fn choose<'c>(catalogue: &'c Catalogue, selection: &Selection) -> Vec<Chosen<'c>> {
    let mut wanted: Vec<&Check> = catalogue.checks.iter().filter(|check| is_asked(check, selection)).collect();
    if !selection.only.is_empty() && wanted.iter().any(|check| uses_a_token(check)) {
        wanted.extend(witnesses(catalogue));
    }
    let mut at = 0;
    while at < wanted.len() {
        let missing: Vec<&Check> = wanted[at].needs.iter().filter_map(|need| catalogue.check(need)).collect();
        for check in missing {
            if !wanted.iter().any(|known| known.id == check.id) {
                wanted.push(check);
            }
        }
        at += 1;
    }
    let left_out = |check: &Check| selection.skip.iter().any(|word| check.is_named(word));
    let is_wanted = |check: &&Check| wanted.iter().any(|known| known.id == check.id) && !left_out(check);
    catalogue.checks.iter().filter(is_wanted).map(|check| Chosen::of(check, selection)).collect()
}
