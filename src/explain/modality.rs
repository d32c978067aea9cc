//! Whether a text reports a failure at all: many lines use the words of one for what was resolved, is planned, is advised,
//! or is a setting.
//!
//! In: a text. Out: whether it is such a note. Only short texts in prose are judged so: an advice that a refusal carries with
//! it (`AADSTS50011: … Make sure the redirect URI …`) takes nothing from the refusal.

use std::net::IpAddr;

use super::{at_large, codes, extract, restate};

/// Longer texts are no notes, in bytes.
const LONGEST: usize = 1_000;
/// Nor are texts of more lines.
const MOST_LINES: usize = 3;

/// How the heading of a note begins that says what was repaired; a day or a version can follow, then a colon or a dash.
const REPAIRED_FIRST: [&str; 4] = ["case closed", "resolved", "fixed", "solved"];
/// How what follows such a heading denies it: `Fixed in ES6: no`.
const DENIED: [&str; 8] = ["no", "not yet", "not fixed", "not resolved", "never", "false", "pending", "open"];
/// Said of a failure, and of a name.
const RESOLVED: &str = "resolved";
/// What ends such a heading.
const HEADING_ENDS: [&str; 4] = [": ", ":\n", " - ", " – "];
/// What can be in such a heading besides words with digits and months.
const IN_HEADING: [&str; 7] = ["in", "on", "at", "with", "version", "release", "build"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/// How the title of an instruction begins, whatever message it quotes.
const INSTRUCTION: [&str; 4] = ["what to do", "how to ", "risk:", "known issue"];
/// Before the number and the title of an article; before those of a step.
const ARTICLE: &str = "kb";
/// See [`ARTICLE`].
const STEP: &str = "step";
/// How a step begins that says what to do.
const VERBS: [&str; 10] =
    ["check ", "open ", "enter ", "select ", "click ", "enable ", "create ", "add ", "go to ", "restart "];
/// What says so within a note.
const REPAIRED: [&str; 17] = [
    "flows again",
    "works again",
    "working again",
    "work again",
    "has been resolved",
    "was resolved",
    "is resolved",
    "issue resolved",
    "has been fixed",
    "was fixed",
    "is fixed",
    "re-enabled",
    "before it expired",
    "no longer occurs",
    "no longer happens",
    "no errors found",
    "back to normal",
];
/// With these a note says on what the repair depends, so that it is still to come, or comes again.
const STILL: [&str; 14] = [
    "until", "unless", "once", "after", "when", "not", "then", "every", "must", "needs", "should", "can", "cannot",
    "if",
];
/// Behind these a note says what is still so, or is so again.
const AGAIN: [&str; 9] = ["but", "still", "since", "today", "again", "yet", "however", "although", "despite"];
/// In the clause of the repair, these say that it did not help.
const IN_VAIN: [&str; 6] = ["still", "since", "although", "though", "despite", "again"];
/// What ends a clause.
const CLAUSE_ENDS: [char; 4] = ['.', ';', ',', '\n'];
/// How a plan or a setting is told.
const SETTING: [&str; 14] = [
    "report-only",
    "reminder:",
    "will expire in",
    "allowed by rule",
    "permitted by rule",
    "allowed by policy",
    "required: no",
    "retry succeeded",
    "is harmless",
    "can be ignored",
    "safely ignored",
    "(normal)",
    "by design",
    "internet access: none",
];
/// How advice begins.
const ADVICE: [&str; 11] = [
    "make sure",
    "ensure that",
    "before you ",
    "if ",
    "verify that",
    "confirm that",
    "to fix this",
    "to resolve this",
    "to avoid ",
    "note that ",
    "tip:",
];
/// What advice, a setting and good news do not hold: the name of an exception, or the begin of a message.
const MESSAGE: [&str; 4] = ["exception", "error:", "failed:", "aadsts"];

/// What makes it worth asking whether a text is a note: how one begins, and what one holds.
const BEGINNINGS: [&[&str]; 4] = [&REPAIRED_FIRST, &INSTRUCTION, &ADVICE, &[ARTICLE, STEP]];
/// See [`BEGINNINGS`].
const HELD: [&[&str]; 2] = [&REPAIRED, &SETTING];

/// Whether something in a text in small letters makes it worth asking whether it is a note.
#[must_use]
pub fn may_be_note(words: &str) -> bool {
    let words = words.trim_start();
    BEGINNINGS.iter().copied().flatten().any(|part| words.starts_with(part))
        || HELD.iter().copied().flatten().any(|part| words.contains(part))
}

/// Whether a text is a note of something that is no failure now.
#[must_use]
pub fn is_note(text: &str) -> bool {
    let text = text.trim();
    if text.len() > LONGEST || text.lines().count() > MOST_LINES {
        return false;
    }
    let words = text.to_lowercase();
    if !may_be_note(&words) {
        return false;
    }
    let begins = |parts: &[&str]| parts.iter().any(|part| words.starts_with(part));
    let is_instruction = (begins(&INSTRUCTION) || numbered(&words, ARTICLE).is_some()) && !quotes_a_message(&words);
    let is_step = numbered(&words, STEP).is_some_and(|step| says_what_to_do(step, is_message(&words)));
    let is_of_name = resolves_a_name(&words);
    let is_headed = !is_of_name && headed_as_repaired(&words).is_some_and(|rest| !fails_again(rest));
    let is_told = || is_repaired(&words, is_of_name) || is_setting(&words) || begins(&ADVICE);
    let is_note = is_instruction || is_step || is_headed || (is_told() && !is_message(&words));
    is_note && restate::rhythm(&words).is_none()
}

/// Whether a text in small letters holds a message: the name of an exception, a code, or an error of OAuth where one is told.
fn is_message(words: &str) -> bool {
    let told = |error: &str| {
        words.match_indices(error).any(|(at, _)| words[..at].trim_end_matches([' ', '"', '\'']).ends_with([':', '=']))
    };
    MESSAGE.iter().any(|part| words.contains(part))
        || codes::has_code(words)
        || extract::OAUTH_ERRORS.iter().any(|error| told(error))
}

/// Whether a text says that something was repaired, on which nothing more depends, and does not go on with a failure.
fn is_repaired(words: &str, is_of_name: bool) -> bool {
    let parts = REPAIRED.iter().filter(|part| !is_of_name || !part.contains(RESOLVED));
    let Some((begin, end)) = last_of(words, parts) else { return false };
    let depends = words.split(|c: char| !c.is_alphanumeric()).any(|word| STILL.contains(&word));
    let clause = words[..begin].rsplit(CLAUSE_ENDS).next().unwrap_or_default();
    let is_in_vain = clause.split(|c: char| !c.is_alphanumeric()).any(|word| IN_VAIN.contains(&word));
    !depends && !is_in_vain && !goes_on_with_failure(&words[end..])
}

/// Whether a text tells a plan or a setting, and does not go on with a failure.
fn is_setting(words: &str) -> bool {
    last_of(words, SETTING.iter()).is_some_and(|(_, end)| !goes_on_with_failure(&words[end..]))
}

/// Begin and end of the part that ends last in a text.
fn last_of<'p>(words: &str, parts: impl Iterator<Item = &'p &'p str>) -> Option<(usize, usize)> {
    parts.filter_map(|part| words.rfind(part).map(|at| (at, at + part.len()))).max_by_key(|(_, end)| *end)
}

