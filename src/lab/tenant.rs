//! The tenant behind the servers: its application, people and mailboxes, and what the faults change of them.
//!
//! In: how many further mailboxes are wanted, and the changes of the faults. Out: a [`Tenant`] that Entra and Exchange
//! read and nobody writes. A mailbox stands open to its own user; everybody else needs the rights that stand here.

use std::{collections::BTreeMap, fmt::Write, time::Duration};

use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::{
    fault::{Arrival, Certified, Change, Plan, Platform, PrincipalObject, Refusal, Secret, Token},
    hosts::{CLIENT_ID, REDIRECT_URL, TENANT_DOMAINS},
    webex::Webex,
};

/// By this name the application itself stands among those who have rights.
pub(super) const APPLICATION: &str = "application";
/// The administrator: somebody who is signed in on the browser of whoever sets ECE up, and has no mailbox in ECE.
pub(super) const ADMIN: &str = "admin@example.com";
const SALES: &str = "sales@example.com";
const TEAM: &str = "team@example.com";
const BILLING: &str = "billing@example.com";
const ARCHIVE: &str = "archive@example.com";
/// The name of the secret's variable in the deployment.
const SECRET: &str = "ECE_CHECK_LAB_SECRET";
/// The name of the variable with the certificate and its key.
const CERTIFICATE: &str = "ECE_CHECK_LAB_CERTIFICATE";
/// The name of the variable with a token for Microsoft Graph.
pub(super) const GRAPH_TOKEN: &str = "ECE_CHECK_LAB_GRAPH_TOKEN";

/// The tenant.
#[derive(Clone, Debug)]
pub(super) struct Tenant {
    /// The application that ECE is registered as.
    pub application: Application,
    /// False when nobody may sign in to SMTP, but for those whose mailbox says otherwise.
    pub smtp_auth: bool,
    /// The mailboxes, by address in small letters.
    pub mailboxes: BTreeMap<String, Mailbox>,
    /// The accounts that ECE has.
    pub accounts: Vec<Account>,
    /// How tokens differ from what they should be.
    pub tokens: Vec<Token>,
    /// What Entra refuses.
    pub refusals: Vec<Refusal>,
    /// The Webex organization, and what belongs to it in the directory.
    pub webex: Webex,
    /// True when the site file names the token for Microsoft Graph.
    pub asks_graph: bool,
}

/// The registration, and what was done about it in the directory.
#[derive(Clone, Debug)]
pub(super) struct Application {
    /// True when the directory knows the identifier.
    pub known: bool,
    /// What has become of the secret.
    pub secret: Secret,
    /// What has become of the certificate; none when ECE has the secret.
    pub certificate: Option<Certified>,
    /// True when it counts as a public client, which has no secret.
    pub public: bool,
    /// The delegated permissions that were consented to.
    pub consent: Vec<String>,
    /// The permissions of its own that were consented to.
    pub roles: Vec<String>,
    /// True when Exchange knows its service principal.
    pub principal: bool,
    /// Which object Exchange was told to be that service principal.
    pub principal_object: PrincipalObject,
    /// The platform under which the redirect address is registered.
    pub redirect: Platform,
    /// The redirect address that is registered.
    pub redirect_url: String,
}

/// A mailbox and its user.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that an administrator has")]
#[derive(Clone, Debug)]
pub(super) struct Mailbox {
    /// Its address, which is the user's name as well.
    pub address: String,
    /// True when somebody can sign in as this user; nobody does so as a shared mailbox.
    pub is_user: bool,
    /// False when there is a user and no mailbox.
    pub exists: bool,
    /// True with a license that holds a mailbox, or when it needs none.
    pub licensed: bool,
    /// The license of its user.
    pub plan: Plan,
    /// The switch of IMAP.
    pub imap: bool,
    /// The switch of POP3.
    pub pop: bool,
    /// The switch of SMTP; none follows the tenant's.
    pub smtp: Option<bool>,
    /// Who may open it besides its user.
    pub full_access: Vec<String>,
    /// Who is denied Full Access; a denial wins over a grant.
    pub deny: Vec<String>,
    /// False when the name of its user is none of its addresses.
    pub is_address: bool,
    /// The user principal name, where it is not the address.
    pub principal_name: Option<String>,
    /// Who may send as it besides its user.
    pub send_as: Vec<String>,
    /// Others are refused after the message data, not at MAIL FROM.
    pub told_at_message: bool,
    /// Where messages for it come to.
    pub arrives: Arrival,
    /// How late they come.
    pub arrives_after: Duration,
}

