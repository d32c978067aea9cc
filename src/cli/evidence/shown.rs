//! What `ece-check evidence show` shows of files, in either format.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::{
    catalogue::Catalogue,
    cli::print,
    evidence::Facts,
    explain::ece_log::LogFile,
    finding::{Owner, Status},
    import::{
        File, Made, Rejected,
        record::Record,
        rules::{Exported, Outcome, Settled},
    },
    report::{Page, Paint, Verbosity, prose},
    secret::suspect,
};

/// What is shown of files, in either format.
#[derive(Serialize)]
pub struct Shown {
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
    /// True when no row is about the subject.
    #[serde(skip)]
    has_no_row: bool,
}

/// The most records of a file that the JSON repeats: lists of users are long and personal data.
const MOST_RECORDS: usize = 200;

impl Shown {
    /// What the files are, what of them cannot be used, and what they settle.
    pub fn new(files: &[File], rejected: &[Rejected], settled: &[Settled]) -> Self {
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
            has_no_row: one.reason.with_command().is_some(),
        });
        Self {
            files: files.iter().map(ShownFile::new).collect(),
            rejected: rejected.iter().map(|one| suspect::masked(&one.to_string())).collect(),
            settles: settles.collect(),
        }
    }

    /// Adds ECE's own logs.
    pub fn add_logs(&mut self, logs: &[LogFile], settled: &[Exported]) {
        self.files.extend(logs.iter().map(ShownFile::of_log));
        self.settles.extend(settled.iter().map(|one| ShownSettled {
            check: one.settled.check,
            subject: one.settled.subject.to_string(),
            status: one.settled.outcome,
            reason: one.settled.reason.to_string(),
            cause: None,
            facts: one.settled.facts.clone(),
            files: logs.iter().map(|log| log.name.clone()).collect(),
            has_no_row: false,
        }));
    }

    /// For a person.
    pub fn text(&self) -> String {
        let style = print::style(false, Verbosity::Normal);
        let mut page = Page::new(&style);
        for file in &self.files {
            page.gap();
            file.tell(&mut page);
        }
        let (waiting, settled): (Vec<_>, Vec<_>) = self.settles.iter().partition(|one| one.has_no_row);
        if !settled.is_empty() {
            page.heading("What this settles");
        }
        for one in settled {
            one.tell(&mut page);
        }
        if !self.files.is_empty() {
            tell_waiting(&waiting, &mut page);
        }
        page.finish()
    }
}

/// What no row is about: each check once, and who is asked for the rows.
fn tell_waiting(waiting: &[&ShownSettled], page: &mut Page<'_>) {
    let (catalogue, mut told, mut owners) = (Catalogue::built_in(), Vec::new(), Vec::new());
    for one in waiting {
        if told.is_empty() {
            page.heading("What it does not settle: no rows");
        }
        if told.contains(&one.check) {
            continue;
        }
        told.push(one.check);
        let of_check = waiting.iter().filter(|other| other.check == one.check);
        let subjects: Vec<&str> = of_check.map(|other| other.subject.as_str()).collect();
        page.item(Status::Skip, &line(&subjects.join(", ")), Some(one.check));
        let owner = catalogue.check(one.check).and_then(|check| check.asks).map(Owner::word);
        owners.extend(owner.filter(|owner| !owners.contains(owner)));
    }
    let commands: Vec<String> =
        owners.iter().map(|owner| page.called(&format!("ece-check evidence request --for {owner}"))).collect();
    page.command(&commands.join("\n"));
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
                Made::Strange => "the file itself, in a form that is not understood",
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
        let facts: Vec<String> = self
            .facts
            .iter()
            .map(|(name, value)| (prose::label(name), value))
            .filter(|(label, _)| !label.is_empty())
            .map(|(label, value)| format!("{label}: {value}"))
            .collect();
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
