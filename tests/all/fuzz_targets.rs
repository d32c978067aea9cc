//! The targets of `fuzz/`, compiled with the tests and given a few inputs: a change of what they call is seen at once, and
//! what a fuzzer finds is kept here.

#![expect(unused_attributes, reason = "no_main is for the programs of the fuzzer")]

#[path = "../../fuzz/fuzz_targets/decode.rs"]
mod decode;
#[path = "../../fuzz/fuzz_targets/dns.rs"]
mod dns;
#[path = "../../fuzz/fuzz_targets/extract.rs"]
mod extract;
#[path = "../../fuzz/fuzz_targets/imap.rs"]
mod imap;
#[path = "../../fuzz/fuzz_targets/jks.rs"]
mod jks;
#[path = "../../fuzz/fuzz_targets/pkcs12.rs"]
mod pkcs12;
#[path = "../../fuzz/fuzz_targets/pop3.rs"]
mod pop3;
#[path = "../../fuzz/fuzz_targets/redactor.rs"]
mod redactor;
#[path = "../../fuzz/fuzz_targets/report.rs"]
mod report;
#[path = "../../fuzz/fuzz_targets/sasl.rs"]
mod sasl;
#[path = "../../fuzz/fuzz_targets/site_file.rs"]
mod site_file;
#[path = "../../fuzz/fuzz_targets/smtp.rs"]
mod smtp;

/// Nothing, the beginning of each protocol, and bytes that none of them has.
const INPUTS: [&[u8]; 8] = [
    b"",
    b"\0",
    b"250-ece.example.com\r\n250 AUTH XOAUTH2\r\n",
    b"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\na1 OK done\r\n",
    b"+OK 2 320\r\n.\r\n",
    b"535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
    b"[[account]]\nname = \"sales\"\n",
    b"\x1f\x8b\x08\xff\xfe\xfd\x00\xd8abcdefghijklmnopqrstuvwxyz0123456789\x80\x81\x82\xff\xff\xff",
];

/// A text without a part of the secret that looks like a long token, found by the fuzzer.
const LONG_AND_RANDOM: &[u8] = b"?\xc2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xc2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xe2\xff\xff\xff\x00\x00";

/// A text with a part of the secret in UTF-16, found by the fuzzer.
const IN_UTF_16: &[u8] = b"z\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffAAA5555800480048004\xff\xff\xff\xff\xff\xff\xff\xff\xff\xffeyB";

#[test]
fn targets_take_any_bytes() {
    for target in [
        decode::target as fn(&[u8]),
        dns::target,
        imap::target,
        jks::target,
        pkcs12::target,
        pop3::target,
        redactor::target,
        smtp::target,
    ] {
        INPUTS.into_iter().for_each(target);
    }
    redactor::target(LONG_AND_RANDOM);
    redactor::target(IN_UTF_16);
}

#[test]
fn targets_take_any_text() {
    for text in INPUTS.into_iter().filter_map(|bytes| str::from_utf8(bytes).ok()) {
        extract::target(text);
        report::target(text);
        site_file::target(text);
        sasl::target((text, text));
    }
    report::target(include_str!("reports/golden.json"));
    sasl::target(("g", "bytes, user=")); // a token that is a part of our own words, found by the fuzzer
}

/// Each target is in the list above, and is a program of the fuzzer.
#[test]
fn every_target_is_here() {
    let (own, manifest) = (include_str!("fuzz_targets.rs"), include_str!("../../fuzz/Cargo.toml"));
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    let files = std::fs::read_dir(folder).expect("the targets").map(|file| file.expect("a file").file_name());
    let names: Vec<String> = files.map(|name| name.to_string_lossy().into_owned()).collect();
    assert!(names.len() >= 12, "{names:?}");
    for name in names {
        let path = format!("fuzz_targets/{name}\"");
        assert!(own.contains(&path) && manifest.contains(&path), "{name}");
    }
}

/// What stands for the macro of `libfuzzer-sys`: the target as a function. It is found by its path alone, as that one is.
#[macro_export]
macro_rules! fuzz_target {
    (|$data:ident: $type:ty| $body:block) => {
        pub fn target($data: $type) $body
    };
}
