//! From a plan to a report, and from a saved report to one that is judged anew. The only place that knows of concurrency.
//!
//! In: a [`Plan`] and a [`ProbeContext`], or a saved [`Report`]. Out: a [`Report`]. Every look starts as soon as the look
//! that it depends on has ended, so a run takes as long as its slowest chain of looks. Judging and diagnosing begin when
//! all looks have ended.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use futures_util::{FutureExt, future::Shared};
use tokio::{
    sync::{Semaphore, mpsc::UnboundedSender},
    time::Instant,
};

use crate::{
    catalogue::{Catalogue, wording},
    deployment::Deployment,
    diagnose::diagnose,
    evidence::{Failure, FailureKind, Observation, ProbeKey, Protocol, Route, SavedSite, Stage, Unit, Value},
    finding::{Finding, Remediation, Report, Run, Status, Summary, Tool, config_flag},
    judge::{Judgement, clock, holds_somewhere, is_waived, judge, judge_all, owned, shared, values, waive},
    plan::{Plan, PlannedFinding, PlannedLook, saved},
    probe::{Earlier, ProbeContext, dns, https},
    report::{json, prose},
    secret::Redactor,
};

/// How a run is made, beside what the plan and the network say.
#[derive(Clone, Debug)]
pub struct Options {
    /// So many looks at once at the most.
    pub jobs: usize,
    /// Warnings count.
    pub strict: bool,
    /// The vantage, as far as it is known before the run.
    pub vantage: Run,
}

/// What a run tells while it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A look has begun.
    Began(String),
    /// A look has ended.
    Ended(String),
}

/// Looks at everything that is planned, judges it and names the causes.
pub async fn run(
    plan: Plan<'_>,
    world: &ProbeContext,
    catalogue: &Catalogue,
    options: Options,
    events: UnboundedSender<Event>,
) -> Report {
    let began = Instant::now();
    let mut looks = look_at_all(&plan, world, options.jobs, &events).await;
    take_out(&mut looks, &world.wallet.net);
    world.connections.close().await;
    let vantage = Run {
        source_addresses: source_addresses(&looks),
        dns_servers: dns_servers(&looks),
        clock_offset_ms: clock_offset(&looks),
        interrupted: looks.iter().any(was_interrupted),
        ..options.vantage
    };
    let report = judged(plan, looks, catalogue, vantage, options.strict);
    let duration_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    Report { run: Run { duration_ms, ..report.run }, ..report }
}

/// Takes secrets out of what others said before it is cut and put on lines: of one that is written as long escapes, each
/// line would hold too little to be known by.
fn take_out(looks: &mut [Observation], net: &Redactor) {
    for look in looks {
        let of_attempts =
            look.attempts.iter_mut().chain(&mut look.tried).filter_map(|attempt| attempt.failure.as_mut());
        for failure in of_attempts.chain(&mut look.failure) {
            if let (Cow::Owned(clean), _) = net.cleaned(&failure.words) {
                failure.words = clean;
            }
        }
    }
}

/// Why a saved report cannot be judged again.
#[derive(Debug, thiserror::Error)]
pub enum NotRejudged {
    /// It was written before reports kept the site.
    #[error("this report does not hold the site: it was written by a version before schema 2; run again with this one")]
    NoSite,
    /// What it holds of the site is not understood here.
    #[error("the site in this report is not understood: {0}; use the version that wrote it")]
    BadSite(String),
}

/// Judges a saved report again, with this catalogue and without looking: plans from the site that the report holds, and
/// gives each probe of the plan what the report says that it saw. A probe that the report does not know has seen nothing.
///
/// # Errors
/// When the report does not hold the site, or this version does not understand it.
pub fn rejudge(report: &Report, catalogue: &Catalogue, strict: bool) -> Result<Report, NotRejudged> {
    let saved = report.site.as_ref().ok_or(NotRejudged::NoSite)?;
    let basis = saved::restore(saved, &catalogue.tables).map_err(NotRejudged::BadSite)?;
    let plan = Plan::make(catalogue, &basis.site, &basis.selection, &basis.overrides)
        .map_err(|unknown| NotRejudged::BadSite(unknown.to_string()))?;
    let mut seen: HashMap<&ProbeKey, &Observation> =
        report.looks.iter().filter_map(|look| Some((look.key.as_ref()?, look))).collect();
    let mut looks: Vec<Observation> = Vec::new();
    for planned in &plan.looks {
        looks.push(seen.remove(&planned.probe.key()).cloned().unwrap_or_else(|| not_made(planned)));
    }
    let beside_the_plan = |look: &&Observation| look.key.as_ref().is_none_or(|key| seen.contains_key(key));
    looks.extend(report.looks.iter().filter(beside_the_plan).cloned()); // what is planned no more stays evidence
    Ok(judged(plan, looks, catalogue, report.run.clone(), strict))
}

