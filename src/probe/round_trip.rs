//! Sending one small message from a mailbox to itself and finding it again. Only with `--send-mail`.
//!
//! In: the mailbox, and the services over which it sends and fetches. Out: whether and when the message was there, and what
//! has become of it. Exactly one message is sent, and it bears a mark that nobody can guess. Nothing but the message with
//! that mark is touched: over IMAP it goes to the deleted items, over POP3 it stays.
//!
//! ECE's retriever reads the same inbox. Where it runs it may come first, so a message that is not found proves nothing
//! against the mailbox.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use lettre::{
    Message,
    message::{
        Mailbox,
        header::{ContentType, HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use super::{
    Change, Earlier, FactGroup, Probe, ProbeContext, Touch,
    delivery::{self, Search},
    service,
    sign_in::{self, MailboxAction, SignInProbe},
};
use crate::evidence::{
    Attempt, Failure, FailureKind, Observation, ProbeKey, Protocol, Route, Stage, Subject, Transcript,
};

/// The longest that a message is looked for.
pub const LONGEST_WAIT: Duration = Duration::from_mins(1);

/// The words of the message.
const TEXT: &str = "ece-check has sent this to see whether mail arrives. It may be deleted.";

/// What must be left of the run before a message is sent: who cannot look for it sends none.
const LEAST: Duration = Duration::from_secs(5);
/// What is left of the run when the search ends, to put the message away and to say goodbye.
const RESERVE: Duration = Duration::from_secs(2);

/// A round trip.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RoundTripProbe {
    /// Where the message is sent: SMTP.
    pub outward: SignInProbe,
    /// Where it is looked for: IMAP or POP3.
    pub inward: SignInProbe,
    /// How long it is looked for at the most.
    pub wait: Duration,
}

impl Probe for RoundTripProbe {
    const NAME: &str = "round-trip";
    const FACTS: &[FactGroup] = &[("delivery", delivery::FACTS)];

    fn subject(&self) -> Subject {
        Subject::Mailbox(self.outward.mailbox.as_str().into())
    }

    fn deepest(&self) -> &'static str {
        "delivery"
    }

    fn needs(&self) -> Vec<ProbeKey> {
        let sign_ins = [&self.outward, &self.inward];
        let own = sign_ins.iter().map(|sign_in| sign_in.key());
        own.chain(sign_ins.iter().flat_map(|sign_in| sign_in.needs())).collect()
    }

    fn touches(&self) -> Vec<Touch> {
        let back = if self.inward.protocol == Protocol::Imap { Change::MovesMessage } else { Change::None };
        vec![Touch::Service(self.outward.touch(Change::SendsMessage)), Touch::Service(self.inward.touch(back))]
    }

    async fn observe(&self, earlier: &Earlier, context: &ProbeContext) -> Observation {
        observe(self, earlier, context).await
    }
}

/// The protocol over which a message begins its way.
pub const ENTRY: (&str, Protocol) = ("delivery", Protocol::Smtp);

/// Sends, and looks for what was sent.
pub async fn observe(look: &RoundTripProbe, earlier: &Earlier, world: &ProbeContext) -> Observation {
    let began = Instant::now();
    let mark = Uuid::new_v4().simple().to_string();
    let mut trip = Trip { look, earlier, world, began, seen: begun(look) };
    trip.seen.facts.set(delivery::MARK, mark.clone());
    trip.seen.facts.set(delivery::SENT, false);
    let done = trip.go(&mark).await;
    trip.seen.facts.set(delivery::DONE, done);
    let is_well = trip.seen.failure.is_none() && trip.seen.facts.get(delivery::FOUND) != Some(&false);
    if is_well && !world.keep_transcripts {
        trip.seen.transcript = Transcript::new();
    }
    trip.seen.duration_ms = service::ms(began);
    trip.seen
}

fn begun(look: &RoundTripProbe) -> Observation {
    Observation::new("delivery", look.subject(), Route::Direct)
}

/// A round trip on its way.
struct Trip<'t> {
    look: &'t RoundTripProbe,
    earlier: &'t Earlier,
    world: &'t ProbeContext,
    began: Instant,
    seen: Observation,
}

