//! `ece-check token show`: what a text is that somebody holds for a token, and whether Exchange Online accepts it.

use std::{io::Read as _, path::PathBuf, process::ExitCode, time::Duration};

use clap::Args;

use super::{CliError, judgement::Issuers, refused, tell};
use crate::{
    catalogue::Catalogue,
    cli::{catalogue, list::Output, option, print, site},
    deployment::{Account, Cloud, Deployment},
    evidence::Facts,
    oauth::{Application, TokenCache, TokenSource, what},
    probe::{
        Earlier, ProbeContext,
        token::{self, TokenProbe},
    },
    secret::{self, Secret, Source, Unread},
};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(flatten)]
    from: From,
    /// Site configuration file [default: ece-check.toml when it is there]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Expected user (UPN) [default: the user of the account]
    #[arg(long, value_name = "ADDRESS")]
    user: Option<String>,
    /// Microsoft cloud: worldwide, gcc-high, dod or china [default: the site file's, or worldwide]
    #[arg(long, value_parser = site::cloud)]
    cloud: Option<Cloud>,
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
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

/// Tells what the text is, and judges the token in it.
pub async fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let catalogue = arguments.catalogue.load()?;
    let config = arguments.config.as_deref();
    let deployment = match &arguments.from.account {
        Some(_) => site::read_site(config, &arguments.reach)?,
        None => site::read_site_unconnected(config)?,
    };
    let given = match (&arguments.from.env, &arguments.from.file) {
        (Some(name), _) => Some(whole(&Source::Env(name.clone())).await?),
        (_, Some(file)) => Some(whole(&Source::File(file.clone())).await?),
        _ if arguments.from.stdin => Some(of_stdin()?),
        _ => None,
    };
    let Some(text) = given else { return of_account(arguments, &deployment, &catalogue).await };
    let look = look(arguments, &deployment, &catalogue, None)?;
    let secret = Secret::new(text.trim());
    let found = what::identify(&text);
    print::net().add(&secret);
    print::net().add(&found.token);
    let mut facts = Facts::default();
    token::note(&secret, &look, token::true_time(0), &mut facts);
    Ok(tell(&found.token, &facts, Issuers::Entra, &catalogue, arguments.output))
}

/// The text as it is, in several lines or one; Notepad's and PowerShell's encodings are read.
async fn whole(source: &Source) -> Result<String, CliError> {
    let (bytes, warning) = source.read_whole().await?;
    if let Some(warning) = warning {
        print::note(&warning);
    }
    decoded(&bytes, source.to_string())
}

fn of_stdin() -> Result<String, CliError> {
    let place = "standard input".to_owned();
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(secret::LONGEST as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| Unread { place: place.clone(), wrong: format!("cannot be read: {error}") })?;
    if bytes.len() > secret::LONGEST {
        return Err(Unread { place, wrong: "holds more than any token has".to_owned() }.into());
    }
    decoded(&bytes, place)
}

fn decoded(bytes: &[u8], place: String) -> Result<String, CliError> {
    match crate::table::decode(bytes) {
        Some(text) if !text.trim().is_empty() => Ok(text),
        Some(_) => Err(Unread { place, wrong: "is empty".to_owned() }.into()),
        None => Err(Unread { place, wrong: "holds no text".to_owned() }.into()),
    }
}

async fn of_account(
    arguments: &Arguments,
    deployment: &Deployment,
    catalogue: &Catalogue,
) -> Result<ExitCode, CliError> {
    let look = look(arguments, deployment, catalogue, arguments.from.account.as_deref())?;
    let (limits, _stop) = site::limits(arguments.timeout, arguments.timeout * 6);
    let network = arguments.reach.network(None, limits)?;
    let world = ProbeContext { wallet: TokenCache::new(print::net()), ..ProbeContext::new(network) };
    let seen = token::observe(&look, &Earlier::default(), &world).await;
    if let Some(warnings) = seen.facts.get(token::WARNINGS) {
        for warning in warnings {
            print::note(warning);
        }
    }
    match (&seen.failure, world.wallet.held(&look.account)) {
        (None, Some(held)) => Ok(tell(&held.token, &seen.facts, Issuers::Entra, catalogue, arguments.output)),
        (Some(stop), _) => refused(stop),
        (None, None) => unreachable!("an observation without a failure keeps its token"),
    }
}

fn look(
    arguments: &Arguments,
    deployment: &Deployment,
    catalogue: &Catalogue,
    name: Option<&str>,
) -> Result<TokenProbe, CliError> {
    let account = match name {
        Some(name) => Some(named(name, &deployment.accounts)?),
        None => None,
    };
    let no_token = || {
        CliError::Usage(
            format!("account {} has no token", name.unwrap_or_default()),
            "add access_token, refresh_token or application_token to it".to_owned(),
        )
    };
    let unused = TokenSource::AccessToken(Source::Env(String::new())); // the text has been read already
    let credential = match account {
        Some(account) => account.credential.clone().ok_or_else(no_token)?,
        None => unused,
    };
    let entra = &deployment.entra;
    let cloud = super::sign_in::named(arguments.cloud.or(entra.cloud).unwrap_or(Cloud::Worldwide), catalogue);
    let scopes = match credential {
        TokenSource::ClientCredentials => vec![cloud.application_scope.clone()],
        _ => super::sign_in::Scope::ALL.iter().map(|scope| scope.of(&cloud.scopes)).collect(),
    };
    Ok(TokenProbe {
        account: name.unwrap_or("token").to_owned(),
        credential,
        application: Application {
            login_host: cloud.login.clone(),
            tenant: entra.tenant.clone(),
            client_id: entra.client_id.map(|id| id.to_string()),
            proof: entra.proof.clone(),
        },
        scopes,
        audiences: cloud.audiences.clone(),
        public_issuers: Vec::new(), // no cause is named here
        also_named: Vec::new(),
        signs_in_as: arguments.user.clone().or_else(|| account.and_then(|account| account.signs_in_as.clone())),
        mailboxes: account.map_or_else(Vec::new, |account| account.mailboxes.clone()),
    })
}

fn named<'a>(name: &str, accounts: &'a [Account]) -> Result<&'a Account, CliError> {
    let names: Vec<&str> = accounts.iter().map(|account| account.name.as_str()).collect();
    accounts.iter().find(|account| account.name == name).ok_or_else(|| {
        let right = if names.is_empty() {
            "name the site configuration file with --config, or use --env, --file or --stdin".to_owned()
        } else {
            crate::table::did_you_mean(name, &names)
        };
        CliError::Usage(format!("unknown account \"{name}\""), right)
    })
}
