//! `ece-check explain --file FILE` and `-`: a text or whole logs.

mod follow;

use std::{
    io::{self, BufRead as _, BufReader, Cursor, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};

use super::{Arguments, CliError, entry, explain_text, heading, named_value, nothing_known, style};
use crate::{
    catalogue::{Catalogue, Cause},
    cli::{
        list::{Output, json},
        print,
    },
    diagnose::fill_names,
    explain::{
        decode,
        items::{Item, Told},
        log::Log,
        timestamp,
    },
    files,
    finding::Certainty,
    report::{Page, Paint, certainty, owner},
};

/// Said of a log in which nothing is known: silence proves nothing.
const HEALTHY: &str =
    "No known error found in this log. This does not prove that mail is processed; to test it: ece-check run";

/// What is at most so many bytes long may be one message, such as a block that was copied from Control Hub.
const LONGEST_MESSAGE: usize = 8_192;

/// After so many zero bytes no text is looked for any more.
const MOST_ZEROS: usize = 1 << 30;
/// So much is read at once.
const LARGE_READ: usize = 64 << 10;

/// What was given is a report of this program.
#[derive(Debug, thiserror::Error)]
#[error("a report of ece-check")]
struct OwnReport;

/// Reads what was given and tells what it means; exit code 1 when nothing in it is known. What cannot be read to its end is
/// told after what was found in it.
pub fn run(arguments: &Arguments, files: &[PathBuf], catalogue: &Catalogue) -> Result<ExitCode, CliError> {
    if arguments.follow {
        return follow::run(arguments, catalogue);
    }
    let mut log = Log::new(catalogue, arguments.channel);
    let read = match files {
        [] => match files::stdin().and_then(with_text).and_then(|source| read_one(source, &mut log)) {
            Ok(Some(message)) => return explain_text(&message, arguments, catalogue),
            read => read.map(drop).map_err(|error| unreadable(None, &error)),
        },
        [file] => match open(file).and_then(|source| read_one(source, &mut log)) {
            Ok(Some(message)) => return explain_text(&message, arguments, catalogue),
            read => read.map(drop).map_err(|error| unreadable(Some(file), &error)),
        },
        files => {
            let mut read =
                |file| open(file).and_then(|source| log.read(source)).map_err(|error| unreadable(Some(file), &error));
            let all: Vec<Result<(), CliError>> = files.iter().map(|file| read(file)).collect();
            all.into_iter().collect()
        }
    };
    let told = log.told();
    if told.is_empty() {
        read?;
        tell(&log, arguments, catalogue);
        return Ok(ExitCode::from(1));
    }
    tell(&log, arguments, catalogue);
    read.map(|()| ExitCode::SUCCESS)
}

/// Prints what a log told.
pub(super) fn tell(log: &Log<'_>, arguments: &Arguments, catalogue: &Catalogue) {
    let told = &log.told();
    let next = match log.unknown() {
        Some(unknown) => Some(unknown.to_owned()),
        None if told.is_empty() => Some(HEALTHY.to_owned()),
        None => None,
    };
    if told.is_empty() && log.unknown().is_none() && matches!(arguments.output, Output::Text) {
        return print::data(&healthy());
    }
    print::data(&match arguments.output {
        Output::Text => page(&log.items(), 0, next.as_deref(), catalogue),
        Output::Json => json(&value(told, next.as_deref(), catalogue)),
    });
}

fn healthy() -> String {
    let style = style();
    let mut page = Page::new(&style);
    page.paragraph(Paint::Plain, HEALTHY);
    page.finish()
}

fn open(file: &Path) -> io::Result<Box<dyn Read>> {
    if file.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; name the log files in it"));
    }
    files::open(file).and_then(with_text)
}

/// The source without the zero bytes before its text: a log that is emptied while a program writes it (logrotate's
/// `copytruncate`) has as many of them as it had text. A device without an end has nothing else.
fn with_text(source: Box<dyn Read>) -> io::Result<Box<dyn Read>> {
    let mut source = BufReader::with_capacity(LARGE_READ, source);
    let mut zeros = 0;
    loop {
        let block = source.fill_buf()?;
        let (begin, length) = (block.iter().position(|byte| *byte != 0), block.len());
        match begin {
            // a few are a part of UTF-16
            Some(_) if zeros == 0 => return Ok(Box::new(source)),
            Some(begin) => {
                source.consume(begin);
                return Ok(Box::new(source));
            }
            None if length == 0 && zeros == 0 => return Ok(Box::new(source)),
            None if length == 0 || zeros >= MOST_ZEROS => break,
            None => source.consume(length),
        }
        zeros += length;
    }
    Err(io::Error::other("it holds nothing but zero bytes; give a log or an error text"))
}

