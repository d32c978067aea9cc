//! A message from a mailbox to itself: none unasked, exactly one when asked, and nothing else is touched.
//!
//! lettre and async-imap, which share no code with the probe nor with the lab, look at what lies there.

use std::{collections::BTreeMap, sync::Arc};

use async_imap::{Authenticator, Client, Session, types::Flag};
use ece_check::{
    deployment::Role,
    finding::{Finding, Report, SkipReason, Status},
    lab::{Counts, Lab, Settings},
};
use futures_util::TryStreamExt;
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    transport::smtp::{
        authentication::{Credentials, Mechanism},
        client::{Certificate, Tls, TlsParameters},
    },
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::walk::{Walk, not_well, of_check, start, walk, walk_lab, walk_tenant};

const CHECK: &str = "delivery.round-trip";
/// The mailbox whose token, one of the application's own, other clients can use.
const ARCHIVE: &str = "archive@example.com";

/// A tenant with a mailbox of each kind: of a user, shared, over POP3, of the application.
fn every_kind() -> Settings {
    Settings { application_account: true, ..Settings::default() }
}

async fn send(settings: &Settings, role: Option<Role>) -> (Report, Counts) {
    let lab = start(settings).await;
    let report = walk_lab(&lab, &Walk { role, send_mail: true, ..Walk::default() }).await;
    (report, lab.counts())
}

fn done(report: &Report) -> Vec<String> {
    let looks = report.looks.iter().filter(|look| look.probe == "delivery");
    looks.filter_map(|look| look.facts.value("delivery.done")).map(ToString::to_string).collect()
}

