//! How a stream can be written to: how wide it is, which symbols and colours it shows.
//!
//! In: the stream and its surroundings (terminal or not, environment). Out: a [`Style`], decided once per stream.

use std::{env, io, io::IsTerminal as _};

use terminal_size::{Width, terminal_size_of};

/// The narrowest and the widest text that is laid out, in columns.
const WIDTHS: (usize, usize) = (20, 120);

/// The width where there is no terminal to ask, in columns.
const WIDTH_OF_A_PIPE: usize = 80;

/// How a text is laid out for one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// Columns.
    pub width: usize,
    /// Which characters the reader can see.
    pub symbols: Symbols,
    /// True when colours may be used; they are never the only sign.
    pub colour: bool,
    /// True when the terminal makes links of web addresses (OSC 8).
    pub links: bool,
    /// How much is told.
    pub verbosity: Verbosity,
    /// How this program is called from where the reader is, for commands that are pasted there.
    pub program: String,
}

/// How the program is called where nothing else is known.
const PROGRAM: &str = "ece-check";

/// Which characters the reader can see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Symbols {
    /// All.
    Unicode,
    /// ASCII alone; everything else is transcribed.
    Ascii,
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// What is not well, and the summary.
    Quiet,
    /// What is well in a line, what is not in full.
    Normal,
    /// The evidence too.
    Verbose,
}

/// The two streams that a program writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Data.
    Stdout,
    /// Progress, hints and errors.
    Stderr,
}

impl Style {
    /// The style for a stream as it is now; `no_colour` is the user's flag.
    #[must_use]
    pub fn of(stream: Stream, no_colour: bool, verbosity: Verbosity) -> Self {
        let surroundings = Surroundings::of(stream);
        let colour = !no_colour && surroundings.shows_colour() && terminal_takes_colour();
        Self {
            width: surroundings.width(),
            symbols: surroundings.symbols(),
            colour,
            links: colour && shows_links(),
            verbosity,
            program: PROGRAM.to_owned(),
        }
    }

    /// A command of this program as it is called here.
    #[must_use]
    pub fn called(&self, command: &str) -> String {
        command.strip_prefix(PROGRAM).map_or_else(|| command.to_owned(), |rest| format!("{}{rest}", self.program))
    }

    /// The style for a file: the same on every machine.
    #[must_use]
    pub fn of_file(verbosity: Verbosity) -> Self {
        let (symbols, program) = (Symbols::Unicode, PROGRAM.to_owned());
        Self { width: WIDTH_OF_A_PIPE, symbols, colour: false, links: false, verbosity, program }
    }
}

/// What a stream leads to, and what the environment says.
#[derive(Clone, Debug, Default)]
struct Surroundings {
    windows: bool,
    /// `ECE_CHECK_ENCODING`: what the user says that the stream's reader understands, such as `cp437` or `utf-8`.
    encoding: String,
    terminal: bool,
    columns: Option<u16>,
    /// `LC_ALL`, `LC_CTYPE`, `LANG`: the first that says anything counts (POSIX, XBD 8.2).
    locale: String,
    term: String,
    no_color: String,
}

impl Surroundings {
    fn of(stream: Stream) -> Self {
        let said = |name: &str| env::var(name).unwrap_or_default();
        let (terminal, size) = match stream {
            Stream::Stdout => (io::stdout().is_terminal(), terminal_size_of(io::stdout())),
            Stream::Stderr => (io::stderr().is_terminal(), terminal_size_of(io::stderr())),
        };
        Self {
            windows: cfg!(windows),
            encoding: said("ECE_CHECK_ENCODING"),
            terminal,
            columns: size.map(|(Width(columns), _)| columns),
            locale: ["LC_ALL", "LC_CTYPE", "LANG"].map(said).into_iter().find(|l| !l.is_empty()).unwrap_or_default(),
            term: said("TERM"),
            no_color: said("NO_COLOR"),
        }
    }

    fn width(&self) -> usize {
        let columns = self.columns.filter(|columns| self.terminal && *columns > 0);
        columns.map_or(WIDTH_OF_A_PIPE, usize::from).clamp(WIDTHS.0, WIDTHS.1)
    }

    /// <https://no-color.org>: any text in `NO_COLOR` counts, an empty one does not.
    fn shows_colour(&self) -> bool {
        self.terminal && self.no_color.is_empty() && self.term != "dumb"
    }

