//! What the token endpoint says when it says no, kept whole.
//!
//! In: the error answer of OAuth 2.0 (RFC 6749, section 5.2; in a redirect section 4.1.2.1) as Entra writes it: `error`,
//! `error_description` with one or more `AADSTS` numbers, `error_codes`, `trace_id`, `correlation_id`, `timestamp`.
//! Out: a [`Refusal`], and of it a [`Failure`]. Microsoft may change texts and numbers, so nothing is decided here.
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>

use serde_json::{Map, Value};

use crate::{
    evidence::{Failure, FailureKind, Protocol, Stage},
    net::http::Answer,
};

/// The words of a refusal are cut at this many characters.
const LONGEST_WORDS: usize = 500;
/// An error name or an id is cut at this many characters.
const LONGEST_NAME: usize = 100;
/// Numbers beyond these are left out.
const MOST_NUMBERS: usize = 10;
/// Entra ends its description with these, each behind a line end or a blank.
const TAIL: [&str; 3] = ["Trace ID:", "Correlation ID:", "Timestamp:"];

/// A refusal, as the token endpoint or the sign-in page gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// The error of OAuth 2.0, such as `invalid_grant`.
    pub error: Option<String>,
    /// The numbers of Entra's error codes, those of the text first.
    pub aadsts: Vec<u32>,
    /// The description without trace id, correlation id and time stamp, in one line.
    pub words: String,
    /// Trace id, correlation id and time stamp: what Microsoft's support asks for.
    pub trace: Option<String>,
}

impl Refusal {
    /// Reads the JSON of an error answer; none when it has no `error`.
    #[must_use]
    pub fn of_json(body: &[u8]) -> Option<Self> {
        let answer: Map<String, Value> = serde_json::from_slice(body).ok()?;
        let (error, inner) = match answer.get("error")? {
            Value::Object(inner) => (text(inner, "code"), text(inner, "message")), // as Microsoft Graph writes it
            error => (error.as_str().map(|error| shortened(error, LONGEST_NAME)), None),
        };
        let description = text(&answer, "error_description").or(inner).unwrap_or_default();
        let mut refusal = Self::of_words(error, &description);
        let codes = answer.get("error_codes").and_then(Value::as_array).into_iter().flatten();
        for code in codes.filter_map(|code| u32::try_from(code.as_u64()?).ok()).take(MOST_NUMBERS) {
            if !refusal.aadsts.contains(&code) {
                refusal.aadsts.push(code);
            }
        }
        let ids = ["trace_id", "correlation_id", "timestamp"].map(|name| text(&answer, name));
        refusal.trace = trace(ids).or(refusal.trace);
        Some(refusal)
    }

    /// Reads an error and its description, as a redirect carries them.
    #[must_use]
    pub fn of_words(error: Option<String>, description: &str) -> Self {
        let end = TAIL.iter().filter_map(|begin| description.find(begin)).min().unwrap_or(description.len());
        let (said, behind) = description.split_at(end);
        let mut words = one_line(said);
        if words.is_empty() {
            words = error.clone().unwrap_or_else(|| "no words".to_owned());
        }
        Self {
            error,
            aadsts: numbers(description),
            words: shortened(&words, LONGEST_WORDS),
            trace: trace(TAIL.map(|name| value(behind, name))),
        }
    }

    /// The stop that it is.
    #[must_use]
    pub fn stop(self, protocol: Protocol, stage: Stage, status: Option<u16>) -> Failure {
        Failure {
            code: status,
            aadsts: self.aadsts,
            error: self.error,
            trace: self.trace,
            ..Failure::new(protocol, stage, FailureKind::Rejected, self.words)
        }
    }
}

/// The stop of an answer of the token endpoint that gives nothing of what was asked for.
#[must_use]
pub fn stop(answer: &Answer) -> Failure {
    if let Some(refusal) = Refusal::of_json(&answer.body) {
        return refusal.stop(Protocol::Token, Stage::Grant, Some(answer.status));
    }
    let (kind, words) = match &answer.broken_off {
        Some(halt) => (halt.kind, halt.words.clone()),
        None if is_page(answer) => (FailureKind::WebPage, page(answer)),
        None if !(200..300).contains(&answer.status) => {
            (FailureKind::BadStatus, format!("HTTP status {} without an error in words", answer.status))
        }
        None => (FailureKind::MalformedReply, "the answer has neither access_token nor error".to_owned()),
    };
    Failure { code: Some(answer.status), ..Failure::new(Protocol::Token, Stage::Grant, kind, words) }
}

/// Devices in between do not always say that they answer with a page.
fn is_page(answer: &Answer) -> bool {
    answer.is_web_page() || answer.body.trim_ascii_start().starts_with(b"<")
}

fn page(answer: &Answer) -> String {
    let title = answer.title().unwrap_or_else(|| "a page without a title".to_owned());
    format!("HTTP status {} with a web page: {title}", answer.status)
}

