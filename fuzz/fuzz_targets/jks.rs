//! Java trust stores that begin as JKS does: they are read, or refused with a reason.
#![no_main]

use std::fs;

use ece_check::net::java;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cacerts");
    let begin: &[u8] = &[0xFE, 0xED, 0xFE, 0xED];
    fs::write(&file, [begin, bytes].concat()).expect("a file");
    let _ = java::read(&file, None);
});
