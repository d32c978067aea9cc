//! The token of an account: how it is come by, and what stands in it. The token itself goes into the wallet only.
//!
//! In: where the token or the refresh token is kept, and the application. Out: facts. A token that cannot be read gives
//! no facts of what stands in it, so that nothing is judged that was not seen.

use std::{net::SocketAddr, time::Instant};

use base64::encoded_len;
use jiff::Timestamp;

use super::{Earlier, FactGroup, Presented, Probe, ProbeContext, ServiceTouch, Touch, https, service, tls};
use crate::{
    evidence::{FactValue as _, Facts, Failure, Observation, ProbeKey, Protocol, Route, Subject, facts},
    net::{Proxy, RouteChoice, tls::moment},
    oauth::{
        Application, CachedToken, ClientCredential, TokenSource,
        claims::{Audience, Claims, Kind},
        endpoint::TokenRequest,
        grant::{self, Client, Grant},
        what,
    },
    secret::{Secret, Source},
};

/// Clocks of Microsoft's servers may differ by so much, and tokens are made out from a little before they are given.
const GRACE_SECONDS: i64 = 300;

/// The port of the token endpoint.
pub const TOKEN_PORT: u16 = 443;

facts! {
    /// What a look at a token can measure.
    ISSUED: bool = "token.issued", "token available";
    COME_BY: String = "token.come_by", "token source";
    LOGIN_HOST: String = "token.login_host", "";
    PROOF: String = "token.proof", "credential of the application";
    WARNINGS: Vec<String> = "token.warnings", "warnings";
    KIND: String = "token.kind", "kind of token";
    FORM: String = "token.form", "format";
    FORM_FAULTS: Vec<String> = "token.form_faults", "format errors";
    ORIGIN_FAULTS: Vec<String> = "token.origin_faults", "issuer problems";
    USER_REMARKS: Vec<String> = "token.user_remarks", "unusual about the user";
    USER_READABLE: bool = "token.user_readable", "user can be read";
    USER_JUDGED: bool = "token.user_judged", "kind of user can be read";
    EXPIRY_READABLE: bool = "token.expiry_readable", "expiry can be read";
    LIFETIME_READABLE: bool = "token.lifetime_readable", "issue time can be read";
    CONTINUOUS_ACCESS: bool = "token.continuous_access", "client of continuous access evaluation";
    READABLE: bool = "token.readable", "claims can be read";
    VERSION: String = "token.version", "version";
    LENGTH_BYTES: i64 = "token.length_bytes", "length (bytes)";
    POP3_LINE_BYTES: i64 = "token.pop3_line_bytes", "length of the POP3 sign-in line (bytes)";
    AUDIENCE: String = "token.audience", "audience (aud)";
    AUDIENCE_NAME: String = "token.audience_name", "audience name";
    AUDIENCE_IS_EXCHANGE: bool = "token.audience_is_exchange", "audience is Exchange Online";
    AUDIENCE_OF_CLOUD: bool = "token.audience_of_cloud", "audience belongs to this Microsoft cloud";
    USER: String = "token.user", "user of the token";
    USER_EXPECTED: String = "token.user_expected", "expected user";
    USER_MATCHES: bool = "token.user_matches", "";
    USER_OTHERWISE_NAMED: bool = "token.user_otherwise_named", ""; // the same name in another domain of the tenant
    SIGNED_IN: String = "token.signed_in", "signed in as";
    TENANT: String = "token.tenant", "tenant";
    TENANT_MATCHES: bool = "token.tenant_matches", "tenant matches the site file";
    CLIENT_ID: String = "token.client_id", "requested by application (client) ID";
    APPLICATION: String = "token.application", "application (client) ID";
    APPLICATION_MATCHES: bool = "token.application_matches", "application matches the site file";
    OBJECT_ID: String = "token.object_id", "object ID of the service principal or user";
    NOT_BEFORE: String = "token.not_before", "valid from";
    EXPIRES: String = "token.expires", "valid until";
    VALID_NOW: bool = "token.valid_now", "";
    BEGINS_LATER: bool = "token.begins_later", "not valid yet";
    VALIDITY: String = "token.validity", "token";
    MINUTES_LEFT: i64 = "token.minutes_left", "minutes left";
    LIFETIME_MINUTES: i64 = "token.lifetime_minutes", "lifetime (minutes)";
    SCOPES: Vec<String> = "token.scopes", "delegated permissions";
    ROLES: Vec<String> = "token.roles", "application permissions";
    SMTP_PERMISSION: bool = "token.smtp_permission", "SMTP permission";
    SMTP_PERMISSION_USUAL: bool = "token.smtp_permission_usual", "permission has the documented name";
    IMAP_PERMISSION: bool = "token.imap_permission", "IMAP permission";
    POP3_PERMISSION: bool = "token.pop3_permission", "POP permission";
    REFRESHED: bool = "token.refreshed", "refreshed";
    NEW_REFRESH_TOKEN: String = "token.new_refresh_token", "new refresh token";
    SAME_REQUEST_ISSUED: bool = "token.same_request_issued", "the same request was granted to another account";
    SAME_APPLICATION_ISSUED: bool = "token.same_application_issued", "another account has a token of the application";
    ISSUED_TO_ANOTHER: String = "token.issued_to_another", "other account served";
    ISSUED_WITH: String = "token.issued_with", "what the other account was served with";
    ENDED_EARLY: bool = "token.ended_early", "an address ended the request without an answer";
    FAILED_ADDRESSES: Vec<String> = "token.failed_addresses", "addresses that failed";
}

