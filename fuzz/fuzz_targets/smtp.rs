//! Replies of an SMTP server: any bytes are a reply, no reply, or the beginning of one; never a panic.
#![no_main]

use ece_check::wire::smtp::{self, Capabilities};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok((reply, taken)) = smtp::decode(bytes) else { return };
    assert!(taken <= bytes.len());
    let offered = Capabilities::of(&reply);
    let _ = (reply.words(), reply.refuses(), offered.mechanisms(), offered.size_limit());
});
