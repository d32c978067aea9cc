//! `ece-check token`: getting a token, and what is in one. The token itself is shown nowhere.

mod judgement;
mod show;
pub(in crate::cli) mod sign_in;

pub use sign_in::named;

use std::{collections::BTreeMap, process::ExitCode};

use clap::{Args, Subcommand};
use serde::Serialize;

use self::judgement::{Issuers, Sentence, judgement};
use super::{
    CliError,
    list::{Output, json},
    print,
};
use crate::{
    catalogue::Catalogue,
    evidence::{Facts, Failure, Stage},
    finding::Status,
    oauth::claims::Claims,
    report::{Page, Stream, Style, Verbosity},
    secret::Secret,
};

/// Where the application (client) ID of ECE is shown.
pub(in crate::cli) const CLIENT_ID_PLACE: &str = "the email account in ECE, or Entra admin center > App registrations > \
                                                  the application of ECE > Overview > Application (client) ID";

#[derive(Debug, Args)]
#[command(
    after_help = "Tokens are needed only for mailbox, sender and SMTP AUTH checks. `run` uses the token source of each account in the \
site configuration file.

  ece-check token sign-in --help           how to obtain one
  ece-check token show --account sales     will Exchange Online accept it?"
)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign in as the user of an account, by device code or in a browser
    SignIn(Box<sign_in::Arguments>),
    /// Show a token's claims and whether Exchange Online will accept it
    Show(Box<show::Arguments>),
}

/// Gets a token, or tells of one.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let runtime = super::runtime::of_one_thread()?;
    let code = match &arguments.command {
        Command::SignIn(arguments) => runtime.block_on(sign_in::run(arguments)),
        Command::Show(arguments) => runtime.block_on(show::run(arguments)),
    };
    runtime.shutdown_background(); // a resolver library may still wait for an answer
    code
}

/// What is told of a token.
#[derive(Serialize)]
struct Told<'t> {
    claims: BTreeMap<String, String>,
    facts: &'t Facts,
    judgement: Vec<Sentence>,
}

/// The exit code of what could not be judged.
const NOT_JUDGED: u8 = 3;

/// Prints the claims of a token and what they mean. Exit code 1 when something is wrong, 3 when nothing could be compared.
fn tell(token: &Secret, facts: &Facts, issuers: Issuers, catalogue: &Catalogue, output: Output) -> ExitCode {
    let claims = Claims::read(token.expose()).map(|claims| claims.all().collect()).unwrap_or_default();
    let told = Told { claims, facts, judgement: judgement(facts, issuers, catalogue) };
    print::data(&match output {
        Output::Text => text(&told),
        Output::Json => json(&told),
    });
    let wrong = told.judgement.iter().any(|sentence| matches!(sentence.status, Status::Fail | Status::Error));
    match (wrong, judgement::is_compared(&told.judgement)) {
        (true, _) => ExitCode::FAILURE,
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::from(NOT_JUDGED),
    }
}

fn text(told: &Told<'_>) -> String {
    let style = Style::of(Stream::Stdout, false, Verbosity::Normal);
    let mut page = Page::new(&style);
    page.heading("Token claims");
    for (name, value) in &told.claims {
        page.label(name, &explained(name, value));
    }
    page.gap();
    page.heading("Assessment");
    for sentence in &told.judgement {
        page.item(sentence.status, &sentence.text, None);
        page.command(sentence.command.as_deref().unwrap_or_default());
    }
    page.finish()
}

/// Moments are counted in seconds in a token; people read dates.
fn explained(name: &str, value: &str) -> String {
    match (name, value.parse()) {
        ("exp" | "iat" | "nbf", Ok(seconds)) => format!("{value} ({})", crate::net::tls::moment(seconds)),
        _ => value.to_owned(),
    }
}

/// Says why there is no token. What the user's own places do not give is a matter of usage.
fn refused(stop: &Failure) -> Result<ExitCode, CliError> {
    if stop.stage == Stage::Credential {
        return Err(CliError::Usage(stop.words.clone(), "see ece-check token --help".to_owned()));
    }
    let status = stop.code.map(|code| format!(" (HTTP status {code})")).unwrap_or_default();
    let error = stop.error.as_ref().map(|error| format!("{error}: ")).unwrap_or_default();
    print::error(&format!("no token: {}{status}: {error}{}", stop.protocol.name(), stop.words));
    if let Some(trace) = &stop.trace {
        print::note(&format!("for Microsoft support: {trace}"));
    }
    Ok(ExitCode::FAILURE)
}
