//! What came in: connections, and commands that would change something.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
};

/// How often what was asked of the lab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Questions to the resolver.
    pub lookups: u64,
    /// Connections that a server accepted, by the public address and port. Reset ones count, refused and dropped do not.
    pub connections: BTreeMap<SocketAddr, u64>,
    /// Commands that change a mailbox or send mail, such as `DATA` or `STORE`, whether they were carried out or not.
    pub changing: BTreeMap<&'static str, u64>,
}

/// Counts for all servers of one lab.
#[derive(Debug, Default)]
pub(super) struct Counter(Mutex<Counts>);

impl Counter {
    /// Counts a question to the resolver.
    pub fn lookup(&self) {
        self.change(|counts| counts.lookups += 1);
    }

    /// Counts a connection.
    pub fn connection(&self, address: SocketAddr) {
        self.change(|counts| *counts.connections.entry(address).or_default() += 1);
    }

    /// Counts a command when it is one of those that change something. `changing` are the protocol's.
    pub fn command(&self, word: &str, changing: &[&'static str]) {
        let Some(known) = changing.iter().find(|known| known.eq_ignore_ascii_case(word)) else { return };
        self.change(|counts| *counts.changing.entry(known).or_default() += 1);
    }

    /// The counts so far.
    pub fn so_far(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
