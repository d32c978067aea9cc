//! `ece-check init`: asks what the site file needs, tests each answer, and writes the file without a secret.
//!
//! What a flag gives is not asked. Where standard input is no terminal nothing is asked: the flags are all there is. A
//! file that exists is never overwritten.

mod answers;

use std::{
    io::{self, BufRead as _, IsTerminal as _, Read as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Args;

use super::{CliError, catalogue, option, print, site};
use crate::{
    catalogue::Catalogue,
    command::Shell,
    deployment::{Cloud, Deployment},
    files::{self, Access},
    oauth::{endpoint::TokenRequest, provider::Provider},
};

/// An answer is shorter.
const LONGEST_ANSWER: u64 = 64 << 10;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The file to write; it must not exist
    #[arg(default_value = site::DEFAULT_FILE)]
    file: PathBuf,
    #[command(flatten)]
    flags: answers::Flags,
    /// Ask nothing and test nothing over the network
    #[arg(long)]
    offline: bool,
    /// Timeout per step
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = option::time)]
    timeout: Duration,
    #[command(flatten)]
    reach: site::NetworkArgs,
    #[command(flatten)]
    catalogue: catalogue::Arguments,
}

/// Asks, tests and writes.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    if arguments.file.symlink_metadata().is_ok() {
        return Err(not_written(arguments, &io::ErrorKind::AlreadyExists.into()));
    }
    if arguments.file.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        return Err(not_written(arguments, &io::ErrorKind::NotFound.into()));
    }
    let catalogue = arguments.catalogue.load()?;
    let asks = io::stdin().is_terminal() && !arguments.offline;
    let mut ask = asked;
    let text = answers::answered(&arguments.flags, asks.then_some(&mut ask))?;
    if text.is_empty() {
        let right = if asks {
            "answer at least one question"
        } else {
            "give at least one flag, such as --release or --mailbox"
        };
        return Err(CliError::Usage("nothing was answered: no file is written".to_owned(), right.to_owned()));
    }
    if let Some(url) = &arguments.flags.external_url {
        answers::form(url);
    }
    let name = arguments.file.display().to_string();
    let written = Deployment::parse(&name, &text).map_err(CliError::from).and_then(|read| {
        if !arguments.offline {
            test(arguments, &read, &catalogue)?;
        }
        write(arguments, &text).map_err(|error| not_written(arguments, &error))?;
        Ok(read)
    });
    if written.is_err() && asks {
        print::data(&text); // what was answered is not lost; no secret is asked for
    }
    let read = written?;
    let (program, argument) =
        (super::program::name(), Shell::EceCheck.quote(&name).unwrap_or_else(|| "FILE".to_owned()));
    print::sentences(&format!("{name} is written. Next: {program} config check {argument}"));
    if let Some(next) = then(&read) {
        print::sentences(&format!("{next}: {program} token sign-in -c {argument} --save FILE"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What comes before the sign-in of the account; nothing where no account needs one.
fn then(read: &Deployment) -> Option<String> {
    read.accounts.iter().find(|account| account.credential.is_none())?;
    Some(match read.entra.client_id {
        Some(_) => "Then sign in as the user of the account".to_owned(),
        None => format!(
            "Then add client_id ({}) under [entra], and sign in as the user of the account",
            super::token::CLIENT_ID_PLACE
        ),
    })
}

fn asked(question: &str) -> Result<String, CliError> {
    eprint!("{question}: ");
    let mut answer = String::new();
    let read = io::stdin().lock().take(LONGEST_ANSWER).read_line(&mut answer);
    let right = || "press Enter to leave an answer out, or use flags".to_owned();
    match read {
        Ok(0) => Err(CliError::Usage("the input ended: no file is written".to_owned(), right())),
        Ok(_) => Ok(answer.trim().to_owned()),
        Err(error) => Err(CliError::Usage(format!("the answer cannot be read: {error}"), right())),
    }
}

/// Tests what can be tested without a token: that Entra ID knows the tenant.
fn test(arguments: &Arguments, read: &Deployment, catalogue: &Catalogue) -> Result<(), CliError> {
    let Some(tenant) = &read.entra.tenant else { return Ok(()) };
    let runtime = super::runtime::of_one_thread()?;
    let cloud = super::token::named(read.entra.cloud.unwrap_or(Cloud::Worldwide), catalogue);
    let (limits, _stop) = site::limits(arguments.timeout, arguments.timeout * 3);
    let network = arguments.reach.network(None, limits)?;
    let net = print::net();
    let found = runtime.block_on(async {
        let mut request = TokenRequest::new(&network, &net);
        Provider::of(&cloud.login, tenant, &mut request).await
    });
    runtime.shutdown_background(); // a resolver library may still wait for an answer
    print::sentences(&match found {
        Ok(_) => format!("{} knows the tenant {tenant}.", cloud.login),
        Err(failure) => format!("{} does not confirm the tenant {tenant}: {}", cloud.login, failure.words),
    });
    Ok(())
}

fn write(arguments: &Arguments, text: &str) -> io::Result<()> {
    files::write_new(&arguments.file, text.as_bytes(), Access::Usual)
}

fn not_written(arguments: &Arguments, error: &io::Error) -> CliError {
    let name = arguments.file.display();
    let (wrong, right) = match error.kind() {
        io::ErrorKind::AlreadyExists => (
            format!("{name} exists; a file that exists is never overwritten"),
            "change it by hand and run config check, or name another file: ece-check init FILE",
        ),
        io::ErrorKind::NotFound => {
            (format!("{name}: its folder does not exist"), "name a file in a folder that exists")
        }
        _ => (
            format!("{name} cannot be written: {}", files::unread(error)),
            "name a new file in a folder that this user may write to",
        ),
    };
    CliError::Usage(wrong, right.to_owned())
}