/// Whether a failure is told in a further clause.
fn goes_on_with_failure(rest: &str) -> bool {
    let behind = rest.find(CLAUSE_ENDS).map_or("", |at| &rest[at..]);
    fails(behind) || fails_again(rest)
}

/// Whether a text in small letters tells of a failure.
fn fails(words: &str) -> bool {
    at_large::is_failure(words) || is_message(words)
}

/// Whether a failure is told behind a word that says that it goes on, or that it is there again.
fn fails_again(words: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    AGAIN.iter().any(|again| {
        let ends = words.match_indices(again).filter_map(|(at, again)| {
            let rest = &words[at + again.len()..];
            (is_edge(words[..at].chars().next_back()) && is_edge(rest.chars().next())).then_some(rest)
        });
        ends.into_iter().any(fails)
    })
}

/// Whether a code with the sentence of its server stands in a text: who asks `How to fix 535 5.7.139 Authentication
/// unsuccessful, …` has that failure, and `What to do when AADSTS50076 appears` is a title.
fn quotes_a_message(words: &str) -> bool {
    const WORDS_OF_A_SENTENCE: usize = 4;
    let code = codes::first_code(words).map_or("", |at| &words[at..]);
    code.split_whitespace().count() > WORDS_OF_A_SENTENCE
}

