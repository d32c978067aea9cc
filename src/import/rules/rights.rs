//! Who may open a mailbox, who may send as it, and which application Exchange knows.
//!
//! A denied right wins over a granted one. Members of a group are in no file, so a group may or may not include the user.
//! Full Access does not let anyone send.
//! <https://learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxpermission>
//! <https://learn.microsoft.com/powershell/module/exchangepowershell/get-recipientpermission>
//! <https://learn.microsoft.com/powershell/module/exchangepowershell/new-serviceprincipal>

use std::collections::{BTreeSet, HashSet};

use super::{Account, Evidence, Outcome, Question, Reason, Settled, application, find::Hit};
use crate::{
    evidence::{Fact, Subject},
    import::{
        facts::mailbox,
        record::{ExchangeServicePrincipal, Mailbox, MailboxPermission, RecipientPermission, Record},
    },
};

/// The right of the mailbox itself.
const SELF: &str = "nt authority\\self";

/// One right that somebody has on a mailbox.
struct Right<'f> {
    file: usize,
    holder: &'f str,
    denied: bool,
}

/// Who must have a right: the names that the files can call them by.
struct Holder {
    names: Vec<String>,
}

impl Holder {
    fn of(account: &Account, evidence: &Evidence<'_>, question: &Question) -> Option<Self> {
        if account.application {
            let client_id = question.client_id.as_deref()?;
            let own = application::enterprise_id(evidence, client_id).map(|(id, _)| id);
            return Some(Self { names: application::names(evidence, question), own });
        }
        let user = account.signs_in_as.as_ref()?.to_lowercase();
        Some(Self { names: vec![user.clone()], own: Some(user) })
    }

    fn is(&self, evidence: &Evidence<'_>, name: &str) -> bool {
        let plain = name.rsplit('\\').next().unwrap_or(name);
        self.names.iter().any(|own| evidence.same(own, name) || evidence.same(own, plain))
    }
}

/// `mailbox.full-access`, for each mailbox that another one's token opens.
pub fn full_access(evidence: &Evidence<'_>, question: &Question) -> Vec<Settled> {
    let rows = evidence.rows(|record| if let Record::MailboxPermission(row) = record { Some(row) } else { None });
    let of = |address: &str| {
        let about = rows.iter().filter(|hit| evidence.is_about(&hit.row.who, address));
        let full = |hit: &&Hit<'_, MailboxPermission>| has(&hit.row.rights, "FullAccess");
        let rights = about.clone().filter(full).map(|hit| Right {
            file: hit.file,
            holder: &hit.row.user,
            denied: hit.row.deny.known() == Some(true),
        });
        (rights.collect::<Vec<_>>(), about.map(|hit| hit.file).collect::<BTreeSet<_>>())
    };
    shared(evidence, question, &FULL_ACCESS, of)
}

/// `mailbox.send-as`, for each mailbox that another one sends from.
pub fn send_as(evidence: &Evidence<'_>, question: &Question) -> Vec<Settled> {
    let rows = evidence.rows(|record| if let Record::RecipientPermission(row) = record { Some(row) } else { None });
    let of = |address: &str| {
        let about = rows.iter().filter(|hit| evidence.is_about(&hit.row.who, address));
        let may = |hit: &&Hit<'_, RecipientPermission>| has(&hit.row.rights, "SendAs");
    own: Option<String>,
        let denied = |control: Option<&str>| control.is_some_and(|control| control.eq_ignore_ascii_case("Deny"));
        let rights = about.clone().filter(may).map(|hit| Right {
            file: hit.file,
            holder: &hit.row.trustee,
            denied: denied(hit.row.control.as_deref()),
        });
        (rights.collect::<Vec<_>>(), about.map(|hit| hit.file).collect::<BTreeSet<_>>())
    };
    shared(evidence, question, &SEND_AS, of)
}

/// One kind of right.
struct Kind {
    check: &'static str,
    cmdlet: &'static str,
    listed_as: &'static str,
    fact: Fact<String>,
    missing: &'static str,
    denied: &'static str,
}

