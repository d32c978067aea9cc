//! What files of colleagues and statements of a person say of a mailbox or of the application. Nobody is contacted.
//!
//! In: what [`rules`](crate::import::rules) have settled. Out: an [`Observation`] with its facts and where they come from.
//! Checks read these facts as they read those of a connection. Two facts are in every one of them: `holds`, and
//! `without_reservation`, which is false for old, incomplete or contradicting evidence.

use super::{Earlier, Fact, FactGroup, Probe, ProbeContext, Shape, fact};
use crate::evidence::{Facts, Observation, Route, Source, Subject};

/// What evidence can say of a mailbox.
pub const MAILBOX: &[Fact] = &[
    fact("mailbox.holds", Shape::Bool, "confirmed"),
    fact("mailbox.without_reservation", Shape::Bool, "without reservation"),
    fact("mailbox.note", Shape::Text, "evidence"),
    fact("mailbox.smtp_auth", Shape::Bool, "SMTP AUTH enabled"),
    fact("mailbox.smtp_auth_set_by", Shape::Text, "set by"),
    fact("mailbox.imap", Shape::Bool, "IMAP enabled"),
    fact("mailbox.pop", Shape::Bool, "POP enabled"),
    fact("mailbox.full_access", Shape::Text, "Full Access"),
    fact("mailbox.send_as", Shape::Text, "Send As"),
    fact("mailbox.service_principal", Shape::Text, "service principal"),
    fact("mailbox.object_id", Shape::Text, "object ID in Exchange"),
    fact("mailbox.exchange_plan", Shape::Text, "Exchange plan"),
    fact("mailbox.exchange_plan_disabled", Shape::Text, "disabled Exchange plan"),
    fact("mailbox.shared", Shape::Bool, "shared mailbox"),
];

/// What evidence can say of the application in Entra.
pub const ENTRA: &[Fact] = &[
    fact("entra.holds", Shape::Bool, "confirmed"),
    fact("entra.without_reservation", Shape::Bool, "without reservation"),
    fact("entra.note", Shape::Text, "evidence"),
    fact("entra.redirect_registered", Shape::Bool, "registered as Web"),
    fact("entra.web_redirects", Shape::List, "redirect URIs of the platform Web"),
    fact("entra.consent", Shape::Bool, "granted"),
    fact("entra.consent_missing", Shape::List, "permissions not granted"),
    fact("entra.secret_ends", Shape::Text, "secret expires"),
    fact("entra.secret_days_left", Shape::Int, "days left"),
    fact("entra.secrets_expired", Shape::Int, "expired secrets"),
    fact("entra.sign_in_error", Shape::Int, "AADSTS"),
    fact("entra.sign_in_policies", Shape::List, "Conditional Access policies that blocked it"),
    fact("entra.sign_in_failed_at", Shape::Text, "failed at"),
];

/// What evidence has settled for one check and subject.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExportedProbe {
    /// The check, which tells it from the others of its subject.
    pub check: &'static str,
    /// The group of its facts.
    pub group: &'static str,
    /// Whom it is about.
    pub subject: Subject,
    /// What was read.
    pub facts: Facts,
    /// Where it comes from.
    pub source: Source,
}

impl Probe for ExportedProbe {
    const NAME: &str = "exported";
    const FACTS: &[FactGroup] = &[("mailbox", MAILBOX), ("entra", ENTRA)];

    fn subject(&self) -> Subject {
        self.subject.clone()
    }

    fn variant(&self) -> &'static str {
        self.check
    }

    fn deepest(&self) -> &'static str {
        self.group
    }

    async fn observe(&self, _: &Earlier, _: &ProbeContext) -> Observation {
        Observation {
            own: false,
            facts: self.facts.clone(),
            source: self.source.clone(),
            ..Observation::new(self.group, self.subject.to_string(), Route::File)
        }
    }
}
