//! Two runs at once know of each other: both sign in to the same mailboxes, with the same tokens.

use super::{CliError, print};
use crate::{
    files::running::{self, Note, Other},
    finding::OtherRun,
};

/// This run among those that live at the same time.
pub struct Parallel {
    note: Option<Note>,
    seen: Vec<Other>,
}

impl Parallel {
    /// Leaves a note of this run and tells of the others. A run that only reads is never stopped.
    ///
    /// # Errors
    /// When this run is to send mail while another one does: each would search the mailboxes for its own messages among
    /// those of the other.
    pub fn begin(sends: bool) -> Result<Self, CliError> {
        let folder = running::folder();
        let note = running::announce(&folder, sends);
        if let (Err(error), true) = (&note, sends) {
            let place = folder.display();
            print::note(&format!("note: other runs cannot see that this one sends test messages ({place}: {error})"));
        }
        let note = note.ok();
        let seen = running::others(&folder, note.as_ref());
        if let Some(other) = seen.iter().find(|other| sends && other.sends) {
            let wrong = format!("another run sends test messages: process {} since {}", other.process, time(other));
            return Err(CliError::Usage(wrong, "wait until it ends, or leave --send-mail out".to_owned()));
        }
        if let Some(oldest) = seen.first() {
            print::note(&format!(
                "note: {} on this server: process {} since {}. Sign-ins of several runs at once may be throttled.",
                if seen.len() == 1 { "another run of ece-check is" } else { "other runs of ece-check are" },
                oldest.process,
                time(oldest)
            ));
        }
        Ok(Self { note, seen })
    }

    /// A run that no other one needs to know of: the simulator is this process alone.
    pub fn alone() -> Self {
        Self { note: None, seen: Vec::new() }
    }

    /// The other runs, those that began meanwhile included.
    pub fn end(mut self) -> Vec<OtherRun> {
        if let Some(note) = &self.note {
            self.seen.extend(running::others(&running::folder(), Some(note)));
        }
        self.seen.sort();
        self.seen.dedup();
        let told = |other: &Other| OtherRun { started: time(other), process: other.process, sends_mail: other.sends };
        self.seen.iter().map(told).collect()
    }
}

fn time(other: &Other) -> String {
    other.began.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
