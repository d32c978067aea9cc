//! Mail pick-up (RFC 1939, CAPA of RFC 2449, AUTH of RFC 5034) inside TLS with XOAUTH2, as Exchange Online offers it.

use super::{
    connection::{Connection, Hangup},
    exchange::{Protocol, Session},
    fault::Moment,
    mailstore::Message,
};

const CHANGING: &[&str] = &["DELE"];
const CAPABILITIES: &str = "+OK\r\nTOP\r\nUIDL\r\nSASL PLAIN XOAUTH2\r\nUSER\r\n.\r\n";
/// The longest line with a token that is taken, in characters (<https://github.com/jstedfast/MailKit/issues/1948>).
const LONGEST_TOKEN: usize = 4096;
const NO_SUCH_MESSAGE: &str = "-ERR The specified message does not exist.\r\n";

/// A mailbox that is open, as it was at the sign-in.
struct Open {
    session: Session,
    messages: Vec<Message>,
    deleted: Vec<u32>,
}

/// Speaks until the client or a fault ends it.
pub(super) async fn serve(connection: &mut Connection) -> Result<(), Hangup> {
    connection.encrypt().await?;
    let greeting = format!("+OK The Microsoft Exchange POP3 service is ready. [{}]\r\n", super::back_end(connection));
    connection.reply(Moment::Greeting, &greeting).await?;
    let mut open = None;
    loop {
        let line = connection.line().await?;
        answer(connection, &mut open, &line).await?;
    }
}

async fn answer(connection: &mut Connection, open: &mut Option<Open>, line: &str) -> Result<(), Hangup> {
    let mut words = line.split_whitespace();
    let word = words.next().unwrap_or_default().to_ascii_uppercase();
    connection.counters.command(&word, CHANGING);
    match (word.as_str(), open.as_mut()) {
        ("CAPA", _) => connection.reply(Moment::Capabilities, CAPABILITIES).await,
        ("QUIT", _) => {
            if let Some(open) = open.take() {
                open.close(connection);
            }
            connection.say("+OK Microsoft Exchange Server POP3 server signing off.\r\n").await?;
            Err(Hangup)
        }
        ("NOOP", _) | ("USER", None) => connection.say("+OK\r\n").await,
        ("AUTH", None) => {
            *open = sign_in(connection, words.next(), words.next().is_some()).await?;
            Ok(())
        }
        ("PASS", None) => connection.say("-ERR Logon failure: unknown user name or bad password.\r\n").await,
        ("STAT", Some(open)) => connection.reply(Moment::Open, &open.sizes()).await,
        ("LIST" | "UIDL" | "RETR" | "TOP" | "DELE" | "RSET", Some(open)) => {
            let arguments: Vec<_> = words.collect();
            connection.say(&open.answer(&word, &arguments)).await
        }
        ("AUTH" | "USER" | "PASS" | "STAT" | "LIST" | "RETR" | "DELE" | "RSET" | "TOP" | "UIDL", _) => {
            connection.say("-ERR Command is not valid in this state.\r\n").await
        }
        _ => connection.say("-ERR Protocol error. 14\r\n").await,
    }
}

/// Takes a token on a line of its own. On the line of the command Exchange Online does not want it.
async fn sign_in(
    connection: &mut Connection,
    mechanism: Option<&str>,
    in_one_line: bool,
) -> Result<Option<Open>, Hangup> {
    let mechanism = mechanism.unwrap_or_default().to_ascii_uppercase();
    match mechanism.as_str() {
        "" => connection.say("+OK\r\nPLAIN\r\nXOAUTH2\r\n.\r\n").await?,
        "XOAUTH2" if in_one_line => return hang_up(connection).await,
        "XOAUTH2" => {
            connection.say("+ \r\n").await?;
            let response = connection.line().await?;
            return if response.len() > LONGEST_TOKEN {
                hang_up(connection).await
            } else {
                open(connection, &response).await
            };
        }
        "PLAIN" => {
            if !in_one_line {
                connection.say("+ \r\n").await?;
                connection.line().await?;
            }
            connection.say("-ERR Authentication failure: unknown user name or bad password.\r\n").await?;
        }
        _ => connection.say("-ERR Protocol error. 14\r\n").await?,
    }
    Ok(None)
}

