//! `run --graph` with a person who signs in, in a browser (PKCE) and with a device code, against the lab: what Graph shows
//! is judged, nothing but GET reaches it, no token is in any output, and a sign-in that is declined or never completed
//! says so.

use std::{
    env,
    io::{BufRead as _, BufReader, Read as _},
    net::SocketAddr,
    process::{Child, ChildStderr, Command, Stdio},
};

use ece_check::{
    finding::{Report, Status},
    lab::{Lab, Settings},
};
use reqwest::Client;

use crate::{program::Place, walk};

/// A site as an administrator of Webex writes it: no secret and no token.
const SITE: &str = "[entra]\ntenant = \"7d0b6f3e-52a4-4c1b-9e68-2f6a1c93d7b5\"\n\n[webex]\norg_id = \"22222222-3333-4444-8555-666666666666\"\n";

/// What Graph alone settles.
const CHECKS: [&str; 4] = ["webex.applications-present", "webex.consent", "webex.provisioning-on", "webex.mapping"];

/// A tenant, a folder with its CA, and a person with a browser.
struct Scene {
    lab: Lab,
    place: Place,
    person: Client,
}

impl Scene {
    async fn new() -> Self {
        let lab = walk::start(&Settings { graph: true, webex: true, ..Settings::default() }).await;
        let place = Place::new();
        place.write("ca.pem", lab.ca_pem());
        place.write("site.toml", SITE);
        let _ = rustls::crypto::ring::default_provider().install_default(); // another test may have done it
        let authority = reqwest::Certificate::from_pem_bundle(lab.ca_pem().as_bytes()).expect("a CA");
        let browser = Client::builder().no_proxy().tls_certs_only(authority);
        let person = browser.resolve("login.microsoftonline.com", on_loopback(&lab, "20.190.151.6")).build();
        Self { lab, place, person: person.expect("a browser") }
    }

    /// `run --graph`, by a person who reads what it tells.
    fn run(&self, graph: &str, more: &[&str]) -> Run {
        Run::of(self.command(graph, more))
    }

    fn command(&self, graph: &str, more: &[&str]) -> Command {
        let arguments = ["run", graph, "--only", "webex", "-o", "json", "--no-proxy", "-4", "--ca-file", "ca.pem"];
        let mut command = self.place.command(&[&arguments[..], more].concat());
        command.arg("--dns-server").arg(self.lab.dns_server().to_string());
        for one in self.lab.connections().iter().filter(|one| one.address.is_ipv4() && one.address.port() == 443) {
            let to = format!("{}:443:{}:{}", one.address.ip(), one.to.ip(), one.to.port());
            command.arg("--connect-to").arg(to);
        }
        command.env("PATH", "/nowhere"); // no browser is started here
        command
    }

    /// Opens an address, and gives where it ended and what was shown.
    async fn opens(&self, address: &str) -> (String, String) {
        let shown = self.person.get(address).send().await.expect("a page");
        (shown.url().to_string(), shown.text().await.expect("text"))
    }

    /// Types the code of a device, and whatever else is chosen.
    async fn types(&self, code: &str, chosen: &str) -> String {
        let page = "https://login.microsoftonline.com/common/oauth2/deviceauth";
        self.opens(&format!("{page}?user_code={code}&{chosen}")).await.1
    }

    /// Only GET has come to Graph, and much of it.
    #[track_caller]
    fn was_only_read(&self) {
        let asked = self.lab.counts().api;
        assert!(asked.iter().any(|one| one.contains("graph.microsoft.com/v1.0/servicePrincipals")), "{asked:?}");
        assert!(asked.iter().all(|one| one.starts_with("GET ")), "{asked:?}");
    }

    #[track_caller]
    fn was_not_asked(&self) {
        assert!(self.lab.counts().api.is_empty(), "{:?}", self.lab.counts().api);
    }
}

fn on_loopback(lab: &Lab, address: &str) -> SocketAddr {
    let known = SocketAddr::new(address.parse().expect("an address"), 443);
    lab.connections().iter().find(|one| one.address == known).expect("an address of the lab").to
}

/// A run that is going on.
struct Run {
    child: Child,
    told: BufReader<ChildStderr>,
    so_far: String,
}

impl Run {
    fn of(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).spawn().expect("the program starts");
        let told = BufReader::new(child.stderr.take().expect("it is piped"));
        Self { child, told, so_far: String::new() }
    }

    /// What is told behind a word.
    fn told(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.told.read_line(&mut line).expect("text"), 0, "it ended without {word}: {}", self.so_far);
            self.so_far.push_str(&line);
            if let Some((_, rest)) = line.split_once(&format!("{word}   ")) {
                return rest.trim().to_owned();
            }
        }
    }

    /// Its exit code, and all that it printed.
    fn end(mut self) -> (Option<i32>, Report, String) {
        let mut stdout = String::new();
        self.child.stdout.take().expect("it is piped").read_to_string(&mut stdout).expect("text");
        self.told.read_to_string(&mut self.so_far).expect("text");
        let report = serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}{}", self.so_far));
        (self.child.wait().expect("it ends").code(), report, stdout + &self.so_far)
    }
}

