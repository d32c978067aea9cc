//! Mail access (RFC 3501) inside TLS, as Exchange Online offers it to somebody who has not signed in.

use super::{
    fault::Moment,
    talk::{Over, Talk},
};

const CHANGING: &[&str] = &[
    "APPEND",
    "COPY",
    "CREATE",
    "DELETE",
    "EXPUNGE",
    "MOVE",
    "RENAME",
    "SETMETADATA",
    "STORE",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
];
const CAPABILITIES: &str =
    "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+";

/// Speaks until the client or a fault ends it.
pub(super) async fn serve(talk: &mut Talk) -> Result<(), Over> {
    talk.encrypt().await?;
    let greeting = format!("* OK The Microsoft Exchange IMAP4 service is ready. [{}]\r\n", super::back_end(talk));
    talk.reply(Moment::Greeting, &greeting).await?;
    loop {
        let line = talk.line().await?;
        answer(talk, &line).await?;
    }
}

async fn answer(talk: &mut Talk, line: &str) -> Result<(), Over> {
    let mut words = line.split_whitespace();
    let (tag, mut word) = (words.next().unwrap_or("*"), words.next().unwrap_or_default().to_ascii_uppercase());
    if word == "UID" {
        word = words.next().unwrap_or_default().to_ascii_uppercase();
    }
    talk.counter.command(&word, CHANGING);
    match word.as_str() {
        "CAPABILITY" => {
            let text = format!("* CAPABILITY {CAPABILITIES}\r\n{tag} OK CAPABILITY completed.\r\n");
            talk.reply_tagged(Moment::Capabilities, &text, tag).await
        }
        "NOOP" => talk.say(&format!("{tag} OK NOOP completed.\r\n")).await,
        "ID" => {
            talk.say(&format!("* ID (\"name\" \"Microsoft.Exchange.Imap4.Imap4Server\")\r\n{tag} OK ID completed\r\n"))
                .await
        }
        "AUTHENTICATE" => sign_in(talk, tag, words.next().unwrap_or_default(), words.next().is_some()).await,
        "LOGIN" => talk.say(&format!("{tag} NO LOGIN failed.\r\n")).await,
        "LOGOUT" => {
            let goodbye = "* BYE Microsoft Exchange Server IMAP4 server signing off.";
            talk.say(&format!("{goodbye}\r\n{tag} OK LOGOUT completed.\r\n")).await?;
            Err(Over)
        }
        "" => talk.say(&format!("{tag} BAD Command Error. 10\r\n")).await,
        _ => talk.say(&format!("{tag} BAD Command received in Invalid state.\r\n")).await,
    }
}

/// Takes what a client sends as credentials, and refuses it.
async fn sign_in(talk: &mut Talk, tag: &str, mechanism: &str, has_response: bool) -> Result<(), Over> {
    if !["XOAUTH2", "PLAIN"].iter().any(|known| known.eq_ignore_ascii_case(mechanism)) {
        return talk.say(&format!("{tag} NO Unsupported authentication mechanism.\r\n")).await;
    }
    if !has_response {
        talk.say("+ \r\n").await?;
        talk.line().await?;
    }
    talk.say(&format!("{tag} NO AUTHENTICATE failed.\r\n")).await
}
