//! A proxy as people write it: on the command line, in the environment, in Windows, copied from a browser.
//!
//! In: a text. Out: a [`Proxy`], or what the text is instead of one. The text itself is never repeated: it may hold a
//! password. User and password end at the last at sign, since passwords hold at signs and users of a domain backslashes,
//! percent-encoded or not.

use std::net::Ipv6Addr;

use super::{BadProxy, Proxy, ProxyKind};
use crate::{
    ece::external_url::normal,
    secret::{Secret, suspect},
};

/// The port that is meant when none is written, as curl has it.
const HTTP_PORT: u16 = 80;
/// RFC 1928, section 3.
const SOCKS_PORT: u16 = 1080;
const BRACKETS: &str = "write http://[2001:db8::1]:8080: without brackets no one can tell where the port begins";
/// What people write for no proxy, and what would be looked up as the name of a host.
const NONE: [&str; 5] = ["none", "off", "no", "direct", "false"];
const RIGHT: &str = "write http://proxy.company.com:8080 or socks5://proxy.company.com:1080";

/// Reads a setting.
pub(super) fn read(setting: &str, learnt_from: &str) -> Result<Proxy, BadProxy> {
    let bad = |(wrong, right): (&str, &str)| BadProxy {
        learnt_from: learnt_from.to_owned(),
        wrong: wrong.to_owned(),
        right: right.to_owned(),
    };
    let setting = setting.trim();
    if let Some(told) = of_another_form(setting) {
        return Err(bad(told));
    }
    let (kind, rest) = scheme(setting).map_err(bad)?;
    let (login, place) = match rest.rsplit_once('@') {
        Some((login, place)) => (Some(login), place),
        None => (None, rest),
    };
    let (host, port) = place_of(place, kind).map_err(bad)?;
    Ok(Proxy {
        host,
        port,
        kind,
        learnt_from: learnt_from.to_owned(),
        credentials: login.and_then(credentials),
        not_for: Vec::new(),
    })
}

/// What a text is that is no single proxy.
fn of_another_form(setting: &str) -> Option<(&'static str, &'static str)> {
    let lower = setting.to_ascii_lowercase();
    let path = lower.split(['?', '#']).next().unwrap_or_default();
    let behind_scheme = path.split_once("://").map_or(path, |(_, rest)| rest);
    if [".pac", ".dat", ".js"].iter().any(|ending| path.ends_with(ending)) && behind_scheme.contains('/') {
        return Some((
            "is the address of a PAC script, not of a proxy",
            "open the script and name the proxy that it gives for login.microsoftonline.com; scripts are not run here",
        ));
    }
    if ["proxy ", "socks ", "socks5 ", "direct", "http ", "https "].iter().any(|word| lower.starts_with(word)) {
        return Some((
            "is an answer of a PAC script, such as PROXY host:8080; DIRECT",
            "name one proxy of it: http://host:8080",
        ));
    }
    if ["http=", "https=", "ftp=", "socks="].iter().any(|word| lower.starts_with(word)) {
        return Some((
            "is Windows' list of one proxy for each scheme, such as http=a:80;https=b:8080",
            "name the one behind https=, as http://b:8080",
        ));
    }
    if setting.rsplit('@').next().is_some_and(|place| place.contains([';', ',', ' '])) {
        return Some(("is a list", "name one proxy: http://proxy.company.com:8080"));
    }
    None
}

fn scheme(setting: &str) -> Result<(ProxyKind, &str), (&'static str, &'static str)> {
    let Some((scheme, rest)) = setting.split_once("://") else { return Ok((ProxyKind::Http, setting)) };
    match scheme.to_ascii_lowercase().as_str() {
        "http" => Ok((ProxyKind::Http, rest)),
        "socks5" | "socks5h" | "socks" => Ok((ProxyKind::Socks5, rest)),
        "https" => Err(("is written https://", "write http://: the scheme says how the proxy itself is spoken to")),
        "socks4" | "socks4a" => Err(("is a SOCKS 4 proxy", "name one that speaks SOCKS 5, as socks5://host:1080")),
        _ => Err(("is not an HTTP or SOCKS 5 proxy", RIGHT)),
    }
}