async fn hang_up(connection: &mut Connection) -> Result<Option<Open>, Hangup> {
    connection.say("-ERR Protocol error. Connection is closed. 10\r\n").await?;
    Err(Hangup)
}

async fn open(connection: &mut Connection, response: &str) -> Result<Option<Open>, Hangup> {
    if !connection.endpoint.agrees(Moment::Authenticate) {
        connection.counters.refusal(Protocol::Pop3.name());
        connection.reply(Moment::Authenticate, "").await?;
        return Ok(None);
    }
    let (cloud, now) = (connection.cloud.clone(), connection.now());
    let Ok(session) = cloud.sign_in(Protocol::Pop3, response, now).await else {
        connection.say("-ERR Authentication failure: unknown user name or bad password.\r\n").await?;
        return Ok(None);
    };
    let inbox = |folder: &super::mailstore::Folder| folder.messages.clone();
    let messages =
        cloud.mailstore.open(&session.mailbox, |folders| folders.get("INBOX").map(inbox).unwrap_or_default());
    connection.reply(Moment::Authenticate, "+OK User successfully authenticated.\r\n").await?;
    Ok(Some(Open { session, messages, deleted: Vec::new() }))
}

impl Open {
    fn answer(&mut self, word: &str, arguments: &[&str]) -> String {
        let number = arguments.first().and_then(|text| text.parse::<usize>().ok());
        match (word, number) {
            ("RSET", _) => {
                self.deleted.clear();
                "+OK\r\n".into()
            }
            ("LIST" | "UIDL", None) => {
                let lines: String = self.kept().map(|(number, message)| line(word, number, message)).collect();
                format!("+OK\r\n{lines}.\r\n")
            }
            (_, Some(number)) => {
                let message = self.kept().find(|(one, _)| *one == number).map(|(_, message)| message.clone());
                message.map_or(NO_SUCH_MESSAGE.into(), |message| self.with_one(word, number, &message, arguments))
            }
            _ => "-ERR Protocol error. 14\r\n".into(),
        }
    }

    fn with_one(&mut self, word: &str, number: usize, message: &Message, arguments: &[&str]) -> String {
        match word {
            "DELE" => {
                self.deleted.push(message.uid);
                "+OK\r\n".into()
            }
            "RETR" => format!("+OK\r\n{}.\r\n", stuffed(&message.text)),
            "TOP" => {
                let lines = arguments.get(1).and_then(|text| text.parse().ok()).unwrap_or(0);
                let (head, body) = message.text.split_once("\r\n\r\n").unwrap_or((&message.text, ""));
                let body: String = body.split_inclusive("\r\n").take(lines).collect();
                format!("+OK\r\n{}.\r\n", stuffed(&format!("{head}\r\n\r\n{body}")))
            }
            _ => format!("+OK {}", line(word, number, message)),
        }
    }

    fn kept(&self) -> impl Iterator<Item = (usize, &Message)> {
        let all = self.messages.iter().enumerate().map(|(index, message)| (index + 1, message));
        all.filter(|(_, message)| !self.deleted.contains(&message.uid))
    }

    fn sizes(&self) -> String {
        let bytes: usize = self.kept().map(|(_, message)| message.text.len()).sum();
        format!("+OK {} {bytes}\r\n", self.kept().count())
    }

    /// Deletes what was marked: QUIT does it, and a lost connection does not (RFC 1939 section 6).
    fn close(self, connection: &Connection) {
        connection.cloud.mailstore.open(&self.session.mailbox, |folders| {
            if let Some(inbox) = folders.get_mut("INBOX") {
                inbox.messages.retain(|message| !self.deleted.contains(&message.uid));
            }
        });
    }
}

fn line(word: &str, number: usize, message: &Message) -> String {
    match word {
        "UIDL" => format!("{number} {}\r\n", message.uid),
        _ => format!("{number} {}\r\n", message.text.len()),
    }
}

/// The lines of a message, with a dot more where one stands in front (RFC 1939 section 3).
fn stuffed(text: &str) -> String {
    let text: String = text
        .split_inclusive("\r\n")
        .map(|line| if line.starts_with('.') { format!(".{line}") } else { line.to_owned() })
        .collect();
    if text.ends_with("\r\n") { text } else { format!("{text}\r\n") }
}
