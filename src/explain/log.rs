//! Whole logs in one pass, with bounded memory.
//!
//! In: bytes of a log as they come, plain or packed with gzip, in UTF-8 or (with a byte order mark) UTF-16. Out: each
//! cause once, with how often, when first and last, and an example line without secrets.
//!
//! Most lines of a log say nothing of interest. So blocks are searched for rare strings first ([`needles`]), and
//! only around a hit is the event put together: its first line, and what belongs to it (a Java trace, "Caused by").
//! Lines that differ only in numbers and names are explained once.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    io::{self, Read},
};

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};
use encoding_rs::{CoderResult, Decoder, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;

use super::{Channel, explain, hear, idiom, mask};
use crate::{
    catalogue::{
        Catalogue,
        cause::{By, Shows, Words},
    },
    finding::Certainty,
};

/// What is read at once, in bytes.
const BLOCK: usize = 1 << 20;
/// The longest event, in bytes: what is longer is cut.
const LONGEST_EVENT: usize = 32_768;
/// So many lines before and behind a hit belong to its event at the most.
const MOST_LINES: usize = 200;
/// So many different events are remembered; the memory is emptied when it is full.
const MOST_REMEMBERED: usize = 20_000;
/// The longest example, in characters.
const LONGEST_EXAMPLE: usize = 300;

/// Strings of which every refusal holds one, in small letters: a part of the words of each sign, the beginnings of codes,
/// the idioms of libraries. They come from the signs, so a new sign brings its own.
#[must_use]
pub fn needles(catalogue: &Catalogue) -> Vec<String> {
    let mut needles: Vec<String> = vec!["aadsts".to_owned()];
    needles.extend(idiom::phrases().chain(hear::OAUTH_ERRORS.iter().copied()).map(ToOwned::to_owned));
    for (_, sign) in catalogue.signs().filter(|(_, sign)| sign.by != Some(By::Probe)) {
        match &sign.shows {
            // what must be of a kind holds an idiom
            Shows::Stop(pattern) if pattern.kind.is_none() => {
                needles.extend(pattern.words.iter().filter_map(rarest));
                needles.extend(pattern.enhanced.iter().filter_map(|code| code.get(..4)).map(ToOwned::to_owned));
                needles.extend(pattern.code.map(|code| format!(" {code} ")));
            }
            Shows::Stop(_) => {}
            Shows::Finding { words, .. } => needles.extend(words.iter().filter_map(rarest)),
        }
    }
    needles.sort_by_key(String::len);
    let mut fewest: Vec<String> = Vec::new();
    for needle in needles {
        if !fewest.iter().any(|known| needle.contains(known.as_str())) {
            fewest.push(needle);
        }
    }
    fewest
}

/// The longest part of a sentence. It may hold no gap: in the log that can be wider, or a line end.
fn rarest(words: &Words) -> Option<String> {
    words.parts().iter().max_by_key(|part| part.len()).cloned()
}

/// One cause as a log shows it.
#[derive(Clone, Debug)]
pub struct Told {
    /// The cause's code.
    pub cause: String,
    /// How sure the surest event is.
    pub certainty: Certainty,
    /// In how many events.
    pub count: u64,
    /// When first, as the log writes it.
    pub first: Option<String>,
    /// When last.
    pub last: Option<String>,
    /// A line that shows it, without secrets.
    pub example: String,
}

/// A reader of logs; what it holds does not grow with what it reads.
pub struct Log<'c> {
    catalogue: &'c Catalogue,
    channel: Option<Channel>,
    needles: AhoCorasick,
    remembered: HashMap<u64, Meant>,
    told: Vec<Told>,
    /// What ends the last block and may go on in the next.
    carried: Vec<u8>,
    begun: bool,
}

/// What an event means, as codes.
type Meant = Vec<(String, Certainty)>;

impl<'c> Log<'c> {
    /// A reader that has read nothing.
    ///
    /// # Panics
    /// Only with a catalogue of millions of signs.
    #[must_use]
    pub fn new(catalogue: &'c Catalogue, channel: Option<Channel>) -> Self {
        let needles = AhoCorasickBuilder::new()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .ascii_case_insensitive(true)
            .build(needles(catalogue))
            .expect("a few hundred short needles");
        Self {
            catalogue,
            channel,
            needles,
            remembered: HashMap::new(),
            told: Vec::new(),
            carried: Vec::new(),
            begun: false,
        }
    }

