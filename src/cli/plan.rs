//! `ece-check plan`: everything that `run` would touch. Opens no socket.

mod rules;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    env,
    net::{IpAddr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, ValueEnum};
use serde::{Serialize, Serializer};

use super::{CliError, list::json, print, site};
use crate::{
    evidence::Route,
    graph::{self, Answer, Ask},
    net::{ConnectOverrides, Family, Proxy, RouteChoice},
    plan::{Plan, PlannedLook, Site},
    probe::{AnyProbe, Change, Presented, ServiceTouch, Touch},
    report::{Page, Paint, Stream, Style, Verbosity},
    secret::Source,
};

/// So many reasons of one host and port are written out.
const MOST_NAMED: usize = 5;

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    site: site::Arguments,
    /// Output format
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    /// Only what this team needs: the firewall rules, as PowerShell, netsh, Cisco ASA, PAN-OS and CSV
    #[arg(long = "for", value_enum, value_name = "OWNER")]
    team: Option<Team>,
}

/// The team that has a part in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Team {
    /// The network or firewall team
    Network,
}

/// The formats that a plan has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Terminal output
    Text,
    /// Machine-readable
    Json,
    /// For a firewall change request
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
    #[serde(rename = "road", serialize_with = "as_text")]
    route: Route,
    credential: String,
    change: &'static str,
    why: String,
    /// What a firewall rule for it is for; none where ECE itself does not need it, as the DNS servers and the proxy.
    #[serde(skip)]
    needed_for: Option<String>,
    /// Whether it is one request to Microsoft Graph.
    #[serde(skip)]
    is_request: bool,
}

/// Prints the plan.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let site = &arguments.site;
    let catalogue = site.catalogue.load()?;
    let deployment = site.deployment_unconnected(&catalogue)?;
    let overrides = site.reach.overrides(None)?;
    let given = site.evidence_files(&deployment)?;
    let cloud = catalogue.tables.clouds.named(site.cloud(&deployment).word()).filter(|_| site.graph.is_some());
    let ask = cloud.map(|cloud| super::graph::ask(&deployment, cloud, site.asks_for_webex(), &given.files));
    let exported = super::evidence::exported(given, Answer::default(), &deployment, &catalogue);
    let described = Site { exported, ..site.site(&deployment, &catalogue, false) };
    let plan = Plan::make(&catalogue, &described, &site.selection(), &overrides)?;
    let login = cloud.filter(|_| super::graph::is_signed_in(site.graph, &deployment)).map(|cloud| cloud.login.as_str());
    let rows = rows(&plan, &overrides, site, ask.as_ref(), login);
    let needed = || rules::needed(site, &deployment, &catalogue, &overrides, &rows);
    print::data(&match arguments.output {
        Output::Text if arguments.team.is_some() => rules::text(&needed(), &super::host::name()),
        Output::Json if arguments.team.is_some() => json(&needed().told().rules),
        Output::Text => text(&rows, &plan, site::usual_deadline(&deployment, site::USUAL_JOBS, site.sample)),
        Output::Json => json(&rows),
        Output::Csv => rules::csv(needed()),
    });
    Ok(ExitCode::SUCCESS)
}

