//! GET requests to web interfaces that are called after the network is known to work: Microsoft Graph, SCIM.
//!
//! In: a host, the network as the user wants it used, a bearer token. Out: a [`Reply`], bounded, or a [`Failure`]. It is
//! reqwest with our own TLS configuration, on the addresses that our resolver and the overrides give, through the proxy
//! where one applies. No redirect is followed, so a token goes to the host that it was meant for and to no other. There is
//! no method but GET. The certificate is judged within the handshake: nothing is sent before it has passed.

use std::{
    error::Error as _,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::{
    Client,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE},
    redirect::Policy,
};
use url::Url;

use super::{
    Halt, Network,
    proxy::{Proxy, ProxyKind},
    reach::Addresses,
    tls,
};
use crate::{
    evidence::{Failure, FailureKind, Protocol, Route, Stage},
    secret::Secret,
};

/// The port of every interface that is asked.
const HTTPS: u16 = 443;
/// More of one answer is not read.
pub const LARGEST_BODY: usize = 32 << 20;
/// A header is cut at this length.
const LONGEST_HEADER: usize = 2_000;

/// One web interface.
#[derive(Debug)]
pub struct Api {
    client: Client,
    protocol: Protocol,
    host: String,
    network: Network,
    /// Why the last certificate was refused.
    refused: Arc<Mutex<Option<Halt>>>,
    /// How it is reached.
    pub route: Route,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The media type, in lower case and without its parameters.
    pub content_type: String,
    /// `Retry-After` in seconds.
    pub retry_after: Option<Duration>,
    /// `WWW-Authenticate`.
    pub challenge: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Api {
    /// Finds the addresses of an interface and prepares to ask it. Nothing is sent.
    ///
    /// # Errors
    /// When its name, or that of the proxy, does not resolve.
    pub async fn prepare(protocol: Protocol, host: &str, network: &Network) -> Result<Self, Failure> {
        let proxy = network.overrides.proxied(host, HTTPS);
        let places = Addresses::find(host, HTTPS, proxy, None, network).await?;
        let (addresses, _) = places.by_family(network);
        let dialled: Vec<SocketAddr> = addresses
            .into_iter()
            .filter_map(|address| if places.turned { Some(address) } else { network.overrides.dialled(address) })
            .collect();
        if dialled.is_empty() {
            let words = "no address that may be connected to";
            return Err(Failure::new(Protocol::Dns, Stage::Lookup, FailureKind::NoData, words));
        }
        let refused = Arc::new(Mutex::new(None));
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls::judging::client_config(&network.trust, &refused))
            .redirect(Policy::none())
            .no_proxy()
            .https_only(true)
            .http1_only()
            .user_agent(concat!("ece-check/", env!("CARGO_PKG_VERSION")));
        builder = match &places.proxy {
            Some(proxy) => builder.proxy(through(proxy)?).resolve_to_addrs(&proxy.host, &dialled),
            None => builder.resolve_to_addrs(host, &dialled),
        };
        let client = builder.build().map_err(|error| own_fault(protocol, &error))?;
        let (host, network, route) = (host.to_owned(), network.clone(), places.route);
        Ok(Self { client, protocol, host, network, refused, route })
    }

