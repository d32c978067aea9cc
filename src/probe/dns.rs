//! The addresses of a name, asked of the resolver that this host uses.

use ipnet::IpNet;

use super::{Fact, Shape, fact};
use crate::{net::Network, seen::Observation};

/// What a look at a name can measure.
pub const FACTS: &[Fact] = &[
    fact("dns.addresses", Shape::List, "addresses"),
    fact("dns.address_count", Shape::Int, "number of addresses"),
    fact("dns.ipv4_count", Shape::Int, "IPv4 addresses"),
    fact("dns.ipv6_count", Shape::Int, "IPv6 addresses"),
    fact("dns.alias_chain", Shape::List, "aliases (CNAME)"),
    fact("dns.servers", Shape::List, "resolvers asked"),
    fact("dns.from_hosts_file", Shape::Bool, "answered by the hosts file"),
    fact("dns.sinkhole_addresses", Shape::List, "loopback or zero addresses"),
    fact("dns.private_addresses", Shape::List, "private addresses"),
    fact("dns.unpublished_addresses", Shape::List, "addresses outside Microsoft's published ranges"),
    fact("dns.search_suffix", Shape::Text, "search suffix that answered in place of the name"),
    fact("dns.other_family_failed", Shape::Text, "the other address family"),
];

/// A look at a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// The name, without a trailing dot.
    pub name: String,
    /// The ranges that Microsoft publishes for it; empty for names that are not Microsoft's.
    pub published: Vec<IpNet>,
}

/// Asks for A and AAAA at once and for the alias chain.
pub async fn observe(_look: &Look, _network: &Network) -> Observation {
    todo!()
}
