//! Checks and causes of somebody else's, laid over ours with `--checks DIR`: one file, one entry, no code.

use ece_check::finding::Status;

use crate::{
    program::{Outcome, Place},
    walk::of_check,
};

const CHECK: &str = r#"title   = "The list of revoked certificates can be fetched"
fails   = "The list of revoked certificates cannot be fetched"
section = "network-urls"
for     = "site"
stages  = ["connect"]

[probe.tcp]
host = "ece.example.com"
port = 443

[expect]
open = true

[words]
expected = "a connection to the place where revoked certificates are listed"
why      = "Windows cannot tell whether a certificate was revoked."
sources  = ["https://www.rfc-editor.org/rfc/rfc5280"]

[[proof]]
fault  = "ece-web-unreachable"
status = "fail"
"#;

const CAUSE: &str = r#"[[cause]]
code    = "crl-unreachable"
title   = "Revocation lists of {hosts} are not reachable"
owner   = "network"
layer   = "name"
fix     = "Allow TCP port {ports} to {hosts}."
takes   = "immediately"
sources = ["https://www.rfc-editor.org/rfc/rfc5280"]

[[cause.sign]]
finding = { check = "tcp.crl" }
settles = true
sample  = "the revocation server is offline"
"#;

/// A folder with one check and one cause.
fn laid_over(check: &str, cause: &str) -> Place {
    let place = Place::new();
    place.write("mine/tcp/crl.toml", check);
    place.write("mine/causes/mine.toml", cause);
    place
}

fn call(place: &Place, arguments: &[&str]) -> Outcome {
    place.call(&[arguments, &["--checks", "mine"]].concat())
}

#[test]
fn one_file_is_a_check_in_every_command() {
    let place = laid_over(CHECK, CAUSE);
    let listed = call(&place, &["list"]).stdout;
    assert!(listed.contains("tcp.crl") && listed.contains("tcp.opens"), "{listed}");
    let plan = call(&place, &["plan", "--only", "tcp.crl"]).stdout;
    assert!(plan.contains("ece.example.com:443 (tcp, tcp)"), "{plan}");
    let explained = call(&place, &["explain", "tcp.crl"]).stdout;
    for words in ["can be fetched", "rfc5280", "crl-unreachable", "--lab=ece-web-unreachable"] {
        assert!(explained.contains(words), "{words} is missing in {explained}");
    }
    let report = call(&place, &["run", "--lab", "-o", "json"]).report();
    let found = of_check(&report, "tcp.crl");
    assert_eq!((found.len(), found[0].status, found[0].subject.as_str()), (1, Status::Pass, "ece.example.com:443"));
}

#[test]
fn one_entry_is_a_cause_that_a_run_names() {
    let place = laid_over(CHECK, CAUSE);
    let listed = call(&place, &["list", "--causes"]).stdout;
    assert!(listed.contains("crl-unreachable") && listed.contains("port-blocked"), "{listed}");
    assert!(call(&place, &["explain", "crl-unreachable"]).stdout.contains("network team"));
    let report = call(&place, &["run", "--lab=ece-web-unreachable", "-o", "json"]).report();
    assert_eq!(of_check(&report, "tcp.crl")[0].status, Status::Fail);
    let first = &report.summary.fix_first[0];
    assert_eq!(first.cause, "crl-unreachable", "{:#?}", report.summary.fix_first);
    assert_eq!(first.title, "Revocation lists of ece.example.com are not reachable");
    assert_eq!(first.fix, "Allow TCP port 443 to ece.example.com.");
}

#[test]
fn file_at_the_place_of_ours_replaces_it() {
    let place = Place::new();
    let ours = include_str!("../../checks/tcp/opens.toml").replace("The TCP port is open on all addresses", "Mine now");
    place.write("mine/tcp/opens.toml", ours);
    let listed = call(&place, &["list"]).stdout;
    assert!(listed.contains("Mine now") && !listed.contains("The TCP port is open on all addresses"), "{listed}");
}

