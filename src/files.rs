//! The files that a user names: read and written within limits, whatever stands behind the name.
//!
//! In: a path of the command line or of the site file. Out: its bytes, a stream, or a [`Destination`] to write to. A
//! name may mean a pipe without a writer, a device without an end, a pipe that is held open and says nothing, a link,
//! or a folder: each ends with a sentence within a limit. A pipe with a writer, such as a shell's `<(command)`, works.
//!
//! Opening a pipe waits for the other end, and no call can be told to stop waiting. What is no plain file is therefore
//! opened and read by a thread of its own, which is left behind when it does not answer in time.

#![expect(clippy::disallowed_methods, reason = "this is the place that opens files")]

pub mod running;
mod write;

use std::{
    borrow::Cow,
    fs::{self, File, Metadata},
    io::{self, Cursor, IsTerminal as _, Read},
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, sync_channel},
    thread,
    time::{Duration, Instant},
};

pub use write::{Access, Destination, write_new};

/// Bytes that are read at once from what is no plain file.
const CHUNK: usize = 64 << 10;
/// Chunks that are read ahead of who wants them.
const AHEAD: usize = 4;

/// How long a pipe or a device is waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Without a further byte.
    pub idle: Duration,
    /// For the whole, where the whole is read.
    pub whole: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { idle: Duration::from_secs(10), whole: Duration::from_secs(30) }
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(unix), expect(dead_code, reason = "Windows has no devices and sockets among its files"))]
enum FileKind {
    /// A file with a size.
    Plain,
    /// A file that the system makes up as it is read, or of no size: reading may wait.
    Virtual,
    Folder,
    Pipe,
    /// A terminal, `/dev/null`, `/dev/zero`.
    CharacterDevice,
    BlockDevice,
    Socket,
}

impl FileKind {
    fn of(about: &Metadata) -> Self {
        if about.is_dir() {
            return Self::Folder;
        }
        if about.is_file() {
            return if about.len() > 0 { Self::Plain } else { Self::Virtual };
        }
        Self::special(about)
    }

    #[cfg(unix)]
    fn special(about: &Metadata) -> Self {
        use std::os::unix::fs::FileTypeExt as _;
        let kind = about.file_type();
        if kind.is_char_device() {
            Self::CharacterDevice
        } else if kind.is_block_device() {
            Self::BlockDevice
        } else if kind.is_socket() {
            Self::Socket
        } else {
            Self::Pipe
        }
    }

    #[cfg(not(unix))]
    fn special(_: &Metadata) -> Self {
        Self::Pipe
    }

    /// Why a file of this kind is not even opened.
    fn refused(self) -> io::Result<()> {
        let wrong = match self {
            Self::Folder => "is a folder",
            Self::BlockDevice => "is a disk device, not a file",
            Self::Socket => "is a socket, not a file",
            _ => return Ok(()),
        };
        Err(said(io::ErrorKind::Other, wrong))
    }
}

/// What is known of a file before it is opened. Links are followed.
///
/// # Errors
/// When there is none of that name, or this user may not see it.
pub fn metadata(path: &Path) -> io::Result<Metadata> {
    fs::metadata(path).map_err(|error| plain_words(&error))
}

/// Reads a whole file of at most `largest` bytes.
///
/// # Errors
/// When it cannot be read, is a folder, a socket or a disk, has more bytes, or does not end in time. The words fit
/// behind the name of the file and a colon.
pub fn read(path: &Path, largest: u64) -> io::Result<Vec<u8>> {
    read_within(path, largest, Patience::default())
}

