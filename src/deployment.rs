//! The user's file: ECE's level and addresses, the Entra application, accounts and mailboxes, further endpoints.
//!
//! In: a TOML file that a person wrote, or a text. Out: a [`Deployment`], every part of which may be missing, or the
//! first [`Mistake`] with its line and its remedy. Secrets are named by where they are kept and are never read here; a
//! secret that stands in the file itself is refused, and no message repeats it. The form of ECE's own addresses is not
//! judged here: that is what the checks `url.*` are for.

mod left_over;

use std::{
    collections::BTreeSet,
    net::IpAddr,
    path::{Path, PathBuf},
    str::FromStr,
};

use jiff::civil::Date;
use uuid::Uuid;

use crate::{
    evidence::Protocol,
    oauth::{ClientCredential, Papers, TokenSource},
    probe::{
        url::{is_web_address, normal, shown},
        version::{Level, NotALevel, Release, Stated},
    },
    secret::Source,
    table::{At, Document, Mistake, Scalar, Table, did_you_mean},
};

/// The user's file. Every part may be missing; what a check then lacks, its finding asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// `[ece]`
    pub ece: Ece,
    /// `[entra]`
    pub entra: Entra,
    /// `[[account]]`
    pub accounts: Vec<Account>,
    /// `[[endpoint]]`
    pub endpoints: Vec<Endpoint>,
}

/// What the file says of ECE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ece {
    /// `release` and `installed` together.
    pub stated: Option<Stated>,
    /// The role of this server.
    pub role: Option<Role>,
    /// The external URL, as typed.
    pub external_url: Option<String>,
    /// What people type to open the console, as typed.
    pub console_url: Option<String>,
    /// The redirect URL that ECE sends, as typed.
    pub redirect_url: Option<String>,
    /// The folder that ECE is installed in.
    pub home: Option<PathBuf>,
    /// The trust store of the Java that ECE runs on.
    pub java_trust_store: Option<PathBuf>,
    /// Where the password of that store is kept.
    pub java_trust_store_password: Option<Source>,
}

/// What the file says of the Entra application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entra {
    /// The Microsoft cloud.
    pub cloud: Option<Cloud>,
    /// The tenant: a GUID or a domain, in lower case.
    pub tenant: Option<String>,
    /// The application (client) id.
    pub client_id: Option<Uuid>,
    /// What the application proves itself with: its secret, or a certificate.
    pub proof: Option<ClientCredential>,
    /// The last day of the client secret.
    pub secret_expires: Option<Date>,
    /// The redirect URLs as registered, as typed; empty when not stated.
    pub redirect_urls: Vec<String>,
}

/// An account as ECE has it: one token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its name in ECE.
    pub name: String,
    /// The user whose token it is.
    pub signs_in_as: Option<String>,
    /// The token of the account.
    pub credential: Option<TokenSource>,
    /// How mail is fetched.
    pub inbound: Option<Inbound>,
    /// The mailboxes that are read and sent from; never empty.
    pub mailboxes: Vec<String>,
}

/// How mail is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inbound {
    /// Over IMAP.
    Imap,
    /// Over POP3.
    Pop3,
}

/// What else this site needs to reach.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name in the report.
    pub name: String,
    /// A host name in the form of DNS, or an IP address.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is spoken there; [`Protocol::Tcp`] when only the connection counts.
    pub protocol: Protocol,
}

/// The role of a server in ECE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The services server: retriever, dispatcher, every refresh of a token.
    Services,
    /// An application server: the first token, alarm mail.
    Application,
    /// Both on one machine.
    All,
}

impl Role {
    /// The words of the file and of `--role`.
    pub const WORDS: &[(&str, Self)] =
        &[("services", Self::Services), ("application", Self::Application), ("all", Self::All)];

    /// The word of this role.
    #[must_use]
    pub fn word(self) -> &'static str {
        word_of(self, Self::WORDS)
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        value_of(text, Self::WORDS)
    }
}

/// A Microsoft cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cloud {
    /// Worldwide; GCC too.
    Worldwide,
    /// US government, GCC High.
    GccHigh,
    /// US government, Department of Defense.
    Dod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// The words of the file and of `--cloud`; also the ids in `checks/tables/clouds.toml`.
    pub const WORDS: &[(&str, Self)] =
        &[("worldwide", Self::Worldwide), ("gcc-high", Self::GccHigh), ("dod", Self::Dod), ("china", Self::China)];

    /// The word of this cloud.
    #[must_use]
    pub fn word(self) -> &'static str {
        word_of(self, Self::WORDS)
    }
}

impl FromStr for Cloud {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        value_of(text, Self::WORDS)
    }
}

