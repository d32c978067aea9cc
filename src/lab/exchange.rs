//! Exchange Online behind its mail protocols: who is let in with which token, and what lies in the mailboxes.
//!
//! In: what a client gives to XOAUTH2
//! (<https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>).
//! Out: a [`Session`], or why there is none. SMTP takes nobody but the token's own user; IMAP and POP3 take whoever may
//! open the mailbox. IMAP takes the sign-in also where it then does not open the mailbox, as Exchange Online does.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    counters::{Counters, Gauge, Presence},
    entra::{assertion::Registered, memory::Memory},
    graph::permission,
    hosts::{End, PRINCIPAL_ID, TENANT_ID, object_of},
    mailstore::Mailstore,
    scim::hub::Hub,
    tenant::{self, ADMIN, APPLICATION, Account, Holds, Mailbox, Tenant},
    token_issuer::{self, TokenIssuer},
    webex::{self, Webex},
};

/// How many sessions of SMTP one mailbox has at once: three, as
/// <https://learn.microsoft.com/en-us/exchange/troubleshoot/send-emails/smtp-submission-improvements> says.
const MOST_SENDING: usize = 3;
/// How long a further one waits, so that a client which has just hung up is not taken for two.
const A_MOMENT: Duration = Duration::from_millis(500);
/// What Exchange Online takes as its own name in a token.
const AUDIENCES: &[&str] = &[
    "https://outlook.office.com",
    "https://outlook.office365.com",
    "https://ps.outlook.com",
    "00000002-0000-0ff1-ce00-000000000000",
];

/// All that lies behind the servers of one lab.
#[derive(Debug)]
pub(super) struct Cloud {
    pub tenant: Tenant,
    pub token_issuer: TokenIssuer,
    pub entra: Memory,
    pub mailstore: Mailstore,
    pub counters: Arc<Counters>,
    /// The application's secret.
    pub secret: String,
    /// The certificate that it may sign in with in its place.
    pub certificate: Registered,
    /// The users in Control Hub.
    pub hub: Hub,
    /// Where the tunnels of the site's proxy end; known when all servers are there.
    pub tunnels: OnceLock<Vec<End>>,
    sending: Mutex<BTreeMap<String, Arc<Semaphore>>>,
}

/// A protocol that takes sign-ins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// Submission.
    Smtp,
    /// Access.
    Imap,
    /// Pick-up.
    Pop3,
}

/// Somebody who signed in.
#[derive(Debug)]
pub(super) struct Session {
    /// The mailbox that was named.
    pub mailbox: String,
    /// The token's user, or `application`.
    pub actor: String,
    /// False when Exchange took the token and does not open the mailbox.
    pub connected: bool,
    _presence: Presence,
    _permit: Option<OwnedSemaphorePermit>,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// The token, or the token with this user, is not taken.
    NotTaken,
    /// What should be the user is no address.
    NoAddress,
    /// SMTP is switched off in the tenant.
    OffInTenant,
    /// SMTP is switched off for the mailbox.
    OffForMailbox,
    /// There are too many sessions already.
    TooMany,
}

impl Cloud {
    /// A cloud for this tenant.
    ///
    /// # Errors
    /// When the system gives no randomness, or the application's certificate cannot be made.
    pub fn new(tenant: Tenant, counters: Arc<Counters>) -> Result<Self, super::Error> {
        let token_issuer = TokenIssuer::new().map_err(|_| super::Error::Randomness)?;
        let certificate = tenant.application.certificate.unwrap_or_default();
        let certificate = Registered::new(certificate).map_err(|error| super::Error::Certificate(error.into()))?;
        let secret = format!("lab8Q~{}", token_issuer.word(25).replace(['-', '_'], "x"));
        Ok(Self {
            hub: Hub::new(&tenant),
            tenant,
            token_issuer,
            entra: Memory::default(),
            mailstore: Mailstore::default(),
            counters,
            secret,
            certificate,
            tunnels: OnceLock::new(),
            sending: Mutex::default(),
        })
    }