/// Reads a whole file, and waits this long for a pipe or a device.
///
/// # Errors
/// As [`read`].
pub fn read_within(path: &Path, largest: u64, patience: Patience) -> io::Result<Vec<u8>> {
    let about = metadata(path)?;
    let kind = FileKind::of(&about);
    kind.refused()?;
    if kind == FileKind::Plain && about.len() > largest {
        return Err(said(
            io::ErrorKind::FileTooLarge,
            format!("has {} bytes; more than {largest} are not read", about.len()),
        ));
    }
    let mut bytes = Vec::new();
    let most = largest.saturating_add(1);
    if kind == FileKind::Plain {
        File::open(path)
            .and_then(|file| file.take(most).read_to_end(&mut bytes))
            .map_err(|error| plain_words(&error))?;
    } else {
        let ends = Instant::now() + patience.whole;
        Waited::open(path, patience.idle, Some(ends))?.take(most).read_to_end(&mut bytes)?;
    }
    within(bytes, largest)
}

fn within(bytes: Vec<u8>, largest: u64) -> io::Result<Vec<u8>> {
    if bytes.len() as u64 > largest {
        return Err(said(io::ErrorKind::FileTooLarge, format!("has more than {largest} bytes, which are not read")));
    }
    Ok(bytes)
}

/// Standard input, to be read from front to end, however long it is. A terminal may take its time; a pipe must end within
/// ten minutes, in which the longest log is read.
///
/// # Errors
/// When this system gives no thread to read it.
pub fn stdin() -> io::Result<Box<dyn Read>> {
    const PATIENCE: Duration = Duration::from_mins(10);
    if io::stdin().is_terminal() {
        return Ok(Box::new(io::stdin()));
    }
    Ok(Box::new(Waited::start(|| Ok(io::stdin()), PATIENCE, Some(Instant::now() + PATIENCE))?))
}

/// Reads what comes through a pipe on standard input, of at most `largest` bytes. The program at its other end may be a
/// run that takes minutes.
///
/// # Errors
/// When it is a terminal, has more bytes, or does not end in time.
pub fn read_stdin(largest: u64) -> io::Result<Vec<u8>> {
    const PATIENCE: Duration = Duration::from_mins(30);
    if io::stdin().is_terminal() {
        return Err(said(io::ErrorKind::Other, "is a terminal, where nothing comes through a pipe"));
    }
    let mut bytes = Vec::new();
    let ends = Instant::now() + PATIENCE;
    Waited::start(|| Ok(io::stdin()), PATIENCE, Some(ends))?.take(largest.saturating_add(1)).read_to_end(&mut bytes)?;
    within(bytes, largest)
}

/// Opens a file to be read from front to end, however long it is, as a log. A pipe must say something every few
/// seconds; a device without an end is refused.
///
/// # Errors
/// When it cannot be opened, or is a folder, a socket or a device.
pub fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    open_within(path, Patience::default())
}

fn open_within(path: &Path, patience: Patience) -> io::Result<Box<dyn Read>> {
    let kind = FileKind::of(&metadata(path)?);
    kind.refused()?;
    match kind {
        FileKind::Plain => Ok(Box::new(File::open(path).map_err(|error| plain_words(&error))?)),
        // a device may have no end: what it has within the time is what is read
        FileKind::CharacterDevice => {
            Ok(Box::new(Waited::open(path, patience.idle, Some(Instant::now() + patience.whole))?))
        }
        _ => Ok(Box::new(Waited::open(path, patience.idle, None)?)),
    }
}

/// Opens a plain file to be read while it grows; nothing that could keep the caller waiting is opened.
///
/// # Errors
/// When it cannot be opened or is no plain file.
pub fn open_plain(path: &Path) -> io::Result<File> {
    if !metadata(path)?.is_file() {
        return Err(said(io::ErrorKind::Other, "is not a plain file"));
    }
    File::open(path).map_err(|error| plain_words(&error))
}

/// Finds out whether so many files can be open at the same time, besides those that are.
///
/// # Errors
/// When the system gives this process fewer (`ulimit -n`).
pub fn room(count: usize) -> io::Result<()> {
    let nothing = if cfg!(windows) { "NUL" } else { "/dev/null" };
    let opened: io::Result<Vec<File>> = (0..count).map(|_| File::open(nothing)).collect();
    match opened {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error), // some containers have no devices
        _ => Ok(()),
    }
}

