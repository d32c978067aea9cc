//! What one test saw, address by address, with the time of each step, what was measured and what was said.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{clean, value::Line};
use crate::{
    evidence::{Attempt, Facts, Observation, Route, Source, Timing, TranscriptLine},
    finding::{Report, Status},
    report::{prose, transcript, words},
};

/// The last lines of a conversation that are shown.
const LINES: usize = 60;

/// What one test saw.
#[derive(Serialize)]
pub(super) struct ConnectionView {
    id: String,
    subject: String,
    probe: String,
    tone: &'static str,
    word: &'static str,
    brief: String,
    route: String,
    source: String,
    failure: String,
    steps: Vec<StepView>,
    attempts: Vec<AttemptView>,
    facts: Vec<Line>,
    said: Vec<String>,
    said_left: usize,
}

/// What one address showed.
#[derive(Serialize)]
struct AttemptView {
    address: String,
    dialed: String,
    tone: &'static str,
    word: &'static str,
    total: String,
    failure: String,
    steps: Vec<StepView>,
    facts: Vec<Line>,
    said: Vec<String>,
    said_left: usize,
}

/// One step with its place on a line of time.
#[derive(Serialize)]
struct StepView {
    name: String,
    ms: String,
    from: String,
    width: String,
}

/// The place of a test in the page.
pub(super) fn id(prefix: &str, look: usize) -> String {
    format!("{prefix}test-{}", look + 1)
}

/// What a link to a test says.
pub(super) fn name(report: &Report, look: usize) -> String {
    let look = &report.looks[look];
    clean(&format!("{} ({}{})", look.subject, look.probe, if look.beside { ", other route" } else { "" }))
}

/// The tests that are shown: first those of what did not pass, then the others, as many as there is room for.
pub(super) fn shown(report: &Report, most: usize) -> BTreeSet<usize> {
    let is_bad = |status| matches!(status, Status::Fail | Status::Warn | Status::Error);
    let of_bad = report.findings.iter().filter(|finding| is_bad(finding.status)).filter_map(|finding| finding.look);
    let seen = (0..report.looks.len()).filter(|place| has_evidence(&report.looks[*place]));
    let mut shown = BTreeSet::new();
    for place in of_bad.filter(|place| *place < report.looks.len()).chain(seen) {
        if shown.len() >= most {
            break;
        }
        shown.insert(place);
    }
    shown
}

/// False for a test that was not made.
fn has_evidence(look: &Observation) -> bool {
    let has_facts = look.facts.iter().next().is_some();
    has_facts || look.failure.is_some() || !look.attempts.is_empty() || !look.tried.is_empty()
}

/// What is shown of a test.
pub(super) fn view(report: &Report, place: usize, prefix: &str) -> ConnectionView {
    let look = &report.looks[place];
    let attempts: Vec<&Attempt> = look.attempts.iter().chain(&look.tried).collect();
    let common = common(look, &attempts);
    let (tone, word) = outcome(look);
    let (said, said_left) = said(&look.transcript);
    ConnectionView {
        id: id(prefix, place),
        subject: name(report, place),
        probe: clean(&look.probe),
        tone,
        word,
        brief: brief(look, &attempts),
        route: clean(&look.route.to_string()),
        source: source(&look.source),
        failure: look.failure.as_ref().map(prose::failure).as_deref().map(clean).unwrap_or_default(),
        steps: steps(&look.timings),
        attempts: attempts.into_iter().map(|attempt| attempt_view(attempt, &common)).collect(),
        facts: common,
        said,
        said_left,
    }
}

fn outcome(look: &Observation) -> (&'static str, &'static str) {
    let failed = look.attempts.iter().filter(|attempt| attempt.failure.is_some()).count();
    match (failed, look.failure.is_some()) {
        (0, false) if look.route == Route::File => ("pass", "read"),
        (0, false) => ("pass", "answered"),
        (some, false) if some < look.attempts.len() => ("warn", "partly"),
        _ => ("fail", "failed"),
    }
}

fn brief(look: &Observation, attempts: &[&Attempt]) -> String {
    let time = words::duration(rounded(look.duration_ms));
    match attempts.len() {
        0 => time,
        number => format!("{}, {time}", words::plural(number, "{n} connection", "{n} connections")),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value is limited to what fits")]
fn rounded(ms: f64) -> u64 {
    ms.clamp(0.0, 1e12).round() as u64
}

fn source(source: &Source) -> String {
    if source.is_live() { String::new() } else { clean(&prose::source(source)) }
}

/// The facts of the whole test, and those that every address shows alike.
fn common(look: &Observation, attempts: &[&Attempt]) -> Vec<Line> {
    let mut lines = facts(&look.facts);
    if let Some((first, rest)) = attempts.split_first() {
        let everywhere = |line: &Line| rest.iter().all(|attempt| facts(&attempt.facts).contains(line));
        lines.extend(facts(&first.facts).into_iter().filter(everywhere));
    }
    lines
}

fn facts(facts: &Facts) -> Vec<Line> {
    let line = |(name, value): (&str, &crate::evidence::Value)| Line {
        label: clean(prose::label(name)),
        value: clean(&value.to_string()),
    };
    facts.iter().map(line).filter(|line| !line.value.is_empty()).collect()
}

fn attempt_view(attempt: &Attempt, common: &[Line]) -> AttemptView {
    let (said, said_left) = said(&attempt.transcript);
    let total: f64 = attempt.timings.iter().map(|timing| timing.ms).sum();
    AttemptView {
        address: attempt.address.to_string(),
        dialed: attempt.dialled.map(|dialed| dialed.to_string()).unwrap_or_default(),
        tone: if attempt.failure.is_some() { "fail" } else { "pass" },
        word: if attempt.failure.is_some() { "failed" } else { "answered" },
        total: words::duration(rounded(total)),
        failure: attempt.failure.as_ref().map(prose::failure).as_deref().map(clean).unwrap_or_default(),
        steps: steps(&attempt.timings),
        facts: facts(&attempt.facts).into_iter().filter(|line| !common.contains(line)).collect(),
        said,
        said_left,
    }
}

/// Steps one after the other, each as wide as it took long.
fn steps(timings: &[Timing]) -> Vec<StepView> {
    let total: f64 = timings.iter().map(|timing| timing.ms.max(0.0)).sum::<f64>().max(0.001);
    let mut from = 0.0;
    let mut step = |timing: &Timing| {
        let width = timing.ms.max(0.0) / total * 100.0;
        let view = StepView {
            name: words::name(timing.name),
            ms: words::duration(rounded(timing.ms)),
            from: format!("{from:.1}%"),
            width: format!("{width:.1}%"),
        };
        from += width;
        view
    };
    timings.iter().map(&mut step).collect()
}

/// The last lines of a conversation, and how many there are before them.
fn said(lines: &[TranscriptLine]) -> (Vec<String>, usize) {
    let left = lines.len().saturating_sub(LINES);
    (lines[left..].iter().map(transcript::line).collect(), left)
}
