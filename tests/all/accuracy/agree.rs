//! What a report says agrees with what the same run saw: over every fault of the lab, pairs of faults, healthy tenants,
//! hostile servers and files of colleagues.
//!
//! Each run is held against the same rules right after it was made; the runs are those of `lab.rs`, `hostile`, `evidence_lab` and
//! `webex`.

use std::{
    collections::{HashMap, HashSet},
    sync::{LazyLock, Mutex},
};

use ece_check::{
    catalogue::{Catalogue, Cause, cause::By, layer::Layer},
    command::{Command, Part, Shell, parts},
    finding::{Certainty, Finding, NextStep, Remediation, Report, Status},
    probe::dns,
    report::{Format, Style, Verbosity, render},
};

use crate::words::{banned_in, said_again};

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);

/// What a claim is about: a pass of one of the checks for the same thing contradicts it.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Of {
    /// A host name.
    Host,
    /// A host and port.
    Endpoint,
    /// A mailbox.
    Mailbox,
    /// An account.
    Account,
    /// Whatever it is made for.
    Run,
}

/// Causes whose title cannot be true where one of these checks passed for the same thing.
const CLAIMS: &[(&[&str], Of, &[&str])] = &[
    (
        &[
            "dns-nxdomain",
            "dns-servfail",
            "dns-server-error",
            "dns-answer-refused",
            "dns-answer-malformed",
            "dns-no-address",
            "dns-no-address-of-version",
            "dns-alias-loop",
            "dns-answer-cut",
            "dns-name-unanswered",
            "dns-family-unanswered",
            "dns-over-tcp-blocked",
        ],
        Of::Host,
        &["dns.resolves"],
    ),
    (&["dns-private-answer", "dns-sinkhole", "dns-unpublished-address"], Of::Host, &["dns.leads-to-microsoft"]),
    (
        &[
            "port-blocked",
            "port-refused",
            "some-addresses-blocked",
            "some-addresses-refused",
            "no-route",
            "local-firewall",
            "proxy-auth-required",
            "proxy-cannot-connect",
            "proxy-denied",
            "proxy-not-a-proxy",
            "proxy-host-wrong",
            "proxy-silent",
            "proxy-unreachable",
        ],
        Of::Endpoint,
        &["tcp.opens"],
    ),
    (
        &[
            "cert-expired",
            "cert-not-yet-valid",
            "cert-self-signed",
            "cert-unusable",
            "trust-store-incomplete",
            "cert-chain-incomplete",
            "tls-old-version-only",
            "plain-text-on-tls-port",
            "tls-on-starttls-port",
            "tls-not-testable",
            "proxy-tunnel-closed",
        ],
        Of::Endpoint,
        &["tls.trusted"],
    ),
    (&["cert-name-mismatch"], Of::Endpoint, &["tls.name"]),
    (&["tls-intercepted"], Of::Endpoint, &["tls.not-intercepted"]),
    (&["java-trust-store-incomplete", "java-trust-store-unread"], Of::Endpoint, &["tls.java-trust"]),
    (
        &["no-greeting", "connection-closed-at-once", "connection-reset-by-middlebox", "not-microsoft-server"],
        Of::Endpoint,
        &["smtp.xoauth2-offered", "imap.xoauth2-offered", "pop3.xoauth2-offered", "https.answers"],
    ),
    (
        &["http-block-page"],
        Of::Endpoint,
        &["https.no-block-page", "smtp.xoauth2-offered", "imap.xoauth2-offered", "pop3.xoauth2-offered"],
    ),
    // who shows Microsoft's certificate is Microsoft, and who has answered STARTTLS has greeted
    (&["not-microsoft-server"], Of::Endpoint, &["tls.not-intercepted"]),
    (&["no-greeting", "connection-closed-at-once"], Of::Endpoint, &["smtp.starttls"]),
    (&["starttls-not-offered", "starttls-refused", "starttls-injection"], Of::Endpoint, &["smtp.starttls"]),
    (
        &["some-addresses-without-xoauth2"],
        Of::Endpoint,
        &["smtp.xoauth2-offered", "imap.xoauth2-offered", "pop3.xoauth2-offered"],
    ),
    (&["smtp-xoauth2-not-offered"], Of::Endpoint, &["smtp.xoauth2-offered"]),
    (&["imap-xoauth2-not-offered"], Of::Endpoint, &["imap.xoauth2-offered"]),
    (&["pop3-xoauth2-not-offered"], Of::Endpoint, &["pop3.xoauth2-offered"]),
    (&["client-clock-skew"], Of::Run, &["https.clock"]),
    (&["client-secret-expired"], Of::Run, &["directory.secret-lifetime"]),
    (&["smtp-auth-disabled-mailbox"], Of::Mailbox, &["smtp.sign-in"]),
    (&["imap-disabled-for-mailbox"], Of::Mailbox, &["imap.mailbox-opens"]),
    (&["pop-disabled-for-mailbox"], Of::Mailbox, &["pop3.mailbox-opens"]),
    (
        &["no-full-access-to-mailbox", "mailbox-not-found", "no-exchange-licence", "mailbox-on-premises"],
        Of::Mailbox,
        &["imap.mailbox-opens", "pop3.mailbox-opens"],
    ),
    (&["send-as-denied"], Of::Mailbox, &["mailbox.send-as", "delivery.round-trip"]),
    (&["delivery-not-found"], Of::Mailbox, &["delivery.round-trip"]),
    (&["token-expired", "token-not-yet-valid"], Of::Account, &["token.valid-now"]),
    (&["token-wrong-audience"], Of::Account, &["token.audience"]),
    (&["token-user-mismatch"], Of::Account, &["token.identity"]),
    (&["token-malformed"], Of::Account, &["token.well-formed"]),
    (&["token-lifetime-policy"], Of::Account, &["token.lifetime"]),
    (
        &[
            "refresh-token-expired",
            "refresh-token-revoked",
            "refresh-token-malformed",
            "client-secret-invalid",
            "client-secret-missing",
            "consent-missing",
            "app-not-found-in-tenant",
            "app-disabled-in-tenant",
            "tenant-not-found",
        ],
        Of::Account,
        &["token.refresh"],
    ),
];

