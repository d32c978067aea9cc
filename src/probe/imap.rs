//! IMAP: its capabilities, the sign-in, and whether the mailbox opens (RFC 3501, RFC 9051, RFC 4959).
//!
//! In: a connection inside TLS. Out: the greeting, what is offered, what came of the sign-in, or the [`Failure`]. The
//! mailbox is opened by EXAMINE, which changes nothing, not even which messages are new (RFC 9051 6.3.3). Only to put our
//! own message away is it opened by SELECT, see `find`.

use tokio::time::Instant;

use super::{
    delivery::{self, Search},
    mail::{self, AuthStep, MailDialect, MailFacts, Offer, Unsolicited},
};
use crate::{
    evidence::{Failure, FailureKind, Protocol, Stage, facts},
    net::session::Session,
    wire::{
        Decoded, exchange,
        imap::{Answer, Capabilities, Condition, Reply, Word, decode, decode_answer, decode_folders},
        line,
    },
};

facts! {
    /// What an IMAP greeting, capability list and sign-in can measure.
    GREETING: String = "imap.greeting", "greeting";
    SERVER: String = "imap.server", "server named in the greeting";
    CAPABILITIES: Vec<String> = "imap.capabilities", "capabilities";
    MECHANISMS: Vec<String> = "imap.mechanisms", "authentication mechanisms";
    XOAUTH2_OFFERED: bool = "imap.xoauth2_offered", "XOAUTH2 offered";
    INITIAL_RESPONSE_OFFERED: bool = "imap.initial_response_offered", "SASL-IR offered";
    SIGNED_IN: bool = "imap.signed_in", "signed in";
    SIGNED_IN_AS: String = "imap.signed_in_as", "user name sent";
    OWN_MAILBOX: bool = "imap.own_mailbox", "user's own mailbox";
    AS_APPLICATION: bool = "imap.as_application", "signed in as an application";
    MAILBOX_OPEN: bool = "imap.mailbox_open", "mailbox opens";
    SECOND_OPINION: String = "imap.second_opinion", "second opinion";
    MESSAGE_COUNT: i64 = "imap.message_count", "messages";
}

/// So many messages with our mark in their subject are looked at: ours, and answers to it.
const MOST_LIKE_OURS: usize = 8;

/// What is special to it.
pub(super) const DIALECT: MailDialect = MailDialect {
    protocol: Protocol::Imap,
    facts: MailFacts {
        capabilities: CAPABILITIES,
        mechanisms: MECHANISMS,
        xoauth2_offered: XOAUTH2_OFFERED,
        signed_in: SIGNED_IN,
        signed_in_as: SIGNED_IN_AS,
        own_mailbox: OWN_MAILBOX,
        as_application: AS_APPLICATION,
        second_opinion: Some(SECOND_OPINION),
        results: &[
            SIGNED_IN.declared(),
            SIGNED_IN_AS.declared(),
            OWN_MAILBOX.declared(),
            AS_APPLICATION.declared(),
            SECOND_OPINION.declared(),
            MAILBOX_OPEN.declared(),
            MESSAGE_COUNT.declared(),
        ],
    },
    goodbye: "A4 LOGOUT",
    authenticate: "A2 AUTHENTICATE XOAUTH2",
    answer,
    unasked,
};

/// Opens the inbox for reading and counts its messages.
///
/// # Errors
/// The [`Failure`] at [`Stage::Open`]: also when the server took the token and now says that the mailbox is not connected.
pub async fn open(session: &mut Session) -> Result<(), Failure> {
    session.attempt.set(MAILBOX_OPEN, false);
    let answer = examine(session).await?;
    session.attempt.set(MAILBOX_OPEN, true);
    if let Some(count) = answer.message_count() {
        session.attempt.set(MESSAGE_COUNT, count);
    }
    if matches!(&answer.end, Reply::Tagged(_, Condition { code: Some(code), .. }) if code.eq_ignore_ascii_case("READ-WRITE"))
    {
        session.note("the server says READ-WRITE to EXAMINE; nothing is written");
    }
    Ok(())
}

/// Looks for our own message until it is there or the time is over, and moves it to the deleted items.
///
/// The inbox is searched by EXAMINE, and opened by SELECT only when the message is there. Of other messages nothing is read
/// and nothing is changed.
///
/// # Errors
/// The [`Failure`] at [`Stage::Find`]. What cannot be put away stays where it is, and that is no error.
pub(super) async fn find(session: &mut Session, search: &Search) -> Result<(), Failure> {
    let mut inbox = Inbox { session, commands: 0 };
    let opened = inbox.ask("EXAMINE INBOX").await?;
    let Some(uid) = inbox.wait_for(search).await? else { return Ok(()) };
    search.found(&mut inbox.session.attempt.facts);
    let left = inbox.put_away(uid, opened.uid_validity(), search).await;
    session.attempt.set(delivery::LEFT, left.unwrap_or_else(|stop| format!("left in the inbox ({})", stop.words)));
    Ok(())
}

