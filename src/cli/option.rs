//! Reading the values of flags.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use crate::{
    deployment::holds_secret,
    ece::external_url::normal,
    finding::Report,
    net::{ConnectTo, Resolve},
    report::{Format, nagios::State},
    secret::suspect,
};

/// How a person signs in with `--graph`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum GraphSignIn {
    /// In a browser if one starts here, otherwise with a device code
    Auto,
    /// In a browser on this machine
    Browser,
    /// With a code, in a browser anywhere
    DeviceCode,
}

/// The user of `--webex-connect`, where one is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebexUser(pub Option<String>);

/// The longest name of a user of Webex, which is a mail address (RFC 3696, erratum 1690).
const LONGEST_USER: usize = 254;

/// Reads the name of a user of Webex; an empty text names none.
pub fn webex_user(text: &str) -> Result<WebexUser, String> {
    let is_plain = |letter: char| !letter.is_control() && !letter.is_whitespace() && !"\"\\<>".contains(letter);
    match text {
        "" => Ok(WebexUser(None)),
        _ if text.contains('@') && text.chars().all(is_plain) && text.len() <= LONGEST_USER => {
            Ok(WebexUser(Some(text.to_owned())))
        }
        _ => Err("write the mail address under which Webex knows the user".to_owned()),
    }
}

/// The longest time that a flag may name.
const LONGEST: Duration = Duration::from_hours(1);

/// Reads a time such as `10s`, `500ms` or `2m`.
pub fn time(text: &str) -> Result<Duration, String> {
    let right = "write a time such as 10s, 500ms or 2m, up to 1h";
    let read: jiff::SignedDuration = text.parse().map_err(|_| right.to_owned())?;
    let time = Duration::try_from(read).map_err(|_| right.to_owned())?;
    if time.is_zero() || time > LONGEST { Err(right.to_owned()) } else { Ok(time) }
}

/// Whose exit codes a command ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExitCodes {
    /// 0 OK, 1 failed, 2 usage, 3 inconclusive, 4 warnings with --strict, 5 --wait expired
    Own,
    /// 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
    Nagios,
}

impl ExitCodes {
    /// The exit code for reports, whose own worst one is `own`.
    pub fn of(self, reports: &[&Report], own: u8) -> u8 {
        match self {
            Self::Own => own,
            Self::Nagios => State::worst(reports.iter().map(|report| State::of(report))).exit_code(),
        }
    }

    /// Those that were asked for; a plugin's output comes with a plugin's exit codes.
    pub fn chosen(asked: Option<Self>, output: Format) -> Self {
        asked.unwrap_or(if output == Format::Nagios { Self::Nagios } else { Self::Own })
    }
}

/// The longest name of a site, in characters.
const LONGEST_NAME: usize = 80;

/// Reads the name of a site.
pub fn name_of_site(text: &str) -> Result<String, String> {
    let name = text.trim();
    let is_name = !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.contains(char::is_control);
    if !is_name {
        return Err(format!("write a name of 1 to {LONGEST_NAME} characters"));
    }
    without_secret(name, "a name for the site, such as Rotterdam")
}

/// Reads the number of a case.
pub fn case(text: &str) -> Result<String, String> {
    without_secret(text.trim(), "the number of the case, such as 691234567")
}

/// Said of a value that is not repeated.
pub const SECRET: &str = "this looks like a URL or a secret";

/// A text for people to read, which every report repeats.
fn without_secret(text: &str, right: &str) -> Result<String, String> {
    let is_secret = suspect::is_no_name(text) || holds_secret(text);
    if is_secret { Err(format!("{SECRET}; write {right}")) } else { Ok(text.to_owned()) }
}

/// Reads a delay, which may be nothing.
pub fn delay(text: &str) -> Result<Duration, String> {
    if ["0", "0s", "0ms"].contains(&text) { Ok(Duration::ZERO) } else { time(text) }
}

