//! Putting this site's values into the words of a cause.

use std::collections::BTreeSet;

use crate::{
    catalogue::expect,
    evidence::{Attempt, Observation, Value},
    finding::Finding,
    judge::values,
};

/// The fact whose items are commands: one a line.
const COMMANDS: &str = "tls.java_keytool";
/// Every name and port that was looked at.
const ENDPOINTS: &str = "endpoints";
/// The placeholders of which a command takes one value at a time.
const ONE_BY_ONE: [&str; 3] = ["mailbox", "user", "account"];
/// The placeholders of which a title names only so many.
const MANY: [&str; 2] = ["subjects", "hosts"];
const MOST_IN_TITLE: usize = 2;
/// So many lines of one command are written out.
const MOST_LINES: usize = 10;
/// Whose token the account holds.
const HOLDER: &str = "token-holder";
/// What a token says of it; an application's token has no user.
const HELD_BY: [&str; 2] = ["token.user", "token.object_id"];
/// The application that signs in, by its client id.
const APPLICATION: &str = "application";
/// What tells its client id: the request for a token, or the token.
const CLIENT_IDS: [&str; 2] = ["token.client_id", "token.application"];
/// Who signs in: SMTP names the user, where IMAP and POP3 name the mailbox.
const USERS: [&str; 2] = ["smtp.signed_in_as", "token.user"];
/// Whose token it should be: the mailbox meant where a finding is about an account.
const USER: &str = "token.user_expected";
/// What stands for a placeholder where no run has filled it. Facts that are not named here go by their label.
const PLAIN: [(&str, &str); 18] = [
    ("hosts", "host"),
    ("ports", "port"),
    ("subjects", "host:port"),
    ("mailbox", "mailbox"),
    ("user", "user"),
    (HOLDER, "user or service principal whose token it is"),
    ("account", "account in ece-check.toml"),
    ("sources", "this server's address"),
    ("addresses", "address"),
    (ENDPOINTS, "every host:port of ece-check plan"),
    ("tls.issuer", "issuer of the certificate"),
    ("tls.subject", "name of the certificate"),
    ("tls.not_before", "date"),
    ("tls.not_after", "date"),
    ("tls.java_distrusted_by", "ECE's cacerts file"),
    (COMMANDS, "the keytool command that ece-check run prints"),
    ("token.lifetime_minutes", "minutes"),
    ("https.clock_off_by_seconds", "seconds"),
];

/// Fills every placeholder from the findings that show the cause; what is not known becomes `…`.
pub fn fill(text: &str, shown_in: &[usize], findings: &[Finding], looks: &[Observation]) -> String {
    let shown = shown(shown_in, findings, looks);
    replace(text, |name| told(name, &shown, looks))
}

/// Fills a title: of many endpoints it names the first, and says how many are left.
pub fn fill_title(text: &str, shown_in: &[usize], findings: &[Finding], looks: &[Observation]) -> String {
    let shown = shown(shown_in, findings, looks);
    replace(text, |name| {
        let values: Vec<String> =
            if MANY.contains(&name) { values_of(name, &shown).into_iter().collect() } else { Vec::new() };
        match values.len().saturating_sub(MOST_IN_TITLE) {
            0 => told(name, &shown, looks),
            left => format!("{} and {left} more", values[..MOST_IN_TITLE].join(", ")),
        }
    })
}

/// Fills the placeholders of a command. One that is for a mailbox takes one at a time: several give a line each.
pub fn fill_command(text: &str, shown_in: &[usize], findings: &[Finding], looks: &[Observation]) -> String {
    let shown = shown(shown_in, findings, looks);
    let one_by_one = ONE_BY_ONE.iter().find(|name| text.contains(&format!("{{{name}}}")));
    let Some(turn) = one_by_one.filter(|_| !text.starts_with("https://")) else {
        return fill(text, shown_in, findings, looks);
    };
    let all = values_of(turn, &shown);
    if all.is_empty() {
        return fill(text, shown_in, findings, looks);
    }
    let line = |one: &String| {
        let own = |only: &&(&Finding, &Observation)| values_of(turn, &[**only]).contains(one);
        let shown: Vec<_> = shown.iter().filter(own).copied().collect();
        let command = replace(text, |name| if name == *turn { one.clone() } else { told(name, &shown, looks) });
        if *turn == "user" { command + &signs_in_for(one, &shown) } else { command }
    };
    let mut lines: Vec<String> = all.iter().take(MOST_LINES).map(line).collect();
    if all.len() > MOST_LINES {
        lines.push(format!("# and so on for {} more", all.len() - MOST_LINES));
    }
    lines.join("\n")
}

/// Whose mail a user sends who stands nowhere else in the report, as a comment of PowerShell; nothing for his own mailbox.
fn signs_in_for(user: &str, shown: &[(&Finding, &Observation)]) -> String {
    let mailboxes = values_of("mailbox", shown);
    if mailboxes.is_empty() || mailboxes.contains(user) {
        return String::new();
    }
    format!(" # signs in for {}", joined("mailbox", mailboxes))
}