/// Causes of the network of which no check that passed says the opposite, and why. What only a text can show is none of them:
/// a text has no other findings.
const UNCLAIMED: &[(&str, &[&str])] = &[
    ("of a DNS server, not of a name: see `silent_dns_servers`", &["dns-resolver-unreachable"]),
    ("a note on an address where everything else passes", &["dns-synthetic-answer"]),
    ("of the setting of the proxy, which is refused before anything is opened", &["proxy-scheme-wrong"]),
    (
        "where ECE's own log and the run disagree: its check passed, and that is the point",
        &["ece-trusts-fewer-roots", "ece-connects-another-way"],
    ),
    (
        "comes and goes: the next session of the same run can pass",
        &[
            "proxy-serves-only-some",
            "server-rejects-connection",
            "temporary-server-error",
            "server-reply-malformed",
            "microsoft-service-error",
            "session-ended-early",
            "sender-ip-or-tenant-throttled",
            "sign-in-not-kept",
            "smtp-relayed-with-old-tls",
        ],
    ),
    ("a client certificate is missed after the handshake, at the first byte (TLS 1.3)", &["tls-handshake-refused"]),
    ("of the name in one EHLO, which the server may forget at the next", &["ehlo-name-rejected"]),
    ("of the recipients: no check sends to others", &["tenant-sending-blocked", "relay-not-attributed-to-tenant"]),
];

