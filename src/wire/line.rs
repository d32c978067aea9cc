//! Bytes into lines, with bounds; and what other protocols sound like.
//!
//! In: all bytes that have come. Out: lines without their ends. SMTP, IMAP and POP3 end a line with CR LF; LF alone is
//! taken too, because boxes between us and the server send it. NUL and other control bytes stay as they are: they are
//! escaped where they are printed.

use super::NoReply;
use crate::evidence::FailureKind;
pub use crate::evidence::shorten;

/// The longest line that is taken, in bytes. RFC 5321 4.5.3.1.5 allows 512 for SMTP, RFC 2449 4 allows 512 for POP3,
/// RFC 9051 4 leaves IMAP open; the longest honest line, a capability list, is far below.
pub const LONGEST: usize = 8 * 1024;
/// The most lines that one reply may have.
pub const MOST_LINES: usize = 64;
/// The most bytes that one reply may have.
pub const MOST_BYTES: usize = 16 * 1024;
/// The most lines and bytes of a listing that grows with the mailbox: its folders, the head of a message.
pub const MOST_LISTED: (usize, usize) = (2048, 60 * 1024);
/// The most characters of another side's words that are kept.
pub const MOST_WORDS: usize = 200;

/// How many bytes without a line end are waited for before a web page is called one.
const ENOUGH: usize = 1024;

/// The lines at the beginning of some bytes, one by one, all of one reply.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    bytes: &'a [u8],
    taken: usize,
    count: usize,
    most: (usize, usize),
}

impl<'a> Lines<'a> {
    /// Begins.
    ///
    /// # Errors
    /// [`NoReply::Wrong`] when another protocol is spoken; [`NoReply::Incomplete`] when one seems to be, and its first
    /// line is still coming.
    pub fn new(bytes: &'a [u8]) -> Result<Self, NoReply> {
        match foreign(bytes) {
            Some((FailureKind::UnexpectedHttp, _)) if bytes.len() < ENOUGH && !bytes.contains(&b'\n') => {
                Err(NoReply::Incomplete)
            }
            Some((kind, words)) => Err(NoReply::Wrong(kind, words)),
            None => Ok(Self { bytes, taken: 0, count: 0, most: (MOST_LINES, MOST_BYTES) }),
        }
    }

    /// The same with room for [`MOST_LISTED`].
    #[must_use]
    pub fn of_a_listing(self) -> Self {
        Self { most: MOST_LISTED, ..self }
    }

    /// The next line, without its end.
    ///
    /// # Errors
    /// [`NoReply::Incomplete`] when its end has not come, [`NoReply::Wrong`] when it is longer than [`LONGEST`] or the
    /// reply has more than [`MOST_LINES`] or [`MOST_BYTES`].
    pub fn line(&mut self) -> Result<&'a [u8], NoReply> {
        let rest = &self.bytes[self.taken..];
        let Some(end) = rest.iter().take(LONGEST).position(|byte| *byte == b'\n') else {
            let too_long = rest.len() >= LONGEST;
            return Err(if too_long { self.too_much(LONGEST, "bytes in a line") } else { NoReply::Incomplete });
        };
        self.count += 1;
        if self.count > self.most.0 {
            return Err(self.too_much(self.most.0, "lines in a reply"));
        }
        self.take(end + 1)?;
        let line = &rest[..end];
        Ok(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The next bytes, whatever they are: an IMAP literal.
    ///
    /// # Errors
    /// As [`Lines::line`].
    pub fn block(&mut self, length: usize) -> Result<&'a [u8], NoReply> {
        let start = self.taken;
        self.take(length)?;
        self.bytes.get(start..self.taken).ok_or(NoReply::Incomplete)
    }

    /// How many bytes the lines so far took.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    fn take(&mut self, length: usize) -> Result<(), NoReply> {
        self.taken = self.taken.saturating_add(length);
        if self.taken > self.most.1 { Err(self.too_much(self.most.1, "bytes in a reply")) } else { Ok(()) }
    }

    fn too_much(&self, most: usize, what: &str) -> NoReply {
        NoReply::Wrong(
            FailureKind::ReplyTooLarge,
            shorten(&format!("more than {most} {what}: {}", first_line(self.bytes)), MOST_WORDS),
        )
    }
}