/// The inbox of somebody who has signed in.
struct Inbox<'s> {
    session: &'s mut Session,
    commands: u32,
}

impl Inbox<'_> {
    async fn wait_for(&mut self, search: &Search) -> Result<Option<u32>, Failure> {
        for round in 0.. {
            if let Some(uid) = self.look_for(search).await? {
                return Ok(Some(uid));
            }
            let pause = delivery::pause(round);
            if Instant::now() + pause > search.until {
                break;
            }
            search.limits.pause(pause).await.map_err(|halt| DIALECT.halted(Stage::Find, halt))?;
            self.ask("NOOP").await?; // lets the server tell of what is new (RFC 9051 6.1.2)
        }
        Ok(None)
    }

    /// Servers differ in the headers that they search (MailCore/mailcore2#823): the mark stands in two. Only the header of
    /// our own decides, as an answer to the message repeats its subject.
    async fn look_for(&mut self, search: &Search) -> Result<Option<u32>, Failure> {
        for key in [format!("HEADER {} {}", delivery::MARK_HEADER, search.mark), format!("SUBJECT {}", search.mark)] {
            let found = self.ask(&format!("UID SEARCH {key}")).await?;
            for uid in found.numbers().into_iter().rev().take(MOST_LIKE_OURS) {
                if self.is_ours(uid, search).await? {
                    return Ok(Some(uid));
                }
            }
        }
        Ok(None)
    }

    async fn is_ours(&mut self, uid: u32, search: &Search) -> Result<bool, Failure> {
        let fields =
            format!("UID FETCH {uid} (BODY.PEEK[HEADER.FIELDS ({} MESSAGE-ID)])", delivery::MARK_HEADER.to_uppercase());
        // a server that finds too much would have other people's heads written down
        let (tag, command) = self.tagged(&fields);
        let head = DIALECT.ask_quietly(self.session, Stage::Find, &command, |bytes| decode_answer(&tag, bytes)).await?;
        if !is_ok(&head.end) {
            return Err(refusal(Stage::Find, &head.end));
        }
        Ok(search.marks().iter().any(|(name, value)| head.has_header(name, value)))
    }

    /// Moves the message, and says where it is then.
    async fn put_away(&mut self, uid: u32, validity: Option<u32>, search: &Search) -> Result<String, Failure> {
        let offered = self.ask("CAPABILITY").await?.capabilities();
        let Some(offered) = offered.filter(|offered| offered.offers("MOVE")) else {
            return Ok("left in the inbox: the server does not offer MOVE".to_owned());
        };
        let folder = self.trash(offered.offers("SPECIAL-USE")).await?;
        let opened = self.ask("SELECT INBOX").await?;
        if opened.uid_validity() != validity || !self.is_ours(uid, search).await? {
            return Ok("left in the inbox: it is no longer the one that was found".to_owned());
        }
        let folder = folder.unwrap_or_else(|| "\"Deleted Items\"".to_owned());
        self.ask(&format!("UID MOVE {uid} {folder}")).await?;
        Ok(format!("moved to {}", line::shorten(folder.trim_matches('"'), line::MOST_WORDS)))
    }

    /// The folder for what was thrown away, whatever its name is in the language of the mailbox: Exchange tells the use of
    /// a folder in every LIST, other servers when they are asked for it (RFC 6154). The names of the other folders are
    /// nobody's business.
    async fn trash(&mut self, by_use: bool) -> Result<Option<String>, Failure> {
        let (tag, command) = self.tagged(if by_use { "LIST (SPECIAL-USE) \"\" \"*\"" } else { "LIST \"\" \"%\"" });
        let folders = |bytes: &[u8]| decode_folders(&tag, bytes);
        let folders = DIALECT.ask_quietly(self.session, Stage::Find, &command, folders).await?;
        Ok(folders.trash().map(str::to_owned))
    }

    async fn ask(&mut self, command: &str) -> Result<Answer, Failure> {
        let (tag, command) = self.tagged(command);
        let answer = DIALECT.ask(self.session, Stage::Find, &command, |bytes| decode_answer(&tag, bytes)).await?;
        if is_ok(&answer.end) { Ok(answer) } else { Err(refusal(Stage::Find, &answer.end)) }
    }

    fn tagged(&mut self, command: &str) -> (String, String) {
        self.commands += 1;
        let tag = format!("B{}", self.commands);
        let command = format!("{tag} {command}");
        (tag, command)
    }
}

/// Reads the greeting and learns what is offered, from the greeting when it says so, else by asking. Where SASL-IR is
/// offered, the token goes in the command (RFC 4959), else on a line of its own.
///
/// # Errors
/// The [`Failure`] at the stage that could not go on.
pub(super) async fn offered(session: &mut Session) -> Result<Offer, Failure> {
    let greeting = greeting(session).await?;
    let offered = match Capabilities::of(&greeting) {
        Some(offered) => offered,
        None => ask(session).await?,
    };
    let offer = Offer { mechanisms: offered.mechanisms(), at_once: offered.offers("SASL-IR"), pipelining: false };
    DIALECT.note_offer(session, &offered.words, &offer.mechanisms);
    session.attempt.set(INITIAL_RESPONSE_OFFERED, offer.at_once);
    Ok(offer)
}

