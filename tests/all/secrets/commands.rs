//! A site with marked secrets of every kind, walked by every command, against servers that repeat all they are given.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Output, Stdio},
};

use super::{
    CLIENT_SECRET, REFRESH_TOKEN, access_token, gives,
    mail::{Speaks, start},
    program,
    provider::{Gives, Provider},
    search::leak,
    searched_for,
};

const KEY: &str = include_str!("../../../src/lab/application.key");
const PROXY_PASSWORD: &str = "Marked~password:of/the-proxy-0123456789";
const STORE_PASSWORD: &str = "MarkedPasswordOfTheTrustStore0123456789";

/// A folder with the site's file, and servers that it leads to.
struct Site {
    folder: tempfile::TempDir,
    provider: Provider,
    ports: [u16; 3],
}

const BY_SECRET: &str = "client_secret = { env = \"ECE_MARKED_SECRET\" }";
const BY_CERTIFICATE: &str = "client_certificate = { file = \"app.pem\" }\nclient_key = { file = \"app.key\" }";
const READY: &str = "access_token = { env = \"ECE_MARKED_TOKEN\" }";
const REFRESHED: &str = "refresh_token = { env = \"ECE_MARKED_REFRESH\" }";
const OWN: &str = "application_token = true";

impl Site {
    fn new(gives: Gives, proof: &str, token: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let provider = Provider::start(gives);
        let ports = [Speaks::Smtp, Speaks::Imap, Speaks::Pop3].map(|speaks| start(speaks, &provider.config));
        let file = format!(
            "[entra]\ntenant = \"bigshop.test\"\nclient_id = \"1b4e28ba-2fa1-11d2-883f-0016d3cca427\"\n{proof}\n\
             [[account]]\nname = \"sales\"\nsigns_in_as = \"sales@bigshop.test\"\nmailboxes = [\"sales@bigshop.test\"]\n\
             {token}\n"
        );
        fs::write(folder.path().join("site.toml"), file).unwrap();
        fs::write(folder.path().join("app.key"), KEY).unwrap();
        let key = rcgen::KeyPair::from_pem(KEY).unwrap();
        let own = rcgen::CertificateParams::default().self_signed(&key).unwrap();
        fs::write(folder.path().join("app.pem"), own.pem()).unwrap();
        Self { folder, provider, ports }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = program(arguments);
        command.current_dir(self.folder.path()).env("ECE_MARKED_REFRESH", REFRESH_TOKEN).env("NO_COLOR", "1");
        command
    }

