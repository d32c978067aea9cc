//! What the clocks of Microsoft's servers say of this server's clock, and of the certificates that it calls expired or not
//! valid yet.
//!
//! In: the observations of a run. Out: the same with the facts that need more than one of them: how far this clock is off,
//! in words, and whether a certificate is valid at the time that Microsoft's servers give. Where no server told its time,
//! whether every certificate fails in a way that a wrong clock explains. Pure.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::{
    evidence::{Attempt, Fact, FailureKind, Observation},
    probe::{https, tls},
};

/// A clock that is off by no more than so many seconds is a right one (`checks/https/clock.toml`).
const RIGHT_SECONDS: u64 = 60;

/// Notes how far the clock of this server is off, where it is, and judges a second time what failed by its date.
pub fn note(looks: &mut [Observation]) {
    let of_microsoft = looks.iter().filter(|look| !look.own && look.source.is_live());
    let told: Vec<Told> = of_microsoft.flat_map(|look| &look.attempts).filter_map(Told::of).collect();
    let Some(ahead) = middle(told.iter().map(|one| one.ahead)) else { return note_all_by_date(looks) };
    if ahead.unsigned_abs() <= RIGHT_SECONDS {
        return;
    }
    let off = off_by(ahead);
    for attempt in looks.iter_mut().flat_map(|look| &mut look.attempts) {
        if let Some(valid) = by_server_time(attempt, &told) {
            attempt.set(tls::VALID_BY_SERVER_TIME, valid);
            attempt.set(https::CLOCK_OFF, off.as_str());
        } else if attempt.facts.get(https::CLOCK_AHEAD_MS).is_some() {
            attempt.set(https::CLOCK_OFF, off.as_str());
        }
    }
}

/// Notes it where every certificate of Microsoft's that was shown fails by its own dates, all are expired or none is valid
/// yet, and there is a time at which all are valid: a clock that is wrong is as good a reason as servers of several names
/// whose certificates ran out together.
fn note_all_by_date(looks: &mut [Observation]) {
    let of_microsoft = looks.iter().filter(|look| !look.own && look.source.is_live());
    let shown: Vec<(&Observation, &Attempt)> = of_microsoft
        .flat_map(|look| look.attempts.iter().map(move |attempt| (look, attempt)))
        .filter(|(_, attempt)| attempt.facts.get(tls::NOT_AFTER).is_some())
        .collect();
    let kinds: HashSet<Option<FailureKind>> =
        shown.iter().map(|(_, attempt)| attempt.failure.as_ref().map(|failure| failure.kind)).collect();
    let is_by_date = kinds == HashSet::from([Some(FailureKind::Expired)])
        || kinds == HashSet::from([Some(FailureKind::NotYetValid)]);
    let hosts: HashSet<Option<&str>> = shown.iter().map(|(look, _)| look.subject.host()).collect();
    if !is_by_date || hosts.len() < 2 || !shown.iter().all(|(_, attempt)| is_refused_by_own_date(attempt)) {
        return;
    }
    let dates: Option<Vec<(i64, i64)>> = shown.iter().map(|(_, attempt)| validity(attempt)).collect();
    let Some(dates) = dates else { return };
    let (from, until) = (dates.iter().map(|one| one.0).max(), dates.iter().map(|one| one.1).min());
    if from > until {
        return;
    }
    let attempts = looks.iter_mut().filter(|look| !look.own).flat_map(|look| &mut look.attempts);
    for attempt in attempts.filter(|attempt| attempt.facts.get(tls::NOT_AFTER).is_some()) {
        attempt.set(tls::ALL_FAIL_BY_DATE, true);
        attempt.set(https::CLOCK_OFF, "off");
    }
}

/// False where the dates of another certificate of the chain are the reason, or a device signed the certificate.
fn is_refused_by_own_date(attempt: &Attempt) -> bool {
    let is_expired = attempt.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::Expired);
    let has_ended = attempt.facts.get(tls::DAYS_LEFT).is_some_and(|days| *days < 0);
    is_expired == has_ended && attempt.facts.get(tls::ISSUER_PUBLIC) == Some(&true)
}

