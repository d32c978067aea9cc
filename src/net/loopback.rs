//! Waiting on loopback for a browser to come back with the answer of a sign-in (RFC 8252, section 7.3).
//!
//! In: what the right request looks like, and the page that answers it. Out: the path and query of that one request.
//! Connections that browsers open and leave silent, and requests for anything else, do not end the wait.

use std::{io, net::Ipv4Addr, time::Duration};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{Halt, Limits, dial};
use crate::evidence::FailureKind;

/// A request's head beyond this is none of a sign-in.
const LARGEST_HEAD: usize = 32 << 10;
/// Connections that may be open at once; further ones wait.
const MOST_CONNECTIONS: usize = 16;
/// A connection that says nothing for so long is closed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A door on loopback for one visitor.
#[derive(Debug)]
pub struct Loopback {
    listener: TcpListener,
    port: u16,
}

impl Loopback {
    /// Opens the door: on this port of 127.0.0.1, or with 0 on any that is free.
    ///
    /// # Errors
    /// What the operating system says, such as that the port is taken.
    pub async fn open(port: u16) -> Result<Self, Halt> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| dial::halt(&error))?;
        let port = listener.local_addr().map_err(|error| dial::halt(&error))?.port();
        Ok(Self { listener, port })
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the one request whose path and query are `right`, answers it with a page, and closes.
    ///
    /// # Errors
    /// When a limit runs out or the run is interrupted first.
    pub async fn visitor(self, right: impl Fn(&str) -> bool, page: &str, limits: &Limits) -> Result<String, Halt> {
        limits.step(self.wait(right, page)).await?
    }

    async fn wait(self, right: impl Fn(&str) -> bool, page: &str) -> Result<String, Halt> {
        let mut open = FuturesUnordered::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if open.len() < MOST_CONNECTIONS => {
                    let (stream, _) = accepted.map_err(|error| dial::halt(&error))?;
                    open.push(timeout(PATIENCE, target(stream)));
                }
                Some(asked) = open.next(), if !open.is_empty() => {
                    let Ok(Ok((stream, target))) = asked else { continue };
                    let found = right(&target);
                    let (status, text) = if found { ("200 OK", page) } else { ("404 Not Found", "Nothing is here.") };
                    let _ = timeout(PATIENCE, answer(stream, status, text)).await; // who has left needs no page
                    if found {
                        return Ok(target);
                    }
                }
            }
        }
    }
}

/// Reads the head of a request (RFC 9112, section 3) and takes its path and query.
async fn target(mut stream: TcpStream) -> io::Result<(TcpStream, String)> {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let room = LARGEST_HEAD.saturating_sub(head.len());
        if room == 0 || (&mut stream).take(room as u64).read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
    let text = String::from_utf8_lossy(&head);
    let line = text.lines().next().unwrap_or_default();
    let target = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).unwrap_or_default().to_owned();
    Ok((stream, target))
}

/// The page loads nothing, and its address, which holds the code, is told to nobody.
async fn answer(mut stream: TcpStream, status: &str, text: &str) -> io::Result<()> {
    let body = format!("<!doctype html><meta charset=\"utf-8\"><title>ece-check</title><p>{text}</p>\n");
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\n\
         Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    stream.shutdown().await
}

/// The halt of a visit that cannot be what was waited for.
#[must_use]
pub fn nobody_came(halt: Halt) -> Halt {
    match halt.kind {
        FailureKind::TimedOut | FailureKind::Deadline => Halt::new(halt.kind, "the browser did not come back in time"),
        _ => halt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::limit::for_tests;

    async fn ask(port: u16, request: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        answer
    }

    #[tokio::test]
    async fn silent_and_wrong_visitors_do_not_end_the_wait() {
        let door = Loopback::open(0).await.unwrap();
        let port = door.port();
        let _silent = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        let limits = for_tests(Duration::from_secs(20));
        let visits = async {
            assert!(ask(port, "GET /favicon.ico HTTP/1.1\r\n\r\n").await.starts_with("HTTP/1.1 404"));
            assert!(ask(port, "\0\r\n\r\n").await.starts_with("HTTP/1.1 404"));
            ask(port, "GET /?code=c&state=s HTTP/1.1\r\nHost: localhost\r\n\r\n").await
        };
        let (target, page) =
            tokio::join!(door.visitor(|target| target.contains("state=s"), "Read on there.", &limits), visits);
        assert_eq!(target.unwrap(), "/?code=c&state=s");
        assert!(page.contains("Read on there.") && !page.contains("code=c"), "{page}");
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err());
    }

    #[tokio::test]
    async fn nobody_comes() {
        let door = Loopback::open(0).await.unwrap();
        let halt = door.visitor(|_| true, "", &for_tests(Duration::from_millis(20))).await.unwrap_err();
        assert_eq!(nobody_came(halt).words, "the browser did not come back in time");
    }
}
