//! `ece-check` and the trust stores of Java's own `keytool`.
//!
//! The built-in tenant serves certificates of an authority that nobody's Java knows. The store is made by keytool, the
//! line that mends it is taken from the report and run as it stands. Needs keytool (Debian: default-jre-headless).

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use serde::Deserialize as _;
use serde_json::Value;

/// The binary under test.
const ECE_CHECK: &str = env!("CARGO_BIN_EXE_ece-check");

/// A password that Java does not know by itself.
const OWN: &str = "Zwiebel7kuchen";

#[test]
fn line_that_is_printed_mends_a_jks_store() {
    mends("JKS", "changeit");
}

#[test]
fn line_that_is_printed_mends_a_pkcs12_store() {
    mends("PKCS12", "changeit");
}

#[test]
fn line_that_is_printed_mends_a_jks_store_with_a_password_of_its_own() {
    mends("JKS", OWN);
}

#[test]
fn line_that_is_printed_mends_a_pkcs12_store_with_a_password_of_its_own() {
    mends("PKCS12", OWN);
}

#[test]
fn wrong_password_is_told_and_not_repeated() {
    let tenant = Tenant::start();
    for format in ["JKS", "PKCS12"] {
        let store = Store::without_the_root(format, OWN);
        let output = tenant.run(&store.named(), Some("Kartoffel8"));
        assert_eq!(output.status.code(), Some(2), "{format}: {}", words(&output));
        assert!(words(&output).contains("the password is wrong"), "{format}: {}", words(&output));
        assert!(!words(&output).contains("Kartoffel8"), "{format}: {}", words(&output));
    }
}

#[test]
fn no_password_where_java_s_own_does_not_fit() {
    let tenant = Tenant::start();
    let store = Store::without_the_root("JKS", OWN);
    let output = tenant.run(&store.named(), None);
    assert_eq!(output.status.code(), Some(1), "the certificates of JKS stand in clear: {}", words(&output));
}

#[test]
fn store_that_java_does_not_read_without_a_password_is_told_and_how_to_mend_it() {
    let tenant = Tenant::start();
    for (format, password) in [("PKCS12", "changeit"), ("PKCS12", OWN), ("JCEKS", "changeit")] {
        let store = Store::without_the_root(format, password);
        for pem in tenant.root_files(store.folder.path(), |_| true) {
            store.import(&pem, format, password);
        }
        if format == "PKCS12" {
            assert_eq!(store.roots_for_java(), 0, "what Java itself reads"); // of JCEKS keytool guesses the type, TLS does not
        }
        let output = tenant.run(&store.named(), None);
        assert_eq!(output.status.code(), Some(1), "{format}: {}", words(&output));
        let report = report(&output);
        let first = &report["summary"]["fix_first"][0];
        assert_eq!(first["cause"], "java-trust-store-unread", "{format}: {report:#}");
    }
    let store = Store::without_the_root("JKS", "changeit");
    assert_eq!(store.roots_for_java(), 1, "the same question of a store that Java reads");
}

#[test]
fn password_variable_that_is_not_set() {
    let store = Store::without_the_root("JKS", OWN);
    let output = command(&["run", "--only", "tls.java-trust", "--java-trust-store-password-env", "NOT_SET"])
        .args(store.named())
        .output()
        .expect("the binary runs");
    assert_eq!(output.status.code(), Some(2), "{}", words(&output));
    assert!(words(&output).contains("NOT_SET"), "{}", words(&output));
}

