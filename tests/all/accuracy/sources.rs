//! How texts of an unknown source are read: each is compared with the catalogue less what was made of its source.
//!
//! In: all labeled texts. A source is a thread, a page or a program; texts that share one are of the same source. What the
//! catalogue says in the words of any of them (a sample, the words of a sign, a title) is left out while they are compared.

use std::collections::{BTreeMap, HashMap};

use ece_check::{
    catalogue::Catalogue,
    explain::resemble::{LeftOut, Samples},
};

use super::{ROUND2, TranscriptLine, UNSEEN, corpus, lists_misses, nothing, percent, read};

/// How often a right cause must be among those that are suggested, in per cent.
const RIGHT: f64 = 55.0;
/// How many of the texts must get suggestions at all, in per cent: right ones are no merit where nearly nothing is answered.
const LEAST: f64 = 18.0;

/// The names of the sources of a text: `owner/name#1; owner/name#2 (form)` are two.
fn names(source: &str) -> impl Iterator<Item = &str> {
    source.split(';').map(|name| name.trim().trim_start_matches("form of ").split(" (").next().unwrap_or_default())
}

/// For each source, the samples that may have been made of one of its texts.
fn made_of<'l>(lines: &'l [TranscriptLine], samples: &Samples<'_>) -> HashMap<&'l str, LeftOut> {
    let mut made: HashMap<&str, LeftOut> = HashMap::new();
    for line in lines {
        let of_text = samples.made_of(&line.text);
        for name in names(&line.source) {
            made.entry(name).or_default().extend(&of_text);
        }
    }
    made
}

#[test]
fn texts_resemble_a_right_cause_without_what_was_made_of_their_source() {
    let catalogue = Catalogue::built_in();
    let samples = Samples::of(&catalogue);
    let lines: Vec<TranscriptLine> = [read(&corpus()), read(UNSEEN), read(ROUND2)].into_iter().flatten().collect();
    let made = made_of(&lines, &samples);
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    let mut add = |what, is| *count.entry(what).or_default() += u32::from(is);
    for line in &lines {
        add("texts", true);
        let left_out: LeftOut = names(&line.source).filter_map(|name| made.get(name)).flatten().copied().collect();
        let found = samples.resembling_without(&line.text, &left_out);
        let is_right = found.iter().any(|meant| line.cause.has(&meant.cause.code));
        add("answered", !found.is_empty());
        add("right", is_right);
        if !found.is_empty() && !is_right && lists_misses("resembling") {
            let named: Vec<&str> = found.iter().map(|meant| meant.cause.code.as_str()).collect();
            println!("RESEMBLES {}: {named:?}\n     {:?}", line.id, line.text);
        }
    }
    let of = |what: &str| count.get(what).copied().unwrap_or(0);
    let right = percent(of("right"), of("answered"));
    println!(
        "leaving out the source of each text, {} texts of {} sources, by resemblance alone\n  {} answered (at least {LEAST} %), \
         a right cause among three {right:5.1} %  (goal {RIGHT} %)",
        lines.len(),
        made.len(),
        of("answered"),
    );
    assert!(right >= RIGHT && percent(of("answered"), of("texts")) >= LEAST);
    let named: Vec<String> = nothing().filter(|line| !samples.resembling(line).is_empty()).collect();
    assert!(named.is_empty(), "these resemble something:\n{}", named.join("\n"));
}
