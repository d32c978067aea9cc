//! A TOML file read strictly: every mistake is told with file, line, what is wrong and what would be right.
//!
//! In: the bytes of a file that a person wrote, in UTF-8 (with or without byte order mark) or UTF-16. Out: tables whose
//! keys are taken one by one; whatever is left over when a table is closed is a mistake, and the nearest right word is
//! named. The user's file and the catalogue are both read this way.

mod forgiving;
mod mistake;
mod packed;
mod scalar;
mod word;

use std::{collections::HashSet, ops::Range, path::Path, rc::Rc};

use encoding_rs::{UTF_16BE, UTF_16LE, WINDOWS_1252};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

pub use mistake::Mistake;
pub use packed::Packed;
pub use scalar::Scalar;
pub use word::{choose, did_you_mean, may_be_quoted, nearest};

use self::scalar::{describe, kind, scalar};
use crate::files;

/// The largest file that is read, in bytes: a hand-written file is a thousand times smaller.
pub const LARGEST: u64 = 1_048_576;

/// The text of a file, with what is needed to find a line again.
#[derive(Debug)]
pub struct Document {
    name: String,
    text: String,
    /// What stands for the text where the program was built with the file.
    packed: Option<Packed>,
}

impl Document {
    /// The text of the whole file.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The file as TOML: as it was read, or with its values alone where the program was built with it.
    #[must_use]
    pub fn as_toml(&self) -> String {
        self.packed.map_or_else(|| self.text.clone(), Packed::as_toml)
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is a folder, is larger than [`LARGEST`], or is not text.
    pub fn read(path: &Path) -> Result<Self, Mistake> {
        let name = path.display().to_string();
        let whole =
            |wrong: String, right: &str| Mistake { file: name.clone(), line: None, wrong, right: right.to_owned() };
        let bytes = files::read(path, LARGEST).map_err(|error| {
            whole(
                error.to_string(),
                "give the name of a file that this user may read, such as the one that the README shows",
            )
        })?;
        let text = decode(&bytes).ok_or_else(|| match foreign_letter(&bytes) {
            Some((line, letter)) => Mistake {
                line: Some(line),
                ..whole(format!("the letter {letter} is not written in UTF-8"), "save the file as UTF-8")
            },
            None => whole("is not text".to_owned(), "save it as UTF-8"),
        })?;
        Ok(Self { name, text, packed: None })
    }

    /// Takes a text that is already in memory.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned(), packed: None }
    }

    /// Takes a file that was parsed when the program was built.
    #[must_use]
    pub fn packed(name: &str, packed: Packed) -> Self {
        Self { name: name.to_owned(), text: String::new(), packed: Some(packed) }
    }

    /// The mistake of standing in a folder that no probe is named after.
    #[must_use]
    pub fn misplaced(&self, folders: &[&str]) -> Mistake {
        Mistake {
            file: self.name.clone(),
            line: None,
            wrong: "is not in a folder that is known".to_owned(),
            right: format!("put it into causes, tables or the folder of its probe: {}", folders.join(", ")),
        }
    }

