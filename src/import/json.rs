//! JSON: what `ConvertTo-Json`, Microsoft Graph, the portals and our own block write.
//!
//! In: text. Out: a [`Sheet`]. One object counts as a list of one; a list may be wrapped as `value` (Graph) or as `value`
//! and `Count` (PowerShell 5.1); `@odata.nextLink` says that the file is incomplete. Fields that can hold a secret are
//! dropped while reading and never reach memory that outlives this function. Depth and the number of values are bounded.

use std::{
    borrow::Cow,
    cell::{Cell as Counter, RefCell},
    collections::HashSet,
    fmt,
    sync::Arc,
};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{
    Container, Incomplete, Rejected, Sheet,
    cell::{Cell, Object, Place},
    secrets::{is_secret, is_secret_text},
};

/// The most values that one file may hold: 64 MiB of short values would otherwise fill the memory of a small server.
const MOST_VALUES: usize = 8_000_000;

/// The parts of the block that `evidence request` prints, and what each of them holds.
pub const BUNDLE: &[(&str, &str)] = &[
    ("cas", "Get-CASMailbox"),
    ("org", "Get-TransportConfig"),
    ("box", "Get-Mailbox"),
    ("right", "Get-MailboxPermission"),
    ("as", "Get-RecipientPermission"),
    ("sp", "Get-ServicePrincipal"),
];

/// Reads a text.
///
/// # Errors
/// When it is no JSON, is cut, is too deep or holds too much.
pub fn read(name: &str, text: &str) -> Result<Sheet, Rejected> {
    let mut sheet = Sheet::new(Container::Json);
    let documents = documents(text).map_err(|error| rejected(name, text, &error))?;
    let several = documents.len() > 1;
    for cell in documents {
        match cell {
            Cell::List(items) => sheet.extend(items, None, None),
            Cell::Object(object) => whole(&mut sheet, *object),
            _ => return Err(Rejected::whole(name, "is a single value, not an object or a list of objects", WHAT)),
        }
    }
    if several {
        sheet.asked = None; // of several answers, none says what the file is
    }
    Ok(sheet)
}

/// The values of a text, one after another, as a loop of commands writes them. A prompt or a sentence ends them.
fn documents(text: &str) -> serde_json::Result<Vec<Cell>> {
    let reading = Reading { left: Counter::new(MOST_VALUES), names: RefCell::default() };
    let mut reader = serde_json::Deserializer::from_str(text);
    let mut documents = Vec::new();
    loop {
        documents.push(CellSeed { reading: &reading, field: "" }.deserialize(&mut reader)?);
        let Err(further) = reader.end() else { return Ok(documents) };
        let line = text.lines().nth(further.line().saturating_sub(1)).unwrap_or_default();
        let above = line.char_indices().take(further.column().saturating_sub(1)).all(|(_, c)| c.is_whitespace());
        let follows = line.trim_start();
        if !above || follows.starts_with(['}', ']', ',', ':', '"']) {
            return Err(further);
        }
        if !follows.starts_with(['{', '[']) || follows.starts_with("[PS]") {
            return Ok(documents);
        }
    }
}

const WHAT: &str = "give the whole file that ConvertTo-Json, Microsoft Graph or the portal wrote";

fn rejected(name: &str, text: &str, error: &serde_json::Error) -> Rejected {
    let wrong = if error.is_eof() {
        "ends in the middle: the file was cut".to_owned()
    } else {
        format!("is not JSON: {}", without_position(&error.to_string()))
    };
    let right = if text.trim_start().starts_with("{\\rtf") { "save it as plain text" } else { WHAT };
    Rejected { file: name.to_owned(), place: Some(Place::Line(error.line().max(1))), wrong, right: right.to_owned() }
}

fn without_position(text: &str) -> &str {
    text.split(" at line ").next().unwrap_or(text)
}

/// One object that is the whole file: a wrapper, our own block, or the object itself.
fn whole(sheet: &mut Sheet, object: Object) {
    let context = object.text(&["@odata.context"]);
    if ["@odata.nextLink", "odata.nextLink", "nextLink", "__next"].iter().any(|name| object.has(name)) {
        sheet.incomplete.push(Incomplete::NextLink);
    }
    sheet.asked.clone_from(&context);
    if is_bundle(&object) {
        return bundle(sheet, object);
    }
    let whom = context.as_deref().and_then(user_of);
    let Some(at) = wrapped(&object) else {
        return sheet.extend(vec![Cell::Object(Box::new(object))], context.as_deref(), whom.as_deref());
    };
    match object.fields.into_iter().nth(at) {
        Some((_, Cell::List(items))) => sheet.extend(items, context.as_deref(), whom.as_deref()),
        Some((_, Cell::Object(inner))) => whole(sheet, *inner),
        _ => {}
    }
}

