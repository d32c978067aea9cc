//! Reading what was given as evidence, and what it settles for a site.

use std::{
    collections::{BTreeSet, HashMap},
    path::{Path, PathBuf},
};

use jiff::Timestamp;

use super::{
    logs,
    question::{attestation, midnight, question_of, question_of_webex},
};
use crate::{
    catalogue::Catalogue,
    cli::{CliError, print},
    deployment::Deployment,
    evidence::{Failure, FailureKind, Protocol, Stage},
    explain::ece_log::{self, LogFile},
    graph::Answer,
    import::{
        self, File, Made, Rejected, Stated,
        rules::{self, Exported, Outcome, Question, Reason, principal, webex},
    },
};

/// What was given: files, ECE's own logs, and what cannot be used.
#[derive(Default)]
pub struct Given {
    /// Files that were recognized.
    pub files: Vec<File>,
    /// ECE's own logs.
    pub logs: Vec<LogFile>,
    /// What cannot be used, and why.
    pub rejected: Vec<Rejected>,
    /// What the site file names and nothing can be read of.
    missing: Option<Rejected>,
    /// The accounts of which the token is known to be the application's own.
    pub of_application: BTreeSet<String>,
}

impl Given {
    /// Reads files and folders; a bad file stops nothing but itself.
    pub fn read(paths: &[PathBuf], stated: &Stated) -> Self {
        let mut given = Self::default();
        for path in paths {
            match import::files_of(path) {
                Ok(found) => found.iter().for_each(|path| read_one(path, stated, &mut given)),
                Err(error) => given.rejected.push(error),
            }
        }
        given
    }

    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.logs.is_empty()
    }

    fn add(&mut self, other: Self) {
        self.files.extend(other.files);
        self.logs.extend(other.logs);
        self.rejected.extend(other.rejected);
    }
}

/// Leaves out what is about another site. What one file tells of the names of a mailbox counts for all of them.
pub fn leave_out_foreign(given: &mut [Given], question: &Question) {
    let (mut files, mut owners) = (Vec::new(), Vec::new());
    for (at, one) in given.iter_mut().enumerate() {
        owners.extend(std::iter::repeat_n(at, one.files.len()));
        files.append(&mut one.files);
    }
    let mut foreign: HashMap<usize, Rejected> = rules::foreign(&files, question).into_iter().collect();
    for (at, (file, owner)) in files.into_iter().zip(owners).enumerate() {
        match foreign.remove(&at) {
            Some(rejected) => given[owner].rejected.push(rejected),
            None => given[owner].files.push(file),
        }
    }
}

fn read_one(path: &Path, stated: &Stated, given: &mut Given) {
    if let Some(log) = logs::read(path) {
        return given.logs.push(log);
    }
    match import::read(path, stated) {
        Ok(file) => {
            print::keep_in(&file.secrets);
            if let Made::Future(at) = file.made {
                print::error(&format!(
                    "{}: its date is {at}, which is in the future: it settles nothing. Check the clocks of the computer that \
                     exported it and of this server",
                    file.name
                ));
            }
            given.files.push(file);
        }
        Err(error) => given.rejected.push(error),
    }
}

/// The files of a run; a bad file is told and stops nothing but itself.
///
/// # Errors
/// When files were given on the command line and none of them can be used. What the site file names and is not there
/// leaves the run as it is: the checks that need it wait for it.
pub fn read_evidence(paths: &[PathBuf], deployment: &Deployment) -> Result<Given, CliError> {
    let stated = Stated { as_of: deployment.evidence.as_of.and_then(midnight), ..Stated::default() };
    let question = question_of(deployment, Timestamp::now());
    let of_site = deployment.evidence.files.iter().map(|path| Given::read(std::slice::from_ref(path), &stated));
    let mut read: Vec<Given> = std::iter::once(Given::read(paths, &stated)).chain(of_site).collect();
    leave_out_foreign(&mut read, &question);
    let unusable = |given: &Given| given.rejected.first().filter(|_| given.is_empty()).cloned();
    if let Some(first) = unusable(&read[0]) {
        return Err(CliError::Usage(first.to_string(), "nothing of the evidence can be used".to_owned()));
    }
    let mut given = Given { missing: read[1..].iter().find_map(unusable), ..Given::default() };
    for one in read {
        given.add(one);
    }
    for one in &given.rejected {
        print::error(&one.to_string());
    }
    let of_site = logs::of_site(deployment);
    if let Some(place) = deployment.ece.logs.as_ref().filter(|_| of_site.is_empty()) {
        print::error(&format!(
            "{}: no file there is a log of ECE (lines with a time and fields between <@>), so logs under [ece] is not used. \
             What another log says: ece-check explain --file FILE",
            place.display()
        ));
    }
    given.logs.extend(of_site);
    Ok(given)
}

/// By mail address of the site, the user principal names that the files and Microsoft Graph give its user.
pub fn principal_names(given: &Given, live: &Answer, deployment: &Deployment) -> HashMap<String, Vec<String>> {
    principal::names(given.files.iter().chain(&live.files), &question_of(deployment, Timestamp::now()))
}

/// What files, logs of ECE, Microsoft Graph and statements settle for a site.
pub fn exported(given: Given, live: Answer, deployment: &Deployment, catalogue: &Catalogue) -> Vec<Exported> {
    let Given { mut files, logs, missing, of_application, .. } = given;
    let mut question = question_of(deployment, Timestamp::now());
    for account in question.accounts.iter_mut().filter(|account| of_application.contains(&account.name)) {
        (account.application, account.signs_in_as) = (true, None);
    }
    files.extend(live.files);
    let (of_webex, others): (Vec<_>, Vec<_>) =
        deployment.attestations.iter().map(attestation).partition(|one| one.check.starts_with("webex."));
    let mut exported = rules::exported(&files, &others, &question, missing.is_some() || !live.refused.is_empty());
    exported.extend(ece_log::settle(&logs, &question.accounts, catalogue, question.now));
    if !files.is_empty() || deployment.webex.is_some() || !of_webex.is_empty() || !live.refused.is_empty() {
        exported.extend(webex::exported(&files, &of_webex, &question_of_webex(deployment, question.now)));
    }
    let no_file = |words| Failure::new(Protocol::Graph, Stage::Credential, FailureKind::Missing, words);
    let unread = missing.map(|missing| missing.to_string().replace('\n', ": "));
    let unread = unread.map(|words| no_file(format!("evidence of the site file: {words}")));
    for one in exported.iter_mut().filter(|one| one.settled.outcome == Outcome::NeedsInput) {
        if let Some(refused) = live.refused.iter().find(|refused| refused.checks.contains(&one.settled.check)) {
            one.settled.reason = Reason::Refused(refused.words.clone());
            one.failure = refused.is_of_token.then(|| no_file(refused.words.clone()));
        }
        one.failure = one.failure.take().or_else(|| unread.clone());
    }
    exported
}
