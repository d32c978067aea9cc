//! The files of `checks/` that are built into the program.

use std::collections::BTreeMap;

use crate::table::{Document, Mistake, Packed};

/// The files of `checks/`, as `build.rs` packs them: the place below `checks`, what mistakes call it, the content.
static BUILT_IN: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/checks.rs"));

/// The causes of those files: code, the number of the file, where the entry begins in its bytes.
static CAUSES: &[(&str, usize, usize)] = include!(concat!(env!("OUT_DIR"), "/causes.rs"));

/// A check as a list shows it: its id; section, title and probe; the checks that it needs; its sources.
type HeadRow = (&'static str, [&'static str; 3], &'static [&'static str], &'static [&'static str]);

/// The checks of those files, as a list shows them.
pub(super) static HEADS: &[HeadRow] = include!(concat!(env!("OUT_DIR"), "/heads.rs"));

/// The checks that speak for or against a cause of those files.
pub(super) static WITNESSES: &[&str] = include!(concat!(env!("OUT_DIR"), "/witnesses.rs"));

/// Files by their place below `checks/`, with slashes.
pub(super) type Files = BTreeMap<String, Document>;

/// What was read of a built-in file.
///
/// # Panics
/// Never in a released program: a test reads every file.
pub(super) fn sound<T>(read: Result<T, Mistake>) -> T {
    read.unwrap_or_else(|mistake| panic!("the built-in catalogue is at fault: {mistake}"))
}

/// A built-in table of this name.
pub(super) fn own_table(name: &str) -> Document {
    let place = format!("tables/{name}");
    let at = BUILT_IN.binary_search_by_key(&place.as_str(), |(known, ..)| *known);
    let (_, name, bytes) = BUILT_IN[at.expect("a table that is asked for is built in")];
    Document::packed(name, Packed::new(bytes))
}

/// The built-in files in a folder whose name fits.
pub(super) fn own_files(is_wanted: impl Fn(&str) -> bool) -> Files {
    let of_folder = BUILT_IN.iter().filter(|(place, ..)| place.split('/').next().is_some_and(&is_wanted));
    of_folder.map(|(place, name, bytes)| ((*place).to_owned(), Document::packed(name, Packed::new(bytes)))).collect()
}

/// The file of the cause with this code, and where the entry begins in its bytes.
pub(super) fn own_cause(code: &str) -> Option<(Document, usize)> {
    let at = CAUSES.binary_search_by_key(&code, |(known, ..)| *known).ok()?;
    let (_, file, begin) = CAUSES[at];
    let (_, name, bytes) = BUILT_IN[file];
    Some((Document::packed(name, Packed::new(bytes)), begin))
}

/// The ids of all built-in checks.
pub(super) fn own_check_ids() -> Vec<String> {
    let places = BUILT_IN.iter().filter_map(|(place, ..)| place.split_once('/'));
    places
        .filter(|(folder, _)| !["causes", "tables"].contains(folder))
        .map(|(folder, name)| id_of(folder, name))
        .collect()
}

/// The id of the check in a file.
pub(super) fn id_of(folder: &str, name: &str) -> String {
    format!("{folder}.{}", name.trim_end_matches(".toml"))
}
