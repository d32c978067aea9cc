//! 0003: the lab's names resolve to true addresses, and connections to them are turned to loopback.
//!
//! # Situation
//!
//! The lab plays Microsoft 365 on loopback. The easy way is a resolver that answers `127.0.0.1` for each name. But
//! then the healthy tenant would look exactly like a block list that answers loopback, a check on published address
//! ranges could not pass, a name could not have eight addresses of two families, and ports below 1024 would need
//! rights.
//!
//! # Decision
//!
//! The lab's resolver answers with addresses inside the ranges that Microsoft publishes. Each public address and port
//! has a listener on a loopback port of its own, and the run is given the list as `--connect-to
//! ADDRESS:PORT:127.0.0.1:PORT2`, with an address where curl has a name. Such a rule applies after the lookup; one
//! with a name applies in place of it.
//!
//! In the lab [`ConnectOverrides::only_mapped`](crate::net::ConnectOverrides::only_mapped) is set: an address without a rule is never
//! dialled. A fault may answer with any address in the world, and no packet leaves for it.
//!
//! # Consequences
//!
//! - DNS faults can be told truly: private answers, sinkholes, addresses that Microsoft does not publish, one dead
//!   address of eight.
//! - `ece-check lab` serves other programs in the same way; `curl --connect-to` reaches it.
//! - Nothing in the checks knows of the lab. The report says that it is the lab, because the run was told so.