/// The keys that a check may want, as `section.key`.
pub const KEYS: &[&str] = &[
    "ece.release",
    "ece.role",
    "ece.external_url",
    "ece.console_url",
    "ece.redirect_url",
    "ece.java_trust_store",
    "entra.cloud",
    "entra.tenant",
    "entra.client_id",
    "entra.client_secret",
    "entra.client_certificate",
    "entra.secret_expires",
    "entra.redirect_urls",
    "account",
    "endpoint",
];

impl Deployment {
    /// Reads the user's file.
    ///
    /// # Errors
    /// The first mistake, with file, line and remedy.
    pub fn read(path: &Path) -> Result<Self, Mistake> {
        checked(&Document::read(path)?)
    }

    /// Reads a file in which the sample's values may stand, for a run against the lab.
    ///
    /// # Errors
    /// The first mistake, with file, line and remedy.
    pub fn read_sample(path: &Path) -> Result<Self, Mistake> {
        parsed(&Document::read(path)?)
    }

    /// Reads a text as the user's file; `name` is what mistakes call it.
    ///
    /// # Errors
    /// The first mistake, with line and remedy.
    pub fn parse(name: &str, text: &str) -> Result<Self, Mistake> {
        checked(&Document::new(name, text))
    }

    /// Reads a text in which the sample's values may stand: the lab's own deployment lives at `example.com`.
    ///
    /// # Errors
    /// The first mistake, with line and remedy.
    pub fn parse_sample(name: &str, text: &str) -> Result<Self, Mistake> {
        parsed(&Document::new(name, text))
    }

    /// True when the file says something for one of [`KEYS`], or for one of several written as `a or b`.
    #[must_use]
    pub fn gives(&self, wanted: &str) -> bool {
        wanted.split(" or ").any(|key| self.gives_key(key.trim()))
    }

    fn gives_key(&self, key: &str) -> bool {
        match key {
            "ece.release" => self.ece.stated.is_some(),
            "ece.role" => self.ece.role.is_some(),
            "ece.external_url" => self.ece.external_url.is_some(),
            "ece.console_url" => self.ece.console_url.is_some(),
            "ece.redirect_url" => self.ece.redirect_url.is_some(),
            "ece.java_trust_store" => self.ece.java_trust_store.is_some(),
            "entra.cloud" => self.entra.cloud.is_some(),
            "entra.tenant" => self.entra.tenant.is_some(),
            "entra.client_id" => self.entra.client_id.is_some(),
            "entra.client_secret" => matches!(self.entra.proof, Some(ClientCredential::Secret(_))),
            "entra.client_certificate" => matches!(self.entra.proof, Some(ClientCredential::Certificate(_))),
            "entra.secret_expires" => self.entra.secret_expires.is_some(),
            "entra.redirect_urls" => !self.entra.redirect_urls.is_empty(),
            "account" => !self.accounts.is_empty(),
            "endpoint" => !self.endpoints.is_empty(),
            _ => false,
        }
    }
}

/// Structure first, then left-overs: who misspelt a key hears of that before hearing that the file is still a sample.
fn checked(document: &Document) -> Result<Deployment, Mistake> {
    let deployment = parsed(document)?;
    left_over::refuse_samples(document)?;
    Ok(deployment)
}

fn parsed(document: &Document) -> Result<Deployment, Mistake> {
    left_over::refuse_secrets(document)?;
    let mut top = document.table()?;
    let ece = top.table("ece")?.map(ece).transpose()?.unwrap_or_default();
    let entra = top.table("entra")?.map(entra).transpose()?.unwrap_or_default();
    let accounts = accounts(top.tables("account")?)?;
    let endpoints = endpoints(top.tables("endpoint")?)?;
    close(top)?;
    Ok(Deployment { ece, entra, accounts, endpoints })
}

fn ece(mut table: Table<'_>) -> Result<Ece, Mistake> {
    let ece = Ece {
        stated: stated(&mut table)?,
        role: table.choice("role", Role::WORDS)?.map(|role| role.value),
        external_url: url(&mut table, "external_url")?,
        console_url: url(&mut table, "console_url")?,
        redirect_url: url(&mut table, "redirect_url")?,
        home: text(&mut table, "home")?.map(|at| at.value.into()),
        java_trust_store: text(&mut table, "java_trust_store")?.map(|at| at.value.into()),
        java_trust_store_password: secret(&mut table, "java_trust_store_password")?,
    };
    close(table)?;
    Ok(ece)
}

