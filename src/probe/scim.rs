//! A harmless question to Webex over SCIM, only with `--webex-connect`: for a user who does not exist. Where the flag names
//! a user, a second one: whether Webex knows that user.
//!
//! In: the tenant URL and the bearer token. Out: facts, or why there was no list. The question has a filter, as *Test
//! Connection* of Entra ID has (RFC 7644, section 3.4.2.2). `ServiceProviderConfig` would prove nothing: servers answer it
//! without a token too (RFC 7644, section 4).

use std::time::{Duration, Instant};

use serde_json::Value as Json;
use url::Url;
use uuid::Uuid;

use super::{Earlier, FactGroup, Presented, Probe, ProbeContext, ServiceTouch, Touch, scim_token::Address};
use crate::{
    evidence::{Facts, Failure, FailureKind, Observation, Protocol, Route, Stage, Subject, facts},
    net::{
        RouteChoice,
        api::{Api, Reply},
    },
    oauth::endpoint::TokenRequest,
    secret::{Secret, Source},
};

facts! {
    /// What the question can measure.
    ANSWER: String = "scim.answer", "answer";
    STATUS: i64 = "scim.status", "HTTP status";
    TOTAL: i64 = "scim.total", "users that a filter for none found";
    TRACKING: String = "scim.tracking", "tracking ID";
    USER: String = "scim.user", "user";
    USER_STATE: String = "scim.user_state", "that user in Webex";
    USER_EXTERNAL_ID: String = "scim.user_external_id", "external ID";
}

/// What is asked for: RFC 7644, section 3.1.
const ACCEPT: &str = "application/scim+json, application/json";
/// How the schema of a list begins.
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:listresponse";
/// How the schemas of SCIM begin.
const MESSAGES: &str = "urn:ietf:params:scim:api:messages:";
/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Of a refusal so many characters are kept.
const LONGEST_WORDS: usize = 300;

/// Where the token is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Bearer {
    /// The token itself.
    Token(Source),
    /// The address at which the browser ended, with the token in it.
    Redirect(Source),
}

impl Bearer {
    fn source(&self) -> &Source {
        match self {
            Self::Token(source) | Self::Redirect(source) => source,
        }
    }
}

/// The question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScimProbe {
    /// The tenant URL, as typed.
    pub tenant_url: String,
    /// The token.
    pub bearer: Bearer,
    /// The user who is asked for besides.
    pub user: Option<String>,
}

impl Probe for ScimProbe {
    const NAME: &str = "scim";
    const FACTS: &[FactGroup] = &[("scim", FACTS)];

    fn subject(&self) -> Subject {
        Subject::Site
    }

    fn touches(&self) -> Vec<Touch> {
        let Some(host) = self.url().and_then(|url| url.host_str().map(str::to_owned)) else { return Vec::new() };
        let service = ServiceTouch {
            web: Some(RouteChoice::InForce),
            presented: vec![Presented::ScimToken],
            ..ServiceTouch::new(&host, 443, "scim")
        };
        vec![Touch::Name(host), Touch::Service(service)]
    }

    fn secrets(&self) -> Vec<&Source> {
        vec![self.bearer.source()]
    }

    async fn observe(&self, _: &Earlier, context: &ProbeContext) -> Observation {
        let began = Instant::now();
        let mut facts = Facts::default();
        let mut route = Route::Direct;
        let failure = self.ask(&mut facts, &mut route, context).await.err();
        let duration_ms = began.elapsed().as_secs_f64() * 1000.0;
        Observation { facts, failure, duration_ms, ..Observation::new("scim", Subject::Site, route) }
    }
}

impl ScimProbe {
    fn url(&self) -> Option<Url> {
        let url = Url::parse(self.tenant_url.trim()).ok()?;
        (url.scheme() == "https" && url.port().is_none() && url.username().is_empty()).then_some(url)
    }

