//! Site files: they are read, or refused, and a refusal names the file.
#![no_main]

use ece_check::deployment::Deployment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(mistakes) = Deployment::parse("site.toml", text) {
        assert!(mistakes.to_string().contains("site.toml"));
    }
});
