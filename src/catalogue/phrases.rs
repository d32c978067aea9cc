//! The phrases in `checks/tables/phrases.toml`: how systems and libraries say what happened to a name, a connection or a
//! certificate; and what enhanced codes of mail mean, `checks/tables/mail-codes.toml`.
//!
//! In: the files, read strictly. Out: [`Phrases`] with one automaton for all of them, [`MailCodes`].

use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use jiff::civil::Date;

use super::dated::dated;
use crate::{
    evidence::{FailureKind, Protocol, Stage},
    table::{Document, Mistake, Table, choose},
};

/// A phrase in small letters, and what it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The words.
    pub words: String,
    /// The protocol that failed.
    pub protocol: Protocol,
    /// How far it had come, where the words tell.
    pub stage: Option<Stage>,
    /// What happened.
    pub kind: FailureKind,
}

/// All phrases.
#[derive(Clone, Debug)]
pub struct Phrases {
    /// The date of the newest source.
    pub date: Date,
    /// Where the words are documented.
    pub sources: Vec<String>,
    all: Vec<Phrase>,
    automaton: AhoCorasick,
}

impl Phrases {
    /// The phrases, in the order of the file.
    #[must_use]
    pub fn all(&self) -> &[Phrase] {
        &self.all
    }

    /// Every occurrence of a phrase in a text in small letters, overlapping ones too: where it begins, and the phrase.
    pub fn find<'t>(&'t self, words: &'t str) -> impl Iterator<Item = (usize, &'t Phrase)> {
        let found = self.automaton.find_overlapping_iter(words);
        found.map(|found| (found.start(), &self.all[found.pattern().as_usize()]))
    }
}

/// Reads `phrases.toml`.
///
/// # Errors
/// The first mistake, with file, line and remedy.
pub fn read(document: &Document) -> Result<Phrases, Mistake> {
    let mut top = document.table()?;
    let (date, sources) = dated(&mut top)?;
    let (mut phrases, mut known) = (Vec::new(), HashSet::new());
    for table in top.tables("group")? {
        read_group(table, &mut phrases, &mut known)?;
    }
    let place = top.head();
    top.close()?;
    let automaton = AhoCorasick::new(phrases.iter().map(|phrase| &phrase.words))
        .map_err(|_| place.mistake("the phrases cannot be searched for", "write fewer or shorter phrases"))?;
    Ok(Phrases { date, sources, all: phrases, automaton })
}

fn read_group(mut table: Table<'_>, phrases: &mut Vec<Phrase>, known: &mut HashSet<String>) -> Result<(), Mistake> {
    let protocol = choose(&table.required("protocol")?)?;
    let stage = table.text("stage")?.map(|stage| choose(&stage)).transpose()?;
    let kind = choose(&table.required("kind")?)?;
    table.texts("sources")?;
    let Some(words) = table.texts("phrases")? else {
        return Err(table.mistake("a group without phrases", "add phrases = [\"connection refused\"]"));
    };
    for words in words.each() {
        let right = "write each phrase once, in small letters, with four bytes or more";
        let is_good = words.value.len() >= 4 && words.value == words.value.to_lowercase();
        if !is_good || !known.insert(words.value.clone()) {
            return Err(words.mistake(format!("\"{}\" cannot be a phrase, or is there twice", words.value), right));
        }
        phrases.push(Phrase { words: words.value.clone(), protocol, stage, kind });
    }
    table.close()
}

/// What enhanced status codes mean that no sign of a cause names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailCodes {
    /// The date of the newest source.
    pub date: Date,
    /// Where it is said.
    pub sources: Vec<String>,
    /// The code, an `x` standing for any digit, and its meaning.
    pub rows: Vec<(String, String)>,
}

impl MailCodes {
    /// What a code means, in half a sentence.
    #[must_use]
    pub fn means(&self, code: &str) -> Option<&str> {
        let fits = |known: &str| {
            let digit = |(known, digit): (u8, u8)| known == digit || (known == b'x' && digit.is_ascii_digit());
            known.len() == code.len() && known.bytes().zip(code.bytes()).all(digit)
        };
        self.rows.iter().find(|(known, _)| fits(known)).map(|(_, means)| means.as_str())
    }
}

/// Reads `mail-codes.toml`.
///
/// # Errors
/// The first mistake, with file, line and remedy.
pub fn read_codes(document: &Document) -> Result<MailCodes, Mistake> {
    let mut top = document.table()?;
    let (date, sources) = dated(&mut top)?;
    let mut rows: Vec<(String, String)> = Vec::new();
    for mut table in top.tables("code")? {
        let code = table.required("enhanced")?;
        if rows.iter().any(|(known, _)| *known == code.value) {
            return Err(code.mistake(format!("{} is there twice", code.value), "write each code once"));
        }
        rows.push((code.value, table.required("means")?.value));
        table.close()?;
    }
    top.close()?;
    Ok(MailCodes { date, sources, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Phrases, Mistake> {
        read(&Document::new("phrases.toml", text))
    }

    const HEAD: &str = "date = 2026-11-29\nsources = [\"https://example.com\"]\n";

    #[test]
    fn phrases_are_found_wherever_they_are_and_overlap() {
        let text = format!(
            "{HEAD}[[group]]\nprotocol = \"tcp\"\nkind = \"reset\"\nphrases = [\"connection reset\", \"reset by peer\"]\n"
        );
        let phrases = read_text(&text).expect("a table");
        let found: Vec<&str> =
            phrases.find("x connection reset by peer").map(|(_, phrase)| phrase.words.as_str()).collect();
        assert_eq!(found, ["connection reset", "reset by peer"]);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        for (group, wrong) in [
            ("protocol = \"tcp\"\nkind = \"reset\"\nphrases = [\"Connection Reset\"]\n", "Connection Reset"),
            ("protocol = \"tcp\"\nkind = \"reset\"\n", "without phrases"),
            ("protocol = \"tcp\"\nkind = \"reset\"\nphrases = [\"abcd\", \"abcd\"]\n", "twice"),
            ("protocol = \"tpc\"\nkind = \"reset\"\nphrases = [\"abcd\"]\n", "tpc"),
        ] {
            let mistake = read_text(&format!("{HEAD}[[group]]\n{group}")).expect_err(group);
            assert!(mistake.wrong.contains(wrong) && mistake.line.is_some(), "{mistake}");
        }
    }

    #[test]
    fn a_code_with_a_gap_fits_any_digit() {
        let text = format!("{HEAD}[[code]]\nenhanced = \"5.7.60x\"\nmeans = \"blocked\"\n");
        let codes = read_codes(&Document::new("mail-codes.toml", &text)).expect("a table");
        assert_eq!((codes.means("5.7.606"), codes.means("5.7.6")), (Some("blocked"), None));
    }
}
