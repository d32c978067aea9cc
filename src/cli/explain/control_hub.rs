//! What Control Hub's "Copy Debug Info" says beside its causes: the facts in it, and what to search for with them.

use serde_json::{Value, json};

use super::style;
use crate::{
    import::debug_block::{self, DebugBlock},
    report::{Page, Paint},
};

/// The blocks of a text that have more than the message of Control Hub in them.
pub fn read(text: &str) -> Vec<DebugBlock> {
    debug_block::read(text).into_iter().filter(|block| !block.message_only).collect()
}

/// The facts, and what to search for.
pub fn page(blocks: &[DebugBlock]) -> String {
    if blocks.is_empty() {
        return String::new();
    }
    let style = style();
    let mut page = Page::new(&style);
    for block in blocks {
        page.gap();
        page.paragraph(Paint::Strong, "Facts from Control Hub");
        for (label, value) in facts(block) {
            page.field(label, &value);
        }
        for place in searches(block) {
            page.field("search", &place);
        }
    }
    page.finish()
}

/// The answer with the facts in it.
pub fn with(answer: Value, blocks: &[DebugBlock]) -> Value {
    let mut answer = answer;
    if !blocks.is_empty() {
        let value = |block: &DebugBlock| json!({ "facts": block, "search": searches(block) });
        answer["control_hub"] = blocks.iter().map(value).collect();
    }
    answer
}

fn facts(block: &DebugBlock) -> Vec<(&'static str, String)> {
    let named = [
        ("status", block.status.map(|status| status.to_string())),
        ("code", block.code.clone()),
        ("org", block.org.clone()),
        ("user org", block.user_org.clone().filter(|org| Some(org) != block.org.as_ref())),
        ("time", block.at.clone()),
        ("request", block.client_request.clone()),
        ("tracking", block.tracking.clone()),
        ("host", block.host.clone()),
    ];
    named.into_iter().filter_map(|(label, value)| Some((label, value?))).collect()
}

/// Where each fact is searched for.
/// <https://learn.microsoft.com/entra/identity/monitoring-health/concept-sign-ins>
fn searches(block: &DebugBlock) -> Vec<String> {
    let mut places = Vec::new();
    if let Some(id) = &block.client_request {
        places.push(format!("Entra ID > Sign-in logs > Service principal sign-ins: correlation ID {id}"));
    }
    let until = block.at.as_deref().unwrap_or("the time of the message");
    places.push(format!(
        "Entra ID > Audit logs: Core Directory, ApplicationManagement, Remove service principal, in the 30 days before {until}"
    ));
    if let Some(id) = &block.tracking {
        places.push(format!("Webex support: tracking ID {id}"));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_of_a_whole_text_are_told_with_the_place_to_search() {
        let blocks = read(include_str!("../../../tests/files/evidence/webex/debug.full.txt"));
        let told = page(&blocks);
        for part in ["701018", "33333333-4444-4555-8666-777777777777", "ATLAS_77777777", "Service principal sign-ins"] {
            assert!(told.contains(part), "{part}: {told}");
        }
        assert!(page(&read("Azure AD integration error. The request was unauthorized.")).is_empty());
        assert!(with(json!({}), &[]).get("control_hub").is_none());
    }
}
