//! A bare `ClientHello` with everything that TLS 1.2 ever had, sent when the handshake failed: what would this server
//! have chosen? This program encrypts with ECDHE and AEAD ciphers only. A server that wants CBC, RSA key exchange,
//! finite-field Diffie-Hellman or P-521 is then no broken server, but one that this program cannot judge.
//!
//! In: a fresh connection that waits for a handshake. Out: the server's [`Choice`], read from its first messages, which
//! TLS 1.2 sends in plain text (RFC 5246, sections 7.3 and 7.4). Nothing is encrypted, nothing is finished, and nothing
//! of the caller's is sent.

use ring::rand::{SecureRandom as _, SystemRandom};
use rustls::{CipherSuite, NamedGroup, SignatureScheme, pki_types::CertificateDer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{certificate::beyond_us, handshake::ascii_name};
use crate::{
    evidence::FailureKind,
    net::{Halt, Limits, session::Stream},
};

/// The suites that are offered, those first that this program has itself.
const SUITES: &[u16] = &[
    // ECDHE with AEAD: what this program has
    0xc02f, 0xc030, 0xc02b, 0xc02c, 0xcca8, 0xcca9, // ECDHE with CCM and CBC
    0xc0ac, 0xc0ad, 0xc0ae, 0xc0af, 0xc027, 0xc028, 0xc023, 0xc024, 0xc013, 0xc014, 0xc009, 0xc00a, // DHE
    0x009e, 0x009f, 0xccaa, 0xc09e, 0xc09f, 0x0067, 0x006b, 0x0033, 0x0039, 0x0045, 0x0088,
    // RSA key exchange
    0x009c, 0x009d, 0xc09c, 0xc09d, 0x003c, 0x003d, 0x002f, 0x0035, 0x0041, 0x0084, // Camellia and ARIA
    0xc076, 0xc077, 0xc072, 0xc073, 0xc060, 0xc061, 0xc050, 0xc051, // 3DES and RC4
    0xc012, 0xc008, 0x0016, 0x000a, 0xc011, 0xc007, 0x0005, 0x0004, // the signal of RFC 5746
    0x00ff,
];
/// What this program has of them (`rustls::crypto::ring`).
const OURS: &[u16] = &[0xc02f, 0xc030, 0xc02b, 0xc02c, 0xcca8, 0xcca9];
/// X25519, P-256, P-384: what this program has.
const OUR_GROUPS: &[u16] = &[0x001d, 0x0017, 0x0018];
/// And P-521, X448, the Brainpool curves, secp256k1, and the groups of RFC 7919.
const GROUPS: &[u16] =
    &[0x001d, 0x0017, 0x0018, 0x0019, 0x001e, 0x001a, 0x001b, 0x001c, 0x0016, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104];
/// Signatures that this program has, and then the others: SHA-512 with ECDSA, SHA-224, SHA-1, Ed448, DSA.
const OUR_SIGNATURES: &[u16] = &[0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];
const SIGNATURES: &[u16] = &[
    0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0603, 0x0808, 0x0809, 0x080a, 0x080b,
    0x0303, 0x0301, 0x0203, 0x0201, 0x0402, 0x0202,
];
/// The first messages of a server are shorter than this.
const MOST: usize = 64 << 10;

/// What a server chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// The version, such as 0x0303 for TLS 1.2.
    pub version: u16,
    /// The cipher suite by its number in IANA's registry.
    pub suite: u16,
    /// The curve or group of the key exchange, where it is a named one.
    pub group: Option<u16>,
    /// Bits of the prime, where it is finite-field Diffie-Hellman.
    pub prime_bits: Option<usize>,
    /// The kind of signature under the key exchange.
    pub signature: Option<u16>,
    /// The certificates, the server's own first.
    pub chain: Vec<CertificateDer<'static>>,
}

/// Asks a server what it would choose, over a connection of its own. None when it says nothing that is TLS: then no more
/// is known than before.
pub async fn ask(mut stream: Box<dyn Stream>, host: &str, limits: &Limits) -> Option<Choice> {
    let heard = async {
        stream.write_all(&greeting(host)?).await.ok()?;
        let mut bytes = Vec::new();
        loop {
            let choice = read(&bytes);
            if choice.as_ref().is_some_and(|(_, whole)| *whole) || bytes.len() >= MOST {
                return choice;
            }
            match stream.read_buf(&mut bytes).await {
                Ok(count) if count > 0 => {}
                _ => return choice,
            }
        }
    };
    limits.step(heard).await.ok().flatten().map(|(choice, _)| choice)
}

