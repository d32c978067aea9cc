//! The parts that grow with what is read and found, one by one: the search through a log, the diagnosis, and the layout of
//! a report. Each is measured at sizes that are ten times the last, so that growth shows. Nothing is asserted.
//!
//! `cargo bench --bench parts`, or `make bench`.

use std::sync::LazyLock;

use divan::{
    Bencher,
    counter::{BytesCount, ItemsCount},
};
use ece_check::{
    catalogue::Catalogue,
    command::Wording,
    diagnose::diagnose,
    evidence::Subject,
    explain::{log::needles, prefilter::Needles},
    finding::Report,
    report::{Format, Style, Verbosity, json, render},
};

fn main() {
    divan::main();
}

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::built_in);

/// A report of two mailboxes in which several checks fail.
static REPORT: LazyLock<Report> =
    LazyLock::new(|| json::parse(include_str!("../tests/all/reports/golden.json")).expect("a report"));

/// The same report with this many times its findings, each time for other mailboxes.
fn report(times: usize) -> Report {
    let mut report = REPORT.clone();
    for time in 1..times {
        report.findings.extend(REPORT.findings.iter().cloned().map(|mut finding| {
            if let Some(mailbox) = finding.subject.mailbox() {
                finding.subject = Subject::Mailbox(format!("{time}.{mailbox}").into());
            }
            finding
        }));
    }
    report
}

/// A log of an ordinary day, in which one line of a thousand holds an error.
#[divan::bench(args = [100_000, 1_000_000, 10_000_000])]
fn prefilter(bencher: Bencher<'_, '_>, bytes: usize) {
    let needles = Needles::new(&needles(&CATALOGUE));
    let mut log = String::with_capacity(bytes + 200);
    for line in 0.. {
        if log.len() >= bytes {
            break;
        }
        log += match line % 1000 {
            999 => "2026-01-19 09:12:44,018 ERROR retriever: A3 NO AUTHENTICATE failed.\n",
            _ => "2026-01-19 09:12:44,018 INFO retriever: alias sales polled, 0 messages, next poll in 60 s\n",
        };
    }
    bencher.counter(BytesCount::of_str(&log)).bench(|| {
        let (mut from, mut found) = (0, 0);
        while let Some(at) = needles.find(log.as_bytes(), from) {
            (from, found) = (at + 1, found + 1);
        }
        found
    });
}

/// The causes of all that fails.
#[divan::bench(args = [1, 10, 100], sample_count = 20)]
fn causes(bencher: Bencher<'_, '_>, times: usize) {
    let report = report(times);
    let count = ItemsCount::new(report.findings.len());
    bencher
        .counter(count)
        .with_inputs(|| report.findings.clone())
        .bench_refs(|findings| diagnose(findings, &report.looks, &CATALOGUE, &Wording::default()));
}

/// The report as text of 80 columns.
#[divan::bench(args = [1, 10, 100], sample_count = 20)]
fn layout(bencher: Bencher<'_, '_>, times: usize) {
    let report = report(times);
    let style = Style::of_file(Verbosity::Normal);
    bencher.counter(ItemsCount::new(report.findings.len())).bench(|| render(&report, Format::Text, &style));
}