/// An account of ECE: one token, and the mailboxes it is for.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub name: String,
    /// Who should have signed in.
    pub user: String,
    /// The variable with its token.
    pub variable: String,
    pub inbound: &'static str,
    pub mailboxes: Vec<String>,
    /// What the variable holds.
    pub holds: Holds,
}

/// What an account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    /// A refresh token, as ECE does.
    Refresh,
    /// An access token that somebody came by.
    Access,
    /// An access token of the application itself.
    OfApplication,
}

impl Tenant {
    /// The tenant when all is well, with so many shared mailboxes more, divided among so many accounts.
    pub fn healthy(further_mailboxes: usize, further_accounts: usize) -> Self {
        let mut mailboxes: Vec<_> = [SALES, TEAM, BILLING, ADMIN].into_iter().map(Mailbox::of_user).collect();
        mailboxes.extend(["info@example.com", "support@example.com"].map(|address| Mailbox::shared(address, TEAM)));
        mailboxes.push(Mailbox::shared(ARCHIVE, APPLICATION));
        let mut accounts = vec![
            Account::new("sales", SALES, "ECE_CHECK_LAB_SALES", "imap", vec![SALES.into()]),
            Account::new(
                "shared",
                TEAM,
                "ECE_CHECK_LAB_TEAM",
                "imap",
                vec!["info@example.com".into(), "support@example.com".into()],
            ),
            Account::new("billing", BILLING, "ECE_CHECK_LAB_BILLING", "pop3", vec![BILLING.into()]),
        ];
        let names: Vec<_> = (1..=further_mailboxes).map(|number| format!("box{number:04}@example.com")).collect();
        let in_each = further_mailboxes.div_ceil(further_accounts.max(1)).max(1);
        for (at, names) in names.chunks(in_each).enumerate() {
            let account = if at == 0 { "boxes".to_owned() } else { format!("boxes{:02}", at + 1) };
            let user = format!("{account}@example.com");
            mailboxes.push(Mailbox::of_user(&user));
            mailboxes.extend(names.iter().map(|name| Mailbox::shared(name, &user)));
            let variable = format!("ECE_CHECK_LAB_{}", account.to_ascii_uppercase());
            accounts.push(Account::new(&account, &user, &variable, "imap", names.to_vec()));
        }
        Self {
            application: Application::healthy(),
            smtp_auth: true,
            mailboxes: mailboxes.into_iter().map(|mailbox| (mailbox.address.clone(), mailbox)).collect(),
            accounts,
            tokens: Vec::new(),
            refusals: Vec::new(),
            webex: Webex::default(),
            asks_graph: false,
        }
    }

    /// Gives ECE one more account: that of the application itself, without a user.
    pub fn add_application_account(&mut self) {
        if self.accounts.iter().all(|account| account.holds != Holds::OfApplication) {
            let account = Account::new("archive", ARCHIVE, "ECE_CHECK_LAB_ARCHIVE", "imap", vec![ARCHIVE.into()]);
            self.accounts.push(Account { holds: Holds::OfApplication, ..account });
        }
    }

    /// The mailbox of this address, in whatever letters it is written.
    pub fn mailbox(&self, address: &str) -> Option<&Mailbox> {
        self.mailboxes.get(&address.to_ascii_lowercase())
    }

    /// The address of the user who is called so in Entra.
    pub fn called(&self, name: &str) -> Option<&str> {
        let is_called = |own: &str| own.eq_ignore_ascii_case(name);
        let mut mailboxes = self.mailboxes.values();
        mailboxes
            .find(|mailbox| mailbox.principal_name.as_deref().is_some_and(is_called))
            .map(|mailbox| mailbox.address.as_str())
    }

    /// The user of this name.
    pub fn user(&self, name: &str) -> Option<&str> {
        self.mailbox(name).filter(|mailbox| mailbox.is_user).map(|mailbox| mailbox.address.as_str())
    }

