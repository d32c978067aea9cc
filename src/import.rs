//! Evidence: files that the administrators of Exchange, Entra and Webex export and hand over.
//!
//! In: a file, or its bytes. Out: a [`File`]: what it is, typed [`Record`]s, and what of it could not be understood; or
//! why nothing of it can be used. A file is recognized by its content, never by its name. Each has its SHA-256, the moment
//! when it was made, and the rows that were used. Fields that can hold a secret are dropped while reading. Size, rows and
//! depth are bounded. Nothing is judged here but in [`rules`], which are pure.

pub mod cell;
pub mod clixml;
pub mod csv;
mod date;
pub mod debug_block;
pub mod decode;
pub mod entra;
pub mod exchange;
pub mod facts;
mod folder;
pub mod format_list;
pub mod format_table;
pub mod json;
pub mod masked;
pub mod paste;
pub mod portal;
mod recognize;
pub mod record;
pub mod request;
pub mod rules;
mod secrets;
mod users;

use std::{
    fmt::{self, Write as _},
    fs,
    path::Path,
};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    evidence::Source,
    files,
    secret::{self, Secret},
};
use cell::{Cell, Object, Place};
use debug_block::DebugBlock;
use decode::Encoding;
pub use folder::files_of;
use record::Record;

/// The largest file that is read, in bytes.
pub const LARGEST: u64 = 64 << 20;

/// Why nothing of a file can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Rejected {
    /// The file, as it was given.
    pub file: String,
    /// Where in it.
    pub place: Option<Place>,
    /// What is wrong.
    pub wrong: String,
    /// What would be right.
    pub right: String,
}

impl Rejected {
    /// A rejection that no single place is to blame for.
    #[must_use]
    pub fn whole(file: &str, wrong: &str, right: &str) -> Self {
        Self { file: file.to_owned(), place: None, wrong: wrong.to_owned(), right: right.to_owned() }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(place) => write!(f, "{}, {place}: {}", self.file, self.wrong)?,
            None => write!(f, "{}: {}", self.file, self.wrong)?,
        }
        write!(f, "\n  {}", self.right)
    }
}

/// What of a file could not be understood; the rest of it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub wrong: String,
    /// What would be right.
    pub right: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.wrong, self.right)
    }
}

/// Why a file is incomplete: it proves that something is there, never that something is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Incomplete {
    /// Graph had further pages.
    NextLink,
    /// Exchange printed its warning of the first 1,000 items.
    FirstThousand,
    /// Exactly 1,000 rows: the default limit of Exchange.
    ExactlyThousand,
    /// Rows that could not be read were left out.
    BadRows,
    /// Lists were cut by their writer.
    CutLists,
}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NextLink => "has further pages that are not in the file (@odata.nextLink)",
            Self::FirstThousand => "holds the first 1,000 items only (use -ResultSize Unlimited)",
            Self::ExactlyThousand => "holds exactly 1,000 rows, the default limit of Exchange",
            Self::BadRows => "rows that could not be read were left out",
            Self::CutLists => "lists in it were cut by PowerShell (use ConvertTo-Json -Depth 5)",
        })
    }
}

/// The form of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Container {
    /// JSON of PowerShell, Graph or a portal.
    Json,
    /// The JSON that the printed block writes.
    Bundle,
    /// Comma- or semicolon-separated values.
    Csv,
    /// `Export-Clixml`.
    Clixml,
    /// `Format-List`, also pasted with its prompts.
    FormatList,
    /// `Format-Table`.
    FormatTable,
    /// The debug text of Control Hub.
    DebugBlock,
    /// A reply of Microsoft Graph in this run.
    Graph,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "JSON",
            Self::Bundle => "JSON of ece-check evidence request",
            Self::Csv => "CSV",
            Self::Clixml => "CLIXML",
            Self::FormatList => "Format-List text",
            Self::FormatTable => "Format-Table text",
            Self::DebugBlock => "Control Hub debug text",
            Self::Graph => "reply of Microsoft Graph",
        })
    }
}

