//! Whole logs in one pass, with bounded memory.
//!
//! In: bytes of a log as they come. Out: each cause once, with how often, when first and last, and an example line
//! without secrets.
//!
//! Most lines of a log say nothing of interest. So blocks are searched for rare strings first ([`needles`]), and
//! only around a hit is the event put together: its first line, and what belongs to it (a Java trace, "Caused by").
//! Events that are alike (`fingerprint.rs`), or differ only in words that nothing searches for (`vocabulary.rs`), are
//! explained once.

use std::{
    cell::OnceCell,
    collections::HashMap,
    io::{self, Read},
    rc::Rc,
};

use aho_corasick::AhoCorasick;

use super::{
    Channel, context,
    decode::text_of,
    event, explain, extract, fallback,
    fingerprint::Fingerprint,
    firewall,
    items::{Event, Item, Items, Meant, Told},
    phrases,
    prefilter::{GRAM, Needles},
    proxy_log, timestamp,
    vocabulary::Vocabulary,
};
use crate::catalogue::{
    Catalogue, Cause,
    cause::{By, FailurePattern, Shows, Words},
};

/// What is read at once, in bytes.
const BLOCK: usize = 1 << 18;
/// So much of a line tells its time, in bytes.
const LONGEST_HEAD: usize = 200;
/// So many different events are remembered; the memory is emptied when it is full, at some 10 MB.
const MOST_REMEMBERED: usize = 60_000;

/// Strings of which every refusal holds one, in small letters: a part of the words of each sign, the beginnings of codes,
/// the idioms of libraries. They come from the signs, so a new sign brings its own.
#[must_use]
pub fn needles(catalogue: &Catalogue) -> Vec<String> {
    let mut needles: Vec<String> = extract::ENTRA_MARKS.iter().map(ToString::to_string).collect();
    needles.extend(
        phrases::phrases(&catalogue.tables.phrases).chain(extract::OAUTH_ERRORS.iter().copied()).map(ToOwned::to_owned),
    );
    let of_lines = firewall::NEEDLES.iter().chain(&proxy_log::DENIALS).chain(&proxy_log::FAILURES);
    needles.extend(of_lines.map(ToString::to_string));
    for (_, sign) in catalogue.signs().filter(|(_, sign)| sign.by != Some(By::Probe)) {
        match &sign.shows {
            Shows::Failure(pattern) => needles.extend(of_stop(pattern)),
            Shows::Finding { words, .. } => needles.extend(words.iter().filter_map(rarest)),
        }
    }
    fewest(needles)
}

/// The strings that hold none of the others, shortest first: who searches for these finds the others too.
fn fewest(mut needles: Vec<String>) -> Vec<String> {
    // what is too short to be looked for cannot stand for what holds it
    needles.retain(|needle| needle.len() >= GRAM);
    needles.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    needles.dedup();
    let Ok(all) = AhoCorasick::new(&needles) else { return needles };
    let holds_another = |needle: &String| all.find_overlapping_iter(needle).any(|found| found.len() < needle.len());
    let held: Vec<bool> = needles.iter().map(holds_another).collect();
    let mut held = held.into_iter();
    needles.retain(|_| held.next() == Some(false));
    needles
}

/// What must stand in a text for a stop to be heard; nothing where that is an idiom, or one of Entra's numbers.
fn of_stop(pattern: &FailurePattern) -> Vec<String> {
    if pattern.kind.is_some() || !pattern.aadsts.is_empty() {
        return Vec::new();
    }
    let mut needles: Vec<String> = pattern.words.iter().filter_map(rarest).collect();
    needles.extend(pattern.enhanced.iter().filter_map(|code| code.split('x').next()).map(ToOwned::to_owned));
    if needles.is_empty() {
        let codes = pattern.code.iter().filter_map(|code| code.split('x').next());
        needles.extend(codes.flat_map(|code| extract::status_marks().map(move |mark| format!("{mark}{code}"))));
    }
    needles
}

/// The longest part of a sentence. It may hold no gap: in the log that can be wider, or a line end.
fn rarest(words: &Words) -> Option<String> {
    words.parts().iter().max_by_key(|part| part.len()).cloned()
}