/// Three parts with dots between, as a token has them.
fn holds_token(printed: &str) -> bool {
    let mut words = printed.split(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.".contains(letter)));
    words.any(|word| word.contains("eyJ") && word.matches('.').count() > 1)
}

#[track_caller]
fn is_judged(report: &Report, printed: &str) {
    for check in CHECKS {
        let finding = report.findings.iter().find(|one| one.check == check).expect("it is planned");
        assert_eq!(finding.status, Status::Pass, "{check}: {} {printed}", finding.found);
    }
    assert!(!holds_token(printed), "a token is printed: {printed}");
}

/// Every check that waits says why, and the run is inconclusive.
#[track_caller]
fn waits((code, report, printed): (Option<i32>, Report, String), why: &str) {
    assert_eq!(code, Some(3), "{printed}");
    for check in CHECKS {
        let finding = report.findings.iter().find(|one| one.check == check).expect("it is planned");
        let says = format!("{}{}", finding.next.clone().unwrap_or_default(), finding.found);
        assert!(finding.status != Status::Pass && says.contains(why), "{check}: {why:?} is not in {finding:#?}");
    }
    assert!(printed.contains(why) && !holds_token(&printed), "{printed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn person_signs_in_with_a_browser() {
    let scene = Scene::new().await;
    let mut run = scene.run("--graph=browser", &["-c", "site.toml"]);
    let page = run.told("Open");
    assert!(
        page.contains("code_challenge_method=S256") && page.contains("7d0b6f3e-52a4-4c1b-9e68-2f6a1c93d7b5"),
        "{page}"
    );
    let scopes = page.split("scope=").nth(1).and_then(|rest| rest.split('&').next()).expect("scopes");
    assert!(scopes.split('+').all(|scope| scope.ends_with(".Read.All")), "read only: {scopes}");
    let (ended, shown) = scene.opens(&format!("{page}&login_hint=admin@example.com")).await;
    assert!(shown.contains("Sign-in finished"), "{ended} {shown}");
    let (code, report, printed) = run.end();
    assert_eq!(code, Some(0), "{printed}");
    is_judged(&report, &printed);
    let grant = ended.split("code=").nth(1).and_then(|rest| rest.split('&').next()).expect("a code");
    assert!(grant.len() > 20 && !printed.contains(grant), "the code is printed: {printed}");
    scene.was_only_read();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn person_signs_in_with_a_device_code_and_no_site_file() {
    let scene = Scene::new().await;
    let mut run = scene.run("--graph=device-code", &[]);
    let code = run.told("Type");
    let shown = scene.types(&code, "login_hint=admin@example.com").await;
    assert!(shown.contains("You are signed in"), "{shown}");
    let (exit, report, printed) = run.end();
    assert_eq!(exit, Some(0), "{printed}");
    is_judged(&report, &printed);
    scene.was_only_read();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn declined_sign_in_is_told_and_nothing_is_asked() {
    let scene = Scene::new().await;
    let mut by_browser = scene.run("--graph=browser", &["-c", "site.toml"]);
    let mut by_code = scene.run("--graph=device-code", &["-c", "site.toml"]);
    let page = by_browser.told("Open");
    scene.opens(&format!("{page}&cancel=1")).await;
    let code = by_code.told("Type");
    scene.types(&code, "cancel=1").await;
    for run in [by_browser, by_code] {
        waits(run.end(), "the sign-in was canceled or declined: AADSTS65004");
    }
    scene.was_not_asked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_in_that_is_never_completed_ends_with_the_deadline() {
    let scene = Scene::new().await;
    // the lab is as patient as Entra is: its codes are good the second time
    let runs = ["browser", "device-code"]
        .map(|how| scene.run(&format!("--graph={how}"), &["-c", "site.toml", "--deadline", "900ms"]));
    for run in runs {
        waits(run.end(), "the sign-in was not completed in time");
    }
    scene.was_not_asked();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_terminal_nobody_is_asked_to_sign_in() {
    let scene = Scene::new().await;
    waits(scene.run("--graph", &["-c", "site.toml"]).end(), "set graph_token under [entra], or run in a terminal");
    scene.was_not_asked();
}

/// util-linux gives the terminal. Where no browser starts, the code comes at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_terminal_without_a_browser_a_device_code_is_given() {
    if env::var_os("ECE_CHECK_PROGRAM").is_some() {
        return; // a program that is not this system's own has its terminal elsewhere
    }
    let scene = Scene::new().await;
    let command = scene.command("--graph", &["-c", "site.toml"]);
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line = words.map(|word| format!("'{}'", word.to_string_lossy())).collect::<Vec<_>>().join(" ");
    let terminal = Command::new("script")
        .args(["-qec", &format!("PATH=/nowhere exec {line} > report.json"), "/dev/null"])
        .current_dir(scene.place.path())
        .stdin(Stdio::null())
        .output();
    let shown = terminal.expect("util-linux has script");
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("Type   ") && shown.contains("microsoft.com/devicelogin"), "{shown}");
    let text = scene.place.read("report.json");
    is_judged(
        &serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {shown}")),
        &(text.clone() + &shown),
    );
    scene.was_only_read();
}
