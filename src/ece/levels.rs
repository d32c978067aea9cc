//! The installed level of ECE held against the dated table of levels. Pure.
//!
//! In: what is [`Stated`], the [`Table`], and the day of the run. Out: an [`Assessment`] of values. What no
//! table knows is not judged, and a table that is older than [`TABLE_GOOD_FOR_DAYS`] does not say that a level is the
//! newest.

use jiff::{Unit, civil::Date};

use super::release::{Package, Release, Stated};

/// For so many days after its newest source the table is trusted to know the newest level. Own rule: Cisco has published
/// several packages a year for every supported release.
pub const TABLE_GOOD_FOR_DAYS: i64 = 180;

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
    /// Known defects.
    pub defects: Vec<Defect>,
}

impl Table {
    /// The age of the table in days; 0 when it is dated later than `today`, as a wrong clock makes it.
    #[must_use]
    pub fn age_days(&self, today: Date) -> i64 {
        let span = self.date.until((Unit::Day, today)).map_or(0, |span| span.get_days());
        i64::from(span).max(0)
    }
}

/// One release of ECE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Known {
    /// The release.
    pub release: Release,
    /// What is known of OAuth on it.
    pub oauth: OAuth,
    /// The packages that are known to exist, lowest first.
    pub packages: Vec<Package>,
}

/// What is known of OAuth on a release.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OAuth {
    /// It needs these packages, all of them.
    From(Vec<Package>),
    /// No level has it.
    Never,
    /// No source names the lowest level that has it.
    NotDocumented,
}

/// A release name that ECE never had.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Mistaken {
    /// The name.
    pub release: Release,
    /// What is true instead.
    pub truth: String,
}

/// A known defect of some levels.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Defect {
    /// Cisco's number of it, such as `CSCwd61276`.
    pub id: String,
    /// What it does, in a few words.
    pub about: String,
    /// The levels that have it.
    pub affects: Vec<Affected>,
    /// The level that no longer has it; none when no source names one.
    pub fixed: Option<(Release, Package)>,
}

/// Levels of one release that have a defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Affected {
    /// The release.
    pub release: Release,
    /// The highest package that has it.
    pub highest: Package,
    /// False when only that package has it; true when every lower level has it too.
    pub and_below: bool,
}

impl Affected {
    fn covers(&self, stated: &Stated) -> bool {
        let highest = stated.highest();
        self.release == stated.release
            && if self.and_below { highest <= Some(self.highest) } else { highest == Some(self.highest) }
    }
}

/// How a stated level compares with the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every package that OAuth needs is there, or a later one.
    Meets,
    /// The packages that OAuth needs are not there.
    TooLow,
    /// OAuth needs two packages, and one is there.
    Half,
    /// No level of the release has OAuth.
    NoOauth,
    /// No source names the lowest level with OAuth of this release, or the release itself: not judged.
    NotKnown,
    /// A package is named as those of other releases are: not judged.
    Misnamed,
    /// ECE has no such release.
    ReleaseUnknown,
}

impl Verdict {
    /// The word that the fact `version.verdict` carries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Meets => "meets",
            Self::TooLow => "too-low",
            Self::Half => "half",
            Self::NoOauth => "no-oauth",
            Self::NotKnown => "not-known",
            Self::Misnamed => "misnamed",
            Self::ReleaseUnknown => "release-unknown",
        }
    }

    /// What the fact `version.judged` says of a level that does not meet the minimum; none where it does.
    #[must_use]
    pub fn objection(self) -> Option<&'static str> {
        Some(match self {
            Self::Meets => return None,
            Self::TooLow => "no, the level is too low",
            Self::Half => "incomplete, only some of the required packages are installed",
            Self::NoOauth => "none in this release",
            Self::NotKnown => "not known for this level",
            Self::Misnamed => "not judged, the package has a name of another release",
            Self::ReleaseUnknown => "not judged, ECE has no such release",
        })
    }
}

/// Whether a newer level of the release exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newer {
    /// The table names one.
    Yes,
    /// The table is recent and names none.
    NoneKnown,
    /// The table is too old, or does not know the release or the package.
    CannotTell,
    /// A package has a name of another release.
    Misnamed,
}

impl Newer {
    /// The word that the fact `version.newer_level` carries.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::NoneKnown => "none known",
            Self::CannotTell => "cannot tell",
            Self::Misnamed => "not judged, a package has a name of another release",
        }
    }
}

/// What the table says of a stated level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment<'t> {
    /// Whether it has OAuth.
    pub verdict: Verdict,
    /// The packages that OAuth needs and that are not there.
    pub missing: Vec<Package>,
    /// The packages that OAuth needs; empty when that is not known, or when no level has it.
    pub required: &'t [Package],
    /// The newest package that the table names for the release.
    pub newest: Option<Package>,
    /// Whether a newer level exists.
    pub newer: Newer,
    /// The age of the table in days.
    pub age_days: i64,
    /// The known defects of the level.
    pub defects: Vec<&'t Defect>,
    /// Whether the table has the level: of any other, no defect is known, and none is ruled out.
    pub is_listed: bool,
}

