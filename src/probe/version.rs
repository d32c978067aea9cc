//! The installed level of ECE, as the site file states it, compared with the table of levels. Nothing is contacted.
//!
//! In: a [`VersionProbe`] with what is [`Stated`], the [`Table`] and the day of the run. Out: facts; the words of
//! `version.verdict` are those of [`Verdict`].

use jiff::civil::Date;

use super::{Earlier, FactGroup, Probe, ProbeContext};
use crate::{
    ece::{
        levels::{Assessment, Defect, TABLE_GOOD_FOR_DAYS, Table, Verdict, assess},
        release::Stated,
    },
    evidence::{Facts, Observation, Route, Subject, facts},
};

facts! {
    /// What a stated level can show.
    RELEASE: String = "version.release", "release";
    LEVEL: String = "version.level", "installed level";
    REQUIRED: String = "version.required", "lowest level with OAuth 2.0";
    VERDICT: String = "version.verdict", "";
    JUDGED: String = "version.judged", "support for OAuth 2.0";
    MISSING: Vec<String> = "version.missing", "missing packages";
    NEWEST_KNOWN: String = "version.newest_known", "newest level in the table";
    NEWER_LEVEL: String = "version.newer_level", "newer level available";
    DEFECTS: Vec<String> = "version.defects", "known defects";
    FIXABLE_DEFECTS: Vec<String> = "version.fixable_defects", "known defects with a fix";
    DEFECTS_KNOWN: bool = "version.defects_known", "defects of the level known";
    TABLE_DATE: String = "version.table_date", "table date";
    TABLE_AGE_DAYS: i64 = "version.table_age_days", "table age (days)";
    TABLE_RECENT: bool = "version.table_recent", "table at most 180 days old";
    RELEASE_EXISTS: bool = "version.release_exists", "release exists";
    NOTE: String = "version.note", "note";
}

/// The group of facts about documents.
pub const DOCS: &str = "docs";

/// What is known of the documents of a release.
pub mod docs {
    use crate::evidence::facts;

    facts! {
        /// What is known of the documents of a release.
        GUIDES: Vec<String> = "docs.guides", "guide";
        RELEASE_EXISTS: bool = "docs.release_exists", "release exists";
    }
}

/// What the site file states of the level, and what the table knows of the release.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VersionProbe {
    /// What the file states.
    pub stated: Stated,
    /// What is known.
    pub table: Table,
    /// The day of the run.
    pub today: Date,
    /// The guides of the release that tell of mail accounts.
    pub guides: Vec<String>,
}

impl Probe for VersionProbe {
    const NAME: &str = "version";
    const FACTS: &[FactGroup] = &[("version", FACTS), (DOCS, docs::FACTS)];

    fn subject(&self) -> Subject {
        Subject::Site
    }

    async fn observe(&self, _: &Earlier, _: &ProbeContext) -> Observation {
        observe(self)
    }
}

/// Compares the stated level with the table.
#[must_use]
pub fn observe(look: &VersionProbe) -> Observation {
    Observation { own: true, facts: facts(look), ..Observation::new("version", Subject::Site, Route::File) }
}

fn facts(look: &VersionProbe) -> Facts {
    let VersionProbe { stated, table, today, guides } = look;
    let found = assess(stated, table, *today);
    let mut facts = Facts::default();
    let exists = found.verdict != Verdict::ReleaseUnknown;
    facts.set(docs::GUIDES, if exists { guides.clone() } else { Vec::new() });
    facts.set(docs::RELEASE_EXISTS, exists);
    facts.set(RELEASE_EXISTS, exists);
    facts.set(RELEASE, stated.release.to_string());
    facts.set(LEVEL, stated.to_string());
    facts.set(VERDICT, found.verdict.word());
    if let Some(judged) = found.verdict.objection() {
        facts.set(JUDGED, judged);
    }
    facts.set(MISSING, found.missing.iter().map(ToString::to_string).collect::<Vec<_>>());
    facts.set(NEWER_LEVEL, found.newer.word());
    facts.set(TABLE_DATE, table.date.to_string());
    facts.set(TABLE_AGE_DAYS, found.age_days);
    facts.set(TABLE_RECENT, found.age_days <= TABLE_GOOD_FOR_DAYS);
    facts.set(DEFECTS, found.defects.iter().map(|defect| told(defect)).collect::<Vec<_>>());
    let fixable = found.defects.iter().filter(|defect| defect.fixed.is_some());
    let fixable: Vec<String> = fixable.map(|defect| told(defect)).collect();
    // a level that is not in the table may have others, but those are proved
    facts.set(DEFECTS_KNOWN, found.is_listed || !fixable.is_empty());
    facts.set(FIXABLE_DEFECTS, fixable);
    if let Some(note) = note(look, &found) {
        facts.set(NOTE, note);
    }
    if !found.required.is_empty() {
        let packages: Vec<String> = found.required.iter().map(ToString::to_string).collect();
        facts.set(REQUIRED, format!("{} {}", stated.release, packages.join(" and ")));
    }
    if let Some(newest) = found.newest {
        facts.set(NEWEST_KNOWN, format!("{}_{newest}", stated.release));
    }
    facts
}

