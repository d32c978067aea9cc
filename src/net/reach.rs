//! One encrypted connection to a name, to be spoken over: the first of its addresses that opens, and only when the
//! certificate is trusted and names the host. What every single address shows is for the looks in `probe` to tell.
//!
//! In: a host, a port, the network as the user wants it used. Out: a stream, or the stop of the layer that said no.

use std::{
    net::{IpAddr, SocketAddr},
    time::Instant,
};

use super::{Halt, Network, Proxy, dial, proxy, session::Stream, session::Transcript, tls::Verdict};
use crate::seen::{Kind, Mark, Protocol, Stage, Step, Stop};

/// Addresses of one name beyond these are not tried.
const MOST_ADDRESSES: usize = 32;

/// Connects, encrypts and judges. Nothing of the caller's has been sent when this returns.
///
/// # Errors
/// The stop of the name lookup, of the last address that was dialled, of the handshake or of the certificate.
pub async fn open(
    host: &str,
    port: u16,
    network: &Network,
    steps: &mut Vec<Step>,
    transcript: &mut Transcript,
) -> Result<Box<dyn Stream>, Stop> {
    if let Some(proxy) = network.roads.proxied(host, port) {
        let stream = dig(proxy, host, port, network, steps, transcript).await?;
        return encrypt(stream, host, network, steps, transcript).await;
    }
    let looked_up = timed(Stage::Lookup, steps, addresses(host, port, network)).await;
    let addresses = looked_up.map_err(|halt| stop(Protocol::Dns, Stage::Lookup, halt))?;
    let connected = timed(Stage::Connect, steps, connect(&addresses, network, transcript)).await;
    let stream = connected.map_err(|halt| stop(Protocol::Tcp, Stage::Connect, halt))?;
    encrypt(stream, host, network, steps, transcript).await
}

/// Through the proxy: a tunnel to the name and port.
async fn dig(
    proxy: &Proxy,
    host: &str,
    port: u16,
    network: &Network,
    steps: &mut Vec<Step>,
    transcript: &mut Transcript,
) -> Result<Box<dyn Stream>, Stop> {
    let of_proxy = |halt| stop(Protocol::Proxy, Stage::Connect, halt);
    let addresses = looked_up(&proxy.host, network).await.map_err(|halt| proxy.not_found(&halt))?;
    let addresses = with_port(&addresses, proxy.port);
    let stream = timed(Stage::Connect, steps, connect(&addresses, network, transcript)).await.map_err(of_proxy)?;
    let asked = proxy::tunnel(stream, proxy, host, port, &network.limits);
    let tunnel = timed(Stage::Connect, steps, asked).await;
    tunnel.map_err(|refused| Stop { code: refused.status, ..of_proxy(refused.halt) })
}

async fn encrypt(
    stream: Box<dyn Stream>,
    host: &str,
    network: &Network,
    steps: &mut Vec<Step>,
    transcript: &mut Transcript,
) -> Result<Box<dyn Stream>, Stop> {
    let handshake = network.trust.handshake(stream, host, &[b"http/1.1"], &network.limits);
    let (shown, encrypted) = timed(Stage::Handshake, steps, handshake).await;
    let encrypted = encrypted.map_err(|halt| stop(Protocol::Tls, Stage::Handshake, halt))?;
    allowed(network.trust.judge(&shown.chain, host), host)
        .map_err(|halt| stop(Protocol::Tls, Stage::Certificate, halt))?;
    let (version, cipher) = (shown.version.unwrap_or_default(), shown.cipher.unwrap_or_default());
    transcript.note(Mark::Remark, &format!("encrypted: {version}, {cipher}"));
    Ok(encrypted)
}

/// Where to dial, in order. An address that only the lab's rules could lead anywhere, and do not, is left out.
async fn addresses(host: &str, port: u16, network: &Network) -> Result<Vec<SocketAddr>, Halt> {
    let roads = &network.roads;
    if let Some(rule) = roads.turned(host, port) {
        return Ok(with_port(&looked_up(&rule.to_host, network).await?, rule.to_port));
    }
    let found = match roads.resolved(host, port) {
        Some(given) => given.iter().copied().filter(|address| network.family.takes(*address)).collect(),
        None => looked_up(host, network).await?,
    };
    let dialled: Vec<SocketAddr> = with_port(&found, port).into_iter().filter_map(|at| roads.dialled(at)).collect();
    if dialled.is_empty() {
        return Err(Halt::new(Kind::NoAddress, "no address that may be dialled"));
    }
    Ok(dialled)
}

async fn looked_up(host: &str, network: &Network) -> Result<Vec<IpAddr>, Halt> {
    network.resolver.lookup(host, network.family, &network.limits).await.addresses
}

fn with_port(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()
}

async fn connect(
    addresses: &[SocketAddr],
    network: &Network,
    transcript: &mut Transcript,
) -> Result<Box<dyn Stream>, Halt> {
    let mut last = Halt::new(Kind::NoAddress, "no address to dial");
    for address in addresses.iter().take(MOST_ADDRESSES) {
        match dial::open(*address, &network.limits).await {
            Ok(stream) => {
                transcript.note(Mark::Remark, &format!("connected to {address}"));
                return Ok(Box::new(stream));
            }
            Err(halt) => {
                transcript.note(Mark::Remark, &format!("{address}: {}", halt.words));
                last = halt;
            }
        }
        if last.kind.is_ours() {
            break;
        }
    }
    Err(last)
}

fn allowed(verdict: Verdict, host: &str) -> Result<(), Halt> {
    verdict.chain?;
    if verdict.name_matches == Some(true) {
        return Ok(());
    }
    Err(Halt::new(Kind::WrongName, format!("the certificate does not name {host}")))
}

fn stop(protocol: Protocol, stage: Stage, halt: Halt) -> Stop {
    Stop::new(protocol, stage, halt.kind, halt.words)
}

async fn timed<T>(stage: Stage, steps: &mut Vec<Step>, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let done = work.await;
    steps.push(Step { name: stage, ms: began.elapsed().as_secs_f64() * 1000.0 });
    done
}