#[test]
fn store_is_found_below_the_home_of_ece() {
    let tenant = Tenant::start();
    let store = Store::without_the_root("JKS", "changeit");
    let config = store.folder.path().join("site.toml");
    fs::write(&config, format!("[ece]\nhome = '{}'\n", store.folder.path().display())).expect("a file");
    let arguments = ["--config".into(), config.into_os_string()];

    let output = tenant.run(&arguments, None);
    let report = report(&output);
    assert_eq!(output.status.code(), Some(1), "{report:#}");
    let found = texts(&report["findings"], "found").join("\n");
    assert!(found.contains(&store.file.display().to_string()), "it does not say which store it found: {found}");
    assert!(found.contains("Java 11.0.2"), "it does not say of which Java: {found}");
    assert!(
        found.contains("trust verdict of this server: trusted"),
        "it does not say what this server thinks: {found}"
    );
    let plan = command(&["plan"]).args(&arguments).output().expect("the binary runs");
    let plan = words(&plan).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plan.contains("one address 3 times more"), "further connections are announced: {plan}");

    let lines = lines_that_mend(&report);
    bash(&lines, "changeit");
    assert_eq!(tenant.run(&arguments, None).status.code(), Some(0), "after {lines}");
}

#[test]
fn store_that_was_only_come_upon_and_cannot_be_read_stops_nothing() {
    let tenant = Tenant::start();
    let store = Store::without_the_root("PKCS12", OWN);
    fs::write(&store.file, "no store at all").expect("a file");
    let config = store.folder.path().join("site.toml");
    fs::write(&config, format!("[ece]\nhome = '{}'\n", store.folder.path().display())).expect("a file");
    let output = tenant.run(&["--config".into(), config.into_os_string()], None);
    assert_ne!(output.status.code(), Some(2), "{}", words(&output));
    assert!(
        words(&output).contains("not asked") && words(&output).contains("neither JKS nor PKCS12"),
        "{}",
        words(&output)
    );
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report on stdout alone");
    assert_eq!(
        report["findings"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|one| one["check"] == "tls.java-trust" && one["status"] == "pass")
            .count(),
        0
    );
}

#[test]
fn device_that_this_server_trusts_and_java_does_not() {
    let tenant = Tenant::with_faults(&["--fault", "tls-intercepted.web-only"]);
    let store = Store::without_the_root("JKS", "changeit");
    let known = tenant.root_files(store.folder.path(), |owner| !owner.contains("Appliance"));
    assert!(!known.is_empty());
    for (at, root) in known.iter().enumerate() {
        let line = format!(
            "keytool -importcert -noprompt -alias root{at} -file '{}' -keystore '{}' -storepass changeit",
            root.display(),
            store.file.display()
        );
        bash(&line, "changeit");
    }
    let output = tenant.run_only("tls", &store.named(), None);
    let report = report(&output);
    let findings = report["findings"].as_array().expect("findings");
    let of = |subject: &str| -> (String, String) {
        let is_it = |one: &&Value| one["check"] == "tls.java-trust" && one["subject"] == subject;
        let one = findings.iter().find(is_it).expect("a finding");
        (one["status"].as_str().unwrap_or_default().to_owned(), one["found"].as_str().unwrap_or_default().to_owned())
    };
    let (status, found) = of("login.microsoftonline.com:443");
    assert_eq!(status, "fail");
    for words in
        ["trusted by Java: no", "trust verdict of this server: trusted", "Contoso Security Appliance", "Java 11.0.2"]
    {
        assert!(found.contains(words), "{words} is missing: {found}");
    }
    assert_eq!(of("outlook.office365.com:993").0, "pass", "mail is not inspected");
    let fixes = texts(&report["summary"]["fix_first"], "cause");
    assert_eq!(fixes, ["tls-intercepted"], "nobody is told to add the device's root to Java");
    let first = &report["summary"]["fix_first"][0];
    for place in ["login.microsoft.com:443", "outlook.office365.com:993", "smtp.office365.com:587"] {
        assert!(first["command"].as_str().unwrap_or_default().contains(place), "{place} is missing: {first}");
    }
}

