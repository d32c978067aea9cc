//! What SMTP, IMAP and POP3 do alike: a question and its answer, what is offered, the sign-in (RFC 4422 3).
//!
//! In: a [`MailDialect`], which says what is special to a protocol. Out: the same facts and the same [`Failure`]s for all three.

use std::time::Instant;

use crate::{
    evidence::{Fact, FactDef, Failure, FailureKind, Protocol, Stage},
    net::{Halt, session::Session},
    wire::{
        Decoded, line,
        xoauth2::{self, Presentation},
    },
};

/// What is special to a protocol.
pub(super) struct MailDialect {
    /// The protocol.
    pub protocol: Protocol,
    /// Its facts.
    pub facts: MailFacts,
    /// The command that says that nothing more will come.
    pub goodbye: &'static str,
    /// The command that begins a sign-in with XOAUTH2.
    pub authenticate: &'static str,
    /// Reads what the server says to a step of a sign-in.
    pub answer: fn(&[u8]) -> Decoded<Answer>,
    /// Reads what the server has said before it was asked.
    pub unasked: fn(Stage, &[u8]) -> Unsolicited,
}

/// The facts that all three protocols have, as one of them names them.
pub(super) struct MailFacts {
    /// What is offered.
    pub capabilities: Fact<Vec<String>>,
    /// The sign-in methods.
    pub mechanisms: Fact<Vec<String>>,
    /// Whether XOAUTH2 is one of them.
    pub xoauth2_offered: Fact<bool>,
    /// Whether the token was accepted.
    pub signed_in: Fact<bool>,
    /// The user named in the sign-in.
    pub signed_in_as: Fact<String>,
    /// Whether the mailbox is the user's own.
    pub own_mailbox: Fact<bool>,
    /// Whether the token is an application's.
    pub as_application: Fact<bool>,
    /// What a library says of the same sign-in; none where no library is asked.
    pub second_opinion: Option<Fact<String>>,
    /// Those of this protocol that are kept of a sign-in that came to its end; the service probe has the others.
    pub results: &'static [FactDef],
}

/// What a server says before it is asked.
pub(super) enum Unsolicited {
    /// Something that it may say at any time.
    Allowed,
    /// Why it closes.
    Refusal(Failure),
    /// The answer to a question that nobody has asked.
    Answer,
}

/// What a server says to a step of a sign-in.
pub(super) struct Answer {
    /// What it means.
    pub sense: AuthStep,
    /// What stands behind the word or the code: a challenge, where there is one.
    pub text: String,
    /// The answer as the end of a look: a refusal, or something that does not belong there.
    pub failure: Failure,
}

/// What an answer means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuthStep {
    /// The token is taken.
    Taken,
    /// The server waits for a line.
    Continue,
    /// Anything else.
    Failure,
}

/// What a sign-in needs to know of what is offered.
#[derive(Clone, Debug)]
pub(super) struct Offer {
    /// The sign-in methods, in upper case.
    pub mechanisms: Vec<String>,
    /// True when the token may stand in the command (SASL-IR, RFC 4959).
    pub at_once: bool,
    /// True when several commands may be sent at once (PIPELINING, RFC 2920).
    pub pipelining: bool,
}

impl MailDialect {
    /// Sends one line and reads what answers it.
    ///
    /// # Errors
    /// The [`Failure`] when the server has spoken before, or when there is no answer that can be read.
    pub async fn ask<T>(
        &self,
        session: &mut Session,
        stage: Stage,
        command: &str,
        decode: impl FnMut(&[u8]) -> Decoded<T>,
    ) -> Result<T, Failure> {
        self.nothing_unasked(session, stage)?;
        self.ask_on(session, stage, command, decode).await
    }

    /// Sends several lines at once; their answers are then [read](Self::read) one by one.
    ///
    /// # Errors
    /// As [`MailDialect::ask`].
    pub async fn send_all(&self, session: &mut Session, stage: Stage, commands: &[String]) -> Result<(), Failure> {
        self.nothing_unasked(session, stage)?;
        session.send_all(commands).await.map_err(|halt| self.halted(stage, halt))
    }