    /// Parses the text as TOML.
    ///
    /// # Errors
    /// When it is not TOML, with the line.
    pub fn table(&self) -> Result<Table<'_>, Mistake> {
        let parsed = match self.packed {
            Some(packed) => packed.table(),
            None => DeTable::parse(&self.text).map_err(|error| self.syntax_mistake(&error))?,
        };
        Ok(Table::new(self, Rc::from(""), parsed.span(), parsed.into_inner()))
    }

    /// The entry of the list `key` that begins at a place in the bytes of a built-in file; the rest is not read.
    ///
    /// # Panics
    /// When the file is not built in.
    #[must_use]
    pub fn packed_entry(&self, key: &str, begin: usize) -> Table<'_> {
        let entry = self.packed.expect("only built-in files have places").entry(begin);
        Table::new(self, Rc::from(key), entry.span(), entry.into_inner())
    }

    /// Parses the text as TOML as far as possible: the table with what could be read, and every syntax mistake.
    #[must_use]
    pub fn table_as_far_as_possible(&self) -> (Table<'_>, Vec<Mistake>) {
        let (parsed, errors) = DeTable::parse_recoverable(&self.text);
        let table = Table::new(self, Rc::from(""), parsed.span(), parsed.into_inner());
        let mut mistakes: Vec<Mistake> = errors.iter().map(|error| self.syntax_mistake(error)).collect();
        mistakes.dedup_by_key(|mistake| mistake.line); // one line is wrong once
        (table, mistakes)
    }

    fn syntax_mistake(&self, error: &toml::de::Error) -> Mistake {
        Mistake {
            file: self.name.clone(),
            line: error.span().map(|span| self.line(span.start)),
            wrong: first_line(error.message()),
            right: remedy_for(error.message()).to_owned(),
        }
    }

    /// The lines of the text with their numbers, counted from 1. For what must be seen before the text is parsed.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(above, line)| (above + 1, line))
    }

    /// A mistake in a line.
    #[must_use]
    pub fn mistake_in(&self, line: usize, wrong: impl Into<String>, right: impl Into<String>) -> Mistake {
        Mistake { file: self.name.clone(), line: Some(line), wrong: wrong.into(), right: right.into() }
    }

    fn line(&self, offset: usize) -> usize {
        if let Some(packed) = self.packed {
            return packed.line(offset);
        }
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    fn mistake(&self, span: &Range<usize>, wrong: impl Into<String>, right: impl Into<String>) -> Mistake {
        Mistake { file: self.name.clone(), line: Some(self.line(span.start)), wrong: wrong.into(), right: right.into() }
    }
}

/// The first letter of a text that is not UTF-8, as Windows-1252 has it, and its line; none for what is no text.
fn foreign_letter(bytes: &[u8]) -> Option<(usize, char)> {
    let is_utf_16 = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    let at = std::str::from_utf8(bytes).err().filter(|_| !is_utf_16)?.valid_up_to();
    let (text, _) = WINDOWS_1252.decode_without_bom_handling(&bytes[at..=at]);
    let letter = text.chars().next().filter(|letter| !letter.is_control() && !bytes.contains(&0))?;
    Some((memchr::memchr_iter(b'\n', &bytes[..at]).count() + 1, letter))
}

/// The text of a file, in one of the encodings that Notepad and PowerShell write; none when it is not text.
#[must_use]
pub fn decode(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok()?,
        [0xFF, 0xFE, rest @ ..] => UTF_16LE.decode_without_bom_handling_and_without_replacement(rest)?.into_owned(),
        [0xFE, 0xFF, rest @ ..] => UTF_16BE.decode_without_bom_handling_and_without_replacement(rest)?.into_owned(),
        _ => String::from_utf8(bytes.to_vec()).ok()?,
    };
    (!text.contains('\0')).then_some(text)
}

fn first_line(message: &str) -> String {
    message.lines().next().unwrap_or("is not TOML").to_owned()
}

fn remedy_for(message: &str) -> &'static str {
    if message.contains("duplicate key") {
        "write each key once, and each table once"
    } else if ["string", "quote", "escape", "unicode"].iter().any(|word| message.contains(word)) {
        "write texts in double quotes, for example \"outlook.office365.com\"; double each backslash"
    } else {
        "write one key = value in a line; texts in double quotes; dates as 2027-01-31"
    }
}

/// One table of a document. Keys are taken out one by one; [`Table::close`] complains about the rest.
#[derive(Debug)]
pub struct Table<'d> {
    document: &'d Document,
    path: Rc<str>,
    span: Range<usize>,
    entries: DeTable<'d>,
    held_something: bool,
    /// The keys that were asked for, each with a line end behind it.
    asked: String,
}

/// A value with its place in the document.
#[derive(Clone, Debug)]
pub struct At<'d, T> {
    /// The value.
    pub value: T,
    document: &'d Document,
    span: Range<usize>,
}

impl<'d, T> At<'d, T> {
    /// A mistake at this place.
    #[must_use]
    pub fn mistake(&self, wrong: impl Into<String>, right: impl Into<String>) -> Mistake {
        self.document.mistake(&self.span, wrong, right)
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.document.line(self.span.start)
    }

