//! The sentences of a report: every one is written here, from values, and nowhere else.
//!
//! In: the values of findings and what their observations hold. Out: whole sentences, not yet made harmless for any
//! output. The formats lay them out; none reads a sentence back.

use crate::{
    catalogue::expect,
    evidence::{Failure, FailureKind, Observation, Protocol, Route, SharedText, Sharer, Source, Stage, Unit, Value},
    finding::{Because, Finding, Found, Group, NextStep, NotApplicable, Status},
    judge::values,
    probe::tls,
};

/// So many addresses are named one by one; the rest is counted.
const NAMED: usize = 8;

/// What stands between two steps where all stand in one text, as in the JSON report.
const BETWEEN_STEPS: &str = "; otherwise ";

/// What to do with the file that a colleague sends back.
pub const REQUESTED: &str = "run again with --evidence FILE";

/// Writes the sentences of all findings into them, beside the values.
pub fn write(findings: &mut [Finding], looks: &[Observation]) {
    let mut shared = Sharer::default();
    let mut tell = |finding| Told::of(finding, findings, looks, &mut shared);
    let told: Vec<Told> = findings.iter().map(&mut tell).collect();
    for (finding, told) in findings.iter_mut().zip(told) {
        finding.found = told.found;
        finding.next = told.next;
        for (cause, because) in finding.causes.iter_mut().zip(told.because) {
            cause.because = because;
        }
        for (cause, because) in finding.ruled_out.iter_mut().zip(told.ruled_out) {
            cause.because = because;
        }
    }
}

/// The sentences of one finding.
struct Told {
    found: SharedText,
    next: Option<SharedText>,
    because: Vec<Vec<String>>,
    ruled_out: Vec<String>,
}

impl Told {
    fn of(finding: &Finding, findings: &[Finding], looks: &[Observation], shared: &mut Sharer) -> Self {
        let seen = finding.look.and_then(|look| looks.get(look));
        let found = match &finding.evidence {
            Some(evidence) => found(evidence, seen, findings),
            None => finding.found.to_string(),
        };
        let say = |one: &Because| because(one, &found, seen, findings, looks);
        let of_cause = |evidence: &[Because]| evidence.iter().map(say).collect();
        Self {
            because: finding.causes.iter().map(|cause| of_cause(&cause.evidence)).collect(),
            ruled_out: finding.ruled_out.iter().map(|out| out.evidence.as_ref().map(say).unwrap_or_default()).collect(),
            next: next(&finding.steps).map(|next| shared.text(&next)),
            found: shared.text(&found),
        }
    }
}

/// The steps of a finding in one text that a program may take apart: it begins with a command, so the causes that the
/// steps test are named by the formats for people alone.
fn next(steps: &[NextStep]) -> Option<String> {
    let mut texts: Vec<String> = steps.iter().map(step).collect();
    for text in texts.iter_mut().rev().skip(1) {
        text.truncate(text.trim_end_matches('.').len()); // a sentence goes on
    }
    (!texts.is_empty()).then(|| texts.join(BETWEEN_STEPS))
}

/// One step: what to give, or what to paste or open and what that shows where it is the cause.
#[must_use]
pub fn step(step: &NextStep) -> String {
    match step {
        NextStep::Provide { text } => text.to_string(),
        NextStep::Request { command } => format!("{}, then {}", command.text, REQUESTED),
        NextStep::Verify { command, .. } | NextStep::LookUp { command } | NextStep::Try { command, .. } => {
            match &command.confirms_if {
                Some(confirms_if) => format!("{} ({confirms_if})", command.text),
                None => command.text.clone(),
            }
        }
    }
}

/// Where something comes from that this run has not seen itself.
#[must_use]
pub fn source(source: &Source) -> String {
    match source {
        Source::Live => "this run".to_owned(),
        Source::Graph => "Microsoft Graph".to_owned(),
        Source::File { name, made_at: Some(made), of_file_system: true, .. } => {
            format!("{name}, {} (date of the file; the export has none)", to_the_second(made))
        }
        Source::File { name, made_at: Some(made), .. } => format!("{name}, {}", to_the_second(made)),
        Source::File { name, made_at: None, .. } => name.clone(),
        Source::Attestation { by, on } => format!("confirmed by {by} on {on}"),
        Source::SavedReport => "a saved report".to_owned(),
    }
}

/// A moment without its fraction of a second, which a file system has and no reader needs.
fn to_the_second(moment: &str) -> String {
    match moment.split_once('.') {
        Some((seconds, rest)) if rest.ends_with('Z') => format!("{seconds}Z"),
        _ => moment.to_owned(),
    }
}

