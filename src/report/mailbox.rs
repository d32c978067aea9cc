//! The mailboxes of a site side by side: what works for each.
//!
//! In: a finished report. Out: one row a mailbox, in plan order. A token belongs to an account, so that mailboxes of a
//! shared account show the same one; a report of an earlier version does not name accounts, and shows none.

use std::collections::{HashMap, HashSet};

use super::{Verbosity, grouping, words};
use crate::{
    evidence::{Observation, Stage, Subject},
    finding::{Finding, Found, Report, SkipReason, Status},
    probe::smtp,
};

/// The columns: what they are called, and the checks that they tell of.
const COLUMNS: [(&str, &[&str]); 5] = [
    ("token", TOKEN),
    ("IMAP/POP3", &["imap.sign-in", "pop3.sign-in"]),
    ("mailbox", &["imap.mailbox-opens", "pop3.mailbox-opens"]),
    ("SMTP", &["smtp.sign-in"]),
    ("sending", &["smtp.sender-accepted"]),
];

/// A message from the mailbox to itself.
const ROUND_TRIP: &str = "delivery.round-trip";

/// What a file says of Send As.
const SEND_AS: &str = "mailbox.send-as";

/// What stands for all checks of the account's token.
const TOKEN: &[&str] = &["token"];

/// From so many mailboxes on they are worth a table.
const WORTH_A_TABLE: usize = 2;

/// The check of ECE's own trust.
const JAVA_TRUST: &str = "tls.java-trust";

/// The place of the column of signing in to send.
const SENDING: usize = 3;

/// The place of the column of what is sent.
const SENDER: usize = 4;

/// The places of the columns of signing in.
const SIGN_IN: [usize; 2] = [1, SENDING];

/// What a column is called.
pub(super) const HEADS: [&str; 5] = [COLUMNS[0].0, COLUMNS[1].0, COLUMNS[2].0, COLUMNS[3].0, COLUMNS[4].0];

/// What works for one mailbox; none for what does not apply to it.
type Row<'a> = (&'a str, [Option<Status>; 5]);

/// What works for one mailbox, or for several that are alike.
pub(super) type Folded = (String, [Option<Status>; 5]);

/// The mailboxes of a report.
pub(super) struct Mailboxes {
    /// Those that are shown.
    pub(super) rows: Vec<Folded>,
    /// How many others there are, without a problem.
    pub(super) left: usize,
}

/// The mailboxes of a report when there are several. Those with the same outcome share a row, unless everything is asked
/// for.
pub(super) fn mailboxes(report: &Report, verbosity: Verbosity) -> Option<Mailboxes> {
    let mut rows = rows(report);
    let found = rows.len();
    if found < WORTH_A_TABLE {
        return None;
    }
    if verbosity == Verbosity::Quiet {
        rows.retain(|(_, cells)| !is_well(*cells));
    }
    let left = found - rows.len();
    if verbosity == Verbosity::Verbose {
        let rows = rows.into_iter().map(|(name, cells)| (name.to_owned(), cells)).collect();
        return Some(Mailboxes { rows, left });
    }
    let alike = grouping::grouped(0..rows.len(), |place| rows[place].1.map(|cell| cell.map(words::status)));
    let folded = alike.into_iter().map(|(_, places)| {
        let names: Vec<&str> = places.iter().map(|place| rows[*place].0).collect();
        (words::list(&names, 1), rows[places[0]].1)
    });
    Some(Mailboxes { rows: folded.collect(), left })
}

/// True for a check that signs in to a mailbox, or sends from it.
pub(super) fn is_about_mailboxes(check: &str) -> bool {
    COLUMNS.iter().any(|(_, checks)| checks.contains(&check))
}

/// All mailboxes of a report, those with the same outcome together.
pub(super) fn alike(report: &Report) -> Vec<(Vec<&str>, [Option<Status>; 5])> {
    let rows = rows(report);
    let groups = grouping::grouped(0..rows.len(), |place| rows[place].1.map(|cell| cell.map(words::status)));
    groups
        .into_iter()
        .map(|(_, places)| (places.iter().map(|place| rows[*place].0).collect(), rows[places[0]].1))
        .collect()
}

