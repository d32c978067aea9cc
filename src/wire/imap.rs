//! IMAP replies and capabilities (RFC 3501 and RFC 9051, section 7; SASL-IR: RFC 4959).
//!
//! In: bytes. Out: replies to the letter, and the whole answer to a command up to its tagged end.

use super::{
    Decoded, NoReply,
    line::{self, Lines, MOST_WORDS, gibberish, response_code, shorten},
};
use crate::evidence::FailureKind;

/// One reply of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `A1 OK …`: the end of the command with that tag.
    Tagged(String, Condition),
    /// `* OK …`: a condition of the connection.
    Untagged(Condition),
    /// `* CAPABILITY …`: data, with the literals that stand in it.
    Data(String),
    /// `+ …`: the server waits for more of the command.
    Continue(String),
}

/// How the server says it stands: a word and a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The word.
    pub word: Word,
    /// The response code, without its brackets, such as `UNAVAILABLE` or `CAPABILITY IMAP4rev1`.
    pub code: Option<String>,
    /// All that stands behind the word, to the letter: a response code still stands in it.
    pub text: String,
}

/// The word of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It worked.
    Ok,
    /// It did not work.
    No,
    /// It was not understood.
    Bad,
    /// The server closes the connection.
    Bye,
    /// The connection is signed in already; only in a greeting.
    Preauth,
}

/// The answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What came before the end.
    pub before: Vec<Reply>,
    /// The end: the tagged reply, a continuation, or `* BYE`.
    pub end: Reply,
}

/// Decodes the one reply that some bytes begin with: a greeting.
///
/// # Errors
/// [`NoReply`]: more is needed; or the bytes are no IMAP reply, or it is too long.
pub fn decode(bytes: &[u8]) -> Decoded<Reply> {
    let mut lines = Lines::new(bytes)?;
    let reply = read(&mut lines)?;
    Ok((reply, lines.taken()))
}

/// Decodes the whole answer to the command that was sent with this tag.
///
/// # Errors
/// As [`decode`]; and when a reply has the tag of another command.
pub fn decode_answer(tag: &str, bytes: &[u8]) -> Decoded<Answer> {
    decode_replies(tag, Lines::new(bytes)?)
}

/// Decodes the answer to LIST: a line for each folder, and a mailbox may have many.
///
/// # Errors
/// As [`decode_answer`].
pub fn decode_folders(tag: &str, bytes: &[u8]) -> Decoded<Answer> {
    decode_replies(tag, Lines::new(bytes)?.of_a_listing())
}

fn decode_replies(tag: &str, mut lines: Lines<'_>) -> Decoded<Answer> {
    let mut before = Vec::new();
    loop {
        let reply = read(&mut lines)?;
        match &reply {
            Reply::Tagged(other, _) if other != tag => return Err(other_tag(tag, &reply)),
            Reply::Tagged(..) | Reply::Continue(_) | Reply::Untagged(Condition { word: Word::Bye, .. }) => {
                return Ok((Answer { before, end: reply }, lines.taken()));
            }
            Reply::Untagged(_) | Reply::Data(_) => before.push(reply),
        }
    }
}

impl Reply {
    /// The reply as it was sent; shortened.
    #[must_use]
    pub fn words(&self) -> String {
        let whole = match self {
            Self::Tagged(tag, condition) => format!("{tag} {} {}", condition.word.spelled(), condition.text),
            Self::Untagged(condition) => format!("* {} {}", condition.word.spelled(), condition.text),
            Self::Data(text) => format!("* {text}"),
            Self::Continue(text) => format!("+ {text}"),
        };
        shorten(whole.trim_end(), MOST_WORDS)
    }
}

impl Answer {
    /// The capabilities, from the data or from the end's response code.
    #[must_use]
    pub fn capabilities(&self) -> Option<Capabilities> {
        self.before.iter().chain([&self.end]).find_map(Capabilities::of)
    }

    /// The numbers that a search found: `* SEARCH 17 18` (RFC 3501 7.2.5; `IMAP4rev1` knows no other form).
    #[must_use]
    pub fn numbers(&self) -> Vec<u32> {
        let found = |text: &str| {
            let mut words = text.split_ascii_whitespace();
            let is_search = words.next().is_some_and(|word| word.eq_ignore_ascii_case("SEARCH"));
            words.filter(|_| is_search).filter_map(|word| word.parse().ok()).collect::<Vec<u32>>()
        };
        self.data().flat_map(found).collect()
    }

