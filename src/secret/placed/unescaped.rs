//! A line as it was before it was written into a URL, a page or a text of JSON.
//!
//! In: a line with escapes: `%3D`, `&quot;`, `&#61;`, `\u0022`. Out: the line without them, and where in the first line a place of
//! it was. Only characters of ASCII are unescaped: names and signs are such.

use std::ops::Range;

/// Escapes of HTML.
const ENTITIES: [(&str, char); 5] = [("&quot;", '"'), ("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&apos;", '\'')];

/// A line without escapes.
pub(super) struct Unescaped {
    /// The line.
    pub text: String,
    /// For each byte of it, and for its end, where that was before.
    origins: Vec<usize>,
}

impl Unescaped {
    /// The line without escapes; none where it has none.
    pub(super) fn of(line: &str) -> Option<Self> {
        if !line.contains(['%', '&', '\\']) {
            return None;
        }
        let (mut text, mut origins) = (String::with_capacity(line.len()), Vec::with_capacity(line.len() + 1));
        let (mut at, mut is_form) = (0, false);
        while let Some(next) = line[at..].chars().next() {
            let (character, length) = escape(&line[at..]).unwrap_or((next, next.len_utf8()));
            // in a word with such escapes a plus sign is a space (application/x-www-form-urlencoded)
            is_form = (is_form || (next == '%' && length > 1)) && !next.is_whitespace();
            text.push(if is_form && next == '+' { ' ' } else { character });
            origins.resize(text.len(), at);
            at += length;
        }
        origins.push(at);
        (text.len() < line.len()).then_some(Self { text, origins })
    }

    /// Where a place of the line was before.
    pub(super) fn origin(&self, place: &Range<usize>) -> Range<usize> {
        let of = |at: usize| self.origins.get(at).or(self.origins.last()).copied().unwrap_or_default();
        of(place.start)..of(place.end)
    }
}

/// The character that an escape at the begin of a text is for, and how long the escape is.
fn escape(text: &str) -> Option<(char, usize)> {
    let hexadecimal = |from: usize, to: usize| {
        let code = u8::from_str_radix(text.get(from..to)?, 16).ok().filter(|code| (b' '..=b'~').contains(code))?;
        Some((char::from(code), to))
    };
    match text.as_bytes().first()? {
        b'%' => hexadecimal(1, 3),
        b'\\' if text.starts_with("\\u00") => hexadecimal(4, 6),
        b'\\' if text.starts_with("\\x") => hexadecimal(2, 4),
        b'\\' if text.starts_with("\\\"") => Some(('"', 2)),
        b'\\' if text.starts_with("\\/") => Some(('/', 2)),
        b'&' => ENTITIES
            .iter()
            .find(|(entity, _)| text.starts_with(entity))
            .map(|(entity, c)| (*c, entity.len()))
            .or_else(|| numeric(text)),
        _ => None,
    }
}

/// `&#34;`, `&#x22;`.
fn numeric(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(8).position(|byte| byte == b';')?;
    let code = text[..end].strip_prefix("&#")?;
    let code =
        code.strip_prefix(['x', 'X']).map_or_else(|| code.parse().ok(), |code| u8::from_str_radix(code, 16).ok())?;
    (b' '..=b'~').contains(&code).then_some((char::from(code), end + 1))
}
