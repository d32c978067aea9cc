//! Doors on loopback: one for each public address and port.
//!
//! An open door accepts and serves; a refusing one is a port that is held and not listened on; a dropping one is a
//! listener whose queue is full. The last works on Linux, which leaves further SYNs unanswered; a system that resets
//! them, as Windows does, shows a refused connection in place of a dropped one.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use rustls::ServerConfig;
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    sync::Semaphore,
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    connection::{Connection, Hangup},
    counters::Gauge,
    exchange::Cloud,
    fault::{Door, Moment},
    hosts::Service,
    https, imap, pop3, proxy, smtp,
    topology::Endpoint,
};

const BACKLOG: u32 = 256;
/// How long a door that cannot accept waits before it tries again.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest that one conversation may take.
const LONGEST: Duration = Duration::from_mins(10);

/// A door that is held, and what must be kept so that it stays as it is.
#[derive(Debug)]
pub(super) enum Held {
    /// Accepts.
    Open(TcpListener),
    /// Refuses.
    Refusing {
        /// Bound, never listened on.
        _socket: TcpSocket,
    },
    /// Drops.
    Full {
        /// Never accepted on.
        _listener: TcpListener,
        /// Fills its queue.
        _filling: TcpStream,
    },
}

/// Takes a free port on loopback and gives it a door.
///
/// # Errors
/// When the system gives no port.
pub(super) async fn hold(door: Door) -> io::Result<(SocketAddr, Held)> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    let address = socket.local_addr()?;
    let held = match door {
        Door::Open => Held::Open(socket.listen(BACKLOG)?),
        Door::Refused => Held::Refusing { _socket: socket },
        Door::Dropped => {
            let listener = socket.listen(0)?;
            Held::Full { _filling: TcpStream::connect(address).await?, _listener: listener }
        }
    };
    Ok((address, held))
}

/// All that a server needs to know.
pub(super) struct Server {
    pub endpoint: Arc<Endpoint>,
    pub config: Arc<ServerConfig>,
    pub cloud: Arc<Cloud>,
    pub latency: Duration,
    /// The connections that all servers of the lab may have open together.
    pub open: Arc<Semaphore>,
}

/// Accepts and serves until it is dropped.
pub(super) async fn serve(listener: TcpListener, server: Server) {
    let mut clients = JoinSet::new();
    loop {
        while clients.try_join_next().is_some() {}
        let Ok(index) = server.open.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await; // out of descriptors, most likely
            continue;
        };
        let counters = &server.cloud.counters;
        counters.connection(server.endpoint.address);
        let presence = counters.enter(Gauge::Host(server.endpoint.host.name));
        let connection = server.connection(stream);
        clients.spawn(async move {
            let _kept = (index, presence);
            let _ = timeout(LONGEST, converse(connection)).await;
        });
    }
}

impl Server {
    fn connection(&self, stream: TcpStream) -> Connection {
        let _ = stream.set_nodelay(true);
        Connection::new(self.endpoint.clone(), self.cloud.clone(), self.config.clone(), stream, self.latency)
    }
}

async fn converse(mut connection: Connection) {
    let _ = speak(&mut connection).await;
    connection.finish().await;
}

async fn speak(connection: &mut Connection) -> Result<(), Hangup> {
    connection.reply(Moment::Connect, "").await?;
    match connection.endpoint.service {
        Service::Login | Service::Outlook | Service::Ece | Service::Graph | Service::Scim | Service::WebexLogin => {
            https::serve(connection).await
        }
        Service::Smtp => smtp::serve(connection).await,
        Service::Imap => imap::serve(connection).await,
        Service::Pop3 => pop3::serve(connection).await,
        Service::Proxy => proxy::serve(connection).await,
    }
}