/// What was found, as a sentence.
#[must_use]
pub fn found(found: &Found, seen: Option<&Observation>, findings: &[Finding]) -> String {
    match found {
        Found::Holds { attempts, facts } => seen.map(|seen| holds(attempts, facts, seen)).unwrap_or_default(),
        Found::Groups { groups } => seen.map(|seen| groups_of(groups, seen)).unwrap_or_default(),
        Found::Failure { failure } | Found::InputMissing { failure } => self::failure(failure),
        Found::NotGiven => "not given".to_owned(),
        Found::Blocked { by } => findings.get(*by).map(blocked).unwrap_or_default(),
        Found::NotApplicable { reason } => not_applicable(reason),
        Found::Outranked { by, evidence } => {
            let said = evidence.as_deref().map(|evidence| self::found(evidence, seen, findings));
            [said, findings.get(*by).map(disagrees)].into_iter().flatten().collect::<Vec<_>>().join("; ")
        }
        Found::NotPlanned => "no test was scheduled for this check".to_owned(),
        Found::NoResult => "no result".to_owned(),
    }
}

/// A finding that contradicts a file.
fn disagrees(by: &Finding) -> String {
    let Finding { check, subject, .. } = by;
    let came_out = match by.status {
        Status::Pass => "passed",
        Status::Warn => "gave a warning, and its message was accepted,",
        _ => "failed",
    };
    format!("contradicted by this run, which is newer: {check} {came_out} for {subject}")
}

fn blocked(by: &Finding) -> String {
    format!("not tested: {} failed for {}", by.check, by.subject)
}

/// Why a check does not apply.
#[must_use]
pub fn not_applicable(reason: &NotApplicable) -> String {
    match reason {
        NotApplicable::Role => "not applicable to this server role".to_owned(),
        NotApplicable::PreInstall => "applies only after ECE is installed".to_owned(),
        NotApplicable::ProtocolUnused => "no account of this site uses this protocol".to_owned(),
        NotApplicable::AddressesGiven => "the addresses come from --resolve, --connect-to or the proxy".to_owned(),
        NotApplicable::OtherIntegration => "the site uses the other integration of Webex with Entra ID".to_owned(),
        NotApplicable::FetchesOtherwise { unused: Some(unused) } => {
            format!("this account does not use {}", unused.name().to_uppercase())
        }
        NotApplicable::DelegatedFlow => "users sign in, not the application".to_owned(),
        NotApplicable::FetchesOtherwise { unused: None } => "this account does not use this protocol".to_owned(),
        NotApplicable::Fact { expected, found } => {
            let found = found.as_ref().map_or_else(|| "not seen".to_owned(), ToString::to_string);
            format!("applies only with {expected}; here: {found}")
        }
    }
}

/// The facts that a check shows when it holds, and on how many addresses.
fn holds(attempts: &[usize], facts: &[String], seen: &Observation) -> String {
    let units = seen.units();
    let tested: Vec<&Unit<'_>> = match attempts {
        [] => units.iter().collect(),
        some => some.iter().filter_map(|place| units.get(*place)).collect(),
    };
    let named = facts.iter().filter(|fact| !label(fact).is_empty());
    let mut parts: Vec<String> = named.filter_map(|fact| shown(fact, &tested)).collect();
    if !attempts.is_empty() {
        let tested = tested.len();
        parts.insert(
            0,
            match units.len() {
                1 => format!("{tested} of 1 address"),
                all => format!("{tested} of {all} addresses"),
            },
        );
    }
    parts.join(", ")
}

