//! One conversation of a server: lines in, replies out, in plain text or inside TLS, with the fault's steps in place of
//! the healthy reply where a fault has some.
//!
//! Every wait has a limit and every buffer a bound: a client that stalls, floods or vanishes ends its own conversation
//! and nothing else.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, copy_bidirectional},
    net::TcpStream,
    time::{Sleep, sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{
    counters::Counters,
    exchange::Cloud,
    fault::{Moment, Step, bytes},
    http,
    topology::Endpoint,
};

/// The longest line that is read, in bytes: an access token in base64 fits in.
const LONGEST_LINE: usize = 64 * 1024;
/// How long a client may take over anything.
const PATIENCE: Duration = Duration::from_mins(2);
/// How long a closed connection is listened to, so that it ends in good order and not with a reset.
const LAST_WORDS: Duration = Duration::from_secs(5);
/// About how many bytes a repeating step writes at once.
const ONE_WRITE: usize = 16 * 1024;
/// The most that one step may repeat.
const MOST_REPEATED: u32 = 1_000_000;

/// The conversation is over. Why does not matter to anybody.
#[derive(Debug)]
pub(super) struct Hangup;

impl From<io::Error> for Hangup {
    fn from(_: io::Error) -> Self {
        Self
    }
}

/// One conversation.
pub(super) struct Connection {
    /// The server's address, faults and names.
    pub endpoint: Arc<Endpoint>,
    /// What lies behind the servers.
    pub cloud: Arc<Cloud>,
    /// Where commands are counted.
    pub counters: Arc<Counters>,
    config: Arc<ServerConfig>,
    stream: Stream,
    unread: Vec<u8>,
}

enum Stream {
    Plain(Slow),
    Tls(Box<TlsStream<Slow>>),
    Gone,
}

impl Connection {
    /// Begins on a connection that was just accepted.
    pub fn new(
        endpoint: Arc<Endpoint>,
        cloud: Arc<Cloud>,
        config: Arc<ServerConfig>,
        stream: TcpStream,
        latency: Duration,
    ) -> Self {
        let (counters, port) = (cloud.counters.clone(), endpoint.address.port());
        Self {
            endpoint,
            cloud,
            counters: counters.clone(),
            config,
            stream: Stream::Plain(Slow { counters, port, turns: 0, stream, latency, owes_delay: true, delay: None }),
            unread: Vec::new(),
        }
    }

    /// True inside TLS.
    pub fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// Encrypts from here on. What the client had sent ahead is dropped (RFC 3207 section 4.2).
    pub async fn encrypt(&mut self) -> Result<(), Hangup> {
        self.reply(Moment::Handshake, "").await?;
        let Stream::Plain(plain) = std::mem::replace(&mut self.stream, Stream::Gone) else { return Err(Hangup) };
        self.unread.clear();
        let accepting = TlsAcceptor::from(self.config.clone()).accept(plain);
        let encrypted = timeout(PATIENCE, accepting).await.map_err(|_| Hangup)??;
        self.stream = Stream::Tls(Box::new(encrypted));
        Ok(())
    }

    /// The next line, without its end.
    pub async fn line(&mut self) -> Result<String, Hangup> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                return Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned());
            }
            if self.unread.len() > LONGEST_LINE {
                return Err(Hangup);
            }
            self.more().await?;
        }
    }

    /// The next bytes, this many and bounded by the longest line.
    pub async fn bytes(&mut self, count: usize) -> Result<Vec<u8>, Hangup> {
        if count > LONGEST_LINE {
            return Err(Hangup);
        }
        while self.unread.len() < count {
            self.more().await?;
        }
        Ok(self.unread.drain(..count).collect())
    }

    /// Says what belongs to this moment: the healthy words, or what a fault does in their place.
    pub async fn reply(&mut self, moment: Moment, healthy: &str) -> Result<(), Hangup> {
        self.reply_tagged(moment, healthy, "").await
    }

    /// The same, in a protocol where the client gives its commands a tag.
    pub async fn reply_tagged(&mut self, moment: Moment, healthy: &str, tag: &str) -> Result<(), Hangup> {
        let endpoint = self.endpoint.clone();
        let Some(steps) = endpoint.script.get(&moment) else { return self.say(healthy).await };
        for step in steps {
            self.act(step, healthy, tag).await?;
        }
        Ok(())
    }

    /// Says this.
    pub async fn say(&mut self, text: &str) -> Result<(), Hangup> {
        self.send(text.as_bytes()).await
    }

    /// Passes bytes on between the client and another server until one of them has gone.
    pub async fn join(&mut self, mut server: TcpStream) -> Result<(), Hangup> {
        let Stream::Plain(client) = &mut self.stream else { return Err(Hangup) };
        server.write_all(&std::mem::take(&mut self.unread)).await?;
        copy_bidirectional(client, &mut server).await?;
        Err(Hangup)
    }

    /// The server's clock.
    pub fn now(&self) -> Timestamp {
        let ahead = SignedDuration::from_mins(i64::from(self.endpoint.clock_minutes));
        Timestamp::now().saturating_add(ahead).unwrap_or(Timestamp::MAX)
    }

    /// Ends in good order: says goodbye, and hears the client out for a moment. Closing with unread bytes would reset.
    pub async fn finish(mut self) {
        let _ = timeout(LAST_WORDS, async {
            self.shut_down().await?;
            self.listen_until_gone().await
        })
        .await;
    }

    async fn act(&mut self, step: &Step, healthy: &str, tag: &str) -> Result<(), Hangup> {
        match step {
            Step::Healthy => self.say(healthy).await,
            Step::Send(text) => {
                let filled = self.fill(text, tag);
                self.say(&filled).await
            }
            Step::Hex(hex) => self.send(&bytes(hex)).await,
            Step::Answer(answer) => {
                let text = http::render(answer, self.now());
                self.say(&text).await
            }
            Step::Repeat { text, times } => self.repeat(text, *times).await,
            Step::Drip { text, every_ms } => self.drip(text, Duration::from_millis(*every_ms)).await,
            Step::WaitMs(ms) => {
                sleep(Duration::from_millis(*ms)).await;
                Ok(())
            }
            Step::Read => self.forget().await,
            Step::Silence => {
                let _ = self.listen_until_gone().await;
                Err(Hangup)
            }
            Step::Close => Err(Hangup),
            Step::Reset => self.reset(),
        }
    }

    fn fill(&self, text: &str, tag: &str) -> String {
        text.replace("{tag}", tag)
            .replace("{date}", &self.now().strftime("%a, %d %b %Y %H:%M:%S +0000").to_string())
            .replace("{machine}", self.endpoint.host.machine)
    }

    async fn repeat(&mut self, text: &str, times: u32) -> Result<(), Hangup> {
        let times = times.min(MOST_REPEATED) as usize;
        let in_one = (ONE_WRITE / text.len().max(1)).max(1);
        let many = text.repeat(in_one);
        for _ in 0..times / in_one {
            self.say(&many).await?;
        }
        self.say(&text.repeat(times % in_one)).await
    }

    async fn drip(&mut self, text: &str, pause: Duration) -> Result<(), Hangup> {
        let text = self.fill(text, "");
        for byte in text.bytes() {
            sleep(pause).await;
            self.send(&[byte]).await?;
        }
        Ok(())
    }

    async fn forget(&mut self) -> Result<(), Hangup> {
        if self.unread.is_empty() {
            self.more().await?;
        }
        self.unread.clear();
        Ok(())
    }

    async fn listen_until_gone(&mut self) -> Result<(), Hangup> {
        loop {
            self.unread.clear();
            self.more().await?;
        }
    }

    fn reset(&mut self) -> Result<(), Hangup> {
        let stream = std::mem::replace(&mut self.stream, Stream::Gone);
        let slow = match stream {
            Stream::Plain(slow) => slow,
            Stream::Tls(encrypted) => encrypted.into_inner().0,
            Stream::Gone => return Err(Hangup),
        };
        slow.stream.set_zero_linger()?;
        Err(Hangup)
    }

    async fn more(&mut self) -> Result<(), Hangup> {
        let mut chunk = [0; 4096];
        let reading = async {
            match &mut self.stream {
                Stream::Plain(stream) => stream.read(&mut chunk).await,
                Stream::Tls(stream) => stream.read(&mut chunk).await,
                Stream::Gone => Ok(0),
            }
        };
        let count = timeout(PATIENCE, reading).await.map_err(|_| Hangup)??;
        if count == 0 {
            return Err(Hangup);
        }
        self.unread.extend_from_slice(&chunk[..count]);
        Ok(())
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Hangup> {
        if bytes.is_empty() {
            return Ok(());
        }
        let writing = async {
            match &mut self.stream {
                Stream::Plain(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
                Stream::Tls(stream) => {
                    stream.write_all(bytes).await?;
                    stream.flush().await
                }
                Stream::Gone => Err(io::ErrorKind::NotConnected.into()),
            }
        };
        Ok(timeout(PATIENCE, writing).await.map_err(|_| Hangup)??)
    }

    async fn shut_down(&mut self) -> io::Result<()> {
        match &mut self.stream {
            Stream::Plain(stream) => stream.shutdown().await,
            Stream::Tls(stream) => stream.shutdown().await,
            Stream::Gone => Ok(()),
        }
    }
}

/// A connection whose every answer comes late: the first bytes written after something was read wait for the latency,
/// and are counted as a round trip.
struct Slow {
    counters: Arc<Counters>,
    port: u16,
    turns: u64,
    stream: TcpStream,
    latency: Duration,
    owes_delay: bool,
    delay: Option<Pin<Box<Sleep>>>,
}

impl Slow {
    fn poll_delay(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.owes_delay && !self.latency.is_zero() {
            let latency = self.latency;
            let delay = self.delay.get_or_insert_with(|| Box::pin(sleep(latency)));
            ready!(delay.as_mut().poll(context));
            self.delay = None;
        }
        if std::mem::take(&mut self.owes_delay) {
            self.turns += 1;
            self.counters.round_trips(self.port, self.turns);
        }
        Poll::Ready(())
    }
}

impl AsyncRead for Slow {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.owes_delay |= buf.filled().len() > before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Slow {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_delay(cx));
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
