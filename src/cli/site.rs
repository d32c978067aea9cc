//! The flags that say where and how to look; `run` and `plan` share them.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Once},
    time::Duration,
};

use clap::Args;
use tokio::{sync::watch, time::Instant};

use super::{
    CliError, catalogue,
    evidence::{self, Given},
    option, print, site_file,
};
use crate::{
    catalogue::Catalogue,
    deployment::{Cloud, Deployment, KnownIds, Mistakes, Role},
    finding::{AskedOfWebex, Flags},
    import,
    lab::Lab,
    net::{
        ConnectOverrides, ConnectTo, Family, Limits, Network, Proxy, Resolve,
        dns::Resolver,
        firewall, java,
        proxy::{self, windows},
        tls::TrustStores,
    },
    plan::{Selection, Site},
    probe::round_trip,
    secret::{Secret, Source},
};

/// The folder that ECE is installed in by default (Cisco tech note 215325).
const ECE_HOME: &str = "C:\\ECE";

/// A shorter password of a proxy is known to the net only behind its user: by itself it may be a word of every report.
const SHORTEST_PASSWORD: usize = 8;

/// The user's file, when none is named and it is there.
pub const DEFAULT_FILE: &str = crate::finding::config_flag::DEFAULT;

#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct Arguments {
    /// Site configuration file [default: ece-check.toml if present]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Name of the site, shown in every report [default: `site` in the configuration file]
    #[arg(long = "site", value_name = "NAME", value_parser = option::name_of_site)]
    name: Option<String>,
    /// Role of this server: services, application or all
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// Microsoft cloud: worldwide, gcc-high, dod or china
    #[arg(long, value_parser = cloud)]
    cloud: Option<Cloud>,
    /// Network checks only (before ECE is installed)
    #[arg(long)]
    pre_install: bool,
    /// Run only these checks or sections and their prerequisites
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    only: Vec<String>,
    /// Skip these checks or sections
    #[arg(long, value_name = "ID,…", value_delimiter = ',')]
    skip: Vec<String>,
    /// Test only N mailboxes, chosen evenly from all; the report names the others as not tested
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub sample: Option<u32>,
    /// Files or folders that colleagues exported (see `ece-check evidence request`; repeatable)
    #[arg(long, value_name = "PATH")]
    evidence: Vec<PathBuf>,
    /// Send a test message from each mailbox to itself and verify delivery
    #[arg(long, conflicts_with = "pre_install")]
    send_mail: bool,
    /// Read what Microsoft Graph shows of Entra ID (GET only). The token is `graph_token` under `[entra]`, or you sign in:
    /// in a browser, with a device code, or auto: in a browser if one starts here, otherwise with a device code
    #[arg(long, value_name = "HOW", value_enum, num_args = 0..=1, require_equals = true, default_missing_value = "auto")]
    pub graph: Option<option::GraphSignIn>,
    /// Ask Webex over SCIM for a user that does not exist, with the provisioning token; with USER, a Webex user name, also
    /// whether Webex knows that user
    #[arg(long, value_name = "USER", num_args = 0..=1, require_equals = true, default_missing_value = "", value_parser = option::webex_user)]
    webex_connect: Option<option::WebexUser>,
    /// Sign in over SMTP and IMAP once more with the libraries lettre and async-imap, and compare the results
    #[arg(long)]
    second_opinion: bool,
    /// Also check this Java trust store (JKS or PKCS12, such as cacerts) [default: those found under the ECE folder]
    #[arg(long, value_name = "FILE")]
    java_trust_store: Vec<PathBuf>,
    /// Environment variable with the password of the Java trust store
    #[arg(long, value_name = "NAME", requires = "java_trust_store")]
    java_trust_store_password_env: Option<String>,
    #[command(flatten)]
    pub reach: NetworkArgs,
    #[command(flatten)]
    pub catalogue: catalogue::Arguments,
}

