//! Where an event of a log begins and ends: a line with what belongs to it.
//!
//! In: bytes of a log. Out: the range of the event around a place, and up to where a block can be searched before more of
//! it has come. What belongs together: the traces of Java (`Caused by:`, `... 12 more`, `nested exception is:`, a `;` or an
//! empty line between them), of Python (`Traceback`, up to the line of the exception), of .NET (`--->`), the records of
//! PowerShell, and the lines of one dialogue with a mail server.

use std::ops::Range;

use super::{
    codes,
    session::{self, Part},
};
use crate::evidence::Protocol;

/// The longest event, in bytes: what is longer is cut around the hit.
pub const LONGEST: usize = super::extract::LONGEST;
/// So much of a line tells what it is, in bytes.
const LONGEST_HEAD: usize = 300;

/// Before what an exception was caused by.
pub const INNER: &str = "Caused by:";
/// The same in small letters.
pub const INNER_SMALL: &str = "caused by:";

/// What a line is to the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Belongs to whatever stands before it.
    Continuation,
    /// The head of a trace of Python.
    Traceback,
    /// Begins with the name of an exception.
    Throwable,
    /// A line of a dialogue.
    Dialogue,
    /// A line of a dialogue that refuses.
    Refusal,
    /// Begins something of its own.
    Head,
}

/// Who says in a line that something failed. What another one says is another failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Speaker {
    /// A mail server, of this protocol.
    Server(Protocol),
    /// Entra ID, with its number.
    Entra,
    /// The network or the encryption below all of them, with the name of an exception.
    Connection,
}

/// Parts of the names of exceptions that tell of the network or of encryption.
const OF_CONNECTION: [&str; 11] = [
    "UnknownHost",
    "gaierror",
    "SSLHandshake",
    "SSLException",
    "SSLError",
    "SSLCertVerification",
    "ConnectException",
    "ConnectionRefused",
    "SocketTimeout",
    "NoRouteToHost",
    "SocketException",
];

/// Who speaks in a line; none where no failure is told in it.
pub(super) fn speaker(line: &[u8]) -> Option<Speaker> {
    let line = &line[..line.len().min(LONGEST_HEAD)];
    let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
    let text = String::from_utf8_lossy(line);
    if let Some(protocol) = session::refused_by(&text) {
        return Some(Speaker::Server(protocol));
    }
    if OF_CONNECTION.iter().any(|name| text.contains(name)) {
        return Some(Speaker::Connection);
    }
    let small = text.to_ascii_lowercase();
    let mark = codes::ENTRA_MARKS[0];
    let names_number = small.match_indices(mark).any(|(at, _)| codes::number(&small[at + mark.len()..]).is_some());
    names_number.then_some(Speaker::Entra)
}

/// What a line is to the one before it, and whether it is one of a dialogue.
fn kind(line: &[u8]) -> (Kind, bool) {
    const BEGINNINGS: &[&[u8]] = &[
        b" ",
        b"\t",
        b"\r",
        b"\n",
        b";",
        b"Caused by",
        b"Suppressed:",
        b"nested exception",
        b"...",
        b"}",
        b"at ",
        b"--->",
        b"--- End of",
        b"+ ",
        b"At line:",
        b"During handling of",
        b"The above exception",
        b"[CIRCULAR REFERENCE",
        b"  nested",
        b"Wrapped by",
        b"FullyQualifiedErrorId",
    ];
    let text = &line[..line.len().min(LONGEST_HEAD)];
    let text = &text[..memchr::memchr(b'\n', text).map_or(text.len(), |end| end + 1)];
    if text.is_empty() {
        return (Kind::Head, false);
    }
    let part = part(text);
    let is_dialogue = part.is_some();
    let may_continue = b" \t\r\n;CSn.}a-+ADT[WF".contains(&text[0]);
    let kind = match part {
        Some(Part::Other) => Kind::Dialogue,
        Some(Part::Refusal) => Kind::Refusal,
        _ if may_continue && BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) => Kind::Continuation,
        _ if text.starts_with(b"Traceback (most recent") => Kind::Traceback,
        _ if is_throwable(text) => Kind::Throwable,
        _ => Kind::Head,
    };
    (kind, is_dialogue)
}

