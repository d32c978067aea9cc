//! What an error text means: which causes it can have, how sure that is, and what would settle it.
//!
//! In: a text that somebody copied, or whole logs. Out: causes, best first. The same signs serve here that serve a run
//! (see [`crate::diagnose`]); what a run knows of host, port and stage must here be read out of the words, so a text
//! alone settles less.

mod answer;
mod at_large;
mod blob;
mod cited;
mod clock;
mod codes;
mod context;
pub mod decode;
pub mod decoded;
pub mod ece_log;
mod elsewhere;
mod event;
pub mod extract;
pub mod fallback;
mod fields;
mod fingerprint;
mod firewall;
mod issuer;
pub mod items;
pub mod log;
mod modality;
mod names;
mod next;
mod on_premises;
mod phrases;
mod place;
pub mod prefilter;
mod proxy_log;
mod rank;
pub mod redact;
pub mod resemble;
mod restate;
mod retried;
mod session;
pub mod several;
mod stated;
pub mod timestamp;
mod vocabulary;

use std::{borrow::Cow, ops::Range};

use clap::ValueEnum;

use self::session::{Mechanism, Session};
pub use self::{names::of as names, next::Next};
use crate::{
    catalogue::{Catalogue, Cause, cause::Shows},
    diagnose::{self, ErrorDetails, Meant},
    evidence::{FailureKind, Protocol, Stage},
    finding::Certainty,
};

/// What was being spoken, as the person who asks knows it. A hint: it puts causes first and takes none away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Channel {
    /// Mail submission
    Smtp,
    /// Mail access
    Imap,
    /// Mail pick-up
    Pop3,
    /// Entra's token endpoint
    Token,
    /// Entra's sign-in page
    Authorize,
    /// Microsoft Graph
    Graph,
    /// User provisioning
    Scim,
    /// Encryption and certificates
    Tls,
    /// The connection itself
    Tcp,
    /// Name lookup
    Dns,
    /// HTTP and its proxies
    Http,
}

impl Channel {
    /// The protocol in the terms of the signs.
    #[must_use]
    pub fn protocol(self) -> Protocol {
        match self {
            Self::Smtp => Protocol::Smtp,
            Self::Imap => Protocol::Imap,
            Self::Pop3 => Protocol::Pop3,
            Self::Token => Protocol::Token,
            Self::Authorize => Protocol::Authorize,
            Self::Graph => Protocol::Graph,
            Self::Scim => Protocol::Scim,
            Self::Tls => Protocol::Tls,
            Self::Tcp => Protocol::Tcp,
            Self::Dns => Protocol::Dns,
            Self::Http => Protocol::Https,
        }
    }
}

/// What a text means.
#[derive(Clone, Debug, Default)]
pub struct Meaning<'c> {
    /// The causes it can have, best first; none when it says nothing that is known.
    pub causes: Vec<Meant<'c>>,
    /// What the text says, in the terms of the signs.
    pub heard: Option<ErrorDetails>,
    /// What would settle it, when it does not settle itself; what to give, when nothing is known.
    pub next: Option<Next>,
}

/// Said of a text that reports no failure.
const NOTE: &str = "The text is about something that is resolved, planned, advised or allowed, not about a failure. Paste the \
    message of the failure itself, or test it now: ece-check run";

/// Tells what a text means. In a dialogue the first refusal decides, elsewhere the innermost one that is known; what
/// libraries put around it does not count. The values of commands that were recommended settle what they can.
#[must_use]
pub fn explain<'c>(text: &str, channel: Option<Channel>, catalogue: &'c Catalogue) -> Meaning<'c> {
    let Some(text) = prepared(text) else {
        return Meaning { next: Some(Next::text(NOTE)), ..Meaning::default() };
    };
    let Some(parts) = cited::apart(&text) else { return of_prepared(&text, channel, catalogue) };
    let meaning = of_prepared(&parts.stated, channel, catalogue);
    if meaning.causes.is_empty() { of_cited(&parts.cited, channel, catalogue) } else { meaning }
}

