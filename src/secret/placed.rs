//! Secrets that are told by what stands around them, whatever their form: behind a name, in an option, in a command.
//!
//! In: a text. Out: where secrets are in it. What is doubtful is one: a word too many that is masked can be asked for
//! again, a password that was seen cannot be taken back. Those in URLs are in [`super::userinfo`].

use std::ops::Range;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};

use super::userinfo;

/// Names that are given nothing but a secret, in small letters, in logs and exports alike.
pub const NAMES: &[&str] = &[
    "client_secret",
    "clientsecret",
    "client_assertion",
    "access_token",
    "accesstoken",
    "refresh_token",
    "refreshtoken",
    "id_token",
    "password",
    "passwd",
    "pwd",
    "secret",
    "api_key",
    "apikey",
];

/// Further names that are given a secret, in small letters: of options, settings and other languages.
const FURTHER: &[&str] = &[
    "passphrase",
    "passwort",
    "kennwort",
    "private_key",
    "privatekey",
    "accountkey",
    "accesskey",
    "access-token",
    "refresh-token",
    "client-assertion",
    "api-key",
    "device_code",
    "storepass",
    "keypass",
    "passin",
    "passout",
    "oauth2-bearer",
    "securestring",
    "secrettext",
];
/// Names that are parts of other words, too: a letter before one of them makes it another word.
const SHORT: &[&str] = &["pass", "pw"];
/// Options of curl that are given `user:password` (curl(1)); `-u` and `-U` may stand behind other letters.
const USER_OPTIONS: &[&str] = &["--user", "--proxy-user"];
/// Words that follow the name of a secret in a sentence.
const SENTENCE: &[&str] = &[
    "a",
    "an",
    "and",
    "are",
    "at",
    "authentication",
    "be",
    "blank",
    "but",
    "cannot",
    "changed",
    "check",
    "code",
    "correct",
    "did",
    "does",
    "empty",
    "error",
    "expired",
    "failed",
    "failure",
    "false",
    "field",
    "for",
    "from",
    "has",
    "hidden",
    "if",
    "in",
    "incorrect",
    "invalid",
    "is",
    "it",
    "locked",
    "login",
    "logon",
    "masked",
    "may",
    "missing",
    "must",
    "no",
    "none",
    "not",
    "null",
    "of",
    "or",
    "please",
    "protection",
    "provided",
    "required",
    "reset",
    "set",
    "should",
    "the",
    "this",
    "to",
    "too",
    "true",
    "unknown",
    "use",
    "user",
    "username",
    "was",
    "were",
    "will",
    "wrong",
    "you",
    "your",
];
/// So far behind its name begins a value in a tag, in bytes.
const LONGEST_TAG: usize = 300;
/// "Password:" in base64, in small letters, which a server asks with after AUTH LOGIN.
const ASKED_PASSWORD: &str = "ugfzc3dvcmq6";
/// The schemes of HTTP whose credentials are one word (RFC 7617, RFC 4559).
const SCHEMES: [&str; 3] = ["basic ", "ntlm ", "negotiate "];
/// How a value begins that is a table, a list, or masked already.
const NO_VALUES: &[&str] = &["{ ", "{\"", "{\n", "[\"", "[masked]", "<secret>"];
/// Signs that are in passwords and seldom in names and words.
const SIGNS: &str = "!#$%^&*=?~|@+";

/// Where secrets are in a text, in order; they do not overlap.
pub fn placed(text: &str) -> Vec<Range<usize>> {
    let small = text.to_ascii_lowercase();
    let mut found = userinfo::of(text);
    found.extend(named(text, &small));
    found.extend(options(text));
    found.extend(commands(text));
    found.extend(encoded(text, &small));
    merged(found)
}

