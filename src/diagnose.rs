//! From findings to causes, as a physician does it: signs raise candidates, the other findings rule them out.
//!
//! In: the findings of a whole run with what each look saw. Out: the causes left standing for each finding, and those of
//! the whole run in the order in which they must be mended. Pure.

mod fill;

use crate::{
    catalogue::{
        Catalogue, Cause,
        cause::{Evidence, Share, Shows, Sign, StopPattern},
        check::Of,
    },
    finding::{Certainty, Finding, FixFirst, NamedCause, RuledOut, SkipReason, Status},
    judge::sentence,
    seen::{Observation, Stop, Unit},
};

/// Names the causes of every finding that did not pass, and returns those of the whole run.
#[must_use]
pub fn diagnose(findings: &mut [Finding], looks: &[Observation], catalogue: &Catalogue) -> Vec<FixFirst> {
    let diagnoses: Vec<Diagnosis<'_>> =
        findings.iter().map(|finding| diagnose_one(finding, findings, looks, catalogue)).collect();
    let fix_first = fix_first(&diagnoses, findings, looks, catalogue);
    for (finding, diagnosis) in findings.iter_mut().zip(diagnoses) {
        finding.causes = diagnosis.named();
        finding.ruled_out = diagnosis.ruled_out;
        if finding.next.is_none() {
            finding.next = diagnosis.next;
        }
    }
    fix_first
}

/// The words of a cause where no site is known: each placeholder becomes what it stands for.
#[must_use]
pub fn blank(text: &str) -> String {
    fill::blank(text)
}

/// What is left standing for one finding.
#[derive(Default)]
struct Diagnosis<'c> {
    standing: Vec<Candidate<'c>>,
    ruled_out: Vec<RuledOut>,
    next: Option<String>,
}

struct Candidate<'c> {
    cause: &'c Cause,
    certainty: Certainty,
    because: Vec<String>,
}

impl Diagnosis<'_> {
    fn named(&self) -> Vec<NamedCause> {
        let name = |candidate: &Candidate<'_>| NamedCause {
            cause: candidate.cause.code.clone(),
            certainty: candidate.certainty,
            because: candidate.because.clone(),
        };
        self.standing.iter().map(name).collect()
    }
}

fn diagnose_one<'c>(
    finding: &Finding,
    all: &[Finding],
    looks: &[Observation],
    catalogue: &'c Catalogue,
) -> Diagnosis<'c> {
    if !matches!(finding.status, Status::Fail | Status::Warn) {
        return Diagnosis::default();
    }
    let Some(observation) = finding.look.and_then(|look| looks.get(look)) else { return Diagnosis::default() };
    let mut raised: Vec<(&Cause, &Sign, String)> = Vec::new();
    for cause in &catalogue.causes {
        let shown =
            cause.signs.iter().find_map(|sign| shows(sign, finding, observation, catalogue).map(|seen| (sign, seen)));
        if let Some((sign, seen)) = shown {
            raised.push((cause, sign, seen));
        }
    }
    weigh(raised, finding, all)
}

