//! Signing in with tokens at Dovecot and Postfix, which check the signature, the time and the user themselves.
//!
//! In: tokens with the claims that Entra gives, signed with a key that the servers know, or do not. Out: what
//! `ece-check` makes of it; and the mail lies there afterwards as it did before, byte for byte.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use ring::hmac;
use serde_json::{Value, json};

use crate::foreign::{
    ECE_CHECK,
    bench::{Bench, Change, DELETED, MAILBOXES, OPAQUE, Place, SIGNING_KEY},
};

/// What is judged of each mailbox at the sign-in.
const SIGN_INS: [&str; 3] = ["smtp.sign-in", "imap.sign-in", "pop3.sign-in"];
/// The words with which the servers refuse it.
const REFUSALS: [&str; 3] = ["535 5.7.8", "AUTHENTICATIONFAILED", "Authentication failed"];
/// What is judged behind it.
const BEHIND_THEM: [&str; 3] = ["smtp.sender-accepted", "imap.mailbox-opens", "pop3.mailbox-opens"];
/// What is judged of each token.
const OF_THE_TOKEN: [&str; 7] = [
    "token.issued",
    "token.audience",
    "token.identity",
    "token.valid-now",
    "token.smtp-permission",
    "token.imap-permission",
    "token.pop3-permission",
];

/// Sends the connections for Postfix to Dovecot's submission service.
const TO_DOVECOT: &[&str] = &[
    "ip daddr { 52.96.1.10, 52.96.1.11 } tcp dport 587 dnat ip to 52.96.0.10",
    "ip6 daddr 2603:1036:0:1::10 tcp dport 587 dnat ip6 to 2603:1036::10",
];

#[test]
fn good_tokens_open_every_mailbox_and_change_nothing() {
    everything_opens(&[]);
}

#[test]
fn good_tokens_open_every_mailbox_with_dovecot_for_submission() {
    everything_opens(TO_DOVECOT);
}

fn everything_opens(turn: &[&str]) {
    let Some(bench) = super::bench() else { return };
    let seen = sign_in_twice(&bench, turn, &[MAILBOXES[0], MAILBOXES[1]].map(|user| Token::of(user).signed()));
    assert_eq!(seen.exit, Some(0), "{}", seen.outline());
    seen.libraries_agree();
    for check in OF_THE_TOKEN {
        assert_eq!(seen.statuses(check), ["pass", "pass"], "{check}:\n{}", seen.outline());
    }
    for check in SIGN_INS.iter().chain(&BEHIND_THEM) {
        assert_eq!(seen.statuses(check), ["pass", "pass"], "{check}:\n{}", seen.outline());
    }
}

#[test]
fn opaque_token_that_the_servers_ask_about() {
    let Some(bench) = super::bench() else { return };
    let opaque = OPAQUE.to_owned();
    let seen = sign_in(&bench, &[], &[opaque, Token::of(MAILBOXES[1]).signed()]);
    assert_eq!(seen.exit, Some(0), "{}", seen.outline());
    assert_eq!(seen.statuses("token.issued"), ["pass", "pass"], "{}", seen.outline());
    assert_eq!(seen.statuses("token.audience"), ["skip", "pass"], "nothing is judged that cannot be read");
    for check in SIGN_INS.iter().chain(&BEHIND_THEM) {
        assert_eq!(seen.statuses(check), ["pass", "pass"], "{check}:\n{}", seen.outline());
    }
}

#[test]
fn opaque_token_that_nobody_knows() {
    let Some(bench) = super::bench() else { return };
    let unknown = format!("EwBQ{}", OPAQUE.split_at(4).1);
    let seen = sign_in(&bench, &[], &[unknown, Token::of(MAILBOXES[1]).signed()]);
    for (check, words) in SIGN_INS.iter().zip(REFUSALS) {
        assert_eq!(seen.statuses(check), ["fail", "pass"], "{check}:\n{}", seen.outline());
        let found = seen.found(check, MAILBOXES[0]);
        assert!(found.contains(words), "{check} does not keep {words}: {found}");
    }
    seen.blames_no_network();
}

