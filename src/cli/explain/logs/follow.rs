//! `ece-check explain --file FILE --follow`: reads on at the end of a log, also when it is rotated.

use std::{
    fs::{File, Metadata},
    io::{self, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use super::{Arguments, CliError, page, unreadable, value};
use crate::{
    catalogue::Catalogue,
    cli::{list::Output, print},
    explain::{decode, items::Item, log::Log},
    files,
};

/// How often a followed file is looked at.
const OFTEN: Duration = Duration::from_millis(500);
/// What is read at once, in bytes.
const MOST: u64 = 1 << 20;

/// Tells of each cause when it shows for the first time. Ctrl-C ends it.
pub fn run(arguments: &Arguments, catalogue: &Catalogue) -> Result<ExitCode, CliError> {
    let [file] = arguments.file.as_slice() else {
        return Err(CliError::Usage("--follow reads one file".to_owned(), "give --file once".to_owned()));
    };
    let mut followed = Followed::open(file).map_err(|error| unreadable(Some(file), &error))?;
    let mut log = Log::new(catalogue, arguments.channel);
    let mut known = 0;
    loop {
        let bytes = followed.more().map_err(|error| unreadable(Some(file), &error))?;
        if bytes.is_empty() {
            // nothing came for a while: the last event is whole
            log.flush();
        } else {
            log.push(&bytes);
        }
        let told = log.told_in_order();
        for told in &told[known..] {
            let one = std::slice::from_ref(told);
            print::data(&match arguments.output {
                Output::Text => format!("{}\n", page(&[Item::of(told)], None, catalogue)),
                Output::Json => value(one, None, catalogue).to_string() + "\n",
            });
        }
        known = told.len();
        if bytes.is_empty() {
            std::thread::sleep(OFTEN);
        }
    }
}

/// A file that grows; when it was renamed and begun anew, or cut to nothing, what is new is read from its beginning.
struct Followed {
    path: PathBuf,
    file: File,
    at: u64,
}

impl Followed {
    fn open(path: &Path) -> io::Result<Self> {
        let mut file = files::open_plain(path)?;
        let mut head = Vec::new();
        file.by_ref().take(512).read_to_end(&mut head)?;
        if !decode::is_plain(&head) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "only plain text can be followed, no gzip and no UTF-16",
            ));
        }
        Ok(Self { path: path.to_owned(), file, at: 0 })
    }

    /// What was added; nothing when nothing was. A renamed file is read to its end before the new one.
    fn more(&mut self) -> io::Result<Vec<u8>> {
        if self.file.metadata()?.len() < self.at {
            self.at = 0;
        }
        self.file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = Vec::new();
        self.at += (&mut self.file).take(MOST).read_to_end(&mut bytes)? as u64;
        if bytes.is_empty() && self.is_replaced() {
            // between rename and new file there may be none for a moment
            if let Ok(file) = files::open_plain(&self.path) {
                (self.file, self.at) = (file, 0);
                return self.more();
            }
        }
        Ok(bytes)
    }

    fn is_replaced(&self) -> bool {
        let (Ok(here), Ok(there)) = (self.file.metadata(), std::fs::metadata(&self.path)) else { return false };
        is_another(&here, &there)
    }
}

#[cfg(unix)]
fn is_another(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) != (other.dev(), other.ino())
}

/// Windows gives a file that is begun anew under its old name within seconds the old one's birthday, so the length counts too.
#[cfg(not(unix))]
fn is_another(one: &Metadata, other: &Metadata) -> bool {
    one.created().ok() != other.created().ok() || other.len() < one.len()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn grow(path: &Path, text: &str) {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).expect("a folder of our own");
    }

    fn more(followed: &mut Followed) -> String {
        String::from_utf8(followed.more().expect("a readable file")).expect("text")
    }

    #[test]
    fn what_is_added_also_after_a_rotation() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("ece.log");
        grow(&path, "one\n");
        let mut followed = Followed::open(&path).expect("a file");
        assert_eq!(more(&mut followed), "one\n");
        assert_eq!(more(&mut followed), "");
        grow(&path, "two\n");
        std::fs::rename(&path, folder.path().join("ece.log.1")).expect("a rename");
        assert_eq!(more(&mut followed), "two\n", "the end of the old file");
        assert_eq!(more(&mut followed), "", "no new file yet");
        grow(&path, "three, longer than what was read of the old one\n");
        assert_eq!(more(&mut followed), "three, longer than what was read of the old one\n");
        std::fs::write(&path, "four\n").expect("cut to nothing and begun anew");
        assert_eq!(more(&mut followed), "four\n");
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("packed.gz");
        std::fs::write(&path, [0x1f, 0x8b, 8, 0]).expect("a file");
        assert!(Followed::open(&path).is_err());
        assert!(Followed::open(folder.path()).is_err());
    }
}