    /// The variables that the deployment names, each with its value.
    pub fn secrets(&self) -> Vec<(String, String)> {
        let webex = self.webex_token();
        let further = [
            (tenant::GRAPH_TOKEN, self.graph_token()),
            (webex::REDIRECT, Webex::redirect(&webex)),
            (webex::TOKEN, webex),
        ];
        let mut secrets = self.tenant.secrets(&self.secret, &self.certificate.pem, |account| self.held_by(account));
        secrets.extend(further.map(|(name, value)| (name.to_owned(), value)));
        secrets
    }

    /// Reads what a client gave to XOAUTH2 and lets it in, or not.
    pub async fn sign_in(&self, protocol: Protocol, response: &str, now: Timestamp) -> Result<Session, Refused> {
        let outcome = self.decide(protocol, response, now).await;
        match &outcome {
            Ok(session) => self.counters.sign_in(&session.mailbox, protocol.name()),
            Err(_) => self.counters.refusal(protocol.name()),
        }
        outcome
    }

    async fn decide(&self, protocol: Protocol, response: &str, now: Timestamp) -> Result<Session, Refused> {
        let (user, token) = parts(response).ok_or(Refused::NotTaken)?;
        if !user.contains('@') {
            return Err(Refused::NoAddress);
        }
        let claims = self.token_issuer.claims(&token).ok_or(Refused::NotTaken)?;
        let actor = actor(&claims, protocol, now).ok_or(Refused::NotTaken)?;
        let [actor, user] = [actor, user].map(|name| self.tenant.called(&name).map_or(name.clone(), ToOwned::to_owned));
        if actor == APPLICATION && !self.tenant.application.is_known_to_exchange() {
            return Err(Refused::NotTaken);
        }
        let mailbox = self.tenant.mailbox(&user);
        let opens = mailbox.is_some_and(|mailbox| mailbox.is_there() && mailbox.opens_to(&actor));
        match protocol {
            Protocol::Smtp => {
                self.submission_is_on(mailbox)?;
                let is_own = actor == APPLICATION || actor.eq_ignore_ascii_case(&user);
                let mailbox = mailbox.filter(|_| is_own && opens).ok_or(Refused::NotTaken)?;
                let permit = self.permit(&mailbox.address).await?;
                Ok(self.session(protocol, Some(mailbox), actor, true, Some(permit)))
            }
            Protocol::Imap => {
                let connected = opens && mailbox.is_some_and(|mailbox| mailbox.imap);
                Ok(self.session(protocol, mailbox, actor, connected, None))
            }
            Protocol::Pop3 => {
                let mailbox = mailbox.filter(|mailbox| opens && mailbox.pop).ok_or(Refused::NotTaken)?;
                Ok(self.session(protocol, Some(mailbox), actor, true, None))
            }
        }
    }

    fn session(
        &self,
        protocol: Protocol,
        mailbox: Option<&Mailbox>,
        actor: String,
        connected: bool,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Session {
        let mailbox = mailbox.map_or("unknown", |mailbox| &mailbox.address).to_owned();
        let presence = self.counters.enter(Gauge::Mailbox(mailbox.clone(), protocol.name()));
        Session { mailbox, actor, connected, _presence: presence, _permit: permit }
    }

    async fn permit(&self, mailbox: &str) -> Result<OwnedSemaphorePermit, Refused> {
        let places = {
            let mut sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
            sending.entry(mailbox.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(MOST_SENDING))).clone()
        };
        match timeout(A_MOMENT, places.acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Refused::TooMany),
        }
    }

    /// The mailbox's own switch wins over the tenant's
    /// (<https://learn.microsoft.com/en-us/exchange/clients-and-mobile-in-exchange-online/authenticated-client-smtp-submission>).
    fn submission_is_on(&self, mailbox: Option<&Mailbox>) -> Result<(), Refused> {
        match mailbox.and_then(|mailbox| mailbox.smtp) {
            Some(true) => Ok(()),
            Some(false) => Err(Refused::OffForMailbox),
            None if self.tenant.smtp_auth => Ok(()),
            None => Err(Refused::OffInTenant),
        }
    }
}