/// The part that a line has in a dialogue with a mail server.
fn part(line: &[u8]) -> Option<Part> {
    session::part(std::str::from_utf8(line).ok()?.trim_end())
}

/// Whether a line begins with the name of an exception: `javax.mail.MessagingException: …`, `OSError: …`.
fn is_throwable(line: &[u8]) -> bool {
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$');
    let name = &line[..line.iter().take(200).take_while(|byte| of_name(byte)).count()];
    let is_exception = [b"Exception".as_slice(), b"Error", b"Failure", b".timeout", b".gaierror", b".error"];
    let is_named = name.contains(&b'.') || line.get(name.len()) == Some(&b':');
    is_named && is_exception.iter().any(|end| name.ends_with(end) && name.len() > end.len())
}

/// What an event has had so far.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four independent observations of the lines so far")]
struct State {
    has_throwable: bool,
    in_traceback: bool,
    is_dialogue: bool,
    ends_refused: bool,
    speaker: Option<Speaker>,
}

impl State {
    fn begin(line: &[u8]) -> Self {
        let (kind, is_dialogue) = kind(line);
        Self {
            has_throwable: kind == Kind::Throwable || kind == Kind::Continuation,
            in_traceback: kind == Kind::Traceback,
            is_dialogue,
            ends_refused: kind == Kind::Refusal,
            speaker: speaker(line),
        }
    }

    /// Whether a line belongs to the event, and what the event is then.
    fn goes_on(self, line: &[u8]) -> Option<Self> {
        let kind = kind(line).0;
        match kind {
            Kind::Continuation => return Some(self),
            Kind::Head => return None,
            _ => {}
        }
        let speaker = speaker(line);
        if self.speaker.zip(speaker).is_some_and(|(before, now)| before != now) {
            return None;
        }
        let known = Self { speaker: self.speaker.or(speaker), ..self };
        known.joined(kind)
    }

    /// What the event is with a line of this kind, if such a line belongs to it.
    fn joined(self, kind: Kind) -> Option<Self> {
        match kind {
            Kind::Traceback => (!self.has_throwable).then_some(Self { in_traceback: true, ..self }),
            Kind::Throwable if self.in_traceback || !self.has_throwable => {
                Some(Self { has_throwable: true, in_traceback: false, ..self })
            }
            Kind::Dialogue if self.is_dialogue => Some(Self { ends_refused: false, ..self }),
            Kind::Refusal if self.is_dialogue && !self.ends_refused => Some(Self { ends_refused: true, ..self }),
            Kind::Throwable | Kind::Dialogue | Kind::Refusal | Kind::Continuation | Kind::Head => None,
        }
    }
}

/// The event around a hit, never before `from`, which is the end of an event.
#[must_use]
pub fn around(block: &[u8], hit: usize, from: usize) -> Range<usize> {
    let earliest = from.max(hit.saturating_sub(LONGEST / 2));
    let mut begin = head(block, line_begin(block, hit, earliest), earliest);
    loop {
        let end = end(block, begin);
        if end > hit {
            return begin..end;
        }
        begin = end;
    }
}

/// How much of a block can be searched: up to the begin of the last event, which may go on in the next block.
#[must_use]
pub fn complete(block: &[u8]) -> usize {
    let Some(newline) = memchr::memrchr(b'\n', block) else {
        return if block.len() > LONGEST { block.len() } else { 0 };
    };
    let earliest = block.len().saturating_sub(LONGEST);
    let begin = head(block, line_begin(block, newline, earliest.min(newline)), earliest.min(newline));
    if begin > 0 && begin <= earliest { newline + 1 } else { begin }
}

/// Where the nearest line begins, at or before a line, that begins something whatever stands before it.
fn head(block: &[u8], line: usize, earliest: usize) -> usize {
    let mut begin = line;
    while begin > earliest && kind(&block[begin..]).0 != Kind::Head {
        begin = line_begin(block, begin - 1, earliest);
    }
    begin
}

