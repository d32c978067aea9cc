//! The dialogue with a mail server in a text: who said what, in which order, whatever a program put around each line.
//!
//! In: a text that somebody copied, such as a debug log of `JavaMail`, `MailKit`, curl, swaks, fetchmail, Postfix or
//! `PHPMailer`.
//! Out: the [`Session`], if there is one, with the first refusal that matters. What a client tries after it ("Command
//! received in Invalid state") is an after-effect, and what a server offers before encryption is no fault.
//!
//! Arrows and letters before a line mean opposite things in different programs, so the direction is read from the line
//! itself: SMTP (RFC 5321, section 4.2), IMAP (RFC 9051, section 7), POP3 (RFC 1939, section 3).

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{codes, timestamp};
use crate::evidence::{Protocol, Stage};

/// So much of a line is searched for the begin of what was said, in bytes.
const LONGEST_WRAPPER: usize = 240;

/// The way in which a client proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mechanism {
    /// A name and a password: `LOGIN`, `PLAIN`, `USER` and `PASS`.
    Password,
    /// An OAuth 2.0 token: `XOAUTH2`, `OAUTHBEARER`.
    Token,
}

/// What a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Nothing yet: the server speaks first.
    Greeting,
    /// `EHLO`, `HELO`.
    Ehlo,
    /// `CAPABILITY`, `CAPA`.
    Capability,
    /// `STARTTLS`, `STLS`.
    Starttls,
    /// `AUTH`, `AUTHENTICATE`, `LOGIN`, `USER`, `PASS`.
    SignIn,
    /// `SELECT`, `EXAMINE`, `STAT` and whatever reads a mailbox.
    Open,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`, `BDAT`.
    Send,
    /// What a server may refuse without harm: `ID`, `NOOP`, `ENABLE`, `RSET`.
    Harmless,
    /// `QUIT`, `LOGOUT`.
    Quit,
    /// The request is not in the text.
    Unknown,
}

impl Verb {
    /// The stage at which a refusal of this request happens.
    #[must_use]
    pub fn stage(self) -> Option<Stage> {
        match self {
            Self::Greeting => Some(Stage::Greeting),
            Self::Ehlo => Some(Stage::Ehlo),
            Self::Capability => Some(Stage::Capabilities),
            Self::Starttls => Some(Stage::Starttls),
            Self::SignIn => Some(Stage::Authenticate),
            Self::Open => Some(Stage::Open),
            Self::Sender => Some(Stage::Sender),
            Self::Recipient => Some(Stage::Recipient),
            Self::Send => Some(Stage::Send),
            Self::Harmless | Self::Quit | Self::Unknown => None,
        }
    }
}

/// What a server answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Whether it refused.
    pub refused: bool,
    /// Its words, all lines of them, with the code.
    pub text: String,
}

/// A request and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// What was asked for.
    pub verb: Verb,
    /// How the client signed in, where it did.
    pub mechanism: Option<Mechanism>,
    /// The tag of IMAP.
    tag: Option<String>,
    /// The answer; none when the text ends without one.
    pub reply: Option<Reply>,
}

impl Exchange {
    fn of(verb: Verb) -> Self {
        Self { verb, mechanism: None, tag: None, reply: None }
    }

    fn is_refused(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| reply.refused)
    }

    fn is_granted(&self) -> bool {
        self.reply.as_ref().is_some_and(|reply| !reply.refused)
    }
}

/// A dialogue with a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The protocol that the server speaks.
    pub protocol: Protocol,
    /// Requests and answers, in their order.
    pub exchanges: Vec<Exchange>,
    /// The lines of the text that are no part of the dialogue.
    pub rest: String,
    /// Whether the client spoke IMAP to a POP3 server, or the other way round.
    pub is_wrong_service: bool,
}

impl Session {
    /// The first refusal that matters: not that of a request that was granted when it was asked again, nor of one that can
    /// be refused without harm.
    #[must_use]
    pub fn refusal(&self) -> Option<&Exchange> {
        let counts = |at: usize, exchange: &Exchange| {
            let again = |later: &Exchange| later.verb == exchange.verb && later.is_granted();
            let is_alone = matches!(exchange.verb, Verb::Greeting | Verb::Unknown);
            !matches!(exchange.verb, Verb::Harmless | Verb::Quit | Verb::Capability)
                && (is_alone || !self.exchanges[at + 1..].iter().any(again))
        };
        let refused = self.exchanges.iter().enumerate().filter(|(_, exchange)| exchange.is_refused());
        refused.filter(|(at, exchange)| counts(*at, exchange)).map(|(_, exchange)| exchange).next()
    }

    /// Whether the server granted a sign-in, or what can only be asked for after one.
    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        let after = [Verb::SignIn, Verb::Open, Verb::Sender, Verb::Recipient, Verb::Send];
        self.exchanges.iter().any(|exchange| after.contains(&exchange.verb) && exchange.is_granted())
    }

    /// The request that has no answer, when it is the last one.
    #[must_use]
    pub fn unanswered(&self) -> Option<&Exchange> {
        self.exchanges.last().filter(|last| last.reply.is_none() && last.verb != Verb::Quit)
    }

    /// How the client signed in, the last time before a refusal.
    #[must_use]
    pub fn mechanism(&self) -> Option<Mechanism> {
        let until = self.refusal().and_then(|refusal| self.exchanges.iter().position(|one| one == refusal));
        let heard = self.exchanges[..until.map_or(self.exchanges.len(), |until| until + 1)].iter();
        heard.rev().find_map(|exchange| exchange.mechanism)
    }
}

/// One line of a dialogue, without what a program put around it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Line<'t> {
    /// An SMTP reply line; whether more lines follow.
    Smtp { code: u16, goes_on: bool, text: &'t str },
    /// A tagged IMAP answer.
    Tagged { tag: &'t str, refused: bool, text: &'t str },
    /// `* BYE`.
    Bye(&'t str),
    /// An untagged IMAP line.
    Untagged(&'t str),
    /// `+OK`, `-ERR`.
    Pop { refused: bool, text: &'t str },
    /// `+` or `334` with a challenge.
    Challenge,
    /// A request.
    Request { protocol: Option<Protocol>, verb: Verb, mechanism: Option<Mechanism>, tag: Option<&'t str> },
}

/// Reads the dialogue in a text: at least two of its lines, and more than answers of SMTP alone, which libraries quote too.
#[must_use]
pub fn read(text: &str) -> Option<Session> {
    let mut reader = Reader::default();
    for line in text.lines() {
        match spoken(line) {
            Some(spoken) => reader.take(&spoken),
            None => {
                if is_message(line) {
                    reader.rest.push_str(line);
                    reader.rest.push('\n');
                }
            }
        }
    }
    reader.finish()
}

/// Whether a line is one of a dialogue with a mail server, and how it begins.
#[must_use]
pub fn part(line: &str) -> Option<Part> {
    Some(match spoken(line)? {
        Line::Smtp { code: 220, text, .. } if !text.contains(" 2.0.0 ") => Part::Greeting,
        Line::Pop { refused: false, text } if text.contains("ready") => Part::Greeting,
        Line::Untagged(text) if text.starts_with("* OK") => Part::Greeting,
        Line::Smtp { code: 400.., goes_on: false, .. } | Line::Pop { refused: true, .. } => Part::Refusal,
        Line::Tagged { refused: true, text, .. } if !is_after_effect(text) => Part::Refusal,
        _ => Part::Other,
    })
}

/// What IMAP answers to a command that only a session can send which is signed in.
fn is_after_effect(text: &str) -> bool {
    text.to_ascii_lowercase().contains("invalid state")
}

/// The protocol of the server that refuses something in a line. A reply of SMTP counts with an enhanced code (RFC 3463), which
/// all of Exchange Online have: other numbers of three digits are too many things.
#[must_use]
pub fn refused_by(line: &str) -> Option<Protocol> {
    Some(match spoken(line)? {
        Line::Smtp { code: 400.., text, .. } if codes::has_code(text) => Protocol::Smtp,
        Line::Tagged { refused: true, .. } => Protocol::Imap,
        Line::Pop { refused: true, .. } => Protocol::Pop3,
        _ => return None,
    })
}

/// The part that a line has in a dialogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It begins one.
    Greeting,
    /// It is a refusal; where another one follows without a request between them, the lines are of different dialogues.
    Refusal,
    /// It belongs to one.
    Other,
}

/// Whether a line can say something that the dialogue does not: no blob, no empty line.
fn is_message(line: &str) -> bool {
    line.trim().contains(' ')
}

#[derive(Default)]
struct Reader {
    exchanges: Vec<Exchange>,
    rest: String,
    lines: usize,
    requests: usize,
    spoken: Vec<Protocol>,
    asked: Vec<Protocol>,
    /// Lines of a reply that goes on.
    begun: String,
}

impl Reader {
    fn take(&mut self, line: &Line<'_>) {
        self.lines += 1;
        match line {
            Line::Request { protocol, verb, mechanism, tag } => self.ask(*protocol, *verb, *mechanism, *tag),
            Line::Smtp { code, goes_on, text } => self.reply_smtp(*code, *goes_on, text),
            Line::Pop { refused, text } => self.reply(Protocol::Pop3, *refused, text),
            Line::Tagged { tag, refused, text } => self.reply_tagged(tag, *refused, text),
            Line::Bye(text) => self.bye(text),
            Line::Untagged(text) => self.untagged(text),
            Line::Challenge => {}
        }
    }

    fn ask(&mut self, protocol: Option<Protocol>, verb: Verb, mechanism: Option<Mechanism>, tag: Option<&str>) {
        self.requests += 1;
        self.asked.extend(protocol);
        self.exchanges.push(Exchange { verb, mechanism, tag: tag.map(ToOwned::to_owned), reply: None });
    }

    fn reply_smtp(&mut self, code: u16, goes_on: bool, text: &str) {
        if !self.begun.is_empty() {
            self.begun.push('\n');
        }
        self.begun.push_str(text);
        if !goes_on {
            let text = std::mem::take(&mut self.begun);
            self.reply(Protocol::Smtp, code >= 400, &text);
        }
    }

    /// Gives an answer to the last request that has none; the first one of all is the greeting.
    fn reply(&mut self, protocol: Protocol, refused: bool, text: &str) {
        self.spoken.push(protocol);
        let reply = Some(Reply { refused, text: text.to_owned() });
        let is_first = self.exchanges.is_empty();
        if let Some(exchange) = self.exchanges.iter_mut().rev().find(|exchange| exchange.reply.is_none()) {
            exchange.reply = reply;
        } else {
            let verb = if is_first && !refused { Verb::Greeting } else { Verb::Unknown };
            self.exchanges.push(Exchange { reply, ..Exchange::of(verb) });
        }
    }

    fn reply_tagged(&mut self, tag: &str, refused: bool, text: &str) {
        self.spoken.push(Protocol::Imap);
        let reply = Some(Reply { refused, text: text.to_owned() });
        let of_tag = |exchange: &&mut Exchange| exchange.tag.as_deref() == Some(tag) && exchange.reply.is_none();
        match self.exchanges.iter_mut().rev().find(of_tag) {
            Some(exchange) => exchange.reply = reply,
            None => self.exchanges.push(Exchange { reply, ..Exchange::of(asked_by_answer(text)) }),
        }
    }

    /// A server that says farewell before it was asked to refuses to go on.
    fn bye(&mut self, text: &str) {
        self.spoken.push(Protocol::Imap);
        let asked = self.exchanges.iter().any(|exchange| exchange.verb == Verb::Quit);
        let reply = Some(Reply { refused: !asked, text: text.to_owned() });
        match self.exchanges.last_mut().filter(|last| last.reply.is_none() && last.verb != Verb::Quit) {
            Some(open) => open.reply = reply,
            None if asked => {}
            None => self.exchanges.push(Exchange { reply, ..Exchange::of(Verb::Unknown) }),
        }
    }

    fn untagged(&mut self, text: &str) {
        self.spoken.push(Protocol::Imap);
        if self.exchanges.is_empty() && text.starts_with("* OK") {
            let reply = Some(Reply { refused: false, text: text.to_owned() });
            self.exchanges.push(Exchange { reply, ..Exchange::of(Verb::Greeting) });
        }
    }

    fn finish(mut self) -> Option<Session> {
        if !self.begun.is_empty() {
            let text = std::mem::take(&mut self.begun);
            let code = text.get(..3).and_then(|code| code.parse().ok()).unwrap_or(0);
            self.reply(Protocol::Smtp, code >= 400, &text);
        }
        let protocol = *self.spoken.first().or(self.asked.first())?;
        let is_dialogue = self.lines >= 2 && (self.requests > 0 || protocol != Protocol::Smtp);
        let is_refused = |exchange: &Exchange| {
            // an SMTP server knows no request of another protocol (RFC 5321, section 4.2.4)
            let is_unknown = |reply: &Reply| protocol != Protocol::Smtp || reply.text.starts_with("500");
            exchange.is_refused() && exchange.reply.as_ref().is_some_and(is_unknown)
        };
        let is_wrong_service =
            self.asked.first().is_some_and(|asked| *asked != protocol) && self.exchanges.iter().any(is_refused);
        is_dialogue.then_some(Session { protocol, exchanges: self.exchanges, rest: self.rest, is_wrong_service })
    }
}

/// What was asked for, where only the answer to it is in the text.
fn asked_by_answer(text: &str) -> Verb {
    let text = text.to_ascii_uppercase();
    if ["AUTHENTICATE", "LOGIN", "AUTHENTICATIONFAILED"].iter().any(|word| text.contains(word)) {
        Verb::SignIn
    } else if text.contains("LOGOUT") {
        Verb::Quit
    } else {
        Verb::Unknown
    }
}

/// What was said in a line: the first place behind a mark at which a line of one of the protocols begins.
fn spoken(line: &str) -> Option<Line<'_>> {
    let line = line.trim_end();
    let (before, behind) = timestamp::cut(line);
    let line = if before.trim_matches(['[', '(', ' ']).is_empty() { behind } else { line };
    let mut end = line.len().min(LONGEST_WRAPPER);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    let mut begins = true;
    for (at, &byte) in line.as_bytes()[..end].iter().enumerate() {
        if begins && !is_space(line, at) {
            let may_begin = byte.is_ascii_alphanumeric() || b"+-*.".contains(&byte);
            if let Some(spoken) = line.get(at..).filter(|_| may_begin).and_then(|text| line_of(unquoted(text))) {
                return Some(spoken);
            }
            begins = false;
        }
        begins = begins || b"<>:'\"[]-~|*=".contains(&byte);
    }
    None
}

/// Whether a byte of a text is one of a character of white space.
fn is_space(text: &str, at: usize) -> bool {
    let byte = text.as_bytes()[at];
    byte.is_ascii_whitespace()
        || (!byte.is_ascii() && text.get(at..).is_none_or(|rest| rest.starts_with(char::is_whitespace)))
}

/// Without the end that programs put behind what was said: `\r\n'`, ` ]`.
fn unquoted(text: &str) -> &str {
    text.trim_end_matches(['\'', '"', ']', ' ']).trim_end_matches("\\n").trim_end_matches("\\r")
}

