//! Who may open a mailbox, who may send as it, and which application Exchange knows.
//!
//! A denied right wins over a granted one, but an inherited denial does not win over a grant of the mailbox itself. Members
//! of a group are in no file, so a group may or may not include the user. Full Access does not let anyone send.
//! <https://learn.microsoft.com/windows/win32/secauthz/order-of-aces-in-a-dacl>
//! <https://learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxpermission>
//! <https://learn.microsoft.com/powershell/module/exchangepowershell/get-recipientpermission>
//! <https://learn.microsoft.com/powershell/module/exchangepowershell/new-serviceprincipal>

use std::collections::{BTreeSet, HashSet};

use super::{
    Account, Evidence, Outcome, Question, Reason, Settled, application,
    find::{Hit, decided},
};
use crate::{
    evidence::{Fact, Subject},
    import::{
        cell::Switch,
        facts::mailbox,
        record::{ExchangeServicePrincipal, Mailbox, MailboxPermission, RecipientPermission, Record},
    },
};

/// Names of the mailbox itself. <https://learn.microsoft.com/windows-server/identity/ad-ds/manage/understand-security-identifiers>
const SELF: &[&str] = &["nt authority\\self", "self", "s-1-5-10"];

/// Names of what includes every user who signs in.
const EVERYBODY: &[&str] =
    &["everyone", "s-1-1-0", "nt authority\\authenticated users", "authenticated users", "s-1-5-11"];

/// The accounts of a computer itself, which are no users: `NT AUTHORITY\SYSTEM` and its like.
const OF_COMPUTER: &str = "nt authority\\";

fn is_among(names: &[&str], name: &str) -> bool {
    names.iter().any(|own| own.eq_ignore_ascii_case(name))
}

/// One right that somebody has on a mailbox.
struct Right<'f> {
    file: usize,
    holder: &'f str,
    /// Whether it is denied; where a row is not understood, why.
    denied: Result<bool, Reason>,
    /// True where the row says that it is inherited.
    is_inherited: bool,
}

impl Right<'_> {
    fn is_allowed(&self) -> bool {
        self.denied == Ok(false)
    }

    /// True where it is denied and what is granted by these rows does not come first.
    fn denies_before(&self, own: &[&Self]) -> bool {
        let is_granted_here = own.iter().any(|right| right.is_allowed() && !right.is_inherited);
        self.denied == Ok(true) && !(self.is_inherited && is_granted_here)
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
            let is_inherited = hit.row.inherited.known() == Some(true);
            Some(Right { file: hit.file, holder: &hit.row.user, denied, is_inherited })
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
            let is_inherited = hit.row.inherited.known() == Some(true);
            Some(Right { file: hit.file, holder: &hit.row.trustee, denied, is_inherited })
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
            let is_own =
                account.signs_in_as.as_deref().is_some_and(|user| !account.application && evidence.same(user, mailbox));
            let Some(holder) = Holder::of(account, evidence, question) else { continue };
            let case = Case { evidence, kind, mailbox, holder: &holder, mailboxes: &mailboxes };
            let (rights, files) = of(mailbox);
            if is_own {
                settled.extend(case.of_owner(&rights, &files));
            } else {
                settled.push(case.of_other(&rights, &files));
            }
        }
    }
    settled
}

/// One kind of right on one mailbox for one who signs in.
struct Case<'c, 'f> {
    evidence: &'c Evidence<'f>,
    kind: &'c Kind,
    mailbox: &'c str,
    holder: &'c Holder,
    /// The addresses that the files list as mailboxes.
    mailboxes: &'c HashSet<String>,
}

impl Case<'_, '_> {
    fn settled(&self, outcome: Outcome, reason: Reason) -> Settled {
        let subject = Subject::Mailbox(self.mailbox.to_lowercase().into());
        let settled = Settled::new(self.kind.check, subject, outcome, reason);
        match &self.holder.own {
            Some(own) => settled.with(mailbox::HOLDER, own.as_str()),
            None => settled,
        }
    }

