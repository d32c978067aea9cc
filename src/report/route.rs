//! The routes of a run in words: which one is in force, and which of two works.
//!
//! In: the looks of a report. Out: sentences for its head. ECE's own way out is never seen here, and that is said.

use std::collections::BTreeSet;

use super::{prose::failure, words::list};
use crate::{
    evidence::{Observation, Route},
    finding::Report,
};

/// The most names in a sentence.
const NAMES: usize = 8;

/// What is to be said where two routes were tested.
const ECE: &str = "ECE itself may use a different proxy setting: check https.proxyHost of its Java";

/// The route in force, and what overrides change.
pub(super) fn in_force(report: &Report) -> String {
    let run = &report.run;
    let route = match (&run.proxy, run.proxy_exceptions.as_slice()) {
        (Some(proxy), []) => format!("HTTPS through proxy {proxy}; mail ports direct"),
        (Some(proxy), not_for) => {
            format!("HTTPS through proxy {proxy} (except {}); mail ports direct", list(not_for, NAMES))
        }
        (None, _) => "direct (no proxy)".to_owned(),
    };
    let route = match (&run.ip_version, run.ipv6) {
        (Some(only), _) => format!("{route}; {only} only, as chosen for this run"),
        (None, Some(true)) => format!("{route}; IPv4 and IPv6"),
        (None, Some(false)) => format!("{route}; no IPv6 on this server"),
        (None, None) => route,
    };
    let route = match &run.proxy_script {
        Some(script) => format!("{route}; proxy auto-config (PAC) {script} is set but was not evaluated; use --proxy"),
        None => route,
    };
    let ruled = report.looks.iter().map(|look| &look.route).filter(|route| route.is_override());
    let ruled: BTreeSet<String> = ruled.map(ToString::to_string).collect();
    let ruled: Vec<&str> = ruled.iter().map(String::as_str).collect();
    if run.lab || ruled.is_empty() { route } else { format!("{route}; address override: {}", list(&ruled, 3)) }
}

/// Which of two routes reaches which web services; nothing where there was only one.
pub(super) fn both(report: &Report) -> Option<String> {
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for beside in report.looks.iter().filter(|look| look.beside) {
        let same = |look: &&Observation| !look.beside && look.subject == beside.subject && look.probe == beside.probe;
        let Some(in_force) = report.looks.iter().find(same) else { continue };
        let verdict = compared(in_force, beside);
        match told.iter_mut().find(|(known, _)| *known == verdict) {
            Some((_, subjects)) => subjects.push(beside.subject.as_str()),
            None => told.push((verdict, vec![beside.subject.as_str()])),
        }
    }
    let lines: Vec<String> =
        told.iter().map(|(verdict, subjects)| format!("{}: {verdict}", list(subjects, NAMES))).collect();
    (!lines.is_empty()).then(|| format!("{}. {ECE}", lines.join(". ")))
}

fn compared(in_force: &Observation, beside: &Observation) -> String {
    let (proxied, direct) = if in_force.route == Route::Direct { (beside, in_force) } else { (in_force, beside) };
    let sum = match (proxied.came_through(), direct.came_through()) {
        (true, true) => "reachable both through the proxy and directly",
        (true, false) => "reachable only through the proxy",
        (false, true) => "reachable directly, not through the proxy",
        (false, false) => "not reachable either way",
    };
    format!("{sum} (through the {}: {}; direct: {})", proxied.route, outcome(proxied), outcome(direct))
}

/// How a look over one route came out.
fn outcome(look: &Observation) -> String {
    let stops = look.attempts.iter().filter_map(|path| path.failure.as_ref());
    let (good, all) = (look.attempts.len() - stops.clone().count(), look.attempts.len());
    let stop = stops.chain(&look.failure).next();
    match (good, stop) {
        (0, Some(stop)) => failure(stop),
        (0, None) => "not tested".to_owned(),
        (_, None) => "works".to_owned(),
        (_, Some(stop)) => format!("works at {good} of {all} addresses, otherwise {}", failure(stop)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::json::parse;

    /// A report with two looks at one service: the route in force through a proxy, and the direct one; each with its stop.
    fn told(in_force: &str, beside: &str) -> String {
        let look = |route: &str, beside: bool, stop: &str| {
            let path = format!(
                r#"{{"address":"192.0.2.1:443","dialled":null,"source":null,"facts":{{}},"stop":{stop},"transcript":[],"steps":[]}}"#
            );
            format!(
                r#"{{"probe":"https","subject":"a.test:443","own":false,"road":"{route}","beside":{beside},"facts":{{}},"stop":null,
                "paths":[{path}],"transcript":[],"steps":[],"duration_ms":1}}"#
            )
        };
        let looks =
            format!("[{},{}]", look("proxy p.test:3128 (--proxy)", false, in_force), look("direct", true, beside));
        let golden = include_str!("../../tests/all/reports/golden.json");
        let mut report = parse(golden).expect("the golden report");
        report.looks = serde_json::from_str(&looks).expect("looks");
        both(&report).expect("two routes")
    }

    const STOP: &str =
        r#"{"protocol":"tcp","stage":"connect","kind":"refused","code":null,"enhanced":null,"words":""}"#;

    #[test]
    fn which_of_two_routes_works_is_said_plainly() {
        for (in_force, beside, sum) in [
            ("null", "null", "reachable both through the proxy and directly"),
            ("null", STOP, "reachable only through the proxy"),
            (STOP, "null", "reachable directly, not through the proxy"),
            (STOP, STOP, "not reachable either way"),
        ] {
            let told = told(in_force, beside);
            assert!(told.starts_with(&format!("a.test:443: {sum} (")), "{told}");
            assert!(told.contains("ECE itself may use a different proxy setting"), "{told}");
        }
        assert!(told("null", STOP).contains("p.test:3128 (--proxy): works; direct: connection refused"));
    }
}
