//! `webex.user-names`: what becomes the Webex user name, against the users that Control Hub has.
//!
//! A Webex user name is the user's primary e-mail address. A user whose name in Entra ID is another one is created a second
//! time (<https://help.webex.com/aumpbz>); so is one whom Webex knows by another address of the mailbox. Of the lists only
//! counts and the first ten names are kept.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
};

use super::{Integration, Question, Reason, SHOWN, count, mapping, new};
use crate::import::{
    facts::webex as facts,
    record::{EntraUser, Record},
    rules::{Evidence, Outcome, Settled, find::Hit},
};

const CHECK: &str = "webex.user-names";
const ENTRA: &str = "the list of users of Entra ID (Users > Download users)";
const HUB: &str = "the list of users of Control Hub (Users > Manage users > Export)";

/// Which attribute becomes the user name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    UserPrincipalName,
    Mail,
}

/// How many users there are of each kind, and the first ten of those that matter.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    same: usize,
    will_be_doubled: Few,
    is_doubled: Few,
    will_be_created: usize,
    without_name: Few,
    initial_domain: usize,
    hub_only: usize,
}

/// A number, and the first of what was counted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Few {
    number: usize,
    first: Vec<String>,
}

impl Few {
    fn add(&mut self, name: impl FnOnce() -> String) {
        self.number += 1;
        if self.first.len() < SHOWN {
            self.first.push(name());
        }
    }
}

pub fn settle(evidence: &Evidence<'_>, question: &Question) -> Settled {
    if super::is_absent(Integration::Gallery, evidence, question) {
        return new(CHECK, Outcome::NotApplicable, Reason::OtherIntegration);
    }
    let users = evidence.rows(|record| if let Record::EntraUser(row) = record { Some(row) } else { None });
    let users: Vec<_> = users.into_iter().filter(|hit| hit.row.deleted_at.is_none()).collect();
    let hub = evidence.rows(|record| if let Record::ControlHubUser(row) = record { Some(row) } else { None });
    let (Some(users_file), Some(first_hub)) = (largest(&users), hub.first()) else {
        let missing = if users.is_empty() { ENTRA } else { HUB };
        return new(CHECK, Outcome::NeedsInput, Reason::NotExported(missing));
    };
    let files = [users_file, first_hub.file];
    let source = match source(evidence, question) {
        Ok(source) => source,
        Err(expression) => return new(CHECK, Outcome::NeedsInput, Reason::Expression(expression)).from(files),
    };
    let names = hub.iter().filter(|hit| hit.file == files[1]).map(|hit| hit.row.user.as_str());
    let tally = tally(users.iter().filter(|hit| hit.file == files[0]), names, source);
    let is_partial = files.iter().any(|file| evidence.is_incomplete(*file));
    tally.settle(source, is_partial).from(files)
}

/// The file with most users: single users are read for other checks too.
fn largest(users: &[Hit<'_, EntraUser>]) -> Option<usize> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for hit in users {
        *counts.entry(hit.file).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(file, _)| file)
}

/// The attribute that becomes the user name: the site file's, the mapping's, or the usual one.
fn source(evidence: &Evidence<'_>, question: &Question) -> Result<Source, String> {
    let (rows, file) = mapping::newest(evidence);
    let mapped = file.and_then(|_| mapping::source_of_user_name(&rows));
    let stated = question.user_name_from.as_deref().map(|name| name.trim().trim_matches(['[', ']'])).or(mapped);
    match stated.map(str::to_lowercase).as_deref() {
        None | Some("userprincipalname") => Ok(Source::UserPrincipalName),
        Some("mail") => Ok(Source::Mail),
        Some(other) => Err(other.to_owned()),
    }
}

