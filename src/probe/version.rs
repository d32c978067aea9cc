//! The installed level of ECE, as the user's file states it, held against the table of levels. Nothing is contacted.
//!
//! In: a [`Look`] with what is [`Stated`] and the [`Table`]. Out: facts; the words of `version.verdict` are [`Verdict`].
//! Spellings are those of Cisco's own texts: CVE records (`12.6(1)_ES6_ET1`, `12.6_ES2_ET1`), CVE-2019-1877
//! (`12.0(1)ES1`), guide titles (`12.0(1) ES1`) and document 218453 (`ES12 ET1`).

use std::{collections::BTreeSet, fmt, str::FromStr};

use jiff::civil::Date;

use super::{Fact, Shape, fact};
use crate::evidence::{Facts, Observation, Route};

/// What a stated level can show.
pub const FACTS: &[Fact] = &[
    fact("version.release", Shape::Text, "release"),
    fact("version.level", Shape::Text, "installed level"),
    fact("version.required", Shape::Text, "lowest level with OAuth"),
    fact("version.verdict", Shape::Text, "level"),
    fact("version.missing", Shape::List, "packages missing"),
    fact("version.newest_known", Shape::Text, "newest level in the table"),
    fact("version.is_newest", Shape::Bool, "no newer level is known"),
    fact("version.table_date", Shape::Text, "date of the table"),
    fact("version.note", Shape::Text, "note"),
];

/// What the user's file states of the level, and what the table knows of the release.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Look {
    /// What the file states.
    pub stated: Stated,
    /// What is known.
    pub table: Table,
}

/// Holds the stated level against the table.
#[must_use]
pub fn observe(look: &Look) -> Observation {
    Observation {
        own: true,
        facts: facts(&look.stated, &look.table),
        ..Observation::new("version", super::SITE, Route::File)
    }
}

/// How a stated level stands against the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every package that OAuth needs is there, or a later one.
    Meets,
    /// The packages that OAuth needs are not there.
    TooLow,
    /// OAuth needs two packages, and one is there.
    Half,
    /// The release never learnt OAuth.
    NoOauth,
    /// The level is later than all that the table knows.
    NewerThanTable,
    /// There is no such release of ECE.
    ReleaseUnknown,
}

impl Verdict {
    /// The word that stands in the fact `version.verdict`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Meets => "meets",
            Self::TooLow => "too-low",
            Self::Half => "half",
            Self::NoOauth => "no-oauth",
            Self::NewerThanTable => "newer-than-table",
            Self::ReleaseUnknown => "release-unknown",
        }
    }
}

/// What is known of the levels of ECE, with the day on which it was known.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// The day of the newest source.
    pub date: Date,
    /// Where it is said.
    pub sources: Vec<String>,
    /// The releases, oldest first; never empty.
    pub releases: Vec<Known>,
    /// Release names that people read elsewhere and that ECE never had.
    pub mistaken: Vec<Mistaken>,
}

/// One release of ECE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Known {
    /// The release.
    pub release: Release,
    /// The packages that OAuth needs, all of them; empty when the release never learnt OAuth.
    pub minimum: Vec<Package>,
    /// The packages that are known to exist, lowest first.
    pub packages: Vec<Package>,
}

/// A release name that ECE never had.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mistaken {
    /// The name.
    pub release: Release,
    /// What is true instead.
    pub truth: String,
}

/// The release and the packages on it that the user's file states.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stated {
    /// The release.
    pub release: Release,
    /// The packages; empty when the base release alone is stated.
    pub packages: BTreeSet<Package>,
}

impl Stated {
    fn highest(&self) -> Option<Package> {
        self.packages.last().copied()
    }
}

impl fmt::Display for Stated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.release)?;
        if self.packages.is_empty() {
            return f.write_str(", no ES named");
        }
        for (place, package) in self.packages.iter().enumerate() {
            write!(f, "{}{package}", if place == 0 { "_" } else { " + " })?;
        }
        Ok(())
    }
}

/// A release of ECE: `12.6(1)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    major: u8,
    minor: u8,
    maintenance: u8,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}({})", self.major, self.minor, self.maintenance)
    }
}

/// A package that is installed on a release: an ES (Engineering Special), or an ET on an ES or on the base release.
///
/// Ordered as they are installed: `ET1` < `ES1` < `ES1_ET1` < `ES9` < `ES9a` < `ES10`. The numbers of the ETs begin
/// anew under each ES.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Package {
    special: Option<Special>,
    et: Option<u16>,
}