fn told(defect: &Defect) -> String {
    match &defect.fixed {
        Some((release, package)) => format!("{}: {} (fixed in {release}_{package})", defect.id, defect.about),
        None => format!("{}: {} (no fixed level is published)", defect.id, defect.about),
    }
}

fn note(look: &VersionProbe, found: &Assessment<'_>) -> Option<String> {
    let (release, table) = (look.stated.release, &look.table);
    match found.verdict {
        Verdict::Misnamed => Some(release.naming()),
        Verdict::NotKnown => Some(format!(
            "not judged: no source of the table of {} names the lowest level of {release} that has OAuth",
            table.date
        )),
        Verdict::ReleaseUnknown => {
            table.mistaken.iter().find(|mistaken| mistaken.release == release).map(|mistaken| mistaken.truth.clone())
        }
        Verdict::NoOauth => Some(format!("ECE {release} has no OAuth at any level")),
        Verdict::Meets | Verdict::TooLow | Verdict::Half => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(level: &str) -> Facts {
        let level: crate::ece::release::Level = level.parse().unwrap();
        let stated = Stated { release: level.release.unwrap(), packages: level.package.into_iter().collect() };
        let table = (*crate::catalogue::Catalogue::built_in().tables.levels).clone();
        let today = table.date;
        observe(&VersionProbe { stated, table, today, guides: Vec::new() }).facts
    }

    fn text(facts: &Facts, name: &str) -> String {
        facts.value(name).map(ToString::to_string).unwrap_or_default()
    }

    #[test]
    fn facts_of_a_level_that_is_too_low() {
        let facts = seen("12.5(1)_ES2");
        assert_eq!(text(&facts, "version.verdict"), "too-low");
        assert_eq!(text(&facts, "version.missing"), "ES3");
        assert_eq!(text(&facts, "version.required"), "12.5(1) ES3");
        assert_eq!(text(&facts, "version.newest_known"), "12.5(1)_ES10");
        assert_eq!(text(&facts, "version.newer_level"), "yes");
    }

    #[test]
    fn release_of_another_product_is_explained() {
        assert!(text(&seen("12.6(2)_ES6"), "version.note").contains("runs ECE 12.6(1)"));
    }

    #[test]
    fn what_is_not_judged_says_so_with_the_day_of_the_table() {
        for level in ["15.0(1)ES202511_ET1", "12.7(1)", "20.0(1)_ES6"] {
            let (facts, day) = (seen(level), crate::catalogue::Catalogue::built_in().tables.levels.date.to_string());
            let note = text(&facts, "version.note");
            assert!(note.starts_with("not judged") && note.contains(&day), "{level}: {note}");
        }
    }

    #[test]
    fn package_of_another_release_is_told_by_its_name() {
        for (level, words) in [
            ("12.5(1)_ES202511", "are named by number, such as ES3"),
            ("15.0(1)_ES2", "are named by date, such as ES202511"),
        ] {
            let note = text(&seen(level), "version.note");
            assert!(note.contains(words) && !note.contains("no source"), "{level}: {note}");
        }
    }

    #[test]
    fn level_that_the_table_does_not_contain_has_no_known_defects() {
        for (level, known) in [
            ("12.6(1)_ES6", "yes"),
            ("12.6(1)", "yes"),
            ("12.6(1)_ES99", "no"),
            ("12.6(1)_ES6_ET9", "no"),
            ("20.0(1)_ES6", "no"),
            ("20.0(1)", "no"),
            ("12.5(1)_ES202511", "no"),
        ] {
            assert_eq!(text(&seen(level), "version.defects_known"), known, "{level}");
        }
    }

    #[test]
    fn level_is_judged_in_words() {
        for (level, words) in [
            ("12.6(1)_ES6", ""),
            ("12.5(1)_ES2", "no, the level is too low"),
            ("11.6(1)_ES12", "incomplete, only some of the required packages are installed"),
            ("11.5(1)_ES1", "none in this release"),
            ("12.6(2)_ES6", "not judged, ECE has no such release"),
        ] {
            assert_eq!(text(&seen(level), "version.judged"), words, "{level}");
        }
    }

    #[test]
    fn defects_are_told_with_their_fix() {
        assert!(text(&seen("11.6(1)_ES12"), "version.fixable_defects").contains("fixed in 11.6(1)_ES12_ET1"));
        let facts = seen("12.6(1)_ES12_ET1");
        assert!(text(&facts, "version.defects").contains("CVE-2026-20172"), "{facts:?}");
        assert_eq!(text(&facts, "version.fixable_defects"), "none");
    }

    #[test]
    fn base_release_says_that_no_package_was_named() {
        assert_eq!(text(&seen("12.6(1)"), "version.level"), "12.6(1), no ES named");
    }

    #[test]
    fn every_fact_is_declared() {
        for (name, _) in seen("12.6(2)_ES6").iter() {
            assert!(FACTS.iter().chain(docs::FACTS).any(|fact| fact.name == name), "{name}");
        }
    }
}
