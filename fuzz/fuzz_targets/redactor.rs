//! The net against a naive one that compares every place of a text with every piece of every form of the secret: what must
//! be taken out is gone, and in a text without escapes and without a piece of the secret nothing else is, beside what any
//! net takes out.
#![no_main]

use std::fmt::Write as _;

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use ece_check::secret::{Redactor, Secret};
use libfuzzer_sys::fuzz_target;

const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// What stands where a secret stood.
const MARK: &str = "<secret>";
/// Any part of this length is taken out.
const CERTAIN: usize = 16;
/// No shorter part of a long form is taken out.
const LEAST: usize = 12;

fuzz_target!(|data: &[u8]| {
    let Some((length, data)) = data.split_first() else { return };
    let length = 4 + usize::from(length % 60);
    if data.len() < length {
        return;
    }
    let (letters, data) = data.split_at(length);
    let secret: String = letters.iter().map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()])).collect();
    let forms = forms(&secret);
    let text = text(data, &forms);
    let redactor = Redactor::default();
    redactor.add(&Secret::new(secret));
    let (clean, hits) = redactor.cleaned(&text);
    for form in &forms {
        let piece = form.len().min(CERTAIN);
        let mut parts = clean.split(MARK);
        let left = parts.any(|part| form.as_bytes().windows(piece).any(|piece| holds(part.as_bytes(), piece)));
        assert!(!left, "a part of the form {form} is left");
    }
    let touched = forms
        .iter()
        .any(|form| form.as_bytes().windows(form.len().min(LEAST)).any(|piece| holds(text.as_bytes(), piece)));
    if !touched && !text.contains(['%', '&', '\\']) {
        // what only a secret looks like is taken out by a net that knows nothing, too
        assert!((clean, hits) == Redactor::default().cleaned(&text), "something else was taken out");
    }
});

/// The forms of a secret of letters and digits: plain, then hexadecimal and base64 in its three alignments, of the letters
/// and of their UTF-16.
fn forms(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    let in_utf_16 = secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    for bytes in [secret.as_bytes(), &in_utf_16] {
        for upper in [false, true] {
            forms.push(bytes.iter().fold(String::new(), |mut text, byte| {
                let _ = if upper { write!(text, "{byte:02X}") } else { write!(text, "{byte:02x}") };
                text
            }));
        }
        for shift in 0..3 {
            let all = STANDARD_NO_PAD.encode([&[0; 2][..shift], bytes].concat());
            let own = &all[(shift * 8).div_ceil(6)..(shift + bytes.len()) * 8 / 6];
            forms.push(own.to_owned());
            forms.push(own.replace('+', "-").replace('/', "_"));
        }
    }
    forms.retain(|form| form.len() >= 4);
    forms
}

/// Letters as they are, and parts of the forms: the byte, then where the part begins and how long it is.
fn text(data: &[u8], forms: &[String]) -> String {
    let (mut text, mut bytes) = (String::new(), data.iter().copied());
    while let Some(byte) = bytes.next() {
        if byte < 0x80 {
            text.push(char::from(byte));
            continue;
        }
        let form = &forms[usize::from(byte & 0x7f) % forms.len()];
        let from = usize::from(bytes.next().unwrap_or(0)) % form.len();
        let length = usize::from(bytes.next().unwrap_or(u8::MAX));
        text.extend(form[from..].chars().take(length));
    }
    text
}

fn holds(text: &[u8], piece: &[u8]) -> bool {
    text.windows(piece.len()).any(|part| part == piece)
}
