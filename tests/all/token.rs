//! `token show` as a script calls it: the exit code tells whether Exchange Online accepts the token.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::program::Place;

/// An access token of Exchange Online with these claims in place of its own, in the file `token`.
fn with_token(changes: &[(&str, Value)]) -> Place {
    let encode = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let now = jiff::Timestamp::now().as_second();
    let mut claims = json!({
        "aud": "https://outlook.office365.com", "iat": now - 100, "nbf": now - 100, "exp": now + 4_000,
        "upn": "sales@contoso.example", "scp": "IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send", "ver": "1.0",
        "iss": "https://sts.windows.net/9f8b6c1d-0000-4000-8000-000000000001/",
    });
    for (name, value) in changes {
        claims[*name] = value.clone();
    }
    let header = encode(&json!({ "typ": "JWT", "alg": "RS256" }));
    let place = Place::new();
    place.write("token", format!("{header}.{}.{}", encode(&claims), "A".repeat(342)));
    place
}

#[test]
fn exit_code_tells_whether_exchange_online_accepts_the_token() {
    let china = ("aud", json!("https://partner.outlook.cn"));
    for (what, change, flags, code) in [
        ("good", ("ver", json!("1.0")), &[][..], 0),
        ("expired", ("exp", json!(1_700_000_000)), &[], 1),
        ("Graph", ("aud", json!("https://graph.microsoft.com")), &[], 1),
        ("another cloud", china.clone(), &[], 1),
        ("issuer of another cloud", china, &["--cloud", "china"], 1),
        ("issuer of another tenant", ("tid", json!("9f8b6c1d-0000-4000-8000-000000000002")), &[], 1),
        ("issuer without a tenant", ("iss", json!("https://login.microsoftonline.com/common/v2.0")), &[], 1),
        ("list of audiences", ("aud", json!(["https://outlook.office365.com", "https://graph.microsoft.com"])), &[], 1),
        ("foreign issuer", ("iss", json!("https://accounts.google.com")), &[], 1),
        ("another user", ("upn", json!("other@contoso.example")), &["--user", "sales@contoso.example"], 1),
    ] {
        let outcome = with_token(&[change]).call(&[&["token", "show", "--file", "token"], flags].concat());
        assert_eq!(outcome.code, Some(code), "{what}: {outcome:#?}");
    }
}

#[test]
fn another_cloud_is_right_where_it_is_named() {
    let claims = [
        ("aud", json!("https://partner.outlook.cn")),
        ("iss", json!("https://sts.chinacloudapi.cn/9f8b6c1d-0000-4000-8000-000000000001/")),
    ];
    let outcome = with_token(&claims).call(&["token", "show", "--file", "token", "--cloud", "china"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
}

#[test]
fn user_that_is_not_in_the_token_is_not_ticked() {
    let place = with_token(&[("upn", json!(null))]);
    let outcome = place.call(&["token", "show", "--file", "token"]);
    assert!(outcome.stdout.contains("User: not readable"), "{outcome:#?}");
    assert!(!outcome.stdout.contains("ordinary user"), "{outcome:#?}");
}

#[test]
fn quotation_marks_are_judged_as_the_word_bearer_is() {
    let place = with_token(&[]);
    let token = std::fs::read_to_string(place.path().join("token")).expect("the token");
    for around in [format!("\"{token}\""), format!("Bearer {token}"), format!("{}\n{}", &token[..50], &token[50..])] {
        place.write("around", around);
        let outcome = place.call(&["token", "show", "--file", "around"]);
        assert_eq!(outcome.code, Some(1), "{outcome:#?}");
        assert!(outcome.stdout.contains("format errors: "), "{outcome:#?}");
    }
}

#[test]
fn token_that_no_cloud_of_microsoft_issued_has_no_tick_for_its_permissions() {
    let place = with_token(&[("iss", json!("https://accounts.google.com"))]);
    let outcome = place.call(&["token", "show", "--file", "token", "-o", "json"]);
    let told: Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    let sentences = told["judgement"].as_array().expect("sentences");
    let status = |check: &str| sentences.iter().find(|one| one["check"] == check).expect(check)["status"].clone();
    assert_eq!(status("token.well-formed"), "fail");
    assert_eq!(status("token.imap-permission"), "skip");
}

#[test]
fn account_is_that_of_the_file_in_the_folder() {
    let place = with_token(&[]);
    let site = |upn: &str| {
        format!(
            "[[account]]\nname = \"sales\"\nsigns_in_as = \"{upn}\"\naccess_token = {{ file = \"token\" }}\n\
             inbound = \"imap\"\nmailboxes = [\"{upn}\"]\n"
        )
    };
    let show = ["token", "show", "--account", "sales"];
    place.write("ece-check.toml", site("sales@contoso.example"));
    let outcome = place.call(&show);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert!(outcome.stdout.contains("sales@contoso.example"), "{outcome:#?}");
    place.write("ece-check.toml", site("info@contoso.example"));
    assert_eq!(place.call(&show).code, Some(1), "the file says who should sign in");
    place.call(&["token", "show", "--account", "info"]).refused("unknown account \"info\"");
}
