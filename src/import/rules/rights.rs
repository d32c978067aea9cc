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
        cell::Switch,
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
    /// Whether it is denied; where a row is not understood, why.
    denied: Result<bool, Reason>,
}

impl Right<'_> {
    fn is_allowed(&self) -> bool {
        self.denied == Ok(false)
    }
}

/// What a row says of a right: none where it is about other rights only.
fn denied(kind: &Kind, rights: &[String], deny: impl FnOnce() -> Result<bool, Reason>) -> Option<Result<bool, Reason>> {
    let is_known = |right: &String| kind.rights.iter().any(|known| right.eq_ignore_ascii_case(known));
    if has(rights, kind.right) {
        return Some(deny());
    }
    let strange = rights.iter().find(|right| !is_known(right));
    match strange {
        None if !rights.is_empty() => None,
        _ => Some(Err(Reason::NotUnderstood("AccessRights", strange.cloned().unwrap_or_default()))),
    }
}

/// `Deny` of `Get-MailboxPermission`.
fn deny(column: &Switch) -> Result<bool, Reason> {
    column.known().ok_or_else(|| match column {
        Switch::Unset => Reason::NotUnderstood("Deny", String::new()),
        other => Reason::of_switch("Deny", other),
    })
}

/// `AccessControlType` of `Get-RecipientPermission`, as its name or as the number of the enumeration.
/// <https://learn.microsoft.com/dotnet/api/system.security.accesscontrol.accesscontroltype>
fn control(column: Option<&str>) -> Result<bool, Reason> {
    match column.unwrap_or_default().to_lowercase().as_str() {
        "allow" | "0" => Ok(false),
        "deny" | "1" => Ok(true),
        other => Err(Reason::NotUnderstood("AccessControlType", other.chars().take(40).collect())),
    }
}

/// Who must have a right: the names that the files can call them by, and the one that Exchange's commands take.
struct Holder {
    names: Vec<String>,
    own: Option<String>,
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
pub fn full_access<'f>(evidence: &Evidence<'f>, question: &Question) -> Vec<Settled> {
    let rows = evidence.rows(|record| if let Record::MailboxPermission(row) = record { Some(row) } else { None });
    let of = |address: &str| {
        let about = rows.iter().filter(|hit| evidence.is_about(&hit.row.who, address));
        let right = |hit: &Hit<'f, MailboxPermission>| {
            let denied = denied(&FULL_ACCESS, &hit.row.rights, || deny(&hit.row.deny))?;
            Some(Right { file: hit.file, holder: &hit.row.user, denied })
        };
        let rights = about.clone().filter_map(right);
        (rights.collect::<Vec<_>>(), about.map(|hit| hit.file).collect::<BTreeSet<_>>())
    };
    shared(evidence, question, &FULL_ACCESS, of)
}

/// `mailbox.send-as`, for each mailbox that another one sends from.
pub fn send_as<'f>(evidence: &Evidence<'f>, question: &Question) -> Vec<Settled> {
    let rows = evidence.rows(|record| if let Record::RecipientPermission(row) = record { Some(row) } else { None });
    let of = |address: &str| {
        let about = rows.iter().filter(|hit| evidence.is_about(&hit.row.who, address));
        let right = |hit: &Hit<'f, RecipientPermission>| {
            let denied = denied(&SEND_AS, &hit.row.rights, || control(hit.row.control.as_deref()))?;
            Some(Right { file: hit.file, holder: &hit.row.trustee, denied })
        };
        let rights = about.clone().filter_map(right);
        (rights.collect::<Vec<_>>(), about.map(|hit| hit.file).collect::<BTreeSet<_>>())
    };
    shared(evidence, question, &SEND_AS, of)
}

/// One kind of right.
struct Kind {
    check: &'static str,
    cmdlet: &'static str,
    right: &'static str,
    /// All rights that the cmdlet lists.
    rights: &'static [&'static str],
    listed_as: &'static str,
    fact: Fact<String>,
    missing: &'static str,
    denied: &'static str,
}

const FULL_ACCESS: Kind = Kind {
    check: "mailbox.full-access",
    cmdlet: "Get-MailboxPermission",
    right: "FullAccess",
    rights: &["FullAccess", "ExternalAccount", "DeleteItem", "ReadPermission", "ChangePermission", "ChangeOwner"],
    listed_as: "mailbox-permission",
    fact: mailbox::FULL_ACCESS,
    missing: "no-full-access-to-mailbox",
    denied: "full-access-denied",
};

const SEND_AS: Kind = Kind {
    check: "mailbox.send-as",
    cmdlet: "Get-RecipientPermission",
    right: "SendAs",
    rights: &["SendAs"],
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
    if let Some(right) = own.iter().find(|right| right.denied == Ok(true)) {
        return new(Outcome::Fail, Reason::Denied).with(kind.fact, "denied").because_of(kind.denied).from([right.file]);
    }
    if let Some((reason, file)) = own.iter().find_map(|right| not_understood(right)) {
        return new(Outcome::NeedsInput, reason).from([file]);
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
        rights.iter().filter(|right| right.is_allowed() && right.holder.to_lowercase() != SELF).collect();
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
    if let Some((reason, file)) = rights.iter().find_map(not_understood) {
        return new(Outcome::NeedsInput, reason).from([file]);
    }
    new(Outcome::Fail, Reason::Read).with(kind.fact, "none").because_of(kind.missing).from(lists)
}

fn not_understood(right: &Right<'_>) -> Option<(Reason, usize)> {
    Some((right.denied.clone().err()?, right.file))
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
