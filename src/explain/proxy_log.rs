//! Lines of a proxy's log about the hosts of mail and sign-in: which deny, and which only ask who is there.
//!
//! In: lines in the form of any maker. Out: whether one denies a request to such a host; the text without each 407 to a
//! `CONNECT` that a later line grants: with NTLM and Kerberos every connection begins so (RFC 4559, section 4). Results: Squid's
//! `TCP_DENIED` (<https://wiki.squid-cache.org/SquidFaq/SquidLogs>), `BLOCK_…` of Cisco's Secure Web Appliance, `policy_denied`
//! of `ProxySG`, `action=Blocked` of Zscaler (<https://help.zscaler.com/zia/nss-feed-output-format-web-logs>).

use std::{borrow::Cow, collections::HashSet, net::IpAddr};

use super::fields::Fields;

/// The status of a challenge, as logs write it.
const CHALLENGES: [&str; 3] = ["/407 ", " 407 ", "\t407\t"];
/// The status of a tunnel that was granted.
const GRANTS: [&str; 3] = ["/200 ", " 200 ", "\t200\t"];
/// Behind this stands what a tunnel was asked for.
const CONNECT: &str = "connect ";
/// Behind these stands what was asked for.
const METHODS: [&str; 8] = [CONNECT, "get ", "post ", "put ", "head ", "options ", "delete ", "patch "];
/// Fields that name the host that was asked for, the most exact first: `host` can also be the proxy itself.
const HOST_FIELDS: [&str; 13] = [
    "url",
    "eurl",
    "requesturl",
    "request",
    "dhost",
    "ehost",
    "dsthost",
    "dst_host",
    "dest_host",
    "cs-host",
    "hostname",
    "domain",
    "host",
];
/// Fields with the status of the answer.
const STATUS_FIELDS: [&str; 4] = ["responsecode", "respcode", "sc-status", "statuscode"];
/// What Squid's results begin with, and those of the proxies that took them from it.
const RESULT: &str = "tcp_";

/// How a line says that a request was denied: each such line of a log holds one of these.
pub const DENIALS: [&str; 21] = [
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
    "act=blocked",
    "act=block ",
    "\"action\":\"block\"",
    "\"action\": \"block\"",
    "\"action\":\"blocked\"",
    "\"action\": \"blocked\"",
    ",block-url,",
    ",block-continue,",
    ",block-override,",
];
/// How the log of a proxy tells that it could not reach a host, where it also says that it had [`NO_PEER`]: Squid's result and the
/// status of a gateway. With a peer, the host itself answered so.
pub const FAILURES: [&str; 9] = [
    "none/503 ",
    "none/502 ",
    "none/504 ",
    "miss/503 ",
    "miss/502 ",
    "miss/504 ",
    "tunnel/503 ",
    "tunnel/502 ",
    "tunnel/504 ",
];
/// How Squid logs that it had no peer, see <https://wiki.squid-cache.org/SquidFaq/SquidLogs>: `HIER_NONE/-`, `NONE/-`.
const NO_PEER: &str = "none/-";
/// The domains of mail, sign-in and Webex in all clouds (`checks/tables/clouds.toml`), each with a dot in front.
pub const DOMAINS: [&str; 14] = [
    ".office365.com",
    ".office365.us",
    ".outlook.com",
    ".outlook.office.com",
    ".partner.outlook.cn",
    ".microsoftonline.com",
    ".microsoftonline.us",
    ".partner.microsoftonline.cn",
    ".login.microsoft.com",
    ".graph.microsoft.com",
    ".graph.microsoft.us",
    ".webex.com",
    ".webexapis.com",
    ".ciscospark.com",
];
/// Hosts of sign-in and Microsoft Graph whose domain is also that of others.
const EXACT: [&str; 2] = ["dod-graph.microsoft.us", "microsoftgraph.chinacloudapi.cn"];

/// What `FortiOS` says of a connection that its inspection of TLS ended, which no filter denied.
const INSPECTED: &str = "subtype=\"ssl\"";
/// In a log of URLs of PAN-OS; the address that was asked for is its field 32, see
/// <https://docs.paloaltonetworks.com/ngfw/administration/monitoring/use-syslog-for-monitoring/syslog-field-descriptions/url-filtering-log-fields>.
const URL_LOG: &str = ",threat,url,";

/// So many digits a date with a time has at least.
const LEAST_DIGITS: usize = 10;

