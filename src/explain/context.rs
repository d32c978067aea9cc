//! Which parts of a text can speak of the failure at all: the message of a log line, numbers that are named as errors.
//!
//! In: a text. Out: the same text without the fields of ECE's log that are no message, and answers to: does a number stand
//! where an error is named; does the text speak of another service than mail and sign-in. Ids of processes, threads,
//! activities and cases have the same digits as errors of Windows.

use std::borrow::Cow;

use super::{codes, elsewhere, on_premises};

/// What stands between the fields of ECE's log: time, level, thread, process, user, session, class, method, message.
const FIELD: &str = "<@>";

/// The [`messages`] of a text that was pasted. Where it is nothing but the subject of a mail, that is what is asked about.
#[must_use]
pub fn pasted(text: &str) -> Cow<'_, str> {
    let messages = messages(text);
    if messages.trim().is_empty() && !text.contains(FIELD) { Cow::Borrowed(text) } else { messages }
}

/// The messages of the lines that are written in ECE's form; other lines as they are. The subject of a mail is left out: its
/// words are a customer's.
#[must_use]
pub fn messages(text: &str) -> Cow<'_, str> {
    // every line of a log comes by here
    let holds = |text: &str, part: &str| memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some();
    let small = text.to_ascii_lowercase();
    let has_subject = holds(&small, SUBJECT) && SUBJECTS.iter().any(|mark| small.contains(mark));
    let has_fields = holds(text, FIELD);
    if !has_fields && !has_subject {
        return Cow::Borrowed(text);
    }
    let message = |line| {
        let line = if has_fields && str::contains(line, FIELD) { message(line) } else { line };
        if has_subject { without_subject(line) } else { Cow::Borrowed(line) }
    };
    Cow::Owned(text.lines().map(message).collect::<Vec<_>>().join("\n"))
}

/// What each of [`SUBJECTS`] begins with.
const SUBJECT: &str = "subject";
/// Behind these stands the subject of a mail, or the subject of a certificate, which has attributes (`CN=…`).
const SUBJECTS: [&str; 3] = ["subject: ", "subject '", "subject \""];

/// A line without the subject of a mail: up to the closing quote where it has quotes, else up to the message behind it.
fn without_subject(line: &str) -> Cow<'_, str> {
    let small = line.to_ascii_lowercase();
    let begins =
        SUBJECTS.iter().filter_map(|mark| small.find(mark).map(|at| (at, at + mark.trim_end_matches(QUOTES).len())));
    let Some((begin, from)) = begins.min() else { return Cow::Borrowed(line) };
    let end = from + quoted(&line[from..]).unwrap_or_else(|| unquoted(&small[from..]));
    if line[begin..end].contains('=') {
        return Cow::Borrowed(line);
    }
    let (before, behind) = (&line[..begin], &line[end..]);
    if behind.is_empty() { Cow::Borrowed(before) } else { Cow::Owned(format!("{before}{behind}")) }
}

/// Behind a subject without quotes, these begin what went wrong.
const BEHIND_SUBJECT: [&str; 2] = [", error", "; error"];

/// The length of a subject without quotes, in small letters: up to a code or the word before it, else to the end. A code at its
/// begin, also behind `RE:` or `Undeliverable:`, is a part of it.
fn unquoted(subject: &str) -> usize {
    let word = BEHIND_SUBJECT.iter().filter_map(|word| subject.find(word)).min();
    let is_behind = |at: &usize| !subject[..*at].trim().is_empty() && !subject[..*at].trim_end().ends_with(':');
    let code = codes::first_code(subject).map(|at| codes::begin_of_reply(subject, at)).filter(is_behind);
    word.into_iter().chain(code).min().unwrap_or(subject.len())
}

/// What a subject can be in.
const QUOTES: [char; 3] = ['"', '\'', '“'];

/// The length of the text in quotes at the beginning. A quote before a letter is an apostrophe.
fn quoted(text: &str) -> Option<usize> {
    let open = text.chars().next().filter(|c| QUOTES.contains(c))?;
    let close = if open == '“' { '”' } else { open };
    let ends = text.match_indices(close).map(|(at, quote)| at + quote.len()).skip(usize::from(close == open));
    ends.into_iter().find(|end| !text[*end..].starts_with(char::is_alphanumeric))
}

