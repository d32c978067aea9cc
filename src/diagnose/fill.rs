//! Putting this site's values into the words of a cause.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::sign::attempts_showing;
use crate::{
    catalogue::{Cause, expect},
    command::{Command, Effect, Encryption, Shell, Template, Wording, placeholders, replace},
    evidence::{Attempt, Failure, FailureKind, Observation, Route, Stage, Subject, Value},
    finding::{Finding, Found, NextStep, Status},
    import::facts::{entra, mailbox, webex},
    judge::values,
    probe::{dns, https, smtp, tls, token, url},
};

/// The fact whose items are commands: one a line.
const COMMANDS: &str = tls::JAVA_KEYTOOL.name();
/// Every name and port that was looked at.
const ENDPOINTS: &str = "endpoints";
/// The placeholders of which a title names only so many.
const MANY: [&str; 3] = ["subjects", "hosts", "mailbox"];
const MOST_IN_TITLE: usize = 2;
/// Placeholders that say where a fault is seen, of which a list says as much as pairs.
const PLACES: [&str; 7] = ["subjects", "hosts", "ports", "addresses", "sources", "mailbox", ENDPOINTS];
/// A sentence is there for so many cases.
const MOST_CASES: usize = 3;
/// One command is written out for so many targets.
const MOST_TARGETS: usize = 25;
/// Whose token the account holds.
const HOLDER: &str = "token-holder";
/// What a token says of it; an application's token has no user.
const HELD_BY: [&str; 2] = [token::USER.name(), token::OBJECT_ID.name()];
/// The application that signs in, by its client id.
const APPLICATION: &str = "application";
/// What tells its client id: the request for a token, or the token.
const CLIENT_IDS: [&str; 2] = [token::CLIENT_ID.name(), token::APPLICATION.name()];
/// Who signs in: SMTP names the user, where IMAP and POP3 name the mailbox.
const USERS: [&str; 2] = [smtp::SIGNED_IN_AS.name(), token::USER.name()];
/// Whose token it should be: the mailbox meant where a finding is about an account.
const USER: &str = token::USER_EXPECTED.name();
/// The status of an HTTP response.
const STATUS: &str = https::STATUS.name();
/// In a URL of Entra, and what stands there for any tenant.
const TENANT: &str = webex::TENANT.name();
const ANY_TENANT: &str = "common";
/// The tabs of Entra's sign-in logs in which a client without a person before it appears
/// (<https://learn.microsoft.com/entra/identity/monitoring-health/concept-sign-ins>), and the role that reads them.
const USER_LOG: &str = "User sign-ins (non-interactive)";
const APPLICATION_LOG: &str = "Service principal sign-ins";
const SIGN_IN_LOGS: &str = "https://entra.microsoft.com > Sign-in logs > ";
const LOG_READER: &str = "Reports Reader";
/// What Microsoft says of a number, which stands at the end.
const NUMBER_PAGE: &str = "https://login.microsoftonline.com/error?code=";
/// So many refusals of one cause are pointed to in the logs.
const MOST_LOG_ENTRIES: usize = 3;
/// What stands for a placeholder where no run has filled it. Facts that are not named here go by their label.
const PLAIN: [(&str, &str); 24] = [
    ("host", "host"),
    ("port", "port"),
    ("subject", "host:port"),
    ("server", "host"),
    ("server-port", "host:port"),
    (APPLICATION, "application (client) ID"),
    ("hosts", "host"),
    ("ports", "port"),
    ("subjects", "host:port"),
    ("mailbox", "mailbox"),
    ("user", "user"),
    (HOLDER, "token user or service principal"),
    ("account", "account in ece-check.toml"),
    ("sources", "this server's address"),
    ("addresses", "address"),
    (ENDPOINTS, "every host and port listed by ece-check plan"),
    (tls::ISSUER.name(), "issuer of the certificate"),
    (tls::SUBJECT.name(), "name of the certificate"),
    (tls::NOT_BEFORE.name(), "date"),
    (tls::NOT_AFTER.name(), "date"),
    (tls::JAVA_DISTRUSTED_BY.name(), "ECE's cacerts file"),
    (COMMANDS, "the keytool command that ece-check run prints"),
    (token::LIFETIME_MINUTES.name(), "minutes"),
    (https::CLOCK_OFF.name(), "off"),
];