fn entra(mut table: Table<'_>) -> Result<Entra, Mistake> {
    let entra = Entra {
        cloud: table.choice("cloud", Cloud::WORDS)?.map(|cloud| cloud.value),
        tenant: text(&mut table, "tenant")?.map(|at| at.parse(|text| tenant(text))).transpose()?.map(|at| at.value),
        client_id: text(&mut table, "client_id")?.map(|at| at.parse(|text| guid(text))).transpose()?.map(|at| at.value),
        proof: proof(&mut table)?,
        secret_expires: date(&mut table, "secret_expires")?,
        redirect_urls: each(&mut table, "redirect_urls", web_address)?.unwrap_or_default(),
    };
    close(table)?;
    Ok(entra)
}

fn accounts(tables: Vec<Table<'_>>) -> Result<Vec<Account>, Mistake> {
    let mut accounts: Vec<Account> = Vec::new();
    for mut table in tables {
        let name = name(&mut table, "account", accounts.iter().map(|account| account.name.as_str()))?;
        let account = Account {
            name,
            signs_in_as: mail_address_at(&mut table, "signs_in_as")?,
            credential: credential(&mut table)?,
            inbound: table
                .choice("inbound", &[("imap", Inbound::Imap), ("pop3", Inbound::Pop3)])?
                .map(|inbound| inbound.value),
            mailboxes: mailboxes(&mut table, &accounts)?,
        };
        close(table)?;
        accounts.push(account);
    }
    Ok(accounts)
}

fn endpoints(tables: Vec<Table<'_>>) -> Result<Vec<Endpoint>, Mistake> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for mut table in tables {
        let name = name(&mut table, "endpoint", endpoints.iter().map(|endpoint| endpoint.name.as_str()))?;
        let host = table.required("host")?.parse(|text| host(text))?.value;
        let port = port(&mut table)?;
        let protocol = table.choice("protocol", PROTOCOLS)?.map_or_else(|| usual_protocol(port), |at| at.value);
        close(table)?;
        endpoints.push(Endpoint { name, host, port, protocol });
    }
    Ok(endpoints)
}

const PROTOCOLS: &[(&str, Protocol)] = &[
    ("https", Protocol::Https),
    ("smtp", Protocol::Smtp),
    ("imap", Protocol::Imap),
    ("pop3", Protocol::Pop3),
    ("tcp", Protocol::Tcp),
];

/// What is spoken on a port by its registration (IANA): 587 submission, 993 imaps, 995 pop3s.
fn usual_protocol(port: u16) -> Protocol {
    match port {
        443 => Protocol::Https,
        587 => Protocol::Smtp,
        993 => Protocol::Imap,
        995 => Protocol::Pop3,
        _ => Protocol::Tcp,
    }
}

fn close(table: Table<'_>) -> Result<(), Mistake> {
    const SECRETS: [&str; 6] = ["password", "passwd", "pwd", "secret", "token", "bearer"];
    let keys = table.keys();
    let secret = keys.iter().find(|key| SECRETS.contains(&key.value.to_ascii_lowercase().as_str()));
    match secret {
        Some(key) => Err(key.mistake(format!("{} is no key, and no secret belongs in this file", key.value), KEEP_IT)),
        None => table.close(),
    }
}

const KEEP_IT: &str = "say where the secret is kept: { env = \"NAME\" }, { file = \"PATH\" } or { command = \"…\" }, as \
                       client_secret, access_token or refresh_token";

// ---- level ----

/// `release` and `installed`, which may each carry what the other says.
fn stated(table: &mut Table<'_>) -> Result<Option<Stated>, Mistake> {
    let release = text(table, "release")?.map(|at| at.parse(|text| level("ece.release", text))).transpose()?;
    let installed = table.texts("installed")?.map(|at| at.parse(|texts| levels(texts))).transpose()?;
    if let Some(at) = release.as_ref().filter(|at| at.value.release.is_none()) {
        return Err(at.mistake(
            "ece.release names a package and no release",
            "write release = \"12.6(1)\", and the package under installed",
        ));
    }
    let Some(place) = release.as_ref().map(At::place).or_else(|| installed.as_ref().map(At::place)) else {
        return Ok(None);
    };
    let all: Vec<Level> =
        release.iter().map(|at| at.value).chain(installed.into_iter().flat_map(|at| at.value)).collect();
    let releases: BTreeSet<Release> = all.iter().filter_map(|level| level.release).collect();
    let packages = all.iter().filter_map(|level| level.package).collect();
    match releases.iter().copied().collect::<Vec<_>>()[..] {
        [release] => Ok(Some(Stated { release, packages })),
        [] => Err(place.mistake("ece.installed names packages, but of which release?", "add release = \"12.6(1)\"")),
        [first, second, ..] => Err(place.mistake(
            format!("ece.release and ece.installed name two releases, {first} and {second}"),
            "name only the packages under installed, as in [\"ES6\", \"ES6_ET1\"]",
        )),
    }
}

type Refusal = (String, String);

