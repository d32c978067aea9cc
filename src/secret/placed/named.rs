//! The values of names: `password=…`, `"client_secret": "…"`, `Password for sales: …`, `--password …`, and in markup.
//!
//! In: a text. Out: where the values are. Values of names that have other meanings are told by their form, and so are those that
//! follow in a sentence.

use std::ops::Range;

use super::{
    markup,
    name::{Kind, kind, telling},
    value::{
        NEAR, before, behind, first_of_value, is_behind_user, is_like_a_password, is_like_a_token, is_nothing,
        is_of_sentence, is_of_words, is_time, line_before, line_behind, skip, skip_space, value, walk,
    },
};

/// Signs that give a name a value.
const SIGNS: [&str; 9] = ["=>", "->", "==", ":=", "+=", "?=", "=", "\u{ff1d}", "\u{ff1a}"];
/// What may stand before a name in a line that holds nothing but it and its value, in small letters.
const MARKS: &[&str] = &[
    "-",
    "#",
    "*",
    "$",
    "app",
    "application",
    "client",
    "current",
    "db",
    "enter",
    "export",
    "imap",
    "login",
    "mail",
    "my",
    "new",
    "old",
    "pop3",
    "set",
    "smtp",
    "svn",
    "the",
    "user",
    "your",
];
/// Words that stay the name of a secret behind another: `api key`, `secret value`.
const SECOND: &[&str] = &["key", "keys", "token", "value", "hash", "text", "string"];

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

/// Where the values are.
pub(super) fn of(text: &str) -> Vec<Range<usize>> {
    walk(names(text), |own| {
        let name = &text[own.clone()];
        let is_token = name.eq_ignore_ascii_case("token");
        let of_two = two(text, &own).and_then(|two| kind(&text[two])).filter(|kind| !is_token && *kind == Kind::Secret);
        of_name(text, &own, of_two.or_else(|| kind(name))?)
    })
}

/// Runs of letters, digits, `_`, `-` and `.` that may be names of secrets. A hyphen or a period at the end is none of it.
fn names(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let mut passed = 0;
    telling(text).filter_map(move |at| {
        if at < passed {
            return None;
        }
        passed = text[at..].find(|c| !is_of_name(c)).map_or(text.len(), |end| at + end);
        let begin = begin_of_name(text, at);
        Some(begin..at + text[at..passed].trim_end_matches(['-', '.']).len())
    })
}

fn is_of_name(c: char) -> bool {
    c.is_alphanumeric() || "_-.".contains(c)
}

fn begin_of_name(text: &str, at: usize) -> usize {
    at - before(text, at).chars().rev().take_while(|c| is_of_name(*c)).map(char::len_utf8).sum::<usize>()
}

/// A name with the word before it, of which it may be the second half.
fn two(text: &str, own: &Range<usize>) -> Option<Range<usize>> {
    let is_second = SECOND.iter().any(|word| text[own.clone()].eq_ignore_ascii_case(word));
    let first = text[..own.start].strip_suffix(' ').filter(|_| is_second)?;
    Some(begin_of_name(text, first.len())..own.end)
}

/// The value of the name that is at a place.
fn of_name(text: &str, name: &Range<usize>, kind: Kind) -> Option<Range<usize>> {
    if let Some(value) = markup::of(text, name).filter(|_| matches!(kind, Kind::Secret | Kind::Further)) {
        return Some(value).filter(|value| !is_nothing(&text[value.clone()]));
    }
    let (tie, begin) = tie(text, name)?;
    if tie != Tie::Space && kind == Kind::Secret {
        let typed = || if tie == Tie::Colon { typed(text, begin) } else { None };
        let whole = list(text, begin).or_else(typed).or_else(|| whole_line(text, name.start, begin));
        if whole.is_some() {
            return whole;
        }
    }
    let word = first_of_value(text, begin);
    // a code in capital letters is one of an error: `CAA2000B`
    let is_opaque = || is_like_a_token(word) && (word.len() >= 20 || word.contains(|c: char| c.is_ascii_lowercase()));
    let is_spaced = begin > name.end + 1 && text[begin..].starts_with(word);
    let is_one = match (kind, tie) {
        (Kind::Token, Tie::Given) if is_spaced => is_like_a_token(word),
        (Kind::Secret | Kind::Token, Tie::Given) => {
            !is_nothing(text[begin..].trim_start_matches([' ', '\t'])) && !is_nothing(word)
        }
        (Kind::Secret, Tie::Colon) => !is_of_sentence(word),
        (Kind::Secret, Tie::Space) => is_like_a_password(word),
        (Kind::Further, Tie::Given) => !is_of_sentence(word) && !word.contains("://") && !is_time(word),
        (Kind::Token, Tie::Colon) | (Kind::Perhaps, Tie::Given | Tie::Colon) => is_opaque(),
        (Kind::Further | Kind::Token | Kind::Perhaps, _) => false,
    };
    is_one.then(|| value(text, begin))
}