/// The number of an ES with its letter: `9a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Special {
    number: u16,
    letter: Option<char>,
}

impl Package {
    /// True when this package brings `wanted` along: it is the same, lies on it, or comes later.
    ///
    /// Whether packages are cumulative is nowhere said outright; Cisco's advice to install the newest ES implies it.
    fn brings(self, wanted: Self) -> bool {
        self >= wanted
    }
}

impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(special) = self.special {
            write!(f, "ES{}", special.number)?;
            special.letter.map_or(Ok(()), |letter| write!(f, "{letter}"))?;
        }
        match (self.special, self.et) {
            (_, None) => Ok(()),
            (None, Some(et)) => write!(f, "ET{et}"),
            (Some(_), Some(et)) => write!(f, "_ET{et}"),
        }
    }
}

/// A level as people write it: a release, a package, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// The release, when it is named.
    pub release: Option<Release>,
    /// The package, when one is named.
    pub package: Option<Package>,
}

/// A text that is no level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a level of ECE")]
pub struct NotALevel;

impl NotALevel {
    /// What would be right.
    pub const REMEDY: &str =
        "write it as in 12.6(1), 12.6(1)_ES6 or 12.6(1)_ES6_ET1; a package alone as ES6 or ES6_ET1";
}

impl FromStr for Level {
    type Err = NotALevel;

    fn from_str(text: &str) -> Result<Self, NotALevel> {
        let mut rest = Rest(text.trim());
        let release = rest.release()?;
        if release.is_some() {
            rest.separator();
        }
        let special = rest.special()?;
        rest.separator();
        let et = rest.et()?;
        let package = (special.is_some() || et.is_some()).then_some(Package { special, et });
        let nothing = release.is_none() && package.is_none();
        if nothing || !rest.0.is_empty() { Err(NotALevel) } else { Ok(Self { release, package }) }
    }
}

impl FromStr for Release {
    type Err = NotALevel;

    fn from_str(text: &str) -> Result<Self, NotALevel> {
        let level: Level = text.parse()?;
        if level.package.is_some() { Err(NotALevel) } else { level.release.ok_or(NotALevel) }
    }
}

impl FromStr for Package {
    type Err = NotALevel;

    fn from_str(text: &str) -> Result<Self, NotALevel> {
        let level: Level = text.parse()?;
        if level.release.is_some() { Err(NotALevel) } else { level.package.ok_or(NotALevel) }
    }
}

/// What of a level is not read yet.
struct Rest<'t>(&'t str);

impl Rest<'_> {
    /// `12.6(1)`, `12.6`, `12.6.1`.
    fn release(&mut self) -> Result<Option<Release>, NotALevel> {
        if !self.0.starts_with(|first: char| first.is_ascii_digit()) {
            return Ok(None);
        }
        let major = self.number().ok_or(NotALevel)?;
        if !self.take(".") {
            return Err(NotALevel);
        }
        let minor = self.number().ok_or(NotALevel)?;
        let maintenance = self.maintenance()?;
        let narrow = |number: u16| u8::try_from(number).map_err(|_| NotALevel);
        Ok(Some(Release { major: narrow(major)?, minor: narrow(minor)?, maintenance: narrow(maintenance)? }))
    }

    /// `(1)`, `.1`, or nothing, which is read as `(1)`: Cisco's CVE records write 12.6 for 12.6(1).
    fn maintenance(&mut self) -> Result<u16, NotALevel> {
        if self.take(".") {
            return self.number().ok_or(NotALevel);
        }
        if !self.take("(") {
            return Ok(1);
        }
        let number = self.number().ok_or(NotALevel)?;
        if self.take(")") { Ok(number) } else { Err(NotALevel) }
    }

    fn special(&mut self) -> Result<Option<Special>, NotALevel> {
        if !self.take("ES") {
            return Ok(None);
        }
        let number = self.number().ok_or(NotALevel)?;
        let letter = self.letter();
        Ok(Some(Special { number, letter }))
    }

    /// The letter of `ES9a`; the E of a following `ET1` is none.
    fn letter(&mut self) -> Option<char> {
        let letter = self.0.chars().next().filter(char::is_ascii_alphabetic)?;
        if self.0.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("ET")) {
            return None;
        }
        self.0 = &self.0[1..];
        Some(letter.to_ascii_lowercase())
    }

    fn et(&mut self) -> Result<Option<u16>, NotALevel> {
        if self.take("ET") { self.number().ok_or(NotALevel).map(Some) } else { Ok(None) }
    }

    fn number(&mut self) -> Option<u16> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        let number = (digits.len() <= 4).then(|| digits.parse().ok())??;
        self.0 = rest;
        Some(number)
    }

    /// One of the separators in use between the parts: `_`, a blank or several, `-`, or none.
    fn separator(&mut self) {
        let next = self.0.trim_start_matches(' ');
        let next = next.strip_prefix(['_', '-']).unwrap_or(next).trim_start_matches(' ');
        if !next.is_empty() {
            self.0 = next;
        }
    }

    /// Takes a word, in upper or lower case.
    fn take(&mut self, word: &str) -> bool {
        let found = self.0.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if found {
            self.0 = &self.0[word.len()..];
        }
        found
    }
}

