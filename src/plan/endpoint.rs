//! The endpoints of a site: those of its Microsoft cloud, its own, and ECE's web pages.

use std::{collections::HashMap, time::Duration};

use ipnet::IpNet;

use crate::{
    catalogue::tables::{self, Question, Tables},
    deployment::{self, Account, Cloud, Deployment, Inbound, Role},
    evidence::{Protocol, Subject},
    import::rules::Exported,
    oauth::{Application, TokenSource},
    probe::{
        AnyProbe, app_credential,
        https::Ask,
        scim::{Bearer, ScimProbe},
        scim_token::ScimTokenProbe,
        token, url, version,
    },
};

/// All that a plan needs to know of the user's site.
#[derive(Clone, Debug)]
pub struct Site {
    /// The user's file.
    pub deployment: Deployment,
    /// The Microsoft cloud.
    pub cloud: Cloud,
    /// The role of this server.
    pub role: Role,
    /// The endpoints, in the order of the table of clouds.
    pub endpoints: Vec<Endpoint>,
    /// Organisations that issue certificates to Microsoft's services.
    pub public_issuers: Vec<String>,
    /// The application in Entra.
    pub application: Application,
    /// The permissions that a user's token is asked for.
    pub scopes: Vec<String>,
    /// The scope of the application's own token.
    pub application_scope: String,
    /// The hosts by which Exchange Online is named in tokens of this cloud.
    pub audiences: Vec<String>,
    /// True when a Java trust store is asked beside the system's.
    pub java: bool,
    /// How long a message is looked for that a mailbox sends to itself; none when no message may be sent.
    pub send_mail: Option<Duration>,
    /// What evidence has settled; empty when none was given.
    pub exported: Vec<Exported>,
    /// By mail address, in lower case, the user principal names that files give its user.
    pub principal_names: HashMap<String, Vec<String>>,
    /// True when lettre and async-imap sign in once more.
    pub second_opinion: bool,
    /// The stated level of ECE.
    pub version: Option<version::VersionProbe>,
    /// The stated addresses of ECE.
    pub url: url::UrlProbe,
    /// The end of the token of the provisioning to Webex.
    pub scim_token: Option<ScimTokenProbe>,
    /// The question to Webex; none when it may not be asked.
    pub scim: Option<ScimProbe>,
}

/// A name and port that ECE needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its short name, such as `imap`.
    pub name: String,
    /// The host name.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What is spoken there; none when only the connection is known.
    pub protocol: Option<Protocol>,
    /// Why ECE needs it.
    pub why: String,
    /// True for Microsoft's, false for the site's own.
    pub microsoft: bool,
    /// The ranges that Microsoft publishes for it.
    pub published: Vec<IpNet>,
    /// What is asked over HTTP.
    pub ask: Option<Ask>,
    /// False when no account of this site uses it.
    pub used: bool,
    /// True for ECE's own web pages, which are not there before ECE is.
    pub of_ece: bool,
}

impl Endpoint {
    /// The place that a check names by itself.
    #[must_use]
    pub fn of_a_check(host: &str, port: u16, protocol: Option<Protocol>, why: &str) -> Self {
        Self {
            name: host.to_owned(),
            host: host.to_owned(),
            port,
            protocol,
            why: why.to_owned(),
            microsoft: false,
            published: Vec::new(),
            ask: None,
            used: true,
            of_ece: false,
        }
    }

    /// Name and port.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject::endpoint(&self.host, self.port)
    }
}

