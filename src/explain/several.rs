//! Several messages that were pasted together, without times: a refusal of each protocol, an exception, an error of Entra.
//!
//! In: a text and what it means as one message. Out: the text read as a log, message by message, where it holds several. What a
//! message means alone it means in company: no cause is lost because another message stands before it.

use std::borrow::Cow;

use super::{Channel, Meaning, event, items::Told, log::Log};
use crate::{catalogue::Catalogue, finding::Certainty};

/// What people put between messages on one line.
const SEPARATORS: [&str; 4] = [" / ", " | ", "; ", " || "];
/// The longest name before a message, in bytes: `SMTP:`, `Token endpoint:`.
const LONGEST_NAME: usize = 24;

/// The messages of a text, where there are several of them that mean different things.
#[must_use]
pub fn read<'c>(
    text: &str,
    whole: &Meaning<'_>,
    channel: Option<Channel>,
    catalogue: &'c Catalogue,
) -> Option<Log<'c>> {
    let lines = apart(text);
    let messages = event::split(lines.as_bytes());
    if messages.len() < 2 {
        return None;
    }
    let mut log = Log::new(catalogue, channel);
    log.push(lines.as_bytes());
    log.flush();
    let refusals = messages.into_iter().filter(|range| has_speaker(&lines.as_bytes()[range.clone()])).count();
    let differ = log.items().len() > 1;
    (differ && (refusals > 1 || loses(whole, &log))).then_some(log)
}

/// Whether a server, Entra ID or the network tells a failure in a message.
fn has_speaker(message: &[u8]) -> bool {
    message.split(|byte| *byte == b'\n').any(|line| event::speaker(line).is_some())
}

/// Whether the text as one message does not name what a message in it proves or makes likely, or is less sure of it.
fn loses(whole: &Meaning<'_>, log: &Log<'_>) -> bool {
    let is_kept = |told: &Told| {
        let mut known = whole.causes.iter().filter(|meant| meant.cause.code == told.cause);
        known.any(|meant| meant.certainty <= told.certainty)
    };
    let mut sure = log.told_in_order().iter().filter(|told| told.certainty != Certainty::Possible);
    !whole.causes.is_empty() && sure.any(|told| !is_kept(told))
}

/// The text with a line for each message: `SMTP: 535 … / POP: -ERR …` holds two.
fn apart(text: &str) -> Cow<'_, str> {
    let mut lines = String::new();
    let mut begin = 0;
    for at in separators(text) {
        if at.0 < begin {
            continue; // two separators share a space
        }
        let (before, behind) = (&text[begin..at.0], &text[at.1..]);
        let (before, behind) = (last_line(before), message(behind));
        let speakers = event::speaker(before.as_bytes()).zip(behind.and_then(|text| event::speaker(text.as_bytes())));
        if speakers.is_some_and(|(one, other)| one != other) {
            lines.push_str(&text[begin..at.0]);
            lines.push('\n');
            begin = at.1;
        }
    }
    if begin == 0 { Cow::Borrowed(text) } else { Cow::Owned(lines + &text[begin..]) }
}

/// Begin and end of each separator, in their order.
fn separators(text: &str) -> Vec<(usize, usize)> {
    let mut places: Vec<_> =
        SEPARATORS.iter().flat_map(|mark| text.match_indices(mark)).map(|(at, mark)| (at, at + mark.len())).collect();
    places.sort_unstable();
    places
}

fn last_line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or_default()
}

/// The first line of what begins with a message: a reply or an error of Entra, with at most a short name before it.
fn message(text: &str) -> Option<&str> {
    let line = text.lines().next()?;
    let begins = |text: &str, begin: &str| text.get(..begin.len()).is_some_and(|text| text.eq_ignore_ascii_case(begin));
    let is_name = |name: &&str| {
        name.len() <= LONGEST_NAME && !begins(name, "aadsts") && name.chars().all(|c| c.is_alphanumeric() || c == ' ')
    };
    let bare = line.split_once(": ").filter(|(name, _)| is_name(name)).map_or(line, |(_, bare)| bare);
    let bare = bare.trim_start_matches([' ', '"', '\'']);
    let is_reply =
        bare.starts_with(|c: char| c.is_ascii_digit() || c == '-') || bare.contains(" NO ") || bare.contains(" BAD ");
    (is_reply || begins(bare, "aadsts") || begins(bare, "invalid_")).then_some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_on_one_line_are_taken_apart() {
        for (text, lines) in [
            ("SMTP: 535 5.7.3 a / POP: -ERR b / token: AADSTS7000222: c", 3),
            ("535 5.7.3 a | A1 NO b", 2),
            ("smtp: 535 5.7.3 a; Token endpoint: AADSTS7000222 c", 2),
            ("530 5.7.57 a; Error: 535 5.7.139 b", 1),
            ("550 5.7.60 SMTP; Client does not have permissions", 1),
            ("AADSTS50011: use a / b; c | d", 1),
            ("535 5.7.3 a; / AADSTS7000222: c; / 535 5.7.3 a; / -ERR é", 4),
            ("535 5.7.3 a; AADSTS7000222: c; / -ERR é", 3),
            ("", 0),
        ] {
            assert_eq!(apart(text).lines().count(), lines, "{text}");
        }
    }
}
