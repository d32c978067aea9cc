//! Waivers: findings that somebody knows of and has accepted, with a reason and a last day.
//!
//! A waiver never hides a finding: it changes its status to `waived` up to and including its last day, in UTC. From the
//! day after, the finding counts as what it is.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

/// A finding that is known and accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiver {
    /// The id of the check.
    pub check: String,
    /// The subject; none is every subject of the check.
    pub subject: Option<String>,
    /// The cause; none is every cause.
    pub cause: Option<String>,
    /// Why it is accepted.
    pub reason: String,
    /// Who accepted it.
    pub by: String,
    /// The last day on which it counts, in UTC.
    pub until: Date,
    /// Where it is in the site file, for mistakes in it.
    pub place: Place,
}

/// The lines of a waiver in the site file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line of `check`.
    pub check: Option<usize>,
    /// The line of `cause`.
    pub cause: Option<usize>,
    /// The line of `subject`.
    pub subject: Option<usize>,
}

impl Waiver {
    /// True up to the end of its last day in UTC.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        now.to_zoned(TimeZone::UTC).date() <= self.until
    }

    /// True when it is about this finding: the check, the subject, and one of the causes that lead there.
    #[must_use]
    pub fn is_about(&self, check: &str, subject: &str, causes: &[&str]) -> bool {
        self.check == check
            && self.subject.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(subject))
            && self.cause.as_deref().is_none_or(|own| causes.contains(&own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::{Deployment, KnownIds};

    const FILE: &str =
        "[[waiver]]\ncheck = \"version.newest-level\"\nreason = \"window\"\nby = \"ops\"\nuntil = 2027-01-31\n";

    fn waiver() -> Waiver {
        Deployment::parse("a.toml", FILE).unwrap().waivers.remove(0)
    }

    #[test]
    fn last_day_is_inclusive_in_utc() {
        let at = |text: &str| waiver().is_in_force(text.parse().unwrap());
        assert!(at("2027-01-31T23:59:59Z") && at("2026-12-01T00:00:00Z"));
        assert!(!at("2027-02-01T00:00:00Z"));
        assert!(at("2027-02-01T01:00:00+02:00"), "still the last day in UTC");
        assert!(!at("2027-01-31T23:00:00-02:00"), "the day after in UTC");
    }

    #[test]
    fn waiver_is_about_its_check_subject_and_cause() {
        let waiver = Waiver { subject: Some("A@x.test".into()), cause: Some("c".into()), ..waiver() };
        assert!(waiver.is_about("version.newest-level", "a@x.test", &["b", "c"]));
        for (check, subject, causes) in [
            ("version", "a@x.test", "c"),
            ("version.newest-level", "b@x.test", "c"),
            ("version.newest-level", "a@x.test", "b"),
        ] {
            assert!(!waiver.is_about(check, subject, &[causes]));
        }
    }

    #[test]
    fn unknown_ids_name_the_nearest_and_their_line() {
        let text = FILE.replace("newest-level", "newest-levl").replace("reason", "cause = \"nothing-like-it\"\nreason");
        let read = Deployment::parse("a.toml", &text).unwrap();
        let known = ["version.newest-level", "tls.name"];
        let mistakes = read
            .with_known_ids(KnownIds { checks: &known, causes: &["tls-intercepted"], ..KnownIds::default() })
            .unwrap_err();
        let told: Vec<(Option<usize>, &str)> =
            mistakes.all().iter().map(|one| (one.line, one.right.as_str())).collect();
        assert_eq!(
            told,
            [
                (Some(2), "did you mean version.newest-level?"),
                (Some(3), "see ece-check list, and ece-check list --causes")
            ]
        );
        assert!(
            Deployment::parse("a.toml", FILE)
                .unwrap()
                .with_known_ids(KnownIds { checks: &known, ..KnownIds::default() })
                .is_ok()
        );

        // with the other mistakes of the file, not after them
        let known = KnownIds { checks: &known, ..KnownIds::default() };
        let mistakes = Deployment::parse("a.toml", &text.replace("by = ", "bye = ")).unwrap_err();
        let lines: Vec<Option<usize>> = mistakes.with_unknown_ids(known).all().iter().map(|one| one.line).collect();
        assert!(lines.contains(&Some(2)) && lines.contains(&Some(5)), "{lines:?}");
    }
}
