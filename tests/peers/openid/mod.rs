//! `ece-check token sign-in` at a certified OpenID provider, with a person at a real browser; and tokens of that provider
//! at a submission server that nobody here wrote.
//!
//! The provider is npm's `oidc-provider`, the browser Chromium, driven by `playwright-core`, the submission server
//! nodemailer's `smtp-server`. Needs node, npm and chromium; where npm cannot be reached these tests fail, unless
//! `ECE_CHECK_FOREIGN=off` says that this is known.

mod submission;

use std::{
    env, fs,
    io::{BufRead, BufReader, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
    sync::OnceLock,
};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::Value;

/// The binary under test.
const ECE_CHECK: &str = env!("CARGO_BIN_EXE_ece-check");
/// The person who signs in.
const USER: &str = "sales@contoso.example";
/// The applications that the provider knows: one without a secret, one with, one with a certificate.
const PUBLIC: &str = "6f1d1f9e-7c43-4b52-9f0e-0c5a52c6b001";
const CONFIDENTIAL: &str = "6f1d1f9e-7c43-4b52-9f0e-0c5a52c6b002";
const CERTIFIED: &str = "6f1d1f9e-7c43-4b52-9f0e-0c5a52c6b003";
/// The key of an application. Entra wants RSA, which takes long to make.
const APPLICATION_KEY: &str = include_str!("../../../src/lab/application.key");
/// The secret that the provider knows.
const SECRET: &str = "Zwiebel7kuchen";

/// Files that are laid beside the libraries of npm.
const FILES: &[(&str, &str)] = &[
    ("package.json", include_str!("package.json")),
    ("package-lock.json", include_str!("package-lock.json")),
    ("provider.mjs", include_str!("provider.mjs")),
    ("browser.mjs", include_str!("browser.mjs")),
    ("submission.mjs", include_str!("submission.mjs")),
];

#[test]
fn device_code_and_a_person_at_a_browser() {
    let Some(provider) = Provider::start() else { return };
    let mut sign_in = provider.sign_in(&["--client-id", PUBLIC]);
    let (page, code) = (sign_in.told("Open"), sign_in.told("Type"));
    let seen = browser(&page, &[&code]);
    assert!(seen.contains("Sign-in Success"), "{seen}");
    sign_in.ends_well();
}

#[test]
fn browser_with_pkce_and_the_client_secret() {
    let Some(provider) = Provider::start() else { return };
    let mut sign_in = provider.sign_in(&["--client-id", CONFIDENTIAL, "--client-secret-env", "SECRET", "--browser"]);
    let page = sign_in.told("Open");
    assert!(page.contains("code_challenge_method=S256") && page.contains("prompt=select_account"), "{page}");
    let seen = browser(&page, &[]);
    assert!(seen.contains("Sign-in finished"), "{seen}");
    let refresh_token = sign_in.ends_well();

    let report = provider.run(&refresh_token);
    for check in ["token.issued", "token.refresh", "token.identity", "token.audience", "token.valid-now"] {
        assert_eq!(finding(&report, check)["status"], "pass", "{check}: {}", finding(&report, check));
    }
    fs::write(&refresh_token, "not a refresh token of this provider").expect("a file");
    let report = provider.run(&refresh_token);
    let refused = finding(&report, "token.issued");
    assert_eq!(refused["status"], "fail", "{refused}");
    let mut causes = refused["causes"].as_array().into_iter().flatten();
    assert!(causes.any(|cause| cause["cause"] == "refresh-token-malformed"), "{refused}");
    assert!(refused["found"].as_str().is_some_and(|found| found.contains("grant request is invalid")), "{refused}");
}

#[test]
fn wrong_client_secret_is_refused_and_not_repeated() {
    let Some(provider) = Provider::start() else { return };
    let wrong = ["--client-id", CONFIDENTIAL, "--client-secret-env", "WRONG"];
    let (exit, printed) = provider.sign_in(&wrong).end();
    assert_eq!(exit, Some(1), "{printed}");
    assert!(printed.contains("invalid_client"), "{printed}");
    assert!(!printed.contains("Kartoffel8"), "{printed}");
}

#[test]
fn certificate_in_the_place_of_the_secret() {
    let Some(provider) = Provider::start() else { return };
    let at = |name: &str| provider.certificates.path().join(name).display().to_string();
    let (certificate, key) = (at("application.pem"), at("application.key"));
    let pair = ["--client-id", CERTIFIED, "--client-certificate", &certificate, "--client-key", &key];
    let mut sign_in = provider.sign_in(&pair);
    let (page, code) = (sign_in.told("Open"), sign_in.told("Type"));
    let seen = browser(&page, &[&code]);
    assert!(seen.contains("Sign-in Success"), "{seen}");
    let refresh_token = sign_in.ends_well();

    let papers = format!("client_certificate = {{ file = '{certificate}' }}\nclient_key = {{ file = '{key}' }}");
    let report =
        provider.report(CERTIFIED, &papers, &format!("refresh_token = {{ file = '{}' }}", refresh_token.display()));
    for check in ["token.issued", "token.refresh", "token.identity", "directory.secret-lifetime"] {
        assert_eq!(finding(&report, check)["status"], "pass", "{check}: {}", finding(&report, check));
    }
    let report = provider.report(CERTIFIED, &papers, "application_token = true");
    for check in ["token.issued", "token.audience", "token.smtp-permission"] {
        assert_eq!(finding(&report, check)["status"], "pass", "{check}: {}", finding(&report, check));
    }
    let stranger = stranger();
    fs::write(&certificate, stranger.0).expect("a file");
    let report = provider.report(CERTIFIED, &papers, "application_token = true");
    let refused = finding(&report, "token.issued");
    assert_eq!(
        (&refused["status"], &refused["causes"][0]["cause"]),
        (&"fail".into(), &"client-certificate-invalid".into())
    );
    let found = refused["found"].as_str().unwrap_or_default();
    assert!(found.contains("do not belong together"), "{refused}");
}

#[test]
fn key_that_the_provider_does_not_know_is_refused_by_it() {
    let Some(provider) = Provider::start() else { return };
    let at = |name: &str| provider.certificates.path().join(name);
    let (certificate, key) = (at("stranger.pem"), at("stranger.key"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=stranger", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl is needed: apt-get install openssl");
    assert!(made.status.success(), "{made:?}");
    let papers = format!(
        "client_certificate = {{ file = '{}' }}\nclient_key = {{ file = '{}' }}",
        certificate.display(),
        key.display()
    );
    let refused = provider.report(CERTIFIED, &papers, "application_token = true");
    let refused = finding(&refused, "token.issued");
    assert_eq!(refused["status"], "fail", "{refused}");
    assert!(refused["found"].as_str().is_some_and(|found| found.contains("client authentication failed")), "{refused}");
    assert_eq!(refused["causes"][0]["cause"], "client-certificate-invalid", "{refused}");
}

#[test]
fn pkcs12_file_of_openssl_is_opened_with_its_password() {
    let Some(provider) = Provider::start() else { return };
    let at = |name: &str| provider.certificates.path().join(name);
    let make = |more: &[&str]| {
        let made = Command::new("openssl")
            .args(["pkcs12", "-export", "-passout", "env:SECRET", "-in"])
            .arg(at("application.pem"))
            .arg("-inkey")
            .arg(at("application.key"))
            .arg("-out")
            .arg(at("application.pfx"))
            .args(more)
            .env("SECRET", SECRET)
            .output()
            .expect("openssl is needed: apt-get install openssl");
        assert!(made.status.success(), "{made:?}");
    };
    let papers = format!(
        "client_certificate = {{ file = '{}' }}\nclient_key_password = {{ env = \"SECRET\" }}",
        at("application.pfx").display()
    );
    // as openssl and Windows write them today, and as Windows Server 2016 does
    for more in [&[] as &[&str], &["-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1"]] {
        make(more);
        let report = provider.report(CERTIFIED, &papers, "application_token = true");
        let issued = finding(&report, "token.issued");
        assert_eq!(issued["status"], "pass", "{more:?}: {issued}");
    }
}

/// The folder with the libraries; none when the user has switched these tests off.
fn folder() -> Option<&'static Path> {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    if env::var("ECE_CHECK_FOREIGN").is_ok_and(|value| value == "off") {
        println!("ignored: ECE_CHECK_FOREIGN=off");
        return None;
    }
    Some(FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("openid");
        fs::create_dir_all(&folder).expect("cargo's own folder");
        let lock = folder.join("package-lock.json");
        let is_there = fs::read_to_string(&lock).is_ok_and(|known| known == include_str!("package-lock.json"))
            && folder.join("node_modules/.package-lock.json").is_file();
        if !is_there {
            let _ = fs::remove_dir_all(folder.join("node_modules")); // half an installation looks like a whole one
        }
        for (name, text) in FILES {
            fs::write(folder.join(name), text).expect("cargo's own folder");
        }
        if !is_there {
            let npm = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
            let output = Command::new("npm").args(npm).current_dir(&folder).output();
            let output = output.expect("npm is needed: apt-get install npm; or ECE_CHECK_FOREIGN=off");
            assert!(output.status.success(), "npm ci: {}", String::from_utf8_lossy(&output.stderr));
        }
        folder
    }))
}

