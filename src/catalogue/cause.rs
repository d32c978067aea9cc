//! A cause: what is wrong in the world, who mends it with what, and by which signs it is known.
//!
//! In: the entries below `checks/causes/`. Out: a [`Cause`]. A cause without owner, fix, source or sample is refused.

use serde::{Deserialize, Serialize};

use super::{
    check::Of,
    console::Console,
    expect::{self, Expectation},
    layer::Layer,
};
use crate::{
    command::{self, Effect, Shell, Template},
    evidence::{FailureKind, Protocol, Stage},
    finding::Owner,
    probe::tls,
    table::{At, Mistake, Scalar, Table, choose, did_you_mean},
};

/// What is wrong in the world.
#[derive(Clone, Debug)]
pub struct Cause {
    /// Its code, such as `port-blocked`.
    pub code: String,
    /// What is wrong, in one line.
    pub title: String,
    /// Who mends it.
    pub owner: Owner,
    /// How deep it lies; what lies deeper is mended first.
    pub layer: Layer,
    /// What mends it. May hold placeholders.
    pub fix: String,
    /// What to paste or open: the checks that tell whether it is this cause, and the changes that fix it.
    pub commands: Vec<Template>,
    /// Who fixes it with what where a server of the site itself shows it.
    pub site: Option<AtSite>,
    /// The same where it is an application of Webex.
    pub webex: Option<AtSite>,
    /// How long the change takes to be felt.
    pub takes: String,
    /// Pages that say so.
    pub sources: Vec<String>,
    /// What shows it.
    pub signs: Vec<Sign>,
    /// What speaks for it.
    pub evidence_for: Evidence,
    /// What rules it out.
    pub evidence_against: Evidence,
    /// What it would be wrong for every account with, where all of them share it.
    pub shared: Option<Shared>,
    /// Checks of files that cannot fail where a service of the run settles this, for the same subject.
    pub contradicts: Vec<String>,
    /// Causes that cannot be where this one is certain for the same mailbox: it proves what they deny.
    pub refutes: Vec<String>,
}

/// What all accounts of a site share: where one of them was served, it is not what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shared {
    /// The application and its tenant: any valid token of the application speaks against it.
    Application,
    /// What the application proves itself with: only a token that was requested with it in the same run does.
    Credential,
}

/// Who mends a cause that a server of the site itself or an application of Webex shows, and with what.
#[derive(Clone, Debug)]
pub struct AtSite {
    /// The state of the world in one line, where it is another one.
    pub title: Option<String>,
    /// Who mends it.
    pub owner: Owner,
    /// What mends it. May hold placeholders.
    pub fix: String,
    /// What to paste or open.
    pub commands: Vec<Template>,
}

/// One way in which a cause shows.
#[derive(Clone, Debug)]
pub struct Sign {
    /// What is looked at.
    pub shows: Shows,
    /// What must hold of the look's facts besides; a text has none, so there it is not asked for.
    pub facts: Vec<Expectation>,
    /// Whose service must show it; none is anybody's.
    pub of: Option<Of>,
    /// Whether all addresses show it or only some, for a lookup all names that its DNS servers were asked for, for a
    /// proxy all tunnels to the host; none is either.
    pub share: Option<Share>,
    /// How the service was reached; none is either way. A text does not tell.
    pub route: Option<Through>,
    /// Whose word it must be; none is anybody's.
    pub by: Option<By>,
    /// True when this alone names the cause.
    pub settles: bool,
    /// True when this seldom means the cause: where nothing else decides, it is thought of last.
    pub rare: bool,
    /// What it looks like.
    pub sample: String,
}

/// What a sign looks at.
#[derive(Clone, Debug)]
pub enum Shows {
    /// A stop of this kind; what is none may be anything.
    Failure(FailurePattern),
    /// A finding of this check that did not pass, with these facts.
    Finding {
        /// The check.
        check: String,
        /// What holds of its facts.
        facts: Vec<Expectation>,
        /// How a text says the same.
        words: Vec<Words>,
    },
}