/// Another protocol that these bytes begin with, in its own words: a web server or a proxy's page, or TLS.
#[must_use]
pub fn foreign(bytes: &[u8]) -> Option<(FailureKind, String)> {
    let begins = |mark: &str| bytes.get(..mark.len()).is_some_and(|start| start.eq_ignore_ascii_case(mark.as_bytes()));
    if ["HTTP/", "<html", "<!doctype"].into_iter().any(begins) {
        return Some((FailureKind::UnexpectedHttp, shorten(&first_line(bytes), MOST_WORDS)));
    }
    match bytes {
        [0x15, 0x03, ..] => Some((FailureKind::UnexpectedTls, "a TLS alert (bytes 15 03)".to_owned())), // record types: RFC 8446 5.1
        [0x16, 0x03, ..] => Some((FailureKind::UnexpectedTls, "a TLS handshake (bytes 16 03)".to_owned())),
        _ => None,
    }
}

/// Gibberish: a line that is not of the protocol, in its own words.
#[must_use]
pub fn gibberish(line: &[u8]) -> NoReply {
    NoReply::Wrong(FailureKind::MalformedReply, words(line))
}

/// The beginning of some bytes as words: at most [`MOST_WORDS`] characters, without the line end.
#[must_use]
pub fn words(bytes: &[u8]) -> String {
    // four bytes make at most one character, so this many are enough, and one more tells that something was left out
    let enough = &bytes[..bytes.len().min(4 * (MOST_WORDS + 1))];
    shorten(text(enough).trim_end_matches(['\r', '\n']), MOST_WORDS)
}

/// Bytes as text; what is not UTF-8 becomes U+FFFD.
#[must_use]
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The response code in brackets at the beginning of a text, without the brackets (RFC 9051 7.1, RFC 2449 8).
#[must_use]
pub fn response_code(text: &str) -> Option<&str> {
    let (code, _) = text.strip_prefix('[')?.split_once(']')?;
    (!code.is_empty()).then_some(code)
}

/// True when these lines have a header of this name with this value, also where it goes on in the next line (RFC 5322
/// 2.2). Only the head counts: it ends with an empty line.
#[must_use]
pub fn has_header<'l>(lines: impl IntoIterator<Item = &'l str>, name: &str, value: &str) -> bool {
    let mut headers: Vec<String> = Vec::new();
    for line in lines.into_iter().take_while(|line| !line.is_empty()) {
        match headers.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            Some(header) => header.push_str(line),
            None => headers.push(line.to_owned()),
        }
    }
    let mut headers = headers.iter().filter_map(|header| header.split_once(':'));
    headers.any(|(own, text)| own.trim_end().eq_ignore_ascii_case(name) && text.trim() == value)
}

