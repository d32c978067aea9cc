//! Writing to a name that the user gave: a plain file is replaced whole or not at all, all else is written into.

use std::{
    fs::{self, File, Metadata},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::mpsc::sync_channel,
    thread,
    time::Duration,
};

use super::{FileKind, without_numbers};

/// So long a pipe or a device is waited for, when it is opened and when it is written to.
const PATIENCE: Duration = Duration::from_secs(10);

/// A place that can be written to: found out before a run, so that a run is never lost to a wrong name.
#[derive(Debug)]
pub struct Destination {
    path: PathBuf,
    way: Way,
}

/// How the place is written to.
#[derive(Debug)]
enum Way {
    /// Written beside the place and moved there, so that half a file is never seen. A link is followed: the file that
    /// it names is replaced, and the link stays.
    Replaced(PathBuf),
    /// A file that cannot be replaced as it stands: written over in place.
    Overwritten(PathBuf),
    /// A pipe, a device, or one of this process's own streams: opened already.
    Into(File),
}

impl Destination {
    /// Finds out how a place can be written to, and that it can. An existing file is left as it is.
    ///
    /// # Errors
    /// When it is a folder, a disk, a link to nothing, in a folder that is not there, or cannot be written to. The
    /// words fit behind the name of the file and a colon.
    pub fn prepare(path: &Path) -> io::Result<Self> {
        Self::prepare_within(path, PATIENCE)
    }

    fn prepare_within(path: &Path, patience: Duration) -> io::Result<Self> {
        let way = match fs::metadata(path) {
            Ok(about) => existing(path, &about, patience)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => new(path)?,
            Err(error) => return Err(unwritable(&error)),
        };
        Ok(Self { path: path.to_owned(), way })
    }

    /// The place, as it was named.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the file is, whatever it was called; nothing for a pipe, a device or a stream, which takes several texts.
    #[must_use]
    pub fn target(&self) -> Option<PathBuf> {
        let (Way::Replaced(target) | Way::Overwritten(target)) = &self.way else { return None };
        fs::canonicalize(target).ok().or_else(|| {
            let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
            Some(fs::canonicalize(folder.unwrap_or(Path::new("."))).ok()?.join(target.file_name()?))
        })
    }

    /// True where writing would replace this file, whatever name it is called by.
    #[must_use]
    pub fn is(&self, file: &Path) -> bool {
        let (Way::Replaced(target) | Way::Overwritten(target)) = &self.way else { return false };
        let same_path = || Some(fs::canonicalize(file).ok()? == self.target()?);
        same_file(target, file).or_else(same_path).unwrap_or(false)
    }

    /// True where a file is there that would be lost: a plain one with something in it.
    #[must_use]
    pub fn replaces(&self) -> bool {
        let (Way::Replaced(target) | Way::Overwritten(target)) = &self.way else { return false };
        fs::metadata(target).is_ok_and(|about| about.len() > 0)
    }

    /// Writes the whole.
    ///
    /// # Errors
    /// When the system refuses a byte of it, or a pipe takes none for some time. Then a plain file is as it was.
    pub fn write(self, bytes: &[u8]) -> io::Result<()> {
        self.write_with(|to| to.write_all(bytes))
    }

    /// Writes what this writes, piece by piece.
    ///
    /// # Errors
    /// As [`Destination::write`].
    pub fn write_with(self, pieces: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
        let written = match self.way {
            Way::Replaced(target) => replace(&target, pieces),
            Way::Overwritten(target) => File::create(target).and_then(|mut file| pieces(&mut file)),
            Way::Into(file) => whole(pieces).and_then(|bytes| write_into(file, bytes, PATIENCE)),
        };
        written.map_err(|error| unwritable(&error))
    }
}

fn existing(path: &Path, about: &Metadata, patience: Duration) -> io::Result<Way> {
    if let Some(stream) = own_stream(about) {
        return Ok(Way::Into(stream)); // another opening of the same file would write over what the shell keeps
    }
    match FileKind::of(about) {
        FileKind::Folder => Err(io::Error::other("is a folder")),
        FileKind::BlockDevice => Err(io::Error::other("is a disk device, not a file")),
        FileKind::Plain | FileKind::Virtual => existing_plain(path, about),
        FileKind::Pipe | FileKind::CharacterDevice | FileKind::Socket => open_within(path, patience).map(Way::Into),
    }
}

fn existing_plain(path: &Path, about: &Metadata) -> io::Result<Way> {
    let target = fs::canonicalize(path).map_err(|error| unwritable(&error))?;
    File::options().append(true).open(&target).map_err(|error| unwritable(&error))?; // a protected file stays
    let free = !is_shared(about) && probe(folder_of(&target)).is_ok();
    Ok(if free { Way::Replaced(target) } else { Way::Overwritten(target) })
}

