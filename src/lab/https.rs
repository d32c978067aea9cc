//! Web pages over TLS (RFC 9112): the sign-in pages and the token endpoint of Microsoft Entra ID, Outlook on the web,
//! ECE's own web server. Nobody gets a token yet.
//!
//! The discovery document has the shape of section 3 of `OpenID Connect Discovery 1.0`, as Entra fills it in; errors have
//! that of <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>.

use std::{collections::BTreeMap, fmt::Write};

use jiff::Timestamp;

use super::{
    fault::{Answer, Moment},
    place::{Service, TENANT_DOMAINS, TENANT_ID},
    talk::{Over, Talk},
};

/// The tenant of all personal accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const MOST_HEADERS: usize = 100;
const MOST_REQUESTS: usize = 100;
const JSON: &str = "application/json; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

struct Request {
    method: String,
    path: String,
    body: String,
    closes: bool,
}

/// Answers until the client or a fault ends it.
pub(super) async fn serve(talk: &mut Talk) -> Result<(), Over> {
    talk.encrypt().await?;
    talk.reply(Moment::Greeting, "").await?;
    for _ in 0..MOST_REQUESTS {
        let Some(request) = read(talk).await? else {
            return say(talk, Moment::Page, &page(400, "Bad Request"), true).await;
        };
        let (moment, answer) = answer(talk.endpoint.service, &request, talk.now());
        say(talk, moment, &answer, request.method != "HEAD").await?;
        if request.closes {
            break;
        }
    }
    Err(Over)
}

/// An answer as it goes over the wire.
pub(super) fn render(answer: &Answer, now: Timestamp) -> String {
    let mut text = format!("HTTP/1.1 {} {}\r\n", answer.status, reason(answer.status));
    let headers = answer.headers.iter();
    headers.for_each(|(name, value)| {
        let _ = write!(text, "{name}: {value}\r\n");
    });
    let _ = write!(text, "Date: {}\r\n", now.strftime("%a, %d %b %Y %H:%M:%S GMT"));
    let _ = write!(text, "Content-Length: {}\r\n\r\n{}", answer.body.len(), answer.body);
    text
}

async fn say(talk: &mut Talk, moment: Moment, answer: &Answer, with_body: bool) -> Result<(), Over> {
    let mut text = render(answer, talk.now());
    if !with_body {
        text.truncate(text.len() - answer.body.len());
    }
    talk.reply(moment, &text).await
}

/// Reads a request; none when it is not one of HTTP/1.
async fn read(talk: &mut Talk) -> Result<Option<Request>, Over> {
    let line = talk.line().await?;
    let mut words = line.split(' ');
    let (Some(method), Some(path), Some(version)) = (words.next(), words.next(), words.next()) else { return Ok(None) };
    if !version.starts_with("HTTP/1.") {
        return Ok(None);
    }
    let headers = headers(talk).await?;
    let length = headers.get("content-length").map_or(Ok(0), |length| length.parse());
    let Ok(length) = length else { return Ok(None) };
    if headers.contains_key("transfer-encoding") {
        return Ok(None);
    }
    let body = String::from_utf8_lossy(&talk.bytes(length).await?).into_owned();
    let closes =
        version == "HTTP/1.0" || headers.get("connection").is_some_and(|word| word.eq_ignore_ascii_case("close"));
    Ok(Some(Request { method: method.into(), path: path.into(), body, closes }))
}

