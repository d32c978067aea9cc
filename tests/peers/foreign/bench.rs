//! The bench: two joined network namespaces, foreign servers in the one, `ece-check` and foreign clients in the other.
//!
//! In: the files beside this one. Out: a [`Bench`] whose state is laid anew for every case. `bench.sh` holds it up while
//! this process lives and clears everything away when it ends, however it ends.

use std::{
    env, fs,
    io::{Read as _, Write as _},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};

/// The programs that are needed, and the Debian packages that bring them.
pub const PROGRAMS: &[(&str, &str)] = &[
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("sysctl", "procps"),
    ("unshare", "util-linux"),
    ("openssl", "openssl"),
    ("dig", "bind9-dnsutils"),
    ("strace", "strace"),
    ("dnsmasq", "dnsmasq-base"),
    ("unbound", "unbound"),
    ("nginx", "nginx-light"),
    ("squid", "squid"),
    ("postfix", "postfix"),
    ("dovecot", "dovecot-core dovecot-imapd dovecot-pop3d dovecot-submissiond"),
];

/// How long the servers may take until all of them answer.
const UP_WITHIN: Duration = Duration::from_secs(90);

/// How long a foreign client waits for an answer, in seconds: a loaded machine takes a while.
pub const PATIENCE: u64 = 20;

/// How long it waits where no answer is to come, in seconds: here a loaded machine changes nothing.
pub const SILENCE: u64 = 2;

/// What a client needs besides waiting, in seconds.
const SLACK: u64 = 10;

/// Files that are used as they are, but for `@folder@` and `@opaque@`.
const FILES: &[(&str, &str)] = &[
    ("bench.sh", include_str!("bench.sh")),
    ("servers.sh", include_str!("servers.sh")),
    ("clients.sh", include_str!("clients.sh")),
    ("certificates.sh", include_str!("certificates.sh")),
    ("addresses", ADDRESSES),
    ("dnsmasq.conf", include_str!("servers/dnsmasq.conf")),
    ("unbound.conf", include_str!("servers/unbound.conf")),
    ("nginx.conf", include_str!("servers/nginx.conf")),
    ("discovery.conf", include_str!("servers/discovery.conf")),
    ("squid.conf", include_str!("servers/squid.conf")),
    ("oauth2.conf", include_str!("servers/oauth2.conf")),
    ("introspection.conf", include_str!("servers/introspection.conf")),
    ("postfix/main.cf", include_str!("servers/main.cf")),
    ("postfix/master.cf", include_str!("servers/master.cf")),
];

const ADDRESSES: &str = include_str!("servers/addresses");

/// The Dovecot servers: name, listening addresses (none: all), certificate, sign-in methods, ports of IMAP, POP3 and
/// submission.
const DOVECOTS: &[(&str, &str, &str, &str, [&str; 3])] = &[
    ("healthy", OUTLOOK, "outlook", "plain xoauth2", ["993", "995", "587"]),
    ("passwords-only", "*, ::", "outlook", "plain", ["9931", "9951", "5872"]),
    ("expired", "*, ::", "expired", "plain xoauth2", ["9932", "9952", "5873"]),
    ("incomplete", "*, ::", "incomplete", "plain xoauth2", ["9933", "9953", "5874"]),
];

/// What `outlook.office365.com` resolves to; the same as in `servers/addresses`.
const OUTLOOK: &str = "52.96.0.10, 52.96.0.11, 40.96.0.20, 2603:1036::10, 2603:1036::11";

/// The mailboxes of the bench.
pub const MAILBOXES: [&str; 2] = ["sales@contoso.example", "support@contoso.example"];

/// A token of the first mailbox that only the web service of the bench can read, sealed like those of personal accounts.
pub const OPAQUE: &str =
    "EwBYA8l6BAAUkj1NuJYtTVha4Mogk+HEiPbQo04AAZ5mVxTQdIc8wLb3yGdHf2sUoR7ePnJa0kFiqMXtC9Dv6hBWOr1lAzSu/w==";

/// What the tokens of the bench are signed with (RFC 7518, section 3.2).
pub const SIGNING_KEY: &[u8] = b"a key of the bench, known to its servers and its tests";

/// Every address and port that a healthy run may connect to, sorted.
pub fn services() -> Vec<String> {
    let ports = |name: &str| match name {
        "outlook.ms-acdc.office.com" => ["443", "587", "993", "995"].as_slice(),
        "smtp.ms-acdc.office.com" => &["587"],
        _ => &["443"],
    };
    let mut services: Vec<String> = ADDRESSES
        .lines()
        .filter_map(|line| line.split_once(' '))
        .flat_map(|(address, name)| ports(name.trim()).iter().map(move |port| format!("{address} {port}")))
        .collect();
    services.sort();
    services
}