/// Whether something works for a mailbox, as far as it was seen. What was not tested never counts as failing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It was seen to work.
    Works,
    /// It was seen to work, while some addresses of its server fail.
    Intermittent,
    /// It was seen to work over this protocol, and not over the other one that was tested.
    WorksOver {
        protocol: &'static str,
        /// Some addresses of its server fail.
        partial: bool,
    },
    /// It was seen to fail, or what it needs was.
    Fails,
    /// The sign-in was seen to work, and nothing beyond it was to be tested.
    SignsIn,
    /// The sender address was accepted, which proves no Send As.
    Accepted,
    /// Nothing was seen of it.
    NotTested,
}

/// What works: receiving and sending, for how many mailboxes. None where no mailbox was to be signed in to.
pub(super) fn result(report: &Report) -> Option<String> {
    let services = Services::of(report);
    let by_subject = by_subject(report);
    let state = |mailbox: &str, cells: [Option<Status>; 5], steps: [usize; 2]| {
        let findings = by_subject.get(mailbox).map_or(&[][..], Vec::as_slice);
        state(report, &services, findings, cells, steps)
    };
    let rows = rows(report);
    let receiving: Vec<State> = rows.iter().filter_map(|(name, cells)| state(name, *cells, [1, 2])).collect();
    let sending: Vec<State> = rows.iter().filter_map(|(name, cells)| state(name, *cells, [SENDING, SENDER])).collect();
    let parts: Vec<String> = [part("receiving", &receiving), part("sending", &sending)].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| format!("Result: {}.{}", parts.join("; "), reservation(report)))
}

fn by_subject(report: &Report) -> HashMap<&str, Vec<&Finding>> {
    let mut findings: HashMap<&str, Vec<&Finding>> = HashMap::new();
    for finding in &report.findings {
        findings.entry(finding.subject.as_str()).or_default().push(finding);
    }
    findings
}

/// What two steps of a mailbox come to, of which both must hold; none when neither was planned.
fn state(
    report: &Report,
    services: &Services<'_>,
    findings: &[&Finding],
    cells: [Option<Status>; 5],
    steps: [usize; 2],
) -> Option<State> {
    let told = [cells[steps[0]], cells[steps[1]]];
    if told == [None, None] {
        return None;
    }
    let checks: Vec<&str> = steps.iter().flat_map(|step| COLUMNS[*step].1).copied().collect();
    let of_steps = || findings.iter().filter(|finding| checks.contains(&finding.check.as_str()));
    let protocols: Vec<&str> = of_steps()
        .filter(|finding| finding.reason != Some(SkipReason::NotApplicable))
        .filter_map(|finding| finding.check.split('.').next())
        .collect();
    let rejected_by_java = protocols.iter().any(|protocol| services.rejected_by_java(protocol));
    if steps[0] != SENDING
        && let Some(protocol) = only_protocol(report, findings, services)
    {
        let partial = services.partial.contains(protocol.to_lowercase().as_str());
        return Some(State::WorksOver { protocol, partial });
    }
    if told.contains(&Some(Status::Fail)) || rejected_by_java {
        return Some(State::Fails);
    }
    if told.iter().all(|status| matches!(status, Some(Status::Pass | Status::Warn))) {
        let partial = protocols.iter().any(|protocol| services.partial.contains(protocol));
        let works = || if steps[0] == SENDING && !may_send(report, findings) { State::Accepted } else { State::Works };
        return Some(if partial { State::Intermittent } else { works() });
    }
    if matches!(told, [Some(Status::Pass | Status::Warn), None]) {
        return Some(State::SignsIn);
    }
    let shut_off = of_steps().any(|finding| is_shut_off(finding, report));
    Some(if shut_off { State::Fails } else { State::NotTested })
}

