//! `ece-check lab`: the built-in Microsoft 365 tenant, until stopped.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use serde::Serialize;

use super::{
    CliError,
    list::{Output, json, lines},
    option, print, runtime,
    stop::Stop,
};
use crate::{
    files::{self, Access},
    lab::{self, Counts, Lab, Settings, directory_faults, faults},
};

#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[derive(Debug, Args)]
pub struct Arguments {
    /// Faults to simulate
    #[arg(long, value_name = "FAULT,…", value_delimiter = ',')]
    fault: Vec<String>,
    /// List available faults
    #[arg(long)]
    list: bool,
    /// Add latency to responses
    #[arg(long, value_name = "TIME", value_parser = option::delay)]
    lab_latency: Option<Duration>,
    /// Number of additional shared mailboxes
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=9999))]
    mailboxes: u16,
    /// Number of accounts that own them
    #[arg(long, value_name = "N", default_value_t = 1, requires = "mailboxes", value_parser = clap::value_parser!(u16).range(1..=99))]
    accounts: u16,
    /// Write the evidence files of this tenant into a new or empty folder and exit
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
    /// Name a token for Microsoft Graph in the site file
    #[arg(long)]
    graph: bool,
    /// Add a section for Webex to the site file
    #[arg(long)]
    webex: bool,
    /// Print connection counts on exit
    #[arg(long)]
    counts: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// Runs the tenant, or lists its faults.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    if arguments.list {
        print::data(&list(arguments.output));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(folder) = &arguments.evidence {
        return write_evidence(arguments, folder);
    }
    runtime::of_several_threads()?.block_on(serve(arguments))
}

fn list(output: Output) -> String {
    let mut faults = faults();
    faults.extend(directory_faults());
    faults.sort_by(|a, b| a.name.cmp(&b.name));
    let primary: Vec<_> = faults.iter().filter(|fault| fault.name == fault.cause).collect();
    match output {
        Output::Json => json(&primary.iter().map(|fault| fault.name.clone()).collect::<Vec<_>>()),
        Output::Text => lines(primary.iter().map(|fault| {
            let only = match (fault.send_mail, fault.directory_only) {
                (true, _) => " (with --send-mail)",
                (_, true) => " (with --evidence or --graph)",
                _ => "",
            };
            format!("{:<30} {}{only}", fault.name, fault.title)
        })),
    }
}

/// Writes all files, or none when one of them is there already.
fn write_evidence(arguments: &Arguments, folder: &Path) -> Result<ExitCode, CliError> {
    let files = lab::evidence(&arguments.settings())?;
    let unwritable = |file: &Path, error: &io::Error| {
        let wrong = format!("{} cannot be written: {error}", file.display());
        CliError::Usage(wrong, "name a folder in which files may be created".to_owned())
    };
    let targets: Vec<_> = files.iter().map(|file| (folder.join(&file.name), &file.bytes)).collect();
    if let Some((known, _)) = targets.iter().find(|(file, _)| file.exists()) {
        let wrong = format!("{} is there already", known.display());
        return Err(CliError::Usage(wrong, "name a new folder; nothing was written".to_owned()));
    }
    for (file, bytes) in &targets {
        let parent = file.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| unwritable(parent, &error))?;
        files::write_new(file, bytes, Access::Usual).map_err(|error| unwritable(file, &error))?;
    }
    let names = targets.iter().map(|(file, _)| file.display().to_string());
    print::data(&match arguments.output {
        Output::Json => json(&names.collect::<Vec<_>>()),
        Output::Text => lines(names),
    });
    Ok(ExitCode::SUCCESS)
}

impl Arguments {
    fn settings(&self) -> Settings {
        Settings {
            faults: self.fault.clone(),
            latency: self.lab_latency.unwrap_or_default(),
            mailboxes: usize::from(self.mailboxes),
            accounts: usize::from(self.accounts),
            graph: self.graph,
            webex: self.webex,
            ..Settings::default()
        }
    }
}

/// How other programs reach the tenant.
#[derive(Serialize)]
struct LabAddresses {
    dns_server: String,
    ca_file: String,
    connect_to: Vec<String>,
    command: String,
    /// The user's file of this tenant, and the variables that it names.
    deployment: String,
    environment: BTreeMap<String, String>,
}

