//! The parts of a text in which bytes are written as escapes, read as what they stand for: percent-encoding (RFC 3986,
//! section 2.1), character references (HTML, section 13.5), and the escapes of JSON and of program code (`\u0061`, `\x61`,
//! `\u{61}`, `\141`), also where the escape was escaped once more. Zero bytes are left out, so that UTF-16 reads as its letters.
//!
//! In: bytes. Out: the bytes that they stand for, and where each came from. One pass; of a long part only so much is held
//! at once.

use std::ops::Range;

/// Escapes that are so far apart belong together, and so many bytes around them.
const AROUND: usize = 16;
/// So many bytes of one part are held at once.
const MOST: usize = 1 << 14;
/// An escape that was escaped in turn has so many backslashes.
const MOST_BACKSLASHES: usize = 8;
/// A character reference has at most so many digits.
const MOST_DIGITS: usize = 8;

/// A part of a text as what it stands for.
#[derive(Default)]
pub(super) struct Unescaped {
    /// What it stands for.
    pub bytes: Vec<u8>,
    places: Vec<Range<usize>>,
}

impl Unescaped {
    /// Where these bytes came from.
    pub fn place(&self, found: &Range<usize>) -> Range<usize> {
        let (first, last) = (self.places.get(found.start), self.places.get(found.end.wrapping_sub(1)));
        first.zip(last).map_or(0..0, |(first, last)| first.start..last.end)
    }

    fn put(&mut self, bytes: &[u8], place: &Range<usize>) {
        self.bytes.extend_from_slice(bytes);
        self.places.extend(bytes.iter().map(|_| place.clone()));
    }

    fn put_as_they_are(&mut self, text: &[u8], range: Range<usize>) {
        for at in range {
            self.put(&text[at..=at], &(at..at + 1));
        }
    }

    /// The last bytes, so that what lies on the border of two parts is whole in one of them.
    fn end(&self) -> Self {
        let from = self.bytes.len().saturating_sub(AROUND);
        Self { bytes: self.bytes[from..].to_vec(), places: self.places[from..].to_vec() }
    }

    /// The same, read once more: the escape may have been escaped itself.
    fn again(&self) -> Vec<Self> {
        let mut parts = Vec::new();
        each(&self.bytes, |part| {
            let places = part.places.iter().map(|place| self.place(place)).collect();
            parts.push(Self { bytes: part.bytes, places });
        });
        parts
    }
}

/// Each part of a text with escapes, read once and read twice.
pub(super) fn each_reading(text: &[u8], mut read: impl FnMut(&Unescaped)) {
    each(text, |part| {
        read(&part);
        part.again().iter().for_each(&mut read);
    });
}

fn each(text: &[u8], mut found: impl FnMut(Unescaped)) {
    let mut part = Unescaped::default();
    let mut end = 0; // of the last escape
    for at in memchr::memchr3_iter(b'%', b'&', b'\\', text) {
        if at < end {
            continue;
        }
        let Some((value, length)) = escape(&text[at..]) else { continue };
        if !part.bytes.is_empty() && at - end > AROUND {
            part.put_as_they_are(text, end..end + AROUND);
            found(std::mem::take(&mut part));
        }
        let from = if part.bytes.is_empty() { at.saturating_sub(AROUND).max(end) } else { end };
        part.put_as_they_are(text, from..at);
        end = at + length;
        match value {
            Value::Byte(0) | Value::Letter(None | Some('\0')) => {}
            Value::Byte(byte) => part.put(&[byte], &(at..end)),
            Value::Letter(Some(letter)) => part.put(letter.encode_utf8(&mut [0; 4]).as_bytes(), &(at..end)),
        }
        if part.bytes.len() >= MOST {
            let rest = part.end();
            found(std::mem::replace(&mut part, rest));
        }
    }
    if !part.bytes.is_empty() {
        part.put_as_they_are(text, end..text.len().min(end + AROUND));
        found(part);
    }
}

/// What an escape stands for.
enum Value {
    Byte(u8),
    /// None is half of one (UTF-16).
    Letter(Option<char>),
}