/// A reader of logs; what it holds does not grow with what it reads.
pub struct Log<'c> {
    catalogue: &'c Catalogue,
    channel: Option<Channel>,
    needles: Needles,
    fingerprint: Fingerprint<'c>,
    /// Made for the first event.
    vocabulary: OnceCell<Vocabulary>,
    remembered: HashMap<u64, Meant>,
    /// The same by what is left of an event without the words that make no difference.
    essences: HashMap<u64, Meant>,
    told: Vec<Told>,
    /// The same by what each event means.
    items: Items,
    /// Where each cause is among what was told, by its place in the catalogue.
    told_at: Vec<Option<usize>>,
    unknown: Option<String>,
    /// What ends the last block and may go on in the next.
    carried: Vec<u8>,
    /// The beginning of the last line before that.
    line_before: Vec<u8>,
}

impl<'c> Log<'c> {
    /// A reader that has read nothing.
    #[must_use]
    pub fn new(catalogue: &'c Catalogue, channel: Option<Channel>) -> Self {
        Self {
            catalogue,
            channel,
            needles: Needles::new(&needles(catalogue)),
            fingerprint: Fingerprint::new(catalogue),
            vocabulary: OnceCell::new(),
            remembered: HashMap::new(),
            essences: HashMap::new(),
            told: Vec::new(),
            items: Items::default(),
            told_at: vec![None; catalogue.causes.len()],
            unknown: None,
            carried: Vec::new(),
            line_before: Vec::new(),
        }
    }

    /// Reads a whole source: a file, standard input.
    ///
    /// # Errors
    /// When the source cannot be read, is damaged gzip, or no log; what came before counts.
    pub fn read(&mut self, source: impl Read) -> io::Result<()> {
        let mut source = text_of(source)?.take(BLOCK as u64);
        loop {
            let read = source.read_to_end(&mut self.carried);
            if !matches!(read, Ok(1..)) {
                self.flush();
                return read.map(drop);
            }
            self.search_events();
            source.set_limit(BLOCK as u64);
        }
    }

    /// Takes further bytes in UTF-8. What may go on is kept for the next ones.
    pub fn push(&mut self, bytes: &[u8]) {
        self.carried.extend_from_slice(bytes);
        self.search_events();
    }

    /// Takes what is left as complete.
    pub fn flush(&mut self) {
        let rest = std::mem::take(&mut self.carried);
        self.search(&rest);
    }

    /// What the log has told so far, what must be mended first at the top: surer before less sure, then the more frequent.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        let mut told = self.told.clone();
        told.sort_by_key(|told| (told.certainty, std::cmp::Reverse(told.count)));
        told
    }

    /// The same by event: those that allow the same causes together, each in one item.
    #[must_use]
    pub fn items(&self) -> Vec<Item> {
        self.items.told(&self.catalogue.causes)
    }

    /// The items behind the first ones, in the order in which they showed first.
    #[must_use]
    pub fn items_behind(&self, known: usize) -> Vec<Item> {
        self.items.behind(known, &self.catalogue.causes)
    }

    /// What the first refusal tells by its code that no sign knows, if there is one.
    #[must_use]
    pub fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    /// What it has told, in the order in which the causes showed first.
    #[must_use]
    pub fn told_in_order(&self) -> &[Told] {
        &self.told
    }

    /// Searches what cannot go on any more.
    fn search_events(&mut self) {
        let mut block = std::mem::take(&mut self.carried);
        let done = event::complete(&block);
        self.search(&block[..done]);
        block.drain(..done);
        self.carried = block;
    }

    fn search(&mut self, block: &[u8]) {
        let mut at = 0;
        while let Some(hit) = self.needles.find(block, at) {
            let event = event::around(block, hit, at);
            at = event.end;
            if event.start == 0 {
                let before = std::mem::take(&mut self.line_before);
                self.take(&block[event], &before);
            } else {
                self.take(&block[event.clone()], last_line(&block[..event.start]));
            }
        }
        if !block.is_empty() {
            self.line_before = last_line(block).to_vec();
        }
    }

    /// Takes one event; the line before it lends its time to an event that has none.
    fn take(&mut self, event: &[u8], before: &[u8]) {
        let text = String::from_utf8_lossy(event);
        let messages = context::messages(&text);
        let key = self.fingerprint.key(&messages);
        if !self.remembered.contains_key(&key) {
            make_room(&mut self.remembered);
            let meaning = self.meaning(&text, &messages);
            self.remembered.insert(key, meaning);
        }
        let Some(meant) = self.remembered.get(&key).filter(|meant| !meant.is_empty()) else { return };
        let time = timestamp::of(&text).or_else(|| timestamp::of(&String::from_utf8_lossy(before)));
        let event = Event::of(&text, time.as_deref());
        self.items.count(meant, &event, &self.catalogue.causes);
        for (cause, certainty) in meant.iter() {
            let at = *self.told_at[*cause].get_or_insert_with(|| {
                self.told.push(Told::of(&self.catalogue.causes[*cause].code, *certainty, &event));
                self.told.len() - 1
            });
            self.told[at].count(*certainty, &event);
        }
    }
}

