//! `ece-check token sign-in`: signs in as the user of an account and tells what stands in the token.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::{Args, ValueEnum};
use url::Url;

use super::{CLIENT_ID_PLACE, CliError, judgement::Issuers, refused, tell};
use crate::{
    catalogue::{Catalogue, tables},
    cli::{catalogue, list::Output, option, print, site},
    deployment::{Cloud, Entra},
    evidence::{Facts, Failure, Protocol, Stage},
    files::{self, Access},
    net::loopback::{Loopback, nobody_came},
    oauth::{
        Application, ClientCredential, Papers, TokenSource,
        code::AuthorizationRequest,
        device,
        endpoint::TokenRequest,
        grant::{self, Client, Granted},
        provider::Provider,
    },
    probe::token::{TokenProbe, note, true_time},
    secret::{self, Secret, Source},
};

/// Said with every address to open. It is the trap that Cisco's checklist warns of too.
const WHY_PRIVATE: &str = "Use a private window: a normal one may sign in the user who is logged on to Windows without \
                           asking, and the token is then for the wrong user.";
/// What the browser shows at the end.
const PAGE: &str = "Sign-in finished. Close this window; ece-check shows the result.";

#[derive(Debug, Args)]
#[command(after_help = "Which way:
  --paste    ECE's own registration, which knows ECE's redirect URL; nothing changes in Entra
  --browser  a registration with a redirect URL on localhost, and a browser on this machine
  neither    device code: a registration that allows public client flows; a browser anywhere

  ece-check token sign-in -c ece-check.toml --save sales.token \\
    --paste --redirect-url https://ece.example.com/oauth")]
pub struct Arguments {
    /// Read tenant, application, secret and cloud from FILE (flags take precedence)
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Tenant: GUID or domain
    #[arg(long)]
    tenant: Option<String>,
    /// Application (client) ID
    #[arg(long, value_name = "ID")]
    client_id: Option<String>,
    /// Environment variable with the client secret
    #[arg(long, value_name = "NAME", conflicts_with = "client_secret_file")]
    client_secret_env: Option<String>,
    /// File that contains only the client secret
    #[arg(long, value_name = "FILE")]
    client_secret_file: Option<PathBuf>,
    /// Client certificate to use instead of a secret: PEM, DER, or PKCS12 with its key
    #[arg(long, value_name = "FILE", conflicts_with_all = ["client_secret_env", "client_secret_file"])]
    client_certificate: Option<PathBuf>,
    /// Private key, if in a separate file
    #[arg(long, value_name = "FILE", requires = "client_certificate")]
    client_key: Option<PathBuf>,
    /// Environment variable with the password of the PKCS12 file
    #[arg(long, value_name = "NAME", requires = "client_certificate")]
    client_key_password_env: Option<String>,
    /// Microsoft cloud: worldwide, gcc-high, dod or china
    #[arg(long, value_parser = site::cloud)]
    cloud: Option<Cloud>,
    /// Sign-in host, if different from that of the cloud
    #[arg(long, value_name = "HOST[:PORT]")]
    login_host: Option<String>,
    /// Protocols that the token is for
    #[arg(long, value_enum, value_delimiter = ',', default_value = "imap,pop3,smtp")]
    scope: Vec<Scope>,
    /// Expected user (UPN)
    #[arg(long, value_name = "ADDRESS")]
    user: Option<String>,
    /// Sign in with the browser on this server
    #[arg(long, conflicts_with = "paste")]
    browser: bool,
    /// Sign in with any browser and paste the final URL: for ECE's own app registration
    #[arg(long, requires = "redirect_url")]
    paste: bool,
    /// Registered redirect URI; with --browser one on localhost
    #[arg(long, value_name = "URL")]
    redirect_url: Option<Url>,
    /// Save the refresh token to FILE (owner-only permissions)
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Output format
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    /// Timeout per step
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = option::time)]
    timeout: Duration,
    /// How long to wait for the sign-in
    #[arg(long, value_name = "TIME", default_value = "15m", value_parser = option::time)]
    wait: Duration,
    #[command(flatten)]
    reach: site::NetworkArgs,
    #[command(flatten)]
    catalogue: catalogue::Arguments,
}

