//! The addresses of a name, asked of the resolvers that this host uses.
//!
//! In: a name, the address families wanted, the limits. Out: a [`Lookup`]: addresses, aliases, who was asked, and a
//! [`Halt`] when there is no address, which keeps apart what a resolver can say (RFC 1035, section 4.1.1; RFC 2308,
//! sections 1 and 2).
//!
//! hickory reads the system's configuration, the hosts file and the messages. The asking itself is done here, as a stub
//! resolver does it (one question, no cache), because three things must be seen that a resolver library folds away: a
//! port that refuses (only a connected UDP socket hears of it), the alias chain of an answer that failed, and which
//! family failed while the other answered.

#[cfg(not(windows))]
mod resolv_conf;

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    str::FromStr,
    time::Duration,
};

use futures_util::future::{Either, select};
use hickory_resolver::{
    Hosts,
    proto::{
        op::{Message, MessageType, Query, ResponseCode},
        rr::{Name, RData, RecordType},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

use super::{Family, Halt, Limits, dial};
use crate::evidence::FailureKind;

/// An honest chain of aliases is shorter than this.
const LONGEST_CHAIN: usize = 16;
/// Resolvers beyond these are never asked: their turn would not come within a step.
const MOST_SERVERS: usize = 4;
/// So long the answer for IPv6 is waited for when there is no such name for IPv4.
const MOMENT: Duration = Duration::from_secs(1);
/// Behind something that is no answer to the question, the true answer is waited for so long: who forges is faster.
const GRACE: Duration = Duration::from_millis(100);
/// Addresses and aliases of one answer beyond these are left out.
const MOST_RECORDS: usize = 256;

/// Resolvers and the hosts file.
#[derive(Debug)]
pub struct Resolver {
    servers: Vec<SocketAddr>,
    /// Servers that the configuration names and the system never asks.
    ignored: Vec<SocketAddr>,
    /// Why there are no servers.
    unconfigured: String,
    /// What the system appends to a name that does not exist.
    search: Vec<Name>,
    hosts: Hosts,
}

/// What a lookup came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// The addresses, IPv4 first, each family in numeric order; or why there is none.
    pub addresses: Result<Vec<IpAddr>, Halt>,
    /// The aliases behind the name, in the order in which they lead on.
    pub aliases: Vec<String>,
    /// The resolvers that were to be asked; empty when the hosts file answered.
    pub servers: Vec<SocketAddr>,
    /// True when the hosts file answered.
    pub from_hosts_file: bool,
    /// The longer name, made with a search suffix of the system, that answers although the name itself does not. Its
    /// addresses are not used: it is another machine.
    pub suffixed: Option<String>,
    /// Why one family had no answer while the other had.
    pub other_family_failed: Option<String>,
}

impl Resolver {
    /// What this host is configured to use. Without a usable configuration every lookup says so.
    #[must_use]
    pub fn system() -> Self {
        let hosts = Hosts::from_system().unwrap_or_default();
        Self { hosts, ..configured() }
    }

    /// These resolvers and nothing else: no hosts file, no search suffixes.
    #[must_use]
    pub fn with_servers(servers: Vec<SocketAddr>) -> Self {
        Self {
            servers: distinct(servers),
            ignored: Vec::new(),
            unconfigured: "no DNS server was named".to_owned(),
            search: Vec::new(),
            hosts: Hosts::default(),
        }
    }

    /// The resolvers, in the order in which they are asked.
    #[must_use]
    pub fn servers(&self) -> &[SocketAddr] {
        &self.servers
    }

    /// The resolvers that are configured and never asked: glibc knows three.
    #[must_use]
    pub fn ignored(&self) -> &[SocketAddr] {
        &self.ignored
    }

    /// What the system appends to a name that does not exist, in the order in which it is tried.
    #[must_use]
    pub fn suffixes(&self) -> Vec<String> {
        self.search.iter().map(plain).collect()
    }

    /// Looks a name up, for all families wanted at once. Ends within the step's limit; when the name does not exist,
    /// one more step may go into the search suffixes.
    pub async fn lookup(&self, name: &str, family: Family, limits: &Limits) -> Lookup {
        let mut lookup = self.lookup_of(name, family, limits).await;
        if let (Err(halt), Some(other)) = (&mut lookup.addresses, not_queried(family))
            && halt.kind == FailureKind::NoData
        {
            halt.words = format!("{}; {other} records were not queried", halt.words);
        }
        lookup
    }

    async fn lookup_of(&self, name: &str, family: Family, limits: &Limits) -> Lookup {
        if let Ok(address) = name.parse() {
            return Lookup::settled(in_family(vec![address], family));
        }
        let absolute = match absolute(name) {
            Ok(absolute) => absolute,
            Err(halt) => return Lookup::settled(Err(halt)),
        };
        if let Some(addresses) = self.in_hosts_file(&absolute) {
            return Lookup { from_hosts_file: true, ..Lookup::settled(in_family(addresses, family)) };
        }
        if self.servers.is_empty() {
            return Lookup::settled(Err(Halt::new(FailureKind::Unreachable, self.unconfigured.clone())));
        }
        let asked = limits.step(self.ask(&absolute, family, limits.step)).await;
        let mut lookup = asked.unwrap_or_else(|halt| Lookup::settled(Err(halt)));
        lookup.servers.clone_from(&self.servers);
        if lookup.name_fails() {
            lookup.suffixed = limits.step(self.with_suffix(&absolute, family, limits.step)).await.ok().flatten();
        }
        lookup
    }

    fn in_hosts_file(&self, name: &Name) -> Option<Vec<IpAddr>> {
        let found = [RecordType::A, RecordType::AAAA]
            .into_iter()
            .filter_map(|kind| self.hosts.lookup_static_host(&Query::query(name.clone(), kind)))
            .flat_map(|lookup| lookup.answers().iter().filter_map(|record| record.data.ip_addr()).collect::<Vec<_>>())
            .take(MOST_RECORDS)
            .collect::<Vec<_>>();
        (!found.is_empty()).then_some(found)
    }

    async fn with_suffix(&self, name: &Name, family: Family, step: Duration) -> Option<String> {
        for suffix in &self.search {
            let Ok(mut longer) = name.clone().append_name(suffix) else { continue };
            longer.set_fqdn(true);
            if self.ask(&longer, family, step).await.addresses.is_ok() {
                return Some(plain(&longer));
            }
        }
        None
    }

    async fn ask(&self, name: &Name, family: Family, step: Duration) -> Lookup {
        match family {
            Family::V4 => one_family(self.question(name, RecordType::A, step).await),
            Family::V6 => one_family(self.question(name, RecordType::AAAA, step).await),
            Family::Both => self.both_families(name, step).await,
        }
    }

    /// When there is no such name for IPv4, the answer for IPv6 is waited for only a moment. The other way round it is
    /// waited for in full: some servers deny a name because it has no IPv6 address (RFC 4074, section 4.2).
    async fn both_families(&self, name: &Name, step: Duration) -> Lookup {
        let v4 = Box::pin(self.question(name, RecordType::A, step));
        let v6 = Box::pin(self.question(name, RecordType::AAAA, step));
        match select(v4, v6).await {
            Either::Left((v4, v6)) if v4.says_unknown() => match timeout(MOMENT, v6).await {
                Ok(v6) => merged(v4, v6),
                Err(_) => one_family(v4),
            },
            Either::Left((v4, v6)) => merged(v4, v6.await),
            Either::Right((v6, v4)) => merged(v4.await, v6),
        }
    }

    /// Asks the servers in turn; those that were silent get a second chance. A server that answers with a failure is
    /// not asked again.
    async fn question(&self, name: &Name, kind: RecordType, step: Duration) -> Answer {
        let mut query = Message::query();
        query.metadata.recursion_desired = true;
        query.add_query(Query::query(name.clone(), kind));
        let mut left: Vec<SocketAddr> = self.servers.iter().copied().take(MOST_SERVERS).collect();
        let tries = u32::try_from(left.len() * 2).unwrap_or(1);
        let patience = step * 9 / 10 / tries; // the rest is for the step's own limit not to come first
        let mut failure: Option<Halt> = None;
        for _ in 0..2 {
            let mut silent = Vec::new();
            for server in left {
                match ask_server(server, &query, patience).await {
                    Ok(message) => match read(&message, name, kind) {
                        Ok(answer) => return answer,
                        Err(halt) => failure = Some(telling(failure, at(server, &halt))),
                    },
                    Err(halt) => {
                        if halt.kind == FailureKind::TimedOut {
                            silent.push(server);
                        }
                        failure = Some(telling(failure, at(server, &halt)));
                    }
                }
            }
            left = silent;
        }
        Answer { aliases: Vec::new(), addresses: Err(failure.expect("there is at least one server")) }
    }
}

/// The resolvers and suffixes of `/etc/resolv.conf`; without that file of none that is found elsewhere, glibc asks this
/// host itself.
#[cfg(not(windows))]
fn configured() -> Resolver {
    let text = match crate::files::read(std::path::Path::new(resolv_conf::FILE), resolv_conf::LARGEST) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        Err(error) => {
            let unconfigured = format!("the DNS configuration of this server cannot be used: {}", short(&error));
            return Resolver { unconfigured, ..Resolver::with_servers(Vec::new()) };
        }
    };
    let read = resolv_conf::read(&text, resolv_conf::interface);
    let search = read.search.iter().filter_map(|suffix| Name::from_str(suffix).ok());
    Resolver { ignored: read.ignored, search: suffixes(search), ..Resolver::with_servers(read.servers) }
}