/// Tokens.
impl Cloud {
    /// What the variable of an account holds.
    fn held_by(&self, account: &Account) -> String {
        let now = Timestamp::now();
        let wishes = self.tenant.tokens.iter().filter(|wish| wish.is_for(&account.user));
        let owner = wishes.filter_map(|wish| wish.owner.as_deref()).next_back().unwrap_or(&account.user);
        let exchange = "https://outlook.office.com";
        match account.holds {
            Holds::Refresh => self.refresh_token(owner, now),
            Holds::Access => self.access_token(owner, exchange, &self.tenant.application.consent, now).0,
            Holds::OfApplication => self.access_token(APPLICATION, exchange, &self.tenant.application.roles, now).0,
        }
    }

    /// A token for Graph that an administrator fetched, with all that reading needs.
    fn graph_token(&self) -> String {
        let scopes: Vec<_> = permission::ALL_READING.iter().map(ToString::to_string).collect();
        self.access_token(ADMIN, permission::AUDIENCES[0], &scopes, Timestamp::now()).0
    }

    /// The token of Webex that Entra ID was given.
    fn webex_token(&self) -> String {
        let issued = self.tenant.webex.issued(Timestamp::now());
        self.token_issuer.sealed("webex", &json!({ "at": issued.as_second() }))
    }

    /// A refresh token of this user.
    pub fn refresh_token(&self, user: &str, now: Timestamp) -> String {
        self.token_issuer
            .sealed("refresh", &json!({ "user": user, "at": now.as_second(), "no": self.token_issuer.word(24) }))
    }

    /// An access token, and how many seconds it is good for: random between about 60 and 90 minutes, as
    /// <https://learn.microsoft.com/en-us/entra/identity-platform/configurable-token-lifetimes> says.
    pub fn access_token(&self, who: &str, resource: &str, permissions: &[String], now: Timestamp) -> (String, i64) {
        let mut issued = now.as_second() - 300; // Entra's tokens begin five minutes early
        let mut expires = issued + 65 * 60 + i64::from(self.token_issuer.number(25 * 60));
        let mut claims = if who == APPLICATION {
            claims_of_application(resource, permissions)
        } else {
            claims_of_user(who, resource, permissions)
        };
        let is_for_mail = !permission::AUDIENCES.contains(&resource); // what a fault changes, it changes for ECE
        let meant = self.tenant.tokens.iter().filter(|wish| is_for_mail && wish.is_for(who));
        for minutes in meant.clone().filter_map(|wish| wish.lives_minutes) {
            expires = now.as_second() + minutes * 60;
        }
        for minutes in meant.clone().filter_map(|wish| wish.minutes) {
            expires = now.as_second() + minutes * 60;
            issued = expires - 75 * 60;
        }
        for (name, time) in [("iat", issued), ("nbf", issued), ("exp", expires)] {
            claims[name] = time.into();
        }
        claims["uti"] = self.token_issuer.word(16).into();
        for wish in meant {
            change(&mut claims, wish);
        }
        (self.token_issuer.token(&claims), expires - now.as_second() - 1)
    }
}

/// Who may do what.
impl Cloud {
    /// False for an address of this tenant that leads nowhere; of other addresses the tenant knows nothing.
    pub fn takes_mail_for(&self, recipient: &str) -> bool {
        self.tenant.mailbox(recipient).is_none_or(|mailbox| mailbox.exists)
    }

    /// True when whoever signed in may send as this address. The owner of an address outside of the tenant is nobody.
    pub fn may_send_as(&self, session: &Session, sender: &str) -> bool {
        let is_address = self.tenant.mailbox(sender).is_none_or(|mailbox| mailbox.is_address);
        let own = session.mailbox.eq_ignore_ascii_case(sender);
        is_address && (own || self.tenant.mailbox(sender).is_some_and(|mailbox| mailbox.sends_for(&session.actor)))
    }
}

