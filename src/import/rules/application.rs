//! The application in Entra: redirect URIs, secrets, consent.
//!
//! What a registration asks for (`requiredResourceAccess`) is not what was granted, and never passes. Grants belong to the
//! enterprise application, by its own object id.
//! <https://learn.microsoft.com/entra/identity-platform/reply-url>
//! <https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant>

use std::{collections::BTreeSet, iter};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    Evidence, Outcome, Question, Reason, Settled,
    find::{Hit, decided},
};
use crate::{
    evidence::Subject,
    import::{
        cell::Switch,
        facts::{directory, entra},
        record::{Application, Credential, EnterpriseApplication, Grant, Record},
    },
};

/// Days below which a secret's end is a warning.
const SOON: i64 = 30;

/// The checks of the application. Without a client id nothing is judged: a file may hold other applications.
pub fn all(evidence: &Evidence<'_>, question: &Question) -> Vec<Settled> {
    let Some(client_id) = question.client_id.as_deref() else { return Vec::new() };
    let of = |check, judged: fn(&Question, &Application, usize) -> Settled| {
        by_registration(evidence, check, client_id, |application, file| judged(question, application, file))
    };
    let mut settled = vec![of(REDIRECT, redirect), of(SECRET, secret)];
    settled.extend(consent(evidence, question, client_id));
    settled
}

fn new(check: &'static str, outcome: Outcome, reason: Reason) -> Settled {
    Settled::new(check, Subject::Application, outcome, reason)
}

/// The registration, newest file first.
pub fn registration<'f>(evidence: &Evidence<'f>, client_id: &str) -> Option<(&'f Application, usize)> {
    registrations(evidence, client_id).into_iter().next().map(|hit| (hit.row, hit.file))
}

/// The registration in each file that has it, newest file first.
fn registrations<'f>(evidence: &Evidence<'f>, client_id: &str) -> Vec<Hit<'f, Application>> {
    let rows = evidence.rows(|record| if let Record::Application(row) = record { Some(row) } else { None });
    one_a_file(rows.into_iter().filter(|hit| hit.row.app_id == client_id))
}

fn enterprise<'f>(evidence: &Evidence<'f>, client_id: &str) -> Option<Hit<'f, EnterpriseApplication>> {
    enterprises(evidence, client_id).into_iter().next()
}

/// The enterprise application in each file that has it, newest file first.
fn enterprises<'f>(evidence: &Evidence<'f>, client_id: &str) -> Vec<Hit<'f, EnterpriseApplication>> {
    let rows = evidence.rows(|record| if let Record::EnterpriseApplication(row) = record { Some(row) } else { None });
    let is_it = |hit: &Hit<'_, EnterpriseApplication>| {
        hit.row.app_id.as_deref() == Some(client_id) && hit.row.deleted_at.is_none()
    };
    one_a_file(rows.into_iter().filter(is_it))
}

fn one_a_file<'f, R>(hits: impl Iterator<Item = Hit<'f, R>>) -> Vec<Hit<'f, R>> {
    let mut files = BTreeSet::new();
    hits.filter(|hit| files.insert(hit.file)).collect()
}

/// What the newest file with the registration settles.
fn by_registration(
    evidence: &Evidence<'_>,
    check: &'static str,
    client_id: &str,
    judged: impl Fn(&Application, usize) -> Settled,
) -> Settled {
    let hits = registrations(evidence, client_id).into_iter();
    let said = decided(evidence, hits.map(|hit| (hit.file, judged(hit.row, hit.file))).collect());
    said.unwrap_or_else(|| new(check, Outcome::NeedsInput, Reason::no_row("Manifest > Download")))
}

/// The object id of the enterprise application.
pub fn enterprise_id(evidence: &Evidence<'_>, client_id: &str) -> Option<(String, usize)> {
    let hit = enterprise(evidence, client_id)?;
    Some((hit.row.id.clone()?, hit.file))
}

/// What files may call the application by: its client id, the object id and name of the enterprise application, and those
/// that its service principal has in Exchange.
pub fn names(evidence: &Evidence<'_>, question: &Question) -> Vec<String> {
    let Some(client_id) = question.client_id.as_deref() else { return Vec::new() };
    let hit = enterprise(evidence, client_id);
    let known = hit.iter().flat_map(|hit| hit.row.id.clone().into_iter().chain(hit.row.name.clone()));
    let principals = evidence.rows(|record| match record {
        Record::ExchangeServicePrincipal(row) if row.app_id.eq_ignore_ascii_case(client_id) => Some(row),
        _ => None,
    });
    let in_exchange =
        principals.iter().flat_map(|hit| iter::once(hit.row.object_id.clone()).chain(hit.row.name.clone()));
    let all = iter::once(client_id.to_owned()).chain(known).chain(in_exchange);
    all.map(|name| name.to_lowercase()).collect()
}

const REDIRECT: &str = "directory.redirect-registered";

