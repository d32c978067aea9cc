//! `ece-check init`: asks what the site file needs, tests each answer, and writes the file without a secret.
//!
//! What a flag gives is not asked. Where standard input is no terminal nothing is asked: the flags are all there is. A
//! file that exists is never overwritten.

use std::{
    fs::OpenOptions,
    io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Args;

use super::{CliError, catalogue, option, print, site};
use crate::{
    catalogue::Catalogue,
    deployment::{Cloud, Deployment},
    ece::external_url::faults,
    oauth::{endpoint::TokenRequest, provider::Provider},
};

/// An answer is shorter.
const LONGEST_ANSWER: u64 = 2000;

#[derive(Debug, Args)]
pub struct Arguments {
    /// The file to write; it must not exist
    #[arg(default_value = site::DEFAULT_FILE)]
    file: PathBuf,
    /// The name of the site
    #[arg(long, value_name = "NAME")]
    site: Option<String>,
    /// The release of ECE, such as 12.6(1)
    #[arg(long)]
    release: Option<String>,
    /// The installed packages, such as `ES6,ES6_ET1`; empty when none is installed
    #[arg(long, value_name = "ES,…")]
    installed: Option<String>,
    /// The role of this server in ECE: services, application or all
    #[arg(long)]
    role: Option<String>,
    /// The external URL exactly as it is in ECE's settings
    #[arg(long, value_name = "URL")]
    external_url: Option<String>,
    /// The Microsoft cloud: worldwide, gcc-high, dod or china
    #[arg(long, value_parser = site::cloud)]
    cloud: Option<Cloud>,
    /// The tenant: a GUID or a domain [default: found by the domain of the first mailbox]
    #[arg(long)]
    tenant: Option<String>,
    /// The application (client) ID
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Environment variable that will hold the client secret
    #[arg(long, value_name = "NAME")]
    client_secret_env: Option<String>,
    /// The name of the account in ECE
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// The user whose token the account has
    #[arg(long, value_name = "ADDRESS")]
    signs_in_as: Option<String>,
    /// The mailboxes of the account
    #[arg(long, value_name = "ADDRESS,…", value_delimiter = ',')]
    mailbox: Vec<String>,
    /// How mail is fetched: imap or pop3
    #[arg(long)]
    inbound: Option<String>,
    /// Environment variable that will hold the refresh token of the account
    #[arg(long, value_name = "NAME")]
    refresh_token_env: Option<String>,
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

/// One key of the file: its table, its name, its value as TOML.
type Line = (&'static str, &'static str, String);

/// Asks, tests and writes.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    if arguments.file.symlink_metadata().is_ok() {
        return Err(not_written(arguments, &io::ErrorKind::AlreadyExists.into()));
    }
    let catalogue = arguments.catalogue.load()?;
    let lines = answers(arguments)?;
    let text = file(&lines);
    let name = arguments.file.display().to_string();
    let read = Deployment::parse(&name, &text)?;
    if !arguments.offline {
        test(arguments, &read, &catalogue)?;
    }
    write(arguments, &text).map_err(|error| not_written(arguments, &error))?;
    print::note(&format!("{name} is written. Next: {} config check {name}", super::program::name()));
    Ok(ExitCode::SUCCESS)
}

/// Every line that a flag gives, or an answer.
fn answers(arguments: &Arguments) -> Result<Vec<Line>, CliError> {
    let asks = io::stdin().is_terminal() && !arguments.offline;
    let cloud = arguments.cloud.map(|cloud| cloud.word().to_owned());
    let plain: [(&'static str, &'static str, Option<&String>, &str); 8] = [
        ("", "site", arguments.site.as_ref(), "Name of this site"),
        ("ece", "release", arguments.release.as_ref(), "Release of ECE, such as 12.6(1)"),
        ("ece", "role", arguments.role.as_ref(), "Role of this server: services, application or all"),
        ("ece", "external_url", arguments.external_url.as_ref(), "External URL, exactly as in ECE's settings"),
        ("entra", "cloud", cloud.as_ref(), "Microsoft cloud: worldwide, gcc-high, dod or china"),
        ("entra", "client_id", arguments.client_id.as_ref(), "Application (client) ID"),
        ("account", "name", arguments.account.as_ref(), "Name of the mail account in ECE"),
        ("account", "inbound", arguments.inbound.as_ref(), "How mail is fetched: imap or pop3"),
    ];
    if asks {
        print::note("Press Enter to leave an answer out. No secret is asked for.");
    }
    let mut lines: Vec<Line> = Vec::new();
    for (table, key, given, question) in plain {
        lines.extend(one(table, key, given.cloned(), question, asks, quoted)?);
    }
    let mailboxes = (!arguments.mailbox.is_empty()).then(|| arguments.mailbox.join(","));
    let question = "Mailboxes of the account, separated by commas";
    lines.extend(one("account", "mailboxes", mailboxes.clone(), question, asks, list)?);
    let question = "User whose token the account has";
    lines.extend(one("account", "signs_in_as", arguments.signs_in_as.clone(), question, asks, quoted)?);
    let question = "Installed packages, separated by commas (- when none is installed)";
    lines.extend(one("ece", "installed", arguments.installed.clone(), question, asks, list)?);
    let tenant = arguments.tenant.clone().or_else(|| domain(&lines));
    lines.extend(one("entra", "tenant", tenant, "Tenant: its ID or a domain", asks, quoted)?);
    let question = "Environment variable of the client secret (its name only)";
    lines.extend(one("entra", "client_secret", arguments.client_secret_env.clone(), question, asks, variable)?);
    let question = "Environment variable of the refresh token (its name only)";
    lines.extend(one("account", "refresh_token", arguments.refresh_token_env.clone(), question, asks, variable)?);
    Ok(lines)
}

