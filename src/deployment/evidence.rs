//! `[evidence]` and `[[attestation]]`: files of colleagues, and what a person has seen with their own eyes.

use std::path::PathBuf;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    left_over::quoted,
    mistakes::Collector,
    value::{date, decent, each, required, text},
};
use crate::table::{At, Mistake, Table};

/// `[evidence]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// Files or folders that colleagues exported.
    pub files: Vec<PathBuf>,
    /// The day when files were made that do not say so themselves.
    pub as_of: Option<Date>,
}

/// What a person has seen. It never counts more than a file or a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The id of the check.
    pub check: String,
    /// The mailbox; none where the check is about the application.
    pub subject: Option<String>,
    /// Whether the check holds.
    pub holds: bool,
    /// What was seen, and where.
    pub saw: String,
    /// Who saw it.
    pub by: String,
    /// The day.
    pub on: Date,
    /// The file that states it.
    pub file: String,
    /// The line of `check` in it.
    pub line: usize,
    /// The line of `subject` in it.
    pub subject_line: Option<usize>,
}

pub(super) fn evidence(mut table: Table<'_>, mistakes: &mut Collector) -> Evidence {
    let evidence = Evidence {
        files: each(&mut table, "files", decent, mistakes).unwrap_or_default().into_iter().map(PathBuf::from).collect(),
        as_of: past_day(&mut table, "evidence", "as_of", mistakes),
    };
    mistakes.close(table);
    evidence
}

pub(super) fn attestation(mut table: Table<'_>, mistakes: &mut Collector) -> Option<Attestation> {
    let check = required(&mut table, "check", "attestation", mistakes);
    let subject = text(&mut table, "subject", mistakes);
    if !table.has("holds") {
        mistakes.missing(table.mistake("attestation.holds is missing", "add holds = true, or holds = false"));
    }
    let holds = mistakes.keep(table.bool("holds")).map(|at| at.value);
    let saw = required(&mut table, "saw", "attestation", mistakes);
    let by = required(&mut table, "by", "attestation", mistakes);
    if !table.has("on") {
        mistakes.missing(table.mistake("attestation.on is missing", "add on = 2026-11-27, the day when it was seen"));
    }
    let on = past_day(&mut table, "attestation", "on", mistakes);
    let file = table.file().to_owned();
    mistakes.close(table);
    let check = check?;
    mistakes.names("attestation.check", &file, &check);
    let line = check.line();
    Some(Attestation {
        line,
        check: check.value,
        subject_line: subject.as_ref().map(At::line),
        subject: subject.map(|at| at.value),
        holds: holds?,
        saw: saw?.value,
        by: by?.value,
        on: on?,
        file,
    })
}

/// Two statements about the same thing and of the same day, of which one says that it holds and the other that it does not:
/// neither is the newest.
pub(super) fn contradictions(statements: &[Attestation], mistakes: &mut Collector) {
    let is_same_subject = |one: &Attestation, other: &Attestation| match (&one.subject, &other.subject) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => true, // without a subject it is about all
    };
    for (at, other) in statements.iter().enumerate() {
        let first = statements[..at].iter().find(|one| {
            one.check == other.check && one.on == other.on && one.holds != other.holds && is_same_subject(one, other)
        });
        if let Some(first) = first {
            mistakes.wrong(Mistake {
                file: other.file.clone(),
                line: Some(other.line),
                wrong: format!(
                    "attestation: line {} says the opposite of {} on the same day, {}",
                    first.line,
                    quoted(&other.check, "value"),
                    other.on
                ),
                right: "keep the statement that is right, or correct the day on which it was seen".to_owned(),
            });
        }
    }
}

/// A day that is not in the future: what nobody can have seen yet is a slip of the pen. One day is left for time zones.
pub(super) fn past_day(table: &mut Table<'_>, section: &str, key: &str, mistakes: &mut Collector) -> Option<Date> {
    let day = date(table, section, key, mistakes)?;
    let tomorrow = Timestamp::now().to_zoned(TimeZone::UTC).date().tomorrow().unwrap_or(Date::MAX);
    if day > tomorrow {
        mistakes.wrong(table.mistake(
            format!("{section}.{key}: {day} is in the future"),
            "write the day on which it was seen, exported or created, year-month-day",
        ));
        return None;
    }
    Some(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment::{Deployment, KnownIds};

    const FILE: &str = "[evidence]\nfiles = [\"a.json\"]\nas_of = 2026-11-01\n[[attestation]]\ncheck = \"mailbox.smtp-enabled\"\n\
                        subject = \"a@b.test\"\nholds = true\nsaw = \"the portal\"\nby = \"ops\"\non = 2026-11-02\n";

    #[test]
    fn what_is_stated_is_read() {
        let read = Deployment::parse("a.toml", FILE).unwrap();
        assert_eq!(read.evidence.files, [PathBuf::from("a.json")]);
        assert_eq!(read.evidence.as_of, Some(jiff::civil::date(2026, 11, 1)));
        assert!(read.attestations[0].holds && read.attestations[0].line == 5, "{read:?}");
    }

    #[test]
    fn every_mistake_is_told_and_the_future_is_one() {
        let text = FILE.replace("holds = true\n", "").replace("2026-11-02", "2999-01-01").replace("as_of", "as_off");
        let told = Deployment::parse("a.toml", &text).unwrap_err().to_string();
        for part in ["holds is missing", "2999-01-01 is in the future", "as_off"] {
            assert!(told.contains(part), "{told}");
        }
    }

    #[test]
    fn two_statements_of_one_day_that_contradict_each_other_are_refused() {
        let (top, first) = FILE.split_at(FILE.find("[[att").unwrap());
        let second = first.replace("holds = true", "holds = false");
        let told = |second: &str| {
            let read = Deployment::parse("a.toml", &format!("{top}{first}{second}"));
            read.err().map(|error| error.to_string()).unwrap_or_default()
        };
        for second in [second.clone(), second.replace("a@b", "A@B"), second.replace("subject", "#")] {
            let told = told(&second);
            assert!(
                told.contains("line 12: attestation: line 5 says the opposite of \"mailbox.smtp-enabled\""),
                "{told}"
            );
        }
        for other in [
            first.to_owned(),
            second.replace("11-02", "11-03"),
            second.replace("a@b", "c@b"),
            second.replace("smtp", "imap"),
        ] {
            assert_eq!(told(&other), "", "{other}");
        }
    }

    #[test]
    fn check_that_reads_no_evidence_cannot_be_confirmed() {
        let read = Deployment::parse("a.toml", &FILE.replace("smtp-enabled", "smtp-enabeld")).unwrap();
        let wrong = read
            .with_known_ids(KnownIds { of_evidence: &["mailbox.smtp-enabled"], ..KnownIds::default() })
            .unwrap_err();
        assert_eq!(
            (wrong.all()[0].line, wrong.all()[0].right.as_str()),
            (Some(5), "did you mean mailbox.smtp-enabled?")
        );
    }
}
