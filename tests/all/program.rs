//! The binary as people call it: an empty environment, an empty folder to stand in.

use std::{
    env,
    ffi::OsString,
    io::Read,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ece_check::finding::Report;
use tempfile::TempDir;

/// What one call gave.
#[derive(Debug)]
pub struct Outcome {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Outcome {
    /// The report on stdout.
    pub fn report(&self) -> Report {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    /// Nothing was tested, and stderr says why.
    #[track_caller]
    pub fn refused(&self, says: &str) {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert_eq!(self.stdout, "", "{self:?}");
        assert!(self.stderr.contains(says), "{says:?} is not in {self:?}");
    }
}

/// The program: the one that was built with these tests, or the one that `ECE_CHECK_PROGRAM` names (see Makefile.windows).
fn program() -> OsString {
    env::var_os("ECE_CHECK_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_ece-check").into())
}

/// A folder to call the program in.
pub struct Place {
    folder: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A file in it, with its folders.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let file = self.folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a file has a folder")).expect("a folder");
        std::fs::write(&file, bytes).expect("a file");
        file
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The program with these arguments, not yet started.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).env_clear().current_dir(self.folder.path());
        if std::env::var_os("ECE_CHECK_PROGRAM").is_none() {
            command.env("TMPDIR", self.folder.path()); // where runs tell each other of themselves; Wine has its server there
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub fn start(&self, arguments: &[&str]) -> Child {
        self.command(arguments).spawn().expect("the program starts")
    }

    pub fn call(&self, arguments: &[&str]) -> Outcome {
        finish(self.command(arguments))
    }
}

/// Calls the program in a folder of its own.
pub fn call(arguments: &[&str]) -> Outcome {
    Place::new().call(arguments)
}

/// Runs a prepared command to its end.
pub fn finish(mut command: Command) -> Outcome {
    let began = Instant::now();
    let output = command.output().expect("the program starts");
    Outcome {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        took: began.elapsed(),
    }
}

/// What a child wrote until its end.
pub fn wait(mut child: Child) -> Outcome {
    let began = Instant::now();
    let (mut stdout, mut stderr) = (String::new(), String::new());
    child.stdout.take().map(|mut pipe| pipe.read_to_string(&mut stdout));
    child.stderr.take().map(|mut pipe| pipe.read_to_string(&mut stderr));
    let code = child.wait().expect("the program ends").code();
    Outcome { code, stdout, stderr, took: began.elapsed() }
}