/// What a thread of its own reads, waited for within limits.
#[derive(Debug)]
struct Waited {
    chunks: Receiver<io::Result<Vec<u8>>>,
    current: Cursor<Vec<u8>>,
    idle: Duration,
    ends: Option<Instant>,
    begun: bool,
}

impl Waited {
    fn open(path: &Path, idle: Duration, ends: Option<Instant>) -> io::Result<Self> {
        let path = path.to_owned();
        Self::start(move || File::open(path), idle, ends)
    }

    fn start<R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        idle: Duration,
        ends: Option<Instant>,
    ) -> io::Result<Self> {
        let (give, chunks) = sync_channel(AHEAD);
        let read_all = move || {
            let mut file = match open() {
                Ok(file) => file,
                Err(error) => return drop(give.send(Err(error))),
            };
            loop {
                let mut chunk = vec![0; CHUNK];
                let read = file.read(&mut chunk).map(|count| {
                    chunk.truncate(count);
                    chunk
                });
                let over = !matches!(&read, Ok(chunk) if !chunk.is_empty());
                if give.send(read).is_err() || over {
                    return; // nobody waits for more, or there is no more
                }
            }
        };
        thread::Builder::new().name("reader".to_owned()).spawn(read_all).map_err(|error| {
            said(io::ErrorKind::Other, format!("cannot be read: this system gives no thread ({error})"))
        })?;
        Ok(Self { chunks, current: Cursor::default(), idle, ends, begun: false })
    }

    fn next(&mut self) -> io::Result<Vec<u8>> {
        let left = self.ends.map(|ends| ends.saturating_duration_since(Instant::now()));
        let wait = left.map_or(self.idle, |left| left.min(self.idle));
        if wait.is_zero() {
            return Err(timed_out("does not end in time: it is a device or a pipe without an end"));
        }
        match self.chunks.recv_timeout(wait) {
            Ok(Ok(chunk)) => {
                self.begun = true;
                Ok(chunk)
            }
            Ok(Err(error)) => Err(plain_words(&error)),
            Err(RecvTimeoutError::Disconnected) => Ok(Vec::new()),
            Err(RecvTimeoutError::Timeout) if self.begun => {
                Err(timed_out("is a pipe or a device that says no more and does not end"))
            }
            Err(RecvTimeoutError::Timeout) => {
                Err(timed_out(&format!("is a pipe or a device that said nothing within {} s", wait.as_secs_f32())))
            }
        }
    }
}

impl Read for Waited {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.current.position() == self.current.get_ref().len() as u64 {
            self.current = Cursor::new(self.next()?);
        }
        self.current.read(buffer)
    }
}

fn timed_out(words: &str) -> io::Error {
    said(io::ErrorKind::TimedOut, words)
}

/// The operating system's sentences without Rust's "(os error 2)", which says nothing to a reader.
#[must_use]
pub fn without_numbers(text: &str) -> Cow<'_, str> {
    let (mut plain, mut rest) = (String::new(), text);
    while let Some((before, number)) = rest.split_once(" (os error ") {
        let Some((_, behind)) = number.split_once(')') else { break };
        plain.push_str(before);
        rest = behind;
    }
    if rest.len() == text.len() { Cow::Borrowed(text) } else { Cow::Owned(plain + rest) }
}

fn plain_words(error: &io::Error) -> io::Error {
    said(error.kind(), format!("cannot be read: {}", without_numbers(&error.to_string())))
}

/// Words that fit behind the name of the file and a colon.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

fn said(kind: io::ErrorKind, words: impl Into<String>) -> io::Error {
    io::Error::new(kind, Said(words.into()))
}