#[test]
fn every_cause_of_the_network_is_claimed_or_excused() {
    let claimed: HashSet<&str> = CLAIMS.iter().flat_map(|(causes, ..)| *causes).copied().collect();
    let excused: HashSet<&str> = UNCLAIMED.iter().flat_map(|(_, causes)| *causes).copied().collect();
    let of_runs = CATALOGUE.causes.iter().filter(|cause| cause.signs.iter().any(|sign| sign.by != Some(By::Text)));
    let of_network: HashSet<&str> =
        of_runs.filter(|cause| cause.layer < Layer::Ece).map(|cause| cause.code.as_str()).collect();
    let open: Vec<&&str> =
        of_network.iter().filter(|code| claimed.contains(**code) == excused.contains(**code)).collect();
    assert!(open.is_empty(), "neither claimed nor excused, or both: {open:?}");
    let stale: Vec<&&str> = excused.iter().filter(|code| !of_network.contains(**code)).collect();
    assert!(stale.is_empty(), "excused, and no cause of the network: {stale:?}");
    let unknown: Vec<&&str> = claimed.iter().filter(|code| CATALOGUE.cause(code).is_none()).collect();
    assert!(unknown.is_empty(), "claimed, and no cause: {unknown:?}");
}

/// What a run says that it should not, one line each.
pub fn wrong(report: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    contradictions(report, &mut wrong);
    silent_dns_servers(report, &mut wrong);
    refusals(report, &mut wrong);
    placeholders(report, &mut wrong);
    commands(report, &mut wrong);
    certainties(report, &mut wrong);
    impacts(report, &mut wrong);
    words(report, &mut wrong);
    wrong
}

/// The same of a run that a test has made for something else.
#[track_caller]
pub fn assert_agrees(report: &Report, of: &str) {
    let wrong = wrong(report);
    assert!(wrong.is_empty(), "{of}:\n{}", wrong.join("\n"));
}

/// The passed findings of these checks.
fn passed<'r>(report: &'r Report, checks: &'r [&str]) -> impl Iterator<Item = &'r Finding> {
    report.findings.iter().filter(|one| one.status == Status::Pass && checks.contains(&one.check.as_str()))
}

/// What a finding with a cause is about, as this claim needs it.
fn about(finding: &Finding, of: Of) -> Option<&str> {
    match of {
        Of::Host => Some(finding.subject.host().unwrap_or(finding.subject.as_str())),
        Of::Endpoint | Of::Mailbox => Some(finding.subject.as_str()),
        Of::Account => finding.account.as_deref(),
        Of::Run => Some(""),
    }
}

fn contradictions(report: &Report, wrong: &mut Vec<String>) {
    for (causes, of, checks) in CLAIMS {
        for finding in &report.findings {
            for named in finding.causes.iter().filter(|named| causes.contains(&named.cause.as_str())) {
                let Some(subject) = about(finding, *of) else { continue };
                let other = passed(report, checks).find(|other| about(other, *of) == Some(subject));
                if let Some(other) = other {
                    wrong.push(format!(
                        "{} for {} names {}, but {} passed for {}",
                        finding.check, finding.subject, named.cause, other.check, other.subject
                    ));
                }
            }
        }
    }
    for fix in &report.summary.fix_first {
        // the rules of inspection devices name every endpoint, and the fix says so; rules for ports are read below
        let commands = fix.commands.iter().filter(|command| command.shell != Shell::Rule);
        let text = [fix.title.as_str(), &fix.fix].into_iter().chain(commands.map(|one| one.text.as_str()));
        let text = text.collect::<Vec<_>>().join("\n");
        let claims =
            CLAIMS.iter().filter(|(causes, of, _)| *of == Of::Endpoint && causes.contains(&fix.cause.as_str()));
        for other in claims.flat_map(|(_, _, checks)| passed(report, checks)) {
            if text.contains(other.subject.as_str()) {
                wrong.push(format!("{} names {}, where {} passed: {text}", fix.cause, other.subject, other.check));
            }
        }
        let rules = fix.commands.iter().filter(|command| command.shell == Shell::Rule);
        for (host, port) in rules.flat_map(|rule| opened(&rule.text)) {
            let place = format!("{host}:{port}");
            if passed(report, &["tcp.opens"]).any(|one| one.subject == place.as_str()) && needs_opening(fix) {
                wrong.push(format!("{} asks for a rule for {place}, which is open", fix.cause));
            }
        }
    }
}

