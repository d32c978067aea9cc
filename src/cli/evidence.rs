//! `ece-check evidence`: what to ask a colleague for, and what the file that comes back settles.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand, ValueEnum};
use jiff::{Timestamp, civil::Date};

mod application;
mod given;
mod logs;
mod question;
mod shown;

pub use application::of_application;
pub use given::{Given, exported, leave_out_foreign, principal_names, read_evidence};

use self::{
    question::{is_application, midnight, question_of, question_of_webex},
    shown::Shown,
};
use super::{
    CliError,
    list::{Output, json},
    print, site_file,
};
use crate::{
    catalogue::{Catalogue, wording},
    deployment::{Account, Cloud, Deployment},
    explain::ece_log,
    finding::config_flag::{self, DEFAULT},
    import::{
        Stated,
        request::{Colleague, How, PLACEHOLDERS, Request, Site, Together, request},
        rules::{self, Question, webex},
    },
    report::Verbosity,
};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what was recognized in files that colleagues exported, and what they settle
    Show(Show),
    /// Print what a colleague runs or downloads, filled in for this site; nothing is changed
    Request(Ask),
}

#[derive(Debug, Args)]
struct Show {
    /// Files or folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Site configuration file [default: ece-check.toml when it exists]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The user or mailbox of files that do not name one
    #[arg(long, value_name = "ADDRESS")]
    subject: Option<String>,
    /// What a list without rows is a list of, such as user-license
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// The day when files without a date were made
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// The format to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Debug, Args)]
struct Ask {
    /// Who is asked
    #[arg(long = "for", value_enum, value_name = "OWNER")]
    colleague: Asked,
    /// Site configuration file [default: ece-check.toml when it exists]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The format to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// The colleagues as the flag names them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Asked {
    /// An Exchange administrator
    Exchange,
    /// An administrator of Microsoft Entra ID
    Entra,
    /// An administrator of Webex
    Webex,
    /// The network team
    Network,
    /// An administrator of ECE
    Ece,
}

impl From<Asked> for Colleague {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Exchange => Self::Exchange,
            Asked::Entra => Self::Entra,
            Asked::Webex => Self::Webex,
            Asked::Network => Self::Network,
            Asked::Ece => Self::Ece,
        }
    }
}

/// Shows or asks.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    match &arguments.command {
        Command::Show(arguments) => show(arguments),
        Command::Request(arguments) => ask(arguments),
    }
}

fn ask(arguments: &Ask) -> Result<ExitCode, CliError> {
    let path = path_of(arguments.config.as_deref());
    let deployment = path.map(site_file::read_own_or_of_a_lab).transpose()?.unwrap_or_default();
    let request = request(arguments.colleague.into(), &site_of(&deployment));
    print::data(&match arguments.output {
        Output::Text => request_text(&request, arguments.config.as_deref()),
        Output::Json => json(&request),
    });
    Ok(ExitCode::SUCCESS)
}

fn path_of(config: Option<&Path>) -> Option<&Path> {
    config.or_else(|| Some(Path::new(DEFAULT)).filter(|file| file.exists()))
}

fn site_of(deployment: &Deployment) -> Site {
    let of = |account: &Account| {
        account.mailboxes.iter().chain(&account.signs_in_as).map(|address| address.to_lowercase()).collect::<Vec<_>>()
    };
    let mut mailboxes: Vec<String> = Vec::new();
    for address in deployment.accounts.iter().flat_map(of) {
        if !mailboxes.contains(&address) {
            mailboxes.push(address);
        }
    }
    Site {
        mailboxes,
        client_id: deployment.entra.client_id.map(|id| id.to_string()),
        application: deployment.accounts.iter().any(is_application),
        endpoints: endpoints(deployment),
        wording: wording::of(&Catalogue::built_in().tables.clouds, cloud_of(deployment).word()),
    }
}

fn cloud_of(deployment: &Deployment) -> Cloud {
    deployment.entra.cloud.unwrap_or(Cloud::Worldwide)
}

/// What ECE connects to in the cloud of the site.
fn endpoints(deployment: &Deployment) -> Vec<(String, u16)> {
    let catalogue = Catalogue::built_in();
    let cloud = catalogue.tables.clouds.named(cloud_of(deployment).word());
    let endpoints = cloud.into_iter().flat_map(|cloud| &cloud.endpoints);
    endpoints.map(|endpoint| (endpoint.host.clone(), endpoint.port)).collect()
}