/// Why a file could not be read, to be written behind its name and a colon: said once, whoever has said it.
#[must_use]
pub fn unread(error: &io::Error) -> String {
    let is_said = error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<Said>);
    if is_said { error.to_string() } else { plain_words(error).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BRIEF: Patience = Patience { idle: Duration::from_millis(300), whole: Duration::from_millis(600) };

    #[test]
    fn plain_files_are_read_up_to_their_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read(&file, 5).unwrap(), b"12345");
        assert_eq!(read(&file, 4).unwrap_err().to_string(), "has 5 bytes; more than 4 are not read");
        fs::write(&file, "").unwrap();
        assert_eq!(read(&file, 4).unwrap(), b"");
        assert_eq!(read(folder.path(), 4).unwrap_err().to_string(), "is a folder");
        let missing = read(&folder.path().join("none"), 4).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
        assert!(!missing.to_string().contains("os error"), "{missing}");
        let system = fs::metadata(folder.path().join("none")).unwrap_err();
        assert_eq!((unread(&missing), unread(&system)), (missing.to_string(), missing.to_string()));
    }

    #[cfg(unix)]
    #[expect(clippy::disallowed_methods, reason = "a test starts a program of the system")]
    mod special {
        use std::{io::Write as _, os::unix::net::UnixListener, path::PathBuf, process::Command};

        use super::*;

        fn pipe() -> (tempfile::TempDir, PathBuf) {
            let folder = tempfile::tempdir().unwrap();
            let pipe = folder.path().join("pipe");
            assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            (folder, pipe)
        }

        fn within_a_moment<T>(work: impl FnOnce() -> T) -> T {
            let began = Instant::now();
            let done = work();
            assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
            done
        }

        #[test]
        fn pipe_without_a_writer_is_given_up() {
            let (_folder, pipe) = pipe();
            let error = within_a_moment(|| read_within(&pipe, 100, BRIEF)).unwrap_err();
            assert_eq!(error.to_string(), "is a pipe or a device that said nothing within 0.3 s");
            let mut stream = open_within(&pipe, BRIEF).unwrap();
            assert!(within_a_moment(|| stream.read_to_end(&mut Vec::new())).is_err());
        }

        #[test]
        fn pipe_with_a_writer_is_read_however_it_is_cut() {
            let (_folder, pipe) = pipe();
            let to = pipe.clone();
            let writer = thread::spawn(move || {
                let mut writer = File::options().write(true).open(to).unwrap();
                for part in ["one ", "two ", "three"] {
                    writer.write_all(part.as_bytes()).unwrap();
                    thread::sleep(Duration::from_millis(50));
                }
            });
            assert_eq!(read_within(&pipe, 100, BRIEF).unwrap(), b"one two three");
            writer.join().unwrap();
        }

        #[test]
        fn pipe_that_is_held_open_is_given_up() {
            let (_folder, pipe) = pipe();
            let to = pipe.clone();
            let (done, wait) = sync_channel::<()>(0);
            let writer = thread::spawn(move || {
                let mut writer = File::options().write(true).open(to).unwrap();
                writer.write_all(b"half").unwrap();
                let _ = wait.recv();
            });
            let error = within_a_moment(|| read_within(&pipe, 100, BRIEF)).unwrap_err();
            assert!(error.to_string().contains("says no more"), "{error}");
            drop(done);
            writer.join().unwrap();
        }

        #[test]
        fn devices_sockets_and_the_systems_own_files() {
            let zero = Path::new("/dev/zero");
            let error = within_a_moment(|| read(zero, 1000)).unwrap_err();
            assert_eq!(error.to_string(), "has more than 1000 bytes, which are not read");
            let mut stream = open_within(zero, BRIEF).unwrap();
            let error = within_a_moment(|| io::copy(&mut stream, &mut io::sink())).unwrap_err();
            // which of the two limits comes first depends on the machine
            let says = error.to_string();
            assert!(says.contains("without an end") || says.contains("does not end"), "{says}");
            assert_eq!(read(Path::new("/dev/null"), 10).unwrap(), b"");
            let folder = tempfile::tempdir().unwrap();
            let socket = folder.path().join("socket");
            let _listener = UnixListener::bind(&socket).unwrap();
            assert_eq!(read(&socket, 10).unwrap_err().to_string(), "is a socket, not a file");
        }

        #[cfg(target_os = "linux")]
        #[test]
        fn file_of_no_size_with_content_is_read() {
            assert!(read(Path::new("/proc/self/status"), 100_000).unwrap().starts_with(b"Name:"));
        }
    }
}
