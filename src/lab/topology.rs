//! The tenant with its faults: who answers where, and how.
//!
//! In: the healthy [`HOSTS`] and the faults that were asked for. Out: what the resolver answers for each name, and one
//! [`Endpoint`] for each address and port.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, SocketAddr},
};

use super::{
    Error, Settings,
    fault::{Certificate, Change, Code, Dns, Door, Family, Fault, Moment, Step, Tls},
    hosts::{HOSTS, Host, PROXY, Service},
    tenant::Tenant,
};

/// All that the lab shows.
#[derive(Debug)]
pub(super) struct Topology {
    pub names: Vec<Name>,
    pub endpoints: Vec<Endpoint>,
    pub tenant: Tenant,
    /// True when the site has a proxy.
    pub proxied: bool,
}

/// What the resolver says of one name.
#[derive(Clone, Debug)]
pub(super) struct Name {
    pub host: &'static Host,
    pub ipv4: Answer,
    pub ipv6: Answer,
}

/// What the resolver says to one kind of question.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file of a fault")]
pub(super) struct Answer {
    pub code: Option<Code>,
    pub aliases: Vec<String>,
    pub addresses: Vec<IpAddr>,
    pub silent: bool,
    pub wait_ms: u64,
    pub silent_over_tcp: bool,
    pub closes_over_tcp: bool,
    pub foreign_id: bool,
    pub hex: Option<String>,
}

/// One address and port, and how its server behaves.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub host: &'static Host,
    /// The place of the address among those of its name.
    pub index: usize,
    pub address: SocketAddr,
    pub service: Service,
    pub door: Door,
    pub certificate: Option<Certificate>,
    pub tls: Tls,
    pub clock_minutes: i32,
    pub script: BTreeMap<Moment, Vec<Step>>,
}

/// Puts the topology together: as many mailboxes as are wanted, and a proxy where one is wanted.
///
/// # Errors
/// [`Error::Contradiction`] when two faults change the same thing at the same place.
pub(super) fn build(faults: &[Fault], wanted: &Settings) -> Result<Topology, Error> {
    let mut claims = Claims::default();
    let mut names = Vec::new();
    let proxied = wanted.proxy || changes(faults).any(|(_, change)| change.proxy);
    for host in HOSTS.iter().chain(proxied.then_some(&PROXY)) {
        names.push(name(host, faults, &mut claims)?);
    }
    let mut endpoints: Vec<_> = names.iter().flat_map(healthy_endpoints).collect();
    let mut taken = BTreeSet::new();
    endpoints.retain(|endpoint| taken.insert(endpoint.address)); // a fault may give two names one address
    for endpoint in &mut endpoints {
        apply(endpoint, faults, &mut claims)?;
    }
    let mut tenant = Tenant::healthy(wanted.mailboxes, wanted.accounts);
    (tenant.asks_graph, tenant.webex.in_site) = (wanted.graph, wanted.webex);
    if wanted.application_account {
        tenant.add_application_account();
    }
    for (fault, change) in changes(faults) {
        tenant.apply(change, |what| claims.claim(what.to_owned(), fault))?;
    }
    Ok(Topology { names, endpoints, tenant, proxied })
}

/// Which fault has changed what, so that a second one that wants the same is noticed.
#[derive(Default)]
struct Claims(BTreeMap<String, String>);

impl Claims {
    fn claim(&mut self, what: String, fault: &Fault) -> Result<(), Error> {
        let name = &fault.info.name;
        match self.0.get(&what) {
            Some(first) if first != name => {
                Err(Error::Contradiction { first: first.clone(), second: name.clone(), what })
            }
            _ => {
                self.0.insert(what, name.clone());
                Ok(())
            }
        }
    }
}

fn name(host: &'static Host, faults: &[Fault], claims: &mut Claims) -> Result<Name, Error> {
    let mut name = Name { host, ipv4: healthy_answer(host, Family::A), ipv6: healthy_answer(host, Family::Aaaa) };
    for (fault, change) in changes(faults).filter(|(_, change)| is_for_name(change, host)) {
        let Some(dns) = &change.dns else { continue };
        for family in [Family::A, Family::Aaaa] {
            if change.family.is_some_and(|only| only != family) {
                continue;
            }
            claims.claim(format!("the resolver's {family:?} answer for {}", host.name), fault)?;
            let answer = if family == Family::A { &mut name.ipv4 } else { &mut name.ipv6 };
            answer.change(dns, family);
        }
    }
    Ok(name)
}