fn rows(
    plan: &Plan<'_>,
    overrides: &ConnectOverrides,
    site: &site::Arguments,
    ask: Option<&Ask>,
    login: Option<&str>,
) -> Vec<Row> {
    let family = match site.reach.family() {
        Family::Both => "IPv4 and IPv6",
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    };
    let dialled = plan.looks.iter().flat_map(|planned| rows_of(planned, overrides, family)).collect::<Vec<_>>();
    let proxy = overrides.proxy.as_ref().filter(|_| dialled.iter().any(|row| row.route.is_proxy()));
    let touched: Vec<Touch> = plan.looks.iter().flat_map(|planned| planned.probe.touches()).collect();
    let names = touched.iter().filter_map(|touch| match touch {
        Touch::Name(name) => Some(name.as_str()),
        Touch::Service(_) => None,
    });
    let of_proxy = proxy.map(|proxy| proxy.host.as_str()).filter(|host| host.parse::<IpAddr>().is_err());
    let of_graph = ask.map(|ask| ask.host.as_str()).into_iter().chain(login).filter(|_| proxy.is_none());
    let signed_in = login.map(|host| sign_in(host, overrides, family));
    let graph = ask.iter().flat_map(|ask| rows_of_graph(ask, overrides, family));
    let dialled = dialled.into_iter().chain(signed_in).chain(graph);
    let lookups =
        lookups(&names.chain(of_proxy).chain(of_graph).collect::<Vec<_>>(), site.reach.resolver(None).servers());
    lookups.into_iter().chain(proxy.map(|proxy| of(proxy, family))).chain(dialled).collect()
}

/// What `--graph` is for; ECE itself does not need it.
const FOR_GRAPH: &str = "Microsoft Graph, which ece-check reads with --graph; ECE does not need it";

/// The sign-in of a person for Microsoft Graph.
fn sign_in(host: &str, overrides: &ConnectOverrides, family: &'static str) -> Row {
    Row {
        host: host.to_owned(),
        port: 443,
        transport: "tcp",
        protocol: "https",
        family,
        route: web_route(RouteChoice::InForce, overrides, host, 443),
        credential: "sign-in of a person for Microsoft Graph, read permissions only".to_owned(),
        change: "none",
        why: "sign-in for Microsoft Graph (--graph)".to_owned(),
        needed_for: Some(FOR_GRAPH.to_owned()),
        is_request: false,
    }
}

/// Every path that Microsoft Graph is asked for.
fn rows_of_graph(ask: &Ask, overrides: &ConnectOverrides, family: &'static str) -> Vec<Row> {
    let row = |path: graph::Path| Row {
        host: ask.host.clone(),
        port: 443,
        transport: "tcp",
        protocol: "https",
        family,
        route: web_route(RouteChoice::InForce, overrides, &ask.host, 443),
        credential: "token for Microsoft Graph".to_owned(),
        change: "none",
        why: format!("GET {}", path.target),
        needed_for: Some(FOR_GRAPH.to_owned()),
        is_request: true,
    };
    graph::paths(ask).into_iter().map(row).collect()
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
        route: Route::Direct,
        credential: "none".to_owned(),
        change: "none",
        why: format!("DNS server, asked for {}", names.join(" ")),
        needed_for: None,
        is_request: false,
    };
    if servers.is_empty() {
        return vec![asked("no DNS server is configured".to_owned(), 53, "none")];
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
        route: Route::Direct,
        credential: if proxy.credentials.is_some() { "user and password of the proxy" } else { "none" }.to_owned(),
        change: "none",
        why: why_of(proxy),
        needed_for: None,
        is_request: false,
    }
}

fn why_of(proxy: &Proxy) -> String {
    format!("the proxy ({}): asked for a tunnel to each web service", proxy.learnt_from)
}

/// What one look touches: a message is sent at one place and looked for at another.
fn rows_of(planned: &PlannedLook, overrides: &ConnectOverrides, family: &'static str) -> Vec<Row> {
    let services = planned.probe.touches().into_iter().filter_map(|touch| match touch {
        Touch::Service(touch) => Some(touch),
        Touch::Name(_) => None, // only the resolver is asked
    });
    services.map(|touch| row_of(touch, &planned.why, overrides, family)).collect()
}

