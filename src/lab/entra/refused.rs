//! A refusal on its way out, in Entra's words and shape.
//!
//! In: a number and words. Out: a JSON document or a page, as
//! <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes> describes them.

use std::{collections::BTreeMap, fmt::Write};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::lab::{
    fault::Answer,
    http::{HTML, JSON, typed},
};

/// What identifies a request: the trace and the correlation.
const REQUEST: [&str; 2] = ["0f6a1d52-7c3b-4e98-a1d4-5b2c9e700100", "b83e27c4-16fd-4a09-92e5-d07f3a516c8e"];

/// A refusal on its way out.
#[derive(Debug)]
pub(super) struct Refused {
    /// The HTTP status.
    pub status: u16,
    /// The word of OAuth.
    pub error: String,
    /// The number behind `AADSTS`.
    pub aadsts: u32,
    /// What follows the number.
    pub words: String,
    /// The finer word.
    pub suberror: Option<String>,
    /// Further headers.
    pub headers: BTreeMap<String, String>,
}

impl Refused {
    /// A refusal without anything further.
    pub fn new(status: u16, error: &str, aadsts: u32, words: String) -> Self {
        Self { status, error: error.into(), aadsts, words, suberror: None, headers: BTreeMap::new() }
    }

    /// The code in front, what identifies the request behind.
    pub fn description(&self, now: Timestamp) -> String {
        let (time, [trace, correlation]) = (time(now), REQUEST);
        format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
            self.aadsts, self.words
        )
    }

    /// The document that a program gets.
    pub fn render(&self, now: Timestamp) -> Answer {
        let (time, [trace, correlation]) = (time(now), REQUEST);
        let mut body = json!({
            "error": self.error, "error_description": self.description(now), "error_codes": [self.aadsts],
            "timestamp": time, "trace_id": trace, "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.aadsts),
        });
        if let Some(suberror) = &self.suberror {
            body["suberror"] = Value::from(suberror.as_str());
        }
        let mut answer = typed(self.status, JSON, body.to_string());
        answer.headers.extend(self.headers.clone());
        answer
    }

    /// The page that a person sees.
    pub fn shown(&self, now: Timestamp) -> Answer {
        let text = self.description(now).replace('&', "&amp;").replace('<', "&lt;");
        let mut body = String::from("<!DOCTYPE html>\n<html><head><title>Sign in to your account</title></head><body>");
        let title = "Sorry, but we\u{2019}re having trouble signing you in.";
        let _ = writeln!(body, "<h1>{title}</h1><p>{text}</p></body></html>");
        typed(self.status, HTML, body)
    }
}

fn time(now: Timestamp) -> String {
    now.strftime("%Y-%m-%d %H:%M:%SZ").to_string()
}

pub(super) fn invalid_grant(aadsts: u32, words: &str) -> Refused {
    Refused::new(400, "invalid_grant", aadsts, words.into())
}

pub(super) fn invalid_client(aadsts: u32, words: &str) -> Refused {
    Refused::new(401, "invalid_client", aadsts, words.into())
}

pub(super) fn malformed() -> Refused {
    Refused::new(400, "invalid_request", 9_002_313, "Invalid request. Request is malformed or invalid.".into())
}

/// What was sent, so that it can be shown: short and on one line.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}
