//! The part of a plan that was asked for, and what must hold before each of its probes.

use std::collections::HashMap;

use super::{Plan, PlannedFinding, PlannedLook, choose::needs_no_connection};
use crate::{
    catalogue::Check,
    evidence::{ProbeKey, Subject},
    net::RouteChoice,
    probe::AnyProbe,
};

impl Plan<'_> {
    /// The same plan with the findings of the checks that were asked for, and with what those need: a check that comes
    /// along as a need is made for the subjects of those that need it, and not for every subject that it has. What else
    /// can be judged from the same looks, or from evidence, stays to speak for or against their causes.
    pub(super) fn reduced(self, is_asked: impl Fn(&Check) -> bool) -> Self {
        let mut kept = vec![false; self.findings.len()];
        let mut open: Vec<usize> = (0..kept.len()).filter(|at| is_asked(self.findings[*at].check)).collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut kept[at], true) {
                open.extend(&self.findings[at].needs);
            }
        }
        let looks = self.looks_of(&kept);
        for (at, planned) in self.findings.iter().enumerate() {
            let is_seen = |look: usize| looks[look] || matches!(self.looks[look].probe, AnyProbe::Exported(_));
            let is_judged = planned.look.is_some_and(is_seen) && planned.needs.iter().all(|need| kept[*need]);
            kept[at] |= is_judged && needs_no_connection(planned.check);
        }
        let looks = self.looks_of(&kept);
        let (new_finding, new_look) = (places(&kept), places(&looks));
        let findings = self.findings.into_iter().zip(&kept).filter(|(_, kept)| **kept).map(|(planned, _)| {
            let needs = planned.needs.iter().map(|need| new_finding[*need]).collect();
            PlannedFinding { needs, look: planned.look.map(|look| new_look[look]), ..planned }
        });
        let looks = self.looks.into_iter().zip(&looks).filter(|(_, kept)| **kept).map(|(planned, _)| {
            let after = planned.after.iter().map(|look| new_look[*look]).collect();
            PlannedLook { after, ..planned }
        });
        Self { findings: findings.collect(), looks: looks.collect(), site: self.site }
    }

    /// The looks that these findings read, those that they depend on, and the other routes to the same services.
    fn looks_of(&self, findings: &[bool]) -> Vec<bool> {
        let mut kept = vec![false; self.looks.len()];
        let read =
            self.findings.iter().zip(findings).filter(|(_, kept)| **kept).filter_map(|(planned, _)| planned.look);
        let mut open: Vec<usize> = read.collect();
        while let Some(at) = open.pop() {
            if !std::mem::replace(&mut kept[at], true) {
                open.extend(&self.looks[at].after);
            }
        }
        let subjects: Vec<ProbeKey> = self.looks.iter().map(|planned| planned.probe.key()).collect();
        let in_force: HashMap<&Subject, usize> = subjects
            .iter()
            .enumerate()
            .filter(|(at, key)| kept[*at] && **key == ProbeKey::new(&key.probe, key.subject.clone(), ""))
            .map(|(at, key)| (&key.subject, at))
            .collect();
        for (at, planned) in self.looks.iter().enumerate() {
            let beside = matches!(&planned.probe, AnyProbe::Service(probe) if probe.way == RouteChoice::Beside);
            if beside && in_force.contains_key(&subjects[at].subject) {
                kept[at] = true;
                for earlier in &planned.after {
                    kept[*earlier] = true;
                }
            }
        }
        kept
    }

    /// Ties each look to the findings that must hold before it: what the findings that read it need from other looks.
    pub(super) fn tie_gates(&mut self) {
        let mut gates: Vec<Vec<usize>> = vec![Vec::new(); self.looks.len()];
        for planned in &self.findings {
            let Some(look) = planned.look else { continue };
            let after = &self.looks[look].after;
            let comes_before = |need: &usize| self.findings[*need].look.is_some_and(|look| after.contains(&look));
            gates[look].extend(planned.needs.iter().copied().filter(comes_before));
        }
        for (look, mut gates) in gates.into_iter().enumerate() {
            gates.sort_unstable();
            gates.dedup();
            self.looks[look].gates = gates;
        }
    }
}

/// Where each kept thing is once the others are gone.
fn places(kept: &[bool]) -> Vec<usize> {
    let mut next = 0;
    let place = |kept: &bool| {
        let place = next;
        next += usize::from(*kept);
        place
    };
    kept.iter().map(place).collect()
}