/// What came in.
#[derive(Serialize)]
struct CameIn {
    connections: u64,
    tokens: u64,
    sign_ins: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
    most_sessions_of_a_mailbox: BTreeMap<&'static str, u64>,
    most_connections_of_a_host: BTreeMap<&'static str, u64>,
    /// The most round trips of one connection, by port, without the one that connects.
    round_trips: BTreeMap<u16, u64>,
    /// Commands that change a mailbox or send mail.
    changing: BTreeMap<&'static str, u64>,
    messages: u64,
}

async fn serve(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let mut stop = Stop::listen();
    let lab = Lab::start(&arguments.settings()).await?;
    let unwritable = |error: std::io::Error| {
        CliError::Usage(format!("the CA file cannot be written: {error}"), "free some space".to_owned())
    };
    let mut ca = tempfile::Builder::new().prefix("ece-check-lab-").suffix(".pem").tempfile().map_err(unwritable)?;
    ca.write_all(lab.ca_pem().as_bytes()).map_err(unwritable)?;
    let reach = reach(&lab, &ca.path().display().to_string());
    print::invented(&match arguments.output {
        Output::Json => json(&reach),
        Output::Text => describe(&reach),
    });
    stop.wait().await;
    drop(ca); // removed even when the program was told to end by a signal
    if arguments.counts {
        print::data(&json(&came_in(lab.counts())));
    }
    Ok(ExitCode::SUCCESS)
}

fn reach(lab: &Lab, ca_file: &str) -> LabAddresses {
    let bracket = |ip: std::net::IpAddr| if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() };
    let connect_to: Vec<String> = lab
        .connections()
        .iter()
        .map(|one| format!("{}:{}:{}:{}", bracket(one.address.ip()), one.address.port(), one.to.ip(), one.to.port()))
        .collect();
    let flags: Vec<String> = connect_to.iter().map(|rule| format!("--connect-to {rule}")).collect();
    let proxy = lab.proxy().map(|proxy| format!("--proxy {proxy} ")).unwrap_or_default();
    let rules = flags.join(" ");
    LabAddresses {
        dns_server: lab.dns_server().to_string(),
        ca_file: ca_file.to_owned(),
        connect_to,
        command: format!("ece-check run --dns-server {} --ca-file {ca_file} {proxy}{rules}", lab.dns_server()),
        deployment: lab.deployment().to_owned(),
        environment: lab.secrets().into_iter().collect(),
    }
}

fn came_in(counts: Counts) -> CameIn {
    let (mut sign_ins, mut most) = (BTreeMap::new(), BTreeMap::new());
    for ((_, protocol), times) in counts.sign_ins {
        *sign_ins.entry(protocol).or_default() += times;
    }
    for ((_, protocol), at_once) in counts.most_for_mailbox {
        let known: &mut u64 = most.entry(protocol).or_default();
        *known = at_once.max(*known);
    }
    CameIn {
        connections: counts.connections.values().sum(),
        tokens: counts.tokens.values().sum(),
        sign_ins,
        refused: counts.refused,
        most_sessions_of_a_mailbox: most,
        most_connections_of_a_host: counts.most_for_host,
        round_trips: counts.round_trips,
        changing: counts.changing,
        messages: counts.delivered.values().sum(),
    }
}

fn describe(reach: &LabAddresses) -> String {
    let rules = reach.connect_to.iter().map(|rule| format!("  {rule}")).collect::<Vec<_>>().join("\n");
    let variables =
        reach.environment.iter().map(|(name, value)| set_variable(name, value)).collect::<Vec<_>>().join("\n");
    format!(
        "A Microsoft 365 tenant on loopback. It is not Microsoft; Ctrl-C ends it.\n\n\
         DNS server  {}\nCA file     {}\nAddresses   {} (each public address and port, and its port on loopback)\n\
         {rules}\n\nSite file (save it as ece-check-lab.toml):\n\n{}\nVariables that it names:\n\n{variables}\n\n\
         Run:\n\n{}\n",
        reach.dns_server,
        reach.ca_file,
        reach.connect_to.len(),
        reach.deployment,
        reach.command.replacen(" run ", " run --config ece-check-lab.toml ", 1),
    )
}

/// The line that sets a variable: of a POSIX shell, or of PowerShell. No value holds a quote.
fn set_variable(name: &str, value: &str) -> String {
    if cfg!(windows) { format!("$env:{name} = '{value}'") } else { format!("export {name}='{value}'") }
}
