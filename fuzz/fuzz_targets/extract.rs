//! Error texts that somebody pastes: whatever they are, they are explained or not, and never a panic.
#![no_main]

use std::sync::LazyLock;

use ece_check::{catalogue::Catalogue, explain::explain};
use libfuzzer_sys::fuzz_target;

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);

fuzz_target!(|text: &str| {
    let _ = explain(text, None, &CATALOGUE);
});
