//! Signs: what a finding or a text shows of a cause, and which of several signs knows better.

use std::{collections::HashSet, net::SocketAddr};

use super::doubt;
use crate::{
    catalogue::{
        Catalogue, Cause,
        cause::{By, FailurePattern, Share, Shared, Shows, Sign, Through},
        check::Of,
        expect::Expectation,
        index::Codes,
    },
    evidence::{Attempt, Failure, FailureKind, Observation, Protocol, Route, Source, Stage, Subject, Unit},
    finding::{Because, Finding, Status, essence},
    import::facts::file,
    probe::{dns, token},
};

/// A connection that opens within so many milliseconds tells that this run could have seen an answer.
const AT_ONCE_MS: f64 = 1_000.0;

/// Silence for less than so many milliseconds tells nothing: a request to connect that was lost is sent again after a
/// second (RFC 6298, section 2), and the second one must have had its chance.
const SILENT_MS: f64 = 1_500.0;

/// What answered elsewhere in the same run.
pub(super) struct Elsewhere {
    /// Whether a connection was opened at once.
    connects: bool,
    /// Whether something was answered at once on an open connection.
    answers: bool,
    /// The DNS servers that answered for a name, each with that name.
    resolves: Vec<(String, String)>,
    /// The probes that did with a mailbox all that they meant to, each with the address.
    serves: HashSet<(String, SocketAddr)>,
    /// The places to which a proxy opened a tunnel, each with that proxy.
    tunnels: HashSet<(String, String)>,
}

impl Elsewhere {
    pub(super) fn of(looks: &[Observation]) -> Self {
        let attempts = || looks.iter().flat_map(|look| &look.attempts);
        let went = |attempt: &Attempt, stage| attempt.failure.as_ref().is_none_or(|failure| failure.stage != stage);
        let at_once = |attempt: &Attempt| {
            let done = attempt.timings.iter().filter(|timing| timing.ms < AT_ONCE_MS && went(attempt, timing.name));
            done.map(|timing| timing.name).collect::<Vec<_>>()
        };
        let stages: Vec<Stage> = attempts().flat_map(at_once).collect();
        Self {
            connects: stages.contains(&Stage::Connect),
            answers: stages.iter().any(|stage| !matches!(stage, Stage::Lookup | Stage::Connect)),
            resolves: looks.iter().filter(|look| is_answered(look)).flat_map(servers).collect(),
            serves: looks.iter().filter(|look| look.subject.mailbox().is_some()).flat_map(served_on).collect(),
            tunnels: looks.iter().filter(|look| is_tunnelled(look)).filter_map(proxy_and_place).collect(),
        }
    }

    /// Whether the proxy that did not serve this look opened a tunnel to the same host and port for another one.
    fn has_tunnel(&self, look: &Observation) -> bool {
        proxy_and_place(look).is_some_and(|place| self.tunnels.contains(&place))
    }

    /// Whether another mailbox was served by the same protocol on an address on which this one was not.
    fn serves_another_mailbox(&self, look: &Observation) -> bool {
        let failed = look.attempts.iter().filter(|attempt| attempt.failure.is_some());
        failed.into_iter().any(|attempt| self.serves.contains(&(look.probe.clone(), attempt.address)))
    }

    /// Whether a DNS server that was asked for this name answered for another one.
    fn answers_another_name(&self, lookup: &Observation) -> bool {
        servers(lookup).any(|(server, name)| self.resolves.iter().any(|(at, other)| *at == server && *other != name))
    }
}

/// Whether a DNS server answered, be it that there is no such name.
fn is_answered(lookup: &Observation) -> bool {
    use FailureKind::{AliasLoop, DnsRefused, MalformedReply, NoData, NxDomain, ServFail};
    let answers = [AliasLoop, DnsRefused, MalformedReply, NoData, NxDomain, ServFail];
    lookup.failure.as_ref().is_none_or(|failure| answers.contains(&failure.kind))
}

/// Whether a connection went past what a proxy answers to CONNECT.
fn is_tunnelled(look: &Observation) -> bool {
    let is_past = |failure: &Failure| !matches!(failure.stage, Stage::Lookup | Stage::Connect);
    look.attempts.iter().chain(&look.tried).any(|attempt| attempt.failure.as_ref().is_none_or(is_past))
}

