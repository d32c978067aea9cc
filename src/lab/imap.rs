//! Mail access (RFC 3501) inside TLS with XOAUTH2, as Exchange Online offers it: as much of it as it takes to open a
//! mailbox, look for a message and put it away. MOVE is of RFC 6851, SASL-IR of RFC 4959, UIDPLUS of RFC 4315.
//!
//! A sequence number is the place that a message has in its folder at that moment.

use std::fmt::Write;

use super::{
    connection::{Connection, Hangup},
    exchange::{Protocol, Refused, Session},
    fault::Moment,
    mailstore::{FOLDERS, Folder, LARGEST, Message},
};

const CHANGING: &[&str] = &[
    "APPEND",
    "COPY",
    "CREATE",
    "DELETE",
    "EXPUNGE",
    "MOVE",
    "RENAME",
    "SELECT",
    "SETMETADATA",
    "STORE",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
];
const CAPABILITIES: &str =
    "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+";
const CAPABILITIES_SIGNED_IN: &str =
    "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN IDLE NAMESPACE LITERAL+";
const NOT_CONNECTED: &str = "BAD User is authenticated but not connected.";
const INVALID_STATE: &str = "BAD Command received in Invalid state.";
const BAD_ARGUMENT: &str = "BAD Command Argument Error. 11";
/// The most items that one FETCH tells of a message, and how many bytes end it.
const MOST_ITEMS: usize = 16;
const MOST_TOLD: usize = 16 * LARGEST;
/// How many flags a message has at most, and how long one is.
const MOST_FLAGS: usize = 32;
const LONGEST_FLAG: usize = 64;
/// How many literals a command may have.
const MOST_LITERALS: usize = 8;
const UID_VALIDITY: u32 = 14;

/// A command, with its literals and quoted strings read.
struct Command {
    tag: String,
    word: String,
    /// True behind the word UID.
    by_uid: bool,
    arguments: Vec<String>,
}

/// One conversation.
#[derive(Default)]
struct Access {
    session: Option<Session>,
    folder: Option<&'static str>,
    read_only: bool,
}

/// Speaks until the client or a fault ends it.
pub(super) async fn serve(connection: &mut Connection) -> Result<(), Hangup> {
    connection.encrypt().await?;
    let greeting = format!("* OK The Microsoft Exchange IMAP4 service is ready. [{}]\r\n", super::back_end(connection));
    connection.reply(Moment::Greeting, &greeting).await?;
    let mut access = Access::default();
    loop {
        let command = read(connection).await?;
        connection.counters.command(&command.word, CHANGING);
        access.answer(connection, &command).await?;
    }
}

impl Access {
    async fn answer(&mut self, connection: &mut Connection, command: &Command) -> Result<(), Hangup> {
        let tag = &command.tag;
        match command.word.as_str() {
            "CAPABILITY" => {
                let offered = if self.session.is_some() { CAPABILITIES_SIGNED_IN } else { CAPABILITIES };
                let text = format!("* CAPABILITY {offered}\r\n{tag} OK CAPABILITY completed.\r\n");
                connection.reply_tagged(Moment::Capabilities, &text, tag).await
            }
            "ID" => {
                let own = "* ID (\"name\" \"Microsoft.Exchange.Imap4.Imap4Server\")";
                connection.say(&format!("{own}\r\n{tag} OK ID completed\r\n")).await
            }
            "LOGOUT" => {
                self.session = None;
                let goodbye = "* BYE Microsoft Exchange Server IMAP4 server signing off.";
                connection.say(&format!("{goodbye}\r\n{tag} OK LOGOUT completed.\r\n")).await?;
                Err(Hangup)
            }
            "" => connection.say(&format!("{tag} BAD Command Error. 10\r\n")).await,
            _ => match self.session.as_ref().map(|session| session.connected) {
                None => self.before_sign_in(connection, command).await,
                Some(false) => connection.reply_tagged(Moment::Open, &format!("{tag} {NOT_CONNECTED}\r\n"), tag).await,
                Some(true) => self.signed_in(connection, command).await,
            },
        }
    }

