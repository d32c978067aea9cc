//! A TOML file read strictly: every mistake is told with file, line, what is wrong and what would be right.
//!
//! In: the bytes of a file that a person wrote, in UTF-8 (with or without byte order mark) or UTF-16. Out: tables whose
//! keys are taken one by one; whatever is left over when a table is closed is a mistake, and the nearest right word is
//! named. The user's file and the catalogue are both read this way.

use std::{collections::BTreeSet, fmt, fs::File, io::Read as _, ops::Range, path::Path, rc::Rc};

use encoding_rs::{UTF_16BE, UTF_16LE};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The largest file that is read, in bytes: a hand-written file is a thousand times smaller.
pub const LARGEST: u64 = 1_048_576;

/// A mistake in a file that a person wrote.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Mistake {
    /// The file, as it was given.
    pub file: String,
    /// The line, counted from 1; none when the file as a whole is meant.
    pub line: Option<usize>,
    /// What is wrong.
    pub wrong: String,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}, line {line}: {}", self.file, plain(&self.wrong))?,
            None => write!(f, "{}: {}", self.file, plain(&self.wrong))?,
        }
        write!(f, "\n  {}", plain(&self.right))
    }
}

/// The longest sentence that is printed, in characters.
const LONGEST: usize = 600;

/// A sentence that may repeat what the file says: control characters are made visible, and it ends somewhere.
fn plain(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    let mut plain: String = text.chars().take(LONGEST).map(escape).collect();
    if text.chars().nth(LONGEST).is_some() {
        plain.push('…');
    }
    plain
}

/// The text of a file, with what is needed to find a line again.
#[derive(Debug)]
pub struct Document {
    name: String,
    text: String,
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, is a folder, is larger than [`LARGEST`], or is not text.
    pub fn read(path: &Path) -> Result<Self, Mistake> {
        let name = path.display().to_string();
        let whole =
            |wrong: String, right: &str| Mistake { file: name.clone(), line: None, wrong, right: right.to_owned() };
        let about = std::fs::metadata(path).map_err(|error| {
            whole(format!("cannot be read: {error}"), "give the name of a file that this user may read")
        })?;
        if about.is_dir() {
            return Err(whole("is a folder".to_owned(), "give the name of the file in it"));
        }
        if about.len() > LARGEST {
            let wrong = format!("has {} bytes; more than {LARGEST} are not read", about.len());
            return Err(whole(wrong, "give the file that ece-check init or the README shows"));
        }
        // The size of a pipe or a device is not known beforehand.
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
        let count = read.map_err(|error| {
            whole(format!("cannot be read: {error}"), "give the name of a file that this user may read")
        })?;
        if count as u64 > LARGEST {
            return Err(whole(
                format!("has more than {LARGEST} bytes"),
                "give the file that ece-check init or the README shows",
            ));
        }
        let text = decode(&bytes).ok_or_else(|| whole("is not text".to_owned(), "save it as UTF-8"))?;
        Ok(Self { name, text })
    }

    /// Takes a text that is already in memory.
    #[must_use]
    pub fn new(name: &str, text: &str) -> Self {
        Self { name: name.to_owned(), text: text.to_owned() }
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
        let parsed = DeTable::parse(&self.text).map_err(|error| Mistake {
            file: self.name.clone(),
            line: error.span().map(|span| self.line(span.start)),
            wrong: first_line(error.message()),
            right: remedy_for(error.message()).to_owned(),
        })?;
        let span = parsed.span();
        Ok(Table { document: self, path: Rc::from(""), span, entries: parsed.into_inner(), asked: BTreeSet::new() })
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
        self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
    }

    fn mistake(&self, span: &Range<usize>, wrong: impl Into<String>, right: impl Into<String>) -> Mistake {
        Mistake { file: self.name.clone(), line: Some(self.line(span.start)), wrong: wrong.into(), right: right.into() }
    }
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
    asked: BTreeSet<String>,
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

/// What stands at one key.
#[derive(Clone, Debug)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A date, as written.
    Date(String),
    /// Several texts.
    List(Vec<String>),
}

impl<'d> Table<'d> {
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

