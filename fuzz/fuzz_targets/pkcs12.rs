//! Java trust stores that begin as PKCS12 does: they are read, or refused with a reason.
#![no_main]

use std::fs;

use ece_check::net::java;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cacerts");
    let begin: &[u8] = &[0x30, 0x82];
    fs::write(&file, [begin, bytes].concat()).expect("a file");
    let _ = java::read(&file, None);
});
