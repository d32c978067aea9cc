//! The net before every stream and file: what it knows to be secret does not pass, plain or encoded, whole or in part.
//!
//! In: secrets, made known as soon as they are read. Out: texts in which `<secret>` stands where one stood, and how many
//! there were. It is the second line: the first is that no code hands a secret to a writer.
//!
//! A secret is known in these forms: plain, as JSON writes it (RFC 8259, section 7), percent-encoded with capital and
//! small hexadecimal digits (RFC 3986, section 2.1), form-encoded, in hexadecimal of both cases, and base64 of both alphabets (RFC 4648, sections 4
//! and 5) in the three ways in which it can lie among other bytes, so that a token inside a SASL string is found. A short
//! one is known in UTF-16 too, as PowerShell encodes a command. What is written as [escapes](escaped) is read as well. Of
//! each form every [`STRIDE`]th window of [`WINDOW`] bytes is kept, so that any part of 16 bytes or more holds a whole
//! window; that finds a token also where a line was cut or wrapped. What only a secret looks like is caught [unknown].

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt::{self, Write as _},
    hash::{BuildHasherDefault, Hasher},
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use memchr::memmem;

use super::{
    Secret, escaped,
    placed::name::{Kind, kind},
    ranges::{merged, replaced},
    unknown,
};

/// What stands where a secret stood.
pub(super) const MARK: &str = "<secret>";
/// Bytes of a form that are recognised together.
const WINDOW: usize = 12;
/// So far apart are the windows that are kept: a part of `WINDOW + STRIDE - 1` bytes holds one of them whole.
const STRIDE: usize = 5;
/// A shorter text is no secret: replacing it would spoil every report and protect nothing.
const SHORTEST: usize = 4;

/// A longer secret is a token, which nobody writes in UTF-16; its windows would take twice the room.
const LONGEST_IN_UTF_16: usize = 256;

/// All secrets of this run, so that none leaves by mistake. Clones share what they know.
#[derive(Clone, Default)]
pub struct Redactor {
    known: Arc<Mutex<Known>>,
    lent: Arc<Mutex<HashMap<String, Secret>>>,
}

/// What is kept of the secrets: pieces by which they are recognised.
#[derive(Default)]
struct Known {
    windows: Windows,
    /// Says of most places in a text that no window is there.
    sieve: Sieve,
    /// Forms that are shorter than a window.
    short: HashSet<Vec<u8>>,
}

/// The windows that are kept.
type Windows = HashSet<[u8; WINDOW], BuildHasherDefault<WindowHasher>>;

/// Hashes a window with two multiplications. Who could choose what collides already knows the secrets.
#[derive(Default)]
struct WindowHasher(u64);

impl Hasher for WindowHasher {
    fn write(&mut self, bytes: &[u8]) {
        match (bytes.first_chunk(), bytes.last_chunk()) {
            (Some(first), Some(last)) => {
                self.write_u64(u64::from_le_bytes(*first));
                self.write_u64(u64::from_le_bytes(*last));
            }
            _ => bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte))),
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mixed(self.0.rotate_left(32) ^ number);
    }

    /// The length, which is the same for all.
    fn write_usize(&mut self, _: usize) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Redactor {
    /// Makes a secret known. Of the address at which a browser ended after a sign-in only the values of its fields are
    /// secret that are named as such: the rest of it is in every command that makes a new one.
    pub fn add(&self, secret: &Secret) {
        if let Some(values) = secrets_of_address(secret.expose()) {
            for value in &values {
                self.add(value);
            }
            return;
        }
        if secret.len() < SHORTEST {
            return;
        }
        let mut known = self.known();
        for form in forms(secret.expose()) {
            known.add(&form);
        }
    }

    /// Gives a value that stands in for an environment variable: the lab's tenant has secrets of its own.
    pub fn lend(&self, variable: &str, value: impl Into<String>) {
        let value = Secret::new(value);
        self.add(&value);
        self.lent.lock().unwrap_or_else(PoisonError::into_inner).insert(variable.to_owned(), value);
    }

    /// The value that stands in for an environment variable.
    #[must_use]
    pub fn lent(&self, variable: &str) -> Option<Secret> {
        self.lent.lock().unwrap_or_else(PoisonError::into_inner).get(variable).cloned()
    }

    /// The text with `MARK` in place of every secret, and how many places there were.
    #[must_use]
    pub fn clean(&self, text: &str) -> (String, usize) {
        let (clean, hits) = self.cleaned(text);
        (clean.into_owned(), hits)
    }

    /// The same without a copy where there is nothing to take out.
    #[must_use]
    pub fn cleaned<'t>(&self, text: &'t str) -> (Cow<'t, str>, usize) {
        let mut caught = unknown::secrets(text);
        caught.extend(self.known().caught(text));
        if caught.is_empty() {
            return (Cow::Borrowed(text), 0);
        }
        let caught = merged(caught);
        (Cow::Owned(replaced(text, 0..text.len(), &caught, MARK)), caught.len())
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<net>")
    }
}

