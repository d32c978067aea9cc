//! Passwords that are handed to functions and cmdlets: `login("user", "…")`, `PSCredential("user", "…")`, `ConvertTo-SecureString …`, `IDENTIFIED BY …`.
//!
//! In: a text. Out: where the passwords are.

use std::ops::Range;

use super::value::{before, is_nothing, places, quoted, skip, skip_space, value, walk};

/// How the names of functions end that are given a user and a password, in small letters.
const FUNCTIONS: &[&str] = &[
    "credential",
    "credentials",
    "login",
    "authenticate",
    "authentication",
    "signin",
    "sign_in",
    "logon",
    "basicauth",
    "basic_auth",
    "auth",
    "connect",
    "plain",
    "argumentlist",
];
/// The cmdlet that makes a secret of a text.
const CMDLET: &str = "convertto-securestring";

/// Where the passwords are.
pub(super) fn of(text: &str, small: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for name in FUNCTIONS {
        found.extend(walk(places(small, name), |name| behind_user(text, small, name.end)));
    }
    found.extend(walk(places(small, "identified by "), |name| Some(value(text, name.end))));
    found.extend(walk(places(small, CMDLET), |name| argument(text, small, name.end)));
    found.extend(walk(places(small, CMDLET), |name| piped(text, name.start)));
    found
}

/// The texts behind the user in what is handed over: `("…", "…")`, `= ("…", "…")`, `-ArgumentList "…", "…"`.
fn behind_user(text: &str, small: &str, end: usize) -> Option<Range<usize>> {
    let end = if text[end..].starts_with("]::new(") { end + "]::new".len() } else { end };
    let begin = skip(text, end, &['(', '@', '=', '[', ' ']);
    let is_call = text[end..begin].contains('(')
        || ["argumentlist", "credential"].iter().any(|name| small[..end].ends_with(name));
    let mut found: Option<Range<usize>> = None;
    let mut from = is_call.then_some(begin)?;
    for count in 0..4 {
        let quote = ["\\\"", "\"", "'"].into_iter().find(|quote| text[from..].starts_with(*quote));
        let Some(quote) = quote else { break };
        let inside = from + quote.len();
        let end = inside + quoted(&text[inside..], quote);
        if count > 0 {
            found = Some(found.map_or(inside, |found| found.start)..end);
        }
        let after = skip(text, (end + quote.len()).min(text.len()), &[' ']);
        let Some(rest) = text[after..].strip_prefix(',') else { break };
        from = text.len() - rest.trim_start().len();
    }
    found
}

/// What the cmdlet is given, before, between or behind its switches.
fn argument(text: &str, small: &str, end: usize) -> Option<Range<usize>> {
    let mut at = skip_space(text, end);
    for _ in 0..4 {
        let Some(switch) =
            ["-asplaintext", "-force", "-string"].into_iter().find(|switch| small[at..].starts_with(*switch))
        else {
            break;
        };
        at = skip_space(text, skip(text, at + switch.len(), &[':']));
    }
    if at == end || text[at..].starts_with(['-', '|', ')', '\n', '\r']) {
        return None;
    }
    let value = value(text, at);
    (!is_nothing(&text[value.clone()])).then_some(value)
}

/// What is handed to the cmdlet by `|`.
fn piped(text: &str, at: usize) -> Option<Range<usize>> {
    let near = before(text, at).trim_end().strip_suffix('|')?.trim_end();
    let end = at - before(text, at).len() + near.len();
    if let Some(quote) = ['"', '\''].into_iter().find(|quote| near.ends_with(*quote)) {
        let inside = &near[..near.len() - 1];
        return Some(end - 1 - (inside.len() - inside.rfind(quote)? - 1)..end - 1);
    }
    let word = near.rsplit(|c: char| c.is_whitespace() || c == '(').next()?;
    Some(end - word.len()..end)
}
