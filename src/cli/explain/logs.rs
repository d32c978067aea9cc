//! `ece-check explain --file FILE` and `-`: a text or whole logs.

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use super::{Arguments, NOTHING, Trouble, certainty, entry, explain_text, named_value, style};
use crate::{
    catalogue::Catalogue,
    cli::{
        list::{Output, json},
        print,
    },
    explain::log::{Log, Told},
    report::Page,
};

/// A file of at most so many bytes may be one text, such as a block that was copied from Control Hub.
const LARGEST_TEXT: u64 = 8_192;
/// How often a followed file is looked at.
const OFTEN: Duration = Duration::from_millis(500);

/// Reads what was given and tells what it means; exit code 1 when nothing in it is known.
pub fn run(arguments: &Arguments, catalogue: &Catalogue) -> Result<ExitCode, Trouble> {
    if arguments.follow {
        return follow(arguments, catalogue);
    }
    if let Some(text) = short_text(arguments)? {
        return explain_text(&text, arguments, catalogue);
    }
    let mut log = Log::new(catalogue, arguments.channel);
    if arguments.file.is_empty() {
        log.read(std::io::stdin().lock()).map_err(|error| unreadable(Path::new("-"), &error))?;
    }
    for file in &arguments.file {
        let source = File::open(file).map_err(|error| unreadable(file, &error))?;
        log.read(source).map_err(|error| unreadable(file, &error))?;
    }
    let told = log.told();
    print::data(&match arguments.output {
        Output::Text => page(&told, catalogue),
        Output::Json => json(&value(&told, catalogue)),
    });
    Ok(if told.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// The text of a single small file that is one message, not a log: no line of it begins with a time.
fn short_text(arguments: &Arguments) -> Result<Option<String>, Trouble> {
    let [file] = arguments.file.as_slice() else { return Ok(None) };
    let is_short = std::fs::metadata(file).is_ok_and(|about| about.is_file() && about.len() <= LARGEST_TEXT);
    if !is_short {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    let read = File::open(file).and_then(|file| file.take(LARGEST_TEXT).read_to_end(&mut bytes));
    read.map_err(|error| unreadable(file, &error))?;
    Ok(String::from_utf8(bytes).ok().filter(|text| text.lines().count() <= 1 || is_block(text)))
}

/// Control Hub's "Copy Debug Info": `Key: value` lines that belong together.
fn is_block(text: &str) -> bool {
    text.contains("Tracking ID:") && text.contains("View Org ID")
}

fn unreadable(file: &Path, error: &std::io::Error) -> Trouble {
    Trouble::Usage(
        format!("{} cannot be read: {error}", file.display()),
        "give a log, plain or packed with gzip".to_owned(),
    )
}

fn page(told: &[Told], catalogue: &Catalogue) -> String {
    if told.is_empty() {
        return NOTHING.to_owned();
    }
    let style = style();
    let mut page = Page::new(&style);
    for (number, told) in told.iter().enumerate() {
        page.gap();
        let Some(cause) = catalogue.cause(&told.cause) else { continue };
        let title = crate::diagnose::blank(&cause.title);
        page.numbered(number + 1, &format!("{title} ({}, {})", certainty(told.certainty), times(told.count)));
        page.field("cause", &told.cause);
        page.field("first", told.first.as_deref().unwrap_or_default());
        page.field("last", told.last.as_deref().unwrap_or_default());
        page.field("line", &told.example);
        entry(&mut page, cause);
    }
    page.finish()
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn value(told: &[Told], catalogue: &Catalogue) -> serde_json::Value {
    let causes = told.iter().filter_map(|told| {
        let mut value = named_value(catalogue.cause(&told.cause)?, told.certainty);
        value["count"] = told.count.into();
        value["first"] = told.first.clone().into();
        value["last"] = told.last.clone().into();
        value["example"] = told.example.clone().into();
        Some(value)
    });
    serde_json::json!({ "causes": causes.collect::<Vec<_>>(), "next": null })
}

/// Reads on at the end of a file and tells of each cause when it shows for the first time. Ctrl-C ends it.
fn follow(arguments: &Arguments, catalogue: &Catalogue) -> Result<ExitCode, Trouble> {
    let [file] = arguments.file.as_slice() else {
        return Err(Trouble::Usage("--follow reads one file".to_owned(), "give --file once".to_owned()));
    };
    let mut followed = Followed::open(file)?;
    let mut log = Log::new(catalogue, arguments.channel);
    let mut known = 0;
    loop {
        let bytes = followed.more().map_err(|error| unreadable(file, &error))?;
        if bytes.is_empty() {
            // nothing came for a while: the last event is whole
            log.flush();
        } else {
            log.push(&bytes);
        }
        let told = log.told_in_order();
        for told in &told[known..] {
            let one = std::slice::from_ref(told);
            print::data(&match arguments.output {
                Output::Text => format!("{}\n", page(one, catalogue)),
                Output::Json => value(one, catalogue).to_string() + "\n",
            });
        }
        known = told.len();
        if bytes.is_empty() {
            std::thread::sleep(OFTEN);
        }
    }
}

/// A file that grows; when it was replaced or cut (rotated), it is read anew.
struct Followed {
    path: PathBuf,
    file: File,
    at: u64,
}

impl Followed {
    fn open(path: &Path) -> Result<Self, Trouble> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        Ok(Self { path: path.to_owned(), file, at: 0 })
    }

    fn more(&mut self) -> std::io::Result<Vec<u8>> {
        const MOST: u64 = 1 << 20;
        if std::fs::metadata(&self.path).is_ok_and(|about| about.len() < self.at) {
            self.file = File::open(&self.path)?;
            self.at = 0;
        }
        self.file.seek(SeekFrom::Start(self.at))?;
        let mut bytes = Vec::new();
        self.at += (&mut self.file).take(MOST).read_to_end(&mut bytes)? as u64;
        Ok(bytes)
    }
}
