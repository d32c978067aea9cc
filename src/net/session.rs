//! A connection on which lines are sent and replies are read, in plain text or inside TLS, with a transcript.
//!
//! In: an open connection and the decoder of a protocol. Out: whole replies, or a [`Halt`]. The limit of a step is on the
//! whole reply, so that one byte a second does not keep it waiting for ever.
//!
//! A secret is sent by [`Session::send_secret`]: the transcript shows something else in its place, and what comes back is
//! searched for it before anything reads it, as some servers repeat the line that they do not understand.

use std::{io, ops::Range, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Halt, Limits, alert, dial};
pub use crate::wire::{Decoded, NoReply};
use crate::{
    evidence::{Attempt, Direction, FailureKind},
    secret::Secret,
    wire::line::{self, MOST_WORDS, foreign, shorten, words},
};

/// The most bytes that are kept while a reply is not whole.
pub const MOST_UNREAD: usize = 64 * 1024;

/// How many bytes are asked for at once.
const CHUNK: usize = 4096;
/// How long the other side may take to hang up.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Bytes in both directions: a TCP connection, or TLS over one.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection, and what is seen on it.
pub struct Session {
    /// What is seen on it.
    pub attempt: Attempt,
    stream: Box<dyn Stream>,
    limits: Limits,
    buffer: Vec<u8>,
    encrypted: bool,
    bare_line_feed_noted: bool,
    hidden: Hidden,
}

