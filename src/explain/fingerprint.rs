//! When two events of a log say the same: then the second need not be explained.
//!
//! In: the text of an event. Out: a number that is the same for events that differ only in what says nothing of the
//! cause: the time, ids, counters, lines of a program. What a sign may ask for makes a difference: words, codes, numbers
//! that stand in a sign, and whether an address is private.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv4Addr},
};

use super::{phrases, timestamp};
use crate::catalogue::{
    Catalogue,
    cause::{Shows, Words},
    tables::Clouds,
};

/// From this length on, letters and digits without a blank are an id: a GUID, a trace id, a part of a token.
const SHORTEST_ID: usize = 20;

/// Put in the place of what makes no difference.
const ANY: char = '#';

/// What makes a difference.
pub struct Fingerprint<'c> {
    /// The numbers that stand in a sign.
    numbers: HashSet<String>,
    /// An address that Microsoft publishes tells more than another.
    clouds: &'c Clouds,
}

impl<'c> Fingerprint<'c> {
    /// Learns what the signs ask for.
    #[must_use]
    pub fn new(catalogue: &'c Catalogue) -> Self {
        // "0 errors" says the opposite of any other number
        let mut numbers = HashSet::from(["0".to_owned()]);
        let mut learn = |text: &str| {
            let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty());
            numbers.extend(runs.map(ToOwned::to_owned));
        };
        phrases::phrases(&catalogue.tables.phrases).for_each(&mut learn);
        for (_, sign) in catalogue.signs() {
            let words = match &sign.shows {
                Shows::Failure(pattern) => {
                    pattern.aadsts.iter().for_each(|number| learn(&number.to_string()));
                    &pattern.words
                }
                Shows::Finding { words, .. } => words,
            };
            words.iter().flat_map(Words::parts).for_each(|part| learn(part));
        }
        Self { numbers, clouds: &catalogue.tables.clouds }
    }

    /// The number of an event.
    #[must_use]
    pub fn key(&self, text: &str) -> u64 {
        let mut essence = String::with_capacity(text.len());
        // how many of how many addresses is something that a sign may ask for
        let counts = text.contains(" addresses");
        let (head, text) = timestamp::cut(text);
        for text in [head, text] {
            let mut rest = text;
            while !rest.is_empty() {
                let length = rest.find(|c: char| !is_of_token(c)).unwrap_or(rest.len());
                let (token, after) = rest.split_at(length);
                self.take(token, counts, &mut essence);
                let length = after.find(is_of_token).unwrap_or(after.len());
                essence.push_str(&after[..length]);
                rest = &after[length..];
            }
        }
        let mut hasher = DefaultHasher::new();
        essence.hash(&mut hasher);
        hasher.finish()
    }

    /// Takes letters, digits and what joins them: names, ids, codes, addresses.
    fn take(&self, token: &str, counts: bool, essence: &mut String) {
        if !token.bytes().any(|byte| byte.is_ascii_digit()) {
            essence.push_str(token);
        } else if is_id(token) || is_time(token) {
            essence.push(ANY);
        } else if let Some((address, port)) = address(token) {
            essence.push(if address.is_loopback() {
                'l'
            } else if address.is_private() {
                'p'
            } else if self.clouds.publish(IpAddr::V4(address)) {
                'm'
            } else {
                'o'
            });
            self.take_numbers(port, counts, essence);
        } else {
            self.take_numbers(token, counts, essence);
        }
    }

    /// Takes a token whose numbers may be codes.
    fn take_numbers(&self, token: &str, counts: bool, essence: &mut String) {
        let mut rest = token;
        while let Some(begin) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, from) = rest.split_at(begin);
            let length = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
            let (number, after) = from.split_at(length);
            essence.push_str(before);
            // three digits are a reply code, a status, or the end of an enhanced code
            if number.len() == 3 || counts || self.numbers.contains(number) {
                essence.push_str(number);
            } else {
                essence.push(ANY);
            }
            rest = after;
        }
        essence.push_str(rest);
    }
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '-' | '_')
}