impl Choice {
    /// Why this program cannot speak with a server that chooses so; none when it could, and the failure has another
    /// reason.
    #[must_use]
    pub fn halt(&self) -> Option<Halt> {
        if let Some(version) = old(self.version) {
            let words = format!("offered up to TLS 1.2, the server chose {version}");
            return Some(Halt::new(FailureKind::TlsVersionTooOld, words));
        }
        let lacks = self.foreign_suite().or_else(|| self.foreign_group()).or_else(|| self.foreign_signature());
        let lacks = lacks.or_else(|| beyond_us(&self.chain))?;
        let words = format!(
            "this program cannot judge this server: {lacks}. This program has ECDHE (X25519, P-256, P-384) with AES-GCM or \
             ChaCha20-Poly1305 only"
        );
        Some(Halt::new(FailureKind::CannotJudge, words))
    }

    fn foreign_suite(&self) -> Option<String> {
        if OURS.contains(&self.suite) {
            return None;
        }
        let name = CipherSuite::from(self.suite).as_str().map_or_else(|| format!("{:#06x}", self.suite), str::to_owned);
        let bits = self.prime_bits.map(|bits| format!(" with a prime of {bits} bits")).unwrap_or_default();
        Some(format!("offered more than it has, the server chose the cipher suite {name}{bits}"))
    }

    fn foreign_group(&self) -> Option<String> {
        let group = self.group.filter(|group| !OUR_GROUPS.contains(group))?;
        let name = match NamedGroup::from(group) {
            NamedGroup::secp521r1 => "P-521".to_owned(),
            other => other.as_str().map_or_else(|| format!("{group:#06x}"), str::to_owned),
        };
        Some(format!("the server chose the group {name}"))
    }

    fn foreign_signature(&self) -> Option<String> {
        let scheme = self.signature.filter(|scheme| !OUR_SIGNATURES.contains(scheme))?;
        let name = SignatureScheme::from(scheme).as_str().map_or_else(|| format!("{scheme:#06x}"), str::to_owned);
        Some(format!("the server signs with {name}"))
    }
}

fn old(version: u16) -> Option<&'static str> {
    match version {
        0x0300 => Some("SSL 3.0"),
        0x0301 => Some("TLS 1.0"),
        0x0302 => Some("TLS 1.1"),
        _ => None,
    }
}

/// The whole record: header, handshake header, and RFC 5246, section 7.4.1.2. No TLS 1.3 is offered, so that whoever
/// knows 1.2 answers in plain text.
fn greeting(host: &str) -> Option<Vec<u8>> {
    let mut random = [0; 32];
    SystemRandom::new().fill(&mut random).ok()?;
    let mut body = vec![3, 3];
    body.extend(random);
    body.push(0); // no session
    body.extend(counted16(&numbers(SUITES)));
    body.extend([1, 0]); // no compression
    let mut extensions = Vec::new();
    if let Some(name) = ascii_name(host) {
        let entry = [&[0][..], &counted16(name.as_bytes())].concat();
        extensions.extend(extension(0, &counted16(&entry)));
    }
    extensions.extend(extension(10, &counted16(&numbers(GROUPS))));
    extensions.extend(extension(11, &[1, 0]));
    extensions.extend(extension(13, &counted16(&numbers(SIGNATURES))));
    extensions.extend(extension(23, &[]));
    body.extend(counted16(&extensions));
    let length = u16::try_from(body.len()).ok()?;
    let mut record = vec![22, 3, 1];
    record.extend((length + 4).to_be_bytes());
    record.extend([1, 0]);
    record.extend(length.to_be_bytes());
    record.extend(body);
    Some(record)
}

fn numbers(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}

fn counted16(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], bytes].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &counted16(content)].concat()
}

/// What has come of the server's first messages, and whether that is all that can be learned. None without a
/// `ServerHello`.
fn read(bytes: &[u8]) -> Option<(Choice, bool)> {
    let handshake = payload(bytes);
    let mut rest = Bytes(&handshake);
    let mut choice: Option<Choice> = None;
    while let Some((kind, message)) = rest.message() {
        let mut message = Bytes(message);
        match (kind, &mut choice) {
            (2, None) => choice = Some(message.server_hello()?),
            (11, Some(choice)) => choice.chain = message.certificates().unwrap_or_default(),
            (12, Some(choice)) => {
                message.key_exchange(choice);
                break;
            }
            (14, Some(_)) => break,
            _ => {}
        }
        if matches!(kind, 12 | 14) {
            break;
        }
    }
    let choice = choice?;
    let over = rest.0.is_empty() && choice.group.or(choice.signature).is_some();
    let whole = over || choice.prime_bits.is_some() || old(choice.version).is_some() || done(&handshake);
    Some((choice, whole))
}