/// What a container holds before its meaning is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    /// The form of the file.
    pub container: Container,
    /// Its objects.
    pub objects: Vec<Object>,
    /// What was asked for as a whole, where the file says so.
    pub asked: Option<String>,
    /// The header of a table.
    pub header: Vec<String>,
    /// Lists that are whole, by the cmdlet that gives them: one without rows proves that there is none.
    pub complete: Vec<String>,
    /// Why it is incomplete.
    pub incomplete: Vec<Incomplete>,
    /// The moment that the file says it was made.
    pub made_at: Option<String>,
    /// What could not be understood.
    pub problems: Vec<Problem>,
}

impl Sheet {
    fn new(container: Container) -> Self {
        Self {
            container,
            objects: Vec::new(),
            asked: None,
            header: Vec::new(),
            complete: Vec::new(),
            incomplete: Vec::new(),
            made_at: None,
            problems: Vec::new(),
        }
    }

    /// Notes what is wrong with a row, as far as a person reads such notes.
    fn note(&mut self, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Notes a row that is left out: the sheet does not hold all rows.
    fn leave_out(&mut self, problem: Problem) {
        self.note(problem);
        if !self.incomplete.contains(&Incomplete::BadRows) {
            self.incomplete.push(Incomplete::BadRows);
        }
    }

    fn note_what_is_missing(&mut self, rows: usize) {
        if rows == 1000 && self.container != Container::Bundle {
            self.incomplete.push(Incomplete::ExactlyThousand);
        }
        if self.objects.iter().any(exchange::is_cut) {
            self.incomplete.push(Incomplete::CutLists);
        }
        self.incomplete.dedup();
    }

    /// Adds the objects of a list, with what was asked for and for whom; anything else in the list is a problem.
    fn extend(&mut self, items: Vec<Cell>, asked: Option<&str>, whom: Option<&str>) {
        for item in items {
            let place = Place::Item(self.objects.len() + self.problems.len() + 1);
            match item {
                Cell::Object(object) => {
                    self.objects.push(Object {
                        place,
                        asked: asked.map(str::to_owned),
                        whom: whom.map(str::to_owned),
                        ..*object
                    });
                }
                Cell::List(inner) => self.extend(inner, asked, whom), // a list in a list: PowerShell 5.1
                Cell::Null => {}
                _ => self.problems.push(Problem {
                    place,
                    wrong: "is not an object with named values".to_owned(),
                    right: "pipe the objects into ConvertTo-Json -Depth 5, without Out-String".to_owned(),
                }),
            }
        }
    }
}

/// What a person states of a file that does not say it itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stated {
    /// The day when it was made, for files without a date.
    pub as_of: Option<Timestamp>,
    /// Whom it is about, for files that do not name them.
    pub subject: Option<String>,
    /// The kind of its rows, for a list without rows.
    pub kind: Option<String>,
}

/// When a file was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// The file itself says so.
    Inside(Timestamp),
    /// The user states it.
    Stated(Timestamp),
    /// The file system says so: the moment of copying, often.
    FileSystem(Timestamp),
    /// A date that is more than a day ahead: a clock is wrong, or the date is.
    Future(Timestamp),
    /// The file has a date that is not understood: a local form without a time zone, for example.
    Strange,
    /// It is not known.
    Unknown,
}

impl Made {
    /// The moment.
    #[must_use]
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::Inside(at) | Self::Stated(at) | Self::FileSystem(at) => Some(at),
            Self::Future(_) | Self::Strange | Self::Unknown => None,
        }
    }

    /// The date as it is written, whether it can be true or not.
    #[must_use]
    pub fn written(self) -> Option<Timestamp> {
        if let Self::Future(at) = self { Some(at) } else { self.at() }
    }

    /// A date that has not come yet says nothing of the age.
    fn as_of(self, now: Timestamp) -> Self {
        match self.at() {
            Some(at) if at.duration_since(now) > AHEAD => Self::Future(at),
            _ => self,
        }
    }
}

/// So many rows with mistakes are named.
const MOST_PROBLEMS: usize = 20;

/// How far clocks and time zones may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// What a file system says of a time before is what unpacking an archive without times leaves: 1980-01-01 in a ZIP, or 1970.
const BEFORE_ALL_EXPORTS: i64 = 946_684_800; // 2000-01-01

