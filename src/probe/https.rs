//! HTTP over TLS: does the service answer, is its clock ours, is the discovery document the tenant's own.

use std::{net::IpAddr, time::Instant};

use hyper::header;
use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use crate::{
    evidence::{Attempt, Direction, Facts, Failure, FailureKind, Protocol, Stage, facts},
    net::{
        Halt, Limits,
        http::{self, Answer},
        session::Stream,
    },
};

/// Texts out of a discovery document are cut at this many characters.
const LONGEST_TEXT: usize = 500;
/// The tenant of all personal accounts, for which `consumers` stands.
/// <https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc>
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
/// The host that the documents of `login.microsoft.com` name; both are one service.
/// <https://learn.microsoft.com/entra/identity-platform/v2-protocols-oidc>
const MAIN_LOGIN: &str = "login.microsoftonline.com";
/// Another name of [`MAIN_LOGIN`].
const OTHER_LOGIN: &str = "login.microsoft.com";

facts! {
    /// What an HTTP answer can measure.
    STATUS: i64 = "https.status", "HTTP status";
    SERVER: String = "https.server", "server";
    LOCATION: String = "https.location", "redirects to";
    CONTENT_TYPE: String = "https.content_type", "content type";
    WEB_PAGE: bool = "https.web_page", "HTML page returned";
    PAGE_TITLE: String = "https.page_title", "page title";
    DATE: String = "https.date", "server time";
    CLOCK_AHEAD_MS: i64 = "https.clock_ahead_ms", "clock of this server ahead by (ms)";
    CLOCK_OFF_BY_SECONDS: i64 = "https.clock_off_by_seconds", "clock difference (s)";
    CLOCK_OFF: String = "https.clock_off", "clock of this server";
    DOCUMENT_READ: bool = "https.document_read", "discovery document read";
    ISSUER: String = "https.issuer", "issuer in the discovery document";
    ISSUER_MATCHES: bool = "https.issuer_matches", "issuer belongs to the sign-in host";
    TOKEN_ENDPOINT: String = "https.token_endpoint", "token endpoint";
    ENDPOINTS_MATCH: bool = "https.endpoints_match", "token and authorization endpoints are on the sign-in host";
}

/// What is asked over HTTP.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// One GET of this path; any honest answer will do.
    Answer {
        /// The path, beginning with a slash.
        path: String,
    },
    /// The OpenID discovery document of a tenant (OpenID Connect Discovery 1.0, section 4).
    Discovery {
        /// The tenant: a GUID, a domain, or `common`.
        tenant: String,
    },
}

/// Where the question goes.
pub(super) struct Authority<'a> {
    /// The name asked for.
    pub host: &'a str,
    /// The port, which is named to the server when it is not 443.
    pub port: u16,
}

/// Asks, and writes down what was answered.
///
/// # Errors
/// The stop of an answer that did not come, says no, or is not what was asked for.
pub(super) async fn ask(
    ask: &Ask,
    place: Authority<'_>,
    stream: Box<dyn Stream>,
    limits: &Limits,
    attempt: &mut Attempt,
) -> Result<(), Failure> {
    let path = path(ask);
    attempt.transcript.note(Direction::SentInTls, &format!("GET {path}"));
    let began = Instant::now();
    let answer = http::fetch(stream, &authority(&place), &path, limits).await;
    attempt.took(Stage::Request, began);
    let answer = answer.map_err(|halt| stop(None, halt))?;
    let facts = &mut attempt.facts;
    attempt.transcript.note(Direction::ReceivedInTls, &format!("HTTP status {}", answer.status));
    note_answer(&answer, facts);
    match ask {
        Ask::Answer { .. } => any_answer(&answer),
        Ask::Discovery { tenant } => discovery(&answer, place.host, tenant, facts),
    }
}

/// The tenant goes into the path as one segment, whatever stands in it.
fn path(ask: &Ask) -> String {
    match ask {
        Ask::Answer { path } => path.clone(),
        Ask::Discovery { tenant } => {
            let mut url = Url::parse("https://host/").expect("a plain address");
            if let Ok(mut segments) = url.path_segments_mut() {
                segments.clear().extend([tenant.as_str(), "v2.0", ".well-known", "openid-configuration"]);
            }
            url.path().to_owned()
        }
    }
}

