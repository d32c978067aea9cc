//! The resolver (RFC 1035, UDP and TCP, with the larger answers of RFC 6891).
//!
//! In: the names of the [`Topology`](super::topology::Topology). Out: answers with the whole alias chain, as a resolver of a
//! company gives them. Names that the lab does not know do not exist.

use std::{net::IpAddr, sync::Arc, time::Duration};

use simple_dns::{
    CLASS, Name as DnsName, Packet, PacketFlag, QCLASS, QTYPE, RCODE, ResourceRecord, TYPE,
    rdata::{A, AAAA, CNAME, OPT, RData, SOA},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    counters::Counters,
    fault::{Code, bytes},
    topology::{Answer, Name},
};

/// The largest answer over UDP that a client without EDNS takes (RFC 1035 section 4.2.1).
const PLAIN_UDP: usize = 512;
/// The largest that the lab sends or reads.
const LARGEST: usize = 4096;
const TTL: u32 = 60;
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a listener that cannot accept waits before it tries again.
const PAUSE: Duration = Duration::from_millis(50);
/// How many questions may wait for their answers.
const MOST_WAITING: usize = 256;

/// What the resolver knows.
pub(super) struct Zone {
    pub names: Vec<Name>,
    pub latency: Duration,
    pub counters: Arc<Counters>,
}

/// What is done with a question.
enum Reaction {
    Say(Vec<u8>, Duration),
    Nothing,
    Close,
}

/// Answers over UDP until it is dropped.
pub(super) async fn serve_udp(socket: UdpSocket, zone: Arc<Zone>) {
    let socket = Arc::new(socket);
    let waiting = Arc::new(Semaphore::new(MOST_WAITING));
    let mut answers = JoinSet::new();
    let mut question = [0; LARGEST];
    loop {
        while answers.try_join_next().is_some() {}
        let Ok((length, client)) = socket.recv_from(&mut question).await else { continue };
        let Reaction::Say(answer, wait) = zone.react(&question[..length], false) else { continue };
        let Ok(index) = waiting.clone().try_acquire_owned() else { continue };
        let socket = socket.clone();
        answers.spawn(async move {
            let _permit = index;
            sleep(wait).await;
            let _ = socket.send_to(&answer, client).await;
        });
    }
}

/// Answers over TCP until it is dropped.
pub(super) async fn serve_tcp(listener: TcpListener, zone: Arc<Zone>) {
    let open = Arc::new(Semaphore::new(MOST_WAITING));
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        let Ok(index) = open.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await; // out of descriptors, most likely
            continue;
        };
        let zone = zone.clone();
        clients.spawn(async move {
            let _permit = index;
            let _ = timeout(PATIENCE, answer_stream(stream, &zone)).await;
        });
    }
}

async fn answer_stream(mut stream: TcpStream, zone: &Zone) -> std::io::Result<()> {
    loop {
        let length = usize::from(stream.read_u16().await?);
        if length > LARGEST {
            return Ok(());
        }
        let mut question = vec![0; length];
        stream.read_exact(&mut question).await?;
        let (answer, wait) = match zone.react(&question, true) {
            Reaction::Say(answer, wait) => (answer, wait),
            Reaction::Nothing => return std::future::pending().await, // until the limit: silent, but not closed
            Reaction::Close => return Ok(()),
        };
        sleep(wait).await;
        let mut framed = u16::try_from(answer.len()).unwrap_or(u16::MAX).to_be_bytes().to_vec();
        framed.extend_from_slice(&answer);
        stream.write_all(&framed).await?;
    }
}

impl Zone {
    fn react(&self, question: &[u8], over_tcp: bool) -> Reaction {
        let Ok(query) = Packet::parse(question) else { return Reaction::Nothing };
        if query.has_flags(PacketFlag::RESPONSE) || query.questions.len() != 1 {
            return Reaction::Nothing;
        }
        self.counters.lookup();
        let asked = query.questions[0].qname.to_string();
        let known = self.find(&asked, query.questions[0].qtype);
        if known.is_some_and(|(answer, _)| answer.silent || (answer.silent_over_tcp && over_tcp)) {
            return Reaction::Nothing;
        }
        if over_tcp && known.is_some_and(|(answer, _)| answer.closes_over_tcp) {
            return Reaction::Close;
        }
        let wait = self.latency + Duration::from_millis(known.map_or(0, |(answer, _)| answer.wait_ms));
        say(&query, &asked, known, over_tcp).map_or(Reaction::Nothing, |answer| Reaction::Say(answer, wait))
    }

    /// What is said to a question, and how many aliases of the chain lie behind the name that was asked for.
    fn find(&self, asked: &str, kind: QTYPE) -> Option<(&Answer, usize)> {
        self.names.iter().find_map(|name| {
            let answer = if kind == QTYPE::TYPE(TYPE::AAAA) { &name.ipv6 } else { &name.ipv4 };
            if asked.eq_ignore_ascii_case(name.host.name) {
                return Some((answer, 0));
            }
            let index = answer.aliases.iter().position(|alias| alias.eq_ignore_ascii_case(asked))?;
            Some((answer, index + 1))
        })
    }
}