    /// Asks for an address of this interface.
    ///
    /// # Errors
    /// When the address is of another host, the connection or the certificate fails, a limit ends the wait, or the answer
    /// is too large.
    pub async fn get(&self, url: &Url, accept: &str, bearer: &Secret) -> Result<Reply, Failure> {
        let stop = |halt: Halt| Failure::new(self.protocol, Stage::Request, halt.kind, halt.words);
        if url.scheme() != "https" || url.host_str() != Some(self.host.as_str()) || url.port().is_some() {
            return Err(stop(Halt::new(FailureKind::MalformedReply, "an address of another host is not asked")));
        }
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", bearer.expose()))
            .map_err(|_| stop(Halt::new(FailureKind::Missing, "the token has characters that no token has")))?;
        authorization.set_sensitive(true);
        let request = self.client.get(url.clone()).header(ACCEPT, accept).header(AUTHORIZATION, authorization);
        let sent = self.network.limits.step(request.send()).await.map_err(stop)?;
        let mut response = sent.map_err(|error| self.failure(&error))?;
        let text = |name| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some(value.chars().take(LONGEST_HEADER).collect::<String>())
        };
        let mut reply = Reply {
            status: response.status().as_u16(),
            content_type: text(CONTENT_TYPE)
                .and_then(|kind| kind.split(';').next().map(|kind| kind.trim().to_lowercase()))
                .unwrap_or_default(),
            retry_after: text(RETRY_AFTER).and_then(|wait| wait.trim().parse().ok()).map(Duration::from_secs),
            challenge: text(WWW_AUTHENTICATE),
            body: Vec::new(),
        };
        while let Some(part) =
            self.network.limits.step(response.chunk()).await.map_err(stop)?.map_err(|error| self.failure(&error))?
        {
            if reply.body.len() + part.len() > LARGEST_BODY {
                let words = format!("the answer is longer than {} MiB", LARGEST_BODY >> 20);
                return Err(stop(Halt::new(FailureKind::ReplyTooLarge, words)));
            }
            reply.body.extend_from_slice(&part);
        }
        Ok(reply)
    }

    /// What reqwest complains of, by the layer that it is about.
    fn failure(&self, error: &reqwest::Error) -> Failure {
        if let Some(halt) = self.refused.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Failure::new(Protocol::Tls, Stage::Certificate, halt.kind, halt.words);
        }
        let halt = of_io(error).unwrap_or_else(|| Halt::new(FailureKind::MalformedReply, innermost(error)));
        let (protocol, stage) =
            if error.is_connect() { (Protocol::Tcp, Stage::Connect) } else { (self.protocol, Stage::Request) };
        Failure::new(protocol, stage, halt.kind, halt.words)
    }
}

fn through(proxy: &Proxy) -> Result<reqwest::Proxy, Failure> {
    let host = if proxy.host.contains(':') { format!("[{}]", proxy.host) } else { proxy.host.clone() };
    let scheme = match proxy.kind {
        ProxyKind::Http => "http",
        ProxyKind::Socks5 => "socks5h", // the proxy resolves the name
    };
    let wrong = |error| own_fault(Protocol::Proxy, &error);
    let setting = reqwest::Proxy::all(format!("{scheme}://{host}:{}", proxy.port)).map_err(wrong)?;
    Ok(match proxy.credentials.as_ref().and_then(|secret| secret.expose().split_once(':')) {
        Some((user, password)) => setting.basic_auth(user, password),
        None => setting,
    })
}

fn own_fault(protocol: Protocol, error: &reqwest::Error) -> Failure {
    Failure::new(protocol, Stage::Connect, FailureKind::Internal, innermost(error))
}

/// The error of the operating system or of TLS in a chain of errors.
fn of_io(error: &reqwest::Error) -> Option<Halt> {
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(error) = source.downcast_ref::<io::Error>() {
            return Some(tls::halt(error));
        }
        next = source.source();
    }
    None
}

/// The last error of a chain, which says most; addresses in it are no secrets, but queries are left out.
fn innermost(error: &reqwest::Error) -> String {
    let mut words = "no answer of HTTP".to_owned();
    let mut next = error.source();
    while let Some(source) = next {
        words = source.to_string();
        next = source.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn token_goes_to_no_other_host_and_to_no_other_port() {
        let network = Network {
            resolver: Arc::new(crate::net::dns::Resolver::with_servers(Vec::new())),
            overrides: crate::net::ConnectOverrides::default(),
            family: crate::net::Family::Both,
            trust: Arc::new(tls::TrustStores::of_roots([])),
            firewall: None,
            limits: crate::net::limit::for_tests(Duration::from_secs(5)),
        };
        let api = Api::prepare(Protocol::Graph, "127.0.0.1", &network).await.unwrap();
        for url in ["https://example.com/v1.0/x", "http://127.0.0.1/x", "https://127.0.0.1:444/x"] {
            let failure =
                api.get(&Url::parse(url).unwrap(), "application/json", &Secret::new("token")).await.unwrap_err();
            assert_eq!(failure.words, "an address of another host is not asked", "{url}");
        }
    }
}