    async fn ask(&self, facts: &mut Facts, route: &mut Route, context: &ProbeContext) -> Result<(), Failure> {
        let wrong = || {
            stopped(FailureKind::Missing, Stage::Credential, "the tenant URL is not an https URL; see webex.tenant-url")
        };
        let base = self.url().ok_or_else(wrong)?;
        let host = base.host_str().ok_or_else(wrong)?.to_owned();
        let token = self.token(context).await?;
        let url = question(&base, &nobody(), 1).ok_or_else(wrong)?;
        let api = Api::prepare(Protocol::Scim, &host, &context.network).await?;
        *route = api.route.clone();
        let reply = patient(&api, &url, &token, context).await?;
        facts.set(STATUS, i64::from(reply.status));
        let (answer, tracking, judged) = read(&reply);
        facts.set(ANSWER, answer);
        if let Some(tracking) = tracking {
            facts.set(TRACKING, tracking);
        }
        let total = judged?;
        facts.set(TOTAL, total);
        // where the filter is ignored, any user would be that user
        if let (0, Some(user)) = (total, &self.user) {
            facts.set(USER, user.clone());
            let url = question(&base, user, 2).ok_or_else(wrong)?;
            let reply = patient(&api, &url, &token, context).await?;
            note_user(user, &reply, facts)?;
        }
        Ok(())
    }

    async fn token(&self, context: &ProbeContext) -> Result<Secret, Failure> {
        let mut request = TokenRequest::new(&context.network, &context.wallet.net);
        let read = request.secret(self.bearer.source()).await?;
        match &self.bearer {
            Bearer::Token(_) => Ok(read),
            Bearer::Redirect(source) => Address::read(&read, &context.wallet.net).token.ok_or_else(|| {
                stopped(FailureKind::Missing, Stage::Credential, &format!("{source} holds no access_token behind #"))
            }),
        }
    }
}

/// Asks, and once more after the wait that the server names.
async fn patient(api: &Api, url: &Url, token: &Secret, context: &ProbeContext) -> Result<Reply, Failure> {
    let reply = api.get(url, ACCEPT, token).await?;
    if reply.status != 429 {
        return Ok(reply);
    }
    let wait = reply.retry_after.unwrap_or(Duration::from_secs(1)).min(LONGEST_WAIT);
    let stop = |halt: crate::net::Halt| stopped(halt.kind, Stage::Request, &halt.words);
    context.network.limits.pause(wait).await.map_err(stop)?;
    api.get(url, ACCEPT, token).await
}

/// A user that no organization has.
fn nobody() -> String {
    format!("ece-check-{}", Uuid::new_v4())
}

/// Asks for a user by name. The value of a filter is a JSON string (RFC 7644, section 3.4.2.2).
fn question(base: &Url, user: &str, count: u8) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().push("Users");
    let filter = ["userName", "eq", &Json::from(user).to_string()].join(" ");
    url.query_pairs_mut()
        .clear()
        .append_pair("filter", &filter)
        .append_pair("startIndex", "1")
        .append_pair("count", &count.to_string());
    url.set_fragment(None);
    Some(url)
}

/// A filter that is not obeyed gives whomever there is.
const ANOTHER_USER: &str = "Webex returned a different user than the one that was asked for";

/// Notes whether the user is there, is active, and under which external ID: that of the object in Entra ID.
fn note_user(user: &str, reply: &Reply, facts: &mut Facts) -> Result<(), Failure> {
    let total = read(reply).2?;
    let body: Json = serde_json::from_slice(&reply.body).unwrap_or_default();
    let is_meant = |one: &&Json| one["userName"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(user));
    let found: Vec<&Json> = body["Resources"].as_array().into_iter().flatten().filter(is_meant).collect();
    let state = match (total, &found[..]) {
        (0, _) => "not there",
        (1, [one]) => match one["active"].as_bool() {
            Some(true) => "active",
            Some(false) => "inactive",
            None => "found, active or not is not stated", // the attribute is optional (RFC 7643, section 4.1.1)
        },
        _ => return Err(stopped(FailureKind::MalformedReply, Stage::Request, ANOTHER_USER)),
    };
    facts.set(USER_STATE, state);
    if let [one] = &found[..] {
        facts.set(
            USER_EXTERNAL_ID,
            one["externalId"].as_str().map_or_else(|| "none".to_owned(), |id| shortened(id, 80)),
        );
    }
    Ok(())
}

