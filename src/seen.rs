//! What was seen: observations, facts, stops and transcripts. No judgement.
//!
//! In: what the probes in [`crate::probe`] write down. Out: values that everything later reads and that the JSON
//! report carries whole, so that a saved report can be judged again without looking again.

use std::{collections::BTreeMap, fmt, net::SocketAddr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// All that one look saw.
///
/// A look at a service tries every address of its name; each address is one [`Attempt`]. A look that has no addresses
/// (a name lookup, the user's own file) keeps its facts and its stop here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Observation {
    /// The deepest protocol that was looked at: `dns`, `tcp`, `tls`, `https`, `smtp`, `imap`, `pop3`, `version`, `url`.
    pub probe: String,
    /// What was looked at, as the findings name it.
    pub subject: String,
    /// True for a service of the site itself, false for Microsoft's.
    pub own: bool,
    /// The road taken: `direct`, `proxy HOST:PORT (where it was learnt from)`, or the place that `--connect-to` or
    /// `--resolve` names.
    pub road: String,
    /// True when this is not the road that is in force, but the other one: nothing is judged by it alone.
    #[serde(default)]
    pub beside: bool,
    /// What was measured for the look as a whole.
    pub facts: Facts,
    /// Where and why the look as a whole could not go on.
    pub stop: Option<Failure>,
    /// What each address showed, in address order.
    pub paths: Vec<Attempt>,
    /// The addresses that were connected to in turn, where one that answers is enough, as for a token. They are not
    /// judged one by one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Attempt>,
    /// What was said, when the look has no addresses of its own.
    pub transcript: Vec<TranscriptLine>,
    /// How long each stage took.
    pub steps: Vec<Timing>,
    /// How long the whole look took, in milliseconds.
    pub duration_ms: f64,
}

impl Observation {
    /// True when a connection came through to the end of the look.
    #[must_use]
    pub fn came_through(&self) -> bool {
        self.paths.iter().any(|path| path.stop.is_none())
    }

    /// What is judged by itself: each address, or the look as a whole when it has none.
    #[must_use]
    pub fn units(&self) -> Vec<Unit<'_>> {
        if self.paths.is_empty() {
            return vec![Unit { path: None, observation: self }];
        }
        self.paths.iter().map(|path| Unit { path: Some(path), observation: self }).collect()
    }
}

/// One address of a look, or the whole of a look that has no addresses.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'o> {
    /// The address.
    pub path: Option<&'o Attempt>,
    observation: &'o Observation,
}

impl<'o> Unit<'o> {
    /// A fact of this address, or else of the whole look.
    #[must_use]
    pub fn fact(&self, name: &str) -> Option<&'o Value> {
        self.path.and_then(|path| path.facts.get(name)).or_else(|| self.observation.facts.get(name))
    }

    /// Where and why this address could not go on.
    #[must_use]
    pub fn stop(&self) -> Option<&'o Failure> {
        self.path.map_or(self.observation.stop.as_ref(), |path| path.stop.as_ref())
    }
}

/// What one address of a service showed: one connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// The address that the name gave, with the port.
    #[schemars(with = "String")]
    pub address: SocketAddr,
    /// The address that was dialled in its place, when an override says so.
    #[schemars(with = "Option<String>")]
    pub dialled: Option<SocketAddr>,
    /// The address of this host that the connection leaves from.
    pub source: Option<String>,
    /// What was measured on this connection.
    pub facts: Facts,
    /// Where and why this connection could not go on.
    pub stop: Option<Failure>,
    /// What was said on this connection.
    pub transcript: Vec<TranscriptLine>,
    /// How long each stage took.
    pub steps: Vec<Timing>,
}

/// One stage of a look and the time it took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Timing {
    /// The stage.
    pub name: Stage,
    /// Milliseconds.
    pub ms: f64,
}

/// Measured things by name. Names are declared by the probes, see [`crate::probe::FACTS`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Facts(BTreeMap<String, Value>);

impl Facts {
    /// Writes one fact down; a later value replaces an earlier one.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// The value of a fact, if it was measured.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// Names and values in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }
}

/// The value of a fact; units stand in the fact's name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)] // read back only from our own reports, where JSON's own types tell the variants apart
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A count or a measure.
    Int(i64),
    /// A text, possibly from outside: escaped where it is printed, never here.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Self::List(value)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(true) => f.write_str("yes"),
            Self::Bool(false) => f.write_str("no"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::List(items) if items.is_empty() => f.write_str("none"),
            Self::List(items) => f.write_str(&items.join(", ")),
        }
    }
}

/// Where and why a look could not go on, in the other side's own words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// The protocol that was being spoken.
    pub protocol: Protocol,
    /// How far it had come.
    pub stage: Stage,
    /// What happened.
    pub kind: FailureKind,
    /// The three-digit reply code of SMTP, or the HTTP status.
    pub code: Option<u16>,
    /// The enhanced status code of SMTP (RFC 3463), such as `5.7.139`.
    pub enhanced: Option<String>,
    /// The numbers of Entra's error codes, without `AADSTS`, in the order of the text.
    #[serde(default)]
    pub aadsts: Vec<u32>,
    /// The error of OAuth 2.0 (RFC 6749, section 5.2), such as `invalid_grant`, or a response code of IMAP or POP3.
    #[serde(default)]
    pub error: Option<String>,
    /// Trace id, correlation id and time stamp of Entra's answer: what Microsoft's support asks for.
    #[serde(default)]
    pub trace: Option<String>,
    /// The other side's own words, or the operating system's; shortened, not escaped.
    pub words: String,
}