/// A file of evidence.
#[derive(Clone, Debug, PartialEq)]
pub struct File {
    /// The file, as it was given.
    pub name: String,
    /// The SHA-256 of its bytes, in lower-case hexadecimal.
    pub sha256: String,
    /// Its form.
    pub container: Container,
    /// Its encoding.
    pub encoding: Encoding,
    /// When it was made.
    pub made: Made,
    /// Whom it is about as a whole, where it or the user says so.
    pub subject: Option<String>,
    /// Its rows, with their places.
    pub rows: Vec<Row>,
    /// The kinds of which it holds all rows, although it may hold none.
    pub complete: Vec<&'static str>,
    /// Why it is incomplete.
    pub incomplete: Vec<Incomplete>,
    /// What could not be understood.
    pub problems: Vec<Problem>,
    /// What only a secret looks like, wherever it stands: it must not leave, not even in part.
    pub secrets: Vec<Secret>,
}

impl File {
    /// A reply without rows.
    #[must_use]
    pub fn without_rows(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            sha256: String::new(),
            container: Container::Graph,
            encoding: Encoding::Utf8,
            made: Made::Unknown,
            subject: None,
            rows: Vec::new(),
            complete: Vec::new(),
            incomplete: Vec::new(),
            problems: Vec::new(),
            secrets: Vec::new(),
        }
    }

    /// Where an observation comes from that rests on this file.
    #[must_use]
    pub fn source(&self) -> Source {
        if self.container == Container::Graph {
            return Source::Graph;
        }
        Source::File {
            sha256: self.sha256.clone(),
            name: self.name.rsplit(['/', '\\']).next().unwrap_or(&self.name).to_owned(),
            made_at: self.made.written().map(|at| at.to_string()),
            of_file_system: matches!(self.made, Made::FileSystem(_)),
            rows: self.rows.len(),
        }
    }
}

/// A row of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Where it is.
    pub place: Place,
    /// What it means.
    pub record: Record,
}

impl Row {
    fn of_block((above, block): (usize, DebugBlock)) -> Self {
        Self { place: Place::Item(above + 1), record: Record::WebexDebug(block) }
    }
}

/// Reads a file.
///
/// # Errors
/// When it cannot be read, is too large, or nothing of it can be used.
pub fn read(path: &Path, stated: &Stated) -> Result<File, Rejected> {
    let name = path.display().to_string();
    let unread =
        |error: std::io::Error| Rejected::whole(&name, &files::unread(&error), "give a file that this user may read");
    let about = fs::metadata(path).map_err(unread)?;
    let too_large = || Rejected::whole(&name, "has more than 64 MiB", "export only the mailboxes of ECE");
    if about.is_dir() {
        return Err(Rejected::whole(&name, "is a folder", "give the files in it"));
    }
    if about.len() > LARGEST {
        return Err(too_large());
    }
    let bytes = files::read(path, LARGEST).map_err(unread)?; // a pipe or a device is waited for, but not for ever
    let modified = about.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    let mut file = parse(&name, &bytes, stated)?;
    if let (Made::Unknown, Some(at)) = (file.made, modified.filter(|at| at.as_second() >= BEFORE_ALL_EXPORTS)) {
        file.made = Made::FileSystem(at);
    }
    file.made = file.made.as_of(Timestamp::now());
    Ok(file)
}

/// Reads the bytes of a file.
///
/// # Errors
/// When nothing of it can be used.
pub fn parse(name: &str, bytes: &[u8], stated: &Stated) -> Result<File, Rejected> {
    let (text, encoding) = decode::text(name, bytes)?;
    let is_certain = encoding != Encoding::Windows1252;
    // what a mail makes of spaces
    let text = if is_certain && text.contains('\u{a0}') { text.replace('\u{a0}', " ").into() } else { text };
    let (sheet, rows) = contents(name, text.trim_start_matches('\u{feff}'), stated)?;
    Ok(File {
        name: name.to_owned(),
        sha256: sha256(bytes),
        container: sheet.container,
        encoding,
        made: made(&sheet, &rows, stated),
        subject: subject(&sheet, stated),
        complete: recognize::complete(&sheet, rows.is_empty(), stated),
        rows,
        incomplete: sheet.incomplete,
        problems: sheet.problems,
        secrets: secret::unknown_in(&text),
    })
}