/// Names that programs give to the list that is the whole answer: Graph and PowerShell 5.1, older `OData`, scripts.
const WRAPPERS: &[&str] = &["value", "d", "results", "data", "items", "rows"];

/// The field that holds the rows: one that is called so, or the only one, which no kind of row has.
fn wrapped(object: &Object) -> Option<usize> {
    let is_list =
        |cell: &Cell| matches!(cell, Cell::List(items) if items.iter().all(|item| matches!(item, Cell::Object(_))));
    let called = |(name, cell): &(Arc<str>, Cell)| {
        let by_name = WRAPPERS.iter().any(|own| name.eq_ignore_ascii_case(own));
        by_name && (matches!(cell, Cell::List(_)) || (object.fields.len() == 1 && matches!(cell, Cell::Object(_))))
    };
    let only = |(name, cell): &(Arc<str>, Cell)| {
        object.fields.len() == 1 && **name != *"synchronizationRules" && is_list(cell)
    };
    object.fields.iter().position(called).or_else(|| object.fields.iter().position(only))
}

fn is_bundle(object: &Object) -> bool {
    object.has("made") && BUNDLE.iter().any(|(part, _)| object.has(part))
}

fn bundle(sheet: &mut Sheet, object: Object) {
    sheet.container = Container::Bundle;
    sheet.made_at = object.get("made").filter(|made| **made != Cell::Null).map(|made| made.text().unwrap_or_default());
    for (field, cell) in object.fields {
        let Some((_, cmdlet)) = BUNDLE.iter().find(|(part, _)| field.eq_ignore_ascii_case(part)) else { continue };
        sheet.complete.push((*cmdlet).to_owned());
        let items = match cell {
            Cell::List(items) => items,
            Cell::Null => Vec::new(),
            one => vec![one],
        };
        sheet.extend(items, Some(cmdlet), None);
    }
}

/// The user that a context such as `…#users('sales%40example.com')/licenseDetails` names.
#[must_use]
pub fn user_of(context: &str) -> Option<String> {
    let inner = context.split_once("users('")?.1.split_once("')")?.0;
    let plain = percent_encoding::percent_decode_str(inner).decode_utf8().ok()?;
    Some(plain.to_lowercase()).filter(|user| !user.is_empty())
}

/// What all values of a text share.
struct Reading {
    /// How many more values may come.
    left: Counter<usize>,
    /// The names of fields so far: a list of a hundred thousand users has each of them once.
    names: RefCell<HashSet<Arc<str>>>,
}

impl Reading {
    fn name(&self, name: &str) -> Arc<str> {
        let mut names = self.names.borrow_mut();
        if let Some(known) = names.get(name) {
            return Arc::clone(known);
        }
        let name: Arc<str> = name.into();
        names.insert(Arc::clone(&name));
        name
    }
}

/// Reads one value, counting all that it holds.
#[derive(Clone, Copy)]
struct CellSeed<'c> {
    reading: &'c Reading,
    field: &'c str,
}

