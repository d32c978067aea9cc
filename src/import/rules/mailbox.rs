//! Whether SMTP, IMAP and POP are enabled: `Get-CASMailbox` and `Get-TransportConfig`.
//!
//! SMTP AUTH has three states at a mailbox: when it is not set, the organization's setting applies. `Get-EXOCasMailbox`
//! leaves the column out unless asked, and a missing column is not "not set".
//! <https://learn.microsoft.com/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission>

use std::collections::BTreeSet;

use super::{
    Evidence, Outcome, Question, Reason, Settled,
    find::{Hit, newest},
};
use crate::{
    evidence::{Fact, Subject},
    import::{
        cell::Switch,
        facts::mailbox,
        record::{CasMailbox, Record, TransportConfig},
    },
};

fn cas<'f>(evidence: &Evidence<'f>, address: &str) -> Vec<Hit<'f, CasMailbox>> {
    let rows = evidence.rows(|record| if let Record::CasMailbox(row) = record { Some(row) } else { None });
    rows.into_iter().filter(|hit| evidence.is_about(&hit.row.who, address)).collect()
}

/// `mailbox.smtp-enabled`, for each mailbox that signs in.
pub fn smtp(evidence: &Evidence<'_>, question: &Question) -> Vec<Settled> {
    let signing: BTreeSet<String> = question.accounts.iter().flat_map(super::Account::signing).collect();
    signing.into_iter().map(|address| smtp_of(evidence, &address)).collect()
}

const SMTP: &str = "mailbox.smtp-enabled";
const SMTP_COLUMN: &str = "SmtpClientAuthenticationDisabled";

fn smtp_of(evidence: &Evidence<'_>, address: &str) -> Settled {
    let hits = cas(evidence, address);
    let subject = || Subject::Mailbox(address.into());
    if hits.is_empty() {
        return Settled::new(SMTP, subject(), Outcome::NeedsInput, Reason::no_row_of("Get-CASMailbox", address));
    }
    let (disabled, files, disagree) = newest(evidence, &hits, |row: &CasMailbox| &row.smtp_auth_disabled);
    let known = |disabled: bool, by: &str, files: Vec<usize>, disagree: Option<usize>| {
        let outcome = if disabled { Outcome::Fail } else { Outcome::Pass };
        let settled = Settled::new(SMTP, subject(), outcome, Reason::Read)
            .with(mailbox::SMTP_AUTH, !disabled)
            .with(mailbox::SMTP_AUTH_SET_BY, by)
            .from(files);
        let cause = if by == "mailbox" { "smtp-auth-disabled-mailbox" } else { "smtp-auth-disabled-tenant" };
        let settled = if disabled { settled.because_of(cause) } else { settled };
        Settled { disagree, ..settled }
    };
    match disabled {
        Switch::Is(disabled) => known(disabled, "mailbox", files, disagree),
        Switch::Unset => {
            let (organization, of_files, differ) = organization(evidence);
            let all: Vec<usize> = files.into_iter().chain(of_files).collect();
            match organization {
                Switch::Is(disabled) => known(disabled, "organization", all, differ.or(disagree)),
                unknown => {
                    let reason = match unknown {
                        Switch::Missing | Switch::Unset => Reason::Inherits,
                        other => Reason::of_switch(SMTP_COLUMN, &other),
                    };
                    Settled::new(SMTP, subject(), Outcome::NeedsInput, reason)
                        .with(mailbox::SMTP_AUTH_SET_BY, "organization")
                        .from(all)
                }
            }
        }
        other => Settled::new(SMTP, subject(), Outcome::NeedsInput, Reason::of_switch(SMTP_COLUMN, &other)).from(files),
    }
}

fn organization(evidence: &Evidence<'_>) -> (Switch, Vec<usize>, Option<usize>) {
    let rows = evidence.rows(|record| if let Record::TransportConfig(row) = record { Some(row) } else { None });
    newest(evidence, &rows, |row: &TransportConfig| &row.smtp_auth_disabled)
}

/// `mailbox.imap-enabled` and `mailbox.pop-enabled`, for each mailbox that is read.
pub fn fetching(evidence: &Evidence<'_>, question: &Question) -> Vec<Settled> {
    let mut settled = Vec::new();
    for account in &question.accounts {
        for mailbox in &account.mailboxes {
            if account.imap != Some(false) {
                settled.push(protocol_of(evidence, mailbox, &IMAP));
            }
            if account.imap != Some(true) {
                settled.push(protocol_of(evidence, mailbox, &POP));
            }
        }
    }
    settled
}

struct Fetching {
    check: &'static str,
    column: &'static str,
    fact: Fact<bool>,
    cause: &'static str,
    switch: fn(&CasMailbox) -> &Switch,
}

const IMAP: Fetching = Fetching {
    check: "mailbox.imap-enabled",
    column: "ImapEnabled",
    fact: mailbox::IMAP,
    cause: "imap-disabled-for-mailbox",
    switch: |row| &row.imap,
};

const POP: Fetching = Fetching {
    check: "mailbox.pop-enabled",
    column: "PopEnabled",
    fact: mailbox::POP,
    cause: "pop-disabled-for-mailbox",
    switch: |row| &row.pop,
};

fn protocol_of(evidence: &Evidence<'_>, address: &str, protocol: &Fetching) -> Settled {
    let hits = cas(evidence, address);
    let subject = Subject::Mailbox(address.to_lowercase().into());
    if hits.is_empty() {
        return Settled::new(
            protocol.check,
            subject,
            Outcome::NeedsInput,
            Reason::no_row_of("Get-CASMailbox", address),
        );
    }
    let (enabled, files, disagree) = newest(evidence, &hits, |row| (protocol.switch)(row));
    let settled = match enabled {
        Switch::Is(true) => {
            Settled::new(protocol.check, subject, Outcome::Pass, Reason::Read).with(protocol.fact, true)
        }
        Switch::Is(false) => Settled::new(protocol.check, subject, Outcome::Fail, Reason::Read)
            .with(protocol.fact, false)
            .because_of(protocol.cause),
        other => Settled::new(protocol.check, subject, Outcome::NeedsInput, Reason::of_switch(protocol.column, &other)),
    };
    Settled { disagree, ..settled.from(files) }
}
