//! What something encoded is: what is in it, what is wrong with it, and the causes that this proves.

use serde_json::Value;

use super::{Arguments, entry, heading, named_value, style};
use crate::{
    catalogue::Catalogue,
    cli::list::{Output, json},
    explain::{self, Meaning, decoded::Decoded},
    report::{Page, Paint, certainty},
};

/// The whole answer.
pub fn told(decoded: &Decoded, meaning: &Meaning<'_>, arguments: &Arguments, catalogue: &Catalogue) -> String {
    let mut causes = explain::of_decoded(decoded, arguments.channel, catalogue);
    if causes.is_empty() {
        causes.clone_from(&meaning.causes);
    }
    let user = decoded.fields.iter().find(|(name, _)| *name == "user");
    let names = user.map(|(_, user)| explain::names(&format!("user {user}"))).unwrap_or_default();
    if arguments.output == Output::Json {
        let causes: Vec<Value> = causes.iter().map(|meant| named_value(meant.cause, meant.certainty, &names)).collect();
        let fields: serde_json::Map<String, Value> =
            decoded.fields.iter().map(|(name, value)| (name.replace(' ', "_"), value.clone().into())).collect();
        let decoded = serde_json::json!({ "what": decoded.what, "fields": fields, "faults": decoded.faults });
        return json(&serde_json::json!({ "causes": causes, "next": null, "decoded": decoded }));
    }
    let style = style();
    let mut page = Page::new(&style);
    page.paragraph(Paint::Strong, &format!("This is {}.", decoded.what));
    for (name, value) in &decoded.fields {
        page.label(name, value);
    }
    for fault in &decoded.faults {
        page.label("wrong", fault);
    }
    for (number, meant) in causes.iter().enumerate() {
        page.gap();
        heading(&mut page, number + 1, meant.cause, certainty(meant.certainty), &names);
        entry(&mut page, meant.cause, &names);
    }
    page.finish()
}