/// The report of what was seen. Pure.
fn judged(plan: Plan<'_>, mut looks: Vec<Observation>, catalogue: &Catalogue, run: Run, strict: bool) -> Report {
    // of thousands of mailboxes each part of a plan takes as much room as what follows, so none is kept longer than it is read
    let Plan { site, findings: planned, looks: probes } = plan;
    drop(probes);
    clock::note(&mut looks);
    shared::note(&mut looks);
    let mut findings = judge_all(&planned, &looks);
    drop(planned);
    let words = wording::of(&catalogue.tables.clouds, &site.cloud);
    for finding in &mut findings {
        if let Cow::Owned(expected) = words.text(&finding.expected) {
            finding.expected = expected.into();
        }
    }
    let fix_first = diagnose(&mut findings, &looks, catalogue, &words);
    let mut fix_first = waived(&site, &mut findings, &run, fix_first);
    config_flag::add(&mut findings, &mut fix_first, run.config.as_deref());
    prose::write(&mut findings, &looks);
    Report {
        schema_version: json::SHAPE,
        tool: Tool {
            name: "ece-check".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            catalogue_date: catalogue.date(),
        },
        run,
        site: Some(site),
        summary: Summary::of(&findings, fix_first, strict),
        findings,
        looks,
        firewall_rules: Vec::new(),
    }
}

/// Applies the waivers of the site file as they hold on the day of the run, and leaves out actions for nothing else.
fn waived(site: &SavedSite, findings: &mut [Finding], run: &Run, fix_first: Vec<Remediation>) -> Vec<Remediation> {
    let site = Deployment::parse_sample("the site in the report", &site.file);
    if let (Ok(site), Ok(at)) = (site, run.started.parse()) {
        waive(findings, &site.waivers, at);
        owned(findings, &fix_first);
    }
    fix_first.into_iter().filter(|fix| !is_waived(fix, findings)).collect()
}

type Pending<'r> = Shared<std::pin::Pin<Box<dyn Future<Output = Arc<Observation>> + Send + 'r>>>;

