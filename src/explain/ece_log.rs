//! ECE's own log as evidence: for each account, the last success and the refusals of the last hours, in ECE's words.
//!
//! In: the bytes of a log in ECE's form (fields between `<@>`), the accounts, a catalogue. Out: what it settles for
//! receiving, sending and tokens. Refusals are told by the same engine that explains a text. Only the 24 hours before the
//! newest line count. Times are in UTC where the line names its zone. Where ECE keeps its logs and how it words a success
//! is in no public source: files are known by their form, and a success by a line of the module that says so.
//! The form: <http://docwiki.cisco.com/w/index.php?title=Initial_Email_Retrieval&oldid=43517>

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};

use super::{context, explain, log, prefilter::Needles, redact, timestamp};
use crate::{
    catalogue::Catalogue,
    diagnose::ErrorDetails,
    evidence::{Facts, Failure, FailureKind, Protocol, Source, Stage, Subject},
    import::{
        facts::ece,
        rules::{Account, Exported, FRESH, OLD, Outcome, Settled},
    },
};

/// What stands between the fields of a line.
const FIELD: &str = "<@>";

/// So far back from the newest line a log is read.
const WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// The longest event that is read, in bytes; what goes on is a stack of calls.
const LONGEST_EVENT: usize = 16 << 10;

/// The longest text of ECE that is repeated, in characters.
const LONGEST_WORDS: usize = 200;

/// Words by which a line says that something worked.
const WORKED: &[&str] =
    &["success", "retrieved", "fetched", "sent", "delivered", "refreshed", "logged in", "authenticated", "received"];

/// Words by which it says that it did not.
const FAILED: &[&str] = &["unsuccess", "not ", "fail", "unable", "could", "error", "refused", "denied", "disconnected"];

/// What a part of ECE does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Area {
    Receiving,
    Sending,
    Token,
}

impl Area {
    const ALL: [Self; 3] = [Self::Receiving, Self::Sending, Self::Token];

    fn check(self) -> &'static str {
        match self {
            Self::Receiving => "ece.log-receiving",
            Self::Sending => "ece.log-sending",
            Self::Token => "ece.log-token",
        }
    }

    /// By what was refused, else by the module that writes the line.
    fn of(event: &str, heard: Option<&ErrorDetails>) -> Option<Self> {
        let by_protocol = heard.and_then(|heard| match heard.protocol {
            _ if !heard.aadsts.is_empty() => Some(Self::Token),
            Some(Protocol::Token | Protocol::Authorize) => Some(Self::Token),
            Some(Protocol::Imap | Protocol::Pop3) => Some(Self::Receiving),
            Some(Protocol::Smtp) => Some(Self::Sending),
            _ => None,
        });
        let by_module = || {
            let event = event.to_lowercase();
            let has = |words: &[&str]| words.iter().any(|word| event.contains(word));
            match () {
                () if has(&["oauth", "access token", "refresh token"]) => Some(Self::Token),
                () if has(&["retriever", "rxinstance", "imap", "pop3"]) => Some(Self::Receiving),
                () if has(&["dispatcher", "txinstance", "smtp"]) => Some(Self::Sending),
                () => None,
            }
        };
        by_protocol.or_else(by_module)
    }
}

/// One event: when, for whom, and how it ended.
struct Event {
    at: Option<Timestamp>,
    area: Area,
    account: Option<String>,
    refused: Option<Refusal>,
}

#[derive(Clone)]
struct Refusal {
    heard: ErrorDetails,
    words: String,
}

/// A log file.
#[derive(Clone, Debug)]
pub struct LogFile {
    /// Its name without its folder.
    pub name: String,
    /// The SHA-256 of what was read of it.
    pub sha256: String,
    /// Its text.
    pub text: String,
}

/// True for a text in the form of ECE's log.
#[must_use]
pub fn is_log(text: &str) -> bool {
    let is_line = |line: &&str| line.matches(FIELD).count() >= 3 && timestamp::of(line).is_some();
    text.lines().take(200).filter(is_line).count() > 0
}

