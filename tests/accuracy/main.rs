//! How often a text's cause is named rightly: the corpus of real texts, judged by its own rules.
//!
//! The corpus lies beside the checkout (`../shared/corpus/errors.jsonl`) or where `ECE_CHECK_CORPUS` says. Run it with
//! `make accuracy`; `ECE_CHECK_MISSES=1` lists the misses.

mod lab;

use std::path::PathBuf;

use ece_check::{
    catalogue::Catalogue,
    explain::{Channel, Meaning, explain},
    finding::Certainty,
};
use serde::Deserialize;

/// What `make accuracy` must reach, in per cent.
const GOAL: f64 = 97.0;

#[derive(Deserialize)]
struct Line {
    id: String,
    channel: String,
    text: String,
    cause: Answer,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Answer {
    One(String),
    Several(Vec<String>),
}

#[test]
fn the_corpus_is_explained() {
    let place = std::env::var("ECE_CHECK_CORPUS").map_or_else(|_| beside(), PathBuf::from);
    let Ok(corpus) = std::fs::read_to_string(&place) else {
        let shared = beside().parent().and_then(|folder| folder.parent()).is_some_and(std::path::Path::exists);
        assert!(!(std::env::var("CI").is_ok_and(|ci| ci == "true") && shared), "{} is not there", place.display());
        println!("ignored: corpus not there");
        return;
    };
    let lines: Vec<Line> =
        corpus.lines().map(|line| serde_json::from_str(line).expect("a line of the corpus")).collect();
    let catalogue = Catalogue::built_in();
    for with_hint in [false, true] {
        measure(&lines, &catalogue, with_hint);
    }
}

fn beside() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus/errors.jsonl")
}

fn measure(lines: &[Line], catalogue: &Catalogue, with_hint: bool) {
    let (mut settled, mut settled_right, mut open, mut open_right, mut too_sure) = (0, 0, 0, 0, 0);
    for line in lines {
        let hint = with_hint.then(|| <Channel as clap::ValueEnum>::from_str(&line.channel, true).expect("a channel"));
        let meaning = explain(&line.text, hint, catalogue);
        let named: Vec<&str> = meaning.causes.iter().map(|meant| meant.cause.code.as_str()).collect();
        match &line.cause {
            Answer::One(cause) => {
                settled += 1;
                settled_right += tell(named == [cause.as_str()], &line.id, &format!("{cause} alone"), &meaning);
            }
            Answer::Several(causes) => {
                open += 1;
                open_right += tell(
                    named.iter().any(|named| causes.iter().any(|cause| cause == named)),
                    &line.id,
                    &causes.join(" | "),
                    &meaning,
                );
                let sure = meaning.causes.len() == 1 && meaning.causes[0].certainty == Certainty::Certain;
                too_sure += 1 - tell(!sure, &line.id, "not so sure", &meaning);
            }
        }
    }
    let percent = |part: usize, whole: usize| {
        100.0 * f64::from(u32::try_from(part).unwrap_or(0)) / f64::from(u32::try_from(whole.max(1)).unwrap_or(1))
    };
    let (first, named) = (percent(settled_right, settled), percent(open_right, open));
    println!("{}", if with_hint { "with the channel as a hint" } else { "from the text alone" });
    println!("  settled by the text:  {settled:4}, the cause first and alone   {first:5.1} %  (goal {GOAL} %)");
    println!("  left open by it:      {open:4}, a listed cause named         {named:5.1} %  (goal {GOAL} %)");
    println!("  left open by it:            a single certain cause claimed {too_sure:3}    (goal 0)");
    assert!(first >= GOAL && named >= GOAL && too_sure == 0, "below the goal; ECE_CHECK_MISSES=1 lists the misses");
}

/// 1 when it is right; otherwise 0, and the miss is printed when misses are asked for.
fn tell(is_right: bool, id: &str, wanted: &str, meaning: &Meaning<'_>) -> usize {
    if !is_right && std::env::var("ECE_CHECK_MISSES").is_ok() {
        let named: Vec<String> =
            meaning.causes.iter().map(|meant| format!("{} ({:?})", meant.cause.code, meant.certainty)).collect();
        println!("MISS {id}: wanted {wanted}; named {}", named.join(", "));
    }
    usize::from(is_right)
}
