//! What colleagues exported, without the values of secrets in it.
//!
//! In: JSON or CSV as it was exported. Out: the same with `[masked]` in place of each such value, of whatever form it is.
//! Reading ([`super::parse`]) drops the same fields. Of other forms no text is given, for there a name and its value are not
//! told apart for certain.

use serde_json::Value;

use super::{
    Container, csv,
    secrets::{is_secret, is_secret_text},
};

/// The value put in place of what is taken out.
const MASKED: &str = "[masked]";

/// The text with every secret masked; `mask` takes out of any other value what looks like one. None where the form does
/// not tell values from the rest.
#[must_use]
pub fn masked(text: &str, container: Container, mask: impl Fn(&str) -> String) -> Option<String> {
    match container {
        Container::Json | Container::Bundle => {
            let mut value: Value = serde_json::from_str(text.trim_start_matches('\u{feff}')).ok()?;
            hide(&mut value, &mask);
            serde_json::to_string_pretty(&value).ok().map(|text| text + "\n")
        }
        Container::Csv => csv::rewritten(text, |column, cell| {
            if is_secret_text(column) && !cell.is_empty() { MASKED.to_owned() } else { mask(cell) }
        }),
        _ => None,
    }
}

fn hide(value: &mut Value, mask: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = mask(text),
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, mask)),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                let is_hidden = is_secret(name) || (value.is_string() && is_secret_text(name));
                match value {
                    Value::Null => {}
                    value if is_hidden => *value = MASKED.into(),
                    value => hide(value, mask),
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_leave_no_form_that_is_given() {
        let json = "\u{feff}{\"value\": [{\"appId\": \"1b2c\", \"secretText\": \"Xy7Q8\", \"value\": \"kJ8h\"}],\n\
            \"basicAuthentication\": {\"user\": \"svc\", \"pass\": \"Sommer24\"}, \"password\" :\n \"Winter2026x!\", \"Hint\": null}";
        let csv = "sep=;\n#TYPE x\nappId;secretText;Password;value\n1b2c;Xy7Q8;\"Sommer24;kJ8h\";kJ8h\n";
        let quoted = "\"appId\",\"password\"\n\"1b2c\",\"Winter2026x!\n second line Sommer24\"\n";
        for (text, form) in [(json, Container::Json), (csv, Container::Csv), (quoted, Container::Csv)] {
            let masked = masked(text, form, str::to_owned).expect("a form that is given");
            assert!(masked.contains("1b2c") && masked.contains(MASKED), "{masked}");
            for secret in ["Xy7Q8", "kJ8h", "Sommer24", "Winter2026x!"] {
                assert!(!masked.contains(secret), "{secret} in {masked}");
            }
        }
    }

    #[test]
    fn what_looks_like_a_secret_elsewhere_is_masked_too() {
        let mask = |text: &str| text.replace("eyJ", "");
        let json = masked("{\"note\": \"eyJabc\"}", Container::Json, mask).expect("JSON");
        let csv = masked("note,b\neyJabc,2\n", Container::Csv, mask).expect("CSV");
        assert!(!json.contains("eyJ") && !csv.contains("eyJ"), "{json} {csv}");
    }

    #[test]
    fn other_forms_and_broken_ones_are_not_given() {
        for form in [Container::Clixml, Container::FormatList, Container::FormatTable] {
            assert_eq!(masked("Password : x", form, str::to_owned), None);
        }
        assert_eq!(masked("{\"a\":", Container::Json, str::to_owned), None);
    }
}
