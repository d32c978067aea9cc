//! The addresses of a name, asked of the resolver that this host uses.

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use ipnet::IpNet;

use super::{Earlier, FactGroup, Probe, ProbeContext, Touch};
use crate::{
    evidence::{Facts, Failure, Observation, ProbeKey, Protocol, Route, Stage, Subject, Timing, facts},
    net::{
        Network,
        address::AddressClass,
        dns::{Lookup, Resolver},
    },
};

facts! {
    /// What a look at a name can measure.
    ADDRESSES: Vec<String> = "dns.addresses", "addresses";
    ADDRESS_COUNT: i64 = "dns.address_count", "number of addresses";
    IPV4_COUNT: i64 = "dns.ipv4_count", "IPv4 addresses";
    IPV6_COUNT: i64 = "dns.ipv6_count", "IPv6 addresses";
    ALIAS_CHAIN: Vec<String> = "dns.alias_chain", "aliases (CNAME)";
    SERVERS: Vec<String> = "dns.servers", "DNS servers asked";
    FROM_HOSTS_FILE: bool = "dns.from_hosts_file", "answered by the hosts file";
    SINKHOLE_ADDRESSES: Vec<String> = "dns.sinkhole_addresses", "addresses that cannot belong to a service";
    PRIVATE_ADDRESSES: Vec<String> = "dns.private_addresses", "private or synthetic addresses";
    UNPUBLISHED_ADDRESSES: Vec<String> = "dns.unpublished_addresses", "addresses outside Microsoft's published ranges";
    ADDRESS_CLASSES: Vec<String> = "dns.address_classes", "address types";
    IGNORED_SERVERS: Vec<String> = "dns.ignored_servers", "DNS servers configured beyond the third, never asked";
    SEARCH_SUFFIX: String = "dns.search_suffix", "name with search suffix that answered instead";
    OTHER_FAMILY_FAILED: String = "dns.other_family_failed", "failed lookup";
}

/// A look at a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DnsProbe {
    /// The name, without a trailing dot.
    pub name: String,
    /// The ranges that Microsoft publishes for it; empty for names that are not Microsoft's.
    pub published: Vec<IpNet>,
}

impl Probe for DnsProbe {
    const NAME: &str = "dns";
    const FACTS: &[FactGroup] = &[("dns", FACTS)];

    fn subject(&self) -> Subject {
        Subject::Name(self.name.as_str().into())
    }

    fn touches(&self) -> Vec<Touch> {
        vec![Touch::Name(self.name.clone())]
    }

    async fn observe(&self, _: &Earlier, context: &ProbeContext) -> Observation {
        observe(self, &context.network).await
    }
}

/// The key of the lookup of a name.
#[must_use]
pub fn key(name: &str) -> ProbeKey {
    ProbeKey::new(DnsProbe::NAME, Subject::Name(name.into()), "")
}

/// The addresses that a lookup gave.
///
/// # Errors
/// The failure of the lookup.
pub fn addresses(seen: &Observation) -> Result<Vec<IpAddr>, Failure> {
    if let Some(failure) = &seen.failure {
        return Err(failure.clone());
    }
    let Some(addresses) = seen.facts.get(ADDRESSES) else { return Ok(Vec::new()) };
    Ok(addresses.iter().filter_map(|address| address.parse().ok()).collect())
}

/// Asks for A and AAAA at once and for the alias chain.
pub async fn observe(look: &DnsProbe, network: &Network) -> Observation {
    let began = Instant::now();
    let lookup = network.resolver.lookup(&look.name, network.family, &network.limits).await;
    let ms = began.elapsed().as_secs_f64() * 1000.0;
    Observation {
        facts: facts(look, &lookup, &network.resolver),
        failure: lookup.addresses.err().map(|halt| Failure::new(Protocol::Dns, Stage::Lookup, halt.kind, halt.words)),
        timings: vec![Timing { name: Stage::Lookup, ms }],
        duration_ms: ms,
        ..Observation::new("dns", look.subject(), Route::Direct)
    }
}

