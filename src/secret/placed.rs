//! Secrets that are told by what stands around them, whatever their form: behind a name, in an option, in a command.
//!
//! In: a text. Out: where secrets are in it. What is doubtful is one: a word too many that is masked can be asked for
//! again, a password that was seen cannot be taken back. The cost grows with the text and not with its square.

mod call;
mod command;
mod encoded;
mod header;
mod markup;
pub(super) mod name;
mod named;
mod option;
mod unescaped;
pub(super) mod userinfo;
pub(super) mod value;

use std::ops::Range;

use unescaped::Unescaped;

/// So often is a text written into another.
const MOST_ESCAPES: usize = 2;

/// Where secrets are in a text; in no order, and they may overlap.
pub(super) fn placed(text: &str) -> Vec<Range<usize>> {
    within(text, MOST_ESCAPES)
}

/// Where secrets are in a text, and in what is left of its lines without so many layers of escapes.
fn within(text: &str, escapes: usize) -> Vec<Range<usize>> {
    let small = text.to_ascii_lowercase();
    let mut found = userinfo::of(text);
    found.extend(named::of(text));
    found.extend(header::of(text, &small));
    found.extend(option::of(text, &small));
    found.extend(command::of(text, &small));
    found.extend(call::of(text, &small));
    found.extend(encoded::of(text));
    if escapes > 0 {
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if let Some(unescaped) = Unescaped::of(line) {
                let places = within(&unescaped.text, escapes - 1);
                let places = places.iter().map(|place| unescaped.origin(place));
                found.extend(places.map(|place| start + place.start..start + place.end));
            }
            start += line.len();
        }
    }
    found
}
