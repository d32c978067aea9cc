//! From findings to causes, as a physician does it: signs raise candidates, the other findings rule them out.
//!
//! In: the findings of a whole run with what each look saw. Out: the causes left standing for each finding, and those of
//! the whole run in the order in which they must be mended. Pure.

mod fill;

use std::cmp::Reverse;

use crate::{
    catalogue::{
        Catalogue, Cause,
        cause::{By, Evidence, FailurePattern, Share, Shows, Sign, Words},
        check::Of,
    },
    command::{Command, Effect, Template},
    evidence::{Failure, FailureKind, Observation, Protocol, Route, Stage, Unit},
    finding::{Certainty, Finding, NamedCause, Owner, Remediation, RuledOut, SkipReason, Status},
    judge::{sentence, values},
};

/// Names the causes of every finding that did not pass, and returns those of the whole run.
#[must_use]
pub fn diagnose(findings: &mut [Finding], looks: &[Observation], catalogue: &Catalogue) -> Vec<Remediation> {
    let mut diagnoses = diagnose_all(findings, looks, catalogue);
    one_behind_many(&mut diagnoses, findings);
    let fix_first = fix_first(&diagnoses, findings, looks, catalogue);
    let mut told = Vec::new();
    for (at, diagnosis) in diagnoses.iter().enumerate() {
        let fill = |text: &str| fill::fill(text, &[at], findings, looks);
        let commands = |templates: &[Template]| fill::commands(templates, &[at], findings, looks);
        told.push((diagnosis.named(fill), diagnosis.next(commands)));
    }
    for ((finding, diagnosis), (causes, next)) in findings.iter_mut().zip(diagnoses).zip(told) {
        finding.causes = causes;
        finding.ruled_out = diagnosis.ruled_out;
        if finding.next.is_none() {
            finding.next = next;
        }
    }
    fix_first
}

/// The words of a cause where no site is known: each placeholder becomes what it stands for.
#[must_use]
pub fn blank(text: &str) -> String {
    fill::blank(text)
}

/// The commands of a cause where no site is known.
#[must_use]
pub fn blank_commands(templates: &[Template]) -> Vec<Command> {
    fill::blank_commands(templates)
}

/// The commands as one text, for readers of reports of before they were a list: the changes, or else the checks.
#[must_use]
pub fn one_text(commands: &[Command]) -> Option<String> {
    let of = |effect: Effect| -> Vec<&str> {
        commands.iter().filter(|command| command.effect == effect).map(|command| command.text.as_str()).collect()
    };
    let lines = if of(Effect::Change).is_empty() { of(Effect::Check) } else { of(Effect::Change) };
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// What is left standing for one finding.
#[derive(Default)]
struct Diagnosis<'c> {
    standing: Vec<Candidate<'c>>,
    ruled_out: Vec<RuledOut>,
}

struct Candidate<'c> {
    cause: &'c Cause,
    certainty: Certainty,
    because: Vec<String>,
    rare: bool,
    narrowness: usize,
}

impl Diagnosis<'_> {
    fn named(&self, fill: impl Fn(&str) -> String) -> Vec<NamedCause> {
        let name = |candidate: &Candidate<'_>| NamedCause {
            cause: candidate.cause.code.clone(),
            title: fill(&candidate.cause.title),
            certainty: candidate.certainty,
            because: candidate.because.clone(),
        };
        self.standing.iter().map(name).collect()
    }

    /// What settles what is still open: how to verify the best cause, or else the next. Nothing where all is certain.
    fn next(&self, commands: impl Fn(&[Template]) -> Vec<Command>) -> Option<String> {
        let open: Vec<&Candidate<'_>> =
            self.standing.iter().filter(|candidate| candidate.certainty != Certainty::Certain).collect();
        let mut tests: Vec<String> = Vec::new();
        for candidate in &open {
            let first = commands(&candidate.cause.commands).into_iter().find_map(|command| {
                let confirms_if = command.confirms_if?;
                Some(format!("{} ({confirms_if})", command.text))
            });
            tests.extend(first.filter(|test| !tests.contains(test)));
        }
        tests.truncate(MOST_TESTS);
        let fix = || one_text(&commands(&open.first().filter(|_| open.len() > 1)?.cause.commands));
        if tests.is_empty() { fix() } else { Some(tests.join(OTHERWISE)) }
    }
}

