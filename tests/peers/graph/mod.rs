//! `--graph` and `--webex-connect` before servers that nobody here wrote: Prism for Microsoft Graph, scim2-server and scimmy
//! for Webex. They speak plain HTTP, so node puts TLS in front of them and tells what was asked. For `--graph` a person also
//! signs in at a certified OpenID provider.

use std::{
    fs,
    io::{BufRead as _, BufReader, Lines},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    directory::{folder, install},
    openid::{Provider, browser, holds_token},
};

const ORG: &str = "22222222-3333-4444-8555-666666666666";
const TOKEN: &str = "planted-token-of-webex-0123456789";

/// A server in a process of its own, which is ended when this is dropped.
struct Server {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Server {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("the server starts");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, lines }
    }

    /// The port that it prints first.
    fn port(&mut self) -> String {
        self.lines.next().expect("a line").expect("text")
    }

    /// What it printed until its end.
    fn ended(mut self) -> Vec<String> {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.lines.by_ref().map_while(Result::ok).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The folder with all servers; none when the user has turned these tests off.
fn installed() -> Option<PathBuf> {
    let (lock, wanted) = (include_str!("package-lock.json"), include_str!("requirements.txt"));
    let files = [
        ("package.json", include_str!("package.json")),
        ("package-lock.json", lock),
        ("requirements.txt", wanted),
        ("front.mjs", include_str!("front.mjs")),
        ("scimmy.mjs", include_str!("scimmy.mjs")),
        ("graph.yaml", include_str!("graph.yaml")),
    ];
    let folder = folder("graph-peers", &files)?;
    let npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    let pip = ["venv/bin/pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"];
    install(&folder, &format!("{lock}{wanted}"), &[&npm, &["python3", "-m", "venv", "venv"], &pip]);
    Some(folder)
}

/// A port that is free now.
fn free_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("an address").port().to_string()
}