/// The message of one line in ECE's form: its last field that is not empty. A line with nothing but the fields before it
/// has none.
#[must_use]
pub fn message(line: &str) -> &str {
    let mut fields = line.rsplit(FIELD).map(str::trim).filter(|field| !field.is_empty() && !closes_quotes(field));
    let message = fields.next().unwrap_or_default();
    let is_fixed = ["ProcessId:", "PID:", "UID:", "HttpSessionId:"].iter().any(|name| message.starts_with(name));
    if is_fixed { "" } else { message }
}

/// Whether what is behind the last mark ends the quotes that another log put around the line: `"}`, `\n","stream":"stderr"}`.
fn closes_quotes(field: &str) -> bool {
    let rest = field.trim_start_matches("\\n").trim_start();
    let behind = rest.trim_start_matches(['\\', '"', '\'']);
    behind.len() < rest.len() && (behind.is_empty() || behind.starts_with([',', '}']))
}

/// A line as it is shown: of ECE's form the message, else all of it.
#[must_use]
pub fn shown(line: &str) -> &str {
    if line.contains(FIELD) { message(line) } else { line.trim() }
}

/// Words behind which a bare number is an error of the operating system, in small letters and several languages.
const ANCHORS: [&str; 34] = [
    "error",
    "errno",
    "err",
    "winerror",
    "wsa",
    "wsaerror",
    "wsagetlasterror",
    "oserror",
    "socketexception",
    "socket",
    "winsock",
    "socketerror",
    "errorcode",
    "nativeerrorcode",
    "lasterror",
    "hresult",
    "fehler",
    "fehlercode",
    "erreur",
    "errore",
    "fout",
    "erro",
    "błąd",
    "blad",
    "chyba",
    "エラー",
    "오류",
    "错误",
    "錯誤",
    "ошибка",
    "hata",
    "hiba",
    "fejl",
    "fel",
];

/// Words that may stand between an anchor and its number.
const FILLERS: [&str; 8] = ["code", "number", "no", "nr", "id", "kode", "kod", "0"];

