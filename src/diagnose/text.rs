//! What a text can mean by itself, with no run around it.

use super::{
    doubt,
    sign::{Candidate, ErrorDetails, best, fits},
    weigh::{CaseFile, Index, weigh},
};
use crate::{
    catalogue::{
        Catalogue, Cause,
        cause::{By, Share, Shows, Sign, Words},
        check::Of,
        index::SignNumber,
    },
    finding::{Because, Certainty, Owner},
};

/// A cause that a text can mean.
#[derive(Clone, Debug)]
pub struct Meant<'c> {
    /// The cause.
    pub cause: &'c Cause,
    /// How sure the text alone makes it.
    pub certainty: Certainty,
}

/// The causes that one refusal in a text can mean, best first, when the text as a whole can show these signs with words
/// ([`crate::catalogue::index`]). There are no other findings that could rule one out.
#[must_use]
pub fn of_text<'c>(heard: &ErrorDetails, worded: &[SignNumber], catalogue: &'c Catalogue) -> Vec<Meant<'c>> {
    let mut signs = worded.to_vec();
    signs.extend(catalogue.index().wordless(heard.kind, heard.codes()));
    signs.sort_unstable();
    let signs = signs.into_iter().map(|number| catalogue.sign(number));
    let told = signs.filter(|(_, sign)| sign.by != Some(By::Probe) && tells(sign, heard));
    // what a text does not say of the other addresses cannot settle anything
    let is_of_facts = |sign: &Sign| matches!(sign.shows, Shows::Finding { .. });
    let knows = |sign: &Sign| sign.share.is_none() || heard.share.is_some() || is_of_facts(sign);
    let raised = told.map(|(cause, sign)| Candidate {
        cause,
        sign,
        seen: Because::Found,
        essence: None,
        settles: sign.settles && knows(sign),
        at_most_possible: doubt::is_beside_code(sign, &heard.words),
    });
    let raised = raised.collect();
    let index = Index::default();
    let standing = weigh(best(raised), &CaseFile::without_findings(&index)).standing;
    // two causes that the same words settle contradict each other
    let alone = standing.iter().filter(|one| one.certainty == Certainty::Certain).count() == 1;
    let sure = |certainty| if alone { certainty } else { Certainty::max(certainty, Certainty::Likely) };
    let mut meant: Vec<Meant<'_>> =
        standing.iter().map(|one| Meant { cause: one.cause, certainty: sure(one.certainty) }).collect();
    // what nobody at the site can mend is looked for last
    meant.sort_by_key(|meant| (meant.certainty, meant.cause.owner == Owner::Microsoft));
    meant
}

/// Whether a refusal in a text shows a sign.
fn tells(sign: &Sign, heard: &ErrorDetails) -> bool {
    let of = sign.of.is_none_or(|of| heard.of.unwrap_or(Of::Microsoft) == of);
    let share = sign.share.is_none_or(|share| heard.share.unwrap_or(Share::All) == share);
    let words = |words: &[Words]| words.iter().any(|words| words.are_in(&heard.words));
    of && share
        && match &sign.shows {
            Shows::Failure(pattern) => fits(pattern, heard),
            Shows::Finding { words: sentences, .. } => words(sentences),
        }
}