/// What of this finding shows the sign, in words; none when it does not.
fn shows(sign: &Sign, finding: &Finding, observation: &Observation, catalogue: &Catalogue) -> Option<String> {
    if sign.of.is_some_and(|of| (of == Of::Site) != observation.own) {
        return None;
    }
    match &sign.shows {
        Shows::Finding { check, facts } => {
            let agrees = |unit: &Unit<'_>| facts.iter().all(|fact| fact.holds(unit.fact(&fact.fact)) == Some(true));
            let seen = *check == finding.check && observation.units().iter().any(agrees);
            seen.then(|| finding.found.clone())
        }
        Shows::Stop(pattern) => {
            let stops = stops_of(finding, observation, catalogue);
            let matching: Vec<&Stop> = stops.iter().copied().filter(|stop| fits(pattern, stop)).collect();
            let all = matching.len() == observation.paths.len().max(1);
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
fn stops_of<'o>(finding: &Finding, observation: &'o Observation, catalogue: &Catalogue) -> Vec<&'o Stop> {
    let Some(check) = catalogue.check(&finding.check) else { return Vec::new() };
    let all = observation.paths.iter().filter_map(|path| path.stop.as_ref()).chain(&observation.stop);
    let all: Vec<&Stop> = all.filter(|stop| !stop.kind.is_ours()).collect();
    let own: Vec<&Stop> = all.iter().copied().filter(|stop| check.stages.contains(&stop.stage)).collect();
    // a check whose needs were left out answers for stops that nobody else does
    if own.is_empty() && check.stages.is_empty() {
        Vec::new()
    } else if own.is_empty() {
        all
    } else {
        own
    }
}

fn fits(pattern: &StopPattern, stop: &Stop) -> bool {
    let words = |part: &String| stop.words.to_lowercase().contains(&part.to_lowercase());
    pattern.protocol.is_none_or(|protocol| protocol == stop.protocol)
        && pattern.stage.is_none_or(|stage| stage == stop.stage)
        && pattern.kind.is_none_or(|kind| kind == stop.kind)
        && pattern.code.is_none_or(|code| Some(code) == stop.code)
        && pattern.enhanced.as_ref().is_none_or(|enhanced| Some(enhanced) == stop.enhanced.as_ref())
        && pattern.words.as_ref().is_none_or(words)
}

fn weigh<'c>(raised: Vec<(&'c Cause, &Sign, String)>, finding: &Finding, all: &[Finding]) -> Diagnosis<'c> {
    let mut diagnosis = Diagnosis::default();
    let settled = raised.iter().any(|(cause, sign, _)| sign.settles && against(cause, finding, all).is_none());
    let mut left = Vec::new();
    for (cause, sign, seen) in raised {
        match against(cause, finding, all) {
            Some(because) => diagnosis.ruled_out.push(RuledOut { cause: cause.code.clone(), because }),
            None if settled && !sign.settles => {}
            None => left.push((cause, sign, seen)),
        }
    }
    let alone = left.len() == 1;
    for (cause, sign, seen) in left {
        let support = supports(&cause.evidence_for, finding, all);
        let certainty = match (sign.settles, alone) {
            (true, _) => Certainty::Certain,
            (false, true) => Certainty::Likely,
            _ if !support.is_empty() => Certainty::Likely,
            _ => Certainty::Possible,
        };
        diagnosis.standing.push(Candidate { cause, certainty, because: [vec![seen], support].concat() });
    }
    diagnosis.standing.sort_by_key(|candidate| (candidate.certainty, std::cmp::Reverse(candidate.because.len())));
    if diagnosis.standing.len() > 1 {
        diagnosis.next = diagnosis.standing.first().and_then(|candidate| candidate.cause.command.clone());
    }
    diagnosis
}

/// The first finding that rules a cause out, in words.
fn against(cause: &Cause, finding: &Finding, all: &[Finding]) -> Option<String> {
    supports(&cause.evidence_against, finding, all).into_iter().next()
}

/// The findings that agree with the evidence, in words.
fn supports(evidence: &Evidence, finding: &Finding, all: &[Finding]) -> Vec<String> {
    let passed =
        evidence.pass.iter().flat_map(|id| related(id, finding, all)).filter(|other| other.status == Status::Pass);
    let failed =
        evidence.fail.iter().flat_map(|id| related(id, finding, all)).filter(|other| other.status == Status::Fail);
    let passed = passed.map(|other| format!("{} passed for {}", other.check, other.subject));
    let failed = failed.map(|other| format!("{} failed for {}", other.check, other.subject));
    passed.chain(failed).collect()
}

/// The findings of a check for the same subject; for any subject when it has none of the same.
fn related<'f>(check: &str, finding: &Finding, all: &'f [Finding]) -> Vec<&'f Finding> {
    let of_check: Vec<&Finding> = all.iter().filter(|other| other.check == check).collect();
    let same: Vec<&Finding> = of_check.iter().copied().filter(|other| other.subject == finding.subject).collect();
    if same.is_empty() { of_check } else { same }
}

fn fix_first(
    diagnoses: &[Diagnosis<'_>],
    findings: &[Finding],
    looks: &[Observation],
    catalogue: &Catalogue,
) -> Vec<FixFirst> {
    let mut fixes = Vec::new();
    for cause in &catalogue.causes {
        let shown_in: Vec<usize> = (0..findings.len()).filter(|at| names(&diagnoses[*at], cause).is_some()).collect();
        let certainty = shown_in.iter().filter_map(|at| names(&diagnoses[*at], cause)).min();
        let Some(certainty) = certainty else { continue };
        let fill = |text: &str| fill::fill(text, &shown_in, findings, looks);
        fixes.push((
            cause.layer,
            FixFirst {
                cause: cause.code.clone(),
                title: fill(&cause.title),
                certainty,
                owner: cause.owner,
                fix: fill(&cause.fix),
                command: cause.command.as_deref().map(fill),
                takes: cause.takes.clone(),
                sources: cause.sources.clone(),
                explains: explained(&shown_in, findings),
            },
        ));
    }
    let warns_only = |fix: &FixFirst| fix.explains.iter().all(|at| findings[*at].status == Status::Warn);
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
