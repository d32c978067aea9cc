//! What whole families of texts say, put into the one sentence that the signs know.
//!
//! In: a text. Out: sentences of the catalogue that say the same. A firewall writes down a denied connection in dozens of
//! forms, a product says in as many words that it has no token, `PowerShell` names a missing cmdlet in every language: what they
//! have in common is read here, so that no list of examples has to hold each of them.

use std::net::{IpAddr, Ipv4Addr};

use super::{clock, firewall, on_premises, proxy_log};
use crate::{catalogue::tables::Clouds, finding::Certainty};

/// Said where a firewall denied a connection to a mail port.
pub const DENIED: &str = "a firewall denied the connection to the mail port";
/// Said where a proxy denied a request to a host of mail, sign-in or Webex.
pub const PROXY_DENIED: &str = "a proxy denied the request to the host of mail or sign-in";
/// Said where a proxy could not reach a host of mail, sign-in or Webex.
pub const PROXY_FAILED: &str = "a proxy could not connect to the host of mail or sign-in";
/// Said where a device ended a connection to such a host that it inspects.
pub const TLS_ENDED: &str = "a firewall ended the connection to the host of mail or sign-in by its inspection of tls";
/// Said where a program has no token to sign in with.
pub const NO_TOKEN: &str = "no access token";
/// Said where the session of an administrator lacks a cmdlet.
pub const NO_CMDLET: &str = "the term 'new-serviceprincipal' is not recognized";

/// Said where Exchange Online does not know a mailbox, or a service principal.
pub const NO_MAILBOX: &str = "a recipient of this address does not exist in the organization";
/// See [`NO_MAILBOX`].
pub const NO_PRINCIPAL: &str = "a service principal of this id does not exist in the organization";
/// Said where the certificate of a name of Microsoft has another issuer than Microsoft's have.
pub const INSPECTED: &str = "the certificate of a microsoft name was issued by another organization";
/// Said where a server offers no STARTTLS.
pub const NO_STARTTLS: &str = "the server does not support starttls";
/// Said where Exchange of the site refused a sign-in.
pub const OTHER_EXCHANGE: &str = "an exchange server of another organization refused the sign-in";
/// How `openssl s_client -starttls` says so.
const STARTTLS_NOT_FOUND: [&str; 2] =
    ["didn't find starttls in server response", "didn't found starttls in server response"];
/// Said where mail stops when the first access token ends, which lives for 60 to 90 minutes, see
/// <https://learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes>.
pub const AN_HOUR: &str = "mail stops an hour after the token was generated";
/// Said where mail stops when the first refresh token ends, see <https://learn.microsoft.com/entra/identity-platform/refresh-tokens>.
pub const NINETY_DAYS: &str = "mail stops 90 days after the token was generated";

/// Lines that are longer are no line of a firewall, in bytes.
const LONGEST_LINE: usize = 4_096;
/// A text that is longer was not typed from a screen, in bytes.
const LONGEST_TYPED: usize = 4_096;

/// A sentence that decides before the text as a whole is read, and how sure the text makes it at most.
#[must_use]
pub fn exact(text: &str, clouds: &Clouds) -> Option<(&'static str, Certainty)> {
    if let Some(denied) = denied(text, clouds) {
        return Some(denied);
    }
    let small = text.to_lowercase().replace('\u{a0}', " ");
    // openssl goes on and then fails at something else
    if STARTTLS_NOT_FOUND.iter().any(|words| small.contains(words)) {
        return Some((NO_STARTTLS, Certainty::Certain));
    }
    let missing = lacks_cmdlet(&small).then_some(NO_CMDLET);
    let of_clock = || clock::is_off(&small).then_some(clock::OFF);
    let no_data = || has_no_data(&small).then_some(NO_DATA);
    let known =
        missing.or_else(|| not_in_exchange(&small)).or_else(|| resolved(&small)).or_else(no_data).or_else(of_clock);
    let of_other = || on_premises::refuses_sign_in(&small).then_some((OTHER_EXCHANGE, Certainty::Likely));
    known.map(|sentence| (sentence, Certainty::Certain)).or_else(of_other)
}

/// How JSON, CSV and HTML write a quote.
const QUOTES: [&str; 3] = ["\\\"", "\"\"", "&quot;"];

/// A line of a log as its program wrote it, where another one put it into quotes.
fn with_bare_quotes(line: String) -> String {
    QUOTES.iter().fold(line, |line, quote| if line.contains(quote) { line.replace(quote, "\"") } else { line })
}

