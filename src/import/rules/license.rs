//! Whether a mailbox has the license that Cisco asks for: at least E3, which is Exchange Online Plan 2.
//!
//! The ids of service plans decide, never the names of products. A plan that is off in one product and on in another is on.
//! <https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference>

use std::collections::BTreeSet;

use super::{Evidence, Outcome, Question, Reason, Settled, find};
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

/// Service plans of Exchange and what they are worth.
const PLANS: &[(&str, Level)] = &[
    ("efb87545-963c-4e0d-99df-69c6916d9eb0", Level::Plan2), // EXCHANGE_S_ENTERPRISE
    ("8c3069c0-ccdb-44be-ab77-986203a67df2", Level::Plan2), // EXCHANGE_S_ENTERPRISE_GOV
    ("9aaf7827-d63c-4b61-89c3-182f06f82e5c", Level::Plan1), // EXCHANGE_S_STANDARD
    ("e9b4930a-925f-45e2-ac2a-3f7788ca6fdd", Level::Plan1), // EXCHANGE_S_STANDARD_GOV
    ("4a82b400-a79f-41a4-b4e2-e94f5787b113", Level::Kiosk), // EXCHANGE_S_DESKLESS
    ("1126bef5-da20-4f07-b45e-ad25d2581aa8", Level::Kiosk), // EXCHANGE_S_ESSENTIALS
    ("113feb6c-3fe4-4440-bddc-54d774bf0318", Level::NoMailbox), // EXCHANGE_S_FOUNDATION
    ("922ba911-5694-4e99-a794-73aed9bfeec8", Level::NoMailbox), // EXCHANGE_S_FOUNDATION_GOV
    ("da040e0a-b393-4bea-bb76-928b3fa1cf5a", Level::NoMailbox), // EXCHANGE_S_ARCHIVE
    ("176a09a6-7ec5-4039-ac02-b2791c6ba793", Level::NoMailbox), // EXCHANGE_S_ARCHIVE_ADDON
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
    let mailbox = mailboxes.into_iter().find(|hit| evidence.is_about(&hit.row.who, address));
    let shared = mailbox.as_ref().is_some_and(|hit| is_shared(hit.row));
    let upn = mailbox.as_ref().and_then(|hit| hit.row.user_principal_name.as_deref());
    let is_user = |user: &str| evidence.same(address, user) || upn.is_some_and(|upn| evidence.same(upn, user));
    let rows = evidence.rows(|record| if let Record::License(row) = record { Some(row) } else { None });
    let hits: Vec<_> = rows.into_iter().filter(|hit| hit.row.user.as_deref().is_some_and(is_user)).collect();
    let whole = evidence
        .complete("user-license")
        .into_iter()
        .filter(|file| evidence.file(*file).subject.as_deref().is_some_and(is_user));
    let files: BTreeSet<usize> = hits.iter().map(|hit| hit.file).chain(whole).collect();
    if !files.is_empty() {
        let licenses: Vec<&License> = hits.iter().map(|hit| hit.row).collect();
        let is_incomplete = files.iter().any(|file| evidence.is_incomplete(*file));
        let settled = by_plans(address, &licenses, shared).from(files);
        if is_incomplete && settled.outcome != Outcome::Pass {
            return Settled::new(CHECK, settled.subject, Outcome::NeedsInput, Reason::IncompleteFile)
                .from(settled.from);
        }
        let is_perhaps_shared = mailbox.is_none() && settled.cause == Some(NONE) && is_disabled(evidence, address);
        return if is_perhaps_shared { perhaps_shared(settled) } else { settled };
    }
    let of_plan = mailbox.and_then(|hit| by_mailbox_plan(address, hit.row).map(|settled| settled.from([hit.file])));
    of_plan.unwrap_or_else(|| {
        Settled::new(
            CHECK,
            subject(address),
            Outcome::NeedsInput,
            Reason::no_row_of("Get-MgUserLicenseDetail", address),
        )
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

fn level_of(plan: &ServicePlan) -> Option<Level> {
    let known = PLANS.iter().find(|(id, _)| *id == plan.id).map(|(_, level)| *level);
    known.or_else(|| plan.name.starts_with("EXCHANGE_S_").then_some(Level::Unknown))
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

/// An Exchange administrator can show the plan without rights in Entra.
fn by_mailbox_plan(address: &str, row: &Mailbox) -> Option<Settled> {
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