fn new(path: &Path) -> io::Result<Way> {
    if path.is_symlink() {
        return Err(io::Error::other("is a link to a file that does not exist"));
    }
    let folder = folder_of(path);
    if !folder.is_dir() {
        return Err(io::Error::other("cannot be written: its folder does not exist"));
    }
    if path.file_name().is_none() || ends_in_slash(path) {
        return Err(io::Error::other("is the name of a folder"));
    }
    if is_device_of_windows(path) {
        return open_within(path, PATIENCE).map(Way::Into);
    }
    probe(folder)?;
    Ok(Way::Replaced(path.to_owned()))
}

/// A file is made beside the place and removed at once.
fn probe(folder: &Path) -> io::Result<()> {
    tempfile::NamedTempFile::new_in(folder)
        .map(drop)
        .map_err(|error| unwritable(error.get_ref().map_or(&error, |_| &error)))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn ends_in_slash(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}

/// `NUL`, `CON`, `COM1` and so on are devices in every folder (Microsoft Learn, "Naming Files, Paths, and Namespaces").
fn is_device_of_windows(path: &Path) -> bool {
    const DEVICES: [&str; 4] = ["NUL", "CON", "PRN", "AUX"];
    let name = path.file_stem().unwrap_or_default().to_string_lossy().to_uppercase();
    let numbered = (name.starts_with("COM") || name.starts_with("LPT")) && name.len() == 4;
    cfg!(windows) && (DEVICES.contains(&name.as_str()) || (numbered && name.ends_with(|c: char| c.is_ascii_digit())))
}

/// The stream of this process that a name such as `/dev/stdout` stands for.
#[cfg(unix)]
fn own_stream(about: &Metadata) -> Option<File> {
    use std::os::{fd::AsFd, unix::fs::MetadataExt as _};
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let copies = [stdout.as_fd().try_clone_to_owned(), stderr.as_fd().try_clone_to_owned()];
    let same = |file: &File| file.metadata().is_ok_and(|own| (own.dev(), own.ino()) == (about.dev(), about.ino()));
    copies.into_iter().flatten().map(File::from).find(same)
}

#[cfg(not(unix))]
fn own_stream(_: &Metadata) -> Option<File> {
    None
}

/// True for two names of one file; none where one is of no file, or the system does not tell.
#[cfg(unix)]
fn same_file(one: &Path, other: &Path) -> Option<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let file = |path: &Path| fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
    Some(file(one)? == file(other)?)
}

#[cfg(not(unix))]
fn same_file(_: &Path, _: &Path) -> Option<bool> {
    None
}

/// A file with several names would lose all but one of them.
#[cfg(unix)]
fn is_shared(about: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(about) > 1
}

#[cfg(not(unix))]
fn is_shared(_: &Metadata) -> bool {
    false
}

fn whole(pieces: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pieces(&mut bytes)?;
    Ok(bytes)
}

fn replace(target: &Path, pieces: impl FnOnce(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
    let mut beside = builder().tempfile_in(folder_of(target))?;
    pieces(&mut beside)?;
    if let Ok(about) = fs::metadata(target) {
        fs::set_permissions(beside.path(), about.permissions())?;
    }
    beside.persist(target).map_err(|failed| failed.error)?;
    Ok(())
}

/// With the rights that the user's umask leaves, as any program makes a file: a monitoring agent of another account
/// reads reports.
#[cfg(unix)]
fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder
}

#[cfg(not(unix))]
fn builder() -> tempfile::Builder<'static, 'static> {
    tempfile::Builder::new()
}

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever the system says.
    Usual,
    /// Its owner alone. On Windows the file has the access list of its folder.
    OwnerOnly,
}

/// Writes a file that is not there yet.
///
/// # Errors
/// When there is something of that name, or it cannot be written.
pub fn write_new(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if access == Access::OwnerOnly {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = access;
    let mut file = options.open(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs::remove_file(path); // half a file would pass for a whole one, and is in the way of the next try
    }
    written
}

fn open_within(path: &Path, patience: Duration) -> io::Result<File> {
    let path = path.to_owned();
    let open = move || File::options().write(true).open(path);
    waited(open, patience, "is a pipe that nothing reads from")?.map_err(|error| unwritable(&error))
}

fn write_into(mut file: File, bytes: Vec<u8>, patience: Duration) -> io::Result<()> {
    waited(move || file.write_all(&bytes).and_then(|()| file.flush()), patience, "its reader takes no more")?
}

/// The result of work that cannot be told to stop waiting.
fn waited<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    patience: Duration,
    otherwise: &str,
) -> io::Result<T> {
    let (give, done) = sync_channel(1);
    thread::Builder::new().name("writer".to_owned()).spawn(move || drop(give.send(work())))?;
    done.recv_timeout(patience).map_err(|_| io::Error::new(io::ErrorKind::TimedOut, otherwise))
}

