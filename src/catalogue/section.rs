//! The sections of Cisco's checklist, in its order (Cisco documents 218453 and 220476).

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::evidence::SharedText;

/// The names, in the order of [`Section::ALL`].
static NAMES: LazyLock<[SharedText; 12]> = LazyLock::new(|| Section::ALL.map(|section| section.name().into()));

/// A section of the checklist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Section {
    /// The lowest level of ECE with OAuth.
    MinimumVersion,
    /// The web address of ECE.
    SystemConfiguration,
    /// The application in Entra.
    EntraApplication,
    /// Getting the token.
    TokenGeneration,
    /// SMTP, IMAP and POP3 on the mailbox.
    MailboxConfiguration,
    /// The Exchange license.
    ExchangeLicence,
    /// Rights on the mailbox.
    MailboxPermissions,
    /// Names that must be reached.
    NetworkUrls,
    /// Ports that must be open.
    NetworkPorts,
    /// The mail protocols themselves.
    ConnectivityTest,
    /// Control Hub and Entra.
    WebexIntegration,
    /// Users from Entra to Webex.
    WebexProvisioning,
}

impl Section {
    /// All sections, in Cisco's order.
    pub const ALL: [Self; 12] = [
        Self::MinimumVersion,
        Self::SystemConfiguration,
        Self::EntraApplication,
        Self::TokenGeneration,
        Self::MailboxConfiguration,
        Self::ExchangeLicence,
        Self::MailboxPermissions,
        Self::NetworkUrls,
        Self::NetworkPorts,
        Self::ConnectivityTest,
        Self::WebexIntegration,
        Self::WebexProvisioning,
    ];

    /// The name as it stands in files, flags and reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::MinimumVersion => "minimum-version",
            Self::SystemConfiguration => "system-configuration",
            Self::EntraApplication => "entra-application",
            Self::TokenGeneration => "token-generation",
            Self::MailboxConfiguration => "mailbox-configuration",
            Self::ExchangeLicence => "exchange-licence",
            Self::MailboxPermissions => "mailbox-permissions",
            Self::NetworkUrls => "network-urls",
            Self::NetworkPorts => "network-ports",
            Self::ConnectivityTest => "connectivity-test",
            Self::WebexIntegration => "webex-integration",
            Self::WebexProvisioning => "webex-provisioning",
        }
    }

    /// The name, for findings.
    #[must_use]
    pub fn shared_name(self) -> SharedText {
        NAMES[self as usize].clone()
    }
}