    /// The names of all users, in the order of the alphabet.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.mailboxes.values().filter(|mailbox| mailbox.is_user).map(|mailbox| mailbox.address.as_str())
    }

    /// What a change is made of, each with what must not be changed by a second fault.
    pub fn apply<E>(&mut self, change: &Change, mut claim: impl FnMut(&str) -> Result<(), E>) -> Result<(), E> {
        if change.application_account {
            self.add_application_account();
        }
        if let Some(tenant) = &change.tenant {
            claim("the tenant's switch for SMTP")?;
            self.smtp_auth = tenant.smtp_auth;
        }
        if let Some(application) = &change.application {
            for part in application.parts() {
                claim(&format!("{part} of the application"))?;
            }
            self.application.change(application);
        }
        if let Some(refusal) = &change.entra {
            claim(&format!("what Entra says to {:?}", refusal.grants))?;
            self.refusals.push(refusal.clone());
        }
        if let Some(token) = &change.token {
            claim(&format!("the tokens of {:?}", token.of))?;
            self.tokens.push(token.clone());
            let meant = self.accounts.iter_mut().filter(|account| token.is_for(&account.user));
            meant
                .filter(|account| token.handed_over && account.holds == Holds::Refresh)
                .for_each(|account| account.holds = Holds::Access);
        }
        if let Some(webex) = &change.webex {
            claim("Webex")?;
            self.webex.change(webex);
        }
        let Some(wish) = &change.mailbox else { return Ok(()) };
        for mailbox in self.mailboxes.values_mut().filter(|mailbox| wish.is_for(&mailbox.address)) {
            for switch in wish.switches() {
                claim(&format!("{switch} of the mailbox {}", mailbox.address))?;
            }
            mailbox.change(wish);
        }
        Ok(())
    }

    /// The user's file of this deployment.
    pub fn deployment(&self) -> String {
        let mut file = format!(
            r#"[ece]
release      = "12.6(1)"
installed    = ["ES12", "ES12_ET1"]
role         = "services"
external_url = "https://ece.example.com"
console_url  = "https://ece.example.com/system"
redirect_url = "{REDIRECT_URL}"

[entra]
cloud         = "worldwide"
tenant        = "{}"
client_id     = "{CLIENT_ID}"
{}
redirect_urls = ["{REDIRECT_URL}"]
"#,
            TENANT_DOMAINS[0],
            self.application.proof()
        );
        if self.asks_graph {
            let _ = writeln!(file, "graph_token   = {{ env = \"{GRAPH_TOKEN}\" }}");
        }
        for account in &self.accounts {
            let key = if account.holds == Holds::Refresh { "refresh_token" } else { "access_token" };
            let mailboxes: Vec<_> = account.mailboxes.iter().map(|mailbox| format!("\"{mailbox}\"")).collect();
            let _ = write!(
                file,
                "\n[[account]]\nname          = \"{}\"\n{}{key:<13} = {{ env = \"{}\" }}\ninbound       = \"{}\"\n\
                 mailboxes     = [{}]\n",
                account.name,
                account.signs_in_as(),
                account.variable,
                account.inbound,
                mailboxes.join(", ")
            );
        }
        file.push_str(&self.webex.deployment());
        file
    }

    /// The variables that the deployment names, each with its value.
    pub fn secrets(
        &self,
        secret: &str,
        certificate: &str,
        token: impl Fn(&Account) -> String,
    ) -> Vec<(String, String)> {
        let accounts = self.accounts.iter().map(|account| (account.variable.clone(), token(account)));
        let own =
            [(SECRET, secret), (CERTIFICATE, certificate)].map(|(name, value)| (name.to_owned(), value.to_owned()));
        own.into_iter().chain(accounts).collect()
    }
}

impl Application {
    fn healthy() -> Self {
        let own = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Self {
            known: true,
            secret: Secret::Good,
            certificate: None,
            public: false,
            consent: own(&["IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send"]),
            roles: own(&["IMAP.AccessAsApp", "POP.AccessAsApp", "SMTP.SendAsApp"]),
            principal: true,
            principal_object: PrincipalObject::Enterprise,
            redirect: Platform::Web,
            redirect_url: REDIRECT_URL.to_owned(),
        }
    }

    /// True when Exchange finds the token's object among its service principals.
    pub fn is_known_to_exchange(&self) -> bool {
        self.principal && self.principal_object == PrincipalObject::Enterprise
    }

    /// The lines of the user's file that say what it proves itself with.
    fn proof(&self) -> String {
        if self.certificate.is_some() {
            return format!("client_certificate = {{ env = \"{CERTIFICATE}\" }}");
        }
        let days: i32 = if self.secret == Secret::Expired { -3 } else { 400 };
        let ends = Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_add(days.days());
        format!("client_secret = {{ env = \"{SECRET}\" }}\nsecret_expires = {ends}")
    }