/// Reads a source that is given alone: a single message is returned, a log is read.
fn read_one(mut source: impl Read, log: &mut Log<'_>) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    source.by_ref().take(LONGEST_MESSAGE as u64 + 1).read_to_end(&mut head)?;
    if is_own_report(&head) {
        return Err(io::Error::other(OwnReport));
    }
    if head.len() > LONGEST_MESSAGE {
        return log.read(Cursor::new(head).chain(source)).map(|()| None);
    }
    let mut text = Vec::new();
    decode::text_of(head.as_slice())?.take(LONGEST_MESSAGE as u64 + 1).read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    if text.len() <= LONGEST_MESSAGE && is_message(&text) {
        return Ok(Some(text.trim_start_matches('\u{feff}').to_owned()));
    }
    log.read(head.as_slice())?;
    let is_one = text.len() <= LONGEST_MESSAGE && is_without_times(&text) && tells_one_thing(log);
    Ok(is_one.then(|| text.trim_start_matches('\u{feff}').to_owned()))
}

/// The JSON report of this program holds more than its lines tell when they are read as a log.
fn is_own_report(head: &[u8]) -> bool {
    let text: String = String::from_utf8_lossy(head).chars().filter(|c| !c.is_whitespace() && *c != '\0').collect();
    let text = text.trim_start_matches(|c| "\u{feff}\u{fffd}[".contains(c));
    text.starts_with('{') && text.contains("\"schema_version\":") && text.contains("\"name\":\"ece-check\"")
}

/// No line begins with a time, as those of a log do: a refusal that was copied with what stands around it.
fn is_without_times(text: &str) -> bool {
    let has_time =
        |line: &str| timestamp::of(line).is_some() && !timestamp::cut(line).0.to_lowercase().contains("timestamp");
    !text.lines().any(has_time)
}

/// Lines that settle different causes are several messages.
fn tells_one_thing(log: &Log<'_>) -> bool {
    log.told().iter().filter(|told| told.certainty == Certainty::Certain).count() <= 1
}

/// One message, not a log: a single line, or what Control Hub's "Copy Debug Info" gives, lines of `Key: value`.
fn is_message(text: &str) -> bool {
    const KEYS: &[&str] = &[
        "referrer:",
        "browser url:",
        "control hub build:",
        "view org id:",
        "logged-in user id:",
        "logged-in user org id:",
        "customer type:",
        "status text:",
        "tracking id:",
    ];
    let text = text.to_lowercase();
    text.trim().lines().count() <= 1 || KEYS.iter().filter(|key| text.contains(*key)).count() >= 3
}

/// `file` is none for standard input.
fn unreadable(file: Option<&Path>, error: &io::Error) -> CliError {
    let shown = file.map_or("standard input".into(), |file| file.to_string_lossy());
    if error.get_ref().is_some_and(<dyn std::error::Error + Send + Sync>::is::<OwnReport>) {
        let given = file.map_or("-".into(), |file| file.to_string_lossy());
        return CliError::Usage(
            format!("{shown} is a report of ece-check, not a log"),
            format!("read it with: ece-check report {given}"),
        );
    }
    CliError::Usage(format!("{shown}: {}", files::unread(error)), "name a text file, plain or gzip".to_owned())
}

/// The items, numbered behind those that were told before.
fn page(items: &[Item], before: usize, next: Option<&str>, catalogue: &Catalogue) -> String {
    if items.is_empty() {
        return nothing_known(&[], next.unwrap_or_default());
    }
    let style = style();
    let mut page = Page::new(&style);
    for (number, item) in (before..).zip(items) {
        page.gap();
        let causes: Vec<&Cause> = item.causes.iter().filter_map(|code| catalogue.cause(code)).collect();
        match causes.as_slice() {
            [cause] => tell_one(&mut page, number + 1, &item.seen, cause),
            causes => tell_several(&mut page, number + 1, &item.seen, causes),
        }
    }
    if let Some(next) = next {
        page.gap();
        page.label("also", next);
    }
    page.finish()
}

fn tell_one(page: &mut Page<'_>, number: usize, told: &Told, cause: &Cause) {
    let names = &told.names;
    let sure = format!("{}, {}", certainty(told.certainty), times(told.count));
    heading(page, number, cause, &sure, names);
    seen(page, told);
    entry(page, cause, names);
}

