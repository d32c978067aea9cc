//! The rules that a site's firewall needs for ECE: a row a rule, ready as a change request.
//!
//! In: the destinations of a plan, the address ranges that Microsoft publishes, what ECE's servers use them for. Out:
//! [`Rule`]s. Nothing is asked of the network. Pure.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::{
    catalogue::{
        firewall::{Firewall, Use},
        tables::{Cloud, Endpoint},
    },
    evidence::Protocol,
};

/// The two address families, as firewalls call them.
const IPV4: &str = "IPv4";
const IPV6: &str = "IPv6";

/// What web services speak, as firewalls call it.
const HTTPS: &str = "HTTPS";

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The server that connects.
    pub source: String,
    /// The name that it connects to.
    pub destination: String,
    /// The address ranges that Microsoft publishes for the name, for a firewall without FQDN objects.
    pub ranges: Vec<String>,
    /// The number of the row in Microsoft's list of URLs and IP address ranges.
    pub microsoft_id: Option<i64>,
    /// The destination port.
    pub port: u16,
    /// The transport: `TCP`, or `UDP`.
    pub protocol: &'static str,
    /// What is spoken there.
    pub application: String,
    /// `IPv4` or `IPv6`.
    pub ip_version: &'static str,
    /// The role of the server that connects.
    pub role: String,
    /// What it is for.
    pub purpose: String,
}

/// A name and port that a run connects to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// The host name or the address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Why ECE needs it.
    pub why: String,
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
    /// The proxy through which HTTPS leaves, as host and port.
    pub proxy: Option<(&'s str, u16)>,
}

/// The rules for these destinations.
#[must_use]
pub fn rules(destinations: &[Destination], cloud: &Cloud, firewall: &Firewall, scope: &Scope<'_>) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for destination in destinations {
        rules.extend(of_destination(destination, cloud, firewall, scope));
    }
    for wildcard in firewall.wildcards.iter().filter(|wildcard| wildcard.cloud == cloud.id) {
        let place = Place { host: &wildcard.host, port: wildcard.port, id: Some(wildcard.row), nets: &[] };
        rules.extend(of_place(&place, Some(wildcard.protocol), firewall, scope));
    }
    if let Some((host, port)) = scope.proxy {
        let place = Place { host, port, id: None, nets: &[] };
        for rule in rules.iter_mut().filter(|rule| rule.application == HTTPS) {
            rule.purpose.push_str("; only if ECE does not use the proxy");
        }
        rules.extend(of_place(&place, Some(Protocol::Https), firewall, scope).into_iter().map(|rule| Rule {
            application: "HTTP CONNECT".to_owned(),
            purpose: format!("{} (through this proxy)", rule.purpose),
            ..rule
        }));
    }
    rules.extend(of_dns(scope));
    merged(rules)
}

/// A name and port with what Microsoft publishes for it.
struct Place<'p> {
    host: &'p str,
    port: u16,
    id: Option<i64>,
    nets: &'p [IpNet],
}

fn of_destination(wanted: &Destination, cloud: &Cloud, firewall: &Firewall, scope: &Scope<'_>) -> Vec<Rule> {
    let listed = cloud.ranges.iter().find(|range| range.hosts.contains(&wanted.host));
    let place = Place {
        host: &wanted.host,
        port: wanted.port,
        id: listed.map(|range| range.row),
        nets: listed.map_or(&[], |range| range.nets.as_slice()),
    };
    let same = |endpoint: &&Endpoint| endpoint.host == wanted.host && endpoint.port == wanted.port;
    if let Some(endpoint) = cloud.endpoints.iter().find(same) {
        return of_place(&place, Some(endpoint.protocol), firewall, scope);
    }
    let of_site = |rule: Rule| Rule { purpose: wanted.why.clone(), ..rule };
    of_place(&place, None, firewall, scope).into_iter().map(of_site).collect()
}

/// The rules for one name and port: one a server and address family.
fn of_place(place: &Place<'_>, protocol: Option<Protocol>, firewall: &Firewall, scope: &Scope<'_>) -> Vec<Rule> {
    let unknown = ["services", "application"].map(|role| (role.to_owned(), String::new()));
    let of_use = |used: &Use| (used.role.clone(), used.purpose.clone());
    let uses: Vec<(String, String)> = match protocol {
        Some(protocol) => firewall.uses.iter().filter(|used| used.protocol == protocol).map(of_use).collect(),
        None => unknown.into(),
    };
    let own = place.host.parse::<IpAddr>().ok().map(|address| ip_version(&address));
    let families = [(scope.ipv4, IPV4), (scope.ipv6, IPV6)];
    let families = families.map(|(wanted, version)| (wanted && own.is_none_or(|own| own == version), version));
    let mut rules = Vec::new();
    for (role, purpose) in uses {
        for (_, ip_version) in families.into_iter().filter(|(wanted, _)| *wanted) {
            let nets = place.nets.iter().filter(|net| is_of(net, ip_version));
            rules.push(Rule {
                source: source(&role, scope),
                destination: place.host.to_owned(),
                ranges: nets.map(ToString::to_string).collect(),
                microsoft_id: place.id,
                port: place.port,
                protocol: "TCP",
                application: spoken(protocol),
                ip_version,
                role: role.clone(),
                purpose: purpose.clone(),
            });
        }
    }
    rules
}