impl Log<'_> {
    /// What an event means of which no other has the fingerprint: what one of the same essence means, or what it says.
    fn meaning(&mut self, text: &str, messages: &str) -> Meant {
        let vocabulary = self.vocabulary.get_or_init(|| Vocabulary::of(self.catalogue));
        let essence = vocabulary.essence(messages).map(|essence| self.fingerprint.key(&essence));
        if let Some(known) = essence.and_then(|essence| self.essences.get(&essence)) {
            return known.clone();
        }
        let meaning = explain_event(messages, self.channel, self.catalogue);
        if meaning.is_empty() && self.unknown.is_none() {
            self.unknown = fallback::of_codes(text, self.catalogue);
        }
        if let Some(essence) = essence {
            make_room(&mut self.essences);
            self.essences.insert(essence, meaning.clone());
        }
        meaning
    }
}

/// Empties a full memory.
fn make_room(remembered: &mut HashMap<u64, Meant>) {
    if remembered.len() >= MOST_REMEMBERED {
        remembered.clear();
    }
}

/// What the [messages](context::messages) of an event mean: in a dialogue the first refusal, else the innermost "Caused by" that
/// is known, then the whole.
fn explain_event(text: &str, channel: Option<Channel>, catalogue: &Catalogue) -> Meant {
    let inner: Vec<&str> = text.match_indices(event::INNER).map(|(at, _)| &text[at..]).collect();
    for part in inner.into_iter().rev().take(20).chain([text]) {
        let causes = explain(part, channel, catalogue).causes;
        if !causes.is_empty() {
            let place = |cause: &Cause| catalogue.causes.iter().position(|known| std::ptr::eq(known, cause));
            return causes.iter().filter_map(|meant| Some((place(meant.cause)?, meant.certainty))).collect();
        }
    }
    Rc::new([])
}

