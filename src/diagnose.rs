//! From findings to causes, as a physician does it: signs raise candidates, the other findings rule them out.
//!
//! In: the findings of a whole run with what each look saw. Out: the causes left standing for each finding, and those of
//! the whole run in the order in which they are to be fixed. Pure; no sentence is written here.

mod doubt;
mod fill;
mod heal;
mod outrank;
mod remediation;
mod request;
mod sign;
mod text;
mod weigh;

use std::{cmp::Reverse, collections::HashMap};

pub use self::{
    fill::{Names, commands_with_names, fill_names},
    heal::can_heal,
    sign::ErrorDetails,
    text::{Meant, of_text},
    weigh::is_reason_of,
};
use self::{
    outrank::is_of_evidence,
    request::Requests,
    sign::{Candidate, Elsewhere, best, raised_by},
    weigh::{CaseFile, Index, Proofs, Weighed, rules_out, weigh},
};
use crate::{
    catalogue::{Catalogue, Cause, cause::Sign, layer::Layer},
    command::{Command, Effect, Wording},
    evidence::{Observation, Value},
    finding::{Because, Certainty, Finding, Found, NamedCause, NextStep, Remediation, RuledOut, Status},
    probe::{imap, pop3, smtp},
};

/// So many places to look are told: the best causes have theirs first.
const MOST_TESTS: usize = 3;

/// The placeholders of a cause that concerns one mailbox and says nothing of another.
const OF_ONE_MAILBOX: [&str; 2] = ["{mailbox}", "{user}"];

/// Names the causes of every finding that did not pass, and returns those of the whole run, in the words of its cloud.
#[must_use]
pub fn diagnose(
    findings: &mut [Finding],
    looks: &[Observation],
    catalogue: &Catalogue,
    wording: &Wording,
) -> Vec<Remediation> {
    // a run without a problem reads no cause
    if findings.iter().all(|finding| matches!(finding.status, Status::Pass | Status::Skip)) {
        return Vec::new();
    }
    let mut raised = raised(findings, looks, catalogue);
    outrank::outrank(findings, looks, catalogue, &raised);
    for (raised, finding) in raised.iter_mut().zip(&*findings) {
        if matches!(finding.evidence, Some(Found::Outranked { .. })) {
            raised.clear();
        }
    }
    let mut diagnoses = diagnose_all(findings, looks, raised);
    one_behind_many(&mut diagnoses, findings, looks);
    one_certainty_a_cause(&mut diagnoses);
    let looks = &fill::Looks::of(looks, wording);
    let fix_first = remediation::fix_first(&diagnoses, findings, looks, catalogue);
    let requests = Requests::of(findings, catalogue);
    let mut told = Vec::new();
    for (at, diagnosis) in diagnoses.iter().enumerate() {
        let title = |cause: &Cause| fill::title(cause, at, findings, looks);
        let commands = |cause: &Cause| fill::commands(&cause.commands, Some(cause), &[at], findings, looks);
        let mut steps = diagnosis.next(commands);
        steps.extend(requests.settling(diagnosis, &findings[at]));
        if diagnosis.standing.is_empty() && steps.is_empty() {
            steps = fill::looked_up(at, findings, looks);
        }
        told.push((diagnosis.named(title), steps));
    }
    for ((finding, diagnosis), (causes, steps)) in findings.iter_mut().zip(diagnoses).zip(told) {
        finding.causes = causes;
        finding.ruled_out = diagnosis.ruled_out;
        if finding.steps.is_empty() {
            finding.steps = steps;
        }
    }
    fix_first
}

/// What puts one of two causes that are equally sure before the other, where nothing but their signs speaks for them.
#[must_use]
pub fn order(sign: &Sign) -> (bool, Reverse<usize>) {
    (sign.rare, Reverse(sign::narrowness(sign)))
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
    standing: Vec<Weighed<'c>>,
    ruled_out: Vec<RuledOut>,
}

