//! What a value is, where it ends, and which words are none.
//!
//! In: a text and where a value may begin. Out: where it is. Whatever is searched for is searched in a window of [`NEAR`]
//! bytes, or in what is then passed over, so that the cost grows with the text and not with its square.

use std::ops::Range;

/// So many bytes before and behind a name are looked at.
pub(super) const NEAR: usize = 300;
/// More words than this are no password.
const MOST_WORDS: usize = 8;
/// Signs that are in passwords and seldom in names and words.
const SIGNS: &str = "!#$%^&*=?~|@+";
/// What a name is given that has no value, in small letters.
const NOTHING: &[&str] = &[
    "denied",
    "empty",
    "expired",
    "failed",
    "false",
    "hidden",
    "incorrect",
    "invalid",
    "masked",
    "missing",
    "n/a",
    "nil",
    "no",
    "none",
    "null",
    "ok",
    "redacted",
    "rejected",
    "required",
    "true",
    "undefined",
    "unknown",
    "wrong",
    "yes",
];
/// How a value begins that says where a secret is kept, that is a table or a list, or masked already, in small letters.
const NO_VALUES: &[&str] = &[
    "env:",
    "$env:",
    "${",
    "{{",
    "{ ",
    "{\"",
    "{\\",
    "{'",
    "{\n",
    "{\r",
    "{}",
    "{env",
    "[{",
    "[ {",
    "[\n",
    "[\r",
    "[]",
    "[masked]",
    "[redacted]",
    "<secret>",
    "<redacted>",
    "<masked>",
    "***",
    "@microsoft.keyvault",
];
/// Words that follow the name of a secret in a sentence, in small letters.
const SENTENCE: &[&str] = &[
    "a",
    "access",
    "accepted",
    "account",
    "accounts",
    "administrator",
    "already",
    "an",
    "and",
    "app",
    "application",
    "are",
    "as",
    "at",
    "attempt",
    "attempts",
    "authenticate",
    "authenticated",
    "authentication",
    "available",
    "bad",
    "be",
    "before",
    "blank",
    "but",
    "by",
    "can",
    "cannot",
    "change",
    "changed",
    "check",
    "client",
    "code",
    "connection",
    "contact",
    "contains",
    "correct",
    "could",
    "credential",
    "credentials",
    "denied",
    "did",
    "disabled",
    "does",
    "empty",
    "enabled",
    "entered",
    "error",
    "exceeded",
    "exception",
    "expire",
    "expired",
    "expires",
    "failed",
    "failure",
    "false",
    "field",
    "for",
    "found",
    "from",
    "given",
    "grant",
    "has",
    "have",
    "hidden",
    "if",
    "imap",
    "imap4",
    "in",
    "incorrect",
    "invalid",
    "is",
    "it",
    "key",
    "keys",
    "length",
    "locked",
    "login",
    "logon",
    "m365",
    "mailbox",
    "many",
    "masked",
    "may",
    "method",
    "microsoft",
    "microsoft365",
    "mismatch",
    "missing",
    "must",
    "needs",
    "no",
    "none",
    "not",
    "null",
    "o365",
    "oauth",
    "oauth2",
    "of",
    "office365",
    "ok",
    "on",
    "only",
    "or",
    "please",
    "policy",
    "pop3",
    "prompt",
    "protection",
    "provided",
    "refused",
    "rejected",
    "request",
    "required",
    "reset",
    "retry",
    "sasl",
    "server",
    "service",
    "set",
    "should",
    "smtp",
    "specified",
    "supported",
    "temporarily",
    "that",
    "the",
    "then",
    "there",
    "this",
    "to",
    "token",
    "too",
    "true",
    "try",
    "type",
    "unable",
    "unauthorized",
    "unavailable",
    "unknown",
    "unsuccessful",
    "use",
    "used",
    "user",
    "username",
    "valid",
    "validation",
    "value",
    "verification",
    "verify",
    "was",
    "were",
    "when",
    "will",
    "with",
    "within",
    "without",
    "wrong",
    "xoauth2",
    "yes",
    "you",
    "your",
];