/// What the lines of a firewall or a proxy say; the surest counts, of those the first.
fn denied(text: &str, clouds: &Clouds) -> Option<(&'static str, Certainty)> {
    let lines = text.lines().filter(|line| line.len() <= LONGEST_LINE);
    let denials = lines.filter_map(|line| {
        let line = with_bare_quotes(line.to_lowercase());
        let by_proxy = || proxy_log::is_denied(&line).then_some((PROXY_DENIED, Certainty::Certain));
        let failed = || proxy_log::cannot_connect(&line).then_some((PROXY_FAILED, Certainty::Certain));
        let inspected = || proxy_log::is_inspected(&line).then_some((TLS_ENDED, Certainty::Certain));
        let of_firewall = firewall::denied(&line, clouds).map(|sure| (DENIED, sure));
        of_firewall.or_else(by_proxy).or_else(failed).or_else(inspected)
    });
    denials.min_by_key(|(_, certainty)| *certainty)
}

/// The sentence that counts where nothing else is known of a text in small letters.
#[must_use]
pub fn loose(words: &str) -> Option<&'static str> {
    let of_webex = || is_code_of_webex(words).then_some(NOT_AUTHORIZED);
    rhythm(words).or_else(|| lacks_token(words).then_some(NO_TOKEN)).or_else(of_webex)
}

/// Every string of this module that a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 4] = [&OF_WEBEX, &STARTTLS_NOT_FOUND, &FUNCTIONS, &CMDLETS];
    lists.into_iter().flatten().copied().chain(["token", "oauth", BLOCKED, NOT_AUTHORIZED_CODE])
}

/// Whether a text names a token.
#[must_use]
pub fn names_token(words: &str) -> bool {
    words.contains("token")
}

/// Every string of this module that a text is searched for which names a token.
pub fn searched_beside_token() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 10] = [&NEVER, &KINDS, &FAILS, &OBTAIN, &NONE, &ABSENT, &STOPS, &HOURS, &DAYS, &OTHERS];
    lists.into_iter().flatten().copied()
}

// --- what Control Hub shows ---

/// Said where Webex is not authorized in Entra ID: the code as Control Hub's "Copy Debug Info" has it.
pub const NOT_AUTHORIZED: &str = "\"701018\"";
/// See [`NOT_AUTHORIZED`].
const NOT_AUTHORIZED_CODE: &str = "701018";
/// What names Webex beside its code.
const OF_WEBEX: [&str; 4] = ["webex", "control hub", "azure ad integration", "entra id integration"];

/// Whether a text is the code alone, or has it as a number of its own beside the name of Webex; an id can be the same number.
fn is_code_of_webex(words: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut found = words.match_indices(NOT_AUTHORIZED_CODE);
    let has_code = found
        .any(|(at, code)| is_edge(words[..at].chars().next_back()) && is_edge(words[at + code.len()..].chars().next()));
    let is_alone = || words.trim_matches(|c: char| !c.is_alphanumeric()) == NOT_AUTHORIZED_CODE;
    has_code && (is_alone() || OF_WEBEX.iter().any(|name| words.contains(name)))
}

// --- no token ---

/// Tokens of other things.
const NEVER: [&str; 10] =
    ["csrf", "xsrf", "forgery", "unexpected token", "syntax", "device token", "push", "parser", "token ring", "aadsts"];
/// Tokens of OAuth.
const KINDS: [&str; 3] = ["access token", "refresh token", "bearer token"];
/// How a text says that something was not done.
const FAILS: [&str; 9] =
    ["cannot", "can't", "could not", "couldn't", "unable to", "failed to", "not able to", "failure to", "error"];
/// How a text says that there is none.
const NONE: [&str; 3] = ["no", "without", "missing"];
/// What a program fails to do with a token.
const OBTAIN: [&str; 12] = [
    "retrieve", "obtain", "get", "fetch", "acquire", "refresh", "renew", "request", "load", "find", "receive",
    "generate",
];
/// How a text says that something is not there.
const ABSENT: [&str; 14] = [
    "not found",
    "not available",
    "unavailable",
    "missing",
    "not present",
    "is empty",
    "was empty",
    "not exist",
    "not defined",
    "is null",
    "not configured",
    "not set",
    "not stored",
    "not generated",
];
/// So many bytes of a sentence are looked at on either side.
const NEAR: usize = 60;