/// What is changed for a case. The default is the healthy bench.
pub struct Change<'c> {
    /// nftables rules that send connections to another server of the cloud.
    pub turn: &'c [String],
    /// nftables rules that let the cloud's firewall drop or refuse.
    pub guard: &'c [String],
    /// A line for the site's hosts file.
    pub hosts: Option<&'c str>,
    /// Whether the site has a road for IPv6.
    pub ipv6: bool,
}

/// Where a command runs.
#[derive(Clone, Copy)]
pub enum Place {
    /// The customer's site.
    Site,
    /// A host without any network; not even its loopback is up.
    Alone,
}

/// The running bench.
pub struct Bench {
    folder: PathBuf,
    site: String,
    cloud: String,
    alone: String,
    /// Holds the bench up; the end of its standard input, at the latest with this process, is the end of the bench.
    keeper: Child,
}

impl Bench {
    /// Builds the bench and waits until every server answers.
    ///
    /// # Errors
    /// A sentence that says what is missing and how to get it, or which server did not come up.
    pub fn start() -> Result<Self, String> {
        wanted()?;
        let folder = lay_folder().map_err(|error| format!("cannot write the bench's files: {error}"))?;
        let certificates = Command::new("bash").arg("certificates.sh").current_dir(&folder).output();
        if let Err(words) = checked("certificates.sh", certificates) {
            let _ = fs::remove_dir_all(&folder); // nobody else would: the keeper is not there yet
            return Err(words);
        }
        let name = |place: &str| format!("ece-{place}-{}", std::process::id());
        let (site, cloud, alone) = (name("site"), name("cloud"), name("alone"));
        let keeper = Command::new("bash")
            .arg(folder.join("bench.sh"))
            .args([folder.as_os_str(), site.as_ref(), cloud.as_ref(), alone.as_ref()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0) // Ctrl-C is for us; the keeper sees our end and then clears away
            .spawn()
            .map_err(|error| format!("cannot run bash: {error}"))?;
        let mut bench = Self { folder, site, cloud, alone, keeper };
        bench.wait_until_up()?;
        Ok(bench)
    }

    /// Makes the bench as the case wants it. Everything that any case can change is set, so nothing is left of the
    /// case before.
    pub fn lay(&self, change: &Change<'_>) {
        let (turn, guard) = (change.turn.join("\n"), change.guard.join("\n"));
        let rules = format!(
            "flush ruleset\ntable inet bench {{\n\
             chain turn {{ type nat hook prerouting priority dstnat;\n{turn}\n}}\n\
             chain turn_proxied {{ type nat hook output priority -100;\n{turn}\n}}\n\
             chain guard {{ type filter hook input priority filter;\n{guard}\n}}\n}}\n"
        );
        feed(in_namespace(&self.cloud, "nft").args(["-f", "-"]), &rules);

        let hosts = format!("127.0.0.1 localhost\n{}\n", change.hosts.unwrap_or_default());
        fs::write(Path::new("/etc/netns").join(&self.site).join("hosts"), hosts).expect("the keeper made the folder");

        let mut road = "route replace default via 2001:db8::1\n".to_owned();
        if !change.ipv6 {
            road.push_str("route del default\n");
        }
        feed(Command::new("ip").args(["-n", &self.site, "-6", "-batch", "-"]), &road);
    }

    /// A command in one of the namespaces, in an empty folder, ended after `seconds`.
    pub fn command(&self, place: Place, program: &str, seconds: u64) -> Command {
        let namespace = match place {
            Place::Site => &self.site,
            Place::Alone => &self.alone,
        };
        let mut command = Command::new("timeout");
        command.args(["--kill-after=1", &seconds.to_string(), "ip", "netns", "exec", namespace, program]);
        command.current_dir(self.folder.join("empty"));
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"] {
            command.env_remove(name).env_remove(name.to_lowercase());
        }
        command
    }

    /// What a foreign client sees that waits so many seconds: a line for `clients.sh`.
    pub fn ask(&self, place: Place, trust: &str, patience: u64, line: &str) -> String {
        let script = format!("trust={}; patience={patience}; . {}; {line}", self.file(trust), self.file("clients.sh"));
        match self.command(place, "bash", patience + SLACK).args(["-c", &script]).output() {
            Ok(output) => String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned(),
            Err(error) => format!("cannot ask: {error}"), // the folder is gone when the bench did not come up
        }
    }

    /// The path of one of the bench's files.
    pub fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn wait_until_up(&mut self) -> Result<(), String> {
        let start = Instant::now();
        loop {
            let missing = self.ask(Place::Site, "root.pem", PATIENCE, "not_up");
            if missing.trim().is_empty() {
                return Ok(());
            }
            if self.keeper.try_wait().is_ok_and(|ended| ended.is_some()) {
                let mut words = String::new();
                self.keeper.stderr.take().map(|mut stderr| stderr.read_to_string(&mut words));
                return Err(format!(
                    "the network namespaces for these tests cannot be made here: {}\nThey need a Linux kernel and a \
                     container or machine that allows them (docker run --privileged). {OR_OFF}",
                    words.trim()
                ));
            }
            if start.elapsed() > UP_WITHIN {
                return Err(format!("not up within {UP_WITHIN:?}: {}\n{}", missing.trim(), self.logs()));
            }
        }
    }

