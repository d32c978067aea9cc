//! The files that a site file names, besides itself.

use std::path::Path;

use super::Deployment;
use crate::{
    oauth::{ClientCredential, TokenSource},
    secret::Source,
};

impl Deployment {
    /// Each file that is read because this site file names it. What is a folder is among them.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        let named = [&self.ece.java_trust_store, &self.ece.logs].into_iter().flatten().chain(&self.evidence.files);
        let secrets = self.sources().into_iter().filter_map(|source| match source {
            Source::File(file) => Some(file.as_path()),
            Source::Env(_) | Source::Command(_) => None,
        });
        named.map(std::path::PathBuf::as_path).chain(secrets)
    }

    /// Where its secrets are kept.
    fn sources(&self) -> Vec<&Source> {
        let mut sources: Vec<&Source> =
            self.ece.java_trust_store_password.iter().chain(&self.entra.graph_token).collect();
        match &self.entra.proof {
            Some(ClientCredential::Secret(secret)) => sources.push(secret),
            Some(ClientCredential::Certificate(papers)) => {
                sources.push(&papers.certificate);
                sources.extend(papers.key.iter().chain(&papers.password));
            }
            None => {}
        }
        sources.extend(self.accounts.iter().filter_map(|account| match &account.credential {
            Some(TokenSource::AccessToken(source) | TokenSource::RefreshToken(source)) => Some(source),
            Some(TokenSource::ClientCredentials) | None => None,
        }));
        sources.extend(self.webex.iter().flat_map(|webex| webex.token.iter().chain(&webex.token_redirect)));
        sources
    }
}