/// Whether a text in small letters says that there is no token of OAuth: a failed "get … token", or a token that is not there.
#[must_use]
pub fn lacks_token(words: &str) -> bool {
    if NEVER.iter().any(|other| words.contains(other)) {
        return false;
    }
    let of_oauth = words.contains("oauth") || words.contains("msal") || KINDS.iter().any(|kind| words.contains(kind));
    of_oauth && words.match_indices("token").take(8).any(|(at, token)| is_absent(words, at, at + token.len()))
}

fn is_absent(words: &str, begin: usize, end: usize) -> bool {
    let from = (begin.saturating_sub(NEAR)..=begin).find(|at| words.is_char_boundary(*at)).unwrap_or(begin);
    let until = (end..=words.len().min(end + NEAR)).rfind(|at| words.is_char_boundary(*at)).unwrap_or(end);
    let before = words[from..begin].rsplit(['.', ';', '\n']).next().unwrap_or_default();
    let behind = words[end..until].split(['.', ';', '\n']).next().unwrap_or_default();
    let obtains = |text: &str| {
        let mut inside = text.split(|c: char| !c.is_ascii_alphabetic());
        inside.any(|word| OBTAIN.iter().any(|verb| word == *verb || is_form_in_ing(word, verb)))
    };
    let failed_before = FAILS.iter().any(|fail| before.rfind(fail).is_some_and(|at| obtains(&before[at..])));
    let has_none = before.split(' ').rev().take(4).any(|word| NONE.contains(&word));
    failed_before || has_none || ABSENT.iter().any(|absent| behind.contains(absent))
}

/// `acquiring` of `acquire`, `getting` of `get`, `loading` of `load`.
fn is_form_in_ing(word: &str, verb: &str) -> bool {
    let Some(stem) = word.strip_suffix("ing") else { return false };
    stem == verb.trim_end_matches('e') || stem.strip_prefix(verb).is_some_and(|doubled| verb.ends_with(doubled))
}

// --- a cmdlet that is not there ---

/// The cmdlets that are recommended, and those of the same modules that administrators use for the same.
const CMDLETS: [&str; 16] = [
    "new-serviceprincipal",
    "get-serviceprincipal",
    "get-casmailbox",
    "set-casmailbox",
    "get-mailbox",
    "get-exomailbox",
    "get-mailboxpermission",
    "add-mailboxpermission",
    "add-recipientpermission",
    "get-transportconfig",
    "set-transportconfig",
    "test-applicationaccesspolicy",
    "new-applicationaccesspolicy",
    "get-authenticationpolicy",
    "connect-exchangeonline",
    "get-user",
];
/// A function of a script in the languages of Windows: the sentence says that the name is neither cmdlet nor function.
const FUNCTIONS: [&str; 14] = [
    "function",
    "funktion",
    "fonction",
    "función",
    "funzione",
    "função",
    "functie",
    "funkcji",
    "funkce",
    "функции",
    "関数",
    "函数",
    "函數",
    "함수",
];

/// Whether `PowerShell` does not know one of the cmdlets, in any language: its name in quotes, and that it is no function.
fn lacks_cmdlet(words: &str) -> bool {
    let is_said = words.contains("commandnotfoundexception") || FUNCTIONS.iter().any(|word| words.contains(word));
    let is_quote =
        |c: char| !c.is_ascii_alphanumeric() && !matches!(c, ' ' | ':' | '>' | '-' | '\n' | '\r' | '(' | '+' | '|');
    let quoted = |name: &&str| {
        words.match_indices(*name).any(|(at, name)| {
            let before = words[..at].trim_end_matches([' ', '\u{a0}']).chars().next_back();
            let behind = words[at + name.len()..].trim_start_matches([' ', '\u{a0}']).chars().next();
            before.is_some_and(is_quote) && behind.is_some_and(is_quote)
        })
    };
    is_said && CMDLETS.iter().any(|name| quoted(name) || words.contains(&format!("objectnotfound: ({name}:string)")))
}

// --- what Exchange does not have ---

/// What an answer of Exchange Online says of an object that does not exist, by the form of its identity.
fn not_in_exchange(words: &str) -> Option<&'static str> {
    let (_, rest) = words.split_once("couldn't be performed because object '")?;
    let (identity, rest) = rest.split_once('\'')?;
    if !rest.trim_start().starts_with("couldn't be found on") {
        return None;
    }
    let is_id = identity.len() == 36 && identity.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    match (identity.contains('@'), is_id) {
        (true, _) => Some(NO_MAILBOX),
        (_, true) => Some(NO_PRINCIPAL),
        _ => OF_MAILBOXES.iter().any(|cmdlet| words.contains(cmdlet)).then_some(NO_MAILBOX),
    }
}

