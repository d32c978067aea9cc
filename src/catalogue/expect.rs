//! What a check expects of the facts. Equality or a few comparators; no conditions, no arithmetic.
//!
//! What cannot be said here becomes a fact in the probe.

use std::fmt;

use crate::{
    evidence::{FactDef, Shape, Value},
    probe::FACTS,
    table::{At, Mistake, Scalar, Table, did_you_mean},
};

/// One expectation: a fact and everything that must hold of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The fact's full name, such as `tls.days_left`.
    pub fact: String,
    /// All of these must hold.
    pub all: Vec<Comparator>,
}

/// What may be asked of one fact.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparator {
    /// The value is this one.
    Is(Value),
    /// The number is this or more.
    AtLeast(i64),
    /// The number is this or less.
    AtMost(i64),
    /// The list holds this text, or the text contains it; capitals do not matter.
    Contains(String),
    /// The text is one of these.
    OneOf(Vec<String>),
    /// The list or the text was measured and is empty. What was not measured proves nothing.
    Absent,
    /// The list is not empty.
    Filled,
}

impl Expectation {
    /// Whether the expectation holds; none when the fact was not measured and so nothing is known.
    #[must_use]
    pub fn holds(&self, value: Option<&Value>) -> Option<bool> {
        value.map(|value| self.all.iter().all(|comparator| comparator.holds(value)))
    }

    /// Whether people have a name for the fact.
    #[must_use]
    pub fn is_named(&self) -> bool {
        fact(&self.fact).is_none_or(|fact| !fact.label.is_empty())
    }
}

impl Comparator {
    fn holds(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Absent, Value::List(items)) => items.is_empty(),
            (Self::Absent, Value::Text(text)) => text.is_empty(),
            (Self::Filled, Value::List(items)) => !items.is_empty(),
            (Self::Is(wanted), value) => wanted == value,
            (Self::AtLeast(least), Value::Int(number)) => number >= least,
            (Self::AtMost(most), Value::Int(number)) => number <= most,
            (Self::Contains(part), Value::Text(text)) => text.to_lowercase().contains(&part.to_lowercase()),
            (Self::Contains(item), Value::List(items)) => items.iter().any(|has| has.eq_ignore_ascii_case(item)),
            (Self::OneOf(texts), Value::Text(text)) => texts.contains(text),
            _ => false,
        }
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = fact(&self.fact).map_or(self.fact.as_str(), |fact| fact.label);
        let wanted: Vec<String> = self.all.iter().map(ToString::to_string).collect();
        write!(f, "{label}: {}", wanted.join(" and "))
    }
}

impl fmt::Display for Comparator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(value) => write!(f, "{value}"),
            Self::AtLeast(least) => write!(f, "at least {least}"),
            Self::AtMost(most) => write!(f, "at most {most}"),
            Self::Contains(part) => write!(f, "with {part}"),
            Self::OneOf(texts) => f.write_str(&texts.join(" or ")),
            Self::Absent => f.write_str("none"),
            Self::Filled => f.write_str("some"),
        }
    }
}

/// The declared fact of this full name.
#[must_use]
pub fn fact(name: &str) -> Option<&'static FactDef> {
    let (group, _) = name.split_once('.')?;
    let of_group = FACTS.iter().filter(|(known, _)| *known == group);
    of_group.flat_map(|(_, facts)| facts.iter()).find(|fact| fact.name == name)
}

/// Reads a table of expectations. Names without a dot belong to `probe`.
///
/// # Errors
/// When a fact is not declared, or a comparator does not fit it.
pub fn read(mut table: Table<'_>, probe: &str) -> Result<Vec<Expectation>, Mistake> {
    let mut expectations = Vec::new();
    for key in table.keys() {
        let declared = declared(&key, probe)?;
        let all = match table.table_at(&key.value) {
            Some(comparators) => read_comparators(comparators, declared)?,
            None => vec![Comparator::Is(read_value(&mut table, &key.value, declared)?)],
        };
        expectations.push(Expectation { fact: declared.name.to_owned(), all });
    }
    table.close()?;
    Ok(expectations)
}

/// Finds the fact that a key names.
///
/// # Errors
/// When there is none, with the nearest.
pub fn declared(key: &At<'_, String>, probe: &str) -> Result<&'static FactDef, Mistake> {
    let full = if key.value.contains('.') { key.value.clone() } else { format!("{probe}.{}", key.value) };
    fact(&full).ok_or_else(|| {
        let known: Vec<&str> = facts_near(&full).iter().map(|fact| fact.name).collect();
        key.mistake(format!("no probe measures {full}"), did_you_mean(&full, &known))
    })
}

fn facts_near(full: &str) -> &'static [FactDef] {
    let probe = full.split('.').next().unwrap_or_default();
    FACTS.iter().find(|(name, _)| *name == probe).map_or(&[], |(_, facts)| facts)
}