/// What stands between two places to look.
pub(crate) const OTHERWISE: &str = "; otherwise ";

/// So many places to look are told: the best causes have theirs first.
const MOST_TESTS: usize = 3;

fn diagnose_all<'c>(findings: &[Finding], looks: &[Observation], catalogue: &'c Catalogue) -> Vec<Diagnosis<'c>> {
    let raised: Vec<Vec<Raised<'c>>> =
        findings.iter().map(|finding| best(raised_by(finding, looks, catalogue))).collect();
    // what each finding could mean by itself: an alike failure must be able to mean the same
    let none: Vec<Vec<&str>> = vec![Vec::new(); findings.len()];
    let open: Vec<Vec<&str>> =
        raised.iter().enumerate().map(|(at, raised)| open(raised, &Witness::of(at, findings, &none))).collect();
    let weighed = raised.into_iter().enumerate().map(|(at, raised)| {
        let mut diagnosis = weigh(raised, &Witness::of(at, findings, &open));
        if let Some(other) = findings[at].look.and_then(|look| other_road(looks.get(look)?, looks)) {
            diagnosis.standing.iter_mut().for_each(|candidate| candidate.because.push(other.clone()));
        }
        diagnosis
    });
    weighed.collect()
}

/// The causes that a finding's own signs leave open, less those that passed checks rule out.
fn open<'c>(raised: &[Raised<'c>], witness: &Witness<'_>) -> Vec<&'c str> {
    let left: Vec<&Raised<'c>> = raised.iter().filter(|one| against(one.cause, witness).is_none()).collect();
    let settled = left.iter().any(|one| one.settles);
    left.iter().filter(|one| one.settles || !settled).map(|one| one.cause.code.as_str()).collect()
}

/// What is certain for a mailbox or an account by one finding stands behind its other findings that could mean it.
fn one_behind_many(diagnoses: &mut [Diagnosis<'_>], findings: &[Finding]) {
    let certain = |candidate: &&Candidate<'_>| candidate.certainty == Certainty::Certain;
    let mut known: Vec<(usize, String)> = Vec::new();
    for (at, diagnosis) in diagnoses.iter().enumerate().filter(|(at, _)| findings[*at].account.is_some()) {
        known.extend(diagnosis.standing.iter().filter(certain).map(|candidate| (at, candidate.cause.code.clone())));
    }
    for at in 0..diagnoses.len() {
        let concerns = |other: usize| {
            let (this, other) = (&findings[at], &findings[other]);
            this.account == other.account && (this.subject == other.subject || is_of_account(other))
        };
        let known_here = |candidate: &Candidate<'_>| {
            known.iter().find(|(other, code)| *other != at && concerns(*other) && *code == candidate.cause.code)
        };
        let standing = &mut diagnoses[at].standing;
        if standing.iter().any(|one| one.certainty == Certainty::Certain) {
            continue;
        }
        let Some((other, code)) = standing.iter().find_map(known_here) else { continue };
        let by = format!("{} shows it for {}", findings[*other].check, findings[*other].subject);
        standing.retain(|candidate| candidate.cause.code == *code);
        for candidate in standing {
            candidate.certainty = Certainty::Certain;
            candidate.because.push(by.clone());
        }
    }
}

/// True for a finding about an account as a whole, not about one of its mailboxes.
fn is_of_account(finding: &Finding) -> bool {
    finding.account.as_deref() == Some(finding.subject.as_str())
}

fn raised_by<'c>(finding: &Finding, looks: &[Observation], catalogue: &'c Catalogue) -> Vec<Raised<'c>> {
    if !matches!(finding.status, Status::Fail | Status::Warn) {
        return Vec::new();
    }
    let Some(observation) = finding.look.and_then(|look| looks.get(look)) else { return Vec::new() };
    let raised = catalogue.signs().filter(|(_, sign)| sign.by != Some(By::Text)).filter_map(|(cause, sign)| {
        let holds = |unit: &Unit<'_>| sign.facts.iter().all(|fact| fact.holds(unit.fact(&fact.fact)) == Some(true));
        let seen = shows(sign, finding, observation, catalogue).filter(|_| observation.units().iter().any(holds))?;
        Some(Raised { cause, sign, seen, settles: sign.settles })
    });
    raised.collect()
}

