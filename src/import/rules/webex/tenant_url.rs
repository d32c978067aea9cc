//! `webex.tenant-url`: the address that Entra ID sends users to, as the site file states it.
//!
//! Microsoft Graph never shows it: the secrets of a provisioning job can only be written. The documented form is
//! `https://api.ciscospark.com/v1/scim/{OrgId}` (<https://help.webex.com/aumpbz>).

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use url::Url;
use uuid::Uuid;

use super::{Integration, Question, Reason, new};
use crate::import::{
    facts::webex as facts,
    record::Record,
    rules::{Evidence, Outcome, Settled},
};

const CHECK: &str = "webex.tenant-url";
const HOST: &str = "api.ciscospark.com";
const STATE_IT: &str = "state tenant_url under [webex]: Entra admin center > Enterprise applications > Cisco Webex > \
                        Provisioning > Admin Credentials > Tenant URL";

/// The path of Webex's newer interface, which has other scopes (<https://developer.webex.com/docs/api/guides/scim-2-overview>).
const NEWER: &str = "webexapis.com";

/// What a tenant URL is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantUrl {
    /// In the documented form, for this organization.
    Good(Uuid),
    /// Of Webex's newer interface.
    Newer,
    /// Not usable: which word names the fault, what is wrong, and the address to use where it is known.
    Wrong(&'static str, &'static str, Option<String>),
}

/// Reads a tenant URL.
#[must_use]
pub fn read(typed: &str) -> TenantUrl {
    let wrong = |verdict, wrong| TenantUrl::Wrong(verdict, wrong, None);
    if typed.chars().any(char::is_whitespace) {
        return wrong("form", "it has a space in it");
    }
    if typed.contains(['{', '}', '[', ']', '<', '>']) {
        return wrong("sample", "it still has the placeholder of the document in place of the organization ID");
    }
    let Ok(url) = Url::parse(typed) else { return wrong("form", "it is not a URL") };
    if url.scheme() != "https" {
        return wrong("form", "it does not begin with https://");
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.port().is_some() {
        return wrong("form", "it has a port, a user, a query or a fragment");
    }
    match url.host_str().unwrap_or_default() {
        HOST => organization(url.path()),
        NEWER if url.path().starts_with("/identity/scim/") => TenantUrl::Newer,
        _ => wrong("host", "its host is not api.ciscospark.com"),
    }
}

fn organization(path: &str) -> TenantUrl {
    let wrong = |verdict, wrong| TenantUrl::Wrong(verdict, wrong, None);
    let Some(rest) = path.strip_prefix("/v1/scim/") else {
        return wrong("form", "its path does not begin with /v1/scim/");
    };
    let id = rest.strip_suffix('/').unwrap_or(rest);
    if id.contains('/') {
        return wrong("form", "it has a further path, such as /Users, behind the organization ID");
    }
    if let Some(org) = guid(id) {
        return TenantUrl::Good(org);
    }
    if let Some(org) = decoded(id) {
        let right = format!("https://{HOST}/v1/scim/{org}");
        return TenantUrl::Wrong("encoded", "the organization ID is in its long form", Some(right));
    }
    wrong("sample", "the organization ID is not 8-4-4-4-12 hexadecimal digits")
}

fn guid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}

/// The organization ID of Webex's developer pages: base64 of `ciscospark://us/ORGANIZATION/GUID`.
#[must_use]
pub fn decoded(text: &str) -> Option<Uuid> {
    let bytes = STANDARD_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
    let plain = String::from_utf8(bytes).ok()?;
    guid(plain.strip_prefix("ciscospark://")?.rsplit('/').next()?)
}

/// An organization ID in either form.
fn either(text: &str) -> Option<Uuid> {
    let text = text.trim();
    guid(text).or_else(|| decoded(text))
}

/// Settles `webex.tenant-url`.
#[must_use]
pub fn settle(evidence: &Evidence<'_>, question: &Question) -> Settled {
    if super::is_absent(Integration::Gallery, evidence, question) {
        return new(CHECK, Outcome::NotApplicable, Reason::OtherIntegration);
    }
    let Some(typed) = question.tenant_url.as_deref() else {
        return new(CHECK, Outcome::NeedsInput, Reason::NotStated(STATE_IT));
    };
    let settled = |outcome, reason, verdict: &str| {
        new(CHECK, outcome, reason).with(facts::STATED_URL, typed).with(facts::TENANT_URL_FORM, verdict)
    };
    match read(typed) {
        TenantUrl::Wrong(verdict, wrong, right) => settled(Outcome::Fail, Reason::TenantUrl(wrong, right), verdict),
        TenantUrl::Newer => {
            let wrong =
                "it is an address of the newer Webex interface, which Cisco does not document for this connector";
            settled(Outcome::Warn, Reason::TenantUrl(wrong, None), "newer")
        }
        TenantUrl::Good(org) => match other(org, evidence, question) {
            Some((known, file)) => settled(Outcome::Fail, Reason::OtherOrganization(known.to_string()), "other")
                .with(facts::ORGANIZATION, known.to_string())
                .from(file),
            None => settled(Outcome::Pass, Reason::Confirmed, "good"),
        },
    }
}

/// Another organization than that of the URL: that of the site file, or else of the newest text from Control Hub.
fn other(org: Uuid, evidence: &Evidence<'_>, question: &Question) -> Option<(Uuid, Option<usize>)> {
    if let Some(stated) = question.org_id.as_deref().and_then(either) {
        return (stated != org).then_some((stated, None));
    }
    let blocks = evidence.rows(|record| if let Record::WebexDebug(block) = record { Some(block) } else { None });
    let known = blocks.into_iter().find_map(|hit| Some((guid(hit.row.org.as_deref()?)?, hit.file)))?;
    (known.0 != org).then_some((known.0, Some(known.1)))
}
