//! What was found, in words that a person who does not know the protocol can read.

use super::Said;
use crate::{
    catalogue::{Check, expect},
    evidence::{Failure, FailureKind, Observation, Protocol, Stage, Unit, Value},
};

/// So many addresses are named one by one; the rest is counted.
const NAMED: usize = 8;

/// What was found, for the finding.
pub(super) fn found(check: &Check, observation: &Observation, units: &[Unit<'_>], said: &[Said]) -> String {
    let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
    for (place, said) in said.iter().enumerate() {
        let Some(sentence) = say(check, &units[place], said) else { continue };
        match groups.iter_mut().find(|(known, _)| *known == sentence) {
            Some((_, places)) => places.push(place),
            None => groups.push((sentence, vec![place])),
        }
    }
    let all_is_well = !said.iter().any(|said| matches!(said, Said::Misses(_) | Said::Stopped(_) | Said::Ours(_)));
    if all_is_well && groups.iter().all(|(sentence, _)| sentence.is_empty()) {
        return show(check, observation, units, said);
    }
    let lines: Vec<String> = groups
        .iter()
        .filter(|(sentence, _)| !sentence.is_empty())
        .map(|(sentence, places)| format!("{sentence}{}", at(units, places)))
        .collect();
    lines.join("; ")
}

/// One sentence for what is not well; an empty one for what is; none for what says nothing.
fn say(check: &Check, unit: &Unit<'_>, said: &Said) -> Option<String> {
    Some(match said {
        Said::Nothing => return None,
        Said::Holds => String::new(),
        Said::Reserved(missed) | Said::Misses(missed) => {
            let wrong = missed.iter().map(|fact| measured(fact, unit.fact(fact)));
            let shown = check.shows.iter().filter(|fact| !missed.contains(fact));
            let context = shown.filter_map(|fact| unit.fact(fact).map(|value| measured(fact, Some(value))));
            wrong.chain(context).collect::<Vec<_>>().join(", ")
        }
        Said::Stopped(stop) | Said::Ours(stop) => sentence(stop),
    })
}

fn measured(fact: &str, value: Option<&Value>) -> String {
    let label = expect::fact(fact).map_or(fact, |fact| fact.label);
    match value {
        Some(value) => format!("{label}: {value}"),
        None => format!("{label}: not seen"),
    }
}

/// The facts that a check shows when all is well, and how many addresses were seen.
fn show(check: &Check, observation: &Observation, units: &[Unit<'_>], said: &[Said]) -> String {
    let seen: Vec<&Unit<'_>> =
        units.iter().zip(said).filter(|(_, said)| **said != Said::Nothing).map(|(unit, _)| unit).collect();
    let mut parts: Vec<String> = check.shows.iter().filter_map(|fact| shown(fact, &seen)).collect();
    if !observation.attempts.is_empty() {
        let addresses = if units.len() == 1 { "address" } else { "addresses" };
        parts.insert(0, format!("{} of {} {addresses}", seen.len(), units.len()));
    }
    parts.join(", ")
}

fn shown(fact: &str, units: &[&Unit<'_>]) -> Option<String> {
    let label = expect::fact(fact).map_or(fact, |fact| fact.label);
    let mut values: Vec<&Value> = Vec::new();
    for value in units.iter().filter_map(|unit| unit.fact(fact)) {
        if !values.contains(&value) {
            values.push(value);
        }
    }
    let numbers: Vec<i64> =
        values.iter().filter_map(|value| if let Value::Int(n) = value { Some(*n) } else { None }).collect();
    match (numbers.iter().min(), numbers.iter().max()) {
        (Some(least), Some(most)) if least != most => Some(format!("{label}: {least} to {most}")),
        _ if values.is_empty() || matches!(values[..], [Value::List(items)] if items.is_empty()) => None,
        _ => Some(format!("{label}: {}", values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" / "))),
    }
}

/// The addresses meant, when there are several and not all are.
fn at(units: &[Unit<'_>], places: &[usize]) -> String {
    let addresses: Vec<String> =
        places.iter().filter_map(|place| units[*place].attempt).map(|path| path.address.ip().to_string()).collect();
    if addresses.is_empty() {
        return String::new();
    }
    let named = addresses.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    let rest = addresses.len().saturating_sub(NAMED);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    match (addresses.len(), units.len()) {
        (1, 1) => format!(" ({named})"),
        (some, all) if some == all => format!(" (all {all} addresses: {named}{more})"),
        (some, all) => format!(" ({some} of {all} addresses: {named}{more})"),
    }
}

/// A stop as a sentence without its address.
#[must_use]
pub fn sentence(stop: &Failure) -> String {
    let place = while_doing(stop.stage);
    let quoted = || if stop.words.is_empty() { String::new() } else { format!(": \"{}\"", stop.words) };
    let plain = || if stop.words.is_empty() { String::new() } else { format!(" ({})", stop.words) };
    if stop.protocol == Protocol::Dns {
        match stop.kind {
            FailureKind::Unreachable => return format!("there is no road to the resolver{}", plain()),
            FailureKind::Refused => return format!("the resolver's port is closed{}", plain()),
            _ => {}
        }
    }
    match stop.kind {
        FailureKind::NxDomain => format!("the name does not exist{}", plain()),
        FailureKind::NoData => format!("the name exists but has no address{}", plain()),
        FailureKind::ServFail => format!("the resolver failed (SERVFAIL){}", plain()),
        FailureKind::DnsRefused => format!("the resolver refuses to answer (REFUSED){}", plain()),
        FailureKind::AliasLoop => format!("the aliases of the name lead in a circle{}", plain()),
        FailureKind::TimedOut => format!("nothing came back {place}{}", plain()),
        FailureKind::Refused => format!("the connection was refused{}", plain()),
        FailureKind::Reset => format!("the connection was reset {place}{}", plain()),
        FailureKind::Unreachable => format!("there is no road to the address{}", plain()),
        FailureKind::LocallyBlocked => format!("this host itself forbids the connection{}", plain()),
        FailureKind::Closed => format!("the other side closed the connection {place}{}", quoted()),
        FailureKind::Rejected => format!("refused {place}{}", quoted()),
        FailureKind::NotOffered => format!("not offered {place}{}", plain()),
        FailureKind::UnexpectedHttp => format!("a web server or proxy answered {place}{}", quoted()),
        FailureKind::UnexpectedTls => format!("TLS was spoken where plain text is the rule, {place}{}", plain()),
        FailureKind::UnexpectedPlaintext => format!("plain text was spoken where TLS is the rule{}", quoted()),
        FailureKind::MalformedReply => format!("the answer is not of this protocol, {place}{}", quoted()),
        FailureKind::ReplyTooLarge => format!("the answer never ended {place}{}", plain()),
        FailureKind::StarttlsInjection => {
            format!("bytes came behind the STARTTLS answer, before encryption{}", quoted())
        }
        FailureKind::TlsAlert => format!("the other side ended the TLS handshake{}", plain()),
        FailureKind::TlsVersionTooOld => format!("the other side knows only TLS older than 1.2{}", plain()),
        FailureKind::Expired => format!("the certificate has expired{}", plain()),
        FailureKind::NotYetValid => format!("the certificate is not valid yet{}", plain()),
        FailureKind::WrongName => format!("the certificate is for another name{}", plain()),
        FailureKind::SelfSigned => format!("the certificate is signed by itself{}", plain()),
        FailureKind::UnknownIssuer => format!("the issuer of the certificate is not in the trust store{}", plain()),
        FailureKind::MissingIntermediate => {
            format!("the server does not send the certificate that signed its own{}", plain())
        }
        FailureKind::BadCertificate => format!("the certificate cannot be used{}", plain()),
        FailureKind::BadStatus => format!("the answer was a refusal{}", quoted()),
        FailureKind::WebPage => format!("a web page came where data was asked for{}", quoted()),
        FailureKind::Deadline => format!("not finished {place}: the deadline of the run came first"),
        FailureKind::Interrupted => format!("not finished {place}: the run was stopped"),
        FailureKind::Missing => format!("missing{}", plain()),
        FailureKind::Internal => format!("a fault of ece-check itself{}", plain()),
    }
}

fn while_doing(stage: Stage) -> &'static str {
    match stage {
        Stage::Lookup => "while asking the resolver",
        Stage::Connect => "while opening the connection",
        Stage::Greeting => "while waiting for the greeting",
        Stage::Ehlo => "at EHLO",
        Stage::Starttls => "at STARTTLS",
        Stage::Handshake => "during the TLS handshake",
        Stage::Certificate => "at the certificate",
        Stage::Capabilities => "while asking for the capabilities",
        Stage::Request => "while asking over HTTPS",
        Stage::Credential => "while reading the secret",
        Stage::Grant => "while asking for the token",
        Stage::Authorize => "on the sign-in page",
        Stage::Authenticate => "at the sign-in",
        Stage::Open => "while opening the mailbox",
        Stage::Sender => "at MAIL FROM",
        Stage::Recipient => "at RCPT TO",
        Stage::Send => "while handing the message over",
        Stage::Find => "while looking for the message",
    }
}