/// What the other road to the same service showed, in words, where there is one and a road can matter.
fn other_road(observation: &Observation, looks: &[Observation]) -> Option<String> {
    let same =
        |look: &&Observation| look.beside && look.subject == observation.subject && look.probe == observation.probe;
    let other = looks.iter().find(same).filter(|_| !observation.beside)?;
    let road = if other.route == Route::Direct { "direct, without the proxy" } else { "through the proxy" };
    if !other.came_through() {
        let stop = other.attempts.iter().filter_map(|path| path.failure.as_ref()).chain(&other.failure).next()?;
        return Some(format!("{road}, it fails too: {}", sentence(stop)));
    }
    let issuers = values(other, "tls.issuer_organization");
    let issuer = issuers.first().map(|issuer| format!(" (certificate issued by {issuer})")).unwrap_or_default();
    Some(format!("{road}, it works{issuer}"))
}

/// A cause that a sign raises, with what was seen of it.
struct Raised<'c> {
    cause: &'c Cause,
    sign: &'c Sign,
    seen: String,
    settles: bool,
}

/// True for a sign that knows Entra's error by its number.
fn knows_number(sign: &Sign) -> bool {
    matches!(&sign.shows, Shows::Failure(pattern) if !pattern.aadsts.is_empty())
}

/// True for a sign that asks for nothing but OAuth's own error, which Entra gives to many faults alike.
fn knows_error_only(sign: &Sign) -> bool {
    matches!(&sign.shows, Shows::Failure(pattern) if !pattern.error.is_empty() && pattern.aadsts.is_empty() && pattern.words.is_empty())
}

/// The best sign of each cause, after the narrower signs had their say.
fn best(mut raised: Vec<Raised<'_>>) -> Vec<Raised<'_>> {
    if raised.iter().any(|one| knows_number(one.sign)) {
        raised.retain(|one| !knows_error_only(one.sign));
    }
    let eclipsed: Vec<bool> = raised.iter().map(|one| is_eclipsed(one, &raised)).collect();
    let mut eclipsed = eclipsed.into_iter();
    raised.retain(|_| eclipsed.next() == Some(false));
    let mut best: Vec<Raised<'_>> = Vec::new();
    for one in raised {
        let worth = |one: &Raised<'_>| (one.settles, narrowness(one.sign));
        match best.iter_mut().find(|other| other.cause.code == one.cause.code) {
            Some(other) if worth(&one) > worth(other) => *other = one,
            Some(_) => {}
            None => best.push(one),
        }
    }
    best
}

/// How much a sign asks for.
fn narrowness(sign: &Sign) -> usize {
    match &sign.shows {
        Shows::Failure(pattern) => pattern.asks().iter().filter(|asks| **asks).count(),
        Shows::Finding { facts, .. } => 1 + facts.len(),
    }
}

/// True for a sign that would settle its cause, when another one on the same stop asks for all that it asks for, and for
/// more: that one knows better, even when it only allows.
fn is_eclipsed(raised: &Raised<'_>, others: &[Raised<'_>]) -> bool {
    let Shows::Failure(pattern) = &raised.sign.shows else { return false };
    let asks = pattern.asks();
    let knows_better = |other: &Raised<'_>| {
        let Shows::Failure(narrower) = &other.sign.shows else { return false };
        let more = narrower.asks();
        let same_words = pattern.words.is_empty() || pattern.words == narrower.words;
        other.seen == raised.seen
            && same_words
            && more != asks
            && asks.iter().zip(more).all(|(asked, asks_more)| !asked || asks_more)
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

/// A cause that a text can mean.
#[derive(Clone, Debug)]
pub struct Meant<'c> {
    /// The cause.
    pub cause: &'c Cause,
    /// How sure the text alone makes it.
    pub certainty: Certainty,
}

