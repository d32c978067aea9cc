//! `--graph`: Microsoft Graph in place of files. The token comes from where the site file says, or from a sign-in.
//!
//! Without `graph_token` a person signs in: in the browser, or with a device code where no browser comes back. Many tenants
//! block device codes
//! (<https://learn.microsoft.com/entra/identity/conditional-access/policy-block-authentication-flows>), so that comes last.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use super::{print, token::sign_in};
use crate::{
    catalogue::tables,
    deployment::Deployment,
    evidence::{Failure, FailureKind, Protocol, Stage},
    graph::{self, Answer, Ask, Permissions, Refused},
    import::{File, record::Record},
    net::{Limits, Network},
    oauth::{
        Application,
        endpoint::TokenRequest,
        grant::{self, Client},
        provider::Provider,
    },
    secret::Secret,
};

/// How long a person may take to sign in.
const PATIENCE: Duration = Duration::from_mins(5);

/// What a site is asked about.
pub fn ask(deployment: &Deployment, cloud: &tables::Cloud, files: &[File]) -> Ask {
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
        webex: deployment.webex.is_some(),
        webex_users: files.iter().any(lists_hub),
    }
}

/// Reads what Graph gives. Where there is no token, or Graph is out of reach, that is what was refused.
pub async fn read(
    ask: &Ask,
    deployment: &Deployment,
    cloud: &tables::Cloud,
    network: &Network,
    limits: &Limits,
) -> Answer {
    let token = match token(deployment, cloud, network).await {
        Ok(token) => token,
        Err(failure) => return nothing(ask, &format!("there is no token for Microsoft Graph: {}", failure.words)),
    };
    let permissions = match Permissions::of(&token, &ask.host) {
        Ok(permissions) => permissions,
        Err(audience) => {
            let shown: String = audience.chars().filter(|letter| !letter.is_control()).take(80).collect();
            return nothing(ask, &format!("the token is for {shown}, not for Microsoft Graph; get another one"));
        }
    };
    announce(&permissions);
    let network = Network { limits: limits.clone(), ..network.clone() };
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

async fn token(deployment: &Deployment, cloud: &tables::Cloud, network: &Network) -> Result<Secret, Failure> {
    let redactor = print::net();
    let mut request = TokenRequest::new(network, &redactor);
    if let Some(source) = &deployment.entra.graph_token {
        let token = request.secret(source).await;
        request.warnings.iter().for_each(|warning| print::note(warning));
        return token;
    }
    let lacks = |words: &str| Failure::new(Protocol::Authorize, Stage::Credential, FailureKind::Missing, words);
    if !io::stderr().is_terminal() || !io::stdin().is_terminal() {
        return Err(lacks("set graph_token under [entra], or run in a terminal to sign in"));
    }
    let tenant = deployment.entra.tenant.clone().ok_or_else(|| lacks("set tenant under [entra] to sign in"))?;
    sign_in_as_reader(&tenant, cloud, &mut request).await
}

/// In the browser first, then with a device code when the sign-in does not return from it.
async fn sign_in_as_reader(
    tenant: &str,
    cloud: &tables::Cloud,
    request: &mut TokenRequest<'_>,
) -> Result<Secret, Failure> {
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
        "Sign in as a user who may read Microsoft Entra ID, such as a Global Reader. Only read permissions are asked for, \
         for the application Microsoft Graph Command Line Tools.",
    );
    let by_browser = sign_in::by_browser(None, PATIENCE, &provider, &client, &scopes, request).await;
    let granted = match by_browser {
        Ok(grant) => grant::ask(&client, &grant, &scopes, &provider.token, request).await?,
        Err(failure) if failure.kind == FailureKind::TimedOut => {
            sign_in::by_device_code(&provider, &client, &scopes, request).await?
        }
        Err(failure) => return Err(failure),
    };
    Ok(granted.access)
}
