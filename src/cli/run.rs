//! `ece-check run`: walks the checklist.

use std::{io::IsTerminal, path::PathBuf, process::ExitCode, time::Duration};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::{mpsc::UnboundedReceiver, watch};

use super::{
    CliError, evidence, graph,
    handover::{self, Leaving, Material, Prepared},
    host, option,
    output::{self, prepared, summary_is_text, told_of_replacing, unwritable},
    parallel::Parallel,
    part, print, runtime, site,
    stop::Stop,
    wait,
};
use crate::{
    catalogue::Catalogue,
    deployment::Deployment,
    engine::{Event, Options},
    files::Destination,
    finding::{Flags, Owner, Report, Run},
    graph::Answer,
    import::File,
    lab::{Lab, Settings},
    oauth::TokenCache,
    plan::{Plan, Selection, Site},
    probe::ProbeContext,
    report::{self, Format, Style, Together, Verbosity, transcript},
};

/// How long a run with `--graph` waits for a person to sign in.
const SIGN_IN: Duration = Duration::from_mins(10);

#[derive(Debug, Args)]
#[group(skip)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that the user sets by itself")]
pub struct Arguments {
    #[command(flatten)]
    site: site::Arguments,
    /// Test against the built-in simulator, optionally with faults (see `ece-check lab --list`)
    #[arg(long, value_name = "FAULT,…", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    lab: Option<String>,
    /// Add latency to simulator responses
    #[arg(long, value_name = "TIME", value_parser = option::delay, requires = "lab")]
    lab_latency: Option<Duration>,
    /// Timeout per step
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = option::time)]
    timeout: Duration,
    /// Timeout for the whole run [default: 60s, longer with many mailboxes; `ece-check plan` shows it]
    #[arg(long, value_name = "TIME", value_parser = option::time)]
    deadline: Option<Duration>,
    /// Maximum number of parallel tests
    #[arg(long, value_name = "N", default_value_t = site::USUAL_JOBS, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: u16,
    /// Output format on stdout
    #[arg(short, long, value_enum, default_value = "text")]
    output: Format,
    /// Only what this team has to do, its evidence, and the command to verify it
    #[arg(long = "for", value_enum, value_name = "OWNER")]
    owner: Option<Owner>,
    /// Print only the outcome, the numbers and the actions
    #[arg(long, conflicts_with_all = ["verbose", "quiet"])]
    summary: bool,
    /// Also write a report to FILE (repeatable)
    #[arg(long, value_name = "FORMAT=FILE", value_parser = saved)]
    report: Vec<Saved>,
    /// Write the protocol transcript of every connection to FILE
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
    #[command(flatten)]
    handover: handover::Arguments,
    /// Also put the evidence files of this run into the bundle, without secrets and what --redact hides
    #[arg(long, requires = "bundle")]
    bundle_evidence: bool,
    /// Repeat tests with errors that may be temporary (timeouts, throttling, recent permissions) until they pass or TIME is over
    #[arg(long, value_name = "TIME", value_parser = option::time)]
    wait: Option<Duration>,
    /// TAC case number
    #[arg(long, value_name = "ID", value_parser = option::case)]
    case: Option<String>,
    /// Whose exit codes to use [default: own; nagios with -o nagios]
    #[arg(long, value_enum, value_name = "WHOSE", hide_possible_values = true)]
    exit_codes: Option<option::ExitCodes>,
    /// Exit with code 4 if there are warnings
    #[arg(long)]
    strict: bool,
    /// Verbose: include evidence
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// Show problems only
    #[arg(short, long)]
    quiet: bool,
    /// Disable color (same as the variable `NO_COLOR`)
    #[arg(long)]
    no_color: bool,
}

/// A report that is written to a file.
#[derive(Clone, Debug)]
struct Saved {
    format: Format,
    file: PathBuf,
}

fn saved(text: &str) -> Result<Saved, String> {
    let known: Vec<String> = Format::value_variants()
        .iter()
        .filter_map(ValueEnum::to_possible_value)
        .map(|value| value.get_name().to_owned())
        .collect();
    let right = || format!("write FORMAT=FILE with one of {}", known.join(", "));
    let (format, file) = text.split_once('=').ok_or_else(right)?;
    let format = Format::from_str(format, false).map_err(|_| right())?;
    if file.is_empty() { Err(right()) } else { Ok(Saved { format, file: PathBuf::from(file) }) }
}

