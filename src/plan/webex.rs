//! Which checks of Webex a plan has: a site without a section for Webex has none, unless they are asked for by name.

use super::{Selection, Site};
use crate::{
    catalogue::{Check, Section},
    deployment::Integration,
};

/// Whether a check is of one of the two integrations of Webex.
pub(super) fn is_of_webex(check: &Check) -> bool {
    matches!(check.section, Section::WebexIntegration | Section::WebexProvisioning)
}

/// Whether a check is of Webex, the site file says nothing of Webex, and the check was not asked for by name.
pub(super) fn is_left_out(check: &Check, site: &Site, selection: &Selection) -> bool {
    let is_asked = || selection.only.iter().any(|word| check.is_named(word));
    is_of_webex(check) && site.deployment.webex.is_none() && !is_asked()
}

/// Whether the site file says that the site has the other integration of Webex.
pub(super) fn is_of_other_integration(check: &Check, site: &Site) -> bool {
    let stated = site.deployment.webex.as_ref().and_then(|webex| webex.integration);
    match (check.section, stated) {
        (Section::WebexIntegration, Some(stated)) => stated == Integration::Gallery,
        (Section::WebexProvisioning, Some(stated)) => stated == Integration::Wizard,
        _ => false,
    }
}
