//! The addresses of ECE's web pages, as the user's file states them. Nothing is contacted.

use super::{Fact, Shape, fact};
use crate::seen::Observation;

/// What the stated addresses can show.
pub const FACTS: &[Fact] = &[
    fact("url.setting", Shape::Text, "name of the setting"),
    fact("url.external", Shape::Text, "external URL"),
    fact("url.external_faults", Shape::List, "faults of form"),
    fact("url.console", Shape::Text, "typed by people"),
    fact("url.console_differs", Shape::List, "differences to what people type"),
    fact("url.redirect", Shape::Text, "sent by ECE"),
    fact("url.redirect_differs", Shape::List, "differences to the redirect URL"),
];

/// The stated addresses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {}

/// Compares the stated addresses.
#[must_use]
pub fn observe(_look: &Look) -> Observation {
    todo!()
}
