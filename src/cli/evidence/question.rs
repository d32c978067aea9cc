//! What files of evidence are asked about a site.

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::{
    deployment::{Account, Attestation, Deployment, Inbound, Integration},
    import::rules::{self, Question, webex},
    oauth::TokenSource,
};

/// True for an account whose token is the application's own.
pub fn is_application(account: &Account) -> bool {
    matches!(account.credential, Some(TokenSource::ClientCredentials))
}

/// What is asked about the integrations of Webex.
pub fn question_of_webex(deployment: &Deployment, now: Timestamp) -> webex::Question {
    let stated = deployment.webex.clone().unwrap_or_default();
    let integration = stated.integration.map(|integration| match integration {
        Integration::Wizard => webex::Integration::Wizard,
        Integration::Gallery => webex::Integration::Gallery,
    });
    webex::Question {
        now,
        integration,
        tenant: deployment.entra.tenant.clone(),
        org_id: stated.org_id,
        tenant_url: stated.tenant_url,
        user_name_from: stated.user_name_from,
    }
}

/// What is asked about a site.
pub fn question_of(deployment: &Deployment, now: Timestamp) -> Question {
    let account = |account: &Account| rules::Account {
        name: account.name.clone(),
        signs_in_as: account
            .signs_in_as
            .clone()
            .or_else(|| account.mailboxes.first().cloned())
            .filter(|_| !is_application(account)),
        application: is_application(account),
        imap: account.inbound.map(|inbound| inbound == Inbound::Imap),
        mailboxes: account.mailboxes.clone(),
    };
    Question {
        now,
        client_id: deployment.entra.client_id.map(|id| id.to_string()),
        redirect_url: deployment.ece.redirect_url.clone(),
        secret_expires: deployment.entra.secret_expires,
        accounts: deployment.accounts.iter().map(account).collect(),
    }
}

/// The beginning of a day, UTC.
pub fn midnight(day: Date) -> Option<Timestamp> {
    day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp())
}

/// What a person has confirmed, as the rules read it.
pub fn attestation(stated: &Attestation) -> rules::Attestation {
    rules::Attestation {
        check: stated.check.clone(),
        subject: stated.subject.clone(),
        holds: stated.holds,
        by: stated.by.clone(),
        on: stated.on,
    }
}
