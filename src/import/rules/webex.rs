//! What evidence settles about the two integrations of Webex Control Hub with Microsoft Entra ID.
//!
//! In: [`File`]s and a [`Question`]. Out: [`Settled`]s, one for each check of Webex that reads evidence. The *wizard*
//! integration is two enterprise applications with which Webex reads from Microsoft Graph (Cisco document 220476); the
//! *gallery* application *Cisco Webex* writes users to Webex over SCIM (<https://help.webex.com/aumpbz>). Where the site
//! file does not say which one a site has, what is in the evidence decides.

mod applications;
mod consent;
mod deleted_users;
mod mapping;
mod provisioning;
mod reason;
pub mod tenant_url;
mod user_names;

use jiff::Timestamp;

use super::{Evidence, Exported, Outcome, Settled, aged, attested};
use crate::{
    evidence::{Source, Subject},
    import::{
        File,
        facts::webex as facts,
        record::{AttributeMapping, Record, SyncJob},
    },
};

pub use consent::ASKED_FOR_CONSENT;
pub use deleted_users::ASKED_FOR_DELETED_USERS;
pub use provisioning::ASKED_FOR_JOBS;
pub use reason::Reason;

/// The application (client) ID of *Cisco Webex Identity Integration* (Cisco document 220476).
pub const INTEGRATION_APP: &str = "90db942a-c1eb-4e8d-82e4-eebf64a7e2ae";

/// The tenant of whoever signs in: what Cisco document 220476 has in its consent URL.
const ANY_TENANT: &str = "common";

/// How the names of both applications of the wizard begin.
const WIZARD: &str = "cisco webex identity";

/// How the name of the gallery application begins.
const GALLERY: &str = "cisco webex";

/// How many names of a list are shown: a report is no place for a list of users.
const SHOWN: usize = 10;

/// For so many days a deleted application or user can be restored.
/// <https://learn.microsoft.com/graph/api/resources/directory>
const RESTORABLE_DAYS: i64 = 30;

/// What is asked about the site.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The moment from which ages are counted.
    pub now: Timestamp,
    /// Which integration the site has, where its file says so.
    pub integration: Option<Integration>,
    /// The tenant of Entra ID: its ID or a domain.
    pub tenant: Option<String>,
    /// The organization in Webex, as typed.
    pub org_id: Option<String>,
    /// The tenant URL, as typed.
    pub tenant_url: Option<String>,
    /// The attribute that becomes the Webex user name, where the site file says so.
    pub user_name_from: Option<String>,
}

/// The two ways of connecting Webex to Entra ID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integration {
    /// Control Hub's setup wizard.
    Wizard,
    /// The gallery application.
    Gallery,
}

/// What files and statements settle about Webex, with where it comes from.
#[must_use]
pub fn exported(files: &[File], attestations: &[super::Attestation], question: &Question) -> Vec<Exported> {
    let source = |settled: &Settled| {
        let oldest = settled.from.iter().filter_map(|at| files.get(*at)).min_by_key(|file| file.made.at());
        oldest.map_or(Source::Live, File::source)
    };
    let one = |settled: Settled| {
        let exported = Exported { account: None, source: source(&settled), settled, failure: None };
        attested(exported, attestations, question.now)
    };
    settle(files, question).into_iter().map(one).collect()
}

/// All that files settle about Webex, in the order of the checklist.
#[must_use]
pub fn settle(files: &[File], question: &Question) -> Vec<Settled> {
    let evidence = Evidence::of_files(files);
    let settled = [
        applications::settle(&evidence, question),
        consent::settle(&evidence, question),
        tenant_url::settle(&evidence, question),
        provisioning::settle(&evidence, question),
        mapping::settle(&evidence, question),
        user_names::settle(&evidence, question),
        deleted_users::settle(&evidence, question),
    ];
    let with_tenant =
        |one: Settled| one.with(facts::TENANT, question.tenant.as_deref().unwrap_or(ANY_TENANT).to_owned());
    settled.into_iter().map(|one| aged(with_tenant(one), files, question.now)).collect()
}

/// Which checks are of an integration that the site does not have.
fn is_absent(integration: Integration, evidence: &Evidence<'_>, question: &Question) -> bool {
    if let Some(stated) = question.integration {
        return stated != integration;
    }
    let (wizard, gallery) = traces(evidence);
    match integration {
        Integration::Wizard => gallery && !wizard,
        Integration::Gallery => wizard && !gallery && proves_absence(evidence),
    }
}

/// Whether the evidence has any trace of the wizard's integration, and of the gallery application.
fn traces(evidence: &Evidence<'_>) -> (bool, bool) {
    let (mut wizard, mut gallery) = (false, false);
    for record in evidence.records() {
        match record {
            Record::EnterpriseApplication(row) => {
                let name = row.name.as_deref().unwrap_or_default().to_lowercase();
                let of_wizard = row.app_id.as_deref() == Some(INTEGRATION_APP) || name.starts_with(WIZARD);
                wizard |= of_wizard;
                gallery |= !of_wizard && row.deleted_at.is_none() && name.starts_with(GALLERY);
            }
            Record::Audit(row) => wizard |= row.target_app_ids.iter().any(|id| id == INTEGRATION_APP),
            Record::WebexDebug(_) => wizard = true,
            Record::SyncJob(row) => gallery |= is_of_webex(row),
            Record::AttributeMapping(row) => gallery |= maps_to_webex(row),
            _ => {}
        }
    }
    (wizard, gallery)
}

/// Whether a provisioning job is that of Webex: its template, and the beginning of its id, say whose it is.
#[must_use]
pub fn is_of_webex(job: &SyncJob) -> bool {
    let mut named = job.template.iter().chain(&job.id).peekable();
    named.peek().is_none() || named.any(|name| name.to_lowercase().contains("webex"))
}

/// Whether a mapping is that of Webex; one that names no directory may be.
#[must_use]
pub fn maps_to_webex(row: &AttributeMapping) -> bool {
    row.directory.as_ref().is_none_or(|name| name.to_lowercase().contains("webex"))
}

/// The kind of a list that Microsoft Graph has given in this run for exactly the applications of Webex.
pub const ASKED_FOR_APPLICATIONS: &str = "webex-applications";

/// So many other applications in a list show that it was not filtered for one of them.
const UNFILTERED: usize = 3;

/// Whether a whole list of enterprise applications is there. A reply does not say with which filter it was asked for: it
/// counts when it has an application of Webex, or several others.
fn proves_absence(evidence: &Evidence<'_>) -> bool {
    if !evidence.complete(ASKED_FOR_APPLICATIONS).is_empty() {
        return true;
    }
    evidence.complete("enterprise-application").into_iter().any(|file| {
        let names: Vec<String> = evidence
            .file(file)
            .rows
            .iter()
            .filter_map(|row| match &row.record {
                Record::EnterpriseApplication(row) if row.deleted_at.is_none() => row.name.as_deref(),
                _ => None,
            })
            .map(str::to_lowercase)
            .collect();
        names.len() >= UNFILTERED || names.iter().any(|name| name.starts_with(GALLERY))
    })
}

fn new(check: &'static str, outcome: Outcome, reason: Reason) -> Settled {
    Settled::new(check, Subject::Site, outcome, super::Reason::Webex(reason))
}

/// The last day on which something deleted can be restored.
fn restorable_until(deleted: Timestamp) -> Timestamp {
    deleted.saturating_add(jiff::SignedDuration::from_hours(24 * RESTORABLE_DAYS)).unwrap_or(deleted)
}

/// Whole days from one moment to another; of a moment that has passed, below zero.
fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).as_hours().div_euclid(24)
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
