//! The part of a report for one team, with the firewall rules that the network team needs.

use std::collections::{BTreeSet, HashMap};

use crate::{
    catalogue::Catalogue,
    evidence::{Observation, Subject},
    finding::{Finding, FirewallRule, Owner, Report, Status},
    plan::{
        Plan,
        firewall::{Destination, Scope, rules},
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

/// The rules for the names and ports that failed, for the server that the report is of.
fn firewall_rules(part: &Report) -> Vec<FirewallRule> {
    let catalogue = Catalogue::built_in();
    let Some(cloud) = catalogue.tables.clouds.named(&part.run.cloud) else { return Vec::new() };
    let destinations = failed(part, &catalogue);
    let scope = Scope {
        host: &part.run.host,
        role: if ["services", "application"].contains(&part.run.role.as_str()) { &part.run.role } else { "all" },
        ipv4: true,
        ipv6: part.run.ipv6 != Some(false),
        dns_servers: &[],
        proxy: None,
    };
    let hosts: BTreeSet<&str> = destinations.iter().map(|destination| destination.host.as_str()).collect();
    let all = rules(&destinations, cloud, &catalogue.firewall, &scope);
    let is_wanted = |rule: &FirewallRule| rule.source == part.run.host && hosts.contains(rule.destination.as_str());
    all.into_iter().filter(is_wanted).collect()
}

/// The names and ports for which a check failed without a proxy: what a proxy does not reach, no rule for this server opens.
fn failed(part: &Report, catalogue: &Catalogue) -> Vec<Destination> {
    let is_bad = |finding: &&Finding| matches!(finding.status, Status::Fail | Status::Warn);
    let look = |finding: &Finding| finding.look.and_then(|place| part.looks.get(place));
    let by_proxy = |finding: &&Finding| look(finding).is_some_and(|look: &Observation| look.route.is_proxy());
    let bad = part.findings.iter().filter(is_bad).filter(|finding| !by_proxy(finding));
    let places: BTreeSet<(&str, u16)> = bad.filter_map(|finding| place(&finding.subject)).collect();
    let purposes = if places.is_empty() { HashMap::new() } else { purposes(part, catalogue) };
    let destination = |(host, port): (&str, u16)| Destination {
        host: host.to_owned(),
        port,
        why: purposes.get(&(host.to_owned(), port)).cloned().unwrap_or_default(),
        by_proxy: false,
    };
    places.into_iter().map(destination).collect()
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
