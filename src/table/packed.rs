//! Tables that were parsed when the program was built.
//!
//! In: the bytes that `build.rs` makes of a file in `checks/`; the form is described there. Out: the same table that
//! parsing the text would give, with the place of each key and value. Texts are not copied.

use std::{borrow::Cow, ops::Range};

use serde::Deserialize as _;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A file of `checks/` as it is in the program.
#[derive(Clone, Copy, Debug)]
pub struct Packed(&'static [u8]);

impl Packed {
    /// The bytes of a file.
    #[must_use]
    pub const fn new(bytes: &'static [u8]) -> Self {
        Self(bytes)
    }

    /// The table of the whole file.
    pub(super) fn table(self) -> Spanned<DeTable<'static>> {
        Spanned::new(0..0, Reader { rest: self.0 }.table())
    }

    /// The values of the file as TOML, without its comments.
    pub(super) fn as_toml(self) -> String {
        let table = toml::de::Deserializer::from(self.table());
        let table = toml::Table::deserialize(table).expect("a table of TOML is a table of TOML");
        toml::to_string(&table).expect("a table of TOML is a text of TOML")
    }

    /// The table that begins at a place in the bytes: an entry of a list, for which the rest of the file is not read.
    pub(super) fn entry(self, begin: usize) -> Spanned<DeTable<'static>> {
        let value = Reader { rest: &self.0[begin..] }.value();
        let span = value.span();
        let DeValue::Table(table) = value.into_inner() else { unreachable!("build.rs names the places of tables") };
        Spanned::new(span, table)
    }

    /// The line of an offset in the text that was packed, counted from 1.
    pub(super) fn line(self, offset: usize) -> usize {
        let mut reader = Reader { rest: self.0 };
        reader.table();
        let mut line = 1;
        while !reader.rest.is_empty() && reader.number() < offset {
            line += 1;
        }
        line
    }
}

struct Reader {
    rest: &'static [u8],
}

impl Reader {
    fn table(&mut self) -> DeTable<'static> {
        let count = self.number();
        let entry = |_| {
            let key = Cow::Borrowed(self.text());
            let place = self.place();
            (Spanned::new(place, key), self.value())
        };
        (0..count).map(entry).collect()
    }

    fn value(&mut self) -> Spanned<DeValue<'static>> {
        let place = self.place();
        let value = match self.byte() {
            0 => DeValue::String(Cow::Borrowed(self.text())),
            1 | 7 => DeValue::parse(self.text()).expect("build.rs wrote a number").into_inner(),
            2 => DeValue::Boolean(false),
            3 => DeValue::Boolean(true),
            4 => DeValue::Datetime(self.text().parse().expect("build.rs wrote a date")),
            5 => {
                let count = self.number();
                DeValue::Array((0..count).map(|_| self.value()).collect())
            }
            _ => DeValue::Table(self.table()),
        };
        Spanned::new(place, value)
    }

    fn place(&mut self) -> Range<usize> {
        let begin = self.number();
        begin..begin
    }

    fn text(&mut self) -> &'static str {
        let length = self.number();
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest;
        str::from_utf8(text).expect("build.rs packed a text")
    }

    fn number(&mut self) -> usize {
        let mut number = 0;
        let mut shift = 0;
        loop {
            let byte = self.byte();
            number |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                return number;
            }
        }
    }

    fn byte(&mut self) -> u8 {
        let (first, rest) = self.rest.split_first().expect("build.rs packed the whole file");
        self.rest = rest;
        *first
    }
}