/// What codes mean that are only mentioned: each cause is possible.
fn of_cited<'c>(text: &str, channel: Option<Channel>, catalogue: &'c Catalogue) -> Meaning<'c> {
    let mut meaning = of_prepared(text, channel, catalogue);
    for meant in &mut meaning.causes {
        meant.certainty = Certainty::Possible;
    }
    if let Some(heard) = &meaning.heard {
        meaning.next = next(&meaning.causes, heard, channel);
    }
    meaning
}

/// What a text means in which everything is stated.
fn of_prepared<'c>(text: &str, channel: Option<Channel>, catalogue: &'c Catalogue) -> Meaning<'c> {
    if let Some(meaning) = of_answer(text, channel, catalogue) {
        return meaning;
    }
    let session = session::read(text);
    let heard = session.as_ref().and_then(|session| of_session(session, catalogue));
    if let Some((heard, causes)) = heard {
        let mechanism = session.as_ref().and_then(Session::mechanism);
        return meaning(heard, causes, mechanism, text, channel, catalogue);
    }
    let inspected = || {
        let is_inspected = issuer::is_foreign(text, &catalogue.tables.issuers);
        is_inspected.then_some((restate::INSPECTED, Certainty::Certain))
    };
    let exact = restate::exact(text, &catalogue.tables.clouds).or_else(inspected);
    let named = |(sentence, sure): (&str, Certainty)| Some((of_sentence(sentence, catalogue)?, sure));
    if let Some(((heard, mut causes), sure)) = exact.and_then(named) {
        for meant in &mut causes {
            meant.certainty = meant.certainty.max(sure);
        }
        return meaning(heard, causes, None, text, channel, catalogue);
    }
    // what a server offers before encryption, and what it grants, is no fault
    let is_harmless = session.as_ref().is_some_and(|session| session.refusal().is_none() && session.is_signed_in());
    let is_refused = session.as_ref().is_none_or(|session| session.refusal().is_some());
    let whole = if is_refused { text } else { session::encrypted_part(text) };
    let rest = session.as_ref().filter(|_| is_harmless).map_or(whole, |session| session.rest.as_str());
    let words = if proxy_log::denies_others_only(rest) { String::new() } else { extract::plain(rest) };
    let loose = || restate::loose(&words).filter(|_| !context::is_foreign(&words));
    let known = of_words(&words, catalogue)
        .or_else(|| of_sentence(loose()?, catalogue))
        .or_else(|| restate::typed(&words)?.iter().find_map(|words| of_words(words, catalogue)));
    if let Some((heard, causes)) = known {
        let mechanism = session::named_mechanism(&heard.words);
        return meaning(heard, causes, mechanism, text, channel, catalogue);
    }
    let next = match &session {
        Some(session) if session.refusal().is_none() => without_refusal(session),
        _ => fallback::next(text, channel, catalogue),
    };
    Meaning { next: Some(Next::text(next)), ..Meaning::default() }
}

/// The causes that something encoded proves by itself.
#[must_use]
pub fn of_decoded<'c>(
    decoded: &decoded::Decoded,
    channel: Option<Channel>,
    catalogue: &'c Catalogue,
) -> Vec<Meant<'c>> {
    let mut causes: Vec<Meant<'c>> = Vec::new();
    for proof in &decoded.proofs {
        let Some(cause) = catalogue.cause(proof.cause(channel.map(Channel::protocol))) else { continue };
        if !causes.iter().any(|known| known.cause.code == cause.code) {
            causes.push(Meant { cause, certainty: proof.certainty() });
        }
    }
    causes.sort_by_key(|meant| meant.certainty);
    causes
}

/// What was pasted, without the challenges of a proxy that were answered and the tests of other ports; none where it reports no
/// failure.
fn prepared(text: &str) -> Option<Cow<'_, str>> {
    let text = context::pasted(text);
    if modality::is_note(&text) {
        return None;
    }
    let text = match text {
        Cow::Borrowed(text) => without_answered(text),
        Cow::Owned(text) => Cow::Owned(without_answered(&text).into_owned()),
    };
    Some(match text {
        Cow::Borrowed(text) => elsewhere::without_tests_of_others(text),
        Cow::Owned(text) => Cow::Owned(elsewhere::without_tests_of_others(&text).into_owned()),
    })
}

