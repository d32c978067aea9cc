//! What opening a connection can measure.

use crate::evidence::facts;

facts! {
    /// What opening a connection can measure.
    OPEN: bool = "tcp.open", "connection opened";
    UNUSED_ADDRESSES: Vec<String> = "tcp.unused_addresses", "not dialled, as this host does not use their family";
    SHUT_HERE: Vec<String> = "tcp.shut_here", "what shuts the port in this host's own firewall";
}
