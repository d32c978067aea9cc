//! `ece-check evidence`: what to ask a colleague for, and what the file that comes back settles.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand, ValueEnum};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

mod application;
mod logs;

pub use application::of_application;

use super::{
    CliError,
    list::{Output, json},
    print,
};
use crate::{
    catalogue::Catalogue,
    deployment::{Account, Attestation, Cloud, Deployment, Inbound, Integration},
    evidence::{Facts, Failure, FailureKind, Protocol, Stage},
    explain::ece_log::{self, LogFile},
    finding::Status,
    graph::Answer,
    import::{
        self, File, Made, Rejected, Stated,
        record::Record,
        request::{Colleague, How, PLACEHOLDERS, Request, Site, Together, request},
        rules::{self, Exported, Outcome, Question, Reason, Settled, webex},
    },
    oauth::TokenSource,
    report::{Page, Paint, Verbosity, prose},
};

#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what was recognized in files that colleagues exported, and what they settle
    Show(Show),
    /// Print what a colleague runs or downloads, filled in for this site; nothing is changed
    Request(Ask),
}

#[derive(Debug, Args)]
struct Show {
    /// Files or folders
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Site configuration file [default: ece-check.toml when it exists]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The user or mailbox of files that do not name one
    #[arg(long, value_name = "ADDRESS")]
    subject: Option<String>,
    /// What a list without rows is a list of, such as user-license
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// The day when files without a date were made
    #[arg(long, value_name = "YYYY-MM-DD")]
    as_of: Option<Date>,
    /// The format to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

#[derive(Debug, Args)]
struct Ask {
    /// Who is asked
    #[arg(long = "for", value_enum, value_name = "OWNER")]
    colleague: Asked,
    /// Site configuration file [default: ece-check.toml when it exists]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The format to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
}

/// The colleagues as the flag names them.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Asked {
    /// An Exchange administrator
    Exchange,
    /// An administrator of Microsoft Entra ID
    Entra,
    /// An administrator of Webex
    Webex,
    /// The network team
    Network,
    /// An administrator of ECE
    Ece,
}

impl From<Asked> for Colleague {
    fn from(asked: Asked) -> Self {
        match asked {
            Asked::Exchange => Self::Exchange,
            Asked::Entra => Self::Entra,
            Asked::Webex => Self::Webex,
            Asked::Network => Self::Network,
            Asked::Ece => Self::Ece,
        }
    }
}

/// The site file, when none is named and it exists.
const DEFAULT_FILE: &str = "ece-check.toml";

/// Shows or asks.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    match &arguments.command {
        Command::Show(arguments) => show(arguments),
        Command::Request(arguments) => ask(arguments),
    }
}

fn ask(arguments: &Ask) -> Result<ExitCode, CliError> {
    let path = path_of(arguments.config.as_deref());
    let deployment = path.map(Deployment::read).transpose()?.unwrap_or_default();
    let request = request(arguments.colleague.into(), &site_of(&deployment));
    print::data(&match arguments.output {
        Output::Text => request_text(&request),
        Output::Json => json(&request),
    });
    Ok(ExitCode::SUCCESS)
}

fn path_of(config: Option<&Path>) -> Option<&Path> {
    config.or_else(|| Some(Path::new(DEFAULT_FILE)).filter(|file| file.exists()))
}

fn site_of(deployment: &Deployment) -> Site {
    let of = |account: &Account| {
        account.mailboxes.iter().chain(&account.signs_in_as).map(|address| address.to_lowercase()).collect::<Vec<_>>()
    };
    let mut mailboxes: Vec<String> = Vec::new();
    for address in deployment.accounts.iter().flat_map(of) {
        if !mailboxes.contains(&address) {
            mailboxes.push(address);
        }
    }
    Site {
        mailboxes,
        client_id: deployment.entra.client_id.map(|id| id.to_string()),
        application: deployment.accounts.iter().any(is_application),
        endpoints: endpoints(deployment),
    }
}

