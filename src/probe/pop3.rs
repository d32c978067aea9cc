//! POP3: its capabilities, the sign-in, and whether the mailbox opens (RFC 1939, RFC 2449, RFC 5034).
//!
//! In: a connection inside TLS. Out: the greeting, what is offered, what came of the sign-in, or the [`Failure`]. Of the
//! mailbox only its size is asked, and the heads of its newest messages when our own is looked for: there is no RETR and no
//! DELE in this file.

use super::{
    delivery::{self, Search},
    mail::{Answer, AuthStep, MailDialect, MailFacts, Offer, Unsolicited},
};
use crate::{
    evidence::{Failure, FailureKind, Protocol, Stage, facts},
    net::session::Session,
    wire::{
        Decoded, exchange,
        pop3::{Capabilities, Reply, Word, decode, decode_head, decode_listing},
    },
};

facts! {
    /// What a POP3 greeting, capability list and sign-in can measure.
    GREETING: String = "pop3.greeting", "greeting";
    SERVER: String = "pop3.server", "server named in the greeting";
    CAPABILITIES: Vec<String> = "pop3.capabilities", "capabilities";
    MECHANISMS: Vec<String> = "pop3.mechanisms", "authentication mechanisms";
    XOAUTH2_OFFERED: bool = "pop3.xoauth2_offered", "XOAUTH2 offered";
    SIGNED_IN: bool = "pop3.signed_in", "signed in";
    SIGNED_IN_AS: String = "pop3.signed_in_as", "user name sent";
    OWN_MAILBOX: bool = "pop3.own_mailbox", "user's own mailbox";
    AS_APPLICATION: bool = "pop3.as_application", "signed in as an application";
    MAILBOX_OPEN: bool = "pop3.mailbox_open", "mailbox opens";
    MESSAGE_COUNT: i64 = "pop3.message_count", "messages";
}

/// So many of the newest messages are looked at in one session.
const MOST_HEADS: i64 = 10;

/// What is special to it.
pub(super) const DIALECT: MailDialect = MailDialect {
    protocol: Protocol::Pop3,
    facts: MailFacts {
        capabilities: CAPABILITIES,
        mechanisms: MECHANISMS,
        xoauth2_offered: XOAUTH2_OFFERED,
        signed_in: SIGNED_IN,
        signed_in_as: SIGNED_IN_AS,
        own_mailbox: OWN_MAILBOX,
        as_application: AS_APPLICATION,
        second_opinion: None,
        results: &[
            SIGNED_IN.declared(),
            SIGNED_IN_AS.declared(),
            OWN_MAILBOX.declared(),
            AS_APPLICATION.declared(),
            MAILBOX_OPEN.declared(),
            MESSAGE_COUNT.declared(),
        ],
    },
    goodbye: "QUIT",
    authenticate: "AUTH XOAUTH2",
    answer,
    unasked,
};

/// Asks how many messages the mailbox holds.
///
/// # Errors
/// The [`Failure`] at [`Stage::Open`].
pub async fn open(session: &mut Session) -> Result<(), Failure> {
    session.attempt.set(MAILBOX_OPEN, false);
    let drop = DIALECT.ask(session, Stage::Open, "STAT", decode).await?;
    want_ok(Stage::Open, &drop)?;
    session.attempt.set(MAILBOX_OPEN, true);
    if let Some(count) = drop.message_count() {
        session.attempt.set(MESSAGE_COUNT, count);
    }
    Ok(())
}

/// Looks for our own message among the newest, once: a session sees the mailbox as it was at the sign-in (RFC 1939 4).
///
/// The newest have the highest numbers, which is the default of Exchange too (`MessageRetrievalSortOrder` of
/// `Set-PopSettings`). The message stays: DELE would be for good, and nobody could see it any more.
///
/// # Errors
/// The [`Failure`] at [`Stage::Find`].
pub(super) async fn find(session: &mut Session, search: &Search) -> Result<(), Failure> {
    let stage = Stage::Find;
    let drop = DIALECT.ask(session, stage, "STAT", decode).await?;
    want_ok(stage, &drop)?;
    let newest = drop.message_count().unwrap_or(0);
    let oldest = newest.saturating_sub(MOST_HEADS).max(0) + 1;
    for number in (oldest..=newest).rev() {
        if is_ours(session, number, search).await? {
            search.found(&mut session.attempt.facts);
            session.attempt.set(delivery::LEFT, "left in the inbox (POP3)");
            return Ok(());
        }
    }
    Ok(())
}

