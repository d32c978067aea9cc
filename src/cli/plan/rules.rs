//! The rules that a site's firewall needs, from its plan: as a change request, and in the forms that firewalls read.

use std::net::SocketAddr;

use super::{Row, site, why_of};
use crate::{
    catalogue::Catalogue,
    cli::{host, print},
    deployment::{Deployment, Role},
    finding::FirewallRule,
    net::{ConnectOverrides, Family, Proxy, proxy::ProxyKind},
    plan::firewall::{Destination, Scope, Through, is_on_the_server, rules},
    report::{Page, Paint, Stream, Style, Verbosity, firewall},
};

/// The port of the web services.
const HTTPS: u16 = 443;

/// The rules that a plan needs.
pub(super) struct Needed {
    pub(super) rules: Vec<FirewallRule>,
    /// What of DNS they leave out.
    without_dns: Option<String>,
}

impl Needed {
    /// The same, with what the rules leave out told on stderr, as in a table it has no place.
    pub(super) fn told(self) -> Self {
        if let Some(why) = &self.without_dns {
            print::note(why);
        }
        self
    }
}

/// The rules as a change request. What it leaves out is told on stderr.
pub(super) fn csv(needed: Needed) -> String {
    let rules = needed.told().rules;
    if let Some(why) = firewall::left_out(&rules) {
        print::note(why);
    }
    firewall::change_request(&rules, print::symbols())
}

/// The rules that ECE needs on the site's firewall.
pub(super) fn needed(
    site: &site::Arguments,
    deployment: &Deployment,
    catalogue: &Catalogue,
    overrides: &ConnectOverrides,
    rows: &[Row],
) -> Needed {
    let resolver = site.reach.resolver(None);
    let role = site.role(deployment);
    let without_dns = without_dns(resolver.servers()).or_else(|| dns_of_the_other(role));
    let Some(cloud) = catalogue.tables.clouds.named(site.cloud(deployment).word()) else {
        return Needed { rules: Vec::new(), without_dns };
    };
    let family = site.reach.family();
    let destinations = destinations(rows);
    let is_direct = destinations.iter().any(|one| one.port == HTTPS && !one.by_proxy);
    let is_used = |_: &&Proxy| !is_direct || destinations.iter().any(|one| one.by_proxy);
    let used = overrides.proxy.as_ref().filter(is_used);
    let why = used.map(why_of).unwrap_or_default();
    let scope = Scope {
        host: &host::name(),
        role: role.word(),
        ipv4: family != Family::V6,
        ipv6: family != Family::V4,
        dns_servers: resolver.servers(),
        proxy: used.map(|proxy| Through {
            host: &proxy.host,
            port: proxy.port,
            application: if proxy.kind == ProxyKind::Socks5 { "SOCKS5" } else { "HTTP CONNECT" },
            why: &why,
        }),
    };
    Needed { rules: rules(&destinations, cloud, &catalogue.firewall, &scope), without_dns }
}

/// Which DNS servers the other of ECE's servers asks is known there alone.
fn dns_of_the_other(role: Role) -> Option<String> {
    let other = match role {
        Role::Services => "application",
        Role::Application => "services",
        Role::All => return None,
    };
    Some(format!(
        "The rules for DNS are those of this server. The ECE {other} server needs the same to its own DNS servers: make \
         the plan there with --role {other}."
    ))
}

fn without_dns(servers: &[SocketAddr]) -> Option<String> {
    let hosts: Vec<String> = servers.iter().map(|server| server.ip().to_string()).collect();
    if hosts.is_empty() {
        return Some("DNS is left out of the rules: this server has no DNS server configured.".to_owned());
    }
    hosts.iter().all(|host| is_on_the_server(host)).then(|| {
        format!(
            "DNS is left out of the rules: this server asks itself ({}). Add the DNS servers that it forwards to.",
            hosts.join(", ")
        )
    })
}

/// The rules in every form that firewalls read, to paste.
pub(super) fn text(needed: &Needed, host: &str) -> String {
    let style = Style::of(Stream::Stdout, false, Verbosity::Normal);
    let mut page = Page::new(&style);
    page.paragraph(Paint::Strong, &format!("Firewall rules for ECE, made on {host}"));
    let Some(forms) = firewall::of_plan(&needed.rules) else {
        page.paragraph(Paint::Plain, "This plan connects to nothing: no rule is needed.");
        return page.finish();
    };
    for note in &forms.lead {
        page.paragraph(Paint::Plain, note);
    }
    page.paragraph(Paint::Caution, needed.without_dns.as_deref().unwrap_or_default());
    for form in forms.each {
        page.heading(form.title);
        page.block(&form.text);
    }
    page.finish()
}

/// What ECE connects to, each name and port once.
fn destinations(rows: &[Row]) -> Vec<Destination> {
    let mut destinations: Vec<Destination> = Vec::new();
    for row in rows {
        let Some(why) = &row.needed_for else { continue };
        let by_proxy = row.route.is_proxy();
        match destinations.iter_mut().find(|known| (&known.host, known.port) == (&row.host, row.port)) {
            Some(known) if known.why.split("; ").any(|part| part == why) => {}
            Some(known) => known.why = format!("{}; {why}", known.why),
            None => {
                destinations.push(Destination { host: row.host.clone(), port: row.port, why: why.clone(), by_proxy });
            }
        }
    }
    destinations
}