/// A look at the token of an account.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenProbe {
    /// The account, as ECE has it.
    pub account: String,
    /// How its token is come by.
    pub credential: TokenSource,
    /// The application in Entra.
    pub application: Application,
    /// The scopes that are asked for, such as `https://outlook.office.com/IMAP.AccessAsUser.All`.
    pub scopes: Vec<String>,
    /// The hosts by which Exchange Online is named in tokens of this cloud; empty when the cloud is not known.
    pub audiences: Vec<String>,
    /// Organisations that issue certificates to the public, as in the look at a service.
    pub public_issuers: Vec<String>,
    /// Who should have signed in.
    pub signs_in_as: Option<String>,
    /// The user principal names that files give that user.
    pub also_named: Vec<String>,
    /// The mailboxes that it is to open.
    pub mailboxes: Vec<String>,
}

impl Probe for TokenProbe {
    const NAME: &str = "token";
    const FACTS: &[FactGroup] = &[("token", FACTS)];
    /// The login host may answer better to this question than to the one before.
    const DESPITE_FAILED_NEEDS: bool = true;

    fn subject(&self) -> Subject {
        Subject::Account(self.account.as_str().into())
    }

    /// A ready token is judged by the login host's clock; a token that is asked for brings its own clock along, so that it
    /// need not wait.
    fn needs(&self) -> Vec<ProbeKey> {
        if matches!(self.credential, TokenSource::AccessToken(_)) { vec![self.login()] } else { Vec::new() }
    }

    fn touches(&self) -> Vec<Touch> {
        let presented = match &self.credential {
            TokenSource::AccessToken(_) => return Vec::new(), // it is presented at the mailboxes; nobody is asked for one
            TokenSource::RefreshToken(_) => Some(Presented::RefreshToken(self.account.clone())),
            TokenSource::ClientCredentials => None,
        };
        let proof = self.application.proof.as_ref().map(|proof| Presented::OfApplication(proof.name()));
        let presented = presented.into_iter().chain(proof).collect();
        let web = Some(RouteChoice::InForce);
        let touch = ServiceTouch::new(&self.application.login_host, TOKEN_PORT, "https");
        vec![Touch::Service(ServiceTouch { web, presented, ..touch })]
    }

    fn secrets(&self) -> Vec<&Source> {
        let own = match &self.credential {
            TokenSource::AccessToken(source) => return vec![source],
            TokenSource::RefreshToken(source) => Some(source),
            TokenSource::ClientCredentials => None,
        };
        let proof = match &self.application.proof {
            Some(ClientCredential::Secret(source)) => vec![source],
            Some(ClientCredential::Certificate(papers)) => {
                let all = [Some(&papers.certificate), papers.key.as_ref(), papers.password.as_ref()];
                all.into_iter().flatten().collect()
            }
            None => Vec::new(),
        };
        own.into_iter().chain(proof).collect()
    }

    async fn observe(&self, earlier: &Earlier, context: &ProbeContext) -> Observation {
        observe(self, earlier, context).await
    }
}

impl TokenProbe {
    /// The probe of the login host, which knows how far this host's clock is off.
    fn login(&self) -> ProbeKey {
        service::key(&self.application.login_host, TOKEN_PORT)
    }
}

/// The key of the token of an account.
#[must_use]
pub fn key(account: &str) -> ProbeKey {
    ProbeKey::new(TokenProbe::NAME, Subject::Account(account.into()), "")
}

/// Comes by the token, keeps it in the wallet and tells what stands in it. For a ready token `earlier` may hold the look
/// at the login host, which knows how far this host's clock is off.
pub async fn observe(look: &TokenProbe, earlier: &Earlier, world: &ProbeContext) -> Observation {
    let began = Instant::now();
    let mut errand = TokenRequest::new(&world.network, &world.wallet.net);
    let mut facts = Facts::default();
    facts.set(COME_BY, come_by(&look.credential));
    facts.set(LOGIN_HOST, look.application.login_host.as_str());
    if let Some(expected) = &look.signs_in_as {
        facts.set(USER_EXPECTED, expected.as_str());
    }
    let got = get(look, &mut facts, &mut errand, world).await;
    facts.set(ISSUED, got.is_ok());
    if let Some(shown) = &errand.shown {
        tls::note_issuer(shown, &look.public_issuers, &mut facts);
    }
    note_failed(&errand.failed, &mut facts);
    if !errand.warnings.is_empty() {
        facts.set(WARNINGS, std::mem::take(&mut errand.warnings));
    }
    let stop = match got {
        Ok(token) => {
            let ahead = clock_ahead_ms(earlier.get(&look.login())).or(errand.clock_ahead_ms).unwrap_or_default();
            note(&token, &of_tenant(look, earlier.get(&look.login())), true_time(ahead), &mut facts);
            note_surroundings(&token, &mut facts);
            keep(token, look, world);
            None
        }
        Err(stop) => Some(stop),
    };
    Observation {
        facts,
        failure: stop,
        tried: errand.tried,
        transcript: errand.transcript,
        timings: errand.timings,
        duration_ms: began.elapsed().as_secs_f64() * 1000.0,
        ..Observation::new("token", look.subject(), route(look, world))
    }
}

