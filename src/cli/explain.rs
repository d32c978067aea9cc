//! `ece-check explain`: everything known about one check or cause, and what an error text or a log means. Offline.

mod control_hub;
mod decoded;
mod logs;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;
use jiff::Timestamp;

use super::{
    CliError, catalogue,
    list::{Output, json},
    print,
};
use crate::{
    catalogue::{
        Catalogue, Cause, Check,
        cause::{By, Shows, Sign},
        expect::Expectation,
    },
    diagnose::{self, Meant, Names, commands_with_names, fill_names, one_text},
    evidence::{Protocol, Stage},
    explain::{self, Channel, Meaning, Next, resemble::Samples},
    finding::{Certainty, Owner},
    lab,
    report::{Page, Paint, Style, Verbosity, certainty, owner},
    table::did_you_mean,
};

/// So many causes that a text allows have their whole entry; of more, each has one line.
const MOST_ENTRIES: usize = 2;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Check ID, cause code or error message; - reads from standard input
    #[arg(value_name = "CHECK_CAUSE_OR_TEXT", required_unless_present_any = ["file", "patterns"], allow_hyphen_values = true)]
    what: Option<String>,
    /// Further words of the message, if it was given without quotes
    #[arg(value_name = "WORDS", hide = true)]
    more: Vec<String>,
    /// Read a message or a whole log from FILE: plain, gzip or UTF-16 (repeatable); - is standard input
    #[arg(short, long, value_name = "FILE", conflicts_with = "what")]
    file: Vec<PathBuf>,
    /// Protocol the message came from, if the text does not show it
    #[arg(long, value_enum)]
    channel: Option<Channel>,
    /// Follow the file (like tail -f)
    #[arg(long, requires = "file")]
    follow: bool,
    /// Print the strings that a log is searched for first, for `grep -iFf`
    #[arg(long, hide = true, conflicts_with_all = ["what", "file"])]
    patterns: bool,
    /// Output format
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    catalogue: catalogue::Arguments,
}

