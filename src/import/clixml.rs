//! CLIXML: what `Export-Clixml` writes.
//!
//! In: text. Out: a [`Sheet`]. An object keeps its fields in `Props` when it is the cmdlet's own, in `MS` when it went
//! through `Select-Object`; both are read. An enumeration has a `ToString`. `_x000D_` is an escaped character. Types are
//! named once and referred to by number, and so are objects that occur twice.
//! <https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/58ced2ab-6a2c-4f5c-97ec-fcd8a0a6a6f2>

use std::{collections::HashMap, sync::Arc};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};

use super::{
    Container, Rejected, Sheet,
    cell::{Cell, Object, Place},
    csv::MOST_ROWS,
};

/// The deepest nesting that is read; `Export-Clixml` itself goes two deep unless asked.
const DEEPEST: usize = 64;

const RIGHT: &str = "give the whole file that Export-Clixml wrote";

/// Reads a text.
///
/// # Errors
/// When it is no XML, no CLIXML, is cut or too deep.
pub fn read(name: &str, text: &str) -> Result<Sheet, Rejected> {
    let root = tree(name, text)?;
    if root.tag != "Objs" {
        let wrong = format!("is XML, but not of Export-Clixml: its first element is {}", root.tag);
        return Err(Rejected::whole(name, &wrong, "export with Export-Clixml, ConvertTo-Json or Export-Csv"));
    }
    let mut references = References::default();
    let cells: Vec<Cell> = root.children.iter().map(|child| cell(child, &mut references)).collect();
    if cells.len() > MOST_ROWS {
        return Err(Rejected::whole(name, "has more than a million objects", "export only the mailboxes of ECE"));
    }
    let mut sheet = Sheet::new(Container::Clixml);
    for item in cells {
        let items = if let Cell::List(items) = item { items } else { vec![item] };
        sheet.extend(items, None, None);
    }
    sheet.asked = references.types.into_values().flatten().find(|name| name.contains("Exchange"));
    Ok(sheet)
}

/// One element.
#[derive(Debug, Default)]
struct Element {
    tag: String,
    name: Option<String>,
    id: Option<String>,
    text: String,
    children: Vec<Element>,
}

fn tree(name: &str, text: &str) -> Result<Element, Rejected> {
    let mut reader = Reader::from_str(text);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        let at = |wrong: String, reader: &Reader<&[u8]>| {
            let offset = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX).min(text.len());
            let line = text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1;
            Rejected { file: name.to_owned(), place: Some(Place::Line(line)), wrong, right: RIGHT.to_owned() }
        };
        let event = reader.read_event().map_err(|error| at(format!("is not XML: {error}"), &reader))?;
        match event {
            Event::Start(start) if open.len() > DEEPEST => {
                return Err(at(format!("is nested more than {DEEPEST} deep at {}", tag(&start)), &reader));
            }
            Event::Start(start) => open.push(element(&start)),
            Event::Empty(start) => add(&mut open, element(&start)),
            Event::End(_) => {
                let done = open.pop().unwrap_or_default();
                add(&mut open, done);
            }
            Event::Text(said) => push_text(&mut open, &said.xml10_content()),
            Event::CData(said) => push_text(&mut open, &said.xml10_content()),
            Event::GeneralRef(reference) => {
                let letter = reference.resolve_char_ref().ok().flatten();
                let known =
                    letter.map(String::from).or_else(|| predefined(&reference.xml10_content()).map(str::to_owned));
                let text = known.ok_or_else(|| at("names an entity that XML does not define".to_owned(), &reader))?;
                push_text(&mut open, &text);
            }
            Event::DocType(_) => {
                return Err(at("holds a document type, which Export-Clixml never writes".to_owned(), &reader));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let cut = open.len() != 1;
    let top = open.into_iter().next().and_then(|top| top.children.into_iter().next());
    match top {
        Some(root) if !cut => Ok(root),
        _ => Err(Rejected::whole(name, "ends in the middle: the file was cut", RIGHT)),
    }
}

fn predefined(name: &str) -> Option<&'static str> {
    match name {
        "amp" => Some("&"),
        "lt" => Some("<"),
        "gt" => Some(">"),
        "quot" => Some("\""),
        "apos" => Some("'"),
        _ => None,
    }
}

fn tag(start: &BytesStart<'_>) -> String {
    let local = start.local_name();
    local.as_ref().to_owned()
}

fn element(start: &BytesStart<'_>) -> Element {
    let attribute = |name: &str| {
        let found = start.try_get_attribute(name).ok().flatten()?;
        Some(found.normalized_value(quick_xml::XmlVersion::Implicit1_0).ok()?.into_owned())
    };
    Element {
        tag: tag(start),
        name: attribute("N").map(|name| unescaped(&name)),
        id: attribute("RefId"),
        ..Element::default()
    }
}

fn add(open: &mut [Element], done: Element) {
    if let Some(parent) = open.last_mut() {
        parent.children.push(done);
    }
}

fn push_text(open: &mut [Element], text: &str) {
    if let Some(parent) = open.last_mut() {
        parent.text.push_str(text);
    }
}

/// What later elements refer to by number.
#[derive(Default)]
struct References {
    objects: HashMap<String, Cell>,
    types: HashMap<String, Vec<String>>,
}