/// The resolvers and suffixes of the adapters.
#[cfg(windows)]
fn configured() -> Resolver {
    let (config, unconfigured) = match hickory_resolver::system_conf::read_system_conf() {
        Ok((config, _)) => (config, "no DNS server is configured on this server".to_owned()),
        Err(error) => (
            hickory_resolver::config::ResolverConfig::default(),
            format!("the DNS configuration of this server cannot be used: {}", short(&error)),
        ),
    };
    let (domain, search, servers) = config.into_parts();
    let servers = servers.iter().map(|server| SocketAddr::new(server.ip, 53)).collect();
    let search = suffixes(search.into_iter().chain(domain));
    Resolver { unconfigured, search, ..Resolver::with_servers(servers) }
}

/// Each suffix once; the root is none.
fn suffixes(of: impl Iterator<Item = Name>) -> Vec<Name> {
    let mut once: Vec<Name> = Vec::new();
    for suffix in of {
        if !suffix.is_root() && !once.contains(&suffix) {
            once.push(suffix);
        }
    }
    once
}

impl Lookup {
    fn settled(addresses: Result<Vec<IpAddr>, Halt>) -> Self {
        Self {
            addresses,
            aliases: Vec::new(),
            servers: Vec::new(),
            from_hosts_file: false,
            suffixed: None,
            other_family_failed: None,
        }
    }

