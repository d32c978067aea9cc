//! Changes to a resource: RFC 7644 section 3.5.2, as far as Entra ID uses it.
//!
//! In: a resource and the body of a PATCH. Out: the changed resource, or nothing when it is not understood. A path is an
//! attribute, one of its parts, or one element of a list by its type: `emails[type eq "work"].value`.

use serde_json::{Map, Value, json};

/// The resource with the operations applied.
pub(super) fn apply(resource: &Value, body: &Value) -> Option<Value> {
    let mut changed = resource.clone();
    for operation in body["Operations"].as_array()? {
        let kind = operation["op"].as_str()?.to_ascii_lowercase();
        match (kind.as_str(), operation["path"].as_str()) {
            ("remove", Some(path)) => remove(&mut changed, &Path::read(path)?),
            ("add" | "replace", Some(path)) => {
                set(&mut changed, &Path::read(path)?, &operation["value"], kind == "add");
            }
            ("add" | "replace", None) => {
                for (path, value) in operation["value"].as_object()? {
                    set(&mut changed, &Path::read(path)?, value, kind == "add");
                }
            }
            _ => return None,
        }
    }
    Some(changed)
}

/// A path of a change.
struct Path<'a> {
    attribute: &'a str,
    /// The condition on an element of a list.
    element: Option<(&'a str, Value)>,
    part: Option<&'a str>,
}

impl<'a> Path<'a> {
    fn read(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix(super::schema::USER).map_or(path, |rest| rest.trim_start_matches(':'));
        let Some((attribute, rest)) = path.split_once('[') else {
            let (attribute, part) = path.split_once('.').map_or((path, None), |(name, part)| (name, Some(part)));
            return Some(Self { attribute, element: None, part });
        };
        let (condition, rest) = rest.split_once(']')?;
        let (key, value) = condition.split_once(" eq ")?;
        let element = Some((key.trim(), serde_json::from_str(value.trim()).ok()?));
        Some(Self { attribute, element, part: rest.strip_prefix('.') })
    }

    fn is_meant(&self, one: &Value) -> bool {
        self.element.as_ref().is_none_or(|(key, value)| one[*key] == *value)
    }
}

fn remove(resource: &mut Value, path: &Path<'_>) {
    let Some(all) = resource.as_object_mut() else { return };
    let Some(value) = all.get_mut(path.attribute) else { return };
    match (value, path.part) {
        (Value::Array(list), Some(part)) => {
            list.iter_mut().filter(|one| path.is_meant(one)).filter_map(Value::as_object_mut).for_each(|one| {
                one.remove(part);
            });
            list.retain(|one| one.as_object().is_none_or(|one| !one.is_empty()));
        }
        (Value::Array(list), None) if path.element.is_some() => list.retain(|one| !path.is_meant(one)),
        (Value::Object(object), Some(part)) => {
            object.remove(part);
        }
        _ => {
            all.remove(path.attribute);
        }
    }
    let is_empty =
        |value: &Value| value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
    if all.get(path.attribute).is_some_and(is_empty) {
        all.remove(path.attribute);
    }
}

fn set(resource: &mut Value, path: &Path<'_>, value: &Value, adds: bool) {
    if path.element.is_some() {
        return set_in_list(resource, path, value);
    }
    let known = &mut resource[path.attribute];
    match (known, path.part) {
        (Value::Array(list), Some(part)) => list.iter_mut().for_each(|one| one[part] = value.clone()),
        (known, Some(part)) => known[part] = value.clone(),
        (Value::Array(list), None) if adds => {
            let new = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            list.extend(new.into_iter().filter(|one| !one.is_null()).collect::<Vec<_>>());
        }
        (Value::Object(object), None) if value.is_object() && adds => {
            object.extend(value.as_object().cloned().unwrap_or_default());
        }
        (known, None) => *known = value.clone(),
    }
}

/// Sets one element, which is made when there is none.
fn set_in_list(resource: &mut Value, path: &Path<'_>, value: &Value) {
    let known = &mut resource[path.attribute];
    if !known.is_array() {
        *known = json!([]);
    }
    let (Some(list), Some((key, wanted))) = (known.as_array_mut(), &path.element) else { return };
    if !list.iter().any(|one| path.is_meant(one)) {
        list.push(json!({ *key: wanted }));
    }
    for one in list.iter_mut().filter(|one| path.is_meant(one)) {
        match path.part {
            Some(part) => one[part] = value.clone(),
            None => *one = value.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(resource: &Value, operations: &Value) -> Value {
        apply(resource, &json!({ "Operations": operations })).expect("understood")
    }

    #[test]
    fn what_entra_sends_is_understood() {
        let user =
            json!({ "userName": "a", "emails": [{ "type": "work", "value": "a@b" }], "name": { "givenName": "A" } });
        let value = changed(&user, &json!([{ "op": "Replace", "path": "active", "value": false }]));
        assert_eq!(value["active"], false);
        let value =
            changed(&user, &json!([{ "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "c@d" }]));
        assert_eq!(value["emails"], json!([{ "type": "work", "value": "c@d" }]));
        let value =
            changed(&user, &json!([{ "op": "Add", "path": "phoneNumbers[type eq \"fax\"].value", "value": "1" }]));
        assert_eq!(value["phoneNumbers"], json!([{ "type": "fax", "value": "1" }]));
        let value = changed(&user, &json!([{ "op": "add", "value": { "name.familyName": "B", "title": "T" } }]));
        assert_eq!((&value["name"]["familyName"], &value["title"]), (&json!("B"), &json!("T")));
        let value = changed(&user, &json!([{ "op": "remove", "path": "emails[type eq \"work\"]" }]));
        assert_eq!(value["emails"], Value::Null);
        let value = changed(&user, &json!([{ "op": "remove", "path": "name.givenName" }]));
        assert_eq!(value["name"], Value::Null);
    }

    #[test]
    fn what_is_not_understood_changes_nothing() {
        for operation in [json!({ "op": "move", "path": "a" }), json!({ "op": "add", "path": "a[b" }), json!({})] {
            assert_eq!(apply(&json!({}), &json!({ "Operations": [operation] })), None, "{operation}");
        }
    }
}