impl Trip<'_> {
    /// Goes out and back, and says what was done.
    async fn go(&mut self, mark: &str) -> String {
        let mailbox = &self.look.outward.mailbox;
        if let Err(stop) = self.send(mark).await {
            let words = if may_have_gone(&stop) {
                format!("handed 1 message for {mailbox} over; whether it was accepted is not known")
            } else {
                format!("no message was sent from {mailbox}")
            };
            self.seen.failure = Some(stop);
            return words;
        }
        self.seen.facts.set(delivery::SENT, true);
        let back = self.find(mark).await;
        format!("sent 1 message to {mailbox}, {back}")
    }

    async fn send(&mut self, mark: &str) -> Result<(), Failure> {
        let limits = &self.world.network.limits;
        let outward = &self.look.outward;
        let visit = sign_in::prepare(outward, self.earlier, self.world).await?;
        if tokio::time::Instant::now() + LEAST > limits.deadline {
            return Err(Failure::new(Protocol::Smtp, Stage::Sender, FailureKind::Deadline, "too little time was left"));
        }
        self.seen.route.clone_from(&visit.places.route);
        let message = message(&outward.mailbox, mark, Timestamp::now())?;
        let path = sign_in::pay(outward, visit, MailboxAction::Send(&message), self.world).await;
        self.note(path).map_or(Ok(()), Err)
    }

    /// Looks until the message is there or the time is over, and says what came of it.
    async fn find(&mut self, mark: &str) -> String {
        let inward = &self.look.inward;
        let limits = self.world.network.limits.clone();
        let now = tokio::time::Instant::now();
        let left = limits.deadline.saturating_duration_since(now).saturating_sub(RESERVE);
        let wait = left.min(self.look.wait);
        let search = Search::new(mark, now + wait, limits.clone());
        self.seen.facts.set(delivery::FOUND, false);
        for round in 2.. {
            if let Err(stop) = self.look_once(inward, &search).await {
                let words = format!("not found: {}", ended(&stop));
                self.seen.failure = Some(stop);
                return words;
            }
            let pause = delivery::pause(round);
            let over = tokio::time::Instant::now() + pause > search.until;
            if inward.protocol == Protocol::Imap || self.is_found() || over || limits.pause(pause).await.is_err() {
                break;
            }
        }
        if self.is_found() { self.success() } else { not_found(wait, self.look.wait) }
    }

    /// One session. Over IMAP it lasts until the message is there or the time is over, over POP3 it looks once.
    async fn look_once(&mut self, inward: &SignInProbe, search: &Search) -> Result<(), Failure> {
        let visit = sign_in::prepare(inward, self.earlier, self.world).await?;
        let path = sign_in::pay(inward, visit, MailboxAction::Find(search), self.world).await;
        self.note(path).map_or(Ok(()), Err)
    }

    /// Keeps what one connection showed, and gives its stop.
    fn note(&mut self, path: Attempt) -> Option<Failure> {
        for (name, value) in path.facts.iter().filter(|(name, _)| name.starts_with("delivery.")) {
            self.seen.facts.put(name, value.clone());
        }
        let since = self.began.elapsed().as_secs_f64() * 1000.0 - path.transcript.last().map_or(0.0, |line| line.at_ms);
        self.seen.transcript.append(&path.transcript, since.max(0.0));
        self.seen.timings.extend(path.timings);
        path.failure
    }

    fn is_found(&self) -> bool {
        self.seen.facts.is(delivery::FOUND)
    }

    fn success(&self) -> String {
        let took = match self.seen.facts.get(delivery::TOOK_MS) {
            Some(ms) if *ms >= 1000 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
            Some(ms) => format!("{ms} ms"),
            None => String::new(),
        };
        let left = self.seen.facts.get(delivery::LEFT).cloned().unwrap_or_default();
        format!("found after {took}, {left}")
    }
}

fn not_found(wait: Duration, wanted: Duration) -> String {
    let why = if wait < wanted { " (the deadline of the run left no more)" } else { "" };
    format!("not found within {} s{why}", wait.as_secs())
}

