//! The endpoints, accounts and mailboxes of a site as subjects, each made once: a plan has a finding of many checks for
//! each of them.
//!
//! In: the site. Out: a [`Prepared`], with the numbers of its subjects.

use super::{
    Endpoint, Site,
    needs::{Number, Numbers},
};
use crate::{
    deployment,
    evidence::{SharedText, Subject},
};

/// A site as subjects.
pub(super) struct Prepared<'s> {
    /// The site as a whole.
    pub(super) site: Number,
    pub(super) places: Vec<Place<'s>>,
    pub(super) accounts: Vec<Account<'s>>,
}

/// An endpoint.
pub(super) struct Place<'s> {
    pub(super) endpoint: &'s Endpoint,
    pub(super) subject: Subject,
    pub(super) number: Number,
    pub(super) name: Subject,
    pub(super) name_number: Number,
}

/// An account of ECE.
pub(super) struct Account<'s> {
    pub(super) stated: &'s deployment::Account,
    pub(super) name: SharedText,
    pub(super) subject: Subject,
    pub(super) number: Number,
    pub(super) mailboxes: Vec<Mailbox<'s>>,
}

/// A mailbox.
pub(super) struct Mailbox<'s> {
    pub(super) address: &'s str,
    pub(super) subject: Subject,
    pub(super) number: Number,
}

impl<'s> Prepared<'s> {
    pub(super) fn of(site: &'s Site, numbers: &mut Numbers) -> Self {
        Self {
            site: numbers.of(&Subject::Site),
            places: site.endpoints.iter().map(|endpoint| Place::of(endpoint, numbers)).collect(),
            accounts: site.deployment.accounts.iter().map(|account| Account::of(account, numbers)).collect(),
        }
    }
}

impl<'s> Place<'s> {
    fn of(endpoint: &'s Endpoint, numbers: &mut Numbers) -> Self {
        let (subject, name) = (endpoint.subject(), Subject::Name(endpoint.host.as_str().into()));
        let (number, name_number) = (numbers.of(&subject), numbers.of(&name));
        Self { endpoint, subject, number, name, name_number }
    }
}

impl<'s> Account<'s> {
    fn of(stated: &'s deployment::Account, numbers: &mut Numbers) -> Self {
        let name = SharedText::from(stated.name.as_str());
        let subject = Subject::Account(name.clone());
        let number = numbers.of(&subject);
        let mailboxes = stated.mailboxes.iter().map(|address| Mailbox::of(address, numbers)).collect();
        Self { stated, name, subject, number, mailboxes }
    }
}

impl<'s> Mailbox<'s> {
    fn of(address: &'s str, numbers: &mut Numbers) -> Self {
        let subject = Subject::Mailbox(address.into());
        let number = numbers.of(&subject);
        Self { address, subject, number }
    }
}
