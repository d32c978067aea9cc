//! The program as people call it: exit codes, flags, bad input, streams.

use std::{
    io::{BufRead, BufReader},
    net::UdpSocket,
    process::Child,
    time::{Duration, Instant},
};

use ece_check::{
    catalogue::Catalogue,
    finding::{Certainty, Report, SkipReason, Status},
};

use crate::{
    program::{Place, call, finish, wait},
    walk::{alone, of_check},
};

const ESCAPE: char = '\u{1b}';

fn report(arguments: &[&str]) -> Report {
    call(&[&["run", "-o", "json"], arguments].concat()).report()
}

fn checks(report: &Report) -> Vec<&str> {
    let mut ids: Vec<&str> = report.findings.iter().map(|finding| finding.check.as_str()).collect();
    ids.dedup();
    ids
}

// ---- exit codes ----

#[test]
fn healthy_lab_is_0() {
    let outcome = call(&["run", "--lab"]);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert!(words(&outcome.stdout).contains("No problems found. 24 checks were not run"), "{}", outcome.stdout);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn without_a_command_it_runs() {
    let outcome = call(&["--lab", "-o", "json"]);
    assert_eq!((outcome.code, outcome.report().summary.fail), (Some(0), 0));
}

#[test]
fn failed_check_is_1() {
    assert_eq!(call(&["run", "--lab=cert-expired"]).code, Some(1));
}

#[test]
fn warning_is_0_and_4_when_strict() {
    let flags = ["run", "--lab=dns-unpublished-address"];
    assert_eq!(call(&flags).code, Some(0));
    let strict = call(&[&flags[..], &["--strict", "-o", "json"]].concat());
    assert_eq!((strict.code, strict.report().summary.exit_code), (Some(4), 4));
    assert_eq!(call(&["run", "--lab=cert-expired", "--strict"]).code, Some(1), "a failure outranks warnings");
}

#[test]
fn nothing_to_judge_is_3() {
    let place = Place::new();
    place.write("mine.toml", "[ece]\n");
    let outcome = place.call(&["run", "-c", "mine.toml", "--only", "version,url", "-o", "json"]);
    assert_eq!(outcome.code, Some(3), "{outcome:?}");
    assert!(outcome.report().findings.iter().all(|finding| finding.reason == Some(SkipReason::NeedsInput)));
}

#[tokio::test]
async fn black_hole_under_a_deadline_ends_in_time_with_what_is_known() {
    let _alone = alone().await;
    let outcome = call(&["run", "--lab=port-blocked", "--deadline", "4s", "-o", "json"]);
    let report = outcome.report();
    assert!(report.run.duration_ms < 10_000, "{}", report.run.duration_ms); // a step alone may take as long
    assert!(outcome.took < Duration::from_secs(30), "{:?}, with the start of the lab", outcome.took);
    assert_eq!(outcome.code, Some(3), "nothing failed, something is not known");
    assert!(report.summary.pass > 0 && report.summary.error > 0 && report.summary.fail == 0, "{:?}", report.summary);
    for finding in report.findings.iter().filter(|finding| finding.status == Status::Error) {
        assert!(finding.found.contains("deadline"), "{finding:#?}");
    }
    assert!(!report.run.interrupted);
    let of_port = of_check(&report, "tcp.opens").into_iter().filter(|one| one.status == Status::Error);
    let named: Vec<(&str, Certainty)> =
        of_port.flat_map(|one| &one.causes).map(|one| (one.cause.as_str(), one.certainty)).collect();
    assert!(!named.is_empty() && named.iter().all(|one| *one == ("port-blocked", Certainty::Possible)), "{named:?}");
}

#[test]
fn unknown_words_are_told_with_the_nearest() {
    call(&["run", "--labb"]).refused("--lab");
    call(&["runn"]).refused("run");
    call(&["run", "--lab=cert-expird"]).refused("cert-expired");
    call(&["run", "--lab=cert-expired,cert-self-signed"]).refused("contradict");
    call(&["lab", "--fault", "prot-blocked"]).refused("port-blocked");
    call(&["run", "--only", "smtp.startls"]).refused("did you mean smtp.starttls?");
    call(&["run", "--skip", "network-port"]).refused("did you mean network-ports?");
    call(&["plan", "--only", "smt"]).refused("--only smt: unknown check or section; did you mean");
    call(&["explain", "port-blockd"]).refused("did you mean port-blocked?");
    call(&["run", "--role", "boss"]).refused("services");
    call(&["run", "--cloud", "mars"]).refused("worldwide");
    call(&["run", "-o", "pdf"]).refused("json");
}

#[test]
fn a_file_in_place_of_a_command_is_told_what_reads_it() {
    let place = Place::new();
    place.write("services.json", "{}");
    let outcome = place.call(&["services.json"]);
    outcome.refused(" report FILE"); // behind the program as it was called
    outcome.refused(" explain --file FILE");
}

#[test]
fn text_that_nobody_knows_is_1_and_says_what_to_give() {
    let outcome = call(&["explain", "something else entirely"]);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(1), ""), "{outcome:?}");
    assert!(outcome.stdout.contains("Paste the server response"), "{outcome:?}");
    let outcome = call(&["explain", "something else entirely", "-o", "json"]);
    assert_eq!(outcome.code, Some(1), "{outcome:?}");
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(json["causes"], serde_json::json!([]));
    assert!(json["next"].as_str().is_some_and(|next| next.contains("--channel")), "{json}");
}