impl Diagnosis<'_> {
    fn named(&self, title: impl Fn(&Cause) -> String) -> Vec<NamedCause> {
        let name = |weighed: &Weighed<'_>| NamedCause {
            cause: weighed.cause.code.clone(),
            title: title(weighed.cause),
            certainty: weighed.certainty,
            because: Vec::new(),
            evidence: weighed.because.clone(),
        };
        self.standing.iter().map(name).collect()
    }

    /// What settles what is still open: how to verify the best cause, or else the next. Nothing where all is certain.
    fn next(&self, commands: impl Fn(&Cause) -> Vec<Command>) -> Vec<NextStep> {
        let open: Vec<&Weighed<'_>> =
            self.standing.iter().filter(|weighed| weighed.certainty != Certainty::Certain).collect();
        let mut steps: Vec<NextStep> = Vec::new();
        for weighed in open.iter().take(MOST_TESTS) {
            let verifies = |command: &Command| command.confirms_if.is_some();
            let Some(command) = commands(weighed.cause).into_iter().find(verifies) else { continue };
            if !steps.iter().any(|step| step.command().is_some_and(|known| known.text == command.text)) {
                steps.push(NextStep::Verify { cause: weighed.cause.code.clone(), command });
            }
        }
        if steps.is_empty() && open.len() > 1 {
            let fix = commands(open[0].cause).into_iter().find(|command| command.effect == Effect::Change);
            steps.extend(fix.map(|command| NextStep::Try { cause: open[0].cause.code.clone(), command }));
        }
        steps
    }
}

/// What each finding could mean by what it shows.
fn raised<'c>(findings: &[Finding], looks: &[Observation], catalogue: &'c Catalogue) -> Vec<Vec<Candidate<'c>>> {
    let elsewhere = Elsewhere::of(looks);
    findings.iter().map(|finding| best(raised_by(finding, looks, catalogue, &elsewhere))).collect()
}

fn diagnose_all<'c>(
    findings: &[Finding],
    looks: &[Observation],
    raised: Vec<Vec<Candidate<'c>>>,
) -> Vec<Diagnosis<'c>> {
    let index = Index::of(findings, &raised);
    // what each finding could mean by itself: an alike failure must be able to mean the same
    let none: Vec<Vec<&str>> = vec![Vec::new(); findings.len()];
    let open: Vec<Vec<&str>> = raised
        .iter()
        .enumerate()
        .map(|(at, raised)| open(raised, &CaseFile::of(at, findings, looks, &none, &index)))
        .collect();
    let proofs = proofs(findings, looks, &raised, &open);
    let routes = other_routes(looks);
    let weighed = raised.into_iter().enumerate().map(|(at, raised)| {
        let mut diagnosis = weigh(raised, &CaseFile::of(at, findings, looks, &open, &index).with(&proofs));
        let other = findings[at].look.and_then(|look| looks.get(look)).filter(|look| !look.beside);
        if let Some(look) = other.and_then(|look| routes.get(&(look.probe.as_str(), look.subject.as_str()))) {
            let because = Because::OtherRoute { look: *look };
            diagnosis.standing.iter_mut().for_each(|weighed| weighed.because.push(because.clone()));
        }
        diagnosis
    });
    weighed.collect()
}

/// What is certain and proves something of a mailbox. Who signs in to another one proves nothing of that.
fn proofs<'p>(
    findings: &'p [Finding],
    looks: &[Observation],
    raised: &[Vec<Candidate<'p>>],
    open: &[Vec<&str>],
) -> Proofs<'p> {
    let mut proofs = Proofs::new();
    for (at, (raised, open)) in raised.iter().zip(open).enumerate() {
        let certain = raised.iter().filter(|one| one.settles && open.contains(&one.cause.code.as_str()));
        for refutes in certain.map(|one| one.cause.refutes.as_slice()).filter(|refutes| !refutes.is_empty()) {
            let look = findings[at].look.and_then(|look| looks.get(look));
            if look.is_none_or(|look| !is_of_another(look)) && findings[at].subject.mailbox().is_some() {
                proofs.entry(findings[at].subject.as_str()).or_default().push((at, refutes));
            }
        }
    }
    proofs
}

