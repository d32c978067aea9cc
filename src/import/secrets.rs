//! Which fields of an export hold a secret: they are dropped while it is read, and masked when it is handed on.

use crate::secret::suspect::names_a_secret;

/// Further fields that hold a secret or its beginning, as Graph and the portal call them.
/// <https://learn.microsoft.com/graph/api/resources/passwordcredential>
const FIELDS: &[&str] = &["hint", "passwordprofile", "customkeyidentifier", "basicauthentication", "authorization"];

/// Fields that hold a secret when their value is a text: `value` of an old credential, and not the list of Graph.
const FIELDS_OF_TEXT: &[&str] = &["value", "key"];

/// True for a field that holds a secret.
pub(super) fn is_secret(name: &str) -> bool {
    names_a_secret(name) || FIELDS.iter().any(|field| name.eq_ignore_ascii_case(field))
}

/// True for a field whose text is a secret.
pub(super) fn is_secret_text(name: &str) -> bool {
    is_secret(name) || FIELDS_OF_TEXT.iter().any(|field| name.eq_ignore_ascii_case(field))
}
