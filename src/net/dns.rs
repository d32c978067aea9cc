//! stub
/// Resolvers and the hosts file.
#[derive(Debug)]
pub struct Resolver {}