/// The looks of a run, with those apart that the words of many findings ask for.
pub struct Looks<'l> {
    all: &'l [Observation],
    services: Vec<&'l Observation>,
    tokens: Vec<&'l Observation>,
    tokens_of: HashMap<&'l str, Vec<usize>>,
    /// The client ids and the redirect URIs of the site file.
    applications: BTreeSet<String>,
    redirects: BTreeSet<String>,
    wording: &'l Wording,
}

impl<'l> Looks<'l> {
    /// Sorts the looks of a run, of which the cloud has this wording.
    pub fn of(all: &'l [Observation], wording: &'l Wording) -> Self {
        let is_service = |look: &&Observation| look.subject.port().is_some();
        let tokens: Vec<&Observation> = all.iter().filter(|look| look.probe == "token").collect();
        let mut tokens_of: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, token) in tokens.iter().enumerate() {
            tokens_of.entry(token.subject.as_str()).or_default().push(at);
        }
        let of_all = |fact: &str| all.iter().filter_map(|look| Some(look.facts.value(fact)?.to_string())).collect();
        Self {
            all,
            services: all.iter().filter(is_service).collect(),
            tokens,
            tokens_of,
            applications: of_all(entra::APPLICATION_ID.name()),
            redirects: of_all(url::REDIRECT.name()),
            wording,
        }
    }

    /// The look at a place in the report.
    pub fn get(&self, at: usize) -> Option<&'l Observation> {
        self.all.get(at)
    }
}

/// Fills every placeholder from the findings that show the cause; what is not known becomes `…`.
pub fn fill(text: &str, cause: Option<&Cause>, shown_in: &[usize], findings: &[Finding], looks: &Looks<'_>) -> String {
    let shown = shown(cause, shown_in, findings, looks);
    let text = looks.wording.text(text);
    let sentences = text.split_inclusive(". ").map(|sentence| filled_sentence(sentence, &shown, looks));
    sentences.collect::<String>().trim_end().to_owned()
}

