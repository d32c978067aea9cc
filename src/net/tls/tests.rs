//! Handshakes and verdicts, with certificates and servers made for each test.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd,
};
use rustls::{
    HandshakeKind, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
    sign::{CertifiedKey, SingleCertAndKey},
    version::TLS12,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::{
    evidence::FailureKind,
    net::{Halt, limit::for_tests, session::Stream},
};

/// Certificates for a server of the tests: its own, what it sends behind it, and the root.
pub(crate) struct Papers {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) root: CertificateDer<'static>,
    root_pem: String,
    key: Vec<u8>,
}

/// How a server's own certificate is made.
#[derive(Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) name: &'static str,
    pub(crate) from: i32,
    pub(crate) until: i32,
}

pub(crate) const GOOD: Recipe = Recipe { name: "mail.test", from: 2020, until: 2120 };

fn parameters(common_name: &str, names: &[&str], recipe: Recipe) -> CertificateParams {
    let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(recipe.from, 1, 1);
    params.not_after = date_time_ymd(recipe.until, 1, 1);
    params
}

/// Root, intermediate and own certificate; the server sends the last two.
pub(crate) fn issued(recipe: Recipe) -> Papers {
    issued_under("Lab Root", recipe)
}

pub(crate) fn issued_under(root_name: &str, recipe: Recipe) -> Papers {
    let authority = |name: &str| {
        let mut params = parameters(name, &[], GOOD);
        params.distinguished_name.push(DnType::OrganizationName, "Lab Authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params, KeyPair::generate().unwrap())
    };
    let (root_params, root_key) = authority(root_name);
    let (middle_params, middle_key) = authority("Lab Middle");
    let root = root_params.self_signed(&root_key).unwrap();
    let middle = middle_params.signed_by(&middle_key, &Issuer::from_params(&root_params, &root_key)).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut own = parameters(recipe.name, &[recipe.name], recipe);
    own.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let own = own.signed_by(&key, &Issuer::from_params(&middle_params, &middle_key)).unwrap();
    let chain = vec![own.der().clone(), middle.der().clone()];
    Papers { chain, root: root.der().clone(), root_pem: root.pem(), key: key.serialize_der() }
}

fn self_signed(recipe: Recipe) -> Papers {
    let key = KeyPair::generate().unwrap();
    let own = parameters(recipe.name, &[recipe.name], recipe).self_signed(&key).unwrap();
    Papers { chain: vec![own.der().clone()], root: own.der().clone(), root_pem: own.pem(), key: key.serialize_der() }
}

pub(crate) fn acceptor(papers: &Papers) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    TlsAcceptor::from(Arc::new(
        config.with_no_client_auth().with_single_cert(papers.chain.clone(), key(papers)).unwrap(),
    ))
}

fn key(papers: &Papers) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(papers.key.clone()))
}

/// A server that does one thing with every connection.
pub(crate) async fn serve<W>(each: impl Fn(TcpStream) -> W + Send + 'static) -> SocketAddr
where
    W: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(each(stream));
        }
    });
    address
}

/// A server that encrypts and then waits for the other side to go.
async fn encrypting(acceptor: TlsAcceptor) -> SocketAddr {
    serve(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let _ = stream.read(&mut [0; 1]).await;
            }
        }
    })
    .await
}

/// A server that hears the greeting and answers with these bytes.
async fn answering(bytes: &'static [u8]) -> SocketAddr {
    serve(move |mut stream| async move {
        let _ = stream.read(&mut [0; 2048]).await;
        let _ = stream.write_all(bytes).await;
    })
    .await
}

async fn shake(address: SocketAddr, step: Duration) -> (HandshakeInfo, Result<Box<dyn Stream>, Halt>) {
    let stream = Box::new(TcpStream::connect(address).await.unwrap());
    TrustStores::of_roots([]).handshake(stream, "mail.test", &[], &for_tests(step)).await
}

/// A server that says one byte to each connection, and tells how the handshake went.
async fn telling(papers: &Papers) -> (SocketAddr, mpsc::UnboundedReceiver<HandshakeKind>) {
    let (tell, told) = mpsc::unbounded_channel();
    let acceptor = acceptor(papers);
    let address = serve(move |stream| {
        let (acceptor, tell) = (acceptor.clone(), tell.clone());
        async move {
            let mut stream = acceptor.accept(stream).await.unwrap();
            let _ = tell.send(stream.get_ref().1.handshake_kind().unwrap());
            let _ = stream.write_all(b"x").await;
            let _ = stream.read(&mut [0; 1]).await;
        }
    });
    (address.await, told)
}

async fn shake_again(trust: &TrustStores, address: SocketAddr) -> HandshakeInfo {
    let stream = Box::new(TcpStream::connect(address).await.unwrap());
    let (shown, stream) = trust.handshake_again(stream, "mail.test", &for_tests(Duration::from_secs(20))).await;
    stream.ok().unwrap().read_u8().await.unwrap(); // the ticket comes before it
    shown
}

