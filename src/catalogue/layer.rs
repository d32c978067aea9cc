//! How deep causes lie: the order in which they must be fixed.

use serde::{Deserialize, Serialize};

/// How deep a cause lies, deepest first: what lies above cannot be judged before it is mended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    /// Names.
    Name,
    /// The route to the server.
    Route,
    /// The proxy in the path.
    Proxy,
    /// This host's clock.
    Clock,
    /// Certificates and encryption.
    Tls,
    /// What answers on the port.
    Service,
    /// ECE itself.
    Ece,
    /// The tenant and the application.
    Application,
    /// The token.
    Token,
    /// The sign-in.
    SignIn,
    /// The mailbox.
    Mailbox,
}
