//! Microsoft Entra ID: discovery, authorize, device code and token, with its checks in its order and its words.
//!
//! In: requests to the login host. Out: answers, as `OpenID Connect Discovery 1.0` section 3, RFC 6749, RFC 7636 and RFC
//! 8628 want them and as <https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-auth-code-flow> fills them
//! in; errors have the shape of <https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes>.
//!
//! What differs from Entra: nobody types a password. A browser that names no account is signed in as the administrator,
//! who is the one signed in on most such machines; a device code is good at the second time of asking.

pub(super) mod assertion;
mod browser;
mod form;
pub(super) mod memory;
mod refused;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    exchange::Cloud,
    fault::{Answer, Moment, Refusal, Secret},
    hosts::{CLIENT_ID, TENANT_DOMAINS, TENANT_ID, TENANT_NAME, object_of},
    http::{JSON, Request, page, sent_on, typed},
    tenant::{ADMIN, APPLICATION},
    token_issuer,
};
use form::{Asked, Form};
use refused::{Refused, invalid_client, invalid_grant, malformed, shown};

/// The tenant of all personal accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";
const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// The names by which Exchange Online may be asked for.
const EXCHANGE: &[&str] = &["https://outlook.office.com", "https://outlook.office365.com", "https://ps.outlook.com"];
const GRAPH: &str = "https://graph.microsoft.com";
/// Microsoft's own programs that are registered in every tenant, and have no secret: Microsoft Graph Command Line Tools,
/// and Azure CLI with the scopes that it is given without asking.
const GRAPH_TOOLS: &str = "14d82eec-204b-4c2f-b7e8-296a70dab67e";
const AZURE_CLI: &str = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
const OF_AZURE_CLI: &[&str] = &[
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "AuditLog.Read.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.AccessAsUser.All",
    "Group.ReadWrite.All",
    "User.Read.All",
    "User.ReadWrite.All",
];
/// How many seconds a code is good for, and a device code.
const CODE_SECONDS: i64 = 600;
const DEVICE_SECONDS: i64 = 900;
/// Why a token is not given, or something else is not done.
type Outcome = Result<Answer, Refused>;

/// Answers a request to the login host.
pub(super) fn answer(cloud: &Cloud, request: &Request, now: Timestamp) -> (Moment, Answer) {
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let path = path.trim_start_matches('/');
    let (tenant, rest) = path.split_once('/').unwrap_or((path, ""));
    let is_post = request.method == "POST";
    let form = Form::read(if is_post { &request.body } else { query }, request.authorization.as_deref());
    let done = |moment, outcome: Outcome| (moment, outcome.unwrap_or_else(|refused| refused.render(now)));
    match rest {
        "v2.0/.well-known/openid-configuration" => (Moment::Discovery, discovery(tenant, now)),
        "oauth2/v2.0/token" if is_post => done(Moment::Token, cloud.token(tenant, &form, now)),
        "oauth2/v2.0/devicecode" if is_post => done(Moment::DeviceCode, cloud.device_code(tenant, &form, now)),
        "oauth2/v2.0/authorize" => (Moment::Authorize, cloud.authorize(tenant, &form, &request.path, now)),
        "oauth2/deviceauth" => (Moment::Page, cloud.approve(&form)),
        "discovery/v2.0/keys" => (Moment::Page, typed(200, JSON, json!({ "keys": [] }).to_string())),
        "" if tenant.is_empty() => (Moment::Page, sent_on("https://www.office.com/login")),
        _ => (Moment::Page, page(404, "Not Found")),
    }
}

fn discovery(tenant: &str, now: Timestamp) -> Answer {
    let Some(issuer_tenant) = issuer_tenant(tenant) else { return no_such_tenant(tenant).render(now) };
    let base = "https://login.microsoftonline.com";
    let path_tenant = if issuer_tenant == "{tenantid}" { tenant } else { issuer_tenant };
    let body = format!(
        r#"{{"token_endpoint":"{base}/{path_tenant}/oauth2/v2.0/token","token_endpoint_auth_methods_supported":["client_secret_post","private_key_jwt","client_secret_basic"],"jwks_uri":"{base}/{path_tenant}/discovery/v2.0/keys","response_modes_supported":["query","fragment","form_post"],"subject_types_supported":["pairwise"],"id_token_signing_alg_values_supported":["RS256"],"response_types_supported":["code","id_token","code id_token","id_token token"],"scopes_supported":["openid","profile","email","offline_access"],"issuer":"{base}/{issuer_tenant}/v2.0","request_uri_parameter_supported":false,"userinfo_endpoint":"https://graph.microsoft.com/oidc/userinfo","authorization_endpoint":"{base}/{path_tenant}/oauth2/v2.0/authorize","device_authorization_endpoint":"{base}/{path_tenant}/oauth2/v2.0/devicecode","http_logout_supported":true,"frontchannel_logout_supported":true,"end_session_endpoint":"{base}/{path_tenant}/oauth2/v2.0/logout","tenant_region_scope":"EU","cloud_instance_name":"microsoftonline.com","cloud_graph_host_name":"graph.windows.net","msgraph_host":"graph.microsoft.com"}}"#
    );
    typed(200, JSON, body)
}

