//! `ece-check plan`: everything that `run` would touch. Opens no socket.

use std::{
    net::{IpAddr, SocketAddr},
    process::ExitCode,
};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Trouble, list::json, print, site};
use crate::{
    net::{Family, Proxy, Roads, Way},
    plan::{Plan, PlannedLook},
    probe::{
        Look, mailbox,
        tcp::{self, Depth, Service},
    },
    report::{self, Page, Paint, Stream, Style, Verbosity},
    seen::Protocol,
};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    site: site::Arguments,
    /// The format to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// The formats that a plan has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// For people
    Text,
    /// For programs
    Json,
    /// For the firewall team's tables
    Csv,
}

/// One thing that a run would touch.
#[derive(Clone, Debug, Serialize)]
struct Row {
    host: String,
    port: u16,
    transport: &'static str,
    protocol: &'static str,
    family: &'static str,
    road: String,
    credential: &'static str,
    change: &'static str,
    why: String,
}

/// Prints the plan.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Trouble> {
    let site = &arguments.site;
    let catalogue = site.catalogue.load()?;
    let deployment = site.deployment(None)?;
    let roads = site.reach.roads(None)?;
    let plan = Plan::make(&catalogue, &site.site(&deployment, &catalogue, false), &site.selection(), &roads)?;
    let rows = rows(&plan, &roads, site);
    print::data(&match arguments.output {
        Output::Text => text(&rows, &plan),
        Output::Json => json(&rows),
        Output::Csv => table(&rows),
    });
    Ok(ExitCode::SUCCESS)
}

fn rows(plan: &Plan<'_>, roads: &Roads, site: &site::Arguments) -> Vec<Row> {
    let family = match site.reach.family() {
        Family::Both => "IPv4 and IPv6",
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    };
    let dialled = plan.looks.iter().flat_map(|planned| rows_of(planned, roads, family)).collect::<Vec<_>>();
    let proxy = roads.proxy.as_ref().filter(|_| dialled.iter().any(|row| row.road.starts_with("proxy ")));
    let names = plan.looks.iter().filter_map(|planned| match &planned.look {
        Look::Dns(look) => Some(look.name.as_str()),
        _ => None,
    });
    let of_proxy = proxy.map(|proxy| proxy.host.as_str()).filter(|host| host.parse::<IpAddr>().is_err());
    let lookups = lookups(&names.chain(of_proxy).collect::<Vec<_>>(), site.reach.resolver(None).servers());
    lookups.into_iter().chain(proxy.map(|proxy| of(proxy, family))).chain(dialled).collect()
}

/// The resolvers, which are all that a lookup goes to; and what they are asked for.
fn lookups(names: &[&str], servers: &[SocketAddr]) -> Vec<Row> {
    if names.is_empty() {
        return Vec::new();
    }
    let asked = |host: String, port, family| Row {
        host,
        port,
        transport: "udp, tcp",
        protocol: "dns",
        family,
        road: "direct".to_owned(),
        credential: "none",
        change: "none",
        why: format!("the resolver of this server, asked for {}", names.join(" ")),
    };
    if servers.is_empty() {
        return vec![asked("no resolver is configured".to_owned(), 53, "none")];
    }
    let family = |server: &SocketAddr| if server.is_ipv4() { "IPv4" } else { "IPv6" };
    servers.iter().map(|server| asked(server.ip().to_string(), server.port(), family(server))).collect()
}

/// The proxy itself: all that a web service costs on the firewall of a site that has one.
fn of(proxy: &Proxy, family: &'static str) -> Row {
    Row {
        host: proxy.host.clone(),
        port: proxy.port,
        transport: "tcp",
        protocol: "http",
        family,
        road: "direct".to_owned(),
        credential: if proxy.credentials.is_some() { "user and password of the proxy" } else { "none" },
        change: "none",
        why: format!("the proxy ({}): asked for a tunnel to each web service", proxy.learnt_from),
    }
}