#[track_caller]
fn planned_is_judged(report: &Report) {
    let sum = &report.summary;
    assert_eq!(sum.planned, sum.pass + sum.warn + sum.fail + sum.skip + sum.error);
    assert_eq!(sum.planned, report.findings.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mailbox_sends_itself_exactly_one_message() {
    let (report, counts) = send(&every_kind(), None).await;
    assert_eq!(report.summary.exit_code, 0, "{}", not_well(&report));
    planned_is_judged(&report);
    let findings = of_check(&report, CHECK);
    assert_eq!(findings.len(), 5);
    assert!(findings.iter().all(|finding| finding.status == Status::Pass), "{findings:#?}");
    assert_eq!(counts.changing, BTreeMap::from([("DATA", 5), ("MOVE", 4), ("SELECT", 4)]));
    assert_eq!(counts.delivered.len(), 5, "{:?}", counts.delivered);
    assert!(counts.delivered.values().all(|messages| *messages == 1), "{:?}", counts.delivered);
    let done = done(&report);
    assert_eq!(done.iter().filter(|done| done.ends_with(", moved to Deleted Items")).count(), 4, "{done:?}");
    assert_eq!(done.iter().filter(|done| done.ends_with(", left in the inbox (POP3)")).count(), 1, "{done:?}");
    assert!(counts.most_for_mailbox.values().all(|most| *most <= 3), "{:?}", counts.most_for_mailbox);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_being_asked_nothing_is_sent() {
    let (report, counts) = walk_tenant(&every_kind(), None).await;
    planned_is_judged(&report);
    let findings = of_check(&report, CHECK);
    assert_eq!(findings.len(), 5);
    let waits = |finding: &&Finding| finding.status == Status::Skip && finding.reason == Some(SkipReason::NeedsInput);
    assert!(findings.iter().all(waits), "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.next.as_deref().is_some_and(|next| next.contains("--send-mail"))));
    assert!(counts.changing.is_empty() && counts.delivered.is_empty(), "{counts:#?}");
    assert!(done(&report).is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn application_server_cannot_look_and_sends_nothing() {
    let (report, counts) = send(&Settings::default(), Some(Role::Application)).await;
    assert_eq!(report.summary.exit_code, 0, "{}", not_well(&report));
    assert!(of_check(&report, CHECK).iter().all(|finding| finding.reason == Some(SkipReason::NotApplicable)));
    assert_eq!(counts.changing, BTreeMap::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_sends_what_could_not_be_looked_for() {
    for (fault, mailbox, blocks) in [
        ("smtp-auth-disabled-mailbox", "sales@example.com", "smtp.sign-in"),
        ("imap-disabled-for-mailbox", "sales@example.com", "imap.mailbox-opens"),
        ("pop-disabled-for-mailbox", "billing@example.com", "pop3.sign-in"),
        ("send-as-denied", "info@example.com", "smtp.sender-accepted"),
    ] {
        let (report, counts) = send(&Settings { faults: vec![fault.to_owned()], ..Settings::default() }, None).await;
        let of_mailbox = of_check(&report, CHECK).into_iter().find(|finding| finding.subject == mailbox);
        let finding = of_mailbox.unwrap_or_else(|| panic!("{fault}: nothing planned for {mailbox}"));
        assert_eq!(finding.reason, Some(SkipReason::Blocked), "{fault}: {finding:#?}");
        let by = finding.blocked_by.map(|by| report.findings[by].check.as_str());
        assert_eq!(by, Some(blocks), "{fault}");
        assert_eq!(counts.delivered.get(mailbox), None, "{fault}: {:?}", counts.delivered);
        assert_eq!(counts.changing.get("DATA"), Some(&3), "{fault}: the others are well");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn message_that_never_arrives_is_no_failure_and_is_told() {
    let report = walk(&["delivery-not-found", "delivery-not-found.pop3"]).await;
    let warned = of_check(&report, CHECK).into_iter().filter(|finding| finding.status == Status::Warn);
    let subjects: Vec<&str> = warned.map(|finding| finding.subject.as_str()).collect();
    assert_eq!(subjects, ["sales@example.com", "billing@example.com"]);
    let told = done(&report).iter().filter(|done| done.contains("not found within 5 s")).count();
    assert_eq!(told, 2, "{:?}", done(&report));
    let looks = report.looks.iter().filter(|look| look.probe == "delivery" && !look.transcript.is_empty());
    for look in looks {
        assert!(look.transcript.len() < 120, "{}: {} lines", look.subject, look.transcript.len());
        let of_others = look.transcript.iter().find(|line| line.text.contains("Welcome"));
        assert_eq!(of_others, None, "the head of somebody else's message is shown");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn message_that_is_refused_is_not_counted_as_sent() {
    let report = walk(&["sender-restricted-for-spam.message"]).await;
    assert!(done(&report).iter().all(|done| done.starts_with("no message was sent from ")), "{:?}", done(&report));
    let words = "refused while sending the message";
    assert!(of_check(&report, CHECK).iter().all(|finding| finding.found.starts_with(words)), "{}", not_well(&report));
}

/// What other people's client sees of a message.
#[derive(Debug, PartialEq)]
struct Lying {
    flags: Vec<String>,
    head: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_client_finds_the_mailbox_as_it_was_but_for_that_message() {
    let lab = start(&every_kind()).await;
    let mut before = other_client(&lab).await;
    let inbox = lying(&mut before, "INBOX").await;
    assert_eq!((inbox.len(), lying(&mut before, "Deleted Items").await.len()), (1, 0));
    before.logout().await.expect("it says goodbye");

    let report = walk_lab(&lab, &Walk { send_mail: true, ..Walk::default() }).await;
    assert_eq!(report.summary.exit_code, 0, "{}", not_well(&report));

    let mut after = other_client(&lab).await;
    assert_eq!(lying(&mut after, "INBOX").await, inbox, "no flag and no message is another");
    let deleted = lying(&mut after, "Deleted Items").await;
    let [message] = deleted.as_slice() else { panic!("{deleted:#?}") };
    let look = report.looks.iter().find(|look| look.probe == "delivery" && look.subject == ARCHIVE).expect("a look");
    let mark = look.facts.value("delivery.mark").expect("a mark").to_string();
    assert_eq!(mark.len(), 32);
    for line in [
        format!("From: {ARCHIVE}"),
        format!("To: {ARCHIVE}"),
        format!("X-ECE-Check: {mark}"),
        "Auto-Submitted: auto-generated".to_owned(),
        "X-Auto-Response-Suppress: All".to_owned(),
    ] {
        assert!(message.head.lines().any(|own| own == line), "{line} is not in\n{}", message.head);
    }
    assert!(message.head.is_ascii() && message.head.contains("Subject: Test of ece-check"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_clients_send_find_and_move_a_message_in_the_lab() {
    let lab = start(&every_kind()).await;
    let address = ARCHIVE.parse().expect("an address");
    let message = Message::builder().from(lettre::message::Mailbox::new(None, address));
    let address = ARCHIVE.parse().expect("an address");
    let message = message.to(lettre::message::Mailbox::new(None, address)).subject("by another hand");
    let message = message.body(".a line that begins with a dot\r\n".to_owned()).expect("a message");
    let certificate = Certificate::from_pem(lab.ca_pem().as_bytes()).expect("PEM");
    let tls = TlsParameters::builder("smtp.office365.com".to_owned()).add_root_certificate(certificate);
    let server = port(&lab, 587);
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(server)
        .tls(Tls::Required(tls.build().expect("TLS")))
        .credentials(Credentials::new(ARCHIVE.to_owned(), token(&lab)))
        .authentication(vec![Mechanism::Xoauth2])
        .build();
    transport.send(message).await.unwrap_or_else(|error| panic!("lettre: {error:?}"));

    let mut session = other_client(&lab).await;
    session.select("INBOX").await.expect("it opens");
    let found = session.uid_search("HEADER Subject \"by another hand\"").await.expect("it searches");
    let [uid] = found.into_iter().collect::<Vec<_>>()[..] else { panic!("not one message") };
    session.uid_mv(uid.to_string(), "Deleted Items").await.expect("it moves");
    assert_eq!(lying(&mut session, "INBOX").await.len(), 1);
    assert_eq!(lying(&mut session, "Deleted Items").await.len(), 1);
    assert_eq!(lab.counts().delivered, BTreeMap::from([(ARCHIVE.to_owned(), 1)]));
}

/// The loopback port of the first IPv4 address that has this port.
fn port(lab: &Lab, port: u16) -> u16 {
    let serves = |one: &&ece_check::lab::Mapping| one.address.port() == port && one.address.is_ipv4();
    lab.connections().iter().find(serves).expect("a server").to.port()
}

fn token(lab: &Lab) -> String {
    let secrets = lab.secrets();
    secrets.into_iter().find(|(name, _)| *name == "ECE_CHECK_LAB_ARCHIVE").expect("its token").1
}

struct Bearer(String);

impl Authenticator for Bearer {
    type Response = String;

    fn process(&mut self, _challenge: &[u8]) -> String {
        format!("user={ARCHIVE}\x01auth=Bearer {}\x01\x01", self.0)
    }
}

async fn other_client(lab: &Lab) -> Session<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(lab.ca_pem().as_bytes()) {
        roots.add(root.expect("PEM")).expect("a root");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(("127.0.0.1", port(lab, 993))).await.expect("it listens");
    let name = ServerName::try_from("outlook.office365.com").expect("a name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("it is trusted");
    let mut client = Client::new(stream);
    client.read_response().await.expect("no error").expect("a greeting");
    let signed_in = client.authenticate("XOAUTH2", Bearer(token(lab))).await;
    signed_in.map_err(|(error, _)| error).expect("it takes the token")
}

async fn lying(session: &mut Session<TlsStream<TcpStream>>, folder: &str) -> Vec<Lying> {
    session.examine(folder).await.expect("it opens");
    let fetched = session.fetch("1:*", "(FLAGS BODY.PEEK[HEADER])").await.expect("it fetches");
    let fetched: Vec<_> = fetched.try_collect().await.expect("all of them");
    let flags = |flag: Flag<'_>| format!("{flag:?}");
    let one = |fetch: &async_imap::types::Fetch| Lying {
        flags: fetch.flags().map(flags).collect(),
        head: String::from_utf8_lossy(fetch.header().unwrap_or_default()).into_owned(),
    };
    fetched.iter().map(one).collect()
}
