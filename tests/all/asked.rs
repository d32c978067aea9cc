//! What people type behind `explain` and `list`: the program does what they mean, and repeats their text as it is.

use crate::program::{Place, call};

/// A text without its line breaks.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn name_of_a_protocol_lists_its_checks() {
    let explained = call(&["explain", "smtp"]);
    assert_eq!(explained.code, Some(0), "{explained:?}");
    let listed = call(&["list", "smtp"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    for check in ["smtp.starttls", "smtp.xoauth2-offered", "smtp.sign-in", "smtp.sender-accepted"] {
        assert!(explained.stdout.contains(&format!("{check}: ")), "{check}: {}", explained.stdout);
        assert!(listed.stdout.contains(check), "{check}: {}", listed.stdout);
    }
    assert!(!listed.stdout.contains("imap."), "{}", listed.stdout);
}

#[test]
fn number_alone_is_an_error_of_entra() {
    let explained = call(&["explain", "50076"]);
    assert!(explained.code == Some(0) && explained.stdout.contains("mfa-required"), "{explained:?}");
}

#[test]
fn number_of_entra_is_read_with_a_space_before_it() {
    for text in ["AADSTS 7000215", "AADSTS: 7000215", "AADSTS-7000215"] {
        let explained = call(&["explain", text]);
        assert!(
            explained.code == Some(0) && explained.stdout.contains("client-secret-invalid"),
            "{text}: {explained:?}"
        );
    }
}

#[test]
fn words_without_quotes_are_one_text() {
    let apart = call(&["explain", "535", "5.7.3"]);
    assert_eq!(apart.stdout, call(&["explain", "535 5.7.3"]).stdout);
    assert!(apart.stdout.contains("smtp-user-must-be-token-owner"), "{apart:?}");
}

#[test]
fn name_of_a_file_is_read_as_the_file() {
    let place = Place::new();
    place.write("ece.log", "2026-11-23 04:01:20 ERROR AADSTS7000222: The provided client secret keys are expired.\n");
    let explained = place.call(&["explain", "ece.log"]);
    assert!(explained.code == Some(0) && explained.stdout.contains("client-secret-expired"), "{explained:?}");
}

#[test]
fn refusal_is_repeated_as_it_was_written() {
    let refusal = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is DISABLED for the Mailbox. \
                   [AM0PR01CA0001.EURprd01.Prod.ExchangeLabs.com]";
    let words = refusal.strip_prefix("535 ").expect("a code");
    let place = Place::new();
    place.write("ece.log", format!("2026-11-23 04:01:20 ERROR {refusal}\n"));
    for arguments in [&["explain", refusal][..], &["explain", "-f", "ece.log"]] {
        let explained = flat(&place.call(arguments).stdout);
        assert!(explained.contains(words), "{arguments:?}: {explained}");
    }
}

#[test]
fn toast_that_was_cut_leaves_several_causes_open() {
    let toast =
        "Azure AD integration error. The request was unauthorized. Please sign out and try again. TrackingID: ATL";
    let explained = call(&["explain", toast, "-o", "json"]);
    let told: serde_json::Value = serde_json::from_str(&explained.stdout).expect("JSON");
    let causes = told["causes"].as_array().expect("causes");
    assert!(causes.len() > 1 && causes.iter().all(|cause| cause["certainty"] == "possible"), "{told:#}");
    let named = |code: &str| causes.iter().any(|cause| cause["cause"] == code);
    assert!(named("webex-integration-app-removed") && named("webex-integration-app-disabled"), "{told:#}");
}

#[test]
fn innermost_exception_of_java_can_mean_its_own_trust_store() {
    let line = "Caused by: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification \
                path to requested target";
    let explained = call(&["explain", line]);
    for cause in ["java-trust-store-incomplete", "tls-intercepted"] {
        assert!(explained.stdout.contains(cause), "{cause}: {explained:?}");
    }
}