async fn look_at_all(
    plan: &Plan<'_>,
    world: &ProbeContext,
    jobs: usize,
    events: &UnboundedSender<Event>,
) -> Vec<Observation> {
    let (places, world) = (Arc::new(Semaphore::new(jobs.max(1))), Arc::new(world.clone()));
    let mut pending: Vec<Pending<'_>> = Vec::new();
    for planned in &plan.looks {
        let earlier: Vec<(usize, Pending<'_>)> = planned.after.iter().map(|at| (*at, pending[*at].clone())).collect();
        let gates = planned.gates.iter().map(|gate| &plan.findings[*gate]).collect();
        let one = look_when_ready(planned, earlier, gates, world.clone(), places.clone(), events.clone());
        pending.push(one.boxed().shared());
    }
    futures_util::future::join_all(pending).await.into_iter().map(Arc::unwrap_or_clone).collect()
}

async fn look_when_ready(
    planned: &PlannedLook,
    earlier: Vec<(usize, Pending<'_>)>,
    gates: Vec<&PlannedFinding<'_>>,
    world: Arc<ProbeContext>,
    places: Arc<Semaphore>,
    events: UnboundedSender<Event>,
) -> Arc<Observation> {
    let mut seen: Vec<(usize, Arc<Observation>)> = Vec::new();
    for (at, pending) in earlier {
        seen.push((at, pending.await));
    }
    let blocked = gates.iter().any(|gate| {
        seen.iter().any(|(at, seen)| gate.look == Some(*at) && blocks(gate, seen, planned.probe.despite_failed_needs()))
    });
    if blocked {
        return Arc::new(not_made(planned));
    }
    let Ok(_place) = places.acquire().await else { return Arc::new(not_made(planned)) };
    let subject = planned.probe.subject().to_string();
    let _ = events.send(Event::Began(subject.clone()));
    let probe = planned.probe.clone();
    let seen = guarded(planned, async move {
        let earlier = Earlier::of(seen.into_iter().filter_map(|(_, seen)| Some((seen.key.clone()?, seen))));
        probe.observe(&earlier, &world).await
    })
    .await;
    let _ = events.send(Event::Ended(subject));
    Arc::new(Observation { own: planned.own, key: Some(planned.probe.key()), ..seen }.shrunk())
}

/// Looks in a task of its own: many looks use all cores, and a fault of ours ends one look and not the run. The task is
/// made here and not where it is waited for, so that a look that waits for its turn holds no room for it.
#[expect(clippy::disallowed_methods, reason = "it is waited for at once, and its panic is caught here")]
fn guarded(
    planned: &PlannedLook,
    look: impl Future<Output = Observation> + Send + 'static,
) -> impl Future<Output = Observation> {
    let task = tokio::spawn(look);
    async move { task.await.unwrap_or_else(|fault| own_fault(planned, &fault.to_string())) }
}

/// Whether a look is not worth making after what was seen earlier: where one address of several is as it must be, it is
/// made there.
fn blocks(gate: &PlannedFinding<'_>, earlier: &Observation, despite_failures: bool) -> bool {
    match judge(gate.check, earlier) {
        Judgement::Seen { status: Status::Fail | Status::Error, .. } => {
            !despite_failures && !holds_somewhere(gate.check, earlier)
        }
        Judgement::Seen { .. } | Judgement::NotApplicable(_) | Judgement::NotGiven => false,
        Judgement::InputMissing(_) | Judgement::NotReached { .. } => true,
    }
}

fn not_made(planned: &PlannedLook) -> Observation {
    let probe = &planned.probe;
    let seen = Observation::new(probe.deepest(), probe.subject(), Route::Direct);
    Observation { own: planned.own, key: Some(probe.key()), ..seen }
}

fn own_fault(planned: &PlannedLook, words: &str) -> Observation {
    let stop = Failure::new(Protocol::Tcp, Stage::Connect, FailureKind::Internal, words);
    Observation { failure: Some(stop), ..not_made(planned) }
}

fn was_interrupted(seen: &Observation) -> bool {
    seen.units().iter().filter_map(Unit::failure).any(|stop| stop.kind == FailureKind::Interrupted)
}

fn source_addresses(looks: &[Observation]) -> Vec<String> {
    let sources = looks.iter().flat_map(|look| &look.attempts).filter_map(|path| path.source.clone());
    distinct(sources)
}

fn dns_servers(looks: &[Observation]) -> Vec<String> {
    distinct(looks.iter().flat_map(|look| values(look, dns::SERVERS.name())).flat_map(|value| match value {
        Value::List(servers) => servers,
        _ => Vec::new(),
    }))
}

fn distinct(items: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for item in items {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    kept
}

/// The middle one of what the servers' clocks say, so that one wrong server does not decide.
fn clock_offset(looks: &[Observation]) -> Option<i64> {
    let mut offsets: Vec<i64> = looks
        .iter()
        .flat_map(|look| &look.attempts)
        .filter_map(|path| path.facts.get(https::CLOCK_AHEAD_MS).copied())
        .collect();
    offsets.sort_unstable();
    offsets.get(offsets.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::{Attempt, Subject},
        probe::url,
        secret::Secret,
    };

    #[test]
    fn words_of_others_hold_no_secret_before_they_are_put_on_lines() {
        let net = Redactor::default();
        net.add(&Secret::new("marked-secret-0123456789"));
        let echoed: String =
            "marked-secret-0123456789".bytes().fold(String::new(), |text, byte| text + &format!("&#{byte};"));
        let failure =
            || Some(Failure::new(Protocol::Smtp, Stage::Authenticate, FailureKind::Rejected, format!("no: {echoed}")));
        let attempt = Attempt { failure: failure(), ..Attempt::new("192.0.2.1:587".parse().unwrap()) };
        let look = Observation::new("smtp", Subject::Site, Route::Direct);
        let mut looks =
            [Observation { failure: failure(), attempts: vec![attempt.clone()], tried: vec![attempt], ..look }];
        take_out(&mut looks, &net);
        let [look] = &looks;
        let failures = [&look.failure, &look.attempts[0].failure, &look.tried[0].failure];
        assert!(
            failures.iter().all(|failure| failure.as_ref().is_some_and(|failure| failure.words == "no: <secret>")),
            "{look:?}"
        );
    }

    #[tokio::test]
    async fn fault_of_a_probe_ends_its_look_alone_and_keeps_its_secret() {
        let look = url::UrlProbe {
            setting: String::new(),
            external: None,
            console: None,
            redirect: None,
            registered: Vec::new(),
        };
        let planned =
            PlannedLook { probe: look.into(), own: true, why: String::new(), after: Vec::new(), gates: Vec::new() };
        let seen = guarded(&planned, async { panic!("a fault beside marked-secret-0123456789") }).await;
        let stop = seen.failure.expect("a fault is a stop");
        assert_eq!((stop.kind, seen.subject.as_str()), (FailureKind::Internal, "site"));
        let net = Redactor::default();
        net.add(&Secret::new("marked-secret-0123456789"));
        assert!(!net.clean(&stop.words).0.contains("marked"), "{}", stop.words);
    }
}