/// The proxy of a look, and the host and port to which it was asked for a tunnel: a proxy may allow one port of a host alone.
fn proxy_and_place(look: &Observation) -> Option<(String, String)> {
    let Route::Proxy { host: proxy, port, .. } = &look.route else { return None };
    let login = look.facts.get(token::LOGIN_HOST).map(|host| Subject::endpoint(host, token::TOKEN_PORT));
    let place = login.unwrap_or_else(|| look.subject.clone());
    place.port()?;
    Some((format!("{proxy}:{port}"), place.as_str().to_lowercase()))
}

/// The addresses on which a probe did all that it meant to.
fn served_on(look: &Observation) -> impl Iterator<Item = (String, SocketAddr)> {
    let served = look.attempts.iter().filter(|attempt| attempt.failure.is_none());
    served.map(|attempt| (look.probe.clone(), attempt.address))
}

/// The DNS servers that were asked for a name, each with the name; none where a hosts file answered.
fn servers(lookup: &Observation) -> impl Iterator<Item = (String, String)> {
    let asked = lookup.facts.get(dns::SERVERS).map_or(&[][..], Vec::as_slice);
    asked.iter().map(|server| (server.clone(), lookup.subject.to_string()))
}

/// The causes that a finding's own observation shows.
pub(super) fn raised_by<'c>(
    finding: &Finding,
    looks: &[Observation],
    catalogue: &'c Catalogue,
    elsewhere: &Elsewhere,
) -> Vec<Candidate<'c>> {
    let Some(observation) = finding.look.and_then(|look| looks.get(look)) else { return Vec::new() };
    let silent = finding.status == Status::Error;
    if !matches!(finding.status, Status::Fail | Status::Warn) && !silent {
        return Vec::new();
    }
    let failures = if silent { unjudged(observation, elsewhere) } else { failures_of(finding, observation, catalogue) };
    let failures: Vec<Told> = failures.into_iter().map(Told::of).collect();
    let signs = can_show(finding, &failures, catalogue);
    let raised = signs.into_iter().filter(|(_, sign)| sign.by != Some(By::Text)).filter_map(|(cause, sign)| {
        let shown = shows(sign, finding, observation, &failures, looks, elsewhere)?;
        let is_beyond_us = shown.essence.as_ref().is_some_and(|failure| failure.kind == FailureKind::CannotJudge);
        let cut_short = (silent && !is_beyond_us) || is_disputed(cause, observation);
        let beside_code =
            shown.essence.as_ref().is_some_and(|one| doubt::is_beside_code(sign, &one.words.to_lowercase()));
        Some(Candidate {
            cause,
            sign,
            seen: shown.because,
            essence: shown.essence,
            settles: sign.settles && !cut_short && !is_stated(observation) && !is_old(observation),
            at_most_possible: cut_short || beside_code,
        })
    });
    raised.collect()
}

/// True for a fault of what all accounts share, where Entra served another account that has the same.
fn is_disputed(cause: &Cause, observation: &Observation) -> bool {
    let fact = match cause.shared {
        None => return false,
        Some(Shared::Application) => token::SAME_APPLICATION_ISSUED,
        Some(Shared::Credential) => token::SAME_REQUEST_ISSUED,
    };
    observation.facts.is(fact)
}

/// A failure that speaks against a check, and what can be read in it.
struct Told {
    /// The attempt, where it is one of several.
    attempt: Option<usize>,
    failure: Failure,
    details: ErrorDetails,
}

impl Told {
    fn of((attempt, failure): (Option<usize>, Failure)) -> Self {
        let details = ErrorDetails::from(&failure);
        Self { attempt, failure, details }
    }
}

/// The signs that these failures, or a finding of this check, can show at all, in their order.
fn can_show<'c>(finding: &Finding, failures: &[Told], catalogue: &'c Catalogue) -> Vec<(&'c Cause, &'c Sign)> {
    let index = catalogue.index();
    let mut signs = index.of_check(&finding.check).to_vec();
    for told in failures {
        signs.extend(index.worded(&told.details.words));
        signs.extend(index.wordless(told.details.kind, told.details.codes()));
    }
    signs.sort_unstable();
    signs.dedup();
    signs.into_iter().map(|number| catalogue.sign(number)).collect()
}