fn facts(stated: &Stated, table: &Table) -> Facts {
    let mut facts = Facts::default();
    let known = table.releases.iter().find(|known| known.release == stated.release);
    let (verdict, missing) = verdict(stated, known, table);
    facts.set("version.release", stated.release.to_string());
    facts.set("version.level", stated.to_string());
    facts.set("version.verdict", verdict.word());
    facts.set("version.missing", missing.iter().map(ToString::to_string).collect::<Vec<_>>());
    facts.set("version.table_date", table.date.to_string());
    if let Some(note) = note(stated, verdict, table) {
        facts.set("version.note", note);
    }
    if verdict == Verdict::NewerThanTable {
        facts.set("version.is_newest", true);
    }
    let Some(known) = known else { return facts };
    if !known.minimum.is_empty() {
        facts.set("version.required", required(known));
    }
    if let Some(newest) = known.packages.last() {
        facts.set("version.newest_known", format!("{}_{newest}", known.release));
        facts.set("version.is_newest", stated.highest() >= Some(*newest));
    }
    facts
}

fn verdict(stated: &Stated, known: Option<&Known>, table: &Table) -> (Verdict, Vec<Package>) {
    let Some(known) = known else { return (of_another_release(stated.release, table), Vec::new()) };
    if known.minimum.is_empty() {
        return (Verdict::NoOauth, Vec::new());
    }
    if stated.highest() > known.packages.last().copied() {
        return (Verdict::NewerThanTable, Vec::new());
    }
    let is_there = |wanted: &Package| stated.packages.iter().any(|package| package.brings(*wanted));
    let missing: Vec<Package> = known.minimum.iter().copied().filter(|wanted| !is_there(wanted)).collect();
    let verdict = match missing.len() {
        0 => Verdict::Meets,
        some if some < known.minimum.len() => Verdict::Half,
        _ => Verdict::TooLow,
    };
    (verdict, missing)
}

fn of_another_release(release: Release, table: &Table) -> Verdict {
    if table.mistaken.iter().any(|mistaken| mistaken.release == release) {
        return Verdict::ReleaseUnknown;
    }
    match (table.releases.first(), table.releases.last()) {
        (Some(oldest), _) if release < oldest.release => Verdict::NoOauth,
        (_, Some(newest)) if release > newest.release => Verdict::NewerThanTable,
        _ => Verdict::ReleaseUnknown,
    }
}

fn note(stated: &Stated, verdict: Verdict, table: &Table) -> Option<String> {
    match verdict {
        Verdict::NewerThanTable => Some(format!(
            "later than the table of {}; earlier levels have OAuth, so this one is taken to have it too: look at the \
             release notes of {}",
            table.date, stated.release
        )),
        Verdict::ReleaseUnknown => {
            let mistaken = table.mistaken.iter().find(|mistaken| mistaken.release == stated.release);
            let known: Vec<String> = table.releases.iter().map(|known| known.release.to_string()).collect();
            Some(mistaken.map_or_else(
                || format!("ECE has no release {}; known are {}", stated.release, known.join(", ")),
                |mistaken| mistaken.truth.clone(),
            ))
        }
        Verdict::NoOauth => Some(format!("ECE {} has no OAuth at any level", stated.release)),
        Verdict::Meets | Verdict::TooLow | Verdict::Half => None,
    }
}