async fn examine(session: &mut Session) -> Result<Answer, Failure> {
    let answer = DIALECT.ask(session, Stage::Open, "A3 EXAMINE INBOX", |bytes| decode_answer("A3", bytes)).await?;
    if is_ok(&answer.end) { Ok(answer) } else { Err(refusal(Stage::Open, &answer.end)) }
}

async fn greeting(session: &mut Session) -> Result<Reply, Failure> {
    let greeting = DIALECT.read(session, Stage::Greeting, decode).await?;
    session.attempt.set(GREETING, greeting.words());
    let Reply::Untagged(Condition { word, text, .. }) = &greeting else {
        return Err(DIALECT.failure(Stage::Greeting, FailureKind::MalformedReply, &greeting.words()));
    };
    if let Some(name) = exchange::server_name(text) {
        session.attempt.set(SERVER, name);
    }
    match word {
        Word::Ok => Ok(greeting),
        Word::No | Word::Bad | Word::Bye => {
            Err(DIALECT.failure(Stage::Greeting, FailureKind::Rejected, &greeting.words()))
        }
        // nobody has signed in: this is not the server that was meant, or someone stands between
        Word::Preauth => Err(DIALECT.failure(
            Stage::Greeting,
            FailureKind::MalformedReply,
            &format!("already signed in: {}", greeting.words()),
        )),
    }
}

async fn ask(session: &mut Session) -> Result<Capabilities, Failure> {
    let stage = Stage::Capabilities;
    let answer = DIALECT.ask(session, stage, "A1 CAPABILITY", |bytes| decode_answer("A1", bytes)).await?;
    if is_ok(&answer.end) { listed_in(&answer) } else { Err(refusal(stage, &answer.end)) }
}

fn answer(bytes: &[u8]) -> Decoded<mail::Answer> {
    let (Answer { end, .. }, taken) = decode_answer("A2", bytes)?;
    let stop = refusal(Stage::Authenticate, &end);
    let (sense, text) = match end {
        Reply::Continue(coded) => (AuthStep::Continue, coded),
        end if is_ok(&end) => (AuthStep::Taken, String::new()),
        _ => (AuthStep::Failure, String::new()),
    };
    Ok((mail::Answer { sense, text, failure: stop }, taken))
}

/// Untagged replies may come at any time (RFC 9051 7), a tagged one may not.
fn unasked(_: Stage, bytes: &[u8]) -> Unsolicited {
    let tagged = |line: &[u8]| matches!(line, [b'A', b'1'..=b'4', b' ', ..] | [b'B', b'0'..=b'9', ..]);
    if bytes.split(|byte| *byte == b'\n').any(tagged) { Unsolicited::Answer } else { Unsolicited::Allowed }
}

fn is_ok(end: &Reply) -> bool {
    matches!(end, Reply::Tagged(_, Condition { word: Word::Ok, .. }))
}

/// An answer that does not go on as it should: NO, BAD and BYE refuse, all else does not belong there.
fn refusal(stage: Stage, end: &Reply) -> Failure {
    match end {
        Reply::Tagged(_, Condition { word: Word::Ok, .. }) | Reply::Continue(_) | Reply::Data(_) => {
            DIALECT.failure(stage, FailureKind::MalformedReply, &end.words())
        }
        Reply::Tagged(_, condition) | Reply::Untagged(condition) => {
            Failure { error: condition.code.clone(), ..DIALECT.failure(stage, FailureKind::Rejected, &end.words()) }
        }
    }
}

