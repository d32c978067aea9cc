//! Texts in the forms of this field that are about something else: provisioning for another application, a customer's mail
//! server in a message trace, a test of another port, a lookup of another name in the log of a DNS server, calls of Webex, what a
//! web server says of its clients, an Exchange server of the site.
//!
//! In: a text in small letters, its words one blank apart. Out: whether it is about one of these. Each is told by its form, not by a
//! list of products: what stands where such a text names its application, its server, its port or its name.

use std::borrow::Cow;

use super::{codes, on_premises, proxy_log, restate};

/// Whether a text is about one of these other things. An error of Entra is of a sign-in, whatever stands around it.
#[must_use]
pub fn is_elsewhere(words: &str) -> bool {
    !words.contains(OF_ENTRA)
        && (is_of_other_application(words)
            || is_of_recipient(words)
            || is_test_of_others(words)
            || is_lookup_of_others(words)
            || is_lookup_with_suffix(words)
            || is_of_webex_api(words)
            || is_of_media(words)
            || is_of_clients(words)
            || is_of_site_behind_proxy(words)
            || on_premises::is_said(words)
            || is_of_message(words))
}

/// What Entra's own errors begin with.
const OF_ENTRA: &str = "aadsts";

/// Whether a text holds one of the parts.
fn holds(words: &str, parts: &[&str]) -> bool {
    parts.iter().any(|part| words.contains(part))
}

// --- provisioning for another application ---

/// What a text about provisioning names.
const PROVISIONING: [&str; 4] = ["provisioning", "scim", "systemforcrossdomain", "quarantin"];
/// Behind these Entra names the application, see <https://learn.microsoft.com/graph/api/resources/provisioningobjectsummary>.
const APPLICATIONS: [&str; 8] = [
    "' in ",
    " app ",
    APPLICATION,
    "target system: ",
    "targetsystem: ",
    "initiatedbydisplayname : ",
    "\"targetsystem\":{\"displayname\":\"",
    "error: your ",
];
/// Behind this can also stand the next key: "from your application: Message: …".
const APPLICATION: &str = "application: ";
/// What may stand there of Webex: its name, and that of an application that is not in the gallery.
const OF_WEBEX: [&str; 4] = ["webex", "cisco", "customappsso", "spark"];
/// What stands there of no other application: articles, ours, and what an app has or does.
const NO_NAMES: [&str; 34] = [
    "the",
    "this",
    "your",
    "a",
    "an",
    "target",
    "entra",
    "microsoft",
    "azure",
    "scim",
    "http",
    "https",
    "exchange",
    "office",
    "outlook",
    "ece",
    "registration",
    "registrations",
    "role",
    "roles",
    "id",
    "user",
    "users",
    "secret",
    "password",
    "passwords",
    "is",
    "was",
    "has",
    "for",
    "in",
    "and",
    "to",
    "with",
];
/// Beside these a text about provisioning is about mail, too.
const OF_MAIL: [&str; 6] = ["smtp", "imap", "pop3", "xoauth2", "office365", "exchange online"];

/// Whether a text about provisioning names an application, and not Webex.
fn is_of_other_application(words: &str) -> bool {
    if !holds(words, &PROVISIONING) || holds(words, &OF_WEBEX) || holds(words, &OF_MAIL) {
        return false;
    }
    let mut named = APPLICATIONS
        .iter()
        .flat_map(|mark| words.match_indices(mark).map(|(at, mark)| (mark, &words[at + mark.len()..])));
    let is_name = |(mark, text): (&str, &str)| {
        let name = &text[..text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len())];
        let is_key = mark == APPLICATION && text[name.len()..].starts_with(':');
        name.starts_with(char::is_alphabetic) && !is_key && !NO_NAMES.contains(&name)
    };
    named.any(is_name)
}

// --- a customer's server in a message trace ---

/// How Exchange begins what the last server said, see
/// <https://learn.microsoft.com/exchange/monitoring/trace-an-email-message/message-trace-modern-eac>.
const LAST_ERROR: &str = "{led=";
/// The codes that Exchange Online gives where it could not reach another server, see
/// <https://learn.microsoft.com/exchange/troubleshoot/email-delivery/ndr/non-delivery-reports-in-exchange-online>.
const NO_SESSION: &str = "4.4.31";
/// Behind these stands that server.
const SERVERS: [&str; 2] = ["{fqdn=", "[lastattemptedservername="];

/// Whether a row of a message trace tells what another mail server said than Exchange Online.
fn is_of_recipient(words: &str) -> bool {
    let Some((_, error)) = words.split_once(LAST_ERROR) else { return false };
    let said = error.split('}').next().unwrap_or_default();
    if said.contains(NO_SESSION) {
        return true;
    }
    let names = |mark: &&str| words.split_once(*mark)?.1.split(['}', ']']).next();
    let is_other = |server: &str| {
        server.contains('.') && server.contains(char::is_alphabetic) && !restate::is_of_microsoft(&format!(".{server}"))
    };
    !holds(said, &["outlook.com", "office365"]) && SERVERS.iter().filter_map(names).any(is_other)
}