/// Whether the number that begins behind `before` is named as an error: `WinError 10060`, `error: 10061`, `(10054)` behind
/// a failure. `ORA-10061`, `activity 10060` and `pid=10054` are not.
#[must_use]
pub fn is_named_error(before: &str) -> bool {
    let signs = [' ', ':', '=', '(', '[', '#', ',', '"', '\'', '-', '{'];
    let bare = before.trim_end_matches(signs);
    let between = &before[bare.len()..];
    let words: Vec<&str> =
        bare.rsplit(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(2).collect();
    let names = |word: Option<&&str>| word.is_some_and(|word| ANCHORS.contains(word));
    if between.contains('-') && !names(words.first()) {
        return false;
    }
    let is_filled = words.first().is_some_and(|word| FILLERS.contains(word)) && names(words.get(1));
    let in_brackets = between.ends_with(['(', '[']) && words.first().is_some_and(|word| is_failure(word));
    names(words.first()) || is_filled || in_brackets
}

/// Words of a failure, behind which a number in brackets is its error.
fn is_failure(word: &str) -> bool {
    FAILURES.contains(&word) || word.ends_with("exception")
}

const FAILURES: [&str; 10] =
    ["failed", "refused", "reset", "timeout", "timedout", "aborted", "failure", "exception", "connect", "unreachable"];

/// What databases and directories are called that a program asks through a library: a frame of it in a stack trace tells so, too.
const ASKED: [&str; 9] = ["psql", "cassandra", "mysql", "postgres", "jdbc", "ldap", "redis", "mongodb", "sqlexception"];

/// What other services are called, in small letters. Frames of a stack trace do not count: they are also those of the server that
/// the program runs in.
const OTHERS: [&str; 41] = [
    "network policy server",
    "jms",
    "jtapi",
    "finesse",
    "cisco ids",
    "cuic",
    "hazelcast",
    "hikari",
    "windows update",
    "tomcat",
    "broker url",
    "amq",
    "catalina",
    "coyote",
    "clientabort",
    "remote desktop",
    "session token",
    "csrf token",
    "kerberos ticket",
    "upstream:",
    "sshd[",
    "rdp",
    "sftp",
    "zookeeper",
    "sql server",
    "ora-",
    "oracle",
    "kafka",
    "activemq",
    "rabbitmq",
    "elasticsearch",
    "solr",
    ":1433",
    ":3306",
    ":5432",
    ":1521",
    ":389",
    ":636",
    ":6379",
    "port 1433",
    "port: 1433",
];

/// What mail, sign-in and Webex are called.
const OURS: [&str; 26] = [
    "smtp",
    "imap",
    "pop3",
    "office365",
    "outlook",
    "microsoft",
    "exchange",
    "oauth",
    "mail",
    ":587",
    ":993",
    ":995",
    ":465",
    ":443",
    "webex",
    "ciscospark",
    "aadsts",
    "msal",
    "proxy",
    "login",
    "port 587",
    "adfs",
    " entra ",
    "port 993",
    "graph",
    "scim",
];

/// What Exchange Online says behind its codes, and no other server; `checks/causes/submission.toml` has the sources.
const SAID_BY_EXCHANGE: [&str; 6] = [
    "smtpclientauthentication is disabled",
    "basic authentication is disabled",
    "basic authentication is not supported for client submission",
    "client not authenticated to send mail",
    "client was not authenticated to send anonymous mail",
    "client does not have permissions to send as this sender",
];

/// Whether Exchange Online said something, with its code: then hosts of others in the text are those of clients.
fn is_said_by_exchange(words: &str) -> bool {
    codes::has_code(words) && SAID_BY_EXCHANGE.iter().any(|sentence| words.contains(sentence))
}

/// Whether a text speaks of a service that has nothing to do with mail or sign-in, and of none that has.
#[must_use]
pub fn is_foreign(words: &str) -> bool {
    if is_said_by_exchange(words) {
        return false;
    }
    let names = |words: &str, parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let is_provider = || (names(words, &SAID_BY_PROVIDERS) || names_provider(words)) && !names(words, &MICROSOFT);
    let is_other = || {
        names(words, &ASKED)
            || names(&without_frames(words), &OTHERS)
            || has_other_port(words)
            || has_other_hosts(words)
    };
    let is_ours = || names(&words.replace(OF_SQL_SERVER, ""), &OURS) || hosts(words).any(|(_, host)| is_our_host(host));
    is_local_reject(words)
        || is_of_browser_sign_in(words)
        || elsewhere::is_elsewhere(words)
        || is_provider()
        || (is_other() && !is_ours())
}

/// What the sign-in of people to a web application is called: SAML, with certificates and lifetimes of its own, see
/// <https://help.webex.com/article/WBX68460>.
const SAML: [&str; 8] = [
    "sso error",
    "sso protocol error",
    "sso test failed",
    "saml assertion",
    "saml response",
    "samlp:",
    "saml2",
    "oasis:names:tc:saml",
];
/// Beside these a text about SAML is one of ours too.
const BESIDE_SAML: [&str; 6] = ["aadsts", "oauth", "smtp", "imap", "pop3", "scim"];

/// Whether a text is about the sign-in of people with SAML, which no mailbox uses.
fn is_of_browser_sign_in(words: &str) -> bool {
    let holds = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    holds(&SAML) && !holds(&BESIDE_SAML)
}

/// Before each frame of a stack trace.
const FRAME: &str = " at ";
/// A frame has at most so many gaps: `(Unknown Source)`, the parameters of .NET.
const MOST_GAPS: usize = 8;

/// A text without the frames of its stack traces: ` at a.b.C.d(C.java:1) ~[c.jar:9.0]`.
fn without_frames(words: &str) -> Cow<'_, str> {
    if !words.contains(FRAME) {
        return Cow::Borrowed(words);
    }
    let parts: Vec<&str> = words.split(' ').collect();
    let is_call = |part: &&str| part.split_once('(').is_some_and(|(name, _)| name.contains('.'));
    let (mut kept, mut at) = (Vec::new(), 0);
    while let Some(part) = parts.get(at) {
        if at == 0 || *part != FRAME.trim() || !parts.get(at + 1).is_some_and(is_call) {
            kept.push(*part);
            at += 1;
            continue;
        }
        let call = &parts[at + 1..];
        at += 2 + call.iter().take(MOST_GAPS).position(|part| part.ends_with(')')).unwrap_or(0);
        let is_library = |part: &&&str| part.trim_start_matches('~').starts_with('[') && part.ends_with(']');
        at += parts[at..].iter().take_while(is_library).count();
    }
    Cow::Owned(kept.join(" "))
}

