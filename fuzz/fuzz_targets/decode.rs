//! Logs in any encoding, packed or not: they are read to their end, or refused.
#![no_main]

use std::io::Read as _;

use ece_check::explain::decode;
use libfuzzer_sys::fuzz_target;

/// As much as is read: a small packed file may unpack to a very large one.
const MOST: u64 = 1 << 20;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = decode::text_of(bytes) else { return };
    let mut read = Vec::new();
    let _ = text.take(MOST).read_to_end(&mut read);
});
