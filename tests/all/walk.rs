//! A whole run against the lab, through the library: what `ece-check run --lab=FAULT` does, without a process.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use ece_check::{
    catalogue::Catalogue,
    deployment::{Cloud, Deployment, Role},
    engine::{Options, rejudge, run},
    finding::{Finding, Flags, Report, Run, Status},
    lab::{self, Counts, Lab, Settings},
    net::{ConnectOverrides, ConnectTo, Family, Limits, Network, Proxy, dns::Resolver, tls::TrustStores},
    plan::{Plan, Selection, Site},
    probe::ProbeContext,
    report::json,
};
use tokio::time::Instant;

/// As the program has it: long enough for a loaded machine.
const STEP: Duration = Duration::from_secs(10);

/// Held by what needs the whole machine and by what measures time: they wait for each other.
pub async fn alone() -> tokio::sync::MutexGuard<'static, ()> {
    static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    ALONE.lock().await
}

/// How long a message is looked for in these runs: enough for those that come late on a loaded machine.
const WAIT: Duration = Duration::from_secs(5);

/// Runs every check against the lab with these faults. Mail is sent when one of them shows only then.
pub async fn walk(faults: &[&str]) -> Report {
    let sends = lab::faults().iter().any(|fault| fault.send_mail && faults.contains(&fault.name.as_str()));
    let faults = faults.iter().map(ToString::to_string).collect();
    let lab = start(&Settings { faults, ..Settings::default() }).await;
    walk_lab(&lab, &Walk { send_mail: sends, ..Walk::default() }).await
}

/// Runs every check against this tenant, in this role or the one that its file names; and what came in there.
pub async fn walk_tenant(settings: &Settings, role: Option<Role>) -> (Report, Counts) {
    let lab = start(settings).await;
    let report = walk_lab(&lab, &Walk { role, ..Walk::default() }).await;
    (report, lab.counts())
}

/// Runs every check against this tenant, on a file that is made out of the tenant's own.
pub async fn walk_changed(settings: &Settings, change: impl FnOnce(&str) -> String) -> (Report, Counts) {
    let lab = start(settings).await;
    let file = change(lab.deployment());
    let report = walk_lab(&lab, &Walk { file: Some(&file), role: Some(Role::All), ..Walk::default() }).await;
    (report, lab.counts())
}

/// Runs the checks that judge the user's file, on this one.
pub async fn walk_file(file: &str) -> Report {
    let only = ["version", "url", "docs"].map(str::to_owned).to_vec();
    let lab = start(&Settings::default()).await;
    walk_lab(&lab, &Walk { file: Some(file), only, ..Walk::default() }).await
}

/// Starts a tenant.
pub async fn start(settings: &Settings) -> Lab {
    Lab::start(settings).await.unwrap_or_else(|error| panic!("{error}"))
}

/// What makes a run another than the usual one.
#[derive(Default)]
pub struct Walk<'w> {
    /// The user's file; the lab's own when none is given.
    pub file: Option<&'w str>,
    /// The role; the file's when none is given.
    pub role: Option<Role>,
    /// The checks; all when none is given.
    pub only: Vec<String>,
    /// Only what makes sense before ECE is installed.
    pub pre_install: bool,
    /// Over IPv4 alone.
    pub ipv4_only: bool,
    /// Each mailbox sends itself a message.
    pub send_mail: bool,
}

/// Runs checks against a tenant.
pub async fn walk_lab(lab: &Lab, how: &Walk<'_>) -> Report {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);
    let catalogue = &*CATALOGUE;
    let file = Deployment::parse_sample("the test's file", how.file.unwrap_or(lab.deployment()));
    let deployment = file.unwrap_or_else(|mistake| panic!("{mistake}"));
    let role = how.role.or(deployment.ece.role).unwrap_or(Role::All);
    let site = Site::of(&deployment, &catalogue.tables, Cloud::Worldwide, role).as_of_the_tables();
    let site = Site { send_mail: how.send_mail.then_some(WAIT), ..site };
    let (_nobody, interrupted) = tokio::sync::watch::channel(false);
    let network = network(lab, Limits::new(STEP, Instant::now() + Duration::from_mins(1), interrupted));
    let network = if how.ipv4_only { Network { family: Family::V4, ..network } } else { network };
    let selection = Selection { only: how.only.clone(), pre_install: how.pre_install, ..Selection::default() };
    let plan = Plan::make(catalogue, &site, &selection, &network.overrides)
        .expect("the selection names checks that are there");
    let (events, _untold) = tokio::sync::mpsc::unbounded_channel();
    let world = ProbeContext::new(network);
    for (variable, value) in lab.secrets() {
        world.wallet.net.lend(&variable, value);
    }
    let options = Options { jobs: 64, strict: false, vantage: vantage() };
    let report = run(plan, &world, catalogue, options, events).await;
    judged_again_it_is_the_same(&report, catalogue);
    report
}

/// Whatever a run found, its saved report holds all that the judgment needs.
fn judged_again_it_is_the_same(report: &Report, catalogue: &Catalogue) {
    let saved = serde_json::to_string(report).expect("a report is JSON");
    let read = json::parse(&saved).unwrap_or_else(|error| panic!("{error}"));
    let again = rejudge(&read, catalogue, false).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again.findings, report.findings, "the findings of a saved report");
    assert_eq!(again.summary, report.summary, "the summary of a saved report");
    assert_eq!(again.site, report.site, "the site of a saved report");
    let keys = |report: &Report| report.looks.iter().map(|look| look.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&again), keys(report), "the observations of a saved report");
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
        overrides: ConnectOverrides {
            resolve: Vec::new(),
            connect_to: rules.collect(),
            only_mapped: true,
            proxy: lab.proxy().map(|proxy| Proxy::read(proxy, "the lab").expect("a proxy")),
        },
        family: Family::Both,
        trust: Arc::new(TrustStores::of_pem(lab.ca_pem())),
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
        site: None,
        config: None,
        part_for: None,
        redacted: None,
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
        lab_faults: None,
        named_dns_servers: Vec::new(),
        ip_version: None,
        evidence_files: Vec::new(),
        flags: Flags::default(),
        interrupted: false,
        other_runs: Vec::new(),
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
