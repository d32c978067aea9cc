//! A connection on which lines are sent and replies are read, in plain text or inside TLS, with a transcript.

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Halt, Limits};
use crate::seen::{Line, Mark};

/// Bytes in both directions: a TCP connection, or TLS over one.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// What a decoder made of the bytes so far.
#[derive(Debug, PartialEq, Eq)]
pub enum Decoded<T> {
    /// A whole reply, and how many bytes it took.
    Whole(T, usize),
    /// More bytes are needed.
    Incomplete,
    /// These bytes are no reply of this protocol.
    Wrong(Halt),
}

/// A connection with a transcript.
pub struct Session {
    /// The connection.
    stream: Box<dyn Stream>,
    limits: Limits,
    transcript: Transcript,
    buffer: Vec<u8>,
}

/// What was said on one connection, with times since it was begun. Bounded in lines and in the length of a line.
#[derive(Debug)]
pub struct Transcript {
    began: std::time::Instant,
    lines: Vec<Line>,
}

impl Transcript {
    /// An empty transcript that begins now.
    #[must_use]
    pub fn new() -> Self {
        Self { began: std::time::Instant::now(), lines: Vec::new() }
    }

    /// Writes a line down; a line that is too long is shortened, and after the last line that fits the rest is counted.
    pub fn note(&mut self, _mark: Mark, _text: &str) {
        todo!()
    }

    /// The lines.
    #[must_use]
    pub fn into_lines(self) -> Vec<Line> {
        self.lines
    }
}

impl Session {
    /// Begins on an open connection.
    #[must_use]
    pub fn new(stream: Box<dyn Stream>, limits: Limits, transcript: Transcript) -> Self {
        Self { stream, limits, transcript, buffer: Vec::new() }
    }

    /// Sends one line; CR LF is added.
    ///
    /// # Errors
    /// When the connection breaks or the step's limit runs out.
    pub async fn send(&mut self, _line: &str) -> Result<(), Halt> {
        todo!()
    }

    /// Reads until `decode` has a whole reply.
    ///
    /// # Errors
    /// When the connection ends or breaks first, a limit runs out, more than the bound was sent, or the bytes are wrong.
    pub async fn read<T>(&mut self, _decode: impl FnMut(&[u8]) -> Decoded<T>) -> Result<T, Halt> {
        todo!()
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
}