/// What ECE connects to in the cloud of the site.
fn endpoints(deployment: &Deployment) -> Vec<(String, u16)> {
    let catalogue = Catalogue::built_in();
    let cloud = catalogue.tables.clouds.named(deployment.entra.cloud.unwrap_or(Cloud::Worldwide).word());
    let endpoints = cloud.into_iter().flat_map(|cloud| &cloud.endpoints);
    endpoints.map(|endpoint| (endpoint.host.clone(), endpoint.port)).collect()
}

fn is_application(account: &Account) -> bool {
    matches!(account.credential, Some(TokenSource::ClientCredentials))
}

/// What is to be replaced by hand where no site file gives it.
fn placeholders(request: &Request) -> String {
    let lines: Vec<&str> = request.steps.iter().flat_map(|step| &step.lines).map(String::as_str).collect();
    let used = PLACEHOLDERS.iter().filter(|name| lines.iter().any(|line| line.contains(**name)));
    let used: Vec<String> = used.map(|name| format!("'{name}'")).collect();
    if used.is_empty() {
        return String::new();
    }
    format!("Replace {} first, or give the site file with -c ece-check.toml.\n", used.join(" and "))
}

fn request_text(request: &Request) -> String {
    let mut text = format!("{}\n{}", request.rights, placeholders(request));
    for (above, step) in request.steps.iter().enumerate() {
        let how = match step.how {
            How::Powershell => "PowerShell",
            How::Browser => "browser",
            How::Device => "firewall, proxy",
        };
        let _ = writeln!(text, "\n{}. {} ({how})", above + 1, step.title);
        if !step.file.is_empty() {
            let _ = writeln!(text, "   file: {}", step.file);
        }
        if !step.needs.is_empty() {
            let _ = writeln!(text, "   needs: {}", step.needs);
        }
        if !step.settles.is_empty() {
            let _ = writeln!(text, "   settles: {}", step.settles.join(", "));
        }
        if let Some(Together { check, with }) = step.together {
            let _ = writeln!(text, "   settles together with the file of --for {}: {check}", with.word());
        }
        text.push('\n');
        for line in &step.lines {
            let _ = writeln!(text, "{line}");
        }
    }
    let is_read_back = request.steps.iter().any(|step| !step.settles.is_empty());
    text + if is_read_back { SEND_BACK } else { TEST_AGAIN }
}

/// What becomes of files that `run` reads.
const SEND_BACK: &str =
    "\nSend the files back to the person who asked for them, who runs:\n\nece-check run --evidence FILE\n";

/// What shows that something was done of which no file is read.
const TEST_AGAIN: &str = "\nAfter the change, the person who asked runs on the ECE server:\n\nece-check run --only dns,tcp,tls,https,smtp.starttls\n";

fn show(arguments: &Show) -> Result<ExitCode, CliError> {
    let path = path_of(arguments.config.as_deref());
    let deployment = path.map(Deployment::read_sample).transpose()?; // nothing is connected to: a sample harms nobody
    let stated = Stated {
        as_of: arguments.as_of.and_then(midnight),
        subject: arguments.subject.clone(),
        kind: arguments.kind.clone(),
    };
    let Given { files, logs, rejected, .. } = read_all(&arguments.files, &stated);
    let now = Timestamp::now();
    let question = match &deployment {
        Some(deployment) => question_of(deployment, now),
        None => Question::of_files(&files, now),
    };
    let of_webex = question_of_webex(&deployment.unwrap_or_default(), now);
    let mut settled = rules::settle(&files, &question);
    settled.extend(webex::settle(&files, &of_webex).into_iter().filter(|one| !one.from.is_empty()));
    let mut shown = Shown::new(&files, &rejected, &settled);
    if !logs.is_empty() {
        shown.add_logs(&logs, &ece_log::settle(&logs, &question.accounts, &Catalogue::built_in(), now));
    }
    print::data(&match arguments.output {
        Output::Text => shown.text(),
        Output::Json => json(&shown),
    });
    for one in &rejected {
        print::error(&one.to_string());
    }
    Ok(if files.is_empty() && logs.is_empty() { ExitCode::from(2) } else { ExitCode::SUCCESS })
}

