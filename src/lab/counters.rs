//! What came in: connections, sign-ins, tokens, and commands that would change something.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

/// How often what was asked of the lab.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Questions to the resolver.
    pub lookups: u64,
    /// Connections that a server accepted, by the public address and port. Reset ones count, refused and dropped do not.
    pub connections: BTreeMap<SocketAddr, u64>,
    /// The most round trips of one connection, by the public port: answers to something that was read, and the greeting.
    /// The handshake of TCP is none of them.
    pub round_trips: BTreeMap<u16, u64>,
    /// The most connections that were open at once, by the public name. One counts until both sides have closed it.
    pub most_for_host: BTreeMap<&'static str, u64>,
    /// Access tokens that were given, by the user; those of the application stand under `application`.
    pub tokens: BTreeMap<String, u64>,
    /// Sign-ins that were taken, by the mailbox that was named and the protocol: `smtp`, `imap`, `pop3`.
    pub sign_ins: BTreeMap<(String, &'static str), u64>,
    /// Sign-ins that were refused, by protocol.
    pub refused: BTreeMap<&'static str, u64>,
    /// The most sessions that one mailbox had at once, by protocol.
    pub most_for_mailbox: BTreeMap<(String, &'static str), u64>,
    /// Commands that change a mailbox or send mail, such as `DATA` or `STORE`, whether they were carried out or not.
    pub changing: BTreeMap<&'static str, u64>,
    /// The first requests to Graph and to Webex, such as `GET graph.microsoft.com/v1.0/users`; at most a thousand.
    pub api: Vec<String>,
    /// Messages that were taken, by the mailbox they came to; `elsewhere` for those that left the tenant.
    pub delivered: BTreeMap<String, u64>,
}

/// How many requests are noted, and how much of each.
const MOST_NOTED: usize = 1000;
const LONGEST_NOTED: usize = 500;

/// Counts for all servers of one lab.
#[derive(Debug, Default)]
pub(super) struct Counters(Mutex<Book>);

#[derive(Debug, Default)]
struct Book {
    counts: Counts,
    now: BTreeMap<Gauge, u64>,
}

/// Where somebody can be for a while.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gauge {
    /// Connected to a name.
    Host(&'static str),
    /// Signed in to a mailbox, over a protocol.
    Mailbox(String, &'static str),
}

/// Somebody is there until this is dropped.
#[derive(Debug)]
pub(super) struct Presence {
    counters: Arc<Counters>,
    gauge: Gauge,
}

impl Counters {
    /// Counts a question to the resolver.
    pub fn lookup(&self) {
        self.change(|counts| counts.lookups += 1);
    }

    /// Counts a connection.
    pub fn connection(&self, address: SocketAddr) {
        self.change(|counts| *counts.connections.entry(address).or_default() += 1);
    }

    /// Notes how many round trips a connection has had.
    pub fn round_trips(&self, port: u16, count: u64) {
        self.change(|counts| {
            let most = counts.round_trips.entry(port).or_default();
            *most = count.max(*most);
        });
    }

    /// Counts a token that is given.
    pub fn token(&self, user: &str) {
        self.change(|counts| *counts.tokens.entry(user.to_owned()).or_default() += 1);
    }

    /// Counts a sign-in that is taken.
    pub fn sign_in(&self, mailbox: &str, protocol: &'static str) {
        self.change(|counts| *counts.sign_ins.entry((mailbox.to_owned(), protocol)).or_default() += 1);
    }

    /// Counts a sign-in that is refused.
    pub fn refusal(&self, protocol: &'static str) {
        self.change(|counts| *counts.refused.entry(protocol).or_default() += 1);
    }

    /// Counts a message that is taken.
    pub fn delivery(&self, mailbox: &str) {
        self.change(|counts| *counts.delivered.entry(mailbox.to_owned()).or_default() += 1);
    }

    /// Counts a command when it is one of those that change something. `changing` are the protocol's.
    pub fn command(&self, word: &str, changing: &[&'static str]) {
        let Some(known) = changing.iter().find(|known| known.eq_ignore_ascii_case(word)) else { return };
        self.change(|counts| *counts.changing.entry(known).or_default() += 1);
    }

    /// Notes a request to Graph or to Webex.
    pub fn api(&self, request: &str) {
        self.change(|counts| {
            if counts.api.len() < MOST_NOTED {
                counts.api.push(request.chars().filter(|letter| !letter.is_control()).take(LONGEST_NOTED).collect());
            }
        });
    }

    /// Notes that somebody is somewhere, and how many are there at most.
    pub fn enter(self: &Arc<Self>, gauge: Gauge) -> Presence {
        let mut book = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = book.now.entry(gauge.clone()).or_default();
        *now += 1;
        let now = *now;
        let most = match &gauge {
            Gauge::Host(name) => book.counts.most_for_host.entry(name).or_default(),
            Gauge::Mailbox(name, protocol) => book.counts.most_for_mailbox.entry((name.clone(), protocol)).or_default(),
        };
        *most = now.max(*most);
        Presence { counters: self.clone(), gauge }
    }

    /// The counts so far.
    pub fn so_far(&self) -> Counts {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).counts.clone()
    }

    fn change(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).counts);
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut book = self.counters.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(now) = book.now.get_mut(&self.gauge) {
            *now = now.saturating_sub(1);
        }
    }
}