const FULL_ACCESS: Kind = Kind {
    check: "mailbox.full-access",
    cmdlet: "Get-MailboxPermission",
    listed_as: "mailbox-permission",
    fact: mailbox::FULL_ACCESS,
    missing: "no-full-access-to-mailbox",
    denied: "full-access-denied",
};

const SEND_AS: Kind = Kind {
    check: "mailbox.send-as",
    cmdlet: "Get-RecipientPermission",
    listed_as: "recipient-permission",
    fact: mailbox::SEND_AS,
    missing: "send-as-denied",
    denied: "send-as-denied",
};

fn shared<'f>(
    evidence: &Evidence<'f>,
    question: &Question,
    kind: &Kind,
    of: impl Fn(&str) -> (Vec<Right<'f>>, BTreeSet<usize>),
) -> Vec<Settled> {
    let mut settled = Vec::new();
    let mailboxes = addresses_of_mailboxes(evidence);
    for account in &question.accounts {
        for mailbox in &account.mailboxes {
            let own =
                account.signs_in_as.as_deref().is_some_and(|user| !account.application && evidence.same(user, mailbox));
            if !own && let Some(holder) = Holder::of(account, evidence, question) {
                let (rights, files) = of(mailbox);
                settled.push(judged(evidence, kind, mailbox, &holder, (&rights, &files), &mailboxes));
            }
        }
    }
    settled
}

