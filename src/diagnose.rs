//! From findings to causes, as a physician does it: signs raise candidates, the other findings rule them out.
//!
//! In: the findings of a whole run with what each look saw. Out: the causes left standing for each finding, and those of
//! the whole run in the order in which they are to be fixed. Pure; no sentence is written here.

mod fill;
mod heal;
mod outrank;
mod remediation;
mod request;
mod sign;
mod text;
mod weigh;

use std::{cmp::Reverse, collections::HashMap};

pub use self::{
    fill::{Names, commands_with_names, fill_names},
    heal::can_heal,
    sign::ErrorDetails,
    text::{Meant, of_text},
    weigh::is_reason_of,
};
use self::{
    request::Requests,
    sign::{Candidate, Elsewhere, best, raised_by},
    weigh::{CaseFile, Index, Weighed, rules_out, weigh},
};
use crate::{
    catalogue::{Catalogue, Cause, cause::Sign, layer::Layer, wording::Wording},
    command::{Command, Effect},
    evidence::Observation,
    finding::{Because, Certainty, Finding, Found, NamedCause, NextStep, Remediation, RuledOut},
};

/// So many places to look are told: the best causes have theirs first.
const MOST_TESTS: usize = 3;

/// The placeholders of a cause that concerns one mailbox and says nothing of another.
const OF_ONE_MAILBOX: [&str; 2] = ["{mailbox}", "{user}"];

/// Names the causes of every finding that did not pass, and returns those of the whole run, in the words of its cloud.
#[must_use]
pub fn diagnose(
    findings: &mut [Finding],
    looks: &[Observation],
    catalogue: &Catalogue,
    wording: &Wording,
) -> Vec<Remediation> {
    let mut raised = raised(findings, looks, catalogue);
    outrank::outrank(findings, looks, catalogue, &raised);
    for (raised, finding) in raised.iter_mut().zip(&*findings) {
        if matches!(finding.evidence, Some(Found::Outranked { .. })) {
            raised.clear();
        }
    }
    let mut diagnoses = diagnose_all(findings, looks, raised);
    one_behind_many(&mut diagnoses, findings);
    one_certainty_a_cause(&mut diagnoses);
    let looks = &fill::Looks::of(looks, wording);
    let fix_first = remediation::fix_first(&diagnoses, findings, looks, catalogue);
    let requests = Requests::of(findings, catalogue);
    let mut told = Vec::new();
    for (at, diagnosis) in diagnoses.iter().enumerate() {
        let fill = |text: &str, cause: &Cause| fill::fill(text, Some(cause), &[at], findings, looks);
        let commands = |cause: &Cause| fill::commands(&cause.commands, Some(cause), &[at], findings, looks);
        let mut steps = diagnosis.next(commands);
        steps.extend(requests.settling(diagnosis, &findings[at]));
        told.push((diagnosis.named(fill), steps));
    }
    for ((finding, diagnosis), (causes, steps)) in findings.iter_mut().zip(diagnoses).zip(told) {
        finding.causes = causes;
        finding.ruled_out = diagnosis.ruled_out;
        if finding.steps.is_empty() {
            finding.steps = steps;
        }
    }
    fix_first
}

/// What puts one of two causes that are equally sure before the other, where nothing but their signs speaks for them.
#[must_use]
pub fn order(sign: &Sign) -> (bool, Reverse<usize>) {
    (sign.rare, Reverse(sign::narrowness(sign)))
}

/// The commands as one text, for readers of reports of before they were a list: the changes, or else the checks.
#[must_use]
pub fn one_text(commands: &[Command]) -> Option<String> {
    let of = |effect: Effect| -> Vec<&str> {
        commands.iter().filter(|command| command.effect == effect).map(|command| command.text.as_str()).collect()
    };
    let lines = if of(Effect::Change).is_empty() { of(Effect::Check) } else { of(Effect::Change) };
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// What is left standing for one finding.
#[derive(Default)]
struct Diagnosis<'c> {
    standing: Vec<Weighed<'c>>,
    ruled_out: Vec<RuledOut>,
}