/// What of a look that could not be judged may show a cause all the same: what this program lacks, and silence. What
/// nothing answered until the run's deadline counts as the timeout that it would have become: a run that was given little
/// time saw the same silence, only for less long. Others must have answered at once meanwhile: otherwise the run was slow.
fn unjudged(observation: &Observation, elsewhere: &Elsewhere) -> Vec<(Option<usize>, Failure)> {
    let attempts = observation.attempts.iter().enumerate();
    let told = attempts.filter_map(|(at, attempt)| {
        let failure = attempt.failure.as_ref()?;
        if failure.kind == FailureKind::CannotJudge {
            return Some((Some(at), failure.clone()));
        }
        let spent =
            attempt.timings.iter().filter(|timing| timing.name == failure.stage).map(|timing| timing.ms).sum::<f64>();
        let others = if failure.stage == Stage::Connect { elsewhere.connects } else { elsewhere.answers };
        let is_silence = failure.kind == FailureKind::Deadline && others && spent >= SILENT_MS;
        is_silence.then(|| (Some(at), Failure { kind: FailureKind::TimedOut, ..failure.clone() }))
    });
    told.chain(unanswered(observation, elsewhere).map(|failure| (None, failure))).collect()
}

/// The silence of a look that has no attempts: a lookup, for which no other answer is needed, because nothing is reached
/// where no DNS server answers, or a request whose addresses stand apart.
fn unanswered(observation: &Observation, elsewhere: &Elsewhere) -> Option<Failure> {
    let failure = observation.failure.as_ref().filter(|failure| failure.kind == FailureKind::Deadline)?;
    let spent: f64 = observation.timings.iter().filter(|one| one.name == failure.stage).map(|one| one.ms).sum();
    let others = match failure.stage {
        Stage::Lookup => true,
        Stage::Connect => false, // the look at the service tells that, with its addresses
        _ => elsewhere.answers,
    };
    let is_silence = spent >= SILENT_MS && others;
    is_silence.then(|| Failure { kind: FailureKind::TimedOut, ..failure.clone() })
}

/// A cause that a sign raises, with what was seen of it.
pub(super) struct Candidate<'c> {
    pub(super) cause: &'c Cause,
    pub(super) sign: &'c Sign,
    pub(super) seen: Because,
    /// The failure that shows it, without what differs at each request.
    pub(super) essence: Option<Failure>,
    pub(super) settles: bool,
    /// True where nothing can make it likely: the run did not wait long enough, another account was served with the same, or
    /// see [`doubt`].
    pub(super) at_most_possible: bool,
}

/// True for a sign that knows Entra's error by its number.
fn knows_number(sign: &Sign) -> bool {
    matches!(&sign.shows, Shows::Failure(pattern) if !pattern.aadsts.is_empty())
}

/// True for a sign that asks for nothing but OAuth's own error, which Entra gives to many faults alike.
fn knows_error_only(sign: &Sign) -> bool {
    matches!(&sign.shows, Shows::Failure(pattern) if !pattern.error.is_empty() && pattern.aadsts.is_empty() && pattern.words.is_empty())
}

/// True for a sign that asks for nothing but the status.
fn knows_status_only(sign: &Sign) -> bool {
    matches!(&sign.shows, Shows::Failure(pattern) if !pattern.code.is_empty() && narrowness(sign) == 1)
}

