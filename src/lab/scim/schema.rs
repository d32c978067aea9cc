//! What the SCIM interface says of itself: RFC 7643 sections 5 to 7.
//!
//! In: the address of the interface. Out: the service provider configuration, the resource type and the schema of users.

use serde_json::{Value, json};

/// The schema of users.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The simple attributes of a user, besides `active`.
const TEXTS: &[&str] = &["displayName", "nickName", "title", "userType", "preferredLanguage", "locale", "timezone"];
/// The attributes of a name.
const NAME: &[&str] = &["formatted", "familyName", "givenName", "middleName"];
/// The attributes of an address.
const ADDRESS: &[&str] = &["formatted", "streetAddress", "locality", "region", "postalCode", "country", "type"];
/// The attributes of everything that has a value.
const VALUE: &[&str] = &["value", "display", "type"];

/// True for an attribute that a client may set.
pub(super) fn has(name: &str) -> bool {
    TEXTS.contains(&name)
        || ["userName", "externalId", "active", "name", "emails", "phoneNumbers", "addresses"].contains(&name)
}

/// What the service can do.
pub(super) fn service(base: &str) -> Value {
    let no = json!({ "supported": false });
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true }, "filter": { "supported": true, "maxResults": super::PAGE },
        "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 }, "changePassword": no, "sort": no,
        "etag": no,
        "authenticationSchemes": [{
            "type": "oauthbearertoken", "name": "OAuth Bearer Token", "primary": true,
            "description": "Authentication with a bearer token of Webex", "specUri": "https://www.rfc-editor.org/rfc/rfc6750",
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

/// The one type of resource.
pub(super) fn resource_type(base: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": "User", "name": "User",
        "description": "User account", "endpoint": "/Users", "schema": USER, "schemaExtensions": [],
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/User") },
    })
}

/// The schema of users.
pub(super) fn user(base: &str) -> Value {
    let mut user_name = text("userName");
    (user_name["required"], user_name["uniqueness"]) = (true.into(), "server".into());
    let mut active = text("active");
    active["type"] = "boolean".into();
    let mut attributes = vec![user_name, active, complex("name", NAME, false)];
    attributes.extend(TEXTS.iter().map(|name| text(name)));
    attributes.extend(["emails", "phoneNumbers"].map(|name| complex(name, VALUE, true)));
    attributes.push(complex("addresses", ADDRESS, true));
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"], "id": USER, "name": "User",
        "description": "User account", "attributes": attributes,
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{USER}") },
    })
}

fn text(name: &str) -> Value {
    json!({
        "name": name, "type": "string", "multiValued": false, "description": name, "required": false,
        "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none",
    })
}

fn complex(name: &str, parts: &[&str], is_list: bool) -> Value {
    let mut attribute = text(name);
    let mut parts: Vec<_> = parts.iter().map(|part| text(part)).collect();
    if is_list {
        let mut primary = text("primary");
        primary["type"] = "boolean".into();
        parts.push(primary);
    }
    (attribute["type"], attribute["multiValued"]) = ("complex".into(), is_list.into());
    attribute["subAttributes"] = parts.into();
    attribute
}