/// A text without what failed before it worked, and without the challenges of a proxy that were answered.
fn without_answered(text: &str) -> Cow<'_, str> {
    match retried::without_first_failures(text) {
        Cow::Borrowed(text) => proxy_log::without_answered(text),
        Cow::Owned(changed) => Cow::Owned(changed),
    }
}

/// What the words of a text mean: the innermost refusal in them that is known.
fn of_words<'c>(words: &str, catalogue: &'c Catalogue) -> Option<(ErrorDetails, Vec<Meant<'c>>)> {
    let worded = catalogue.index().worded(words);
    let heard = without_guesses(extract::of_words(words, &catalogue.tables.phrases), catalogue);
    let mut named = heard.into_iter().filter_map(|heard| {
        let causes = diagnose::of_text(&heard, &worded, catalogue);
        (!causes.is_empty()).then_some((heard, causes))
    });
    let (heard, mut causes) = named.next()?;
    if is_attempt(&heard) {
        let others = named.filter(|(other, _)| is_attempt(other) && other.kind != heard.kind);
        for meant in others.flat_map(|(_, causes)| causes).collect::<Vec<_>>() {
            if !causes.iter().any(|known| known.cause.code == meant.cause.code) {
                causes.push(meant);
            }
            // attempts that end in different ways have no single cause for certain
            for known in &mut causes {
                known.certainty = known.certainty.max(Certainty::Likely);
            }
        }
    }
    Some((heard, causes))
}

/// Replies by which a server refuses a message, not a sign-in (RFC 5321, section 4.2.3).
const OF_MESSAGES: [u16; 8] = [450, 451, 452, 550, 551, 552, 553, 554];

/// What was heard, without what is only said around a code whose meaning is known and none of our causes: the table of Entra's
/// numbers and that of mail codes say more than `invalid_grant`, "connection refused" or "authentication" beside them.
fn without_guesses(mut heard: Vec<ErrorDetails>, catalogue: &Catalogue) -> Vec<ErrorDetails> {
    let tables = &catalogue.tables;
    let is_explained = |one: &ErrorDetails| one.aadsts.iter().all(|number| tables.numbers.means(*number).is_some());
    if heard.iter().any(|one| !one.aadsts.is_empty() && is_explained(one)) {
        heard.retain(|one| !one.aadsts.is_empty() || one.enhanced.is_some());
        for one in &mut heard {
            one.error = None;
        }
    }
    let is_of_delivery = |code: &str| {
        let Some((_, rest)) = code.split_once('.') else { return false };
        ["4", "5"].iter().any(|class| tables.codes.means(&format!("{class}.{rest}")).is_some())
    };
    if heard.iter().filter_map(|one| one.enhanced.as_deref()).any(is_of_delivery) {
        heard.retain(|one| one.kind.is_none());
    }
    let refuses_message =
        |one: &ErrorDetails| one.enhanced.is_some() && one.code.is_some_and(|code| OF_MESSAGES.contains(&code));
    if heard.iter().any(refuses_message) {
        heard.retain(|one| one.kind.is_none() || one.stage != Some(Stage::Authenticate));
    }
    // what any code of its class can mean is not meant by one that the table knows
    let is_known =
        |one: &&mut ErrorDetails| one.enhanced.as_deref().is_some_and(|code| tables.codes.means(code).is_some());
    for one in heard.iter_mut().filter(is_known) {
        (one.enhanced, one.code) = (None, None);
    }
    heard
}

