//! Where a tenant's endpoints are, by its discovery document (OpenID Connect Discovery 1.0, section 3).
//!
//! In: the login host and the tenant. Out: the addresses. The document came over a connection whose certificate names
//! the login host, so its addresses are taken as they are, as long as they are `https`.

use serde_json::{Map, Value};
use url::Url;

use super::{
    endpoint::{Endpoint, TokenRequest},
    grant::gibberish,
};
use crate::evidence::{Failure, FailureKind, Protocol, Stage};

/// The endpoints of a tenant.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The sign-in page.
    pub authorize: Url,
    /// The token endpoint.
    pub token: Endpoint,
    /// Where a device code is asked for; not every provider gives them (RFC 8628, section 4).
    pub device: Option<Endpoint>,
}

impl Provider {
    /// Reads the discovery document of a tenant.
    ///
    /// # Errors
    /// The failure on the way there, the refusal (such as of a tenant that is not known), or a document without addresses.
    pub async fn of(login_host: &str, tenant: &str, errand: &mut TokenRequest<'_>) -> Result<Self, Failure> {
        let place = Endpoint::of_tenant(login_host, tenant, "v2.0/.well-known/openid-configuration");
        let no_host = || {
            Failure::new(Protocol::Token, Stage::Credential, FailureKind::Missing, "the login host is not a host name")
        };
        let document = errand.fetch(&place.ok_or_else(no_host)?).await?;
        let place = |name: &str| address(&document, name).and_then(|url| Endpoint::of_url(&url));
        let missing = || gibberish("the discovery document does not say where to sign in and where to get a token");
        Ok(Self {
            authorize: address(&document, "authorization_endpoint").ok_or_else(missing)?,
            token: place("token_endpoint").ok_or_else(missing)?,
            device: place("device_authorization_endpoint"),
        })
    }
}

fn address(document: &Map<String, Value>, name: &str) -> Option<Url> {
    Url::parse(document.get(name)?.as_str()?).ok().filter(|url| url.scheme() == "https")
}
