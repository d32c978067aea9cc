//! Microsoft Graph in place of files: the same objects that a colleague would export, read live with `--graph`.
//!
//! In: what the site is ([`Ask`]), a token, the network. Out: an [`Answer`]: [`File`]s as if they had been exported a moment
//! ago, and what was refused. There is no request but GET, each names the properties that it needs (`$select`), and a
//! link to the next page is followed on the same host only. The token is never kept and never printed.
//! <https://learn.microsoft.com/graph/paging>, <https://learn.microsoft.com/graph/throttling>

mod path;
mod refusal;
mod session;

use jiff::{SignedDuration, Timestamp};

use crate::{
    evidence::Failure,
    import::{File, record::Record, rules::webex},
    net::Network,
    oauth::claims::Claims,
    secret::Secret,
};

pub use path::{Path, Topic, paths};
pub use refusal::Refused;
use session::Session;

/// Public client "Microsoft Graph Command Line Tools", which a person may sign in to. It has no permission of its own.
/// <https://learn.microsoft.com/graph/cli/overview>
pub const CLIENT_ID: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";

/// The permissions that such a sign-in asks for: all of them read only.
pub const SCOPES: &[&str] =
    &["User.Read.All", "Application.Read.All", "Directory.Read.All", "AuditLog.Read.All", "Synchronization.Read.All"];

/// So many mailboxes are asked for.
const MOST_MAILBOXES: usize = 50;

/// So many days of the logs are read: Entra ID keeps them for 30 days, or for 7.
const LOG_DAYS: i64 = 30;
const SIGN_IN_HOURS: i64 = 48;

/// What is asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// The host of Graph in this cloud.
    pub host: String,
    /// ECE's application (client) ID.
    pub client_id: Option<String>,
    /// The mailboxes and users of ECE.
    pub mailboxes: Vec<String>,
    /// True when the applications of Webex are asked for.
    pub webex: bool,
    /// True when there is a list of Control Hub's users to compare those of Entra ID with.
    pub webex_users: bool,
}

/// What Graph said.
#[derive(Debug, Default)]
pub struct Answer {
    /// As files.
    pub files: Vec<File>,
    /// What was refused.
    pub refused: Vec<Refused>,
}

/// What a token is, before anything is asked with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// The permissions in it; none when it is in no form that is known here.
    pub names: Option<Vec<String>>,
}

impl Permissions {
    /// Reads them from a token.
    ///
    /// # Errors
    /// When the token is for another service than Graph: the service, as the token names it.
    pub fn of(token: &Secret, host: &str) -> Result<Self, String> {
        let Some(claims) = Claims::read(token.expose()) else { return Ok(Self::default()) };
        let audience = claims.audience().unwrap_or_default();
        let plain = audience.trim_start_matches("https://").trim_end_matches('/');
        let is_graph = plain.eq_ignore_ascii_case(host) || plain == "00000003-0000-0000-c000-000000000000";
        if !is_graph {
            return Err(audience);
        }
        Ok(Self { names: Some(claims.scopes().into_iter().chain(claims.roles()).collect()) })
    }

    /// The permissions with which one could also change something.
    #[must_use]
    pub fn writing(&self) -> Vec<&str> {
        let writes = |name: &&str| name.contains("Write") || name.contains("AccessAsUser") || name.contains(".Manage");
        self.names.iter().flatten().map(String::as_str).filter(writes).collect()
    }
}

/// Asks for all of it. What is refused stops nothing but itself; a token that Graph does not accept stops everything.
///
/// # Errors
/// When Graph cannot be reached.
pub async fn read(ask: &Ask, token: &Secret, permissions: &Permissions, network: &Network) -> Result<Answer, Failure> {
    let now = Timestamp::now();
    let mut session = Session::open(&ask.host, token, permissions, network, now).await?;
    if let Some(client_id) = &ask.client_id {
        application(&mut session, client_id).await;
    }
    for address in ask.mailboxes.iter().take(MOST_MAILBOXES) {
        licenses(&mut session, address).await;
    }
    if let Some(client_id) = &ask.client_id {
        let since = ago(now, SignedDuration::from_hours(SIGN_IN_HOURS));
        session.list(&path::sign_ins(client_id, &since)).await;
    }
    if ask.webex {
        of_webex(&mut session, ask, now).await;
    }
    Ok(session.into_answer())
}

