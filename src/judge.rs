//! What was seen, held against what a check expects. Pure: the same observation always gives the same finding.
//!
//! In: a [`Check`] and the [`Observation`] of its look. Out: a [`Judgement`]. Each address of a service is judged by
//! itself: an address that never came as far as the check's own stage says nothing about the check, and one bad address
//! of eight is a failure that names it.

mod all;
pub mod clock;
mod found;
pub mod shared;
mod waiver;

use crate::{
    catalogue::{Check, expect::Expectation},
    evidence::{Facts, Failure, Observation, Unit, Value},
    finding::{Found, NotApplicable, Status},
};

/// How one check came out for one look.
#[derive(Clone, Debug, PartialEq)]
pub enum Judgement {
    /// Something was seen, and this is how it came out.
    Seen {
        /// Pass, warn or fail; error when the look ended for a reason of ours.
        status: Status,
        /// What was found.
        found: Found,
        /// True when only stops speak against the check, and no fact does.
        by_stop: bool,
    },
    /// The check says nothing of what was seen, and why.
    NotApplicable(NotApplicable),
    /// What the user gave does not allow the check.
    NotGiven,
    /// An input that the site file promises is not there: nothing was tested.
    InputMissing(Failure),
    /// No address came as far as this check: something it needs must have failed.
    NotReached {
        /// The stop that came first, if any is known.
        stop: Option<Failure>,
    },
}

/// What one address, or a look without addresses, says of a check.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Holds,
    Reserved(Vec<String>),
    Misses(Vec<String>),
    Stopped(Failure),
    Ours(Failure),
    Nothing,
}

/// Judges one check by what its look saw.
#[must_use]
pub fn judge(check: &Check, observation: &Observation) -> Judgement {
    let units = observation.units();
    if otherwise(&check.given, &units).is_some() {
        return Judgement::NotGiven;
    }
    if let Some(why) = not_for(check, &units) {
        return Judgement::NotApplicable(why);
    }
    if let Some(failure) = units.iter().filter_map(Unit::failure).find(|failure| failure.is_missing_input()) {
        return Judgement::InputMissing(failure.clone());
    }
    let said: Vec<Said> = units.iter().map(|unit| listen(check, unit)).collect();
    let count = |wanted: fn(&Said) -> bool| said.iter().filter(|said| wanted(said)).count();
    let bad = count(|said| matches!(said, Said::Misses(_) | Said::Stopped(_)));
    let good = count(|said| matches!(said, Said::Holds | Said::Reserved(_)));
    let ours = count(|said| matches!(said, Said::Ours(_)));
    let status = match (bad, ours, good) {
        (0, 0, 0) => return not_reached(observation),
        (1.., _, _) => Status::Fail,
        (0, 1.., _) => Status::Error,
        (0, 0, _) if said.iter().any(|said| matches!(said, Said::Reserved(_))) => Status::Warn,
        _ => Status::Pass,
    };
    let by_stop = !said.iter().any(|said| matches!(said, Said::Misses(_)));
    Judgement::Seen { status, found: found::found(check, &units, &said), by_stop }
}

/// Whether a check holds for some address of what was seen, so that what needs it can go on there.
#[must_use]
pub fn holds_somewhere(check: &Check, observation: &Observation) -> bool {
    observation.units().iter().any(|unit| matches!(listen(check, unit), Said::Holds | Said::Reserved(_)))
}