/// Cmdlets whose identity is a mailbox, also where it is given as an alias or a display name.
const OF_MAILBOXES: [&str; 7] = [
    "get-mailbox",
    "set-mailbox",
    "get-exomailbox",
    "get-casmailbox",
    "set-casmailbox",
    "add-mailboxpermission",
    "add-recipientpermission",
];

// --- what a resolver answered ---

/// Said where a name of Microsoft leads to an address that is none.
pub const SINKHOLE: &str = "addresses that cannot belong to a service: 0.0.0.0";
/// Said where it leads into the site.
pub const PRIVATE: &str = "private or synthetic addresses: 10.0.0.1";

/// Said where a DNS server has no address for a name of Microsoft.
pub const NO_DATA: &str = "the dns server has no address for the name";

/// Whether `dig` found a name of Microsoft without an address of IPv4: no error, no answer (RFC 2308, section 2.2).
fn has_no_data(words: &str) -> bool {
    let is_question = |line: &str| {
        let Some(question) = line.trim().strip_prefix(';') else { return false };
        matches!(question.split_whitespace().collect::<Vec<_>>()[..], [name, "in", "a"] if is_of_microsoft(name))
    };
    let (statuses, answers) = (words.matches("status: ").count(), words.matches("answer: 0,").count());
    statuses == 1 && answers == 1 && words.contains("status: noerror") && words.lines().any(is_question)
}

/// What the output of `nslookup`, `dig` or `Resolve-DnsName` proves of a name of Microsoft, in any language.
fn resolved(words: &str) -> Option<&'static str> {
    let mut is_ours = false;
    if words.lines().any(is_blocked_by_umbrella) {
        return Some(SINKHOLE);
    }
    for line in words.lines().filter(|line| line.len() <= LONGEST_LINE) {
        let parts: Vec<&str> = line.split_whitespace().filter(|part| *part != ":").collect();
        let address = parts.last().and_then(|last| last.parse::<Ipv4Addr>().ok());
        // `dnsmasq`: "gravity blocked login.microsoftonline.com is 0.0.0.0"
        let is_log = parts.len() >= 3 && parts[parts.len() - 2] == "is" && is_of_microsoft(parts[parts.len() - 3]);
        let is_row = is_log || (parts.first().is_some_and(|first| is_of_microsoft(first)) && parts.contains(&"a"));
        // a row of the hosts file, with a note or without; before other addresses, it can be one of any table
        let of_hosts_file = match parts[..] {
            [first, host] if is_of_microsoft(host) => block_address(first),
            [first, host, note, ..] if is_of_microsoft(host) && note.starts_with('#') => block_address(first),
            _ => None,
        };
        match (&parts[..], of_hosts_file.or(address)) {
            ([first, host], None) if first.parse::<IpAddr>().is_err() => is_ours = is_of_microsoft(host),
            (_, Some(address)) if is_row || of_hosts_file.is_some() || (is_ours && parts.len() <= 2) => {
                if is_sinkhole(address) {
                    return Some(SINKHOLE);
                }
                if address.is_private() {
                    return Some(PRIVATE);
                }
            }
            _ => is_ours = false,
        }
    }
    None
}

/// The address of a row of the hosts file, where it leads a name nowhere.
fn block_address(address: &str) -> Option<Ipv4Addr> {
    match address.parse().ok()? {
        IpAddr::V4(address) => is_sinkhole(address).then_some(address),
        IpAddr::V6(address) => (address.is_loopback() || address.is_unspecified()).then_some(Ipv4Addr::UNSPECIFIED),
    }
}

fn is_sinkhole(address: Ipv4Addr) -> bool {
    address.is_unspecified() || address.is_loopback() || is_block_page(address)
}

/// Whether an address is that of a page that Cisco Umbrella shows in place of a site, see
/// <https://www.cisco.com/c/en/us/support/docs/security/umbrella/224799-learn-the-umbrella-block-page-ip.html>.
fn is_block_page(address: Ipv4Addr) -> bool {
    matches!(address.octets(), [146, 112, 61, 104..=110])
}

/// The action of a query that Cisco Umbrella blocked, in quotes.
const BLOCKED: &str = "\"blocked\"";