/// What logs settle for the accounts of a site.
#[must_use]
pub fn settle(logs: &[LogFile], accounts: &[Account], catalogue: &Catalogue, now: Timestamp) -> Vec<Exported> {
    if logs.is_empty() {
        return Vec::new(); // what is searched for takes longer to prepare than all the rest of a run
    }
    let needles = Needles::new(&log::needles(catalogue));
    let mut events: Vec<Event> = Vec::new();
    for log in logs {
        let of_log = split(&log.text).filter_map(|text| event(text, accounts, catalogue, &needles));
        events.extend(of_log);
    }
    let Some(newest) = events.iter().filter_map(|event| event.at).max() else { return Vec::new() };
    events.retain(|event| event.at.is_some_and(|at| newest.duration_since(at) <= WINDOW));
    events.sort_by_key(|event| event.at);
    let source = Source::File {
        sha256: logs.first().map(|log| log.sha256.clone()).unwrap_or_default(),
        name: logs.iter().map(|log| log.name.as_str()).collect::<Vec<_>>().join(", "),
        made_at: Some(newest.to_string()),
        of_file_system: false,
        rows: events.len(),
    };
    let mut settled = Vec::new();
    for area in Area::ALL {
        let mut by_account: BTreeMap<Option<&str>, Vec<&Event>> = BTreeMap::new();
        for event in events.iter().filter(|event| event.area == area) {
            by_account.entry(event.account.as_deref()).or_default().push(event);
        }
        settled.extend(by_account.into_iter().map(|(account, events)| {
            let account = account.map(ToOwned::to_owned).or_else(|| only(accounts));
            exported(area, account, &events, source.clone(), now)
        }));
    }
    settled
}

/// A line without an account is about the only one, where there is one.
fn only(accounts: &[Account]) -> Option<String> {
    if let [only] = accounts { Some(only.name.clone()) } else { None }
}

fn exported(area: Area, account: Option<String>, events: &[&Event], source: Source, now: Timestamp) -> Exported {
    let refusals: Vec<&&Event> = events.iter().filter(|event| event.refused.is_some()).collect();
    let success = events.iter().filter(|event| event.refused.is_none()).filter_map(|event| event.at).max();
    let last = refusals.last();
    let failed = last.is_some_and(|last| success.is_none_or(|success| last.at >= Some(success)));
    let age = events.iter().filter_map(|event| event.at).max().map_or(OLD, |newest| now.duration_since(newest));
    let mut facts = Facts::default();
    facts.set(ece::REFUSALS, i64::try_from(refusals.len()).unwrap_or(i64::MAX));
    if let Some(at) = success {
        facts.set(ece::LAST_SUCCESS, at.to_string());
    }
    if let Some((at, refused)) = last.and_then(|last| Some((last.at?, last.refused.as_ref()?))) {
        facts.set(ece::LAST_REFUSAL, at.to_string());
        facts.set(ece::WORDS, refused.words.clone());
        facts.set(ece::REFUSED_AT, refused_at(&refused.heard));
    }
    let outcome = match (failed, age) {
        (_, age) if age > OLD => Outcome::NeedsInput,
        (true, _) => Outcome::Fail,
        (false, age) if age > FRESH => Outcome::Warn,
        (false, _) => Outcome::Pass,
    };
    let note = match outcome {
        Outcome::NeedsInput => "the log is more than 30 days old; give the log of the last hours",
        Outcome::Fail => "no success since the last refusal",
        _ if refusals.is_empty() => "no refusal in the last 24 hours of the log",
        _ => "it worked after the last refusal",
    };
    let failure = last.filter(|_| failed).and_then(|last| last.refused.as_ref()).map(|refused| failure(area, refused));
    let subject = account.as_deref().map_or(Subject::Site, |name| Subject::Account(name.into()));
    let settled = Settled::restored(area.check(), subject, outcome, note.to_owned(), facts);
    Exported { settled, account, source, failure }
}

/// The events of a log: a line in ECE's form, and the lines behind it up to the next.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let mut begins: Vec<usize> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.contains(FIELD) {
            begins.push(at);
        }
        at += line.len();
    }
    let ends: Vec<usize> = begins.iter().skip(1).copied().chain([text.len()]).collect();
    begins.into_iter().zip(ends).map(move |(begin, end)| clip(&text[begin..end]))
}

fn clip(event: &str) -> &str {
    let mut end = event.len().min(LONGEST_EVENT);
    while !event.is_char_boundary(end) {
        end -= 1;
    }
    &event[..end]
}