/// Compares the lists; both are gone through once.
fn tally<'f>(
    users: impl Iterator<Item = &'f Hit<'f, EntraUser>>,
    hub: impl Iterator<Item = &'f str>,
    source: Source,
) -> Tally {
    let mut known: HashMap<Cow<'f, str>, bool> = hub.map(|name| (normal(name), false)).collect();
    let mut tally = Tally::default();
    let mut seen: HashSet<&str> = HashSet::new();
    for hit in users {
        let user = hit.row;
        let is_left_out =
            user.guest || user.user_principal_name.contains("#EXT#") || user.enabled.known() == Some(false);
        if is_left_out || !seen.insert(&user.user_principal_name) {
            continue;
        }
        tally.add(user, source, &mut known);
    }
    tally.hub_only = known.values().filter(|is_met| !**is_met).count();
    tally
}

impl Tally {
    fn add(&mut self, user: &EntraUser, source: Source, hub: &mut HashMap<Cow<'_, str>, bool>) {
        let upn = normal(&user.user_principal_name);
        let mail = user.mail.as_deref().map(normal).unwrap_or_default();
        let (own, other) = if source == Source::Mail { (mail, upn) } else { (upn, mail) };
        let mut is_in_hub = |name: &str| match hub.get_mut(name) {
            Some(is_met) => {
                *is_met = true;
                true
            }
            None => false,
        };
        // every other address is met, so that none is counted as unknown to Entra ID
        let others = std::iter::once(other.as_ref()).chain(user.aliases.iter().map(String::as_str));
        let mut others = others.filter(|other| !other.is_empty() && *other != own && is_in_hub(other));
        let other = others.next();
        others.for_each(drop);
        if own.is_empty() {
            self.without_name.add(|| user.user_principal_name.clone());
            return;
        }
        match (is_in_hub(&own), other) {
            (true, Some(other)) => self.is_doubled.add(|| format!("{own} and {other}")),
            (true, None) => self.same += 1,
            (false, Some(other)) => self.will_be_doubled.add(|| format!("{own} (in Webex: {other})")),
            (false, None) => self.will_be_created += 1,
        }
        self.initial_domain += usize::from(own.ends_with(".onmicrosoft.com"));
    }

    fn settle(self, source: Source, is_partial: bool) -> Settled {
        let (outcome, verdict, reason) = if self.is_doubled.number > 0 {
            (Outcome::Fail, "doubled", Reason::IsDoubled(self.is_doubled.number))
        } else if self.will_be_doubled.number > 0 {
            (Outcome::Fail, "differ", Reason::WillBeDoubled(self.will_be_doubled.number))
        } else if self.without_name.number > 0 {
            (Outcome::Fail, "without-name", Reason::WithoutName(self.without_name.number))
        } else if self.initial_domain > 0 {
            (Outcome::Warn, "initial-domain", Reason::InitialDomain(self.initial_domain))
        } else if is_partial {
            (Outcome::Warn, "partial", Reason::PartialLists)
        } else {
            (Outcome::Pass, "same", Reason::Confirmed)
        };
        let attribute = if source == Source::Mail { "mail" } else { "userPrincipalName" };
        new(CHECK, outcome, reason)
            .with(facts::USER_NAMES, verdict)
            .with(facts::USER_NAME_SOURCE, attribute)
            .with(facts::USERS_SAME, count(self.same))
            .with(facts::USERS_WILL_BE_DOUBLED, self.will_be_doubled.first)
            .with(facts::USERS_DOUBLED, self.is_doubled.first)
            .with(facts::USERS_WITHOUT_NAME, self.without_name.first)
            .with(facts::USERS_WILL_BE_CREATED, count(self.will_be_created))
            .with(facts::USERS_NOT_IN_ENTRA, count(self.hub_only))
    }
}

/// A name as it is compared: without spaces at its ends and quotes, in lower case, composed (NFC).
fn normal(name: &str) -> Cow<'_, str> {
    let name = name.trim().trim_matches(['"', '\u{feff}']);
    if name.is_ascii() {
        let is_lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
        return if is_lower { Cow::Borrowed(name) } else { Cow::Owned(name.to_ascii_lowercase()) };
    }
    let composed = icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(name).to_lowercase();
    Cow::Owned(composed)
}
