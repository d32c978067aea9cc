//! The addresses of ECE's web pages, as the user's file states them. Nothing is contacted.
//!
//! In: a [`Look`] with the addresses as typed. Out: what is wrong with the form of the external URL, and how the others
//! differ from it. Cisco document 218453 wants `https://ece.example.com`, the same host in the console's address and in
//! the redirect URL. The parts of an address are those of RFC 3986, section 3; hosts are compared after IDNA
//! (UTS #46), which is also what a browser sends and what stands in a certificate.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Fact, Shape, fact};
use crate::evidence::{Facts, Observation, Route};

/// What the stated addresses can show.
pub const FACTS: &[Fact] = &[
    fact("url.setting", Shape::Text, "name of the setting"),
    fact("url.external", Shape::Text, "external URL"),
    fact("url.external_faults", Shape::List, "faults of form"),
    fact("url.console", Shape::Text, "typed by people"),
    fact("url.console_differs", Shape::List, "differences to what people type"),
    fact("url.redirect", Shape::Text, "sent by ECE"),
    fact("url.registered", Shape::List, "registered in Entra"),
    fact("url.redirect_differs", Shape::List, "differences to the redirect URL"),
];

/// The stated addresses, as typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// What the release calls the setting that holds the external URL.
    pub setting: String,
    /// What stands in that setting.
    pub external: Option<String>,
    /// What people type to open the console.
    pub console: Option<String>,
    /// The redirect URL that ECE sends.
    pub redirect: Option<String>,
    /// The redirect URLs that are registered in Entra; empty when not stated.
    pub registered: Vec<String>,
}

/// Compares the stated addresses.
#[must_use]
pub fn observe(look: &Look) -> Observation {
    Observation { own: true, facts: facts(look), ..Observation::new("url", super::SITE, Route::File) }
}

fn facts(look: &Look) -> Facts {
    let mut facts = Facts::default();
    facts.set("url.setting", look.setting.as_str());
    if let Some(external) = &look.external {
        facts.set("url.external", shown(external));
        facts.set("url.external_faults", faults(external));
    }
    if let Some(console) = &look.console {
        facts.set("url.console", shown(console));
    }
    if let Some(redirect) = &look.redirect {
        facts.set("url.redirect", shown(redirect));
    }
    if !look.registered.is_empty() {
        facts.set("url.registered", look.registered.iter().map(|url| shown(url)).collect::<Vec<_>>());
    }
    if let (Some(external), Some(console)) = (&look.external, &look.console) {
        facts.set("url.console_differs", differences(external, console));
    }
    if let Some(differs) = redirect_differs(look) {
        facts.set("url.redirect_differs", differs);
    }
    facts
}

