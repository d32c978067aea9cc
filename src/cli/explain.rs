//! `ece-check explain`: everything known about one check or cause, offline.

use std::process::ExitCode;

use clap::Args;

use super::{
    Trouble, catalogue,
    list::{Output, json},
    print,
};
use crate::{
    catalogue::{Catalogue, Cause, Check, cause::Shows},
    diagnose::blank,
    finding::Owner,
    report::{Stream, Style, Verbosity, wrap},
    table::did_you_mean,
};

#[derive(Debug, Args)]
pub struct Arguments {
    /// The id of a check, such as smtp.starttls, or the code of a cause, such as port-blocked
    #[arg(value_name = "CHECK_OR_CAUSE")]
    name: String,
    /// The format to print
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    catalogue: catalogue::Arguments,
}

/// Prints a whole entry.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Trouble> {
    let catalogue = arguments.catalogue.load()?;
    let name = arguments.name.as_str();
    let text = match (catalogue.check(name), catalogue.cause(name), arguments.output) {
        (Some(check), _, Output::Text) => explain_check(check, &catalogue),
        (Some(check), _, Output::Json) => json(&check_value(check)),
        (None, Some(cause), Output::Text) => explain_cause(cause),
        (None, Some(cause), Output::Json) => json(&cause_value(cause)),
        (None, None, _) => return Err(unknown(name, &catalogue)),
    };
    print::data(&text);
    Ok(ExitCode::SUCCESS)
}

fn unknown(name: &str, catalogue: &Catalogue) -> Trouble {
    let checks = catalogue.checks.iter().map(|check| check.id.as_str());
    let known: Vec<&str> = checks.chain(catalogue.causes.iter().map(|cause| cause.code.as_str())).collect();
    let near = did_you_mean(name, &known);
    let right = if near.starts_with("did") { near } else { "ece-check list and ece-check list --causes name them all".to_owned() };
    Trouble::Usage(format!("no check and no cause is called {name}"), right)
}

/// A page of labelled paragraphs, as wide as the terminal.
struct Page {
    width: usize,
    text: String,
}

impl Page {
    fn new(head: &str, title: &str) -> Self {
        let width = Style::of(Stream::Stdout, true, Verbosity::Normal).width;
        Self { width, text: format!("{head}\n{}\n\n", wrap(title, width, "")) }
    }

    fn add(mut self, label: &str, words: &str) -> Self {
        if !words.is_empty() {
            self.text += &wrap(&format!("{label:<9} {words}"), self.width, "          ");
            self.text.push('\n');
        }
        self
    }

    /// Adds a line that is to be copied: it is never broken.
    fn add_whole(mut self, label: &str, line: &str) -> Self {
        if !line.is_empty() {
            self.text += &format!("{label:<9} {line}\n");
        }
        self
    }

    fn add_all<'l>(self, label: &str, lines: impl IntoIterator<Item = &'l String>) -> Self {
        lines.into_iter().enumerate().fold(self, |page, (at, line)| page.add_whole(if at == 0 { label } else { "" }, line))
    }
}

fn explain_check(check: &Check, catalogue: &Catalogue) -> String {
    let expectations: Vec<String> = check.expect.iter().map(ToString::to_string).collect();
    let reservations: Vec<String> = check.prefer.iter().map(|prefer| format!("{prefer} (else a warning)")).collect();
    let causes: Vec<String> = shown_by(check, catalogue);
    Page::new(&check.id, &check.title)
        .add("section", check.section.name())
        .add("expected", &check.words.expected)
        .add("means", &check.words.why)
        .add("needs", &check.needs.join(", "))
        .add("give", check.words.input.as_deref().unwrap_or_default())
        .add_all("judged by", &[expectations, reservations].concat())
        .add("causes", &causes.join(", "))
        .add("seen with", &check.proofs.iter().map(|proof| format!("run --lab={}", proof.fault)).collect::<Vec<_>>().join(", "))
        .add_all("sources", &check.words.sources)
        .text
}

/// The causes that a sign ties to a check by name, or whose proofs name it.
fn shown_by(check: &Check, catalogue: &Catalogue) -> Vec<String> {
    let by_finding = |cause: &&Cause| {
        cause.signs.iter().any(|sign| matches!(&sign.shows, Shows::Finding { check: id, .. } if *id == check.id))
    };
    let by_stop = |cause: &&Cause| {
        cause.signs.iter().any(|sign| match &sign.shows {
            Shows::Stop(stop) => {
                stop.stage.is_some_and(|stage| check.stages.contains(&stage))
                    && stop.protocol.is_none_or(|protocol| protocol.name() == check.probe.name)
            }
            Shows::Finding { .. } => false,
        })
    };
    catalogue.causes.iter().filter(|cause| by_finding(cause) || by_stop(cause)).map(|cause| cause.code.clone()).collect()
}

fn explain_cause(cause: &Cause) -> String {
    let samples: Vec<String> = cause.signs.iter().map(|sign| sign.sample.clone()).collect();
    Page::new(&cause.code, &blank(&cause.title))
        .add("who", owner(cause.owner))
        .add("do", &blank(&cause.fix))
        .add_whole("command", &cause.command.as_deref().map(blank).unwrap_or_default())
        .add("takes", &cause.takes)
        .add_all("looks like", &samples)
        .add_all("sources", &cause.sources)
        .text
}

fn owner(owner: Owner) -> &'static str {
    crate::report::owner(owner)
}

fn check_value(check: &Check) -> serde_json::Value {
    serde_json::json!({
        "check": check.id, "title": check.title, "section": check.section.name(), "expected": check.words.expected,
        "means": check.words.why, "needs": check.needs, "sources": check.words.sources,
    })
}

fn cause_value(cause: &Cause) -> serde_json::Value {
    serde_json::json!({
        "causes": [{
            "cause": cause.code, "certainty": "certain", "title": blank(&cause.title), "owner": cause.owner,
            "fix": blank(&cause.fix), "command": cause.command.as_deref().map(blank), "takes": cause.takes, "sources": cause.sources,
        }],
        "next": null,
    })
}
