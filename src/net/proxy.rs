//! The HTTP proxy on the way: which one, where it was learnt from, and the CONNECT that asks it for a tunnel.
//!
//! In: a flag, the environment, or what Windows has stored. Out: a [`Proxy`], and a stream through it (RFC 9110, section
//! 9.3.6). An HTTP proxy carries HTTPS; it does not carry ECE's mail, which is why only looks at web services use it.
//! Which names are reached without it is decided as curl decides it (<https://curl.se/libcurl/c/CURLOPT_NOPROXY.html>);
//! beyond that, an entry may carry a port, and may begin with `*.` as Java and Windows write it.

mod setting;
mod socks;
pub mod windows;

use std::{fmt, net::IpAddr};

use base64::Engine as _;
use ipnet::IpNet;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Halt, Limits, session::Stream};
use crate::{
    evidence::{Failure, FailureKind, Protocol, Route, Stage},
    secret::{Secret, suspect::is_no_host},
};

/// The longest head of an answer that is read, in bytes.
const LONGEST_HEAD: usize = 16 * 1024;
/// So many interim answers are read before the one that counts.
const MOST_INTERIM: usize = 8;
/// The longest part of an answer that is quoted, in characters.
const QUOTED: usize = 120;
/// Exceptions beyond these are left out.
const MOST_EXCEPTIONS: usize = 1_000;
/// The port of web services.
const HTTPS: u16 = 443;

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// What is spoken to it.
    pub kind: ProxyKind,
    /// Where it was learnt from, such as `--proxy` or `HTTPS_PROXY`.
    pub learnt_from: String,
    /// User and password, joined by a colon, for Basic authentication (RFC 7617).
    pub credentials: Option<Secret>,
    /// Names that are reached without it, as `NO_PROXY` lists them.
    pub not_for: Vec<String>,
}

/// What is spoken to a proxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyKind {
    /// HTTP with CONNECT (RFC 9110, section 9.3.6).
    #[default]
    Http,
    /// SOCKS version 5 (RFC 1928).
    Socks5,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} from {}", self.learnt_from)
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Why a proxy setting cannot be used. The setting itself is not repeated: it may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the proxy of {learnt_from} {wrong}\n  {right}")]
pub struct BadProxy {
    learnt_from: String,
    wrong: String,
    right: String,
}

impl Proxy {
    /// Reads a setting such as `http://proxy.example.com:8080`, `proxy.example.com:8080` or
    /// `socks5://proxy.example.com:1080`.
    ///
    /// # Errors
    /// When it is no address of a proxy of these kinds.
    pub fn read(setting: &str, learnt_from: &str) -> Result<Self, BadProxy> {
        setting::read(setting, learnt_from)
    }

    /// The proxy that the environment names for HTTPS, as curl reads it.
    ///
    /// # Errors
    /// When the setting cannot be used.
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, BadProxy> {
        let names = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
        let set = |name: &&str| variable(name).filter(|value| !value.trim().is_empty());
        let Some((name, setting)) = names.iter().find_map(|name| set(name).map(|value| (*name, value))) else {
            return Ok(None);
        };
        Ok(Some(Self { not_for: exceptions(&variable), ..Self::read(&setting, name)? }))
    }

    /// The route through it.
    #[must_use]
    pub fn route(&self) -> Route {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        Route::Proxy { host, port: self.port, learned_from: self.learnt_from.clone() }
    }

