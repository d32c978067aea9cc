//! The installed level of ECE, as the user's file states it, held against the table of levels. Nothing is contacted.

use super::{Fact, Shape, fact};
use crate::seen::Observation;

/// What a stated level can show.
pub const FACTS: &[Fact] = &[
    fact("version.release", Shape::Text, "release"),
    fact("version.level", Shape::Text, "installed level"),
    fact("version.required", Shape::Text, "lowest level with OAuth"),
    fact("version.verdict", Shape::Text, "level"),
    fact("version.missing", Shape::List, "packages missing"),
    fact("version.newest_known", Shape::Text, "newest level in the table"),
    fact("version.is_newest", Shape::Bool, "newest level"),
    fact("version.table_date", Shape::Text, "date of the table"),
];

/// What the user's file states of the level, and what the table knows of the release.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {}

/// Holds the stated level against the table.
#[must_use]
pub fn observe(_look: &Look) -> Observation {
    todo!()
}
