//! Writing to the two streams: data to stdout, the rest to stderr. A reader who has gone away is no error.

use std::io::Write;

use crate::report::{Stream, Style, Symbols, Verbosity, harmless};

/// Writes data to stdout.
pub fn data(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

/// Writes an error to stderr.
pub fn error(text: &str) {
    note(&format!("ece-check: {text}"));
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