/// A line of the check, what stands there in its place, the line that is named, a piece of the message.
const IN_A_CHECK: &[(&str, &str, usize, &str)] = &[
    ("for     = \"site\"", "for     = \"sight\"", 4, "site"),
    ("section = \"network-urls\"", "section = \"network-url\"", 3, "network-urls"),
    ("stages  = [\"connect\"]", "stage   = [\"connect\"]", 5, "did you mean stages?"),
    ("stages  = [\"connect\"]", "needs   = [\"tcp.open\"]", 5, "did you mean tcp.opens?"),
    ("stages  = [\"connect\"]", "needs   = [\"tcp.crl\"]", 5, "cannot need itself"),
    ("stages  = [\"connect\"]", "shows   = [\"opened\"]", 5, "did you mean tcp.open?"),
    ("stages  = [\"connect\"]", "roles   = [\"service\"]", 5, "did you mean services?"),
    ("[probe.tcp]", "[probe.tpc]", 7, "did you mean tcp?"),
    ("host = \"ece.example.com\"", "host = \"{endpoint.hots}\"", 8, "{endpoint.host}"),
    ("port = 443", "port = 0", 9, "port"),
    ("open = true", "opened = true", 12, "did you mean tcp.open?"),
    ("open = true", "open = \"yes\"", 12, "true or false"),
    ("open = true", "", 1, "nothing is expected"),
    ("why      = ", "reason   = ", 14, "add why = "),
    ("sources  = ", "source   = ", 14, "add sources = "),
    ("status = \"fail\"", "status = \"failed\"", 21, "fail"),
    ("fault  = ", "faults = ", 19, "add fault = "),
    ("fails   = ", "fail    = ", 1, "add fails = "),
];

/// The same for the cause.
const IN_A_CAUSE: &[(&str, &str, usize, &str)] = &[
    ("owner   = \"network\"\n", "", 1, "owner"),
    ("owner   = \"network\"", "owner   = \"firewall\"", 4, "network"),
    ("layer   = \"name\"", "layer   = \"names\"", 5, "name"),
    ("fix     = ", "fixes   = ", 1, "add fix = "),
    ("Allow TCP port {ports} to {hosts}.", "Allow {hostz}.", 6, "did you mean host"),
    ("sources = ", "source  = ", 1, "add sources = "),
    ("sample  = \"the revocation server is offline\"\n", "", 10, "sample"),
    ("check = \"tcp.crl\"", "check = \"tcp.cr\"", 11, "did you mean tcp.crl?"),
    ("check = \"tcp.crl\"", "check = \"tcp.crl\", facts = { opened = false }", 11, "open"),
    ("finding = { check = \"tcp.crl\" }", "stop = { kind = \"refusal\" }", 11, "refused"),
    ("code    = \"crl-unreachable\"", "code    = \"port-blocked\"", 1, "twice"),
];

#[test]
fn mistakes_are_told_with_file_line_and_the_right_word() {
    let mut wrong = Vec::new();
    for (file, whole, mistakes) in [("tcp/crl.toml", CHECK, IN_A_CHECK), ("causes/mine.toml", CAUSE, IN_A_CAUSE)] {
        for (right, bad, line, says) in mistakes {
            assert!(whole.contains(right), "{right} stands in the file");
            let place = laid_over(CHECK, CAUSE);
            place.write(&format!("mine/{file}"), whole.replace(right, bad));
            let outcome = call(&place, &["run"]);
            let told = outcome.stderr.contains(&format!("{file}, line {line}:")) && outcome.stderr.contains(says);
            if outcome.code != Some(2) || !outcome.stdout.is_empty() || !told {
                wrong.push(format!("{right} -> {bad}: wanted line {line} and {says:?}, got {outcome:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn folder_that_is_no_folder_of_checks() {
    let place = Place::new();
    call(&place, &["run"]).refused("mine");
    place.write("mine/readme.txt", "nothing");
    call(&place, &["list"]).refused("holds no check");
    place.write("mine/ldap/opens.toml", CHECK);
    call(&place, &["plan"]).refused("ldap");
}
