//! `ece-check plan`: everything that `run` would touch. Opens no socket.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::{Trouble, list::json, print, site};
use crate::{
    net::{Family, Proxy, Roads},
    plan::{Plan, PlannedLook},
    probe::{
        Look,
        tcp::{self, Depth, Service},
    },
    report::{self, Page, Paint, Stream, Style, Verbosity},
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
#[derive(Debug, Serialize)]
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
    let servers: Vec<String> =
        site.reach.resolver(None).servers().iter().map(|server| server.ip().to_string()).collect();
    let servers = if servers.is_empty() { "no resolver is configured".to_owned() } else { servers.join(" ") };
    let family = match site.reach.family() {
        Family::Both => "IPv4 and IPv6",
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    };
    plan.looks.iter().filter_map(|planned| row(planned, roads, &servers, family)).collect()
}

fn row(planned: &PlannedLook, roads: &Roads, servers: &str, family: &'static str) -> Option<Row> {
    let row = Row {
        host: String::new(),
        port: 53,
        transport: "tcp",
        protocol: "dns",
        family,
        road: "direct".to_owned(),
        credential: "none",
        change: "none",
        why: planned.why.clone(),
    };
    match &planned.look {
        Look::Dns(look) => {
            Some(Row { host: look.name.clone(), transport: "udp, tcp", road: format!("asked of {servers}"), ..row })
        }
        Look::Service(look) => Some(Row {
            host: look.host.clone(),
            port: look.port,
            protocol: spoken(look),
            road: match look.service {
                Service::Https(_) => web_road(roads, &look.host, look.port),
                _ => road(roads, &look.host, look.port),
            },
            ..row
        }),
        Look::Token(look) => Some(Row {
            host: look.application.login_host.clone(),
            port: 443,
            protocol: "https",
            road: web_road(roads, &look.application.login_host, 443),
            credential: "client secret or refresh token",
            ..row
        }),
        Look::Mailbox(look) => Some(Row {
            host: look.host.clone(),
            port: look.port,
            protocol: look.protocol.name(),
            road: road(roads, &look.host, look.port),
            credential: "access token",
            ..row
        }),
        Look::Version(_) | Look::Directory(_) | Look::Url(_) => None,
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

fn web_road(roads: &Roads, host: &str, port: u16) -> String {
    roads.proxied(host, port).map_or_else(|| road(roads, host, port), Proxy::road)
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
    page.paragraph(
        Paint::Plain,
        "A run uses no credential and changes nothing: it connects, reads what is offered and leaves.",
    );
    page.gap();
    for row in rows {
        page.paragraph(Paint::Strong, &format!("{}:{} ({}, {})", row.host, row.port, row.protocol, row.transport));
        page.field("family", row.family);
        page.field("road", &row.road);
        page.field("why", &row.why);
    }
    page.finish()
}