/// Waits until somebody listens.
fn wait_for(port: &str) {
    let began = Instant::now();
    while std::net::TcpStream::connect(format!("127.0.0.1:{port}")).is_err() {
        assert!(began.elapsed() < Duration::from_mins(1), "nothing listens on {port}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// TLS with a certificate for this host in front of a port.
fn front(folder: &Path, host: &str, port: &str, rest: &[&str]) -> Server {
    let key = rcgen::KeyPair::generate().expect("a key");
    let parameters = rcgen::CertificateParams::new(vec![host.to_owned()]).expect("a name");
    let certificate = parameters.self_signed(&key).expect("a certificate");
    fs::write(folder.join(format!("{host}.key")), key.serialize_pem()).expect("cargo's own folder");
    fs::write(folder.join(format!("{host}.pem")), certificate.pem()).expect("cargo's own folder");
    let mut command = Command::new("node");
    command.current_dir(folder).args(["front.mjs", &format!("{host}.key"), &format!("{host}.pem"), port]).args(rest);
    Server::start(command)
}

/// A run against what is in front of a host.
fn run(folder: &Path, host: &str, port: &str, site: &str, arguments: &[&str]) -> (Value, String) {
    let file = format!("{host}.toml"); // tests of other hosts run beside this one, in the same folder
    fs::write(folder.join(&file), site).expect("cargo's own folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_ece-check"));
    command.current_dir(folder).env("PEER_TOKEN", TOKEN).args(["run", "-c", &file, "-o", "json", "--no-proxy"]);
    command.args(["--connect-to", &format!("{host}:443:127.0.0.1:{port}"), "--ca-file", &format!("{host}.pem")]);
    let output = command.args(arguments).stdin(Stdio::null()).output().expect("the program starts");
    let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(!said.contains(TOKEN) && !told.contains(TOKEN), "the token is in the output");
    (serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{told}")), told.into_owned())
}

/// Status and first cause of a check.
fn outcome(report: &Value, check: &str) -> (String, String, String) {
    let findings = report["findings"].as_array().expect("findings");
    let finding = findings.iter().find(|finding| finding["check"] == check).expect("the check was made");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let next = text(&finding["next"]) + &text(&finding["found"]);
    (text(&finding["status"]), text(&finding["causes"][0]["cause"]), next)
}

const WEBEX: &str = "api.ciscospark.com";

fn connect(folder: &Path, port: &str) -> (String, String, String) {
    connect_for(folder, port, "--webex-connect")
}

/// The same, and the flag names a user.
fn connect_for(folder: &Path, port: &str, flag: &str) -> (String, String, String) {
    let site = format!(
        "[webex]\norg_id = \"{ORG}\"\ntenant_url = \"https://{WEBEX}/v1/scim/{ORG}\"\ntoken = {{ env = \"PEER_TOKEN\" }}\n"
    );
    let (report, _) = run(folder, WEBEX, port, &site, &["--only", "webex.connection", flag]);
    outcome(&report, "webex.connection")
}

/// A web page in front of a server that works is a device in the path; a limit is asked once more and then no verdict.
fn device_and_limit_are_told_apart(folder: &Path, server: &str, behind: &str) {
    let prefix = format!("/v1/scim/{ORG}");
    for (instead, status, named, asked) in
        [("!200 text/html", "fail", "scim-endpoint-unreachable", 1), ("!429 application/json", "error", "", 2)]
    {
        let mut device = front(folder, WEBEX, behind, &[&prefix, instead]);
        let (seen, cause, found) = connect(folder, &device.port());
        assert_eq!((seen.as_str(), cause.as_str()), (status, named), "{server}, {instead}: {found}");
        let lines = device.ended();
        let requests = lines.iter().filter(|line| line.starts_with("GET ")).count();
        assert_eq!(requests, asked, "{server}, {instead}: {lines:?}");
    }
}

/// The server answers 404 for the path that it does not have.
fn unknown_organization_is_told(folder: &Path, server: &str, behind: &str) {
    let mut elsewhere = front(folder, WEBEX, behind, &[&format!("/v1/scim/{ORG}"), "/nowhere"]);
    let (seen, cause, found) = connect(folder, &elsewhere.port());
    assert_eq!((seen.as_str(), cause.as_str()), ("fail", "scim-endpoint-unreachable"), "{server}: {found}");
}

/// A user who is there is told from one who is not, with the ID that the server has.
fn user_is_found(folder: &Path, server: &str, behind: &str, path: &[&str]) {
    let mut tls = front(folder, WEBEX, behind, path);
    let port = tls.port();
    let created = Command::new("curl")
        .args(["-sS", "-k", "--noproxy", "*", "--connect-to", &format!("{WEBEX}:443:127.0.0.1:{port}")])
        .args([
            "-H",
            &format!("Authorization: Bearer {TOKEN}"),
            "-H",
            "Content-Type: application/scim+json",
            "-d",
            ANNA,
        ])
        .args(["-o", "/dev/null", "-w", "%{http_code}", &format!("https://{WEBEX}/v1/scim/{ORG}/Users")])
        .output()
        .expect("curl is needed: apt-get install curl");
    assert_eq!(String::from_utf8_lossy(&created.stdout), "201", "{server}: {created:?}");
    let (seen, _, found) = connect_for(folder, &port, "--webex-connect=anna@example.com");
    assert!(seen == "pass" && found.contains("that user in Webex: active, external ID: 0a1b2c3d"), "{server}: {found}");
    let (seen, _, found) = connect_for(folder, &port, "--webex-connect=bert@example.com");
    assert!(seen == "pass" && found.contains("that user in Webex: not there"), "{server}: {found}");
}

const ANNA: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"anna@example.com","active":true,"externalId":"0a1b2c3d"}"#;

#[test]
fn webex_is_asked_through_two_scim_servers() {
    let Some(folder) = installed() else { return };
    for (token, status) in [(TOKEN, "pass"), ("another-token", "fail")] {
        let mut command = Command::new("node");
        command.current_dir(&folder).arg("scimmy.mjs").env("SCIM_TOKEN", token);
        let mut scimmy = Server::start(command);
        let behind = scimmy.port();
        let mut tls = front(&folder, WEBEX, &behind, &[]);
        let (seen, cause, found) = connect(&folder, &tls.port());
        assert_eq!(seen, status, "scimmy: {found}");
        assert!(status == "pass" || cause.starts_with("scim-token-"), "scimmy: {cause}");
        assert!(tls.ended().iter().all(|line| line.starts_with("GET ")), "only GET");
        if status == "pass" {
            user_is_found(&folder, "scimmy", &behind, &[]);
            unknown_organization_is_told(&folder, "scimmy", &behind);
            device_and_limit_are_told_apart(&folder, "scimmy", &behind);
        }

        let behind = free_port();
        let mut command = Command::new(folder.join("venv/bin/scim2-server"));
        command.args(["--port", &behind, "--bearer-token", token]).stderr(Stdio::null());
        let scim2 = Server::start(command);
        wait_for(&behind);
        let prefix = format!("/v1/scim/{ORG}");
        let mut tls = front(&folder, WEBEX, &behind, &[&prefix, "/v2"]);
        let (seen, cause, found) = connect(&folder, &tls.port());
        assert_eq!(seen, status, "scim2-server: {found}");
        assert!(status == "pass" || cause.starts_with("scim-token-"), "scim2-server: {cause}");
        if status == "pass" {
            user_is_found(&folder, "scim2-server", &behind, &[&prefix, "/v2"]);
            unknown_organization_is_told(&folder, "scim2-server", &behind);
            device_and_limit_are_told_apart(&folder, "scim2-server", &behind);
        }
        drop(scim2);
    }
}

const GRAPH: &str = "graph.microsoft.com";

#[test]
fn graph_is_asked_through_prism() {
    let Some(folder) = installed() else { return };
    let behind = free_port();
    let mut command = Command::new("node");
    command.current_dir(&folder).args(["node_modules/@stoplight/prism-cli/dist/index.js", "mock"]);
    command.args(["-p", &behind, "graph.yaml"]).stdout(Stdio::null());
    let _prism = Server::start(command);
    wait_for(&behind);
    let site = format!(
        "[entra]\ngraph_token = {{ env = \"PEER_TOKEN\" }}\n\n[webex]\nintegration = \"wizard\"\norg_id = \"{ORG}\"\n"
    );
    let arguments = ["--only", "webex.applications-present", "--graph"];
    for (prefer, status, cause, part) in [
        (None, "fail", "webex-integration-app-disabled", ""),
        (Some("Prefer:code=403"), "skip", "", "Application.Read.All"),
        (Some("Prefer:code=429"), "skip", "", "HTTP status 429"),
    ] {
        let headers: Vec<&str> = ["/v1.0", ""].into_iter().chain(prefer).collect();
        let mut tls = front(&folder, GRAPH, &behind, &headers);
        let (report, told) = run(&folder, GRAPH, &tls.port(), &site, &arguments);
        let (seen, seen_cause, next) = outcome(&report, "webex.applications-present");
        assert_eq!((seen.as_str(), seen_cause.as_str()), (status, cause), "{prefer:?}: {next} {told}");
        assert!(next.contains(part), "{prefer:?}: {next}");
        let asked = tls.ended();
        assert!(!asked.is_empty() && asked.iter().all(|line| line.starts_with("GET /")), "only GET: {asked:?}");
    }
    person_signs_in_at_an_openid_provider(&folder, &behind); // Prism takes long to start
}

/// A certified OpenID provider in Entra's place, a person at Chromium, and Prism in Graph's.
fn person_signs_in_at_an_openid_provider(folder: &Path, behind: &str) {
    let Some(provider) = Provider::start() else { return };
    let site = format!("[webex]\nintegration = \"wizard\"\norg_id = \"{ORG}\"\n");
    for how in ["browser", "device-code"] {
        let mut tls = front(folder, GRAPH, behind, &["/v1.0", ""]);
        let rule = format!("{GRAPH}:443:127.0.0.1:{}", tls.port());
        let authority = folder.join(format!("{GRAPH}.pem")).display().to_string();
        let arguments = ["--only", "webex.applications-present", "--connect-to", &rule, "--ca-file", &authority];
        let mut run = provider.graph(&site, &[&arguments[..], &[&format!("--graph={how}")]].concat());
        let page = provider.on_localhost(&run.told("Open"));
        let code = if how == "device-code" { vec![run.told("Type")] } else { Vec::new() };
        let seen = browser(&page, &code.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(seen.contains("Sign-in finished") || seen.contains("Sign-in Success"), "{how}: {seen}");
        let (exit, printed) = run.end();
        assert_eq!(exit, Some(1), "{how}: {printed}");
        assert!(printed.contains("webex-integration-app-disabled") && !holds_token(&printed), "{how}: {printed}");
        let asked = tls.ended();
        assert!(!asked.is_empty() && asked.iter().all(|line| line.starts_with("GET /")), "only GET: {asked:?}");
    }
}
