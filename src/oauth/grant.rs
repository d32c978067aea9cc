//! The grants: what is asked of the token endpoint, and what it gives.
//!
//! In: a [`Client`], a [`Grant`], scopes. Out: [`Granted`], or the stop. Refresh and client credentials are RFC 6749,
//! sections 6 and 4.4; authorization code with PKCE RFC 6749, section 4.1.3, and RFC 7636, section 4.5; device code
//! RFC 8628, section 3.4. Entra's parameters:
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow>

use serde_json::{Map, Value};

use super::{
    Application,
    endpoint::{Errand, Form, Place},
};
use crate::{
    secret::{LONGEST, Secret},
    seen::{Kind, Mark, Protocol, Stage, Stop},
};

/// The scope of the application's own token for Exchange Online, all clouds but China's and the US government's.
pub const EXCHANGE_DEFAULT: &str = "https://outlook.office365.com/.default";

/// Who asks.
#[derive(Clone, Debug)]
pub struct Client {
    /// The application (client) id.
    pub id: String,
    /// Its secret; none for a public client.
    pub secret: Option<Secret>,
}

/// On what ground a token is asked for.
#[derive(Clone, Debug)]
pub enum Grant {
    /// A refresh token.
    Refresh(Secret),
    /// The application itself.
    Client,
    /// The device code of a sign-in that somebody completes in a browser elsewhere.
    Device(Secret),
    /// The code that the sign-in page sent back.
    Code {
        /// The code.
        code: Secret,
        /// What proves that it was we who asked for it.
        verifier: Secret,
        /// The redirect URL of the first question, to the letter.
        redirect: String,
    },
}

/// What the token endpoint gave.
#[derive(Clone, Debug)]
pub struct Granted {
    /// The access token.
    pub access: Secret,
    /// A new refresh token.
    pub refresh: Option<Secret>,
}

impl Client {
    /// The client of an application, with its secret read.
    ///
    /// # Errors
    /// When the user's file gives no client id, or the secret cannot be read.
    pub async fn of(application: &Application, errand: &mut Errand<'_>) -> Result<Self, Stop> {
        let id = application.client_id.clone().ok_or_else(|| missing("no application (client) id is given"))?;
        let secret = match &application.client_secret {
            Some(source) => Some(errand.secret(source).await?),
            None => None,
        };
        Ok(Self { id, secret })
    }

    /// A form that says who asks.
    #[must_use]
    pub fn form(&self) -> Form {
        let form = Form::default().open("client_id", self.id.clone());
        match &self.secret {
            Some(secret) => form.hidden("client_secret", secret),
            None => form,
        }
    }
}

/// The token endpoint of an application's tenant.
///
/// # Errors
/// When no tenant is given, or the login host is none.
pub fn token_endpoint(application: &Application) -> Result<Place, Stop> {
    let tenant = application.tenant.as_deref().ok_or_else(|| missing("no tenant is given"))?;
    Place::of_tenant(&application.login_host, tenant, "oauth2/v2.0/token")
        .ok_or_else(|| missing("the login host is no host name"))
}

/// Asks for a token. What comes is made known to the net before anything else is done with it.
///
/// # Errors
/// The stop of the road there, the refusal, or an answer without a token.
pub async fn ask(
    client: &Client,
    grant: &Grant,
    scopes: &[String],
    place: &Place,
    errand: &mut Errand<'_>,
) -> Result<Granted, Stop> {
    let form = form(client.form(), grant, &scopes.join(" "));
    let answer = errand.ask(place, &form).await?;
    let access = secret(&answer, "access_token", errand);
    let access = access.ok_or_else(|| gibberish("the answer gives no access_token that can be one"))?;
    let refresh = secret(&answer, "refresh_token", errand);
    if !answer.get("token_type").and_then(Value::as_str).is_some_and(|kind| kind.eq_ignore_ascii_case("Bearer")) {
        errand.transcript.note(Mark::Remark, "the answer does not say that the token is a bearer token");
    }
    Ok(Granted { access, refresh })
}

fn form(form: Form, grant: &Grant, scope: &str) -> Form {
    let named = |kind: &str| form.open("grant_type", kind);
    match grant {
        Grant::Refresh(token) => named("refresh_token").open("scope", scope).hidden("refresh_token", token),
        Grant::Client => named("client_credentials").open("scope", scope),
        Grant::Device(code) => named("urn:ietf:params:oauth:grant-type:device_code").hidden("device_code", code),
        Grant::Code { code, verifier, redirect } => named("authorization_code")
            .open("scope", scope)
            .open("redirect_uri", redirect.clone())
            .hidden("code", code)
            .hidden("code_verifier", verifier),
    }
}

/// A text of an answer that is a secret; none when it is not there, or when no sign-in could carry it.
pub(super) fn secret(answer: &Map<String, Value>, name: &str, errand: &Errand<'_>) -> Option<Secret> {
    let text = answer.get(name)?.as_str()?;
    let secret = Secret::new(text);
    errand.net.add(&secret);
    let fit = (1..=LONGEST).contains(&text.len()) && !text.contains(|c: char| c.is_control() || c.is_whitespace());
    fit.then_some(secret)
}

pub(super) fn gibberish(words: &str) -> Stop {
    Stop::new(Protocol::Token, Stage::Grant, Kind::Gibberish, words)
}

fn missing(words: &str) -> Stop {
    Stop::new(Protocol::Token, Stage::Credential, Kind::Missing, words)
}
