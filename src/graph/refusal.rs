//! What Graph refuses, and what to give so that it does not.
//!
//! In: the status and the error of an answer, the permissions of the token. Out: words. Some services put a second error,
//! as JSON, into the message of the first one. <https://learn.microsoft.com/graph/errors>

use serde_json::Value;

use super::{Permissions, Topic};
use crate::net::api::Reply;

/// Something that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The checks that it was for.
    pub checks: &'static [&'static str],
    /// What is missing, in one sentence.
    pub words: String,
    /// True when the token is not accepted at all.
    pub is_of_token: bool,
}

/// Code and message of an error; of an error within the message, those.
#[must_use]
pub(super) fn error_of(body: &[u8]) -> (String, String) {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (code, message) = (text(&body["error"]["code"]), text(&body["error"]["message"]));
    match serde_json::from_str::<Value>(&message) {
        Ok(inner) if inner.is_object() => {
            (text(&inner["errorCode"]), inner["message"].as_str().unwrap_or(&message).to_owned())
        }
        _ => (code, message),
    }
}

/// What an answer that is no list means.
pub(super) fn refused(reply: &Reply, topic: Topic, permissions: &Permissions) -> Refused {
    let (code, message) = error_of(&reply.body);
    let code = if code.is_empty() { format!("HTTP status {}", reply.status) } else { code };
    let words = match reply.status {
        401 => of_token(reply, &code, &message),
        403 if code == "Authentication_RequestFromNonPremiumTenantOrB2CTenant" => format!(
            "Microsoft Graph gives {} only with Entra ID P1, or the token lacks Directory.Read.All; download the log in the Entra admin center, which every edition allows",
            topic.what
        ),
        403 => of_permission(topic, permissions, &code),
        429 => format!(
            "Microsoft Graph limits the requests for {} (HTTP status 429); run again in a few minutes",
            topic.what
        ),
        500.. => format!("Microsoft Graph has a problem of its own (HTTP status {}); run again later", reply.status),
        status => {
            format!("Microsoft Graph did not answer the request for {}: HTTP status {status}, {code}", topic.what)
        }
    };
    Refused { checks: topic.checks, words, is_of_token: reply.status == 401 }
}

fn of_token(reply: &Reply, code: &str, message: &str) -> String {
    if reply.challenge.as_deref().is_some_and(|challenge| challenge.contains("insufficient_claims")) {
        return "Microsoft Graph requires a new sign-in for this token (insufficient_claims): get a new token"
            .to_owned();
    }
    let lower = message.to_lowercase();
    let known = [
        ("audience", "it is for another service"),
        ("expired", "it has expired"),
        ("compacttoken", "it is not a token of Microsoft Entra ID"),
        ("empty", "it is empty"),
    ];
    let why = known.iter().find(|(part, _)| lower.contains(part)).map_or("see the error code", |one| one.1);
    format!("Microsoft Graph does not accept the token ({code}): {why}; get another one")
}

/// A scope and a role are both needed, and Graph does not say which of them is missing: the token does.
fn of_permission(topic: Topic, permissions: &Permissions, code: &str) -> String {
    let least = topic.permissions.first().copied().unwrap_or_default();
    let has = |name: &&&str| permissions.names.iter().flatten().any(|own| own.eq_ignore_ascii_case(name));
    match (&permissions.names, topic.permissions.iter().find(has)) {
        (None, _) => {
            format!("Microsoft Graph refuses {} ({code}): permission {least} or role {}", topic.what, topic.role)
        }
        (Some(_), None) => format!("Microsoft Graph refuses {}: the token lacks the permission {least}", topic.what),
        (Some(_), Some(own)) => format!(
            "Microsoft Graph refuses {} although the token has {own}: the user who signed in lacks a role, {} or Global Reader",
            topic.what, topic.role
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOPIC: Topic = Topic {
        permissions: &["Synchronization.Read.All"],
        role: "Application Administrator",
        checks: &["webex.mapping"],
        what: "the provisioning job",
    };

    fn words(status: u16, file: &str, permissions: Option<&[&str]>) -> String {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/evidence/graph").join(file);
        let reply = Reply {
            status,
            content_type: "application/json".to_owned(),
            retry_after: None,
            challenge: None,
            body: std::fs::read(path).unwrap(),
        };
        let names = permissions.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
        refused(&reply, TOPIC, &Permissions { names }).words
    }

    #[test]
    fn refusals_name_what_to_give() {
        for (status, file, permissions, part) in [
            (401, "error.401.token.json", None, "does not accept the token"),
            (
                403,
                "error.403.request-denied.json",
                Some(&["User.Read"][..]),
                "lacks the permission Synchronization.Read.All",
            ),
            (
                403,
                "error.403.scope-nested.json",
                Some(&["User.Read"][..]),
                "lacks the permission Synchronization.Read.All",
            ),
            (
                403,
                "error.403.access-denied.json",
                Some(&["Synchronization.Read.All"][..]),
                "lacks a role, Application Administrator",
            ),
            (403, "error.403.request-denied.json", None, "permission Synchronization.Read.All or role"),
            (403, "error.403.not-premium.json", None, "Entra ID P1"),
            (429, "error.429.json", None, "HTTP status 429"),
        ] {
            let words = words(status, file, permissions);
            assert!(words.contains(part), "{file}: {words}");
        }
    }

    #[test]
    fn error_within_a_message_is_the_one_that_counts() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/files/evidence/graph/error.403.scope-nested.json");
        assert_eq!(error_of(&std::fs::read(path).unwrap()).0, "PermissionScopeNotGranted");
    }
}
