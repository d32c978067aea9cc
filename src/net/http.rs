//! One GET or one POST over an encrypted connection. No redirect is followed, nothing is kept open.
//!
//! In: a stream inside TLS whose certificate has been judged, a host, a path, the fields of a form. Out: the
//! [`Answer`], bounded in headers and body (RFC 9110, RFC 9112).

use std::{
    error::Error as _,
    io,
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Full};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http1,
    header::{ACCEPT, CONNECTION, CONTENT_TYPE, DATE, HOST, HeaderMap, HeaderName, USER_AGENT},
    http::request::Builder,
};
use hyper_util::rt::TokioIo;

use super::{Halt, Limits, session::Stream, tls};
use crate::evidence::FailureKind;

/// More of a body is never read.
pub const LARGEST_BODY: usize = 256 << 10;
/// Headers of one answer, in bytes.
const LARGEST_HEADERS: usize = 64 << 10;
/// A title is cut at this many characters.
const LONGEST_TITLE: usize = 100;
/// The `Date` header has whole seconds: on average the server's clock was half a second further.
const HALF_A_SECOND_MS: i64 = 500;
/// The value of one header is cut at this length.
const LONGEST_VALUE: usize = 500;

/// What a server answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    headers: HeaderMap,
    /// The body, no more than [`LARGEST_BODY`] bytes.
    pub body: Vec<u8>,
    /// Why the body is not whole: too long, or it broke off.
    pub broken_off: Option<Halt>,
    /// This host's clock halfway between the question and the head of the answer.
    pub midpoint: SystemTime,
}

impl Answer {
    /// The value of a header, shortened; none when it is missing or no text.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<String> {
        let value = self.headers.get(name)?.to_str().ok()?;
        Some(value.chars().take(LONGEST_VALUE).collect())
    }

    /// True when the answer says that it is a page for a browser.
    #[must_use]
    pub fn is_web_page(&self) -> bool {
        let content_type = self.header(&CONTENT_TYPE).unwrap_or_default();
        content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/html"))
    }

    /// The text between `<title>` and its end in a page, blanks made single.
    #[must_use]
    pub fn title(&self) -> Option<String> {
        if !self.is_web_page() {
            return None;
        }
        let page = String::from_utf8_lossy(&self.body);
        let lower = page.to_ascii_lowercase(); // keeps every place where it is
        let tag = lower.find("<title")?;
        let begin = tag + lower[tag..].find('>')? + 1;
        let end = begin + lower[begin..].find("</title").unwrap_or(lower.len() - begin);
        let title = page[begin..end].split_whitespace().collect::<Vec<_>>().join(" ");
        (!title.is_empty()).then(|| title.chars().take(LONGEST_TITLE).collect())
    }

    /// How far this host's clock is ahead of the server's `Date` (RFC 9110, section 6.6.1), in milliseconds.
    #[must_use]
    pub fn clock_ahead_ms(&self) -> Option<i64> {
        let date = self.header(&DATE)?;
        let server = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(&date).ok()?;
        let here = self.midpoint.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        let here = i64::try_from(here.as_millis()).ok()?;
        Some(here - (server.as_millisecond() + HALF_A_SECOND_MS))
    }
}

/// Asks for a path and reads the answer.
///
/// # Errors
/// When the connection ends or breaks before the head of an answer, a limit runs out, or the answer is no HTTP.
pub async fn fetch(stream: Box<dyn Stream>, host: &str, path: &str, limits: &Limits) -> Result<Answer, Halt> {
    let request = request(Request::get(path), host, Bytes::new())?;
    exchange(stream, request, limits).await
}

/// Sends a form (`application/x-www-form-urlencoded`) to a path and reads the answer, which should be JSON.
///
/// # Errors
/// As [`fetch`].
pub async fn post(
    stream: Box<dyn Stream>,
    host: &str,
    path: &str,
    form: String,
    limits: &Limits,
) -> Result<Answer, Halt> {
    let head = Request::post(path)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json");
    exchange(stream, request(head, host, Bytes::from(form))?, limits).await
}

async fn exchange(stream: Box<dyn Stream>, request: Request<Full<Bytes>>, limits: &Limits) -> Result<Answer, Halt> {
    let began = Instant::now();
    let clock = SystemTime::now();
    let exchange = async {
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(LARGEST_HEADERS)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| halt(&error))?;
        let work = Box::pin(async move {
            let response = limits.step(sender.send_request(request)).await?.map_err(|error| halt(&error))?;
            Ok(whole(response, clock + began.elapsed() / 2, limits).await)
        });
        match select(work, connection).await {
            Either::Left((answer, _)) => answer,
            Either::Right((_, work)) => work.await, // what was read before the end is still there
        }
    };
    exchange.await
}

fn request(head: Builder, host: &str, body: Bytes) -> Result<Request<Full<Bytes>>, Halt> {
    head.header(HOST, host)
        .header(USER_AGENT, concat!("ece-check/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .body(Full::new(body))
        .map_err(|error| Halt::new(FailureKind::MalformedReply, format!("the address cannot be asked for: {error}")))
}

async fn whole(response: Response<Incoming>, midpoint: SystemTime, limits: &Limits) -> Answer {
    let (head, mut incoming) = response.into_parts();
    let mut body = Vec::new();
    let broken_off = match limits.step(gather(&mut incoming, &mut body)).await {
        Ok(Ok(())) => None,
        Ok(Err(halt)) | Err(halt) => Some(halt),
    };
    Answer { status: head.status.as_u16(), headers: head.headers, body, broken_off, midpoint }
}

async fn gather(incoming: &mut Incoming, body: &mut Vec<u8>) -> Result<(), Halt> {
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame.map_err(|error| halt(&error))?.into_data() else { continue };
        let room = LARGEST_BODY - body.len();
        body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Err(Halt::new(
                FailureKind::ReplyTooLarge,
                format!("the answer is longer than {} KiB", LARGEST_BODY >> 10),
            ));
        }
    }
    Ok(())
}

/// Names what hyper complains of.
fn halt(error: &hyper::Error) -> Halt {
    if let Some(error) = error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        return tls::halt(error);
    }
    let kind = if error.is_parse() && error.to_string().contains("too large") {
        FailureKind::ReplyTooLarge
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        FailureKind::Closed
    } else {
        FailureKind::MalformedReply
    };
    Halt::new(kind, error.to_string())
}