fn row_of(touch: ServiceTouch, why: &str, overrides: &ConnectOverrides, family: &'static str) -> Row {
    Row {
        needed_for: (touch.web != Some(RouteChoice::Beside)).then(|| why.to_owned()),
        route: match touch.web {
            Some(way) => web_route(way, overrides, &touch.host, touch.port),
            None => route(overrides, &touch.host, touch.port),
        },
        why: match touch.web {
            Some(RouteChoice::Beside) => format!("{why} (the other path, to see which one works)"),
            _ if touch.repeats > 0 && !touch.presented.is_empty() => {
                format!("{why} (signs in once more, for the second opinion)")
            }
            _ if touch.repeats > 0 => {
                format!("{why} (one address {} times more, as its chains take turns)", touch.repeats)
            }
            _ => why.to_owned(),
        },
        is_request: false,
        host: touch.host,
        port: touch.port,
        transport: "tcp",
        protocol: touch.protocol,
        family,
        credential: presented(&touch.presented),
        change: match touch.change {
            Change::None => "none",
            Change::SendsMessage => "sends 1 message",
            Change::MovesMessage => "moves that message to Deleted Items",
        },
    }
}

fn presented(all: &[Presented]) -> String {
    let words = all.iter().map(|one| match one {
        Presented::RefreshToken(account) => format!("refresh token of {account}"),
        Presented::OfApplication(proof) => format!("{proof} of the application"),
        Presented::AccessToken(account) => format!("access token of {account}"),
        Presented::ScimToken => "provisioning token of Webex".to_owned(),
    });
    let words: Vec<String> = words.collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

fn web_route(way: RouteChoice, overrides: &ConnectOverrides, host: &str, port: u16) -> Route {
    overrides.proxy_on(way, host, port).map_or_else(|| route(overrides, host, port), Proxy::route)
}

fn route(overrides: &ConnectOverrides, host: &str, port: u16) -> Route {
    match (overrides.turned(host, port), overrides.resolved(host, port)) {
        (Some(rule), _) => Route::ConnectTo { host: rule.to_host.clone(), port: rule.to_port },
        (None, Some(addresses)) => Route::Resolve { addresses: addresses.to_vec() },
        (None, None) => Route::Direct,
    }
}

/// A route in the words of a plan, with the flag that orders it.
fn words_of(route: &Route) -> String {
    match route {
        Route::ConnectTo { host, port } => format!("to {host}:{port} (--connect-to)"),
        Route::Resolve { addresses } => {
            let addresses: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            format!("to {} (--resolve)", addresses.join(" "))
        }
        other => other.to_string(),
    }
}

fn as_text<S: Serializer>(route: &Route, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&words_of(route))
}

fn text(rows: &[Row], plan: &Plan<'_>, deadline: Duration) -> String {
    let style = Style::of(Stream::Stdout, false, Verbosity::Normal);
    let mut page = Page::new(&style);
    let places = places(rows);
    let dialled = places.iter().filter(|place| place[0].protocol != "dns").count();
    page.paragraph(
        Paint::Strong,
        &format!("{dialled} destinations, {} checks. No connection was made.", plan.findings.len()),
    );
    let is_graph_read = rows.iter().any(|row| row.is_request);
    page.paragraph(Paint::Plain, &what_is_done(plan, is_graph_read));
    let seconds = deadline.as_secs();
    page.paragraph(
        Paint::Plain,
        &format!("`run` ends after {seconds} s at the latest, unless --deadline says otherwise."),
    );
    for name in unset(plan) {
        page.paragraph(Paint::Caution, &format!("Environment variable {name} is required but not set."));
    }
    page.gap();
    for place in places {
        let row = place[0];
        let host = if row.host.contains(':') { format!("[{}]", row.host) } else { row.host.clone() };
        let spoken = each(&place, |row| row.protocol).join(", ");
        page.paragraph(Paint::Strong, &format!("{host}:{} ({spoken}, {})", row.port, row.transport));
        page.field("IP", row.family);
        page.field("path", &words_of(&row.route));
        let is_of_graph = place.iter().any(|row| row.is_request);
        let purpose = if is_of_graph { FOR_GRAPH.to_owned() } else { some(&each(&place, |row| &row.why)) };
        page.field("purpose", &purpose);
        page.field("sends", &some(&each(&place, |row| &row.credential)));
        page.field("change", &some(&each(&place, |row| row.change)));
        for request in place.iter().filter(|row| row.is_request) {
            page.bare(&percent_encoding::percent_decode_str(&request.why).decode_utf8_lossy());
        }
    }
    page.finish()
}

