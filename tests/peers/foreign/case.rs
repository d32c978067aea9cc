//! The cases: what is changed, what foreign clients then see, and what `ece-check` must say.
//!
//! In: `cases.toml`. Out: a complaint for everything that is otherwise.

use std::{
    collections::BTreeMap,
    process::Output,
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::Value;

use crate::foreign::bench::{Bench, Change, PATIENCE, Place, SILENCE};

/// Answers that say that none came.
const NO_ANSWER: [&str; 2] = ["silent", "timed out"];

/// The formats of reports.
const FORMATS: &[&str] = &["text", "json", "markdown", "csv"];

/// All cases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// How `ece-check` is called; the CA file is added.
    pub arguments: Vec<String>,
    /// How long a run may take: its own deadline and a margin.
    limit_seconds: u64,
    /// Causes that a network can never show; named in no case.
    never: Vec<String>,
    /// The cases, in the order of the tests.
    #[serde(rename = "case")]
    pub cases: Vec<Case>,
}

/// One case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches of a table that people write; most cases set none")]
pub struct Case {
    /// The situation; the name of the test.
    pub name: String,
    /// nftables rules that send connections to another server.
    #[serde(default)]
    turn: Vec<String>,
    /// nftables rules of the cloud's firewall.
    #[serde(default)]
    guard: Vec<String>,
    /// A line for the site's hosts file.
    hosts: Option<String>,
    /// True when the site has no road for IPv6.
    #[serde(default)]
    no_ipv6: bool,
    /// True when it is run on a host without any network.
    #[serde(default)]
    alone: bool,
    /// True when the site trusts the inspecting device.
    #[serde(default)]
    trusts_inspection: bool,
    /// What the environment of `ece-check` says.
    #[serde(default)]
    environment: BTreeMap<String, String>,
    /// Further arguments of `ece-check`.
    #[serde(default)]
    arguments: Vec<String>,
    /// A line for `clients.sh`, and words that its answer has, or has not when they begin with `!`.
    seen: Vec<(String, String)>,
    /// The exit code.
    exit: i32,
    /// What the first cause of `fix_first` may be called; empty: there is none.
    first: Vec<String>,
    /// True when the first cause is the only one.
    #[serde(default)]
    only: bool,
    /// Causes that must be named too, anywhere in `fix_first`.
    #[serde(default)]
    also: Vec<String>,
    /// Causes that must not be named.
    #[serde(default)]
    never: Vec<String>,
    /// The proxy as the report's header names it; none when not given.
    proxy: Option<String>,
    /// Who mends the first cause.
    owner: Option<String>,
    /// Words of what the first cause says: title, fix and command.
    #[serde(default)]
    words: Vec<String>,
    /// Names of the exceptions of the proxy, as the report's header has them.
    #[serde(default)]
    exceptions: Vec<String>,
    /// Looks on the road that is not in force: words of the subject and of the road, and whether it leads there.
    #[serde(default)]
    beside: Vec<(String, String, bool)>,
    /// Words that are in no byte of the report.
    #[serde(default)]
    secret: Vec<String>,
    /// Findings that must be there.
    findings: Vec<Expected>,
}

/// A finding that must be there: all findings of this check whose subject has these words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    check: String,
    subject: String,
    status: String,
    /// Words of what was found.
    found: Option<String>,
    /// Words of the road that was taken.
    road: Option<String>,
    /// Words of what speaks for the first cause of the finding.
    because: Option<String>,
}

impl Table {
    /// The table that is built in.
    pub fn read() -> Self {
        toml::from_str(include_str!("cases.toml")).unwrap_or_else(|error| panic!("cases.toml: {error}"))
    }

    /// The case of this name.
    pub fn case(&self, name: &str) -> &Case {
        self.cases.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("cases.toml has no case {name}"))
    }
}

impl Case {
    /// Makes the bench as this case wants it.
    pub fn lay(&self, bench: &Bench) {
        bench.lay(&Change { turn: &self.turn, guard: &self.guard, hosts: self.hosts.as_deref(), ipv6: !self.no_ipv6 });
    }

