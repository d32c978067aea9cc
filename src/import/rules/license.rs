//! Whether a mailbox has the license that Cisco asks for: at least E3, which is Exchange Online Plan 2.
//!
//! The ids of service plans decide, or their names where a file has no ids, never the names of products. A plan that is off
//! in one product and on in another is on.
//! <https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference>

use std::collections::BTreeSet;

use super::{
    Evidence, Outcome, Question, Reason, Settled,
    find::{self, Hit, decided},
};
use crate::{
    evidence::Subject,
    import::{
        facts::mailbox,
        record::{EntraUser, License, Mailbox, Record, ServicePlan},
    },
};

const CHECK: &str = "directory.licence";

/// The cause of a mailbox without a license.
const NONE: &str = "no-exchange-licence";

/// Service plans of Exchange, their names, and what they are worth.
const PLANS: &[(&str, &str, Level)] = &[
    ("efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE", Level::Plan2),
    ("8c3069c0-ccdb-44be-ab77-986203a67df2", "EXCHANGE_S_ENTERPRISE_GOV", Level::Plan2),
    ("9aaf7827-d63c-4b61-89c3-182f06f82e5c", "EXCHANGE_S_STANDARD", Level::Plan1),
    ("e9b4930a-925f-45e2-ac2a-3f7788ca6fdd", "EXCHANGE_S_STANDARD_GOV", Level::Plan1),
    ("4a82b400-a79f-41a4-b4e2-e94f5787b113", "EXCHANGE_S_DESKLESS", Level::Kiosk),
    ("1126bef5-da20-4f07-b45e-ad25d2581aa8", "EXCHANGE_S_ESSENTIALS", Level::Kiosk),
    ("113feb6c-3fe4-4440-bddc-54d774bf0318", "EXCHANGE_S_FOUNDATION", Level::NoMailbox),
    ("922ba911-5694-4e99-a794-73aed9bfeec8", "EXCHANGE_S_FOUNDATION_GOV", Level::NoMailbox),
    ("da040e0a-b393-4bea-bb76-928b3fa1cf5a", "EXCHANGE_S_ARCHIVE", Level::NoMailbox),
    ("176a09a6-7ec5-4039-ac02-b2791c6ba793", "EXCHANGE_S_ARCHIVE_ADDON", Level::NoMailbox),
    ("34c0d7a0-a70f-4668-9238-47f9fc208882", "EXCHANGE_ANALYTICS", Level::NoMailbox),
];

/// Names of mailbox plans without their GUID. <https://learn.microsoft.com/powershell/module/exchangepowershell/get-mailboxplan>
const MAILBOX_PLANS: &[(&str, Level)] = &[
    ("ExchangeOnlineEnterprise", Level::Plan2),
    ("ExchangeOnline", Level::Plan1),
    ("ExchangeOnlineDeskless", Level::Kiosk),
    ("ExchangeOnlineEssentials", Level::Kiosk),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    NoMailbox,
    Kiosk,
    Unknown,
    Plan1,
    Plan2,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Self::NoMailbox => "none",
            Self::Kiosk => "kiosk or essentials",
            Self::Unknown => "unknown Exchange plan",
            Self::Plan1 => "Exchange Online Plan 1",
            Self::Plan2 => "Exchange Online Plan 2",
        }
    }
}

/// `directory.licence`, for everybody who signs in and every mailbox.
pub fn all(evidence: &Evidence<'_>, question: &Question) -> Vec<Settled> {
    find::asked(question).into_iter().map(|address| of(evidence, &address)).collect()
}

