//! The part of a report for one team, with the firewall rules that the network team needs.

use std::collections::BTreeSet;

use crate::{
    catalogue::Catalogue,
    evidence::Subject,
    finding::{FirewallRule, Owner, Report, Status},
    plan::firewall::{Destination, Rule, Scope, rules},
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

/// The rules for the names and ports that failed.
fn firewall_rules(part: &Report) -> Vec<FirewallRule> {
    let destinations = failed(part);
    let catalogue = Catalogue::built_in();
    let Some(cloud) = catalogue.tables.clouds.named(&part.run.cloud) else { return Vec::new() };
    let scope = Scope {
        host: &part.run.host,
        role: &part.run.role,
        ipv4: true,
        ipv6: part.run.ipv6 != Some(false),
        dns_servers: &[],
        proxy: None,
    };
    let hosts: BTreeSet<&str> = destinations.iter().map(|destination| destination.host.as_str()).collect();
    let mut known = BTreeSet::new();
    let all = rules(&destinations, cloud, &catalogue.firewall, &scope);
    let of_failed = all.into_iter().filter(|rule| hosts.contains(rule.destination.as_str()));
    let once = of_failed.filter(|rule| known.insert((rule.destination.clone(), rule.port, rule.ip_version)));
    once.map(|rule| value(rule, &part.run.host)).collect()
}

fn value(rule: Rule, source: &str) -> FirewallRule {
    FirewallRule {
        source: source.to_owned(),
        destination: rule.destination,
        ranges: rule.ranges,
        port: rule.port,
        protocol: rule.protocol.to_owned(),
        ip_version: rule.ip_version.to_owned(),
        purpose: rule.purpose,
    }
}

/// The names and ports for which a check failed.
fn failed(part: &Report) -> Vec<Destination> {
    let bad = part.findings.iter().filter(|finding| matches!(finding.status, Status::Fail | Status::Warn));
    let places: BTreeSet<(&str, u16)> = bad.filter_map(|finding| place(&finding.subject)).collect();
    let destination =
        |(host, port): (&str, u16)| Destination { host: host.to_owned(), port, why: "mail of ECE".to_owned() };
    places.into_iter().map(destination).collect()
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