    /// Whether a web service on its usual port is reached through this proxy.
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        self.could_be_for(host) && self.exception(host, HTTPS).is_none()
    }

    /// False for this host itself, which no proxy leads to.
    #[must_use]
    pub fn could_be_for(&self, host: &str) -> bool {
        let host = plain(host);
        host != "localhost" && !host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The entry of the exceptions by which a name and port is reached without this proxy.
    #[must_use]
    pub fn exception(&self, host: &str, port: u16) -> Option<&str> {
        let host = plain(host);
        self.not_for.iter().map(String::as_str).find(|entry| excepts(entry, &host, port))
    }

    /// The stop of a proxy whose name gave no address. What the resolver says of this one name speaks against the
    /// setting; a resolver that says nothing fails every name.
    #[must_use]
    pub fn not_found(&self, halt: &Halt) -> Failure {
        let of_the_name = matches!(
            halt.kind,
            FailureKind::NxDomain
                | FailureKind::NoData
                | FailureKind::ServFail
                | FailureKind::DnsRefused
                | FailureKind::AliasLoop
        );
        let protocol = if of_the_name { Protocol::Proxy } else { Protocol::Dns };
        Failure::new(protocol, Stage::Connect, halt.kind, format!("proxy {}: {}", self.host, halt.words))
    }
}

/// The names that the environment wants to be reached without any proxy, whoever named it: as curl, `--proxy` too.
#[must_use]
pub fn exceptions(variable: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let set = |name: &&str| variable(name).filter(|value| !value.trim().is_empty());
    let listed = ["no_proxy", "NO_PROXY"].iter().find_map(set).unwrap_or_default();
    let entries = listed.split([',', ';', '|', ' ', '\t']).filter(|entry| !entry.is_empty());
    // what no host can be is most likely a secret in the wrong variable, and reports repeat these names
    entries.filter(|entry| !is_no_host(entry)).take(MOST_EXCEPTIONS).map(str::to_owned).collect()
}

/// A name without a last dot and without brackets, in small letters.
fn plain(host: &str) -> String {
    host.trim_matches(['[', ']']).trim_end_matches('.').to_lowercase()
}

/// Whether a text fits a pattern in which each `*` stands for any part, as Java and Windows write exceptions.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        let Some(at) = text.find(part) else { return false };
        text = &text[at + part.len()..];
    }
    text.ends_with(last)
}

/// Windows' word for every name without a dot.
const LOCAL: &str = "<local>";

/// Whether an entry means a name: the name itself or one below it, an address in a range, or everything. The dot or `*.`
/// that an entry may begin with changes nothing. An entry with a port means that port alone.
fn excepts(entry: &str, host: &str, port: u16) -> bool {
    let entry = entry.to_lowercase();
    if entry == LOCAL {
        return !host.contains(['.', ':']);
    }
    let pattern = with_port(&entry, port).unwrap_or(&entry);
    if pattern.len() > 1 && pattern.contains('*') && fits(pattern, host) {
        return true;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        let range = |text: &str| text.parse::<IpNet>().is_ok_and(|range| range.contains(&address));
        let same = |text: &str| plain(text).parse() == Ok(address);
        return entry == "*" || range(&entry) || same(&entry) || with_port(&entry, port).is_some_and(same);
    }
    let name = with_port(&entry, port).unwrap_or(&entry);
    let name = plain(name.trim_start_matches('*').trim_start_matches('.'));
    entry == "*"
        || (!name.is_empty() && (host == name || host.strip_suffix(&name).is_some_and(|less| less.ends_with('.'))))
}

/// What stands before the port of an entry, where it has one and it is this port.
fn with_port(entry: &str, port: u16) -> Option<&str> {
    let (name, written) = entry.rsplit_once(':')?;
    let is_name = !name.contains(':') || name.ends_with(']'); // an IPv6 address without brackets has no port
    (is_name && written.parse() == Ok(port)).then_some(name)
}

/// A tunnel that was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoTunnel {
    /// What happened.
    pub halt: Halt,
    /// The proxy's HTTP status, when it answered.
    pub status: Option<u16>,
}

impl From<Halt> for NoTunnel {
    fn from(halt: Halt) -> Self {
        Self { halt, status: None }
    }
}

