//! Faults as data: what is wrong, where, and how the run should come out.
//!
//! In: the files `faults/<cause>.toml` and `faults/<cause>.<variant>.toml`, built into the binary. Out: [`Fault`]s. A
//! new fault is one file; `faults/README.md` tells the format.

use std::{collections::BTreeMap, net::IpAddr};

use include_dir::{Dir, include_dir};
use serde::Deserialize;

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/lab/faults");

/// What can be told about a fault without starting the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultInfo {
    /// Its name: the code of the cause, and behind a dot the variant.
    pub name: String,
    /// The code of the cause that it shows.
    pub cause: String,
    /// What is wrong, in one line.
    pub title: String,
    /// The check that shows it.
    pub check: String,
    /// How that check comes out: `pass`, `warn`, `fail`.
    pub status: String,
    /// The exit code of the whole run.
    pub exit_code: u8,
    /// True when it shows only in a run that sends mail.
    pub send_mail: bool,
}

/// All faults in the order of their names.
///
/// # Panics
/// Never with the files that are built in: a test reads each of them.
#[must_use]
pub fn faults() -> Vec<FaultInfo> {
    names()
        .into_iter()
        .map(|name| load(name).expect("a built-in fault is listed").expect("a test reads it").info)
        .collect()
}

/// One thing wrong with the tenant.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub info: FaultInfo,
    pub changes: Vec<Change>,
}

/// Reads one fault; none when no file has this name.
pub(super) fn load(name: &str) -> Option<Result<Fault, toml::de::Error>> {
    let text = FILES.get_file(format!("{name}.toml"))?.contents_utf8()?;
    Some(toml::from_str::<File>(text).map(|file| file.into_fault(name)))
}

/// The names of all faults, sorted.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<_> =
        FILES.files().filter_map(|file| file.path().to_str()).filter_map(|path| path.strip_suffix(".toml")).collect();
    names.sort_unstable();
    names
}

/// The names that somebody who wrote `wrong` may have meant, best first.
pub(super) fn nearest(wrong: &str) -> Vec<&'static str> {
    let mut near: Vec<_> = names()
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, name)| *likeness > 0.8 || (wrong.len() > 2 && name.contains(wrong)))
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    outcome: Outcome,
    #[serde(rename = "change")]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcome {
    check: String,
    status: String,
    exit_code: u8,
    #[serde(default)]
    send_mail: bool,
}

impl File {
    fn into_fault(self, name: &str) -> Fault {
        let cause = name.split('.').next().unwrap_or(name);
        let Outcome { check, status, exit_code, send_mail } = self.outcome;
        let (name, cause, title) = (name.into(), cause.into(), self.title);
        let info = FaultInfo { name, cause, title, check, status, exit_code, send_mail };
        Fault { info, changes: self.changes }
    }
}

/// One change to the healthy tenant: where, and what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Change {
    /// The names it is made for; none means every name.
    #[serde(default)]
    pub names: Vec<String>,
    /// The ports it is made for; none means every port.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Which of a name's addresses.
    #[serde(default)]
    pub share: Share,
    /// Only addresses of this family.
    pub family: Option<Family>,
    /// What the resolver answers.
    pub dns: Option<Dns>,
    /// What becomes of a TCP connection.
    pub door: Option<Door>,
    /// The certificate that is shown.
    pub certificate: Option<Certificate>,
    /// How TLS is spoken.
    pub tls: Option<Tls>,
    /// The site has a proxy, and this server uses it.
    #[serde(default)]
    pub proxy: bool,
    /// How far the servers' clocks are ahead, in minutes.
    pub clock_minutes: Option<i32>,
    /// The moments at which `steps` take the place of the healthy reply.
    #[serde(default)]
    pub at: Vec<Moment>,
    /// What is done at those moments.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What Entra refuses, in the whole tenant.
    pub entra: Option<Refusal>,
    /// The registration of ECE.
    pub application: Option<Application>,
    /// The switches of the tenant.
    pub tenant: Option<Tenant>,
    /// The switches and rights of a mailbox.
    pub mailbox: Option<Mailbox>,
    /// What stands in tokens.
    pub token: Option<Token>,
    /// ECE has an account of the application itself, too.
    #[serde(default)]
    pub application_account: bool,
}

