//! The proxy of the site: tunnels to web services (RFC 9110, section 9.3.6) and to nothing else, as proxies are set up.

use std::{collections::BTreeMap, time::Duration};

use tokio::{net::TcpStream, time::timeout};

use super::{
    connection::{Connection, Hangup},
    fault::{Answer, Moment},
    http, https,
};

/// The only port that tunnels lead to.
const WEB: u16 = 443;
/// How long a server may take to accept.
const PATIENCE: Duration = Duration::from_secs(5);

/// Answers one request and then only passes bytes on.
pub(super) async fn serve(connection: &mut Connection) -> Result<(), Hangup> {
    let Some(request) = https::read(connection).await? else { return refuse(connection, 400).await };
    if request.method != "CONNECT" {
        return refuse(connection, 405).await;
    }
    let Some((host, port)) = request.path.rsplit_once(':') else { return refuse(connection, 400).await };
    if port.parse() != Ok(WEB) {
        return refuse(connection, 403).await;
    }
    if !connection.endpoint.agrees(Moment::Tunnel) {
        connection.reply(Moment::Tunnel, "").await?;
        return Err(Hangup);
    }
    let Some(server) = reach(connection, host).await else { return refuse(connection, 503).await };
    connection.reply(Moment::Tunnel, "HTTP/1.1 200 Connection established\r\n\r\n").await?;
    connection.join(server).await
}

async fn reach(connection: &Connection, host: &str) -> Option<TcpStream> {
    let ends = connection.cloud.tunnels.get()?;
    let end = ends.iter().find(|end| end.port == WEB && end.host.eq_ignore_ascii_case(host))?;
    timeout(PATIENCE, TcpStream::connect(end.to)).await.ok()?.ok()
}

async fn refuse(connection: &mut Connection, status: u16) -> Result<(), Hangup> {
    let answer = Answer { status, headers: BTreeMap::new(), body: String::new() };
    let text = http::render(&answer, connection.now());
    connection.say(&text).await?;
    Err(Hangup)
}