/// Fills one sentence, with all values of each placeholder. Where values belong together and differ from case to case, the
/// sentence is there once for each case: a list of users beside a list of mailboxes would not say which is whose.
fn filled_sentence(sentence: &str, shown: &[Shown<'_>], looks: &Looks<'_>) -> String {
    let told_of = |shown: &[Shown<'_>]| replace(sentence, |name| told(name, shown, looks));
    let cases: Vec<Shown<'_>> = shown.iter().flat_map(Shown::each_attempt).collect();
    let differs = |name: &&str| {
        let mut values = cases.iter().map(|case| all(name, std::slice::from_ref(case), looks));
        let first = values.next();
        values.any(|other| Some(other) != first)
    };
    let differing: Vec<&str> = placeholders(sentence).collect::<BTreeSet<_>>().into_iter().filter(differs).collect();
    if differing.len() < 2 || differing.iter().all(|name| PLACES.contains(name)) {
        return told_of(shown);
    }
    let mut known = HashSet::new();
    let mut sentences: Vec<String> = cases.into_iter().map(|case| told_of(&[case])).collect();
    sentences.retain(|sentence| known.insert(sentence.clone()));
    let left = sentences.len().saturating_sub(MOST_CASES);
    sentences.truncate(MOST_CASES);
    let mut told: Vec<&str> = sentences.iter().map(|sentence| sentence.trim_end()).collect();
    let rest = format!("… ({left} more)");
    told.extend((left > 0).then_some(rest.as_str()));
    format!("{} ", told.join(" "))
}

/// Fills a title: of many endpoints it names the first, and says how many are left.
pub fn fill_title(
    text: &str,
    cause: Option<&Cause>,
    shown_in: &[usize],
    findings: &[Finding],
    looks: &Looks<'_>,
) -> String {
    let shown = shown(cause, shown_in, findings, looks);
    let title = replace(&looks.wording.text(text), |name| {
        let values: Vec<String> =
            if MANY.contains(&name) { all(name, &shown, looks).into_iter().collect() } else { Vec::new() };
        match values.len().saturating_sub(MOST_IN_TITLE) {
            0 => told(name, &shown, looks),
            left => format!("{} and {left} more", values[..MOST_IN_TITLE].join(", ")),
        }
    });
    format!("{title}{}", of_one_family(&shown))
}

/// The title of a cause at one finding.
pub fn title(cause: &Cause, at: usize, findings: &[Finding], looks: &Looks<'_>) -> String {
    let shown = shown(Some(cause), &[at], findings, looks);
    format!("{}{}", fill(&cause.title, Some(cause), &[at], findings, looks), of_one_family(&shown))
}

/// What limits a title to the one family of addresses whose lookup failed; nothing where the other one failed too.
fn of_one_family(shown: &[Shown<'_>]) -> String {
    let failed = |one: &Shown<'_>| {
        one.look.facts.get(dns::OTHER_FAMILY_FAILED)?.split_once(':').map(|(family, _)| family.to_owned())
    };
    let families: Option<BTreeSet<String>> = shown.iter().map(failed).collect();
    let families: Vec<String> = families.into_iter().flatten().collect();
    if let [family] = &families[..] { [", ", family, " only"].concat() } else { String::new() }
}

/// The commands of a cause for this site: one for each target, every value quoted for its shell.
pub fn commands(
    templates: &[Template],
    cause: Option<&Cause>,
    shown_in: &[usize],
    findings: &[Finding],
    looks: &Looks<'_>,
) -> Vec<Command> {
    let shown = shown(cause, shown_in, findings, looks);
    let mut commands: Vec<Command> =
        templates.iter().flat_map(|template| for_each_target(&in_words_of(looks, template), &shown, looks)).collect();
    for connect in commands.iter_mut().filter_map(|command| command.connect.as_mut()) {
        *connect = looks.wording.text(connect).into_owned();
    }
    commands
}

/// A command as it is right in the cloud of the run.
fn in_words_of(looks: &Looks<'_>, template: &Template) -> Template {
    let text = |text: &String| looks.wording.text(text).into_owned();
    let confirms_if = template.confirms_if.as_ref().map(text);
    Template { text: text(&template.text), confirms_if, ..template.clone() }
}

fn for_each_target(template: &Template, shown: &[Shown<'_>], looks: &Looks<'_>) -> Vec<Command> {
    let Some(each) = template.each.as_deref() else {
        return vec![template.fill(None, |name| all(name, shown, looks).into_iter().collect(), meaning)];
    };
    let targets = targets(each, shown, looks);
    if targets.is_empty() {
        return vec![template.fill(None, |_| Vec::new(), meaning)];
    }
    let fits = |target: &&Target| is_for_port(template, target.service.as_ref().and_then(Subject::port));
    let fitting: Vec<&Target> = targets.iter().filter(fits).collect();
    let mut commands: Vec<Command> =
        fitting.iter().take(MOST_TARGETS).map(|target| for_target(template, each, target, shown, looks)).collect();
    if let (Some(last), Some(left)) = (commands.last_mut(), fitting.len().checked_sub(MOST_TARGETS + 1)) {
        last.note = Some(format!("and {} more", left + 1));
    }
    commands
}

/// What one command is written out for.
struct Target {
    text: String,
    /// The service, where it is one.
    service: Option<Subject>,
}

fn targets(each: &str, shown: &[Shown<'_>], looks: &Looks<'_>) -> Vec<Target> {
    if each == "subject" {
        let services = services(shown, looks).into_iter();
        return services.map(|(text, service)| Target { text, service: Some(service) }).collect();
    }
    all(each, shown, looks).into_iter().map(|text| Target { text, service: None }).collect()
}

fn for_target(template: &Template, each: &str, target: &Target, shown: &[Shown<'_>], looks: &Looks<'_>) -> Command {
    let (target, service) = (target.text.as_str(), target.service.as_ref());
    let own = |only: &&Shown<'_>| all(each, std::slice::from_ref(*only), looks).contains(target);
    let shown: Vec<Shown<'_>> = shown.iter().filter(own).cloned().collect();
    let values = |name: &str| -> Vec<String> {
        match (each, name) {
            _ if name == each => vec![target.to_owned()],
            ("subject", "host" | "hosts") => service.and_then(host).into_iter().collect(),
            ("subject", "port" | "ports") => service.and_then(port).into_iter().collect(),
            ("subject", "server") => server(&shown).or_else(|| service.and_then(host)).into_iter().collect(),
            ("subject", "server-port") => {
                let with_port = |address: String| at_port(&address, service.and_then(Subject::port));
                vec![server(&shown).map_or_else(|| target.to_owned(), with_port)]
            }
            _ => all(name, &shown, looks).into_iter().collect(),
        }
    };
    let mut command = template.fill(Some(target), values, meaning);
    if each == COMMANDS {
        target.clone_into(&mut command.text); // its probe has quoted its values
        command.target = None;
    }
    if each == "user" {
        command.note = signs_in_for(target, &shown);
    }
    command
}

/// Where the team that owns Entra finds each refusal in its logs: Microsoft's own ids of it, as they were sent.
pub fn log_entries(shown_in: &[usize], findings: &[Finding], looks: &Looks<'_>) -> Vec<Command> {
    let shown = shown(None, shown_in, findings, looks);
    let traces = shown.iter().filter_map(|Shown { look, .. }| {
        let trace = look.failure.as_ref()?.trace.clone()?;
        let as_application = look.facts.get(token::KIND).is_some_and(|kind| kind == "application");
        Some((trace, if as_application { APPLICATION_LOG } else { USER_LOG }))
    });
    let distinct: BTreeSet<(String, &str)> = traces.collect();
    let entry = |(trace, log): (String, &str)| {
        let text = [SIGN_IN_LOGS, log, " > {trace}"].concat();
        let template = Template::new(Shell::Portal, Effect::Check, &looks.wording.text(&text));
        Command { role: Some(LOG_READER.to_owned()), ..template.fill(None, |_| vec![trace.clone()], meaning) }
    };
    distinct.into_iter().take(MOST_LOG_ENTRIES).map(entry).collect()
}

/// Where more is found of a refusal that no known cause explains: Microsoft's own page of each number, and the sign-in in
/// the logs of Entra. <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>
pub fn looked_up(at: usize, findings: &[Finding], looks: &Looks<'_>) -> Vec<NextStep> {
    let finding = &findings[at];
    let look = finding.look.and_then(|look| looks.get(look)).filter(|_| finding.status == Status::Fail);
    let Some(look) = look.filter(|look| look.source.is_live()) else { return Vec::new() };
    let failures = look.attempts.iter().filter_map(|attempt| attempt.failure.as_ref()).chain(&look.failure);
    let refusals: Vec<&Failure> = failures.filter(|failure| failure.kind == FailureKind::Rejected).collect();
    let numbers: BTreeSet<u32> = refusals.iter().flat_map(|failure| failure.aadsts.iter().copied()).collect();
    let opened = |text: &str| {
        Template::new(Shell::Portal, Effect::Check, &looks.wording.text(text)).fill(None, |_| Vec::new(), meaning)
    };
    let pages = numbers.iter().take(MOST_LOG_ENTRIES).map(|number| opened(&format!("{NUMBER_PAGE}{number}")));
    let mut commands: Vec<Command> = pages.collect();
    commands.extend(log_entries(&[at], findings, looks));
    let is_sign_in = refusals.iter().any(|failure| failure.stage == Stage::Authenticate);
    if commands.is_empty() && is_sign_in {
        let entry = opened(&[SIGN_IN_LOGS, USER_LOG].concat());
        commands.push(Command { role: Some(LOG_READER.to_owned()), ..entry });
    }
    commands.into_iter().map(|command| NextStep::LookUp { command }).collect()
}

/// Whose mail a user sends who is nowhere else in the report; nothing for the user's own mailbox.
fn signs_in_for(user: &str, shown: &[Shown<'_>]) -> Option<String> {
    let mailboxes = values_of("mailbox", shown);
    let others = !mailboxes.is_empty() && !mailboxes.contains(user);
    others.then(|| format!("signs in for {}", joined("mailbox", mailboxes)))
}

fn told(name: &str, shown: &[Shown<'_>], looks: &Looks<'_>) -> String {
    joined(name, all(name, shown, looks))
}

/// All values of a placeholder.
fn all(name: &str, shown: &[Shown<'_>], looks: &Looks<'_>) -> BTreeSet<String> {
    let of_token =
        |token: &Observation, facts: &[&str]| facts.iter().find_map(|fact| Some(token.facts.value(fact)?.to_string()));
    let known = match name {
        ENDPOINTS => endpoints(looks),
        HOLDER => tokens(shown, looks).filter_map(|token| of_token(token, &HELD_BY)).collect(),
        APPLICATION => looks.tokens.iter().filter_map(|token| of_token(token, &CLIENT_IDS)).collect(),
        "subject" | "subjects" | "host" | "hosts" | "port" | "ports" => {
            let part = |(text, service): (String, Subject)| match name {
                "host" | "hosts" => host(&service),
                "port" | "ports" => port(&service),
                _ => Some(text),
            };
            services(shown, looks).into_iter().filter_map(part).collect()
        }
        _ => match values_of(name, shown) {
            values if values.is_empty() => of_tokens(name, shown, looks),
            values => values,
        },
    };
    if known.is_empty() { of_site(name, shown, looks) } else { known }
}

/// What the site file says, where no service of the run has said it.
fn of_site(name: &str, shown: &[Shown<'_>], looks: &Looks<'_>) -> BTreeSet<String> {
    match name {
        HOLDER => facts(mailbox::HOLDER.name(), shown),
        APPLICATION => looks.applications.clone(),
        _ if name == entra::REDIRECT_SENT.name() => looks.redirects.clone(),
        _ => BTreeSet::new(),
    }
}

fn of_tokens(fact: &str, shown: &[Shown<'_>], looks: &Looks<'_>) -> BTreeSet<String> {
    tokens(shown, looks).filter_map(|token| Some(token.facts.value(fact)?.to_string())).collect()
}

/// The servers that these findings are about, by their texts.
fn services(shown: &[Shown<'_>], looks: &Looks<'_>) -> BTreeMap<String, Subject> {
    let places = shown.iter().flat_map(|one| places(one.finding, one.look, looks));
    places.map(|place| (place.to_string(), place)).collect()
}

/// The servers that a finding is about: its own subject, or those that the look of an account or a mailbox went to.
fn places(finding: &Finding, look: &Observation, looks: &Looks<'_>) -> Vec<Subject> {
    if finding.account.is_none() && finding.subject.mailbox().is_none() {
        return vec![finding.subject.clone()];
    }
    if let Some(host) = look.facts.get(token::LOGIN_HOST) {
        return vec![Subject::endpoint(host, token::TOKEN_PORT)];
    }
    let same = |other: &Attempt| look.attempts.iter().chain(&look.tried).any(|path| path.address == other.address);
    let services = looks.services.iter();
    services.filter(|other| other.attempts.iter().any(same)).map(|other| other.subject.clone()).collect()
}

/// The looks at the tokens of the accounts that these findings are about.
fn tokens<'l>(shown: &[Shown<'_>], looks: &Looks<'l>) -> impl Iterator<Item = &'l Observation> + use<'l> {
    let accounts: BTreeSet<&str> = shown.iter().filter_map(|one| one.finding.account.as_deref()).collect();
    let places: BTreeSet<usize> =
        accounts.into_iter().filter_map(|account| looks.tokens_of.get(account)).flatten().copied().collect();
    let tokens: Vec<&'l Observation> = places.into_iter().map(|place| looks.tokens[place]).collect();
    tokens.into_iter()
}

/// The findings that show a cause, each with its look and the addresses that show it.
fn shown<'f>(cause: Option<&Cause>, shown_in: &[usize], findings: &'f [Finding], looks: &Looks<'f>) -> Vec<Shown<'f>> {
    let shown = |at: &usize| {
        let (finding, look) = (&findings[*at], looks.get(findings[*at].look?)?);
        let attempts = cause.map(|cause| attempts_showing(cause, finding, look)).unwrap_or_default();
        Some(Shown { finding, look, attempts })
    };
    shown_in.iter().filter_map(shown).collect()
}

/// A finding that shows a cause.
#[derive(Clone)]
struct Shown<'f> {
    finding: &'f Finding,
    look: &'f Observation,
    /// The places of the attempts that show it; empty where all do.
    attempts: Vec<usize>,
}

impl Shown<'_> {
    /// The same with each of its addresses alone, where it has several.
    fn each_attempt(&self) -> Vec<Self> {
        let alone = |at: &usize| Self { attempts: vec![*at], ..self.clone() };
        if self.attempts.is_empty() { vec![self.clone()] } else { self.attempts.iter().map(alone).collect() }
    }

    /// Whether an attempt shows it.
    fn is_shown_on(&self, attempt: usize) -> bool {
        self.attempts.is_empty() || self.attempts.contains(&attempt)
    }

    /// The addresses that show it and could not go on; all of them when every one could.
    fn stopped(&self) -> Vec<&Attempt> {
        let attempts = self.look.attempts.iter().enumerate().filter(|(at, _)| self.is_shown_on(*at));
        let attempts: Vec<&Attempt> = attempts.map(|(_, attempt)| attempt).collect();
        let stopped: Vec<&Attempt> = attempts.iter().copied().filter(|path| path.failure.is_some()).collect();
        if stopped.is_empty() { attempts } else { stopped }
    }

    /// The values of a fact on the addresses that show the cause, or else that speak against the check: what the others
    /// showed is no part of the fault.
    fn measured(&self, fact: &str) -> Vec<Value> {
        let of_groups = || match &self.finding.evidence {
            Some(Found::Groups { groups }) => groups.iter().flat_map(|group| group.attempts.clone()).collect(),
            _ => Vec::new(),
        };
        let attempts = if self.attempts.is_empty() { of_groups() } else { self.attempts.clone() };
        let units = self.look.units();
        let attempts = attempts.into_iter().filter_map(|place| units.get(place));
        let measured: Vec<Value> = attempts.filter_map(|unit| unit.fact(fact).cloned()).collect();
        if measured.is_empty() { values(self.look, fact) } else { measured }
    }
}

/// What a text names of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The server, with its port.
    pub server: Option<Subject>,
    /// The address of the mailbox.
    pub mailbox: Option<String>,
    /// Who signs in to it.
    pub user: Option<String>,
    /// The application, by its client id.
    pub application: Option<String>,
}

/// The words of a cause by the names that are known. What is not known becomes a plain word: `<host>`, `<days left>`.
#[must_use]
pub fn fill_names(text: &str, names: &Names) -> String {
    replace(text, |name| known(name, names).unwrap_or_else(|| format!("<{}>", meaning(name))))
}

/// The commands of a cause by the names that are known.
#[must_use]
pub fn commands_with_names(templates: &[Template], names: &Names) -> Vec<Command> {
    let values = |name: &str| known(name, names).into_iter().collect();
    let fits = |template: &&Template| is_for_port(template, names.server.as_ref().and_then(Subject::port));
    templates.iter().filter(fits).map(|template| template.fill(None, values, meaning)).collect()
}

/// Whether a command is for a port of this number, as far as it is known.
fn is_for_port(template: &Template, port: Option<u16>) -> bool {
    let encryption = port.map(|port| Encryption::of_port(&port.to_string()));
    template.when.is_none() || encryption.is_none() || encryption == template.when
}

fn known(name: &str, Names { server, mailbox, user, application }: &Names) -> Option<String> {
    match name {
        TENANT => Some(ANY_TENANT.to_owned()),
        "host" | "hosts" | "server" => host(server.as_ref()?),
        "port" | "ports" => port(server.as_ref()?),
        "subject" | "subjects" | "server-port" => Some(server.as_ref()?.to_string()),
        "mailbox" => mailbox.clone(),
        "user" => user.clone(),
        APPLICATION => application.clone(),
        _ => None,
    }
}

/// What a placeholder means, where it has no value.
fn meaning(name: &str) -> String {
    let word = PLAIN.iter().find(|(known, _)| *known == name).map(|(_, word)| *word);
    word.or_else(|| expect::fact(name).map(|fact| fact.label)).unwrap_or(name).to_owned()
}

fn joined(name: &str, values: BTreeSet<String>) -> String {
    let between = if name == COMMANDS { "\n" } else { ", " };
    if values.is_empty() {
        return "…".to_owned();
    }
    let mut values: Vec<String> = values.into_iter().collect();
    values.sort_by_key(|value| value.parse::<i64>().unwrap_or(i64::MAX)); // 20 comes before 1438
    values.join(between)
}

fn values_of(name: &str, shown: &[Shown<'_>]) -> BTreeSet<String> {
    match name {
        "mailbox" => {
            let mailboxes: BTreeSet<String> =
                shown.iter().filter_map(|one| Some(one.finding.subject.mailbox()?.to_owned())).collect();
            if mailboxes.is_empty() { facts(USER, shown) } else { mailboxes }
        }
        "user" => {
            let users: BTreeSet<String> = USERS.iter().flat_map(|fact| facts(fact, shown)).collect();
            if users.is_empty() { values_of("mailbox", shown) } else { users }
        }
        "account" => shown.iter().filter_map(|one| Some(one.finding.account.as_ref()?.to_string())).collect(),
        "address" | "addresses" => {
            shown.iter().flat_map(Shown::stopped).map(|path| path.address.ip().to_string()).collect()
        }
        "sources" => {
            shown.iter().flat_map(|one| one.look.attempts.iter()).filter_map(|path| path.source.clone()).collect()
        }
        fact => facts(fact, shown),
    }
}

/// Every name and port of Microsoft's that this run went to: what a rule in the path must hold.
fn endpoints(looks: &Looks<'_>) -> BTreeSet<String> {
    let services = looks.all.iter().filter(|look| !look.own && look.subject.port().is_some());
    services.map(|look| look.subject.to_string()).collect()
}

fn facts(name: &str, shown: &[Shown<'_>]) -> BTreeSet<String> {
    let items = |value: Value| match value {
        Value::List(items) if !items.is_empty() => items,
        other => vec![other.to_string()],
    };
    let of_attempts = shown.iter().flat_map(|one| one.measured(name));
    let found: BTreeSet<String> = of_attempts.flat_map(items).collect();
    if name == STATUS && found.is_empty() { statuses(shown) } else { found }
}

/// The HTTP statuses of failures, where no response was measured as a fact.
fn statuses(shown: &[Shown<'_>]) -> BTreeSet<String> {
    let failures = shown.iter().flat_map(|Shown { look, .. }| {
        let of_attempts = look.attempts.iter().chain(&look.tried).filter_map(|attempt| attempt.failure.as_ref());
        of_attempts.chain(&look.failure)
    });
    failures.filter_map(|failure| failure.code).map(|code| code.to_string()).collect()
}

/// The address that a command must go to: the first that shows the cause, where the others of the service do not. By its
/// name it would reach any of them.
fn server(shown: &[Shown<'_>]) -> Option<String> {
    let mut direct = shown.iter().filter(|one| matches!(one.look.route, Route::Direct | Route::Resolve { .. }));
    let stopped =
        direct.find_map(|one| Some(one.stopped()).filter(|stopped| stopped.len() < one.look.attempts.len()))?;
    Some(stopped.first()?.address.ip().to_string())
}

fn at_port(address: &str, port: Option<u16>) -> String {
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    if address.contains(':') { format!("[{address}]{port}") } else { format!("{address}{port}") }
}

fn host(subject: &Subject) -> Option<String> {
    subject.host().map(str::to_owned)
}

fn port(subject: &Subject) -> Option<String> {
    subject.port().map(|port| port.to_string())
}

#[cfg(test)]
mod tests;
