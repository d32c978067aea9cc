//! Cleans a text that is like a report, so that its instructions can be counted: `redactor SECRETS BYTES`.
//!
//! `contrib/bench_work.py` runs it under callgrind with two lengths, and divides what the longer one costs more. The secrets are
//! as long as access tokens of Entra; none of them is in the text, as in nearly every report.

use std::{fmt::Write as _, hint::black_box};

use ece_check::secret::{Redactor, Secret};

/// About what an access token for Exchange Online has.
const TOKEN: usize = 1_400;

/// So much is cleaned at once, as often as it takes: the making of the text does not count.
const PIECE: usize = 1 << 18;

fn main() {
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<usize>().ok());
    let (secrets, bytes) = (numbers.next().unwrap_or(1), numbers.next().unwrap_or(1 << 20));
    let redactor = Redactor::default();
    let mut random = Random(7);
    for _ in 0..secrets {
        redactor.add(&Secret::new(random.token()));
    }
    let text = text(PIECE, &mut random);
    let places: usize = (0..bytes / PIECE).map(|_| redactor.cleaned(black_box(&text)).1).sum();
    println!("{places} places in {bytes} bytes with {secrets} secrets");
}

fn text(bytes: usize, random: &mut Random) -> String {
    let mut text = String::with_capacity(bytes + 200);
    while text.len() < bytes {
        let number = random.next();
        let _ = writeln!(
            text,
            "      \"found\": \"1 of 1 address, user name sent: box{:04}@example.com\",\n      \"smtp.signed_in\": true, \"ms\": {number},",
            number % 5_000
        );
    }
    text
}

/// Marsaglia's xorshift with 64 bits: the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn token(&mut self) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        (0..TOKEN).map(|_| char::from(LETTERS[usize::try_from(self.next() % 64).unwrap_or(0)])).collect()
    }
}
