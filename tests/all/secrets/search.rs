//! Looks for marked secrets in what left the program. Shares no code with the program's own net, so that one mistake
//! cannot cancel another.

use std::collections::HashSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};

/// So many characters of a secret in a row are a leak, in whatever writing.
const PART: usize = 16;

/// The first part of a secret that stands in these bytes, and how it is written there. Capitals do not matter.
pub fn leak(bytes: &[u8], secrets: &[&str]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    let characters: Vec<char> = text.chars().collect();
    let parts: HashSet<&[char]> = characters.windows(PART).collect();
    secrets.iter().flat_map(|secret| writings(secret)).find_map(|(writing, form)| {
        let form = form.to_lowercase();
        let own: Vec<char> = form.chars().collect();
        let found = if own.len() < PART {
            text.contains(&form).then_some(form)
        } else {
            own.windows(PART).find(|part| parts.contains(part)).map(|part| part.iter().collect())
        };
        found.map(|part| format!("{writing}: {part}"))
    })
}

fn writings(secret: &str) -> Vec<(&'static str, String)> {
    let json = serde_json::Value::from(secret).to_string();
    let hex =
        |byte: u8| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    let mut writings = vec![
        ("plain", secret.to_owned()),
        ("json", json[1..json.len() - 1].to_owned()),
        ("url", secret.bytes().map(hex).collect()),
        ("hex", secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()),
    ];
    for before in ["", "a", "ab"] {
        // what is shared with the neighbours, at most four characters at each end, is not the secret's alone
        let encoded = STANDARD.encode(format!("{before}{secret}"));
        let alone = encoded[4..encoded.len() - 4].to_owned();
        writings.push(("base64url", alone.replace('+', "-").replace('/', "_")));
        writings.push(("base64", alone));
    }
    writings
}

#[test]
fn planted_leak_is_seen_in_every_writing() {
    let secret = "Marked~secret/0123456789\"abcdefghijklmnop";
    let sasl = STANDARD.encode(format!("user=x\x01auth=Bearer {secret}\x01\x01"));
    let json = serde_json::json!({ "deep": [secret] }).to_string();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    for planted in [secret, &secret[..16], &secret[20..], &sasl, &json, &form, &form.to_lowercase()] {
        assert!(leak(format!("words {planted} words").as_bytes(), &[secret]).is_some(), "{planted}");
    }
    assert_eq!(leak(b"words <secret> words", &[secret]), None);
}
