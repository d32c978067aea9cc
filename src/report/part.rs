//! The part of a report that one team needs: what to do, what it rests on, how to prove it. Pure.
//!
//! In: a report and an owner. Out: a report with that owner's actions, the findings that they explain, those that these
//! refer to, and the tests that all of them were judged by. It is a report like any other, so that every format has it.

use std::collections::BTreeSet;

use crate::{
    catalogue::Section,
    command::{Effect, Shell},
    evidence::Observation,
    finding::{Because, Finding, Found, Owner, Remediation, Report, Run, SkipReason, Status, Summary},
};

/// The places of the findings that are in the part for this owner, in their order.
pub(super) fn places(report: &Report, owner: Owner) -> Vec<usize> {
    kept(report, owner, &actions(report, owner)).into_iter().collect()
}

/// What a team has to do: its own actions, and for the ECE administrator those of others that have steps in ECE, such as a new
/// secret that must be entered there.
fn actions(report: &Report, owner: Owner) -> Vec<&Remediation> {
    let in_ece = |fix: &Remediation| {
        owner == Owner::Ece
            && fix.commands.iter().any(|command| command.shell == Shell::EceConsole && command.effect != Effect::Check)
    };
    report.summary.fix_first.iter().filter(|fix| fix.owner == owner || in_ece(fix)).collect()
}

fn kept(report: &Report, owner: Owner, actions: &[&Remediation]) -> BTreeSet<usize> {
    let explained = actions.iter().flat_map(|fix| fix.explains.iter().copied());
    let needed = needed(report, explained.chain(waived(report, owner)));
    if needed.is_empty() { tested(report, owner) } else { needed }
}

/// The sections that a team answers for.
fn sections(owner: Owner) -> &'static [Section] {
    match owner {
        Owner::Network => &[Section::NetworkUrls, Section::NetworkPorts],
        Owner::Entra => &[Section::EntraApplication, Section::ExchangeLicence],
        Owner::Exchange => &[Section::MailboxConfiguration, Section::MailboxPermissions, Section::ConnectivityTest],
        Owner::Ece => &[Section::MinimumVersion, Section::SystemConfiguration, Section::TokenGeneration],
        Owner::Webex => &[Section::WebexIntegration, Section::WebexProvisioning],
        Owner::Microsoft => &[],
    }
}

fn is_of(finding: &Finding, owner: Owner) -> bool {
    sections(owner).iter().any(|section| finding.section.as_str() == section.name())
}

/// What shows a team that its part works: what passed of it, and what was left out. What failed, and what that blocks, is of
/// another team, which has it in its part.
fn tested(report: &Report, owner: Owner) -> BTreeSet<usize> {
    let is_shown = |finding: &Finding| {
        let is_left_out = finding.status == Status::Skip && finding.blocked_by.is_none();
        finding.status == Status::Pass || (is_left_out && finding.reason != Some(SkipReason::NotApplicable))
    };
    let shown = |place: &usize| is_of(&report.findings[*place], owner) && is_shown(&report.findings[*place]);
    (0..report.findings.len()).filter(shown).collect()
}

/// The part of a report that this owner needs.
#[must_use]
pub fn part(report: &Report, owner: Owner) -> Report {
    let actions = actions(report, owner);
    let findings = kept(report, owner, &actions);
    let looks: BTreeSet<usize> = findings.iter().flat_map(|place| looks_of(&report.findings[*place])).collect();
    let moved = Moved { findings: findings.iter().copied().collect(), looks: looks.iter().copied().collect() };
    let fix_first = actions.into_iter().map(|fix| moved.action(fix)).collect();
    let findings: Vec<Finding> = findings.iter().map(|place| moved.finding(&report.findings[*place])).collect();
    let strict = report.summary.exit_code == 4;
    let summary = Summary { exit_code: report.summary.exit_code, ..Summary::of(&findings, fix_first, strict) };
    let at = |place: &usize| report.looks.get(*place).cloned();
    let looks: Vec<Observation> = looks.iter().filter_map(at).collect();
    let run = Run { part_for: Some(owner), ..report.run.clone() };
    Report { run, summary, findings, looks, ..report.clone() }
}

