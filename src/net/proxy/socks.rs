//! A tunnel through a SOCKS 5 proxy (RFC 1928), without signing in or with user and password (RFC 1929). The name goes to
//! the proxy as it is, which looks it up itself.

use std::net::IpAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Proxy;
use crate::{
    evidence::FailureKind,
    net::{Halt, Limits, dial, session::Stream},
    secret::Secret,
};

const VERSION: u8 = 5;
const NO_LOGIN: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NONE_FITS: u8 = 0xff;
const CONNECT: u8 = 1;

/// Asks for a tunnel to a name and port.
///
/// # Errors
/// What the proxy answered, or why it did not.
pub(super) async fn tunnel(
    mut stream: Box<dyn Stream>,
    proxy: &Proxy,
    host: &str,
    port: u16,
    limits: &Limits,
) -> Result<Box<dyn Stream>, Halt> {
    let ask = request(host, port)?;
    limits.step(greet(&mut stream, proxy)).await.map_err(silent)??;
    limits.step(connect(&mut stream, &ask)).await.map_err(silent)??;
    Ok(stream)
}

fn silent(halt: Halt) -> Halt {
    if halt.kind != FailureKind::TimedOut {
        return halt;
    }
    Halt::new(halt.kind, format!("the SOCKS proxy accepted the connection and did not answer: {}", halt.words))
}

async fn greet(stream: &mut Box<dyn Stream>, proxy: &Proxy) -> Result<(), Halt> {
    let offer: &[u8] =
        if proxy.credentials.is_some() { &[VERSION, 2, NO_LOGIN, USER_AND_PASSWORD] } else { &[VERSION, 1, NO_LOGIN] };
    send(stream, offer).await?;
    match receive(stream).await? {
        [VERSION, NO_LOGIN] => Ok(()),
        [VERSION, USER_AND_PASSWORD] => sign_in(stream, proxy).await,
        [VERSION, NONE_FITS] if proxy.credentials.is_none() => {
            Err(rejected("the SOCKS proxy wants a user and a password"))
        }
        [VERSION, _] => Err(rejected("the SOCKS proxy wants a way of signing in that is not known here")),
        _ => Err(Halt::new(FailureKind::MalformedReply, "the answer is not SOCKS 5")),
    }
}

async fn sign_in(stream: &mut Box<dyn Stream>, proxy: &Proxy) -> Result<(), Halt> {
    let login = proxy.credentials.as_ref().map(Secret::expose).unwrap_or_default();
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let part = |text: &str| match u8::try_from(text.len()) {
        Ok(length) => Ok([&[length], text.as_bytes()].concat()),
        Err(_) => Err(rejected("user or password has more than the 255 bytes that SOCKS 5 carries")),
    };
    send(stream, &[vec![1], part(user)?, part(password)?].concat()).await?;
    match receive(stream).await? {
        [_, 0] => Ok(()),
        _ => Err(rejected("the SOCKS proxy does not accept the user and the password")),
    }
}

async fn connect(stream: &mut Box<dyn Stream>, ask: &[u8]) -> Result<(), Halt> {
    send(stream, ask).await?;
    let [version, answer, _, kind] = receive(stream).await?;
    if version != VERSION {
        return Err(Halt::new(FailureKind::MalformedReply, "the answer is not SOCKS 5"));
    }
    if answer != 0 {
        return Err(refusal(answer));
    }
    let length = match kind {
        1 => 4,
        3 => usize::from(receive::<1>(stream).await?[0]),
        4 => 16,
        _ => return Err(Halt::new(FailureKind::MalformedReply, "the answer names an address of no known kind")),
    };
    let mut bound = vec![0; length + 2]; // the proxy's own end of the tunnel, and its port
    stream.read_exact(&mut bound).await.map_err(|error| dial::halt(&error))?;
    Ok(())
}

/// RFC 1928, section 4: an address as an address, a name as a name.
fn request(host: &str, port: u16) -> Result<Vec<u8>, Halt> {
    let place = match host.parse() {
        Ok(IpAddr::V4(address)) => [&[1][..], &address.octets()].concat(),
        Ok(IpAddr::V6(address)) => [&[4][..], &address.octets()].concat(),
        Err(_) => {
            let length = u8::try_from(host.len()).map_err(|_| rejected("the name is longer than SOCKS 5 carries"))?;
            [&[3, length], host.as_bytes()].concat()
        }
    };
    Ok([&[VERSION, CONNECT, 0][..], &place, &port.to_be_bytes()].concat())
}