/// What the escape at the beginning stands for, and how long it is.
fn escape(text: &[u8]) -> Option<(Value, usize)> {
    match text.first()? {
        b'%' => byte(text, 1, 2, 16),
        b'&' => reference(text),
        _ => {
            let from = text.iter().take(MOST_BACKSLASHES + 1).position(|byte| *byte != b'\\')?;
            match text[from] {
                b'u' | b'x' if text.get(from + 1) == Some(&b'{') => braced(text, from + 2),
                b'u' => Some((Value::Letter(char::from_u32(number(text, from + 1, 4, 16)?)), from + 5)),
                b'x' => byte(text, from + 1, 2, 16),
                b'0'..=b'3' => byte(text, from, 3, 8),
                _ => None,
            }
        }
    }
}

/// `\u{61}`, `\x{61}`; the digits begin here.
fn braced(text: &[u8], from: usize) -> Option<(Value, usize)> {
    let count = text.get(from..)?.iter().take(MOST_DIGITS).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let letter = char::from_u32(number(text, from, count, 16)?);
    (text.get(from + count) == Some(&b'}')).then_some((Value::Letter(letter), from + count + 1))
}

/// `&#97;`, `&#x61;`, also behind `&amp;`, which is what an escaped `&` becomes.
fn reference(text: &[u8]) -> Option<(Value, usize)> {
    let mut from = 1;
    while text[from..].starts_with(b"amp;") {
        from += 4;
    }
    let behind = text[from..].strip_prefix(b"#")?;
    let is_hexadecimal = matches!(behind.first(), Some(b'x' | b'X'));
    let (from, radix) = if is_hexadecimal { (from + 2, 16) } else { (from + 1, 10) };
    let count = text[from..].iter().take(MOST_DIGITS).take_while(|byte| char::from(**byte).is_digit(radix)).count();
    let letter = char::from_u32(number(text, from, count, radix)?);
    let end = from + count;
    Some((Value::Letter(letter), end + usize::from(text.get(end) == Some(&b';'))))
}

fn byte(text: &[u8], from: usize, count: usize, radix: u32) -> Option<(Value, usize)> {
    Some((Value::Byte(u8::try_from(number(text, from, count, radix)?).ok()?), from + count))
}

/// Digits only: a sign is none.
fn number(text: &[u8], from: usize, count: usize, radix: u32) -> Option<u32> {
    let digits = text.get(from..from + count)?;
    let is_digits = digits.iter().all(|digit| char::from(*digit).is_digit(radix));
    u32::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| is_digits)?, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn readings(text: &str) -> Vec<String> {
        let mut readings = Vec::new();
        each_reading(text.as_bytes(), |part| readings.push(String::from_utf8_lossy(&part.bytes).into_owned()));
        readings
    }

    #[test]
    fn each_escape_is_read() {
        for text in [
            "a%62c",
            "a&#98;c",
            "a&#x62;c",
            "a&#X62;c",
            "a&amp;#98;c",
            r"a\u0062c",
            r"a\x62c",
            r"a\u{62}c",
            r"a\\x{000062}c",
            r"a\\x62c",
            r"a\142c",
            r"\u0000a\x00b%00c",
            "%61%62%63",
        ] {
            assert_eq!(readings(text).first().map(String::as_str), Some("abc"), "{text}");
        }
        assert_eq!(readings("%2561%2562%2563"), ["%61%62%63", "abc"]);
        for text in [
            "a", "100 %", "%", "%4", "%zz", "&", "&amp;", "&lt;", "&#", "&#;", "&#x;", r"\", r"\\", r"\n\u12", r"\x",
            r"\u{", r"\u{}", r"\u{62", r"\x{zz}", r"\99", "\\\"",
        ] {
            assert_eq!(readings(text), <Vec<String>>::new(), "{text}");
        }
    }

    #[test]
    fn what_it_stands_for_is_found_in_its_place() {
        let text = format!("{}x%61%62y{}%63", "-".repeat(40), "-".repeat(40));
        let mut places = Vec::new();
        each_reading(text.as_bytes(), |part| {
            let at = part.bytes.windows(4).position(|four| four == b"xaby");
            places.extend(at.map(|at| part.place(&(at..at + 4))));
        });
        assert_eq!(places.first(), Some(&(40..48)));
    }

    #[test]
    fn a_long_part_is_read_in_pieces_that_overlap() {
        let text = "%41".repeat(3 * MOST) + &"%42".repeat(12);
        let (mut longest, mut last) = (0, String::new());
        each_reading(text.as_bytes(), |part| {
            longest = longest.max(part.bytes.len());
            last = String::from_utf8_lossy(&part.bytes).into_owned();
        });
        assert!(longest <= MOST + AROUND && last.ends_with("AAABBBBBBBBBBBB"), "{longest}");
    }
}
