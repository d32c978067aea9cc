//! Evidence files that programs wrote which nobody here wrote: Python's csv, csv-stringify of Node, psrpcore for CLIXML.
//!
//! Needs node and npm, python3 with venv. Where npm or `PyPI` cannot be reached these tests fail, unless
//! `ECE_CHECK_FOREIGN=off` says that this is known.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::directory::{folder, install, printed};

const ECE_CHECK: &str = env!("CARGO_BIN_EXE_ece-check");

/// Rows with all that a writer must quote: separators, quotes, a line break, a formula, letters of other scripts.
const ROWS: &str = r#"[
  {"PrimarySmtpAddress": "sales@example.com", "DisplayName": "Sales; \"North\", \tand\r\nSouth", "ImapEnabled": true,
   "PopEnabled": false, "SmtpClientAuthenticationDisabled": null},
  {"PrimarySmtpAddress": "info@example.com", "DisplayName": "=cmd|' /C calc'!A0", "ImapEnabled": false,
   "PopEnabled": true, "SmtpClientAuthenticationDisabled": true},
  {"PrimarySmtpAddress": "büro@example.com", "DisplayName": "営業 _x000D_ \u202eтест", "ImapEnabled": true,
   "PopEnabled": true, "SmtpClientAuthenticationDisabled": false}
]"#;

/// What the program reads of a file.
fn read(file: &Path) -> Value {
    let mut command = Command::new(ECE_CHECK);
    let output = command.args(["evidence", "show", "-o", "json"]).arg(file).stdin(Stdio::null()).output();
    let output = output.expect("the program starts");
    let said = String::from_utf8_lossy(&output.stdout);
    let shown: Value = serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(shown["files"][0]["problems"], Value::Array(Vec::new()), "{shown}");
    shown["files"][0]["records"].clone()
}

#[test]
fn every_writer_says_the_same() {
    let (lock, wanted) = (include_str!("package-lock.json"), include_str!("requirements.txt"));
    let files = [
        ("package.json", include_str!("package.json")),
        ("package-lock.json", lock),
        ("requirements.txt", wanted),
        ("write.py", include_str!("write.py")),
        ("write.mjs", include_str!("write.mjs")),
        ("rows.json", ROWS),
    ];
    let Some(folder) = folder("writers", &files) else { return };
    let npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    let pip = ["venv/bin/pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"];
    install(&folder, &format!("{lock}{wanted}"), &[&npm, &["python3", "-m", "venv", "venv"], &pip]);
    let (written, lab) = (folder.join("written"), folder.join("lab"));
    for folder in [&written, &lab] {
        let _ = fs::remove_dir_all(folder);
    }
    fs::create_dir_all(&written).expect("cargo's own folder");
    printed(Command::new(ECE_CHECK).args(["lab", "--fault", "imap-disabled-for-mailbox", "--evidence"]).arg(&lab));
    let of_lab = lab.join("forms/casmailbox.clixml");
    let mut python = Command::new(folder.join("venv/bin/python"));
    python.current_dir(&folder).args(["write.py", "rows.json", "written"]).arg(of_lab);
    let seen: Value = serde_json::from_str(&printed(&mut python)).expect("JSON");
    let off = seen.as_array().into_iter().flatten().filter(|row| row["imap"] == false).collect::<Vec<_>>();
    assert!(off.iter().any(|row| row["address"] == "sales@example.com"), "psrpcore reads the lab: {seen}");
    printed(Command::new("node").current_dir(&folder).args(["write.mjs", "rows.json", "written"]));

    let said = read(&folder.join("rows.json"));
    assert_eq!(said.as_array().map(Vec::len), Some(3), "{said}");
    let mut count = 0;
    for file in fs::read_dir(&written).expect("cargo's own folder").filter_map(Result::ok) {
        assert_eq!(read(&file.path()), said, "{}", file.path().display());
        count += 1;
    }
    assert_eq!(count, 9, "every writer has written");
}