    /// What foreign clients see otherwise than the case says.
    pub fn prove(&self, bench: &Bench) -> Vec<String> {
        self.lay(bench);
        let wrong = |(line, words): &(String, String)| {
            let patience = if NO_ANSWER.contains(&words.as_str()) { SILENCE } else { PATIENCE };
            let answer = bench.ask(self.place(), self.trust(), patience, line);
            let as_said = match words.strip_prefix('!') {
                Some(words) => !answer.contains(words),
                None => answer.contains(words),
            };
            (!as_said).then(|| format!("{}: {line}\n  expected: {words}\n  seen: {}", self.name, answer.trim()))
        };
        self.seen.iter().filter_map(wrong).collect()
    }

    /// Runs `ece-check` and compares.
    pub fn judge(&self, table: &Table, bench: &Bench, ece_check: &str) {
        self.lay(bench);
        let start = Instant::now();
        let output = bench
            .command(self.place(), ece_check, table.limit_seconds + 5)
            .envs(&self.environment)
            .args(&table.arguments)
            .args(&self.arguments)
            .args(["--ca-file", &bench.file(self.trust())])
            .args(self.files(bench))
            .output()
            .expect("timeout is of coreutils");
        let took = start.elapsed();
        let stderr = String::from_utf8_lossy(&output.stderr);
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{}: no JSON report: {error}\n{}\n{stderr}", self.name, output.status));

        let mut wrong = self.complaints(table, output.status.code(), &report);
        wrong.extend(self.leaks(bench, &output));
        if took > Duration::from_secs(table.limit_seconds) {
            wrong.push(format!("took {took:?}, more than {} s", table.limit_seconds));
        }
        assert!(wrong.is_empty(), "{}:\n{}\n\n{}\n{stderr}", self.name, wrong.join("\n"), outline(&report));
    }

    /// What is otherwise in a report than this case says.
    fn complaints(&self, table: &Table, exit: Option<i32>, report: &Value) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut want = |holds: bool, complaint: String| {
            if !holds {
                wrong.push(complaint);
            }
        };
        want(exit == Some(self.exit), format!("exit code {exit:?}, expected {}", self.exit));
        let told = report["summary"]["exit_code"].as_i64();
        want(told == Some(self.exit.into()), format!("the report says exit code {told:?}, expected {}", self.exit));
        want(adds_up(report), "pass + warn + fail + skip + error is not planned".to_owned());

        let fix_first = texts(&report["summary"]["fix_first"], "cause");
        let first_fits = match fix_first.first() {
            Some(cause) => self.first.iter().any(|name| name == cause),
            None => self.first.is_empty(),
        };
        want(first_fits, format!("fix first {fix_first:?}, expected first: {:?}", self.first));
        want(!self.only || fix_first.len() == 1, format!("{} causes, expected one: {fix_first:?}", fix_first.len()));
        for cause in &self.also {
            want(fix_first.contains(&cause.as_str()), format!("{cause} is not named: {fix_first:?}"));
        }
        let named = named_causes(report);
        for cause in table.never.iter().chain(&self.never) {
            want(!named.contains(&cause.as_str()), format!("{cause} is named, and cannot be known or is not so"));
        }
        for index in unexplained(report) {
            want(false, format!("failure without a cause in fix_first: {}", line(&report["findings"][index])));
        }
        let proxy = report["run"]["proxy"].as_str();
        want(proxy == self.proxy.as_deref(), format!("proxy {proxy:?}, expected {:?}", self.proxy));
        let first = &report["summary"]["fix_first"][0];
        let said = ["title", "fix", "command"].map(|key| text(first, key)).join("\n");
        for words in &self.words {
            want(said.contains(words), format!("the first cause does not say {words:?}: {said}"));
        }
        if let Some(owner) = &self.owner {
            want(first["owner"] == owner.as_str(), format!("owner {}, expected {owner}", first["owner"]));
        }
        want(
            report["run"]["proxy_exceptions"] == serde_json::json!(self.exceptions),
            format!("exceptions {}, expected {:?}", report["run"]["proxy_exceptions"], self.exceptions),
        );
        let beside = |look: &Value| look["beside"] == true;
        if self.beside.is_empty() {
            want(!looks(report).any(beside), "a road was looked at that was not in force".to_owned());
        }
        for (subject, road, leads_there) in &self.beside {
            let of_subject = |look: &&Value| beside(look) && text(look, "subject").contains(subject);
            let all: Vec<&Value> = looks(report).filter(of_subject).collect();
            let fits = |look: &&Value| text(look, "road").contains(road) && came_through(look) == *leads_there;
            want(!all.is_empty() && all.iter().all(fits), format!("beside: {subject} {road} {leads_there} is not so"));
        }
        for expected in &self.findings {
            wrong.extend(expected.complaint(report));
        }
        wrong
    }

    /// Arguments that write everything which can be written, where there is a secret to be looked for in it.
    fn files(&self, bench: &Bench) -> Vec<String> {
        if self.secret.is_empty() {
            return Vec::new();
        }
        let report = |format: &&str| ["--report".to_owned(), format!("{format}={}", bench.file(format))];
        let transcript = ["--verbose".to_owned(), "--transcript".to_owned(), bench.file("transcript")];
        FORMATS.iter().flat_map(report).chain(transcript).collect()
    }

    /// The secrets that stand in what was printed or written.
    fn leaks(&self, bench: &Bench, output: &Output) -> Vec<String> {
        if self.secret.is_empty() {
            return Vec::new();
        }
        let read = |name: &str| std::fs::read(bench.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut places = vec![("stdout", output.stdout.clone()), ("stderr", output.stderr.clone())];
        places.extend(FORMATS.iter().chain(&["transcript"]).map(|name| (*name, read(name))));
        let mut leaks = Vec::new();
        for (place, bytes) in &places {
            let text = String::from_utf8_lossy(bytes);
            let found = self.secret.iter().filter(|secret| text.contains(secret.as_str()));
            leaks.extend(found.map(|secret| format!("the secret {secret} stands in {place}")));
        }
        leaks
    }

    fn place(&self) -> Place {
        if self.alone { Place::Alone } else { Place::Site }
    }

    fn trust(&self) -> &'static str {
        if self.trusts_inspection { "root-and-inspection.pem" } else { "root.pem" }
    }
}