#[tokio::test]
async fn session_of_an_earlier_connection_is_resumed_and_its_certificate_shown() {
    let papers = issued(GOOD);
    let (address, mut told) = telling(&papers).await;
    let trust = TrustStores::of_roots([papers.root.clone()]);
    for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
        let shown = shake_again(&trust, address).await;
        assert_eq!(told.recv().await, Some(kind));
        assert_eq!(shown.chain, papers.chain);
        assert_eq!(trust.judge(&shown.chain, "mail.test").chain, Ok(Store::System));
    }
}

#[tokio::test]
async fn other_server_of_the_same_name_shows_its_own_certificate() {
    let (papers, others) = (issued(GOOD), issued(GOOD));
    let trust = TrustStores::of_roots([papers.root.clone()]);
    shake_again(&trust, telling(&papers).await.0).await;
    let (address, mut told) = telling(&others).await;
    let shown = shake_again(&trust, address).await;
    assert_eq!(told.recv().await, Some(HandshakeKind::Full));
    assert_eq!(shown.chain, others.chain);
    assert!(trust.judge(&shown.chain, "mail.test").chain.is_err());
}

async fn refusal(address: SocketAddr) -> Halt {
    shake(address, Duration::from_secs(20)).await.1.err().expect("no handshake")
}

fn judged(papers: &Papers, roots: &[CertificateDer<'static>]) -> Verdict {
    TrustStores::of_roots(roots.iter().cloned()).judge(&papers.chain, "mail.test")
}

fn why(papers: &Papers, roots: &[CertificateDer<'static>]) -> FailureKind {
    judged(papers, roots).chain.unwrap_err().kind
}

#[tokio::test]
async fn certificate_is_shown_whoever_vouches_for_it() {
    let papers = issued(GOOD);
    let (shown, stream) = shake(encrypting(acceptor(&papers)).await, Duration::from_secs(20)).await;
    assert!(stream.is_ok());
    assert_eq!(shown.chain, papers.chain);
    assert_eq!(shown.version.as_deref(), Some("TLS 1.3"));
    assert!(shown.cipher.unwrap().starts_with("TLS_"));
    let own = read(&shown.chain[0]).unwrap();
    assert_eq!((own.subject.as_str(), own.issuer_organization.as_str()), ("mail.test", "Lab Authority"));
    assert_eq!(own.names, ["mail.test"]);
    assert_eq!(moment(own.not_before), "2020-01-01T00:00:00Z");
}

#[test]
fn good_chain() {
    let papers = issued(GOOD);
    let verdict = judged(&papers, std::slice::from_ref(&papers.root));
    assert_eq!(verdict, Verdict { chain: Ok(Store::System), name_matches: Some(true) });
}

#[test]
fn expired_certificate_says_since_when() {
    let papers = issued(Recipe { until: 2021, ..GOOD });
    let halt = judged(&papers, std::slice::from_ref(&papers.root)).chain.unwrap_err();
    assert_eq!(halt, Halt::new(FailureKind::Expired, "was valid until 2021-01-01T00:00:00Z"));
}

#[test]
fn certificate_of_the_future() {
    let papers = issued(Recipe { from: 2119, ..GOOD });
    assert_eq!(why(&papers, std::slice::from_ref(&papers.root)), FailureKind::NotYetValid);
}

#[test]
fn wrong_name_leaves_the_chain_trusted() {
    let papers = issued(Recipe { name: "other.test", ..GOOD });
    let verdict = judged(&papers, std::slice::from_ref(&papers.root));
    assert_eq!(verdict, Verdict { chain: Ok(Store::System), name_matches: Some(false) });
}

#[test]
fn wrong_name_and_expired_show_both() {
    let papers = issued(Recipe { name: "other.test", until: 2021, ..GOOD });
    let verdict = judged(&papers, std::slice::from_ref(&papers.root));
    assert_eq!(verdict.chain.unwrap_err().kind, FailureKind::Expired);
    assert_eq!(verdict.name_matches, Some(false));
}

#[test]
fn self_signed_certificate() {
    assert_eq!(why(&self_signed(GOOD), &[issued(GOOD).root]), FailureKind::SelfSigned);
}

#[test]
fn self_signed_authority_in_place_of_a_server() {
    let key = KeyPair::generate().unwrap();
    let mut params = parameters("box", &["mail.test"], GOOD);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let own = params.self_signed(&key).unwrap();
    let papers = Papers {
        chain: vec![own.der().clone()],
        root: own.der().clone(),
        root_pem: own.pem(),
        key: key.serialize_der(),
    };
    assert_eq!(why(&papers, &[issued(GOOD).root]), FailureKind::SelfSigned);
}

#[test]
fn unknown_root() {
    assert_eq!(why(&issued(GOOD), &[issued_under("Other Root", GOOD).root]), FailureKind::UnknownIssuer);
}

#[test]
fn root_of_the_same_name_with_another_key() {
    assert_eq!(why(&issued(GOOD), &[issued(GOOD).root]), FailureKind::BadCertificate);
}

#[test]
fn certificates_that_issue_each_other_in_a_circle_speak_of_the_server_not_of_this_host() {
    let authority = |name: &str| {
        let mut params = parameters(name, &[], GOOD);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params, KeyPair::generate().unwrap())
    };
    let ((one_params, one_key), (other_params, other_key)) = (authority("One"), authority("Other"));
    let (one_issues, other_issues) =
        (Issuer::from_params(&one_params, &one_key), Issuer::from_params(&other_params, &other_key));
    let one = one_params.signed_by(&one_key, &other_issues).unwrap();
    let other = other_params.signed_by(&other_key, &one_issues).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = parameters("mail.test", &["mail.test"], GOOD).signed_by(&key, &one_issues).unwrap();
    let chain: Vec<_> = [&own, &one, &other].map(|certificate| certificate.der().clone()).into();
    let verdict = TrustStores::of_roots([issued(GOOD).root]).judge(&chain, "mail.test");
    let halt = verdict.chain.unwrap_err();
    assert_eq!(halt.kind, FailureKind::BadCertificate);
    assert!(halt.words.contains("circle"), "{}", halt.words);
}

#[test]
fn verdict_is_kept_for_these_bytes_and_this_name_only() {
    let papers = issued(GOOD);
    let trust = TrustStores::of_roots([papers.root.clone()]);
    for _ in 0..2 {
        assert_eq!(trust.judge(&papers.chain, "mail.test").name_matches, Some(true));
        assert_eq!(trust.judge(&papers.chain, "other.test").name_matches, Some(false));
        assert!(trust.judge(&papers.chain[..1], "mail.test").chain.is_err());
        assert!(trust.judge(&issued(GOOD).chain, "mail.test").chain.is_err());
    }
}

#[test]
fn empty_store_is_told() {
    let halt = judged(&issued(GOOD), &[]).chain.unwrap_err();
    assert_eq!(halt.kind, FailureKind::UnknownIssuer);
    assert!(halt.words.contains("trust store"), "{}", halt.words);
}

#[test]
fn missing_intermediate_names_it() {
    let mut papers = issued(GOOD);
    papers.chain.truncate(1);
    let halt = judged(&papers, std::slice::from_ref(&papers.root)).chain.unwrap_err();
    assert_eq!(halt.kind, FailureKind::MissingIntermediate);
    assert!(halt.words.contains("Lab Middle"), "{}", halt.words);
}

#[test]
fn certificate_that_is_none() {
    let papers = Papers { chain: vec![CertificateDer::from(vec![0x30, 3, 2, 1, 1])], ..issued(GOOD) };
    assert_eq!(why(&papers, &[]), FailureKind::BadCertificate);
    assert_eq!(judged(&papers, &[]).name_matches, None);
}

#[test]
fn a_hundred_certificates_are_judged_in_time() {
    let mut papers = issued(GOOD);
    let stray = issued(GOOD).chain;
    papers.chain.extend(stray.iter().cycle().take(100).cloned());
    let began = std::time::Instant::now();
    assert_eq!(why(&papers, &[issued_under("Other Root", GOOD).root]), FailureKind::UnknownIssuer);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn ca_file_makes_it_trusted() {
    let papers = issued(GOOD);
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), format!("our root\n{}", papers.root_pem)).unwrap();
    let trust = TrustStores::of_roots([]).with_ca_files(&[file.path().to_owned()]).unwrap();
    assert_eq!(trust.judge(&papers.chain, "mail.test").chain, Ok(Store::CaFile));
}

