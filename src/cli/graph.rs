//! `--graph`: Microsoft Graph in place of files. The token comes from where the site file says, or from a sign-in.
//!
//! Without `graph_token` a person signs in: in the browser, or with a device code where none starts or comes back. Many
//! tenants block device codes
//! (<https://learn.microsoft.com/entra/identity/conditional-access/policy-block-authentication-flows>), so that comes last.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use super::{option::GraphSignIn, print, site, token::sign_in};
use crate::{
    catalogue::tables,
    deployment::Deployment,
    evidence::{Failure, FailureKind, Protocol, Stage},
    graph::{self, Answer, Ask, Permissions, Refused},
    import::{File, record::Record},
    net::Network,
    oauth::{
        Application,
        endpoint::TokenRequest,
        grant::{self, Client, Grant},
        provider::Provider,
    },
    secret::Secret,
};

/// How long a browser is waited for where a device code may follow.
const PATIENCE: Duration = Duration::from_mins(5);

/// Where a person signs in whose tenant is not known: with any work account.
/// <https://learn.microsoft.com/entra/identity-platform/v2-protocols#endpoints>
const ANY_TENANT: &str = "organizations";

/// Who reads Graph, and where the token comes from.
pub struct Reader<'r> {
    /// How a person signs in.
    pub how: GraphSignIn,
    /// How long the sign-in may last.
    pub patience: Duration,
    /// How long one request may take.
    pub step: Duration,
    /// How long all requests together may take.
    pub deadline: Duration,
    /// The site.
    pub deployment: &'r Deployment,
    /// The cloud.
    pub cloud: &'r tables::Cloud,
}

/// Whether a person signs in for `--graph`: no token is given, or the sign-in was asked for.
pub fn is_signed_in(how: Option<GraphSignIn>, deployment: &Deployment) -> bool {
    how.is_some_and(|how| how != GraphSignIn::Auto || deployment.entra.graph_token.is_none())
}

/// What a site is asked about.
pub fn ask(deployment: &Deployment, cloud: &tables::Cloud, webex: bool, files: &[File]) -> Ask {
    let mut mailboxes: Vec<String> = Vec::new();
    for account in &deployment.accounts {
        for address in account.signs_in_as.iter().chain(&account.mailboxes) {
            if !mailboxes.iter().any(|known| known.eq_ignore_ascii_case(address)) {
                mailboxes.push(address.clone());
            }
        }
    }
    let lists_hub = |file: &File| file.rows.iter().any(|row| matches!(row.record, Record::ControlHubUser(_)));
    Ask {
        host: cloud.graph.clone(),
        client_id: deployment.entra.client_id.map(|id| id.to_string()),
        mailboxes,
        webex: webex || deployment.webex.is_some(),
        webex_users: files.iter().any(lists_hub),
    }
}

/// Reads what Graph gives. Where there is no token, or Graph is out of reach, that is what was refused.
pub async fn read(ask: &Ask, reader: &Reader<'_>, network: &Network) -> Answer {
    let token = match reader.token(network).await {
        Ok(token) => token,
        Err(failure) => return nothing(ask, &format!("there is no token for Microsoft Graph: {}", why(&failure))),
    };
    let permissions = match Permissions::of(&token, &ask.host) {
        Ok(permissions) => permissions,
        Err(audience) => {
            let shown: String = audience.chars().filter(|letter| !letter.is_control()).take(80).collect();
            return nothing(ask, &format!("the token is for {shown}, not for Microsoft Graph; get another one"));
        }
    };
    announce(&permissions);
    // counted from here: whoever signed in may have needed longer than a run may last
    let (limits, _interrupt) = site::limits(reader.step, reader.deadline);
    let network = Network { limits, ..network.clone() };
    match graph::read(ask, &token, &permissions, &network).await {
        Ok(answer) => answer,
        Err(failure) => nothing(ask, &format!("Microsoft Graph cannot be reached: {}", failure.words)),
    }
}

/// A token that can also write is told: this program sends GET only, but whoever reads the site file should know.
fn announce(permissions: &Permissions) {
    let writing = permissions.writing();
    if !writing.is_empty() {
        print::note(&format!(
            "The token for Microsoft Graph could also change something ({}). ece-check sends GET only, and forgets it.",
            writing.join(", ")
        ));
    }
}