fn facts(look: &DnsProbe, lookup: &Lookup, resolver: &Resolver) -> Facts {
    let mut facts = Facts::default();
    if !resolver.ignored().is_empty() {
        facts.set(IGNORED_SERVERS, resolver.ignored().iter().map(spoken).collect::<Vec<_>>());
    }
    facts.set(SERVERS, lookup.servers.iter().map(spoken).collect::<Vec<_>>());
    facts.set(ALIAS_CHAIN, lookup.aliases.clone());
    facts.set(FROM_HOSTS_FILE, lookup.from_hosts_file);
    if let Some(longer) = &lookup.suffixed {
        facts.set(SEARCH_SUFFIX, longer.clone());
    }
    if let Some(failed) = &lookup.other_family_failed {
        facts.set(OTHER_FAMILY_FAILED, failed.clone());
    }
    if let Ok(addresses) = &lookup.addresses {
        note_addresses(&mut facts, addresses, &look.published);
    }
    facts
}

fn note_addresses(facts: &mut Facts, addresses: &[IpAddr], published: &[IpNet]) {
    let those = |wanted: &dyn Fn(IpAddr) -> bool| -> Vec<String> {
        addresses.iter().filter(|address| wanted(**address)).map(ToString::to_string).collect()
    };
    let ipv4 = addresses.iter().filter(|address| address.is_ipv4()).count();
    facts.set(ADDRESSES, those(&|_| true));
    facts.set(ADDRESS_COUNT, count(addresses.len()));
    facts.set(IPV4_COUNT, count(ipv4));
    facts.set(IPV6_COUNT, count(addresses.len() - ipv4));
    let classes: BTreeSet<AddressClass> = addresses.iter().map(|address| AddressClass::of(*address)).collect();
    facts.set(ADDRESS_CLASSES, classes.into_iter().map(|class| class.name().to_owned()).collect::<Vec<_>>());
    facts.set(SINKHOLE_ADDRESSES, those(&is_sinkhole));
    facts.set(PRIVATE_ADDRESSES, those(&is_private));
    if !published.is_empty() {
        let known = |address| published.iter().any(|range| range.contains(&address));
        let stray = |address| !known(address) && !is_sinkhole(address) && !is_private(address);
        facts.set(UNPUBLISHED_ADDRESSES, those(&stray));
    }
}

/// Where filters send names that they block, and what else no service can have.
fn is_sinkhole(address: IpAddr) -> bool {
    AddressClass::of(address).leads_nowhere()
}

/// Addresses that only a client or a NAT on the way can carry to a public service.
fn is_private(address: IpAddr) -> bool {
    AddressClass::of(address).may_be_carried()
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// Port 53 goes without saying.
fn spoken(server: &SocketAddr) -> String {
    if server.port() == 53 { server.ip().to_string() } else { server.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Value;

    fn noted(addresses: &[&str], published: &[&str]) -> Facts {
        let mut facts = Facts::default();
        let addresses: Vec<IpAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let published: Vec<IpNet> = published.iter().map(|range| range.parse().unwrap()).collect();
        note_addresses(&mut facts, &addresses, &published);
        facts
    }

    fn list(facts: &Facts, name: &str) -> Vec<String> {
        match facts.value(name) {
            Some(Value::List(list)) => list.clone(),
            other => panic!("{name} is {other:?}"),
        }
    }

    #[test]
    fn kinds_of_addresses_are_kept_apart() {
        let facts = noted(
            &[
                "0.0.0.0",
                "127.0.0.1",
                "10.1.1.1",
                "100.64.0.1",
                "100.128.0.1",
                "169.254.1.1",
                "52.96.0.1",
                "192.0.2.1",
                "::",
                "::1",
                "::ffff:10.0.0.1",
                "fc00::1",
                "fe80::1",
                "2603:1006::1",
                "2001:db8::1",
            ],
            &["52.96.0.0/14", "2603:1006::/40"],
        );
        assert_eq!(
            list(&facts, "dns.sinkhole_addresses"),
            ["0.0.0.0", "127.0.0.1", "192.0.2.1", "::", "::1", "2001:db8::1"]
        );
        assert_eq!(
            list(&facts, "dns.private_addresses"),
            ["10.1.1.1", "100.64.0.1", "169.254.1.1", "::ffff:10.0.0.1", "fc00::1", "fe80::1"]
        );
        assert_eq!(list(&facts, "dns.unpublished_addresses"), ["100.128.0.1"]);
        assert_eq!(facts.value("dns.ipv4_count"), Some(&Value::Int(8)));
        assert_eq!(facts.value("dns.ipv6_count"), Some(&Value::Int(7)));
    }

    #[test]
    fn without_published_ranges_nothing_is_unpublished() {
        assert_eq!(noted(&["52.96.0.1"], &[]).value("dns.unpublished_addresses"), None);
    }
}