/// The longest first word of a line, in bytes: a tag of IMAP; commands are shorter.
const LONGEST_WORD: usize = 12;

fn line_of(text: &str) -> Option<Line<'_>> {
    match text.as_bytes().first()? {
        b'+' | b'-' => pop(text),
        b'*' => untagged(text),
        // most words that stand behind a mark are no tag and no command: they are too long
        _ if text.len() > LONGEST_WORD && text.bytes().take(LONGEST_WORD + 1).all(|byte| byte.is_ascii_graphic()) => {
            smtp(text)
        }
        b'0'..=b'9' => smtp(text).or_else(|| tagged(text)).or_else(|| request(text)),
        b'.' | b'a'..=b'z' | b'A'..=b'Z' => tagged(text).or_else(|| request(text)),
        _ => None,
    }
}

fn smtp(text: &str) -> Option<Line<'_>> {
    let bytes = text.as_bytes();
    let code = text.get(..3).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit()))?.parse::<u16>().ok()?;
    let is_reply = (200..560).contains(&code) && bytes[1] <= b'5';
    let goes_on = match bytes.get(3) {
        Some(b'-') => true,
        Some(b' ') | None => false,
        Some(_) => return None,
    };
    // a number of an IMAP tag or of a list is followed by other things
    let rest = text.get(4..).unwrap_or_default();
    let is_text = rest.is_empty() || !rest.starts_with([' ', '-', ':', '|', '=']);
    if !is_reply || !is_text {
        return None;
    }
    Some(if code == 334 { Line::Challenge } else { Line::Smtp { code, goes_on, text } })
}