    fn name_fails(&self) -> bool {
        matches!(&self.addresses, Err(halt) if matches!(halt.kind, FailureKind::NxDomain | FailureKind::NoData))
    }
}

/// What was answered for one family.
struct Answer {
    aliases: Vec<String>,
    addresses: Result<Vec<IpAddr>, Halt>,
}

impl Answer {
    fn says_unknown(&self) -> bool {
        matches!(&self.addresses, Err(halt) if halt.kind == FailureKind::NxDomain)
    }
}

fn one_family(answer: Answer) -> Lookup {
    Lookup { aliases: answer.aliases, ..Lookup::settled(answer.addresses.map(sorted)) }
}

fn merged(v4: Answer, v6: Answer) -> Lookup {
    let aliases = if v4.aliases.is_empty() { v6.aliases } else { v4.aliases };
    let (addresses, failed) = match (v4.addresses, v6.addresses) {
        (Ok(four), Ok(six)) => (Ok(sorted([four, six].concat())), None),
        (Ok(four), Err(halt)) => (Ok(sorted(four)), failed("IPv6 (AAAA)", &halt)),
        (Err(halt), Ok(six)) => (Ok(sorted(six)), failed("IPv4", &halt)),
        (Err(four), Err(six)) => (Err(telling(Some(four), six)), None),
    };
    Lookup { aliases, other_family_failed: failed, ..Lookup::settled(addresses) }
}

/// The records of which nothing is known where one family alone is asked for.
fn not_queried(family: Family) -> Option<RecordType> {
    match family {
        Family::V4 => Some(RecordType::AAAA),
        Family::V6 => Some(RecordType::A),
        Family::Both => None,
    }
}

/// A name without addresses of one family is quite usual; anything else is worth telling.
fn failed(family: &str, halt: &Halt) -> Option<String> {
    (halt.kind != FailureKind::NoData).then(|| format!("{family}: {}", halt.words))
}

/// Of two failures the one that says more.
fn telling(one: Option<Halt>, other: Halt) -> Halt {
    let weight = |halt: &Halt| match halt.kind {
        FailureKind::NxDomain => 0,
        FailureKind::AliasLoop => 1,
        FailureKind::ServFail => 2,
        FailureKind::DnsRefused => 3,
        FailureKind::MalformedReply => 4,
        FailureKind::Refused | FailureKind::Reset | FailureKind::Closed => 5,
        FailureKind::TimedOut => 6,
        FailureKind::NoData => 8,
        _ => 7,
    };
    match one {
        Some(one) if weight(&one) <= weight(&other) => one,
        _ => other,
    }
}

/// Addresses in the family wanted, in order.
fn in_family(addresses: Vec<IpAddr>, family: Family) -> Result<Vec<IpAddr>, Halt> {
    let wanted: Vec<IpAddr> = addresses.into_iter().filter(|address| family.takes(*address)).collect();
    if wanted.is_empty() {
        return Err(Halt::new(FailureKind::NoData, "no address of the IP version that was selected"));
    }
    Ok(sorted(wanted))
}

fn sorted(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    addresses.sort_unstable(); // IPv4 sorts before IPv6
    addresses.dedup();
    addresses
}

