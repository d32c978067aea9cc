//! What evidence can say: one typed constant a fact. Checks read these as they read what a connection shows.

/// What holds of the files themselves, whatever they are about.
pub mod file {
    use crate::evidence::facts;

    facts! {
        /// What holds of the files themselves.
        AS_OF: String = "file.as_of", ""; // the day of a file of more than 24 hours; the note says it
    }
}

/// What evidence can say of a mailbox.
pub mod mailbox {
    use crate::evidence::{Fact, Facts, facts};

    facts! {
        /// What evidence can say of a mailbox.
        HOLDS: bool = "mailbox.holds", "";
        WITHOUT_RESERVATION: bool = "mailbox.without_reservation", "";
        NOTE: String = "mailbox.note", "evidence";
        NEWEST: bool = "mailbox.newest", ""; // it is what the newest of several files says; the note says it
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
        HOLDER: String = "mailbox.holder", ""; // for commands: who needs the right
    }

    /// A right of others, who may be a group with the account in it.
    pub const OF_GROUP: &str = "group";
    /// A right of an account that Exchange could not resolve.
    pub const UNRESOLVED: &str = "unresolved";
    /// A right of an address of another domain.
    pub const OF_OTHER_DOMAIN: &str = "another domain";
    /// A right of the account that is denied to others, who may be a group with the account in it.
    pub const MAYBE_DENIED: &str = "granted, but denied to others";

    const OPEN: [&str; 4] = [OF_GROUP, UNRESOLVED, OF_OTHER_DOMAIN, MAYBE_DENIED];

    /// True where these facts leave open who has a right.
    #[must_use]
    pub fn is_right_open(facts: &Facts) -> bool {
        let is_open =
            |fact: Fact<String>| facts.get(fact).is_some_and(|holder: &String| OPEN.contains(&holder.as_str()));
        is_open(FULL_ACCESS) || is_open(SEND_AS)
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
        APPLICATION_ID: String = "entra.application_id", ""; // for commands: the site's
        REDIRECT_REGISTERED: bool = "entra.redirect_registered", "registered as Web";
        REDIRECT_PLATFORM: String = "entra.redirect_platform", "platform";
        REDIRECT_SENT: String = "entra.redirect_sent", "redirect URI that ECE sends";
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
        PROOF: String = "directory.proof", "credential of the application";
        ENDS: String = "directory.ends", "expires";
        DAYS_LEFT: i64 = "directory.days_left", "days left";
        OVER: bool = "directory.over", "expired";
        DAYS_SINCE: i64 = "directory.days_since", "days since expiry";
        EXPIRED: i64 = "directory.expired", "expired credentials";
        WITHOUT_RESERVATION: bool = "directory.without_reservation", "";
        NOTE: String = "directory.note", "evidence";
    }
}

/// Of the two integrations of Webex with Entra ID.
pub mod webex {
    use crate::evidence::facts;

    facts! {
        /// What evidence can say of the two integrations of Webex with Entra ID.
        HOLDS: bool = "webex.holds", "";
        WITHOUT_RESERVATION: bool = "webex.without_reservation", "";
        NOTE: String = "webex.note", "evidence";
        TENANT: String = "webex.tenant", ""; // for commands: no file says it
        APPLICATIONS: String = "webex.applications", "enterprise applications";
        APPLICATION: String = "webex.application", "application";
        REMOVED_AT: String = "webex.removed_at", "removed at";
        REMOVED_BY: String = "webex.removed_by", "removed by";
        RESTORABLE_UNTIL: String = "webex.restorable_until", "restorable until";
        RESTORABLE_DAYS: i64 = "webex.restorable_days", "days left to restore it";
        CONSENT_STATE: String = "webex.consent_state", "consent";
        PERMISSIONS_MISSING: Vec<String> = "webex.permissions_missing", "permissions not granted";
        PERMISSIONS_FURTHER: i64 = "webex.permissions_further", "further permissions";
        STATED_URL: String = "webex.stated_url", "tenant URL";
        TENANT_URL_FORM: String = "webex.tenant_url_form", "form";
        ORGANIZATION: String = "webex.organization", "organization ID";
        PROVISIONING: String = "webex.provisioning", "provisioning";
        LAST_SUCCESS: String = "webex.last_success", "last successful cycle";
        QUARANTINE: String = "webex.quarantine", "quarantine because of";
        QUARANTINE_REASON: String = "webex.quarantine_reason", "reason";
        QUARANTINE_ERROR: String = "webex.quarantine_error", "error";
        QUARANTINE_ENDS: String = "webex.quarantine_ends", "will be disabled on";
        QUARANTINE_DAYS_LEFT: i64 = "webex.quarantine_days_left", "days left";
        USERS_FAILED: i64 = "webex.users_failed", "users that failed";
        USER_ERRORS: Vec<String> = "webex.user_errors", "errors of users";
        USERS_SKIPPED: Vec<String> = "webex.users_skipped", "skipped users";
        MAPPING_STATE: String = "webex.mapping_state", "mapping";
        USER_NAME_SOURCE: String = "webex.user_name_source", "user name from";
        MAPPING_ROWS_MISSING: Vec<String> = "webex.mapping_rows_missing", "rows missing or different";
        MAPPING_ROWS_OPTIONAL: Vec<String> = "webex.mapping_rows_optional", "optional rows missing or different";
        USER_NAMES: String = "webex.user_names", "user names";
        USERS_SAME: i64 = "webex.users_same", "users with the same name";
        USERS_WILL_BE_DOUBLED: Vec<String> = "webex.users_will_be_doubled", "would be created twice";
        USERS_DOUBLED: Vec<String> = "webex.users_doubled", "in Control Hub twice";
        USERS_WITHOUT_NAME: Vec<String> = "webex.users_without_name", "without a name";
        USERS_WILL_BE_CREATED: i64 = "webex.users_will_be_created", "other users that will be created";
        USERS_NOT_IN_ENTRA: i64 = "webex.users_not_in_entra", "users only in Control Hub";
        DELETED_USERS: i64 = "webex.deleted_users", "deleted users in Control Hub";
        DELETED_USERS_END: String = "webex.deleted_users_end", "end of the 30 days";
        DELETED_USERS_RESTORABLE_UNTIL: String = "webex.deleted_users_restorable_until", "the first restorable until";
        DELETED_USERS_DAYS_LEFT: i64 = "webex.deleted_users_days_left", "days left";
        DELETED_USERS_FIRST: Vec<String> = "webex.deleted_users_first", "deleted users";
    }
}

/// What ECE's own log can say.
pub mod ece {
    use crate::evidence::facts;

    facts! {
        /// What ECE's own log can say.
        HOLDS: bool = "ece.holds", "";
        WITHOUT_RESERVATION: bool = "ece.without_reservation", "";
        NOTE: String = "ece.note", "evidence";
        REFUSALS: i64 = "ece.refusals", "refusals in the last 24 hours";
        LAST_SUCCESS: String = "ece.last_success", "last success";
        LAST_REFUSAL: String = "ece.last_refusal", "last refusal";
        REFUSED_AT: String = "ece.refused_at", "refused at";
        WORDS: String = "ece.words", "ECE says";
        THIS_RUN: String = "ece.this_run", "the same in this run";
    }
}