/// Host and port; what a URL may have behind them is only a slash.
fn place_of(place: &str, kind: ProxyKind) -> Result<(String, u16), (&'static str, &'static str)> {
    let place = place.strip_suffix('/').unwrap_or(place);
    if place.contains(['/', '?', '#', '\\']) {
        return Err(("has a path, which no proxy has", RIGHT));
    }
    let default = if kind == ProxyKind::Socks5 { SOCKS_PORT } else { HTTP_PORT };
    let (host, port) = if let Some(rest) = place.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or(("has a bracket that does not end", RIGHT))?;
        (host, port.strip_prefix(':'))
    } else {
        match place.rsplit_once(':') {
            Some((_, "")) => return Err(("has a colon at its end", RIGHT)),
            Some((host, _)) if host.contains(':') => return Err(("is an IPv6 address without brackets", BRACKETS)),
            Some((host, port)) => (host, Some(port)),
            None => (place, None),
        }
    };
    let port = match port {
        None => default,
        Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or((
            "has a port that is not a number from 1 to 65535",
            "write http://proxy.company.com:8080; a password with a colon or an at sign needs a user before it",
        ))?,
    };
    if NONE.iter().any(|word| host.eq_ignore_ascii_case(word)) {
        return Err(("names no proxy", "leave it unset where there is none, or use --no-proxy"));
    }
    let host = if host.contains(':') {
        host.parse::<Ipv6Addr>().map_err(|_| ("is not an address", RIGHT))?.to_string()
    } else {
        name(host).ok_or(if host.is_empty() { ("names no host", RIGHT) } else { ("is not an address", RIGHT) })?
    };
    Ok((host, port))
}

/// A name or an IPv4 address in the letters of DNS; none for what may be a token in the wrong variable.
fn name(host: &str) -> Option<String> {
    normal(host).filter(|_| !suspect::is_no_host(host))
}

/// User and password, decoded where they are percent-encoded.
fn credentials(login: &str) -> Option<Secret> {
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let plain = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    (!user.is_empty()).then(|| Secret::new(format!("{}:{}", plain(user), plain(password))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_that_are_understood() {
        for (setting, host, port, login) in [
            ("proxy.test:8080", "proxy.test", 8080, None),
            ("http://proxy.test", "proxy.test", 80, None),
            (" HTTP://proxy.test:3128/ ", "proxy.test", 3128, None),
            ("socks5://10.0.0.1", "10.0.0.1", 1080, None),
            ("socks5h://u:p@proxy.test:9", "proxy.test", 9, Some("u:p")),
            ("http://DOM\\user:pa@ss@proxy.test:8080", "proxy.test", 8080, Some("DOM\\user:pa@ss")),
            ("http://u%40d:p%3A%2f@proxy.test:8080", "proxy.test", 8080, Some("u@d:p:/")),
            ("u:p/a?b#c@proxy.test:8080", "proxy.test", 8080, Some("u:p/a?b#c")),
            ("http://[2001:db8::1]:8080", "2001:db8::1", 8080, None),
        ] {
            let proxy = read(setting, "--proxy").unwrap_or_else(|error| panic!("{setting}: {error}"));
            let told = (proxy.host.as_str(), proxy.port, proxy.credentials.as_ref().map(Secret::expose));
            assert_eq!(told, (host, port, login), "{setting}");
        }
        assert_eq!(read("socks5://a:1", "x").unwrap().kind, ProxyKind::Socks5);
    }

    #[test]
    fn forms_that_are_none_say_what_they_are_and_repeat_nothing() {
        for (setting, told) in [
            ("http://wpad.example.com/wpad.dat", "PAC script"),
            ("http://user:hunter22@proxy.test/proxy.pac?x=1", "PAC script"),
            ("PROXY h:8080; DIRECT", "answer of a PAC script"),
            ("http://p.test:8080:", "has a colon at its end"),
            ("none", "names no proxy"),
            ("DIRECT", "answer of a PAC script"),
            ("http=a:80;https=b:8080", "one proxy for each scheme"),
            ("http://a:80, http://b:80", "is a list"),
            ("https://proxy.test:8080", "is written https://"),
            ("socks4://proxy.test", "SOCKS 4"),
            ("ftp://proxy.test", "not an HTTP or SOCKS 5"),
            ("http://proxy.test:80/path", "has a path"),
            ("http://u:hunter22@proxy.test:port", "not a number"),
            ("http://proxy.test:0", "not a number"),
            ("2001:db8::1:8080", "an IPv6 address without brackets"),
            ("10.1.2.300:8080", "is not an address"),
            ("proxy..test:8080", "is not an address"),
            ("http://pro\u{200b}xy:8080", "is not an address"),
            ("9f8e7d6c5b4a39281706f5hunter22:8080", "is not an address"),
            ("http://:8080", "names no host"),
            ("http://pro xy:8080", "is a list"),
            ("http://pro'xy:8080", "is not an address"),
            ("", "names no host"),
        ] {
            let error = read(setting, "HTTPS_PROXY").unwrap_err().to_string();
            assert!(error.contains(told) && !error.contains("hunter22"), "{setting}: {error}");
        }
    }
}