impl Expected {
    fn complaint(&self, report: &Value) -> Option<String> {
        let mut seen = findings(report)
            .filter(|finding| finding["check"] == self.check && text(finding, "subject").contains(&self.subject))
            .peekable();
        if seen.peek().is_none() {
            return Some(format!("no finding {} for {}", self.check, self.subject));
        }
        let found = self.found.as_deref().unwrap_or_default();
        let road = self.road.as_deref().unwrap_or_default();
        let because = self.because.as_deref().unwrap_or_default();
        let fits = |finding: &Value| {
            finding["status"] == self.status
                && text(finding, "found").contains(found)
                && road_of(finding, report).contains(road)
                && because_of(finding).contains(because)
        };
        seen.find(|finding| !fits(finding)).map(|finding| {
            let seen = format!("{} {} {}", line(finding), road_of(finding, report), because_of(finding));
            format!("expected {} {found:?} {road:?} {because:?}: {seen}", self.status)
        })
    }
}

/// The road of the look behind a finding.
fn road_of<'r>(finding: &Value, report: &'r Value) -> &'r str {
    let look = finding["look"].as_u64().and_then(|at| usize::try_from(at).ok());
    look.map(|at| text(&report["looks"][at], "road")).unwrap_or_default()
}

/// What speaks for the first cause of a finding.
fn because_of(finding: &Value) -> String {
    let because = finding["causes"][0]["because"].as_array().into_iter().flatten();
    because.filter_map(Value::as_str).collect::<Vec<_>>().join("; ")
}

fn came_through(look: &Value) -> bool {
    look["paths"].as_array().into_iter().flatten().any(|path| path["stop"].is_null())
}

fn looks(report: &Value) -> impl Iterator<Item = &Value> {
    report["looks"].as_array().into_iter().flatten()
}

/// The numbers of the summary are those of the findings.
fn adds_up(report: &Value) -> bool {
    let summary = &report["summary"];
    let count = |status: &str| findings(report).filter(|finding| finding["status"] == status).count();
    let same = |status: &&str| summary[status].as_u64() == u64::try_from(count(status)).ok();
    ["pass", "warn", "fail", "skip", "error"].iter().all(same)
        && summary["planned"].as_u64() == u64::try_from(findings(report).count()).ok()
}

