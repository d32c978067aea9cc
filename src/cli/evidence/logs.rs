//! Finding and reading ECE's own log files, bounded in number and size. A file is known by the form of its lines.

use std::{
    fs,
    io::{Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    deployment::Deployment,
    explain::ece_log::{LogFile, is_log},
    files, import,
};

/// So much of the end of a log is read, in bytes.
const TAIL: u64 = 16 << 20;

/// So much of it tells its form.
const HEAD: u64 = 64 << 10;

/// The most logs of a site that are read: the newest.
const MOST_LOGS: usize = 10;

/// The most files below a folder whose form is looked for, newest first, and how deep folders are entered.
const MOST_FILES: usize = 200;
const DEEPEST: usize = 4;

/// The most entries of folders that are looked at: ECE's own folder holds far more than logs.
const MOST_ENTRIES: usize = 20_000;

/// A file in the form of ECE's log; none for anything else.
pub fn read(path: &Path) -> Option<LogFile> {
    let mut file = files::open_plain(path).ok()?;
    let mut head = Vec::new();
    file.by_ref().take(HEAD).read_to_end(&mut head).ok()?;
    if !is_log(&String::from_utf8_lossy(&head)) {
        return None;
    }
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes).ok()?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Some(LogFile { name, sha256: import::sha256(&bytes), text: String::from_utf8_lossy(&bytes).into_owned() })
}

/// The logs that the site file names, or else those below the folder of ECE that it names.
pub fn of_site(deployment: &Deployment) -> Vec<LogFile> {
    let place = deployment.ece.logs.as_ref().or(deployment.ece.home.as_ref());
    let Some(place) = place else { return Vec::new() };
    let (mut files, mut left): (Vec<(SystemTime, PathBuf)>, usize) = (Vec::new(), MOST_ENTRIES);
    collect(place, DEEPEST, deployment.ece.logs.is_some(), &mut left, &mut files);
    files.sort_by(|one, other| other.cmp(one));
    files.iter().take(MOST_FILES).filter_map(|(_, file)| read(file)).take(MOST_LOGS).collect()
}

/// The files below a place; of a folder that holds more than logs, those that are called so.
fn collect(place: &Path, deeper: usize, all: bool, left: &mut usize, files: &mut Vec<(SystemTime, PathBuf)>) {
    if *left == 0 {
        return;
    }
    *left -= 1;
    let Ok(about) = fs::metadata(place) else { return };
    let called_so = || place.file_name().is_some_and(|name| name.to_string_lossy().to_lowercase().contains("log"));
    if about.is_file() && (all || called_so()) {
        files.push((about.modified().unwrap_or(SystemTime::UNIX_EPOCH), place.to_owned()));
    }
    if !about.is_dir() || deeper == 0 {
        return;
    }
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.filter_map(Result::ok) {
        collect(&entry.path(), deeper - 1, all, left, files);
    }
}