/// The rows of one host, port and route are together, where the first of them was.
fn places(rows: &[Row]) -> Vec<Vec<&Row>> {
    let mut places: Vec<Vec<&Row>> = Vec::new();
    let mut known = HashMap::new();
    for row in rows {
        let at = *known.entry((&row.host, row.port, &row.route)).or_insert(places.len());
        if at == places.len() {
            places.push(Vec::new());
        }
        places[at].push(row);
    }
    places
}

/// What the rows of a place say, each once.
fn each<'r>(place: &[&'r Row], of: impl Fn(&'r Row) -> &'r str) -> Vec<&'r str> {
    let mut known = HashSet::new();
    let said = place.iter().map(|row| of(row)).filter(|text| *text != "none");
    said.filter(|text| known.insert(*text)).collect()
}

/// The first of several texts, and how many there are besides.
fn some(texts: &[&str]) -> String {
    let (first, rest) = texts.split_at(texts.len().min(MOST_NAMED));
    let more = if rest.is_empty() { String::new() } else { format!("; and {} more", rest.len()) };
    first.join("; ") + &more
}

/// What a run does besides looking, a sentence for each service that gets a credential.
fn what_is_done(plan: &Plan<'_>, is_graph_read: bool) -> String {
    let (mut mailboxes, mut tokens, mut messages, mut is_webex_asked) = (BTreeSet::new(), BTreeSet::new(), 0, false);
    for planned in &plan.looks {
        match &planned.probe {
            AnyProbe::SignIn(look) => drop(mailboxes.insert(&look.mailbox)),
            AnyProbe::Token(look) => drop(tokens.insert(&look.account)),
            AnyProbe::RoundTrip(_) => messages += 1,
            AnyProbe::Scim(_) => is_webex_asked = true,
            _ => {}
        }
    }
    let sent = match messages {
        0 => "sends no email".to_owned(),
        1 => "sends 1 test message, from a mailbox to itself".to_owned(),
        many => format!("sends {many} test messages, each from a mailbox to itself"),
    };
    let end = if messages == 0 { "" } else { " Nothing else is changed." };
    let mailboxes = match (mailboxes.len(), tokens.len()) {
        (0, _) if messages > 0 => Some(format!("`run` {sent}.{end}")),
        (0, 0) => None,
        (0, 1) => Some("`run` uses the token of 1 account, signs in to no mailbox and sends no email.".to_owned()),
        (0, tokens) => {
            Some(format!("`run` uses the tokens of {tokens} accounts, signs in to no mailbox and sends no email."))
        }
        (1, _) => Some(format!("`run` signs in to 1 mailbox, opens it read-only and {sent}.{end}")),
        (mailboxes, _) => {
            Some(format!("`run` signs in to {mailboxes} mailboxes, opens them read-only and {sent}.{end}"))
        }
    };
    let graph = "`run` reads Microsoft Graph with a token for it, by GET only, and changes nothing there.";
    let webex = "`run` asks Webex over SCIM with the provisioning token, by GET only, and changes nothing there.";
    let others = [is_graph_read.then_some(graph), is_webex_asked.then_some(webex)].into_iter().flatten();
    let said: Vec<String> = mailboxes.into_iter().chain(others.map(str::to_owned)).collect();
    if said.is_empty() { "`run` uses no credentials and is read-only.".to_owned() } else { said.join(" ") }
}

/// The environment variables that a run would read a secret from, and which are not set. None of them is read here.
fn unset<'p>(plan: &'p Plan<'_>) -> BTreeSet<&'p str> {
    let names = plan.looks.iter().flat_map(|planned| planned.probe.secrets()).filter_map(|source| match source {
        Source::Env(name) => Some(name.as_str()),
        _ => None,
    });
    names.filter(|name| env::var_os(name).is_none()).collect()
}
