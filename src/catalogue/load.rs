//! Finding the files of the catalogue, ours and those of `--checks DIR`, and reading them in an order that makes every
//! reference checkable at the place where it is written.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use super::{
    Catalogue, Cause, Check, Head,
    built_in::{Files, id_of, own_cause, own_check_ids, own_files, own_table, sound},
    cause, check,
    console::{self, Console},
    firewall::{self, Firewall},
    head,
    lazy::Lazy,
    tables::{self, Tables},
};
use crate::{
    probe::FACTS,
    table::{Document, Mistake, did_you_mean},
};

/// No folder of checks goes deeper than this.
const DEEPEST: usize = 3;
/// No folder of checks holds more files than this.
const MOST_FILES: usize = 2_000;

/// The built-in catalogue, of which each part is read when it is first asked for. A test reads all of it.
#[must_use]
pub fn built_in() -> Catalogue {
    Catalogue {
        checks: Lazy::new(|| sound(own_checks())),
        causes: Lazy::new(|| sound(own_causes())),
        tables: tables::built_in(),
        firewall: Lazy::new(|| sound(Firewall::read(&own_table(firewall::TABLE)))),
        index: OnceLock::new(),
    }
}

/// The built-in cause with this code, for which no other entry is read.
#[must_use]
pub fn built_in_cause(code: &str) -> Option<Cause> {
    let (document, begin) = own_cause(code)?;
    let ids = own_check_ids();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let console = sound(Console::read(&own_table(console::TABLE)));
    Some(sound(cause::read(document.packed_entry("cause", begin), &ids, &console)))
}

fn own_checks() -> Result<Vec<Check>, Mistake> {
    let (checks, ..) = sort(own_files(|folder| folder != "causes" && folder != "tables"))?;
    order(read_checks(&checks, &ids_of(&checks))?)
}

fn own_causes() -> Result<Vec<Cause>, Mistake> {
    let (checks, ..) = sort(own_files(|folder| folder != "causes" && folder != "tables"))?;
    let console = Console::read(&own_table(console::TABLE))?;
    read_causes(own_files(|folder| folder == "causes").values(), &ids_of(&checks), &console)
}

fn ids_of(checks: &Files) -> Vec<&str> {
    checks.keys().map(String::as_str).collect()
}

/// Reads the built-in files, with those of a folder laid over them.
///
/// # Errors
/// The first mistake.
pub fn load(folder: Option<&Path>) -> Result<Catalogue, Mistake> {
    let mut files = own_files(|_| true);
    let laid_over = folder.map(on_disk).transpose()?.unwrap_or_default();
    let theirs: Vec<String> = laid_over.keys().cloned().collect();
    files.extend(laid_over);
    let (checks, causes, tables) = sort(files)?;
    let ids = ids_of(&checks);
    // ours first: of two causes with one code, the one in the folder is the mistake
    let (theirs, ours): (Vec<_>, Vec<_>) = causes.iter().partition(|(place, _)| theirs.contains(place));
    let console = Console::read(table(&tables, console::TABLE)?)?;
    let causes = read_causes(ours.into_iter().chain(theirs).map(|(_, document)| document), &ids, &console)?;
    let checks = read_checks(&checks, &ids)?;
    let firewall = Firewall::read(table(&tables, firewall::TABLE)?)?;
    let tables = Tables::read(|name| table(&tables, name))?;
    let index = OnceLock::new();
    Ok(Catalogue { checks: order(checks)?.into(), causes: causes.into(), firewall: firewall.into(), tables, index })
}

/// A file that results were judged with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Used {
    /// Its place below `checks/`.
    pub place: String,
    /// Its content, as TOML.
    pub text: String,
    /// True for a file of the user's folder.
    pub is_theirs: bool,
}

/// The tables and the user's own checks that results were judged with. The checks and causes that are built in belong to
/// the version of the program.
///
/// # Errors
/// The first mistake in the folder.
pub fn used(folder: Option<&Path>) -> Result<Vec<Used>, Mistake> {
    let theirs = folder.map(on_disk).transpose()?.unwrap_or_default();
    let built_in = own_files(|folder| folder == "tables").into_iter().filter(|(place, _)| !theirs.contains_key(place));
    let built_in = built_in.map(|(place, document)| Used { place, text: document.as_toml(), is_theirs: false });
    let mut used: Vec<Used> = built_in.collect();
    used.extend(theirs.into_iter().map(|(place, document)| Used { place, text: document.as_toml(), is_theirs: true }));
    Ok(used)
}

fn table<'f>(tables: &'f Files, name: &str) -> Result<&'f Document, Mistake> {
    let missing = || whole(Path::new(name), "is missing from checks/tables", "put it back");
    tables.get(&format!("tables/{name}")).ok_or_else(missing)
}

