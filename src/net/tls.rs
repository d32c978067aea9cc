//! stub
/// Which certificates are trusted.
#[derive(Debug)]
pub struct Trust {}
