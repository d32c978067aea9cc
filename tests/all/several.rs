//! Several messages that were pasted together: what each names alone it names in company, in any order and form.

use std::collections::BTreeMap;

use ece_check::{
    catalogue::Catalogue,
    explain::{explain, log::Log, several},
    finding::Certainty,
};

use crate::program::Place;

/// Error texts of the lab and of Java, of each protocol.
const TEXTS: [&str; 12] = [
    "A1 NO AUTHENTICATE failed.",
    "A3 BAD User is authenticated but not connected.",
    "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.",
    "535 5.7.3 Authentication unsuccessful",
    "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    "-ERR Logon failure: unknown user name or bad password.",
    "AADSTS7000222: The provided client secret keys for app 'aaaaaaaa-0000-4000-8000-00000000000a' are expired.",
    "AADSTS50034: The user account sales@example.com does not exist in the tenant.",
    "java.net.UnknownHostException: smtp.ofice365.com",
    "javax.net.ssl.SSLHandshakeException: PKIX path building failed: unable to find valid certification path to requested target",
    "Connection timed out: connect to outlook.office365.com:993",
    "java.net.ConnectException: Connection refused: connect to smtp.office365.com:587",
];

/// The ways in which two messages are pasted.
const WAYS: [fn(&str, &str) -> String; 4] = [
    |one, other| format!("{one}\n{other}"),
    |one, other| format!("{one}\n\n{other}\n"),
    |one, other| format!("Receiving:\n{one}\nSending:\n{other}\n"),
    |one, other| format!("> {one}\n> {other}\n"),
];

type Causes = BTreeMap<String, Certainty>;

/// What a text that was pasted names.
fn pasted(text: &str, catalogue: &Catalogue) -> Causes {
    let whole = explain(text, None, catalogue);
    match several::read(text, &whole, None, catalogue) {
        Some(log) => told(&log),
        None => whole.causes.iter().map(|meant| (meant.cause.code.clone(), meant.certainty)).collect(),
    }
}

fn told(log: &Log<'_>) -> Causes {
    log.told().into_iter().map(|told| (told.cause, told.certainty)).collect()
}

/// The causes that are not in what both together name, or are less sure there.
fn lost(alone: &Causes, both: &Causes) -> Vec<String> {
    let is_lost = |(cause, sure): &(&String, &Certainty)| both.get(*cause).is_none_or(|in_company| in_company > *sure);
    alone.iter().filter(is_lost).map(|(cause, sure)| format!("{cause} {sure:?}")).collect()
}

/// A line about the connection and an exception of the handshake are what a program writes of one failure.
fn is_line_and_exception(one: &str, other: &str) -> bool {
    one.starts_with("Connection timed out") && other.starts_with("javax.net.ssl")
}

