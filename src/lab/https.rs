//! Web pages over TLS (RFC 9112): Microsoft Entra ID, which has a module of its own, Outlook on the web, and ECE's own
//! web server.

use std::collections::BTreeMap;

use super::{
    connection::{Connection, Hangup},
    entra,
    fault::{Answer, Moment},
    graph,
    hosts::Service,
    http::{Request, page, render, sent_on},
    scim,
};

const MOST_HEADERS: usize = 100;
const MOST_REQUESTS: usize = 100;

/// Answers until the client or a fault ends it.
pub(super) async fn serve(connection: &mut Connection) -> Result<(), Hangup> {
    connection.encrypt().await?;
    connection.reply(Moment::Greeting, "").await?;
    for left in (0..MOST_REQUESTS).rev() {
        let Some(request) = read(connection).await? else {
            return say(connection, Moment::Page, &last(page(400, "Bad Request")), true).await;
        };
        let (moment, answer) = answer(connection, &request);
        let with_body = request.method != "HEAD";
        if left == 0 || request.closes {
            say(connection, moment, &last(answer), with_body).await?;
            break;
        }
        say(connection, moment, &answer, with_body).await?;
    }
    Err(Hangup)
}

/// The answer, told to be the last: a client that sends one more request meanwhile would lose it (RFC 9112 section 9.6).
fn last(mut answer: Answer) -> Answer {
    answer.headers.insert("Connection".into(), "close".into());
    answer
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
