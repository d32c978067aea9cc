//! Asking Entra's endpoints: one form, one answer, over a connection that has been judged before a byte is sent.
//!
//! In: a [`Endpoint`] and a [`Form`]. Out: the answer; what the connection showed is in the [`TokenRequest`]. Answers that
//! ask for patience (429 and 5xx, RFC 9110, section 10.2.3) are asked again, at most twice and within the deadline, and at
//! another address where there is one; so is a request that ended without an answer. Any other refusal is final, since a
//! repeated wrong answer locks accounts.

use std::{net::SocketAddr, time::Duration};

use hyper::header::RETRY_AFTER;
use serde_json::{Map, Value};
use url::Url;

use super::refusal;
use crate::{
    evidence::{Attempt, Direction, Failure, FailureKind, Protocol, Stage, Timing, Transcript},
    net::{
        Network,
        http::{self, Answer},
        reach,
        session::Stream,
        tls::HandshakeInfo,
    },
    secret::{Redactor, Secret, Source, Unread},
};

/// An answer is asked for once more so many times.
const MOST_RETRIES: u32 = 2;

/// What a question goes out with, and what it brings home besides its answer.
#[derive(Debug)]
pub struct TokenRequest<'a> {
    /// The network.
    pub network: &'a Network,
    /// The net that every secret is made known to.
    pub net: &'a Redactor,
    /// How long each stage took.
    pub timings: Vec<Timing>,
    /// The addresses that were connected to, in this order: those of each question.
    pub tried: Vec<Attempt>,
    /// What the handshake of the last connection showed; none when there was no connection.
    pub shown: Option<HandshakeInfo>,
    /// What was said, without secrets.
    pub transcript: Transcript,
    /// What is unwise about the places where secrets are kept.
    pub warnings: Vec<String>,
    /// The addresses of the service that gave no answer or one that asks for patience, with what they did instead.
    pub failed: Vec<(SocketAddr, Failure)>,
    /// How far this host's clock is ahead of the last answer's, in milliseconds.
    pub clock_ahead_ms: Option<i64>,
}

/// Where a question goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: String,
    port: u16,
    path: String,
}

