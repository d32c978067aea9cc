//! What the program does where the system gives it few threads: it runs, or says what is missing. It never hangs.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

/// Of a user that nothing else runs as, so that only the program's own threads count.
fn user() -> String {
    (2_000_000 + std::process::id()).to_string()
}

/// Runs the lab with at most so many processes and threads: exit code, stderr.
fn with_threads(most: u32) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let program = folder.path().join("ece-check");
    fs::copy(env!("CARGO_BIN_EXE_ece-check"), &program).expect("the program can be copied");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a folder that all may enter");
    let line = format!("ulimit -u {most}; exec timeout 60 \"$0\" run --lab --quiet");
    let output = Command::new("setpriv")
        .args(["--reuid", &user(), "--regid", &user(), "--clear-groups", "bash", "-c", &line])
        .arg(&program)
        .current_dir(folder.path())
        .output()
        .expect("setpriv (util-linux) is there");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn too_few_threads_are_named_and_enough_suffice() {
    // `timeout` is a process of this user too
    for most in [2, 3] {
        let (code, told) = with_threads(most);
        assert_eq!(code, Some(2), "{most}: {told}");
        assert!(told.contains("no further threads") && told.contains("ulimit -u"), "{told}");
        assert!(!told.contains("fault of the program"), "{told}");
    }
    let (code, told) = with_threads(6);
    assert_eq!(code, Some(0), "{told}");
}