/// Whose message it is. The head of a customer's message stands in no transcript.
async fn is_ours(session: &mut Session, number: i64, search: &Search) -> Result<bool, Failure> {
    let command = format!("TOP {number} 0");
    let head = DIALECT.ask_quietly(session, Stage::Find, &command, decode_head).await?;
    let is_ours = search.marks().iter().any(|(name, value)| head.has_header(name, value));
    if head.reply.word == Word::Err {
        session.note(&format!("not told: {}", head.reply.words())); // it may have gone meanwhile
    }
    Ok(is_ours)
}

/// Reads the greeting and asks what is offered. The token goes on a line of its own: Exchange Online closes with
/// `Protocol error` when it stands in the command (jstedfast/MailKit#1948).
///
/// # Errors
/// The [`Failure`] at the stage that could not go on.
pub(super) async fn offered(session: &mut Session) -> Result<Offer, Failure> {
    greeting(session).await?;
    let offered = ask(session).await?;
    let mechanisms = offered.mechanisms();
    DIALECT.note_offer(session, &offered.lines, &mechanisms);
    Ok(Offer { mechanisms, at_once: false, pipelining: false })
}

async fn greeting(session: &mut Session) -> Result<(), Failure> {
    let greeting = DIALECT.read(session, Stage::Greeting, decode).await?;
    session.attempt.set(GREETING, greeting.words());
    if let Some(name) = exchange::server_name(&greeting.text) {
        session.attempt.set(SERVER, name);
    }
    want_ok(Stage::Greeting, &greeting)
}

async fn ask(session: &mut Session) -> Result<Capabilities, Failure> {
    let listing = DIALECT.ask(session, Stage::Capabilities, "CAPA", decode_listing).await?;
    want_ok(Stage::Capabilities, &listing.reply)?;
    Ok(Capabilities::of(&listing))
}

fn answer(bytes: &[u8]) -> Decoded<Answer> {
    let (reply, taken) = decode(bytes)?;
    let sense = match reply.word {
        Word::Ok => AuthStep::Taken,
        Word::Continue => AuthStep::Continue,
        Word::Err => AuthStep::Failure,
    };
    let stop = refusal(Stage::Authenticate, &reply);
    Ok((Answer { sense, text: reply.text, failure: stop }, taken))
}

/// Without being asked a server may only say why it closes.
fn unasked(stage: Stage, bytes: &[u8]) -> Unsolicited {
    match decode(bytes) {
        Ok((reply @ Reply { word: Word::Err, .. }, _)) => Unsolicited::Refusal(refusal(stage, &reply)),
        _ => Unsolicited::Answer,
    }
}

fn want_ok(stage: Stage, reply: &Reply) -> Result<(), Failure> {
    if reply.word == Word::Ok { Ok(()) } else { Err(refusal(stage, reply)) }
}