/// Whether a refusal is one of an address: a client that tries several can be told another thing by each.
fn is_attempt(heard: &ErrorDetails) -> bool {
    let is_end = match heard.kind {
        Some(FailureKind::Unreachable | FailureKind::Refused) => true,
        // "could not connect" is said of each end, and of silence where nothing else is said
        Some(FailureKind::TimedOut) => heard.words.contains("timed out"),
        _ => false,
    };
    heard.protocol == Some(Protocol::Tcp) && heard.stage == Some(Stage::Connect) && is_end
}

/// What a sentence of the catalogue means.
fn of_sentence<'c>(sentence: &str, catalogue: &'c Catalogue) -> Option<(ErrorDetails, Vec<Meant<'c>>)> {
    let heard = ErrorDetails { words: sentence.to_owned(), ..ErrorDetails::default() };
    let causes = diagnose::of_text(&heard, &catalogue.index().worded(sentence), catalogue);
    (!causes.is_empty()).then_some((heard, causes))
}

/// A refusal that names no protocol and leaves more causes than this is one of a sign-in.
const OF_A_TOKEN_REQUEST: usize = 4;

/// The causes put in order by all that the text says besides the refusal.
fn meaning<'c>(
    heard: ErrorDetails,
    mut causes: Vec<Meant<'c>>,
    mechanism: Option<Mechanism>,
    text: &str,
    channel: Option<Channel>,
    catalogue: &'c Catalogue,
) -> Meaning<'c> {
    let protocol = heard.protocol.or(channel.map(Channel::protocol));
    // what was asked for and whose token it is explains a refused sign-in, not a refused request for a token
    let is_of_mail = match protocol {
        Some(protocol) => matches!(protocol, Protocol::Smtp | Protocol::Imap | Protocol::Pop3),
        None => causes.len() > OF_A_TOKEN_REQUEST,
    };
    let is_sign_in = heard.aadsts.is_empty() && heard.error.is_none() && is_of_mail;
    let mut proofs = blob::proofs(text, protocol);
    if is_sign_in {
        proofs.extend(stated::proofs(text, protocol));
    }
    rank::by_mechanism(&mut causes, mechanism);
    rank::by_proof(&mut causes, &proofs, heard.protocol, catalogue);
    if let Some(channel) = channel {
        causes.sort_by_key(|meant| (meant.certainty, !speaks(meant, channel.protocol())));
    }
    let next = next(&causes, &heard, channel);
    Meaning { causes, heard: Some(heard), next }
}

/// What the first refusal of a dialogue means. What was asked for tells what was refused; where no sign asks so exactly,
/// the words alone do.
fn of_session<'c>(session: &Session, catalogue: &'c Catalogue) -> Option<(ErrorDetails, Vec<Meant<'c>>)> {
    if session.is_wrong_service {
        let cause = catalogue.cause("wrong-port-or-host")?;
        let heard = ErrorDetails { protocol: Some(session.protocol), ..ErrorDetails::default() };
        return Some((heard, vec![Meant { cause, certainty: Certainty::Certain }]));
    }
    let refusal = session.refusal()?;
    let reply = &refusal.reply.as_ref()?.text;
    let words = extract::plain(reply);
    let worded = catalogue.index().worded(&words);
    for heard in extract::of_words(&words, &catalogue.tables.phrases) {
        let protocol = heard.protocol.or(Some(session.protocol));
        let stage = heard.stage.or(refusal.verb.stage());
        let exact = ErrorDetails { protocol, stage, ..heard.clone() };
        let wide = ErrorDetails { protocol, ..heard.clone() };
        for heard in [exact, wide, heard] {
            let causes = diagnose::of_text(&heard, &worded, catalogue);
            if !causes.is_empty() {
                return Some((heard, causes));
            }
        }
    }
    None
}

/// What a dialogue tells in which nothing was refused.
fn without_refusal(session: &Session) -> String {
    match session.unanswered() {
        Some(_) => {
            "The dialogue ends without a reply to the last command, and nothing before it was refused: a timeout, or the \
            text is incomplete. Paste the lines that follow, or test it: ece-check run"
                .to_owned()
        }
        None => "The dialogue contains no refusal. If mail is not processed, test it: ece-check run".to_owned(),
    }
}