impl Failure {
    /// A stop without codes.
    #[must_use]
    pub fn new(protocol: Protocol, stage: Stage, kind: FailureKind, words: impl Into<String>) -> Self {
        Self {
            protocol,
            stage,
            kind,
            code: None,
            enhanced: None,
            aadsts: Vec::new(),
            error: None,
            trace: None,
            words: words.into(),
        }
    }
}

/// What was being spoken when a look stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Name lookup.
    Dns,
    /// The connection itself.
    Tcp,
    /// The HTTP proxy on the way.
    Proxy,
    /// Encryption and certificates.
    Tls,
    /// HTTP over TLS.
    Https,
    /// Mail submission.
    Smtp,
    /// Mail access.
    Imap,
    /// Mail pick-up.
    Pop3,
    /// Entra's token endpoint.
    Token,
    /// Entra's sign-in page.
    Authorize,
    /// Microsoft Graph.
    Graph,
    /// User provisioning.
    Scim,
}

impl Protocol {
    /// Its name in files and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Https => "https",
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
            Self::Token => "token",
            Self::Authorize => "authorize",
            Self::Graph => "graph",
            Self::Scim => "scim",
        }
    }
}

/// How far a look had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// Asking the resolver.
    Lookup,
    /// Opening the TCP connection.
    Connect,
    /// Waiting for the server's first line.
    Greeting,
    /// EHLO before encryption.
    Ehlo,
    /// STARTTLS.
    Starttls,
    /// The TLS handshake up to the certificate.
    Handshake,
    /// Deciding on the certificate that was shown.
    Certificate,
    /// The capability list inside TLS: the second EHLO, CAPABILITY, CAPA.
    Capabilities,
    /// Asking over HTTP and reading the answer.
    Request,
    /// Reading a secret from where the user's file says it is.
    Credential,
    /// Asking the token endpoint for a token.
    Grant,
    /// The sign-in page and consent.
    Authorize,
    /// Presenting the token to a mail server.
    Authenticate,
    /// Opening the mailbox.
    Open,
    /// MAIL FROM.
    Sender,
    /// RCPT TO.
    Recipient,
    /// Handing a message over.
    Send,
    /// Looking for a message.
    Find,
}

/// What stopped a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The name does not exist (DNS NXDOMAIN).
    #[serde(rename = "name-unknown")]
    NxDomain,
    /// The name exists and has no address (DNS NODATA).
    #[serde(rename = "no-address")]
    NoData,
    /// The resolver failed (DNS SERVFAIL).
    #[serde(rename = "server-failure")]
    ServFail,
    /// The resolver refuses to answer (DNS REFUSED).
    #[serde(rename = "answer-refused")]
    DnsRefused,
    /// Aliases lead in a circle.
    AliasLoop,
    /// The other side said nothing in time.
    TimedOut,
    /// The connection was refused.
    Refused,
    /// The connection was reset.
    Reset,
    /// There is no road to the address.
    Unreachable,
    /// This host itself forbids the connection.
    #[serde(rename = "forbidden")]
    LocallyBlocked,
    /// The other side closed before it had answered.
    Closed,
    /// The other side refused in the protocol's own words.
    Rejected,
    /// Something is missing from what the other side offers.
    NotOffered,
    /// HTTP was spoken where it does not belong.
    #[serde(rename = "spoke-http")]
    UnexpectedHttp,
    /// TLS was spoken where plain text belongs.
    #[serde(rename = "spoke-tls")]
    UnexpectedTls,
    /// Plain text was spoken where TLS belongs.
    #[serde(rename = "spoke-plain")]
    UnexpectedPlaintext,
    /// The answer is not of the protocol.
    #[serde(rename = "gibberish")]
    MalformedReply,
    /// The answer is longer than any honest one.
    #[serde(rename = "too-much")]
    ReplyTooLarge,
    /// Bytes came behind the STARTTLS answer, before encryption.
    #[serde(rename = "injected")]
    StarttlsInjection,
    /// The other side ended the handshake with an alert.
    #[serde(rename = "alert")]
    TlsAlert,
    /// The other side knows only versions of TLS older than 1.2.
    #[serde(rename = "old-version")]
    TlsVersionTooOld,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// The certificate is for another name.
    WrongName,
    /// The certificate is its own issuer.
    SelfSigned,
    /// The issuer is not in the trust store.
    UnknownIssuer,
    /// The server sends its own certificate without the one that signed it.
    MissingIntermediate,
    /// The certificate cannot be used: signature, purpose, form.
    BadCertificate,
    /// The HTTP status says no.
    BadStatus,
    /// The answer is a web page where data was asked for.
    WebPage,
    /// The deadline of the run came first.
    Deadline,
    /// The run was interrupted.
    Interrupted,
    /// A fault of this program.
    #[serde(rename = "own-fault")]
    Internal,
    /// Something that the user's file promises is not there: an environment variable, a file, an answer of a command.
    Missing,
}

impl FailureKind {
    /// True when the look ended for a reason of our own: nothing is known of the other side.
    #[must_use]
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Deadline | Self::Interrupted | Self::Internal)
    }
}

/// One line of a transcript.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TranscriptLine {
    /// Milliseconds since the connection was begun.
    pub at_ms: f64,
    /// Who spoke, and whether inside TLS.
    pub mark: Direction,
    /// What was said; shortened, not escaped, never a secret.
    pub text: String,
}

/// Who spoke in a transcript. The marks are those that swaks made common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Direction {
    /// We, in plain text.
    #[serde(rename = "->")]
    Sent,
    /// The other side, in plain text.
    #[serde(rename = "<-")]
    Received,
    /// We, inside TLS.
    #[serde(rename = "~>")]
    SentInTls,
    /// The other side, inside TLS.
    #[serde(rename = "<~")]
    ReceivedInTls,
    /// A remark of ours: connected, encrypted, closed.
    #[serde(rename = "==")]
    Remark,
}
