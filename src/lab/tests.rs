//! The lab is spoken to with raw sockets and with a TLS client made here; nothing of the program's own client is used.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    time::{Duration, Instant},
};

use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, RCODE, TYPE, rdata::RData};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::*;

mod assertion;
mod directory;
mod sign_in;

/// The causes that the lab must be able to show.
const REQUIRED: &[&str] = &[
    "account-disabled",
    "account-flagged-abuse",
    "account-locked",
    "app-disabled-in-tenant",
    "app-not-found-in-tenant",
    "app-permissions-missing",
    "application-refused-for-some-accounts",
    "cert-chain-incomplete",
    "cert-expired",
    "cert-name-mismatch",
    "cert-not-yet-valid",
    "cert-self-signed",
    "client-certificate-invalid",
    "client-clock-skew",
    "client-request-loop",
    "client-secret-expired",
    "client-secret-invalid",
    "client-secret-missing",
    "concurrent-connections",
    "conditional-access-blocked",
    "connection-closed-at-once",
    "connection-reset-by-middlebox",
    "consent-missing",
    "delivery-not-found",
    "device-not-compliant",
    "discovery-wrong-tenant",
    "dns-alias-loop",
    "dns-answer-cut",
    "dns-answer-malformed",
    "dns-answer-refused",
    "dns-family-unanswered",
    "dns-name-unanswered",
    "dns-no-address",
    "dns-nxdomain",
    "dns-over-tcp-blocked",
    "dns-private-answer",
    "dns-resolver-unreachable",
    "dns-server-error",
    "dns-servfail",
    "dns-sinkhole",
    "dns-synthetic-answer",
    "dns-unpublished-address",
    "ece-web-error",
    "ece-web-unreachable",
    "ehlo-name-rejected",
    "exchange-service-principal-missing",
    "http-block-page",
    "imap-disabled-for-mailbox",
    "imap-xoauth2-not-offered",
    "login-block-page",
    "login-page-not-found",
    "login-unexpected-response",
    "mailbox-in-use",
    "mailbox-not-found",
    "mfa-required",
    "microsoft-service-error",
    "no-exchange-licence",
    "no-full-access-to-mailbox",
    "no-greeting",
    "not-microsoft-server",
    "plain-text-on-tls-port",
    "pop-disabled-for-mailbox",
    "pop3-token-line-too-long",
    "pop3-xoauth2-not-offered",
    "port-blocked",
    "port-refused",
    "proxy-auth-required",
    "proxy-cannot-connect",
    "proxy-denied",
    "proxy-host-wrong",
    "proxy-not-a-proxy",
    "proxy-silent",
    "proxy-tunnel-closed",
    "proxy-unreachable",
    "public-client-with-secret",
    "redirect-uri-registered-as-spa",
    "refresh-token-expired",
    "refresh-token-malformed",
    "refresh-token-revoked",
    "resource-disabled-in-tenant",
    "resource-not-in-tenant",
    "scope-multiple-resources",
    "security-defaults-blocked",
    "send-as-denied",
    "sender-ip-or-tenant-throttled",
    "sender-not-of-mailbox",
    "sender-restricted-for-spam",
    "sending-limit-exceeded",
    "server-rejects-connection",
    "server-reply-malformed",
    "session-ended-early",
    "sign-in-blocked-by-ip",
    "sign-in-frequency-expired",
    "sign-in-not-kept",
    "signs-in-as-differs",
    "smtp-auth-disabled-mailbox",
    "smtp-auth-disabled-tenant",
    "smtp-relayed-with-old-tls",
    "smtp-user-must-be-token-owner",
    "smtp-xoauth2-not-offered",
    "some-addresses-blocked",
    "some-addresses-refused",
    "some-addresses-without-xoauth2",
    "starttls-injection",
    "starttls-not-offered",
    "starttls-refused",
    "temporary-server-error",
    "tenant-not-found",
    "tenant-sending-blocked",
    "throttled",
    "tls-handshake-refused",
    "tls-intercepted",
    "tls-old-version-only",
    "tls-on-starttls-port",
    "token-expired",
    "token-for-another-cloud",
    "token-lifetime-policy",
    "token-not-yet-valid",
    "token-user-mismatch",
    "token-wrong-audience",
    "token-wrong-scope",
    "trust-store-incomplete",
    "user-not-assigned-to-app",
    "user-not-found",
    "user-principal-name-differs",
    "wrong-account-or-tenant",
];

