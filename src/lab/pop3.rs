//! Mail pick-up (RFC 1939, CAPA of RFC 2449, AUTH of RFC 5034) inside TLS, as Exchange Online offers it to somebody who
//! has not signed in.

use super::{
    fault::Moment,
    talk::{Over, Talk},
};

const CHANGING: &[&str] = &["DELE"];
const CAPABILITIES: &str = "+OK\r\nTOP\r\nUIDL\r\nSASL PLAIN XOAUTH2\r\nUSER\r\n.\r\n";

/// Speaks until the client or a fault ends it.
pub(super) async fn serve(talk: &mut Talk) -> Result<(), Over> {
    talk.encrypt().await?;
    let greeting = format!("+OK The Microsoft Exchange POP3 service is ready. [{}]\r\n", super::back_end(talk));
    talk.reply(Moment::Greeting, &greeting).await?;
    loop {
        let line = talk.line().await?;
        answer(talk, &line).await?;
    }
}

async fn answer(talk: &mut Talk, line: &str) -> Result<(), Over> {
    let mut words = line.split_whitespace();
    let word = words.next().unwrap_or_default().to_ascii_uppercase();
    talk.counter.command(&word, CHANGING);
    match word.as_str() {
        "CAPA" => talk.reply(Moment::Capabilities, CAPABILITIES).await,
        "AUTH" => sign_in(talk, words.next(), words.next().is_some()).await,
        "PASS" => talk.say("-ERR Logon failure: unknown user name or bad password.\r\n").await,
        "USER" | "NOOP" => talk.say("+OK\r\n").await,
        "QUIT" => {
            talk.say("+OK Microsoft Exchange Server POP3 server signing off.\r\n").await?;
            Err(Over)
        }
        "STAT" | "LIST" | "RETR" | "DELE" | "RSET" | "TOP" | "UIDL" => {
            talk.say("-ERR Command is not valid in this state.\r\n").await
        }
        _ => talk.say("-ERR Protocol error. 14\r\n").await,
    }
}

/// Takes what a client sends as credentials, and refuses it.
async fn sign_in(talk: &mut Talk, mechanism: Option<&str>, has_response: bool) -> Result<(), Over> {
    let Some(mechanism) = mechanism else {
        return talk.say("+OK\r\nPLAIN\r\nXOAUTH2\r\n.\r\n").await;
    };
    if !["XOAUTH2", "PLAIN"].iter().any(|known| known.eq_ignore_ascii_case(mechanism)) {
        return talk.say("-ERR Protocol error. 14\r\n").await;
    }
    if !has_response {
        talk.say("+ \r\n").await?;
        talk.line().await?;
    }
    talk.say("-ERR Authentication failure: unknown user name or bad password.\r\n").await
}