impl Session {
    /// Begins on an open connection, in plain text.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>, limits: Limits, attempt: Attempt) -> Self {
        Self {
            attempt,
            stream,
            limits,
            buffer: Vec::new(),
            encrypted: false,
            bare_line_feed_noted: false,
            hidden: Hidden::default(),
        }
    }

    /// Says that the connection is inside TLS: the transcript's marks are then `~>` and `<~`.
    #[must_use]
    pub fn inside_tls(self) -> Self {
        Self { encrypted: true, ..self }
    }

    /// Sends one line; CR LF is added.
    ///
    /// # Errors
    /// When the connection breaks or the step's limit runs out.
    pub async fn send(&mut self, line: &str) -> Result<(), Halt> {
        self.note_sent(line);
        self.write(format!("{line}\r\n").as_bytes()).await
    }

    /// Sends one line that ends in a secret; CR LF is added. The transcript has `shown` in the secret's place, and the
    /// secret is [hidden](Self::hide) from here on.
    ///
    /// # Errors
    /// As [`Session::send`].
    ///
    /// # Panics
    /// When the connection is not inside TLS: whoever calls has lost its way, and nothing may be sent.
    pub async fn send_secret(&mut self, before: &str, secret: &Secret, shown: &str) -> Result<(), Halt> {
        assert!(self.encrypted, "a secret is sent inside TLS only");
        self.hidden.add(secret);
        self.note_sent(&format!("{before}{shown}"));
        self.write(format!("{before}{}\r\n", secret.expose()).as_bytes()).await
    }

    /// Hides a secret in all that comes from now on, also in base64: asterisks stand in its place, in the replies and in
    /// the transcript.
    pub fn hide(&mut self, secret: &Secret) {
        self.hidden.add_in_all_forms(secret);
    }

    /// A text with all that is hidden covered: for what came in a coded form.
    #[must_use]
    pub fn covered(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let length = bytes.len();
        self.hidden.cover(&mut bytes, length);
        line::text(&bytes)
    }

    /// Writes a remark of ours into the transcript.
    pub fn note(&mut self, remark: &str) {
        self.attempt.remark(remark);
    }

    /// Sends these lines at once, for a server that offers PIPELINING (RFC 2920).
    ///
    /// # Errors
    /// As [`Session::send`].
    pub async fn send_all(&mut self, lines: &[String]) -> Result<(), Halt> {
        for line in lines {
            self.note_sent(line);
        }
        let whole: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
        self.write(whole.as_bytes()).await
    }

    /// True when the other side has neither hung up nor said anything since its last answer, as far as is known here
    /// without waiting.
    #[must_use]
    pub fn is_quiet(&mut self) -> bool {
        let mut byte = [0];
        self.buffer.is_empty() && self.stream.read(&mut byte).now_or_never().is_none()
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), Halt> {
        let limits = self.limits.clone();
        let sending = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        let sent = limits.step(sending).await.and_then(|sent| sent.map_err(|error| broken(&error)));
        sent.inspect_err(|halt| self.remark(halt))
    }

    /// Reads until `decode` has a whole reply. Bytes behind the reply stay [unread](Self::unread).
    ///
    /// # Errors
    /// When the connection ends or breaks first, a limit runs out, more than the bound was sent, or the bytes are wrong.
    /// What had come is then in the transcript, its beginning in the words, and nothing is unread.
    pub async fn read<T>(&mut self, mut decode: impl FnMut(&[u8]) -> Decoded<T>) -> Result<T, Halt> {
        let limits = self.limits.clone();
        let read = limits.step(self.fill(&mut decode)).await.and_then(|filled| filled);
        match read {
            Ok((reply, taken)) => {
                let bytes: Vec<u8> = self.buffer.drain(..taken.min(self.buffer.len())).collect();
                self.note_received(&bytes);
                Ok(reply)
            }
            Err(halt) => {
                let bytes = std::mem::take(&mut self.buffer);
                self.note_received(&bytes);
                self.remark(&halt);
                Err(with_what_came(halt, &bytes))
            }
        }
    }

    /// Reads as [`Session::read`] what is nobody's business, such as the head of a message: the transcript has the number
    /// of bytes in its place.
    ///
    /// # Errors
    /// As [`Session::read`], without what had come.
    pub async fn read_quietly<T>(&mut self, mut decode: impl FnMut(&[u8]) -> Decoded<T>) -> Result<T, Halt> {
        let limits = self.limits.clone();
        let read = limits.step(self.fill(&mut decode)).await.and_then(|filled| filled);
        let taken = read.as_ref().map_or(self.buffer.len(), |(_, taken)| (*taken).min(self.buffer.len()));
        self.buffer.drain(..taken);
        let mark = if self.encrypted { Direction::ReceivedInTls } else { Direction::Received };
        self.attempt.transcript.note(mark, &format!("<{taken} bytes, not shown>"));
        read.map(|(reply, _)| reply).inspect_err(|halt| self.remark(halt))
    }

    /// Waits this long for each answer from here on, where the limit of a step is shorter.
    pub fn be_patient(&mut self, time: Duration) {
        self.limits = self.limits.with_step(time.max(self.limits.step));
    }

    /// Bytes that have come and that no reply took: behind a STARTTLS answer there must be none.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        &self.buffer
    }

    /// Gives the connection away, to be encrypted or spoken to by a library. What is unread stands in the transcript.
    #[must_use]
    pub fn into_parts(mut self) -> (Box<dyn Stream>, Attempt) {
        let bytes = std::mem::take(&mut self.buffer);
        self.note_received(&bytes);
        (self.stream, self.attempt)
    }

    /// What was read stays in the buffer even when the wait is broken off.
    async fn fill<T>(&mut self, decode: &mut impl FnMut(&[u8]) -> Decoded<T>) -> Result<(T, usize), Halt> {
        loop {
            match decode(&self.buffer) {
                Ok(whole) => return Ok(whole),
                Err(NoReply::Wrong(kind, words)) => return Err(Halt::new(kind, words)),
                Err(NoReply::Incomplete) => {}
            }
            let room = MOST_UNREAD.saturating_sub(self.buffer.len());
            if room == 0 {
                return Err(Halt::new(FailureKind::ReplyTooLarge, format!("more than {MOST_UNREAD} bytes and no end")));
            }
            self.buffer.reserve(room.min(CHUNK));
            match (&mut self.stream).take(room as u64).read_buf(&mut self.buffer).await {
                Ok(0) => return Err(Halt::new(FailureKind::Closed, "")),
                Ok(new) => self.hidden.cover(&mut self.buffer, new),
                Err(error) => return Err(broken(&error)),
            }
        }
    }

    fn note_sent(&mut self, line: &str) {
        let mark = if self.encrypted { Direction::SentInTls } else { Direction::Sent };
        self.attempt.transcript.note(mark, line);
    }

    fn note_received(&mut self, bytes: &[u8]) {
        let mark = if self.encrypted { Direction::ReceivedInTls } else { Direction::Received };
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let whole = text.strip_suffix(b"\r").unwrap_or(text);
            self.attempt.transcript.note(mark, &line::text(whole));
            if line.len() - whole.len() == 1 && line.ends_with(b"\n") {
                self.note_bare_line_feed();
            }
        }
    }

    fn note_bare_line_feed(&mut self) {
        if !self.bare_line_feed_noted {
            self.bare_line_feed_noted = true;
            self.attempt.transcript.note(Direction::Remark, "lines end with LF alone, not with CR LF");
        }
    }

    fn remark(&mut self, halt: &Halt) {
        match halt.kind {
            FailureKind::Closed => self.attempt.transcript.note(Direction::Remark, "closed by the other side"),
            FailureKind::Reset => self.attempt.transcript.note(Direction::Remark, "reset by the other side"),
            FailureKind::MalformedReply | FailureKind::UnexpectedHttp | FailureKind::UnexpectedTls => {} // the words have just been written down
            _ => self.attempt.transcript.note(Direction::Remark, &halt.words),
        }
    }
}

