//! How the checks came out, and the report of a whole run.
//!
//! The JSON report *is* [`Report`], written out. The exit code is decided here and nowhere else.

pub mod config_flag;
mod sharing;
mod value;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::value::{Because, Found, Group, NextStep, NotApplicable, essence};
use crate::{
    command::Command,
    evidence::{Observation, SavedSite, SharedText, Subject, as_text},
};

/// How one check came out for one subject, and because of what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The check, such as `tls.trusted`.
    pub check: SharedText,
    /// The section of Cisco's checklist.
    pub section: SharedText,
    /// A statement that is true when all is well.
    pub title: SharedText,
    /// What stands in its place when it fails or warns; empty where all is well, and in reports before 2026-11-24.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub fails: SharedText,
    /// What the check was made for: an endpoint, a name, the user's file.
    #[serde(with = "as_text")]
    #[schemars(with = "String")]
    pub subject: Subject,
    /// The account whose token it is about, or that the mailbox belongs to.
    #[serde(default)]
    pub account: Option<SharedText>,
    /// How it came out.
    pub status: Status,
    /// Why it was skipped.
    pub reason: Option<SkipReason>,
    /// The place in `findings` of the finding that blocks this one.
    pub blocked_by: Option<usize>,
    /// What should have been seen.
    pub expected: SharedText,
    /// What was seen, as a sentence.
    pub found: SharedText,
    /// What was seen, as values; reports of schema 1 do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Found>,
    /// What it means for ECE when this fails; empty where all is well.
    pub means: SharedText,
    /// The causes left standing, best first.
    pub causes: Vec<NamedCause>,
    /// The causes that the other findings rule out.
    pub ruled_out: Vec<RuledOut>,
    /// The look or the command that would settle what is still open, or what the user should give.
    pub next: Option<SharedText>,
    /// The same step by step; reports of schema 1 do not have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<NextStep>,
    /// True for a check that is made only when it is asked for: nothing is missing where it was not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
    /// True for a check that `--only` names by its id: not to be tested is then no success.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asked: bool,
    /// How much depends on the check; reports before 2026-11-29 do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The waiver that is about this finding, in force or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiver: Option<Box<AppliedWaiver>>,
    /// The place in `looks` of the look that was judged.
    pub look: Option<usize>,
}

impl Finding {
    /// A finding of which no more is known than what it is about: every other value is empty.
    #[must_use]
    pub fn new(check: impl Into<SharedText>, subject: Subject, status: Status) -> Self {
        Self {
            check: check.into(),
            section: SharedText::default(),
            title: SharedText::default(),
            fails: SharedText::default(),
            subject,
            account: None,
            status,
            reason: None,
            blocked_by: None,
            expected: SharedText::default(),
            found: SharedText::default(),
            evidence: None,
            means: SharedText::default(),
            causes: Vec::new(),
            ruled_out: Vec::new(),
            next: None,
            steps: Vec::new(),
            optional: false,
            asked: false,
            severity: None,
            waiver: None,
            look: None,
        }
    }

    /// True when the site file promises an input that is not there, or the user names the check, so that nothing was tested
    /// of what should be.
    #[must_use]
    pub fn waits_for_missing_input(&self) -> bool {
        let is_not_given = self.reason == Some(SkipReason::NeedsInput);
        matches!(self.evidence, Some(Found::InputMissing { .. })) || (self.asked && is_not_given)
    }

    /// The cause that a step tests, where there is more than one that it could be.
    #[must_use]
    pub fn tested_by(&self, step: &NextStep) -> Option<&NamedCause> {
        let (NextStep::Verify { cause, .. } | NextStep::Try { cause, .. }) = step else { return None };
        self.causes.iter().find(|named| named.cause == *cause).filter(|_| self.causes.len() > 1)
    }

    /// True while a waiver keeps it from counting.
    #[must_use]
    pub fn is_waived(&self) -> bool {
        self.status == Status::Skip && self.waiver.is_some()
    }

    /// How it came out, whether or not it is waived.
    #[must_use]
    pub fn seen_status(&self) -> Status {
        self.waiver.as_ref().map_or(self.status, |waiver| waiver.status)
    }
}

