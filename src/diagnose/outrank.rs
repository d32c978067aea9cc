//! Files that the services of the same run contradict: what a service did counts, and the finding of the file says so.
//!
//! In: the findings, and the causes that each raises. Out: the findings of files that are contradicted as warnings, with
//! what contradicts them. Nothing is averaged. Pure.

use std::collections::HashMap;

use super::{is_of_application, sign::Candidate};
use crate::{
    catalogue::Catalogue,
    evidence::{Observation, SharedText, Subject},
    finding::{Finding, Found, Status},
    import::facts::mailbox,
    probe::delivery,
};

/// Turns each finding of a file or a statement that a service of this run contradicts into a warning.
pub(super) fn outrank(
    findings: &mut [Finding],
    looks: &[Observation],
    catalogue: &Catalogue,
    raised: &[Vec<Candidate<'_>>],
) {
    let of_files: Vec<usize> = (0..findings.len()).filter(|at| is_of_evidence(&findings[*at], looks)).collect();
    if of_files.is_empty() {
        return;
    }
    let related = Related::of(findings);
    let contradicted = |at: usize| Some((at, contradicted(at, findings, &related, looks, catalogue, raised)?));
    let told: Vec<(usize, usize)> = of_files.into_iter().filter_map(contradicted).collect();
    for (at, by) in told {
        let finding = &mut findings[at];
        let evidence = finding.evidence.take().map(Box::new);
        finding.evidence = Some(Found::Outranked { by, evidence });
        let is_failure = finding.status == Status::Fail;
        finding.fails =
            catalogue.check(&finding.check).map(|check| check.contradicted(is_failure).into()).unwrap_or_default();
        finding.status = Status::Warn;
        finding.means = SharedText::default();
    }
}

/// True for a finding that rests on a file or on what a person states.
pub(super) fn is_of_evidence(finding: &Finding, looks: &[Observation]) -> bool {
    finding.look.and_then(|look| looks.get(look)).is_some_and(|look| !look.source.is_live())
}

/// The finding of this run that knows better and disagrees.
fn contradicted(
    at: usize,
    findings: &[Finding],
    related: &Related<'_>,
    looks: &[Observation],
    catalogue: &Catalogue,
    raised: &[Vec<Candidate<'_>>],
) -> Option<usize> {
    let finding = &findings[at];
    let check = catalogue.check(&finding.check)?;
    let names = |checks: &[String]| checks.iter().any(|check| *check == finding.check);
    let disagrees = |other: &usize| match (finding.status, findings[*other].status) {
        (Status::Fail, Status::Pass) => check.outranked_by.iter().any(|check| **check == *findings[*other].check),
        (Status::Fail, Status::Warn) => findings[*other].look.and_then(|look| looks.get(look)).is_some_and(was_sent),
        (Status::Warn, Status::Fail) if leaves_open(finding, looks) => false,
        (Status::Pass | Status::Warn, Status::Fail) => {
            raised[*other].iter().any(|candidate| candidate.settles && names(&candidate.cause.evidence_against.pass))
        }
        _ => false,
    };
    let denied = |other: &usize| {
        let by = &raised[*other];
        findings[*other].status == Status::Fail
            && by.iter().any(|candidate| candidate.settles && names(&candidate.cause.contradicts))
    };
    let asked = |other: &usize| contacted(&findings[*other], looks) && concerns(finding, &findings[*other], looks);
    let of_run = check.outranked_by.iter().chain(&check.refused_by);
    let better = of_run.flat_map(|check| related.to(check, finding)).copied();
    better
        .filter(asked)
        .find(disagrees)
        .or_else(|| related.of_subject(finding).find(|other| denied(other) && asked(other)))
}

/// True where the file itself says that it does not know whose right it is: no refusal contradicts that.
fn leaves_open(finding: &Finding, looks: &[Observation]) -> bool {
    finding.look.and_then(|look| looks.get(look)).is_some_and(|look| mailbox::is_right_open(&look.facts))
}

/// True where a service was asked; a token that was handed over says nothing of whether another one would be issued.
fn contacted(finding: &Finding, looks: &[Observation]) -> bool {
    let look = finding.look.and_then(|look| looks.get(look));
    let is_asked = |look: &Observation| !(look.attempts.is_empty() && look.tried.is_empty()) || was_sent(look);
    look.is_some_and(|look| look.source.is_live() && is_asked(look))
}

/// True for a message that the server accepted, also where it was not found again.
fn was_sent(look: &Observation) -> bool {
    look.facts.is(delivery::SENT)
}

/// False for a sign-in of a user beside what a file says of the application: users sign in without it.
fn concerns(finding: &Finding, other: &Finding, looks: &[Observation]) -> bool {
    let is_sign_in = finding.subject == Subject::Application && other.subject.mailbox().is_some();
    !is_sign_in || other.look.and_then(|look| looks.get(look)).is_some_and(is_of_application)
}

/// The places of all findings by check, so that none is searched for among all others.
struct Related<'f>(HashMap<&'f str, OfCheck<'f>>);

/// The places of the findings of one check.
#[derive(Default)]
struct OfCheck<'f> {
    all: Vec<usize>,
    of_subject: HashMap<String, Vec<usize>>,
    of_account: HashMap<&'f str, Vec<usize>>,
}

impl<'f> Related<'f> {
    fn of(findings: &'f [Finding]) -> Self {
        let mut checks: HashMap<&str, OfCheck<'_>> = HashMap::new();
        for (at, finding) in findings.iter().enumerate() {
            let of_check = checks.entry(&finding.check).or_default();
            of_check.all.push(at);
            of_check.of_subject.entry(finding.subject.as_str().to_ascii_lowercase()).or_default().push(at);
            if let Some(account) = &finding.account {
                of_check.of_account.entry(account).or_default().push(at);
            }
        }
        Self(checks)
    }

    /// The findings of any check for the same subject.
    fn of_subject(&self, finding: &Finding) -> impl Iterator<Item = usize> {
        let subject = finding.subject.as_str().to_ascii_lowercase();
        let mut places: Vec<usize> =
            self.0.values().filter_map(|of_check| of_check.of_subject.get(&subject)).flatten().copied().collect();
        places.sort_unstable();
        places.into_iter()
    }

    /// The findings of a check for the same subject; else for its account; of the application, for any account.
    fn to(&self, check: &str, finding: &Finding) -> &[usize] {
        let Some(of_check) = self.0.get(check) else { return &[] };
        let others = || match finding.account.as_deref() {
            Some(account) => of_check.of_account.get(account),
            None => Some(&of_check.all),
        };
        of_check
            .of_subject
            .get(&finding.subject.as_str().to_ascii_lowercase())
            .or_else(others)
            .map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::Wording,
        diagnose::diagnose,
        evidence::{Attempt, Failure, FailureKind, Protocol, Route, Source, Stage},
        finding::Certainty,
    };

    #[test]
    fn service_was_asked_only_where_a_connection_was_tried() {
        let quiet = Observation::new("token", Subject::of_text("sales"), Route::Direct);
        let attempts = || vec![Attempt::new("192.0.2.1:443".parse().unwrap())];
        let person = Source::Attestation { by: "A".to_owned(), on: "2026-11-01".to_owned() };
        for (look, asked) in [
            (Observation { attempts: attempts(), ..quiet.clone() }, true),
            (Observation { tried: attempts(), ..quiet.clone() }, true),
            (Observation { attempts: attempts(), source: person, ..quiet.clone() }, false),
            (quiet, false),
        ] {
            let finding = Finding { look: Some(0), ..Finding::new("token.issued", look.subject.clone(), Status::Pass) };
            assert_eq!(contacted(&finding, &[look]), asked);
        }
    }

    #[test]
    fn what_a_file_said_more_than_a_day_ago_is_likely_and_not_certain() {
        let mailbox = Subject::of_text("sales@example.com");
        for (day, certainty) in [(None, Certainty::Certain), (Some("2026-11-02"), Certainty::Likely)] {
            let file = Source::File {
                sha256: String::new(),
                name: "ece-exchange.json".to_owned(),
                made_at: None,
                of_file_system: false,
                rows: 1,
            };
            let mut look = Observation { source: file, ..Observation::new("mailbox", mailbox.clone(), Route::File) };
            look.facts.put("mailbox.holds", false);
            look.facts.put("mailbox.imap", false);
            if let Some(day) = day {
                look.facts.put("file.as_of", day);
            }
            let failed = Finding::new("mailbox.imap-enabled", mailbox.clone(), Status::Fail);
            let mut findings = [Finding { look: Some(0), ..failed }];
            let _ = diagnose(&mut findings, &[look], &Catalogue::built_in(), &Wording::default());
            let best = &findings[0].causes[0];
            assert_eq!((best.cause.as_str(), best.certainty), ("imap-disabled-for-mailbox", certainty), "{day:?}");
        }
    }

    #[test]
    fn newest_of_several_files_that_says_yes_rules_out_what_the_older_one_showed() {
        let mailbox = Subject::of_text("sales@example.com");
        for (newest, is_named) in [(true, false), (false, true)] {
            let file = Source::SavedReport;
            let mut look = Observation { source: file, ..Observation::new("mailbox", mailbox.clone(), Route::File) };
            look.facts.put("mailbox.holds", true);
            look.facts.put("mailbox.newest", newest);
            let (mut imap, refused) = opened("sales@example.com", false, true);
            imap.attempts[0].facts.put("imap.own_mailbox", false);
            let mut findings = [
                Finding { look: Some(0), ..Finding::new("mailbox.full-access", mailbox.clone(), Status::Warn) },
                Finding { look: Some(1), ..refused },
            ];
            let _ = diagnose(&mut findings, &[look, imap], &Catalogue::built_in(), &Wording::default());
            let named = findings[1].causes.iter().any(|cause| cause.cause == "no-full-access-to-mailbox");
            assert_eq!(named, is_named, "newest: {newest}: {:?}", findings[1].causes);
        }
    }

    /// A mailbox that IMAP opened, or did not sign in to, with a token of the application or of a user.
    fn opened(mailbox: &str, as_application: bool, refused: bool) -> (Observation, Finding) {
        let subject = Subject::of_text(mailbox);
        let words = "NO AUTHENTICATE failed.";
        let failure = Failure::new(Protocol::Imap, Stage::Authenticate, FailureKind::Rejected, words);
        let mut attempt = Attempt::new("192.0.2.1:993".parse().unwrap());
        attempt.facts.put("imap.as_application", as_application);
        attempt.failure = refused.then_some(failure);
        let look = Observation { attempts: vec![attempt], ..Observation::new("imap", subject.clone(), Route::Direct) };
        let (check, status) =
            if refused { ("imap.sign-in", Status::Fail) } else { ("imap.mailbox-opens", Status::Pass) };
        (look, Finding::new(check, subject, status))
    }

    #[test]
    fn what_a_person_confirms_is_named_before_what_only_fits() {
        let mailbox = Subject::of_text("sales@example.com");
        let person = Source::Attestation { by: "A".to_owned(), on: "2026-11-01".to_owned() };
        let mut stated = Observation { source: person, ..Observation::new("mailbox", mailbox.clone(), Route::Direct) };
        stated.facts.put("mailbox.holds", false);
        let (imap, refused) = opened("sales@example.com", false, true);
        let mut findings = [
            Finding { look: Some(0), ..Finding::new("mailbox.imap-enabled", mailbox.clone(), Status::Fail) },
            Finding { look: Some(1), ..refused },
            Finding::new("smtp.sign-in", mailbox, Status::Pass),
        ];
        let first = diagnose(&mut findings, &[stated, imap], &Catalogue::built_in(), &Wording::default());
        for finding in &findings[..2] {
            let best = &finding.causes[0];
            assert_eq!((best.cause.as_str(), best.certainty), ("imap-disabled-for-mailbox", Certainty::Likely));
        }
        assert_eq!(first[0].cause, "imap-disabled-for-mailbox");
    }

    const PRINCIPAL: &str = "exchange-service-principal-missing";

    #[test]
    fn mailbox_that_the_application_opens_contradicts_that_its_service_principal_is_missing() {
        for (as_application, is_contradicted) in [(true, true), (false, false)] {
            let person = Source::Attestation { by: "A".to_owned(), on: "2026-11-01".to_owned() };
            let mut file =
                Observation { source: person, ..Observation::new("mailbox", Subject::Application, Route::Direct) };
            file.facts.put("mailbox.service_principal", "missing");
            let (look, finding) = opened("sales@example.com", as_application, false);
            let file_says = Finding::new("mailbox.service-principal", Subject::Application, Status::Fail);
            let mut findings = [Finding { look: Some(0), ..file_says }, Finding { look: Some(1), ..finding }];
            let _ = diagnose(&mut findings, &[file, look], &Catalogue::built_in(), &Wording::default());
            let told = matches!(findings[0].evidence, Some(Found::Outranked { by: 1, .. }));
            assert_eq!(told, is_contradicted, "as application: {as_application}");
        }
    }

    #[test]
    fn refusal_of_one_mailbox_is_not_for_want_of_a_service_principal_that_opens_another() {
        for (as_application, is_named) in [(true, false), (false, true)] {
            let (good, passed) = opened("sales@example.com", as_application, false);
            let (bad, failed) = opened("info@example.com", true, true);
            let mut findings = [Finding { look: Some(0), ..passed }, Finding { look: Some(1), ..failed }];
            let _ = diagnose(&mut findings, &[good, bad], &Catalogue::built_in(), &Wording::default());
            let named = findings[1].causes.iter().any(|cause| cause.cause == PRINCIPAL);
            assert_eq!(named, is_named, "as application: {as_application}: {:?}", findings[1].causes);
        }
    }

    #[test]
    fn sender_that_is_accepted_contradicts_no_file_without_send_as_and_a_sent_message_does() {
        let subject = Subject::of_text("info@example.com");
        for (check, probe, status, is_contradicted) in [
            ("smtp.sender-accepted", "smtp", Status::Pass, false),
            ("delivery.round-trip", "delivery", Status::Pass, true),
            ("delivery.round-trip", "delivery", Status::Warn, true),
            ("delivery.round-trip", "delivery", Status::Fail, false),
        ] {
            let mut live = Observation::new(probe, subject.clone(), Route::Direct);
            if probe == "smtp" {
                live.attempts.push(Attempt::new("192.0.2.1:587".parse().unwrap()));
            }
            live.facts.put("delivery.sent", probe == "delivery" && status != Status::Fail);
            let looks = [
                Observation {
                    source: Source::Attestation { by: "A".to_owned(), on: "2026-11-01".to_owned() },
                    ..Observation::new("mailbox", subject.clone(), Route::Direct)
                },
                live,
            ];
            let mut findings = [
                Finding { look: Some(0), ..Finding::new("mailbox.send-as", subject.clone(), Status::Fail) },
                Finding { look: Some(1), ..Finding::new(check, subject.clone(), status) },
            ];
            let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
            let told = matches!(findings[0].evidence, Some(Found::Outranked { by: 1, .. }));
            assert_eq!(told, is_contradicted, "{check}: {status:?}");
        }
    }

    #[test]
    fn refusal_contradicts_no_file_that_leaves_open_who_has_the_right() {
        let subject = Subject::of_text("sales@example.com");
        let refused = Failure {
            enhanced: Some("5.7.60".to_owned()),
            ..Failure::new(Protocol::Smtp, Stage::Sender, FailureKind::Rejected, "5.7.60 SMTP; no permissions")
        };
        let attempt = Attempt { failure: Some(refused), ..Attempt::new("192.0.2.1:587".parse().unwrap()) };
        let smtp = Observation { attempts: vec![attempt], ..Observation::new("smtp", subject.clone(), Route::Direct) };
        let person = Source::Attestation { by: "A".to_owned(), on: "2026-11-01".to_owned() };
        for (holder, is_contradicted) in [(mailbox::OF_GROUP, false), (mailbox::UNRESOLVED, false), ("user", true)] {
            let mut file =
                Observation { source: person.clone(), ..Observation::new("mailbox", subject.clone(), Route::Direct) };
            file.facts.set(mailbox::SEND_AS, holder.to_owned());
            let mut findings = [
                Finding { look: Some(0), ..Finding::new("mailbox.send-as", subject.clone(), Status::Warn) },
                Finding { look: Some(1), ..Finding::new("smtp.sender-accepted", subject.clone(), Status::Fail) },
            ];
            let _ = diagnose(&mut findings, &[file, smtp.clone()], &Catalogue::built_in(), &Wording::default());
            let told = matches!(findings[0].evidence, Some(Found::Outranked { by: 1, .. }));
            assert_eq!(told, is_contradicted, "{holder}");
        }
    }
}