fn shown(fact: &str, units: &[&Unit<'_>]) -> Option<String> {
    let label = label(fact);
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

/// What a fact is called.
#[must_use]
pub fn label(fact: &str) -> &str {
    expect::fact(fact).map_or(fact, |fact| fact.label)
}

/// Each group with its addresses.
fn groups_of(groups: &[Group], seen: &Observation) -> String {
    let units = seen.units();
    let one = |group: &Group| format!("{}{}", group_of(group, &units), addresses(group, &units));
    groups.iter().map(one).collect::<Vec<_>>().join("; ")
}

/// What each group showed, without the addresses: findings of several services that agree in it are told as one.
#[must_use]
pub fn gist(found: &Found, seen: Option<&Observation>) -> Option<String> {
    let (Found::Groups { groups }, Some(seen)) = (found, seen) else { return None };
    let units = seen.units();
    let everywhere = matches!(&groups[..], [group] if group.attempts.is_empty() || group.attempts.len() == units.len());
    everywhere.then(|| group_of(&groups[0], &units))
}

fn group_of(group: &Group, units: &[Unit<'_>]) -> String {
    let Some(unit) = group.attempts.first().map_or_else(|| units.first(), |place| units.get(*place)) else {
        return String::new();
    };
    if group.failed {
        return unit.failure().map(failure).unwrap_or_default();
    }
    let facts = group.missed.iter().chain(&group.context).filter(|fact| !label(fact).is_empty());
    facts.map(|fact| measured(fact, unit.fact(fact))).collect::<Vec<_>>().join(", ")
}

fn measured(fact: &str, value: Option<&Value>) -> String {
    match value {
        Some(value) => format!("{}: {value}", label(fact)),
        None => format!("{}: not seen", label(fact)),
    }
}

/// The addresses meant, when there are several and not all are.
fn addresses(group: &Group, units: &[Unit<'_>]) -> String {
    let attempts = group.attempts.iter().filter_map(|place| units.get(*place)?.attempt);
    let addresses: Vec<String> = attempts.map(|attempt| attempt.address.ip().to_string()).collect();
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

/// What speaks for or against a cause, as a sentence. `found` is what the finding itself found.
fn because(
    because: &Because,
    found: &str,
    seen: Option<&Observation>,
    findings: &[Finding],
    looks: &[Observation],
) -> String {
    let other = |place: &usize, told: fn(&Finding) -> String| findings.get(*place).map(told).unwrap_or_default();
    match because {
        Because::Found => found.to_owned(),
        Because::Failure { attempt } => {
            let seen_there = seen.and_then(|seen| failure_at(seen, *attempt));
            seen_there.map_or_else(|| found.to_owned(), failure)
        }
        Because::Passed { finding } => other(finding, |one| match one.status {
            Status::Warn => format!("{} holds for {}, with a warning", one.check, one.subject),
            _ => format!("{} passed for {}", one.check, one.subject),
        }),
        Because::Failed { finding } => other(finding, |one| format!("{} failed for {}", one.check, one.subject)),
        Because::ShownBy { finding } => other(finding, |one| format!("{} proves it for {}", one.check, one.subject)),
        Because::OtherRoute { look } => looks.get(*look).map(other_route).unwrap_or_default(),
    }
}

fn failure_at(seen: &Observation, attempt: Option<usize>) -> Option<&Failure> {
    match attempt {
        Some(place) => seen.attempts.get(place)?.failure.as_ref(),
        None => seen.failure.as_ref(),
    }
}

/// What the other route to the same service showed.
fn other_route(other: &Observation) -> String {
    let is_direct = other.route == Route::Direct;
    if !other.came_through() {
        let failures = other.attempts.iter().filter_map(|path| path.failure.as_ref());
        let Some(first) = failures.chain(&other.failure).next().map(failure) else { return String::new() };
        return if is_direct {
            format!("directly, without the proxy, it fails too: {first}")
        } else {
            format!("through the proxy it fails too: {first}")
        };
    }
    let issuers = values(other, tls::ISSUER_ORGANIZATION.name());
    match (is_direct, issuers.first()) {
        (true, Some(issuer)) => format!("directly, without the proxy, it works (certificate issued by {issuer})"),
        (true, None) => "directly, without the proxy, it works".to_owned(),
        (false, Some(issuer)) => format!("through the proxy it works (certificate issued by {issuer})"),
        (false, None) => "through the proxy it works".to_owned(),
    }
}

/// A failure as a sentence, without its address.
#[must_use]
pub fn failure(failure: &Failure) -> String {
    let words = failure.words.as_str();
    if failure.kind == FailureKind::Missing && !words.is_empty() {
        return words.to_owned();
    }
    let said = said(failure);
    if said.eq_ignore_ascii_case(words) || (tells_itself(failure.kind) && !words.is_empty()) {
        return words.to_owned();
    }
    match (words.is_empty() || !keeps_words(failure.kind), quotes(failure.kind)) {
        (true, _) => said,
        (false, true) => format!("{said}: \"{words}\""),
        (false, false) => format!("{said} ({words})"),
    }
}

/// True where the words are the other side's own, which are quoted; otherwise they are the system's or ours.
fn quotes(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Closed
            | FailureKind::Rejected
            | FailureKind::UnexpectedHttp
            | FailureKind::UnexpectedPlaintext
            | FailureKind::MalformedReply
            | FailureKind::StarttlsInjection
            | FailureKind::BadStatus
            | FailureKind::WebPage
    )
}

/// True where our own words say the same of this name.
fn tells_itself(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::NxDomain | FailureKind::NoData | FailureKind::ServFail | FailureKind::DnsRefused)
}

fn keeps_words(kind: FailureKind) -> bool {
    !matches!(kind, FailureKind::Deadline | FailureKind::Interrupted)
}

fn said(failure: &Failure) -> String {
    let place = during(failure.stage);
    if failure.protocol == Protocol::Dns {
        match failure.kind {
            FailureKind::Unreachable => return "no route to the DNS server".to_owned(),
            FailureKind::Refused => return "the DNS server refused the connection (port 53 closed)".to_owned(),
            FailureKind::TimedOut => return "the DNS server did not answer".to_owned(),
            _ => {}
        }
    }
    if failure.protocol == Protocol::Proxy {
        match failure.kind {
            FailureKind::Rejected => return "the proxy refused the connection".to_owned(),
            FailureKind::Closed => return "the proxy closed the connection".to_owned(),
            FailureKind::MalformedReply => return "unexpected response from the proxy".to_owned(),
            FailureKind::ReplyTooLarge => return "the response of the proxy exceeded the size limit".to_owned(),
            _ => {}
        }
    }
    let said = match failure.kind {
        FailureKind::NxDomain => "the name does not exist (NXDOMAIN)",
        FailureKind::NoData => "the name exists but has no A or AAAA record",
        FailureKind::ServFail => "the DNS server failed (SERVFAIL)",
        FailureKind::DnsRefused => "the DNS server refused the query (REFUSED)",
        FailureKind::AliasLoop => "CNAME loop",
        FailureKind::TimedOut if failure.stage == Stage::Connect => "connection timed out",
        FailureKind::Refused => "connection refused",
        FailureKind::Unreachable => "no route to host",
        FailureKind::LocallyBlocked => "blocked by this server (firewall or endpoint protection)",
        FailureKind::UnexpectedPlaintext => "the server answered in plain text; TLS was expected",
        FailureKind::StarttlsInjection => "unencrypted data was injected after the STARTTLS response",
        FailureKind::TlsAlert if failure.stage == Stage::Handshake => "the server ended the TLS handshake",
        FailureKind::TlsVersionTooOld => "the server supports only TLS versions older than 1.2",
        FailureKind::Expired => "the certificate has expired",
        FailureKind::NotYetValid => "the certificate is not valid yet",
        FailureKind::WrongName => "the certificate was issued for another name",
        FailureKind::SelfSigned => "self-signed certificate",
        FailureKind::UnknownIssuer => "untrusted root (issuer not in the trust store)",
        FailureKind::MissingIntermediate => "incomplete certificate chain (intermediate missing)",
        FailureKind::BadCertificate => "the certificate cannot be used",
        FailureKind::BadStatus => "the server returned an error",
        FailureKind::WebPage => "an HTML page was returned instead of JSON",
        FailureKind::CannotJudge => "not judged by this program",
        FailureKind::Missing => "a required input is missing",
        FailureKind::Internal => "internal error of ece-check",
        _ => return said_during(failure.kind, place),
    };
    said.to_owned()
}

/// Failures whose sentence names how far the connection had come.
fn said_during(kind: FailureKind, place: &str) -> String {
    match kind {
        FailureKind::TimedOut => format!("no answer {place} (timeout)"),
        FailureKind::Reset => format!("the connection was reset {place}"),
        FailureKind::Closed => format!("the server closed the connection {place}"),
        FailureKind::Rejected => format!("refused {place}"),
        FailureKind::TlsAlert => format!("the server ended the TLS connection {place}"),
        FailureKind::NotOffered => format!("not offered {place}"),
        FailureKind::UnexpectedHttp => format!("a web server or proxy answered {place}"),
        FailureKind::UnexpectedTls => format!("the server started TLS {place}; plain text was expected"),
        FailureKind::MalformedReply => format!("unexpected response {place} (not of this protocol)"),
        FailureKind::ReplyTooLarge => format!("the response {place} exceeded the size limit"),
        FailureKind::Deadline => format!("stopped {place}: not finished before --deadline"),
        FailureKind::Interrupted => format!("stopped {place}: the run was interrupted"),
        _ => format!("failed {place}"),
    }
}

fn during(stage: Stage) -> &'static str {
    match stage {
        Stage::Lookup => "during the DNS query",
        Stage::Connect => "while connecting",
        Stage::Greeting => "before sending a greeting",
        Stage::Ehlo => "at EHLO",
        Stage::Starttls => "at STARTTLS",
        Stage::Handshake => "during the TLS handshake",
        Stage::Certificate => "at the certificate",
        Stage::Capabilities => "while asking for the capabilities",
        Stage::Request => "during the HTTPS request",
        Stage::Credential => "while reading the secret",
        Stage::Grant => "while requesting the token",
        Stage::Authorize => "on the sign-in page",
        Stage::Authenticate => "at the sign-in",
        Stage::Open => "while opening the mailbox",
        Stage::Sender => "at MAIL FROM",
        Stage::Recipient => "at RCPT TO",
        Stage::Send => "while sending the message",
        Stage::Find => "while looking for the message",
    }
}