fn ended(stop: &Failure) -> &'static str {
    match stop.kind {
        FailureKind::Deadline => "the deadline of the run came first",
        FailureKind::Interrupted => "the run was stopped",
        _ => "the search was broken off",
    }
}

/// True when the message, or a part of it, was on its way and no answer tells what became of it.
fn may_have_gone(stop: &Failure) -> bool {
    stop.stage == Stage::Send && stop.kind != FailureKind::Rejected
}

/// The message: small, and such that no program answers it. `Auto-Submitted` is of RFC 3834 5,
/// `X-Auto-Response-Suppress` of MS-OXCMAIL 2.1.3.2.20.
///
/// # Errors
/// When the mailbox is not an address that a message can carry.
fn message(mailbox: &str, mark: &str, now: Timestamp) -> Result<Vec<String>, Failure> {
    let own = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
    let wrong = |words: String| Failure::new(Protocol::Smtp, Stage::Sender, FailureKind::Internal, words);
    let address: Mailbox = mailbox.parse().map_err(|error| wrong(format!("not an address: {mailbox} ({error})")))?;
    let message = Message::builder()
        .from(address.clone())
        .to(address)
        .subject(format!("Test of ece-check, may be deleted {mark}"))
        .date(now.into())
        .message_id(Some(delivery::message_id(mark)))
        .raw_header(own(delivery::MARK_HEADER, mark))
        .raw_header(own("Auto-Submitted", "auto-generated"))
        .raw_header(own("X-Auto-Response-Suppress", "All"))
        .header(ContentType::TEXT_PLAIN)
        .body(TEXT.to_owned())
        .map_err(|error| wrong(error.to_string()))?;
    let whole = String::from_utf8(message.formatted()).map_err(|error| wrong(error.to_string()))?;
    Ok(whole.trim_end().split("\r\n").map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_is_small_and_plain_and_asks_for_no_answer() {
        let mark = Uuid::nil().simple().to_string();
        let lines = message("sales@mail.test", &mark, Timestamp::UNIX_EPOCH).unwrap();
        let whole = lines.join("\r\n");
        assert!(whole.is_ascii() && whole.len() < 1000, "{whole}");
        assert!(lines.iter().all(|line| line.len() <= 78), "{whole}");
        let ends = lines.iter().position(String::is_empty).unwrap();
        for (name, part) in [
            ("From", "sales@mail.test"),
            ("To", "sales@mail.test"),
            ("Date", "Thu, "),
            ("Message-ID", "<00000000000000000000000000000000@ece-check.invalid>"),
            ("Auto-Submitted", "auto-generated"),
            (delivery::MARK_HEADER, mark.as_str()),
            ("Subject", "may be deleted"),
        ] {
            let is_it = |line: &String| line.starts_with(&format!("{name}: ")) && line.contains(part);
            assert_eq!(lines[..ends].iter().filter(|line| is_it(line)).count(), 1, "{name} in {whole}");
        }
        assert_eq!(lines[ends + 1..], [TEXT]);
        assert!(message("no address", &mark, Timestamp::UNIX_EPOCH).is_err());
    }

    #[test]
    fn only_an_answer_tells_that_nothing_was_sent() {
        for (stage, kind, may) in [
            (Stage::Sender, FailureKind::TimedOut, false),
            (Stage::Send, FailureKind::Rejected, false),
            (Stage::Send, FailureKind::TimedOut, true),
            (Stage::Send, FailureKind::Closed, true),
            (Stage::Send, FailureKind::Deadline, true),
        ] {
            assert_eq!(may_have_gone(&Failure::new(Protocol::Smtp, stage, kind, "")), may, "{stage:?} {kind:?}");
        }
    }

    #[test]
    fn shorter_wait_says_why() {
        let whole = not_found(Duration::from_mins(1), LONGEST_WAIT);
        assert_eq!(whole, "not found within 60 s");
        assert!(not_found(Duration::from_secs(6), LONGEST_WAIT).ends_with("(the deadline of the run left no more)"));
    }
}
