//! What was said on every connection, for a person who wants the other side's very words.
//!
//! The marks are those of swaks: `->` sent, `<-` received, `~>` and `<~` inside TLS, `==` a remark of ours.

use std::fmt::Write;

use super::harmless;
use crate::{
    evidence::{Direction, Observation, TranscriptLine},
    finding::Report,
};

/// The longest line that is written, in characters.
const LONGEST: usize = 400;

/// Writes every conversation down, one after the other.
#[must_use]
pub fn render(report: &Report) -> String {
    let mut text = format!("ece-check {}, run {}, {}\n", report.tool.version, report.run.id, report.run.started);
    for look in &report.looks {
        write_look(&mut text, look);
    }
    text
}

fn write_look(text: &mut String, look: &Observation) {
    for path in look.tried.iter().chain(&look.attempts) {
        let place = format!("{} at {} ({}, {})", look.subject, path.address, look.probe, look.route);
        write_talk(text, &place, &path.transcript);
    }
    if !look.transcript.is_empty() {
        write_talk(text, &format!("{} ({}, {})", look.subject, look.probe, look.route), &look.transcript);
    }
}

fn write_talk(text: &mut String, place: &str, lines: &[TranscriptLine]) {
    let _ = writeln!(text, "\n{}", harmless::line(place, LONGEST));
    for line in lines {
        let _ = writeln!(text, "{}", self::line(line));
    }
}

/// One line of a conversation: when it was said, by whom, and what.
pub(super) fn line(line: &TranscriptLine) -> String {
    let said = harmless::line(&line.text, LONGEST);
    format!("{:>9.1} ms {} {said}", line.at_ms, mark(line.direction))
}

fn mark(mark: Direction) -> &'static str {
    match mark {
        Direction::Sent => "->",
        Direction::Received => "<-",
        Direction::SentInTls => "~>",
        Direction::ReceivedInTls => "<~",
        Direction::Remark => "==",
    }
}