    async fn before_sign_in(&mut self, connection: &mut Connection, command: &Command) -> Result<(), Hangup> {
        let tag = &command.tag;
        match command.word.as_str() {
            "NOOP" => connection.say(&format!("{tag} OK NOOP completed.\r\n")).await,
            "AUTHENTICATE" => self.sign_in(connection, command).await,
            "LOGIN" => connection.say(&format!("{tag} NO LOGIN failed.\r\n")).await,
            _ => connection.say(&format!("{tag} {INVALID_STATE}\r\n")).await,
        }
    }

    async fn sign_in(&mut self, connection: &mut Connection, command: &Command) -> Result<(), Hangup> {
        let tag = &command.tag;
        let mechanism = command.argument(0).to_ascii_uppercase();
        if !["XOAUTH2", "PLAIN"].contains(&mechanism.as_str()) {
            return connection.say(&format!("{tag} NO Unsupported authentication mechanism.\r\n")).await;
        }
        let response = if let Some(response) = command.arguments.get(1) {
            response.clone()
        } else {
            connection.say("+ \r\n").await?;
            connection.line().await?
        };
        if !connection.endpoint.agrees(Moment::Authenticate) {
            connection.counters.refusal(Protocol::Imap.name());
            return connection.reply_tagged(Moment::Authenticate, "", tag).await;
        }
        let (cloud, now) = (connection.cloud.clone(), connection.now());
        let outcome = match mechanism.as_str() {
            "XOAUTH2" => cloud.sign_in(Protocol::Imap, &response, now).await,
            _ => Err(Refused::NotTaken),
        };
        match outcome {
            Ok(session) => {
                self.session = Some(session);
                let text = format!("{tag} OK AUTHENTICATE completed.\r\n");
                connection.reply_tagged(Moment::Authenticate, &text, tag).await
            }
            Err(_) => connection.say(&format!("{tag} NO AUTHENTICATE failed.\r\n")).await,
        }
    }

    async fn signed_in(&mut self, connection: &mut Connection, command: &Command) -> Result<(), Hangup> {
        let (tag, word) = (&command.tag, command.word.as_str());
        let text = match word {
            "SELECT" | "EXAMINE" | "STATUS" => {
                let opened =
                    if word == "STATUS" { self.status(connection, command) } else { self.select(connection, command) };
                return connection.reply_tagged(Moment::Open, &opened, tag).await;
            }
            "NOOP" | "CHECK" => format!("{}{tag} OK {word} completed.\r\n", self.news(connection)),
            "LIST" | "LSUB" => list(word, command),
            "NAMESPACE" => format!("* NAMESPACE ((\"\" \"/\")) NIL NIL\r\n{tag} OK NAMESPACE completed.\r\n"),
            "APPEND" => self.append(connection, command),
            "IDLE" => {
                connection.say("+ IDLE accepted, awaiting DONE command.\r\n").await?;
                connection.line().await?;
                format!("{}{tag} OK IDLE completed.\r\n", self.news(connection))
            }
            _ => match self.folder {
                Some(folder) => self.in_folder(connection, command, folder),
                None => format!("{tag} {INVALID_STATE}\r\n"),
            },
        };
        connection.say(&text).await
    }

    /// Does something with the folders of the open mailbox.
    fn open<T: Default>(&self, connection: &Connection, folder: &str, act: impl FnOnce(&mut Folder) -> T) -> T {
        let Some(session) = &self.session else { return T::default() };
        connection
            .cloud
            .mailstore
            .open(&session.mailbox, |folders| folders.get_mut(folder).map(act).unwrap_or_default())
    }

