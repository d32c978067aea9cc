//! The files that a path names. In: a file or a folder. Out: the files, in the order of their names.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::Rejected;
use crate::files;

/// The most files of a folder that are read.
const MOST_FILES: usize = 200;

/// The most files and folders that are looked at, hidden ones too.
const MOST_ENTRIES: usize = 10_000;

/// How deep folders are entered; an archive has a folder or two of its own.
const DEEPEST: usize = 8;

/// The files that a path names: itself, or the files of a folder and of the folders in it. What is hidden is left out, and
/// links to folders are not followed.
///
/// # Errors
/// When it cannot be read, or the folder has no files or too many, or is too deep.
pub fn files_of(path: &Path) -> Result<Vec<PathBuf>, Rejected> {
    let refused = |place: &Path, wrong: &str, right: &str| Rejected::whole(&place.display().to_string(), wrong, right);
    let unread = |place: &Path, error: &io::Error| {
        refused(place, &files::unread(error), "give a file or a folder that this user may read")
    };
    let too_much = |wrong: &str| refused(path, wrong, "give a folder that holds the evidence only");
    if !fs::metadata(path).map_err(|error| unread(path, &error))?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let (mut files, mut folders, mut looked_at) = (Vec::new(), vec![(path.to_owned(), 0)], 0);
    while let Some((folder, depth)) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| unread(&folder, &error))? {
            let entry = entry.map_err(|error| unread(&folder, &error))?;
            looked_at += 1;
            if looked_at > MOST_ENTRIES {
                return Err(too_much(&format!("holds more than {MOST_ENTRIES} files and folders")));
            }
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let below = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth == DEEPEST {
                    return Err(too_much(&format!("holds folders more than {DEEPEST} deep")));
                }
                folders.push((below, depth + 1));
            } else if below.is_file() {
                files.push(below);
            }
            if files.len() > MOST_FILES {
                return Err(too_much(&format!("holds more than {MOST_FILES} files")));
            }
        }
    }
    if files.is_empty() {
        return Err(refused(path, "is a folder without files", "give the folder into which the files were copied"));
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let file = folder.path().join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, "").unwrap();
        }
        folder
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let files = files_of(folder.path()).unwrap();
        files.iter().map(|file| file.strip_prefix(folder.path()).unwrap().display().to_string()).collect()
    }

    #[test]
    fn folders_below_are_entered_and_what_is_hidden_is_not() {
        let folder = folder(&["b.csv", "a/c.csv", "a/d/e.json", ".git/config", ".hidden"]);
        let separator = std::path::MAIN_SEPARATOR;
        assert_eq!(
            names(&folder),
            [format!("a{separator}c.csv"), format!("a{separator}d{separator}e.json"), "b.csv".to_owned()]
        );
    }

    #[cfg(unix)]
    #[test]
    fn link_to_a_folder_is_not_followed() {
        let folder = folder(&["a/b.csv"]);
        std::os::unix::fs::symlink(folder.path(), folder.path().join("a/again")).unwrap();
        assert_eq!(names(&folder), ["a/b.csv"]);
    }

    #[test]
    fn folder_without_files_or_with_too_many_or_too_deep_is_refused() {
        let wrong = |folder: &tempfile::TempDir| files_of(folder.path()).unwrap_err().wrong;
        assert_eq!(wrong(&folder(&["a/.hidden"])), "is a folder without files");
        let many: Vec<String> = (0..=MOST_FILES).map(|number| format!("{}/{number}.csv", number % 2)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(wrong(&folder(&many)), "holds more than 200 files");
        assert_eq!(wrong(&folder(&["1/2/3/4/5/6/7/8/9/a.csv"])), "holds folders more than 8 deep");
        assert_eq!(names(&folder(&["1/2/3/4/5/6/7/8/a.csv"])).len(), 1);
    }
}