/// What only others say: Google of a recipient, see <https://support.google.com/a/answer/3726730>.
const SAID_BY_PROVIDERS: [&str; 2] = ["the email account that you tried to reach", "slack api"];

/// Whether a host of another provider is named. The address of a customer tells nothing, nor does a domain alone, unless it is that
/// of a page.
fn names_provider(words: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || ".-_@+%".contains(c);
    let names = words.split(|c| !is_part(c)).filter(|name| !name.contains('@') && !name.contains("%40"));
    let below_domains = names.map(|name| name.trim_matches('.')).filter(|name| name.matches('.').count() >= 2);
    let is_of_provider = |host: &str| {
        let host = format!(".{host}.");
        let is_of_customer = OF_CUSTOMERS.iter().any(|label| host.contains(label));
        !is_of_customer
            && PROVIDERS.iter().any(|name| host.match_indices(name).any(|(at, _)| is_label(&host, at, name.len())))
    };
    below_domains.chain(hosts(words).map(|(_, host)| host)).any(is_of_provider)
}

/// Whether what is there in a host with dots around is a label, or the begin of one with dashes.
fn is_label(host: &str, at: usize, length: usize) -> bool {
    host[..at].ends_with('.') && host[at + length..].starts_with(['.', '-'])
}

/// Who else has mail, tokens and programming interfaces on the internet: labels of their hosts.
const PROVIDERS: [&str; 14] = [
    "googleapis",
    "gmail",
    "salesforce",
    "slack",
    "amazonaws",
    "amazonses",
    "awssdk",
    "dropbox",
    "zendesk",
    "atlassian.net",
    "sendgrid",
    "mailgun",
    "twilio",
    "yahoo",
];
/// Labels in the hosts of servers that customers of a provider run, such as clients of Exchange Online, see
/// <https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html>.
const OF_CUSTOMERS: [&str; 3] = [".compute.", ".compute-1.", ".elb."];
/// What Microsoft's services and libraries are called. Webex Connect and its logs speak of mailboxes of Google, too.
const MICROSOFT: [&str; 11] = [
    "microsoft",
    "office",
    "outlook",
    "exchange",
    "aadsts",
    "azure",
    "msal",
    " entra ",
    "live.com",
    "hotmail",
    "xoauth2",
];
/// What the hosts of mail, sign-in, proxies and ECE have in their names.
const OUR_HOSTS: [&str; 22] = [
    "microsoft",
    "office",
    "outlook",
    "webex",
    "cisco",
    "live.",
    "windows.net",
    "azure",
    "login",
    "adfs",
    "sts.",
    "ece",
    "egain",
    "mail",
    "smtp",
    "imap",
    "proxy",
    "exchange",
    "graph",
    "idbroker",
    "example.",
    "contoso",
];

/// The hosts of the addresses in a text, each behind the words before it.
fn hosts(words: &str) -> impl Iterator<Item = (&str, &str)> {
    words.match_indices(ADDRESS).filter_map(|(at, mark)| {
        let before = words[..at].strip_suffix("https").or_else(|| words[..at].strip_suffix("http"))?;
        let host = words[at + mark.len()..].split(['/', ':', '?', '"', '\'', ' ', ')', ',', '>']).next()?;
        host.contains('.').then_some((before, host))
    })
}

/// Words before the address of a page about a failure, which was not called.
const REFERENCES: [&str; 13] = [
    "see",
    "see also",
    "details",
    "details here",
    "info",
    "information",
    "visit",
    "refer to",
    "read more",
    "learn more",
    "documentation",
    "docs",
    "go to",
];

/// Whether these words, before an address, refer to a page.
fn refers(before: &str) -> bool {
    let before = before.trim_end_matches(|c: char| !c.is_alphanumeric());
    let is_word = |rest: &str| !rest.ends_with(char::is_alphanumeric);
    REFERENCES.iter().any(|reference| before.strip_suffix(reference).is_some_and(is_word))
}

/// A host that may be of Microsoft, Webex, the site or its proxies; an address tells nothing.
fn is_our_host(host: &str) -> bool {
    OUR_HOSTS.iter().any(|part| host.contains(part)) || host.parse::<std::net::Ipv4Addr>().is_ok()
}

