//! `ece-check lab`: the built-in Microsoft 365 tenant, until stopped.

use std::{collections::BTreeMap, io::Write, process::ExitCode, time::Duration};

use clap::Args;
use serde::Serialize;

use super::{
    CliError,
    list::{Output, json, lines},
    option, print,
};
use crate::lab::{Counts, Lab, Settings, faults};

#[derive(Debug, Args)]
pub struct Arguments {
    /// Faults to show
    #[arg(long, value_name = "FAULT,…", value_delimiter = ',')]
    fault: Vec<String>,
    /// List the faults and leave
    #[arg(long)]
    list: bool,
    /// Delay each reply
    #[arg(long, value_name = "TIME", value_parser = option::delay)]
    lab_latency: Option<Duration>,
    /// So many shared mailboxes besides the usual ones
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(..=9999))]
    mailboxes: u16,
    /// So many accounts that have those mailboxes
    #[arg(long, value_name = "N", default_value_t = 1, requires = "mailboxes", value_parser = clap::value_parser!(u16).range(1..=99))]
    accounts: u16,
    /// Say at the end what came in
    #[arg(long)]
    counts: bool,
    /// The format to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// Runs the tenant, or lists its faults.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    if arguments.list {
        print::data(&list(arguments.output));
        return Ok(ExitCode::SUCCESS);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| CliError::Usage(format!("this system gives no threads: {error}"), String::new()))?;
    runtime.block_on(serve(arguments))
}

fn list(output: Output) -> String {
    let faults = faults();
    let primary: Vec<_> = faults.iter().filter(|fault| fault.name == fault.cause).collect();
    match output {
        Output::Json => json(&primary.iter().map(|fault| fault.name.clone()).collect::<Vec<_>>()),
        Output::Text => lines(primary.iter().map(|fault| {
            let only = if fault.send_mail { " (with --send-mail)" } else { "" };
            format!("{:<30} {}{only}", fault.name, fault.title)
        })),
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
    /// Commands that change a mailbox or send mail.
    changing: BTreeMap<&'static str, u64>,
    messages: u64,
}

async fn serve(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let settings = Settings {
        faults: arguments.fault.clone(),
        latency: arguments.lab_latency.unwrap_or_default(),
        mailboxes: usize::from(arguments.mailboxes),
        accounts: usize::from(arguments.accounts),
        ..Settings::default()
    };
    let lab = Lab::start(&settings).await?;
    let unwritable = |error: std::io::Error| {
        CliError::Usage(format!("the CA file cannot be written: {error}"), "free some space".to_owned())
    };
    let mut ca = tempfile::Builder::new().prefix("ece-check-lab-").suffix(".pem").tempfile().map_err(unwritable)?;
    ca.write_all(lab.ca_pem().as_bytes()).map_err(unwritable)?;
    let reach = reach(&lab, &ca.path().display().to_string());
    print::data(&match arguments.output {
        Output::Json => json(&reach),
        Output::Text => describe(&reach),
    });
    let _ = tokio::signal::ctrl_c().await;
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
        changing: counts.changing,
        messages: counts.delivered.values().sum(),
    }
}

fn describe(reach: &LabAddresses) -> String {
    format!(
        "A Microsoft 365 tenant on loopback. It is not Microsoft; it ends with Ctrl-C.\n\n\
         resolver   {}\nCA file    {}\nplaces     {} (address and port, and where each really is)\n{}\n\nTo look at it:\n\n{}\n",
        reach.dns_server,
        reach.ca_file,
        reach.connect_to.len(),
        reach.connect_to.iter().map(|rule| format!("  {rule}")).collect::<Vec<_>>().join("\n"),
        reach.command
    )
}
