//! The page for a browser: what it forbids, what it holds, how large it gets.

use ece_check::{
    evidence::Subject,
    finding::{AppliedWaiver, Report, SkipReason, Status},
    report::{Format, Style, Together, Verbosity, render, render_several},
};
use ring::digest::{SHA256, digest};

use super::{golden, with_mailboxes};

fn html(report: &Report) -> String {
    render(report, Format::Html, &Style::of_file(Verbosity::Normal))
}

fn between<'t>(text: &'t str, begin: &str, end: &str) -> &'t str {
    let at = text.find(begin).unwrap_or_else(|| panic!("no {begin}")) + begin.len();
    &text[at..at + text[at..].find(end).unwrap_or_else(|| panic!("no {end}"))]
}

/// A browser runs no script and uses no style but those whose hashes the page names.
#[test]
fn nothing_runs_but_what_the_page_names() {
    use base64::Engine as _;
    let page = html(&golden());
    let policy = between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
    assert!(policy.starts_with("default-src 'none'; ") && !policy.contains("unsafe"), "{policy}");
    for (element, directive) in [("style", "style-src"), ("script", "script-src")] {
        let text = between(&page, &format!("<{element}>"), &format!("</{element}>"));
        let hash = base64::engine::general_purpose::STANDARD.encode(digest(&SHA256, text.as_bytes()));
        assert!(policy.contains(&format!("{directive} 'sha256-{hash}'")), "{policy}");
    }
    for outside in [" src=", "<link", "@import", "url(", "style=\"", "onclick", "<iframe", "<img"] {
        assert!(!page.contains(outside), "{outside}");
    }
}

#[test]
fn hostile_words_stay_words() {
    let mut report = golden();
    let hostile = "</script><script>alert(1)</script><img src=x onerror=alert(1)>\" onload=\"x\u{202e}";
    report.run.host = hostile.to_owned();
    for finding in &mut report.findings {
        finding.found = hostile.into();
        finding.subject = Subject::of_text(&format!("{}{hostile}", finding.subject));
    }
    for fix in &mut report.summary.fix_first {
        (fix.title, fix.command, fix.sources) =
            (hostile.to_owned(), Some(hostile.to_owned()), vec![format!("javascript:{hostile}"), hostile.to_owned()]);
    }
    let page = html(&report);
    assert_eq!((page.matches("<script>").count(), page.matches("</script>").count()), (1, 1));
    assert!(!page.contains("<img") && !page.contains("href=\"javascript") && !page.contains("&#x202e;"));
}

/// Names of places are unique, and every link within the page leads to one.
#[test]
fn every_link_within_the_page_has_its_place() {
    let (one, other) = (golden(), with_mailboxes(90));
    for page in [
        html(&one),
        html(&other),
        render_several(&Together::of(vec![&one, &other, &one]), Format::Html, &Style::of_file(Verbosity::Normal)),
    ] {
        let mut ids: Vec<&str> =
            page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all, "a name stands twice");
        for link in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap_or_default()) {
            assert!(ids.binary_search(&link).is_ok(), "#{link} leads nowhere");
        }
    }
}

#[test]
fn five_thousand_mailboxes_are_a_page_of_moderate_size() {
    let page = html(&with_mailboxes(5_000));
    assert!(page.len() < 15 * 1024 * 1024, "{} bytes", page.len());
    assert!(page.contains("branch4999@example.com") && page.contains("complaints-of-all-branches@example.com"));
    assert!(page.matches("<tr").count() < 400, "mailboxes with the same outcome share a row");
}

/// A waived finding is there with its reason; one whose waiver has ended says so.
#[test]
fn waivers_are_told_in_every_format() {
    let mut report = golden();
    let bad = report.findings.iter().position(|one| one.status == Status::Fail).expect("a failure");
    for (ended, says) in
        [(false, "waived until 2027-01-31: window in January"), (true, "the waiver ended on 2027-01-31")]
    {
        let waiver = AppliedWaiver {
            reason: "window in January".to_owned(),
            by: "exchange.admin@example.com".to_owned(),
            until: "2027-01-31".to_owned(),
            status: Status::Fail,
            ended,
            owner: None,
        };
        report.findings[bad].waiver = Some(waiver.into());
        (report.findings[bad].status, report.findings[bad].reason) =
            if ended { (Status::Fail, None) } else { (Status::Skip, Some(SkipReason::Waived)) };
        for format in [Format::Text, Format::Markdown, Format::Html, Format::Csv, Format::Junit, Format::Nagios] {
            let style = Style { width: 1_000, ..Style::of_file(Verbosity::Normal) };
            let text = render(&report, format, &style);
            assert!(text.contains(says), "{says} in {format:?}: {text}");
        }
    }
}