impl Diagnosis<'_> {
    fn named(&self, fill: impl Fn(&str, &Cause) -> String) -> Vec<NamedCause> {
        let name = |weighed: &Weighed<'_>| NamedCause {
            cause: weighed.cause.code.clone(),
            title: fill(&weighed.cause.title, weighed.cause),
            certainty: weighed.certainty,
            because: Vec::new(),
            evidence: weighed.because.clone(),
        };
        self.standing.iter().map(name).collect()
    }

    /// What settles what is still open: how to verify the best cause, or else the next. Nothing where all is certain.
    fn next(&self, commands: impl Fn(&Cause) -> Vec<Command>) -> Vec<NextStep> {
        let open: Vec<&Weighed<'_>> =
            self.standing.iter().filter(|weighed| weighed.certainty != Certainty::Certain).collect();
        let mut steps: Vec<NextStep> = Vec::new();
        for weighed in open.iter().take(MOST_TESTS) {
            let verifies = |command: &Command| command.confirms_if.is_some();
            let Some(command) = commands(weighed.cause).into_iter().find(verifies) else { continue };
            if !steps.iter().any(|step| step.command().is_some_and(|known| known.text == command.text)) {
                steps.push(NextStep::Verify { cause: weighed.cause.code.clone(), command });
            }
        }
        if steps.is_empty() && open.len() > 1 {
            let fix = commands(open[0].cause).into_iter().find(|command| command.effect == Effect::Change);
            steps.extend(fix.map(|command| NextStep::Try { cause: open[0].cause.code.clone(), command }));
        }
        steps
    }
}

/// What each finding could mean by what it shows.
fn raised<'c>(findings: &[Finding], looks: &[Observation], catalogue: &'c Catalogue) -> Vec<Vec<Candidate<'c>>> {
    let elsewhere = Elsewhere::of(looks);
    findings.iter().map(|finding| best(raised_by(finding, looks, catalogue, &elsewhere))).collect()
}

fn diagnose_all<'c>(
    findings: &[Finding],
    looks: &[Observation],
    raised: Vec<Vec<Candidate<'c>>>,
) -> Vec<Diagnosis<'c>> {
    let index = Index::of(findings, &raised);
    // what each finding could mean by itself: an alike failure must be able to mean the same
    let none: Vec<Vec<&str>> = vec![Vec::new(); findings.len()];
    let open: Vec<Vec<&str>> = raised
        .iter()
        .enumerate()
        .map(|(at, raised)| open(raised, &CaseFile::of(at, findings, looks, &none, &index)))
        .collect();
    let routes = other_routes(looks);
    let weighed = raised.into_iter().enumerate().map(|(at, raised)| {
        let mut diagnosis = weigh(raised, &CaseFile::of(at, findings, looks, &open, &index));
        let other = findings[at].look.and_then(|look| looks.get(look)).filter(|look| !look.beside);
        if let Some(look) = other.and_then(|look| routes.get(&(look.probe.as_str(), look.subject.as_str()))) {
            let because = Because::OtherRoute { look: *look };
            diagnosis.standing.iter_mut().for_each(|weighed| weighed.because.push(because.clone()));
        }
        diagnosis
    });
    weighed.collect()
}

/// The places of the looks over the other route, by probe and subject.
fn other_routes(looks: &[Observation]) -> HashMap<(&str, &str), usize> {
    let mut routes = HashMap::new();
    for (at, look) in looks.iter().enumerate().filter(|(_, look)| look.beside) {
        let fails = look.attempts.iter().any(|attempt| attempt.failure.is_some()) || look.failure.is_some();
        if look.came_through() || fails {
            routes.entry((look.probe.as_str(), look.subject.as_str())).or_insert(at);
        }
    }
    routes
}

/// The causes that a finding's own signs leave open, less those that passed checks rule out.
fn open<'c>(raised: &[Candidate<'c>], file: &CaseFile<'_>) -> Vec<&'c str> {
    let left: Vec<&Candidate<'c>> = raised.iter().filter(|one| rules_out(one, file).is_none()).collect();
    let settled = left.iter().any(|one| one.settles);
    left.iter().filter(|one| one.settles || !settled).map(|one| one.cause.code.as_str()).collect()
}

