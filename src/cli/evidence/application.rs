//! Which accounts have a token of the application itself: exports are then about the application's rights, not a user's.

use std::collections::BTreeSet;

use crate::{
    deployment::Deployment,
    oauth::{
        TokenSource,
        claims::{Claims, Kind},
    },
    secret::{Redactor, Source},
};

/// The accounts of which the access token that is given is the application's own. A command that gives one is not called
/// for this.
pub async fn of_application(deployment: &Deployment, redactor: &Redactor) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for account in &deployment.accounts {
        let Some(TokenSource::AccessToken(source @ (Source::Env(_) | Source::File(_)))) = &account.credential else {
            continue;
        };
        let lent = if let Source::Env(variable) = source { redactor.lent(variable) } else { None };
        let token = match lent {
            Some(token) => Some(token),
            None => source.read().await.ok().map(|given| given.secret),
        };
        let Some(token) = token else { continue };
        redactor.add(&token);
        if Claims::read(token.expose()).is_some_and(|claims| claims.kind() == Kind::Application) {
            found.insert(account.name.clone());
        }
    }
    found
}