/// The line of one key: what the flag gives, or the first answer that the reader of the file accepts. None when the
/// answer is empty.
fn one(
    table: &'static str,
    key: &'static str,
    given: Option<String>,
    question: &str,
    asks: bool,
    written: fn(&str) -> String,
) -> Result<Option<Line>, CliError> {
    if let Some(given) = given {
        return Ok(Some((table, key, written(&given))));
    }
    if !asks {
        return Ok(None);
    }
    loop {
        let answer = asked(question)?;
        if answer.is_empty() {
            return Ok(None);
        }
        let line = (table, key, written(&answer));
        match mistake(&line) {
            Some(mistake) => print::note(&mistake),
            None => return Ok(Some(line)),
        }
    }
}

/// What the reader of the file says of one line by itself.
fn mistake(line: &Line) -> Option<String> {
    let text = file(std::slice::from_ref(line));
    let mistakes = Deployment::parse("answer", &text).err()?;
    let missing = |right: &str| right.starts_with("add ");
    mistakes.all().iter().find(|one| !missing(&one.right)).map(|one| format!("  {}\n  {}", one.wrong, one.right))
}

fn asked(question: &str) -> Result<String, CliError> {
    eprint!("{question}: ");
    let mut answer = String::new();
    let read = io::stdin().lock().take(LONGEST_ANSWER).read_line(&mut answer);
    read.map_err(|error| CliError::Usage(format!("the answer cannot be read: {error}"), "use flags".to_owned()))?;
    Ok(answer.trim().to_owned())
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(text: &str) -> String {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty() && *item != "-");
    format!("[{}]", items.map(quoted).collect::<Vec<_>>().join(", "))
}

fn variable(name: &str) -> String {
    format!("{{ env = {} }}", quoted(name))
}

/// The domain of the first mailbox: Entra ID finds the tenant by it.
fn domain(lines: &[Line]) -> Option<String> {
    let (_, _, mailboxes) = lines.iter().find(|(_, key, _)| *key == "mailboxes")?;
    let (_, rest) = mailboxes.split_once('@')?;
    let end = rest.find(['"', ',', ' ']).unwrap_or(rest.len());
    Some(rest[..end].to_owned())
}

/// The file: each table once, in the order of the sample.
fn file(lines: &[Line]) -> String {
    let mut text = String::new();
    for (table, head) in [("", ""), ("ece", "[ece]\n"), ("entra", "[entra]\n"), ("account", "[[account]]\n")] {
        let of_table: Vec<&Line> = lines.iter().filter(|(of, ..)| *of == table).collect();
        if of_table.is_empty() {
            continue;
        }
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(head);
        for (_, key, value) in of_table {
            text.extend([*key, " = ", value.as_str(), "\n"]);
        }
    }
    text
}

/// Tests what can be tested without a token: the form of the external URL, and that Entra ID knows the tenant.
fn test(arguments: &Arguments, read: &Deployment, catalogue: &Catalogue) -> Result<(), CliError> {
    if let Some(url) = &read.ece.external_url {
        for fault in faults(url) {
            print::note(&format!("external_url: {fault}. It is written as it is; run says how to correct it in ECE."));
        }
    }
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
    print::note(&match found {
        Ok(_) => format!("{} knows the tenant {tenant}.", cloud.login),
        Err(failure) => format!("{} does not confirm the tenant {tenant}: {}", cloud.login, failure.words),
    });
    Ok(())
}

fn write(arguments: &Arguments, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(&arguments.file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn not_written(arguments: &Arguments, error: &io::Error) -> CliError {
    let right = "name a new file in a folder that exists; a file that exists is never overwritten";
    CliError::Usage(format!("{} cannot be written: {error}", arguments.file.display()), right.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_read_back_as_it_was_meant() {
        let lines: Vec<Line> = vec![
            ("account", "mailboxes", list("sales@bigshop.test, help@bigshop.test")),
            ("account", "name", quoted("sales \"one\"")),
            ("account", "refresh_token", variable("SALES_TOKEN")),
            ("ece", "release", quoted("12.6(1)")),
            ("ece", "installed", list("-")),
            ("", "site", quoted("Rotterdam")),
        ];
        let read = Deployment::parse("a.toml", &file(&lines)).unwrap_or_else(|mistakes| panic!("{mistakes}"));
        assert_eq!(read.accounts[0].mailboxes.len(), 2);
        assert_eq!(read.accounts[0].name, "sales \"one\"");
        assert!(read.gives("ece.installed") && read.site.as_deref() == Some("Rotterdam"));
        assert_eq!(domain(&lines).as_deref(), Some("bigshop.test"));
    }

    #[test]
    fn answer_is_tested_by_itself() {
        assert!(mistake(&("ece", "role", quoted("boss"))).unwrap().contains("known: "));
        assert!(mistake(&("account", "mailboxes", list("sales"))).unwrap().contains("no @"));
        assert!(
            mistake(&("entra", "client_secret", variable("abc8Q~hunter2"))).unwrap().contains("name of a variable")
        );
        for line in [
            ("ece", "external_url", quoted("ece")),
            ("account", "name", quoted("sales")),
            ("ece", "installed", list("ES6,ES6_ET1")),
        ] {
            assert_eq!(mistake(&line), None, "{line:?}");
        }
    }
}
