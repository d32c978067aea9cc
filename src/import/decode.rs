//! The characters of a file, whatever program wrote it.
//!
//! In: bytes. Out: text and the encoding that was found, or why this is no text that can be used. A byte order mark
//! decides; without one UTF-8 if it is valid, UTF-16 if every second byte is zero, else Windows-1252, as Excel saves.
//! PowerShell 5.1 writes UTF-16LE with a mark for `>` and `Out-File`:
//! <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_character_encoding>

use std::borrow::Cow;

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::Rejected;

/// How a file was encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// UTF-8, with or without a mark.
    Utf8,
    /// UTF-16, as PowerShell 5.1 writes it.
    Utf16,
    /// Windows-1252: letters beyond ASCII may have been another code page.
    Windows1252,
}

/// Files that people hand over by mistake: the first bytes, what they are, and what would be right.
const NO_TEXT: &[(&[u8], &str, &str)] = &[
    (
        b"PK\x03\x04",
        "is a ZIP archive or an Excel workbook",
        "unpack it, or save the sheet as CSV UTF-8, and give that file",
    ),
    (b"\xd0\xcf\x11\xe0", "is an old Office document", "save it as CSV UTF-8 and give that file"),
    (b"\x89PNG", "is a picture", SCREENSHOT),
    (b"\xff\xd8\xff", "is a picture", SCREENSHOT),
    (b"GIF8", "is a picture", SCREENSHOT),
    (b"BM", "is a picture", SCREENSHOT),
    (b"RIFF", "is a picture or a recording", SCREENSHOT),
    (b"%PDF", "is a PDF document", SCREENSHOT),
    (b"\x1f\x8b", "is a gzip archive", "unpack it and give the file in it"),
    (b"Rar!", "is a RAR archive", "unpack it and give the file in it"),
    (b"7z\xbc\xaf", "is a 7-Zip archive", "unpack it and give the file in it"),
    (b"MZ", "is a program", "give the file that the command wrote"),
    (b"%!PS", "is a PostScript document", SCREENSHOT),
];

/// What would be right in place of a picture.
const SCREENSHOT: &str = "export the data as JSON or CSV (ece-check evidence request prints the commands)";

/// The text of a file.
///
/// # Errors
/// When it is no text: a picture, an archive, an office document, or bytes of no encoding known here.
pub fn text<'b>(name: &str, bytes: &'b [u8]) -> Result<(Cow<'b, str>, Encoding), Rejected> {
    let rejected = |wrong: &str, right: &str| Rejected::whole(name, wrong, right);
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(empty(name));
    }
    if let Some((_, wrong, right)) = NO_TEXT.iter().find(|(start, ..)| is_binary(bytes, start)) {
        return Err(rejected(wrong, right));
    }
    let (encoding, rest) = encoding_of(bytes);
    let (text, used) = match encoding {
        Guess::Utf8 => (UTF_8.decode_without_bom_handling(rest).0, Encoding::Utf8),
        Guess::Utf16Le => (UTF_16LE.decode_without_bom_handling(rest).0, Encoding::Utf16),
        Guess::Utf16Be => (UTF_16BE.decode_without_bom_handling(rest).0, Encoding::Utf16),
        Guess::Windows1252 => (WINDOWS_1252.decode_without_bom_handling(rest).0, Encoding::Windows1252),
    };
    if text.trim().is_empty() {
        return Err(empty(name)); // a byte order mark alone
    }
    if text.contains('\0') {
        return Err(rejected("is not a text file", "give the JSON, CSV, XML or text file that the command wrote"));
    }
    Ok((text, used))
}

fn empty(name: &str) -> Rejected {
    Rejected::whole(name, "is empty", "run the command again; when it printed an error, solve that first")
}

/// Two letters can also begin a text: a picture or a program has a zero byte near its start.
fn is_binary(bytes: &[u8], start: &[u8]) -> bool {
    bytes.starts_with(start) && (start.len() > 2 || !start.is_ascii() || bytes.iter().take(256).any(|byte| *byte == 0))
}

enum Guess {
    Utf8,
    Utf16Le,
    Utf16Be,
    Windows1252,
}

fn encoding_of(bytes: &[u8]) -> (Guess, &[u8]) {
    if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
        return (Guess::Utf8, rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
        return (Guess::Utf16Le, rest);
    }
    if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
        return (Guess::Utf16Be, rest);
    }
    let zeros = |first: usize| bytes.iter().skip(first).step_by(2).take(200).filter(|byte| **byte == 0).count();
    let half = bytes.len().min(400) / 2;
    if half > 3 && zeros(1) * 10 > half * 7 {
        return (Guess::Utf16Le, bytes);
    }
    if half > 3 && zeros(0) * 10 > half * 7 {
        return (Guess::Utf16Be, bytes);
    }
    if std::str::from_utf8(bytes).is_ok() { (Guess::Utf8, bytes) } else { (Guess::Windows1252, bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_gives_the_same_text() {
        let said = "Name,Ort\r\nMüller,Köln\r\n";
        let utf16 = |le: bool| {
            said.encode_utf16().flat_map(move |unit| if le { unit.to_le_bytes() } else { unit.to_be_bytes() })
        };
        let marked = |mark: &[u8], rest: Vec<u8>| [mark.to_vec(), rest].concat();
        let forms = [
            said.as_bytes().to_vec(),
            marked(b"\xef\xbb\xbf", said.as_bytes().to_vec()),
            marked(b"\xff\xfe", utf16(true).collect()),
            marked(b"\xfe\xff", utf16(false).collect()),
            utf16(true).collect(),
            utf16(false).collect(),
            said.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect(),
        ];
        for form in forms {
            assert_eq!(text("f", &form).unwrap().0, said);
        }
    }

    #[test]
    fn pictures_archives_and_nothing_are_refused_with_what_would_be_right() {
        for (bytes, word) in [
            (&b"\x89PNG\r\n\x1a\n"[..], "picture"),
            (b"PK\x03\x04\x14\0", "Excel"),
            (b"%PDF-1.7", "PDF"),
            (b"  \r\n", "empty"),
            (b"\xff\xfe", "empty"),
            (b"a\0\0\0b\x01c\0", "not a text"),
        ] {
            let rejected = text("f", bytes).unwrap_err();
            assert!(rejected.to_string().contains(word), "{rejected}");
        }
        assert!(text("f", b"BM is a text").is_ok());
    }
}