fn level(key: &str, text: &str) -> Result<Level, Refusal> {
    text.parse()
        .map_err(|_: NotALevel| (format!("{key}: \"{text}\" is not a level of ECE"), NotALevel::REMEDY.to_owned()))
}

fn levels(texts: &[String]) -> Result<Vec<Level>, Refusal> {
    texts.iter().map(|text| level("ece.installed", text)).collect()
}

// ---- single values ----

/// The text at a key: of one line, and of a length that a person writes.
fn text<'d>(table: &mut Table<'d>, key: &str) -> Result<Option<At<'d, String>>, Mistake> {
    let Some(found) = table.text(key)? else { return Ok(None) };
    found.parse(|text| decent(text)).map(Some)
}

/// The longest value that is taken, in bytes.
const LONGEST: usize = 2000;

fn decent(text: &str) -> Result<String, Refusal> {
    if text.len() > LONGEST {
        let right = format!("write at most {LONGEST}; a secret has no place here");
        return Err((format!("this value has {} bytes", text.len()), right));
    }
    if text.chars().any(char::is_control) {
        return Err(("there is a control character in this value".to_owned(), "write it in one line".to_owned()));
    }
    Ok(text.to_owned())
}

/// The list of texts at a key, each turned by `turn`.
fn each(
    table: &mut Table<'_>,
    key: &str,
    turn: impl Fn(&str) -> Result<String, Refusal>,
) -> Result<Option<Vec<String>>, Mistake> {
    let Some(found) = table.texts(key)? else { return Ok(None) };
    let all = found.parse(|texts| texts.iter().map(|text| decent(text).and_then(|text| turn(&text))).collect())?;
    Ok(Some(all.value))
}

fn name<'n>(table: &mut Table<'_>, what: &str, mut taken: impl Iterator<Item = &'n str>) -> Result<String, Mistake> {
    let found = table.required("name")?.parse(|text| decent(text))?;
    match taken.find(|other| other.eq_ignore_ascii_case(&found.value)) {
        Some(other) => {
            Err(found
                .mistake(format!("there are two of the name \"{other}\""), format!("give each {what} its own name")))
        }
        None => Ok(found.value),
    }
}

fn url(table: &mut Table<'_>, key: &str) -> Result<Option<String>, Mistake> {
    let Some(found) = text(table, key)? else { return Ok(None) };
    found.parse(|text| web_address(text)).map(|at| Some(at.value))
}

/// The address as typed, when it has a scheme and a host. No more is asked: its form is judged by the checks.
fn web_address(text: &str) -> Result<String, Refusal> {
    if has_password(text) {
        let right = "take what stands between :// and @ out, and change that password";
        return Err(("there is a password in this address".to_owned(), right.to_owned()));
    }
    if is_web_address(text) {
        return Ok(text.to_owned());
    }
    let right = match normal(text.trim()) {
        Some(host) if !text.contains("://") => format!("write https://{host}"),
        _ => "write it as in https://ece.yourcompany.com".to_owned(),
    };
    Err((format!("\"{}\" is not a web address", shown(text)), right))
}

fn has_password(url: &str) -> bool {
    let authority = url.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
    authority.and_then(|authority| authority.rsplit_once('@')).is_some_and(|(user, _)| user.contains(':'))
}

/// A tenant's GUID or domain. The value is not repeated when it is neither: it may be a secret in the wrong line.
fn tenant(text: &str) -> Result<String, Refusal> {
    if is_guid(text) {
        return Ok(text.to_ascii_lowercase());
    }
    if ["common", "organizations", "consumers"].contains(&text.to_ascii_lowercase().as_str()) {
        let wrong = format!("{text} stands for any tenant; ECE's application belongs to one");
        return Err((wrong, TENANT.to_owned()));
    }
    let domain = normal(text).filter(|name| name.contains('.') && name.parse::<IpAddr>().is_err());
    domain.ok_or_else(|| ("entra.tenant is neither a GUID nor a domain".to_owned(), TENANT.to_owned()))
}

const TENANT: &str = "write the directory (tenant) id, or the domain as in yourcompany.onmicrosoft.com";

