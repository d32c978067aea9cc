//! The users of Control Hub, as the SCIM interface keeps them.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::schema;
use crate::lab::{
    directory::date,
    hosts::{WEBEX_ORG, object_of},
    tenant::Tenant,
};

/// Where the interface is.
pub(super) const BASE: &str = "https://api.ciscospark.com/v1/scim";
/// The users of Control Hub.
#[derive(Debug)]
pub(in crate::lab) struct Hub(Mutex<Vec<Value>>);

impl Hub {
    /// The users that the tenant's Webex organization begins with.
    pub fn new(tenant: &Tenant) -> Self {
        let people = tenant.webex.hub(tenant.users().map(ToOwned::to_owned)).into_iter().map(|person| {
            let given = json!({
                "userName": person.name, "displayName": person.display_name, "active": person.active, "externalId": object_of(&person.mail),
                "emails": [{ "value": person.mail, "type": "work", "primary": true }],
            });
            resource(given, &object_of(&format!("webex {}", person.name)), Timestamp::now())
        });
        Self(Mutex::new(people.collect()))
    }

    /// Reads or changes the users.
    pub(super) fn act<T>(&self, act: impl FnOnce(&mut Vec<Value>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What the server keeps of it: the attributes of the schema, and its own.
pub(super) fn resource(given: Value, id: &str, now: Timestamp) -> Value {
    let Value::Object(given) = given else { return Value::Null };
    let kept = given.into_iter().filter(|(name, value)| schema::has(name) && !value.is_null());
    let mut user: Value = kept.collect();
    user["schemas"] = json!([schema::USER]);
    user["id"] = id.into();
    user["meta"] = json!({
        "resourceType": "User", "created": date(now), "lastModified": date(now),
        "location": format!("{BASE}/{WEBEX_ORG}/Users/{id}"),
    });
    user
}