/// How a name is tied to what follows, and where that begins.
fn tie(text: &str, name: &Range<usize>) -> Option<(Tie, usize)> {
    let index = skip(text, name.end, &['[']);
    let index =
        if index > name.end { skip(text, index, &['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']) } else { index };
    let closed = skip(text, index, &['"', '\'', '\\', '”', ']']);
    let bare = skip(text, closed, &[' ', '\t']);
    let bare = bare + noted(&text[bare..]);
    let rest = &text[bare..];
    let is_option = is_option(text, name);
    if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
        return Some((Tie::Given, next_line(text, bare + sign.len(), closed > name.end)));
    }
    if rest.starts_with("(\"") || rest.starts_with("('") {
        return Some((Tie::Given, bare + 1));
    }
    if let Some(next) = argument_behind(text, name, rest) {
        return Some((Tie::Colon, next));
    }
    if rest.starts_with(':') && !rest.starts_with("://") && !rest.starts_with("::") {
        let is_key = closed > name.end || is_option || is_glued(text, name, bare + 1);
        return Some((if is_key { Tie::Given } else { Tie::Colon }, next_line(text, bare + 1, closed > name.end)));
    }
    if is_option {
        let next = next_line(text, closed, true);
        return (next > closed && !text[next..].starts_with('-')).then_some((Tie::Given, next));
    }
    if bare == closed || text[..name.start].ends_with('=') {
        return None;
    }
    in_sentence(text, name.start, bare)
}

/// What may stand between a name and its sign: `Client secret (value): …`, `Password....: …`. How long it is.
fn noted(rest: &str) -> usize {
    let near = behind(rest, 0);
    let note = near.strip_prefix('(').and_then(|note| note.find([')', '\n', '"', '\''])).map_or(0, |end| end + 2);
    let length = if note > 0 { note } else { near.len() - near.trim_start_matches(['.', ' ']).len() };
    if near.get(length..).is_some_and(|rest| rest.starts_with([':', '='])) { length } else { 0 }
}

/// How a name is tied to what follows behind a space.
fn in_sentence(text: &str, name: usize, bare: usize) -> Option<(Tie, usize)> {
    let rest = &text[bare..];
    if let Some(end) = whose(rest, ": ") {
        return Some((Tie::Colon, bare + end)).filter(|(_, begin)| is_alone(text, *begin));
    }
    if is_in_settings(text, name) {
        return Some((Tie::Colon, bare));
    }
    let verb = ["is: ", "lautet: "].iter().find(|verb| rest.starts_with(**verb));
    if let Some(verb) = verb {
        return Some((Tie::Colon, bare + verb.len()));
    }
    let verbs = ["is ", "was ", "of ", "ist ", "lautet ", "est ", "| "];
    let verb = verbs.iter().find(|verb| rest.starts_with(**verb)).map(|verb| verb.len());
    let begin = bare + whose(rest, " is ").or(verb).unwrap_or(0);
    Some((if text[begin..].starts_with(['"', '\'']) { Tie::Colon } else { Tie::Space }, begin))
}

/// Where the argument behind a name begins that is the first one: `put("mail.smtp.password", "…")`.
fn argument_behind(text: &str, name: &Range<usize>, rest: &str) -> Option<usize> {
    let is_first = ["(\"", "('"].iter().any(|open| text[..name.start].ends_with(open));
    let next = rest.strip_prefix(',')?.trim_start();
    (is_first && next.starts_with(['"', '\''])).then(|| text.len() - next.len())
}

/// Where a value begins that may be in the next line: behind a sign that continues the line, behind the name of JSON or an
/// option, in a block of YAML, or alone behind a question.
fn next_line(text: &str, from: usize, is_key: bool) -> usize {
    let at = skip_space(text, from);
    let rest = &text[at..];
    let block = ["|-", ">-", "|", ">"].iter().find_map(|sign| rest.strip_prefix(sign));
    let rest = block.unwrap_or(rest);
    if !rest.starts_with(['\n', '\r']) {
        return at;
    }
    let next = text.len() - rest.trim_start().len();
    let line = line_behind(text, next);
    let is_alone = !line.contains(char::is_whitespace) && is_like_a_password(line);
    if is_key || block.is_some() || is_alone { next } else { at }
}