/// Compares a stated level with the table.
#[must_use]
pub fn assess<'t>(stated: &Stated, table: &'t Table, today: Date) -> Assessment<'t> {
    let known = table.releases.iter().find(|known| known.release == stated.release);
    let (verdict, missing) = verdict(stated, known, table);
    let age_days = table.age_days(today);
    Assessment {
        verdict,
        missing,
        required: match known.map(|known| &known.oauth) {
            Some(OAuth::From(packages)) => packages,
            _ => &[],
        },
        newest: known.and_then(|known| known.packages.last().copied()),
        newer: newer(stated, known, age_days),
        age_days,
        defects: table.defects.iter().filter(|defect| defect.affects.iter().any(|one| one.covers(stated))).collect(),
        is_listed: known.is_some_and(|known| stated.packages.iter().all(|package| known.packages.contains(package))),
    }
}

/// True when a package is named in the way of other releases, such as ES2 on 15.0(1): it cannot be placed in the table.
fn is_misnamed(stated: &Stated) -> bool {
    let dates = stated.release.dates_its_packages();
    stated.packages.iter().any(|package| if dates { package.is_counted() } else { package.is_dated() })
}

fn verdict(stated: &Stated, known: Option<&Known>, table: &Table) -> (Verdict, Vec<Package>) {
    let minimum = match known.map(|known| &known.oauth) {
        Some(OAuth::From(_) | OAuth::NotDocumented) if is_misnamed(stated) => return (Verdict::Misnamed, Vec::new()),
        Some(OAuth::From(minimum)) => minimum,
        Some(OAuth::Never) => return (Verdict::NoOauth, Vec::new()),
        Some(OAuth::NotDocumented) => return (Verdict::NotKnown, Vec::new()),
        None => return (of_another_release(stated.release, table), Vec::new()),
    };
    let is_there = |wanted: &Package| stated.packages.iter().any(|package| package.brings(*wanted));
    let missing: Vec<Package> = minimum.iter().copied().filter(|wanted| !is_there(wanted)).collect();
    let verdict = match missing.len() {
        0 => Verdict::Meets,
        some if some < minimum.len() => Verdict::Half,
        _ => Verdict::TooLow,
    };
    (verdict, missing)
}

/// A release that the table does not have. Only what a source rules out is ruled out.
fn of_another_release(release: Release, table: &Table) -> Verdict {
    if table.mistaken.iter().any(|mistaken| mistaken.release == release) {
        Verdict::ReleaseUnknown
    } else if release < Release::FIRST_WITH_OAUTH {
        Verdict::NoOauth
    } else {
        Verdict::NotKnown
    }
}