/// The flags that say how the network is used; every command has them that opens a connection.
#[derive(Clone, Debug, Args)]
#[group(skip)]
pub struct NetworkArgs {
    /// Use ADDR for HOST:PORT (like curl)
    #[arg(long, value_name = "HOST:PORT:ADDR", value_parser = option::resolve)]
    resolve: Vec<Resolve>,
    /// Connect to HOST2:PORT2 instead of HOST:PORT (like curl)
    #[arg(long, value_name = "HOST:PORT:HOST2:PORT2", value_parser = option::connect_to)]
    connect_to: Vec<ConnectTo>,
    /// Use this DNS server instead of the system's
    #[arg(long, value_name = "ADDR[:PORT]", value_parser = option::dns_server)]
    dns_server: Vec<SocketAddr>,
    /// IPv4 only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// IPv6 only
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Also trust the CA certificates in this PEM file
    #[arg(long, value_name = "PEM")]
    ca_file: Vec<PathBuf>,
    /// Use this HTTP proxy for HTTPS (`NO_PROXY` is honored); the direct connection is tested as well
    /// [default: proxy of the environment or of Windows]
    #[arg(long, value_name = "URL", conflicts_with = "no_proxy")]
    proxy: Option<String>,
    /// Ignore all proxy settings
    #[arg(long)]
    no_proxy: bool,
}

/// What was read, with each id that the catalogue does not know among the mistakes. The causes are read only where the
/// file may name one.
pub fn with_known_ids(read: Result<Deployment, Mistakes>, catalogue: &Catalogue) -> Result<Deployment, Mistakes> {
    if !read.as_ref().map_or_else(Mistakes::name_ids, Deployment::names_ids) {
        return read;
    }
    let checks: Vec<&str> = catalogue.checks.iter().map(|check| check.id.as_str()).collect();
    let causes: Vec<&str> = catalogue.causes.iter().map(|cause| cause.code.as_str()).collect();
    let known =
        KnownIds { checks: &checks, causes: &causes, of_evidence: &catalogue.of_evidence(), hosts: &catalogue.hosts() };
    match read {
        Ok(deployment) => deployment.with_known_ids(known),
        Err(mistakes) => Err(mistakes.with_unknown_ids(known)),
    }
}

fn as_named(files: &[PathBuf]) -> Vec<String> {
    files.iter().map(|file| file.display().to_string()).collect()
}

fn role(text: &str) -> Result<Role, String> {
    text.to_ascii_lowercase().parse()
}

pub fn cloud(text: &str) -> Result<Cloud, String> {
    text.to_ascii_lowercase().parse()
}

impl Arguments {
    /// The user's file, the lab's own, or nothing.
    ///
    /// # Errors
    /// The first mistake in the file.
    pub fn deployment(&self, lab: Option<&Lab>) -> Result<Deployment, CliError> {
        Ok(match (&self.config, lab) {
            (Some(file), Some(_)) => Deployment::read_sample(file)?,
            (config, None) => return read_site(config.as_deref(), &self.reach),
            (None, Some(lab)) => {
                if Path::new(DEFAULT_FILE).exists() {
                    print::note("ece-check.toml is ignored with --lab; use -c ece-check.toml to test with it");
                }
                Deployment::parse_sample("the lab's own file", lab.deployment())?
            }
        })
    }

    /// The user's file, with every waiver and attestation about what there is: any other would never take effect.
    pub fn deployment_with(&self, catalogue: &Catalogue, lab: Option<&Lab>) -> Result<Deployment, CliError> {
        match self.deployment(lab) {
            Ok(deployment) => Ok(with_known_ids(Ok(deployment), catalogue)?),
            Err(CliError::Site(mistakes)) => Ok(with_known_ids(Err(mistakes), catalogue)?),
            Err(other) => Err(other),
        }
    }

    /// The same of a command that connects nowhere: the file that `ece-check lab` prints is as good as any.
    ///
    /// # Errors
    /// Every mistake in the file.
    pub fn deployment_unconnected(&self, catalogue: &Catalogue) -> Result<Deployment, CliError> {
        Ok(with_known_ids(read_site_unconnected(self.config.as_deref()), catalogue)?)
    }

