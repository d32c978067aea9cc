//! One conversation with Graph: pages, patience, and answers as files.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use url::Url;

use super::{Answer, Path, Permissions, Refused, refusal};
use crate::{
    evidence::{Failure, Protocol},
    import::{self, Container, File, Incomplete, Made, Stated},
    net::{
        Network,
        api::{Api, Reply},
    },
    secret::Secret,
};

/// So many pages of one list are read.
const MOST_PAGES: usize = 300;
/// The longest wait that Graph may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(20);
/// The wait where it names none.
const USUAL_WAIT: Duration = Duration::from_secs(3);

/// A conversation.
pub(super) struct Session<'a> {
    api: Api,
    host: &'a str,
    token: &'a Secret,
    permissions: &'a Permissions,
    network: &'a Network,
    now: Timestamp,
    answer: Answer,
}

impl<'a> Session<'a> {
    pub async fn open(
        host: &'a str,
        token: &'a Secret,
        permissions: &'a Permissions,
        network: &'a Network,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let api = Api::prepare(Protocol::Graph, host, network).await?;
        Ok(Self { api, host, token, permissions, network, now, answer: Answer::default() })
    }

    pub fn into_answer(self) -> Answer {
        self.answer
    }

    /// A file that was read in this conversation, by its place.
    pub fn file(&self, at: usize) -> &File {
        &self.answer.files[at]
    }

    /// Notes that a file holds all of what was asked for.
    pub fn mark(&mut self, at: usize, kind: &'static str) {
        self.answer.files[at].complete.push(kind);
    }

    /// One object. Its place among the files, where it is there.
    pub async fn one(&mut self, path: &Path) -> Option<usize> {
        self.list(path).await
    }

    /// A list with all its pages.
    pub async fn list(&mut self, path: &Path) -> Option<usize> {
        self.ask(path, &Stated::default()).await
    }

    /// A list that is the whole answer for a kind of rows.
    pub async fn whole(&mut self, path: &Path, kind: &'static str) -> Option<usize> {
        let at = self.list(path).await?;
        self.mark(at, kind);
        Some(at)
    }

    /// A list that is about one mailbox and does not say so.
    pub async fn about(&mut self, path: &Path, kind: &str, subject: &str) -> Option<usize> {
        let stated = Stated { subject: Some(subject.to_owned()), kind: Some(kind.to_owned()), ..Stated::default() };
        self.ask(path, &stated).await
    }

    async fn ask(&mut self, path: &Path, stated: &Stated) -> Option<usize> {
        if self.answer.refused.iter().any(|refused| refused.is_of_token) {
            return None; // the next request would end alike
        }
        let mut next = Url::parse(&format!("https://{}{}", self.host, path.target)).ok();
        let (mut whole, mut pages) = (None::<File>, 0);
        while let Some(url) = next.take() {
            let reply = match self.get(&url).await {
                Ok(reply) => reply,
                Err(failure) => {
                    self.refuse(path, &failure.words);
                    return self.keep(whole, true);
                }
            };
            if reply.status == 404 {
                return self.keep(whole, false); // it is not there, or was deleted
            }
            if reply.status != 200 {
                self.answer.refused.push(refusal::refused(&reply, path.topic, self.permissions));
                return self.keep(whole, true);
            }
            let (page, link) = self.page(path, &reply, stated);
            pages += 1;
            merge(&mut whole, page);
            next = link.filter(|url| url.scheme() == "https" && url.host_str() == Some(self.host));
            if next.is_some() && pages == MOST_PAGES {
                return self.keep(whole, true);
            }
        }
        self.keep(whole, false)
    }

    fn refuse(&mut self, path: &Path, words: &str) {
        let words = format!("Microsoft Graph did not answer the request for {}: {words}", path.topic.what);
        self.answer.refused.push(Refused { checks: path.topic.checks, words, is_of_token: false });
    }

    fn keep(&mut self, file: Option<File>, is_cut: bool) -> Option<usize> {
        let mut file = file?;
        if is_cut && !file.incomplete.contains(&Incomplete::NextLink) {
            file.incomplete.push(Incomplete::NextLink);
            file.complete.clear();
        }
        self.answer.files.push(file);
        Some(self.answer.files.len() - 1)
    }

    /// Asks, and once more after the wait that Graph names. The logs name none.
    /// <https://learn.microsoft.com/graph/throttling-limits>
    async fn get(&self, url: &Url) -> Result<Reply, Failure> {
        let reply = self.api.get(url, "application/json", self.token).await?;
        if !matches!(reply.status, 429 | 503 | 504) {
            return Ok(reply);
        }
        let wait = reply.retry_after.unwrap_or(USUAL_WAIT).min(LONGEST_WAIT);
        if self.network.limits.pause(wait).await.is_err() {
            return Ok(reply);
        }
        self.api.get(url, "application/json", self.token).await
    }

    /// One page as a file, and the link to the next one.
    fn page(&self, path: &Path, reply: &Reply, stated: &Stated) -> (File, Option<Url>) {
        let plain = path.target.split('?').next().unwrap_or_default();
        let name = format!("Microsoft Graph {plain}");
        let link = serde_json::from_slice::<Value>(&reply.body)
            .ok()
            .and_then(|body| body["@odata.nextLink"].as_str().and_then(|link| Url::parse(link).ok()));
        let mut file = import::parse(&name, &reply.body, stated).unwrap_or_else(|_| File::without_rows(&name));
        let is_followed = link.as_ref().is_some_and(|url| url.host_str() == Some(self.host));
        file.incomplete
            .retain(|why| *why != Incomplete::ExactlyThousand && !(is_followed && *why == Incomplete::NextLink));
        (File { made: Made::Inside(self.now), container: Container::Graph, ..file }, link)
    }
}

fn merge(whole: &mut Option<File>, page: File) {
    match whole {
        None => *whole = Some(page),
        Some(whole) => {
            whole.rows.extend(page.rows);
            whole.incomplete.extend(page.incomplete);
            whole.complete.extend(page.complete);
            whole.problems.extend(page.problems);
        }
    }
}