/// What the output of a command settles that `ece-check` recommends.
fn of_answer<'c>(text: &str, channel: Option<Channel>, catalogue: &'c Catalogue) -> Option<Meaning<'c>> {
    let answer = answer::read(text, channel)?;
    let causes: Vec<Meant<'c>> = answer
        .causes
        .iter()
        .filter_map(|(code, certainty)| Some(Meant { cause: catalogue.cause(code)?, certainty: *certainty }))
        .collect();
    if causes.is_empty() || elsewhere::is_test_of_others(&extract::plain(text)) {
        // good values beside a refusal say nothing of it
        return None;
    }
    let heard = ErrorDetails { words: text.to_lowercase(), ..ErrorDetails::default() };
    let next = next(&causes, &heard, channel);
    Some(Meaning { causes, heard: Some(heard), next })
}

/// What was heard in a text, in the text's own letters: the codes that the quoted part does not hold come first. Where
/// what was heard is not in it word by word (it was decoded, or a table was read), the text itself is quoted.
#[must_use]
pub fn said(heard: &ErrorDetails, text: &str) -> String {
    let part = as_written(&heard.words, text).unwrap_or(0..text.len());
    let words = redact::redact_part(text, part).split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted: String = words.chars().take(160).collect();
    let codes = heard.aadsts.iter().take(3).map(|number| format!("AADSTS{number}"));
    let codes = codes.chain(heard.code.map(|code| code.to_string())).chain(heard.enhanced.clone());
    let mut said: Vec<String> = codes
        .chain(heard.error.as_deref().map(redact::redact))
        .filter(|code| !quoted.to_lowercase().contains(&code.to_lowercase()))
        .collect();
    said.push(format!("\"{}\"", quoted.trim()));
    said.join(" ")
}

/// Where words in small letters with single blanks are in a text.
fn as_written(words: &str, text: &str) -> Option<Range<usize>> {
    let mut plain = String::new();
    let mut origins = Vec::new(); // for each byte of the plain text, where its character begins
    for (at, character) in text.char_indices() {
        let lowered: String = character.to_lowercase().map(|c| if c.is_whitespace() { ' ' } else { c }).collect();
        if lowered == " " && plain.ends_with(' ') {
            continue;
        }
        origins.extend(std::iter::repeat_n(at, lowered.len()));
        plain.push_str(&lowered);
    }
    let begin = plain.find(words)?;
    let from = *origins.get(begin)?;
    let to = origins.get(begin + words.len()).copied().unwrap_or(text.len());
    Some(from..to)
}

/// Whether a sign of the cause is of this protocol.
fn speaks(meant: &Meant<'_>, protocol: Protocol) -> bool {
    meant.cause.signs.iter().any(|sign| matches!(&sign.shows, Shows::Failure(stop) if stop.protocol == Some(protocol)))
}