fn pop(text: &str) -> Option<Line<'_>> {
    if text.starts_with("+OK") {
        return Some(Line::Pop { refused: false, text });
    }
    if text.starts_with("-ERR") {
        return Some(Line::Pop { refused: true, text });
    }
    let challenge = text.strip_prefix('+')?;
    let is_challenge = challenge.trim().is_empty()
        || (challenge.starts_with(' ') && !challenge.trim().contains(' ') && STANDARD.decode(challenge.trim()).is_ok());
    is_challenge.then_some(Line::Challenge)
}

fn untagged(text: &str) -> Option<Line<'_>> {
    const STATES: [&str; 12] =
        ["OK", "NO", "BAD", "PREAUTH", "CAPABILITY", "LIST", "FLAGS", "SEARCH", "STATUS", "NAMESPACE", "ID", "ENABLED"];
    const COUNTS: [&str; 4] = ["EXISTS", "RECENT", "FETCH", "EXPUNGE"];
    let mut words = text.strip_prefix("* ")?.split_whitespace();
    let (first, second) = (words.next()?, words.next().unwrap_or_default());
    if first == "BYE" {
        return Some(Line::Bye(text));
    }
    let counts = first.bytes().all(|byte| byte.is_ascii_digit()) && COUNTS.contains(&second);
    (counts || STATES.contains(&first)).then_some(Line::Untagged(text))
}

