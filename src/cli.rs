//! The command line: one file a command.
//!
//! In: the arguments. Out: an exit code; data on stdout, everything else on stderr. Usage and configuration mistakes end
//! with 2 before anything is tested.

mod catalogue;
mod evidence;
mod explain;
mod generate;
mod host;
mod lab;
mod list;
mod option;
mod plan;
mod print;
mod report;
mod root;
mod run;
mod site;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{deployment::Mistakes, net::tls::BadCaFile, table::Mistake};

/// Walks the Cisco ECE and Office 365 OAuth2 checklist on this server and names the cause of what fails.
///
/// Without a command it does what `ece-check run` does. It changes nothing, here or there, and sends nothing unless
/// --send-mail asks for it.
#[derive(Debug, Parser)]
#[command(name = "ece-check", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Examples:
  ece-check run                                       look at everything, from this server
  ece-check run --lab=smtp-auth-disabled-mailbox      see what a fault looks like; loopback only
  ece-check explain \"535 5.7.3 Authentication unsuccessful\"

Exit codes: 0 well, 1 a check failed, 2 usage or configuration (nothing was tested), 3 no failure but not proved \
healthy, 4 warnings (with --strict), 70 a fault of the program.")]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Walk the checklist on this machine
    Run(Box<run::Arguments>),
    /// Show everything that `run` would touch; opens no socket
    Plan(Box<plan::Arguments>),
    /// List the checks, or with --causes the causes
    List(list::Arguments),
    /// What an error text, a log, a check or a cause means: paste the text
    Explain(explain::Arguments),
    /// Ask colleagues for files that settle what the network cannot show, and read them
    Evidence(evidence::Arguments),
    /// Get a token, or tell what stands in one; the token itself is never shown
    Token(token::Arguments),
    /// Run the built-in Microsoft 365 tenant on loopback until stopped
    Lab(lab::Arguments),
    /// Turn a saved JSON report into another format, or print the schema
    Report(report::Arguments),
    /// Print a root certificate that this host trusts, to be added to the store of ECE's Java
    Root(root::Arguments),
    /// Print completions for a shell
    Completions(generate::Completions),
    /// Print the manual page
    Man,
}

/// Why nothing was tested.
#[derive(Debug, thiserror::Error)]
enum CliError {
    #[error("{0}")]
    File(#[from] Mistake),
    #[error("{0}")]
    Site(#[from] Mistakes),
    #[error("{0}")]
    CaFile(#[from] BadCaFile),
    #[error("{0}")]
    Proxy(#[from] crate::net::proxy::BadProxy),
    #[error("{0}")]
    Java(#[from] crate::net::java::BadStore),
    #[error("{0}")]
    Lab(#[from] crate::lab::Error),
    #[error("{0}")]
    Selection(#[from] crate::plan::UnknownWord),
    #[error("{0}\n  give the secret in the place that is named, or name another")]
    Secret(#[from] crate::secret::Unread),
    #[error("{0}\n  {1}")]
    Usage(String, String),
}

/// The exit code of a fault of the program.
const OWN_FAULT: u8 = 70;

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    print::quiet_panics();
    std::panic::catch_unwind(obey).unwrap_or(ExitCode::from(OWN_FAULT)) // tests/all/secrets has it happen
}

fn obey() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => {
            print::usage(&said);
            return if said.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    let outcome = match cli.command.unwrap_or(Command::Run(Box::new(cli.run))) {
        Command::Run(arguments) => run::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Evidence(arguments) => evidence::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Lab(arguments) => lab::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Root(arguments) => root::run(&arguments),
        Command::Completions(arguments) => Ok(generate::completions(&arguments)),
        Command::Man => generate::man(),
    };
    outcome.unwrap_or_else(|trouble| {
        print::error(&trouble.to_string());
        ExitCode::from(2)
    })
}