/// What was given: files, ECE's own logs, and what cannot be used.
#[derive(Default)]
pub struct Given {
    /// Files that were recognized.
    pub files: Vec<File>,
    logs: Vec<LogFile>,
    rejected: Vec<Rejected>,
    /// What the site file names and nothing can be read of.
    missing: Option<Rejected>,
    /// The accounts of which the token is known to be the application's own.
    pub of_application: BTreeSet<String>,
}

impl Given {
    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.logs.is_empty()
    }
}

/// Reads files and folders; a bad file stops nothing but itself.
fn read_all(paths: &[PathBuf], stated: &Stated) -> Given {
    let mut given = Given::default();
    for path in paths {
        match import::files_of(path) {
            Ok(found) => found.iter().for_each(|path| read_one(path, stated, &mut given)),
            Err(error) => given.rejected.push(error),
        }
    }
    given
}

fn read_one(path: &Path, stated: &Stated, given: &mut Given) {
    if let Some(log) = logs::read(path) {
        return given.logs.push(log);
    }
    match import::read(path, stated) {
        Ok(file) => {
            if let Made::Future(at) = file.made {
                print::error(&format!(
                    "{}: its date is {at}, which is in the future: it settles nothing. Check the clocks of the computer that \
                     exported it and of this server",
                    file.name
                ));
            }
            given.files.push(file);
        }
        Err(error) => given.rejected.push(error),
    }
}

/// The files of a run; a bad file is told and stops nothing but itself.
///
/// # Errors
/// When files were given on the command line and none of them can be used. What the site file names and is not there
/// leaves the run as it is: the checks that need it wait for it.
pub fn read_evidence(paths: &[PathBuf], deployment: &Deployment) -> Result<Given, CliError> {
    let stated = Stated { as_of: deployment.evidence.as_of.and_then(midnight), ..Stated::default() };
    let mut given = read_all(paths, &stated);
    if let (true, Some(first)) = (given.is_empty(), given.rejected.first()) {
        return Err(CliError::Usage(first.to_string(), "nothing of the evidence can be used".to_owned()));
    }
    for path in &deployment.evidence.files {
        let of_path = read_all(std::slice::from_ref(path), &stated);
        given.missing = given.missing.or_else(|| of_path.rejected.first().filter(|_| of_path.is_empty()).cloned());
        given.files.extend(of_path.files);
        given.logs.extend(of_path.logs);
        given.rejected.extend(of_path.rejected);
    }
    for one in &given.rejected {
        print::error(&one.to_string());
    }
    given.logs.extend(logs::of_site(deployment));
    Ok(given)
}

/// What files, logs of ECE, Microsoft Graph and statements settle for a site.
pub fn exported(given: Given, live: Answer, deployment: &Deployment, catalogue: &Catalogue) -> Vec<Exported> {
    let Given { mut files, logs, missing, of_application, .. } = given;
    let mut question = question_of(deployment, Timestamp::now());
    for account in question.accounts.iter_mut().filter(|account| of_application.contains(&account.name)) {
        (account.application, account.signs_in_as) = (true, None);
    }
    files.extend(live.files);
    let (of_webex, others): (Vec<_>, Vec<_>) =
        deployment.attestations.iter().map(attestation).partition(|one| one.check.starts_with("webex."));
    let mut exported = rules::exported(&files, &others, &question, missing.is_some());
    exported.extend(ece_log::settle(&logs, &question.accounts, catalogue, question.now));
    if !files.is_empty() || deployment.webex.is_some() || !of_webex.is_empty() || !live.refused.is_empty() {
        exported.extend(webex::exported(&files, &of_webex, &question_of_webex(deployment, question.now)));
    }
    for one in exported.iter_mut().filter(|one| one.settled.outcome == Outcome::NeedsInput) {
        let refused = live.refused.iter().find(|refused| refused.checks.contains(&one.settled.check));
        if let Some(refused) = refused {
            one.settled.reason = Reason::Refused(refused.words.clone());
        }
    }
    if let Some(missing) = missing {
        let words = format!("evidence of the site file: {}", missing.to_string().replace('\n', ": "));
        let failure = Failure::new(Protocol::Graph, Stage::Credential, FailureKind::Missing, words);
        for one in exported.iter_mut().filter(|one| one.settled.outcome == Outcome::NeedsInput) {
            one.failure = Some(failure.clone());
        }
    }
    exported
}

