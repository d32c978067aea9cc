//! Opens TCP connections, one address each, and names what the operating system says when it cannot.
//!
//! In: an address and the limits of the run. Out: a connection, or a [`Halt`] in the operating system's words.

use std::{
    io::{self, ErrorKind},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
};

use tokio::net::TcpStream;

use super::{Halt, Limits};
use crate::{evidence::FailureKind, files};

/// Opens a connection to one address. Small writes leave at once (`TCP_NODELAY`).
///
/// # Errors
/// What the operating system or a limit says, see [`halt`].
pub async fn open(address: SocketAddr, limits: &Limits) -> Result<TcpStream, Halt> {
    let stream = limits.step(TcpStream::connect(address)).await?.map_err(|error| halt(&error))?;
    stream.set_nodelay(true).map_err(|error| halt(&error))?;
    Ok(stream)
}

/// The address of this host that a connection to `to` would leave from; none when there is no route to it. Connecting a
/// UDP socket asks the routing table and sends no packet.
#[must_use]
pub fn source_address(to: SocketAddr) -> Option<IpAddr> {
    let any = match to {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(to).ok()?;
    let source = socket.local_addr().ok()?.ip();
    (!source.is_unspecified()).then_some(source)
}

/// Names an error of the operating system.
#[must_use]
pub fn halt(error: &io::Error) -> Halt {
    Halt::new(kind(error), words(error))
}

fn kind(error: &io::Error) -> FailureKind {
    match error.kind() {
        ErrorKind::ConnectionRefused => FailureKind::Refused,
        ErrorKind::TimedOut => FailureKind::TimedOut,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => FailureKind::Reset,
        ErrorKind::UnexpectedEof | ErrorKind::WriteZero | ErrorKind::NotConnected => FailureKind::Closed,
        ErrorKind::PermissionDenied => FailureKind::LocallyBlocked, // EACCES, EPERM, WSAEACCES
        ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable | ErrorKind::AddrNotAvailable => {
            FailureKind::Unreachable
        }
        _ if error.raw_os_error().is_none() => FailureKind::MalformedReply, // a library complains of what was received
        _ => FailureKind::Unreachable, // no network, no route, no address of that family, no socket left
    }
}

/// Windows forbids a connection: a rule of its firewall, or endpoint protection (`WSAEACCES`).
const FORBIDDEN_BY_WINDOWS: i32 = 10_013;

/// The operating system's sentence without Rust's "(os error 111)", which says nothing to a reader.
fn words(error: &io::Error) -> String {
    if error.raw_os_error() == Some(FORBIDDEN_BY_WINDOWS) {
        return "Windows forbids it by its access permissions (WSAEACCES)".to_owned(); // it has its own sentence in each language
    }
    if error.kind() == ErrorKind::UnexpectedEof && error.get_ref().is_some() {
        return String::new(); // the kind says it; the libraries add advice to programmers
    }
    files::without_numbers(&error.to_string()).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::net::limit::for_tests;

    #[tokio::test]
    async fn nobody_listens() {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let halt = open(closed, &for_tests(Duration::from_secs(5))).await.unwrap_err();
        assert_eq!(halt.kind, FailureKind::Refused);
        assert!(!halt.words.contains("os error"), "{}", halt.words);
    }

    #[test]
    fn errors_of_the_system_are_kept_apart() {
        for (error, kind) in [
            (ErrorKind::TimedOut, FailureKind::TimedOut),
            (ErrorKind::ConnectionReset, FailureKind::Reset),
            (ErrorKind::NetworkUnreachable, FailureKind::Unreachable),
            (ErrorKind::HostUnreachable, FailureKind::Unreachable),
            (ErrorKind::AddrNotAvailable, FailureKind::Unreachable),
            (ErrorKind::PermissionDenied, FailureKind::LocallyBlocked),
            (ErrorKind::InvalidData, FailureKind::MalformedReply),
            (ErrorKind::InvalidInput, FailureKind::MalformedReply),
        ] {
            assert_eq!(halt(&io::Error::from(error)).kind, kind, "{error}");
        }
        let invalid_argument = 22; // EINVAL: an address that no connection can be made to
        assert_eq!(halt(&io::Error::from_raw_os_error(invalid_argument)).kind, FailureKind::Unreachable);
        let advice = "peer closed connection without sending TLS close_notify: https://docs.rs/rustls";
        let closed = halt(&io::Error::new(ErrorKind::UnexpectedEof, advice));
        assert_eq!((closed.kind, closed.words.as_str()), (FailureKind::Closed, ""));
    }

    #[test]
    fn loopback_leaves_from_loopback() {
        assert_eq!(source_address(([127, 0, 0, 1], 443).into()), Some(Ipv4Addr::LOCALHOST.into()));
    }
}