/// True where the user who signed in does not own the mailbox.
fn is_of_another(look: &Observation) -> bool {
    let own = [imap::OWN_MAILBOX, pop3::OWN_MAILBOX, smtp::OWN_MAILBOX];
    look.units().iter().any(|unit| own.iter().any(|own| unit.fact(own.name()) == Some(&Value::Bool(false))))
}

/// True where the application itself signed in, or tried to.
fn is_of_application(look: &Observation) -> bool {
    let own = [imap::AS_APPLICATION, pop3::AS_APPLICATION, smtp::AS_APPLICATION];
    look.units().iter().any(|unit| own.iter().any(|own| unit.fact(own.name()) == Some(&Value::Bool(true))))
}

/// The places of the looks over the other route, by probe and subject.
fn other_routes(looks: &[Observation]) -> HashMap<(&str, &str), usize> {
    let mut routes = HashMap::new();
    for (at, look) in looks.iter().enumerate().filter(|(_, look)| look.beside) {
        let fails = look.attempts.iter().any(|attempt| attempt.failure.is_some()) || look.failure.is_some();
        if look.came_through() || fails {
            routes.entry((look.probe.as_str(), look.subject.as_str())).or_insert(at);
        }
    }
    routes
}

/// The causes that a finding's own signs leave open, less those that passed checks rule out.
fn open<'c>(raised: &[Candidate<'c>], file: &CaseFile<'_>) -> Vec<&'c str> {
    let left: Vec<&Candidate<'c>> = raised.iter().filter(|one| rules_out(one, file).is_none()).collect();
    let settled = left.iter().any(|one| one.settles);
    left.iter().filter(|one| one.settles || !settled).map(|one| one.cause.code.as_str()).collect()
}

/// What is certain for a mailbox or an account by one finding stands behind its other findings that could mean it. What a
/// file of some days makes likely of who signs in is likely for the mailboxes.
fn one_behind_many(diagnoses: &mut [Diagnosis<'_>], findings: &[Finding], looks: &[Observation]) {
    let known = Known::of(diagnoses, findings, looks);
    for (at, diagnosis) in diagnoses.iter_mut().enumerate() {
        let standing = &mut diagnosis.standing;
        if standing.iter().any(|one| one.certainty == Certainty::Certain) {
            continue;
        }
        let user = signed_in_as(&findings[at], looks);
        let by = |weighed: &Weighed<'_>| {
            let of_user = || known.of_user(at, user?, weighed.cause);
            known
                .other(at, &findings[at], &weighed.cause.code)
                .map(|other| (other, Certainty::Certain))
                .or_else(of_user)
        };
        let shown = standing.iter().filter_map(|one| Some((one.cause.code.clone(), by(one)?)));
        match shown.min_by_key(|(_, (_, certainty))| *certainty) {
            Some((code, (finding, Certainty::Certain))) => {
                standing.retain(|weighed| weighed.cause.code == code);
                for weighed in standing {
                    weighed.certainty = Certainty::Certain;
                    weighed.because.push(Because::ShownBy { finding });
                }
            }
            Some((code, (finding, _))) => {
                for weighed in standing.iter_mut() {
                    let is_shown = weighed.cause.code == code;
                    weighed.certainty = if is_shown { Certainty::Likely } else { Certainty::Possible };
                    weighed.because.extend(is_shown.then_some(Because::Failed { finding }));
                }
                standing.sort_by_key(|one| one.certainty);
            }
            None => {}
        }
    }
}

/// Who signed in for the mailbox of a finding: a shared one has another one do it.
fn signed_in_as<'l>(finding: &Finding, looks: &'l [Observation]) -> Option<&'l str> {
    let look = looks.get(finding.look?)?;
    let of_attempts = look.attempts.iter().chain(&look.tried).map(|attempt| &attempt.facts);
    of_attempts.chain([&look.facts]).find_map(|facts| facts.get(smtp::SIGNED_IN_AS)).map(String::as_str)
}