    /// What the newest file that lists the mailbox says of the right of another one.
    fn of_other(&self, rights: &[Right<'_>], files: &BTreeSet<usize>) -> Settled {
        // a list of the rights of some mailboxes says nothing of another one
        let lists = self.evidence.complete(self.kind.listed_as).into_iter();
        let lists = lists.filter(|file| self.evidence.has_mailbox(*file, self.mailbox)).chain(files.iter().copied());
        let of_file = |file: usize| (file, self.judged(&rights_in(rights, file), file));
        let said = lists.collect::<BTreeSet<_>>().into_iter().map(of_file).collect();
        decided(self.evidence, said)
            .unwrap_or_else(|| self.settled(Outcome::NeedsInput, Reason::no_row_of(self.kind.cmdlet, self.mailbox)))
    }

    /// The owner needs no right, so only a denied one is told.
    fn of_owner(&self, rights: &[Right<'_>], files: &BTreeSet<usize>) -> Option<Settled> {
        let of_file = |file: &usize| {
            let rights = rights_in(rights, *file);
            let is_own =
                |right: &&&Right<'_>| is_among(SELF, right.holder) || self.holder.is(self.evidence, right.holder);
            let own: Vec<&Right<'_>> = rights.iter().filter(is_own).copied().collect();
            let denied = self.denied(&own, &rights);
            (*file, denied.unwrap_or_else(|| self.settled(Outcome::Pass, Reason::Read).from([*file])))
        };
        let said = decided(self.evidence, files.iter().map(of_file).collect());
        said.filter(|one| one.outcome != Outcome::Pass)
    }

    /// A denial for the holder or for everybody.
    fn denied(&self, own: &[&Right<'_>], rights: &[&Right<'_>]) -> Option<Settled> {
        let fail = |reason, file| {
            let settled = self.settled(Outcome::Fail, reason).with(self.kind.fact, "denied");
            settled.because_of(self.kind.denied).from([file])
        };
        if let Some(right) = own.iter().find(|right| right.denied == Ok(true)) {
            return Some(fail(Reason::Denied, right.file));
        }
        let is_for_all = |right: &&&Right<'_>| is_among(EVERYBODY, right.holder) && right.denies_before(own);
        let right = rights.iter().find(is_for_all)?;
        let settled = fail(Reason::DeniedToAll(right.holder.to_owned()), right.file);
        // the command takes away the row that is there
        let is_removed = self.kind.denied != self.kind.missing;
        Some(if is_removed { settled.with(mailbox::HOLDER, right.holder) } else { settled })
    }

    /// What one file says that lists the mailbox.
    fn judged(&self, rights: &[&Right<'_>], file: usize) -> Settled {
        let new = |outcome, reason| self.settled(outcome, reason).from([file]);
        let fact = self.kind.fact;
        let (own, others): (Vec<&Right<'_>>, Vec<&Right<'_>>) =
            rights.iter().copied().partition(|right| self.holder.is(self.evidence, right.holder));
        if let Some(denied) = self.denied(&own, rights) {
            return denied;
        }
        let others: Vec<&Right<'_>> = others.into_iter().filter(|right| self.may_include(right.holder)).collect();
        let is_for_all = |right: &&&Right<'_>| is_among(EVERYBODY, right.holder);
        let mut of_user = own.iter().chain(others.iter().filter(is_for_all));
        if let Some(reason) = of_user.find_map(|right| not_understood(right)) {
            return new(Outcome::NeedsInput, reason);
        }
        if !own.is_empty() {
            let denied = others.iter().filter(|right| right.denies_before(&own));
            let denied: Vec<String> = denied.map(|right| right.holder.to_owned()).collect();
            if !denied.is_empty() {
                return new(Outcome::Warn, Reason::MaybeDenied(denied)).with(fact, mailbox::MAYBE_DENIED);
            }
            return new(Outcome::Pass, Reason::Read).with(fact, "granted");
        }
        let names = |pick: &dyn Fn(&str) -> bool| {
            let allowed = others.iter().filter(|right| right.is_allowed()).map(|right| right.holder);
            allowed.filter(|holder| pick(holder)).map(str::to_owned).collect::<Vec<_>>()
        };
        let is_elsewhere = |name: &str| self.is_of_other_domain(name);
        let (unresolved, groups, elsewhere) =
            (names(&is_sid), names(&|name| !is_sid(name) && !is_elsewhere(name)), names(&is_elsewhere));
        if !unresolved.is_empty() {
            return new(Outcome::Warn, Reason::Unresolved(unresolved)).with(fact, mailbox::UNRESOLVED);
        }
        if !groups.is_empty() {
            return new(Outcome::Warn, Reason::MaybeGroup(groups)).with(fact, mailbox::OF_GROUP);
        }
        if !elsewhere.is_empty() {
            return new(Outcome::Warn, Reason::OtherDomain(elsewhere)).with(fact, mailbox::OF_OTHER_DOMAIN);
        }
        if self.evidence.is_incomplete(file) {
            return new(Outcome::NeedsInput, Reason::IncompleteFile);
        }
        if let Some(reason) = rights.iter().find_map(|right| not_understood(right)) {
            return new(Outcome::NeedsInput, reason);
        }
        new(Outcome::Fail, Reason::Read).with(fact, "none").because_of(self.kind.missing)
    }

    /// True for an address of a domain that neither the mailbox nor the user has. The first domain of a tenant is
    /// `NAME.onmicrosoft.com`, which any of its groups may have.
    fn is_of_other_domain(&self, name: &str) -> bool {
        let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
        let Some(own) = domain(name).filter(|own| !own.ends_with(".onmicrosoft.com")) else { return false };
        let known = self.holder.names.iter().map(String::as_str).chain([self.mailbox]);
        !known.filter_map(domain).any(|known| known == own)
    }

    /// True for a name that may be that of a group with the user in it, or another name of the user.
    fn may_include(&self, name: &str) -> bool {
        let is_of_computer = name.to_lowercase().starts_with(OF_COMPUTER) && !is_among(EVERYBODY, name);
        !is_among(SELF, name) && !is_of_computer && !self.mailboxes.contains(&name.to_lowercase())
    }
}

fn rights_in<'r, 'f>(rights: &'r [Right<'f>], file: usize) -> Vec<&'r Right<'f>> {
    rights.iter().filter(|right| right.file == file).collect()
}

fn not_understood(right: &Right<'_>) -> Option<Reason> {
    right.denied.clone().err()
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
    let of_file = |file: usize| {
        let own = rows.iter().find(|hit| hit.file == file && hit.row.app_id == client_id);
        let settled = match own {
            Some(hit) => known(evidence, client_id, hit),
            None if evidence.is_incomplete(file) => new(Outcome::NeedsInput, Reason::IncompleteFile).from([file]),
            None if !needed => new(Outcome::NotApplicable, Reason::DelegatedFlow),
            None => new(Outcome::Fail, Reason::Read)
                .with(mailbox::SERVICE_PRINCIPAL, "missing")
                .because_of("exchange-service-principal-missing")
                .from([file]),
        };
        (file, settled)
    };
    let said = decided(evidence, files.into_iter().map(of_file).collect());
    vec![said.unwrap_or_else(|| new(Outcome::NeedsInput, Reason::no_row("Get-ServicePrincipal")))]
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