/// A DNS server that answered for one name is not silent, and its port needs no rule for UDP.
fn silent_dns_servers(report: &Report, wrong: &mut Vec<String>) {
    let servers = |finding: &Finding| -> Vec<String> {
        let look = finding.look.and_then(|look| report.looks.get(look));
        look.and_then(|look| look.facts.get(dns::SERVERS)).cloned().unwrap_or_default()
    };
    let answered: HashSet<String> = passed(report, &["dns.resolves"]).flat_map(servers).collect();
    for finding in &report.findings {
        let named = finding.causes.iter().any(|named| named.cause == "dns-resolver-unreachable");
        let found = servers(finding).into_iter().filter(|server| named && answered.contains(server));
        wrong.extend(found.map(|server| format!("{server} is called silent, and answered for another name")));
    }
    for fix in &report.summary.fix_first {
        let rules = fix.commands.iter().filter(|command| command.shell == Shell::Rule);
        let mut rules = rules.filter(|rule| rule.text.contains("UDP 53"));
        let found = rules.find(|rule| answered.iter().any(|server| rule.text.contains(server.as_str())));
        wrong.extend(found.map(|rule| format!("{}: UDP is open: {}", fix.cause, rule.text)));
    }
}

/// Each refusal of Entra ID is printed with the ids that its owner searches for, as far as there are not many.
fn refusals(report: &Report, wrong: &mut Vec<String>) {
    const MOST: usize = 3; // of one cause; the report as JSON has all of them
    // a file of a colleague has what was exported
    let live = report.looks.iter().filter(|look| look.source.is_live());
    let failures = live.filter_map(|look| look.failure.as_ref());
    let traces: HashSet<&str> = failures
        .filter(|failure| !failure.aadsts.is_empty())
        .map(|one| one.trace.as_deref().unwrap_or("none"))
        .collect();
    if traces.len() > MOST {
        return;
    }
    let printed = flat(&render(report, Format::Text, &Style { width: 1_000, ..Style::of_file(Verbosity::Normal) }));
    for trace in traces {
        let is_whole = ["Trace ID: ", "Correlation ID: ", "Timestamp: "].iter().all(|id| trace.contains(id));
        if !is_whole || !printed.contains(&flat(trace)) {
            wrong.push(format!("a refusal is printed without its ids: {trace}"));
        }
    }
}

/// True where the rule of a fix is about opening a port, and not about what is done to open connections.
fn needs_opening(fix: &Remediation) -> bool {
    let of_ports = CLAIMS.iter().find(|(_, _, checks)| checks.contains(&"tcp.opens"));
    of_ports.is_some_and(|(causes, ..)| causes.contains(&fix.cause.as_str()))
}

/// The hosts and ports that a rule opens.
fn opened(rule: &str) -> Vec<(String, String)> {
    let line = |label: &str| rule.lines().find_map(|line| line.strip_prefix(label)).unwrap_or_default().to_owned();
    let (hosts, ports) = (line("Destination: "), line("Ports: TCP "));
    hosts.split(", ").flat_map(|host| ports.split(", ").map(|port| (host.to_owned(), port.to_owned()))).collect()
}

fn cause(code: &str) -> &'static Cause {
    CATALOGUE.cause(code).unwrap_or_else(|| panic!("{code} is in the catalogue"))
}

/// Every value that stands for a placeholder, read out of the filled text by what its template says around it.
fn values<'t>(template: &'t str, filled: &str) -> Option<Vec<(&'t str, String)>> {
    let mut rest = filled;
    let mut values = Vec::new();
    let mut open: Option<&str> = None;
    for part in parts(template) {
        match part {
            Part::Text(text) => {
                let at = rest.find(text)?;
                match open.take() {
                    Some(name) => values.push((name, rest[..at].to_owned())),
                    None if at > 0 => return None,
                    None => {}
                }
                rest = &rest[at + text.len()..];
            }
            Part::Placeholder(name) => open = Some(name),
        }
    }
    values.extend(open.map(|name| (name, rest.to_owned())));
    Some(values)
}

