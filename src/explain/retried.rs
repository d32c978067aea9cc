//! What failed first and then worked: no failure is left.
//!
//! In: a text. Out: the text without such lines. `nslookup` first asks for the name of the DNS server itself, and says that this
//! timed out where the server has no name; the answer follows, in any language of Windows. `curl` tries the addresses
//! of IPv6 first, and says that they are unreachable where a server has IPv4 only (RFC 8305); the connection follows.

use std::{
    borrow::Cow,
    net::{IpAddr, Ipv6Addr},
};

/// How `nslookup` says that a lookup timed out; Windows does not translate it.
const TIMED_OUT: &str = "dns request timed out";
/// How it goes on: `timeout was 2 seconds.`
const TIMEOUT: &str = "timeout was ";
/// Before each refusal: `*** Request to dc01 timed-out`.
const REFUSAL: &str = "***";
/// The DNS server's own address and one of the answer.
const LEAST_ADDRESSES: usize = 2;
/// What a server without IPv6 says of an address of it.
const UNREACHABLE: &str = "network is unreachable";
/// How `curl` says that a connection is open.
const CONNECTED: &str = "* connected to ";

/// Every string of this module that a text is searched for.
pub fn searched() -> impl Iterator<Item = &'static str> {
    [TIMED_OUT, TIMEOUT, REFUSAL, UNREACHABLE, CONNECTED].into_iter()
}

/// A text without what failed before it worked.
#[must_use]
pub fn without_first_failures(text: &str) -> Cow<'_, str> {
    let small = text.to_lowercase();
    if is_looked_up(&small) {
        return without(text, |line| line.starts_with(TIMED_OUT) || line.starts_with(TIMEOUT));
    }
    if small.contains(UNREACHABLE) && small.contains(CONNECTED) {
        return without(text, |line| line.contains(UNREACHABLE) && names_ipv6(line));
    }
    Cow::Borrowed(text)
}

/// The text without the lines that are meant.
fn without(text: &str, is_meant: impl Fn(&str) -> bool) -> Cow<'_, str> {
    let is_kept = |line: &&str| !is_meant(&line.trim().to_lowercase());
    Cow::Owned(text.lines().filter(is_kept).collect::<Vec<_>>().join("\n"))
}

/// Whether a lookup that timed out was followed by an answer, in a text in small letters.
fn is_looked_up(small: &str) -> bool {
    let ends_in_address = |line: &&str| {
        let last = line.split_whitespace().next_back().unwrap_or_default();
        last.parse::<IpAddr>().is_ok()
    };
    small.contains(TIMED_OUT)
        && !small.lines().any(|line| line.trim_start().starts_with(REFUSAL))
        && small.lines().filter(ends_in_address).count() >= LEAST_ADDRESSES
}

fn names_ipv6(line: &str) -> bool {
    let mut words = line.split(|c: char| !c.is_ascii_hexdigit() && c != ':').map(|word| word.trim_end_matches(':'));
    words.any(|word| word.contains("::") || word.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = "DNS request timed out.\n    timeout was 2 seconds.\nServer:  UnKnown\nAddress:  10.0.0.10\n\n";

    fn is_changed(text: &str) -> bool {
        without_first_failures(text) != text
    }

    #[test]
    fn an_answer_ends_the_timeouts_before_it() {
        let answered =
            format!("{ASKED}名称:    outlook.office365.com\nAddresses:  2603:1026:c0d:1::2\n          52.98.1.1");
        assert!(!without_first_failures(&answered).contains("time"));
        for text in [
            ASKED.to_owned(),
            format!("{ASKED}*** Request to UnKnown timed-out"),
            format!("{ASKED}Name: a\nAddress: 52.98.1.1\n*** Zeitüberschreitung bei Anforderung an UnKnown."),
            "Name: a\nAddress: 52.98.1.1\nAddress: 52.98.1.2".to_owned(),
        ] {
            assert!(!is_changed(&text), "{text}");
        }
    }

    #[test]
    fn a_connection_ends_what_ipv6_said_before_it() {
        const TRIED: &str =
            "* Immediate connect fail for 2603:1037:1:130::4: Network is unreachable\n*   Trying 20.190.151.8:443...\n";
        let connected = format!("{TRIED}* Connected to login.microsoftonline.com (20.190.151.8) port 443");
        assert!(!without_first_failures(&connected).contains("unreachable"));
        assert!(!is_changed(TRIED));
        assert!(!is_changed(
            "* connect to 20.190.151.8 port 443 failed: Network is unreachable\n* Connected to 20.190.151.9"
        ));
    }
}