    /// The role of this server: the flag's, the file's, or both roles.
    pub fn role(&self, deployment: &Deployment) -> Role {
        self.role.or(deployment.ece.role).unwrap_or(Role::All)
    }

    /// The Microsoft cloud: the flag's, the file's, or the worldwide one.
    pub fn cloud(&self, deployment: &Deployment) -> Cloud {
        self.cloud.or(deployment.entra.cloud).unwrap_or(Cloud::Worldwide)
    }

    /// The file that is read, as a command line names it; the lab brings its own.
    pub fn config(&self, lab: bool) -> Option<String> {
        let default = Path::new(DEFAULT_FILE);
        let named = self.config.as_deref().or_else(|| (!lab && default.exists()).then_some(default));
        named.map(|file| file.display().to_string())
    }

    /// The name of the site: the flag's, or the file's.
    pub fn name(&self, deployment: &Deployment) -> Option<String> {
        self.name.clone().or_else(|| deployment.site.clone())
    }

    /// What the plan needs to know of the site.
    pub fn site(&self, deployment: &Deployment, catalogue: &Catalogue, lab: bool) -> Site {
        let site = Site::of(deployment, &catalogue.tables, self.cloud(deployment), self.role(deployment));
        let send_mail = self.send_mail.then_some(round_trip::LONGEST_WAIT);
        let site = if lab { site.as_of_the_tables() } else { site };
        let asked = self.webex_connect.as_ref();
        let scim = asked.and_then(|user| site.question_to_webex(user.0.as_deref()));
        Site {
            java: !self.java_files(deployment, lab).is_empty(),
            send_mail,
            scim,
            second_opinion: self.second_opinion,
            ..site
        }
    }

    /// The files of `--evidence` and of the site file.
    ///
    /// # Errors
    /// When none of the files can be used.
    pub fn evidence_files(&self, deployment: &Deployment) -> Result<Given, CliError> {
        evidence::read_evidence(&self.evidence, deployment)
    }

    /// The files of `--evidence`, as the command line names them.
    pub fn named_evidence(&self) -> Vec<String> {
        as_named(&self.evidence)
    }

    /// The files that the command line names to be read, and the site file of the folder.
    pub fn read(&self) -> impl Iterator<Item = &Path> {
        let config = self.config.as_deref().unwrap_or(Path::new(DEFAULT_FILE));
        let named = self.evidence.iter().chain(&self.java_trust_store).chain(&self.reach.ca_file);
        std::iter::once(config).chain(named.map(PathBuf::as_path))
    }

    /// What else of the command line a repetition needs.
    pub fn flags(&self) -> Flags {
        Flags {
            ca_files: as_named(&self.reach.ca_file),
            java_trust_stores: as_named(&self.java_trust_store),
            java_password: self.java_trust_store_password_env.is_some(),
            checks: self.catalogue.folder().map(|folder| folder.display().to_string()),
            no_proxy: self.reach.no_proxy,
            webex_connect: self
                .webex_connect
                .as_ref()
                .map(|user| if user.0.is_some() { AskedOfWebex::NamedUser } else { AskedOfWebex::MadeUpUser }),
        }
    }

    /// The files of `--evidence` and of the site file, each by itself.
    pub fn evidence_paths(&self, deployment: &Deployment) -> Vec<PathBuf> {
        let named = self.evidence.iter().chain(&deployment.evidence.files);
        named.filter_map(|path| import::files_of(path).ok()).flatten().collect()
    }

    /// True when a message is sent from each mailbox.
    pub fn sends_mail(&self) -> bool {
        self.send_mail
    }

    /// Java's trust stores: the flag's, the file's, or those found below ECE's folder. The lab has no Java.
    fn java_files(&self, deployment: &Deployment, lab: bool) -> Vec<PathBuf> {
        if !self.java_trust_store.is_empty() {
            return self.java_trust_store.clone();
        }
        if let Some(file) = &deployment.ece.java_trust_store {
            return vec![file.clone()];
        }
        if lab && deployment.ece.home.is_none() { Vec::new() } else { java::discover(&home(deployment)) }
    }

