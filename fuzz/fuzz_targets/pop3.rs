//! Replies of a POP3 server: any bytes are a reply, none, or the beginning of one; never a panic.
#![no_main]

use ece_check::wire::pop3;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((reply, taken)) = pop3::decode(bytes) {
        assert!(taken <= bytes.len());
        let _ = (reply.words(), reply.message_count());
    }
    let _ = pop3::decode_listing(bytes);
    let _ = pop3::decode_head(bytes);
});
