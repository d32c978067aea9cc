//! DNS answers: any bytes behind a query are an answer or a failure; never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = ece_check::net::dns::read_reply(bytes);
});
