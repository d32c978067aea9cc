//! What evidence can say: one typed constant a fact. Checks read these as they read what a connection shows.

/// What evidence can say of a mailbox.
pub mod mailbox {
    use crate::evidence::facts;

    facts! {
        /// What evidence can say of a mailbox.
        HOLDS: bool = "mailbox.holds", "";
        WITHOUT_RESERVATION: bool = "mailbox.without_reservation", "";
        NOTE: String = "mailbox.note", "evidence";
        SMTP_AUTH: bool = "mailbox.smtp_auth", "SMTP AUTH enabled";
        SMTP_AUTH_SET_BY: String = "mailbox.smtp_auth_set_by", "set by";
        IMAP: bool = "mailbox.imap", "IMAP enabled";
        POP: bool = "mailbox.pop", "POP enabled";
        FULL_ACCESS: String = "mailbox.full_access", "Full Access";
        SEND_AS: String = "mailbox.send_as", "Send As";
        SERVICE_PRINCIPAL: String = "mailbox.service_principal", "service principal";
        OBJECT_ID: String = "mailbox.object_id", "object ID in Exchange";
        EXCHANGE_PLAN: String = "mailbox.exchange_plan", "Exchange plan";
        EXCHANGE_PLAN_DISABLED: String = "mailbox.exchange_plan_disabled", "disabled Exchange plan";
        SHARED: bool = "mailbox.shared", "shared mailbox";
    }
}

/// What evidence can say of the application in Entra.
pub mod entra {
    use crate::evidence::facts;

    facts! {
        /// What evidence can say of the application in Entra.
        HOLDS: bool = "entra.holds", "";
        WITHOUT_RESERVATION: bool = "entra.without_reservation", "";
        NOTE: String = "entra.note", "evidence";
        REDIRECT_REGISTERED: bool = "entra.redirect_registered", "registered as Web";
        REDIRECT_PLATFORM: String = "entra.redirect_platform", "platform";
        WEB_REDIRECTS: Vec<String> = "entra.web_redirects", "redirect URIs of the platform Web";
        CONSENT: bool = "entra.consent", "granted";
        CONSENT_MISSING: Vec<String> = "entra.consent_missing", "permissions not granted";
        APPLICATION_ENABLED: bool = "entra.application_enabled", "enabled for users to sign in";
        SIGN_IN_ERROR: i64 = "entra.sign_in_error", "AADSTS";
        SIGN_IN_POLICIES: Vec<String> = "entra.sign_in_policies", "Conditional Access policies that blocked it";
        SIGN_IN_FAILED_AT: String = "entra.sign_in_failed_at", "failed at";
    }
}

/// What the site file, a certificate or evidence can say of the application's secret or certificate.
pub mod directory {
    use crate::evidence::facts;

    facts! {
        /// What can be measured of the application's secret or certificate.
        PROOF: String = "directory.proof", "the application signs in with";
        ENDS: String = "directory.ends", "last day";
        DAYS_LEFT: i64 = "directory.days_left", "days left";
        OVER: bool = "directory.over", "it has ended";
        DAYS_SINCE: i64 = "directory.days_since", "days since then";
        EXPIRED: i64 = "directory.expired", "expired credentials";
        WITHOUT_RESERVATION: bool = "directory.without_reservation", "";
        NOTE: String = "directory.note", "evidence";
    }
}