    fn call(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The flags that lead to the servers.
    fn overrides(&self) -> Vec<String> {
        let [smtp, imap, pop3] = self.ports;
        let login = self.provider.address.port();
        let turned = [
            ("login.microsoftonline.com:443", login),
            ("smtp.office365.com:587", smtp),
            ("outlook.office365.com:587", smtp),
            ("outlook.office365.com:993", imap),
            ("outlook.office365.com:995", pop3),
        ];
        let rules =
            turned.into_iter().flat_map(|(host, port)| ["--connect-to".to_owned(), format!("{host}:127.0.0.1:{port}")]);
        let ca_file = self.provider.ca_file.display().to_string();
        rules
            .chain([
                "--ca-file".to_owned(),
                ca_file,
                "--no-proxy".to_owned(),
                "--dns-server".to_owned(),
                "127.0.0.1:9".to_owned(),
            ])
            .collect()
    }

    /// Walks the checklist and writes everything that can be written; gives all of it, after it was searched.
    fn walk(&self) -> String {
        let overrides = self.overrides();
        let overrides: Vec<&str> = overrides.iter().map(String::as_str).collect();
        let files =
            ["--report", "json=r.json", "--report", "markdown=r.md", "--report", "csv=r.csv", "--transcript", "t.txt"];
        let run = ["run", "-c", "site.toml", "--only", "token,smtp,imap,pop3,directory", "-v"];
        let output = self.call(&[&run, &files[..], &overrides].concat());
        let mut said = searched(&output);
        for file in ["r.json", "r.md", "r.csv", "t.txt"] {
            let bytes =
                fs::read(self.folder.path().join(file)).unwrap_or_else(|error| panic!("{file}: {error}: {said}"));
            said.push_str(&searched_for(&bytes, &secrets()));
        }
        for format in ["text", "json", "markdown", "csv"] {
            said.push_str(&searched(&self.call(&["report", "r.json", "-o", format, "-v"])));
            let again =
                [&["run", "-c", "site.toml", "--only", "smtp.sign-in,imap.sign-in", "-o", format], &overrides[..]]
                    .concat();
            said.push_str(&searched(&self.call(&again)));
        }
        said.push_str(&searched(&self.call(&["explain", "--file", "t.txt"])));
        said
    }
}

/// The key in each of its lines and in one, and whatever else a site has.
fn secrets() -> Vec<String> {
    let lines: Vec<&str> = KEY.lines().filter(|line| !line.starts_with('-')).collect();
    let token = access_token();
    let mut secrets: Vec<String> = token.split('.').map(str::to_owned).collect();
    secrets.extend([CLIENT_SECRET, REFRESH_TOKEN, PROXY_PASSWORD, STORE_PASSWORD].map(str::to_owned));
    secrets.push(lines.concat());
    secrets.extend(lines.into_iter().map(str::to_owned));
    secrets
}

fn searched(output: &Output) -> String {
    searched_for(&[output.stdout.as_slice(), &output.stderr].concat(), &secrets())
}

#[test]
fn sasl_string_that_every_server_repeats_is_in_nothing_that_is_written() {
    let said = Site::new(gives(), BY_SECRET, READY).walk();
    for words in [
        "535 5.7.3 Authentication unsuccessful, you said ****",
        "AUTHENTICATE failed, you said ****",
        "-ERR Authentication failure: you said ****",
    ] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
}

#[test]
fn question_that_the_token_endpoint_repeats_is_in_nothing_that_is_written() {
    for (proof, token, shown) in [
        (BY_SECRET, REFRESHED, "client_secret=<secret>"),
        (BY_CERTIFICATE, REFRESHED, "client_assertion=<secret>"),
        (BY_CERTIFICATE, OWN, "client_assertion=<secret>"),
    ] {
        let site = Site::new(Gives { refuses: true, ..gives() }, proof, token);
        let said = site.walk();
        assert!(said.contains("AADSTS7000215") && said.contains(shown), "{shown} is not in {said}");
        let asked = site.provider.asked.lock().unwrap().join("\n");
        let sent = if proof == BY_SECRET { "client_secret=Marked%7E" } else { "client_assertion=eyJ" };
        assert!(asked.contains(sent), "{asked}");
        if let Some(assertion) = asked.split("client_assertion=").nth(1).and_then(|rest| rest.split('&').next()) {
            searched_for(said.as_bytes(), &assertion.split('.').map(str::to_owned).collect::<Vec<_>>());
        }
    }
}

#[test]
fn tokens_that_come_are_in_nothing_that_is_written() {
    for proof in [BY_SECRET, BY_CERTIFICATE] {
        let said = Site::new(gives(), proof, REFRESHED).walk();
        assert!(said.contains("you said ****") && said.contains("sales@example.com"), "{said}");
    }
}

#[test]
fn commands_that_only_read_the_file_repeat_nothing() {
    let site = Site::new(gives(), BY_CERTIFICATE, READY);
    for format in ["text", "json", "csv"] {
        let output = site.call(&["plan", "-c", "site.toml", "-o", format]);
        assert!(output.status.success() && searched(&output).contains("login.microsoftonline.com"));
    }
    for format in ["text", "json"] {
        let output = site.call(&["token", "show", "-c", "site.toml", "--account", "sales", "-o", format]);
        assert!(searched(&output).contains("sales@example.com"));
    }
}

#[test]
fn mistakes_of_the_file_and_the_flags_repeat_nothing() {
    let site = Site::new(gives(), BY_SECRET, READY);
    let proxy = format!("http://ece:{}@127.0.0.1:9", "Marked~password%3Aof%2Fthe-proxy-0123456789");
    let token = access_token();
    for (wrong, file) in [
        ("a secret in the file", format!("[entra]\nclient_secret = \"{CLIENT_SECRET}\"\n")),
        ("a token in a comment", format!("# {token}\n")),
        ("a secret as a tenant", format!("[entra]\ntenant = \"{CLIENT_SECRET}\"\n")),
        ("a secret as a variable", format!("[entra]\nclient_secret = {{ env = \"{CLIENT_SECRET}\" }}\n")),
        ("a key in the file", format!("[entra]\nclient_key = '''{KEY}'''\n")),
    ] {
        fs::write(site.folder.path().join("wrong.toml"), file).unwrap();
        let output = site.call(&["run", "-c", "wrong.toml"]);
        assert_eq!(output.status.code(), Some(2), "{wrong}: {}", searched(&output));
        searched(&output);
    }
    for arguments in [
        &["evidence", "show", CLIENT_SECRET, "-o", "json"] as &[&str],
        &["config", "check", &format!("{CLIENT_SECRET}.toml")],
        &["run", "--resolve", &format!("{CLIENT_SECRET}:443:127.0.0.1")],
    ] {
        let output = site.call(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", searched(&output));
    }
    for variable in ["NO_PROXY", "HTTPS_PROXY"] {
        let mut command = site.command(&["plan", "--only", "https.answers"]);
        command.env("HTTPS_PROXY", "http://127.0.0.1:9").env(variable, CLIENT_SECRET);
        searched(&command.output().unwrap());
    }
    let output = site.call(&["run", "--proxy", &proxy]);
    assert_eq!(output.status.code(), Some(2), "{}", searched(&output));
    for setting in [proxy.clone(), proxy.replace("http://", "https://"), proxy.replace("http://", "socks5://")] {
        let output = site
            .command(&["run", "--only", "https.answers", "--timeout", "2s", "-v"])
            .env("HTTPS_PROXY", setting)
            .output();
        searched(&output.unwrap());
    }
    fs::write(site.folder.path().join("cacerts"), b"\xFE\xED\xFE\xED\0\0\0\x02\0\0\0\0").unwrap();
    let mut command =
        site.command(&["run", "--java-trust-store", "cacerts", "--java-trust-store-password-env", "ECE_MARKED_STORE"]);
    let output = command.env("ECE_MARKED_STORE", STORE_PASSWORD).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", searched(&output));
}

/// The lab is asked with marked secrets, and prints none of what comes in.
#[test]
fn lab_tells_nothing_of_what_it_is_given() {
    let site = Site::new(gives(), BY_SECRET, REFRESHED);
    let mut lab = site.command(&["lab", "-o", "json"]).stdin(Stdio::null()).spawn().unwrap();
    let mut stdout = BufReader::new(lab.stdout.take().unwrap());
    let mut told = String::new();
    while !told.ends_with("}\n") || serde_json::from_str::<serde_json::Value>(&told).is_err() {
        assert_ne!(stdout.read_line(&mut told).unwrap(), 0, "{told}");
    }
    let reach: serde_json::Value = serde_json::from_str(&told).unwrap();
    let text = |name: &str| reach[name].as_str().unwrap().to_owned();
    let (server, ca_file) = (text("dns_server"), text("ca_file"));
    let mut run = site.command(&["run", "-c", "site.toml", "--dns-server", &server, "--ca-file", &ca_file, "-v"]);
    for rule in reach["connect_to"].as_array().unwrap() {
        run.args(["--connect-to", rule.as_str().unwrap()]);
    }
    let ran = searched(&run.output().unwrap());
    assert!(ran.contains("AADSTS"), "{ran}");
    let stopped = Command::new("kill").args(["-INT", &lab.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    stdout.read_to_string(&mut told).unwrap();
    // its own tokens it must print: other programs sign in with them, and all tokens for one user begin alike
    for invented in reach["environment"].as_object().unwrap().values() {
        told = told.replace(&serde_json::to_string(invented).unwrap(), "");
    }
    let mut output = lab.wait_with_output().unwrap();
    output.stdout = told.into_bytes();
    searched(&output);
}

/// A system without room for threads is no fault of the program: it says what is missing, and nothing else.
#[cfg(target_os = "linux")]
#[test]
fn a_system_without_threads_is_named_and_nothing_is_told() {
    let site = Site::new(gives(), BY_SECRET, READY);
    let program = env!("CARGO_BIN_EXE_ece-check");
    let with_room = |kilobytes: u32| {
        let line = format!("ulimit -c 0; ulimit -v {kilobytes}; exec timeout 10 \"$0\" run -c site.toml -o json");
        let mut command = Command::new("sh");
        command.args(["-c", &line, program]).current_dir(site.folder.path()).env("ECE_MARKED_TOKEN", access_token());
        command.env("ECE_MARKED_SECRET", CLIENT_SECRET).stdin(Stdio::null()).output().unwrap()
    };
    // less room than the loader needs gives another code, and with more of it there are threads
    let is_named = |output: &Output| String::from_utf8_lossy(&output.stderr).contains("no further threads");
    let refused = (8_000..200_000).step_by(500).map(with_room).find(is_named);
    let output = refused.expect("somewhere between there is room for the program and none for its threads");
    let said = searched(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(output.stdout.is_empty() && said.contains("ulimit -u"), "{said}");
}

/// The search of this file finds what it must: a piece of the key, of a token inside a SASL string, of a password.
#[test]
fn planted_leaks_are_seen() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let secrets = secrets();
    let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
    let sasl = STANDARD.encode(format!("user=sales@bigshop.test\u{1}auth=Bearer {}\u{1}\u{1}", access_token()));
    for planted in [&KEY.lines().nth(3).unwrap()[8..40], &sasl[60..100], &PROXY_PASSWORD[4..20], &STORE_PASSWORD[9..]] {
        assert!(leak(format!("words {planted} words").as_bytes(), &secrets).is_some(), "{planted}");
    }
}