fn tagged(text: &str) -> Option<Line<'_>> {
    let mut words = text.splitn(3, ' ');
    let (tag, state, rest) = (words.next()?, words.next()?, words.next().unwrap_or_default());
    let refused = match state {
        "OK" => false,
        "NO" | "BAD" => true,
        _ => return None,
    };
    (is_tag(tag) && !rest.is_empty()).then_some(Line::Tagged { tag, refused, text })
}

/// A tag of IMAP as clients make them: letters and digits, or one sign.
fn is_tag(tag: &str) -> bool {
    let is_plain = tag.len() <= LONGEST_WORD && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    tag == "." || (is_plain && (tag.len() == 1 || tag.bytes().any(|byte| byte.is_ascii_digit())))
}

fn request(text: &str) -> Option<Line<'_>> {
    let mut words = text.split_whitespace();
    let first = words.next()?;
    let (second, third) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let of = |protocol, verb, mechanism| Some(Line::Request { protocol, verb, mechanism, tag: None });
    let smtp = Some(Protocol::Smtp);
    let is = |command: &str| first.eq_ignore_ascii_case(command);
    if is("AUTH") {
        return of(None, Verb::SignIn, Some(mechanism(second)?));
    }
    if third.is_empty() && (is("EHLO") || is("HELO") || is("LHLO")) {
        return of(smtp, Verb::Ehlo, None);
    }
    if second.is_empty() && is("STARTTLS") {
        return of(smtp, Verb::Starttls, None);
    }
    if is("MAIL") && starts(second, "FROM:") {
        return of(smtp, Verb::Sender, None);
    }
    if is("RCPT") && starts(second, "TO:") {
        return of(smtp, Verb::Recipient, None);
    }
    let pop = Some(Protocol::Pop3);
    match first {
        "DATA" | "BDAT" if third.is_empty() => of(smtp, Verb::Send, None),
        "QUIT" if second.is_empty() => of(None, Verb::Quit, None),
        "NOOP" | "RSET" | "HELP" | "VRFY" | "XCLIENT" if third.is_empty() => of(None, Verb::Harmless, None),
        "CAPA" if second.is_empty() => of(pop, Verb::Capability, None),
        "STLS" if second.is_empty() => of(pop, Verb::Starttls, None),
        "USER" if !second.is_empty() && third.is_empty() => of(pop, Verb::SignIn, Some(Mechanism::Password)),
        "PASS" if third.is_empty() => of(pop, Verb::SignIn, Some(Mechanism::Password)),
        "STAT" | "UIDL" | "LIST" | "RETR" | "TOP" | "DELE" if third.is_empty() => of(pop, Verb::Open, None),
        tag if is_tag(tag) => request_tagged(tag, second, third),
        _ => None,
    }
}

