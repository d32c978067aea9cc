//! Which parts of a text can speak of the failure at all: the message of a log line, numbers that are named as errors.
//!
//! In: a text. Out: the same text without the fields of ECE's log that are no message, and answers to: does a number stand
//! where an error is named; does the text speak of another service than mail and sign-in. Ids of processes, threads,
//! activities and cases have the same digits as errors of Windows.

use std::borrow::Cow;

/// What stands between the fields of ECE's log: time, level, thread, process, user, session, class, method, message.
const FIELD: &str = "<@>";

/// The messages of the lines that are written in ECE's form; other lines as they are. The subject of a mail is left out: its
/// words are a customer's.
#[must_use]
pub fn messages(text: &str) -> Cow<'_, str> {
    let small = text.to_ascii_lowercase();
    let has_subject = SUBJECTS.iter().any(|mark| small.contains(mark));
    if !text.contains(FIELD) && !has_subject {
        return Cow::Borrowed(text);
    }
    let message = |line| without_subject(if str::contains(line, FIELD) { message(line) } else { line });
    Cow::Owned(text.lines().map(message).collect::<Vec<_>>().join("\n"))
}

/// Behind these stands the subject of a mail, or the subject of a certificate, which has attributes (`CN=…`).
const SUBJECTS: [&str; 3] = ["subject: ", "subject '", "subject \""];

/// A line up to the subject of a mail.
fn without_subject(line: &str) -> &str {
    let small = line.to_ascii_lowercase();
    let begin = SUBJECTS.iter().filter_map(|mark| small.find(mark)).min();
    begin.filter(|at| !line[*at..].contains('=')).map_or(line, |at| &line[..at])
}

/// The message of one line in ECE's form: its last field that is not empty. A line with nothing but the fields before it
/// has none.
#[must_use]
pub fn message(line: &str) -> &str {
    let mut fields = line.rsplit(FIELD).map(str::trim).filter(|field| !field.is_empty());
    let message = fields.next().unwrap_or_default();
    let is_fixed = ["ProcessId:", "PID:", "UID:", "HttpSessionId:"].iter().any(|name| message.starts_with(name));
    if is_fixed { "" } else { message }
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

/// What other services are called, in small letters.
const OTHERS: [&str; 49] = [
    "psql",
    "jms",
    "jtapi",
    "finesse",
    "cisco ids",
    "cuic",
    "cassandra",
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
    "mysql",
    "postgres",
    "ora-",
    "oracle",
    "jdbc",
    "ldap",
    "redis",
    "mongodb",
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
    "sqlexception",
];

/// What mail, sign-in and Webex are called.
const OURS: [&str; 25] = [
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
];

/// Whether a text speaks of a service that has nothing to do with mail or sign-in, and of none that has.
#[must_use]
pub fn is_foreign(words: &str) -> bool {
    let names = |words: &str, parts: &[&str]| parts.iter().any(|part| words.contains(part));
    let is_provider = || names(words, &PROVIDERS) && !names(words, &MICROSOFT);
    let is_other = || names(words, &OTHERS) || has_other_port(words) || has_other_hosts(words);
    let is_ours = || names(&words.replace(OF_SQL_SERVER, ""), &OURS) || hosts(words).any(is_our_host);
    is_local_reject(words) || is_provider() || (is_other() && !is_ours())
}

/// Who else has mail, tokens and programming interfaces on the internet.
const PROVIDERS: [&str; 12] = [
    "googleapis.com",
    "gmail",
    "salesforce",
    "slack",
    "amazonaws",
    "dropbox",
    "zendesk",
    "atlassian.net",
    "sendgrid",
    "mailgun",
    "twilio",
    "yahoo",
];
/// What Microsoft's services and libraries, and Webex, are called.
const MICROSOFT: [&str; 12] = [
    "microsoft",
    "office",
    "outlook",
    "exchange",
    "aadsts",
    "azure",
    "msal",
    "webex",
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

/// The hosts of the addresses in a text.
fn hosts(words: &str) -> impl Iterator<Item = &str> {
    words.match_indices(ADDRESS).filter_map(|(at, mark)| {
        let is_web = words[..at].ends_with("http") || words[..at].ends_with("https");
        let host = words[at + mark.len()..].split(['/', ':', '?', '"', '\'', ' ', ')', ',', '>']).next()?;
        (is_web && host.contains('.')).then_some(host)
    })
}

/// A host that may be of Microsoft, Webex, the site or its proxies; an address tells nothing.
fn is_our_host(host: &str) -> bool {
    OUR_HOSTS.iter().any(|part| host.contains(part)) || host.parse::<std::net::Ipv4Addr>().is_ok()
}

/// Whether a text names hosts of the web and none of ours. Beside a code of a mail server such a host is that of a page about it.
fn has_other_hosts(words: &str) -> bool {
    if words.split(|c: char| !c.is_ascii_digit() && c != '.').any(is_mail_code) {
        return false;
    }
    let mut hosts = hosts(words).peekable();
    hosts.peek().is_some() && !hosts.any(is_our_host)
}

/// Whether digits and dots are an enhanced status code (RFC 3463): `5.7.139`.
fn is_mail_code(digits: &str) -> bool {
    let parts: Vec<&str> = digits.trim_end_matches('.').split('.').collect();
    matches!(parts[..], ["4" | "5", subject, detail] if (1..=2).contains(&subject.len()) && (1..=3).contains(&detail.len()))
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
    OF_POSTFIX.iter().any(|name| words.contains(name)) && !OF_EXCHANGE.iter().any(|name| words.contains(name))
}

/// What Postfix calls itself when it refuses.
const OF_POSTFIX: [&str; 5] =
    ["postfix/smtpd", "noqueue: reject", "virtual mailbox table", "relay recipient table", "local recipient table"];
/// What Exchange Online is called.
const OF_EXCHANGE: [&str; 3] = ["outlook.com", "office365", "microsoft"];
/// The driver of SQL Server has its maker's name.
const OF_SQL_SERVER: &str = "com.microsoft.sqlserver";

/// Every string of this module that a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    let lists: [&[&str]; 11] = [
        &ANCHORS,
        &FILLERS,
        &FAILURES,
        &OTHERS,
        &OURS,
        &OF_POSTFIX,
        &OF_EXCHANGE,
        &PROVIDERS,
        &MICROSOFT,
        &SUBJECTS,
        &[OF_SQL_SERVER, FIELD, PORT],
    ];
    lists.into_iter().flatten().copied()
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
        assert_eq!(messages(&format!("{line}\n\tat a.b.c")), "Alias disabled\n\tat a.b.c");
        assert_eq!(message("t <@> INFO <@> ProcessId:10061 <@> HttpSessionId:"), "");
    }

    #[test]
    fn the_subject_of_a_mail_is_left_out_and_that_of_a_certificate_is_not() {
        assert_eq!(messages("created activity 7, subject: RE: Authentication failed"), "created activity 7, ");
        assert_eq!(messages("mails with subject 'Undeliverable: 550 5.1.1' moved"), "mails with ");
        assert_eq!(messages("*  subject: CN=outlook.com"), "*  subject: CN=outlook.com");
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
        assert!(!is_foreign("could not connect, port: 993, connection refused"));
        assert!(!is_foreign("connect to smtp.office365.com:587: connection timed out"));
    }
}