/// How much depends on a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Mail stops when it fails.
    StopsMail,
    /// Mail goes on for now, and will stop.
    WillStopMail,
    /// Mail goes on; something should be better.
    Improvement,
}

/// A waiver of the site file, as it was applied to a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AppliedWaiver {
    /// Why the finding is accepted.
    pub reason: String,
    /// Who accepted it.
    pub by: String,
    /// The last day, `YYYY-MM-DD` in UTC.
    pub until: String,
    /// How the check came out.
    pub status: Status,
    /// True after the last day: the finding counts again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ended: bool,
    /// Who fixes its first cause, whose action is left out of `fix_first` while the waiver is in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It holds; that was seen.
    Pass,
    /// It holds, with a reservation.
    Warn,
    /// It does not hold; that was seen.
    Fail,
    /// It was not judged, for a stated reason.
    Skip,
    /// It could not be judged: deadline, interruption, a fault of ours.
    Error,
}

/// Why a check was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SkipReason {
    /// Something it needs has failed.
    Blocked,
    /// The user has not said something that it needs.
    NeedsInput,
    /// It does not apply to this role, phase or design.
    NotApplicable,
    /// The user has waived it.
    Waived,
}

/// A cause that stands behind a finding.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NamedCause {
    /// The cause's code.
    pub cause: String,
    /// What is wrong, in one line; reports before 2026-11-24 do not have it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// How sure that is.
    pub certainty: Certainty,
    /// What speaks for it, as sentences.
    pub because: Vec<String>,
    /// What speaks for it, as values; reports of schema 1 do not have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Because>,
}

/// A cause that could have been, and is not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuledOut {
    /// The cause's code.
    pub cause: String,
    /// What speaks against it, as a sentence.
    pub because: String,
    /// What speaks against it, as a value; reports of schema 1 do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Because>,
}

/// How sure a diagnosis is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// What was seen allows nothing else.
    Certain,
    /// The rest is ruled out, or much speaks for it.
    Likely,
    /// One among several.
    Possible,
}

/// Who mends a cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// The network or firewall team.
    Network,
    /// The team that administers Microsoft Entra ID.
    Entra,
    /// The team that administers Exchange Online.
    Exchange,
    /// The ECE administrator.
    Ece,
    /// The Webex administrator.
    Webex,
    /// Microsoft.
    Microsoft,
}

impl Owner {
    /// The word of this owner in files and on the command line.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Entra => "entra",
            Self::Exchange => "exchange",
            Self::Ece => "ece",
            Self::Webex => "webex",
            Self::Microsoft => "microsoft",
        }
    }
}

/// A cause of the whole run, to be mended in this order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Remediation {
    /// The cause's code.
    pub cause: String,
    /// What is wrong, in one line.
    pub title: String,
    /// How sure that is.
    pub certainty: Certainty,
    /// Who mends it.
    pub owner: Owner,
    /// What mends it.
    pub fix: String,
    /// The commands as one text, for readers of reports of before `commands` was there.
    pub command: Option<String>,
    /// What to paste or open: one command a target, with this site's values. Reports before 2026-11-29 do not have it.
    #[serde(default)]
    pub commands: Vec<Command>,
    /// How long the change takes to be felt.
    pub takes: String,
    /// Pages that say so.
    pub sources: Vec<String>,
    /// The places in `findings` that this cause explains, the blocked ones too.
    pub explains: Vec<usize>,
}

/// All of one run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The version of this shape.
    pub schema_version: u32,
    /// The program that wrote it.
    pub tool: Tool,
    /// When, where and how it ran.
    pub run: Run,
    /// What the plan was made from, to judge again; reports before schema 2 do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<SavedSite>,
    /// The outcome in numbers, and what to mend first.
    pub summary: Summary,
    /// How each planned check came out, in plan order.
    #[serde(deserialize_with = "sharing::read")]
    pub findings: Vec<Finding>,
    /// What was seen, in plan order.
    pub looks: Vec<Observation>,
    /// Firewall rules for what failed; only in the part for the network team.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub firewall_rules: Vec<FirewallRule>,
}