impl Known {
    fn add(&mut self, form: &str) {
        let bytes = form.as_bytes();
        if bytes.len() < WINDOW {
            if bytes.len() >= SHORTEST {
                self.short.insert(bytes.to_vec());
            }
            return;
        }
        let every = bytes.windows(WINDOW).step_by(STRIDE);
        let last = &bytes[bytes.len() - WINDOW..];
        for window in every.chain([last]).filter_map(|window| <[u8; WINDOW]>::try_from(window).ok()) {
            if self.windows.insert(window) {
                self.sieve.put(&window);
            }
        }
        if self.sieve.is_full(self.windows.len()) {
            self.sieve = Sieve::of(&self.windows);
        }
    }

    fn caught(&self, text: &str) -> Vec<Range<usize>> {
        let mut caught = self.caught_as_written(text.as_bytes());
        if !self.windows.is_empty() || !self.short.is_empty() {
            escaped::each_reading(text.as_bytes(), |part| {
                caught.extend(self.caught_as_written(&part.bytes).iter().map(|found| part.place(found)));
            });
        }
        caught
    }

    fn caught_as_written(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut caught: Vec<Range<usize>> = Vec::new();
        for form in &self.short {
            caught.extend(memmem::find_iter(text, form).map(|at| at..at + form.len()));
        }
        for at in self.sieve.left(text) {
            for start in at.saturating_sub(STEP - 1)..=at {
                let window = text.get(start..start + WINDOW);
                if window.is_some_and(|window| self.windows.contains(window)) {
                    caught.push(widened(text, start..start + WINDOW));
                }
            }
        }
        caught
    }
}

/// Bytes that the sieve looks at together.
const GRAM: usize = 8;
/// Only every so many bytes of a text are looked at: each window lets its first `STEP` grams through.
const STEP: usize = WINDOW - GRAM;
/// Of so many places without a secret the sieve lets one through.
const ROOM: usize = 64;
/// The smallest sieve, 8 KiB, and the largest, 8 MiB.
const LEAST_WORDS: usize = 1 << 10;
const MOST_WORDS: usize = 1 << 20;

/// A set of grams as bits, by their hash. It lets every window through and little else: two multiplications for four
/// bytes of text, in place of a table lookup for each.
#[derive(Default)]
struct Sieve {
    bits: Vec<u64>,
}

impl Sieve {
    /// Room for twice as many windows as there are.
    fn of(windows: &Windows) -> Self {
        let words = (windows.len() * 2 * STEP * ROOM / 64).next_power_of_two().clamp(LEAST_WORDS, MOST_WORDS);
        let mut sieve = Self { bits: vec![0; words] };
        for window in windows {
            sieve.put(window);
        }
        sieve
    }

    fn is_full(&self, windows: usize) -> bool {
        self.bits.len() < (windows * STEP * ROOM / 64).clamp(LEAST_WORDS, MOST_WORDS)
    }

    fn put(&mut self, window: &[u8; WINDOW]) {
        if self.bits.is_empty() {
            return; // made anew at once
        }
        for gram in window.windows(GRAM).take(STEP) {
            let (word, bit) = place(gram, self.bits.len());
            self.bits[word] |= bit;
        }
    }

