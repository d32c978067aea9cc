//! POP3 replies and capabilities (RFC 1939 3, RFC 2449, RFC 3206, RFC 5034).
//!
//! In: bytes. Out: replies to the letter, and listings with their dots taken off.

use super::{
    Decoded, NoReply,
    line::{self, Lines, MOST_WORDS, gibberish, response_code, shorten},
};

/// One reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The word that it begins with.
    pub word: Word,
    /// The response code, without its brackets, such as `SYS/TEMP`, `AUTH` or `IN-USE` (RFC 2449 8, RFC 3206).
    pub code: Option<String>,
    /// All that stands behind the word, to the letter: a response code still stands in it.
    pub text: String,
}

/// The word that a reply begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// `+OK`
    Ok,
    /// `-ERR`
    Err,
    /// `+`: the server waits for more of the sign-in (RFC 5034 4).
    Continue,
}

/// A reply that several lines follow when it is `+OK`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The reply.
    pub reply: Reply,
    /// The lines up to the one with a dot alone.
    pub lines: Vec<String>,
}

/// Decodes the one-line reply that some bytes begin with.
///
/// # Errors
/// [`NoReply`]: more is needed; or the bytes are no POP3 reply, or it is too long.
pub fn decode(bytes: &[u8]) -> Decoded<Reply> {
    let mut lines = Lines::new(bytes)?;
    let reply = Reply::read(lines.line()?)?;
    Ok((reply, lines.taken()))
}

/// Decodes a reply that has lines behind it: the answer to CAPA.
///
/// # Errors
/// As [`decode`].
pub fn decode_listing(bytes: &[u8]) -> Decoded<Listing> {
    decode_lines(Lines::new(bytes)?)
}

/// Decodes the answer to TOP: the head of a message, which may be long.
///
/// # Errors
/// As [`decode`].
pub fn decode_head(bytes: &[u8]) -> Decoded<Listing> {
    decode_lines(Lines::new(bytes)?.of_a_listing())
}

fn decode_lines(mut lines: Lines<'_>) -> Decoded<Listing> {
    let reply = Reply::read(lines.line()?)?;
    let listed = if reply.word == Word::Ok { listing(&mut lines)? } else { Vec::new() };
    Ok((Listing { reply, lines: listed }, lines.taken()))
}

fn listing(lines: &mut Lines<'_>) -> Result<Vec<String>, NoReply> {
    let mut listed = Vec::new();
    loop {
        match lines.line()? {
            b"." => return Ok(listed),
            [b'.', rest @ ..] => listed.push(line::text(rest)), // RFC 1939 3: a dot was put before this one
            line => listed.push(line::text(line)),
        }
    }
}

impl Listing {
    /// True when a header of this name has this value, in a head; capitals of the name do not matter (RFC 5322 2.2).
    #[must_use]
    pub fn has_header(&self, name: &str, value: &str) -> bool {
        line::has_header(self.lines.iter().map(String::as_str), name, value)
    }
}

impl Reply {
    /// The reply as it was sent; shortened.
    #[must_use]
    pub fn words(&self) -> String {
        shorten(format!("{} {}", self.word.spelled(), self.text).trim_end(), MOST_WORDS)
    }

    /// How many messages the answer to STAT counts: the first of its two numbers (RFC 1939 5).
    #[must_use]
    pub fn message_count(&self) -> Option<i64> {
        let count: u32 = self.text.split(' ').next()?.parse().ok()?;
        (self.word == Word::Ok).then_some(i64::from(count))
    }

    fn read(line: &[u8]) -> Result<Self, NoReply> {
        let whole = line::text(line);
        let (first, text) = whole.split_once(' ').unwrap_or((&whole, ""));
        let word = Word::read(first).ok_or_else(|| gibberish(line))?;
        Ok(Self { word, code: response_code(text).map(str::to_owned), text: text.to_owned() })
    }
}

impl Word {
    /// The word as the protocol writes it.
    #[must_use]
    pub fn spelled(self) -> &'static str {
        match self {
            Self::Ok => "+OK",
            Self::Err => "-ERR",
            Self::Continue => "+",
        }
    }

    fn read(word: &str) -> Option<Self> {
        [Self::Ok, Self::Err, Self::Continue].into_iter().find(|known| known.spelled().eq_ignore_ascii_case(word))
    }
}

/// What a server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// One capability a line, as sent: a keyword and its parameters.
    pub lines: Vec<String>,
}

impl Capabilities {
    /// Takes the capabilities out of the answer to CAPA.
    #[must_use]
    pub fn of(listing: &Listing) -> Self {
        Self { lines: listing.lines.iter().map(|line| line.trim().to_owned()).collect() }
    }

    /// The names of the sign-in methods, in upper case: the parameters of `SASL` (RFC 5034 3).
    #[must_use]
    pub fn mechanisms(&self) -> Vec<String> {
        self.lines.iter().flat_map(|line| sasl_names(line)).collect()
    }
}

