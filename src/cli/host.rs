//! What this host says of itself: the vantage of a run, as far as no connection is needed for it.
//!
//! In: files of the system on Linux, the registry and the adapters on Windows. Out: names and numbers for the report's
//! header. What cannot be read stays unsaid; nothing here asks another machine.

use std::net::Ipv6Addr;

#[cfg(not(windows))]
use crate::files;
use crate::net::firewall::Firewall;

/// The longest name of a system, in characters.
const LONGEST: usize = 80;

/// The ports that ECE needs outbound (Cisco document 218453).
const PORTS: [u16; 4] = [443, 587, 993, 995];

/// The name of this host, as it has it itself.
pub fn name() -> String {
    hostname::get().map_or_else(|_| "unknown".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The system's own name for itself with its version, and its family where it has none.
pub fn operating_system() -> String {
    let named = named().map(|name| name.chars().take(LONGEST).collect());
    named.unwrap_or_else(|| format!("{} ({})", std::env::consts::OS, std::env::consts::ARCH))
}

/// How far this host's time zone is ahead of UTC now, in minutes.
pub fn utc_offset_minutes() -> i32 {
    jiff::Zoned::now().offset().seconds() / 60
}

/// Whether this host has an IPv6 address that is good beyond its own link; none when it cannot be told.
pub fn uses_ipv6() -> Option<bool> {
    Some(ipv6_addresses()?.iter().any(is_routed))
}

/// What the Windows firewall shuts of the ports that ECE needs, each with its rule or its profile.
pub fn shut_ports(firewall: &Firewall) -> Vec<String> {
    let of = |port: u16| {
        let shut = firewall.shuts(port).into_iter().chain(firewall.shuts_for_some(port));
        shut.map(move |why| format!("port {port}: {why}"))
    };
    PORTS.into_iter().flat_map(of).collect()
}

/// Link-local (`fe80::/10`), loopback and unspecified addresses lead nowhere else (RFC 4291, section 2.4).
fn is_routed(address: &Ipv6Addr) -> bool {
    !(address.is_unicast_link_local() || address.is_loopback() || address.is_unspecified())
}

/// A small file of the system.
#[cfg(not(windows))]
pub(super) fn system_file(path: &str) -> std::io::Result<String> {
    let bytes = files::read(std::path::Path::new(path), 1 << 20)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// `PRETTY_NAME` of os-release(5).
#[cfg(not(windows))]
fn named() -> Option<String> {
    let text = system_file("/etc/os-release").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(line.trim_matches('"').to_owned())
}

/// The registry has what `winver` shows; asking the system's functions would give the version that a manifest allows.
#[cfg(windows)]
fn named() -> Option<String> {
    let key = windows_registry::LOCAL_MACHINE.open(r"SOFTWARE\Microsoft\Windows NT\CurrentVersion").ok()?;
    let text = |name: &str| key.get_string(name).ok().filter(|text| !text.is_empty());
    let release = text("DisplayVersion").or_else(|| text("ReleaseId")); // such as 21H2; before 2020 such as 1809
    let build = text("CurrentBuild").or_else(|| text("CurrentBuildNumber"))?;
    let update = key.get_u32("UBR").map(|update| format!(".{update}")).unwrap_or_default();
    let product = windows_of(&text("ProductName")?, &build);
    let release = release.map(|release| format!(" {release}")).unwrap_or_default();
    Some(format!("{product}{release} ({build}{update})"))
}

/// Windows 11 still calls itself Windows 10 in the registry; its builds begin with 22000. Servers have the right name.
/// Source: <https://learn.microsoft.com/windows/release-health/windows11-release-information>
#[cfg(any(windows, test))]
fn windows_of(product: &str, build: &str) -> String {
    match product.strip_prefix("Windows 10") {
        Some(edition) if build.parse().is_ok_and(|build: u32| build >= 22_000) => format!("Windows 11{edition}"),
        _ => product.replace("Microsoft Windows", "Windows"),
    }
}

/// The kernel's list; a kernel without IPv6 has none.
#[cfg(not(windows))]
fn ipv6_addresses() -> Option<Vec<Ipv6Addr>> {
    match system_file("/proc/net/if_inet6") {
        Ok(text) => Some(text.lines().filter_map(listed).collect()),
        Err(error) => (error.kind() == std::io::ErrorKind::NotFound).then(Vec::new),
    }
}

/// A line of `/proc/net/if_inet6` begins with the address in 32 hexadecimal digits.
#[cfg(not(windows))]
fn listed(line: &str) -> Option<Ipv6Addr> {
    let digits = line.split_whitespace().next().filter(|digits| digits.len() == 32)?;
    u128::from_str_radix(digits, 16).ok().map(Ipv6Addr::from_bits)
}

#[cfg(windows)]
fn ipv6_addresses() -> Option<Vec<Ipv6Addr>> {
    let adapters = ipconfig::get_adapters().ok()?;
    let up = adapters.iter().filter(|adapter| adapter.oper_status() == ipconfig::OperStatus::IfOperStatusUp);
    Some(up.flat_map(ipconfig::Adapter::ip_addresses).filter_map(ipv6).collect())
}

#[cfg(windows)]
fn ipv6(address: &std::net::IpAddr) -> Option<Ipv6Addr> {
    match address {
        std::net::IpAddr::V6(address) => Some(*address),
        std::net::IpAddr::V4(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_has_names() {
        assert!(!name().is_empty());
        let system = operating_system();
        assert!(system.chars().any(|character| character.is_ascii_digit()), "{system}");
        assert_eq!(system.starts_with("Windows"), cfg!(windows), "{system}");
    }

    #[test]
    fn addresses_of_the_own_link_are_not_ipv6_in_use() {
        let routed = |text: &str| is_routed(&text.parse().expect("an address"));
        assert!(routed("2001:db8::1") && routed("fd00::1"));
        assert!(!routed("fe80::1") && !routed("::1") && !routed("::"));
    }

    #[test]
    fn windows_by_its_right_name() {
        assert_eq!(windows_of("Windows Server 2022 Standard", "20348"), "Windows Server 2022 Standard");
        assert_eq!(windows_of("Windows 10 Pro", "22631"), "Windows 11 Pro");
        assert_eq!(windows_of("Windows 10 Pro", "19045"), "Windows 10 Pro");
    }

    #[cfg(not(windows))]
    #[test]
    fn the_kernels_list() {
        let line = "20010db8000000000000000000000001 02 40 00 80     eth0";
        assert_eq!(listed(line), Some("2001:db8::1".parse().unwrap()));
        assert_eq!(listed("gibberish"), None);
    }
}
