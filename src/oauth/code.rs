//! The sign-in page in a browser: the question, with PKCE, and what the browser brings back.
//!
//! In: where the sign-in page is, the redirect URL. Out: the address to open, then of the address at which the browser
//! ended the [`Grant`] for the token endpoint (RFC 6749, section 4.1; RFC 7636, S256; RFC 8252). `prompt=select_account`
//! stands in every question: without it single sign-on silently takes whoever is logged on to Windows.
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::{SecureRandom as _, SystemRandom},
};
use url::Url;

use super::{grant::Grant, provider::Provider, refusal::Refusal};
use crate::{
    evidence::{Failure, FailureKind, Protocol, Stage},
    secret::{Redactor, Secret},
};

/// One question to the sign-in page.
#[derive(Debug)]
pub struct AuthorizationRequest {
    /// The address to open in a browser.
    pub address: Url,
    redirect: String,
    state: String,
    verifier: Secret,
}

impl AuthorizationRequest {
    /// Asks for a code for these scopes, to be sent to this redirect URL.
    ///
    /// # Errors
    /// When the operating system gives no random numbers.
    pub fn new(provider: &Provider, client_id: &str, scopes: &[String], redirect: &str) -> Result<Self, Failure> {
        let (state, verifier) = (random()?, random()?);
        let challenge = challenge(&verifier);
        let mut address = provider.authorize.clone();
        address.query_pairs_mut().extend_pairs([
            ("client_id", client_id),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("redirect_uri", redirect),
            ("scope", &scopes.join(" ")),
            ("state", &state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("prompt", "select_account"),
        ]);
        Ok(Self { address, redirect: redirect.to_owned(), state, verifier: Secret::new(verifier) })
    }

    /// True for the path and query of the browser's return from this sign-in and no other.
    #[must_use]
    pub fn is_answered_by(&self, target: &str) -> bool {
        let url = Url::parse("http://localhost").and_then(|base| base.join(target));
        url.is_ok_and(|url| value(&url, "state").as_ref() == Some(&self.state))
    }

    /// The grant that the browser's last address carries. Its code is made known to the net.
    ///
    /// # Errors
    /// The refusal of the sign-in page, or an address that is no answer to this question.
    pub fn answered(&self, address: &str, net: &Redactor) -> Result<Grant, Failure> {
        let base = Url::parse("http://localhost").map_err(|_| no_answer("it is not a web address"))?;
        let url = base.join(address.trim()).map_err(|_| no_answer("it is not a web address"))?;
        let code = value(&url, "code").map(Secret::new);
        if let Some(code) = &code {
            net.add(code);
        }
        if value(&url, "state").as_ref() != Some(&self.state) {
            return Err(no_answer("it belongs to another sign-in, as its state is not the one that was sent"));
        }
        if let Some(error) = value(&url, "error") {
            let description = value(&url, "error_description").unwrap_or_default();
            let error = error.chars().take(100).collect();
            return Err(Refusal::of_words(Some(error), &description).stop(Protocol::Authorize, Stage::Authorize, None));
        }
        let code = code.ok_or_else(|| no_answer("it holds neither code nor error"))?;
        Ok(Grant::Code { code, verifier: self.verifier.clone(), redirect: self.redirect.clone() })
    }
}

/// Entra answers in the query; pages that were asked otherwise answer in the fragment.
fn value(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

/// 256 random bits in 43 characters, as RFC 7636, section 4.1, wants for a verifier.
fn random() -> Result<String, Failure> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    let words = "this system gives no random numbers";
    filled.map_err(|_| Failure::new(Protocol::Authorize, Stage::Authorize, FailureKind::Internal, words))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// What the sign-in page keeps to compare the verifier with (RFC 7636, section 4.2, S256).
fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

fn no_answer(why: &str) -> Failure {
    let words = format!("the address at which the browser ended is not an answer to this sign-in: {why}");
    Failure::new(Protocol::Authorize, Stage::Authorize, FailureKind::MalformedReply, words)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth::endpoint::Endpoint;

    fn question() -> AuthorizationRequest {
        let authorize = Url::parse("https://login.test/t/oauth2/v2.0/authorize?p=1").unwrap();
        let token = Endpoint::of_url(&Url::parse("https://login.test/t/oauth2/v2.0/token").unwrap()).unwrap();
        let provider = Provider { authorize, token, device: None };
        AuthorizationRequest::new(
            &provider,
            "app-1",
            &["a/b".to_owned(), "offline_access".to_owned()],
            "http://localhost:5/",
        )
        .unwrap()
    }

    #[test]
    fn question_names_all_that_is_asked() {
        let question = question();
        let asked = |name: &str| value(&question.address, name).unwrap_or_default();
        assert_eq!(
            (asked("p"), asked("client_id"), asked("response_type")),
            ("1".into(), "app-1".into(), "code".into())
        );
        assert_eq!(
            (asked("redirect_uri"), asked("scope")),
            ("http://localhost:5/".into(), "a/b offline_access".into())
        );
        assert_eq!((asked("prompt"), asked("code_challenge_method")), ("select_account".into(), "S256".into()));
        assert_eq!(asked("code_challenge"), challenge(question.verifier.expose()));
        assert_eq!((asked("state"), question.verifier.len()), (question.state.clone(), 43));
        assert_ne!(question.state, super::random().unwrap());
    }

    /// RFC 7636, appendix B.
    #[test]
    fn challenge_of_the_rfc() {
        let challenge = challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert_eq!(challenge, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn answer_becomes_a_grant_and_its_code_a_secret() {
        let (question, net) = (question(), Redactor::default());
        let state = &question.state;
        for address in [
            format!("/?code=marked-code-0123456789&state={state}"),
            format!(" https://ece.example.com/x?state={state}&code=marked-code-0123456789\n"),
        ] {
            assert!(question.is_answered_by(address.trim()));
            let Grant::Code { code, redirect, .. } = question.answered(&address, &net).unwrap() else { panic!() };
            assert_eq!((code.expose(), redirect.as_str()), ("marked-code-0123456789", "http://localhost:5/"));
        }
        assert_eq!(net.clean("marked-code-0123456789").1, 1);
    }

    #[test]
    fn refusal_of_the_sign_in_page() {
        let question = question();
        let state = &question.state;
        let address = format!(
            "/?error=access_denied&error_description=AADSTS65004%3a+User+declined+to+consent.%0d%0aTrace+ID%3a+1&state={state}"
        );
        let stop = question.answered(&address, &Redactor::default()).unwrap_err();
        assert_eq!((stop.protocol, stop.kind, stop.aadsts), (Protocol::Authorize, FailureKind::Rejected, vec![65004]));
        assert_eq!((stop.error.as_deref(), stop.trace.as_deref()), (Some("access_denied"), Some("Trace ID: 1")));
    }

    #[test]
    fn foreign_addresses_are_no_answer() {
        let (question, net) = (question(), Redactor::default());
        for address in
            ["", "http://", "/?code=c", "/?code=c&state=x", "/?error=e&state=", &format!("/?state={}", question.state)]
        {
            let stop = question.answered(address, &net).unwrap_err();
            assert_eq!(stop.kind, FailureKind::MalformedReply, "{address}");
        }
        assert!(
            !question.is_answered_by("/favicon.ico") && !question.is_answered_by("//[") && !question.is_answered_by("")
        );
    }
}
