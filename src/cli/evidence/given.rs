//! Reading what was given as evidence, and what it settles for a site.

use std::{
    collections::BTreeSet,
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
        rules::{self, Exported, Outcome, Question, Reason, webex},
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

    /// Leaves out what is about another site.
    pub fn leave_out_foreign(&mut self, question: &Question) {
        for (at, rejected) in rules::foreign(&self.files, question).into_iter().rev() {
            self.files.remove(at);
            self.rejected.push(rejected);
        }
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

fn read_one(path: &Path, stated: &Stated, given: &mut Given) {
    if let Some(log) = logs::read(path) {
        return given.logs.push(log);
    }
    match import::read(path, stated) {
        Ok(file) => {
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
    let read = |paths: &[PathBuf]| {
        let mut given = Given::read(paths, &stated);
        given.leave_out_foreign(&question);
        given
    };
    let mut given = read(paths);
    if let (true, Some(first)) = (given.is_empty(), given.rejected.first()) {
        return Err(CliError::Usage(first.to_string(), "nothing of the evidence can be used".to_owned()));
    }
    for path in &deployment.evidence.files {
        let of_path = read(std::slice::from_ref(path));
        given.missing = given.missing.or_else(|| of_path.rejected.first().filter(|_| of_path.is_empty()).cloned());
        given.add(of_path);
    }
    for one in &given.rejected {
        print::error(&one.to_string());
    }
    given.logs.extend(logs::of_site(deployment));
    Ok(given)
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
    for one in exported.iter_mut().filter(|one| one.settled.outcome == Outcome::NeedsInput) {
        let refused = live.refused.iter().find(|refused| refused.checks.contains(&one.settled.check));
        if let Some(refused) = refused {
            one.settled.reason = Reason::Refused(refused.words.clone());
        }
    }
    let unread =
        missing.map(|missing| format!("evidence of the site file: {}", missing.to_string().replace('\n', ": ")));
    if let Some(words) = unread.or(live.nothing) {
        let failure = Failure::new(Protocol::Graph, Stage::Credential, FailureKind::Missing, words);
        for one in exported.iter_mut().filter(|one| one.settled.outcome == Outcome::NeedsInput) {
            one.failure = Some(failure.clone());
        }
    }
    exported
}
