//! The small values that all parts of the page are made of.

use serde::Serialize;

use super::{clean, lines};
use crate::{
    command::Command,
    finding::{Finding, NextStep},
    report::{prose, words},
};

/// A label and a text.
#[derive(Clone, PartialEq, Serialize)]
pub(super) struct Line {
    pub(super) label: String,
    pub(super) value: String,
}

/// A place in the page and what its link says.
#[derive(Clone, Serialize)]
pub(super) struct Link {
    pub(super) id: String,
    pub(super) text: String,
}

/// Something to paste or to open.
#[derive(Serialize)]
pub(super) struct CommandView {
    pub(super) label: &'static str,
    pub(super) about: String,
    text: String,
    expect: String,
    note: String,
}

impl CommandView {
    /// A command with what it shows.
    pub(super) fn of(command: &Command) -> Self {
        Self {
            label: words::label(command),
            about: clean(&words::about(command)),
            text: lines(&command.text),
            expect: clean(&words::confirms(command)),
            note: clean(command.note.as_deref().unwrap_or_default()),
        }
    }

    /// The same command with another text about it.
    pub(super) fn with_about(self, about: String) -> Self {
        Self { about, ..self }
    }

    /// A text with a label and no more.
    pub(super) fn plain(label: &'static str, about: &str, text: &str) -> Self {
        Self { label, about: clean(about), text: lines(text), expect: String::new(), note: String::new() }
    }
}

/// The place of a recommended action in the page.
pub(super) fn action_id(prefix: &str, number: usize) -> String {
    format!("{prefix}action-{number}")
}

/// What settles a finding, step by step; a report of schema 1 has all steps in one text.
pub(super) fn steps(finding: &Finding) -> Vec<CommandView> {
    let step = |step: &NextStep| match step.command() {
        Some(command) if matches!(step, NextStep::Request { .. }) => {
            CommandView { label: "ask", note: prose::REQUESTED.to_owned(), ..CommandView::of(command) }
        }
        Some(command) => {
            let view = CommandView::of(command);
            let tested = finding.tested_by(step).map(|cause| format!("{}: {}", clean(words::cause(cause)), view.about));
            let about = tested.unwrap_or_else(|| view.about.clone());
            view.with_about(about)
        }
        None => CommandView::plain("verify", "", &prose::step(step)),
    };
    match (finding.steps.as_slice(), &finding.next) {
        ([], Some(next)) if finding.reason.is_none() => vec![CommandView::plain("verify", "", next)],
        (some, _) => some.iter().filter(|one| !matches!(one, NextStep::Provide { .. })).map(step).collect(),
    }
}