/// The fact by which a check does not apply, where it was measured everywhere and nowhere is as it must be.
fn not_for(check: &Check, units: &[Unit<'_>]) -> Option<NotApplicable> {
    let expectation = otherwise(&check.applies, units)?;
    let found = units.first().and_then(|unit| unit.fact(&expectation.fact)).cloned();
    Some(NotApplicable::Fact { expected: expectation.to_string(), found })
}

/// The first expectation of which the fact was measured everywhere and nowhere is as it must be.
fn otherwise<'c>(expectations: &'c [Expectation], units: &[Unit<'_>]) -> Option<&'c Expectation> {
    let nowhere = |expectation: &&Expectation| {
        units.iter().all(|unit| expectation.holds(unit.fact(&expectation.fact)) == Some(false))
    };
    expectations.iter().find(nowhere)
}

fn not_reached(observation: &Observation) -> Judgement {
    let first = observation.attempts.iter().find_map(|path| path.failure.clone());
    Judgement::NotReached { stop: observation.failure.clone().or(first) }
}

fn listen(check: &Check, unit: &Unit<'_>) -> Said {
    // an address that the check is not for says nothing of it
    if !misses(&check.applies, unit).is_empty() {
        return Said::Nothing;
    }
    let missed = misses(&check.expect, unit);
    let whole = seen_whole(check, unit);
    match unit.failure().filter(|_| !whole || !missed.is_empty()) {
        Some(stop) if stop.kind.is_ours() => return Said::Ours(stop.clone()),
        Some(stop) if check.stages.contains(&stop.stage) => return Said::Stopped(stop.clone()),
        _ if !missed.is_empty() => return Said::Misses(missed),
        _ if !whole => return Said::Nothing,
        _ => {}
    }
    match misses(&check.prefer, unit) {
        missed if missed.is_empty() => Said::Holds,
        missed => Said::Reserved(missed),
    }
}

/// True when every fact that the check expects was measured.
fn seen_whole(check: &Check, unit: &Unit<'_>) -> bool {
    let measured = |expectation: &Expectation| expectation.holds(unit.fact(&expectation.fact)).is_some();
    let wanted = if check.expect.is_empty() { &check.prefer } else { &check.expect };
    wanted.iter().all(measured)
}

/// The names of the facts that were measured and are not as they should be.
fn misses(expectations: &[Expectation], unit: &Unit<'_>) -> Vec<String> {
    let missed = |expectation: &&Expectation| expectation.holds(unit.fact(&expectation.fact)) == Some(false);
    expectations.iter().filter(missed).map(|expectation| expectation.fact.clone()).collect()
}

/// The value of a fact as the whole look has it: one value, or those of all addresses.
#[must_use]
pub fn values(observation: &Observation, fact: &str) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    let all = observation.attempts.iter().map(|path| &path.facts).chain([&observation.facts]);
    for value in all.filter_map(|facts: &Facts| facts.value(fact)) {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    values
}

pub use all::judge_all;
pub use waiver::{is_waived, owned, waive};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalogue::Catalogue,
        evidence::{Attempt, Failure, FailureKind, Protocol, Route, Stage, Subject},
        finding::Group,
    };

    /// What a look with these facts says of a check of the catalogue.
    fn judged(check: &str, facts: &[(&str, Value)]) -> Judgement {
        let catalogue = Catalogue::built_in();
        let mut seen = Observation::new("token", Subject::of_text("sales"), Route::Direct);
        for (name, value) in facts {
            seen.facts.put(name, value.clone());
        }
        judge(catalogue.check(check).expect(check), &seen)
    }

    #[test]
    fn beside_what_is_missed_stands_only_what_else_was_measured() {
        let (audience, of_cloud) = ("token.audience", "token.audience_of_cloud");
        let facts = [
            ("token.readable", true.into()),
            ("token.audience_is_exchange", true.into()),
            (of_cloud, false.into()),
            (audience, Value::Text("https://outlook.office365.us".to_owned())),
        ];
        let Judgement::Seen { status: Status::Fail, found: Found::Groups { groups }, by_stop: false } =
            judged("token.audience", &facts)
        else {
            panic!("a fact is missed")
        };
        let group = Group {
            attempts: Vec::new(),
            missed: vec![of_cloud.to_owned()],
            context: vec![audience.to_owned()],
            failed: false,
        };
        assert_eq!(groups, [group]);
    }

    #[test]
    fn address_that_a_check_is_not_for_says_nothing_of_it() {
        let catalogue = Catalogue::built_in();
        let check = catalogue.check("tls.not-intercepted").unwrap();
        let came_out = |certificates: &[(bool, bool)]| {
            let subject = Subject::endpoint("outlook.office365.com", 993);
            let mut seen = Observation::new("tls", subject, Route::Direct);
            seen.attempts.extend(certificates.iter().map(|(public, matches)| {
                let mut attempt = Attempt::new("192.0.2.1:993".parse().unwrap());
                attempt.facts.put("tls.issuer_public", *public);
                attempt.facts.put("tls.name_matches", *matches);
                attempt
            }));
            match judge(check, &seen) {
                Judgement::Seen { status, .. } => Some(status),
                Judgement::NotApplicable(_) => None,
                other => panic!("{certificates:?}: {other:?}"),
            }
        };
        let (genuine, inspected, of_another) = ((true, true), (false, true), (false, false));
        assert_eq!(came_out(&[genuine, of_another]), Some(Status::Pass));
        assert_eq!(came_out(&[inspected, of_another]), Some(Status::Fail));
        assert_eq!(came_out(&[of_another, of_another]), None);
    }

    #[test]
    fn what_holds_at_one_address_holds_somewhere() {
        let catalogue = Catalogue::built_in();
        let check = catalogue.check("imap.xoauth2-offered").unwrap();
        let holds = |offered: &[bool]| {
            let subject = Subject::endpoint("outlook.office365.com", 993);
            let mut seen = Observation::new("imap", subject, Route::Direct);
            seen.attempts.extend(offered.iter().map(|offered| {
                let mut attempt = Attempt::new("192.0.2.1:993".parse().unwrap());
                attempt.facts.put("imap.xoauth2_offered", *offered);
                attempt
            }));
            holds_somewhere(check, &seen)
        };
        assert_eq!([&[][..], &[false], &[false, true], &[true, false]].map(holds), [false, false, true, true]);
    }

    #[test]
    fn what_this_program_could_not_do_is_no_failure_of_the_service() {
        use FailureKind::{CannotJudge, Deadline, Internal, Refused};
        let catalogue = Catalogue::built_in();
        for (kind, status) in [
            (Refused, Status::Fail),
            (CannotJudge, Status::Error),
            (Deadline, Status::Error),
            (Internal, Status::Error),
        ] {
            let subject = Subject::endpoint("outlook.office365.com", 993);
            let failure = Some(Failure::new(Protocol::Tcp, Stage::Connect, kind, ""));
            let seen = Observation { failure, ..Observation::new("tcp", subject, Route::Direct) };
            let judged = judge(catalogue.check("tcp.opens").unwrap(), &seen);
            assert!(matches!(judged, Judgement::Seen { status: came, .. } if came == status), "{kind:?}");
        }
    }
}