fn judged(
    evidence: &Evidence<'_>,
    kind: &Kind,
    mailbox: &str,
    holder: &Holder,
    (rights, files): (&[Right<'_>], &BTreeSet<usize>),
    mailboxes: &HashSet<String>,
) -> Settled {
    let new = |outcome, reason| {
        let settled = Settled::new(kind.check, Subject::Mailbox(mailbox.to_lowercase().into()), outcome, reason);
        match &holder.own {
            Some(own) => settled.with(mailbox::HOLDER, own.as_str()),
            None => settled,
        }
    };
    let own: Vec<&Right<'_>> = rights.iter().filter(|right| holder.is(evidence, right.holder)).collect();
    if let Some(right) = own.iter().find(|right| right.denied) {
        return new(Outcome::Fail, Reason::Denied).with(kind.fact, "denied").because_of(kind.denied).from([right.file]);
    }
    if let Some(right) = own.first() {
        return new(Outcome::Pass, Reason::Read).with(kind.fact, "granted").from([right.file]);
    }
    // a list of the rights of some mailboxes says nothing of another one
    let lists_it = |file: &usize| evidence.has_mailbox(*file, mailbox);
    let lists = if files.is_empty() {
        evidence.complete(kind.listed_as).into_iter().filter(lists_it).collect()
    } else {
        files.clone()
    };
    if lists.is_empty() {
        return new(Outcome::NeedsInput, Reason::no_row_of(kind.cmdlet, mailbox));
    }
    let others: Vec<&Right<'_>> =
        rights.iter().filter(|right| !right.denied && right.holder.to_lowercase() != SELF).collect();
    let names = |pick: &dyn Fn(&str) -> bool| {
        others.iter().map(|right| right.holder).filter(|holder| pick(holder)).map(str::to_owned).collect::<Vec<_>>()
    };
    let (unresolved, groups) =
        (names(&is_sid), names(&|name| !is_sid(name) && !mailboxes.contains(&name.to_lowercase())));
    if !unresolved.is_empty() {
        return new(Outcome::Warn, Reason::Unresolved(unresolved)).with(kind.fact, mailbox::UNRESOLVED).from(lists);
    }
    if !groups.is_empty() {
        return new(Outcome::Warn, Reason::MaybeGroup(groups)).with(kind.fact, mailbox::OF_GROUP).from(lists);
    }
    if lists.iter().any(|file| evidence.is_incomplete(*file)) {
        return new(Outcome::NeedsInput, Reason::IncompleteFile).from(lists);
    }
    new(Outcome::Fail, Reason::Read).with(kind.fact, "none").because_of(kind.missing).from(lists)
}

/// The addresses that the files list as mailboxes, which have no members, in lower case. A name without a domain may be that
/// of a group as well.
fn addresses_of_mailboxes(evidence: &Evidence<'_>) -> HashSet<String> {
    const KINDS: [&str; 4] = ["UserMailbox", "SharedMailbox", "RoomMailbox", "EquipmentMailbox"];
    let rows = evidence.rows(|record| if let Record::Mailbox(row) = record { Some(row) } else { None });
    let is_mailbox = |row: &Mailbox| {
        let kind = row.recipient_type.as_deref().unwrap_or_default();
        KINDS.iter().any(|one| kind.eq_ignore_ascii_case(one))
    };
    let listed = rows.iter().map(|hit| hit.row).filter(|row| is_mailbox(row));
    listed
        .flat_map(|row| row.who.addresses.iter().chain(&row.user_principal_name))
        .map(|one| one.to_lowercase())
        .collect()
}

fn has(rights: &[String], wanted: &str) -> bool {
    rights.iter().any(|right| right.eq_ignore_ascii_case(wanted))
}

fn is_sid(name: &str) -> bool {
    name.to_uppercase().starts_with("S-1-5-")
}

const PRINCIPAL: &str = "mailbox.service-principal";

/// `mailbox.service-principal`, where the application signs in by itself. A file about the application settles it for
/// every site whose client id is in it.
pub fn service_principal(evidence: &Evidence<'_>, question: &Question) -> Vec<Settled> {
    let rows =
        evidence.rows(|record| if let Record::ExchangeServicePrincipal(row) = record { Some(row) } else { None });
    let needed = question.accounts.iter().any(|account| account.application);
    let Some(client_id) = question.client_id.as_deref().filter(|_| needed || !rows.is_empty()) else {
        return Vec::new();
    };
    let new = |outcome, reason| Settled::new(PRINCIPAL, Subject::Application, outcome, reason);
    let files: BTreeSet<usize> =
        rows.iter().map(|hit| hit.file).chain(evidence.complete("exchange-service-principal")).collect();
    let own: Vec<&Hit<'_, ExchangeServicePrincipal>> = rows.iter().filter(|hit| hit.row.app_id == client_id).collect();
    vec![match own.first() {
        Some(hit) => known(evidence, client_id, hit),
        None if files.is_empty() => new(Outcome::NeedsInput, Reason::no_row("Get-ServicePrincipal")),
        None if files.iter().any(|file| evidence.is_incomplete(*file)) => {
            new(Outcome::NeedsInput, Reason::IncompleteFile).from(files)
        }
        None if !needed => new(Outcome::NotApplicable, Reason::DelegatedFlow),
        None => new(Outcome::Fail, Reason::Read)
            .with(mailbox::SERVICE_PRINCIPAL, "missing")
            .because_of("exchange-service-principal-missing")
            .from(files),
    }]
}

fn known(evidence: &Evidence<'_>, client_id: &str, hit: &Hit<'_, ExchangeServicePrincipal>) -> Settled {
    let new = |outcome, reason| Settled::new(PRINCIPAL, Subject::Application, outcome, reason).from([hit.file]);
    let wrong = |reason| {
        new(Outcome::Fail, reason)
            .with(mailbox::SERVICE_PRINCIPAL, "wrong object")
            .with(mailbox::OBJECT_ID, hit.row.object_id.as_str())
            .because_of("exchange-service-principal-wrong-object")
    };
    if let Some((id, file)) = application::enterprise_id(evidence, client_id) {
        if id == hit.row.object_id {
            return new(Outcome::Pass, Reason::Read).with(mailbox::SERVICE_PRINCIPAL, "registered").from([file]);
        }
        return wrong(Reason::WrongObject(Some(id))).from([file]);
    }
    match application::registration(evidence, client_id) {
        Some((application, file)) if application.object_id.as_deref() == Some(&hit.row.object_id) => {
            wrong(Reason::WrongObject(None)).from([file])
        }
        _ => new(Outcome::NeedsInput, Reason::no_row("Get-MgServicePrincipal")),
    }
}