fn request_tagged<'t>(tag: &'t str, command: &str, argument: &str) -> Option<Line<'t>> {
    let (verb, mechanism) = match command.to_ascii_uppercase().as_str() {
        "CAPABILITY" => (Verb::Capability, None),
        "STARTTLS" => (Verb::Starttls, None),
        "AUTHENTICATE" => (Verb::SignIn, mechanism(argument)),
        "LOGIN" if !argument.is_empty() => (Verb::SignIn, Some(Mechanism::Password)),
        "SELECT" | "EXAMINE" | "STATUS" | "LIST" | "LSUB" | "SEARCH" | "FETCH" | "UID" | "APPEND" | "IDLE" => {
            (Verb::Open, None)
        }
        "NOOP" | "ID" | "ENABLE" | "NAMESPACE" | "COMPRESS" => (Verb::Harmless, None),
        "LOGOUT" => (Verb::Quit, None),
        _ => return None,
    };
    Some(Line::Request { protocol: Some(Protocol::Imap), verb, mechanism, tag: Some(tag) })
}

fn starts(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(beginning))
}

/// The kind of a SASL mechanism (RFC 4422) by its name.
fn mechanism(name: &str) -> Option<Mechanism> {
    match name.to_ascii_uppercase().trim_end_matches([',', ';', '.']) {
        "XOAUTH2" | "OAUTHBEARER" => Some(Mechanism::Token),
        "LOGIN" | "PLAIN" | "CRAM-MD5" | "NTLM" | "DIGEST-MD5" | "GSSAPI" => Some(Mechanism::Password),
        _ => None,
    }
}

