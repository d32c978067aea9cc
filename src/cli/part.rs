//! The part of a report for one team, with the firewall rules that the network team needs.

use std::{
    collections::{BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
};

use crate::{
    catalogue::Catalogue,
    evidence::{Failure, FailureKind, Observation, Protocol, Route, SavedSite, Stage, Subject, Unit},
    finding::{Finding, FirewallRule, Owner, Report, Status},
    plan::{
        Plan,
        firewall::{Destination, Scope, Through, rules},
        saved,
    },
    probe::Touch,
    report,
};

/// What this team has to do, what it rests on, and how to prove it.
pub fn of(whole: &Report, owner: Owner) -> Report {
    let part = report::part(whole, owner);
    if owner != Owner::Network {
        return part;
    }
    let firewall_rules = firewall_rules(&part);
    Report { firewall_rules, ..part }
}

/// The rules for what could not be reached, for the server that the report is of: names and ports, DNS servers, the proxy.
fn firewall_rules(part: &Report) -> Vec<FirewallRule> {
    let catalogue = Catalogue::built_in();
    let Some(cloud) = catalogue.tables.clouds.named(&part.run.cloud) else { return Vec::new() };
    let destinations = blocked(part, &catalogue);
    let (proxy, dns_servers) = (blocked_proxy(part), blocked_dns_servers(part));
    let is_only = |version| part.run.ip_version.as_deref() == Some(version);
    let scope = Scope {
        host: &part.run.host,
        role: if ["services", "application"].contains(&part.run.role.as_str()) { &part.run.role } else { "all" },
        ipv4: !is_only("IPv6"),
        ipv6: part.run.ipv6 != Some(false) && !is_only("IPv4"),
        dns_servers: &dns_servers,
        proxy: proxy.map(|(host, port, learned_from)| Through {
            host,
            port,
            application: if part.site.as_ref().is_some_and(speaks_socks) { "SOCKS5" } else { "HTTP CONNECT" },
            why: learned_from,
        }),
    };
    let hosts = destinations.iter().map(|destination| destination.host.clone());
    let asked = dns_servers.iter().map(|server| server.ip().to_string());
    let wanted: BTreeSet<String> = hosts.chain(asked).chain(proxy.map(|(host, ..)| host.to_owned())).collect();
    let all = rules(&destinations, cloud, &catalogue.firewall, &scope);
    let is_wanted = |rule: &FirewallRule| rule.source == part.run.host && wanted.contains(&rule.destination);
    all.into_iter().filter(is_wanted).collect()
}

fn speaks_socks(site: &SavedSite) -> bool {
    site.proxy.as_ref().is_some_and(|proxy| proxy.socks5)
}

/// What was looked at for the findings that failed, with its finding.
fn bad(part: &Report) -> impl Iterator<Item = (&Finding, &Observation)> {
    let is_bad = |finding: &&Finding| matches!(finding.status, Status::Fail | Status::Warn);
    part.findings.iter().filter(is_bad).filter_map(|finding| Some((finding, part.looks.get(finding.look?)?)))
}

/// True where no connection opened by this protocol, which a firewall can do: an inspecting device lets it open.
fn is_blocked(look: &Observation, protocol: Protocol) -> bool {
    let blocks = |failure: &Failure| {
        let is_first = failure.protocol != Protocol::Tcp || failure.stage == Stage::Connect;
        let by_firewall = matches!(
            failure.kind,
            FailureKind::TimedOut
                | FailureKind::Refused
                | FailureKind::Reset
                | FailureKind::Unreachable
                | FailureKind::LocallyBlocked
        );
        failure.protocol == protocol && is_first && by_firewall
    };
    look.units().iter().filter_map(Unit::failure).any(blocks)
}

/// The names and ports to which no direct connection opened.
fn blocked(part: &Report, catalogue: &Catalogue) -> Vec<Destination> {
    let shut = bad(part).filter(|(_, look)| !look.route.is_proxy() && is_blocked(look, Protocol::Tcp));
    let places: BTreeSet<(&str, u16)> = shut.filter_map(|(finding, _)| place(&finding.subject)).collect();
    let purposes = if places.is_empty() { HashMap::new() } else { purposes(part, catalogue) };
    let destination = |(host, port): (&str, u16)| Destination {
        host: host.to_owned(),
        port,
        why: purposes.get(&(host.to_owned(), port)).cloned().unwrap_or_default(),
        by_proxy: false,
    };
    places.into_iter().map(destination).collect()
}

/// The proxy to which no connection opened, with its port and where it was learned from.
fn blocked_proxy(part: &Report) -> Option<(&str, u16, &str)> {
    bad(part).filter(|(_, look)| is_blocked(look, Protocol::Proxy)).find_map(|(_, look)| match &look.route {
        Route::Proxy { host, port, learned_from } => {
            Some((host.trim_matches(['[', ']']), *port, learned_from.as_str()))
        }
        _ => None,
    })
}

/// The DNS servers that were asked, where one of them could not be.
fn blocked_dns_servers(part: &Report) -> Vec<SocketAddr> {
    if !bad(part).any(|(_, look)| is_blocked(look, Protocol::Dns)) {
        return Vec::new();
    }
    let address = |text: &String| {
        let of_address = || text.trim_matches(['[', ']']).parse().ok().map(|ip: IpAddr| SocketAddr::new(ip, 53));
        text.parse().ok().or_else(of_address)
    };
    part.run.dns_servers.iter().filter_map(address).collect()
}

/// What each name and port is for, as the plan of the run has it; nothing where the report does not hold what that was made
/// from.
fn purposes(part: &Report, catalogue: &Catalogue) -> HashMap<(String, u16), String> {
    let mut purposes = HashMap::new();
    let Some(saved) = &part.site else { return purposes };
    let Ok(basis) = saved::restore(saved, &catalogue.tables) else { return purposes };
    let Ok(plan) = Plan::make(catalogue, &basis.site, &basis.selection, &basis.overrides) else { return purposes };
    for planned in &plan.looks {
        for touch in planned.probe.touches() {
            if let Touch::Service(touch) = touch {
                purposes.entry((touch.host, touch.port)).or_insert_with(|| planned.why.clone());
            }
        }
    }
    purposes
}

fn place(subject: &Subject) -> Option<(&str, u16)> {
    subject.host().zip(subject.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_names_with_ports() {
        assert_eq!(place(&Subject::of_text("outlook.office365.com:993")), Some(("outlook.office365.com", 993)));
        for other in ["sales@example.com", "site", "a:b", ":25", "sales@example.com:1"] {
            assert_eq!(place(&Subject::of_text(other)), None, "{other}");
        }
    }
}