/// Writes down which addresses of the token endpoint did not serve, and whether one ended the request.
fn note_failed(failed: &[(SocketAddr, Failure)], facts: &mut Facts) {
    if failed.is_empty() {
        return;
    }
    let told = |(address, failure): &(SocketAddr, Failure)| {
        let words = if failure.words.is_empty() { "no answer" } else { &failure.words };
        format!("{}: {words}", address.ip())
    };
    facts.set(FAILED_ADDRESSES, failed.iter().map(told).collect::<Vec<_>>());
    facts.set(ENDED_EARLY, failed.iter().any(|(_, failure)| failure.code.is_none()));
}

/// The same look with the tenant's GUID, where the user's file gives a domain and the login host has told the GUID.
fn of_tenant(look: &TokenProbe, login: Option<&Observation>) -> TokenProbe {
    let mut look = look.clone();
    let is_guid = |tenant: &str| uuid::Uuid::try_parse(tenant).is_ok();
    if !look.application.tenant.as_deref().is_some_and(is_guid) {
        let issuers = login.into_iter().flat_map(Observation::units);
        let issuers: Vec<String> =
            issuers.filter_map(|unit| Some(unit.fact(https::ISSUER.name())?.to_string())).collect();
        let named = issuers.iter().flat_map(|issuer| issuer.split('/')).find(|part| is_guid(part));
        look.application.tenant = named.map(str::to_owned).or(look.application.tenant);
    }
    look
}

/// Writes down what stands in a token. `now` is the true time, in seconds since 1970.
pub fn note(token: &Secret, look: &TokenProbe, now: i64, facts: &mut Facts) {
    facts.set(LENGTH_BYTES, whole(token.len()));
    facts.set(POP3_LINE_BYTES, whole(longest_line(token, look)));
    let found = what::identify(token.expose());
    let objection = found.what.objection().map(|why| format!("it is {}: {why}", found.what.name()));
    facts.set(FORM, found.wrapping.unwrap_or(found.what.name()));
    facts.set(FORM_FAULTS, objection.into_iter().chain(found.faults).collect::<Vec<_>>());
    facts.set(ORIGIN_FAULTS, found.origin_faults);
    // of what is no access token nothing is judged but that: whom an ID token is for says nothing of a wrong scope
    let claims = Claims::read(found.token.expose()).filter(|_| found.what.objection().is_none());
    facts.set(READABLE, claims.is_some());
    let names_user = |claims: &Claims| claims.kind() != Kind::Delegated || claims.user().is_some();
    facts.set(USER_READABLE, claims.as_ref().is_some_and(names_user));
    facts.set(KIND, claims.as_ref().map_or("opaque", |claims| claims.kind().name()));
    if let Some(expected) = &look.signs_in_as {
        facts.set(USER_EXPECTED, expected.as_str());
    }
    let Some(claims) = claims else { return };
    note_texts(&claims, facts);
    note_cloud(&claims, look, facts);
    note_issuer(&claims, facts);
    note_matches(&claims, look, facts);
    note_times(&claims, now, facts);
    note_permissions(&claims, facts);
}

/// What is around a token is presented with it, so that mail servers refuse both; who only shows a text may wrap it.
fn note_surroundings(token: &Secret, facts: &mut Facts) {
    let found = what::identify(token.expose());
    let Some(fault) = found.surroundings(token) else { return };
    let mut faults = facts.get(FORM_FAULTS).cloned().unwrap_or_default();
    faults.insert(0, fault);
    facts.set(FORM_FAULTS, faults);
}

/// The true time in seconds since 1970, by a clock that is so far ahead.
#[must_use]
pub fn true_time(clock_ahead_ms: i64) -> i64 {
    Timestamp::now().as_millisecond().saturating_sub(clock_ahead_ms).div_euclid(1000)
}

/// How the token endpoint is reached.
fn route(look: &TokenProbe, world: &ProbeContext) -> Route {
    let proxy = world.network.overrides.proxied(&look.application.login_host, TOKEN_PORT);
    let proxy = proxy.filter(|_| !matches!(look.credential, TokenSource::AccessToken(_)));
    proxy.map_or_else(Route::default, Proxy::route)
}

