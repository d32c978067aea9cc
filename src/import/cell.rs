//! What every kind of file is read into before its meaning is known: objects with named fields.
//!
//! In: what a container's reader found. Out: [`Object`]s whose fields are asked for without regard to case. A field that
//! is missing, one that is null, and one whose value the writer has cut are three different things: only the second says
//! "not set".

use std::{fmt, sync::Arc};

use encoding_rs::{
    Encoding, UTF_8, WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257,
};

/// The value of one field.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// There, and empty or null.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number, as it was written.
    Number(String),
    /// A text.
    Text(String),
    /// Several values.
    List(Vec<Self>),
    /// Named values.
    Object(Box<Object>),
    /// There, but the writer has cut or replaced the value: a column too narrow, `System.String[]`, a list after four items.
    Cut,
}

/// Where an object is in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A line, counted from 1.
    Line(usize),
    /// An object of a list, counted from 1.
    Item(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Item(item) => write!(f, "object {item}"),
        }
    }
}

/// Named values, and where they are in their file.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Names and values in the order of the file; of doubles, the first counts. The rows of a table share their names.
    pub fields: Vec<(Arc<str>, Cell)>,
    /// Where it is.
    pub place: Place,
    /// What was asked for, where the file says so: a cmdlet, an `@odata.context`, a part of the bundle.
    pub asked: Option<String>,
    /// Whom it was asked for, where the file says so.
    pub whom: Option<String>,
}

impl Object {
    /// An object with these fields.
    #[must_use]
    pub fn new(fields: Vec<(Arc<str>, Cell)>, place: Place) -> Self {
        Self { fields, place, asked: None, whom: None }
    }

    /// The value of a field, if the file has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Cell> {
        self.fields.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, cell)| cell)
    }

    /// The value of the first of these fields that the file has.
    #[must_use]
    pub fn any(&self, names: &[&str]) -> Option<&Cell> {
        names.iter().find_map(|name| self.get(name))
    }

    /// True when the file has this field, whatever its value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// The text of the first of these fields that has one.
    #[must_use]
    pub fn text(&self, names: &[&str]) -> Option<String> {
        names.iter().filter_map(|name| self.get(name)).find_map(Cell::text)
    }

    /// The texts of a field: a list, or one text with the items joined.
    #[must_use]
    pub fn texts(&self, names: &[&str]) -> Vec<String> {
        self.any(names).map(Cell::texts).unwrap_or_default()
    }

    /// The switch that a field is.
    #[must_use]
    pub fn switch(&self, names: &[&str]) -> Switch {
        self.any(names).map_or(Switch::Missing, Cell::switch)
    }

    /// The object that a field holds.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&Self> {
        match self.get(name) {
            Some(Cell::Object(object)) => Some(object),
            _ => None,
        }
    }

    /// The objects that a field holds; one object counts as a list of one, as `ConvertTo-Json` writes it.
    #[must_use]
    pub fn objects(&self, name: &str) -> Vec<&Self> {
        match self.get(name) {
            Some(Cell::Object(object)) => vec![object],
            Some(Cell::List(items)) => items.iter().filter_map(Cell::object).collect(),
            _ => Vec::new(),
        }
    }

    /// True when a field holds a list whose items the writer has cut.
    #[must_use]
    pub fn is_cut(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Cell::Cut) => true,
            Some(Cell::List(items)) => items.contains(&Cell::Cut),
            _ => false,
        }
    }
}

/// A switch that can also be unset, or not in the file at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Switch {
    /// The file has no such column: nothing is known.
    #[default]
    Missing,
    /// The file has it, without a value: it inherits.
    Unset,
    /// Yes or no.
    Is(bool),
    /// The file has it, but cut.
    Cut,
    /// Rows of one file have different values.
    Differs,
    /// Files with these names have different values, and none is known to be the newest.
    FilesDiffer(Vec<String>),
    /// The file has it, with a value that is no switch.
    Strange(String),
}

impl Switch {
    /// The value, if there is one.
    #[must_use]
    pub fn known(&self) -> Option<bool> {
        match self {
            Self::Is(value) => Some(*value),
            _ => None,
        }
    }
}