/// A store that lacks the root fails the check; the line of the report, run as it is, makes it pass.
fn mends(format: &str, password: &str) {
    let tenant = Tenant::start();
    let store = Store::without_the_root(format, password);
    // without its password Java reads nothing of a PKCS12 store (java-trust-store-unread)
    let given = (password == OWN || format == "PKCS12").then_some(password);

    let output = tenant.run(&store.named(), given);
    let report = report(&output);
    assert_eq!(output.status.code(), Some(1), "{report:#}");
    let first = &report["summary"]["fix_first"][0];
    assert_eq!(first["cause"], "java-trust-store-incomplete", "{first:#}");
    assert_eq!(report["summary"]["fix_first"].as_array().map(Vec::len), Some(1), "{report:#}");
    for root in tenant.roots() {
        assert!(report["findings"].to_string().contains(&root), "no finding names {root}: {first:#}");
    }
    assert!(!words(&output).contains(OWN), "the password is printed");

    let lines = lines_that_mend(&report);
    bash(&lines, password);
    let output = tenant.run(&store.named(), given);
    assert_eq!(output.status.code(), Some(0), "after {lines}: {}", words(&output));
}

fn lines_that_mend(report: &Value) -> String {
    let lines = report["summary"]["fix_first"][0]["command"].as_str().unwrap_or_default();
    assert!(lines.contains("keytool -importcert"), "{lines}");
    lines.to_owned()
}

/// Runs what the report printed, as an administrator would: ece-check is on the path, the password in the environment.
fn bash(lines: &str, password: &str) {
    let path = env::var_os("PATH").unwrap_or_default();
    let beside = Path::new(ECE_CHECK).parent().map(Path::to_owned);
    let path = env::join_paths(beside.into_iter().chain(env::split_paths(&path))).expect("paths without a colon");
    let output = Command::new("bash")
        .args(["-e", "-o", "pipefail", "-c", lines])
        .env("PATH", path)
        .env("STOREPASS", password)
        .output()
        .expect("bash");
    assert!(output.status.success(), "{lines}\n{}", words(&output));
}

/// A store made by keytool, in a folder whose name has blanks and other letters.
struct Store {
    folder: tempfile::TempDir,
    file: PathBuf,
}

impl Store {
    fn without_the_root(format: &str, password: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inner = folder.path().join("Programme für ECE/jre/lib/security");
        fs::create_dir_all(&inner).expect("a folder");
        let release = folder.path().join("Programme für ECE/jre/release");
        fs::write(release, "JAVA_VERSION=\"11.0.2\"\n").expect("a file");
        let file = inner.join("cacerts");
        let pem = folder.path().join("other.pem");
        let other = rcgen::generate_simple_self_signed(vec!["another-root.example".to_owned()]).expect("a certificate");
        fs::write(&pem, other.cert.pem()).expect("a file");
        let output = Command::new("keytool")
            .args(["-importcert", "-noprompt", "-alias", "other", "-storetype", format, "-storepass", password])
            .arg("-file")
            .arg(pem)
            .arg("-keystore")
            .arg(&file)
            .output()
            .expect("keytool is needed: apt-get install default-jre-headless");
        assert!(output.status.success(), "{}", words(&output));
        Self { folder, file }
    }

    fn import(&self, pem: &Path, format: &str, password: &str) {
        let alias = pem.file_stem().expect("a name").to_string_lossy().into_owned();
        let output = Command::new("keytool")
            .args(["-importcert", "-noprompt", "-alias", &alias, "-storetype", format, "-storepass", password, "-file"])
            .arg(pem)
            .arg("-keystore")
            .arg(&self.file)
            .output()
            .expect("keytool");
        assert!(output.status.success(), "{}", words(&output));
    }

    /// How many entries Java reads when it has no password, as its default trust manager has none.
    fn roots_for_java(&self) -> usize {
        let listed = Command::new("keytool").args(["-list", "-keystore"]).arg(&self.file).stdin(Stdio::null()).output();
        let listed = words(&listed.expect("keytool"));
        listed.lines().filter(|line| line.contains("trustedCertEntry")).count()
    }

