//! Which findings each finding needs. Subjects are numbered, so that no text is compared for each of thousands of findings.
//!
//! In: the findings of a draft, check by check, each with the numbers of the subjects that it is part of. Out: the same
//! findings with the places of those that they need, and with what a need waits for.

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
};

use super::{PlannedFinding, Skip};
use crate::{catalogue::Check, evidence::Subject};

/// The number of a subject.
pub(super) type Number = usize;

/// The numbers of subjects, counted from 0.
#[derive(Default)]
pub(super) struct Numbers(HashMap<Subject, Number>);

impl Numbers {
    pub(super) fn of(&mut self, subject: &Subject) -> Number {
        if let Some(known) = self.0.get(subject) {
            return *known;
        }
        let next = self.0.len();
        self.0.insert(subject.clone(), next);
        next
    }
}

/// The most subjects that one is part of, with itself.
const WIDEST: usize = 5;

/// The subjects whose findings can be needs of a finding: its own first, then those that it is part of.
#[derive(Clone, Copy)]
pub(super) struct Circle {
    numbers: [Number; WIDEST],
    length: usize,
}

impl Circle {
    pub(super) fn of(own: Number, others: impl IntoIterator<Item = Number>) -> Self {
        let mut circle = Self { numbers: [own; WIDEST], length: 1 };
        for other in others {
            circle.numbers[circle.length] = other;
            circle.length += 1;
        }
        circle
    }

    fn own(&self) -> Number {
        self.numbers[0]
    }

    fn all(&self) -> impl Iterator<Item = Number> {
        self.numbers[..self.length].iter().copied()
    }
}

/// What stands for no finding.
const NONE: usize = usize::MAX;

/// The findings of one check by subject.
struct Made {
    /// The first finding of each subject.
    first: Vec<usize>,
    /// The place of the first finding of the check.
    begin: usize,
    /// Of each finding of the check, the next one for the same subject.
    next: Vec<usize>,
}

impl Made {
    fn of(places: Range<usize>, circles: &[Circle]) -> Self {
        let length = places.clone().map(|place| circles[place].own() + 1).max().unwrap_or(0);
        let mut made = Self { first: vec![NONE; length], begin: places.start, next: vec![NONE; places.len()] };
        for place in places.rev() {
            let first = &mut made.first[circles[place].own()];
            made.next[place - made.begin] = std::mem::replace(first, place);
        }
        made
    }

    /// The findings for a subject, in plan order.
    fn of_subject(&self, number: Number) -> impl Iterator<Item = usize> {
        let first = self.first.get(number).copied().filter(|first| *first != NONE);
        std::iter::successors(first, |place| Some(self.next[*place - self.begin]).filter(|next| *next != NONE))
    }
}

/// Ties needs to findings: those of a needed check for the subject itself, and for what it is part of. `ends` says behind
/// which finding each check ends.
pub(super) fn tie(findings: &mut [PlannedFinding<'_>], circles: &[Circle], checks: &[&Check], ends: &[usize]) {
    let begins = || std::iter::once(0).chain(ends.iter().copied());
    let ranges: Vec<Range<usize>> = begins().zip(ends).map(|(begin, end)| begin..*end).collect();
    let made: Vec<Made> = ranges.iter().map(|places| Made::of(places.clone(), circles)).collect();
    let numbers: HashMap<&str, usize> =
        checks.iter().enumerate().map(|(number, check)| (check.id.as_str(), number)).collect();
    let (mut all, mut found) = (Vec::new(), Vec::new());
    for (check, places) in checks.iter().zip(ranges) {
        let needed: Vec<&Made> =
            check.needs.iter().filter_map(|need| numbers.get(need.as_str()).map(|number| &made[*number])).collect();
        for place in places {
            for made in &needed {
                found.extend(circles[place].all().flat_map(|number| made.of_subject(number)));
                found.sort_unstable();
                found.dedup();
                all.append(&mut found);
            }
            findings[place].needs.clone_from(&all);
            all.clear();
        }
    }
}

/// What needs something that the user has not given, waits for it too, and so does what needs that.
pub(super) fn pass_on_what_is_not_given(findings: &mut [PlannedFinding<'_>]) {
    let waits = |planned: &PlannedFinding<'_>| matches!(planned.skip, Some(Skip::NeedsInput { .. }));
    let mut open: VecDeque<usize> = (0..findings.len()).filter(|at| waits(&findings[*at])).collect();
    let needed_by = NeededBy::of(findings);
    while let Some(at) = open.pop_front() {
        let skip = findings[at].skip.clone();
        for waiting in needed_by.all(at) {
            if findings[*waiting].skip.is_none() {
                findings[*waiting].skip.clone_from(&skip);
                findings[*waiting].look = None;
                open.push_back(*waiting);
            }
        }
    }
}

/// By finding, those that need it: one list for all of them.
struct NeededBy {
    places: Vec<usize>,
    /// Where in `places` those of each finding begin, and where those of the last one end.
    begins: Vec<usize>,
}

impl NeededBy {
    fn of(findings: &[PlannedFinding<'_>]) -> Self {
        let mut begins = vec![0; findings.len() + 1];
        for need in findings.iter().flat_map(|planned| &planned.needs) {
            begins[need + 1] += 1;
        }
        for at in 1..begins.len() {
            begins[at] += begins[at - 1];
        }
        let mut places = vec![NONE; begins[findings.len()]];
        let mut free = begins.clone();
        for (at, planned) in findings.iter().enumerate() {
            for need in &planned.needs {
                places[free[*need]] = at;
                free[*need] += 1;
            }
        }
        Self { places, begins }
    }

    fn all(&self, at: usize) -> &[usize] {
        &self.places[self.begins[at]..self.begins[at + 1]]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_of_one_subject_are_found_in_plan_order() {
        let circles = [7, 3, 7, 7].map(|number| Circle::of(number, [0]));
        let made = Made::of(1..4, &circles);
        assert_eq!(made.of_subject(7).collect::<Vec<_>>(), [2, 3], "the first belongs to another check");
        assert_eq!(made.of_subject(3).collect::<Vec<_>>(), [1]);
        assert_eq!(made.of_subject(0).count() + made.of_subject(99).count(), 0);
    }
}
