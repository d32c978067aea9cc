//! What clap can write by itself: completions and the manual page.

use std::process::ExitCode;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, CliError, print};

#[derive(Debug, Args)]
pub struct Completions {
    /// Shell
    shell: Shell,
}

/// Prints completions for a shell.
pub fn completions(arguments: &Completions) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "ece-check", &mut text);
    print::data(&String::from_utf8_lossy(&text));
    ExitCode::SUCCESS
}

/// Prints the manual page.
pub fn man() -> Result<ExitCode, CliError> {
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(Cli::command()).render(&mut text);
    rendered.map_err(|error| CliError::Usage(format!("the manual page cannot be written: {error}"), String::new()))?;
    print::data(&String::from_utf8_lossy(&text));
    Ok(ExitCode::SUCCESS)
}
