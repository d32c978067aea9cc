//! Putting this site's values into the words of a cause.

use std::collections::BTreeSet;

use crate::{
    catalogue::expect,
    finding::Finding,
    judge::values,
    seen::{Observation, Path, Value},
};

/// The fact whose values are commands: one a line.
const COMMANDS: &str = "tls.java_keytool";
/// Whose token it should be: the mailbox meant where a finding is about an account.
const USER: &str = "token.user_expected";

/// Fills every placeholder from the findings that show the cause; what is not known becomes `…`.
pub fn fill(text: &str, shown_in: &[usize], findings: &[Finding], looks: &[Observation]) -> String {
    let shown: Vec<(&Finding, &Observation)> = shown_in
        .iter()
        .filter_map(|at| findings[*at].look.and_then(|look| looks.get(look)).map(|look| (&findings[*at], look)))
        .collect();
    // an account is no host: where both show the cause, the host tells what to mend
    let is_place = |(finding, _): &&(&Finding, &Observation)| finding.account.is_none();
    let places: Vec<_> = shown.iter().filter(is_place).copied().collect();
    let places = if places.is_empty() { &shown } else { &places };
    replace(text, |name| match name {
        "subjects" | "hosts" | "ports" => value(name, places),
        _ => value(name, &shown),
    })
}

/// Puts a plain word in place of every placeholder: `<hosts>`, `<days left>`.
pub fn blank(text: &str) -> String {
    replace(text, |name| format!("<{}>", expect::fact(name).map_or(name, |fact| fact.label)))
}

fn replace(text: &str, value: impl Fn(&str) -> String) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, behind)) = after.split_once('}') else { break };
        filled.push_str(before);
        filled.push_str(&value(name));
        rest = behind;
    }
    filled + rest
}

fn value(name: &str, shown: &[(&Finding, &Observation)]) -> String {
    let values: BTreeSet<String> = match name {
        "mailbox" => {
            let subjects = shown.iter().map(|(finding, _)| finding.subject.clone());
            let mailboxes: BTreeSet<String> = subjects.filter(|subject| subject.contains('@')).collect();
            if mailboxes.is_empty() { facts(USER, shown) } else { mailboxes }
        }
        "account" => shown.iter().filter_map(|(finding, _)| finding.account.clone()).collect(),
        "subjects" => shown.iter().map(|(finding, _)| finding.subject.clone()).collect(),
        "hosts" => {
            // an account is no host; it has one of its own only where nothing else shows the cause
            let of_host = shown.iter().filter(|(finding, _)| finding.account.is_none()).collect::<Vec<_>>();
            let shown = if of_host.is_empty() { shown.iter().collect() } else { of_host };
            shown.iter().map(|(finding, _)| host(&finding.subject).to_owned()).collect()
        }
        "ports" => shown.iter().filter_map(|(finding, _)| port(&finding.subject)).collect(),
        "addresses" => {
            shown.iter().flat_map(|(_, look)| stopped(look)).map(|path| path.address.ip().to_string()).collect()
        }
        "sources" => {
            shown.iter().flat_map(|(_, look)| look.paths.iter()).filter_map(|path| path.source.clone()).collect()
        }
        fact => facts(fact, shown),
    };
    let between = if name == COMMANDS { "\n" } else { ", " };
    if values.is_empty() { "…".to_owned() } else { values.into_iter().collect::<Vec<_>>().join(between) }
}

fn facts(name: &str, shown: &[(&Finding, &Observation)]) -> BTreeSet<String> {
    shown.iter().flat_map(|(_, look)| values(look, name)).map(|value: Value| value.to_string()).collect()
}

fn host(subject: &str) -> &str {
    subject.rsplit_once(':').map_or(subject, |(host, _)| host)
}

fn port(subject: &str) -> Option<String> {
    subject.rsplit_once(':').map(|(_, port)| port.to_owned())
}

/// The addresses that could not go on; all of them when every one could.
fn stopped(look: &Observation) -> Vec<&Path> {
    let stopped: Vec<&Path> = look.paths.iter().filter(|path| path.stop.is_some()).collect();
    if stopped.is_empty() { look.paths.iter().collect() } else { stopped }
}
