//! A whole run against the lab, through the library: what `ece-check run --lab=FAULT` does, without a process.

use std::{sync::Arc, time::Duration};

use ece_check::{
    catalogue::Catalogue,
    deployment::{Cloud, Deployment, Role},
    finding::{Finding, Report, Run, Status},
    lab::{Counts, Lab, Settings},
    net::{ConnectTo, Family, Limits, Network, Proxy, Roads, dns::Resolver, tls::Trust},
    plan::{Plan, Selection, Site},
    probe::World,
    run::{Options, run},
};
use tokio::time::Instant;

/// As the program has it: long enough for a loaded machine.
const STEP: Duration = Duration::from_secs(10);

/// Held by what needs the whole machine and by what measures time: they wait for each other.
pub async fn alone() -> tokio::sync::MutexGuard<'static, ()> {
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    ALONE.lock().await
}

/// Runs every check against the lab with these faults.
pub async fn walk(faults: &[&str]) -> Report {
    let faults = faults.iter().map(ToString::to_string).collect();
    walk_tenant(&Settings { faults, ..Settings::default() }, None).await.0
}

/// Runs every check against this tenant, in this role or the one that its file names; and what came in there.
pub async fn walk_tenant(settings: &Settings, role: Option<Role>) -> (Report, Counts) {
    go(settings, None, role, &Selection::default()).await
}

/// Runs every check against this tenant, on a file that is made out of the tenant's own.
pub async fn walk_changed(settings: &Settings, change: impl FnOnce(&str) -> String) -> (Report, Counts) {
    let lab = Lab::start(settings).await.unwrap_or_else(|error| panic!("{error}"));
    let file = change(lab.deployment());
    drop(lab);
    go(settings, Some(&file), Some(Role::All), &Selection::default()).await
}

/// Runs the checks that judge the user's file, on this one.
pub async fn walk_file(file: &str) -> Report {
    let only = Selection { only: vec!["version".to_owned(), "url".to_owned()], ..Selection::default() };
    go(&Settings::default(), Some(file), None, &only).await.0
}

async fn go(settings: &Settings, file: Option<&str>, role: Option<Role>, selection: &Selection) -> (Report, Counts) {
    let catalogue = &Catalogue::built_in();
    let lab = Lab::start(settings).await.unwrap_or_else(|error| panic!("{error}"));
    let file = Deployment::parse_sample("the test's file", file.unwrap_or(lab.deployment()));
    let deployment = file.unwrap_or_else(|mistake| panic!("{mistake}"));
    let role = role.or(deployment.ece.role).unwrap_or(Role::All);
    let site = Site::of(&deployment, &catalogue.tables, Cloud::Worldwide, role);
    let (_nobody, interrupted) = tokio::sync::watch::channel(false);
    let network = network(&lab, Limits::new(STEP, Instant::now() + Duration::from_mins(1), interrupted));
    let plan =
        Plan::make(catalogue, &site, selection, &network.roads).expect("the selection names checks that are there");
    let (events, _untold) = tokio::sync::mpsc::unbounded_channel();
    let world = World::new(network);
    for (variable, value) in lab.secrets() {
        world.wallet.net.lend(&variable, value);
    }
    let report = run(&plan, &world, catalogue, Options { jobs: 64, strict: false, vantage: vantage() }, events).await;
    (report, lab.counts())
}

fn network(lab: &Lab, limits: Limits) -> Network {
    let rules = lab.connections().iter().map(|one| ConnectTo {
        host: one.address.ip().to_string(),
        port: one.address.port(),
        to_host: one.to.ip().to_string(),
        to_port: one.to.port(),
    });
    Network {
        resolver: Arc::new(Resolver::with_servers(vec![lab.dns_server()])),
        roads: Roads {
            resolve: Vec::new(),
            connect_to: rules.collect(),
            only_mapped: true,
            proxy: lab.proxy().map(|proxy| Proxy::read(proxy, "the lab").expect("a proxy")),
        },
        family: Family::Both,
        trust: Arc::new(Trust::of_pem(lab.ca_pem())),
        firewall: None,
        limits,
    }
}

fn vantage() -> Run {
    Run {
        id: "a test".to_owned(),
        started: "2026-11-22T10:00:00Z".to_owned(),
        duration_ms: 0,
        case: None,
        host: "ece-services".to_owned(),
        os: "none".to_owned(),
        utc_offset_minutes: None,
        ipv6: None,
        source_addresses: Vec::new(),
        dns_servers: Vec::new(),
        dns_suffixes: Vec::new(),
        role: "services".to_owned(),
        cloud: "worldwide".to_owned(),
        lab: true,
        proxy: None,
        proxy_exceptions: Vec::new(),
        proxy_script: None,
        firewall: None,
        ece_home: None,
        clock_offset_ms: None,
        interrupted: false,
    }
}

/// The findings of one check.
pub fn of_check<'r>(report: &'r Report, check: &str) -> Vec<&'r Finding> {
    report.findings.iter().filter(|finding| finding.check == check).collect()
}

/// Whether a check came out with this status for some subject.
pub fn came_out(report: &Report, check: &str, status: Status) -> bool {
    of_check(report, check).iter().any(|finding| finding.status == status)
}

/// What did not pass, one line each.
pub fn not_well(report: &Report) -> String {
    let bad = report.findings.iter().filter(|finding| !matches!(finding.status, Status::Pass | Status::Skip));
    let lines =
        bad.map(|finding| format!("  {:?} {} {}: {}", finding.status, finding.check, finding.subject, finding.found));
    lines.collect::<Vec<_>>().join("\n")
}