    fn select(&mut self, connection: &Connection, command: &Command) -> String {
        let tag = &command.tag;
        self.folder = None;
        let Some(folder) = known(command.argument(0)) else {
            return format!("{tag} NO {} doesn't exist.\r\n", shown(command.argument(0)));
        };
        self.folder = connection.endpoint.agrees(Moment::Open).then_some(folder);
        self.read_only = command.word == "EXAMINE";
        let (count, unseen, next) = self.open(connection, folder, |folder| {
            let unseen = folder.messages.iter().position(|message| !message.has("\\Seen"));
            (folder.messages.len(), unseen, folder.next_uid)
        });
        let unseen = unseen
            .map_or(String::new(), |place| format!("* OK [UNSEEN {0}] Is the first unseen message\r\n", place + 1));
        let (flags, how) = if self.read_only {
            ("", "READ-ONLY")
        } else {
            ("\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent", "READ-WRITE")
        };
        format!(
            "* {count} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft $MDNSent)\r\n\
             * OK [PERMANENTFLAGS ({flags})] Permanent flags\r\n{unseen}* OK [UIDVALIDITY {UID_VALIDITY}] UIDVALIDITY value\r\n\
             * OK [UIDNEXT {next}] The next unique identifier value\r\n{tag} OK [{how}] {} completed.\r\n",
            command.word
        )
    }

    fn status(&self, connection: &Connection, command: &Command) -> String {
        let tag = &command.tag;
        let Some(name) = known(command.argument(0)) else {
            return format!("{tag} NO {} doesn't exist.\r\n", shown(command.argument(0)));
        };
        let (count, unseen, next) = self.open(connection, name, |folder| {
            let unseen = folder.messages.iter().filter(|message| !message.has("\\Seen")).count();
            (folder.messages.len(), unseen, folder.next_uid)
        });
        let item = |item: &String| match item.to_ascii_uppercase().as_str() {
            "MESSAGES" => Some(format!("MESSAGES {count}")),
            "UNSEEN" => Some(format!("UNSEEN {unseen}")),
            "UIDNEXT" => Some(format!("UIDNEXT {next}")),
            "UIDVALIDITY" => Some(format!("UIDVALIDITY {UID_VALIDITY}")),
            "RECENT" => Some("RECENT 0".into()),
            _ => None,
        };
        let items: Vec<_> = command.arguments.iter().skip(1).filter_map(item).collect();
        format!("* STATUS \"{name}\" ({})\r\n{tag} OK STATUS completed.\r\n", items.join(" "))
    }

    fn news(&self, connection: &Connection) -> String {
        let count = |folder| self.open(connection, folder, |folder: &mut Folder| folder.messages.len());
        self.folder.map_or(String::new(), |folder| format!("* {} EXISTS\r\n", count(folder)))
    }

    fn append(&self, connection: &Connection, command: &Command) -> String {
        let tag = &command.tag;
        let (Some(folder), Some(text), Some(session)) =
            (known(command.argument(0)), command.arguments.last(), &self.session)
        else {
            return format!("{tag} {BAD_ARGUMENT}\r\n");
        };
        if connection.cloud.mailstore.deliver(&session.mailbox, folder, text, connection.now()) {
            format!("{tag} OK APPEND completed.\r\n")
        } else {
            format!("{tag} NO The mailbox is full.\r\n")
        }
    }

    fn in_folder(&mut self, connection: &Connection, command: &Command, folder: &'static str) -> String {
        let (tag, word) = (&command.tag, command.word.as_str());
        let changes = ["STORE", "EXPUNGE", "MOVE"].contains(&word);
        if changes && self.read_only {
            return format!("{tag} NO {word} failed: the mailbox is read-only.\r\n");
        }
        let told = match word {
            "SEARCH" => self.open(connection, folder, |folder| search(folder, command)),
            "FETCH" => self.open(connection, folder, |folder| Some(fetch(folder, command))),
            "STORE" => self.open(connection, folder, |folder| Some(store(folder, command))),
            "EXPUNGE" => self.open(connection, folder, |folder| Some(expunge(folder, command))),
            "COPY" | "MOVE" => self.put(connection, command, folder),
            "CLOSE" | "UNSELECT" => {
                if word == "CLOSE" && !self.read_only {
                    self.open(connection, folder, |folder| folder.messages.retain(|message| !message.has("\\Deleted")));
                }
                self.folder = None;
                Some(String::new())
            }
            _ => return format!("{tag} {INVALID_STATE}\r\n"),
        };
        match told {
            Some(told) => format!("{told}{tag} OK {word} completed.\r\n"),
            None => format!("{tag} {BAD_ARGUMENT}\r\n"),
        }
    }

