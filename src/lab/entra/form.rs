//! What a request asks for: its form, the credentials beside it, and its scope.
//!
//! In: the body or the query, and the header Authorization. Out: the pairs by name; for a scope, one resource and its
//! permissions.

use url::form_urlencoded;

use super::{
    EXCHANGE, GRAPH,
    refused::{Refused, shown},
};
use crate::lab::{hosts::TENANT_NAME, token_issuer};

/// The permissions that Exchange Online has for mail protocols.
const OF_EXCHANGE: &[&str] =
    &["IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send", "EWS.AccessAsUser.All", "Mail.Read", "Mail.Send"];
/// Scopes that belong to no resource.
const OF_OPENID: &[&str] = &["openid", "profile", "email", "offline_access"];

/// The pairs of a form, and the credentials beside it (RFC 6749 section 2.3.1).
pub(super) struct Form {
    pairs: Vec<(String, String)>,
    basic: Option<(String, String)>,
}

/// What is asked for.
pub(super) struct Asked {
    /// The service.
    pub resource: String,
    /// Its permissions.
    pub names: Vec<String>,
    /// The scopes that belong to no resource.
    pub openid: Vec<String>,
}

impl Form {
    /// Reads a form.
    pub fn read(text: &str, authorization: Option<&str>) -> Self {
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
        Self { pairs, basic: authorization.and_then(basic) }
    }

    /// The value of a field, when it is there and not empty.
    pub fn given(&self, name: &str) -> Option<&str> {
        let mut values = self.pairs.iter().filter(|(one, _)| one == name).map(|(_, value)| value.as_str());
        values.next().filter(|value| !value.is_empty())
    }

    /// The value of a field that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Refused> {
        let words = format!("The request body must contain the following parameter: '{name}'.");
        self.given(name).ok_or_else(|| Refused::new(400, "invalid_request", 900_144, words))
    }

    /// Who asks.
    pub fn client(&self) -> Result<&str, Refused> {
        self.basic.as_ref().map_or_else(|| self.required("client_id"), |(client, _)| Ok(client))
    }

    /// The secret of who asks.
    pub fn secret(&self) -> Option<&str> {
        self.given("client_secret").or(self.basic.as_ref().map(|(_, secret)| secret.as_str()))
    }
}

fn basic(header: &str) -> Option<(String, String)> {
    let text = String::from_utf8(token_issuer::decode(header.strip_prefix("Basic ")?)?).ok()?;
    let (client, secret) = text.split_once(':')?;
    let plain = |text: &str| form_urlencoded::parse(format!("x={text}").as_bytes()).next().map(|(_, x)| x.into_owned());
    Some((plain(client)?, plain(secret)?))
}

impl Asked {
    /// Reads a scope: one resource and its permissions. A permission without a resource is one of Graph.
    pub fn read(scope: &str) -> Result<Self, Refused> {
        let (openid, rest): (Vec<_>, Vec<_>) = scope.split_whitespace().partition(|name| OF_OPENID.contains(name));
        let split = |name: &str| match name.rsplit_once('/') {
            Some((resource, name)) => (resource.to_owned(), name.to_owned()),
            None => (GRAPH.to_owned(), name.to_owned()),
        };
        let asked: Vec<_> = rest.into_iter().map(split).collect();
        let resource = asked.first().map_or(GRAPH, |(resource, _)| resource).to_owned();
        if asked.iter().any(|(other, _)| *other != resource) {
            let words = format!(
                "Provided value for the input parameter scope is not valid because it contains more than one resource. \
                 Scope {} is not valid.",
                shown(scope)
            );
            return Err(Refused::new(400, "invalid_request", 28_000, words));
        }
        if resource != GRAPH && !EXCHANGE.contains(&resource.as_str()) {
            let words = format!(
                "The resource principal named {} was not found in the tenant named {TENANT_NAME}. This can happen if the \
                 application has not been installed by the administrator of the tenant or consented to by any user in the \
                 tenant. You might have sent your authentication request to the wrong tenant.",
                shown(&resource)
            );
            return Err(Refused::new(400, "invalid_resource", 500_011, words));
        }
        let names: Vec<_> = asked.into_iter().map(|(_, name)| name).collect();
        let is_known = |name: &String| name == ".default" || OF_EXCHANGE.contains(&name.as_str());
        if resource != GRAPH && !names.iter().all(is_known) {
            let words = format!(
                "The provided value for the input parameter 'scope' is not valid. The scope {} is not valid.",
                shown(scope)
            );
            return Err(Refused::new(400, "invalid_scope", 70_011, words));
        }
        Ok(Self { resource, names, openid: openid.into_iter().map(ToOwned::to_owned).collect() })
    }
}