    /// The places in a text where a window may begin, or did up to three bytes before.
    fn left<'t>(&'t self, text: &'t [u8]) -> impl Iterator<Item = usize> + 't {
        let grams = if self.bits.is_empty() { [].windows(GRAM) } else { text.windows(GRAM) };
        let lets_through = |(_, gram): &(usize, &[u8])| {
            let (word, bit) = place(gram, self.bits.len());
            self.bits[word] & bit != 0
        };
        grams.step_by(STEP).enumerate().filter(lets_through).map(|(place, _)| place * STEP)
    }
}

/// Word and bit of a gram among so many words, a power of two: the high bits of a product (Knuth, volume 3, section 6.4).
fn place(gram: &[u8], words: usize) -> (usize, u64) {
    let number = gram.try_into().map_or(0, u64::from_le_bytes);
    let hash = mixed(number);
    let word = usize::try_from(hash >> 38).unwrap_or(usize::MAX) & (words - 1);
    (word, 1 << (hash & 63))
}

fn mixed(number: u64) -> u64 {
    let hash = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

/// Windows lie a stride apart, and base64 shares its first and last character with its neighbours: so many more
/// characters on each side may still be of the secret.
fn widened(text: &[u8], found: Range<usize>) -> Range<usize> {
    let of_secret = |byte: &&u8| byte.is_ascii_alphanumeric() || b"-_+/%~".contains(byte);
    let before = text[..found.start].iter().rev().take(STRIDE).take_while(of_secret).count();
    let behind = text[found.end..].iter().take(STRIDE).take_while(of_secret).count();
    found.start - before..found.end + behind
}

/// The secrets in the address at which a browser ended, as they are written and decoded; none where the text is no such
/// address.
fn secrets_of_address(text: &str) -> Option<Vec<Secret>> {
    const SAID: [&str; 3] = ["access_token", "error", "state"];
    let text = text.trim();
    let fields = text.split_once(['#', '?']).filter(|_| text.starts_with("http://") || text.starts_with("https://"))?.1;
    let fields: Vec<(&str, &str)> = fields.split(['&', '#', '?']).filter_map(|field| field.split_once('=')).collect();
    let is_answer = fields.iter().any(|(name, _)| SAID.contains(name)) && !text.contains(char::is_whitespace);
    let is_secret = |name: &str| name == "code" || kind(name) == Some(Kind::Secret);
    let values = fields.into_iter().filter(|(name, _)| is_secret(name)).map(|(_, value)| value);
    let both = |value: &str| {
        let decoded = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
        [Secret::new(value), Secret::new(decoded)]
    };
    is_answer.then(|| values.flat_map(both).collect())
}

/// Every way in which a secret may be written.
fn forms(secret: &str) -> HashSet<String> {
    let quoted = serde_json::to_string(secret).unwrap_or_default();
    let json = quoted.trim_start_matches('"').strip_suffix('"').unwrap_or_default().to_owned();
    let mut forms = HashSet::from([
        secret.to_owned(),
        json.replace('/', "\\/"),
        json,
        percent(secret, "0123456789ABCDEF"),
        percent(secret, "0123456789abcdef"),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
    ]);
    let in_utf_16 = secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(); // big-endian, it lies a byte ahead
    for bytes in [secret.as_bytes(), &in_utf_16].into_iter().take(if secret.len() <= LONGEST_IN_UTF_16 { 2 } else { 1 })
    {
        for digits in ["0123456789abcdef", "0123456789ABCDEF"] {
            forms.insert(bytes.iter().flat_map(|byte| [digit(digits, byte >> 4), digit(digits, byte & 15)]).collect());
        }
        for shift in 0..3 {
            let standard = shifted(bytes, shift);
            forms.insert(standard.replace('+', "-").replace('/', "_"));
            forms.insert(standard);
        }
    }
    let parts: Vec<&str> = secret.split('.').collect();
    if parts.len() == 3 && secret.starts_with("eyJ") {
        forms.extend(parts.into_iter().map(str::to_owned));
    }
    forms
}

fn percent(secret: &str, digits: &str) -> String {
    let mut text = String::new();
    for byte in secret.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{}{}", digit(digits, byte >> 4), digit(digits, byte & 15));
        }
    }
    text
}

fn digit(digits: &str, value: u8) -> char {
    char::from(digits.as_bytes()[usize::from(value)])
}