/// A refusal of Entra.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Refusal {
    /// The grants that are refused, `authorize` and `devicecode` for those two endpoints; none means every grant.
    #[serde(default)]
    pub grants: Vec<String>,
    /// The users that are refused; none means everybody.
    #[serde(default)]
    pub of: Vec<String>,
    /// The status of HTTP.
    pub status: u16,
    /// The error of RFC 6749 section 5.2.
    pub error: String,
    /// The number behind AADSTS.
    pub aadsts: u32,
    /// What is said behind it. `{client}`, `{user}`, `{tenant}`, `{resource}`, `{issued}` (97 days ago) and `{changed}`
    /// (two days ago) are filled in.
    pub words: String,
    /// What Microsoft's libraries are told besides.
    pub suberror: Option<String>,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Only so many requests are refused, and all is well behind them.
    pub times: Option<u64>,
}

/// Changes to the registration of ECE. What is not named stays healthy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Application {
    /// The directory knows it.
    pub known: Option<bool>,
    /// What has become of its secret.
    pub secret: Option<Secret>,
    /// ECE signs in with a certificate, and what has become of that.
    pub certificate: Option<Certified>,
    /// It counts as a public client.
    pub public: Option<bool>,
    /// The delegated permissions that were consented to.
    pub consent: Option<Vec<String>>,
    /// The permissions of its own that were consented to.
    pub roles: Option<Vec<String>>,
    /// Exchange knows its service principal.
    pub principal: Option<bool>,
}

/// What has become of the secret that ECE has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Secret {
    /// It is the application's.
    Good,
    /// It was the application's.
    Expired,
    /// It is something else.
    Other,
}

/// What has become of the certificate that ECE has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Certified {
    /// It is registered.
    #[default]
    Good,
    /// It is registered, and its time is over.
    Expired,
    /// Another one is registered.
    Other,
}

/// Switches of the tenant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Tenant {
    /// SMTP takes sign-ins, but for mailboxes that say otherwise.
    pub smtp_auth: bool,
}

/// Changes to mailboxes. What is not named stays healthy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Mailbox {
    /// The mailbox; none means every one.
    pub name: Option<String>,
    /// There is one.
    pub exists: Option<bool>,
    /// It has its licence.
    pub licensed: Option<bool>,
    /// The switch of IMAP.
    pub imap: Option<bool>,
    /// The switch of POP3.
    pub pop: Option<bool>,
    /// The switch of SMTP, which wins over the tenant's.
    pub smtp: Option<bool>,
    /// Who may open it besides its user: users by name, or `application`.
    pub full_access: Option<Vec<String>>,
    /// Who may send as it besides its user.
    pub send_as: Option<Vec<String>>,
    /// Where messages for it come to.
    pub arrives: Option<Arrival>,
    /// How late they come, in milliseconds.
    pub arrives_after_ms: Option<u64>,
}

/// Where messages come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Arrival {
    /// The inbox.
    Inbox,
    /// The folder for junk.
    Junk,
    /// Nowhere, though they are accepted.
    Never,
}

impl Application {
    /// What is changed, as the file names it.
    pub fn parts(&self) -> impl Iterator<Item = &'static str> {
        let parts = [
            ("known", self.known.is_some()),
            ("secret", self.secret.is_some()),
            ("public", self.public.is_some()),
            ("consent", self.consent.is_some()),
            ("roles", self.roles.is_some()),
            ("principal", self.principal.is_some()),
        ];
        parts.into_iter().filter(|(_, is_changed)| *is_changed).map(|(part, _)| part)
    }
}