/// A protocol that a token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Scope {
    /// Receive mail over IMAP
    Imap,
    /// Receive mail over POP3
    Pop3,
    /// Send mail
    Smtp,
}

impl Scope {
    pub const ALL: [Self; 3] = [Self::Imap, Self::Pop3, Self::Smtp];

    /// The delegated permission, behind what the cloud's scopes begin with.
    pub fn of(self, prefix: &str) -> String {
        let permission = match self {
            Self::Imap => "IMAP.AccessAsUser.All",
            Self::Pop3 => "POP.AccessAsUser.All",
            Self::Smtp => "SMTP.Send",
        };
        format!("{prefix}{permission}")
    }
}

/// The cloud's row in the tables. All clouds that a flag can name stand there: the catalogue's own test sees to it.
pub fn named(cloud: Cloud, catalogue: &Catalogue) -> &tables::Cloud {
    let known = &catalogue.tables.clouds;
    known.named(cloud.word()).unwrap_or(&known.clouds[0])
}

/// Signs in and tells what came.
pub async fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    arguments.save.as_deref().map_or(Ok(()), savable)?;
    let catalogue = arguments.catalogue.load()?;
    let entra = site::read_site(arguments.config.as_deref(), &arguments.reach)?.entra;
    let look = arguments.look(&entra, &catalogue)?;
    let (limits, _stop) = site::limits(arguments.timeout, arguments.wait);
    let network = arguments.reach.network(None, limits)?;
    let net = print::net();
    let mut errand = TokenRequest::new(&network, &net);
    let outcome = sign_in(arguments, &look, &mut errand).await;
    for warning in &errand.warnings {
        print::note(warning);
    }
    let granted = match outcome {
        Ok(granted) => granted,
        Err(stop) => return refused(&stop),
    };
    keep(arguments, &granted)?;
    let mut facts = Facts::default();
    note(&granted.access, &look, true_time(errand.clock_ahead_ms.unwrap_or_default()), &mut facts);
    let issuers = if arguments.login_host.is_some() { Issuers::Named } else { Issuers::Entra };
    Ok(tell(&granted.access, &facts, issuers, &catalogue, arguments.output))
}

impl Arguments {
    fn look(&self, entra: &Entra, catalogue: &Catalogue) -> Result<TokenProbe, CliError> {
        let cloud = named(self.cloud.or(entra.cloud).unwrap_or(Cloud::Worldwide), catalogue);
        let tenant = self.tenant.clone().or_else(|| entra.tenant.clone());
        let client_id = self.client_id.clone().or_else(|| entra.client_id.map(|id| id.to_string()));
        let wanted =
            |what: &str, flag: &str| CliError::Usage(format!("{what} is missing"), format!("add {flag} or -c FILE"));
        let application = Application {
            login_host: self.login_host.clone().unwrap_or_else(|| cloud.login.clone()),
            tenant: Some(tenant.ok_or_else(|| wanted("the tenant", "--tenant"))?),
            client_id: Some(client_id.ok_or_else(|| {
                let right = format!(
                    "add client_id = \"ID\" under [entra] in ece-check.toml, or --client-id ID; it is in: {CLIENT_ID_PLACE}"
                );
                CliError::Usage("the application (client) ID is missing".to_owned(), right)
            })?),
            proof: self.proof().or_else(|| entra.proof.clone()),
        };
        let scopes = self.scope.iter().map(|scope| scope.of(&cloud.scopes)).chain(["offline_access".to_owned()]);
        Ok(TokenProbe {
            account: "sign-in".to_owned(),
            credential: TokenSource::ClientCredentials, // not asked: the token comes from the sign-in
            application,
            scopes: scopes.collect(),
            audiences: cloud.audiences.clone(),
            public_issuers: Vec::new(), // no cause is named here
            also_named: Vec::new(),
            signs_in_as: self.user.clone(),
            mailboxes: Vec::new(),
        })
    }

