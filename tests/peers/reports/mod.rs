//! Reports before programs that nobody here wrote: Chromium with axe-core and parse5, the schema of Jenkins and
//! junitparser, promtool and the Python client of Prometheus, the library of Nagios plugins, minisign and OpenSSL.
//!
//! Needs node, npm, chromium, python3 with venv, promtool, `Monitoring::Plugin`, minisign and openssl. Where npm or `PyPI` cannot be reached
//! these tests fail, unless `ECE_CHECK_FOREIGN=off` says that this is known.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::directory::{folder, install, printed};

const ECE_CHECK: &str = env!("CARGO_BIN_EXE_ece-check");

/// The reports of one run with faults, and of a healthy one, in a folder.
struct Reports {
    folder: tempfile::TempDir,
}

impl Reports {
    fn make() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, faults) in [("faulty", "smtp-auth-disabled-mailbox,some-addresses-blocked"), ("healthy", "")] {
            let mut command = Command::new(ECE_CHECK);
            command.args(["run", &format!("--lab={faults}"), "--timeout", "2s"]).current_dir(folder.path());
            for (format, end) in
                [("json", "json"), ("html", "html"), ("junit", "xml"), ("prometheus", "prom"), ("nagios", "nagios")]
            {
                command.args(["--report", &format!("{format}={name}.{end}")]);
            }
            let output = command.stdin(Stdio::null()).output().expect("the program starts");
            let expected = i32::from(!faults.is_empty());
            assert_eq!(output.status.code(), Some(expected), "{}", String::from_utf8_lossy(&output.stdout));
        }
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn summary(&self, name: &str) -> Value {
        let report = fs::read_to_string(self.path(&format!("{name}.json"))).expect("a report");
        let report: Value = serde_json::from_str(&report).expect("JSON");
        report["summary"].clone()
    }

    /// Several reports as one page, and a page of 5,000 mailboxes.
    fn render(&self, name: &str, files: &[&str]) -> PathBuf {
        let output = Command::new(ECE_CHECK)
            .args([&["report", "-o", "html"][..], files].concat())
            .current_dir(self.folder.path())
            .output()
            .expect("the program starts");
        fs::write(self.path(name), output.stdout).expect("a page");
        self.path(name)
    }
}

/// The saved report with as many mailboxes more, every seventh of which fails, as a page.
fn of_many_mailboxes(reports: &Reports, many: usize) -> PathBuf {
    let report = fs::read_to_string(reports.path("faulty.json")).expect("a report");
    let mut report: Value = serde_json::from_str(&report).expect("JSON");
    let findings = report["findings"].as_array_mut().expect("findings");
    let is_of_mailbox = |one: &&Value| one["subject"] == "info@example.com" && one["status"] == "pass";
    let alike: Vec<Value> = findings.iter().filter(is_of_mailbox).cloned().collect();
    assert!(alike.len() > 3, "a mailbox has several checks");
    for number in 0..many {
        for one in &alike {
            let mut one = one.clone();
            one["subject"] = format!("branch{number}@example.com").into();
            if number % 7 == 3 && one["check"] == "smtp.sign-in" {
                one["status"] = "fail".into();
            }
            findings.push(one);
        }
    }
    fs::write(reports.path("many.json"), report.to_string()).expect("a report");
    reports.render("many.html", &["many.json"])
}

