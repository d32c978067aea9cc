//! Answers of a DNS server: a server on loopback sends any bytes behind the query's number; the lookup ends in time.
#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use ece_check::net::{Family, Limits, dns::Resolver};
use libfuzzer_sys::fuzz_target;
use tokio::{net::UdpSocket, runtime::Runtime, sync::watch};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("threads"));

/// How long a lookup of one server may take.
const STEP: Duration = Duration::from_millis(200);

fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.to_vec();
    RUNTIME.block_on(async move {
        let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
        let server = socket.local_addr().expect("an address");
        let answering = tokio::spawn(async move {
            let mut query = [0; 512];
            while let Ok((_, client)) = socket.recv_from(&mut query).await {
                let _ = socket.send_to(&[&query[..2], &bytes[..]].concat(), client).await;
            }
        });
        let (_stop, interrupted) = watch::channel(false);
        let limits = Limits::new(STEP, tokio::time::Instant::now() + STEP * 10, interrupted);
        let began = Instant::now();
        let _ = Resolver::with_servers(vec![server]).lookup("www.example.com", Family::V4, &limits).await;
        assert!(began.elapsed() < STEP * 12, "the lookup has no end");
        answering.abort();
    });
});