fn redirect(question: &Question, application: &Application, file: usize) -> Settled {
    let Some(web) = &application.web else {
        return new(REDIRECT, Outcome::NeedsInput, Reason::Cut("web.redirectUris")).from([file]);
    };
    let Some(sent) = question.redirect_url.as_deref() else {
        return new(REDIRECT, Outcome::NeedsInput, Reason::NoRedirectUrl)
            .with(entra::WEB_REDIRECTS, web.clone())
            .from([file]);
    };
    let fail = |cause, reason: Reason| {
        let platform = if let Reason::OtherPlatform(name) = reason { name } else { "none" };
        new(REDIRECT, Outcome::Fail, reason)
            .with(entra::REDIRECT_REGISTERED, false)
            .with(entra::REDIRECT_PLATFORM, platform)
            .with(entra::WEB_REDIRECTS, web.clone())
            .with(entra::REDIRECT_SENT, sent)
            .because_of(cause)
            .from([file])
    };
    let among = |list: &[String]| list.iter().any(|own| same_uri(own, sent));
    if among(web) {
        return new(REDIRECT, Outcome::Pass, Reason::Read).with(entra::REDIRECT_REGISTERED, true).from([file]);
    }
    if among(&application.spa) {
        return fail("redirect-uri-registered-as-spa", Reason::OtherPlatform("single-page application"));
    }
    if among(&application.public_client) {
        return fail("redirect-uri-platform-wrong", Reason::OtherPlatform("mobile and desktop applications"));
    }
    let nearest = web.iter().min_by_key(|own| strsim::levenshtein(own, sent));
    fail("redirect-uri-mismatch", Reason::Nearest(nearest.map(|own| (own.clone(), first_difference(own, sent)))))
}