    /// The place alone.
    #[must_use]
    pub fn place(&self) -> At<'d, ()> {
        At { value: (), document: self.document, span: self.span.clone() }
    }

    /// Turns the value into another; a refusal becomes a mistake at this place.
    ///
    /// # Errors
    /// When `turn` refuses, with what is wrong and what would be right.
    pub fn parse<U>(self, turn: impl FnOnce(&T) -> Result<U, (String, String)>) -> Result<At<'d, U>, Mistake> {
        match turn(&self.value) {
            Ok(value) => Ok(At { value, document: self.document, span: self.span }),
            Err((wrong, right)) => Err(self.mistake(wrong, right)),
        }
    }
}

impl<'d> At<'d, Vec<String>> {
    /// The texts one by one, each at the place of the list.
    #[must_use]
    pub fn each(&self) -> Vec<At<'d, String>> {
        let at = |text: &String| At { value: text.clone(), document: self.document, span: self.span.clone() };
        self.value.iter().map(at).collect()
    }
}

/// The texts of a list, each at its own place, at the place of the list.
pub type Items<'d> = At<'d, Vec<At<'d, String>>>;

impl<'d> Table<'d> {
    fn new(document: &'d Document, path: Rc<str>, span: Range<usize>, entries: DeTable<'d>) -> Self {
        Self { document, path, span, held_something: !entries.is_empty(), entries, asked: String::new() }
    }

    fn ask(&mut self, key: &str) {
        self.asked.reserve(if self.asked.is_empty() { 120 } else { key.len() + 1 });
        self.asked.push_str(key);
        self.asked.push('\n');
    }