/// Whether the right to send as a mailbox was seen: by a message that was accepted, in a file, or as a user's own mailbox.
/// Exchange Online can refuse a sender without Send As after the message data only, as clients report of
/// `554 5.2.252 SendAsDenied`, so that an accepted MAIL FROM proves nothing of it:
/// <https://github.com/rss2email/rss2email/issues/147>.
fn may_send(report: &Report, findings: &[&Finding]) -> bool {
    let of = |check: &str| findings.iter().find(|finding| finding.check == check);
    let holds = |check: &str, statuses: &[Status]| of(check).is_some_and(|one| statuses.contains(&one.seen_status()));
    let sender = of(COLUMNS[SENDER].1[0]).and_then(|finding| finding.look).and_then(|look| report.looks.get(look));
    let is_own =
        |look: &Observation| look.attempts.iter().any(|attempt| attempt.facts.get(smtp::OWN_MAILBOX) == Some(&true));
    holds(ROUND_TRIP, &[Status::Pass, Status::Warn]) || holds(SEND_AS, &[Status::Pass]) || sender.is_some_and(is_own)
}

/// The protocol over which a mailbox opened, where the other one was seen to fail: the site file does not say which one ECE
/// uses.
fn only_protocol(report: &Report, findings: &[&Finding], services: &Services<'_>) -> Option<&'static str> {
    let of = |check: String| {
        findings.iter().find(|one| *one.check == *check && one.reason != Some(SkipReason::NotApplicable))
    };
    let holds = |one: &&&Finding| matches!(one.seen_status(), Status::Pass | Status::Warn);
    let opens = |protocol: &str| {
        let steps = ["sign-in", "mailbox-opens"].map(|step| of(format!("{protocol}.{step}")).filter(holds));
        steps.iter().all(Option::is_some) && !services.rejected_by_java(protocol)
    };
    let fails = |protocol: &str| {
        let mut steps = ["sign-in", "mailbox-opens"].into_iter().filter_map(|step| of(format!("{protocol}.{step}")));
        steps.any(|one| {
            one.seen_status() == Status::Fail || is_shut_off(one, report) || services.rejected_by_java(protocol)
        })
    };
    match (opens("imap"), opens("pop3")) {
        (true, false) if fails("pop3") => Some("IMAP"),
        (false, true) if fails("imap") => Some("POP3"),
        _ => None,
    }
}

/// What fails of the services that mailboxes need, by protocol.
struct Services<'r> {
    /// Some addresses fail and others do not.
    partial: HashSet<&'r str>,
    /// ECE's Java does not trust the certificate: ECE itself cannot connect.
    no_java_trust: HashSet<&'r str>,
}

impl<'r> Services<'r> {
    fn of(report: &'r Report) -> Self {
        let mut services = Self { partial: HashSet::new(), no_java_trust: HashSet::new() };
        for finding in report.findings.iter().filter(|finding| finding.status == Status::Fail) {
            let Some(look) = finding.look.and_then(|look| report.looks.get(look)).filter(|look| !look.own) else {
                continue;
            };
            if finding.check == JAVA_TRUST {
                services.no_java_trust.insert(&look.probe);
            } else if is_partial(finding, look) {
                services.partial.insert(&look.probe);
            }
        }
        services
    }

    /// Whether ECE's Java refuses the mail server's certificate, or the login host's, without which there is no token.
    fn rejected_by_java(&self, protocol: &str) -> bool {
        self.no_java_trust.contains(protocol) || self.no_java_trust.contains("https")
    }
}

/// Whether some addresses of a service showed a failure and others did not.
fn is_partial(finding: &Finding, look: &Observation) -> bool {
    let Some(Found::Groups { groups }) = &finding.evidence else { return false };
    let bad: usize = groups.iter().map(|group| group.attempts.len()).sum();
    bad > 0 && bad < look.attempts.len()
}