async fn lab(faults: &[&str]) -> Lab {
    lab_with(faults, Duration::ZERO).await
}

async fn lab_with(faults: &[&str], latency: Duration) -> Lab {
    let faults = faults.iter().map(ToString::to_string).collect();
    Lab::start(&Settings { faults, latency, ..Settings::default() }).await.expect("the lab starts")
}

/// The loopback ports that stand for a port of a name, in the order of its addresses.
fn doors(lab: &Lab, host: &str, port: u16) -> Vec<SocketAddr> {
    let host = hosts::HOSTS.iter().find(|known| known.name == host).expect("a name of the lab");
    let of_host = |address: IpAddr| host.addresses.iter().any(|known| known.parse() == Ok(address));
    let connections = lab.connections.iter().filter(|one| one.address.port() == port && of_host(one.address.ip()));
    connections.map(|one| one.to).collect()
}

fn door(lab: &Lab, host: &str, port: u16) -> SocketAddr {
    doors(lab, host, port)[0]
}

async fn connect(lab: &Lab, host: &str, port: u16) -> TcpStream {
    TcpStream::connect(door(lab, host, port)).await.expect("connects")
}

async fn encrypt(lab: &Lab, host: &str, plain: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(lab.ca_pem().as_bytes()) {
        roots.add(root.expect("PEM")).expect("a root");
    }
    let config = ClientConfig::builder_with_provider(ring::default_provider().into())
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, plain).await
}

async fn open_tls(lab: &Lab, host: &str, port: u16) -> std::io::Result<TlsStream<TcpStream>> {
    encrypt(lab, host, connect(lab, host, port).await).await
}

/// Reads until the text has come.
async fn until(stream: &mut (impl AsyncRead + Unpin), end: &str) -> String {
    let mut text = Vec::new();
    while !String::from_utf8_lossy(&text).contains(end) {
        let mut chunk = [0; 4096];
        let reading = timeout(Duration::from_secs(10), stream.read(&mut chunk));
        let count = reading.await.expect("in time").expect("readable");
        assert!(count > 0, "ended before {end:?}: {}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&chunk[..count]);
    }
    String::from_utf8_lossy(&text).into_owned()
}

async fn ask(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), line: &str, end: &str) -> String {
    stream.write_all(format!("{line}\r\n").as_bytes()).await.expect("writable");
    until(stream, end).await
}

async fn fetch(lab: &Lab, host: &str, request: &str) -> String {
    let mut stream = open_tls(lab, host, 443).await.expect("TLS");
    let whole = format!("{request}\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(whole.as_bytes()).await.expect("writable");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("readable");
    answer
}

#[tokio::test]
async fn the_last_answer_of_a_connection_says_that_it_is_the_last() {
    let lab = Lab::start(&Settings::default()).await.expect("a lab");
    let mut stream = open_tls(&lab, "outlook.office365.com", 443).await.expect("TLS");
    let request = "GET /none HTTP/1.1\r\nHost: outlook.office365.com\r\n\r\n".repeat(100);
    stream.write_all(request.as_bytes()).await.expect("writable");
    let mut answers = String::new();
    stream.read_to_string(&mut answers).await.expect("closed in good order");
    let answers: Vec<&str> = answers.split("HTTP/1.1 ").skip(1).collect();
    assert_eq!(answers.len(), 100);
    let told: Vec<bool> = answers.iter().map(|answer| answer.contains("Connection: close\r\n")).collect();
    assert_eq!(told.iter().position(|last| *last), Some(99), "{told:?}");
}

fn question(name: &str, kind: TYPE) -> Vec<u8> {
    let mut query = Packet::new_query(7);
    query.set_flags(PacketFlag::RECURSION_DESIRED);
    let name = Name::new(name).expect("a name");
    query.questions.push(Question::new(name, QTYPE::TYPE(kind), QCLASS::CLASS(CLASS::IN), false));
    query.build_bytes_vec().expect("a query")
}

async fn look_up(lab: &Lab, name: &str, kind: TYPE) -> Option<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.expect("a port");
    socket.send_to(&question(name, kind), lab.dns_server()).await.expect("sent");
    let mut answer = vec![0; 4096];
    let count = timeout(Duration::from_millis(300), socket.recv(&mut answer)).await.ok()?.ok()?;
    answer.truncate(count);
    Some(answer)
}