/// The numbers behind `AADSTS`, in the order of the text.
fn numbers(text: &str) -> Vec<u32> {
    let mut numbers = Vec::new();
    for behind in text.split("AADSTS").skip(1) {
        let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if let Ok(number) = behind[..digits].parse()
            && !numbers.contains(&number)
            && numbers.len() < MOST_NUMBERS
        {
            numbers.push(number);
        }
    }
    numbers
}

/// What stands behind a name in the tail, up to the next name.
fn value(tail: &str, name: &str) -> Option<String> {
    let behind = &tail[tail.find(name)? + name.len()..];
    let end = TAIL.iter().filter_map(|next| behind.find(next)).min().unwrap_or(behind.len());
    Some(shortened(&one_line(&behind[..end]), LONGEST_NAME)).filter(|value| !value.is_empty())
}

fn trace(values: [Option<String>; 3]) -> Option<String> {
    let said = TAIL.iter().zip(values).filter_map(|(name, value)| Some(format!("{name} {}", value?)));
    Some(said.collect::<Vec<_>>().join(", ")).filter(|trace| !trace.is_empty())
}

fn text(answer: &Map<String, Value>, name: &str) -> Option<String> {
    let text = answer.get(name)?.as_str()?;
    Some(if name == "error_description" { text.to_owned() } else { shortened(text, LONGEST_WORDS) })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRACE: &str = "Trace ID: 00000000-0000-0000-0000-000000000001, \
                         Correlation ID: 00000000-0000-0000-0000-000000000002, Timestamp: 2021-07-21 07:56:39Z";

    #[test]
    fn answer_of_today() {
        let body = r#"{"error":"invalid_grant","error_description":"AADSTS50057: The user account is disabled.\r\nTrace ID: 00000000-0000-0000-0000-000000000001\r\nCorrelation ID: 00000000-0000-0000-0000-000000000002\r\nTimestamp: 2021-07-21 07:56:39Z","error_codes":[50057],"timestamp":"2021-07-21 07:56:39Z","trace_id":"00000000-0000-0000-0000-000000000001","correlation_id":"00000000-0000-0000-0000-000000000002","error_uri":"https://login.microsoftonline.com/error?code=50057"}"#;
        let refusal = Refusal::of_json(body.as_bytes()).unwrap();
        assert_eq!(refusal.error.as_deref(), Some("invalid_grant"));
        assert_eq!(refusal.aadsts, [50057]);
        assert_eq!(refusal.words, "AADSTS50057: The user account is disabled.");
        assert_eq!(refusal.trace.as_deref(), Some(TRACE));
    }

    #[test]
    fn two_numbers_and_ids_in_the_text_alone() {
        let body = r#"{"error":"invalid_grant","error_description":"AADSTS70002: Error validating credentials. AADSTS54005: OAuth2 Authorization code was already redeemed. Trace ID: 00000000-0000-0000-0000-000000000001 Correlation ID: 00000000-0000-0000-0000-000000000002 Timestamp: 2021-07-21 07:56:39Z"}"#;
        let refusal = Refusal::of_json(body.as_bytes()).unwrap();
        assert_eq!(refusal.aadsts, [70002, 54005]);
        assert!(refusal.words.ends_with("already redeemed."), "{}", refusal.words);
        assert_eq!(refusal.trace.as_deref(), Some(TRACE));
    }

    #[test]
    fn answers_that_say_less() {
        let read = |body: &str| Refusal::of_json(body.as_bytes());
        let bare = read(r#"{"error":"invalid_client"}"#).unwrap();
        assert_eq!((bare.words.as_str(), bare.aadsts.len(), bare.trace), ("invalid_client", 0, None));
        let numbered =
            read(r#"{"error":"x","error_description":"no number","error_codes":[7000215, -1, "a", 99999999999]}"#);
        assert_eq!(numbered.unwrap().aadsts, [7_000_215]);
        let graph = read(r#"{"error":{"code":"ErrorAccessDenied","message":"Access is denied."}}"#).unwrap();
        assert_eq!((graph.error.as_deref(), graph.words.as_str()), (Some("ErrorAccessDenied"), "Access is denied."));
        for none in ["", "{}", "[]", "null", "<html>", r#"{"access_token":"x"}"#] {
            assert_eq!(read(none), None, "{none}");
        }
    }

    #[test]
    fn more_sentences_than_one_are_kept() {
        let said = "AADSTS50053: The account is locked, you've tried to sign in too many times. Sign-in was blocked because \
                    it came from an IP address with malicious activity.";
        assert_eq!(Refusal::of_words(None, said).words, said);
    }

    proptest! {
        #[test]
        fn hostile_words_stay_bounded(error in any::<String>(), said in "(AADSTS|[0-9]{1,12}|Trace ID:|Timestamp:|[a-zé ]|\\PC){0,300}") {
            let body = serde_json::json!({"error": error, "error_description": said}).to_string();
            let refusal = Refusal::of_json(body.as_bytes()).unwrap();
            prop_assert!(refusal.words.chars().count() <= LONGEST_WORDS && refusal.aadsts.len() <= MOST_NUMBERS);
        }
    }
}