/// An application id. The value is not repeated: it may be a secret in the wrong line.
fn guid(text: &str) -> Result<Uuid, Refusal> {
    let found = if is_guid(text) { Uuid::try_parse(text).ok() } else { None };
    found.ok_or_else(|| {
        let right = "copy the application (client) id from Entra: 32 hexadecimal digits in groups of 8-4-4-4-12";
        ("entra.client_id is not a GUID".to_owned(), right.to_owned())
    })
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

fn mail_address_at(table: &mut Table<'_>, key: &str) -> Result<Option<String>, Mistake> {
    let Some(found) = text(table, key)? else { return Ok(None) };
    found.parse(|text| mail_address(text)).map(|at| Some(at.value))
}

fn mail_address(text: &str) -> Result<String, Refusal> {
    let parts = text.split_once('@').filter(|(user, _)| !user.is_empty() && !text.contains(char::is_whitespace));
    let domain = parts.and_then(|(_, domain)| normal(domain)).filter(|domain| domain.contains('.'));
    match domain {
        Some(_) => Ok(text.to_owned()),
        None => Err((format!("\"{text}\" is not a mail address"), "write it as in sales@yourcompany.com".to_owned())),
    }
}

fn mailboxes(table: &mut Table<'_>, others: &[Account]) -> Result<Vec<String>, Mistake> {
    let Some(found) = table.texts("mailboxes")? else {
        return Err(table.mistake("this account has no mailboxes", "add mailboxes = [\"sales@yourcompany.com\"]"));
    };
    let found =
        found.parse(|texts| texts.iter().map(|text| decent(text).and_then(|text| mail_address(&text))).collect())?;
    let addresses: &Vec<String> = &found.value;
    for (place, address) in addresses.iter().enumerate() {
        if addresses[..place].iter().any(|other| other.eq_ignore_ascii_case(address)) {
            return Err(found.mistake(format!("account.mailboxes names \"{address}\" twice"), "name it once"));
        }
        let other = others.iter().find(|other| other.mailboxes.iter().any(|taken| taken.eq_ignore_ascii_case(address)));
        if let Some(other) = other {
            let wrong = format!("\"{address}\" is a mailbox of the account \"{}\" too", other.name);
            return Err(found.mistake(wrong, "name each mailbox under the one account that ECE uses for it"));
        }
    }
    Ok(found.value)
}

fn host(text: &str) -> Result<String, Refusal> {
    let refuse = |wrong: &str, right: &str| Err((format!("endpoint.host: {wrong}"), right.to_owned()));
    if text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    if text.contains("://") || text.contains('/') {
        return refuse("this is an address, not a host", "write the name alone, without https:// and without a path");
    }
    if text.contains('*') {
        return refuse("a pattern cannot be looked up", "write one endpoint for each name that is needed");
    }
    if text.contains(':') {
        return refuse("the port does not belong here", "write host = \"…\" and port = 443 in two lines");
    }
    match normal(text) {
        Some(name) if text.len() <= LONGEST => Ok(name),
        _ => refuse("this cannot be the name of a host", "write it as in proxy.yourcompany.com"),
    }
}

fn port(table: &mut Table<'_>) -> Result<u16, Mistake> {
    let Some(found) = table.int("port")? else {
        return Err(table.mistake("endpoint.port is missing", "add port = 443"));
    };
    match u16::try_from(found.value) {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(found.mistake(format!("endpoint.port is {}", found.value), "ports are 1 to 65535")),
    }
}

fn date(table: &mut Table<'_>, key: &str) -> Result<Option<Date>, Mistake> {
    let Some(found) = table.scalar(key)? else { return Ok(None) };
    match &found.value {
        Scalar::Date(text) if text.len() == 10 => found
            .clone()
            .parse(|_| text.parse().map_err(|_| (format!("entra.{key}: there is no such day"), A_DATE.to_owned())))
            .map(|at| Some(at.value)),
        Scalar::Date(_) => Err(found.mistake(format!("entra.{key}: the day alone is wanted, without a time"), A_DATE)),
        Scalar::Text(text) => Err(found.mistake(format!("entra.{key} is a text; a date is wanted"), as_date(text))),
        _ => Err(found.mistake(format!("entra.{key} is not a date"), A_DATE)),
    }
}

const A_DATE: &str = "write it as in 2027-01-31, year-month-day, without quotes";

/// The remedy for a date in quotes; day.month.year is turned round, as nobody reads it in another way.
fn as_date(text: &str) -> String {
    let parts: Vec<&str> = text.trim().split('.').collect();
    let turned = match parts[..] {
        [day, month, year] => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => text.trim().to_owned(),
    };
    turned.parse::<Date>().map_or_else(|_| A_DATE.to_owned(), |date| format!("write {date} without quotes"))
}

// ---- secrets ----

fn credential(table: &mut Table<'_>) -> Result<Option<TokenSource>, Mistake> {
    let access = secret(table, "access_token")?.map(TokenSource::AccessToken);
    let refresh = secret(table, "refresh_token")?.map(TokenSource::RefreshToken);
    let own = table.bool("application_token")?.is_some_and(|at| at.value).then_some(TokenSource::ClientCredentials);
    let mut given = [access, refresh, own].into_iter().flatten();
    let (first, second) = (given.next(), given.next());
    if second.is_some() {
        return Err(table.mistake(
            "this account has more than one of access_token, refresh_token and application_token",
            "give one: refresh_token to have it renewed, access_token to test the one at hand, application_token for \
             the application's own",
        ));
    }
    Ok(first)
}

/// Secret or certificate; a certificate may hold its key, or have it beside it.
fn proof(table: &mut Table<'_>) -> Result<Option<ClientCredential>, Mistake> {
    let secret = self::secret(table, "client_secret")?;
    let certificate = self::secret(table, "client_certificate")?;
    let (key, password) = (self::secret(table, "client_key")?, self::secret(table, "client_key_password")?);
    match (secret, certificate) {
        (Some(_), Some(_)) => Err(table.mistake(
            "the application has both client_secret and client_certificate",
            "give the one that it really uses: Entra takes one",
        )),
        (secret, None) if key.is_some() || password.is_some() => {
            let wrong =
                if secret.is_some() { "client_key does not go with client_secret" } else { "client_key stands alone" };
            Err(table.mistake(wrong, "add client_certificate = { file = \"PATH\" }, or leave the key out"))
        }
        (_, Some(certificate)) => {
            Ok(Some(ClientCredential::Certificate(Box::new(Papers { certificate, key, password }))))
        }
        (secret, None) => Ok(secret.map(ClientCredential::Secret)),
    }
}

fn secret(table: &mut Table<'_>, key: &str) -> Result<Option<Source>, Mistake> {
    let found = table.table(key).map_err(|mistake| Mistake {
        wrong: format!("{key} does not say where the secret is kept; the secret itself must not stand here"),
        right: format!("write {key} = {{ env = \"NAME\" }}, {{ file = \"PATH\" }} or {{ command = \"…\" }}"),
        ..mistake
    })?;
    let Some(mut table) = found else { return Ok(None) };
    let sources = [
        text(&mut table, "env")?.map(|at| at.parse(|name| variable(name))).transpose()?.map(|at| at.value),
        text(&mut table, "file")?.map(|at| Source::File(at.value.into())),
        text(&mut table, "command")?.map(|at| Source::Command(at.value)),
    ];
    let mut sources = sources.into_iter().flatten();
    let (first, second) = (sources.next(), sources.next());
    if second.is_some() {
        return Err(table.mistake(format!("{key} names two places"), "give one of env, file and command"));
    }
    if first.is_none() && table.keys().is_empty() {
        return Err(table.mistake(format!("{key} names no place"), "give one of env, file and command"));
    }
    table.close()?;
    Ok(first)
}

/// The name of a variable. It is not repeated when it is none: it may be the secret itself.
fn variable(name: &str) -> Result<Source, Refusal> {
    let is_name = name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        && !name.as_bytes()[0].is_ascii_digit();
    if is_name {
        return Ok(Source::Env(name.to_owned()));
    }
    let right = "write the name only, as in ECE_CLIENT_SECRET: letters, digits and underscores, no $ and no %";
    Err(("env is not the name of a variable".to_owned(), right.to_owned()))
}

// ---- words ----

fn word_of<T: Copy + PartialEq>(value: T, words: &[(&'static str, T)]) -> &'static str {
    words.iter().find(|(_, other)| *other == value).expect("every value has its word in WORDS").0
}

fn value_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    found.ok_or_else(|| did_you_mean(text, &words.iter().map(|(word, _)| *word).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::{
        left_over::{holds_secret, sample_in, uncommented},
        *,
    };

    const GOOD: &str = r#"
[ece]
release      = "12.6(1)"
installed    = ["ES6", "12.6_ES6_ET1"]
role         = "services"
external_url = "http://ECE/"
java_trust_store = 'C:\ECE\jre\lib\security\cacerts'
console_url  = "https://ece.bigshop.test/system"
redirect_url = "https://ece.bigshop.test/x"

[entra]
cloud          = "gcc-high"
tenant         = "BigShop.onmicrosoft.com"           # not contoso.onmicrosoft.com
client_id      = "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
client_secret  = { env = "ECE_CLIENT_SECRET" }
secret_expires = 2027-01-31
redirect_urls  = ["https://ece.bigshop.test/x"]

[[account]]
name          = "sales é"
signs_in_as   = "sales@bigshop.test"
access_token  = { file = 'C:\ECE\token.txt' }
inbound       = "imap"
mailboxes     = ["sales@bigshop.test", "help@bigshop.test"]

[[account]]
name          = "returns"
refresh_token = { command = "vault read returns" }
mailboxes     = ["returns@bigshop.test"]

[[endpoint]]
name = "proxy PAC"
host = "WPAD.bigshop.test"
port = 443

[[endpoint]]
name = "relay"
host = "10.0.0.1"
port = 587
protocol = "tcp"
"#;

    #[test]
    fn everything_that_can_be_said_is_read() {
        let read = Deployment::parse("good.toml", GOOD).unwrap();
        assert_eq!(read.ece.stated.unwrap().to_string(), "12.6(1)_ES6 + ES6_ET1");
        assert_eq!(read.ece.external_url.as_deref(), Some("http://ECE/"), "the form is not judged here");
        assert_eq!(read.entra.cloud, Some(Cloud::GccHigh));
        assert_eq!(read.entra.tenant.as_deref(), Some("bigshop.onmicrosoft.com"));
        assert_eq!(read.entra.secret_expires, Some(Date::constant(2027, 1, 31)));
        assert_eq!(read.entra.proof, Some(ClientCredential::Secret(Source::Env("ECE_CLIENT_SECRET".to_owned()))));
        let tokens: Vec<_> = read.accounts.iter().map(|account| account.credential.clone().unwrap()).collect();
        assert_eq!(tokens[0], TokenSource::AccessToken(Source::File(r"C:\ECE\token.txt".into())));
        assert_eq!(tokens[1], TokenSource::RefreshToken(Source::Command("vault read returns".to_owned())));
        assert_eq!(read.endpoints[0].host, "wpad.bigshop.test");
        let protocols: Vec<_> = read.endpoints.iter().map(|endpoint| endpoint.protocol).collect();
        assert_eq!(protocols, [Protocol::Https, Protocol::Tcp]);
    }

    #[test]
    fn certificate_stands_in_the_place_of_the_secret() {
        let papers = "client_certificate = { file = 'app.pfx' }\nclient_key_password = { env = \"APP_PASSWORD\" }";
        let read = Deployment::parse("a.toml", &format!("[entra]\n{papers}\n")).unwrap();
        let papers = Papers {
            certificate: Source::File("app.pfx".into()),
            key: None,
            password: Some(Source::Env("APP_PASSWORD".to_owned())),
        };
        assert_eq!(read.entra.proof, Some(ClientCredential::Certificate(Box::new(papers))));
        assert!(read.gives("entra.client_certificate") && !read.gives("entra.client_secret"));
    }

    #[test]
    fn everything_may_be_missing() {
        let read = Deployment::parse("empty.toml", "").unwrap();
        assert_eq!(read, Deployment::default());
        assert!(KEYS.iter().all(|key| !read.gives(key)));
    }

    #[test]
    fn each_key_that_a_check_may_want_is_given_by_a_full_file() {
        let read = Deployment::parse("good.toml", GOOD).unwrap();
        for key in KEYS.iter().filter(|key| **key != "entra.client_certificate") {
            assert!(read.gives(key), "{key}");
        }
        assert!(!read.gives("entra.client_certificate"), "it stands in the place of the secret");
        assert!(read.gives("ece.nothing or entra.tenant"));
        assert!(!read.gives("ece.nothing"));
    }

    #[test]
    fn release_alone_carries_the_package_too() {
        for release in ["12.6(1)_ES6_ET1", "12.6_es6 et1", "12.6.1 ES6_ET1"] {
            let read = Deployment::parse("a.toml", &format!("[ece]\nrelease = \"{release}\"\n")).unwrap();
            assert_eq!(read.ece.stated.unwrap().to_string(), "12.6(1)_ES6_ET1");
        }
        let read = Deployment::parse("a.toml", "[ece]\ninstalled = [\"11.6(1)_ES12\", \"ES12 ET1\"]\n").unwrap();
        assert_eq!(read.ece.stated.unwrap().to_string(), "11.6(1)_ES12 + ES12_ET1");
    }

    #[test]
    fn every_bad_file_is_told_its_line_and_its_remedy() {
        for (name, line, says) in expected() {
            let mistake = Deployment::read(&files().join(format!("{name}.toml"))).expect_err(&name);
            assert_eq!(mistake.line, Some(line), "{name}: {mistake}");
            assert!(mistake.to_string().contains(&says), "{name}: {mistake}");
            assert!(!mistake.right.is_empty() && mistake.to_string().lines().count() == 2, "{name}: {mistake}");
            assert!(!format!("{mistake} {mistake:?}").contains("hunter2"), "{name} repeats a secret");
        }
    }

    #[test]
    fn every_bad_file_is_expected() {
        let expected: Vec<String> = expected().into_iter().map(|(name, ..)| name).collect();
        assert!(expected.len() >= 30);
        for entry in std::fs::read_dir(files()).unwrap() {
            let name = entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(name == "expected" || expected.contains(&name), "{name} is not in expected.toml");
        }
    }

    #[test]
    fn sample_values_are_taken_when_they_are_meant() {
        let text = std::fs::read_to_string(files().join("sample-in-several-lines.toml")).unwrap();
        assert!(Deployment::parse_sample("lab", &text).is_ok());
        assert!(Deployment::parse("lab", &text).is_err());
    }

    #[test]
    fn what_only_looks_like_the_sample_is_no_sample() {
        for host in ["myexample.com", "example.com.au", "example.company", "notcontoso.onmicrosoft.com"] {
            assert_eq!(sample_in(&format!("tenant = \"{host}\"")), None, "{host}");
        }
        for text in ["\"a@example.com\"", "\"https://a.example.com:8443/x\"", "\"example.com.\""] {
            assert_eq!(sample_in(text), Some("example.com"), "{text}");
        }
        assert_eq!(uncommented("a = \"x#y\" # z"), "a = \"x#y\" ");
    }

    #[test]
    fn names_and_paths_of_people_are_no_secrets() {
        for line in [
            "client_id = \"1b4e28ba-2fa1-11d2-883f-0016d3cca427\"",
            r"file = 'C:\Program Files\Cisco\ECE Services 12\Secrets\2027\Customer Care\client-secret-of-ECE.txt'",
            "host = \"a-very-long-name-of-a-host-in-a-very-long-zone.of-a-department-2.of-a-company.bigshop.test\"",
            "command = \"powershell -Command Get-Secret -Name EceClientSecret -AsPlainText -Vault CompanyVault2027\"",
            "# ======================================================================================",
            "name = \"eyJ\"",
        ] {
            assert!(!holds_secret(line), "{line}");
        }
    }

    #[test]
    fn notepad_powershell_and_windows_line_ends_are_read() {
        let utf16 = |mark: &[u8], unit: fn(u16) -> [u8; 2]| {
            [mark.to_vec(), GOOD.encode_utf16().flat_map(unit).collect()].concat()
        };
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ece-check.toml");
        let good = Deployment::parse("good.toml", GOOD);
        for bytes in [
            GOOD.as_bytes().to_vec(),
            GOOD.replace('\n', "\r\n").into_bytes(),
            [b"\xEF\xBB\xBF", GOOD.as_bytes()].concat(),
            utf16(b"\xFF\xFE", u16::to_le_bytes),
            utf16(b"\xFE\xFF", u16::to_be_bytes),
        ] {
            std::fs::write(&file, bytes).unwrap();
            assert_eq!(Deployment::read(&file), good);
        }
    }

    #[test]
    fn the_example_of_the_readme_is_read_and_not_taken_for_a_site() {
        let readme = include_str!("../README.md");
        let (_, example) = readme.split_once("```toml\n").expect("an example");
        let (example, _) = example.split_once("```").expect("its end");
        let read = Deployment::parse_sample("README.md", example).unwrap_or_else(|mistake| panic!("{mistake}"));
        assert_eq!((read.accounts.len(), read.endpoints.len()), (1, 1));
        assert!(Deployment::parse("README.md", example).unwrap_err().wrong.contains("sample"));
    }

    #[test]
    fn windows_line_ends_do_not_shift_the_line() {
        let mistake = Deployment::parse("a.toml", "[ece]\r\n\r\nrole = \"boss\"\r\n").unwrap_err();
        assert_eq!(mistake.line, Some(3));
    }

    #[test]
    fn what_is_no_text_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let says = |path: &Path, words: &str| {
            let mistake = Deployment::read(path).unwrap_err().to_string();
            assert!(mistake.contains(words), "{mistake}");
        };
        let file = folder.path().join("ece-check.toml");
        says(&file, "cannot be read");
        says(folder.path(), "is a folder");
        std::fs::write(&file, vec![b'#'; 10_000_000]).unwrap();
        says(&file, "10000000 bytes");
        std::fs::write(&file, b"MZ\x90\x00\x03\x00").unwrap();
        says(&file, "not text");
        std::fs::write(&file, b"\xFF\xFEa").unwrap();
        says(&file, "not text");
        #[cfg(unix)]
        says(Path::new("/dev/zero"), "has more than");
    }

    proptest::proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,60}", key in "(external_url|release|installed|role)") {
            drop(Deployment::parse("a.toml", &text));
            drop(Deployment::parse("a.toml", &format!("[ece]\n{key} = '''{text}'''\n")));
            let _ = holds_secret(&text);
        }
    }

    fn files() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files")
    }

    /// Name, line, and a piece of the message, of each bad file.
    fn expected() -> Vec<(String, usize, String)> {
        let document = Document::read(&files().join("expected.toml")).unwrap();
        let tables = document.table().unwrap().tables("file").unwrap();
        let row = |mut table: Table<'_>| {
            let line = usize::try_from(table.int("line").unwrap().unwrap().value).unwrap();
            let says = table.text("says").unwrap().map_or_else(String::new, |at| at.value);
            (table.required("name").unwrap().value, line, says)
        };
        tables.into_iter().map(row).collect()
    }
}
