//! `webex.mapping`: the attribute mapping of the gallery application, fifteen rows.
//!
//! The table is that of <https://help.webex.com/aumpbz>; what Microsoft maps by default is in
//! <https://learn.microsoft.com/entra/identity/saas-apps/cisco-webex-provisioning-tutorial>: rows 6 to 14 are not, so a site
//! without them is a usual one. Expressions are compared without spaces.

use super::{Integration, Question, Reason, new};
use crate::import::{
    facts::webex as facts,
    record::{AttributeMapping, Record},
    rules::{Evidence, Outcome, Settled},
};

const CHECK: &str = "webex.mapping";
const EXPORT: &str = "the attribute mapping; see ece-check evidence request --for webex";

/// How much a row matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Weight {
    Warn,
    Note,
}

/// Source and target of the rows beside `userName` and `active`.
const ROWS: [(&str, &str, Weight); 13] = [
    ("displayName", "displayName", Weight::Warn),
    ("surname", "name.familyName", Weight::Warn),
    ("givenName", "name.givenName", Weight::Warn),
    ("jobTitle", "title", Weight::Note),
    ("usageLocation", "addresses[type eq \"work\"].country", Weight::Note),
    ("city", "addresses[type eq \"work\"].locality", Weight::Note),
    ("streetAddress", "addresses[type eq \"work\"].streetAddress", Weight::Note),
    ("state", "addresses[type eq \"work\"].region", Weight::Note),
    ("postalCode", "addresses[type eq \"work\"].postalCode", Weight::Note),
    ("telephoneNumber", "phoneNumbers[type eq \"work\"].value", Weight::Note),
    ("mobile", "phoneNumbers[type eq \"mobile\"].value", Weight::Note),
    ("facsimileTelephoneNumber", "phoneNumbers[type eq \"fax\"].value", Weight::Note),
    ("objectId", "externalId", Weight::Warn),
];

/// What `active` comes from: both forms say the same.
const ACTIVE: [&str; 2] = [r#"switch([issoftdeleted],,"false","true","true","false")"#, "not([issoftdeleted])"];

pub fn settle(evidence: &Evidence<'_>, question: &Question) -> Settled {
    if super::is_absent(Integration::Gallery, evidence, question) {
        return new(CHECK, Outcome::NotApplicable, Reason::OtherIntegration);
    }
    let (rows, file) = newest(evidence);
    let Some(file) = file else { return new(CHECK, Outcome::NeedsInput, Reason::NotExported(EXPORT)) };
    judged(&rows).from([file])
}

/// The rows of the newest file that has a mapping.
pub fn newest<'f>(evidence: &Evidence<'f>) -> (Vec<&'f AttributeMapping>, Option<usize>) {
    let mut hits = evidence.rows(|record| if let Record::AttributeMapping(row) = record { Some(row) } else { None });
    hits.retain(|hit| super::maps_to_webex(hit.row));
    let file = hits.first().map(|hit| hit.file);
    (hits.into_iter().filter(|hit| Some(hit.file) == file).map(|hit| hit.row).collect(), file)
}

/// The source of the user name, as the name of an attribute; none where it is an expression.
pub fn source_of_user_name<'f>(rows: &[&'f AttributeMapping]) -> Option<&'f str> {
    plain(find(rows, "userName")?.source.as_deref()?)
}

fn judged(rows: &[&AttributeMapping]) -> Settled {
    let fail =
        |verdict: &str, wrong| new(CHECK, Outcome::Fail, Reason::Mapping(wrong)).with(facts::MAPPING_STATE, verdict);
    if rows.iter().any(|row| !row.creates_users) {
        return fail("disabled", "the mapping of users is disabled, or does not create users");
    }
    let source = find(rows, "userName").and_then(|row| row.source.as_deref());
    let named = source.and_then(plain);
    let by_name = |settled: Settled| match source {
        Some(source) => settled.with(facts::USER_NAME_SOURCE, source),
        None => settled,
    };
    if !named.is_some_and(|name| is(name, "userPrincipalName") || is(name, "mail")) {
        return by_name(fail("user-name", "userName does not come from userPrincipalName or mail"));
    }
    if !find(rows, "userName").is_some_and(|row| row.matching) {
        return by_name(fail(
            "not-matching",
            "userName is not the attribute that finds a user again (matching precedence 1)",
        ));
    }
    let active = find(rows, "active").and_then(|row| row.source.as_deref()).map(dense);
    if !active.is_some_and(|active| ACTIVE.contains(&active.as_str())) {
        return by_name(fail("active", "active does not come from IsSoftDeleted"));
    }
    by_name(other_rows(rows))
}

fn other_rows(rows: &[&AttributeMapping]) -> Settled {
    let differs = |(source, target, _): &&(&str, &str, Weight)| {
        let own = find(rows, target).and_then(|row| row.source.as_deref()).and_then(plain);
        !own.is_some_and(|own| is(own, source))
    };
    let name = |weight: Weight| {
        let of = ROWS.iter().filter(|row| row.2 == weight).filter(differs);
        of.map(|(source, target, _)| format!("{source} to {target}")).collect::<Vec<_>>()
    };
    let (warned, noted) = (name(Weight::Warn), name(Weight::Note));
    let mut priorities: Vec<i64> = rows.iter().filter_map(|row| row.priority).collect();
    priorities.sort_unstable();
    let settled = if priorities.windows(2).any(|pair| pair[0] == pair[1]) {
        let wrong = "two attributes have the same matching precedence";
        new(CHECK, Outcome::Warn, Reason::Mapping(wrong)).with(facts::MAPPING_STATE, "precedence")
    } else if warned.is_empty() {
        new(CHECK, Outcome::Pass, Reason::Confirmed).with(facts::MAPPING_STATE, "good")
    } else {
        new(CHECK, Outcome::Warn, Reason::Rows(warned.clone())).with(facts::MAPPING_STATE, "rows")
    };
    settled.with(facts::MAPPING_ROWS_MISSING, warned).with(facts::MAPPING_ROWS_OPTIONAL, noted)
}

fn find<'f>(rows: &[&'f AttributeMapping], target: &str) -> Option<&'f AttributeMapping> {
    rows.iter().find(|row| dense(&row.target) == dense(target)).copied()
}

/// The name of an attribute: `mail` or `[mail]`; none for any other expression.
fn plain(source: &str) -> Option<&str> {
    let inner = source.trim();
    let inner = inner.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or(inner);
    (!inner.is_empty() && inner.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')).then_some(inner)
}

fn is(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

fn dense(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>().to_lowercase()
}