    /// Sends one line in answer to the server, so that whatever has come already belongs to it.
    async fn ask_on<T>(
        &self,
        session: &mut Session,
        stage: Stage,
        command: &str,
        decode: impl FnMut(&[u8]) -> Decoded<T>,
    ) -> Result<T, Failure> {
        let began = Instant::now();
        let sent = session.send(command).await;
        session.attempt.took(stage, began);
        sent.map_err(|halt| self.halted(stage, halt))?;
        self.read(session, stage, decode).await
    }

    /// The same for an answer that is nobody's business: the transcript has its length in its place.
    ///
    /// # Errors
    /// As [`MailDialect::ask`].
    pub async fn ask_quietly<T>(
        &self,
        session: &mut Session,
        stage: Stage,
        command: &str,
        decode: impl FnMut(&[u8]) -> Decoded<T>,
    ) -> Result<T, Failure> {
        self.nothing_unasked(session, stage)?;
        let began = Instant::now();
        let asked = async {
            session.send(command).await?;
            session.read_quietly(decode).await
        };
        let asked = asked.await;
        session.attempt.took(stage, began);
        asked.map_err(|halt| self.halted(stage, halt))
    }

    /// Reads what the server says.
    ///
    /// # Errors
    /// The [`Failure`] when there is nothing that can be read.
    pub async fn read<T>(
        &self,
        session: &mut Session,
        stage: Stage,
        decode: impl FnMut(&[u8]) -> Decoded<T>,
    ) -> Result<T, Failure> {
        let began = Instant::now();
        let read = session.read(decode).await;
        session.attempt.took(stage, began);
        read.map_err(|halt| self.halted(stage, halt))
    }

    /// Writes down what is offered, and how one may sign in.
    pub fn note_offer(&self, session: &mut Session, capabilities: &[String], mechanisms: &[String]) {
        let listed: Vec<String> = capabilities.iter().map(|one| line::shorten(one, line::MOST_WORDS)).collect();
        let facts = &mut session.attempt.facts;
        facts.set(self.facts.capabilities, listed);
        facts.set(self.facts.xoauth2_offered, takes_xoauth2(mechanisms));
        facts.set(self.facts.mechanisms, mechanisms.to_vec());
    }

    /// Presents the token, and writes down whether it was taken. A challenge is answered with an empty line, which lets
    /// the server say why it refuses; `*` (RFC 4954 4, RFC 5034 4, RFC 9051 6.2.2) would only be told that the exchange
    /// was cancelled.
    ///
    /// # Errors
    /// The [`Failure`] at [`Stage::Authenticate`]; [`FailureKind::NotOffered`] when the server does not know XOAUTH2, and then the
    /// token was not sent.
    pub async fn sign_in(&self, session: &mut Session, offer: &Offer, presented: &Presentation) -> Result<(), Failure> {
        session.attempt.set(self.facts.signed_in, false);
        if !takes_xoauth2(&offer.mechanisms) {
            return Err(self.failure(Stage::Authenticate, FailureKind::NotOffered, &offer.mechanisms.join(", ")));
        }
        self.present(session, presented, offer.at_once).await?;
        session.attempt.set(self.facts.signed_in, true);
        Ok(())
    }

    /// Says that nothing more will come. The answer is not waited for.
    pub async fn leave(&self, session: &mut Session) {
        let _ = session.send(self.goodbye).await; // a courtesy: what was asked is known
    }

    /// A failure with these words; shortened.
    pub fn failure(&self, stage: Stage, kind: FailureKind, words: &str) -> Failure {
        Failure::new(self.protocol, stage, kind, line::shorten(words, line::MOST_WORDS))
    }