#[test]
fn token_that_the_servers_do_not_believe() {
    for turn in [&[][..], TO_DOVECOT] {
        let Some(bench) = super::bench() else { return };
        let forged = Token { key: b"a key that nobody knows", ..Token::of(MAILBOXES[1]) };
        let seen = sign_in_twice(&bench, turn, &[Token::of(MAILBOXES[0]).signed(), forged.signed()]);
        seen.libraries_agree();
        for check in OF_THE_TOKEN {
            assert_eq!(seen.statuses(check), ["pass", "pass"], "{check}: {}", seen.outline());
        }
        for (check, words) in SIGN_INS.iter().zip(REFUSALS) {
            assert_eq!(seen.statuses(check), ["pass", "fail"], "{check}: {}", seen.outline());
            let found = seen.found(check, MAILBOXES[1]);
            assert!(found.contains(words), "{check} does not keep {words}: {found}");
        }
        for check in BEHIND_THEM {
            assert_eq!(seen.statuses(check), ["pass", "skip"], "{check}: {}", seen.outline());
        }
        seen.blames_no_network();
    }
}

#[test]
fn token_that_has_expired() {
    let Some(bench) = super::bench() else { return };
    let old = Token { made_ago: 7200, ..Token::of(MAILBOXES[1]) };
    let seen = sign_in(&bench, &[], &[Token::of(MAILBOXES[0]).signed(), old.signed()]);
    assert_eq!(seen.statuses("token.valid-now"), ["pass", "fail"], "{}", seen.outline());
    for check in SIGN_INS.iter().chain(&BEHIND_THEM) {
        assert_eq!(seen.statuses(check), ["pass", "skip"], "{check}: {}", seen.outline());
    }
    assert_eq!(seen.first(), "token-expired", "{}", seen.outline());
    seen.blames_no_network();
}

#[test]
fn token_of_another_user() {
    let Some(bench) = super::bench() else { return };
    let foreign = Token { user: "administrator@contoso.example", ..Token::of(MAILBOXES[1]) };
    let seen = sign_in(&bench, &[], &[Token::of(MAILBOXES[0]).signed(), foreign.signed()]);
    assert_eq!(seen.statuses("token.identity"), ["pass", "fail"], "{}", seen.outline());
    for check in ["imap.sign-in", "pop3.sign-in"] {
        assert_eq!(seen.statuses(check), ["pass", "fail"], "{check}: {}", seen.outline());
    }
    assert_eq!(seen.first(), "token-user-mismatch", "{}", seen.outline());
    seen.blames_no_network();
}

#[test]
fn token_for_another_service() {
    let Some(bench) = super::bench() else { return };
    let graph = Token { audience: "https://graph.microsoft.com", ..Token::of(MAILBOXES[1]) };
    let seen = sign_in(&bench, &[], &[Token::of(MAILBOXES[0]).signed(), graph.signed()]);
    assert_eq!(seen.statuses("token.audience"), ["pass", "fail"], "{}", seen.outline());
    for check in SIGN_INS.iter().chain(&BEHIND_THEM) {
        assert_eq!(seen.statuses(check), ["pass", "skip"], "{check}: {}", seen.outline());
    }
    assert_eq!(seen.first(), "token-wrong-audience", "{}", seen.outline());
    seen.blames_no_network();
}

#[test]
fn message_goes_out_and_is_found_again() {
    one_message_each(&[]);
}

#[test]
fn message_goes_out_and_is_found_again_with_dovecot_for_submission() {
    one_message_each(TO_DOVECOT);
}

/// One mailbox is fetched over IMAP, the other over POP3.
fn one_message_each(turn: &[&str]) {
    let Some(bench) = super::bench() else { return };
    let tokens = [MAILBOXES[0], MAILBOXES[1]].map(|user| Token::of(user).signed());
    let before = mail(&bench);
    let site = deployment(["imap", "pop3"].map(Some));
    let seen = run(&bench, turn, &tokens, &site, &["--send-mail"]);
    let after = mail(&bench);
    put_back(&before, &after);

    assert_eq!(seen.exit, Some(0), "{}", seen.outline());
    assert_eq!(seen.statuses("delivery.round-trip"), ["pass", "pass"], "{}", seen.outline());
    let new: Vec<_> = after.iter().filter(|(path, _)| !before.keys().any(|old| name(old) == name(path))).collect();
    assert_eq!(after.len(), before.len() + 2, "one message for each mailbox, and no other: {:?}", after.keys());
    for (mailbox, folder) in MAILBOXES.iter().zip([DELETED, "Maildir"]) {
        let of_mailbox = |(path, _): &(&PathBuf, &Vec<u8>)| name(path).0 == *mailbox;
        let [(path, text)] = new.iter().copied().filter(of_mailbox).collect::<Vec<_>>()[..] else { panic!("{new:?}") };
        assert_eq!(path.iter().rev().nth(2).expect("three folders deep"), folder, "{}", path.display());
        let text = String::from_utf8_lossy(text);
        assert!(text.contains("\nX-ECE-Check: ") && text.contains("\nAuto-Submitted: auto-generated"), "{text}");
    }
    for (path, text) in &before {
        let (now, same) = after.iter().find(|(now, _)| name(now) == name(path)).expect("it is still there");
        assert_eq!((same, flags(now)), (text, flags(path)), "{}", path.display());
    }
}