/// Whether a line in small letters says that a proxy denied a request to a host of mail, sign-in or Webex; one that asks for a
/// user does not. Hosts elsewhere in the line, such as in the name of a user or in the page that led there, do not count.
#[must_use]
pub fn is_denied(line: &str) -> bool {
    is_denial(line) && requested(line).is_some_and(is_ours) && !has_status(line, 407, &CHALLENGES)
}

/// Whether a line in small letters says that a proxy could not reach a host of mail, sign-in or Webex.
#[must_use]
pub fn cannot_connect(line: &str) -> bool {
    holds(line, &FAILURES) && line.contains(NO_PEER) && has_time(line) && requested(line).is_some_and(is_ours)
}

/// Whether a line in small letters is that of `FortiOS` about a connection to such a host that its inspection of TLS ended.
#[must_use]
pub fn is_inspected(line: &str) -> bool {
    let named = || Fields::of(line).value(&["sni"]).and_then(host).or_else(|| requested(line));
    line.contains(INSPECTED) && holds(line, &DENIALS) && named().is_some_and(is_ours)
}

/// Whether the lines of a text tell of denied requests, each to a host that has nothing to do with mail, sign-in or Webex.
#[must_use]
pub fn denies_others_only(text: &str) -> bool {
    let small = text.to_lowercase();
    let mut lines = small.lines().filter(|line| !line.trim().is_empty()).peekable();
    let is_other = |line: &str| is_denial(line) && requested(line).is_some_and(|host| !is_ours(host));
    lines.peek().is_some() && lines.all(is_other)
}

/// Whether a line in small letters is that of a log about a denied request: it has a time; a page that says the same has none.
fn is_denial(line: &str) -> bool {
    holds(line, &DENIALS) && has_time(line) && !line.contains(INSPECTED)
}

fn has_time(line: &str) -> bool {
    line.bytes().filter(u8::is_ascii_digit).count() >= LEAST_DIGITS
}

/// Whether a text can tell of a denial or a challenge.
#[must_use]
pub fn may_tell(words: &str) -> bool {
    words.contains("407") || holds(words, &DENIALS) || holds(words, &FAILURES)
}

/// Whether a host, with its port where it has one, is one of mail, sign-in or Webex.
#[must_use]
pub fn is_ours(host: &str) -> bool {
    let host = host.split(':').next().unwrap_or_default().trim_end_matches('.');
    EXACT.contains(&host) || DOMAINS.iter().any(|domain| format!(".{host}").ends_with(domain))
}

/// Every string of this module that a text is searched for which [`may_tell`] of a proxy.
pub fn searched() -> impl Iterator<Item = &'static str> {
    let others = [
        "407", "connect", "/200 ", " 200 ", "url", "host", "domain", "request", "sni", RESULT, URL_LOG, INSPECTED,
        NO_PEER,
    ];
    let lists: [&[&str]; 6] = [&DENIALS, &FAILURES, &DOMAINS, &EXACT, &METHODS, &STATUS_FIELDS];
    lists.into_iter().flatten().copied().chain(others)
}

/// The lines of a text without the challenges that were answered: a later tunnel of the same client to the same host was granted.
/// Where no client can be read, the line stays.
#[must_use]
pub fn without_answered(text: &str) -> Cow<'_, str> {
    let small = text.to_lowercase();
    if !small.contains(CONNECT) || !holds(&small, &CHALLENGES) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<(&str, &str)> = text.lines().zip(small.lines()).collect();
    let mut granted = HashSet::new();
    let mut kept = Vec::with_capacity(lines.len());
    for (line, small) in lines.into_iter().rev() {
        let tunnel = tunnel(small);
        let is_answered = tunnel.is_some_and(|tunnel| granted.contains(&tunnel));
        if is_answered && has_status(small, 407, &CHALLENGES) {
            continue;
        }
        granted.extend(tunnel.filter(|_| has_status(small, 200, &GRANTS)));
        kept.push(line);
    }
    kept.reverse();
    Cow::Owned(kept.join("\n"))
}

/// The client of a tunnel, and what it asks for.
fn tunnel(line: &str) -> Option<(IpAddr, &str)> {
    let (before, behind) = line.split_once(CONNECT)?;
    let mut words = before.rsplit(|c: char| c.is_whitespace() || "=\"[](),".contains(c));
    Some((words.find_map(|word| word.parse().ok())?, target(behind)?))
}