/// The checks that show whether what was done has helped, each once; none where nothing is to be done.
#[must_use]
pub fn proof(report: &Report) -> Vec<&str> {
    if report.summary.fix_first.is_empty() {
        return Vec::new();
    }
    let is_open = |finding: &&Finding| !matches!(finding.status, Status::Pass);
    // what the network team changes is proved on the path: no token, account or mailbox is needed for that
    let of_path = report.summary.fix_first.iter().all(|fix| fix.owner == Owner::Network);
    let is_proof = |finding: &&Finding| !of_path || finding.status != Status::Skip || is_of(finding, Owner::Network);
    let mut checks: Vec<&str> = Vec::new();
    for finding in report.findings.iter().filter(is_open).filter(is_proof) {
        if !checks.contains(&finding.check.as_str()) {
            checks.push(&finding.check);
        }
    }
    checks
}

/// The findings that are waived and that this owner would fix, and those that they block.
fn waived(report: &Report, owner: Owner) -> impl Iterator<Item = usize> {
    let is_waived = move |finding: &Finding| {
        finding.is_waived() && finding.waiver.as_ref().and_then(|waiver| waiver.owner) == Some(owner)
    };
    let blocker = |place: &usize| report.findings.get(*place)?.blocked_by;
    let chain = move |place| std::iter::successors(Some(place), blocker).take(report.findings.len());
    let belongs = move |place: &usize| chain(*place).any(|before| report.findings.get(before).is_some_and(is_waived));
    (0..report.findings.len()).filter(belongs)
}

/// These findings, those that block them, and those that speak for or against their causes.
fn needed(report: &Report, first: impl Iterator<Item = usize>) -> BTreeSet<usize> {
    let mut needed = BTreeSet::new();
    let mut open: Vec<usize> = first.collect();
    while let Some(place) = open.pop() {
        let Some(finding) = report.findings.get(place) else { continue };
        if needed.insert(place) {
            open.extend(finding.blocked_by);
            open.extend(evidence(finding).filter_map(place_of));
        }
    }
    needed
}

fn evidence(finding: &Finding) -> impl Iterator<Item = &Because> {
    let out = finding.ruled_out.iter().filter_map(|out| out.evidence.as_ref());
    finding.causes.iter().flat_map(|cause| &cause.evidence).chain(out)
}

fn place_of(because: &Because) -> Option<usize> {
    match because {
        Because::Passed { finding } | Because::Failed { finding } | Because::ShownBy { finding } => Some(*finding),
        Because::Found | Because::Failure { .. } | Because::OtherRoute { .. } => None,
    }
}

fn looks_of(finding: &Finding) -> Vec<usize> {
    let beside = |because: &Because| if let Because::OtherRoute { look } = because { Some(*look) } else { None };
    finding.look.into_iter().chain(evidence(finding).filter_map(beside)).collect()
}

/// Where findings and looks of the whole are in the part.
struct Moved {
    findings: Vec<usize>,
    looks: Vec<usize>,
}

impl Moved {
    fn at(&self, place: usize) -> Option<usize> {
        self.findings.binary_search(&place).ok()
    }

    fn look(&self, place: usize) -> Option<usize> {
        self.looks.binary_search(&place).ok()
    }

    fn action(&self, fix: &Remediation) -> Remediation {
        Remediation { explains: fix.explains.iter().filter_map(|place| self.at(*place)).collect(), ..fix.clone() }
    }

    fn finding(&self, finding: &Finding) -> Finding {
        let mut moved = finding.clone();
        moved.look = finding.look.and_then(|look| self.look(look));
        moved.blocked_by = finding.blocked_by.and_then(|place| self.at(place));
        if let Some(Found::Blocked { by }) = &mut moved.evidence {
            *by = self.at(*by).unwrap_or(*by);
        }
        let out = moved.ruled_out.iter_mut().filter_map(|out| out.evidence.as_mut());
        for because in moved.causes.iter_mut().flat_map(|cause| &mut cause.evidence).chain(out) {
            self.because(because);
        }
        moved
    }

    fn because(&self, because: &mut Because) {
        match because {
            Because::Passed { finding } | Because::Failed { finding } | Because::ShownBy { finding } => {
                *finding = self.at(*finding).unwrap_or(*finding);
            }
            Because::OtherRoute { look } => *look = self.look(*look).unwrap_or(*look),
            Because::Found | Because::Failure { .. } => {}
        }
    }
}