/// The tenant that the issuer names. The shared endpoints name a place-holder, in these very letters.
fn issuer_tenant(asked: &str) -> Option<&'static str> {
    match asked.to_ascii_lowercase().as_str() {
        "common" | "organizations" => Some("{tenantid}"),
        "consumers" | CONSUMERS => Some(CONSUMERS),
        asked if asked == TENANT_ID || TENANT_DOMAINS.contains(&asked) => Some(TENANT_ID),
        _ => None,
    }
}

fn no_such_tenant(tenant: &str) -> Refused {
    let shown: String = tenant.chars().filter(|c| c.is_ascii_alphanumeric() || ".-".contains(*c)).take(80).collect();
    let words = format!(
        "Tenant '{shown}' not found. Check to make sure you have the correct tenant ID and are signing into the correct \
         cloud. Check with your subscription administrator, this may happen if there are no active subscriptions for the \
         tenant."
    );
    Refused::new(400, "invalid_tenant", 90_002, words)
}

/// The token endpoint.
impl Cloud {
    fn token(&self, tenant: &str, form: &Form, now: Timestamp) -> Outcome {
        issuer_tenant(tenant).ok_or_else(|| no_such_tenant(tenant))?;
        let grant = form.required("grant_type")?;
        let client = form.client()?;
        self.refuse(grant, &self.peek(grant, form), form, now)?;
        self.know(client)?;
        match grant {
            "refresh_token" => self.redeem_refresh_token(form, now),
            "client_credentials" => self.give_to_application(form, now),
            "authorization_code" => self.redeem_code(form, now),
            DEVICE_CODE => self.redeem_device_code(form, now),
            _ => {
                let words = format!("The app requested an unsupported grant type '{}'.", shown(grant));
                Err(Refused::new(400, "unsupported_grant_type", 70_003, words))
            }
        }
    }

    fn redeem_refresh_token(&self, form: &Form, now: Timestamp) -> Outcome {
        self.authenticate(form, true, now)?;
        let Some(grant) = self.token_issuer.unsealed("refresh", form.required("refresh_token")?) else {
            return Err(malformed());
        };
        let asked = Asked::read(form.required("scope")?)?;
        let user = grant["user"].as_str().unwrap_or_default();
        self.give(form.client()?, user, &asked, None, now)
    }