    async fn present(&self, session: &mut Session, presented: &Presentation, at_once: bool) -> Result<(), Failure> {
        let stage = Stage::Authenticate;
        if !at_once {
            let begun = self.ask(session, stage, self.authenticate, self.answer).await?;
            if begun.sense != AuthStep::Continue {
                return Err(begun.failure);
            }
        }
        self.nothing_unasked(session, stage)?;
        let before = if at_once { format!("{} ", self.authenticate) } else { String::new() };
        let sent = session.send_secret(&before, presented.line(), presented.shown()).await;
        sent.map_err(|halt| self.halted(stage, halt))?;
        let mut answer = self.read(session, stage, self.answer).await?;
        let mut challenge = None;
        if answer.sense == AuthStep::Continue {
            challenge = heard(session, &answer.text);
            // no question: whatever has come already is the answer
            answer = self.ask_on(session, stage, "", self.answer).await?;
        }
        if answer.sense == AuthStep::Taken { Ok(()) } else { Err(with_challenge(answer.failure, challenge)) }
    }

    fn nothing_unasked(&self, session: &Session, stage: Stage) -> Result<(), Failure> {
        let bytes = session.unread();
        if bytes.is_empty() {
            return Ok(());
        }
        match (self.unasked)(stage, bytes) {
            Unsolicited::Allowed => Ok(()),
            Unsolicited::Refusal(stop) => Err(stop),
            Unsolicited::Answer => Err(self.failure(
                stage,
                FailureKind::MalformedReply,
                &format!("before it was asked: {}", line::words(bytes)),
            )),
        }
    }

    /// The failure of a wait that came to nothing.
    pub fn halted(&self, stage: Stage, halt: Halt) -> Failure {
        Failure::new(self.protocol, stage, halt.kind, halt.words)
    }
}

/// Whether a token can be presented where these mechanisms are offered.
pub(super) fn takes_xoauth2(mechanisms: &[String]) -> bool {
    mechanisms.iter().any(|name| name == "XOAUTH2")
}

/// A server's challenge in words, without the token if it should stand in it.
fn heard(session: &mut Session, coded: &str) -> Option<String> {
    let words = session.covered(&xoauth2::challenge(coded)?);
    session.note(&format!("the challenge says: {words}"));
    Some(words)
}

/// The refusal to the letter, and behind it what the challenge had said.
fn with_challenge(stop: Failure, challenge: Option<String>) -> Failure {
    let Some(challenge) = challenge else { return stop };
    let words = line::shorten(&format!("{} (challenge: {challenge})", stop.words), line::MOST_WORDS);
    Failure { words, ..stop }
}

/// How a look goes over a scripted session, for the tests of the three protocols.
#[cfg(test)]
pub(super) mod tests {
    use crate::{
        evidence::{Facts, Value},
        net::session::scripted::{Turn, said, session},
        probe::sign_in::tests::{TOKEN, clean},
        secret::Secret,
    };

    use super::*;

    /// What came of it, what was written down, and what was said.
    pub struct Went {
        pub done: Result<(), Failure>,
        pub facts: Facts,
        pub stages: Vec<Stage>,
        pub said: Vec<String>,
    }

    /// Looks inside TLS. Nothing that was written down may hold the token.
    pub async fn went(turns: Vec<Turn>, look: impl AsyncFnOnce(&mut Session) -> Result<(), Failure>) -> Went {
        let mut session = session(turns).inside_tls();
        session.hide(&Secret::new(TOKEN));
        let done = look(&mut session).await;
        let attempt = session.attempt.clone();
        let (facts, stages) = (attempt.facts.clone(), stages(&session));
        let said = said(session);
        clean(&(&done, &attempt, &said));
        Went { done, facts, stages, said }
    }

    /// The stages that took time, in their order.
    pub fn stages(session: &Session) -> Vec<Stage> {
        session.attempt.timings.iter().map(|timing| timing.name).collect()
    }

    pub fn list(items: &[&str]) -> Value {
        Value::List(items.iter().map(|&item| item.to_owned()).collect())
    }
}
