//! The findings as CSV (RFC 4180), one row each, for a spreadsheet.
//!
//! In: a report, or the rows of any table. Out: quoted fields, harmless as in [`harmless`]. A spreadsheet runs a field
//! that begins with `=`, `+`, `-` or `@` as a formula, so an apostrophe is set before it. It is set after a semicolon too:
//! where the comma is the decimal sign, Excel takes the semicolon for the separator. That changes a field such as `-5`
//! to `'-5`; programs should read the JSON report. Lines end in a bare line feed, which spreadsheets take as well.

use super::{Style, Symbols, grouping, harmless, words};
use crate::finding::{Finding, Report};

/// The longest field, in characters; Excel takes 32,767.
const LONGEST: usize = 4_000;

const HEADER: [&str; 17] = [
    "check",
    "section",
    "subject",
    "status",
    "reason",
    "found",
    "cause",
    "owner",
    "fix",
    "certainty",
    "account",
    "severity",
    "waiver",
    "site",
    "server",
    "started",
    "trace",
];

/// Writes the findings of each report, one row each, in plan order. What the user should give stands under `fix` where
/// there is no cause.
pub(super) fn render(reports: &[&Report], style: &Style) -> String {
    let findings = reports.iter().flat_map(|report| report.findings.iter().map(|finding| row(report, finding)));
    rows(&HEADER, findings, style.symbols)
}

/// Writes a table with a header, whose fields are our own words; every other field is made harmless for terminals and
/// spreadsheets.
#[must_use]
#[expect(clippy::missing_panics_doc, reason = "it cannot: memory takes all that is written")]
pub fn rows<const N: usize>(
    header: &[&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
    symbols: Symbols,
) -> String {
    let mut writer = ::csv::WriterBuilder::new().quote_style(::csv::QuoteStyle::NonNumeric).from_writer(Vec::new());
    writer.write_record(header).expect("memory takes all that is written");
    for row in rows {
        writer
            .write_record(row.map(|field| field_of(&field, symbols)))
            .expect("memory takes all, and every row has N fields");
    }
    let bytes = writer.into_inner().expect("memory takes all that is written");
    String::from_utf8(bytes).expect("only text was written")
}

fn row(report: &Report, finding: &Finding) -> [String; 17] {
    let cause = finding.causes.first().map(|cause| cause.cause.clone()).unwrap_or_default();
    let next = finding.next.as_deref().unwrap_or_default();
    let (owner, fix) =
        grouping::fix(report, finding, &cause).map_or(("", next), |(_, fix)| (words::owner(fix.owner), &fix.fix));
    [
        finding.check.to_string(),
        finding.section.to_string(),
        finding.subject.to_string(),
        words::status(finding.status).to_owned(),
        finding.reason.map(words::name).unwrap_or_default(),
        finding.found.to_string(),
        cause,
        owner.to_owned(),
        fix.to_owned(),
        finding.causes.first().map(|cause| words::certainty(cause.certainty).to_owned()).unwrap_or_default(),
        finding.account.as_ref().map(ToString::to_string).unwrap_or_default(),
        words::severity(finding.severity).to_owned(),
        words::waiver(finding),
        words::site(report).to_owned(),
        report.run.host.clone(),
        report.run.started.clone(),
        words::trace(report, finding).to_owned(),
    ]
}

fn field_of(text: &str, symbols: Symbols) -> String {
    let mut field = String::with_capacity(text.len());
    let mut begins = true;
    for character in harmless::shown(text, LONGEST, symbols).chars() {
        if begins && matches!(character, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') {
            field.push('\'');
        }
        begins = character == ';' || (begins && matches!(character, ' ' | '"' | '\u{a0}' | '\u{3000}'));
        field.push(character);
    }
    field
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_from_outside() {
        for (text, field) in [
            ("=1+1", "'=1+1"),
            ("  @SUM(A1)", "  '@SUM(A1)"),
            ("220 x\";=cmd|' /C calc'!A0", "220 x\";'=cmd|' /C calc'!A0"),
            ("＝1", "'＝1"),
            ("\t=1", "\\t=1"),
            ("a=b - c", "a=b - c"),
        ] {
            assert_eq!(field_of(text, Symbols::Unicode), field);
        }
    }

    #[test]
    fn a_dash_that_becomes_a_minus() {
        assert_eq!(field_of("–1", Symbols::Ascii), "'-1");
    }

    #[test]
    fn quotes_and_commas() {
        assert_eq!(
            rows(&["a", "b"], [["x\"y".to_owned(), "1,2\n".to_owned()]], Symbols::Unicode),
            "\"a\",\"b\"\n\"x\"\"y\",\"1,2\\n\"\n"
        );
    }
}