/// What the last page says, when the person has done all that is asked.
pub fn browser(address: &str, code: &[&str]) -> String {
    let output = Command::new("node")
        .args(["browser.mjs", "/usr/bin/chromium", address, USER])
        .args(code)
        .current_dir(folder().expect("it was there before"))
        .output()
        .expect("node is needed");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// The provider, in a process of its own; it ends with its standard input.
pub struct Provider {
    child: Child,
    port: u64,
    /// Tokens that it signed, by what is wrong with them.
    tokens: Value,
    certificates: tempfile::TempDir,
    /// It has notices to write, and dies when it cannot.
    _stdout: BufReader<ChildStdout>,
}

impl Provider {
    pub fn start() -> Option<Self> {
        let folder = folder()?;
        let certificates = certificates();
        let mut child = Command::new("node")
            .arg("provider.mjs")
            .args(["leaf.pem", "leaf.key", "application.pem"].map(|name| certificates.path().join(name)))
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node is needed: apt-get install nodejs; or ECE_CHECK_FOREIGN=off");
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("the provider: {error}: {line}"));
        let port = said["port"].as_u64().expect("a port");
        Some(Self { child, port, tokens: said["tokens"].clone(), certificates, _stdout: stdout })
    }

    fn sign_in(&self, arguments: &[&str]) -> SignIn {
        let save = self.certificates.path().join("refresh-token");
        let mut command = Command::new(ECE_CHECK);
        command
            .args(["token", "sign-in", "--tenant", "contoso.example", "--user", USER, "--wait", "40s"])
            .args(["--login-host", &format!("localhost:{}", self.port)])
            .arg("--save")
            .arg(&save)
            .args(arguments);
        self.sign_in_with(command)
    }

    /// The address of a page as the browser of these tests finds it: it resolves no name but localhost.
    pub fn on_localhost(&self, page: &str) -> String {
        page.replacen("https://login.microsoftonline.com/", &format!("https://localhost:{}/", self.port), 1)
    }

    /// A run that reads Microsoft Graph, for which a person signs in here.
    pub fn graph(&self, site: &str, arguments: &[&str]) -> SignIn {
        let file = self.certificates.path().join("graph.toml");
        fs::write(&file, format!("[entra]\ntenant = \"contoso.example\"\n{site}")).expect("a file");
        let mut command = Command::new(ECE_CHECK);
        command
            .args(["run", "-o", "json", "--dns-server", "127.0.0.1:9", "--no-proxy", "--deadline", "60s"])
            .args(["--connect-to", &format!("login.microsoftonline.com:443:127.0.0.1:{}", self.port), "-c"])
            .arg(file)
            .args(arguments);
        self.sign_in_with(command)
    }

    /// Starts what a person signs in to.
    fn sign_in_with(&self, mut command: Command) -> SignIn {
        let save = self.certificates.path().join("refresh-token");
        let mut child = command
            .args(["--resolve", &format!("localhost:{}:127.0.0.1", self.port)])
            .arg("--ca-file")
            .arg(self.certificates.path().join("root.pem"))
            .env("SECRET", SECRET)
            .env("WRONG", "Kartoffel8")
            .env("BROWSER", "true") // the browser of this test is driven by its own
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let told = BufReader::new(child.stderr.take().expect("it is piped"));
        SignIn { child, told, so_far: String::new(), save }
    }

    /// What a run reports of the token of an account, with the provider in the place of Entra.
    fn run(&self, refresh_token: &Path) -> Value {
        let token = format!("refresh_token = {{ file = '{}' }}", refresh_token.display());
        self.report(CONFIDENTIAL, "client_secret = { env = \"SECRET\" }", &token)
    }

    /// The same for an application with what it proves itself with, and an account with its token.
    fn report(&self, client_id: &str, proof: &str, token: &str) -> Value {
        self.report_of(client_id, proof, token, &["--only", "token,directory"])
    }

    fn report_of(&self, client_id: &str, proof: &str, token: &str, more: &[&str]) -> Value {
        let site = self.certificates.path().join("site.toml");
        let text = format!(
            "[entra]\ntenant = \"contoso.example\"\nclient_id = \"{client_id}\"\n{proof}\n[[account]]\n\
             name = \"sales\"\nsigns_in_as = \"{USER}\"\nmailboxes = [\"{USER}\"]\n{token}\n"
        );
        fs::write(&site, text).expect("a file");
        let output = Command::new(ECE_CHECK)
            .args(["run", "--output", "json", "--dns-server", "127.0.0.1:9", "--no-proxy"])
            .args(["--connect-to", &format!("login.microsoftonline.com:443:127.0.0.1:{}", self.port)])
            .args(more)
            .arg("--ca-file")
            .arg(self.certificates.path().join("root.pem"))
            .arg("--config")
            .arg(site)
            .env("SECRET", SECRET)
            .output()
            .expect("the binary runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!holds_token(&printed) && !printed.contains(SECRET), "a secret is printed: {printed}");
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// A certificate and a key that nobody has registered.
fn stranger() -> (String, KeyPair) {
    let key = KeyPair::generate().expect("a key");
    (CertificateParams::default().self_signed(&key).expect("a certificate").pem(), key)
}

/// A root, a leaf for this host and for Microsoft's, and an application's own.
fn certificates() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let key = || KeyPair::generate().expect("a key");
    let (root_key, leaf_key) = (key(), key());
    let mut root = CertificateParams::default();
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.distinguished_name.push(DnType::CommonName, "Root of the Tests");
    let root_pem = root.self_signed(&root_key).expect("a root").pem();
    let names = ["localhost", "login.microsoftonline.com", "smtp.office365.com", "outlook.office365.com"];
    let leaf = CertificateParams::new(names.map(str::to_owned)).expect("names");
    let application_key = KeyPair::from_pem(APPLICATION_KEY).expect("an RSA key");
    let application = CertificateParams::default().self_signed(&application_key).expect("a certificate").pem();
    let leaf = leaf.signed_by(&leaf_key, &Issuer::new(root, root_key)).expect("a leaf");
    for (name, text) in [
        ("root.pem", root_pem),
        ("leaf.pem", leaf.pem()),
        ("leaf.key", leaf_key.serialize_pem()),
        ("application.pem", application),
        ("application.key", APPLICATION_KEY.to_owned()),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, text).expect("a file");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("its owner alone");
    }
    folder
}

fn finding<'r>(report: &'r Value, check: &str) -> &'r Value {
    let mut fitting = report["findings"].as_array().into_iter().flatten().filter(|finding| finding["check"] == check);
    fitting.next().unwrap_or_else(|| panic!("no {check} in {report:#}"))
}