#[test]
fn values_of_flags_that_cannot_be() {
    for (flags, says) in [
        (&["--timeout", "10"][..], "10s"),
        (&["--deadline", "0s"], "10s"),
        (&["--deadline", "forever"], "10s"),
        (&["--jobs", "0"], "--jobs"),
        (&["--resolve", "outlook.office365.com:993"], "HOST:PORT:ADDR"),
        (&["--connect-to", "a:1:b"], "HOST:PORT:HOST2:PORT2"),
        (&["--dns-server", "dns.example.com"], "10.0.0.53"),
        (&["--report", "json"], "FORMAT=FILE"),
        (&["--report", "pdf=x"], "FORMAT=FILE"),
        (&["--report", "json="], "FORMAT=FILE"),
        (&["-4", "-6"], "--ipv6"),
        (&["-v", "-q"], "-q"),
        (&["--lab-latency", "40ms"], "--lab"),
        (&["--config", "missing.toml"], "missing.toml"),
        (&["--ca-file", "missing.pem"], "missing.pem"),
        (&["--report", "json=no/such/folder.json"], "no/such/folder.json"),
        (&["--transcript", "no/such/folder.txt"], "no/such/folder.txt"),
        (&["--checks", "no-such-folder"], "no-such-folder"),
    ] {
        call(&[&["run"], flags].concat()).refused(says);
    }
}

#[test]
fn help_and_version_are_data() {
    for flags in [&["--help"][..], &["--version"], &["run", "--help"], &["lab", "--help"]] {
        let outcome = call(flags);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{flags:?}");
        assert!(outcome.stdout.contains("ece-check"), "{outcome:?}");
    }
}

// ---- the user's file ----

#[tokio::test]
async fn every_bad_file_is_refused_with_line_and_remedy_before_anything_is_tested() {
    let _alone = alone().await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files");
    let text = std::fs::read_to_string(folder.join("expected.toml")).expect("the list of bad files");
    let list: toml::Table = text.parse().expect("the list is TOML");
    let files = list["file"].as_array().expect("a list");
    assert!(files.len() > 60);
    for expected in files {
        let name = expected["name"].as_str().expect("a name");
        let file = folder.join(format!("{name}.toml"));
        let outcome = call(&["run", "-c", file.to_str().expect("a path in UTF-8")]);
        outcome.refused(&format!("{name}.toml, line {}: ", expected["line"]));
        if let Some(says) = expected.get("says").and_then(toml::Value::as_str) {
            let shown = outcome.stderr.replace("...", "…");
            assert!(shown.contains(says) || outcome.stderr.contains(says), "{says:?} is not in {outcome:?}");
        }
        assert!(outcome.stderr.lines().any(|line| line.starts_with("  ")), "no remedy: {outcome:?}");
        assert!(outcome.took < Duration::from_secs(2), "{outcome:?}");
    }
}

#[test]
fn file_in_the_folder_is_read_unasked() {
    let place = Place::new();
    place.write("ece-check.toml", "[ece]\nrelese = \"12.6(1)\"\n");
    place.call(&["run"]).refused("ece-check.toml, line 2: ");
    place.call(&["plan"]).refused("did you mean release?");
}