fn cell(element: &Element, references: &mut References) -> Cell {
    match element.tag.as_str() {
        "Nil" => Cell::Null,
        "B" => Cell::Bool(element.text.trim() == "true"),
        "Ref" => element.id.as_ref().and_then(|id| references.objects.get(id)).cloned().unwrap_or(Cell::Null),
        "I16" | "I32" | "I64" | "U16" | "U32" | "U64" | "By" | "SB" | "Sg" | "Db" | "D" => {
            Cell::Number(element.text.trim().to_owned())
        }
        "SS" => Cell::Cut, // a SecureString is a secret
        "Obj" => object(element, references),
        _ => Cell::of_text(&unescaped(&element.text)),
    }
}

fn object(element: &Element, references: &mut References) -> Cell {
    let child = |tag: &str| element.children.iter().find(|child| child.tag == tag);
    if let (Some(types), Some(id)) = (child("TN"), child("TN").and_then(|types| types.id.clone())) {
        references.types.insert(id, types.children.iter().map(|name| name.text.clone()).collect());
    }
    let list = ["LST", "IE", "QUE", "STK"].iter().find_map(|tag| child(tag));
    let read = if let Some(list) = list {
        Cell::List(list.children.iter().map(|item| cell(item, references)).collect())
    } else if let Some(pairs) = child("DCT") {
        let fields = pairs.children.iter().filter_map(|pair| entry(pair, references)).collect();
        Cell::Object(Box::new(Object::new(fields, Place::Item(1))))
    } else {
        fields_of(element, references)
    };
    if let Some(id) = &element.id {
        references.objects.insert(id.clone(), read.clone());
    }
    read
}

fn entry(pair: &Element, references: &mut References) -> Option<(Arc<str>, Cell)> {
    let part = |name: &str| pair.children.iter().find(|child| child.name.as_deref() == Some(name));
    Some((unescaped(&part("Key")?.text).into(), cell(part("Value")?, references)))
}

fn fields_of(element: &Element, references: &mut References) -> Cell {
    let holders = element.children.iter().filter(|child| ["Props", "MS"].contains(&child.tag.as_str()));
    let mut fields: Vec<(Arc<str>, Cell)> = Vec::new();
    for child in holders.flat_map(|holder| &holder.children) {
        if let Some(name) = &child.name {
            fields.push((name.as_str().into(), cell(child, references)));
        }
    }
    if !fields.is_empty() {
        return Cell::Object(Box::new(Object::new(fields, Place::Item(1))));
    }
    let shown = element.children.iter().find(|child| child.tag == "ToString").map(|said| unescaped(&said.text));
    let value =
        element.children.iter().find(|child| !["TN", "TNRef", "ToString", "MS", "Props"].contains(&child.tag.as_str()));
    match (shown, value) {
        (Some(shown), _) => Cell::of_text(&shown),
        (None, Some(value)) => cell(value, references),
        (None, None) => Cell::Null,
    }
}

/// Undoes `_xHHHH_`, in which CLIXML writes what XML may not hold.
fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 6).filter(|_| rest.as_bytes().get(at + 6) == Some(&b'_'));
        let letter = code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32);
        out.push_str(&rest[..at]);
        if let Some(letter) = letter {
            out.push(letter);
            rest = &rest[at + 7..];
        } else {
            out.push_str("_x");
            rest = &rest[at + 2..];
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = r#"<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">"#;

    #[test]
    fn props_ms_references_lists_and_escapes_are_read() {
        let text = format!(
            r#"{HEAD}<Obj RefId="0"><TN RefId="0"><T>Deserialized.Microsoft.Exchange.CASMailbox</T></TN><Props><S N="Name">a_x000D_b &amp; c</S><B N="On">false</B><Nil N="No" /><Obj N="Type" RefId="1"><ToString>SharedMailbox</ToString><I32>4</I32></Obj></Props><MS><Obj N="L" RefId="2"><LST><S>x</S><S>y</S></LST></Obj><Ref N="Again" RefId="2" /></MS></Obj></Objs>"#
        );
        let sheet = read("f", &text).unwrap();
        let object = &sheet.objects[0];
        assert_eq!(object.get("name"), Some(&Cell::Text("a\rb & c".into())));
        assert_eq!((object.get("on"), object.get("no")), (Some(&Cell::Bool(false)), Some(&Cell::Null)));
        assert_eq!(object.text(&["type"]).as_deref(), Some("SharedMailbox"));
        assert_eq!(
            (object.texts(&["l"]), object.texts(&["again"])),
            (vec!["x".into(), "y".into()], vec!["x".into(), "y".into()])
        );
    }

    #[test]
    fn foreign_cut_and_dangerous_xml_is_refused() {
        let doctype = format!("<!DOCTYPE a [<!ENTITY b \"c\">]>{HEAD}</Objs>");
        let deep = format!("{HEAD}{}", "<Obj>".repeat(200));
        for (text, word) in [
            ("<html></html>", "first element is html"),
            (HEAD, "cut"),
            (doctype.as_str(), "document type"),
            (deep.as_str(), "deep"),
            ("<Objs>&bomb;</Objs>", "entity"),
        ] {
            let rejected = read("f", text).unwrap_err().to_string();
            assert!(rejected.contains(word), "{rejected}");
        }
    }
}