/// The best sign of each cause, after the narrower signs had their say.
pub(super) fn best(mut raised: Vec<Candidate<'_>>) -> Vec<Candidate<'_>> {
    let is_numbered = |one: &Candidate<'_>| one.essence.as_ref().is_some_and(|failure| !failure.aadsts.is_empty());
    // a number that no sign knows is at least none of those that the cause has
    let has_another = |one: &Candidate<'_>| is_numbered(one) && one.cause.signs.iter().any(knows_number);
    let is_known = raised.iter().any(|one| knows_number(one.sign));
    raised.retain(|one| !(knows_error_only(one.sign) && (is_known || has_another(one))));
    // Entra's number says why there is this status
    if raised.iter().any(|one| knows_number(one.sign) && one.settles) {
        raised.retain(|one| !knows_status_only(one.sign));
    }
    let superseded: Vec<bool> = raised.iter().map(|one| is_superseded(one, &raised)).collect();
    let mut superseded = superseded.into_iter();
    raised.retain(|_| superseded.next() == Some(false));
    let mut best: Vec<Candidate<'_>> = Vec::new();
    for one in raised {
        let worth = |one: &Candidate<'_>| (one.settles, narrowness(one.sign), one.sign.facts.len());
        match best.iter_mut().find(|other| other.cause.code == one.cause.code) {
            Some(other) if worth(&one) > worth(other) => *other = one,
            Some(_) => {}
            None => best.push(one),
        }
    }
    best
}

/// How much a sign asks for.
pub(super) fn narrowness(sign: &Sign) -> usize {
    match &sign.shows {
        Shows::Failure(pattern) => pattern.asks().iter().filter(|asks| **asks).count(),
        Shows::Finding { facts, .. } => 1 + facts.len(),
    }
}

/// True for a sign that would settle its cause, when another one on the same stop asks for all that it asks for, and for
/// more of the failure or of the facts beside it: that one knows better, even when it only allows.
fn is_superseded(raised: &Candidate<'_>, others: &[Candidate<'_>]) -> bool {
    let Shows::Failure(pattern) = &raised.sign.shows else { return is_narrower_finding(raised, others) };
    let asks = pattern.asks();
    let knows_better = |other: &Candidate<'_>| {
        let Shows::Failure(narrower) = &other.sign.shows else { return false };
        let more = narrower.asks();
        let same_words = pattern.words.is_empty() || pattern.words == narrower.words;
        other.essence == raised.essence
            && same_words
            && (more != asks || other.sign.facts.len() > raised.sign.facts.len())
            && asks.iter().zip(more).all(|(asked, asks_more)| !asked || asks_more)
    };
    raised.settles && others.iter().any(knows_better)
}

/// True for a sign of a check, when another one that settles asks for all that it asks for, and for more.
fn is_narrower_finding(raised: &Candidate<'_>, others: &[Candidate<'_>]) -> bool {
    let Shows::Finding { check, facts, .. } = &raised.sign.shows else { return false };
    let knows_better = |other: &Candidate<'_>| match &other.sign.shows {
        Shows::Finding { check: same, facts: more, .. } => {
            other.settles && same == check && more.len() > facts.len() && facts.iter().all(|fact| more.contains(fact))
        }
        Shows::Failure(_) => false,
    };
    raised.settles && others.iter().any(knows_better)
}

/// What a text says of one refusal, as far as it can be told: a [`Failure`] of which parts may be missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ErrorDetails {
    /// The protocol.
    pub protocol: Option<Protocol>,
    /// How far it had come.
    pub stage: Option<Stage>,
    /// What happened.
    pub kind: Option<FailureKind>,
    /// The reply code of SMTP, or the HTTP status.
    pub code: Option<u16>,
    /// The enhanced status code of SMTP.
    pub enhanced: Option<String>,
    /// The numbers of Entra's error codes.
    pub aadsts: Vec<u32>,
    /// The error of OAuth 2.0, or of Graph.
    pub error: Option<String>,
    /// How many of the addresses it speaks of.
    pub share: Option<Share>,
    /// Whose service it speaks of.
    pub of: Option<Of>,
    /// The words, in small letters, each gap one blank.
    pub words: String,
}

impl ErrorDetails {
    /// The codes that are known of it.
    pub(super) fn codes(&self) -> Codes {
        Codes::new([self.code.is_some(), self.enhanced.is_some(), !self.aadsts.is_empty(), self.error.is_some()])
    }
}

impl From<&Failure> for ErrorDetails {
    fn from(stop: &Failure) -> Self {
        Self {
            protocol: Some(stop.protocol),
            stage: Some(stop.stage),
            kind: Some(stop.kind),
            code: stop.code,
            enhanced: stop.enhanced.clone(),
            aadsts: stop.aadsts.clone(),
            error: stop.error.clone(),
            share: None,
            of: None,
            words: stop.words.to_lowercase(),
        }
    }
}

/// What of a finding shows a sign.
struct Shown {
    because: Because,
    essence: Option<Failure>,
}

/// The places of the attempts of a look that show a cause; empty where it is shown on none of them by itself.
pub(super) fn attempts_showing(cause: &Cause, finding: &Finding, look: &Observation) -> Vec<usize> {
    if look.attempts.len() < 2 {
        return Vec::new();
    }
    let agrees = |facts: &[Expectation], unit: &Unit<'_>| {
        facts.iter().all(|fact| fact.holds(unit.fact(&fact.fact)) == Some(true))
    };
    let shows = |sign: &Sign, unit: &Unit<'_>| {
        agrees(&sign.facts, unit)
            && match &sign.shows {
                Shows::Finding { check, facts, .. } => *check == finding.check && agrees(facts, unit),
                Shows::Failure(pattern) => {
                    unit.failure().is_some_and(|failure| fits(pattern, &ErrorDetails::from(failure)))
                }
            }
    };
    let signs: Vec<&Sign> = cause.signs.iter().filter(|sign| sign.by != Some(By::Text)).collect();
    let units = look.units();
    let showing = units.iter().enumerate().filter(|(_, unit)| signs.iter().any(|sign| shows(sign, unit)));
    showing.map(|(at, _)| at).collect()
}