#[test]
fn file_as_windows_writes_it() {
    let text = "[[endpoint]]\r\nname = \"proxy\"\r\nhost = \"wpad.bigshop.test\"\r\nport = 8080\r\n";
    let utf_16: Vec<u8> = [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let place = Place::new();
    for bytes in [utf_16, [b"\xef\xbb\xbf", text.as_bytes()].concat()] {
        place.write("mine.toml", bytes);
        let plan = place.call(&["plan", "-c", "mine.toml", "-o", "csv"]);
        assert!(plan.stdout.contains("\"wpad.bigshop.test\",8080"), "{plan:?}");
    }
}

#[test]
fn ca_file_that_is_no_pem() {
    let place = Place::new();
    place.write("ca.pem", "just words");
    place.call(&["run", "--ca-file", "ca.pem"]).refused("ca.pem");
    place.write("ca.pem", "");
    place.call(&["run", "--lab", "--ca-file", "ca.pem"]).refused("ca.pem");
}

// ---- what is looked at ----

#[test]
fn only_takes_ids_leading_parts_and_sections_with_what_they_need() {
    assert_eq!(checks(&report(&["--lab", "--only", "dns.resolves"])), ["dns.resolves"]);
    let of_tls = report(&["--lab", "--only", "tls"]);
    assert_eq!(
        checks(&of_tls),
        [
            "dns.resolves",
            "dns.leads-to-microsoft",
            "tcp.opens",
            "tls.java-trust",
            "tls.trusted",
            "tls.name",
            "tls.not-intercepted",
            "smtp.starttls"
        ]
    );
    let of_section = report(&["--lab", "--only", "minimum-version,url.external-form"]);
    assert_eq!(
        checks(&of_section),
        [
            "version.known-defects",
            "version.minimum-level",
            "version.newest-level",
            "docs.release-guides",
            "url.external-form"
        ]
    );
}

#[test]
fn skip_leaves_out_what_only_would_take() {
    let report = report(&["--lab", "--skip", "smtp,network-urls"]);
    assert!(
        !checks(&report).iter().any(|id| id.starts_with("smtp.") || id.starts_with("dns.")),
        "{:?}",
        checks(&report)
    );
    assert_eq!(report.summary.exit_code, 0, "{:#?}", report.summary);
}

#[test]
fn selection_that_leaves_nothing_is_refused() {
    for flags in [
        &["--only", "smtp", "--skip", "smtp"][..],
        &["--only", "smtp.sign-in", "--skip", "connectivity-test"],
        &["--only", "version", "--skip", "dns,minimum-version"],
        &["--only", "imap.mailbox-opens", "--pre-install"],
    ] {
        let said = call(&[&["run", "--lab"], flags].concat());
        assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{flags:?}: {said:?}");
        assert!(said.stderr.contains("--skip or --pre-install leaves out every check"), "{said:?}");
    }
    let said = call(&["run", "--lab", "--pre-install", "--send-mail"]);
    assert_eq!((said.code, said.stdout.as_str()), (Some(2), ""), "{said:?}");
    assert!(said.stderr.contains("--pre-install") && said.stderr.contains("--send-mail"), "{said:?}");
}

#[test]
fn run_that_had_no_time_says_what_to_do_first() {
    let said = call(&["run", "--lab=no-greeting", "--deadline", "1s", "--only", "smtp"]);
    assert_eq!(said.code, Some(3), "{said:?}");
    let text = words(&said.stdout);
    for part in ["time limit ended the run before", "smtp.office365.com:587", "with a longer --deadline"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn of_a_sample_the_other_mailboxes_are_named_as_not_tested() {
    let report = report(&["--lab", "--sample", "1"]);
    let opened = of_check(&report, "imap.mailbox-opens");
    let left_out =
        opened.iter().filter(|one| one.optional && one.next.as_deref().is_some_and(|next| next.contains("sample")));
    assert!(opened.len() > 1, "{opened:#?}");
    assert!(left_out.count() >= opened.len() - 1, "{opened:#?}");
    assert_eq!(report.summary.exit_code, 0, "{:#?}", report.summary);
}

#[test]
fn what_is_needed_and_left_out_is_answered_for_by_what_needed_it() {
    let report = report(&["--lab=port-refused", "--skip", "tcp,tls"]);
    assert_eq!(of_check(&report, "imap.xoauth2-offered")[0].status, Status::Fail);
    assert_eq!(report.summary.exit_code, 1, "left out is not healthy");
}

#[test]
fn role_and_cloud_stand_in_the_report() {
    let run = report(&["--lab", "--role", "application", "--case", "SR 6 9876"]).run;
    assert_eq!((run.role.as_str(), run.cloud.as_str(), run.lab), ("application", "worldwide", true));
    assert_eq!(run.case.as_deref(), Some("SR 6 9876"));
}

#[test]
fn clouds_have_names_of_their_own() {
    for (cloud, host) in [
        ("worldwide", "login.microsoftonline.com"),
        ("gcc-high", "login.microsoftonline.us"),
        ("dod", "login.microsoftonline.us"),
        ("china", "partner.outlook.cn"),
    ] {
        assert!(call(&["plan", "--cloud", cloud, "-o", "csv"]).stdout.contains(host), "{cloud}");
    }
}

#[test]
fn before_the_installation_nothing_of_a_finished_ece_is_asked() {
    let report = report(&["--lab=ece-web-unreachable", "--pre-install"]);
    let later: Vec<&str> = report
        .findings
        .iter()
        .filter(|finding| finding.reason == Some(SkipReason::NotApplicable))
        .map(|finding| finding.check.as_str())
        .collect();
    assert!(later.contains(&"url.console-match") && later.contains(&"url.redirect-match"), "{later:?}");
    assert_eq!(report.summary.fail, 0, "ECE's own web pages are not there yet: {:#?}", report.summary.fix_first);
    assert!(later.contains(&"version.minimum-level"), "the level of what is not installed: {later:?}");
}

#[test]
fn families() {
    for (flag, wanted) in [("-4", true), ("-6", false)] {
        let report = report(&["--lab", "--only", "imap", flag]);
        let paths: Vec<_> = report.looks.iter().flat_map(|look| &look.attempts).collect();
        assert!(!paths.is_empty() && paths.iter().all(|path| path.address.is_ipv4() == wanted), "{flag}");
    }
}

// ---- where it looks ----

#[tokio::test]
async fn resolve_takes_one_address_where_no_resolver_answers() {
    let _alone = alone().await;
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let server = silent.local_addr().expect("an address").to_string();
    let one = ["--resolve", "outlook.office365.com:993:52.98.241.162", "--dns-server", &server, "--timeout", "2s"];
    let report = report(&[&["--lab", "--only", "imap"][..], &one].concat());
    let finding = of_check(&report, "imap.xoauth2-offered")[0];
    assert_eq!(finding.status, Status::Pass, "{finding:#?}");
    let look = &report.looks[finding.look.expect("a look")];
    assert_eq!(look.attempts.len(), 1);
    assert!(look.route.to_string().contains("52.98.241.162"), "{}", look.route);
}

/// A tenant in a process of its own, and the flags that lead to it.
struct Tenant {
    child: Child,
    flags: Vec<String>,
    _place: Place,
}

impl Tenant {
    fn start(faults: &str) -> Self {
        let place = Place::new();
        let arguments = if faults.is_empty() { vec!["lab"] } else { vec!["lab", "--fault", faults] };
        let mut child = place.start(&arguments);
        let said = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let command = said.map_while(Result::ok).find(|line| line.starts_with("ece-check run ")).expect("a command");
        // the site file that the line names is printed above it, and is not needed for the network
        let (_, flags) = command.split_once(" --config ece-check-lab.toml").expect("the site file");
        let flags = flags.split_whitespace().map(str::to_owned).collect();
        Self { child, flags, _place: place }
    }

    fn flags(&self) -> Vec<&str> {
        self.flags.iter().map(String::as_str).collect()
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn lab_in_another_process_is_reached_by_the_flags_it_prints() {
    let tenant = Tenant::start("");
    let outcome = call(&[&["run", "-o", "json"][..], &tenant.flags()].concat());
    let report = outcome.report();
    assert_eq!(outcome.code, Some(0), "{:#?}", report.summary);
    assert!(!report.run.lab && report.summary.pass > 40, "{:#?}", report.summary);
}

#[test]
fn connect_to_by_name_is_dialled_without_a_lookup() {
    let tenant = Tenant::start("");
    let flags = tenant.flags();
    let one = flags.iter().find(|flag| flag.contains(":993:")).expect("a rule for port 993");
    let to = one.rsplit_once(":127.0.0.1:").expect("a place on loopback").1;
    let rule = format!("outlook.office365.com:993:127.0.0.1:{to}");
    let outcome = call(&[&["run", "-o", "json", "--only", "imap", "--connect-to", &rule][..], &flags].concat());
    let report = outcome.report();
    let finding = of_check(&report, "imap.xoauth2-offered")[0];
    assert_eq!(
        (finding.status, report.looks[finding.look.expect("a look")].attempts.len()),
        (Status::Pass, 1),
        "{report:#?}"
    );
}

#[test]
fn without_the_ca_file_the_lab_is_not_trusted() {
    let tenant = Tenant::start("");
    let flags: Vec<&str> = tenant.flags();
    let at = flags.iter().position(|flag| *flag == "--ca-file").expect("the flag is printed");
    let without = [&flags[..at], &flags[at + 2..]].concat();
    let outcome = call(&[&["run", "-o", "json", "--only", "tls"][..], &without].concat());
    assert_eq!(outcome.code, Some(1));
    assert!(of_check(&outcome.report(), "tls.trusted").iter().all(|finding| finding.status == Status::Fail));
}

#[test]
fn resolver_that_is_named_and_silent() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let server = silent.local_addr().expect("an address").to_string();
    let report = report(&["--lab", "--dns-server", &server, "--timeout", "300ms", "--only", "dns"]);
    let named: Vec<&str> = report.summary.fix_first.iter().map(|fix| fix.cause.as_str()).collect();
    assert_eq!(named, ["dns-resolver-unreachable"]);
    assert_eq!(report.run.dns_servers, [server]);
}

#[tokio::test]
async fn latency_of_the_lab_is_seen() {
    let _alone = alone().await;
    let flags = ["--lab", "--only", "imap"];
    let slow = report(&[&flags[..], &["--lab-latency", "150ms"]].concat());
    assert_eq!(slow.summary.exit_code, 0);
    assert!(
        slow.run.duration_ms > 300 && slow.run.duration_ms > report(&flags).run.duration_ms,
        "{}",
        slow.run.duration_ms
    );
}

#[test]
fn one_look_at_a_time_finds_the_same() {
    let statuses = |report: Report| {
        report.findings.into_iter().map(|one| (one.check, one.subject, one.status)).collect::<Vec<_>>()
    };
    let flags = ["--lab=cert-expired.some"];
    assert_eq!(statuses(report(&[&flags[..], &["--jobs", "1"]].concat())), statuses(report(&flags)));
}

#[tokio::test]
async fn step_limit_is_the_one_that_was_given() {
    let _alone = alone().await;
    let report = report(&["--lab=port-blocked.imap", "--timeout", "300ms"]);
    let found =
        &of_check(&report, "tcp.opens").into_iter().find(|one| one.status == Status::Fail).expect("a failure").found;
    assert!(found.contains("300 ms"), "{found}");
    assert!(report.run.duration_ms < 3_000, "{}", report.run.duration_ms);
}

// ---- what it writes ----

#[test]
fn reports_and_transcript_go_to_files_beside_stdout() {
    let place = Place::new();
    let flags = ["run", "--lab", "--report", "json=a.json", "--report", "markdown=b.md", "--transcript", "said.txt"];
    let outcome = place.call(&flags);
    assert!(outcome.stdout.contains(" 0 failed"), "{}", outcome.stdout);
    let saved: Report = serde_json::from_str(&place.read("a.json")).expect("a report");
    assert_eq!(saved.summary.exit_code, 0);
    assert!(place.read("b.md").starts_with('#'));
    let said = place.read("said.txt");
    for words in ["-> EHLO ", "-> STARTTLS", "~> A1 CAPABILITY", "<~ +OK", "~> CAPA"] {
        assert!(said.contains(words), "{words} is missing");
    }
    assert_eq!(std::fs::read_dir(place.path()).expect("a folder").count(), 3, "nothing else is left behind");
}

#[test]
fn more_and_less_words() {
    let lengths = ["-q", "--no-color", "-v"].map(|flag| call(&["run", "--lab=cert-expired", flag]).stdout.len());
    assert!(lengths[0] < lengths[1] && lengths[1] < lengths[2], "{lengths:?}");
    let quiet = call(&["run", "--lab=port-refused", "-q"]).stdout;
    assert!(!quiet.contains("version.minimum-level") && quiet.contains("tcp.opens"), "{quiet}");
}

#[test]
fn pipe_gets_no_colour() {
    let place = Place::new();
    for (flags, variable) in [
        (&["run", "--lab=imap-xoauth2-not-offered.escape-sequences"][..], "TERM"),
        (&["run", "--lab=imap-xoauth2-not-offered.escape-sequences", "-v", "--no-color"], "TERM"),
        (&["run", "--lab=imap-xoauth2-not-offered.escape-sequences", "--transcript", "said.txt"], "NO_COLOR"),
        (&["run", "--nonsense"], "NO_COLOR"),
        (&["plan"], "TERM"),
        (&["explain", "tls.trusted"], "TERM"),
    ] {
        let mut command = place.command(flags);
        command.env(variable, if variable == "TERM" { "xterm-256color" } else { "1" });
        let outcome = finish(command);
        assert!(!outcome.stdout.contains(ESCAPE) && !outcome.stderr.contains(ESCAPE), "{flags:?}: {outcome:?}");
    }
    assert!(!place.read("said.txt").contains(ESCAPE));
}

#[test]
fn locale_decides_on_the_marks() {
    let place = Place::new();
    let mut command = place.command(&["run", "--lab"]);
    command.env("LANG", "en_GB.UTF-8");
    assert!(!finish(command).stdout.is_ascii());
    assert!(call(&["run", "--lab"]).stdout.is_ascii(), "no locale is given");
}

#[test]
fn reader_that_goes_away_is_no_fault() {
    for flags in [&["run", "--lab"][..], &["list"], &["man"], &["explain", "tls.trusted"]] {
        let place = Place::new();
        let mut child = place.start(flags);
        drop(child.stdout.take());
        let outcome = wait(child);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (Some(0), ""), "{flags:?}");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn interruption_gives_the_report_so_far() {
    let _alone = alone().await;
    for signal in ["-INT", "-TERM", "-HUP"] {
        interrupted_by(signal);
    }
}

/// What a person, a service manager and a terminal that is closed send.
#[cfg(target_os = "linux")]
fn interrupted_by(signal: &str) {
    use std::process::{Command, Stdio};

    let place = Place::new();
    let run = place.command(&["run", "--lab=port-blocked", "--timeout", "30s", "-o", "json"]);
    // under nohup the tests ignore SIGHUP, and so would the program
    let mut attended = Command::new("env");
    attended
        .arg("--default-signal=HUP")
        .arg(run.get_program())
        .args(run.get_args())
        .env_clear()
        .current_dir(place.path());
    attended.envs(run.get_envs().filter_map(|(name, value)| Some((name, value?))));
    attended.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = attended.spawn().expect("the program starts");
    let id = child.id().to_string();
    wait_until_it_listens_for_interruptions(&id);
    let began = Instant::now();
    let sent = Command::new("kill").args([signal, &id]).status().expect("kill is there");
    assert!(sent.success());
    let outcome = wait(child);
    assert!(began.elapsed() < Duration::from_secs(25), "it waited for the time limit of 30 s: {:?}", began.elapsed());
    let report = outcome.report();
    assert_eq!(outcome.code, Some(3), "{:#?}", report.summary);
    assert!(report.run.interrupted && report.summary.error > 0);
    assert!(outcome.stderr.contains("the report so far follows"), "{}", outcome.stderr);
    assert!(report.findings.iter().filter(|one| one.status == Status::Error).all(|one| one.found.contains("stopped")));
}

/// Before that an interruption ends the program, as it should.
#[cfg(target_os = "linux")]
fn wait_until_it_listens_for_interruptions(id: &str) {
    let began = Instant::now();
    let listens = || {
        let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("the program runs");
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).expect("a mask").trim().to_owned();
        let all = (1 << (15 - 1)) | 0b11; // SIGTERM, SIGINT and SIGHUP
        u64::from_str_radix(&caught, 16).expect("a mask is hexadecimal") & all == all
    };
    while !listens() {
        assert!(began.elapsed() < Duration::from_mins(1), "it never listens");
        std::thread::sleep(Duration::from_millis(5));
    }
}

// ---- the proxy of the lab's site ----

/// The report of a run against the lab.
fn lab_report(flags: &[&str]) -> serde_json::Value {
    let said = call(&[&["run", "-o", "json"], flags].concat());
    serde_json::from_str(&said.stdout).unwrap_or_else(|error| panic!("{error}: {said:?}"))
}

#[test]
fn healthy_lab_through_its_proxy() {
    let report = lab_report(&["--lab", "--proxy", "http://proxy.example.com:8080"]);
    assert_eq!(report["summary"]["exit_code"], 0);
    let looks = report["looks"].as_array().expect("looks");
    let routes = |probe: &str, beside: bool| -> Vec<&str> {
        let those = looks.iter().filter(|look| look["probe"] == probe && look["beside"] == beside);
        those.map(|look| look["road"].as_str().expect("a route")).collect()
    };
    let through = "proxy proxy.example.com:8080 (--proxy)";
    assert_eq!((routes("https", false), routes("https", true)), (vec![through; 4], vec!["direct"; 4]));
    assert!(routes("token", false).iter().all(|route| *route == through), "tokens come the same way");
    assert!(routes("imap", false).iter().all(|route| *route == "direct"), "mail has one route");
    let text = call(&["run", "--lab", "--proxy", "http://proxy.example.com:8080"]).stdout;
    assert!(
        words(&text).contains("reachable both through the proxy and directly")
            && words(&text).contains("may use a different proxy"),
        "{text}"
    );
}

#[test]
fn direct_route_that_works_speaks_against_the_proxy() {
    let report = lab_report(&["--lab=proxy-denied"]);
    let findings = report["findings"].as_array().expect("findings");
    let is_it = |finding: &&serde_json::Value| {
        finding["check"] == "tcp.opens" && finding["subject"] == "login.microsoftonline.com:443"
    };
    let because = findings.iter().find(is_it).expect("a finding")["causes"][0]["because"].to_string();
    assert!(because.contains("directly, without the proxy, it works"), "{because}");
    let first = &report["summary"]["fix_first"][0];
    assert_eq!(first["owner"], "network");
    assert!(!first["title"].as_str().expect("a title").contains("sales"), "an account is no host: {first}");
    let direct = lab_report(&["--lab=proxy-denied", "--no-proxy"]);
    assert_eq!(direct["summary"]["exit_code"], 0, "without the proxy nothing is wrong");
}

/// A text without its line breaks.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

// ---- the commands that look at nothing ----

#[test]
fn plan_names_what_a_run_touches_and_asks_nobody() {
    let resolver = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    resolver.set_nonblocking(true).expect("a socket that does not wait");
    let server = resolver.local_addr().expect("an address").to_string();
    let text = call(&["plan", "--dns-server", &server]);
    assert!(text.stdout.contains("No connection was made."), "{}", text.stdout);
    let json = call(&["plan", "--dns-server", &server, "-o", "json"]).stdout;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
    let csv = call(&["plan", "--dns-server", &server, "-o", "csv"]).stdout;
    is_change_request(&csv);
    for (host, port, protocol) in [
        ("login.microsoftonline.com", 443, "https"),
        ("login.microsoft.com", 443, "https"),
        ("outlook.office365.com", 443, "https"),
        ("smtp.office365.com", 587, "smtp"),
        ("outlook.office365.com", 587, "smtp"),
        ("outlook.office365.com", 993, "imap"),
        ("outlook.office365.com", 995, "pop3"),
    ] {
        let is_it = |row: &serde_json::Value| row["host"] == host && row["port"] == port && row["protocol"] == protocol;
        assert!(rows.iter().any(is_it), "{host}:{port} is missing in the plan");
        assert!(text.stdout.contains(&format!("{host}:{port} ({protocol}, tcp)")), "{host}:{port}");
    }
    assert!(rows.iter().all(|row| row["credential"] == "none" && row["change"] == "none"));
    assert!(resolver.recv(&mut [0; 512]).is_err(), "the resolver was asked");
}

#[test]
fn plan_tells_the_routes_that_were_chosen() {
    let plan = call(&["plan", "-4", "--resolve", "outlook.office365.com:993:52.98.241.162"]).stdout;
    assert!(plan.contains("to 52.98.241.162 (--resolve)"), "{plan}");
    assert!(!plan.contains("IPv6"), "{plan}");
    let routes = |flags: &[&str]| -> Vec<(String, String)> {
        let json = call(&[&["plan", "-o", "json", "--dns-server", "127.0.0.1"], flags].concat()).stdout;
        let rows: Vec<serde_json::Value> = serde_json::from_str(&json).expect("JSON");
        let text = |row: &serde_json::Value, key: &str| row[key].as_str().expect("a text").to_owned();
        rows.iter().map(|row| (format!("{}:{}", text(row, "host"), row["port"]), text(row, "road"))).collect()
    };
    let of = |all: &[(String, String)], place: &str| -> Vec<String> {
        all.iter().filter(|(host, _)| host == place).map(|(_, route)| route.clone()).collect()
    };
    let both = routes(&["--proxy", "http://proxy.test:3128"]);
    assert_eq!(of(&both, "login.microsoftonline.com:443"), ["proxy proxy.test:3128 (--proxy)", "direct"]);
    assert_eq!(of(&both, "outlook.office365.com:993"), ["direct"], "mail has one route");
    assert_eq!(of(&both, "proxy.test:3128"), ["direct"], "the proxy itself is dialled");
    assert_eq!(of(&both, "127.0.0.1:53"), ["direct"], "the resolver is asked, not the names");
    assert!(both.iter().all(|(place, _)| place == "127.0.0.1:53" || !place.ends_with(":53")), "{both:?}");
    assert_eq!(of(&routes(&["--no-proxy"]), "login.microsoftonline.com:443"), ["direct"]);
    let shallow = call(&["plan", "--only", "tcp"]).stdout;
    assert!(shallow.contains(":993 (tcp, tcp)") && !shallow.contains("imap"), "{shallow}");
}

/// A row a rule: who connects where, on which port, why, and the ranges for a firewall without FQDN objects.
fn is_change_request(csv: &str) {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header: Vec<String> = reader.headers().expect("a header").iter().map(ToOwned::to_owned).collect();
    let first = ["source", "destination", "port", "protocol", "ip_version", "direction", "ece_role", "purpose"];
    assert_eq!(header[..first.len()], first);
    let rows: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().expect("rows of one width");
    for (destination, port, role) in [
        ("*.office365.com", "443", "services"),
        ("login.microsoftonline.com", "443", "application"),
        ("smtp.office365.com", "587", "services"),
        ("smtp.office365.com", "587", "application"),
        ("outlook.office365.com", "993", "services"),
    ] {
        let is_of_role = |row: &&csv::StringRecord| row[6].split(", ").any(|one| one == role); // one server may be both
        let rule = rows.iter().filter(is_of_role).find(|row| (&row[1], &row[2]) == (destination, port));
        let rule = rule.unwrap_or_else(|| panic!("no rule for {destination}:{port} from {role}: {csv}"));
        assert_eq!((&rule[3], &rule[5]), ("TCP", "outbound"));
        assert!(!rule[0].is_empty() && !rule[7].is_empty(), "{rule:?}");
    }
    let mut known = std::collections::BTreeSet::new();
    for row in &rows {
        let key: Vec<&str> = [0, 1, 2, 3, 4, 6].into_iter().map(|column| &row[column]).collect();
        assert!(known.insert(key.join("|")), "a rule twice: {row:?}");
    }
}

#[test]
fn everything_that_is_listed_can_be_explained() {
    let catalogue = Catalogue::built_in();
    let (listed, causes) = (call(&["list"]).stdout, call(&["list", "--causes"]).stdout);
    for check in &catalogue.checks {
        assert!(listed.contains(check.id.as_str()), "{}", check.id);
        explained(&check.id, &check.words.sources);
    }
    for cause in &catalogue.causes {
        assert!(causes.contains(&cause.code), "{}", cause.code);
        explained(&cause.code, &cause.sources);
    }
}

#[test]
fn the_only_possible_cause_is_not_called_one_of_several() {
    let text = call(&["explain", "DisableRootAutoUpdate : 1"]).stdout;
    assert!(text.contains("(possible)") && text.contains("possible, not confirmed by this message"), "{text}");
    assert!(!text.contains("one of"), "{text}");
}

#[test]
fn text_of_many_causes_says_first_what_tells_them_apart() {
    let text = call(&["explain", "535 5.7.3 Authentication unsuccessful"]).stdout;
    let next: Vec<&str> = text.lines().skip(2).take_while(|line| !line.starts_with("details")).collect();
    assert!(next[0].starts_with("verify") && !next[0].contains("ece-check"), "{text}");
    assert!(next.last().is_some_and(|line| line.ends_with(" run --only token,smtp")), "a line to paste: {text}");
    assert!(text.lines().count() < 50, "{text}");
    for expected in ["[token-expired]", "ECE administrator", " explain CAUSE"] {
        assert!(text.contains(expected), "{expected} is missing in {text}");
    }
    let one = call(&["explain", "535 5.7.139 Authentication unsuccessful, basic authentication is disabled."]).stdout;
    assert!(one.contains("effect") && one.contains("source"), "the whole entry: {one}");
}

#[test]
fn plan_of_a_site_names_each_place_once_and_what_is_missing() {
    let place = Place::new();
    place.write(
        "mine.toml",
        "[entra]\ntenant = \"bigshop.onmicrosoft.com\"\nclient_id = \"7d1b1c0e-1111-4222-8333-444455556666\"\n\
         [[account]]\nname = \"shop\"\nsigns_in_as = \"shop@bigshop.test\"\n\
         access_token = { env = \"ECE_CHECK_NO_SUCH_VARIABLE\" }\ninbound = \"imap\"\n\
         mailboxes = [\"shop@bigshop.test\", \"info@bigshop.test\"]\n",
    );
    let text = place.call(&["plan", "-c", "mine.toml"]).stdout;
    assert_eq!(text.matches("smtp.office365.com:587 (").count(), 1, "{text}");
    for expected in [
        "signs in to 2 mailboxes, opens them read-only and sends no email",
        "ECE_CHECK_NO_SUCH_VARIABLE is required but not set",
        "access token of shop",
    ] {
        assert!(text.contains(expected), "{expected:?} is missing in {text}");
    }
    let sends = place.call(&["plan", "-c", "mine.toml", "--send-mail"]).stdout;
    assert!(sends.contains("sends 2 test messages"), "{sends}");
    let csv = place.call(&["plan", "-c", "mine.toml", "-o", "csv"]).stdout;
    assert!(csv.matches("\"smtp.office365.com\",587").count() > 1, "a row a look: {csv}");
}

fn explained(name: &str, sources: &[String]) {
    let text = call(&["explain", name]);
    assert!(text.code == Some(0) && text.stdout.contains(name), "{text:?}");
    assert!(!text.stdout.replace("{tenantid}", "").split('{').skip(1).any(is_placeholder), "{}", text.stdout);
    for word in ["<hosts>", "<ports>", "<subjects>", "<addresses>", "<sources>", "<endpoints>", "<token-holder>"] {
        assert!(!text.stdout.contains(word), "{word} is no plain word: {}", text.stdout);
    }
    let json = call(&["explain", name, "-o", "json"]).stdout;
    for source in sources {
        assert!(json.contains(source.as_str()), "{name}: {source}");
    }
}

/// Whether what follows a bracket is the rest of a placeholder such as `{hosts}`, and not of `{ env = "…" }`.
fn is_placeholder(rest: &str) -> bool {
    rest.split_once('}').is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_lowercase() || "._-".contains(c)))
}

#[test]
fn lists_for_programs() {
    let names: Vec<String> =
        serde_json::from_str(&call(&["lab", "--list", "-o", "json"]).stdout).expect("an array of names");
    assert!(names.len() > 40 && names.contains(&"cert-expired".to_owned()));
    for flags in [&["list", "-o", "json"][..], &["list", "--causes", "-o", "json"]] {
        let rows: Vec<serde_json::Value> = serde_json::from_str(&call(flags).stdout).expect("an array");
        assert!(rows.len() > 15, "{flags:?}");
    }
}

#[test]
fn completions_and_manual_know_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let text = call(&["completions", shell]).stdout;
        for word in ["run", "plan", "list", "explain", "lab", "report", "dns-server"] {
            assert!(text.contains(word), "{word} is missing for {shell}");
        }
    }
    call(&["completions", "cmd"]).refused("powershell");
    assert!(call(&["man"]).stdout.contains(".TH ece-check"));
}

// ---- init ----

#[test]
fn init_writes_what_was_answered_and_no_empty_file() {
    let place = Place::new();
    let empty = place.call(&["init", "empty.toml"]);
    empty.refused("nothing was answered: no file is written");
    let lost = place.call(&["init", "no/folder.toml", "--site", "Rotterdam"]);
    lost.refused("its folder does not exist");
    let needs = place.call(&["init", "a.toml", "--offline", "--account", "sales"]);
    needs.refused("--mailbox: the account has no mailbox");
    let plain = place.call(&["init", "b.toml", "--offline", "--external-url", "http://ece.bigshop.test"]);
    assert_eq!((plain.code, plain.stderr.contains("must be https://")), (Some(0), true), "{plain:?}");
    let written = |name: &str| place.path().join(name).exists();
    assert!(written("b.toml") && !written("a.toml") && !written("empty.toml"));
}