/// `for sales: ` and `of sales is `: where this sign ends.
fn whose(rest: &str, sign: &str) -> Option<usize> {
    let near = line_behind(rest, 0);
    let whose = near.strip_prefix("for ").or_else(|| near.strip_prefix("of "))?;
    let end = whose.find(sign)?;
    let is_whose = whose[..end].split_whitespace().count() <= 3 && !whose[..end].split_whitespace().any(is_verb);
    is_whose.then_some(near.len() - whose.len() + end + sign.len())
}

/// A word that makes what it is in a sentence of its own.
fn is_verb(word: &str) -> bool {
    is_of_sentence(word) && !["account", "user", "mailbox", "the", "app", "application", "client"].contains(&word)
}

/// The value is the last word of its line, or has the form of one.
fn is_alone(text: &str, begin: usize) -> bool {
    let line = line_behind(text, begin);
    let value = value(line, 0);
    line[value.end..].trim_matches(['"', '\'', ' ', '.']).is_empty() || is_like_a_password(&line[value])
}

/// `login sales password …`, as in `.netrc`, and a line of two words below such a line, as msmtp and fetchmail have it.
fn is_in_settings(text: &str, at: usize) -> bool {
    const USERS: &[&str] = &["login", "user", "username", "account"];
    const SETTINGS: &[&str] =
        &["login", "user", "username", "account", "host", "machine", "from", "port", "auth", "protocol", "tls"];
    let before = before(text, at);
    let lines = before.trim_end_matches([' ', '\t']).strip_suffix('\n');
    let mut words = lines.and_then(|lines| lines.lines().next_back()).unwrap_or_default().split_whitespace();
    let is_setting =
        words.next().is_some_and(|word| SETTINGS.contains(&word.to_ascii_lowercase().as_str())) && words.count() == 1;
    is_setting || is_behind_user(before, USERS)
}

/// `pass:secret` of openssl, `/password:secret` of Windows: a colon without a space behind it.
fn is_glued(text: &str, name: &Range<usize>, behind: usize) -> bool {
    let is_tool = text[name.clone()].ends_with("pass") || text[..name.start].ends_with('/');
    is_tool && !text[behind..].starts_with([' ', '\t', '\r', '\n'])
}

/// Whether the name is in the word of an option: `--auth-password`, `-Password`, `-passin`.
fn is_option(text: &str, name: &Range<usize>) -> bool {
    text[name.clone()].starts_with('-') || text[..name.start].ends_with(['–', '—'])
}

/// The texts of a list: `["…", "…"]`.
fn list(text: &str, begin: usize) -> Option<Range<usize>> {
    let open = skip(text, begin, &[' ', '\t']);
    let inside = text[open..].strip_prefix('[')?.trim_start();
    let quote = inside.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let from = text.len() - inside.len() + 1;
    let end = behind(text, from).find(']')?;
    let last = text[from..from + end].rfind(quote)?;
    Some(from..from + last)
}

/// The value behind a type: `password: String = "…"`.
fn typed(text: &str, begin: usize) -> Option<Range<usize>> {
    let line = line_behind(text, begin);
    let sign = line.find(" = \"").or_else(|| line.find(" = '"))?;
    let is_type = line[..sign].chars().all(|c| c.is_alphanumeric() || "&_<>?'[]:. ".contains(c));
    (is_type && line[..sign].trim().split(' ').count() <= 2).then(|| value(text, begin + sign + 3))
}

/// The rest of a line that holds nothing but a name and a value of several words.
fn whole_line(text: &str, name: usize, begin: usize) -> Option<Range<usize>> {
    let is_mark = |word: &str| MARKS.contains(&word.to_ascii_lowercase().as_str());
    if !line_before(text, name).trim_matches(['"', '\'', ' ', '\t']).split_whitespace().all(is_mark) {
        return None;
    }
    let begin = skip(text, begin, &[' ', '\t']);
    let words = line_behind(text, begin).trim_end();
    let is_whole = !words.starts_with(['"', '\'', '“', '{', '[', '(']) && is_of_words(words) && words.len() < NEAR;
    is_whole.then_some(begin..begin + words.len())
}
