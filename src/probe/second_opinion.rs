//! The same sign-in once more, by a library that many programs use: lettre over SMTP, async-imap over IMAP.
//!
//! In: a connection whose certificate this program has judged, the user and the token. Out: an [`Opinion`], and what it is
//! worth beside our own. Name, route, trust and deadline are this program's, as the connection is; the commands, the
//! answers and the framing of the token are the library's. The token goes nowhere else.

use std::{
    fmt, io,
    net::SocketAddr,
    pin::Pin,
    sync::{Mutex, PoisonError},
    task::{Context, Poll},
};

use async_imap::{Authenticator, Client};
use lettre::transport::smtp::{
    Error,
    authentication::{Credentials, Mechanism},
    client::{AsyncSmtpConnection, AsyncTokioStream},
    commands::Auth,
    extension::ClientId,
    response::Response,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::smtp;
use crate::{
    evidence::Protocol,
    net::{Limits, session::Stream},
    secret::Secret,
};

/// What lettre reads first: it begins inside TLS, where the server's greeting was read before.
const GREETING: &[u8] = b"220 inside TLS\r\n";

/// So much of the server's is handed to a library, in bytes: it may keep all of it.
const MOST: usize = 256 << 10;

/// What a library says of a sign-in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Opinion {
    /// The token was accepted.
    Accepted,
    /// The token was refused for good, in these words.
    Refused(String),
    /// It got no answer that can be compared, and why.
    Unknown(String),
}

/// What the two results are worth together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// Both were told the same.
    Agree,
    /// One was let in and the other was not: nothing is known.
    Differ(String),
    /// There is only one.
    Alone(String),
}

/// The library that speaks this protocol; none for POP3.
pub(super) fn library(protocol: Protocol) -> Option<&'static str> {
    match protocol {
        Protocol::Smtp => Some("lettre"),
        Protocol::Imap => Some("async-imap"),
        _ => None,
    }
}

/// Holds our own result against the library's.
pub(super) fn compare(accepted: bool, library: &str, opinion: Opinion) -> Comparison {
    match (accepted, opinion) {
        (true, Opinion::Accepted) | (false, Opinion::Refused(_)) => Comparison::Agree,
        (true, Opinion::Refused(words)) => Comparison::Differ(format!("ece-check: accepted; {library}: {words}")),
        (false, Opinion::Accepted) => Comparison::Differ(format!("ece-check: refused; {library}: accepted")),
        (_, Opinion::Unknown(words)) => Comparison::Alone(format!("{library}: no answer ({words})")),
    }
}

/// Signs in and leaves. `frame` is the message of XOAUTH2 for IMAP, which async-imap does not make itself.
pub(super) async fn ask(
    protocol: Protocol,
    stream: Box<dyn Stream>,
    user: &str,
    token: &Secret,
    frame: Vec<u8>,
    limits: &Limits,
) -> Opinion {
    let asked = async {
        match protocol {
            Protocol::Smtp => over_smtp(stream, user, token).await,
            _ => over_imap(stream, frame).await,
        }
    };
    limits.step(Box::pin(asked)).await.unwrap_or_else(|halt| Opinion::Unknown(halt.words))
}

async fn over_smtp(stream: Box<dyn Stream>, user: &str, token: &Secret) -> Opinion {
    let name = ClientId::Domain(smtp::own_name());
    let connected = AsyncSmtpConnection::connect_with_transport(Box::new(Judged::new(stream, GREETING)), &name).await;
    let mut connection = match connected {
        Ok(connection) => connection,
        Err(error) => return Opinion::Unknown(error.to_string()),
    };
    let asked = sign_in(&mut connection, user, token).await;
    let _ = connection.quit().await; // a courtesy: what was asked is known
    match asked {
        Ok(_) => Opinion::Accepted,
        Err(error) if error.is_permanent() => Opinion::Refused(error.to_string()),
        Err(error) => Opinion::Unknown(error.to_string()),
    }
}