fn authority(place: &Authority<'_>) -> String {
    let host = match place.host.parse() {
        Ok(IpAddr::V6(address)) => format!("[{address}]"),
        _ => place.host.to_owned(),
    };
    if place.port == 443 { host } else { format!("{host}:{}", place.port) }
}

fn stop(status: Option<u16>, halt: Halt) -> Failure {
    Failure { code: status, ..Failure::new(Protocol::Https, Stage::Request, halt.kind, halt.words) }
}

fn note_answer(answer: &Answer, facts: &mut Facts) {
    facts.set(STATUS, i64::from(answer.status));
    for (name, header) in [
        (SERVER, header::SERVER),
        (LOCATION, header::LOCATION),
        (CONTENT_TYPE, header::CONTENT_TYPE),
        (DATE, header::DATE),
    ] {
        if let Some(value) = answer.header(&header) {
            facts.set(name, value);
        }
    }
    facts.set(WEB_PAGE, answer.is_web_page());
    if let Some(title) = answer.title() {
        facts.set(PAGE_TITLE, title);
    }
    if let Some(ahead) = answer.clock_ahead_ms() {
        facts.set(CLOCK_AHEAD_MS, ahead);
        facts.set(CLOCK_OFF_BY_SECONDS, ahead.abs() / 1000);
    }
}

/// An honest answer may end without a farewell of TLS, and be longer than what is read of it.
fn any_answer(answer: &Answer) -> Result<(), Failure> {
    match &answer.broken_off {
        Some(halt) if !matches!(halt.kind, FailureKind::Closed | FailureKind::ReplyTooLarge) => {
            Err(stop(Some(answer.status), halt.clone()))
        }
        _ => Ok(()),
    }
}

/// What is read of a discovery document (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
}

fn discovery(answer: &Answer, host: &str, tenant: &str, facts: &mut Facts) -> Result<(), Failure> {
    facts.set(DOCUMENT_READ, false);
    let document = document(answer).map_err(|halt| stop(Some(answer.status), halt))?;
    facts.set(DOCUMENT_READ, true);
    facts.set(ISSUER_MATCHES, issuer_matches(&document.issuer, host, tenant));
    let endpoints = [&document.token_endpoint, &document.authorization_endpoint];
    facts.set(ENDPOINTS_MATCH, endpoints.iter().all(|endpoint| on_login_host(endpoint, host).is_some()));
    facts.set(ISSUER, shortened(&document.issuer));
    facts.set(TOKEN_ENDPOINT, shortened(&document.token_endpoint));
    Ok(())
}

fn document(answer: &Answer) -> Result<Document, Halt> {
    if answer.is_web_page() && (200..300).contains(&answer.status) {
        return Err(Halt::new(
            FailureKind::WebPage,
            answer.title().unwrap_or_else(|| "a page without a title".to_owned()),
        ));
    }
    if !(200..300).contains(&answer.status) {
        return Err(Halt::new(FailureKind::BadStatus, refusal(answer)));
    }
    if let Some(halt) = answer.broken_off.as_ref().filter(|halt| halt.kind != FailureKind::Closed) {
        return Err(halt.clone());
    }
    serde_json::from_slice(&answer.body).map_err(|error| match &answer.broken_off {
        Some(closed) => closed.clone(),
        None => Halt::new(
            FailureKind::MalformedReply,
            format!("not a discovery document: {}", shortened(&error.to_string())),
        ),
    })
}

/// What a refusal says of itself: the title of its page, or the `error_description` of OAuth (RFC 6749, section 5.2).
fn refusal(answer: &Answer) -> String {
    let said = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
    let said = said.as_ref().and_then(|body| body.get("error_description").or_else(|| body.get("error"))?.as_str());
    let said = said.map(shortened).or_else(|| answer.title());
    said.unwrap_or_else(|| format!("HTTP status {}", answer.status))
}

