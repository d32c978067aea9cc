//! The rules that a site's firewall needs for ECE: a row a rule, ready as a change request.
//!
//! In: the destinations of a plan, the address ranges that Microsoft publishes, which of ECE's servers uses them. Out:
//! [`FirewallRule`]s. Nothing is asked of the network. Pure.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::{
    catalogue::{
        firewall::{Firewall, Use},
        tables::{Cloud, Endpoint},
    },
    evidence::Protocol,
    finding::FirewallRule,
};

/// The two address families, as firewalls call them.
const IPV4: &str = "IPv4";
const IPV6: &str = "IPv6";

/// The port of HTTPS.
const WEB: u16 = 443;

/// The two servers of ECE.
const ROLES: [&str; 2] = ["services", "application"];

/// Said of a rule for what a proxy carries.
const BESIDE_PROXY: &str = "only if ECE does not use the proxy";

/// A name and port that a run connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The host name or the address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Why ECE needs it.
    pub why: String,
    /// True where a proxy connects to it in the server's place.
    pub by_proxy: bool,
}

/// The proxy through which web services are reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Through<'s> {
    /// Its name or address.
    pub host: &'s str,
    /// Its port.
    pub port: u16,
    /// What is spoken to it, as firewalls call it.
    pub application: &'static str,
    /// What it is for.
    pub why: &'s str,
}

/// What the rules are made for, beside the destinations.
pub struct Scope<'s> {
    /// The name of this server, printed where its role is meant.
    pub host: &'s str,
    /// The role of this server: `services`, `application` or `all`.
    pub role: &'s str,
    /// Whether rules for IPv4 are wanted.
    pub ipv4: bool,
    /// Whether rules for IPv6 are wanted.
    pub ipv6: bool,
    /// The DNS servers that this server asks.
    pub dns_servers: &'s [SocketAddr],
    /// The proxy, where one is used.
    pub proxy: Option<Through<'s>>,
}

/// The rules for these destinations: one a server, name, port and address family. Each is for what the table of clouds says
/// of the name and port, or the destination itself. What is on the server itself needs none.
#[must_use]
pub fn rules(destinations: &[Destination], cloud: &Cloud, firewall: &Firewall, scope: &Scope<'_>) -> Vec<FirewallRule> {
    let mut rules: Vec<FirewallRule> = Vec::new();
    for destination in destinations {
        rules.extend(of_destination(destination, cloud, firewall, scope));
    }
    for wildcard in firewall.wildcards.iter().filter(|wildcard| wildcard.cloud == cloud.id) {
        let place = Place { id: Some(wildcard.row), ..Place::of(&wildcard.host, wildcard.port, &wildcard.why) };
        let place = Place { by_proxy: scope.proxy.is_some(), ..place };
        rules.extend(of_place(&place, Some(wildcard.protocol), firewall, scope));
    }
    if let Some(proxy) = scope.proxy {
        let application = proxy.application.to_owned();
        let of_proxy = of_place(&Place::of(proxy.host, proxy.port, proxy.why), None, firewall, scope);
        rules.extend(of_proxy.into_iter().map(|rule| FirewallRule { application: application.clone(), ..rule }));
    }
    rules.extend(of_dns(scope));
    rules.retain(|rule| !is_on_the_server(&rule.destination));
    merged(rules)
}