    fn named(&self) -> [OsString; 2] {
        ["--java-trust-store".into(), self.file.clone().into_os_string()]
    }
}

/// The built-in tenant, in a process of its own.
struct Tenant {
    child: Child,
    reach: Value,
}

impl Tenant {
    fn start() -> Self {
        Self::with_faults(&[])
    }

    fn with_faults(faults: &[&str]) -> Self {
        let mut child =
            command(&["lab", "--output", "json"]).args(faults).stdout(Stdio::piped()).spawn().expect("the binary runs");
        let stdout = child.stdout.as_mut().expect("it is piped");
        let reach = Value::deserialize(&mut serde_json::Deserializer::from_reader(stdout)).expect("JSON");
        Self { child, reach }
    }

    /// Asks the tenant, and a Java store, as `arguments` say.
    fn run(&self, arguments: &[OsString], password: Option<&str>) -> Output {
        self.run_only("tls.java-trust", arguments, password)
    }

    /// The same, with other checks.
    fn run_only(&self, only: &str, arguments: &[OsString], password: Option<&str>) -> Output {
        let [resolver, ca_file] = ["dns_server", "ca_file"].map(|key| self.reach[key].as_str().expect("a text"));
        let overrides = self.reach["connect_to"].as_array().expect("a list").iter().filter_map(Value::as_str);
        let mut command = command(&["run", "--only", only, "--output", "json"]);
        command.args(["--dns-server", resolver, "--ca-file", ca_file]).args(arguments);
        command.args(overrides.flat_map(|to| ["--connect-to", to]));
        if let Some(password) = password {
            command.args(["--java-trust-store-password-env", "STORE"]).env("STORE", password);
        }
        command.output().expect("the binary runs")
    }

    /// The roots that the tenant wants to be trusted and whose owner fits, one file each.
    fn root_files(&self, folder: &Path, fits: impl Fn(&str) -> bool) -> Vec<PathBuf> {
        const END: &str = "-----END CERTIFICATE-----";
        let all = fs::read_to_string(self.reach["ca_file"].as_str().expect("a text")).expect("a file");
        let each = all.split_inclusive(END).filter(|one| one.contains(END)).enumerate();
        let written = each.map(|(at, pem)| {
            let file = folder.join(format!("root-{at}.pem"));
            fs::write(&file, format!("{}\n", pem.trim_start())).expect("a file");
            file
        });
        written
            .filter(|file| {
                let printed =
                    Command::new("keytool").args(["-printcert", "-file"]).arg(file).output().expect("keytool");
                fits(&words(&printed))
            })
            .collect()
    }

    /// The names of the tenant's roots, as keytool reads them.
    fn roots(&self) -> Vec<String> {
        let ca_file = self.reach["ca_file"].as_str().expect("a text");
        let output = Command::new("keytool").args(["-printcert", "-file", ca_file]).output().expect("keytool");
        let printed = words(&output);
        let owners = printed.lines().filter_map(|line| line.strip_prefix("Owner: "));
        let name = |owner: &str| owner.split(", ").find_map(|part| part.strip_prefix("CN=")).map(str::to_owned);
        let roots: Vec<String> = owners.filter_map(name).collect();
        assert!(!roots.is_empty(), "{printed}");
        roots
    }
}

impl Drop for Tenant {
    /// As Ctrl-C does it, so that it takes its file away.
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

/// The binary in a place without a file of the user's, and without a proxy.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(ECE_CHECK);
    command.args(arguments).current_dir(env!("CARGO_TARGET_TMPDIR"));
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"] {
        command.env_remove(name).env_remove(name.to_lowercase());
    }
    command
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no report: {error}\n{}", words(output)))
}

fn words(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

fn texts<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    list.as_array().into_iter().flatten().filter_map(|item| item[key].as_str()).collect()
}