    /// Reads Java's trust stores.
    ///
    /// # Errors
    /// When one cannot be read, or the password is wrong.
    pub fn java_stores(&self, deployment: &Deployment, lab: bool) -> Result<Vec<java::Store>, CliError> {
        let source = self.java_trust_store_password_env.clone().map(Source::Env);
        let source = source.or_else(|| deployment.ece.java_trust_store_password.clone());
        let password = source.map(|source| read_password(&source)).transpose()?;
        let stores = self.java_files(deployment, lab).into_iter().map(|file| java::read(&file, password.as_ref()));
        if !self.java_trust_store.is_empty() || deployment.ece.java_trust_store.is_some() {
            return Ok(stores.collect::<Result<_, _>>()?);
        }
        // one that was only come upon is no reason to look at nothing
        let told = |store: Result<java::Store, java::BadStore>| {
            store.inspect_err(|bad| print::note(&format!("not asked: {bad}"))).ok()
        };
        Ok(stores.filter_map(told).collect())
    }

    /// True when Webex is asked for by name, or by a flag of its own: the lab then has a section for it.
    pub fn asks_for_webex(&self) -> bool {
        self.webex_connect.is_some() || self.only.iter().any(|word| word.starts_with("webex"))
    }

    /// What the user chose.
    pub fn selection(&self) -> Selection {
        Selection {
            only: self.only.clone(),
            skip: self.skip.clone(),
            pre_install: self.pre_install,
            sample: self.sample,
        }
    }

    /// The network as the user wants it used, with Java's stores to be asked beside.
    ///
    /// # Errors
    /// When a file of certificates cannot be read, or a proxy setting cannot be used.
    pub fn network(&self, deployment: &Deployment, lab: Option<&Lab>, limits: Limits) -> Result<Network, CliError> {
        let stores = self.java_stores(deployment, lab.is_some())?;
        let trust = self.reach.trust(lab)?.with_java(stores);
        self.reach.network_trusting(trust, lab, limits)
    }
}

impl NetworkArgs {
    /// The overrides, with those of the lab behind the user's own.
    ///
    /// # Errors
    /// When a proxy setting cannot be used.
    pub fn overrides(&self, lab: Option<&Lab>) -> Result<ConnectOverrides, CliError> {
        let of_lab = lab.into_iter().flat_map(Lab::connections).map(|connection| ConnectTo {
            host: connection.address.ip().to_string(),
            port: connection.address.port(),
            to_host: connection.to.ip().to_string(),
            to_port: connection.to.port(),
        });
        Ok(ConnectOverrides {
            resolve: self.resolve.clone(),
            connect_to: self.connect_to.iter().cloned().chain(of_lab).collect(),
            proxy: self.proxy(lab)?,
            only_mapped: lab.is_some(),
        })
    }

    /// True when the proxy is named, and not left to what this host says.
    pub fn names_a_proxy(&self) -> bool {
        self.proxy.is_some()
    }

    /// The proxy: the flag's, or what the environment or Windows says. The lab knows its own alone.
    fn proxy(&self, lab: Option<&Lab>) -> Result<Option<Proxy>, CliError> {
        if self.no_proxy {
            return Ok(None);
        }
        let Some(setting) = &self.proxy else {
            if let Some(lab) = lab {
                return Ok(lab.proxy().map(|setting| Proxy::read(setting, "the lab")).transpose()?);
            }
            let of_environment = Proxy::of_environment(|name| std::env::var(name).ok())?;
            return Ok(of_environment.or_else(|| windows::stored().proxy()).inspect(known));
        };
        let proxy = Proxy::read(setting, "--proxy")?;
        let port = format!(":{}", proxy.port);
        if !setting.trim_end_matches('/').ends_with(&port) {
            // a plan and its run read the flag twice
            static TOLD: Once = Once::new();
            TOLD.call_once(|| {
                print::note(&format!("--proxy names no port: {proxy} is used; write HOST:PORT for another"));
            });
        }
        if proxy.credentials.is_some() {
            let wrong = "--proxy holds a password, and the argument list is no place for one";
            return Err(CliError::Usage(
                wrong.to_owned(),
                "set HTTPS_PROXY in the environment, with user and password".to_owned(),
            ));
        }
        Ok(Some(Proxy { not_for: proxy::exceptions(|name| std::env::var(name).ok()), ..proxy }))
    }