fn changes(faults: &[Fault]) -> impl Iterator<Item = (&Fault, &Change)> {
    faults.iter().flat_map(|fault| fault.changes.iter().map(move |change| (fault, change)))
}

fn is_for_name(change: &Change, host: &Host) -> bool {
    change.names.is_empty() || change.names.iter().any(|name| name == host.name)
}

fn healthy_answer(host: &Host, family: Family) -> Answer {
    let addresses = host.addresses.iter().filter_map(|address| address.parse().ok());
    Answer {
        code: None,
        aliases: host.aliases.iter().map(ToString::to_string).collect(),
        addresses: addresses.filter(|address| Family::of(*address) == family).collect(),
        silent: false,
        wait_ms: 0,
        silent_over_tcp: false,
        closes_over_tcp: false,
        foreign_id: false,
        hex: None,
    }
}

impl Answer {
    fn change(&mut self, dns: &Dns, family: Family) {
        if let Some(aliases) = &dns.aliases {
            self.aliases.clone_from(aliases);
        }
        if let Some(addresses) = &dns.addresses {
            self.addresses = addresses.iter().copied().filter(|address| Family::of(*address) == family).collect();
        }
        self.code = dns.code;
        self.silent = dns.silent;
        self.wait_ms = dns.wait_ms;
        self.silent_over_tcp = dns.silent_over_tcp;
        self.closes_over_tcp = dns.closes_over_tcp;
        self.foreign_id = dns.foreign_id;
        self.hex.clone_from(&dns.hex);
    }
}

fn healthy_endpoints(name: &Name) -> Vec<Endpoint> {
    let addresses: Vec<_> = name.ipv4.addresses.iter().chain(&name.ipv6.addresses).copied().enumerate().collect();
    let one = |index, address, port, service| Endpoint {
        host: name.host,
        index,
        address: SocketAddr::new(address, port),
        service,
        door: Door::Open,
        certificate: None,
        tls: Tls::default(),
        clock_minutes: 0,
        script: BTreeMap::new(),
    };
    let services = name.host.services.iter();
    services.flat_map(|(port, service)| addresses.iter().map(|(index, ip)| one(*index, *ip, *port, *service))).collect()
}

impl Endpoint {
    /// True when the reply at this moment lets the client go on: it is the healthy one, or begins like it.
    pub fn agrees(&self, moment: Moment) -> bool {
        let agrees = |step: &Step| match step {
            Step::Healthy => true,
            Step::Send(text) => ["2", "3", "+OK", "{tag} OK"].iter().any(|start| text.starts_with(start)),
            _ => false,
        };
        self.script.get(&moment).is_none_or(|steps| steps.iter().any(agrees))
    }
}

fn apply(endpoint: &mut Endpoint, faults: &[Fault], claims: &mut Claims) -> Result<(), Error> {
    for (fault, change) in changes(faults) {
        if !is_for_endpoint(change, endpoint) {
            continue;
        }
        let place = format!("{} of {}", endpoint.address, endpoint.host.name);
        let mut claim = |what: &str| claims.claim(format!("{what} at {place}"), fault);
        if let Some(door) = change.door {
            claim("the connection")?;
            endpoint.door = door;
        }
        if let Some(certificate) = &change.certificate {
            claim("the certificate")?;
            endpoint.certificate = Some(certificate.clone());
        }
        if let Some(tls) = &change.tls {
            claim("TLS")?;
            endpoint.tls = tls.clone();
        }
        if let Some(minutes) = change.clock_minutes {
            claim("the clock")?;
            endpoint.clock_minutes = minutes;
        }
        for moment in &change.at {
            claim(&format!("the moment {moment:?}"))?;
            endpoint.script.insert(*moment, change.steps.clone());
        }
    }
    Ok(())
}

fn is_for_endpoint(change: &Change, endpoint: &Endpoint) -> bool {
    is_for_name(change, endpoint.host)
        && (change.ports.is_empty() || change.ports.contains(&endpoint.address.port()))
        && change.share.takes(endpoint.index)
        && change.family.is_none_or(|family| family == Family::of(endpoint.address.ip()))
}