/// Prints a whole entry, or what a text means.
pub fn run(arguments: &Arguments) -> Result<ExitCode, CliError> {
    let alone = arguments.what.as_deref().filter(|_| arguments.more.is_empty());
    if let Some(cause) = alone.and_then(|code| arguments.catalogue.cause_alone(code)) {
        tell_cause(&cause, arguments.output);
        return Ok(ExitCode::SUCCESS);
    }
    let catalogue = arguments.catalogue.load()?;
    if arguments.patterns {
        print::data(&(explain::log::needles(&catalogue).join("\n") + "\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let given: Vec<&str> = arguments.what.iter().chain(&arguments.more).map(String::as_str).collect();
    let given = given.join(" ");
    let what = match given.as_str() {
        "-" => return logs::run(arguments, &[], &catalogue),
        "" if arguments.what.is_none() => {
            let is_stdin = !arguments.follow && arguments.file.iter().map(PathBuf::as_path).eq([Path::new("-")]);
            return logs::run(arguments, if is_stdin { &[] } else { &arguments.file }, &catalogue);
        }
        what => what,
    };
    match (catalogue.check(what), catalogue.cause(what), arguments.output) {
        (Some(check), _, Output::Text) => print::data(&explain_check(check, &catalogue)),
        (Some(check), _, Output::Json) => print::data(&json(&check_value(check))),
        (None, Some(cause), output) => tell_cause(cause, output),
        (None, None, _) => return explain_other(what, arguments, &catalogue),
    }
    Ok(ExitCode::SUCCESS)
}

fn tell_cause(cause: &Cause, output: Output) {
    print::data(&match output {
        Output::Text => explain_cause(cause),
        Output::Json => json(&cause_value(cause)),
    });
}

/// What a person means who gives neither an id nor a code: a file, a bare number of Entra, a part of the catalogue, a text.
fn explain_other(what: &str, arguments: &Arguments, catalogue: &Catalogue) -> Result<ExitCode, CliError> {
    if explain::fallback::is_number(what) && is_of_entra(what, catalogue) {
        return explain_text(&format!("AADSTS{what}:"), arguments, catalogue);
    }
    let path = Path::new(what);
    if !what.contains(char::is_whitespace) && path.is_file() {
        return logs::run(arguments, &[path.to_owned()], catalogue);
    }
    match part_of_catalogue(what, catalogue) {
        Some(text) => {
            print::data(&text);
            Ok(ExitCode::SUCCESS)
        }
        None => explain_text(what, arguments, catalogue),
    }
}

/// Whether a bare number is one of Entra that is known; Webex and other services have numbers, too.
fn is_of_entra(number: &str, catalogue: &Catalogue) -> bool {
    let is_in_table = || number.parse().is_ok_and(|number| catalogue.tables.numbers.means(number).is_some());
    is_in_table() || !explain::explain(&format!("AADSTS{number}:"), None, catalogue).causes.is_empty()
}

/// The checks whose id begins with a word, such as `smtp`, with their causes.
fn part_of_catalogue(word: &str, catalogue: &Catalogue) -> Option<String> {
    let is_part = |check: &&Check| check.id.split('.').next() == Some(word) || check.section.name() == word;
    let checks: Vec<&Check> = catalogue.checks.iter().filter(is_part).collect();
    if checks.is_empty() {
        return None;
    }
    let style = style();
    let mut page = Page::new(&style);
    for check in checks {
        page.gap();
        page.paragraph(Paint::Strong, &format!("{}: {}", check.id, check.title));
        label_all(&mut page, "causes", &shown_by(check, catalogue));
    }
    page.gap();
    let details = page.called("ece-check explain CHECK_OR_CAUSE");
    page.label("details", &details);
    Some(page.finish())
}

/// What a text means; exit code 1 when nothing in it is known.
fn explain_text(text: &str, arguments: &Arguments, catalogue: &Catalogue) -> Result<ExitCode, CliError> {
    let meaning = explain::explain(text, arguments.channel, catalogue);
    if meaning.causes.is_empty() && looks_like_a_name(text) {
        return Err(unknown(text, catalogue));
    }
    if let Some(decoded) = explain::decoded::read(text, arguments.channel.map(Channel::protocol), Timestamp::now())
        && meaning.heard.as_ref().is_none_or(|heard| heard.protocol.is_none())
    {
        print::data(&decoded::told(&decoded, &meaning, arguments, catalogue));
        return Ok(ExitCode::SUCCESS);
    }
    let blocks = control_hub::read(text);
    if blocks.is_empty()
        && let Some(log) = explain::several::read(text, &meaning, arguments.channel, catalogue)
    {
        logs::tell(&log, arguments, catalogue);
        return Ok(ExitCode::SUCCESS);
    }
    let resembling = if meaning.causes.is_empty() { Samples::of(catalogue).resembling(text) } else { Vec::new() };
    print::data(&match arguments.output {
        Output::Text if blocks.is_empty() => meaning_page(&meaning, &resembling, text),
        Output::Text => format!("{}\n{}", meaning_page(&meaning, &resembling, text), control_hub::page(&blocks)),
        Output::Json => json(&control_hub::with(meaning_value(&meaning, &resembling, text), &blocks)),
    });
    Ok(if meaning.causes.is_empty() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

/// One word of small letters, dots and hyphens, as ids and codes are: a misspelt one, more likely than a text.
fn looks_like_a_name(text: &str) -> bool {
    let of_a_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    text.contains(['-', '.']) && text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(of_a_name)
}

fn meaning_page(meaning: &Meaning<'_>, resembling: &[Meant<'_>], text: &str) -> String {
    if meaning.causes.is_empty() {
        return nothing_known(resembling, meaning.next.as_ref().map(|next| next.text.as_str()).unwrap_or_default());
    }
    let style = style();
    let mut page = Page::new(&style);
    let names = explain::names(text);
    if meaning.causes.len() > MOST_ENTRIES && meaning.causes[0].certainty != Certainty::Certain {
        tell_many(&mut page, meaning, text, &names);
        return page.finish();
    }
    for (number, meant) in meaning.causes.iter().enumerate() {
        page.gap();
        heading(&mut page, number + 1, meant.cause, certainty(meant.certainty), &names);
        page.field("reason", &because(meaning, meant.certainty, text));
        entry(&mut page, meant.cause, &names);
    }
    if let Some(next) = &meaning.next {
        page.gap();
        tell_next(&mut page, next);
    }
    page.finish()
}

/// What would tell the causes apart: its command alone on a line, so that it can be pasted.
fn tell_next(page: &mut Page<'_>, next: &Next) {
    page.label("verify", &next.text);
    if let Some(command) = &next.command {
        let command = page.called(command);
        page.bare(&command);
    }
}

/// Many causes of which the text rules out none: first what tells them apart, then a line each, by owner.
fn tell_many(page: &mut Page<'_>, meaning: &Meaning<'_>, text: &str, names: &Names) {
    let says = meaning.heard.as_ref().map(|heard| explain::said(heard, text)).unwrap_or_default();
    let more = if meaning.heard.as_ref().is_some_and(explain::is_unspecific) { ", and others" } else { "" };
    page.paragraph(Paint::Strong, &format!("This message has {} possible causes{more}.", meaning.causes.len()));
    page.label("message", &says);
    tell_next(page, &meaning.next.clone().unwrap_or_else(Next::each_part));
    page.label("details", "owner, fix and time to take effect of one cause");
    let details = page.called("ece-check explain CAUSE");
    page.bare(&details);
    let mut owners: Vec<Owner> = Vec::new();
    for meant in &meaning.causes {
        if !owners.contains(&meant.cause.owner) {
            owners.push(meant.cause.owner);
        }
    }
    for of in owners {
        page.gap();
        page.paragraph(Paint::Strong, owner(of));
        for meant in meaning.causes.iter().filter(|meant| meant.cause.owner == of) {
            let sure = certainty(meant.certainty);
            page.option(&format!("{} ({sure}) [{}]", fill_names(&meant.cause.title, names), meant.cause.code));
        }
    }
}

/// Said when a text is not known, with the known errors that share words with it.
pub(super) fn nothing_known(resembling: &[Meant<'_>], next: &str) -> String {
    let style = style();
    let mut page = Page::new(&style);
    page.paragraph(Paint::Plain, "No known error found in this text.");
    page.gap();
    if !resembling.is_empty() {
        page.paragraph(Paint::Plain, "These known errors use similar words. Each is possible; none is confirmed:");
        for meant in resembling {
            let who = owner(meant.cause.owner);
            page.option(&format!(
                "{} ({who}) [{}]",
                fill_names(&meant.cause.title, &Names::default()),
                meant.cause.code
            ));
        }
        page.gap();
    }
    page.label("verify", next);
    page.finish()
}

/// The first line of a cause, as an action of a report begins: its owner, its title, and how sure it is.
pub(super) fn heading(page: &mut Page<'_>, number: usize, cause: &Cause, sure: &str, names: &Names) {
    let title = fill_names(&cause.title, names);
    page.numbered(number, &format!("{}: {title} ({sure})", owner(cause.owner).to_uppercase()));
    page.field("cause", &cause.code);
}

/// The fix, its commands, when it takes effect, and the sources.
pub(super) fn entry(page: &mut Page<'_>, cause: &Cause, names: &Names) {
    page.field("fix", &fill_names(&cause.fix, names));
    page.commands(&commands_with_names(&cause.commands, names));
    page.field("effect", &cause.takes);
    for source in &cause.sources {
        page.field("source", source);
    }
}

fn because(meaning: &Meaning<'_>, sure: Certainty, text: &str) -> String {
    let says = meaning.heard.as_ref().map(|heard| explain::said(heard, text)).unwrap_or_default();
    match sure {
        Certainty::Certain => format!("exact match: {says}"),
        Certainty::Likely => format!("no other known cause gives this message: {says}"),
        Certainty::Possible if meaning.causes.len() == 1 => format!("possible, not confirmed by this message: {says}"),
        Certainty::Possible => format!("one of {} possible causes: {says}", meaning.causes.len()),
    }
}

fn meaning_value(meaning: &Meaning<'_>, resembling: &[Meant<'_>], text: &str) -> serde_json::Value {
    let names = explain::names(text);
    let known = meaning.causes.iter().map(|meant| named_value(meant.cause, meant.certainty, &names));
    let suggested = resembling.iter().map(|meant| {
        let mut value = named_value(meant.cause, meant.certainty, &Names::default());
        value["resembles"] = true.into();
        value
    });
    let causes: Vec<_> = known.chain(suggested).collect();
    serde_json::json!({ "causes": causes, "next": meaning.next.as_ref().map(ToString::to_string) })
}

/// A cause as the contract has it.
pub(super) fn named_value(cause: &Cause, certainty: Certainty, names: &Names) -> serde_json::Value {
    let words = |text: &str| fill_names(text, names);
    serde_json::json!({
        "cause": cause.code, "certainty": certainty, "title": words(&cause.title), "owner": cause.owner, "fix": words(&cause.fix),
        "command": one_text(&commands_with_names(&cause.commands, names)), "takes": cause.takes, "sources": cause.sources,
    })
}

fn unknown(name: &str, catalogue: &Catalogue) -> CliError {
    let checks = catalogue.checks.iter().map(|check| check.id.as_str());
    let known: Vec<&str> = checks.chain(catalogue.causes.iter().map(|cause| cause.code.as_str())).collect();
    let near = did_you_mean(name, &known);
    let right =
        if near.starts_with("did") { near } else { "see ece-check list and ece-check list --causes".to_owned() };
    CliError::Usage(format!("unknown check or cause \"{name}\""), right)
}

fn style() -> Style {
    print::style(false, Verbosity::Normal)
}

fn explain_check(check: &Check, catalogue: &Catalogue) -> String {
    let style = style();
    let mut page = Page::new(&style);
    page.heading(&format!("{}: {}", check.id, check.title));
    page.label("section", check.section.name());
    page.label("expected", &check.words.expected);
    page.label("impact", &check.words.why);
    label_all(&mut page, "needs", &check.needs);
    label_all(&mut page, "input", &check.words.input.iter().map(ToString::to_string).collect::<Vec<_>>());
    label_all(&mut page, "criteria", &criteria(check));
    label_all(&mut page, "warning", &check.warns.iter().map(ToString::to_string).collect::<Vec<_>>());
    label_all(&mut page, "causes", &shown_by(check, catalogue));
    label_all(&mut page, "simulate", &check.proofs.iter().filter_map(|proof| shown(&proof.fault)).collect::<Vec<_>>());
    label_all(&mut page, "sources", &check.words.sources);
    page.finish()
}

/// What the facts must be, and what they should be. Facts that only code reads have no name for people: `expected` says what
/// they come to.
fn criteria(check: &Check) -> Vec<String> {
    let named = |expectation: &&Expectation| expectation.is_named();
    let must = check.expect.iter().filter(named).map(ToString::to_string);
    let should = check.prefer.iter().filter(named).map(|prefer| format!("{prefer} (otherwise a warning)"));
    must.chain(should).collect()
}

/// The run that shows a fault, where the built-in tenant has it.
fn shown(fault: &str) -> Option<String> {
    let known = lab::fault_named(fault)?;
    Some(format!("ece-check run --lab={fault}{}", if known.send_mail { " --send-mail" } else { "" }))
}

/// One line each; the label stands before the first.
fn label_all(page: &mut Page<'_>, label: &str, lines: &[String]) {
    for (at, line) in lines.iter().enumerate() {
        page.label(if at == 0 { label } else { "" }, line);
    }
}

/// The stages at which a server says yes or no: a refusal whose stage a sign does not name came at one of them.
const DECIDES: [Stage; 4] = [Stage::Grant, Stage::Authenticate, Stage::Open, Stage::Sender];

/// The causes that a sign ties to a check: by its name, or by a refusal at a stage that the check judges. They are in the order of
/// a run in which nothing else speaks for any of them; what only a text shows comes last.
fn shown_by(check: &Check, catalogue: &Catalogue) -> Vec<String> {
    let order = |sign: &Sign| (sign.by == Some(By::Text), !sign.settles, diagnose::order(sign));
    let first = |cause: &Cause| cause.signs.iter().filter(|sign| shows(sign, check)).map(order).min();
    let mut causes: Vec<_> = catalogue.causes.iter().filter_map(|cause| Some((first(cause)?, cause))).collect();
    causes.sort_by_key(|(first, _)| *first);
    causes.into_iter().map(|(_, cause)| cause.code.clone()).collect()
}

/// Whether a sign is tied to a check. Entra's numbers are those of its token endpoint where no protocol is named.
fn shows(sign: &Sign, check: &Check) -> bool {
    let stop = match &sign.shows {
        Shows::Finding { check: id, .. } => return *id == check.id,
        Shows::Failure(stop) => stop,
    };
    let of_entra = (!stop.aadsts.is_empty()).then_some(Protocol::Token);
    let speaks = stop.protocol.or(of_entra).is_some_and(|protocol| protocol.name() == check.probe.name);
    match stop.stage {
        Some(stage) => check.stages.contains(&stage) && (stop.protocol.is_none() || speaks),
        None => speaks && DECIDES.iter().any(|stage| check.stages.contains(stage)),
    }
}

fn explain_cause(cause: &Cause) -> String {
    let style = style();
    let mut page = Page::new(&style);
    page.heading(&format!("{}: {}", cause.code, fill_names(&cause.title, &Names::default())));
    page.label("owner", owner(cause.owner));
    page.label("fix", &fill_names(&cause.fix, &Names::default()));
    page.commands(&commands_with_names(&cause.commands, &Names::default()));
    page.label("effect", &cause.takes);
    label_all(&mut page, "messages", &samples(cause));
    label_all(&mut page, "simulate", &shown(&cause.code).into_iter().collect::<Vec<_>>());
    label_all(&mut page, "sources", &cause.sources);
    page.finish()
}

/// Texts that the cause shows itself in, each once: those that settle it, and others only where there are none, for those
/// are what other causes show themselves in too.
fn samples(cause: &Cause) -> Vec<String> {
    let mut samples: Vec<String> = Vec::new();
    let settled = cause.signs.iter().any(|sign| sign.settles);
    for sign in cause.signs.iter().filter(|sign| sign.settles == settled) {
        if !samples.contains(&sign.sample) {
            samples.push(sign.sample.clone());
        }
    }
    samples
}

fn check_value(check: &Check) -> serde_json::Value {
    serde_json::json!({
        "check": check.id, "title": check.title, "section": check.section.name(), "expected": check.words.expected,
        "means": check.words.why, "needs": check.needs, "sources": check.words.sources,
    })
}

fn cause_value(cause: &Cause) -> serde_json::Value {
    serde_json::json!({ "causes": [named_value(cause, Certainty::Certain, &Names::default())], "next": null })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::Wording,
        evidence::{Failure, FailureKind, Observation, Route, Subject},
        finding::{Finding, Status},
    };

    fn of_check(check: &str) -> Vec<String> {
        let catalogue = Catalogue::built_in();
        shown_by(catalogue.check(check).expect("a check"), &catalogue)
    }

    /// The causes that a run names for a finding, where nothing else was looked at.
    fn of_run(check: &str, look: Observation) -> Vec<String> {
        let mut findings = [Finding { look: Some(0), ..Finding::new(check, look.subject.clone(), Status::Fail) }];
        let _ = diagnose::diagnose(&mut findings, &[look], &Catalogue::built_in(), &Wording::default());
        findings[0].causes.iter().map(|named| named.cause.clone()).collect()
    }

    fn look(subject: Subject) -> Observation {
        Observation::new("any", subject, Route::Direct)
    }

    #[test]
    fn a_check_has_the_causes_of_a_run_in_the_same_order() {
        let mut applications = look(Subject::Site);
        applications.facts.put("webex.applications", "not-authorized");
        let words = "AADSTS700082: The refresh token has expired due to inactivity.";
        let expired = Failure::new(Protocol::Token, Stage::Grant, FailureKind::Rejected, words);
        let expired = Failure { aadsts: vec![700_082], ..expired };
        let token = Observation { failure: Some(expired), ..look(Subject::of_text("sales")) };
        for (check, look) in [("webex.applications-present", applications), ("token.issued", token)] {
            let named = of_run(check, look);
            let listed: Vec<String> = of_check(check).into_iter().filter(|code| named.contains(code)).collect();
            assert!(named.len() > 1);
            assert_eq!(listed, named, "{check}");
        }
    }

    fn told(text: &str) -> (String, serde_json::Value) {
        let catalogue = Catalogue::built_in();
        let meaning = explain::explain(text, None, &catalogue);
        (meaning_page(&meaning, &[], text), meaning_value(&meaning, &[], text))
    }

    #[test]
    fn what_a_text_names_is_in_every_form_of_the_answer() {
        let asa = "Nov 20 2026 10:00:00 asa01 : %ASA-4-106023: Deny tcp src inside:10.1.2.3/51514 dst outside:52.97.1.2/993 by \
            access-group \"INSIDE_IN\" [0x5bf2a1c3, 0x0]";
        let java = "javax.mail.MessagingException: Couldn't connect to host, port: outlook.office365.com, 993; timeout 60000; nested \
            exception is: java.net.ConnectException: Connection refused";
        let mailbox = "AuthenticationFailedException: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for \
            the Mailbox. user=sales@contoso.com";
        let application = "AADSTS7000222: The provided client secret keys for app '6731de76-14a6-49ae-97bc-6eba6914391e' are expired.";
        for (text, title) in [
            (asa, "TCP 993 to 52.97.1.2"),
            (java, "TCP 993 to outlook.office365.com"),
            (mailbox, "-Identity 'sales@contoso.com'"),
            (application, "App registrations > 6731de76-14a6-49ae-97bc-6eba6914391e"),
        ] {
            let (page, value) = told(text);
            let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
            for told in [page, value.to_string()] {
                assert!(told.contains(title), "{told}");
                for open in ["<host>", "<port>", "<user>", "<mailbox>", "<application (client) ID>"] {
                    assert!(!told.contains(open), "{told}");
                }
            }
        }
    }

    #[test]
    fn every_criterion_has_a_name() {
        for check in &Catalogue::built_in().checks {
            for line in criteria(check) {
                assert!(!line.starts_with(':'), "{}: {line}", check.id);
            }
        }
    }

    #[test]
    fn what_no_run_has_filled_says_what_belongs_there() {
        for cause in &Catalogue::built_in().causes {
            let page = explain_cause(cause);
            let value = cause_value(cause).to_string();
            for empty in ["<>", "''", "\"\""] {
                assert!(!page.contains(empty), "{}: {page}", cause.code);
            }
            assert!(!value.contains("<>") && !page.contains("//adminconsent"), "{}: {value}", cause.code);
            let variants = cause.site.iter().chain(&cause.webex);
            for command in variants.flat_map(|other| commands_with_names(&other.commands, &Names::default())) {
                assert!(!command.text.contains("<>"), "{}: {}", cause.code, command.text);
            }
        }
    }

    #[test]
    fn integration_of_webex_is_settled_by_files_about_webex() {
        for text in ["Azure AD integration error. The request was unauthorized. TrackingID: X", "701018"] {
            let (page, _) = told(text);
            let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(page.contains("evidence request --for webex") && page.contains("run --only webex"), "{page}");
        }
    }

    #[test]
    fn error_without_a_number_is_not_said_to_have_these_causes_alone() {
        for (text, is_bare) in [("invalid_grant", true), ("invalid_grant AADSTS700082", false)] {
            let (page, _) = told(text);
            let page = page.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(page.contains("AADSTS number") && page.contains("and others"), is_bare, "{page}");
        }
    }

    #[test]
    fn a_number_of_webex_is_none_of_entra() {
        let catalogue = Catalogue::built_in();
        assert!(!is_of_entra("701018", &catalogue) && is_of_entra("700082", &catalogue));
        let codes: Vec<String> =
            explain::explain("701018", None, &catalogue).causes.iter().map(|meant| meant.cause.code.clone()).collect();
        assert_eq!(codes.first().map(String::as_str), Some("webex-integration-app-removed"), "{codes:?}");
    }
}