/// True for an address or a name of the server itself (RFC 6761, section 6.3).
#[must_use]
pub fn is_on_the_server(host: &str) -> bool {
    host.parse::<IpAddr>().map_or_else(|_| host.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

/// A name and port with what Microsoft publishes for it.
struct Place<'p> {
    host: &'p str,
    port: u16,
    why: &'p str,
    id: Option<i64>,
    nets: &'p [IpNet],
    by_proxy: bool,
}

impl<'p> Place<'p> {
    fn of(host: &'p str, port: u16, why: &'p str) -> Self {
        Self { host, port, why, id: None, nets: &[], by_proxy: false }
    }
}

fn of_destination(wanted: &Destination, cloud: &Cloud, firewall: &Firewall, scope: &Scope<'_>) -> Vec<FirewallRule> {
    let listed = cloud.ranges.iter().find(|range| range.is_of(&wanted.host, wanted.port));
    let same = |endpoint: &&Endpoint| endpoint.host == wanted.host && endpoint.port == wanted.port;
    let endpoint = cloud.endpoints.iter().find(same);
    let place = Place {
        id: listed.map(|range| range.row),
        nets: listed.map_or(&[], |range| range.nets.as_slice()),
        by_proxy: wanted.by_proxy,
        ..Place::of(&wanted.host, wanted.port, endpoint.map_or(&wanted.why, |endpoint| &endpoint.why))
    };
    of_place(&place, endpoint.map(|endpoint| endpoint.protocol), firewall, scope)
}

/// The rules for one name and port: one a role and address family.
fn of_place(
    place: &Place<'_>,
    protocol: Option<Protocol>,
    firewall: &Firewall,
    scope: &Scope<'_>,
) -> Vec<FirewallRule> {
    let of_use = |used: &Use| (used.role.clone(), used.note.clone());
    let uses: Vec<(String, String)> = match protocol {
        Some(protocol) => firewall.uses.iter().filter(|used| used.protocol == protocol).map(of_use).collect(),
        None => ROLES.map(|role| (role.to_owned(), String::new())).into(),
    };
    let own = place.host.parse::<IpAddr>().ok().map(|address| ip_version(&address));
    let families = [(scope.ipv4, IPV4), (scope.ipv6, IPV6)];
    let families = families.map(|(wanted, version)| (wanted && own.is_none_or(|own| own == version), version));
    let mut rules = Vec::new();
    for (role, note) in uses {
        let said = [place.why, &note, if place.by_proxy { BESIDE_PROXY } else { "" }];
        let purpose = said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ");
        for (_, version) in families.into_iter().filter(|(wanted, _)| *wanted) {
            let nets = place.nets.iter().filter(|net| ip_version(&net.addr()) == version);
            rules.push(FirewallRule {
                source: source(&role, scope),
                destination: place.host.to_owned(),
                ranges: nets.map(ToString::to_string).collect(),
                port: place.port,
                protocol: "TCP".to_owned(),
                ip_version: version.to_owned(),
                role: role.clone(),
                purpose: purpose.clone(),
                application: if place.port == WEB { "HTTPS" } else { spoken(protocol) }.to_owned(),
                microsoft_endpoint_id: place.id,
                only_without_proxy: place.by_proxy,
            });
        }
    }
    rules
}

fn ip_version(address: &IpAddr) -> &'static str {
    if address.is_ipv4() { IPV4 } else { IPV6 }
}

/// The server by its name where it is this one, and by its role elsewhere.
fn source(role: &str, scope: &Scope<'_>) -> String {
    if scope.role == role || scope.role == "all" { scope.host.to_owned() } else { format!("ECE {role} server") }
}

/// The name of what is spoken, as firewalls call it.
fn spoken(protocol: Option<Protocol>) -> &'static str {
    match protocol {
        Some(Protocol::Https) => "HTTPS",
        Some(Protocol::Smtp) => "SMTP with STARTTLS",
        Some(Protocol::Imap) => "IMAP over TLS",
        Some(Protocol::Pop3) => "POP3 over TLS",
        _ => "TCP",
    }
}

fn of_dns(scope: &Scope<'_>) -> Vec<FirewallRule> {
    let rule = |server: &SocketAddr, protocol: &str| FirewallRule {
        source: scope.host.to_owned(),
        destination: server.ip().to_string(),
        ranges: Vec::new(),
        port: server.port(),
        protocol: protocol.to_owned(),
        ip_version: ip_version(&server.ip()).to_owned(),
        role: if scope.role == "all" { ROLES.join(", ") } else { scope.role.to_owned() },
        purpose: "name resolution".to_owned(),
        application: "DNS".to_owned(),
        microsoft_endpoint_id: None,
        only_without_proxy: false,
    };
    scope.dns_servers.iter().flat_map(|server| [rule(server, "UDP"), rule(server, "TCP")]).collect()
}

/// Two endpoints of one name and port, or two roles of one server, need one rule.
fn merged(rules: Vec<FirewallRule>) -> Vec<FirewallRule> {
    let mut merged: Vec<FirewallRule> = Vec::new();
    for rule in rules {
        let same = |known: &&mut FirewallRule| {
            (&known.source, &known.destination, known.port, &known.protocol, &known.ip_version)
                == (&rule.source, &rule.destination, rule.port, &rule.protocol, &rule.ip_version)
        };
        match merged.iter_mut().find(same) {
            Some(known) => {
                known.role = both(&known.role, &rule.role, ", ");
                known.purpose = both(&known.purpose, &rule.purpose, "; ");
                known.only_without_proxy &= rule.only_without_proxy;
            }
            None => merged.push(rule),
        }
    }
    merged
}

