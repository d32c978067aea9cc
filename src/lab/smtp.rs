//! Mail submission (RFC 5321, RFC 6409) with STARTTLS (RFC 3207), as Exchange Online offers it to somebody who has not
//! signed in. Nobody can sign in yet, and no mail is taken.

use std::fmt::Write;

use super::{
    fault::Moment,
    talk::{Over, Talk},
};

const CHANGING: &[&str] = &["MAIL", "RCPT", "DATA", "BDAT"];
const OFFERED_BEFORE_TLS: &[&str] = &[
    "SIZE 157286400",
    "PIPELINING",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "STARTTLS",
    "8BITMIME",
    "BINARYMIME",
    "CHUNKING",
    "SMTPUTF8",
];
const OFFERED_IN_TLS: &[&str] = &[
    "SIZE 157286400",
    "PIPELINING",
    "DSN",
    "ENHANCEDSTATUSCODES",
    "AUTH LOGIN XOAUTH2",
    "8BITMIME",
    "BINARYMIME",
    "CHUNKING",
    "SMTPUTF8",
];

/// Speaks until the client or a fault ends it.
pub(super) async fn serve(talk: &mut Talk) -> Result<(), Over> {
    if talk.endpoint.tls.at_once {
        talk.encrypt().await?;
    }
    let machine = talk.endpoint.host.machine;
    let date = talk.now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    let greeting = format!("220 {machine} Microsoft ESMTP MAIL Service ready at {date}\r\n");
    talk.reply(Moment::Greeting, &greeting).await?;
    loop {
        let line = talk.line().await?;
        answer(talk, &line).await?;
    }
}

async fn answer(talk: &mut Talk, line: &str) -> Result<(), Over> {
    let word = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    talk.counter.command(&word, CHANGING);
    match word.as_str() {
        "EHLO" => hello(talk).await,
        "HELO" => {
            let text = format!("250 {} Hello [127.0.0.1]\r\n", talk.endpoint.host.machine);
            talk.say(&text).await
        }
        "STARTTLS" => start_tls(talk).await,
        "AUTH" => sign_in(talk, line).await,
        "NOOP" => talk.say("250 2.0.0 OK\r\n").await,
        "RSET" => talk.say("250 2.0.0 Resetting\r\n").await,
        "MAIL" if talk.is_encrypted() => {
            let text =
                format!("530 5.7.57 Client not authenticated to send mail. [{}]\r\n", talk.endpoint.host.machine);
            talk.say(&text).await
        }
        "MAIL" => {
            let text = format!("451 5.7.3 STARTTLS is required to send mail [{}]\r\n", talk.endpoint.host.machine);
            talk.say(&text).await
        }
        "RCPT" | "DATA" | "BDAT" => talk.say("503 5.5.1 Bad sequence of commands\r\n").await,
        "QUIT" => {
            talk.say("221 2.0.0 Service closing transmission channel\r\n").await?;
            Err(Over)
        }
        _ => talk.say("500 5.3.3 Unrecognized command\r\n").await,
    }
}

async fn hello(talk: &mut Talk) -> Result<(), Over> {
    let (moment, offered) =
        if talk.is_encrypted() { (Moment::Capabilities, OFFERED_IN_TLS) } else { (Moment::Ehlo, OFFERED_BEFORE_TLS) };
    let mut text = format!("250-{} Hello [127.0.0.1]\r\n", talk.endpoint.host.machine);
    for (place, word) in offered.iter().enumerate() {
        let mark = if place + 1 == offered.len() { ' ' } else { '-' };
        let _ = write!(text, "250{mark}{word}\r\n");
    }
    talk.reply(moment, &text).await
}

async fn start_tls(talk: &mut Talk) -> Result<(), Over> {
    if talk.is_encrypted() {
        return talk.say("503 5.5.2 Only one STARTTLS command can be issued per session\r\n").await;
    }
    talk.reply(Moment::Starttls, "220 2.0.0 SMTP server ready\r\n").await?;
    if talk.endpoint.agrees_to_starttls() { talk.encrypt().await } else { Ok(()) }
}

/// Takes what a client sends as credentials, and refuses it.
async fn sign_in(talk: &mut Talk, line: &str) -> Result<(), Over> {
    let mut words = line.split_whitespace().skip(1);
    let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
    let has_response = words.next().is_some();
    let prompts: &[&str] = match (mechanism.as_str(), has_response) {
        _ if !talk.is_encrypted() => return talk.say("504 5.7.4 Unrecognized authentication type\r\n").await,
        ("XOAUTH2", true) => &[],
        ("XOAUTH2", false) => &["334 \r\n"],
        ("LOGIN", true) => &["334 UGFzc3dvcmQ6\r\n"],
        ("LOGIN", false) => &["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"],
        _ => return talk.say("504 5.7.4 Unrecognized authentication type\r\n").await,
    };
    for prompt in prompts {
        talk.say(prompt).await?;
        talk.line().await?;
    }
    let text = format!("535 5.7.3 Authentication unsuccessful [{}]\r\n", talk.endpoint.host.machine);
    talk.say(&text).await
}