/// ECE's registration, its enterprise application, and what that was granted.
async fn application(session: &mut Session<'_>, client_id: &str) {
    session.one(&path::registration(client_id)).await;
    let Some(file) = session.one(&path::enterprise(client_id)).await else { return };
    let Some(id) = id_of(session.file(file), client_id) else { return };
    session.whole(&path::grants(&id), "delegated-grant").await;
    session.whole(&path::roles(&id), "app-role-assignment").await;
}

fn id_of(file: &File, app_id: &str) -> Option<String> {
    file.rows.iter().find_map(|row| match &row.record {
        Record::EnterpriseApplication(row) if row.app_id.as_deref() == Some(app_id) => row.id.clone(),
        _ => None,
    })
}

/// A mailbox is found by any of its addresses: the name of a user is often another one.
async fn licenses(session: &mut Session<'_>, address: &str) {
    let Some(file) = session.list(&path::user(address)).await else { return };
    let id = session.file(file).rows.iter().find_map(|row| match &row.record {
        Record::EntraUser(user) => user.object_id.clone(),
        _ => None,
    });
    if let Some(id) = id {
        session.about(&path::licenses(&id), "user-license", address).await;
    }
}

/// The applications of both integrations, and what belongs to each that is there.
async fn of_webex(session: &mut Session<'_>, ask: &Ask, now: Timestamp) {
    let by_id = session.list(&path::webex_by_id()).await;
    let by_name = session.list(&path::webex_by_name()).await;
    if let (Some(by_id), Some(by_name)) = (by_id, by_name) {
        session.mark(by_id, webex::ASKED_FOR_APPLICATIONS);
        session.mark(by_name, webex::ASKED_FOR_APPLICATIONS);
    }
    match by_id.and_then(|file| id_of(session.file(file), webex::INTEGRATION_APP)) {
        Some(id) => {
            let roles = session.list(&path::webex_roles(&id)).await;
            let grants = session.list(&path::webex_grants(&id)).await;
            if let (Some(roles), Some(grants)) = (roles, grants) {
                session.mark(roles, webex::ASKED_FOR_CONSENT);
                session.mark(grants, webex::ASKED_FOR_CONSENT);
            }
        }
        None if by_id.is_some() => {
            session.list(&path::webex_deleted()).await;
            session.list(&path::webex_removals(&ago(now, SignedDuration::from_hours(24 * LOG_DAYS)))).await;
        }
        None => {}
    }
    if let Some(id) = by_name.and_then(|file| gallery_id(session.file(file))) {
        provisioning(session, &id).await;
    }
    if ask.webex_users {
        session.list(&path::all_users()).await;
        session.whole(&path::deleted_users(), webex::ASKED_FOR_DELETED_USERS).await;
    }
}

/// The gallery application: of those whose name begins like its own, the one that is not the wizard's.
fn gallery_id(file: &File) -> Option<String> {
    file.rows.iter().find_map(|row| match &row.record {
        Record::EnterpriseApplication(row) => {
            let name = row.name.as_deref().unwrap_or_default().to_lowercase();
            (!name.starts_with("cisco webex identity")).then(|| row.id.clone()).flatten()
        }
        _ => None,
    })
}

async fn provisioning(session: &mut Session<'_>, id: &str) {
    let Some(file) = session.whole(&path::jobs(id), webex::ASKED_FOR_JOBS).await else { return };
    let job = session.file(file).rows.iter().find_map(|row| match &row.record {
        Record::SyncJob(job) => job.id.clone(),
        _ => None,
    });
    if let Some(job) = job {
        session.one(&path::schema(id, &job)).await;
        session.list(&path::provisioning_log(&job)).await;
    }
}

fn ago(now: Timestamp, time: SignedDuration) -> String {
    now.saturating_sub(time).unwrap_or(now).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
