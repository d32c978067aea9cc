//! The directory half of `ece-check lab` before clients that nobody here wrote: Microsoft's own Graph client for
//! JavaScript, and scim2-tester, which judges SCIM servers.
//!
//! Needs node and npm, python3 with venv. Where npm or `PyPI` cannot be reached these tests fail, unless
//! `ECE_CHECK_FOREIGN=off` says that this is known.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
};

use serde_json::Value;

const ECE_CHECK: &str = env!("CARGO_BIN_EXE_ece-check");

/// `ece-check lab` in a process of its own, which is ended when this is dropped.
struct RunningLab {
    child: Child,
    reach: Value,
}

impl RunningLab {
    fn start(faults: &[&str]) -> Self {
        let mut command = Command::new(ECE_CHECK);
        command.args(["lab", "-o", "json", "--graph", "--webex"]).stdin(Stdio::null()).stdout(Stdio::piped());
        if !faults.is_empty() {
            command.arg("--fault").arg(faults.join(","));
        }
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut text = String::new();
        let reach = loop {
            text.push_str(&lines.next().expect("an object").expect("text"));
            if let Ok(reach) = serde_json::from_str(&text) {
                break reach;
            }
        };
        Self { child, reach }
    }

    /// The port on loopback that stands for this public address.
    fn port(&self, address: &str) -> String {
        let rules = self.reach["connect_to"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let rule =
            rules.into_iter().find(|rule| rule.starts_with(&format!("{address}:443:"))).expect("an address of the lab");
        rule.rsplit(':').next().expect("a port").to_owned()
    }

    fn text(&self, pointer: &str) -> &str {
        self.reach.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("no {pointer}"))
    }
}

impl Drop for RunningLab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tests of one folder run side by side: only one of them writes to it.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A folder in which these files are; none when the user has turned these tests off.
pub fn folder(name: &str, files: &[(&str, &str)]) -> Option<PathBuf> {
    if env::var("ECE_CHECK_FOREIGN").is_ok_and(|value| value == "off") {
        println!("ignored: ECE_CHECK_FOREIGN=off");
        return None;
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("cargo's own folder");
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    for (name, text) in files {
        let path = folder.join(name);
        if fs::read_to_string(&path).is_ok_and(|known| known == *text) {
            continue; // a client may be reading it
        }
        fs::write(path, text).expect("cargo's own folder");
    }
    Some(folder)
}

/// Runs an installer, once for each content of the file that says what to install.
pub fn install(folder: &Path, wanted: &str, commands: &[&[&str]]) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let done = folder.join("installed");
    if fs::read_to_string(&done).is_ok_and(|known| known == wanted) {
        return;
    }
    for command in commands {
        let output = Command::new(command[0]).args(&command[1..]).current_dir(folder).output();
        let output = output.unwrap_or_else(|error| panic!("{}: {error}; or ECE_CHECK_FOREIGN=off", command[0]));
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    fs::write(done, wanted).expect("cargo's own folder");
}

/// What a client printed.
pub fn printed(command: &mut Command) -> String {
    let output = command.stdin(Stdio::null()).output().expect("the client starts");
    let (said, wrong) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}{wrong}");
    said.into_owned()
}

/// What Microsoft's client reads of a lab with these faults.
fn read_with_graph_client(faults: &[&str]) -> Option<Value> {
    let lock = include_str!("package-lock.json");
    let files = [
        ("package.json", include_str!("package.json")),
        ("package-lock.json", lock),
        ("graph.mjs", include_str!("graph.mjs")),
    ];
    let folder = folder("graph", &files)?;
    install(&folder, lock, &[&["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]]);
    let lab = RunningLab::start(faults);
    let mut command = Command::new("node");
    command.args(["graph.mjs", &lab.port("20.190.152.23"), lab.text("/ca_file")]).current_dir(&folder);
    command.env("GRAPH_TOKEN", lab.text("/environment/ECE_CHECK_LAB_GRAPH_TOKEN"));
    command.env("CLIENT_ID", ece_check::lab::CLIENT_ID);
    let said = printed(&mut command);
    Some(serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}")))
}

#[test]
fn microsofts_graph_client_reads_the_lab() {
    let Some(read) = read_with_graph_client(&["conditional-access-blocked"]) else { return };
    let users = read["users"].as_array().expect("users");
    assert!(users.len() > 4, "more than two pages: {read}"); // two a page
    assert!(users.iter().any(|user| user["userPrincipalName"] == "sales@example.com"), "{read}");
    assert_eq!(read["application"]["appId"], ece_check::lab::CLIENT_ID, "{read}");
    assert_eq!(read["grants"][0]["consentType"], "AllPrincipals", "{read}");
    assert_eq!(read["signIns"][0]["status"]["errorCode"], 53003, "{read}");
    assert_eq!(read["missing"]["status"], 404, "{read}");
    assert_eq!(read["missing"]["code"], "Request_ResourceNotFound", "{read}");
    assert_eq!(read["unauthorized"]["status"], 401, "{read}");
    assert_eq!(read["unauthorized"]["code"], "InvalidAuthenticationToken", "{read}");
}

#[test]
fn scim_tester_finds_nothing_wrong_with_the_lab() {
    let wanted = include_str!("requirements.txt");
    let files = [("requirements.txt", wanted), ("scim.py", include_str!("scim.py"))];
    let Some(folder) = folder("scim", &files) else { return };
    let pip = ["venv/bin/pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"];
    install(&folder, wanted, &[&["python3", "-m", "venv", "venv"], &pip]);
    let lab = RunningLab::start(&[]);
    let address = format!("https://api.ciscospark.com/v1/scim/{}", "22222222-3333-4444-8555-666666666666");
    let mut command = Command::new(folder.join("venv/bin/python"));
    command.args(["scim.py", &lab.port("170.72.231.19"), lab.text("/ca_file"), &address]).current_dir(&folder);
    let said = printed(command.env("SCIM_TOKEN", lab.text("/environment/ECE_CHECK_LAB_WEBEX_TOKEN")));
    let checks: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let count = |status: &str| checks.iter().filter(|check| check["status"] == status).count();
    assert!(count("SUCCESS") > 20, "{said}");
    assert_eq!(count("ERROR") + count("CRITICAL"), 0, "{said}");
}
