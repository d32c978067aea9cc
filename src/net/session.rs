//! A connection on which lines are sent and replies are read, in plain text or inside TLS, with a transcript.
//!
//! In: an open connection and the decoder of a protocol. Out: whole replies, or a [`Halt`]. The limit of a step is on the
//! whole reply, so that one byte a second does not keep it waiting for ever.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{Halt, Limits};
pub use crate::wire::{Decoded, NoReply};
use crate::{
    seen::{Kind, Line, Mark},
    wire::line::{self, MOST_WORDS, foreign, shorten, words},
};

/// The most bytes that are kept while a reply is not whole.
pub const MOST_UNREAD: usize = 64 * 1024;
/// The most lines of a transcript, before the one that counts the rest.
pub const MOST_LINES: usize = 200;
/// The most characters of a transcript's line.
pub const MOST_CHARACTERS: usize = 300;

/// How many bytes are asked for at once.
const CHUNK: usize = 4096;

/// Bytes in both directions: a TCP connection, or TLS over one.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection with a transcript.
pub struct Session {
    stream: Box<dyn Stream>,
    limits: Limits,
    transcript: Transcript,
    buffer: Vec<u8>,
    encrypted: bool,
    bare_line_feed_noted: bool,
}

impl Session {
    /// Begins on an open connection, in plain text.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>, limits: Limits, transcript: Transcript) -> Self {
        Self { stream, limits, transcript, buffer: Vec::new(), encrypted: false, bare_line_feed_noted: false }
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
        let mark = if self.encrypted { Mark::SentInTls } else { Mark::Sent };
        self.transcript.note(mark, line);
        let bytes = format!("{line}\r\n").into_bytes();
        let limits = self.limits.clone();
        let sending = async {
            self.stream.write_all(&bytes).await?;
            self.stream.flush().await
        };
        let sent = limits.step(sending).await.and_then(|sent| sent.map_err(|error| broken(&error)));
        sent.inspect_err(|halt| self.remark(halt))
    }

    /// Reads until `decode` has a whole reply. Bytes behind the reply stay [unread](Self::unread).
    ///
    /// # Errors
    /// When the connection ends or breaks first, a limit runs out, more than the bound was sent, or the bytes are wrong.
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
                let bytes = self.buffer.clone();
                self.note_received(&bytes);
                self.remark(&halt);
                Err(with_what_came(halt, &bytes))
            }
        }
    }

    /// Bytes that have come and that no reply took: behind a STARTTLS answer there must be none.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        &self.buffer
    }

    /// Gives the connection away, to be encrypted or spoken to by a library.
    #[must_use]
    pub fn into_parts(self) -> (Box<dyn Stream>, Transcript) {
        (self.stream, self.transcript)
    }

    /// What was read stays in the buffer even when the wait is broken off.
    async fn fill<T>(&mut self, decode: &mut impl FnMut(&[u8]) -> Decoded<T>) -> Result<(T, usize), Halt> {
        let mut chunk = [0; CHUNK];
        loop {
            match decode(&self.buffer) {
                Ok(whole) => return Ok(whole),
                Err(NoReply::Wrong(kind, words)) => return Err(Halt::new(kind, words)),
                Err(NoReply::Incomplete) => {}
            }
            let room = MOST_UNREAD.saturating_sub(self.buffer.len()).min(CHUNK);
            if room == 0 {
                return Err(Halt::new(Kind::TooMuch, format!("more than {MOST_UNREAD} bytes and no end")));
            }
            match self.stream.read(&mut chunk[..room]).await {
                Ok(0) => return Err(Halt::new(Kind::Closed, "")),
                Ok(count) => self.buffer.extend_from_slice(&chunk[..count]),
                Err(error) => return Err(broken(&error)),
            }
        }
    }

    fn note_received(&mut self, bytes: &[u8]) {
        let mark = if self.encrypted { Mark::ReceivedInTls } else { Mark::Received };
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = line.strip_suffix(b"\n").unwrap_or(line);
            let whole = text.strip_suffix(b"\r").unwrap_or(text);
            self.transcript.note(mark, &line::text(whole));
            if line.len() - whole.len() == 1 && line.ends_with(b"\n") {
                self.note_bare_line_feed();
            }
        }
    }

    fn note_bare_line_feed(&mut self) {
        if !self.bare_line_feed_noted {
            self.bare_line_feed_noted = true;
            self.transcript.note(Mark::Remark, "lines end with LF alone, not with CR LF");
        }
    }

    fn remark(&mut self, halt: &Halt) {
        match halt.kind {
            Kind::Closed => self.transcript.note(Mark::Remark, "closed by the other side"),
            Kind::Reset => self.transcript.note(Mark::Remark, "reset by the other side"),
            _ => self.transcript.note(Mark::Remark, &halt.words),
        }
    }
}

/// What was said on one connection, with times since it was begun. Bounded in lines and in the length of a line.
#[derive(Debug)]
pub struct Transcript {
    began: std::time::Instant,
    lines: Vec<Line>,
    left_out: usize,
}

impl Transcript {
    /// An empty transcript that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { began: std::time::Instant::now(), lines: Vec::new(), left_out: 0 }
    }

    /// Writes a line down; a line that is too long is shortened, and after the last line that fits the rest is counted.
    pub fn note(&mut self, mark: Mark, text: &str) {
        if self.lines.len() >= MOST_LINES {
            self.left_out += 1;
        } else {
            self.push(mark, shorten(text, MOST_CHARACTERS));
        }
    }

    /// The lines, and at their end how many were left out.
    #[must_use]
    pub fn into_lines(mut self) -> Vec<Line> {
        if self.left_out > 0 {
            self.push(Mark::Remark, format!("{} more lines", self.left_out));
        }
        self.lines
    }

    fn push(&mut self, mark: Mark, text: String) {
        self.lines.push(Line { at_ms: self.began.elapsed().as_secs_f64() * 1000.0, mark, text });
    }
}

impl Default for Transcript {
    fn default() -> Self {
        Self::new()
    }
}

/// What broke the connection. Inside TLS an alert of the other side comes as the error of a read.
fn broken(error: &io::Error) -> Halt {
    if let Some(rustls::Error::AlertReceived(_)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return Halt::new(Kind::Alert, error.to_string());
    }
    let kind = match error.kind() {
        io::ErrorKind::ConnectionReset => Kind::Reset,
        io::ErrorKind::TimedOut => Kind::TimedOut,
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Kind::Unreachable,
        io::ErrorKind::InvalidData => Kind::Gibberish,
        _ => Kind::Closed, // the rest are ways to say that the other side is gone
    };
    let words = if error.kind() == io::ErrorKind::UnexpectedEof { String::new() } else { error.to_string() };
    Halt::new(kind, words)
}

/// Says what came before the end: another protocol's first words explain a closed connection better than the close.
fn with_what_came(halt: Halt, bytes: &[u8]) -> Halt {
    if bytes.is_empty() || !matches!(halt.kind, Kind::Closed | Kind::Reset | Kind::TimedOut) {
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