fn of(evidence: &Evidence<'_>, address: &str) -> Settled {
    let mailboxes = evidence.rows(|record| if let Record::Mailbox(row) = record { Some(row) } else { None });
    let mailboxes: Vec<_> = mailboxes.into_iter().filter(|hit| evidence.is_about(&hit.row.who, address)).collect();
    let mailbox = mailboxes.first();
    let shared = mailbox.is_some_and(|hit| is_shared(hit.row));
    let upn = mailbox.and_then(|hit| hit.row.user_principal_name.as_deref());
    let is_user = |user: &str| evidence.same(address, user) || upn.is_some_and(|upn| evidence.same(upn, user));
    let rows = evidence.rows(|record| if let Record::License(row) = record { Some(row) } else { None });
    let hits: Vec<_> = rows.into_iter().filter(|hit| hit.row.user.as_deref().is_some_and(is_user)).collect();
    let whole = evidence
        .complete("user-license")
        .into_iter()
        .filter(|file| evidence.file(*file).subject.as_deref().is_some_and(is_user));
    let files: BTreeSet<usize> = hits.iter().map(|hit| hit.file).chain(whole).collect();
    let of_file = |file: usize| {
        let licenses: Vec<&License> = hits.iter().filter(|hit| hit.file == file).map(|hit| hit.row).collect();
        let settled = by_plans(address, &licenses, shared).from([file]);
        let settled = if evidence.is_incomplete(file) && settled.outcome != Outcome::Pass {
            Settled::new(CHECK, settled.subject, Outcome::NeedsInput, Reason::IncompleteFile).from([file])
        } else if mailbox.is_none() && settled.cause == Some(NONE) && is_disabled(evidence, address) {
            perhaps_shared(settled)
        } else {
            settled
        };
        (file, settled)
    };
    let of_mailbox = |hit: &Hit<'_, Mailbox>| Some((hit.file, by_mailbox(address, hit.row)?.from([hit.file])));
    decided(evidence, files.into_iter().map(of_file).collect())
        .or_else(|| decided(evidence, mailboxes.iter().filter_map(of_mailbox).collect()))
        .unwrap_or_else(|| {
            let reason = Reason::no_row_of("Get-MgUserLicenseDetail", address);
            Settled::new(CHECK, subject(address), Outcome::NeedsInput, reason)
        })
}

/// Without `Get-Mailbox` only the account says that a mailbox may be a shared one: it is disabled by default.
/// <https://learn.microsoft.com/microsoft-365/admin/email/about-shared-mailboxes>
fn is_disabled(evidence: &Evidence<'_>, address: &str) -> bool {
    let users = evidence.rows(|record| if let Record::EntraUser(row) = record { Some(row) } else { None });
    let is_it = |user: &&EntraUser| {
        let mut names = user.mail.iter().chain(&user.aliases).chain([&user.user_principal_name]);
        names.any(|name| name.eq_ignore_ascii_case(address))
    };
    users.into_iter().map(|hit| hit.row).find(is_it).is_some_and(|user| user.enabled.known() == Some(false))
}

/// Whether it is shared is not known, so the fact is not set.
fn perhaps_shared(settled: Settled) -> Settled {
    Settled::new(CHECK, settled.subject, Outcome::Warn, Reason::PerhapsSharedWithoutLicense)
        .with(mailbox::EXCHANGE_PLAN, Level::NoMailbox.name())
        .from(settled.from)
}

fn subject(address: &str) -> Subject {
    Subject::Mailbox(address.into())
}

fn is_shared(mailbox: &Mailbox) -> bool {
    mailbox.recipient_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("SharedMailbox"))
}

/// The id decides; the name where the file has no id.
fn level_of(plan: &ServicePlan) -> Option<Level> {
    let is_it = |(id, name, _): &&(&str, &str, Level)| match plan.id.as_str() {
        "" => name.eq_ignore_ascii_case(&plan.name),
        own => *id == own,
    };
    let known = PLANS.iter().find(is_it).map(|(.., level)| *level);
    known.or_else(|| plan.name.to_uppercase().starts_with("EXCHANGE_").then_some(Level::Unknown))
}

fn is_on(plan: &ServicePlan) -> bool {
    plan.status.eq_ignore_ascii_case("Success")
}

fn is_pending(plan: &ServicePlan) -> bool {
    plan.status.to_lowercase().starts_with("pending")
}