/// Whom a file is about as a whole: the address in its context, whom the user states, or the object ID in its context.
fn subject(sheet: &Sheet, stated: &Stated) -> Option<String> {
    let named = sheet.asked.as_deref().and_then(json::user_of);
    let (address, id) = match named {
        Some(name) if name.contains('@') => (Some(name), None),
        other => (None, other),
    };
    address.or_else(|| stated.subject.as_ref().map(|who| who.to_lowercase())).or(id)
}

/// What a file holds: a list of users, debug blocks of Control Hub, or the objects of a container.
fn contents(name: &str, text: &str, stated: &Stated) -> Result<(Sheet, Vec<Row>), Rejected> {
    if users::is_list(text) {
        let (mut sheet, rows) = users::read(name, text)?;
        if rows.is_empty() {
            return Err(recognize::empty(name, &sheet));
        }
        sheet.note_what_is_missing(rows.len());
        return Ok((sheet, rows));
    }
    let is_data = paste::is_json_first(text) || text.starts_with(['<', '"']) || text.starts_with("#TYPE");
    let blocks = if is_data { Vec::new() } else { debug_block::read(text) };
    if !blocks.is_empty() {
        return Ok((Sheet::new(Container::DebugBlock), blocks.into_iter().enumerate().map(Row::of_block).collect()));
    }
    let mut sheet = sheet(name, &paste::cleaned(text))?;
    sheet.note_what_is_missing(sheet.objects.len());
    let rows = recognize::rows(name, &mut sheet, stated)?;
    Ok((sheet, rows))
}

/// A date inside the file counts most. The newest row of a log was there when the log was made.
fn made(sheet: &Sheet, rows: &[Row], stated: &Stated) -> Made {
    let inside = sheet.made_at.as_deref().and_then(entra::moment).and_then(|at| at.parse().ok());
    let newest = || rows.iter().filter_map(|row| row.record.at()).max();
    let from_log = || newest().filter(|_| stated.as_of.is_none());
    let known = inside.or_else(from_log).map(Made::Inside).or_else(|| stated.as_of.map(Made::Stated));
    known.unwrap_or(if sheet.made_at.is_some() { Made::Strange } else { Made::Unknown })
}

/// The SHA-256 of bytes, in lower-case hexadecimal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

const FORMS: &str = "JSON (ConvertTo-Json, Microsoft Graph, the portal), CSV, CLIXML, Format-List, the debug text of Control Hub and log files of ECE itself (lines with <@>) are read; for any other log: ece-check explain --file FILE";

fn sheet(name: &str, text: &str) -> Result<Sheet, Rejected> {
    let start = text.trim_start();
    let lower: String = start.chars().take(400).collect::<String>().to_lowercase();
    if lower.starts_with("<!doctype html") || lower.starts_with("<html") {
        return Err(Rejected::whole(name, "is a web page", "use the download of the portal, not the page itself"));
    }
    if start.contains("#access_token=") && start.starts_with("http") {
        let right = "give it as token_redirect = { file = … } under [webex] in the site file";
        return Err(Rejected::whole(name, "is the address after a sign-in to Webex and holds a token", right));
    }
    let is_like_json = start.starts_with(['{', '[']) && !start.starts_with("[PS]");
    let json = is_like_json.then(|| json::read(name, text));
    match json {
        Some(Err(_)) if !paste::is_json_first(start) => {} // a mark of a mail or a chat, and data below it
        Some(read) => return read,
        None => {}
    }
    if start.starts_with('<') {
        return clixml::read(name, start);
    }
    if format_table::is_format_table(text) {
        return Ok(format_table::read(text));
    }
    if let Some(error) = paste::error_of(text) {
        let shown: String = error.chars().take(160).collect();
        let right = "solve that first, then run the command again";
        return Err(Rejected::whole(name, &format!("holds the error of a command and no data: {shown}"), right));
    }
    let is_typed = text.lines().find(|line| !line.is_empty()).is_some_and(|line| format_list::typed(line).is_some());
    if !is_typed && !format_list::is_mostly(text) && csv::is_csv(text) {
        return csv::read(name, text);
    }
    if format_list::is_format_list(text) {
        return format_list::read(name, text);
    }
    match json {
        Some(read) => read,
        None => Err(Rejected::whole(name, "has no form that is known here", FORMS)),
    }
}
