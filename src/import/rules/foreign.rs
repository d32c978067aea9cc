//! Files about the mailboxes or the application of another site: exported in another tenant, often.
//!
//! Nothing of such a file is used. A setting of the organization in it would otherwise be believed, for it does not say of
//! which organization it is.

use std::collections::BTreeSet;

use super::{Evidence, Question, find, webex};
use crate::import::{
    File, Rejected,
    record::{Record, Who},
};

/// How many names a sentence has.
const SHOWN: usize = 3;

/// The files that are about others only, by their place, and what would be right. A site without mailboxes has none.
#[must_use]
pub fn foreign(files: &[File], question: &Question) -> Vec<(usize, Rejected)> {
    let evidence = Evidence::new(files, question);
    let asked = find::asked(question);
    let one = |(at, file): (usize, &File)| {
        let rejected = of_other_mailboxes(file, &evidence, &asked)
            .or_else(|| of_another_application(file, question))
            .or_else(|| of_another_provisioning(file));
        rejected.map(|rejected| (at, rejected))
    };
    files.iter().enumerate().filter_map(one).collect()
}

/// A row without an address may be of any mailbox, so it is not foreign.
fn of_other_mailboxes(file: &File, evidence: &Evidence<'_>, asked: &BTreeSet<String>) -> Option<Rejected> {
    let owners: Vec<&Who> = file.rows.iter().filter_map(|row| row.record.who()).collect();
    let is_ours = |who: &&Who| {
        who.addresses.is_empty() || who.addresses.iter().any(|address| asked.contains(address)) || {
            asked.iter().any(|address| evidence.is_about(who, address))
        }
    };
    if asked.is_empty() || owners.is_empty() || owners.iter().any(is_ours) {
        return None;
    }
    let others: BTreeSet<&str> = owners.iter().filter_map(|who| who.addresses.first()).map(String::as_str).collect();
    let wrong = format!("holds only mailboxes that are not in the site file: {}", few(others.into_iter()));
    let right = format!(
        "sign in to the tenant of this site and export {}; where these are other addresses of the same mailboxes, write the \
         primary SMTP addresses in the site file",
        few(asked.iter().map(String::as_str))
    );
    Some(Rejected::whole(&file.name, &wrong, &right))
}

/// A file that holds nothing but the registration of another application.
fn of_another_application(file: &File, question: &Question) -> Option<Rejected> {
    let own = question.client_id.as_deref()?;
    let ids: Option<BTreeSet<&str>> = file
        .rows
        .iter()
        .map(|row| if let Record::Application(row) = &row.record { Some(row.app_id.as_str()) } else { None })
        .collect();
    let ids = ids.filter(|ids| !ids.is_empty() && !ids.contains(own))?;
    let wrong = format!("is the registration of another application: {}", few(ids.into_iter()));
    let right = format!("open the application with the application (client) ID {own}, in the tenant of this site");
    Some(Rejected::whole(&file.name, &wrong, &right))
}

/// A file that holds nothing but the provisioning jobs or the mapping of another application than that of Webex.
fn of_another_provisioning(file: &File) -> Option<Rejected> {
    let other = |record: &Record| match record {
        Record::SyncJob(row) if !webex::is_of_webex(row) => row.template.clone().or_else(|| row.id.clone()),
        Record::AttributeMapping(row) if !webex::maps_to_webex(row) => row.directory.clone(),
        _ => None,
    };
    let names: Option<BTreeSet<String>> = file.rows.iter().map(|row| other(&row.record)).collect();
    let names = names.filter(|names| !names.is_empty())?;
    let wrong = format!("is the provisioning of another application: {}", few(names.iter().map(String::as_str)));
    Some(Rejected::whole(&file.name, &wrong, "export the job and the mapping of the application Cisco Webex"))
}

fn few<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let rest = names.len().saturating_sub(SHOWN);
    let shown = names.take(SHOWN).collect::<Vec<_>>().join(", ");
    if rest == 0 { shown } else { format!("{shown} and {rest} more") }
}
