//! Finding the rows that are about a mailbox.
//!
//! In: an address. Out: the rows of one kind that are about it, newest file first. A mailbox has several addresses and
//! names, and each cmdlet shows another of them; what one file ties together holds for all files. A name that is no address
//! counts only when it is the part before the `@` of exactly one of the addresses that are asked about.

use std::{
    collections::{BTreeSet, HashMap},
    mem::discriminant,
};

use jiff::Timestamp;

use super::{Outcome, Question, Reason, Settled, day, moment};
use crate::import::{
    Container, File, Made, Row,
    cell::Switch,
    record::{Record, Who},
};

/// The files, and what they tie together.
#[derive(Debug)]
pub struct Evidence<'f> {
    files: &'f [File],
    /// The rows of each kind with their files: a list of a hundred thousand users is not gone through for each mailbox.
    kinds: Vec<Vec<(usize, &'f Record)>>,
    /// For every address and object id, the number of the mailbox that it belongs to.
    numbers: HashMap<&'f str, usize>,
    /// For every mailbox all that it is called.
    called: Vec<BTreeSet<&'f str>>,
    /// The parts before the `@` of the addresses that are asked about, and how many have each.
    local_parts: HashMap<String, usize>,
}

/// A row that was found.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'f, R> {
    /// The file, by its place in the list.
    pub file: usize,
    /// What the row says.
    pub row: &'f R,
}

impl<'f> Evidence<'f> {
    /// The files alone, for rules that are about no mailbox.
    #[must_use]
    pub fn of_files(files: &'f [File]) -> Self {
        let kinds = kinds(files);
        Self { files, kinds, numbers: HashMap::new(), called: Vec::new(), local_parts: HashMap::new() }
    }

