//! Signing in with a code that is typed in a browser elsewhere (RFC 8628): for servers without one.
//!
//! In: the endpoints, the client, scopes. Out: first the [`DeviceAuthorization`] to show, then the token, once somebody has
//! followed it.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::{
    endpoint::TokenRequest,
    grant::{self, Client, Grant, Granted, gibberish},
    provider::Provider,
};
use crate::{
    evidence::{Failure, FailureKind, Protocol, Stage},
    secret::Secret,
};

/// Between two questions nobody waits less or more than this, in seconds.
const PAUSES: (u64, u64) = (1, 60);
/// Without a word of the server: RFC 8628, section 3.2.
const USUAL_PAUSE: u64 = 5;
/// So much is added when the server wants it slower: RFC 8628, section 3.5.
const SLOWER: u64 = 5;
/// No code is waited for longer than this, in seconds; Entra's live 15 minutes.
const LONGEST: u64 = 30 * 60;
/// Texts to be shown are cut at this many characters.
const LONGEST_TEXT: usize = 300;

/// What the person has to do.
#[derive(Debug)]
pub struct DeviceAuthorization {
    /// The page to open.
    pub page: String,
    /// The code to type there.
    pub user_code: String,
    device_code: Secret,
    pause: u64,
    ends: Instant,
}

/// Asks for a code.
///
/// # Errors
/// When the provider gives no device codes, the failure on the way there, the refusal, or an answer without a code.
pub async fn invite(
    provider: &Provider,
    client: &Client,
    scopes: &[String],
    errand: &mut TokenRequest<'_>,
) -> Result<DeviceAuthorization, Failure> {
    let none = "this login host gives no device codes; sign in with --browser or --paste";
    let no_codes = || Failure::new(Protocol::Token, Stage::Grant, FailureKind::NotOffered, none);
    let place = provider.device.as_ref().ok_or_else(no_codes)?;
    let answer = errand.ask(place, &client.form(&provider.token, errand.net)?.open("scope", scopes.join(" "))).await?;
    let text =
        |name: &str| answer.get(name).and_then(Value::as_str).map(|text| text.chars().take(LONGEST_TEXT).collect());
    let incomplete = || gibberish("the answer gives no code to sign in with");
    let seconds = |name: &str| answer.get(name).and_then(Value::as_u64);
    Ok(DeviceAuthorization {
        page: text("verification_uri").or_else(|| text("verification_url")).ok_or_else(incomplete)?,
        user_code: text("user_code").ok_or_else(incomplete)?,
        device_code: grant::secret(&answer, "device_code", errand).ok_or_else(incomplete)?,
        pause: seconds("interval").unwrap_or(USUAL_PAUSE).clamp(PAUSES.0, PAUSES.1),
        ends: Instant::now() + Duration::from_secs(seconds("expires_in").unwrap_or(LONGEST).min(LONGEST)),
    })
}

