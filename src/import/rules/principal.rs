//! What the users of mail addresses are called in Microsoft Entra ID.
//!
//! A token names its user by the user principal name, which need not be a mail address of the mailbox: only a file can say
//! that the two are of one user. Files of more than 30 days and files without a date say nothing.
//! <https://learn.microsoft.com/entra/identity/hybrid/connect/plan-connect-userprincipalname>

use std::collections::{BTreeSet, HashMap};

use super::{OLD, Question, find};
use crate::import::{File, record::Record};

/// By mail address that is asked about, in lower case, the user principal name that files give its user, in lower case.
/// An address that files give to several users is nobody's, and a guest has the address of another organization.
#[must_use]
pub fn names<'f>(files: impl Iterator<Item = &'f File>, question: &Question) -> HashMap<String, Vec<String>> {
    let asked = find::asked(question);
    let counts =
        |file: &&'f File| file.made.at().is_some_and(|at| at <= question.now && question.now.duration_since(at) <= OLD);
    let mut names: HashMap<String, BTreeSet<String>> = HashMap::new();
    for row in files.filter(counts).flat_map(|file| &file.rows) {
        let (name, addresses): (&str, Vec<&String>) = match &row.record {
            Record::Mailbox(mailbox) => {
                let Some(name) = &mailbox.user_principal_name else { continue };
                (name, mailbox.who.addresses.iter().collect())
            }
            Record::EntraUser(user) if !user.guest => {
                (&user.user_principal_name, user.mail.iter().chain(&user.aliases).collect())
            }
            _ => continue,
        };
        let asked =
            addresses.into_iter().map(|address| address.to_lowercase()).filter(|address| asked.contains(address));
        for address in asked {
            names.entry(address).or_default().insert(name.to_lowercase());
        }
    }
    let only =
        |(address, names): (String, BTreeSet<String>)| (names.len() == 1).then(|| (address, Vec::from_iter(names)));
    names.into_iter().filter_map(only).collect()
}