/// The look that would tell the causes apart.
fn next(causes: &[Meant<'_>], heard: &ErrorDetails, channel: Option<Channel>) -> Option<Next> {
    if causes.first().is_none_or(|first| first.certainty == Certainty::Certain) {
        return None;
    }
    let run = |checks: &str, does: &str| Some(Next::run(checks, does));
    let token_then = |check: &str| {
        run(&format!("token,{check}"), "checks the token (audience, user, expiry, scopes), then signs in")
    };
    match channel.map(Channel::protocol).or(heard.protocol) {
        None if is_unspecific(heard) => Some(Next::text(UNSPECIFIC)),
        None if causes.iter().all(|meant| is_of_webex(meant.cause)) => Some(Next {
            text:
                "asks for the files that tell these causes apart; then run ece-check run --only webex --evidence FOLDER"
                    .to_owned(),
            command: Some("ece-check evidence request --for webex".to_owned()),
        }),
        Some(Protocol::Dns) => run("dns", "run it on the ECE server, as the user that runs ECE"),
        Some(Protocol::Tcp) => run("dns,tcp", "tests every address and port"),
        Some(Protocol::Tls) => run("tcp,tls", "shows who issued the certificate"),
        Some(Protocol::Https | Protocol::Proxy) => run("https", "shows what answers each request"),
        Some(Protocol::Smtp) => token_then("smtp"),
        Some(Protocol::Imap) => token_then("imap"),
        Some(Protocol::Pop3) => token_then("pop3"),
        Some(Protocol::Token | Protocol::Authorize) => Some(Next::text(
            "Entra admin center > Sign-in logs, with the correlation ID of the message: failure reason and policy",
        )),
        Some(Protocol::Graph) => run("directory,mailbox", "judges what Microsoft Graph or a file shows"),
        Some(Protocol::Scim) => Some(Next::text(
            "Entra admin center > Enterprise applications > the Webex application > Provisioning > Test connection",
        )),
        None => Some(Next::each_part()),
    }
}

/// Said of an error that Entra gives for many causes.
const UNSPECIFIC: &str = "This error alone is not specific: Entra gives it for many other causes too, such as MFA, Conditional \
    Access or a disabled account. Give the whole message with its AADSTS number, or find it in Entra admin center > Sign-in logs";

/// Whether a text has nothing but an error of OAuth 2.0 (RFC 6749, section 5.2), without Entra's number.
#[must_use]
pub fn is_unspecific(heard: &ErrorDetails) -> bool {
    let bare = heard.words.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    heard.aadsts.is_empty() && heard.error.as_deref().is_some_and(|error| bare == error)
}

/// Whether files about Webex show it, besides texts.
fn is_of_webex(cause: &Cause) -> bool {
    cause.signs.iter().any(|sign| matches!(&sign.shows, Shows::Finding { check, .. } if check.starts_with("webex.")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalogue::cause::{By, Shows, Sign};

    /// Whether words alone can show it: not where only a probe can.
    fn is_of_words(sign: &Sign) -> bool {
        match &sign.shows {
            Shows::Finding { words, .. } => !words.is_empty(),
            Shows::Failure(_) => sign.by != Some(By::Probe),
        }
    }

    /// Another cause may be as sure, never surer, but for one of which it is the reason: the same words can be a sample of several. Where a probe's facts decide
    /// besides the words, the words alone mean another cause.
    #[test]
    fn every_sample_finds_its_own_cause() {
        let catalogue = Catalogue::built_in();
        let mut wrong = Vec::new();
        for (cause, sign) in catalogue.signs().filter(|(_, sign)| is_of_words(sign)) {
            let meaning = explain(&sign.sample, None, &catalogue);
            let at = meaning.causes.iter().position(|meant| meant.cause.code == cause.code);
            let best = meaning.causes.first().map(|first| first.certainty);
            let is_reason =
                || meaning.causes.iter().any(|meant| diagnose::is_reason_of(&cause.code, &[&meant.cause.code]));
            let found = at.is_some_and(|at| Some(meaning.causes[at].certainty) == best || is_reason());
            if !found {
                let named: Vec<&str> = meaning.causes.iter().map(|meant| meant.cause.code.as_str()).collect();
                wrong.push(format!("{}: \"{}\" finds {named:?}", cause.code, sign.sample));
            }
        }
        assert!(wrong.is_empty(), "{} samples:\n{}", wrong.len(), wrong.join("\n"));
    }

    fn first(text: &str) -> (String, Certainty) {
        let catalogue = Catalogue::built_in();
        let meaning = explain(text, None, &catalogue);
        let first = meaning.causes.first().unwrap_or_else(|| panic!("nothing is known of {text}"));
        (first.cause.code.clone(), first.certainty)
    }

    #[test]
    fn what_a_table_says_of_a_code_counts_not_the_words_around_it() {
        let catalogue = Catalogue::built_in();
        for text in [
            "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS50058: A silent sign-in request was sent but no user is signed in.\"}",
            "smtp; 550 5.7.515 Access denied, sending domain does not meet the required authentication level",
            "550 5.4.316 Message expired, connection refused (Socket error code 10061)",
            "450 4.4.316 Connection refused [Message=Socket error code 10061]",
            "smtp: 550 5.9.9 authentication of the message failed",
        ] {
            let meaning = explain(text, None, &catalogue);
            let named: Vec<&str> = meaning.causes.iter().map(|meant| meant.cause.code.as_str()).collect();
            assert!(named.is_empty(), "{text} is {named:?}");
        }
        assert_eq!(
            first("535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant").0,
            "smtp-auth-disabled-tenant"
        );
    }

    #[test]
    fn the_refusal_inside_counts_not_what_libraries_put_around_it() {
        for (text, cause) in [
            (
                "System.Redactor.Mail.SmtpException: The SMTP server requires a secure connection or the client was not authenticated. The server \
                 response was: 5.7.57 Client not authenticated to send mail. Error: 535 5.7.139 Authentication unsuccessful, basic \
                 authentication is disabled.",
                "basic-auth-retired",
            ),
            (
                "javax.mail.AuthenticationFailedException: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for \
                 the Tenant.",
                "smtp-auth-disabled-tenant",
            ),
            (
                "smtplib.SMTPAuthenticationError: (550, b'5.7.30 Basic authentication is not supported for Client Submission.')",
                "basic-auth-retired",
            ),
            (
                "com.microsoft.aad.msal4j.MsalServiceException: AADSTS70002: Error. AADSTS7000222: The provided client secret keys are expired.",
                "client-secret-expired",
            ),
            (
                "error=access_denied&error_description=AADSTS65004%3a+User+declined+to+consent+to+access+the+app.",
                "consent-declined",
            ),
        ] {
            assert_eq!(first(text), (cause.to_owned(), Certainty::Certain), "{text}");
        }
    }

    #[test]
    fn a_reply_of_several_lines_is_one_sentence() {
        for (text, sentence) in [
            (
                "535-5.7.139 the user credentials\n535 5.7.139 were incorrect",
                "535-5.7.139 the user credentials were incorrect",
            ),
            ("535-5.7.139 a\n535-5.7.139 b\n535 5.7.139 c", "535-5.7.139 a b c"),
            (
                "(535, b'5.7.139 basic authentication is\n5.7.139 disabled')",
                "(535, b'5.7.139 basic authentication is disabled')",
            ),
            ("530 5.7.57 first. error: 535 5.7.3 second", "530 5.7.57 first. error: 535 5.7.3 second"),
            ("530 5.7.57 a\n530 5.7.57 b", "530 5.7.57 a 530 5.7.57 b"),
        ] {
            assert_eq!(extract::plain(text), sentence);
        }
        for hostile in
            ["300-5.7.300 300-5.7.300-5.7.300", "535-5.7.1ä 535-5.7.1ä", "5.7.1 5.7.1 5.7.1", "535-5.7.1 535-5.7.1"]
        {
            assert!(!extract::plain(hostile).is_empty());
        }
    }

    #[test]
    fn what_control_hub_copies_is_known() {
        let block = "Referrer: \nBrowser URL: https://admin.webex.com/settings\nStatus: 401\nStatus Text: Unauthorized\n\
            URL: https://identity-b-us.webex.com/extIntegration/azureAD/00000000-0000-0000-0000-000000000000/v1/WebexApplications/status\n\
            Error: {\n  \"error\": {\"key\": \"401\", \"message\": [{\"code\": \"701018\", \"description\": \"Request unauthorized.\"}]}\n}\n";
        assert_eq!(first(block).0, "webex-integration-app-removed");
    }

    #[test]
    fn what_a_code_of_entra_says_is_certain_and_why_it_is_so_stays_open() {
        let catalogue = Catalogue::built_in();
        for text in [
            "AADSTS700082: The refresh token has expired due to inactivity.",
            "{\"error\":\"invalid_grant\",\"error_description\":\"AADSTS700082: The refresh token has expired due to inactivity. The token \
             was issued on 2026-05-20T16:18:30Z and was inactive for 90.00:00:00.\",\"error_codes\":[700082]}",
        ] {
            let causes = explain(text, None, &catalogue).causes;
            let named: Vec<_> = causes.iter().map(|meant| (meant.cause.code.as_str(), meant.certainty)).collect();
            let open = ("refresh-token-not-rotated-by-client", Certainty::Possible);
            assert_eq!(named, [("refresh-token-expired", Certainty::Certain), open], "{text}");
        }
    }

    #[test]
    fn attempts_that_end_in_different_ways_leave_more_than_one_cause() {
        let named = |text: &str| {
            let catalogue = Catalogue::built_in();
            let causes = explain(text, None, &catalogue).causes;
            causes.iter().map(|meant| (meant.cause.code.clone(), meant.certainty)).collect::<Vec<_>>()
        };
        let both = "Connection failed to outlook.office365.com,993: Connection timed out; Can't connect: Network is unreachable";
        let causes = named(both);
        assert!(causes.len() > 1 && causes.iter().all(|(_, certainty)| *certainty != Certainty::Certain), "{causes:?}");
        for code in ["port-blocked", "no-route"] {
            assert!(causes.iter().any(|(named, _)| named == code), "{causes:?}");
        }
        let one = named("SMTP ERROR: Failed to connect to server: Network is unreachable (101)");
        assert_eq!(one, [("no-route".to_owned(), Certainty::Certain)]);
    }

    #[test]
    fn what_is_resolved_planned_or_of_others_names_no_cause() {
        let catalogue = Catalogue::built_in();
        for text in [
            "Resolved: the client secret had expired (AADSTS7000222). A new one was entered.",
            "Conditional Access policy 'Block legacy authentication' is in report-only mode",
            "ORA-28000: the account is locked",
            "mysqld: ready for connections. Version: '5.7.57'",
            "0 errors, 3 mailboxes tested: authentication succeeded, IMAP enabled",
        ] {
            let meaning = explain(text, None, &catalogue);
            assert!(meaning.causes.is_empty(), "{text}: {:?}", meaning.causes);
            assert!(meaning.next.is_some(), "{text}");
        }
    }

    #[test]
    fn a_hint_sorts_and_takes_nothing_away() {
        let catalogue = Catalogue::built_in();
        let without = explain("read ECONNRESET", None, &catalogue).causes.len();
        assert_eq!(explain("read ECONNRESET", Some(Channel::Imap), &catalogue).causes.len(), without);
    }

    #[test]
    fn an_unknown_text_means_nothing() {
        let catalogue = Catalogue::built_in();
        for text in ["", "all is well", "250 2.0.0 OK", "the quick brown fox"] {
            assert!(explain(text, None, &catalogue).causes.is_empty(), "{text}");
        }
    }

    /// Reading the catalogue takes longer than a case does.
    static CATALOGUE: std::sync::LazyLock<Catalogue> = std::sync::LazyLock::new(Catalogue::built_in);

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let text = String::from_utf8_lossy(&bytes);
            let heard = extract::extract(&text, &CATALOGUE.tables.phrases);
            prop_assert!(heard.len() < 400);
            let _ = redact::redact(&text);
        }

        #[test]
        fn codes_cut_anywhere_never_panic(cut in 0usize..200, tail in "\\PC{0,40}") {
            let text = "535 5.7.139 eyJhIjoxfQ== AADSTS7000222: \\u00e4 &quot; 4.7.500-\"error_codes\":[7000222] é 5.7.";
            let cut = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= cut).last().unwrap_or(0);
            let _ = extract::extract(&format!("{}{tail}", &text[..cut]), &CATALOGUE.tables.phrases);
        }

        #[test]
        fn no_token_survives_the_mask(a in "[A-Za-z0-9_-]{20,60}", b in "[A-Za-z0-9_-]{20,60}", c in "[A-Za-z0-9_-]{20,60}") {
            let masked = redact::redact(&format!("x token=eyJ{a}.eyJ{b}.{c} y"));
            prop_assert!(!masked.contains(&a) && !masked.contains(&b) && !masked.contains(&c));
        }
    }
}
