//! The text that Control Hub copies with "Copy Debug Info", pasted whole, cut or through a text recognition.
//!
//! In: text. Out: a [`DebugBlock`]. The names of its lines are English in every language of Control Hub; all around them is
//! not. The JSON after `Error:` may stand in a fence with its opening brace outside, or be cut at the right edge: what has
//! no end is not taken for whole, and the JSON's tracking id is preferred to the line's.

use serde::Serialize;

/// What a debug block says. What is missing was not in the text, or was cut.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DebugBlock {
    /// The HTTP status.
    pub status: Option<u16>,
    /// The code of Webex, such as `701018`.
    pub code: Option<String>,
    /// The organization in Webex.
    pub org: Option<String>,
    /// The organization of the person who was signed in; another one than `org` is a partner's.
    pub user_org: Option<String>,
    /// The clock of that person, as it was written: RFC 7231.
    pub at: Option<String>,
    /// Microsoft's correlation id of the failed call.
    pub client_request: Option<String>,
    /// The id to quote in a case with Webex; whole, never cut.
    pub tracking: Option<String>,
    /// The host that was asked.
    pub host: Option<String>,
    /// The message.
    pub message: Option<String>,
    /// True when there is no block but only the message that Control Hub shows.
    pub message_only: bool,
}

/// The names of the lines.
const NAMES: &[&str] = &[
    "Referrer",
    "Browser URL",
    "Control Hub Build",
    "View Org ID",
    "Logged-in User ID",
    "Logged-in User Org ID",
    "Logged-in User Clock UTC",
    "Customer Type",
    "Status",
    "Status Text",
    "URL",
    "Tracking ID",
    "Message",
];

/// How a message of this family begins, without a block around it.
const TOAST: &str = "Azure AD integration error";

/// Only so much of a text is read, in bytes: nobody copies more of Control Hub.
const LONGEST: usize = 256 << 10;

/// Reads the blocks of a text; empty when it has none.
#[must_use]
pub fn read(text: &str) -> Vec<DebugBlock> {
    let text = plain(&text[..text.floor_char_boundary(LONGEST)]);
    let blocks = blocks(&text).into_iter().filter_map(block).collect::<Vec<_>>();
    match (blocks.is_empty(), text.find(TOAST)) {
        (true, Some(at)) => {
            let message = text[at..].lines().next().map(|line| line.trim().to_owned());
            vec![DebugBlock { message, message_only: true, ..DebugBlock::default() }]
        }
        _ => blocks,
    }
}

/// Without what markdown and browsers add: fences, backslashes before letters that need none, hard spaces.
fn plain(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("```"));
    let undone =
        lines.map(|line| line.replace('\u{a0}', " ").replace("\\_", "_").replace("\\-", "-").replace("\\.", "."));
    undone.map(|line| line + "\n").collect()
}

/// Each block of a text begins with its first line, `Referrer:`.
fn blocks(text: &str) -> Vec<&str> {
    let mut begins: Vec<usize> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if field(line).is_some_and(|(name, _)| name == "Referrer") {
            begins.push(at);
        }
        at += line.len();
    }
    if begins.is_empty() {
        begins.push(0);
    }
    let ends = begins.iter().skip(1).copied().chain([text.len()]);
    begins.iter().zip(ends).map(|(from, to)| &text[*from..to]).collect()
}

fn field(line: &str) -> Option<(&'static str, &str)> {
    let line = line.trim().trim_start_matches(['>', '*', ' ']);
    let (name, value) = line.split_once([':', '：'])?;
    let name = NAMES.iter().find(|known| name.trim().trim_end_matches('*').eq_ignore_ascii_case(known))?;
    Some((name, value.trim().trim_matches('*').trim()))
}

fn block(text: &str) -> Option<DebugBlock> {
    let value = |wanted: &str| {
        let found = text.lines().filter_map(field).find(|(name, value)| *name == wanted && !value.is_empty());
        found.map(|(_, value)| value.to_owned())
    };
    let (org, tracking) = (value("View Org ID"), value("Tracking ID"));
    let json = after_error(text);
    let url = value("URL");
    let read = DebugBlock {
        status: value("Status").and_then(|status| status.parse().ok()),
        code: json.and_then(|json| quoted(json, "code")).filter(|code| code.bytes().all(|byte| byte.is_ascii_digit())),
        org: org.filter(|id| is_guid(id)),
        user_org: value("Logged-in User Org ID").filter(|id| is_guid(id)),
        at: value("Logged-in User Clock UTC").filter(|at| at.ends_with("GMT")),
        client_request: json.and_then(client_request),
        tracking: json
            .and_then(|json| quoted(json, "trackingId"))
            .into_iter()
            .chain(tracking)
            .find(|id| is_tracking(id)),
        host: url
            .as_deref()
            .and_then(|url| url.split_once("://"))
            .and_then(|(_, rest)| rest.split(['/', '?']).next())
            .map(str::to_owned),
        message: value("Message"),
        message_only: false,
    };
    (read.status.is_some() || read.org.is_some() || read.code.is_some()).then_some(read)
}

/// The text from the first brace after `Error:`.
fn after_error(text: &str) -> Option<&str> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let start = line.trim_start().trim_start_matches(['*', '>', ' ']);
        if start.starts_with("Error:") || start.starts_with("Error：") || start.starts_with("Error :") {
            return Some(&text[at..]);
        }
        at += line.len();
    }
    None
}

/// The value of a JSON member, read by its form: the text around it may be cut.
fn quoted(text: &str, name: &str) -> Option<String> {
    let after = text.split_once(&format!("\"{name}\""))?.1.trim_start().strip_prefix([':', '：'])?.trim_start();
    let Some(inner) = after.strip_prefix('"') else {
        return Some(after.chars().take_while(char::is_ascii_alphanumeric).collect());
    };
    inner.split_once('"').map(|(value, _)| value.to_owned())
}

fn client_request(text: &str) -> Option<String> {
    let after = text.split_once("client-request-id")?.1.trim_start_matches([':', '：', ' ', '"']);
    let id: String = after.chars().take(36).collect();
    is_guid(&id).then_some(id)
}

fn is_guid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// `PREFIX_GUID_n`, whole.
fn is_tracking(text: &str) -> bool {
    let parts: Vec<&str> = text.split('_').collect();
    matches!(parts[..], [prefix, id, number] if !prefix.is_empty() && is_guid(id) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_blocks_in_one_paste_are_two() {
        let one = |org: &str| format!("Referrer: x\nView Org ID: {org}\nStatus: 401\nError: {{\"code\": \"701018\"\n");
        let text = one("22222222-3333-4444-8555-666666666666") + &one("32222222-3333-4444-8555-666666666666");
        let read = read(&text);
        assert_eq!(read.len(), 2);
        assert_eq!(read[1].org.as_deref(), Some("32222222-3333-4444-8555-666666666666"));
        assert_eq!(read[0].code.as_deref(), Some("701018"));
    }

    #[test]
    fn cut_values_are_not_given_as_whole() {
        let read = read("Status: 401\nTracking ID: ATLAS_77777777-8888-4999-8aaa\nView Org ID: 2222\n");
        assert_eq!((read[0].tracking.as_deref(), read[0].org.as_deref()), (None, None));
    }
}