/// Whether `ServerHelloDone` has come.
fn done(handshake: &[u8]) -> bool {
    let mut rest = Bytes(handshake);
    std::iter::from_fn(|| rest.message()).any(|(kind, _)| kind == 14)
}

/// The handshake messages out of the records that have come whole; an alert ends them.
fn payload(bytes: &[u8]) -> Vec<u8> {
    let (mut rest, mut payload) = (Bytes(bytes), Vec::new());
    while let Some(kind) = rest.number(1) {
        let record = rest.take(2).and_then(|_| rest.number(2)).and_then(|length| rest.take(length));
        match record {
            Some(record) if kind == 22 => payload.extend_from_slice(record),
            _ => break,
        }
    }
    payload
}

/// What is left to be read.
struct Bytes<'b>(&'b [u8]);

impl<'b> Bytes<'b> {
    fn take(&mut self, count: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    fn short(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// A part behind its length of so many bytes.
    fn counted(&mut self, bytes: usize) -> Option<&'b [u8]> {
        let length = self.number(bytes)?;
        self.take(length)
    }

    /// A whole handshake message; nothing is consumed of one that has not come whole.
    fn message(&mut self) -> Option<(usize, &'b [u8])> {
        let mut ahead = Bytes(self.0);
        let message = (ahead.number(1)?, ahead.counted(3)?);
        self.0 = ahead.0;
        Some(message)
    }

    fn server_hello(&mut self) -> Option<Choice> {
        let version = self.short()?;
        self.take(32)?;
        self.counted(1)?;
        Some(Choice { version, suite: self.short()?, ..Choice::default() })
    }

    fn certificates(&mut self) -> Option<Vec<CertificateDer<'static>>> {
        let mut list = Bytes(self.counted(3)?);
        let mut chain = Vec::new();
        while let Some(der) = list.counted(3) {
            chain.push(CertificateDer::from(der.to_vec()));
        }
        Some(chain)
    }

    /// RFC 8422, section 5.4 for curves, RFC 5246, section 7.4.3 for primes.
    fn key_exchange(&mut self, choice: &mut Choice) -> Option<()> {
        let suite = CipherSuite::from(choice.suite).as_str().unwrap_or_default();
        if suite.starts_with("TLS_DHE") {
            let prime = self.counted(2)?;
            choice.prime_bits = Some(prime.len() * 8);
            self.counted(2)?;
            self.counted(2)?;
        } else if self.number(1)? == 3 {
            choice.group = Some(self.short()?);
            self.counted(1)?;
        }
        choice.signature = Some(self.short()?);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::SocketAddr,
        process::{Child, Command, Stdio},
        time::Duration,
    };

    use proptest::prelude::*;
    use tokio::net::TcpStream;

    use super::*;
    use crate::net::{limit::for_tests, tls::TrustStores};

    const STEP: Duration = Duration::from_secs(20);

