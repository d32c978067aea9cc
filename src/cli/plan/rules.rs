//! The rules that a site's firewall needs, from its plan: as a change request, and in the forms that firewalls read.

use super::{Row, site};
use crate::{
    catalogue::Catalogue,
    cli::{host, print},
    deployment::Deployment,
    finding::FirewallRule,
    net::{ConnectOverrides, Family},
    plan::firewall::{Destination, Rule, Scope, rules},
    report::{self, Page, Paint, Stream, Style, Verbosity, firewall},
};

const HEADER: [&str; 11] = [
    "source",
    "destination",
    "port",
    "protocol",
    "ip_version",
    "direction",
    "ece_role",
    "purpose",
    "application",
    "microsoft_endpoint_id",
    "address_ranges",
];

/// The rules that ECE needs on the site's firewall.
pub(super) fn needed(
    site: &site::Arguments,
    deployment: &Deployment,
    catalogue: &Catalogue,
    overrides: &ConnectOverrides,
    rows: &[Row],
) -> Vec<Rule> {
    let Some(cloud) = catalogue.tables.clouds.named(site.cloud(deployment).word()) else { return Vec::new() };
    let resolver = site.reach.resolver(None);
    let family = site.reach.family();
    let scope = Scope {
        host: &host::name(),
        role: site.role(deployment).word(),
        ipv4: family != Family::V6,
        ipv6: family != Family::V4,
        dns_servers: resolver.servers(),
        proxy: overrides.proxy.as_ref().map(|proxy| (proxy.host.as_str(), proxy.port)),
    };
    rules(&destinations(rows), cloud, &catalogue.firewall, &scope)
}

/// A row a rule, ready as a change request.
pub(super) fn change_request(rules: Vec<Rule>) -> String {
    report::rows(&HEADER, rules.into_iter().map(record), print::symbols())
}

/// The rules as a report has them: one a name, port and address family, whichever of ECE's servers needs it.
pub(super) fn values(rules: &[Rule]) -> Vec<FirewallRule> {
    let mut values: Vec<FirewallRule> = Vec::new();
    for rule in rules.iter().filter(|rule| rule.application != "DNS") {
        let same = |known: &&mut FirewallRule| {
            (&known.destination, known.port, known.ip_version.as_str())
                == (&rule.destination, rule.port, rule.ip_version)
        };
        match values.iter_mut().find(same) {
            Some(known) => known.purpose = format!("{}; {}", known.purpose, rule.purpose),
            None => values.push(FirewallRule {
                source: "ECE services and application servers".to_owned(),
                destination: rule.destination.clone(),
                ranges: rule.ranges.clone(),
                port: rule.port,
                protocol: rule.protocol.to_owned(),
                ip_version: rule.ip_version.to_owned(),
                purpose: rule.purpose.clone(),
            }),
        }
    }
    values
}

/// The rules in every form that firewalls read, to paste.
pub(super) fn text(rules: &[Rule], host: &str) -> String {
    let style = Style::of(Stream::Stdout, false, Verbosity::Normal);
    let mut page = Page::new(&style);
    page.paragraph(Paint::Strong, &format!("Firewall rules for ECE, made on {host}"));
    page.paragraph(Paint::Plain, firewall::LEAD_OF_PLAN);
    for form in firewall::forms(&values(rules), &[]) {
        page.heading(form.title);
        page.bare(&form.text);
    }
    page.finish()
}

/// What a run connects to, without the DNS servers and the proxy, which are no destinations of ECE.
fn destinations(rows: &[Row]) -> Vec<Destination> {
    let is_destination = |row: &&Row| !["dns", "http"].contains(&row.protocol);
    let destination = |row: &Row| Destination { host: row.host.clone(), port: row.port, why: row.why.clone() };
    rows.iter().filter(is_destination).map(destination).collect()
}

fn record(rule: Rule) -> [String; 11] {
    [
        rule.source,
        rule.destination,
        rule.port.to_string(),
        rule.protocol.to_owned(),
        rule.ip_version.to_owned(),
        "outbound".to_owned(),
        rule.role,
        rule.purpose,
        rule.application,
        rule.microsoft_id.map_or_else(String::new, |id| id.to_string()),
        rule.ranges.join(" "),
    ]
}