/// Words of a sign-in with a password.
const PASSWORD: [&str; 14] = [
    "sasl login authentication failed",
    "sasl plain authentication failed",
    "auth login",
    "auth plain",
    "authenticate plain",
    "authenticate login",
    "mechanism plain",
    "mechanism login",
    "\"plain\"",
    "-err logon failure",
    "login failed.",
    "auth=plain",
    // the protocol log of Exchange
    ",authenticate,plain,",
    ",authenticate,login,",
];
/// Words of a sign-in with a token.
const TOKEN: [&str; 3] = ["xoauth2", "oauthbearer", "bearer"];

/// The words of a way of signing in, which a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    PASSWORD.into_iter().chain(TOKEN).chain(ENCRYPTED)
}

/// What servers say when they begin encryption, in small letters (RFC 9051, section 6.2.1; RFC 2595, section 4; Exchange's SMTP).
const ENCRYPTED: [&str; 2] = ["begin tls negotiation", "220 2.0.0 smtp server ready"];

/// What a dialogue says after it began encryption; all of it where it did not. What is offered before counts no more
/// (RFC 9051, section 6.2.1).
#[must_use]
pub fn encrypted_part(text: &str) -> &str {
    let small = text.to_ascii_lowercase();
    let begin = ENCRYPTED.iter().filter_map(|words| Some(small.rfind(words)? + words.len())).max();
    begin.and_then(|begin| text[begin..].split_once('\n')).map_or(text, |(_, behind)| behind)
}