    /// Copies or moves messages into another folder.
    fn put(&self, connection: &Connection, command: &Command, folder: &'static str) -> Option<String> {
        let (target, session) = (known(command.argument(1))?, self.session.as_ref()?);
        let chosen = self.open(connection, folder, |folder| {
            let chosen =
                folder.messages.iter().enumerate().filter(|(index, message)| command.takes(*index, message, folder));
            chosen.map(|(_, message)| message.clone()).collect::<Vec<_>>()
        });
        for message in &chosen {
            if !connection.cloud.mailstore.deliver(&session.mailbox, target, &message.text, message.at) {
                return None;
            }
        }
        if command.word == "COPY" {
            return Some(String::new());
        }
        Some(self.open(connection, folder, |folder| {
            remove(folder, |message| chosen.iter().any(|one| one.uid == message.uid))
        }))
    }
}

fn list(word: &str, command: &Command) -> String {
    let tag = &command.tag;
    let wanted = command.argument(1);
    let special = |name: &str| match name {
        "Deleted Items" => "\\HasNoChildren \\Trash",
        "Sent Items" => "\\HasNoChildren \\Sent",
        "Drafts" => "\\HasNoChildren \\Drafts",
        "Junk Email" => "\\HasNoChildren \\Junk",
        _ => "\\Marked \\HasNoChildren",
    };
    let line = |name: &&str| match *name {
        "INBOX" => format!("* {word} ({}) \"/\" INBOX\r\n", special(name)),
        name => format!("* {word} ({}) \"/\" \"{name}\"\r\n", special(name)),
    };
    let text: String = match wanted {
        "" => format!("* {word} (\\Noselect \\HasChildren) \"/\" \"\"\r\n"),
        "*" | "%" => FOLDERS.iter().map(line).collect(),
        name => known(name).iter().map(line).collect(),
    };
    format!("{text}{tag} OK {word} completed.\r\n")
}

fn search(folder: &Folder, command: &Command) -> Option<String> {
    let mut found = String::new();
    for (index, message) in folder.messages.iter().enumerate() {
        if matches(&command.arguments, index, message, folder)? {
            let number = if command.by_uid { message.uid } else { u32::try_from(index + 1).ok()? };
            let _ = write!(found, " {number}");
        }
    }
    Some(format!("* SEARCH{found}\r\n"))
}

/// True when a message is what is looked for; none when a key is not known. All keys must hold.
fn matches(keys: &[String], index: usize, message: &Message, folder: &Folder) -> Option<bool> {
    let mut keys = keys.iter();
    let mut holds = true;
    while let Some(key) = keys.next() {
        holds &= match key.to_ascii_uppercase().as_str() {
            "CHARSET" | "SINCE" | "BEFORE" | "ON" | "SENTSINCE" => keys.next().is_some(), // days do not matter here
            "ALL" | "(" | ")" => true,
            "SEEN" => message.has("\\Seen"),
            "UNSEEN" => !message.has("\\Seen"),
            "DELETED" => message.has("\\Deleted"),
            "UNDELETED" => !message.has("\\Deleted"),
            "HEADER" => message.header(keys.next()?).contains(&keys.next()?.to_ascii_lowercase()),
            name @ ("SUBJECT" | "FROM" | "TO") => message.header(name).contains(&keys.next()?.to_ascii_lowercase()),
            "TEXT" | "BODY" => message.text.to_ascii_lowercase().contains(&keys.next()?.to_ascii_lowercase()),
            "UID" => is_in(keys.next()?, message.uid, folder.next_uid),
            set if set.starts_with(|letter: char| letter.is_ascii_digit() || letter == '*') => {
                is_in(set, u32::try_from(index + 1).ok()?, u32::try_from(folder.messages.len()).ok()?)
            }
            _ => return None,
        };
    }
    Some(holds)
}

fn fetch(folder: &mut Folder, command: &Command) -> String {
    let chosen = chosen(folder, command);
    let mut text = String::new();
    for index in chosen {
        let message = &folder.messages[index];
        let items = command.arguments.iter().skip(1).take(MOST_ITEMS).filter_map(|item| fetch_item(item, message));
        let mut items: Vec<_> = items.collect();
        if command.by_uid && !command.arguments.iter().any(|item| item.eq_ignore_ascii_case("UID")) {
            items.insert(0, format!("UID {}", message.uid));
        }
        let _ = write!(text, "* {} FETCH ({})\r\n", index + 1, items.join(" "));
        if text.len() > MOST_TOLD {
            break;
        }
    }
    text
}