/// Says that nothing more will come, and listens until the other side has hung up too, a second at the longest.
pub async fn close(mut stream: Box<dyn Stream>) {
    let closing = async {
        let _ = stream.shutdown().await;
        let mut unheard = [0; 512];
        while stream.read(&mut unheard).await.is_ok_and(|read| read > 0) {}
    };
    let _ = tokio::time::timeout(LAST_WORDS, closing).await;
}

/// So many bytes of a secret in a row are covered; fewer tell nothing and occur by chance.
const PIECE: usize = 16;
/// A text is known by its bytes in rows of so many: whoever repeats a [`PIECE`] of it repeats one of the rows whole.
const ROW: usize = PIECE / 2;

/// The secrets that a peer must not be heard repeating.
#[derive(Default)]
struct Hidden {
    texts: Vec<Vec<u8>>,
    /// Each row with its text and its place there, in the order of the rows.
    rows: Vec<([u8; ROW], usize, usize)>,
}

impl Hidden {
    /// A secret, as it is and in base64 wherever in a longer text it stands.
    fn add_in_all_forms(&mut self, secret: &Secret) {
        let coded = (0..3).map(|before| in_base64(secret.expose(), before));
        for text in std::iter::once(secret.expose().as_bytes().to_vec()).chain(coded) {
            self.note(text);
        }
        self.rows.sort_unstable();
    }

    fn add(&mut self, secret: &Secret) {
        self.note(secret.expose().as_bytes().to_vec());
        self.rows.sort_unstable();
    }

    fn note(&mut self, text: Vec<u8>) {
        let (rows, _) = text.as_chunks();
        self.rows.extend(rows.iter().enumerate().map(|(at, row)| (*row, self.texts.len(), at * ROW)));
        self.texts.push(text);
    }

    /// Covers every piece that ends in the last `new` bytes. The length stays the same, so no decoder is misled.
    fn cover(&self, bytes: &mut [u8], new: usize) {
        if self.rows.is_empty() {
            return;
        }
        // what is covered already can be the beginning of no piece, so the search is on what was sent
        let from = bytes.len().saturating_sub(new + PIECE - 1);
        let fresh = &mut bytes[from..];
        let places = 0..fresh.len().saturating_sub(ROW - 1);
        let found: Vec<Range<usize>> = places.flat_map(|at| self.repeated(fresh, at)).collect();
        for piece in found {
            fresh[piece].fill(b'*');
        }
    }

    /// What around the row at this place repeats a text.
    fn repeated(&self, bytes: &[u8], at: usize) -> impl Iterator<Item = Range<usize>> {
        let row = &bytes[at..at + ROW];
        let first = self.rows.partition_point(|(known, ..)| known.as_slice() < row);
        let same = self.rows[first..].iter().take_while(move |(known, ..)| known.as_slice() == row);
        same.filter_map(move |(_, text, place)| {
            let text = &self.texts[*text];
            let same = |(one, other): &(&u8, &u8)| one == other;
            let before = bytes[..at].iter().rev().zip(text[..*place].iter().rev()).take(PIECE - ROW);
            let behind = bytes[at + ROW..].iter().zip(&text[place + ROW..]).take(PIECE - ROW);
            let piece = at - before.take_while(same).count()..at + ROW + behind.take_while(same).count();
            (piece.len() >= PIECE).then_some(piece)
        })
    }
}

/// What base64 makes of a text behind so many other bytes, without the letters that those and what follows have a part in.
fn in_base64(text: &str, before: usize) -> Vec<u8> {
    let bytes = [&[0; 2][..before], text.as_bytes()].concat();
    let whole = &bytes[..bytes.len() - bytes.len() % 3];
    BASE64_STANDARD.encode(whole).into_bytes().split_off([0, 2, 3][before])
}

