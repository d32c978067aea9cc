//! What opening a connection can measure.

use crate::evidence::facts;

facts! {
    /// What opening a connection can measure.
    OPEN: bool = "tcp.open", "connection opened";
    UNUSED_ADDRESSES: Vec<String> = "tcp.unused_addresses", "not tested (IP version not used by this server)";
    ADDRESS_CLASS: String = "tcp.address_class", "address type";
    SHUT_HERE: Vec<String> = "tcp.shut_here", "blocked by firewall rule of this server";
}
