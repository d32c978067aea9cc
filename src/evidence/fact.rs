//! What was measured: one typed constant a fact, and the values by name.

use std::{borrow::Cow, collections::BTreeMap, fmt, marker::PhantomData};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

/// One thing that can be measured, with the type of its value. Its name stands here and nowhere else in the code.
pub struct Fact<T> {
    declared: FactDef,
    of: PhantomData<fn() -> T>,
}

impl<T: FactValue> Fact<T> {
    /// A fact of this full name, such as `tls.days_left`, and what a person calls it, such as "days left".
    #[must_use]
    pub const fn new(name: &'static str, label: &'static str) -> Self {
        Self { declared: FactDef { name, shape: T::SHAPE, label }, of: PhantomData }
    }
}

impl<T> Fact<T> {
    /// Its full name, as checks and reports have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.declared.name
    }

    /// It without the type of its value.
    #[must_use]
    pub const fn declared(self) -> FactDef {
        self.declared
    }
}

impl<T> Clone for Fact<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Fact<T> {}

impl<T> fmt::Debug for Fact<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.declared.name)
    }
}

/// A fact as checks know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactDef {
    /// Its full name, such as `tls.days_left`; the part before the dot is its group.
    pub name: &'static str,
    /// What its value is.
    pub shape: Shape,
    /// What a person calls it, such as "days left".
    pub label: &'static str,
}

/// What the value of a fact is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Yes or no.
    Bool,
    /// A whole number.
    Int,
    /// A text.
    Text,
    /// Several texts.
    List,
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Text => "a text",
            Self::List => "a list of texts",
        })
    }
}

/// A type that the value of a fact can have.
pub trait FactValue: Into<Value> {
    /// What checks call this type.
    const SHAPE: Shape;

    /// The value, where it is of this type.
    fn read(value: &Value) -> Option<&Self>;
}

macro_rules! fact_value {
    ($of:ty, $variant:ident) => {
        impl FactValue for $of {
            const SHAPE: Shape = Shape::$variant;

            fn read(value: &Value) -> Option<&Self> {
                if let Value::$variant(value) = value { Some(value) } else { None }
            }
        }
    };
}

fact_value!(bool, Bool);
fact_value!(i64, Int);
fact_value!(String, Text);
fact_value!(Vec<String>, List);

/// Declares facts, one a line, and lists them in `FACTS` for the loader of the checks.
macro_rules! facts {
    ($(#[$doc:meta])+ $($name:ident: $of:ty = $full:literal, $label:literal;)+) => {
        $(
            #[doc = concat!("`", $full, "`: ", $label, ".")]
            pub const $name: $crate::evidence::Fact<$of> = $crate::evidence::Fact::new($full, $label);
        )+

        $(#[$doc])+
        pub const FACTS: &[$crate::evidence::FactDef] = &[$($name.declared()),+];
    };
}
pub(crate) use facts;

/// Measured things by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Deserialize, JsonSchema)]
#[serde(from = "ByName")]
#[schemars(with = "ByName")]
pub struct Facts(Vec<(Cow<'static, str>, Value)>); // in the order of the names: a tree takes far more for so few

/// Measured things by name.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "Facts")]
struct ByName(BTreeMap<String, Value>);

impl Facts {
    /// Writes one fact down; a later value replaces an earlier one.
    pub fn set<T: FactValue>(&mut self, fact: Fact<T>, value: impl Into<T>) {
        self.insert(Cow::Borrowed(fact.name()), value.into().into());
    }

    /// The value of a fact, if it was measured.
    #[must_use]
    pub fn get<T: FactValue>(&self, fact: Fact<T>) -> Option<&T> {
        T::read(self.value(fact.name())?)
    }

    /// True when this was measured and is so.
    #[must_use]
    pub fn is(&self, fact: Fact<bool>) -> bool {
        self.get(fact) == Some(&true)
    }

    /// Writes down what another has measured and named, such as a file of evidence.
    pub fn put(&mut self, name: &str, value: impl Into<Value>) {
        self.insert(Cow::Owned(name.to_owned()), value.into());
    }

    fn insert(&mut self, name: Cow<'static, str>, value: Value) {
        match self.place(&name) {
            Ok(at) => self.0[at].1 = value,
            Err(at) => self.0.insert(at, (name, value)),
        }
    }

    /// Where a name is, or where it belongs.
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }

    /// The value of the fact that a check or a text names, if it was measured.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.place(name).ok().map(|at| &self.0[at].1)
    }

    /// Gives back the room that is kept for more facts.
    pub(super) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Keeps the facts of which this is true.
    pub fn retain(&mut self, mut keep: impl FnMut(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// Adds what another has measured.
    pub fn extend(&mut self, other: Self) {
        for (name, value) in other.0 {
            self.insert(name, value);
        }
    }

    /// Names and values in the order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

impl From<ByName> for Facts {
    fn from(named: ByName) -> Self {
        Self(named.0.into_iter().map(|(name, value)| (Cow::Owned(name), value)).collect())
    }
}

impl Serialize for Facts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

/// The value of a fact; units stand in the fact's name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)] // read back only from our own reports, where JSON's own types tell the variants apart
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A count or a measure.
    Int(i64),
    /// A text, possibly from outside: escaped where it is printed, never here.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<String>> for Value {
    fn from(value: Vec<String>) -> Self {
        Self::List(value)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(true) => f.write_str("yes"),
            Self::Bool(false) => f.write_str("no"),
            Self::Int(number) => write!(f, "{number}"),
            Self::Text(text) => f.write_str(text),
            Self::List(items) if items.is_empty() => f.write_str("none"),
            Self::List(items) => f.write_str(&items.join(", ")),
        }
    }
}