/// The beginning of the last line, where its time stands.
fn last_line(block: &[u8]) -> &[u8] {
    let line = &block[event::line_begin(block, block.len().saturating_sub(1), 0)..];
    &line[..line.len().min(LONGEST_HEAD)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ECE: &str = "2026-11-23 04:01:20.006 GMT+0000 <@> ERROR <@> [67:RxInstance id : 999] <@> ProcessId:3984 <@> \
        com.egain.mail.module.retriever.service.RxInstance <@> connect <@> javax.mail.AuthenticationFailedException: AADSTS7000222: \
        The provided client secret keys are expired.\n";

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_fewest_strings_are_those_that_hold_no_other(strings in proptest::collection::vec("[ab]{2,8}", 0..20)) {
            let searched: Vec<&String> = strings.iter().filter(|one| one.len() >= GRAM).collect();
            let holds_another = |one: &String| searched.iter().any(|other| *other != one && one.contains(other.as_str()));
            let mut naive: Vec<&String> = searched.iter().copied().filter(|one| !holds_another(one)).collect();
            naive.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
            naive.dedup();
            prop_assert!(fewest(strings.clone()).iter().eq(naive));
        }
    }

    impl Log<'_> {
        /// As if nothing had been read; what events mean is still known.
        fn forget(&mut self) {
            (self.told, self.line_before) = (Vec::new(), Vec::new());
            self.items = Items::default();
            self.told_at.fill(None);
        }
    }

    fn told(bytes: &[u8]) -> Vec<Told> {
        let catalogue = Catalogue::built_in();
        let mut log = Log::new(&catalogue, None);
        log.read(bytes).expect("a readable log");
        log.told()
    }

    #[test]
    fn lines_of_ece_are_counted_with_first_and_last_time() {
        let log = format!("{ECE}an idle line\n{}", ECE.replace("04:01:20", "05:00:00"));
        let told = told(log.as_bytes());
        assert_eq!((told[0].cause.as_str(), told[0].count), ("client-secret-expired", 2));
        assert_eq!(told[0].first.as_deref(), Some("2026-11-23 04:01:20"));
        assert_eq!(told[0].last.as_deref(), Some("2026-11-23 05:00:00"));
    }

    #[test]
    fn of_a_java_trace_only_the_innermost_cause_counts() {
        let trace = "2026-11-23 04:01:20 ERROR Connection reset while sending\njavax.mail.MessagingException: Could not convert socket to TLS;\n\
            \tat com.sun.mail.smtp.SMTPTransport.startTLS(SMTPTransport.java:2160)\n\
            Caused by: javax.net.ssl.SSLHandshakeException: No appropriate protocol (protocol is disabled or cipher suites are inappropriate)\n\
            \tat java.base/sun.security.ssl.HandshakeContext.<init>(HandshakeContext.java:172)\n\t... 12 more\n2026-11-23 04:01:21 INFO next\n";
        let told = told(trace.as_bytes());
        assert_eq!(told.iter().map(|told| told.cause.as_str()).collect::<Vec<_>>(), ["tls-version-too-old"]);
        assert_eq!((told[0].count, told[0].first.as_deref()), (1, Some("2026-11-23 04:01:20")));
        assert!(told[0].example.starts_with("Caused by:"), "{}", told[0].example);
    }

    /// What logs are made of: lines with and without a refusal, with and without a time, exceptions, what belongs to them.
    const LINES: &[&str] = &[
        "2026-11-23 04:01:20.006 GMT+0000 <@> INFO <@> [67:RxInstance id : 999] <@> Processing mail id 48812\n",
        "2026-11-23 04:01:21 ERROR Connection reset while sending\n",
        "2026-11-23 04:01:22 ERROR 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.\r\n",
        "23-Nov-2026 04:01:23 SEVERE AADSTS7000222: The provided client secret keys are expired.\n",
        "javax.mail.MessagingException: Could not connect to SMTP host: smtp.office365.com, port: 587;\n",
        "Caused by: java.net.SocketTimeoutException: connect timed out\n",
        "Caused by: java.lang.NullPointerException\n",
        "\tat com.sun.mail.smtp.SMTPTransport.openServer(SMTPTransport.java:2160)\n",
        "\t... 12 more\n",
        "A1 NO AUTHENTICATE failed.\n",
        "a line that says nothing\n",
        "\n",
    ];

    /// The same line by line, each event explained, nothing looked for first and nothing remembered.
    fn slowly(text: &str, catalogue: &Catalogue) -> Vec<Told> {
        let ranges = event::split(text.as_bytes());
        let events: Vec<(&str, &str)> = ranges
            .into_iter()
            .map(|range| (text[..range.start].lines().last().unwrap_or_default(), &text[range]))
            .collect();
        let mut told: Vec<Told> = Vec::new();
        for (before, text) in &events {
            let time = timestamp::of(text).or_else(|| timestamp::of(before));
            let event = Event::of(text, time.as_deref());
            for &(cause, certainty) in &*explain_event(&context::messages(text), None, catalogue) {
                let code = &catalogue.causes[cause].code;
                if !told.iter().any(|told| told.cause == *code) {
                    told.push(Told::of(code, certainty, &event));
                }
                let known = told.iter_mut().find(|told| told.cause == *code).expect("it is there");
                known.count(certainty, &event);
            }
        }
        told
    }

    fn log_of(lines: &[usize]) -> String {
        lines.iter().map(|line| LINES[*line]).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn the_same_as_line_by_line_however_the_bytes_come(
            lines in proptest::collection::vec(0..LINES.len(), 0..24),
            cuts in proptest::collection::vec(1usize..90, 1..40),
            is_ended in any::<bool>(),
        ) {
            let catalogue = Catalogue::built_in();
            let mut text = log_of(&lines);
            if !is_ended {
                text.truncate(text.trim_end().len());
            }
            let mut log = Log::new(&catalogue, None);
            let (mut rest, mut cuts) = (text.as_bytes(), cuts.iter().cycle());
            while !rest.is_empty() {
                let (piece, after) = rest.split_at(rest.len().min(*cuts.next().expect("a cycle")));
                log.push(piece);
                rest = after;
            }
            log.flush();
            prop_assert_eq!(log.told_in_order(), slowly(&text, &catalogue));
        }
    }

    #[test]
    fn a_log_that_begins_in_the_middle_of_a_trace_and_ends_without_a_line_break() {
        let catalogue = Catalogue::built_in();
        let text = log_of(&[5, 4]);
        let mut log = Log::new(&catalogue, None);
        log.push(text.trim_end().as_bytes());
        log.flush();
        assert_eq!(log.told_in_order(), slowly(text.trim_end(), &catalogue));
        assert_eq!(log.told()[0].count, 2);
    }

    #[test]
    fn the_same_wherever_it_is_cut() {
        let catalogue = Catalogue::built_in();
        let text = log_of(&[0, 1, 4, 7, 5, 7, 8, 0, 4, 7, 6, 10, 9, 2, 3, 11, 7, 4, 4, 5]);
        let wanted = slowly(&text, &catalogue);
        assert!(wanted.len() >= 4, "{wanted:?}");
        let mut log = Log::new(&catalogue, None);
        for cut in 0..=text.len() {
            log.forget();
            log.push(&text.as_bytes()[..cut]);
            log.push(&text.as_bytes()[cut..]);
            log.flush();
            assert_eq!(log.told_in_order(), wanted, "cut at {cut}");
        }
    }

    #[test]
    fn a_refusal_deep_in_an_endless_line_is_found() {
        for before in [0, 40_000, 300_000] {
            let line = format!(
                "2026-11-23 04:01:20 {} AADSTS7000222: expired. {}\n",
                "x y ".repeat(before / 4),
                "z ".repeat(90_000)
            );
            assert_eq!(told(line.as_bytes())[0].cause, "client-secret-expired", "{before}");
        }
    }

    #[test]
    fn first_and_last_are_those_of_the_clock_when_an_older_file_is_read_later() {
        let catalogue = Catalogue::built_in();
        let mut log = Log::new(&catalogue, None);
        for text in [ECE.to_owned(), ECE.replace("11-23", "11-21"), ECE.replace("11-23", "11-22")] {
            log.read(text.as_bytes()).expect("a readable log");
        }
        let told = &log.told()[0];
        assert_eq!(told.first.as_deref(), Some("2026-11-21 04:01:20"));
        assert_eq!(told.last.as_deref(), Some("2026-11-23 04:01:20"));
    }

    #[test]
    fn what_came_before_the_damage_counts() {
        let catalogue = Catalogue::built_in();
        let mut log = Log::new(&catalogue, None);
        let text = ECE.repeat(10);
        let source = text.as_bytes().chain(Broken);
        log.read(source).expect_err("it is broken");
        assert_eq!(log.told()[0].count, 10);
    }

    /// A source that cannot be read on.
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }

    #[test]
    fn an_example_holds_no_token() {
        let line = "2026-11-23 04:01:20 DEBUG AUTHENTICATE XOAUTH2 eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL291dGxvb2sifQ.c2lnbmF0dXJl NO AUTHENTICATE failed.\n";
        let told = told(line.as_bytes());
        assert!(!told.is_empty());
        assert!(told.iter().all(|told| !told.example.contains("eyJ") && told.example.contains("[masked]")), "{told:?}");
    }

    #[test]
    fn what_it_holds_does_not_grow_with_what_it_reads() {
        let catalogue = Catalogue::built_in();
        let mut log = Log::new(&catalogue, None);
        for _ in 0..64 {
            log.push(&vec![b'x'; 1 << 20]);
            log.push(&[b"\tat AADSTS50126 ".as_slice(), &vec![b'y'; 100_000]].concat());
        }
        assert!(log.carried.len() <= 3 * event::LONGEST, "{}", log.carried.len());
    }

    #[test]
    fn every_refusal_among_the_samples_holds_a_needle() {
        let catalogue = Catalogue::built_in();
        let mut missed = Vec::new();
        let mut log = Log::new(&catalogue, None);
        for (cause, sign) in catalogue.signs() {
            let is_known = !explain(&sign.sample, None, &catalogue).causes.is_empty();
            let line = format!("2026-11-23 04:01:20 ERROR {}\n", sign.sample);
            log.forget();
            log.read(line.as_bytes()).expect("a readable log");
            if is_known && log.told().is_empty() {
                missed.push(format!("{}: {}", cause.code, sign.sample));
            }
        }
        assert!(missed.is_empty(), "{} samples have no needle:\n{}", missed.len(), missed.join("\n"));
    }
}
