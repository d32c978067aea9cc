//! Passwords in the commands of protocols: POP3's `PASS`, IMAP's `LOGIN` (RFC 1939, section 7; RFC 9051, section 6.2.3), and `AUTH` of SMTP
//! and IMAP with base64 behind it (RFC 4954, RFC 4959).
//!
//! In: a text. Out: where the passwords are, behind whatever a log puts before a command.

use std::ops::Range;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::value::{
    before, behind, is_behind_user, is_of_sentence, is_of_words, is_time, line_behind, places, skip, value, walk, word,
};

/// Mechanisms of SASL that send a secret with the command, in small letters.
const MECHANISMS: &[&str] = &["plain", "login", "xoauth2", "oauthbearer", "ntlm", "external", "gssapi"];

/// Where the passwords are.
pub(super) fn of(text: &str, small: &str) -> Vec<Range<usize>> {
    let mut found = walk(places(small, "pass "), |name| of_pass(text, &name));
    found.extend(walk(places(small, "login "), |name| of_login(text, &name)));
    for command in ["auth ", "authenticate "] {
        found.extend(walk(places(small, command), |name| of_auth(text, small, name.end)));
    }
    found
}

/// The rest of the line behind `PASS`, up to the reply.
fn of_pass(text: &str, name: &Range<usize>) -> Option<Range<usize>> {
    let before = before(text, name.start);
    let line = line_behind(text, name.end);
    let (first, rest) = line.split_at(word(line));
    let is_small = text[name.start..].starts_with('p');
    let is_alone = !first.is_empty() && rest.trim_matches(['\\', 'r', 'n', '"', '\'']).is_empty();
    if !is_behind_user(before, &["user"]) && (!is_command(before) || is_small && !is_alone) {
        return None;
    }
    let reply = line.find(" -ERR").or_else(|| line.find("\\r\\n")).unwrap_or(line.len());
    let password = line[..reply].trim_end();
    let is_one = !password.contains(' ') || !is_of_sentence(first) || is_of_words(password);
    is_one.then_some(name.end..name.end + password.len())
}

/// A command can begin here: at the begin of a line, behind a prompt, a mark or a time.
fn is_command(before: &str) -> bool {
    let bare = before.trim_end_matches([' ', '\t']);
    let last = bare.rsplit(char::is_whitespace).next().unwrap_or_default();
    bare.is_empty()
        || bare.ends_with(['\n', '\r', ':', '>', ']', '"', '\'', '-', '<'])
        || bare.ends_with("\\n")
        || is_time(last)
}

/// The second word behind `tag LOGIN`.
fn of_login(text: &str, name: &Range<usize>) -> Option<Range<usize>> {
    let is_quoted = text[name.end..].starts_with('"');
    let (user, next) = argument(text, name.end)?;
    let (password, _) = argument(text, next)?;
    let tag = tag(before(text, name.start));
    let is_begin = tag != Tag::None || is_command(before(text, name.start));
    let is_user = is_quoted || (text[user.clone()].contains('@') && is_begin) || tag == Tag::Command;
    let is_sentence = is_of_sentence(&text[user]) || is_of_sentence(&text[password.clone()]);
    (is_user && (is_quoted || !is_sentence)).then_some(password)
}

/// A word, a text in quotes, or a literal, which is in a line of its own; and where the next one begins.
fn argument(text: &str, from: usize) -> Option<(Range<usize>, usize)> {
    let from = skip(text, from, &[' ', '\t']);
    if let Some(literal) = literal(text, from) {
        return Some((literal.clone(), literal.end));
    }
    let argument = value(text, from);
    let end = argument.end + usize::from(text[argument.end..].starts_with(['"', '\'']));
    (!argument.is_empty()).then_some((argument, end))
}

