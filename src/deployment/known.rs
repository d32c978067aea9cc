//! The checks and causes that a site file names: an id that there is not would never take effect.

use super::{Deployment, Mistakes, left_over::quoted};
use crate::table::{Mistake, nearest};

/// The id of a check or a cause that the file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NamedId {
    /// The key, such as `waiver.check`.
    pub(super) key: &'static str,
    pub(super) id: String,
    pub(super) file: String,
    pub(super) line: Option<usize>,
}

/// The ids that there are, and the hosts that a run can have besides those of the file.
#[derive(Clone, Copy, Debug, Default)]
pub struct KnownIds<'k> {
    /// Of checks.
    pub checks: &'k [&'k str],
    /// Of causes.
    pub causes: &'k [&'k str],
    /// Of checks that read evidence, which a person can confirm.
    pub of_evidence: &'k [&'k str],
    /// Hosts of Microsoft's clouds, and of checks that name one themselves.
    pub hosts: &'k [&'k str],
}

impl NamedId {
    /// A mistake, when there is no such id.
    pub(super) fn mistake(&self, known: KnownIds<'_>) -> Option<Mistake> {
        let (what, known) = match self.key {
            "waiver.cause" => ("no cause has this id", known.causes),
            "attestation.check" => ("no check that can be confirmed by hand has this id", known.of_evidence),
            _ => ("no check has this id", known.checks),
        };
        // a list of all of them would fill a screen
        let right = || match nearest(&self.id, known) {
            Some(near) => format!("did you mean {near}?"),
            None => "see ece-check list, and ece-check list --causes".to_owned(),
        };
        (!known.contains(&self.id.as_str())).then(|| Mistake {
            file: self.file.clone(),
            line: self.line,
            wrong: format!("invalid {} {}: {what}", self.key, quoted(&self.id, "value")),
            right: right(),
        })
    }
}

impl Deployment {
    /// True when the file names checks or causes, which only the catalogue knows.
    #[must_use]
    pub fn names_ids(&self) -> bool {
        !self.waivers.is_empty() || !self.attestations.is_empty()
    }

    /// Refuses waivers and attestations of what the catalogue or the site does not have.
    ///
    /// # Errors
    /// Each unknown id and subject, with its line and the nearest known one.
    pub fn with_known_ids(self, known: KnownIds<'_>) -> Result<Self, Mistakes> {
        let mut mistakes: Vec<_> = self.named_ids().iter().filter_map(|named| named.mistake(known)).collect();
        mistakes.extend(self.unknown_subjects(known.hosts));
        match Mistakes::of(mistakes) {
            Some(mistakes) => Err(mistakes),
            None => Ok(self),
        }
    }

    fn named_ids(&self) -> Vec<NamedId> {
        let named = |key, id: &str, file: &str, line| NamedId { key, id: id.to_owned(), file: file.to_owned(), line };
        let mut all = Vec::new();
        for waiver in &self.waivers {
            let place = &waiver.place;
            all.push(named("waiver.check", &waiver.check, &place.file, place.check));
            all.extend(waiver.cause.as_deref().map(|cause| named("waiver.cause", cause, &place.file, place.cause)));
        }
        let attested = self.attestations.iter();
        all.extend(attested.map(|one| named("attestation.check", &one.check, &one.file, Some(one.line))));
        all
    }
}