/// A long piece of letters and digits; parts of a host name are shorter.
fn is_id(token: &str) -> bool {
    let part = |part: &str| part.len() >= SHORTEST_ID && part.bytes().any(|byte| byte.is_ascii_digit());
    token.split(['.', ':']).any(part)
}

/// An address, and the port behind it: `52.97.1.2:587`, `52.97.1.2.587`.
fn address(token: &str) -> Option<(Ipv4Addr, &str)> {
    let behind_dot = token.match_indices('.').nth(3).map(|(at, _)| at);
    let end = token.find(':').into_iter().chain(behind_dot).min();
    let (address, port) = token.split_at(end.unwrap_or(token.len()));
    Some((address.trim_end_matches('.').parse().ok()?, port))
}

/// A time of the day or a date: two colons or hyphens, and digits.
fn is_time(token: &str) -> bool {
    let token = token.trim_end_matches('Z');
    [':', '-'].iter().any(|sign| {
        token.matches(*sign).count() == 2 && token.chars().all(|c| c.is_ascii_digit() || c == '.' || c == *sign)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::explain;

    fn key(text: &str) -> u64 {
        let catalogue = Catalogue::built_in();
        Fingerprint::new(&catalogue).key(text)
    }

    #[test]
    fn ids_times_and_counters_make_no_difference() {
        let one = "2026-11-23 04:01:20.006 GMT+0000 <@> ERROR <@> [81:RxInstance id : 999] mail id 48812 AADSTS7000222: expired. \
            Trace ID: 0f8fad5b-d9cb-469f-a165-70867728950e Timestamp: 2026-11-23 04:01:19Z at Rx.java:2160";
        let two = "2026-11-24 14:51:59.996 GMT+0000 <@> ERROR <@> [82:RxInstance id : 999] mail id 51777 AADSTS7000222: expired. \
            Trace ID: 1a8fad5b-aacb-569f-b165-00867728950f Timestamp: 2026-11-23 14:51:58Z at Rx.java:2160";
        assert_eq!(key(one), key(two));
    }

    #[test]
    fn codes_and_private_addresses_make_one() {
        for (one, two) in [
            ("AADSTS7000222: x", "AADSTS7000215: x"),
            ("535 5.7.3 x", "535 5.7.139 x"),
            ("451 4.7.500 x", "451 4.7.650 x"),
            ("connect to 10.0.0.1 timed out", "connect to 40.1.2.3 timed out"),
            ("deny dst=52.97.1.2:587", "deny dst=98.97.1.2:587"),
            ("block out 10.1.1.1.51234 > 52.97.1.2.587", "block out 10.1.1.1.51234 > 98.97.1.2.587"),
            ("block out 10.1.1.1.51234 > 52.97.1.2.587", "block out 98.1.1.1.51234 > 52.97.1.2.587"),
            ("(1 of 4 addresses)", "(4 of 4 addresses)"),
            ("{\"error_codes\":[7000222]}", "{\"error_codes\":[7000215]}"),
            ("Server Unavailable. 15", "Server Unavailable. 21"),
            ("error 10060", "error 10061"),
        ] {
            assert_ne!(key(one), key(two), "{one} / {two}");
        }
    }

    #[test]
    fn texts_of_one_number_mean_the_same() {
        let catalogue = Catalogue::built_in();
        let alike = Fingerprint::new(&catalogue);
        let mut known: std::collections::HashMap<u64, (&str, Vec<String>)> = std::collections::HashMap::new();
        for (_, sign) in catalogue.signs() {
            let causes = explain(&sign.sample, None, &catalogue).causes;
            let named: Vec<String> = causes.iter().map(|meant| meant.cause.code.clone()).collect();
            let (text, before) = known.entry(alike.key(&sign.sample)).or_insert((&sign.sample, named.clone()));
            assert_eq!(named, *before, "{text} / {}", sign.sample);
        }
    }
}