/// Asks for the token until somebody has signed in, refused, or let the code run out.
///
/// # Errors
/// The refusal, or the limit that ran out.
pub async fn wait(
    mut invitation: DeviceAuthorization,
    provider: &Provider,
    client: &Client,
    scopes: &[String],
    errand: &mut TokenRequest<'_>,
) -> Result<Granted, Failure> {
    let limits = errand.network.limits.clone();
    let stop = |kind, words: &str| Failure::new(Protocol::Token, Stage::Grant, kind, words);
    while Instant::now() < invitation.ends {
        limits.pause(Duration::from_secs(invitation.pause)).await.map_err(|halt| stop(halt.kind, &halt.words))?;
        let grant = Grant::Device(invitation.device_code.clone());
        match grant::ask(client, &grant, scopes, &provider.token, errand).await {
            Err(refusal) if refusal.error.as_deref() == Some("authorization_pending") => {}
            Err(refusal) if refusal.error.as_deref() == Some("slow_down") => {
                invitation.pause = (invitation.pause + SLOWER).min(PAUSES.1);
            }
            outcome => return outcome,
        }
    }
    Err(stop(FailureKind::TimedOut, "the device code expired before the sign-in was completed"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        oauth::grant::tests::{Entra, json},
        secret::Redactor,
    };

    const DOCUMENT: &str = r#"{"authorization_endpoint":"https://login.test/authorize","token_endpoint":"https://login.test/token","device_authorization_endpoint":"https://login.test/device"}"#;
    const CODE: &str = r#"{"device_code":"marked-device-code-01","user_code":"ABCD-EFGH","verification_uri":"https://login.test/activate","expires_in":900,"interval":0}"#;
    const GRANTED: &str = r#"{"token_type":"Bearer","access_token":"marked-access-token-0001"}"#;

    fn refused(error: &str) -> String {
        json("400 Bad Request", &format!(r#"{{"error":"{error}","error_description":"AADSTS70016: words"}}"#))
    }

    async fn signed_in(answers: &[String]) -> (Result<Granted, Failure>, Entra) {
        let entra = Entra::answering(&[&[json("200 OK", DOCUMENT), json("200 OK", CODE)], answers].concat()).await;
        let net = Redactor::default();
        let mut errand = TokenRequest::new(&entra.network, &net);
        let client = Client { id: "app-1".to_owned(), proof: None };
        let provider = Provider::of("login.test", "contoso.example", &mut errand).await.unwrap();
        let invitation = invite(&provider, &client, &["offline_access".to_owned()], &mut errand).await.unwrap();
        assert_eq!(
            (invitation.user_code.as_str(), invitation.page.as_str()),
            ("ABCD-EFGH", "https://login.test/activate")
        );
        let outcome = wait(invitation, &provider, &client, &[], &mut errand).await;
        assert_eq!(net.clean("marked-device-code-01").1, 1);
        (outcome, entra)
    }

    #[tokio::test]
    async fn somebody_signs_in_after_a_while() {
        let (granted, entra) = signed_in(&[refused("authorization_pending"), json("200 OK", GRANTED)]).await;
        assert_eq!(granted.unwrap().access.expose(), "marked-access-token-0001");
        let asked = entra.asked();
        assert!(
            asked[0].starts_with("GET /contoso.example/v2.0/.well-known/openid-configuration HTTP"),
            "{}",
            asked[0]
        );
        assert!(asked[1].starts_with("POST /device ") && asked[1].ends_with("client_id=app-1&scope=offline_access"));
        assert!(asked[3].contains("device_code=marked-device-code-01"));
    }

    #[tokio::test]
    async fn refusals_end_the_wait() {
        for error in ["authorization_declined", "expired_token", "access_denied"] {
            let (outcome, entra) = signed_in(&[refused(error)]).await;
            assert_eq!(outcome.unwrap_err().error.as_deref(), Some(error));
            assert_eq!(entra.asked().len(), 3);
        }
    }

    #[tokio::test]
    async fn provider_without_device_codes() {
        let document = DOCUMENT.replace("device_authorization_endpoint", "other");
        let entra = Entra::answering(&[json("200 OK", &document)]).await;
        let net = Redactor::default();
        let mut errand = TokenRequest::new(&entra.network, &net);
        let provider = Provider::of("login.test", "t", &mut errand).await.unwrap();
        let client = Client { id: "app-1".to_owned(), proof: None };
        assert_eq!(invite(&provider, &client, &[], &mut errand).await.unwrap_err().kind, FailureKind::NotOffered);
    }

    #[tokio::test]
    async fn document_without_addresses() {
        for body in ["{}", r#"{"token_endpoint":"http://login.test/token","authorization_endpoint":"https://x/"}"#] {
            let entra = Entra::answering(&[json("200 OK", body)]).await;
            let net = Redactor::default();
            let stop = Provider::of("login.test", "t", &mut TokenRequest::new(&entra.network, &net)).await.unwrap_err();
            assert_eq!(stop.kind, FailureKind::MalformedReply);
        }
    }
}