/// True for what was not tested because something that it needs was seen to fail everywhere. A name whose answer was not
/// believed, and a service that answers over the other route, prove nothing of the mailbox.
fn is_shut_off(finding: &Finding, report: &Report) -> bool {
    if finding.reason != Some(SkipReason::Blocked) {
        return false;
    }
    let Some(root) = finding.blocked_by.and_then(|by| report.findings.get(by)) else { return false };
    let Some(look) = root.look.and_then(|look| report.looks.get(look)) else {
        return root.seen_status() == Status::Fail;
    };
    let only_doubted = look.probe == "dns" && look.failure.is_none();
    root.seen_status() == Status::Fail && !only_doubted && !is_partial(root, look) && !works_otherwise(report, look)
}

/// True for a sign-in that fails before it begins, because its service cannot be used. No column but its own tells of that.
fn has_no_service(finding: &Finding, report: &Report) -> bool {
    let root = finding.blocked_by.and_then(|by| report.findings.get(by));
    root.is_some_and(|root| root.account.is_none()) && is_shut_off(finding, report)
}

/// Whether the same service answered over the other route.
fn works_otherwise(report: &Report, look: &Observation) -> bool {
    let beside = report.looks.iter().filter(|other| other.beside);
    beside.filter(|other| other.subject == look.subject && other.probe == look.probe).any(Observation::came_through)
}

/// What the result does not tell of ECE itself.
fn reservation(report: &Report) -> &'static str {
    let is = |check: &str, status| report.findings.iter().any(|one| one.check == check && one.status == status);
    let of_certificate = |look: &Observation| {
        look.attempts.iter().filter_map(|attempt| attempt.failure.as_ref()).any(|one| one.stage == Stage::Certificate)
    };
    let distrusts = |finding: &Finding| {
        let look = finding.look.and_then(|look| report.looks.get(look));
        finding.check == "tls.trusted" && finding.status == Status::Fail && look.is_some_and(of_certificate)
    };
    let is_distrusted = is("tls.not-intercepted", Status::Fail) || report.findings.iter().any(distrusts);
    let routes_differ = || {
        let failing = report.looks.iter().filter(|look| !look.beside && !look.attempts.is_empty());
        failing.filter(|look| !look.came_through()).any(|look| works_otherwise(report, look))
    };
    if is(JAVA_TRUST, Status::Skip) && is_distrusted {
        " ECE's Java trust store was not checked (tls.java-trust); ECE may still reject the certificate that was shown."
    } else if report.looks.iter().any(|look| look.beside) && routes_differ() {
        " The service answers over the other route (see Routes); ECE may use that one."
    } else {
        ""
    }
}

fn part(what: &str, mailboxes: &[State]) -> Option<String> {
    if mailboxes.is_empty() {
        return None;
    }
    let number = |state| mailboxes.iter().filter(|one| **one == state).count();
    let (intermittent, fails, open) = (number(State::Intermittent), number(State::Fails), number(State::NotTested));
    let (signs_in, accepted) = (number(State::SignsIn), number(State::Accepted));
    let works_over = |only: &str| {
        mailboxes.iter().filter(|one| matches!(one, State::WorksOver { protocol, .. } if *protocol == only)).count()
    };
    let over = ["IMAP", "POP3"].map(|protocol| (protocol, works_over(protocol)));
    let is_partial = |one: &&State| matches!(one, State::WorksOver { partial: true, .. });
    let only_at_times = intermittent + mailboxes.iter().filter(is_partial).count();
    let works = number(State::Works)
        + intermittent
        + signs_in
        + accepted
        + over.iter().map(|(_, number)| number).sum::<usize>();
    let all = words::plural(mailboxes.len(), "{n} mailbox", "{n} mailboxes");
    let notes = [
        (fails, words::plural(fails, "{n} fails", "{n} fail")),
        (open, format!("{open} not tested")),
        (only_at_times, format!("{only_at_times} only intermittently")),
        (signs_in, "only the sign-in was tested".to_owned()),
        (accepted, format!("Send As not tested for {accepted}")),
    ];
    let over = over.into_iter().map(|(protocol, number)| (number, format!("{number} over {protocol} only")));
    let notes: Vec<String> =
        notes.into_iter().chain(over).filter(|(number, _)| *number > 0).map(|(_, note)| note).collect();
    let what = if signs_in > 0 { format!("the sign-in for {what}") } else { what.to_owned() };
    let works = format!("{what} works for {works} of {all}");
    Some(if notes.is_empty() { works } else { format!("{works} ({})", notes.join(", ")) })
}