/// A rule that a firewall needs for ECE: from the server, to a name and port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FirewallRule {
    /// The server that connects.
    pub source: String,
    /// The name that it connects to.
    pub destination: String,
    /// The address ranges that Microsoft publishes for the name.
    pub ranges: Vec<String>,
    /// The destination port.
    pub port: u16,
    /// `TCP` or `UDP`.
    pub protocol: String,
    /// `IPv4` or `IPv6`.
    pub ip_version: String,
    /// The role of the server that connects, or both; reports before 2026-11-30 do not have it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub role: String,
    /// What it is for.
    pub purpose: String,
    /// What is spoken there, as firewalls call it; reports before 2026-11-30 do not have it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub application: String,
    /// The number of the row in Microsoft's list of URLs and IP address ranges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub microsoft_endpoint_id: Option<i64>,
    /// True for a direct connection in place of that through the proxy: needed only if ECE does not use the proxy.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub only_without_proxy: bool,
}

/// The program that wrote a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tool {
    /// `ece-check`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The date of the newest table in its catalogue.
    pub catalogue_date: String,
}

/// When, where and how a run was made: its vantage.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Run {
    /// A random identifier.
    pub id: String,
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The case number that was given.
    pub case: Option<String>,
    /// What was hidden, where the report is redacted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redacted: Option<Redacted>,
    /// The team that this is the part for, where it is not the whole report.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part_for: Option<Owner>,
    /// The name of the site; reports before 2026-11-29 do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site: Option<String>,
    /// The site file, as it was named; none where none was read, where names are hidden, and in reports before 2026-11-30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// The name of this host.
    pub host: String,
    /// The operating system of this host.
    pub os: String,
    /// How far the time zone of this host is ahead of UTC, in minutes; reports before 2026-11-23 do not have it.
    #[serde(default)]
    pub utc_offset_minutes: Option<i32>,
    /// Whether this host has an IPv6 address that is good beyond its own link, where that could be told.
    #[serde(default)]
    pub ipv6: Option<bool>,
    /// The addresses of this host that connections left from.
    pub source_addresses: Vec<String>,
    /// The resolvers that were asked.
    pub dns_servers: Vec<String>,
    /// What this host appends to a name that does not exist.
    #[serde(default)]
    pub dns_suffixes: Vec<String>,
    /// The role of this server in ECE.
    pub role: String,
    /// The Microsoft cloud.
    pub cloud: String,
    /// True when the built-in tenant was looked at, not Microsoft's.
    pub lab: bool,
    /// The proxy that was used, and where it was learnt from.
    pub proxy: Option<String>,
    /// The names that are reached without it.
    #[serde(default)]
    pub proxy_exceptions: Vec<String>,
    /// The script that chooses the proxy by what Windows has stored. It was neither fetched nor run.
    #[serde(default)]
    pub proxy_script: Option<String>,
    /// What the Windows firewall of this host shuts of the ports that ECE needs; none where it could not be read.
    #[serde(default)]
    pub firewall: Option<Vec<String>>,
    /// The folder of ECE on this host; none where there is none.
    #[serde(default)]
    pub ece_home: Option<String>,
    /// How far this host's clock is ahead of the servers' clocks, in milliseconds.
    pub clock_offset_ms: Option<i64>,
    /// The faults of the built-in tenant, as `--lab` named them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lab_faults: Option<String>,
    /// The DNS servers that `--dns-server` named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub named_dns_servers: Vec<String>,
    /// The only IP version that was used, where a flag chose one: `IPv4` or `IPv6`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip_version: Option<String>,
    /// The files that `--evidence` named; empty texts where names are hidden.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence_files: Vec<String>,
    /// Further flags of the run; reports before 2026-11-30 do not have them.
    #[serde(default, skip_serializing_if = "Flags::is_empty")]
    pub flags: Flags,
    /// True when the run was interrupted before its end.
    pub interrupted: bool,
    /// Runs of this program on this host at the same time; reports before 2026-11-30 do not have them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_runs: Vec<OtherRun>,
}

/// Flags of a run that change its result, and that nothing else of the report shows. Files are named as the command line
/// named them, and are empty texts where names are hidden.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Flags {
    /// The files of `--ca-file`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ca_files: Vec<String>,
    /// The files of `--java-trust-store`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub java_trust_stores: Vec<String>,
    /// True when `--java-trust-store-password-env` named a variable.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub java_password: bool,
    /// The folder of `--checks`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<String>,
    /// True with `--no-proxy`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_proxy: bool,
    /// Whom `--webex-connect` asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webex_connect: Option<AskedOfWebex>,
}