/// The places that `find` makes of needles, which come in order. A needle in what was found before is passed over: with it
/// each byte of a text is read a bounded number of times.
pub(super) fn walk(
    needles: impl Iterator<Item = Range<usize>>,
    mut find: impl FnMut(Range<usize>) -> Option<Range<usize>>,
) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut passed = 0;
    for needle in needles {
        if needle.start >= passed
            && let Some(place) = find(needle)
        {
            passed = place.end;
            found.push(place);
        }
    }
    found
}

/// Where a needle is.
pub(super) fn places<'t>(text: &'t str, needle: &'t str) -> impl Iterator<Item = Range<usize>> + 't {
    memchr::memmem::find_iter(text.as_bytes(), needle).map(|at| at..at + needle.len())
}

/// What stands before a place, as far as it is looked at.
pub(super) fn before(text: &str, at: usize) -> &str {
    &text[text.ceil_char_boundary(at.saturating_sub(NEAR))..at]
}

/// What stands behind a place, as far as it is looked at.
pub(super) fn behind(text: &str, from: usize) -> &str {
    &text[from..text.floor_char_boundary(from + NEAR)]
}

/// The part of the line before a place, as far as it is looked at.
pub(super) fn line_before(text: &str, at: usize) -> &str {
    let before = before(text, at);
    &before[before.rfind('\n').map_or(0, |line| line + 1)..]
}

/// The rest of the line behind a place, as far as it is looked at.
pub(super) fn line_behind(text: &str, from: usize) -> &str {
    let behind = behind(text, from);
    &behind[..behind.find(['\n', '\r']).unwrap_or(behind.len())]
}

/// Behind these signs.
pub(super) fn skip(text: &str, from: usize, signs: &[char]) -> usize {
    text.len() - text[from..].trim_start_matches(signs).len()
}

/// Behind spaces, and behind the end of a line that goes on: `\` of shells, a backtick of PowerShell, `^` of `cmd`.
pub(super) fn skip_space(text: &str, from: usize) -> usize {
    let at = skip(text, from, &[' ', '\t']);
    let rest = &text[at..];
    let next = rest.strip_prefix(['\\', '`', '^']).map(|rest| rest.trim_start_matches('\r'));
    match next.and_then(|next| next.strip_prefix('\n')) {
        Some(next) => text.len() - next.trim_start().len(),
        None => at,
    }
}

/// The begin of a value, as far as it is looked at to tell what it is.
pub(super) fn first_of_value(text: &str, from: usize) -> &str {
    let behind = behind(text, from);
    &behind[value(behind, 0)]
}

/// The value that begins at a place: what is in quotes, else one word.
pub(super) fn value(text: &str, from: usize) -> Range<usize> {
    let begin = skip(text, from, &[' ', '\t', '(']);
    for quote in ["\\\"", "\"", "'"] {
        if text[begin..].starts_with(quote) {
            let inside = begin + quote.len();
            return inside..inside + quoted(&text[inside..], quote);
        }
    }
    if let Some(end) = line_behind(text, begin).strip_prefix('“').and_then(|line| line.find('”')) {
        let inside = begin + '“'.len_utf8();
        return inside..inside + end;
    }
    begin..begin + hexadecimal(&text[begin..]).unwrap_or_else(|| word(&text[begin..]))
}

/// The length of bytes in hexadecimal with a space between them, as tools dump them; none for anything else.
fn hexadecimal(text: &str) -> Option<usize> {
    const FEWEST: usize = 4;
    let bytes = text.as_bytes().chunks(3);
    let is_byte = |chunk: &&[u8]| {
        chunk.len() >= 2
            && chunk[..2].iter().all(u8::is_ascii_hexdigit)
            && chunk.get(2).is_none_or(u8::is_ascii_whitespace)
    };
    let count = bytes.take_while(is_byte).count();
    (count >= FEWEST).then(|| (count * 3 - 1).min(text.len()))
}