/// What one look touches: a message is sent at one place and looked for at another.
fn rows_of(planned: &PlannedLook, roads: &Roads, family: &'static str) -> Vec<Row> {
    let row = Row {
        host: String::new(),
        port: 443,
        transport: "tcp",
        protocol: "https",
        family,
        road: "direct".to_owned(),
        credential: "none",
        change: "none",
        why: planned.why.clone(),
    };
    match &planned.look {
        Look::Service(look) => vec![Row {
            host: look.host.clone(),
            port: look.port,
            protocol: spoken(look),
            road: match look.service {
                Service::Https(_) => web_road(look.way, roads, &look.host, look.port),
                _ => road(roads, &look.host, look.port),
            },
            why: match look.way {
                Way::InForce if look.again > 0 => {
                    format!("{} (one address {} times more, as its chains take turns)", row.why, look.again)
                }
                Way::InForce => row.why.clone(),
                Way::Beside => format!("{} (the other road, to see which one works)", row.why),
            },
            ..row
        }],
        Look::Token(look) => vec![Row {
            host: look.application.login_host.clone(),
            road: web_road(Way::InForce, roads, &look.application.login_host, 443),
            credential: "client secret or refresh token",
            ..row
        }],
        Look::Mailbox(look) => vec![signed_in(look, "none", roads, row)],
        Look::Delivery(look) => {
            let sent = signed_in(&look.outward, "sends 1 message", roads, row.clone());
            vec![sent, signed_in(&look.inward, put_away(&look.inward), roads, row)]
        }
        Look::Dns(_) | Look::Version(_) | Look::Directory(_) | Look::Url(_) => Vec::new(),
    }
}

fn signed_in(look: &mailbox::Look, change: &'static str, roads: &Roads, row: Row) -> Row {
    Row {
        host: look.host.clone(),
        port: look.port,
        protocol: look.protocol.name(),
        road: road(roads, &look.host, look.port),
        credential: "access token",
        change,
        ..row
    }
}

/// What becomes of the message that was found.
fn put_away(look: &mailbox::Look) -> &'static str {
    match look.protocol {
        Protocol::Imap => "moves that message to Deleted Items",
        _ => "none",
    }
}

/// The deepest protocol that is spoken: a look may go no further than the connection, or the certificate.
fn spoken(look: &tcp::Look) -> &'static str {
    match (look.depth, &look.service) {
        (Depth::Tcp, _) => "tcp",
        (Depth::Tls, Service::Https(_) | Service::Imap | Service::Pop3) => "tls",
        (Depth::Tls | Depth::Service, service) => service.name(),
    }
}

fn web_road(way: Way, roads: &Roads, host: &str, port: u16) -> String {
    roads.proxy_on(way, host, port).map_or_else(|| road(roads, host, port), Proxy::road)
}

fn road(roads: &Roads, host: &str, port: u16) -> String {
    if let Some(rule) = roads.turned(host, port) {
        return format!("to {}:{} (--connect-to)", rule.to_host, rule.to_port);
    }
    match roads.resolved(host, port) {
        Some(addresses) => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            format!("to {} (--resolve)", addresses.join(" "))
        }
        None => "direct".to_owned(),
    }
}

const HEADER: [&str; 9] = ["host", "port", "transport", "protocol", "family", "road", "credential", "change", "why"];

fn table(rows: &[Row]) -> String {
    report::rows(
        &HEADER,
        rows.iter().map(|row| {
            [
                row.host.clone(),
                row.port.to_string(),
                row.transport.to_owned(),
                row.protocol.to_owned(),
                row.family.to_owned(),
                row.road.clone(),
                row.credential.to_owned(),
                row.change.to_owned(),
                row.why.clone(),
            ]
        }),
        print::symbols(),
    )
}

fn text(rows: &[Row], plan: &Plan<'_>) -> String {
    let style = Style::of(Stream::Stdout, false, Verbosity::Normal);
    let mut page = Page::new(&style);
    page.paragraph(
        Paint::Strong,
        &format!(
            "{} names and ports, {} checks. This command has opened none of them.",
            rows.len(),
            plan.findings.len()
        ),
    );
    page.paragraph(Paint::Plain, &what_is_changed(plan));
    page.gap();
    for row in rows {
        let host = if row.host.contains(':') { format!("[{}]", row.host) } else { row.host.clone() };
        page.paragraph(Paint::Strong, &format!("{host}:{} ({}, {})", row.port, row.protocol, row.transport));
        page.field("family", row.family);
        page.field("road", &row.road);
        page.field("why", &row.why);
        if row.change != "none" {
            page.field("change", row.change);
        }
    }
    page.finish()
}

fn what_is_changed(plan: &Plan<'_>) -> String {
    let of = |kind: fn(&Look) -> bool| plan.looks.iter().filter(|planned| kind(&planned.look)).count();
    let sign_ins = of(|look| matches!(look, Look::Mailbox(_) | Look::Token(_)));
    let messages = of(|look| matches!(look, Look::Delivery(_)));
    let credentials = if sign_ins == 0 { "uses no credential and " } else { "" };
    match messages {
        0 => format!("A run {credentials}changes nothing: it connects, reads what is offered and leaves."),
        1 => "A run sends 1 message, from a mailbox to itself, and changes nothing else.".to_owned(),
        many => format!("A run sends {many} messages, each from a mailbox to itself, and changes nothing else."),
    }
}
