//! What a fault changes in names and servers: DNS answers, connections, certificates, TLS, and what is said when.
//!
//! In: the keys `share`, `family`, `dns`, `door`, `certificate`, `tls`, `at` and `steps` of a fault file. Out: values
//! that the topology puts into its names and endpoints.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Deserialize;

/// Which of a name's addresses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::lab) enum Share {
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
    pub fn takes(self, index: usize) -> bool {
        match self {
            Self::All => true,
            Self::One => index == 0,
            Self::Half => index.is_multiple_of(2),
            Self::AllButOne => index > 0,
        }
    }
}

/// A family of addresses, as the DNS names its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(in crate::lab) enum Family {
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
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file of a fault")]
pub(in crate::lab) struct Dns {
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
    /// Over UDP only says that the answer does not fit, and closes the connection when it is asked over TCP.
    #[serde(default)]
    pub closes_over_tcp: bool,
    /// Answers under another query's number.
    #[serde(default)]
    pub foreign_id: bool,
    /// These bytes follow the query's number in place of an answer.
    pub hex: Option<String>,
}

/// A response code of the DNS (RFC 1035 section 4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(in crate::lab) enum Code {
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
pub(in crate::lab) enum Door {
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
pub(in crate::lab) struct Certificate {
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
pub(in crate::lab) enum Authority {
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
pub(in crate::lab) enum Chain {
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
pub(in crate::lab) struct Tls {
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
pub(in crate::lab) enum Moment {
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
    /// Microsoft Graph.
    Graph,
    /// The SCIM interface of Webex.
    Scim,
}

/// One thing that a server does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(in crate::lab) enum Step {
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
pub(in crate::lab) struct Answer {
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
pub(in crate::lab) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter(|letter| !letter.is_whitespace()).map_while(|c| c.to_digit(16)).collect();
    digits.chunks_exact(2).filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok()).collect()
}