fn newer(stated: &Stated, known: Option<&Known>, age_days: i64) -> Newer {
    let Some(newest) = known.and_then(|known| known.packages.last().copied()) else {
        return Newer::CannotTell;
    };
    match stated.highest() {
        _ if is_misnamed(stated) => Newer::Misnamed,
        highest if highest < Some(newest) => Newer::Yes,
        Some(highest) if highest == newest && age_days <= TABLE_GOOD_FOR_DAYS => Newer::NoneKnown,
        _ => Newer::CannotTell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE_DAY: Date = Date::constant(2026, 5, 6);

    fn table() -> Table {
        let packages = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<Package>>();
        let known = |release: &str, oauth: OAuth, all: &[&str]| Known {
            release: release.parse().unwrap(),
            oauth,
            packages: packages(all),
        };
        let from = |texts: &[&str]| OAuth::From(packages(texts));
        let affected = |release: &str, highest: &str, and_below: bool| Affected {
            release: release.parse().unwrap(),
            highest: highest.parse().unwrap(),
            and_below,
        };
        Table {
            date: TABLE_DAY,
            sources: vec![],
            releases: vec![
                known("11.5(1)", OAuth::Never, &["ES1", "ES1_ET1"]),
                known("11.6(1)", from(&["ES12", "ES12_ET1"]), &["ES9", "ES9a", "ES10", "ES12", "ES12_ET1"]),
                known("12.5(1)", from(&["ES3"]), &["ET1", "ES1", "ES3", "ES9"]),
                known("12.6(1)", from(&["ES1"]), &["ET1", "ES1", "ES6", "ES6_ET1", "ES12", "ES12_ET1"]),
                known("15.0(1)", OAuth::NotDocumented, &["ET1", "ES202508", "ES202511", "ES202511_ET1"]),
            ],
            mistaken: vec![Mistaken { release: "12.6(2)".parse().unwrap(), truth: "it is 12.6(1)".to_owned() }],
            defects: vec![
                Defect {
                    id: "CSCwd61276".to_owned(),
                    about: "empty reports".to_owned(),
                    affects: vec![affected("11.6(1)", "ES12", false)],
                    fixed: Some(("11.6(1)".parse().unwrap(), "ES12_ET1".parse().unwrap())),
                },
                Defect {
                    id: "CSCws79262".to_owned(),
                    about: "upload".to_owned(),
                    affects: vec![affected("12.6(1)", "ES12_ET1", true), affected("15.0(1)", "ES202511_ET1", true)],
                    fixed: None,
                },
            ],
        }
    }

    fn stated(level: &str) -> Stated {
        let mut parts = level.split('+');
        let first: super::super::release::Level = parts.next().unwrap().parse().unwrap();
        let packages = parts.map(|text| text.parse().unwrap()).chain(first.package).collect();
        Stated { release: first.release.unwrap(), packages }
    }

    fn seen(level: &str, days: i32) -> (Verdict, Newer, Vec<String>) {
        let table = table();
        let today = TABLE_DAY.checked_add(jiff::Span::new().days(days)).unwrap();
        let stated = stated(level);
        let found = assess(&stated, &table, today);
        (found.verdict, found.newer, found.missing.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn minimum_itself_is_enough_and_anything_below_is_not() {
        for (level, verdict) in [
            ("12.6(1)_ES1", Verdict::Meets),
            ("12.6(1)_ES6_ET1", Verdict::Meets),
            ("12.6(1)_ES13", Verdict::Meets),
            ("12.6(1)_ET3", Verdict::TooLow),
            ("12.6(1)", Verdict::TooLow),
            ("12.5(1)_ES2+ES1", Verdict::TooLow),
            ("11.6(1)_ES12", Verdict::Half),
            ("11.6(1)_ES12+ES12_ET1", Verdict::Meets),
            ("11.6(1)_ES12_ET1", Verdict::Meets), // an ET is installed on its ES
            ("11.6(1)_ES9a", Verdict::TooLow),
            ("11.5(1)_ES6", Verdict::NoOauth),
            ("11.0(2)", Verdict::NoOauth),
            ("12.6(2)_ES6", Verdict::ReleaseUnknown),
        ] {
            assert_eq!(seen(level, 0).0, verdict, "{level}");
        }
        assert_eq!(seen("12.5(1)_ES2", 0).2, ["ES3"]);
        assert_eq!(seen("11.6(1)_ES12", 0).2, ["ES12_ET1"]);
    }

    #[test]
    fn what_no_source_knows_is_not_judged() {
        for level in ["12.7(1)", "12.1(1)_ES9", "20.0(1)_ES6", "15.0(1)", "15.0(1)_ES202511_ET1"] {
            assert_eq!(seen(level, 0).0, Verdict::NotKnown, "{level}");
        }
        for level in ["15 ES2", "12.6(1)_ES202511", "11.6(1)_ES202511"] {
            assert_eq!(seen(level, 0), (Verdict::Misnamed, Newer::Misnamed, Vec::new()), "{level}");
        }
        for level in ["12.7(1)_ES6", "20.0(1)_ES6", "12.6(1)_ES13", "11.5(1)_ES6", "15.0(1)_ES202603"] {
            assert_eq!(seen(level, 0).1, Newer::CannotTell, "{level}");
        }
    }

    #[test]
    fn newest_is_said_only_of_a_recent_table() {
        assert_eq!(seen("12.6(1)_ES12_ET1", 180).1, Newer::NoneKnown);
        assert_eq!(seen("12.6(1)_ES12_ET1", 181).1, Newer::CannotTell);
        assert_eq!(seen("12.6(1)_ES12_ET1", -900).1, Newer::NoneKnown);
        for days in [0, 900] {
            for level in ["12.6(1)_ES12", "12.6(1)", "12.6(1)_ET1", "15.0(1)_ES202508", "15.0(1)_ET1"] {
                assert_eq!(seen(level, days).1, Newer::Yes, "{level}");
            }
        }
    }

    #[test]
    fn defects_are_those_of_the_level() {
        let table = table();
        let of = |level: &str| {
            let stated = stated(level);
            assess(&stated, &table, TABLE_DAY).defects.iter().map(|defect| defect.id.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(of("11.6(1)_ES12"), ["CSCwd61276"]);
        assert!(of("11.6(1)_ES12+ES12_ET1").is_empty() && of("11.6(1)_ES10").is_empty());
        assert_eq!(of("12.6(1)"), ["CSCws79262"]);
        assert_eq!(of("15.0(1)_ES202511"), ["CSCws79262"]);
        assert!(of("12.6(1)_ES13").is_empty());
    }
}
