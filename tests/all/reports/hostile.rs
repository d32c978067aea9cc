//! Whatever stands in a report, what is printed does no harm.

use std::collections::BTreeSet;

use ece_check::{
    finding::{Report, Status},
    report::{Format, Style, Symbols, Verbosity, harmless, parse, render},
};
use proptest::prelude::*;
use pulldown_cmark::{Event, Options, Parser, Tag};
use serde_json::Value;
use unicode_width::UnicodeWidthChar as _;

use super::{golden, style};

/// The names of values that are not free text: they have a fixed set of words or a form of their own.
const FIXED: [&str; 11] =
    ["status", "reason", "certainty", "owner", "protocol", "stage", "kind", "mark", "name", "address", "dialled"];

/// The golden report with a piece of hostile text at the beginning of every text that is free.
fn poisoned(poison: &[String]) -> Report {
    let mut json = serde_json::to_value(golden()).expect("a report is JSON");
    pour(&mut json, &mut poison.iter().cycle());
    parse(&json.to_string()).expect("free texts may be anything")
}

fn pour<'a>(value: &mut Value, poison: &mut impl Iterator<Item = &'a String>) {
    match value {
        Value::String(text) => text.insert_str(0, poison.next().expect("there is always more")),
        Value::Array(values) => values.iter_mut().for_each(|value| pour(value, poison)),
        Value::Object(entries) => {
            entries
                .iter_mut()
                .filter(|(key, _)| !FIXED.contains(&key.as_str()))
                .for_each(|(_, value)| pour(value, poison));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn poison() -> impl Strategy<Value = Vec<String>> {
    let nasty = prop::sample::select(vec![
        "\x1b[2J",
        "\x1b]8;;http:\x07",
        "\u{9b}31m",
        "\r\n",
        "\n",
        "\t",
        "\0",
        "\u{7f}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{feff}",
        "\u{2028}",
        "=",
        "+",
        "-",
        "@",
        ";",
        ",",
        "\"",
        "'",
        "|",
        "\\",
        "\\|",
        "`",
        "``",
        "```",
        "*",
        "_",
        "#",
        "<b>",
        "<!--",
        "&amp;",
        "[a](b)",
        "![a](b)",
        "~~",
        "$",
        " ",
        "接続",
        "é",
        "e\u{301}",
        "👩‍👩‍👧",
        "…",
        "–",
        "•",
        "A",
        "1.",
    ]);
    let word = prop_oneof![4 => nasty.prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from)];
    let text = prop::collection::vec(word, 0..12).prop_map(|words| words.concat());
    prop::collection::vec(text, 1..40)
}

fn any_style() -> impl Strategy<Value = Style> {
    let symbols = prop::sample::select(vec![Symbols::Unicode, Symbols::Ascii]);
    let verbosity = prop::sample::select(vec![Verbosity::Quiet, Verbosity::Normal, Verbosity::Verbose]);
    (0_usize..130, symbols, verbosity).prop_map(|(width, symbols, verbosity)| Style {
        width,
        symbols,
        colour: false,
        links: false,
        verbosity,
        program: "ece-check".to_owned(),
    })
}

/// How many mailboxes the checks of the golden report were made for, as far as their names are still whole.
fn mailboxes(report: &Report) -> usize {
    let checks = ["imap.mailbox-opens", "smtp.sign-in", "smtp.sender-accepted"];
    let of_mailbox = report.findings.iter().filter(|finding| checks.contains(&finding.check.as_str()));
    of_mailbox.map(|finding| &finding.subject).collect::<BTreeSet<_>>().len()
}

fn columns(line: &str) -> usize {
    line.chars().map(|character| character.width().unwrap_or(0)).sum()
}

fn nothing_hidden(text: &str) -> Result<(), TestCaseError> {
    // A list of its own, so that a gap in the other one is seen.
    let hidden = |character: char| match u32::from(character) {
        0x0a => false,
        0..=0x1f | 0x7f..=0x9f | 0xad | 0x61c | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff => true,
        code => (0xe0000..=0xe007f).contains(&code),
    };
    prop_assert_eq!(text.chars().find(|character| hidden(*character)), None);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_hidden_in_any_format(poison in poison(), style in any_style()) {
        let report = poisoned(&poison);
        for format in [Format::Text, Format::Json, Format::Markdown, Format::Csv] {
            let rendered = render(&report, format, &style);
            nothing_hidden(&rendered)?;
            prop_assert!(style.symbols == Symbols::Unicode || rendered.is_ascii(), "{:?}", format);
        }
    }

    #[test]
    fn no_line_is_wider_than_the_window(poison in poison(), style in any_style()) {
        let mut report = poisoned(&poison);
        report.summary.fix_first.iter_mut().for_each(|fix| fix.command = None); // commands are never broken
        for line in render(&report, Format::Text, &style).lines() {
            prop_assert!(columns(line) <= style.width.max(20) || line.contains("http"), "{:?}", line);
        }
    }

    #[test]
    fn json_keeps_every_text_as_it_was(poison in poison(), style in any_style()) {
        let report = poisoned(&poison);
        prop_assert_eq!(parse(&render(&report, Format::Json, &style)).expect("our own JSON"), report);
    }

    #[test]
    fn no_cell_of_a_spreadsheet_is_a_formula(poison in poison(), style in any_style()) {
        let report = poisoned(&poison);
        let csv = render(&report, Format::Csv, &style);
        for separator in [b',', b';'] {
            let mut reader = ::csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(csv.as_bytes());
            for row in reader.records() {
                let row = row.expect("CSV");
                prop_assert!(separator == b';' || row.len() == 17);
                for cell in &row {
                    let begins = cell.trim_start_matches([' ', '"']);
                    prop_assert!(!begins.starts_with(['=', '+', '-', '@']), "{:?}", cell);
                }
            }
        }
    }

    #[test]
    fn markdown_is_what_we_made_it(poison in poison(), style in any_style()) {
        let mut report = poisoned(&poison);
        for (number, finding) in report.findings.iter_mut().enumerate() {
            finding.found = format!("{}{number}", finding.found).into(); // none is like another
        }
        let markdown = render(&report, Format::Markdown, &style);
        let mut cells = 0;
        for event in Parser::new_ext(&markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            match event {
                Event::Start(Tag::TableCell) => cells += 1,
                Event::Html(_) | Event::InlineHtml(_) => prop_assert!(false, "HTML in {}", markdown),
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::Emphasis | Tag::Strikethrough | Tag::BlockQuote(_)) => {
                    prop_assert!(false, "foreign markup in {}", markdown);
                }
                _ => {}
            }
        }
        let rows = report.findings.iter().filter(|finding| finding.status != Status::Pass).count();
        let mailboxes = mailboxes(&report);
        let table = if mailboxes > 1 { (mailboxes + 1) * 6 } else { 0 };
        prop_assert_eq!(cells, 2 * 6 + (rows + 1) * 5 + table, "{}", markdown);
    }

    #[test]
    fn a_code_span_holds_the_whole_text(poison in poison()) {
        let report = poisoned(&poison);
        let markdown = render(&report, Format::Markdown, &style(80));
        let spans: Vec<String> = Parser::new_ext(&markdown, Options::ENABLE_TABLES)
            .filter_map(|event| if let Event::Code(text) = event { Some(text.to_string()) } else { None })
            .collect();
        for finding in report.findings.iter().filter(|finding| !finding.found.contains("\\|")) {
            let found = harmless::line(&finding.found, 600);
            let shown = finding.status == Status::Pass || found.trim().is_empty() || found.contains("\\|");
            prop_assert!(shown || spans.contains(&found), "{:?} in {}", found, markdown);
        }
    }
}

#[test]
fn the_hidden_parts_of_a_command_are_seen() {
    let mut report = golden();
    report.summary.fix_first[0].command = Some("echo safe\u{200b}\x1b[8m; rm -rf /\r\necho \u{202e}two".to_owned());
    let text = render(&report, Format::Text, &style(80));
    assert!(text.contains("        echo safe\\u{200b}\\x1b[8m; rm -rf /\n        echo \\u{202e}two\n"), "{text}");
}
