//! The report as one HTML page: no file beside it, nothing fetched, readable without scripts and better with them.
//!
//! In: one finished report, or several. Out: HTML in ASCII (other characters are written as references), so that no reader
//! has to guess the encoding. Every text from outside is made [`harmless`] first and then escaped by the template engine;
//! the page forbids by its own Content Security Policy (<https://www.w3.org/TR/CSP3/>) all scripts and styles but the two
//! that are written here, which it names by their hashes.

mod connection;
mod item;
mod several;
mod value;
mod view;

use std::fmt::Write as _;

use base64::Engine as _;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value, context, value::Serde};
use ring::digest::{SHA256, digest};
use serde::Serialize;

use self::{
    several::SeveralView,
    view::{Choice, Head, ReportView},
};
use super::{harmless, several::Overview};
use crate::finding::Report;

const TEMPLATE: &str = include_str!("html/page.html");
const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// The longest text of one place, in characters.
const LONGEST: usize = 4_000;

/// All that the template is given.
#[derive(Serialize)]
struct Page {
    title: String,
    head: Head,
    reports: Vec<ReportView>,
    owners: Vec<Choice>,
    severities: Vec<Choice>,
    mailboxes: Vec<String>,
    footer: String,
    several: Option<SeveralView>,
}

/// Writes several reports as one page.
pub(super) fn render_several(reports: &[&Report], overview: &Overview) -> String {
    let most = view::MOST_CONNECTIONS / reports.len().max(1);
    let view = |(at, report): (usize, &&Report)| {
        ReportView::of(report, &several::prefix(at), most).named(super::several::name(reports, at))
    };
    let [verdict, first] = super::several::verdict(reports, overview);
    page(&Page {
        title: format!("{} reports: {}", reports.len(), clean(&verdict)),
        head: Head {
            tone: match overview.exit_code {
                0 => "pass",
                1 => "fail",
                4 => "warn",
                _ => "error",
            },
            name: format!("{} reports", reports.len()),
            meta: format!("ece-check {}", env!("CARGO_PKG_VERSION")),
            verdict: clean(&verdict),
            first: clean(&first),
            notes: view::notes_of(reports),
            numbers: several::numbers(reports),
        },
        owners: view::owners(reports.iter().copied()),
        severities: view::severities(reports.iter().copied()),
        mailboxes: view::mailboxes(reports.iter().copied()),
        footer: format!("ece-check {}; {} reports", env!("CARGO_PKG_VERSION"), reports.len()),
        several: Some(SeveralView::of(reports, overview)),
        reports: reports.iter().enumerate().map(view).collect(),
    })
}

/// Writes one report as a page.
pub(super) fn render(report: &Report) -> String {
    let view = ReportView::of(report, "", view::MOST_CONNECTIONS);
    page(&Page {
        title: view::title(report),
        head: Head::of(report),
        owners: view::owners([report]),
        severities: view::severities([report]),
        mailboxes: view::mailboxes([report]),
        footer: view::footer(report),
        reports: vec![view],
        several: None,
    })
}

fn page(page: &Page) -> String {
    let mut engine = Environment::new();
    engine.set_auto_escape_callback(|_| AutoEscape::Html);
    engine.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    let written = engine.render_str(
        TEMPLATE,
        context! {
            style => STYLE,
            script => SCRIPT,
            style_hash => hash(STYLE),
            script_hash => hash(SCRIPT),
            generator => format!("ece-check {}", env!("CARGO_PKG_VERSION")),
            ..Value::from(Serde(page))
        },
    );
    ascii(&written.unwrap_or_else(|fault| panic!("the template fits the values: {fault:#}"))) + "\n"
}

/// A hash as a Content Security Policy writes it (CSP 3, section 2.3.1).
fn hash(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(hash))
}

/// Characters beyond ASCII as references (HTML, section 13.1.4); none stands in the style or the script.
fn ascii(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for character in html.chars() {
        if character.is_ascii() {
            text.push(character);
        } else {
            let _ = write!(text, "&#x{:x};", u32::from(character));
        }
    }
    text
}

/// One line from outside, harmless; the template escapes it.
fn clean(text: &str) -> String {
    harmless::line(text, LONGEST)
}

/// Lines to be copied, never shortened.
fn lines(text: &str) -> String {
    text.lines().map(|line| harmless::line(line, usize::MAX)).collect::<Vec<_>>().join("\n")
}

/// A text as the name of a place in the page, to link to.
fn slug(text: &str) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c.to_ascii_lowercase() } else { '-' };
    text.chars().take(120).map(allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_are_ascii_and_end_nothing() {
        for text in [STYLE, SCRIPT] {
            assert!(text.is_ascii() && !text.contains("</") && !text.contains("<!--"));
        }
    }

    #[test]
    fn names_of_places_hold_nothing_that_a_link_must_escape() {
        assert_eq!(slug("smtp.sign-in-A@b.test \"><x"), "smtp.sign-in-a-b.test----x");
    }

    #[test]
    fn characters_beyond_ascii_are_references() {
        assert_eq!(ascii("a\u{2013}\u{1f469}"), "a&#x2013;&#x1f469;");
    }
}
