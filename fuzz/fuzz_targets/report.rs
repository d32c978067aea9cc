//! Saved reports: whatever is read can be rendered in every format.
#![no_main]

use clap::ValueEnum as _;
use ece_check::report::{self, Format, Style, Verbosity};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(report) = report::parse(text) else { return };
    for format in Format::value_variants() {
        assert!(report::render(&report, *format, &Style::of_file(Verbosity::Verbose)).ends_with('\n'));
    }
});