fn midnight(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
}

fn attestation(stated: &Attestation) -> rules::Attestation {
    rules::Attestation {
        check: stated.check.clone(),
        subject: stated.subject.clone(),
        holds: stated.holds,
        by: stated.by.clone(),
        on: stated.on,
    }
}

/// What is asked about the integrations of Webex.
pub fn question_of_webex(deployment: &Deployment, now: Timestamp) -> webex::Question {
    let stated = deployment.webex.clone().unwrap_or_default();
    let integration = stated.integration.map(|integration| match integration {
        Integration::Wizard => webex::Integration::Wizard,
        Integration::Gallery => webex::Integration::Gallery,
    });
    webex::Question {
        now,
        integration,
        tenant: deployment.entra.tenant.clone(),
        org_id: stated.org_id,
        tenant_url: stated.tenant_url,
        user_name_from: stated.user_name_from,
    }
}

/// What is asked about a site.
pub fn question_of(deployment: &Deployment, now: Timestamp) -> Question {
    let account = |account: &Account| rules::Account {
        name: account.name.clone(),
        signs_in_as: account
            .signs_in_as
            .clone()
            .or_else(|| account.mailboxes.first().cloned())
            .filter(|_| !is_application(account)),
        application: is_application(account),
        imap: account.inbound.map(|inbound| inbound == Inbound::Imap),
        mailboxes: account.mailboxes.clone(),
    };
    Question {
        now,
        client_id: deployment.entra.client_id.map(|id| id.to_string()),
        redirect_url: deployment.ece.redirect_url.clone(),
        secret_expires: deployment.entra.secret_expires,
        accounts: deployment.accounts.iter().map(account).collect(),
    }
}

/// What is shown of files, in either format.
#[derive(Serialize)]
struct Shown {
    files: Vec<ShownFile>,
    rejected: Vec<String>,
    settles: Vec<ShownSettled>,
}

#[derive(Serialize)]
struct ShownFile {
    file: String,
    sha256: String,
    form: String,
    made_at: Option<String>,
    made_at_from: &'static str,
    rows: usize,
    kinds: BTreeMap<&'static str, usize>,
    incomplete: Vec<String>,
    problems: Vec<String>,
    records: Vec<Record>,
}

#[derive(Serialize)]
struct ShownSettled {
    check: &'static str,
    subject: String,
    status: Outcome,
    reason: String,
    cause: Option<&'static str>,
    facts: Facts,
    files: Vec<String>,
}

/// The most records of a file that the JSON repeats: lists of users are long and nobody's business.
const MOST_RECORDS: usize = 200;

impl Shown {
    fn new(files: &[File], rejected: &[Rejected], settled: &[Settled]) -> Self {
        let names =
            |from: &[usize]| from.iter().filter_map(|file| files.get(*file)).map(|file| file.name.clone()).collect();
        let settles = settled.iter().map(|one| ShownSettled {
            check: one.check,
            subject: one.subject.to_string(),
            status: one.outcome,
            reason: one.reason.to_string(),
            cause: one.cause,
            facts: one.facts.clone(),
            files: names(&one.from),
        });
        Self {
            files: files.iter().map(ShownFile::new).collect(),
            rejected: rejected.iter().map(ToString::to_string).collect(),
            settles: settles.collect(),
        }
    }