fn addresses(answer: &[u8]) -> Vec<IpAddr> {
    let packet = Packet::parse(answer).expect("an answer");
    let address = |data: &RData<'_>| match data {
        RData::A(a) => Some(IpAddr::V4(a.address.into())),
        RData::AAAA(aaaa) => Some(IpAddr::V6(aaaa.address.into())),
        _ => None,
    };
    packet.answers.iter().filter_map(|record| address(&record.rdata)).collect()
}

#[test]
fn every_fault_is_read_and_says_what_should_come_of_it() {
    for fault in faults() {
        assert!(fault.check.contains('.'), "{}: {}", fault.name, fault.check);
        assert!(["pass", "warn", "fail"].contains(&fault.status.as_str()), "{}: {}", fault.name, fault.status);
        assert_eq!(fault.exit_code == 1, fault.status == "fail", "{}", fault.name);
        assert!(!fault.title.is_empty() && !fault.title.ends_with('.'), "{}", fault.name);
    }
}

#[test]
fn every_cause_has_a_fault_of_its_own_name() {
    let infos = faults();
    let causes: BTreeSet<_> = infos.iter().map(|fault| fault.cause.as_str()).collect();
    let plain: BTreeSet<_> = infos.iter().map(|fault| fault.name.as_str()).filter(|name| !name.contains('.')).collect();
    assert_eq!(causes, plain);
    assert_eq!(plain.into_iter().collect::<Vec<_>>(), REQUIRED);
}

#[test]
fn no_two_faults_have_the_same_title() {
    let titles: Vec<_> = faults().into_iter().map(|fault| fault.title).collect();
    assert_eq!(titles.iter().collect::<BTreeSet<_>>().len(), titles.len());
}

#[test]
fn every_step_can_be_done_as_written() {
    for name in fault::names() {
        let fault = fault::load(name).expect("listed").expect("read");
        let steps = fault.changes.iter().flat_map(|change| &change.steps);
        let hex = steps.clone().filter_map(|step| if let fault::Step::Hex(hex) = step { Some(hex) } else { None });
        for hex in hex.chain(fault.changes.iter().filter_map(|change| change.dns.as_ref()?.hex.as_ref())) {
            let digits = hex.chars().filter(|letter| !letter.is_whitespace()).count();
            assert_eq!(fault::bytes(hex).len() * 2, digits, "{name}: {hex}");
        }
        for text in steps.filter_map(|step| if let fault::Step::Send(text) = step { Some(text) } else { None }) {
            let known =
                ["{tag}", "{date}", "{machine}"].iter().fold(text.clone(), |text, known| text.replace(known, ""));
            assert!(!known.contains('{'), "{name}: {text}");
        }
    }
}

#[test]
fn every_change_is_made_somewhere() {
    for name in fault::names() {
        let fault = fault::load(name).expect("listed").expect("read");
        for change in &fault.changes {
            let known = |name: &String| hosts::HOSTS.iter().chain([&hosts::PROXY]).any(|host| host.name == *name);
            assert!(change.names.iter().all(known), "{name}: {:?}", change.names);
            assert_eq!(change.at.is_empty(), change.steps.is_empty(), "{name}");
        }
        let usual = Settings::default();
        let topology =
            topology::build(std::slice::from_ref(&fault), &usual).expect("one fault does not contradict itself");
        let healthy = topology::build(&[], &usual).expect("healthy");
        let touched = format!("{:?}", topology.endpoints) != format!("{:?}", healthy.endpoints)
            || format!("{:?}", topology.tenant) != format!("{:?}", healthy.tenant);
        assert!(touched || fault.changes.iter().any(|change| change.dns.is_some()), "{name} changes nothing");
    }
}