    /// True when the key is there.
    #[must_use]
    pub fn has(&mut self, key: &str) -> bool {
        self.asked.insert(key.to_owned());
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
        match &found.value {
            Scalar::Text(text) if text.trim().is_empty() => {
                Err(found.mistake(format!("{} is empty", self.full(key)), "fill it in, or leave the line out"))
            }
            Scalar::Text(text) => {
                Ok(Some(At { value: text.clone(), document: found.document, span: found.span.clone() }))
            }
            other => Err(found.mistake(
                format!("{} is {}; a text is wanted", self.full(key), describe(other)),
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
            let wrong = format!("{} is {}; a list of texts is wanted", self.full(key), describe(&found.value));
            return Err(found.mistake(wrong, format!("write {key} = [\"…\", \"…\"]")));
        };
        if items.is_empty() {
            return Err(found.mistake(format!("{} is an empty list", self.full(key)), "fill it, or leave the line out"));
        }
        if let Some(twice) = items.iter().enumerate().find(|(at, item)| items[..*at].contains(item)) {
            let wrong = format!("{} names \"{}\" twice", self.full(key), twice.1);
            return Err(found.mistake(wrong, "name it once"));
        }
        Ok(Some(At { value: items.clone(), document: found.document, span: found.span.clone() }))
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
                (format!("{full} is \"{word}\", which is not known"), did_you_mean(word, &names))
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
                format!("{} is {}; a whole number is wanted", self.full(key), describe(other)),
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
                let wrong = format!("{} is {}; a number or a text is wanted", self.full(key), describe(other));
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
                format!("{} is {}; true or false is wanted", self.full(key), describe(other)),
                format!("write {key} = true or {key} = false, without quotes"),
            )),
        }
    }

    /// Whatever single value or list of texts stands at a key.
    ///
    /// # Errors
    /// When a table or a mixed list stands there.
    pub fn scalar(&mut self, key: &str) -> Result<Option<At<'d, Scalar>>, Mistake> {
        self.asked.insert(key.to_owned());
        let Some(value) = self.entries.remove(key) else { return Ok(None) };
        let span = value.span();
        let plain = scalar(value.get_ref()).ok_or_else(|| {
            let wrong = format!("{} is {}", self.full(key), kind(value.get_ref()));
            self.document.mistake(&span, wrong, "a single value is wanted, or a list of texts")
        })?;
        Ok(Some(At { value: plain, document: self.document, span }))
    }

    /// The table at a key, if it is there.
    ///
    /// # Errors
    /// When something else than a table stands there.
    pub fn table(&mut self, key: &str) -> Result<Option<Table<'d>>, Mistake> {
        self.asked.insert(key.to_owned());
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
        self.asked.insert(key.to_owned());
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
        let Some(unknown) = self.keys().into_iter().next() else { return Ok(()) };
        let known: Vec<&str> = self.asked.iter().map(String::as_str).collect();
        let is_table = match self.entries.get(unknown.value.as_str()).map(Spanned::get_ref) {
            Some(DeValue::Table(_)) => true,
            Some(DeValue::Array(items)) => items.iter().any(|item| matches!(item.get_ref(), DeValue::Table(_))),
            _ => false,
        };
        let wrong = format!("unknown {} {}", if is_table { "table" } else { "key" }, self.full(&unknown.value));
        Err(unknown.mistake(wrong, did_you_mean(&unknown.value, &known)))
    }

    fn as_table(&self, key: &str, value: Spanned<DeValue<'d>>) -> Result<Table<'d>, Mistake> {
        let span = value.span();
        let path = Rc::from(self.full(key));
        match value.into_inner() {
            DeValue::Table(entries) => {
                Ok(Table { document: self.document, path, span, entries, asked: BTreeSet::new() })
            }
            other => {
                let wrong = format!("{path} is {}; a table is wanted", kind(&other));
                Err(self.document.mistake(&span, wrong, format!("write [{path}] on a line of its own, its keys below")))
            }
        }
    }

    fn full(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

/// Reads a word that is one of several, by the names that serde knows for them.
///
/// # Errors
/// When it is none of them, with the nearest.
pub fn choose<T: serde::de::DeserializeOwned>(word: &At<'_, String>) -> Result<T, Mistake> {
    use serde::de::{IntoDeserializer, value};
    T::deserialize(IntoDeserializer::<value::Error>::into_deserializer(word.value.as_str())).map_err(|error| {
        // serde quotes the word first and then each word it knows
        let said = error.to_string();
        let known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        word.mistake(format!("\"{}\" is not known here", word.value), did_you_mean(&word.value, &known))
    })
}

/// A sentence that names the nearest of the known words, or all of them.
#[must_use]
pub fn did_you_mean(word: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().max(word.len()) / 3 + 1)
        .min();
    match near {
        Some((_, candidate)) => format!("did you mean {candidate}?"),
        None => format!("known are: {}", known.join(", ")),
    }
}

fn scalar(value: &DeValue<'_>) -> Option<Scalar> {
    Some(match value {
        DeValue::String(text) => Scalar::Text(text.to_string()),
        DeValue::Integer(number) => {
            Scalar::Int(i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()?)
        }
        DeValue::Boolean(value) => Scalar::Bool(*value),
        DeValue::Datetime(date) => Scalar::Date(date.to_string()),
        DeValue::Array(items) => {
            Scalar::List(items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect::<Option<_>>()?)
        }
        DeValue::Float(_) | DeValue::Table(_) => return None,
    })
}

fn describe(value: &Scalar) -> &'static str {
    match value {
        Scalar::Text(_) => "a text",
        Scalar::Int(_) => "a number",
        Scalar::Bool(_) => "true or false",
        Scalar::Date(_) => "a date",
        Scalar::List(_) => "a list",
    }
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(items) if items.iter().all(|item| matches!(item.get_ref(), DeValue::Table(_))) => {
            "a list of tables"
        }
        DeValue::Array(_) => "a list of other things than texts",
        DeValue::Table(_) => "a table",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(mistake.to_string(), "a.toml, line 1: \"netwrok\" is not known here\n  did you mean network?");
    }

    #[test]
    fn duplicate_key_has_its_line() {
        let mistake = Document::new("a.toml", "a = 1\n\na = 2\n").table().unwrap_err();
        assert_eq!(mistake.line, Some(3));
        assert!(mistake.right.contains("once"), "{mistake}");
    }

    #[test]
    fn wrong_type_says_what_is_wanted() {
        let document = Document::new("a.toml", "port = \"443\"\n");
        let mistake = document.table().unwrap().int("port").unwrap_err();
        assert_eq!(
            mistake.to_string(),
            "a.toml, line 1: port is a text; a whole number is wanted\n  write port = 443, without quotes"
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
        assert_eq!(mistake.to_string(), "a.toml, line 1: kind is \"smpt\", which is not known\n  did you mean smtp?");
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
