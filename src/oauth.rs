//! OAuth 2.0 as Entra speaks it: grants, the token endpoint and its refusals, and what stands in a token.
//!
//! In: an [`Application`] and a [`TokenSource`]. Out: an access token in the [`TokenCache`], or a refusal kept whole.

pub mod certificate;
pub mod claims;
pub mod code;
pub mod device;
pub mod endpoint;
pub mod grant;
pub mod provider;
pub mod refusal;
pub mod what;

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

use crate::secret::{Redactor, Secret, Source};

/// The application that ECE signs in with, as registered in Entra.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Application {
    /// The login host of the cloud, such as `login.microsoftonline.com`.
    pub login_host: String,
    /// The tenant: a GUID or a domain.
    pub tenant: Option<String>,
    /// The application (client) id.
    pub client_id: Option<String>,
    /// What it proves itself with; none for a public client.
    pub proof: Option<ClientCredential>,
}

/// What an application proves itself with.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ClientCredential {
    /// The client secret, and where it is kept.
    Secret(Source),
    /// A certificate, with whose key it signs.
    Certificate(Box<Papers>),
}

impl ClientCredential {
    /// Its name in findings.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Secret(_) => "client secret",
            Self::Certificate(_) => "certificate",
        }
    }
}

/// Where a certificate and its key are kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Papers {
    /// The certificate as PEM or DER; or a PEM or PKCS12 file that holds the key as well.
    pub certificate: Source,
    /// The private key, where it is not with the certificate.
    pub key: Option<Source>,
    /// The password of a PKCS12 file.
    pub password: Option<Source>,
}

/// How the token of an account is come by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TokenSource {
    /// An access token: good for about an hour.
    AccessToken(Source),
    /// A refresh token: an access token is asked for with it, as ECE does.
    RefreshToken(Source),
    /// The application itself, without a user (client credentials).
    ClientCredentials,
}

/// The access tokens of this run, by account: each is asked for once. Clones share what they hold.
#[derive(Clone, Debug)]
pub struct TokenCache {
    /// The net that every secret is made known to.
    pub net: Redactor,
    tokens: Arc<Mutex<HashMap<String, CachedToken>>>,
    /// Makes fingerprints of this run worthless to whoever has tokens to compare them with.
    salt: Uuid,
}

/// A token that is held for an account.
#[derive(Clone, Debug)]
pub struct CachedToken {
    /// The access token.
    pub token: Secret,
    /// The user that the token says it is for; none for application tokens and opaque ones.
    pub user: Option<String>,
    /// True for a token of the application itself.
    pub application: bool,
}

impl Default for TokenCache {
    fn default() -> Self {
        Self::new(Redactor::default())
    }
}

impl TokenCache {
    /// An empty wallet behind this net.
    #[must_use]
    pub fn new(net: Redactor) -> Self {
        Self { net, tokens: Arc::default(), salt: Uuid::new_v4() }
    }

    /// Tells one secret from another within this run and nothing more: 8 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self, secret: &Secret) -> String {
        let salted = [self.salt.as_bytes().as_slice(), secret.expose().as_bytes()].concat();
        let digest = ring::digest::digest(&ring::digest::SHA256, &salted);
        digest.as_ref().iter().take(4).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Keeps the token of an account.
    pub fn keep(&self, account: &str, held: CachedToken) {
        self.net.add(&held.token);
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).insert(account.to_owned(), held);
    }

    /// The token of an account, when one was come by.
    #[must_use]
    pub fn held(&self, account: &str) -> Option<CachedToken> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).get(account).cloned()
    }
}
