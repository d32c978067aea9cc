//! Packs `checks/` into the program, parsed: what is TOML in the repository is a tree of bytes in the program, so that no
//! start parses text. A file that is no TOML stops the build, with its line.
//!
//! The form, which `src/table/packed.rs` reads: a value is a tag and its content, numbers are in base 128, least first.
//! Each key and value has its offset in the text; what ends a file are the offsets of its line ends.

#![expect(clippy::disallowed_methods, reason = "it reads its own sources, while the program is built")]

use std::{
    borrow::Cow,
    collections::BTreeSet,
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=checks");
    let checks = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("checks");
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it"));
    let mut files = Vec::new();
    collect(&checks, &mut files);
    files.sort();
    let mut source = String::from("&[\n");
    let (mut causes, mut heads, mut witnesses) = (Vec::new(), String::from("&[\n"), BTreeSet::new());
    for (number, file) in files.iter().enumerate() {
        let place = file.strip_prefix(&checks).expect("below checks").to_string_lossy().replace('\\', "/");
        let text = fs::read_to_string(file).unwrap_or_else(|error| panic!("checks/{place}: {error}"));
        let table = DeTable::parse(&text).unwrap_or_else(|error| panic!("checks/{place}: {error}"));
        let (packed, entries) = pack(&text, table.get_ref());
        heads.extend(head(&place, table.get_ref()));
        witnesses.extend(witnesses_in(table.get_ref()));
        causes.extend(entries.into_iter().map(|(code, begin)| (code, number, begin)));
        fs::write(out.join(format!("checks-{number}")), packed).expect("the folder can be written to");
        let packed = format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/checks-{number}\"))");
        writeln!(source, "    (\"{place}\", \"checks/{place}\", {packed}),").expect("a text takes all");
    }
    fs::write(out.join("checks.rs"), source + "]\n").expect("the folder can be written to");
    fs::write(out.join("heads.rs"), heads + "]\n").expect("the folder can be written to");
    let witnesses = Vec::from_iter(witnesses);
    fs::write(out.join("witnesses.rs"), format!("&{witnesses:?}")).expect("the folder can be written to");
    causes.sort();
    fs::write(out.join("causes.rs"), format!("&{causes:?}")).expect("the folder can be written to");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
}

/// What a list shows of a check, as a line of Rust; none for a file that holds no check.
fn head(place: &str, table: &DeTable<'_>) -> Option<String> {
    let (folder, name) = place.split_once('/').filter(|(folder, _)| !["causes", "tables"].contains(folder))?;
    let text = |key: &str| table.get(key).and_then(|value| value.get_ref().as_str()).unwrap_or_default();
    let below = |key: &str| table.get(key).and_then(|value| value.get_ref().as_table());
    let probe = below("probe").and_then(|probes| probes.keys().next());
    let all = [text("section"), text("title"), probe.map_or("", |probe| probe.get_ref())];
    let id = format!("{folder}.{}", name.trim_end_matches(".toml"));
    let needs = texts(table.get("needs"));
    let sources = texts(below("words").and_then(|words| words.get("sources")));
    Some(format!("    ({id:?}, {all:?}, &{needs:?}, &{sources:?}),\n"))
}

/// The checks that by passing, failing or failing alike speak for or against a cause of a file.
fn witnesses_in(table: &DeTable<'_>) -> Vec<String> {
    let causes = table.get("cause").and_then(|causes| causes.get_ref().as_array()).into_iter().flatten();
    let evidence = causes.filter_map(|cause| cause.get_ref().get("evidence"));
    let sides = evidence.flat_map(|evidence| ["for", "against"].map(|side| evidence.get_ref().get(side))).flatten();
    let lists = sides.flat_map(|side| ["pass", "fail", "alike"].map(|list| side.get_ref().get(list)));
    lists.flat_map(texts).map(str::to_owned).collect()
}

fn texts<'t>(list: Option<&'t Spanned<DeValue<'t>>>) -> Vec<&'t str> {
    let items = list.and_then(|list| list.get_ref().as_array());
    items.into_iter().flatten().filter_map(|item| item.get_ref().as_str()).collect()
}

/// A file, and where in it the entry of each cause begins.
fn pack(text: &str, table: &DeTable<'_>) -> (Vec<u8>, Vec<(String, usize)>) {
    let mut packed = Vec::new();
    let mut causes = Vec::new();
    put_number(table.len(), &mut packed);
    for (key, value) in table {
        put_key(key, &mut packed);
        match value.get_ref() {
            DeValue::Array(entries) if key.get_ref() == "cause" => {
                put_number(value.span().start, &mut packed);
                put_items(entries, &mut packed, |entry, begin| {
                    let code = entry.get_ref().get("code").and_then(|code| code.get_ref().as_str());
                    causes.extend(code.map(|code| (code.to_owned(), begin)));
                });
            }
            _ => put_value(value, &mut packed),
        }
    }
    let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
    for (offset, _) in newlines {
        put_number(offset, &mut packed);
    }
    (packed, causes)
}

fn put_table(table: &DeTable<'_>, packed: &mut Vec<u8>) {
    put_number(table.len(), packed);
    for (key, value) in table {
        put_key(key, packed);
        put_value(value, packed);
    }
}

fn put_key(key: &Spanned<Cow<'_, str>>, packed: &mut Vec<u8>) {
    put_text(key.get_ref(), packed);
    put_number(key.span().start, packed);
}

/// `begins` is told of each item and of the place where it begins in what is packed.
fn put_items<'v>(
    items: &'v [Spanned<DeValue<'v>>],
    packed: &mut Vec<u8>,
    mut begins: impl FnMut(&'v Spanned<DeValue<'v>>, usize),
) {
    packed.push(5);
    put_number(items.len(), packed);
    for item in items {
        begins(item, packed.len());
        put_value(item, packed);
    }
}

fn put_value(value: &Spanned<DeValue<'_>>, packed: &mut Vec<u8>) {
    put_number(value.span().start, packed);
    match value.get_ref() {
        DeValue::String(text) => put_tagged(0, text, packed),
        DeValue::Integer(number) => put_tagged(1, &number.to_string(), packed),
        DeValue::Boolean(value) => packed.push(if *value { 3 } else { 2 }),
        DeValue::Datetime(date) => put_tagged(4, &date.to_string(), packed),
        DeValue::Array(items) => put_items(items, packed, |_, _| {}),
        DeValue::Table(table) => {
            packed.push(6);
            put_table(table, packed);
        }
        DeValue::Float(number) => put_tagged(7, &number.to_string(), packed),
    }
}

fn put_tagged(tag: u8, text: &str, packed: &mut Vec<u8>) {
    packed.push(tag);
    put_text(text, packed);
}

fn put_text(text: &str, packed: &mut Vec<u8>) {
    put_number(text.len(), packed);
    packed.extend_from_slice(text.as_bytes());
}

fn put_number(mut number: usize, packed: &mut Vec<u8>) {
    while number > 0x7f {
        packed.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    packed.push(number.to_le_bytes()[0]);
}