fn by_plans(address: &str, licenses: &[&License], shared: bool) -> Settled {
    if licenses.iter().any(|license| license.plans_cut) && best(licenses, is_on) < Some(Level::Plan2) {
        return Settled::new(CHECK, subject(address), Outcome::NeedsInput, Reason::Cut("ServicePlans"));
    }
    let on = best(licenses, is_on).unwrap_or(Level::NoMailbox);
    if on >= Level::Unknown {
        return judged(address, on, shared);
    }
    if let Some(pending) = best(licenses, is_pending).filter(|level| *level >= Level::Plan1) {
        return Settled::new(CHECK, subject(address), Outcome::Warn, Reason::BeingSetUp)
            .with(mailbox::EXCHANGE_PLAN, pending.name());
    }
    let off = best(licenses, |plan| !is_on(plan)).filter(|level| *level >= Level::Plan1);
    if let (Level::NoMailbox, Some(off)) = (on, off) {
        return Settled::new(CHECK, subject(address), Outcome::Fail, Reason::PlanOff)
            .with(mailbox::EXCHANGE_PLAN, "disabled")
            .with(mailbox::EXCHANGE_PLAN_DISABLED, off.name())
            .because_of("exchange-plan-switched-off");
    }
    judged(address, on, shared)
}

fn best(licenses: &[&License], counts: fn(&ServicePlan) -> bool) -> Option<Level> {
    licenses.iter().flat_map(|license| &license.plans).filter(|plan| counts(plan)).filter_map(level_of).max()
}

fn judged(address: &str, level: Level, shared: bool) -> Settled {
    let new = |outcome, reason| {
        Settled::new(CHECK, subject(address), outcome, reason)
            .with(mailbox::EXCHANGE_PLAN, level.name())
            .with(mailbox::SHARED, shared)
    };
    match level {
        Level::Plan2 => new(Outcome::Pass, Reason::Read),
        Level::Plan1 => new(Outcome::Warn, Reason::BelowE3).because_of("exchange-plan-too-low"),
        Level::Unknown => new(Outcome::Warn, Reason::UnknownPlan),
        Level::NoMailbox if shared => new(Outcome::Warn, Reason::SharedWithoutLicense),
        Level::Kiosk => new(Outcome::Fail, Reason::Read).because_of("exchange-plan-too-low"),
        Level::NoMailbox => new(Outcome::Fail, Reason::Read).because_of(NONE),
    }
}

/// Kinds of recipients without a mailbox that ECE could open.
/// <https://learn.microsoft.com/powershell/module/exchangepowershell/get-recipient>
const NO_MAILBOX: &[&str] = &["MailUser", "GuestMailUser", "RemoteUserMailbox", "MailContact", "GroupMailbox", "User"];

/// An Exchange administrator can show the plan without rights in Entra.
fn by_mailbox(address: &str, row: &Mailbox) -> Option<Settled> {
    let kind = row.recipient_type.as_deref().unwrap_or_default();
    if NO_MAILBOX.iter().any(|own| own.eq_ignore_ascii_case(kind)) {
        let reason = Reason::NoMailbox(kind.to_owned());
        return Some(Settled::new(CHECK, subject(address), Outcome::Fail, reason));
    }
    let is_unlicensed = row.sku_assigned.known() == Some(false);
    if is_unlicensed && !is_shared(row) {
        let reason = Reason::NoSku { is_disabled: row.account_disabled.known() == Some(true) };
        return Some(Settled { reason, ..judged(address, Level::NoMailbox, false) });
    }
    if is_unlicensed {
        return Some(judged(address, Level::NoMailbox, true));
    }
    let plan = row.plan.as_deref()?;
    let level = MAILBOX_PLANS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(plan))
        .map_or(Level::Unknown, |(_, level)| *level);
    if is_shared(row) {
        let settled = Settled::new(CHECK, subject(address), Outcome::Warn, Reason::PlanOfShared);
        let plan = format!("{}, by the mailbox plan", level.name());
        return Some(settled.with(mailbox::EXCHANGE_PLAN, plan).with(mailbox::SHARED, true));
    }
    Some(judged(address, level, false))
}
