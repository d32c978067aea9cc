//! One golden report in every format.
//!
//! `golden.json` has every status and every reason of a skip, causes of every certainty, hostile and long texts. What is
//! written of it stands in `snapshots/`; see them change with `cargo insta review`, or with `INSTA_UPDATE=always`.

mod every_format;
mod hostile;
mod looks_like;
mod streams;

use ece_check::{
    finding::Report,
    report::{Style, Symbols, Verbosity, parse},
};

fn golden() -> Report {
    parse(include_str!("golden.json")).expect("the golden report is a report")
}

fn style(width: usize) -> Style {
    Style { width, ..Style::of_file(Verbosity::Normal) }
}

fn ascii(width: usize) -> Style {
    Style { symbols: Symbols::Ascii, ..style(width) }
}

fn verbosity(verbosity: Verbosity) -> Style {
    Style::of_file(verbosity)
}