async fn headers(talk: &mut Talk) -> Result<BTreeMap<String, String>, Over> {
    let mut headers = BTreeMap::new();
    for _ in 0..MOST_HEADERS {
        let line = talk.line().await?;
        if line.is_empty() {
            return Ok(headers);
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    Err(Over)
}

fn answer(service: Service, request: &Request, now: Timestamp) -> (Moment, Answer) {
    match service {
        Service::Login => login(request, now),
        Service::Ece => (Moment::Page, ece(&request.path)),
        _ => (Moment::Page, outlook(&request.path)),
    }
}

fn login(request: &Request, now: Timestamp) -> (Moment, Answer) {
    let path = request.path.split('?').next().unwrap_or_default().trim_start_matches('/');
    let (tenant, rest) = path.split_once('/').unwrap_or((path, ""));
    match rest {
        "v2.0/.well-known/openid-configuration" => (Moment::Discovery, discovery(tenant, now)),
        "oauth2/v2.0/token" if request.method == "POST" => (Moment::Token, token(tenant, &request.body, now)),
        "" if tenant.is_empty() => (Moment::Page, sent_on("https://www.office.com/login")),
        _ => (Moment::Page, page(404, "Not Found")),
    }
}

fn discovery(tenant: &str, now: Timestamp) -> Answer {
    let Some(issuer_tenant) = issuer_tenant(tenant) else { return no_such_tenant(tenant, now) };
    let base = "https://login.microsoftonline.com";
    let path_tenant = if issuer_tenant == "{tenantid}" { tenant } else { issuer_tenant };
    let body = format!(
        r#"{{"token_endpoint":"{base}/{path_tenant}/oauth2/v2.0/token","token_endpoint_auth_methods_supported":["client_secret_post","private_key_jwt","client_secret_basic"],"jwks_uri":"{base}/{path_tenant}/discovery/v2.0/keys","response_modes_supported":["query","fragment","form_post"],"subject_types_supported":["pairwise"],"id_token_signing_alg_values_supported":["RS256"],"response_types_supported":["code","id_token","code id_token","id_token token"],"scopes_supported":["openid","profile","email","offline_access"],"issuer":"{base}/{issuer_tenant}/v2.0","request_uri_parameter_supported":false,"userinfo_endpoint":"https://graph.microsoft.com/oidc/userinfo","authorization_endpoint":"{base}/{path_tenant}/oauth2/v2.0/authorize","device_authorization_endpoint":"{base}/{path_tenant}/oauth2/v2.0/devicecode","http_logout_supported":true,"frontchannel_logout_supported":true,"end_session_endpoint":"{base}/{path_tenant}/oauth2/v2.0/logout","tenant_region_scope":"EU","cloud_instance_name":"microsoftonline.com","cloud_graph_host_name":"graph.windows.net","msgraph_host":"graph.microsoft.com"}}"#
    );
    typed(200, JSON, body)
}

/// The tenant that the issuer names. The shared endpoints name a place-holder, in these very letters.
fn issuer_tenant(asked: &str) -> Option<&'static str> {
    match asked.to_ascii_lowercase().as_str() {
        "common" | "organizations" => Some("{tenantid}"),
        "consumers" | CONSUMERS => Some(CONSUMERS),
        asked if asked == TENANT_ID || TENANT_DOMAINS.contains(&asked) => Some(TENANT_ID),
        _ => None,
    }
}

fn token(tenant: &str, body: &str, now: Timestamp) -> Answer {
    if issuer_tenant(tenant).is_none() {
        return no_such_tenant(tenant, now);
    }
    let given = |name: &str| body.split('&').any(|pair| pair.split('=').next() == Some(name));
    if let Some(missing) = ["grant_type", "client_id"].into_iter().find(|name| !given(name)) {
        let words = format!("The request body must contain the following parameter: '{missing}'.");
        return entra_error("invalid_request", 900_144, &words, now);
    }
    entra_error("unauthorized_client", 700_016, "Application was not found in the directory 'Contoso'.", now)
}

fn no_such_tenant(tenant: &str, now: Timestamp) -> Answer {
    let shown: String = tenant.chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).take(80).collect();
    let words = format!(
        "Tenant '{shown}' not found. Check to make sure you have the correct tenant ID and are signing into the correct \
         cloud."
    );
    entra_error("invalid_tenant", 90_002, &words, now)
}

/// An error as Entra words it: the code in front, what identifies the request behind.
fn entra_error(error: &str, code: u32, words: &str, now: Timestamp) -> Answer {
    let time = now.strftime("%Y-%m-%d %H:%M:%SZ");
    let trace = "0f6a1d52-7c3b-4e98-a1d4-5b2c9e700100";
    let correlation = "b83e27c4-16fd-4a09-92e5-d07f3a516c8e";
    let body = format!(
        r#"{{"error":"{error}","error_description":"AADSTS{code}: {words} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}","error_codes":[{code}],"timestamp":"{time}","trace_id":"{trace}","correlation_id":"{correlation}","error_uri":"https://login.microsoftonline.com/error?code={code}"}}"#
    );
    typed(400, JSON, body)
}

fn outlook(path: &str) -> Answer {
    match path.split('?').next().unwrap_or_default() {
        "/" | "/owa" | "/owa/" | "/mail" | "/mail/" => sent_on(
            "https://login.microsoftonline.com/common/oauth2/authorize?client_id=00000002-0000-0ff1-ce00-000000000000&response_type=code%20id_token",
        ),
        _ => page(404, "Not Found"),
    }
}

fn ece(path: &str) -> Answer {
    match path.split('?').next().unwrap_or_default().trim_end_matches('/') {
        "" => sent_on("https://ece.example.com/system"),
        "/system" => page(200, "Enterprise Chat and Email"),
        _ => page(404, "Not Found"),
    }
}

fn sent_on(location: &str) -> Answer {
    let mut answer = page(302, "Object moved");
    answer.headers.insert("Location".into(), location.into());
    answer
}

fn page(status: u16, title: &str) -> Answer {
    let body =
        format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n");
    typed(status, HTML, body)
}

fn typed(status: u16, kind: &str, body: String) -> Answer {
    let headers = [("Content-Type", kind), ("Cache-Control", "no-store"), ("Server", "Microsoft-IIS/10.0")];
    let headers = headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    Answer { status, headers, body }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