/// The host that a line's request is for: of a field, behind the method, or of the only address in the line.
fn requested(line: &str) -> Option<&str> {
    if line.contains(URL_LOG) {
        return line.split(',').nth(31).and_then(host);
    }
    let fields = Fields::of(line);
    let of_field = HOST_FIELDS.iter().find_map(|name| fields.value(&[name]).and_then(host));
    of_field.or_else(|| METHODS.iter().find_map(|method| behind_method(line, method))).or_else(|| only_address(line))
}

/// What follows a method that is a word of its own.
fn behind_method<'l>(line: &'l str, method: &str) -> Option<&'l str> {
    let is_begin = |at: usize| line[..at].chars().next_back().is_none_or(|c| c.is_whitespace() || c == '"');
    line.match_indices(method)
        .filter(|(at, _)| is_begin(*at))
        .find_map(|(at, method)| target(&line[at + method.len()..]))
}

/// The first host, with its port where there is one; scheme and signs can be before it: `- tcp login.example.com 443`.
fn target(behind: &str) -> Option<&str> {
    behind.split_whitespace().find(|word| word.contains(['.', ':'])).and_then(host)
}

/// The host of the only address in a line.
fn only_address(line: &str) -> Option<&str> {
    let mut addresses = line.match_indices("://");
    let (at, _) = addresses.next()?;
    if addresses.next().is_some() { None } else { host(&line[at..]) }
}

/// The host of an address or of a host with a port.
fn host(address: &str) -> Option<&str> {
    let address = address.trim_start_matches(['"', '\'', '<', '[']);
    let host = address.split_once("://").map_or(address, |(_, host)| host);
    host.split(['/', '"', '\'', '?', ' ', ',', ';', '>']).next().filter(|host| host.contains('.'))
}

/// Whether a line tells of an answer of this status: by its field, else by how logs write it.
fn has_status(line: &str, wanted: u16, written: &[&str]) -> bool {
    status(line).map_or_else(|| holds(line, written), |status| status == wanted)
}