fn required(known: &Known) -> String {
    let packages: Vec<String> = known.minimum.iter().map(ToString::to_string).collect();
    format!("{} {}", known.release, packages.join(" and "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let known = |release: &str, minimum: &[&str], packages: &[&str]| Known {
            release: release.parse().unwrap(),
            minimum: minimum.iter().map(|text| text.parse().unwrap()).collect(),
            packages: packages.iter().map(|text| text.parse().unwrap()).collect(),
        };
        Table {
            date: Date::constant(2025, 7, 2),
            sources: vec![],
            releases: vec![
                known("11.5(1)", &[], &["ES1", "ES1_ET1"]),
                known("11.6(1)", &["ES12", "ES12_ET1"], &["ES9", "ES9a", "ES10", "ES12", "ES12_ET1"]),
                known("12.5(1)", &["ES3"], &["ET1", "ES1", "ES3", "ES9"]),
                known("12.6(1)", &["ES1"], &["ET1", "ES1", "ES6", "ES6_ET1", "ES10", "ES10_ET1"]),
            ],
            mistaken: vec![Mistaken { release: "12.6(2)".parse().unwrap(), truth: "it is 12.6(1)".to_owned() }],
        }
    }

    fn seen(release: &str, packages: &[&str]) -> Facts {
        let stated = Stated {
            release: release.parse().unwrap(),
            packages: packages.iter().map(|text| text.parse().unwrap()).collect(),
        };
        observe(&Look { stated, table: table() }).facts
    }

    fn text(facts: &Facts, name: &str) -> String {
        facts.get(name).map(ToString::to_string).unwrap_or_default()
    }

    fn verdict_of(release: &str, packages: &[&str]) -> String {
        text(&seen(release, packages), "version.verdict")
    }

    #[test]
    fn every_spelling_in_use_is_read() {
        for (text, release, package) in [
            ("12.6(1)_ES6_ET1", "12.6(1)", "ES6_ET1"),
            ("12.6_ES2_ET1", "12.6(1)", "ES2_ET1"),
            ("12.0(1)ES1", "12.0(1)", "ES1"),
            ("12.0(1) ES1", "12.0(1)", "ES1"),
            ("11.6.1 ES12_ET1", "11.6(1)", "ES12_ET1"),
            ("11.6(1) ES12 ET1", "11.6(1)", "ES12_ET1"),
            ("12.6(1)_es6_et1", "12.6(1)", "ES6_ET1"),
            ("12.6(1)ES6ET1", "12.6(1)", "ES6_ET1"),
            ("11.6(1)_ES9a", "11.6(1)", "ES9a"),
            ("11.6(1) es9A_et2", "11.6(1)", "ES9a_ET2"),
            ("11.6(1)ES9aET2", "11.6(1)", "ES9a_ET2"),
            ("12.6(1)_ET3", "12.6(1)", "ET3"),
            (" 12.5(1)  ES3 ", "12.5(1)", "ES3"),
        ] {
            let level: Level = text.parse().unwrap_or_else(|_| panic!("{text} is a level"));
            assert_eq!(level.release.unwrap().to_string(), release, "{text}");
            assert_eq!(level.package.unwrap().to_string(), package, "{text}");
        }
        for text in ["ES12 ET1", "ES12_ET1", "es12et1"] {
            assert_eq!(text.parse::<Package>().unwrap().to_string(), "ES12_ET1");
        }
        for text in ["12.6(1)", "12.6", "12.6.1"] {
            assert_eq!(text.parse::<Release>().unwrap().to_string(), "12.6(1)");
        }
    }

    #[test]
    fn what_is_no_level_is_refused() {
        for text in [
            "",
            " ",
            "12",
            "12.",
            "12.6(",
            "12.6(1",
            "12.6(1)_",
            "12.6(1)_ES",
            "12.6(1)_ES6_ET",
            "12.6(1)_ES6 build 4",
            "12.6(1)_ES6_ET1x",
            "ES6ab",
            "ET1_ES6",
            "v12.6(1)",
            "12.6(1)__ES6",
            "_ES6",
            "300.1(1)",
            "ES99999",
            "12.6(1) ES6 ET1 ET2",
            "ES６",
            "latest",
            "12.6(1)ü",
        ] {
            assert_eq!(text.parse::<Level>(), Err(NotALevel), "{text}");
        }
    }

    #[test]
    fn packages_stand_in_the_order_of_their_installation() {
        let order = ["ET1", "ET3", "ES1", "ES1_ET1", "ES1_ET2", "ES2", "ES9", "ES9_ET3", "ES9a", "ES9a_ET1", "ES10"];
        let packages: Vec<Package> = order.iter().map(|text| text.parse().unwrap()).collect();
        assert!(packages.is_sorted_by(|low, high| low < high));
        assert!("12.0(1)".parse::<Release>().unwrap() < "12.5(1)".parse::<Release>().unwrap());
    }

    #[test]
    fn minimum_itself_is_enough_and_anything_below_is_not() {
        assert_eq!(verdict_of("12.6(1)", &["ES1"]), "meets");
        assert_eq!(verdict_of("12.6(1)", &["ES6_ET1"]), "meets");
        assert_eq!(verdict_of("12.6(1)", &["ET3"]), "too-low");
        assert_eq!(verdict_of("12.6(1)", &[]), "too-low");
        assert_eq!(verdict_of("12.5(1)", &["ES2", "ES1"]), "too-low");
        assert_eq!(text(&seen("12.5(1)", &["ES2"]), "version.missing"), "ES3");
        assert_eq!(text(&seen("12.5(1)", &["ES2"]), "version.required"), "12.5(1) ES3");
    }

    #[test]
    fn one_package_of_two_is_half() {
        assert_eq!(verdict_of("11.6(1)", &["ES12"]), "half");
        assert_eq!(text(&seen("11.6(1)", &["ES12"]), "version.missing"), "ES12_ET1");
        assert_eq!(verdict_of("11.6(1)", &["ES12", "ES12_ET1"]), "meets");
        assert_eq!(verdict_of("11.6(1)", &["ES12_ET1"]), "meets", "an ET lies on its ES");
        assert_eq!(verdict_of("11.6(1)", &["ES9a"]), "too-low");
        assert_eq!(text(&seen("11.6(1)", &["ES9a"]), "version.missing"), "ES12, ES12_ET1");
    }

    #[test]
    fn level_above_the_table_passes_with_a_note() {
        for (release, packages) in
            [("11.6(1)", &["ES13"][..]), ("15.0(1)", &[]), ("12.7(1)", &[]), ("12.6(1)", &["ES11"])]
        {
            assert_eq!(verdict_of(release, packages), "newer-than-table", "{release}");
            assert!(text(&seen(release, packages), "version.note").contains("2025-07-02"));
        }
    }

    #[test]
    fn old_releases_never_learnt_oauth() {
        assert_eq!(verdict_of("11.5(1)", &["ES1"]), "no-oauth");
        assert_eq!(verdict_of("11.0(2)", &[]), "no-oauth");
    }

    #[test]
    fn release_that_never_was() {
        assert_eq!(verdict_of("12.6(2)", &["ES6"]), "release-unknown");
        assert_eq!(text(&seen("12.6(2)", &[]), "version.note"), "it is 12.6(1)");
        assert_eq!(verdict_of("12.1(1)", &[]), "release-unknown");
        assert!(text(&seen("12.1(1)", &[]), "version.note").contains("11.6(1), 12.5(1)"));
    }

    #[test]
    fn newest_level_is_known_per_release() {
        assert_eq!(text(&seen("12.6(1)", &["ES6"]), "version.is_newest"), "no");
        assert_eq!(text(&seen("12.6(1)", &["ES10_ET1"]), "version.is_newest"), "yes");
        assert_eq!(text(&seen("12.6(1)", &["ES11"]), "version.is_newest"), "yes");
        assert_eq!(text(&seen("12.6(1)", &["ES6"]), "version.newest_known"), "12.6(1)_ES10_ET1");
        assert_eq!(text(&seen("15.0(1)", &[]), "version.is_newest"), "yes");
        assert_eq!(seen("12.1(1)", &[]).get("version.is_newest"), None);
    }

    #[test]
    fn base_release_says_that_no_package_was_named() {
        assert_eq!(text(&seen("12.6(1)", &[]), "version.level"), "12.6(1), no ES named");
        assert_eq!(text(&seen("12.6(1)", &["ES6", "ES6_ET1"]), "version.level"), "12.6(1)_ES6 + ES6_ET1");
    }

    #[test]
    fn every_fact_is_declared() {
        let facts = seen("12.6(2)", &["ES6"]);
        for (name, _) in facts.iter() {
            assert!(FACTS.iter().any(|fact| fact.name == name), "{name}");
        }
    }
}
