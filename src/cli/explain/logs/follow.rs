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
    explain::{decode, log::Log},
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
    let mut told = Told::default();
    loop {
        let bytes = followed.more().map_err(|error| unreadable(Some(file), &error))?;
        if bytes.is_empty() {
            // nothing came for a while: the last event is whole
            log.flush();
        } else {
            log.push(&bytes);
        }
        let new = match arguments.output {
            Output::Text => told.pages(&log, catalogue),
            Output::Json => told.values(&log, catalogue),
        };
        for new in &new {
            print::data(new);
        }
        if bytes.is_empty() {
            std::thread::sleep(OFTEN);
        }
    }
}

/// How much was told so far.
#[derive(Default)]
struct Told {
    items: usize,
    causes: usize,
}

impl Told {
    /// What is new, as a page each: events that leave the same causes open are one item.
    fn pages(&mut self, log: &Log<'_>, catalogue: &Catalogue) -> Vec<String> {
        let new = log.items_behind(self.items);
        let page = |(at, item)| format!("{}\n", page(std::slice::from_ref(item), self.items + at, None, catalogue));
        let pages = new.iter().enumerate().map(page).collect();
        self.items += new.len();
        pages
    }

    /// The causes that are new, in one line each.
    fn values(&mut self, log: &Log<'_>, catalogue: &Catalogue) -> Vec<String> {
        let told = log.told_in_order();
        let new = &told[self.causes..];
        self.causes = told.len();
        new.iter().map(|told| value(std::slice::from_ref(told), None, catalogue).to_string() + "\n").collect()
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
    fn a_line_that_leaves_many_causes_open_is_one_item_with_the_next_number() {
        let catalogue = Catalogue::built_in();
        let (mut log, mut told) = (Log::new(&catalogue, None), Told::default());
        let mut pages = |line: &str| {
            log.push(line.as_bytes());
            log.flush();
            told.pages(&log, &catalogue)
        };
        let open = "2026-11-23 04:01:20 ERROR 535 5.7.3 Authentication unsuccessful\n";
        let first = pages(open);
        assert!(first.len() == 1 && first[0].starts_with("1. One of ") && first[0].lines().count() < 40, "{first:?}");
        assert!(pages(open).is_empty(), "the same line again is nothing new");
        let second = pages("2026-11-23 04:01:21 ERROR AADSTS7000222: The provided client secret keys are expired.\n");
        assert!(second.len() == 1 && second[0].starts_with("2. "), "{second:?}");
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
