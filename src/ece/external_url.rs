//! The form of ECE's web addresses, and how two of them differ. Pure.
//!
//! In: an address as somebody typed it. Out: what is wrong with its form, or how it differs from another. Cisco document
//! 218453 asks for `https://ece.example.com`. The parts of an address are those of RFC 3986, section 3; hosts are compared
//! after IDNA (UTS #46), which is also what a browser sends and what a certificate names.

use std::net::{Ipv4Addr, Ipv6Addr};

/// True when the text has the parts of a web address: a scheme and a host.
#[must_use]
pub fn is_web_address(text: &str) -> bool {
    Typed::of(text.trim()).is_some()
}

/// What is wrong with the form of an external URL, each in a few words. Empty is good form.
///
/// The form is `https://` and the full name of the host, nothing before, behind or between.
#[must_use]
pub fn faults(text: &str) -> Vec<String> {
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let trimmed = visible.trim();
    if trimmed.is_empty() {
        return vec!["it is empty".to_owned()];
    }
    let mut faults = Vec::new();
    if let Some(hidden) = text.chars().find(|c| is_invisible(*c)) {
        faults.push(format!("there is an invisible character in it (U+{:04X})", u32::from(hidden)));
    }
    if trimmed.len() < visible.len() {
        faults.push("there are spaces around it".to_owned());
    }
    let with_scheme = format!("https://{trimmed}");
    let typed = Typed::of(trimmed).or_else(|| {
        let bare = Typed::of(&with_scheme).filter(|_| !trimmed.contains(":/") && !trimmed.contains("//"))?;
        faults.push("https:// is missing before the host".to_owned());
        Some(bare)
    });
    let Some(typed) = typed else {
        faults.push("it is not a web address; write https://ece.example.com".to_owned());
        return faults;
    };
    if typed.scheme != "https" {
        faults.push(format!("it begins with {}://, not https://", typed.scheme));
    }
    if typed.user {
        faults.push("there is a user name before the host".to_owned());
    }
    faults.extend(host_faults(typed.host));
    faults.extend(typed.port.map(port_fault));
    faults.extend(tail_fault(typed.tail));
    faults
}

/// True for what a browser's address bar or a copied table cell may carry along unseen: control characters, zero-width
/// and direction marks (Unicode category Cf), and the no-break space.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn host_faults(host: &str) -> Vec<String> {
    if is_address(host) {
        return vec![format!("the host is an IP address ({host}), not a name")];
    }
    let bare = host.trim_end_matches('.');
    let mut faults = Vec::new();
    if bare.eq_ignore_ascii_case("localhost") {
        faults.push("the host is localhost: every other computer means itself by that".to_owned());
    } else if !bare.contains('.') {
        faults.push(format!("the host is a short name ({bare}); write it with its domain"));
    }
    if host.ends_with('.') {
        faults.push("the host ends with a dot".to_owned());
    }
    if host.contains('_') {
        faults.push(format!("the host has an underscore ({host}), which a certificate cannot cover"));
    }
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        faults.push(format!("the host has capital letters; write {}", host.to_lowercase()));
    }
    match normal(host) {
        None => faults.push(format!("the host cannot be a name ({host})")),
        Some(name) if !host.is_ascii() => faults.push(format!("the host has letters outside a-z; write {name}")),
        Some(_) => {}
    }
    faults
}

fn port_fault(port: &str) -> String {
    if port == "443" { "the port :443 is not needed".to_owned() } else { format!("it has a port (:{port})") }
}

/// The fault of what stands behind host and port. A query may hold anything, so it is never repeated.
fn tail_fault(tail: &str) -> Option<String> {
    let path = tail.split(['?', '#']).next().unwrap_or_default();
    match (tail, path) {
        ("", _) => None,
        ("/", _) => Some("it ends with a slash".to_owned()),
        (_, "" | "/") => Some("there is a query or a fragment behind the host".to_owned()),
        (_, path) => Some(format!("it has a path ({path})")),
    }
}

/// How `other` differs from `external` in scheme, host and port. Empty when they lead to the same server.
#[must_use]
pub fn differences(external: &str, other: &str) -> Vec<String> {
    let (Some(left), Some(right)) = (Typed::of(external.trim()), Typed::of(other.trim())) else {
        return vec![format!("{} and {} cannot be compared: one is not a web address", shown(external), shown(other))];
    };
    let mut differs = Vec::new();
    if left.scheme != right.scheme {
        differs.push(format!("scheme: {} against {}", left.scheme, right.scheme));
    }
    // A host that is no name at all is compared as typed.
    let name = |typed: &Typed<'_>| normal(typed.host).unwrap_or_else(|| typed.host.to_lowercase());
    if name(&left) != name(&right) {
        differs.push(format!("host: {} against {}", name(&left), name(&right)));
    }
    if left.scheme == right.scheme && left.port_or_default() != right.port_or_default() {
        differs.push(format!("port: {} against {}", left.port_or_default(), right.port_or_default()));
    }
    differs
}

