//! What kind of address an answer gives: one that a public service can have, one that only a client on the way can have
//! put in its place, or one that leads to no service at all.
//!
//! Zero-trust clients answer names with addresses of their own and carry the connections themselves: of the shared range
//! 100.64.0.0/10 (RFC 6598), of 198.18.0.0/15 (RFC 2544), or of 6.6.0.0/16, which Microsoft Entra Private Access and
//! Internet Access use. With them, and behind a NAT with private addresses, all may work.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The kinds of addresses, as far as a name of a public service is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressClass {
    /// One that a public service can have.
    Public,
    /// RFC 1918, or unique local (RFC 4193).
    Private,
    /// Shared between a provider and its customers (RFC 6598); zero-trust clients use it too.
    Shared,
    /// For benchmarks (RFC 2544), and 6.6.0.0/16: made up by a client on this host.
    Synthetic,
    /// An IPv4 address inside `64:ff9b::/96`: DNS64 made it (RFC 6052).
    Translated,
    /// Good on one link only (RFC 3927; RFC 4291, section 2.5.6).
    LinkLocal,
    /// This host itself (RFC 1122, section 3.2.1.3; RFC 4291, section 2.5.3).
    Loopback,
    /// 0.0.0.0/8 and `::`: no address.
    Unspecified,
    /// RFC 5771; RFC 4291, section 2.7.
    Multicast,
    /// 255.255.255.255 (RFC 919).
    Broadcast,
    /// For examples (RFC 5737, RFC 3849, RFC 9637).
    Documentation,
    /// 240.0.0.0/4 (RFC 1112, section 4) and what else no service has (RFC 6890).
    Reserved,
}

impl AddressClass {
    /// The kind of an address. An IPv4 address inside an IPv6 one counts as the IPv4 address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => v4(address),
            IpAddr::V6(address) => v6(address),
        }
    }

    /// True when a client or a NAT on the way may have given this address and carry the connection all the same.
    #[must_use]
    pub fn may_be_carried(self) -> bool {
        matches!(self, Self::Private | Self::Shared | Self::Synthetic | Self::LinkLocal | Self::Translated)
    }

    /// True when no service of Microsoft's, or of anybody's, can be behind this address.
    #[must_use]
    pub fn leads_nowhere(self) -> bool {
        !self.may_be_carried() && self != Self::Public
    }

    /// Its name in a report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Shared => "shared (100.64.0.0/10)",
            Self::Synthetic => "synthetic",
            Self::Translated => "translated (NAT64)",
            Self::LinkLocal => "link-local",
            Self::Loopback => "loopback",
            Self::Unspecified => "unspecified",
            Self::Multicast => "multicast",
            Self::Broadcast => "broadcast",
            Self::Documentation => "documentation",
            Self::Reserved => "reserved",
        }
    }
}

fn v4(address: Ipv4Addr) -> AddressClass {
    match address.octets() {
        [0, ..] => AddressClass::Unspecified,
        [127, ..] => AddressClass::Loopback,
        [255, 255, 255, 255] => AddressClass::Broadcast,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressClass::Private,
        [100, 64..=127, ..] => AddressClass::Shared,
        [198, 18..=19, ..] | [6, 6, ..] => AddressClass::Synthetic,
        [169, 254, ..] => AddressClass::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressClass::Documentation,
        [224..=239, ..] => AddressClass::Multicast,
        [240..=255, ..] | [192, 0, 0, _] => AddressClass::Reserved,
        _ => AddressClass::Public,
    }
}

fn v6(address: Ipv6Addr) -> AddressClass {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressClass::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressClass::Loopback,
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => translated(high, low),
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressClass::Documentation,
        [0x100, 0, 0, 0, ..] => AddressClass::Reserved,
        [0xfc00..=0xfdff, ..] => AddressClass::Private,
        [0xfe80..=0xfebf, ..] => AddressClass::LinkLocal,
        [0xff00..=0xffff, ..] => AddressClass::Multicast,
        _ => AddressClass::Public,
    }
}

/// What the IPv4 address inside leads to, the NAT64 in front of it leads to as well.
fn translated(high: u16, low: u16) -> AddressClass {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    let inside = v4(Ipv4Addr::new(a, b, c, d));
    if inside.leads_nowhere() { inside } else { AddressClass::Translated }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_told_and_its_edges() {
        use AddressClass::*;
        for (address, class) in [
            ("52.96.0.1", Public),
            ("2603:1006::1", Public),
            ("10.1.1.1", Private),
            ("172.16.0.1", Private),
            ("172.32.0.1", Public),
            ("192.168.255.1", Private),
            ("fd00::1", Private),
            ("100.63.0.1", Public),
            ("100.64.0.1", Shared),
            ("100.127.0.1", Shared),
            ("100.128.0.1", Public),
            ("198.18.0.1", Synthetic),
            ("198.20.0.1", Public),
            ("6.6.0.9", Synthetic),
            ("6.7.0.9", Public),
            ("::ffff:10.0.0.1", Private),
            ("64:ff9b::3460:1", Translated),
            ("64:ff9b::7f00:1", Loopback),
            ("169.254.1.1", LinkLocal),
            ("fe80::1", LinkLocal),
            ("127.9.9.9", Loopback),
            ("::1", Loopback),
            ("0.0.0.0", Unspecified),
            ("::", Unspecified),
            ("224.0.0.1", Multicast),
            ("ff02::1", Multicast),
            ("255.255.255.255", Broadcast),
            ("240.0.0.1", Reserved),
            ("203.0.113.9", Documentation),
            ("2001:db8::1", Documentation),
        ] {
            assert_eq!(AddressClass::of(address.parse().unwrap()), class, "{address}");
        }
    }

    #[test]
    fn carried_and_nowhere_exclude_each_other() {
        for class in [AddressClass::Public, AddressClass::Shared, AddressClass::Synthetic, AddressClass::Loopback] {
            assert!(!(class.may_be_carried() && class.leads_nowhere()));
        }
        assert!(AddressClass::Documentation.leads_nowhere() && AddressClass::Broadcast.leads_nowhere());
    }
}