/// The mailbox, and the name that a message keeps there (Maildir): what stands behind the colon are its flags.
fn name(path: &Path) -> (String, String) {
    let mailbox = path.iter().find(|part| MAILBOXES.iter().any(|mailbox| part == mailbox)).expect("in a mailbox");
    let whole = path.file_name().expect("a file").to_string_lossy().into_owned();
    (mailbox.to_string_lossy().into_owned(), whole.split(':').next().unwrap_or_default().to_owned())
}

fn flags(path: &Path) -> String {
    let whole = path.file_name().expect("a file").to_string_lossy().into_owned();
    whole.split_once(":2,").map_or_else(String::new, |(_, flags)| flags.to_owned())
}

/// Takes away what has come, and lays what was selected back to where nobody has seen it.
fn put_back(before: &BTreeMap<PathBuf, Vec<u8>>, after: &BTreeMap<PathBuf, Vec<u8>>) {
    for path in after.keys() {
        match before.keys().find(|old| name(old) == name(path)) {
            Some(old) => fs::rename(path, old).expect("the folder is ours"),
            None => fs::remove_file(path).expect("the folder is ours"),
        }
    }
}

/// A token as Entra makes it out.
struct Token {
    user: &'static str,
    audience: &'static str,
    /// Seconds since it was made; it lasts for 75 minutes.
    made_ago: i64,
    key: &'static [u8],
}

impl Token {
    fn of(user: &'static str) -> Self {
        Self { user, audience: "https://outlook.office.com", made_ago: 60, key: SIGNING_KEY }
    }

    /// A JWT (RFC 7519), signed with HMAC-SHA256. <https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference>
    fn signed(&self) -> String {
        let made = jiff::Timestamp::now().as_second() - self.made_ago;
        let claims = json!({
            "aud": self.audience, "iss": "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/", "ver": "1.0",
            "iat": made, "nbf": made, "exp": made + 75 * 60, "sub": self.user, "upn": self.user, "unique_name": self.user,
            "scp": "IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send",
        });
        let coded = |part: Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", coded(json!({ "typ": "JWT", "alg": "HS256" })), coded(claims));
        let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.key), signed.as_bytes());
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

/// What came of a run.
struct Seen {
    exit: Option<i32>,
    report: Value,
}

/// Runs with one account for each mailbox. No such run may change the mail.
fn sign_in(bench: &Bench, turn: &[&str], tokens: &[String; 2]) -> Seen {
    sign_in_with(bench, turn, tokens, &[])
}

/// The same, with lettre and async-imap signing in once more.
fn sign_in_twice(bench: &Bench, turn: &[&str], tokens: &[String; 2]) -> Seen {
    sign_in_with(bench, turn, tokens, &["--second-opinion"])
}

fn sign_in_with(bench: &Bench, turn: &[&str], tokens: &[String; 2], flags: &[&str]) -> Seen {
    let before = mail(bench);
    let seen = run(bench, turn, tokens, &deployment([None, None]), flags);
    assert_eq!(mail(bench), before, "the mail is otherwise than before");
    seen
}

/// Runs with this file and these flags. No run may print a token.
fn run(bench: &Bench, turn: &[&str], tokens: &[String; 2], file: &str, flags: &[&str]) -> Seen {
    let turn: Vec<String> = turn.iter().map(|rule| (*rule).to_owned()).collect();
    bench.lay(&Change { turn: &turn, guard: &[], hosts: None, ipv6: true });
    let site = bench.file("site.toml");
    fs::write(&site, file).expect("the folder is ours");
    let output = bench
        .command(Place::Site, ECE_CHECK, 30)
        .args(["run", "--output", "json", "--timeout", "5s", "--deadline", "20s", "--config", &site])
        .args(["--ca-file", &bench.file("root.pem")])
        .args(flags)
        .envs([("TOKEN_0", &tokens[0]), ("TOKEN_1", &tokens[1])])
        .output()
        .expect("timeout is of coreutils");

    let printed = String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned();
    for token in tokens {
        let (_, end) = token.split_at(token.len() - 40);
        assert!(!printed.contains(end), "a token is printed");
    }
    let report = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no report: {error}\n{printed}"));
    Seen { exit: output.status.code(), report }
}