fn event(text: &str, accounts: &[Account], catalogue: &Catalogue, needles: &Needles) -> Option<Event> {
    let level = text.split(FIELD).nth(1).map(str::trim).unwrap_or_default().to_uppercase();
    if ["DEBUG", "TRACE"].contains(&level.as_str()) {
        return None;
    }
    let refused = needles.find(text.as_bytes(), 0).and_then(|_| refusal(text, catalogue));
    let area = Area::of(text, refused.as_ref().map(|refused| &refused.heard))?;
    if refused.is_none() && !(level == "INFO" && worked(text)) {
        return None;
    }
    Some(Event { at: moment(text), area, account: account_in(text, accounts), refused })
}

fn refusal(text: &str, catalogue: &Catalogue) -> Option<Refusal> {
    let meaning = explain(text, None, catalogue);
    let heard = meaning.heard.filter(|_| !meaning.causes.is_empty())?;
    let first = context::message(text.lines().next()?);
    let words: String = redact::redact_words(text, first).chars().take(LONGEST_WORDS).collect();
    Some(Refusal { heard, words })
}

fn worked(text: &str) -> bool {
    let message = context::message(text.lines().next().unwrap_or_default()).to_lowercase();
    WORKED.iter().any(|word| message.contains(word)) && !FAILED.iter().any(|word| message.contains(word))
}

/// The account whose name or address is in a line.
fn account_in(text: &str, accounts: &[Account]) -> Option<String> {
    let text = text.to_lowercase();
    let whole = |word: &str| {
        let is_part = |c: char| c.is_alphanumeric() || "@._-+".contains(c);
        let goes_on = |behind: &str| behind.trim_start_matches('.').starts_with(is_part) && behind.starts_with(is_part);
        let bounded = |at: usize| !text[..at].ends_with(is_part) && !goes_on(&text[at + word.len()..]);
        !word.is_empty() && text.match_indices(word).any(|(at, _)| bounded(at))
    };
    let by_address = |account: &&Account| {
        account.mailboxes.iter().chain(&account.signs_in_as).any(|address| whole(&address.to_lowercase()))
    };
    let by_name = |account: &&Account| whole(&account.name.to_lowercase());
    accounts.iter().find(by_address).or_else(|| accounts.iter().find(by_name)).map(|account| account.name.clone())
}

/// When, in UTC. A line that names no zone is in UTC as far as is known.
fn moment(text: &str) -> Option<Timestamp> {
    let at: DateTime = timestamp::of(text)?.replace(' ', "T").parse().ok()?;
    let head = text.split(FIELD).next().unwrap_or_default();
    let utc = at.to_zoned(TimeZone::UTC).ok()?.timestamp();
    let minutes = ["GMT", "UTC"].iter().find_map(|zone| offset(head.split_once(zone)?.1)).unwrap_or(0);
    utc.checked_sub(SignedDuration::from_mins(minutes)).ok()
}

/// `-0400` or `+05:30` in minutes.
fn offset(text: &str) -> Option<i64> {
    let sign = match text.chars().next()? {
        '+' => 1,
        '-' => -1,
        _ => return None,
    };
    let digits: String = text.chars().skip(1).filter(|c| *c != ':').take_while(char::is_ascii_digit).take(4).collect();
    let (hours, minutes) = (digits.get(..2)?.parse::<i64>().ok()?, digits.get(2..4)?.parse::<i64>().ok()?);
    Some(sign * (hours * 60 + minutes))
}

/// How far ECE had come, in the words of the check's causes.
fn refused_at(heard: &ErrorDetails) -> &'static str {
    let words = heard.words.as_str();
    match (heard.protocol, heard.stage) {
        _ if words.contains("alias") && words.contains("disabled") => "alias",
        _ if words.contains("pkix") || words.contains("certification path") => "certificate",
        (Some(Protocol::Tls), _) | (_, Some(Stage::Handshake | Stage::Certificate)) => "certificate",
        (Some(Protocol::Dns | Protocol::Tcp | Protocol::Proxy), _) | (_, Some(Stage::Connect | Stage::Lookup)) => {
            "connection"
        }
        (Some(Protocol::Token | Protocol::Authorize), _) => "token",
        _ if !heard.aadsts.is_empty() => "token",
        _ => "sign-in",
    }
}