fn nothing(ask: &Ask, words: &str) -> Answer {
    print::note(words);
    let mut refused: Vec<Refused> = Vec::new();
    for path in graph::paths(ask) {
        let known = refused.iter().any(|one| one.checks == path.topic.checks);
        if !known {
            refused.push(Refused { checks: path.topic.checks, words: words.to_owned(), is_of_token: true });
        }
    }
    Answer { files: Vec::new(), refused }
}

/// Why there is no token, for a person: what was done in the browser, or not, is not known by its code.
fn why(failure: &Failure) -> String {
    let words = failure.words.as_str();
    let said = if words.is_empty() { String::new() } else { format!(": {words}") };
    let is_of_person = matches!(failure.stage, Stage::Authorize | Stage::Grant);
    match (failure.kind, failure.error.as_deref()) {
        (FailureKind::TimedOut | FailureKind::Deadline, None) if is_of_person => {
            "the sign-in was not completed in time; run again, with a longer --deadline if needed".to_owned()
        }
        (_, Some("access_denied" | "authorization_declined")) => format!("the sign-in was canceled or declined{said}"),
        (_, Some("expired_token" | "code_expired")) => format!("the device code expired before the sign-in{said}"),
        (_, Some(error)) => format!("the sign-in was refused ({error}){said}"),
        _ => words.to_owned(),
    }
}

impl Reader<'_> {
    async fn token(&self, network: &Network) -> Result<Secret, Failure> {
        let redactor = print::net();
        let mut request = TokenRequest::new(network, &redactor);
        let is_given = !is_signed_in(Some(self.how), self.deployment);
        if let Some(source) = self.deployment.entra.graph_token.as_ref().filter(|_| is_given) {
            let token = request.secret(source).await;
            request.warnings.iter().for_each(|warning| print::note(warning));
            return token;
        }
        let is_terminal = io::stderr().is_terminal() && io::stdin().is_terminal();
        if self.how == GraphSignIn::Auto && !is_terminal {
            let words = "set graph_token under [entra], or run in a terminal to sign in, or choose --graph=device-code";
            return Err(Failure::new(Protocol::Authorize, Stage::Credential, FailureKind::Missing, words));
        }
        self.sign_in(&mut request).await
    }

    async fn sign_in(&self, request: &mut TokenRequest<'_>) -> Result<Secret, Failure> {
        let cloud = self.cloud;
        let tenant = self.deployment.entra.tenant.as_deref().unwrap_or(ANY_TENANT);
        let application = Application {
            login_host: cloud.login.clone(),
            tenant: Some(tenant.to_owned()),
            client_id: Some(graph::CLIENT_ID.to_owned()),
            proof: None,
        };
        let client = Client::of(&application, request).await?;
        let provider = Provider::of(&cloud.login, tenant, request).await?;
        let scopes: Vec<String> = graph::SCOPES.iter().map(|name| format!("https://{}/{name}", cloud.graph)).collect();
        print::note(
            "Sign in as a user who may read Microsoft Entra ID, such as a Global Reader. Only read permissions are asked \
             for, for the application Microsoft Graph Command Line Tools.",
        );
        let by_browser = match self.how {
            GraphSignIn::DeviceCode => None,
            _ => self.by_browser(&provider, &client, &scopes, request).await?,
        };
        let granted = match by_browser {
            Some(grant) => grant::ask(&client, &grant, &scopes, &provider.token, request).await?,
            None => sign_in::by_device_code(&provider, &client, &scopes, request).await?,
        };
        Ok(granted.access)
    }

    /// The grant of a sign-in in the browser; none where a device code is next.
    async fn by_browser(
        &self,
        provider: &Provider,
        client: &Client,
        scopes: &[String],
        request: &TokenRequest<'_>,
    ) -> Result<Option<Grant>, Failure> {
        let window = sign_in::Window::open(None, provider, client, scopes).await?;
        let is_last = self.how == GraphSignIn::Browser;
        if !is_last && !window.is_started() {
            return Ok(None);
        }
        window.tell();
        let wait = if is_last { self.patience } else { PATIENCE.min(self.patience / 2) };
        match window.answer(wait, request).await {
            Ok(grant) => Ok(Some(grant)),
            Err(failure) if failure.kind == FailureKind::TimedOut && !is_last => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}