fn distinct(servers: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut once: Vec<SocketAddr> = Vec::new();
    for server in servers {
        if !once.contains(&server) {
            once.push(server);
        }
    }
    once
}

/// The name as it is asked for: complete, so that no search suffix is appended.
fn absolute(name: &str) -> Result<Name, Halt> {
    let refused = |why: String| Halt::new(FailureKind::NxDomain, format!("not a name that DNS can carry: {why}"));
    let ascii = idna::domain_to_ascii(name.trim_end_matches('.')).map_err(|error| refused(error.to_string()))?;
    let mut absolute = Name::from_str(&ascii).map_err(|error| refused(short(&error)))?;
    absolute.set_fqdn(true);
    Ok(absolute)
}

/// Reads an answer. An `Err` is the server's failure, for which another server may be asked; what an [`Answer`] says
/// of the name holds whoever is asked.
fn read(message: &Message, name: &Name, kind: RecordType) -> Result<Answer, Halt> {
    match message.metadata.response_code {
        ResponseCode::NoError | ResponseCode::NXDomain => Ok(follow(message, name, kind)),
        ResponseCode::ServFail => match follow(message, name, kind) {
            answer @ Answer { addresses: Err(Halt { kind: FailureKind::AliasLoop, .. }), .. } => Ok(answer),
            _ => Err(Halt::new(FailureKind::ServFail, "the DNS server failed (SERVFAIL)")),
        },
        ResponseCode::Refused => Err(Halt::new(FailureKind::DnsRefused, "the DNS server refused the query (REFUSED)")),
        other => {
            let words = format!("the DNS server answered with the code {} ({other})", u16::from(other));
            Err(Halt::new(FailureKind::MalformedReply, words))
        }
    }
}

/// Follows the aliases inside one answer: a resolver that recurses gives the whole chain (RFC 1034, section 5.3.2).
fn follow(message: &Message, name: &Name, kind: RecordType) -> Answer {
    let mut chain: Vec<Name> = Vec::new();
    let mut current = name.clone();
    while let Some(next) = alias(message, &current) {
        let seen = next == *name || chain.contains(&next);
        chain.push(next.clone());
        if seen || chain.len() > LONGEST_CHAIN {
            let (kind, words) = if seen {
                (FailureKind::AliasLoop, "circular".to_owned())
            } else {
                (FailureKind::ReplyTooLarge, format!("more than {LONGEST_CHAIN} aliases (CNAME)"))
            };
            let words = format!("{words}: {} is an alias of {}", plain(&current), plain(&next));
            return Answer { aliases: spoken(&chain), addresses: Err(Halt::new(kind, words)) };
        }
        current = next;
    }
    let addresses: Vec<IpAddr> = message
        .answers
        .iter()
        .filter(|record| record.name == current && record.record_type() == kind)
        .filter_map(|record| record.data.ip_addr())
        .take(MOST_RECORDS)
        .collect();
    let addresses = if addresses.is_empty() { Err(nothing(message, name, &current, kind)) } else { Ok(addresses) };
    Answer { aliases: spoken(&chain), addresses }
}

fn alias(message: &Message, of: &Name) -> Option<Name> {
    message.answers.iter().find_map(|record| match &record.data {
        RData::CNAME(target) if record.name == *of => Some(target.0.clone()),
        _ => None,
    })
}

fn nothing(message: &Message, name: &Name, end: &Name, kind: RecordType) -> Halt {
    let unknown = message.metadata.response_code == ResponseCode::NXDomain;
    let what = match (unknown, end == name) {
        (true, true) => format!("{} does not exist (NXDOMAIN)", plain(name)),
        (true, false) => format!("{} is an alias of {}, which does not exist (NXDOMAIN)", plain(name), plain(end)),
        (false, true) => format!("{} has no {kind} record (NODATA)", plain(name)),
        (false, false) => format!("{} is an alias of {}, which has no {kind} record (NODATA)", plain(name), plain(end)),
    };
    Halt::new(if unknown { FailureKind::NxDomain } else { FailureKind::NoData }, what)
}

fn spoken(chain: &[Name]) -> Vec<String> {
    chain.iter().map(plain).collect()
}

fn plain(name: &Name) -> String {
    name.to_ascii().trim_end_matches('.').to_owned()
}

fn at(server: SocketAddr, halt: &Halt) -> Halt {
    Halt::new(halt.kind, format!("{} [{server}]", halt.words))
}

fn short(error: &impl std::fmt::Display) -> String {
    error.to_string().chars().take(200).collect()
}