/// What follows where a text begins with `Resolved:`, `Resolved 2026-11-20:`, `Fixed in ES6:` or the like. `Resolved 2 addresses: …`
/// and `Resolved in 35 ms: …` are said of a name.
fn headed_as_repaired(words: &str) -> Option<&str> {
    let end = HEADING_ENDS.iter().filter_map(|end| words.find(end)).min()?;
    let day = REPAIRED_FIRST.iter().find_map(|first| words[..end].strip_prefix(first))?;
    let is_heading = day.is_empty() || (day.starts_with(' ') && day.split_whitespace().all(is_of_day_or_version));
    let rest = words[end..].trim_start_matches([':', ' ', '\n', '-', '–']);
    let first = rest.split(CLAUSE_ENDS).next().unwrap_or_default();
    (is_heading && !DENIED.contains(&first.trim())).then_some(rest)
}

fn is_of_day_or_version(word: &str) -> bool {
    let is_month = || word.get(..3).is_some_and(|begin| MONTHS.contains(&begin));
    let is_duration =
        || ["ms", "s", "sec"].contains(&word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.'));
    let has_digit = word.bytes().any(|byte| byte.is_ascii_digit());
    IN_HEADING.contains(&word) || is_month() || (has_digit && !is_duration() && !is_address(word))
}

/// What follows a name, a number and a colon: `KB 4711: …`, `Step 3: …`.
fn numbered<'w>(words: &'w str, name: &str) -> Option<&'w str> {
    let number = words.strip_prefix(name)?.trim_start_matches([' ', '#']);
    let behind = number.trim_start_matches(|c: char| c.is_ascii_digit());
    behind.strip_prefix(':').filter(|_| behind.len() < number.len()).map(str::trim_start)
}

/// Whether a step is one of an instruction; a program that tests something names its steps, too.
fn says_what_to_do(step: &str, is_message: bool) -> bool {
    let begins = |parts: &[&str]| parts.iter().any(|part| step.starts_with(part));
    begins(&ADVICE) || begins(&INSTRUCTION) || (begins(&VERBS) && !is_message)
}

/// Whether "resolved" is said of a name: `… was resolved to 52.97.1.2`, `Resolved: outlook.office365.com -> 52.97.1.2`, `The name
/// was resolved, but …`.
fn resolves_a_name(words: &str) -> bool {
    const TO: [&str; 6] = ["to", "as", "into", "->", "=>", "="];
    const NAMES: [&str; 3] = ["name", "host", "hostname"];
    const PASSIVE: [&str; 5] = ["was", "is", "has", "been", "successfully"];
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let is_host = |word: &&str| is_address(word) || bare(word).contains('.');
    words.match_indices(RESOLVED).any(|(at, resolved)| {
        let behind: Vec<&str> =
            words[at + resolved.len()..].trim_start_matches(':').split_whitespace().take(3).collect();
        let before: Vec<&str> = words[..at].split_whitespace().filter(|word| !PASSIVE.contains(word)).take(3).collect();
        let leads_to = match behind[..] {
            [to, host, ..] if TO.contains(&to) => is_host(&host),
            [host, to, ..] => is_host(&host) && TO.contains(&to),
            _ => false,
        };
        let is_of_name = |word: &&str| NAMES.contains(word) || is_host(word);
        leads_to || (before.len() <= 2 && before.last().is_some_and(is_of_name))
    })
}