    /// Everything where the reader is known to take UTF-8, and elsewhere ASCII: it is in every code page at the same place.
    /// On Windows the standard library writes UTF-16 to a console, and its fonts have our marks since code page 437; a
    /// pipe is read by PowerShell in the console's code page, which is seldom UTF-8. The Linux console lacks the glyphs.
    fn symbols(&self) -> Symbols {
        let shows = match () {
            () if !self.encoding.is_empty() => is_utf_8(&self.encoding),
            () if self.windows => self.terminal,
            () => is_utf_8(&self.locale) && !(self.terminal && self.term == "linux"),
        };
        if shows { Symbols::Unicode } else { Symbols::Ascii }
    }
}

/// Terminals that are known to make links of OSC 8 (<https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>):
/// each says who it is in a variable of its own.
fn shows_links() -> bool {
    let said = |name: &str| env::var(name).unwrap_or_default();
    let is_known = |name: &str| ["iTerm.app", "WezTerm", "vscode", "ghostty", "Hyper"].contains(&name);
    let vte = said("VTE_VERSION").parse::<u32>().is_ok_and(|version| version >= 5_000);
    vte || is_known(&said("TERM_PROGRAM"))
        || !said("WT_SESSION").is_empty()
        || !said("KONSOLE_VERSION").is_empty()
        || said("TERM").contains("kitty")
}

fn is_utf_8(said: &str) -> bool {
    let said = said.to_ascii_uppercase();
    ["UTF-8", "UTF8", "CP65001"].iter().any(|name| said.contains(name))
}

/// Older Windows consoles take colours only when asked to; elsewhere there is nothing to ask.
fn terminal_takes_colour() -> bool {
    anstyle_query::windows::enable_ansi_colors().unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal() -> Surroundings {
        Surroundings {
            terminal: true,
            columns: Some(100),
            locale: "de_DE.utf8".to_owned(),
            term: "xterm".to_owned(),
            ..Surroundings::default()
        }
    }

    #[test]
    fn a_terminal_of_any_width() {
        assert_eq!(terminal().width(), 100);
        assert_eq!(Surroundings { columns: Some(7), ..terminal() }.width(), 20);
        assert_eq!(Surroundings { columns: Some(500), ..terminal() }.width(), 120);
        assert_eq!(Surroundings { columns: Some(0), ..terminal() }.width(), 80, "some serial consoles do not know");
    }

    #[test]
    fn a_pipe_has_no_colour_and_eighty_columns() {
        let pipe = Surroundings { terminal: false, ..terminal() };
        assert!(!pipe.shows_colour());
        assert_eq!(pipe.width(), 80);
        assert_eq!(pipe.symbols(), Symbols::Unicode);
    }

    #[test]
    fn no_color_counts_unless_it_is_empty() {
        assert!(terminal().shows_colour());
        assert!(!Surroundings { no_color: "1".to_owned(), ..terminal() }.shows_colour());
        assert!(!Surroundings { term: "dumb".to_owned(), ..terminal() }.shows_colour());
    }

    #[test]
    fn a_locale_without_utf_8() {
        assert_eq!(terminal().symbols(), Symbols::Unicode);
        assert_eq!(Surroundings { locale: "C".to_owned(), ..terminal() }.symbols(), Symbols::Ascii);
        assert_eq!(Surroundings { term: "linux".to_owned(), ..terminal() }.symbols(), Symbols::Ascii);
    }

    #[test]
    fn windows_console_and_windows_pipe() {
        let console = Surroundings { windows: true, locale: String::new(), ..terminal() };
        assert_eq!(console.symbols(), Symbols::Unicode);
        assert_eq!(Surroundings { terminal: false, ..console }.symbols(), Symbols::Ascii);
    }

    #[test]
    fn the_user_says_what_the_reader_understands() {
        for windows in [true, false] {
            for terminal in [true, false] {
                let said = |encoding: &str| {
                    Surroundings { windows, terminal, encoding: encoding.to_owned(), ..self::terminal() }.symbols()
                };
                for code_page in ["cp437", "cp850", "cp1252", "ascii", "no such thing"] {
                    assert_eq!(said(code_page), Symbols::Ascii, "{code_page}");
                }
                for utf_8 in ["utf-8", "UTF8", "cp65001"] {
                    assert_eq!(said(utf_8), Symbols::Unicode, "{utf_8}");
                }
            }
        }
    }
}