fn first_line(bytes: &[u8]) -> String {
    words(bytes.split(|byte| *byte == b'\n').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::{
        Decoded,
        proof::{cut_anywhere, hostile},
    };

    fn one(bytes: &[u8]) -> Decoded<String> {
        let mut lines = Lines::new(bytes)?;
        Ok((text(lines.line()?), lines.taken()))
    }

    #[test]
    fn both_line_ends_are_taken() {
        assert_eq!(one(b"a b\r\nc"), Ok(("a b".to_owned(), 5)));
        assert_eq!(one(b"a b\nc"), Ok(("a b".to_owned(), 4)));
        assert_eq!(one(b"a\rb\r\r\n"), Ok(("a\rb\r".to_owned(), 6)), "only the end is cut off");
    }

    #[test]
    fn unfinished_line_waits() {
        assert_eq!(one(b""), Err(NoReply::Incomplete));
        assert_eq!(one(b"a\r"), Err(NoReply::Incomplete));
    }

    #[test]
    fn line_of_100_kilobytes_is_too_much() {
        let bytes = [b"220 ".as_slice(), &vec![b'a'; 100_000], b"\r\n"].concat();
        let Err(NoReply::Wrong(FailureKind::ReplyTooLarge, words)) = one(&bytes) else { panic!("taken") };
        assert!(words.starts_with("more than 8192 bytes in a line: 220 aaa"), "{words}");
        assert_eq!(words.chars().count(), MOST_WORDS);
    }

    #[test]
    fn longest_line_is_taken_and_one_more_byte_is_not() {
        let mut bytes = vec![b'a'; LONGEST - 1];
        bytes.push(b'\n');
        assert!(one(&bytes).is_ok());
        bytes.insert(0, b'a');
        assert!(matches!(one(&bytes), Err(NoReply::Wrong(FailureKind::ReplyTooLarge, _))));
    }

    #[test]
    fn too_many_lines_and_too_many_bytes_are_too_much() {
        let mut lines = Lines::new(&[b'\n'; 100]).unwrap();
        for _ in 0..MOST_LINES {
            lines.line().unwrap();
        }
        assert!(matches!(lines.line(), Err(NoReply::Wrong(FailureKind::ReplyTooLarge, _))));

        let thousand = [vec![b'a'; 1023], vec![b'\n']].concat().repeat(20);
        let mut lines = Lines::new(&thousand).unwrap();
        for _ in 0..16 {
            lines.line().unwrap();
        }
        assert!(matches!(lines.line(), Err(NoReply::Wrong(FailureKind::ReplyTooLarge, _))));
    }

    #[test]
    fn huge_block_is_too_much_before_it_comes() {
        let mut lines = Lines::new(b"abc").unwrap();
        assert!(matches!(lines.clone().block(usize::MAX), Err(NoReply::Wrong(FailureKind::ReplyTooLarge, _))));
        assert_eq!(lines.clone().block(4), Err(NoReply::Incomplete));
        assert_eq!(lines.block(3), Ok(b"abc".as_slice()));
    }

    #[test]
    fn web_pages_and_tls_are_recognised() {
        let kind = |bytes: &[u8]| foreign(bytes).map(|(kind, _)| kind);
        assert_eq!(kind(b"HTTP/1.1 400 Bad Request\r\n"), Some(FailureKind::UnexpectedHttp));
        assert_eq!(kind(b"<HTML><head>"), Some(FailureKind::UnexpectedHttp));
        assert_eq!(kind(b"<!DOCTYPE html>"), Some(FailureKind::UnexpectedHttp));
        assert_eq!(kind(b"\x15\x03\x03\x00\x02"), Some(FailureKind::UnexpectedTls));
        assert_eq!(kind(b"\x16\x03\x01"), Some(FailureKind::UnexpectedTls));
        assert_eq!(kind(b"220 HTTP/1.1"), None);
        assert_eq!(kind(b"HTT"), None);
        assert_eq!(
            one(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n"),
            Err(NoReply::Wrong(FailureKind::UnexpectedHttp, "HTTP/1.1 400 Bad Request".to_owned()))
        );
    }

    #[test]
    fn cutting_changes_nothing() {
        let long = vec![b'x'; LONGEST + 10];
        let page = [b"<html>".as_slice(), &"é".repeat(2000).into_bytes()].concat();
        for bytes in [b"a b\r\nc".as_slice(), b"\x15\x03\x03", b"HTTP/1.1 403 No\r\nx\r\n", &long, &page] {
            cut_anywhere(bytes, one);
        }
    }

    #[test]
    fn words_are_bounded_in_characters() {
        assert_eq!(words(b"abc\r\n"), "abc");
        assert_eq!(words(b"\0\x1b[2J\xff\r\n"), "\0\x1b[2J\u{fffd}");
        let long = words("é😀".repeat(5000).as_bytes());
        assert_eq!(long.chars().count(), MOST_WORDS);
        assert!(long.ends_with('…'));
        assert_eq!(shorten("éé", 2), "éé");
        assert_eq!(shorten("ééé", 2), "é…");
    }

    #[test]
    fn header_stands_in_the_head_only() {
        let head = ["Subject: re: abc", "X-MARK:abc", "In-Reply-To:", " <x>", "", "X-Body: abc"];
        assert!(has_header(head, "x-mark", "abc") && has_header(head, "In-Reply-To", "<x>"));
        for (name, value) in [("Subject", "abc"), ("X-Body", "abc"), ("X-Mark", "ABC"), ("X-Mar", "abc")] {
            assert!(!has_header(head, name, value), "{name}: {value}");
        }
    }

    #[test]
    fn response_code_stands_first_and_in_brackets() {
        assert_eq!(response_code("[IN-USE] busy"), Some("IN-USE"));
        assert_eq!(response_code("[SYS/TEMP]"), Some("SYS/TEMP"));
        for text in ["busy [IN-USE]", "[IN-USE", "[] x", ""] {
            assert_eq!(response_code(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_bounded_words(bytes in hostile()) {
            prop_assert!(words(&bytes).chars().count() <= MOST_WORDS);
            if let Err(NoReply::Wrong(_, words)) = one(&bytes) {
                prop_assert!(words.chars().count() <= MOST_WORDS);
            }
        }
    }
}