/// What broke the connection. Inside TLS an alert of the other side comes as the error of a read.
fn broken(error: &io::Error) -> Halt {
    if let Some(rustls::Error::AlertReceived(alert)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return Halt::new(FailureKind::TlsAlert, alert::words(*alert));
    }
    let kind = match error.kind() {
        io::ErrorKind::ConnectionReset => FailureKind::Reset,
        io::ErrorKind::TimedOut => FailureKind::TimedOut,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => FailureKind::Unreachable,
        io::ErrorKind::InvalidData => FailureKind::MalformedReply,
        _ => FailureKind::Closed, // the rest are ways to say that the other side is gone
    };
    let words = if error.kind() == io::ErrorKind::UnexpectedEof { String::new() } else { dial::halt(error).words };
    Halt::new(kind, words)
}

/// Says what came before the end: another protocol's first words explain a closed connection better than the close.
fn with_what_came(halt: Halt, bytes: &[u8]) -> Halt {
    if bytes.is_empty() || !matches!(halt.kind, FailureKind::Closed | FailureKind::Reset | FailureKind::TimedOut) {
        return halt;
    }
    if let Some((kind, words)) = foreign(bytes) {
        return Halt::new(kind, words);
    }
    match halt.words.as_str() {
        "" => Halt::new(halt.kind, words(bytes)),
        said => Halt::new(halt.kind, shorten(&format!("{said}; before that: {}", words(bytes)), MOST_WORDS)),
    }
}

/// A peer that follows a script, for the tests of everything that speaks over a [`Session`].
#[cfg(test)]
pub(crate) mod scripted {
    use std::time::Duration;