/// Whether a text names hosts of the web and none of ours. Beside a code of a mail server, and where a text refers to it, such a
/// host is that of a page about the failure.
fn has_other_hosts(words: &str) -> bool {
    if codes::has_code(words) {
        return false;
    }
    let mut called = hosts(words).filter(|(before, _)| !refers(before)).map(|(_, host)| host).peekable();
    called.peek().is_some() && !called.any(is_our_host)
}

/// Behind this stands a host.
pub const ADDRESS: &str = "://";

/// Behind this word stands a port.
const PORT: &str = "port";
/// Ports of mail, sign-in, web and proxies.
const OUR_PORTS: [u16; 12] = [25, 53, 80, 110, 143, 443, 465, 587, 993, 995, 3128, 8080];

/// Whether a text names a port, and none that mail, sign-in or a proxy has.
fn has_other_port(words: &str) -> bool {
    let named = words.match_indices(PORT).filter(|(at, _)| !words[..*at].ends_with(char::is_alphanumeric));
    let named = named.filter_map(|(at, port)| number(&words[at + port.len()..]));
    let of_addresses = words.match_indices(':').filter(|(at, _)| ends_in_address(&words[..*at]));
    let of_addresses = of_addresses.filter_map(|(at, _)| number(&words[at + 1..]));
    let ports: Vec<u16> = named.chain(of_addresses).collect();
    !ports.is_empty() && !ports.iter().any(|port| OUR_PORTS.contains(port))
}

/// Whether a text ends in an address of IPv4, behind which a colon and a port follow.
fn ends_in_address(text: &str) -> bool {
    let address = text.rsplit(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default();
    address.parse::<std::net::Ipv4Addr>().is_ok()
}

/// The number behind signs such as `: `, `=` or quotes.
fn number(text: &str) -> Option<u16> {
    let text = text.trim_start_matches([' ', ':', '=', '"', '\'']);
    text[..text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())].parse().ok()
}

/// Whether the site's own mail server refused a stranger: Postfix as a server, not as the client of Exchange Online.
#[must_use]
pub fn is_local_reject(words: &str) -> bool {
    let holds = |parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let is_of_server = words.contains(REJECTED_BEFORE_QUEUE) && !words.contains(SAID_BY_NEXT);
    is_of_server || (holds(&OF_POSTFIX) && !holds(&OF_EXCHANGE))
}

/// How Postfix as a server begins a refusal, see <https://www.postfix.org/postconf.5.html#soft_bounce>.
const REJECTED_BEFORE_QUEUE: &str = "noqueue: reject";
/// Before this Postfix names the server that it handed a message to.
const SAID_BY_NEXT: &str = " said: ";

/// What Postfix calls itself when it refuses.
const OF_POSTFIX: [&str; 5] =
    ["postfix/smtpd", "noqueue: reject", "virtual mailbox table", "relay recipient table", "local recipient table"];
/// What Exchange Online is called.
const OF_EXCHANGE: [&str; 3] = ["outlook.com", "office365", "microsoft"];
/// The driver of SQL Server has its maker's name.
const OF_SQL_SERVER: &str = "com.microsoft.sqlserver";