fn fetch_item(item: &str, message: &Message) -> Option<String> {
    let name = item.to_ascii_uppercase().replace("BODY.PEEK", "BODY");
    let whole = &message.text;
    let literal = |text: &str| format!("{name} {{{}}}\r\n{text}", text.len());
    let head = || whole.split_once("\r\n\r\n").map_or(whole.clone(), |(head, _)| format!("{head}\r\n\r\n"));
    Some(match name.as_str() {
        "UID" => format!("UID {}", message.uid),
        "FLAGS" => format!("FLAGS ({})", message.flags.join(" ")),
        "RFC822.SIZE" => format!("RFC822.SIZE {}", whole.len()),
        "INTERNALDATE" => format!("INTERNALDATE \"{}\"", message.at.strftime("%d-%b-%Y %H:%M:%S +0000")),
        "BODY[]" | "RFC822" => literal(whole),
        "BODY[HEADER]" | "RFC822.HEADER" => literal(&head()),
        "BODY[TEXT]" | "RFC822.TEXT" => literal(whole.split_once("\r\n\r\n").map_or("", |(_, body)| body)),
        fields if fields.starts_with("BODY[HEADER.FIELDS (") => {
            let wanted: Vec<_> = fields.split(['(', ')']).nth(1)?.split(' ').collect();
            let is_wanted = |line: &&str| {
                line.split(':').next().is_some_and(|name| wanted.contains(&name.to_ascii_uppercase().as_str()))
            };
            let lines: Vec<_> = head().split("\r\n").filter(is_wanted).map(|line| format!("{line}\r\n")).collect();
            literal(&format!("{}\r\n", lines.concat()))
        }
        _ => return None,
    })
}

fn store(folder: &mut Folder, command: &Command) -> String {
    let how = command.argument(1).to_ascii_uppercase();
    let flags: Vec<_> =
        command.arguments.iter().skip(2).filter(|flag| !["(", ")"].contains(&flag.as_str())).take(16).collect();
    let mut text = String::new();
    for index in chosen(folder, command) {
        let message = &mut folder.messages[index];
        if !how.starts_with('+') {
            message
                .flags
                .retain(|flag| how.starts_with('-') && !flags.iter().any(|one| one.eq_ignore_ascii_case(flag)));
        }
        if !how.starts_with('-') {
            let new = flags.iter().filter(|flag| !message.flags.contains(**flag)).map(ToString::to_string);
            let new: Vec<_> = new.collect();
            message.flags.extend(new.into_iter().filter(|flag| flag.len() <= LONGEST_FLAG));
            message.flags.truncate(MOST_FLAGS);
        }
        if !how.ends_with(".SILENT") {
            let (uid, flags) = (message.uid, message.flags.join(" "));
            let _ = write!(text, "* {} FETCH (UID {uid} FLAGS ({flags}))\r\n", index + 1);
        }
    }
    text
}

fn expunge(folder: &mut Folder, command: &Command) -> String {
    let last = folder.next_uid;
    let is_named = |uid: u32| !command.by_uid || is_in(command.argument(0), uid, last);
    remove(folder, |message| message.has("\\Deleted") && is_named(message.uid))
}

/// Takes messages out, and tells each by the number that it has at that moment.
fn remove(folder: &mut Folder, is_meant: impl Fn(&Message) -> bool) -> String {
    let mut text = String::new();
    let mut number = 1;
    folder.messages.retain(|message| {
        let goes = is_meant(message);
        if goes {
            let _ = write!(text, "* {number} EXPUNGE\r\n");
        } else {
            number += 1;
        }
        !goes
    });
    text
}

/// The places of the messages that a command names.
fn chosen(folder: &Folder, command: &Command) -> Vec<usize> {
    let all = folder.messages.iter().enumerate();
    all.filter(|(index, message)| command.takes(*index, message, folder)).map(|(index, _)| index).collect()
}

