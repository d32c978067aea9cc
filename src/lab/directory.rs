//! What the directory and Exchange hold, as documents: the same state that the servers answer from, in the forms of
//! Microsoft Graph and of the Exchange cmdlets.
//!
//! In: the [`Tenant`]. Out: JSON values with the property names of Graph v1.0, or of the cmdlets. [`graph`](super::graph)
//! serves them, [`evidence`](super::evidence()) writes them into files. Nothing is kept: each call makes them anew.

pub(super) mod applications;
pub(super) mod exchange;
pub(super) mod logs;
mod object;
pub(super) mod people;
pub(super) mod webex;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    hosts::{PRINCIPAL_ID, object_of},
    tenant::Tenant,
};

/// A refusal's number as Entra ID writes it in its logs, and what the directory holds because of it.
pub(super) mod aadsts {
    pub const APP_DISABLED: u32 = 7_000_112;
    pub const USER_NOT_ASSIGNED: u32 = 50_105;
    pub const ACCOUNT_DISABLED: u32 = 50_057;
    pub const SECURITY_DEFAULTS: u32 = 530_035;
}

/// True when this refusal is one of the tenant's, for this user or for everybody.
pub(super) fn refuses(tenant: &Tenant, number: u32, user: Option<&str>) -> bool {
    let is_for = |of: &[String]| user.is_none_or(|user| of.is_empty() || of.iter().any(|one| one == user));
    tenant.refusals.iter().any(|refusal| refusal.aadsts == number && is_for(&refusal.of))
}

/// The object id of the registration.
pub(super) fn registration_id() -> String {
    object_of("registration")
}

/// A moment as Graph writes it.
pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// So many days from now; negative for the past.
pub(super) fn days(now: Timestamp, days: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(now)
}

/// The organization.
pub(super) fn organization() -> Value {
    let domain =
        |name: &str, is_default: bool| json!({ "name": name, "isDefault": is_default, "isInitial": !is_default });
    json!({
        "id": super::hosts::TENANT_ID, "displayName": super::hosts::TENANT_NAME,
        "verifiedDomains": [domain("example.com", true), domain("contoso.onmicrosoft.com", false)],
    })
}

/// The object id of ECE's enterprise application.
pub(super) fn principal_id() -> &'static str {
    PRINCIPAL_ID
}
