//! Faults as data: what is wrong, where, and how the run should come out.
//!
//! In: the files `faults/<cause>.toml` and `faults/<cause>.<variant>.toml`, built into the binary. Out: [`Fault`]s. A
//! new fault is one file; `faults/README.md` tells the format.

mod server;
mod tenant;
mod webex;

use include_dir::{Dir, include_dir};
use serde::Deserialize;

pub(super) use server::{
    Answer, Authority, Certificate, Chain, Code, Dns, Door, Family, Moment, Share, Step, Tls, bytes,
};
pub(super) use tenant::{
    Application, Arrival, Certified, Mailbox, Plan, Platform, PrincipalObject, Refusal, Secret, Tenant, Token,
};
pub(super) use webex::{AppState, Job, Names, Scim, Webex};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/src/lab/faults");

/// What can be told about a fault without starting the lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultInfo {
    /// Its name: the code of the cause, and behind a dot the variant.
    pub name: String,
    /// The code of the cause that it shows.
    pub cause: String,
    /// What is wrong, in one line.
    pub title: String,
    /// The check that shows it.
    pub check: String,
    /// How that check comes out: `pass`, `warn`, `fail`.
    pub status: String,
    /// The exit code of the whole run.
    pub exit_code: u8,
    /// True when it shows only in a run that sends mail.
    pub send_mail: bool,
    /// True when only Graph, evidence files or Webex can tell it from others.
    pub directory_only: bool,
}

/// The faults that any run meets, in the order of their names.
#[must_use]
pub fn faults() -> Vec<FaultInfo> {
    all().filter(|fault| !fault.directory_only).collect()
}

/// The fault of this name, if any run meets it.
///
/// # Panics
/// Never in a released program: a test reads each.
#[must_use]
pub fn fault_named(name: &str) -> Option<FaultInfo> {
    let fault = load(name)?.expect("a test reads it").info;
    (!fault.directory_only).then_some(fault)
}

/// The faults that only Graph, evidence files or Webex can tell from others, in the order of their names.
#[must_use]
pub fn directory_faults() -> Vec<FaultInfo> {
    all().filter(|fault| fault.directory_only).collect()
}

fn all() -> impl Iterator<Item = FaultInfo> {
    let read = |name| load(name).expect("a built-in fault is listed").expect("a test reads it").info;
    names().into_iter().map(read)
}

/// One thing wrong with the tenant.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub info: FaultInfo,
    pub changes: Vec<Change>,
}

/// Reads one fault; none when no file has this name.
pub(super) fn load(name: &str) -> Option<Result<Fault, toml::de::Error>> {
    let text = FILES.get_file(format!("{name}.toml"))?.contents_utf8()?;
    Some(toml::from_str::<File>(text).map(|file| file.into_fault(name)))
}

/// The names of all faults, sorted.
pub(super) fn names() -> Vec<&'static str> {
    let mut names: Vec<_> =
        FILES.files().filter_map(|file| file.path().to_str()).filter_map(|path| path.strip_suffix(".toml")).collect();
    names.sort_unstable();
    names
}

/// The names that somebody who wrote `wrong` may have meant, best first.
pub(super) fn nearest(wrong: &str) -> Vec<&'static str> {
    let mut near: Vec<_> = names()
        .into_iter()
        .map(|name| (strsim::jaro_winkler(wrong, name), name))
        .filter(|(likeness, name)| *likeness > 0.8 || (wrong.len() > 2 && name.contains(wrong)))
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    near.into_iter().take(3).map(|(_, name)| name).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    outcome: Outcome,
    #[serde(rename = "change")]
    changes: Vec<Change>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Outcome {
    check: String,
    status: String,
    exit_code: u8,
    #[serde(default)]
    send_mail: bool,
    #[serde(default)]
    directory_only: bool,
}

impl File {
    fn into_fault(self, name: &str) -> Fault {
        let cause = name.split('.').next().unwrap_or(name);
        let Outcome { check, status, exit_code, send_mail, directory_only } = self.outcome;
        let (name, cause, title) = (name.into(), cause.into(), self.title);
        let info = FaultInfo { name, cause, title, check, status, exit_code, send_mail, directory_only };
        Fault { info, changes: self.changes }
    }
}

/// One change to the healthy tenant: where, and what.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Change {
    /// The names it is made for; none means every name.
    #[serde(default)]
    pub names: Vec<String>,
    /// The ports it is made for; none means every port.
    #[serde(default)]
    pub ports: Vec<u16>,
    /// Which of a name's addresses.
    #[serde(default)]
    pub share: Share,
    /// Only addresses of this family.
    pub family: Option<Family>,
    /// What the resolver answers.
    pub dns: Option<Dns>,
    /// What becomes of a TCP connection.
    pub door: Option<Door>,
    /// The certificate that is shown.
    pub certificate: Option<Certificate>,
    /// How TLS is spoken.
    pub tls: Option<Tls>,
    /// The site has a proxy, and this server uses it.
    #[serde(default)]
    pub proxy: bool,
    /// How far the servers' clocks are ahead, in minutes.
    pub clock_minutes: Option<i32>,
    /// The moments at which `steps` take the place of the healthy reply.
    #[serde(default)]
    pub at: Vec<Moment>,
    /// What is done at those moments.
    #[serde(default)]
    pub steps: Vec<Step>,
    /// What Entra refuses, in the whole tenant.
    pub entra: Option<Refusal>,
    /// The registration of ECE.
    pub application: Option<Application>,
    /// The switches of the tenant.
    pub tenant: Option<Tenant>,
    /// The switches and rights of a mailbox.
    pub mailbox: Option<Mailbox>,
    /// What stands in tokens.
    pub token: Option<Token>,
    /// Webex, and the Entra objects of its integrations.
    pub webex: Option<Webex>,
    /// ECE has an account of the application itself, too.
    #[serde(default)]
    pub application_account: bool,
}