/// In order, with those that overlap made one.
pub(super) fn merged(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.retain(|range| !range.is_empty());
    found.sort_by_key(|range| (range.start, range.end));
    let mut merged: Vec<Range<usize>> = Vec::new();
    for range in found {
        match merged.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// How a name is tied to what follows it.
#[derive(Clone, Copy, PartialEq)]
enum Tie {
    /// A sign that gives it a value: `=`, or what JSON, XML and command lines use.
    Given,
    /// A colon, as also in a sentence.
    Colon,
    /// Nothing but space.
    Space,
}

/// The values behind names.
fn named(text: &str, small: &str) -> Vec<Range<usize>> {
    let names = NAMES.iter().chain(FURTHER).chain(SHORT);
    let places = names.flat_map(|name| small.match_indices(name).map(|(at, name)| (at, at + name.len())));
    let is_word = |at: usize, end: usize| !SHORT.contains(&&small[at..end]) || is_begin(text, at);
    places.filter(|(at, end)| is_word(*at, *end)).filter_map(|(at, end)| behind(text, small, at, end)).collect()
}

/// A word begins here, also inside `smtpPass`.
fn is_begin(text: &str, at: usize) -> bool {
    let before = text[..at].chars().next_back();
    before.is_none_or(|c| !c.is_ascii_alphabetic() || (c.is_ascii_lowercase() && text[at..].starts_with('P')))
}

/// The value behind the name that is at a place.
fn behind(text: &str, small: &str, at: usize, end: usize) -> Option<Range<usize>> {
    if let Some(begin) = in_markup(text, small, at, end) {
        let stop = ["</", "&lt;/"].iter().filter_map(|sign| text[begin..].find(sign)).min();
        let stop = stop.unwrap_or_else(|| text[begin..].find('\n').unwrap_or(text.len() - begin));
        return Some(begin..begin + stop);
    }
    let (tie, begin) = tie(text, small, at, end)?;
    let value = value(text, begin);
    let is_one = match tie {
        Tie::Given => !NO_VALUES.iter().any(|begins| text[begin..].trim_start().starts_with(begins)),
        Tie::Colon => !is_of_sentence(&text[value.clone()]),
        Tie::Space => is_like_a_password(&text[value.clone()]),
    };
    is_one.then_some(value)
}

/// Where the text of an element begins whose tag holds the name: `<password>`, `<entry key="mail.password">`.
fn in_markup(text: &str, small: &str, at: usize, end: usize) -> Option<usize> {
    if small[end..].starts_with("&gt;") {
        return Some(end + 4);
    }
    let opened = text[..at].rfind('<').filter(|open| at - open <= LONGEST_TAG)?;
    let is_open = !text[opened..at].contains('>') && !text[opened..].starts_with("</");
    let behind = &text[end..text.floor_char_boundary(end + LONGEST_TAG)];
    let close = behind.find('>').filter(|close| !behind[..*close].contains('<') && !behind[..*close].ends_with('/'))?;
    let is_name = behind.starts_with(['>', ' ', '"', '\'', '\t', '\n', '\r']);
    (is_open && is_name && !small[end..end + close].contains("value")).then_some(end + close + 1)
}

/// How a name is tied to what follows, and where that begins.
fn tie(text: &str, small: &str, at: usize, end: usize) -> Option<(Tie, usize)> {
    let closed = skip(text, end, &['"', '\'', '\\', '”', ']']);
    let bare = skip(text, closed, &[' ', '\t']);
    let rest = &small[bare..];
    if let Some(sign) = ["=>", "->", "==", ":=", "=", "\u{ff1d}"].iter().find(|sign| rest.starts_with(**sign)) {
        return Some((Tie::Given, bare + sign.len()));
    }
    if rest.starts_with(':') && !rest.starts_with("://") && !rest.starts_with("::") {
        let is_key = closed > end || is_option(text, at) || is_glued(text, at, bare + 1);
        return Some((if is_key { Tie::Given } else { Tie::Colon }, bare + 1));
    }
    // name="password" value="…", {"name":"password","value":"…"}
    let next = skip(text, bare, &[',', ' ', '"', '\'', '\\', '\n', '\r', '\t']);
    if closed > end && small[next..].starts_with("value") {
        let signed = skip(text, next + "value".len(), &['"', '\'', '\\', ' ']);
        return small[signed..].starts_with(['=', ':']).then_some((Tie::Given, signed + 1));
    }
    if bare == closed {
        return None;
    }
    if is_option(text, at) && !rest.starts_with('-') {
        return Some((Tie::Given, bare));
    }
    let bare = bare + ["is ", "was ", "of "].iter().find(|word| rest.starts_with(**word)).map_or(0, |word| word.len());
    Some((if text[bare..].starts_with(['"', '\'']) { Tie::Colon } else { Tie::Space }, bare))
}

/// `pass:secret` of openssl: a name in small letters whose colon has no space behind it.
fn is_glued(text: &str, at: usize, behind: usize) -> bool {
    text[at..].starts_with("pass:") && !text[behind..].starts_with([' ', '\t'])
}

/// Whether the name is in the word of an option: `--auth-password`, `-Password`, `-passin`; a cmdlet is one, too.
fn is_option(text: &str, at: usize) -> bool {
    let begin = text[..at].rfind(|c: char| c.is_whitespace() || "\"'([{=,".contains(c)).map_or(0, |before| before + 1);
    let word = text.get(begin..).unwrap_or_default();
    word.starts_with('-') || word.to_ascii_lowercase().starts_with("convertto-")
}

fn skip(text: &str, from: usize, signs: &[char]) -> usize {
    text.len() - text[from..].trim_start_matches(signs).len()
}

/// The value that begins at a place: what is in quotes, else one word.
fn value(text: &str, from: usize) -> Range<usize> {
    let begin = skip(text, from, &[' ', '\t', '(']);
    for quote in ["\\\"", "\"", "'", "“", "&quot;"] {
        if text[begin..].starts_with(quote) {
            let inside = begin + quote.len();
            return inside..inside + quoted(&text[inside..], if quote == "“" { "”" } else { quote });
        }
    }
    begin..begin + word(&text[begin..])
}

/// The length of what is in quotes; where they are not closed, of the line.
fn quoted(text: &str, close: &str) -> usize {
    let line = text.find('\n').unwrap_or(text.len());
    let mut from = 0;
    while let Some(at) = text[from..].find(close).map(|at| from + at) {
        // a quote behind a backslash is a part of the value
        let slashes = text[..at].bytes().rev().take_while(|byte| *byte == b'\\').count();
        if slashes % 2 == 0 || close.starts_with('\\') {
            return at;
        }
        from = at + close.len();
    }
    line
}

/// The length of a word without quotes: up to a space, a tag, or what begins the next field.
fn word(text: &str) -> usize {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let is_field = |rest: &str| {
        let name = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_.-".contains(c)).unwrap_or(rest.len());
        name > 0 && rest[name..].starts_with(['=', ':'])
    };
    let stops = |(at, c): (usize, char)| match c {
        '&' | ',' | ';' => is_field(text[at + 1..end].trim_start_matches(['"', '\'', ' '])) || at + 1 == end,
        '"' | '\'' => !text[at + 1..].starts_with(|c: char| c.is_alphanumeric()),
        '<' => text[at..].starts_with("</"),
        _ => false,
    };
    text[..end].char_indices().find(|one| stops(*one)).map_or(end, |(at, _)| at)
}

/// A word of a sentence, a code of a reply, or nothing.
fn is_of_sentence(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    bare.is_empty() && word.len() < 4 || SENTENCE.contains(&bare.as_str()) || is_code(&bare)
}

/// `535`, `5.7.139`, `AADSTS50126`, a GUID.
fn is_code(word: &str) -> bool {
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    (is_number && word.starts_with(['4', '5'])) || word.starts_with("aadsts") || uuid::Uuid::try_parse(word).is_ok()
}

/// Letters with digits or signs, and neither a code, an address nor a URL.
fn is_like_a_password(word: &str) -> bool {
    let bare = word.trim_end_matches(['.', ',', ';', ':', ')']);
    let has = |test: fn(char) -> bool| bare.contains(test);
    let is_mixed = has(char::is_alphabetic) && (has(|c| c.is_ascii_digit()) || has(|c| SIGNS.contains(c)));
    let is_mail = bare.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'));
    bare.len() >= 5 && is_mixed && !is_mail && !bare.contains("://") && !is_code(&bare.to_lowercase())
}

/// The password of `-u user:password`, `--user=user:password`, `--proxy-user …` and `-uuser:password`.
fn options(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices('-') {
        if !text[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || "\"'([{,`=".contains(c)) {
            continue;
        }
        let name = text[at..].find(|c: char| c.is_whitespace() || "=\"',:".contains(c)).unwrap_or(text.len() - at);
        let Some(from) = of_user(&text[at..at + name]) else { continue };
        let is_next = from == name;
        let begin =
            if is_next { skip(text, at + name, &['=', '"', '\'', ',', ' ', '\t', '\n', '\\']) } else { at + from };
        let is_quoted = text[..begin].ends_with(['"', '\'']);
        let close = if text[..begin].ends_with('"') { "\"" } else { "'" };
        let end = begin + if is_quoted { quoted(&text[begin..], close) } else { word_of(&text[begin..]) };
        if let Some(colon) = text[begin..end].find(':') {
            found.push(begin + colon + 1..end);
        }
    }
    found
}

fn word_of(text: &str) -> usize {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    text[..end].trim_end_matches(['"', '\'', ']', ')', '`']).len()
}

/// Where the user begins that an option is given: at its end where it is the next word.
fn of_user(option: &str) -> Option<usize> {
    if USER_OPTIONS.contains(&option) {
        return Some(option.len());
    }
    let letters = option.strip_prefix('-').filter(|letters| !letters.starts_with('-'))?;
    let at =
        letters.find(['u', 'U']).filter(|at| letters[..*at].bytes().all(|byte| b"sSvkLfiIgGnN#".contains(&byte)))?;
    Some(at + 2)
}

/// The passwords of POP3's `PASS`, and of IMAP's `LOGIN` (RFC 1939, section 7; RFC 9051, section 6.2.3).
fn commands(text: &str) -> Vec<Range<usize>> {
    let pass = text.match_indices("PASS ").filter(|(at, _)| is_command(&text[..*at])).map(|(at, word)| {
        let begin = at + word.len();
        let line = text[begin..].find(['\n', '\r']).unwrap_or(text.len() - begin);
        let reply = text[begin..begin + line].find(" -ERR").unwrap_or(line);
        begin..begin + reply
    });
    let is_sentence = |words: &str| words.split_once(' ').is_some_and(|(first, _)| is_of_sentence(first));
    let pass = pass.filter(|words| !is_sentence(&text[words.clone()]));
    let login = ["LOGIN ", "login "].iter().flat_map(|word| text.match_indices(word));
    pass.chain(login.filter_map(|(at, word)| of_login(text, at, at + word.len()))).collect()
}

/// Where a command of POP3 can begin: at the begin of a line, behind a prompt, or behind `USER name`.
fn is_command(before: &str) -> bool {
    let bare = before.trim_end_matches([' ', '\t']);
    let is_after_user = bare.rsplit(char::is_whitespace).nth(1) == Some("USER");
    bare.is_empty() || bare.ends_with(['\n', '\r', ':', '>', ']', '"', '\'']) || bare.ends_with("\\n") || is_after_user
}

/// The second word behind `tag LOGIN`.
fn of_login(text: &str, at: usize, begin: usize) -> Option<Range<usize>> {
    let user = value(text, begin);
    let from = user.end + usize::from(text[user.end..].starts_with(['"', '\'']));
    let password = value(text, from);
    let is_quoted = text[begin..].starts_with('"');
    let is_user = is_quoted || text[user.clone()].contains('@') || is_tagged(&text[..at]);
    let is_sentence = is_of_sentence(&text[user.clone()]) || is_of_sentence(&text[password.clone()]);
    let is_near = !text[user.end..password.start].contains('\n');
    (is_user && is_near && (is_quoted || !is_sentence)).then_some(password)
}

/// A tag ends here that begins a command of IMAP, and no code of a reply.
fn is_tagged(before: &str) -> bool {
    let bare = before.trim_end();
    let begin = bare.rfind(char::is_whitespace).map_or(0, |at| bare.ceil_char_boundary(at + 1));
    let tag = &bare[begin..];
    let is_number = tag.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = tag.bytes().all(|byte| byte.is_ascii_alphanumeric()) && tag.contains(|c: char| c.is_ascii_digit());
    (tag == "." || is_plain) && !(is_number && tag.len() == 3) && is_command(&bare[..begin])
}

/// Passwords in base64: of SASL's PLAIN, behind the question for one, and of the schemes of HTTP.
fn encoded(text: &str, small: &str) -> Vec<Range<usize>> {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || "+/=-_".contains(c);
    let run = |from: usize| from..from + text[from..].find(|c| !is_inside(c)).unwrap_or(text.len() - from);
    let asked = small.match_indices(ASKED_PASSWORD).map(|(at, word)| {
        let line = skip(text, at + word.len(), &['=', '\r', '\n', ' ', '\\', '"', '\'']);
        let named = ["C:", ">", "->", "-->", "Client:"].iter().find(|mark| text[line..].starts_with(**mark));
        run(skip(text, line + named.map_or(0, |mark| mark.len()), &[' ']))
    });
    let schemes = SCHEMES.iter().flat_map(|name| small.match_indices(name));
    let credentials = schemes.map(|(at, name)| run(at + name.len())).filter(|word| is_credential(&text[word.clone()]));
    let is_answer = |word: &Range<usize>| word.len() >= 4 && STANDARD.decode(&text[word.clone()]).is_ok();
    asked.filter(is_answer).chain(credentials).chain(plain(text)).collect()
}

/// Base64 of something, and no word.
fn is_credential(word: &str) -> bool {
    let decoded = STANDARD_NO_PAD.decode(word.trim_end_matches('=')).ok();
    decoded.is_some_and(|bytes| bytes.contains(&b':') || bytes.starts_with(b"NTLMSSP") || bytes.len() > 24)
}

/// `authorization NUL user NUL password` in base64 (RFC 4616, section 2).
fn plain(text: &str) -> Vec<Range<usize>> {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let mut found = Vec::new();
    let mut start = 0;
    for part in text.split_inclusive(|c| !is_inside(c)) {
        let word = part.trim_end_matches(|c| !is_inside(c));
        let is_plain = || STANDARD.decode(word).is_ok_and(|bytes| bytes.split(|byte| *byte == 0).count() == 3);
        if (8..=2_048).contains(&word.len()) && word.len() % 4 == 0 && is_plain() {
            let is_text = |bytes: Vec<u8>| bytes.iter().all(|byte| *byte == 0 || *byte >= b' ');
            if STANDARD.decode(word).is_ok_and(is_text) {
                found.push(start..start + word.len());
            }
        }
        start += part.len();
    }
    found
}
