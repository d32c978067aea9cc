//! Which names are those of secrets.
//!
//! In: a name as programs, settings and people write it: `client_secret`, `smtpPass1`, `X-Auth-Token`, `api key`. Out: what it
//! says of its value. A name is taken apart into words, so that those are known that no list has.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::secret) enum Kind {
    /// It is a secret.
    Secret,
    /// It is one when it is given by a sign: words that nobody knows follow that of a secret, as in `password_sales`.
    Further,
    /// It may be one, or an audience or a kind of tokens.
    Token,
    /// The name has other meanings, too; only the form of the value tells.
    Perhaps,
}

/// Words for a secret, in small letters, also as a part of a longer word.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "passwort",
    "kennwort",
    "losung",
    "passord",
    "pwd",
    "pswd",
    "secret",
    "motdepasse",
    "contraseña",
    "contrasena",
    "wachtwoord",
    "senha",
    "heslo",
    "hasło",
    "haslo",
    "lösenord",
    "losenord",
    "adgangskode",
    "salasana",
    "пароль",
    "パスワード",
    "密码",
    "密碼",
    "비밀번호",
];
/// Words for a secret that are parts of others, too: only as the end of a word.
const ENDS: &[&str] = &[
    "pass",
    "passin",
    "passout",
    "pword",
    "passw",
    "pw",
    "accesskey",
    "accountkey",
    "apikey",
    "privatekey",
    "secretkey",
];
/// Words for a secret when they are alone.
const ALONE: &[&str] = &["passe", "psk", "securestring"];
/// Numbers for one sign-in.
const NUMBERS: &[&str] = &["otp", "totp", "pin"];
/// What ends in `pass` and has another meaning.
const NO_PASS: &[&str] = &["bypass", "compass", "encompass", "surpass", "trespass", "underpass", "overpass"];
/// What makes a key one that is secret.
const OF_KEYS: &[&str] = &[
    "access",
    "account",
    "api",
    "auth",
    "client",
    "encryption",
    "functions",
    "master",
    "private",
    "secret",
    "shared",
    "signing",
    "storage",
    "subscription",
];
/// What makes a token one that is secret.
const OF_TOKENS: &[&str] = &[
    "access", "api", "auth", "bearer", "device", "id", "personal", "refresh", "sas", "secret", "security", "session",
    "vault", "x",
];
/// Names that have other meanings.
const PERHAPS: &[&str] =
    &["bearer", "authorization", "xoauth2", "code", "auth", "sig", "signature", "assertion", "jwt"];
/// Words that may follow in the name of a secret, which it stays.
const STILL: &[&str] = &[
    "b64",
    "base64",
    "confirm",
    "confirmation",
    "data",
    "hash",
    "key",
    "keys",
    "new",
    "old",
    "phrase",
    "plain",
    "plaintext",
    "pw",
    "repeat",
    "s",
    "str",
    "string",
    "text",
    "value",
    "values",
    "word",
];
/// Words that follow in the name of something about a secret.
const ABOUT: &[&str] = &[
    "accepted",
    "age",
    "alg",
    "algorithm",
    "attempt",
    "attempts",
    "ary",
    "audience",
    "cache",
    "claim",
    "claims",
    "cmd",
    "command",
    "count",
    "date",
    "dir",
    "display",
    "enabled",
    "disabled",
    "endpoint",
    "entry",
    "env",
    "error",
    "eval",
    "field",
    "file",
    "filename",
    "flow",
    "format",
    "from",
    "grant",
    "history",
    "id",
    "issuer",
    "issuance",
    "jwt",
    "label",
    "last",
    "length",
    "less",
    "lifetime",
    "link",
    "location",
    "max",
    "method",
    "methods",
    "min",
    "name",
    "never",
    "next",
    "only",
    "page",
    "path",
    "prompt",
    "reader",
    "recovery",
    "ref",
    "request",
    "scope",
    "set",
    "settings",
    "state",
    "status",
    "stdin",
    "supported",
    "time",
    "title",
    "type",
    "types",
    "uri",
    "url",
    "urls",
    "var",
    "variable",
    "version",
];
/// How such words begin.
const ABOUT_BEGINS: &[&str] = &[
    "chang", "creden", "expir", "expiry", "fail", "ident", "invalid", "issu", "lock", "manag", "mismatch", "missing",
    "polic", "protect", "provid", "requir", "reset", "rotat", "sync", "valid", "wrong",
];
/// Words before that of a secret in the name of an error.
const ERRORS: &[&str] =
    &["bad", "expired", "invalid", "malformed", "missing", "unexpected", "unknown", "unsupported", "wrong"];
