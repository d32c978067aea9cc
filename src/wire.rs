//! The mail protocols without sockets: bytes in, replies out. Nothing here waits, dials or judges.

pub mod imap;
pub mod line;
pub mod pop3;
pub mod smtp;
