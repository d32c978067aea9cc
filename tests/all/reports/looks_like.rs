//! What the golden report looks like in each format.

use ece_check::{
    finding::Report,
    report::{Format, Style, Verbosity, render},
};

use super::{ascii, golden, style, verbosity, with_mailboxes};

fn looks_like(name: &str, report: &Report, format: Format, style: &Style) {
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots"}, {
        insta::assert_snapshot!(name, render(report, format, style));
    });
}

#[test]
fn text_in_eighty_columns() {
    looks_like("text-80", &golden(), Format::Text, &style(80));
}

#[test]
fn text_in_forty_columns() {
    looks_like("text-40", &golden(), Format::Text, &style(40));
}

#[test]
fn text_in_ascii() {
    looks_like("text-ascii", &golden(), Format::Text, &ascii(80));
}

#[test]
fn text_verbose() {
    looks_like("text-verbose", &golden(), Format::Text, &verbosity(Verbosity::Verbose));
}

#[test]
fn text_quiet() {
    looks_like("text-quiet", &golden(), Format::Text, &verbosity(Verbosity::Quiet));
}

#[test]
fn mailboxes_in_eighty_columns() {
    looks_like("mailboxes-80", &with_mailboxes(2), Format::Text, &style(80));
}

#[test]
fn mailboxes_in_forty_columns() {
    looks_like("mailboxes-40", &with_mailboxes(2), Format::Text, &style(40));
}

#[test]
fn mailboxes_in_markdown() {
    looks_like("mailboxes-markdown", &with_mailboxes(30), Format::Markdown, &style(80));
}

#[test]
fn markdown() {
    looks_like("markdown", &golden(), Format::Markdown, &style(80));
}

#[test]
fn csv() {
    looks_like("csv", &golden(), Format::Csv, &style(80));
}

#[test]
fn json() {
    looks_like("json", &golden(), Format::Json, &style(80));
}