/// Whether a word is an address, with or without a port.
fn is_address(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let is_ip = |word: &str| word.parse::<IpAddr>().is_ok();
    is_ip(word) || word.rsplit_once(':').is_some_and(|(address, _)| is_ip(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_resolved_planned_or_advised_is_a_note() {
        for text in [
            "Resolved: the client secret had expired (AADSTS7000222).",
            "Fixed in ES6: retriever stopped with \"User is authenticated but not connected\"",
            "The proxy rule was wrong and has been fixed; mail flows again.",
            "Make sure that port 587 is not blocked.",
            "KB 4711: What to do when AADSTS50076 appears",
            "Step 3: if the test shows 535 5.7.3, check the permission SMTP.Send and repeat",
            "If authentication failed, check that IMAP is enabled for the mailbox.",
            "Conditional Access policy 'x' is in report-only mode",
            "Proxy authentication is required for internet access: none.",
            "NXDOMAIN responses this hour: 1422 (normal)",
            "connection timed out on first attempt, retry succeeded after 2 s",
            "Resolved on 20 Nov 2026: the client secret had expired (AADSTS7000222).",
            "Fixed in build 12.6.1 - retriever stopped with 535 5.7.3",
            "SMTP AUTH re-enabled for sales@example.com; test mail sent, 250 2.0.0 OK",
            "Step 2: Check that port 587 is open",
            "The outage of outlook.office365.com was resolved",
            "The timeout of smtp.office365.com was fixed today.",
            "Case closed: the client secret had expired (AADSTS7000222)",
            "The IMAP error no longer occurs since the update",
        ] {
            assert!(is_note(text), "{text}");
        }
    }

    #[test]
    fn what_fails_now_is_none() {
        for text in [
            "AADSTS50011: The redirect URI does not match. Make sure the redirect URI sent matches one added.",
            "How to fix: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
            "Known issue: AADSTS7000222: The provided client secret keys are expired",
            "outlook.office365.com could not be resolved",
            "It works again once we generate a new token, then fails after an hour with the same error",
            "After deleting the token it works again, and stops 90 days later",
            "The issue is not resolved: 535 5.7.3 Authentication unsuccessful",
            "server certificate verification failed. CAfile: /etc/ssl/certs/ca-certificates.crt CRLfile: none",
            "If the error persists: javax.mail.AuthenticationFailedException: AUTHENTICATE failed.",
            "535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
            "outlook.office365.com was resolved to 52.97.1.2 but the connection timed out",
            "Resolved outlook.office365.com to 52.97.1.2, connect failed: Connection timed out",
            "Resolved: outlook.office365.com -> 52.97.1.2; connection timed out",
            "Resolved 2 addresses: connection timed out",
            "Resolved 52.97.1.2: connection timed out",
            "Resolved in 35 ms: connection timed out",
            "The name was resolved, but the connection timed out",
            "Step 2 failed: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
            "Step 2: 535 5.7.139 Authentication unsuccessful",
            "Step 2: connection timed out",
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant; it must be re-enabled",
            "SmtpClientAuthentication is disabled for the Tenant; it must be re-enabled",
            "535 5.7.3 Authentication unsuccessful (sales@example.com, Full Access: None)",
            "AADSTS7000222: The provided client secret keys are expired. Since SECRET-B will expire in 20 days, use that",
            "KB 4711 did not help: AADSTS7000222: The provided client secret keys are expired.",
            "OAuth was re-enabled yesterday. IMAP login gives AUTHENTICATE failed",
            "The issue was fixed last week but since today: connect to outlook.office365.com port 993 connection timed out",
            "Fixed in ES6: no. Still 535 5.7.139 Authentication unsuccessful",
            "Fixed in ES6: no. 535 5.7.139 Authentication unsuccessful",
            "Resolved 2026-11-20: secret replaced. Today again AADSTS7000222: The provided client secret keys are expired.",
            "Closed - AADSTS7000222: The provided client secret keys are expired.",
            "closed: Connection reset by peer outlook.office365.com:993",
            "Verify that token: invalid_grant",
            "IMAP login still gives AUTHENTICATE failed although OAuth was re-enabled",
            "TCP 993 is allowed by rule 17. IMAP login to outlook.office365.com: connection timed out",
        ] {
            assert!(!is_note(text), "{text}");
        }
    }
}