/// Every string of this module that a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 18] = [
        &ANCHORS,
        &FILLERS,
        &FAILURES,
        &ASKED,
        &OTHERS,
        &OURS,
        &OF_POSTFIX,
        &OF_EXCHANGE,
        &PROVIDERS,
        &OF_CUSTOMERS,
        &SAID_BY_PROVIDERS,
        &MICROSOFT,
        &SUBJECTS,
        &BEHIND_SUBJECT,
        &SAID_BY_EXCHANGE,
        &SAML,
        &BESIDE_SAML,
        &[OF_SQL_SERVER, FIELD, FRAME, PORT, SAID_BY_NEXT],
    ];
    lists.into_iter().flatten().copied().chain(elsewhere::searched()).chain(on_premises::searched())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_counts_only_where_an_error_is_named() {
        for before in [
            "[winerror ",
            "wsagetlasterror: ",
            "socket error ",
            "error code: ",
            "fehler ",
            "[errno ",
            "connect failed (",
            "system.net.sockets.socketexception (",
            "error = ",
            "socket error # ",
        ] {
            assert!(is_named_error(before), "{before}");
        }
        for before in [
            "ora-",
            "activity ",
            "pid=",
            "[67:rxinstance id : ",
            "thread ",
            "case #",
            "took ",
            "",
            "mail id ",
            "(",
            "user id: ",
        ] {
            assert!(!is_named_error(before), "{before}");
        }
    }

    #[test]
    fn of_a_line_of_ece_only_the_message_is_left() {
        let line = "2011-05-11 11:09:20.006 GMT-0400 <@> ERROR <@> [67:RxInstance id : 10060] <@> ProcessId:10061 <@> PID:1 <@> UID:12 <@> \
            HttpSessionId:  <@> com.egain.mail.RxInstance <@> startInstance <@> Alias disabled <@> ";
        assert_eq!(message(line), "Alias disabled");
        for end in ["\"}", "\\n\",\"stream\":\"stderr\"}", "\",10061", "'", "\\\"}\"}"] {
            assert_eq!(message(&format!("{line}{end}")), "Alias disabled", "{end}");
        }
        assert_eq!(message(&format!("{line}\"x\" is not a port")), "\"x\" is not a port");
        assert_eq!(messages(&format!("{line}\n\tat a.b.c")), "Alias disabled\n\tat a.b.c");
        assert_eq!(message("t <@> INFO <@> ProcessId:10061 <@> HttpSessionId:"), "");
    }

    #[test]
    fn the_subject_of_a_mail_is_left_out_and_that_of_a_certificate_is_not() {
        assert_eq!(messages("created activity 7, subject: RE: Authentication failed"), "created activity 7, ");
        assert_eq!(messages("mails with subject 'Undeliverable: 550 5.1.1' moved"), "mails with  moved");
        assert_eq!(messages("subject: 'it's \"lost\"' was not sent: 535 5.7.139"), " was not sent: 535 5.7.139");
        assert_eq!(
            messages("mail with subject: \"Order = 1\" was not sent"),
            "mail with subject: \"Order = 1\" was not sent"
        );
        assert_eq!(messages("with subject “Your order” a=1 failed"), "with subject “Your order” a=1 failed");
        assert_eq!(messages("with subject: “Your order” a=1 failed"), "with  a=1 failed");
        assert_eq!(messages("*  subject: CN=outlook.com"), "*  subject: CN=outlook.com");
    }

    #[test]
    fn a_subject_without_quotes_ends_where_the_message_begins() {
        for (line, left) in [
            (
                "Failed to send mail with subject: Order 15, error 535 5.7.139 SmtpClientAuthentication is disabled",
                "Failed to send mail with , error 535 5.7.139 SmtpClientAuthentication is disabled",
            ),
            ("not sent, subject: Order 15 535 5.7.139 disabled", "not sent, 535 5.7.139 disabled"),
            ("not sent, subject: Order 15 (550, b'5.7.30 x')", "not sent, 550, b'5.7.30 x')"),
            ("not sent, subject: Order 15 - AADSTS7000222: expired", "not sent, AADSTS7000222: expired"),
            ("created activity 7, subject: Undeliverable: 550 5.1.1 user unknown", "created activity 7, "),
            ("created activity 7, subject: RE: AADSTS50076", "created activity 7, "),
            ("created activity 7, subject: order 2.0.15 arrived", "created activity 7, "),
        ] {
            assert_eq!(messages(line), left);
        }
    }

    #[test]
    fn a_subject_alone_is_what_is_asked_about() {
        let subject = "Subject: 535 5.7.139 Authentication unsuccessful";
        assert_eq!(pasted(subject), subject);
        assert_eq!(messages(subject), "");
        assert_eq!(pasted("t <@> INFO <@> Parser <@> parse <@> Subject: 535 5.7.139"), "");
    }

    #[test]
    fn frames_of_a_server_and_addresses_of_customers_are_not_those_of_others() {
        for words in [
            "sslhandshakeexception: pkix path building failed at org.apache.catalina.core.x.a(x.java:1)",
            "sslhandshakeexception: pkix path building failed at org.apache.tomcat.x.a(unknown source) ~[tomcat-x.jar:9.0] at java.lang.run(t.java:1)",
            "curl: (60) ssl certificate problem: unable to get local issuer certificate more details here: https://curl.se/docs/sslcerts.html",
            "connection refused (see also: <https://docs.python.org/3/library/socket.html>)",
            "550 5.7.60 smtp; client does not have permissions to send as this sender (recipient joe@gmail.com)",
            "550 5.7.60 client does not have permissions to send as this sender (domain yahoo.com, user slacker)",
            "535 5.7.3 authentication unsuccessful <joe%40mail.yahoo.com>",
            "535 5.7.139 authentication unsuccessful, smtpclientauthentication is disabled for the mailbox. (host ip-10-0-0-1.eu.compute.amazonaws.com)",
            "535 5.7.3 authentication unsuccessful (host ec2-203-0-113-9.eu-west-1.compute.amazonaws.com)",
            "535 5.7.3 authentication unsuccessful (client ec2-203-0-113-9.compute-1.amazonaws.com)",
            "550 5.7.60 smtp; client does not have permissions to send as this sender (relay.sendgrid.example.net)",
        ] {
            assert!(!is_foreign(words), "{words}");
        }
        for words in [
            "connection refused at redis.clients.jedis.connection.connect(connection.java:1)",
            "org.apache.catalina.connector.clientabortexception: connection reset",
            "health check https://registry.npmjs.org/ failed: connection refused",
            "535 5.7.8 authentication failed (email-smtp.us-east-1.amazonaws.com, joe@example.com)",
            "https://slack.com/api/x: invalid_grant",
            "com.amazonaws.services.s3.model.amazons3exception: access denied",
            "mail.s3.eu-west-1.amazonaws.com: connection timed out",
            "dynamodb.eu-west-1.amazonaws.com: connection timed out",
            "tickets.c0ffee.eu-west-1.rds.amazonaws.com: connection refused",
            "software.amazon.awssdk.core.exception.sdkclientexception: connect timed out",
        ] {
            assert!(is_foreign(words), "{words}");
        }
    }

    #[test]
    fn other_providers_and_hosts_are_not_ours() {
        for words in [
            "smtp.gmail.com: 535 username and password not accepted",
            "post https://api.salesforce.example/services/oauth2/token failed: invalid_grant",
            "get https://registry.npmjs.org/ failed: etimedout",
            "all hosts tried for query failed (tried: 10.0.0.1:9042 - connection refused)",
            "550 5.1.1 recipient address rejected: user unknown in virtual mailbox table",
        ] {
            assert!(is_foreign(words), "{words}");
        }
        for words in [
            "forwarded from gmail.com: outlook.office365.com said 535 5.7.3",
            "get https://login.microsoftonline.com/common: etimedout",
            "https://ece.example.com: connection refused",
            "10.1.2.3:51234 -> 52.97.1.2:587: connection refused",
            "432 4.3.2 concurrent connections limit exceeded. visit https://aka.ms/concurrent_sending",
            "see https://docs.python.org/3/library/smtplib.html: connection refused",
        ] {
            assert!(!is_foreign(words), "{words}");
        }
    }

    #[test]
    fn other_services_are_not_ours() {
        assert!(is_foreign(
            "com.microsoft.sqlserver.jdbc.sqlserverexception: the connection to db01, port 1433 has failed"
        ));
        assert!(is_foreign("the tcp/ip connection to db01:1433 failed: connection refused"));
        assert!(is_foreign("postfix/smtpd[12]: noqueue: reject: 554 5.7.1 relay access denied"));
        assert!(is_foreign("server at db1 (10.0.0.5), port 5432 failed: connection timed out"));
        assert!(is_foreign("could not connect to queue: port=61616, connection refused"));
        assert!(is_foreign(
            "postfix/smtpd[12]: noqueue: reject: 550 5.1.1 recipient address rejected: [smtp.office365.com]:587"
        ));
        assert!(is_foreign("webex sso error 15: x.509 certificate has expired"));
        assert!(!is_foreign("aadsts50105: saml assertion: the signed in user is not assigned to a role"));
        assert!(!is_foreign("noqueue: reject; host smtp.office365.com[52.1.2.3] said: 550 5.7.60 x"));
        assert!(!is_foreign("could not connect, port: 993, connection refused"));
        assert!(!is_foreign("connect to smtp.office365.com:587: connection timed out"));
    }
}
