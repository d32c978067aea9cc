//! Tokens of the provider at nodemailer's `smtp-server`: the good one is let in, and for each of the others the run says
//! what is wrong with it, however much the server's own words are alike.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use super::{APPLICATION_KEY, CERTIFIED, CONFIDENTIAL, Provider, SECRET, USER, finding, folder};

/// The submission server, in a process of its own; it ends with its standard input.
struct Submission {
    child: Child,
    port: u64,
    told: BufReader<ChildStdout>,
}

impl Submission {
    fn start(provider: &Provider) -> Self {
        let at = |name: &str| provider.certificates.path().join(name);
        let mut child = Command::new("node")
            .arg("submission.mjs")
            .args([at("leaf.pem"), at("leaf.key")])
            .arg(format!("https://localhost:{}", provider.port))
            .env("NODE_EXTRA_CA_CERTS", at("root.pem"))
            .current_dir(folder().expect("it was there before"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node is needed");
        let mut told = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        told.read_line(&mut line).expect("a line");
        let said: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("the server: {error}: {line}"));
        Self { child, port: said["port"].as_u64().expect("a port"), told }
    }

    /// What a run with this server in Exchange's place reports.
    fn report(&self, provider: &Provider, client_id: &str, proof: &str, token: &str) -> Value {
        let turned = |host: &str| format!("{host}:587:127.0.0.1:{}", self.port);
        let (smtp, other) = (turned("smtp.office365.com"), turned("outlook.office365.com"));
        let only = ["--only", "smtp,token", "--connect-to", &smtp, "--connect-to", &other];
        provider.report_of(client_id, proof, token, &only)
    }

    /// Ends it, and gives what it told of sign-ins and envelopes.
    fn end(mut self) -> Vec<Value> {
        drop(self.child.stdin.take());
        let mut told = String::new();
        self.told.read_to_string(&mut told).expect("text");
        let _ = self.child.wait();
        told.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

const WITH_SECRET: &str = "client_secret = { env = \"SECRET\" }";

/// An account that has this access token.
fn handed_over(provider: &Provider, token: &str) -> String {
    let file = provider.certificates.path().join("token");
    let token = provider.tokens[token].as_str().expect("a token of that name");
    std::fs::write(&file, token).expect("a file");
    format!("access_token = {{ file = '{}' }}", file.display())
}

#[test]
fn good_token_is_let_in_and_nothing_is_sent() {
    let Some(provider) = Provider::start() else { return };
    let submission = Submission::start(&provider);
    let report = submission.report(&provider, CONFIDENTIAL, WITH_SECRET, &handed_over(&provider, "good"));
    for check in ["smtp.starttls", "smtp.xoauth2-offered", "smtp.sign-in", "smtp.sender-accepted"] {
        assert_eq!(finding(&report, check)["status"], "pass", "{check}: {}", finding(&report, check));
    }
    let told = submission.end();
    let signed_in: Vec<&Value> = told.iter().filter(|line| line["method"] == "XOAUTH2").collect();
    let [once] = signed_in[..] else { panic!("not one sign-in: {told:?}") };
    assert_eq!((&once["username"], &once["secure"]), (&USER.into(), &true.into()), "{told:?}");
    assert!(told.iter().any(|line| line["sender"] == USER), "{told:?}");
    assert!(told.iter().all(|line| line["message"].is_null()), "{told:?}");
}

#[test]
fn tokens_that_are_refused_alike_are_told_apart() {
    let Some(provider) = Provider::start() else { return };
    for (token, shows, cause) in [
        ("expired", "token.valid-now", "token-expired"),
        ("forGraph", "token.audience", "token-wrong-audience"),
        ("ofAnother", "token.identity", "token-user-mismatch"),
        ("ofAnotherProvider", "smtp.sign-in", ""),
    ] {
        let submission = Submission::start(&provider);
        let report = submission.report(&provider, CONFIDENTIAL, WITH_SECRET, &handed_over(&provider, token));
        let shown = finding(&report, shows);
        assert_eq!(shown["status"], "fail", "{token}: {shown}");
        if cause.is_empty() {
            let found = shown["found"].as_str().unwrap_or_default();
            assert!(found.contains("535") && shown["causes"][0]["certainty"] != "certain", "{token}: {shown}");
        } else {
            assert_eq!(shown["causes"][0]["cause"], cause, "{token}: {shown}");
        }
        let refused = submission.end().iter().filter(|line| !line["refused"].is_null()).count();
        assert!(refused <= 1, "{token}: a refused token was tried {refused} times");
        // who signs in as somebody else gets in over SMTP, and may not send as this mailbox
        let sender = finding(&report, "smtp.sender-accepted");
        assert!(sender["status"] == "fail" || sender["status"] == "skip", "{token}: {sender}");
    }
}

#[test]
fn token_that_a_certificate_has_fetched_is_let_in() {
    let Some(provider) = Provider::start() else { return };
    let submission = Submission::start(&provider);
    let at = |name: &str| provider.certificates.path().join(name).display().to_string();
    let papers = format!(
        "client_certificate = {{ file = '{}' }}\nclient_key = {{ file = '{}' }}",
        at("application.pem"),
        at("application.key")
    );
    let report = submission.report(&provider, CERTIFIED, &papers, "application_token = true");
    for check in ["token.issued", "smtp.sign-in"] {
        assert_eq!(finding(&report, check)["status"], "pass", "{check}: {}", finding(&report, check));
    }
    let key = APPLICATION_KEY.lines().nth(1).expect("a key has lines");
    assert!(!report.to_string().contains(key) && !report.to_string().contains(SECRET));
    assert!(submission.end().iter().any(|line| line["method"] == "XOAUTH2" && line["refused"].is_null()));
}
