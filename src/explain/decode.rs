//! The text of a log, however it was written: plain, packed with gzip, in UTF-8 or UTF-16.
//!
//! In: bytes. Out: UTF-8. UTF-16 is known by its byte order mark, or without one by the zeros between its letters, as
//! PowerShell and older Windows programs write it.

use std::io::{self, Cursor, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;

/// So many bytes at the beginning tell what a source is.
const HEAD: usize = 512;
/// What is decoded at once, in bytes.
const PIECE: usize = 65_536;

/// Archives and files of programs, by how they begin: no log, and nothing is found in them.
const NO_LOG: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "a ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"BZh", "packed with bzip2"),
    (b"\xfd7zXZ\0", "packed with xz"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"ElfFile\0", "a Windows event log; save it as text in the Event Viewer"),
    (b"MZ\x90", "a program"),
    (b"\x7fELF", "a program"),
];

/// The text of a source: gzip is unpacked, UTF-16 becomes UTF-8.
///
/// # Errors
/// When the source cannot be read, or is no log; the words say what it is.
pub fn text_of<'s>(source: impl Read + 's) -> io::Result<Box<dyn Read + 's>> {
    let (head, whole) = peek(source)?;
    if head.starts_with(&[0x1f, 0x8b]) {
        let (head, whole) = peek(MultiGzDecoder::new(whole))?;
        return decoded(&head, whole);
    }
    decoded(&head, whole)
}

/// Whether a text that begins so can be read as it stands.
#[must_use]
pub fn is_plain(head: &[u8]) -> bool {
    !head.starts_with(&[0x1f, 0x8b]) && no_log(head).is_none() && wide(head).is_none()
}

/// What an archive or program is, as it begins.
fn no_log(head: &[u8]) -> Option<&'static str> {
    NO_LOG.iter().find(|(begin, _)| head.starts_with(begin)).map(|(_, what)| *what)
}

fn decoded<'s>(head: &[u8], whole: impl Read + 's) -> io::Result<Box<dyn Read + 's>> {
    if let Some(what) = no_log(head) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it is {what}")));
    }
    Ok(match wide(head) {
        Some(encoding) => Box::new(Wide::new(whole, encoding.new_decoder_with_bom_removal())),
        None => Box::new(whole),
    })
}

/// Which UTF-16 a text is, if any: by its mark, or by zeros that stand (nearly) only at every other place.
fn wide(head: &[u8]) -> Option<&'static Encoding> {
    match head {
        [0xff, 0xfe, ..] => return Some(UTF_16LE),
        [0xfe, 0xff, ..] => return Some(UTF_16BE),
        _ => {}
    }
    let pairs = head.chunks_exact(2);
    let count = pairs.len();
    let zeros = |place: usize| pairs.clone().filter(|pair| pair[place] == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let mostly = |some: usize, others: usize| count >= 4 && some * 4 >= count * 3 && others * 16 <= count;
    if mostly(odd, even) {
        Some(UTF_16LE)
    } else if mostly(even, odd) {
        Some(UTF_16BE)
    } else {
        None
    }
}

/// The beginning of a source, and the source with its beginning.
fn peek<R: Read>(mut source: R) -> io::Result<(Vec<u8>, impl Read)> {
    let mut head = Vec::with_capacity(HEAD);
    source.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
    Ok((head.clone(), Cursor::new(head).chain(source)))
}

/// UTF-16 read as UTF-8.
struct Wide<R> {
    source: R,
    decoder: Decoder,
    raw: Vec<u8>,
    /// What is decoded, and how much of it was given away.
    text: String,
    given: usize,
    is_over: bool,
}

impl<R: Read> Wide<R> {
    fn new(source: R, decoder: Decoder) -> Self {
        // a unit of two bytes becomes three at the most
        let text = String::with_capacity(PIECE * 2);
        Self { source, decoder, raw: vec![0; PIECE], text, given: 0, is_over: false }
    }

    /// Decodes the next piece, which can be empty before the end.
    fn decode(&mut self) -> io::Result<()> {
        let count = self.source.read(&mut self.raw)?;
        self.is_over = count == 0;
        self.given = 0;
        self.text.clear();
        let (result, ..) = self.decoder.decode_to_string(&self.raw[..count], &mut self.text, self.is_over);
        debug_assert_eq!(result, CoderResult::InputEmpty, "the room is for the longest text of a piece");
        Ok(())
    }
}

impl<R: Read> Read for Wide<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.is_over {
            self.decode()?;
        }
        let count = into.len().min(self.text.len() - self.given);
        into[..count].copy_from_slice(&self.text.as_bytes()[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    const LINE: &str = "2026-11-23 04:01:20 ERROR Authentifizierung fehlgeschlagen: ungültig\r\n";

    fn text(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        text_of(bytes)?.read_to_string(&mut text).map(|_| text)
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("memory");
        encoder.finish().expect("memory")
    }

    /// Gives one byte at a time, as a slow pipe does.
    struct Drops<'b>(&'b [u8]);

    impl Read for Drops<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let one = into.len().min(1);
            self.0.read(&mut into[..one])
        }
    }

    #[test]
    fn utf_16_of_either_order_with_and_without_mark_packed_and_plain() {
        for order in [u16::to_le_bytes, u16::to_be_bytes] {
            for mark in [None, Some(0xfeff)] {
                let bytes: Vec<u8> = mark.into_iter().chain(LINE.encode_utf16()).flat_map(order).collect();
                assert_eq!(text(&bytes).expect("a text"), LINE);
                assert_eq!(text(&packed(&bytes)).expect("a text"), LINE);
            }
        }
    }

    #[test]
    fn byte_by_byte_into_rooms_of_any_size() {
        let bytes: Vec<u8> = LINE.repeat(50).encode_utf16().flat_map(u16::to_le_bytes).collect();
        for size in 1..9 {
            let mut source = text_of(Drops(&bytes)).expect("a text");
            let (mut room, mut text) = (vec![0; size], Vec::new());
            loop {
                let count = source.read(&mut room).expect("a text");
                text.extend_from_slice(&room[..count]);
                if count == 0 {
                    break;
                }
            }
            assert_eq!(text, LINE.repeat(50).into_bytes(), "{size}");
        }
    }

    #[test]
    fn several_members_of_gzip_are_one_text() {
        let twice = [packed(LINE.as_bytes()), packed(LINE.as_bytes())].concat();
        assert_eq!(text(&twice).expect("a text"), LINE.repeat(2));
    }

    #[test]
    fn zeros_of_a_crash_do_not_make_it_utf_16() {
        let text = [LINE.as_bytes(), &[0; 400]].concat();
        assert_eq!(wide(&text), None);
        assert_eq!(wide(b""), None);
        assert_eq!(wide(&[0; 64]), None);
    }

    #[test]
    fn an_archive_is_told_from_a_log() {
        let error = text(b"PK\x03\x04\x14\0\0\0").expect_err("no log");
        assert!(error.to_string().contains("ZIP archive"), "{error}");
    }

    #[test]
    fn gzip_that_was_cut_off_gives_what_is_there_and_then_an_error() {
        let whole = packed(&LINE.repeat(2_000).into_bytes());
        let mut source = text_of(&whole[..whole.len() - 9]).expect("the beginning is good");
        let mut text = Vec::new();
        source.read_to_end(&mut text).expect_err("the end is missing");
        assert!(text.starts_with(LINE.as_bytes()));
    }
}