#[test]
fn what_a_message_names_alone_it_names_beside_another() {
    let catalogue = Catalogue::built_in();
    let alone: Vec<Causes> = TEXTS.iter().map(|text| pasted(text, &catalogue)).collect();
    assert!(alone.iter().all(|causes| !causes.is_empty()), "{alone:#?}");
    let mut wrong = Vec::new();
    for (nth, (one, of_one)) in TEXTS.iter().zip(&alone).enumerate() {
        for (other, of_other) in TEXTS.iter().zip(&alone).filter(|(other, _)| *other != one) {
            if is_line_and_exception(one, other) || is_line_and_exception(other, one) {
                continue;
            }
            let way = WAYS[(nth + other.len()) % WAYS.len()];
            let text = way(one, other);
            let both = pasted(&text, &catalogue);
            let lost = [lost(of_one, &both), lost(of_other, &both)].concat();
            if !lost.is_empty() {
                wrong.push(format!("{text:?} loses {lost:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} texts:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn lines_of_a_log_with_times_and_threads_lose_nothing() {
    let catalogue = Catalogue::built_in();
    let line = |(second, text): (usize, &&str)| {
        format!("2026-11-30 08:00:{second:02},114 ERROR [Retriever-{second}] {text}\n")
    };
    let of_log = |text: &str| {
        let mut log = Log::new(&catalogue, None);
        log.push(text.as_bytes());
        log.flush();
        told(&log)
    };
    let lines: Vec<String> = TEXTS.iter().enumerate().map(line).collect();
    let alone: Vec<Causes> = lines.iter().map(|line| of_log(line)).collect();
    for (one, of_one) in lines.iter().zip(&alone) {
        for (other, of_other) in lines.iter().zip(&alone).filter(|(other, _)| *other != one) {
            let both = of_log(&format!("{one}{other}"));
            let lost = [lost(of_one, &both), lost(of_other, &both)].concat();
            assert!(lost.is_empty(), "{one}{other} loses {lost:?}");
        }
    }
}

#[test]
fn every_message_has_its_item_whether_given_as_file_or_as_text() {
    let imap = "A1 NO AUTHENTICATE failed.";
    let smtp = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.";
    let place = Place::new();
    for (one, other) in [(imap, smtp), (smtp, imap)] {
        let text = format!("{one}\n{other}\n");
        place.write("p.txt", &text);
        for told in [place.call(&["explain", "-f", "p.txt"]), place.call(&["explain", &text])] {
            let told = told.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            for words in ["(confirmed, once)", "smtp-auth-disabled-mailbox", "possible causes (possible, once)"] {
                assert!(told.contains(words), "{words}: {told}");
            }
        }
    }
    let line = format!(
        "SMTP: {smtp} / POP: -ERR Logon failure. / token: AADSTS7000222: The provided client secret keys are expired."
    );
    let told = place.call(&["explain", &line]).stdout;
    for cause in ["smtp-auth-disabled-mailbox", "client-secret-expired", "possible causes"] {
        assert!(told.contains(cause), "{cause}: {told}");
    }
}

/// Real texts are one message each: what is named in them stays named.
#[test]
fn text_of_one_message_keeps_its_first_cause() {
    let catalogue = Catalogue::built_in();
    let lines = include_str!("accuracy/corpus.jsonl").lines().chain(include_str!("accuracy/unseen.jsonl").lines());
    let mut wrong = Vec::new();
    for line in lines {
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let text = line["text"].as_str().expect("a text");
        let whole = explain(text, None, &catalogue);
        let Some(log) = several::read(text, &whole, None, &catalogue) else { continue };
        println!("several: {text:?}");
        let first = whole.causes.first().map(|first| first.cause.code.clone());
        if first.is_some_and(|first| !told(&log).contains_key(&first)) {
            wrong.push(format!("{text:?} is {:?}", told(&log)));
        }
    }
    assert!(wrong.is_empty(), "{} texts:\n{}", wrong.len(), wrong.join("\n"));
}

/// In a text by a person a code can be denied, asked about, cited or fixed: it is possible at most, and the others stay.
#[test]
fn codes_that_a_sentence_only_mentions_are_not_confirmed() {
    let catalogue = Catalogue::built_in();
    for (text, mentioned, stated) in [
        (
            "Hello, do you see AADSTS700082? No. In the log of ECE there is another one. We see: Connection timed out: connect to \
             outlook.office365.com:993",
            "refresh-token-expired",
            Some("port-blocked"),
        ),
        ("Example from the docs: AADSTS50034: The user account does not exist in the tenant.", "user-not-found", None),
        (
            "FYI fixed on Monday: AADSTS7000222 (secret renewed). Since Tuesday: 550 5.7.708 Service unavailable. Access denied, \
             traffic not accepted from this IP.",
            "client-secret-expired",
            Some("tenant-sending-blocked"),
        ),
        (
            "We do NOT get AADSTS50076 any more since MFA was excluded. Now ECE says: AADSTS7000222: The provided client secret \
             keys are expired.",
            "mfa-required",
            Some("client-secret-expired"),
        ),
    ] {
        let named = pasted(text, &catalogue);
        assert!(named.get(mentioned).is_none_or(|sure| *sure == Certainty::Possible), "{text}: {named:?}");
        match stated {
            Some(cause) => {
                assert!(named.get(cause).is_some_and(|sure| *sure < Certainty::Possible), "{text}: {named:?}");
            }
            None => assert!(named.values().all(|sure| *sure == Certainty::Possible), "{text}: {named:?}"),
        }
    }
}
