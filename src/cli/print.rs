//! Writing to the two streams: data to stdout, the rest to stderr. A reader who has gone away is no error.
//!
//! Before both streams, and before every file, stands one [`Redactor`]. It belongs to the process because the streams do: a
//! panic in any thread writes too, and a net that every caller had to hand over could be forgotten by one.

use std::{
    borrow::Cow,
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
    sync::{
        LazyLock,
        atomic::{AtomicBool, Ordering},
    },
};

use clap::error::{ContextKind, ContextValue};

use super::{option, program};
use crate::{
    files,
    report::{self, Format, Page, Paint, Stream, Style, Symbols, Together, Verbosity, harmless},
    secret::{RedactingWriter, Redactor, Secret, suspect},
};

static UNDELIVERED: AtomicBool = AtomicBool::new(false);
static NET: LazyLock<Redactor> = LazyLock::new(Redactor::default);

/// The net before the streams. Every secret that is read is made known to it.
pub fn net() -> Redactor {
    NET.clone()
}

/// Keeps secrets in that a file holds although it should not: what is quoted of it may be cut or wrapped.
pub fn keep_in(secrets: &[Secret]) {
    for secret in secrets {
        NET.add(secret);
    }
}

/// A text that is about to leave the process, without secrets.
pub fn clean(text: &str) -> Cow<'_, str> {
    let (clean, hits) = NET.cleaned(text);
    kept_out(hits);
    clean
}

fn kept_out(hits: usize) {
    if hits > 0 {
        let places = if hits == 1 { "1 place".to_owned() } else { format!("{hits} places") };
        lines(&format!("ece-check: masked a secret in {places} of this output"));
    }
}

/// Writes reports to stdout.
pub fn reports(reports: &Together<'_>, format: Format, style: &Style) {
    if format == Format::Json {
        told_if_lost(json_to(reports, style, &mut io::stdout().lock()));
    } else {
        data(&report::render_several(reports, format, style));
    }
}

/// Writes reports as JSON piece by piece, without secrets.
pub fn json_to(reports: &Together<'_>, style: &Style, to: &mut dyn Write) -> io::Result<()> {
    let mut clean = RedactingWriter::new(&NET, to);
    report::write_json(reports, style, &mut clean)?;
    kept_out(clean.finish()?);
    Ok(())
}

/// How a report is laid out for stdout, with this program as it was called.
pub fn style(no_colour: bool, verbosity: Verbosity) -> Style {
    Style { program: super::program::name(), ..Style::of(Stream::Stdout, no_colour, verbosity) }
}

/// Which characters the reader of stdout can see.
pub fn symbols() -> Symbols {
    Style::of(Stream::Stdout, true, Verbosity::Normal).symbols
}

/// Writes data to stdout. Formats keep to what the reader can see by themselves; this holds for all other texts too.
pub fn data(text: &str) {
    to_stdout(&clean(text));
}

/// Writes what `ece-check lab` invented, its own secrets included: whoever uses that tenant needs them, and they open
/// nothing else.
pub fn invented(text: &str) {
    to_stdout(text);
}

fn to_stdout(text: &str) {
    let plain = (symbols() == Symbols::Ascii && !text.is_ascii()).then(|| harmless::ascii(text));
    let text = plain.as_deref().unwrap_or(text);
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    drop(stdout);
    told_if_lost(written);
}

fn told_if_lost(written: io::Result<()>) {
    if let Err(failed) = written
        && !is_reader_gone(&failed)
        && !UNDELIVERED.swap(true, Ordering::Relaxed)
    {
        error(&format!("standard output cannot be written: {failed}"));
    }
}

/// True when whoever read the pipe has had enough. Windows says it in three ways, and one of them has no kind: 233, the
/// system error `ERROR_PIPE_NOT_CONNECTED`.
fn is_reader_gone(failed: &io::Error) -> bool {
    const PIPE_NOT_CONNECTED: i32 = 233;
    failed.kind() == io::ErrorKind::BrokenPipe || (cfg!(windows) && failed.raw_os_error() == Some(PIPE_NOT_CONNECTED))
}

/// True when data could not be written to stdout although its reader is there: whoever reads the exit code must know.
pub fn undelivered() -> bool {
    UNDELIVERED.load(Ordering::Relaxed)
}

/// Writes an error to stderr.
pub fn error(text: &str) {
    note(&format!("ece-check: {}", suspect::masked(text)));
}