fn told(name: &str, shown: &[(&Finding, &Observation)], looks: &[Observation]) -> String {
    let of_tokens =
        |fact: &str| tokens(shown, looks).filter_map(|token| Some(token.facts.get(fact)?.to_string())).collect();
    match name {
        ENDPOINTS => endpoints(looks),
        HOLDER => {
            let held_by =
                |token: &Observation| HELD_BY.iter().find_map(|fact| Some(token.facts.get(fact)?.to_string()));
            joined(name, tokens(shown, looks).filter_map(held_by).collect())
        }
        APPLICATION => {
            let all = looks.iter().filter(|look| look.probe == "token");
            let client_id =
                |token: &Observation| CLIENT_IDS.iter().find_map(|fact| Some(token.facts.get(fact)?.to_string()));
            joined(name, all.filter_map(client_id).collect())
        }
        _ => match values_of(name, shown) {
            values if values.is_empty() => joined(name, of_tokens(name)),
            values => joined(name, values),
        },
    }
}

/// The looks at the tokens of the accounts that these findings are about.
fn tokens<'l>(
    shown: &[(&Finding, &Observation)],
    looks: &'l [Observation],
) -> impl Iterator<Item = &'l Observation> + use<'l> {
    let accounts: BTreeSet<String> = shown.iter().filter_map(|(finding, _)| finding.account.clone()).collect();
    looks.iter().filter(move |look| look.probe == "token" && accounts.contains(&look.subject))
}

/// The findings that show a cause, each with its look.
fn shown<'f>(
    shown_in: &[usize],
    findings: &'f [Finding],
    looks: &'f [Observation],
) -> Vec<(&'f Finding, &'f Observation)> {
    let look = |at: &usize| Some((&findings[*at], looks.get(findings[*at].look?)?));
    shown_in.iter().filter_map(look).collect()
}

/// Puts a plain word in place of every placeholder: `<host>`, `<days left>`.
pub fn blank(text: &str) -> String {
    replace(text, |name| format!("<{}>", plain(name)))
}

fn plain(name: &str) -> &str {
    let word = PLAIN.iter().find(|(known, _)| *known == name).map(|(_, word)| *word);
    word.or_else(|| expect::fact(name).map(|fact| fact.label)).unwrap_or(name)
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

fn joined(name: &str, values: BTreeSet<String>) -> String {
    let between = if name == COMMANDS { "\n" } else { ", " };
    if values.is_empty() { "…".to_owned() } else { values.into_iter().collect::<Vec<_>>().join(between) }
}

fn values_of(name: &str, shown: &[(&Finding, &Observation)]) -> BTreeSet<String> {
    // an account is no host; it stands for one only where nothing else shows the cause
    let at_hosts: Vec<_> = shown.iter().filter(|(finding, _)| finding.account.is_none()).copied().collect();
    let places = if at_hosts.is_empty() { shown } else { &at_hosts };
    match name {
        "mailbox" => {
            let subjects = shown.iter().map(|(finding, _)| finding.subject.clone());
            let mailboxes: BTreeSet<String> = subjects.filter(|subject| subject.contains('@')).collect();
            if mailboxes.is_empty() { facts(USER, shown) } else { mailboxes }
        }
        "user" => {
            let users: BTreeSet<String> = USERS.iter().flat_map(|fact| facts(fact, shown)).collect();
            if users.is_empty() { values_of("mailbox", shown) } else { users }
        }
        "account" => shown.iter().filter_map(|(finding, _)| finding.account.clone()).collect(),
        "subjects" => places.iter().map(|(finding, _)| finding.subject.clone()).collect(),
        "hosts" => places.iter().map(|(finding, _)| host(&finding.subject).to_owned()).collect(),
        "ports" => places.iter().filter_map(|(finding, _)| port(&finding.subject)).collect(),
        "addresses" => {
            shown.iter().flat_map(|(_, look)| stopped(look)).map(|path| path.address.ip().to_string()).collect()
        }
        "sources" => {
            shown.iter().flat_map(|(_, look)| look.attempts.iter()).filter_map(|path| path.source.clone()).collect()
        }
        fact => facts(fact, shown),
    }
}

/// Every name and port of Microsoft's that this run went to: what a rule on the way must hold.
fn endpoints(looks: &[Observation]) -> String {
    let services = looks.iter().filter(|look| !look.own && port(&look.subject).is_some());
    let all: BTreeSet<&str> = services.map(|look| look.subject.as_str()).collect();
    if all.is_empty() { "…".to_owned() } else { all.into_iter().collect::<Vec<_>>().join(", ") }
}

fn facts(name: &str, shown: &[(&Finding, &Observation)]) -> BTreeSet<String> {
    let items = |value: Value| match value {
        Value::List(items) if !items.is_empty() => items,
        other => vec![other.to_string()],
    };
    shown.iter().flat_map(|(_, look)| values(look, name)).flat_map(items).collect()
}

fn host(subject: &str) -> &str {
    subject.rsplit_once(':').map_or(subject, |(host, _)| host)
}

fn port(subject: &str) -> Option<String> {
    subject.rsplit_once(':').map(|(_, port)| port.to_owned())
}

/// The addresses that could not go on; all of them when every one could.
fn stopped(look: &Observation) -> Vec<&Attempt> {
    let stopped: Vec<&Attempt> = look.attempts.iter().filter(|path| path.failure.is_some()).collect();
    if stopped.is_empty() { look.attempts.iter().collect() } else { stopped }
}