/// The fields of a question.
#[derive(Debug, Default)]
pub struct Form(Vec<(&'static str, Field)>);

#[derive(Debug)]
enum Field {
    Open(String),
    Hidden(Secret),
}

impl<'a> TokenRequest<'a> {
    /// An errand that begins now.
    #[must_use]
    pub fn new(network: &'a Network, net: &'a Redactor) -> Self {
        let (timings, tried, transcript) = (Vec::new(), Vec::new(), Transcript::new());
        Self {
            network,
            net,
            timings,
            tried,
            shown: None,
            transcript,
            warnings: Vec::new(),
            failed: Vec::new(),
            clock_ahead_ms: None,
        }
    }

    /// Reads a secret and makes it known to the net.
    ///
    /// # Errors
    /// When it cannot be read within a step.
    pub async fn secret(&mut self, source: &Source) -> Result<Secret, Failure> {
        if let Some(lent) = self.lent(source) {
            return Ok(lent);
        }
        let given = self.within_a_step(source, source.read()).await?;
        self.net.add(&given.secret);
        self.warnings.extend(given.warning);
        Ok(given.secret)
    }

    /// Reads what is kept somewhere as it is, and what is unwise about that place.
    ///
    /// # Errors
    /// When it cannot be read within a step.
    pub async fn whole(&self, source: &Source) -> Result<(Vec<u8>, Option<String>), Failure> {
        match self.lent(source) {
            Some(lent) => Ok((lent.expose().as_bytes().to_vec(), None)),
            None => self.within_a_step(source, source.read_whole()).await,
        }
    }

    async fn within_a_step<T>(
        &self,
        source: &Source,
        read: impl Future<Output = Result<T, Unread>>,
    ) -> Result<T, Failure> {
        let stop = |kind, words| Failure::new(Protocol::Token, Stage::Credential, kind, words);
        let read = self.network.limits.step(read).await;
        let given = read.map_err(|halt| match halt.kind {
            // a pipe that nothing writes to, a command that hangs: an input that is not there
            FailureKind::TimedOut => stop(FailureKind::Missing, format!("{source} gives nothing: {}", halt.words)),
            kind => stop(kind, format!("{source}: {}", halt.words)),
        })?;
        given.map_err(|unread| stop(FailureKind::Missing, unread.to_string()))
    }

    fn lent(&self, source: &Source) -> Option<Secret> {
        let Source::Env(name) = source else { return None };
        self.net.lent(name)
    }

    /// Sends a form and takes the JSON of the answer.
    ///
    /// # Errors
    /// The failure on the way there, the refusal, or what came in place of JSON.
    pub async fn ask(&mut self, place: &Endpoint, form: &Form) -> Result<Map<String, Value>, Failure> {
        let mut retries = 0;
        let mut cut: Option<Failure> = None;
        loop {
            let stream = self.open(place).await?;
            if let Some(cut) = cut.take().filter(|_| self.is_at_failed()) {
                return Err(cut);
            }
            let answer = match self.post(stream, place, form).await {
                Err(failure) if retries < MOST_RETRIES && self.can_ask_elsewhere(place, form, &failure) => {
                    self.note_failed(place, &failure);
                    self.transcript.note(Direction::Remark, "asking again at another address");
                    cut = Some(failure);
                    retries += 1;
                    continue;
                }
                answer => answer?,
            };
            let refused = match read(&answer) {
                Ok(map) => return Ok(map),
                Err(stop) => stop,
            };
            self.note_refusal(&refused);
            if answer.status >= 500 {
                self.note_failed(place, &refused);
            }
            if retries == MOST_RETRIES || !asks_for_patience(&answer) {
                return Err(refused);
            }
            let wait = wait(&answer, retries);
            match self.network.limits.pause(wait).await {
                Err(halt) if halt.kind == FailureKind::Deadline => return Err(refused),
                Err(halt) => return Err(Failure::new(Protocol::Token, Stage::Grant, halt.kind, halt.words)),
                Ok(()) => self.transcript.note(Direction::Remark, &format!("asking again after {} s", wait.as_secs())),
            }
            retries += 1;
        }
    }

    /// Asks for a document and takes its JSON.
    ///
    /// # Errors
    /// As [`Self::ask`].
    pub async fn fetch(&mut self, place: &Endpoint) -> Result<Map<String, Value>, Failure> {
        let stream = self.open(place).await?;
        self.transcript.note(Direction::SentInTls, &format!("GET {}", place.path));
        let answer = http::fetch(stream, &place.authority(), &place.path, &self.network.limits).await;
        read(&self.noted(answer)?).inspect_err(|stop| self.note_refusal(stop))
    }

    async fn post(&mut self, stream: Box<dyn Stream>, place: &Endpoint, form: &Form) -> Result<Answer, Failure> {
        self.transcript.note(Direction::SentInTls, &format!("POST {} {}", place.path, form.shown()));
        let began = std::time::Instant::now();
        let answer = http::post(stream, &place.authority(), &place.path, form.encoded(), &self.network.limits).await;
        self.timings.push(Timing { name: Stage::Grant, ms: began.elapsed().as_secs_f64() * 1000.0 });
        self.noted(answer)
    }

    async fn open(&mut self, place: &Endpoint) -> Result<Box<dyn Stream>, Failure> {
        let failed: Vec<SocketAddr> = self.failed.iter().map(|(address, _)| *address).collect();
        let (shown, stream) =
            reach::open(&place.host, place.port, self.network, &failed, &mut self.timings, &mut self.tried).await?;
        self.shown = Some(shown);
        Ok(stream)
    }

    /// Whether a request that ended without an answer may be sent to another address of the service.
    fn can_ask_elsewhere(&self, place: &Endpoint, form: &Form, failure: &Failure) -> bool {
        self.is_direct(place) && form.is_repeatable() && is_cut(failure)
    }

    /// What comes through a proxy is no matter of one address.
    fn is_direct(&self, place: &Endpoint) -> bool {
        self.network.overrides.proxied(&place.host, place.port).is_none()
    }

    /// Notes that the address connected to last did not serve.
    fn note_failed(&mut self, place: &Endpoint, failure: &Failure) {
        let is_direct = self.is_direct(place);
        if let Some(attempt) = self.tried.last().filter(|_| is_direct && !self.is_at_failed()) {
            self.failed.push((attempt.address, failure.clone()));
        }
    }

    /// Whether the address connected to last has failed before.
    fn is_at_failed(&self) -> bool {
        self.tried.last().is_none_or(|attempt| self.failed.iter().any(|(address, _)| *address == attempt.address))
    }

    fn noted(&mut self, answer: Result<Answer, crate::net::Halt>) -> Result<Answer, Failure> {
        let answer = answer.map_err(|halt| Failure::new(Protocol::Token, Stage::Grant, halt.kind, halt.words))?;
        self.transcript.note(Direction::ReceivedInTls, &format!("HTTP status {}", answer.status));
        self.clock_ahead_ms = answer.clock_ahead_ms().or(self.clock_ahead_ms);
        Ok(answer)
    }

    fn note_refusal(&mut self, stop: &Failure) {
        let error = stop.error.as_deref().unwrap_or_default();
        self.transcript.note(Direction::ReceivedInTls, format!("{error} {}", stop.words).trim());
        if let Some(trace) = &stop.trace {
            self.transcript.note(Direction::ReceivedInTls, trace);
        }
    }
}

impl Endpoint {
    /// An endpoint of a tenant, such as `oauth2/v2.0/token`; the login host may carry a port.
    /// <https://learn.microsoft.com/entra/identity-platform/v2-protocols>
    #[must_use]
    pub fn of_tenant(login_host: &str, tenant: &str, endpoint: &str) -> Option<Self> {
        let mut url = Url::parse(&format!("https://{login_host}/")).ok()?;
        url.path_segments_mut().ok()?.clear().push(tenant).extend(endpoint.split('/'));
        Self::of_url(&url)
    }

    /// The place that an address names; none when it is not an `https` address.
    #[must_use]
    pub fn of_url(url: &Url) -> Option<Self> {
        if url.scheme() != "https" {
            return None;
        }
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
        Some(Self { host, port: url.port_or_known_default()?, path })
    }

    /// The host, which may be an address.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The address as a whole.
    #[must_use]
    pub fn address(&self) -> String {
        format!("https://{}{}", self.authority(), self.path)
    }

    fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == 443 { host } else { format!("{host}:{}", self.port) }
    }
}

impl Form {
    /// With a field that anybody may see.
    #[must_use]
    pub fn open(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.push((name, Field::Open(value.into())));
        self
    }

    /// With a field that nobody may see.
    #[must_use]
    pub fn hidden(mut self, name: &'static str, value: &Secret) -> Self {
        self.0.push((name, Field::Hidden(value.clone())));
        self
    }

    /// False for what is good for one request alone.
    fn is_repeatable(&self) -> bool {
        self.0.iter().all(|(name, _)| !matches!(*name, "code" | "device_code"))
    }

    fn encoded(&self) -> String {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.0 {
            form.append_pair(
                name,
                match value {
                    Field::Open(value) => value,
                    Field::Hidden(secret) => secret.expose(),
                },
            );
        }
        form.finish()
    }

    fn shown(&self) -> String {
        let fields = self.0.iter().map(|(name, value)| match value {
            Field::Open(value) => format!("{name}={value}"),
            Field::Hidden(secret) => format!("{name}=<secret, {}>", secret.size()),
        });
        fields.collect::<Vec<_>>().join(" ")
    }
}

/// The JSON of an answer that says yes. One that breaks off behind its last brace is whole all the same.
fn read(answer: &Answer) -> Result<Map<String, Value>, Failure> {
    let map = serde_json::from_slice::<Map<String, Value>>(&answer.body).ok();
    match map {
        Some(map) if (200..300).contains(&answer.status) && !map.contains_key("error") => Ok(map),
        _ => Err(refusal::stop(answer)),
    }
}

/// Whether a request ended without an answer, on a connection that had been good.
fn is_cut(failure: &Failure) -> bool {
    failure.stage == Stage::Grant
        && matches!(failure.kind, FailureKind::Closed | FailureKind::Reset | FailureKind::TimedOut)
}

/// Too many requests, and the states of a server that may pass.
fn asks_for_patience(answer: &Answer) -> bool {
    matches!(answer.status, 429 | 500 | 502 | 503 | 504)
}

/// What the answer asks for in `Retry-After` (RFC 9110, section 10.2.3), or one second, then two.
fn wait(answer: &Answer, retries: u32) -> Duration {
    let asked = answer.header(&RETRY_AFTER);
    let seconds = asked.as_deref().and_then(|text| text.trim().parse::<u32>().ok().or_else(|| until(text, answer)));
    Duration::from_secs(u64::from(seconds.unwrap_or(1 << retries)))
}

/// Seconds from the answer's own clock until a moment.
fn until(moment: &str, answer: &Answer) -> Option<u32> {
    let read = |text: &str| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok();
    let now = answer.header(&hyper::header::DATE)?;
    u32::try_from(read(moment)?.as_second() - read(&now)?.as_second()).ok()
}