#[tokio::test]
async fn every_fault_starts() {
    for name in fault::names() {
        let lab = lab(&[name]).await;
        assert!(!lab.connections().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn an_unknown_fault_is_answered_with_the_nearest_names() {
    let settings = Settings { faults: vec!["cert-expird".into()], ..Settings::default() };
    let Err(Error::UnknownFault { nearest, .. }) = Lab::start(&settings).await else { panic!("it must be unknown") };
    assert_eq!(nearest[0], "cert-expired");
    let settings = Settings { faults: vec!["qqqq".into()], ..Settings::default() };
    let error = Lab::start(&settings).await.expect_err("unknown").to_string();
    assert_eq!(error, "unknown fault \"qqqq\" (see: ece-check lab --list)");
}

#[tokio::test]
async fn two_faults_at_one_place_contradict_each_other() {
    let both =
        |first: &str, second: &str| Settings { faults: vec![first.into(), second.into()], ..Settings::default() };
    let error = Lab::start(&both("port-blocked", "port-refused.smtp")).await.expect_err("a contradiction");
    assert!(matches!(error, Error::Contradiction { .. }), "{error}");
    assert!(Lab::start(&both("port-blocked", "port-refused")).await.is_ok());
    assert!(Lab::start(&both("port-blocked", "port-blocked")).await.is_ok());
}

fn is_of_microsoft(service: hosts::Service) -> bool {
    use hosts::Service::{Ece, Proxy, Scim, WebexLogin};
    ![Ece, Proxy, Scim, WebexLogin].contains(&service)
}

#[tokio::test]
async fn every_public_address_has_a_port_of_its_own_and_lies_in_a_published_range() {
    let lab = lab(&[]).await;
    let ports: BTreeSet<_> = lab.connections().iter().map(|one| one.to).collect();
    assert_eq!(ports.len(), lab.connections().len());
    assert!(ports.iter().all(|port| port.ip().is_loopback()));
    let exchange = ["40.96.0.0/13", "52.96.0.0/14", "2603:1026::/36"];
    let login = ["20.190.128.0/18", "40.126.0.0/18", "2603:1026:3000::/48", "2603:1036:3000::/48", "2603:1027:1::/48"];
    let login = [&login[..], &["2603:1037:1::/48"]].concat();
    for host in hosts::HOSTS.iter().filter(|host| host.services.iter().any(|(_, service)| is_of_microsoft(*service))) {
        let ranges =
            if host.name.starts_with("login") || host.name.starts_with("graph") { &login[..] } else { &exchange[..] };
        for address in host.addresses {
            let address: IpAddr = address.parse().expect("an address");
            let inside = |range: &&str| range.parse::<ipnet::IpNet>().expect("a range").contains(&address);
            assert!(ranges.iter().any(inside), "{address} of {}", host.name);
        }
    }
}

#[tokio::test]
async fn the_resolver_gives_the_alias_chain_and_all_addresses() {
    let lab = lab(&[]).await;
    let answer = look_up(&lab, "Outlook.Office365.com", TYPE::A).await.expect("an answer");
    let packet = Packet::parse(&answer).expect("an answer");
    assert_eq!((packet.id(), packet.rcode(), packet.answers.len()), (7, RCODE::NoError, 3 + 4));
    assert_eq!(addresses(&answer)[0].to_string(), "52.98.241.162");
    let answer = look_up(&lab, "outlook.office365.com", TYPE::AAAA).await.expect("an answer");
    assert_eq!(addresses(&answer).len(), 4);
    let answer = look_up(&lab, "outlook.office365.com", TYPE::CNAME).await.expect("an answer");
    assert_eq!(Packet::parse(&answer).expect("an answer").answers.len(), 1);
    let answer = look_up(&lab, "nowhere.example.com", TYPE::A).await.expect("an answer");
    assert_eq!(Packet::parse(&answer).expect("an answer").rcode(), RCODE::NameError);
}

#[tokio::test]
async fn the_resolver_answers_over_tcp_too() {
    let lab = lab(&[]).await;
    let mut stream = TcpStream::connect(lab.dns_server()).await.expect("connects");
    let question = question("smtp.office365.com", TYPE::A);
    stream.write_u16(u16::try_from(question.len()).expect("short")).await.expect("writable");
    stream.write_all(&question).await.expect("writable");
    let mut answer = vec![0; stream.read_u16().await.expect("a length").into()];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(addresses(&answer).len(), 2);
}

#[tokio::test]
async fn resolver_faults_look_as_they_do_on_the_wire() {
    for (fault, code) in [
        ("dns-nxdomain", RCODE::NameError),
        ("dns-servfail", RCODE::ServerFailure),
        ("dns-answer-refused", RCODE::Refused),
        ("dns-no-address", RCODE::NoError),
    ] {
        let lab = lab(&[fault]).await;
        let answer = look_up(&lab, "outlook.office365.com", TYPE::A).await.expect("an answer");
        let packet = Packet::parse(&answer).expect("an answer");
        assert_eq!((packet.rcode(), packet.answers.len()), (code, 0), "{fault}");
    }
    assert!(look_up(&lab(&["dns-resolver-unreachable"]).await, "outlook.office365.com", TYPE::A).await.is_none());
    let answer = look_up(&lab(&["dns-sinkhole"]).await, "outlook.office365.com", TYPE::A).await.expect("an answer");
    assert_eq!(addresses(&answer), ["0.0.0.0".parse::<IpAddr>().expect("an address")]);
    let answer = look_up(&lab(&["dns-alias-loop"]).await, "ooc-g2.tm-4.office.com", TYPE::A).await.expect("an answer");
    assert_eq!(Packet::parse(&answer).expect("an answer").answers.len(), 1);
    let answer = look_up(&lab(&["dns-answer-malformed.foreign-answers"]).await, "smtp.office365.com", TYPE::A).await;
    assert_ne!(Packet::parse(&answer.expect("an answer")).expect("an answer").id(), 7);
}

#[tokio::test]
async fn smtp_speaks_as_exchange_online_does() {
    let lab = lab(&[]).await;
    let mut plain = connect(&lab, "smtp.office365.com", 587).await;
    assert!(
        until(&mut plain, "\r\n").await.starts_with("220 XX0PR00CA0002.outlook.office365.com Microsoft ESMTP MAIL")
    );
    let offered = ask(&mut plain, "EHLO ece.example.com", "250 SMTPUTF8\r\n").await;
    assert!(offered.contains("250-STARTTLS\r\n") && !offered.contains("AUTH"), "{offered}");
    assert_eq!(ask(&mut plain, "STARTTLS", "\r\n").await, "220 2.0.0 SMTP server ready\r\n");
    let mut stream = encrypt(&lab, "smtp.office365.com", plain).await.expect("TLS");
    let offered = ask(&mut stream, "EHLO ece.example.com", "250 SMTPUTF8\r\n").await;
    assert!(offered.contains("250-AUTH LOGIN XOAUTH2\r\n") && !offered.contains("STARTTLS"), "{offered}");
    assert!(ask(&mut stream, "AUTH XOAUTH2 dXNlcj0=", "\r\n").await.starts_with("535 5.7.3 "));
    assert!(ask(&mut stream, "MAIL FROM:<a@example.com>", "\r\n").await.starts_with("530 5.7.57 "));
    assert!(ask(&mut stream, "QUIT", "\r\n").await.starts_with("221 "));
    assert!(lab.counts().changing.is_empty());
}

#[tokio::test]
async fn imap_speaks_as_exchange_online_does() {
    let lab = lab(&[]).await;
    let mut stream = open_tls(&lab, "outlook.office365.com", 993).await.expect("TLS");
    let greeting = until(&mut stream, "\r\n").await;
    assert!(greeting.starts_with("* OK The Microsoft Exchange IMAP4 service is ready. [WABYADAAUABSAD"), "{greeting}");
    let offered = ask(&mut stream, "a1 CAPABILITY", "a1 OK CAPABILITY completed.\r\n").await;
    assert!(offered.contains("AUTH=XOAUTH2") && offered.contains("SASL-IR"), "{offered}");
    assert_eq!(ask(&mut stream, "a2 AUTHENTICATE XOAUTH2", "\r\n").await, "+ \r\n");
    assert_eq!(ask(&mut stream, "dXNlcj0=", "\r\n").await, "a2 NO AUTHENTICATE failed.\r\n");
    assert!(ask(&mut stream, "a3 UID STORE 1 +FLAGS (\\Seen)", "\r\n").await.starts_with("a3 BAD "));
    assert!(ask(&mut stream, "a4 LOGOUT", "a4 OK").await.starts_with("* BYE "));
    assert_eq!(lab.counts().changing, [("STORE", 1)].into());
}

#[tokio::test]
async fn pop3_speaks_as_exchange_online_does() {
    let lab = lab(&[]).await;
    let mut stream = open_tls(&lab, "outlook.office365.com", 995).await.expect("TLS");
    assert!(until(&mut stream, "\r\n").await.starts_with("+OK The Microsoft Exchange POP3 service is ready. ["));
    assert!(ask(&mut stream, "CAPA", "\r\n.\r\n").await.contains("SASL PLAIN XOAUTH2\r\n"));
    assert_eq!(ask(&mut stream, "AUTH XOAUTH2", "\r\n").await, "+ \r\n");
    assert!(ask(&mut stream, "dXNlcj0=", "\r\n").await.starts_with("-ERR Authentication failure"));
}

#[tokio::test]
async fn the_discovery_document_names_the_tenant() {
    let lab = lab(&[]).await;
    for (asked, issuer) in
        [("contoso.onmicrosoft.com", hosts::TENANT_ID), (hosts::TENANT_ID, hosts::TENANT_ID), ("common", "{tenantid}")]
    {
        let request = format!("GET /{asked}/v2.0/.well-known/openid-configuration HTTP/1.1");
        let answer = fetch(&lab, "login.microsoftonline.com", &request).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let document: serde_json::Value =
            serde_json::from_str(answer.split("\r\n\r\n").nth(1).expect("a body")).expect("JSON");
        assert_eq!(document["issuer"], format!("https://login.microsoftonline.com/{issuer}/v2.0"));
    }
    let request = "GET /fabrikam.example/v2.0/.well-known/openid-configuration HTTP/1.1";
    let answer = fetch(&lab, "login.microsoft.com", request).await;
    assert!(
        answer.starts_with("HTTP/1.1 400 ") && answer.contains("AADSTS90002: Tenant 'fabrikam.example'"),
        "{answer}"
    );
}

#[tokio::test]
async fn the_web_servers_answer() {
    let lab = lab(&[]).await;
    let answer = fetch(&lab, "outlook.office365.com", "GET / HTTP/1.1").await;
    assert!(answer.starts_with("HTTP/1.1 302 ") && answer.contains("Location: https://login.microsoftonline.com/"));
    assert!(fetch(&lab, "ece.example.com", "GET /system HTTP/1.1").await.starts_with("HTTP/1.1 200 "));
    let token = "POST /common/oauth2/v2.0/token HTTP/1.1\r\nContent-Length: 0";
    assert!(fetch(&lab, "login.microsoftonline.com", token).await.contains("AADSTS900144"));
    let head = fetch(&lab, "ece.example.com", "HEAD /system HTTP/1.1").await;
    assert!(head.ends_with("\r\n\r\n"), "{head}");
}

#[tokio::test]
async fn doors_refuse_and_drop() {
    let refused = lab(&["port-refused"]).await;
    let error = TcpStream::connect(door(&refused, "outlook.office365.com", 993)).await.expect_err("refused");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    let some = lab(&["some-addresses-refused"]).await;
    let mut open = Vec::new();
    for door in doors(&some, "outlook.office365.com", 993) {
        open.push(TcpStream::connect(door).await.is_ok());
    }
    assert_eq!(open, [false, true, true, true, true, true, true, true]);
    #[cfg(target_os = "linux")]
    {
        let dropped = lab(&["port-blocked"]).await;
        let door = door(&dropped, "smtp.office365.com", 587);
        assert!(timeout(Duration::from_millis(200), TcpStream::connect(door)).await.is_err(), "nobody must answer");
    }
}

#[tokio::test]
async fn a_reset_is_a_reset_and_a_close_is_a_close() {
    let reset = lab(&["connection-reset-by-middlebox.at-once"]).await;
    let mut stream = connect(&reset, "outlook.office365.com", 993).await;
    let error = stream.read(&mut [0; 16]).await.expect_err("reset");
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    let closed = lab(&["connection-closed-at-once"]).await;
    let mut stream = connect(&closed, "outlook.office365.com", 993).await;
    stream.write_all(b"\x16\x03\x01\x00\x02\x01\x00").await.expect("writable");
    assert_eq!(stream.read(&mut [0; 16]).await.expect("closed"), 0);
}

#[tokio::test]
async fn bad_certificates_are_bad_in_the_right_way() {
    for (fault, words) in [
        ("cert-expired", "certificate expired"),
        ("cert-expired.intermediate", "certificate expired"),
        ("cert-not-yet-valid", "certificate not valid yet"),
        ("cert-name-mismatch", "certificate not valid for name"),
        ("cert-name-mismatch.no-names", "certificate not valid for name"),
        ("cert-self-signed", "invalid peer certificate"),
        ("trust-store-incomplete", "UnknownIssuer"),
        ("cert-chain-incomplete", "UnknownIssuer"),
        ("tls-intercepted.not-trusted", "UnknownIssuer"),
        ("tls-handshake-refused", "HandshakeFailure"),
        ("tls-old-version-only", "peer is incompatible"),
        ("tls-old-version-only.alert", "ProtocolVersion"),
        ("plain-text-on-tls-port", "corrupt message"),
    ] {
        let lab = lab(&[fault]).await;
        let error = open_tls(&lab, "outlook.office365.com", 993).await.expect_err(fault).to_string();
        assert!(error.contains(words), "{fault}: {error}");
    }
}

#[tokio::test]
async fn every_door_of_the_healthy_tenant_shows_a_good_certificate() {
    let lab = lab(&[]).await;
    for host in hosts::HOSTS {
        for (port, service) in host.services {
            let doors = doors(&lab, host.name, *port);
            assert_eq!(doors.len(), host.addresses.len());
            for door in doors {
                let mut plain = TcpStream::connect(door).await.expect("connects");
                if *service == hosts::Service::Smtp {
                    until(&mut plain, "\r\n").await;
                    ask(&mut plain, "STARTTLS", "\r\n").await;
                }
                encrypt(&lab, host.name, plain).await.expect(host.name);
            }
        }
    }
}

#[tokio::test]
async fn an_inspecting_device_is_trusted_only_when_its_root_is() {
    let lab = lab(&["tls-intercepted"]).await;
    let stream = open_tls(&lab, "outlook.office365.com", 993).await.expect("trusted");
    let chain = stream.get_ref().1.peer_certificates().expect("a chain").to_vec();
    let (_, leaf) = x509_parser::parse_x509_certificate(&chain[0]).expect("a certificate");
    assert!(leaf.issuer().to_string().contains("O=Contoso Security Appliance"), "{}", leaf.issuer());
}

#[tokio::test]
async fn certificates_rotate_between_addresses() {
    let lab = lab(&[]).await;
    let mut issuers = BTreeSet::new();
    for door in doors(&lab, "login.microsoftonline.com", 443) {
        let plain = TcpStream::connect(door).await.expect("connects");
        let stream = encrypt(&lab, "login.microsoftonline.com", plain).await.expect("TLS");
        let chain = stream.get_ref().1.peer_certificates().expect("a chain").to_vec();
        assert_eq!(chain.len(), 2);
        let (_, leaf) = x509_parser::parse_x509_certificate(&chain[0]).expect("a certificate");
        issuers.insert(leaf.issuer().to_string());
    }
    assert_eq!(issuers.len(), 2, "{issuers:?}");
}

#[tokio::test]
async fn words_behind_the_starttls_answer_come_in_one_piece() {
    let lab = lab(&["starttls-injection"]).await;
    let mut plain = connect(&lab, "smtp.office365.com", 587).await;
    until(&mut plain, "\r\n").await;
    let answer = ask(&mut plain, "STARTTLS", "LOGIN\r\n").await;
    assert!(answer.starts_with("220 2.0.0 SMTP server ready\r\n250-injected"), "{answer}");
}

#[tokio::test]
async fn a_refused_starttls_leaves_the_conversation_open() {
    let lab = lab(&["starttls-refused"]).await;
    let mut plain = connect(&lab, "smtp.office365.com", 587).await;
    until(&mut plain, "\r\n").await;
    assert!(ask(&mut plain, "STARTTLS", "\r\n").await.starts_with("454 4.7.0 "));
    assert!(ask(&mut plain, "NOOP", "\r\n").await.starts_with("250 "));
}

#[tokio::test]
async fn clocks_are_off_when_they_should_be() {
    let lab = lab(&["client-clock-skew"]).await;
    let answer = fetch(&lab, "login.microsoftonline.com", "GET / HTTP/1.1").await;
    let date = answer.lines().find_map(|line| line.strip_prefix("Date: ")).expect("a date");
    let date = jiff::fmt::rfc2822::parse(date).expect("a date").timestamp();
    let ahead = date.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((590..=610).contains(&ahead), "{ahead}");
}

#[tokio::test]
async fn each_answer_comes_late_once() {
    let latency = Duration::from_millis(100);
    let lab = lab_with(&[], latency).await;
    let began = Instant::now();
    let mut plain = connect(&lab, "smtp.office365.com", 587).await;
    assert!(began.elapsed() < latency, "connecting is not delayed");
    until(&mut plain, "\r\n").await;
    assert!(began.elapsed() >= latency);
    ask(&mut plain, "EHLO ece.example.com", "250 SMTPUTF8\r\n").await;
    assert!(began.elapsed() >= latency * 2);
    ask(&mut plain, "STARTTLS", "\r\n").await;
    encrypt(&lab, "smtp.office365.com", plain).await.expect("TLS");
    assert!(began.elapsed() >= latency * 4);
    assert!(began.elapsed() < latency * 7, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_client_that_floods_ends_only_its_own_conversation() {
    let lab = lab(&[]).await;
    let mut flood = connect(&lab, "smtp.office365.com", 587).await;
    until(&mut flood, "\r\n").await;
    let chunk = [b'x'; 8192];
    for _ in 0..64 {
        if flood.write_all(&chunk).await.is_err() {
            break;
        }
    }
    let mut other = connect(&lab, "smtp.office365.com", 587).await;
    assert!(until(&mut other, "\r\n").await.starts_with("220 "));
    assert_eq!(lab.counts().connections.values().sum::<u64>(), 2);
}

#[tokio::test]
async fn dropping_the_lab_stops_everything() {
    let lab = lab(&[]).await;
    let door = door(&lab, "smtp.office365.com", 587);
    let mut open = TcpStream::connect(door).await.expect("connects");
    until(&mut open, "\r\n").await;
    drop(lab);
    assert_eq!(open.read(&mut [0; 16]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(door).await.is_err());
}

#[tokio::test]
async fn the_deployment_names_this_tenant() {
    let file: toml::Table = lab(&[]).await.deployment().parse().expect("TOML");
    let tenant = file["entra"]["tenant"].as_str().expect("a text");
    assert!(hosts::TENANT_DOMAINS.contains(&tenant));
    let url = file["ece"]["external_url"].as_str().expect("a text");
    assert!(hosts::HOSTS.iter().any(|host| url == format!("https://{}", host.name)));
    let lab = Lab::start(&Settings { graph: true, webex: true, ..Settings::default() }).await.expect("the lab starts");
    for (variable, value) in lab.secrets() {
        let is_named = lab.deployment().contains(&format!("{{ env = \"{variable}\" }}"));
        let other_form = ["ECE_CHECK_LAB_CERTIFICATE", "ECE_CHECK_LAB_WEBEX_TOKEN"].contains(&variable.as_str());
        assert!(is_named || other_form, "{variable}");
        assert!(!lab.deployment().contains(&value), "{variable}");
    }
}

#[test]
fn base64_is_that_of_the_rfc() {
    for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
        assert_eq!(base64(plain.as_bytes()), coded);
    }
}

/// What the site's proxy says to a request.
async fn asked_of_proxy(lab: &Lab, request: &str) -> (String, TcpStream) {
    let door = lab.connections.iter().find(|one| one.address.port() == 8080).expect("a proxy").to;
    let mut stream = TcpStream::connect(door).await.expect("connects");
    stream.write_all(format!("{request} HTTP/1.1\r\n\r\n").as_bytes()).await.expect("is heard");
    let mut said = Vec::new();
    while !said.ends_with(b"\r\n\r\n") {
        said.push(stream.read_u8().await.expect("an answer"));
    }
    (String::from_utf8_lossy(&said).lines().next().unwrap_or_default().to_owned(), stream)
}

#[tokio::test]
async fn proxy_of_the_site_leads_to_web_services_alone() {
    let lab = Lab::start(&Settings { proxy: true, ..Settings::default() }).await.expect("the lab starts");
    assert_eq!(lab.proxy(), Some("http://proxy.example.com:8080"));
    let (said, stream) = asked_of_proxy(&lab, "CONNECT login.microsoftonline.com:443").await;
    assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    assert!(encrypt(&lab, "login.microsoftonline.com", stream).await.is_ok());
    for (request, status) in [
        ("CONNECT outlook.office365.com:993", "403"),
        ("CONNECT elsewhere.example.com:443", "503"),
        ("CONNECT nowhere", "400"),
        ("GET http://login.microsoftonline.com/", "405"),
    ] {
        let (said, _) = asked_of_proxy(&lab, request).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{request}: {said}");
    }
    assert_eq!(lab_with(&[], Duration::ZERO).await.proxy(), None, "only where it is wanted");
}