/// The places of failures that no cause of `fix_first` explains.
fn unexplained(report: &Value) -> Vec<usize> {
    let fix_first = report["summary"]["fix_first"].as_array().map(Vec::as_slice).unwrap_or_default();
    let explained = |index: usize| {
        let explains = |cause: &Value| cause["explains"].as_array().is_some_and(|all| all.contains(&index.into()));
        fix_first.iter().any(explains)
    };
    findings(report)
        .enumerate()
        .filter(|(index, finding)| finding["status"] == "fail" && !explained(*index))
        .map(|(index, _)| index)
        .collect()
}

/// All causes that are named anywhere.
fn named_causes(report: &Value) -> Vec<&str> {
    let mut named = texts(&report["summary"]["fix_first"], "cause");
    named.extend(findings(report).flat_map(|finding| texts(&finding["causes"], "cause")));
    named
}

/// What a person wants to see of a report when a case fails.
fn outline(report: &Value) -> String {
    let bad = findings(report).filter(|finding| finding["status"] != "pass").map(line);
    bad.collect::<Vec<_>>().join("\n")
}

fn line(finding: &Value) -> String {
    let causes = texts(&finding["causes"], "cause").join(", ");
    let [check, subject, status, found] = ["check", "subject", "status", "found"].map(|key| text(finding, key));
    format!("  {status:5} {check} [{subject}] {found} ({causes})")
}

fn findings(report: &Value) -> impl Iterator<Item = &Value> {
    report["findings"].as_array().into_iter().flatten()
}

fn texts<'v>(list: &'v Value, key: &str) -> Vec<&'v str> {
    list.as_array().into_iter().flatten().map(|item| text(item, key)).collect()
}

fn text<'v>(item: &'v Value, key: &str) -> &'v str {
    item[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a run in the case `port_993_dropped_at_one_address` should report, in short.
    fn good() -> Value {
        let pass = |check: &str, subject: &str| json!({"check": check, "subject": subject, "status": "pass"});
        json!({
            "run": {"proxy_exceptions": []},
            "summary": {"planned": 2, "pass": 1, "warn": 0, "fail": 1, "skip": 0, "error": 0, "exit_code": 1,
                        "fix_first": [{"cause": "some-addresses-blocked", "explains": [0]}]},
            "findings": [
                {"check": "tcp.opens", "subject": "outlook.office365.com:993", "status": "fail",
                 "found": "52.96.0.11 does not answer", "causes": [{"cause": "some-addresses-blocked"}]},
                pass("tcp.opens", "outlook.office365.com:995"),
            ],
        })
    }

    fn complaints(exit: i32, report: &Value) -> Vec<String> {
        let table = Table::read();
        table.case("port_993_dropped_at_one_address").complaints(&table, Some(exit), report)
    }

    #[test]
    fn report_as_the_case_says() {
        assert_eq!(complaints(1, &good()), Vec::<String>::new());
    }

    #[test]
    fn every_deviation_is_named() {
        for (place, value, complaint) in [
            ("/summary/exit_code", json!(0), "the report says exit code"),
            ("/summary/planned", json!(3), "is not planned"),
            ("/summary/pass", json!(2), "is not planned"),
            ("/summary/fix_first", json!([]), "fix first []"),
            ("/summary/fix_first/0/cause", json!("token-expired"), "cannot be known"),
            ("/summary/fix_first/0/cause", json!("port-blocked"), "port-blocked is named"),
            ("/summary/fix_first/0/explains", json!([1]), "failure without a cause"),
            ("/summary/fix_first", json!([{"cause": "some-addresses-blocked"}, {"cause": "x"}]), "expected one"),
            ("/findings/0/found", json!("52.96.0.10"), "expected fail \"52.96.0.11\""),
            ("/findings/0/causes/0/cause", json!("mfa-required"), "mfa-required is named"),
            ("/findings/1/status", json!("warn"), "expected pass"),
            ("/run/proxy_exceptions", json!(["a.test"]), "exceptions"),
            ("/findings/1/subject", json!("elsewhere"), "no finding tcp.opens for outlook.office365.com:995"),
        ] {
            let mut report = good();
            *report.pointer_mut(place).expect("the report has this place") = value.clone();
            let wrong = complaints(1, &report).join("\n");
            assert!(wrong.contains(complaint), "{place} = {value}: {wrong}");
        }
        assert!(complaints(3, &good()).join("").contains("exit code Some(3)"));
    }
}