/// What is to be replaced by hand where no site file gives it.
fn placeholders(request: &Request) -> String {
    let lines: Vec<&str> = request.steps.iter().flat_map(|step| &step.lines).map(String::as_str).collect();
    let used = PLACEHOLDERS.iter().filter(|name| lines.iter().any(|line| line.contains(**name)));
    let used: Vec<String> = used.map(|name| format!("'{name}'")).collect();
    if used.is_empty() {
        return String::new();
    }
    let several = if used.iter().any(|name| name.contains("MAILBOX")) {
        " Several mailboxes: 'first@example.com', 'second@example.com'."
    } else {
        ""
    };
    format!("Replace {} first, or give the site file with -c ece-check.toml.{several}\n", used.join(" and "))
}

fn request_text(request: &Request, site_file: Option<&Path>) -> String {
    let style = print::style(true, Verbosity::Normal);
    let mut text = format!("{}\n{}", request.rights, placeholders(request));
    for (above, step) in request.steps.iter().enumerate() {
        let how = match step.how {
            How::Powershell => "PowerShell",
            How::Browser => "browser",
            How::Device => "firewall, proxy",
        };
        let _ = writeln!(text, "\n{}. {} ({how})", above + 1, step.title);
        if !step.file.is_empty() {
            let _ = writeln!(text, "   file: {}", step.file);
        }
        if !step.needs.is_empty() {
            let _ = writeln!(text, "   needs: {}", step.needs);
        }
        if !step.settles.is_empty() {
            let _ = writeln!(text, "   settles: {}", step.settles.join(", "));
        }
        if let Some(Together { check, with }) = step.together {
            let _ = writeln!(text, "   settles together with the file of --for {}: {check}", with.word());
        }
        text.push('\n');
        for line in &step.lines {
            let _ = writeln!(text, "{}", style.called(line));
        }
    }
    let is_read_back = request.steps.iter().any(|step| !step.settles.is_empty());
    let (before, command) = match request.colleague {
        Colleague::Webex => OF_WEBEX,
        _ if is_read_back => SEND_BACK,
        _ => TEST_AGAIN,
    };
    let command = config_flag::added(command, site_file.map(Path::to_string_lossy).as_deref());
    let _ = writeln!(text, "\n{before}:\n\n{}", style.called(&command));
    text
}

/// What becomes of files that `run` reads, and the command that reads them.
const SEND_BACK: (&str, &str) =
    ("Send the files back to the person who asked for them, who runs", "ece-check run --evidence FILE");

/// The same for Webex, of which a site file may say nothing.
const OF_WEBEX: (&str, &str) = (
    "Send the files back to the person who asked for them, who puts them into a folder and runs",
    "ece-check run --only webex --evidence FOLDER",
);

/// What shows that something was done of which no file is read.
const TEST_AGAIN: (&str, &str) = (
    "After the change, the person who asked runs on the ECE server",
    "ece-check run --only dns,tcp,tls,https,smtp.starttls",
);

fn show(arguments: &Show) -> Result<ExitCode, CliError> {
    let path = path_of(arguments.config.as_deref());
    let deployment = path.map(Deployment::read_sample).transpose()?; // nothing is connected to: a sample harms nobody
    let stated = Stated {
        as_of: arguments.as_of.and_then(midnight),
        subject: arguments.subject.clone(),
        kind: arguments.kind.clone(),
    };
    let mut given = Given::read(&arguments.files, &stated);
    let now = Timestamp::now();
    let of_webex = question_of_webex(&deployment.clone().unwrap_or_default(), now);
    let question = match &deployment {
        Some(deployment) => question_of(deployment, now),
        None => Question::of_files(&given.files, now),
    };
    leave_out_foreign(std::slice::from_mut(&mut given), &question);
    let Given { files, logs, rejected, .. } = given;
    let mut settled = rules::settle(&files, &question);
    settled.extend(webex::settle(&files, &of_webex).into_iter().filter(|one| !one.from.is_empty()));
    let mut shown = Shown::new(&files, &rejected, &settled);
    if !logs.is_empty() {
        shown.add_logs(&logs, &ece_log::settle(&logs, &question.accounts, &Catalogue::built_in(), now));
    }
    print::data(&match arguments.output {
        Output::Text => shown.text(),
        Output::Json => json(&shown),
    });
    for one in &rejected {
        print::error(&one.to_string());
    }
    Ok(if files.is_empty() && logs.is_empty() { ExitCode::from(2) } else { ExitCode::SUCCESS })
}