    /// Reads a whole source: a file, standard input.
    ///
    /// # Errors
    /// When the source cannot be read, or is damaged gzip.
    pub fn read(&mut self, source: impl Read) -> io::Result<()> {
        let mut source = text_of(source)?;
        let mut block = vec![0; BLOCK];
        loop {
            match source.read(&mut block) {
                Ok(0) => break,
                Ok(count) => self.push(&block[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.flush();
        Ok(())
    }

    /// Takes further bytes in UTF-8. What may go on is kept for the next ones.
    pub fn push(&mut self, bytes: &[u8]) {
        self.begun |= !bytes.is_empty();
        let mut block = std::mem::take(&mut self.carried);
        block.extend_from_slice(bytes);
        let done = end_of_events(&block);
        self.search(&block[..done]);
        block.drain(..done);
        self.carried = block;
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

    /// The same in the order in which the causes showed first.
    #[must_use]
    pub fn told_in_order(&self) -> &[Told] {
        &self.told
    }

    fn search(&mut self, block: &[u8]) {
        let mut at = 0;
        while at < block.len() {
            let Some(hit) = self.needles.find(aho_corasick::Input::new(block).range(at..).earliest(true)) else {
                break;
            };
            let event = event_around(block, hit.start(), at);
            let before = line_begin(block, event.start.saturating_sub(1), 0)..event.start;
            self.take(&block[event.clone()], &block[before]);
            at = event.end.max(hit.end());
        }
    }

    /// Takes one event; the line before it lends its time to an event that has none.
    fn take(&mut self, event: &[u8], before: &[u8]) {
        let event = &event[..event.len().min(LONGEST_EVENT)];
        let text = String::from_utf8_lossy(event);
        let key = alike(&text);
        if !self.remembered.contains_key(&key) {
            if self.remembered.len() >= MOST_REMEMBERED {
                self.remembered.clear();
            }
            let meaning = explain_event(&text, self.channel, self.catalogue);
            self.remembered.insert(key, meaning);
        }
        let Some(meant) = self.remembered.get(&key).filter(|meant| !meant.is_empty()) else { return };
        let time = time(&text).or_else(|| time(&String::from_utf8_lossy(&before[..before.len().min(200)])));
        for (cause, certainty) in meant {
            count(&mut self.told, cause, *certainty, time.as_deref(), &text);
        }
    }
}

fn count(told: &mut Vec<Told>, cause: &str, certainty: Certainty, time: Option<&str>, text: &str) {
    match told.iter_mut().find(|told| told.cause == cause) {
        Some(told) => {
            told.count += 1;
            told.first = told.first.take().or_else(|| time.map(ToOwned::to_owned));
            if let Some(time) = time {
                time.clone_into(told.last.get_or_insert_default());
            }
            if certainty < told.certainty {
                told.certainty = certainty;
                told.example = example(text);
            }
        }
        None => told.push(Told {
            cause: cause.to_owned(),
            certainty,
            count: 1,
            first: time.map(ToOwned::to_owned),
            last: time.map(ToOwned::to_owned),
            example: example(text),
        }),
    }
}

/// What an event means: the innermost "Caused by" that is known decides; then the whole.
fn explain_event(text: &str, channel: Option<Channel>, catalogue: &Catalogue) -> Meant {
    let inner = text.match_indices("Caused by:").map(|(at, _)| &text[at..]);
    let inner: Vec<&str> = inner.collect();
    for part in inner.into_iter().rev().take(20).chain([text]) {
        let causes = explain(part, channel, catalogue).causes;
        if !causes.is_empty() {
            return causes.iter().map(|meant| (meant.cause.code.clone(), meant.certainty)).collect();
        }
    }
    Meant::new()
}

/// The line of an event to show: the innermost refusal, else the first line, of ECE's fields the last; without secrets,
/// and short.
fn example(text: &str) -> String {
    let line = text.lines().rfind(|line| line.trim_start().starts_with("Caused by:")).or_else(|| text.lines().next());
    let line = line.unwrap_or_default();
    let message = line.rsplit(" <@> ").next().unwrap_or(line).trim();
    mask::mask(message).chars().take(LONGEST_EXAMPLE).collect()
}

/// A number that is the same for events that differ only in digits.
fn alike(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for word in text.split(|c: char| c.is_whitespace()) {
        let codes = word.contains("AADSTS") || (word.len() <= 8 && !word.contains(':'));
        let differs = !codes && word.bytes().any(|byte| byte.is_ascii_digit());
        if !differs {
            word.hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// The event around a hit: from its first line to its last continuation. Never before `from`.
fn event_around(block: &[u8], hit: usize, from: usize) -> std::ops::Range<usize> {
    let mut begin = line_begin(block, hit, from);
    for _ in 0..MOST_LINES {
        if begin <= from || !is_continuation(&block[begin..]) || hit - begin > LONGEST_EVENT / 2 {
            break;
        }
        begin = line_begin(block, begin - 1, from);
    }
    let mut end = line_end(block, hit);
    for _ in 0..MOST_LINES {
        if end >= block.len() || !is_continuation(&block[end..]) || end - begin > LONGEST_EVENT {
            break;
        }
        end = line_end(block, end);
    }
    begin..end
}

fn line_begin(block: &[u8], at: usize, from: usize) -> usize {
    memchr::memrchr(b'\n', &block[from..at]).map_or(from, |newline| from + newline + 1)
}

/// Behind the newline that ends the line at a place.
fn line_end(block: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |newline| at + newline + 1)
}

/// Whether a line belongs to the one before it: Java's traces, nested exceptions, whatever is indented.
fn is_continuation(line: &[u8]) -> bool {
    const BEGINNINGS: &[&[u8]] =
        &[b" ", b"\t", b"Caused by:", b"Suppressed:", b"nested exception", b"...", b"}", b"at "];
    BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
}

/// How much of a block can be searched: up to the begin of the last event, which may go on in the next block.
fn end_of_events(block: &[u8]) -> usize {
    let Some(mut begin) = memchr::memrchr(b'\n', block).map(|newline| newline + 1) else {
        return if block.len() > LONGEST_EVENT { block.len() } else { 0 };
    };
    let whole = begin;
    // the last whole line may have continuations that are still to come
    for _ in 0..MOST_LINES {
        if begin == 0 {
            break;
        }
        begin = line_begin(block, begin - 1, 0);
        if !is_continuation(&block[begin..]) {
            break;
        }
    }
    if block.len() - begin > LONGEST_EVENT * 2 { whole } else { begin }
}

/// The time in the first line of an event, as the log writes it: `2026-11-23 04:01:20.123` and its cousins.
fn time(text: &str) -> Option<String> {
    let line = text.lines().next()?.get(..80).or_else(|| text.lines().next())?;
    let bytes = line.as_bytes();
    let shape = |at: usize, shape: &[u8]| {
        shape.iter().enumerate().all(|(step, wanted)| {
            bytes.get(at + step).is_some_and(|byte| match wanted {
                b'0' => byte.is_ascii_digit(),
                b' ' => *byte == b' ' || *byte == b'T',
                b'-' => *byte == b'-' || *byte == b'/',
                wanted => byte == wanted,
            })
        })
    };
    let at = (0..bytes.len()).find(|at| shape(*at, b"0000-00-00 00:00:00"))?;
    Some(line.get(at..at + 19)?.replace('T', " "))
}

/// The text of a source: gzip is unpacked, UTF-16 becomes UTF-8.
fn text_of<'s>(mut source: impl Read + 's) -> io::Result<Box<dyn Read + 's>> {
    let (head, count) = head(&mut source)?;
    let whole = io::Cursor::new(head[..count].to_vec()).chain(source);
    if head[..count].starts_with(&[0x1f, 0x8b]) {
        let mut unpacked = MultiGzDecoder::new(whole);
        let (head, count) = self::head(&mut unpacked)?;
        let whole = io::Cursor::new(head[..count].to_vec()).chain(unpacked);
        return Ok(decoded(whole, &head[..count]));
    }
    Ok(decoded(whole, &head[..count]))
}

fn decoded<'s>(source: impl Read + 's, head: &[u8]) -> Box<dyn Read + 's> {
    match head {
        [0xff, 0xfe, ..] => Box::new(Wide::new(source, UTF_16LE.new_decoder_with_bom_removal())),
        [0xfe, 0xff, ..] => Box::new(Wide::new(source, UTF_16BE.new_decoder_with_bom_removal())),
        _ => Box::new(source),
    }
}

/// The first three bytes, fewer when there are no more.
fn head(source: &mut impl Read) -> io::Result<([u8; 3], usize)> {
    let (mut head, mut count) = ([0; 3], 0);
    while count < head.len() {
        match source.read(&mut head[count..]) {
            Ok(0) => break,
            Ok(read) => count += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok((head, count))
}

/// UTF-16 read as UTF-8.
struct Wide<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// What of `raw` is still to be decoded.
    left: std::ops::Range<usize>,
    is_over: bool,
}

impl<R: Read> Wide<R> {
    fn new(source: R, decoder: Decoder) -> Self {
        Self { source, decoder, raw: vec![0; 65_536], left: 0..0, is_over: false }
    }
}

impl<R: Read> Read for Wide<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        // one character needs up to four bytes
        if into.len() < 4 {
            return Ok(0);
        }
        loop {
            if self.left.is_empty() && !self.is_over {
                let count = self.source.read(&mut self.raw)?;
                self.left = 0..count;
                self.is_over = count == 0;
            }
            let (result, read, written, _) =
                self.decoder.decode_to_utf8(&self.raw[self.left.clone()], into, self.is_over);
            self.left.start += read;
            if written > 0 || (self.is_over && result == CoderResult::InputEmpty) {
                return Ok(written);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const ECE: &str = "2026-11-23 04:01:20.006 GMT+0000 <@> ERROR <@> [67:RxInstance id : 999] <@> ProcessId:3984 <@> \
        com.egain.mail.module.retriever.service.RxInstance <@> connect <@> javax.mail.AuthenticationFailedException: AADSTS7000222: \
        The provided client secret keys are expired.\n";

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
        let with_head = told(trace.as_bytes());
        let named: Vec<&str> = with_head.iter().map(|told| told.cause.as_str()).collect();
        assert!(named.contains(&"tls-version-too-old"), "{named:?}");
        let alone = trace.replace("ERROR Connection reset while sending\n", "ERROR ");
        let told = told(alone.as_bytes());
        assert_eq!(told.iter().map(|told| told.cause.as_str()).collect::<Vec<_>>(), ["tls-version-too-old"]);
        assert!(told[0].example.starts_with("Caused by:"), "{}", told[0].example);
    }

    #[test]
    fn gzip_in_several_members_and_utf_16() {
        let mut packed = Vec::new();
        for _ in 0..2 {
            let mut encoder = GzEncoder::new(&mut packed, Compression::fast());
            encoder.write_all(ECE.as_bytes()).expect("memory");
            encoder.finish().expect("memory");
        }
        assert_eq!(told(&packed)[0].count, 2);
        let wide: Vec<u8> = std::iter::once(0xfeff).chain(ECE.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        assert_eq!(told(&wide)[0].cause, "client-secret-expired");
        let wide: Vec<u8> = std::iter::once(0xfeff).chain(ECE.encode_utf16()).flat_map(u16::to_be_bytes).collect();
        assert_eq!(told(&wide)[0].cause, "client-secret-expired");
    }

    #[test]
    fn an_event_across_two_blocks_is_one() {
        let text = "2026-11-23 04:01:20 ERROR x\n\tat a.b\nCaused by: java.net.SocketTimeoutException: connect timed out\n\tat c.d\n2026-11-23 04:01:21 INFO y\n";
        let catalogue = Catalogue::built_in();
        let mut log = Log::new(&catalogue, None);
        for cut in 0..text.len() {
            log.told.clear();
            log.push(&text.as_bytes()[..cut]);
            log.push(&text.as_bytes()[cut..]);
            log.flush();
            let told = log.told();
            assert_eq!(
                (told.len(), told[0].count, told[0].first.as_deref()),
                (1, 1, Some("2026-11-23 04:01:20")),
                "cut at {cut}"
            );
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
            log.push(&vec![b'x'; BLOCK]);
            log.push(&[b"\tat AADSTS50126 ".as_slice(), &vec![b'y'; 100_000]].concat());
        }
        assert!(log.carried.len() <= 2 * BLOCK, "{}", log.carried.len());
    }

    #[test]
    fn every_refusal_among_the_samples_holds_a_needle() {
        let catalogue = Catalogue::built_in();
        let mut missed = Vec::new();
        let mut log = Log::new(&catalogue, None);
        for (cause, sign) in catalogue.signs() {
            let is_known = !explain(&sign.sample, None, &catalogue).causes.is_empty();
            let line = format!("2026-11-23 04:01:20 ERROR {}\n", sign.sample);
            log.told.clear();
            log.read(line.as_bytes()).expect("a readable log");
            if is_known && log.told().is_empty() {
                missed.push(format!("{}: {}", cause.code, sign.sample));
            }
        }
        assert!(missed.is_empty(), "{} samples have no needle:\n{}", missed.len(), missed.join("\n"));
    }
}
