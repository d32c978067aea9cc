//! Secrets: values that cannot be printed, where they are kept, and the net that catches one that tries to leave.
//!
//! In: a [`Source`] from the user's file, standard input or a prompt. Out: a [`Secret`], which whoever reads it makes
//! known to the [`Redactor`] at once. What is said of a secret that cannot be read names the place and never the content.

mod escaped;
mod placed;
mod random;
mod ranges;
mod redactor;
mod stream;
pub mod suspect;
mod unknown;

use std::{
    env, fmt,
    io::{self, IsTerminal as _, Read as _},
    path::{Path, PathBuf},
    process::Stdio,
};

use tokio::{io::AsyncReadExt as _, process::Command};

use crate::files::{self, Patience};

pub use redactor::Redactor;
pub use stream::RedactingWriter;
pub use unknown::{secrets_in as unknown_in, secrets_read as unknown_read};

/// A longer text is no secret of ours. Access tokens with many groups have some ten thousand bytes.
pub const LONGEST: usize = 64 << 10;

/// A value that must not be seen. No Display, no Serialize; Debug says only that there is one.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes a value into keeping.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, to be handed to the wire and to nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// How long it is, in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// How long it is, in words: `1,432 bytes`.
    #[must_use]
    pub fn size(&self) -> String {
        match (self.len() / 1000, self.len() % 1000) {
            (0, bytes) => format!("{bytes} bytes"),
            (thousands, bytes) => format!("{thousands},{bytes:03} bytes"),
        }
    }

    /// True when there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// Where a secret is kept. The secret itself is read when it is needed, and nowhere before.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Source {
    /// An environment variable of this name.
    Env(String),
    /// A file that holds nothing else.
    File(PathBuf),
    /// A command that prints it.
    Command(String),
}

/// A secret that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The secret.
    pub secret: Secret,
    /// What is unwise about the place where it is kept.
    pub warning: Option<String>,
}

/// A secret that could not be read: the place and what is wrong with it, never the content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place} {wrong}")]
pub struct Unread {
    /// The place, such as `the environment variable SALES_TOKEN`.
    pub place: String,
    /// What is wrong with it.
    pub wrong: String,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Command(_) => f.write_str("the command"), // its arguments may hold a secret of another place
        }
    }
}

impl Source {
    /// Reads the secret. A command runs as long as the future is waited for and is ended when it is dropped: the
    /// limit is the caller's. What a command says on its standard error is never read.
    ///
    /// # Errors
    /// When the place is not there, gives nothing, gives more than [`LONGEST`] bytes or more than one line, or when
    /// the command fails.
    pub async fn read(&self) -> Result<Given, Unread> {
        let (bytes, warning) = self.read_whole().await?;
        let secret = of_bytes(&bytes).map_err(|wrong| Unread { place: self.to_string(), wrong })?;
        Ok(Given { secret, warning })
    }

    /// Reads what is there as it is, such as a key in several lines, and what is unwise about the place.
    ///
    /// # Errors
    /// When the place is not there, gives more than [`LONGEST`] bytes, or when the command fails.
    pub async fn read_whole(&self) -> Result<(Vec<u8>, Option<String>), Unread> {
        let unread = |wrong: String| Unread { place: self.to_string(), wrong };
        let (bytes, warning) = match self {
            Self::Env(name) => (of_variable(name).map_err(unread)?, None),
            Self::File(path) => of_file(path, Patience::default()).await.map_err(unread)?,
            Self::Command(command) => (of_command(command).await.map_err(unread)?, None),
        };
        within_limit(&bytes).map_err(unread)?;
        Ok((bytes, warning))
    }
}

/// Reads a secret from standard input, up to its end.
///
/// # Errors
/// When nothing comes, or what comes is no secret.
pub fn from_stdin() -> Result<Secret, Unread> {
    let unread = |wrong: String| Unread { place: "standard input".to_owned(), wrong };
    let mut bytes = Vec::new();
    let most = LONGEST as u64 + 1;
    io::stdin()
        .lock()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(|error| unread(format!("cannot be read: {error}")))?;
    of_bytes(&bytes).map_err(unread)
}

/// Asks for a secret on the terminal and does not show it; where there is no terminal, it is read from standard input.
///
/// # Errors
/// When nothing comes, or what comes is no secret.
pub fn from_prompt(question: &str) -> Result<Secret, Unread> {
    if !io::stdin().is_terminal() {
        return from_stdin();
    }
    let unread = |wrong: String| Unread { place: "the answer".to_owned(), wrong };
    let answer = rpassword::prompt_password(question).map_err(|error| unread(format!("cannot be read: {error}")))?;
    of_bytes(answer.as_bytes()).map_err(unread)
}

fn of_variable(name: &str) -> Result<Vec<u8>, String> {
    match env::var(name) {
        Ok(value) => Ok(value.into_bytes()),
        Err(env::VarError::NotPresent) => Err("is not set".to_owned()),
        Err(env::VarError::NotUnicode(_)) => Err("holds no text".to_owned()),
    }
}

/// A plain file is read at once; a pipe is waited for by a thread, so that the run's own limits hold meanwhile.
async fn of_file(path: &Path, patience: Patience) -> Result<(Vec<u8>, Option<String>), String> {
    let about = files::metadata(path).map_err(|error| error.to_string())?;
    let (file, most) = (path.to_owned(), LONGEST as u64);
    let read = move || files::read_within(&file, most, patience);
    let read = if about.is_file() {
        read()
    } else {
        tokio::task::spawn_blocking(read).await.map_err(|error| format!("cannot be read: {error}"))?
    };
    let warning = (about.is_file() && readable_by_others(&about))
        .then(|| format!("the file {} can be read by other users; restrict it: chmod 600", path.display()));
    Ok((read.map_err(|error| error.to_string())?, warning))
}