// --- a test of another port, or of this computer ---

/// What `Test-NetConnection` prints of a test of a port.
const RESULT: &str = "TcpTestSucceeded";
/// The same in small letters.
const TESTED: &str = "tcptestsucceeded";
/// The computer itself, as the same output names it.
const OWN: [&str; 4] =
    ["computername : localhost", "computername : 127.", "remoteaddress : 127.", "remoteaddress : ::1"];
/// Before the port.
const REMOTE_PORT: &str = "remoteport :";
/// Ports of mail, sign-in, DNS and proxies.
const PORTS: [u16; 12] = [25, 53, 80, 110, 143, 443, 465, 587, 993, 995, 3128, 8080];

/// Whether a text is the output of `Test-NetConnection`, each time for a port that nothing of ours has or for the computer
/// itself.
#[must_use]
pub fn is_test_of_others(words: &str) -> bool {
    let tests: Vec<&str> = words.split(TESTED).collect();
    match tests[..] {
        [] | [_] => false,
        [_, _] => is_of_others(words),
        // the result is the last row of each
        [ref tests @ .., _] => tests.iter().all(|test| is_of_others(test)),
    }
}

/// A text without the tests of others, where it has one of ours beside them.
#[must_use]
pub fn without_tests_of_others(text: &str) -> Cow<'_, str> {
    if !text.contains(RESULT) {
        return Cow::Borrowed(text);
    }
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let tests: Vec<&[&str]> = lines.split_inclusive(|line| line.contains(RESULT)).collect();
    let is_other = |test: &[&str]| {
        let words = test.concat().to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        words.contains(TESTED) && is_of_others(&words)
    };
    let ours: Vec<&[&str]> = tests.iter().copied().filter(|test| !is_other(test)).collect();
    let has_ours = ours.iter().any(|test| test.iter().any(|line| line.contains(RESULT)));
    if !has_ours || ours.len() == tests.len() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(ours.concat().concat())
}

/// Whether one test is of the computer itself or of another port.
fn is_of_others(words: &str) -> bool {
    let ports = words.match_indices(REMOTE_PORT).filter_map(|(at, mark)| {
        let digits = words[at + mark.len()..].trim_start();
        digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())].parse::<u16>().ok()
    });
    let ports: Vec<u16> = ports.collect();
    let has_others = !ports.is_empty() && ports.iter().all(|port| !PORTS.contains(port));
    holds(words, &OWN) || has_others
}

// --- a lookup of another name ---

/// What the log of a DNS server says that names what it looked up: BIND, see
/// <https://bind9.readthedocs.io/en/latest/reference.html#response-policy-zone-rewriting>, and Unbound.
const LOOKUPS: [&str; 6] =
    ["rpz qname ", "rpz ip ", "cat=rpz", " servfail <", "validation failure <", "query (cache) '"];
/// What names of mail, sign-in and Webex hold in all clouds, and those that certificates are asked about, see
/// <https://learn.microsoft.com/microsoft-365/enterprise/urls-and-ip-address-ranges>.
const NAMES: [&str; 13] = [
    "office365",
    "outlook",
    "office.com",
    "microsoftonline",
    "microsoft.com",
    "microsoft.us",
    "chinacloudapi.cn",
    "webex",
    "ciscospark",
    "digicert.com",
    "globalsign.com",
    "entrust.net",
    "msocsp.com",
];

/// How Postfix says that it did not find the mail server of a domain: of a recipient, not of its own relay, see
/// <https://www.postfix.org/postconf.5.html#relayhost>.
const OF_RECIPIENTS: [&str; 2] = ["name service error for name=", " type=mx"];

/// Whether the log of a DNS server tells of a lookup of names that mail and sign-in do not use, or that of a mail server of a
/// lookup of a recipient's domain.
fn is_lookup_of_others(words: &str) -> bool {
    let is_of_recipient = OF_RECIPIENTS.iter().all(|part| words.contains(part));
    (holds(words, &LOOKUPS) || is_of_recipient) && !holds(words, &NAMES)
}

/// How a text says that a name does not exist.
const NOT_FOUND: [&str; 3] = ["nxdomain", "non-existent domain", "name does not exist"];
/// A domain of the site has at least so many characters; that of a country is a part of another name of the web.
const SHORTEST_SUFFIX: usize = 3;