    /// What makes the numbers of the opened mailbox comparable: `* OK [UIDVALIDITY 14] …` (RFC 9051 7.1).
    #[must_use]
    pub fn uid_validity(&self) -> Option<u32> {
        self.before.iter().find_map(|reply| {
            let Reply::Untagged(Condition { code: Some(code), .. }) = reply else { return None };
            let (word, number) = code.split_once(' ')?;
            word.eq_ignore_ascii_case("UIDVALIDITY").then(|| number.trim().parse().ok())?
        })
    }

    /// The folder for what was thrown away, by its attribute (RFC 6154 2), as a command names it: quoted or a bare word.
    /// None also where its name comes as a literal.
    #[must_use]
    pub fn trash(&self) -> Option<&str> {
        self.data().find_map(|text| {
            let (attributes, rest) = text.split_once('(').filter(|(word, _)| is_list(word))?.1.split_once(") ")?;
            let is_trash = attributes.split_ascii_whitespace().any(|word| word.eq_ignore_ascii_case("\\Trash"));
            let name = rest.strip_prefix("NIL ").or_else(|| rest.get(4..).filter(|_| rest.starts_with('"')))?;
            let name = name.trim();
            (is_trash && is_folder(name)).then_some(name)
        })
    }

    /// True when a header of this name has this value in what FETCH told (RFC 9051 6.4.5).
    #[must_use]
    pub fn has_header(&self, name: &str, value: &str) -> bool {
        self.data().any(|text| line::has_header(text.split("\r\n").skip(1), name, value))
    }

    fn data(&self) -> impl Iterator<Item = &str> {
        self.before.iter().filter_map(|reply| match reply {
            Reply::Data(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// How many messages the opened mailbox holds: `* 172 EXISTS` (RFC 9051 7.4.1); the last one said counts.
    #[must_use]
    pub fn message_count(&self) -> Option<i64> {
        self.before.iter().rev().find_map(|reply| {
            let Reply::Data(text) = reply else { return None };
            let (count, word) = text.trim_end().split_once(' ')?;
            let count: u32 = count.parse().ok()?; // RFC 9051 9: number
            word.eq_ignore_ascii_case("EXISTS").then_some(i64::from(count))
        })
    }
}

/// What a server offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The words, as sent.
    pub words: Vec<String>,
}

impl Capabilities {
    /// Takes the capabilities out of `* CAPABILITY …` or out of the response code `[CAPABILITY …]`.
    #[must_use]
    pub fn of(reply: &Reply) -> Option<Self> {
        let list = match reply {
            Reply::Data(text) => text,
            Reply::Tagged(_, condition) | Reply::Untagged(condition) => condition.code.as_ref()?,
            Reply::Continue(_) => return None,
        };
        let mut words = list.split_ascii_whitespace();
        let is_list = words.next()?.eq_ignore_ascii_case("CAPABILITY");
        is_list.then(|| Self { words: words.map(str::to_owned).collect() })
    }

    /// True when a word is offered, in whatever case.
    #[must_use]
    pub fn offers(&self, word: &str) -> bool {
        self.words.iter().any(|offered| offered.eq_ignore_ascii_case(word))
    }

    /// The names of the sign-in methods, in upper case: what stands behind `AUTH=`.
    #[must_use]
    pub fn mechanisms(&self) -> Vec<String> {
        let name = |word: &String| {
            let (auth, name) = word.split_once('=')?;
            auth.eq_ignore_ascii_case("AUTH").then(|| name.to_ascii_uppercase())
        };
        self.words.iter().filter_map(name).collect()
    }
}

impl Word {
    /// The word as the protocol writes it.
    #[must_use]
    pub fn spelled(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::No => "NO",
            Self::Bad => "BAD",
            Self::Bye => "BYE",
            Self::Preauth => "PREAUTH",
        }
    }

    const ALL: [Self; 5] = [Self::Ok, Self::No, Self::Bad, Self::Bye, Self::Preauth];

    fn read(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.spelled().eq_ignore_ascii_case(word))
    }

    /// RFC 9051 9: BYE and PREAUTH are never tagged.
    fn may_end_a_command(self) -> bool {
        matches!(self, Self::Ok | Self::No | Self::Bad)
    }
}

fn read(lines: &mut Lines<'_>) -> Result<Reply, NoReply> {
    let line = lines.line()?;
    let text = line::text(line);
    let (first, rest) = text.split_once(' ').unwrap_or((&text, ""));
    match first {
        "+" => Ok(Reply::Continue(rest.to_owned())),
        "*" => match Condition::read(rest) {
            Some(condition) => Ok(Reply::Untagged(condition)),
            None if rest.trim().is_empty() => Err(gibberish(line)),
            None => data(rest, lines),
        },
        tag => match Condition::read(rest) {
            Some(condition) if condition.word.may_end_a_command() && is_tag(tag) => {
                Ok(Reply::Tagged(tag.to_owned(), condition))
            }
            _ => Err(gibberish(line)),
        },
    }
}

impl Condition {
    fn read(rest: &str) -> Option<Self> {
        let (word, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let word = Word::read(word)?;
        Some(Self { word, code: response_code(text).map(str::to_owned), text: text.to_owned() })
    }
}

/// Data goes on behind a literal: `{5}` at the end of the line, then five bytes, then more of the line (RFC 9051 4.3).
fn data(begun: &str, lines: &mut Lines<'_>) -> Result<Reply, NoReply> {
    let mut text = begun.to_owned();
    let mut open = literal_length(begun);
    while let Some(length) = open {
        text.push_str("\r\n");
        text.push_str(&line::text(lines.block(length)?));
        let more = line::text(lines.line()?);
        open = literal_length(&more);
        text.push_str(&more);
    }
    Ok(Reply::Data(text))
}

fn literal_length(line: &str) -> Option<usize> {
    let (_, digits) = line.strip_suffix('}')?.rsplit_once('{')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(usize::MAX)) // a number that fits nothing is refused as too much
}

fn is_list(word: &str) -> bool {
    word.trim_end().eq_ignore_ascii_case("LIST")
}

/// True for a folder's name that can be said back as it came: a quoted string, or an atom (RFC 9051 9).
fn is_folder(name: &str) -> bool {
    let inner = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    match inner {
        Some(inner) => is_plain(inner) && !inner.contains(['"', '\\']),
        None => is_plain(name) && !name.contains([' ', '"', '\\', '(', ')', '{', '%', '*']),
    }
}

fn is_tag(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_graphic() && !b"(){%*\"\\+]".contains(&byte))
}

