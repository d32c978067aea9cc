//! Writing to the two streams: data to stdout, the rest to stderr. A reader who has gone away is no error.

use std::io::Write;

use crate::report::{Stream, Style, Symbols, Verbosity, harmless};

/// Which characters the reader of stdout can see.
pub fn symbols() -> Symbols {
    Style::of(Stream::Stdout, true, Verbosity::Normal).symbols
}

/// Writes data to stdout. Formats keep to what the reader can see by themselves; this holds for all other texts too.
pub fn data(text: &str) {
    let plain = (symbols() == Symbols::Ascii && !text.is_ascii()).then(|| harmless::ascii(text));
    let text = plain.as_deref().unwrap_or(text);
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes an error to stderr.
pub fn error(text: &str) {
    note(&format!("ece-check: {text}"));
}

/// Writes what clap has to say, to the stream that is for it: help to stdout, mistakes to stderr.
pub fn usage(said: &clap::Error) {
    if said.use_stderr() {
        let style = Style::of(Stream::Stderr, false, Verbosity::Normal);
        let text = rendered(said, &style);
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    } else {
        data(&rendered(said, &Style::of(Stream::Stdout, false, Verbosity::Normal)));
    }
}

fn rendered(said: &clap::Error, style: &Style) -> String {
    let text = said.render();
    let text = if style.colour { text.ansi().to_string() } else { text.to_string() };
    if style.symbols == Symbols::Ascii { harmless::ascii(&text) } else { text }
}

/// Writes a remark to stderr, line by line, harmless whatever it quotes.
pub fn note(text: &str) {
    let ascii = Style::of(Stream::Stderr, true, Verbosity::Normal).symbols == Symbols::Ascii;
    let mut stderr = std::io::stderr().lock();
    for line in text.lines() {
        let line = harmless::line(line, 2_000);
        let line = if ascii { harmless::ascii(&line) } else { line };
        let _ = writeln!(stderr, "{line}");
    }
}

/// A fault of ours becomes a finding, or exit code 70; its words go to stderr in one line, without a backtrace.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|fault| {
        let place = fault.location().map(|at| format!(" at {}:{}", at.file(), at.line())).unwrap_or_default();
        let words = fault.payload_as_str().unwrap_or("no words");
        error(&format!("a fault of the program{place}: {words}. Please report it."));
    }));
}