fn stopped(kind: FailureKind, stage: Stage, words: &str) -> Failure {
    Failure::new(Protocol::Scim, stage, kind, words)
}

/// What an answer is, its tracking ID, and how many users it found; or why it is no list.
fn read(reply: &Reply) -> (&'static str, Option<String>, Result<i64, Failure>) {
    let body: Option<Json> = serde_json::from_slice(&reply.body).ok();
    let tracking = body.as_ref().and_then(|body| body["trackingId"].as_str()).map(|id| shortened(id, 80));
    let refused = |answer, kind, words: String| {
        let failure = Failure { code: Some(reply.status), ..stopped(kind, Stage::Request, &words) };
        (answer, tracking.clone(), Err(failure))
    };
    let is_page = reply.content_type == "text/html" || reply.body.trim_ascii_start().starts_with(b"<");
    let words = body.as_ref().map_or_else(|| format!("HTTP status {}", reply.status), words_of);
    match reply.status {
        200 if is_page => refused("web-page", FailureKind::WebPage, "a web page in place of SCIM".to_owned()),
        200 => match body.as_ref().and_then(total) {
            Some(0) => ("empty-list", tracking, Ok(0)),
            Some(total) => ("filter-ignored", tracking, Ok(total)),
            None => refused("no-scim", FailureKind::MalformedReply, "no list of SCIM".to_owned()),
        },
        401 => refused("unauthorized", FailureKind::Rejected, words),
        403 => refused("forbidden", FailureKind::Rejected, words),
        404 => refused("not-found", FailureKind::Rejected, words),
        429 => refused("throttled", FailureKind::CannotJudge, "HTTP status 429 twice: try again later".to_owned()),
        500.. => refused(
            "unavailable",
            FailureKind::CannotJudge,
            format!("HTTP status {}: the service has a problem of its own; try again later", reply.status),
        ),
        _ if is_page => refused("web-page", FailureKind::WebPage, format!("HTTP status {}, a web page", reply.status)),
        _ => refused("other", FailureKind::BadStatus, words),
    }
}

/// `totalResults` of a list; the schema is compared without regard to case. `Resources` is absent from an empty list.
fn total(body: &Json) -> Option<i64> {
    let mut schemas = body["schemas"].as_array()?.iter().filter_map(Json::as_str);
    let is_list = schemas.any(|schema| schema.to_lowercase() == LIST);
    let number = &body["totalResults"];
    let total = number.as_i64().or_else(|| number.as_str()?.parse().ok());
    total.filter(|_| is_list)
}

/// The words of a refusal: SCIM's `detail` (RFC 7644, section 3.12), or the `message` of Webex. The schema of SCIM is
/// named, so that whose refusal it is can be told.
fn words_of(body: &Json) -> String {
    let detail = body["detail"].as_str().or_else(|| body["message"].as_str()).unwrap_or_default();
    let schema = body["schemas"][0].as_str().filter(|schema| schema.starts_with(MESSAGES));
    let words = match (schema, body["scimType"].as_str()) {
        (Some(_), Some(kind)) => format!("SCIM error {kind}: {detail}"),
        (Some(_), None) => format!("SCIM error: {detail}"),
        (None, _) => detail.to_owned(),
    };
    shortened(&words, LONGEST_WORDS)
}

fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, content_type: &str, body: &str) -> Reply {
        let (content_type, body) = (content_type.to_owned(), body.as_bytes().to_vec());
        Reply { status, content_type, retry_after: None, challenge: None, body }
    }

    #[test]
    fn answers_are_told_apart() {
        let list = |total: &str| {
            format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":{total}}}"#)
        };
        let error = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"401","detail":"Authorization failure."}"#;
        for (status, kind, body, answer, failed) in [
            (200, "application/scim+json", list("0").as_str(), "empty-list", None),
            (200, "application/json", list("\"0\"").as_str(), "empty-list", None),
            (200, "application/scim+json", list("7").as_str(), "filter-ignored", None),
            (200, "text/html", "<html>Blocked</html>", "web-page", Some(FailureKind::WebPage)),
            (200, "application/json", "  <!doctype html>", "web-page", Some(FailureKind::WebPage)),
            (200, "application/json", r#"{"totalResults":0}"#, "no-scim", Some(FailureKind::MalformedReply)),
            (200, "application/json", "", "no-scim", Some(FailureKind::MalformedReply)),
            (401, "application/scim+json", error, "unauthorized", Some(FailureKind::Rejected)),
            (403, "application/json", "{}", "forbidden", Some(FailureKind::Rejected)),
            (404, "text/html", "<p>", "not-found", Some(FailureKind::Rejected)),
            (429, "application/json", "{}", "throttled", Some(FailureKind::CannotJudge)),
            (503, "text/html", "", "unavailable", Some(FailureKind::CannotJudge)),
            (302, "text/html", "<p>", "web-page", Some(FailureKind::WebPage)),
        ] {
            let (seen, _, judged) = read(&reply(status, kind, body));
            assert_eq!((seen, judged.err().map(|failure| failure.kind)), (answer, failed), "{status} {body}");
        }
        let rest = r#"{"message":"The request requires a valid access token set in the Authorization request header.","trackingId":"ROUTER_1"}"#;
        let (_, tracking, judged) = read(&reply(401, "application/json", rest));
        assert_eq!((tracking.as_deref(), judged.unwrap_err().code), (Some("ROUTER_1"), Some(401)));
    }

    #[test]
    fn question_is_for_a_user_that_does_not_exist() {
        for base in ["https://api.ciscospark.com/v1/scim/ORG", "https://api.ciscospark.com/v1/scim/ORG/"] {
            let url = question(&Url::parse(base).unwrap(), &nobody(), 1).unwrap();
            assert_eq!(url.path(), "/v1/scim/ORG/Users");
            let filter = url.query_pairs().find(|(name, _)| name == "filter").unwrap().1.into_owned();
            assert!(filter.starts_with("userName eq \"ece-check-") && filter.ends_with('"'), "{filter}");
        }
        assert_ne!(nobody(), nobody());
    }

    #[test]
    fn user_is_found_by_name_alone() {
        let of = |users: &str, total: usize| {
            format!(
                r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":{total},"Resources":[{users}]}}"#
            )
        };
        let anna = r#"{"userName":"Anna@example.com","active":true,"externalId":"0a1b"}"#;
        let off = r#"{"userName":"anna@example.com","active":false}"#;
        for (body, state, id) in [
            (of("", 0), Some("not there"), None),
            (of(anna, 1), Some("active"), Some("0a1b")),
            (of(off, 1), Some("inactive"), Some("none")),
            (of(r#"{"userName":"bert@example.com"}"#, 1), None, None),
            (of(&format!("{anna},{off}"), 2), None, None),
        ] {
            let mut facts = Facts::default();
            let noted = note_user("anna@example.com", &reply(200, "application/scim+json", &body), &mut facts);
            assert_eq!((noted.is_ok(), facts.get(USER_STATE).map(String::as_str)), (state.is_some(), state), "{body}");
            assert_eq!(facts.get(USER_EXTERNAL_ID).map(String::as_str), id, "{body}");
        }
    }
}