/// What is certain for a mailbox or an account by one finding stands behind its other findings that could mean it.
fn one_behind_many(diagnoses: &mut [Diagnosis<'_>], findings: &[Finding]) {
    let known = Known::of(diagnoses, findings);
    for (at, diagnosis) in diagnoses.iter_mut().enumerate() {
        let standing = &mut diagnosis.standing;
        if standing.iter().any(|one| one.certainty == Certainty::Certain) {
            continue;
        }
        let by = |weighed: &Weighed<'_>| known.other(at, &findings[at], &weighed.cause.code);
        let Some((code, other)) = standing.iter().find_map(|one| Some((one.cause.code.clone(), by(one)?))) else {
            continue;
        };
        standing.retain(|weighed| weighed.cause.code == code);
        for weighed in standing {
            weighed.certainty = Certainty::Certain;
            weighed.because.push(Because::ShownBy { finding: other });
        }
    }
}

/// Which causes are certain, by account, subject and code.
struct Known<'k> {
    certain: HashMap<(&'k str, &'k str, &'k str), usize>,
}

impl<'k> Known<'k> {
    fn of(diagnoses: &[Diagnosis<'k>], findings: &'k [Finding]) -> Self {
        let mut certain = HashMap::new();
        for (at, diagnosis) in diagnoses.iter().enumerate() {
            let finding = &findings[at];
            let Some(account) = &finding.account else { continue };
            for weighed in diagnosis.standing.iter().filter(|weighed| weighed.certainty == Certainty::Certain) {
                let key = (account.as_str(), finding.subject.as_str(), weighed.cause.code.as_str());
                certain.entry(key).or_insert(at);
            }
        }
        Self { certain }
    }

    /// Another finding of the same mailbox, or of its account as a whole, for which the cause is certain.
    fn other(&self, at: usize, finding: &Finding, code: &str) -> Option<usize> {
        let account = finding.account.as_deref()?;
        let of = |subject: &str| self.certain.get(&(account, subject, code)).copied();
        of(finding.subject.as_str()).or_else(|| of(account)).filter(|other| *other != at)
    }
}

/// A cause that is certain for one finding is no less certain for the next, but for causes of one mailbox alone: what is
/// proved of one mailbox proves nothing of another.
fn one_certainty_a_cause(diagnoses: &mut [Diagnosis<'_>]) {
    let mut surest: HashMap<&str, Certainty> = HashMap::new();
    for weighed in diagnoses.iter().flat_map(|diagnosis| &diagnosis.standing).filter(|one| !is_of_one_mailbox(one)) {
        let certainty = surest.entry(&weighed.cause.code).or_insert(weighed.certainty);
        *certainty = weighed.certainty.min(*certainty);
    }
    for diagnosis in diagnoses {
        for weighed in &mut diagnosis.standing {
            if let Some(certainty) = surest.get(weighed.cause.code.as_str()).filter(|_| !is_of_one_mailbox(weighed)) {
                weighed.certainty = *certainty;
            }
        }
        let is_certain = |one: &&Weighed<'_>| one.certainty == Certainty::Certain;
        let settled: Vec<&str> =
            diagnosis.standing.iter().filter(is_certain).map(|one| one.cause.code.as_str()).collect();
        if !settled.is_empty() {
            diagnosis.standing.retain(|one| is_certain(&one) || is_reason_of(&one.cause.code, &settled));
        }
        diagnosis.standing.sort_by_key(|one| one.certainty);
    }
}

fn is_of_one_mailbox(weighed: &Weighed<'_>) -> bool {
    let cause = weighed.cause;
    let names = |text: &str| OF_ONE_MAILBOX.iter().any(|placeholder| text.contains(placeholder));
    // what is set for the whole tenant is set before anything is set for a mailbox
    let first = cause.commands.first().is_some_and(|command| names(&command.text));
    let is_of_tenant = matches!(cause.layer, Layer::Application | Layer::SignIn) && !first;
    names(&cause.title) || (!is_of_tenant && cause.commands.iter().any(|command| names(&command.text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::evidence_request,
        evidence::{Failure, FailureKind, Protocol, Route, Stage, Subject, Value},
        finding::{Owner, Status},
    };

    const MAILBOX: &str = "sales@example.com";

    /// One finding of a check, with the stop of its look.
    fn finding(check: &str, subject: &str, status: Status, look: Option<usize>) -> Finding {
        Finding { look, ..Finding::new(check, Subject::of_text(subject), status) }
    }

    fn look(probe: &str, subject: &str, stop: Failure) -> Observation {
        Observation { failure: Some(stop), ..Observation::new(probe, Subject::of_text(subject), Route::Direct) }
    }

    fn refused(enhanced: &str, words: &str) -> Failure {
        let stop = Failure::new(Protocol::Smtp, Stage::Authenticate, FailureKind::Rejected, words);
        Failure { code: Some(535), enhanced: Some(enhanced.to_owned()), ..stop }
    }

    fn codes(finding: &Finding) -> Vec<&str> {
        finding.causes.iter().map(|named| named.cause.as_str()).collect()
    }

    #[test]
    fn a_sign_that_settles_leaves_no_other_cause() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
        let looks = [look("smtp", MAILBOX, refused("5.7.139", words))];
        let mut findings = [finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        assert_eq!(codes(&findings[0]), ["smtp-auth-disabled-mailbox"]);
        assert_eq!(findings[0].causes[0].certainty, Certainty::Certain);
    }

    #[test]
    fn what_a_code_says_is_certain_and_why_it_is_so_stays_open() {
        let words = "AADSTS700082: The refresh token has expired due to inactivity.";
        let expired = Failure::new(Protocol::Token, Stage::Grant, FailureKind::Rejected, words);
        let looks = [look("token", "sales", Failure { aadsts: vec![700_082], ..expired })];
        let mut findings = [finding("token.issued", "sales", Status::Fail, Some(0))];
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        let named: Vec<(&str, Certainty)> =
            findings[0].causes.iter().map(|named| (named.cause.as_str(), named.certainty)).collect();
        let open = ("refresh-token-not-rotated-by-client", Certainty::Possible);
        assert_eq!(named, [("refresh-token-expired", Certainty::Certain), open]);
        assert_eq!(fixes.len(), 1);
    }

    #[test]
    fn what_other_findings_prove_rules_causes_out_and_supports_others() {
        let mut seen = look("smtp", MAILBOX, refused("5.7.3", "5.7.3 Authentication unsuccessful"));
        seen.facts.put("smtp.as_application", false);
        let looks = [seen];
        let mut findings = [
            finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)),
            finding("token.audience", "sales", Status::Pass, None),
            finding("token.valid-now", "sales", Status::Pass, None),
            finding("token.identity", "sales", Status::Pass, None),
            finding("imap.sign-in", MAILBOX, Status::Pass, None),
        ];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        let ruled_out: Vec<&str> = findings[0].ruled_out.iter().map(|out| out.cause.as_str()).collect();
        for cause in ["token-wrong-audience", "token-expired", "token-user-mismatch"] {
            assert!(ruled_out.contains(&cause), "{cause} of {ruled_out:?}");
        }
        assert_eq!(codes(&findings[0])[0], "smtp-auth-disabled-mailbox");
        assert_eq!(findings[0].causes[0].certainty, Certainty::Likely);
    }

    #[test]
    fn without_those_findings_nothing_is_sure() {
        let looks = [look("smtp", MAILBOX, refused("5.7.3", "5.7.3 Authentication unsuccessful"))];
        let mut findings = [finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        assert!(findings[0].causes.len() > 2);
        assert!(findings[0].causes.iter().all(|named| named.certainty == Certainty::Possible));
    }

    #[test]
    fn two_faults_are_both_named_and_the_one_that_stops_a_mailbox_comes_first() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
        let looks = [
            look("smtp", MAILBOX, refused("5.7.139", words)),
            look(
                "tcp",
                "outlook.office365.com:993",
                Failure::new(Protocol::Tcp, Stage::Connect, FailureKind::TimedOut, "timed out"),
            ),
        ];
        let mut findings = [
            Finding { account: Some("sales".into()), ..finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)) },
            finding("tcp.opens", "outlook.office365.com:993", Status::Fail, Some(1)),
        ];
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        let fixes: Vec<&str> = fixes.iter().map(|fix| fix.cause.as_str()).collect();
        assert_eq!(fixes, ["smtp-auth-disabled-tenant", "port-blocked"]);
    }

    fn not_connected() -> Failure {
        let words = "A3 BAD User is authenticated but not connected.";
        Failure::new(Protocol::Imap, Stage::Open, FailureKind::Rejected, words)
    }

    #[test]
    fn a_failure_for_a_reason_of_its_own_rules_nothing_out() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
        let looks = [look("smtp", MAILBOX, refused("5.7.139", words)), look("imap", MAILBOX, not_connected())];
        let mut findings = [
            finding("smtp.sign-in", MAILBOX, Status::Fail, Some(0)),
            finding("imap.mailbox-opens", MAILBOX, Status::Fail, Some(1)),
        ];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        assert!(codes(&findings[1]).contains(&"imap-disabled-for-mailbox"), "{:?}", findings[1].ruled_out);
    }

    #[test]
    fn what_one_finding_makes_certain_stands_behind_the_others_of_its_mailbox() {
        let unknown =
            Failure::new(Protocol::Smtp, Stage::Recipient, FailureKind::Rejected, "550 5.1.10 RecipientNotFound");
        let unknown = Failure { code: Some(550), enhanced: Some("5.1.10".to_owned()), ..unknown };
        let looks = [look("smtp", MAILBOX, unknown), look("imap", MAILBOX, not_connected())];
        let of_sales = |finding| Finding { account: Some("sales".into()), ..finding };
        let mut findings = [
            of_sales(finding("smtp.sender-accepted", MAILBOX, Status::Fail, Some(0))),
            of_sales(finding("imap.mailbox-opens", MAILBOX, Status::Fail, Some(1))),
        ];
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        assert_eq!(codes(&findings[1]), ["mailbox-not-found"]);
        assert_eq!((fixes.len(), fixes[0].explains.as_slice()), (1, &[0, 1][..]));
    }

    #[test]
    fn a_server_of_the_site_is_mended_by_the_site() {
        let expired = || Failure::new(Protocol::Tls, Stage::Certificate, FailureKind::Expired, "");
        let own = Observation { own: true, ..look("tls", "ece.example.com:443", expired()) };
        let looks = [look("tls", "outlook.office365.com:443", expired()), own];
        let mut findings = [
            finding("tls.trusted", "outlook.office365.com:443", Status::Fail, Some(0)),
            finding("tls.trusted", "ece.example.com:443", Status::Fail, Some(1)),
        ];
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        let fixes: Vec<(&str, Owner, &[usize])> =
            fixes.iter().map(|fix| (fix.cause.as_str(), fix.owner, fix.explains.as_slice())).collect();
        assert_eq!(fixes, [("cert-expired", Owner::Network, &[0][..]), ("cert-expired", Owner::Ece, &[1][..])]);
    }

    #[test]
    fn a_command_for_several_mailboxes_has_a_line_for_each() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
        let boxes = ["a@example.com", "b@example.com"];
        let looks = boxes.map(|mailbox| look("smtp", mailbox, refused("5.7.139", words)));
        let mut findings = [0, 1].map(|at| finding("smtp.sign-in", boxes[at], Status::Fail, Some(at)));
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        let command = fixes[0].command.as_deref().expect("a command");
        let lines: Vec<&str> = command.lines().collect();
        assert!(lines.len() == 2 && lines.iter().zip(boxes).all(|(line, one)| line.contains(one)), "{command}");
    }

    #[test]
    fn a_user_who_is_no_mailbox_of_the_report_is_told_with_the_mailboxes() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
        let boxes = ["a@example.com", "b@example.com"];
        let looks = boxes.map(|mailbox| {
            let mut look = look("smtp", mailbox, refused("5.7.139", words));
            look.facts.put("smtp.signed_in_as", "team@example.com");
            look
        });
        let mut findings = [0, 1].map(|at| finding("smtp.sign-in", boxes[at], Status::Fail, Some(at)));
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        let command = fixes[0].command.as_deref().expect("a command");
        assert!(command.contains("-Identity 'team@example.com' "), "{command}");
        let note = fixes[0].commands.iter().find_map(|command| command.note.as_deref());
        assert_eq!(note, Some("signs in for a@example.com, b@example.com"));
    }

    #[test]
    fn a_network_fault_is_never_a_credential_cause() {
        let catalogue = Catalogue::built_in();
        for kind in [
            FailureKind::TimedOut,
            FailureKind::Refused,
            FailureKind::Reset,
            FailureKind::Unreachable,
            FailureKind::Closed,
        ] {
            let looks = [look("tcp", "smtp.office365.com:587", Failure::new(Protocol::Tcp, Stage::Connect, kind, ""))];
            let mut findings = [finding("tcp.opens", "smtp.office365.com:587", Status::Fail, Some(0))];
            let _ = diagnose(&mut findings, &looks, &catalogue, &Wording::default());
            for named in &findings[0].causes {
                let layer = catalogue.cause(&named.cause).expect("a named cause").layer;
                assert!(layer < Layer::Application, "{kind:?} is called {}", named.cause);
            }
        }
    }

    #[test]
    fn what_is_proved_of_one_mailbox_proves_nothing_of_another() {
        let words = "5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
        let boxes = ["a@example.com", "b@example.com"];
        let looks = [
            look("smtp", boxes[0], refused("5.7.139", words)),
            look("smtp", boxes[1], refused("5.7.3", "5.7.3 Authentication unsuccessful")),
        ];
        let mut findings = [0, 1].map(|at| finding("smtp.sign-in", boxes[at], Status::Fail, Some(at)));
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        let of = |at: usize| findings[at].causes.iter().find(|named| named.cause == "smtp-auth-disabled-mailbox");
        assert_eq!(of(0).map(|named| named.certainty), Some(Certainty::Certain));
        assert_eq!(of(1).map(|named| named.certainty), Some(Certainty::Possible));
    }

    #[test]
    fn number_of_entra_tells_more_than_the_error_that_many_faults_share() {
        let refused = Failure::new(Protocol::Token, Stage::Grant, FailureKind::Rejected, "");
        let refused = Failure { error: Some("invalid_client".to_owned()), ..refused };
        let causes = |code: Option<u16>, aadsts: Vec<u32>| {
            let mut seen = look("token", "sales", Failure { code, aadsts, ..refused.clone() });
            seen.facts.put("token.proof", "client secret");
            let mut findings = [finding("token.issued", "sales", Status::Fail, Some(0))];
            let _ = diagnose(&mut findings, &[seen], &Catalogue::built_in(), &Wording::default());
            codes(&findings[0]).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert!(causes(None, Vec::new()).contains(&"client-secret-expired".to_owned()));
        assert_eq!(causes(None, vec![70_002]), ["client-secret-invalid"]);
        // one fault has one certain cause: the status says less than the number, unless the number leaves more than one open
        assert_eq!(causes(Some(429), vec![50_196]), ["client-request-loop"]);
        assert_eq!(causes(Some(429), vec![90_055]), ["throttled"]);
    }

    #[test]
    fn proxy_is_told_for_what_it_did() {
        let place = "login.microsoftonline.com:443";
        let cause = |kind, code, words: &str| {
            let failure = Failure { code, ..Failure::new(Protocol::Proxy, Stage::Connect, kind, words) };
            let mut findings = [finding("tcp.opens", place, Status::Fail, Some(0))];
            let _ = diagnose(&mut findings, &[look("tcp", place, failure)], &Catalogue::built_in(), &Wording::default());
            codes(&findings[0]).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let socks = |words| cause(FailureKind::Rejected, None, &format!("the SOCKS proxy {words}"));
        let silent = "the SOCKS proxy accepted the connection and did not answer: no answer within 10 s";
        assert_eq!(cause(FailureKind::TimedOut, None, silent), ["proxy-silent"]);
        assert_eq!(cause(FailureKind::TimedOut, None, "no answer within 10 s"), ["proxy-unreachable"]);
        assert_eq!(socks("wants a user and a password"), ["proxy-auth-required"]);
        assert_eq!(socks("does not accept the user and the password"), ["proxy-auth-required"]);
        assert_eq!(socks("refuses the tunnel: host unreachable (4)"), ["proxy-cannot-connect"]);
        assert_eq!(socks("refuses the tunnel: not allowed by its rules (2)"), ["proxy-denied"]);
        for (code, causes) in [
            (403, &["proxy-denied"][..]),
            (407, &["proxy-auth-required"]),
            (502, &["proxy-cannot-connect"]),
            (503, &["proxy-cannot-connect", "proxy-denied"]),
            (504, &["proxy-cannot-connect"]),
        ] {
            assert_eq!(cause(FailureKind::Rejected, Some(code), "HTTP/1.1"), causes, "{code}");
        }
        assert_eq!(cause(FailureKind::MalformedReply, None, "SSH-2.0"), ["proxy-not-a-proxy"]);
    }

    #[test]
    fn other_route_is_told_with_the_cause_of_the_first() {
        let place = "login.microsoftonline.com:443";
        let refused = Failure::new(Protocol::Tcp, Stage::Connect, FailureKind::TimedOut, "timed out");
        let beside = Observation { beside: true, ..look("tcp", place, refused.clone()) };
        let looks = [look("tcp", place, refused), beside];
        let mut findings = [finding("tcp.opens", place, Status::Fail, Some(0))];
        let _ = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        assert!(findings[0].causes[0].evidence.contains(&Because::OtherRoute { look: 1 }), "{findings:?}");
    }

    #[test]
    fn what_only_warns_is_fixed_after_what_fails() {
        let mut named = Observation::new("dns", Subject::of_text("outlook.office365.com"), Route::Direct);
        for (fact, addresses) in
            [("unpublished", vec!["192.0.2.1".to_owned()]), ("private", vec![]), ("sinkhole", vec![])]
        {
            named.facts.put(&format!("dns.{fact}_addresses"), Value::List(addresses));
        }
        let expired = Failure::new(Protocol::Tls, Stage::Certificate, FailureKind::Expired, "");
        let looks = [named, look("tls", "outlook.office365.com:443", expired)];
        let mut findings = [
            finding("dns.leads-to-microsoft", "outlook.office365.com", Status::Warn, Some(0)),
            finding("tls.trusted", "outlook.office365.com:443", Status::Fail, Some(1)),
        ];
        let fixes = diagnose(&mut findings, &looks, &Catalogue::built_in(), &Wording::default());
        let explained: Vec<&[usize]> = fixes.iter().map(|fix| fix.explains.as_slice()).collect();
        assert_eq!(explained, [&[1][..], &[0]]);
    }

    #[test]
    fn file_that_would_settle_it_is_asked_for_unless_it_was_read() {
        let catalogue = Catalogue::built_in();
        let looks = [look("imap", MAILBOX, not_connected())];
        for (status, asked) in [(Status::Skip, true), (Status::Warn, false)] {
            let of_files = catalogue.of_evidence().into_iter().map(|check| finding(check, MAILBOX, status, None));
            let mut findings = vec![finding("imap.mailbox-opens", MAILBOX, Status::Fail, Some(0))];
            findings.extend(of_files);
            let _ = diagnose(&mut findings, &looks, &catalogue, &Wording::default());
            let request = NextStep::Request { command: evidence_request(Owner::Exchange.word()) };
            assert_eq!(findings[0].steps.contains(&request), asked, "{:?}", findings[0].steps);
        }
    }
}
