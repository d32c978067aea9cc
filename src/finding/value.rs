//! What a finding is made of: values, which `report::prose` puts into sentences and programs read as they are.
//!
//! Places are counted from 0: of a finding in the report's findings, of an observation in its looks, of an attempt in
//! the attempts of the finding's own observation.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    command::Command,
    evidence::{Failure, Protocol, SharedText, Value},
};

/// What was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Found {
    /// The check holds: the facts that it shows, on these attempts (none where the observation has none).
    Holds {
        /// The attempts that came as far as the check.
        attempts: Vec<usize>,
        /// The names of the facts to show.
        facts: Vec<String>,
    },
    /// What speaks against the check, or is a reservation: one group for each thing seen.
    Groups {
        /// The groups, in the order of their first attempt.
        groups: Vec<Group>,
    },
    /// The observation ended before the check, and no other check answers for that.
    Failure {
        /// Where and why.
        failure: Box<Failure>,
    },
    /// An input that the check needs was not given.
    NotGiven,
    /// An input that the site file promises is not there: an environment variable, a file, the answer of a command.
    InputMissing {
        /// What is missing.
        failure: Box<Failure>,
    },
    /// A prerequisite did not hold.
    Blocked {
        /// The place of the finding that blocks this one.
        by: usize,
    },
    /// The check does not apply.
    NotApplicable {
        /// Why not.
        reason: NotApplicable,
    },
    /// What a file or a statement says, and a finding of this run that says otherwise: the run is newer.
    Outranked {
        /// The place of the finding that disagrees.
        by: usize,
        /// What was read.
        evidence: Option<Box<Found>>,
    },
    /// No observation was planned for this check.
    NotPlanned,
    /// The observation shows nothing of what the check asks for.
    NoResult,
}

/// Attempts that showed the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Group {
    /// The attempts; empty where the observation has none.
    pub attempts: Vec<usize>,
    /// The facts that are not as the check expects.
    pub missed: Vec<String>,
    /// The facts that the check shows beside them.
    pub context: Vec<String>,
    /// True when the failure of these attempts is what was seen.
    pub failed: bool,
}

/// Why a check does not apply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum NotApplicable {
    /// This server has another role.
    Role,
    /// It can be checked only after ECE is installed.
    PreInstall,
    /// No account of the site uses the protocol of this endpoint.
    ProtocolUnused,
    /// The addresses of the name come from an override or a proxy.
    AddressesGiven,
    /// The account fetches its mail over the other protocol.
    FetchesOtherwise {
        /// The protocol that it does not use.
        unused: Option<Protocol>,
    },
    /// Users sign in, not the application by itself.
    DelegatedFlow,
    /// The site has the other integration of Webex with Entra ID.
    OtherIntegration,
    /// A fact was measured and says that the check has no meaning here.
    Fact {
        /// The fact and what it would have to be.
        expected: String,
        /// What it is.
        found: Option<Value>,
    },
}

/// What speaks for or against a cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Because {
    /// What the finding itself found.
    Found,
    /// The failure of an attempt of the finding's observation; of the whole observation where there is none.
    Failure {
        /// The attempt.
        attempt: Option<usize>,
    },
    /// Another finding passed.
    Passed {
        /// Its place.
        finding: usize,
    },
    /// Another finding failed.
    Failed {
        /// Its place.
        finding: usize,
    },
    /// Another finding of the same mailbox or account proves it.
    ShownBy {
        /// Its place.
        finding: usize,
    },
    /// The same service was tried over the other route.
    OtherRoute {
        /// The place of that observation.
        look: usize,
    },
}

/// What settles a finding, or what is to be given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum NextStep {
    /// Something that the user has to give.
    Provide {
        /// What, from the check's own words.
        text: SharedText,
    },
    /// Where to look whether it is this cause, changing nothing.
    Verify {
        /// The cause.
        cause: String,
        /// What to paste or open, and what it shows where it is this cause.
        command: Command,
    },
    /// Ask a colleague for a file: this prints what to ask for.
    Request {
        /// What prints it.
        command: Command,
    },
    /// Where more can be found of a refusal that no known cause explains.
    LookUp {
        /// What to open.
        command: Command,
    },
    /// Try what fixes the cause: nothing that only looks can tell.
    Try {
        /// The cause.
        cause: String,
        /// What to paste or open.
        command: Command,
    },
}

impl NextStep {
    /// What a report calls it.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Provide { .. } | Self::Verify { .. } => "verify",
            Self::Request { .. } => "ask",
            Self::LookUp { .. } => "look up",
            Self::Try { .. } => "try",
        }
    }

    /// What to paste or open, where the step has it.
    #[must_use]
    pub fn command(&self) -> Option<&Command> {
        match self {
            Self::Provide { .. } => None,
            Self::Request { command }
            | Self::Verify { command, .. }
            | Self::LookUp { command }
            | Self::Try { command, .. } => Some(command),
        }
    }

    /// The same, to be changed.
    pub(super) fn command_mut(&mut self) -> Option<&mut Command> {
        match self {
            Self::Provide { .. } => None,
            Self::Request { command }
            | Self::Verify { command, .. }
            | Self::LookUp { command }
            | Self::Try { command, .. } => Some(command),
        }
    }
}

/// Parts of a refusal that differ at each request: Entra writes them one a line or in one line.
const PER_REQUEST: [&str; 3] = ["Trace ID:", "Correlation ID:", "Timestamp:"];

/// A failure without what differs at each request and each server: two that are alike are one fault.
///
/// Entra ends its texts with trace id, correlation id and time stamp; Exchange Online ends a refusal with the server,
/// the time and an id in brackets.
#[must_use]
pub fn essence(failure: &Failure) -> Failure {
    Failure { trace: None, words: essence_of(&failure.words), ..failure.clone() }
}

fn essence_of(words: &str) -> String {
    let end = PER_REQUEST.iter().filter_map(|mark| words.find(mark)).min().unwrap_or(words.len());
    let words = words[..end].trim_end();
    let Some((before, bracket)) = words.strip_suffix(']').and_then(|words| words.rsplit_once(" [")) else {
        return words.to_owned();
    };
    let names_host = bracket.split(' ').next().is_some_and(|host| host.contains('.'));
    if names_host { before.to_owned() } else { words.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_at_each_request_is_left_out() {
        for (words, essence) in [
            ("AADSTS90002: no. Trace ID: 1 Correlation ID: 2 Timestamp: 2026-11-29 08:00:01Z", "AADSTS90002: no."),
            ("535 5.7.3 no [AB1.example.com 2026-11-23T08:00:00Z 08DE]", "535 5.7.3 no"),
            ("535 5.7.3 no [b]", "535 5.7.3 no [b]"),
            ("[a.example]", "[a.example]"),
        ] {
            assert_eq!(essence_of(words), essence);
        }
    }
}
