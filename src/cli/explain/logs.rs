//! `ece-check explain --file` and `-`.
use std::{io::Read as _, process::ExitCode};

use super::{Arguments, Trouble, explain_text};
use crate::catalogue::Catalogue;

/// Reads what was given and tells what it means.
pub fn run(arguments: &Arguments, catalogue: &Catalogue) -> Result<ExitCode, Trouble> {
    let mut text = String::new();
    let _ = std::io::stdin().take(65_536).read_to_string(&mut text);
    explain_text(&text, arguments, catalogue)
}
