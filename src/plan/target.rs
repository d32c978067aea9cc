//! What one finding is made for, with what the plan knows of it.

use super::{
    needs::{Circle, Number, Numbers},
    prepared::{Account, Mailbox, Place},
};
use crate::{
    catalogue::Check,
    evidence::{SharedText, Subject},
    import::rules::Exported,
};

/// What one finding is made for.
pub(super) enum Target<'s> {
    Site,
    Name(&'s Place<'s>),
    Endpoint(&'s Place<'s>),
    Account(&'s Account<'s>),
    Mailbox(&'s Account<'s>, &'s Mailbox<'s>, &'s Place<'s>),
    Exported(&'s Exported),
}

impl Target<'_> {
    /// True for ECE's own web pages: they are not there before ECE is.
    pub(super) fn is_ece(&self) -> bool {
        match self {
            Self::Site | Self::Account(_) | Self::Mailbox(..) | Self::Exported(_) => false,
            Self::Name(place) | Self::Endpoint(place) => place.endpoint.of_ece,
        }
    }

    /// True for what belongs to the site and not to Microsoft.
    pub(super) fn is_own(&self) -> bool {
        match self {
            Self::Name(place) | Self::Endpoint(place) => !place.endpoint.microsoft,
            Self::Site | Self::Account(_) | Self::Mailbox(..) | Self::Exported(_) => false,
        }
    }

    pub(super) fn subject(&self, check: &Check) -> Subject {
        match (self, &check.probe.place) {
            (Self::Site, Some((host, port))) => Subject::endpoint(host, *port),
            (Self::Site, None) => Subject::Site,
            (Self::Name(place), _) => place.name.clone(),
            (Self::Endpoint(place), _) => place.subject.clone(),
            (Self::Account(account), _) => account.subject.clone(),
            (Self::Mailbox(_, mailbox, _), _) => mailbox.subject.clone(),
            (Self::Exported(exported), _) => exported.settled.subject.clone(),
        }
    }

    pub(super) fn account(&self) -> Option<SharedText> {
        match self {
            Self::Account(account) | Self::Mailbox(account, ..) => Some(account.name.clone()),
            Self::Exported(exported) => exported.account.as_deref().map(SharedText::from),
            Self::Site | Self::Name(_) | Self::Endpoint(_) => None,
        }
    }

    /// The subjects that this one is part of, itself first; `site` is the number of the site as a whole, `login` that of
    /// where the token of an account comes from.
    pub(super) fn circle(&self, check: &Check, site: Number, login: Option<Number>, numbers: &mut Numbers) -> Circle {
        match self {
            Self::Site => {
                let host = check.probe.place.as_ref().map(|(host, _)| Subject::Name(host.as_str().into()));
                let own = numbers.of(&self.subject(check));
                Circle::of(own, host.map(|host| numbers.of(&host)).into_iter().chain([site]))
            }
            Self::Name(place) => Circle::of(place.name_number, [site]),
            Self::Endpoint(place) => Circle::of(place.number, [place.name_number, site]),
            Self::Account(account) => Circle::of(account.number, [site].into_iter().chain(login)),
            Self::Mailbox(account, mailbox, place) => {
                Circle::of(mailbox.number, [account.number, place.number, place.name_number, site])
            }
            Self::Exported(exported) => Circle::of(numbers.of(&exported.settled.subject), [site]),
        }
    }
}
