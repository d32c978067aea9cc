//! What was found, as values: which attempts showed the same, and which facts tell of it.

use super::Said;
use crate::{
    catalogue::Check,
    evidence::{Failure, Unit},
    finding::{Found, Group, essence},
};

/// What was found, for the finding.
pub(super) fn found(check: &Check, units: &[Unit<'_>], said: &[Said]) -> Found {
    let mut groups: Vec<(Key, Group)> = Vec::new();
    for (place, said) in said.iter().enumerate() {
        let Some((key, group)) = group(check, &units[place], said) else { continue };
        let attempt = units[place].attempt.map(|_| place);
        match groups.iter_mut().find(|(known, _)| *known == key) {
            Some((_, known)) => known.attempts.extend(attempt),
            None => groups.push((key, Group { attempts: attempt.into_iter().collect(), ..group })),
        }
    }
    if groups.is_empty() {
        return holds(check, units, said);
    }
    Found::Groups { groups: groups.into_iter().map(|(_, group)| group).collect() }
}

/// What makes two attempts one group: the same failure, or the same values.
#[derive(PartialEq)]
enum Key {
    Failure(Box<Failure>),
    Values(Vec<(String, String)>),
}

/// What speaks against the check or is a reservation; none where an attempt holds or says nothing.
fn group(check: &Check, unit: &Unit<'_>, said: &Said) -> Option<(Key, Group)> {
    let empty = Group { attempts: Vec::new(), missed: Vec::new(), context: Vec::new(), failed: false };
    match said {
        Said::Nothing | Said::Holds => None,
        Said::Stopped(failure) | Said::Ours(failure) => {
            Some((Key::Failure(Box::new(essence(failure))), Group { failed: true, ..empty }))
        }
        Said::Reserved(missed) | Said::Misses(missed) => {
            let shown = |fact: &&String| !missed.contains(fact) && unit.fact(fact).is_some();
            let context: Vec<String> = check.shows.iter().filter(shown).cloned().collect();
            let value = |fact: &String| unit.fact(fact).map(ToString::to_string).unwrap_or_default();
            let key = missed.iter().chain(&context).map(|fact| (fact.clone(), value(fact))).collect();
            Some((Key::Values(key), Group { missed: missed.clone(), context, ..empty }))
        }
    }
}

/// The facts that a check shows when it holds, and the attempts that came so far.
fn holds(check: &Check, units: &[Unit<'_>], said: &[Said]) -> Found {
    let tested = units.iter().zip(said).enumerate().filter(|(_, (_, said))| **said != Said::Nothing);
    let attempts = tested.filter_map(|(place, (unit, _))| unit.attempt.map(|_| place)).collect();
    Found::Holds { attempts, facts: check.shows.clone() }
}