#[cfg(unix)]
fn readable_by_others(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    about.permissions().mode() & 0o077 != 0
}

/// Elsewhere the folder's access list decides, which this program does not read.
#[cfg(not(unix))]
fn readable_by_others(_: &std::fs::Metadata) -> bool {
    false
}

async fn of_command(command: &str) -> Result<Vec<u8>, String> {
    let mut child = shell(command)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    let mut bytes = Vec::new();
    if let Some(output) = child.stdout.take() {
        let most = LONGEST as u64 + 1;
        output.take(most).read_to_end(&mut bytes).await.map_err(|error| format!("cannot be read: {error}"))?;
    }
    let ended = child.wait().await.map_err(|error| format!("did not end well: {error}"))?;
    if ended.success() || bytes.len() > LONGEST {
        return Ok(bytes); // one that says too much is ended by a full pipe, and is refused for that
    }
    Err(ended.code().map_or_else(|| "was ended by a signal".to_owned(), |code| format!("ended with exit code {code}")))
}

#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the program that the user named")]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command);
    shell
}

/// The command goes to the shell as it stands: quoting it for `cmd` would change it.
#[cfg(windows)]
#[expect(clippy::disallowed_methods, reason = "the program that the user named")]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/D").arg("/C").raw_arg(command);
    shell
}

/// One line of text. Line ends behind it are left out; Notepad's and PowerShell's byte order marks and UTF-16 are read.
/// Control characters are refused: inside a sign-in they would end the token and begin something else.
fn of_bytes(bytes: &[u8]) -> Result<Secret, String> {
    within_limit(bytes)?;
    let (text, _, broken) = encoding_rs::UTF_8.decode(bytes);
    let text = text.trim_end_matches(['\r', '\n']);
    match () {
        () if broken => Err("holds no text".to_owned()),
        () if text.trim().is_empty() => Err("is empty".to_owned()),
        () if text.contains(char::is_control) => Err("holds more than one line".to_owned()),
        () => Ok(Secret::new(text)),
    }
}

fn within_limit(bytes: &[u8]) -> Result<(), String> {
    let words = || format!("gives more than {} KiB, which is not a secret", LONGEST >> 10);
    if bytes.len() > LONGEST { Err(words()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    #[cfg(unix)]
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn sizes_in_words() {
        let size = |length: usize| Secret::new("a".repeat(length)).size();
        assert_eq!([size(25), size(1432), size(64_007)], ["25 bytes", "1,432 bytes", "64,007 bytes"]);
    }

    #[test]
    fn debug_shows_nothing() {
        let given = Given { secret: Secret::new("marked"), warning: None };
        assert!(!format!("{given:?}").contains("marked"));
    }

    #[test]
    fn bytes_as_editors_and_shells_write_them() {
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("tok\r\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        for bytes in [b"tok".as_slice(), b"tok\n", b"tok\r\n", b"\xef\xbb\xbftok\n", &utf16] {
            assert_eq!(of_bytes(bytes), Ok(Secret::new("tok")), "{bytes:?}");
        }
        for bytes in [b"".as_slice(), b"\r\n", b"  ", b"a\nb", b"a\x01b", b"\xff\xfeab\xff", &vec![b'a'; LONGEST + 1]] {
            assert!(of_bytes(bytes).is_err(), "{:?}", &bytes[..bytes.len().min(8)]);
        }
    }

    #[tokio::test]
    async fn missing_places_are_named_and_nothing_else() {
        let wrong = Source::Env("ECE_CHECK_NO_SUCH_VARIABLE".to_owned()).read().await.unwrap_err().to_string();
        assert_eq!(wrong, "the environment variable ECE_CHECK_NO_SUCH_VARIABLE is not set");
        let wrong = Source::File("/no/such/file".into()).read().await.unwrap_err().to_string();
        assert!(wrong.starts_with("the file /no/such/file cannot be read"), "{wrong}");
        let folder = tempfile::tempdir().unwrap();
        let wrong = Source::File(folder.path().to_owned()).read().await.unwrap_err();
        assert_eq!(wrong.wrong, "is a folder");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn file_that_others_can_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt as _;
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "tok\n").unwrap();
        let source = Source::File(file.path().to_owned());
        for (mode, warned) in [(0o600, false), (0o400, false), (0o640, true), (0o604, true)] {
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
            let given = source.read().await.unwrap();
            assert_eq!((given.secret.expose(), given.warning.is_some()), ("tok", warned), "{mode:o}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a test starts a program of the system")]
    async fn pipe_without_a_writer_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let brief = Patience { idle: Duration::from_millis(100), ..Patience::default() };
        let wrong = of_file(&pipe, brief).await.unwrap_err();
        assert!(wrong.contains("said nothing within 0.1 s"), "{wrong}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn command_gives_its_output_or_its_exit_code() {
        let run = |command: &str| Source::Command(command.to_owned());
        assert_eq!(run("echo tok; echo noise >&2").read().await.unwrap().secret.expose(), "tok");
        let wrong = run("echo half-a-secret; exit 3").read().await.unwrap_err().to_string();
        assert_eq!(wrong, "the command ended with exit code 3");
        assert!(run("true").read().await.unwrap_err().wrong.contains("empty"));
        assert!(run("yes").read().await.unwrap_err().wrong.contains("64 KiB"));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn command_that_hangs_is_given_up() {
        let began = Instant::now();
        let source = Source::Command("sleep 30".to_owned());
        assert!(tokio::time::timeout(Duration::from_millis(50), source.read()).await.is_err());
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