/// The causes that one refusal in a text can mean, best first. There are no other findings that could rule one out.
#[must_use]
pub fn of_text<'c>(heard: &ErrorDetails, catalogue: &'c Catalogue) -> Vec<Meant<'c>> {
    let told = catalogue.signs().filter(|(_, sign)| sign.by != Some(By::Probe) && tells(sign, heard));
    // what a text does not say of the other addresses cannot settle anything
    let knows = |sign: &Sign| sign.share.is_none() || heard.share.is_some();
    let raised =
        told.map(|(cause, sign)| Raised { cause, sign, seen: String::new(), settles: sign.settles && knows(sign) });
    let raised = raised.collect();
    let nobody = Witness { at: 0, check: "", subject: "", account: None, all: &[], open: &[] };
    let standing = weigh(best(raised), &nobody).standing;
    // two causes that the same words settle contradict each other
    let alone = standing.iter().filter(|one| one.certainty == Certainty::Certain).count() == 1;
    let sure = |certainty| if alone { certainty } else { Certainty::max(certainty, Certainty::Likely) };
    let mut meant: Vec<Meant<'_>> =
        standing.iter().map(|one| Meant { cause: one.cause, certainty: sure(one.certainty) }).collect();
    // what nobody at the site can mend is looked for last
    meant.sort_by_key(|meant| (meant.certainty, meant.cause.owner == Owner::Microsoft));
    meant
}

/// Whether a refusal in a text shows a sign.
fn tells(sign: &Sign, heard: &ErrorDetails) -> bool {
    let of = sign.of.is_none_or(|of| heard.of.unwrap_or(Of::Microsoft) == of);
    let share = sign.share.is_none_or(|share| heard.share.unwrap_or(Share::All) == share);
    let words = |words: &[Words]| words.iter().any(|words| words.are_in(&heard.words));
    of && share
        && match &sign.shows {
            Shows::Failure(pattern) => fits(pattern, heard),
            Shows::Finding { words: sentences, .. } => words(sentences),
        }
}

/// What of this finding shows the sign, in words; none when it does not.
fn shows(sign: &Sign, finding: &Finding, observation: &Observation, catalogue: &Catalogue) -> Option<String> {
    if sign.of.is_some_and(|of| (of == Of::Site) != observation.own) {
        return None;
    }
    match &sign.shows {
        Shows::Finding { check, facts, .. } => {
            let agrees = |unit: &Unit<'_>| facts.iter().all(|fact| fact.holds(unit.fact(&fact.fact)) == Some(true));
            let seen = *check == finding.check && observation.units().iter().any(agrees);
            seen.then(|| finding.found.clone())
        }
        Shows::Failure(pattern) => {
            let stops = stops_of(finding, observation, catalogue);
            let matching: Vec<&Failure> =
                stops.iter().copied().filter(|stop| fits(pattern, &ErrorDetails::from(*stop))).collect();
            let all = matching.len() == observation.attempts.len().max(1);
            let share = match sign.share {
                Some(Share::All) => all,
                Some(Share::Some) => !all,
                None => true,
            };
            matching.first().filter(|_| share).map(|stop| sentence(stop))
        }
    }
}

/// The stops that speak against this finding's check.
fn stops_of<'o>(finding: &Finding, observation: &'o Observation, catalogue: &Catalogue) -> Vec<&'o Failure> {
    let Some(check) = catalogue.check(&finding.check) else { return Vec::new() };
    let all = observation.attempts.iter().filter_map(|path| path.failure.as_ref()).chain(&observation.failure);
    let all: Vec<&Failure> = all.filter(|stop| !stop.kind.is_ours()).collect();
    let own: Vec<&Failure> = all.iter().copied().filter(|stop| check.stages.contains(&stop.stage)).collect();
    // a check whose needs were left out answers for stops that nobody else does
    if own.is_empty() && check.stages.is_empty() {
        Vec::new()
    } else if own.is_empty() {
        all
    } else {
        own
    }
}

/// Whether a refusal fits a pattern. A protocol or stage that is not known is forgiven where the pattern has words and they
/// are there: a server's own sentence tells as much. What happened and codes are never forgiven.
fn fits(pattern: &FailurePattern, heard: &ErrorDetails) -> bool {
    let forgiven = !pattern.words.is_empty();
    let words = !forgiven || pattern.words.iter().any(|words| words.are_in(&heard.words));
    let code = |wanted: &String, enhanced: &String| {
        let digit = |(wanted, digit): (u8, u8)| wanted == digit || (wanted == b'x' && digit.is_ascii_digit());
        wanted.len() == enhanced.len() && wanted.bytes().zip(enhanced.bytes()).all(digit)
    };
    words
        && agrees(pattern.protocol, heard.protocol).unwrap_or(forgiven)
        && agrees(pattern.stage, heard.stage).unwrap_or(forgiven)
        && agrees(pattern.kind, heard.kind).unwrap_or(false)
        && agrees(pattern.code, heard.code).unwrap_or(false)
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

/// The findings of the run that speak for or against a cause.
struct Witness<'f> {
    /// The place of the finding in question.
    at: usize,
    check: &'f str,
    subject: &'f str,
    account: Option<&'f str>,
    all: &'f [Finding],
    /// What each finding could mean by itself.
    open: &'f [Vec<&'f str>],
}