/// Who tells of a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// A probe of this program: it knows host, port, stage and all addresses, so that the same words mean less many things.
    Probe,
    /// A text that somebody gives to `explain`.
    Text,
}

/// Holds the place of an asterisk while a sentence is read; no text has a NUL.
const ASTERISK: &str = "\0";

/// A sentence to look for: its parts in order, anything between them. Capitals and the width of gaps do not matter.
///
/// Written with `*` where the sentence holds a name, a number or an address: `scope * is not valid`. `\*` is an asterisk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    parts: Vec<String>,
}

impl Words {
    /// Reads a sentence with `*` in its gaps.
    #[must_use]
    pub fn new(sentence: &str) -> Self {
        let lowered = sentence.to_lowercase().replace("\\*", ASTERISK);
        let parts = lowered.split('*').map(str::trim).filter(|part| !part.is_empty());
        Self { parts: parts.map(|part| part.replace(ASTERISK, "*")).collect() }
    }

    /// Whether a text, already in small letters, holds the sentence.
    #[must_use]
    pub fn are_in(&self, lowered: &str) -> bool {
        let mut rest = lowered;
        self.parts.iter().all(|part| match rest.find(part.as_str()) {
            Some(at) => {
                rest = &rest[at + part.len()..];
                true
            }
            None => false,
        })
    }

    /// The parts, in small letters.
    #[must_use]
    pub fn parts(&self) -> &[String] {
        &self.parts
    }
}

/// A pattern for stops. What is none, or an empty list, may be anything; of a list, one must fit.
#[derive(Clone, Debug, Default)]
pub struct FailurePattern {
    /// The protocol.
    pub protocol: Option<Protocol>,
    /// The stage.
    pub stage: Option<Stage>,
    /// The kind.
    pub kind: Option<FailureKind>,
    /// The reply code or HTTP status; an `x` stands for any digit: `5xx`.
    pub code: Vec<String>,
    /// The enhanced status code; an `x` stands for any digit: `4.7.5xx`.
    pub enhanced: Vec<String>,
    /// The number of Entra's error code.
    pub aadsts: Vec<u32>,
    /// The error of OAuth 2.0, or of Graph.
    pub error: Vec<String>,
    /// A part of the other side's words.
    pub words: Vec<Words>,
}

impl FailurePattern {
    /// What it asks for: one letter a field, to compare how narrow two patterns are.
    #[must_use]
    pub fn asks(&self) -> [bool; 8] {
        [
            self.protocol.is_some(),
            self.stage.is_some(),
            self.kind.is_some(),
            !self.code.is_empty(),
            !self.enhanced.is_empty(),
            !self.aadsts.is_empty(),
            !self.error.is_empty(),
            !self.words.is_empty(),
        ]
    }
}

/// How many of a look's addresses show something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Share {
    /// Every one.
    All,
    /// Some, while others do not.
    Some,
}

/// How a service is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Through {
    /// At its own addresses.
    Direct,
    /// Through a proxy.
    Proxy,
}

/// How other checks came out, for the same subject where they have it.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// These passed.
    pub pass: Vec<String>,
    /// These failed.
    pub fail: Vec<String>,
    /// These failed, and one cause can be behind both failures; not so when they failed for reasons of their own.
    pub alike: Vec<String>,
    /// These passed, and prove it whatever a failure settles.
    pub proof: Vec<String>,
    /// These passed for a mailbox to which the application itself signed in, and prove it for each mailbox of the run.
    pub application: Vec<String>,
}

/// The placeholders of fix and command that are not facts.
pub const PLACEHOLDERS: &[&str] = &[
    "mailbox",
    "user",
    "token-holder",
    "application",
    "account",
    "subjects",
    "hosts",
    "ports",
    "addresses",
    "sources",
    "endpoints",
    "host",
    "port",
    "subject",
    "address",
    "server",
    "server-port",
    command::STARTTLS,
];