fn is_toml(place: &str) -> bool {
    Path::new(place).extension().is_some_and(|extension| extension == "toml")
}

fn on_disk(folder: &Path) -> Result<Files, Mistake> {
    let mut files = Files::new();
    let mut open: Vec<(PathBuf, usize)> = vec![(folder.to_owned(), 0)];
    while let Some((path, depth)) = open.pop() {
        for entry in list(&path)? {
            if entry.is_dir() && depth < DEEPEST {
                open.push((entry, depth + 1));
            } else if is_toml(&entry.to_string_lossy()) {
                let place = entry.strip_prefix(folder).unwrap_or(&entry).to_string_lossy().replace('\\', "/");
                files.insert(place, Document::read(&entry)?);
            }
            if files.len() > MOST_FILES {
                return Err(whole(folder, "holds too many files", "give a folder that holds checks only"));
            }
        }
    }
    if files.is_empty() {
        return Err(whole(folder, "holds no check", "give a folder with files such as dns/my-check.toml"));
    }
    Ok(files)
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, Mistake> {
    let unreadable = |error: std::io::Error| whole(folder, &crate::files::unread(&error), "give a folder of checks");
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

fn whole(folder: &Path, wrong: &str, right: &str) -> Mistake {
    Mistake { file: folder.display().to_string(), line: None, wrong: wrong.to_owned(), right: right.to_owned() }
}

/// Checks by id; causes and tables by place.
fn sort(files: Files) -> Result<(Files, Files, Files), Mistake> {
    let (mut checks, mut causes, mut tables) = (Files::new(), Files::new(), Files::new());
    for (place, document) in files {
        match place.split('/').collect::<Vec<_>>()[..] {
            ["causes", _] => causes.insert(place, document),
            ["tables", _] => tables.insert(place, document),
            [probe, name] if FACTS.iter().any(|(known, _)| *known == probe) => {
                checks.insert(id_of(probe, name), document)
            }
            _ => return Err(document.misplaced(&FACTS.iter().map(|(name, _)| *name).collect::<Vec<_>>())),
        };
    }
    Ok((checks, causes, tables))
}

fn read_checks(files: &Files, ids: &[&str]) -> Result<Vec<Check>, Mistake> {
    files.iter().map(|(id, document)| check::read(id, document.table()?, ids)).collect()
}

fn read_causes<'f>(
    files: impl Iterator<Item = &'f Document>,
    checks: &[&str],
    console: &Console,
) -> Result<Vec<Cause>, Mistake> {
    let mut causes: Vec<Cause> = Vec::new();
    let mut refuting = Vec::new();
    for document in files {
        let mut table = document.table()?;
        for entry in table.tables("cause")? {
            let place = entry.head();
            let cause = cause::read(entry, checks, console)?;
            if causes.iter().any(|known| known.code == cause.code) {
                return Err(place.mistake(format!("{} is there twice", cause.code), "name each cause once"));
            }
            refuting.push((place, cause.refutes.clone()));
            causes.push(cause);
        }
        table.close()?;
    }
    for (place, refuted) in refuting {
        let codes: Vec<&str> = causes.iter().map(|cause| cause.code.as_str()).collect();
        if let Some(unknown) = refuted.iter().find(|code| !codes.contains(&code.as_str())) {
            return Err(place.mistake(format!("refutes names no cause: {unknown}"), did_you_mean(unknown, &codes)));
        }
    }
    causes.sort_by(|a, b| (a.layer, &a.code).cmp(&(b.layer, &b.code)));
    Ok(causes)
}

/// The checks in the order of their heads.
fn order(mut checks: Vec<Check>) -> Result<Vec<Check>, Mistake> {
    let ordered = head::order(checks.iter().map(Head::from).collect())?;
    let places: HashMap<String, usize> =
        ordered.iter().enumerate().map(|(place, head)| (head.id.to_owned(), place)).collect();
    checks.sort_by_key(|check| places[check.id.as_str()]);
    Ok(checks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn witnesses_are_those_of_the_causes_whether_they_are_read_or_not() {
        let (unread, read) = (built_in(), built_in());
        assert!(!read.causes.is_empty() && unread.causes.made().is_none());
        assert_eq!(unread.witnesses(), read.witnesses());
        assert!(unread.witnesses().contains("smtp.sign-in"));
    }

    #[test]
    fn tables_that_were_used_are_toml_with_the_same_values() {
        let used = used(None).unwrap_or_else(|mistake| panic!("{mistake}"));
        assert!(used.len() > 5 && used.iter().all(|one| one.place.starts_with("tables/") && !one.is_theirs));
        let levels = &used.iter().find(|one| one.place == "tables/ece-levels.toml").expect("the levels").text;
        let own: toml::Table = include_str!("../../checks/tables/ece-levels.toml").parse().expect("TOML");
        assert_eq!(levels.parse::<toml::Table>().expect("TOML"), own);
    }

    #[test]
    fn the_built_in_catalogue_loads() {
        let catalogue = load(None).unwrap_or_else(|mistake| panic!("{mistake}"));
        assert!(catalogue.check("tls.trusted").is_some());
    }

    /// What is read part by part, out of packed files, is what the texts say when they are read as a whole.
    #[test]
    fn packed_files_say_what_their_texts_say() {
        let mut texts = on_disk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("checks")).expect("the folder");
        let known = own_files(|_| true);
        assert!(texts.keys().eq(known.keys()));
        for (place, text) in &mut texts {
            let (text, packed) = (text.table().expect("TOML"), known[place].table().expect("packed"));
            assert_eq!(text.content(), packed.content(), "{place}");
        }
        let whole = load(None).expect("the catalogue");
        let parts = built_in();
        assert_eq!(format!("{:?}", *whole.checks), format!("{:?}", *parts.checks));
        assert_eq!(format!("{:?}", *whole.causes), format!("{:?}", *parts.causes));
        assert_eq!(format!("{:?}", *whole.firewall), format!("{:?}", *parts.firewall));
        assert_eq!(whole.tables.clouds.clouds, parts.tables.clouds.clouds);
        assert_eq!(whole.date(), parts.date());
    }

    #[test]
    fn each_cause_by_itself_is_the_one_of_the_whole() {
        let catalogue = built_in();
        for cause in &catalogue.causes {
            let alone = built_in_cause(&cause.code).expect("each has an entry");
            assert_eq!(format!("{alone:?}"), format!("{cause:?}"));
        }
        assert!(built_in_cause("no-such-cause").is_none());
    }

    #[test]
    fn a_circle_of_needs_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let text = include_str!("../../checks/tcp/opens.toml").replace("\"dns.resolves\"", "\"tls.trusted\"");
        std::fs::create_dir(folder.path().join("tcp")).expect("a folder");
        std::fs::write(folder.path().join("tcp/opens.toml"), text).expect("a file");
        let mistake = load(Some(folder.path())).unwrap_err();
        assert!(mistake.wrong.contains("needs itself"), "{mistake}");
    }

    #[test]
    fn both_examples_of_the_readme_load() {
        let readme = include_str!("../../checks/README.md");
        let examples: Vec<&str> =
            readme.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default()).collect();
        let [check, cause] = examples[..] else { panic!("two examples, not {}", examples.len()) };
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (place, text) in [("tls/lasts-a-month.toml", check), ("causes/mine.toml", cause)] {
            let file = folder.path().join(place);
            std::fs::create_dir(file.parent().expect("a folder")).expect("a folder");
            std::fs::write(file, text).expect("a file");
        }
        let catalogue = Catalogue::with_folder(folder.path()).unwrap_or_else(|mistake| panic!("{mistake}"));
        let check = catalogue.check("tls.lasts-a-month").expect("the check of the README");
        let faults = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lab/faults");
        assert!(check.proofs.iter().all(|proof| faults.join(format!("{}.toml", proof.fault)).is_file()));
        assert!(catalogue.cause("ece-certificate-ends-soon").is_some());
    }

    #[test]
    fn a_file_outside_the_known_folders_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("mine.toml"), "").expect("a file");
        assert!(load(Some(folder.path())).unwrap_err().right.contains("dns"));
    }

    #[test]
    fn folders_are_read_three_deep() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir_all(folder.path().join("a/b/c/d")).expect("folders");
        for place in ["a/b/c/mine.toml", "a/b/c/d/mine.toml"] {
            std::fs::write(folder.path().join(place), "").expect("a file");
        }
        let files = on_disk(folder.path()).unwrap_or_else(|mistake| panic!("{mistake}"));
        assert!(files.keys().eq(["a/b/c/mine.toml"]));
    }

    #[test]
    fn catalogue_has_the_date_of_the_newest_table_that_ages() {
        let used = used(None).unwrap_or_else(|mistake| panic!("{mistake}"));
        let of = |name: &&str| {
            let one = used.iter().find(|one| one.place == format!("tables/{name}")).expect("a table");
            one.text.parse::<toml::Table>().expect("TOML")["date"].to_string()
        };
        assert_eq!(Some(built_in().date()), Tables::FILES[..4].iter().map(of).max());
    }
}
