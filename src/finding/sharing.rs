//! Findings as a report is read: texts that many of them have are there once.

use std::fmt;

use serde::{
    Deserializer,
    de::{SeqAccess, Visitor},
};

use super::Finding;
use crate::evidence::Sharer;

/// Reads findings.
pub(super) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Finding>, D::Error> {
    deserializer.deserialize_seq(Findings)
}

struct Findings;

impl<'de> Visitor<'de> for Findings {
    type Value = Vec<Finding>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Finding>, A::Error> {
        let (mut findings, mut sharer) = (Vec::new(), Sharer::default());
        while let Some(mut finding) = list.next_element::<Finding>()? {
            finding.share(&mut sharer);
            findings.push(finding);
        }
        Ok(findings)
    }
}

impl Finding {
    fn share(&mut self, sharer: &mut Sharer) {
        let Self { check, section, title, fails, account, expected, found, means, next, .. } = self;
        for text in [check, section, title, fails, expected, found, means].into_iter().chain(account).chain(next) {
            *text = sharer.text(text);
        }
    }
}