/// Asks one server over UDP, and over TCP when the answer did not fit (RFC 7766, section 5).
async fn ask_server(server: SocketAddr, query: &Message, patience: Duration) -> Result<Message, Halt> {
    let answer = within(patience, over_udp(server, query)).await?;
    if !answer.metadata.truncation {
        return Ok(answer);
    }
    let over_tcp = within(patience, over_tcp(server, query)).await;
    over_tcp
        .map_err(|halt| Halt::new(halt.kind, format!("the answer is too long for UDP, and over TCP: {}", halt.words)))
}

async fn within<T>(patience: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, Halt> {
    match timeout(patience, work).await {
        Ok(done) => done.map_err(|error| dial::halt(&error)),
        Err(_) => Err(Halt::new(FailureKind::TimedOut, "the DNS server does not respond")),
    }
}

/// The socket is connected, so that the operating system takes answers from this server only and tells of a port that
/// refuses.
async fn over_udp(server: SocketAddr, query: &Message) -> io::Result<Message> {
    let any = if server.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(&encoded(query)?).await?;
    let mut buffer = vec![0; 4096];
    let mut stray = None;
    loop {
        let came = match stray {
            None => received(&socket, &mut buffer).await,
            Some(words) => match timeout(GRACE, received(&socket, &mut buffer)).await {
                Ok(came) => came,
                Err(_) => return Err(gibberish(words)),
            },
        };
        match decoded(&buffer[..came.map_err(refused_alike)?], query) {
            Ok(answer) => return Ok(answer),
            Err(words) => stray = Some(words),
        }
    }
}

/// Waits for a datagram, or for word that the port refuses. Of that, Wine 8 says only that there is an error, for ever
/// and never which; tokio's own `recv` goes round in it and lets no time limit in.
async fn received(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        let ready = socket.ready(Interest::READABLE | Interest::ERROR).await?;
        match socket.try_recv(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                if ready.is_error() || ready.is_read_closed() {
                    return Err(socket.take_error()?.unwrap_or_else(|| ErrorKind::ConnectionRefused.into()));
                }
            }
            settled => return settled,
        }
    }
}

/// A refusing port is a refusal to Unix and a reset to Windows, which hears of it by ICMP all the same.
fn refused_alike(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::ConnectionRefused => {
            io::Error::new(ErrorKind::ConnectionRefused, "the DNS server's port is closed")
        }
        _ => error,
    }
}

async fn over_tcp(server: SocketAddr, query: &Message) -> io::Result<Message> {
    let mut stream = TcpStream::connect(server).await?;
    let question = encoded(query)?;
    let length = u16::try_from(question.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), question.as_slice()].concat()).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    decoded(&answer, query).map_err(gibberish)
}

fn encoded(query: &Message) -> io::Result<Vec<u8>> {
    query.to_vec().map_err(io::Error::other)
}

/// An answer to this very question: a response by its QR bit, with our id and our question (RFC 1035, section 4.1.1;
/// RFC 5452, section 9.1). The error says what came in its place.
fn decoded(bytes: &[u8], query: &Message) -> Result<Message, &'static str> {
    let answer = Message::from_vec(bytes).map_err(|_| "the DNS server's answer is not a DNS message")?;
    if answer.metadata.id != query.metadata.id {
        return Err("the DNS server answered with the ID of another query");
    }
    if answer.metadata.message_type != MessageType::Response {
        return Err("the DNS server sent a query instead of an answer, as an echo does");
    }
    let without_question = answer.queries.is_empty() && answer.metadata.response_code != ResponseCode::NoError;
    if !without_question && answer.queries != query.queries {
        return Err("the DNS server answered another query"); // some servers leave it out of a refusal
    }
    Ok(answer)
}

fn gibberish(words: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, words)
}

#[cfg(test)]
mod tests {
    use simple_dns::{
        CLASS, Name as WireName, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE,
        rdata::{CNAME, RData as WireData},
    };
    use tokio::net::TcpListener;

    use super::*;
    use crate::net::limit::for_tests;

    const PATIENT: Duration = Duration::from_secs(20);
    const SHORT: Duration = Duration::from_millis(200);

    /// What a resolver of the tests answers to one question.
    #[derive(Clone, Copy, Debug)]
    enum Says {
        /// These records and this code.
        Zone(RCODE, &'static [(&'static str, &'static str)]),
        /// This code for AAAA, one address for A.
        OnlyA(RCODE),
        /// This code for A, one address for AAAA.
        OnlyAaaa(RCODE),
        /// This code for A, nothing for AAAA.
        SilentForV6(RCODE),
        /// Too long for UDP; over TCP the address 192.0.2.9.
        Truncated,
        /// Text.
        Text,
        /// Our own question.
        Echo,
        /// An answer with the id of another question.
        OtherId,
        /// An answer with a name that points to itself.
        Loop,
        /// Bytes without a meaning.
        Noise,
        /// Nothing.
        Nothing,
    }