impl Mailbox {
    /// What is changed, as the file names it.
    pub fn switches(&self) -> impl Iterator<Item = &'static str> {
        let switches = [
            ("exists", self.exists.is_some()),
            ("licensed", self.licensed.is_some()),
            ("imap", self.imap.is_some()),
            ("pop", self.pop.is_some()),
            ("smtp", self.smtp.is_some()),
            ("full-access", self.full_access.is_some()),
            ("send-as", self.send_as.is_some()),
        ];
        switches.into_iter().filter(|(_, is_changed)| *is_changed).map(|(switch, _)| switch)
    }

    /// True when this mailbox is meant.
    pub fn is_for(&self, address: &str) -> bool {
        self.name.as_ref().is_none_or(|name| name == address)
    }
}

/// Changes to tokens.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Token {
    /// The users whose tokens are meant, `application` for its own; none means all tokens.
    #[serde(default)]
    pub of: Vec<String>,
    /// The account holds an access token and no refresh token: nobody could get such a token from Entra.
    #[serde(default)]
    pub handed_over: bool,
    /// The refresh token is that of another user: somebody else signed in.
    pub owner: Option<String>,
    /// Claims that are others.
    #[serde(default)]
    pub claims: BTreeMap<String, toml::Value>,
    /// Claims that are missing.
    #[serde(default)]
    pub without: Vec<String>,
    /// When it ends, in minutes from now.
    pub minutes: Option<i64>,
    /// How long it lives by a policy, in minutes.
    pub lives_minutes: Option<i64>,
    /// How many groups its user is in.
    #[serde(default)]
    pub groups: usize,
}

impl Token {
    /// True when the tokens of this user are meant.
    pub fn is_for(&self, user: &str) -> bool {
        self.of.is_empty() || self.of.iter().any(|one| one == user)
    }
}

/// Which of a name's addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Share {
    /// Every one.
    #[default]
    All,
    /// The first only.
    One,
    /// Every second one, beginning with the first.
    Half,
    /// All but the first.
    AllButOne,
}

impl Share {
    /// True when the address at this place of the list is meant.
    pub fn takes(self, place: usize) -> bool {
        match self {
            Self::All => true,
            Self::One => place == 0,
            Self::Half => place.is_multiple_of(2),
            Self::AllButOne => place > 0,
        }
    }
}

/// A family of addresses, as the DNS names its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(super) enum Family {
    /// IPv4.
    A,
    /// IPv6.
    #[serde(rename = "AAAA")]
    Aaaa,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::A } else { Self::Aaaa }
    }
}

/// What the resolver answers in place of the healthy answer. What is not named stays healthy.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Dns {
    /// The response code.
    pub code: Option<Code>,
    /// The aliases, in order; the last may lead back to the name itself.
    pub aliases: Option<Vec<String>>,
    /// The addresses, of both families.
    pub addresses: Option<Vec<IpAddr>>,
    /// Says nothing at all.
    #[serde(default)]
    pub silent: bool,
    /// Waits before the answer.
    #[serde(default)]
    pub wait_ms: u64,
    /// Over UDP only says that the answer does not fit, and over TCP says nothing.
    #[serde(default)]
    pub silent_over_tcp: bool,
    /// Answers under another query's number.
    #[serde(default)]
    pub foreign_id: bool,
    /// These bytes follow the query's number in place of an answer.
    pub hex: Option<String>,
}

/// A response code of the DNS (RFC 1035 section 4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Code {
    /// The query is not understood.
    Formerr,
    /// The server failed.
    Servfail,
    /// There is no such name.
    Nxdomain,
    /// The server does not do this.
    Notimp,
    /// The server will not answer.
    Refused,
}

/// What becomes of a TCP connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Door {
    /// It is accepted.
    #[default]
    Open,
    /// It is refused.
    Refused,
    /// It is never answered.
    Dropped,
}

