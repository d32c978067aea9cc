//! SMTP replies and what an EHLO answer offers (RFC 5321 4.2 and 4.1.1.1, RFC 2034, RFC 1870, RFC 4954).
//!
//! In: bytes. Out: replies to the letter, whatever their code says.

use super::{
    Decoded, NoReply,
    line::{self, Lines, MOST_WORDS, gibberish, shorten},
};
use crate::evidence::FailureKind;

/// One reply, of one line or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The three-digit code, 200 to 599.
    pub code: u16,
    /// The enhanced status code that the first text begins with (RFC 3463), such as `5.7.139`.
    pub enhanced: Option<String>,
    /// The text of each line behind the code, to the letter: an enhanced status code still stands in it.
    pub lines: Vec<String>,
}

impl Reply {
    /// The reply as it was sent, its lines joined and the code said once; shortened.
    #[must_use]
    pub fn words(&self) -> String {
        shorten(format!("{} {}", self.code, self.lines.join(" ")).trim_end(), MOST_WORDS)
    }

    /// True when the server says no, for now or for good (RFC 5321 4.2.1: codes that begin with 4 or 5).
    #[must_use]
    pub fn refuses(&self) -> bool {
        self.code >= 400
    }
}

/// Decodes the reply that some bytes begin with.
///
/// # Errors
/// [`NoReply`]: more is needed; or the bytes are no SMTP reply, its lines have different codes, or it is too long.
pub fn decode(bytes: &[u8]) -> Decoded<Reply> {
    let mut lines = Lines::new(bytes)?;
    let first = Part::read(lines.line()?)?;
    let mut last = first.last;
    let mut texts = vec![first.text];
    while !last {
        let part = Part::read(lines.line()?)?;
        if part.code != first.code {
            return Err(two_codes(first.code, &texts, &part));
        }
        last = part.last;
        texts.push(part.text);
    }
    let enhanced = enhanced_code(&texts[0]).map(str::to_owned);
    Ok((Reply { code: first.code, enhanced, lines: texts }, lines.taken()))
}

/// True when an address can stand between `<` and `>` in MAIL FROM and RCPT TO (RFC 5321 4.1.2) and cannot end the
/// command there. Quoted local parts and addresses beyond ASCII (RFC 6531) are not taken: Exchange Online gives neither.
#[must_use]
pub fn is_path(address: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"<>()[]\\,;:\"".contains(&byte);
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    !local.is_empty()
        && !local.contains('@')
        && !domain.is_empty()
        && address.len() <= 254
        && address.bytes().all(plain)
}

/// What an EHLO answer offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// One capability a line, as sent: a keyword and its parameters.
    pub lines: Vec<String>,
}

impl Capabilities {
    /// Takes the capabilities out of an EHLO answer: every line but the first, which is the server's name.
    #[must_use]
    pub fn of(reply: &Reply) -> Self {
        Self { lines: reply.lines.iter().skip(1).map(|line| line.trim().to_owned()).collect() }
    }

    /// True when a keyword is offered, in whatever case.
    #[must_use]
    pub fn offers(&self, keyword: &str) -> bool {
        self.parameters(keyword).next().is_some()
    }