/// What a command can be for, one each.
pub const TARGETS: &[&str] = &["mailbox", "user", "account", "host", "subject", "address", tls::JAVA_KEYTOOL.name()];

/// The placeholders that hold all values in one.
const LISTS: [&str; 6] = ["subjects", "hosts", "ports", "addresses", "sources", "endpoints"];

/// Reads one cause. `checks` are the ids of all checks.
///
/// # Errors
/// The first mistake in the entry.
pub fn read(mut table: Table<'_>, checks: &[&str], console: &Console) -> Result<Cause, Mistake> {
    let code = table.required("code")?;
    let Some(sources) = table.texts("sources")? else {
        return Err(table.mistake(format!("{} has no sources", code.value), "add sources = [\"https://…\"]"));
    };
    let by = table.text("by")?.map(|by| choose(&by)).transpose()?;
    let signs = table.tables("sign")?.into_iter();
    let signs = signs.map(|sign| read_sign(sign, checks, by)).collect::<Result<Vec<_>, _>>()?;
    if signs.is_empty() {
        return Err(table.mistake(format!("{} has no sign", code.value), "add [[cause.sign]] with a sample"));
    }
    let contradicts = read_checks(&mut table, "contradicts", checks)?;
    let refutes = table.texts("refutes")?.map(|codes| codes.value).unwrap_or_default();
    let (evidence_for, evidence_against) = read_evidence(&mut table, checks)?;
    let site = table.table("site")?.map(|site| read_site(site, console)).transpose()?;
    let webex = table.table("webex")?.map(|webex| read_site(webex, console)).transpose()?;
    let shared = table.text("shared")?.map(|shared| choose(&shared)).transpose()?;
    let (owner, layer) = (choose(&table.required("owner")?)?, choose(&table.required("layer")?)?);
    let mut commands = read_commands(&mut table, console)?;
    commands.extend(console.afterwards(&code.value, layer, owner));
    let cause = Cause {
        code: code.value,
        title: read_filled(&mut table, "title")?,
        owner,
        layer,
        fix: read_filled(&mut table, "fix")?,
        commands,
        site,
        webex,
        takes: table.required("takes")?.value,
        sources: sources.value,
        signs,
        evidence_for,
        evidence_against,
        shared,
        contradicts,
        refutes,
    };
    table.close()?;
    Ok(cause)
}

fn read_filled(table: &mut Table<'_>, key: &str) -> Result<String, Mistake> {
    let text = table.required(key)?;
    known_placeholders(&text)?;
    Ok(text.value)
}

fn known_placeholders(text: &At<'_, String>) -> Result<(), Mistake> {
    let is_fact = |name: &str| name.contains('.') && expect::fact(name).is_some();
    match command::placeholders(&text.value).find(|name| !is_fact(name) && !PLACEHOLDERS.contains(name)) {
        Some(name) => Err(text.mistake(format!("unknown placeholder {{{name}}}"), did_you_mean(name, PLACEHOLDERS))),
        None => Ok(()),
    }
}

fn read_commands(table: &mut Table<'_>, console: &Console) -> Result<Vec<Template>, Mistake> {
    let mut commands = Vec::new();
    for (key, effect) in [("command", Effect::Change), ("test", Effect::Check)] {
        if table.is_text(key) {
            commands.extend(table.text(key)?.map(|text| in_words(&text.value, effect)));
        }
    }
    for command in table.tables("command")? {
        commands.extend(read_command(command, console)?);
    }
    Ok(commands)
}