/// Scheme and host without regard to case, all else with it, the trailing slash too.
fn same_uri(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

fn folded(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    format!("{}://{}{}", scheme.to_lowercase(), rest[..end].to_lowercase(), &rest[end..])
}

/// The letter, counted from 1, in which two addresses differ first.
fn first_difference(one: &str, other: &str) -> usize {
    let (one, other) = (folded(one), folded(other));
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count() + 1
}

pub const SECRET: &str = "directory.secret-lifetime";

/// The cause of a secret that no registration knows: whatever ECE sends is refused.
const INVALID: &str = "client-secret-invalid";

/// Which of several secrets ECE holds cannot be seen; the one that lasts longest decides.
fn secret(question: &Question, application: &Application, file: usize) -> Settled {
    let Some(credentials) = &application.credentials else {
        return new(SECRET, Outcome::NeedsInput, Reason::Cut("passwordCredentials")).from([file]);
    };
    let ends: Option<Vec<Timestamp>> = credentials.iter().map(|one| one.ends.as_deref()?.parse().ok()).collect();
    let Some(ends) = ends else { return new(SECRET, Outcome::NeedsInput, Reason::Cut("endDateTime")).from([file]) };
    // what begins later is of no use today
    let now = question.now;
    let starts: Vec<Option<Timestamp>> = credentials.iter().map(|one| one.starts.as_deref()?.parse().ok()).collect();
    let begins_later = |at: &Option<Timestamp>| at.filter(|at| *at > now);
    let ends: Vec<Timestamp> = ends
        .into_iter()
        .zip(&starts)
        .filter(|(_, starts)| begins_later(starts).is_none())
        .map(|(end, _)| end)
        .collect();
    if let (true, Some(first)) = (ends.is_empty(), starts.iter().filter_map(begins_later).min()) {
        return new(SECRET, Outcome::Fail, Reason::BeginsLater(super::day(Some(first))))
            .because_of(INVALID)
            .from([file]);
    }
    let Some(newest) = ends.iter().max() else {
        return new(SECRET, Outcome::Fail, Reason::NoSecret).because_of(INVALID).from([file]);
    };
    let is_newest = |one: &&Credential| one.ends.as_deref().and_then(|ends| ends.parse().ok()) == Some(*newest);
    let certificate = credentials.iter().find(is_newest).is_some_and(|one| one.certificate);
    let proof = if certificate { "certificate" } else { "client secret" };
    let left = newest.duration_since(question.now).as_hours().div_euclid(24);
    let over = ends.iter().filter(|end| **end < question.now).count();
    let settled = |outcome, reason| {
        new(SECRET, outcome, reason)
            .with(directory::ENDS, super::day(Some(*newest)))
            .with(directory::DAYS_LEFT, left)
            .with(directory::OVER, left < 0)
            .with(directory::EXPIRED, i64::try_from(over).unwrap_or(i64::MAX))
            .with(directory::PROOF, proof)
            .from([file])
    };
    match left {
        ..0 => settled(Outcome::Fail, Reason::Read).because_of("client-secret-expired"),
        0..SOON => settled(Outcome::Warn, Reason::EndsSoon),
        _ => match question.secret_expires.filter(|stated| differs(*stated, *newest)) {
            Some(stated) => settled(Outcome::Warn, Reason::OtherEnd(stated.to_string(), super::day(Some(*newest)))),
            None => settled(Outcome::Pass, Reason::Read),
        },
    }
}

/// True where the site file states another end than Entra has; a day more or less is the time zone.
fn differs(stated: Date, end: Timestamp) -> bool {
    let day = end.to_zoned(TimeZone::UTC).date();
    stated.duration_since(day).as_hours().abs() > 24
}

const CONSENT: &str = "directory.consent";

/// The permissions of Exchange for users' tokens, and the application permissions for its own.
/// <https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>
fn consent(evidence: &Evidence<'_>, question: &Question, client_id: &str) -> Option<Settled> {
    let grants = evidence.rows(|record| if let Record::Grant(row) = record { Some(row) } else { None });
    let principals = enterprises(evidence, client_id);
    if principals.is_empty() {
        let needed = !grants.is_empty();
        return needed.then(|| new(CONSENT, Outcome::NeedsInput, Reason::no_row("Get-MgServicePrincipal")));
    }
    let of = |hit: &Hit<'_, EnterpriseApplication>| (hit.file, consent_of(evidence, question, hit, &grants));
    decided(evidence, principals.iter().map(of).collect())
}

fn consent_of(
    evidence: &Evidence<'_>,
    question: &Question,
    principal: &Hit<'_, EnterpriseApplication>,
    grants: &[Hit<'_, Grant>],
) -> Settled {
    let new = |outcome, reason| new(CONSENT, outcome, reason).from([principal.file]);
    if principal.row.enabled.known() == Some(false) {
        let settled = new(Outcome::Fail, Reason::Disabled).with(entra::APPLICATION_ENABLED, false);
        return settled.because_of("app-disabled-in-tenant");
    }
    if let unknown @ (Switch::Strange(_) | Switch::Cut) = &principal.row.enabled {
        return new(Outcome::NeedsInput, Reason::of_switch("accountEnabled", unknown));
    }
    let own: Vec<&Hit<'_, Grant>> =
        grants.iter().filter(|hit| hit.row.client_id.is_some() && hit.row.client_id == principal.row.id).collect();
    let files: BTreeSet<usize> = own.iter().map(|hit| hit.file).chain(evidence.complete("delegated-grant")).collect();
    let of_file = |file: usize| {
        let own: Vec<&Grant> = own.iter().filter(|hit| hit.file == file).map(|hit| hit.row).collect();
        (file, granted(question, &own, evidence.is_incomplete(file)).from([principal.file, file]))
    };
    let said = decided(evidence, files.into_iter().map(of_file).collect());
    said.unwrap_or_else(|| new(Outcome::NeedsInput, Reason::no_row("Get-MgOauth2PermissionGrant")))
}

/// Whether the grants of one file suffice.
fn granted(question: &Question, own: &[&Grant], is_incomplete: bool) -> Settled {
    let new = |outcome, reason| new(CONSENT, outcome, reason);
    let scopes = |for_all: bool| -> BTreeSet<&str> {
        own.iter().filter(|row| row.for_all == for_all).flat_map(|row| &row.scopes).map(String::as_str).collect()
    };
    let (everybody, person) = (scopes(true), scopes(false));
    let missing: Vec<&str> = wanted(question).into_iter().filter(|scope| !everybody.contains(scope)).collect();
    let listed = |scopes: &[&str]| scopes.iter().map(|scope| (*scope).to_owned()).collect::<Vec<_>>();
    if missing.is_empty() {
        return new(Outcome::Pass, Reason::Read).with(entra::CONSENT, true);
    }
    if missing.iter().all(|scope| person.contains(scope)) {
        return new(Outcome::Warn, Reason::ForOnePerson(listed(&missing)));
    }
    if is_incomplete {
        return new(Outcome::NeedsInput, Reason::IncompleteFile);
    }
    let settled = new(Outcome::Fail, Reason::NotGranted(listed(&missing)));
    let settled = settled.with(entra::CONSENT, false).with(entra::CONSENT_MISSING, listed(&missing));
    settled.because_of("consent-missing")
}

fn wanted(question: &Question) -> Vec<&'static str> {
    let users: Vec<_> = question.accounts.iter().filter(|account| !account.application).collect();
    let mut wanted = vec!["SMTP.Send"];
    if users.iter().any(|account| account.imap == Some(true)) {
        wanted.push("IMAP.AccessAsUser.All");
    }
    if users.iter().any(|account| account.imap == Some(false)) {
        wanted.push("POP.AccessAsUser.All");
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirect_uris_compare_host_without_case_and_path_with_it() {
        assert!(same_uri("https://ECE.example.com/System", "https://ece.example.com/System"));
        for other in
            ["https://ece.example.com/system", "https://ece.example.com/System/", "http://ece.example.com/System"]
        {
            assert!(!same_uri("https://ece.example.com/System", other), "{other}");
        }
        assert_eq!(first_difference("https://a/b", "https://a/c"), 11);
    }
}