    /// The secret of the flags, or the certificate.
    fn proof(&self) -> Option<ClientCredential> {
        let file = self.client_secret_file.clone().map(Source::File);
        let secret = self.client_secret_env.clone().map(Source::Env).or(file);
        let certificate = self.client_certificate.clone().map(|certificate| Papers {
            certificate: Source::File(certificate),
            key: self.client_key.clone().map(Source::File),
            password: self.client_key_password_env.clone().map(Source::Env),
        });
        secret.map(ClientCredential::Secret).or(certificate.map(Box::new).map(ClientCredential::Certificate))
    }
}

async fn sign_in(arguments: &Arguments, look: &TokenProbe, errand: &mut TokenRequest<'_>) -> Result<Granted, Failure> {
    let application = &look.application;
    let client = Client::of(application, errand).await?;
    let tenant = application.tenant.as_deref().unwrap_or_default();
    let provider = Provider::of(&application.login_host, tenant, errand).await?;
    if !arguments.browser && !arguments.paste {
        return by_device_code(&provider, &client, &look.scopes, errand).await;
    }
    let grant = if arguments.paste {
        let redirect = arguments.redirect_url.as_ref().map(ToString::to_string).unwrap_or_default();
        let question = AuthorizationRequest::new(&provider, &client.id, &look.scopes, &redirect)?;
        question.answered(pasted(&question)?.expose(), errand.net)?
    } else {
        let window = Window::open(arguments.redirect_url.as_ref(), &provider, &client, &look.scopes).await?;
        window.tell();
        window.answer(arguments.wait, errand).await?
    };
    grant::ask(&client, &grant, &look.scopes, &provider.token, errand).await
}

/// With a device code: the person signs in with any browser.
pub(in crate::cli) async fn by_device_code(
    provider: &Provider,
    client: &Client,
    scopes: &[String],
    errand: &mut TokenRequest<'_>,
) -> Result<Granted, Failure> {
    let invitation = device::invite(provider, client, scopes, errand).await?;
    print::note(&format!("Open   {}\nType   {}\n{WHY_PRIVATE}", invitation.page, invitation.user_code));
    print::note("Waiting for sign-in (Ctrl-C to cancel).");
    device::wait(invitation, provider, client, scopes, errand).await
}

/// The page of ECE at which the browser ends does not know of this sign-in and may complain; its address counts.
fn pasted(question: &AuthorizationRequest) -> Result<Secret, Failure> {
    print::note(&format!("Open   {}\n{WHY_PRIVATE}", question.address));
    print::note("Sign in. The browser ends at a page of ECE, which may show an error: this is expected.");
    print::note("Copy the whole address from the address bar and paste it here (input is hidden).");
    secret::from_prompt("Address: ").map_err(|unread| {
        Failure::new(Protocol::Authorize, Stage::Credential, crate::evidence::FailureKind::Missing, unread.to_string())
    })
}

/// A sign-in in a browser on this machine, which comes back to a port of it.
pub(in crate::cli) struct Window {
    door: Loopback,
    question: AuthorizationRequest,
    is_started: bool,
}

impl Window {
    /// Opens the port and the browser.
    pub(in crate::cli) async fn open(
        redirect: Option<&Url>,
        provider: &Provider,
        client: &Client,
        scopes: &[String],
    ) -> Result<Self, Failure> {
        let mut redirect = loopback_redirect(redirect)?;
        let door = Loopback::open(redirect.port().unwrap_or(0)).await.map_err(stopped)?;
        let _ = redirect.set_port(Some(door.port())); // an http address takes every port
        let question = AuthorizationRequest::new(provider, &client.id, scopes, redirect.as_str())?;
        let is_started = open::that_detached(question.address.as_str()).is_ok();
        Ok(Self { door, question, is_started })
    }

    /// Whether a browser could be started.
    pub(in crate::cli) fn is_started(&self) -> bool {
        self.is_started
    }

