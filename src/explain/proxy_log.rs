//! Lines of a proxy's log about the hosts of mail and sign-in: which deny, and which only ask who is there.
//!
//! In: lines in the form of any maker. Out: whether one denies a request to such a host; the text without each 407 to a
//! `CONNECT` that a later line grants: with NTLM and Kerberos every connection begins so (RFC 4559, section 4). Results: Squid's
//! `TCP_DENIED` (<https://wiki.squid-cache.org/SquidFaq/SquidLogs>), `BLOCK_…` of Cisco's Secure Web Appliance, `policy_denied`
//! of `ProxySG`, `action=Blocked` of Zscaler (<https://help.zscaler.com/zia/nss-feed-output-format-web-logs>).

use std::borrow::Cow;

/// The status of a challenge, as logs write it.
const CHALLENGES: [&str; 3] = ["/407 ", " 407 ", "\t407\t"];
/// The status of a tunnel that was granted.
const GRANTS: [&str; 3] = ["/200 ", " 200 ", "\t200\t"];
/// Behind this stands what a tunnel was asked for.
const CONNECT: &str = "connect ";

/// How a line says that a request was denied.
const DENIALS: [&str; 12] = [
    "tcp_denied",
    "policy_denied",
    "content_filter_denied",
    "block_webcat",
    "block_admin",
    "block_custom",
    "block_dest",
    "block_policy",
    "action=blocked",
    "action=\"blocked\"",
    "action=block ",
    "action=deny ",
];
/// The hosts of mail, sign-in and Webex.
const HOSTS: [&str; 7] =
    ["login.microsoftonline", "login.microsoft.com", "office365", "outlook.", "graph.microsoft", "webex", "ciscospark"];

/// So many digits a date with a time has at least.
const LEAST_DIGITS: usize = 10;

/// Whether a line in small letters says that a proxy denied a request to a host of mail, sign-in or Webex; one that asks for a
/// user does not.
#[must_use]
pub fn is_denied(line: &str) -> bool {
    // a line of a log has a time; a page that says the same has none
    let has_time = line.bytes().filter(u8::is_ascii_digit).count() >= LEAST_DIGITS;
    has_time && holds(line, &DENIALS) && holds(line, &HOSTS) && !line.contains("407")
}

/// Strings of which each such line of a log holds one.
pub const NEEDLES: [&str; 7] = [
    "tcp_denied",
    "policy_denied",
    "content_filter_denied",
    "block_webcat",
    "block_admin",
    "block_custom",
    "action=blocked",
];

/// Every string of this module that a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 3] = [&DENIALS, &HOSTS, &["407", "connect", "/200 ", " 200 "]];
    lists.into_iter().flatten().copied()
}

/// The lines of a text without the challenges that were answered.
#[must_use]
pub fn without_answered(text: &str) -> Cow<'_, str> {
    let small = text.to_lowercase();
    if !small.contains(CONNECT) || !holds(&small, &CHALLENGES) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<(&str, &str)> = text.lines().zip(small.lines()).collect();
    let is_answered = |at: usize| {
        let asked = target(lines[at].1).filter(|_| holds(lines[at].1, &CHALLENGES));
        asked.is_some_and(|asked| {
            lines[at + 1..].iter().any(|(_, later)| holds(later, &GRANTS) && target(later) == Some(asked))
        })
    };
    let kept = (0..lines.len()).filter(|at| !is_answered(*at)).map(|at| lines[at].0);
    Cow::Owned(kept.collect::<Vec<_>>().join("\n"))
}

/// What a line asks a tunnel for.
fn target(line: &str) -> Option<&str> {
    let (_, behind) = line.split_once(CONNECT)?;
    let target = behind.trim_start_matches("tunnel://").trim_start_matches("tcp://");
    target.split([' ', '/', '"']).next().filter(|target| !target.is_empty())
}

fn holds(line: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| line.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str =
        "1700478922.1 1 10.1.1.1 TCP_DENIED/407 4100 CONNECT login.microsoftonline.com:443 - HIER_NONE/- -";
    const GRANTED: &str =
        "1700478922.2 9 10.1.1.1 TCP_TUNNEL/200 51 CONNECT login.microsoftonline.com:443 svc HIER_DIRECT/20.190.1.2 -";

    #[test]
    fn a_denied_request_in_the_form_of_each_maker() {
        for line in [
            "1700478922.1 1 10.1.1.1 TCP_DENIED_SSL/403 0 CONNECT tunnel://outlook.office365.com:443/ - NONE/- - BLOCK_WEBCAT_12-P",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 3950 CONNECT login.microsoftonline.com:443 - HIER_NONE/- text/html",
            "2026-09-30 15:40:50 12 10.1.2.3 svc - policy_denied DENIED - 403 CONNECT - tcp login.microsoftonline.com 443 /",
            "2026-11-20 10:15:22 reason=Not allowed action=Blocked hostname=graph.microsoft.com",
        ] {
            assert!(is_denied(&line.to_lowercase()), "{line}");
        }
        for line in [
            "Access Denied (policy_denied) https://login.microsoftonline.com",
            ASKED,
            GRANTED,
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 39 CONNECT ads.example.net:443 - HIER_NONE/- -",
        ] {
            assert!(!is_denied(&line.to_lowercase()), "{line}");
        }
    }

    #[test]
    fn a_challenge_that_was_answered_is_left_out_and_another_is_not() {
        assert_eq!(without_answered(&format!("{ASKED}\n{GRANTED}")), GRANTED);
        let other = ASKED.replace("login.microsoftonline.com", "graph.microsoft.com");
        for text in [ASKED.to_owned(), format!("{other}\n{GRANTED}"), format!("{GRANTED}\n{ASKED}")] {
            assert_eq!(without_answered(&text), text);
        }
    }
}