/// What one text says, and what only the other does.
fn both(one: &str, other: &str, between: &str) -> String {
    let mut said: Vec<&str> = one.split(between).collect();
    for part in other.split(between) {
        if !said.contains(&part) {
            said.push(part);
        }
    }
    said.join(between)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn of(role: &str, destinations: &[(&str, u16)], proxy: Option<(&str, u16)>) -> Vec<FirewallRule> {
        let catalogue = Catalogue::built_in();
        let cloud = catalogue.tables.clouds.named("worldwide").expect("the cloud");
        let destination = |(host, port): &(&str, u16)| Destination {
            host: (*host).to_owned(),
            port: *port,
            why: "own".to_owned(),
            by_proxy: proxy.is_some() && *port == 443,
        };
        let destinations: Vec<Destination> = destinations.iter().map(destination).collect();
        let proxy = proxy.map(|(host, port)| Through { host, port, application: "HTTP CONNECT", why: "the proxy" });
        let scope = Scope { host: "ece-services", role, ipv4: true, ipv6: true, dns_servers: &[], proxy };
        rules(&destinations, cloud, &catalogue.firewall, &scope)
    }

    #[test]
    fn each_server_and_address_family_has_its_rule_with_what_microsoft_publishes() {
        let rules = of("services", &[("smtp.office365.com", 587)], None);
        let smtp: Vec<&FirewallRule> = rules.iter().filter(|rule| rule.port == 587).collect();
        assert_eq!(smtp.len(), 4, "two servers, two families");
        assert!(smtp.iter().all(|rule| rule.microsoft_endpoint_id == Some(2) && !rule.ranges.is_empty()));
        let sources: Vec<&str> = smtp.iter().map(|rule| rule.source.as_str()).collect();
        assert_eq!(sources, ["ece-services", "ece-services", "ECE application server", "ECE application server"]);
        assert!(
            smtp[0].ranges.iter().all(|net| net.contains('.')) && smtp[1].ranges.iter().all(|net| net.contains(':'))
        );
    }

    #[test]
    fn the_domain_that_cisco_asks_for_is_there() {
        let rules = of("services", &[("outlook.office365.com", 443)], None);
        assert!(rules.iter().any(|rule| rule.destination == "*.office365.com" && rule.port == 443));
    }

    #[test]
    fn a_name_that_is_tested_twice_has_one_rule_a_server() {
        let twice = [("outlook.office365.com", 993), ("outlook.office365.com", 993)];
        let rules = of("services", &twice, None);
        assert_eq!(rules.iter().filter(|rule| rule.port == 993).count(), 4);
    }

    #[test]
    fn a_proxy_carries_web_services_and_no_mail() {
        let rules = of(
            "services",
            &[("outlook.office365.com", 443), ("smtp.office365.com", 587)],
            Some(("proxy.example", 8080)),
        );
        let through: Vec<&FirewallRule> = rules.iter().filter(|rule| rule.destination == "proxy.example").collect();
        assert!(!through.is_empty() && through.iter().all(|rule| rule.application == "HTTP CONNECT"));
        let mail = rules.iter().find(|rule| rule.port == 587).expect("mail");
        assert!(!mail.purpose.contains("proxy"), "{}", mail.purpose);
        let web = rules.iter().find(|rule| rule.port == 443).expect("the web");
        assert!(web.purpose.ends_with("; only if ECE does not use the proxy"), "{}", web.purpose);
        for rule in &rules {
            assert_eq!(rule.only_without_proxy, rule.port == 443, "{rule:?}");
        }
    }

    #[test]
    fn purpose_is_that_of_the_table_of_clouds_and_one_server_has_one_rule() {
        let rules = of("all", &[("outlook.office365.com", 443), ("outlook.office365.com", 993)], None);
        let web: Vec<&FirewallRule> =
            rules.iter().filter(|rule| rule.port == 443 && rule.microsoft_endpoint_id != Some(71)).collect();
        assert!(
            web.iter().all(|rule| rule.purpose == "the Office 365 domain that Cisco's checklist asks for"),
            "{web:?}"
        );
        let imap: Vec<&FirewallRule> = rules.iter().filter(|rule| rule.port == 993).collect();
        assert_eq!(imap.len(), 2, "a rule an IP version: {imap:?}");
        assert_eq!(imap[0].purpose, "inbound mail (retriever); Cisco requires the port on both servers");
        assert_eq!(imap[0].role, "services, application");
    }

    #[test]
    fn nothing_on_the_server_itself_needs_a_rule() {
        let rules = of("all", &[("127.0.0.1", 993), ("localhost", 443)], Some(("::1", 3128)));
        assert!(rules.iter().all(|rule| rule.destination.ends_with("office365.com")), "{rules:?}");
    }

    #[test]
    fn an_address_has_rules_of_its_own_family_alone() {
        let rules = of("services", &[("10.1.1.25", 25)], Some(("2001:db8::5", 3128)));
        let of = |host: &str| -> Vec<&str> {
            rules.iter().filter(|rule| rule.destination == host).map(|rule| rule.ip_version.as_str()).collect()
        };
        assert_eq!(of("2001:db8::5"), ["IPv6", "IPv6"], "one for each server");
        assert_eq!(of("10.1.1.25"), ["IPv4", "IPv4"], "one for each server");
    }

    #[test]
    fn a_server_of_the_site_keeps_its_own_reason() {
        let rules = of("all", &[("crl.example.com", 80)], None);
        assert!(rules.iter().any(|rule| rule.destination == "crl.example.com" && rule.purpose == "own"));
    }
}
