//! Every number that Microsoft lists for Entra means something: a sign names its cause, or a row of `aadsts.toml` says it.
//!
//! In: `entra-numbers.txt`, numbers only, each block below its source and the date of it.

use ece_check::{catalogue::Catalogue, explain::explain};

const LISTED: &str = include_str!("entra-numbers.txt");

fn listed() -> Vec<u32> {
    let lines = LISTED.lines().filter(|line| !line.starts_with('#'));
    lines.flat_map(str::split_whitespace).map(|number| number.parse().expect("a number")).collect()
}

fn names_a_cause(number: u32, catalogue: &Catalogue) -> bool {
    !explain(&format!("AADSTS{number}"), None, catalogue).causes.is_empty()
}

#[test]
fn every_listed_number_has_a_cause_or_a_row() {
    let catalogue = Catalogue::built_in();
    let listed = listed();
    assert!(listed.len() >= 370, "the list is cut: {} numbers", listed.len());
    let is_known = |number| catalogue.tables.numbers.means(number).is_some() || names_a_cause(number, &catalogue);
    let unknown: Vec<u32> = listed.into_iter().filter(|number| !is_known(*number)).collect();
    assert!(unknown.is_empty(), "neither a sign nor a row of aadsts.toml knows {unknown:?}");
}

#[test]
fn no_row_is_hidden_by_a_cause() {
    let catalogue = Catalogue::built_in();
    let numbers = catalogue.tables.numbers.rows.iter().map(|(number, _)| *number);
    let hidden: Vec<u32> = numbers.filter(|number| names_a_cause(*number, &catalogue)).collect();
    assert!(hidden.is_empty(), "a sign names the cause of {hidden:?}: delete the rows");
}