fn read_value(table: &mut Table<'_>, key: &str, fact: &FactDef) -> Result<Value, Mistake> {
    let Some(found) = table.scalar(key)? else {
        return Err(table.mistake(format!("{key} is missing"), "give a value"));
    };
    match (fact.shape, &found.value) {
        (Shape::Bool, Scalar::Bool(value)) => Ok(Value::Bool(*value)),
        (Shape::Int, Scalar::Int(value)) => Ok(Value::Int(*value)),
        (Shape::Text, Scalar::Text(value)) => Ok(Value::Text(value.clone())),
        (Shape::List, Scalar::List(value)) => Ok(Value::List(value.clone())),
        (shape, _) => Err(found.mistake(format!("{} is not {shape}", fact.name), format!("write {shape}"))),
    }
}

fn read_comparators(mut table: Table<'_>, fact: &FactDef) -> Result<Vec<Comparator>, Mistake> {
    let mut all = Vec::new();
    all.extend(table.int("at_least")?.map(|at| Comparator::AtLeast(at.value)));
    all.extend(table.int("at_most")?.map(|at| Comparator::AtMost(at.value)));
    all.extend(table.text("contains")?.map(|at| Comparator::Contains(at.value)));
    all.extend(table.texts("one_of")?.map(|at| Comparator::OneOf(at.value)));
    for (key, comparator) in [("absent", Comparator::Absent), ("filled", Comparator::Filled)] {
        let Some(given) = table.bool(key)? else { continue };
        if !given.value {
            return Err(given.mistake(format!("{key} = false says nothing"), "write what the fact should be"));
        }
        all.push(comparator);
    }
    if all.is_empty() {
        return Err(table.mistake("no comparator", "use at_least, at_most, contains, one_of, absent or filled"));
    }
    if let Some(odd) = all.iter().find(|comparator| !comparator.fits(fact.shape)) {
        return Err(
            table.mistake(format!("{} is {}; it cannot be \"{odd}\"", fact.name, fact.shape), "use another comparator")
        );
    }
    table.close()?;
    Ok(all)
}

impl Comparator {
    fn fits(&self, shape: Shape) -> bool {
        match self {
            Self::AtLeast(_) | Self::AtMost(_) => shape == Shape::Int,
            Self::Contains(_) => matches!(shape, Shape::Text | Shape::List),
            Self::OneOf(_) => shape == Shape::Text,
            Self::Absent => matches!(shape, Shape::List | Shape::Text),
            Self::Filled => shape == Shape::List,
            Self::Is(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Document;

    fn expectations(text: &str) -> Result<Vec<Expectation>, Mistake> {
        read(Document::new("x.toml", text).table().unwrap(), "tls")
    }

    #[test]
    fn two_comparators_on_one_fact_both_count() {
        let read = expectations("days_left = { at_least = 10, at_most = 20 }").unwrap();
        assert_eq!(read[0].holds(Some(&Value::Int(15))), Some(true));
        assert_eq!(read[0].holds(Some(&Value::Int(5))), Some(false));
        assert_eq!(read[0].holds(Some(&Value::Int(25))), Some(false));
    }

    #[test]
    fn a_fact_that_was_not_measured_is_neither_right_nor_wrong() {
        assert_eq!(expectations("trusted = true").unwrap()[0].holds(None), None);
    }

    #[test]
    fn absent_wants_an_empty_list_that_was_measured() {
        let read = expectations("names = { absent = true }").unwrap();
        assert_eq!(read[0].holds(None), None);
        assert_eq!(read[0].holds(Some(&Value::List(vec![]))), Some(true));
        assert_eq!(read[0].holds(Some(&Value::List(vec!["a".into()]))), Some(false));
    }

    #[test]
    fn absent_wants_an_empty_text_that_was_measured() {
        let read = expectations("cipher = { absent = true }").unwrap();
        assert_eq!(read[0].holds(None), None);
        assert_eq!(read[0].holds(Some(&Value::Text(String::new()))), Some(true));
        assert_eq!(read[0].holds(Some(&Value::Text("a".into()))), Some(false));
    }

    #[test]
    fn unknown_fact_names_the_nearest() {
        let mistake = expectations("\ncipherr = true").unwrap_err();
        assert_eq!(mistake.line, Some(2));
        assert!(mistake.right.contains("tls.cipher"), "{mistake}");
    }

    #[test]
    fn value_and_comparator_must_fit_the_fact() {
        assert!(expectations("trusted = \"yes\"").is_err());
        assert!(expectations("trusted = { at_least = 1 }").is_err());
        assert!(expectations("days_left = { }").is_err());
    }

    #[test]
    fn what_is_expected_is_told_with_every_comparator() {
        for (text, told) in [
            ("trusted = true", "yes"),
            ("days_left = { at_least = 10, at_most = 20 }", "at least 10 and at most 20"),
            ("cipher = { contains = \"AES\" }", "with AES"),
            ("cipher = { one_of = [\"a\", \"b\"] }", "a or b"),
            ("names = { absent = true }", "none"),
            ("names = { filled = true }", "some"),
        ] {
            let read = expectations(text).unwrap().remove(0);
            let label = fact(&read.fact).unwrap().label;
            assert_eq!(read.to_string(), format!("{label}: {told}"));
        }
    }
}