/// Walks the checklist and prints the report.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    if arguments.summary && arguments.output != Format::Text {
        return Err(summary_is_text());
    }
    let written = Written::prepare(arguments)?;
    let parallel =
        if arguments.lab.is_some() { Parallel::alone() } else { Parallel::begin(arguments.site.sends_mail())? };
    let event_loop = runtime::of_several_threads()?;
    let walked = event_loop.block_on(walk(arguments, &written));
    event_loop.shutdown_background(); // a resolver library may still wait for an answer
    let (mut report, material) = walked?;
    report.run.other_runs = parallel.end();
    let mut leaving = arguments.handover.leaving(report, &material)?;
    if let Some(owner) = arguments.owner {
        leaving.report = part::of(&leaving.report, owner);
    }
    let report = &leaving.report;
    let style = print::style(arguments.no_color, verbosity(arguments));
    if arguments.summary {
        print::data(&report::summary(&Together::of(vec![report]), &style));
    } else {
        print::reports(&Together::of(vec![report]), arguments.output, &style);
    }
    let codes = option::ExitCodes::chosen(arguments.exit_codes, arguments.output);
    let code = codes.of(&[report], report.summary.exit_code);
    written.write(leaving, verbosity(arguments))?;
    Ok(ExitCode::from(code))
}

/// What every test of a run starts from.
struct Ground<'a> {
    arguments: &'a Arguments,
    catalogue: Catalogue,
    lab: Option<Lab>,
    deployment: Deployment,
}

/// Walks the checklist, and collects what a bundle holds beside the report.
async fn walk(arguments: &Arguments, written: &Written) -> Result<(Report, Material), CliError> {
    let site = &arguments.site;
    let catalogue = site.catalogue.load()?;
    let lab = start_lab(arguments).await?;
    let deployment = site.deployment_with(&catalogue, lab.as_ref())?;
    output::spared(written.places(), deployment.files())?;
    let ground = Ground { arguments, catalogue, lab, deployment };
    let selection = site.selection();
    let material = ground.material()?; // before the tests: nothing that is missing may cost the report
    let report = ground.test(&selection).await?;
    let Some(wait) = arguments.wait else { return Ok((report, material)) };
    let again = async |selection: &Selection| ground.test(selection).await;
    let report = wait::until_healed(again, &selection, report, &ground.catalogue, wait, arguments.strict).await?;
    Ok((report, material))
}

impl Ground<'_> {
    /// What a bundle holds beside the report.
    fn material(&self) -> Result<Material, CliError> {
        if !self.arguments.handover.has_bundle() {
            return Ok(Material::default());
        }
        let agreed = self.arguments.bundle_evidence;
        let evidence = if agreed { self.arguments.site.evidence_paths(&self.deployment) } else { Vec::new() };
        Ok(Material { tables: self.arguments.site.catalogue.used()?, evidence })
    }

    /// One run of what is selected.
    async fn test(&self, selection: &Selection) -> Result<Report, CliError> {
        let Self { arguments, catalogue, lab, deployment } = self;
        let site = &arguments.site;
        let redactor = print::net();
        for (variable, value) in lab.iter().flat_map(Lab::secrets) {
            redactor.lend(&variable, value);
        }
        let mut given = site.evidence_files(deployment)?;
        if !given.files.is_empty() {
            given.of_application = evidence::of_application(deployment, &redactor).await;
        }
        let live = Box::pin(ask_graph(arguments, deployment, catalogue, lab.as_ref(), &given.files)).await?;
        let deadline = arguments
            .deadline
            .unwrap_or_else(|| site::usual_deadline(deployment, arguments.jobs, arguments.site.sample));
        let (limits, stop) = site::limits(arguments.timeout, deadline);
        let network = site.network(deployment, lab.as_ref(), limits)?;
        let described = Site {
            java: network.trust.asks_java(),
            principal_names: evidence::principal_names(&given, &live, deployment),
            exported: evidence::exported(given, live, deployment, catalogue),
            ..site.site(deployment, catalogue, lab.is_some())
        };
        let plan = Plan::make(catalogue, &described, selection, &network.overrides)?;
        let vantage = Run {
            case: arguments.case.clone(),
            site: site.name(deployment),
            config: site.config(lab.is_some()),
            role: site.role(deployment).word().to_owned(),
            cloud: site.cloud(deployment).word().to_owned(),
            lab: lab.is_some(),
            lab_faults: arguments.lab.clone().filter(|faults| !faults.is_empty()),
            named_dns_servers: site.reach.named_dns_servers(),
            ip_version: site.reach.chosen_ip_version(),
            evidence_files: site.named_evidence(),
            flags: site.flags(),
            dns_suffixes: network.resolver.suffixes(),
            proxy: network.overrides.proxy.as_ref().map(|proxy| format!("{proxy} ({})", proxy.learnt_from)),
            proxy_exceptions: network.overrides.proxy.as_ref().map_or_else(Vec::new, |proxy| proxy.not_for.clone()),
            proxy_script: site.reach.proxy_script(&network.overrides, lab.is_some()),
            firewall: network.firewall.as_ref().map(|firewall| host::shut_ports(firewall)),
            ece_home: site::ece_home(deployment, lab.is_some()),
            ..vantage()
        };
        let options = Options { jobs: usize::from(arguments.jobs), strict: arguments.strict, vantage };
        let (events, told) = tokio::sync::mpsc::unbounded_channel();
        #[expect(clippy::disallowed_methods, reason = "both end with the run, just below")]
        let (progress, interruption) =
            (tokio::spawn(show_progress(told, plan.looks.len())), tokio::spawn(stop_on_interrupt(stop)));
        let world = ProbeContext {
            keep_transcripts: arguments.transcript.is_some() || arguments.handover.has_bundle(),
            wallet: TokenCache::new(redactor),
            ..ProbeContext::new(network)
        };
        let report = crate::engine::run(plan, &world, catalogue, options, events).await;
        let _ = progress.await;
        interruption.abort();
        Ok(report)
    }
}