/// From when until when a certificate is valid, in seconds since 1970.
fn validity(attempt: &Attempt) -> Option<(i64, i64)> {
    let moment = |fact: Fact<String>| attempt.facts.get(fact)?.parse().ok().map(Timestamp::as_second);
    Some((moment(tls::NOT_BEFORE)?, moment(tls::NOT_AFTER)?))
}

/// What one server told of the time: its own, and by how many seconds this server was ahead.
struct Told {
    time: i64,
    ahead: i64,
}

impl Told {
    fn of(attempt: &Attempt) -> Option<Self> {
        let date = attempt.facts.get(https::DATE)?;
        let time = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date.trim()).ok()?.as_second();
        Some(Self { time, ahead: attempt.facts.get(https::CLOCK_AHEAD_MS)? / 1000 })
    }
}

/// The middle one, so that one wrong server does not decide.
fn middle(numbers: impl Iterator<Item = i64>) -> Option<i64> {
    let mut sorted: Vec<i64> = numbers.collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// Whether the certificate that this server refused by its date is valid at the time of all servers that told theirs; none
/// where they do not agree, or where it is another certificate of the chain that was refused.
fn by_server_time(attempt: &Attempt, told: &[Told]) -> Option<bool> {
    let failure = attempt.failure.as_ref()?;
    if !matches!(failure.kind, FailureKind::Expired | FailureKind::NotYetValid) {
        return None;
    }
    let (from, until) = validity(attempt)?;
    let is_valid = |time: i64| (from..=until).contains(&time);
    if told.iter().any(|one| is_valid(one.time + one.ahead)) {
        return None;
    }
    let valid = told.iter().filter(|one| is_valid(one.time)).count();
    if valid == told.len() { Some(true) } else { (valid == 0).then_some(false) }
}

/// How far a clock is off: `3 days ahead`.
fn off_by(ahead: i64) -> String {
    format!("{} {}", apart(ahead.unsigned_abs()), if ahead > 0 { "ahead" } else { "behind" })
}

/// A difference of clocks in the unit that a person would choose, to the nearest one: `3 days`.
#[must_use]
pub fn apart(seconds: u64) -> String {
    let (size, unit) = match seconds {
        ..7_200 => (60, "minute"),
        7_200..172_800 => (3_600, "hour"),
        _ => (86_400, "day"),
    };
    let count = (seconds + size / 2) / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Failure, Protocol, Route, Stage, Subject};

    const LOGIN: &str = "login.microsoftonline.com";

    fn look(host: &str, attempts: Vec<Attempt>) -> Observation {
        Observation { attempts, ..Observation::new("https", Subject::endpoint(host, 443), Route::Direct) }
    }

    fn told(date: &str, ahead_seconds: i64) -> Attempt {
        let mut attempt = Attempt::new("192.0.2.1:443".parse().unwrap());
        attempt.set(https::DATE, date);
        attempt.set(https::CLOCK_AHEAD_MS, ahead_seconds * 1000);
        attempt
    }

    fn refused(kind: FailureKind, from: &str, until: &str) -> Attempt {
        let mut attempt = Attempt::new("192.0.2.2:993".parse().unwrap());
        attempt.set(tls::NOT_BEFORE, from);
        attempt.set(tls::NOT_AFTER, until);
        attempt.failure = Some(Failure::new(Protocol::Tls, Stage::Certificate, kind, ""));
        attempt
    }

    #[test]
    fn certificate_is_judged_again_at_the_time_of_the_servers() {
        use FailureKind::{Closed, Expired, NotYetValid};
        const DATE: &str = "Fri, 27 Nov 2026 12:00:00 GMT";
        const DAY: i64 = 86_400;
        let (old, new) =
            (("2026-01-01T00:00:00Z", "2026-11-29T00:00:00Z"), ("2026-11-26T00:00:00Z", "2027-11-29T00:00:00Z"));
        let dead = ("2025-01-01T00:00:00Z", "2026-11-01T00:00:00Z");
        for (ahead, kind, (from, until), others, valid) in [
            (3 * DAY, Expired, old, None, Some(true)),
            (3 * DAY, Expired, dead, None, Some(false)),
            (-3 * DAY, NotYetValid, new, None, Some(true)),
            (3 * DAY, Closed, old, None, None),
            // an intermediate certificate was refused
            (3 * DAY, Expired, new, None, None),
            // servers that do not agree
            (3 * DAY, Expired, old, Some(("Mon, 30 Nov 2026 12:00:00 GMT", 0)), None),
            // a clock that is right
            (30, Expired, dead, None, None),
        ] {
            let tellers = [told(DATE, ahead), told(DATE, ahead)].into_iter();
            let tellers = tellers.chain(others.map(|(date, ahead)| told(date, ahead))).collect();
            let mut looks = [look(LOGIN, tellers), look("outlook.office365.com", vec![refused(kind, from, until)])];
            note(&mut looks);
            let facts = &looks[1].attempts[0].facts;
            assert_eq!(facts.get(tls::VALID_BY_SERVER_TIME).copied(), valid, "{ahead} {kind:?} {from}");
            assert_eq!(facts.get(https::CLOCK_OFF).is_some(), valid.is_some());
        }
    }

    #[test]
    fn server_of_the_site_tells_nothing_of_the_time() {
        let own = look("ece.example.com", vec![told("Fri, 27 Nov 2026 12:00:00 GMT", 900)]);
        let mut looks = [Observation { own: true, ..own }];
        note(&mut looks);
        assert_eq!(looks[0].attempts[0].facts.get(https::CLOCK_OFF), None);
    }

    #[test]
    fn certificates_that_all_fail_by_date_may_be_a_matter_of_the_clock() {
        const OLD: (FailureKind, &str, &str) = (FailureKind::Expired, "2025-01-01T00:00:00Z", "2025-12-31T00:00:00Z");
        const OLDER: (FailureKind, &str, &str) = (FailureKind::Expired, "2023-01-01T00:00:00Z", "2024-12-31T00:00:00Z");
        const NEW: (FailureKind, &str, &str) =
            (FailureKind::NotYetValid, "2025-06-01T00:00:00Z", "2027-01-01T00:00:00Z");
        const OTHER: (FailureKind, &str, &str) =
            (FailureKind::TimedOut, "2025-06-01T00:00:00Z", "2027-01-01T00:00:00Z");
        let shown = |host: &str, (kind, from, until): (FailureKind, &str, &str), days_left: i64, public: bool| {
            let mut attempt = refused(kind, from, until);
            attempt.set(tls::DAYS_LEFT, days_left);
            attempt.set(tls::ISSUER_PUBLIC, public);
            look(host, vec![attempt])
        };
        for (looks, is_by_date) in [
            (vec![shown(LOGIN, OLD, -9, true), shown("mail.example", OLD, -9, true)], true),
            (vec![shown(LOGIN, NEW, 90, true), shown("mail.example", NEW, 90, true)], true),
            (vec![shown(LOGIN, OLD, -9, true), shown(LOGIN, OLD, -9, true)], false), // one name
            (vec![shown(LOGIN, OLD, -9, true), shown("mail.example", OLDER, -9, true)], false), // at no time
            (vec![shown(LOGIN, OLD, -9, true), shown("mail.example", NEW, 90, true)], false),
            (vec![shown(LOGIN, OLD, -9, true), shown("mail.example", OTHER, 90, true)], false),
            (vec![shown(LOGIN, OLD, -9, true), shown("mail.example", OLD, 30, true)], false), // of the issuer
            (vec![shown(LOGIN, OLD, -9, false), shown("mail.example", OLD, -9, false)], false), // of a device
        ] {
            let mut looks = looks;
            note(&mut looks);
            let noted: Vec<bool> =
                looks.iter().map(|look| look.attempts[0].facts.get(tls::ALL_FAIL_BY_DATE).is_some()).collect();
            assert_eq!(noted, [is_by_date; 2], "{looks:#?}");
        }
    }

    #[test]
    fn clock_is_off_in_a_human_unit_and_one_direction() {
        for (ahead, told) in [
            (259_199, "3 days ahead"),
            (259_200, "3 days ahead"),
            (-345_599, "4 days behind"),
            (-61, "1 minute behind"),
            (600, "10 minutes ahead"),
            (7_200, "2 hours ahead"),
            (i64::MIN, "106751991167301 days behind"),
        ] {
            assert_eq!(off_by(ahead), told);
        }
    }
}
