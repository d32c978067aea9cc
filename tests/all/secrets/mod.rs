//! Marked secrets go through every command that takes one; the marks are in no byte that leaves, plain or encoded.

mod commands;
mod evidence;
mod mail;
mod provider;
mod search;

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Command, Output, Stdio},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;

use self::{
    provider::{Gives, Provider},
    search::leak,
};

const CLIENT_SECRET: &str = "Marked~client.secret/0123456789ABCDEF";
const REFRESH_TOKEN: &str = "0.AMarkedRefreshTokenThatIsOnlyToBeSavedInOneFile0123456789";
const DEVICE_CODE: &str = "MarkedDeviceCodeThatOnlyTheTokenEndpointMaySee0123456789";
const CODE: &str = "0.MarkedAuthorizationCodeFromTheSignInPage0123456789";

/// A token whose three parts are marked; only its claims, decoded, may be shown.
fn access_token() -> String {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let now = jiff::Timestamp::now().as_second();
    let claims = json!({
        "aud": "https://outlook.office365.com", "iat": now, "nbf": now, "exp": now + 4000, "upn": "sales@example.com",
        "scp": "IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send", "ver": "1.0"
    });
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": "marked"});
    let signature = format!("MarkedSignatureOfTheToken0123456789{}", "A".repeat(307)); // 256 bytes
    format!("{}.{}.{signature}", part(header), part(claims))
}

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ece-check"));
    command.args(arguments).env("ECE_MARKED_SECRET", CLIENT_SECRET).env("ECE_MARKED_TOKEN", access_token());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// All that the program wrote, after it was searched.
fn searched(output: &Output) -> String {
    let bytes = [output.stdout.as_slice(), &output.stderr].concat();
    let token = access_token();
    let secrets = [CLIENT_SECRET, REFRESH_TOKEN, DEVICE_CODE, CODE].into_iter().chain(token.split('.'));
    searched_for(&bytes, &secrets.map(str::to_owned).collect::<Vec<_>>())
}

/// These bytes as text, after they were searched.
fn searched_for(bytes: &[u8], secrets: &[String]) -> String {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    assert_eq!(leak(bytes, &secrets), None, "{text}");
    text
}

#[test]
fn token_show_tells_claims_and_never_the_token() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    fs::write(&file, access_token()).unwrap();
    let file = file.to_str().unwrap();
    for arguments in [["--env", "ECE_MARKED_TOKEN"], ["--file", file]] {
        for format in ["text", "json"] {
            let output = program(&[&["token", "show", "-o", format], &arguments[..]].concat()).output().unwrap();
            assert!(output.status.success());
            assert!(searched(&output).contains("sales@example.com"));
        }
    }
}

#[test]
fn mistakes_name_the_place_and_not_what_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let two_lines = folder.path().join("two-lines");
    fs::write(&two_lines, format!("{CLIENT_SECRET}\n{REFRESH_TOKEN}\n")).unwrap();
    let two_lines = two_lines.to_str().unwrap();
    let token = access_token();
    for arguments in [
        &["token", "show", "--env", &token] as &[&str],
        &["token", "show", "--env", "ECE_MARKED_TOKEN", "--no-such-flag"],
    ] {
        let output = program(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        searched(&output);
    }
    let unknown = program(&["explain", &token]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(0), "what a token holds is told");
    assert!(searched(&unknown).contains("sales@example.com"));
    let no_token = program(&["token", "show", "--file", two_lines]).output().unwrap();
    assert_eq!(no_token.status.code(), Some(1));
    assert!(searched(&no_token).contains("The access token is malformed"));
}

/// Texts with a password of which only what stands around it tells that it is one.
const WITH_PASSWORD: [&str; 4] = [
    "proxy http://svc:{}@proxy.example.com:8080 returned 407 Proxy Authentication Required",
    "curl -u svc:{} smtps://smtp.office365.com:465 535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
    "535 5.7.3 Authentication unsuccessful <password>{}</password>",
    "2026-11-23 04:01:20 ERROR mail.smtp.password={} 535 5.7.139 Authentication unsuccessful, basic authentication is disabled.",
];

/// All that the program wrote, in one line; a password of a few letters is looked for as it is.
fn without(output: &Output, password: &str) -> String {
    let said = String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned();
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(!said.contains(password) && said.contains("[masked]"), "{password}: {said}");
    said
}

#[test]
fn password_in_a_text_that_is_explained_is_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("some.log");
    for password in ["Marked2024!", "marked", "m:a@rk/ed#9"] {
        let texts: Vec<String> = WITH_PASSWORD.iter().map(|text| text.replace("{}", password)).collect();
        let said = program(&["explain", &texts[0]]).output().unwrap();
        assert!(without(&said, password).contains("proxy-auth-required"));
        without(&program(&["explain", &texts[2]]).output().unwrap(), password);
        fs::write(&file, format!("{}\n2026-11-23 04:01:21 x\n", texts.join("\n"))).unwrap();
        for format in ["text", "json"] {
            let said = program(&["explain", "-o", format, "-f", file.to_str().unwrap()]).output().unwrap();
            assert!(without(&said, password).contains("basic-auth-retired"));
        }
        let input = fs::File::open(&file).unwrap();
        without(&program(&["explain", "-"]).stdin(input).output().unwrap(), password);
    }
}

