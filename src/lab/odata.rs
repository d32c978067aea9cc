//! The part of `OData` that directory objects are asked with: `$filter`, `$select`, `$orderby`.
//!
//! In: expressions as <https://learn.microsoft.com/en-us/graph/filter-query-parameter> describes them, and objects. Out:
//! which objects are meant. What is not understood is refused, as Microsoft Graph refuses it.

use std::cmp::Ordering;

use serde_json::Value;

/// The deepest nesting of an expression.
const DEEPEST: usize = 20;

/// An expression of `$filter`.
#[derive(Debug, PartialEq)]
pub(super) enum Filter {
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Compare(String, Operator, Value),
    In(String, Vec<Value>),
    StartsWith(String, String),
    /// `path/any(x:…)`: the expression is about the elements, which `path` in it names without the variable.
    Any(String, Box<Self>),
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
}

impl Filter {
    /// Reads an expression; none when it is not understood.
    pub fn read(text: &str) -> Option<Self> {
        let mut reader = Reader { tokens: tokens(text)?, next: 0, variable: String::new(), depth: 0 };
        let filter = reader.either()?;
        (reader.next == reader.tokens.len()).then_some(filter)
    }

    /// True when the object is meant.
    pub fn takes(&self, object: &Value) -> bool {
        match self {
            Self::And(left, right) => left.takes(object) && right.takes(object),
            Self::Or(left, right) => left.takes(object) || right.takes(object),
            Self::Not(inner) => !inner.takes(object),
            Self::Compare(path, operator, value) => operator.holds(at(object, path), value),
            Self::In(path, values) => values.iter().any(|value| Operator::Equal.holds(at(object, path), value)),
            Self::StartsWith(path, start) => {
                let text = at(object, path).as_str().unwrap_or_default().to_lowercase();
                text.starts_with(&start.to_lowercase())
            }
            Self::Any(path, inner) => {
                at(object, path).as_array().is_some_and(|all| all.iter().any(|one| inner.takes(one)))
            }
        }
    }
}

impl Operator {
    fn read(word: &str) -> Option<Self> {
        Some(match word {
            "eq" => Self::Equal,
            "ne" => Self::NotEqual,
            "gt" => Self::Greater,
            "ge" => Self::GreaterEqual,
            "lt" => Self::Less,
            "le" => Self::LessEqual,
            _ => return None,
        })
    }

    fn holds(self, left: &Value, right: &Value) -> bool {
        let order = compare(left, right);
        match self {
            Self::Equal => order == Some(Ordering::Equal),
            Self::NotEqual => order != Some(Ordering::Equal),
            Self::Greater => order == Some(Ordering::Greater),
            Self::GreaterEqual => order.is_some_and(Ordering::is_ge),
            Self::Less => order == Some(Ordering::Less),
            Self::LessEqual => order.is_some_and(Ordering::is_le),
        }
    }
}

/// Compares texts without regard to case, as Graph does; moments are written so that this orders them.
fn compare(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.to_lowercase().cmp(&right.to_lowercase())),
        (Value::Number(left), Value::Number(right)) => left.as_f64()?.partial_cmp(&right.as_f64()?),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        _ => None,
    }
}

/// The value at a path such as `status/errorCode`; an empty path is the object itself.
fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    path.split('/').filter(|part| !part.is_empty()).fold(object, |object, part| &object[part])
}

/// Keeps the properties that `$select` names, and the type.
pub(super) fn select(object: &Value, names: &[&str]) -> Value {
    let Some(all) = object.as_object().filter(|_| !names.is_empty()) else { return object.clone() };
    let kept = all.iter().filter(|(name, _)| names.iter().any(|one| one.eq_ignore_ascii_case(name)));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Sorts by one property, as `$orderby` says; false when that is not understood.
pub(super) fn order(objects: &mut [Value], by: &str) -> bool {
    let mut words = by.split_whitespace();
    let (Some(path), direction) = (words.next(), words.next().unwrap_or("asc")) else { return false };
    if words.next().is_some() || path.contains(',') || !["asc", "desc"].contains(&direction) {
        return false;
    }
    objects.sort_by(|a, b| compare(at(a, path), at(b, path)).unwrap_or(Ordering::Equal));
    if direction == "desc" {
        objects.reverse();
    }
    true
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Mark(char),
}

/// Words, quoted texts (a quote inside is doubled) and marks.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            ' ' => {}
            '(' | ')' | ',' | ':' => tokens.push(Token::Mark(letter)),
            '\'' => tokens.push(Token::Text(quoted(&mut letters)?)),
            _ => {
                let mut word = letter.to_string();
                while let Some(more) = letters.next_if(|next| is_of_word(*next, &word)) {
                    word.push(more);
                }
                tokens.push(Token::Word(word));
            }
        }
    }
    Some(tokens)
}

/// A colon belongs to a word only in a moment, such as `2026-11-29T06:00:00Z`.
fn is_of_word(letter: char, word: &str) -> bool {
    let is_moment = word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('T');
    letter.is_ascii_alphanumeric() || "/._-+@".contains(letter) || (letter == ':' && is_moment)
}

fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match letters.next()? {
            '\'' if letters.next_if_eq(&'\'').is_none() => return Some(text),
            letter => text.push(letter),
        }
    }
}