    fn give_to_application(&self, form: &Form, now: Timestamp) -> Outcome {
        self.authenticate(form, true, now)?;
        let scope = form.required("scope")?;
        let Some(resource) = scope.strip_suffix("/.default") else {
            let words = format!(
                "The provided value for scope {} is not valid. Client credential flows must have a scope value with \
                 /.default suffixed to the resource identifier (application ID URI).",
                shown(scope)
            );
            return Err(Refused::new(400, "invalid_scope", 1_002_012, words));
        };
        Asked::read(scope)?;
        let roles = if resource == GRAPH { &[] } else { &self.tenant.application.roles[..] };
        let (token, seconds) = self.access_token(APPLICATION, resource, roles, now);
        self.counters.token(APPLICATION);
        let body =
            json!({ "token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token });
        Ok(typed(200, JSON, body.to_string()))
    }

    fn redeem_code(&self, form: &Form, now: Timestamp) -> Outcome {
        self.authenticate(form, true, now)?;
        let Some(code) = self.token_issuer.unsealed("code", form.required("code")?) else { return Err(malformed()) };
        let text = |name: &str| code[name].as_str().unwrap_or_default();
        if now.as_second() - code["at"].as_i64().unwrap_or(0) > CODE_SECONDS {
            return Err(invalid_grant(
                70_008,
                "The provided authorization code or refresh token has expired due to inactivity. Send a new interactive authorization request for this user and resource.",
            ));
        }
        let redirect = form.required("redirect_uri")?;
        if redirect != text("redirect") {
            let words = format!(
                "The reply address '{}' does not match the reply address '{}' provided when requesting Authorization code.",
                shown(redirect),
                text("redirect")
            );
            return Err(Refused::new(400, "invalid_client", 500_112, words));
        }
        let challenge = text("challenge");
        if !challenge.is_empty()
            && token_issuer::challenge(form.given("code_verifier").unwrap_or_default()) != challenge
        {
            let words = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
            return Err(invalid_grant(501_481, words));
        }
        if !self.entra.use_up(text("no")) {
            let words = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.";
            return Err(invalid_grant(54_005, words));
        }
        let asked = Asked::read(form.given("scope").unwrap_or(text("scope")))?;
        self.give(form.client()?, text("user"), &asked, Some(text("nonce")), now)
    }

    /// Whoever has a device code needs no secret: such a sign-in is for programs that cannot keep one.
    fn redeem_device_code(&self, form: &Form, now: Timestamp) -> Outcome {
        self.authenticate(form, false, now)?;
        let code = form.required("device_code")?;
        let device = self.entra.ask_for(code).ok_or_else(|| {
            let words = "The provided value for the input parameter 'device_code' is not valid. This device code has expired or was never given.";
            Refused::new(400, "bad_verification_code", 70_018, words.into())
        })?;
        if now.as_second() - device.at > DEVICE_SECONDS {
            let words =
                "The provided value for the input parameter 'device_code' is not valid. This device code has expired.";
            return Err(Refused::new(400, "expired_token", 70_020, words.into()));
        }
        if device.is_declined {
            // the word is documented, the number that comes with it is not
            return Err(Refused::new(400, "authorization_declined", 65_004, browser::DECLINED.to_owned()));
        }
        if device.user.is_none() && device.asked < 2 {
            let words = "OAuth 2.0 device flow error. Authorization is pending. Continue polling.";
            return Err(Refused::new(400, "authorization_pending", 70_016, words.into()));
        }
        self.entra.forget(code);
        let first = self.tenant.accounts.first().map_or(ADMIN, |account| account.user.as_str());
        let first = if is_tool(form.client()?) { ADMIN } else { first };
        self.give(form.client()?, device.user.as_deref().unwrap_or(first), &Asked::read(&device.scope)?, None, now)
    }

    /// Gives a user's tokens: the access token with all that was consented to for this resource, as Entra does.
    fn give(&self, client: &str, user: &str, asked: &Asked, nonce: Option<&str>, now: Timestamp) -> Outcome {
        let granted = self.granted(client, asked)?;
        let scope = granted.iter().map(|name| format!("{}/{name}", asked.resource)).chain(asked.openid.iter().cloned());
        let (token, seconds) = self.access_token(user, &asked.resource, &granted, now);
        self.counters.token(user);
        let mut body = json!({
            "token_type": "Bearer", "scope": scope.collect::<Vec<_>>().join(" "), "expires_in": seconds,
            "ext_expires_in": seconds, "access_token": token, "refresh_token": self.refresh_token(user, now),
        });
        if asked.openid.iter().any(|name| name == "openid") {
            body["id_token"] = self.id_token(user, nonce, now).into();
        }
        Ok(typed(200, JSON, body.to_string()))
    }

    fn granted(&self, client: &str, asked: &Asked) -> Result<Vec<String>, Refused> {
        let own = |names: &[&str]| Ok(names.iter().map(ToString::to_string).collect());
        if asked.resource == GRAPH && client.eq_ignore_ascii_case(AZURE_CLI) {
            return own(OF_AZURE_CLI);
        }
        if asked.resource == GRAPH && is_tool(client) {
            let names: Vec<_> = asked.names.iter().filter(|name| *name != ".default").cloned().collect();
            return if names.is_empty() { own(&["User.Read"]) } else { Ok(names) };
        }
        if asked.resource == GRAPH {
            return Ok(vec!["User.Read".into()]);
        }
        let consent = &self.tenant.application.consent;
        let is_given = |name: &String| name == ".default" || consent.contains(name);
        if consent.is_empty() || !asked.names.iter().all(is_given) {
            let words = format!(
                "The user or administrator has not consented to use the application with ID '{CLIENT_ID}' named 'Cisco \
                 ECE'. Send an interactive authorization request for this user and resource."
            );
            let refused = invalid_grant(65_001, &words);
            return Err(Refused { suberror: Some("consent_required".into()), ..refused });
        }
        Ok(consent.clone())
    }

    fn id_token(&self, user: &str, nonce: Option<&str>, now: Timestamp) -> String {
        let issuer = format!("https://login.microsoftonline.com/{TENANT_ID}/v2.0");
        let at = now.as_second();
        let mut claims = json!({
            "aud": CLIENT_ID, "iss": issuer, "iat": at - 300, "nbf": at - 300, "exp": at + 3600, "oid": object_of(user),
            "preferred_username": user, "sub": token_issuer::challenge(user), "tid": TENANT_ID, "ver": "2.0",
        });
        if let Some(nonce) = nonce.filter(|nonce| !nonce.is_empty()) {
            claims["nonce"] = nonce.into();
        }
        self.token_issuer.token(&claims)
    }
}

/// Who asks.
impl Cloud {
    fn know(&self, client: &str) -> Result<(), Refused> {
        if is_tool(client) {
            return Ok(());
        }
        if self.tenant.application.known && client.eq_ignore_ascii_case(CLIENT_ID) {
            return Ok(());
        }
        let words = format!(
            "Application with identifier '{}' was not found in the directory '{TENANT_NAME}'. This can happen if the \
             application has not been installed by the administrator of the tenant or consented to by any user in the \
             tenant. You may have sent your authentication request to the wrong tenant.",
            shown(client)
        );
        Err(Refused::new(400, "unauthorized_client", 700_016, words))
    }

    /// Checks the secret, or the assertion in its place.
    fn authenticate(&self, form: &Form, needs_secret: bool, now: Timestamp) -> Result<(), Refused> {
        if is_tool(form.client()?) {
            return Ok(());
        }
        let (secret, assertion) = (form.secret(), form.given("client_assertion"));
        if self.tenant.application.public && (secret.is_some() || assertion.is_some()) {
            let words = "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.";
            return Err(invalid_client(700_025, words));
        }
        if let Some(assertion) = assertion {
            return self.certificate.check(form.given("client_assertion_type"), assertion, now);
        }
        let Some(secret) = secret else {
            let words = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            let is_well = self.tenant.application.public || !needs_secret;
            return if is_well { Ok(()) } else { Err(invalid_client(7_000_218, words)) };
        };
        let is_right = secret == self.secret && self.tenant.application.secret != Secret::Other;
        if !is_right {
            let words = format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, \
                 not the client secret ID, for a secret added to app '{CLIENT_ID}'."
            );
            return Err(invalid_client(7_000_215, &words));
        }
        if self.tenant.application.secret == Secret::Expired {
            let words = format!(
                "The provided client secret keys for app '{CLIENT_ID}' are expired. Visit the Azure portal to create new \
                 keys for your app: https://aka.ms/NewClientSecret, or consider using certificate credentials for added \
                 security: https://aka.ms/certCreds."
            );
            return Err(invalid_client(7_000_222, &words));
        }
        Ok(())
    }

    /// The user that a request is about, when it can be told.
    fn peek(&self, grant: &str, form: &Form) -> String {
        let sealed = match grant {
            "refresh_token" => self.token_issuer.unsealed("refresh", form.given("refresh_token").unwrap_or_default()),
            "authorization_code" => self.token_issuer.unsealed("code", form.given("code").unwrap_or_default()),
            "client_credentials" => return APPLICATION.to_owned(),
            _ => None,
        };
        sealed.and_then(|sealed| Some(sealed["user"].as_str()?.to_owned())).unwrap_or_default()
    }

    /// Refuses what a fault says. It says so of ECE, and not of Microsoft's own programs.
    fn refuse(&self, grant: &str, user: &str, form: &Form, now: Timestamp) -> Result<(), Refused> {
        if form.given("client_id").is_some_and(is_tool) {
            return Ok(());
        }
        let is_meant = |refusal: &Refusal| {
            (refusal.grants.is_empty() || refusal.grants.iter().any(|one| one == grant))
                && (refusal.of.is_empty() || refusal.of.iter().any(|one| one == user))
        };
        let mut meant = self.tenant.refusals.iter().enumerate().filter(|(_, refusal)| is_meant(refusal));
        let Some((_, refusal)) = meant.find(|(index, one)| self.entra.still_refuses(*index, one.times)) else {
            return Ok(());
        };
        let resource = form.given("scope").and_then(|scope| Asked::read(scope).ok()).map(|asked| asked.resource);
        let ago = |days: i64| {
            let then = now.saturating_sub(SignedDuration::from_hours(24 * days)).unwrap_or(now);
            then.strftime("%Y-%m-%dT%H:%M:%S.5970000Z").to_string()
        };
        let words = [
            ("{client}", CLIENT_ID),
            ("{user}", user),
            ("{tenant}", TENANT_NAME),
            ("{resource}", resource.as_deref().unwrap_or("00000002-0000-0ff1-ce00-000000000000")),
            ("{issued}", &ago(97)),
            ("{changed}", &ago(2)),
        ];
        Err(Refused {
            status: refusal.status,
            error: refusal.error.clone(),
            aadsts: refusal.aadsts,
            words: words.iter().fold(refusal.words.clone(), |text, (mark, word)| text.replace(mark, word)),
            suberror: refusal.suberror.clone(),
            headers: refusal.headers.clone(),
        })
    }
}

/// True for a program of Microsoft's that may ask for Graph.
fn is_tool(client: &str) -> bool {
    [GRAPH_TOOLS, AZURE_CLI].iter().any(|tool| client.eq_ignore_ascii_case(tool))
}