#[test]
fn secret_in_the_name_of_a_site_or_a_case_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("site.toml");
    for name in ["http://u:MarkedPw@x", "https://MarkedPw@x", "u:MarkedPw@x", "Marked2024!"] {
        fs::write(&file, format!("site = \"{name}\"\n")).unwrap();
        for arguments in [["--site", name], ["--case", name], ["--config", file.to_str().unwrap()]] {
            let output = program(&[&["run", "--lab", "--only", "dns"], &arguments[..]].concat()).output().unwrap();
            let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
            assert!(!said.contains("Marked"), "{said}");
            assert!(said.contains("looks like a URL or a secret"), "{said}");
        }
    }
}

fn gives() -> Gives {
    let (refresh_token, device_code) = (REFRESH_TOKEN.to_owned(), DEVICE_CODE.to_owned());
    Gives { access_token: access_token(), refresh_token, device_code, refuses: false }
}

fn sign_in(provider: &Provider, arguments: &[&str]) -> Command {
    let to = format!("login.test:443:127.0.0.1:{}", provider.address.port());
    let ca_file = provider.ca_file.to_str().unwrap();
    let mut command = program(&["token", "sign-in", "--tenant", "contoso.example", "--client-id", "app-1"]);
    command.args(["--login-host", "login.test", "--connect-to", &to, "--ca-file", ca_file]);
    command.args(["--client-secret-env", "ECE_MARKED_SECRET"]).args(arguments).env("PATH", "");
    command
}

#[test]
fn sign_in_by_device_code_saves_the_refresh_token_alone() {
    let provider = Provider::start(gives());
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("refresh");
    let output = sign_in(&provider, &["--save", file.to_str().unwrap()]).output().unwrap();
    let said = searched(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("ABCD-EFGH") && said.contains("https://login.test/activate"), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), format!("{REFRESH_TOKEN}\n"));
    let asked = provider.asked.lock().unwrap().join("\n");
    assert!(asked.contains("Marked%7Eclient.secret%2F") && asked.contains(DEVICE_CODE), "{asked}");
    let again = sign_in(&provider, &["--save", file.to_str().unwrap()]).output().unwrap();
    assert_eq!(again.status.code(), Some(2));
}

#[test]
fn refusal_that_repeats_the_question_is_told_without_the_secrets() {
    let provider = Provider::start(Gives { refuses: true, ..gives() });
    let output = sign_in(&provider, &[]).output().unwrap();
    let said = searched(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("AADSTS7000215") && said.contains("client_secret=<secret>"), "{said}");
    assert_eq!(provider.asked.lock().unwrap().len(), 3, "a refused secret is not tried again");
}

/// The address that the program asks to open.
fn address(stderr: &mut impl std::io::BufRead) -> url::Url {
    let line = stderr.lines().map_while(Result::ok).find_map(|line| line.strip_prefix("Open   ").map(str::to_owned));
    line.expect("an address to open").parse().unwrap()
}

fn of(address: &url::Url, name: &str) -> String {
    address.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned()
}

#[test]
fn sign_in_by_browser_ends_on_loopback() {
    let provider = Provider::start(gives());
    let mut child = sign_in(&provider, &["--browser"]).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let address = address(&mut stderr);
    let redirect: url::Url = of(&address, "redirect_uri").parse().unwrap();
    let mut browser = TcpStream::connect(("127.0.0.1", redirect.port().unwrap())).unwrap();
    let target = format!("/?code={CODE}&state={}", of(&address, "state"));
    browser.write_all(format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
    let mut page = String::new();
    browser.read_to_string(&mut page).unwrap();
    let mut rest = Vec::new();
    stderr.read_to_end(&mut rest).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = [rest, page.clone().into_bytes()].concat();
    let said = searched(&output);
    assert!(output.status.success() && page.contains("Sign-in finished"), "{said}");
    let asked = provider.asked.lock().unwrap().join("\n");
    assert!(asked.contains(CODE) && asked.contains("code_verifier="), "{asked}");
}

#[test]
fn pasted_address_is_redeemed_when_it_answers_this_sign_in() {
    let provider = Provider::start(gives());
    let redirect = ["--paste", "--redirect-url", "https://ece.example.com/system"];
    for (state, code) in [(None, 0), (Some("foreign"), 1)] {
        let mut child = sign_in(&provider, &redirect).stdin(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let address = address(&mut stderr);
        let state = state.map_or_else(|| of(&address, "state"), str::to_owned);
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "https://ece.example.com/system?code={CODE}&state={state}").unwrap();
        drop(stdin);
        let mut rest = Vec::new();
        stderr.read_to_end(&mut rest).unwrap();
        let mut output = child.wait_with_output().unwrap();
        output.stderr = rest;
        let said = searched(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
    }
    let asked = provider.asked.lock().unwrap();
    assert_eq!(asked.iter().filter(|asked| asked.starts_with("/token")).count(), 1);
}