/// Asks a proxy for a tunnel to a name and port.
///
/// # Errors
/// What the proxy answered, or why it did not.
pub async fn tunnel(
    mut stream: Box<dyn Stream>,
    proxy: &Proxy,
    host: &str,
    port: u16,
    limits: &Limits,
) -> Result<Box<dyn Stream>, NoTunnel> {
    if proxy.kind == ProxyKind::Socks5 {
        return Ok(socks::tunnel(stream, proxy, host, port, limits).await?);
    }
    let place = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let login = proxy.credentials.as_ref().map_or_else(String::new, |credentials| {
        let encoded = base64::engine::general_purpose::STANDARD.encode(credentials.expose());
        format!("Proxy-Authorization: Basic {encoded}\r\n")
    });
    let ask = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: ece-check\r\n{login}\r\n");
    let sent = limits.step(stream.write_all(ask.as_bytes())).await?;
    sent.map_err(|error| super::dial::halt(&error))?;
    let head = limits.step(final_head(&mut stream)).await.map_err(silent)??;
    judge(&head).map(|()| stream)
}

/// The head of the answer that counts: those with 1xx come before it (RFC 9110, section 15.2).
async fn final_head(stream: &mut Box<dyn Stream>) -> Result<Vec<u8>, Halt> {
    for _ in 0..MOST_INTERIM {
        let head = head(stream).await?;
        if !matches!(status(&head), Some(100..=199)) {
            return Ok(head);
        }
    }
    Err(Halt::new(FailureKind::ReplyTooLarge, "the proxy sends interim answers (1xx) without end"))
}

fn status(head: &[u8]) -> Option<u16> {
    let code = head.strip_prefix(b"HTTP/1.")?.get(2..5)?;
    std::str::from_utf8(code).ok()?.parse().ok()
}

/// A proxy that is there and says nothing is told from one that cannot be reached.
fn silent(halt: Halt) -> Halt {
    if !matches!(halt.kind, FailureKind::TimedOut | FailureKind::Deadline) {
        return halt;
    }
    Halt::new(halt.kind, format!("the proxy accepted the connection and did not answer CONNECT: {}", halt.words))
}

/// Reads up to the empty line, byte by byte: what stands behind it belongs to the tunnel.
async fn head(stream: &mut Box<dyn Stream>) -> Result<Vec<u8>, Halt> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= LONGEST_HEAD {
            return Err(Halt::new(FailureKind::ReplyTooLarge, "the head of the proxy's answer never ended"));
        }
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) if head.is_empty() => {
                return Err(Halt::new(FailureKind::Closed, "closed without an answer to CONNECT"));
            }
            Err(_) => break,
        }
    }
    Ok(head)
}

fn judge(head: &[u8]) -> Result<(), NoTunnel> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let status = status(head);
    let quoted: String = first.chars().take(QUOTED).collect();
    match status {
        Some(200..=299) => Ok(()),
        Some(407) => {
            let schemes: Vec<&str> = lines.filter_map(scheme).collect();
            let offered = if schemes.is_empty() { "none named".to_owned() } else { schemes.join(", ") };
            let words = format!("{quoted}; accepted methods: {offered}");
            Err(NoTunnel { halt: Halt::new(FailureKind::Rejected, words), status })
        }
        Some(_) => Err(NoTunnel { halt: Halt::new(FailureKind::Rejected, quoted), status }),
        None => Err(NoTunnel { halt: Halt::new(FailureKind::MalformedReply, quoted), status: None }),
    }
}