fn come_by(credential: &TokenSource) -> &'static str {
    match credential {
        TokenSource::AccessToken(_) => "ready access token",
        TokenSource::RefreshToken(_) => "refresh token",
        TokenSource::ClientCredentials => "client credentials",
    }
}

async fn get(
    look: &TokenProbe,
    facts: &mut Facts,
    errand: &mut TokenRequest<'_>,
    world: &ProbeContext,
) -> Result<Secret, Failure> {
    let (grant, given) = match &look.credential {
        TokenSource::AccessToken(source) => return errand.secret(source).await,
        TokenSource::RefreshToken(source) => {
            let token = errand.secret(source).await?;
            (Grant::Refresh(token.clone()), Some(token))
        }
        TokenSource::ClientCredentials => (Grant::Client, None),
    };
    facts.set(PROOF, look.application.proof.as_ref().map_or("nothing", ClientCredential::name));
    if let Some(client_id) = &look.application.client_id {
        facts.set(CLIENT_ID, client_id.as_str());
    }
    let place = grant::token_endpoint(&look.application)?;
    let client = Client::of(&look.application, errand).await?;
    let granted = grant::ask(&client, &grant, &look.scopes, &place, errand).await?;
    if let Some(given) = given {
        facts.set(REFRESHED, true);
        let new = granted.refresh.filter(|new| *new != given);
        let fingerprint = |new: Secret| format!("yes, {}, sha256 {}…", new.size(), world.wallet.fingerprint(&new));
        facts.set(NEW_REFRESH_TOKEN, new.map_or_else(|| "no".to_owned(), fingerprint));
    }
    Ok(granted.access)
}

fn keep(token: Secret, look: &TokenProbe, world: &ProbeContext) {
    let claims = Claims::read(token.expose());
    let application = claims
        .as_ref()
        .map_or_else(|| look.credential == TokenSource::ClientCredentials, |claims| claims.kind() == Kind::Application);
    let user = claims.as_ref().filter(|_| !application).and_then(Claims::user);
    world.wallet.keep(&look.account, CachedToken { token, user, application });
}

/// The sign-in line of POP3 in base64, for the longest name that it will carry. Exchange Online takes lines up to 4,096
/// bytes there ("Protocol error. 10" beyond).
fn longest_line(token: &Secret, look: &TokenProbe) -> usize {
    let names = look.mailboxes.iter().chain(&look.signs_in_as).map(String::len);
    let frame = "user=\x01auth=Bearer \x01\x01".len();
    encoded_len(frame + names.max().unwrap_or_default() + token.len(), true).unwrap_or(usize::MAX)
}

fn note_texts(claims: &Claims, facts: &mut Facts) {
    let texts = [
        (VERSION, claims.version()),
        (AUDIENCE, claims.audience()),
        (USER, claims.user()),
        (TENANT, claims.tenant()),
        (APPLICATION, claims.application()),
        (OBJECT_ID, claims.object_id()),
        (NOT_BEFORE, claims.not_before().map(moment)),
        (EXPIRES, claims.expires().map(moment)),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            facts.set(name, text);
        }
    }
    facts.set(AUDIENCE_NAME, claims.service().name());
    facts.set(AUDIENCE_IS_EXCHANGE, claims.service() == Audience::Exchange);
    let remarks = claims.user_remarks();
    facts.set(USER_JUDGED, claims.kind() != Kind::Delegated || claims.user().is_some() || !remarks.is_empty());
    facts.set(USER_REMARKS, remarks);
    facts.set(SCOPES, claims.scopes());
    facts.set(ROLES, claims.roles());
}

/// Exchange Online's number is the same in every cloud, and its names are not.
fn note_cloud(claims: &Claims, look: &TokenProbe, facts: &mut Facts) {
    if claims.service() != Audience::Exchange || look.audiences.is_empty() {
        return;
    }
    let host = claims.audience_host();
    let of_cloud = host.is_none_or(|host| look.audiences.iter().any(|known| known.eq_ignore_ascii_case(&host)));
    facts.set(AUDIENCE_OF_CLOUD, of_cloud);
}

/// An audience of another cloud than the site's is told as such.
fn note_issuer(claims: &Claims, facts: &mut Facts) {
    let is_of_site = facts.get(AUDIENCE_OF_CLOUD).is_none_or(|of_cloud| *of_cloud);
    let Some(fault) = claims.issuer_cloud_fault().filter(|_| is_of_site) else { return };
    let mut faults = facts.get(ORIGIN_FAULTS).cloned().unwrap_or_default();
    faults.push(fault);
    facts.set(ORIGIN_FAULTS, faults);
}