    /// What every row says, in the order of the files.
    pub fn records(&self) -> impl Iterator<Item = &'f Record> {
        self.files.iter().flat_map(|file| &file.rows).map(|row| &row.record)
    }

    /// Ties together what the files say of mailboxes.
    #[must_use]
    pub fn new(files: &'f [File], question: &Question) -> Self {
        let mut evidence = Self::of_files(files);
        for row in files.iter().flat_map(|file| &file.rows) {
            match &row.record {
                Record::CasMailbox(mailbox) => evidence.tie(&mailbox.who),
                Record::Mailbox(mailbox) => evidence.tie(&mailbox.who),
                _ => {}
            }
        }
        for address in asked(question) {
            let local = local_part(&address).to_owned();
            *evidence.local_parts.entry(local).or_default() += 1;
        }
        evidence
    }

    fn tie(&mut self, who: &'f Who) {
        let keys = who.addresses.iter().chain(&who.object_id).map(String::as_str);
        let known = keys.clone().find_map(|key| self.numbers.get(key).copied());
        let number = known.unwrap_or_else(|| {
            self.called.push(BTreeSet::new());
            self.called.len() - 1
        });
        for key in keys {
            self.numbers.insert(key, number);
            self.called[number].insert(key);
        }
        self.called[number].extend(who.names.iter().map(String::as_str));
    }

    /// True when two names are of one mailbox, as far as the files say.
    #[must_use]
    pub fn same(&self, one: &str, other: &str) -> bool {
        self.are_same(&one.to_lowercase(), &other.to_lowercase())
    }

    /// The same for names in lower case.
    fn are_same(&self, one: &str, other: &str) -> bool {
        one == other || self.numbers.get(one).is_some_and(|number| self.called[*number].contains(other))
    }

    /// True when a row is about an address.
    #[must_use]
    pub fn is_about(&self, who: &Who, address: &str) -> bool {
        let address = address.to_lowercase();
        let mut keys = who.addresses.iter().chain(&who.object_id);
        if keys.any(|key| self.are_same(&address, key)) {
            return true;
        }
        if !who.addresses.is_empty() {
            return false;
        }
        let tied = self.numbers.get(address.as_str()).map(|number| &self.called[*number]);
        if let Some(called) = tied {
            return who.names.iter().any(|name| called.contains(name.as_str()));
        }
        let local = local_part(&address);
        self.local_parts.get(local) == Some(&1) && who.names.iter().any(|name| name == local)
    }

    /// The rows of one kind, newest file first. What is picked is a kind of record, whatever it says.
    #[must_use]
    pub fn rows<R>(&self, pick: impl Fn(&'f Record) -> Option<&'f R>) -> Vec<Hit<'f, R>> {
        let is_picked =
            |rows: &&Vec<(usize, &'f Record)>| rows.first().is_some_and(|(_, record)| pick(record).is_some());
        let rows = self.kinds.iter().filter(is_picked).flatten();
        let mut hits: Vec<_> =
            rows.filter_map(|(file, record)| Some(Hit { file: *file, row: pick(record)? })).collect();
        hits.sort_by_key(|hit| std::cmp::Reverse(self.order(hit.file)));
        hits
    }

    /// The files that hold all rows of a kind, although they may hold none.
    #[must_use]
    pub fn complete(&self, kind: &'static str) -> Vec<usize> {
        (0..self.files.len()).filter(|file| self.files[*file].complete.contains(&kind)).collect()
    }

    /// True when a file holds the mailbox, or was asked for it alone.
    #[must_use]
    pub fn has_mailbox(&self, file: usize, address: &str) -> bool {
        let file = &self.files[file];
        let is_asked = file.subject.as_deref().is_some_and(|subject| self.same(subject, address));
        is_asked
            || file.rows.iter().any(|row| match &row.record {
                Record::CasMailbox(row) => self.is_about(&row.who, address),
                Record::Mailbox(row) => self.is_about(&row.who, address),
                _ => false,
            })
    }

    /// True when a file proves only what it holds.
    #[must_use]
    pub fn is_incomplete(&self, file: usize) -> bool {
        !self.files[file].incomplete.is_empty()
    }

    /// True when the one file is known to be newer than the other. A reply of Microsoft Graph in this run is newer than any
    /// file.
    #[must_use]
    pub fn is_newer(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.files[one], &self.files[other]);
        match (one.container == Container::Graph, other.container == Container::Graph) {
            (true, false) => true,
            (false, true) => false,
            _ => is_newer(one.made, other.made),
        }
    }

    /// By what files are put in order of their age.
    fn order(&self, file: usize) -> (bool, Option<Timestamp>) {
        (self.files[file].container == Container::Graph, moment(self.files[file].made))
    }

    /// The names of files, without their folders where that tells them apart, in an order that does not depend on that of
    /// the files.
    fn names(&self, files: &[usize]) -> Vec<String> {
        let files: BTreeSet<&str> = files.iter().map(|file| self.files[*file].name.as_str()).collect();
        let short = |name: &&str| name.rsplit(['/', '\\']).next().unwrap_or_default().to_owned();
        let names: BTreeSet<String> = files.iter().map(short).collect();
        if names.len() < files.len() {
            files.into_iter().map(str::to_owned).collect()
        } else {
            names.into_iter().collect()
        }
    }

    /// The file in its place.
    #[must_use]
    pub fn file(&self, file: usize) -> &'f File {
        &self.files[file]
    }

    /// True when there is any file.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }
}

/// A day that a person states has no time of day: it is not known to be later than a moment of the same day.
fn is_newer(one: Made, other: Made) -> bool {
    let (Some(at), Some(before)) = (one.at(), other.at()) else { return false };
    let is_of_day = matches!(one, Made::Stated(_)) || matches!(other, Made::Stated(_));
    at > before && !(is_of_day && day(Some(at)) == day(Some(before)))
}