impl Command {
    fn argument(&self, index: usize) -> &str {
        self.arguments.get(index).map_or("", String::as_str)
    }

    fn takes(&self, index: usize, message: &Message, folder: &Folder) -> bool {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        if self.by_uid {
            return is_in(self.argument(0), message.uid, folder.next_uid - 1);
        }
        is_in(self.argument(0), number(index + 1), number(folder.messages.len()))
    }
}

impl Message {
    fn has(&self, flag: &str) -> bool {
        self.flags.iter().any(|one| one.eq_ignore_ascii_case(flag))
    }

    /// The value of a header in small letters, empty when there is none.
    fn header(&self, name: &str) -> String {
        let mut lines = self.text.lines().take_while(|line| !line.is_empty()).filter_map(|line| line.split_once(':'));
        let value = lines.find(|(one, _)| one.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value.trim());
        value.to_ascii_lowercase()
    }
}

/// True when a set such as `2,4:7,9:*` has this number in it.
fn is_in(set: &str, number: u32, last: u32) -> bool {
    let value = |text: &str| if text == "*" { Some(last) } else { text.parse().ok() };
    set.split(',').any(|part| match part.split_once(':') {
        Some((from, to)) => match (value(from), value(to)) {
            (Some(from), Some(to)) => (from.min(to)..=from.max(to)).contains(&number),
            _ => false,
        },
        None => value(part) == Some(number),
    })
}

fn known(name: &str) -> Option<&'static str> {
    FOLDERS.iter().find(|folder| folder.eq_ignore_ascii_case(name)).copied()
}

fn shown(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_control()).take(80).collect()
}

/// Reads a command. A literal is asked for unless it comes unasked (RFC 7888).
async fn read(connection: &mut Connection) -> Result<Command, Hangup> {
    let mut arguments = Vec::new();
    for _ in 0..MOST_LITERALS {
        let line = connection.line().await?;
        let Some((before, size, waits)) = literal(&line) else {
            words(&line, &mut arguments);
            return Ok(command(arguments));
        };
        words(before, &mut arguments);
        if size > LARGEST {
            return Err(Hangup);
        }
        if waits {
            connection.say("+ Ready for additional command text.\r\n").await?;
        }
        arguments.push(String::from_utf8_lossy(&connection.bytes(size).await?).into_owned());
    }
    Err(Hangup)
}

/// What stands before a literal, its size, and whether it waits for an invitation.
fn literal(line: &str) -> Option<(&str, usize, bool)> {
    let (before, size) = line.strip_suffix('}')?.rsplit_once('{')?;
    let digits = size.strip_suffix('+');
    Some((before, digits.unwrap_or(size).parse().ok()?, digits.is_none()))
}

fn command(mut words: Vec<String>) -> Command {
    let mut next = || if words.is_empty() { String::new() } else { words.remove(0) };
    let (tag, mut word) = (next(), next().to_ascii_uppercase());
    let by_uid = word == "UID";
    if by_uid {
        word = next().to_ascii_uppercase();
    }
    let tag = if tag.is_empty() { "*".into() } else { tag };
    Command { tag, word, by_uid, arguments: words }
}

/// Splits at blanks and parentheses, but not inside quotes and brackets. Parentheses fall away.
fn words(line: &str, into: &mut Vec<String>) {
    let (mut word, mut is_quoted, mut brackets) = (String::new(), false, 0_u32);
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted => {
                into.push(std::mem::take(&mut word));
                is_quoted = false;
            }
            '\\' if is_quoted => word.extend(letters.next()),
            '"' if brackets == 0 => is_quoted = true,
            ' ' | '(' | ')' if !is_quoted && brackets == 0 => {
                if !word.is_empty() {
                    into.push(std::mem::take(&mut word));
                }
            }
            _ => {
                match letter {
                    '[' if !is_quoted => brackets += 1,
                    ']' if !is_quoted => brackets = brackets.saturating_sub(1),
                    _ => {}
                }
                word.push(letter);
            }
        }
    }
    if !word.is_empty() {
        into.push(word);
    }
}