fn unwritable(error: &io::Error) -> io::Error {
    let text = error.to_string();
    let text = without_numbers(&text);
    let words = if text.starts_with("is a ") || text.starts_with("cannot be ") {
        text.into_owned()
    } else {
        format!("cannot be written: {text}")
    };
    io::Error::new(error.kind(), words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(path: &Path, text: &str) -> io::Result<()> {
        Destination::prepare_within(path, Duration::from_millis(300))?.write(text.as_bytes())
    }

    fn entries(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn files_are_made_and_replaced_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("report.json");
        for text in ["first, and longer", "second"] {
            write(&file, text).unwrap();
            assert_eq!(fs::read_to_string(&file).unwrap(), text);
        }
        let prepared = Destination::prepare(&file).unwrap();
        assert_eq!((fs::read_to_string(prepared.path()).unwrap(), entries(folder.path())), ("second".to_owned(), 1));
    }

    #[test]
    fn places_that_cannot_be_written_are_told_before() {
        let folder = tempfile::tempdir().unwrap();
        let wrong = |path: &Path| Destination::prepare(path).unwrap_err().to_string();
        assert_eq!(wrong(folder.path()), "is a folder");
        assert_eq!(wrong(&folder.path().join("no/report")), "cannot be written: its folder does not exist");
        assert_eq!(entries(folder.path()), 0);
    }

    #[test]
    fn the_file_that_would_be_replaced_is_known_by_each_of_its_names() {
        let folder = tempfile::tempdir().unwrap();
        let [file, second, new] = ["file", "second", "new"].map(|name| folder.path().join(name));
        fs::write(&file, "read").unwrap();
        fs::hard_link(&file, &second).unwrap();
        let place = |path: &Path| Destination::prepare(path).unwrap();
        assert!(place(&file).is(&folder.path().join("./file")));
        assert!(!place(&new).is(&file) && !place(&file).is(&new));
        assert!(!cfg!(unix) || place(&second).is(&file), "a second name of the same file");
    }

    #[cfg(unix)]
    mod special {
        use std::{
            io::Read as _,
            os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink},
            process::Command,
        };

        use super::*;

        #[test]
        fn link_stays_and_the_file_behind_it_is_written() {
            let folder = tempfile::tempdir().unwrap();
            let (file, link, nowhere) =
                (folder.path().join("file"), folder.path().join("link"), folder.path().join("nowhere"));
            fs::write(&file, "old").unwrap();
            symlink(&file, &link).unwrap();
            write(&link, "new").unwrap();
            assert!(link.is_symlink());
            assert_eq!(fs::read_to_string(&file).unwrap(), "new");
            symlink(folder.path().join("nothing"), &nowhere).unwrap();
            assert_eq!(write(&nowhere, "x").unwrap_err().to_string(), "is a link to a file that does not exist");
        }

        #[test]
        fn rights_and_further_names_of_a_file_are_kept() {
            let folder = tempfile::tempdir().unwrap();
            let (file, second) = (folder.path().join("file"), folder.path().join("second"));
            fs::write(&file, "old").unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
            write(&file, "new").unwrap();
            assert_eq!(fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
            fs::hard_link(&file, &second).unwrap();
            write(&file, "newer").unwrap();
            assert_eq!(fs::read_to_string(&second).unwrap(), "newer");
        }

        #[test]
        fn devices_are_written_into_and_stay() {
            write(Path::new("/dev/null"), "x").unwrap();
            assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
            assert!(write(Path::new("/dev/full"), "x").unwrap_err().to_string().starts_with("cannot be written: "));
        }

        #[test]
        #[expect(clippy::disallowed_methods, reason = "a test starts a program of the system")]
        fn pipe_with_a_reader_is_written_into_and_one_without_is_told() {
            let folder = tempfile::tempdir().unwrap();
            let [unread, pipe] = ["unread", "pipe"].map(|name| folder.path().join(name));
            assert!(Command::new("mkfifo").args([&unread, &pipe]).status().unwrap().success());
            assert_eq!(write(&unread, "x").unwrap_err().to_string(), "is a pipe that nothing reads from");
            let from = pipe.clone();
            let reader = thread::spawn(move || {
                let mut text = String::new();
                File::open(from).unwrap().read_to_string(&mut text).map(|_| text).unwrap()
            });
            write(&pipe, "through the pipe").unwrap();
            assert_eq!(reader.join().unwrap(), "through the pipe");
            assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
        }
    }
}