fn listed_in(answer: &Answer) -> Result<Capabilities, Failure> {
    answer.capabilities().ok_or_else(|| {
        let words = format!("no capability list before: {}", answer.end.words());
        DIALECT.failure(Stage::Capabilities, FailureKind::MalformedReply, &words)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence::Facts,
        net::session::scripted::{Turn, said, say, session},
        probe::{
            mail::tests::{Went, list, went},
            sign_in::tests::{TOKEN, presented},
        },
    };

    const BANNER: &str =
        "* OK The Microsoft Exchange IMAP4 service is ready. [bQAuAGUAeABhAG0AcABsAGUALgBjAG8AbQA=]\r\n";
    const OFFER: &str =
        "* CAPABILITY IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR\r\nA1 OK CAPABILITY completed.\r\n";

    async fn look(turns: Vec<Turn>) -> Went {
        went(turns, async |session| {
            offered(session).await?;
            DIALECT.leave(session).await;
            Ok(())
        })
        .await
    }

    async fn stopped(turns: Vec<Turn>) -> (Stage, FailureKind, String) {
        let stop = look(turns).await.done.unwrap_err();
        assert_eq!((stop.protocol, stop.code, &stop.enhanced), (Protocol::Imap, None, &None));
        (stop.stage, stop.kind, stop.words)
    }

    async fn greeted(banner: &str) -> (Stage, FailureKind, String) {
        stopped(vec![say(banner), Turn::Hold]).await
    }

    fn answered(answer: &str) -> Vec<Turn> {
        vec![say(BANNER), Turn::Hear("A1 CAPABILITY"), say(answer), Turn::Hold]
    }

    #[tokio::test(start_paused = true)]
    async fn healthy_server_tells_what_it_offers() {
        let Went { done, facts, stages, said } = look(answered(OFFER)).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.value("imap.greeting"), Some(&BANNER.trim_end().into()));
        assert_eq!(facts.value("imap.server"), Some(&"m.example.com".into()));
        let words = list(&["IMAP4", "IMAP4rev1", "AUTH=PLAIN", "AUTH=XOAUTH2", "SASL-IR"]);
        assert_eq!(facts.value("imap.capabilities"), Some(&words));
        assert_eq!(facts.value("imap.mechanisms"), Some(&list(&["PLAIN", "XOAUTH2"])));
        assert_eq!(facts.value("imap.xoauth2_offered"), Some(&true.into()));
        assert_eq!(facts.value("imap.initial_response_offered"), Some(&true.into()));
        assert_eq!(stages, [Stage::Greeting, Stage::Capabilities]);
        assert_eq!(said.last().unwrap(), "~> A4 LOGOUT");
    }

    #[tokio::test(start_paused = true)]
    async fn list_in_the_greeting_is_enough() {
        let banner = "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=PLAIN] ready\r\n";
        let Went { done, facts, stages, .. } = look(vec![say(banner), Turn::Hear("A4 LOGOUT")]).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.value("imap.capabilities"), Some(&list(&["IMAP4rev1", "LOGINDISABLED", "AUTH=PLAIN"])));
        assert_eq!(facts.value("imap.xoauth2_offered"), Some(&false.into()));
        assert_eq!(facts.value("imap.initial_response_offered"), Some(&false.into()));
        assert_eq!(facts.value("imap.server"), None);
        assert_eq!(stages, [Stage::Greeting]);
    }

    #[tokio::test(start_paused = true)]
    async fn list_in_the_tagged_answer_is_taken() {
        let Went { done, facts, .. } = look(answered("A1 OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] done\r\n")).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.value("imap.mechanisms"), Some(&list(&["XOAUTH2"])));
    }

    #[tokio::test(start_paused = true)]
    async fn greeting_that_stops() {
        for (banner, kind, words) in [
            ("", FailureKind::TimedOut, "no answer within 10 s"),
            ("* BYE Connection closed. 14\r\n", FailureKind::Rejected, "* BYE Connection closed. 14"),
            ("* NO Server Unavailable. 15\r\n", FailureKind::Rejected, "* NO Server Unavailable. 15"),
            ("* BAD what\r\n", FailureKind::Rejected, "* BAD what"),
            ("* PREAUTH hello\r\n", FailureKind::MalformedReply, "already signed in: * PREAUTH hello"),
            ("A1 OK tagged\r\n", FailureKind::MalformedReply, "A1 OK tagged"),
            ("+ go on\r\n", FailureKind::MalformedReply, "+ go on"),
            ("* CAPABILITY IMAP4rev1\r\n", FailureKind::MalformedReply, "* CAPABILITY IMAP4rev1"),
            ("220 mail ESMTP\r\n", FailureKind::MalformedReply, "220 mail ESMTP"),
            ("+OK POP3 ready\r\n", FailureKind::MalformedReply, "+OK POP3 ready"),
            ("\0\x1b[2J\r\n", FailureKind::MalformedReply, "\0\x1b[2J"),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", FailureKind::UnexpectedHttp, "HTTP/1.1 400 Bad Request"),
            ("* OK no line end", FailureKind::TimedOut, "no answer within 10 s; before that: * OK no line end"),
        ] {
            assert_eq!(greeted(banner).await, (Stage::Greeting, kind, words.to_owned()), "{banner:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn capability_answer_that_stops() {
        for (answer, kind, words) in [
            ("A1 NO not now\r\n", FailureKind::Rejected, "A1 NO not now"),
            ("A1 BAD Command Error. 12\r\n", FailureKind::Rejected, "A1 BAD Command Error. 12"),
            ("* OK still here\r\n* BYE gone\r\n", FailureKind::Rejected, "* BYE gone"),
            ("A1 OK done\r\n", FailureKind::MalformedReply, "no capability list before: A1 OK done"),
            ("A9 OK done\r\n", FailureKind::MalformedReply, "an answer to another command than A1: A9 OK done"),
            ("+ more?\r\n", FailureKind::MalformedReply, "+ more?"),
            (
                "* CAPABILITY {99999}\r\n",
                FailureKind::ReplyTooLarge,
                "more than 16384 bytes in a reply: * CAPABILITY {99999}",
            ),
        ] {
            assert_eq!(stopped(answered(answer)).await, (Stage::Capabilities, kind, words.to_owned()), "{answer:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn endless_answers_are_too_much() {
        let turns = vec![say(BANNER), Turn::Hear("A1 CAPABILITY"), Turn::Endless("* CAPABILITY X\r\n")];
        let (stage, kind, _) = stopped(turns).await;
        assert_eq!((stage, kind), (Stage::Capabilities, FailureKind::ReplyTooLarge));
        assert_eq!(stopped(vec![Turn::Endless("* OK a")]).await.1, FailureKind::ReplyTooLarge);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_drip_does_not_keep_the_answer_alive() {
        let turns = vec![say(BANNER), Turn::Hear("A1 CAPABILITY"), Turn::Drip("* OK x\r\n".repeat(50).into_bytes())];
        let (stage, kind, _) = stopped(turns).await;
        assert_eq!((stage, kind), (Stage::Capabilities, FailureKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn answer_before_the_question_is_gibberish() {
        let (stage, kind, _) = greeted(&[BANNER, OFFER].concat()).await;
        assert_eq!((stage, kind), (Stage::Capabilities, FailureKind::MalformedReply));
    }

    #[tokio::test(start_paused = true)]
    async fn untagged_replies_may_come_unasked() {
        let turns = |early: &str| [vec![say([BANNER, early].concat())], answered(OFFER).split_off(1)].concat();
        assert_eq!(look(turns("* OK [ALERT] maintenance tonight\r\n")).await.done, Ok(()));
        let found = stopped(turns("* BYE shutting down\r\n")).await;
        assert_eq!(found, (Stage::Capabilities, FailureKind::Rejected, "* BYE shutting down".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn closed_at_any_point_is_closed_at_its_stage() {
        for cut in 0..BANNER.len() {
            let (stage, kind, _) = stopped(vec![say(&BANNER[..cut])]).await;
            assert_eq!((stage, kind), (Stage::Greeting, FailureKind::Closed), "{cut}");
        }
        for cut in 0..OFFER.len() {
            let (stage, kind, _) = stopped(vec![say(BANNER), Turn::Hear("A1 "), say(&OFFER[..cut])]).await;
            assert_eq!((stage, kind), (Stage::Capabilities, FailureKind::Closed), "{cut}");
        }
    }

    const AT_ONCE: &str = "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2 SASL-IR] ready\r\n";
    const IN_TWO: &str = "* OK [CAPABILITY IMAP4rev1 AUTH=XOAUTH2] ready\r\n";
    const SIGNED_IN: &str = "A2 OK AUTHENTICATE completed.\r\n";

    /// Signs in and opens, as a look into a mailbox does.
    async fn enter(turns: Vec<Turn>) -> Went {
        went(turns, async |session| {
            let offer = offered(session).await?;
            DIALECT.sign_in(session, &offer, &presented()).await?;
            open(session).await
        })
        .await
    }

    /// What the server answers to the token; then it stays.
    fn told(answer: &str) -> Vec<Turn> {
        vec![say(AT_ONCE), Turn::Hear("A2 AUTHENTICATE XOAUTH2 dXNlcj1"), say(answer), Turn::Hold]
    }

    fn opened(answer: &str) -> Vec<Turn> {
        let mut turns = told(SIGNED_IN);
        turns.splice(3.., [Turn::Hear("A3 EXAMINE INBOX\r\n"), say(answer), Turn::Hold]);
        turns
    }

    #[tokio::test(start_paused = true)]
    async fn token_taken_and_mailbox_opens() {
        let answer = "* 172 EXISTS\r\n* 1 RECENT\r\n* FLAGS (\\Seen)\r\nA3 OK [READ-ONLY] EXAMINE completed.\r\n";
        let Went { done, facts, said, .. } = enter(opened(answer)).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.value("imap.signed_in"), Some(&true.into()));
        assert_eq!(facts.value("imap.mailbox_open"), Some(&true.into()));
        assert_eq!(facts.value("imap.message_count"), Some(&172.into()));
        assert!(said.contains(&format!("~> A2 AUTHENTICATE XOAUTH2 {}", presented().shown())), "{said:?}");
        assert!(!said.iter().any(|line| line.contains("READ-WRITE")), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn token_goes_on_its_own_line_without_sasl_ir() {
        let turns = vec![
            say(IN_TWO),
            Turn::Hear("A2 AUTHENTICATE XOAUTH2\r\n"),
            say("+ \r\n"),
            Turn::Hear("dXNlcj1"),
            say(SIGNED_IN),
            Turn::Hear("A3 EXAMINE INBOX\r\n"),
            say("A3 OK [READ-WRITE] done\r\n"),
        ];
        let Went { done, facts, said, .. } = enter(turns).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.value("imap.message_count"), None, "it was not said");
        assert!(said.contains(&format!("~> {}", presented().shown())), "{said:?}");
        assert!(said.iter().any(|line| line.starts_with("== ") && line.contains("READ-WRITE")), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_kept_to_the_letter() {
        for (answer, kind, error) in [
            ("A2 NO AUTHENTICATE failed.", FailureKind::Rejected, None),
            (
                "A2 NO [AUTHENTICATIONFAILED] Authentication failed.",
                FailureKind::Rejected,
                Some("AUTHENTICATIONFAILED"),
            ),
            ("A2 NO [UNAVAILABLE] Temporary authentication failure.", FailureKind::Rejected, Some("UNAVAILABLE")),
            ("A2 NO Server Unavailable. 15", FailureKind::Rejected, None),
            ("A2 BAD Request is throttled. Suggested Backoff Time: 30000 milliseconds", FailureKind::Rejected, None),
            ("A2 BAD Command Error. 10", FailureKind::Rejected, None),
            ("* BYE Connection is closed. 13", FailureKind::Rejected, None),
        ] {
            let Went { done, facts, .. } = enter(told(&format!("{answer}\r\n"))).await;
            let stop = done.unwrap_err();
            assert_eq!((stop.protocol, stop.stage, stop.kind), (Protocol::Imap, Stage::Authenticate, kind));
            assert_eq!((stop.words.as_str(), stop.error.as_deref()), (answer, error));
            assert_eq!(facts.value("imap.signed_in"), Some(&false.into()));
            assert_eq!(facts.value("imap.mailbox_open"), None, "never asked");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn challenge_is_answered_and_the_refusal_behind_it_is_kept() {
        let challenge = "+ eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=\r\n";
        for sasl_ir in [true, false] {
            let mut turns = told(challenge);
            if !sasl_ir {
                turns.splice(
                    ..2,
                    [say(IN_TWO), Turn::Hear("A2 AUTHENTICATE XOAUTH2\r\n"), say("+\r\n"), Turn::Hear("dXNlcj1")],
                );
            }
            turns.pop();
            turns.extend([Turn::Hear("\r\n"), say("A2 NO AUTHENTICATE failed.\r\n"), Turn::Hold]);
            let stop = enter(turns).await.done.unwrap_err();
            assert_eq!((stop.stage, stop.kind), (Stage::Authenticate, FailureKind::Rejected));
            assert_eq!(stop.words, "A2 NO AUTHENTICATE failed. (challenge: status 400, schemes Bearer)");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn challenge_that_holds_the_token_does_not_show_it() {
        use base64::{Engine, prelude::BASE64_STANDARD};
        let hostile = BASE64_STANDARD.encode(format!(r#"{{"status":"400","scope":"{TOKEN}"}}"#));
        let mut turns = told(&format!("+ {hostile}\r\n"));
        turns.splice(3.., [Turn::Hear("\r\n"), say("A2 NO no\r\n"), Turn::Hold]);
        let Went { done, said, .. } = enter(turns).await;
        assert_eq!(done.unwrap_err().words, "A2 NO no");
        assert!(said.iter().any(|line| line.starts_with("<~ + eyJzdGF0dXMi") && line.contains("****")), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn authenticated_but_not_connected_is_a_stop_of_the_mailbox() {
        for (answer, kind, words) in [
            (
                "A3 BAD User is authenticated but not connected.\r\n",
                FailureKind::Rejected,
                "A3 BAD User is authenticated but not connected.",
            ),
            ("* BYE Connection closed. 14\r\n", FailureKind::Rejected, "* BYE Connection closed. 14"),
            ("A3 NO [NONEXISTENT] no INBOX\r\n", FailureKind::Rejected, "A3 NO [NONEXISTENT] no INBOX"),
            ("+ more\r\n", FailureKind::MalformedReply, "+ more"),
        ] {
            let Went { done, facts, .. } = enter(opened(answer)).await;
            let stop = done.unwrap_err();
            assert_eq!((stop.stage, stop.kind, stop.words.as_str()), (Stage::Open, kind, words));
            assert_eq!(facts.value("imap.signed_in"), Some(&true.into()));
            assert_eq!(facts.value("imap.mailbox_open"), Some(&false.into()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn farewell_right_behind_the_good_answer() {
        let stop = enter(told(&[SIGNED_IN, "* BYE Connection closed. 14\r\n"].concat())).await.done.unwrap_err();
        assert_eq!((stop.stage, stop.words.as_str()), (Stage::Open, "* BYE Connection closed. 14"));
        let mut turns = told(SIGNED_IN);
        turns.pop();
        let stop = enter(turns).await.done.unwrap_err();
        assert_eq!((stop.stage, stop.kind), (Stage::Open, FailureKind::Closed));
    }

    #[tokio::test(start_paused = true)]
    async fn token_is_not_sent_where_it_does_not_belong() {
        for (greeting, answer, kind) in [
            ("* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] hi\r\n", "", FailureKind::NotOffered),
            (&*format!("{IN_TWO}A2 OK early\r\n"), "", FailureKind::MalformedReply),
            (IN_TWO, "A2 NO not today\r\n", FailureKind::Rejected),
            (IN_TWO, "A2 OK come in\r\n", FailureKind::MalformedReply),
        ] {
            let turns = if answer.is_empty() {
                vec![say(greeting), Turn::Hold]
            } else {
                vec![say(greeting), Turn::Hear("A2 AUTHENTICATE XOAUTH2\r\n"), say(answer), Turn::Hold]
            };
            let Went { done, said, .. } = enter(turns).await;
            let stop = done.unwrap_err();
            assert_eq!((stop.stage, stop.kind), (Stage::Authenticate, kind), "{greeting} {answer}");
            assert!(!said.iter().any(|line| line.contains("<token")), "{said:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn server_that_repeats_the_token() {
        let line = presented().line().expose().to_owned();
        for repeated in [line.as_str(), TOKEN] {
            let stop = enter(told(&format!("A2 BAD Unknown {repeated}\r\n"))).await.done.unwrap_err();
            assert!(stop.words.starts_with("A2 BAD Unknown ***"), "{}", stop.words);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn gone_at_any_point_of_the_sign_in() {
        for cut in 0..SIGNED_IN.len() {
            let mut turns = told(&SIGNED_IN[..cut]);
            turns.pop();
            let stop = enter(turns).await.done.unwrap_err();
            assert_eq!((stop.stage, stop.kind), (Stage::Authenticate, FailureKind::Closed), "{cut}");
        }
        let stop = enter(told("")).await.done.unwrap_err();
        assert_eq!((stop.stage, stop.kind), (Stage::Authenticate, FailureKind::TimedOut));
    }

    const OPENED: &str = "* 9 EXISTS\r\n* OK [UIDVALIDITY 14] x\r\nB1 OK [READ-ONLY] EXAMINE completed.\r\n";
    const SEARCH: &str = "B2 UID SEARCH HEADER X-ECE-Check abc\r\n";
    const FETCH: &str = "B3 UID FETCH 7 (BODY.PEEK[HEADER.FIELDS (X-ECE-CHECK MESSAGE-ID)])\r\n";
    const OURS: &str = "* 9 FETCH (UID 7 BODY[HEADER.FIELDS (X-ECE-CHECK)] {20}\r\nX-ECE-Check: abc\r\n\r\n)\r\n";

    async fn looked(turns: Vec<Turn>, wait: u64) -> (Result<(), Failure>, Facts, Vec<String>) {
        let mut session = session(turns).inside_tls();
        let search = delivery::tests::search(std::time::Duration::from_secs(wait));
        let done = find(&mut session, &search).await;
        (done, session.attempt.facts.clone(), said(session))
    }

    /// Up to the message that was found.
    fn there() -> Vec<Turn> {
        let fetched = [OURS, "B3 OK done\r\n"].concat();
        let found = "* SEARCH 7\r\nB2 OK done\r\n";
        vec![
            Turn::Hear("B1 EXAMINE INBOX\r\n"),
            say(OPENED),
            Turn::Hear(SEARCH),
            say(found),
            Turn::Hear(FETCH),
            say(fetched),
        ]
    }

    /// Goes on behind [`there`], and says what became of the message.
    async fn put_away(turns: Vec<Turn>) -> (String, Vec<String>) {
        let (done, facts, said) = looked([there(), turns].concat(), 9).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.value("delivery.found"), Some(&true.into()));
        (facts.value("delivery.left").unwrap().to_string(), said)
    }

    fn can_move() -> Vec<Turn> {
        vec![Turn::Hear("B4 CAPABILITY\r\n"), say("* CAPABILITY IMAP4rev1 MOVE\r\nB4 OK done\r\n")]
    }

    fn listed_folders() -> Vec<Turn> {
        let folders =
            "* LIST (\\X) \"/\" \"Private affairs\"\r\n* LIST (\\Trash) \"/\" \"Gel&APY-scht\"\r\nB5 OK done\r\n";
        vec![Turn::Hear("B5 LIST \"\" \"%\"\r\n"), say(folders)]
    }

    fn selected(validity: u32) -> Vec<Turn> {
        let opened = format!("* OK [UIDVALIDITY {validity}] x\r\nB6 OK [READ-WRITE] done\r\n");
        vec![Turn::Hear("B6 SELECT INBOX\r\n"), say(opened)]
    }

    #[tokio::test(start_paused = true)]
    async fn our_own_message_is_moved_and_nothing_else_is_told() {
        let again = [OURS, "B7 OK done\r\n"].concat();
        let moved = vec![
            Turn::Hear("B7 UID FETCH 7 "),
            say(again),
            Turn::Hear("B8 UID MOVE 7 \"Gel&APY-scht\"\r\n"),
            say("B8 OK\r\n"),
        ];
        let (left, said) = put_away([can_move(), listed_folders(), selected(14), moved].concat()).await;
        assert_eq!(left, "moved to Gel&APY-scht");
        assert!(!said.concat().contains("Private"), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn message_stays_where_it_cannot_be_moved() {
        let no_move = vec![Turn::Hear("B4 CAPABILITY"), say("* CAPABILITY IMAP4rev1\r\nB4 OK done\r\n")];
        assert_eq!(put_away(no_move).await.0, "left in the inbox: the server does not offer MOVE");
        let other = [can_move(), listed_folders(), selected(15)].concat();
        assert_eq!(put_away(other).await.0, "left in the inbox: it is no longer the one that was found");
        let refused = vec![
            Turn::Hear("B5 LIST"),
            say("B5 NO not now\r\n"),
            Turn::Hear("B6 SELECT"),
            say("* OK [UIDVALIDITY 14] x\r\nB6 OK done\r\n"),
            Turn::Hear("B7 UID FETCH"),
            say([OURS, "B7 OK done\r\n"].concat()),
            Turn::Hear("B8 UID MOVE 7 \"Deleted Items\"\r\n"),
            say("B8 NO [TRYCREATE] no such folder\r\n"),
        ];
        let left = put_away([can_move(), refused].concat()).await.0;
        assert_eq!(left, "left in the inbox (B8 NO [TRYCREATE] no such folder)");
        assert!(put_away(can_move()).await.0.starts_with("left in the inbox ("), "the server has gone");
    }

    #[tokio::test(start_paused = true)]
    async fn answer_to_our_message_is_not_ours() {
        let answer = "* 9 FETCH (UID 7 BODY[HEADER.FIELDS (MESSAGE-ID)] {26}\r\nMessage-ID: <other@x>\r\n\r\n)\r\nB4 OK done\r\n";
        let turns = vec![
            Turn::Hear("B1 EXAMINE"),
            say(OPENED),
            Turn::Hear(SEARCH),
            say("* SEARCH\r\nB2 OK done\r\n"),
            Turn::Hear("B3 UID SEARCH SUBJECT abc\r\n"),
            say("* SEARCH 7\r\nB3 OK done\r\n"),
            Turn::Hear("B4 UID FETCH 7 "),
            say(answer),
        ];
        let (done, facts, _) = looked(turns, 0).await;
        assert_eq!((done, facts.value("delivery.found")), (Ok(()), None));
    }

    #[tokio::test(start_paused = true)]
    async fn message_that_comes_later_is_waited_for() {
        let turns = vec![
            Turn::Hear("B1 EXAMINE"),
            say(OPENED),
            Turn::Hear("B2 UID SEARCH"),
            say("* SEARCH\r\nB2 OK done\r\n"),
            Turn::Hear("B3 UID SEARCH"),
            say("* SEARCH\r\nB3 OK done\r\n"),
            Turn::Hear("B4 NOOP\r\n"),
            say("* 10 EXISTS\r\nB4 OK done\r\n"),
            Turn::Hear("B5 UID SEARCH"),
            say("* SEARCH 8\r\nB5 OK done\r\n"),
            Turn::Hear("B6 UID FETCH 8 "),
            say([OURS, "B6 OK done\r\n"].concat()),
        ];
        let (done, facts, _) = looked(turns, 9).await;
        assert_eq!((done, facts.value("delivery.found")), (Ok(()), Some(&true.into())));
    }

    #[tokio::test(start_paused = true)]
    async fn search_that_is_refused_or_never_ends_stops_there() {
        for (turn, kind) in [
            (say("B2 BAD no search\r\n"), FailureKind::Rejected),
            (Turn::Endless("* SEARCH 1 2 3\r\n"), FailureKind::ReplyTooLarge),
            (Turn::Hold, FailureKind::TimedOut),
            (say("B9 OK of another command\r\n"), FailureKind::MalformedReply),
        ] {
            let turns = vec![Turn::Hear("B1 EXAMINE"), say(OPENED), Turn::Hear(SEARCH), turn];
            let stop = looked(turns, 9).await.0.unwrap_err();
            assert_eq!((stop.stage, stop.kind), (Stage::Find, kind));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn server_that_finds_our_mark_everywhere_is_not_asked_for_ever() {
        let mut turns = vec![Turn::Hear("B1 EXAMINE"), say(OPENED), Turn::Hear(SEARCH)];
        turns.push(say(format!("* SEARCH {}\r\nB2 OK done\r\n", "5 ".repeat(1000))));
        for number in 3..3 + MOST_LIKE_OURS {
            turns.extend([Turn::Hear("B"), say(format!("B{number} OK done\r\n"))]);
        }
        turns.push(Turn::Hear("B11 UID SEARCH SUBJECT abc\r\n"));
        let stop = looked(turns, 9).await.0.unwrap_err();
        assert_eq!((stop.stage, stop.kind), (Stage::Find, FailureKind::Closed));
    }
}