    /// The place of this table's head.
    #[must_use]
    pub fn head(&self) -> At<'d, ()> {
        At { value: (), document: self.document, span: self.span.clone() }
    }

    /// A mistake at the head of this table.
    #[must_use]
    pub fn mistake(&self, wrong: impl Into<String>, right: impl Into<String>) -> Mistake {
        self.document.mistake(&self.span, wrong, right)
    }

    /// What mistakes call the file.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.document.name
    }

    /// True when nothing was ever written in this table.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && !self.held_something
    }

    /// True when the key is there.
    #[must_use]
    pub fn has(&mut self, key: &str) -> bool {
        self.ask(key);
        self.entries.contains_key(key)
    }

    /// The keys that have not been taken, in order. For tables whose keys are data, such as `[expect]`.
    #[must_use]
    pub fn keys(&self) -> Vec<At<'d, String>> {
        let mut keys: Vec<_> = self
            .entries
            .keys()
            .map(|key| At { value: key.get_ref().to_string(), document: self.document, span: key.span() })
            .collect();
        keys.sort_by_key(|key| key.span.start);
        keys
    }

    /// The text at a key, if the key is there. An empty text is a mistake.
    ///
    /// # Errors
    /// When something else than a text stands there.
    pub fn text(&mut self, key: &str) -> Result<Option<At<'d, String>>, Mistake> {
        let in_quotes = |mistake| Mistake { right: format!("write {key} = \"…\", in quotes"), ..mistake };
        let Some(found) = self.scalar(key).map_err(in_quotes)? else { return Ok(None) };
        match found.value {
            Scalar::Text(ref text) if text.trim().is_empty() => {
                Err(found.mistake(format!("{} is empty", self.full(key)), "fill it in, or leave the line out"))
            }
            Scalar::Text(text) => Ok(Some(At { value: text, document: found.document, span: found.span })),
            ref other => Err(found.mistake(
                format!("{} must be a text, not {}", self.full(key), describe(other)),
                format!("write {key} = \"…\""),
            )),
        }
    }

    /// The text at a key that must be there.
    ///
    /// # Errors
    /// When the key is missing or something else than a text stands there.
    pub fn required(&mut self, key: &str) -> Result<At<'d, String>, Mistake> {
        let found = self.text(key)?;
        found.ok_or_else(|| self.mistake(format!("{} is missing", self.full(key)), format!("add {key} = \"…\"")))
    }

    /// The list of texts at a key; missing is none, an empty list is a mistake.
    ///
    /// # Errors
    /// When something else than a list of texts stands there, or the list is empty or says something twice.
    pub fn texts(&mut self, key: &str) -> Result<Option<At<'d, Vec<String>>>, Mistake> {
        let in_quotes = |mistake| Mistake { right: format!("write {key} = [\"…\"], each in quotes"), ..mistake };
        let Some(found) = self.scalar(key).map_err(in_quotes)? else { return Ok(None) };
        let Scalar::List(items) = &found.value else {
            let wrong = format!("{} must be a list of texts, not {}", self.full(key), describe(&found.value));
            return Err(found.mistake(wrong, format!("write {key} = [\"…\", \"…\"]")));
        };
        if items.is_empty() {
            return Err(found.mistake(format!("{} is an empty list", self.full(key)), "fill it, or leave the line out"));
        }
        let mut known = HashSet::with_capacity(items.len());
        if let Some(twice) = items.iter().find(|item| !known.insert(item.as_str())) {
            let wrong = format!("{} names \"{twice}\" twice", self.full(key));
            return Err(found.mistake(wrong, "name it once"));
        }
        let At { value: Scalar::List(items), document, span } = found else { unreachable!("it was a list above") };
        Ok(Some(At { value: items, document, span }))
    }

    /// The value that one of the known words at a key stands for.
    ///
    /// # Errors
    /// When something else stands there, with the nearest known word.
    pub fn choice<T: Copy>(&mut self, key: &str, known: &[(&str, T)]) -> Result<Option<At<'d, T>>, Mistake> {
        let Some(found) = self.text(key)? else { return Ok(None) };
        let full = self.full(key);
        let chosen = found.parse(|word| {
            let value = known.iter().find(|(name, _)| name == word).map(|(_, value)| *value);
            value.ok_or_else(|| {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                let wrong = match nearest(word, &names) {
                    Some(_) => format!("invalid {full} \"{word}\""),
                    None if may_be_quoted(word) => format!("invalid {full} \"{word}\""),
                    None => format!("invalid value of {full}"),
                };
                (wrong, did_you_mean(word, &names))
            })
        });
        chosen.map(Some)
    }

    /// The whole number at a key.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn int(&mut self, key: &str) -> Result<Option<At<'d, i64>>, Mistake> {
        let Some(found) = self.scalar(key)? else { return Ok(None) };
        match found.value {
            Scalar::Int(value) => Ok(Some(At { value, document: found.document, span: found.span })),
            ref other => Err(found.mistake(
                format!("{} must be a whole number, not {}", self.full(key), describe(other)),
                format!("write {key} = 443, without quotes"),
            )),
        }
    }

    /// The text or the number at a key, as text.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn text_or_int(&mut self, key: &str) -> Result<Option<At<'d, String>>, Mistake> {
        let Some(found) = self.scalar(key)? else { return Ok(None) };
        let value = match &found.value {
            Scalar::Text(text) => text.clone(),
            Scalar::Int(number) => number.to_string(),
            other => {
                let wrong = format!("{} must be a number or a text, not {}", self.full(key), describe(other));
                return Err(found.mistake(wrong, format!("write {key} = 443")));
            }
        };
        Ok(Some(At { value, document: found.document, span: found.span }))
    }

    /// Yes or no at a key.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn bool(&mut self, key: &str) -> Result<Option<At<'d, bool>>, Mistake> {
        let Some(found) = self.scalar(key)? else { return Ok(None) };
        match found.value {
            Scalar::Bool(value) => Ok(Some(At { value, document: found.document, span: found.span })),
            ref other => Err(found.mistake(
                format!("{} must be true or false, not {}", self.full(key), describe(other)),
                format!("write {key} = true or {key} = false, without quotes"),
            )),
        }
    }

    /// Whatever single value or list of texts stands at a key.
    ///
    /// # Errors
    /// When a table or a mixed list stands there.
    pub fn scalar(&mut self, key: &str) -> Result<Option<At<'d, Scalar>>, Mistake> {
        self.ask(key);
        let Some(value) = self.entries.remove(key) else { return Ok(None) };
        let span = value.span();
        let plain = scalar(value.get_ref()).ok_or_else(|| {
            let wrong = format!("{} is {}", self.full(key), kind(value.get_ref()));
            self.document.mistake(&span, wrong, "a single value is expected, or a list of texts")
        })?;
        Ok(Some(At { value: plain, document: self.document, span }))
    }

    /// The table at a key, if it is there.
    ///
    /// # Errors
    /// When something else than a table stands there.
    pub fn table(&mut self, key: &str) -> Result<Option<Table<'d>>, Mistake> {
        self.ask(key);
        let Some(value) = self.entries.remove(key) else { return Ok(None) };
        self.as_table(key, value).map(Some)
    }

    /// The table at a key, or none when something else stands there.
    #[must_use]
    pub fn table_at(&mut self, key: &str) -> Option<Table<'d>> {
        let is_table = self.entries.get(key).is_some_and(|value| matches!(value.get_ref(), DeValue::Table(_)));
        if is_table { self.table(key).ok().flatten() } else { None }
    }

    /// The tables at a key that is written `[[key]]`; none when it is missing.
    ///
    /// # Errors
    /// When something else stands there.
    pub fn tables(&mut self, key: &str) -> Result<Vec<Table<'d>>, Mistake> {
        self.ask(key);
        let Some(value) = self.entries.remove(key) else { return Ok(Vec::new()) };
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(items) => items.into_iter().map(|item| self.as_table(key, item)).collect(),
            other => {
                let wrong = format!("{} is {}", self.full(key), kind(&other));
                Err(self.document.mistake(&span, wrong, format!("write [[{}]], with two brackets", self.full(key))))
            }
        }
    }

    /// True where a text stands at this key, and not a table or a list.
    #[must_use]
    pub fn is_text(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|value| matches!(value.get_ref(), DeValue::String(_)))
    }

    /// Ends the reading of this table.
    ///
    /// # Errors
    /// When a key was never asked for: it is unknown, and the nearest known one is named.
    pub fn close(self) -> Result<(), Mistake> {
        self.close_whole().into_iter().next().map_or(Ok(()), Err)
    }

    /// Ends the reading of this table: every key that was never asked for is unknown. The nearest known key is named; the
    /// unknown one is repeated only when it cannot be a secret that was pasted in the wrong place.
    #[must_use]
    pub fn close_whole(self) -> Vec<Mistake> {
        if self.entries.is_empty() {
            return Vec::new();
        }
        let mut known: Vec<&str> = self.asked.lines().collect();
        known.sort_unstable();
        known.dedup();
        let unknown = |key: At<'d, String>| {
            let kind = if self.is_of_tables(&key.value) { "table" } else { "key" };
            let is_shown = nearest(&key.value, &known).is_some() || may_be_quoted(&key.value);
            let name = if is_shown { self.full(&key.value) } else { format!("in {}", self.place_name()) };
            key.mistake(format!("unknown {kind} {name}"), did_you_mean(&key.value, &known))
        };
        self.keys().into_iter().map(unknown).collect()
    }

    /// All that the table says, each value with the line of its key and its own.
    #[cfg(test)]
    #[must_use]
    pub fn content(&self) -> Vec<String> {
        fn put(document: &Document, path: &str, value: &Spanned<DeValue<'_>>, said: &mut Vec<String>) {
            let line = document.line(value.span().start);
            match value.get_ref() {
                DeValue::Table(table) => {
                    for (key, value) in table {
                        let path = format!("{path}.{} {}", key.get_ref(), document.line(key.span().start));
                        put(document, &path, value, said);
                    }
                }
                DeValue::Array(items) => items.iter().for_each(|item| put(document, &format!("{path}[]"), item, said)),
                other => said.push(format!("{path} {line} {other:?}")),
            }
        }
        let mut said = Vec::new();
        for (key, value) in &self.entries {
            let path = format!("{} {}", key.get_ref(), self.document.line(key.span().start));
            put(self.document, &path, value, &mut said);
        }
        said
    }

    fn place_name(&self) -> String {
        if self.path.is_empty() { "the file".to_owned() } else { format!("[{}]", self.path) }
    }

    fn is_of_tables(&self, key: &str) -> bool {
        match self.entries.get(key).map(Spanned::get_ref) {
            Some(DeValue::Table(_)) => true,
            Some(DeValue::Array(items)) => items.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_))),
            _ => false,
        }
    }

    fn as_table(&self, key: &str, value: Spanned<DeValue<'d>>) -> Result<Table<'d>, Mistake> {
        let span = value.span();
        let path = Rc::from(self.full(key));
        match value.into_inner() {
            DeValue::Table(entries) => Ok(Table::new(self.document, path, span, entries)),
            other => {
                let wrong = format!("{path} must be a table, not {}", kind(&other));
                Err(self.document.mistake(&span, wrong, format!("write [{path}] on a line of its own, its keys below")))
            }
        }
    }

    /// The key with the names of the tables that it is in, such as `ece.release`.
    #[must_use]
    pub fn full(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn word_that_is_another_is_not_taken_for_it() {
        assert_eq!(nearest("hue", &["ece", "site"]), None);
        assert_eq!(did_you_mean("hue", &["ece", "site"]), "known: ece, site");
        assert_eq!(nearest("fil", &["file", "env"]), Some("file"));
    }

    #[test]
    fn letter_of_another_encoding_is_told_with_its_line() {
        assert_eq!(foreign_letter(b"[ece]\n# Pr\xfcfung \xdf\n"), Some((2, 'ü')));
        assert_eq!(foreign_letter("# Prüfung\n".as_bytes()), None);
        assert_eq!(foreign_letter(b"\x00\xff\x01"), None, "no text");
        assert_eq!(foreign_letter(b"\xff\xfea"), None, "UTF-16");
    }

    #[test]
    fn unknown_key_names_the_nearest_and_its_line() {
        let document = Document::new("a.toml", "host = \"x\"\nprot = 1\n");
        let mut table = document.table().unwrap();
        table.text("host").unwrap();
        table.int("port").unwrap();
        let mistake = table.close().unwrap_err();
        assert_eq!(mistake.to_string(), "a.toml, line 2: unknown key prot\n  did you mean port?");
    }

    #[test]
    fn a_wrong_word_names_the_nearest() {
        let document = Document::new("a.toml", "owner = \"netwrok\"\n");
        let word = document.table().unwrap().required("owner").unwrap();
        let mistake = choose::<crate::finding::Owner>(&word).unwrap_err();
        assert_eq!(mistake.to_string(), "a.toml, line 1: unknown value \"netwrok\"\n  did you mean network?");
    }

    #[test]
    fn duplicate_key_has_its_line() {
        let mistake = Document::new("a.toml", "a = 1\n\na = 2\n").table().unwrap_err();
        assert_eq!(mistake.line, Some(3));
        assert!(mistake.right.contains("once"), "{mistake}");
    }

    #[test]
    fn wrong_type_says_what_is_expected() {
        let document = Document::new("a.toml", "port = \"443\"\n");
        let mistake = document.table().unwrap().int("port").unwrap_err();
        assert_eq!(
            mistake.to_string(),
            "a.toml, line 1: port must be a whole number, not a text\n  write port = 443, without quotes"
        );
    }

    #[test]
    fn empty_list_is_a_mistake() {
        let document = Document::new("a.toml", "list = []\n");
        assert!(document.table().unwrap().texts("list").unwrap_err().wrong.contains("empty list"));
    }

    #[test]
    fn unknown_word_names_the_nearest() {
        let document = Document::new("a.toml", "kind = \"smpt\"\n");
        let mistake = document.table().unwrap().choice("kind", &[("smtp", 1), ("imap", 2)]).unwrap_err();
        assert_eq!(mistake.to_string(), "a.toml, line 1: invalid kind \"smpt\"\n  did you mean smtp?");
    }

    #[test]
    fn what_the_file_says_is_printed_without_control_characters_and_shortened() {
        let key = format!("\u{1b}[2J{}", "k".repeat(5000));
        let mistake = Mistake { file: "a".into(), line: None, wrong: key, right: "x\ny".into() };
        let printed = mistake.to_string();
        assert!(printed.starts_with("a: \\u{1b}[2Jkk") && printed.ends_with("…\n  x\\ny"), "{printed}");
        assert!(printed.len() < 700);
    }

    #[test]
    fn notepad_and_powershell_encodings_are_read() {
        for bytes in [
            "a = \"é\"".as_bytes().to_vec(),
            [b"\xEF\xBB\xBF".to_vec(), "a = \"é\"".as_bytes().to_vec()].concat(),
            [vec![0xFF, 0xFE], "a = \"é\"".encode_utf16().flat_map(u16::to_le_bytes).collect()].concat(),
            [vec![0xFE, 0xFF], "a = \"é\"".encode_utf16().flat_map(u16::to_be_bytes).collect()].concat(),
        ] {
            assert_eq!(decode(&bytes).as_deref(), Some("a = \"é\""));
        }
        assert_eq!(decode(b"\x80\x81"), None);
        assert_eq!(decode(b"a\0b"), None);
    }
}