/// What Microsoft Graph shows, with `--graph`. A person may need longer to sign in than a run may last.
async fn ask_graph(
    arguments: &Arguments,
    deployment: &Deployment,
    catalogue: &Catalogue,
    lab: Option<&Lab>,
    files: &[File],
) -> Result<Answer, CliError> {
    let site = &arguments.site;
    let Some(how) = site.graph else { return Ok(Answer::default()) };
    let Some(cloud) = catalogue.tables.clouds.named(site.cloud(deployment).word()) else {
        return Ok(Answer::default());
    };
    let deadline =
        arguments.deadline.unwrap_or_else(|| site::usual_deadline(deployment, arguments.jobs, arguments.site.sample));
    let patience = arguments.deadline.unwrap_or_else(|| deadline.max(SIGN_IN)); // who names a deadline means it
    let (patient, _interrupt) = site::limits(arguments.timeout, patience);
    let network = site.network(deployment, lab, patient)?;
    let ask = graph::ask(deployment, cloud, site.asks_for_webex(), files);
    let reader = graph::Reader { how, patience, step: arguments.timeout, deadline, deployment, cloud };
    Ok(Box::pin(graph::read(&ask, &reader, &network)).await)
}

async fn start_lab(arguments: &Arguments) -> Result<Option<Lab>, CliError> {
    let Some(faults) = &arguments.lab else { return Ok(None) };
    let faults = faults.split(',').map(str::trim).filter(|fault| !fault.is_empty()).map(str::to_owned).collect();
    let settings = Settings {
        faults,
        latency: arguments.lab_latency.unwrap_or_default(),
        proxy: arguments.site.reach.names_a_proxy(),
        graph: arguments.site.graph.is_some(),
        webex: arguments.site.asks_for_webex(),
        ..Settings::default()
    };
    Ok(Some(Lab::start(&settings).await?))
}

fn vantage() -> Run {
    Run {
        id: uuid::Uuid::new_v4().to_string(),
        started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        duration_ms: 0,
        case: None,
        site: None,
        config: None,
        part_for: None,
        redacted: None,
        host: host::name(),
        os: host::operating_system(),
        utc_offset_minutes: Some(host::utc_offset_minutes()),
        ipv6: host::uses_ipv6(),
        source_addresses: Vec::new(),
        dns_servers: Vec::new(),
        dns_suffixes: Vec::new(),
        role: String::new(),
        cloud: String::new(),
        lab: false,
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

/// The exit code of who does not wait for the report: nothing is proved.
const LEFT: i32 = 3;

/// The first interruption asks for the report so far; a second one ends the program.
async fn stop_on_interrupt(stop: watch::Sender<bool>) {
    let mut told = Stop::listen();
    told.wait().await;
    let _ = stop.send(true);
    print::note("stopping: the report so far follows; press Ctrl-C again to leave without it");
    told.wait().await;
    std::process::exit(LEFT);
}

/// One line on a terminal, nothing elsewhere.
async fn show_progress(mut told: UnboundedReceiver<Event>, looks: usize) {
    let terminal = std::io::stderr().is_terminal();
    let target = if terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(looks as u64), target);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} of {len} tests complete, {elapsed} {wide_msg}") {
        bar.set_style(style.tick_chars("-\\|/ ")); // the usual ones are in no code page
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    let mut open: Vec<String> = Vec::new();
    while let Some(event) = told.recv().await {
        match event {
            Event::Began(subject) => open.push(subject),
            Event::Ended(subject) => {
                bar.inc(1);
                if let Some(at) = open.iter().position(|known| *known == subject) {
                    open.remove(at);
                }
            }
        }
        bar.set_message(open.first().map_or_else(String::new, |first| format!("waiting for {first}")));
    }
    bar.finish_and_clear();
}