impl serde::Serialize for Switch {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Missing => serializer.serialize_str("not in the file"),
            Self::Unset => serializer.serialize_str("not set"),
            Self::Is(value) => serializer.serialize_bool(*value),
            Self::Cut => serializer.serialize_str("cut"),
            Self::Differs => serializer.serialize_str("different in two rows"),
            Self::FilesDiffer(_) => serializer.serialize_str("different in two files"),
            Self::Strange(text) => serializer.serialize_str(text),
        }
    }
}

/// Yes in the languages in which Excel and the portals write it; the language is that of the person's display.
const YES: &[&str] = &[
    "true",
    "$true",
    "yes",
    "waar",
    "ja",
    "wahr",
    "vrai",
    "oui",
    "verdadero",
    "verdadeiro",
    "sí",
    "sim",
    "vero",
    "sì",
    "pravda",
    "prawda",
    "sant",
    "sann",
    "sand",
    "tosi",
    "igaz",
    "doğru",
    "истина",
    "true()",
    "істина",
    "cert",
    "adevărat",
    "αληθης",
    "αληθής",
    "tiesa",
    "tõene",
    "patiess",
    "вярно",
    "egia",
    "satt",
];

/// No in the same languages.
const NO: &[&str] = &[
    "false",
    "$false",
    "no",
    "onwaar",
    "nee",
    "falsch",
    "nein",
    "faux",
    "non",
    "falso",
    "não",
    "nepravda",
    "fałsz",
    "falskt",
    "usann",
    "falsk",
    "epätosi",
    "hamis",
    "yanlış",
    "ложь",
    "false()",
    "хибність",
    "fals",
    "ψευδης",
    "ψευδής",
    "netiesa",
    "vale",
    "väär",
    "aplams",
    "невярно",
    "faltsua",
    "ósatt",
];

impl Cell {
    /// A text as a writer without types has written it: empty is null, and what PowerShell writes in place of a value that
    /// it could not write is [`Cell::Cut`].
    #[must_use]
    pub fn of_text(text: &str) -> Self {
        let text = text.trim();
        match text {
            "" => Self::Null,
            _ if is_replaced(text) => Self::Cut,
            _ if text.contains("<mailto:") => Self::Text(without_links(text)),
            _ => Self::Text(text.to_owned()),
        }
    }

    /// The text, of a text or a number.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Text(text) | Self::Number(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Self::Bool(value) => Some(value.to_string()),
            Self::List(items) if items.len() == 1 => items[0].text(),
            _ => None,
        }
    }

    /// The texts, of a list or of one text with commas between the items.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        match self {
            Self::List(items) => items.iter().flat_map(Self::texts).collect(),
            Self::Text(text) => split(text),
            Self::Number(text) => vec![text.clone()],
            _ => Vec::new(),
        }
    }

    /// The switch that this is, in whatever language it was written.
    #[must_use]
    pub fn switch(&self) -> Switch {
        match self {
            Self::Null => Switch::Unset,
            Self::Bool(value) => Switch::Is(*value),
            Self::Cut => Switch::Cut,
            Self::Text(text) => switch_of(text),
            Self::List(items) if items.len() == 1 => items[0].switch(),
            // a switch parameter, as ConvertTo-Json writes it
            Self::Object(object) if object.has("IsPresent") => object.switch(&["IsPresent"]),
            Self::Object(_) => Switch::Strange("an object".to_owned()),
            Self::List(_) => Switch::Strange("a list".to_owned()),
            Self::Number(text) => Switch::Strange(text.clone()),
        }
    }

    fn object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }
}

