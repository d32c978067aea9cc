//! What one finding is made for, with what the plan knows of it.

use super::Endpoint;
use crate::{catalogue::Check, deployment::Account, evidence::Subject, import::rules::Exported};

/// What one finding is made for.
pub(super) enum Target<'s> {
    Site,
    Name(&'s Endpoint),
    Endpoint(&'s Endpoint),
    Account(&'s Account),
    Mailbox(&'s Account, &'s str, &'s Endpoint),
    Exported(&'s Exported),
}

impl Target<'_> {
    /// True for ECE's own web pages: they are not there before ECE is.
    pub(super) fn is_ece(&self) -> bool {
        match self {
            Self::Site | Self::Account(_) | Self::Mailbox(..) | Self::Exported(_) => false,
            Self::Name(endpoint) | Self::Endpoint(endpoint) => endpoint.of_ece,
        }
    }

    /// True for what belongs to the site and not to Microsoft.
    pub(super) fn is_own(&self) -> bool {
        match self {
            Self::Name(endpoint) | Self::Endpoint(endpoint) => !endpoint.microsoft,
            Self::Site | Self::Account(_) | Self::Mailbox(..) | Self::Exported(_) => false,
        }
    }

    pub(super) fn subject(&self, check: &Check) -> Subject {
        match (self, &check.probe.place) {
            (Self::Site, Some((host, port))) => Subject::endpoint(host, *port),
            (Self::Site, None) => Subject::Site,
            (Self::Name(endpoint), _) => Subject::Name(endpoint.host.clone()),
            (Self::Endpoint(endpoint), _) => endpoint.subject(),
            (Self::Account(account), _) => Subject::Account(account.name.clone()),
            (Self::Mailbox(_, mailbox, _), _) => Subject::Mailbox((*mailbox).to_owned()),
            (Self::Exported(exported), _) => exported.settled.subject.clone(),
        }
    }

    pub(super) fn account(&self) -> Option<String> {
        match self {
            Self::Account(account) | Self::Mailbox(account, ..) => Some(account.name.clone()),
            Self::Exported(exported) => exported.account.clone(),
            Self::Site | Self::Name(_) | Self::Endpoint(_) => None,
        }
    }

    /// The subjects that this one is part of, itself first.
    pub(super) fn circle(&self, check: &Check) -> Vec<Subject> {
        let mut circle = vec![self.subject(check)];
        match self {
            Self::Endpoint(endpoint) => circle.push(Subject::Name(endpoint.host.clone())),
            Self::Mailbox(account, _, endpoint) => {
                let name = Subject::Name(endpoint.host.clone());
                circle.extend([Subject::Account(account.name.clone()), endpoint.subject(), name]);
            }
            Self::Site => circle.extend(check.probe.place.as_ref().map(|(host, _)| Subject::Name(host.clone()))),
            Self::Name(_) | Self::Account(_) | Self::Exported(_) => {}
        }
        circle.push(Subject::Site);
        circle
    }
}
