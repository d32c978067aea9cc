//! The XOAUTH2 line and a server's challenge: a line that is made can be read back, a challenge never panics.
#![no_main]

use ece_check::{
    secret::Secret,
    wire::xoauth2::{Presentation, challenge},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|parts: (&str, &str)| {
    let (user, token) = parts;
    let _ = challenge(user);
    let Some(made) = Presentation::new(user, &Secret::new(token)) else { return };
    assert!(made.line().expose().bytes().all(|byte| byte.is_ascii_graphic()));
    // what is shown of it may tell the length of the token, and nothing else
    let other = Presentation::new(user, &Secret::new("x".repeat(token.len())));
    assert!(other.is_none_or(|other| other.shown() == made.shown()), "the token is shown");
});