fn scheme(line: &str) -> Option<&str> {
    let (name, value) = line.split_once(':')?;
    if name.eq_ignore_ascii_case("proxy-authenticate") { value.split_whitespace().next() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::{ConnectOverrides, ConnectTo, Resolve, RouteChoice};

    fn proxy(setting: &str) -> Proxy {
        Proxy::read(setting, "--proxy").unwrap()
    }

    #[test]
    fn settings_as_people_write_them() {
        assert_eq!(proxy("proxy.company.test:8080").to_string(), "proxy.company.test:8080");
        assert_eq!(proxy("http://10.0.0.1").port, 80);
        assert_eq!(proxy("http://u%40x:p@p.test:3128").credentials, Some(Secret::new("u@x:p")));
        for bad in ["https://p.test:443", "socks4://p.test:1080", "http://", "::::"] {
            let error = Proxy::read(bad, "--proxy").unwrap_err().to_string();
            assert!(error.contains("--proxy") && error.contains('\n'), "{error}");
        }
        let error = Proxy::read("https://u:hunter2@p.test", "HTTPS_PROXY").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
        assert!(!format!("{:?}", proxy("http://u:hunter2@p.test")).contains("hunter2"));
    }

    #[test]
    fn the_environment_is_read_as_curl_reads_it() {
        let found = |name: &str| match name {
            "HTTPS_PROXY" => Some("http://p.test:3128".to_owned()),
            "NO_PROXY" => Some("localhost, .inside.test,ece.test".to_owned()),
            _ => None,
        };
        let proxy = Proxy::of_environment(found).unwrap().unwrap();
        assert_eq!(proxy.learnt_from, "HTTPS_PROXY");
        assert!(proxy.is_for("login.microsoftonline.com"));
        for host in ["a.inside.test", "inside.test", "ECE.test.", "localhost", "127.0.0.1"] {
            assert!(!proxy.is_for(host), "{host}");
        }
        assert_eq!(Proxy::of_environment(|_| None), Ok(None));
    }

    #[test]
    fn secret_in_place_of_an_exception_is_not_kept() {
        let list =
            "inside.test,EwBIA8l6BAAUbDba3x2OMJElkF7gJ4z,9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d6c,[2001:db8::1]:443";
        let kept = exceptions(|name| (name == "NO_PROXY").then(|| list.to_owned()));
        assert_eq!(kept, ["inside.test", "[2001:db8::1]:443"]);
    }

    #[test]
    fn exceptions_mean_what_curl_takes_them_for() {
        let left_out = |list: &str, host: &str, port| {
            let not_for = exceptions(|name| (name == "NO_PROXY").then(|| list.to_owned()));
            Proxy { not_for, ..proxy("p.test:3128") }.exception(host, port).map(str::to_owned)
        };
        for (list, host) in [
            ("ample.test", "ample.test"),
            ("ample.test", "www.ample.test"),
            (".ample.test", "ample.test"),
            (".ample.test", "WWW.Ample.Test."),
            ("*.ample.test", "www.ample.test"),
            ("other.test,\tample.test. ,", "www.ample.test"),
            ("*", "anything.test"),
            ("*", "2001:db8::1"),
            ("192.168.0.0/16", "192.168.7.9"),
            ("192.168.7.9", "192.168.7.9"),
            ("2001:db8::/32", "2001:db8::1"),
            ("2001:db8::1", "[2001:db8::1]"),
            ("other.test;ample.test", "ample.test"),
            ("10.*", "10.1.2.3"),
            ("<local>", "intranet"),
            ("ample.test:443", "www.ample.test"),
            ("192.168.7.9:443", "192.168.7.9"),
            ("[2001:db8::1]:443", "2001:db8::1"),
        ] {
            assert!(left_out(list, host, 443).is_some(), "{list} means {host}");
        }
        for (list, host) in [
            ("ample.test", "example.test"),
            ("ample.test", "ample.test.other"),
            ("www.ample.test", "ample.test"),
            ("10.*", "110.1.2.3"),
            ("<local>", "ample.test"),
            ("<local>", "2001:db8::1"),
            ("ample.test:8443", "ample.test"),
            ("192.168.0.0/16", "192.169.0.1"),
            ("192.168.0.0/16", "192.168.0.0.test"),
            ("168.7.9", "192.168.7.9"),
            ("2001:db8::443", "2001:db8::"),
            (",. ,*.", "ample.test"),
            ("", "ample.test"),
        ] {
            assert_eq!(left_out(list, host, 443), None, "{list} does not mean {host}");
        }
        assert_eq!(left_out("a.test,.ample.test", "www.ample.test", 443).as_deref(), Some(".ample.test"));
    }

    #[test]
    fn name_that_is_not_found_speaks_against_the_setting_and_a_silent_resolver_does_not() {
        let stop = |kind| proxy("proxi.company.test:8080").not_found(&Halt::new(kind, "words"));
        let refused = stop(FailureKind::DnsRefused);
        assert_eq!((refused.protocol, refused.words.as_str()), (Protocol::Proxy, "proxy proxi.company.test: words"));
        assert_eq!(stop(FailureKind::TimedOut).protocol, Protocol::Dns);
    }

    #[test]
    fn beside_the_route_in_force_is_the_other_one() {
        let with = Proxy { not_for: vec!["inside.test".to_owned()], ..proxy("proxy.company.test:8080") };
        let overrides = ConnectOverrides { proxy: Some(with), ..ConnectOverrides::default() };
        let through = |way, host| overrides.proxy_on(way, host, 443).is_some();
        assert!(through(RouteChoice::InForce, "a.test") && !through(RouteChoice::Beside, "a.test"));
        assert!(!through(RouteChoice::InForce, "inside.test") && through(RouteChoice::Beside, "inside.test"));
        assert!(overrides.has_two("a.test", 443) && overrides.has_two("inside.test", 443));
        assert!(!overrides.has_two("localhost", 443) && !through(RouteChoice::Beside, "localhost"));
        assert!(!ConnectOverrides::default().has_two("a.test", 443));
    }

    #[test]
    fn rules_go_before_the_proxy() {
        let elsewhere = ConnectTo { host: "a.test".to_owned(), port: 443, to_host: "b.test".to_owned(), to_port: 443 };
        let given = Resolve { host: "c.test".to_owned(), port: 443, addresses: Vec::new() };
        let proxy = Some(proxy("proxy.company.test:8080"));
        let overrides =
            ConnectOverrides { resolve: vec![given], connect_to: vec![elsewhere], proxy, only_mapped: false };
        assert_eq!(
            ["a.test", "b.test", "c.test"].map(|host| overrides.proxied(host, 443).is_some()),
            [false, true, false]
        );
        assert!(overrides.proxied("a.test", 8443).is_some());
        assert!(!overrides.has_two("a.test", 443), "a rule leaves no other route");
    }

    #[tokio::test]
    async fn interim_answers_of_a_proxy_are_no_refusal() {
        let read = async |sent: &str| {
            let mut stream: Box<dyn Stream> = Box::new(std::io::Cursor::new(sent.as_bytes().to_vec()));
            final_head(&mut stream).await.map(|head| status(&head))
        };
        assert_eq!(read("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n").await, Ok(Some(200)));
        assert_eq!(read("HTTP/1.1 403 Forbidden\r\n\r\n").await, Ok(Some(403)));
        let endless = read(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(20)).await;
        assert_eq!(endless.unwrap_err().kind, FailureKind::ReplyTooLarge);
    }

    #[test]
    fn answers_to_connect() {
        assert_eq!(judge(b"HTTP/1.1 200 Connection established\r\n\r\n"), Ok(()));
        let refused = judge(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: Basic realm=x\r\n\r\n");
        let refused = refused.unwrap_err();
        assert_eq!(refused.status, Some(407));
        assert!(refused.halt.words.ends_with("accepted methods: Negotiate, Basic"), "{}", refused.halt.words);
        assert_eq!(judge(b"HTTP/1.0 403 Forbidden\r\n\r\n").unwrap_err().status, Some(403));
        assert_eq!(judge(b"SSH-2.0\r\n\r\n").unwrap_err().halt.kind, FailureKind::MalformedReply);
        assert_eq!(judge(b"").unwrap_err().status, None);
    }
}
