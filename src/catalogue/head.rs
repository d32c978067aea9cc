//! What a list shows of a check: for that, no check is read in full.
//!
//! In: the table that `build.rs` makes of the files in `checks/`, or checks that were read. Out: a [`Head`] for each.

use std::collections::BTreeMap;

use super::{Check, Section, built_in::HEADS};
use crate::{probe::FACTS, table::Mistake};

/// What a list shows of a check, and what the order of the checks depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head<'c> {
    /// Its id.
    pub id: &'c str,
    /// Its section of the checklist.
    pub section: Section,
    /// A statement that is true when the check passes.
    pub title: &'c str,
    /// The group of facts that it reads.
    pub probe: &'c str,
    /// The checks that must hold before.
    pub needs: Vec<&'c str>,
    /// Pages that say so.
    pub sources: Vec<&'c str>,
}

impl<'c> From<&'c Check> for Head<'c> {
    fn from(check: &'c Check) -> Self {
        Self {
            id: &check.id,
            section: check.section,
            title: &check.title,
            probe: check.probe.name,
            needs: check.needs.iter().map(String::as_str).collect(),
            sources: check.words.sources.iter().map(String::as_str).collect(),
        }
    }
}

impl Head<'_> {
    /// True for a part of the id or of the name of the section.
    #[must_use]
    pub fn has(&self, part: &str) -> bool {
        self.id.contains(part) || self.section.name().contains(part)
    }
}

/// The heads of the built-in checks, in the order of the catalogue.
///
/// # Panics
/// Never in a released program: a test compares them with the checks.
#[must_use]
pub fn built_in() -> Vec<Head<'static>> {
    let section =
        |name: &str| Section::ALL.into_iter().find(|known| known.name() == name).expect("a section of the list");
    let heads = HEADS.iter().map(|(id, [of_section, title, probe], needs, sources)| Head {
        id,
        section: section(of_section),
        title,
        probe,
        needs: needs.to_vec(),
        sources: sources.to_vec(),
    });
    order(heads.collect()).expect("the built-in checks need no check in a circle")
}

/// Section, then how deep the probe looks, then needs before what needs them, then id.
pub(super) fn order(mut heads: Vec<Head<'_>>) -> Result<Vec<Head<'_>>, Mistake> {
    let mut depths: BTreeMap<&str, usize> = BTreeMap::new();
    let mut left: Vec<&Head<'_>> = heads.iter().collect();
    while !left.is_empty() {
        let (ready, waiting): (Vec<&Head<'_>>, Vec<&Head<'_>>) =
            left.into_iter().partition(|head| head.needs.iter().all(|need| depths.contains_key(need)));
        if ready.is_empty() {
            return Err(Mistake {
                file: "checks".to_owned(),
                line: None,
                wrong: format!("{} needs itself, by way of what it needs", waiting[0].id),
                right: "break the circle of needs".to_owned(),
            });
        }
        for head in ready {
            let depth = head.needs.iter().map(|need| depths[need] + 1).max().unwrap_or(0);
            depths.insert(head.id, depth);
        }
        left = waiting;
    }
    let probe = |head: &Head<'_>| FACTS.iter().position(|(name, _)| *name == head.probe);
    heads.sort_by_cached_key(|head| (head.section, probe(head), depths[head.id], head.id));
    Ok(heads)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    #[test]
    fn each_head_is_that_of_its_check() {
        let catalogue = Catalogue::built_in();
        let of_checks: Vec<Head<'_>> = catalogue.checks.iter().map(Head::from).collect();
        assert_eq!(built_in(), of_checks);
    }

    #[test]
    fn head_is_found_by_its_id_or_its_section() {
        let head = built_in().into_iter().find(|head| head.id == "tls.trusted").unwrap();
        let section = head.section.name();
        assert!(!section.contains("tls") && head.has("tls.tr") && head.has(section) && !head.has("imap."));
    }
}
