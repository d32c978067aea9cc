//! The user's file as a report keeps it.

use toml::{Table, Value};

use crate::ece::external_url;

/// What stands in place of a command: its arguments may hold a secret.
const NOT_SAVED: &str = "not saved in this report";

/// The file without comments and without what may hold a secret: of a command its words, of an address the user name,
/// the password and the query. Nothing of a file that is not TOML.
pub(super) fn text(file: &str) -> String {
    let Ok(mut table) = file.parse::<Table>() else { return String::new() };
    clean_table(&mut table);
    table.to_string()
}

fn clean_table(table: &mut Table) {
    for (key, value) in table.iter_mut() {
        if key == "command" && value.is_str() {
            *value = Value::String(NOT_SAVED.to_owned());
        }
        clean(value);
    }
}

fn clean(value: &mut Value) {
    match value {
        Value::String(text) if text.contains("://") => *text = external_url::shown(text),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Table(table) => clean_table(table),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_may_be_secret_is_kept() {
        let file = r#"
            # a remark with marked-secret
            [ece]
            external_url = "https://admin:marked-secret@ece.example.com/?code=marked-secret"
            [entra]
            redirect_urls = ["https://marked-secret@ece.example.com"]
            client_secret = { command = "vault --token marked-secret" }
            [[account]]
            name = "sales"
            token = { env = "SALES_TOKEN" }
        "#;
        let saved = text(file);
        assert!(!saved.contains("marked-secret"), "{saved}");
        assert!(saved.contains("SALES_TOKEN") && saved.contains("ece.example.com"), "{saved}");
        assert_eq!(text(&saved), saved, "saved again it stays the same");
        assert_eq!(text("= no TOML"), "");
    }
}
