//! Mail submission (RFC 5321, RFC 6409) with STARTTLS (RFC 3207) and XOAUTH2, as Exchange Online offers it.
//!
//! A message is taken from whoever may send as its sender, and put into the inboxes of those of its recipients that are
//! in the tenant; no message leaves the lab.

use std::fmt::Write;

use super::{
    connection::{Connection, Hangup},
    exchange::{Protocol, Refused, Session},
    fault::Moment,
    mailstore::LARGEST,
    tenant::Mailbox,
};

const CHANGING: &[&str] = &["DATA", "BDAT"];
const MOST_RECIPIENTS: usize = 100;
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

/// One conversation.
#[derive(Default)]
struct Submission {
    session: Option<Session>,
    sender: Option<String>,
    recipients: Vec<String>,
}

/// Speaks until the client or a fault ends it.
pub(super) async fn serve(connection: &mut Connection) -> Result<(), Hangup> {
    if connection.endpoint.tls.at_once {
        connection.encrypt().await?;
    }
    let machine = connection.endpoint.host.machine;
    let date = connection.now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    let greeting = format!("220 {machine} Microsoft ESMTP MAIL Service ready at {date}\r\n");
    connection.reply(Moment::Greeting, &greeting).await?;
    let mut submission = Submission::default();
    loop {
        let line = connection.line().await?;
        submission.answer(connection, &line).await?;
    }
}

impl Submission {
    async fn answer(&mut self, connection: &mut Connection, line: &str) -> Result<(), Hangup> {
        let word = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        connection.counters.command(&word, CHANGING);
        match word.as_str() {
            "EHLO" => hello(connection).await,
            "HELO" => {
                let text = format!("250 {} Hello [127.0.0.1]\r\n", connection.endpoint.host.machine);
                connection.say(&text).await
            }
            "STARTTLS" => start_tls(connection).await,
            "AUTH" => self.sign_in(connection, line).await,
            "NOOP" => connection.say("250 2.0.0 OK\r\n").await,
            "RSET" => {
                self.forget();
                connection.say("250 2.0.0 Resetting\r\n").await
            }
            "MAIL" => self.begin(connection, line).await,
            "RCPT" => self.add_recipient(connection, line).await,
            "DATA" => self.take(connection).await,
            "BDAT" => connection.say("503 5.5.1 Bad sequence of commands\r\n").await,
            "QUIT" => {
                self.session = None;
                connection.say("221 2.0.0 Service closing transmission channel\r\n").await?;
                Err(Hangup)
            }
            _ => connection.say("500 5.3.3 Unrecognized command\r\n").await,
        }
    }

