//! Releases and packages of ECE, in every spelling that Cisco and its customers use.
//!
//! In: a text such as `12.6(1)_ES6_ET1`. Out: a [`Level`]. The spellings are those of Cisco's own texts: CVE records
//! (`12.6(1)_ES6_ET1`, `12.6_ES2_ET1`, `15.0(1)ES202511_ET1`), CVE-2019-1877 (`12.0(1)ES1`), guide titles
//! (`12.0(1) ES1`, `15.0(1) SU1`), document 218453 (`ES12 ET1`).

use std::{collections::BTreeSet, fmt, str::FromStr};

/// The release and the packages on it that the user's file states.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Stated {
    /// The release.
    pub release: Release,
    /// The packages; empty when the base release alone is stated.
    pub packages: BTreeSet<Package>,
}

impl Stated {
    /// The highest package; none on the base release.
    #[must_use]
    pub fn highest(&self) -> Option<Package> {
        self.packages.last().copied()
    }

    /// True when no package is needed to judge the release: it is older than 11.6(1), the first release for which Cisco
    /// document 218453 names OAuth packages, or it is no release of ECE, all of which end in `(1)`.
    #[must_use]
    pub fn speaks_for_itself(&self) -> bool {
        self.release < Release::FIRST_WITH_OAUTH || self.release.maintenance != 1
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

impl Release {
    /// The oldest release for which Cisco document 218453 names packages with OAuth.
    pub const FIRST_WITH_OAUTH: Self = Self { major: 11, minor: 6, maintenance: 1 };

    /// True when the release names its ES by year and month (`ES202511`), as every one since 15.0(1) does.
    #[must_use]
    pub fn dates_its_packages(self) -> bool {
        self.major >= 15
    }

    /// How its packages are named.
    #[must_use]
    pub fn naming(self) -> String {
        let named = if self.dates_its_packages() { "date, such as ES202511" } else { "number, such as ES3" };
        format!("the packages of {self} are named by {named}")
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}({})", self.major, self.minor, self.maintenance)
    }
}

/// A package that is installed on a release: an ES (Engineering Special), or an ET on an ES or on the base release.
///
/// Ordered as they are installed: `ET1` < `ES1` < `ES1_ET1` < `ES9` < `ES9a` < `ES10`. The numbers of the ETs begin
/// anew under each ES. Release 15.0(1) numbers its ES by year and month: `ES202511`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Package {
    special: Option<Special>,
    et: Option<u32>,
}

/// The number of an ES with its letter: `9a`, `202511`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Special {
    number: u32,
    letter: Option<char>,
}

impl Package {
    /// True when this package brings `wanted` along: it is the same, lies on it, or comes later.
    ///
    /// Whether packages are cumulative is nowhere said outright; Cisco's advice to install the newest ES implies it.
    #[must_use]
    pub fn brings(self, wanted: Self) -> bool {
        self >= wanted
    }

    /// True when its ES has a plain number.
    #[must_use]
    pub fn is_counted(self) -> bool {
        self.special.is_some_and(|special| special.number <= MOST_COUNTED)
    }

    /// True when its ES is named by year and month.
    #[must_use]
    pub fn is_dated(self) -> bool {
        self.special.is_some_and(|special| special.number > MOST_COUNTED)
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
        "write it as in 12.6(1), 12.6(1)_ES6_ET1 or 15.0(1)_ES202511_ET1; a package alone as ES6 or ES6_ET1";
}

/// The highest number of an ES that is counted; a higher one is a year with its month.
const MOST_COUNTED: u32 = 9999;

impl FromStr for Level {
    type Err = NotALevel;