/// How long the page takes to open, and what a search for one of its mailboxes finds.
fn opened(folder: &Path, page: &Path, search: &str) -> Value {
    let mut command = Command::new("node");
    command.arg("page.mjs").arg("/usr/bin/chromium").arg(page).arg(search).current_dir(folder);
    let said = printed(&mut command);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn in_browser(folder: &Path, page: &Path) -> Value {
    let mut command = Command::new("node");
    command.arg("page.mjs").arg("/usr/bin/chromium").arg(page).current_dir(folder);
    let said = printed(&mut command);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[track_caller]
fn nothing_wrong(seen: &Value) {
    for kind in ["misread", "violations", "complaints", "requests", "overflow"] {
        assert_eq!(seen[kind], Value::Array(Vec::new()), "{kind}: {seen}");
    }
    assert_eq!(seen["results"], seen["without_scripts"], "{seen}");
}

#[test]
fn browser_shows_the_page_and_axe_finds_nothing() {
    let lock = include_str!("package-lock.json");
    let files = [
        ("package.json", include_str!("package.json")),
        ("package-lock.json", lock),
        ("page.mjs", include_str!("page.mjs")),
    ];
    let Some(folder) = folder("reports-page", &files) else { return };
    install(&folder, lock, &[&["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]]);
    let reports = Reports::make();
    let faulty = in_browser(&folder, &reports.path("faulty.html"));
    nothing_wrong(&faulty);
    assert!(faulty["failed"].as_u64().is_some_and(|shown| shown > 0), "{faulty}");
    assert!(faulty["said"].as_str().is_some_and(|said| said.contains(" results shown")), "{faulty}");
    assert!(faulty["copy"].as_u64().is_some_and(|buttons| buttons > 1), "{faulty}");
    nothing_wrong(&in_browser(&folder, &reports.path("healthy.html")));
    let several = reports.render("several.html", &["faulty.json", "healthy.json"]);
    nothing_wrong(&in_browser(&folder, &several));
    let many = of_many_mailboxes(&reports, 5_000);
    assert!(fs::metadata(&many).expect("a page").len() < 15 << 20);
    let seen = opened(&folder, &many, "branch4999@example.com");
    println!("a page of 5,000 mailboxes opens in {} ms (goal: 2,000)", seen["opened_ms"]);
    assert!(seen["said"].as_str().is_some_and(|said| said.contains(" results shown")), "{seen}");
    assert!(seen["found"].as_u64().is_some_and(|found| found > 3), "{seen}");
    let thirty = reports.render("thirty.html", &[["faulty.json", "healthy.json"]; 15].concat());
    let seen = opened(&folder, &thirty, "smtp.sign-in");
    assert_eq!(seen["servers"], 30, "{seen}");
}

/// The manifest of a bundle as minisign and OpenSSL verify it.
#[test]
fn minisign_and_openssl_verify_a_bundle() {
    let reports = Reports::make();
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(reports.folder.path()).output();
        let output = output.unwrap_or_else(|error| panic!("{program} is needed: {error}"));
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    let must = |program: &str, arguments: &[&str]| {
        let (good, said) = run(program, arguments);
        assert!(good, "{program} {arguments:?}: {said}");
        said
    };
    let unpack = "import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])";
    let bundle = |key: &str, name: &str| {
        let output = Command::new(ECE_CHECK)
            .args(["report", "healthy.json", "--summary", "--bundle", name, "--sign-with", key])
            .current_dir(reports.folder.path())
            .output()
            .expect("the program starts");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        must("python3", &["-c", unpack, name, key.trim_end_matches(".key")]);
    };
    must("minisign", &["-G", "-W", "-p", "a.pub", "-s", "a.key"]);
    bundle("a.key", "a.zip");
    let said = must("minisign", &["-V", "-p", "a.pub", "-m", "a/manifest.json"]);
    assert!(said.contains("Signature and comment signature verified"), "{said}");
    must("openssl", &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", "b.key"]);
    must("openssl", &["pkey", "-in", "b.key", "-pubout", "-out", "b.pub"]);
    bundle("b.key", "b.zip");
    must("openssl", &["base64", "-d", "-A", "-in", "b/manifest.json.sig", "-out", "b.sig"]);
    let verify = ["dgst", "-sha256", "-verify", "b.pub", "-signature", "b.sig", "b/manifest.json"];
    assert!(must("openssl", &verify).contains("Verified OK"));
    for (key, name) in [("a.pub", "a.zip"), ("b.pub", "b.zip")] {
        let said = must(ECE_CHECK, &["report", name, "--summary", "--verify-with", key]);
        assert!(said.contains("signature verified"), "{said}");
    }
    let (good, said) = run(ECE_CHECK, &["report", "a.zip", "--verify-with", "b.pub"]);
    assert!(!good && said.contains("no signature of this kind of key"), "{said}");
}

#[test]
fn jenkins_schema_and_prometheus_read_the_reports() {
    let wanted = include_str!("requirements.txt");
    let files = [("requirements.txt", wanted), ("machine.py", include_str!("machine.py"))];
    let Some(folder) = folder("reports-machine", &files) else { return };
    let pip = ["venv/bin/pip", "install", "-q", "--disable-pip-version-check", "-r", "requirements.txt"];
    let jenkins = "venv/bin/pip download -q --disable-pip-version-check --no-deps --no-binary :all: -d jenkins \
                   pytest==8.3.4 && cd jenkins && tar -xzf *.tar.gz";
    install(&folder, wanted, &[&["python3", "-m", "venv", "venv"], &pip, &["sh", "-ec", jenkins]]);
    let reports = Reports::make();
    let read = |kind: &str, file: &str| -> Value {
        let mut command = Command::new(folder.join("venv/bin/python"));
        command.args(["machine.py", kind]).arg(reports.path(file)).current_dir(&folder);
        let said = printed(&mut command);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    };
    for name in ["faulty", "healthy"] {
        let summary = reports.summary(name);
        let junit = read("junit", &format!("{name}.xml"));
        assert_eq!(junit["tests"], summary["planned"], "{junit}");
        for status in ["fail", "error", "skip"] {
            assert_eq!(junit[status], summary[status], "{status}: {junit}");
        }
        let metrics = read("prometheus", &format!("{name}.prom"));
        let results = metrics["ece_check_result"].as_array().expect("results");
        assert_eq!(Value::from(results.len()), summary["planned"]);
        let failed = results.iter().filter(|result| result[1] == 2.0).count();
        assert_eq!(Value::from(failed), summary["fail"]);
        let expiry = &metrics["ece_check_tls_earliest_cert_expiry_timestamp_seconds"][0][1];
        assert!(expiry.as_f64().is_some_and(|at| at > 1.7e9), "{metrics}");
        promtool(&reports.path(&format!("{name}.prom")));
        nagios(&reports, name, &summary);
    }
}

/// `promtool check metrics`: the format, and the names by Prometheus' own advice.
fn promtool(file: &Path) {
    let metrics = fs::File::open(file).expect("metrics");
    let output =
        Command::new("promtool").args(["check", "metrics"]).stdin(metrics).output().expect("promtool is needed");
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success() && said.trim().is_empty(), "{said}");
}

fn nagios(reports: &Reports, name: &str, summary: &Value) {
    let file = fs::File::open(reports.path(&format!("{name}.nagios"))).expect("output of a plugin");
    let output =
        Command::new("perl").args(["-e", include_str!("perfdata.pl")]).stdin(file).output().expect("perl is needed");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let read: Value = serde_json::from_str(&said)
        .unwrap_or_else(|error| panic!("{error}: {said}{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(read["state"], if name == "healthy" { "OK" } else { "CRITICAL" }, "{read}");
    for (label, status) in [("failed", "fail"), ("passed", "pass"), ("not_run", "skip")] {
        assert_eq!(read["data"][label], summary[status], "{label}: {read}");
    }
}