    /// The script that chooses the proxy, where Windows names one and nothing else says which proxy is used.
    pub fn proxy_script(&self, overrides: &ConnectOverrides, lab: bool) -> Option<String> {
        let is_settled = self.no_proxy || lab || overrides.proxy.is_some();
        if is_settled { None } else { windows::stored().script() }
    }

    /// The DNS servers of `--dns-server`, as it takes them.
    pub fn named_dns_servers(&self) -> Vec<String> {
        let text = |server: &SocketAddr| match server.port() {
            53 => server.ip().to_string(),
            _ => server.to_string(),
        };
        self.dns_server.iter().map(text).collect()
    }

    /// The IP version of `-4` or `-6`.
    pub fn chosen_ip_version(&self) -> Option<String> {
        match self.family() {
            Family::Both => None,
            Family::V4 => Some("IPv4".to_owned()),
            Family::V6 => Some("IPv6".to_owned()),
        }
    }

    pub fn family(&self) -> Family {
        match (self.ipv4, self.ipv6) {
            (true, _) => Family::V4,
            (_, true) => Family::V6,
            _ => Family::Both,
        }
    }

    /// The resolvers that will be asked; reads the system's settings and asks nobody.
    pub fn resolver(&self, lab: Option<&Lab>) -> Resolver {
        match lab {
            _ if !self.dns_server.is_empty() => Resolver::with_servers(self.dns_server.clone()),
            Some(lab) => Resolver::with_servers(vec![lab.dns_server()]),
            None => Resolver::system(),
        }
    }

    /// The network as the user wants it used.
    ///
    /// # Errors
    /// When the file of `--ca-file` cannot be read, or a proxy setting cannot be used.
    pub fn network(&self, lab: Option<&Lab>, limits: Limits) -> Result<Network, CliError> {
        self.network_trusting(self.trust(lab)?, lab, limits)
    }

    fn trust(&self, lab: Option<&Lab>) -> Result<TrustStores, CliError> {
        Ok(match lab {
            Some(lab) => TrustStores::of_pem(lab.ca_pem()).with_ca_files(&self.ca_file)?,
            None => TrustStores::load(&self.ca_file)?,
        })
    }

    fn network_trusting(&self, trust: TrustStores, lab: Option<&Lab>, limits: Limits) -> Result<Network, CliError> {
        Ok(Network {
            resolver: Arc::new(self.resolver(lab)),
            overrides: self.overrides(lab)?,
            family: self.family(),
            trust: Arc::new(trust),
            firewall: if lab.is_some() { None } else { firewall::of_windows().map(Arc::new) },
            limits,
        })
    }
}

/// The site file: the one that is named, or `ece-check.toml` when it is there, or nothing.
///
/// # Errors
/// Every mistake in the file.
pub fn read_site(config: Option<&Path>, reach: &NetworkArgs) -> Result<Deployment, CliError> {
    named(config).map_or_else(|| Ok(Deployment::default()), |file| read(file, reach))
}

/// The same for a command that connects nowhere.
///
/// # Errors
/// Every mistake in the file.
pub fn read_site_unconnected(config: Option<&Path>) -> Result<Deployment, Mistakes> {
    named(config).map_or_else(|| Ok(Deployment::default()), site_file::read_own_or_of_a_lab)
}

fn named(config: Option<&Path>) -> Option<&Path> {
    let default = Path::new(DEFAULT_FILE);
    config.or_else(|| default.exists().then_some(default))
}