    fn from_str(text: &str) -> Result<Self, NotALevel> {
        let text = text.trim().replace('\\', ""); // a CPE name of the CVE records escapes the brackets
        let mut rest = Rest(&text);
        rest.product();
        let release = rest.release()?;
        if release.is_some() {
            rest.separator();
            rest.service_update()?;
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
    /// The words that guide titles put before the release.
    fn product(&mut self) {
        for word in ["Cisco", "Enterprise Chat and Email", "ECE", "Release"] {
            if self.take(word) {
                self.0 = self.0.trim_start_matches([' ', '_', '-', ',', ':']);
            }
        }
    }

    /// `SU1`: a Service Update of Contact Center Enterprise 15, which is no package of ECE.
    fn service_update(&mut self) -> Result<(), NotALevel> {
        if !self.take("SU") {
            return Ok(());
        }
        self.spaces();
        self.number().ok_or(NotALevel)?;
        self.separator();
        Ok(())
    }

    /// `12.6(1)`, `12.6`, `12.6.1`; `15` alone.
    fn release(&mut self) -> Result<Option<Release>, NotALevel> {
        if !self.0.starts_with(|first: char| first.is_ascii_digit()) {
            return Ok(None);
        }
        let major = self.number().ok_or(NotALevel)?;
        // 15 alone is 15.0(1); of 11 and 12 there are several releases
        let (minor, maintenance) = match self.take(".") {
            true => (self.number().ok_or(NotALevel)?, self.maintenance()?),
            false if major >= 15 => (0, 1),
            false => return Err(NotALevel),
        };
        let narrow = |number: u32| u8::try_from(number).map_err(|_| NotALevel);
        Ok(Some(Release { major: narrow(major)?, minor: narrow(minor)?, maintenance: narrow(maintenance)? }))
    }

    /// `(1)`, `.1`, or nothing, which is read as `(1)`: Cisco's CVE records write 12.6 for 12.6(1).
    fn maintenance(&mut self) -> Result<u32, NotALevel> {
        if self.take(".") {
            return self.number().ok_or(NotALevel);
        }
        let (before, spaces) = (self.0, self.0.trim_start_matches(' '));
        self.0 = spaces;
        if !self.take("(") {
            self.0 = before;
            return Ok(1);
        }
        let number = self.number().ok_or(NotALevel)?;
        if self.take(")") { Ok(number) } else { Err(NotALevel) }
    }

    fn special(&mut self) -> Result<Option<Special>, NotALevel> {
        if !self.take("ES") {
            return Ok(None);
        }
        self.spaces();
        let number = self.number().ok_or(NotALevel)?;
        if number > MOST_COUNTED && !is_month(number) {
            return Err(NotALevel);
        }
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

    fn et(&mut self) -> Result<Option<u32>, NotALevel> {
        if !self.take("ET") {
            return Ok(None);
        }
        self.spaces();
        self.number().filter(|number| *number <= MOST_COUNTED).ok_or(NotALevel).map(Some)
    }

    fn spaces(&mut self) {
        self.0 = self.0.trim_start_matches(' ');
    }

    fn number(&mut self) -> Option<u32> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at(end);
        let number = (digits.len() <= 6).then(|| digits.parse().ok())??;
        self.0 = rest;
        Some(number)
    }

    /// One of the separators in use between the parts: `_`, `-`, `/`, a space or several, or none.
    fn separator(&mut self) {
        let next = self.0.trim_start_matches(' ');
        let next = next.strip_prefix(['_', '-', '/', ',']).unwrap_or(next).trim_start_matches(' ');
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

/// A year with its month, such as 202511.
fn is_month(number: u32) -> bool {
    (2020..2100).contains(&(number / 100)) && (1..=12).contains(&(number % 100))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("15.0(1)ES202511_ET1", "15.0(1)", "ES202511_ET1"),
            ("15.0(1)_ES202508", "15.0(1)", "ES202508"),
            ("15.0(1) SU1/ES202603", "15.0(1)", "ES202603"),
            ("15.0(1)SU1 ES202603 ET1", "15.0(1)", "ES202603_ET1"),
            ("15 ES2", "15.0(1)", "ES2"),
            ("15.0 ES202511", "15.0(1)", "ES202511"),
            ("ECE 12.6(1) ES6", "12.6(1)", "ES6"),
            ("Enterprise Chat and Email, Release 12.6(1) ES 6", "12.6(1)", "ES6"),
            ("12.6 (1) ES6 ET 1", "12.6(1)", "ES6_ET1"),
            ("12.6\\(1\\)_es6_et1", "12.6(1)", "ES6_ET1"),
            ("12.6(1)/ES6", "12.6(1)", "ES6"),
        ] {
            let level: Level = text.parse().unwrap_or_else(|_| panic!("{text} is a level"));
            assert_eq!(level.release.unwrap().to_string(), release, "{text}");
            assert_eq!(level.package.unwrap().to_string(), package, "{text}");
        }
        for text in ["ES12 ET1", "ES12_ET1", "es12et1"] {
            assert_eq!(text.parse::<Package>().unwrap().to_string(), "ES12_ET1");
        }
        for text in ["12.6(1)", "12.6", "12.6.1", "Release 12.6(1)"] {
            assert_eq!(text.parse::<Release>().unwrap().to_string(), "12.6(1)");
        }
        for text in ["15", "15.0", "15.0(1) SU1", "15.0(1)SU2"] {
            assert_eq!(text.parse::<Release>().unwrap().to_string(), "15.0(1)", "{text}: an SU is no package of ECE");
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
            "ES202513",
            "ES199912",
            "12.6(1)_ES1_ET202511",
            "15.0(1) SU",
            "SU1",
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
        let order = [
            "ET1",
            "ET3",
            "ES1",
            "ES1_ET1",
            "ES1_ET2",
            "ES2",
            "ES9",
            "ES9_ET3",
            "ES9a",
            "ES9a_ET1",
            "ES10",
            "ES202508",
            "ES202511",
            "ES202511_ET1",
        ];
        let packages: Vec<Package> = order.iter().map(|text| text.parse().unwrap()).collect();
        assert!(packages.is_sorted_by(|low, high| low < high));
        assert!("12.0(1)".parse::<Release>().unwrap() < "12.5(1)".parse::<Release>().unwrap());
    }
}
