//! `ece-check config`: reads the site file and says what is wrong; prints its JSON Schema.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};

use super::{
    CliError, catalogue, print,
    site::{DEFAULT_FILE, with_known_ids},
    site_file::read_own_or_of_a_lab,
};
use crate::deployment::{Deployment, KEYS, schema::schema};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read the site file and say what is wrong with it; opens no connection
    Check(Check),
    /// Print the JSON Schema of the site file, for editors that complete and check TOML
    Schema,
}

#[derive(Debug, Args)]
struct Check {
    /// The site file [default: ece-check.toml]
    file: Option<PathBuf>,
    /// The site file, named as the other commands name it
    #[arg(short, long, value_name = "FILE", conflicts_with = "file", hide = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    catalogue: catalogue::Arguments,
}

/// Checks the site file, or prints its schema.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    match &arguments.command {
        Command::Check(check) => {
            let file = check.file.as_deref().or(check.config.as_deref()).unwrap_or(Path::new(DEFAULT_FILE));
            let catalogue = check.catalogue.load()?;
            let read = with_known_ids(read_own_or_of_a_lab(file), &catalogue)?;
            print::data(&told(&file.display().to_string(), &read));
        }
        Command::Schema => print::data(&super::list::json(&schema())),
    }
    Ok(ExitCode::SUCCESS)
}

fn told(file: &str, read: &Deployment) -> String {
    let mailboxes: usize = read.accounts.iter().map(|account| account.mailboxes.len()).sum();
    let mut missing: Vec<&str> = KEYS.iter().copied().filter(|key| is_missed(read, key)).collect();
    let without_token: Vec<&str> = read
        .accounts
        .iter()
        .filter(|account| account.credential.is_none())
        .map(|account| account.name.as_str())
        .collect();
    let of_token = match &without_token[..] {
        [] => None,
        [one] => Some(format!("a token for account {one}")),
        several => Some(format!("tokens for {} accounts", several.len())),
    };
    let of_token = of_token.map(|which| format!("{which} (refresh_token, access_token or application_token)"));
    missing.extend(of_token.as_deref());
    let mut text = format!(
        "{file}: no mistakes found.\nAccounts: {}; mailboxes: {mailboxes}; endpoints: {}; waivers: {}.\n",
        read.accounts.len(),
        read.endpoints.len(),
        read.waivers.len()
    );
    if !missing.is_empty() {
        text.extend(["Not given, so the checks that need it will be skipped: ", missing.join(", ").as_str(), ".\n"]);
    }
    text
}

/// True for a key that a usual site has and this file does not give. Webex keys count only where there is a `[webex]`.
fn is_missed(read: &Deployment, key: &str) -> bool {
    const OPTIONAL: [&str; 5] = ["endpoint", "ece.java_trust_store", "webex", "webex.token", "webex.token_redirect"];
    let of_webex = key.starts_with("webex.") && read.webex.is_none();
    let other_proof = matches!(key, "entra.client_secret" | "entra.client_certificate")
        && read.gives("entra.client_secret or entra.client_certificate");
    !OPTIONAL.contains(&key) && !of_webex && !other_proof && !read.gives(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_is_told() {
        let read = Deployment::parse("a.toml", "[ece]\nrelease = \"12.6(1)\"\nrole = \"all\"\n").unwrap();
        let told = told("a.toml", &read);
        assert!(told.contains("no mistakes found") && told.contains("ece.installed, ece.external_url"), "{told}");
        assert!(!told.contains("ece.role") && !told.contains("webex"), "{told}");
    }
}
