//! Every planned finding of a run, judged in the order of what needs what.
//!
//! In: the planned findings and what their looks saw. Out: one [`Finding`] for each planned one. Pure.

use std::collections::HashSet;

use super::{Judgement, judge};
use crate::{
    catalogue::check::Check,
    command::evidence_request,
    evidence::{Failure, FailureKind, Observation, Protocol, SharedText, Stage, Unit},
    finding::{Finding, Found, Group, NextStep, NotApplicable, SkipReason, Status},
    plan::{PlannedFinding, Skip},
};

/// Judges every planned finding, each after those that it needs.
///
/// # Panics
/// Never: each finding is judged before all are handed out.
#[must_use]
pub fn judge_all(plan: &[PlannedFinding<'_>], looks: &[Observation]) -> Vec<Finding> {
    let mut findings: Vec<Option<Finding>> = vec![None; plan.len()];
    for at in 0..plan.len() {
        judge_at(at, plan, looks, &mut findings);
    }
    findings.into_iter().map(|finding| finding.expect("each was judged above")).collect()
}

/// Judges one finding, after those that it needs.
fn judge_at(at: usize, plan: &[PlannedFinding<'_>], looks: &[Observation], findings: &mut Vec<Option<Finding>>) {
    if findings[at].is_some() {
        return;
    }
    let planned = &plan[at];
    for need in &planned.needs {
        judge_at(*need, plan, looks, findings);
    }
    findings[at] = Some(find(planned, plan, looks, findings));
}

fn find(
    planned: &PlannedFinding<'_>,
    plan: &[PlannedFinding<'_>],
    looks: &[Observation],
    earlier: &[Option<Finding>],
) -> Finding {
    let mut finding = unjudged(planned);
    match &planned.skip {
        Some(Skip::NotApplicable(reason)) => not_applicable(&mut finding, reason.clone()),
        // a file about what was found to be gone need not be asked for
        Some(Skip::NeedsInput { .. }) if planned.check.asks.is_some() && is_blocked(planned, earlier) => {
            block(&mut finding, None, planned, earlier);
        }
        Some(Skip::NeedsInput { text, optional, from }) => {
            needs_input(&mut finding, text.clone(), *optional);
            let asked =
                from.or(planned.check.asks).map(|owner| NextStep::Request { command: evidence_request(owner.word()) });
            finding.steps.extend(asked);
        }
        None => {
            if let Some(seen) = planned.look.map(|look| &looks[look]) {
                judge_seen(&mut finding, seen, planned, plan, earlier);
            } else {
                (finding.status, finding.evidence) = (Status::Error, Some(Found::NotPlanned));
            }
        }
    }
    finding
}

/// A finding of which nothing is known yet.
fn unjudged(planned: &PlannedFinding<'_>) -> Finding {
    let check = planned.check;
    Finding {
        section: check.section.shared_name(),
        title: check.title.clone(),
        account: planned.account.clone(),
        expected: check.words.expected.clone(),
        severity: Some(check.severity),
        look: planned.look,
        asked: planned.asked,
        ..Finding::new(check.id.clone(), planned.subject.clone(), Status::Skip)
    }
}

fn not_applicable(finding: &mut Finding, reason: NotApplicable) {
    finding.status = Status::Skip;
    finding.reason = Some(SkipReason::NotApplicable);
    finding.evidence = Some(Found::NotApplicable { reason });
}

fn needs_input(finding: &mut Finding, text: SharedText, optional: bool) {
    finding.status = Status::Skip;
    finding.reason = Some(SkipReason::NeedsInput);
    finding.evidence = Some(Found::NotGiven);
    finding.optional = optional;
    finding.steps = vec![NextStep::Provide { text }];
}

fn missing_input(finding: &mut Finding, failure: Failure) {
    finding.status = Status::Skip;
    finding.reason = Some(SkipReason::NeedsInput);
    finding.steps = vec![NextStep::Provide { text: failure.words.as_str().into() }];
    finding.evidence = Some(Found::InputMissing { failure: Box::new(failure) });
}

fn judge_seen(
    finding: &mut Finding,
    seen: &Observation,
    planned: &PlannedFinding<'_>,
    plan: &[PlannedFinding<'_>],
    earlier: &[Option<Finding>],
) {
    let check = planned.check;
    match judge(check, seen) {
        Judgement::Seen { status, found, by_stop } => {
            finding.status = status;
            finding.evidence = Some(found);
            // the same failure already speaks against a prerequisite: it is told there
            let is_told = |need: &usize| answered(*need, planned, plan, earlier) || unreached(*need, earlier);
            if by_stop && status == Status::Fail && planned.needs.iter().any(is_told) {
                block(finding, None, planned, earlier);
            }
        }
        Judgement::NotApplicable(reason) => not_applicable(finding, reason),
        Judgement::NotGiven => needs_input(finding, check.words.instead.clone().unwrap_or_default(), false),
        Judgement::InputMissing(failure) => missing_input(finding, failure),
        Judgement::NotReached { stop } => block(finding, stop, planned, earlier),
    }
    if matches!(finding.status, Status::Fail | Status::Warn) {
        let failures = failures(finding, seen);
        let extent = Extent::of(finding, seen, &failures);
        let is_cut_off = failures.first().is_some_and(|failure| is_cut_off(failure));
        finding.means = impact(check, finding.status, extent, is_cut_off);
        finding.fails = turned(check, finding.status, extent, is_cut_off);
    }
}

/// The failures that speak against a finding, as it tells them.
fn failures<'f>(finding: &'f Finding, seen: &'f Observation) -> Vec<&'f Failure> {
    let units = seen.units();
    match &finding.evidence {
        Some(Found::Groups { groups }) => {
            let failed = groups.iter().filter(|group| group.failed);
            let of_group = |group: &Group| match group.attempts.as_slice() {
                [] => seen.failure.iter().collect(),
                places => places.iter().filter_map(|place| units.get(*place)?.failure()).collect::<Vec<_>>(),
            };
            failed.flat_map(of_group).collect()
        }
        Some(Found::Failure { failure }) => vec![failure],
        _ => Vec::new(),
    }
}

/// True where the other side ended, refused the connection as a whole or was not understood, so that what the check is
/// about was never answered.
fn is_cut_off(failure: &Failure) -> bool {
    match failure.kind {
        FailureKind::TimedOut
        | FailureKind::Reset
        | FailureKind::Closed
        | FailureKind::MalformedReply
        | FailureKind::ReplyTooLarge
        | FailureKind::UnexpectedHttp
        | FailureKind::UnexpectedTls
        | FailureKind::UnexpectedPlaintext
        | FailureKind::TlsAlert
        | FailureKind::TlsVersionTooOld => true,
        FailureKind::Rejected => matches!(failure.stage, Stage::Greeting | Stage::Ehlo | Stage::Capabilities),
        _ => false,
    }
}

/// How much of a service a failure concerns: each has an impact of its own.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    /// Some addresses of several.
    Some,
    /// All addresses, or what has none.
    All,
    /// The proxy refused; the service itself was not reached.
    Proxy,
    /// A server of the site itself.
    Site,
}

impl Extent {
    /// `failures` are those that speak against the finding.
    fn of(finding: &Finding, seen: &Observation, failures: &[&Failure]) -> Self {
        if failures.iter().any(|failure| failure.protocol == Protocol::Proxy) {
            return Self::Proxy;
        }
        if seen.own {
            return Self::Site;
        }
        let groups: &[Group] = match &finding.evidence {
            Some(Found::Groups { groups }) => groups,
            _ => &[],
        };
        let bad: HashSet<usize> = groups.iter().flat_map(|group| &group.attempts).copied().collect();
        let units = seen.units();
        // of what was measured, an address that gave no answer does not say that it is otherwise there
        let is_other = |(place, unit): (usize, &Unit<'_>)| {
            !bad.contains(&place) && (!failures.is_empty() || unit.failure().is_none())
        };
        if !bad.is_empty() && units.iter().enumerate().any(is_other) { Self::Some } else { Self::All }
    }
}

/// What a failure or a reservation means for ECE. A reservation never has the failure's text.
fn impact(check: &Check, status: Status, extent: Extent, is_cut_off: bool) -> SharedText {
    let words = &check.words;
    let own = match (status, extent) {
        (Status::Warn, _) => return words.why_warn.clone().unwrap_or_default(),
        (_, Extent::Some) => &words.why_some,
        (_, Extent::Proxy) => &words.why_proxy,
        (_, Extent::Site) => &words.why_site,
        (_, Extent::All) if is_cut_off => &words.why_cut_off,
        (_, Extent::All) => &None,
    };
    own.as_ref().unwrap_or(&words.why).clone()
}

/// What is true in place of a check's title when it fails or warns; nothing where a reservation leaves the title true.
fn turned(check: &Check, status: Status, extent: Extent, is_cut_off: bool) -> SharedText {
    let warns = check.warns.as_ref().or_else(|| check.expect.is_empty().then_some(&check.fails));
    let fails = match extent {
        Extent::Proxy if !is_cut_off => check.fails_proxy.as_ref(),
        _ if is_cut_off && check.fails_cut_off.is_some() => check.fails_cut_off.as_ref(),
        Extent::Some => check.fails_some.as_ref(),
        Extent::All | Extent::Proxy | Extent::Site => None,
    };
    let said = if status == Status::Warn { warns } else { Some(fails.unwrap_or(&check.fails)) };
    said.cloned().unwrap_or_default()
}

/// A check that was not reached is blocked by what it needs; when nothing that it needs was planned, it answers itself.
fn block(finding: &mut Finding, stop: Option<Failure>, planned: &PlannedFinding<'_>, earlier: &[Option<Finding>]) {
    if let Some(failure) = planned.needs.iter().find_map(|need| missing(*need, earlier)) {
        return missing_input(finding, failure);
    }
    let culprit = planned.needs.iter().find_map(|need| culprit(*need, earlier));
    match (culprit, stop) {
        (Some(culprit), _) => {
            finding.status = Status::Skip;
            finding.reason = Some(SkipReason::Blocked);
            finding.blocked_by = Some(culprit);
            finding.evidence = Some(Found::Blocked { by: culprit });
        }
        (None, Some(failure)) => {
            finding.status = if failure.kind.is_ours() { Status::Error } else { Status::Fail };
            finding.evidence = Some(Found::Failure { failure: Box::new(failure) });
        }
        (None, None) => (finding.status, finding.evidence) = (Status::Error, Some(Found::NoResult)),
    }
}

/// Whether a needed check of the same look, which answers for the same stages, has failed already.
fn answered(
    need: usize,
    planned: &PlannedFinding<'_>,
    plan: &[PlannedFinding<'_>],
    earlier: &[Option<Finding>],
) -> bool {
    let failed = earlier[need].as_ref().is_some_and(|need| need.status == Status::Fail && need.look == planned.look);
    failed && plan[need].check.stages.iter().any(|stage| planned.check.stages.contains(stage))
}

/// Whether a needed check was not reached, because of something that failed: a token is asked for beside the look at the
/// login host, and both fail where the host cannot be reached.
fn unreached(need: usize, earlier: &[Option<Finding>]) -> bool {
    earlier[need].as_ref().is_some_and(|need| need.blocked_by.is_some())
}

/// The missing input that a needed check waits for.
fn missing(need: usize, earlier: &[Option<Finding>]) -> Option<Failure> {
    match &earlier[need].as_ref()?.evidence {
        Some(Found::InputMissing { failure }) => Some((**failure).clone()),
        _ => None,
    }
}

fn is_blocked(planned: &PlannedFinding<'_>, earlier: &[Option<Finding>]) -> bool {
    planned.needs.iter().any(|need| culprit(*need, earlier).is_some())
}

/// The finding at the root of a block: one that failed or could not be judged.
fn culprit(need: usize, earlier: &[Option<Finding>]) -> Option<usize> {
    let finding = earlier[need].as_ref()?;
    match finding.status {
        Status::Fail | Status::Error => Some(need),
        Status::Skip => finding.blocked_by,
        Status::Pass | Status::Warn => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalogue::Catalogue,
        deployment::{Cloud, Deployment, Role},
        evidence::{Attempt, Route, Subject},
        net::ConnectOverrides,
        plan::{Plan, Selection, Site},
    };

    #[test]
    fn failure_concerns_some_addresses_all_of_them_the_proxy_or_the_site() {
        let subject = Subject::endpoint("outlook.office365.com", 993);
        let attempt = |protocol| Attempt {
            failure: Some(Failure::new(protocol, Stage::Connect, FailureKind::Refused, "")),
            ..Attempt::new("192.0.2.1:993".parse().unwrap())
        };
        let look = |protocol| Observation {
            attempts: vec![attempt(protocol), attempt(protocol)],
            ..Observation::new("tcp", subject.clone(), Route::Direct)
        };
        let (direct, proxied) = (look(Protocol::Tcp), look(Protocol::Proxy));
        let own = Observation { own: true, ..direct.clone() };
        let of = |attempts: &[usize], seen: &Observation| {
            let group = Group { attempts: attempts.to_vec(), missed: Vec::new(), context: Vec::new(), failed: true };
            let finding = Finding::new("tcp.opens", subject.clone(), Status::Fail);
            let finding = Finding { evidence: Some(Found::Groups { groups: vec![group] }), ..finding };
            Extent::of(&finding, seen, &failures(&finding, seen))
        };
        assert!(of(&[1], &direct) == Extent::Some);
        let measured = |other: Option<Failure>| {
            let mut look = direct.clone();
            (look.attempts[0].failure, look.attempts[1].failure) = (other, None);
            of(&[1], &look)
        };
        assert!(measured(None) == Extent::Some);
        assert!(measured(direct.attempts[0].failure.clone()) == Extent::All, "the other gave no answer");
        assert!(of(&[0, 1], &direct) == Extent::All);
        assert!(of(&[], &direct) == Extent::All);
        assert!(of(&[1], &proxied) == Extent::Proxy);
        assert!(of(&[1], &own) == Extent::Site);
    }

    #[test]
    fn failure_is_told_by_the_check_before_only_where_both_read_the_same_look() {
        let catalogue = Catalogue::built_in();
        let site = Site::of(&Deployment::default(), &catalogue.tables, Cloud::Worldwide, Role::All);
        let plan = Plan::make(&catalogue, &site, &Selection::default(), &ConnectOverrides::default()).unwrap();
        let planned = plan.findings.iter().find(|planned| planned.check.id == "https.discovery").unwrap();
        let answers = |need: &&usize| plan.findings[**need].check.id == "https.answers";
        let need = *planned.needs.iter().find(answers).unwrap();
        let mut earlier = vec![None; plan.findings.len()];
        for (status, look, told) in [
            (Status::Fail, planned.look, true),
            (Status::Fail, planned.look.map(|look| look + 1), false),
            (Status::Warn, planned.look, false),
        ] {
            earlier[need] = Some(Finding { look, ..Finding::new("https.answers", planned.subject.clone(), status) });
            assert_eq!(answered(need, planned, &plan.findings, &earlier), told, "{status:?} {look:?}");
        }
    }

    #[test]
    fn failure_has_the_words_of_its_extent_and_of_an_answer_that_never_came() {
        let catalogue = Catalogue::built_in();
        let (opens, sender) = (catalogue.check("tcp.opens").unwrap(), catalogue.check("smtp.sender-accepted").unwrap());
        let fails = |check: &Check, extent, is_cut_off| Some(turned(check, Status::Fail, extent, is_cut_off));
        for is_cut_off in [false, true] {
            assert_eq!(fails(opens, Extent::All, is_cut_off), Some(opens.fails.clone()));
            assert_eq!(fails(opens, Extent::Some, is_cut_off), opens.fails_some);
        }
        assert_eq!(fails(opens, Extent::Proxy, false), opens.fails_proxy);
        assert_eq!(fails(opens, Extent::Proxy, true), Some(opens.fails.clone()));
        assert_eq!(fails(sender, Extent::All, true), sender.fails_cut_off);
        assert_eq!(fails(sender, Extent::All, false), Some(sender.fails.clone()));
        let why = |check: &Check, extent, is_cut_off| Some(impact(check, Status::Fail, extent, is_cut_off));
        for is_cut_off in [false, true] {
            assert_eq!(why(opens, Extent::Some, is_cut_off), opens.words.why_some);
            assert_eq!(why(opens, Extent::Proxy, is_cut_off), opens.words.why_proxy);
            assert_eq!(why(opens, Extent::Site, is_cut_off), opens.words.why_site);
        }
        assert_eq!(why(sender, Extent::All, true), sender.words.why_cut_off);
        assert_eq!(why(sender, Extent::All, false), Some(sender.words.why.clone()));
    }

    #[test]
    fn refusal_of_the_whole_connection_cuts_off_and_one_of_the_sign_in_does_not() {
        use FailureKind::{Closed, Refused, Rejected};
        for (stage, kind, told) in [
            (Stage::Greeting, Rejected, true),
            (Stage::Ehlo, Rejected, true),
            (Stage::Capabilities, Rejected, true),
            (Stage::Authenticate, Rejected, false),
            (Stage::Authenticate, Closed, true),
            (Stage::Connect, Refused, false),
        ] {
            let failure = Failure::new(Protocol::Smtp, stage, kind, "");
            assert_eq!(is_cut_off(&failure), told, "{stage:?} {kind:?}");
        }
    }
}
