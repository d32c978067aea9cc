//! A message that is sent and looked for: its mark, the facts of its way, and how long it is looked for.
//!
//! In: the mark. Out: what the sessions of IMAP and POP3 need in order to find it again. The way itself is
//! [`round_trip`](super::round_trip)'s.

use std::time::{Duration, Instant};

use crate::{
    evidence::{Facts, facts},
    net::Limits,
};

/// The header that bears the mark.
pub(super) const MARK_HEADER: &str = "X-ECE-Check";

/// The longest pause between two looks into the inbox.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

facts! {
    /// What a delivery can measure.
    MARK: String = "delivery.mark", "message ID";
    SENT: bool = "delivery.sent", "message accepted";
    FOUND: bool = "delivery.found", "message found";
    TOOK_MS: i64 = "delivery.took_ms", "found after (ms)";
    LEFT: String = "delivery.left", "not removed";
    DONE: String = "delivery.done", "done";
}

/// What is looked for.
#[derive(Debug)]
pub(super) struct Search {
    /// Letters and digits only.
    pub(super) mark: String,
    /// When the search ends.
    pub(super) until: tokio::time::Instant,
    /// Limits of the run.
    pub(super) limits: Limits,
    began: Instant,
}

impl Search {
    /// A search that begins now.
    pub(super) fn new(mark: &str, until: tokio::time::Instant, limits: Limits) -> Self {
        Self { mark: mark.to_owned(), until, limits, began: Instant::now() }
    }

    /// The headers of which one is enough. A server may leave out a header that it does not know, or give the message an
    /// identifier of its own.
    pub(super) fn marks(&self) -> [(&'static str, String); 2] {
        [(MARK_HEADER, self.mark.clone()), ("Message-ID", message_id(&self.mark))]
    }

    /// Writes down that the message is there.
    pub(super) fn found(&self, facts: &mut Facts) {
        facts.set(FOUND, true);
        facts.set(TOOK_MS, i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX));
    }
}

/// How long is waited after so many looks into the inbox.
pub(super) fn pause(round: u32) -> Duration {
    Duration::from_millis(500).saturating_mul(1 << round.min(4)).min(LONGEST_PAUSE)
}

/// The identifier of the message.
pub(super) fn message_id(mark: &str) -> String {
    format!("<{mark}@ece-check.invalid>")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::net::limit::for_tests;

    /// A search for the mark `abc` that ends after so long.
    pub(in crate::probe) fn search(wait: Duration) -> Search {
        let limits = for_tests(Duration::from_secs(10));
        Search::new("abc", tokio::time::Instant::now() + wait, limits)
    }

    #[test]
    fn pauses_grow_and_end_growing() {
        let pauses: Vec<u128> = (0..6).map(|round| pause(round).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 5000, 5000]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