/// Reads `ADDR` or `ADDR:PORT` of a resolver.
pub fn dns_server(text: &str) -> Result<SocketAddr, String> {
    let alone = unbracketed(text).parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
    let read = alone.or_else(|_| text.parse());
    read.map_err(|_| "write an address such as 10.0.0.53, 10.0.0.53:5353 or [fd00::53]:5353".to_owned())
}

/// Reads `HOST:PORT:ADDR[,ADDR]`, as curl does.
pub fn resolve(text: &str) -> Result<Resolve, String> {
    let right = || "write HOST:PORT:ADDR, for example smtp.office365.com:587:52.96.0.10".to_owned();
    let parts: Vec<&str> = split(text, 3);
    let [host, port, addresses] = parts[..] else { return Err(right()) };
    let addresses: Result<Vec<IpAddr>, _> = addresses.split(',').map(|address| unbracketed(address).parse()).collect();
    let addresses = addresses.map_err(|_| right())?;
    Ok(Resolve { host: name(host).ok_or_else(right)?, port: self::port(port).ok_or_else(right)?, addresses })
}

/// Reads `HOST:PORT:HOST2:PORT2`, as curl does. HOST may also be an address that the name resolves to.
pub fn connect_to(text: &str) -> Result<ConnectTo, String> {
    let right = || "write HOST:PORT:HOST2:PORT2, for example outlook.office365.com:993:127.0.0.1:40993".to_owned();
    let parts = split(text, 4);
    let [host, from, to_host, to] = parts[..] else { return Err(right()) };
    Ok(ConnectTo {
        host: name(host).ok_or_else(right)?,
        port: port(from).ok_or_else(right)?,
        to_host: name(to_host).ok_or_else(right)?,
        to_port: port(to).ok_or_else(right)?,
    })
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}

fn name(text: &str) -> Option<String> {
    let plain = unbracketed(text);
    if plain.parse::<IpAddr>().is_ok() {
        return Some(plain.to_owned());
    }
    normal(plain).filter(|_| !suspect::is_no_host(plain))
}

fn unbracketed(text: &str) -> &str {
    text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text)
}

/// Splits at colons, but not inside brackets: IPv6 addresses are written in them. The last part keeps its colons.
fn split(text: &str, most: usize) -> Vec<&str> {
    let (mut parts, mut begin, mut inside) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        match c {
            '[' => inside = true,
            ']' => inside = false,
            ':' if !inside && parts.len() + 1 < most => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_people_write_them() {
        assert_eq!(time("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(time("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(time("2m"), Ok(Duration::from_mins(2)));
        for bad in ["", "10", "-5s", "0s", "2h", "soon"] {
            assert!(time(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn resolve_takes_both_families() {
        let rule = resolve("smtp.office365.com:587:52.96.0.10,[2603:1036::1]").unwrap();
        assert_eq!((rule.host.as_str(), rule.port, rule.addresses.len()), ("smtp.office365.com", 587, 2));
        assert!(resolve("smtp.office365.com:587").is_err());
        assert!(resolve("smtp.office365.com:0:1.2.3.4").is_err());
    }

    #[test]
    fn connect_to_takes_names_and_addresses() {
        let rule = connect_to("[2603:1036::1]:993:127.0.0.1:40993").unwrap();
        assert_eq!((rule.host.as_str(), rule.to_port), ("2603:1036::1", 40993));
        assert!(connect_to("a:993:b").is_err());
        assert!(connect_to("a:993::5").is_err());
        assert!(connect_to("a b:993:c:5").is_err());
    }

    #[test]
    fn resolvers_with_and_without_port() {
        assert_eq!(dns_server("10.0.0.53").unwrap().port(), 53);
        assert_eq!(dns_server("fd00::53").unwrap().port(), 53);
        assert_eq!(dns_server("[fd00::53]:5353").unwrap().port(), 5353);
        assert!(dns_server("dns.example.com").is_err());
    }
}
