//! An OpenID provider of the tests: discovery, device code and token endpoint over TLS on loopback.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{Arc, Mutex},
    thread,
};

use rustls::{ServerConfig, ServerConnection, Stream, pki_types::PrivatePkcs8KeyDer};
use serde_json::json;

/// What the token endpoint gives.
#[derive(Clone)]
pub struct Gives {
    pub access_token: String,
    pub refresh_token: String,
    pub device_code: String,
    /// The token endpoint refuses, and repeats all that it was asked.
    pub refuses: bool,
}

/// A provider that runs until the test ends.
pub struct Provider {
    pub address: SocketAddr,
    pub ca_file: PathBuf,
    pub asked: Arc<Mutex<Vec<String>>>,
    /// How it and its neighbours speak TLS.
    pub config: Arc<ServerConfig>,
    _folder: tempfile::TempDir,
}

/// Whom its certificate is for.
const NAMES: [&str; 4] = ["login.test", "login.microsoftonline.com", "smtp.office365.com", "outlook.office365.com"];

impl Provider {
    pub fn start(gives: Gives) -> Self {
        let own = rcgen::generate_simple_self_signed(NAMES.map(str::to_owned).to_vec()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        fs::write(&ca_file, own.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key.into()).unwrap();
        let (config, asked) = (Arc::new(config), Arc::new(Mutex::new(Vec::new())));
        let own_config = Arc::clone(&config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let told = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut tcp = stream.unwrap();
                let mut stream = Stream::new(&mut connection, &mut tcp);
                let Some((path, body)) = request(&mut stream) else { continue };
                let (status, answer) = answer(&path, &body, &gives);
                told.lock().unwrap().push(format!("{path} {body}"));
                let head =
                    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}", answer.len());
                let _ = stream.write_all(format!("{head}\r\n\r\n{answer}").as_bytes());
                connection.send_close_notify();
                let _ = connection.complete_io(&mut tcp);
            }
        });
        Self { address, ca_file, asked, config: own_config, _folder: folder }
    }
}

fn request(stream: &mut impl std::io::Read) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let (mut line, mut length) = (String::new(), 0);
    while line != "\r\n" {
        line.clear();
        reader.read_line(&mut line).ok()?;
        if let Some(value) = line.to_lowercase().strip_prefix("content-length: ") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first.split(' ').nth(1)?.to_owned(), String::from_utf8(body).ok()?))
}

fn answer(path: &str, body: &str, gives: &Gives) -> (&'static str, String) {
    let at = |path: &str| format!("https://login.test{path}");
    let answer = match path {
        path if path.ends_with("/token") && gives.refuses => {
            let words = format!("AADSTS7000215: Invalid client secret provided. You sent {body} Trace ID: 1-2");
            let refusal = json!({"error": "invalid_client", "error_description": words, "error_codes": [7_000_215]});
            return ("401 Unauthorized", refusal.to_string());
        }
        path if path.ends_with("/token") => json!({
            "token_type": "Bearer", "access_token": gives.access_token, "refresh_token": gives.refresh_token
        }),
        "/device" => json!({
            "device_code": gives.device_code, "user_code": "ABCD-EFGH", "verification_uri": at("/activate"), "interval": 1
        }),
        _ => json!({
            "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
            "device_authorization_endpoint": at("/device")
        }),
    };
    ("200 OK", answer.to_string())
}