/// True for what a person confirmed by hand.
fn is_stated(observation: &Observation) -> bool {
    matches!(observation.source, Source::Attestation { .. })
}

/// True for what a file said more than a day ago: it may have been changed since.
fn is_old(observation: &Observation) -> bool {
    observation.facts.get(file::AS_OF).is_some()
}

/// True where one of the facts is known to be otherwise.
fn contradicts(facts: &[Expectation], unit: &Unit<'_>) -> bool {
    facts.iter().any(|fact| fact.holds(unit.fact(&fact.fact)) == Some(false))
}

/// What of this finding shows the sign; none when it does not. `failures` are those that speak against its check.
fn shows(
    sign: &Sign,
    finding: &Finding,
    observation: &Observation,
    failures: &[Told],
    looks: &[Observation],
    elsewhere: &Elsewhere,
) -> Option<Shown> {
    if sign.route.is_some_and(|through| (through == Through::Proxy) != observation.route.is_proxy()) {
        return None;
    }
    let units = observation.units();
    let agrees = |facts: &[Expectation], unit: &Unit<'_>| {
        facts.iter().all(|fact| fact.holds(unit.fact(&fact.fact)) == Some(true))
    };
    let beside = |unit: &Unit<'_>| agrees(&sign.facts, unit);
    // who confirms by hand that a check does not hold says no more than that
    let is_stated = is_stated(observation);
    let agrees_as_found =
        |facts: &[Expectation], unit: &Unit<'_>| agrees(facts, unit) || (is_stated && !contradicts(facts, unit));
    let alike = |direct: &Observation| match &sign.shows {
        Shows::Finding { facts, .. } => direct.units().iter().any(|unit| agrees(facts, unit)),
        Shows::Failure(_) => failures_in(direct).any(|one| failures.iter().any(|told| told.failure.kind == one.kind)),
    };
    if sign.of.is_some_and(|of| whose(observation, looks, alike) != Some(of)) {
        return None;
    }
    match &sign.shows {
        Shows::Finding { check, facts, .. } => {
            // an address of which nothing is known says nothing of how many it is
            let all = || !units.iter().any(|unit| contradicts(facts, unit));
            let seen = *check == finding.check
                && units.iter().any(|unit| agrees_as_found(facts, unit) && beside(unit))
                && sign.share.is_none_or(|share| all() == (share == Share::All));
            seen.then_some(Shown { because: Because::Found, essence: None })
        }
        Shows::Failure(pattern) => {
            // what stands beside a failure must have been seen on the same address
            let is_beside = |attempt: Option<usize>| match attempt.and_then(|at| units.get(at)) {
                Some(unit) => beside(unit),
                None => units.iter().any(beside),
            };
            let fitting = |told: &&Told| is_beside(told.attempt) && fits(pattern, &told.details);
            let matching: Vec<&Told> = failures.iter().filter(fitting).collect();
            let is_of_proxy = matching.first().is_some_and(|told| told.failure.protocol == Protocol::Proxy);
            let is_all = || {
                if is_of_proxy {
                    return !elsewhere.has_tunnel(observation);
                }
                if observation.subject.mailbox().is_some() {
                    return !elsewhere.serves_another_mailbox(observation);
                }
                matching.len() == observation.attempts.len().max(1) && !elsewhere.answers_another_name(observation)
            };
            let share = sign.share.is_none_or(|share| is_all() == (share == Share::All));
            let told = matching.first().filter(|_| share)?;
            Some(Shown { because: Because::Failure { attempt: told.attempt }, essence: Some(essence(&told.failure)) })
        }
    }
}