fn verbosity(arguments: &Arguments) -> Verbosity {
    match (arguments.quiet, arguments.verbose) {
        (true, _) => Verbosity::Quiet,
        (_, true) => Verbosity::Verbose,
        _ => Verbosity::Normal,
    }
}

/// The files that are to be written, found writable before anything is tested.
struct Written {
    reports: Vec<(Format, Destination)>,
    transcript: Option<Destination>,
    bundle: Option<Prepared>,
}

impl Written {
    fn prepare(arguments: &Arguments) -> Result<Self, CliError> {
        let report = |saved: &Saved| prepared(&saved.file).map(|place| (saved.format, place));
        let written = Self {
            reports: arguments.report.iter().map(report).collect::<Result<_, _>>()?,
            transcript: arguments.transcript.as_ref().map(|file| prepared(file)).transpose()?,
            bundle: arguments.handover.prepare()?,
        };
        written.told_apart()?;
        output::spared(written.places(), arguments.site.read().chain(arguments.handover.read()))?;
        Ok(written)
    }

    fn places(&self) -> impl Iterator<Item = &Destination> {
        let reports = self.reports.iter().map(|(_, place)| place);
        reports.chain(&self.transcript).chain(self.bundle.as_ref().map(Prepared::place))
    }

    /// Refuses one file for two outputs: the second would replace the first.
    fn told_apart(&self) -> Result<(), CliError> {
        let mut earlier: Vec<&Destination> = Vec::new();
        for place in self.places() {
            let same = |other: &&Destination| {
                place.is(other.path()) || place.target().is_some_and(|target| other.target() == Some(target))
            };
            if earlier.iter().any(same) {
                let right = "give each report, the transcript and the bundle a file of its own".to_owned();
                return Err(CliError::Usage(format!("{}: is named for two outputs", place.path().display()), right));
            }
            earlier.push(place);
        }
        Ok(())
    }

    fn write(self, leaving: Leaving, verbosity: Verbosity) -> Result<(), CliError> {
        let report = &leaving.report;
        for (format, place) in self.reports {
            // a scheduled run replaces its metrics each time, as their collector expects
            told_of_replacing(&place, format != Format::Prometheus);
            write_report(place, report, format, &Style::of_file(verbosity))?;
        }
        if let Some(place) = self.transcript {
            write(place, &transcript::render(report))?;
        }
        let Some(bundle) = self.bundle else { return Ok(()) };
        told_of_replacing(bundle.place(), true);
        handover::write(bundle, leaving)
    }
}

fn write_report(place: Destination, report: &Report, format: Format, style: &Style) -> Result<(), CliError> {
    if format != Format::Json {
        return write(place, &report::render(report, format, style));
    }
    let file = place.path().to_owned();
    let written = place.write_with(|to| print::json_to(&Together::of(vec![report]), style, to));
    written.map_err(|error| unwritable(&file, &error))
}

fn write(place: Destination, text: &str) -> Result<(), CliError> {
    let file = place.path().to_owned();
    place.write(print::clean(text).as_bytes()).map_err(|error| unwritable(&file, &error))
}

#[cfg(test)]
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "signals are the process's: it is started anew")]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Read as _},
        process::{Command, Stdio},
    };

    use super::*;

    /// A process of its own, since signals are the process's.
    #[test]
    fn second_interruption_leaves_without_the_report() {
        let program = std::env::current_exe().unwrap();
        let waits = "cli::run::tests::waits_for_interruptions";
        let mut child = Command::new(program)
            .args(["--ignored", "--nocapture", "--exact", waits])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let interrupt = |id: u32| Command::new("kill").args(["-INT", &id.to_string()]).status().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap());
        for word in ["listens", "press Ctrl-C again"] {
            let mut line = String::new();
            while !line.contains(word) {
                line.clear();
                assert_ne!(told.read_line(&mut line).unwrap(), 0, "it ended before it said {word}");
            }
            assert!(interrupt(child.id()).success());
        }
        let mut rest = String::new();
        told.read_to_string(&mut rest).unwrap();
        assert_eq!((child.wait().unwrap().code(), rest.contains("too late")), (Some(LEFT), false), "{rest}");
    }

    #[tokio::test]
    #[ignore = "run by the test above, in a process of its own"]
    async fn waits_for_interruptions() {
        let (stop, mut stopped) = watch::channel(false);
        let listening = tokio::spawn(stop_on_interrupt(stop));
        tokio::task::yield_now().await; // it has asked for signals now
        print::note("listens");
        stopped.changed().await.unwrap();
        listening.await.unwrap();
        print::note("too late");
    }
}