/// A certificate that differs from the healthy one.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Certificate {
    /// The names it is for; an empty list makes one without any. The first is the common name as well.
    pub names: Option<Vec<String>>,
    /// The common name, when it is not the first of the names.
    pub common_name: Option<String>,
    /// Valid from and until, in days from today.
    pub days: Option<(i32, i32)>,
    /// The same for the certificate that signed it.
    pub issuer_days: Option<(i32, i32)>,
    /// Who signs it.
    pub issuer: Option<Authority>,
    /// What is sent along with it.
    #[serde(default)]
    pub chain: Chain,
}

/// Who signs a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Authority {
    /// Looks like Microsoft's; trusted.
    Microsoft,
    /// Looks like `DigiCert`'s; trusted.
    Digicert,
    /// Looks like Microsoft's; its root is not among the trusted ones.
    Unknown,
    /// An inspecting device whose root is trusted.
    Appliance,
    /// An inspecting device whose root is not trusted.
    UnknownAppliance,
    /// The certificate signs itself.
    Itself,
}

/// What is sent along with a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Chain {
    /// The intermediate, as it should be.
    #[default]
    Intermediate,
    /// Nothing.
    Missing,
    /// The intermediate and the root.
    WithRoot,
    /// An intermediate of somebody else.
    Foreign,
}

/// How TLS is spoken.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Tls {
    /// From the first byte, on a port where STARTTLS belongs.
    #[serde(default)]
    pub at_once: bool,
    /// Demands a certificate of the client.
    #[serde(default)]
    pub client_certificate: bool,
}

/// A moment of a conversation at which the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Moment {
    /// Right after the TCP connection was accepted, on every port.
    Connect,
    /// Before TLS begins: at once on TLS ports, behind the STARTTLS reply in SMTP.
    Handshake,
    /// The first line: of SMTP in plain text, of IMAP and POP3 inside TLS. HTTPS says nothing here when healthy.
    Greeting,
    /// EHLO before TLS.
    Ehlo,
    /// STARTTLS.
    Starttls,
    /// EHLO inside TLS, CAPABILITY, CAPA.
    Capabilities,
    /// The discovery document of Microsoft Entra ID.
    Discovery,
    /// The token endpoint.
    Token,
    /// The sign-in page of Entra, and where it sends the browser.
    Authorize,
    /// The beginning of a sign-in by device code.
    DeviceCode,
    /// What is said to the credentials, in SMTP, IMAP and POP3. Steps that let a client in end with `"healthy"`.
    Authenticate,
    /// Opening a mailbox: SELECT, EXAMINE and STATUS in IMAP, STAT in POP3.
    Open,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// DATA, before the message.
    Data,
    /// The end of a message.
    Message,
    /// Any other page.
    Page,
    /// What the proxy says to CONNECT.
    Tunnel,
}

/// One thing that a server does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(super) enum Step {
    /// Says what it would say when healthy.
    Healthy,
    /// Sends this text; `{tag}`, `{date}` and `{machine}` are filled in.
    Send(String),
    /// Sends these bytes.
    Hex(String),
    /// Sends an HTTP answer.
    Answer(Answer),
    /// Sends a text again and again.
    Repeat {
        /// The text.
        text: String,
        /// How often.
        times: u32,
    },
    /// Sends a text byte by byte.
    Drip {
        /// The text.
        text: String,
        /// The pause before each byte.
        every_ms: u64,
    },
    /// Waits.
    WaitMs(u64),
    /// Reads something and forgets it.
    Read,
    /// Says nothing until the client goes away.
    Silence,
    /// Ends the connection in good order.
    Close,
    /// Ends the connection with a reset.
    Reset,
}

/// An HTTP answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Answer {
    /// The status.
    pub status: u16,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    #[serde(default)]
    pub body: String,
}

/// The bytes that a text of hexadecimal digits and blanks stands for; anything else ends it.
pub(super) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter(|letter| !letter.is_whitespace()).map_while(|c| c.to_digit(16)).collect();
    digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}