fn is_of(net: &IpNet, version: &str) -> bool {
    ip_version(&net.addr()) == version
}

fn ip_version(address: &IpAddr) -> &'static str {
    if address.is_ipv4() { IPV4 } else { IPV6 }
}

/// The server by its name where it is this one, and by its role elsewhere.
fn source(role: &str, scope: &Scope<'_>) -> String {
    if scope.role == role || scope.role == "all" { scope.host.to_owned() } else { format!("ECE {role} server") }
}

/// The name of what is spoken, as firewalls call it.
fn spoken(protocol: Option<Protocol>) -> String {
    match protocol {
        Some(Protocol::Https) => HTTPS.to_owned(),
        Some(Protocol::Smtp) => "SMTP with STARTTLS".to_owned(),
        Some(Protocol::Imap) => "IMAP over TLS".to_owned(),
        Some(Protocol::Pop3) => "POP3 over TLS".to_owned(),
        _ => "TCP".to_owned(),
    }
}

fn of_dns(scope: &Scope<'_>) -> Vec<Rule> {
    let rule = |server: &SocketAddr, protocol| Rule {
        source: scope.host.to_owned(),
        destination: server.ip().to_string(),
        ranges: Vec::new(),
        microsoft_id: None,
        port: server.port(),
        protocol,
        application: "DNS".to_owned(),
        ip_version: ip_version(&server.ip()),
        role: scope.role.to_owned(),
        purpose: "name resolution".to_owned(),
    };
    scope.dns_servers.iter().flat_map(|server| [rule(server, "UDP"), rule(server, "TCP")]).collect()
}

/// Two endpoints of one name and port need one rule.
fn merged(rules: Vec<Rule>) -> Vec<Rule> {
    let mut merged: Vec<Rule> = Vec::new();
    for rule in rules {
        let same = |known: &&mut Rule| {
            let key =
                |rule: &Rule| (rule.role.clone(), rule.destination.clone(), rule.port, rule.protocol, rule.ip_version);
            key(known) == key(&rule)
        };
        match merged.iter_mut().find(same) {
            Some(known) if known.purpose.contains(&rule.purpose) => {}
            Some(known) => known.purpose = format!("{}; {}", known.purpose, rule.purpose),
            None => merged.push(rule),
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Catalogue;

    fn of(role: &str, destinations: &[(&str, u16)], proxy: Option<(&str, u16)>) -> Vec<Rule> {
        let catalogue = Catalogue::built_in();
        let cloud = catalogue.tables.clouds.named("worldwide").expect("the cloud");
        let destination =
            |(host, port): &(&str, u16)| Destination { host: (*host).to_owned(), port: *port, why: "own".to_owned() };
        let destinations: Vec<Destination> = destinations.iter().map(destination).collect();
        let scope = Scope { host: "ece-services", role, ipv4: true, ipv6: true, dns_servers: &[], proxy };
        rules(&destinations, cloud, &catalogue.firewall, &scope)
    }

    #[test]
    fn each_server_and_address_family_has_its_rule_with_what_microsoft_publishes() {
        let rules = of("services", &[("smtp.office365.com", 587)], None);
        let smtp: Vec<&Rule> = rules.iter().filter(|rule| rule.port == 587).collect();
        assert_eq!(smtp.len(), 4, "two servers, two families");
        assert!(smtp.iter().all(|rule| rule.microsoft_id == Some(2) && !rule.ranges.is_empty()));
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
        let through: Vec<&Rule> = rules.iter().filter(|rule| rule.destination == "proxy.example").collect();
        assert!(!through.is_empty() && through.iter().all(|rule| rule.application == "HTTP CONNECT"));
        let mail = rules.iter().find(|rule| rule.port == 587).expect("mail");
        assert!(!mail.purpose.contains("proxy"), "{}", mail.purpose);
    }

    #[test]
    fn an_address_has_rules_of_its_own_family_alone() {
        let rules = of("services", &[("10.1.1.25", 25)], Some(("2001:db8::5", 3128)));
        let of = |host: &str| -> Vec<&str> {
            rules.iter().filter(|rule| rule.destination == host).map(|rule| rule.ip_version).collect()
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