impl<'f> Witness<'f> {
    fn of(at: usize, all: &'f [Finding], open: &'f [Vec<&'f str>]) -> Self {
        let finding = &all[at];
        let account = finding.account.as_deref();
        Self { at, check: &finding.check, subject: &finding.subject, account, all, open }
    }
}

fn weigh<'c>(raised: Vec<Raised<'c>>, witness: &Witness<'_>) -> Diagnosis<'c> {
    let mut diagnosis = Diagnosis::default();
    let mut left = Vec::new();
    for one in raised {
        match against(one.cause, witness) {
            Some(because) => diagnosis.ruled_out.push(RuledOut { cause: one.cause.code.clone(), because }),
            None => left.push(one),
        }
    }
    if left.iter().any(|one| one.settles) {
        left.retain(|one| one.settles);
    }
    let weighed: Vec<(Raised<'c>, Vec<String>)> =
        left.into_iter().map(|one| (supports(one.cause, witness), one)).map(|(support, one)| (one, support)).collect();
    let most = weighed.iter().map(|(_, support)| support.len()).max().unwrap_or(0);
    let leads = weighed.iter().filter(|(_, support)| support.len() == most).count() == 1;
    for (one, support) in weighed {
        let certainty = match one.settles {
            true => Certainty::Certain,
            false if leads && support.len() == most => Certainty::Likely,
            false => Certainty::Possible,
        };
        let (rare, narrowness) = (one.sign.rare, narrowness(one.sign));
        let because = [vec![one.seen], support].concat();
        diagnosis.standing.push(Candidate { cause: one.cause, certainty, because, rare, narrowness });
    }
    diagnosis
        .standing
        .sort_by_key(|one| (one.certainty, Reverse(one.because.len()), one.rare, Reverse(one.narrowness)));
    diagnosis
}

/// The first finding that rules a cause out, in words. Of failures that may have the same reason, one that can mean what
/// this finding can mean.
fn against(cause: &Cause, witness: &Witness<'_>) -> Option<String> {
    let own = witness.open.get(witness.at).map_or(&[][..], Vec::as_slice);
    let alike = |open: &[&str]| open.iter().any(|code| *code != cause.code && own.contains(code));
    evidence(&cause.evidence_against, witness, |_| true, alike).into_iter().next()
}

/// The findings that speak for a cause, in words. A failure does when it can mean the cause.
fn supports(cause: &Cause, witness: &Witness<'_>) -> Vec<String> {
    let means_it = |open: &[&str]| open.contains(&cause.code.as_str());
    evidence(&cause.evidence_for, witness, means_it, means_it)
}

/// The findings that agree with the evidence, in words: those that failed only where what they could mean is as asked for.
fn evidence(
    evidence: &Evidence,
    witness: &Witness<'_>,
    fails: impl Fn(&[&str]) -> bool,
    fails_alike: impl Fn(&[&str]) -> bool,
) -> Vec<String> {
    let came_out = |ids: &[String], status: Status, counts: &dyn Fn(&[&str]) -> bool, how: &str| -> Vec<String> {
        let related = ids.iter().flat_map(|id| related(id, witness)).map(|at| (at, &witness.all[at]));
        let open = |at: usize| witness.open.get(at).map_or(&[][..], Vec::as_slice);
        let agree = related.filter(|(at, other)| other.status == status && counts(open(*at)));
        agree.map(|(_, other)| format!("{} {how} for {}", other.check, other.subject)).collect()
    };
    let passed = came_out(&evidence.pass, Status::Pass, &|_| true, "passed");
    let failed = came_out(&evidence.fail, Status::Fail, &fails, "failed");
    let alike = came_out(&evidence.alike, Status::Fail, &fails_alike, "failed");
    [passed, failed, alike].concat()
}

/// The places of the findings of a check for the same subject; for any subject when it has none of the same.
fn related(check: &str, witness: &Witness<'_>) -> Vec<usize> {
    if check == witness.check {
        return Vec::new(); // a finding is no witness in its own case
    }
    let all = witness.all;
    let of_check: Vec<usize> = (0..all.len()).filter(|at| all[*at].check == check).collect();
    let same: Vec<usize> = of_check.iter().copied().filter(|at| all[*at].subject == witness.subject).collect();
    if !same.is_empty() {
        return same;
    }
    // another mailbox says nothing of this one; its account does
    let of_account = |at: &usize| all[*at].account.is_some() && all[*at].account.as_deref() == witness.account;
    let is_of_accounts = of_check.iter().any(|at| all[*at].account.is_some());
    if is_of_accounts { of_check.into_iter().filter(of_account).collect() } else { of_check }
}

fn fix_first(
    diagnoses: &[Diagnosis<'_>],
    findings: &[Finding],
    looks: &[Observation],
    catalogue: &Catalogue,
) -> Vec<Remediation> {
    let own = |at: &usize| findings[*at].look.and_then(|look| looks.get(look)).is_some_and(|look| look.own);
    let mut fixes = Vec::new();
    for cause in &catalogue.causes {
        let shown_in = (0..findings.len()).filter(|at| names(&diagnoses[*at], cause).is_some());
        // Microsoft's servers and the site's own are mended by different people
        let (of_site, of_others): (Vec<usize>, Vec<usize>) = shown_in.partition(|at| cause.site.is_some() && own(at));
        for shown_in in [of_others, of_site] {
            let Some(certainty) = shown_in.iter().filter_map(|at| names(&diagnoses[*at], cause)).min() else {
                continue;
            };
            let fill = |text: &str| fill::fill(text, &shown_in, findings, looks);
            let site = cause.site.as_ref().filter(|_| own(&shown_in[0]));
            let (owner, fix, templates) =
                site.map_or((cause.owner, &cause.fix, &cause.commands), |site| (site.owner, &site.fix, &site.commands));
            let commands = fill::commands(templates, &shown_in, findings, looks);
            fixes.push((
                cause.layer,
                Remediation {
                    cause: cause.code.clone(),
                    title: fill::fill_title(&cause.title, &shown_in, findings, looks),
                    certainty,
                    owner,
                    fix: fill(fix),
                    command: one_text(&commands),
                    commands,
                    takes: cause.takes.clone(),
                    sources: cause.sources.clone(),
                    explains: explained(&shown_in, findings),
                },
            ));
        }
    }
    let warns_only = |fix: &Remediation| fix.explains.iter().all(|at| findings[*at].status == Status::Warn);
    fixes.sort_by_key(|(layer, fix)| (warns_only(fix), *layer, std::cmp::Reverse(fix.explains.len())));
    fixes.into_iter().map(|(_, fix)| fix).collect()
}

/// How sure a diagnosis is of a cause that it puts first, or that is certain beside the first.
fn names(diagnosis: &Diagnosis<'_>, cause: &Cause) -> Option<Certainty> {
    let stands = |(at, candidate): &(usize, &Candidate<'_>)| {
        candidate.cause.code == cause.code && (*at == 0 || candidate.certainty == Certainty::Certain)
    };
    diagnosis.standing.iter().enumerate().find(stands).map(|(_, candidate)| candidate.certainty)
}

/// The findings that show a cause, and those that they block.
fn explained(shown_in: &[usize], findings: &[Finding]) -> Vec<usize> {
    let blocked_by_them = |finding: &Finding| {
        finding.reason == Some(SkipReason::Blocked) && finding.blocked_by.is_some_and(|by| shown_in.contains(&by))
    };
    (0..findings.len()).filter(|at| shown_in.contains(at) || blocked_by_them(&findings[*at])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::cause::Layer;

    const MAILBOX: &str = "sales@example.com";

    /// One finding of a check, with the stop of its look.
    fn finding(check: &str, subject: &str, status: Status, look: Option<usize>) -> Finding {
        Finding {
            check: check.to_owned(),
            section: String::new(),
            title: String::new(),
            fails: String::new(),
            subject: subject.to_owned(),
            account: None,
            status,
            reason: None,
            blocked_by: None,
            expected: String::new(),
            found: String::new(),
            means: String::new(),
            causes: Vec::new(),
            ruled_out: Vec::new(),
            next: None,
            look,
        }
    }

    fn look(probe: &str, subject: &str, stop: Failure) -> Observation {
        Observation { failure: Some(stop), ..Observation::new(probe, subject, Route::Direct) }
    }

    fn refused(enhanced: &str, words: &str) -> Failure {
        let stop = Failure::new(Protocol::Smtp, Stage::Authenticate, FailureKind::Rejected, words);
        Failure { code: Some(535), enhanced: Some(enhanced.to_owned()), ..stop }
    }

    fn codes(finding: &Finding) -> Vec<&str> {
        finding.causes.iter().map(|named| named.cause.as_str()).collect()
    }

    #[test]
    fn a_sign_that_settles_leaves_no_other_cause() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
        let looks = [look("smtp", MAILBOX, refused("5.7.139", words))];
        let mut findings = [finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in());
        assert_eq!(codes(&findings[0]), ["smtp-auth-disabled-mailbox"]);
        assert_eq!(findings[0].causes[0].certainty, Certainty::Certain);
    }

    #[test]
    fn what_other_findings_prove_rules_causes_out_and_supports_others() {
        let mut seen = look("smtp", MAILBOX, refused("5.7.3", "5.7.3 Authentication unsuccessful"));
        seen.facts.set("smtp.as_application", false);
        let looks = [seen];
        let mut findings = [
            finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)),
            finding("token.audience", "sales", Status::Pass, None),
            finding("token.valid-now", "sales", Status::Pass, None),
            finding("token.identity", "sales", Status::Pass, None),
            finding("imap.sign-in", MAILBOX, Status::Pass, None),
        ];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in());
        let ruled_out: Vec<&str> = findings[0].ruled_out.iter().map(|out| out.cause.as_str()).collect();
        for cause in ["token-wrong-audience", "token-expired", "token-user-mismatch"] {
            assert!(ruled_out.contains(&cause), "{cause} of {ruled_out:?}");
        }
        assert_eq!(codes(&findings[0])[0], "smtp-auth-disabled-mailbox");
        assert_eq!(findings[0].causes[0].certainty, Certainty::Likely);
    }

