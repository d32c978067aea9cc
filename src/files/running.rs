//! Runs of this program at the same time on one machine: each leaves a note while it lives, and reads those of others.
//!
//! In: whether a run sends mail. Out: the other runs that live now. A note is an empty file whose name says all, and which
//! its run keeps locked until it ends, however it ends: the system releases the lock of a process that is gone, so a note
//! without a lock is left over and is removed. Nothing waits for a lock, and no mistake in here stops a run.
//!
//! The folder is `ProgramData` on Windows, where temporary folders belong to one user or even one session (Microsoft Learn,
//! "Use temporary folders per session"), and the temporary folder elsewhere.

use std::{
    env,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use jiff::Timestamp;

/// What the names of all notes begin and end with.
const BEGIN: &str = "ece-check-run-";
const END: &str = ".lock";

/// So many entries of the folder are seen, and so many other runs are told.
const MOST_ENTRIES: usize = 20_000;
const MOST_RUNS: usize = 16;

/// A note that is younger may not be locked yet.
const SETTLED: Duration = Duration::from_secs(10);

/// Another run that lives now.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Other {
    /// When it began.
    pub began: Timestamp,
    /// Its process.
    pub process: u32,
    /// True when it sends mail.
    pub sends: bool,
}

/// The note of this run. It is removed when this is dropped.
#[derive(Debug)]
pub struct Note {
    path: PathBuf,
    /// Locked as long as it is open.
    lock: File,
}

impl Drop for Note {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The folder that all runs on this machine share, whoever starts them.
#[must_use]
pub fn folder() -> PathBuf {
    let shared = env::var_os("ProgramData").filter(|_| cfg!(windows)).map(PathBuf::from);
    shared.filter(|folder| folder.is_dir()).unwrap_or_else(env::temp_dir)
}

/// Leaves a note of this run.
///
/// # Errors
/// When the folder cannot be written to, or the file system knows no locks.
pub fn announce(folder: &Path, sends: bool) -> io::Result<Note> {
    let what = if sends { "sends" } else { "reads" };
    let (process, began) = (std::process::id(), Timestamp::now().as_millisecond());
    let path = folder.join(format!("{BEGIN}{process}-{began}-{what}{END}"));
    let lock = File::options().write(true).read(true).create_new(true).open(&path)?;
    let note = Note { path, lock };
    note.lock.try_lock()?;
    Ok(note)
}

/// The other runs that live now, the oldest first. What is left over of runs that are gone is removed.
#[must_use]
pub fn others(folder: &Path, own: Option<&Note>) -> Vec<Other> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_own = |path: &Path| own.is_some_and(|note| note.path == path);
    let paths = entries.take(MOST_ENTRIES).flatten().map(|entry| entry.path()).filter(|path| !is_own(path));
    let notes = paths.filter_map(|path| Some((read(path.file_name()?.to_str()?)?, path)));
    let mut alive: Vec<Other> = notes.filter(|(_, path)| is_alive(path)).map(|(other, _)| other).collect();
    alive.sort();
    alive.truncate(MOST_RUNS);
    alive
}

fn read(name: &str) -> Option<Other> {
    let mut parts = name.strip_prefix(BEGIN)?.strip_suffix(END)?.split('-');
    let (process, began, what) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || !["sends", "reads"].contains(&what) {
        return None;
    }
    let began = Timestamp::from_millisecond(began.parse().ok()?).ok()?;
    Some(Other { began, process: process.parse().ok()?, sends: what == "sends" })
}

/// True for a note that a run holds. Only plain files are opened: whoever may write here could leave a pipe.
///
/// A young note is not tried: its run may be about to lock it, and would find it locked. It counts as held, and so does
/// one that only its owner may open.
fn is_alive(path: &Path) -> bool {
    let Ok(about) = fs::symlink_metadata(path) else { return false };
    if !about.is_file() {
        return false;
    }
    // a time ahead is that of a clock that was wrong, and no note stays young for ever
    let age = about.modified().ok().and_then(|made| SystemTime::now().duration_since(made).ok());
    if age.is_some_and(|age| age < SETTLED) {
        return true;
    }
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return error.kind() == io::ErrorKind::PermissionDenied,
    };
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => true,
        Err(TryLockError::Error(_)) => false,
        Ok(()) => {
            let _ = fs::remove_file(path);
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_see_each_other_while_they_live() {
        let folder = tempfile::tempdir().unwrap();
        let own = announce(folder.path(), false).unwrap();
        assert_eq!(others(folder.path(), Some(&own)), []);
        let other = File::options()
            .write(true)
            .create_new(true)
            .open(folder.path().join("ece-check-run-812-1795982400000-sends.lock"))
            .unwrap();
        other.try_lock().unwrap();
        other.set_modified(SystemTime::now() - 2 * SETTLED).unwrap();
        let seen = others(folder.path(), Some(&own));
        let began = "2026-11-29T20:00:00Z".parse().unwrap();
        assert_eq!(seen, [Other { began, process: 812, sends: true }]);
        drop(other);
        assert_eq!(others(folder.path(), Some(&own)), []);
        drop(own);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "the note of a run that ends is removed");
    }

    #[test]
    fn what_is_left_over_is_removed_when_it_is_old() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ece-check-run-812-1795982400000-reads.lock");
        let left = File::create_new(&path).unwrap();
        assert_eq!(others(folder.path(), None).len(), 1, "it may not be locked yet");
        assert!(left.try_lock().is_ok(), "nothing has tried it");
        left.unlock().unwrap();
        left.set_modified(SystemTime::now() - 2 * SETTLED).unwrap();
        drop(left);
        assert_eq!(others(folder.path(), None), []);
        assert!(!path.exists());
        let ahead = File::create_new(&path).unwrap();
        ahead.set_modified(SystemTime::now() + 1000 * SETTLED).unwrap();
        drop(ahead);
        assert_eq!(others(folder.path(), None), [], "a note of a clock that was wrong is left over too");
    }

    #[test]
    fn names_that_are_no_notes() {
        for name in [
            "",
            "ece-check-run-.lock",
            "ece-check-run-1-2.lock",
            "ece-check-run-1-2-sings.lock",
            "ece-check-run-1-2-reads-more.lock",
            "ece-check-run--1-2-reads.lock",
            "ece-check-run-99999999999-2-reads.lock",
            "ece-check-run-1-99999999999999999999-reads.lock",
        ] {
            assert_eq!(read(name), None, "{name}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn pipe_in_place_of_a_note_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ece-check-run-812-1795982400000-reads.lock");
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert_eq!(others(folder.path(), None), []);
    }
}