    /// The last words of the servers, for the case that one does not start.
    fn logs(&self) -> String {
        said(Command::new("bash").args(["-c", "tail -n 4 *.log *.out"]).current_dir(&self.folder))
    }
}

const OR_OFF: &str = "Or set ECE_CHECK_FOREIGN=off to leave these tests out.";

/// Root and all programs are there, or a sentence that says what is not.
fn wanted() -> Result<(), String> {
    let missing: Vec<_> = PROGRAMS.iter().filter(|(program, _)| !is_installed(program)).collect();
    if !missing.is_empty() {
        let programs: Vec<&str> = missing.iter().map(|(program, _)| *program).collect();
        let packages: Vec<&str> = missing.iter().map(|(_, package)| *package).collect();
        return Err(format!(
            "the tests against foreign servers need {}, not found here. Install with:\n  apt-get install -y \
             --no-install-recommends {}\n{OR_OFF}",
            programs.join(", "),
            packages.join(" ")
        ));
    }
    let user = said(Command::new("id").arg("-u"));
    if user != "0" {
        return Err(format!(
            "the tests against foreign servers need root, for network namespaces: sudo make test. {OR_OFF}"
        ));
    }
    let dovecot = said(Command::new("dovecot").arg("--version"));
    if !dovecot.starts_with("2.3.") {
        return Err(format!(
            "the tests against foreign servers need Dovecot 2.3, as in Debian 12; here is {dovecot}. {OR_OFF}"
        ));
    }
    Ok(())
}

fn is_installed(program: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}

/// A folder of this run with all files of the servers; readable for the users that the servers run as.
fn lay_folder() -> std::io::Result<PathBuf> {
    let folder = tempfile::Builder::new()
        .prefix("ece-check-foreign-")
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()?
        .keep(); // bench.sh removes it, also when this process is killed
    for inner in ["empty", "postfix/queue", "postfix/data", "keys/default/HS256"] {
        fs::create_dir_all(folder.join(inner))?;
    }
    fs::write(folder.join("keys/default/HS256/default"), BASE64_STANDARD.encode(SIGNING_KEY))?;
    lay_mail(&folder.join("mail"))?;
    let here = folder.display().to_string();
    for (name, text) in FILES {
        fs::write(folder.join(name), text.replace("@folder@", &here).replace("@opaque@", OPAQUE))?;
    }
    for (name, listen, certificate, mechanisms, [imap, pop3, submission]) in DOVECOTS {
        let mut text = include_str!("servers/dovecot.conf").replace("@folder@", &here);
        for (mark, value) in [
            ("@name@", name),
            ("@listen@", listen),
            ("@certificate@", certificate),
            ("@mechanisms@", mechanisms),
            ("@imap@", imap),
            ("@pop3@", pop3),
            ("@submission@", submission),
        ] {
            text = text.replace(mark, value);
        }
        fs::write(folder.join(format!("dovecot-{name}.conf")), text)?;
    }
    Ok(folder)
}

/// The folder for what was thrown away, as it lies in a mailbox (Maildir++).
pub const DELETED: &str = ".Deleted Items";

/// The mailboxes, each with a message that was read and one that nobody has seen: a server moves it once it is selected.
fn lay_mail(folder: &Path) -> std::io::Result<()> {
    for mailbox in MAILBOXES {
        let mail = folder.join(mailbox).join("Maildir");
        for inner in ["cur", "new", "tmp"] {
            fs::create_dir_all(mail.join(inner))?;
            fs::create_dir_all(mail.join(DELETED).join(inner))?;
        }
        for (name, place) in
            [("1700000001", "cur/1700000001.M1P1.bench:2,S"), ("1700000002", "new/1700000002.M2P1.bench")]
        {
            let text =
                format!("From: customer@fabrikam.example\nTo: {mailbox}\nSubject: {name}\n\nMy order is late.\n");
            fs::write(mail.join(place), text)?;
        }
    }
    Ok(())
}

fn in_namespace(namespace: &str, program: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", namespace, program]);
    command
}

/// Runs a command with text for its standard input; it must succeed.
fn feed(command: &mut Command, text: &str) {
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("wanted() has seen it");
    child.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("it reads all of its input");
    checked("the change of the bench", child.wait_with_output()).unwrap_or_else(|words| panic!("{words}\n{text}"));
}

fn checked(what: &str, output: std::io::Result<Output>) -> Result<(), String> {
    let output = output.map_err(|error| format!("{what}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{what} failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