impl<'de> DeserializeSeed<'de> for CellSeed<'_> {
    type Value = Cell;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cell, D::Error> {
        let left = self.reading.left.get().checked_sub(1);
        self.reading
            .left
            .set(left.ok_or_else(|| serde::de::Error::custom("more values than a file of evidence holds"))?);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CellSeed<'_> {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Cell, E> {
        Ok(Cell::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell, E> {
        Ok(Cell::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Cell, E> {
        Ok(Cell::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell::Number(value.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell, E> {
        let is_date = text.starts_with("/Date("); // the date that PowerShell 5.1 wraps
        Ok(if is_secret_text(self.field) && !is_date { Cell::Cut } else { Cell::of_text(text) })
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Cell, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(CellSeed { reading: self.reading, field: "" })? {
            items.push(item);
        }
        Ok(Cell::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cell, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            if is_secret(&name) {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let cell = map.next_value_seed(CellSeed { reading: self.reading, field: &name })?;
            fields.push((self.reading.name(&name), cell));
        }
        if let Some(name) = of_two_values(&fields) {
            let told: String = name.chars().take(60).collect();
            return Err(serde::de::Error::custom(format_args!("one object has {told:?} twice, with different values")));
        }
        Ok(unwrapped(fields).unwrap_or_else(|fields| Cell::Object(Box::new(Object::new(fields, Place::Item(1))))))
    }
}

/// The name that an object has twice with different values. Equal names share their text.
fn of_two_values(fields: &Fields) -> Option<&str> {
    let mut by_name: Vec<&(Arc<str>, Cell)> = fields.iter().collect();
    by_name.sort_by_key(|(name, _)| Arc::as_ptr(name).cast::<u8>());
    let twice = by_name.windows(2).find(|pair| Arc::ptr_eq(&pair[0].0, &pair[1].0) && pair[0].1 != pair[1].1);
    twice.map(|pair| &*pair[0].0)
}

/// The names and values of an object.
type Fields = Vec<(Arc<str>, Cell)>;

/// What `ConvertTo-Json` of PowerShell 5.1 writes beside the `value` of a list or a date.
const OF_WRAPPER: &[&str] = &["Count", "DisplayHint", "DateTime"];

/// The list or the date that PowerShell 5.1 has wrapped; any other object stays as it is.
fn unwrapped(mut fields: Fields) -> Result<Cell, Fields> {
    let is_of_wrapper = |(name, _): &(Arc<str>, Cell)| OF_WRAPPER.iter().any(|own| name.eq_ignore_ascii_case(own));
    match fields.iter().position(|(name, _)| name.eq_ignore_ascii_case("value")) {
        Some(at)
            if fields.len() > 1
                && fields.iter().enumerate().all(|(other, field)| other == at || is_of_wrapper(field)) =>
        {
            Ok(fields.swap_remove(at).1)
        }
        _ => Err(fields),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrappers_single_objects_and_lists_give_the_same_rows() {
        let one = r#"{"Name":"a","On":null}"#;
        for form in [one.to_owned(), format!("[{one}]"), format!(r#"{{"value":[{one}],"Count":1}}"#)] {
            let sheet = read("f", &form).unwrap();
            assert_eq!(sheet.objects.len(), 1, "{form}");
            assert_eq!(sheet.objects[0].get("name"), Some(&Cell::Text("a".into())));
        }
    }

    #[test]
    fn several_answers_and_what_was_pasted_below_them_are_told_apart() {
        let one = r#"{"Name":"a"}"#;
        for form in [
            format!("{one}\n{one}"),
            format!("[{one}]\r\n[{one}]\r\nPS C:\\> exit"),
            format!(r#"{{"d":{{"results":[{one},{one}]}}}}"#),
            format!(r#"{{"mailboxes":[{one},{one}]}}"#),
        ] {
            assert_eq!(read("f", &form).unwrap().objects.len(), 2, "{form}");
        }
        for broken in [format!("{one} x"), format!("{one}\n}}"), format!("{one}\n{{\"Na"), format!("[{one}],\n{one}")] {
            assert!(read("f", &broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn cut_file_is_named_with_its_line() {
        let rejected = read("f.json", "[\n {\"Name\": \"a\"},\n {\"Na").unwrap_err();
        assert_eq!(rejected.to_string(), format!("f.json, line 3: ends in the middle: the file was cut\n  {WHAT}"));
    }

    #[test]
    fn secrets_are_dropped_while_reading() {
        let text = r#"{"passwordCredentials":[{"hint":"abc","secretText":"s3","value":"old","endDateTime":"2027-01-01"}],"access_token":"t"}"#;
        let shown = format!("{:?}", read("f", text).unwrap());
        for secret in ["abc", "s3", "old", "\"t\""] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("2027-01-01"));
    }

    #[test]
    fn next_link_makes_it_incomplete_and_context_names_the_user() {
        let text = r#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users('sales%40example.com')/licenseDetails","@odata.nextLink":"x","value":[{"a":1}]}"#;
        let sheet = read("f", text).unwrap();
        assert_eq!(sheet.incomplete, [Incomplete::NextLink]);
        assert_eq!(sheet.objects[0].whom.as_deref(), Some("sales@example.com"));
    }

    #[test]
    fn lists_and_dates_of_powershell_5_1_are_unwrapped_where_they_are() {
        let text = r#"{"Rights":{"value":["FullAccess"],"Count":1},"At":{"value":"\/Date(1790762400000)\/","DisplayHint":2,"DateTime":"woensdag"},"Control":{"value":1,"Value":"Deny"}}"#;
        let sheet = read("f", text).unwrap();
        assert_eq!(sheet.objects[0].texts(&["Rights"]), ["FullAccess"]);
        assert_eq!(sheet.objects[0].text(&["At"]).as_deref(), Some("/Date(1790762400000)/"));
        assert!(sheet.objects[0].object("Control").is_some());
    }

    #[test]
    fn object_that_says_two_things_under_one_name_is_refused() {
        let twice = |second: &str| read("f", &format!("[\n{{\"On\":true,\"Name\":\"a\",\"On\":{second}}}]"));
        assert!(twice("true").is_ok());
        let told = twice("false").unwrap_err().to_string();
        assert!(told.starts_with("f, line 2: ") && told.contains("one object has \"On\" twice"), "{told}");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(100_000);
        assert!(read("f", &deep).unwrap_err().to_string().contains("recursion"));
    }
}