/// The newest value of a switch among rows, newest file first, and the file of that value where an older file has a
/// different one. Where a file that is not known to be older has a different one, none is the newest. In what was copied
/// from a console the last row is the newest; of rows of another file none is.
#[must_use]
pub fn newest<'f, R>(
    evidence: &Evidence<'f>,
    hits: &[Hit<'f, R>],
    switch: impl Fn(&'f R) -> &'f Switch,
) -> (Switch, Vec<usize>, Option<usize>) {
    let said = |hit: &&Hit<'f, R>| matches!(switch(hit.row), Switch::Is(_) | Switch::Unset);
    let Some(first) = hits.iter().find(said) else {
        return (
            hits.first().map_or(Switch::Missing, |hit| switch(hit.row).clone()),
            hits.iter().map(|hit| hit.file).take(1).collect(),
            None,
        );
    };
    let (same, others): (Vec<_>, Vec<_>) = hits.iter().filter(said).partition(|hit| hit.file == first.file);
    let is_of_console = matches!(evidence.file(first.file).container, Container::FormatList | Container::FormatTable);
    let value = switch(same.iter().rev().find(|_| is_of_console).map_or(first.row, |last| last.row));
    if !is_of_console && same.iter().any(|hit| switch(hit.row) != value) {
        return (Switch::Differs, vec![first.file], None);
    }
    let differing: Vec<usize> = others.iter().filter(|hit| switch(hit.row) != value).map(|hit| hit.file).collect();
    let of_same_date = differing.iter().copied().filter(|file| !evidence.is_newer(first.file, *file));
    let of_same_date: Vec<usize> = of_same_date.collect();
    if !of_same_date.is_empty() {
        let files = [vec![first.file], of_same_date].concat();
        return (Switch::FilesDiffer(evidence.names(&files)), files, None);
    }
    (value.clone(), vec![first.file], (!differing.is_empty()).then_some(first.file))
}

/// What the newest file settles of a check, where each file by itself settles it: an older file counts no more, and is
/// named where it says something else. Files of the same date that say different things settle nothing. None where no file
/// says anything.
#[must_use]
pub fn decided(evidence: &Evidence<'_>, mut said: Vec<(usize, Settled)>) -> Option<Settled> {
    said.sort_by_key(|(file, _)| std::cmp::Reverse(evidence.order(*file)));
    let newest = said.first()?.0;
    let (mut last, older): (Vec<_>, Vec<_>) = said.into_iter().partition(|(file, _)| !evidence.is_newer(newest, *file));
    let is_said = |(_, one): &(usize, Settled)| one.outcome != Outcome::NeedsInput;
    let (file, first) = last.remove(last.iter().position(is_said).unwrap_or(0));
    let verdict = |one: &Settled| (one.outcome, one.cause);
    let differing =
        last.iter().filter(|one| is_said(one) && (verdict(&one.1), &one.1.facts) != (verdict(&first), &first.facts));
    let differing: Vec<usize> = differing.map(|(file, _)| *file).collect();
    if !differing.is_empty() {
        let files = [vec![file], differing].concat();
        let reason = Reason::FilesDiffer(evidence.names(&files));
        return Some(Settled::new(first.check, first.subject, Outcome::NeedsInput, reason).from(files));
    }
    let is_contradicted = older.iter().any(|one| is_said(one) && verdict(&one.1) != verdict(&first));
    Some(Settled { disagree: is_contradicted.then_some(file).or(first.disagree), ..first })
}

/// Every address that is asked about, once.
#[must_use]
pub fn asked(question: &Question) -> BTreeSet<String> {
    let of = question.accounts.iter().flat_map(|account| account.mailboxes.iter().chain(&account.signs_in_as));
    of.map(|address| address.to_lowercase()).collect()
}

/// The rows of all files by the kind of their record, in the order of the files.
fn kinds(files: &[File]) -> Vec<Vec<(usize, &Record)>> {
    let mut places = HashMap::new();
    let mut kinds: Vec<Vec<(usize, &Record)>> = Vec::new();
    for (file, rows) in files.iter().map(|file| &file.rows).enumerate() {
        for Row { record, .. } in rows {
            let place = *places.entry(discriminant(record)).or_insert(kinds.len());
            if place == kinds.len() {
                kinds.push(Vec::new());
            }
            kinds[place].push((file, record));
        }
    }
    kinds
}

fn local_part(address: &str) -> &str {
    address.split('@').next().unwrap_or(address)
}