/// Where the event ends that begins here.
fn end(block: &[u8], begin: usize) -> usize {
    let latest = block.len().min(begin + LONGEST);
    let mut state = State::begin(&block[begin..]);
    let mut end = line_end(block, begin);
    while end < latest {
        let Some(next) = state.goes_on(&block[end..]) else { break };
        state = next;
        end = line_end(block, end);
    }
    end.min(latest).max(begin + 1)
}

/// Where the line begins that holds a place, not before `from`.
#[must_use]
pub fn line_begin(block: &[u8], at: usize, from: usize) -> usize {
    memchr::memrchr(b'\n', &block[from..at]).map_or(from, |newline| from + newline + 1)
}

/// Behind the newline that ends the line at a place.
fn line_end(block: &[u8], at: usize) -> usize {
    memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |newline| at + newline + 1)
}

/// The events of a whole text, one after the other.
pub fn split(block: &[u8]) -> Vec<Range<usize>> {
    let mut events = Vec::new();
    let mut begin = 0;
    while begin < block.len() {
        let end = end(block, begin);
        events.push(begin..end);
        begin = end;
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> usize {
        split(text.as_bytes()).len()
    }

    #[test]
    fn one_failure_is_one_event() {
        for text in [
            "ERROR sending\njavax.mail.MessagingException: Could not connect;\n  nested exception is:\n\tjava.net.X: y\n\n\tat a.b\nCaused by: java.net.X: y\n\t... 12 more\n",
            "ERROR x\nTraceback (most recent call last):\n  File \"a\", line 1\n    x()\nsmtplib.SMTPAuthenticationError: (535, b'x')\n",
            "Traceback (most recent call last):\n  File \"a\", line 1\nOSError: x\n\nDuring handling of the above exception, another exception occurred:\n\n",
            "Unhandled exception. System.Net.WebException: x\n ---> System.Net.Sockets.SocketException (10060): y\n   at a.b()\n   --- End of inner exception stack trace ---\n   at c.d()\n",
            "Test-Thing : it failed\nAt line:1 char:1\n+ Test-Thing\n+ ~~~~~~~~~~\n    + CategoryInfo : x\n",
            "220 x ready\nEHLO a\n250 ok\nMAIL FROM:<a>\n530 5.7.57 no\nQUIT\n221 bye\n",
            "A1 NO AUTHENTICATE failed.\nA2 BAD Command received in Invalid state.\n",
            "A1 NO AUTHENTICATE failed.\njavax.mail.AuthenticationFailedException: AUTHENTICATE failed.\n\tat a.b\nCaused by: java.net.SocketException: x\n",
        ] {
            assert_eq!(events(text), 1, "{text}");
        }
    }

    #[test]
    fn two_failures_are_two_events() {
        for text in [
            "ERROR a\nERROR b\n",
            "javax.mail.MessagingException: a\n\tat x\njavax.mail.MessagingException: b\n\tat y\n",
            "220 x ready\nEHLO a\n421 no\n220 x ready\nEHLO a\n421 no\n",
            "A1 NO AUTHENTICATE failed.\n535 5.7.139 Authentication unsuccessful\n",
            "535 5.7.139 Authentication unsuccessful\nA1 NO AUTHENTICATE failed.\n",
            "535 5.7.139 Authentication unsuccessful\n-ERR Authentication failure\n",
            "535 5.7.139 Authentication unsuccessful\njavax.net.ssl.SSLHandshakeException: PKIX path building failed\n\tat a.b\n",
            "A1 NO AUTHENTICATE failed.\njava.net.UnknownHostException: smtp.ofice365.com\n",
            "A1 NO AUTHENTICATE failed.\nA3 BAD User is authenticated but not connected.\n",
            "ERROR [a] javax.mail.MessagingException: A1 NO AUTHENTICATE failed.\nERROR [b] 535 5.7.139 Authentication unsuccessful\n",
        ] {
            assert_eq!(events(text), 2, "{text}");
        }
    }

    #[test]
    fn the_event_around_any_place_is_the_same() {
        let text =
            "ERROR a\njavax.mail.X: y\n\tat z\nINFO b\nTraceback (most recent call last):\n  x\nOSError: z\nINFO c\n";
        for event in split(text.as_bytes()) {
            for hit in event.clone() {
                assert_eq!(around(text.as_bytes(), hit, 0), event, "{hit}");
            }
        }
    }
}
