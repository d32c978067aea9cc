//! `/etc/resolv.conf` as glibc reads it (resolv.conf(5)): at most three servers, `127.0.0.1` where it names none, and the
//! interface behind an address of one link (`fe80::1%eth0`), without which it cannot be asked.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};

/// The file.
pub(super) const FILE: &str = "/etc/resolv.conf";
/// glibc's `MAXNS`: servers behind the third are never asked.
const MOST_SERVERS: usize = 3;
/// A longer file is none, in bytes.
pub(super) const LARGEST: u64 = 64 << 10;

/// What the file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Configuration {
    /// The servers that are asked.
    pub servers: Vec<SocketAddr>,
    /// The servers that are named and never asked.
    pub ignored: Vec<SocketAddr>,
    /// What is appended to a name that does not exist.
    pub search: Vec<String>,
}

/// Reads the text of the file. `interface` gives the number of a network interface.
pub(super) fn read(text: &str, interface: impl Fn(&str) -> Option<u32>) -> Configuration {
    let mut read = Configuration::default();
    let mut named = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => named.extend(words.next().and_then(|word| server(word, &interface))),
            Some("search") => read.search = words.map(str::to_owned).collect(), // the last of the two rules
            Some("domain") => read.search = words.take(1).map(str::to_owned).collect(),
            _ => {}
        }
    }
    if named.is_empty() {
        named.push(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)));
    }
    read.ignored = named.split_off(named.len().min(MOST_SERVERS));
    read.servers = named;
    read
}

fn server(word: &str, interface: impl Fn(&str) -> Option<u32>) -> Option<SocketAddr> {
    let Some((address, scope)) = word.split_once('%') else {
        return Some(SocketAddr::new(word.parse::<IpAddr>().ok()?, 53));
    };
    let scope = scope.parse().ok().or_else(|| interface(scope)).unwrap_or(0);
    Some(SocketAddr::V6(SocketAddrV6::new(address.parse().ok()?, 53, 0, scope)))
}

/// The number of a network interface, as Linux tells it.
pub(super) fn interface(name: &str) -> Option<u32> {
    let is_name = !name.is_empty() && !name.contains(['/', '.']);
    let file = std::path::PathBuf::from(format!("/sys/class/net/{name}/ifindex"));
    let bytes = is_name.then(|| crate::files::read(&file, 8192).ok()).flatten()?;
    String::from_utf8(bytes).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Configuration {
        read(text, |name| (name == "lo").then_some(1))
    }

    #[test]
    fn a_file_that_names_no_server_means_this_host() {
        for text in ["", "# nothing\n", "nameserver\n", "nameserver not-an-address\n", "search contoso.example\n"] {
            assert_eq!(of(text).servers, [SocketAddr::from(([127, 0, 0, 1], 53))], "{text:?}");
        }
    }

    #[test]
    fn three_servers_are_asked_and_the_rest_is_told() {
        let text = "nameserver 10.0.0.1 # comment\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n\
                    nameserver 10.0.0.5\n";
        let read = of(text);
        let last = |servers: &[SocketAddr]| servers.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(last(&read.servers), ["10.0.0.1:53", "10.0.0.2:53", "10.0.0.3:53"]);
        assert_eq!(last(&read.ignored), ["10.0.0.4:53", "10.0.0.5:53"]);
    }

    #[test]
    fn interface_of_a_link_local_server_is_kept() {
        assert_eq!(of("nameserver fe80::1%lo\n").servers[0].to_string(), "[fe80::1%1]:53");
        assert_eq!(of("nameserver fe80::1%7\n").servers[0].to_string(), "[fe80::1%7]:53");
        assert_eq!(of("nameserver fe80::1%gone\n").servers[0].to_string(), "[fe80::1]:53");
        #[cfg(target_os = "linux")]
        assert_eq!(interface("lo"), Some(1));
        assert_eq!(interface("../lo"), None);
    }

    #[test]
    fn the_last_search_list_rules() {
        assert_eq!(of("domain a.example\nsearch b.example c.example\n").search, ["b.example", "c.example"]);
        assert_eq!(of("search b.example\ndomain a.example x\n").search, ["a.example"]);
    }
}