    fn add_logs(&mut self, logs: &[LogFile], settled: &[Exported]) {
        self.files.extend(logs.iter().map(ShownFile::of_log));
        self.settles.extend(settled.iter().map(|one| ShownSettled {
            check: one.settled.check,
            subject: one.settled.subject.to_string(),
            status: one.settled.outcome,
            reason: one.settled.reason.to_string(),
            cause: None,
            facts: one.settled.facts.clone(),
            files: logs.iter().map(|log| log.name.clone()).collect(),
        }));
    }

    fn text(&self) -> String {
        let style = print::style(false, Verbosity::Normal);
        let mut page = Page::new(&style);
        for file in &self.files {
            page.gap();
            file.tell(&mut page);
        }
        if !self.settles.is_empty() {
            page.heading("What this settles");
        }
        for one in &self.settles {
            one.tell(&mut page);
        }
        page.finish()
    }
}

impl ShownFile {
    fn new(file: &File) -> Self {
        let mut kinds = BTreeMap::new();
        for row in &file.rows {
            *kinds.entry(row.record.kind()).or_default() += 1;
        }
        for kind in &file.complete {
            kinds.entry(*kind).or_default();
        }
        Self {
            file: file.name.clone(),
            sha256: file.sha256.clone(),
            form: file.container.to_string(),
            made_at: file.made.written().map(|at| at.to_string()),
            made_at_from: match file.made {
                Made::Inside(_) => "the file itself",
                Made::Stated(_) => "stated",
                Made::FileSystem(_) => "the file system",
                Made::Future(_) => "in the future: check the clocks",
                Made::Unknown => "not known",
            },
            rows: file.rows.len(),
            kinds,
            incomplete: file.incomplete.iter().map(ToString::to_string).collect(),
            problems: file.problems.iter().map(ToString::to_string).collect(),
            records: file.rows.iter().take(MOST_RECORDS).map(|row| row.record.clone()).collect(),
        }
    }

    fn of_log(log: &LogFile) -> Self {
        Self {
            file: log.name.clone(),
            sha256: log.sha256.clone(),
            form: "log of ECE".to_owned(),
            made_at: None,
            made_at_from: "its newest line counts",
            rows: log.text.lines().count(),
            kinds: BTreeMap::from([("ece-log", log.text.lines().count())]),
            incomplete: Vec::new(),
            problems: Vec::new(),
            records: Vec::new(),
        }
    }

    fn tell(&self, page: &mut Page<'_>) {
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, count)| format!("{kind}: {count}")).collect();
        let made = self.made_at.as_deref().unwrap_or("no date");
        page.paragraph(Paint::Strong, &line(&self.file));
        page.field("form", &self.form);
        page.field("holds", &kinds.join(", "));
        page.field("made", &format!("{made} ({})", self.made_at_from));
        page.field("SHA-256", &self.sha256);
        for (label, remarks) in [("missing", &self.incomplete), ("ignored", &self.problems)] {
            for remark in remarks {
                page.field(label, &line(remark));
            }
        }
    }
}

impl ShownSettled {
    fn tell(&self, page: &mut Page<'_>) {
        let (status, reason) = match self.status {
            Outcome::Pass => (Status::Pass, "reason"),
            Outcome::Warn => (Status::Warn, "reason"),
            Outcome::Fail => (Status::Fail, "reason"),
            Outcome::NeedsInput => (Status::Skip, "input"),
            Outcome::NotApplicable => (Status::Skip, "reason"),
        };
        let facts: Vec<String> =
            self.facts.iter().map(|(name, value)| format!("{}: {value}", prose::label(name))).collect();
        page.item(status, &line(&self.subject), Some(self.check));
        page.field("found", &line(&facts.join(", ")));
        page.field(reason, &line(&self.reason));
        if let Some(cause) = self.cause {
            page.field("cause", cause);
            let details = page.called(&format!("ece-check explain {cause}"));
            page.field("details", &details);
        }
    }
}

/// A text from outside, harmless on a terminal.
fn line(text: &str) -> String {
    crate::report::harmless::line(text, 400)
}