/// `-ERR` is a refusal; any other word that does not belong here is not of the protocol.
fn refusal(stage: Stage, reply: &Reply) -> Failure {
    let kind = if reply.word == Word::Err { FailureKind::Rejected } else { FailureKind::MalformedReply };
    Failure { error: reply.code.clone(), ..Failure::new(Protocol::Pop3, stage, kind, reply.words()) }
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

    const BANNER: &str = "+OK The Microsoft Exchange POP3 service is ready. [bQAuAGUAeABhAG0AcABsAGUALgBjAG8AbQA=]\r\n";
    const OFFER: &str = "+OK\r\nTOP\r\nUIDL\r\nSASL PLAIN XOAUTH2\r\nUSER\r\n.\r\n";

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
        assert_eq!((stop.protocol, stop.code, &stop.enhanced), (Protocol::Pop3, None, &None));
        (stop.stage, stop.kind, stop.words)
    }

    async fn greeted(banner: &str) -> (Stage, FailureKind, String) {
        stopped(vec![say(banner), Turn::Hold]).await
    }

    fn answered(answer: &str) -> Vec<Turn> {
        vec![say(BANNER), Turn::Hear("CAPA"), say(answer), Turn::Hold]
    }

    #[tokio::test(start_paused = true)]
    async fn healthy_server_tells_what_it_offers() {
        let Went { done, facts, stages, said } = look(answered(OFFER)).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.value("pop3.greeting"), Some(&BANNER.trim_end().into()));
        assert_eq!(facts.value("pop3.server"), Some(&"m.example.com".into()));
        assert_eq!(facts.value("pop3.capabilities"), Some(&list(&["TOP", "UIDL", "SASL PLAIN XOAUTH2", "USER"])));
        assert_eq!(facts.value("pop3.mechanisms"), Some(&list(&["PLAIN", "XOAUTH2"])));
        assert_eq!(facts.value("pop3.xoauth2_offered"), Some(&true.into()));
        assert_eq!(stages, [Stage::Greeting, Stage::Capabilities]);
        assert_eq!(said.last().unwrap(), "~> QUIT");
    }

    #[tokio::test(start_paused = true)]
    async fn missing_methods_are_facts_and_no_stop() {
        for (answer, methods) in [("+OK\r\n.\r\n", list(&[])), ("+OK\r\nSASL PLAIN\r\n.\r\n", list(&["PLAIN"]))] {
            let Went { done, facts, .. } = look(answered(answer)).await;
            assert_eq!(done, Ok(()));
            assert_eq!(facts.value("pop3.mechanisms"), Some(&methods));
            assert_eq!(facts.value("pop3.xoauth2_offered"), Some(&false.into()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn greeting_that_stops() {
        for (banner, kind, words) in [
            ("", FailureKind::TimedOut, "no answer within 10 s"),
            ("-ERR [SYS/TEMP] later\r\n", FailureKind::Rejected, "-ERR [SYS/TEMP] later"),
            ("-ERR\r\n", FailureKind::Rejected, "-ERR"),
            ("+ go on\r\n", FailureKind::MalformedReply, "+ go on"),
            ("220 mail ESMTP\r\n", FailureKind::MalformedReply, "220 mail ESMTP"),
            ("* OK IMAP4 ready\r\n", FailureKind::MalformedReply, "* OK IMAP4 ready"),
            ("SSH-2.0-x\r\n", FailureKind::MalformedReply, "SSH-2.0-x"),
            ("\0\x1b[2J\r\n", FailureKind::MalformedReply, "\0\x1b[2J"),
            ("<html>blocked</html>\r\n", FailureKind::UnexpectedHttp, "<html>blocked</html>"),
        ] {
            assert_eq!(greeted(banner).await, (Stage::Greeting, kind, words.to_owned()), "{banner:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn capa_answer_that_stops() {
        for (answer, kind) in [
            ("-ERR Protocol error. Connection is closed. 10\r\n", FailureKind::Rejected),
            ("+OK\r\nTOP\r\n", FailureKind::TimedOut),
            ("+ \r\n", FailureKind::MalformedReply),
            ("TOP\r\n", FailureKind::MalformedReply),
        ] {
            let (stage, seen, _) = stopped(answered(answer)).await;
            assert_eq!((stage, seen), (Stage::Capabilities, kind), "{answer:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn capa_never_ended_is_too_much() {
        let turns = vec![say(BANNER), Turn::Hear("CAPA"), say("+OK\r\n"), Turn::Endless("TOP\r\n")];
        let (stage, kind, _) = stopped(turns).await;
        assert_eq!((stage, kind), (Stage::Capabilities, FailureKind::ReplyTooLarge));
    }

    #[tokio::test(start_paused = true)]
    async fn slow_drip_does_not_keep_the_answer_alive() {
        let turns = vec![say(BANNER), Turn::Hear("CAPA"), Turn::Drip(b"+OK\r\nTOP\r\nUIDL\r\n.\r\n".to_vec())];
        let (stage, kind, _) = stopped(turns).await;
        assert_eq!((stage, kind), (Stage::Capabilities, FailureKind::TimedOut));
    }

    #[tokio::test(start_paused = true)]
    async fn answer_before_the_question_is_gibberish() {
        let (stage, kind, _) = greeted(&[BANNER, OFFER].concat()).await;
        assert_eq!((stage, kind), (Stage::Capabilities, FailureKind::MalformedReply));
    }

    #[tokio::test(start_paused = true)]
    async fn closed_at_any_point_is_closed_at_its_stage() {
        for cut in 0..BANNER.len() {
            let (stage, kind, _) = stopped(vec![say(&BANNER[..cut])]).await;
            assert_eq!((stage, kind), (Stage::Greeting, FailureKind::Closed), "{cut}");
        }
        for cut in 0..OFFER.len() {
            let (stage, kind, _) = stopped(vec![say(BANNER), Turn::Hear("CAPA"), say(&OFFER[..cut])]).await;
            assert_eq!((stage, kind), (Stage::Capabilities, FailureKind::Closed), "{cut}");
        }
    }

    const SIGNED_IN: &str = "+OK User successfully authenticated.\r\n";

    /// Signs in and opens, as a look into a mailbox does.
    async fn enter(turns: Vec<Turn>) -> Went {
        let turns = [vec![say(BANNER), Turn::Hear("CAPA"), say(OFFER)], turns].concat();
        went(turns, async |session| {
            let offer = offered(session).await?;
            DIALECT.sign_in(session, &offer, &presented()).await?;
            open(session).await
        })
        .await
    }

    /// What the server answers to the line with the token; then it stays.
    fn told(answer: &str) -> Vec<Turn> {
        vec![Turn::Hear("AUTH XOAUTH2\r\n"), say("+ \r\n"), Turn::Hear("dXNlcj1"), say(answer), Turn::Hold]
    }

    fn opened(answer: &str) -> Vec<Turn> {
        let mut turns = told(SIGNED_IN);
        turns.splice(4.., [Turn::Hear("STAT\r\n"), say(answer), Turn::Hold]);
        turns
    }

    #[tokio::test(start_paused = true)]
    async fn token_taken_and_mailbox_counts() {
        let Went { done, facts, said, .. } = enter(opened("+OK 172 40960\r\n")).await;
        assert_eq!(done, Ok(()));
        assert_eq!(facts.value("pop3.signed_in"), Some(&true.into()));
        assert_eq!(facts.value("pop3.mailbox_open"), Some(&true.into()));
        assert_eq!(facts.value("pop3.message_count"), Some(&172.into()));
        assert!(said.contains(&format!("~> {}", presented().shown())), "{said:?}");
        let uncounted = enter(opened("+OK many\r\n")).await.facts;
        assert_eq!(uncounted.value("pop3.mailbox_open"), Some(&true.into()));
        assert_eq!(uncounted.value("pop3.message_count"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_kept_to_the_letter() {
        for (answer, error) in [
            ("-ERR Authentication failure: unknown user name or bad password.", None),
            ("-ERR [SYS/TEMP] Temporary failure, try later", Some("SYS/TEMP")),
            ("-ERR [AUTH] no", Some("AUTH")),
            ("-ERR Protocol error. Connection is closed. 10", None),
            ("-ERR Server Unavailable. 21", None),
        ] {
            let Went { done, facts, .. } = enter(told(&format!("{answer}\r\n"))).await;
            let stop = done.unwrap_err();
            assert_eq!(
                (stop.protocol, stop.stage, stop.kind),
                (Protocol::Pop3, Stage::Authenticate, FailureKind::Rejected)
            );
            assert_eq!((stop.words.as_str(), stop.error.as_deref()), (answer, error));
            assert_eq!(facts.value("pop3.signed_in"), Some(&false.into()));
            assert_eq!(facts.value("pop3.mailbox_open"), None, "never asked");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn challenge_is_answered_and_the_refusal_behind_it_is_kept() {
        let mut turns = told("+ eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIn0=\r\n");
        turns.splice(4.., [Turn::Hear("\r\n"), say("-ERR [AUTH] no\r\n"), Turn::Hold]);
        let stop = enter(turns).await.done.unwrap_err();
        assert_eq!(
            (stop.stage, stop.kind, stop.error.as_deref()),
            (Stage::Authenticate, FailureKind::Rejected, Some("AUTH"))
        );
        assert_eq!(stop.words, "-ERR [AUTH] no (challenge: status 400, schemes Bearer)");
    }

    #[tokio::test(start_paused = true)]
    async fn token_is_not_sent_where_it_does_not_belong() {
        for (answer, kind) in [
            ("-ERR Protocol error. Connection is closed. 10\r\n", FailureKind::Rejected),
            ("+OK come in\r\n", FailureKind::MalformedReply),
            ("+ \r\n+OK come in\r\n", FailureKind::MalformedReply),
            ("+ \r\n-ERR closing\r\n", FailureKind::Rejected),
        ] {
            let Went { done, said, .. } = enter(vec![Turn::Hear("AUTH XOAUTH2\r\n"), say(answer), Turn::Hold]).await;
            let stop = done.unwrap_err();
            assert_eq!((stop.stage, stop.kind), (Stage::Authenticate, kind), "{answer}");
            assert!(!said.iter().any(|line| line.contains("<token")), "{said:?}");
        }
        let turns = vec![say(BANNER), Turn::Hear("CAPA"), say("+OK\r\nSASL PLAIN\r\n.\r\n"), Turn::Hold];
        let mut session = session(turns).inside_tls();
        let offer = offered(&mut session).await.unwrap();
        let stop = DIALECT.sign_in(&mut session, &offer, &presented()).await.unwrap_err();
        assert_eq!(
            (stop.stage, stop.kind, stop.words.as_str()),
            (Stage::Authenticate, FailureKind::NotOffered, "PLAIN")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn mailbox_that_does_not_open_after_a_good_sign_in() {
        let Went { done, facts, .. } = enter(opened("-ERR [IN-USE] mailbox locked\r\n")).await;
        let stop = done.unwrap_err();
        assert_eq!(
            (stop.stage, stop.kind, stop.error.as_deref()),
            (Stage::Open, FailureKind::Rejected, Some("IN-USE"))
        );
        assert_eq!(facts.value("pop3.signed_in"), Some(&true.into()));
        assert_eq!(facts.value("pop3.mailbox_open"), Some(&false.into()));
    }

    #[tokio::test(start_paused = true)]
    async fn server_that_repeats_the_token() {
        let line = presented().line().expose().to_owned();
        for repeated in [line.as_str(), TOKEN] {
            let stop = enter(told(&format!("-ERR Unknown {repeated}\r\n"))).await.done.unwrap_err();
            assert!(stop.words.starts_with("-ERR Unknown ***"), "{}", stop.words);
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
        let mut turns = opened("");
        turns.pop();
        let stop = enter(turns).await.done.unwrap_err();
        assert_eq!((stop.stage, stop.kind), (Stage::Open, FailureKind::Closed));
    }

    async fn looked(turns: Vec<Turn>) -> (Result<(), Failure>, Facts, Vec<String>) {
        let mut session = session(turns).inside_tls();
        let search = crate::probe::delivery::tests::search(std::time::Duration::from_secs(9));
        let done = find(&mut session, &search).await;
        (done, session.attempt.facts.clone(), said(session))
    }

    #[tokio::test(start_paused = true)]
    async fn our_own_message_is_found_among_the_newest_and_stays() {
        let turns = vec![
            Turn::Hear("STAT"),
            say("+OK 3 999\r\n"),
            Turn::Hear("TOP 3 0\r\n"),
            say("+OK\r\nSubject: re: private abc\r\nX-Y: abc\r\n\r\n.\r\n"),
            Turn::Hear("TOP 2 0\r\n"),
            say("+OK\r\nMessage-Id:\r\n <abc@ece-check.invalid>\r\n\r\n.\r\n"),
        ];
        let (done, facts, said) = looked(turns).await;
        assert_eq!((done, facts.value("delivery.found")), (Ok(()), Some(&true.into())));
        assert_eq!(facts.value("delivery.left"), Some(&"left in the inbox (POP3)".into()));
        assert!(!said.concat().contains("private"), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_newest_are_looked_at() {
        let mut turns = vec![Turn::Hear("STAT"), say("+OK 4000000000 9\r\n")];
        for _ in 0..MOST_HEADS {
            turns.extend([Turn::Hear("TOP 39999999"), say("+OK\r\nSubject: x\r\n\r\n.\r\n")]);
        }
        turns[2] = Turn::Hear("TOP 4000000000 0\r\n");
        let (done, facts, said) = looked(turns).await;
        assert_eq!((done, facts.value("delivery.found")), (Ok(()), None));
        assert_eq!(said.len(), 2 + 2 * usize::try_from(MOST_HEADS).unwrap());
        assert_eq!(looked(vec![Turn::Hear("STAT"), say("+OK 0 0\r\n")]).await.0, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn message_that_somebody_took_meanwhile_is_passed_over() {
        let turns = vec![
            Turn::Hear("STAT"),
            say("+OK 2 9\r\n"),
            Turn::Hear("TOP 2 0"),
            say("-ERR gone\r\n"),
            Turn::Hear("TOP 1 0"),
            say("+OK\r\nX-ECE-Check: abc\r\n\r\n.\r\n"),
        ];
        let (done, facts, said) = looked(turns).await;
        assert_eq!((done, facts.value("delivery.found")), (Ok(()), Some(&true.into())));
        assert!(said.contains(&"== not told: -ERR gone".to_owned()), "{said:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn head_that_never_ends_stops_there() {
        for (turn, kind) in
            [(Turn::Endless("Received: x\r\n"), FailureKind::ReplyTooLarge), (Turn::Hold, FailureKind::TimedOut)]
        {
            let turns = vec![Turn::Hear("STAT"), say("+OK 1 9\r\n"), Turn::Hear("TOP"), say("+OK\r\n"), turn];
            let stop = looked(turns).await.0.unwrap_err();
            assert_eq!((stop.stage, stop.kind), (Stage::Find, kind));
        }
    }
}
