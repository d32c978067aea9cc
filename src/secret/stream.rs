//! The net before a stream: what is written goes on in blocks of whole lines, each without secrets.
//!
//! In: a text in pieces, in which no secret goes over the end of a line. JSON is such a text: in its strings a line end is an
//! escape (RFC 8259, section 7). Out: the same text without secrets. Memory holds one block, or the longest line.

use std::io::{self, Write};

use super::Redactor;

/// So much is cleaned at once.
const BLOCK: usize = 128 << 10;

/// Cleans what is written, and hands it on.
pub struct RedactingWriter<'r, W> {
    redactor: &'r Redactor,
    to: W,
    pending: Vec<u8>,
    /// How much of what is pending is whole lines.
    whole: usize,
    hits: usize,
}

impl<'r, W: Write> RedactingWriter<'r, W> {
    /// A net before this writer.
    pub fn new(redactor: &'r Redactor, to: W) -> Self {
        Self { redactor, to, pending: Vec::with_capacity(BLOCK * 2), whole: 0, hits: 0 }
    }

    /// Hands on what is left, and gives the number of places that held a secret.
    ///
    /// # Errors
    /// When the writer takes no more.
    pub fn finish(mut self) -> io::Result<usize> {
        self.pass(self.pending.len())?;
        self.to.flush()?;
        Ok(self.hits)
    }

    fn pass(&mut self, length: usize) -> io::Result<()> {
        let text = String::from_utf8_lossy(&self.pending[..length]);
        let (clean, hits) = self.redactor.cleaned(&text);
        self.hits += hits;
        self.to.write_all(clean.as_bytes())?;
        self.pending.drain(..length);
        self.whole = 0;
        Ok(())
    }
}

impl<W: Write> Write for RedactingWriter<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(end) = memchr::memrchr(b'\n', bytes) {
            self.whole = self.pending.len() + end + 1;
        }
        self.pending.extend_from_slice(bytes);
        if self.whole >= BLOCK {
            self.pass(self.whole)?;
        }
        Ok(bytes.len())
    }

    /// What is not a whole block stays: only [`RedactingWriter::finish`] ends a line.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    const TOKEN: &str = "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA0123456789abcdefghijklmnop";

    /// Each piece is looked at once: of a long line in small pieces the whole was searched again and again.
    #[test]
    fn a_long_line_in_small_pieces_is_one_line() {
        let (text, hits) = passed(&format!("{}{TOKEN}\n", "x".repeat(BLOCK + 7)), 3);
        assert!(text.ends_with('\n') && !text.contains(TOKEN), "the end of {} bytes", text.len());
        assert_eq!(hits, 1);
    }

    fn passed(text: &str, piece: usize) -> (String, usize) {
        let redactor = Redactor::default();
        redactor.add(&Secret::new(TOKEN));
        let mut out = Vec::new();
        let mut writer = RedactingWriter::new(&redactor, &mut out);
        text.as_bytes().chunks(piece).for_each(|bytes| writer.write_all(bytes).expect("memory takes all"));
        let hits = writer.finish().expect("memory takes all");
        (String::from_utf8(out).expect("text"), hits)
    }

    /// Each line holds the secret at another place, so that it falls upon the end of every block.
    #[test]
    fn in_pieces_as_in_one() {
        let lines = (0..6_000).map(|at| format!("{}\"ü {TOKEN}\",\n", " ".repeat(at % 71)));
        let text = lines.collect::<String>() + "\"the end";
        let redactor = Redactor::default();
        redactor.add(&Secret::new(TOKEN));
        let whole = redactor.clean(&text);
        assert_eq!(whole.1, 6_000);
        for piece in [1 << 10, 4_099, BLOCK, text.len()] {
            assert!(passed(&text, piece) == whole, "pieces of {piece}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_kept_until_it_is_whole() {
        let text = format!("{}{TOKEN}{}", "a ".repeat(BLOCK), " b".repeat(BLOCK));
        let (clean, hits) = passed(&text, BLOCK + 40);
        assert!(hits == 1 && !clean.contains(&TOKEN[..16]));
    }
}