/// A server that refuses may say why in a challenge first, which the client answers with an empty line (RFC 7628 3.2.3, and
/// XOAUTH2 before it). lettre's own `auth` ends there, so its parts are called one by one.
async fn sign_in(connection: &mut AsyncSmtpConnection, user: &str, token: &Secret) -> Result<Response, Error> {
    let credentials = Credentials::new(user.to_owned(), token.expose().to_owned());
    let answer = connection.command(Auth::new(Mechanism::Xoauth2, credentials, None)?).await?;
    if answer.has_code(334) { connection.command("\r\n").await } else { Ok(answer) }
}

async fn over_imap(stream: Box<dyn Stream>, frame: Vec<u8>) -> Opinion {
    use async_imap::error::Error as Refusal;
    let mut client = Client::new(Judged::new(stream, b""));
    match client.read_response().await {
        Ok(Some(_)) => {}
        Ok(None) => return Opinion::Unknown("closed before the greeting".to_owned()),
        Err(error) => return Opinion::Unknown(error.to_string()),
    }
    match client.authenticate("XOAUTH2", Frame(frame)).await {
        Ok(mut session) => {
            let _ = session.logout().await; // a courtesy: what was asked is known
            Opinion::Accepted
        }
        Err((Refusal::No(words) | Refusal::Bad(words), _)) => Opinion::Refused(words),
        Err((error, _)) => Opinion::Unknown(error.to_string()),
    }
}

/// The message of XOAUTH2, given once; a second challenge is answered with an empty line.
struct Frame(Vec<u8>);

impl Authenticator for Frame {
    type Response = Vec<u8>;

    fn process(&mut self, _: &[u8]) -> Self::Response {
        std::mem::take(&mut self.0)
    }
}

/// A judged connection in the form that the libraries want: it can be printed and shared, and begins with a greeting.
struct Judged {
    greeting: &'static [u8],
    left: usize,
    stream: Mutex<Box<dyn Stream>>,
}

impl Judged {
    fn new(stream: Box<dyn Stream>, greeting: &'static [u8]) -> Self {
        Self { greeting, left: MOST, stream: Mutex::new(stream) }
    }

    fn inner(&mut self) -> Pin<&mut Box<dyn Stream>> {
        Pin::new(self.stream.get_mut().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Judged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<connection>")
    }
}

impl AsyncRead for Judged {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.greeting.is_empty() {
            if self.left == 0 {
                return Poll::Ready(Ok(())); // for the library the connection ends here
            }
            let before = buf.filled().len();
            let read = self.inner().poll_read(cx, buf);
            self.left = self.left.saturating_sub(buf.filled().len() - before);
            return read;
        }
        let (now, later) = self.greeting.split_at(self.greeting.len().min(buf.remaining()));
        buf.put_slice(now);
        self.greeting = later;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Judged {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.inner().poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Judged {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refusal_for_good_against_an_acceptance_is_a_difference() {
        let refused = || Opinion::Refused("no".to_owned());
        assert_eq!(compare(true, "lettre", Opinion::Accepted), Comparison::Agree);
        assert_eq!(compare(false, "lettre", refused()), Comparison::Agree);
        assert!(matches!(compare(true, "lettre", refused()), Comparison::Differ(_)));
        assert!(matches!(compare(false, "lettre", Opinion::Accepted), Comparison::Differ(_)));
        for accepted in [true, false] {
            let alone = compare(accepted, "lettre", Opinion::Unknown("late".to_owned()));
            assert_eq!(alone, Comparison::Alone("lettre: no answer (late)".to_owned()));
        }
    }

    #[tokio::test]
    async fn a_server_that_never_stops_is_read_to_the_bound() {
        use tokio::io::AsyncReadExt as _;
        let endless = tokio::io::join(tokio::io::repeat(b'x'), tokio::io::sink());
        let mut read = Vec::new();
        Judged::new(Box::new(endless), b"").read_to_end(&mut read).await.expect("an end");
        assert!((MOST..2 * MOST).contains(&read.len()), "{}", read.len());
    }
}