/// How the redirect URL differs from the external URL, and from what is registered. None when nothing can be compared.
fn redirect_differs(look: &Look) -> Option<Vec<String>> {
    let external = look.external.as_ref()?;
    let Some(redirect) = &look.redirect else {
        let nearest = look.registered.iter().map(|url| differences(external, url)).min_by_key(Vec::len)?;
        return Some(nearest.into_iter().map(|words| format!("registered: {words}")).collect());
    };
    let mut differs = differences(external, redirect);
    // Entra compares the redirect URL letter by letter (AADSTS50011).
    if !look.registered.is_empty() && !look.registered.contains(redirect) {
        differs.push(format!("{} is not among the registered ones", shown(redirect)));
    }
    Some(differs)
}

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
    let trimmed = text.trim();
    let mut faults = Vec::new();
    if trimmed.len() < text.len() {
        faults.push("there are blanks around it".to_owned());
    }
    let Some(typed) = Typed::of(trimmed) else {
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
fn differences(external: &str, other: &str) -> Vec<String> {
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

/// The host as DNS and certificates have it: IDNA, lower case, no trailing dot. None when it cannot be a name.
#[must_use]
pub fn normal(host: &str) -> Option<String> {
    if is_address(host) {
        return Some(host.to_lowercase());
    }
    let name = idna::domain_to_ascii(host).ok()?;
    let name = name.strip_suffix('.').unwrap_or(&name);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    (name.len() <= 253 && name.split('.').all(is_label)).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(external: &str, console: &str, redirect: &str, registered: &[&str]) -> Facts {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        observe(&Look {
            setting: "External URL of Application".to_owned(),
            external: some(external),
            console: some(console),
            redirect: some(redirect),
            registered: registered.iter().map(|url| (*url).to_owned()).collect(),
        })
        .facts
    }

    fn list(facts: &Facts, name: &str) -> String {
        facts.get(name).map_or_else(|| "absent".to_owned(), ToString::to_string)
    }

    #[test]
    fn good_form_has_no_faults() {
        for url in ["https://ece.example.com", "https://ece-1.dept.example.com", "HTTPS://xn--bcher-kva.example.com"] {
            assert_eq!(faults(url), Vec::<String>::new(), "{url}");
        }
    }

    #[test]
    fn each_fault_of_form_has_its_words() {
        for (url, words) in [
            ("http://ece.example.com", "begins with http://"),
            ("https://ece", "short name (ece)"),
            ("https://10.1.2.3", "IP address (10.1.2.3)"),
            ("https://[2001:db8::1]", "IP address"),
            ("https://ece.example.com:8443", "has a port (:8443)"),
            ("https://ece.example.com:443", ":443 is not needed"),
            ("https://ece.example.com/", "ends with a slash"),
            ("https://ece.example.com/system", "has a path (/system)"),
            ("https://ece.example.com?x=1", "query or a fragment"),
            ("https://ece.example.com/#x", "query or a fragment"),
            ("https://admin@ece.example.com", "user name"),
            ("https://ECE.example.com", "write ece.example.com"),
            ("https://ece.example.com.", "ends with a dot"),
            ("https://ece_1.example.com", "underscore"),
            ("https://bücher.example.com", "write xn--bcher-kva.example.com"),
            ("https://localhost", "localhost"),
            (" https://ece.example.com ", "blanks around"),
            ("https://ece..example.com", "cannot be a name"),
            ("https://ece.example.com\\system", "has a path"),
            ("ece.example.com", "not a web address"),
            ("https://", "not a web address"),
            ("https://ece.example.com:99999", "not a web address"),
            ("https://ece example.com", "not a web address"),
            ("", "not a web address"),
        ] {
            let faults = faults(url);
            assert_eq!(faults.len(), 1, "{url}: {faults:?}");
            assert!(faults[0].contains(words), "{url}: {faults:?}");
        }
    }

    #[test]
    fn several_faults_are_told_at_once() {
        assert_eq!(faults(" http://ECE:8080/system ").len(), 6);
    }

    #[test]
    fn same_server_in_another_spelling_is_no_difference() {
        for console in [
            "https://ece.example.com/system",
            "https://ECE.EXAMPLE.COM",
            "https://ece.example.com.",
            "https://ece.example.com:443/system/web/view?x=1",
        ] {
            let facts = look("https://ece.example.com", console, "", &[]);
            assert_eq!(list(&facts, "url.console_differs"), "none", "{console}");
        }
        let facts = look("https://bücher.example.com", "https://xn--bcher-kva.example.com", "", &[]);
        assert_eq!(list(&facts, "url.console_differs"), "none");
    }

    #[test]
    fn differences_are_told_with_both_values() {
        let facts = look("https://ece.example.com", "http://ece01.example.com", "https://ece.example.com:8443/x", &[]);
        assert_eq!(
            list(&facts, "url.console_differs"),
            "scheme: https against http, host: ece.example.com against ece01.example.com"
        );
        assert_eq!(list(&facts, "url.redirect_differs"), "port: 443 against 8443");
    }

    #[test]
    fn what_is_missing_is_never_equal() {
        let facts = look("", "", "", &[]);
        for name in ["url.external_faults", "url.console_differs", "url.redirect_differs", "url.external"] {
            assert_eq!(facts.get(name), None, "{name}");
        }
        assert_eq!(look("", "https://a.example.com", "https://a.example.com", &[]).get("url.console_differs"), None);
    }

    #[test]
    fn rubbish_on_both_sides_is_not_equal() {
        assert!(list(&look("ece", "ece", "", &[]), "url.console_differs").contains("cannot be compared"));
    }

    #[test]
    fn registered_redirect_is_compared_letter_by_letter() {
        let sent = "https://ece.example.com/system/oauth";
        let differs =
            |registered: &[&str]| list(&look("https://ece.example.com", "", sent, registered), "url.redirect_differs");
        assert_eq!(differs(&[sent]), "none");
        assert_eq!(differs(&["https://other.example.com/", sent]), "none");
        assert!(differs(&["https://ece.example.com/system/OAuth"]).contains("not among"));
    }

    #[test]
    fn registered_alone_is_held_against_the_external_url() {
        let differs =
            |registered: &[&str]| list(&look("https://ece.example.com", "", "", registered), "url.redirect_differs");
        assert_eq!(differs(&["https://old.example.com/x", "https://ece.example.com/x"]), "none");
        assert_eq!(
            differs(&["https://old.example.com/x"]),
            "registered: host: ece.example.com against old.example.com"
        );
        assert_eq!(differs(&[]), "absent");
    }

    #[test]
    fn passwords_and_codes_are_not_shown() {
        let facts =
            look("https://u:hunter2@ece.example.com/?code=hunter2", "ece/#hunter2", "", &["https://h@x/?hunter2"]);
        assert!(!format!("{facts:?}").contains("hunter2"), "{facts:?}");
        assert_eq!(list(&facts, "url.external"), "https://…@ece.example.com/?…");
    }

    #[test]
    fn every_fact_is_declared() {
        let facts = look("https://a.example.com", "https://a.example.com", "https://b.example.com", &["x"]);
        for (name, _) in facts.iter() {
            assert!(FACTS.iter().any(|fact| fact.name == name), "{name}");
        }
    }
}
