//! How a service was reached.

use std::{fmt, net::IpAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a service was reached. Reports carry it as one text, see its [`Display`](fmt::Display).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(into = "String", from = "String")]
#[schemars(with = "String")]
pub enum Route {
    /// The addresses of the name itself.
    #[default]
    Direct,
    /// An HTTP proxy that was asked for a tunnel.
    Proxy {
        /// The proxy's name, in brackets when it is an IPv6 address.
        host: String,
        /// The proxy's port.
        port: u16,
        /// Where the proxy was learned from, such as `HTTPS_PROXY`.
        learned_from: String,
    },
    /// Another host and port, by `--connect-to`.
    ConnectTo {
        /// The host in place of the service's own.
        host: String,
        /// The port in place of the service's own.
        port: u16,
    },
    /// These addresses in place of those that DNS gives, by `--resolve`.
    Resolve {
        /// The addresses, as they were given.
        addresses: Vec<IpAddr>,
    },
    /// Nothing was contacted: the user's file was read.
    File,
    /// A route that another version of this program has written down.
    Unknown(String),
}

impl Route {
    /// True for a route that the user ordered by `--connect-to` or `--resolve`.
    #[must_use]
    pub fn is_override(&self) -> bool {
        matches!(self, Self::ConnectTo { .. } | Self::Resolve { .. })
    }

    /// True for a route through a proxy.
    #[must_use]
    pub fn is_proxy(&self) -> bool {
        matches!(self, Self::Proxy { .. })
    }

    fn read(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            _ if text == FILE => Some(Self::File),
            None => (text == "direct").then_some(Self::Direct),
            Some(("proxy", rest)) => read_proxy(rest),
            Some(("connect-to", place)) => {
                let (host, port) = host_and_port(place)?;
                Some(Self::ConnectTo { host: host.to_owned(), port })
            }
            Some(("resolve", list)) => {
                let addresses = list.split(", ").map(str::parse).collect::<Result<_, _>>().ok()?;
                Some(Self::Resolve { addresses })
            }
            Some(_) => None,
        }
    }
}

const FILE: &str = "user's file";

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct => f.write_str("direct"),
            Self::Proxy { host, port, learned_from } => write!(f, "proxy {host}:{port} ({learned_from})"),
            Self::ConnectTo { host, port } => write!(f, "connect-to {host}:{port}"),
            Self::Resolve { addresses } => {
                let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
                write!(f, "resolve {}", addresses.join(", "))
            }
            Self::File => f.write_str(FILE),
            Self::Unknown(text) => f.write_str(text),
        }
    }
}

fn read_proxy(rest: &str) -> Option<Route> {
    let (place, learned_from) = rest.split_once(" (")?;
    let (host, port) = host_and_port(place)?;
    let learned_from = learned_from.strip_suffix(')')?.to_owned();
    Some(Route::Proxy { host: host.to_owned(), port, learned_from })
}

fn host_and_port(place: &str) -> Option<(&str, u16)> {
    let (host, port) = place.rsplit_once(':')?;
    port.parse().ok().map(|port| (host, port))
}

impl From<Route> for String {
    fn from(route: Route) -> Self {
        route.to_string()
    }
}

impl From<String> for Route {
    fn from(text: String) -> Self {
        Self::read(&text).unwrap_or(Self::Unknown(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_is_read_back_as_it_was_written() {
        let proxy = |host: &str| Route::Proxy {
            host: host.to_owned(),
            port: 8080,
            learned_from: "Windows, Internet settings (user)".to_owned(),
        };
        for route in [
            Route::Direct,
            proxy("proxy.test"),
            proxy("[2001:db8::1]"),
            Route::ConnectTo { host: "::1".to_owned(), port: 2525 },
            Route::Resolve { addresses: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()] },
            Route::File,
            Route::Unknown("tunnel of a later version".to_owned()),
        ] {
            let text = String::from(route.clone());
            assert_eq!(Route::from(text.clone()), route, "{text}");
        }
    }
}