/// Whose what fails is: Microsoft's, or on the path to it, or a server of the site. A server of the site behind a proxy is
/// it only where it does the same directly (`alike`); where it works directly the path is to blame, and where it fails in
/// another way nothing is known.
fn whose(observation: &Observation, looks: &[Observation], alike: impl Fn(&Observation) -> bool) -> Option<Of> {
    if !observation.own {
        return Some(Of::Microsoft);
    }
    if !observation.route.is_proxy() {
        return Some(Of::Site);
    }
    let is_same = |look: &&Observation| {
        look.beside && look.probe == observation.probe && look.subject == observation.subject && !look.route.is_proxy()
    };
    match looks.iter().find(is_same) {
        None => Some(Of::Site),
        Some(direct) if alike(direct) => Some(Of::Site),
        Some(direct) => failures_in(direct).next().is_none().then_some(Of::Microsoft),
    }
}

/// Every failure of a look.
fn failures_in(look: &Observation) -> impl Iterator<Item = &Failure> {
    look.attempts.iter().filter_map(|one| one.failure.as_ref()).chain(&look.failure)
}

/// The failures that speak against this finding's check, each with its attempt.
fn failures_of(finding: &Finding, observation: &Observation, catalogue: &Catalogue) -> Vec<(Option<usize>, Failure)> {
    let Some(check) = catalogue.check(&finding.check) else { return Vec::new() };
    let attempts = observation.attempts.iter().enumerate();
    let of_attempts = attempts.filter_map(|(at, attempt)| Some((Some(at), attempt.failure.as_ref()?)));
    let all = of_attempts.chain(observation.failure.iter().map(|failure| (None, failure)));
    let all: Vec<(Option<usize>, Failure)> =
        all.filter(|(_, failure)| !failure.kind.is_ours()).map(|(at, failure)| (at, failure.clone())).collect();
    // a check whose needs were left out answers for failures that no other check answers for
    if check.stages.is_empty() {
        return Vec::new();
    }
    let own: Vec<(Option<usize>, Failure)> =
        all.iter().filter(|(_, failure)| check.stages.contains(&failure.stage)).cloned().collect();
    if own.is_empty() { all } else { own }
}

/// Whether a refusal fits a pattern. A protocol or stage that is not known is forgiven where the pattern has words and they
/// are there: a server's own sentence tells as much. What happened and codes are never forgiven.
pub(super) fn fits(pattern: &FailurePattern, heard: &ErrorDetails) -> bool {
    let forgiven = !pattern.words.is_empty();
    let words = !forgiven || pattern.words.iter().any(|words| words.are_in(&heard.words));
    let code = |wanted: &String, known: &String| {
        let digit = |(wanted, digit): (u8, u8)| wanted == digit || (wanted == b'x' && digit.is_ascii_digit());
        wanted.len() == known.len() && wanted.bytes().zip(known.bytes()).all(digit)
    };
    words
        && agrees(pattern.protocol, heard.protocol).unwrap_or(forgiven)
        && agrees(pattern.stage, heard.stage).unwrap_or(forgiven)
        && agrees(pattern.kind, heard.kind).unwrap_or(false)
        && one_of(&pattern.code, heard.code.map(|known| known.to_string()).iter(), code)
        && one_of(&pattern.enhanced, heard.enhanced.iter(), code)
        && one_of(&pattern.aadsts, heard.aadsts.iter(), |wanted, number| wanted == number)
        && one_of(&pattern.error, heard.error.iter(), |wanted, error| wanted.eq_ignore_ascii_case(error))
}

/// Whether what is wanted is what is known; none when it is wanted and not known.
fn agrees<T: PartialEq>(wanted: Option<T>, known: Option<T>) -> Option<bool> {
    let Some(wanted) = wanted else { return Some(true) };
    known.map(|known| known == wanted)
}