/// The refusal as a probe would have written it down.
fn failure(area: Area, refused: &Refusal) -> Failure {
    let heard = &refused.heard;
    let (protocol, stage) = match area {
        Area::Receiving => (Protocol::Imap, Stage::Authenticate),
        Area::Sending => (Protocol::Smtp, Stage::Authenticate),
        Area::Token => (Protocol::Token, Stage::Grant),
    };
    let mut failure = Failure::new(
        heard.protocol.unwrap_or(protocol),
        heard.stage.unwrap_or(stage),
        heard.kind.unwrap_or(FailureKind::Rejected),
        refused.words.clone(),
    );
    failure.code = heard.code;
    failure.enhanced.clone_from(&heard.enhanced);
    failure.aadsts.clone_from(&heard.aadsts);
    failure.error.clone_from(&heard.error);
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Vec<Account> {
        let account = |name: &str| Account {
            name: name.to_owned(),
            signs_in_as: Some(format!("{name}@example.com")),
            mailboxes: vec![format!("{name}@example.com")],
            ..Account::default()
        };
        vec![account("sales"), account("billing")]
    }

    fn line(minute: u32, level: &str, module: &str, message: &str) -> String {
        format!(
            "2026-11-29 03:{minute:02}:09.006 GMT-0400 <@> {level} <@> [67:RxInstance id : 999] <@> ProcessId:3984 <@> PID:1 \
             <@> UID:12 <@> HttpSessionId:  <@> com.egain.mail.module.{module} <@> run <@> {message}\n"
        )
    }

    fn settled(text: &str) -> Vec<Exported> {
        let log = LogFile { name: "a.log".to_owned(), sha256: String::new(), text: text.to_owned() };
        settle(&[log], &accounts(), &Catalogue::built_in(), "2026-11-29T08:00:00Z".parse().unwrap())
    }

    #[test]
    fn an_address_within_another_is_not_meant() {
        let named = |text: &str| account_in(text, &accounts());
        assert_eq!(named("mail for resales@example.com"), None);
        assert_eq!(named("mail for sales@example.com.au"), None);
        assert_eq!(named("mail for <sales@example.com>."), Some("sales".to_owned()));
        assert_eq!(named("mail was fetched for sales@example.com."), Some("sales".to_owned()));
    }

    #[test]
    fn refusals_of_each_account_are_counted_with_their_times_in_utc() {
        let text = [
            line(1, "INFO", "retriever.service.RxInstance", "mail retrieved for alias sales@example.com"),
            line(
                2,
                "ERROR",
                "dispatcher.TxInstance",
                "sales@example.com: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
            ),
            line(
                3,
                "ERROR",
                "dispatcher.TxInstance",
                "sales@example.com: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
            ),
            line(4, "ERROR", "retriever.service.RxInstance", "billing@example.com: A1 NO AUTHENTICATE failed."),
            line(5, "INFO", "retriever.service.RxInstance", "billing@example.com: 3 messages fetched"),
        ];
        assert!(is_log(&text[0]));
        let settled = settled(&text.concat());
        let of = |check: &str, account: &str| {
            let found =
                settled.iter().find(|one| one.settled.check == check && one.account.as_deref() == Some(account));
            found.unwrap_or_else(|| panic!("{check} {account} in {settled:#?}"))
        };
        let sending = of("ece.log-sending", "sales");
        assert_eq!(sending.settled.outcome, Outcome::Fail);
        assert_eq!(sending.settled.facts.get(ece::REFUSALS), Some(&2));
        assert_eq!(sending.settled.facts.get(ece::LAST_REFUSAL).map(String::as_str), Some("2026-11-29T07:03:09Z"));
        assert_eq!(sending.failure.as_ref().and_then(|one| one.enhanced.as_deref()), Some("5.7.139"));
        assert_eq!(of("ece.log-receiving", "sales").settled.outcome, Outcome::Pass);
        assert_eq!(of("ece.log-receiving", "billing").settled.outcome, Outcome::Pass, "it worked afterwards");
    }

    #[test]
    fn healthy_log_has_no_refusal() {
        let text: String = (0..50)
            .map(|minute| line(minute, "INFO", "retriever.service.RxInstance", "**** Rx Instance 999 Running ****"))
            .chain([line(59, "INFO", "dispatcher.TxInstance", "message 53003 sent to customer@example.org")])
            .collect();
        assert!(settled(&text).iter().all(|one| one.settled.outcome == Outcome::Pass), "{:#?}", settled(&text));
        assert!(settled("no log at all").is_empty());
    }

    #[test]
    fn zones_become_utc() {
        for (text, minutes) in [("-0400 x", Some(-240)), ("+05:30", Some(330)), ("Z", None), ("-4", None)] {
            assert_eq!(offset(text), minutes, "{text}");
        }
    }
}
