//! Answers of an IMAP server: any bytes are an answer, none, or the beginning of one; never a panic.
#![no_main]

use ece_check::wire::imap;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok((reply, taken)) = imap::decode(bytes) {
        assert!(taken <= bytes.len());
        let _ = (reply.words(), imap::Capabilities::of(&reply));
    }
    for answer in [imap::decode_answer("a1", bytes), imap::decode_folders("a1", bytes)] {
        let Ok((answer, taken)) = answer else { continue };
        assert!(taken <= bytes.len());
        let _ =
            (answer.capabilities(), answer.numbers(), answer.uid_validity(), answer.trash(), answer.message_count());
    }
});