fn read_command(mut table: Table<'_>, console: &Console) -> Result<Vec<Template>, Mistake> {
    let (shell, effect) = (choose(&table.required("shell")?)?, choose(&table.required("effect")?)?);
    if let Some(place) = table.text("place")? {
        table.close()?;
        return console.open(&place);
    }
    let text = table.required("text")?;
    known_placeholders(&text)?;
    let each = table.text("each")?;
    let command = Template {
        shell,
        effect,
        text: text.value.clone(),
        each: each.as_ref().map(|each| each.value.clone()),
        when: table.text("when")?.map(|when| choose(&when)).transpose()?,
        scope: table.text("scope")?.map(|at| at.value),
        role: table.text("role")?.map(|at| at.value),
        confirms_if: if table.has("confirms_if") { Some(read_filled(&mut table, "confirms_if")?) } else { None },
        note: None,
    };
    if let Some(each) = each.filter(|each| !TARGETS.contains(&each.value.as_str())) {
        return Err(each.mistake(format!("no target {}", each.value), did_you_mean(&each.value, TARGETS)));
    }
    one_target(&command).map_err(|(wrong, right)| text.mistake(wrong, right))?;
    table.close()?;
    Ok(vec![command])
}

/// A command or a path takes one target: what can be many must be what it is for, or belong to it.
fn one_target(command: &Template) -> Result<(), (String, String)> {
    let names: Vec<&str> = command::placeholders(&command.text).collect();
    let is_list = |name: &str| LISTS.contains(&name) && command.shell.is_pasted();
    let many = |name: &&&str| is_list(name) || (TARGETS.contains(*name) && command.each.is_none());
    if let Some(name) = names.iter().find(many) {
        return Err((
            format!("{{{name}}} can be several, and a command or path takes one"),
            "add each = \"mailbox\", \"user\", \"account\", \"host\", \"subject\" or \"address\", and use {host} and {port} for parts of a subject".to_owned(),
        ));
    }
    if command.shell.is_pasted() && !names.iter().all(|name| is_argument(&command.text, name)) {
        return Err((
            "a placeholder is part of a longer word".to_owned(),
            "let each placeholder be a word of its own, without quotes: the program adds them".to_owned(),
        ));
    }
    Ok(())
}

/// True where the placeholder is a whole argument, so that its quotes are those of the argument.
fn is_argument(text: &str, name: &str) -> bool {
    let placeholder = format!("{{{name}}}");
    name == command::STARTTLS
        || text == placeholder
        || text.match_indices(&placeholder).all(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + placeholder.len()..]);
            before.ends_with([' ', '(', '=', ','].as_slice())
                && (after.is_empty() || after.starts_with([' ', ')', ';', ','].as_slice()))
        })
}

/// A command of a cause that does not say for which shell it is.
fn in_words(text: &str, effect: Effect) -> Template {
    let shell = if text.starts_with("https://") { Shell::Portal } else { Shell::Manual };
    Template::new(shell, effect, text)
}

fn read_site(mut table: Table<'_>, console: &Console) -> Result<AtSite, Mistake> {
    let has_title = table.keys().iter().any(|key| key.value == "title");
    let site = AtSite {
        title: if has_title { Some(read_filled(&mut table, "title")?) } else { None },
        owner: choose(&table.required("owner")?)?,
        fix: read_filled(&mut table, "fix")?,
        commands: read_commands(&mut table, console)?,
    };
    table.close()?;
    Ok(site)
}

fn read_sign(mut table: Table<'_>, checks: &[&str], by: Option<By>) -> Result<Sign, Mistake> {
    let stop = table.table("stop")?;
    let finding = table.table("finding")?;
    let shows = match (stop, finding) {
        (Some(stop), None) => Shows::Failure(read_stop(stop)?),
        (None, Some(finding)) => read_finding(finding, read_words(&mut table, "words")?, checks)?,
        _ => return Err(table.mistake("a sign shows in one thing", "give either stop = { … } or finding = { … }")),
    };
    let sign = Sign {
        shows,
        facts: table.table("facts")?.map_or_else(|| Ok(Vec::new()), |facts| expect::read(facts, ""))?,
        of: table.text("of")?.map(|of| choose(&of)).transpose()?,
        share: table.text("share")?.map(|share| choose(&share)).transpose()?,
        route: table.text("route")?.map(|route| choose(&route)).transpose()?,
        by: table.text("by")?.map(|by| choose(&by)).transpose()?.or(by),
        settles: table.bool("settles")?.is_some_and(|at| at.value),
        rare: table.bool("rare")?.is_some_and(|at| at.value),
        sample: table.required("sample")?.value,
    };
    table.close()?;
    Ok(sign)
}

