//! Every cause of the catalogue has a fault in the lab, or a reason why not. What each fault shows: `tests/all/accuracy/lab.rs`.

use std::collections::BTreeSet;

use ece_check::{
    catalogue::Catalogue,
    deployment::Deployment,
    lab::{Lab, Settings, directory_faults, faults},
};

/// Causes that no fault of the lab shows, and why.
const NOT_IN_THE_LAB: &[(&str, &[&str])] = &[
    ("only the operating system of the client can forbid a connection", &["local-firewall"]),
    (
        "shows in files that colleagues export: see evidence",
        &[
            "exchange-plan-too-low",
            "exchange-plan-switched-off",
            "full-access-denied",
            "exchange-service-principal-wrong-object",
        ],
    ),
    (
        "shows where ECE's own log and a run disagree: see evidence_forms",
        &["ece-stored-token-outdated", "ece-trusts-fewer-roots", "ece-connects-another-way", "ece-alias-disabled"],
    ),
    ("loopback always has a route", &["no-route"]),
    ("which tunnel is asked for first is chance; src/diagnose/tests.rs shows it", &["proxy-serves-only-some"]),
    ("a run that tests one IP version alone shows it: see contradictions", &["dns-no-address-of-version"]),
    ("the lab knows one tenant whose mail works; src/diagnose/tests.rs shows it", &["tenant-in-file-differs"]),
    (
        "the lab has the TLS of this program; src/net/tls/hello.rs and src/diagnose/sign.rs show it",
        &["tls-not-testable"],
    ),
    ("one run sees the token dead, not why nobody saved a newer one", &["refresh-token-not-rotated-by-client"]),
    ("the lab signs as an honest authority does; src/net/tls shows it", &["cert-unusable"]),
    (
        "stands in a file of ECE's Java, which the lab has not",
        &["java-trust-store-incomplete", "java-trust-store-unread"],
    ),
    (
        "stands in the user's file: see levels",
        &[
            "ece-level-too-low",
            "ece-level-half-installed",
            "ece-release-without-oauth",
            "ece-release-unknown",
            "ece-level-not-newest",
            "ece-level-table-old",
            "ece-level-not-documented",
            "ece-package-misnamed",
            "ece-defect-with-fix",
            "external-url-form",
            "console-url-mismatch",
            "redirect-url-mismatch",
        ],
    ),
    (
        "a proxy that is written https:// is refused before anything is opened; src/net/proxy.rs shows it",
        &["proxy-scheme-wrong"],
    ),
    (
        "a mistake of another client on the wire, which ece-check does not make; read from its text by explain",
        &[
            "auth-mechanism-not-offered",
            "basic-auth-retired",
            "client-not-authenticated",
            "idle-timeout",
            "pop3-xoauth2-one-line",
            "protocol-garbage-from-client",
            "starttls-not-used",
            "tls-required",
            "tls-version-too-old",
            "username-or-password-wrong",
            "wrong-port-or-host",
            "wrong-tls-mode",
            "wrong-username",
            "xoauth2-string-malformed",
        ],
    ),
    (
        "a mistake in another client's token request, which ece-check does not make; read from its text by explain",
        &[
            "scope-resource-conflict",
            "token-endpoint-url-wrong",
            "token-malformed",
            "token-request-malformed",
            "token-request-parameter-missing",
            "token-wrong-resource",
        ],
    ),
    (
        "shows in the browser while somebody signs in, or right after; a run begins with a token",
        &[
            "admin-consent-required",
            "auth-code-already-used",
            "auth-code-expired",
            "auth-code-malformed",
            "consent-declined",
            "consumer-account-unsupported",
            "first-party-client-id-borrowed",
            "password-expired",
            "redirect-uri-mismatch",
            "redirect-uri-platform-wrong",
            "single-tenant-app-on-common-endpoint",
        ],
    ),
    (
        "shows in other programs and consoles than ece-check; read from its text by explain",
        &[
            "admin-cmdlet-missing",
            "app-instance-locked",
            "java-trust-store-unreadable",
            "local-ports-exhausted",
            "mailbox-full",
            "revocation-list-unreachable",
        ],
    ),
    (
        "a warning beside other causes of the same refusal: other mail servers accept the tokens of other issuers; oauth::what",
        &["token-issuer-foreign"],
    ),
    ("a run asks nothing of Microsoft Graph", &["app-only-call-needs-user-path", "application-access-policy"]),
    ("shows in the browser while somebody signs in to Webex", &["webex-invalid-scope"]),
    (
        "shows in the site file, or in files that colleagues export: see import::rules::webex and probe::scim_token",
        &["webex-tenant-url-wrong", "webex-token-not-issued", "webex-users-not-provisioned"],
    ),
    ("the lab serves all mailboxes of a port alike; diagnose::sign has the test", &["mailbox-session-ended"]),
    ("a run goes through no other server than the one for submission", &["relay-not-attributed-to-tenant"]),
    ("another kind of mailbox than the tenant of the lab has", &["consumer-imap-service-fault", "mailbox-on-premises"]),
];

#[test]
fn every_cause_has_a_fault_or_a_reason_why_not() {
    let of_webex = directory_faults().into_iter().filter(|fault| fault.check.starts_with("webex."));
    let shown: BTreeSet<String> = faults().into_iter().chain(of_webex).map(|fault| fault.cause).collect();
    let excused: Vec<&str> = NOT_IN_THE_LAB.iter().flat_map(|(_, codes)| *codes).copied().collect();
    let causes = Catalogue::built_in().causes;
    let codes: Vec<&str> = causes.iter().map(|cause| cause.code.as_str()).collect();
    let wrong: Vec<&&str> = codes.iter().filter(|code| shown.contains(**code) == excused.contains(code)).collect();
    assert!(wrong.is_empty(), "neither shown nor excused, or both: {wrong:?}");
    let unknown: Vec<&&str> = excused.iter().filter(|code| !codes.contains(code)).collect();
    assert!(unknown.is_empty(), "a reason for no cause: {unknown:?}");
}

#[tokio::test]
async fn the_site_file_of_every_fault_can_be_read() {
    let mut wrong = Vec::new();
    for fault in directory_faults().into_iter().chain(faults()) {
        let settings = Settings { faults: vec![fault.name.clone()], ..Settings::default() };
        let lab = Lab::start(&settings).await.unwrap_or_else(|error| panic!("{}: {error}", fault.name));
        if let Err(mistakes) = Deployment::parse_sample("the lab's own file", lab.deployment()) {
            wrong.push(format!("{}: {mistakes}", fault.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
