//! 0007: the libraries, each for one thing.
//!
//! A library is taken where the matter is not what this program exists for, and where it is alive and widely used. All
//! of them build without a C library of the system. ring alone compiles C and assembly of its own, and needs a C
//! compiler.
//!
//! | crate | for | why this one |
//! |---|---|---|
//! | `tokio`, `futures-util` | waiting for many connections | what hyper, rustls and hickory stand on |
//! | `rustls`, `tokio-rustls`, `ring` | TLS 1.2 and 1.3 | the verifier can be replaced, so a refused certificate is still seen; ring is the only provider in the tree and asks for fewer tools than others when built for Windows or musl |
//! | `rustls-native-certs` | the system's roots | what the administrator's trust store says must count |
//! | `x509-parser` | reading a certificate | dates, names and issuer of chains that no verifier accepts |
//! | `hyper`, `hyper-util`, `http-body-util`, `bytes` | one GET on a connection of ours | [0001](super::d0001_own_connection) |
//! | `hickory-resolver` | DNS messages, system configuration, hosts file | the successor of trust-dns, which is no longer kept (RUSTSEC-2025-0017); the asking itself is ours, see [`net::dns`](crate::net::dns) |
//! | `url`, `idna` | addresses and names as browsers read them | the WHATWG's rules, which the browser at the sign-in follows |
//! | `ipnet` | published address ranges | ranges of both families |
//! | `base64` | Exchange's greetings, SASL, PEM | strict by default |
//! | `p12-keystore` | PKCS12: trust stores of Java, certificates of the application | pure Rust and knows Java's mark for trusted entries; its tree of small parts is the price. JKS, a plain format, is read by us |
//! | `percent-encoding` | forms and proxy settings | the one that `url` uses |
//! | `rpassword`, `open` | a prompt without echo; the browser for a sign-in | small, and each system does it differently |
//! | `memchr`, `flate2` | logs of gigabytes, packed ones too | small, and ripgrep stands on both |
//! | `toml` | the user's file and the catalogue | keeps the place of each value, which [0005](super::d0005_strict_files) needs |
//! | `encoding_rs` | UTF-16 | files out of Notepad and PowerShell |
//! | `strsim` | the nearest right word | small |
//! | `include_dir` | the catalogue in the binary | one file to copy |
//! | `serde`, `serde_json`, `schemars` | the JSON report and its schema | written from the same types, so they cannot disagree |
//! | `csv` | findings and plans for spreadsheets | quoting |
//! | `clap`, `clap_complete`, `clap_mangen` | arguments, completions, manual page | all three from one declaration |
//! | `indicatif`, `terminal_size`, `unicode-width`, `anstyle-query` | progress, width, colour | quiet where there is no terminal |
//! | `jiff` | dates and times | strict parsing; a moment, a date and a span are different types |
//! | `hostname`, `uuid`, `tempfile` | whose report it is, its number, writing it whole or not at all | small and widely used |
//! | `thiserror` | errors that say what would be right | no run-time part |
//! | `rcgen`, `simple-dns` | the lab's certificates and resolver | the lab shares nothing with the client, so it has other libraries where there are two |
//!
//! # Not taken
//!
//! - `reqwest`, for looks: [0001](super::d0001_own_connection).
//! - `lettre` and `async-imap`, for looks: both hide the refusal. `lettre` 0.11 loses the reply code of a refused
//!   OAuth sign-in and cannot take over after our STARTTLS; `async-imap` 0.12 gives a refusal as debug text. Looks go
//!   through [`wire`](crate::wire), where a reply is kept to the letter.
//! - `jsonwebtoken`: what an assertion needs is one RSA signature, which `ring` makes, and two lines of JSON; reading tokens
//!   without believing them is not what that library is for.
//! - `native-tls` and `openssl`: the first hides the chain it refuses, the second needs a library on the server.
//!
//! Tests add `boon` (the schema holds), `lettre` and `async-imap` (other people's mail clients before our lab, see
//! [0008](super::d0008_delivery_over_our_own_sessions)), `insta` (snapshots), `proptest` (arbitrary bytes) and `pulldown-cmark` (the
//! Markdown is Markdown).