/// The bytes of an answer.
fn say(query: &Packet<'_>, asked: &str, known: Option<(&Answer, usize)>, over_tcp: bool) -> Option<Vec<u8>> {
    if let Some(hex) = known.and_then(|(answer, _)| answer.hex.as_deref()) {
        return Some([&query.id().to_be_bytes()[..], &bytes(hex)].concat());
    }
    let mut reply = empty_reply(query);
    match known {
        None => *reply.rcode_mut() = RCODE::NameError,
        Some((answer, behind)) => fill(&mut reply, query, asked, answer, behind),
    }
    if reply.answers.is_empty() {
        reply.name_servers.push(authority(asked)?);
    }
    let whole = reply.build_bytes_vec_compressed().ok()?;
    let must_ask_over_tcp = known.is_some_and(|(answer, _)| answer.silent_over_tcp || answer.closes_over_tcp);
    if over_tcp || (whole.len() <= room(query) && !must_ask_over_tcp) {
        return Some(whole);
    }
    let mut cut = empty_reply(query);
    cut.set_flags(PacketFlag::TRUNCATION);
    cut.build_bytes_vec_compressed().ok()
}

fn room(query: &Packet<'_>) -> usize {
    query.opt().map_or(PLAIN_UDP, |opt| usize::from(opt.udp_packet_size).clamp(PLAIN_UDP, LARGEST))
}

fn empty_reply<'a>(query: &Packet<'a>) -> Packet<'a> {
    let mut reply = Packet::new_reply(query.id());
    reply.set_flags(PacketFlag::RECURSION_AVAILABLE);
    if query.has_flags(PacketFlag::RECURSION_DESIRED) {
        reply.set_flags(PacketFlag::RECURSION_DESIRED);
    }
    reply.questions.clone_from(&query.questions);
    if query.opt().is_some() {
        *reply.opt_mut() = Some(OPT { opt_codes: Vec::new(), udp_packet_size: 1232, version: 0 });
    }
    reply
}

fn fill<'a>(reply: &mut Packet<'a>, query: &Packet<'a>, asked: &str, answer: &Answer, behind: usize) {
    *reply.rcode_mut() = code(answer.code);
    if answer.foreign_id {
        reply.set_id(!query.id());
    }
    let kind = query.questions[0].qtype;
    let of_internet = matches!(query.questions[0].qclass, QCLASS::CLASS(CLASS::IN) | QCLASS::ANY);
    if !of_internet || matches!(answer.code, Some(Code::Servfail | Code::Refused | Code::Formerr | Code::Notimp)) {
        return;
    }
    let mut owner = asked.to_owned();
    let only_first = kind == QTYPE::TYPE(TYPE::CNAME);
    let length = if only_first { 1 } else { answer.aliases.len() };
    for alias in answer.aliases[behind..].iter().take(length) {
        push(reply, &owner, owned(alias).map(|name| RData::CNAME(CNAME(name))));
        owner.clone_from(alias);
    }
    for address in &answer.addresses {
        match (address, kind) {
            (IpAddr::V4(ip), QTYPE::TYPE(TYPE::A)) => push(reply, &owner, Some(RData::A(A::from(*ip)))),
            (IpAddr::V6(ip), QTYPE::TYPE(TYPE::AAAA)) => push(reply, &owner, Some(RData::AAAA(AAAA::from(*ip)))),
            _ => {}
        }
    }
}

fn push(reply: &mut Packet<'_>, owner: &str, data: Option<RData<'static>>) {
    if let (Some(owner), Some(data)) = (owned(owner), data) {
        reply.answers.push(ResourceRecord::new(owner, CLASS::IN, TTL, data));
    }
}

fn owned(name: &str) -> Option<DnsName<'static>> {
    DnsName::new(name).ok().map(DnsName::into_owned)
}

/// Who would know, for answers without addresses (RFC 2308 section 3).
fn authority(asked: &str) -> Option<ResourceRecord<'static>> {
    let zone = asked.rsplitn(3, '.').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(".");
    let soa = SOA {
        mname: owned("ns1.lab.invalid")?,
        rname: owned("hostmaster.lab.invalid")?,
        serial: 1,
        refresh: 3600,
        retry: 600,
        expire: 86_400,
        minimum: TTL,
    };
    Some(ResourceRecord::new(owned(&zone)?, CLASS::IN, TTL, RData::SOA(soa)))
}

fn code(code: Option<Code>) -> RCODE {
    match code {
        None => RCODE::NoError,
        Some(Code::Formerr) => RCODE::FormatError,
        Some(Code::Servfail) => RCODE::ServerFailure,
        Some(Code::Nxdomain) => RCODE::NameError,
        Some(Code::Notimp) => RCODE::NotImplemented,
        Some(Code::Refused) => RCODE::Refused,
    }
}
