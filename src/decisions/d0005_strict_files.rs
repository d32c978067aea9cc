//! 0005: files that people write are read key by key, not with serde.
//!
//! # Situation
//!
//! Two kinds of files come from people: the site's own, and the catalogue. Whoever writes them is not a programmer, or
//! is one in a hurry. serde reads TOML well when all is right; when it is not, it says `unknown field` without a
//! remedy, cannot tell a left-over sample value, and loses the line wherever an enum is untagged or a struct is
//! flattened.
//!
//! # Decision
//!
//! [`table`](crate::table) reads a file into tables whose keys are taken one at a time, and each value knows its
//! place. What is left when a table is closed is a mistake. A [`Mistake`](crate::table::Mistake) has four parts: file,
//! line, what is wrong, what would be right. The words for the last come from a comparison with all known words.
//!
//! Enums of one word still come from serde ([`choose`](crate::table::choose)), so a word is spelt once. Faults of the
//! lab and saved reports are read with serde: the first are ours alone, the second are written by this program.
//!
//! # Consequences
//!
//! - A key that is not read is refused, so a misspelt `expect` can never be a check that always passes.
//! - A secret in the file is found before anything is parsed, with its line and without being repeated.
//! - UTF-16 and byte order marks are read, because Notepad and PowerShell write them.
//! - A new key costs a line in the reader. That line is where its meaning is checked.
