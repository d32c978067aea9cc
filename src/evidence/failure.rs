//! Where and why a look could not go on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where and why a look could not go on, in the other side's own words.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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
    /// True where the run could not begin for want of what the user has: that says nothing of the other side.
    #[must_use]
    pub fn is_missing_input(&self) -> bool {
        self.kind == FailureKind::Missing && self.stage == Stage::Credential
    }

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
    /// There is no route to the address.
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
    /// This program lacks what it would need to tell: an algorithm of TLS, a form of a claim. The other side may be good.
    CannotJudge,
    /// Something that the user's file promises is not there: an environment variable, a file, an answer of a command.
    Missing,
}

impl FailureKind {
    /// True when the look ended for a reason of our own: nothing is known of the other side.
    #[must_use]
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Deadline | Self::Interrupted | Self::Internal | Self::CannotJudge)
    }
}