/// A text without what Outlook writes behind an address: `a@b.example<mailto:a@b.example>`.
fn without_links(text: &str) -> String {
    let mut parts = text.split("<mailto:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('>').map_or("", |(_, behind)| behind))
}

fn switch_of(text: &str) -> Switch {
    let text = text.trim();
    match text {
        "True" | "true" => return Switch::Is(true),
        "False" | "false" => return Switch::Is(false),
        _ => {}
    }
    if ["", "null", "$null"].contains(&text.to_lowercase().as_str()) {
        return Switch::Unset;
    }
    let known = word(text).or_else(|| of_other_code_pages(text).find_map(|text| word(&text)));
    known.map_or_else(|| Switch::Strange(text.chars().take(40).collect()), Switch::Is)
}

/// Yes or no, in capitals or not. Turkish has a dotted and an undotted i, which other languages change into each other.
fn word(text: &str) -> Option<bool> {
    let same = |text: &str| text.to_lowercase().replace("i\u{307}", "i").replace('ı', "i").replace('ς', "σ");
    let text = same(text);
    let is_in = |words: &[&str]| words.iter().any(|own| same(own) == text);
    if is_in(YES) { Some(true) } else { is_in(NO).then_some(false) }
}

/// The code pages in which Excel saves a CSV on the systems whose words for yes and no are known here.
const CODE_PAGES: &[&Encoding] = &[WINDOWS_1250, WINDOWS_1251, WINDOWS_1253, WINDOWS_1254, WINDOWS_1257, UTF_8];

/// What a text says that was read as Windows-1252, if it was written in another code page: a file does not name its own.
fn of_other_code_pages(text: &str) -> impl Iterator<Item = String> {
    let (bytes, _, lost) = WINDOWS_1252.encode(text);
    let bytes = if lost || text.is_ascii() { Vec::new() } else { bytes.into_owned() };
    CODE_PAGES.iter().filter_map(move |page| {
        let text = page.decode_without_bom_handling_and_without_replacement(&bytes)?;
        (!text.is_empty()).then(|| text.into_owned())
    })
}

/// Items as PowerShell joins them: `a, b`, `{a, b}`, or `a;b` where the person has joined them.
fn split(text: &str) -> Vec<String> {
    let inner = text.trim().trim_start_matches('{').trim_end_matches('}');
    inner.split([',', ';', '|']).map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// True for what PowerShell writes in place of a value: the name of its type, or a hash table as text.
pub(super) fn is_replaced(text: &str) -> bool {
    text.starts_with("System.Collections.")
        || text.starts_with("@{")
        || (text.starts_with("System.") && text.ends_with("[]"))
        || (text.starts_with("Microsoft.") && (text.ends_with("[]") || text.contains("MultiValuedProperty`1")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_null_and_cut_are_three_things() {
        let object = Object::new(
            vec![
                ("Null".into(), Cell::of_text("")),
                ("Lost".into(), Cell::of_text("System.String[]")),
                ("Yes".into(), Cell::of_text("WAAR")),
                ("No".into(), Cell::of_text("Falsch")),
                ("Odd".into(), Cell::of_text("perhaps")),
            ],
            Place::Item(1),
        );
        let switch = |name: &str| object.switch(&[name]);
        assert_eq!(switch("none"), Switch::Missing);
        assert_eq!(switch("null"), Switch::Unset);
        assert_eq!(switch("LOST"), Switch::Cut);
        assert_eq!((switch("yes"), switch("no")), (Switch::Is(true), Switch::Is(false)));
        assert_eq!(switch("odd"), Switch::Strange("perhaps".to_owned()));
    }

    #[test]
    fn switches_are_read_in_every_language_and_code_page() {
        let pages =
            [(WINDOWS_1250, "PRAWDA", "FAŁSZ"), (WINDOWS_1251, "ИСТИНА", "ЛОЖЬ"), (WINDOWS_1254, "DOĞRU", "YANLIŞ")];
        for (page, yes, no) in pages {
            for (text, value) in [(yes, true), (no, false)] {
                let misread = WINDOWS_1252.decode_without_bom_handling(&page.encode(text).0).0.into_owned();
                for text in [text, misread.as_str()] {
                    assert_eq!(Cell::of_text(text).switch(), Switch::Is(value), "{text}");
                }
            }
        }
        for (text, value) in [("Vrai", true), ("ADEVĂRAT", true), ("ψευδής", false), ("NETIESA", false)] {
            assert_eq!(Cell::of_text(text).switch(), Switch::Is(value), "{text}");
        }
        assert_eq!(Cell::of_text("É").switch(), Switch::Strange("É".to_owned()));
    }

    #[test]
    fn lists_are_read_from_every_way_of_joining() {
        for text in ["FullAccess, ReadPermission", "{FullAccess, ReadPermission}", "FullAccess;ReadPermission"] {
            assert_eq!(Cell::of_text(text).texts(), ["FullAccess", "ReadPermission"]);
        }
    }
}