/// Whether a text tells that a name of ours does not exist below a domain of the site, and nothing of the name itself: a resolver
/// tries the domains of its search list, see <https://man7.org/linux/man-pages/man5/resolv.conf.5.html>.
fn is_lookup_with_suffix(words: &str) -> bool {
    if !holds(words, &NOT_FOUND) {
        return false;
    }
    let names = words.split(|c: char| !c.is_alphanumeric() && !".-_".contains(c)).map(|name| name.trim_matches('.'));
    let has_suffix = |name: &str| {
        let behind = |domain: &&str| Some(name.split_once(&format!("{domain}."))?.1.len());
        proxy_log::DOMAINS.iter().filter_map(behind).any(|length| length >= SHORTEST_SUFFIX)
    };
    let (mut ours, mut with_suffix) = (false, false);
    for name in names {
        ours |= proxy_log::is_ours(name);
        with_suffix |= has_suffix(name);
    }
    with_suffix && !ours
}

// --- Webex, but not its provisioning ---

/// What names the programming interface of Webex: its hosts, and the ids of its requests.
const API: [&str; 6] = [
    "webexapis",
    "ciscospark",
    "trackingid\":\"router",
    "trackingid\": \"router",
    "tracking id: router",
    "trackingid: router",
];
/// What it says that no cause of ours is behind: too many requests, and an integration whose own secret is wrong, see
/// <https://developer.webex.com/docs/basics>.
const SAID_BY_API: [&str; 4] = ["429", "too many requests", "invalid_client", "invalid client"];

fn is_of_webex_api(words: &str) -> bool {
    holds(words, &API) && holds(words, &SAID_BY_API) && !holds(words, &OF_MAIL)
}

/// What calls and meetings are made of (RFC 8445, RFC 8489, RFC 3261).
const MEDIA: [&str; 12] = [
    "ice failed",
    "ice connection",
    "ice candidate",
    "stun response",
    "stun request",
    "stun server",
    "turn server",
    "media connection",
    "udp 5004",
    ":5004",
    "sip/2.0",
    "webrtc",
];

fn is_of_media(words: &str) -> bool {
    holds(words, &MEDIA) && !holds(words, &OF_MAIL)
}

// --- what the site's own servers say of others ---

/// How a server says that a client ended its handshake: nginx, Apache and `HAProxy`.
const CLIENTS: [&str; 3] = ["while ssl handshaking, client:", "in handshake (server", "/1: ssl handshake failure"];

fn is_of_clients(words: &str) -> bool {
    holds(words, &CLIENTS) && !holds(words, &NAMES)
}

/// How nginx says that a server behind it failed, see <https://nginx.org/en/docs/http/ngx_http_upstream_module.html>.
const UPSTREAM: [&str; 3] =
    ["to upstream, client:", "from upstream, client:", "response header from upstream, client:"];
/// What ECE's own pages have in their addresses.
const OF_ECE: [&str; 2] = [" /system/", "egain"];

fn is_of_site_behind_proxy(words: &str) -> bool {
    holds(words, &UPSTREAM) && !holds(words, &NAMES) && !holds(words, &OF_ECE)
}

// --- what is wrong with a message ---

/// What `JavaMail` throws where a header or an address of a message cannot be read, see
/// <https://jakarta.ee/specifications/mail/2.1/apidocs/jakarta.mail/jakarta/mail/internet/package-summary>.
const OF_MESSAGES: [&str; 2] = ["mail.internet.parseexception", "mail.internet.addressexception"];

fn is_of_message(words: &str) -> bool {
    holds(words, &OF_MESSAGES) && !codes::has_code(words)
}

/// Every string of this module that a text is searched for as it stands.
pub fn searched() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 12] = [
        &LOOKUPS,
        &NAMES,
        &OF_RECIPIENTS,
        &OF_MAIL,
        &NOT_FOUND,
        &API,
        &SAID_BY_API,
        &MEDIA,
        &CLIENTS,
        &UPSTREAM,
        &OF_ECE,
        &OF_MESSAGES,
    ];
    lists.into_iter().flatten().copied()
}