    /// OpenSSL as a server, with a key and further arguments; it ends with the test.
    struct Server {
        child: Child,
        address: SocketAddr,
        _folder: tempfile::TempDir,
    }

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }

    fn openssl(folder: &std::path::Path, arguments: &[&str]) -> Command {
        let mut command = Command::new("openssl");
        command.current_dir(folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    }

    async fn server(key: &[&str], digest: &str, arguments: &[&str]) -> Server {
        let folder = tempfile::tempdir().unwrap();
        let made = |arguments: &[&str]| {
            let whole = [&["req", "-x509", "-nodes", "-days", "9"][..], key, arguments].concat();
            assert!(openssl(folder.path(), &whole).status().expect("openssl is needed").success(), "{whole:?}");
        };
        made(&["-subj", "/CN=Lab Root", "-keyout", "root-key.pem", "-out", "root.pem"]);
        let own = ["-subj", "/CN=mail.test", "-addext", "subjectAltName=DNS:mail.test", "-extensions", "v3_req"];
        let issued = ["-CA", "root.pem", "-CAkey", "root-key.pem", "-keyout", "key.pem", "-out", "cert.pem", digest];
        made(&[&own[..], &issued].concat());
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let serve = [
            "s_server",
            "-accept",
            &listen,
            "-key",
            "key.pem",
            "-cert",
            "cert.pem",
            "-cert_chain",
            "root.pem",
            "-quiet",
        ];
        let child = openssl(folder.path(), &[&serve[..], arguments].concat()).spawn().unwrap();
        let address: SocketAddr = listen.parse().unwrap();
        for _ in 0..200 {
            if TcpStream::connect(address).await.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Server { child, address, _folder: folder }
    }

    const RSA: &[&str] = &["-newkey", "rsa:2048"];
    const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

    async fn connected(server: &Server) -> Box<dyn Stream> {
        Box::new(TcpStream::connect(server.address).await.unwrap())
    }

    /// Why the handshake failed, and what asking again tells.
    async fn told(server: &Server) -> (FailureKind, Option<Halt>) {
        let limits = for_tests(STEP);
        let trust = TrustStores::of_roots([]);
        let (_, outcome) = trust.handshake(connected(server).await, "mail.test", &[], &limits).await;
        let choice = ask(connected(server).await, "mail.test", &limits).await;
        (outcome.err().expect("this server is beyond us").kind, choice.expect("a choice").halt())
    }

    #[tokio::test]
    async fn server_that_this_program_cannot_judge_says_what_it_wants() {
        for (key, arguments, wanted) in [
            (RSA, &["-tls1_2", "-cipher", "ECDHE-RSA-AES256-SHA384"][..], "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
            (RSA, &["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "TLS_RSA_WITH_AES_128_GCM_SHA256"),
            (
                RSA,
                &["-tls1_2", "-cipher", "DHE-RSA-AES256-GCM-SHA384"],
                "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384 with a prime",
            ),
            (P256, &["-tls1_2", "-curves", "P-521"], "the group P-521"),
            (&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"], &["-tls1_2"], "curve P-521"),
            (&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"], &[], "curve P-521"),
        ] {
            let server = server(key, "-sha256", arguments).await;
            let (kind, halt) = told(&server).await;
            let halt = halt.unwrap_or_else(|| panic!("{wanted}: {kind:?}"));
            assert_eq!(halt.kind, FailureKind::CannotJudge, "{wanted}");
            assert!(halt.words.contains(wanted), "{wanted}: {}", halt.words);
        }
    }

    #[tokio::test]
    async fn old_server_is_old_and_not_beyond_us() {
        let old = ["-tls1", "-cipher", "ALL:@SECLEVEL=0"];
        let server = server(RSA, "-sha256", &old).await;
        let (_, halt) = told(&server).await;
        assert_eq!(halt.map(|halt| halt.kind), Some(FailureKind::TlsVersionTooOld));
    }

    #[tokio::test]
    async fn server_that_this_program_can_speak_with_has_no_such_excuse() {
        let server = server(P256, "-sha256", &["-tls1_2"]).await;
        let choice = ask(connected(&server).await, "mail.test", &for_tests(STEP)).await.unwrap();
        assert_eq!((choice.halt(), choice.chain.len(), choice.version), (None, 2, 0x0303));
    }

    #[tokio::test]
    async fn certificate_with_an_algorithm_that_is_missing_here_is_not_called_bad() {
        for (key, digest, wanted) in [(P256, "-sha512", "ECDSA and SHA-512"), (RSA, "-sha1", "RSA and SHA-1")] {
            let server = server(key, digest, &["-cipher", "ALL:@SECLEVEL=0"]).await;
            let choice = ask(connected(&server).await, "mail.test", &for_tests(STEP)).await.unwrap();
            let trust = TrustStores::of_roots(choice.chain[1..].iter().cloned());
            let halt = trust.judge(&choice.chain, "mail.test").chain.unwrap_err();
            assert_eq!(halt.kind, FailureKind::CannotJudge, "{halt:?}");
            assert!(halt.words.contains(wanted), "{wanted}: {}", halt.words);
        }
    }

    #[tokio::test]
    async fn short_key_is_not_called_a_wrong_signature() {
        let server = server(&["-newkey", "rsa:1024"], "-sha256", &["-cipher", "ALL:@SECLEVEL=0"]).await;
        let trust = TrustStores::of_roots([]);
        let (_, outcome) = trust.handshake(connected(&server).await, "mail.test", &[], &for_tests(STEP)).await;
        let halt = outcome.err().expect("this key is beyond us");
        assert_eq!(halt.kind, FailureKind::CannotJudge);
        assert!(halt.words.contains("RSA with 1024 bits"), "{}", halt.words);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&bytes);
            let record = [&[22, 3, 3, 1, 44, 2][..], &bytes].concat();
            let _ = read(&record);
        }
    }
}
