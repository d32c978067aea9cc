//! Error texts that somebody pastes: whatever they are, something or nothing is found in them.
#![no_main]

use ece_check::explain::extract;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = (extract::extract(text), extract::plain(text));
});