/// A longer name is looked at from here on.
const LONGEST: usize = 100;

/// What of a name tells that it may be one of a secret, in letters of any size: [`kind`] of a name without any is none, but
/// for second words such as in `secret value`.
static TELLING: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let of_second = ["value", "hash", "text", "string"];
    let capital = ["Пароль", "ПАРОЛЬ", "CONTRASEÑA", "HASŁO", "LÖSENORD"];
    let parts =
        ["pass", "pw", "psk", "key", "token", "code", "securestring", "auth", "bearer", "sig", "assertion", "jwt"];
    let telling = [WORDS, NUMBERS, &parts, &of_second, &capital].concat();
    AhoCorasick::builder().ascii_case_insensitive(true).build(telling).expect("a list of words")
});

/// Places in a text that tell that a name around them may be one of a secret, in order.
pub(super) fn telling(text: &str) -> impl Iterator<Item = usize> + '_ {
    TELLING.find_iter(text).map(|found| found.start())
}

/// What a name says of its value; none is of no secret.
pub(in crate::secret) fn kind(name: &str) -> Option<Kind> {
    let words = words(&name[name.ceil_char_boundary(name.len().saturating_sub(LONGEST))..]);
    let last = words.last()?;
    for at in (0..words.len()).rev() {
        let before = at.checked_sub(1).map_or("", |before| words[before].as_str());
        let Some((kind, rest)) = of_word(&words[at], before) else { continue };
        let behind: Vec<&str> = [rest]
            .into_iter()
            .filter(|rest| !rest.is_empty())
            .chain(words[at + 1..].iter().map(String::as_str))
            .collect();
        let is_about = |word: &&str| ABOUT.contains(word) || ABOUT_BEGINS.iter().any(|begin| word.starts_with(begin));
        if behind.iter().any(is_about) || words[..at].iter().any(|word| ERRORS.contains(&word.as_str())) {
            return None;
        }
        return Some(if behind.iter().all(|word| STILL.contains(word)) { kind } else { Kind::Further });
    }
    PERHAPS.contains(&last.as_str()).then_some(Kind::Perhaps)
}

/// What a word says, with the one before it, and what of it is behind the name of the secret.
fn of_word<'w>(word: &'w str, before: &str) -> Option<(Kind, &'w str)> {
    if let Some((at, known)) = WORDS.iter().find_map(|known| Some((word.rfind(known)?, known))) {
        return Some((Kind::Secret, &word[at + known.len()..]));
    }
    if ALONE.contains(&word) || (ENDS.iter().any(|end| word.ends_with(end)) && !NO_PASS.contains(&word)) {
        return Some((Kind::Secret, ""));
    }
    let is_made = |end: &str, makers: &[&str]| {
        let own = word.strip_suffix(end).or_else(|| word.strip_suffix('s')?.strip_suffix(end))?;
        Some(makers.contains(&if own.is_empty() { before } else { own }))
    };
    if NUMBERS.contains(&word) {
        return Some((Kind::Further, ""));
    }
    if is_made("key", OF_KEYS) == Some(true)
        || (word == "code" && before == "device")
        || (word == "bearer" && before == "oauth")
    {
        return Some((Kind::Secret, ""));
    }
    match is_made("token", OF_TOKENS) {
        Some(false) if word.starts_with("token") => Some((Kind::Token, "")),
        Some(_) => Some((Kind::Secret, "")),
        None => (word == "assertion" && before == "client").then_some((Kind::Secret, "")),
    }
}

/// The words of a name in small letters: apart by signs and digits, and by capital letters behind small ones.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before = ' ';
    for letter in name.chars() {
        if letter.is_alphabetic() {
            let is_next = !before.is_alphabetic() || (before.is_lowercase() && letter.is_uppercase());
            if is_next {
                words.push(String::new());
            }
            if let Some(word) = words.last_mut() {
                word.extend(letter.to_lowercase());
            }
        }
        before = letter;
    }
    words
}