#[test]
fn ca_file_of_no_use_says_why() {
    let refused = |content: &[u8]| {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), content).unwrap();
        TrustStores::of_roots([]).with_ca_files(&[file.path().to_owned()]).unwrap_err().why
    };
    assert!(refused(b"").contains("no certificate"));
    assert!(refused(&issued(GOOD).root[..40]).contains("no certificate"));
    assert!(refused(b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n").contains("cannot be a root"));
    let missing = TrustStores::of_roots([]).with_ca_files(&[PathBuf::from("/nowhere/ca.pem")]).unwrap_err();
    assert!(missing.to_string().starts_with("/nowhere/ca.pem: "), "{missing}");
}

#[tokio::test]
async fn closed_at_once() {
    let address = serve(|mut stream| async move {
        let _ = stream.read(&mut [0; 2048]).await;
    })
    .await;
    assert_eq!(refusal(address).await, Halt::new(FailureKind::Closed, ""));
}

#[tokio::test]
async fn reset() {
    let address = serve(|mut stream| async move {
        let _ = stream.read(&mut [0; 8]).await; // closing with unread bytes resets
    })
    .await;
    assert_eq!(refusal(address).await.kind, FailureKind::Reset);
}

#[tokio::test]
async fn silence() {
    let address = serve(|mut stream| async move {
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    let (_, outcome) = shake(address, Duration::from_millis(50)).await;
    assert_eq!(outcome.err().unwrap().kind, FailureKind::TimedOut);
}

#[tokio::test]
async fn plain_text_in_place_of_tls() {
    let greeting = answering(b"220 mail.test ESMTP ready\r\nmore").await;
    assert_eq!(refusal(greeting).await, Halt::new(FailureKind::UnexpectedPlaintext, "220 mail.test ESMTP ready"));
    assert_eq!(refusal(answering(b"no").await).await.kind, FailureKind::UnexpectedPlaintext);
}

#[tokio::test]
async fn plain_text_and_then_silence() {
    let address = serve(|mut stream| async move {
        let _ = stream.write_all(b"hi").await;
        let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
    })
    .await;
    let (_, outcome) = shake(address, Duration::from_millis(100)).await;
    assert_eq!(outcome.err().unwrap(), Halt::new(FailureKind::UnexpectedPlaintext, "hi"));
}

#[tokio::test]
async fn http_in_place_of_tls() {
    let status = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert_eq!(refusal(status).await, Halt::new(FailureKind::UnexpectedHttp, "HTTP/1.1 400 Bad Request"));
    assert_eq!(refusal(answering(b"<html><title>Blocked</title>").await).await.kind, FailureKind::UnexpectedHttp);
}

#[tokio::test]
async fn gibberish_in_place_of_tls() {
    assert_eq!(refusal(answering(&[0, 1, 2, 3, 4, 5, 6, 7]).await).await.kind, FailureKind::MalformedReply);
    assert_eq!(refusal(answering(&[22, 3, 3, 0, 4, 99, 0, 0, 0]).await).await.kind, FailureKind::MalformedReply);
}

/// `ServerHello` of TLS 1.0: version 3.1, a random, no session, `TLS_RSA_WITH_AES_128_CBC_SHA`, no compression.
const OLD_HELLO: &[u8] = &[
    22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22,
    23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 0, 0, 0x2f, 0,
];

#[tokio::test]
async fn old_version_chosen() {
    assert_eq!(
        refusal(answering(OLD_HELLO).await).await,
        Halt::new(FailureKind::TlsVersionTooOld, "the server chose TLS 1.0")
    );
}

#[tokio::test]
async fn old_version_by_alert() {
    let halt = refusal(answering(&[21, 3, 1, 0, 2, 2, 70]).await).await;
    assert_eq!(halt.kind, FailureKind::TlsVersionTooOld);
    assert!(halt.words.contains("protocol_version"), "{}", halt.words);
}

#[tokio::test]
async fn alert() {
    let halt = refusal(answering(&[21, 3, 3, 0, 2, 2, 40]).await).await;
    assert_eq!(halt, Halt::new(FailureKind::TlsAlert, "alert handshake_failure"));
}

#[tokio::test]
async fn chain_of_a_thousand_certificates() {
    let mut papers = issued(GOOD);
    let more = papers.chain[1].clone();
    papers.chain.extend(std::iter::repeat_n(more, 1000));
    assert_eq!(refusal(encrypting(acceptor(&papers)).await).await.kind, FailureKind::ReplyTooLarge);
}

#[tokio::test]
async fn client_certificate_wanted() {
    let papers = issued(GOOD);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(papers.root.clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build();
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS12])
        .unwrap()
        .with_client_cert_verifier(verifier.unwrap())
        .with_single_cert(papers.chain.clone(), key(&papers))
        .unwrap();
    let address = encrypting(TlsAcceptor::from(Arc::new(config))).await;
    let (shown, outcome) = shake(address, Duration::from_secs(20)).await;
    let halt = outcome.err().unwrap();
    assert_eq!(halt.kind, FailureKind::TlsAlert);
    assert!(halt.words.ends_with("the server asks for a client certificate"), "{}", halt.words);
    assert_eq!(shown.chain, papers.chain);
}

#[tokio::test]
async fn wrong_signature_under_the_certificate() {
    let (mut papers, other) = (issued(GOOD), issued(GOOD));
    papers.key = other.key;
    let provider = rustls::crypto::ring::default_provider();
    let key = provider.key_provider.load_private_key(key(&papers)).unwrap();
    let stolen = CertifiedKey::new(papers.chain.clone(), key);
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(stolen)));
    let address = encrypting(TlsAcceptor::from(Arc::new(config))).await;
    assert_eq!(refusal(address).await.kind, FailureKind::BadCertificate);
}
