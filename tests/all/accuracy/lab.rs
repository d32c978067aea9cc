//! How often the cause is named rightly where it is known for sure: in the lab.
//!
//! Every fault alone, pairs of faults that happen together, healthy tenants, and the corpus's lines of which a thread proved
//! the cause. `make accuracy` prints the figures; each must hold in full.

use std::{collections::BTreeSet, fmt::Write, time::Duration};

use ece_check::{
    catalogue::{Catalogue, layer::Layer},
    deployment::Role,
    finding::{Certainty, Finding, NamedCause, Owner, Report, SkipReason, Status},
    lab::{FaultInfo, Settings, faults},
};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use tokio::sync::OnceCell;

use super::agree;
use crate::walk::{Walk, alone, came_out, not_well, start, walk, walk_lab};

/// So many runs at once: most of their time is waiting for what never comes.
const AT_ONCE: usize = 24;
/// So many runs against a healthy tenant.
const HEALTHY: usize = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_of_the_lab_is_found_and_its_cause_is_named_first() {
    let seen = every_fault().await;
    let wrong: Vec<String> = seen.iter().filter_map(Seen::differs).collect();
    tell("every fault of the lab alone: its check fails, its cause is named first", seen.len(), &wrong);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_faults_both_are_named_in_the_order_of_mending() {
    let pairs = toml::from_str::<Pairs>(include_str!("pairs.toml")).expect("tests/all/accuracy/pairs.toml").pair;
    let number = pairs.len();
    let _alone = alone().await;
    let wrong = at_once(pairs.into_iter().map(Pair::differs)).await.into_iter().flatten().collect::<Vec<_>>();
    tell("two faults at once: both named and no other, right owners, in the order of mending", number, &wrong);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_healthy_tenant_has_no_cause_whatever_the_settings() {
    let _alone = alone().await;
    let wrong = at_once((0..HEALTHY).map(healthy)).await.into_iter().flatten().collect::<Vec<_>>();
    tell("a healthy tenant, one setting after the other: no cause, exit code 0", HEALTHY, &wrong);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_threads_proved_is_named_first() {
    let file: Confirmed = toml::from_str(include_str!("confirmed.toml")).expect("tests/all/accuracy/confirmed.toml");
    let lines = confirmed(&super::corpus());
    let told: BTreeSet<&str> =
        file.run.iter().map(|run| run.id.as_str()).chain(file.left_out.iter().map(|out| out.id.as_str())).collect();
    let known: BTreeSet<&str> = lines.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(told, known, "each line of the corpus with a confirmed cause is a run, or left out with a reason");
    let _alone = alone().await;
    let (runs, left_out) = (file.run.len(), file.left_out.len());
    let mut wrong = Vec::new();
    for run in file.run {
        wrong.extend(run.differs(&lines).await);
    }
    for out in &file.left_out {
        wrong.extend(out.differs().await);
    }
    tell("what a thread proved, as a run against the lab: named first", runs, &wrong);
    println!("  left out, each with its reason in tests/all/accuracy/confirmed.toml: {left_out}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_network_fault_is_never_called_a_credential_fault() {
    let catalogue = Catalogue::built_in();
    let cause = |code: &str| catalogue.cause(code).expect("a cause of the catalogue");
    let of_credentials = |code: &str| matches!(cause(code).owner, Owner::Entra | Owner::Exchange);
    let below =
        |seen: &&Seen| cause(&seen.fault.cause).layer < Layer::Application && !of_credentials(&seen.fault.cause);
    let mut number = 0;
    let mut wrong = Vec::new();
    for seen in every_fault().await.iter().filter(below) {
        number += 1;
        let named: Vec<&str> =
            seen.named().map(|named| named.cause.as_str()).filter(|code| of_credentials(code)).collect();
        if !named.is_empty() {
            wrong.push(format!("{}: {named:?}", seen.fault.name));
        }
    }
    assert!(number > 100, "only {number} faults of the network");
    tell("faults below the sign-in: no cause of Entra or Exchange is even thought of", number, &wrong);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_says_nothing_against_what_its_run_saw() {
    let seen = every_fault().await;
    let told = |one: &Seen| one.disagrees.iter().map(|what| format!("{}: {what}", one.fault.name)).collect::<Vec<_>>();
    let wrong: Vec<String> = seen.iter().flat_map(told).collect();
    tell("titles, fixes, commands, impacts and words agree with what the run saw", seen.len(), &wrong);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_certain_says_where_to_look() {
    let mut number = 0;
    let mut wrong = Vec::new();
    for seen in every_fault().await {
        for finding in seen.report.findings.iter().filter(|one| matches!(one.status, Status::Fail | Status::Warn)) {
            number += 1;
            let place = format!("{}: {} for {}", seen.fault.name, finding.check, finding.subject);
            let certain = finding.causes.iter().filter(|named| named.certainty == Certainty::Certain).count();
            match finding.causes.as_slice() {
                [] => wrong.push(format!("{place} has no cause: {}", finding.found)),
                causes if certain == 0 || causes.len() > certain => match finding.next.as_deref() {
                    None => wrong.push(format!("{place} does not say where to look: {causes:?}")),
                    Some(next) if next.contains('…') => wrong.push(format!("{place}: {next}")),
                    Some(_) => {}
                },
                _ => {}
            }
        }
    }
    tell("what did not pass has a cause, and where it is not certain, a place to look", number, &wrong);
}

/// What tells causes apart, one test each: which protocols work, how far it came, for whom.
mod apart {
    use super::*;

    #[tokio::test]
    async fn imap_works_and_smtp_does_not() {
        let report = walk(&["smtp-auth-disabled-tenant.old-words"]).await;
        let named = at(&report, "smtp.sign-in", "sales@example.com");
        // every mailbox is refused: it is set for the tenant, or for each of them
        let open = ["smtp-auth-disabled-tenant", "smtp-auth-disabled-mailbox"].map(|code| (code, Certainty::Possible));
        assert_eq!(causes(named), open, "535 5.7.3 settles nothing");
        let ruled_out: Vec<&str> = named.ruled_out.iter().map(|one| one.cause.as_str()).collect();
        for cause in ["token-expired", "token-wrong-audience", "token-user-mismatch", "no-exchange-licence"] {
            assert!(ruled_out.contains(&cause), "{cause} is not ruled out: {ruled_out:?}");
        }
        assert_eq!(at(&report, "imap.mailbox-opens", "sales@example.com").status, Status::Pass);
    }

    #[tokio::test]
    async fn smtp_works_and_imap_does_not() {
        let report = walk(&["imap-disabled-for-mailbox"]).await;
        let named = at(&report, "imap.mailbox-opens", "sales@example.com");
        let causes = causes(named);
        let (first, others) = causes.split_first().expect("a cause");
        assert_eq!(*first, ("imap-disabled-for-mailbox", Certainty::Likely), "not connected settles nothing");
        assert!(others.iter().all(|(_, certainty)| *certainty == Certainty::Possible), "{others:?}");
        let next = named.next.as_deref().expect("a place to look");
        assert!(next.starts_with("Get-CASMailbox -Identity 'sales@example.com' "), "{next}");
        assert_eq!(at(&report, "smtp.sign-in", "sales@example.com").status, Status::Pass);
    }

    #[tokio::test]
    async fn authenticated_but_not_connected() {
        let cases = [
            ("imap-disabled-for-mailbox", "sales@example.com"),
            ("no-exchange-licence", "sales@example.com"),
            ("token-user-mismatch", "sales@example.com"),
            ("no-full-access-to-mailbox", "info@example.com"),
            ("mailbox-not-found", "info@example.com"),
        ];
        for (fault, mailbox) in cases {
            let report = walk(&[fault]).await;
            assert_eq!(at(&report, "imap.sign-in", mailbox).status, Status::Pass, "{fault}");
            let shut = at(&report, "imap.mailbox-opens", mailbox);
            assert!(shut.found.contains("not connected"), "{fault}: {}", shut.found);
            assert_eq!(causes(shut)[0].0, fault);
        }
    }

    #[tokio::test]
    async fn one_mailbox_of_a_shared_account() {
        let report = walk(&["no-full-access-to-mailbox"]).await;
        assert_eq!(fixes(&report), ["no-full-access-to-mailbox"]);
        let command = report.summary.fix_first[0].command.as_deref().expect("a command");
        assert!(command.contains("info@example.com") && !command.contains("support@example.com"), "{command}");
        assert_eq!(at(&report, "imap.mailbox-opens", "support@example.com").status, Status::Pass);
    }

    #[tokio::test]
    async fn all_mailboxes_of_one_account() {
        let report = walk(&["token-user-mismatch.shared-account"]).await;
        assert_eq!(fixes(&report), ["token-user-mismatch"]);
        let explained: BTreeSet<&str> =
            report.summary.fix_first[0].explains.iter().map(|at| report.findings[*at].subject.as_str()).collect();
        assert_eq!(explained, BTreeSet::from(["shared", "info@example.com", "support@example.com"]));
    }

    #[tokio::test]
    async fn every_protocol_after_a_good_token() {
        let report = walk(&["no-exchange-licence"]).await;
        assert_eq!(fixes(&report), ["no-exchange-licence"]);
        assert!(
            report.findings.iter().filter(|one| one.check.starts_with("token.")).all(|one| one.status != Status::Fail)
        );
        for check in ["smtp.sign-in", "imap.mailbox-opens"] {
            assert_eq!(causes(at(&report, check, "sales@example.com"))[0].0, "no-exchange-licence", "{check}");
        }
    }

    #[tokio::test]
    async fn a_token_refused_before_any_server() {
        let report = walk(&["client-secret-expired"]).await;
        assert_eq!(fixes(&report), ["client-secret-expired"]);
        let blocked = at(&report, "imap.sign-in", "sales@example.com");
        assert_eq!((blocked.status, blocked.reason), (Status::Skip, Some(SkipReason::Blocked)));
        assert!(blocked.causes.is_empty(), "nothing is known of a mailbox that nobody asked for");
    }

    #[tokio::test]
    async fn one_address_of_several() {
        let report = walk(&["some-addresses-blocked"]).await;
        assert_eq!(fixes(&report), ["some-addresses-blocked"]);
        assert_eq!(at(&report, "imap.sign-in", "sales@example.com").status, Status::Pass, "the others are used");
    }

    #[tokio::test]
    async fn all_of_587_and_nothing_of_993() {
        let report = walk(&["port-blocked"]).await;
        let fix = &report.summary.fix_first[0];
        assert_eq!((fixes(&report), fix.owner), (vec!["port-blocked"], Owner::Network));
        let command = fix.command.as_deref().expect("a command");
        assert!(command.contains("Ports: TCP 587\n"), "{command}");
        assert_eq!(at(&report, "imap.mailbox-opens", "sales@example.com").status, Status::Pass);
    }

    /// That a root is missing in Java's store alone is shown with keytool in `tests/peers/java`.
    #[tokio::test]
    async fn trust_that_fails_under_one_store() {
        let report = walk(&["trust-store-incomplete"]).await;
        let fix = &report.summary.fix_first[0];
        assert_eq!((fixes(&report), fix.owner), (vec!["trust-store-incomplete"], Owner::Ece));
        let intercepted = walk(&["tls-intercepted.not-trusted"]).await;
        assert_eq!(fixes(&intercepted), ["tls-intercepted"], "the same refusal with another issuer");
    }

    #[tokio::test]
    async fn a_clock_that_is_wrong() {
        let report = walk(&["client-clock-skew"]).await;
        let fix = &report.summary.fix_first[0];
        assert_eq!((fixes(&report), fix.owner), (vec!["client-clock-skew"], Owner::Ece));
        assert_eq!(at(&report, "token.valid-now", "sales").status, Status::Pass, "by the true time");
        let mut clocks = report.findings.iter().filter(|one| one.check == "https.clock");
        assert!(clocks.all(|one| one.means.contains("Microsoft judges tokens by its own clock")), "what still works");
    }

    #[tokio::test]
    async fn an_address_that_no_list_has_is_judged_by_its_certificate() {
        for (fault, cause) in
            [("dns-unpublished-address", "dns-unpublished-address"), ("dns-synthetic-answer", "dns-synthetic-answer")]
        {
            let report = walk(&[fault]).await;
            assert_eq!((fixes(&report), report.summary.exit_code), (vec![cause], 0));
            let warned = at(&report, "dns.leads-to-microsoft", "outlook.office365.com");
            assert_eq!(warned.status, Status::Warn, "{fault}");
            assert!(warned.means.contains("certificate checks show which"), "{fault}: {}", warned.means);
            assert!(report.summary.fix_first[0].fix.contains("ertificate"), "{}", report.summary.fix_first[0].fix);
            assert_eq!(at(&report, "imap.mailbox-opens", "sales@example.com").status, Status::Pass, "{fault}");
        }
    }

    #[tokio::test]
    async fn silence_at_a_private_address_is_the_answer_of_the_dns_server() {
        let report = walk(&["dns-private-answer"]).await;
        let shut = at(&report, "tcp.opens", "outlook.office365.com:993");
        assert_eq!(causes(shut), [("dns-private-answer", Certainty::Certain)]);
        let named = at(&report, "dns.leads-to-microsoft", "outlook.office365.com");
        assert_eq!((named.status, causes(named)), (Status::Warn, vec![("dns-private-answer", Certainty::Certain)]));
    }

    #[tokio::test]
    async fn throttling_is_no_refusal() {
        let report = walk(&["throttled"]).await;
        assert_eq!(fixes(&report), ["throttled"]);
        let named: BTreeSet<&str> =
            report.findings.iter().flat_map(|one| &one.causes).map(|named| named.cause.as_str()).collect();
        assert_eq!(named, BTreeSet::from(["throttled"]), "no credential is thought of");
    }

    fn at<'r>(report: &'r Report, check: &str, subject: &str) -> &'r Finding {
        let mut findings = report.findings.iter();
        findings.find(|one| one.check == check && one.subject == subject).expect("a finding of this check")
    }

    fn causes(finding: &Finding) -> Vec<(&str, Certainty)> {
        finding.causes.iter().map(|named| (named.cause.as_str(), named.certainty)).collect()
    }
}

/// What is named beside the cause of a fault: a device that answers in place of Microsoft shows its own certificate too.
const BESIDE: [(&str, &str); 2] =
    [("login-block-page", "tls-intercepted"), ("login-page-not-found", "tls-intercepted")];

/// One fault, and what a run says of it.
struct Seen {
    fault: FaultInfo,
    report: Report,
    /// What the report says against what the run saw, or against the rules of words.
    disagrees: Vec<String>,
}

/// A run for each fault, made once.
async fn every_fault() -> &'static [Seen] {
    static SEEN: OnceCell<Vec<Seen>> = OnceCell::const_new();
    let look = async |fault: FaultInfo| {
        let mut report = walk(&[&fault.name]).await;
        let disagrees = agree::wrong(&report);
        report.looks.clear(); // hundreds of reports are kept, and what was seen fills most of each
        Seen { fault, report, disagrees }
    };
    let runs = async || {
        let _alone = alone().await;
        at_once(faults().into_iter().map(look)).await
    };
    SEEN.get_or_init(runs).await
}

impl Seen {
    fn differs(&self) -> Option<String> {
        let Self { fault, report, .. } = self;
        let mut wrong = String::new();
        let status: Status = serde_json::from_value(fault.status.clone().into()).expect("an outcome names a status");
        if !came_out(report, &fault.check, status) {
            let _ = write!(wrong, "{} is nowhere {}; ", fault.check, fault.status);
        }
        if report.summary.exit_code != fault.exit_code {
            let _ = write!(wrong, "exit code {}, not {}; ", report.summary.exit_code, fault.exit_code);
        }
        let right = if status == Status::Pass { None } else { Some(fault.cause.as_str()) };
        let mut others = report.summary.fix_first.iter().skip(1);
        if first(report) != right || !others.all(|other| BESIDE.contains(&(fault.cause.as_str(), other.cause.as_str())))
        {
            let _ = write!(wrong, "named is {:?}; ", fixes(report));
        }
        (!wrong.is_empty()).then(|| format!("{}: {wrong}\n{}", fault.name, not_well(report)))
    }

    /// Every cause that stands at any finding.
    fn named(&self) -> impl Iterator<Item = &NamedCause> {
        self.report.findings.iter().flat_map(|finding| &finding.causes)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pairs {
    pair: Vec<Pair>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    #[expect(dead_code, reason = "says to people why the two happen together")]
    why: String,
    faults: [String; 2],
    owners: [Owner; 2],
}

impl Pair {
    async fn differs(self) -> Option<String> {
        let report = walk(&self.faults.each_ref().map(String::as_str)).await;
        let causes = self.faults.each_ref().map(|fault| fault.split('.').next().unwrap_or(fault));
        let wanted: Vec<(&str, Owner)> = causes.into_iter().zip(self.owners).collect();
        let named: Vec<(&str, Owner)> =
            report.summary.fix_first.iter().map(|fix| (fix.cause.as_str(), fix.owner)).collect();
        let disagrees = agree::wrong(&report);
        (named != wanted || !disagrees.is_empty())
            .then(|| format!("{:?}: named is {named:?}\n{}\n{}", self.faults, disagrees.join("\n"), not_well(&report)))
    }
}

/// One of the runs against a healthy tenant: the number picks each setting, and no two numbers pick all alike.
async fn healthy(number: usize) -> Option<String> {
    const RELEASES: [&str; 4] = ["12.6(1)_ES12_ET1", "12.5(1)_ES10", "12.0(1)_ES7_ET1", "11.6(1)_ES12_ET1"];
    let role = [Role::Services, Role::Application, Role::All][number % 3];
    let release = RELEASES[number / 3 % 4];
    let [ipv4_only, late, pre_install] = [12, 24, 48].map(|step| number / step % 2 == 1);
    let settings = Settings {
        latency: Duration::from_millis(if late { 5 } else { 0 }),
        mailboxes: number / 96,
        application_account: number.is_multiple_of(5),
        ..Settings::default()
    };
    let lab = start(&settings).await;
    let (before, accounts) = lab.deployment().split_once("\n[entra]").expect("the lab's file has this section");
    let level = before.lines().filter(|line| !line.starts_with("release") && !line.starts_with("installed"));
    let level: Vec<&str> = level.skip(1).collect();
    let accounts =
        if number.is_multiple_of(7) { accounts.replace("\"imap\"", "\"pop3\"") } else { accounts.to_owned() };
    let package = release.split_once('_').map_or("", |(_, package)| package);
    let both = package.strip_suffix("_ET1").map_or(String::new(), |es| format!("\"{es}\", "));
    let (named, _) = release.split_once('_').expect("a release with its level");
    let file = format!(
        "[ece]\nrelease = \"{named}\"\ninstalled = [{both}\"{package}\"]\n{}\n\n[entra]{accounts}",
        level.join("\n")
    );
    let how = Walk { file: Some(&file), role: Some(role), pre_install, ipv4_only, ..Walk::default() };
    let report = walk_lab(&lab, &how).await;
    let well = report.summary.fix_first.is_empty() && report.summary.exit_code == 0 && report.summary.pass > 0;
    (!well).then(|| {
        format!("run {number}: {:?}, exit code {}\n{}", fixes(&report), report.summary.exit_code, not_well(&report))
    })
}

#[derive(Deserialize)]
struct TranscriptLine {
    id: String,
    #[serde(default)]
    confirmed_cause: Vec<Proved>,
}

#[derive(Deserialize)]
struct Proved {
    cause: String,
}

/// The lines of the corpus of which a thread proved the cause.
fn confirmed(corpus: &str) -> Vec<TranscriptLine> {
    let lines = corpus.lines().map(|line| serde_json::from_str::<TranscriptLine>(line).expect("a line of the corpus"));
    lines.filter(|line| !line.confirmed_cause.is_empty()).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Confirmed {
    run: Vec<Proof>,
    left_out: Vec<LeftOut>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Proof {
    id: String,
    faults: Vec<String>,
    /// What the lab must have said, as the line has it.
    says: Option<String>,
    role: Option<String>,
    #[expect(dead_code, reason = "says to people what of the thread stands in the run")]
    context: String,
}

impl Proof {
    async fn differs(self, lines: &[TranscriptLine]) -> Option<String> {
        let settings = Settings { faults: self.faults, ..Settings::default() };
        let role = self
            .role
            .map(|word| *Role::WORDS.iter().find(|(known, _)| *known == word).map(|(_, role)| role).expect("a role"));
        let lab = start(&settings).await;
        let report = walk_lab(&lab, &Walk { role, ..Walk::default() }).await;
        let proved = lines.iter().find(|line| line.id == self.id).and_then(|line| line.confirmed_cause.first());
        let says = self.says.is_none_or(|words| report.findings.iter().any(|one| one.found.contains(&words)));
        let right = first(&report) == proved.map(|proved| proved.cause.as_str()) && says;
        (!right).then(|| format!("{}: named is {:?}, said so: {says}\n{}", self.id, fixes(&report), not_well(&report)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeftOut {
    id: String,
    #[expect(dead_code, reason = "says to people why")]
    why: String,
    /// The cause that must stand among others all the same, under these faults.
    named: Option<String>,
    #[serde(default)]
    faults: Vec<String>,
}

impl LeftOut {
    async fn differs(&self) -> Option<String> {
        let named = self.named.as_ref()?;
        let faults: Vec<&str> = self.faults.iter().map(String::as_str).collect();
        let report = walk(&faults).await;
        let stands = report.findings.iter().flat_map(|finding| &finding.causes).any(|one| one.cause == *named);
        (!stands).then(|| format!("{}: {named} is not among what is named\n{}", self.id, not_well(&report)))
    }
}

/// The results of all these, in order, so many at once.
async fn at_once<R: Send + 'static>(runs: impl Iterator<Item: Future<Output = R> + Send + 'static>) -> Vec<R> {
    let runs = stream::iter(runs.map(tokio::spawn)).buffered(AT_ONCE);
    runs.map(|run| run.expect("a run does not panic")).collect().await
}

fn tell(what: &str, number: usize, wrong: &[String]) {
    println!("{what}: {} of {number}  (goal: all)", number - wrong.len());
    assert!(wrong.is_empty(), "{} came out otherwise:\n{}", wrong.len(), wrong.join("\n"));
}

fn fixes(report: &Report) -> Vec<&str> {
    report.summary.fix_first.iter().map(|fix| fix.cause.as_str()).collect()
}

fn first(report: &Report) -> Option<&str> {
    fixes(report).first().copied()
}