/// Whether a line of the DNS log of Cisco Umbrella says that a name of Microsoft was blocked: action and domain are the fields 6
/// and 9, see <https://docs.umbrella.com/deployment-umbrella/docs/dns-log-formats>.
fn is_blocked_by_umbrella(line: &str) -> bool {
    let fields: Vec<&str> = line.split("\",\"").collect();
    fields.get(5) == Some(&BLOCKED.trim_matches('"')) && fields.get(8).is_some_and(|name| is_of_microsoft(name))
}

/// Whether a name is one of the hosts that mail and sign-in use.
#[must_use]
pub fn is_of_microsoft(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    [".office365.com", ".outlook.com", ".office.com", ".microsoftonline.com", ".microsoft.com"]
        .iter()
        .any(|domain| name.ends_with(domain))
}

// --- after how long it stops ---

/// How a text says that something no longer works.
const STOPS: [&str; 7] = ["fail", "stop", "then nothing", "no longer", "broke", "breaks", "until we"];
/// What else ends after some time.
const OTHERS: [&str; 6] = ["secret", "certificate", "password", "license", "retention", "aadsts"];
/// How long the first access token works.
const HOURS: [&str; 10] = [
    "just over an hour",
    "about an hour",
    "about one hour",
    "after an hour",
    "after one hour",
    "after 1 hour",
    "for an hour",
    "for one hour",
    "every hour",
    "60 minutes",
];
/// How long the first refresh token works.
const DAYS: [&str; 4] = ["90 days", "day 90", "ninety days", "three months"];

/// A symptom that comes back at the end of a token's life, told in prose.
#[must_use]
pub fn rhythm(words: &str) -> Option<&'static str> {
    let holds = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    if words.len() > LONGEST_TYPED || !names_token(words) || !holds(&STOPS) || holds(&OTHERS) {
        return None;
    }
    if holds(&DAYS) {
        return Some(NINETY_DAYS);
    }
    holds(&HOURS).then_some(AN_HOUR)
}

// --- typed from a screen ---

/// A text in small letters with the letters that a reader of screenshots takes for digits: `disab1ed`, `auth0rized`,
/// `authent1cat1on`. None where no word has such a digit between letters.
#[must_use]
pub fn typed(words: &str) -> Option<[String; 2]> {
    if words.len() > LONGEST_TYPED || !words.split(' ').any(is_mistyped) {
        return None;
    }
    let with = |one: char| {
        let letters = |word: &str| word.chars().map(|c| as_letter(c, one)).collect();
        let word = |word: &str| if is_mistyped(word) { letters(word) } else { word.to_owned() };
        words.split(' ').map(word).collect::<Vec<_>>().join(" ")
    };
    Some([with('l'), with('i')])
}

fn as_letter(c: char, one: char) -> char {
    match c {
        '0' => 'o',
        '1' => one,
        '5' => 's',
        other => other,
    }
}