/// Whom a question to Webex is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AskedOfWebex {
    /// A user that does not exist.
    #[serde(alias = "nobody")] // as reports before 2026-11-30 name it
    MadeUpUser,
    /// A user whom the command line named.
    #[serde(alias = "user")]
    NamedUser,
}

impl Flags {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Each name of a file or folder.
    pub fn files_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.ca_files.iter_mut().chain(&mut self.java_trust_stores).chain(&mut self.checks)
    }
}

/// A run of this program at the same time as another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct OtherRun {
    /// When it began, RFC 3339 in UTC.
    pub started: String,
    /// Its process.
    pub process: u32,
    /// True when it sends test messages.
    pub sends_mail: bool,
}

/// How much was hidden from a report: how many different things, and in how many places.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Redacted {
    /// IP addresses.
    pub addresses: usize,
    /// Names of servers, domains, the tenant and the application.
    pub names: usize,
    /// Mailboxes and accounts.
    pub mailboxes: usize,
    /// Places of all of them.
    pub places: usize,
    /// A number of the key: reports with the same number have the same placeholders. Empty before 2026-11-30.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub key: String,
}

/// The outcome in numbers, and what to mend first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// All findings.
    pub planned: usize,
    /// Findings that hold.
    pub pass: usize,
    /// Findings that hold with a reservation.
    pub warn: usize,
    /// Findings that do not hold.
    pub fail: usize,
    /// Findings that were skipped.
    pub skip: usize,
    /// Findings that could not be judged.
    pub error: usize,
    /// Findings that wait for an input which the site file promises and which is not there.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub missing_input: usize,
    /// The exit code of the run.
    pub exit_code: u8,
    /// The causes, in the order in which they must be mended.
    pub fix_first: Vec<Remediation>,
}

impl Summary {
    /// Counts the findings and decides on the exit code.
    #[must_use]
    pub fn of(findings: &[Finding], fix_first: Vec<Remediation>, strict: bool) -> Self {
        let count = |status| findings.iter().filter(|finding| finding.status == status).count();
        let mut summary = Self {
            planned: findings.len(),
            pass: count(Status::Pass),
            warn: count(Status::Warn),
            fail: count(Status::Fail),
            skip: count(Status::Skip),
            error: count(Status::Error),
            missing_input: findings.iter().filter(|finding| finding.waits_for_missing_input()).count(),
            exit_code: 0,
            fix_first,
        };
        summary.exit_code = summary.decide(strict);
        summary
    }

    fn decide(&self, strict: bool) -> u8 {
        if self.fail > 0 {
            return 1;
        }
        let nothing_was_seen = self.pass + self.warn == 0;
        if self.error > 0 || self.missing_input > 0 || nothing_was_seen {
            return 3;
        }
        if strict && self.warn > 0 { 4 } else { 0 }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(pass: usize, warn: usize, fail: usize, skip: usize, error: usize) -> Summary {
        Summary { planned: pass + warn + fail + skip + error, pass, warn, fail, skip, error, ..Summary::default() }
    }

    #[test]
    fn a_failure_outranks_everything() {
        assert_eq!(summary(5, 1, 1, 1, 1).decide(true), 1);
    }

    #[test]
    fn what_could_not_be_judged_is_not_proved_healthy() {
        assert_eq!(summary(5, 1, 0, 0, 1).decide(false), 3);
    }

    #[test]
    fn nothing_seen_is_not_success() {
        assert_eq!(summary(0, 0, 0, 7, 0).decide(false), 3);
        assert_eq!(summary(0, 0, 0, 0, 0).decide(false), 3);
    }

    #[test]
    fn an_input_that_is_promised_and_missing_is_not_success() {
        assert_eq!(Summary { missing_input: 1, ..summary(5, 0, 0, 1, 0) }.decide(false), 3);
    }

    #[test]
    fn warnings_count_only_when_strict() {
        assert_eq!(summary(5, 1, 0, 2, 0).decide(false), 0);
        assert_eq!(summary(5, 1, 0, 2, 0).decide(true), 4);
        assert_eq!(summary(5, 0, 0, 2, 0).decide(true), 0);
    }
}