fn read_stop(mut table: Table<'_>) -> Result<FailurePattern, Mistake> {
    let pattern = FailurePattern {
        protocol: table.text("protocol")?.map(|at| choose(&at)).transpose()?,
        stage: table.text("stage")?.map(|at| choose(&at)).transpose()?,
        kind: table.text("kind")?.map(|at| choose(&at)).transpose()?,
        code: read_codes(&mut table)?,
        enhanced: one_or_more(&mut table, "enhanced")?,
        aadsts: read_numbers(&mut table, "aadsts")?,
        error: one_or_more(&mut table, "error")?,
        words: read_words(&mut table, "words")?,
    };
    table.close()?;
    Ok(pattern)
}

fn read_words(table: &mut Table<'_>, key: &str) -> Result<Vec<Words>, Mistake> {
    Ok(one_or_more(table, key)?.iter().map(|sentence| Words::new(sentence)).collect())
}

fn read_numbers(table: &mut Table<'_>, key: &str) -> Result<Vec<u32>, Mistake> {
    let place = table.head();
    let number = |text: String| {
        text.parse().map_err(|_| place.mistake(format!("{text} is not a number"), format!("write {key} = 7000222")))
    };
    one_or_more(table, key)?.into_iter().map(number).collect()
}

/// One text or number, or a list of texts.
fn one_or_more(table: &mut Table<'_>, key: &str) -> Result<Vec<String>, Mistake> {
    let Some(found) = table.scalar(key)? else { return Ok(Vec::new()) };
    match &found.value {
        Scalar::Text(text) if !text.trim().is_empty() => Ok(vec![text.clone()]),
        Scalar::Int(number) => Ok(vec![number.to_string()]),
        Scalar::List(texts) if !texts.is_empty() => Ok(texts.clone()),
        _ => Err(found
            .mistake(format!("{key} holds nothing to look for"), format!("write {key} = \"…\", or a list of them"))),
    }
}

/// Reply codes: three digits, of which an `x` may stand for any.
fn read_codes(table: &mut Table<'_>) -> Result<Vec<String>, Mistake> {
    let place = table.head();
    let is_code = |code: &String| {
        let first = code.starts_with(|first: char| ('1'..='5').contains(&first));
        first && code.len() == 3 && code[1..].chars().all(|c| c.is_ascii_digit() || c == 'x')
    };
    let codes = one_or_more(table, "code")?;
    match codes.iter().find(|code| !is_code(code)) {
        Some(wrong) => {
            Err(place.mistake(format!("{wrong} is not a reply code"), "write code = 535, or code = \"5xx\""))
        }
        None => Ok(codes),
    }
}

fn read_finding(mut table: Table<'_>, words: Vec<Words>, checks: &[&str]) -> Result<Shows, Mistake> {
    let check = table.required("check")?;
    known_check(&check, checks)?;
    let probe = check.value.split('.').next().unwrap_or_default().to_owned();
    let facts = table.table("facts")?.map_or_else(|| Ok(Vec::new()), |facts| expect::read(facts, &probe))?;
    table.close()?;
    Ok(Shows::Finding { check: check.value, facts, words })
}

fn known_check(id: &At<'_, String>, checks: &[&str]) -> Result<(), Mistake> {
    if checks.contains(&id.value.as_str()) {
        return Ok(());
    }
    Err(id.mistake(format!("no check {}", id.value), did_you_mean(&id.value, checks)))
}

