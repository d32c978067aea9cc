//! What the program writes where not every character can be read: code pages, pipes, narrow windows, no colour.
//!
//! The program itself is run, with its stdout in a pipe. `ECE_CHECK_ENCODING` says what reads it, as a Windows console's
//! code page would.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use ece_check::{
    finding::Report,
    report::{Format, Style, parse, render},
};

use super::{ascii, golden};

const FORMATS: [&str; 4] = ["text", "json", "markdown", "csv"];

/// What code page 437 has above ASCII, from 0x80 on; below 0x20 it has pictures (0x13 is a double exclamation mark), but
/// a console takes those places as control characters.
/// Source: <https://www.unicode.org/Public/MAPPINGS/VENDORS/MICSFT/PC/CP437.TXT>
const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

fn is_in_cp437(character: char) -> bool {
    character == '\n' || character.is_ascii_graphic() || character == ' ' || CP437.contains(character)
}

/// The golden report with texts of people who write otherwise.
fn foreign() -> Report {
    let mut report = golden();
    report.run.case = Some("Fall “Müller” – 接続 √ ‼ × € 🙂".to_owned());
    report.findings[0].found = "Zeitüberschreitung → 30 s … หมดเวลา".into();
    report.run.firewall = Some(vec!["port 587: rule \"Keine Grüße – 禁止\" (profile Domain)".to_owned()]);
    report
}

/// A folder with the report in `r.json`, as saved.
fn saved(folder: &Path) -> PathBuf {
    let file = folder.join("r.json");
    std::fs::write(&file, render(&foreign(), Format::Json, &super::style(80))).expect("a writable folder");
    file
}

fn printed(file: &Path, format: &str, encoding: &str) -> String {
    let output = program(
        &[("ECE_CHECK_ENCODING", encoding)],
        &["report", &file.display().to_string(), "-v", "--output", format],
    );
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8, or ASCII, which is UTF-8 too")
}

fn program(environment: &[(&str, &str)], arguments: &[&str]) -> Output {
    // the one that was built with these tests, or another that Makefile.windows names
    let program = std::env::var_os("ECE_CHECK_PROGRAM").unwrap_or_else(|| env!("CARGO_BIN_EXE_ece-check").into());
    let mut command = Command::new(program);
    command.env_clear().envs(environment.iter().copied()).args(arguments);
    command.output().expect("the program was built for this test")
}

#[test]
fn every_format_on_a_code_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = saved(folder.path());
    for format in FORMATS {
        for code_page in ["cp437", "cp1252", "ascii"] {
            let text = printed(&file, format, code_page);
            let stranger = text.chars().find(|character| !is_in_cp437(*character));
            assert_eq!(stranger, None, "{format} on {code_page}");
            assert!(text.is_ascii(), "{format} on {code_page}: only ASCII is the same in all of them");
        }
        assert!(!printed(&file, format, "utf-8").is_ascii(), "{format}: UTF-8 keeps what was written");
    }
}

#[test]
fn json_loses_nothing_on_a_code_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = saved(folder.path());
    assert_eq!(parse(&printed(&file, "json", "cp437")).expect("our own JSON"), foreign());
}

#[test]
fn what_is_no_report_on_a_code_page() {
    for arguments in [
        &["--help"][..],
        &["run", "--help"],
        &["run", "--größe"],
        &["explain", "größe"],
        &["explain", "smtp.starttls"],
        &["explain", "port-blocked"],
        &["explain", "535 5.7.139 SmtpClientAuthentication is disabled → größe"],
        &["list"],
        &["list", "--causes"],
        &["lab", "--list"],
        &["plan"],
        &["plan", "--output", "csv"],
        &["man"],
        &["report", "größe"],
    ] {
        let output = program(&[("ECE_CHECK_ENCODING", "cp437")], arguments);
        assert!(!output.stdout.is_empty() || !output.stderr.is_empty(), "{arguments:?}");
        assert!(output.stdout.is_ascii() && output.stderr.is_ascii(), "{arguments:?}: {output:?}");
        assert!(!output.stdout.contains(&0x1b), "{arguments:?}: no colour in a pipe");
    }
}

#[test]
fn as_powershell_saves_what_it_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let json = printed(&saved(folder.path()), "json", "cp437").replace('\n', "\r\n");
    let utf_16: Vec<u8> = "\u{feff}".encode_utf16().chain(json.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let file = folder.path().join("ps.json");
    std::fs::write(&file, utf_16).expect("a writable folder");
    assert_eq!(parse(&printed(&file, "json", "utf-8")).expect("our own JSON"), foreign());
}

#[test]
fn a_file_is_utf_8_whatever_the_stream_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("r.txt");
    let report = format!("text={}", file.display());
    let arguments = ["run", "--lab", "--only", "version", "--case", "Müller", "--report", &report];
    let output = program(&[("ECE_CHECK_ENCODING", "cp437")], &arguments);
    assert!(output.stdout.is_ascii() && !output.stdout.is_empty(), "{output:?}");
    let text = std::fs::read_to_string(&file).expect("UTF-8");
    assert!(text.contains("case Müller") && text.contains("\u{221a} "), "{text}");
}

#[test]
fn a_pipe_and_no_color_have_no_escape_sequences() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = saved(folder.path()).display().to_string();
    for environment in [&[][..], &[("NO_COLOR", "1")], &[("LANG", "C.UTF-8"), ("TERM", "xterm-256color")]] {
        for format in FORMATS {
            let output = program(environment, &["report", &file, "--output", format]);
            assert!(!output.stdout.is_empty() && !output.stdout.contains(&0x1b), "{format}: {environment:?}");
        }
    }
}

#[test]
fn forty_columns_on_a_code_page() {
    let text = render(&foreign(), Format::Text, &ascii(40));
    for line in text.lines().filter(|line| !line.contains("https://") && !is_command(line)) {
        assert!(line.len() <= 40, "{line}");
    }
    assert!(text.is_ascii());
}

/// Commands and addresses are copied, so they are not broken: indented further than anything else in a narrow window.
fn is_command(line: &str) -> bool {
    line.starts_with("    ")
}

#[test]
fn colours_only_where_they_are_taken() {
    let colourful = Style { colour: true, ..ascii(80) };
    assert!(render(&foreign(), Format::Text, &colourful).contains("\x1b["));
    for format in [Format::Json, Format::Markdown, Format::Csv] {
        assert!(!render(&foreign(), format, &colourful).contains('\x1b'), "{format:?}: not a text for a terminal");
    }
}
