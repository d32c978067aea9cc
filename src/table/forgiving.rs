//! Reading on after a mistake, so that a person is told of all mistakes of a file at once.
//!
//! In: a table of the file. Out: what can be used of a value, and the mistakes in it.

use toml::{Spanned, de::DeValue};

use super::{At, Items, Mistake, Table, kind, nearest};

impl<'d> Table<'d> {
    /// The table at a key, be it written with two brackets; then that is a mistake, and its first table is given all the
    /// same, so that the mistakes in it are found too.
    pub fn table_forgiving(&mut self, key: &str) -> (Option<Table<'d>>, Option<Mistake>) {
        self.ask(key);
        let is_list =
            self.is_of_tables(key) && self.entries.get(key).is_some_and(|at| at.get_ref().as_array().is_some());
        let first = if is_list { self.first_of(key) } else { None };
        match (self.table(key), first) {
            (Ok(table), _) => (table, None),
            (Err(mistake), None) => (None, Some(mistake)),
            (Err(mistake), Some(first)) => (self.as_table(key, first).ok(), Some(mistake)),
        }
    }

    fn first_of(&self, key: &str) -> Option<Spanned<DeValue<'d>>> {
        self.entries.get(key)?.get_ref().as_array()?.iter().next().cloned()
    }

    /// The tables at a key that is written `[[key]]`. One that is written with one bracket is a mistake, and is given all
    /// the same; so is each item that is no table.
    pub fn tables_forgiving(&mut self, key: &str) -> (Vec<Table<'d>>, Vec<Mistake>) {
        self.ask(key);
        let Some(value) = self.entries.remove(key) else { return (Vec::new(), Vec::new()) };
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(items) => {
                let (tables, wrong): (Vec<_>, Vec<_>) =
                    items.into_iter().map(|item| self.as_table(key, item)).partition(Result::is_ok);
                (
                    tables.into_iter().filter_map(Result::ok).collect(),
                    wrong.into_iter().filter_map(Result::err).collect(),
                )
            }
            other => {
                let wrong = format!("{} is {}", self.full(key), kind(&other));
                let right = format!("write [[{}]], with two brackets", self.full(key));
                let mistake = self.document.mistake(&span, wrong, right);
                let table = self.as_table(key, Spanned::new(span, other)).ok();
                (table.into_iter().collect(), vec![mistake])
            }
        }
    }

    /// The tables under names that are not known and near to this key. They stay where they are, for [`Table::close_whole`]
    /// to tell of the names; here the mistakes in them are found.
    #[must_use]
    pub fn misspelt(&self, key: &str, known: &[&str]) -> Vec<Table<'d>> {
        let is_meant = |name: &str| !known.contains(&name) && nearest(name, known) == Some(key);
        let meant = self.entries.iter().filter(|(name, _)| is_meant(name.get_ref()));
        let values = meant.flat_map(|(_, value)| match value.get_ref() {
            DeValue::Array(items) => items.iter().cloned().collect(),
            _ => vec![value.clone()],
        });
        values.filter_map(|value| self.as_table(key, value).ok()).collect()
    }

    /// The texts of the list at a key, each at its own place, and what is wrong with the others. An empty list is no
    /// mistake here. None when the key is missing, or is no list at all.
    pub fn items(&mut self, key: &str) -> (Option<Items<'d>>, Vec<Mistake>) {
        self.ask(key);
        let Some(value) = self.entries.remove(key) else { return (None, Vec::new()) };
        let (span, full) = (value.span(), self.full(key));
        let right = format!("write {key} = [\"…\", \"…\"]");
        let DeValue::Array(items) = value.get_ref() else {
            let wrong = format!("{full} must be a list of texts, not {}", kind(value.get_ref()));
            return (None, vec![self.document.mistake(&span, wrong, right)]);
        };
        let (mut texts, mut mistakes) = (Vec::new(), Vec::new());
        for item in items {
            match item.get_ref() {
                DeValue::String(text) if !text.trim().is_empty() => {
                    texts.push(At { value: text.to_string(), document: self.document, span: item.span() });
                }
                DeValue::String(_) => {
                    mistakes.push(self.document.mistake(
                        &item.span(),
                        format!("{full} holds an empty text"),
                        "leave it out",
                    ));
                }
                other => {
                    let wrong = format!("{full} must be a list of texts; it holds {}", kind(other));
                    mistakes.push(self.document.mistake(&item.span(), wrong, right.clone()));
                }
            }
        }
        (Some(At { value: texts, document: self.document, span }), mistakes)
    }
}