    use tokio::{
        io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex},
        sync::watch,
        time::{Instant, sleep},
    };

    use super::*;

    /// The limit of a step in these tests.
    pub const STEP: Duration = Duration::from_secs(10);

    /// One thing that the peer does. After the last it closes.
    #[derive(Clone, Debug)]
    pub enum Turn {
        /// Says these bytes at once.
        Say(Vec<u8>),
        /// Says these bytes, one a second.
        Drip(Vec<u8>),
        /// Says this again and again.
        Endless(&'static str),
        /// Reads a line, which must begin so.
        Hear(&'static str),
        /// Stays there and says nothing more.
        Hold,
    }

    pub fn say(text: impl AsRef<[u8]>) -> Turn {
        Turn::Say(text.as_ref().to_vec())
    }

    /// A session with such a peer.
    pub fn session(turns: Vec<Turn>) -> Session {
        session_until(Duration::from_mins(1), turns)
    }

    /// A session with such a peer in a run that ends after `deadline`.
    pub fn session_until(deadline: Duration, turns: Vec<Turn>) -> Session {
        let (ours, theirs) = duplex(4096);
        tokio::spawn(follow(turns, theirs));
        let limits = Limits::new(STEP, Instant::now() + deadline, watch::channel(false).1);
        Session::new(Box::new(ours), limits, Attempt::new(([192, 0, 2, 1], 25).into()))
    }

    async fn follow(turns: Vec<Turn>, stream: DuplexStream) {
        let mut stream = BufReader::new(stream);
        for turn in turns {
            // a write fails when the client has left, which it may
            let _ = match turn {
                Turn::Say(bytes) => stream.write_all(&bytes).await,
                Turn::Drip(bytes) => drip(&bytes, &mut stream).await,
                Turn::Endless(text) => loop {
                    if let Err(gone) = stream.write_all(text.as_bytes()).await {
                        break Err(gone);
                    }
                },
                Turn::Hear(expected) => hear(expected, &mut stream).await,
                Turn::Hold => std::future::pending().await,
            };
        }
    }

    async fn drip(bytes: &[u8], stream: &mut BufReader<DuplexStream>) -> io::Result<()> {
        for byte in bytes {
            sleep(Duration::from_secs(1)).await;
            stream.write_all(&[*byte]).await?;
        }
        Ok(())
    }

    async fn hear(expected: &str, stream: &mut BufReader<DuplexStream>) -> io::Result<()> {
        let mut line = String::new();
        stream.read_line(&mut line).await?;
        assert!(line.starts_with(expected) && line.ends_with("\r\n"), "heard {line:?}, not {expected:?}");
        Ok(())
    }

    /// What was said, each line behind its mark.
    pub fn said(session: Session) -> Vec<String> {
        let (_, attempt) = session.into_parts();
        let mark = |line: &crate::evidence::TranscriptLine| {
            serde_json::to_value(line.direction).unwrap().as_str().unwrap().to_owned()
        };
        attempt.transcript.iter().map(|line| format!("{} {}", mark(line), line.text)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{
        scripted::{STEP, Turn, said, say, session, session_until},
        *,
    };

    /// Whole at the first line end.
    fn one_line(bytes: &[u8]) -> Decoded<String> {
        let mut lines = line::Lines::new(bytes)?;
        Ok((line::text(lines.line()?), lines.taken()))
    }

    fn never(_: &[u8]) -> Decoded<()> {
        Err(NoReply::Incomplete)
    }

    #[tokio::test(start_paused = true)]
    async fn what_no_reply_took_stays_unread() {
        let mut session = session(vec![say("one\r\ntwo\r\nthr")]);
        assert_eq!(session.read(one_line).await.unwrap(), "one");
        assert_eq!(session.unread(), b"two\r\nthr");
        assert_eq!(session.read(one_line).await.unwrap(), "two");
        assert_eq!(session.unread(), b"thr");
        assert_eq!(session.read(one_line).await, Err(Halt::new(FailureKind::Closed, "thr")));
        assert_eq!(said(session), ["<- one", "<- two", "<- thr", "== closed by the other side"]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_nobodys_business_is_read_and_not_shown() {
        let mut session = session(vec![say("Subject: private\r\ntwo\r\n"), Turn::Drip(b"private".to_vec())]);
        assert_eq!(session.read_quietly(one_line).await.unwrap(), "Subject: private");
        assert_eq!(session.read(one_line).await.unwrap(), "two");
        let halt = session.read_quietly(one_line).await.unwrap_err();
        assert!(!halt.words.contains("private"), "{halt:?}");
        let said = said(session);
        assert_eq!(said[..2], ["<- <18 bytes, not shown>", "<- two"]);
        assert!(!said.concat().contains("private"), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn patience_is_never_less_than_the_step() {
        let mut session = session_until(STEP * 6, vec![Turn::Hold]);
        session.be_patient(STEP * 2);
        session.be_patient(STEP);
        let began = Instant::now();
        assert_eq!(session.read(one_line).await.unwrap_err().kind, FailureKind::TimedOut);
        assert_eq!(began.elapsed(), STEP * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_stayed_unread_stands_in_the_transcript() {
        let mut session = session(vec![say("220 go\r\n250 evil\r\n"), Turn::Hold]);
        session.read(one_line).await.unwrap();
        assert_eq!(said(session), ["<- 220 go", "<- 250 evil"]);
    }

    #[tokio::test(start_paused = true)]
    async fn marks_tell_who_spoke_and_whether_inside_tls() {
        let mut session = session(vec![Turn::Hear("ASK"), say("yes\n")]).inside_tls();
        session.send("ASK").await.unwrap();
        session.read(one_line).await.unwrap();
        assert_eq!(said(session), ["~> ASK", "<~ yes", "== lines end with LF alone, not with CR LF"]);
    }

    const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

    #[tokio::test(start_paused = true)]
    async fn secret_is_sent_and_not_shown() {
        let mut session =
            session(vec![Turn::Hear("ASK 0123456789abcdefghijklmnopqrstuvwxyz\r\n"), say("yes\r\n")]).inside_tls();
        session.send_secret("ASK ", &Secret::new(SECRET), "<secret>").await.unwrap();
        assert_eq!(session.read(one_line).await.unwrap(), "yes");
        assert_eq!(said(session), ["~> ASK <secret>", "<~ yes"]);
    }

    #[tokio::test(start_paused = true)]
    async fn repeated_secret_is_covered_however_it_is_cut() {
        for cut in 0..SECRET.len() {
            let (first, rest) = SECRET.split_at(cut);
            let turns = vec![Turn::Hear("0"), say(format!("no {first}")), Turn::Drip(rest.into()), say(" done\r\nx")];
            let mut session = session_until(Duration::from_mins(2), turns).inside_tls();
            session.limits.step = Duration::from_mins(1);
            session.send_secret("", &Secret::new(SECRET), "<secret>").await.unwrap();
            let reply = session.read(one_line).await.unwrap();
            assert!(reply.starts_with("no *") && reply.ends_with(" done") && reply.len() == 44, "{reply}");
            let left = reply.chars().filter(|character| !"*no de".contains(*character)).count();
            assert!(left < PIECE, "{reply}");
            assert!(!said(session).concat().contains(&SECRET[..PIECE]));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_repeated_by_a_server_that_goes_is_covered() {
        let mut session = session(vec![Turn::Hear("0"), say(format!("no {SECRET}"))]).inside_tls();
        session.send_secret("", &Secret::new(SECRET), "<secret>").await.unwrap();
        let halt = session.read(one_line).await.unwrap_err();
        assert_eq!(halt, Halt::new(FailureKind::Closed, format!("no {}", "*".repeat(SECRET.len()))));
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "inside TLS only")]
    async fn secret_never_goes_in_plain_text() {
        let _ = session(vec![Turn::Hold]).send_secret("", &Secret::new(SECRET), "<secret>").await;
    }

    #[tokio::test(start_paused = true)]
    async fn slow_drip_ends_with_the_step() {
        let mut session = session(vec![Turn::Drip(vec![b'a'; 100])]);
        let began = Instant::now();
        let halt = session.read(one_line).await.unwrap_err();
        assert_eq!(began.elapsed(), STEP);
        assert_eq!(halt, Halt::new(FailureKind::TimedOut, "no answer within 10 s; before that: aaaaaaaaa"));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_says_how_long_was_waited() {
        let halt = session(vec![Turn::Hold]).read(one_line).await.unwrap_err();
        assert_eq!(halt, Halt::new(FailureKind::TimedOut, "no answer within 10 s"));
    }

    #[tokio::test(start_paused = true)]
    async fn deadline_of_the_run_is_ours() {
        let mut session = session_until(Duration::from_secs(3), vec![say("a"), Turn::Hold]);
        assert_eq!(session.read(one_line).await.unwrap_err().kind, FailureKind::Deadline);
    }

    #[tokio::test(start_paused = true)]
    async fn peer_that_reads_nothing_ends_with_the_step() {
        let halt = session(vec![Turn::Hold]).send(&"a".repeat(10_000)).await.unwrap_err();
        assert_eq!(halt.kind, FailureKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn endless_bytes_are_too_much() {
        let mut session = session(vec![Turn::Endless("abc\r\n")]);
        let mut longest = 0;
        let watch = |bytes: &[u8]| {
            longest = bytes.len().max(longest);
            never(bytes)
        };
        assert_eq!(session.read(watch).await.unwrap_err().kind, FailureKind::ReplyTooLarge);
        assert_eq!(longest, MOST_UNREAD);
        assert_eq!(said(session).len(), crate::evidence::MOST_LINES + 1);
    }

    #[tokio::test(start_paused = true)]
    async fn decoder_that_takes_more_than_there_is_does_no_harm() {
        let mut session = session(vec![say("a")]);
        let greedy = |bytes: &[u8]| if bytes.is_empty() { Err(NoReply::Incomplete) } else { Ok(((), 1000)) };
        assert_eq!(session.read(greedy).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn page_without_a_line_end_is_still_a_page() {
        for turns in [vec![say("<html>blocked")], vec![say("<html>blocked"), Turn::Hold]] {
            let halt = session(turns).read(one_line).await.unwrap_err();
            assert_eq!(halt, Halt::new(FailureKind::UnexpectedHttp, "<html>blocked"));
        }
    }

    #[tokio::test]
    async fn reset_is_told_from_closed() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (peer, _) = listener.accept().await.unwrap();
        peer.set_zero_linger().unwrap();
        drop(peer);
        let deadline = Instant::now() + STEP;
        let limits = Limits::new(STEP, deadline, tokio::sync::watch::channel(false).1);
        let mut session = Session::new(Box::new(stream), limits, Attempt::new(([192, 0, 2, 1], 25).into()));
        assert_eq!(session.read(one_line).await.unwrap_err().kind, FailureKind::Reset);
    }

    #[test]
    fn broken_connections_are_told_apart() {
        let kind = |kind: io::ErrorKind| broken(&kind.into()).kind;
        assert_eq!(kind(io::ErrorKind::ConnectionReset), FailureKind::Reset);
        assert_eq!(kind(io::ErrorKind::TimedOut), FailureKind::TimedOut);
        assert_eq!(kind(io::ErrorKind::HostUnreachable), FailureKind::Unreachable);
        assert_eq!(kind(io::ErrorKind::UnexpectedEof), FailureKind::Closed);
        assert_eq!(kind(io::ErrorKind::BrokenPipe), FailureKind::Closed);
        let alert = rustls::Error::AlertReceived(rustls::AlertDescription::CertificateRequired);
        assert_eq!(broken(&io::Error::new(io::ErrorKind::InvalidData, alert)).kind, FailureKind::TlsAlert);
    }
}
