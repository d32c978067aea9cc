//! What lies in the mailboxes, in memory and bounded: as much as it takes to send a message and find it again.
//!
//! Each mailbox has one message in its inbox from the start.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;

/// The folders of a mailbox.
pub(super) const FOLDERS: &[&str] = &["INBOX", "Deleted Items", "Drafts", "Junk Email", "Sent Items"];
/// The largest message, in bytes.
pub(super) const LARGEST: usize = 1024 * 1024;
/// How much all messages together may take, in bytes.
const MOST: usize = 64 * 1024 * 1024;
/// How many messages one folder holds; the oldest goes when one more comes.
const MOST_IN_FOLDER: usize = 200;
const WELCOME: &str =
    "From: welcome@example.com\r\nSubject: Welcome\r\nMIME-Version: 1.0\r\n\r\nThis is the laboratory.\r\n";

/// The mailboxes, each made when it is first opened.
#[derive(Debug, Default)]
pub(super) struct Mailstore(Mutex<BTreeMap<String, BTreeMap<&'static str, Folder>>>);

/// A folder.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// Its messages, oldest first.
    pub messages: Vec<Message>,
    /// The number of the next message.
    pub next_uid: u32,
}

/// A message.
#[derive(Clone, Debug)]
pub(super) struct Message {
    /// Its number, which it keeps.
    pub uid: u32,
    /// The message as it came (RFC 5322).
    pub text: String,
    /// Its flags, such as `\Seen`.
    pub flags: Vec<String>,
    /// When it came.
    pub at: Timestamp,
}

impl Default for Folder {
    fn default() -> Self {
        Self { messages: Vec::new(), next_uid: 1 }
    }
}

impl Folder {
    /// Puts a message at the end, under a new number.
    pub fn add(&mut self, text: String, flags: Vec<String>, at: Timestamp) -> u32 {
        if self.messages.len() == MOST_IN_FOLDER {
            self.messages.remove(0);
        }
        let uid = self.next_uid;
        self.next_uid += 1;
        self.messages.push(Message { uid, text, flags, at });
        uid
    }
}

impl Mailstore {
    /// Does something with the folders of a mailbox.
    pub fn open<T>(&self, mailbox: &str, act: impl FnOnce(&mut BTreeMap<&'static str, Folder>) -> T) -> T {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        act(all.entry(mailbox.to_owned()).or_insert_with(furnished))
    }

    /// Puts a message into a folder; false when the lab is full.
    pub fn deliver(&self, mailbox: &str, folder: &'static str, text: &str, now: Timestamp) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken: usize =
            all.values().flat_map(BTreeMap::values).flat_map(|folder| &folder.messages).map(|one| one.text.len()).sum();
        if taken + text.len() > MOST {
            return false;
        }
        let folders = all.entry(mailbox.to_owned()).or_insert_with(furnished);
        folders.entry(folder).or_default().add(text.to_owned(), Vec::new(), now);
        true
    }
}

fn furnished() -> BTreeMap<&'static str, Folder> {
    let mut folders: BTreeMap<_, _> = FOLDERS.iter().map(|name| (*name, Folder::default())).collect();
    folders.entry("INBOX").or_default().add(WELCOME.to_owned(), Vec::new(), Timestamp::now());
    folders
}