/// Strings of this module in whose texts any other word may be a name that counts.
pub fn beside_names() -> impl Iterator<Item = &'static str> {
    PROVISIONING.into_iter().chain([LAST_ERROR])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_about_something_else_is_told_by_its_form() {
        for words in [
            "failed to update user 'a@example.com' in atlassiancloud systemforcrossdomainidentitymanagementserviceincompatible",
            "quarantined because of: encounteredquarantineexception; error: your servicenow credentials are invalid",
            "{\"provisioningsteps\":[],\"targetsystem\":{\"displayname\":\"salesforce\"}}",
            "[{led=450 4.4.316 connection refused [message=socket error code 10061]};{msg=};{fqdn=mail.customer.example};{ip=203.0.113.9}",
            "[{led=450 4.4.317 cannot connect to remote server [message=451 4.4.0 security status illegalmessage]",
            "computername : localhost remoteport : 8080 tcptestsucceeded : false",
            "computername : db01 remoteport : 5432 tcptestsucceeded : false",
            "named[1]: rpz qname nxdomain rewrite www.aaaaa.com [aaaa] via www.aaaaa.com.local-rpz",
            "unbound [1:3] error: servfail <a.netflix.com. a in>: misc failure",
            "unbound [1:3] info: validation failure <www.evil.example. a in>: no signatures",
            "client @0x7f 10.1.2.3#5123 (www.evil.example): query (cache) 'www.evil.example/a/in' denied",
            "provisioning to app salesforce: licenselimitexceeded",
            "computername : localhost remoteport : 8080 tcptestsucceeded : true computername : db01 remoteport : 5432 tcptestsucceeded : false",
            "status=deferred (host or domain name not found. name service error for name=a.example type=mx: host not found)",
            "\"a in outlook.office365.com.mail.svc.cluster.local. udp 61 false 512\" nxdomain qr,aa,rd 154",
            "*** unknown can't find smtp.office365.com.corp.example: non-existent domain",
            "429 too many requests trackingid: router_5fb1 https://webexapis.com/v1/people",
            "webex: ice failed: no stun response on udp 5004",
            "ssl_do_handshake() failed while ssl handshaking, client: 198.51.100.9, server: 0.0.0.0:443",
            "upstream timed out while connecting to upstream, client: 203.0.113.7, request: \"get /shop http/1.1\"",
            "550 5.7.54 smtp; unable to relay recipient in non-accepted domain [ex01.corp.example]",
            "535 5.7.3 authentication unsuccessful [ex01.corp.example]",
        ] {
            assert!(is_elsewhere(words), "{words}");
        }
        for words in [
            "failed to create user 'a@example.com' in customappsso; systemforcrossdomainidentitymanagementbadrequest",
            "systemforcrossdomainidentitymanagementcredentialvalidationunavailable: this response from your application: message: x",
            "quarantined because of: encounteredquarantineexception; error: your cisco webex credentials are invalid",
            "[{led=550 5.1.8 access denied, bad outbound sender as(42000001) [x.prod.outlook.com]};{fqdn=10.0.0.40};{ip=10.0.0.40}",
            "[{led=550 5.7.708 access denied};{msg=};{fqdn=};{ip=};{lrt=}]",
            "computername : smtp.office365.com remoteport : 587 tcptestsucceeded : false",
            "name service error for name=smtp.office365.com type=a: host not found",
            "scim provisioning: aadsts7000222 client secret expired. application: ece",
            "user 'a@b.com' in exchange online: aadsts700016 application not found provisioning",
            "scim provisioning: client secret expired. application: ece",
            "scim: the app registration has no secret",
            "computername : localhost remoteport : 8080 tcptestsucceeded : true computername : outlook.office365.com remoteport : 993 tcptestsucceeded : false",
            "query (cache) 'graph.microsoft.us/a/in' denied",
            "** server can't find smtp.office365.com.au: nxdomain",
            "smtp.office365.com.corp.example: nxdomain ** server can't find smtp.office365.com: nxdomain",
            "401 unauthorized trackingid: router_5fb1 https://webexapis.com/v1/people",
            "ssl_do_handshake() failed while ssl handshaking to upstream, client: 10.1.2.3, upstream: \"https://outlook.office365.com\"",
            "upstream timed out while connecting to upstream, client: 203.0.113.7, request: \"get /system/sso.jsp http/1.1\"",
            "535 5.7.3 authentication unsuccessful [lo2p123ca0001.gbrp123.prod.outlook.com]",
            "451 4.7.651 the mail server [192.0.2.1] has been temporarily rate limited",
            "550 5.7.54 smtp; unable to relay recipient in non-accepted domain",
            "query (cache) 'dod-graph.microsoft.us/a/in' denied",
            "query (cache) 'login.chinacloudapi.cn/a/in' denied",
            "validation failure <crl3.digicert.com. a in>: no signatures",
            "rpz qname nxdomain rewrite outlook.office365.com [a] via outlook.office365.com.rpz1.com",
        ] {
            assert!(!is_elsewhere(words), "{words}");
        }
    }

    #[test]
    fn of_several_tests_those_of_others_are_left_out() {
        let test = |host: &str, port: u16, result: &str| {
            format!("ComputerName     : {host}\nRemotePort       : {port}\nTcpTestSucceeded : {result}\n\n")
        };
        let (own, ours) = (test("localhost", 8080, "False"), test("outlook.office365.com", 993, "True"));
        assert_eq!(without_tests_of_others(&format!("{own}{ours}")).trim(), ours.trim());
        assert_eq!(without_tests_of_others(&format!("{ours}{own}")).trim(), ours.trim());
        for text in [&own, &ours, &format!("{own}{own}"), "no test"] {
            assert_eq!(without_tests_of_others(text), *text);
        }
    }
}