/// A tenant that the user's file gives as a domain cannot be compared with the GUID in the token.
fn note_matches(claims: &Claims, look: &TokenProbe, facts: &mut Facts) {
    let same = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
    let before_at = |address: &str| address.split('@').next().unwrap_or_default().to_owned();
    let tenant = look.application.tenant.as_deref().filter(|tenant| uuid::Uuid::try_parse(tenant).is_ok());
    let tenants = claims.tenant().zip(tenant);
    let other = tenants.as_ref().filter(|(named, expected)| !same(named, expected));
    if tenants.is_some() {
        facts.set(TENANT_MATCHES, other.is_none());
    }
    if let (Kind::Delegated, Some(expected)) = (claims.kind(), &look.signs_in_as) {
        let is_expected = |user: &String| look.also_named.iter().chain([expected]).any(|name| same(user, name));
        let matches = claims.users().iter().any(is_expected);
        // a user principal name often differs from the mail address in its domain alone; where a file says what it is, it is
        // not asked for
        let is_alike = |user: &String| same(&before_at(user), &before_at(expected));
        let is_alike = !matches && look.also_named.is_empty() && claims.users().iter().any(is_alike);
        if let Some(signed_in) = claims.signed_in(Some(expected).filter(|_| !matches)) {
            // the same name in another tenant is another user
            facts.set(USER_MATCHES, (matches || is_alike) && other.is_none());
            facts.set(USER_OTHERWISE_NAMED, is_alike && other.is_none());
            let of = other.map(|(named, expected)| Claims::of_tenants(&signed_in, named, expected));
            facts.set(SIGNED_IN, of.unwrap_or(signed_in));
        }
    }
    if let (Some(named), Some(expected)) = (claims.application(), &look.application.client_id) {
        facts.set(APPLICATION_MATCHES, same(&named, expected));
    }
}

fn note_times(claims: &Claims, now: i64, facts: &mut Facts) {
    facts.set(EXPIRY_READABLE, claims.expires().is_some());
    facts.set(CONTINUOUS_ACCESS, claims.is_of_continuous_access());
    let Some(expires) = claims.expires() else { return };
    facts.set(LIFETIME_READABLE, claims.issued().is_some());
    let begun = claims.not_before().is_none_or(|begin| begin.saturating_sub(GRACE_SECONDS) <= now);
    facts.set(VALID_NOW, begun && now < expires);
    facts.set(BEGINS_LATER, !begun && now < expires);
    if now < expires {
        facts.set(MINUTES_LEFT, expires.saturating_sub(now).div_euclid(60));
    }
    if let Some(objection) = claims.not_valid(now, GRACE_SECONDS) {
        facts.set(VALIDITY, objection);
    }
    if let Some(lifetime) =
        claims.issued().map(|issued| expires.saturating_sub(issued)).filter(|lifetime| *lifetime > 0)
    {
        facts.set(LIFETIME_MINUTES, lifetime.div_euclid(60));
    }
}

fn note_permissions(claims: &Claims, facts: &mut Facts) {
    facts.set(SMTP_PERMISSION, claims.permits(Protocol::Smtp));
    facts.set(SMTP_PERMISSION_USUAL, claims.permits_as_usual(Protocol::Smtp));
    facts.set(IMAP_PERMISSION, claims.permits(Protocol::Imap));
    facts.set(POP3_PERMISSION, claims.permits(Protocol::Pop3));
}

fn clock_ahead_ms(login: Option<&Observation>) -> Option<i64> {
    let units = login.into_iter().flat_map(Observation::units);
    let mut ahead = units.filter_map(|unit| i64::read(unit.fact(https::CLOCK_AHEAD_MS.name())?).copied());
    ahead.next()
}

fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, sync::Arc};

    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use serde_json::json;

    use super::*;
    use crate::{
        evidence::{FailureKind as Stopped, Shape, Stage, Value},
        net::Network,
        oauth::{
            claims::unsigned,
            grant::tests::{Entra, application, json as answer},
        },
    };

    const NOW: i64 = 1_800_000_000;
    const GUID: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

    fn look() -> TokenProbe {
        TokenProbe {
            account: "sales".to_owned(),
            credential: TokenSource::ClientCredentials,
            application: Application { tenant: Some(GUID.to_owned()), ..application() },
            scopes: Vec::new(),
            audiences: vec!["outlook.office365.com".to_owned()],
            public_issuers: Vec::new(),
            signs_in_as: Some("Sales@Example.com".to_owned()),
            also_named: vec!["s.meier@corp.example.com".to_owned()],
            mailboxes: vec!["sales@example.com".to_owned(), "support-of-sales@example.com".to_owned()],
        }
    }

    fn good() -> serde_json::Value {
        json!({
            "aud": "https://outlook.office365.com", "iat": NOW - 60, "nbf": NOW - 60, "exp": NOW + 4500, "appid": "APP-1",
            "oid": "object", "scp": "IMAP.AccessAsUser.All SMTP.Send", "tid": GUID, "upn": "sales@example.com", "ver": "1.0"
        })
    }

    fn facts(claims: &serde_json::Value, now: i64) -> Facts {
        let mut facts = Facts::default();
        note(&Secret::new(unsigned(claims)), &look(), now, &mut facts);
        facts
    }

    fn text(facts: &Facts, name: &str) -> String {
        facts.value(name).map_or_else(|| "absent".to_owned(), ToString::to_string)
    }

    #[test]
    fn good_token_in_facts() {
        let facts = facts(&good(), NOW);
        for (name, value) in [
            ("token.kind", "delegated"),
            ("token.readable", "yes"),
            ("token.audience_name", "Exchange Online"),
            ("token.audience_is_exchange", "yes"),
            ("token.user", "sales@example.com"),
            ("token.user_matches", "yes"),
            ("token.tenant_matches", "yes"),
            ("token.application_matches", "yes"),
            ("token.valid_now", "yes"),
            ("token.minutes_left", "75"),
            ("token.lifetime_minutes", "76"),
            ("token.signed_in", "sales@example.com"),
            ("token.validity", "absent"),
            ("token.smtp_permission", "yes"),
            ("token.smtp_permission_usual", "yes"),
            ("token.imap_permission", "yes"),
            ("token.pop3_permission", "no"),
            ("token.roles", "none"),
        ] {
            assert_eq!(text(&facts, name), value, "{name}");
        }
    }

    #[test]
    fn every_fact_is_declared() {
        for (name, value) in facts(&good(), NOW).iter() {
            let declared = FACTS.iter().find(|fact| fact.name == name).unwrap_or_else(|| panic!("{name}"));
            let shape = match value {
                Value::Bool(_) => Shape::Bool,
                Value::Int(_) => Shape::Int,
                Value::Text(_) => Shape::Text,
                Value::List(_) => Shape::List,
            };
            assert_eq!(shape, declared.shape, "{name}");
        }
    }

    #[test]
    fn wrong_tokens_in_facts() {
        let with = |name: &str, value: serde_json::Value| {
            let mut claims = good();
            claims[name] = value;
            facts(&claims, NOW)
        };
        assert_eq!(text(&with("upn", json!("boss@example.com")), "token.user_matches"), "no");
        assert_eq!(text(&with("upn", json!("S.Meier@corp.example.com")), "token.user_matches"), "yes");
        assert_eq!(text(&with("upn", json!("sales@other.example")), "token.user_matches"), "no");
        assert_eq!(text(&with("aud", json!("https://graph.microsoft.com")), "token.audience_name"), "Microsoft Graph");
        assert_eq!(text(&with("tid", json!("another")), "token.tenant_matches"), "no");
        assert_eq!(text(&with("exp", json!(NOW)), "token.valid_now"), "no");
        assert_eq!(text(&with("nbf", json!(NOW + 301)), "token.valid_now"), "no");
        assert_eq!(text(&with("nbf", json!(NOW + 300)), "token.valid_now"), "yes");
        assert_eq!(text(&with("exp", json!(-5)), "token.valid_now"), "no");
        for unreadable in [json!(i64::MIN), json!("soon"), json!(null), json!(true), json!([NOW]), json!(1e300)] {
            let facts = with("exp", unreadable);
            assert_eq!(
                (text(&facts, "token.expiry_readable"), facts.value("token.valid_now")),
                ("no".to_owned(), None)
            );
            let faults = text(&facts, "token.form_faults");
            assert!(faults.starts_with("its expiry time (exp) is ") && faults.contains("NumericDate"), "{faults}");
            assert_eq!(facts.value("token.lifetime_readable"), None, "what blocks is the expiry time");
        }
        for (name, at, validity) in [
            ("exp", NOW, "expired less than a minute ago"),
            ("exp", NOW - 60, "expired 1 minute ago"),
            ("exp", NOW - 660, "expired 11 minutes ago"),
            ("exp", NOW - 9_000, "expired 2 hours ago"),
            ("exp", NOW - 400_000, "expired 4 days ago"),
            ("nbf", NOW + 720, "not valid for another 12 minutes"),
            ("exp", NOW + 660, "absent"),
        ] {
            let facts = with(name, json!(at));
            assert_eq!(text(&facts, "token.validity"), validity);
            let numbers = [text(&facts, "token.minutes_left"), text(&facts, "token.lifetime_minutes")];
            assert!(numbers.iter().all(|number| !number.starts_with('-')), "{name} {at}: {numbers:?}");
        }
        assert_eq!(
            text(&with("upn", json!("boss@example.com")), "token.signed_in"),
            "boss@example.com, expected Sales@Example.com"
        );
        let before = text(&with("exp", json!(-5)), "token.form_faults");
        assert!(before.contains("not after its issue time"), "{before}");
        let other_name = with("scp", json!("SMTP.SendAsApp"));
        assert_eq!(text(&other_name, "token.smtp_permission"), "yes");
        assert_eq!(text(&other_name, "token.smtp_permission_usual"), "no");
    }

    #[test]
    fn same_name_in_another_domain_may_be_the_same_user_unless_a_file_says_who_it_is() {
        let mut claims = good();
        claims["upn"] = json!("sales@example.onmicrosoft.com");
        let token = Secret::new(unsigned(&claims));
        for (named, matches, otherwise) in [(vec![], "yes", "yes"), (vec!["s.meier@corp.example.com"], "no", "no")] {
            let also_named = named.into_iter().map(ToOwned::to_owned).collect();
            let mut facts = Facts::default();
            note(&token, &TokenProbe { also_named, ..look() }, NOW, &mut facts);
            assert_eq!(text(&facts, "token.user_matches"), matches);
            assert_eq!(text(&facts, "token.user_otherwise_named"), otherwise);
            assert_eq!(text(&facts, "token.signed_in"), "sales@example.onmicrosoft.com, expected Sales@Example.com");
        }
    }

    #[test]
    fn user_of_the_same_name_in_another_tenant_is_another_user() {
        let issuer = format!("https://login.microsoftonline.com/{GUID}/v2.0");
        let mut login = Observation::new("https", Subject::endpoint("login.microsoftonline.com", 443), Route::Direct);
        login.facts.set(https::ISSUER, issuer);
        let by_domain = TokenProbe {
            application: Application { tenant: Some("contoso.com".to_owned()), ..look().application },
            ..look()
        };
        let named = of_tenant(&by_domain, Some(&login));
        assert_eq!(named.application.tenant.as_deref(), Some(GUID));
        assert_eq!(of_tenant(&by_domain, None).application.tenant.as_deref(), Some("contoso.com"));
        let mut claims = good();
        claims["tid"] = json!("99999999-0f3a-4d2e-9c41-7a6be0c2d913");
        let mut facts = Facts::default();
        note(&Secret::new(unsigned(&claims)), &named, NOW, &mut facts);
        assert_eq!(text(&facts, "token.user_matches"), "no");
        assert!(text(&facts, "token.signed_in").ends_with(&format!(", expected tenant {GUID}")));
    }

    #[test]
    fn client_of_continuous_access_evaluation_is_known() {
        let mut claims = good();
        assert_eq!(text(&facts(&claims, NOW), "token.continuous_access"), "no");
        claims["xms_cc"] = json!(["cp1"]);
        assert_eq!(text(&facts(&claims, NOW), "token.continuous_access"), "yes");
    }

    #[test]
    fn token_of_another_cloud_is_told_apart() {
        for (audience, outcome) in [
            ("https://outlook.office365.com", "yes"),
            ("https://OUTLOOK.office365.com/", "yes"),
            ("00000002-0000-0ff1-ce00-000000000000", "yes"),
            ("https://outlook.office365.us", "no"),
            ("https://graph.microsoft.com", "absent"),
        ] {
            let mut claims = good();
            claims["aud"] = json!(audience);
            assert_eq!(text(&facts(&claims, NOW), "token.audience_of_cloud"), outcome, "{audience}");
        }
    }

    #[test]
    fn token_of_the_application_has_no_user_to_match() {
        let facts = facts(&json!({"idtyp": "app", "roles": ["IMAP.AccessAsApp"], "oid": "object"}), NOW);
        assert_eq!(text(&facts, "token.kind"), "application");
        assert_eq!(text(&facts, "token.user_matches"), "absent");
        assert_eq!(text(&facts, "token.valid_now"), "absent");
        assert_eq!(
            (text(&facts, "token.imap_permission"), text(&facts, "token.object_id")),
            ("yes".into(), "object".into())
        );
    }

    #[test]
    fn sealed_token_gives_its_length_alone() {
        let mut facts = Facts::default();
        note(&Secret::new("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA"), &look(), NOW, &mut facts);
        assert_eq!((text(&facts, "token.kind"), text(&facts, "token.readable")), ("opaque".into(), "no".into()));
        assert_eq!(text(&facts, "token.length_bytes"), "40");
        assert_eq!(text(&facts, "token.imap_permission"), "absent");
    }

    /// Microsoft's published example of a sign-in line.
    /// <https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth>
    #[test]
    fn sign_in_line_is_as_long_as_microsofts_example() {
        let example = "dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==";
        let look =
            TokenProbe { mailboxes: vec!["test@contoso.onmicrosoft.com".to_owned()], signs_in_as: None, ..look() };
        assert_eq!(longest_line(&Secret::new("EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA"), &look), example.len());
    }

    /// Claims of a token that runs out so many seconds from now, by the clock of this host.
    fn valid_for(seconds: i64) -> serde_json::Value {
        let mut claims = good();
        let expires = true_time(0) + seconds;
        claims["exp"] = json!(expires);
        claims["iat"] = json!(expires - 4500);
        claims["nbf"] = json!(expires - 4500);
        claims
    }

    fn file(content: &str) -> (tempfile::NamedTempFile, Source) {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "{content}").unwrap();
        let source = Source::File(file.path().to_owned());
        (file, source)
    }

    fn world(network: &Network) -> ProbeContext {
        ProbeContext::new(network.clone())
    }

    fn granting(claims: &serde_json::Value, refresh: &str) -> String {
        let body = json!({"token_type": "Bearer", "access_token": unsigned(claims), "refresh_token": refresh});
        answer("200 OK", &body.to_string())
    }

    #[tokio::test]
    async fn refreshed_token_is_kept_and_never_shown() {
        let claims = valid_for(4000);
        let entra = Entra::answering(&[granting(&claims, "marked-new-refresh-token")]).await;
        let world = world(&entra.network);
        let (_file, source) = file("marked-old-refresh-token");
        let look = TokenProbe { credential: TokenSource::RefreshToken(source), ..look() };
        let seen = observe(&look, &Earlier::default(), &world).await;
        assert_eq!(seen.failure, None);
        let way: Vec<Stage> = seen.tried.iter().flat_map(|path| &path.timings).map(|step| step.name).collect();
        assert_eq!(
            way,
            [Stage::Connect, Stage::Handshake],
            "the connection to the endpoint is recorded like any other"
        );
        assert_eq!(text(&seen.facts, "token.valid_now"), "yes");
        assert_eq!(text(&seen.facts, "token.refreshed"), "yes");
        let new = text(&seen.facts, "token.new_refresh_token");
        assert!(new.starts_with("yes, 24 bytes, sha256 ") && new.chars().count() == 31, "{new}");
        let held = world.wallet.held("sales").unwrap();
        assert_eq!((held.user.as_deref(), held.application), (Some("sales@example.com"), false));
        let told = format!("{seen:?}");
        assert!(!told.contains("marked") && !told.contains(held.token.expose()));
        assert_eq!(world.wallet.net.clean("marked-new-refresh-token or marked-old-refresh-token").1, 2);
    }

    #[tokio::test]
    async fn same_refresh_token_is_no_new_one() {
        let entra = Entra::answering(&[granting(&good(), "marked-old-refresh-token")]).await;
        let (_file, source) = file("marked-old-refresh-token");
        let look = TokenProbe { credential: TokenSource::RefreshToken(source), ..look() };
        let seen = observe(&look, &Earlier::default(), &world(&entra.network)).await;
        assert_eq!(text(&seen.facts, "token.new_refresh_token"), "no");
    }

    #[tokio::test]
    async fn refusal_leaves_the_wallet_empty() {
        let refusal = r#"{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired."}"#;
        let entra = Entra::answering(&[answer("401 Unauthorized", refusal)]).await;
        let world = world(&entra.network);
        let seen = observe(&look(), &Earlier::default(), &world).await;
        let stop = seen.failure.unwrap();
        assert_eq!(
            (stop.code, stop.aadsts.as_slice(), stop.kind),
            (Some(401), [7_000_222].as_slice(), Stopped::Rejected)
        );
        assert_eq!((text(&seen.facts, "token.issued"), entra.asked().len()), ("no".into(), 1));
        assert!(world.wallet.held("sales").is_none());
    }

    #[tokio::test]
    async fn ready_token_asks_nobody() {
        let entra = Entra::answering(&[String::new()]).await;
        let (_file, source) = file(&unsigned(&good()));
        let look = TokenProbe { credential: TokenSource::AccessToken(source), ..look() };
        let seen = observe(&look, &Earlier::default(), &world(&entra.network)).await;
        assert_eq!((seen.failure, text(&seen.facts, "token.come_by")), (None, "ready access token".into()));
        assert!(entra.asked().is_empty());
    }

    #[tokio::test]
    async fn what_is_around_a_ready_token_is_a_fault() {
        let entra = Entra::answering(&[String::new()]).await;
        let token = unsigned(&valid_for(4000));
        let line = format!("user=a@b.test\u{1}auth=Bearer {token}\u{1}\u{1}");
        for (given, fault) in [
            (token.clone(), "none"),
            (format!("\"{token}\""), "quotation marks are around it, which are not part of the token"),
            (format!("Bearer {token}"), "the word Bearer is before it"),
            (STANDARD.encode(line), "it is an XOAUTH2 sign-in line: give only the access token in it"),
            (json!({ "access_token": token }).to_string(), "it is a token response: give only the access token in it"),
        ] {
            let (_file, source) = file(&given);
            let look = TokenProbe { credential: TokenSource::AccessToken(source), ..look() };
            let seen = observe(&look, &Earlier::default(), &world(&entra.network)).await;
            assert_eq!(text(&seen.facts, "token.form_faults"), fault);
        }
    }

    #[tokio::test]
    async fn clock_that_is_off_is_reckoned_with() {
        let entra = Entra::answering(&[String::new()]).await;
        let claims = valid_for(-600);
        let (_file, source) = file(&unsigned(&claims));
        let look = TokenProbe { credential: TokenSource::AccessToken(source), ..look() };
        let world = world(&entra.network);
        let mut login = observe(&look, &Earlier::default(), &world).await;
        assert_eq!(text(&login.facts, "token.valid_now"), "no");
        login.facts.put("https.clock_ahead_ms", 900_000_i64);
        let seen = observe(&look, &Earlier::of([(look.login(), Arc::new(login))]), &world).await;
        assert_eq!(text(&seen.facts, "token.valid_now"), "yes");
    }
}