    fn forget(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    async fn sign_in(&mut self, connection: &mut Connection, line: &str) -> Result<(), Hangup> {
        let mut words = line.split_whitespace().skip(1);
        let mechanism = words.next().unwrap_or_default().to_ascii_uppercase();
        let given = words.next().map(ToOwned::to_owned);
        if self.session.is_some() {
            return connection.say("503 5.5.2 Already authenticated\r\n").await;
        }
        match mechanism.as_str() {
            "XOAUTH2" if connection.is_encrypted() => self.sign_in_with_token(connection, given).await,
            "LOGIN" if connection.is_encrypted() => refuse_password(connection, given.is_some()).await,
            _ => connection.say("504 5.7.4 Unrecognized authentication type\r\n").await,
        }
    }

    async fn sign_in_with_token(&mut self, connection: &mut Connection, given: Option<String>) -> Result<(), Hangup> {
        let response = if let Some(response) = given {
            response
        } else {
            connection.say("334 \r\n").await?;
            connection.line().await?
        };
        let (cloud, now, machine) = (connection.cloud.clone(), connection.now(), connection.endpoint.host.machine);
        if !connection.endpoint.agrees(Moment::Authenticate) {
            connection.counters.refusal(Protocol::Smtp.name());
            return connection.reply(Moment::Authenticate, "").await;
        }
        let words = match cloud.sign_in(Protocol::Smtp, &response, now).await {
            Ok(session) => {
                self.session = Some(session);
                return connection.reply(Moment::Authenticate, "235 2.7.0 Authentication successful\r\n").await;
            }
            Err(Refused::NotTaken) => "535 5.7.3 Authentication unsuccessful",
            Err(Refused::NoAddress) => "501 5.5.124 Invalid XOAUTH2 auth data - User address provided is not valid.",
            Err(Refused::OffInTenant) => {
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit \
                 https://aka.ms/smtp_auth_disabled for more information."
            }
            Err(Refused::OffForMailbox) => {
                "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox. Visit \
                 https://aka.ms/smtp_auth_disabled for more information."
            }
            Err(Refused::TooMany) => {
                let text = format!(
                    "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more \
                     information. [Hostname={machine}]\r\n"
                );
                return connection.say(&text).await;
            }
        };
        connection.say(&format!("{words} [{machine}]\r\n")).await
    }

    async fn begin(&mut self, connection: &mut Connection, line: &str) -> Result<(), Hangup> {
        let machine = connection.endpoint.host.machine;
        let Some(session) = &self.session else {
            let words = if connection.is_encrypted() {
                "530 5.7.57 Client not authenticated to send mail."
            } else {
                "451 5.7.3 STARTTLS is required to send mail"
            };
            return connection.say(&format!("{words} [{machine}]\r\n")).await;
        };
        let Some(sender) = path(line, "FROM:") else {
            return connection.say("501 5.5.4 Invalid arguments\r\n").await;
        };
        if self.sender.is_some() {
            return connection.say("503 5.5.2 Sender already specified\r\n").await;
        }
        let waits = connection.cloud.tenant.mailbox(&sender).is_some_and(|mailbox| mailbox.told_at_message);
        if !waits && !connection.cloud.may_send_as(session, &sender) {
            let words = "550 5.7.60 SMTP; Client does not have permissions to send as this sender";
            return connection.say(&format!("{words} [{machine}]\r\n")).await;
        }
        self.sender = connection.endpoint.agrees(Moment::Sender).then_some(sender);
        connection.reply(Moment::Sender, "250 2.1.0 Sender OK\r\n").await
    }

    async fn add_recipient(&mut self, connection: &mut Connection, line: &str) -> Result<(), Hangup> {
        if self.sender.is_none() {
            return connection.say("503 5.5.2 Need mail command\r\n").await;
        }
        let Some(recipient) = path(line, "TO:").filter(|address| address.contains('@')) else {
            return connection.say("501 5.1.3 Invalid address\r\n").await;
        };
        if self.recipients.len() == MOST_RECIPIENTS {
            return connection.say("452 4.5.3 Too many recipients\r\n").await;
        }
        if !connection.cloud.takes_mail_for(&recipient) {
            let refusal = "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup\r\n";
            return connection.say(refusal).await;
        }
        if connection.endpoint.agrees(Moment::Recipient) {
            self.recipients.push(recipient);
        }
        connection.reply(Moment::Recipient, "250 2.1.5 Recipient OK\r\n").await
    }

    async fn take(&mut self, connection: &mut Connection) -> Result<(), Hangup> {
        if self.recipients.is_empty() {
            return connection.say("503 5.5.2 Need rcpt command\r\n").await;
        }
        connection.reply(Moment::Data, "354 Start mail input; end with <CRLF>.<CRLF>\r\n").await?;
        if !connection.endpoint.agrees(Moment::Data) {
            return Ok(());
        }
        let message = read(connection).await?;
        let answer = self.deliver(connection, message);
        self.forget();
        connection.reply(Moment::Message, &answer).await
    }

    /// Puts the message where it belongs, and says how that went.
    fn deliver(&self, connection: &Connection, message: Option<String>) -> String {
        let (machine, cloud, now) = (connection.endpoint.host.machine, &connection.cloud, connection.now());
        let (Some(session), Some(message)) = (&self.session, message) else {
            return "552 5.3.4 Message size exceeds fixed maximum message size\r\n".into();
        };
        if !connection.endpoint.agrees(Moment::Message) {
            return String::new();
        }
        if !from(&message).is_none_or(|sender| cloud.may_send_as(session, &sender)) {
            return format!(
                "554 5.2.252 SendAsDenied; {} not allowed to send as this sender; STOREDRV.Submission.Exception:\
                 SendAsDeniedException.MapiExceptionSendAsDenied; Failed to process message due to a permanent exception \
                 with message Cannot submit message. [Hostname={machine}]\r\n",
                session.mailbox
            );
        }
        let inside = self.recipients.iter().filter_map(|address| cloud.tenant.mailbox(address));
        for mailbox in inside.clone().filter(|mailbox| mailbox.is_there()) {
            if !arrive(connection, mailbox, &message) {
                return "452 4.3.1 Insufficient system resources\r\n".into();
            }
            cloud.counters.delivery(&mailbox.address);
        }
        (inside.count()..self.recipients.len()).for_each(|_| cloud.counters.delivery("elsewhere"));
        cloud.mailstore.deliver(&session.mailbox, "Sent Items", &message, now);
        format!("250 2.0.0 OK <{}@{machine}> [Hostname={machine}]\r\n", cloud.token_issuer.word(12))
    }
}

/// Lets a message arrive, at once or later; false when the lab is full.
fn arrive(connection: &Connection, mailbox: &Mailbox, message: &str) -> bool {
    let Some(folder) = mailbox.folder() else { return true };
    if mailbox.arrives_after.is_zero() {
        return connection.cloud.mailstore.deliver(&mailbox.address, folder, message, connection.now());
    }
    let (cloud, now) = (connection.cloud.clone(), connection.now());
    let (address, message, late) = (mailbox.address.clone(), message.to_owned(), mailbox.arrives_after);
    tokio::spawn(async move {
        tokio::time::sleep(late).await;
        cloud.mailstore.deliver(&address, folder, &message, now);
    });
    true
}

/// Reads a message up to the lonely dot; none when it is too long. Doubled dots are made single (RFC 5321 section 4.5.2).
async fn read(connection: &mut Connection) -> Result<Option<String>, Hangup> {
    let (mut message, mut is_whole) = (String::new(), true);
    loop {
        let line = connection.line().await?;
        if line == "." {
            return Ok(is_whole.then_some(message));
        }
        is_whole &= message.len() + line.len() < LARGEST;
        if is_whole {
            message.push_str(line.strip_prefix('.').unwrap_or(&line));
            message.push_str("\r\n");
        }
    }
}

/// The address between angle brackets behind this word.
fn path(line: &str, word: &str) -> Option<String> {
    let rest = line.split_once(' ')?.1.trim_start();
    let start = rest.get(..word.len())?;
    let path = rest[word.len()..].trim_start().strip_prefix('<')?.split_once('>')?.0;
    start.eq_ignore_ascii_case(word).then(|| path.to_owned())
}

/// The address of the header From.
fn from(message: &str) -> Option<String> {
    let mut headers = message.lines().take_while(|line| !line.is_empty());
    let value = headers.find_map(|line| line.get(..5)?.eq_ignore_ascii_case("from:").then(|| line[5..].trim()))?;
    let address = value.rsplit_once('<').map_or(value, |(_, address)| address.trim_end_matches('>'));
    Some(address.to_owned())
}

async fn hello(connection: &mut Connection) -> Result<(), Hangup> {
    let (moment, offered) = if connection.is_encrypted() {
        (Moment::Capabilities, OFFERED_IN_TLS)
    } else {
        (Moment::Ehlo, OFFERED_BEFORE_TLS)
    };
    let mut text = format!("250-{} Hello [127.0.0.1]\r\n", connection.endpoint.host.machine);
    for (index, word) in offered.iter().enumerate() {
        let mark = if index + 1 == offered.len() { ' ' } else { '-' };
        let _ = write!(text, "250{mark}{word}\r\n");
    }
    connection.reply(moment, &text).await
}

async fn start_tls(connection: &mut Connection) -> Result<(), Hangup> {
    if connection.is_encrypted() {
        return connection.say("503 5.5.2 Only one STARTTLS command can be issued per session\r\n").await;
    }
    connection.reply(Moment::Starttls, "220 2.0.0 SMTP server ready\r\n").await?;
    if connection.endpoint.agrees(Moment::Starttls) { connection.encrypt().await } else { Ok(()) }
}

/// Takes a password, and refuses it.
async fn refuse_password(connection: &mut Connection, has_user: bool) -> Result<(), Hangup> {
    let prompts: &[&str] =
        if has_user { &["334 UGFzc3dvcmQ6\r\n"] } else { &["334 VXNlcm5hbWU6\r\n", "334 UGFzc3dvcmQ6\r\n"] };
    for prompt in prompts {
        connection.say(prompt).await?;
        connection.line().await?;
    }
    let machine = connection.endpoint.host.machine;
    connection
        .say(&format!("535 5.7.139 Authentication unsuccessful, basic authentication is disabled. [{machine}]\r\n"))
        .await
}