/// What is wrong with a value of this placeholder.
fn misplaced(name: &str, value: &str) -> Option<&'static str> {
    let is_host = ["host", "hosts", "subject", "subjects"].contains(&name);
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    let items = || value.split(", ").map(|item| item.split(" and ").next().unwrap_or(item));
    match name {
        _ if value.is_empty() || value.contains('…') || value.contains('<') => Some("is not filled"),
        _ if is_host && value.contains('@') => Some("holds a mailbox"),
        "host" | "hosts" if value.contains(':') => Some("holds a port"),
        "port" | "ports" if !items().all(is_port) => Some("holds no port"),
        "mailbox" if !value.contains('@') => Some("holds no mailbox"),
        _ => None,
    }
}

/// The title of a cause of which this one is made: a cause of Webex can have another.
fn title<'c>(cause: &'c Cause, filled: &str) -> &'c str {
    let others = [&cause.site, &cause.webex].map(|other| other.as_ref().and_then(|other| other.title.as_ref()));
    let found = others.into_iter().flatten().find(|title| values(title, filled).is_some());
    found.unwrap_or(&cause.title)
}

fn placeholders(report: &Report, wrong: &mut Vec<String>) {
    let mut see =
        |place: &str, template: &str, filled: &str| match values(template, filled) {
            Some(values) => wrong.extend(values.iter().filter_map(|(name, value)| {
                Some(format!("{place}: {{{name}}} {}: {filled}", misplaced(name, value)?))
            })),
            None => wrong.push(format!("{place}: {filled} is not {template}")),
        };
    for fix in &report.summary.fix_first {
        let cause = cause(&fix.cause);
        see(&fix.cause, title(cause, &fix.title), &fix.title);
        let others = [&cause.site, &cause.webex].map(|other| other.as_ref().map(|other| &other.fix));
        let fixes = [Some(&cause.fix)].into_iter().chain(others);
        let template = fixes.flatten().find(|template| values(template, &fix.fix).is_some());
        see(&fix.cause, template.unwrap_or(&cause.fix), &fix.fix);
    }
    for finding in &report.findings {
        for named in &finding.causes {
            let place = format!("{} at {} for {}", named.cause, finding.check, finding.subject);
            see(&place, title(cause(&named.cause), &named.title), &named.title);
        }
    }
}

fn commands(report: &Report, wrong: &mut Vec<String>) {
    let of_steps = report.findings.iter().flat_map(|one| one.steps.iter().map(move |step| (one.check.as_str(), step)));
    let of_steps = of_steps.filter_map(|(check, step)| Some((check, step.command()?)));
    let of_fixes =
        report.summary.fix_first.iter().flat_map(|fix| fix.commands.iter().map(|one| (fix.cause.as_str(), one)));
    for (place, command) in of_steps.chain(of_fixes) {
        if let Some(what) = faulty(command) {
            wrong.push(format!("{place}: {what}: {} | {:?}", command.text, command.confirms_if));
        }
    }
}

fn faulty(command: &Command) -> Option<&'static str> {
    // what only another command of the cause can tell is written so in the catalogue
    let of_template = |text: &str| {
        let known = CATALOGUE.causes.iter().flat_map(|cause| &cause.commands);
        let left_open = |template: &str| {
            let (_, rest) = template.split_once("'<")?;
            Some(format!("'<{}>'", rest.split_once(">'")?.0))
        };
        known.into_iter().filter_map(|template| left_open(&template.text)).any(|open| text.contains(&open))
    };
    let texts = [Some(&command.text), command.target.as_ref(), command.confirms_if.as_ref(), command.note.as_ref()];
    let mut texts = texts.into_iter().flatten();
    let peer = command.text.split_whitespace().skip_while(|word| *word != "-connect").nth(1);
    let asked = ["Resolve-DnsName", "Test-NetConnection", "Destination:", "dig", "nslookup"];
    let of_host =
        asked.iter().find_map(|verb| command.text.split(&format!("{verb} ")).nth(1)?.split_whitespace().next());
    if texts.clone().any(|text| text.ends_with('…') || text.contains("…,")) {
        Some("is cut or not filled")
    } else if !of_template(&command.text)
        && texts.any(|text| text.contains("'<") || text.contains("\"<") || text.contains("> <"))
    {
        Some("a value is missing")
    } else if command.shell.is_pasted() && peer.is_some_and(|peer| peer.ends_with(',')) {
        Some("has several targets")
    } else if peer.or(of_host).is_some_and(|host| host.contains('@')) {
        Some("asks a mailbox as a host")
    } else {
        None
    }
}

