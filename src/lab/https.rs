//! Web pages over TLS (RFC 9112): Microsoft Entra ID, which has a module of its own, Outlook on the web, and ECE's own
//! web server.

use std::{collections::BTreeMap, fmt::Write};

use jiff::Timestamp;

use super::{
    connection::{Connection, Hangup},
    entra,
    fault::{Answer, Moment},
    graph,
    hosts::Service,
    scim,
};

const MOST_HEADERS: usize = 100;
const MOST_REQUESTS: usize = 100;
/// The kind of a document.
pub(super) const JSON: &str = "application/json; charset=utf-8";
/// The kind of a page.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// A request.
pub(super) struct Request {
    /// Its method.
    pub method: String,
    /// Its path, with the query.
    pub path: String,
    /// Its body.
    pub body: String,
    /// The header Authorization.
    pub authorization: Option<String>,
    closes: bool,
}

/// Answers until the client or a fault ends it.
pub(super) async fn serve(connection: &mut Connection) -> Result<(), Hangup> {
    connection.encrypt().await?;
    connection.reply(Moment::Greeting, "").await?;
    for _ in 0..MOST_REQUESTS {
        let Some(request) = read(connection).await? else {
            return say(connection, Moment::Page, &page(400, "Bad Request"), true).await;
        };
        let (moment, answer) = answer(connection, &request);
        say(connection, moment, &answer, request.method != "HEAD").await?;
        if request.closes {
            break;
        }
    }
    Err(Hangup)
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

async fn say(connection: &mut Connection, moment: Moment, answer: &Answer, with_body: bool) -> Result<(), Hangup> {
    let mut text = render(answer, connection.now());
    if !with_body {
        text.truncate(text.len() - answer.body.len());
    }
    connection.reply(moment, &text).await
}

/// Reads a request; none when it is not one of HTTP/1.
pub(super) async fn read(connection: &mut Connection) -> Result<Option<Request>, Hangup> {
    let line = connection.line().await?;
    let mut words = line.split(' ');
    let (Some(method), Some(path), Some(version)) = (words.next(), words.next(), words.next()) else { return Ok(None) };
    if !version.starts_with("HTTP/1.") {
        return Ok(None);
    }
    let headers = headers(connection).await?;
    let length = headers.get("content-length").map_or(Ok(0), |length| length.parse());
    let Ok(length) = length else { return Ok(None) };
    if headers.contains_key("transfer-encoding") {
        return Ok(None);
    }
    let body = String::from_utf8_lossy(&connection.bytes(length).await?).into_owned();
    let closes =
        version == "HTTP/1.0" || headers.get("connection").is_some_and(|word| word.eq_ignore_ascii_case("close"));
    let authorization = headers.get("authorization").cloned();
    Ok(Some(Request { method: method.into(), path: path.into(), body, authorization, closes }))
}

async fn headers(connection: &mut Connection) -> Result<BTreeMap<String, String>, Hangup> {
    let mut headers = BTreeMap::new();
    for _ in 0..MOST_HEADERS {
        let line = connection.line().await?;
        if line.is_empty() {
            return Ok(headers);
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    Err(Hangup)
}

fn answer(connection: &Connection, request: &Request) -> (Moment, Answer) {
    match connection.endpoint.service {
        Service::Login => entra::answer(&connection.cloud, request, connection.now()),
        Service::Ece => (Moment::Page, ece(&request.path)),
        Service::Graph => graph::answer(&connection.cloud, request, connection.now()),
        Service::Scim => scim::answer(&connection.cloud, request, connection.now()),
        Service::WebexLogin => scim::sign_in(&connection.cloud, request),
        _ => (Moment::Page, outlook(&request.path)),
    }
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

/// A redirection.
pub(super) fn sent_on(location: &str) -> Answer {
    let mut answer = page(302, "Object moved");
    answer.headers.insert("Location".into(), location.into());
    answer
}

/// A page with nothing on it but its title.
pub(super) fn page(status: u16, title: &str) -> Answer {
    let body =
        format!("<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n");
    typed(status, HTML, body)
}

/// An answer of this kind.
pub(super) fn typed(status: u16, kind: &str, body: String) -> Answer {
    let headers = [("Content-Type", kind), ("Cache-Control", "no-store"), ("Server", "Microsoft-IIS/10.0")];
    let headers = headers.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
    Answer { status, headers, body }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        407 => "Proxy Authentication Required",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        _ => "Status",
    }
}
