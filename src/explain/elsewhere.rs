//! Texts in the forms of this field that are about something else: provisioning for another application, a customer's mail
//! server in a message trace, a test of another port, a lookup of another name in the log of a DNS server.
//!
//! In: a text in small letters with single blanks. Out: whether it is about one of these. Each is told by its form, not by a
//! list of products: what stands where such a text names its application, its server, its port or its name.

use super::restate;

/// Whether a text is about one of these other things.
#[must_use]
pub fn is_elsewhere(words: &str) -> bool {
    is_of_other_application(words) || is_of_recipient(words) || is_test_of_others(words) || is_lookup_of_others(words)
}

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
    " to app ",
    "application: ",
    "target system: ",
    "targetsystem: ",
    "initiatedbydisplayname : ",
    "\"targetsystem\":{\"displayname\":\"",
    "error: your ",
];
/// What may stand there of Webex: its name, and that of an application that is not in the gallery.
const OF_WEBEX: [&str; 4] = ["webex", "cisco", "customappsso", "spark"];
/// What stands there of no application.
const NO_NAMES: [&str; 12] =
    ["the", "this", "your", "a", "an", "target", "entra", "microsoft", "azure", "scim", "http", "https"];

/// Whether a text about provisioning names an application, and not Webex.
fn is_of_other_application(words: &str) -> bool {
    if !holds(words, &PROVISIONING) || holds(words, &OF_WEBEX) {
        return false;
    }
    let mut named =
        APPLICATIONS.iter().flat_map(|mark| words.match_indices(mark).map(|(at, _)| &words[at + mark.len()..]));
    let is_name = |text: &str| {
        let name = &text[..text.find(|c: char| !c.is_alphanumeric()).unwrap_or(text.len())];
        // "from your application: Message: …"
        let is_key = text[name.len()..].starts_with(':');
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
const TESTED: &str = "tcptestsucceeded";
/// The computer itself, as the same output names it.
const OWN: [&str; 4] =
    ["computername : localhost", "computername : 127.", "remoteaddress : 127.", "remoteaddress : ::1"];
/// Before the port.
const REMOTE_PORT: &str = "remoteport :";
/// Ports of mail, sign-in, DNS and proxies.
const PORTS: [u16; 12] = [25, 53, 80, 110, 143, 443, 465, 587, 993, 995, 3128, 8080];

/// Whether a text is the output of `Test-NetConnection` for a port that nothing of ours has, or for the computer itself.
#[must_use]
pub fn is_test_of_others(words: &str) -> bool {
    let ports = words.match_indices(REMOTE_PORT).filter_map(|(at, mark)| {
        let digits = words[at + mark.len()..].trim_start();
        digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())].parse().ok()
    });
    let ports: Vec<u16> = ports.collect();
    let has_others = !ports.is_empty() && ports.iter().all(|port| !PORTS.contains(port));
    words.contains(TESTED) && (holds(words, &OWN) || has_others)
}

// --- a lookup of another name ---

/// What the log of a DNS server says that names what it looked up: BIND, see
/// <https://bind9.readthedocs.io/en/latest/reference.html#response-policy-zone-rewriting>, and Unbound.
const LOOKUPS: [&str; 4] = ["rpz qname ", "rpz ip ", "cat=rpz", " servfail <"];
/// What names of mail, sign-in and Webex hold.
const NAMES: [&str; 7] =
    ["office365", "outlook", "office.com", "microsoftonline", "microsoft.com", "webex", "ciscospark"];

/// How Postfix says that it did not find the mail server of a domain: of a recipient, not of its own relay, see
/// <https://www.postfix.org/postconf.5.html#relayhost>.
const OF_RECIPIENTS: [&str; 2] = ["name service error for name=", " type=mx"];

/// Whether the log of a DNS server tells of a lookup of names that mail and sign-in do not use, or a mail server of one of the
/// domain of a recipient.
fn is_lookup_of_others(words: &str) -> bool {
    let is_of_recipient = OF_RECIPIENTS.iter().all(|part| words.contains(part));
    (holds(words, &LOOKUPS) || is_of_recipient) && !holds(words, &NAMES)
}

/// Every string of this module that a text is searched for as it stands.
pub fn searched() -> impl Iterator<Item = &'static str> {
    LOOKUPS.into_iter().chain(NAMES).chain(OF_RECIPIENTS)
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
            "status=deferred (host or domain name not found. name service error for name=a.example type=mx: host not found)",
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
            "rpz qname nxdomain rewrite outlook.office365.com [a] via outlook.office365.com.rpz1.com",
        ] {
            assert!(!is_elsewhere(words), "{words}");
        }
    }
}
