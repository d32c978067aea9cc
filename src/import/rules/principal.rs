//! What the users of mail addresses are called in Microsoft Entra ID.
//!
//! A token names its user by the user principal name, which need not be a mail address of the mailbox: only a file can say
//! that the two are of one user. Files of more than 30 days and files without a date say nothing.
//! <https://learn.microsoft.com/entra/identity/hybrid/connect/plan-connect-userprincipalname>

use std::collections::HashMap;

use super::{OLD, Question, find};
use crate::import::{File, record::Record};

/// By mail address that is asked about, in lower case, the user principal names that files give its user, in lower case.
#[must_use]
pub fn names<'f>(files: impl Iterator<Item = &'f File>, question: &Question) -> HashMap<String, Vec<String>> {
    let asked = find::asked(question);
    let counts =
        |file: &&'f File| file.made.at().is_some_and(|at| at <= question.now && question.now.duration_since(at) <= OLD);
    let mut names: HashMap<String, Vec<String>> = HashMap::new();
    for row in files.filter(counts).flat_map(|file| &file.rows) {
        let (name, addresses): (&str, Vec<&String>) = match &row.record {
            Record::Mailbox(mailbox) => {
                let Some(name) = &mailbox.user_principal_name else { continue };
                (name, mailbox.who.addresses.iter().collect())
            }
            Record::EntraUser(user) => (&user.user_principal_name, user.mail.iter().chain(&user.aliases).collect()),
            _ => continue,
        };
        let name = name.to_lowercase();
        for address in addresses.into_iter().map(|address| address.to_lowercase()) {
            let known = || names.get(&address).is_some_and(|known| known.contains(&name));
            if address != name && asked.contains(&address) && !known() {
                names.entry(address).or_default().push(name.clone());
            }
        }
    }
    names
}