/// The address as it may be printed: without a user name or password before the host, and without query and fragment,
/// where codes and tokens travel.
#[must_use]
pub fn shown(text: &str) -> String {
    let (address, rest) = match text.find(['?', '#']) {
        Some(end) => (&text[..end], "?…"),
        None => (text, ""),
    };
    let start = address.find("://").map_or(0, |at| at + 3);
    let end = address[start..].find('/').map_or(address.len(), |at| start + at);
    match address[start..end].rfind('@') {
        Some(at) => format!("{}…{}{rest}", &address[..start], &address[start + at..]),
        None => format!("{address}{rest}"),
    }
}

/// A web address in parts, as it was typed.
struct Typed<'t> {
    /// In lower case.
    scheme: String,
    user: bool,
    host: &'t str,
    port: Option<&'t str>,
    /// Path, query and fragment, with what begins them.
    tail: &'t str,
}

impl<'t> Typed<'t> {
    fn of(text: &'t str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_scheme = scheme.chars().all(|c| c.is_ascii_alphanumeric()) && !scheme.is_empty();
        let (authority, tail) = rest.split_at(rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len()));
        let (user, place) = match authority.rsplit_once('@') {
            Some((_, place)) => (true, place),
            None => (false, authority),
        };
        let (host, port) = split_port(place)?;
        let whole = is_scheme && !host.is_empty() && !host.contains(char::is_whitespace);
        whole.then(|| Self { scheme: scheme.to_ascii_lowercase(), user, host, port, tail })
    }

    fn port_or_default(&self) -> &str {
        let port = self.port.map(|port| port.trim_start_matches('0'));
        port.unwrap_or(if self.scheme == "http" { "80" } else { "443" })
    }
}

/// Splits `host:port` and `[v6]:port`; none when the port is no port.
fn split_port(place: &str) -> Option<(&str, Option<&str>)> {
    let colon = match place.rfind(']') {
        Some(bracket) => place[bracket..].find(':').map(|at| bracket + at),
        None => place.find(':'),
    };
    let Some(colon) = colon else { return Some((place, None)) };
    let (host, port) = (&place[..colon], &place[colon + 1..]);
    match port {
        "" => Some((host, None)),
        port if port.parse::<u16>().is_ok_and(|number| number > 0) => Some((host, Some(port))),
        _ => None,
    }
}

fn is_address(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse::<Ipv4Addr>().is_ok() || bare.parse::<Ipv6Addr>().is_ok()
}

/// The host as DNS and certificates have it: IDNA, lower case, no trailing dot. None when it cannot be a name: IDNA drops
/// invisible characters, a hyphen stands inside of a label (RFC 1123, section 2.1), and what ends in a number is an IPv4
/// address or none (WHATWG URL, "ends in a number").
#[must_use]
pub fn normal(host: &str) -> Option<String> {
    if is_address(host) {
        return Some(host.to_lowercase());
    }
    if host.contains(is_invisible) {
        return None;
    }
    let name = idna::domain_to_ascii(host).ok()?;
    let name = name.strip_suffix('.').unwrap_or(&name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
    (name.len() <= 253 && name.split('.').all(is_label) && !is_number).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_a_host() {
        for (host, name) in [
            ("ECE.Example.com.", "ece.example.com"),
            ("bücher.example.com", "xn--bcher-kva.example.com"),
            ("a_b.example.com", "a_b.example.com"),
            ("10.1.2.3", "10.1.2.3"),
            ("1and1.example", "1and1.example"),
            ("3.example0x", "3.example0x"),
        ] {
            assert_eq!(normal(host).as_deref(), Some(name), "{host}");
        }
        for wrong in [
            "",
            "10.1.2.300",
            "10.1.2",
            "127.1",
            "2130706433",
            "a.0x7f",
            "-a.example.com",
            "a-.example.com",
            "a..example.com",
            "fabri\u{200b}kam.com",
            "a b.com",
        ] {
            assert_eq!(normal(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn any_text_is_evidence() {
        for (text, words) in [
            ("", "it is empty"),
            ("   ", "it is empty"),
            ("ece.example.com", "https:// is missing"),
            ("ece.example.com/system", "https:// is missing"),
            ("ece", "https:// is missing"),
            ("https//ece.example.com", "not a web address"),
            ("https:/ece.example.com", "not a web address"),
            ("see ticket", "not a web address"),
            ("https://ece.example.com\u{200b}", "U+200B"),
            ("https://ece.example.com\u{a0}", "U+00A0"),
            ("\thttps://ece.example.com", "U+0009"),
            ("\u{202e}https://ece.example.com", "U+202E"),
        ] {
            let faults = faults(text);
            assert!(faults[0].contains(words), "{text:?}: {faults:?}");
        }
        assert_eq!(faults("ece").len(), 2, "the short name is said too");
        assert_eq!(faults("https://ece.example.com\u{200b}").len(), 1, "the rest is judged without it");
    }
}