fn certainties(report: &Report, wrong: &mut Vec<String>) {
    let mut known: HashMap<(&str, &str), Certainty> = HashMap::new();
    let of_findings = report.findings.iter().flat_map(|one| &one.causes);
    let of_findings = of_findings.map(|named| (named.cause.as_str(), named.title.as_str(), named.certainty));
    let of_fixes = report.summary.fix_first.iter();
    let of_fixes = of_fixes.map(|fix| (fix.cause.as_str(), fix.title.as_str(), fix.certainty));
    for (cause, title, certainty) in of_findings.chain(of_fixes) {
        let first = *known.entry((cause, title)).or_insert(certainty);
        if first != certainty {
            wrong.push(format!("{cause} is {first:?} and {certainty:?}: {title}"));
        }
    }
    for finding in &report.findings {
        let certain: Vec<&str> = finding
            .causes
            .iter()
            .filter(|one| one.certainty == Certainty::Certain)
            .map(|one| one.cause.as_str())
            .collect();
        if certain.len() > 1 {
            wrong.push(format!("{} for {}: {certain:?} are all certain", finding.check, finding.subject));
        }
    }
}

fn impacts(report: &Report, wrong: &mut Vec<String>) {
    for finding in &report.findings {
        let place = format!("{} for {}", finding.check, finding.subject);
        let is_bad = matches!(finding.status, Status::Fail | Status::Warn);
        let speaks = !finding.means.is_empty() || !finding.fails.is_empty() || !finding.causes.is_empty();
        if speaks && !is_bad {
            wrong.push(format!("{place} is {:?} and has an impact or a cause", finding.status));
        }
        if finding.status == Status::Fail && finding.means.is_empty() {
            wrong.push(format!("{place} fails without an impact"));
        }
        let why = CATALOGUE.check(&finding.check).map(|check| check.words.why.as_str());
        if finding.status == Status::Warn && (Some(finding.means.as_str()) == why || finding.means.is_empty()) {
            wrong.push(format!("{place} warns with the impact of a failure, or none: {}", finding.means));
        }
        let given =
            finding.steps.iter().any(|step| matches!(step, NextStep::Provide { text } if text.trim().is_empty()));
        if given {
            wrong.push(format!("{place} asks for nothing"));
        }
    }
}

/// The rules of words over what is printed, less what servers and tokens said. A line is held against them once,
/// however many runs print it.
fn words(report: &Report, wrong: &mut Vec<String>) {
    static KNOWN: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    let text = render(report, Format::Text, &Style { width: 120, ..Style::of_file(Verbosity::Normal) });
    let markdown = render(report, Format::Markdown, &Style::of_file(Verbosity::Normal));
    let mut known = KNOWN.lock().expect("no test has failed while it looked here");
    let lines = text.lines().chain(markdown.lines()).filter(|line| !line.trim_start().starts_with("found"));
    for line in lines.filter(|line| known.insert((*line).to_owned())) {
        let said = line.split_whitespace().filter(|word| !is_id(word)).collect::<Vec<_>>().join(" ");
        wrong.extend(banned_in(&said).chain(said_again(&said)).map(|words| format!("\"{words}\" in {line}")));
    }
    let flat = flat(&text);
    let cut = report.summary.fix_first.iter().filter(|fix| !flat.contains(&self::flat(&fix.fix)));
    wrong.extend(cut.map(|fix| format!("the fix is not printed whole: {}", fix.fix)));
}

/// True for the id of a check or the code of a cause: those stay as they are.
fn is_id(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    CATALOGUE.check(word).is_some() || CATALOGUE.cause(word).is_some()
}

fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