/// RFC 1928, section 6.
fn refusal(answer: u8) -> Halt {
    let words = match answer {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "TTL expired",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "an unassigned code",
    };
    rejected(&format!("the SOCKS proxy refuses the tunnel: {words} ({answer})"))
}

fn rejected(words: &str) -> Halt {
    Halt::new(FailureKind::Rejected, words)
}

async fn send(stream: &mut Box<dyn Stream>, bytes: &[u8]) -> Result<(), Halt> {
    stream.write_all(bytes).await.map_err(|error| dial::halt(&error))
}

async fn receive<const COUNT: usize>(stream: &mut Box<dyn Stream>) -> Result<[u8; COUNT], Halt> {
    let mut bytes = [0; COUNT];
    stream.read_exact(&mut bytes).await.map_err(|error| dial::halt(&error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::duplex;

    use super::*;
    use crate::net::limit::for_tests;

    /// Plays a proxy that hears each of these and answers with the other, and gives what came of the tunnel.
    async fn through(setting: &str, turns: Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), Halt> {
        let (ours, mut theirs) = duplex(1024);
        let peer = tokio::spawn(async move {
            for (expected, answer) in turns {
                let mut heard = vec![0; expected.len()];
                theirs.read_exact(&mut heard).await.unwrap();
                assert_eq!(heard, expected);
                theirs.write_all(&answer).await.unwrap();
            }
            theirs
        });
        let proxy = Proxy::read(setting, "--proxy").unwrap();
        let went = tunnel(Box::new(ours), &proxy, "mail.test", 993, &for_tests(Duration::from_millis(300))).await;
        if went.is_ok() {
            peer.await.unwrap();
        }
        went.map(|_| ())
    }

    fn ask() -> Vec<u8> {
        [&[5, 1, 0, 3, 9][..], b"mail.test", &[3, 0xe1]].concat()
    }

    #[tokio::test]
    async fn tunnel_without_and_with_a_password() {
        let bound = vec![5, 0, 0, 1, 10, 0, 0, 1, 4, 56];
        let plain = vec![(vec![5, 1, 0], vec![5, 0]), (ask(), bound.clone())];
        assert_eq!(through("socks5://proxy.test", plain).await, Ok(()));
        let named = vec![5, 0, 0, 3, 2, b'a', b'b', 4, 56];
        let login = [&[1, 1][..], b"u", &[4], b"p@ss"].concat();
        let signed_in = vec![(vec![5, 2, 0, 2], vec![5, 2]), (login.clone(), vec![1, 0]), (ask(), named)];
        assert_eq!(through("socks5://u:p@ss@proxy.test", signed_in).await, Ok(()));
        let refused = vec![(vec![5, 2, 0, 2], vec![5, 2]), (login, vec![1, 1])];
        let halt = through("socks5://u:p@ss@proxy.test", refused).await.unwrap_err();
        assert_eq!(halt.kind, FailureKind::Rejected);
        assert!(!halt.words.contains("p@ss"));
    }

    #[tokio::test]
    async fn refusals_are_told_apart() {
        let refused = |answer: u8| vec![(vec![5, 1, 0], vec![5, 0]), (ask(), vec![5, answer, 0, 1])];
        let halt = through("socks5://proxy.test", refused(2)).await.unwrap_err();
        assert_eq!(halt, rejected("the SOCKS proxy refuses the tunnel: not allowed by its rules (2)"));
        let wants = vec![(vec![5, 1, 0], vec![5, 0xff])];
        assert!(through("socks5://proxy.test", wants).await.unwrap_err().words.contains("wants a user"));
        let web = vec![(vec![5, 1, 0], b"HTTP/1.1 400".to_vec())];
        assert_eq!(through("socks5://proxy.test", web).await.unwrap_err().kind, FailureKind::MalformedReply);
        let silent = vec![(vec![5, 1, 0], Vec::new()), (vec![9], Vec::new())];
        let halt = through("socks5://proxy.test", silent).await.unwrap_err();
        assert!(halt.kind == FailureKind::TimedOut && halt.words.contains("accepted the connection"), "{halt:?}");
    }
}