/// Writes what clap has to say, to the stream that is for it: help to stdout, mistakes to stderr.
pub fn usage(said: &clap::Error) {
    if said.use_stderr() {
        let style = Style::of(Stream::Stderr, false, Verbosity::Normal);
        let text = rendered(said, &style);
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
        if said.kind() == clap::error::ErrorKind::InvalidSubcommand {
            let first = std::env::args_os().nth(1).map(PathBuf::from);
            if first.is_some_and(|path| path.is_file()) {
                note(&for_a_file(&program::name()));
            }
        }
    } else {
        data(&rendered(said, &Style::of(Stream::Stdout, false, Verbosity::Normal)));
    }
}

/// What reads a file that stands where a command is expected.
fn for_a_file(program: &str) -> String {
    format!(
        "\nThis is a file. Read a report with: {program} report FILE\nRead a log or an error text with: {program} explain --file FILE"
    )
}

fn rendered(said: &clap::Error, style: &Style) -> String {
    let text = said.render();
    let text = if style.colour { text.ansi().to_string() } else { text.to_string() };
    let text = if said.use_stderr() { clean(&suspect::masked(&unrepeated(said, text))).into_owned() } else { text };
    if style.symbols == Symbols::Ascii { harmless::ascii(&text) } else { text }
}

/// A mistake without the value that is one because it may be a secret.
fn unrepeated(said: &clap::Error, text: String) -> String {
    match said.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) if text.contains(option::SECRET) => text.replace(value, "<secret>"),
        _ => text,
    }
}

/// Writes a remark to stderr, line by line, harmless whatever it quotes.
pub fn note(text: &str) {
    lines(&NET.clean(text).0);
}

/// The same for sentences, which a terminal gets in lines of whole words.
pub fn sentences(text: &str) {
    let mut style = Style::of(Stream::Stderr, true, Verbosity::Normal);
    if !std::io::stderr().is_terminal() {
        return note(text);
    }
    style.colour = false;
    let mut page = Page::new(&style);
    for line in text.lines() {
        page.paragraph(Paint::Plain, line.trim_start());
    }
    note(&page.finish());
}

fn lines(text: &str) {
    let ascii = Style::of(Stream::Stderr, true, Verbosity::Normal).symbols == Symbols::Ascii;
    let mut stderr = std::io::stderr().lock();
    for line in files::without_numbers(text).lines() {
        let line = harmless::line(line, 2_000);
        let line = if ascii { harmless::ascii(&line) } else { line };
        let _ = writeln!(stderr, "{line}");
    }
}

/// A fault of ours becomes a finding, or exit code 70; its words go to stderr in one line, without a backtrace.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|fault| {
        let place = fault.location().map(|at| format!(" at {}:{}", of_crate(at.file()), at.line())).unwrap_or_default();
        let words = fault.payload_as_str().unwrap_or("no words");
        error(&format!("a fault of the program{place}: {words}. Please report it."));
    }));
}

/// A source file without the folder of the machine that built the program.
fn of_crate(file: &str) -> &str {
    let below = |marker: &str| {
        file.split_once(marker).map(|(_, rest)| rest.split_once(['/', '\\']).map_or(rest, |(_, rest)| rest))
    };
    below("registry/src/").or_else(|| below("registry\\src\\")).unwrap_or(file)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the streams and the panic hook are the process's: it is started anew")]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::secret::Secret;

    /// A process of its own, since the streams and the panic hook are the process's.
    #[test]
    fn leaks_planted_in_data_note_and_panic_are_caught() {
        let program = std::env::current_exe().unwrap();
        let planted = "cli::print::tests::planted_leaks";
        let output = Command::new(program).args(["--ignored", "--nocapture", "--exact", planted]).output().unwrap();
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(!said.contains("marked"), "{said}");
        for place in ["data <secret>", "note <secret>", "panic <secret>", "in 1 place"] {
            assert!(said.contains(place), "no {place:?} in {said}");
        }
    }

    #[test]
    #[ignore = "run by the test above, in a process of its own"]
    fn planted_leaks() {
        net().add(&Secret::new("marked-secret-0123456789"));
        quiet_panics();
        data("data marked-secret-0123456789\n");
        note("note marked-secret-0123456789");
        panic!("panic {}", "marked-secret-0123456789");
    }
}