/// Which causes are certain, by account, subject and code.
struct Known<'k> {
    certain: HashMap<(&'k str, &'k str, &'k str), usize>,
    /// The causes about who signs in, by subject and code: those that are certain, and those that a file makes likely.
    of_users: HashMap<(String, &'k str), (usize, Certainty)>,
}

impl<'k> Known<'k> {
    fn of(diagnoses: &[Diagnosis<'k>], findings: &'k [Finding], looks: &[Observation]) -> Self {
        let (mut certain, mut of_users) = (HashMap::new(), HashMap::new());
        for (at, diagnosis) in diagnoses.iter().enumerate() {
            let finding = &findings[at];
            let is_known = |weighed: &&Weighed<'_>| match weighed.certainty {
                Certainty::Certain => true,
                Certainty::Likely => is_of_evidence(finding, looks),
                Certainty::Possible => false,
            };
            for weighed in diagnosis.standing.iter().filter(is_known) {
                let user = (finding.subject.as_str().to_lowercase(), weighed.cause.code.as_str());
                of_users.entry(user).or_insert((at, weighed.certainty));
                if weighed.certainty != Certainty::Certain {
                    continue;
                }
                let Some(account) = &finding.account else { continue };
                let key = (account.as_str(), finding.subject.as_str(), weighed.cause.code.as_str());
                certain.entry(key).or_insert(at);
            }
        }
        Self { certain, of_users }
    }

    /// Another finding of the user who signs in, for which a cause that is about this user is known, and how surely.
    fn of_user(&self, at: usize, user: &str, cause: &'k Cause) -> Option<(usize, Certainty)> {
        let is_about_user = cause.title.contains("{user}");
        let other = self.of_users.get(&(user.to_lowercase(), cause.code.as_str())).copied();
        other.filter(|(other, _)| is_about_user && *other != at)
    }

    /// Another finding of the same mailbox, or of its account as a whole, for which the cause is certain.
    fn other(&self, at: usize, finding: &Finding, code: &str) -> Option<usize> {
        let account = finding.account.as_deref()?;
        let of = |subject: &str| self.certain.get(&(account, subject, code)).copied();
        of(finding.subject.as_str()).or_else(|| of(account)).filter(|other| *other != at)
    }
}

/// A cause that is certain for one finding is no less certain for the next, but for causes of one mailbox alone: what is
/// proved of one mailbox proves nothing of another.
fn one_certainty_a_cause(diagnoses: &mut [Diagnosis<'_>]) {
    let mut surest: HashMap<&str, Certainty> = HashMap::new();
    for weighed in diagnoses.iter().flat_map(|diagnosis| &diagnosis.standing).filter(|one| !is_of_one_mailbox(one)) {
        let certainty = surest.entry(&weighed.cause.code).or_insert(weighed.certainty);
        *certainty = weighed.certainty.min(*certainty);
    }
    for diagnosis in diagnoses {
        for weighed in &mut diagnosis.standing {
            if let Some(certainty) = surest.get(weighed.cause.code.as_str()).filter(|_| !is_of_one_mailbox(weighed)) {
                weighed.certainty = *certainty;
            }
        }
        let is_certain = |one: &&Weighed<'_>| one.certainty == Certainty::Certain;
        let settled: Vec<&str> =
            diagnosis.standing.iter().filter(is_certain).map(|one| one.cause.code.as_str()).collect();
        if !settled.is_empty() {
            diagnosis.standing.retain(|one| is_certain(&one) || is_reason_of(&one.cause.code, &settled));
        }
        diagnosis.standing.sort_by_key(|one| one.certainty);
    }
}

fn is_of_one_mailbox(weighed: &Weighed<'_>) -> bool {
    let cause = weighed.cause;
    let names = |text: &str| OF_ONE_MAILBOX.iter().any(|placeholder| text.contains(placeholder));
    // what is set for the whole tenant is set before anything is set for a mailbox
    let first = cause.commands.first().is_some_and(|command| names(&command.text));
    let is_of_tenant = matches!(cause.layer, Layer::Application | Layer::SignIn) && !first;
    names(&cause.title) || (!is_of_tenant && cause.commands.iter().any(|command| names(&command.text)))
}

#[cfg(test)]
mod tests;
