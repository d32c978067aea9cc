//! What a log tells, by event: events that allow the same causes are one item, and no event is in two.
//!
//! In: what each event means. Out: [`Item`]s. A cause that an event names alone, or surely, is an item of its own; causes
//! of which an event leaves several open are one item together, with all of them.

use std::{cell::OnceCell, collections::HashMap, rc::Rc};

use super::{context, names, redact, session};
use crate::{catalogue::Cause, diagnose::Names, finding::Certainty};

/// The longest example, in characters.
const LONGEST_EXAMPLE: usize = 300;

/// What an event means: the places of the causes in the catalogue.
pub(super) type Meant = Rc<[(usize, Certainty)]>;

/// One cause as a log shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The cause's code.
    pub cause: String,
    /// How sure the surest event is.
    pub certainty: Certainty,
    /// In how many events.
    pub count: u64,
    /// When first, in the zone of the log: `2026-11-23 04:01:20`.
    pub first: Option<String>,
    /// When last.
    pub last: Option<String>,
    /// A line that shows it, without secrets.
    pub example: String,
    /// What all its events name: nothing where one of them names another, or none.
    pub names: Names,
}

/// Events that allow the same causes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// The codes of the causes, the most likely first.
    pub causes: Vec<String>,
    /// How often, when and in which line they show.
    pub seen: Told,
}

/// The items so far, in the order in which they showed first. There are no more of them than meanings that the signs of
/// the catalogue can give.
#[derive(Debug, Default)]
pub(super) struct Items {
    all: Vec<(Vec<usize>, Told)>,
    at: HashMap<Vec<usize>, usize>,
}

impl Items {
    /// Counts an event.
    pub(super) fn count(&mut self, meant: &Meant, event: &Event<'_>, causes: &[Cause]) {
        let is_sure = |(_, certainty): &&(usize, Certainty)| *certainty != Certainty::Possible;
        if meant.iter().any(|one| is_sure(&one)) {
            for (cause, certainty) in meant.iter().filter(is_sure) {
                self.count_one(&[*cause], *certainty, event, causes);
            }
        } else {
            let open: Vec<usize> = meant.iter().map(|(cause, _)| *cause).collect();
            self.count_one(&open, Certainty::Possible, event, causes);
        }
    }

    fn count_one(&mut self, open: &[usize], certainty: Certainty, event: &Event<'_>, causes: &[Cause]) {
        let Some(first) = open.first() else { return };
        let at = self.at.get(open).copied().unwrap_or_else(|| {
            self.all.push((open.to_vec(), Told::of(&causes[*first].code, certainty, event)));
            self.at.insert(open.to_vec(), self.all.len() - 1);
            self.all.len() - 1
        });
        self.all[at].1.count(certainty, event);
    }

    /// The items behind the first ones, in the order in which they showed first.
    pub(super) fn behind(&self, known: usize, causes: &[Cause]) -> Vec<Item> {
        let codes = |open: &[usize]| open.iter().map(|cause| causes[*cause].code.clone()).collect();
        self.all.iter().skip(known).map(|(open, seen)| Item { causes: codes(open), seen: seen.clone() }).collect()
    }

    /// The items: surer before less sure, then the more frequent.
    pub(super) fn told(&self, causes: &[Cause]) -> Vec<Item> {
        let mut items = self.behind(0, causes);
        items.sort_by_key(|item| (item.seen.certainty, std::cmp::Reverse(item.seen.count)));
        items
    }
}

/// One event of a log.
pub(super) struct Event<'t> {
    time: Option<&'t str>,
    text: &'t str,
    /// What it names, once it was asked for.
    names: OnceCell<Names>,
}

impl<'t> Event<'t> {
    /// An event with this text, at this time.
    pub(super) fn of(text: &'t str, time: Option<&'t str>) -> Self {
        Self { time, text, names: OnceCell::new() }
    }

    fn names(&self) -> &Names {
        self.names.get_or_init(|| names::of(&context::messages(self.text)))
    }
}

impl Told {
    /// A cause that was told of in no event so far, and the event that will be the first.
    pub(super) fn of(cause: &str, certainty: Certainty, event: &Event<'_>) -> Self {
        let (example, names) = (example(event.text), event.names().clone());
        Self { cause: cause.to_owned(), certainty, count: 0, first: None, last: None, example, names }
    }

    /// Counts an event.
    pub(super) fn count(&mut self, certainty: Certainty, event: &Event<'_>) {
        self.count += 1;
        if self.names != Names::default() {
            self.names = names::common(&self.names, event.names());
        }
        // rotated files come in any order
        if let Some(time) = event.time {
            if self.first.as_deref().is_none_or(|first| time < first) {
                self.first = Some(time.to_owned());
            }
            if self.last.as_deref().is_none_or(|last| last < time) {
                self.last = Some(time.to_owned());
            }
        }
        if certainty < self.certainty {
            self.certainty = certainty;
            self.example = example(event.text);
        }
    }
}

/// The line of an event to show: the refusal in a dialogue, the innermost cause of a trace, else the first line that says
/// something; of ECE's fields the message; without secrets, and short.
fn example(text: &str) -> String {
    let refusal = session::read(text).and_then(|session| Some(session.refusal()?.reply.as_ref()?.text.clone()));
    let caused = || text.lines().rfind(|line| line.trim_start().starts_with("Caused by:")).map(ToOwned::to_owned);
    let first = || text.lines().map(context::shown).find(|line| line.contains(' ')).map(ToOwned::to_owned);
    let line = refusal.or_else(caused).or_else(first).unwrap_or_else(|| text.trim().to_owned());
    redact::redact_words(text, context::shown(&line)).chars().take(LONGEST_EXAMPLE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(lines: &[&str]) -> Option<String> {
        let event = |text| Event::of(text, None);
        let mut told = Told::of("proxy-denied", Certainty::Certain, &event(lines[0]));
        for line in lines {
            told.count(Certainty::Certain, &event(line));
        }
        told.names.server.map(|server| server.to_string())
    }

    #[test]
    fn a_server_is_told_only_where_all_events_name_it() {
        let (login, graph) = ("CONNECT login.microsoftonline.com:443 denied", "CONNECT graph.microsoft.com:443 denied");
        assert_eq!(server(&[login, login]).as_deref(), Some("login.microsoftonline.com:443"));
        for lines in [&[login, graph], &[graph, login], &[login, "connection timed out"], &["timed out", login]] {
            assert_eq!(server(lines), None, "{lines:?}");
        }
        assert_eq!(server(&[login, graph, login]), None);
    }
}