fn sasl_names(capability: &str) -> impl Iterator<Item = String> {
    let mut words = capability.split_ascii_whitespace();
    let is_sasl = words.next().is_some_and(|keyword| keyword.eq_ignore_ascii_case("SASL"));
    words.filter(move |_| is_sasl).map(str::to_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        evidence::FailureKind,
        wire::proof::{cut_anywhere, hostile, taken_is_given},
    };

    fn reply(text: &str) -> Reply {
        let (reply, taken) = decode(text.as_bytes()).unwrap();
        assert_eq!(taken, text.len());
        reply
    }

    fn wrong<T: std::fmt::Debug>(decoded: Decoded<T>) -> (FailureKind, String) {
        match decoded {
            Err(NoReply::Wrong(kind, words)) => (kind, words),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn replies_of_the_rfcs_are_kept_to_the_letter() {
        for (sent, word, code, text) in [
            (
                "+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us>\r\n",
                Word::Ok,
                None,
                "POP3 server ready <1896.697170952@dbc.mtview.ca.us>",
            ),
            ("+OK\r\n", Word::Ok, None, ""),
            ("-ERR permission denied\r\n", Word::Err, None, "permission denied"),
            (
                "-ERR [IN-USE] Do you have another POP session running?\r\n",
                Word::Err,
                Some("IN-USE"),
                "[IN-USE] Do you have another POP session running?",
            ),
            ("-ERR [SYS/TEMP] later\r\n", Word::Err, Some("SYS/TEMP"), "[SYS/TEMP] later"),
            ("-ERR [AUTH] no\n", Word::Err, Some("AUTH"), "[AUTH] no"),
            ("+ \r\n", Word::Continue, None, ""),
            ("+ eyJ9\r\n", Word::Continue, None, "eyJ9"),
        ] {
            assert_eq!(reply(sent), Reply { word, code: code.map(str::to_owned), text: text.to_owned() }, "{sent}");
        }
        assert_eq!(reply("-ERR [AUTH] no\r\n").words(), "-ERR [AUTH] no");
    }

    #[test]
    fn other_protocols_are_gibberish_in_their_own_words() {
        for line in ["220 mail ESMTP", "* OK ready", "SSH-2.0-x", "", "+OKAY", "-ERROR x", "OK"] {
            assert_eq!(wrong(decode(format!("{line}\r\n").as_bytes())), (FailureKind::MalformedReply, line.to_owned()));
        }
        assert_eq!(wrong(decode(b"HTTP/1.0 200 OK\r\n")).0, FailureKind::UnexpectedHttp);
    }

    #[test]
    fn listing_ends_with_a_dot_and_loses_the_stuffed_ones() {
        let sent = b"+OK list follows\r\nSASL PLAIN XOAUTH2\r\n..dot\r\nUIDL\n.\r\n+OK bye\r\n";
        let (listing, taken) = decode_listing(sent).unwrap();
        assert_eq!(listing.lines, ["SASL PLAIN XOAUTH2", ".dot", "UIDL"]);
        assert_eq!(taken, sent.len() - 9);
        assert_eq!(Capabilities::of(&listing).mechanisms(), ["PLAIN", "XOAUTH2"]);
    }

    #[test]
    fn refused_listing_has_no_lines() {
        let (listing, taken) = decode_listing(b"-ERR what?\r\nx\r\n").unwrap();
        assert_eq!((listing.reply.word, listing.lines.len(), taken), (Word::Err, 0, 12));
    }

    #[test]
    fn listing_that_never_ends_is_too_much() {
        assert_eq!(
            wrong(decode_listing(format!("+OK\r\n{}", "X\r\n".repeat(64)).as_bytes())).0,
            FailureKind::ReplyTooLarge
        );
        assert_eq!(decode_listing(b"+OK\r\nUIDL\r\n"), Err(NoReply::Incomplete));
    }

    #[test]
    fn head_of_a_message_may_be_long_and_is_bounded() {
        let head = |lines: usize| format!("+OK\r\n{}X-Mark:  abc \r\n\r\n.\r\n", "Received: x\r\n".repeat(lines));
        let (read, taken) = decode_head(head(500).as_bytes()).unwrap();
        assert_eq!(taken, head(500).len());
        assert!(read.has_header("x-mark", "abc") && !read.has_header("x-mark", "ab"));
        assert_eq!(wrong(decode_head(head(5000).as_bytes())).0, FailureKind::ReplyTooLarge);
        assert_eq!(
            wrong(decode_listing(head(500).as_bytes())).0,
            FailureKind::ReplyTooLarge,
            "other listings stay short"
        );
    }

    #[test]
    fn mechanisms_are_read_in_any_case() {
        let offered = Capabilities { lines: vec!["sasl xoauth2".to_owned(), "SASLX no".to_owned(), "SASL".to_owned()] };
        assert_eq!(offered.mechanisms(), ["XOAUTH2"]);
    }

    #[test]
    fn cutting_changes_nothing() {
        for text in ["+OK hi\r\nX\r\n..\r\n.\r\nrest", "-ERR [AUTH] é\r\n", "220 x\r\n", "+OK\n.x\n.\n"] {
            cut_anywhere(text.as_bytes(), decode);
            cut_anywhere(text.as_bytes(), decode_listing);
            cut_anywhere(text.as_bytes(), decode_head);
        }
    }

    #[test]
    fn messages_are_counted_by_the_first_number() {
        let count = |text: &str| decode(text.as_bytes()).unwrap().0.message_count();
        assert_eq!(count("+OK 2 320\r\n"), Some(2));
        assert_eq!(count("+OK 0\r\n"), Some(0));
        for text in ["+OK\r\n", "+OK two 320\r\n", "-ERR 2 320\r\n", "+OK 99999999999 1\r\n", "+OK -2 1\r\n"] {
            assert_eq!(count(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_without_panic(bytes in hostile()) {
            prop_assert!(taken_is_given(&decode(&bytes), &bytes));
            let listing = decode_listing(&bytes);
            prop_assert!(taken_is_given(&listing, &bytes));
            if let Ok((listing, _)) = listing {
                prop_assert!(listing.reply.words().chars().count() <= MOST_WORDS);
                prop_assert!(Capabilities::of(&listing).mechanisms().len() <= bytes.len());
            }
        }
    }
}