/// The way of signing in that a text names, where it names one kind only and is no dialogue.
#[must_use]
pub fn named_mechanism(words: &str) -> Option<Mechanism> {
    let names = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    match (names(&PASSWORD), names(&TOKEN)) {
        (true, false) => Some(Mechanism::Password),
        (false, true) => Some(Mechanism::Token),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_offered_before_encryption_is_left_out() {
        let text = "S: * CAPABILITY IMAP4 LOGINDISABLED STARTTLS\nC: 1 STARTTLS\nS: 1 OK Begin TLS negotiation now.\nC: 2 CAPABILITY";
        assert_eq!(encrypted_part(text), "C: 2 CAPABILITY");
        assert_eq!(encrypted_part("220 x\n250 OK"), "220 x\n250 OK");
    }

    fn refusal(text: &str) -> (Verb, String) {
        let session = read(text).expect("a dialogue");
        let refusal = session.refusal().unwrap_or_else(|| panic!("no refusal in {session:?}"));
        (refusal.verb, refusal.reply.clone().expect("an answer").text)
    }

    #[test]
    fn the_first_refusal_decides_and_its_after_effects_do_not() {
        let (verb, text) = refusal("A1 NO AUTHENTICATE failed.\nA2 BAD Command received in Invalid state.");
        assert_eq!((verb, text.as_str()), (Verb::SignIn, "A1 NO AUTHENTICATE failed."));
        let (verb, text) = refusal(
            "MAIL FROM:<a@example.com>\n530 5.7.57 Client not authenticated\nRCPT TO:<b@example.com>\n503 5.5.2 Need mail command",
        );
        assert_eq!(verb, Verb::Sender);
        assert!(text.starts_with("530"));
    }

    /// How a program writes down a line that the server, or else the client, said.
    type Wrap = fn(&str, bool) -> String;

    #[test]
    fn whatever_stands_around_the_lines() {
        let plain = [
            "220 x Microsoft ESMTP MAIL Service ready",
            "EHLO ece",
            "250-x Hello",
            "250 AUTH LOGIN XOAUTH2",
            "AUTH XOAUTH2",
            "334 ",
            "535 5.7.3 Authentication unsuccessful",
            "QUIT",
            "221 2.0.0 bye",
        ];
        let is_server = |line: &str| line.starts_with(|c: char| c.is_ascii_digit());
        let wraps: [Wrap; 14] = [
            |line, _| line.to_owned(),
            |line, server| format!("{}: {line}", if server { 'S' } else { 'C' }),
            |line, server| format!("{} {line}", if server { "<" } else { ">" }),
            |line, server| format!("{} {line}", if server { "<-" } else { "->" }),
            |line, server| format!("{} {line}", if server { "<~*" } else { " ~>" }),
            |line, server| format!("fetchmail: SMTP{} {line}", if server { '<' } else { '>' }),
            |line, server| {
                format!(
                    "Apr 08 13:29:51 mx postfix/smtp[69929]: {} smtp.office365.com[52.96.0.1]:587: {line}",
                    if server { '<' } else { '>' }
                )
            },
            |line, server| {
                format!("2025-01-01 10:00:00 {}: {line}", if server { "SERVER -> CLIENT" } else { "CLIENT -> SERVER" })
            },
            |line, server| format!("{} '{line}\\r\\n'", if server { "reply: b" } else { "send:" }),
            |line, server| {
                format!(
                    "2025-08-06 16:12:29: SMTP (127.0.0.1:53878-smtp.office365.com:587) {} [ {line} ]",
                    if server { "<--" } else { "-->" }
                )
            },
            |line, server| format!("{} \"{line}\\r\\n\"", if server { "->" } else { "<-" }),
            |line, _| format!("[2025-01-01T10:00:00.123Z] {line}"),
            |line, _| format!("  {line}  "),
            |line, _| format!("DEBUG SMTP: {line}"),
        ];
        for (nth, wrap) in wraps.iter().enumerate() {
            let text: Vec<String> = plain.iter().map(|line| wrap(line, is_server(line))).collect();
            let session = read(&text.join("\n")).unwrap_or_else(|| panic!("no dialogue in wrapping {nth}"));
            let refusal = session.refusal().unwrap_or_else(|| panic!("no refusal in wrapping {nth}: {session:?}"));
            assert_eq!(refusal.verb, Verb::SignIn, "wrapping {nth}");
            assert_eq!(session.mechanism(), Some(Mechanism::Token), "wrapping {nth}");
        }
    }

    #[test]
    fn passwords_and_tokens_are_told_apart() {
        for (text, wanted) in [
            ("A1 LOGIN user@example.com secret\nA1 NO LOGIN failed.", Mechanism::Password),
            ("A1 AUTHENTICATE XOAUTH2 abc\nA1 NO AUTHENTICATE failed.", Mechanism::Token),
            ("USER a@example.com\n+OK\nPASS x\n-ERR Logon failure", Mechanism::Password),
            ("AUTH LOGIN\n334 VXNlcm5hbWU6\n535 5.7.3 no", Mechanism::Password),
        ] {
            assert_eq!(read(text).and_then(|session| session.mechanism()), Some(wanted), "{text}");
        }
    }

    #[test]
    fn what_is_refused_without_harm_or_granted_later_is_no_refusal() {
        for text in [
            "EHLO x\n502 not implemented\nHELO x\n250 ok",
            "A1 ID NIL\nA1 BAD Command Error. 11\nA2 LOGIN a b\nA2 OK LOGIN completed.",
            "* OK ready\na1 CAPABILITY\n* CAPABILITY IMAP4 IMAP4rev1 LOGINDISABLED STARTTLS\na1 OK done\na2 LOGOUT\n* BYE bye\na2 OK done",
            "QUIT\n421 too late",
        ] {
            assert_eq!(read(text).expect("a dialogue").refusal(), None, "{text}");
        }
    }

    #[test]
    fn imap_spoken_to_smtp_is_the_wrong_service() {
        let text = "S: 220 a.outlook.office365.com Microsoft ESMTP MAIL Service ready\nC: a1 login b@example.com x\n\
                    S: 500 5.3.3 Unrecognized command 'a1' [A.PROD.OUTLOOK.COM]";
        assert!(read(text).expect("a dialogue").is_wrong_service);
        let text =
            "S: 220 a.outlook.office365.com ready\nC: EHLO x\nS: 250 a\nC: AUTH LOGIN\nS: 535 5.7.3 unsuccessful";
        assert!(!read(text).expect("a dialogue").is_wrong_service);
    }

    #[test]
    fn imap_spoken_to_pop3_is_the_wrong_service() {
        let text = "+OK The Microsoft Exchange POP3 service is ready.\nA1 CAPABILITY\n-ERR Protocol error. 19";
        assert!(read(text).expect("a dialogue").is_wrong_service);
        let text = "+OK The Microsoft Exchange POP3 service is ready.\nCAPA\n-ERR no";
        assert!(!read(text).expect("a dialogue").is_wrong_service);
    }

    #[test]
    fn prose_and_single_answers_are_no_dialogue() {
        for text in [
            "535 5.7.3 Authentication unsuccessful",
            "530 5.7.57 a\n530 5.7.57 b",
            "250 messages were sent\nall is fine",
            "2026-11-23 04:01:20 INFO a: b\nx - y",
            "",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_dialogue_that_ends_without_an_answer_tells_what_was_asked() {
        let session = read("220 x ready\nEHLO a\n250 x\nSTARTTLS").expect("a dialogue");
        assert_eq!(session.unanswered().map(|last| last.verb), Some(Verb::Starttls));
    }
}
