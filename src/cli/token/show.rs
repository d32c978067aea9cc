//! `ece-check token show`: what stands in a token.

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;

use super::{CliError, refused, tell};
use crate::{
    catalogue::Catalogue,
    cli::{catalogue, list::Output, option, print, site},
    deployment::{Account, Cloud, Deployment},
    evidence::{Facts, Value},
    oauth::{Application, TokenCache, TokenSource},
    probe::{
        Earlier, ProbeContext,
        token::{self, TokenProbe},
    },
    secret::{self, Source},
};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    from: From,
    /// Site configuration file: the token of its account is used or requested
    #[arg(short, long, value_name = "FILE", requires = "account")]
    config: Option<PathBuf>,
    /// Expected user (UPN) [default: the user of the account]
    #[arg(long, value_name = "ADDRESS")]
    user: Option<String>,
    /// Output format
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    /// Timeout per step
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = option::time)]
    timeout: Duration,
    #[command(flatten)]
    reach: site::NetworkArgs,
    #[command(flatten)]
    catalogue: catalogue::Arguments,
}

/// Where the token is.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct From {
    /// Environment variable with the token
    #[arg(long, value_name = "NAME")]
    env: Option<String>,
    /// File that contains only the token
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Read the token from standard input
    #[arg(long)]
    stdin: bool,
    /// Account in the site configuration file
    #[arg(long, value_name = "NAME", requires = "config")]
    account: Option<String>,
}

/// Tells what stands in the token.
pub async fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let mut look = look(arguments)?;
    if arguments.user.is_some() {
        look.signs_in_as.clone_from(&arguments.user);
    }
    if arguments.from.stdin {
        let secret = secret::from_stdin()?;
        print::net().add(&secret);
        let mut facts = Facts::default();
        token::note(&secret, &look, token::true_time(0), &mut facts);
        return Ok(tell(&secret, &facts, arguments.output));
    }
    let (limits, _stop) = site::limits(arguments.timeout, arguments.timeout * 6);
    let network = arguments.reach.network(None, limits)?;
    let world = ProbeContext { wallet: TokenCache::new(print::net()), ..ProbeContext::new(network) };
    let seen = token::observe(&look, &Earlier::default(), &world).await;
    if let Some(Value::List(warnings)) = seen.facts.get("token.warnings") {
        for warning in warnings {
            print::note(warning);
        }
    }
    match (&seen.failure, world.wallet.held(&look.account)) {
        (None, Some(held)) => Ok(tell(&held.token, &seen.facts, arguments.output)),
        (Some(stop), _) => refused(stop),
        (None, None) => unreachable!("a look without a stop keeps its token"),
    }
}

fn look(arguments: &Arguments) -> Result<TokenProbe, CliError> {
    let from = &arguments.from;
    let alone = |credential| TokenProbe {
        account: "token".to_owned(),
        credential,
        application: Application { login_host: String::new(), tenant: None, client_id: None, proof: None },
        scopes: Vec::new(),
        audiences: Vec::new(),
        signs_in_as: None,
        mailboxes: Vec::new(),
    };
    match (&from.env, &from.file, &from.account, &arguments.config) {
        (Some(name), ..) => Ok(alone(TokenSource::AccessToken(Source::Env(name.clone())))),
        (_, Some(file), ..) => Ok(alone(TokenSource::AccessToken(Source::File(file.clone())))),
        (_, _, Some(name), Some(file)) => {
            of_account(name, &arguments.reach.read_site(file)?, &arguments.catalogue.load()?)
        }
        _ => Ok(alone(TokenSource::AccessToken(Source::Env(String::new())))), // standard input is read by itself
    }
}

fn of_account(name: &str, deployment: &Deployment, catalogue: &Catalogue) -> Result<TokenProbe, CliError> {
    let account = deployment.accounts.iter().find(|account| account.name == name);
    let account = account.ok_or_else(|| no_account(name, &deployment.accounts))?;
    let entra = &deployment.entra;
    let no_token = || {
        CliError::Usage(
            format!("account {name} has no token"),
            "give it access_token, refresh_token or application_token".to_owned(),
        )
    };
    let credential = account.credential.clone().ok_or_else(no_token)?;
    let cloud = super::sign_in::named(entra.cloud.unwrap_or(Cloud::Worldwide), catalogue);
    let scopes = match credential {
        TokenSource::ClientCredentials => vec![cloud.application_scope.clone()],
        _ => super::sign_in::Scope::ALL.iter().map(|scope| scope.of(&cloud.scopes)).collect(),
    };
    Ok(TokenProbe {
        account: name.to_owned(),
        credential,
        application: Application {
            login_host: cloud.login.clone(),
            tenant: entra.tenant.clone(),
            client_id: entra.client_id.map(|id| id.to_string()),
            proof: entra.proof.clone(),
        },
        scopes,
        audiences: cloud.audiences.clone(),
        signs_in_as: account.signs_in_as.clone(),
        mailboxes: account.mailboxes.clone(),
    })
}

fn no_account(name: &str, accounts: &[Account]) -> CliError {
    let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
    CliError::Usage(format!("no account is called {name}"), crate::table::did_you_mean(name, &names))
}