struct Reader {
    tokens: Vec<Token>,
    next: usize,
    /// The variable of the lambda that is being read.
    variable: String,
    depth: usize,
}

impl Reader {
    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.next).cloned();
        self.next += 1;
        token
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is_next = self.tokens.get(self.next) == Some(token);
        self.next += usize::from(is_next);
        is_next
    }

    fn takes_word(&mut self, word: &str) -> bool {
        self.takes(&Token::Word(word.to_owned()))
    }

    fn mark(&mut self, mark: char) -> Option<()> {
        self.takes(&Token::Mark(mark)).then_some(())
    }

    fn either(&mut self) -> Option<Filter> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return None;
        }
        let mut filter = self.both()?;
        while self.takes_word("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.both()?));
        }
        self.depth -= 1;
        Some(filter)
    }

    fn both(&mut self) -> Option<Filter> {
        let mut filter = self.one()?;
        while self.takes_word("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.one()?));
        }
        Some(filter)
    }

    fn one(&mut self) -> Option<Filter> {
        if self.takes_word("not") {
            self.depth += 1;
            return if self.depth > DEEPEST { None } else { Some(Filter::Not(Box::new(self.one()?))) };
        }
        if self.takes(&Token::Mark('(')) {
            let filter = self.either()?;
            self.mark(')')?;
            return Some(filter);
        }
        let Token::Word(word) = self.take()? else { return None };
        if word == "startswith" {
            return self.starts_with();
        }
        if let Some(path) = word.strip_suffix("/any") {
            return self.any(path);
        }
        let path = self.path(&word);
        if self.takes_word("in") {
            return self.list(path);
        }
        let Token::Word(operator) = self.take()? else { return None };
        Some(Filter::Compare(path, Operator::read(&operator)?, self.value()?))
    }

    fn starts_with(&mut self) -> Option<Filter> {
        self.mark('(')?;
        let Token::Word(path) = self.take()? else { return None };
        self.mark(',')?;
        let Token::Text(start) = self.take()? else { return None };
        self.mark(')')?;
        Some(Filter::StartsWith(self.path(&path), start))
    }

    fn any(&mut self, path: &str) -> Option<Filter> {
        let path = self.path(path);
        self.mark('(')?;
        let Token::Word(variable) = self.take()? else { return None };
        self.mark(':')?;
        let outer = std::mem::replace(&mut self.variable, variable);
        let inner = self.either()?;
        self.variable = outer;
        self.mark(')')?;
        Some(Filter::Any(path, Box::new(inner)))
    }

    fn list(&mut self, path: String) -> Option<Filter> {
        self.mark('(')?;
        let mut values = vec![self.value()?];
        while self.takes(&Token::Mark(',')) {
            values.push(self.value()?);
        }
        self.mark(')')?;
        Some(Filter::In(path, values))
    }

    /// A path without the variable of the lambda in front.
    fn path(&self, word: &str) -> String {
        let rest = word.strip_prefix(self.variable.as_str()).filter(|_| !self.variable.is_empty());
        match rest {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest.trim_start_matches('/').to_owned(),
            _ => word.to_owned(),
        }
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.take()? {
            Token::Text(text) => text.into(),
            Token::Word(word) if word == "null" => Value::Null,
            Token::Word(word) if word == "true" || word == "false" => (word == "true").into(),
            Token::Word(word) => word.parse::<i64>().map_or_else(|_| word.into(), Value::from),
            Token::Mark(_) => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn filters_that_the_directory_is_asked_with() {
        let user = json!({
            "userPrincipalName": "o'neil@example.com", "proxyAddresses": ["SMTP:info@example.com", "smtp:x@y.example"],
            "accountEnabled": true, "status": { "errorCode": 53003 }, "createdDateTime": "2026-11-29T06:00:00Z",
            "tags": [{ "key": "a" }], "nothing": null,
        });
        for (filter, is_meant) in [
            ("userPrincipalName eq 'O''Neil@example.com'", true),
            ("userPrincipalName ne 'o''neil@example.com'", false),
            ("userPrincipalName in ('a@b', 'o''neil@example.com')", true),
            ("startswith(userPrincipalName,'o''n')", true),
            ("proxyAddresses/any(p:p eq 'smtp:info@example.com')", true),
            ("proxyAddresses/any(p:p eq 'smtp:other@example.com')", false),
            ("proxyAddresses/any(p:startswith(p,'smtp:x'))", true),
            ("tags/any(t:t/key eq 'a')", true),
            ("status/errorCode eq 53003 and accountEnabled eq true", true),
            ("status/errorCode eq 0 or (accountEnabled eq false or nothing eq null)", true),
            ("not(accountEnabled eq true)", false),
            ("createdDateTime ge 2026-11-29T00:00:00Z", true),
            ("createdDateTime gt 2026-11-29T06:00:00Z", false),
        ] {
            let read = Filter::read(filter).unwrap_or_else(|| panic!("not understood: {filter}"));
            assert_eq!(read.takes(&user), is_meant, "{filter}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let deep = format!("{}a eq 1{}", "(".repeat(40), ")".repeat(40));
        for wrong in ["", "a", "a eq", "a like 'b'", "a eq 'b", "a eq 1 a", "(a eq 1", "a in ()", "any(", &deep] {
            assert_eq!(Filter::read(wrong), None, "{wrong}");
        }
    }
}