/// The length of what is in quotes; where they are not closed, of the line.
pub(super) fn quoted(text: &str, close: &str) -> usize {
    let first = close.as_bytes().first().copied().unwrap_or(b'"');
    for at in memchr::memchr2_iter(first, b'\n', text.as_bytes()) {
        if text.as_bytes()[at] == b'\n' {
            return at;
        }
        if !text[at..].starts_with(close) {
            continue;
        }
        // a quote behind a backslash is a part of the value
        let slashes = text.as_bytes()[..at].iter().rev().take_while(|byte| **byte == b'\\').count();
        if slashes % 2 == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a word without quotes: up to a space, a tag, or what begins the next field.
pub(super) fn word(text: &str) -> usize {
    let stops = |(at, c): (usize, char)| {
        let rest = &text[at + c.len_utf8()..];
        match c {
            c if c.is_whitespace() => true,
            '&' | ',' | ';' => rest.is_empty() || rest.starts_with(char::is_whitespace) || is_field(rest),
            '"' | '\'' => !rest.starts_with(char::is_alphanumeric),
            '<' => rest.starts_with('/'),
            '\\' => rest.starts_with("r\\n") || rest.strip_prefix('n').is_some_and(is_line),
            _ => false,
        }
    };
    text.char_indices().find(|one| stops(*one)).map_or(text.len(), |(at, _)| at)
}

/// What can follow the end of a line that is written as `\n`.
fn is_line(text: &str) -> bool {
    text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit() || c == '"' || c == '\\')
}

/// `name=`, `name:` or `"name":` begins here.
pub(super) fn is_field(text: &str) -> bool {
    let bare = text.strip_prefix(['"', '\'']).unwrap_or(text);
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
    let name = bare.bytes().take(64).take_while(of_name).count();
    let rest = &bare[name..];
    name > 0 && rest.strip_prefix(['"', '\'']).unwrap_or(rest).starts_with(['=', ':'])
}

/// The value says that there is none, or where it is kept.
pub(super) fn is_nothing(value: &str) -> bool {
    let small = value[..value.floor_char_boundary(24)].to_ascii_lowercase();
    let bare = bare(&small);
    NOTHING.contains(&bare)
        || (bare.is_empty() && value.len() < 4)
        || NO_VALUES.iter().any(|begin| small.starts_with(begin))
}

/// A word of a sentence, a code of a reply, or nothing.
pub(super) fn is_of_sentence(word: &str) -> bool {
    if word.len() > 80 {
        return false;
    }
    let small = word.to_lowercase();
    let bare = bare(&small);
    SENTENCE.contains(&bare) || is_nothing(word) || is_code(bare) || is_class(bare)
}

fn bare(word: &str) -> &str {
    word.trim_matches(|c: char| !c.is_alphanumeric())
}

/// Several words that are neither fields, options, a URL nor a sentence.
pub(super) fn is_of_words(words: &str) -> bool {
    let is_other = |word: &str| is_field(word) || word.starts_with('-') || word.contains("://");
    (2..=MOST_WORDS).contains(&words.split(' ').count())
        && !words.split(' ').any(is_other)
        && !is_nothing(words.split(' ').next().unwrap_or_default())
        && !is_sentence(words)
}

/// At least half of some words are of a sentence, or one is a code.
fn is_sentence(words: &str) -> bool {
    let (mut all, mut of_sentence) = (0, 0);
    for word in words.split_whitespace() {
        if is_code(bare(&word.to_lowercase())) {
            return true;
        }
        all += 1;
        of_sentence += usize::from(is_of_sentence(word));
    }
    of_sentence * 2 >= all
}

/// `535`, `5.7.139`, `AADSTS50126`, `0x80070005`, a GUID; in small letters.
pub(super) fn is_code(word: &str) -> bool {
    let is_digits = |part: &str| !part.is_empty() && part.len() <= 3 && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = word.splitn(4, '.').collect();
    let is_reply = match parts[..] {
        [reply] => reply.len() == 3 && reply.starts_with(['4', '5']) && is_digits(reply),
        [class, subject, detail] => ["2", "4", "5"].contains(&class) && is_digits(subject) && is_digits(detail),
        _ => false,
    };
    let is_hexadecimal = word.strip_prefix("0x").is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let is_aadsts = word.strip_prefix("aadsts").is_some_and(|code| code.bytes().all(|byte| byte.is_ascii_digit()));
    is_reply || is_hexadecimal || is_aadsts || uuid::Uuid::try_parse(word).is_ok()
}

/// The name of a class that failed: `javax.mail.AuthenticationFailedException`; in small letters.
fn is_class(word: &str) -> bool {
    ["java.", "javax.", "com.", "org.", "sun.", "jakarta.", "system.", "microsoft."]
        .iter()
        .any(|begin| word.starts_with(begin))
}

/// Whether letters, digits, and some of these signs are in a word.
pub(in crate::secret) fn classes(word: &str, signs: &str) -> [bool; 3] {
    [
        word.contains(char::is_alphabetic),
        word.contains(|c: char| c.is_ascii_digit()),
        word.contains(|c| signs.contains(c)),
    ]
}

/// Behind one of these words and a name.
pub(super) fn is_behind_user(before: &str, words: &[&str]) -> bool {
    let mut last = before.split_whitespace().rev();
    let is_name = last.next().is_some_and(|name| !is_of_sentence(name));
    is_name && last.next().is_some_and(|word| words.contains(&word.to_ascii_lowercase().as_str()))
}

/// Letters with digits or signs, or a long number; neither a code, a time, a host, an address nor a URL.
pub(super) fn is_like_a_password(word: &str) -> bool {
    let bare = word.trim_end_matches(['.', ',', ';', ':', ')']);
    let [letters, digits, signs] = classes(bare, SIGNS);
    let is_number = bare.bytes().all(|byte| byte.is_ascii_digit());
    bare.len() >= 5 && (letters && (digits || signs) || is_number) && !is_told(bare)
}

/// Letters and digits as codes and opaque tokens have them; what has a meaning of its own is none.
pub(super) fn is_like_a_token(word: &str) -> bool {
    let bare = word.trim_end_matches(['.', ',', ';', ':', ')']);
    let digits = bare.bytes().filter(u8::is_ascii_digit).count();
    let is_one = digits > 1 && bare.len() >= 6 || digits > 0 && bare.len() >= 20 || bare.contains('~');
    is_one && classes(bare, SIGNS)[0] && !is_told(bare)
}

/// A word that has a meaning of its own: a field, a code, a time, a host, an address, a URL.
fn is_told(word: &str) -> bool {
    if word.len() > 200 {
        return false;
    }
    let is_mail = word.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    is_mail || word.contains("://") || is_field(word) || is_time(word) || is_host(word) || is_of_sentence(word)
}

/// `2026-11-23T04:01:20Z`, `04:01:20.123`.
pub(super) fn is_time(word: &str) -> bool {
    let bare = word.trim_matches(['[', ']', '(', ')', ',']);
    let is_inside = |byte: u8| byte.is_ascii_digit() || b"-:.,TZ+/".contains(&byte);
    bare.bytes().all(is_inside) && bare.contains([':', '-', '/']) && bare.starts_with(|c: char| c.is_ascii_digit())
}

/// A name with dots, in letters of one size, that ends like one, with a port or without.
fn is_host(word: &str) -> bool {
    let host = word.split_once(':').map_or(word, |(host, _)| host).trim_matches(['[', ']']);
    let is_one_size =
        !host.contains(|c: char| c.is_ascii_lowercase()) || !host.contains(|c: char| c.is_ascii_uppercase());
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    let is_top = |top: &str| (2..=6).contains(&top.len()) && top.bytes().all(|byte| byte.is_ascii_alphabetic());
    is_one_size && host.bytes().all(of_host) && host.rsplit_once('.').is_some_and(|(_, top)| is_top(top))
}