/// The file that `ece-check lab` prints is full of sample values, and is good where that lab is asked for the names: a
/// DNS server on loopback with a port of its own.
fn read(file: &Path, reach: &NetworkArgs) -> Result<Deployment, CliError> {
    let servers = &reach.dns_server;
    let meets_a_lab = !servers.is_empty() && servers.iter().all(|at| at.ip().is_loopback() && at.port() != 53);
    match site_file::read(file)? {
        (_, true) if !meets_a_lab => Err(CliError::Usage(
            format!("{} is the site file of ece-check lab, and Microsoft has no such tenant", file.display()),
            "add the flags that ece-check lab prints with it, such as --dns-server".to_owned(),
        )),
        (site, _) => Ok(site),
    }
}

/// The folder of ECE, when it is there. In the lab only the one that the file names counts.
pub fn ece_home(deployment: &Deployment, lab: bool) -> Option<String> {
    let is_asked = !lab || deployment.ece.home.is_some();
    Some(home(deployment)).filter(|home| is_asked && home.is_dir()).map(|home| home.display().to_string())
}

fn home(deployment: &Deployment) -> PathBuf {
    deployment.ece.home.clone().unwrap_or_else(|| PathBuf::from(ECE_HOME))
}

/// A proxy that quotes the password must not get it into a report.
fn known(proxy: &Proxy) {
    let Some(credentials) = &proxy.credentials else { return };
    print::net().add(credentials);
    let password = credentials.expose().split_once(':').map(|(_, password)| password).unwrap_or_default();
    known_password(&Secret::new(password));
}

/// A word that everybody uses, or a short one, hides nothing: it would only be cut out of the report's own words.
fn known_password(password: &Secret) {
    if password.len() >= SHORTEST_PASSWORD && password.expose() != java::DEFAULT_PASSWORD {
        print::net().add(password);
    }
}

fn read_password(source: &Source) -> Result<Secret, CliError> {
    let Source::Env(name) = source else {
        let right = "write java_trust_store_password = { env = \"NAME\" }";
        return Err(CliError::Usage(
            "the password of a Java trust store is read from the environment only".to_owned(),
            right.to_owned(),
        ));
    };
    let missing = || {
        CliError::Usage(
            format!("the environment variable {name} is not set"),
            "set it to the store's password".to_owned(),
        )
    };
    std::env::var(name).map(Secret::new).map_err(|_| missing()).inspect(known_password)
}

/// So many tests run at once, unless the user says otherwise.
pub const USUAL_JOBS: u16 = 64;
/// A run of few mailboxes may take as long as this, in seconds.
const LEAST_SECONDS: usize = 60;
/// What names, services and tokens may take of it, in seconds.
const BEFORE_SIGN_INS: usize = 30;
/// What a sign-in may take, in seconds: 20 round trips of 100 ms.
const A_SIGN_IN: usize = 2;
/// So many sessions of one SMTP user are open at once.
const SESSIONS_OF_A_USER: usize = 2;

/// How long a run may take that the user sets no limit to: an hour at most. What decides is the longest row of sign-ins
/// that wait for each other, those of one SMTP user, or all of them among so many jobs.
pub fn usual_deadline(deployment: &Deployment, jobs: u16, sample: Option<u32>) -> Duration {
    let most = sample.and_then(|sample| usize::try_from(sample).ok()).unwrap_or(usize::MAX);
    let rows = deployment.accounts.iter().map(|account| match account.signs_in_as {
        Some(_) => account.mailboxes.len().min(most).div_ceil(SESSIONS_OF_A_USER),
        None => 1,
    });
    let all = deployment.accounts.iter().map(|account| account.mailboxes.len()).sum::<usize>().min(most);
    let sign_ins = rows.max().unwrap_or_default().max((2 * all).div_ceil(usize::from(jobs)));
    let seconds = (BEFORE_SIGN_INS + A_SIGN_IN * sign_ins).clamp(LEAST_SECONDS, 3_600);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX))
}

/// Limits that begin now, and what ends them early.
pub fn limits(step: Duration, deadline: Duration) -> (Limits, watch::Sender<bool>) {
    let (interruption, interrupted) = watch::channel(false);
    (Limits::new(step, Instant::now() + deadline, interrupted), interruption)
}