/// An account for each mailbox, fetched over this protocol or over both.
fn deployment(inbound: [Option<&str>; 2]) -> String {
    let account = |(at, mailbox): (usize, &&str)| {
        let inbound = inbound[at].map_or_else(String::new, |protocol| format!("inbound = \"{protocol}\"\n"));
        format!(
            "[[account]]\nname = \"account {at}\"\nsigns_in_as = \"{mailbox}\"\nmailboxes = [\"{mailbox}\"]\n\
             access_token = {{ env = \"TOKEN_{at}\" }}\n{inbound}\n"
        )
    };
    MAILBOXES.iter().enumerate().map(account).collect()
}

/// Every file of every mailbox.
fn mail(bench: &Bench) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for mailbox in MAILBOXES {
        gather(&Path::new(&bench.file("mail")).join(mailbox).join("Maildir"), &mut files);
    }
    assert!(files.len() >= 2 * MAILBOXES.len(), "the messages are missing: {:?}", files.keys());
    files
}

fn gather(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder of the bench").flatten() {
        let path = entry.path();
        if path.is_dir() {
            gather(&path, files);
        } else {
            let bytes = fs::read(&path).expect("a file of the bench");
            files.insert(path, bytes);
        }
    }
}

impl Seen {
    fn findings(&self) -> impl Iterator<Item = &Value> {
        self.report["findings"].as_array().into_iter().flatten()
    }

    /// How a check came out for each account or mailbox, in their order.
    fn statuses(&self, check: &str) -> Vec<&str> {
        self.findings().filter(|finding| finding["check"] == check).filter_map(|one| one["status"].as_str()).collect()
    }

    fn found(&self, check: &str, subject: &str) -> &str {
        let mut fitting = self.findings().filter(|one| one["check"] == check && one["subject"] == subject);
        fitting.next().and_then(|one| one["found"].as_str()).unwrap_or_default()
    }

    fn fix_first(&self) -> impl Iterator<Item = &Value> {
        self.report["summary"]["fix_first"].as_array().into_iter().flatten()
    }

    fn first(&self) -> &str {
        self.fix_first().next().and_then(|cause| cause["cause"].as_str()).unwrap_or_default()
    }

    /// A library was told the same as `ece-check`, for each mailbox over SMTP and IMAP.
    fn libraries_agree(&self) {
        for (protocol, library) in [("smtp", "lettre"), ("imap", "async-imap")] {
            let looks = self.report["looks"].as_array().into_iter().flatten();
            let of_mailbox = looks.filter(|look| {
                look["probe"] == protocol && MAILBOXES.iter().any(|mailbox| look["subject"] == *mailbox)
            });
            let told: Vec<&Value> =
                of_mailbox.map(|look| &look["paths"][0]["facts"][format!("{protocol}.second_opinion")]).collect();
            let agrees = format!("{library} agrees");
            assert_eq!(told, [agrees.as_str(), agrees.as_str()], "{protocol}:\n{}", self.outline());
        }
    }

    fn blames_no_network(&self) {
        assert_eq!(self.exit, Some(1), "{}", self.outline());
        let network: Vec<_> = self.fix_first().filter(|cause| cause["owner"] == "network").collect();
        assert!(network.is_empty(), "{network:?}\n{}", self.outline());
    }

    /// What a person wants to see when a test fails.
    fn outline(&self) -> String {
        let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
        let causes =
            self.fix_first().map(|cause| format!("  fix first: {} {}", text(cause, "cause"), cause["explains"]));
        let bad =
            self.findings().filter(|finding| finding["status"] != "pass" && finding["reason"] != "not-applicable");
        let line = |one: &Value| {
            let [status, check, subject, found] = ["status", "check", "subject", "found"].map(|key| text(one, key));
            format!("  {status} {check} [{subject}] {found} {}", one["causes"])
        };
        causes.chain(bad.map(line)).collect::<Vec<_>>().join("\n")
    }
}