/// A list of checks; none where there is no such key.
fn read_checks(table: &mut Table<'_>, key: &str, checks: &[&str]) -> Result<Vec<String>, Mistake> {
    let Some(ids) = table.texts(key)? else { return Ok(Vec::new()) };
    ids.each().iter().try_for_each(|id| known_check(id, checks))?;
    Ok(ids.value)
}

fn read_evidence(table: &mut Table<'_>, checks: &[&str]) -> Result<(Evidence, Evidence), Mistake> {
    let Some(mut evidence) = table.table("evidence")? else { return Ok(Default::default()) };
    let mut side = |key: &str| -> Result<Evidence, Mistake> {
        let Some(mut table) = evidence.table(key)? else { return Ok(Evidence::default()) };
        let mut ids = |key: &str| read_checks(&mut table, key, checks);
        let read = Evidence {
            pass: ids("pass")?,
            fail: ids("fail")?,
            alike: ids("alike")?,
            proof: ids("proof")?,
            application: ids("application")?,
        };
        table.close()?;
        Ok(read)
    };
    let read = (side("for")?, side("against")?);
    evidence.close()?;
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Document;

    const CAUSE: &str = r#"code    = "mine"
title   = "{host} is not reachable"
owner   = "network"
layer   = "name"
fix     = "Allow TCP port {ports} to {hosts}."
takes   = "immediately"
sources = ["https://www.rfc-editor.org/rfc/rfc5280"]

[[command]]
shell  = "powershell"
effect = "check"
text   = "Test-NetConnection {host} -Port {port}"
each   = "subject"

[[sign]]
stop   = { code = 535 }
sample = "535"
"#;

    fn cause(text: &str) -> Result<Cause, Mistake> {
        let console = include_str!("../../checks/tables/ece-console.toml");
        let console = Console::read(&Document::new("console.toml", console)).unwrap();
        read(Document::new("mine.toml", text).table().unwrap(), &["tls.trusted"], &console)
    }

    #[test]
    fn cause_that_says_something_else_is_read_or_refused() {
        for (there, instead, says) in [
            ("535 }", "\"4xx\" }", None),
            ("535 }", "[\"50x\", \"111\"] }", None),
            ("535 }", "\"635\" }", Some("not a reply code")),
            ("535 }", "\"53\" }", Some("not a reply code")),
            ("535 }", "\"5350\" }", Some("not a reply code")),
            ("535 }", "\"5yz\" }", Some("not a reply code")),
            ("535 }", "[] }", Some("nothing to look for")),
            ("code = 535", "words = \" \"", Some("nothing to look for")),
            ("code = 535", "aadsts = \"AADSTS1\"", Some("not a number")),
            ("stop   =", "finding = { check = \"tls.trusted\" }\nstop =", Some("a sign shows in one thing")),
            ("{ports}", "{tls.issuer}", None),
            ("{ports}", "{tls.nothing}", Some("unknown placeholder {tls.nothing}")),
            ("{ports}", "{nothing}", Some("unknown placeholder {nothing}")),
            ("{host} -Port", "({host})", None),
            ("{host} -Port", "x{host}", Some("part of a longer word")),
            ("{host} -Port", "{host}x", Some("part of a longer word")),
            ("{host} -Port", "{hosts}", Some("can be several")),
            ("each   = \"subject\"\n", "", Some("can be several")),
            ("\"subject\"", "\"subjects\"", Some("no target subjects")),
            ("\"powershell\"", "\"portal\"", None),
        ] {
            assert!(CAUSE.contains(there), "{there}");
            let read = cause(&CAUSE.replace(there, instead));
            let mistake = read.err().map(|mistake| mistake.to_string());
            match says {
                None => assert_eq!(mistake, None, "{instead}"),
                Some(says) => {
                    assert!(mistake.as_ref().is_some_and(|told| told.contains(says)), "{instead}: {mistake:?}");
                }
            }
        }
        let portal = CAUSE.replace("\"powershell\"", "\"portal\"").replace("{host} -Port", "x{hosts}");
        assert!(cause(&portal).is_ok(), "a person reads it");
    }
}