/// Whether nothing is wanted, or something that is known fits one of what is wanted.
fn one_of<'k, W, K: 'k>(wanted: &[W], mut known: impl Iterator<Item = &'k K>, fits: impl Fn(&W, &K) -> bool) -> bool {
    wanted.is_empty() || known.any(|known| wanted.iter().any(|wanted| fits(wanted, known)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Timing;

    /// A look at a port that connected at once and then spent so long at a stage.
    fn look(protocol: Protocol, stage: Stage, ms: f64, kind: Option<FailureKind>) -> Observation {
        let mut attempt = Attempt::new("192.0.2.1:587".parse().unwrap());
        attempt.timings = vec![Timing { name: Stage::Connect, ms: 5.0 }, Timing { name: stage, ms }];
        attempt.failure = kind.map(|kind| Failure::new(protocol, stage, kind, ""));
        let subject = Subject::endpoint("smtp.office365.com", 587);
        Observation { attempts: vec![attempt], ..Observation::new("smtp", subject, Route::Direct) }
    }

    /// The causes of a check that could not be judged, where this answered elsewhere in the run.
    fn causes(check: &str, silent: &Observation, other: Observation) -> Vec<(String, bool)> {
        let looks = [silent.clone(), other];
        let finding = Finding { look: Some(0), ..Finding::new(check, silent.subject.clone(), Status::Error) };
        let catalogue = Catalogue::built_in();
        let raised = best(raised_by(&finding, &looks, &catalogue, &Elsewhere::of(&looks)));
        raised.into_iter().map(|one| (one.cause.code.clone(), one.settles)).collect()
    }

    #[test]
    fn silence_until_the_deadline_is_a_possible_cause_where_others_answered() {
        let silent = |stage, ms| look(Protocol::Smtp, stage, ms, Some(FailureKind::Deadline));
        let answers = || look(Protocol::Imap, Stage::Greeting, 20.0, None);
        let possible = |code: &str| vec![(code.to_owned(), false)];
        assert_eq!(causes("smtp.starttls", &silent(Stage::Greeting, 2_500.0), answers()), possible("no-greeting"));
        assert_eq!(causes("smtp.starttls", &silent(Stage::Ehlo, 2_500.0), answers()), possible("session-ended-early"));
        assert_eq!(causes("smtp.starttls", &silent(Stage::Greeting, 500.0), answers()), Vec::new());
        let slow = look(Protocol::Imap, Stage::Greeting, AT_ONCE_MS, None);
        assert_eq!(causes("smtp.starttls", &silent(Stage::Greeting, 2_500.0), slow), Vec::new());
        let refused = look(Protocol::Imap, Stage::Greeting, 20.0, Some(FailureKind::Closed));
        assert_eq!(causes("smtp.starttls", &silent(Stage::Greeting, 2_500.0), refused), Vec::new());
    }

    #[test]
    fn dns_server_is_silent_where_it_answered_for_no_other_name() {
        let look = |name: &str, server: &str, kind: Option<FailureKind>| {
            let mut look = Observation::new("dns", Subject::of_text(name), Route::Direct);
            look.facts.set(dns::SERVERS, vec![server.to_owned()]);
            look.failure = kind.map(|kind| Failure::new(Protocol::Dns, Stage::Lookup, kind, "no answer"));
            look
        };
        let causes = |other: Observation| {
            let looks = [look("outlook.office365.com", "192.0.2.53", Some(FailureKind::TimedOut)), other];
            let finding =
                Finding { look: Some(0), ..Finding::new("dns.resolves", looks[0].subject.clone(), Status::Fail) };
            let catalogue = Catalogue::built_in();
            let raised = best(raised_by(&finding, &looks, &catalogue, &Elsewhere::of(&looks)));
            raised.into_iter().map(|one| one.cause.code.clone()).collect::<Vec<_>>()
        };
        let answers = [None, Some(FailureKind::NxDomain)];
        for kind in answers {
            assert_eq!(causes(look("smtp.office365.com", "192.0.2.53", kind)), ["dns-name-unanswered"], "{kind:?}");
        }
        let silent = look("smtp.office365.com", "192.0.2.53", Some(FailureKind::TimedOut));
        for other in [silent, look("smtp.office365.com", "192.0.2.54", None)] {
            assert_eq!(causes(other), ["dns-resolver-unreachable"]);
        }
    }

    #[test]
    fn server_that_this_program_cannot_judge_has_a_cause_with_other_means() {
        let foreign = look(Protocol::Tls, Stage::Handshake, 20.0, Some(FailureKind::CannotJudge));
        let raised = causes("tls.trusted", &foreign, look(Protocol::Imap, Stage::Greeting, 20.0, None));
        assert_eq!(raised, [("tls-not-testable".to_owned(), false)], "a command verifies it");
        let catalogue = Catalogue::built_in();
        let cause = catalogue.cause("tls-not-testable").unwrap();
        assert!(cause.commands.iter().any(|command| command.confirms_if.is_some()));
    }

    #[test]
    fn of_signs_that_ask_for_as_much_the_first_is_told() {
        let catalogue = Catalogue::built_in();
        let cause = catalogue.cause("port-blocked").unwrap();
        let candidate = |attempt| Candidate {
            cause,
            sign: &cause.signs[0],
            seen: Because::Failure { attempt },
            essence: None,
            settles: false,
            at_most_possible: false,
        };
        let best = best(vec![candidate(Some(1)), candidate(Some(2))]);
        assert_eq!(best.len(), 1);
        assert_eq!(best[0].seen, Because::Failure { attempt: Some(1) });
    }

    #[test]
    fn sign_that_asks_for_more_goes_first_of_those_equally_sure() {
        let catalogue = Catalogue::built_in();
        let sign = |asks: usize| {
            let asks_so_much = |sign: &&Sign| match &sign.shows {
                Shows::Failure(pattern) => {
                    !sign.rare && pattern.asks().into_iter().filter(|asks| *asks).count() == asks
                }
                Shows::Finding { .. } => false,
            };
            catalogue.signs().map(|(_, sign)| sign).find(asks_so_much).unwrap()
        };
        assert!(crate::diagnose::order(sign(3)) < crate::diagnose::order(sign(1)));
    }

    #[test]
    fn session_that_ends_for_one_mailbox_alone_is_no_matter_of_the_network() {
        let mailbox = |address: &str, kind: Option<FailureKind>| {
            let look = look(Protocol::Imap, Stage::Authenticate, 20.0, kind);
            Observation { subject: Subject::of_text(address), probe: "imap".to_owned(), ..look }
        };
        let ended = mailbox("sales@example.com", Some(FailureKind::Closed));
        let catalogue = Catalogue::built_in();
        let named = |other: Observation| {
            let looks = [ended.clone(), other];
            let finding =
                Finding { look: Some(0), ..Finding::new("imap.sign-in", ended.subject.clone(), Status::Fail) };
            let raised = best(raised_by(&finding, &looks, &catalogue, &Elsewhere::of(&looks)));
            raised.into_iter().map(|one| one.cause.code.clone()).collect::<Vec<_>>()
        };
        assert_eq!(named(mailbox("info@example.com", None)), ["mailbox-session-ended"]);
        let of_network = ["session-ended-early"];
        assert_eq!(named(mailbox("info@example.com", Some(FailureKind::Closed))), of_network);
        let smtp = Observation { probe: "smtp".to_owned(), ..mailbox("info@example.com", None) };
        assert_eq!(named(smtp), of_network);
    }

    /// A look through a proxy or directly at a server of the site, which fails so or works.
    fn own(route: Route, kind: Option<FailureKind>) -> Observation {
        let look = look(Protocol::Https, Stage::Request, 20.0, kind);
        Observation { own: true, beside: !route.is_proxy(), route, ..look }
    }

    #[test]
    fn server_of_the_site_behind_a_proxy_is_to_blame_where_it_fails_alike_directly() {
        use FailureKind::{BadStatus, Closed};
        let proxy = || Route::Proxy { host: "proxy.b.test".to_owned(), port: 8080, learned_from: String::new() };
        let seen = own(proxy(), Some(BadStatus));
        let blamed = |seen: &Observation, direct: Observation| {
            let alike = |direct: &Observation| failures_in(direct).any(|one| one.kind == BadStatus);
            whose(seen, &[seen.clone(), direct], alike)
        };
        let directly = |kind| own(Route::Direct, kind);
        let of_microsoft = Observation { own: false, ..seen.clone() };
        assert_eq!(blamed(&of_microsoft, directly(Some(BadStatus))), Some(Of::Microsoft));
        assert_eq!(blamed(&directly(Some(Closed)), directly(Some(Closed))), Some(Of::Site), "no proxy in the path");
        assert_eq!(blamed(&seen, directly(Some(BadStatus))), Some(Of::Site));
        assert_eq!(blamed(&seen, directly(None)), Some(Of::Microsoft), "it works past the proxy");
        assert_eq!(blamed(&seen, directly(Some(Closed))), None, "it fails in another way");
        // what was not seen directly, of the same probe and at the same server, clears nobody
        let host = Subject::endpoint("other.b.test", 443);
        for other in [
            Observation { beside: false, ..directly(None) },
            Observation { probe: "imap".to_owned(), ..directly(None) },
            Observation { subject: host, ..directly(None) },
            Observation { beside: true, ..own(proxy(), None) },
        ] {
            assert_eq!(blamed(&seen, other.clone()), Some(Of::Site), "{other:#?}");
        }
    }
}