/// True when the issuer is the login host's, and the tenant in it is the one asked for, as far as that can be told: a
/// document for several tenants holds `{tenantid}`, and one that was asked for by a domain holds the tenant's GUID.
/// <https://learn.microsoft.com/entra/identity-platform/access-tokens#multitenant-applications>
fn issuer_matches(issuer: &str, host: &str, tenant: &str) -> bool {
    let Some(url) = on_login_host(issuer, host) else { return false };
    let Some(named) = url.path_segments().and_then(|mut segments| segments.next()) else { return false };
    match tenant.to_ascii_lowercase().as_str() {
        "common" | "organizations" => issuer.contains("/{tenantid}/"),
        "consumers" => named.eq_ignore_ascii_case(CONSUMERS),
        tenant if Uuid::try_parse(tenant).is_ok() => named.eq_ignore_ascii_case(tenant),
        _ => Uuid::try_parse(named).is_ok(),
    }
}

/// The address when it is `https` and on the login host.
fn on_login_host(address: &str, host: &str) -> Option<Url> {
    let url = Url::parse(address).ok().filter(|url| url.scheme() == "https")?;
    let named = url.host_str()?;
    let same = named.eq_ignore_ascii_case(host);
    let known = host.eq_ignore_ascii_case(OTHER_LOGIN) && named.eq_ignore_ascii_case(MAIN_LOGIN);
    (same || known).then_some(url)
}