    fn change(&mut self, wish: &super::fault::Application) {
        self.known = wish.known.unwrap_or(self.known);
        self.secret = wish.secret.unwrap_or(self.secret);
        self.certificate = wish.certificate.or(self.certificate);
        self.public = wish.public.unwrap_or(self.public);
        self.principal = wish.principal.unwrap_or(self.principal);
        self.principal_object = wish.principal_object.unwrap_or(self.principal_object);
        self.redirect = wish.redirect.unwrap_or(self.redirect);
        if let Some(url) = &wish.redirect_url {
            self.redirect_url.clone_from(url);
        }
        if let Some(consent) = &wish.consent {
            self.consent.clone_from(consent);
        }
        if let Some(roles) = &wish.roles {
            self.roles.clone_from(roles);
        }
    }
}

impl Mailbox {
    fn of_user(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            is_user: true,
            exists: true,
            licensed: true,
            plan: Plan::E3,
            imap: true,
            pop: true,
            smtp: None,
            full_access: Vec::new(),
            deny: Vec::new(),
            is_address: true,
            principal_name: None,
            send_as: Vec::new(),
            told_at_message: false,
            arrives: Arrival::Inbox,
            arrives_after: Duration::ZERO,
        }
    }

    fn shared(address: &str, with: &str) -> Self {
        let full_access = vec![with.to_owned()];
        Self { is_user: false, send_as: full_access.clone(), full_access, ..Self::of_user(address) }
    }

    fn change(&mut self, wish: &super::fault::Mailbox) {
        self.exists = wish.exists.unwrap_or(self.exists);
        self.licensed = wish.licensed.unwrap_or(self.licensed);
        self.plan = wish.plan.unwrap_or(if self.licensed { self.plan } else { Plan::None });
        if let Some(names) = &wish.deny {
            self.deny.clone_from(names);
        }
        self.is_address = wish.is_address.unwrap_or(self.is_address);
        self.principal_name = wish.principal_name.clone().or(self.principal_name.take());
        self.imap = wish.imap.unwrap_or(self.imap);
        self.pop = wish.pop.unwrap_or(self.pop);
        self.smtp = wish.smtp.or(self.smtp);
        self.told_at_message = wish.told_at_message.unwrap_or(self.told_at_message);
        self.arrives = wish.arrives.unwrap_or(self.arrives);
        self.arrives_after = wish.arrives_after_ms.map_or(self.arrives_after, Duration::from_millis);
        if let Some(names) = &wish.full_access {
            self.full_access.clone_from(names);
        }
        if let Some(names) = &wish.send_as {
            self.send_as.clone_from(names);
        }
    }

    /// The folder that messages for it come to, if any.
    pub fn folder(&self) -> Option<&'static str> {
        match self.arrives {
            Arrival::Inbox => Some("INBOX"),
            Arrival::Junk => Some("Junk Email"),
            Arrival::Never => None,
        }
    }

    /// True when it can be opened at all.
    pub fn is_there(&self) -> bool {
        self.exists && self.licensed && self.plan != Plan::SwitchedOff
    }

    /// True when `who` may open it: a user by name, or the application.
    pub fn opens_to(&self, who: &str) -> bool {
        !is_among(&self.deny, who) && self.is_granted(who)
    }

    fn is_granted(&self, who: &str) -> bool {
        self.address.eq_ignore_ascii_case(who) || is_among(&self.full_access, who)
    }

    /// True when `who` may send as it.
    pub fn sends_for(&self, who: &str) -> bool {
        self.address.eq_ignore_ascii_case(who) || is_among(&self.send_as, who)
    }
}

fn is_among(names: &[String], who: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(who))
}

impl Account {
    fn new(name: &str, user: &str, variable: &str, inbound: &'static str, mailboxes: Vec<String>) -> Self {
        let (name, user, variable) = (name.to_owned(), user.to_owned(), variable.to_owned());
        Self { name, user, variable, inbound, mailboxes, holds: Holds::Refresh }
    }

    fn signs_in_as(&self) -> String {
        match self.holds {
            Holds::OfApplication => String::new(),
            _ => format!("signs_in_as   = \"{}\"\n", self.user),
        }
    }
}
