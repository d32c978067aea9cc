//! Single values, and what each kind is called in a mistake.

use toml::de::DeValue;

/// What stands at one key.
#[derive(Clone, Debug)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// A date, as written.
    Date(String),
    /// Several texts.
    List(Vec<String>),
}

pub(super) fn scalar(value: &DeValue<'_>) -> Option<Scalar> {
    Some(match value {
        DeValue::String(text) => Scalar::Text(text.to_string()),
        DeValue::Integer(number) => {
            Scalar::Int(i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok()?)
        }
        DeValue::Boolean(value) => Scalar::Bool(*value),
        DeValue::Datetime(date) => Scalar::Date(date.to_string()),
        DeValue::Array(items) => {
            Scalar::List(items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect::<Option<_>>()?)
        }
        DeValue::Float(_) | DeValue::Table(_) => return None,
    })
}

pub(super) fn describe(value: &Scalar) -> &'static str {
    match value {
        Scalar::Text(_) => "a text",
        Scalar::Int(_) => "a number",
        Scalar::Bool(_) => "true or false",
        Scalar::Date(_) => "a date",
        Scalar::List(_) => "a list",
    }
}

/// A number with fewer digits is never too large.
const MOST_DIGITS: usize = 19;

pub(super) fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(number) if number.as_str().len() < MOST_DIGITS => "a number",
        DeValue::Integer(_) => "a number that is too large",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(items) if items.iter().all(|item| matches!(item.get_ref(), DeValue::Table(_))) => {
            "a list of tables"
        }
        DeValue::Array(_) => "a list of other things than texts",
        DeValue::Table(_) => "a table",
    }
}