/// Whether a word is letters but for a few digits that are like a letter, with letters on both sides.
fn is_mistyped(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let letters = word.bytes().filter(u8::is_ascii_lowercase).count();
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_plain = word.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'0' | b'1' | b'5'));
    let ends_in_letters =
        !word.starts_with(|c: char| c.is_ascii_digit()) && !word.ends_with(|c: char| c.is_ascii_digit());
    is_plain && ends_in_letters && digits > 0 && letters >= 4 && letters >= 3 * digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn exact(text: &str) -> Option<&'static str> {
        super::exact(text, &Catalogue::built_in().tables.clouds).map(|(sentence, _)| sentence)
    }

    #[test]
    fn a_code_of_webex_stands_alone_or_beside_its_name() {
        for words in ["701018", "\"701018\"", "webex shows 701018", "control hub: code 701018, request unauthorized"] {
            assert_eq!(loose(words), Some(NOT_AUTHORIZED), "{words}");
        }
        for words in ["aadsts701018", "webex user 1701018 created", "activity 701018 of case 12", "webex"] {
            assert_eq!(loose(words), None, "{words}");
        }
    }

    #[test]
    fn no_token_in_the_words_of_any_product() {
        for said in [
            "cannot retrieve access token for mailbox a@example.com",
            "oauth token not found for mail server helpdesk",
            "oauth: error while acquiring the token",
            "the access token for this account does not exist",
            "mail account 7 (oauth2): no valid token is stored",
            "could not silently fetch a new access token",
        ] {
            assert_eq!(loose(said), Some(NO_TOKEN), "{said}");
        }
        for said in [
            "access token received",
            "invalid csrf token, oauth state missing",
            "unexpected token < in json, oauth failed",
            "oauth token acquired. folder not found",
            "token is valid",
        ] {
            assert_eq!(loose(said), None, "{said}");
        }
    }

    #[test]
    fn a_missing_cmdlet_in_every_language() {
        for said in [
            "Die Benennung \"New-ServicePrincipal\" wurde nicht als Name eines Cmdlet, einer Funktion, einer Skriptdatei erkannt",
            "Le terme «\u{a0}Get-CASMailbox\u{a0}» n'est pas reconnu comme nom d'applet de commande, fonction, fichier de script",
            "用語 'Get-TransportConfig' は、コマンドレット、関数、スクリプト ファイルの名前として認識されません。",
            "+ CategoryInfo : ObjectNotFound: (Get-CASMailbox:String) [], CommandNotFoundException",
        ] {
            assert_eq!(exact(said), Some(NO_CMDLET), "{said}");
        }
        assert_eq!(exact("PS> Get-CASMailbox a@example.com | Format-List\nfunction x"), None);
    }

    #[test]
    fn what_exchange_does_not_have_and_after_how_long_it_stops() {
        let answer = |identity: &str| {
            exact(&format!(
                "Get-X : The operation couldn't be performed because object '{identity}' couldn't be found on 'DB8.PROD'."
            ))
        };
        assert_eq!(answer("info@example.com"), Some(NO_MAILBOX));
        assert_eq!(answer("22222222-2222-2222-2222-222222222222"), Some(NO_PRINCIPAL));
        assert_eq!(answer("sales"), None);
        assert_eq!(
            exact(
                "Get-Mailbox : The operation couldn't be performed because object 'sales' couldn't be found on 'DB8.PROD'."
            ),
            Some(NO_MAILBOX)
        );
        assert_eq!(loose("works for just over an hour, then fails until we generate the token again"), Some(AN_HOUR));
        assert_eq!(loose("on day 90 after the token was made all mail stopped"), Some(NINETY_DAYS));
        assert_eq!(loose("the token was refreshed after an hour"), None);
    }

    #[test]
    fn names_of_microsoft_that_lead_elsewhere() {
        let nslookup = |address: &str| {
            format!("Server:  dc01\nAddress:  10.0.0.10\n\nName:    outlook.office365.com\nAddress:  {address}\n")
        };
        assert_eq!(exact(&nslookup("0.0.0.0")), Some(SINKHOLE));
        assert_eq!(exact(&nslookup("10.66.1.20")), Some(PRIVATE));
        assert_eq!(exact(&nslookup("52.98.1.1")), None);
        assert_eq!(exact("smtp.office365.com. 60 IN A 127.0.0.1"), Some(SINKHOLE));
        for address in ["0.0.0.0", "127.0.0.1", "::1", "146.112.61.104"] {
            assert_eq!(exact(&format!("{address} outlook.office365.com")), Some(SINKHOLE), "{address}");
        }
        assert_eq!(exact("client ip host\n10.1.2.3 outlook.office365.com\n10.1.2.3 10.4.5.6"), None);
        assert_eq!(exact("dnsmasq[7]: gravity blocked login.microsoftonline.com is 0.0.0.0"), Some(SINKHOLE));
        let umbrella = |action: &str| {
            exact(&format!(
                "\"2026-11-20 10:00:00\",\"ECE\",\"ECE\",\"10.1.2.3\",\"203.0.113.7\",\"{action}\",\"1 (A)\",\"NOERROR\",\
                 \"login.microsoftonline.com.\",\"Software\""
            ))
        };
        assert_eq!((umbrella("Blocked"), umbrella("Allowed")), (Some(SINKHOLE), None));
        assert_eq!(exact("dnsmasq[7]: reply login.microsoftonline.com is 20.190.1.1"), None);
        assert_eq!(
            exact("Server:  dc01.office365.com\n\nAddress:  10.0.0.10\n\nName: www.example.com\nAddress: 10.0.0.1"),
            None
        );
    }

    #[test]
    fn letters_that_were_taken_for_digits() {
        let typed_of = |words| typed(words).map(|[first, _]| first);
        assert_eq!(
            typed_of("smtpc1ientauthentication is disab1ed").as_deref(),
            Some("smtpclientauthentication is disabled")
        );
        assert_eq!(
            typed("authent1cat1on unsuccessfu1").map(|[_, second]| second).as_deref(),
            Some("authentication unsuccessfu1")
        );
        assert_eq!(typed_of("aadsts50011 on office365 at a1 5.7.57"), None);
    }
}
