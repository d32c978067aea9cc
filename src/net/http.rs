//! One GET over an encrypted connection. No redirect is followed, nothing is kept open.
//!
//! In: a stream inside TLS whose certificate has been judged, a host, a path. Out: the [`Answer`], bounded in headers
//! and body (RFC 9110, RFC 9112).

use std::{
    error::Error as _,
    io,
    time::{Instant, SystemTime},
};

use bytes::Bytes;
use futures_util::future::{Either, select};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Response,
    body::Incoming,
    client::conn::http1,
    header::{CONNECTION, HOST, HeaderMap, HeaderName, USER_AGENT},
};
use hyper_util::rt::TokioIo;

use super::{Halt, Limits, session::Stream, tls};
use crate::seen::Kind;

/// More of a body is never read.
pub const LARGEST_BODY: usize = 256 << 10;
/// Headers of one answer, in bytes.
const LARGEST_HEADERS: usize = 64 << 10;
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
}

/// Asks for a path and reads the answer.
///
/// # Errors
/// When the connection ends or breaks before the head of an answer, a limit runs out, or the answer is no HTTP.
pub async fn fetch(stream: Box<dyn Stream>, host: &str, path: &str, limits: &Limits) -> Result<Answer, Halt> {
    let request = request(host, path)?;
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

fn request(host: &str, path: &str) -> Result<Request<Empty<Bytes>>, Halt> {
    Request::get(path)
        .header(HOST, host)
        .header(USER_AGENT, concat!("ece-check/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close")
        .body(Empty::new())
        .map_err(|error| Halt::new(Kind::Gibberish, format!("the address cannot be asked for: {error}")))
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
            return Err(Halt::new(Kind::TooMuch, format!("the answer is longer than {} KiB", LARGEST_BODY >> 10)));
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
        Kind::TooMuch
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        Kind::Closed
    } else {
        Kind::Gibberish
    };
    Halt::new(kind, error.to_string())
}
