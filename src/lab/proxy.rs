//! The proxy of the site: tunnels to web services (RFC 9110, section 9.3.6) and to nothing else, as proxies are set up.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use tokio::{net::TcpStream, time::timeout};

use super::{
    fault::{Answer, Moment},
    https,
    talk::{Over, Talk},
};

/// The only port that tunnels lead to.
const WEB: u16 = 443;
/// How long a server may take to accept.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a tunnel to a name and port ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// The name.
    pub host: &'static str,
    /// The port.
    pub port: u16,
    /// The port on loopback that stands for it.
    pub to: SocketAddr,
}

/// Answers one request and then only passes bytes on.
pub(super) async fn serve(talk: &mut Talk) -> Result<(), Over> {
    let Some(request) = https::read(talk).await? else { return refuse(talk, 400).await };
    if request.method != "CONNECT" {
        return refuse(talk, 405).await;
    }
    let Some((host, port)) = request.path.rsplit_once(':') else { return refuse(talk, 400).await };
    if port.parse() != Ok(WEB) {
        return refuse(talk, 403).await;
    }
    if !talk.endpoint.agrees(Moment::Tunnel) {
        talk.reply(Moment::Tunnel, "").await?;
        return Err(Over);
    }
    let Some(server) = reach(talk, host).await else { return refuse(talk, 503).await };
    talk.reply(Moment::Tunnel, "HTTP/1.1 200 Connection established\r\n\r\n").await?;
    talk.join(server).await
}

async fn reach(talk: &Talk, host: &str) -> Option<TcpStream> {
    let ends = talk.cloud.tunnels.get()?;
    let end = ends.iter().find(|end| end.port == WEB && end.host.eq_ignore_ascii_case(host))?;
    timeout(PATIENCE, TcpStream::connect(end.to)).await.ok()?.ok()
}

async fn refuse(talk: &mut Talk, status: u16) -> Result<(), Over> {
    let answer = Answer { status, headers: BTreeMap::new(), body: String::new() };
    let text = https::render(&answer, talk.now());
    talk.say(&text).await?;
    Err(Over)
}
