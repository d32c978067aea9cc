//! The server that a text names: a host with its port, as libraries write them.
//!
//! In: a text. Out: the one host and port that it names, for the words and commands of a cause; nothing where it names
//! none, or several. Pure. The forms: `host, port: H, P` (Jakarta Mail's `MailConnectException`), `host: H, port: P`,
//! `host H port P`, `H:P`. In the lines of a firewall it is the address and the port of the denied connection.

use super::firewall;
use crate::evidence::Subject;

/// Longer texts are logs, in which many servers are named.
const LONGEST: usize = 32 << 10;
/// So many words of a text are read.
const MOST: usize = 4_000;

/// The ports that make `H:P` a server: anything else may be a place in a source or a time.
const PORTS: [&str; 8] = ["25", "110", "143", "443", "465", "587", "993", "995"];

/// The one server that a text names; of a name in several forms, each counts once.
#[must_use]
pub fn of(text: &str) -> Option<Subject> {
    if text.len() > LONGEST {
        return None;
    }
    let denied =
        distinct(text.lines().filter_map(|line| firewall::target(&line.to_lowercase())).map(|to| to.to_string()));
    let found = if denied.is_empty() { in_text(text) } else { denied };
    match found.as_slice() {
        [one] => Some(Subject::of_text(one)),
        _ => None,
    }
}

/// Every server that the words of a text name.
fn in_text(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || ";()[]\"'<>".contains(c)).take(MOST).collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    distinct((0..words.len()).filter_map(|at| in_words(&words[at..])))
}

fn distinct(places: impl Iterator<Item = String>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for place in places {
        if !found.contains(&place) {
            found.push(place);
        }
    }
    found
}

/// A host and port at the beginning of these words.
fn in_words(words: &[&str]) -> Option<String> {
    let is = |at: usize, wanted: &str| {
        words.get(at).is_some_and(|word| word.trim_end_matches([':', ',', '=']).eq_ignore_ascii_case(wanted))
    };
    let pair = |host: usize, port: usize| Some((*words.get(host)?, *words.get(port)?));
    let (host, port) = match () {
        () if is(0, "host") && is(1, "port") => pair(2, 3)?,
        () if is(0, "host") && is(2, "port") => pair(1, 3)?,
        () => words
            .first()?
            .trim_end_matches([',', '.', ':'])
            .rsplit_once(':')
            .filter(|(_, port)| PORTS.contains(port))?,
    };
    let host = host.trim_end_matches([',', '.']).to_lowercase();
    let port: u16 = port.trim_end_matches([',', '.', ':']).parse().ok().filter(|port| *port > 0)?;
    is_name(&host).then(|| format!("{host}:{port}"))
}

/// A name with a dot and a letter, of the characters that names have: no address, no class of Java, no command.
fn is_name(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_plain = host.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '-');
    let is_source = ["java", "kt", "py", "cs", "js", "log", "txt", "exception"].contains(&last);
    is_plain
        && host.len() < 254
        && host.contains('.')
        && host.starts_with(|c: char| c.is_ascii_alphanumeric())
        && last.len() > 1
        && last.chars().all(|c| c.is_ascii_alphabetic())
        && !is_source
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> String {
        of(text).map(|place| place.to_string()).unwrap_or_default()
    }

    #[test]
    fn server_is_found_in_the_forms_of_libraries() {
        for text in [
            "MailConnectException: Couldn't connect to host, port: outlook.office365.com, 993; timeout 60000; nested",
            "could not connect to SMTP host: Outlook.Office365.com, port: 993;",
            "connect to host outlook.office365.com port 993: Connection timed out",
            "dial tcp: outlook.office365.com:993: i/o timeout (outlook.office365.com:993)",
        ] {
            assert_eq!(place(text), "outlook.office365.com:993", "{text}");
        }
    }

    #[test]
    fn of_a_denied_connection_it_is_the_destination() {
        let asa =
            "%ASA-4-106023: Deny tcp src inside:10.1.2.3/51514 dst outside:52.97.1.2/993 by access-group \"INSIDE_IN\"";
        let pan_os = "<14>Nov 20 10:00:00 pa-220 1,2026/11/20 10:00:00,012801012345,TRAFFIC,drop,2561,2026/11/20 10:00:00,10.1.2.3,\
            52.97.1.2,0.0.0.0,0.0.0.0,interzone-default,,,not-applicable,vsys1,trust,untrust,ethernet1/2,,default,2026/11/20 \
            10:00:00,0,1,51234,587,0,0,0x0,tcp,deny,74,74,0,1,2026/11/20 09:59:58,0,any";
        let with_name = "action=deny dst=52.97.1.2 dpt=995 proto=tcp url=outlook.office365.com:443";
        assert_eq!(place(asa), "52.97.1.2:993");
        assert_eq!(place(pan_os), "52.97.1.2:587");
        assert_eq!(place(with_name), "52.97.1.2:995");
        assert_eq!(place(&format!("{asa}\n{asa}")), "52.97.1.2:993");
        assert_eq!(place(&format!("{asa}\n{pan_os}")), "");
    }

    #[test]
    fn several_servers_or_none_are_no_server() {
        for text in [
            "smtp.office365.com:587 and outlook.office365.com:993",
            "at com.sun.mail.iap.Protocol.<init>(Protocol.java:119)",
            "10:15:00 timeout 127.0.0.1:993",
            "host, port: a'; calc, 993",
            "host, port: outlook.office365.com, 0",
            "",
        ] {
            assert_eq!(place(text), "", "{text}");
        }
    }
}