impl Site {
    /// The site that the user's file describes, in a Microsoft cloud.
    ///
    /// # Panics
    /// Never: the loader of the tables refuses a table without every cloud.
    #[must_use]
    pub fn of(deployment: &Deployment, tables: &Tables, cloud: Cloud, role: Role) -> Self {
        let chosen = cloud;
        let cloud = tables.clouds.named(cloud.word()).expect("the table of clouds holds every cloud");
        let release = deployment.ece.stated.as_ref().map(|stated| stated.release);
        let microsoft = cloud.endpoints.iter().map(|endpoint| of_microsoft(endpoint, cloud, deployment));
        let own = deployment.endpoints.iter().map(of_the_file);
        let ece = deployment.ece.external_url.as_deref().and_then(of_ece);
        Self {
            cloud: chosen,
            role,
            endpoints: microsoft.chain(own).chain(ece).collect(),
            public_issuers: [&tables.issuers.microsoft[..], &tables.issuers.public[..]].concat(),
            exported: Vec::new(),
            principal_names: HashMap::new(),
            version: deployment.ece.stated.clone().map(|stated| version::VersionProbe {
                guides: tables.documents.guides(stated.release),
                stated,
                table: (*tables.levels).clone(),
                today: jiff::Zoned::now().date(),
            }),
            url: url::UrlProbe {
                setting: tables.documents.setting(release),
                external: deployment.ece.external_url.clone(),
                console: deployment.ece.console_url.clone(),
                redirect: deployment.ece.redirect_url.clone(),
                registered: deployment.entra.redirect_urls.clone(),
            },
            application: Application {
                login_host: cloud.login.clone(),
                tenant: deployment.entra.tenant.clone(),
                client_id: deployment.entra.client_id.map(|id| id.to_string()),
                proof: deployment.entra.proof.clone(),
            },
            scopes: scopes(&cloud.scopes),
            application_scope: cloud.application_scope.clone(),
            audiences: cloud.audiences.clone(),
            scim_token: deployment
                .webex
                .as_ref()
                .map(|webex| ScimTokenProbe { redirect: webex.token_redirect.clone(), issued: webex.token_issued }),
            scim: None,
            java: false,
            send_mail: None,
            second_opinion: false,
            deployment: deployment.clone(),
        }
    }

    /// The probes that read the user's file, by the group of facts that it states.
    pub(super) fn stated(&self) -> Vec<(&'static str, AnyProbe)> {
        let probes = [
            self.version.clone().map(AnyProbe::from),
            Some(self.url.clone().into()),
            Some(self.proof().into()),
            self.scim_token.clone().map(AnyProbe::from),
            self.scim.clone().map(AnyProbe::from),
        ];
        probes.into_iter().flatten().map(|probe| (probe.deepest(), probe)).collect()
    }

    /// The question to Webex that the user's file describes, for a run that may ask it; and perhaps for one user more.
    #[must_use]
    pub fn question_to_webex(&self, user: Option<&str>) -> Option<ScimProbe> {
        let webex = self.deployment.webex.as_ref()?;
        let token = webex.token.clone().map(Bearer::Token);
        let bearer = token.or_else(|| webex.token_redirect.clone().map(Bearer::Redirect))?;
        Some(ScimProbe { tenant_url: webex.tenant_url.clone()?, bearer, user: user.map(str::to_owned) })
    }

    /// The same site on the day of the table of levels: the built-in lab has no other day.
    #[must_use]
    pub fn as_of_the_tables(mut self) -> Self {
        if let Some(look) = &mut self.version {
            look.today = look.table.date;
        }
        self
    }

    /// The look at the token of an account; none when the file does not say how the token is come by.
    #[must_use]
    pub fn token(&self, account: &Account) -> Option<token::TokenProbe> {
        let only = (account.mailboxes.len() == 1).then(|| account.mailboxes[0].clone());
        let credential = account.credential.clone()?;
        let own = credential == TokenSource::ClientCredentials;
        let user = account.signs_in_as.clone().or(only);
        Some(token::TokenProbe {
            account: account.name.clone(),
            credential,
            application: self.application.clone(),
            scopes: if own { vec![self.application_scope.clone()] } else { self.scopes.clone() },
            audiences: self.audiences.clone(),
            public_issuers: self.public_issuers.clone(),
            also_named: user.as_deref().map_or_else(Vec::new, |user| self.principal_names(user)),
            signs_in_as: user,
            mailboxes: account.mailboxes.clone(),
        })
    }

