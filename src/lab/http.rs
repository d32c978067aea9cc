//! What goes over HTTP/1.1 (RFC 9112) as values: a request that was read, an answer and its text.

use std::fmt::Write;

use jiff::Timestamp;

use super::fault::Answer;

/// The kind of a document.
pub(super) const JSON: &str = "application/json; charset=utf-8";
/// The kind of a page.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// Methods that would change something; they are counted and refused.
pub(super) const CHANGING: &[&str] = &["POST", "PUT", "PATCH", "DELETE"];

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
    /// True when the client closes after the answer.
    pub closes: bool,
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