    /// The names of the sign-in methods, in upper case, each once. `AUTH=LOGIN`, the form of servers older than
    /// RFC 2554, counts as `AUTH LOGIN`.
    #[must_use]
    pub fn mechanisms(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for line in &self.lines {
            for name in mechanisms_in(line) {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        names
    }

    /// The largest message that is taken, in bytes (RFC 1870 4); none when there is no fixed limit.
    #[must_use]
    pub fn size_limit(&self) -> Option<i64> {
        self.parameters("SIZE").find_map(|parameters| parameters.trim().parse().ok()).filter(|bytes| *bytes > 0)
    }

    fn parameters<'a>(&'a self, keyword: &'a str) -> impl Iterator<Item = &'a str> {
        self.lines
            .iter()
            .map(|line| line.split_once([' ', '\t']).unwrap_or((line, "")))
            .filter(move |(word, _)| word.eq_ignore_ascii_case(keyword))
            .map(|(_, parameters)| parameters)
    }
}

/// One line of a reply.
struct Part {
    code: u16,
    last: bool,
    text: String,
}

impl Part {
    fn read(line: &[u8]) -> Result<Self, NoReply> {
        let [first @ b'2'..=b'5', second @ b'0'..=b'9', third @ b'0'..=b'9', rest @ ..] = line else {
            return Err(gibberish(line));
        };
        let (last, text) = match rest {
            [] => (true, rest), // RFC 5321 4.2: a code alone should be taken
            [b' ', text @ ..] => (true, text),
            [b'-', text @ ..] => (false, text),
            _ => return Err(gibberish(line)),
        };
        let code = [first, second, third].into_iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        Ok(Self { code, last, text: line::text(text) })
    }
}

/// RFC 5321 4.2.1: every line of a reply has the same code.
fn two_codes(code: u16, texts: &[String], part: &Part) -> NoReply {
    let words = format!("codes {code} and {} in one reply: {} / {}", part.code, texts.join(" "), part.text);
    NoReply::Wrong(FailureKind::MalformedReply, shorten(&words, MOST_WORDS))
}

/// RFC 3463 2: class 2, 4 or 5, then two numbers of one to three digits.
fn enhanced_code(text: &str) -> Option<&str> {
    let word = text.split(' ').next()?;
    let mut numbers = word.split('.');
    let class = matches!(numbers.next()?, "2" | "4" | "5");
    let number = |digits: &str| (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (class && number(numbers.next()?) && number(numbers.next()?) && numbers.next().is_none()).then_some(word)
}

fn mechanisms_in(capability: &str) -> impl Iterator<Item = String> {
    let names = match capability.split_at_checked(4) {
        Some((keyword, rest)) if keyword.eq_ignore_ascii_case("AUTH") && rest.starts_with([' ', '\t', '=']) => {
            &rest[1..]
        }
        _ => "",
    };
    names.split_ascii_whitespace().map(str::to_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::proof::{cut_anywhere, hostile, taken_is_given};

    fn reply(text: &str) -> Reply {
        let (reply, taken) = decode(text.as_bytes()).unwrap();
        assert_eq!(taken, text.len());
        reply
    }

    fn wrong(bytes: &[u8]) -> (FailureKind, String) {
        match decode(bytes) {
            Err(NoReply::Wrong(kind, words)) => (kind, words),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn replies_of_the_rfcs_are_kept_to_the_letter() {
        for (sent, code, enhanced, lines) in [
            ("220 foo.com Simple Mail Transfer Service Ready\r\n", 220, None, 1),
            ("250-foo.com greets bar.com\r\n250-8BITMIME\r\n250-SIZE\r\n250-DSN\r\n250 HELP\r\n", 250, None, 5),
            ("354 Start mail input; end with <CRLF>.<CRLF>\r\n", 354, None, 1),
            ("421 4.3.2 Service not available\r\n", 421, Some("4.3.2"), 1),
            ("454 4.7.0 TLS not available due to temporary reason\r\n", 454, Some("4.7.0"), 1),
            ("535 5.7.139 Authentication unsuccessful, x\r\n", 535, Some("5.7.139"), 1),
            ("550-5.1.1 no\r\n550 5.1.1 such user\r\n", 550, Some("5.1.1"), 2),
            ("334 \r\n", 334, None, 1),
            ("220\r\n", 220, None, 1),
            ("250 bare line feed\n", 250, None, 1),
        ] {
            let reply = reply(sent);
            assert_eq!((reply.code, reply.enhanced.as_deref(), reply.lines.len()), (code, enhanced, lines), "{sent}");
        }
        assert_eq!(reply("550-5.1.1 no\r\n550 5.1.1 such user\r\n").lines, ["5.1.1 no", "5.1.1 such user"]);
        assert_eq!(reply("550-5.1.1 no\r\n550 5.1.1 such user\r\n").words(), "550 5.1.1 no 5.1.1 such user");
    }

    #[test]
    fn enhanced_codes_have_three_numbers() {
        for text in ["5.7 x", "5.7.1.1 x", "3.1.1 x", "5.1234.1 x", "5..1 x", "x 5.7.1", "5.7.1: x", ""] {
            assert_eq!(enhanced_code(text), None, "{text}");
        }
        assert_eq!(enhanced_code("5.7.708"), Some("5.7.708"));
    }

    #[test]
    fn other_protocols_are_gibberish_in_their_own_words() {
        for line in
            ["SSH-2.0-OpenSSH_9.6", "* OK ready", "+OK ready", "", "22 x", "220x", "220_x", "100 x", "600 x", "2 0"]
        {
            assert_eq!(wrong(format!("{line}\r\n").as_bytes()), (FailureKind::MalformedReply, line.to_owned()));
        }
        assert_eq!(wrong(b"HTTP/1.1 400 Bad\r\n\r\n").0, FailureKind::UnexpectedHttp);
        assert_eq!(wrong(b"\x15\x03\x01").0, FailureKind::UnexpectedTls);
    }

    #[test]
    fn differing_codes_are_gibberish_and_both_are_named() {
        let (kind, words) = wrong(b"250-hi\r\n550 no\r\n");
        assert_eq!(kind, FailureKind::MalformedReply);
        assert_eq!(words, "codes 250 and 550 in one reply: hi / no");
    }

    #[test]
    fn endless_replies_are_too_much() {
        assert_eq!(wrong("250-x\r\n".repeat(65).as_bytes()).0, FailureKind::ReplyTooLarge);
        assert_eq!(decode("250-x\r\n".repeat(64).as_bytes()), Err(NoReply::Incomplete));
        assert_eq!(wrong(format!("250-{}\r\n", "x".repeat(1000)).repeat(17).as_bytes()).0, FailureKind::ReplyTooLarge);
    }

    #[test]
    fn only_the_first_of_pipelined_replies_is_taken() {
        assert_eq!(decode(b"220 go\r\n250 evil\r\n").unwrap().1, 8);
    }

    #[test]
    fn nul_and_escape_bytes_are_kept() {
        assert_eq!(decode(b"220 a\0b\x1b[2J\xff\r\n").unwrap().0.lines, ["a\0b\x1b[2J\u{fffd}"]);
    }

    #[test]
    fn cutting_changes_nothing() {
        for text in [
            "250-a\r\n250-SIZE 1\r\n250 AUTH LOGIN\r\n221 rest\r\n",
            "250-a\r\n550 b\r\n",
            "220\r\n",
            "SSH-2.0-x\r\n",
            "250-é\n250 ü\n",
        ] {
            cut_anywhere(text.as_bytes(), decode);
        }
        cut_anywhere("250-x\r\n".repeat(70).as_bytes(), decode);
    }

    fn offered(text: &str) -> Capabilities {
        Capabilities::of(&reply(text))
    }

    #[test]
    fn capabilities_are_read_in_any_case() {
        let offered =
            offered("250-me\r\n250-size 157286400\r\n250-StartTls\r\n250-auth login XOAuth2\r\n250 SMTPUTF8\r\n");
        assert!(offered.offers("STARTTLS") && offered.offers("smtputf8"));
        assert!(!offered.offers("ME"), "the server's own name is no capability");
        assert_eq!(offered.size_limit(), Some(157_286_400));
        assert_eq!(offered.mechanisms(), ["LOGIN", "XOAUTH2"]);
        assert_eq!(offered.lines[0], "size 157286400");
    }

    #[test]
    fn old_form_of_auth_counts_and_nothing_counts_twice() {
        assert_eq!(offered("250-me\r\n250-AUTH=LOGIN PLAIN\r\n250 AUTH LOGIN\r\n").mechanisms(), ["LOGIN", "PLAIN"]);
        assert_eq!(offered("250-me\r\n250-AUTHOR x\r\n250-AUTH\r\n250 aut\r\n").mechanisms(), [""; 0]);
        assert_eq!(offered("250-me\r\n250 autü\r\n").mechanisms(), [""; 0]);
    }

    #[test]
    fn size_without_a_limit_is_none() {
        for size in ["SIZE", "SIZE 0", "SIZE x", "SIZE 99999999999999999999", "SIZE -5"] {
            assert_eq!(offered(&format!("250-me\r\n250 {size}\r\n")).size_limit(), None, "{size}");
        }
    }

    #[test]
    fn only_addresses_that_cannot_end_the_command_are_paths() {
        for address in ["sales@example.com", "a.b+c=d'e@x", "a@xn--e.test"] {
            assert!(is_path(address), "{address}");
        }
        let long = format!("{}@x", "a".repeat(253));
        for address in ["", "a", "@b", "a@", "a@b@c", "a b@c", "a@b>", "<a@b", "a@b\r\nDATA", "é@b", "a@b\0", &long] {
            assert!(!is_path(address), "{address:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_without_panic(bytes in hostile()) {
            let decoded = decode(&bytes);
            prop_assert!(taken_is_given(&decoded, &bytes));
            if let Ok((reply, _)) = decoded {
                prop_assert!(reply.words().chars().count() <= MOST_WORDS);
                let offered = Capabilities::of(&reply);
                prop_assert!(offered.mechanisms().len() <= bytes.len());
                prop_assert!(offered.size_limit().is_none_or(|size| size > 0));
            }
        }
    }
}