    /// The user principal names that files give the user of a mail address.
    #[must_use]
    pub fn principal_names(&self, address: &str) -> Vec<String> {
        self.principal_names.get(&address.to_lowercase()).cloned().unwrap_or_default()
    }

    /// Where this server fetches the mail of an account: where the account does not say, over IMAP. None on a server that
    /// only sends: on ECE's application server no rule of a firewall need let it fetch.
    #[must_use]
    pub fn inbound(&self, account: &Account) -> Option<&Endpoint> {
        let protocol = match account.inbound {
            Some(Inbound::Pop3) => Protocol::Pop3,
            Some(Inbound::Imap) | None => Protocol::Imap,
        };
        let fetches = |endpoint: &&Endpoint| endpoint.microsoft && endpoint.protocol == Some(protocol);
        self.endpoints.iter().find(fetches).filter(|_| self.has_role("services"))
    }

    /// The look at what the application proves itself with.
    #[must_use]
    pub fn proof(&self) -> app_credential::AppCredentialProbe {
        let entra = &self.deployment.entra;
        app_credential::AppCredentialProbe { proof: entra.proof.clone(), secret_expires: entra.secret_expires }
    }

    /// Whether this server has a role.
    #[must_use]
    pub fn has_role(&self, role: &str) -> bool {
        self.role == Role::All || self.role.word() == role
    }
}

/// What ECE's token must allow (Microsoft Learn, "Authenticate an IMAP, POP or SMTP connection using OAuth").
fn scopes(prefix: &str) -> Vec<String> {
    let mail = ["IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send"].map(|scope| format!("{prefix}{scope}"));
    mail.into_iter().chain(["offline_access".to_owned()]).collect()
}

fn of_microsoft(endpoint: &tables::Endpoint, cloud: &tables::Cloud, deployment: &Deployment) -> Endpoint {
    Endpoint {
        name: endpoint.name.clone(),
        host: endpoint.host.clone(),
        port: endpoint.port,
        protocol: Some(endpoint.protocol),
        why: endpoint.why.clone(),
        microsoft: true,
        published: cloud.published(&endpoint.host),
        ask: endpoint.question.as_ref().map(|question| ask(question, deployment)),
        used: is_used(endpoint.protocol, deployment),
        of_ece: false,
    }
}

fn ask(question: &Question, deployment: &Deployment) -> Ask {
    match question {
        Question::Discovery => {
            Ask::Discovery { tenant: deployment.entra.tenant.clone().unwrap_or_else(|| "common".to_owned()) }
        }
        Question::Path(path) => Ask::Answer { path: path.clone() },
    }
}

/// A site fetches mail over IMAP or POP3, by design; where nothing is stated, both are looked at.
fn is_used(protocol: Protocol, deployment: &Deployment) -> bool {
    let wanted = match protocol {
        Protocol::Imap => Inbound::Imap,
        Protocol::Pop3 => Inbound::Pop3,
        _ => return true,
    };
    let stated: Vec<Inbound> = deployment.accounts.iter().filter_map(|account| account.inbound).collect();
    stated.is_empty() || stated.contains(&wanted)
}

fn of_the_file(endpoint: &deployment::Endpoint) -> Endpoint {
    let protocol = Some(endpoint.protocol).filter(|protocol| *protocol != Protocol::Tcp);
    let why = format!("{}, named in the user's file", endpoint.name);
    Endpoint { name: endpoint.name.clone(), ..Endpoint::of_a_check(&endpoint.host, endpoint.port, protocol, &why) }
}

/// ECE's own web pages: the browser is sent there after the sign-in.
fn of_ece(external: &str) -> Option<Endpoint> {
    let url = ::url::Url::parse(external.trim()).ok().filter(|url| url.scheme() == "https")?;
    let host = url.host_str()?.trim_end_matches('.');
    let port = url.port_or_known_default()?;
    let why = "ECE's own web pages: the browser is sent there after the sign-in";
    Some(Endpoint {
        name: "ece".to_owned(),
        of_ece: true,
        ..Endpoint::of_a_check(host, port, Some(Protocol::Https), why)
    })
}