/// The status of the answer: a field of this name, `TCP_DENIED/403`, `403 TCP_DENIED`, `TCP_DENIED 403`, `" 403` behind a request.
/// A size or a part of a time can have the same digits.
fn status(line: &str) -> Option<u16> {
    let number = |word: &str| word.parse().ok().filter(|status| word.len() == 3 && (100..600).contains(status));
    if let Some(status) = Fields::of(line).value(&STATUS_FIELDS).and_then(number) {
        return Some(status);
    }
    let words: Vec<&str> = line.split_whitespace().collect();
    let of_result = words.iter().find_map(|word| {
        let (result, status) = word.rsplit_once('/')?;
        number(status).filter(|_| result.starts_with(|c: char| c.is_ascii_alphabetic()))
    });
    let beside = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| number(words[before]));
        before.or_else(|| words.get(at + 1).and_then(|behind| number(behind)))
    };
    let of_action = || words.iter().position(|word| word.starts_with(RESULT)).and_then(beside);
    let behind_request = || {
        let request = words.iter().position(|word| word.starts_with("http/") && word.ends_with('"'))?;
        words.get(request + 1).and_then(|word| number(word))
    };
    of_result.or_else(behind_request).or_else(of_action)
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
            "1764078922.1 1 10.1.1.1 TCP_DENIED/403 3950 CONNECT login.microsoftonline.com:443 - HIER_NONE/- -",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 407 CONNECT login.microsoftonline.com:443 - HIER_NONE/- -",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 407 GET http://webexapis.com/v1 - HIER_NONE/- -",
            "10.1.1.1 - - [20/Nov/2026:10:15:22 +0000] \"CONNECT outlook.office365.com:443 HTTP/1.1\" 403 407 TCP_DENIED:NONE",
            "{\"time\":\"2026-11-20T10:15:22\",\"host\":\"login.microsoftonline.com\",\"result\":\"TCP_DENIED\"}",
            "2026-11-20 10:15:22 reason=Not allowed action=Blocked hostname=outlook.office365.us:443",
            "2026-11-20 10:15:22 reason=Not allowed action=Blocked hostname=login.partner.microsoftonline.cn",
            "2026-11-20 10:15:22 reason=Not allowed action=Blocked hostname=idbroker-b-us.webex.com",
            "{\"time\":\"Fri Dec 31 07:07:07 2021\",\"eurl\":\"login.microsoftonline.com/common\",\"action\":\"Blocked\",\"respcode\":\"403\"}",
            "1,2026/09/08 16:45:31,023001020729,THREAT,url,2817,2026/09/08 16:45:31,172.48.14.115,20.190.151.8,119.110.198.148,20.190.151.8,P,,,ssl,vsys1,LAN,WAN,ethernet1/2,ethernet1/1,F,2026/09/08 16:45:33,227850,1,58959,443,43025,443,0x403400,tcp,block-url,\"login.microsoftonline.com/\",(9999)",
            "Nov 20 2026 10:00:00 nss CEF:0|Zscaler|NSSWeblog|5.7|Blocked|x|3|act=Blocked dhost=login.microsoftonline.com dst=20.1.2.3",
        ] {
            assert!(is_denied(&line.to_lowercase()), "{line}");
        }
        for line in [
            "Access Denied (policy_denied) https://login.microsoftonline.com",
            ASKED,
            GRANTED,
            "date=2026-11-20 time=10:00:00 type=\"utm\" subtype=\"ssl\" action=\"blocked\" hostname=\"outlook.office365.com\"",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 39 CONNECT ads.example.net:443 - HIER_NONE/- -",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 39 CONNECT ads.example.net:443 svc-webex HIER_NONE/- -",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 39 GET http://ads.example.net/a?from=outlook.office365.com - HIER_NONE/- -",
            "2026-11-20 10:15:22 action=Blocked url=ads.example.net/x user=svc@outlook.example.com referer=https://webex.com/",
            "2026-11-20 10:15:22 12 10.1.2.3 webex - policy_denied DENIED https://outlook.office365.com/ 403 GET http ads.example.net 80 /",
            "2026-11-20 10:15:22 action=Blocked hostname=graph.microsoft.com responsecode=407",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 39 CONNECT outlook.example.net:443 - HIER_NONE/- text/html",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 39 CONNECT cdn.webexample.com:443 - HIER_NONE/- text/html",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 39 CONNECT outlook.live.com:443 - HIER_NONE/- text/html",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 39 CONNECT notoffice365.com:443 - HIER_NONE/- text/html",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 39 CONNECT outlook.office365.com.example.net:443 - HIER_NONE/- text/html",
            "1700478922.1 1 10.1.1.1 TCP_DENIED/403 39 GET http://download.microsoft.com/x - HIER_NONE/- text/html",
        ] {
            assert!(!is_denied(&line.to_lowercase()), "{line}");
        }
    }

    #[test]
    fn a_host_that_the_proxy_cannot_reach_is_told_from_one_that_it_denies() {
        let line = "1700478922.1 60012 10.1.1.1 NONE_NONE/503 0 CONNECT outlook.office365.com:993 - HIER_NONE/- -";
        assert!(cannot_connect(&line.to_lowercase()) && !is_denied(&line.to_lowercase()));
        for line in [
            GRANTED,
            &line.replace("outlook.office365.com:993", "ads.example.net:443"),
            "none/503 connect outlook.office365.com",
            "1700478922.1 60 10.1.1.1 TCP_MISS/503 9 GET https://outlook.office365.com/owa/ - HIER_DIRECT/52.97.1.2 -",
        ] {
            assert!(!cannot_connect(&line.to_lowercase()), "{line}");
        }
    }

    #[test]
    fn a_connection_that_fortios_inspects_counts_for_hosts_of_ours_only() {
        let line = "type=\"utm\" subtype=\"ssl\" action=\"blocked\" hostname=\"outlook.office365.com\" msg=\"Server certificate blocked\"";
        assert!(is_inspected(line) && is_inspected(&line.replace("hostname", "sni")));
        for line in [line.replace("outlook.office365.com", "ads.example.net"), line.replace("\"ssl\"", "\"webfilter\"")]
        {
            assert!(!is_inspected(&line), "{line}");
        }
    }

    #[test]
    fn a_challenge_that_was_answered_is_left_out_and_another_is_not() {
        assert_eq!(without_answered(&format!("{ASKED}\n{GRANTED}")), GRANTED);
        let other = ASKED.replace("login.microsoftonline.com", "graph.microsoft.com");
        let of_other_client = GRANTED.replace("10.1.1.1", "10.9.9.9");
        let without_client = format!("{ASKED}\n{GRANTED}").replace("10.1.1.1", "-");
        for text in [
            ASKED.to_owned(),
            format!("{other}\n{GRANTED}"),
            format!("{GRANTED}\n{ASKED}"),
            format!("{ASKED}\n{of_other_client}"),
            without_client,
        ] {
            assert_eq!(without_answered(&text), text);
        }
    }
}