/// Several causes that the same lines allow: their names, once, and what tells them apart.
fn tell_several(page: &mut Page<'_>, number: usize, told: &Told, causes: &[&Cause]) {
    page.numbered(
        number,
        &format!("One of {} possible causes ({}, {})", causes.len(), certainty(told.certainty), times(told.count)),
    );
    seen(page, told);
    for cause in causes {
        page.option(&format!("{}: {} [{}]", owner(cause.owner), fill_names(&cause.title, &told.names), cause.code));
    }
    page.field("verify", "tests each part separately");
    let run = page.called("ece-check run");
    page.bare(&run);
    page.field("details", "owner, fix and time to take effect of one cause");
    let details = page.called("ece-check explain CAUSE");
    page.bare(&details);
}

fn seen(page: &mut Page<'_>, told: &Told) {
    page.field("first", told.first.as_deref().unwrap_or_default());
    page.field("last", told.last.as_deref().unwrap_or_default());
    page.field("line", &told.example);
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn value(told: &[Told], next: Option<&str>, catalogue: &Catalogue) -> serde_json::Value {
    let causes = told.iter().filter_map(|told| {
        let mut value = named_value(catalogue.cause(&told.cause)?, told.certainty, &told.names);
        value["count"] = told.count.into();
        value["first"] = told.first.clone().into();
        value["last"] = told.last.clone().into();
        value["example"] = told.example.clone().into();
        Some(value)
    });
    serde_json::json!({ "causes": causes.collect::<Vec<_>>(), "next": next })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_one_message(text: &str) -> bool {
        let catalogue = Catalogue::built_in();
        let read = read_one(text.as_bytes(), &mut Log::new(&catalogue, None));
        read.expect("memory can be read").as_deref() == Some(text)
    }

    #[test]
    fn zero_bytes_before_the_text_are_skipped_and_nothing_else_is_refused() {
        let read = |bytes: Vec<u8>| {
            let mut text = String::new();
            with_text(Box::new(Cursor::new(bytes)))?.read_to_string(&mut text).map(|_| text)
        };
        let zeros = vec![0; 3 * LARGE_READ + 5];
        assert_eq!(read([zeros.clone(), b"AADSTS7000222: x".to_vec()].concat()).expect("text"), "AADSTS7000222: x");
        assert_eq!(read(Vec::new()).expect("nothing"), "");
        assert!(read(zeros).is_err());
        assert!(with_text(Box::new(io::repeat(0))).is_err());
    }

    #[test]
    fn report_of_this_program_is_no_log() {
        let report = br#"{ "schema_version": 2, "tool": { "name": "ece-check", "version": "0.1.0" } }"#;
        assert!(is_own_report(report) && !is_own_report(br#"{"schema_version": 2, "tool": {"name": "other"}}"#));
    }

    #[test]
    fn each_line_is_in_one_item_with_all_that_it_allows() {
        let catalogue = Catalogue::built_in();
        let line = "2026-11-23 04:01:20 ERROR A3 BAD User is authenticated but not connected.\n";
        let items = |text: &str| {
            let mut log = Log::new(&catalogue, None);
            log.read(text.as_bytes()).expect("memory can be read");
            log.items()
        };
        let alone = items(line);
        assert!(alone.len() == 1 && alone[0].causes.len() > 3, "{alone:?}");
        let other = "2026-11-23 04:01:21 x A1 NO AUTHENTICATE failed.\n";
        let together = items(&[line, other, line].concat());
        assert_eq!((together.len(), together[0].seen.count, &together[0].causes), (2, 2, &alone[0].causes));
        assert_eq!(together[1].causes, items(other)[0].causes);
    }

    #[test]
    fn lines_without_times_are_one_message() {
        assert!(is_one_message("invalid_client\nAADSTS7000222: The provided client secret keys are expired."));
        assert!(is_one_message("depth=1 O = Fortinet\nverify error:num=20:unable to get local issuer certificate"));
        assert!(is_one_message("error=invalid_grant\nAADSTS50057: disabled.\nTimestamp: 2026-02-11 08:11:02Z"));
    }

    #[test]
    fn lines_with_times_or_different_certain_causes_are_a_log() {
        assert!(!is_one_message("2026-11-23 04:01:20 start\n2026-11-23 04:01:21 AADSTS7000222: expired"));
        assert!(!is_one_message("AADSTS7000222: keys are expired\n535 5.7.139 basic authentication is disabled"));
    }
}