/// The base64 characters that are the secret's alone when `shift` other bytes stand before it.
fn shifted(secret: &[u8], shift: usize) -> String {
    let bytes = [&[0; 2][..shift], secret].concat();
    let (first, behind) = ((shift * 8).div_ceil(6), bytes.len() * 8 / 6);
    STANDARD_NO_PAD.encode(&bytes)[first..behind].to_owned()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    const TOKEN: &str = "EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA0123456789abcdefghijklmnop";
    const ODD: &str = "p\"ss w/rd~ü+8Q~&=%\\x7";

    fn knowing(secret: &str) -> Redactor {
        let net = Redactor::default();
        net.add(&Secret::new(secret));
        net
    }

    #[test]
    fn each_encoding_is_caught() {
        for secret in [TOKEN, ODD, "h8Q~x.7"] {
            let net = knowing(secret);
            let json = serde_json::to_string(secret).unwrap();
            let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
            for text in [
                secret.to_owned(),
                json[1..json.len() - 1].to_owned(),
                form.clone(),
                percent(secret, "0123456789abcdef"),
                percent(secret, "0123456789ABCDEF"),
                secret.bytes().fold(String::new(), |text, byte| text + &format!("{byte:02x}")),
                secret.bytes().fold(String::new(), |text, byte| text + &format!("{byte:02X}")),
                secret.bytes().fold(String::new(), |text, byte| text + &format!("%{byte:02x}")),
                secret.bytes().fold(String::new(), |text, byte| text + &format!("%25{byte:02X}")),
                secret.chars().fold(String::new(), |text, c| text + &format!("&#{};", u32::from(c))),
                secret.chars().fold(String::new(), |text, c| text + &format!("&amp;#x{:x};", u32::from(c))),
                secret.chars().fold(String::new(), |text, c| text + &format!("\\u{:04X}", u32::from(c))),
                secret.chars().map(String::from).collect::<Vec<_>>().join("%00"),
                secret.bytes().fold(String::new(), |text, byte| text + &format!("\\\\x{byte:02x}")),
                secret.encode_utf16().fold(String::new(), |text, unit| text + &format!("{unit:04x}")),
            ] {
                let (clean, hits) = net.clean(&format!("said: '{text}' end"));
                assert_eq!((clean.as_str(), hits), ("said: '<secret>' end", 1), "{text}");
            }
        }
    }

    #[test]
    fn token_inside_a_sasl_string_is_caught_in_every_alignment() {
        let net = knowing(TOKEN);
        for user in ["a@b.example", "ab@b.example", "abc@b.example"] {
            let plain = format!("user={user}\x01auth=Bearer {TOKEN}\x01\x01");
            for encoded in [STANDARD.encode(&plain), URL_SAFE.encode(&plain)] {
                let (clean, hits) = net.clean(&encoded);
                assert_eq!(hits, 1, "{clean}");
                assert!(clean.len() < encoded.len() - TOKEN.len(), "{clean}");
            }
        }
    }

    #[test]
    fn command_that_powershell_encodes_holds_no_secret() {
        let net = knowing("Zx9~Q8h8Q~x.7-marked-secret");
        for before in ["$s='", "$s ='", "$s = '", "$s = \u{fc}'"] {
            let text = format!("{before}Zx9~Q8h8Q~x.7-marked-secret'");
            for bytes in [
                text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
                text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            ] {
                let (clean, hits) = net.clean(&STANDARD.encode(&bytes));
                assert_eq!(hits, 1, "{clean}");
                assert!(clean.len() < 45, "{clean}");
            }
        }
    }

    #[test]
    fn part_of_sixteen_characters_is_caught_wherever_it_is_cut() {
        let net = knowing(TOKEN);
        for at in 0..=TOKEN.len() - 16 {
            let (clean, hits) = net.clean(&format!("[{}]", &TOKEN[at..at + 16]));
            assert_eq!((clean.as_str(), hits), ("[<secret>]", 1), "{at}");
        }
    }

    #[test]
    fn parts_of_a_jwt_are_caught() {
        let (header, claims, signature) =
            ("eyJhbGciOiJSUzI1NiJ9", "eyJhdWQiOiJodHRwczovL3gifQ", "c2lnbmF0dXJlLW1hcmtlZA");
        let net = knowing(&format!("{header}.{claims}.{signature}"));
        for part in [header, claims, signature] {
            assert_eq!(net.clean(&format!("<{part}>")).0, "<<secret>>", "{part}");
        }
    }

    #[test]
    fn of_the_address_behind_a_sign_in_only_the_token_is_hidden() {
        let back = "http://localhost:3000/auth/code";
        let command =
            "https://login.example/authorize?redirect_uri=http%3A%2F%2Flocalhost%3A3000%2Fauth%2Fcode&state=ece-check";
        let token = "ZDI3MGEyYzQtNmFlNS00NDNhLWFlNzAtZGVjNj%2BE0MGU1OGZm";
        let net = knowing(&format!("{back}#access_token={token}&token_type=Bearer&expires_in=3887999&state=ece-check"));
        assert_eq!(net.clean(command).1, 0);
        for written in [token.to_owned(), token.replace("%2B", "+")] {
            assert_eq!(net.clean(&format!("say {written} again")).0, "say <secret> again");
        }
        let refused = knowing(&format!("{back}?error=access_denied&error_description=x&state=ece-check"));
        assert_eq!(refused.clean("error: access_denied").1, 0);
        assert_eq!(knowing("https://hooks.example/T0/B0/x7Yz#part-two").clean("say hooks.example/T0/B0/x7Yz").1, 1);
    }

    #[test]
    fn neighbours_stay() {
        let net = knowing(TOKEN);
        let text = format!("before {TOKEN}, between \"{TOKEN}\"; behind");
        assert_eq!(net.clean(&text), ("before <secret>, between \"<secret>\"; behind".to_owned(), 2));
        assert_eq!(net.clean("nothing to hide: 52.96.0.10").1, 0);
    }

    #[test]
    fn clones_share_what_they_know_and_short_texts_are_none() {
        let net = Redactor::default();
        net.clone().add(&Secret::new("marked-secret-of-a-clone"));
        net.add(&Secret::new("abc"));
        assert_eq!(net.clean("abc marked-secret-of-a-clone").0, "abc <secret>");
    }

    /// What is caught when every place of a text is compared with every piece.
    fn caught_without_the_sieve(known: &Known, text: &str) -> Vec<Range<usize>> {
        let mut caught = Vec::new();
        for form in &known.short {
            let mut from = 0;
            while let Some(at) = text.as_bytes()[from..].windows(form.len()).position(|part| part == form) {
                caught.push(from + at..from + at + form.len());
                from += at + form.len();
            }
        }
        for (at, window) in text.as_bytes().windows(WINDOW).enumerate() {
            if known.windows.iter().any(|kept| kept == window) {
                caught.push(widened(text.as_bytes(), at..at + WINDOW));
            }
        }
        caught
    }

    proptest! {
        #[test]
        fn sieve_loses_nothing(
            secrets in proptest::collection::vec("[ab]{4,40}|[a-zA-Z0-9~ü]{4,60}", 1..4),
            parts in proptest::collection::vec((any::<String>(), 0_usize..4, 0_usize..50, 0_usize..60), 1..6),
        ) {
            let net = Redactor::default();
            for secret in &secrets {
                net.add(&Secret::new(secret.clone()));
            }
            let mut text = String::new();
            for (between, which, from, length) in parts {
                text.push_str(&between);
                let form: Vec<char> = forms(&secrets[which % secrets.len()]).into_iter().nth(which).unwrap_or_default().chars().collect();
                text.extend(form.iter().skip(from).take(length));
            }
            let known = net.known();
            prop_assert_eq!(merged(known.caught_as_written(text.as_bytes())), merged(caught_without_the_sieve(&known, &text)));
        }

        #[test]
        fn whatever_surrounds_it_no_part_is_left(
            secret in "[a-zA-Z0-9 ü\"\\\\/+=%._~-]{4,60}",
            before in any::<String>(),
            behind in any::<String>(),
        ) {
            let net = knowing(&secret);
            let (clean, hits) = net.clean(&format!("{before}{secret}{behind}"));
            prop_assert!(hits > 0);
            prop_assert!(MARK.contains(&secret) || !clean.contains(&secret));
        }
    }
}