    #[test]
    fn without_those_findings_nothing_is_sure() {
        let looks = [look("smtp", MAILBOX, refused("5.7.3", "5.7.3 Authentication unsuccessful"))];
        let mut findings = [finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in());
        assert!(findings[0].causes.len() > 2);
        assert!(findings[0].causes.iter().all(|named| named.certainty == Certainty::Possible));
    }

    #[test]
    fn two_faults_are_both_named_in_the_order_of_mending() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
        let looks = [
            look("smtp", MAILBOX, refused("5.7.139", words)),
            look(
                "tcp",
                "outlook.office365.com:993",
                Failure::new(Protocol::Tcp, Stage::Connect, FailureKind::TimedOut, "timed out"),
            ),
        ];
        let mut findings = [
            finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)),
            finding("tcp.opens", "outlook.office365.com:993", Status::Fail, Some(1)),
        ];
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in());
        let fixes: Vec<&str> = fixes.iter().map(|fix| fix.cause.as_str()).collect();
        assert_eq!(fixes, ["port-blocked", "smtp-auth-disabled-tenant"]);
    }

    fn not_connected() -> Failure {
        let words = "A3 BAD User is authenticated but not connected.";
        Failure::new(Protocol::Imap, Stage::Open, FailureKind::Rejected, words)
    }

    #[test]
    fn a_failure_for_a_reason_of_its_own_rules_nothing_out() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
        let looks = [look("smtp", MAILBOX, refused("5.7.139", words)), look("imap", MAILBOX, not_connected())];
        let mut findings = [
            finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)),
            finding("imap.mailbox-opens", MAILBOX, Status::Fail, Some(1)),
        ];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in());
        assert!(codes(&findings[1]).contains(&"imap-disabled-for-mailbox"), "{:?}", findings[1].ruled_out);
    }

    #[test]
    fn what_one_finding_makes_certain_stands_behind_the_others_of_its_mailbox() {
        let unknown =
            Failure::new(Protocol::Smtp, Stage::Recipient, FailureKind::Rejected, "550 5.1.10 RecipientNotFound");
        let unknown = Failure { code: Some(550), enhanced: Some("5.1.10".to_owned()), ..unknown };
        let looks = [look("smtp", MAILBOX, unknown), look("imap", MAILBOX, not_connected())];
        let of_sales = |finding| Finding { account: Some("sales".to_owned()), ..finding };
        let mut findings = [
            of_sales(finding("smtp.sender-accepted", MAILBOX, Status::Fail, Some(0))),
            of_sales(finding("imap.mailbox-opens", MAILBOX, Status::Fail, Some(1))),
        ];
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in());
        assert_eq!(codes(&findings[1]), ["mailbox-not-found"]);
        assert_eq!((fixes.len(), fixes[0].explains.as_slice()), (1, &[0, 1][..]));
    }

    #[test]
    fn a_server_of_the_site_is_mended_by_the_site() {
        let expired = || Failure::new(Protocol::Tls, Stage::Certificate, FailureKind::Expired, "");
        let own = Observation { own: true, ..look("tls", "ece.example.com:443", expired()) };
        let looks = [look("tls", "outlook.office365.com:443", expired()), own];
        let mut findings = [
            finding("tls.trusted", "outlook.office365.com:443", Status::Fail, Some(0)),
            finding("tls.trusted", "ece.example.com:443", Status::Fail, Some(1)),
        ];
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in());
        let fixes: Vec<(&str, Owner, &[usize])> =
            fixes.iter().map(|fix| (fix.cause.as_str(), fix.owner, fix.explains.as_slice())).collect();
        assert_eq!(fixes, [("cert-expired", Owner::Network, &[0][..]), ("cert-expired", Owner::Ece, &[1][..])]);
    }

    #[test]
    fn a_command_for_several_mailboxes_has_a_line_for_each() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
        let boxes = ["a@example.com", "b@example.com"];
        let looks = boxes.map(|mailbox| look("smtp", mailbox, refused("5.7.139", words)));
        let mut findings = [0, 1].map(|at| finding("smtp.sign-in", boxes[at], Status::Fail, Some(at)));
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in());
        let command = fixes[0].command.as_deref().expect("a command");
        let lines: Vec<&str> = command.lines().collect();
        assert!(lines.len() == 2 && lines.iter().zip(boxes).all(|(line, one)| line.contains(one)), "{command}");
    }

    #[test]
    fn a_user_who_is_no_mailbox_of_the_report_is_told_with_the_mailboxes() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
        let boxes = ["a@example.com", "b@example.com"];
        let looks = boxes.map(|mailbox| {
            let mut look = look("smtp", mailbox, refused("5.7.139", words));
            look.facts.set("smtp.signed_in_as", "team@example.com");
            look
        });
        let mut findings = [0, 1].map(|at| finding("smtp.sign-in", boxes[at], Status::Fail, Some(at)));
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in());
        let command = fixes[0].command.as_deref().expect("a command");
        assert!(command.contains("-Identity 'team@example.com' "), "{command}");
        let note = fixes[0].commands.iter().find_map(|command| command.note.as_deref());
        assert_eq!(note, Some("signs in for a@example.com, b@example.com"));
    }

    #[test]
    fn a_network_fault_is_never_a_credential_cause() {
        let catalogue = Catalogue::built_in();
        for kind in [
            FailureKind::TimedOut,
            FailureKind::Refused,
            FailureKind::Reset,
            FailureKind::Unreachable,
            FailureKind::Closed,
        ] {
            let looks = [look("tcp", "smtp.office365.com:587", Failure::new(Protocol::Tcp, Stage::Connect, kind, ""))];
            let mut findings = [finding("tcp.opens", "smtp.office365.com:587", Status::Fail, Some(0))];
            let _ = diagnose(&mut findings, &looks, &catalogue);
            for named in &findings[0].causes {
                let layer = catalogue.cause(&named.cause).expect("a named cause").layer;
                assert!(layer < Layer::Application, "{kind:?} is called {}", named.cause);
            }
        }
    }
}
