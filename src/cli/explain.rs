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
    report::{Page, Stream, Style, Verbosity, owner},
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
    let right = if near.starts_with("did") {
        near
    } else {
        "ece-check list and ece-check list --causes name them all".to_owned()
    };
    Trouble::Usage(format!("no check and no cause is called {name}"), right)
}

fn style() -> Style {
    Style::of(Stream::Stdout, false, Verbosity::Normal)
}

fn explain_check(check: &Check, catalogue: &Catalogue) -> String {
    let style = style();
    let mut page = Page::new(&style);
    page.heading(&format!("{}: {}", check.id, check.title));
    page.label("section", check.section.name());
    page.label("wanted", &check.words.expected);
    page.label("means", &check.words.why);
    label_all(&mut page, "needs", &check.needs);
    label_all(&mut page, "give", check.words.input.as_slice());
    label_all(&mut page, "judged", &check.expect.iter().map(ToString::to_string).collect::<Vec<_>>());
    label_all(
        &mut page,
        "",
        &check.prefer.iter().map(|prefer| format!("{prefer}, or else it is a warning")).collect::<Vec<_>>(),
    );
    label_all(&mut page, "causes", &shown_by(check, catalogue));
    label_all(
        &mut page,
        "see it",
        &check.proofs.iter().map(|proof| format!("ece-check run --lab={}", proof.fault)).collect::<Vec<_>>(),
    );
    label_all(&mut page, "sources", &check.words.sources);
    page.finish()
}

/// One line each; the label stands before the first.
fn label_all(page: &mut Page<'_>, label: &str, lines: &[String]) {
    for (at, line) in lines.iter().enumerate() {
        page.label(if at == 0 { label } else { "" }, line);
    }
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
    catalogue
        .causes
        .iter()
        .filter(|cause| by_finding(cause) || by_stop(cause))
        .map(|cause| cause.code.clone())
        .collect()
}

fn explain_cause(cause: &Cause) -> String {
    let style = style();
    let mut page = Page::new(&style);
    page.heading(&format!("{}: {}", cause.code, blank(&cause.title)));
    page.label("who", owner(cause.owner));
    page.label("do", &blank(&cause.fix));
    page.label("takes", &cause.takes);
    label_all(&mut page, "reads", &cause.signs.iter().map(|sign| sign.sample.clone()).collect::<Vec<_>>());
    label_all(&mut page, "sources", &cause.sources);
    page.command(&cause.command.as_deref().map(blank).unwrap_or_default());
    page.finish()
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