    /// A resolver on loopback, over UDP and TCP.
    async fn resolver(says: Says) -> Resolver {
        Resolver::with_servers(vec![server(says).await])
    }

    async fn server(says: Says) -> SocketAddr {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let udp = UdpSocket::bind(address).await.unwrap();
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            while let Ok((length, from)) = udp.recv_from(&mut buffer).await {
                if let Some(answer) = answer(says, &buffer[..length], false) {
                    udp.send_to(&answer, from).await.unwrap();
                }
            }
        });
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = tcp.accept().await {
                let mut question = vec![0; usize::from(stream.read_u16().await.unwrap())];
                stream.read_exact(&mut question).await.unwrap();
                let answer = answer(says, &question, true).unwrap();
                stream.write_u16(u16::try_from(answer.len()).unwrap()).await.unwrap();
                stream.write_all(&answer).await.unwrap();
            }
        });
        address
    }

    fn answer(says: Says, question: &[u8], over_tcp: bool) -> Option<Vec<u8>> {
        let mut packet = Packet::parse(question).unwrap().into_reply();
        let v6 = packet.questions[0].qtype == QTYPE::TYPE(TYPE::AAAA);
        let (code, records): (RCODE, &[(&str, &str)]) = match says {
            Says::Zone(code, records) => (code, records),
            Says::OnlyA(code) if v6 => (code, &[]),
            Says::OnlyA(_) => (RCODE::NoError, &[("mail.test", "192.0.2.1")]),
            Says::OnlyAaaa(code) if !v6 => (code, &[]),
            Says::OnlyAaaa(_) => (RCODE::NoError, &[("mail.test", "2001:db8::1")]),
            Says::SilentForV6(code) if !v6 => (code, &[]),
            Says::Truncated if over_tcp => (RCODE::NoError, &[("mail.test", "192.0.2.9")]),
            Says::Truncated => {
                packet.set_flags(PacketFlag::TRUNCATION);
                (RCODE::NoError, &[])
            }
            Says::Echo => return Some(question.to_vec()),
            Says::OtherId => {
                packet.set_id(packet.id() ^ 1);
                (RCODE::NoError, &[("mail.test", "192.0.2.1")])
            }
            Says::Loop => {
                let mut bytes = question.to_vec();
                (bytes[2], bytes[12]) = (bytes[2] | 0x80, 0xc0);
                bytes[13] = 12;
                return Some(bytes);
            }
            Says::Noise => return Some((0..40_u8).map(|at| at.wrapping_mul(91) ^ 0x5a).collect()),
            Says::Text => return Some(b"220 mail.test ready\r\n".to_vec()),
            Says::SilentForV6(_) | Says::Nothing => return None,
        };
        *packet.rcode_mut() = code;
        for (name, value) in records {
            let data = match value.parse() {
                Ok(IpAddr::V4(_)) if v6 => continue,
                Ok(IpAddr::V6(_)) if !v6 => continue,
                Ok(IpAddr::V4(address)) => WireData::A(address.into()),
                Ok(IpAddr::V6(address)) => WireData::AAAA(address.into()),
                Err(_) => WireData::CNAME(CNAME(WireName::new_unchecked(value))),
            };
            packet.answers.push(ResourceRecord::new(WireName::new_unchecked(name), CLASS::IN, 60, data));
        }
        Some(packet.build_bytes_vec().unwrap())
    }

    async fn look(says: Says) -> Lookup {
        resolver(says).await.lookup("mail.test", Family::Both, &for_tests(PATIENT)).await
    }

    async fn kind(says: Says) -> FailureKind {
        look(says).await.addresses.unwrap_err().kind
    }

    fn addresses(of: &[&str]) -> Vec<IpAddr> {
        of.iter().map(|address| address.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn both_families_in_order_behind_aliases() {
        let lookup = look(Says::Zone(
            RCODE::NoError,
            &[
                ("mail.test", "a.test"),
                ("a.test", "b.test"),
                ("b.test", "192.0.2.200"),
                ("b.test", "2001:db8::1"),
                ("b.test", "192.0.2.3"),
            ],
        ))
        .await;
        assert_eq!(lookup.addresses, Ok(addresses(&["192.0.2.3", "192.0.2.200", "2001:db8::1"])));
        assert_eq!(lookup.aliases, ["a.test", "b.test"]);
        assert_eq!(lookup.other_family_failed, None);
    }

    #[tokio::test]
    async fn name_that_does_not_exist() {
        let halt = look(Says::Zone(RCODE::NameError, &[])).await.addresses.unwrap_err();
        assert_eq!(halt.kind, FailureKind::NxDomain);
        assert!(halt.words.starts_with("mail.test does not exist"), "{}", halt.words);
    }

    #[tokio::test]
    async fn nxdomain_ends_the_wait_for_the_silent_family() {
        let began = std::time::Instant::now();
        assert_eq!(kind(Says::SilentForV6(RCODE::NameError)).await, FailureKind::NxDomain);
        assert!(began.elapsed() < PATIENT / 2, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn name_without_addresses() {
        assert_eq!(kind(Says::Zone(RCODE::NoError, &[])).await, FailureKind::NoData);
    }

    #[tokio::test]
    async fn failing_resolver() {
        assert_eq!(kind(Says::Zone(RCODE::ServerFailure, &[])).await, FailureKind::ServFail);
    }

    #[tokio::test]
    async fn refusing_resolver() {
        assert_eq!(kind(Says::Zone(RCODE::Refused, &[])).await, FailureKind::DnsRefused);
    }

    #[tokio::test]
    async fn what_is_no_answer_is_neither_silence_nor_an_empty_answer() {
        for says in [Says::Text, Says::Echo, Says::OtherId, Says::Loop, Says::Noise] {
            let began = std::time::Instant::now();
            assert_eq!(kind(says).await, FailureKind::MalformedReply, "{says:?}");
            assert!(began.elapsed() < PATIENT / 4, "{says:?}: {:?}", began.elapsed());
        }
    }

    #[tokio::test]
    async fn silent_resolver_ends_within_the_step() {
        let step = Duration::from_secs(2); // a tenth of it is between the resolver's limit and the step's own
        let began = std::time::Instant::now();
        let lookup = resolver(Says::Nothing).await.lookup("mail.test", Family::Both, &for_tests(step)).await;
        let halt = lookup.addresses.unwrap_err();
        assert_eq!(halt.kind, FailureKind::TimedOut);
        assert!(halt.words.contains("127.0.0.1:"), "names the resolver: {}", halt.words);
        assert!(began.elapsed() < step * 3, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn nobody_listens_on_the_resolvers_port() {
        let closed = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let resolver = Resolver::with_servers(vec![closed]);
        let lookup = resolver.lookup("mail.test", Family::Both, &for_tests(PATIENT)).await;
        assert_eq!(lookup.addresses.unwrap_err().kind, FailureKind::Refused);
    }

    #[tokio::test]
    async fn next_resolver_answers_for_a_failing_one() {
        let failing = server(Says::Zone(RCODE::ServerFailure, &[])).await;
        let good = server(Says::OnlyA(RCODE::NoError)).await;
        let resolver = Resolver::with_servers(vec![failing, good]);
        let lookup = resolver.lookup("mail.test", Family::V4, &for_tests(PATIENT)).await;
        assert_eq!(lookup.addresses, Ok(addresses(&["192.0.2.1"])));
        assert_eq!(lookup.servers, [failing, good]);
    }

    #[tokio::test]
    async fn long_answer_comes_over_tcp() {
        assert_eq!(look(Says::Truncated).await.addresses, Ok(addresses(&["192.0.2.9"])));
    }

    #[tokio::test]
    async fn other_family_failing_is_told_and_is_no_stop() {
        let lookup = look(Says::OnlyA(RCODE::ServerFailure)).await;
        assert_eq!(lookup.addresses, Ok(addresses(&["192.0.2.1"])));
        assert!(lookup.other_family_failed.unwrap().starts_with("IPv6 (AAAA): the DNS server failed"));
        assert_eq!(look(Says::OnlyA(RCODE::NoError)).await.other_family_failed, None);
    }

    #[tokio::test]
    async fn name_denied_for_want_of_an_ipv6_address() {
        let lookup = look(Says::OnlyA(RCODE::NameError)).await;
        assert_eq!(lookup.addresses, Ok(addresses(&["192.0.2.1"])));
        assert!(lookup.other_family_failed.unwrap().contains("NXDOMAIN"));
    }

    #[tokio::test]
    async fn name_denied_for_ipv4_alone_has_the_address_of_the_other() {
        let lookup = look(Says::OnlyAaaa(RCODE::NameError)).await;
        assert_eq!(lookup.addresses, Ok(addresses(&["2001:db8::1"])));
        assert!(lookup.other_family_failed.unwrap().starts_with("IPv4: mail.test does not exist (NXDOMAIN)"));
    }

    #[tokio::test]
    async fn code_without_a_name_is_told_by_its_number() {
        let halt = look(Says::Zone(RCODE::NOTAUTH, &[])).await.addresses.unwrap_err();
        assert_eq!(halt.kind, FailureKind::MalformedReply);
        assert!(halt.words.contains("with the code 9 ("), "{}", halt.words);
    }

    #[test]
    fn long_chain_of_aliases_is_no_circle() {
        let name = |at: usize| Name::from_str(&format!("n{at}.test.")).unwrap();
        let mut message = Message::query();
        for at in 0..40 {
            let target = RData::CNAME(hickory_resolver::proto::rr::rdata::CNAME(name(at + 1)));
            message.answers.push(hickory_resolver::proto::rr::Record::from_rdata(name(at), 60, target));
        }
        let halt = follow(&message, &name(0), RecordType::A).addresses.unwrap_err();
        assert_eq!(halt.kind, FailureKind::ReplyTooLarge);
        assert!(halt.words.starts_with("more than 16 aliases"), "{}", halt.words);
    }

    #[tokio::test]
    async fn aliases_in_a_circle() {
        const CIRCLE: &[(&str, &str)] = &[("mail.test", "a.test"), ("a.test", "mail.test")];
        for code in [RCODE::NoError, RCODE::ServerFailure] {
            let lookup = look(Says::Zone(code, CIRCLE)).await;
            assert_eq!(lookup.addresses.unwrap_err().kind, FailureKind::AliasLoop, "{code:?}");
            assert_eq!(lookup.aliases, ["a.test", "mail.test"]);
        }
    }

    #[tokio::test]
    async fn alias_that_leads_to_nothing_is_named() {
        let lookup = look(Says::Zone(RCODE::NameError, &[("mail.test", "gone.test")])).await;
        let halt = lookup.addresses.unwrap_err();
        assert_eq!(halt.kind, FailureKind::NxDomain);
        assert!(halt.words.contains("gone.test"), "{}", halt.words);
        assert_eq!(lookup.aliases, ["gone.test"]);
    }

    #[tokio::test]
    async fn alias_without_addresses_is_named() {
        let halt = look(Says::Zone(RCODE::NoError, &[("mail.test", "empty.test")])).await.addresses.unwrap_err();
        assert_eq!(halt.kind, FailureKind::NoData);
        assert!(halt.words.contains("empty.test"), "{}", halt.words);
    }

    #[tokio::test]
    async fn hosts_file_answers_before_any_resolver() {
        let mut resolver = resolver(Says::Zone(RCODE::NameError, &[])).await;
        resolver.hosts.read_hosts_conf(&b"127.0.0.9 Mail.Test other.test # moved\n"[..]).unwrap();
        let lookup = resolver.lookup("mail.test", Family::Both, &for_tests(PATIENT)).await;
        assert_eq!(lookup.addresses, Ok(addresses(&["127.0.0.9"])));
        assert!(lookup.from_hosts_file && lookup.servers.is_empty());
    }

    #[tokio::test]
    async fn search_suffix_that_answers_is_noted_and_not_used() {
        let mut resolver = resolver(Says::Zone(RCODE::NoError, &[("mail.test.corp.test", "192.0.2.7")])).await;
        resolver.search = vec![Name::from_str("corp.test").unwrap()];
        let lookup = resolver.lookup("mail.test", Family::Both, &for_tests(PATIENT)).await;
        assert_eq!(lookup.addresses.unwrap_err().kind, FailureKind::NoData);
        assert_eq!(lookup.suffixed.as_deref(), Some("mail.test.corp.test"));
    }

    #[tokio::test]
    async fn no_resolver_at_all() {
        let lookup = Resolver::with_servers(Vec::new()).lookup("mail.test", Family::Both, &for_tests(SHORT)).await;
        assert_eq!(lookup.addresses, Err(Halt::new(FailureKind::Unreachable, "no DNS server was named")));
    }

    #[tokio::test]
    async fn family_that_was_not_asked_for_is_not_denied() {
        let words = async |family| {
            let resolver = resolver(Says::Zone(RCODE::NoError, &[])).await;
            let halt = resolver.lookup("mail.test", family, &for_tests(PATIENT)).await.addresses.unwrap_err();
            assert_eq!(halt.kind, FailureKind::NoData);
            halt.words
        };
        let (both, v4, v6) = (words(Family::Both).await, words(Family::V4).await, words(Family::V6).await);
        assert!(!both.contains("not queried"), "{both}");
        assert!(v4.contains("no A record") && v4.ends_with("; AAAA records were not queried"), "{v4}");
        assert!(v6.contains("no AAAA record") && v6.ends_with("; A records were not queried"), "{v6}");
    }

    #[tokio::test]
    async fn address_in_place_of_a_name_is_itself() {
        let lookup = Resolver::with_servers(Vec::new()).lookup("::1", Family::Both, &for_tests(SHORT)).await;
        assert_eq!(lookup.addresses, Ok(addresses(&["::1"])));
        let lookup = Resolver::with_servers(Vec::new()).lookup("::1", Family::V4, &for_tests(SHORT)).await;
        assert_eq!(lookup.addresses.unwrap_err().kind, FailureKind::NoData);
    }
}