impl Protocol {
    /// Its name in the counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Imap => "imap",
            Self::Pop3 => "pop3",
        }
    }

    /// The permission for users, and the one for applications
    /// (<https://learn.microsoft.com/en-us/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>).
    fn permissions(self) -> (&'static str, &'static str) {
        match self {
            Self::Smtp => ("SMTP.Send", "SMTP.SendAsApp"),
            Self::Imap => ("IMAP.AccessAsUser.All", "IMAP.AccessAsApp"),
            Self::Pop3 => ("POP.AccessAsUser.All", "POP.AccessAsApp"),
        }
    }
}

/// The user and the token of an XOAUTH2 response.
fn parts(response: &str) -> Option<(String, String)> {
    let text = String::from_utf8(token_issuer::decode(response)?).ok()?;
    let (user, rest) = text.strip_prefix("user=")?.split_once('\u{1}')?;
    let token = rest.strip_prefix("auth=Bearer ")?.strip_suffix("\u{1}\u{1}")?;
    Some((user.to_owned(), token.to_owned()))
}

/// Who acts with a token: a user by name, or the application; nobody when the token is not for this, or not now.
fn actor(claims: &Value, protocol: Protocol, now: Timestamp) -> Option<String> {
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let time = |name: &str| claims[name].as_i64();
    let is_now = time("nbf")? <= now.as_second() && now.as_second() < time("exp")?;
    let is_of_tenant = text("tid") == TENANT_ID && text("iss") == issuer();
    let is_for_us = AUDIENCES.contains(&text("aud").trim_end_matches('/')) && is_of_tenant;
    if !is_now || !is_for_us {
        return None;
    }
    let (of_user, of_application) = protocol.permissions();
    if text("idtyp") == "app" {
        let roles = claims["roles"].as_array()?;
        return roles.iter().any(|role| role == of_application).then(|| APPLICATION.to_owned());
    }
    text("scp").split(' ').any(|scope| scope == of_user).then(|| text("upn").to_ascii_lowercase())
}

fn claims_of_user(user: &str, resource: &str, scopes: &[String]) -> Value {
    let name = user.split('@').next().unwrap_or_default();
    json!({
        "acct": 0, "acr": "1", "amr": ["pwd"], "app_displayname": "Cisco ECE", "appid": super::hosts::CLIENT_ID,
        "appidacr": "1", "aud": resource, "ipaddr": "198.51.100.7", "iss": issuer(), "name": name,
        "oid": object_of(user), "scp": scopes.join(" "), "sub": token_issuer::challenge(user), "tid": TENANT_ID,
        "unique_name": user, "upn": user, "ver": "1.0",
    })
}

fn claims_of_application(resource: &str, roles: &[String]) -> Value {
    let mut claims = json!({
        "app_displayname": "Cisco ECE", "appid": super::hosts::CLIENT_ID, "appidacr": "1", "aud": resource,
        "idp": issuer(), "idtyp": "app", "iss": issuer(), "oid": PRINCIPAL_ID, "sub": PRINCIPAL_ID, "tid": TENANT_ID,
        "ver": "1.0",
    });
    if !roles.is_empty() {
        claims["roles"] = json!(roles); // Entra leaves the claim out when there are none
    }
    claims
}

fn change(claims: &mut Value, wish: &super::fault::Token) {
    for (name, value) in &wish.claims {
        claims[name.as_str()] = json!(value);
    }
    if wish.groups > 0 {
        let group = |number: usize| object_of(&format!("group {number}"));
        claims["groups"] = (0..wish.groups).map(group).collect::<Vec<_>>().into();
    }
    let Some(claims) = claims.as_object_mut() else { return };
    for name in &wish.without {
        claims.remove(name);
    }
}

fn issuer() -> String {
    format!("https://sts.windows.net/{TENANT_ID}/")
}
