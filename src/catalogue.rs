//! What we know about ECE, Microsoft and Webex: checks, causes and dated tables, read from `checks/`.
//!
//! In: the files built into the program, and those of `--checks DIR` laid over them. Out: a [`Catalogue`] in which every
//! reference holds, or the first [`Mistake`] with file, line and the nearest right word.

mod built_in;
pub mod cause;
pub mod check;
pub mod console;
mod dated;
pub mod expect;
pub mod firewall;
pub mod head;
pub mod index;
pub mod layer;
pub mod lazy;
pub mod load;
pub mod phrases;
pub mod section;
pub mod tables;
pub mod wording;

pub use cause::Cause;
pub use check::Check;
pub use head::Head;
pub use section::Section;

use std::{collections::BTreeSet, sync::OnceLock};

use self::{
    index::{SignIndex, SignNumber},
    lazy::Lazy,
};
use crate::table::Mistake;

/// All checks, causes and tables.
#[derive(Debug)]
pub struct Catalogue {
    /// The checks: by section, by how deep they look, then by id.
    pub checks: Lazy<Vec<Check>>,
    /// The causes, in the order in which they must be mended.
    pub causes: Lazy<Vec<Cause>>,
    /// The dated tables.
    pub tables: tables::Tables,
    /// Which ECE server uses which protocol for what.
    pub firewall: Lazy<firewall::Firewall>,
    /// What finds the signs that can be meant; made when it is first asked for.
    index: OnceLock<SignIndex>,
}

impl Catalogue {
    /// The catalogue that is built into the program. Each part of it is read when it is first asked for.
    #[must_use]
    pub fn built_in() -> Self {
        load::built_in()
    }

    /// The built-in catalogue with the files of a folder laid over it: a file at the same place replaces ours.
    ///
    /// # Errors
    /// The first mistake in the folder's files.
    pub fn with_folder(folder: &std::path::Path) -> Result<Self, Mistake> {
        load::load(Some(folder))
    }

    /// The date of the newest table: what a reader must know before trusting what is said about levels and ranges.
    #[must_use]
    pub fn date(&self) -> String {
        self.tables.date().to_string()
    }

    /// The check with this id.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// What a list shows of each check, for which the built-in checks are not read.
    #[must_use]
    pub fn heads(&self) -> Vec<Head<'_>> {
        match self.checks.made() {
            Some(checks) => checks.iter().map(Head::from).collect(),
            None => head::built_in(),
        }
    }

    /// The ids of the checks that by passing, failing or failing alike speak for or against a cause. The built-in causes are
    /// not read for it.
    #[must_use]
    pub fn witnesses(&self) -> BTreeSet<&str> {
        let Some(causes) = self.causes.made() else { return built_in::WITNESSES.iter().copied().collect() };
        let spoken = causes.iter().flat_map(|cause| [&cause.evidence_for, &cause.evidence_against]);
        spoken.flat_map(|one| [&one.pass, &one.fail, &one.alike]).flatten().map(String::as_str).collect()
    }

    /// The checks that read what colleagues export, and that a person may confirm by hand.
    #[must_use]
    pub fn of_evidence(&self) -> Vec<&str> {
        self.checks.iter().filter(|check| check.asks.is_some()).map(|check| check.id.as_str()).collect()
    }

    /// The hosts of all clouds, and of checks that name one themselves.
    #[must_use]
    pub fn hosts(&self) -> Vec<&str> {
        let of_clouds = self.tables.clouds.clouds.iter().flat_map(|cloud| &cloud.endpoints);
        let of_checks = self.checks.iter().filter_map(|check| check.probe.place.as_ref());
        of_clouds.map(|endpoint| endpoint.host.as_str()).chain(of_checks.map(|(host, _)| host.as_str())).collect()
    }

    /// Every sign with its cause, in the order in which the causes must be mended.
    pub fn signs(&self) -> impl Iterator<Item = (&Cause, &cause::Sign)> {
        self.causes.iter().flat_map(|cause| cause.signs.iter().map(move |sign| (cause, sign)))
    }

    /// What finds the signs that can be meant.
    #[must_use]
    pub fn index(&self) -> &SignIndex {
        self.index.get_or_init(|| SignIndex::of(&self.causes))
    }

    /// The sign of this number with its cause.
    #[must_use]
    pub fn sign(&self, number: SignNumber) -> (&Cause, &cause::Sign) {
        let (cause, sign) = self.index().place(number);
        (&self.causes[cause], &self.causes[cause].signs[sign])
    }

    /// The cause with this code.
    #[must_use]
    pub fn cause(&self, code: &str) -> Option<&Cause> {
        self.causes.iter().find(|cause| cause.code == code)
    }
}