/// `{7}` and what follows in the next line of the client (RFC 9051, section 4.3).
fn literal(text: &str, from: usize) -> Option<Range<usize>> {
    let near = behind(text, from).strip_prefix('{')?;
    let (count, _) = near.split_once('}')?;
    let count: usize = count.trim_end_matches('+').parse().ok()?;
    let mut end = from + line_behind(text, from).len();
    for _ in 0..2 {
        let begin = unmarked(text, text.len() - text[end..].trim_start().len());
        let line = line_behind(text, begin);
        if !line.starts_with('+') {
            let literal = &line[..line.floor_char_boundary(count)];
            return (!literal.is_empty()).then_some(begin..begin + literal.len());
        }
        end = begin + line.len();
    }
    None
}

/// Behind the mark of who speaks: `C: `, `>>> `.
fn unmarked(text: &str, line: usize) -> usize {
    let marks =
        ["C: ", "S: ", "c: ", "s: ", ">>> ", "<<< ", "> ", "< ", "-> ", "<- ", "--> ", "<-- ", "Client: ", "Server: "];
    marks.iter().find(|mark| text[line..].starts_with(**mark)).map_or(line, |mark| line + mark.len())
}

/// What stands before `LOGIN`.
#[derive(PartialEq)]
enum Tag {
    None,
    /// A word that can be a tag.
    Word,
    /// A tag with which a command begins.
    Command,
}

fn tag(before: &str) -> Tag {
    let bare = before.trim_end();
    if bare.len() == before.len() {
        return Tag::None;
    }
    let begin = bare.rfind(char::is_whitespace).map_or(0, |at| bare.ceil_char_boundary(at + 1));
    let tag = bare[begin..].rsplit(['"', '\'', '<', '>', '[']).next().unwrap_or_default();
    let is_number = tag.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = (1..=12).contains(&tag.len()) && tag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_mechanism = ["auth", "authenticate", "no", "ok", "bad", "plain", "user", "the", "failed"]
        .iter()
        .any(|word| tag.eq_ignore_ascii_case(word));
    let has_digit = tag.contains(|c: char| c.is_ascii_digit());
    if !(is_plain || tag == ".") || is_mechanism || (is_number && tag.len() == 3) {
        return Tag::None;
    }
    let is_begin = is_command(&bare[..begin]) || tag.len() < bare.len() - begin;
    let is_short = has_digit || tag.len() <= 2 || tag == ".";
    if is_short && (is_begin || (has_digit && !is_number)) { Tag::Command } else { Tag::Word }
}

/// The base64 behind `AUTH PLAIN` and its like.
fn of_auth(text: &str, small: &str, end: usize) -> Option<Range<usize>> {
    let mechanism = MECHANISMS.iter().find(|name| small[end..].starts_with(**name))?;
    let from = end + mechanism.len();
    let word = |from: usize| {
        let begin = skip(text, from, &[' ', '\t', '"']);
        begin..base64_end(text, begin)
    };
    let (first, second) = (word(from), word(word(from).end));
    let is_one = |word: &Range<usize>| word.start > from && is_base64(&text[word.clone()]);
    // behind AUTH LOGIN the password may follow the name of the user in one line
    if is_one(&first) && !is_one(&second) { Some(first) } else { Some(second).filter(is_one) }
}

/// Where a run of base64 ends.
pub(super) fn base64_end(text: &str, begin: usize) -> usize {
    let is_inside = |c: char| c.is_ascii_alphanumeric() || "+/=-_".contains(c);
    text[begin..].find(|c| !is_inside(c)).map_or(text.len(), |length| begin + length)
}

/// What is neither a mechanism nor a word of a sentence.
fn is_base64(word: &str) -> bool {
    let has = |test: fn(&u8) -> bool| word.as_bytes().iter().any(test);
    let is_mixed = has(u8::is_ascii_lowercase) && has(|byte| !byte.is_ascii_lowercase());
    word.len() >= 8 && is_mixed && (word.len() >= 24 || STANDARD.decode(word).is_ok())
}