/// Three parts with dots between; a server's challenge in base64 begins alike and has one.
pub fn holds_token(printed: &str) -> bool {
    let of_token = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let mut words = printed.split(|c: char| !of_token(c));
    words.any(|word| word.contains("eyJ") && word.matches('.').count() > 1)
}

/// A sign-in that is going on.
pub struct SignIn {
    child: Child,
    told: BufReader<ChildStderr>,
    so_far: String,
    save: PathBuf,
}

impl SignIn {
    /// What stands behind this word at the beginning of a line.
    pub fn told(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.told.read_line(&mut line).expect("text");
            assert!(read > 0, "it ended without {word}: {}", self.so_far);
            self.so_far.push_str(&line);
            if let Some((_, rest)) = line.split_once(&format!("{word}   ")) {
                return rest.trim().to_owned();
            }
        }
    }

    /// The exit code, and everything that was printed.
    pub fn end(mut self) -> (Option<i32>, String) {
        self.told.read_to_string(&mut self.so_far).expect("text");
        let mut stdout = self.child.stdout.take().expect("it is piped");
        stdout.read_to_string(&mut self.so_far).expect("text");
        (self.child.wait().expect("it ends").code(), self.so_far)
    }

    /// The token is the user's, for Exchange Online; the refresh token is its owner's alone; neither is printed. Gives
    /// the file of the refresh token.
    fn ends_well(self) -> PathBuf {
        let save = self.save.clone();
        let (exit, printed) = self.end();
        assert_eq!(exit, Some(0), "{printed}");
        assert!(printed.contains(USER) && printed.contains("outlook.office.com"), "{printed}");
        let refresh = fs::read_to_string(&save).expect("the saved refresh token");
        assert!(refresh.trim().len() > 20 && !printed.contains(refresh.trim()), "the refresh token is printed");
        assert!(!printed.contains("eyJ") && !printed.contains(SECRET), "a secret is printed: {printed}");
        let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&save).expect("a file"));
        assert_eq!(mode & 0o777, 0o600);
        save
    }
}