fn other_tag(tag: &str, reply: &Reply) -> NoReply {
    let words = format!("an answer to another command than {tag}: {}", reply.words());
    NoReply::Wrong(FailureKind::MalformedReply, shorten(&words, MOST_WORDS))
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

    fn condition(word: Word, code: Option<&str>, text: &str) -> Condition {
        Condition { word, code: code.map(str::to_owned), text: text.to_owned() }
    }

    fn wrong<T: std::fmt::Debug>(decoded: Decoded<T>) -> (FailureKind, String) {
        match decoded {
            Err(NoReply::Wrong(kind, words)) => (kind, words),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn replies_of_the_rfcs_are_kept_to_the_letter() {
        for (sent, expected) in [
            ("* OK IMAP4rev2 server ready\r\n", Reply::Untagged(condition(Word::Ok, None, "IMAP4rev2 server ready"))),
            ("* PREAUTH IMAP4rev2 server\r\n", Reply::Untagged(condition(Word::Preauth, None, "IMAP4rev2 server"))),
            ("* bye Autologout\r\n", Reply::Untagged(condition(Word::Bye, None, "Autologout"))),
            ("* BYE\r\n", Reply::Untagged(condition(Word::Bye, None, ""))),
            ("* 172 EXISTS\r\n", Reply::Data("172 EXISTS".to_owned())),
            ("+ \r\n", Reply::Continue(String::new())),
            ("+\r\n", Reply::Continue(String::new())),
            ("+ eyJ9\r\n", Reply::Continue("eyJ9".to_owned())),
            ("A223 NO COPY failed\r\n", Reply::Tagged("A223".to_owned(), condition(Word::No, None, "COPY failed"))),
            (
                "a1 NO [UNAVAILABLE] user's backend is down\r\n",
                Reply::Tagged(
                    "a1".to_owned(),
                    condition(Word::No, Some("UNAVAILABLE"), "[UNAVAILABLE] user's backend is down"),
                ),
            ),
            ("* BAD Empty command line\n", Reply::Untagged(condition(Word::Bad, None, "Empty command line"))),
        ] {
            assert_eq!(reply(sent), expected, "{sent}");
        }
        assert_eq!(reply("a1 NO [AUTHENTICATIONFAILED] no\r\n").words(), "a1 NO [AUTHENTICATIONFAILED] no");
        assert_eq!(reply("* BYE Connection is closed. 13\r\n").words(), "* BYE Connection is closed. 13");
    }

    #[test]
    fn other_protocols_are_gibberish_in_their_own_words() {
        for line in [
            "220 mail ESMTP",
            "+OK ready",
            "SSH-2.0-x",
            "",
            "*",
            "* ",
            "A1",
            "A1 MAYBE x",
            "A1 BYE x",
            "A1 PREAUTH",
            " OK x",
        ] {
            assert_eq!(wrong(decode(format!("{line}\r\n").as_bytes())), (FailureKind::MalformedReply, line.to_owned()));
        }
        assert_eq!(wrong(decode(b"<!doctype html><title>Blocked</title>\r\n")).0, FailureKind::UnexpectedHttp);
    }

    fn answer(text: &str) -> Decoded<Answer> {
        decode_answer("A1", text.as_bytes())
    }

    #[test]
    fn answer_ends_with_its_tag() {
        let (answer, taken) =
            answer("* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n* OK [X] y\r\nA1 OK done\r\n* more").unwrap();
        assert_eq!(answer.before.len(), 2);
        assert_eq!(answer.end.words(), "A1 OK done");
        assert_eq!(taken, 61);
        assert_eq!(answer.capabilities().unwrap().words, ["IMAP4rev1", "AUTH=XOAUTH2"]);
    }

    #[test]
    fn answer_ends_with_bye_or_a_continuation() {
        assert_eq!(answer("* OK x\r\n* BYE gone\r\n").unwrap().0.end.words(), "* BYE gone");
        assert_eq!(answer("+ eyJ9\r\n").unwrap().0.end.words(), "+ eyJ9");
    }

    #[test]
    fn tag_of_another_command_is_gibberish() {
        let (kind, words) = wrong(answer("A7 OK done\r\n"));
        assert_eq!(
            (kind, words.as_str()),
            (FailureKind::MalformedReply, "an answer to another command than A1: A7 OK done")
        );
    }

    #[test]
    fn literals_are_taken_whole() {
        let sent = "* LIST () \"/\" {5}\r\na\r\nA1 {3}\r\nxyz tail\r\n";
        assert_eq!(reply(sent), Reply::Data("LIST () \"/\" {5}\r\na\r\nA1 {3}\r\nxyz tail".to_owned()));
        assert_eq!(decode(b"* LIST {5}\r\nab"), Err(NoReply::Incomplete));
        assert_eq!(wrong(decode(b"* LIST {99999}\r\n")).0, FailureKind::ReplyTooLarge);
        assert_eq!(wrong(decode(b"* LIST {99999999999999999999999}\r\n")).0, FailureKind::ReplyTooLarge);
        assert_eq!(reply("* OK text {5}\r\n").words(), "* OK text {5}", "a text has no literals");
        assert_eq!(reply("* X {}\r\n").words(), "* X {}");
    }

    #[test]
    fn numbers_that_a_search_found() {
        let found = |text: &str| answer(&format!("{text}A1 OK done\r\n")).unwrap().0.numbers();
        assert_eq!(found("* SEARCH 2 84 882\r\n"), [2, 84, 882]);
        assert_eq!(found("* search 7\r\n* 3 EXISTS\r\n"), [7]);
        for text in ["", "* SEARCH\r\n", "* SEARCH x 99999999999\r\n", "* 7 SEARCH\r\n"] {
            assert_eq!(found(text), [0; 0], "{text}");
        }
    }

    #[test]
    fn validity_of_the_numbers() {
        let validity = |text: &str| answer(&format!("{text}A1 OK done\r\n")).unwrap().0.uid_validity();
        assert_eq!(validity("* 1 EXISTS\r\n* OK [UIDVALIDITY 14] UIDVALIDITY value\r\n"), Some(14));
        assert_eq!(validity("* OK [UIDVALIDITY x] y\r\n"), None);
        assert_eq!(validity("* OK [UIDNEXT 14] y\r\n"), None);
    }

    #[test]
    fn folder_for_what_was_thrown_away() {
        let trash = |text: &str| {
            let whole = format!("* LIST (\\HasNoChildren) \"/\" INBOX\r\n{text}\r\nA1 OK done\r\n");
            decode_folders("A1", whole.as_bytes()).unwrap().0.trash().map(str::to_owned)
        };
        for (line, name) in [
            ("* LIST (\\HasNoChildren \\Trash) \"/\" \"Deleted Items\"", "\"Deleted Items\""),
            ("* LIST (\\trash) \"/\" \"Gel&APY-schte Elemente\"", "\"Gel&APY-schte Elemente\""),
            ("* list (\\Trash) NIL Trash", "Trash"),
            ("* LIST (\\Trash) \".\" INBOX.Trash", "INBOX.Trash"),
            ("* LIST (\\Trash) \"\\\\\" Trash", "Trash"),
        ] {
            assert_eq!(trash(line).as_deref(), Some(name), "{line}");
        }
        for line in [
            "* LIST (\\Sent) \"/\" Sent",
            "* LSUB (\\Trash) \"/\" Trash",
            "* LIST (\\Trash) \"/\" {5}\r\nTrash",
            "* LIST (\\Trash) \"/\" \"a\" X\"",
            "* LIST (\\Trash) \"/\" ",
            "* LIST (\\Trash",
        ] {
            assert_eq!(trash(line), None, "{line}");
        }
    }

    #[test]
    fn mailbox_with_many_folders() {
        let folders = |count: usize| format!("{}A1 OK done\r\n", "* LIST () \"/\" x\r\n".repeat(count));
        assert!(decode_folders("A1", folders(1000).as_bytes()).is_ok());
        assert!(matches!(
            decode_folders("A1", folders(9000).as_bytes()),
            Err(NoReply::Wrong(FailureKind::ReplyTooLarge, _))
        ));
    }

    #[test]
    fn header_that_was_fetched() {
        let text = "* 2 FETCH (UID 9 BODY[HEADER.FIELDS (X-MARK)] {17}\r\nX-Mark: abc\r\n\r\n\r\n)\r\nA1 OK done\r\n";
        let fetched = answer(text).unwrap().0;
        assert!(fetched.has_header("x-mark", "abc"));
        assert!(!fetched.has_header("x-mark", "abcd") && !fetched.has_header("subject", "abc"));
    }

    #[test]
    fn messages_are_counted_by_the_last_exists() {
        let count = |text: &str| answer(&format!("{text}A1 OK done\r\n")).unwrap().0.message_count();
        assert_eq!(count("* 172 EXISTS\r\n* 1 RECENT\r\n"), Some(172));
        assert_eq!(count("* 1 EXISTS\r\n* 2 exists\r\n"), Some(2));
        for text in
            ["", "* EXISTS\r\n", "* -1 EXISTS\r\n", "* 99999999999 EXISTS\r\n", "* 1 RECENT\r\n", "* OK 1 EXISTS\r\n"]
        {
            assert_eq!(count(text), None, "{text}");
        }
    }

    #[test]
    fn endless_answers_are_too_much() {
        assert_eq!(wrong(answer(&"* OK x\r\n".repeat(65))).0, FailureKind::ReplyTooLarge);
        assert_eq!(wrong(answer(&"* X {0}\r\n".repeat(65))).0, FailureKind::ReplyTooLarge);
    }

    #[test]
    fn capabilities_are_found_wherever_they_may_stand() {
        let words = |text| Capabilities::of(&reply(text)).map(|offered| offered.words);
        assert_eq!(words("* OK [CAPABILITY IMAP4rev1 SASL-IR] hi\r\n").unwrap(), ["IMAP4rev1", "SASL-IR"]);
        assert_eq!(words("* capability IMAP4\r\n").unwrap(), ["IMAP4"]);
        assert_eq!(words("* CAPABILITY\r\n").unwrap(), [""; 0]);
        assert_eq!(words("* OK [ALERT] hi\r\n"), None);
        assert_eq!(words("+ CAPABILITY x\r\n"), None);
    }

    #[test]
    fn mechanisms_are_read_in_any_case() {
        let offered =
            Capabilities::of(&reply("* CAPABILITY IMAP4 auth=plain AUTH=XOAuth2 LOGINDISABLED AUTH\r\n")).unwrap();
        assert_eq!(offered.mechanisms(), ["PLAIN", "XOAUTH2"]);
        assert!(offered.offers("logindisabled") && !offered.offers("SASL-IR"));
    }

    #[test]
    fn cutting_changes_nothing() {
        for text in [
            "* OK hi [x]\r\n",
            "* LIST {5}\r\na\r\nb\n x\r\n* rest",
            "A7 OK x\r\n",
            "* CAPABILITY A\r\nA1 OK é\r\n* x\r\n",
            "220 x\r\n",
            "* X {99999}\r\n",
        ] {
            cut_anywhere(text.as_bytes(), decode);
            cut_anywhere(text.as_bytes(), |bytes| decode_answer("A1", bytes));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_decode_without_panic(bytes in hostile()) {
            prop_assert!(taken_is_given(&decode(&bytes), &bytes));
            let answer = decode_answer("A1", &bytes);
            prop_assert!(taken_is_given(&answer, &bytes));
            if let Ok((answer, _)) = answer {
                prop_assert!(answer.end.words().chars().count() <= MOST_WORDS);
                prop_assert!(answer.capabilities().is_none_or(|offered| offered.mechanisms().len() <= bytes.len()));
            }
        }
    }
}
