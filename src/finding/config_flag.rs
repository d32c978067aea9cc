//! The site file in this program's own commands: who named a file for the run needs it for what comes next.
//!
//! In: findings and actions whose commands are written, and the file of the run. Out: the same with `-c FILE`. Pure.

use super::{Finding, NextStep, Remediation, Report};
use crate::command::{Command, Shell};

/// The file that is read without being named.
pub const DEFAULT: &str = "ece-check.toml";

/// The commands of this program that read a site file.
const READERS: [&str; 5] = [
    "ece-check run",
    "ece-check plan",
    "ece-check token show",
    "ece-check token sign-in",
    "ece-check evidence request",
];

/// Writes the file of the run into each command that reads one and names none. The usual file needs no flag.
pub fn add(findings: &mut [Finding], actions: &mut [Remediation], file: Option<&str>) {
    let Some(file) = file.filter(|file| *file != DEFAULT) else { return };
    let flag = flag(file);
    for text in texts(findings, actions) {
        *text = text.lines().map(|line| with_flag(line, &flag)).collect::<Vec<_>>().join("\n");
    }
}

/// The same for one command in words of this program's own.
#[must_use]
pub fn added(line: &str, file: Option<&str>) -> String {
    file.filter(|file| *file != DEFAULT).map_or_else(|| line.to_owned(), |file| with_flag(line, &flag(file)))
}

fn with_flag(line: &str, flag: &str) -> String {
    let read_by = READERS.iter().find_map(|reader| Some((*reader, line.strip_prefix(reader)?)));
    match read_by {
        Some((reader, rest)) if (rest.is_empty() || rest.starts_with(' ')) && !rest.contains(" -c ") => {
            format!("{reader}{flag}{rest}")
        }
        _ => line.to_owned(),
    }
}

/// Takes the name of the file out of the commands again: where a file is may tell whose it is.
pub fn hide(report: &mut Report) {
    let Some(file) = report.run.config.clone() else { return };
    // the report may come from the other system, whose shell quotes in another way
    let named = [Shell::Sh, Shell::Powershell].into_iter().filter_map(|shell| shell.quote(&file));
    let named: Vec<String> = named.map(|file| format!(" -c {file}")).collect();
    for text in texts(&mut report.findings, &mut report.summary.fix_first) {
        for flag in &named {
            *text = text.replace(flag, &format!(" -c {PLACEHOLDER}"));
        }
    }
}

const PLACEHOLDER: &str = "'<site file>'";

fn flag(file: &str) -> String {
    format!(" -c {}", Shell::EceCheck.quote(file).unwrap_or_else(|| PLACEHOLDER.to_owned()))
}

/// The texts of all commands of this program.
fn texts<'a>(findings: &'a mut [Finding], actions: &'a mut [Remediation]) -> impl Iterator<Item = &'a mut String> {
    let of_steps = findings.iter_mut().flat_map(|finding| &mut finding.steps).filter_map(NextStep::command_mut);
    let (of_actions, as_text): (Vec<&mut Vec<Command>>, Vec<&mut Option<String>>) =
        actions.iter_mut().map(|action| (&mut action.commands, &mut action.command)).unzip();
    let own = |command: &&mut Command| command.shell == Shell::EceCheck;
    let commands = of_steps.chain(of_actions.into_iter().flatten()).filter(own).map(|command| &mut command.text);
    commands.chain(as_text.into_iter().flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_is_written_where_one_is_read() {
        for (line, expected) in [
            ("ece-check run", "ece-check run -c 'a b.toml'"),
            ("ece-check token show --account a", "ece-check token show -c 'a b.toml' --account a"),
            ("ece-check evidence request --for exchange", "ece-check evidence request -c 'a b.toml' --for exchange"),
            ("ece-check run -c other.toml --only smtp", "ece-check run -c other.toml --only smtp"),
            ("ece-check runs", "ece-check runs"),
            ("ece-check explain 535", "ece-check explain 535"),
            ("openssl s_client", "openssl s_client"),
        ] {
            assert_eq!(with_flag(line, " -c 'a b.toml'"), expected, "{line}");
        }
    }
}