    /// Says what to open.
    pub(in crate::cli) fn tell(&self) {
        print::note(&format!("Open   {}\n{WHY_PRIVATE}", self.question.address));
        if !self.is_started {
            print::note("No browser could be started: open the address in a browser on this machine.");
        }
    }

    /// Waits for the browser.
    pub(in crate::cli) async fn answer(
        self,
        wait: Duration,
        errand: &TokenRequest<'_>,
    ) -> Result<grant::Grant, Failure> {
        let Self { door, question, .. } = self;
        let limits = errand.network.limits.with_step(wait);
        let visit = door.visitor(|target| question.is_answered_by(target), PAGE, &limits).await;
        question.answered(&visit.map_err(|halt| stopped(nobody_came(halt)))?, errand.net)
    }
}

fn stopped(halt: crate::net::Halt) -> Failure {
    Failure::new(Protocol::Authorize, Stage::Authorize, halt.kind, halt.words)
}

/// Entra takes any port for `http://localhost`.
/// <https://learn.microsoft.com/entra/identity-platform/reply-url#localhost-exceptions>
fn loopback_redirect(given: Option<&Url>) -> Result<Url, Failure> {
    let usual = Url::parse("http://localhost/").expect("a plain address");
    let url = given.cloned().unwrap_or(usual);
    if url.scheme() == "http" && matches!(url.host_str(), Some("localhost" | "127.0.0.1")) {
        return Ok(url);
    }
    let words = "--browser needs a redirect URL on http://localhost; use --paste for any other";
    Err(Failure::new(Protocol::Authorize, Stage::Credential, crate::evidence::FailureKind::Missing, words))
}

fn keep(arguments: &Arguments, granted: &Granted) -> Result<(), CliError> {
    match (&arguments.save, &granted.refresh) {
        (Some(file), Some(refresh)) => {
            save(file, refresh).map_err(|error| not_saved(file, &error.to_string()))?;
            print::note(&format!("The refresh token ({}) is in {}.", refresh.size(), file.display()));
            let quoted = toml::Value::String(file.display().to_string());
            print::note(&format!("Below [[account]] in ece-check.toml: refresh_token = {{ file = {quoted} }}"));
        }
        (Some(_), None) => {
            print::note("No refresh token was received, so nothing was saved: offline_access was not granted.");
        }
        (None, Some(refresh)) => {
            print::note(&format!("A refresh token ({}) was received but not saved (use --save FILE).", refresh.size()));
        }
        (None, None) => {}
    }
    Ok(())
}

/// Told before anybody is asked to sign in.
fn savable(file: &Path) -> Result<(), CliError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if file.symlink_metadata().is_ok() {
        return Err(not_saved(file, "it exists"));
    }
    if folder.is_dir() { Ok(()) } else { Err(not_saved(file, "its folder does not exist")) }
}

fn not_saved(file: &Path, why: &str) -> CliError {
    let right = "name a new file in an existing folder; existing files are never overwritten";
    CliError::Usage(format!("{} cannot be written: {why}", file.display()), right.to_owned())
}

fn save(file: &Path, refresh: &Secret) -> io::Result<()> {
    files::write_new(file, format!("{}\n", refresh.expose()).as_bytes(), Access::OwnerOnly)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_file_is_its_owners_alone_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("refresh");
        assert!(savable(&file).is_ok());
        save(&file, &Secret::new("marked")).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "marked\n");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
        assert!(savable(&file).is_err() && save(&file, &Secret::new("other")).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "marked\n");
        assert!(savable(&folder.path().join("no/such/folder")).is_err());
    }

    #[test]
    fn redirect_of_the_browser_stays_on_this_machine() {
        let redirect = |url: &str| loopback_redirect(Some(&Url::parse(url).unwrap()));
        assert_eq!(loopback_redirect(None).unwrap().as_str(), "http://localhost/");
        assert_eq!(redirect("http://127.0.0.1:5000/x").unwrap().port(), Some(5000));
        for wrong in ["https://localhost/", "http://ece.example.com/", "http://localhost.example.com/", "file:///etc"] {
            assert!(redirect(wrong).is_err(), "{wrong}");
        }
    }
}