/// Whether mail from an address that MAIL FROM took is rejected: by the file of its rights, or when a message was sent.
fn is_rejected_later(finding: &Finding) -> bool {
    [ROUND_TRIP, SEND_AS].contains(&&*finding.check) && finding.seen_status() == Status::Fail
}

fn rows(report: &Report) -> Vec<Row<'_>> {
    let of_mailbox = |place: &usize| {
        let finding = &report.findings[*place];
        let is_told = is_about_mailboxes(&finding.check) || [ROUND_TRIP, SEND_AS].contains(&&*finding.check);
        finding.subject != Subject::Site && is_told
    };
    let places = (0..report.findings.len()).filter(of_mailbox);
    let of_token = |finding: &&Finding| finding.check.split('.').next() == Some(TOKEN[0]) && finding.account.is_some();
    let of_tokens: Vec<&Finding> = report.findings.iter().filter(of_token).collect();
    let tokens = grouping::grouped(0..of_tokens.len(), |place| of_tokens[place].account.as_deref());
    let tokens: Vec<(Option<&str>, Option<Status>)> = tokens
        .into_iter()
        .map(|(account, places)| (account, worst(places.into_iter().map(|place| of_tokens[place]))))
        .collect();
    let row = |(mailbox, places): (_, Vec<usize>)| {
        let findings: Vec<&Finding> = places.into_iter().map(|place| &report.findings[place]).collect();
        let account = findings.iter().find_map(|finding| finding.account.as_deref());
        let token = tokens.iter().find(|(known, _)| *known == account).and_then(|(_, status)| *status);
        let of_column = |checks: &[&str]| {
            worst(findings.iter().copied().filter(|finding| checks.contains(&finding.check.as_str())))
        };
        let mut cells = COLUMNS.map(|(_, checks)| if checks == TOKEN { token } else { of_column(checks) });
        for step in SIGN_IN {
            let own = || findings.iter().filter(|finding| COLUMNS[step].1.contains(&finding.check.as_str()));
            if cells[step] == Some(Status::Skip) && own().any(|finding| has_no_service(finding, report)) {
                cells[step] = Some(Status::Fail);
            }
        }
        if matches!(cells[SENDER], Some(Status::Pass | Status::Warn))
            && findings.iter().any(|finding| is_rejected_later(finding))
        {
            cells[SENDER] = Some(Status::Fail);
        }
        (mailbox, cells)
    };
    let rows = grouping::grouped(places, |place| report.findings[place].subject.as_str()).into_iter().map(row);
    rows.filter(|(_, cells)| cells[1..].iter().any(Option::is_some)).collect()
}

/// The worst of what some findings say; nothing when they do not apply.
fn worst<'a>(findings: impl Iterator<Item = &'a Finding>) -> Option<Status> {
    let order = [Status::Fail, Status::Error, Status::Skip, Status::Warn, Status::Pass];
    let applies = findings.filter(|finding| finding.reason != Some(SkipReason::NotApplicable));
    let told: Vec<Status> = applies.map(Finding::seen_status).collect();
    order.into_iter().find(|status| told.contains(status))
}

/// A warning about a token is told with its account, and is no news of each of its mailboxes.
fn is_well(cells: [Option<Status>; 5]) -> bool {
    let [token, rest @ ..] = cells;
    let is_token_well = matches!(token, None | Some(Status::Pass | Status::Warn));
    is_token_well && rest.iter().flatten().all(|status| *status == Status::Pass)
}
