//! The command line: one file a command.
//!
//! In: the arguments. Out: an exit code; data on stdout, everything else on stderr. Usage and configuration mistakes end
//! with 2 before anything is tested.

mod catalogue;
mod config;
mod diff;
mod evidence;
mod explain;
mod generate;
mod graph;
mod handover;
mod host;
mod init;
mod judge;
mod lab;
mod list;
mod option;
mod output;
mod parallel;
mod part;
mod plan;
mod print;
mod program;
mod report;
mod root;
mod run;
mod runtime;
mod saved;
mod site;
mod site_file;
mod stop;
mod token;
mod wait;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{deployment::Mistakes, net::tls::BadCaFile, table::Mistake};

/// Checks Cisco ECE email connectivity to Microsoft 365 (OAuth 2.0) from this server and identifies the cause of each failure.
///
/// Without a command, `ece-check run` is used. Read-only. No email is sent unless --send-mail is given.
#[derive(Debug, Parser)]
#[command(name = "ece-check", version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "Examples:
  ece-check run                                       run all checks from this server
  ece-check run --lab=smtp-auth-disabled-mailbox      simulate a fault; localhost only
  ece-check explain \"535 5.7.3 Authentication unsuccessful\"

Exit codes: 0 OK, 1 check failed, 2 usage or configuration error, 3 inconclusive, 4 warnings (--strict), 5 time of \
--wait over, 70 internal error.")]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: run::Arguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the checks on this server
    Run(Box<run::Arguments>),
    /// Show what `run` would connect to, without connecting
    Plan(Box<plan::Arguments>),
    /// List the checks, or the causes with --causes
    List(list::Arguments),
    /// Explain an error message, a log file, a check or a cause
    Explain(explain::Arguments),
    /// Ask colleagues for files that settle what the network cannot show, and read them
    Evidence(evidence::Arguments),
    /// Ask for what the site file needs, test it, and write the file without secrets
    Init(Box<init::Arguments>),
    /// Check the site configuration file, or print its JSON Schema
    Config(config::Arguments),
    /// Obtain a token or inspect its claims (the token itself is never printed)
    Token(token::Arguments),
    /// Run the built-in Microsoft 365 simulator on localhost
    Lab(lab::Arguments),
    /// Convert saved JSON reports: another format, several servers as one report, or one team's part
    Report(report::Arguments),
    /// Judge a saved JSON report again with the rules of this version, and say which results changed
    Judge(judge::Arguments),
    /// Compare two saved JSON reports: what broke, what was fixed, what changed
    Diff(diff::Arguments),
    /// Print a trusted root certificate (PEM) for import into ECE's Java trust store
    Root(root::Arguments),
    /// Print completions for a shell
    Completions(generate::Completions),
    /// Print the manual page
    Man,
}

/// The exit code where nothing was tested. A monitoring system would read our 2 as CRITICAL: to it we say UNKNOWN, and why
/// (Monitoring Plugins guidelines, "Plugin Return Codes").
fn misused(why: &str) -> ExitCode {
    let arguments: Vec<String> = std::env::args_os().map(|one| one.to_string_lossy().into_owned()).collect();
    let named = |flags: &[&str], word: &str| {
        let apart = arguments.windows(2).any(|pair| flags.contains(&pair[0].as_str()) && pair[1] == word);
        apart || flags.iter().any(|flag| arguments.contains(&format!("{flag}={word}")))
    };
    let plugin = named(&["-o", "--output"], "nagios") || arguments.iter().any(|one| one == "-onagios");
    if plugin {
        print::data(&crate::report::nagios::unknown(why.lines().next().unwrap_or_default()));
    }
    let plugin_codes = (plugin && !named(&["--exit-codes"], "own")) || named(&["--exit-codes"], "nagios");
    ExitCode::from(if plugin_codes { crate::report::nagios::State::Unknown.exit_code() } else { 2 })
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
    Judge(#[from] crate::engine::NotRejudged),
    #[error("{0}")]
    Redact(#[from] crate::report::redact::NotRedacted),
    #[error("{0}")]
    Selection(#[from] crate::plan::BadSelection),
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
    stop::outlive_the_limit_of_files();
    shielded(obey)
}

/// A panic that no probe caught ends the program with a code of its own.
fn shielded(work: impl FnOnce() -> ExitCode + std::panic::UnwindSafe) -> ExitCode {
    std::panic::catch_unwind(work).unwrap_or(ExitCode::from(OWN_FAULT))
}

fn obey() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(said) => {
            print::usage(&said);
            return match said.use_stderr() {
                true => misused("the command line is not understood"),
                false if print::undelivered() => ExitCode::from(2),
                false => ExitCode::SUCCESS,
            };
        }
    };
    let outcome = match cli.command.unwrap_or(Command::Run(Box::new(cli.run))) {
        Command::Run(arguments) => run::run(&arguments),
        Command::Plan(arguments) => plan::run(&arguments),
        Command::List(arguments) => list::run(&arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Evidence(arguments) => evidence::run(&arguments),
        Command::Init(arguments) => init::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::Token(arguments) => token::run(&arguments),
        Command::Lab(arguments) => lab::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Judge(arguments) => judge::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Root(arguments) => root::run(&arguments),
        Command::Completions(arguments) => Ok(generate::completions(&arguments)),
        Command::Man => generate::man(),
    };
    match outcome {
        Ok(_) if print::undelivered() => ExitCode::from(2),
        Ok(code) => code,
        Err(trouble) => {
            print::error(&trouble.to_string());
            misused(&trouble.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_the_program_is_70() {
        let code = |code: u8| format!("{:?}", ExitCode::from(code));
        assert_eq!(format!("{:?}", shielded(|| panic!("planted"))), code(70));
        assert_eq!(format!("{:?}", shielded(|| ExitCode::from(3))), code(3));
    }
}