fn shortened(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::{
        evidence::{Attempt, Value},
        net::{
            limit::for_tests,
            tls::tests::{GOOD, acceptor, issued, serve},
        },
        probe::service::{
            self, Depth, Service,
            tests::{look, network, override_to},
        },
    };

    const GUID: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

    /// What one GET saw of a server that answers with these bytes and then, when told so, keeps the line open.
    async fn seen(ask: Ask, answer: String, keep_open: bool) -> Attempt {
        let papers = issued(GOOD);
        let acceptor = acceptor(&papers);
        let server = serve(move |stream| {
            let (acceptor, answer) = (acceptor.clone(), answer.clone());
            async move {
                let mut stream = acceptor.accept(stream).await.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    request.push(stream.read_u8().await.unwrap());
                }
                let request = String::from_utf8(request).unwrap();
                assert!(
                    request.contains("host: mail.test\r\n") && request.contains("connection: close\r\n"),
                    "{request}"
                );
                let _ = stream.write_all(answer.as_bytes()).await; // the other side may have read enough
                if keep_open {
                    let _ = stream.read(&mut [0; 1]).await;
                }
                let _ = stream.shutdown().await;
            }
        })
        .await;
        let mut network = network(&papers, override_to(server));
        if keep_open {
            network.limits = for_tests(Duration::from_millis(500));
        }
        service::observe(&look(Service::Https(ask), Depth::Service), None, &network).await.attempts.remove(0)
    }

    fn answer() -> Ask {
        Ask::Answer { path: "/".to_owned() }
    }

    fn discovery_of(tenant: &str) -> Ask {
        Ask::Discovery { tenant: tenant.to_owned() }
    }

    fn response(status: &str, kind: &str, body: &str) -> String {
        format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
    }

    fn json(status: &str, body: &str) -> String {
        response(status, "application/json; charset=utf-8", body)
    }

    fn document(issuer: &str, endpoints: &str) -> String {
        json(
            "200 OK",
            &format!(
                r#"{{"token_endpoint":"{endpoints}/t/oauth2/v2.0/token","issuer":"{issuer}","scopes_supported":["openid"],
                "authorization_endpoint":"{endpoints}/t/oauth2/v2.0/authorize"}}"#
            ),
        )
    }

    async fn discovered(answer: String) -> Attempt {
        seen(discovery_of("common"), answer, false).await
    }

    async fn refusal(answer: String) -> Failure {
        let path = discovered(answer).await;
        assert_eq!(fact(&path, "https.document_read"), false.into());
        path.failure.unwrap()
    }

    fn fact(path: &Attempt, name: &str) -> Value {
        path.facts.value(name).unwrap_or_else(|| panic!("{name} is missing: {path:?}")).clone()
    }

    #[tokio::test]
    async fn any_honest_answer_will_do() {
        let page = "<html><TITLE lang=en>\n  Sign in\t to  Outlook </TITLE>";
        let path = seen(answer(), response("404 Not Found", "Text/HTML; charset=utf-8", page), false).await;
        assert_eq!(path.failure, None);
        assert_eq!(fact(&path, "https.status"), Value::Int(404));
        assert_eq!(fact(&path, "https.web_page"), true.into());
        assert_eq!(fact(&path, "https.page_title"), "Sign in to Outlook".into());
    }

    #[tokio::test]
    async fn redirect_is_told_and_not_followed() {
        let moved = "HTTP/1.1 302 Found\r\nLocation: https://other.test/\r\nServer: lab\r\nContent-Length: 0\r\n\r\n";
        let path = seen(answer(), moved.to_owned(), false).await;
        assert_eq!(path.failure, None);
        assert_eq!(fact(&path, "https.location"), "https://other.test/".into());
        assert_eq!(fact(&path, "https.server"), "lab".into());
    }

    #[tokio::test]
    async fn endless_page_is_an_answer_and_a_long_title_is_cut() {
        let page = format!("<title>{}</title>{}", "é".repeat(1000), "x".repeat(1 << 20));
        let path = seen(answer(), response("200 OK", "text/html", &page), false).await;
        assert_eq!(path.failure, None);
        assert_eq!(fact(&path, "https.page_title"), "é".repeat(100).into());
    }

    #[tokio::test]
    async fn body_that_stops_coming() {
        let path = seen(answer(), "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".to_owned(), true).await;
        assert_eq!(path.failure.as_ref().unwrap().kind, FailureKind::TimedOut);
        assert_eq!(fact(&path, "https.status"), Value::Int(200));
    }

    #[tokio::test]
    async fn body_without_length_ends_with_the_connection() {
        let path = seen(answer(), "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<title>x".to_owned(), false).await;
        assert_eq!(path.failure, None);
        assert_eq!(fact(&path, "https.page_title"), "x".into());
    }

    #[tokio::test]
    async fn no_answer_at_all() {
        assert_eq!(seen(answer(), String::new(), true).await.failure.unwrap().kind, FailureKind::TimedOut);
        assert_eq!(seen(answer(), String::new(), false).await.failure.unwrap().kind, FailureKind::Closed);
    }

    #[tokio::test]
    async fn another_protocol_inside_tls() {
        let path = seen(answer(), "* OK IMAP4 ready\r\n".to_owned(), false).await;
        assert_eq!(path.failure.unwrap().kind, FailureKind::MalformedReply);
    }

    #[tokio::test]
    async fn endless_headers() {
        let headers = format!("HTTP/1.1 200 OK\r\n{}", "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n".repeat(9000));
        let stop = seen(answer(), headers, false).await.failure.unwrap();
        assert_eq!(stop.kind, FailureKind::ReplyTooLarge, "{}", stop.words);
    }

    #[tokio::test]
    async fn good_discovery_document() {
        let path = discovered(document("https://mail.test/{tenantid}/v2.0", "https://mail.test")).await;
        assert_eq!(path.failure, None);
        assert_eq!(fact(&path, "https.document_read"), true.into());
        assert_eq!(fact(&path, "https.issuer_matches"), true.into());
        assert_eq!(fact(&path, "https.endpoints_match"), true.into());
        assert_eq!(fact(&path, "https.issuer"), "https://mail.test/{tenantid}/v2.0".into());
    }

    #[test]
    fn tenant_is_one_segment_of_the_path() {
        assert_eq!(path(&discovery_of("a/../b?c")), "/a%2F..%2Fb%3Fc/v2.0/.well-known/openid-configuration");
    }

    #[tokio::test]
    async fn document_of_another_issuer() {
        let path = discovered(document("https://evil.test/{tenantid}/v2.0", "https://evil.test")).await;
        assert_eq!(path.failure, None);
        assert_eq!(fact(&path, "https.issuer_matches"), false.into());
        assert_eq!(fact(&path, "https.endpoints_match"), false.into());
    }

    #[tokio::test]
    async fn unknown_tenant_in_entras_words() {
        let said = r#"{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant 'x' not found."}"#;
        let stop = refusal(json("400 Bad Request", said)).await;
        assert_eq!((stop.kind, stop.code), (FailureKind::BadStatus, Some(400)));
        assert!(stop.words.starts_with("AADSTS90002"), "{}", stop.words);
    }

    #[tokio::test]
    async fn not_found() {
        let stop = refusal(json("404 Not Found", "")).await;
        assert_eq!((stop.kind, stop.code), (FailureKind::BadStatus, Some(404)));
    }

    #[tokio::test]
    async fn web_page_in_place_of_the_document() {
        let stop = refusal(response("200 OK", "text/html", "<title>Blocked by policy</title>")).await;
        assert_eq!((stop.kind, stop.words.as_str()), (FailureKind::WebPage, "Blocked by policy"));
    }

    #[tokio::test]
    async fn broken_json() {
        assert_eq!(refusal(json("200 OK", r#"{"issuer":"https://mail.t"#)).await.kind, FailureKind::MalformedReply);
        assert_eq!(refusal(json("200 OK", r#"{"issuer":1}"#)).await.kind, FailureKind::MalformedReply);
    }

    #[tokio::test]
    async fn megabyte_in_place_of_the_document() {
        assert_eq!(refusal(json("200 OK", &" ".repeat(1 << 20))).await.kind, FailureKind::ReplyTooLarge);
    }

    #[tokio::test]
    async fn clock_that_is_ten_minutes_off_even_when_the_status_is_bad() {
        let now = jiff::Timestamp::now();
        for (server, ahead) in [(now.as_second() - 600, 600), (now.as_second() + 600, -600), (now.as_second(), 0)] {
            let date = jiff::Timestamp::from_second(server).unwrap().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
            let bad = format!("HTTP/1.1 503 Busy\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n");
            let path = discovered(bad).await;
            assert_eq!(path.failure.as_ref().unwrap().kind, FailureKind::BadStatus);
            assert_eq!(fact(&path, "https.date"), date.as_str().into());
            let Value::Int(ms) = fact(&path, "https.clock_ahead_ms") else { panic!("a number") };
            assert!((ms - ahead * 1000).abs() < 3000, "{ms}");
            let Value::Int(off) = fact(&path, "https.clock_off_by_seconds") else { panic!("a number") };
            assert!((off - ahead.abs()).abs() <= 3, "{off}");
        }
    }

    #[test]
    fn issuers_and_tenants() {
        let main = |tenant: &str| format!("https://login.microsoftonline.com/{tenant}/v2.0");
        for (issuer, host, tenant, matches) in [
            (main("{tenantid}"), "login.microsoftonline.com", "common", true),
            (main("{tenantid}"), "login.microsoft.com", "common", true),
            (main("{tenantid}"), "login.partner.microsoftonline.cn", "common", false),
            (main(GUID), "login.microsoftonline.com", "common", false),
            (main(GUID), "login.microsoftonline.com", GUID, true),
            (main(GUID), "LOGIN.microsoftonline.com", &GUID.to_uppercase(), true),
            (main(CONSUMERS), "login.microsoftonline.com", GUID, false),
            (main(GUID), "login.microsoftonline.com", "contoso.onmicrosoft.com", true),
            (main("contoso"), "login.microsoftonline.com", "contoso.onmicrosoft.com", false),
            (main(CONSUMERS), "login.microsoftonline.com", "consumers", true),
            (format!("http://mail.test/{GUID}/v2.0"), "mail.test", GUID, false),
            (format!("https://mail.test.evil.test/{GUID}/v2.0"), "mail.test", GUID, false),
            ("no address".to_owned(), "mail.test", GUID, false),
        ] {
            assert_eq!(issuer_matches(&issuer, host, tenant), matches, "{issuer} {host} {tenant}");
        }
    }
}
